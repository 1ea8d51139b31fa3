"""Inverses of small symmetric positive matrices, compiled: of any size, and faster ones of three rows and more."""

from __future__ import annotations

from numba import njit

from vpp_core.fleet.fleet import Floats


@njit(nogil=True, cache=True, error_model="numpy")
def invert(matrix: Floats, inverse: Floats) -> None:
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
def invert_three(matrix: Floats, inverse: Floats) -> bool:
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
def invert_by_sweeping(matrix: Floats, inverse: Floats) -> None:
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
