"""The cost of a deviation over a whole window, compiled: the household's own, the total by the plan's values, and what
of it is the market's later on.

The household's own cost is what its bill and wear rise by if it is then left alone: both paths, with the deviation and
without, are rolled on by the store's default to the end of the plan, and what is stored there counts at the cheapest
tariff. The total adds what the moved energy is worth later on by the plan's V, to the home's bill and to the VPP
together. Of that the VPP has what the market pays or takes then: the price of the stage, of those to come, in which
price and bill are worth as much as V says.
Costs are signed: more is dearer for the VPP in both directions.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.limits import default_of
from vpp_core.dispatch.value import CELLS, SMALLEST_KWH, STAGE_HOURS, leaves, mean_price, stored_usd

SIZES = (0.25, 0.5, 1.0)
"""Parts of a deviation that are looked at: its own cost per kWh is the worst case of them."""
_SMALLEST_KWH = 1e-6
_LATER_STAGES = 4
"""Stages that are rolled in one step after the window."""


@c.part
def _roll(  # type: ignore[no-untyped-def]
    s, stages, m: int, home: int, energy: float, first: int, length: int, high: float, deviation: float
):  # fmt: skip
    """Bill and wear [$] to the plan's end and within the window, energy after it and at the end, energy moved, where
    power in the window is moved by a deviation up to `high`.
    """
    tariff = stages.tariff[home]
    cost, within, moved, after = 0.0, 0.0, 0.0, energy
    k = first
    while k < len(stages.price):
        inside = k < first + length
        if k == first + length:
            within, after = cost, energy
        stage_count = 1 if inside else min(_LATER_STAGES, len(stages.price) - k)
        hours = stage_count * STAGE_HOURS
        net = 0.0
        for i in range(k, k + stage_count):
            net += stages.net_generation[stages.net_row[i], home] / stage_count
            energy -= stages.draw[stages.draw_row[i], m]
            if leaves(stages, i, m):
                energy -= s.trip[m]
        energy = max(energy, s.floor[m]) if not s.follows[m] else energy
        power = 0.0
        if stages.available[stages.available_row[k], m]:
            default = default_of(s, m, energy, net, hours)
            power = default
            if inside and deviation != 0.0:
                max_in = -c.charge_limit_kw(energy, s.ceiling[m], s.charge[m], s.into[m], hours)
                max_out = c.discharge_limit_kw(energy, s.floor[m], s.give[m], s.out_of[m], hours)
                power = min(max(default + deviation, max_in), max(max_out, min(default, 0.0)), high)
                power = max(power, default) if deviation > 0.0 else min(power, default)
                moved += abs(power - default) * hours
        cost += c.retail_bill_usd(net + power, stages.imported[tariff, k], stages.exported[tariff, k], hours)
        cost += s.wear[m] * max(power, 0.0) * hours
        energy = c.step_energy_kwh(energy, max(-power, 0.0), max(power, 0.0), s.into[m], s.out_of[m], hours)
        k += stage_count
    return cost, within, after, energy, moved


@c.part
def _price_then(s, stages, m: int, tariff: int, first: int, worth: float) -> float:  # type: ignore[no-untyped-def]
    """The market price expected [$/kWh] in the stage from `first` on, of those in which the store is plugged in, whose
    price and bill come nearest to what a kWh is worth.
    """
    nearest, found = np.inf, 0.0
    worth += s.wear[m] if s.follows[m] else 0.0
    for k in range(first, len(stages.price)):
        if not stages.available[stages.available_row[k], m]:
            continue
        price = mean_price(stages, k)
        for retail in (stages.imported[tariff, k], stages.exported[tariff, k]):
            miss = abs(price + retail - worth)
            if miss < nearest:
                nearest, found = miss, price
    return found


@c.kernel
def deviation_costs(s, stages, asked, costs) -> None:  # type: ignore[no-untyped-def]
    """Put the costs of the deviations `asked` (`columns.Priced`) into `costs` (`columns.Costs`)."""
    cheapest_of = np.zeros(len(stages.imported))
    for tariff in range(len(cheapest_of)):
        cheapest_of[tariff] = np.min(stages.imported[tariff])
    _costs_each(s, stages, asked, costs, cheapest_of)


@c.part
def _costs_each(s, stages, asked, costs, cheapest_of) -> None:  # type: ignore[no-untyped-def]
    """`deviation_costs`, with the cheapest price of importing under each tariff."""
    home, energy, slopes, first, length, quantity = asked
    own, total, market = costs
    for m in range(len(energy)):
        if max(quantity[0, m], quantity[1, m], quantity[2, m]) <= 0.0:
            continue
        step = (s.ceiling[m] - s.floor[m]) / CELLS
        if step * CELLS < SMALLEST_KWH:
            continue
        cheapest = cheapest_of[stages.tariff[home[m]]]
        kept = (cheapest - s.wear[m]) * s.out_of[m] if s.follows[m] else cheapest / s.into[m]
        alone = _roll(s, stages, m, home[m], energy[m], first, length, np.inf, 0.0)
        for d in range(3):
            if quantity[d, m] <= 0.0:
                continue
            sign = -1.0 if d == 2 else 1.0
            high = 0.0 if d == 0 and not s.follows[m] else np.inf
            worst_case, average, lost, less, kwh = -np.inf, 0.0, 0.0, 0.0, 0.0
            for part in SIZES:
                deviation = sign * part * quantity[d, m]
                if d == 1:  # what it gives comes on top of holding its charge off
                    deviation += s.charge[m]
                moved = _roll(s, stages, m, home[m], energy[m], first, length, high, deviation)
                if moved[4] <= _SMALLEST_KWH:
                    continue
                costs = (moved[0] - alone[0] - kept * (moved[3] - alone[3])) / moved[4]
                worst_case = max(worst_case, costs)
                lost = stored_usd(slopes[m], step, alone[2] - s.floor[m])
                lost -= stored_usd(slopes[m], step, moved[2] - s.floor[m])
                less, kwh = alone[2] - moved[2], moved[4]
                average = (moved[1] - alone[1] + lost) / moved[4]
            own[d, m] = worst_case if worst_case > -np.inf else 0.0
            total[d, m] = average if worst_case > -np.inf else 0.0
            if abs(less) > _SMALLEST_KWH:
                # A battery gives later what is stored, a car has to take it from the meter.
                at_meter = s.out_of[m] if s.follows[m] else 1.0 / s.into[m]
                price = _price_then(s, stages, m, stages.tariff[home[m]], first + length, lost / less / at_meter)
                market[d, m] = price * less * at_meter / kwh
