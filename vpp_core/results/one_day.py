"""One day hour by hour under every strategy: of one home, and of the whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS, local_days
from vpp_core.devices import APPLIANCES
from vpp_core.errors import InputError
from vpp_core.fleet.fleet import CATEGORIES, Fleet
from vpp_core.iso import Iso
from vpp_core.results.days import best_and_worst
from vpp_core.results.households import household_months, operable
from vpp_core.results.run import Run
from vpp_core.results.rungs import ALONE, NEGOTIATED, changes_nothing
from vpp_core.results.text import NONE, count, listed, number, score, usd
from vpp_core.tables.outcome import A_CENT

_AWARDS = ["award_kw", "car_award_kw", *(f"{device.source}_award_kw" for device in APPLIANCES)]


@dataclass(frozen=True)
class OneDay:
    """The tables of one local day; strategies in the ladder's order."""

    day: str
    home_id: int
    strategies: tuple[str, ...]
    intervals: pd.DataFrame
    """rows of `HOME_INTERVALS`, of the home and day"""
    household: pd.DataFrame
    """rows of `HOUSEHOLD_DAYS`, of the home and day"""
    windows: pd.DataFrame
    """rows of `WINDOW_RESULTS`, of the day"""
    prices: pd.DataFrame
    """rows of `MARKET_PRICES`, of the day"""
    capacity_kwh: float
    """of the home's battery"""
    iso: Iso


def one_day(run: Run, day: str, home_id: int, intervals: pd.DataFrame | None = None) -> OneDay:
    """A day of a home and the fleet. `intervals`: rows of the home where the run's own have none of it."""
    prices = _prices(run, day)
    rows = run.flat.intervals if intervals is None else intervals
    own = rows[(rows["home_id"] == home_id) & (rows["local_day"] == day)]
    if own.empty:
        raise InputError(f"the run keeps no intervals of home {home_id}; it keeps those of {_kept(run)}")
    households, windows = run.flat.households, run.flat.windows
    return OneDay(
        day,
        home_id,
        tuple(run.kpis["strategy"]),
        own,
        households[(households["home_id"] == home_id) & (households["local_day"] == day)],
        windows[windows["local_day"] == day],
        prices,
        float(run.fleet.bess_capacity_kwh[position_of(run.fleet, home_id)]),
        run.scenario.operator,
    )


def _prices(run: Run, day: str) -> pd.DataFrame:
    """The day's rows of `MARKET_PRICES`; a day outside the run is an `InputError`."""
    local = local_days(run.market_prices["timestamp"], run.timezone)
    if day not in set(local):
        raise InputError(f"day {day} is not in the run, which has {local.iloc[0]} to {local.iloc[-1]}")
    return run.market_prices[local == day]


def _kept(run: Run) -> str:
    return ", ".join(str(home) for home in sorted(run.flat.intervals["home_id"].unique()))


def position_of(fleet: Fleet, home_id: int) -> int:
    """Where a home stands in the fleet's columns; an unknown one is an `InputError`."""
    found = np.flatnonzero(fleet.home_id == home_id)
    if not len(found):
        raise InputError(
            f"home {home_id} is not in the fleet, which has homes {fleet.home_id[0]} to {fleet.home_id[-1]}"
        )
    return int(found[0])


def shown_strategy(run: Run) -> str | None:
    """The strategy that is looked at closely: the negotiated one, or else the first that does something."""
    acting = [key for key in operable(run) if not changes_nothing(key)]
    return NEGOTIATED if NEGOTIATED in acting else next(iter(acting), None)


def chosen_day(run: Run) -> tuple[OneDay, str] | None:
    """The day and home that the report shows, and how both were chosen; None where nothing was kept or done."""
    strategy = shown_strategy(run)
    if strategy is None or run.flat.intervals.empty:
        return None
    shown = best_and_worst(run, strategy)[0]
    day = shown.day
    home = busiest_home(run, strategy, day)
    words = f"{describe_home(run, home, strategy)} {busiest_sentence(run, strategy, day)}"
    why = f" The day is the one on which {strategy} made most." if shown.which == "Best" else ""
    return one_day(run, day, home), words + why


