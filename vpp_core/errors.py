"""The one kind of error a person is meant to read: one sentence saying what, where and what to do."""

LONGEST_SENTENCE = 500
"""characters of a message; what was put in may be a megabyte, and a person reads a few lines"""


class InputError(ValueError):
    """Bad input from outside (a file, a configuration, an answer of a service): final until somebody changes it."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(shortened(sentence, LONGEST_SENTENCE))


class UnavailableError(InputError):
    """A source that has nothing for what was asked; another source may."""


def shortened(text: str, longest: int) -> str:
    """The text, or its two ends where it is longer: a sentence says what at its beginning and what to do at its end."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 3]} … {text[-end:]}"
