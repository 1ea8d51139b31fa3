"""Arithmetic on rows of the period, compiled: each a loop that runs several numbers at a time.

That is why they are many and short: a loop that writes one row and reads few needs no proof that rows do not overlap.
Every number comes from its own column alone, so what it is does not depend on how many are done at a time; `largest`
and what marks the furthest step compare only. `total` adds in an order of its own, always the same.
"""

from __future__ import annotations

from numba import njit

import vpp_core.dispatch.compiled  # noqa: F401 (it tells numba where to keep machine code, before it is asked)
from vpp_core.fleet.fleet import Floats

COMPARES = {"nnan", "nsz"}
"""Lets the compiler compare several numbers at a time: it may take 0 for −0, and no number is undefined."""


@njit(nogil=True, cache=True, error_model="numpy")
def fill(out: Floats, value: float) -> None:
    """Set all of `out` to a value."""
    for t in range(len(out)):
        out[t] = value


@njit(nogil=True, cache=True, error_model="numpy")
def copy(out: Floats, a: Floats) -> None:
    """Set `out` to a."""
    for t in range(len(out)):
        out[t] = a[t]


@njit(nogil=True, cache=True, error_model="numpy")
def times(out: Floats, factor: float, a: Floats) -> None:
    """Set `out` to factor · a."""
    for t in range(len(out)):
        out[t] = factor * a[t]


@njit(nogil=True, cache=True, error_model="numpy")
def product(out: Floats, a: Floats, b: Floats) -> None:
    """Set `out` to a b."""
    for t in range(len(out)):
        out[t] = a[t] * b[t]


@njit(nogil=True, cache=True, error_model="numpy")
def difference(out: Floats, a: Floats, b: Floats) -> None:
    """Set `out` to a − b."""
    for t in range(len(out)):
        out[t] = a[t] - b[t]


@njit(nogil=True, cache=True, error_model="numpy")
def add(out: Floats, factor: float, a: Floats) -> None:
    """Add to `out`: factor · a."""
    for t in range(len(out)):
        out[t] += factor * a[t]


@njit(nogil=True, cache=True, error_model="numpy")
def add_product(out: Floats, factor: float, a: Floats, b: Floats) -> None:
    """Add to `out`: factor · a b."""
    for t in range(len(out)):
        out[t] += factor * a[t] * b[t]


