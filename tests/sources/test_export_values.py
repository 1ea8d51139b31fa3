"""Export credits from the CSV that a utility publishes: both forms, and what is refused and how."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.scenario.price_table import MONTHS, SHAPE
from vpp_core.sources.export_values import export_values, with_export_files

EDISON = '"DateStart","TimeStart","DateEnd","TimeEnd","DayTypeStart","DayTypeEnd","Value","Unit"'
PACIFIC = "RIN,RateName,DateStart,TimeStart,DateEnd,TimeEnd,DayStart,DayEnd,ValueName,Value,Unit,RateType,Sector"
VALUES = np.round(np.random.default_rng(1).uniform(0.0, 3.0, SHAPE), 5)


def edison(years: tuple[int, ...] = (2024, 2025), shift: float = 0.0) -> list[str]:
    """A file of Southern California Edison's form; each year's values are so much above the one before."""
    return [EDISON] + [
        f'{year}-{month + 1:02d}-01,"{hour:02d}:00:00",{year}-{month + 1:02d}-28,"{hour:02d}:59:59",{days},'
        f'{VALUES[month, day, hour] + shift * (year - years[-1]):.5f},"$/kWh"'
        for year in years
        for month in range(12)
        for day, days in enumerate(("1,5", "6,8"))
        for hour in range(24)
    ]


def pacific(rate: str = "NBT24") -> list[str]:
    """A file of Pacific Gas & Electric's form: UTC, two parts that add up, each hour's row on several days."""
    parts = {"USCA-XXPG-NB24-0000": 0.75, "USCA-PGXX-NB24-0000": 0.25}
    return [PACIFIC] + [
        f"{rin},{rate},{month + 1}/{date}/2025,{hour}:00:00,{month + 1}/{date}/2025,{hour}:59:59,2,2,"
        f"{MONTHS[month]} {('Weekday', 'Weekend')[day]} HS{hour},{VALUES[month, day, hour] * share:.8f},Export $/kWh,"
        "TOU,All"
        for rin, share in parts.items()
        for month in range(12)
        for day in range(2)
        for hour in range(24)
        for date in (3, 10)
    ]


def file(lines: list[str]) -> bytes:
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("made", [edison, pacific])
def test_a_year_s_values_are_read_from_either_utility_s_form(made: Callable[[], list[str]]) -> None:
    found = np.array(export_values(file(made()), "values.csv", 2025)).reshape(SHAPE)
    assert np.allclose(found, VALUES, atol=2e-6)


def test_the_year_that_is_asked_for_is_read() -> None:
    found = np.array(export_values(file(edison(shift=-0.01)), "values.csv", 2024))
    assert np.allclose(found, VALUES.ravel() + 0.01, atol=2e-6)


EDISON_LINES, PACIFIC_LINES = edison((2025,)), pacific()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Hour,Price", "1,0.05"], "values.csv, row 1: its columns (hour, price) are in the form of neither SCE"),
        ([], "values.csv, row 1: its columns"),
        (edison((2024,)), "values.csv holds 2024 to 2024 and not 2025; name a year that it holds"),
        (EDISON_LINES[:1], "values.csv holds no year and not 2025"),
        (EDISON_LINES[:-1], "values.csv has no value for Dec, weekend, 23 h of 2025 (1 of 576 are missing)"),
        ([*EDISON_LINES, EDISON_LINES[-1].replace('"$', '1,"$')], "row 578: its unit is '1'"),
        ([*EDISON_LINES, EDISON_LINES[5].replace(",1,5,", ",1,5,9")], "rows 6 and 578: Jan, weekday, 4 h of 2025 has"),
        ([*EDISON_LINES[:9], EDISON_LINES[9].replace(",1,5,", ",1,3,"), *EDISON_LINES[10:]], "row 10: not a value of"),
        ([line.replace("$/kWh", "$/MWh") for line in EDISON_LINES], "row 2: its unit is '$/MWh'; give $/kWh"),
        ([*PACIFIC_LINES, *pacific("NBT25")[1:]], "it holds NBT24 and NBT25; keep the rows of one vintage"),
        ([*PACIFIC_LINES[:-2]], "Dec, weekend, 23 h of 2025 of USCA-PGXX-NB24-0000"),
        ([PACIFIC, PACIFIC_LINES[1].replace("HS0", "HE1")], "row 2: not a value of that form; download the file again"),
    ],
)  # fmt: skip
def test_another_file_is_refused_by_name_and_row_with_what_to_do(lines: list[str], said: str) -> None:
    with pytest.raises(InputError) as refused:
        export_values(file(lines), "values.csv", 2025)
    assert said in str(refused.value)


def test_a_scenario_names_its_file_and_holds_the_values() -> None:
    text = {"tariff": {"name": "mine", "export_usd_per_kwh": {"file": "values.csv", "year": 2025}}}
    asked: list[str] = []

    def read(name: str) -> bytes:
        asked.append(name)
        return file(EDISON_LINES)

    (tariff,) = Scenario.from_json(json.dumps(with_export_files(text, read, "mine.json"))).tariffs
    assert asked == ["values.csv"]
    assert np.allclose(tariff.table("export"), VALUES, atol=2e-6)


@pytest.mark.parametrize("wanted", [{"file": "a.csv"}, {"file": 1, "year": 2025}, {"file": "a.csv", "year": "2025"}])
def test_a_file_that_is_half_named_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r'^mine\.json: export_usd_per_kwh as a file is written \{"file"'):
        with_export_files({"tariffs": [{"export_usd_per_kwh": wanted}]}, lambda name: b"", "mine.json")
