"""Random numbers by purpose: the same (seed, purpose, index) always gives the same stream, whatever else is drawn."""

from __future__ import annotations

import zlib

import numpy as np

from vpp_core.decay import decaying_sum


def generator(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """A generator of its own for one purpose and index (month, block of homes, …)."""
    key = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), *index])
    return np.random.Generator(np.random.Philox(key))


def autoregressive(
    rng: np.random.Generator, shape: tuple[int, ...], persistence: float, dtype: type[np.floating] = np.float64
) -> np.ndarray:
    """Unit-variance AR(1) noise along the last axis, stationary from its first value."""
    innovations = rng.standard_normal(shape, dtype=dtype)
    innovations[..., 1:] *= dtype(np.sqrt(1 - persistence**2))
    return decaying_sum(innovations, persistence)
