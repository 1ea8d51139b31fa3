"""Tariffs: their sheets by hand, what is refused and how it is said, and bills as a public reference has them."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.invented import invented_inputs
from vpp_core.calendar import INTERVAL_HOURS, Month, utility_holidays
from vpp_core.errors import InputError
from vpp_core.fleet.population import generate_fleet
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.scenario import KNOWN_SCENARIOS, MarketRules, Scenario, Tariff
from vpp_core.scenario.price_table import Row
from vpp_core.scenario.retail import (
    NOT_BYPASSED_USD_PER_KWH,
    PRIME_NET_BILLED,
    PRIME_NET_METERED,
    RETAIL_TARIFFS,
    TODAYS_MIX,
)
from vpp_core.simulation import simulate
from vpp_core.sources.orientations import ORIENTATIONS

PRIME, NET_METERED = RETAIL_TARIFFS[PRIME_NET_BILLED].tariff, RETAIL_TARIFFS[PRIME_NET_METERED].tariff
NAMES = sorted(RETAIL_TARIFFS)


def price(tariff: Tariff, moment: str, direction: str = "import") -> float:
    return float(tariff.prices(direction, pd.DatetimeIndex([moment]))[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "usd"),
    [
        ("2025-07-15 16:00", 0.56368),  # a Tuesday
        ("2025-07-15 20:45", 0.56368),
        ("2025-07-15 21:00", 0.26322),
        ("2025-07-15 15:45", 0.26322),
        ("2025-07-12 17:00", 0.38128),  # a Saturday
        ("2025-07-04 17:00", 0.38128),  # Independence Day, a Friday
        ("2025-09-30 17:00", 0.56368),
        ("2025-10-01 17:00", 0.5334),
        ("2025-12-07 17:00", 0.5334),
        ("2025-12-07 03:00", 0.2449),
    ],
)
def test_edison_s_prime_costs_what_its_sheet_says(moment: str, usd: float) -> None:
    assert price(PRIME, moment) == usd


def test_the_eight_holidays_are_weekends_and_a_sunday_s_is_kept_on_the_monday() -> None:
    days = [f"{day:%m-%d}" for day in utility_holidays(2025, 2025)]
    assert days == ["01-01", "02-17", "05-26", "07-04", "09-01", "11-11", "11-27", "12-25"]
    assert pd.Timestamp("2023-01-02") in utility_holidays(2023, 2023)  # New Year's Day was a Sunday
    assert pd.Timestamp("2022-12-25") not in utility_holidays(2022, 2022)  # and Christmas one too


def test_net_metering_credits_what_is_paid_less_what_cannot_be_bypassed() -> None:
    difference = NET_METERED.table("import") - NET_METERED.table("export")
    assert np.allclose(difference, NOT_BYPASSED_USD_PER_KWH)


def test_the_shape_of_net_billing_has_the_figures_that_its_source_states() -> None:
    table = PRIME.table("export")
    days = np.array([5 / 7, 2 / 7])[None, :, None]
    assert (table * days).sum(axis=1).mean() == pytest.approx(0.085, abs=0.003)
    assert table.max() == table[8, 0, 19] == 3.0
    assert table[3, 0, 10:15].min() >= 0.006 and table[3, 0, 10:15].max() <= 0.015
    assert (table > PRIME.table("import")).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_tariff_is_named_dated_sourced_and_survives_its_json(name: str) -> None:
    dated = RETAIL_TARIFFS[name]
    assert dated.tariff.name == name
    assert re.search(r"schedule|[Aa]ssumption", dated.source)
    scenario = Scenario(tariffs=(dated.tariff,))
    assert Scenario.from_json(scenario.to_json()).tariffs == (dated.tariff,)


def test_a_shipped_tariff_may_be_given_by_name_alone_or_with_shares() -> None:
    flat, hours = RETAIL_TARIFFS["flat"].tariff, RETAIL_TARIFFS["time_of_use"].tariff
    assert Scenario.from_json('{"tariff": "flat"}').tariffs == (flat,) == Scenario(tariffs=("flat",)).tariffs
    mixed = Scenario.from_json('{"tariffs": {"flat": 0.25, "time_of_use": 0.75}}')
    assert [(tariff.name, tariff.share) for tariff in mixed.tariffs] == [("flat", 0.25), ("time_of_use", 0.75)]
    assert mixed.tariffs[1].import_usd_per_kwh == hours.import_usd_per_kwh
    assert Scenario.from_json(mixed.to_json()) == mixed


def rows(*given: dict[str, object]) -> str:
    return json.dumps({"tariff": {"import_usd_per_kwh": list(given)}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            rows({"hours": [0, 20], "usd_per_kwh": 0.3}),
            "no row gives a price in Jan on a weekday at 20 h (96 of 576",
        ),
        (
            rows({"usd_per_kwh": 0.3}, {"months": [7], "days": "weekend", "usd_per_kwh": 0.4}),
            "rows 1 and 2 overlap in Jul on a weekend at 0 h (24 of 576 hours); change",
        ),
        (rows({"months": [13], "usd_per_kwh": 0.3}), "rows.0: months are numbers from 1 to 12"),
        (rows({"hours": [5, 5], "usd_per_kwh": 0.3}), "rows.0: hours 5 to 5 are none"),
        (rows({"usd_per_kwh": -0.3}), "rows.0.usd_per_kwh: Input should be greater than or equal to 0"),
        (rows({"days": "monday", "usd_per_kwh": 0.3}), "rows.0.days"),
        ('{"tariff": {"export_usd_per_kwh": [0.1, 0.2]}}', "it has 2 values; give 1 (flat), 24 (by local hour), 576"),
        ('{"tariff": {"export_usd_per_kwh": [-0.1]}}', "prices must lie within 0"),
        (
            '{"tariffs": [{"share": -0.2}, {"share": 1.2}]}',
            "tariffs.0.share: Input should be greater than or equal to 0",
        ),
        ('{"tariffs": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.4}]}', "shares add up to 0.9; let them"),
        ('{"tariffs": [{"share": 0.5}, {"share": 0.5}]}', "two tariffs are named own; name them apart"),
        ('{"tariffs": []}', "tariffs"),
        ('{"tariff": "flat", "tariffs": ["flat"]}', "give tariff, one for all homes, or tariffs with shares, not both"),
        ('{"tariff": "flatt"}', "no tariff is called 'flatt'; known are flat, time_of_use, "),
        ('{"tariffs": {"flat": "half", "time_of_use": 0.5}}', "tariffs.0.share: "),
    ],
)
def test_a_tariff_that_cannot_be_is_refused_by_file_and_row_with_what_to_do(text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^mine\.json is not a valid scenario: ") as refused:
        Scenario.from_json(text, "mine.json")
    assert said in str(refused.value)
    assert said == "tariffs" or "too few entries" not in str(refused.value)


def test_one_tariff_may_be_given_alone_and_an_hour_past_midnight_in_one_row() -> None:
    text = rows({"hours": [21, 16], "usd_per_kwh": 0.2}, {"hours": [16, 21], "usd_per_kwh": 0.5})
    (tariff,) = Scenario.from_json(text).tariffs
    assert tariff.import_usd_per_kwh[0] == Row(hours=(21, 16), usd_per_kwh=0.2)
    assert price(tariff, "2023-08-16 23:00") == price(tariff, "2023-08-16 15:45") == 0.2


def test_the_reference_s_homes_are_on_prime_and_fewer_were_on_net_billing_before() -> None:
    assert Scenario().tariffs == TODAYS_MIX
    assert KNOWN_SCENARIOS["flat_tariff"].tariffs == (RETAIL_TARIFFS["flat"].tariff,)
    historical = Scenario(market=MarketRules(rulebook="historical"))

    def net_billed(month: str) -> float:
        tariffs = historical.in_month(Month.parse(month)).tariffs
        assert sum(tariff.share for tariff in tariffs) == pytest.approx(1.0)
        return sum(tariff.share for tariff in tariffs if tariff.name == PRIME_NET_BILLED)

    shares = [net_billed(month) for month in ("2019-06", "2020-07", "2023-08", "2024-08", "2025-08")]
    assert shares[:2] == [0.0, 0.0] and shares == sorted(shares) and shares[-1] == TODAYS_MIX[1].share
    own = Scenario(tariffs=(Tariff(),), market=MarketRules(rulebook="historical"))
    assert own.in_month(Month.parse("2020-07")).tariffs == (Tariff(),), "what was set by hand is kept"


def test_each_home_of_a_fleet_is_billed_by_its_own_tariff() -> None:
    """A kW drawn all day long costs 24 kWh at each tariff's price, and its charge of the day."""
    cheap = Tariff(name="cheap", share=0.25, import_usd_per_kwh=(0.2,), fixed_usd_per_day=0.5)
    dear = Tariff(name="dear", share=0.75, import_usd_per_kwh=(0.5,))
    fleet = generate_fleet(120, 3)
    fleet = fleet.take(np.setdiff1d(np.flatnonzero(~fleet.has_battery), fleet.cars.home))
    homes = len(fleet)
    inputs = invented_inputs(
        days=1, fleet=fleet, load_kw=np.ones((96, homes)), pv_per_kw=np.zeros((96, len(ORIENTATIONS))),
        tariffs=(cheap, dear),
    )  # fmt: skip
    assert 0.1 < (inputs.tariff_of_home == 0).mean() < 0.4
    (outcome,) = simulate(inputs, ["no_vpp"])
    bills = outcome.households["bill_counterfactual_usd"].to_numpy()
    assert bills == pytest.approx(np.where(inputs.tariff_of_home == 0, 24 * 0.2 + 0.5, 24 * 0.5))


def reference_bills_usd(tariff: Tariff, injection_kw: np.ndarray) -> np.ndarray:
    """Each month's energy charges less credits by SAM's module of utility rates, (12,)."""
    from PySAM import Utilityrate5

    sam = Utilityrate5.default("PVWattsResidential")
    sam.Lifetime.analysis_period, sam.Lifetime.system_use_lifetime_output = 1, 0
    sam.Lifetime.inflation_rate = 0
    rates = sam.ElectricityRates
    prices, schedule = np.unique(tariff.table("import"), return_inverse=True)
    number = schedule.reshape(12, 2, 24) + 1
    rates.ur_metering_option = 2  # net billing: imports and exports of each interval at their own prices
    rates.ur_ec_tou_mat = [[i + 1, 1, 1e38, 0, buy, 0.0] for i, buy in enumerate(prices)]
    rates.ur_ec_sched_weekday, rates.ur_ec_sched_weekend = number[:, 0].tolist(), number[:, 1].tolist()
    rates.ur_dc_enable = rates.ur_en_ts_buy_rate = 0
    weekend = (QUARTERS.dayofweek >= 5).astype(int)
    rates.ur_en_ts_sell_rate = 1  # its table has too few periods for net billing
    rates.ur_ts_sell_rate = tariff.table("export")[QUARTERS.month - 1, weekend, QUARTERS.hour].tolist()
    rates.ur_monthly_fixed_charge = rates.ur_monthly_min_charge = rates.ur_annual_min_charge = 0
    rates.rate_escalation = [0]
    sam.SystemOutput.gen = np.maximum(injection_kw, 0.0).tolist()
    sam.SystemOutput.degradation = [0]
    sam.Load.load = np.maximum(-injection_kw, 0.0).tolist()
    sam.Load.load_escalation = [0]
    sam.execute()
    return np.array(sam.Outputs.utility_bill_w_sys_ym)[1]


