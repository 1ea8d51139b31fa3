"""Speeds of the fleet: drawing homes, their cars' days, tables."""

from __future__ import annotations

from typing import Any

from vpp_core.calendar import Period
from vpp_core.fleet.arrow import fleet_from_arrow, fleet_to_arrow
from vpp_core.fleet.mobility import mobility
from vpp_core.fleet.population import generate_fleet


def test_a_thousand_homes_are_drawn_in_50_ms(benchmark: Any) -> None:
    benchmark(generate_fleet, 1_000, 42)
    assert benchmark.stats["median"] <= 0.05


def test_a_million_homes_are_drawn_in_10_s(benchmark: Any) -> None:
    benchmark.pedantic(generate_fleet, (1_000_000, 42), rounds=2)
    assert benchmark.stats["median"] <= 10


def test_the_cars_of_200_homes_get_their_month_in_300_ms(benchmark: Any) -> None:
    fleet, period = generate_fleet(200, 42), Period.of("2023-08")
    benchmark(mobility, fleet, period, 42)
    assert benchmark.stats["median"] <= 0.3


def test_ten_thousand_homes_go_through_a_table_in_200_ms(benchmark: Any) -> None:
    fleet = generate_fleet(10_000, 42)
    benchmark(lambda: fleet_from_arrow(fleet_to_arrow(fleet)))
    assert benchmark.stats["median"] <= 0.2
