"""What is imported is declared, and what an extra installs is named where it is missing."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions

import pytest

from tests.test_architecture import ROOT, nodes
from vpp_core.errors import InputError, UnavailableError
from vpp_core.extras import EXTRAS, how_to_install
from vpp_core.llm.client import gemini
from vpp_core.sources.oasis_live import _patient_caiso
from vpp_pipeline import cli

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMES_WITH_LANGGRAPH, ONES_OWN = "langchain-core", "openvino_genai"


@functools.cache
def distributions() -> Mapping[str, list[str]]:
    """Package → what it was installed by; to look through all that is installed takes half a second."""
    return packages_distributions()


def _names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def _imported(package: str) -> set[str]:
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in nodes(path):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return {name for name in found if name not in sys.stdlib_module_names and not name.startswith("vpp_")}


@pytest.mark.parametrize("package", ["vpp_core", "vpp_pipeline", "vpp_dashboard"])
def test_whatever_a_package_imports_is_declared(package: str) -> None:
    declared = _names(PROJECT["dependencies"]).union(*map(_names, PROJECT["optional-dependencies"].values()))
    imported = _imported(package) - {ONES_OWN}
    needed = {name: _names(distributions().get(name, [name])) for name in imported}
    undeclared = {name for name, any_of in needed.items() if not any_of & (declared | {COMES_WITH_LANGGRAPH})}
    assert not undeclared


def test_a_missing_package_is_told_with_the_extra_that_has_it() -> None:
    for package, extra in EXTRAS.items():
        assert _names(distributions()[package]) & _names(PROJECT["optional-dependencies"][extra])
        assert f"{package} is not installed; pip install 'vpp-benchmark[{extra}]'" in how_to_install(f"{package}.a.b")
    assert how_to_install("numpy") == ""


def test_where_only_the_core_is_installed_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("vpp_pipeline.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(cli, "app", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "vpp: the package typer is not installed; pip install 'vpp-benchmark[pipeline]'\n"


def test_a_service_whose_client_is_not_installed_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gridstatus", None)
    with pytest.raises(UnavailableError, match=r"vpp-benchmark\[live\]"):
        _patient_caiso(None)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "langchain_google_genai", None)
    monkeypatch.setenv("GOOGLE_API_KEY", "k")
    with pytest.raises(InputError, match=r"vpp-benchmark\[llm\]"):
        gemini("gemini-3.5-flash-lite")
