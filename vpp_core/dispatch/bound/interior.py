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

import numpy as np

from vpp_core.dispatch.bound import sweeps
from vpp_core.dispatch.bound.interior_step import Spare, balance, prepare, right_hand_sides, steps_of, take
from vpp_core.dispatch.bound.staged import (
    BELOW,
    MOVES,
    WRITTEN_OUT,
    Prices,
    Staged,
    in_the_middle,
    no_blocks,
    no_prices,
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


def solve_staged(k: Staged) -> tuple[Floats, Prices, int]:
    """All variables above their lower limits (V + S …, T), the rows' prices, and the steps taken."""
    stocks, intervals = k.rhs.shape
    x, b, headroom = in_the_middle(k), no_blocks(k), k.headroom
    prices, change = no_prices(stocks, intervals), no_prices(len(b.left), intervals)
    spare = Spare(*np.zeros((len(Spare._fields), intervals)))
    three = len(b.left) == WRITTEN_OUT
    factor = sweeps.factor_three if three else sweeps.factor_any
    ahead = sweeps.three_ahead if three else sweeps.any_ahead
    back = sweeps.three_back if three else sweeps.any_back
    limits = 2.0 * float(x[:, MOVES].sum())
    steps, near = 0, False
    far_x = far_z = 0.0
    while steps < MAX_STEPS:
        steps += 1
        gap, unbalanced = prepare(k, x, b, spare)
        if gap < GAP_USD and unbalanced < BALANCED_KWH:
            break
        if headroom >= 0 and near and unbalanced > BALANCED_KWH:
            take(x, prices, change, -far_x, -far_z)
            break
        near = gap < DONE_USD and unbalanced < BALANCED_KWH
        if unbalanced < ROUNDING_KWH:
            balance(b)
        factor(b, headroom)
        target = asked = second_order = 0.0
        for corrects in (0.0, 1.0):
            right_hand_sides(k, x, b, target, corrects, change)
            ahead(b, headroom, change.lam)
            back(b, headroom, change.lam)
            # What a whole step asks of Σ x z, less what variables bring to it, is what multipliers bring.
            asked = limits * target - gap - second_order
            far_x, far_z, first_order, second_order = steps_of(k, x, b, change, spare)
            after = gap + far_x * first_order + far_z * (asked - first_order) + far_x * far_z * second_order
            if not corrects:
                target = gap / limits * (after / gap) ** 3
                if headroom >= 0:
                    target = max(target, MIN_TARGET_SHARE * GAP_USD / limits)
        if gap < NEAR_USD and after > 0.9 * gap:
            break
        take(x, prices, change, far_x, far_z)
    return x[:, BELOW], prices, steps


def dual_usd(k: Staged, prices: Prices) -> float:
    """Lower bound of the program's cost [$] by weak duality, valid for any prices since all variables are bounded."""
    nu, lam, mu = prices
    flows, stocks = len(k.sign), len(k.rhs)
    following = np.zeros_like(lam)
    following[:, :-1] = k.passed[:, :-1] * lam[:, 1:]
    reduced = k.cost.copy()
    reduced[:flows] += np.einsum("vst,st->vt", k.effect, lam)
    reduced[:flows] -= k.sign[:, None] * nu
    reduced[flows : flows + stocks] += following - lam
    total = k.meter @ nu + (k.rhs * lam).sum()
    if k.headroom >= 0:
        reduced[flows] -= np.where(k.kappa > 0.0, mu, 0.0)
        reduced[flows + stocks] += k.kappa * mu - lam[k.headroom]
        reduced[flows + stocks + 1] = mu
        total += k.sustain @ mu
    return float(total + (np.minimum(reduced, 0.0) * k.room).sum())
