"""Files in `raw/oasis` that are not what they look like: read for what they say they are, named, or refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.sources.stand_in import NODE, lmp_report, price_at, reserve_report
from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.sources import raw_files
from vpp_core.sources.fetched import Fetched
from vpp_core.sources.hosted import _rows
from vpp_core.sources.network import Services
from vpp_core.sources.prices import market_prices
from vpp_core.sources.unread import Unread, in_lines

JULY = Month.parse("2020-07")
Drop = Callable[..., Path]
ITEMS = {"LMP": "LMP_PRC", "MCE": "LMP_ENE_PRC", "MCC": "LMP_CONG_PRC", "MCL": "LMP_LOSS_PRC", "MGHG": "LMP_GHG_PRC"}


@pytest.fixture
def read(raw: Path, offline: Services) -> Callable[[], tuple[pd.DataFrame, list[Unread]]]:
    """July of what lies in raw/oasis, and what was not read of it."""

    def table() -> tuple[pd.DataFrame, list[Unread]]:
        unread: list[Unread] = []
        return market_prices(Scenario(), JULY, raw, services=offline, unread=unread), unread

    return table


Read = Callable[[], tuple[pd.DataFrame, list[Unread]]]


NEXT_DAY = JULY.start + pd.Timedelta(days=1)
"""End of a day of what is refused or left aside, however much there is of it."""


def real_time(end: pd.Timestamp = NEXT_DAY) -> pd.DataFrame:
    """Prices with the column that says which item a row is of."""
    report = lmp_report(JULY.start, end)
    return report.assign(XML_DATA_ITEM=report["LMP_TYPE"].map(ITEMS))


def requirements() -> pd.DataFrame:
    report = reserve_report(JULY.start, NEXT_DAY, "SR")
    return report.assign(XML_DATA_ITEM="SP_REQ_MIN_MW", MW=850.0)


NAME = "20200701_20200801_PRC_RTPD_LMP_RTPD_LMP_v3"
MONTH = real_time(JULY.end).query("LMP_TYPE in ['LMP', 'MCC']")
"""Prices, and one of their components beside them."""
TEXT = MONTH.to_csv(index=False).encode()


def packed(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def all_real(table: pd.DataFrame) -> bool:
    right = np.allclose(table["lmp_usd_per_mwh"], price_at(Period(JULY).timestamps))
    return right and bool((table["lmp_source"] == "file").all())


def test_requirements_in_the_shape_of_prices_are_not_prices(drop: Drop, read: Read) -> None:
    drop(packed({f"{NAME}.csv": TEXT}), f"{NAME}.zip")
    drop(requirements(), "20200701_20200801_AS_REQ_DAM_v1.zip")
    table, unread = read()
    assert all_real(table)
    assert (table["spin_source"] == "synthetic").all()
    assert table["spin_usd_per_mw_h"].max() < 800
    (entry,) = unread
    assert "AS_REQ_DAM" in entry.file and "reserve requirements in MW (AS_REQ)" in entry.why


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (requirements(), "reserve requirements in MW"),
        (real_time().assign(MARKET_RUN_ID="RTM").rename(columns={"PRC": "VALUE"}), r"RTM, the five-minute market"),
        (real_time().assign(MARKET_RUN_ID="HASP"), "HASP, the hour-ahead process"),
        (
            pd.DataFrame(
                {
                    "INTERVALSTARTTIME_GMT": ["2020-07-02T00:00:00-00:00"],
                    "TAC_AREA_NAME": ["CA ISO-TAC"],
                    "MARKET_RUN_ID": ["DAM"],
                    "XML_DATA_ITEM": ["SYS_FCST_DA_MW"],
                    "MW": [25000.0],
                }
            ),
            "a load forecast",
        ),
        (reserve_report(JULY.start, NEXT_DAY, "RU").assign(XML_DATA_ITEM="RU_CLR_PRC"), "RU_CLR_PRC, no prices that"),
    ],
)
def test_another_report_alone_is_refused_by_its_name_and_says_which_are_read(
    report: pd.DataFrame, says: str, drop: Drop, read: Read
) -> None:
    drop(report, "x.csv")
    with pytest.raises(InputError, match=says) as caught:
        read()
    assert "PRC_RTPD_LMP (15-minute market, RTPD)" in str(caught.value)


def test_five_minute_prices_that_call_themselves_fifteen_minute_ones_are_refused(drop: Drop, read: Read) -> None:
    stamps = pd.date_range(JULY.start, NEXT_DAY, freq="5min", inclusive="left")
    report = pd.DataFrame(
        {
            "INTERVALSTARTTIME_GMT": stamps.strftime("%Y-%m-%dT%H:%M:00-00:00"),
            "NODE": NODE,
            "LMP_TYPE": "LMP",
            "PRC": 30.0,
        }
    )
    drop(report, "x.csv")
    with pytest.raises(InputError, match="line 3 is not of an interval of 15 minutes"):
        read()


def test_a_row_whose_two_names_contradict_each_other_is_refused(drop: Drop, read: Read) -> None:
    drop(real_time().assign(XML_DATA_ITEM="LMP_CONG_PRC"), "x.csv")
    with pytest.raises(InputError, match=r"says \w+ and LMP_CONG_PRC of one price in line"):
        read()


@pytest.mark.parametrize(
    "files",
    [
        {f"{NAME}.zip": packed({f"{NAME}.csv": TEXT, f"__MACOSX/._{NAME}.csv": b"\0\5\26\7" * 20})},
        {f"{NAME}.csv": TEXT, f"~${NAME}.csv": b"Some One" + b" " * 40, ".DS_Store": b"\0\0\0\1Bud1"},
        {f"{NAME}.csv.gz": gzip.compress(TEXT)},
        {"july.zip": packed({f"{NAME}.zip": packed({f"{NAME}.csv": TEXT})})},
        {"july.zip": packed({f"sub/{NAME}.csv.gz": gzip.compress(TEXT)})},
        {"a/b/c.CSV": TEXT},
        {"x.csv": b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n")},
        {"x.csv": TEXT.decode().encode("utf-16")},
        {"x.csv": TEXT.replace(b",", b";")},
        {"x.csv": b"\n".join(b'"' + line.replace(b",", b'","') + b'"' for line in TEXT.splitlines())},
        {"x.csv": TEXT.replace(b"\n", b",,\n")},
    ],
    ids=[
        "macosx",
        "lock file",
        "gz",
        "zip of zips",
        "gz in zip",
        "folders",
        "bom",
        "utf-16",
        "semicolons",
        "quotes",
        "trailing",
    ],
)
def test_a_download_is_read_however_it_is_wrapped_and_leftovers_are_skipped(
    files: dict[str, bytes], raw: Path, read: Read
) -> None:
    for name, content in files.items():
        path = raw / "oasis" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    table, unread = read()
    assert all_real(table) and not unread


def test_every_other_file_is_named_with_its_reason(raw: Path, drop: Drop, read: Read) -> None:
    drop(packed({"prices.csv": TEXT, "readme.txt": b"hello"}), "a.zip")
    drop(b"workbook", "b.xlsx")
    drop(b"text", "notes.txt")
    drop(b"", "c.csv.crdownload")
    table, unread = read()
    assert all_real(table)
    assert {entry.file for entry in unread} == {
        "oasis/a.zip (readme.txt)",
        "oasis/b.xlsx",
        "oasis/notes.txt",
        "oasis/c.csv.crdownload",
    }
    told = "\n".join(in_lines(unread))
    assert "oasis/b.xlsx: a spreadsheet; save the sheet as CSV" in told


@pytest.mark.parametrize("whole", [True, False])
def test_files_of_other_times_are_told_only_where_the_month_lacks_prices(whole: bool, drop: Drop, read: Read) -> None:
    drop(TEXT if whole else real_time(), "july.csv")
    drop(b"never opened", "20200101_20200201_PRC_RTPD_LMP.zip")
    drop(lmp_report("2020-05-01T07:00Z", "2020-05-02T07:00Z"), "may.csv")
    table, unread = read()
    assert all_real(table) == whole
    of_may = "oasis/may.csv: holds no price of 2020-07, only of 2020-05-01 to 2020-05-02"
    by_name = "oasis/20200101_20200201_PRC_RTPD_LMP.zip: by its name of another time than 2020-07"
    assert {str(entry) for entry in unread} == (set() if whole else {of_may, by_name})


def test_many_files_with_one_reason_are_one_line() -> None:
    unread = [Unread(f"oasis/{number:02d}.zip", "of another time") for number in range(30)]
    assert in_lines(unread) == ["oasis/00.zip, oasis/01.zip, oasis/02.zip and 27 more: of another time"]


@pytest.mark.parametrize(
    ("item", "price", "says"),
    [
        ("SR", "25000000", r"SR of 2.5e\+07 \$/MW per h at .* outside \[0, 5000\]"),
        ("SR", "-1", r"SR of -1 \$/MW per h"),
        ("SR", "inf", "unreadable time or price .'inf' in line"),
        ("SR", "NaN", "unreadable time or price .'NaN' in line"),
        ("SR", "1e999", r"SR of inf"),
        ("LMP", "6000", r"LMP of 6000 \$/MWh .* outside \[-1000, 5000\]"),
        ("LMP", "-Infinity", "unreadable time or price"),
        ("MCC", "90000", r"MCC of 90000 \$/MWh .* outside \[-5000, 5000\]"),
    ],
)
def test_a_price_that_no_market_has_is_refused_whatever_series_it_is_of(
    item: str, price: str, says: str, drop: Drop, read: Read
) -> None:
    drop(lmp_report(JULY.start, NEXT_DAY), "rt.csv")
    report = reserve_report(JULY.start, NEXT_DAY, "SR") if item == "SR" else lmp_report(JULY.start, NEXT_DAY)
    column, kind = ("MW", "ANC_TYPE") if item == "SR" else ("PRC", "LMP_TYPE")
    report = report.astype({column: object}).reset_index(drop=True)
    report.loc[report.index[report[kind] == item][7], column] = price
    drop(report, "spoilt.csv")
    with pytest.raises(InputError, match=says) as caught:
        read()
    assert "spoilt.csv" in str(caught.value)


def test_an_answer_of_the_hosted_archive_is_held_to_the_same_bounds() -> None:
    row = '{"interval_start_utc": "2020-07-02T00:00:00Z", "location": "N", "lmp": %s, "energy": 1.0}'
    for price, says in (
        ("9000", "outside .-1000, 5000."),
        ("Infinity", "Infinity is no price"),
        ("NaN", "NaN is no price"),
    ):
        answer = Fetched(f"[{row % price}]".encode(), pd.Timestamp("2026-01-01", tz="UTC"))
        with pytest.raises(InputError, match=says):
            _rows(answer, "lmp", JULY, "the answer")


def test_a_missing_price_is_a_gap_and_no_error(drop: Drop, read: Read) -> None:
    report = MONTH.astype({"PRC": object}).reset_index(drop=True)
    report.loc[report.index[report["LMP_TYPE"] == "LMP"][5], "PRC"] = ""
    drop(report, "x.csv")
    assert (read()[0]["lmp_source"] == "filled").sum() == 1


def test_too_much_is_refused_in_a_sentence_before_it_fills_the_memory(
    drop: Drop, read: Read, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_files, "LARGEST_BYTES", 1_000_000)
    bomb = drop(packed({"a.csv": b"0" * 5_000_000}), "bomb.zip")
    assert bomb.stat().st_size < 10_000
    with pytest.raises(InputError, match=r"bomb.zip is larger than"):
        read()
    bomb.unlink()
    nested = packed({f"{k}.zip": packed({"a.csv": b"0" * 400_000}) for k in range(4)})
    with pytest.raises(InputError, match=r"nested.zip is larger than"):
        list(raw_files.documents(nested, "nested.zip", (".csv",), "nested.zip"))
    squeezed = drop(gzip.compress(b"0" * 5_000_000), "bomb.csv.gz")
    with pytest.raises(InputError, match=r"bomb.csv.gz is larger than"):
        read()
    squeezed.unlink()
    drop(b"0" * 1_000_001, "long.csv")
    with pytest.raises(InputError, match=r"long.csv is larger than"):
        read()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (",".join(f"c{k}" for k in range(10_000)).encode(), "has 10,000 columns"),
        (b"0" * 200_000, "has a line 1 of more than 100,000 letters"),
        (b"INTERVALSTARTTIME_GMT,NODE,LMP_TYPE,PRC\n2020-07-02T00:00:00-00:00,N,LMP,1,234.5\n", "more cells in line 2"),
        (b'INTERVALSTARTTIME_GMT,NODE,LMP_TYPE,PRC\n"2020', "no kind that is named, no prices"),
        (b"\x00\x01\x02", "not a text file"),
        (packed({"a.csv": b"x"})[:-30], "not a readable zip"),
        (packed({"1.zip": packed({"2.zip": packed({"3.zip": packed({"a.csv": TEXT})})})}), "archive within archives"),
    ],
    ids=["columns", "line", "cells", "unfinished", "bytes", "cut zip", "nested"],  # a zip's bytes hold the time
)
def test_what_cannot_be_prices_is_one_sentence(content: bytes, says: str, drop: Drop, read: Read) -> None:
    drop(content, "x.zip" if content[:2] == b"PK" else "x.csv")
    with pytest.raises(InputError, match=says) as caught:
        read()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_zip_of_two_reports_is_read_for_the_prices_and_the_other_is_named(drop: Drop, read: Read) -> None:
    drop(packed({"prices.csv": TEXT, "req.csv": requirements().to_csv(index=False).encode()}), "both.zip")
    table, unread = read()
    assert all_real(table)
    assert [entry.file for entry in unread] == ["oasis/both.zip (req.csv)"]


def as_gridstatus_saves_it(hosted: bool, end: pd.Timestamp = NEXT_DAY) -> pd.DataFrame:
    """Both products of all regions in one table, a column per product; or as its hosted service names the columns."""
    long = pd.concat([reserve_report(JULY.start, end, item) for item in ("SR", "NR")])
    wide = long.pivot_table(
        index=["INTERVALSTARTTIME_GMT", "ANC_REGION"], columns="ANC_TYPE", values="MW"
    ).reset_index()
    start = pd.to_datetime(wide["INTERVALSTARTTIME_GMT"], utc=True)
    table = pd.DataFrame(
        {
            "Interval Start": start.dt.tz_convert("US/Pacific"),
            "Region": wide["ANC_REGION"],
            "Market": "DAM",
            "Non Spinning Reserves": wide["NR"],
            "Regulation Down": 9.0,
            "Spinning Reserves": wide["SR"],
        }
    )
    names = {name: name.lower().replace(" ", "_") for name in table} | {"Interval Start": "interval_start_utc"}
    return table.assign(**{"Interval Start": start}).rename(columns=names) if hosted else table


@pytest.mark.parametrize("hosted", [False, True], ids=["gridstatus", "hosted"])
def test_reserve_prices_as_gridstatus_saves_them_are_real(hosted: bool, drop: Drop, read: Read) -> None:
    drop(TEXT, "rt.csv")
    drop(as_gridstatus_saves_it(hosted, JULY.end), "caiso_as_prices.csv")
    table, unread = read()
    assert (table[["spin_source", "nonspin_source"]] == "file").all(axis=None) and not unread
    hours = Period(JULY).timestamps.floor("h")
    np.testing.assert_allclose(table["spin_usd_per_mw_h"], price_at(hours).clip(0) / 5 + 1, atol=1e-4)
    np.testing.assert_allclose(table["nonspin_usd_per_mw_h"], price_at(hours).clip(0) / 10 + 0.5, atol=1e-4)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda t: t.assign(Market="RTM"), "another market than the day-ahead"),
        (lambda t: t.assign(**{"Interval Start": t["Interval Start"].dt.tz_localize(None)}), "without an offset"),
        (lambda t: t.assign(**{"Spinning Reserves": "n/a"}), "a price that is none"),
        (lambda t: t[t["Region"] != "AS_CAISO_EXP"], "lack the region"),
    ],
)
def test_such_a_table_that_is_not_what_it_should_be_is_refused_in_a_sentence(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], sentence: str, drop: Drop, read: Read
) -> None:
    drop(spoil(as_gridstatus_saves_it(hosted=False)), "as.csv")
    with pytest.raises(InputError, match=sentence):
        read()
