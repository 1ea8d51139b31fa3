"""Made meter files: one truth in every form of writing, and spoilt ones that may be refused but not misread."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from tests.fuzz.spoil import spoilt
from vpp_core.sources.meter_file import read_meter, step_minutes

DAYS = ("2023-08-01", "2023-03-11", "2023-11-04", "2023-01-30", "2024-02-28")
"""Two of them lie before a clock change."""
UNITS = {"kWh": (True, 1.0), "Wh": (True, 1e-3), "MWh": (True, 1e3), "kW": (False, 1.0), "W": (False, 1e-3)}
FORMS = {
    "iso": "%Y-%m-%d %H:%M",
    "seconds": "%Y-%m-%d %H:%M:%S",
    "offset": "%Y-%m-%dT%H:%M:%S%z",
    "american": "%-m/%-d/%Y %-I:%M %p",
    "american 24": "%m/%d/%Y %H:%M",
    "german": "%d.%m.%Y %H:%M",
    "named": "%d-%b-%Y %H:%M:%S",
    "epoch": "%s",
}


def truth_of(rng: random.Random) -> pd.Series:
    """Mean load [kW] of two or three days, by start in UTC."""
    minutes = rng.choice([15, 30, 60])
    start = pd.Timestamp(rng.choice(DAYS), tz="America/Los_Angeles")
    end = start + pd.DateOffset(days=rng.randint(2, 3))
    index = pd.date_range(start, end, freq=f"{minutes}min", inclusive="left").tz_convert("UTC").as_unit("us")
    return pd.Series([round(rng.uniform(0.05, 9), 3) for _ in index], index=index)


def texts(load: pd.Series, unit: str) -> list[str]:
    minutes = step_minutes(pd.DatetimeIndex(load.index), "truth")
    energy, factor = UNITS[unit]
    return [f"{kw * (minutes / 60 if energy else 1) / factor:.9f}".rstrip("0").rstrip(".") for kw in load]


def stamps(load: pd.Series, form: str) -> list[str]:
    local = pd.DatetimeIndex(load.index).tz_convert("America/Los_Angeles")
    if form == "%s":
        return [str(moment.value // 10**9) for moment in local]
    return list(local.strftime(form))


def plain(load: pd.Series, rng: random.Random) -> str:
    """A table of a time and a use, as programs write it."""
    unit, form = rng.choice(list(UNITS)), rng.choice(list(FORMS.values()))
    mark = rng.choice([",", ",", ";", "\t"])
    value = texts(load, unit)
    if mark == ";" and rng.random() < 0.5:
        value = [text.replace(".", ",") for text in value]
    columns = {rng.choice(["timestamp", "datetime", "Interval Start", "Date/Time", "start"]): stamps(load, form)}
    way = rng.randrange(3)
    if way == 0:
        columns[f"usage ({unit})"] = value
    elif way == 1:
        columns |= {"Usage": value, "Units": [unit] * len(value)}
    else:
        columns["usage"] = [f"{text} {unit}" for text in value]
    if rng.random() < 0.3:
        columns["export"] = ["0.00"] * len(value)
    if rng.random() < 0.3:
        columns = {"": [str(number) for number in range(len(value))], **columns}
    names = list(columns)
    quote = rng.choice(["", '"'])
    rows = [[f"{quote}{cell}{quote}" for cell in row] for row in zip(*columns.values(), strict=True)]
    if rng.random() < 0.3:
        rows.reverse()
    above = rng.choice(["", 'Name,A B\nAddress,"1 ST, CITY"\n\n']) if mark == "," else ""
    tail = mark if rng.random() < 0.2 else ""
    below = f"\nTotal{mark * (len(names) - 1)}" if rng.random() < 0.2 else ""
    head = mark.join(f"{quote}{name}{quote}" for name in names)
    return above + "\n".join([head, *(mark.join(row) + tail for row in rows)]) + below


def utility(load: pd.Series, rng: random.Random) -> str:
    """PG&E's or SDG&E's rows."""
    minutes = step_minutes(pd.DatetimeIndex(load.index), "truth")
    value = texts(load, "kWh")
    if rng.random() < 0.5:
        head = "Name,A B\n\nTYPE,DATE,START TIME,END TIME,IMPORT (kWh),EXPORT (kWh),COST,NOTES"
        rows = [
            f"Electric usage,{t},,{v},0.00,$0.10," for t, v in zip(stamps(load, "%Y-%m-%d,%H:%M"), value, strict=True)
        ]
    else:
        head = "Resource,Electric\nUOM,kWh\nMeter Number,Date,Start Time,Duration,Consumption,Generation,Net"
        when = stamps(load, "%-m/%-d/%Y,%-I:%M %p")
        rows = [f'"077",{t},{minutes},"{v}","0.0000","{v}"' for t, v in zip(when, value, strict=True)]
    if rng.random() < 0.5:
        rows.reverse()
    return "\n".join([head, *rows])


def parquet(load: pd.Series, rng: random.Random) -> bytes:
    index = pd.DatetimeIndex(load.index)
    times = rng.choice(
        [index, index.tz_convert("America/Los_Angeles"), index.asi8 // 10**6, stamps(load, FORMS["offset"])]
    )
    frame = pd.DataFrame({"timestamp": times, "load_kw": load.to_numpy()})
    whole = io.BytesIO()
    (frame.set_index("timestamp") if rng.random() < 0.3 else frame).to_parquet(whole)
    return whole.getvalue()


def made(rng: random.Random) -> tuple[bytes, pd.Series]:
    load = truth_of(rng)
    way = rng.randrange(5)
    if way == 4:
        return parquet(load, rng), load
    text = (utility if way == 3 else plain)(load, rng)
    return text.replace("\n", rng.choice(["\n", "\r\n"])).encode(rng.choice(["utf-8", "utf-8-sig", "utf-16"])), load


def read(content: bytes) -> pd.Series:
    meter = read_meter(content, "it")
    minutes = step_minutes(pd.DatetimeIndex(meter.value.index), "it")
    return meter.value * (60 / minutes if meter.energy else 1.0)


def same(load: pd.Series) -> Callable[[pd.Series], str | None]:
    def right(answer: pd.Series) -> str | None:
        if not answer.index.equals(load.index):
            return f"{len(answer)} intervals from {answer.index[:1]} for {len(load)} from {load.index[:1]}"
        worst = float(np.abs(answer - load).max())
        return f"off by {worst:g} kW" if worst > 1e-4 else None

    return right


def valid_meter(rng: random.Random) -> Trial:
    content, load = made(rng)
    return Trial(repr(content[:700]), lambda: read(content), same(load), must_read=True)


def spoilt_meter(rng: random.Random) -> Trial:
    content, _ = made(rng)
    content = spoilt(content, rng)
    return Trial(repr(content[:1500]), lambda: read(content))


def untrue_meter(rng: random.Random) -> Trial:
    """A file that says it is something else: never read as a home's use."""
    load = truth_of(rng)
    value, when = texts(load, "kWh"), stamps(load, "%Y-%m-%d,%H:%M")
    unit = rng.choice(["therms", "ccf", "gallons", "kVAh", "amps", "banana"])
    way = rng.choice(["unit", "header", "gas", "export", "negative", "homes", "clash", "suffix"])
    head = {"header": f"DATE,START TIME,USAGE ({'therms' if unit == 'banana' else unit})"}.get(
        way, "DATE,START TIME,USAGE"
    )
    rows = [f"{t},{v}" for t, v in zip(when, value, strict=True)]
    if way == "unit":
        head, rows = head + ",UNITS", [f"{row},{unit}" for row in rows]
    elif way == "gas":
        head, rows = head + ",TYPE", [f"{row},Natural gas usage" for row in rows]
    elif way == "export":
        head, rows = (
            head + ",EXPORT (kWh)",
            [f"{row},{rng.choice(['0.00', '0.31'])}" for row in rows[1:]] + [rows[0] + ",0.5"],
        )
    elif way == "homes":
        head, rows = head + ",home", [f"{row}{k},{k}" for row in rows for k in (1, 2)]
    elif way == "clash":
        head, rows = "DATE,START TIME,USAGE (kWh),UNITS", [f"{row},Wh" for row in rows]
    elif way == "suffix":
        rows = [f"{row} {unit}" for row in rows]
    elif way == "negative":
        rows = [row.replace(f",{v}", f",-{v}") for row, v in zip(rows, value, strict=True)]
    content = "\n".join([head, *rows]).encode()

    def right(answer: pd.Series) -> str | None:
        return None if way == "negative" and (answer < 0).all() else f"read {way} {unit} as {answer.sum():.1f} kW"

    return Trial(f"{way} {unit}: {head}\n{rows[:3]}", lambda: read(content), right)


def test_valid_meter_files_are_read_to_the_last_watt(fuzz: Fuzz) -> None:
    fuzz(valid_meter, quick=8)


def test_spoilt_meter_files_never_end_in_a_traceback(fuzz: Fuzz) -> None:
    fuzz(spoilt_meter, quick=8)


def test_what_is_no_home_s_use_is_never_read_as_one(fuzz: Fuzz) -> None:
    fuzz(untrue_meter, quick=8)
