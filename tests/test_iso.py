"""A market is its record: what differs between markets stands in `vpp_core/iso` and in the readers of their files."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.test_architecture import ROOT, modules, nodes
from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.iso import CAISO, ERCOT, ISOS, Iso, column_bounds
from vpp_core.scenario import KNOWN_SCENARIOS, MarketRules, Scenario
from vpp_core.tables.data import MARKET_PRICES

OWN = re.compile(r"vpp_core/(iso/|sources/(oasis_|ercot_|hosted|synthetic_|price_re|record_page|network))")
"""Records, readers and services of one market, and the model of one market's prices."""
PACKAGES = ("vpp_core", "vpp_pipeline", "vpp_dashboard")
FILES = [path for package in PACKAGES for path in modules(ROOT / package)]
_ZONE = re.compile(r"\b(?:America|US|Europe)/[A-Z]")
_PRODUCTS = [product.name for iso in ISOS.values() for product in iso.products]
_NODES = re.compile(r"\b(?:DLAP_[A-Z]|TH_[NSZ]P|LZ_[A-Z]|HB_[A-Z]|AS_CAISO|SP26|NP26)")
_BOUNDS = re.compile(r"(?:LOWEST|HIGHEST|FLOOR|CAP)\w*_USD_PER_MW")


def strings(path: Path) -> list[tuple[int, str]]:
    """Strings of a module that a program uses: docstrings and comments are none of them."""
    said = {
        id(node.value)
        for node in nodes(path)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    return [
        (node.lineno, node.value)
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


def faults_of(path: Path) -> list[str]:
    where = path.relative_to(ROOT).as_posix()
    found = []
    for line, text in strings(path):
        if _ZONE.search(text):
            found.append(f"{where}:{line} names a time zone: {text[:60]}")
        if _NODES.search(text):
            found.append(f"{where}:{line} names a node or a region of reserve: {text[:60]}")
        found += [f"{where}:{line} names a product: {text[:60]}" for name in _PRODUCTS if name in text]
    for node in nodes(path):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PriceBounds":
            found.append(f"{where}:{node.lineno} makes bounds of prices")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            found += [f"{where}:{node.lineno} is a bound of prices: {name}" for name in names if _BOUNDS.search(name)]
    return found


def test_no_time_zone_bound_of_prices_product_or_node_stands_outside_the_records() -> None:
    faults = [fault for path in FILES if not OWN.match(path.relative_to(ROOT).as_posix()) for fault in faults_of(path)]
    assert not faults, "\n".join(faults)


def test_the_look_for_what_belongs_into_a_record_finds_it(tmp_path: Path) -> None:
    said = faults_of(ROOT / "vpp_core" / "iso" / "caiso.py")
    assert {fault.split(" ", 1)[1].split(":")[0] for fault in said} >= {
        "names a time zone", "names a node or a region of reserve", "names a product", "makes bounds of prices"
    }  # fmt: skip


def test_no_month_is_made_a_period_without_its_market() -> None:
    """`Month.parse` gives the default market's; what knows the scenario makes it the scenario's."""
    texas = KNOWN_SCENARIOS["ercot"]
    assert texas.month("2024-11").iso is ERCOT and texas.period("2024-11").timezone == ERCOT.timezone
    assert texas.period(Month.parse("2024-11")).timestamps[0] == Month.parse("2024-11").start - 2 * (
        texas.period("2024-11").timestamps[4] - texas.period("2024-11").timestamps[0]
    ), "midnight in Houston is two hours before that in Los Angeles"
    assert texas.month("2024-12").next() == texas.month("2025-01")


@pytest.mark.parametrize("record", ISOS.values(), ids=ISOS)
def test_a_record_holds_what_is_computed_with(record: Iso) -> None:
    assert len(record.habits.median_usd_per_mwh) == 24
    assert {len(values) for values in (record.place.high_c, record.place.low_c, record.place.spread_c)} == {12}
    assert len(record.place.sky_share) == 12
    assert all(abs(sum(shares) - 1) < 1e-9 for shares in record.place.sky_share)
    dates = [rules.effective_from for rules in record.rulebook]
    assert dates == sorted(set(dates))
    assert re.fullmatch(record.node_pattern, record.default_node)
    assert all("ssumption" in source for source in (record.rulebook[-1].source, record.place.source))
    assert record.day_ahead_gate_minutes < record.day_ahead_published_minutes


def test_the_table_of_prices_admits_what_any_market_can_have_and_a_market_only_its_own() -> None:
    column = next(column for column in MARKET_PRICES.columns if column.name == "lmp_usd_per_mwh")
    assert (column.at_least, column.at_most) == (
        min(iso.prices.energy.low for iso in ISOS.values()),
        max(iso.prices.energy.high for iso in ISOS.values()),
    )
    assert column.at_least <= -1001.0 and column.at_most >= 12001.0, "ERCOT's"
    assert column_bounds(CAISO)["lmp_usd_per_mwh"].high == 5000.0


def test_a_scenario_that_names_no_market_is_what_it_was_before_there_were_several() -> None:
    assert "iso" not in Scenario().model_dump() and "iso" not in Scenario().to_json()
    assert Scenario().fingerprint() == "dea4030eba09"
    assert Scenario(iso="caiso") == Scenario()
    assert Scenario().market == MarketRules.model_validate(CAISO.market_rules())


def test_a_scenario_of_another_market_has_its_rules_tariff_and_zone_where_it_says_nothing() -> None:
    bare = Scenario.from_json('{"name": "texas", "iso": "ercot", "market": {"minimum_bid_mw": 0}}')
    assert bare.market.gate_closure_minutes == 60 and bare.market.minimum_bid_mw == 0.0
    assert bare.reserve_zone == "ERCOT" and [tariff.name for tariff in bare.tariffs] == ["texas_flat"]
    assert Scenario.from_json(bare.to_json()) == bare and '"iso": "ercot"' in bare.to_json()
    historical = bare.model_copy(update={"market": MarketRules.model_validate(
        ERCOT.market_rules() | {"rulebook": "historical"}
    )})  # fmt: skip
    assert historical.in_month(Month.parse("2024-08")).market.reserve_duration_minutes == 120
    assert historical.in_month(Month.parse("2026-01")).market.reserve_duration_minutes == 60


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"iso": "nowhere"}, "known markets are caiso, ercot"),
        ({"iso": "ercot", "reserve_zone": "SP26"}, "none of ERCOT's"),
    ],
)
def test_an_unknown_market_or_zone_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Scenario(**given)


def test_a_month_from_before_a_market_began_is_refused() -> None:
    with pytest.raises(InputError, match="month 2010-11 is before 2010-12, when ERCOT's nodal market began"):
        KNOWN_SCENARIOS["ercot"].in_month(Month.parse("2010-11"))
