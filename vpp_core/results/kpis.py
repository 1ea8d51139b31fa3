"""Key figures per strategy: of the month and of each day.

Aggregates of the outcomes table and nothing else: no figure is computed in two ways, and none is set by definition.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import LOCAL_TIMEZONE, Month
from vpp_core.fleet.fleet import Fleet
from vpp_core.results.statistics import gini, jain, ratio_interval
from vpp_core.scenario import Scenario
from vpp_core.settlement.outcome import OutcomeTables, outcome_tables
from vpp_core.tables import KPI_DAILY, KPI_MONTHLY
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS, VIOLATIONS

A_CENT = 0.01
"""A household counts as worse off from a cent down: the books are kept to a cent."""

_SUMMED = (
    "surplus_usd",
    "wholesale_usd",
    "reserve_usd",
    "call_usd",
    "bill_change_usd",
    "wear_change_usd",
    "penalty_usd",
    "end_energy_usd",
    "wholesale_battery_usd",
    "wholesale_ev_usd",
)


def kpi_monthly(
    outcomes: pa.Table, scenario: Scenario, month: Month, market_prices: pd.DataFrame, fleet: Fleet
) -> pd.DataFrame:
    """The key figures of a month: a row per strategy, columns of `KPI_MONTHLY`, in the order of the outcomes.

    The percentages of perfect foresight carry a paired day-block bootstrap interval (see `statistics`).
    """
    flat = outcome_tables(outcomes)
    daily = _daily(flat, scenario, month, market_prices)
    rows = []
    for strategy in flat.days["strategy"].unique():
        windows = flat.windows[flat.windows["strategy"] == strategy]
        households = flat.households[flat.households["strategy"] == strategy]
        days = flat.days[flat.days["strategy"] == strategy]
        is_bound = bool(households["payment_usd"].isna().all())
        rows.append(
            {
                "month": str(month),
                "scenario": scenario.name,
                "strategy": strategy,
                "is_bound": is_bound,
                "homes": len(fleet),
                "days": len(days),
                "bound_gap_usd": _sum_or_none(days["bound_gap_usd"]),
                **_books(windows, households),
                **_of_perfect(daily, strategy),
                **_household_gains(households, is_bound),
                **_energy(windows, scenario),
                **_shares(windows, scenario, is_bound),
                **_batteries(windows, households, scenario, fleet),
                **_satisfaction(households),
                **_violations(households),
                **_negotiation(windows),
            }
        )
    return _typed(pd.DataFrame(rows), KPI_MONTHLY)


def kpi_daily(outcomes: pa.Table, scenario: Scenario, month: Month, market_prices: pd.DataFrame) -> pd.DataFrame:
    """The key figures of each local day: a row per strategy and day, columns of `KPI_DAILY`."""
    return _daily(outcome_tables(outcomes), scenario, month, market_prices)


def _daily(flat: OutcomeTables, scenario: Scenario, month: Month, market_prices: pd.DataFrame) -> pd.DataFrame:
    local_day = market_prices["timestamp"].dt.tz_convert(LOCAL_TIMEZONE).dt.strftime("%Y-%m-%d")
    lmp = market_prices["lmp_usd_per_mwh"].groupby(local_day).agg(["mean", "min", "max"])
    windows = dict(list(flat.windows.groupby(["strategy", "local_day"], sort=False)))
    households = dict(list(flat.households.groupby(["strategy", "local_day"], sort=False)))
    rows = []
    for strategy, day in flat.days[["strategy", "local_day"]].itertuples(index=False):
        of_day, homes = windows[(strategy, day)], households[(strategy, day)]
        is_bound = bool(homes["payment_usd"].isna().all())
        satisfaction = homes["satisfaction"].mean()
        rows.append(
            {
                "month": str(month),
                "scenario": scenario.name,
                "strategy": strategy,
                "local_day": day,
                **{f"lmp_{name}_usd_per_mwh": lmp.loc[day, name] for name in ("mean", "min", "max")},
                **_books(of_day, homes),
                **_energy(of_day, scenario),
                "households_worse_off": None if is_bound else int((homes["household_gain_usd"] <= -A_CENT).sum()),
                "satisfaction_mean": satisfaction,
                **_violations(homes),
                **{
                    name: value
                    for name, value in _negotiation(of_day).items()
                    if name in ("negotiations", "coalitions")
                },
            }
        )
    return _typed(pd.DataFrame(rows), KPI_DAILY)


def _books(windows: pd.DataFrame, households: pd.DataFrame) -> dict[str, Any]:
    """The surplus, its parts and its split. Money comes from the windows, what households got from their own rows."""
    books: dict[str, Any] = {name: float(windows[name].sum()) for name in _SUMMED}
    books["reserves_usd"] = books["reserve_usd"] + books["call_usd"]
    paid = _sum_or_none(households["payment_usd"])
    gain = _sum_or_none(households["household_gain_usd"])
    books |= {"payment_usd": paid, "household_gain_usd": gain, "vpp_profit_usd": None, "books_residual_usd": None}
    if paid is not None and gain is not None:
        profit = books["wholesale_usd"] + books["reserves_usd"] - books["penalty_usd"] - paid
        books |= {"vpp_profit_usd": profit, "books_residual_usd": books["surplus_usd"] - profit - gain}
    return books


def _of_perfect(daily: pd.DataFrame, strategy: str) -> dict[str, Any]:
    surplus = daily.set_index(["local_day", "strategy"])["surplus_usd"].unstack()  # noqa: PD010
    names = ("percent_of_perfect", "percent_of_perfect_low", "percent_of_perfect_high")
    if "perfect_foresight" not in surplus:
        return dict.fromkeys(names)
    both = surplus[[strategy, "perfect_foresight"]].to_numpy() if strategy != "perfect_foresight" else None
    if both is None:
        whole = surplus["perfect_foresight"].sum() > 0
        return dict.fromkeys(names, 100.0 if whole else None)
    share = ratio_interval(both[:, 0], both[:, 1])
    values = (None, None, None) if share is None else (share.estimate, share.low, share.high)
    return {name: None if value is None else 100 * value for name, value in zip(names, values, strict=True)}


def _household_gains(households: pd.DataFrame, is_bound: bool) -> dict[str, Any]:
    if is_bound:
        return {}
    month = households.groupby("home_id")[["household_gain_usd", "offered_kwh"]].sum()
    gain = month["household_gain_usd"].to_numpy()
    offering = month[month["offered_kwh"] > 0]
    per_kwh = (offering["household_gain_usd"] / offering["offered_kwh"]).to_numpy()
    worse = int((gain <= -A_CENT).sum())
    return {
        "gain_per_household_usd": float(gain.mean()),
        "gain_median_usd": float(np.median(gain)),
        "gain_worst_usd": float(gain.min()),
        "households_worse_off": worse,
        "households_worse_off_percent": 100 * worse / len(gain),
        "gini": gini(per_kwh),
        "jain": jain(per_kwh),
    }


def _energy(windows: pd.DataFrame, scenario: Scenario) -> dict[str, Any]:
    hours = scenario.market.window_minutes / 60
    energy = {f"offered_{side}_mwh": windows[f"bid_{side}_kw"].sum() * hours / 1000 for side in ("sell", "buy")}
    for word, column in (("cleared", "awarded"), ("delivered", "delivered")):
        energy |= {f"{word}_{side}_mwh": windows[f"{column}_{side}_kwh"].sum() / 1000 for side in ("sell", "buy")}
    energy |= {f"offered_{kind}_mw_h": windows[f"bid_{kind}_kw"].sum() * hours / 1000 for kind in ("spin", "nonspin")}
    return energy | {
        "bids_submitted": _positive(windows, "bid_sell_kw", "bid_buy_kw"),
        "bids_cleared": _positive(windows, "awarded_sell_kwh", "awarded_buy_kwh"),
        "reserve_bids": _positive(windows, "bid_spin_kw", "bid_nonspin_kw"),
        "bids_below_minimum": int(windows["below_minimum"].sum()),
    }


def _shares(windows: pd.DataFrame, scenario: Scenario, is_bound: bool) -> dict[str, Any]:
    if is_bound:
        return {"solver_failures": int(windows["solver_failures"].sum())}
    hours = scenario.market.window_minutes / 60
    offered = (windows["bid_sell_kw"] + windows["bid_buy_kw"]).sum() * hours
    cleared = (windows["awarded_sell_kwh"] + windows["awarded_buy_kwh"]).sum()
    delivered = (windows["delivered_sell_kwh"] + windows["delivered_buy_kwh"]).sum()
    bids = _positive(windows, "bid_sell_kw", "bid_buy_kw")
    cleared_bids = _positive(windows, "awarded_sell_kwh", "awarded_buy_kwh")
    expected = float(windows["expected_margin_usd"].sum())
    return {
        "bids_cleared_percent": _percent(cleared_bids, bids),
        "cleared_energy_percent": _percent(cleared, offered),
        "delivered_percent": _percent(delivered, cleared),
        "expected_margin_usd": expected,
        "expected_minus_realised_usd": expected - float(windows["surplus_usd"].sum()),
        "solver_failures": int(windows["solver_failures"].sum()),
        "cleared_of_feasible_percent": _percent(cleared, windows["feasible_kw"].sum() * hours),
    }


def _batteries(windows: pd.DataFrame, households: pd.DataFrame, scenario: Scenario, fleet: Fleet) -> dict[str, Any]:
    rated_kwh = fleet.bess_max_power_kw.sum() * len(windows) * scenario.market.window_minutes / 60
    throughput = float((windows["battery_discharge_kwh"] + windows["battery_charge_kwh"]).sum())
    discharged = households.groupby("home_id")["battery_discharge_kwh"].sum()
    own = fleet.has_battery
    cycles = discharged.reindex(fleet.home_id[own]).to_numpy() / fleet.bess_capacity_kwh[own]
    return {
        "capacity_utilisation_percent": 100 * throughput / rated_kwh if rated_kwh > 0 else 0.0,
        "cycles_per_battery": float(cycles.mean()) if own.any() else None,
    }


def _satisfaction(households: pd.DataFrame) -> dict[str, Any]:
    per_home = households.groupby("home_id")["satisfaction"].mean().dropna()
    return {
        "satisfaction_mean": households["satisfaction"].mean(),
        "satisfaction_p10": per_home.quantile(0.1) if len(per_home) else None,
        **{f"satisfaction_{name}": households[f"satisfaction_{name}"].mean() for name in SATISFACTION_COMPONENTS},
    }


def _violations(households: pd.DataFrame) -> dict[str, int]:
    names = [f"violations_{kind}" for kind in VIOLATIONS]
    if households[names].isna().all(axis=None):
        return {}
    counts = {name: int(households[name].sum()) for name in names}
    return counts | {"violations": sum(counts.values())}


def _negotiation(windows: pd.DataFrame) -> dict[str, Any]:
    with_bid = windows.loc[windows["households"] > 0, "households"]
    negotiated = windows[windows["rounds"] > 0]
    agreed = negotiated["agreed"].sum()
    concession = negotiated["mean_concession"].fillna(0.0) * negotiated["agreed"]
    return {
        "negotiations": len(negotiated),
        "coalitions": int((negotiated["households"] > 0).sum()),
        "coalition_size_mean": with_bid.mean() if len(with_bid) else None,
        "coalition_size_median": with_bid.median() if len(with_bid) else None,
        "rounds_mean": negotiated["rounds"].mean() if len(negotiated) else None,
        "agreement_percent": _percent(agreed, negotiated["invited"].sum()),
        "concession_mean": float(concession.sum() / agreed) if agreed else None,
    }


def _positive(windows: pd.DataFrame, *columns: str) -> int:
    return int((windows[list(columns)] > 0).to_numpy().sum())


def _percent(part: float, whole: float) -> float | None:
    return float(100 * part / whole) if whole > 0 else None


def _sum_or_none(values: pd.Series) -> float | None:
    return None if values.isna().all() else float(values.sum())


def _typed(frame: pd.DataFrame, contract: Any) -> pd.DataFrame:
    """The frame with the contract's columns, types and order; a figure that does not apply is null."""
    complete = frame.reindex(columns=[column.name for column in contract.columns])
    return contract.arrow(complete).to_pandas()