def busiest_home(run: Run, strategy: str, day: str) -> int:
    """Of the homes whose intervals are kept, the one with the largest awards on a day: energy, and reserve held."""
    _prices(run, day)
    sums = _awards(run, strategy, day)
    if sums.empty:
        raise InputError(f"the run keeps no intervals of {strategy} on {day}")
    return int(sums.index[int(np.argmax(sums.to_numpy()))])


def _awards(run: Run, strategy: str, day: str) -> pd.Series:
    """Awards of energy and reserve on a day, added up by home [kW-intervals]."""
    rows = run.flat.intervals
    rows = rows[(rows["strategy"] == strategy) & (rows["local_day"] == day)]
    return rows[[*_AWARDS, "spin_kw", "nonspin_kw"]].abs().sum(axis=1).groupby(rows["home_id"]).sum()


def busiest_sentence(run: Run, strategy: str, day: str) -> str:
    """How `busiest_home` chooses."""
    kept = run.flat.intervals["home_id"].nunique()
    if kept == 1:
        return "It is the only home whose intervals are kept."
    if not _awards(run, strategy, day).any():
        return (
            f"Of the {count(kept, 'home')} whose intervals are kept it is the first: none was awarded energy or "
            f"reserve under {strategy} on {day}."
        )
    return (
        f"Of the {count(kept, 'home')} whose intervals are kept it is the one with the largest awards of energy and "
        f"reserve under {strategy} on {day}."
    )


def describe_home(run: Run, home_id: int, strategy: str) -> str:
    """What a home has, and what the period brought it beside the others like it, in two sentences."""
    fleet = run.fleet
    at = position_of(fleet, home_id)
    cars = int((fleet.cars.home == at).sum())
    has = [
        f"a battery of {number(fleet.bess_capacity_kwh[at], 1)} kWh and {number(fleet.bess_max_power_kw[at], 1)} kW"
        if fleet.has_battery[at]
        else "no battery",
        f"{number(fleet.pv_capacity_kw[at], 1)} kW of solar" if fleet.has_pv[at] else "no solar",
        count(cars, "electric car") if cars else "no electric car",
    ]
    has += [
        f"a {device.words} that may be moved"
        for device in APPLIANCES
        if (fleet.appliances[device.name].home == at).any()
    ]
    months = household_months(run)
    gains = months[months["strategy"] == strategy].set_index("home_id")["gain_usd"]
    alike = fleet.home_id[fleet.has_battery == fleet.has_battery[at]]
    others = "homes with a battery" if fleet.has_battery[at] else "homes without a battery"
    category = CATEGORIES[int(fleet.category[at])]
    beside = f", the median of {others} {usd(gains[gains.index.isin(alike)].median())}" if len(alike) > 1 else ""
    return (
        f"Home {home_id} has {listed(has)}; its preferences are {category}. Its gain over the "
        f"period under {strategy} is {usd(gains[home_id])}{beside}.{_why_it_loses(run, home_id, strategy)}"
    )


def _why_it_loses(run: Run, home_id: int, strategy: str) -> str:
    """What costs a home more than it is paid, the largest first; empty where it does not lose a cent."""
    rows = run.flat.months
    own = rows[(rows["strategy"] == strategy) & (rows["home_id"] == home_id)].sum(numeric_only=True)
    if not own["household_gain_usd"] <= -A_CENT:
        return ""
    costs = {
        "its bill is higher by": own["bill_change_usd"],
        "its battery wears more by": own["wear_change_usd"],
        "its stores end with less by": -own["end_energy_usd"],
        "it pays the VPP": -own["payment_usd"],
    }
    told = [
        f"{words} {usd(cost)}" for words, cost in sorted(costs.items(), key=lambda pair: -pair[1]) if cost >= A_CENT
    ]
    paid = f", and it is paid {usd(own['payment_usd'])}" if own["payment_usd"] > 0 else ""
    return f" It loses because {listed(told)}{paid}."


