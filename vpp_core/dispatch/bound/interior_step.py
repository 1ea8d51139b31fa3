"""One step of the interior-point method of `bound.interior`, compiled: its factors, and the sweeps forward and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from vpp_core.dispatch.bound.inverses import invert, invert_by_sweeping, invert_three
from vpp_core.dispatch.bound.staged import (
    ABOVE,
    BELOW,
    BETWEEN,
    DZ_ABOVE,
    DZ_BELOW,
    OF_ENERGY,
    OF_HELD,
    PER_ABOVE,
    PER_BELOW,
    PER_P,
    THETA,
    Z_ABOVE,
    Z_BELOW,
    D,
)
from vpp_core.fleet.fleet import Floats

BACK_OFF = 0.9995
"""Share of the step to the nearest limit that is taken."""


@njit(nogil=True, cache=True, error_model="numpy")
def prepare(k: Any, variables: Floats, blocks: Any) -> tuple[float, float]:
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
        if stocks == 3 and invert_three(work, inverse):
            pass
        elif k.headroom >= 0 and stocks > 2:
            invert_by_sweeping(work, inverse)
        else:
            invert(work, inverse)
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
def forward(k: Any, variables: Floats, blocks: Any, target: float, corrects: bool, change: Any) -> None:
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
def backward(k: Any, variables: Floats, blocks: Any, change: Any) -> tuple[float, float, float]:
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
