"""The one kind of error a person is meant to read: one sentence saying what, where and what to do."""

LONGEST_SENTENCE = 500
"""characters of a message; what was put in may be a megabyte, and a person reads a few lines"""


class InputError(ValueError):
    """Bad input from outside (a file, a configuration, an answer of a service): final until somebody changes it."""

    def __init__(self, sentence: str = "") -> None:
        """Of whatever was put into the sentence: one line, printable, not longer than a person reads."""
        super().__init__(shortened(visible(" ".join(sentence.split())), LONGEST_SENTENCE))


class UnavailableError(InputError):
    """A source that has nothing for what was asked; another source may."""


def shortened(text: str, longest: int) -> str:
    """Give a text, or its two ends where it is longer: a sentence says what at its beginning and what to do at its end.

    Parameters
    ----------
    text : str
        Whatever is to be shown.
    longest : int
        Characters that may be left.

    Returns
    -------
    str
        At most `longest` characters.
    """
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 3]} … {text[-end:]}"


def visible(text: str, kept: str = "") -> str:
    r"""Write each character that would act, or has no encoding, as its number, such as `\x1b` or `\u202e`.

    Parameters
    ----------
    text : str
        Whatever is to be shown.
    kept : str, optional
        Characters that stay as they are.

    Returns
    -------
    str
        The text with nothing in it that acts on a terminal or page.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in kept else _number(ord(letter)) for letter in text)


def _number(point: int) -> str:
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
