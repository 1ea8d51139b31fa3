"""The window program by merit order: exact, vectorised over homes, where the structure admits it.

Without the limits on sums every home is on its own. Purchases and car delays are taken whole where they gain. A
battery chooses shares of its sale and of the dearer reserve within two lines (power and energy), a polygon whose few
corners are compared. Where one sum then exceeds its maximum, a price on that book rations it: homes leave in the order
of what they gain per kW over their next best choice. The price is found by bisection, and between the choices just
below and just above it the sum is met exactly, so primal and dual values meet. Where that pushes another sum over its
maximum, merit order does not apply and the answer is None.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch.offers import SharedLimits
from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.market.segments import BOOKS, Layout

BISECTIONS = 200
_ROUNDING = 1e-9


def merit_order(
    layout: Layout, gain_usd: Floats, quantity_kw: Floats, shared: SharedLimits, maximum_kw: float
) -> Floats | None:
    """Shares (K,) of the best segments; None where more than one sum of an aggregation is at its maximum."""
    gain = np.where(quantity_kw > 0, gain_usd, 0.0)
    share = _choose(layout, gain, shared)
    over = _over(layout, share, quantity_kw, maximum_kw)
    if len(np.unique(over // len(BOOKS))) < len(over):
        return None
    for book in over.tolist():
        own = layout.book // len(BOOKS) == book // len(BOOKS)
        share = np.where(own, _ration(layout, gain, quantity_kw, shared, maximum_kw, book), share)
    return share if len(_over(layout, share, quantity_kw, maximum_kw)) == 0 else None


def _over(layout: Layout, share: Floats, quantity_kw: Floats, maximum_kw: float) -> Ints:
    total = np.bincount(layout.book, weights=share * quantity_kw, minlength=layout.books)
    return np.flatnonzero(total > maximum_kw * (1 + _ROUNDING))


def _choose(layout: Layout, gain: Floats, shared: SharedLimits) -> Floats:
    """The best shares of each home on its own."""
    share = (gain > 0).astype(np.float64)
    spin, nonspin = gain[layout.battery_spin], gain[layout.battery_nonspin]
    sale, reserve = np.maximum(gain[layout.battery_sell], 0.0), np.maximum(np.maximum(spin, nonspin), 0.0)
    best = np.full(layout.homes, -1.0)
    x, y = np.zeros(layout.homes), np.zeros(layout.homes)
    for corner_x, corner_y in _corners(shared):
        inside = _inside(corner_x, corner_y, shared)
        value = np.where(inside, sale * corner_x + reserve * corner_y, -1.0)
        better = value > best
        best = np.where(better, value, best)
        x, y = np.where(better, corner_x, x), np.where(better, corner_y, y)
    share[layout.battery_sell] = np.where(sale > 0, x, 0.0)
    held = np.where(reserve > 0, y, 0.0)
    share[layout.battery_spin] = np.where(spin >= nonspin, held, 0.0)
    share[layout.battery_nonspin] = np.where(spin >= nonspin, 0.0, held)
    return share


def _corners(shared: SharedLimits) -> list[tuple[Floats, Floats]]:
    """Points among which the polygon's corners are: where two of its six lines meet."""
    zero, one = np.zeros_like(shared.sale_power), np.ones_like(shared.sale_power)
    lines = ((shared.sale_power, shared.reserve_power), (shared.sale_energy, shared.reserve_energy))
    corners = [(zero, zero), (one, zero), (zero, one), (one, one)]
    with np.errstate(divide="ignore", invalid="ignore"):
        for a, b in lines:
            corners += [(1 / a, zero), (zero, 1 / b), (one, (1 - a) / b), ((1 - b) / a, one)]
        (a, b), (c, d) = lines
        determinant = a * d - b * c
        corners.append(((d - b) / determinant, (a - c) / determinant))
    return [(_finite(x), _finite(y)) for x, y in corners]


def _finite(values: Floats) -> Floats:
    """A point that does not exist is put outside."""
    return np.where(np.isfinite(values), values, -1.0)


def _inside(x: Floats, y: Floats, shared: SharedLimits) -> np.ndarray:
    slack = 1 + _ROUNDING
    return (
        (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
        & (shared.sale_power * x + shared.reserve_power * y <= slack)
        & (shared.sale_energy * x + shared.reserve_energy * y <= slack)
    )  # fmt: skip


def _ration(
    layout: Layout, gain: Floats, quantity_kw: Floats, shared: SharedLimits, maximum_kw: float, book: int
) -> Floats:
    """The best shares with one book at its maximum: a price per kW on it, by bisection, and a mix around it."""
    inside = layout.book == book

    def at(price: float) -> tuple[Floats, float]:
        share = _choose(layout, np.where(inside, gain - price * quantity_kw, gain), shared)
        return share, float((share * quantity_kw)[inside].sum())

    per_kw = gain[inside & (quantity_kw > 0)] / quantity_kw[inside & (quantity_kw > 0)]
    low, high = 0.0, float(per_kw.max()) * 2 + 1.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if at(middle)[1] > maximum_kw:
            low = middle
        else:
            high = middle
    (more, more_kw), (less, less_kw) = at(low), at(high)
    mix = (maximum_kw - less_kw) / (more_kw - less_kw) if more_kw > less_kw else 0.0
    return less + min(max(mix, 0.0), 1.0) * (more - less)
