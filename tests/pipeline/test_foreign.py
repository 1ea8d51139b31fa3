"""A plugin's digest holds the files that it imports: a change of a helper makes its stage stale, a comment does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_core.strategies.registry import STRATEGIES
from vpp_pipeline import plugins
from vpp_pipeline.lake import Lake
from vpp_pipeline.recipe import registered

STRATEGY = """
import json, numpy
from vpp_core.strategies.no_vpp import NoVpp
from vpp_core.strategies.registry import register
from helping import made
register(made('helped', 3))
"""
FILES = {
    "helping/__init__.py": "from helping.making import made\n",
    "helping/making.py": "def made(key, number):\n    from . import late\n    return late.of(key, number)\n",
    "helping/late.py": "from vpp_core.strategies.no_vpp import NoVpp\nFACTOR = 2\n"
    "def of(key, number):\n"
    "    return type(key.title(), (NoVpp,), {'key': key, '__module__': __name__, 'number': FACTOR * number})\n",
    "helping/unused.py": "NUMBER = 1\n",
}
Digest = Callable[[], list[str]]


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Digest]:
    """What the results of a strategy are also made from, whose plugin leaves all to a package beside it."""
    for name, text in {"helped.py": STRATEGY, **FILES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(plugins.VARIABLE, str(tmp_path / "helped.py"))
    monkeypatch.setattr(plugins, "_PLUGINS", {})
    there, modules = dict(STRATEGIES), set(sys.modules)
    plugins.load_strategies()
    scenario = Scenario(strategies=("helped",))
    lake = Lake(str(tmp_path / "lake"), tmp_path / "raw")
    yield lambda: registered("window_results", lake, Month.parse("2023-08"), scenario)
    for key in set(STRATEGIES) - set(there):
        del STRATEGIES[key]
    for name in [name for name in set(sys.modules) - modules if name.startswith(("helping", "vpp_strategies"))]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("file", "was", "becomes"),
    [
        ("helping/late.py", "FACTOR = 2", "FACTOR = 4"),
        ("helping/making.py", "(key, number)\n", "(key, number + 1)\n"),
        ("helping/__init__.py", "import made", "import made as made"),
        ("helped.py", "3", "5"),
    ],
)
def test_a_changed_helper_makes_the_strategy_s_stage_stale(
    digest: Digest, tmp_path: Path, file: str, was: str, becomes: str
) -> None:
    before, text = digest(), (tmp_path / file).read_text()
    assert was in text
    (tmp_path / file).write_text(text.replace(was, becomes))
    assert digest() != before
    (tmp_path / file).write_text(text)
    assert digest() == before


def test_a_comment_and_a_file_that_is_not_imported_make_nothing_stale(digest: Digest, tmp_path: Path) -> None:
    before = digest()
    for name in ("helped.py", *FILES):
        path = tmp_path / name
        path.write_text(f'"""What it is."""\n\n# why\n{path.read_text()}')
    (tmp_path / "helping/unused.py").write_text("NUMBER = 2\n")
    assert digest() == before


def test_a_helper_that_is_no_python_or_is_gone_counts_as_it_is(digest: Digest, tmp_path: Path) -> None:
    before = digest()
    (tmp_path / "helping/late.py").write_text("FACTOR = ")
    broken = digest()
    (tmp_path / "helping/late.py").unlink()
    assert len({str(found) for found in (before, broken, digest())}) == 3


def test_installed_libraries_and_the_project_are_not_followed(digest: Digest, tmp_path: Path) -> None:
    from vpp_pipeline.recipe import foreign

    (module,) = plugins.plugins()
    names = sorted(path.relative_to(tmp_path).as_posix() for path in foreign._reached(module))
    assert names == ["helped.py", "helping/__init__.py", "helping/late.py", "helping/making.py"]
