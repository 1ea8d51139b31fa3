"""ERCOT's reports in raw/ercot: local hours by their end, the repeated hour, zones alone; what lacks is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.sources.ercot_reports import (
    as_gridstatus_saves,
    day_ahead,
    expected,
    month_of,
    real_time,
    reserves,
    workbook,
)
from tests.sources.stand_in import lmp_report, price_at
from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError, UnavailableError
from vpp_core.iso import ERCOT
from vpp_core.scenario import KNOWN_SCENARIOS, Scenario
from vpp_core.sources.network import Services
from vpp_core.sources.prices import market_prices
from vpp_core.sources.unread import Unread
from vpp_core.tables import MARKET_PRICES
from vpp_core.tables.checks import data_checks

TEXAS = KNOWN_SCENARIOS["ercot"]
NOVEMBER, MARCH = Month.parse("2024-11"), Month.parse("2024-03")
Drop = Callable[[pd.DataFrame | bytes, str], None]
Read = Callable[..., pd.DataFrame]


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    """Put a report into raw/ercot."""
    folder = tmp_path / "raw" / "ercot"
    folder.mkdir(parents=True)

    def put(report: pd.DataFrame | bytes, name: str) -> None:
        content = report if isinstance(report, bytes) else report.to_csv(index=False).encode()
        if name.endswith(".zip"):
            whole = io.BytesIO()
            with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name.replace("_csv.zip", ".csv").replace(".zip", ".xlsx"), content)
            content = whole.getvalue()
        (folder / name).write_bytes(content)

    return put


@pytest.fixture
def read(tmp_path: Path, offline: Services) -> Read:
    def table(month: Month, scenario: Scenario = TEXAS, unread: list[Unread] | None = None) -> pd.DataFrame:
        return market_prices(scenario, month, tmp_path / "raw", services=offline, unread=unread)

    return table


def named(report: str) -> str:
    return f"cdr.00012301.0000000000000000.20241201.000000.{report}_20241201_csv.zip"


@pytest.mark.parametrize(("month", "intervals"), [(NOVEMBER, 2884), (MARCH, 2972)])
def test_the_public_reports_give_every_interval_of_a_month_with_a_clock_change(
    month: Month, intervals: int, drop: Drop, read: Read
) -> None:
    own = month_of(str(month))
    for report, name in ((real_time(own), "rt"), (day_ahead(own), "da"), (reserves(own), "as")):
        drop(report, f"{name}_csv.zip")
    table = read(month)
    stamps = Period(own).timestamps
    assert len(table) == intervals and (table["node"] == "LZ_HOUSTON").all()
    assert table["timestamp"].iloc[0].tz_convert(ERCOT.timezone).strftime("%d %H:%M") == "01 00:00"
    np.testing.assert_allclose(table["lmp_usd_per_mwh"], price_at(stamps))
    np.testing.assert_allclose(table["lmp_day_ahead_usd_per_mwh"], price_at(stamps.floor("h"), day_ahead=True))
    hourly = price_at(stamps.floor("h")).clip(0)
    np.testing.assert_allclose(table["spin_usd_per_mw_h"], np.round(hourly * 0.2, 2))
    np.testing.assert_allclose(table["nonspin_usd_per_mw_h"], np.round(hourly * 0.1, 2))
    assert (table[["lmp_source", "lmp_day_ahead_source", "spin_source", "nonspin_source"]] == "file").all(axis=None)
    MARKET_PRICES.pandera.validate(table)
    assert all(check.passed for check in data_checks("market_prices", table, TEXAS.period(month)))


def test_a_year_s_workbook_is_read_by_the_month_s_sheet_alone(drop: Drop, read: Read) -> None:
    drop(workbook(month_of("2024-11")), "RTMLZHBSPP_2024.zip")
    np.testing.assert_allclose(read(NOVEMBER)["lmp_usd_per_mwh"], expected(month_of("2024-11")))


def test_what_gridstatus_saves_is_read_likewise(drop: Drop, read: Read) -> None:
    energy, services = as_gridstatus_saves(month_of("2024-11"))
    drop(energy, "spp.csv")
    drop(services, "as.csv")
    table = read(NOVEMBER)
    np.testing.assert_allclose(table["lmp_usd_per_mwh"], expected(month_of("2024-11")))
    assert table["spin_source"].eq("file").all() and table["lmp_day_ahead_source"].isna().all()


def test_reserves_that_have_no_price_stay_empty_since_nothing_is_modelled(drop: Drop, read: Read) -> None:
    drop(real_time(month_of("2024-11")), "rt_csv.zip")
    table = read(NOVEMBER)
    assert table[["spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]].isna().all(axis=None)


def test_a_month_without_files_is_refused_in_a_sentence_that_says_which_reports(drop: Drop, read: Read) -> None:
    with pytest.raises(UnavailableError, match=r"none of ERCOT's real-time prices of 2024-11.*raw/ercot: NP6-905"):
        read(NOVEMBER)
    half = real_time(month_of("2024-11"))
    drop(half[half["DeliveryDate"] < "11/20/2024"], "rt_csv.zip")
    with pytest.raises(UnavailableError, match=r"only part of ERCOT's .*2024-11-20T00:00 to 2024-11-30T23:45"):
        read(NOVEMBER)


def test_another_market_s_file_is_named_with_where_it_belongs(
    drop: Drop, read: Read, tmp_path: Path, offline: Services
) -> None:
    caiso = Month.parse("2024-11")
    drop(lmp_report(caiso.start, caiso.start + pd.Timedelta("1D")), "oasis.csv")
    with pytest.raises(
        InputError, match=r"oasis\.csv is a report of CAISO, which .* read from raw/oasis; read are NP6"
    ):
        read(NOVEMBER)
    drop(real_time(month_of("2024-11")), "rt_csv.zip")
    unread: list[Unread] = []
    assert len(read(NOVEMBER, unread=unread)) == 2884
    assert any("is a report of CAISO" in entry.why for entry in unread)

    (tmp_path / "raw" / "oasis").mkdir()
    real_time(month_of("2024-11")).to_csv(tmp_path / "raw" / "oasis" / "texas.csv", index=False)
    with pytest.raises(InputError, match=r"texas\.csv is a report of ERCOT, which .* read from raw/ercot"):
        market_prices(Scenario(), NOVEMBER, tmp_path / "raw", services=offline)


def one(**cells: object) -> pd.DataFrame:
    row = real_time(month_of("2024-03")).query("SettlementPointType == 'LZ'").head(1)
    return row.assign(**cells)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (
            one(DeliveryDate="03/10/2024", DeliveryHour=3),
            r"an hour that the clock change skips \(2024-03-10 02:45, line",
        ),
        (one(DeliveryHour=25), r"unreadable time or price \('.* hour 25' in line 2\)"),
        (one(DeliveryHour=0), "unreadable time or price"),
        (one(DeliveryInterval=5), "unreadable time or price"),
        (one(SettlementPointPrice="n/a"), r"unreadable time or price \('n/a' in line 2\)"),
        (one(SettlementPointPrice=99999.0), r"99999 \$/MWh .* outside \[-1001, 12001\] \$/MWh: no ERCOT price"),
        (reserves(month_of("2024-03")).head(800).assign(MCPC=-1.0), "RRS of -1 .* no ERCOT price"),
        (pd.DataFrame({"OperDay": ["03/01/2024"], "MW": [1.0]}), "holds operday, mw, no prices .* NP6-905"),
    ],
)
def test_a_damaged_report_is_refused_in_a_sentence(report: pd.DataFrame, said: str, drop: Drop, read: Read) -> None:
    drop(report, "x.csv")
    with pytest.raises(InputError, match=said):
        read(MARCH)


def test_files_of_other_days_are_not_opened(drop: Drop, read: Read) -> None:
    drop(real_time(month_of("2024-11")), "rt_csv.zip")
    drop(b"no zip at all", named("SPPHLZNP6905").replace("20241201", "20230201"))
    unread: list[Unread] = []
    read(NOVEMBER, unread=unread)
    assert not unread, "files of other months are nothing to tell of a month that has its own"


def test_a_node_of_another_market_is_refused_by_the_scenario(drop: Drop, read: Read) -> None:
    with pytest.raises(ValueError, match=r"node DLAP_SCE-APND is none of ERCOT's \(load zones and hubs"):
        Scenario(iso="ercot", node="DLAP_SCE-APND")
    drop(real_time(month_of("2024-11"), "HB_WEST"), "rt_csv.zip")
    assert (read(NOVEMBER)["node"] == "HB_WEST").all(), "the only node of the files"
    with pytest.raises(
        InputError, match=r"node LZ_NORTH is not in the files of 2024-11 in raw/ercot, which hold HB_WEST"
    ):
        read(NOVEMBER, TEXAS.model_copy(update={"node": "LZ_NORTH"}))


def test_a_month_of_one_file_per_interval_in_one_archive_is_read_and_a_damaged_one_is_named(
    drop: Drop, read: Read, tmp_path: Path
) -> None:
    table = real_time(month_of("2024-11")).query("SettlementPointType != 'RN'")
    header, *lines = table.to_csv(index=False).splitlines(keepends=True)
    texts: dict[tuple[str, ...], str] = {}
    for line in lines:
        cells = line.split(",")
        interval = (*cells[:3], cells[-1])
        texts[interval] = texts.get(interval, header) + line

    def archive(files: list[str]) -> None:
        with zipfile.ZipFile(tmp_path / "raw" / "ercot" / "november.zip", "w") as whole:
            for number, text in enumerate(files):
                whole.writestr(f"{number}.csv", text)

    archive(files := list(texts.values()))
    assert len(files) == 2884
    np.testing.assert_allclose(read(NOVEMBER)["lmp_usd_per_mwh"], expected(month_of("2024-11")))
    archive([*files[:15], files[15].replace(",N\n", ",N,,,7\n"), *files[16:30]])
    with pytest.raises(InputError, match=r"november\.zip \(15\.csv\) has more cells in line 2 than in its header"):
        read(NOVEMBER)
