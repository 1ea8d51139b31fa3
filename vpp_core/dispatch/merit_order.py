"""An aggregation's window program by merit order: prices on its sums, and every home on its own at those prices.

Without the limits on sums every home is on its own. Purchases and cars are taken whole where they gain. A battery
chooses shares of its sale and its reserve, the dearer first, within two lines (power and energy), a polygon whose few
corners are compared. A sum that would pass its maximum or stay below its minimum gets a price per kW: a charge or a
reward. For any prices p, what homes gain at them plus what the limits are worth,

    L(p) = Σ_homes best at p + Σ_books most · max(p, 0) − least · max(−p, 0),

is no less than the optimum (Lagrange), so the best p is the one at which a mix of homes' choices gains as much. One
price is found where the lines of the choices on its two sides meet; several by column generation (Dantzig & Wolfe,
Operations Research 8, 1960): a linear program mixes the choices found so far, its duals are the next prices. Either way
ends when gain and bound agree to `TOLERANCE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.aggregation import Answer, Window
from vpp_core.dispatch.offers import SharedLimits
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.segments import BOOKS

TOLERANCE = 1e-9
"""Relative distance of gain and bound at which prices are taken as found."""
MOST_PRICES = 300
"""Prices tried before an answer is left to the general solver."""
NOT_BETTER = "not better"
"""Status of a way that cannot gain more than is known already."""
_ROUNDING = 1e-9
_SELL, _BUY, _SPIN, _NONSPIN = range(len(BOOKS))


@dataclass(frozen=True)
class _Choice:
    """What homes choose at some prices: shares, their sums [kW] and their gain before prices [$]."""

    share: Floats
    sums_kw: Floats
    value_usd: float

    def mixed(self, other: _Choice, part: float) -> _Choice:
        """This choice, and a part of the other instead."""
        return _Choice(
            self.share + part * (other.share - self.share),
            self.sums_kw + part * (other.sums_kw - self.sums_kw),
            self.value_usd + part * (other.value_usd - self.value_usd),
        )


class MeritOrder:
    """One window of one aggregation."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._gain = np.where(window.quantity_kw > 0, window.gain_usd, 0.0)
        self._corner_x, self._corner_y, self._inside = _corners(window.shared)
        with np.errstate(divide="ignore", invalid="ignore"):
            per_kw = np.abs(np.where(window.quantity_kw > 0, window.gain_usd / window.quantity_kw, 0.0))
        self._dearest = float(per_kw.max(initial=0.0)) + 1.0

    def _choose(self, price: Floats, gain_usd: Floats | None = None) -> _Choice:
        """What homes choose at prices per kW of their sums, each for itself."""
        window = self._window
        gain = self._gain if gain_usd is None else gain_usd
        share, sums, value = _choose(
            gain, window.quantity_kw, window.aggregation.book, price, self._corner_x, self._corner_y, self._inside
        )
        return _Choice(share, sums, value)

    def bound_usd(self, price: Floats, shut: Bools, held: Bools, least_kw: float | Floats, most_kw: float) -> float:
        """L(p), which no shares can pass; a shut sum's price counts for nothing and is put above every gain."""
        price = np.where(shut, 2 * self._dearest, price)
        return _bound(self._choose(price), price, np.where(held, least_kw, 0.0), np.where(shut, 0.0, most_kw))

    def solve(
        self, shut: Bools, held: Bools, least_kw: float | Floats, most_kw: float, enough_usd: float = -np.inf
    ) -> Answer:
        """The best shares with some sums shut, some held to a minimum and all within a maximum.

        Status `NOT_BETTER` where the bound shows that they gain no more than `enough_usd`.
        """
        least = np.where(held, least_kw, 0.0)
        most = np.where(shut, 0.0, most_kw)
        quantity = self._window.quantity_kw
        barred = np.where(shut, 2 * self._dearest, 0.0)
        # A price above every gain empties a sum; its maximum of 0 makes the price worth nothing in the bound.
        choice = self._choose(barred)
        amiss = _amiss(choice.sums_kw, least, most)
        if not amiss.any():
            return Answer(choice.share, choice.value_usd, choice.value_usd, "optimal")
        if (np.bincount(self._window.aggregation.book, weights=quantity, minlength=len(BOOKS)) < least).any():
            return Answer(None, -np.inf, -np.inf, "infeasible")
        found: list[_Choice] = [choice]
        if amiss.sum() == 1:
            answer = self._one_price(found, barred, int(amiss.argmax()), least, most, enough_usd)
            if answer is not None:
                return answer
        return self._several_prices(found, barred, least, most, enough_usd)

    def _one_price(
        self, found: list[_Choice], barred: Floats, book: int, least: Floats, most: Floats, enough: float
    ) -> Answer | None:
        """With a price on one sum alone; None where that does not do. Choices are added to those found."""
        free = found[0]
        over = free.sums_kw[book] > most[book]
        target = float(most[book] if over else least[book])
        price = barred.copy()

        def at(value: float) -> _Choice:
            price[book] = value
            found.append(self._choose(price))
            return found[-1]

        if over:
            more, less = free, at(2 * self._dearest)
        else:
            reward = self._dearest
            less, more = free, at(-reward)
            while more.sums_kw[book] < target and reward < 1e6 * self._dearest:
                reward *= 4
                less, more = more, at(-reward)
        for _ in range(MOST_PRICES):
            apart = more.sums_kw[book] - less.sums_kw[book]
            if not (more.sums_kw[book] >= target >= less.sums_kw[book] and apart > 0):
                return None
            part = (target - less.sums_kw[book]) / apart
            mix = less.mixed(more, part)
            meets = at((more.value_usd - less.value_usd) / apart)
            bound = _bound(meets, price, least, most)
            if bound <= enough:
                return Answer(None, -np.inf, bound, NOT_BETTER)
            if bound - mix.value_usd <= TOLERANCE * (1 + abs(mix.value_usd)):
                fits = not _amiss(mix.sums_kw, least, most).any()
                return Answer(mix.share, mix.value_usd, bound, "optimal") if fits else None
            if meets.sums_kw[book] > target:
                more = meets
            else:
                less = meets
        return None

    def _several_prices(
        self, found: list[_Choice], barred: Floats, least: Floats, most: Floats, enough: float
    ) -> Answer:
        """By column generation, from the choices found so far; first one that can reach the minima."""
        if (least > 0).any():
            found = [*found, self._choose(np.full(len(BOOKS), 0.0), np.zeros_like(self._gain))]
            status = self._reach_minima(found, barred, least, most)
            if status != "optimal":
                return Answer(None, -np.inf, -np.inf if status == "infeasible" else np.inf, status)
        else:
            nothing = np.zeros_like(self._gain)
            found = [*found, _Choice(nothing, np.zeros(len(BOOKS)), 0.0)]
        lowest = np.inf
        for _ in range(MOST_PRICES):
            weights, price, value = _mix(found, least, most)
            if weights is None:
                return Answer(None, -np.inf, lowest, "failed: no mix")
            price = np.where(barred > 0, barred, price)
            choice = self._choose(price)
            lowest = min(lowest, _bound(choice, price, least, most))
            if lowest <= enough:
                return Answer(None, -np.inf, lowest, NOT_BETTER)
            if lowest - value <= TOLERANCE * (1 + abs(value)):
                share = sum(w * x.share for w, x in zip(weights.tolist(), found, strict=True) if w > 0)
                return Answer(np.clip(share, 0.0, 1.0), value, lowest, "optimal")
            found.append(choice)
        return Answer(None, -np.inf, lowest, f"without an answer after {MOST_PRICES} prices")

    def _reach_minima(self, found: list[_Choice], barred: Floats, least: Floats, most: Floats) -> str:
        """Add choices until a mix of them reaches every minimum: optimal, infeasible, or why it ended."""
        nothing = np.zeros_like(self._gain)
        for _ in range(MOST_PRICES):
            weights, price, missing_kw = _mix(found, least, most, reach=True)
            if weights is None:
                return "failed: no mix"
            if missing_kw <= _ROUNDING * least.max():
                return "optimal"
            price = np.where(barred > 0, 2.0, price)
            choice = self._choose(price, nothing)
            # No mix misses less than what the prices show: minus the bound of the program "gain −1 per kW missing".
            bound = _bound(choice, price, least, most)
            if -bound >= missing_kw - _ROUNDING * least.max():
                return "infeasible"
            found.append(_Choice(choice.share, choice.sums_kw, float(self._gain @ choice.share)))
        return f"without an answer after {MOST_PRICES} prices"


