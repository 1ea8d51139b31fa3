"""The second process of a run: the same bytes, and nothing lost where it fails."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import dagster as dg
import pyarrow as pa
import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran, content, in_memory
from vpp_pipeline import ahead
from vpp_pipeline.ahead import Helper, Rung, RungResult
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.recipe import WORLD
from vpp_pipeline.runner import run_month
from vpp_pipeline.stage import _chosen

STAGE = "centralized_dispatch"
RUNG = Rung("nowhere", "nowhere", "2023-08", "{}", (), "smart_home")


def until(happens: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_month_with_a_second_process_is_the_same_to_the_byte(
    finished: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "MIN_HOME_INTERVALS", 0)
    monkeypatch.setenv("VPP_ON", "processes:2")
    answered: list[str] = []

    class Waited(Helper):
        """Leaves this process nothing that it was offered, so that who is faster does not matter."""

        def leaves(self, rung: Rung) -> bool:
            return rung not in self._seen

        def answer(self, rung: Rung) -> RungResult | None:
            with self._changed:
                self._changed.wait_for(lambda: rung in self._begun or self._stopped)
            if (answer := super().answer(rung)) is not None:
                answered.append(rung.key)
            return answer

        def _next(self):  # type: ignore[no-untyped-def]
            following = super()._next()
            with self._changed:
                self._changed.notify_all()
            return following

    monkeypatch.setattr(ahead, "Helper", Waited)
    folder = tmp_path / "lake"
    Lake.at(folder).freeze(TINY)
    with in_memory() as instance:
        assert run_month(instance, MONTH, TINY.name, lake=LakePlace(url=str(folder)), assets=(*WORLD, STAGE)).succeeded
    assert answered == ["centralized", "perfect_forecast"], "the first is run here, and no stage that is not asked for"
    tables = {name: table for name, table in content(folder).items() if name.startswith("tables/")}
    assert f"tables/{STAGE}/{TINY.name}/{MONTH}.parquet" in tables
    assert tables == {name: table for name, table in content(finished.folder).items() if name in tables}
    assert ahead._helper is None, "it ends with the run"


@pytest.mark.parametrize("script", ["raise SystemExit(1)", "input(); print('no answer')", "no python at all"])
def test_a_helper_that_dies_or_talks_nonsense_leaves_its_rungs_to_the_run(script: str) -> None:
    helper = Helper((sys.executable, "-c", script))
    helper.offer([RUNG, dataclasses.replace(RUNG, key="no_vpp")])
    helper._thread.join()  # type: ignore[union-attr]
    assert helper.leaves(RUNG) or helper.answer(RUNG) is None
    assert helper.leaves(dataclasses.replace(RUNG, key="no_vpp"))


def test_what_it_cannot_run_is_answered_with_nothing_and_it_goes_on_and_it_can_be_ended_at_any_moment() -> None:
    helper = Helper()
    helper.offer([RUNG])
    until(lambda: helper._process is not None)
    process = helper._process
    assert process is not None
    if not helper.leaves(RUNG):
        assert helper.answer(RUNG) is None
    assert process.poll() is None
    helper.stop()
    assert process.returncode is not None
    assert not Path(f"/proc/{process.pid}").exists() or os.name != "posix"


def test_an_answer_comes_through_the_pipe_as_it_was() -> None:
    answer = RungResult(pa.table({"day": ["2023-08-01"], "kwh": [0.1]}), {"total": 1.25})
    assert RungResult.decoded(answer.encoded()) == answer


def test_what_waits_is_taken_back_and_is_not_offered_again() -> None:
    helper = Helper((sys.executable, "-c", "import time; time.sleep(60)"))
    first, second = RUNG, dataclasses.replace(RUNG, key="no_vpp")
    helper.offer([first, second])
    until(lambda: first in helper._begun)
    assert helper.leaves(second)
    helper.offer([second])
    assert helper._waiting == []
    assert not helper.leaves(first)
    helper.stop()
    assert helper.answer(first) is None


@pytest.mark.parametrize(
    ("selection", "runs"), [(frozenset(), True), (None, True), (frozenset({dg.AssetKey("market_prices")}), False)]
)
def test_a_run_of_everything_has_all_stages_coming(selection: frozenset[dg.AssetKey] | None, runs: bool) -> None:
    """Dagster gives a run without a choice an empty one."""
    context = SimpleNamespace(run=SimpleNamespace(asset_selection=selection))
    chosen = _chosen(cast("dg.AssetExecutionContext", context))
    assert (chosen is None or "window_results" in chosen) == runs
