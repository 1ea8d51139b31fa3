"""What makes a stored table stale: everything that can change it, and nothing else, told from the code itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from vpp_core.calendar import Month
from vpp_core.sources import folders, hosted, oasis_live, pvwatts
from vpp_pipeline.recipe import calls, code, graph, raw, source
from vpp_pipeline.recipe.source import Source, parsed

ASSETS = (
    "market_prices", "solar_generation", "load_profiles", "price_forecast", "prosumer_fleet", "negotiation_results",
    "centralized_dispatch", "perfect_foresight_bound", "window_results", "kpi_monthly", "benchmark_report",
)  # fmt: skip
STRATEGIES = set(ASSETS[5:9])
Change = Callable[[str], str]


def forget() -> None:
    for remembered in (code.code_version, code.reached_by, code._version):
        remembered.cache_clear()


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


def text_of(module: str) -> str:
    return graph.modules_of("vpp_core")[module].read_text()


def stale(monkeypatch: pytest.MonkeyPatch, module: str, text: str) -> set[str]:
    """Assets that another text of a module makes stale."""
    before = {asset: code.code_version(asset) for asset in ASSETS}
    file = graph.modules_of("vpp_core")[module]
    changed = graph._sources() | {module: parsed(text, module, is_package=file.name == "__init__.py")}
    monkeypatch.setattr(graph, "_sources", lambda: changed)
    forget()
    return {asset for asset in ASSETS if code.code_version(asset) != before[asset]}


def replaced(module: str, old: str, new: str) -> str:
    text = text_of(module)
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("module", ["vpp_core.results.page_style", "vpp_core.dispatch.run", "vpp_core.calendar"])
def test_a_comment_a_docstring_and_a_line_break_make_nothing_stale(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(module)
    first = text.index('"""')
    other = '"""Other words."""' + text[text.index('"""', first + 3) + 3 :] + "\n\n# a remark\n"
    assert other != text
    assert stale(monkeypatch, module, other) == set()


def test_a_changed_roof_share_makes_the_fleet_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    text = replaced("vpp_core.sources.orientations", "0.47", "0.46")
    assert {"prosumer_fleet", "solar_generation"} <= stale(monkeypatch, "vpp_core.sources.orientations", text)


def test_the_page_s_style_makes_the_report_stale_and_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of("vpp_core.results.page_style") + "\nMORE = 'body {margin: 0}'\n"
    assert stale(monkeypatch, "vpp_core.results.page_style", text) == {"benchmark_report"}


def test_how_prices_are_read_makes_no_strategy_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strategies depend on what was read: on the table."""
    text = text_of("vpp_core.sources.oasis_files") + "\nMORE = 1\n"
    assert stale(monkeypatch, "vpp_core.sources.oasis_files", text) == {"market_prices"}


@pytest.mark.parametrize(
    ("library", "makes_stale"),
    [
        ("scipy", STRATEGIES | {"prosumer_fleet"}),
        ("llvmlite", STRATEGIES),
        ("pillow", {"benchmark_report"}),
        ("vpp-benchmark", set()),  # changes with every commit
    ],
)
def test_another_version_of_a_library_makes_stale_what_imports_it(
    library: str, makes_stale: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {asset: code.code_version(asset) for asset in ASSETS}
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == library else real(name))
    forget()
    now = {asset for asset in ASSETS if code.code_version(asset) != before[asset]}
    assert now >= makes_stale and (library not in {"pillow", "vpp-benchmark"} or now == makes_stale)


def test_libraries_that_compute_for_others_are_theirs() -> None:
    for library, loaded in code.LOADED_BY_NAME.items():
        needs = " ".join(metadata.requires(library) or [])
        assert all(name in needs for name in loaded), library


def test_every_library_that_is_imported_has_its_version_told() -> None:
    """One that is not installed is told as such; those that are go by their own name or a known one."""
    import importlib.util

    for asset in ASSETS:
        for name, version in code.versions(code.reached_by(asset).libraries).items():
            assert (version == "absent") == (importlib.util.find_spec(name) is None), name
    assert code.versions(["PIL"]) == {"PIL": metadata.version("pillow")}


def test_every_data_file_makes_a_stage_stale_but_the_record_that_only_documentation_reads() -> None:
    read = {file for asset in ASSETS for file in code.reached_by(asset).data}
    assert {file.name for file in set(graph.data_files()) - read} == {"price_record.csv"}
    assert all(
        file.parent.name != "prompts"
        for asset in ("market_prices", "prosumer_fleet")
        for file in code.reached_by(asset).data
    )


def test_a_prompt_and_a_template_count_where_they_are_read() -> None:
    kinds = {asset: {file.parent.name for file in code.reached_by(asset).data} for asset in ASSETS}
    assert kinds["negotiation_results"] == {"prompts"}
    assert kinds["benchmark_report"] == {"prompts", "templates"}
    assert kinds["load_profiles"] == kinds["market_prices"] == kinds["prosumer_fleet"] == set()


# ── the text of a module ───────────────────────────────────────────────────────────────────────────────────────────


def test_imports_in_functions_count_and_those_for_type_checkers_do_not() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\ndef f():\n    from .b import c\n"
    assert parsed(text, "vpp_core.a.x").imports == ("typing.TYPE_CHECKING", "vpp_core.a.b.c")
    assert parsed("from . import y", "vpp_core.a", is_package=True).imports == ("vpp_core.a.y",)
    assert "gridstatus" in code.reached_by("market_prices").libraries, "it is imported where it is used"


@pytest.mark.parametrize(
    ("one", "other"),
    [("x = 1", "x = 2"), ("x = 1", "x = '1'"), ("f(a, b)", "f(b, a)"), ("x = None", "x = ..."), ("a = b", "b = a"),
     ("def f(a=1): pass", "def f(a=2): pass"), ("x = -1", "x = +1"), ("if a: b", "if a: pass\nelse: b")],
)  # fmt: skip
def test_code_that_differs_has_another_digest(one: str, other: str) -> None:
    assert parsed(one, "a").digest != parsed(other, "a").digest


def test_facts_of_a_file_are_remembered_and_a_damaged_memory_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, file = tmp_path / "__pycache__" / "facts.json", tmp_path / "m.py"
    monkeypatch.setattr(source, "_memory", lambda: memory)
    file.write_text("import numpy")
    first = source.sources_of({"m": file})
    assert first["m"].imports == ("numpy",)
    monkeypatch.setattr(source, "parsed", lambda *_, **__: pytest.fail("parsed again"))
    assert source.sources_of({"m": file}) == first
    memory.write_text("{")
    monkeypatch.setattr(source, "parsed", lambda text, *_, **__: Source(text, (), ()))
    assert source.sources_of({"m": file})["m"].digest == "import numpy"
    file.write_text("import pandas")
    assert source.sources_of({"m": file})["m"].digest == "import pandas"


# ── what is really imported, and what an asset calls ───────────────────────────────────────────────────────────────

IMPORTS = """
import importlib, sys
for names in sys.stdin.read().splitlines():
    for name in names.split():
        module = name
        while module:
            try:
                importlib.import_module(module)
                break
            except ModuleNotFoundError:
                module = module.rpartition(".")[0]
    print(*(name for name in sys.modules if name.partition(".")[0] == "vpp_core"))
