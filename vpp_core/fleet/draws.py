"""Uniform numbers addressed by (seed, purpose, position), so that a home's draws never depend on its neighbours.

SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators") has a state linear in its
counter: the number at any position is computed directly, for a whole array of positions at once. That is what a fleet
needs and a sequential generator does not give: home 17 is the same alone, in a shard, or in a million.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def uniform(seed: int, purpose: str, position: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """One number in (0, 1) per position; the same (seed, purpose, position) always gives the same number.

    Parameters
    ----------
    seed : int
        Of the fleet.
    purpose : str
        What is drawn: each purpose has numbers of its own.
    position : array of int
        Whose number it is, such as a home's id; any shape.

    Returns
    -------
    array of float
        Shaped as the positions.
    """
    key = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]).generate_state(1, np.uint64)[0]
    z = position.astype(np.uint64)
    z += np.uint64(1)
    z *= _GOLDEN
    z += key
    z ^= z >> np.uint64(30)
    z *= _MIX_1
    z ^= z >> np.uint64(27)
    z *= _MIX_2
    z ^= z >> np.uint64(31)
    return ((z >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normal(seed: int, purpose: str, position: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """One standard normal number per position.

    Parameters
    ----------
    seed : int
        Of the fleet.
    purpose : str
        What is drawn.
    position : array of int
        Whose number it is; any shape.

    Returns
    -------
    array of float
        Shaped as the positions.
    """
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(seed, purpose, position)))


def choose(u: npt.NDArray[np.float64], shares: Sequence[float]) -> npt.NDArray[np.int8]:
    """The class that each uniform number falls into.

    Parameters
    ----------
    u : array of float
        Uniform numbers, 0 to 1, shape (n,).
    shares : sequence of float
        Share of each class; they sum to 1.

    Returns
    -------
    array of int
        Position of a class, shape (n,).
    """
    return np.searchsorted(np.cumsum(shares)[:-1], u, side="right").astype(np.int8)


def pick(u: npt.NDArray[np.float64], table: Sequence[tuple[float, float]]) -> npt.NDArray[np.float64]:
    """A value for each uniform number, from a table.

    Parameters
    ----------
    u : array of float
        Uniform numbers, 0 to 1, shape (n,).
    table : sequence of (float, float)
        Values with their shares, which sum to 1.

    Returns
    -------
    array of float
        Values, shape (n,).
    """
    values, shares = zip(*table, strict=True)
    return np.array(values)[choose(u, shares)]


def between(u: npt.NDArray[np.float64], limits: tuple[float, float], digits: int) -> npt.NDArray[np.float64]:
    """Uniform values within limits.

    Parameters
    ----------
    u : array of float
        Uniform numbers, 0 to 1, shape (n,).
    limits : (float, float)
        Lowest and highest value.
    digits : int
        Decimals that are kept.

    Returns
    -------
    array of float
        Values, shape (n,).
    """
    low, high = limits
    return np.round(low + (high - low) * u, digits)


def along(u: npt.NDArray[np.float64], quantiles: Sequence[tuple[float, float]], digits: int) -> npt.NDArray[np.float64]:
    """The value at each uniform number, linear between quantiles.

    Parameters
    ----------
    u : array of float
        Uniform numbers, 0 to 1, shape (n,).
    quantiles : sequence of (float, float)
        Probabilities with their values, ascending.
    digits : int
        Decimals that are kept.

    Returns
    -------
    array of float
        Values, shape (n,).
    """
    probabilities, values = zip(*quantiles, strict=True)
    return np.round(np.interp(u, probabilities, values), digits)
