"""When events are, from when on they are known, and what they pay."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.errors import InputError
from vpp_core.programmes.emergencies import EMERGENCIES
from vpp_core.programmes.events import Events, events_of
from vpp_core.programmes.pay import paid_for_being_there_usd, paid_usd
from vpp_core.scenario import PROGRAMMES, Programme, Scenario

DSGS, ELRP = PROGRAMMES["dsgs_option_3"], PROGRAMMES["elrp_residential"]


def quiet(period: Period) -> np.ndarray:
    return np.full(len(period), 40.0)


def days_of(events: Events, period: Period) -> list[str]:
    return [period.days[day] for day in np.unique(period.day_of_interval[events.called])]


def pay(events: Events, period: Period, injection: np.ndarray) -> float:
    """Of one home, nothing taken off."""
    return float(paid_usd(events, injection[:, None], None, np.array([True]), period.day_of_interval).sum())


@pytest.mark.parametrize("dear", [[], [9], [9, 10, 24]])
def test_a_kw_that_is_always_there_earns_64_55_a_season(dear: list[int]) -> None:
    """Whether a month has no event but its test, one, or several."""
    total = 0.0
    for month in range(1, 13):
        period = Period.of(f"2024-{month:02d}")
        price = np.where(np.isin(period.day_of_interval, dear) & (period.local.hour == 19), 350.0, 40.0)
        events = events_of(DSGS, period, price, 1)
        assert days_of(events, period)[: len(dear)] == [period.days[day] for day in dear] * (month in DSGS.months)
        total += pay(events, period, np.ones(len(period)))
    assert total == pytest.approx(64.55, abs=1e-9)


def test_an_event_takes_the_two_dearest_hours_within_its_own() -> None:
    period = Period.of("2023-08", 2)
    price = np.where((period.day_of_interval == 1) & (period.local.hour >= 19), 250.0, 150.0)
    events = events_of(DSGS, period, price, 1)
    assert set(period.local[events.called].strftime("%d %H")) == {"02 19", "02 20"}
    known = events.known_from[events.called]
    assert (period.local[known].strftime("%d %H:%M") == "01 13:00").all()
    late = np.where(period.local.hour == 22, 900.0, 40.0)
    assert not events_of(DSGS, period, late, 1).called.any(), "22 h is outside 16 to 21"


def test_emergencies_are_events_and_known_as_they_begin_where_nobody_was_told() -> None:
    period = Period.of("2020-08", 20)
    events = events_of(ELRP, period, np.full(len(period), np.nan), 1)
    assert days_of(events, period) == ["2020-08-14", "2020-08-15", "2020-08-17", "2020-08-18"]
    assert set(period.local[events.called].hour) == {16, 17, 18, 19, 20}
    sudden = np.flatnonzero(events.called & (period.day_of_interval == 14))
    assert (events.known_from[sudden] == sudden[0]).all()
    assert all("assumption" in one.source or ";" in one.source or "ISO" in one.source for one in EMERGENCIES.values())


def test_an_event_is_worth_what_is_known_of_it_and_nothing_before() -> None:
    """August has two events in two days; a kW shown at both earns $14.04, so the first counts whole until the second
    is known.
    """
    period = Period.of("2023-08")
    price = np.where(np.isin(period.day_of_interval, [1, 2]) & (period.local.hour == 18), 300.0, 40.0)
    events = events_of(DSGS, period, price, 1)
    first = np.flatnonzero(events.called)[0]
    told = int(events.known_from[first])
    assert not events.known_usd_per_kwh(told - 1, 200).any()
    whole = 14.04 / 2.0
    assert events.known_usd_per_kwh(told, 200).max() == pytest.approx(whole)
    alone = events_of(DSGS, period, np.where(period.day_of_interval == 2, 40.0, price), 1)
    assert (alone.known_usd_per_kwh(told, 200) == events.known_usd_per_kwh(told, 200)).all(), "to the bit"
    second = int(events.known_from[events.called][-1])
    assert events.known_usd_per_kwh(second, 200).max() == pytest.approx(whole / 2)
    assert events.usd_per_kwh.max() == pytest.approx(whole / 2)


def test_drawn_events_follow_the_data_seed_and_a_shortened_month_has_the_same() -> None:
    own = Programme(months=8, usd_per_kwh=1.0, drawn_events_per_month=5)
    month, start = Period.of("2023-08"), Period.of("2023-08", 20)
    drawn = days_of(events_of(own, month, quiet(month), 1), month)
    assert len(drawn) == 5
    assert days_of(events_of(own, start, quiet(start), 1), start) == [day for day in drawn if day <= "2023-08-20"]
    assert days_of(events_of(own, month, quiet(month), 2), month) != drawn
    few = own.model_copy(update={"most_events_per_month": 3})
    assert days_of(events_of(few, month, quiet(month), 1), month) == drawn[:3]


def test_energy_is_paid_beyond_the_baseline_and_an_event_below_it_pays_nothing() -> None:
    period = Period.of("2022-09", 3)
    events = events_of(ELRP, period, quiet(period), 1)
    day = period.day_of_interval
    injection = np.where(day == 0, 2.0, np.where(day == 1, -1.0, 0.0))
    assert pay(events, period, injection) == pytest.approx(2.0 * 2.0 * 5)
    uneven = np.where((day == 0) & (period.local.hour == 16), 2.0, np.where(day == 0, -0.25, 0.0))
    assert pay(events, period, uneven) == pytest.approx(2.0 * (2.0 - 4 * 0.25)), "an event counts as a whole"
    unknown = np.full((len(period), 1), np.nan)
    assert not paid_usd(events, injection[:, None], unknown, np.array([True]), day).any()


def test_a_month_s_capacity_below_its_baseline_pays_nothing_and_one_without_owes_what_it_takes() -> None:
    period = Period.of("2023-08", 2)
    price = np.where(period.local.hour == 18, 300.0, 40.0)
    events, day = events_of(DSGS, period, price, 1), period.day_of_interval
    takes = np.where(day == 0, 3.0, -4.0)[:, None] * np.ones((1, 2))
    both, baseline = np.array([True, True]), np.zeros((len(period), 2))
    assert not paid_usd(events, takes, baseline, both, day).any()
    assert paid_usd(events, takes + 1.0, baseline, both, day).sum() == pytest.approx(14.04 * 2 / 31 * 0.5 * 2)
    assert paid_usd(events, takes, None, both, day).sum() == pytest.approx(14.04 * 2 / 31 * -0.5 * 2)


def test_being_there_is_paid_by_the_home_as_far_as_it_was_in_reach() -> None:
    own = Programme(months=(8, 9), usd_per_home_month=(10.0, 20.0), drawn_events_per_month=2)
    period = Period.of("2023-09")
    events = events_of(own, period, quiet(period), 1)
    first = np.flatnonzero(events.called)[:8]
    reached = np.ones((len(period), 3)) * [1.0, 1.0, 0.0]
    reached[first, 1] = 0.0
    usd = paid_for_being_there_usd(events, reached).sum(axis=0)
    assert usd == pytest.approx([20.0, 10.0, 0.0])
    assert events.called.sum() * INTERVAL_HOURS == 4.0


@pytest.mark.parametrize(
    ("programmes", "told"),
    [
        (["dsgs"], "no programme is called 'dsgs'; known are dsgs_option_3, elrp_residential"),
        ([{"name": "mine", "usd_per_kwh": 1, "test_event": True}], "programme mine has no months"),
        ([{"months": [6], "usd_per_kwh": -1, "test_event": True}], "greater than or equal to 0"),
        ([{"months": [13], "usd_per_kwh": 1, "test_event": True}], "less than or equal to 12"),
        ([{"months": [6], "test_event": True}], "pays nothing; give one of usd_per_kw_month"),
        ([{"months": [6, 7], "usd_per_kw_month": [1, 2, 3], "test_event": True}], "3 values of usd_per_kw_month for 2"),
        ([{"months": [6], "usd_per_kwh": 1}], "never has an event"),
        ([{"months": [6], "usd_per_kwh": 1, "test_event": True, "measured": "meter"}], "name a baseline"),
        ([{"months": [6], "usd_per_kwh": 1, "test_event": True, "hours": [16, 17]}], "events of 2 h within hours"),
        (["elrp_residential", "elrp_residential"], "two programmes are named elrp_residential"),
    ],
)
def test_a_wrong_programme_is_refused_in_a_sentence(programmes: list, told: str) -> None:
    import json

    with pytest.raises(InputError, match="programmes") as refused:
        Scenario.from_json(json.dumps({"name": "own", "programmes": programmes}))
    assert told in str(refused.value)


def test_a_scenario_with_programmes_reads_as_it_was_written() -> None:
    scenario = Scenario(name="both", programmes=("dsgs_option_3", "elrp_residential"))  # type: ignore[arg-type]
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert Scenario().programmes == ()
