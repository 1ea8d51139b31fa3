"""Key figures per strategy: of the month and of each day.

Aggregates of the outcomes table and nothing else: no figure is computed in two ways, and none is set by definition.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import Month, local_days
from vpp_core.fleet.fleet import Fleet
from vpp_core.llm.limits import cost_usd
from vpp_core.llm.usage import Usage
from vpp_core.negotiation.prompt_files import prompts_version
from vpp_core.results.model_share import share_percent, whose
from vpp_core.results.rungs import BOUND, SMART
from vpp_core.results.statistics import gini, jain, ratio_interval
from vpp_core.scenario import Scenario
from vpp_core.settlement.books import MONEY
from vpp_core.settlement.outcome import OutcomeTables, outcome_tables
from vpp_core.tables import KPI_DAILY, KPI_MONTHLY
from vpp_core.tables.negotiation import FALLBACKS
from vpp_core.tables.outcome import A_CENT, SATISFACTION_COMPONENTS, VIOLATIONS

_SUMMED = tuple(name for name in MONEY if name != "payment_usd")
_COUNTED = ("bids_submitted", "bids_cleared", "reserve_bids", "bids_below_minimum", "negotiations", "coalitions")
_ENERGY = {
    **{f"bid_{side}_kw": f"offered_{side}_mwh" for side in ("sell", "buy")},
    **{f"committed_{kind}_kw": f"committed_{kind}_mw_h" for kind in ("spin", "nonspin")},
    **{f"moved_{way}_kwh": f"moved_{way}_mwh" for way in ("out", "in")},
    "unplaced_kwh": "unplaced_mwh",
    "missed_kwh": "missed_mwh",
    "unheld_kw_h": "unheld_mw_h",
    **{f"awarded_{side}_kwh": f"cleared_{side}_mwh" for side in ("sell", "buy")},
    **{f"delivered_{side}_kwh": f"delivered_{side}_mwh" for side in ("sell", "buy")},
    **{f"held_{kind}_kw_h": f"held_{kind}_mw_h" for kind in ("spin", "nonspin")},
    "undeliverable_kw_h": "undeliverable_mw_h",
    "called_kwh": "called_mwh",
    "delivered_call_kwh": "delivered_call_mwh",
}
"""Columns of window_results and what their sums are called."""


def kpi_monthly(
    outcomes: pa.Table,
    scenario: Scenario,
    month: Month,
    fleet: Fleet,
) -> pd.DataFrame:
    """Key figures of a month, from the outcomes and nothing else.

    The percentages of perfect foresight carry a paired day-block bootstrap interval (`statistics`).

    Parameters
    ----------
    outcomes : pyarrow.Table
        The table `outcomes` of all strategies.
    scenario : Scenario
        What was simulated.
    month : Month
        Of which month.
    fleet : Fleet
        The homes, for what is told per home or per battery.

    Returns
    -------
    pandas.DataFrame
        A row per strategy, columns of `KPI_MONTHLY`, in the order of the outcomes.
    """
    flat = outcome_tables(outcomes)
    sums = _sums(flat, ["strategy"], scenario)
    windows_of, months_of, totals_of = (
        dict(list(table.groupby("strategy"))) for table in (flat.windows, flat.months, flat.totals)
    )
    surplus = flat.windows.groupby(["local_day", "strategy"])["surplus_usd"].sum().unstack()  # noqa: PD010
    gaps = flat.days.groupby("strategy")["bound_gap_usd"].sum(min_count=1)
    smart = sums.loc[SMART, "surplus_usd"] if SMART in sums.index else np.nan
    rows = []
    for strategy in flat.days["strategy"].unique():
        own, windows, months = sums.loc[strategy], windows_of[strategy], months_of[strategy]
        is_bound = bool(pd.isna(own["payment_usd"]))
        rows.append(
            {
                "month": str(month),
                "scenario": scenario.name,
                "strategy": strategy,
                "is_bound": is_bound,
                "homes": len(fleet),
                "days": windows["local_day"].nunique(),
                "bound_gap_usd": gaps[strategy],
                **own,
                "surplus_per_home_usd": own["surplus_usd"] / len(fleet),
                "surplus_over_smart_home_usd": own["surplus_usd"] - smart,
                **_of_perfect(surplus, strategy, gaps.get(BOUND)),
                **({} if is_bound else _household_gains(months) | _bidding(own, windows, scenario)),
                "solver_failures": int(windows["solver_failures"].sum()),
                "solver_gap_usd": windows["solver_gap_usd"].sum(),
                **_batteries(windows, months, scenario, fleet),
                **_satisfaction(months, totals_of[strategy]),
                **_negotiation(own, windows),
                **_asked(windows, scenario),
            }
        )
    return _typed(pd.DataFrame(rows), KPI_MONTHLY)


def kpi_daily(outcomes: pa.Table, scenario: Scenario, month: Month, market_prices: pd.DataFrame) -> pd.DataFrame:
    """Key figures of each local day, from the outcomes and nothing else.

    Parameters
    ----------
    outcomes : pyarrow.Table
        The table `outcomes` of all strategies.
    scenario : Scenario
        What was simulated.
    month : Month
        Of which month.
    market_prices : pandas.DataFrame
        The period's rows of the table `market_prices`: their mean, least and largest stand beside each day.

    Returns
    -------
    pandas.DataFrame
        A row per strategy and day, columns of `KPI_DAILY`.
    """
    return _daily(outcome_tables(outcomes), scenario, month, market_prices)


def _daily(flat: OutcomeTables, scenario: Scenario, month: Month, market_prices: pd.DataFrame) -> pd.DataFrame:
    by = ["strategy", "local_day"]
    totals = flat.totals.groupby(by)
    scored = flat.totals["homes"].where(flat.totals["satisfaction"].notna(), 0)
    scored = scored.groupby([flat.totals[name] for name in by]).sum()
    local_day = local_days(market_prices["timestamp"], scenario.operator.timezone)
    lmp = market_prices["lmp_usd_per_mwh"].groupby(local_day).agg(["mean", "min", "max"])
    daily = _sums(flat, by, scenario).assign(
        satisfaction_mean=totals["satisfaction"].sum() / scored.where(scored > 0),
        households_worse_off=totals["worse_off"].sum(min_count=1),
    )
    daily = flat.days[by].merge(daily.reset_index(), on=by)
    for name in lmp:
        daily[f"lmp_{name}_usd_per_mwh"] = daily["local_day"].map(lmp[name])
    return _typed(daily.assign(month=str(month), scenario=scenario.name), KPI_DAILY)


def _sums(flat: OutcomeTables, by: list[str], scenario: Scenario) -> pd.DataFrame:
    """All figures that add up, per group: the books and their split, energy, bids, violations, negotiations.

    The market's money is summed over windows, what households got over theirs; that both agree is checked by
    `books_residual_usd`. Null where no row of a group has a value (a bound has no payments).
    """
    hours = scenario.market.window_minutes / 60
    w = flat.windows
    counted = w.assign(
        bids_submitted=_positive(w, "bid_sell_kw", "bid_buy_kw"),
        bids_cleared=_positive(w, "awarded_sell_kwh", "awarded_buy_kwh"),
        reserve_bids=_positive(w, "committed_spin_kw", "committed_nonspin_kw"),
        bids_below_minimum=w["below_minimum"].astype(int),
        # The first round also ends what nobody had an offer for.
        negotiations=((w["rounds"] > 0) & (w["invited"] > 0)).astype(int),
        coalitions=((w["rounds"] > 0) & (w["households"] > 0)).astype(int),
    )
    market = counted.groupby(by, sort=False)[[*_SUMMED, *_COUNTED, *_ENERGY]].sum()
    mega = market[list(_ENERGY)] / 1000
    energy = mega * [hours if name.endswith("_kw") else 1.0 for name in _ENERGY]
    market = market[[*_SUMMED, *_COUNTED]].join(energy.rename(columns=_ENERGY))
    kinds = [f"violations_{kind}" for kind in VIOLATIONS]
    homes = flat.totals.groupby(by, sort=False)[["payment_usd", "household_gain_usd", *kinds]].sum(min_count=1)
    sums = market.join(homes)
    sums["violations"] = sums[kinds].sum(axis=1, min_count=1)
    sums["reserves_usd"] = sums["reserve_usd"] + sums["call_usd"]
    revenue = sums["wholesale_usd"] + sums["reserves_usd"] + sums["programme_usd"]
    sums["vpp_profit_usd"] = revenue - sums["penalty_usd"] - sums["payment_usd"]
    sums["books_residual_usd"] = sums["surplus_usd"] - sums["vpp_profit_usd"] - sums["household_gain_usd"]
    return sums


def _of_perfect(surplus: pd.DataFrame, strategy: str, gap_usd: float | None) -> dict[str, Any]:
    """Divide a strategy's surplus by the proven bound: what the best schedule found makes, and its gap.

    `surplus`: of each day (rows) and strategy. The gap is one of the whole period: each day has it in proportion to
    what it makes.
    """
    names = ("percent_of_perfect", "percent_of_perfect_low", "percent_of_perfect_high")
    if BOUND not in surplus:
        return dict.fromkeys(names)
    best = surplus[BOUND].sum()
    share = ratio_interval(surplus[strategy].to_numpy(), surplus[BOUND].to_numpy(), A_CENT)
    if share is None:
        return dict.fromkeys(names)
    proven = 100 * best / (best + (0.0 if gap_usd is None or np.isnan(gap_usd) else gap_usd))
    values = (share.estimate, share.low, share.high)
    return {name: None if value is None else proven * value for name, value in zip(names, values, strict=True)}


def _household_gains(months: pd.DataFrame) -> dict[str, Any]:
    gain = months["household_gain_usd"].to_numpy()
    offering = months[months["offered_kwh"] > 0]
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


def _bidding(own: pd.Series, windows: pd.DataFrame, scenario: Scenario) -> dict[str, Any]:
    offered = own["offered_sell_mwh"] + own["offered_buy_mwh"]
    placed = own["cleared_sell_mwh"] + own["cleared_buy_mwh"]
    cleared = placed + own["unplaced_mwh"]
    feasible = windows["feasible_kw"].sum() * scenario.market.window_minutes / 60 / 1000
    expected = float(windows["expected_margin_usd"].sum())
    return {
        "bids_cleared_percent": _percent(own["bids_cleared"], own["bids_submitted"]),
        "cleared_energy_percent": _percent(cleared, offered),
        "delivered_percent": _percent(own["delivered_sell_mwh"] + own["delivered_buy_mwh"], cleared),
        "answered_percent": _percent(placed, placed + own["missed_mwh"]),
        "expected_margin_usd": expected,
        # reserves are bid day ahead, so no energy bid expected them
        "expected_minus_realised_usd": expected - (own["surplus_usd"] - own["surplus_reserves_usd"]),
        "cleared_of_feasible_percent": _percent(cleared, feasible),
    }


def _batteries(windows: pd.DataFrame, months: pd.DataFrame, scenario: Scenario, fleet: Fleet) -> dict[str, Any]:
    rated_kwh = fleet.bess_max_power_kw.sum() * len(windows) * scenario.market.window_minutes / 60
    throughput = float((windows["battery_discharge_kwh"] + windows["battery_charge_kwh"]).sum())
    discharged = months.set_index("home_id")["battery_discharge_kwh"]
    own = fleet.has_battery
    cycles = discharged.reindex(fleet.home_id[own]).to_numpy() / fleet.bess_capacity_kwh[own]
    return {
        "capacity_utilisation_percent": 100 * throughput / rated_kwh if rated_kwh > 0 else 0.0,
        "cycles_per_battery": float(cycles.mean()) if own.any() else None,
    }


def _satisfaction(months: pd.DataFrame, totals: pd.DataFrame) -> dict[str, Any]:
    """Means over household-days, and of households' means the 10 % quantile."""
    homes = totals["homes"].to_numpy()

    def mean(column: str) -> float | None:
        scored = homes[totals[column].notna().to_numpy()].sum()
        return totals[column].sum() / scored if scored else None

    per_home = months["satisfaction"].dropna()
    return {
        "satisfaction_mean": mean("satisfaction"),
        "satisfaction_p10": per_home.quantile(0.1) if len(per_home) else None,
        **{name: mean(name) for name in (f"satisfaction_{component}" for component in SATISFACTION_COMPONENTS)},
    }


