"""A text brought to one form: lower case, plain signs, digits for number words, near misses of key words corrected."""

from __future__ import annotations

import re
import unicodedata

_NUMBERS = {
    word: number
    for number, word in enumerate(
        (
            *(
                "zero",
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
            ),
            *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
        )
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_COMPASS = {
    **{"ne": "northeast", "se": "southeast", "sw": "southwest", "nw": "northwest"},
    **{"n": "north", "e": "east", "s": "south", "w": "west"},
}
_KEY_WORDS = (
    *("battery", "batteries", "powerwall", "storage", "solar", "panels", "photovoltaic"),
    *("conservative", "moderate", "aggressive", "cautious", "balanced", "backup", "outages", "percent", "kilowatt"),
    *("enphase", "tesla", "nissan", "vehicle", "electric", "apartment", "minimum", "compensation"),
)
_SHORTEST_CORRECTED = 5


def normalise(text: str) -> str:
    """The form that all rules are written for. Newlines end sentences; “6,5” is 6.5 and “1,000” is 1000."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[‘’`´]", "'", text)
    text = re.sub(r"[“”\"]", " ", text)
    text = re.sub(r"[‐‑‒–—−]", "-", text)
    text = re.sub(r"\s*[\r\n]+\s*", " . ", text)
    text = "".join(character if character.isprintable() else " " for character in text)
    text = re.sub(r"\b([ap])\.m\.?", r"\1m", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    text = re.sub(rf"\b({_TENS})[ -]({_ONES})\b", lambda m: str(_NUMBERS[m[1]] + _NUMBERS[m[2]]), text)
    text = re.sub(rf"\b(?:{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b", lambda m: str(_NUMBERS[m[0]]), text)
    facing = (
        r"(?<!\d )\b([ns][ew]|[nesw])(?=[ -](?:facing|roof|side|exposure|orient))|(?<=\bfacing )([ns][ew]|[nesw])\b"
    )
    text = re.sub(facing, lambda m: _COMPASS[m[1] or m[2]], text)
    text = re.sub(r"(?<=kw)( )([ns][ew]|[nesw])(?=[,;.)]|$)", lambda m: f"{m[1]}{_COMPASS[m[2]]}", text)
    text = re.sub(rf"[a-z]{{{_SHORTEST_CORRECTED},}}", lambda m: _corrected(m[0]), text)
    return re.sub(r"\s+", " ", text).strip()


def _corrected(word: str) -> str:
    """The key word that this word misses by one letter, if any; first letters must agree."""
    if word in _KEY_WORDS:
        return word
    return next((key for key in _KEY_WORDS if key[0] == word[0] and _one_off(word, key)), word)


def _one_off(one: str, other: str) -> bool:
    """Whether one letter added, dropped, changed or swapped with its neighbour makes one of the other."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1 or long == short + "s":
        return False
    start = next((k for k, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[start : start + 2] == long[start : start + 2][::-1] and short[start + 2 :] == long[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped
