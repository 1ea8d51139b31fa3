"""What is known at a moment of the coming stages: the one place that decides what a plan may see.

Prices are those of the forecast issued by then, held over each window's quarter hours; reserve prices that are
published count as published. Homes know their load and sun up to the end of the window being bid for, beyond that
their average day so far. A car that is plugged in leaves at its usual time, one that is away comes back at its usual
time; what must be on board is what the household declared when it plugged in. Events of programmes are known once they
are announced. `ExactKnowledge` is the same with forecasts that happen to be exact: the difference between the two is
the value of information.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.columns import Stages, own
from vpp_core.dispatch.value import SCENARIO_WEIGHTS
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.inputs import SLOTS, Inputs
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN
from vpp_core.programmes.events import Events

USD_PER_KWH = 1e-3
"""A price in $/MWh as $/kWh."""
SLOTS_A_DAY = SLOTS
LATE_STAGES = 8
"""A car that is not back at its usual time is expected after so many more stages."""
RESERVE_SHARE = 0.5
"""How much of the expected price of reserves that are not sold yet a plan counts on."""


class Knowledge:
    """What is known as a period goes on; `at` gives the stages of a plan."""

    exact = False

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._sum = np.zeros((SLOTS, len(inputs.fleet)))
        self._days = np.zeros(SLOTS)
        self._seen = 0
        window = inputs.windows.length
        self._room = np.zeros((SLOTS + 2 * SLOTS, len(inputs.fleet)))
        """a row per quarter hour of the average day, then those that are known"""
        ahead = inputs.forecast.shape[2] * window + SLOTS
        first = inputs.period.timestamps[0]
        coming = pd.date_range(first, periods=len(inputs.period) + ahead, freq=INTERVAL)
        local = coming.tz_convert(inputs.period.timezone)
        self.slot = np.asarray(local.hour * 4 + local.minute // 15, dtype=np.int64)
        self.weekend = np.asarray(local.dayofweek >= 5, dtype=np.int64)
        self.skipped = _skipped_ahead(local)
        """quarter hours that the clock skips in the coming day and a half, by interval"""
        self.weekend_yesterday = np.asarray((local.dayofweek + 6) % 7 >= 5, dtype=np.int64)

    def at(self, t: int, window: int, known_until: int, committed_share: Floats | None = None) -> Stages:
        """The stages from interval `t` on, with the forecast issued for `window`; homes know up to `known_until`."""
        inputs = self._inputs
        length = inputs.windows.length
        first = inputs.windows.first_interval(window)
        count = first - t + inputs.forecast.shape[2] * length
        price = self._price(t, window, count)
        now = slice(t, t + count)
        slot = self.slot[now]
        net, net_row = self._net_generation(t, known_until, slot)
        available, available_row, draw, draw_row = self._stores(t, slot)
        priced = np.minimum(np.arange(t, t + count), inputs.import_usd_per_kwh.shape[1] - 1)
        return Stages(
            weight=np.array(SCENARIO_WEIGHTS),
            price=price,
            reserve=self._reserve(t, window, count),
            tariff=inputs.tariff_of_home,
            imported=inputs.import_usd_per_kwh.take(priced, axis=1),  # in rows, as of one tariff: loops compile once
            exported=inputs.export_usd_per_kwh.take(priced, axis=1),
            net_generation=net,
            net_row=net_row,
            available=available,
            available_row=available_row,
            draw=draw,
            draw_row=draw_row,
            need=np.ascontiguousarray(inputs.stores.need_kwh[t]),
            paid=self._paid(t, count),
        )

    def _price(self, t: int, window: int, count: int) -> Floats:
        inputs, length = self._inputs, self._inputs.windows.length
        coming = np.repeat(inputs.forecast[ENERGY, window], length, axis=0)
        before = count - len(coming)
        earlier = inputs.forecast[ENERGY, max(window - 1, 0), 0]
        pending = np.repeat(earlier[None, :], before, axis=0)
        return np.ascontiguousarray(np.concatenate([pending, coming]) * USD_PER_KWH)

    def _reserve(self, t: int, window: int, count: int) -> Floats:
        """What a kW held for an hour is expected to earn [$]: the dearer product at its mean price."""
        inputs, length = self._inputs, self._inputs.windows.length
        mean = np.nan_to_num(inputs.forecast[SPIN : NONSPIN + 1, window]) @ np.array(SCENARIO_WEIGHTS)
        coming = np.repeat(np.maximum(mean.max(axis=0), 0.0), length)
        before = count - len(coming)
        return np.concatenate([np.full(before, coming[0] if len(coming) else 0.0), coming]) * USD_PER_KWH

    def kept_by_vpp(self, t: int, stage: int) -> Floats:
        """The VPP's part of `Stages.paid` in a stage, shape (2,)."""
        return self._paid(t, stage + 1, of_vpp=True)[:, stage]

    def _paid(self, t: int, count: int, of_vpp: bool = False) -> Floats:
        """What programmes pay for a kWh more, as far as their events are announced; (2, count) as in `Stages.paid`."""
        paid = np.zeros((2, count))
        for events in self._inputs.events:
            worth = self._worth(events, t, count) * (1 - events.programme.household_share if of_vpp else 1.0)
            paid[1] += worth
            if events.programme.measured == "meter":
                paid[0] += worth
        return paid

    def _worth(self, events: Events, t: int, count: int) -> Floats:
        return events.known_usd_per_kwh(t, count)

    def _net_generation(self, t: int, known_until: int, slot: Ints) -> tuple[Floats, Ints]:
        inputs = self._inputs
        until = min(known_until, len(inputs.period))
        while self._seen < until:
            at = int(self.slot[self._seen])
            self._sum[at] += inputs.net_generation_kw[self._seen]
            self._days[at] += 1
            self._room[at] = self._sum[at] / self._days[at]
            self._seen += 1
        unseen = self._days == 0
        if unseen.any():
            seen = ~unseen
            self._room[:SLOTS][unseen] = self._room[:SLOTS][seen].mean(axis=0) if seen.any() else 0.0
        row = slot.copy()
        known = max(until - t, 0)
        self._room[SLOTS : SLOTS + known] = inputs.net_generation_kw[t:until]
        row[:known] = SLOTS + np.arange(known)
        return self._room, row

    def _stores(self, t: int, slot: Ints) -> tuple[Bools, Ints, Floats, Ints]:
        stores = self._inputs.stores
        available = np.empty((len(slot), len(stores)), dtype=np.bool_)
        weekend = self.weekend[t : t + len(slot)]
        yesterday = self.weekend_yesterday[t : t + len(slot)]
        usually_available(
            slot, weekend, yesterday, stores.leave_slot, stores.return_slot,
            np.ascontiguousarray(stores.available[t]), available,
        )  # fmt: skip
        return available, np.arange(len(slot)), stores.usual_draw_kwh, slot

    def usually_connected(self, t: int) -> Bools:
        """Which stores are connected in interval `t` by their usual times, shape (S,)."""
        stores, slot = self._inputs.stores, self.slot[t]
        leave, back = stores.leave_slot[self.weekend[t]], stores.return_slot[self.weekend[t]]
        since_yesterday = slot + SLOTS_A_DAY < stores.return_slot[self.weekend_yesterday[t]]
        stays = (stores.leave_slot >= SLOTS_A_DAY).all(axis=0)
        connected: Bools = stays | ~(((leave <= slot) & (slot < back)) | since_yesterday)
        return connected