def _negotiation(own: pd.Series, windows: pd.DataFrame) -> dict[str, Any]:
    with_bid = windows.loc[windows["households"] > 0, "households"]
    negotiated = windows[windows["rounds"] > 0]
    agreed = negotiated["agreed"].sum()
    concession = negotiated["mean_concession"].fillna(0.0) * negotiated["agreed"]
    return {
        "coalition_size_mean": with_bid.mean() if len(with_bid) else None,
        "coalition_size_median": with_bid.median() if len(with_bid) else None,
        "rounds_mean": negotiated["rounds"].mean() if len(negotiated) else None,
        "agreement_percent": _percent(agreed, negotiated["offers"].sum()),
        "concession_mean": float(concession.sum() / agreed) if agreed else None,
    }


def _asked(windows: pd.DataFrame, scenario: Scenario) -> dict[str, Any]:
    """What a language model was asked and came to.

    A month in which none was heard is one by rules, and one in which it took fewer of its decisions than `whose` asks
    for is mixed.
    """
    counts: dict[str, Any] = {name: int(windows[name].sum()) for name in Usage().columns()}
    heard, llm = counts["llm_answers"] > 0, scenario.negotiation.llm
    negotiated = bool((windows["rounds"] > 0).any())
    fallbacks = sum(counts[f"fallbacks_{kind}"] for kind in FALLBACKS)
    share = share_percent(counts["llm_answers"], fallbacks)
    return {
        **counts,
        "decider": whose(counts["llm_answers"], fallbacks) if negotiated else None,
        "llm_share_percent": share,
        "llm_model": llm.model if heard else None,
        "prompts": prompts_version() if heard else None,
        "llm_fallbacks": fallbacks,
        "llm_usd": cost_usd(llm, counts["llm_input_tokens"], counts["llm_output_tokens"]),
    }


def _positive(windows: pd.DataFrame, *columns: str) -> np.ndarray:
    """How many of the columns are above 0, per row."""
    return (windows[list(columns)] > 0).to_numpy().sum(axis=1)


def _percent(part: float, whole: float) -> float | None:
    return float(100 * part / whole) if whole > 0 else None


def _typed(frame: pd.DataFrame, contract: Any) -> pd.DataFrame:
    """The frame with the contract's columns, types and order; a figure that does not apply is null."""
    complete = frame.reindex(columns=[column.name for column in contract.columns])
    return contract.arrow(complete).to_pandas()
