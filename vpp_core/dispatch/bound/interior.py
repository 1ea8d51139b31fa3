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

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from vpp_core.fleet.fleet import Floats

MOST_STEPS = 100
GAP_USD = 1e-8
"""Complementarity at which it stops; what was reached is certified afterwards, not believed."""
LEAST_SHARE = 0.1
"""With reserve no step aims below this share of it: there variables are smaller than what rounding makes of them."""
NEAR_USD = 3e-7
"""Complementarity below which a step that gains nothing ends it: rounding has the last word."""
DONE_USD = 6e-8
"""Complementarity below which a step that loses balance is taken back and ends it, where reserve is held."""
BALANCED_KWH = 1e-9
"""Residual of a row at which it may stop."""
ROUNDING_KWH = 3e-11
"""Residual that is rounding: chasing it near the end would stop every step short."""
FIXED_KWH = 1e-9
"""A variable with less room than this is a constant."""
BACK_OFF = 0.9995
"""Share of the step to the nearest limit that is taken."""

BELOW, ABOVE, Z_BELOW, Z_ABOVE, PER_BELOW, PER_ABOVE, THETA, D, DZ_BELOW, DZ_ABOVE = range(10)
"""Fields of a variable: distance to its limits, their multipliers, one over each distance, θ, and the step."""
PER_P, OF_ENERGY, OF_HELD, BETWEEN = range(4)
"""1/p, θ_e/p, κθ_r/p and the entry of Θ between energy and headroom."""


class Staged(NamedTuple):
    """A program in stages: V flows and S stocks over T intervals; energy in kWh, money in $."""

    cost: Floats
    """per kWh of flow, then of stock, shape (T, V + S)"""
    room: Floats
    """upper minus lower limit, shape (T, V + S); lower limits are 0 (they are in `rhs`)"""
    sign: Floats
    """effect of flows on the meter, +1 or −1, shape (V,)"""
    effect: Floats
    """effect of flows on stocks, shape (T, V, S), or (1, V, S) where it is the same in all intervals"""
    passed: Floats
    """1 where a stock is handed to the next interval, else 0, shape (T, S); 0 at the end"""
    meter: Floats
    """right-hand side of the meter's rows, shape (T,)"""
    rhs: Floats
    """of the stocks' rows, shape (T, S)"""
    headroom: int
    """the stock that reserve takes from; −1: none is held, else `cost` and `room` have two columns more, r and v"""
    kappa: Floats
    """κ, shape (T,); 0: nothing is held in the interval, and the row is not there"""
    sustain: Floats
    """right-hand side of the rows of reserve, shape (T,)"""


class Prices(NamedTuple):
    """One per row."""

    nu: Floats
    """of the meter, shape (T,)"""
    lam: Floats
    """of the stocks, shape (T, S)"""
    mu: Floats
    """of reserve, shape (T,)"""


