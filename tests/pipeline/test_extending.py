"""What docs/extending.md says is true: its scenario is one, its price source works, the places it names exist."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_core.sources import prices
from vpp_core.sources.network import Services

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()


def block(language: str, holds: str) -> str:
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holds in text]
    return found


def test_the_page_s_scenario_is_valid_and_changes_the_market() -> None:
    scenario = Scenario.from_json(block("json", "half_hour"))
    assert scenario.market.window_minutes == 30
    assert scenario.node != Scenario().node


def test_the_page_s_price_source_fills_the_price_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own: dict = {"__name__": "settlement_file"}
    exec(block("python", "def read_kept"), own)
    monkeypatch.setattr(prices, "SERVICES", (SimpleNamespace(**own),))
    stamps = Scenario(first_days=1).period("2023-08").timestamps
    (tmp_path / "settlement").mkdir()
    table = pd.DataFrame({"interval_start": stamps.strftime("%Y-%m-%dT%H:%M:%SZ"), "price": 42.0})
    table.to_csv(tmp_path / "settlement" / "august.csv", index=False)
    found = prices.market_prices(Scenario(first_days=1), Month.parse("2023-08"), tmp_path, services=Services())
    assert (found["lmp_usd_per_mwh"] == 42.0).all()
    assert set(found["lmp_source"]) == {"cache"}


def test_every_file_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:vpp_core|vpp_pipeline|tests)/[\w/]+\.py)`", PAGE))
    core = r"`((?:scenario|fleet|settlement|results|tables|market)/[\w/]+\.py)`"
    named |= {f"vpp_core/{name}" for name in re.findall(core, PAGE)}
    assert len(named) > 8
    assert not [name for name in named if not (ROOT / name).exists()]
