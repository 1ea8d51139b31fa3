"""Records of a staged program: the program, the prices of its rows, its variables, and what the solves of a step share.

All are rows over the period: a loop over a row of T numbers runs several at a time, a loop over an interval's few
variables does not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_core.fleet.fleet import Bools, Floats

FIXED_KWH = 1e-9
"""A variable with less room than this is a constant."""
WRITTEN_OUT = 3
"""Programs of up to so many stocks are solved as if they had so many, by the sweeps that are written out."""

(
    MOVES,
    STILL,
    BELOW,
    ABOVE,
    Z_BELOW,
    Z_ABOVE,
    PER_BELOW,
    PER_ABOVE,
    PER_Z,
    THETA,
    D,
    DZ_BELOW,
    DZ_ABOVE,
) = range(FIELDS := 13)
"""Fields of a variable: whether it has room (1 or 0), the opposite, distance to its limits, their multipliers, one over
each distance and over the product of both multipliers, θ, and the step. They are one array, since each array that is
handed to compiled code costs a third of a microsecond.
"""


class Staged(NamedTuple):
    """A program in stages: V flows and S stocks over T intervals; energy in kWh, money in $."""

    cost: Floats
    """per kWh of flow, then of stock, shape (V + S, T)"""
    room: Floats
    """upper minus lower limit, shape (V + S, T); lower limits are 0 (they are in `rhs`)"""
    sign: Floats
    """effect of flows on the meter, +1 or −1, shape (V,)"""
    effect: Floats
    """effect of flows on stocks, shape (V, S, T)"""
    passed: Floats
    """1 where a stock is handed to the next interval, else 0, shape (S, T); 0 at the end"""
    meter: Floats
    """right-hand side of the meter's rows, shape (T,)"""
    rhs: Floats
    """of the stocks' rows, shape (S, T)"""
    headroom: int
    """the stock that reserve takes from; −1: none is held, else `cost` and `room` have two rows more, r and v"""
    kappa: Floats
    """κ, shape (T,); 0: nothing is held in the interval, and the row is not there"""
    sustain: Floats
    """right-hand side of the rows of reserve, shape (T,)"""


class Prices(NamedTuple):
    """One per row of the program."""

    nu: Floats
    """of the meter, shape (T,)"""
    lam: Floats
    """of the stocks, shape (S, T)"""
    mu: Floats
    """of reserve, shape (T,)"""


class Blocks(NamedTuple):
    """Residuals and factors, which both solves of a step use; S is at least `WRITTEN_OUT`, with stocks of nothing."""

    acts: Bools
    """whether a flow has an effect on a stock in any interval, shape (V, S)"""
    meter: Floats
    """residual of the meter's rows, shape (T,)"""
    rhs: Floats
    """of the stocks' rows, shape (S, T)"""
    sustain: Floats
    """of the rows of reserve, shape (T,)"""
    weight: Floats
    """Σθ of the flows, shape (T,)"""
    mean: Floats
    """b̄, shape (S, T)"""
    apart: Floats
    """Σθ(b − b̄)(b − b̄)ᵀ, the lower triangle by rows, shape (S (S + 1) / 2, T)"""
    inverse: Floats
    """(S + Θ)⁻¹, likewise"""
    left: Floats
    """diagonal of Θ, what reserve leaves of it, shape (S, T)"""
    between: Floats
    """the entry of Θ between energy and headroom, κθ_eθ_r/p, shape (T,)"""
    passed: Floats
    """the program's, shape (S, T)"""
    per_p: Floats
    """1/p, shape (T,), as the next two"""
    of_energy: Floats
    """θ_e/p"""
    of_held: Floats
    """κθ_r/p"""


def triangle(stocks: int) -> int:
    """Entries of the lower triangle of a square of `stocks` rows."""
    return stocks * (stocks + 1) // 2


def no_blocks(k: Staged) -> Blocks:
    """Blocks of a program, nothing in them yet but what is passed on."""
    stocks, intervals = k.rhs.shape
    room = max(stocks, WRITTEN_OUT)
    row, rows, entries = (intervals,), (room, intervals), (triangle(room), intervals)
    passed = np.zeros(rows)
    passed[:stocks] = k.passed
    return Blocks(
        acts=(k.effect != 0.0).any(axis=2),
        meter=np.zeros(row), rhs=np.zeros(rows), sustain=np.zeros(row), weight=np.zeros(row), mean=np.zeros(rows),
        apart=np.zeros(entries), inverse=np.zeros(entries), left=np.zeros(rows), between=np.zeros(row), passed=passed,
        per_p=np.zeros(row), of_energy=np.zeros(row), of_held=np.zeros(row),
    )  # fmt: skip


def no_prices(stocks: int, intervals: int) -> Prices:
    """Prices of zero."""
    return Prices(np.zeros(intervals), np.zeros((stocks, intervals)), np.zeros(intervals))


def in_the_middle(k: Staged) -> Floats:
    """Variables (flows, stocks and, where reserve is held, r and v) in the middle of their room, shape (V + S …,
    FIELDS, T), with multipliers such that the dual is feasible at prices of zero.
    """
    variables, intervals = k.room.shape
    x = np.zeros((variables, FIELDS, intervals))
    x[:, MOVES] = moves = k.room > FIXED_KWH
    x[:, STILL] = ~moves
    x[:, BELOW] = x[:, ABOVE] = 0.5 * k.room * moves
    x[:, Z_BELOW] = (np.maximum(k.cost, 0.0) + 0.1) * moves
    x[:, Z_ABOVE] = (np.maximum(-k.cost, 0.0) + 0.1) * moves
    return x
