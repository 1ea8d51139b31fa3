"""The house: the core knows no orchestrator, imports run one way, and every folder says what lives there."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "vpp_core"

LINE = [
    "errors",
    "extras",
    "decay",
    "strict_json",
    "web",
    "iso",
    "devices",
    "calendar",
    "scenario",
    "tables",
    "llm",
    "physics",
    "fleet",
    "programmes",
    "market",
    "settlement",
    "dispatch",
    "negotiation",
    "strategies",
    "simulation",
    "shards",
    "results",
]
"""Each imports only what stands before it."""

SOURCES_NEED = {"errors", "extras", "decay", "web", "iso", "calendar", "scenario", "tables", "sources"}


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that a file's tree holds; to parse every file takes a second."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def part_of(path: Path) -> str:
    """The package or module of the line that a file belongs to."""
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """Parts of the core that a file imports at run time; what is imported for types alone does not count."""
    found = set()
    typing_only = {
        id(node)
        for branch in nodes(path)
        if isinstance(branch, ast.If) and getattr(branch.test, "id", "") == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in nodes(path):
        if id(node) in typing_only:
            continue
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "vpp_core" else [f"vpp_core.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("vpp_core.")}
    return found


@pytest.mark.parametrize("path", modules(CORE), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_core_file_imports_only_what_stands_before_it(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        assert not imported_parts(path)
    elif part == "sources":
        assert imported_parts(path) <= SOURCES_NEED
    else:
        before = set(LINE[: LINE.index(part) + 1])
        orientations = {"sources"} if "vpp_core.sources.orientations" in path.read_text() else set()
        assert imported_parts(path) <= before | orientations


def test_every_part_of_the_core_has_its_place_in_the_line() -> None:
    parts = {part_of(path) for path in modules(CORE)} - {"__init__"}
    assert parts <= {*LINE, "sources"}


def test_the_core_imports_with_dagster_blocked() -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules(CORE)]
    names = [name.removesuffix(".__init__") for name in names]
    program = (
        "import sys, importlib\n"
        "sys.modules['dagster'] = None\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("package", ["vpp_core", "vpp_pipeline", "vpp_dashboard"])
def test_every_code_folder_says_what_lives_there(package: str) -> None:
    folders = {path.parent for path in modules(ROOT / package)}
    silent = [
        str(folder.relative_to(ROOT))
        for folder in sorted(folders)
        if not (folder / "__init__.py").exists()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert not silent


def test_only_assets_checks_and_the_runner_of_the_pipeline_need_dagster() -> None:
    lake = [
        path
        for path in modules(ROOT / "vpp_pipeline" / "lake")
        if "dagster" in path.read_text().replace("`dagster`", "")
    ]
    assert not lake


def test_nothing_but_the_command_that_opens_it_knows_the_dashboard_and_its_questions_know_no_streamlit() -> None:
    knowing = [
        path.name
        for package in ("vpp_core", "vpp_pipeline")
        for path in modules(ROOT / package)
        if "vpp_dashboard" in path.read_text()
    ]
    assert knowing == ["dashboard.py"]
    plain = [
        ROOT / "vpp_dashboard" / name for name in ("store.py", "queries.py", "history.py", "jobs.py", "described.py")
    ]
    assert not [path.name for path in plain if "import streamlit" in path.read_text()]


def test_no_two_classes_have_one_name() -> None:
    where: dict[str, list[str]] = {}
    for package in ("vpp_core", "vpp_pipeline", "vpp_dashboard"):
        for path in modules(ROOT / package):
            for node in nodes(path):
                if isinstance(node, ast.ClassDef):
                    where.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert not {name: files for name, files in where.items() if len(files) > 1}
