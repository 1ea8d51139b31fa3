"""What an asset's function calls: the functions of the pipeline it is made of, and the core's names they use.

Only `vpp_pipeline.assets` and `vpp_pipeline.shards` make tables. What describes one in the UI, and what carries it (the
lake, a stage), is not followed: it changes no row.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass

from vpp_pipeline.recipe.graph import CORE, modules_of
from vpp_pipeline.recipe.source import digest_of_code, imported_by, walked

MAKING = ("vpp_pipeline.assets", "vpp_pipeline.shards")
DESCRIBING = ("vpp_pipeline.assets.preview", "vpp_pipeline.assets.pictures", "vpp_pipeline.assets.spec")
Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Calls:
    """What an asset is made by."""

    core: frozenset[str]
    """names of the core's modules and functions"""
    code: tuple[str, ...]
    """digests of the pipeline's own functions on the way"""


@functools.cache
def calls_of(asset: str) -> Calls:
    """What the function of this name in `vpp_pipeline.assets` calls, directly or through others."""
    module = next(name for name in _followed() if name.startswith(MAKING[0]) and asset in _read(name).definitions)
    core: set[str] = set()
    code: dict[tuple[str, str], str] = {}
    todo = [(module, asset)]
    while todo:
        where, name = todo.pop()
        if (where, name) in code:
            continue
        definition = _read(where).definitions[name]
        code[where, name] = digest_of_code(ast.Module(body=_made_by(definition), type_ignores=[]))
        for full in _used(where, definition):
            owner, _, own = full.rpartition(".")
            if full.partition(".")[0] == CORE:
                core.add(full)
            elif owner in _followed() and own in _read(owner).definitions:
                todo.append((owner, own))
    return Calls(frozenset(core), tuple(code[place] for place in sorted(code)))


def _made_by(definition: Definition) -> list[ast.stmt]:
    """A definition's body: what decorates an asset only describes it."""
    return definition.body


def _used(module: str, definition: Definition) -> set[str]:
    """Full names of what a definition uses that is defined or imported somewhere."""
    known = _read(module)
    given = {argument.arg for node in ast.walk(definition) if isinstance(node, ast.arguments) for argument in
             (*node.posonlyargs, *node.args, *node.kwonlyargs)}  # fmt: skip
    names = {name: full for name, full in known.names.items() if name not in given}
    used: set[str] = set()
    for statement in _made_by(definition):
        for node in walked(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                own = imported_by(node, module.rpartition(".")[0])
                names |= own
                used |= set(own)
            elif isinstance(node, ast.Name):
                used.add(node.id)
    return {names[name] for name in used if name in names}


@dataclass(frozen=True)
class _Module:
    definitions: dict[str, Definition]
    names: dict[str, str]
    """name in the module → full name, of what it defines or imports"""


@functools.cache
def _followed() -> dict[str, None]:
    """Modules whose functions are followed."""
    of_pipeline = modules_of(MAKING[0].partition(".")[0])
    return dict.fromkeys(name for name in of_pipeline if name.startswith(MAKING) and name not in DESCRIBING)


@functools.cache
def _read(module: str) -> _Module:
    tree = ast.parse(modules_of(module.partition(".")[0])[module].read_bytes())
    definitions = {node.name: node for node in tree.body if isinstance(node, Definition)}
    names = {name: f"{module}.{name}" for name in definitions}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= imported_by(node, module.rpartition(".")[0])
    return _Module(definitions, names)
