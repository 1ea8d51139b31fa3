"""Which code made a table: a digest of the core's modules that its asset reaches, of the data they read, and of the
versions of the libraries they import.

A change of any of it makes the stage stale in the UI and recomputed by the next run; other stages stay.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from importlib import metadata

from vpp_pipeline.recipe.calls import calls_of
from vpp_pipeline.recipe.graph import Reached, digest_of, package_folder, reached_from

LOADED_BY_NAME = {"cvxpy": ("clarabel", "highspy", "osqp", "scs"), "numba": ("llvmlite",)}
"""Libraries that compute for another, which imports them itself."""
DISTRIBUTED_AS = {"PIL": "pillow"}
"""Import name → the distribution it comes with, where that is called otherwise."""


@functools.cache
def code_version(asset: str) -> str:
    """Digest of the code behind an asset, 10 hexadecimal digits.

    The version of the package is no part of it: it changes with every commit, what an asset computes does not.
    """
    reached = reached_by(asset)
    root = package_folder("vpp_core")
    parts = [
        *calls_of(asset).code,
        *(f"{module} {digest_of(module)}" for module in reached.modules),
        *(f"{file.relative_to(root).as_posix()} {_digest(file.read_bytes())}" for file in reached.data),
        *(f"{library} {version}" for library, version in versions(reached.libraries).items()),
    ]
    return _digest("\n".join(parts).encode())[:10]


@functools.cache
def reached_by(asset: str) -> Reached:
    """All that an asset's function rests on in the core."""
    return reached_from(calls_of(asset).core)


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """The versions of libraries, by import name, and of those that they load by name."""
    names = sorted({more for library in libraries for more in (library, *LOADED_BY_NAME.get(library, ()))})
    return {name: _version(name) for name in names}


@functools.cache
def _version(library: str) -> str:
    try:
        return metadata.version(DISTRIBUTED_AS.get(library, library))
    except metadata.PackageNotFoundError:
        return "absent"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
