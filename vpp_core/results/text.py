"""How numbers read: money, shares, intervals. One place, so that the same number never reads in two ways."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from vpp_core.results.statistics import Interval

NONE = "–"
ONE_DAY = "one day: no interval"


def as_words(text: str) -> str:
    """A person's text inside Markdown: words, never a link, an image, a table's edge or HTML."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text)


def number(value: Any, digits: int = 2) -> str:
    """`1,234.50`, with a true minus sign; a dash where it does not apply."""
    if value is None or pd.isna(value):
        return NONE
    rounded = round(float(value), digits)
    text = f"{abs(rounded):,.{digits}f}"
    return f"−{text}" if rounded < 0 else text


def usd(value: Any) -> str:
    """Dollars: with cents below 1,000, without above."""
    if value is None or pd.isna(value):
        return NONE
    text = number(abs(float(value)), 2 if abs(float(value)) < 999.995 else 0)
    return f"−${text}" if round(float(value), 2) < 0 else f"${text}"


def score(value: Any) -> str:
    """A 0–1 score: three decimals, since strategies can differ in the third."""
    return number(value, 3)


def plain(value: Any) -> str:
    """A number of any size: no decimals from 1,000 up or where it is whole, else two, below 1 three."""
    if value is None or pd.isna(value):
        return NONE
    size = abs(float(value))
    return number(value, 0 if size >= 1000 or size == round(size) else 2 if size >= 1 else 3)


def percent(value: Any, digits: int = 1) -> str:
    """A share given in percent."""
    return NONE if value is None or pd.isna(value) else f"{number(value, digits)} %"


def interval(measured: Interval, form: Any = usd) -> str:
    """`95 % interval $1.00 to $3.00`, or that one day gives none, or that both ends read alike."""
    if measured.low is None or measured.high is None:
        return ONE_DAY
    low, high = form(measured.low), form(measured.high)
    return "the same whichever days are drawn" if low == high else f"95 % interval {low} to {high}"


def form_of(measured: Interval) -> Any:
    """How to write a sum of money: with as many digits as its interval carries, two of its half width, cents at most.

    `$1,080` where the interval is $600 wide, `$34` where it is $14 wide; all digits where there is no interval.
    """
    if measured.low is None or measured.high is None or measured.high - measured.low < 1e-9:
        return usd
    digits = 1 - math.floor(math.log10((measured.high - measured.low) / 2))
    if digits > 1:
        return usd
    digits = min(digits, 0)  # a single decimal of a dollar does not read as money

    def rounded(value: Any) -> str:
        text = number(abs(round(float(value), digits)), 0)
        return f"−${text}" if round(float(value), digits) < 0 else f"${text}"

    return rounded


def count(n: int | float, noun: str) -> str:
    """`1 home`, `3 homes`."""
    return f"{number(n, 0)} {noun}{'' if int(n) == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def reads_as_number(cell: str) -> bool:
    """Whether a displayed cell is a number, an amount, or the dash of none."""
    return cell[:1].isdigit() or cell[:1] in ("$", "−", NONE)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns of numbers are set to the right."""
    body = [list(row) for row in rows]
    numeric = [bool(body) and all(reads_as_number(row[position]) for row in body) for position in range(len(header))]
    lines = [list(header), ["---:" if right else "---" for right in numeric], *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
