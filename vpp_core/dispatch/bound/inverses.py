"""Inverses of small symmetric positive matrices, compiled: of any size, and of three rows with nothing in memory.

A row whose pivot is not positive has nothing in it, or only what rounding left; it stays nothing.
"""

from __future__ import annotations

from numba import njit

import vpp_core.dispatch.compiled  # noqa: F401 (it tells numba where to keep machine code, before it is asked)
from vpp_core.fleet.fleet import Floats


@njit(nogil=True, cache=True, error_model="numpy")
def invert(matrix: Floats) -> None:
    """The inverse in the matrix's place, by sweeping."""
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
            matrix[i, j] = -matrix[i, j]


@njit(nogil=True, cache=True, error_model="numpy")
def invert_three(
    a: float, b: float, d: float, c: float, e: float, f: float
) -> tuple[float, float, float, float, float, float]:
    """The inverse of three rows, lower triangles by rows: (a), (b, d), (c, e, f)."""
    per_a = 1.0 / a if a > 0.0 else 0.0
    share_b, share_c = b * per_a, c * per_a
    d, e = d - b * share_b, e - c * share_b
    per_d = 1.0 / d if d > 0.0 else 0.0
    share_e = e * per_d
    f = f - c * share_c - e * share_e
    per_f = 1.0 / f if f > 0.0 else 0.0
    # Rows of the inverse from the last up: L⁻ᵀ D⁻¹ L⁻¹ with L⁻¹'s entries below.
    last = share_b * share_e - share_c
    return (
        per_a + share_b * share_b * per_d + last * last * per_f,
        -share_b * per_d - share_e * last * per_f,
        per_d + share_e * share_e * per_f,
        last * per_f,
        -share_e * per_f,
        per_f,
    )