def _bound(choice: _Choice, price: Floats, least: Floats, most: Floats) -> float:
    return float(
        choice.value_usd - price @ choice.sums_kw + np.maximum(price, 0.0) @ most + np.minimum(price, 0.0) @ least
    )


def _amiss(sums_kw: Floats, least: Floats, most: Floats) -> Bools:
    amiss: Bools = (sums_kw > most * (1 + _ROUNDING)) | (sums_kw < least * (1 - _ROUNDING))
    return amiss


def _mix(found: list[_Choice], least: Floats, most: Floats, reach: bool = False) -> tuple[Floats | None, Floats, float]:
    """The best mix of choices: its weights, the price of each sum and the gain [$]; with `reach`, the kW it misses."""
    from scipy.optimize import linprog

    unit = float(max(most.max(), 1.0))
    sums = np.array([choice.sums_kw for choice in found]).T / unit
    count, books = len(found), len(BOOKS)
    value = np.zeros(count) if reach else np.array([choice.value_usd for choice in found])
    slack = np.eye(books) if reach else np.zeros((books, 0))
    cost = np.concatenate([-value, np.full(slack.shape[1], unit)])
    result: Any = linprog(
        cost,
        A_ub=np.vstack([np.hstack([sums, 0 * slack]), np.hstack([-sums, -slack])]),
        b_ub=np.concatenate([most, -least]) / unit,
        A_eq=np.concatenate([np.ones(count), np.zeros(slack.shape[1])])[None, :],
        b_eq=[1.0],
        method="highs",
    )
    if result.status != 0:
        return None, np.zeros(books), np.nan
    duals = result.ineqlin.marginals / unit
    price = -duals[:books] + duals[books:]
    return np.maximum(result.x[:count], 0.0), price, float(result.fun if reach else -result.fun)


