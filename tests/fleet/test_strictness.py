"""Preferences scaled: 1 is the fleet as drawn, 0 has none, and no factor makes a home that breaks a rule."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from vpp_core.fleet.arrow import fleet_to_arrow, same_fleet
from vpp_core.fleet.convert import household_of
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.strictness import stricter
from vpp_core.tables import PROSUMER_FLEET

FLEET = generate_fleet(300, 5)
SCALED = (
    "participation_willingness",
    "max_discharge_share",
    "backup_power_hours",
    "min_compensation_usd_per_kwh",
    "opening_ask_usd_per_kwh",
    "moving_ask_usd_per_kwh",
)


def test_a_factor_of_one_is_the_fleet_as_drawn() -> None:
    assert same_fleet(stricter(FLEET, 1.0), FLEET)


def test_a_factor_of_zero_leaves_no_preference_but_the_car_s() -> None:
    free = stricter(FLEET, 0.0)
    assert (free.participation_willingness == 1).all() and (free.max_discharge_share == 1).all()
    for name in (
        "backup_power_hours",
        "min_compensation_usd_per_kwh",
        "opening_ask_usd_per_kwh",
        "moving_ask_usd_per_kwh",
    ):
        assert (getattr(free, name) == 0).all(), name
    assert (free.ev_priority == FLEET.ev_priority).all()


def test_twice_as_strict_withholds_and_asks_twice_as_much() -> None:
    strict = stricter(FLEET, 2.0)
    assert strict.backup_power_hours == pytest.approx(2 * FLEET.backup_power_hours, abs=0.006)
    assert strict.min_compensation_usd_per_kwh == pytest.approx(2 * FLEET.min_compensation_usd_per_kwh, abs=1e-4)
    withheld = np.minimum(2 * (1 - FLEET.participation_willingness), 1)
    assert 1 - strict.participation_willingness == pytest.approx(withheld, abs=6e-4)
    assert (strict.participation_willingness == 0).any(), "some withhold all"


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.5, 3.0])
def test_only_preferences_change_and_every_home_stays_valid(factor: float) -> None:
    scaled = stricter(FLEET, factor)
    for field in fields(FLEET):
        if field.name not in (*SCALED, "cars", "appliances"):
            assert np.array_equal(getattr(scaled, field.name), getattr(FLEET, field.name)), field.name
    PROSUMER_FLEET.pandera.validate(fleet_to_arrow(scaled).to_pandas())
    for home in range(len(scaled)):
        household_of(scaled, home)