class Blocks(NamedTuple):
    """What a step's two solves share: residuals and factors per interval."""

    meter: Floats
    """residual of the meter's rows, shape (T,)"""
    rhs: Floats
    """of the stocks' rows, shape (T, S)"""
    weight: Floats
    """Σθ of the flows, shape (T,)"""
    mean: Floats
    """b̄, shape (T, S)"""
    inverse: Floats
    """(S + Θ)⁻¹, shape (T, S, S)"""
    left: Floats
    """diagonal of Θ, what reserve leaves of it, shape (T, S)"""
    sustain: Floats
    """residual of the rows of reserve, shape (T,)"""
    shares: Floats
    """of eliminating them, columns `PER_P` … `BETWEEN`, shape (T, 4)"""


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
    while steps < MOST_STEPS:
        steps += 1
        gap, unbalanced = _prepare(k, variables, blocks)
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
        _forward(k, variables, blocks, 0.0, False, change)
        step_x, step_z, after = _backward(k, variables, blocks, change)
        target = gap / limits * (after / gap) ** 3
        if k.headroom >= 0:
            target = max(target, LEAST_SHARE * GAP_USD / limits)
        _forward(k, variables, blocks, target, True, change)
        step_x, step_z, after = _backward(k, variables, blocks, change)
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
def _prepare(k: Any, variables: Floats, blocks: Any) -> tuple[float, float]:
    """Residuals, θ and factors of a step; returns complementarity [$] and the largest residual [kWh]."""
    intervals, stocks = k.rhs.shape
    flows = len(k.sign)
    gap, unbalanced = 0.0, 0.0
    carried, held, work = np.zeros((stocks, stocks)), np.zeros((stocks, stocks)), np.zeros((stocks, stocks))
    apart = np.zeros((stocks, flows))
    for t in range(intervals):
        residual, weight = k.meter[t], 0.0
        row = t if len(k.effect) > 1 else 0
        for v in range(k.room.shape[1]):
            if variables[t, v, Z_BELOW] == 0.0:
                continue
            below, above = variables[t, v, BELOW], variables[t, v, ABOVE]
            z_below, z_above = variables[t, v, Z_BELOW], variables[t, v, Z_ABOVE]
            per_below, per_above = 1.0 / below, 1.0 / above
            theta = 1.0 / (z_below * per_below + z_above * per_above)
            variables[t, v, PER_BELOW], variables[t, v, PER_ABOVE] = per_below, per_above
            variables[t, v, THETA] = theta
            gap += below * z_below + above * z_above
            if v < flows:
                residual -= k.sign[v] * below
                weight += theta
        for s in range(stocks):
            missing, mean = k.rhs[t, s] - variables[t, flows + s, BELOW], 0.0
            if t > 0:
                missing += k.passed[t - 1, s] * variables[t - 1, flows + s, BELOW]
            for v in range(flows):
                missing += k.effect[row, v, s] * variables[t, v, BELOW]
                mean -= variables[t, v, THETA] * k.sign[v] * k.effect[row, v, s]
            if weight > 0.0:
                mean /= weight
            blocks.rhs[t, s], blocks.mean[t, s] = missing, mean
            blocks.left[t, s] = variables[t, flows + s, THETA]
            for v in range(flows):
                apart[s, v] = -k.sign[v] * k.effect[row, v, s] - mean
        if k.kappa[t] > 0.0:
            unbalanced = max(unbalanced, abs(_eliminate(k, variables, blocks, t)))
        blocks.meter[t], blocks.weight[t] = residual, weight
        unbalanced = max(unbalanced, abs(residual))
        for s in range(stocks):
            unbalanced = max(unbalanced, abs(blocks.rhs[t, s]))
            for r in range(s + 1):
                value = 0.5 * (carried[s, r] + carried[r, s])
                for v in range(flows):
                    value += variables[t, v, THETA] * apart[s, v] * apart[r, v]
                held[s, r] = value
        for s in range(stocks):
            for r in range(s + 1):
                held[r, s] = work[r, s] = work[s, r] = held[s, r]
            work[s, s] += blocks.left[t, s]
        if k.kappa[t] > 0.0:
            work[0, k.headroom] += blocks.shares[t, BETWEEN]
            work[k.headroom, 0] += blocks.shares[t, BETWEEN]
        inverse = blocks.inverse[t]
        if stocks == 3 and _invert_three(work, inverse):
            pass
        elif k.headroom >= 0 and stocks > 2:
            _sweep(work, inverse)
        else:
            _invert(work, inverse)
        for s in range(stocks):
            if k.passed[t, s] == 0.0:
                for r in range(stocks):
                    carried[s, r] = 0.0
                continue
            for r in range(stocks):
                work[s, r] = 0.0
                for j in range(stocks):
                    work[s, r] += held[s, j] * inverse[j, r]
            for r in range(stocks):
                carried[s, r] = work[s, r] * blocks.left[t, r] * k.passed[t, s] * k.passed[t, r]
            if k.kappa[t] > 0.0:
                carried[s, 0] += work[s, k.headroom] * blocks.shares[t, BETWEEN] * k.passed[t, s] * k.passed[t, 0]
    return gap, unbalanced


