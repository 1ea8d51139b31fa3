"""Strategies, mechanisms and tactics of one's own: files or modules that `VPP_STRATEGIES` names, imported once.

Whoever loads the definitions (command line, UI, a run's process) loads these too, so a strategy outside the package is
on the ladder everywhere. Its source is part of what its results are made from (`recipe.registered`).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

from vpp_core.errors import InputError
from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS
from vpp_core.strategies.registry import STRATEGIES
from vpp_pipeline import project

VARIABLE = "VPP_STRATEGIES"


def load_strategies() -> list[ModuleType]:
    """Import what the variable names: files (relative ones start at the project) or modules, parted as in PATH.

    Importing registers what is decorated with `register`; one that was imported before is not imported again. What
    cannot be imported, or registers nothing, is an `InputError` that names it.
    """
    names = [name.strip() for name in os.environ.get(VARIABLE, "").split(os.pathsep)]
    return [_plugin(name) for name in names if name]


_PLUGINS: dict[str, ModuleType] = {}
"""Modules that registered something when they were loaded first, by name."""


def plugins() -> list[ModuleType]:
    """The modules that `VPP_STRATEGIES` names and that registered something, sorted by name."""
    return [module for _, module in sorted(_PLUGINS.items())]


def _plugin(name: str) -> ModuleType:
    before = (
        set(_registered()) | {("MECHANISMS", key) for key in OWN_MECHANISMS} | {("TACTICS", key) for key in OWN_TACTICS}
    )
    module = _load(name)
    there = _registered()
    its_own = any(f"{_module_of(one)}.".startswith(f"{module.__name__}.") for one in there.values())
    if set(there) - before or its_own:
        _PLUGINS[module.__name__] = module
    if module.__name__ not in _PLUGINS:
        raise InputError(
            f"{VARIABLE} names {name}, which holds no strategy, mechanism or tactic; name a file or module that "
            "registers one (docs/extending.md)"
        )
    return module


BARGAINING = (
    ("vpp_core.negotiation.mechanisms", "MECHANISMS"),
    ("vpp_core.negotiation.tactics", "TACTICS"),
)
"""Where a plugin may register a way of bargaining, beside strategies."""


def _registered() -> dict[tuple[str, str], Any]:
    """All that is registered; a registry that nobody has imported yet holds the core's, and is left alone."""
    found: dict[tuple[str, str], Any] = {("STRATEGIES", key): one for key, one in STRATEGIES.items()}
    for name, registry in BARGAINING:
        if module := sys.modules.get(name):
            found |= {(registry, key): one for key, one in getattr(module, registry).items()}
    return found


def _module_of(registered: Any) -> str:
    return str((registered if isinstance(registered, type) else type(registered)).__module__)


def _load(name: str) -> ModuleType:
    try:
        if not name.endswith(".py"):
            return importlib.import_module(name)
        path = project.project_root() / Path(name).expanduser()
        known = _name_of(path)
        return sys.modules.get(known) or _import_file(path, known)
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()) or "no reason given"
        raise InputError(
            f"{VARIABLE} names {name}, which cannot be loaded ({type(error).__name__}: {reason})"
        ) from error


def _name_of(path: Path) -> str:
    """A module's name for a file; two files of the same name in different folders are two modules."""
    name = f"vpp_strategies.{path.stem}"
    other = sys.modules.get(name)
    return name if other is None or other.__file__ == str(path) else f"{name}_{crc32(str(path).encode()):08x}"


def _import_file(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
