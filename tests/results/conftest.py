"""Invented results: outcomes whose books close, with the mean daily surplus of each strategy chosen by the test."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.results.ladders import LOSES
from vpp_core.calendar import Month
from vpp_core.devices import APPLIANCES, money_by_device
from vpp_core.fleet.fleet import Appliances, Cars, Fleet
from vpp_core.results.claims import claims
from vpp_core.results.gap import gap_split
from vpp_core.results.kpis import kpi_daily, kpi_monthly
from vpp_core.results.run import Run
from vpp_core.scenario import Scenario
from vpp_core.settlement.reduced import household_months, household_totals
from vpp_core.tables import (
    HOME_INTERVALS,
    HOUSEHOLD_DAYS,
    HOUSEHOLD_MONTHS,
    HOUSEHOLD_TOTALS,
    MARKET_PRICES,
    OUTCOMES,
    WINDOW_RESULTS,
)
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS, VIOLATIONS

BOUNDS = ("perfect_foresight_aware", "perfect_foresight")


@dataclass(frozen=True)
class Invented:
    """What `invent` makes: the inputs of every function in results."""

    outcomes: pa.Table
    scenario: Scenario
    month: Month
    prices: pd.DataFrame
    fleet: Fleet


@pytest.fixture(scope="session")
def invent() -> Callable[..., Invented]:
    """Make a run: `invent({"negotiated": 20.0, …}, days=5, homes=4)`, values in $ a day. The same run is made once."""
    return _once(_invent)


def _once(make: Callable) -> Callable:
    made: dict[bytes, object] = {}
    usual = inspect.signature(_invent)

    def remembered(*args, **kwargs):
        own = usual.bind(*args, **kwargs)
        own.apply_defaults()
        key = pickle.dumps(sorted(own.arguments.items()))
        if key not in made:
            made[key] = make(*args, **kwargs)
        return made[key]

    return remembered


@pytest.fixture(scope="session")
def run_of(invent):
    """A report's record from an invented run."""

    def make(surplus=LOSES, **options) -> Run:
        made = invent(surplus, **options)
        daily = kpi_daily(made.outcomes, made.scenario, made.month, made.prices)
        kpis = kpi_monthly(made.outcomes, made.scenario, made.month, made.fleet)
        source = pd.DataFrame({"source": ["synthetic", "tmy"]})
        return Run(
            kpis,
            daily,
            gap_split(daily),
            claims(kpis, daily),
            made.outcomes,
            made.scenario,
            made.month,
            made.prices,
            source,
            source,
            pd.DataFrame(),
            made.fleet,
            {"command": "vpp run"},
        )

    return _once(make)