@njit(nogil=True, cache=True, error_model="numpy")
def _eliminate(k: Any, variables: Floats, blocks: Any, t: int) -> float:
    """Take an interval's row of reserve out of the blocks; returns its residual [kWh]."""
    energy, held = len(k.sign), len(k.sign) + k.rhs.shape[1]
    kappa = k.kappa[t]
    theta_e, theta_r, theta_v = variables[t, energy, THETA], variables[t, held, THETA], variables[t, held + 1, THETA]
    per_p = 1.0 / (theta_e + kappa * kappa * theta_r + theta_v)
    of_energy, of_held = theta_e * per_p, kappa * theta_r * per_p
    shares = blocks.shares[t]
    shares[PER_P], shares[OF_ENERGY], shares[OF_HELD] = per_p, of_energy, of_held
    shares[BETWEEN] = theta_e * of_held
    blocks.left[t, 0] = of_energy * (kappa * kappa * theta_r + theta_v)
    blocks.left[t, k.headroom] += theta_r * (theta_e + theta_v) * per_p
    blocks.rhs[t, k.headroom] -= variables[t, held, BELOW]
    residual = (
        k.sustain[t] - variables[t, energy, BELOW] + kappa * variables[t, held, BELOW] + variables[t, held + 1, BELOW]
    )
    blocks.sustain[t] = residual
    return residual


@njit(nogil=True, cache=True, error_model="numpy")
def _invert(matrix: Floats, inverse: Floats) -> None:
    """Inverse of a small symmetric positive matrix by Gauss–Jordan; a row with nothing in it stays nothing."""
    n = len(matrix)
    if n == 2 and matrix[0, 0] > 0.0:
        per_first = 1.0 / matrix[0, 0]
        share = matrix[0, 1] * per_first
        rest = matrix[1, 1] - matrix[0, 1] * share
        if rest > 0.0:
            inverse[1, 1] = 1.0 / rest
            inverse[0, 1] = inverse[1, 0] = -share * inverse[1, 1]
            inverse[0, 0] = per_first - share * inverse[0, 1]
            return
    for i in range(n):
        for j in range(n):
            inverse[i, j] = 1.0 if i == j else 0.0
    for i in range(n):
        if matrix[i, i] <= 0.0:
            for j in range(n):
                matrix[i, j] = matrix[j, i] = inverse[i, j] = inverse[j, i] = 0.0
            continue
        per_pivot = 1.0 / matrix[i, i]
        for j in range(n):
            matrix[i, j] *= per_pivot
            inverse[i, j] *= per_pivot
        for r in range(n):
            factor = matrix[r, i]
            if r != i and factor != 0.0:
                for j in range(n):
                    matrix[r, j] -= factor * matrix[i, j]
                    inverse[r, j] -= factor * inverse[i, j]


