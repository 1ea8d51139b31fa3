"""Meters as utilities, spreadsheets and other programs save them: the same truth comes out of every form."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.sources.own_profiles import read_own_profiles
from vpp_core.sources.unread import Unread

AUGUST, MARCH, NOVEMBER = (Month.parse(f"2023-{month}") for month in ("08", "03", "11"))
TWO_DAYS = Period(AUGUST, 2)


def truth(period: Period) -> np.ndarray:
    """Use of each quarter hour [kWh], every one its own."""
    return np.round(0.1 + 0.001 * np.arange(len(period)), 3)


def rows(period: Period = TWO_DAYS, form: str = "%Y-%m-%d %H:%M:%S") -> list[tuple[str, float]]:
    return list(zip(period.local.strftime(form), truth(period), strict=True))


def plain(head: str, line: Callable[[str, float], str], **options: str) -> str:
    return "\n".join([head, *(line(when, kwh) for when, kwh in rows(**options))]) + "\n"


PGE = 'Name,A B\nAddress,"1 ST, CITY CA 9"\nAccount Number,1\nService,Service 1\n\n'
SDGE = "Name,A B\nResource,Electric\nMeter Number,077\nInterval UOM,Minute(s)\nTotal Usage,1.5\nUOM,kWh\n"


def pge(columns: str, line: str) -> str:
    """PG&E's rows; `line` has the use as {0}."""
    head = PGE + f"TYPE,DATE,START TIME,END TIME,{columns},COST,NOTES"
    return plain(head, lambda when, kwh: f"Electric usage,{when},,{line.format(kwh)},$0.10,", form="%Y-%m-%d,%H:%M")


def sce(received: float | None = None, blank: str = " ") -> str:
    """SCE's blocks by day, and in between what the meter took back where it counts that."""
    lines = ["Energy Usage Information", '"Type of readings: Electricity"', "", '"Start date: 2023-08-01  for 2 days"']
    quarter = pd.Timedelta(minutes=15)
    for _, day in pd.Series(truth(TWO_DAYS), TWO_DAYS.local).groupby(TWO_DAYS.local.date):
        for way in ("consumption",) if received is None else ("Delivered", "Received"):
            lines += ['"Data for period starting: 2023  for 24 hours"']
            unit = "(Real energy in kilowatt-hours)"
            lines += [f"Energy  {way} time period,Usage {way.replace('consumption', '')}{unit},Reading quality"]
            for start, kwh in day.items():
                text = f"{start:%Y-%m-%d %H:%M:%S}{blank}to {start + quarter:%Y-%m-%d %H:%M:%S}"
                lines.append(f'"{text}","{received if way == "Received" else kwh:.3f}",""')
            lines.append("")
    return "\n".join(lines)


def sdge(
    column: str = "Consumption,Generation,Net", tail: str = "0.0000,{0}", form: str = "%-m/%-d/%Y,%I:%M %p"
) -> str:
    head = f"{SDGE}Meter Number,Date,Start Time,Duration,{column}"
    return plain(head, lambda when, kwh: f'"077",{when},15,"{kwh}",{tail.format(kwh)}', form=form)


def kw(form: str = "%Y-%m-%d %H:%M", head: str = "timestamp,load_kw", line: str = "{0},{1:.3f}") -> str:
    return plain(head, lambda when, kwh: line.format(when, 4 * kwh), form=form)


def total_below(text: str) -> str:
    return text + f"Total,,,,{truth(TWO_DAYS).sum()},,\n"


def newest_first(text: str, header_lines: int) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:header_lines], *reversed(lines[header_lines:])])


