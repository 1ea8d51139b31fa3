"""Homes drawn from the assumptions: the same home everywhere, in the stated shares."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from vpp_core.errors import InputError
from vpp_core.fleet import assumptions as given
from vpp_core.fleet.arrow import same_fleet
from vpp_core.fleet.fleet import CATEGORIES, Cars, Fleet
from vpp_core.fleet.population import generate_fleet
from vpp_core.sources.orientations import ORIENTATIONS

SEEDS = range(40)
HOMES = 500


@pytest.fixture(scope="module")
def fleets() -> list[Fleet]:
    return [generate_fleet(HOMES, seed) for seed in SEEDS]


def test_a_home_is_the_same_in_any_fleet_and_in_any_chunk() -> None:
    whole = generate_fleet(1000, 7)
    assert same_fleet(generate_fleet(300, 7), whole.take(np.arange(300)))
    assert same_fleet(generate_fleet(250, 7, first=600), whole.take(np.arange(600, 850)))


def test_another_seed_gives_other_homes() -> None:
    one, other = generate_fleet(500, 1), generate_fleet(500, 2)
    for name in ("category", "bess_capacity_kwh", "pv_capacity_kw", "participation_willingness"):
        agreeing = (getattr(one, name) == getattr(other, name)).mean()
        assert agreeing < 0.6, name


def test_nothing_that_is_drawn_is_drawn_the_same_by_another_seed() -> None:
    """Cars are compared in the homes that have one under both seeds."""
    one, other = generate_fleet(2000, 1), generate_fleet(2000, 2)
    _, mine, others = np.intersect1d(one.cars.home, other.cars.home, return_indices=True)
    columns = {f.name: (getattr(one, f.name), getattr(other, f.name)) for f in fields(Fleet) if f.name != "words"}
    columns |= {f.name: (getattr(one.cars, f.name)[mine], getattr(other.cars, f.name)[others]) for f in fields(Cars)}
    fixed = {"seed", "cars", "appliances", "home", "home_id", "aggregation_id", "load_profile_id"}
    drawn = {name for name, (a, _) in columns.items() if name not in fixed and len(np.unique(a[~np.isnan(a)])) > 1}
    assert {"trip_kwh", "v2g", "initial_soc", "weekday_arrival_hour", "max_discharge_share", "pv_orientation"} <= drawn
    assert not [name for name in drawn if np.array_equal(*columns[name])]


def chi_square_share(counts: np.ndarray, shares: np.ndarray) -> float:
    """Probability of a deviation this large if every seed's counts followed the shares."""
    expected = counts.sum(axis=1, keepdims=True) * shares
    statistic = ((counts - expected) ** 2 / expected).sum()
    return float(chi2.sf(statistic, counts.shape[0] * (counts.shape[1] - 1)))


@pytest.mark.parametrize(
    ("what", "share"),
    [("has_battery", given.ADOPTION_BESS), ("has_pv", given.ADOPTION_PV), ("has_ev", given.ADOPTION_EV)],
)
def test_adoption_over_seeds_is_as_stated_within_sampling_error(fleets: list[Fleet], what: str, share: float) -> None:
    def owners(fleet: Fleet) -> int:
        return len(np.unique(fleet.cars.home)) if what == "has_ev" else int(getattr(fleet, what).sum())

    yes = np.array([owners(fleet) for fleet in fleets])
    assert 0.001 < chi_square_share(np.column_stack([yes, HOMES - yes]), np.array([share, 1 - share])) < 0.999


def test_categories_battery_sizes_and_orientations_have_their_shares(fleets: list[Fleet]) -> None:
    categories = np.array([np.bincount(f.category, minlength=3) for f in fleets])
    assert chi_square_share(categories, np.array([p.share for p in given.PREFERENCES.values()])) > 0.001
    sizes = np.array([[(f.bess_capacity_kwh == kwh).sum() for kwh, _, _ in given.BESS_SIZES] for f in fleets])
    assert chi_square_share(sizes, np.array([share for *_, share in given.BESS_SIZES])) > 0.001
    roofs = np.array([np.bincount(f.pv_orientation[f.has_pv], minlength=len(ORIENTATIONS)) for f in fleets])
    assert chi_square_share(roofs, np.array([o.share for o in ORIENTATIONS])) > 0.001
    cars = np.array([[(f.cars.capacity_kwh == kwh).sum() for kwh, _ in given.EV_SIZES] for f in fleets])
    assert chi_square_share(cars, np.array([share for _, share in given.EV_SIZES])) > 0.001


def test_battery_owners_mostly_have_solar_and_v2g_is_rare() -> None:
    fleet = generate_fleet(20_000, 3)
    assert fleet.has_pv[fleet.has_battery].mean() == pytest.approx(0.90, abs=0.02)
    assert fleet.has_pv[~fleet.has_battery].mean() == pytest.approx(0.36, abs=0.02)
    assert 0.01 < fleet.cars.v2g.mean() < 0.06
    assert (fleet.cars.max_discharge_kw[~fleet.cars.v2g] == 0).all()
    assert np.bincount(fleet.cars.home).max() == 2


def test_solar_sizes_follow_the_interconnection_statistics() -> None:
    fleet = generate_fleet(100_000, 5)
    sizes = fleet.pv_capacity_kw[fleet.has_pv]
    for probability, kw in given.PV_SIZE_QUANTILES_KW:
        assert np.quantile(sizes, probability) == pytest.approx(kw, rel=0.02)
    assert sizes.min() >= 1.5 and sizes.max() <= 20


def test_preferences_lie_uniformly_within_their_category_s_range() -> None:
    fleet = generate_fleet(30_000, 11)
    names = (
        "participation_willingness",
        "min_compensation_usd_per_kwh",
        "moving_ask_usd_per_kwh",
        "backup_power_hours",
        "max_discharge_share",
    )
    for position, category in enumerate(CATEGORIES):
        members = fleet.category == position
        for name in names:
            low, high = getattr(given.PREFERENCES[category], name)
            values = getattr(fleet, name)[members]
            assert values.min() >= low and values.max() <= high
            assert kstest(values, "uniform", args=(low, high - low)).pvalue > 1e-4, (category, name)
        markup = fleet.opening_ask_usd_per_kwh[members] / fleet.min_compensation_usd_per_kwh[members]
        low, high = given.PREFERENCES[category].opening_markup
        assert markup.min() > low - 0.01 and markup.max() < high + 0.01


def test_preference_shares_sum_to_one() -> None:
    assert sum(p.share for p in given.PREFERENCES.values()) == pytest.approx(1)
    assert all(sum(p.ev_priority) == pytest.approx(1) for p in given.PREFERENCES.values())
    assert tuple(given.PREFERENCES) == CATEGORIES


def test_columns_of_a_million_homes_take_less_than_208_bytes_a_home() -> None:
    fleet = generate_fleet(20_000, 42)
    columns = [getattr(fleet, f.name) for f in fields(fleet) if f.name not in ("seed", "cars", "appliances", "words")]
    columns += [getattr(fleet.cars, f.name) for f in fields(fleet.cars)]
    assert sum(column.nbytes for column in columns) / len(fleet) < 208


def test_an_empty_fleet_is_refused() -> None:
    with pytest.raises(InputError, match="at least one home"):
        generate_fleet(0, 1)
