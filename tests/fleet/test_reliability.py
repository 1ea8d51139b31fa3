"""Who does not follow, and when: shares as stated, the same at any size, known to nobody before."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.calendar import Period
from vpp_core.fleet.kinds import stores_of
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.reliability import reached
from vpp_core.fleet.stores import Stores
from vpp_core.scenario import KNOWN_SCENARIOS, Reliability

MONTH = Period.of("2023-08")
FLEET = generate_fleet(300, 3)
STORES = stores_of(FLEET, MONTH, np.ones(len(FLEET)))


def follows(rules: Reliability, stores: Stores = STORES, period: Period = MONTH) -> np.ndarray:
    return reached(FLEET, stores, period, period.windows(), rules)


def test_everything_follows_where_nothing_fails() -> None:
    assert follows(Reliability()).all()


def test_devices_are_out_for_whole_days_some_more_often_than_others() -> None:
    out = ~follows(Reliability(device_out_share_per_day=0.12))
    by_day = out.reshape(31, 96, -1)
    assert (by_day.all(axis=1) | ~by_day.any(axis=1)).all()
    assert out.mean() == pytest.approx(0.12, abs=0.01)
    own = by_day[:, 0].mean(axis=0)
    spread_if_alike = np.sqrt(0.12 * 0.88 / 31)
    assert own.std() > 1.25 * spread_if_alike


def test_a_home_opts_out_of_a_window_with_all_its_devices() -> None:
    out = ~follows(Reliability(opt_out_share_per_window=0.08))
    by_window = out.reshape(-1, 4, len(STORES))
    assert (by_window.all(axis=1) | ~by_window.any(axis=1)).all()
    assert out.mean() == pytest.approx(0.08, abs=0.005)
    order = np.argsort(STORES.home, kind="stable")
    same_home = STORES.home[order][1:] == STORES.home[order][:-1]
    assert (out[:, order[1:]] == out[:, order[:-1]])[:, same_home].all()


def test_who_leaves_stays_away() -> None:
    out = ~follows(Reliability(leaver_share=0.4))
    assert (np.diff(out.astype(int), axis=0) >= 0).all()
    assert out[-1].mean() == pytest.approx(0.4, abs=0.06) and out.mean() == pytest.approx(0.2, abs=0.04)


def test_the_scenario_of_2023_s_programme_reaches_27_of_34_megawatts() -> None:
    rules = KNOWN_SCENARIOS["unreliable"].reliability
    assert rules.reached_share == pytest.approx(27 / 34, abs=0.005)
    assert follows(rules).mean() == pytest.approx(rules.reached_share, abs=0.01)


def test_a_home_fails_at_the_same_times_in_any_fleet_and_in_a_shorter_period() -> None:
    rules = Reliability(device_out_share_per_day=0.2, opt_out_share_per_window=0.2, leaver_share=0.5)
    whole, short = follows(rules), Period.of("2023-08", 5)
    assert np.array_equal(follows(rules, period=short), whole[: len(short)])
    homes = np.array([150, 3, 77])
    part = FLEET.take(homes)
    own = stores_of(part, short, np.ones(3))
    alone = reached(part, own, short, short.windows(), rules)
    for store in range(len(own)):
        mine = np.flatnonzero(STORES.home == homes[own.home[store]])
        mine = mine[STORES.kind[mine] == own.kind[store]]
        rank = int((own.kind[:store] == own.kind[store])[own.home[:store] == own.home[store]].sum())
        assert np.array_equal(alone[:, store], whole[: len(short), mine[rank]])
