"""A lake of a few months and scenarios, made from the tiny month, and the dashboard's pages on it without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.scenario import Scenario
from vpp_dashboard.launch import warm
from vpp_pipeline import project
from vpp_pipeline.io.parquet import contract_of
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.lake.table_file import encode

OTHER = Scenario(**{**TINY.model_dump(), "name": "other", "seed": 7})
BEFORE = "2023-06"
GATHERED = ("kpi_monthly", "window_results", "market_prices", "negotiator_scores")
"""Tables of a member that a study is gathered from."""
REASON = "there are no prices of 2023-07; put some there"


def multiplied(
    lake: Lake,
    month: str,
    scenario: Scenario,
    factor: float = 1.0,
    real: bool = False,
    tables: Collection[str] | None = None,
) -> None:
    """The tiny month again, or some of its tables, as another month and scenario, its daily surplus times a factor."""
    lake.freeze(scenario)
    for table in tables or sorted(path.name for path in (lake.root / "tables").iterdir()):
        contract = contract_of(table)
        rows = lake.read(table, MONTH, TINY.name, contract).table
        for name, text in (("month", month), ("scenario", scenario.name)):
            rows = _replaced(rows, name, [text] * len(rows))
        if table in ("kpi_daily", "kpi_monthly") and factor != 1:
            for name in ("surplus_usd", "surplus_per_home_usd"):
                if name in rows.column_names:
                    rows = _replaced(rows, name, factor * np.asarray(rows[name]))
        if table == "data_shares" and real:
            rows = _replaced(rows, "source", ["file"] * len(rows))
        lake.write(table, month, scenario.name, encode(rows, contract, "made for a test"))


def _replaced(rows: pa.Table, name: str, values: Any) -> pa.Table:
    if name not in rows.column_names:
        return rows
    at = rows.column_names.index(name)
    return rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))


@pytest.fixture(scope="session")
def lake(finished: Ran, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Two scenarios over June to August 2023: one month of real prices, one that failed, one missing."""
    folder = tmp_path_factory.mktemp("dashboard") / "lake"
    shutil.copytree(finished.folder, folder)
    own = Lake.at(folder)
    multiplied(own, BEFORE, TINY, real=True)
    multiplied(own, MONTH, OTHER, factor=2.0)
    own.log({"stage": "market_prices", "month": "2023-07", "scenario": OTHER.name, "failed": REASON})
    assert rebuild(own) == []
    warm()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(project.LAKE_VARIABLE, str(folder))
        # Each page tested would look through all installed packages for components of Streamlit: half a second each.
        patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", lambda: [])
        yield own


APP = Path(__file__).parents[2] / "vpp_dashboard" / "app.py"


@pytest.fixture
def page(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A page as a browser would open its address: `page("gap", step="…")`."""
    from streamlit.testing.v1 import AppTest

    def opened(key: str, **address: str) -> Any:
        app = AppTest.from_file(str(APP), default_timeout=60)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(project.LAKE_VARIABLE, str(tmp_path_factory.getbasetemp() / "no-lake"))  # draws no page
            app.run()  # the navigation must be known before a page is chosen
        if key != "answer":
            app.switch_page(f"views/{key}.py")
        for name, value in {"month": MONTH, "scenario": TINY.name, **address}.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].message + "\n".join(app.exception[0].stack_trace)
        return app

    return opened


def said(app: Any) -> str:
    """All words of a page, without what Markdown escapes."""
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.error, *app.info]
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u00a0", " ")