@njit(nogil=True, cache=True, error_model="numpy")
def _invert_three(matrix: Floats, inverse: Floats) -> bool:
    """The same of three rows, written out; whether all pivots are positive."""
    a, b, c = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    if not a > 0.0:
        return False
    per_a = 1.0 / a
    share_b, share_c = b * per_a, c * per_a
    d, e = matrix[1, 1] - b * share_b, matrix[2, 1] - c * share_b
    if not d > 0.0:
        return False
    per_d = 1.0 / d
    share_e = e * per_d
    f = matrix[2, 2] - c * share_c - e * share_e
    if not f > 0.0:
        return False
    per_f = 1.0 / f
    # Rows of the inverse from the last up: L⁻ᵀ D⁻¹ L⁻¹ with L⁻¹'s entries below.
    last = share_b * share_e - share_c
    inverse[2, 2] = per_f
    inverse[1, 2] = inverse[2, 1] = -share_e * per_f
    inverse[0, 2] = inverse[2, 0] = last * per_f
    inverse[1, 1] = per_d + share_e * share_e * per_f
    inverse[0, 1] = inverse[1, 0] = -share_b * per_d - share_e * last * per_f
    inverse[0, 0] = per_a + share_b * share_b * per_d + last * last * per_f
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _sweep(matrix: Floats, inverse: Floats) -> None:
    """The same of three rows and more by sweeping in place, with half the work."""
    n = len(matrix)
    for p in range(n):
        per_pivot = 1.0 / matrix[p, p] if matrix[p, p] > 0.0 else 0.0
        for i in range(n):
            if i != p:
                share = matrix[i, p] * per_pivot
                for j in range(i + 1):
                    if j != p:
                        matrix[i, j] -= share * matrix[p, j]
                        matrix[j, i] = matrix[i, j]
        for i in range(n):
            matrix[i, p] *= per_pivot
            matrix[p, i] = matrix[i, p]
        matrix[p, p] = -per_pivot
    for i in range(n):
        for j in range(n):
            inverse[i, j] = -matrix[i, j]


@njit(nogil=True, cache=True, error_model="numpy")
def _forward(k: Any, variables: Floats, blocks: Any, target: float, corrects: bool, change: Any) -> None:
    """Right-hand sides of a step towards complementarity `target`, and the sweep forward over them."""
    intervals, stocks = k.rhs.shape
    flows = len(k.sign)
    swept_nu, swept = change.nu, change.lam
    carried, coming = np.zeros(stocks), np.zeros(stocks)
    for t in range(intervals):
        right = blocks.meter[t]
        row = t if len(k.effect) > 1 else 0
        for s in range(stocks):
            swept[t, s] = blocks.rhs[t, s] + coming[s]
            coming[s] = 0.0
        for v in range(k.room.shape[1]):
            if variables[t, v, THETA] == 0.0:
                continue
            r_below, r_above = (
                target - variables[t, v, BELOW] * variables[t, v, Z_BELOW],
                target - variables[t, v, ABOVE] * variables[t, v, Z_ABOVE],
            )
            if corrects:
                r_below -= variables[t, v, D] * variables[t, v, DZ_BELOW]
                r_above += variables[t, v, D] * variables[t, v, DZ_ABOVE]
            variables[t, v, DZ_BELOW], variables[t, v, DZ_ABOVE] = r_below, r_above
            variables[t, v, D] = variables[t, v, THETA] * (
                r_above * variables[t, v, PER_ABOVE] - r_below * variables[t, v, PER_BELOW]
            )
            if v < flows:
                right += k.sign[v] * variables[t, v, D]
                for s in range(stocks):
                    swept[t, s] -= k.effect[row, v, s] * variables[t, v, D]
            elif v < flows + stocks:
                swept[t, v - flows] += variables[t, v, D]
                coming[v - flows] = -k.passed[t, v - flows] * variables[t, v, D]
        swept_nu[t] = right
        if k.kappa[t] > 0.0:
            held, shares = flows + stocks, blocks.shares[t]
            own = variables[t, flows, D] - k.kappa[t] * variables[t, held, D] - variables[t, held + 1, D]
            change.mu[t] = own = own + blocks.sustain[t]
            swept[t, 0] -= shares[OF_ENERGY] * own
            swept[t, k.headroom] += variables[t, held, D] + shares[OF_HELD] * own
            coming[0] += k.passed[t, 0] * shares[OF_ENERGY] * own
        for s in range(stocks):
            swept[t, s] += carried[s] - blocks.mean[t, s] * right
        for s in range(stocks):
            value = 0.0
            for r in range(stocks):
                value += blocks.inverse[t, s, r] * swept[t, r]
            carried[s] = k.passed[t, s] * blocks.left[t, s] * value
            if s == k.headroom and k.kappa[t] > 0.0:
                carried[0] += k.passed[t, 0] * blocks.shares[t, BETWEEN] * value


