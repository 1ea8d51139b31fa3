"""Checks launched alone, as a check's page in the UI does it."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster import AssetCheckEvaluation

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.tables import KPI_MONTHLY, LOAD_PROFILES, MARKET_PRICES
from vpp_pipeline import checks
from vpp_pipeline.definitions import build_defs
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.lake.table_file import encode


def launch(ran: Ran, asset: str = "market_prices") -> dict[str, AssetCheckEvaluation]:
    """Run the checks of an asset and nothing else; name → evaluation."""
    definitions = build_defs(lake=LakePlace(url=str(ran.folder), raw=""))
    checks = dg.AssetSelection.checks_for_assets(dg.AssetKey(asset))
    job = dg.define_asset_job("checks", selection=checks)
    job_def = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("checks")
    result = job_def.execute_in_process(instance=ran.instance, raise_on_error=False)
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def test_all_that_the_lake_holds_is_looked_at(ran: Ran) -> None:
    assert ran.again("2023-09", assets=["market_prices"]).succeeded
    found = launch(ran)
    assert all(check.passed for check in found.values())
    assert found["whole"].metadata["months_and_scenarios"].value == 2


def test_an_empty_lake_has_no_faults(ran: Ran) -> None:
    for path in (ran.folder / "tables" / "market_prices").rglob("*.parquet"):
        path.unlink()
    assert launch(ran)["whole"].metadata["months_and_scenarios"].value == 0


def test_a_damaged_table_is_found_and_named(ran: Ran) -> None:
    path = ran.folder / "tables" / "market_prices" / TINY.name / f"{MONTH}.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    found = launch(ran)["whole"]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert str(found.description).startswith(f"{MONTH} {TINY.name}: {path} is truncated")
    assert "rebuild it with `vpp run --month" in str(found.description)


def test_a_price_above_a_thousand_is_told_and_is_no_fault(ran: Ran) -> None:
    put_price(ran, 1234.0)
    found = launch(ran)["plausible"]
    assert found.passed
    assert "max 1234" in str(found.description)
    assert ran.again(assets=["market_prices", "price_forecast"]).succeeded


def test_a_damaged_month_is_told_by_the_runs_of_others_until_it_is_mended(ran: Ran) -> None:
    path = ran.folder / "tables" / "market_prices" / TINY.name / f"{MONTH}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert not launch(ran)["whole"].passed
    other = ran.again("2023-09", assets=["market_prices"])
    assert other.succeeded, "another month's damage stops no run"
    assert other.failed_checks
    assert all(f"{MONTH} {TINY.name}: {path} is truncated" in told for told in other.failed_checks)
    path.write_bytes(whole)
    assert not ran.again("2023-09", assets=["market_prices"]).failed_checks


def test_a_month_that_the_database_leaves_out_turns_the_report_red(ran: Ran) -> None:
    path = ran.folder / "tables" / "kpi_monthly" / TINY.name / f"{MONTH}.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    (ran.folder / "reports.duckdb").unlink()
    rebuild(ran.lake)
    found = launch(ran, "benchmark_report")["every_month_is_whole"]
    assert not found.passed and found.severity == dg.AssetCheckSeverity.ERROR
    assert MONTH in str(found.description)


@pytest.mark.parametrize(("source", "real", "passes"), [("auto", 0, False), ("auto", 1, True), ("synthetic", 0, True)])
def test_a_month_without_a_real_price_warns_where_the_best_there_is_was_asked_for(
    ran: Ran, source: str, real: int, passes: bool
) -> None:
    scenario = TINY.model_copy(update={"source": source})
    (ran.folder / "scenarios" / f"{TINY.name}.json").write_text(scenario.to_json())
    stored = ran.lake.read("market_prices", MONTH, TINY.name)
    prices = stored.table.to_pandas()
    prices.loc[: real - 1, "lmp_source"] = "file"
    changed = encode(MARKET_PRICES.arrow(prices), MARKET_PRICES, stored.recipe)
    ran.lake.write("market_prices", MONTH, TINY.name, changed)
    found = launch(ran)["some_prices_are_real"]
    assert found.passed == passes
    assert passes or (found.severity == dg.AssetCheckSeverity.WARN and "0 %" in str(found.description))


def test_books_that_do_not_close_and_a_beaten_bound_are_found(ran: Ran) -> None:
    stored = ran.lake.read("kpi_monthly", MONTH, TINY.name)
    kpis = stored.table.to_pandas()
    kpis.loc[kpis["strategy"] == "negotiated", ["books_residual_usd", "surplus_usd"]] = [1.0, 1e9]
    ran.lake.write("kpi_monthly", MONTH, TINY.name, encode(KPI_MONTHLY.arrow(kpis), KPI_MONTHLY, stored.recipe))
    found = launch(ran, "kpi_monthly")
    assert "negotiated: surplus differs" in str(found["books_close"].description)
    assert "not below perfect_foresight" in str(found["foresight_is_the_upper_bound"].description)
    assert found["preferences_hold"].passed


NAN = float("nan")


@pytest.mark.parametrize(
    ("column", "strategy", "value", "check", "said"),
    [
        ("books_residual_usd", "negotiated", NAN, "books_close", "negotiated: surplus differs"),
        ("surplus_usd", "perfect_foresight", NAN, "books_close", "perfect_foresight: its surplus is not a number"),
        ("is_bound", "centralized", True, "books_close", "centralized: what it paid is missing"),
        ("surplus_usd", "negotiated", NAN, "foresight_is_the_upper_bound", "negotiated earns nan"),
        ("surplus_usd", "perfect_foresight", NAN, "foresight_is_the_upper_bound", "centralized earns"),
        ("violations", "negotiated", None, "preferences_hold", "negotiated breached <NA>"),
        ("solver_failures", "centralized", NAN, "no_solver_failed", "centralized: nan window"),
    ],
)
def test_a_number_that_is_missing_fails_a_check_instead_of_passing_it(
    finished: Ran, column: str, strategy: str, value: float | None, check: str, said: str
) -> None:
    """No such table can be stored any more; a check does not rely on that."""
    rules = {
        "books_close": checks._open_books,
        "foresight_is_the_upper_bound": checks._above_foresight,
        "preferences_hold": checks._violated,
        "no_solver_failed": checks._failures,
    }
    kpis = finished.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas()
    kpis["violations"] = kpis["violations"].astype("Int64")
    assert not list(rules[check](kpis))
    kpis[column] = kpis[column].where(kpis["strategy"] != strategy, value)
    assert any(sentence.startswith(said) for sentence in rules[check](kpis))


@pytest.mark.parametrize(
    ("strategy", "fault"),
    [("centralized_aware", True), ("perfect_forecast", True), ("smart_home", False), ("centralized", False)],
)
def test_only_what_obeys_towards_a_vpp_is_held_to_the_bound_within_preferences(
    finished: Ran, strategy: str, fault: bool
) -> None:
    kpis = finished.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas()
    surplus = kpis.set_index("strategy")["surplus_usd"]
    between = (surplus["perfect_foresight_aware"] + surplus["perfect_foresight"]) / 2
    assert between > surplus["perfect_foresight_aware"] + 0.1
    kpis["surplus_usd"] = kpis["surplus_usd"].where(kpis["strategy"] != strategy, between)
    assert bool(list(checks._above_foresight(kpis))) == fault


def put_price(ran: Ran, usd_per_mwh: float) -> None:
    """Change one stored price, in a file that is whole."""
    stored = ran.lake.read("market_prices", MONTH, TINY.name)
    prices = stored.table.to_pandas()
    prices.loc[3, "lmp_usd_per_mwh"] = usd_per_mwh
    changed = encode(MARKET_PRICES.arrow(prices), MARKET_PRICES, stored.recipe)
    ran.lake.write("market_prices", MONTH, TINY.name, changed)


def test_inputs_that_speak_of_other_intervals_are_found_before_results_are_trusted(ran: Ran) -> None:
    honest = launch(ran, "window_results")["inputs_agree"]
    assert honest.passed
    assert honest.metadata["sources"].value["load_profiles source"] == {"synthetic": 1.0}
    table = ran.lake.read("load_profiles", MONTH, TINY.name)
    kept = table.table.slice(TINY.homes)
    ran.lake.write("load_profiles", MONTH, TINY.name, encode(kept, LOAD_PROFILES, table.recipe))
    odd = launch(ran, "window_results")["inputs_agree"]
    assert not odd.passed
    assert "load_profiles" in (odd.description or "")