@njit(nogil=True, cache=True, error_model="numpy")
def add_products(out: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> None:
    """Add to `out`: a b + c d."""
    for t in range(len(out)):
        out[t] += a[t] * b[t] + c[t] * d[t]


@njit(nogil=True, cache=True, error_model="numpy")
def add_by_difference(out: Floats, a: Floats, b: Floats, c: Floats) -> None:
    """Add to `out`: a (b − c)."""
    for t in range(len(out)):
        out[t] += a[t] * (b[t] - c[t])


@njit(nogil=True, cache=True, error_model="numpy")
def add_to_next(out: Floats, factor: float, a: Floats, b: Floats) -> None:
    """Add to `out` of the next interval: factor · a b."""
    for t in range(len(out) - 1):
        out[t + 1] += factor * a[t] * b[t]


@njit(nogil=True, cache=True, error_model="numpy")
def product_of_next(out: Floats, a: Floats, b: Floats) -> None:
    """Set `out` to a · (b of the next interval), 0 at the end."""
    last = len(out) - 1
    for t in range(last):
        out[t] = a[t] * b[t + 1]
    out[last] = 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def divide(out: Floats, by: Floats) -> None:
    """Divide `out`; 0 where `by` is 0."""
    for t in range(len(out)):
        out[t] = out[t] / by[t] if by[t] > 0.0 else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def per_product(out: Floats, a: Floats, b: Floats, moves: Floats, still: Floats) -> None:
    """Set `out` to 1 / (a b), 0 of a constant."""
    for t in range(len(out)):
        out[t] = moves[t] / (a[t] * b[t] + still[t])


@njit(nogil=True, cache=True, error_model="numpy")
def theta(out: Floats, below: Floats, above: Floats, z_below: Floats, z_above: Floats, still: Floats) -> None:
    """Set `out` to 1 / (z_below / below + z_above / above), 0 of a constant, by one division."""
    for t in range(len(out)):
        out[t] = below[t] * above[t] / (z_below[t] * above[t] + z_above[t] * below[t] + still[t])


@njit(nogil=True, cache=True, error_model="numpy")
def add_apart(out: Floats, of: Floats, sign: float, a: Floats, a_mean: Floats, b: Floats, b_mean: Floats) -> None:
    """Add to `out`: θ (sign · a − its mean) (sign · b − its mean)."""
    for t in range(len(out)):
        out[t] += of[t] * (sign * a[t] - a_mean[t]) * (sign * b[t] - b_mean[t])


@njit(nogil=True, cache=True, error_model="numpy")
def missing(out: Floats, target: float, x: Floats, z: Floats, second_order: float, d: Floats) -> None:
    """Set `out` to target − x z + second_order · d out: what complementarity misses."""
    for t in range(len(out)):
        out[t] = target - x[t] * z[t] + second_order * d[t] * out[t]


@njit(nogil=True, cache=True, error_model="numpy")
def own_step(out: Floats, of: Floats, r_above: Floats, per_above: Floats, r_below: Floats, per_below: Floats) -> None:
    """Set `out` to θ (r_above / above − r_below / below)."""
    for t in range(len(out)):
        out[t] = of[t] * (r_above[t] * per_above[t] - r_below[t] * per_below[t])


@njit(nogil=True, cache=True, error_model="numpy")
def step_of(d: Floats, of: Floats, priced: Floats) -> None:
    """Set `d` to θ · priced − d."""
    for t in range(len(d)):
        d[t] = of[t] * priced[t] - d[t]


@njit(nogil=True, cache=True, error_model="numpy")
def step_of_multiplier(out: Floats, sign: float, z: Floats, d: Floats, per: Floats) -> None:
    """Set `out` to (out + sign · z d) per."""
    for t in range(len(out)):
        out[t] = (out[t] + sign * z[t] * d[t]) * per[t]


@njit(nogil=True, cache=True, error_model="numpy", fastmath=COMPARES)
def mark_variable(out: Floats, d: Floats, per_below: Floats, per_above: Floats) -> None:
    """Set `out` to the largest share of a distance to a limit that a step goes, over the variables marked."""
    for t in range(len(out)):
        out[t] = max(out[t], d[t] * per_above[t], -d[t] * per_below[t])


@njit(nogil=True, cache=True, error_model="numpy", fastmath=COMPARES)
def mark_multiplier(
    out: Floats, dz_below: Floats, dz_above: Floats, z_below: Floats, z_above: Floats, per_z: Floats
) -> None:
    """Set `out` to the largest share of itself that a multiplier falls, over the variables marked, by no division."""
    for t in range(len(out)):
        out[t] = max(out[t], max(-dz_below[t] * z_above[t], -dz_above[t] * z_below[t]) * per_z[t])


@njit(nogil=True, cache=True, error_model="numpy", fastmath=COMPARES)
def largest(a: Floats) -> float:
    """The largest number of a row, not below 0."""
    found = 0.0
    for t in range(len(a)):
        found = max(found, a[t])
    return found


@njit(nogil=True, cache=True, error_model="numpy", fastmath=COMPARES)
def largest_size(a: Floats) -> float:
    """The largest absolute number of a row."""
    found = 0.0
    for t in range(len(a)):
        found = max(found, abs(a[t]))
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def total(a: Floats) -> float:
    """The sum of a row, in four parts."""
    whole = len(a) - len(a) % 4
    first = second = third = fourth = 0.0
    for t in range(0, whole, 4):
        first += a[t]
        second += a[t + 1]
        third += a[t + 2]
        fourth += a[t + 3]
    for t in range(whole, len(a)):
        first += a[t]
    return (first + second) + (third + fourth)