QUARTERS = pd.date_range("2018-01-01", "2019-01-01", freq="15min", inclusive="left")
"""A common year that begins on a Monday, as the reference's does, without daylight saving time."""


def meter_kw(seed: int) -> np.ndarray:
    """A year of some home's meter, export positive: load, sun and a battery's jumps, in three sizes of solar."""
    rng = np.random.default_rng(seed)
    hour = QUARTERS.hour.to_numpy() + QUARTERS.minute.to_numpy() / 60
    sun = np.maximum(np.cos((hour - 12.5) / 12 * np.pi), 0.0) * rng.uniform(0.3, 1.0, len(QUARTERS))
    battery = rng.choice([0.0, 0.0, 0.0, 5.0, -5.0], len(QUARTERS))
    return (0.0, 4.0, 12.0)[seed % 3] * sun - rng.gamma(1.2, 0.8, len(QUARTERS)) + battery * (seed % 2)


def assert_billed_as_the_reference_does(seed: int) -> None:
    """Twelve months of a meter, to the cent. The reference knows no holidays and no charge by the day."""
    tariff = RETAIL_TARIFFS[NAMES[seed % len(NAMES)]].tariff
    tariff = tariff.model_copy(update={"holidays_as_weekend": False})
    injection = meter_kw(seed)
    prices = (tariff.prices(direction, QUARTERS) for direction in ("import", "export"))
    bills = np.bincount(QUARTERS.month, retail_bill_usd(injection, *prices, INTERVAL_HOURS))[1:]
    assert np.abs(bills - reference_bills_usd(tariff, injection)).max() < 0.005


@pytest.mark.parametrize("seed", range(5))
def test_a_year_s_bills_are_those_of_sam_to_the_cent(seed: int) -> None:
    assert_billed_as_the_reference_does(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 105))
def test_a_hundred_meters_bills_are_those_of_sam_to_the_cent(seed: int) -> None:
    assert_billed_as_the_reference_does(seed)
