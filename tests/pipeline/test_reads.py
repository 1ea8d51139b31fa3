"""A stage computes with what it reads of a scenario and nothing else, so scenarios that agree in that share results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.calendar import Month
from vpp_core.fleet.arrow import fleet_to_arrow
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.strictness import stricter
from vpp_core.market.forecast import price_forecast
from vpp_core.scenario import LanguageModelRules, MarketRules, NegotiationRules, Reliability, Scenario, Tariff
from vpp_core.scenario.programmes import DSGS
from vpp_core.scenario.transform import DataTransform
from vpp_core.scenario.variation import variation
from vpp_core.simulation import Inputs, outcomes_to_arrow, simulate
from vpp_core.sources import load, prices, solar
from vpp_core.strategies.registry import strategies_of
from vpp_core.tables import OUTCOMES
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.recipe import recipe_of
from vpp_pipeline.recipe.reads import READS, as_read_by, fields_read
from vpp_pipeline.runner import MonthRun, run_month

OTHER = Scenario(
    name="other",
    homes=7,
    seed=43,
    data_seed=2,
    iso="ercot",
    node="LZ_NORTH",
    source="auto",
    reserve_zone="ERCOT",
    model_missing_reserves=False,
    longest_filled_gap_minutes=30,
    preference_strictness=0.5,
    appliance_shares={"water_heater": 0.6},
    reliability=Reliability(device_out_share_per_day=0.1),
    transform=DataTransform(solar_factor=0.5, load_factor=2.0, peak_price_factor=1.5),
    market=MarketRules(window_minutes=30, gate_closure_minutes=30),
    tariffs=(Tariff(import_usd_per_kwh=(0.45,)),),
    negotiation=NegotiationRules(satisfaction_weight_usd=10.0, rounds=2),
    first_days=2,
    programmes=(DSGS,),
    strategies=("no_vpp", "negotiated"),
)
"""Differs from the tiny scenario in every field."""


def made(asset: str, scenario: Scenario, raw: Path) -> Any:
    month = Month.parse(MONTH)
    if asset == "price_forecast":
        return price_forecast(prices.market_prices(TINY, month, raw), scenario.period(month), scenario.market)
    if asset == "prosumer_fleet":
        drawn = generate_fleet(scenario.homes, scenario.seed, appliance_shares=scenario.appliance_shares)
        return fleet_to_arrow(stricter(drawn, scenario.preference_strictness)).to_pandas()
    functions = {
        "market_prices": prices.market_prices,
        "solar_generation": solar.solar_generation,
        "load_profiles": load.load_profiles,
    }
    return functions[asset](scenario, month, raw)


def differing_in_all_but(fields: frozenset[str]) -> Scenario:
    return OTHER.model_copy(update={field: getattr(TINY, field) for field in fields})


def test_the_two_scenarios_differ_in_every_field() -> None:
    same = [field for field in Scenario.model_fields if getattr(TINY, field) == getattr(OTHER, field)]
    assert same == []


@pytest.mark.parametrize("asset", READS)
def test_what_a_data_stage_does_not_read_does_not_change_its_table(asset: str, tmp_path: Path) -> None:
    other = differing_in_all_but(READS[asset])
    pd.testing.assert_frame_equal(made(asset, TINY, tmp_path), made(asset, other, tmp_path))


def test_of_a_negotiation_the_fleet_reads_only_whether_a_model_speaks_for_homes() -> None:
    def read(**rules: Any) -> NegotiationRules:
        return as_read_by("prosumer_fleet", Scenario(negotiation=NegotiationRules(**rules))).negotiation

    spoken_for = LanguageModelRules(depth="every_agent", calls_per_minute=7)
    assert read(decider="llm", llm=spoken_for).speaks_for_homes
    assert read(decider="llm", llm=spoken_for, rounds=2) == read(decider="llm", llm=spoken_for)
    assert read(decider="rules", llm=spoken_for) == read(decider="llm", rounds=2) == NegotiationRules()


@pytest.mark.parametrize("asset", ["centralized_dispatch", "perfect_foresight_bound"])
def test_optimisers_do_not_read_how_homes_negotiate(ran: Ran, asset: str) -> None:
    fields = fields_read(asset, TINY)
    assert fields is not None and "negotiation" not in fields
    assert strategies_of(asset, OTHER.strategies) == []
    tables = ("market_prices", "price_forecast", "solar_generation", "load_profiles")
    frames = [ran.lake.read(table, MONTH, TINY.name).table.to_pandas() for table in tables]
    fleet = generate_fleet(TINY.homes, TINY.seed)
    first, second = (
        outcomes_to_arrow(simulate(Inputs.build(one, Month.parse(MONTH), *frames, fleet), strategies_of(asset)))
        for one in (TINY, differing_in_all_but(fields))
    )
    assert first.equals(second)


@pytest.mark.parametrize("asset", ["kpi_monthly", "benchmark_report"])
def test_what_bears_the_scenario_s_name_reads_all_of_it(asset: str) -> None:
    every = OTHER.model_copy(update={"strategies": None})
    assert fields_read(asset, every) is None and as_read_by(asset, every) is every


@pytest.mark.parametrize("asset", ["negotiation_results", "window_results"])
def test_what_negotiates_does_not_read_the_name_but_where_a_model_s_answers_lie_under_it(asset: str) -> None:
    every = OTHER.model_copy(update={"strategies": None})
    renamed = every.model_copy(update={"name": "renamed", "description": "the same"})
    assert as_read_by(asset, renamed) == as_read_by(asset, every).model_copy(update={"name": "renamed"})
    asked = every.model_copy(update={"negotiation": NegotiationRules(decider="llm")})
    assert fields_read(asset, asked) is None and as_read_by(asset, asked) is asked


@pytest.mark.parametrize(("decider", "alike"), [("rules", True), ("llm", False)])
def test_a_negotiation_by_a_model_is_of_one_scenario_alone(decider: str, alike: bool, lake: Lake) -> None:
    asked = Scenario(negotiation=NegotiationRules.model_validate({"decider": decider}))
    one, other = (
        recipe_of("negotiation_results", Month.parse(MONTH), as_read_by("negotiation_results", named), lake, ())
        for named in (asked, asked.model_copy(update={"name": "renamed", "description": "the same"}))
    )
    assert (one == other) is alike


def test_of_the_choice_of_strategies_a_stage_reads_its_own() -> None:
    some = Scenario(strategies=("centralized", "negotiated"))
    assert some.fingerprint() != Scenario().fingerprint()
    assert as_read_by("negotiation_results", some) == Scenario()
    assert as_read_by("centralized_dispatch", some).strategies == ("centralized",)
    assert as_read_by("window_results", some).strategies == ("no_vpp",), "what others are compared with is always run"
    assert as_read_by("kpi_monthly", some) == some


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run_log.jsonl").read_text().splitlines()]


INPUTS = [*READS]
OPTIMISED = [*INPUTS, "centralized_dispatch", "perfect_foresight_bound"]
ALONE = [*INPUTS, "negotiation_results"]
OWN = ["negotiation_results", "window_results", "kpi_monthly"]


ANOTHER_LAMBDA = variation(TINY, {"negotiation.satisfaction_weight_usd": ("lambda30", 30.0)})
FEW = variation(TINY, {"strategies": ("few", ("negotiated", "centralized_aware"))})


def run_variant(
    ran: Ran, folder: Path, assets: list[str] | None = None, variant: Scenario = ANOTHER_LAMBDA
) -> MonthRun:
    """The tiny month varied, in a lake of that folder."""
    lake = LakePlace(url=str(folder))
    lake.open().freeze(variant)
    return run_month(ran.instance, MONTH, variant.name, lake=lake, assets=assets)


def test_another_lambda_takes_all_but_the_negotiation_from_the_scenario_it_varies(ran: Ran) -> None:
    before = len(entries(ran.folder))
    assert run_variant(ran, ran.folder, [*OPTIMISED, *OWN]).succeeded
    new = entries(ran.folder)[before:]
    computed = {entry["stage"] for entry in new if not entry["reused"]}
    assert computed == set(OWN)
    assert {entry["taken_from"] for entry in new if entry["reused"]} == {TINY.name}


def made_alone(ran: Ran, empty: Path, variant: Scenario) -> set[str]:
    """Tables that a lake without any other scenario has of it, each to the byte as where they were shared."""
    assert run_variant(ran, empty, ALONE, variant).succeeded
    made = list((empty / "tables").rglob("*.parquet"))
    for path in made:
        assert path.read_bytes() == (ran.folder / path.relative_to(empty)).read_bytes(), path
    return {path.parent.parent.name for path in made}


def test_another_choice_of_strategies_takes_the_negotiation_with_what_was_said_to_the_byte(
    ran: Ran, tmp_path: Path
) -> None:
    before = len(entries(ran.folder))
    assert run_variant(ran, ran.folder, ALONE, FEW).succeeded
    (taken,) = [entry for entry in entries(ran.folder)[before:] if entry["stage"] == "negotiation_results"]
    assert taken["reused"] and taken["taken_from"] == TINY.name
    scores = ran.lake.read("negotiator_scores", MONTH, FEW.name).table
    assert scores.num_rows and set(scores["scenario"].to_pylist()) == {FEW.name}
    beside = {"negotiation_messages", "negotiator_scores"}
    assert made_alone(ran, tmp_path / "empty", FEW) >= {*ALONE, *beside}


def test_a_scenario_of_another_name_and_description_alone_takes_all_strategies(ran: Ran) -> None:
    renamed = TINY.model_copy(update={"name": "renamed", "description": "the same under another name"})
    before = len(entries(ran.folder))
    assert run_variant(ran, ran.folder, [*OPTIMISED, *OWN], renamed).succeeded
    computed = {entry["stage"] for entry in entries(ran.folder)[before:] if not entry["reused"]}
    assert computed == {"kpi_monthly"}


@pytest.mark.parametrize("table", ["negotiation_messages", pytest.param("negotiator_scores", marks=pytest.mark.slow)])
def test_a_negotiation_whose_messages_or_scores_are_damaged_is_not_taken(ran: Ran, table: str) -> None:
    path = ran.lake.table_path(table, MONTH, TINY.name)
    path.write_bytes(path.read_bytes()[:-9])
    before = len(entries(ran.folder))
    assert run_variant(ran, ran.folder, ALONE, FEW).succeeded
    computed = {entry["stage"] for entry in entries(ran.folder)[before:] if not entry["reused"]}
    assert computed == {"negotiation_results"}
    assert ran.lake.read(table, MONTH, FEW.name).table.num_rows


def test_a_run_of_a_few_strategies_ends_in_a_report_of_these(ran: Ran) -> None:
    few = variation(TINY, {"strategies": ("few", ("centralized_aware", "perfect_foresight_aware"))})
    lake = LakePlace(url=str(ran.folder))
    lake.open().freeze(few)
    assert run_month(ran.instance, MONTH, few.name, lake=lake).succeeded
    there = ran.lake.read("kpi_monthly", MONTH, few.name).table
    assert there["strategy"].to_pylist() == ["no_vpp", "centralized_aware", "perfect_foresight_aware"]
    whole = ran.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas().set_index("strategy")
    for row in there.to_pylist():
        assert row["surplus_usd"] == whole.loc[row["strategy"], "surplus_usd"]
    assert ran.lake.read("negotiation_results", MONTH, few.name, OUTCOMES).table.num_rows == 0


def test_a_damaged_table_of_another_scenario_is_not_taken(ran: Ran) -> None:
    path = ran.folder / "tables" / "centralized_dispatch" / TINY.name / f"{MONTH}.parquet"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(bytes(content))
    before = len(entries(ran.folder))
    assert run_variant(ran, ran.folder, OPTIMISED).succeeded
    computed = {entry["stage"] for entry in entries(ran.folder)[before:] if not entry["reused"]}
    assert computed == {"centralized_dispatch"}


def test_a_field_that_a_stage_reads_is_never_shared_across(ran: Ran) -> None:
    dearer = variation(TINY, {"tariffs": ("import0_45", [{"import_usd_per_kwh": [0.45]}])})
    lake = LakePlace(url=str(ran.folder))
    lake.open().freeze(dearer)
    before = len(entries(ran.folder))
    assert run_month(
        ran.instance, MONTH, dearer.name, lake=lake, assets=[*INPUTS, "perfect_foresight_bound", "negotiation_results"]
    ).succeeded
    computed = {entry["stage"] for entry in entries(ran.folder)[before:] if not entry["reused"]}
    assert computed == {"perfect_foresight_bound", "negotiation_results"}