READ = {
    "sce": sce(),
    "sce with no-break spaces and CRLF": sce(blank="\xa0 ").replace("\n", "\r\n"),
    "sce delivered, nothing received": sce(received=0.0),
    "pge usage in its header": pge("USAGE (kWh)", "{0}"),
    "pge usage with a column of units": pge("USAGE,UNITS", "{0},kWh"),
    "pge in Wh": plain(
        PGE + "TYPE,DATE,START TIME,END TIME,USAGE,UNITS",
        lambda when, kwh: f"Electric usage,{when},,{1000 * kwh:.0f},Wh",
        form="%Y-%m-%d,%H:%M",
    ),
    "pge in kW": plain(
        PGE + "TYPE,DATE,START TIME,END TIME,USAGE,UNITS",
        lambda when, kwh: f"Electric usage,{when},,{4 * kwh:.3f},kW",
        form="%Y-%m-%d,%H:%M",
    ),
    "pge import and nothing exported": pge("IMPORT (kWh),EXPORT (kWh)", "{0},0.00"),
    "pge saved by Excel": plain(
        "\ufeff" + PGE + "TYPE,DATE,START TIME,END TIME,USAGE (kWh),COST,NOTES",
        lambda when, kwh: f"Electric usage,{when},,{kwh},$0.10 ,",
        form="%-m/%-d/%Y,%-H:%M",
    ).replace("\n", "\r\n"),
    "pge with gas below": pge("USAGE,UNITS", "{0},kWh") + "Natural gas usage,2023-08-01,00:00,23:59,1.04,therms,$2,\n",
    "pge with a total": total_below(pge("USAGE (kWh)", "{0}")),
    "sdge": sdge(),
    "sdge newest first": newest_first(sdge(), 7),
    "sdge by the new site": sdge("Consumed", "", "%m/%d/%Y,%I:%M:%S %p").replace('",\n', '"\n'),
    "twelve hours in one column": plain("Date/Time,kWh", lambda w, k: f"{w},{k}", form="%m/%d/%Y %I:%M:%S %p"),
    "quoted": kw(head='"timestamp","load_kw"', line='"{0}","{1:.3f}"'),
    "R": kw(head='"","timestamp","load_kw"', line='"7","{0}",{1:.3f}'),
    "pandas": kw(head=",timestamp,load_kw", line="7,{0},{1:.3f}"),
    "columns turned round, blanks": kw(head="load_kw, timestamp", line="{1:.3f}, {0}"),
    "datetime and kwh": plain("datetime,kwh", lambda when, kwh: f"{when},{kwh}"),
    "Interval Start with offsets": kw("%Y-%m-%dT%H:%M:%S%z", "Interval Start,load_kw"),
    "offsets with a blank": kw("%Y-%m-%d %H:%M:%S %z"),
    "zone by name": kw("%Y-%m-%d %H:%M %Z"),
    "semicolons and decimal commas": kw(head="timestamp;load_kw", line="{0};{1:.3f}").replace(".", ","),
    "tabs": kw(head="timestamp\tload_kw", line="{0}\t{1:.3f}"),
    "day first": kw("%d/%m/%Y %H:%M"),
    "day first with dots": kw("%d.%m.%Y %H:%M"),
    "month first": kw("%m/%d/%y %H:%M"),
    "month by name": kw("%d-%b-%Y %H:%M"),
    "compact": kw("%Y%m%d %H:%M"),
    "a comma behind": kw(line="{0},{1:.3f},"),
    "thousands with commas": plain("timestamp,usage_wh", lambda when, kwh: f'{when},"{1e4 * kwh / 10:,.1f}"'),
    "watts": plain("timestamp,power (watts)", lambda when, kwh: f"{when},{4000 * kwh:.0f}"),
    "a unit behind the number": plain("timestamp,usage", lambda when, kwh: f"{when},{kwh} kWh"),
    "every row twice": plain("timestamp,usage_kwh", lambda when, kwh: f"{when},{kwh}\n{when},{kwh}"),
    "epoch": "timestamp,load_kw\n"
    + "\n".join(f"{t},{4 * k:.3f}" for t, k in zip(TWO_DAYS.timestamps.asi8 // 10**6, truth(TWO_DAYS), strict=True)),
    "utc by its header": "time_utc,load_kw\n"
    + "\n".join(f"{t:%Y-%m-%d %H:%M},{4 * k:.3f}" for t, k in zip(TWO_DAYS.timestamps, truth(TWO_DAYS), strict=True)),
}


def read(
    raw: Path, content: str | bytes, period: Period = TWO_DAYS, name: str = "home.csv"
) -> tuple[list[np.ndarray], list[Unread]]:
    """Profiles [kW] of one file dropped into raw/load, and what was not read."""
    path = raw / "load" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    unread: list[Unread] = []
    return [profile.load_kw for profile in read_own_profiles(raw / "load", period, unread)], unread


@pytest.mark.parametrize("form", READ)
def test_every_form_of_a_meter_gives_the_same_load(form: str, raw: Path) -> None:
    (load,), unread = read(raw, READ[form])
    np.testing.assert_allclose(load, 4 * truth(TWO_DAYS), atol=1e-9)
    assert [entry.why for entry in unread] == (
        ["its 1 rows of Natural gas usage are not electricity"] if "gas" in form else []
    )


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_a_meter_is_read_in_the_encodings_that_programs_save(encoding: str, raw: Path) -> None:
    (load,), _ = read(raw, ("Straße,x\n" + kw()).encode(encoding))
    np.testing.assert_allclose(load, 4 * truth(TWO_DAYS))


def test_hourly_and_half_hourly_use_is_spread_over_its_interval(raw: Path) -> None:
    for minutes in (30, 60):
        step = minutes // 15
        energy = truth(TWO_DAYS).reshape(-1, step).sum(axis=1)
        stamps = TWO_DAYS.local[::step]
        text = "start,kwh\n" + "\n".join(f"{t:%Y-%m-%d %H:%M},{k:.3f}" for t, k in zip(stamps, energy, strict=True))
        (load,), _ = read(raw, text)
        np.testing.assert_allclose(load, np.repeat(energy * 60 / minutes, step))


@pytest.mark.parametrize(
    ("month", "form"),
    [(MARCH, "%Y-%m-%dT%H:%M:%S%z"), (NOVEMBER, "%Y-%m-%d %H:%M"), (NOVEMBER, "%-m/%-d/%Y %I:%M %p")],
)
def test_any_month_can_be_cut_from_a_longer_file(month: Month, form: str, raw: Path) -> None:
    some = pd.Timedelta(days=10)
    stamps = pd.date_range(month.start - some, month.end + some, freq="15min").tz_convert("America/Los_Angeles")
    number = np.arange(len(stamps))
    text = "timestamp,load_kw\n" + "\n".join(
        f"{t},{k / 1000}" for t, k in zip(stamps.strftime(form), number, strict=True)
    )
    period = Period(month)
    expected = number[stamps.get_indexer(period.local)] / 1000
    (load,), _ = read(raw, text, period)
    np.testing.assert_allclose(load, expected)
    (backwards,), _ = read(raw, newest_first(text, 1), period)
    np.testing.assert_allclose(backwards, expected)


def test_a_row_of_the_hour_that_the_clock_skips_is_left_out_and_told(raw: Path) -> None:
    period = Period(MARCH)
    hours = pd.date_range("2023-03-01", "2023-04-01", freq="h", inclusive="left")
    text = "timestamp,kwh\n" + "\n".join(f"{t:%Y-%m-%d %H:%M},{1 + k / 1000}" for k, t in enumerate(hours))
    (load,), unread = read(raw, text, period)
    assert len(hours) == 744 and len(load) == 4 * 743
    gone = int(np.flatnonzero(hours == "2023-03-12 02:00")[0])
    np.testing.assert_allclose(load[::4], np.delete(1 + np.arange(744) / 1000, gone))
    assert "1 rows of an hour that the clock change skips (2023-03-12 02:00)" in unread[0].why


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (sce(received=0.25), "is a net meter: 192 intervals export"),
        (pge("IMPORT (kWh),EXPORT (kWh)", "{0},0.40"), "is a net meter: 192 intervals export"),
        (sdge(tail="1.2,-1"), "is a net meter"),
        (sdge("Consumed", "").replace('"0.1', '"-0.1').replace('",\n', '"\n'), r"load of -0.* kW; that is a net meter"),
        (pge("USAGE,UNITS", "{0},therms"), "gives its use in 'therms'"),
        (pge("USAGE (therms)", "{0}"), "gives its use in 'therms'"),
        (plain("timestamp,usage (ccf)", lambda when, kwh: f"{when},{kwh}"), "gives its use in 'ccf'"),
        (plain("timestamp,usage", lambda when, kwh: f"{when},{kwh} therms"), "gives its use in 'therms'"),
        (SDGE.replace("UOM,kWh", "UOM,therms") + kw(head="date,usage"), "gives its use in 'therms'"),
        (SDGE.replace("Electric", "Gas") + kw(), "is a meter of Gas, not of electricity"),
        (pge("USAGE,UNITS", "{0},kWh").replace("Electric", "Natural gas"), "holds Natural gas usage, not electricity"),
        (pge("USAGE (kWh),UNITS", "{0},Wh"), "says kwh and wh of the same numbers"),
        (plain("timestamp,load", lambda when, kwh: f"{when},{kwh}"), "does not say the unit of load"),
        (plain("timestamp,export_kwh", lambda when, kwh: f"{when},{kwh}"), "net meter|only what a home exports"),
        (plain("timestamp,a_kwh,b_kwh", lambda when, kwh: f"{when},{kwh},{kwh}"), "several columns of use"),
        (
            plain("timestamp,home,kwh", lambda when, kwh: f"{when},1,{kwh}\n{when},2,{kwh + 1}"),
            r"holds 2 homes .column home",
        ),
        (kw(line="{0},{1:.0f},507"), "more cells in line 2 than in its header"),
        (kw().replace("00:30", "noon"), "no readable time in line 4 .'2023-08-01 noon'"),
        (kw().replace("0.404", "much"), "holds 'much' in line 3, which is no number"),
        (kw().replace("0.404", "inf"), "holds 'inf' in line 3, which is no number"),
        (kw().replace("0.404", ""), "lacks 1 of 192 intervals of 2023-08, the first at 2023-08-01T00:15"),
        (kw().replace("0.404", "nan"), "lacks 1 of 192 intervals"),
        (plain("timestamp,load_kw", lambda when, kwh: f"{when},{4000 * kwh:.1f}"), "check the unit"),
        (kw("%Y-%m-%d %H:07"), "two values|minutes apart|off the steps"),
        (plain("end,kwh", lambda when, kwh: f"{when},{kwh}"), "no column with the start of the interval"),
        (kw().replace("2023-08-01 00:00", "2023-08-01T00:00-07:00"), "offsets with some times and none with others"),
        ("timestamp,load_kw\n45139.01,1\n45139.02,1\n", "day numbers of a spreadsheet"),
        ("timestamp,load_kw\n13/08/2023 00:00,1\n08/14/2023 00:00,1\n", "day first in some dates"),
        ("timestamp," + ",".join(f"c{k}" for k in range(5000)) + "\n", "has 5,001 columns in line 1"),
        ('timestamp,usage_wh\n2023-08-01 00:00,"1,234"\n2023-08-01 00:15,"1,300"\n', "thousands or decimals"),
        (sdge().replace(",15,", ",1440,"), "has intervals of 1440"),
    ],
)
def test_what_would_be_read_wrongly_is_refused_in_a_sentence(content: str, says: str, raw: Path) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read(raw, content)
    assert "home.csv" in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400


