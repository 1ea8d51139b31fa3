"""The import graph: which modules, data files and libraries a module rests on, told from its text alone.

Nothing is imported for it, so definitions load quickly and what is heavy stays where it is used. To import a module
runs the packages above it, so these count too.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from vpp_pipeline.recipe.source import Source, sources_of

CORE = "vpp_core"


@dataclass(frozen=True)
class Reached:
    """All that code rests on."""

    modules: tuple[str, ...]
    """of the core, by name"""
    data: tuple[Path, ...]
    """files beside them that they read"""
    libraries: tuple[str, ...]
    """packages of others that they import"""
    names: frozenset[str]
    """all that they import from the core, by full name"""


def reached_from(names: Iterable[str]) -> Reached:
    """What the code of these dotted names (of modules, or of what they define) rests on."""
    reached: set[str] = set()
    imported = set(names)
    todo = list(imported)
    while todo:
        module = _module_of(todo.pop())
        while module and module not in reached:
            reached.add(module)
            new = set(_source(module).imports) - imported
            imported |= new
            todo += [name for name in new if _top(name) == CORE]
            module = module.rpartition(".")[0]
    return Reached(
        tuple(sorted(reached)),
        tuple(file for file in data_files() if any(_reads(module, file) for module in reached)),
        tuple(sorted({_top(name) for name in imported} - {CORE} - sys.stdlib_module_names)),
        frozenset(name for name in imported if _top(name) == CORE),
    )


def digest_of(module: str) -> str:
    """Digest of a core module's code."""
    return _source(module).digest


def package_folder(package: str) -> Path:
    """The folder of a package, found without importing what is in it."""
    spec = util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


@functools.cache
def modules_of(package: str) -> dict[str, Path]:
    """Every module below a package, by name: its file."""
    folder = package_folder(package)
    return {_name(file.relative_to(folder.parent)): file for file in sorted(folder.rglob("*.py"))}


@functools.cache
def data_files() -> tuple[Path, ...]:
    """The core's files that are no code."""
    return tuple(sorted(_data_files(package_folder(CORE))))


def _reads(module: str, file: Path) -> bool:
    """Whether a module names a data file that lies beside it or in a folder beside it, or that folder."""
    own = modules_of(CORE)[module].parent
    if own not in (file.parent, file.parent.parent):
        return False
    names = {file.name} if own == file.parent else {file.name, file.parent.name}
    return any(word.rpartition("/")[2] in names for word in _source(module).words)


def _data_files(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix not in (".py", ".typed") and "__pycache__" not in file.parts:
            yield file


@functools.cache
def _sources() -> dict[str, Source]:
    return sources_of(modules_of(CORE))


def _source(module: str) -> Source:
    return _sources()[module]


def _name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module_of(name: str) -> str:
    """The module that a dotted name is, or is in; none where the core has it not."""
    while name and name not in modules_of(CORE):
        name = name.rpartition(".")[0]
    return name


def _top(name: str) -> str:
    return name.partition(".")[0]
