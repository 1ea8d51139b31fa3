"""Uniform numbers addressed by (seed, purpose, position), so that a home's draws never depend on its neighbours.

SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators") has a state linear in its
counter: the number at any position is computed directly, for a whole array of positions at once. That is what a fleet
needs and a sequential generator does not give: home 17 is the same alone, in a shard, or in a million.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def uniform(seed: int, purpose: str, position: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """One number in (0, 1) per position; the same (seed, purpose, position) always gives the same number."""
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
    """One standard normal number per position."""
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(seed, purpose, position)))
