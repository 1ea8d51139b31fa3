"""Data-quality rules of the input tables: what an energy data engineer looks at before believing a month.

`data_checks` gives one result per rule, passed or not, always in the same order and under the same names. *Blocking*
are faults with which a result would be wrong (a hole, a duplicate, prices no market has); the others warn. What happens
in a real market and is worth a look, such as a price above the soft cap of bids, is told and is no fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL, Period
from vpp_core.iso import column_bounds

Info = dict[str, float | int | str]
Verdict = tuple[str | None, Info]
"""A fault's sentence, or None where the rule is kept, and figures either way."""
Test = Callable[[pd.DataFrame, Period], Verdict]

COMPONENT_TOLERANCE = 0.01
STUCK_INTERVALS = 24
"""Identical prices for six hours: the longest real run seen was 17 intervals."""
DARK_HOURS = (22, 4)
"""Local hours without sun on any day of the year, south of 40° of latitude: from 22:00 to 04:00."""
WORTH_A_LOOK = "worth a look"
"""Name of the figure that is a sentence about what is unusual and no fault."""
_COMPONENTS = tuple(f"{part}_lmp_usd_per_mwh" for part in ("energy", "congestion", "loss", "ghg"))


@dataclass(frozen=True)
class CheckResult:
    """One rule's verdict on one table."""

    name: str
    passed: bool
    severity: Literal["error", "warn"]
    blocking: bool
    message: str
    metadata: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rule:
    """A named rule: what it says when kept, and a function that gives a fault's sentence (or None) and metadata."""

    name: str
    blocking: bool
    kept: str
    test: Test


def data_checks(table_name: str, frame: pd.DataFrame, period: Period) -> list[CheckResult]:
    """Apply every rule of a table. An unknown table has none."""
    results = []
    for rule in _RULES.get(table_name, ()):
        fault, metadata = rule.test(frame, period)
        severity: Literal["error", "warn"] = "error" if rule.blocking else "warn"
        results.append(CheckResult(rule.name, fault is None, severity, rule.blocking, fault or rule.kept, metadata))
    return results


def same_index(frames: Mapping[str, pd.DataFrame], period: Period) -> CheckResult:
    """All input tables of a month speak of the same intervals. `frames` by table name; the forecast is not one."""
    expected = period.timestamps
    odd = [name for name, frame in frames.items() if not pd.DatetimeIndex(frame["timestamp"].unique()).equals(expected)]
    message = (
        f"{', '.join(odd)} cover other intervals than {period.month}" if odd else "all tables cover the same intervals"
    )
    return CheckResult(
        "same_index", not odd, "error", True, message, {"tables": len(frames), "intervals": len(expected)}
    )


