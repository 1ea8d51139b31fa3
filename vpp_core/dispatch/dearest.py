"""What a battery's segment costs its household at its dearest, compiled: several cases side by side in each loop.

A household is asked for power in some of a window's intervals, it is not known which, from an energy that is known
within bounds. The whole window from the end it is sized at need not be the dearest: energy below the backup is worth
nothing to a home left alone, a later hour may save more than an earlier one, and what the battery takes back may be the
sun that a car would have had. So all sets of intervals are looked at, from `STARTS` energies and for each part of the
segment that may be held. Sets that agree so far share their path: they are the leaves of a binary tree whose node n
leads to 2n where nothing clears and to 2n + 1 where the segment does.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.stored_value import CELLS

SIZES = np.array([1.0, 0.75, 0.5, 0.25])
"""Shares of the largest feasible segment that are tried."""
PARTS = np.append(0.05, SIZES[::-1])
"""The same from below: a part of a segment may be held, and the first kWh may be the dearest."""
STARTS = 5
"""From how many energies between its lowest and highest a segment's own cost is looked at."""
CASES = 4 * -(-len(PARTS) * STARTS // 4)
"""Parts × starts, filled up with some of the last part's to whole processor registers."""


@c.kernel
def room_to_work(intervals):  # type: ignore[no-untyped-def]
    """What `dearest` works in; made once, since it is asked for every battery."""
    return np.zeros((4, max(2 << intervals, 5), CASES))


@c.kernel
def dearest(  # type: ignore[no-untyped-def]
    a, longest, low, high, own_value, step, floor, wear, surplus, loads, buy_price, sell_price, backup, ceiling, power,
    into, out_of, hours, work,
):  # fmt: skip
    """Own cost [$ per kWh moved] of each of the `PARTS` of `a` kW (sale positive) at its dearest.

    Over the sets of intervals that may clear (one stretch of at most `longest` of them; all sets where `longest` is 0),
    the energies from `low` to `high` where the battery may start, and the `loads` that its cars may be.
    """
    intervals = len(surplus)
    left, spent, most = work[0], work[1], work[2]
    held, nothing, alone, before, after = work[3, 0], work[3, 1], work[3, 2], work[3, 3], work[3, 4]
    for n in range(CASES):
        held[n], nothing[n] = a * PARTS[min(n // STARTS, len(PARTS) - 1)], 0.0
        left[1, n], spent[1, n] = low + (high - low) * (n % STARTS) / (STARTS - 1), 0.0
        for cleared in range(intervals + 1):
            most[cleared, n] = -np.inf
    none = 1 << intervals
    for which in range(len(loads)):
        for node in range(1, none):
            k = 0
            while node >> k > 1:
                k += 1
            net = surplus[k] - loads[which, k]
            for n in range(CASES):
                alone[n] = c.self_consumption_kw(left[node, n], surplus[k], backup, ceiling, power, into, out_of, hours)
            for extra, to in ((nothing, 2 * node), (held, 2 * node + 1)):
                _follow(
                    alone, extra, left[node], spent[node], net, buy_price[k], sell_price[k], wear, into, out_of, hours,
                    left[to], spent[to],
                )  # fmt: skip
        _worth(own_value, step, floor, left[none], before)
        for leaf in range(none + 1, 2 * none):
            cleared, stretches = 0, 0
            for k in range(intervals):
                cleared += leaf >> k & 1
                stretches += (leaf >> k & 1) & ~((leaf - none) >> (k + 1) & 1)
            if longest > 0 and (cleared > longest or stretches > 1):
                continue
            _worth(own_value, step, floor, left[leaf], after)
            for n in range(CASES):
                cost = spent[leaf, n] - spent[none, n] + before[n] - after[n]
                most[cleared, n] = max(most[cleared, n], cost)
    result = np.empty(len(PARTS))
    for part in range(len(PARTS)):
        result[part] = -np.inf
    for n in range(len(PARTS) * STARTS):
        for cleared in range(1, intervals + 1):
            part = n // STARTS
            result[part] = max(result[part], most[cleared, n] / (abs(held[n]) * cleared * hours))
    return result


@c.kernel
def _follow(  # type: ignore[no-untyped-def]
    alone, extra, left, spent, net, buy_price, sell_price, wear, into, out_of, hours, left_after, spent_after
):  # fmt: skip
    """Energy left, and bill and wear [$] so far, an interval on, with `extra` kW beyond what the battery does alone."""
    for n in range(CASES):
        battery = alone[n] + extra[n]
        left_after[n] = c.step_energy_kwh(left[n], max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
        bill = c.retail_bill_usd(net + battery, buy_price, sell_price, hours)
        spent_after[n] = spent[n] + bill + wear * max(battery, 0.0) * hours


@c.kernel
def _worth(own_value, step, floor, left, out):  # type: ignore[no-untyped-def]
    """`stored_value.interpolate` for all cases."""
    for n in range(CASES):
        position = min(max((left[n] - floor) / step, 0.0), float(CELLS)) if step > 0.0 else 0.0
        j = min(int(position), CELLS - 1)
        out[n] = own_value[j] + (position - j) * (own_value[j + 1] - own_value[j])
