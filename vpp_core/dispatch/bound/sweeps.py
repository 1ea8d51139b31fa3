"""The three passes of an interior-point step that go from interval to interval, compiled: the inverses of the blocks,
forward substitution, and back substitution.

Each is there twice: written out for `WRITTEN_OUT` stocks, which nearly all homes have at most, with every number in a
register, and plain for any number of stocks, which is also what the former is held to.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from vpp_core.dispatch.bound.inverses import invert, invert_three
from vpp_core.dispatch.bound.staged import Blocks
from vpp_core.fleet.fleet import Floats


@njit(nogil=True, cache=True, error_model="numpy")
def factor_three(b: Blocks, headroom: int) -> None:
    """The inverse of every block, each with what the one before passes on."""
    apart, inverse, left, passed = b.apart, b.inverse, b.left, b.passed
    c00 = c10 = c11 = c20 = c21 = c22 = 0.0
    for t in range(len(b.between)):
        s00, s10, s11 = apart[0, t] + c00, apart[1, t] + c10, apart[2, t] + c11
        s20, s21, s22 = apart[3, t] + c20, apart[4, t] + c21, apart[5, t] + c22
        left_0, left_1, left_2 = left[0, t], left[1, t], left[2, t]
        between_1 = b.between[t] if headroom == 1 else 0.0
        between_2 = b.between[t] if headroom == 2 else 0.0
        i00, i10, i11, i20, i21, i22 = invert_three(
            s00 + left_0, s10 + between_1, s11 + left_1, s20 + between_2, s21, s22 + left_2
        )
        inverse[0, t], inverse[1, t], inverse[2, t] = i00, i10, i11
        inverse[3, t], inverse[4, t], inverse[5, t] = i20, i21, i22
        w00, w01, w02 = (
            s00 * i00 + s10 * i10 + s20 * i20,
            s00 * i10 + s10 * i11 + s20 * i21,
            s00 * i20 + s10 * i21 + s20 * i22,
        )
        w10, w11, w12 = (
            s10 * i00 + s11 * i10 + s21 * i20,
            s10 * i10 + s11 * i11 + s21 * i21,
            s10 * i20 + s11 * i21 + s21 * i22,
        )
        w20, w21, w22 = (
            s20 * i00 + s21 * i10 + s22 * i20,
            s20 * i10 + s21 * i11 + s22 * i21,
            s20 * i20 + s21 * i21 + s22 * i22,
        )
        passed_0, passed_1, passed_2 = passed[0, t], passed[1, t], passed[2, t]
        c00 = passed_0 * (w00 * left_0 + w01 * between_1 + w02 * between_2)
        c11 = passed_1 * w11 * left_1
        c22 = passed_2 * w22 * left_2
        c10 = 0.5 * passed_0 * passed_1 * (w10 * left_0 + w11 * between_1 + w12 * between_2 + w01 * left_1)
        c20 = 0.5 * passed_0 * passed_2 * (w20 * left_0 + w21 * between_1 + w22 * between_2 + w02 * left_2)
        c21 = 0.5 * passed_1 * passed_2 * (w21 * left_1 + w12 * left_2)


@njit(nogil=True, cache=True, error_model="numpy")
def three_ahead(b: Blocks, headroom: int, swept: Floats) -> None:
    """Right-hand sides (S, T), each with what the one before passes on."""
    inverse, left, passed = b.inverse, b.left, b.passed
    coming_0 = coming_1 = coming_2 = 0.0
    for t in range(len(b.between)):
        r0, r1, r2 = swept[0, t] + coming_0, swept[1, t] + coming_1, swept[2, t] + coming_2
        swept[0, t], swept[1, t], swept[2, t] = r0, r1, r2
        y0 = inverse[0, t] * r0 + inverse[1, t] * r1 + inverse[3, t] * r2
        y1 = inverse[1, t] * r0 + inverse[2, t] * r1 + inverse[4, t] * r2
        y2 = inverse[3, t] * r0 + inverse[4, t] * r1 + inverse[5, t] * r2
        coming_0 = passed[0, t] * (left[0, t] * y0 + b.between[t] * (y1 if headroom == 1 else y2))
        coming_1 = passed[1, t] * left[1, t] * y1
        coming_2 = passed[2, t] * left[2, t] * y2


@njit(nogil=True, cache=True, error_model="numpy")
def three_back(b: Blocks, headroom: int, swept: Floats) -> None:
    """From right-hand sides to prices, in their place, the last first."""
    inverse, left, passed = b.inverse, b.left, b.passed
    y0 = y1 = y2 = 0.0
    for t in range(len(b.between) - 1, -1, -1):
        next_0, next_1, next_2 = passed[0, t] * y0, passed[1, t] * y1, passed[2, t] * y2
        to_headroom = b.between[t] * next_0
        r0 = swept[0, t] + left[0, t] * next_0
        r1 = swept[1, t] + left[1, t] * next_1 + (to_headroom if headroom == 1 else 0.0)
        r2 = swept[2, t] + left[2, t] * next_2 + (to_headroom if headroom == 2 else 0.0)
        y0 = inverse[0, t] * r0 + inverse[1, t] * r1 + inverse[3, t] * r2
        y1 = inverse[1, t] * r0 + inverse[2, t] * r1 + inverse[4, t] * r2
        y2 = inverse[3, t] * r0 + inverse[4, t] * r1 + inverse[5, t] * r2
        swept[0, t], swept[1, t], swept[2, t] = y0, y1, y2


@njit(nogil=True, cache=True, error_model="numpy")
def factor_any(b: Blocks, headroom: int) -> None:
    """The same of any number of stocks."""
    stocks, intervals = b.left.shape
    coming, block = np.zeros((stocks, stocks)), np.zeros((stocks, stocks))
    inverse, after = np.zeros((stocks, stocks)), np.zeros((stocks, stocks))
    for t in range(intervals):
        entry = 0
        for s in range(stocks):
            for r in range(s + 1):
                block[s, r] = block[r, s] = inverse[s, r] = inverse[r, s] = b.apart[entry, t] + coming[s, r]
                entry += 1
            inverse[s, s] += b.left[s, t]
        if headroom >= 0:
            inverse[0, headroom] += b.between[t]
            inverse[headroom, 0] += b.between[t]
        invert(inverse)
        entry = 0
        for s in range(stocks):
            for r in range(s + 1):
                b.inverse[entry, t] = inverse[s, r]
                entry += 1
        # What goes on, S (S + Θ)⁻¹ Θ, is symmetric but for rounding; headroom does not go on.
        for s in range(stocks):
            for r in range(stocks):
                value = 0.0
                for j in range(stocks):
                    value += block[s, j] * inverse[j, r]
                after[s, r] = value
            to_energy = after[s, headroom] * b.between[t] if headroom >= 0 else 0.0
            for r in range(stocks):
                after[s, r] *= b.left[r, t]
            after[s, 0] += to_energy
        for s in range(stocks):
            for r in range(s + 1):
                coming[s, r] = 0.5 * (after[s, r] + after[r, s]) * b.passed[s, t] * b.passed[r, t]


@njit(nogil=True, cache=True, error_model="numpy")
def any_ahead(b: Blocks, headroom: int, swept: Floats) -> None:
    """The same of any number of stocks."""
    stocks, intervals = b.left.shape
    coming, y = np.zeros(stocks), np.zeros(stocks)
    for t in range(intervals):
        for s in range(stocks):
            swept[s, t] += coming[s]
        _times_inverse(b, t, swept, y)
        for s in range(stocks):
            coming[s] = b.passed[s, t] * b.left[s, t] * y[s]
        if headroom >= 0:
            coming[0] += b.passed[0, t] * b.between[t] * y[headroom]


@njit(nogil=True, cache=True, error_model="numpy")
def any_back(b: Blocks, headroom: int, swept: Floats) -> None:
    """The same of any number of stocks."""
    stocks, intervals = b.left.shape
    y = np.zeros(stocks)
    for t in range(intervals - 1, -1, -1):
        if headroom >= 0:
            swept[headroom, t] += b.between[t] * b.passed[0, t] * y[0]
        for s in range(stocks):
            swept[s, t] += b.left[s, t] * b.passed[s, t] * y[s]
        _times_inverse(b, t, swept, y)
        for s in range(stocks):
            swept[s, t] = y[s]


@njit(nogil=True, cache=True, error_model="numpy")
def _times_inverse(b: Blocks, t: int, right: Floats, y: Floats) -> None:
    """A block's inverse times its right-hand side, into `y`."""
    for s in range(len(y)):
        value = 0.0
        for r in range(len(y)):
            low, high = min(s, r), max(s, r)
            value += b.inverse[high * (high + 1) // 2 + low, t] * right[r, t]
        y[s] = value
