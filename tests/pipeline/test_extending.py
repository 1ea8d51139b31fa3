"""What docs/extending.md says is true: its scenario is one, its price source works, the places it names exist."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.fleet.population import generate_fleet
from vpp_core.iso import ISOS
from vpp_core.scenario import Scenario
from vpp_core.sources import price_readers, prices
from vpp_core.sources.folders import MARKET_FILES
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
    monkeypatch.setattr(price_readers, "SERVICES", (SimpleNamespace(**own),))
    stamps = Scenario(first_days=1).period("2023-08").timestamps
    (tmp_path / "settlement").mkdir()
    table = pd.DataFrame({"interval_start": stamps.strftime("%Y-%m-%dT%H:%M:%SZ"), "price": 42.0})
    table.to_csv(tmp_path / "settlement" / "august.csv", index=False)
    found = prices.market_prices(Scenario(first_days=1), Month.parse("2023-08"), tmp_path, services=Services())
    found = found[found["timestamp"].isin(stamps)]
    assert len(found) == 96 and (found["lmp_usd_per_mwh"] == 42.0).all()
    assert set(found["lmp_source"]) == {"cache"}


def test_the_page_s_market_is_one_file_and_its_five_minute_prices_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own: dict = {"__name__": "north"}
    exec(block("python", "NORTH = replace("), own)
    monkeypatch.setitem(ISOS, "north", own["NORTH"])
    monkeypatch.setitem(MARKET_FILES, "north", own["NORTH"].folder)
    scenario = Scenario(iso="north", first_days=1)
    stamps = Period(scenario.month("2024-03")).timestamps
    fives = pd.date_range(stamps[0], stamps[-1] + pd.Timedelta("15min"), freq="5min", inclusive="left")
    local = fives.tz_convert("America/Chicago")
    table = pd.DataFrame(
        {
            "Interval Start": local,
            "Location": "Z1",
            "Market": "REAL_TIME_5_MIN",
            "LMP": np.arange(len(fives)) % 3 + 10.0,
        }
    )
    (tmp_path / "north").mkdir()
    table.to_csv(tmp_path / "north" / "march.csv", index=False)
    own_zone = {"Zone": "NORTH", "10 Min Reserves": 4.0, "30 Min Non-Spin Reserves": 1.5}
    other_zone = {"Zone": "SOUTH", "10 Min Reserves": 9.0, "30 Min Non-Spin Reserves": 9.0}
    hours = [pd.DataFrame({"Interval Start": local[::12], "Market": "DAM", **zone}) for zone in (own_zone, other_zone)]
    pd.concat(hours).to_csv(tmp_path / "north" / "reserves.csv", index=False)
    found = prices.market_prices(scenario, Month.parse("2024-03"), tmp_path, services=Services())
    assert len(found) == 3 * 96 and (found["node"] == "Z1").all() and (found["lmp_usd_per_mwh"] == 11.0).all()
    assert (found["spin_usd_per_mw_h"] == 4.0).all() and (found["nonspin_usd_per_mw_h"] == 1.5).all()
    assert scenario.market.gate_closure_minutes == 60 and scenario.period("2024-03").iso.city == "Minneapolis"


def test_the_page_s_appliance_is_a_kind_of_store_that_may_wait_but_not_go_without() -> None:
    own: dict = {"__name__": "pool_pump"}
    exec(block("python", "POOL_PUMP = Kind("), own)
    kind, plain = own["POOL_PUMP"], generate_fleet(40, 3)
    pumps = kind.appliance.drawn(plain.home_id, plain.home_id % 4 == 0, plain.seed)
    stores = kind.stores(replace(plain, appliances={kind.name: pumps}), Period.of("2023-08", 2), np.ones(40))
    assert len(stores) == 10 and not stores.max_discharge_kw.any()
    np.testing.assert_allclose(stores.draw_kwh.sum(axis=0), 2 * pumps.draw_kwh)
    assert (stores.counterfactual_kwh >= stores.need_kwh.min()).all() and kind.appliance.model().draw_kwh == 6.0


def test_every_file_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:vpp_core|vpp_pipeline|tests)/[\w/]+\.py)`", PAGE))
    core = r"`((?:scenario|fleet|settlement|results|tables|market)/[\w/]+\.py)`"
    named |= {f"vpp_core/{name}" for name in re.findall(core, PAGE)}
    assert len(named) > 8
    assert not [name for name in named if not (ROOT / name).exists()]
