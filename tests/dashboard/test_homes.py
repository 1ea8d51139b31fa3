"""The pages of homes: who gains, one home, and a household described in words and put into the fleet."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.dashboard.conftest import said
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.errors import InputError
from vpp_core.fleet.text import parse_household
from vpp_core.results.figures.homes import cause_of_loss
from vpp_core.results.text import usd
from vpp_core.strategies.registry import STRATEGIES
from vpp_dashboard import compute, described, history, queries
from vpp_pipeline.lake import Lake

WORDS = "Powerwall, 6 kW solar, a Nissan Leaf that leaves at 7:30; and a zeppelin"


def test_gains_and_losers_are_the_databases_and_losers_have_a_cause(page, lake: Lake) -> None:
    app = page("households", strategy="centralized")
    with duckdb.connect(str(lake.database), read_only=True) as database:
        gains = dict(
            database.execute(
                f"""SELECT home_id, sum(household_gain_usd) FROM household_results WHERE strategy = 'centralized'
                    AND scenario = '{TINY.name}' AND month = '{MONTH}' GROUP BY home_id"""
            ).fetchall()
        )
    lost = {home: gain for home, gain in gains.items() if gain <= -0.01}
    assert f"of {TINY.homes} gain a cent or more and {len(lost)} lose one" in said(app)
    assert lost, "the tiny month has losers, or this shows nothing"
    shown = app.dataframe[1].value
    assert dict(zip(shown["home_id"], shown["household_gain_usd"], strict=True)) == pytest.approx(lost, abs=0.005)
    assert shown["cause"].str.len().all()


def test_the_cause_of_a_loss_is_its_largest_cost() -> None:
    books = pd.DataFrame(
        {
            "household_gain_usd": [-3.0, -1.0, 2.0],
            "payment_usd": [1.0, -0.8, 2.0],
            "bill_change_usd": [3.5, 0.1, 0.0],
            "wear_change_usd": [0.5, 0.1, 0.0],
            "end_energy_usd": [0.0, 0.0, 0.0],
        }
    )
    assert list(cause_of_loss(books)) == ["its bill rises", "it pays the VPP", ""]


def test_a_home_shows_its_month_under_every_strategy_and_a_day_of_its_devices(page, lake: Lake) -> None:
    home = queries.kept_homes(lake, MONTH, TINY.name)[0]
    month = page("home", home=str(home)).dataframe[0].value.set_index("strategy")
    own = (
        queries.household_days(lake, MONTH, TINY.name, home).groupby("strategy")["household_gain_usd"].sum(min_count=1)
    )
    assert month["household_gain_usd"].dropna().to_dict() == pytest.approx(own.dropna().to_dict(), abs=0.005)
    day = page("home", home=str(home), show="a day of its devices").dataframe[0].value.set_index("strategy")
    assert list(day.index) == list(STRATEGIES)
    assert day.loc["negotiated", "gain"] == usd(own["negotiated"])  # the month has one day


def test_a_home_that_was_not_kept_says_how_long_it_takes_to_run_it_again(page, lake: Lake) -> None:
    others = sorted(set(range(TINY.homes)) - set(queries.kept_homes(lake, MONTH, TINY.name)))
    app = page("home", home=str(others[0]), show="a day of its devices")
    assert f"which took {history.seconds_of_strategies(lake, MONTH, TINY.name):.0f} s" in said(app)
    assert [button.label for button in app.button] == ["Run them again"]


def test_running_a_month_again_gives_a_home_the_intervals_that_it_had(lake: Lake, tmp_path: Path, capsys) -> None:
    home = queries.kept_homes(lake, MONTH, TINY.name)[0]
    assert compute.main(["home", MONTH, TINY.name, str(home), str(tmp_path / "out.parquet")]) == 0
    assert "progress 1.0000 perfect_foresight" in capsys.readouterr().out
    again = pd.read_parquet(tmp_path / "out.parquet").reset_index(drop=True)
    kept = queries.intervals_of_home(lake, MONTH, TINY.name, home).reset_index(drop=True)
    keys = ["strategy", "timestamp"]
    one, other = (frame.sort_values(keys, ignore_index=True)["battery_kw"] for frame in (again, kept))
    assert one.equals(other)


def test_words_become_fields_that_say_where_they_came_from_and_can_be_changed(page) -> None:
    app = page("mine")
    app.text_area(key="words").set_value(WORDS).run()
    assert not app.exception
    assert "Not understood" in said(app) and "zeppelin" in said(app)
    parsed = parse_household(WORDS)
    fields = {one.field: one for one in described.fields_of(parsed)}
    assert fields["pv.capacity_kw"].value == "6.0" and fields["pv.capacity_kw"].origin == "said"
    assert fields["bess.capacity_kwh"].origin == "inferred"
    assert fields["category"].value == "moderate"
    changed = described.edited(parsed.prosumer, {"pv.capacity_kw": "8.5", "preferences.ev_priority": "high"})
    assert changed.pv is not None and changed.pv.capacity_kw == 8.5
    assert changed.preferences.ev_priority == "high"
    with pytest.raises(InputError, match="capacity_kw"):
        described.edited(parsed.prosumer, {"pv.capacity_kw": "-3"})


def test_a_household_is_kept_in_the_lake_and_read_back(lake: Lake, page) -> None:
    household = parse_household(WORDS).prosumer
    path = described.save(lake, "my-home", WORDS, household)
    try:
        assert described.saved(lake) == ["my-home"]
        assert described.load(lake, "my-home") == (WORDS, household)
        assert WORDS in said(page("mine", household="my-home"))
        Path(path).write_text("{")
        with pytest.raises(InputError, match="cannot be read as a household"):
            described.load(lake, "my-home")
    finally:
        Path(path).unlink()
    with pytest.raises(InputError, match="cannot be a name"):
        described.save(lake, "../elsewhere", WORDS, household)


def test_a_household_put_into_the_fleet_has_a_bill_a_gain_and_satisfaction_under_every_strategy(
    lake: Lake, tmp_path: Path
) -> None:
    (tmp_path / "household.json").write_text(json.dumps(parse_household(WORDS).prosumer.model_dump(mode="json")))
    arguments = ["trial", MONTH, TINY.name, str(tmp_path / "household.json"), "1", "3", str(tmp_path / "days.parquet")]
    assert compute.main(arguments) == 0
    days = pd.read_parquet(tmp_path / "days.parquet")
    own = days[days["mine"]].set_index("strategy")
    assert list(own.index) == list(STRATEGIES) and len(days) == 4 * len(STRATEGIES)
    assert (own["bill_counterfactual_usd"] == own["bill_counterfactual_usd"].iloc[0]).all()
    assert own.loc["no_vpp", "household_gain_usd"] == 0.0
    assert own.loc["centralized", "household_gain_usd"] != 0.0
    assert pd.isna(own.loc["perfect_foresight", "household_gain_usd"])
    assert own.loc["negotiated", "satisfaction"] > own.loc["centralized", "satisfaction"]