def source_shares(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Share of intervals by source, for each series of a table; `missing` where there is no value."""
    columns = [c for c in frame.columns if c == "source" or c.endswith("_source")]
    shares = {}
    for column in columns:
        counts = frame[column].astype(object).where(frame[column].notna(), "missing").value_counts(normalize=True)
        shares[column.removesuffix("_source")] = {str(k): float(v) for k, v in counts.sort_index().items()}
    return shares


def _complete(frame: pd.DataFrame, period: Period) -> Verdict:
    absent = period.timestamps.difference(pd.DatetimeIndex(frame["timestamp"].unique()))
    info: Info = {"expected": len(period), "missing": len(absent)}
    if len(absent):
        first = absent[0].tz_convert(period.timezone)
        return f"{len(absent)} of {len(period)} intervals missing, the first at {first:%Y-%m-%dT%H:%M}", info
    extra = pd.DatetimeIndex(frame["timestamp"].unique()).difference(period.timestamps)
    if len(extra):
        return f"{len(extra)} intervals outside {period.month}, the first at {extra[0]:%Y-%m-%dT%H:%MZ}", info
    return None, info


def _complete_by(key: str) -> Test:
    def test(frame: pd.DataFrame, period: Period) -> Verdict:
        fault, info = _complete(frame, period)
        rows = frame[key].value_counts()
        short = rows[rows != len(period)]
        if fault is None and len(short):
            fault = f"{len(short)} of {len(rows)} {key} do not have {len(period)} rows, such as {short.index[0]}"
        return fault, {**info, key: len(rows)}

    return test


def _unique_by(*key: str) -> Test:
    def test(frame: pd.DataFrame, period: Period) -> Verdict:
        twice = int(frame.duplicated(list(key)).sum())
        return (f"{twice} rows repeat their {', '.join(key)}" if twice else None), {"duplicates": twice}

    return test


def _regular(frame: pd.DataFrame, period: Period) -> Verdict:
    stamps = pd.DatetimeIndex(frame["timestamp"])
    if str(stamps.tz) != "UTC":
        return f"timestamps are in {stamps.tz}, not UTC", {}
    steps = pd.DatetimeIndex(stamps.unique()).to_series().diff().dropna()
    odd = int((steps != INTERVAL).sum())
    return (f"{odd} steps between timestamps are not 15 minutes forward" if odd else None), {"odd_steps": odd}


def _no_missing(column: str) -> Test:
    def test(frame: pd.DataFrame, period: Period) -> Verdict:
        missing = int(frame[column].isna().sum())
        return (f"{column} is missing on {missing} rows" if missing else None), {"missing": missing}

    return test


def _possible_prices(frame: pd.DataFrame, period: Period) -> Verdict:
    """Every price and part within what its market can have; a missing one is none, infinity is outside."""
    faults, info = [], Info()
    for column, bounds in column_bounds(period.iso).items():
        price = frame[column].to_numpy(dtype=float)
        outside = int((~np.isnan(price) & ~((price >= bounds.low) & (price <= bounds.high))).sum())
        info[f"outside {column}"] = outside
        if outside:
            faults.append(f"{outside} of {column} outside {bounds}")
    return "; ".join(faults) or None, info


def _usual_prices(frame: pd.DataFrame, period: Period) -> Verdict:
    limits = period.iso.prices.usual_energy
    prices = frame[["lmp_usd_per_mwh", "lmp_day_ahead_usd_per_mwh"]].to_numpy(dtype=float)
    outside = int(((prices < limits.low) | (prices > limits.high)).sum())
    low, high = _extreme(np.nanmin, prices), _extreme(np.nanmax, prices)
    info: Info = {"outside": outside, "min": low, "max": high}
    if outside:
        info[WORTH_A_LOOK] = f"{outside} prices outside {limits}, which happens; min {low:g}, max {high:g}"
    return None, info


def _extreme(function: Callable[[npt.NDArray[np.float64]], float], values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(function(known)) if len(known) else float("nan")


def _components(frame: pd.DataFrame, period: Period) -> Verdict:
    parts = frame[list(_COMPONENTS)].to_numpy(dtype=float)
    known = np.isfinite(parts).all(axis=1)
    off = np.abs(parts[known].sum(axis=1) - frame["lmp_usd_per_mwh"].to_numpy(dtype=float)[known])
    worst = float(off.max()) if known.any() else 0.0
    info: Info = {"intervals_with_components": int(known.sum()), "worst_usd_per_mwh": worst}
    return (f"the parts miss the LMP by up to {worst:.4f} $/MWh" if worst > COMPONENT_TOLERANCE else None), info


def _stuck(frame: pd.DataFrame, period: Period) -> Verdict:
    price = frame["lmp_usd_per_mwh"].to_numpy(dtype=float)
    longest, end = longest_run(price)
    info: Info = {"longest_run": longest}
    if longest >= STUCK_INTERVALS:
        return f"the LMP stays at {price[end]:g} $/MWh for {longest} intervals", info
    return None, info


def longest_run(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Length of the longest run of identical values, and the position of its last; a missing value is in none."""
    if len(values) == 0:
        return 0, 0
    start = np.concatenate([[True], ~(values[1:] == values[:-1])])
    position = np.arange(len(values))
    length = position - np.maximum.accumulate(np.where(start, position, 0)) + 1
    end = int(np.argmax(length))
    return int(length[end]), end


def _reserves(frame: pd.DataFrame, period: Period) -> Verdict:
    negative = int((frame[["spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]] < 0).sum().sum())
    return (f"{negative} reserve prices are negative" if negative else None), {"negative": negative}


def _dark(frame: pd.DataFrame, period: Period) -> Verdict:
    hour = pd.DatetimeIndex(frame["timestamp"]).tz_convert(period.timezone).hour
    night = (hour >= DARK_HOURS[0]) | (hour < DARK_HOURS[1])
    shining = int((frame["generation_kw_per_kw_installed"].to_numpy()[night] != 0).sum())
    fault = f"{shining} values between {DARK_HOURS[0]}:00 and 0{DARK_HOURS[1]}:00 are not zero" if shining else None
    return fault, {"night_values_not_zero": shining}


def _within(column: str, low: float, high: float, above: bool = False) -> Test:
    """At least `low` (above it with `above`), at most `high`."""

    def test(frame: pd.DataFrame, period: Period) -> Verdict:
        value = frame[column].to_numpy(dtype=float)
        outside = int((~((value > low if above else value >= low) & (value <= high))).sum())
        sign = ">" if above else "≥"
        return (f"{outside} values of {column} are not {sign} {low:g} and ≤ {high:g}" if outside else None), {
            "outside": outside
        }

    return test


def _says_source(frame: pd.DataFrame, period: Period) -> Verdict:
    """A value without source, or a real one with a seed, would let something drawn pass for real."""
    shares = source_shares(frame)
    info: Info = {
        f"{series}: {source}": share for series, by_source in shares.items() for source, share in by_source.items()
    }
    values = {
        "lmp": "lmp_usd_per_mwh",
        "lmp_day_ahead": "lmp_day_ahead_usd_per_mwh",
        "spin": "spin_usd_per_mw_h",
        "nonspin": "nonspin_usd_per_mw_h",
        "source": "generation_kw_per_kw_installed" if "orientation_id" in frame else "load_kw",
    }
    for series in shares:
        source = frame["source" if series == "source" else f"{series}_source"]
        seed = frame["seed" if series == "source" else f"{series}_seed"]
        if (frame[values[series]].notna() & source.isna()).any():
            return f"some values of {values[series]} do not say where they came from", info
        if (seed.notna() & (source != "synthetic")).any():
            return f"some values of {values[series]} have a seed and are not called synthetic", info
    return None, info


def _ordered_quantiles(frame: pd.DataFrame, period: Period) -> Verdict:
    crossed = int((~((frame["p10"] <= frame["p50"]) & (frame["p50"] <= frame["p90"]))).sum())
    return (f"{crossed} forecasts have crossing or missing quantiles" if crossed else None), {"crossed": crossed}


def _issued_before(frame: pd.DataFrame, period: Period) -> Verdict:
    late = int((~(frame["issued_at"] < frame["timestamp"])).sum())
    return (f"{late} forecasts were issued after their window began" if late else None), {"late": late}


_SOURCES_RULE = _Rule("says_its_source", True, "every value says where it came from", _says_source)
_REGULAR_RULE = _Rule("regular_utc_index", True, "timestamps are UTC, 15 minutes apart", _regular)

_RULES: dict[str, tuple[_Rule, ...]] = {
    "market_prices": (
        _Rule("complete", True, "every interval of the local month is there", _complete),
        _Rule("unique", True, "no interval twice", _unique_by("timestamp")),
        _REGULAR_RULE,
        _Rule("lmp_known", True, "no real-time price is missing", _no_missing("lmp_usd_per_mwh")),
        _Rule("price_possible", True, "all prices within what the market's rules can make", _possible_prices),
        _Rule("price_usual", False, "prices outside floor and cap of offers are told", _usual_prices),
        _Rule("components_add_up", False, "LMP = energy + congestion + loss + GHG where known", _components),
        _Rule("not_stuck", False, f"no price repeats {STUCK_INTERVALS} times", _stuck),
        _Rule("reserves_not_negative", True, "no reserve price is negative", _reserves),
        _SOURCES_RULE,
    ),
    "solar_generation": (
        _Rule("complete", True, "every orientation has every interval", _complete_by("orientation_id")),
        _Rule("unique", True, "no interval twice", _unique_by("timestamp", "orientation_id")),
        _REGULAR_RULE,
        _Rule("dark_at_night", True, "no generation at night", _dark),
        _Rule("possible", True, "within 0 … 1.3 kW/kW", _within("generation_kw_per_kw_installed", 0.0, 1.3)),
        _SOURCES_RULE,
    ),
    "load_profiles": (
        _Rule("complete", True, "every profile has every interval", _complete_by("profile_id")),
        _Rule("unique", True, "no interval twice", _unique_by("timestamp", "profile_id")),
        _REGULAR_RULE,
        _Rule("load_possible", True, "every load within 0 … 100 kW", _within("load_kw", 0.0, 100.0)),
        _Rule("load_above_zero", False, "every load is above zero", _within("load_kw", 0.0, np.inf, above=True)),
        _SOURCES_RULE,
    ),
    "price_forecast": (
        _Rule(
            "unique", True, "one forecast per gate, window and product", _unique_by("issued_at", "timestamp", "product")
        ),
        _Rule("quantiles_ordered", True, "p10 ≤ p50 ≤ p90", _ordered_quantiles),
        _Rule("issued_before", True, "every forecast is issued before its window", _issued_before),
    ),
}