def _invent(
    surplus: Mapping[str, float] = LOSES,
    days: int = 5,
    homes: int = 4,
    noise: float = 0.5,
    gains: Mapping[str, float] | None = None,
    violations: Mapping[str, int] | None = None,
) -> Invented:
    """`gains`: share of the surplus that households get (default 0.5); `violations`: of backup, a day and strategy."""
    scenario = Scenario(name="invented", homes=homes, first_days=days)
    month = Month.parse("2023-08")
    period = scenario.period(month)
    rng = np.random.default_rng(1)
    lmp = 40 + 30 * np.sin(np.arange(len(period)) / 96 * 2 * np.pi) + rng.normal(0, 3, len(period))
    prices = pd.DataFrame({c.name: None for c in MARKET_PRICES.columns}, index=range(len(period)))
    prices = prices.assign(
        timestamp=period.timestamps,
        node="DLAP_SCE-APND",
        lmp_usd_per_mwh=lmp,
        lmp_source=np.where(np.arange(len(period)) < len(period) // 2, "file", "synthetic"),
    )
    shock = rng.normal(0, noise, days)
    rows = []
    windows = period.windows(60).starts
    day_of = windows.tz_convert("America/Los_Angeles").strftime("%Y-%m-%d")
    starts_of = {day: windows[day_of == day] for day in period.days}
    quarters_of = {day: _quarters(starts) for day, starts in starts_of.items()}
    for strategy, mean in surplus.items():
        bound = strategy in BOUNDS
        for position, day in enumerate(period.days):
            own = rng.normal(0, 0.1 * abs(mean)) if not bound else 0.0
            total = mean * (1 + shock[position]) + own if strategy != "no_vpp" else 0.0
            starts = list(starts_of[day])
            share = (gains or {}).get(strategy, 0.5)
            broken = (violations or {}).get(strategy, 0)
            rows.append(
                {
                    "strategy": strategy,
                    "local_day": day,
                    "surplus_usd": total,
                    "bound_gap_usd": 0.25 if bound and position == 0 else None,
                    "windows": _windows(strategy, day, starts, total, share, bound, rng),
                    "households": _households(strategy, day, homes, total, share, bound, broken),
                    "intervals": _intervals(strategy, quarters_of[day], day, min(homes, 2)),
                }
            )
    _reduce(rows)
    outcomes = pa.Table.from_pylist(rows, schema=OUTCOMES.schema)
    return Invented(outcomes, scenario, month, prices, _fleet(homes))


def _reduce(rows: list[dict[str, Any]]) -> None:
    """Add what is kept of all households, made of their days as a run makes it."""
    days = HOUSEHOLD_DAYS.arrow(pd.DataFrame([day for row in rows for day in row["households"]])).to_pandas()
    totals_of: dict[tuple[str, str], list] = {(row["strategy"], row["local_day"]): [] for row in rows}
    months_of: dict[str, list] = {row["strategy"]: [] for row in rows}
    for one in HOUSEHOLD_TOTALS.arrow(household_totals(days)).to_pylist():
        totals_of[one["strategy"], one["local_day"]].append(one)
    for one in HOUSEHOLD_MONTHS.arrow(household_months(days)).to_pylist():
        months_of[one["strategy"]].append(one)
    for row in rows:
        row["household_totals"] = totals_of[row["strategy"], row["local_day"]]
        row["household_months"] = months_of.pop(row["strategy"], [])  # with the first day


def _money(total: float, gain: float, bound: bool) -> dict[str, float | None]:
    """Books of a surplus: wholesale 1.5 of it, bill 0.4, wear 0.1; payments make the gain."""
    return {
        "wholesale_usd": 1.5 * total,
        **dict.fromkeys((*money_by_device("wholesale"), *money_by_device("surplus")), 0.0),
        "wholesale_battery_usd": 1.2 * total,
        "wholesale_ev_usd": 0.3 * total,
        "reserve_usd": 0.0,
        "call_usd": 0.0,
        "programme_usd": 0.0,
        "bill_change_usd": 0.4 * total,
        "wear_change_usd": 0.1 * total,
        "penalty_usd": 0.0,
        "end_energy_usd": 0.0,
        "surplus_usd": total,
        "surplus_battery_usd": 0.7 * total,
        "surplus_ev_usd": 0.3 * total,
        "surplus_reserves_usd": 0.0,
        "payment_usd": None if bound else gain + 0.5 * total,
    }


def _windows(strategy, day, starts, total, share, bound, rng):
    rows = []
    active = strategy not in ("no_vpp", "smart_home") and not bound
    for number, start in enumerate(starts):
        offers = active and number % 2 == 0
        row = {c.name: 0 for c in WINDOW_RESULTS.columns}
        row |= {
            "strategy": strategy,
            "window_start": start,
            "local_day": day,
            "lmp_mean_usd_per_mwh": 40.0,
            "forecast_p50_usd_per_mwh": 38.0,
            "bid_sell_kw": 120.0 if offers else 0.0,
            "bid_sell_usd_per_mwh": 90.0 if offers else None,
            "bid_buy_usd_per_mwh": None,
            "feasible_kw": 200.0,
            "below_minimum": bool(active and number % 8 == 1),
            "expected_margin_usd": 1.1 * total / len(starts),
            "awarded_sell_kwh": 60.0 if offers and number % 4 == 0 else 0.0,
            "delivered_sell_kwh": 57.0 if offers and number % 4 == 0 else 0.0,
            "moved_out_kwh": 9.0 if strategy != "no_vpp" and number == 0 else 0.0,
            "moved_in_kwh": 10.0 if strategy != "no_vpp" and number == 1 else 0.0,
            "unplaced_kwh": 3.0 if offers and number % 4 == 0 else 0.0,
            "missed_kwh": 1.0 if offers and number % 4 == 0 else 0.0,
            "battery_discharge_kwh": 3.0,
            "battery_charge_kwh": 3.5,
            "segments": 4 if offers else 0,
            "households": 3 if offers else 0,
            "invited": 4 if active else 0,
            "offers": 4 if active else 0,
            "rounds": 2 if strategy == "negotiated" and number % 2 == 0 else 0,
            "agreed": 3 if strategy == "negotiated" and offers else 0,
            "mean_concession": 0.2 if strategy == "negotiated" and offers else None,
            "plan_satisfaction": None,
            "solver": "HiGHS" if active else None,
            "negotiation_outcome": "partly_agreed" if strategy == "negotiated" and offers else None,
            **_money(total / len(starts), share * total / len(starts), bound),
        }
        rows.append(row)
    return rows


def _households(strategy, day, homes, total, share, bound, broken):
    rows = []
    weights = np.arange(1, homes + 1) - (homes if share < 0.1 else 0)  # a small share leaves some with a loss
    weights = weights / abs(weights).sum() if weights.any() else np.full(homes, 1 / homes)
    for home in range(homes):
        gain = share * total * float(weights[home]) if share >= 0.1 else float(weights[home])
        if strategy == "no_vpp":
            gain = 0.0
        score = None if bound else 0.9 if strategy != "centralized" else 0.6
        rows.append(
            {
                "strategy": strategy,
                "local_day": day,
                "home_id": home,
                **_money(total / homes, gain, bound),
                "household_gain_usd": None if bound else gain,
                "agreed_payment_usd": None if bound else gain,
                "discharged_for_vpp_kwh": 1.0,
                "deviation_kwh": 2.0,
                "offered_kwh": 5.0,
                "battery_discharge_kwh": 6.0,
                "bill_counterfactual_usd": 4.0,
                **{f"satisfaction_{name}": score for name in SATISFACTION_COMPONENTS},
                "satisfaction_ev_ready": None,
                "satisfaction": score,
                **{f"violations_{kind}": None if bound else 0 for kind in VIOLATIONS},
                "violations_backup": None if bound else broken if home == 0 else 0,
            }
        )
    return rows


def _quarters(starts):
    """Each quarter hour of windows, and its local hour."""
    stamps = pd.date_range(starts[0], periods=4 * len(starts), freq="15min")
    return list(zip(stamps, stamps.tz_convert("America/Los_Angeles").hour.tolist(), strict=True))


def _intervals(strategy, quarters, day, homes):
    """Of the first homes: the second holds twice the reserve, and strategies that act sell in the evening."""
    acts = strategy != "no_vpp"
    rows = []
    for home in range(homes):
        usual = {c.name: 0.0 for c in HOME_INTERVALS.columns}
        usual |= {"strategy": strategy, "local_day": day, "home_id": home, "stored_kwh": 5.0 + home}
        usual |= {"spin_kw": 1.0 + home if acts else 0.0, "award_kw": 0.0, "battery_kw": 0.0, "car_kw": 0.0}
        usual |= {"backup_kwh": 2.0, "own_surplus_kw": -0.5, "injection_kw": -0.5}
        evening = {19: {"award_kw": 2.0, "battery_kw": 1.0}, 20: {"car_kw": -0.5}} if acts else {}
        rows += [usual | {"timestamp": stamp} | evening.get(hour, {}) for stamp, hour in quarters]
    return rows


def _fleet(homes: int) -> Fleet:
    of_homes = np.arange(homes)
    numbers = {
        name: np.full(homes, value)
        for name, value in {
            "bess_capacity_kwh": 10.0,
            "bess_max_power_kw": 5.0,
            "bess_charge_efficiency": 0.95,
            "bess_discharge_efficiency": 0.95,
            "bess_min_soc": 0.1,
            "bess_max_soc": 1.0,
            "bess_initial_soc": 0.5,
            "bess_degradation_usd_per_kwh": 0.03,
            "pv_capacity_kw": 6.0,
            "pv_system_efficiency": 1.0,
            "participation_willingness": 0.7,
            "min_compensation_usd_per_kwh": 0.1,
            "moving_ask_usd_per_kwh": 0.02,
            "opening_ask_usd_per_kwh": 0.2,
            "backup_power_hours": 4.0,
            "max_discharge_share": 0.6,
        }.items()
    }
    cars = Cars(**{name: np.zeros(0) for name in Cars.__dataclass_fields__})
    return Fleet(
        seed=42,
        home_id=of_homes,
        category=(of_homes % 3).astype(np.int8),
        aggregation_id=of_homes * 0,
        load_profile_id=of_homes,
        pv_orientation=(of_homes * 0).astype(np.int8),
        ev_priority=(of_homes * 0).astype(np.int8),
        cars=cars,
        appliances={device.name: Appliances.none() for device in APPLIANCES},
        **numbers,
    )
