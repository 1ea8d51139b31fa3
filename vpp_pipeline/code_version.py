"""Which code made a table: a digest of the core's files it depends on, and of the libraries that compute.

A change anywhere in a stage's packages makes that stage stale in the UI and recomputed by the next run; the others
stay. Reading the files takes a few milliseconds.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import metadata, util
from pathlib import Path

COMPUTING_LIBRARIES = ("numpy", "pandas", "pyarrow", "cvxpy", "highspy", "clarabel", "osqp", "scs", "numba", "pvlib")
"""A new version of these may change the last digits of a result."""

PACKAGES = {
    "market_prices": ("errors.py", "web.py", "calendar.py", "scenario", "tables", "sources"),
    "solar_generation": ("errors.py", "web.py", "calendar.py", "scenario", "tables", "sources"),
    "load_profiles": ("errors.py", "web.py", "calendar.py", "scenario", "tables", "sources"),
    "price_forecast": ("errors.py", "calendar.py", "scenario", "tables", "market"),
    "prosumer_fleet": ("errors.py", "calendar.py", "scenario", "tables", "fleet"),
}
"""What each stage is made by. A stage not named here simulates or reports, and depends on all but the sources."""


@functools.cache
def code_version(stage: str) -> str:
    """Package version and 10 hexadecimal digits, such as `0.1.0+3f2a…`, of the code behind a stage."""
    root = _core()
    digest = hashlib.sha256()
    for entry in PACKAGES.get(stage) or sorted(path.name for path in root.iterdir() if path.name != "sources"):
        for path in _source_files(root / entry):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(_libraries().encode())
    return f"{_version('vpp-benchmark')}+{digest.hexdigest()[:10]}"


def _core() -> Path:
    """The folder of `vpp_core`, found without importing what is in it."""
    spec = util.find_spec("vpp_core")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def _source_files(path: Path) -> list[Path]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in files if file.is_file() and "__pycache__" not in file.parts]


@functools.cache
def _libraries() -> str:
    return " ".join(f"{name}={_version(name)}" for name in COMPUTING_LIBRARIES)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"