@njit(nogil=True, cache=True, error_model="numpy")
def _backward(k: Any, variables: Floats, blocks: Any, change: Any) -> tuple[float, float, float]:
    """The sweep back: steps of prices (in place of what was swept) and variables.

    Returns how far variables and multipliers can go, and the complementarity there.
    """
    intervals, stocks = k.rhs.shape
    flows = len(k.sign)
    d_nu, d_lam = change.nu, change.lam
    step_x, step_z = 1.0, 1.0
    now, by_x, by_z, by_both = 0.0, 0.0, 0.0, 0.0
    following, price = np.zeros(stocks), np.zeros(stocks)
    for t in range(intervals - 1, -1, -1):
        nu = d_nu[t] / blocks.weight[t] if blocks.weight[t] > 0.0 else 0.0
        row = t if len(k.effect) > 1 else 0
        for s in range(stocks):
            following[s] = k.passed[t, s] * price[s]
            d_lam[t, s] += blocks.left[t, s] * following[s]
        if k.kappa[t] > 0.0:
            d_lam[t, k.headroom] += blocks.shares[t, BETWEEN] * following[0]
        for s in range(stocks):
            price[s] = 0.0
            for r in range(stocks):
                price[s] += blocks.inverse[t, s, r] * d_lam[t, r]
        for s in range(stocks):
            d_lam[t, s] = price[s]
            nu -= blocks.mean[t, s] * price[s]
        d_nu[t] = nu
        mu = 0.0
        if k.kappa[t] > 0.0:
            shares = blocks.shares[t]
            mu = shares[PER_P] * change.mu[t] - shares[OF_ENERGY] * (price[0] - following[0])
            change.mu[t] = mu = mu + shares[OF_HELD] * price[k.headroom]
        for v in range(k.room.shape[1]):
            if variables[t, v, THETA] == 0.0:
                continue
            if v < flows:
                priced = k.sign[v] * nu
                for s in range(stocks):
                    priced -= k.effect[row, v, s] * price[s]
            elif v < flows + stocks:
                priced = price[v - flows] - following[v - flows]
                if v == flows:
                    priced += mu
            elif v == flows + stocks:
                priced = price[k.headroom] - k.kappa[t] * mu
            else:
                priced = -mu
            d = variables[t, v, THETA] * priced - variables[t, v, D]
            dz_below, dz_above = (
                (variables[t, v, DZ_BELOW] - variables[t, v, Z_BELOW] * d) * variables[t, v, PER_BELOW],
                (variables[t, v, DZ_ABOVE] + variables[t, v, Z_ABOVE] * d) * variables[t, v, PER_ABOVE],
            )
            variables[t, v, D], variables[t, v, DZ_BELOW], variables[t, v, DZ_ABOVE] = d, dz_below, dz_above
            if step_x * d < -BACK_OFF * variables[t, v, BELOW]:
                step_x = -BACK_OFF * variables[t, v, BELOW] / d
            if step_x * d > BACK_OFF * variables[t, v, ABOVE]:
                step_x = BACK_OFF * variables[t, v, ABOVE] / d
            if step_z * dz_below < -BACK_OFF * variables[t, v, Z_BELOW]:
                step_z = -BACK_OFF * variables[t, v, Z_BELOW] / dz_below
            if step_z * dz_above < -BACK_OFF * variables[t, v, Z_ABOVE]:
                step_z = -BACK_OFF * variables[t, v, Z_ABOVE] / dz_above
            now += variables[t, v, BELOW] * variables[t, v, Z_BELOW] + variables[t, v, ABOVE] * variables[t, v, Z_ABOVE]
            by_x += d * (variables[t, v, Z_BELOW] - variables[t, v, Z_ABOVE])
            by_z += variables[t, v, BELOW] * dz_below + variables[t, v, ABOVE] * dz_above
            by_both += d * (dz_below - dz_above)
    return step_x, step_z, now + step_x * by_x + step_z * by_z + step_x * step_z * by_both


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
