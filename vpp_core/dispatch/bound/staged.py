"""Records of a staged program: the program, the prices of its rows, and what the two solves of a step share."""

from __future__ import annotations

from typing import NamedTuple

from vpp_core.fleet.fleet import Floats

FIXED_KWH = 1e-9
"""A variable with less room than this is a constant."""

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
    """Residuals and factors per interval, which both solves of a step use."""

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
