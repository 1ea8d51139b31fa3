"""Cars are ready where left alone they would have been, however late they come home and however early they leave."""

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.invented import generate_fleet, invented_inputs
from vpp_core.fleet.fleet import Fleet
from vpp_core.simulation import simulate

RUNGS = ["negotiated", "centralized_aware", "perfect_forecast"]


def short_of_time(seed: int, homes: int, v2g: bool) -> Fleet:
    """Homes whose cars come late, leave early, drive far and charge slowly, so that some stays are too short."""
    fleet, rng = generate_fleet(homes, seed), np.random.default_rng(seed)
    cars = fleet.cars
    count = len(cars)
    leaves, comes = rng.uniform(3, 8, (2, count)), rng.uniform(16, 24, (2, count))
    cars = replace(
        cars,
        max_charge_kw=rng.choice([1.4, 2.3, 3.7, 7.2], count),
        trip_kwh=np.minimum(rng.uniform(4, 25, count), 0.5 * cars.capacity_kwh),
        weekday_departure_hour=leaves[0],
        weekend_departure_hour=leaves[1],
        weekday_arrival_hour=comes[0],
        weekend_arrival_hour=comes[1],
        v2g=np.full(count, v2g),
        max_discharge_kw=np.full(count, 3.7 if v2g else 0.0),
    )
    return replace(fleet, cars=cars, participation_willingness=np.ones(homes), max_discharge_share=np.ones(homes))


@settings(max_examples=1)
@example("centralized_aware", 11, False, "2023-11", 4)
@example("centralized_aware", 5, False, "2023-03", 13)
@given(st.sampled_from(RUNGS), st.integers(0, 10_000), st.booleans(), st.just("2023-11"), st.just(6))
def test_a_car_is_ready_though_stays_are_short(rung: str, seed: int, v2g: bool, month: str, days: int) -> None:
    """In March the night of the 12th is an hour shorter, and in November that of the 5th longer: such a month runs
    whole, to the day after.
    """
    inputs = invented_inputs(
        seed=seed, days=days, month=month, fleet=short_of_time(seed, 8, v2g), contingencies_per_month=20.0
    )
    assert (inputs.stores.available[:-1] & ~inputs.stores.available[1:]).any()
    if days >= 6:
        assert len(inputs.period) == days * 96 + {"2023-03": -4, "2023-11": 4}[month]
    (outcome,) = simulate(inputs, [rung])
    assert list(dict.fromkeys(outcome.windows["local_day"])) == inputs.period.days
    assert not outcome.windows["violations_ev_ready"].sum()