def home_table(one: OneDay) -> pd.DataFrame:
    """Display rows: what the day brought the home under each strategy."""
    sums = one.intervals.groupby("strategy")
    held = sums[["spin_kw", "nonspin_kw"]].sum().sum(axis=1) * INTERVAL_HOURS
    awards = one.intervals[_AWARDS].abs().sum(axis=1)
    cleared = awards.groupby(one.intervals["strategy"]).sum() * INTERVAL_HOURS
    rows = rows_of(one)
    bounds = {key for key, row in rows.items() if np.isnan(row["payment_usd"])}
    return pd.DataFrame(
        [
            {
                "strategy": key,
                "paid": usd(row["payment_usd"]),
                "rise of bill": usd(row["bill_change_usd"]),
                "rise of wear": usd(row["wear_change_usd"]),
                "stored more": usd(row["end_energy_usd"]),
                "gain": usd(row["household_gain_usd"]),
                "moved out [kWh]": number(moved_out_kwh(one, key)),
                "discharged for the VPP [kWh]": number(row["discharged_for_vpp_kwh"]),
                "cleared [kWh of deviation]": NONE if key in bounds else number(cleared.get(key, 0.0)),
                "reserve held [kW-h]": number(held.get(key, 0.0)),
                "satisfaction": score(row["satisfaction"]),
            }
            for key, row in ((key, rows[key]) for key in one.strategies if key in rows)
        ]
    )


def rows_of(one: OneDay) -> dict[str, dict[Any, Any]]:
    """The home's row of `HOUSEHOLD_DAYS` under each strategy."""
    return {row["strategy"]: row for row in one.household.to_dict("records")}


def moved_out_kwh(one: OneDay, strategy: str) -> float | None:
    """What the home's devices gave more, or took less, than without a VPP; None where that was not run."""
    ran = one.intervals["strategy"]
    alone, own = (one.intervals[ran == key].reset_index(drop=True) for key in (ALONE, strategy))
    if alone.empty or own.empty:
        return None
    apart = (
        own["battery_kw"] - alone["battery_kw"],
        alone["car_kw"] - own["car_kw"],
        *(alone[f"{device.source}_kw"] - own[f"{device.source}_kw"] for device in APPLIANCES),
    )
    return float(sum(more.clip(lower=0).sum() for more in apart) * INTERVAL_HOURS)


def fleet_table(one: OneDay) -> pd.DataFrame:
    """Display rows: what stores moved on the day under each strategy, and what cleared; a bound trades nothing."""
    sums = one.windows.groupby("strategy").sum(numeric_only=True, min_count=1).to_dict("index")

    def traded(row: Mapping[Any, Any], column: str) -> str:
        return NONE if np.isnan(row["payment_usd"]) else number(row[column], 0)

    return pd.DataFrame(
        [
            {
                "strategy": key,
                "surplus": usd(row["surplus_usd"]),
                "moved out [kWh]": number(row["moved_out_kwh"], 0),
                "moved in [kWh]": number(row["moved_in_kwh"], 0),
                "cleared for sale [kWh of deviation]": traded(row, "awarded_sell_kwh"),
                "cleared to buy [kWh of deviation]": traded(row, "awarded_buy_kwh"),
                "given to no store [kWh]": traded(row, "unplaced_kwh"),
                "net injection [kWh]": number(row["net_injection_kwh"], 0),
                "reserve held [kW-h]": number(row["held_spin_kw_h"] + row["held_nonspin_kw_h"], 0),
                "committed, not held [kW-h]": traded(row, "unheld_kw_h"),
                "called [kWh]": number(row["called_kwh"]) if row["called_kwh"] > 0 else NONE,
            }
            for key, row in ((key, sums[key]) for key in one.strategies if key in sums)
        ]
    )
