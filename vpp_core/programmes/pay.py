"""What a programme pays for what was measured: energy, capacity, or being there."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.programmes.events import Events


def paid_usd(events: Events, measured_kw: Floats, baseline_kw: Floats | None, enrolled: Bools, day: Ints) -> Floats:
    """Pay for what is beyond a baseline, per interval and home, shape (T, N).

    `measured_kw`, `baseline_kw` (T, N): injection; who has no baseline (NaN) is not paid. `enrolled` (N,), `day` (T,).
    Energy is floored by home and event at nothing. Capacity is the mean over a month's events and homes, where less
    than nothing counts against the rest; a month of less than nothing pays nothing, but where no baseline is taken off
    (None): what a battery gives is then paid as it comes, and what it takes at events is owed.
    """
    beyond = measured_kw if baseline_kw is None else measured_kw - baseline_kw
    beyond = np.where(events.called[:, None] & enrolled, beyond, 0.0)
    beyond = np.where(np.isnan(beyond), 0.0, beyond)
    usd: Floats = events.usd_per_kwh[:, None] * INTERVAL_HOURS * beyond
    if not events.floored:
        return usd if baseline_kw is None or usd.sum() > 0 else np.zeros_like(usd)
    per_event = np.zeros((int(day[-1]) + 1, usd.shape[1]))
    np.add.at(per_event, day, usd)
    return np.where(per_event[day] > 0, usd, 0.0)


def paid_for_being_there_usd(events: Events, reached_share: Floats) -> Floats:
    """Pay by home, shape (T, N), over the intervals of events, or over all where there was none.

    `reached_share` (T, N): which part of a home's devices could be reached; 0 for who does not take part.
    """
    when = events.called if events.called.any() else np.ones(len(events.called), dtype=bool)
    usd: Floats = events.usd_per_home / when.sum() * when[:, None] * reached_share
    return usd
