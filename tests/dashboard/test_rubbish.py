"""What is missing, damaged, old or asked for in vain is said in a sentence, and no page breaks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.dashboard.conftest import said
from tests.pipeline.tiny import MONTH, TINY
from vpp_pipeline.lake import Lake


def without_database(folder: Path) -> None:
    (folder / "reports.duckdb").unlink()


def with_an_older_database(folder: Path) -> None:
    with duckdb.connect(str(folder / "reports.duckdb")) as database:
        database.execute("ALTER TABLE kpi_daily DROP COLUMN satisfaction_mean")


def with_half_a_database(folder: Path) -> None:
    content = (folder / "reports.duckdb").read_bytes()
    (folder / "reports.duckdb").write_bytes(content[: len(content) // 2])


def with_half_a_table(folder: Path) -> None:
    path = Path(str(Lake.at(folder).table_path("window_results", MONTH, TINY.name)))
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("spoil", "key", "words"),
    [
        (without_database, "answer", "reports.duckdb is missing; `vpp run` of any month builds it anew"),
        (with_an_older_database, "answer", "earlier version and lacks kpi_daily.satisfaction_mean"),
        (with_half_a_database, "runs", "cannot be read"),
        (with_half_a_table, "home", f"window_results/{TINY.name}/{MONTH}.parquet is truncated"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_lake_that_is_not_whole_is_told_in_a_sentence(
    page, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None], key: str, words: str,
) -> None:  # fmt: skip
    folder = tmp_path / "lake"
    shutil.copytree(str(lake.root), folder)
    spoil(folder)
    monkeypatch.setenv("VPP_LAKE", str(folder))
    assert words in said(page(key))


def test_an_address_that_asks_for_what_is_not_there_is_told_so(page) -> None:
    app = page("answer", month="1999-01", scenario="no-such")
    assert "asks for month '1999-01', which is not here: this is" in said(app)
    assert "asks for scenario 'no-such', which is not here" in said(app)
    assert not app.run().warning  # once


def test_a_household_in_ten_thousand_characters_is_refused_in_words(page) -> None:
    app = page("mine")
    app.text_area(key="words").set_value("Powerwall, 6 kW solar; " * 435).run()
    assert not app.exception
    assert "the description has 10005 characters; shorten it to" in said(app)
