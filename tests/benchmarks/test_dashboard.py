"""How long pages of the dashboard take on a lake of 12 months × 3 scenarios, in time of a core."""

from __future__ import annotations

import time

import pytest

from tests.dashboard.conftest import APP, multiplied
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.scenario import Scenario
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild

FIRST_SECONDS, LATER_SECONDS = 2.0, 1.0


@pytest.fixture(scope="module")
def year(finished, tmp_path_factory, monkeypatch_module) -> Lake:
    """The tiny month as every month of a year, in three scenarios."""
    import shutil

    folder = tmp_path_factory.mktemp("year") / "lake"
    shutil.copytree(finished.folder, folder)
    lake = Lake.at(folder)
    for seed in (TINY.seed, 1, 2):
        scenario = TINY if seed == TINY.seed else Scenario(**{**TINY.model_dump(), "name": f"s{seed}", "seed": seed})
        for number in range(1, 13):
            if (month := f"2023-{number:02d}") != MONTH or scenario is not TINY:
                multiplied(lake, month, scenario)
    assert rebuild(lake) == []
    monkeypatch_module.setenv("VPP_LAKE", str(folder))
    return lake


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize(
    "key", ["answer", "runs", "compare", "gap", "negotiations", "negotiation", "households", "home", "data"]
)
def test_a_page_comes_within_the_time_it_may_take(year: Lake, key: str) -> None:
    from streamlit.testing.v1 import AppTest

    from vpp_dashboard.launch import warm

    warm()
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    if key != "answer":
        app.switch_page(f"views/{key}.py")
    took = []
    for _ in range(2):
        began = time.process_time()
        app.run()
        took.append(time.process_time() - began)
        assert not app.exception
    print(f"\n{key}: {took[0]:.2f} s, again {took[1]:.2f} s")  # noqa: T201
    assert took[0] < FIRST_SECONDS and took[1] < LATER_SECONDS
