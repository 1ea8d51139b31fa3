"""What stores do on their own in one quarter hour, and between which powers they may run, compiled."""

from __future__ import annotations

from vpp_core.dispatch import compiled as c

_NEGLIGIBLE_KWH = 1e-9


@c.part
def default_of(s, m: int, energy: float, net: float, hours: float) -> float:  # type: ignore[no-untyped-def]
    """The default [kW, giving positive] of store `m`, plugged in, behind a meter that stands at `net` without it."""
    if s.follows[m]:
        return c.self_consumption_kw(energy, net, s.backup[m], s.ceiling[m], s.charge[m], s.into[m], s.out_of[m], hours)
    return -c.charge_limit_kw(energy, s.ceiling[m], s.charge[m], s.into[m], hours)


@c.part
def defaults(s, home, energy, available, net_generation, hours, default) -> None:  # type: ignore[no-untyped-def]
    """The default of every store, into `default` (S,)."""
    for m in range(len(energy)):
        default[m] = default_of(s, m, energy[m], net_generation[home[m]], hours) if available[m] else 0.0


@c.part
def limits_kw(s, home, met, bounds, hours: float, default, low, high) -> None:  # type: ignore[no-untyped-def]
    """Default and limits of every store, into `default`, `low` and `high` (S,); `home` (S,) is where each stands."""
    energy, available, net_generation = met
    daily, taken, need, ready_in, asked, reserved, reserve_hours = bounds
    for m in range(len(energy)):
        if not available[m]:
            default[m] = low[m] = high[m] = 0.0
            continue
        alone = default_of(s, m, energy[m], net_generation[home[m]], hours)
        reserved_kwh = reserved[m] * reserve_hours / s.out_of[m]
        max_out = c.discharge_limit_kw(
            energy[m], s.floor[m] + reserved_kwh, s.give[m] - reserved[m], s.out_of[m], hours
        )
        left_kw = max(daily[m] - taken[m] - reserved_kwh, 0.0) * s.out_of[m] / hours
        max_out = min(max_out, max(alone, 0.0) + left_kw)
        lowest = highest = alone
        if s.follows[m]:
            max_in = c.charge_limit_kw(energy[m], s.ceiling[m], s.charge[m], s.into[m], hours)
            lowest = max(-max_in, alone - min(s.deviation[m], asked[2, m]))
            # Below what preferences protect it is neither discharged nor kept from charging until it is there.
            if energy[m] >= s.floor[m] - _NEGLIGIBLE_KWH:
                highest = min(max_out, alone + min(s.deviation[m], asked[0, m]))
        elif s.movable[m]:
            missing = (need[m] - energy[m]) / (s.into[m] * hours)
            spare = max(ready_in[m] - 1, 0) * s.charge[m] - missing  # charging that can be left out until it leaves
            must = min(max(-spare, 0.0), -min(alone, 0.0))
            gives = min(max_out, asked[1, m], max(spare, 0.0) * s.into[m] * s.out_of[m])
            highest = gives if gives > 0.0 else min(-must, alone + asked[0, m])
        default[m] = alone
        low[m] = min(lowest, alone)
        high[m] = max(highest, alone)


@c.part
def sums_kw(aggregation, power, default, up, down) -> None:  # type: ignore[no-untyped-def]
    """Add every store's deviation up and down to its aggregation's (A,)."""
    for m in range(len(power)):
        moved = power[m] - default[m]
        if moved > 0.0:
            up[aggregation[m]] += moved
        else:
            down[aggregation[m]] -= moved