@c.kernel
def _choose(gain, quantity, book, price, corner_x, corner_y, inside):  # type: ignore[no-untyped-def]
    """Shares (K,) that each home chooses at `price` (books,), their sums (books,) and what they gain before prices."""
    corners, batteries = corner_x.shape
    share = np.zeros(len(gain))
    for k in range(len(gain)):
        if gain[k] - price[book[k]] * quantity[k] > 0.0:
            share[k] = 1.0
    for i in range(batteries):
        spin = gain[_SPIN * batteries + i] - price[_SPIN] * quantity[_SPIN * batteries + i]
        nonspin = gain[_NONSPIN * batteries + i] - price[_NONSPIN] * quantity[_NONSPIN * batteries + i]
        sale = max(gain[i] - price[_SELL] * quantity[i], 0.0)
        dear, cheap = max(spin, nonspin, 0.0), max(min(spin, nonspin), 0.0)
        best, x, y = -1.0, 0.0, 0.0
        for j in range(corners):
            if inside[j, i]:
                value = sale * corner_x[j, i] + dear * min(corner_y[j, i], 1.0)
                if corner_y[j, i] > 1.0:
                    value += cheap * (corner_y[j, i] - 1.0)
                if value > best:
                    best, x, y = value, corner_x[j, i], corner_y[j, i]
        share[i] = x if sale > 0.0 else 0.0
        of_dear = min(y, 1.0) if dear > 0.0 else 0.0
        of_cheap = y - 1.0 if y > 1.0 and cheap > 0.0 else 0.0
        share[_SPIN * batteries + i] = of_dear if spin >= nonspin else of_cheap
        share[_NONSPIN * batteries + i] = of_cheap if spin >= nonspin else of_dear
    sums, total = np.zeros(len(price)), 0.0
    for k in range(len(gain)):
        sums[book[k]] += share[k] * quantity[k]
        total += share[k] * gain[k]
    return share, sums, total


def _corners(shared: SharedLimits) -> tuple[Floats, Floats, Bools]:
    """Sale x and reserve y + z, (17, B): points among which one is best, and which of them are within the limits.

    They lie where two of the lines meet that bound the polygon, or that part the dearer reserve from the other.
    """
    zero, one = np.zeros_like(shared.sale_power), np.ones_like(shared.sale_power)
    lines = ((shared.sale_power, shared.reserve_power), (shared.sale_energy, shared.reserve_energy))
    corners = [(zero, zero), (one, zero), (zero, one), (one, one), (zero, 2 * one), (one, 2 * one)]
    with np.errstate(divide="ignore", invalid="ignore"):
        for a, b in lines:
            corners += [
                (1 / a, zero),
                (zero, 1 / b),
                (one, (1 - a) / b),
                ((1 - b) / a, one),
                ((1 - 2 * b) / a, 2 * one),
            ]
        (a, b), (c_, d) = lines
        determinant = a * d - b * c_
        corners.append(((d - b) / determinant, (a - c_) / determinant))
    x, y = np.array([x for x, _ in corners]), np.array([y for _, y in corners])
    # A point that does not exist is put outside. Rounding must not make a sliver of the other reserve.
    x, y = np.where(np.isfinite(x), x, -1.0), np.where(np.isfinite(y), y, -1.0)
    y = np.where(np.abs(y - 1) <= _ROUNDING, 1.0, y)
    inside: Bools = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 2)
    for a, b in lines:
        inside &= a * x + b * y <= 1 + _ROUNDING
    return x, y, inside
