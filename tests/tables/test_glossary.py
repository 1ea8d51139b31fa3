"""The glossary names columns that exist, and gives each of them the unit that its name says."""

from __future__ import annotations

import re
from pathlib import Path

from vpp_core.tables import CONTRACTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "glossary.md"
NESTED = [column.rows for contract in CONTRACTS.values() for column in contract.columns if column.rows]
COLUMNS = {column.name for contract in [*CONTRACTS.values(), *NESTED] for column in contract.columns}
UNITS = {
    "_usd_per_mwh": "$/MWh", "_usd_per_mw_h": "$/MW-h", "_kw_h": "kW-h", "_kwh": "kWh", "_mwh": "MWh", "_usd": "$",
    "_kw": "kW",
}  # fmt: skip


def rows() -> list[tuple[str, str, str]]:
    """Term, unit and meaning of each row."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("| term")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]  # type: ignore[misc]


def named(meaning: str) -> list[str]:
    return [name for name in re.findall(r"`([a-z0-9_]+)`", meaning) if "_" in name or name in COLUMNS]


def test_every_column_that_the_glossary_names_is_one_of_a_table() -> None:
    told = [name for _, _, meaning in rows() for name in named(meaning)]
    assert len(told) > 40
    assert not set(told) - COLUMNS


def test_a_term_has_the_unit_of_a_column_that_it_names() -> None:
    for term, unit, meaning in rows():
        units = {next((text for end, text in UNITS.items() if name.endswith(end)), "") for name in named(meaning)}
        told = {part for part in unit.split(", ") if part}
        if units - {""} and told:
            assert told & units, f"{term} in {unit}, its columns in {units}"


def test_terms_stand_once() -> None:
    terms = [term for term, _, _ in rows()]
    assert len(set(terms)) == len(terms) > 40
