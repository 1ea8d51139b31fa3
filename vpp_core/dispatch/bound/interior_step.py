"""One step of the interior-point method of `bound.interior`, compiled: all of it that stays within an interval.

What goes from interval to interval, between these, is in `bound.sweeps`.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from vpp_core.dispatch.bound import rows
from vpp_core.dispatch.bound.staged import (
    ABOVE,
    BELOW,
    DZ_ABOVE,
    DZ_BELOW,
    MOVES,
    PER_ABOVE,
    PER_BELOW,
    PER_Z,
    STILL,
    THETA,
    Z_ABOVE,
    Z_BELOW,
    Blocks,
    D,
    Prices,
    Staged,
)
from vpp_core.fleet.fleet import Floats

BACK_OFF = 0.9995
"""Share of the step to the nearest limit that is taken."""


class Spare(NamedTuple):
    """Rows to work in, each (T,)."""

    gap: Floats
    following: Floats
    priced: Floats
    variables: Floats
    multipliers: Floats
    first_order: Floats
    second_order: Floats


@njit(nogil=True, cache=True, error_model="numpy")
def prepare(k: Staged, x: Floats, b: Blocks, spare: Spare) -> tuple[float, float]:
    """Residuals and θ of a step, and the blocks of it; returns complementarity [$] and the largest residual [kWh]."""
    flows, stocks = len(k.sign), len(k.rhs)
    rows.fill(spare.gap, 0.0)
    rows.fill(b.weight, 0.0)
    rows.copy(b.meter, k.meter)
    for v in range(len(k.room)):
        below, above, z_below, z_above = x[v, BELOW], x[v, ABOVE], x[v, Z_BELOW], x[v, Z_ABOVE]
        rows.per_product(x[v, PER_Z], below, above, x[v, MOVES], x[v, STILL])
        rows.product(x[v, PER_BELOW], x[v, PER_Z], above)
        rows.product(x[v, PER_ABOVE], x[v, PER_Z], below)
        rows.per_product(x[v, PER_Z], z_below, z_above, x[v, MOVES], x[v, STILL])
        rows.theta(x[v, THETA], below, above, z_below, z_above, x[v, STILL])
        rows.add_products(spare.gap, below, z_below, above, z_above)
        if v < flows:
            rows.add(b.meter, -k.sign[v], below)
            rows.add(b.weight, 1.0, x[v, THETA])
    entry = 0
    for s in range(stocks):
        rows.copy(b.left[s], x[flows + s, THETA])
        residual, mean = b.rhs[s], b.mean[s]
        rows.copy(residual, k.rhs[s])
        rows.add(residual, -1.0, x[flows + s, BELOW])
        rows.add_to_next(residual, 1.0, k.passed[s], x[flows + s, BELOW])
        rows.fill(mean, 0.0)
        for v in range(flows):
            if b.acts[v, s]:
                rows.add_product(residual, 1.0, k.effect[v, s], x[v, BELOW])
                rows.add_product(mean, -k.sign[v], k.effect[v, s], x[v, THETA])
        rows.divide(mean, b.weight)
        for r in range(s + 1):
            rows.fill(b.apart[entry], 0.0)
            for v in range(flows):
                rows.add_apart(b.apart[entry], x[v, THETA], -k.sign[v], k.effect[v, s], mean, k.effect[v, r], b.mean[r])
            entry += 1
    unbalanced = rows.largest_size(b.meter)
    if k.headroom >= 0:
        _eliminate(k, x, b)
        unbalanced = max(unbalanced, rows.largest_size(b.sustain))
    for s in range(stocks):
        unbalanced = max(unbalanced, rows.largest_size(b.rhs[s]))
    return rows.total(spare.gap), unbalanced


@njit(nogil=True, cache=True, error_model="numpy")
def _eliminate(k: Staged, x: Floats, b: Blocks) -> None:
    """Take the rows of reserve out of the blocks, and their residuals [kWh]."""
    energy, held = len(k.sign), len(k.sign) + len(k.rhs)
    for t in range(len(k.kappa)):
        kappa = k.kappa[t]
        b.rhs[k.headroom, t] -= x[held, BELOW, t]
        if kappa == 0.0:
            b.per_p[t] = b.of_energy[t] = b.of_held[t] = b.between[t] = b.sustain[t] = 0.0
            continue
        theta_e, theta_r, theta_v = x[energy, THETA, t], x[held, THETA, t], x[held + 1, THETA, t]
        per_p = 1.0 / (theta_e + kappa * kappa * theta_r + theta_v)
        of_energy, of_held = theta_e * per_p, kappa * theta_r * per_p
        b.per_p[t], b.of_energy[t], b.of_held[t], b.between[t] = per_p, of_energy, of_held, theta_e * of_held
        b.left[0, t] = of_energy * (kappa * kappa * theta_r + theta_v)
        b.left[k.headroom, t] += theta_r * (theta_e + theta_v) * per_p
        b.sustain[t] = k.sustain[t] - x[energy, BELOW, t] + kappa * x[held, BELOW, t] + x[held + 1, BELOW, t]


@njit(nogil=True, cache=True, error_model="numpy")
def _pass_on(k: Staged, x: Floats, b: Blocks, change: Prices) -> None:
    """Add what the eliminated rows of reserve contribute to the right-hand sides of energy and headroom."""
    held = len(k.sign) + len(k.rhs)
    own, kappa, passed = change.mu, k.kappa, k.passed[0]
    energy, headroom, of_energy, of_held = change.lam[0], change.lam[k.headroom], b.of_energy, b.of_held
    d_e, d_r, d_v = x[held - len(k.rhs), D], x[held, D], x[held + 1, D]
    for t in range(len(own)):
        missing = d_e[t] - kappa[t] * d_r[t] - d_v[t] + b.sustain[t]
        own[t] = missing if kappa[t] > 0.0 else 0.0
    for t in range(len(own)):
        headroom[t] += d_r[t] + of_held[t] * own[t]
    for t in range(len(own)):
        energy[t] -= of_energy[t] * own[t]
    for t in range(len(own) - 1):
        energy[t + 1] += passed[t] * of_energy[t] * own[t]


@njit(nogil=True, cache=True, error_model="numpy")
def right_hand_sides(k: Staged, x: Floats, b: Blocks, target: float, second_order: float, change: Prices) -> None:
    """Right-hand sides of a step towards complementarity `target`; `second_order`: 1 where what the step before leaves
    of second order is to be made up for, else 0.
    """
    flows, stocks = len(k.sign), len(k.rhs)
    right, swept = change.nu, change.lam
    rows.copy(right, b.meter)
    for s in range(stocks):
        rows.copy(swept[s], b.rhs[s])
    for v in range(len(k.room)):
        d, r_below, r_above = x[v, D], x[v, DZ_BELOW], x[v, DZ_ABOVE]
        rows.missing(r_below, target, x[v, BELOW], x[v, Z_BELOW], -second_order, d)
        rows.missing(r_above, target, x[v, ABOVE], x[v, Z_ABOVE], second_order, d)
        rows.own_step(d, x[v, THETA], r_above, x[v, PER_ABOVE], r_below, x[v, PER_BELOW])
        if v < flows:
            rows.add(right, k.sign[v], d)
            for s in range(stocks):
                if b.acts[v, s]:
                    rows.add_product(swept[s], -1.0, k.effect[v, s], d)
        elif v < flows + stocks:
            rows.add(swept[v - flows], 1.0, d)
            rows.add_to_next(swept[v - flows], -1.0, k.passed[v - flows], d)
    if k.headroom >= 0:
        _pass_on(k, x, b, change)
    for s in range(stocks):
        rows.add_product(swept[s], -1.0, b.mean[s], right)


@njit(nogil=True, cache=True, error_model="numpy")
def steps_of(k: Staged, x: Floats, b: Blocks, change: Prices, spare: Spare) -> tuple[float, float, float, float]:
    """Steps of prices and variables from the stocks' prices.

    Returns how far variables and multipliers can go, and the sums of first and second order by which complementarity
    then changes [$].
    """
    flows, stocks = len(k.sign), len(k.rhs)
    nu, lam, mu, priced, following = change.nu, change.lam, change.mu, spare.priced, spare.following
    rows.divide(nu, b.weight)
    for s in range(stocks):
        rows.add_product(nu, -1.0, b.mean[s], lam[s])
    if k.headroom >= 0:
        rows.product_of_next(following, k.passed[0], lam[0])
        rows.difference(priced, lam[0], following)
        rows.product(mu, b.per_p, mu)
        rows.add_product(mu, -1.0, b.of_energy, priced)
        rows.add_product(mu, 1.0, b.of_held, lam[k.headroom])
    rows.fill(spare.variables, 0.0)
    rows.fill(spare.multipliers, 0.0)
    rows.fill(spare.first_order, 0.0)
    rows.fill(spare.second_order, 0.0)
    for v in range(len(k.room)):
        if v < flows:
            rows.times(priced, k.sign[v], nu)
            for s in range(stocks):
                if b.acts[v, s]:
                    rows.add_product(priced, -1.0, k.effect[v, s], lam[s])
        elif v < flows + stocks:
            rows.product_of_next(following, k.passed[v - flows], lam[v - flows])
            rows.difference(priced, lam[v - flows], following)
            if v == flows:
                rows.add(priced, 1.0, mu)
        elif v == flows + stocks:
            rows.copy(priced, lam[k.headroom])
            rows.add_product(priced, -1.0, k.kappa, mu)
        else:
            rows.times(priced, -1.0, mu)
        d, dz_below, dz_above = x[v, D], x[v, DZ_BELOW], x[v, DZ_ABOVE]
        rows.step_of(d, x[v, THETA], priced)
        rows.step_of_multiplier(dz_below, -1.0, x[v, Z_BELOW], d, x[v, PER_BELOW])
        rows.step_of_multiplier(dz_above, 1.0, x[v, Z_ABOVE], d, x[v, PER_ABOVE])
        rows.mark_variable(spare.variables, d, x[v, PER_BELOW], x[v, PER_ABOVE])
        rows.mark_multiplier(spare.multipliers, dz_below, dz_above, x[v, Z_BELOW], x[v, Z_ABOVE], x[v, PER_Z])
        rows.add_by_difference(spare.first_order, d, x[v, Z_BELOW], x[v, Z_ABOVE])
        rows.add_by_difference(spare.second_order, d, dz_below, dz_above)
    return (
        BACK_OFF / max(rows.largest(spare.variables), BACK_OFF),
        BACK_OFF / max(rows.largest(spare.multipliers), BACK_OFF),
        rows.total(spare.first_order),
        rows.total(spare.second_order),
    )


@njit(nogil=True, cache=True, error_model="numpy")
def take(x: Floats, prices: Prices, change: Prices, far_x: float, far_z: float) -> None:
    """Take a step, or take it back."""
    rows.add(prices.nu, far_z, change.nu)
    rows.add(prices.mu, far_z, change.mu)
    for s in range(len(prices.lam)):
        rows.add(prices.lam[s], far_z, change.lam[s])
    for v in range(len(x)):
        rows.add(x[v, BELOW], far_x, x[v, D])
        rows.add(x[v, ABOVE], -far_x, x[v, D])
        rows.add(x[v, Z_BELOW], far_z, x[v, DZ_BELOW])
        rows.add(x[v, Z_ABOVE], far_z, x[v, DZ_ABOVE])


@njit(nogil=True, cache=True, error_model="numpy")
def balance(b: Blocks) -> None:
    """Take the residuals as 0."""
    rows.fill(b.meter, 0.0)
    rows.fill(b.sustain, 0.0)
    for s in range(len(b.rhs)):
        rows.fill(b.rhs[s], 0.0)
