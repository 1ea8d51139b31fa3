"""Recorded events of home batteries, and the same of a fleet, with values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.calendar import Period
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.events import RECORDED, WAYS, RecordedEvent, events_of_fleet
from vpp_core.fleet.prosumer import Preferences, Prosumer
from vpp_core.scenario import Reliability

DAYS = Period.of("2023-08", 3)
EVENT = RecordedEvent("a test", ("2023-08-02", "2023-08-03"), 19, 2.0, 8.0, 4_000, "nobody")


def of_fleet(load_kw: float, rules: Reliability | None = None) -> dict[str, np.ndarray]:
    """Two homes of 10 kWh and 5 kW that start with 9.5 kWh and never see the sun; one keeps 5 h of 0.8 kW, offers half
    of its power and a fifth of its energy.
    """
    battery = BESS(capacity_kwh=10.0, max_power_kw=5.0, min_soc=0.1, max_soc=0.95, initial_soc=0.95)
    free = Preferences(backup_power_hours=0.0, participation_willingness=1.0, max_discharge_percent=100.0)
    careful = Preferences(backup_power_hours=5.0, participation_willingness=0.5, max_discharge_percent=20.0)
    fleet = fleet_of([Prosumer(bess=battery, preferences=free), Prosumer(bess=battery, preferences=careful)], seed=0)
    load = np.full((len(DAYS), 2), load_kw)
    found = events_of_fleet(
        EVENT, DAYS, fleet, rules or Reliability(), load, np.full(2, 0.8), np.zeros((len(DAYS), 30))
    )
    return {name: np.stack(powers) for name, powers in found.items()}


def test_a_battery_gives_evenly_what_it_holds_and_no_more_than_its_household_offers() -> None:
    given = {name: powers[0] for name, powers in of_fleet(0.0).items()}
    from_full = (9.5 - 1.0) * 0.95 / 2
    assert given["all they hold"] == pytest.approx([from_full, 0.0]), "the second evening finds it empty"
    assert given["full batteries, all they hold"] == pytest.approx([from_full, from_full])
    careful = 0.2 * 10.0 * 0.95 / 2
    assert given["what households offer"] == pytest.approx([(from_full + careful) / 2, careful / 2])


def test_what_covers_the_home_anyway_is_given_but_not_more() -> None:
    """0.02 kW of load from midnight on: 43 h use 0.91 of 9.5 kWh before the first event."""
    given, more = of_fleet(0.02)["all they hold"]
    assert given[0] == pytest.approx((9.5 - 1.0 - 43 * 0.02 / 0.95) * 0.95 / 2)
    assert given[0] - more[0] == pytest.approx(0.02)


def test_those_out_of_reach_give_what_they_would_alone() -> None:
    away = of_fleet(0.02, Reliability(opt_out_share_per_window=1.0))
    given, more = away["all they hold, those in reach"]
    assert given == pytest.approx(0.02) and more == pytest.approx(0.0)
    assert away["all they hold"][0][0] > 1.0


def test_the_record_is_as_published_and_no_way_of_asking_has_another_s_name() -> None:
    assert [round(event.kw_per_home, 2) for event in RECORDED] == [5.35, 6.6, 3.18]
    assert RECORDED[2].months == ["2023-08", "2023-09", "2023-10"]
    assert len({way.name for way in WAYS}) == len(WAYS)
