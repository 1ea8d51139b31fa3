"""The best and the worst day of a strategy, explained by what its books and the market show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.devices import DEVICES
from vpp_core.results.reserves import held_mw_h
from vpp_core.results.run import Run
from vpp_core.results.text import count, number, usd

PARTS = {
    **{f"wholesale_{device.source}_usd": (f"{device.plural} at wholesale", 1) for device in DEVICES},
    "reserves_usd": ("reserves", 1),
    "programme_usd": ("programmes", 1),
    "bill_change_usd": ("retail bills", -1),
    "wear_change_usd": ("battery wear", -1),
    "penalty_usd": ("penalties", -1),
    "end_energy_usd": ("stored energy carried past midnight", 1),
}
"""Kinds of money that add up to the surplus: words, and the sign with which they enter."""


_MIN_USD = 0.005


@dataclass(frozen=True)
class ExplainedDay:
    """A day, its surplus, and the sentences that explain it."""

    which: str
    day: str
    surplus_usd: float
    sentences: list[str]


def best_and_worst(run: Run, strategy: str) -> list[ExplainedDay]:
    """The days of largest and smallest surplus of a strategy; one of them where there is only one, or all are alike."""
    own = run.daily[run.daily["strategy"] == strategy].reset_index(drop=True)
    if own.empty:
        return []
    best, worst = (own.iloc[int(position(own["surplus_usd"]))] for position in (np.argmax, np.argmin))
    if len(own) == 1:
        return [_explained("Only", best, own)]
    if best["surplus_usd"] - worst["surplus_usd"] < _MIN_USD:
        return [_explained("Any", best, own)]
    return [_explained("Best", best, own), _explained("Worst", worst, own)]


def _explained(which: str, day: pd.Series, own: pd.DataFrame) -> ExplainedDay:
    return ExplainedDay(
        which, str(day["local_day"]), float(day["surplus_usd"]), [_market(day, own), _books(day, own), _bids(day)]
    )


def _market(day: pd.Series, own: pd.DataFrame) -> str:
    return (
        f"Real-time prices ran from {usd(day['lmp_min_usd_per_mwh'])} to {usd(day['lmp_max_usd_per_mwh'])}/MWh with a "
        f"mean of {usd(day['lmp_mean_usd_per_mwh'])}"
        + (f"; on the mean day they reach {usd(own['lmp_max_usd_per_mwh'].mean())}." if len(own) > 1 else ".")
    )


def _books(day: pd.Series, own: pd.DataFrame) -> str:
    """The surplus, and the part of the books that sets this day apart from the mean day."""
    apart = {words: sign * (day[name] - own[name].mean()) for name, (words, sign) in PARTS.items() if name in day.index}
    largest = max(apart, key=lambda words: abs(apart[words]))
    if len(own) == 1:
        return f"Surplus {usd(day['surplus_usd'])}."
    sentence = f"Surplus {usd(day['surplus_usd'])}, the mean day's being {usd(own['surplus_usd'].mean())}"
    if abs(apart[largest]) < _MIN_USD:
        return sentence + "."
    side = "above" if apart[largest] > 0 else "below"
    return f"{sentence}; what sets it apart most is {largest}, {usd(abs(apart[largest]))} {side} the mean day."


def _bids(day: pd.Series) -> str:
    cleared = day["cleared_sell_mwh"] + day["cleared_buy_mwh"] + day["unplaced_mwh"]
    offered = day["offered_sell_mwh"] + day["offered_buy_mwh"]
    held = held_mw_h(day)
    reserve = f" {number(held)} MW-h of reserve were held." if held > 0 else ""
    small = int(day["bids_below_minimum"])
    below = f"; in {count(small, 'window')} a direction stayed below the minimum bid" if small else ""
    energy = (
        f"{number(day['bids_cleared'], 0)} of {count(day['bids_submitted'], 'energy bid')} cleared in some part, "
        f"{number(cleared)} of {number(offered)} MWh of deviation; stores moved "
        f"{number(day['moved_out_mwh'])} MWh out and {number(day['moved_in_mwh'])} in"
        if day["bids_submitted"] > 0
        else "No energy was bid"
    )
    return f"{energy}{below}.{reserve}"