def parquet(frame: pd.DataFrame, **options: bool) -> bytes:
    whole = io.BytesIO()
    frame.to_parquet(whole, **options)
    return whole.getvalue()


@pytest.mark.parametrize(
    "stamps",
    [
        lambda p: p.timestamps,
        lambda p: p.local,
        lambda p: p.local.tz_localize(None),
        lambda p: p.local.strftime("%Y-%m-%dT%H:%M:%S%z"),
        lambda p: p.timestamps.asi8 // 10**6,
        lambda p: (p.timestamps.asi8 // 10**6).astype(float),
    ],
    ids=["utc", "local", "naive", "text", "epoch", "float epoch"],
)
def test_parquet_of_other_programs_is_read_by_what_its_times_are(stamps: Callable, raw: Path) -> None:
    period = Period(NOVEMBER)
    frame = pd.DataFrame({"timestamp": stamps(period), "load_kw": 4 * truth(period)})
    for content in (parquet(frame, index=False), parquet(frame.set_index("timestamp"))):
        (load,), _ = read(raw, content, period, "home.parquet")
        np.testing.assert_allclose(load, 4 * truth(period))


def test_a_long_parquet_of_several_homes_is_said_to_be_one(raw: Path) -> None:
    frame = pd.DataFrame({"timestamp": TWO_DAYS.local, "load_kw": 1.0})
    long = pd.concat([frame.assign(home=number, load_kw=1.0 + number) for number in range(3)])
    with pytest.raises(InputError, match=r"holds 3 homes .column home.; give each a file of its own"):
        read(raw, parquet(long), name="homes.parquet")


def test_archives_and_subfolders_are_read_and_every_other_file_is_named(raw: Path) -> None:
    folder = raw / "load"
    folder.mkdir()
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("electric.csv", READ["pge usage with a column of units"])
        archive.writestr("gas.csv", pge("USAGE,UNITS", "{0},therms").replace("Electric", "Natural gas"))
        archive.writestr("__MACOSX/._electric.csv", b"\0\5\26\7")
        archive.writestr("read me.txt", "hello")
    (folder / "a").mkdir()
    (folder / "a" / "home.csv.gz").write_bytes(gzip.compress(kw().encode()))
    for name in ("c.xlsx", "d.xml", "e.pdf", "~$c.xlsx", ".DS_Store"):
        (folder / name).write_bytes(b"x")
    old = plain("timestamp,kwh", lambda when, kwh: f"{when.replace('2023', '2021')},{kwh}")
    loads, unread = read(raw, old, name="old.csv")
    assert len(loads) == 2
    assert dict((entry.file, entry.why) for entry in unread) == {
        "load/b.zip (gas.csv)": "a meter of gas or water",
        "load/b.zip (read me.txt)": "a file of a kind that is not read here (.txt)",
        "load/c.xlsx": "a spreadsheet; save the sheet as CSV",
        "load/d.xml": "Green Button XML; download the CSV",
        "load/e.pdf": "a file of a kind that is not read here (.pdf)",
        "load/old.csv": "holds nothing of 2023-08, only 2021-08-01 to 2021-08-02",
    }


def test_more_files_than_homes_are_named(raw: Path) -> None:
    for name in "abc":
        read(raw, kw(), name=f"{name}.csv")
    unread: list[Unread] = []
    assert len(read_own_profiles(raw / "load", TWO_DAYS, unread, most=2)) == 2
    assert [entry.file for entry in unread] == ["load/c.csv"] and "the scenario has loads of 2 homes" in unread[0].why
