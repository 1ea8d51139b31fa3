"""In how few market windows the money is made: a month's surplus often hangs on a handful of hours.

Windows are counted from the best one down until they bring a share of the month's surplus. Money is booked where it
flows: energy bought cheaply in one window and sold dearly in another is a cost here and an income there, so the best
windows can bring more than the month does, and the rest then take some of it back.
"""

from __future__ import annotations

import numpy as np

from vpp_core.results.run import Run
from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.statistics import Floats
from vpp_core.results.text import number, percent

SHARE = 0.9
ABOVE_ALL = (
    "Energy bought in one window and sold in another is a cost here and an income there: the best windows together can "
    "bring more than the period does, and the others take some of it back."
)


def best_first(surplus: Floats) -> Floats:
    """Cumulative share of the total, best window first, shape (W,); NaN where the total is not above 0."""
    total = float(np.sum(surplus))
    cumulative: Floats = np.cumsum(np.sort(np.asarray(surplus, dtype=np.float64))[::-1])
    return cumulative / total if total > 0 else np.full(len(surplus), np.nan)


def windows_for(surplus: Floats, share: float = SHARE) -> int | None:
    """How many windows, best first, bring `share` of the total; None where the total is not above 0."""
    reached = best_first(surplus) >= share - 1e-12
    return int(np.argmax(reached)) + 1 if reached.any() else None


def window_surplus(run: Run, strategy: str) -> Floats:
    """Surplus of each market window [$], shape (W,)."""
    own: Floats = run.flat.windows.loc[run.flat.windows["strategy"] == strategy, "surplus_usd"].to_numpy(dtype=float)
    return own


def concentration_sentence(run: Run, strategy: str = NEGOTIATED) -> str:
    """How few windows carry the surplus; empty where there is none to carry."""
    surplus = window_surplus(run, strategy)
    count = windows_for(surplus) if len(surplus) else None
    if count is None:
        return ""
    top = max(1, round(0.01 * len(surplus)))
    best = 100 * best_first(surplus)[top - 1]
    few = "the best 1 % of windows" if len(surplus) >= 100 else "the best one"
    return (
        f"{percent(100 * SHARE, 0)} of the {strategy} surplus came in {number(count, 0)} of {number(len(surplus), 0)} "
        f"market windows ({percent(100 * count / len(surplus))}); {few} brought {percent(best, 0)}."
    )
