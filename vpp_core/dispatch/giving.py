"""The sharing-out of what the market cleared among stores, by a search of the price inside each aggregation; compiled.

The price inside is the market's where homes are as expected, lower where more would deviate than cleared, higher, up to
what falling short costs, where fewer would. Between the two tried prices nearest to it homes are mixed in proportion,
so that the sum is met exactly.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.limits import sums_kw
from vpp_core.dispatch.response import respond

NEAR = 0.02
"""Share of what cleared by which the tried prices' sums may differ when they are mixed."""
_MOST_TRIES = 8
_FIRST_STEP_USD_PER_KWH = 0.02
_NEGLIGIBLE_KW = 1e-6


@c.kernel
def _deviations(who, q, upward, tried, price, worth, deviation, total) -> None:  # type: ignore[no-untyped-def]
    """Deviations of stores in one direction, into `deviation` (S,), and its sums (A,), where it is worth `tried`
    (A,) and the other direction `price`; `worth` (2, N) is room to work in.
    """
    aggregation_of_home, aggregation, default = who.grouped.home, who.grouped.store, q.default
    sell_price, buy_price = worth[0], worth[1]
    for h in range(len(aggregation_of_home)):
        here = tried[aggregation_of_home[h]]
        sell_price[h] = here if upward else price
        buy_price[h] = price if upward else -here
    respond(who.stores, who.homes, q, sell_price, buy_price, deviation)
    total[:] = 0.0
    for m in range(len(deviation)):
        moved = deviation[m] - default[m] if upward else default[m] - deviation[m]
        deviation[m] = max(moved, 0.0)
        total[aggregation[m]] += deviation[m]


@c.kernel
def _meet(who, q, upward, price, most, at_price, wanted, met) -> None:  # type: ignore[no-untyped-def]
    """Deviations in one direction that add up to `wanted` (A,) as far as homes have them, into `met` (S,).

    `at_price` (S,): the deviations at the market's price, which is `price` upwards and its negative downwards; at
    `most` falling short costs as much. Prices of purchases are negative here: more is dearer in both directions.
    """
    aggregation = who.grouped.store
    count, many = len(wanted), len(at_price)
    met[:] = 0.0
    if not (wanted > 0.0).any():
        return
    market = price if upward else -price
    below, above, tried = np.zeros(many), at_price.copy(), np.zeros(many)
    under, over, sums = np.zeros(count), np.zeros(count), np.zeros(count)
    worth = np.zeros((2, len(who.grouped.home)))
    for m in range(many):
        over[aggregation[m]] += at_price[m]
    low, high, prices = np.full(count, -np.inf), np.full(count, market), np.full(count, market)
    searched = np.zeros(count, dtype=np.bool_)
    any_short = False
    for a in range(count):
        near = NEAR * max(wanted[a], 0.0) + _NEGLIGIBLE_KW
        searched[a] = wanted[a] > 0.0 and abs(over[a] - wanted[a]) > near
        if searched[a] and over[a] < wanted[a]:
            prices[a], any_short = most, True
    if any_short:
        _deviations(who, q, upward, prices, price, worth, tried, sums)
        for m in range(many):
            if prices[aggregation[m]] == most and searched[aggregation[m]]:
                below[m], above[m] = at_price[m], tried[m]
        for a in range(count):
            if searched[a] and prices[a] == most:
                under[a], over[a], low[a], high[a] = over[a], sums[a], market, most
    step = _FIRST_STEP_USD_PER_KWH
    for _ in range(_MOST_TRIES):
        going = False
        for a in range(count):
            near = NEAR * max(wanted[a], 0.0) + _NEGLIGIBLE_KW
            searched[a] = searched[a] and over[a] > wanted[a] and over[a] - under[a] > near
            prices[a] = market
            if searched[a]:
                going = True
                prices[a] = 0.5 * (low[a] + high[a]) if low[a] > -np.inf else high[a] - step
        if not going:
            break
        step *= 4.0
        _deviations(who, q, upward, prices, price, worth, tried, sums)
        for m in range(many):
            a = aggregation[m]
            if searched[a]:
                if sums[a] >= wanted[a]:
                    above[m] = tried[m]
                else:
                    below[m] = tried[m]
        for a in range(count):
            if searched[a]:
                if sums[a] >= wanted[a]:
                    over[a], high[a] = sums[a], prices[a]
                else:
                    under[a], low[a] = sums[a], prices[a]
    for m in range(many):
        a = aggregation[m]
        if wanted[a] > 0.0:
            share = min(max((wanted[a] - under[a]) / (over[a] - under[a]), 0.0), 1.0) if over[a] > under[a] else 1.0
            met[m] = below[m] + share * (above[m] - below[m])


@c.kernel
def give_kw(who, q, price, penalty_share, sold, bought, power, short) -> None:  # type: ignore[no-untyped-def]
    """Power of every store, into `power` (S,), so that each aggregation deviates by what it sold and bought (A,), and
    what it falls short by [kW], into `short` (A,). `price` [$/kWh] is the market's.
    """
    aggregation, default, low, high = who.grouped.store, q.default, q.low, q.high
    margin = penalty_share * abs(price)
    market = np.full(len(who.grouped.home), price)
    respond(who.stores, who.homes, q, market, market, power)
    rises, falls = np.maximum(power - default, 0.0), np.maximum(default - power, 0.0)
    risen, fallen = np.zeros(len(power)), np.zeros(len(power))
    _meet(who, q, True, price, price + margin, rises, sold, risen)
    _meet(who, q, False, price, -(price - margin), falls, bought, fallen)
    # A store asked both ways (its two prices were searched apart) does the difference.
    up, down = np.zeros(len(sold)), np.zeros(len(sold))
    for m in range(len(power)):
        up[aggregation[m]] += risen[m]
        down[aggregation[m]] += fallen[m]
        power[m] = min(max(default[m] + risen[m] - fallen[m], low[m]), high[m])
    for a in range(len(sold)):
        missing = max(sold[a] - up[a], 0.0) + max(bought[a] - down[a], 0.0)
        short[a] = missing if missing > _NEGLIGIBLE_KW else 0.0


@c.kernel
def curve_kw(who, q, prices, surely, up, down) -> None:  # type: ignore[no-untyped-def]
    """What each aggregation would deviate by at each price, raised into `up` and `down` (P, A) where it is more.
    `surely` (S,): how surely each store is there.
    """
    default = q.default
    power, market = np.zeros(len(default)), np.zeros(len(who.grouped.home))
    rises, falls = np.zeros(up.shape[1]), np.zeros(up.shape[1])
    for i in range(len(prices)):
        market[:] = prices[i]
        respond(who.stores, who.homes, q, market, market, power)
        rises[:] = 0.0
        falls[:] = 0.0
        for m in range(len(power)):
            power[m] = default[m] + surely[m] * (power[m] - default[m])
        sums_kw(who.grouped.store, power, default, rises, falls)
        for a in range(up.shape[1]):
            up[i, a], down[i, a] = max(up[i, a], rises[a]), max(down[i, a], falls[a])
