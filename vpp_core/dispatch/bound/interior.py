"""Stores that share a meter, by an interior-point method that knows the program is a chain of small blocks.

Per interval t, in kWh: flows f_v (import, export, each store's charge and discharge) and stocks e_s (each store's
energy; where a daily limit is kept, what was taken of it today), all between finite limits:

    Σ_v sign_v f_v = surplus_t                                             the meter, price ν_t
    e_s,t − passed_s,t−1 · e_s,t−1 − Σ_v effect_v,s f_v = rhs_t,s          each stock, price λ_t,s

Mehrotra's predictor–corrector (SIAM J. Optim. 2, 1992) needs per step the solution of A Θ Aᵀ y = r, Θ diagonal. Between
intervals only stocks couple, so y follows by one sweep forward and one back over blocks as large as there are stocks,

    S_t = Σ_v θ_v (b_v − b̄)(b_v − b̄)ᵀ + P_t ,  b_v = −sign_v · effect_v, b̄ their θ-weighted mean (the meter eliminated)
    P_{t+1} = S_t (S_t + Θ_t)⁻¹ Θ_t

both written without differences of large numbers, on which interior points founder at the end. With finite limits on
everything the dual starts feasible and stays so.

A battery that holds reserve (stock 0) adds two variables per interval, r held and v, and a row of its own,

    e_0,t − κ_t r_t − v_t = sustain_t                                      price μ_t

and r takes from a stock that is not passed on, the headroom u. The row is eliminated before the blocks are built: with
p = θ_e + κ²θ_r + θ_v it leaves of θ_e and θ_r the positive

    θ_e (κ²θ_r + θ_v) / p of e_0,   θ_r (θ_e + θ_v) / p of r,   κ θ_e θ_r / p between them

so that Θ_t above is diagonal but for that last entry between energy and headroom.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from vpp_core.dispatch.bound.interior_step import backward, forward, prepare
from vpp_core.dispatch.bound.staged import (
    ABOVE,
    BELOW,
    DZ_ABOVE,
    DZ_BELOW,
    FIXED_KWH,
    THETA,
    Z_ABOVE,
    Z_BELOW,
    Blocks,
    D,
    Prices,
    Staged,
)
from vpp_core.fleet.fleet import Floats

MAX_STEPS = 100
GAP_USD = 1e-8
"""Complementarity at which it stops; what was reached is certified afterwards, not believed."""
MIN_TARGET_SHARE = 0.1
"""With reserve no step aims below this share of it: there variables are smaller than what rounding makes of them."""
NEAR_USD = 3e-7
"""Complementarity below which a step that gains nothing ends it: rounding has the last word."""
DONE_USD = 6e-8
"""Complementarity below which a step that loses balance is taken back and ends it, where reserve is held."""
BALANCED_KWH = 1e-9
"""Residual of a row at which it may stop."""
ROUNDING_KWH = 3e-11
"""Residual that is rounding: chasing it near the end would stop every step short."""


@njit(nogil=True, cache=True, error_model="numpy")
def solve_staged(k: Staged) -> tuple[Floats, Prices, int]:
    """All variables above their lower limits (T, V + S …), the rows' prices, and the steps taken."""
    intervals, stocks = k.rhs.shape
    variables = _start(k)
    prices = Prices(np.zeros(intervals), np.zeros((intervals, stocks)), np.zeros(intervals))
    change = Prices(np.zeros(intervals), np.zeros((intervals, stocks)), np.zeros(intervals))
    blocks = Blocks(
        np.zeros(intervals), np.zeros((intervals, stocks)), np.zeros(intervals), np.zeros((intervals, stocks)),
        np.zeros((intervals, stocks, stocks)), np.zeros((intervals, stocks)), np.zeros(intervals),
        np.zeros((intervals, 4)),
    )  # fmt: skip
    limits = 2 * np.sum(k.room > FIXED_KWH)
    steps, near = 0, False
    step_x = step_z = 0.0
    while steps < MAX_STEPS:
        steps += 1
        gap, unbalanced = prepare(k, variables, blocks)
        if gap < GAP_USD and unbalanced < BALANCED_KWH:
            break
        if k.headroom >= 0 and near and unbalanced > BALANCED_KWH:
            _take(variables, prices, change, -step_x, -step_z)
            break
        near = gap < DONE_USD and unbalanced < BALANCED_KWH
        if unbalanced < ROUNDING_KWH:
            blocks.meter.fill(0.0)
            blocks.rhs.fill(0.0)
            blocks.sustain.fill(0.0)
        forward(k, variables, blocks, 0.0, False, change)
        step_x, step_z, after = backward(k, variables, blocks, change)
        target = gap / limits * (after / gap) ** 3
        if k.headroom >= 0:
            target = max(target, MIN_TARGET_SHARE * GAP_USD / limits)
        forward(k, variables, blocks, target, True, change)
        step_x, step_z, after = backward(k, variables, blocks, change)
        if gap < NEAR_USD and after > 0.9 * gap:
            break
        _take(variables, prices, change, step_x, step_z)
    return variables[:, :, BELOW].copy(), prices, steps


