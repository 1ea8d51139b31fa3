"""A strategy's result as tables: a row per market window, a row per household and day, and both nested in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.llm.usage import Usage
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import NONSPIN, SPIN, Layout
from vpp_core.settlement.books import Books, make_books
from vpp_core.settlement.grouping import Groups, sum_by_home
from vpp_core.settlement.home_intervals import home_intervals, kept_homes
from vpp_core.settlement.home_windows import home_windows
from vpp_core.settlement.preferences import Deviations, day_components, violations
from vpp_core.settlement.programme_days import programme_days
from vpp_core.settlement.programmes import measured
from vpp_core.settlement.satisfaction import satisfaction
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.tables import HOME_INTERVALS, HOME_WINDOWS, HOUSEHOLD_DAYS, OUTCOMES, PROGRAMME_DAYS, WINDOW_RESULTS
from vpp_core.tables.outcome import VIOLATIONS

QUANTILES = ("p10", "p50", "p90")
"""of a forecast, in order"""


@dataclass(frozen=True, repr=False)
class Settled:
    """The flat tables of one strategy's period, and the bound's gap where it is one."""

    strategy: str
    windows: pd.DataFrame
    households: pd.DataFrame
    home_windows: pd.DataFrame
    """windows in which a home was awarded or paid something (`home_windows`)"""
    intervals: pd.DataFrame
    """of a few homes (`home_intervals`)"""
    programmes: pd.DataFrame
    """what events showed and programmes paid (`programme_days`)"""
    bound_gap_usd: float | None

    def __repr__(self) -> str:
        gap = "" if self.bound_gap_usd is None else f", at most {self.bound_gap_usd:,.2f} $ below the best"
        return (
            f"<{type(self).__name__} of {self.strategy}: {self.households['local_day'].nunique()} days, "
            f"{len(self.windows):,} windows, {self.households['home_id'].nunique():,} homes, surplus over no VPP "
            f"{self.households['surplus_usd'].sum():,.2f} ${gap}>"
        )


@dataclass(frozen=True, repr=False)
class Outcome(Settled):
    """The same of a run, with what its stores did, and timings that go to a run log."""

    trajectory: Trajectory
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OutcomeTables:
    """The flat forms of an outcomes table."""

    windows: pd.DataFrame
    households: pd.DataFrame
    home_windows: pd.DataFrame
    intervals: pd.DataFrame
    programmes: pd.DataFrame
    days: pd.DataFrame


def settle(
    inputs: Inputs,
    strategy: str,
    trajectory: Trajectory,
    counterfactual: Trajectory,
    bids: Sequence[Bid],
    bound_gap_usd: float | None = None,
    kept: Ints | None = None,
    enrolled: bool = True,
) -> Outcome:
    """Make the books of a trajectory.

    Parameters
    ----------
    inputs : Inputs
        The period: T intervals, W windows, N homes, S stores.
    strategy : str
        Key of the strategy, which rows carry.
    trajectory : Trajectory
        What its stores did.
    counterfactual : Trajectory
        What they would have done without a VPP.
    bids : sequence of Bid
        One per window; a bound has none, and pays nothing.
    bound_gap_usd : float, optional
        Of a bound, by how much its value may fall short of the best [$].
    kept : array of int, optional
        Positions of the homes whose intervals and windows are kept, where these homes are a part of a fleet.
    enrolled : bool, default True
        Whether it takes part in the scenario's programmes, as homes without a VPP do not.

    Returns
    -------
    Outcome
        Rows per window, per household and day, per interval of a few homes, and the trajectory.
    """
    groups = Groups(inputs)
    programmes = measured(inputs, trajectory, counterfactual) if enrolled else []
    books = make_books(inputs, trajectory, counterfactual, programmes)
    moved = Deviations.of(inputs, trajectory)
    operable = bool(bids)
    breaches = violations(inputs, trajectory, counterfactual, moved)
    by_window = {kind: groups.window_any(breach) for kind, breach in breaches.items()}
    money = books.money if operable else {**books.money, "payment_usd": np.full_like(books.injection_kw, np.nan)}
    windows = _window_rows(inputs, trajectory, counterfactual, books, money, bids, groups)
    households = _household_rows(inputs, trajectory, books, money, moved, groups)
    for kind in VIOLATIONS:
        windows[f"violations_{kind}"] = _counts(by_window[kind].sum(axis=1), operable)
        per_day = groups.window_days_sum(by_window[kind].astype(np.int64))
        households[f"violations_{kind}"] = _counts(per_day.ravel(), operable)
    for frame in (windows, households):
        frame.insert(0, "strategy", strategy)
    intervals = home_intervals(inputs, strategy, trajectory, kept_homes(inputs.fleet) if kept is None else kept)
    paid = home_windows(inputs, strategy, trajectory, books, money["payment_usd"], groups, kept)
    by_programme = programme_days(inputs, strategy, programmes)
    return Outcome(strategy, windows, households, paid, intervals, by_programme, bound_gap_usd, trajectory)


def _counts(values: npt.NDArray[Any], operable: bool) -> pd.Series[int]:
    counts = pd.Series(values, dtype="Int64")
    return counts if operable else counts.mask(counts.notna())


def _window_rows(
    inputs: Inputs,
    trajectory: Trajectory,
    counterfactual: Trajectory,
    books: Books,
    money: dict[str, Floats],
    bids: Sequence[Bid],
    groups: Groups,
) -> pd.DataFrame:
    energy = INTERVAL_HOURS
    total = {name: groups.window_sum(values.sum(axis=1)) for name, values in money.items()}
    length = inputs.windows.length
    award, delivered, stores = trajectory.award_kw, books.delivered_kw, inputs.stores
    batteries, cars, heaters = (stores.of_kind(name) for name in ("battery", "car", "water_heater"))
    moved_kw = trajectory.net_kw - counterfactual.net_kw

    def window_kwh(values: Floats) -> Floats:
        return groups.window_sum(values.sum(axis=1)) * energy

    days = np.asarray(inputs.period.days)
    hours = length * energy
    frame = {
        "window_start": inputs.windows.starts,
        "local_day": days[groups.day_of_window],
        "lmp_mean_usd_per_mwh": groups.window_sum(inputs.lmp_usd_per_mwh) / length,
        **{f"forecast_{name}_usd_per_mwh": inputs.forecast_usd_per_mwh[:, 0, at] for at, name in enumerate(QUANTILES)},
        "spin_usd_per_mw_h": groups.window_sum(inputs.price[SPIN]) / length,
        "nonspin_usd_per_mw_h": groups.window_sum(inputs.price[NONSPIN]) / length,
        **_bid_columns(inputs.layout, bids, groups.windows),
        "committed_spin_kw": window_kwh(trajectory.spin_kw) / hours + window_kwh(trajectory.short_spin_kw) / hours,
        "committed_nonspin_kw": window_kwh(trajectory.nonspin_kw) / hours
        + window_kwh(trajectory.short_nonspin_kw) / hours,
        "awarded_sell_kwh": window_kwh(np.maximum(award, 0.0)),
        "awarded_buy_kwh": window_kwh(np.maximum(-award, 0.0)),
        "delivered_sell_kwh": window_kwh(np.where(award > 0, delivered, 0.0)),
        "delivered_buy_kwh": window_kwh(np.where(award < 0, -delivered, 0.0)),
        "unplaced_kwh": window_kwh(trajectory.short_energy_kw),
        "missed_kwh": window_kwh(np.abs(trajectory.missed_kw)),
        "moved_out_kwh": window_kwh(np.maximum(moved_kw, 0.0)),
        "moved_in_kwh": window_kwh(np.maximum(-moved_kw, 0.0)),
        "held_spin_kw_h": window_kwh(trajectory.spin_kw),
        "held_nonspin_kw_h": window_kwh(trajectory.nonspin_kw),
        "undeliverable_kw_h": window_kwh(books.undeliverable_kw),
        "unheld_kw_h": window_kwh(trajectory.short_spin_kw + trajectory.short_nonspin_kw),
        "called_kwh": window_kwh(trajectory.called_kw),
        "delivered_call_kwh": window_kwh(books.delivered_call_kw),
        "net_injection_kwh": window_kwh(books.injection_kw),
        "stored_kwh": trajectory.energy_kwh[length - 1 :: length, batteries].sum(axis=1),
        "battery_discharge_kwh": window_kwh(trajectory.discharge_kw[:, batteries]),
        "battery_charge_kwh": window_kwh(trajectory.charge_kw[:, batteries]),
        "ev_charge_kwh": window_kwh(trajectory.charge_kw[:, cars]),
        "ev_discharge_kwh": window_kwh(trajectory.discharge_kw[:, cars]),
        "heater_charge_kwh": window_kwh(trajectory.charge_kw[:, heaters]),
        **total,
    }
    return pd.DataFrame(frame)


def _bid_columns(layout: Layout, bids: Sequence[Bid], windows: int) -> dict[str, Floats]:
    """Columns about the bids; zeros and nothing for a bound."""
    rows = []
    for bid in bids:
        curve, decision = bid.curve, bid.decision
        asked = decision.segments.quantity_kw > 0
        sell, buy = float(curve.sell_total_kw.sum()), float(curve.buy_total_kw.sum())
        rows.append(
            {
                "bid_sell_kw": sell,
                "bid_sell_usd_per_mwh": curve.mean_sell_usd_per_mwh,
                "bid_buy_kw": buy,
                "bid_buy_usd_per_mwh": curve.mean_buy_usd_per_mwh,
                "feasible_kw": bid.feasible_kw,
                "below_minimum": bid.below_minimum,
                "expected_margin_usd": decision.expected_margin_usd if asked.any() else 0.0,
                "segments": int(asked.sum()),
                "households": len(np.unique(layout.home[asked])),
                "invited": decision.invited,
                "offers": decision.offers,
                "rounds": decision.rounds,
                "agreed": decision.agreed,
                "mean_concession": decision.mean_concession,
                "plan_satisfaction": decision.plan_satisfaction,
                "solver": decision.solver,
                "solver_failures": decision.solver_failures,
                "solver_gap_usd": decision.solver_gap_usd,
                "negotiation_outcome": decision.outcome,
                **decision.usage.columns(),
            }
        )
    if not rows:
        nothing = {c.name: np.nan if c.nullable else 0 for c in WINDOW_RESULTS.columns}
        names = ["bid_sell_kw", "bid_sell_usd_per_mwh", "bid_buy_kw", "bid_buy_usd_per_mwh"]
        names += ["feasible_kw", "below_minimum", "expected_margin_usd", "segments", "households"]
        names += ["invited", "offers", "rounds", "agreed", "mean_concession", "plan_satisfaction", "solver"]
        names += ["solver_failures", "solver_gap_usd", "negotiation_outcome", *Usage().columns()]
        rows = [{name: nothing[name] for name in names}] * windows
    frame = pd.DataFrame(rows)
    frame["below_minimum"] = frame["below_minimum"].astype(bool)
    for name in ("solver", "negotiation_outcome"):
        said = frame[name].astype(object)
        frame[name] = said.where(said.notna(), None)
    return {str(name): frame[name].to_numpy() for name in frame}


def _household_rows(
    inputs: Inputs,
    trajectory: Trajectory,
    books: Books,
    money: dict[str, Floats],
    moved: Deviations,
    groups: Groups,
) -> pd.DataFrame:
    operable = not np.isnan(money["payment_usd"]).any()
    day = {name: groups.day_sum(values) for name, values in money.items()}
    gain = day["payment_usd"] - day["bill_change_usd"] - day["wear_change_usd"] + day["end_energy_usd"]
    components, offered = day_components(inputs, trajectory, books, moved, np.nan_to_num(gain), groups)
    unknown = np.full_like(gain, np.nan)
    if not operable:
        components = dict.fromkeys(components, unknown)
    agreed = groups.day_sum(books.agreed_payment_usd) if operable else unknown
    given = sum_by_home(inputs, moved.taken_kwh * inputs.stores.discharge_efficiency)
    deviation = sum_by_home(inputs, np.abs(moved.kw))
    discharged = sum_by_home(inputs, trajectory.discharge_kw, "battery")
    columns = {
        **day,
        "household_gain_usd": gain,
        "agreed_payment_usd": agreed,
        "discharged_for_vpp_kwh": groups.day_sum(given),
        "deviation_kwh": groups.day_sum(deviation) * INTERVAL_HOURS,
        "offered_kwh": offered,
        "battery_discharge_kwh": groups.day_sum(discharged) * INTERVAL_HOURS,
        "bill_counterfactual_usd": groups.day_sum(books.bill_counterfactual_usd),
        **{f"satisfaction_{name}": values for name, values in components.items()},
        "satisfaction": satisfaction(components),
    }
    days = len(inputs.period.days)
    frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    frame.insert(0, "local_day", np.repeat(np.asarray(inputs.period.days), len(inputs.fleet)))
    frame.insert(1, "home_id", np.tile(inputs.fleet.home_id.astype(np.int64), days))
    return frame


def outcomes_to_arrow(outcomes: Sequence[Settled]) -> pa.Table:
    """Put outcomes into one table: a row per strategy and local day, with the day's rows of the flat tables.

    Parameters
    ----------
    outcomes : sequence of Settled
        Of the strategies, in ladder order.

    Returns
    -------
    pyarrow.Table
        Rows of `OUTCOMES`.
    """
    parts = []
    for outcome in outcomes:
        windows, households = WINDOW_RESULTS.arrow(outcome.windows), HOUSEHOLD_DAYS.arrow(outcome.households)
        days = list(dict.fromkeys(outcome.windows["local_day"]))
        paid, intervals = HOME_WINDOWS.arrow(outcome.home_windows), HOME_INTERVALS.arrow(outcome.intervals)
        surplus = outcome.households.groupby("local_day", sort=False)["surplus_usd"].sum().reindex(days)
        gap = [outcome.bound_gap_usd if position == 0 else None for position in range(len(days))]
        columns = [
            pa.array([outcome.strategy] * len(days)),
            pa.array(days),
            pa.array(surplus.to_numpy()),
            pa.array(gap, type=pa.float64()),
            _nest(windows, outcome.windows["local_day"], days),
            _nest(households, outcome.households["local_day"], days),
            _nest(paid, outcome.home_windows["local_day"], days),
            _nest(intervals, outcome.intervals["local_day"], days),
            _nest(PROGRAMME_DAYS.arrow(outcome.programmes), outcome.programmes["local_day"], days),
        ]
        parts.append(pa.Table.from_arrays(columns, schema=OUTCOMES.schema))
    return pa.concat_tables(parts) if parts else OUTCOMES.schema.empty_table()


def _nest(table: pa.Table, day: pd.Series, days: list[str]) -> pa.Array:
    """Rows grouped by day as lists of structs; the rows are in the order of the days, of which some may have none."""
    counts = day.value_counts(sort=False).reindex(days, fill_value=0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), table.to_struct_array().combine_chunks())


def outcome_tables(table: pa.Table) -> OutcomeTables:
    """Take an outcomes table apart into its flat forms.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of `OUTCOMES`.

    Returns
    -------
    OutcomeTables
        Frames of all strategies, in the table's order.
    """
    table = table.combine_chunks()

    def flat(column: str) -> pd.DataFrame:
        chunks = [chunk.flatten() for chunk in table[column].chunks]
        return pa.Table.from_batches([pa.RecordBatch.from_struct_array(chunk) for chunk in chunks]).to_pandas()

    days = table.select(["strategy", "local_day", "surplus_usd", "bound_gap_usd"]).to_pandas()
    return OutcomeTables(
        flat("windows"), flat("households"), flat("home_windows"), flat("intervals"), flat("programmes"), days
    )