"""


def test_the_graph_holds_all_that_python_imports() -> None:
    """Module by module as Python loads what an asset calls; what is imported within functions comes on top."""
    asked = "\n".join(" ".join(sorted(calls.calls_of(asset).core)) for asset in ASSETS)
    done = subprocess.run([sys.executable, "-c", IMPORTS], input=asked, capture_output=True, text=True, check=True)
    known: set[str] = set()
    for asset, loaded in zip(ASSETS, done.stdout.splitlines(), strict=True):
        known |= set(code.reached_by(asset).modules)
        assert set(loaded.split()) <= known, asset


def test_an_asset_s_own_functions_count_and_what_describes_it_does_not() -> None:
    homes = calls.calls_of("prosumer_fleet")
    assert len(homes.code) == 2, "the asset, and the function that finds the files of households"
    assert "vpp_core.fleet.population.generate_fleet" in homes.core
    assert not {name for name in calls.calls_of("market_prices").core if name.startswith("vpp_core.results")}
    assert calls.calls_of("price_forecast").core == {"vpp_core.market.forecast"}, "a table is no function of its name"
    assert "vpp_core.shards.merge.merged" in calls.calls_of("centralized_dispatch").core


# ── raw files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stage_s_raw_folders_are_those_its_sources_name() -> None:
    month, root = Month.parse("2023-08"), Path("raw")
    for asset, folder in (
        ("market_prices", oasis_live.shelf(root, month).folder),
        ("market_prices", hosted.shelf(root, month).folder),
        ("market_prices", root / folders.MARKET_FILES["caiso"]),
        ("solar_generation", pvwatts.shelf(root).folder),
        ("load_profiles", root / folders.OWN_PROFILES),
    ):
        assert any(folder.is_relative_to(root / name) for name in raw.raw_folders(asset)), folder
    assert raw.raw_folders("price_forecast") == raw.raw_folders("window_results") == ()


def test_every_raw_folder_is_some_stage_s() -> None:
    values = [value for name, value in vars(folders).items() if name.isupper() and name != "ISOS"]
    named = {folder for value in values for folder in ([value] if isinstance(value, str) else value.values())}
    assert named == {folder for asset in ASSETS for folder in raw.raw_folders(asset)}


def test_a_file_that_arrives_or_changes_in_the_hosted_archive_s_folder_is_noticed(tmp_path: Path) -> None:
    seen = [raw.raw_digest(tmp_path, "market_prices")]
    kept = hosted.shelf(tmp_path, Month.parse("2023-08")).folder / "lmp.json"
    kept.parent.mkdir(parents=True)
    for content in ("[1]", "[2]"):
        kept.write_text(content)
        seen.append(raw.raw_digest(tmp_path, "market_prices"))
    assert seen[0] == [] and len(seen[1]) == len(seen[2]) == 1 and seen[1] != seen[2]