def _skipped_ahead(local: pd.DatetimeIndex) -> Ints:
    """Quarter hours that the clock skips in the day and a half from each interval on."""
    wall = local.tz_localize(None).to_numpy()
    steps = np.diff(wall, append=wall[-1:] + INTERVAL.to_timedelta64()) // INTERVAL.to_timedelta64() - 1
    before = np.concatenate([[0], np.cumsum(np.maximum(steps.astype(np.int64), 0))])
    now = np.arange(len(wall))
    return np.asarray(before[np.minimum(now + SLOTS_A_DAY * 3 // 2, len(wall))] - before[now])


class ExactKnowledge(Knowledge):
    """The same, with forecasts of prices, load, sun, trips and programmes' events that happen to be exact."""

    exact = True

    def __init__(self, inputs: Inputs) -> None:
        super().__init__(inputs)
        self._net, self._available = own(inputs.net_generation_kw), own(inputs.stores.available)

    def _price(self, t: int, window: int, count: int) -> Floats:
        price = super()._price(t, window, count)
        real = self._inputs.lmp_usd_per_mwh[t : t + count] * USD_PER_KWH
        price[: len(real)] = real[:, None]
        return price

    def _reserve(self, t: int, window: int, count: int) -> Floats:
        reserve = super()._reserve(t, window, count)
        real = np.nan_to_num(self._inputs.price[SPIN : NONSPIN + 1, t : t + count]).max(axis=0) * USD_PER_KWH
        reserve[: len(real)] = np.maximum(real, 0.0)
        return reserve

    def _worth(self, events: Events, t: int, count: int) -> Floats:
        worth = np.zeros(count)
        real = events.usd_per_kwh[t : t + count]
        worth[: len(real)] = real
        return worth

    def _net_generation(self, t: int, known_until: int, slot: Ints) -> tuple[Floats, Ints]:
        return self._net, self._rows(t, len(slot))

    def _stores(self, t: int, slot: Ints) -> tuple[Bools, Ints, Floats, Ints]:
        stores, row = self._inputs.stores, self._rows(t, len(slot))
        return self._available, row, stores.draw_kwh, row

    def _rows(self, t: int, count: int) -> Ints:
        """Real intervals; beyond the period its last day again."""
        last = len(self._inputs.period)
        row = np.arange(t, t + count)
        beyond = (row - last) % SLOTS
        return np.where(row < last, row, np.maximum(last - SLOTS, 0) + beyond % min(SLOTS, last))


@c.part
def usually_available(slot, weekend, yesterday, leave, back, plugged, available) -> None:  # type: ignore[no-untyped-def]
    """Fill `available` (K, S): where each store is by its usual times, from whether it is `plugged` now (S,).

    One that is still here after its usual departure stays until it would usually be back; one that is not yet back
    comes `LATE_STAGES` later.
    """
    for m in range(len(plugged)):
        if leave[0, m] >= SLOTS_A_DAY and leave[1, m] >= SLOTS_A_DAY:
            for k in range(len(slot)):
                available[k, m] = True
            continue
        stays, waits = False, 0
        for k in range(len(slot)):
            day = weekend[k]
            # Who comes back after midnight is away in the next day's first quarter hours.
            away = leave[day, m] <= slot[k] < back[day, m] or slot[k] + SLOTS_A_DAY < back[yesterday[k], m]
            if k == 0:
                stays = plugged[m] and away
                waits = LATE_STAGES if not plugged[m] and not away else 0
            if stays:
                stays = away
                available[k, m] = True
            elif waits > 0:
                waits -= 1
                available[k, m] = False
            else:
                available[k, m] = not away
