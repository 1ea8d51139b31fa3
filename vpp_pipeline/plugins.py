"""Strategies of one's own: Python files or modules that `VPP_STRATEGIES` names, imported once per process.

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

from vpp_core.errors import InputError
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
"""What registered a strategy when it was loaded first."""


def _plugin(name: str) -> ModuleType:
    from vpp_core.strategies.registry import STRATEGIES

    before = set(STRATEGIES)
    module = _load(name)
    its_own = any(f"{strategy.__module__}.".startswith(f"{module.__name__}.") for strategy in STRATEGIES.values())
    if set(STRATEGIES) != before or its_own:
        _PLUGINS[module.__name__] = module
    if module.__name__ not in _PLUGINS:
        raise InputError(
            f"{VARIABLE} names {name}, which holds no strategy; name a file or module with a class that is registered "
            "(docs/extending.md)"
        )
    return module


def _load(name: str) -> ModuleType:
    try:
        if not name.endswith(".py"):
            return importlib.import_module(name)
        path = project.project_root() / Path(name).expanduser()
        known = f"vpp_strategies.{path.stem}"
        return sys.modules.get(known) or _import_file(path, known)
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()) or "no reason given"
        raise InputError(
            f"{VARIABLE} names {name}, which cannot be loaded ({type(error).__name__}: {reason})"
        ) from error


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
