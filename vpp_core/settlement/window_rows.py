"""A strategy's market windows as columns: what was bid, awarded, delivered and earned, homes added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats
from vpp_core.llm.usage import Usage
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import NONSPIN, SPIN, Layout
from vpp_core.settlement.books import Books
from vpp_core.settlement.grouping import Groups
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.tables import WINDOW_RESULTS

QUANTILES = ("p10", "p50", "p90")
"""of a forecast, in order"""


def window_columns(
    inputs: Inputs,
    trajectory: Trajectory,
    counterfactual: Trajectory,
    books: Books,
    money: dict[str, Floats],
    bids: Sequence[Bid],
    groups: Groups,
) -> dict[str, np.ndarray]:
    """Columns of `WINDOW_RESULTS` but for its keys and violations, shape (W,)."""
    energy = INTERVAL_HOURS
    total = {name: groups.window_sum(values.sum(axis=1)) for name, values in money.items()}
    length = inputs.windows.length
    award, delivered, stores = trajectory.award_kw, books.delivered_kw, inputs.stores
    batteries, cars = (stores.of_kind(name) for name in ("battery", "car"))
    moved_kw = trajectory.net_kw - counterfactual.net_kw

    def window_kwh(values: Floats) -> Floats:
        return groups.window_sum(values.sum(axis=1)) * energy

    hours = length * energy
    return {
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
        **total,
    }


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
                "expected_margin_usd": decision.expected_margin_usd if asked.any() and sell + buy > 0 else 0.0,
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
