"""What of a source file can change a result: its code, what it imports, and the words it may name files by.

The code is the syntax tree without docstrings, so a comment, a docstring or a line break is no change. Imports inside
functions count; those for type checkers do not.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

LONGEST_WORD = 60
"""Letters of a string that may be a file's name."""


@dataclass(frozen=True)
class Source:
    """The facts of one file of code."""

    digest: str
    """of its syntax tree"""
    imports: tuple[str, ...]
    """absolute dotted names: of modules, or of what is defined in them"""
    words: tuple[str, ...]
    """its short strings; a data file that it reads is named by one"""


def parsed(text: str | bytes, module: str, is_package: bool = False) -> Source:
    """The facts of a module's text; `module` is its dotted name, which relative imports start from."""
    package = module if is_package else module.rpartition(".")[0]
    code: list[str] = []
    imports: set[str] = set()
    words: set[str] = set()
    for node in walked(ast.parse(text)):
        code.append(type(node).__name__ if isinstance(node, ast.AST) else str(node))
        if isinstance(node, ast.Import):  # `import a.b, a.c` binds one name to two modules
            imports.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            imports.update(imported_by(node, package).values())
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= LONGEST_WORD:
            words.add(node.value)
    return Source(_hashed(code), tuple(sorted(imports)), tuple(sorted(words)))


def digest_of_code(node: ast.AST) -> str:
    """Digest of a syntax tree, wherever it stands and whatever its docstrings say."""
    return _hashed([type(part).__name__ if isinstance(part, ast.AST) else str(part) for part in walked(node)])


def _hashed(code: list[str]) -> str:
    return hashlib.sha256("\0".join(code).encode(errors="surrogatepass")).hexdigest()


def walked(tree: ast.AST) -> Iterator[ast.AST | str]:
    """Every node in order, between them the names of fields and what stands in them; without docstrings and what is
    for type checkers. Fields that are empty are left out, so that Pythons of several versions agree.
    """
    stack: list[object] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            yield f"[{len(node)}"
            stack.extend(reversed(node))
        elif not isinstance(node, ast.AST):
            yield repr(node)
        else:
            yield node
            for name in node._fields:
                value = getattr(node, name, None)
                if name == "body" and isinstance(value, list):
                    value = [] if _is_for_type_checkers(node) else [line for line in value if not _is_text(line)]
                if value is not None and value != []:
                    stack.append(value)
                    stack.append(name)


def _is_text(line: object) -> bool:
    """A docstring, or a string that stands alone below what it describes."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "id", getattr(node.test, "attr", "")) == "TYPE_CHECKING"


def imported_by(node: ast.Import | ast.ImportFrom, package: str) -> dict[str, str]:
    """Name in the module → absolute dotted name of what an import statement binds to it."""
    if isinstance(node, ast.Import):
        return {name.asname or name.name.partition(".")[0]: name.name for name in node.names}
    parents = package.split(".")
    base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
    origin = ".".join(part for part in (base, node.module) if part)
    return {name.asname or name.name: f"{origin}.{name.name}" for name in node.names}


def sources_of(files: Mapping[str, Path]) -> dict[str, Source]:
    """Module → the facts of its file. To parse the core takes most of a second, so what was parsed is kept beside the
    compiled files, by the digests of the files; where nothing may be written, the next process parses again.
    """
    remembered = _remembered()
    found = {}
    for module, file in files.items():
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        known = remembered.get(module)
        if known is None or known[0] != digest:
            known = digest, parsed(content.decode(), module, is_package=file.name == "__init__.py")
        found[module] = known
    if found != remembered:
        _remember(found)
    return {module: source for module, (_, source) in found.items()}


def _remembered() -> dict[str, tuple[str, Source]]:
    try:
        kept = json.loads(_memory().read_bytes())
        return {name: (file, Source(code, tuple(a), tuple(b))) for name, (file, code, a, b) in kept.items()}
    except (OSError, ValueError, TypeError):
        return {}


def _remember(found: Mapping[str, tuple[str, Source]]) -> None:
    rows = {name: (file, own.digest, own.imports, own.words) for name, (file, own) in found.items()}
    memory = _memory()
    with suppress(OSError):
        memory.parent.mkdir(exist_ok=True)
        half = memory.with_name(f"{memory.name}.{os.getpid()}")
        half.write_text(json.dumps(rows))
        half.replace(memory)


def _memory() -> Path:
    """Named after this file's content and Python, since with others the facts may be others."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:10]
    compiled = Path(cache_from_source(__file__))
    return compiled.with_name(f"facts-{sys.version_info[0]}.{sys.version_info[1]}-{version}.json")
