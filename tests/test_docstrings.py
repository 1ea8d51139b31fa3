"""What others build on says what it takes and gives: numpydoc's sections, in the files that the lint rules name."""

from __future__ import annotations

import ast
import fnmatch
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
TARGETS = re.compile(r"^::: (\S+)$", re.MULTILINE)
IMPORTS = re.compile(r"^\s*from (vpp_core[\w.]*) import ([^\n(]+)$", re.MULTILINE)
EXAMPLES = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def seams() -> list[str]:
    """Patterns of the files that pyproject.toml excepts from leaving docstrings out."""
    ignored = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["per-file-ignores"]
    (pattern,) = [key for key in ignored if key.startswith("!vpp_core/")]
    return [f"vpp_core/{name}.py" for name in re.findall(r"[^{},]+", pattern.split("/", 1)[1].removesuffix(".py"))]


def public_files() -> list[Path]:
    return sorted(path for pattern in seams() for path in ROOT.glob(pattern))


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Functions and methods that a user calls; a property has no parameters, and its first line says what it is."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, Function) and not node.name.startswith("_") and not is_property(node):
            yield prefix + node.name, node


def is_property(function: Function) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def sections(docstring: str) -> dict[str, str]:
    """Section → its text."""
    parts = SECTION.split(docstring)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def parameters(function: Function) -> list[str]:
    given = function.args
    own = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return [argument.arg for argument in own if argument.arg not in ("self", "cls")]


def described(section: str) -> list[str]:
    """Names in a section's lines `a, b : type`."""
    lines = re.findall(r"^(\*{0,2}\w[\w, *]*?) : ", section, re.MULTILINE)
    return [name.strip().lstrip("*") for line in lines for name in line.split(",")]


def raised(function: Function) -> set[str]:
    """Exceptions that a function raises itself, but for those that it catches or makes to show a fault of its own."""
    inner = {id(node) for part in ast.walk(function) if part is not function and isinstance(part, Function)
             for node in ast.walk(part)}  # fmt: skip
    caught = {id(node) for part in ast.walk(function) if isinstance(part, ast.Try)
              for line in part.body for node in ast.walk(line)}  # fmt: skip
    return {
        ast.unparse(node.exc.func).rpartition(".")[2]
        for node in ast.walk(function)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and id(node) not in inner | caught
    }


def faults(function: Function) -> list[str]:
    told = sections(ast.get_docstring(function) or "")
    found = []
    if described(told.get("Parameters", "")) != parameters(function):
        found.append(f"Parameters are {', '.join(parameters(function)) or 'none'}")
    gives = function.returns is not None and ast.unparse(function.returns) != "None"
    if gives != bool({"Returns", "Yields"} & set(told)):
        found.append("Returns" if gives else "returns nothing")
    found += [f"Raises {name}" for name in sorted(raised(function)) if name not in told.get("Raises", "")]
    return found


@pytest.mark.parametrize("path", public_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_public_function_says_what_it_takes_gives_and_raises(path: Path) -> None:
    said = {name: faults(function) for name, function in public_functions(ast.parse(path.read_text()).body)}
    assert not {name: missing for name, missing in said.items() if missing}


def test_a_function_that_says_too_little_is_found() -> None:
    text = '''
def priced(load_kw, price):
    """Price a load.

    Parameters
    ----------
    load_kw : float
        Load [kW].
    """
    raise InputError("no")
'''
    (function,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert faults(function) == ["Parameters are load_kw, price", "Raises InputError"]
    function.returns = ast.Name("float")
    assert "Returns" in faults(function)


def test_what_reference_examples_and_recipes_use_is_among_the_public_files() -> None:
    names = [name for page in (ROOT / "docs" / "reference").glob("*.md") for name in TARGETS.findall(page.read_text())]
    recipes = EXAMPLES.findall((ROOT / "docs" / "extending.md").read_text())
    for text in [*recipes, *(path.read_text() for path in (ROOT / "examples").glob("*.py"))]:
        names += [f"{module}.{name.strip()}" for module, found in IMPORTS.findall(text) for name in found.split(",")]
    assert len(names) > 40
    files = {defining_file(name) for name in names} - {None}
    patterns = seams()
    left_out = {file for file in files if file and not any(fnmatch.fnmatchcase(file, each) for each in patterns)}
    assert not left_out


def defining_file(name: str) -> str | None:
    """The file of a dotted name; none of a package that only hands on what its files define."""
    parts = name.split(".")
    while parts:
        path = Path(*parts)
        if (ROOT / path.with_suffix(".py")).is_file():
            return path.with_suffix(".py").as_posix()
        if (ROOT / path / "__init__.py").is_file():
            tree = ast.parse((ROOT / path / "__init__.py").read_text())
            return (path / "__init__.py").as_posix() if list(public_functions(tree.body)) else None
        parts.pop()
    raise AssertionError(name)
