"""The code of plugins: a digest of the file that a strategy, mechanism or tactic is written in, and of every file of
one's own that it imports, directly or through others.

As `graph` does for the core, it is told from the text alone. Followed are files outside the standard library,
site-packages, the core and the pipeline.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import sysconfig
import textwrap
from collections.abc import Iterable
from importlib import util
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from vpp_pipeline.recipe.source import Source, parsed

PROJECT = ("vpp_core", "vpp_pipeline")
"""The packages whose code counts by `code_version`."""
INSTALLED = ("site-packages", "dist-packages")


def foreign_source(registered: object) -> str:
    """Digest of what a strategy or mechanism rests on beside the core: the file it is written in, the files that this
    imports, and each plugin by which they came, which may give numbers to what another file defines. Of a notebook's,
    which has no file, of the class. The core's own has none.
    """
    kind = registered if isinstance(registered, type) else type(registered)
    if kind.__module__.partition(".")[0] in PROJECT:
        return ""
    module = inspect.getmodule(kind)
    if module is None or not getattr(module, "__file__", None):
        return parsed(textwrap.dedent(inspect.getsource(kind)), kind.__module__).digest
    from vpp_pipeline.plugins import plugins

    own = Path(str(module.__file__))
    return _digest_of([module, *(plugin for plugin in plugins() if own in _reached(plugin))])


def plugins_source() -> str:
    """Digest of every plugin: a tactic may be an instance of the core's class, whose numbers the plugin gives."""
    from vpp_pipeline.plugins import plugins

    return _digest_of(plugins())


def _digest_of(modules: Iterable[ModuleType]) -> str:
    """Of all files that modules rest on; where the files lie is no part of it."""
    files: dict[Path, str] = {}
    for module in modules:
        files |= _reached(module)
    facts = sorted(f"{name} {_source(file, name).digest}" for file, name in files.items())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _reached(module: ModuleType) -> dict[Path, str]:
    """The files that a module rests on, by dotted name, with its own."""
    reached: dict[Path, str] = {}
    todo = [(Path(str(module.__file__)), module.__name__)] if module.__file__ else []
    todo += _files(module.__name__)
    while todo:
        file, name = todo.pop()
        if file in reached:
            continue
        reached[file] = name
        for imported in _source(file, name).imports:
            todo += _files(imported)
    return reached


def _files(name: str) -> list[tuple[Path, str]]:
    """The files that an import of this dotted name runs: of the packages above, and of the module where it is one."""
    top = name.partition(".")[0]
    if not top or top in PROJECT or top in sys.stdlib_module_names:
        return []
    found: list[tuple[Path, str]] = []
    where: list[str] | None = None
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        spec = _spec(module, where)
        if spec is None:
            break
        if spec.origin and spec.origin.endswith(".py"):
            file = Path(spec.origin)
            if not _is_own(file) or not file.is_file():
                break
            found.append((file, module))
        if spec.submodule_search_locations is None:
            break
        where = list(spec.submodule_search_locations)
    return found


def _spec(module: str, where: list[str] | None) -> ModuleSpec | None:
    """Where a module is; nothing is imported for it. `where`: the folders of its package, None at the top."""
    if known := getattr(sys.modules.get(module), "__spec__", None):
        return known if isinstance(known, ModuleSpec) else None
    try:
        return util.find_spec(module) if where is None else PathFinder.find_spec(module, where)
    except (ImportError, ValueError, AttributeError):
        return None


def _is_own(file: Path) -> bool:
    standard = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    return not (set(INSTALLED) & set(file.parts) or any(file.is_relative_to(folder) for folder in standard))


def _source(file: Path, module: str) -> Source:
    """The facts of a file; of one that is gone since it was imported, those of an empty one."""
    return _facts(file.read_bytes() if file.is_file() else b"", module, file.name == "__init__.py")


@functools.lru_cache(maxsize=1024)
def _facts(content: bytes, module: str, is_package: bool) -> Source:
    """As `parsed`; what is no Python, which only a branch that is never run can import, is its bytes."""
    try:
        return parsed(content, module, is_package)
    except (SyntaxError, ValueError):
        return Source(hashlib.sha256(content).hexdigest(), (), ())