@njit(nogil=True, cache=True, error_model="numpy")
def _take(variables: Floats, prices: Prices, change: Prices, step_x: float, step_z: float) -> None:
    """Take a step, or take it back."""
    intervals, count, _ = variables.shape
    for t in range(intervals):
        prices.nu[t] += step_z * change.nu[t]
        prices.mu[t] += step_z * change.mu[t]
        for s in range(change.lam.shape[1]):
            prices.lam[t, s] += step_z * change.lam[t, s]
        for v in range(count):
            if variables[t, v, THETA] > 0.0:
                variables[t, v, BELOW] += step_x * variables[t, v, D]
                variables[t, v, ABOVE] -= step_x * variables[t, v, D]
                variables[t, v, Z_BELOW] += step_z * variables[t, v, DZ_BELOW]
                variables[t, v, Z_ABOVE] += step_z * variables[t, v, DZ_ABOVE]


@njit(nogil=True, cache=True, error_model="numpy")
def _start(k: Any) -> Floats:
    """Every variable in the middle, every multiplier such that the dual is feasible at prices of zero."""
    intervals, count = k.room.shape
    variables = np.zeros((intervals, count, 10))
    for t in range(intervals):
        for v in range(count):
            if k.room[t, v] > FIXED_KWH:
                variables[t, v, BELOW] = variables[t, v, ABOVE] = 0.5 * k.room[t, v]
                variables[t, v, Z_BELOW] = max(k.cost[t, v], 0.0) + 0.1
                variables[t, v, Z_ABOVE] = max(-k.cost[t, v], 0.0) + 0.1
    return variables


@njit(nogil=True, cache=True, error_model="numpy")
def dual_usd(k: Staged, prices: Prices) -> float:
    """Lower bound of the program's cost [$] by weak duality, valid for any prices since all variables are bounded."""
    intervals, stocks = k.rhs.shape
    flows = len(k.sign)
    nu, lam, mu = prices.nu, prices.lam, prices.mu
    total = 0.0
    for t in range(intervals):
        total += k.meter[t] * nu[t]
        row = t if len(k.effect) > 1 else 0
        for v in range(flows):
            reduced = k.cost[t, v] - k.sign[v] * nu[t]
            for s in range(stocks):
                reduced += k.effect[row, v, s] * lam[t, s]
            total += min(0.0, reduced) * k.room[t, v]
        for s in range(stocks):
            following = k.passed[t, s] * lam[t + 1, s] if t + 1 < intervals else 0.0
            reduced = k.cost[t, flows + s] - lam[t, s] + following
            if s == 0 and k.kappa[t] > 0.0:
                reduced -= mu[t]
            total += k.rhs[t, s] * lam[t, s]
            total += min(0.0, reduced) * k.room[t, flows + s]
        if k.headroom >= 0:
            held = flows + stocks
            total += k.sustain[t] * mu[t] + min(0.0, mu[t]) * k.room[t, held + 1]
            total += min(0.0, k.cost[t, held] - lam[t, k.headroom] + k.kappa[t] * mu[t]) * k.room[t, held]
    return total
