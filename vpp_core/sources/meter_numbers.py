"""Numbers as people's files write them: decimal commas, thousands, units behind, brackets for a minus."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.errors import InputError

_NUMBER = re.compile(r"^([-+(]?)\$?(\d[\d.,' ]*|[.,]\d+)\)?\s*([A-Za-z]*)$")
_NOTHING = frozenset(("nan", "na", "n/a", "null", "none", "-", "--", "missing"))
"""What programs write where a value is missing."""


def read_numbers(text: pd.Series, lines: pd.Series, where: str) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Texts as numbers and the units behind them; decimal commas and thousands are told apart over the whole column."""
    found = [_NUMBER.match(cell) if cell else None for cell in text]
    bodies = [match[2].replace("'", "").replace(" ", "") if match else "" for match in found]
    comma = _decimal_comma(bodies, where)
    result = np.full(len(text), np.nan)
    suffix = [""] * len(text)
    for position, (cell, match, body) in enumerate(zip(text, found, bodies, strict=True)):
        if not cell or cell.lower() in _NOTHING:
            continue
        plain = body.replace(".", "").replace(",", ".") if comma else body.replace(",", "")
        try:
            if match is None or (match[1] == "(") != (")" in cell):
                raise ValueError(cell)
            suffix[position] = "" if match[3].lower() in ("e", "a") else match[3]
            result[position] = float(plain) * (-1 if match[1] in ("-", "(") else 1)
        except ValueError:
            try:
                result[position] = _scientific(cell)
            except ValueError:
                line = lines.iloc[position]
                raise InputError(
                    f"{where} holds {cell[:40]!r} in line {line}, which is no number; correct it"
                ) from None
    return result, suffix


def _scientific(cell: str) -> float:
    if not re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d{1,2}", cell):
        raise ValueError(cell)
    return float(cell)


def _decimal_comma(bodies: list[str], where: str) -> bool:
    """Whether a comma parts off decimals. `1,234` alone could be both, and is refused where nothing else tells."""
    with_comma = [body for body in bodies if "," in body]
    if not with_comma:
        return False
    points = [body for body in bodies if "." in body]
    if any("," in body and body.rindex(".") > body.rindex(",") for body in points):
        return False
    thousands = all(re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", body) for body in with_comma)
    if not thousands:
        return True
    if points or (len(with_comma) < len([body for body in bodies if body]) and _large(bodies)):
        return False
    raise InputError(f"{where} has numbers such as {with_comma[0]}, thousands or decimals; write them without commas")


def _large(bodies: list[str]) -> bool:
    """Whether the numbers without a comma reach towards a thousand, so that those with one go on above."""
    return any(re.fullmatch(r"\d{3}", body) for body in bodies)
