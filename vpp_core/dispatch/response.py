"""What homes would do in one quarter hour at a price, compiled: all stores behind one meter together.

A home maximises price and bill of what it injects, plus the value of what stays stored. Its meter has two prices,
importing and exporting, so its stores share a marginal price r between them: where they import at r = import it is
that, where they export at r = export it is that, and else the meter stands at zero and r lies between. Where export
earns more than import costs, the home does the better of the two: it imports at r = import or exports at r = export.
Given r, each store is on its own. What a home is paid above its own cost counts against moving: a deviation upwards
(giving, holding charge off) sees the price less that mark-up, one downwards the price and it.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.value import CELLS, SMALLEST_KWH, STAGE_HOURS, best_power, kept_usd

MOST_STORES = 8
"""Stores a home may have at most in these loops."""
_SAME_KW = 1e-5
"""A power nearer than this to the default is the default."""
_ZERO_KW = 1e-9
_TRIES = 12
_NEAR_ZERO_KW = 0.05


@c.part
def _store(s, m: int, q, sell: float, buy: float, retail: float) -> float:  # type: ignore[no-untyped-def]
    """A store's power where deviations up and down are worth `sell` and `buy`, and the meter's price is `retail`.

    Selling, giving (by one that does not follow the meter) and buying see the price less or more the mark-up.
    """
    slope, energy, default, low, high = q.slopes[m], q.energy[m], q.default[m], q.low[m], q.high[m]
    sell, give, buy = sell - q.markup[0, m], sell - q.markup[1, m], buy + q.markup[2, m]
    if high - low < _ZERO_KW or s.ceiling[m] - s.floor[m] < SMALLEST_KWH:
        return min(max(default, low), high)
    top = high if s.follows[m] else min(high, 0.0)
    power = best_power(s, m, slope, energy, sell + retail, low, top)
    if power > default:
        if not s.follows[m] and high > 0.0 and power >= 0.0:
            power = best_power(s, m, slope, energy, give + retail, 0.0, high)
        return power
    power = best_power(s, m, slope, energy, buy + retail, low, top)
    return min(power, default)


@c.part
def _gained(s, own, q, h: int, sell: float, buy: float, power) -> float:  # type: ignore[no-untyped-def]
    """A home's money by the powers of its `own` stores [$]: price, bill and wear of the quarter hour, and what stays
    stored.
    """
    usd, net = 0.0, q.net_generation[h]
    for i in range(len(own)):
        m = own[i]
        net += power[i]
        moved = power[i] - q.default[m]
        given = max(power[i], 0.0) if not s.follows[m] else 0.0
        usd += STAGE_HOURS * (
            (sell - q.markup[0, m]) * max(moved - given, 0.0)
            + (sell - q.markup[1, m]) * given
            + (buy + q.markup[2, m]) * min(moved, 0.0)
        )
        if s.ceiling[m] - s.floor[m] >= SMALLEST_KWH:
            usd += kept_usd(s, m, q.slopes[m], q.energy[m], power[i])
    return usd - c.retail_bill_usd(net, q.imported[h], q.exported[h], STAGE_HOURS)


@c.part
def _concentrate(s, own, q, h: int, sell: float, buy: float, work, other) -> None:  # type: ignore[no-untyped-def]
    """Replace a home's powers in `work`, which are best at the import price, by those at the export price if better."""
    for i in range(len(own)):
        other[i] = _store(s, own[i], q, sell, buy, q.exported[h])
    if _gained(s, own, q, h, sell, buy, other) > _gained(s, own, q, h, sell, buy, work):
        for i in range(len(own)):
            work[i] = other[i]


@c.kernel
def respond(s, homes, q, sell_price, buy_price, power):  # type: ignore[no-untyped-def]
    """The power of every store in a `Quarter`, into `power` (S,), where the energy of deviations up and down is worth
    `sell_price` and `buy_price` by home (N,).
    """
    work, importing, other = np.zeros(MOST_STORES), np.zeros(MOST_STORES), np.zeros(MOST_STORES)
    _respond_each(s, homes, q, sell_price, buy_price, power, work, importing, other)


@c.part
def _respond_each(  # type: ignore[no-untyped-def]
    s, homes, q, sell_price, buy_price, power, work, importing, other
) -> None:
    """`respond`, with room to work in for a home's stores."""
    default, low, high = q.default, q.low, q.high
    imported, exported = q.imported, q.exported
    for h in range(len(homes.first) - 1):
        first, count = homes.first[h], homes.first[h + 1] - homes.first[h]
        if count == 0:
            continue
        sell, buy = sell_price[h], buy_price[h]
        below, above = exported[h], imported[h]
        retail, net, at_zero = imported[h], 0.0, False
        for attempt in range(_TRIES):
            net = q.net_generation[h]
            for i in range(count):
                work[i] = _store(s, homes.order[first + i], q, sell, buy, retail)
                net += work[i]
            if attempt == 0:
                if net <= _ZERO_KW or imported[h] <= exported[h]:
                    break
                for i in range(count):
                    importing[i] = work[i]
                retail = exported[h]
                continue
            if attempt == 1 and net >= -_ZERO_KW:
                break
            at_zero = True
            if attempt == 1:
                movers, mover = 0, 0
                for i in range(count):
                    if abs(work[i] - importing[i]) > _SAME_KW:
                        movers, mover = movers + 1, i
                if movers == 1:  # it alone makes up for the meter's difference
                    m = homes.order[first + mover]
                    moved = min(max(work[mover] - net, low[m]), high[m])
                    net += moved - work[mover]
                    work[mover] = moved
                    break
            if attempt > 1:
                if net > 0.0:
                    above = retail
                else:
                    below = retail
            retail = 0.5 * (below + above)
            if abs(net) < _NEAR_ZERO_KW:
                break
        if exported[h] > imported[h]:
            _concentrate(s, homes.order[first : first + count], q, h, sell, buy, work, other)
        if at_zero:
            # The meter stands at zero: the battery, else a car, makes up for what is left of the search.
            for i in range(count - 1, -1, -1):
                m = homes.order[first + i]
                if high[m] - low[m] >= _ZERO_KW:
                    moved = min(max(work[i] - net, low[m]), high[m])
                    net += moved - work[i]
                    work[i] = moved
        for i in range(count):
            m = homes.order[first + i]
            power[m] = default[m] if abs(work[i] - default[m]) < _SAME_KW else work[i]


@c.part
def thresholds(  # type: ignore[no-untyped-def]
    s, home, slopes, energy, imported, exported, markup, price, weight
) -> None:
    """Prices [$/kWh] at which each store would begin to take, and to give, from its energy; into `price` (4, S).

    `home` (S,) is where a store stands. Importing and exporting, each with the power that hangs on it in `weight`; 0
    where there is none.
    """
    for m in range(len(energy)):
        step = (s.ceiling[m] - s.floor[m]) / CELLS
        if step * CELLS < SMALLEST_KWH or not s.movable[m]:
            continue
        cell = min(max(int((energy[m] - s.floor[m]) / step), 0), CELLS - 1)
        worth = slopes[m, cell] / step
        for i in range(2):
            retail = imported[home[m]] if i == 0 else exported[home[m]]
            price[i, m] = worth * s.into[m] - retail + (markup[0, m] if not s.follows[m] else -markup[2, m])
            price[2 + i, m] = worth / s.out_of[m] + s.wear[m] - retail + markup[0, m]
        weight[0, m] = s.charge[m] if not s.follows[m] else s.deviation[m]
        if s.follows[m]:
            weight[1, m] = s.deviation[m]
            weight[2, m] = s.deviation[m]
            weight[3, m] = s.deviation[m]
