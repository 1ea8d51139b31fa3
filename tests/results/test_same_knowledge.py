"""Negotiation beside the optimiser of the same knowledge: shares, and the factor that explains a shortfall."""

from dataclasses import replace

import pytest

from vpp_core.results.same_knowledge import SOURCES, beside, beside_sentence, beside_table, reason
from vpp_core.results.text import usd

SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "centralized_aware": 40.0}


def with_figures(run, **figures):
    """The run with monthly figures replaced: `name=(negotiated, centralized_aware)`."""
    kpis = run.kpis.set_index("strategy")
    for name, pair in figures.items():
        kpis.loc[["negotiated", "centralized_aware"], name] = pair
    return replace(run, kpis=kpis.reset_index()[["month", "scenario", "strategy", *kpis.columns[2:]]])


def with_sources(run, negotiated, aware):
    """The run with its surplus split by source in these shares of each day's surplus."""
    shares = {"no_vpp": (0, 0, 0), "negotiated": negotiated, "centralized_aware": aware}
    frames = {}
    set_apart = [name for name in SOURCES if name not in ("surplus_heater_usd", "programme_usd")]
    for name in ("kpis", "daily"):
        frame = getattr(run, name).copy()
        for i, column in enumerate(set_apart):
            frame[column] = [
                shares[key][i] * value for key, value in zip(frame["strategy"], frame["surplus_usd"], strict=True)
            ]
        frames[name] = frame
    return replace(run, **frames)


@pytest.fixture(scope="module")
def run(run_of):
    return run_of(SURPLUS, days=5)


def test_the_whole_is_the_ratio_of_the_sums_with_its_interval(run):
    whole = beside(run)[0]
    own, other = (run.figure(key, "surplus_usd") for key in ("negotiated", "centralized_aware"))
    assert whole.ratio.estimate == pytest.approx(own / other)
    assert whole.ratio.low < whole.ratio.estimate < whole.ratio.high


def test_sources_are_shown_each_beside_its_own_and_a_tiny_one_has_no_ratio(run):
    told = beside_table(with_sources(run, (0.2, 0.8, 0.0), (0.2, 0.8, 0.001))).set_index("source")
    whole = told.loc["in all", "share"]
    assert told.loc["battery energy", "share"] == told.loc["EVs", "share"] == whole
    assert told.loc["reserves", "share"] == "–"


def test_the_factor_furthest_behind_is_the_reason(run):
    same = {"offered_buy_mwh": (0, 0), "cleared_buy_mwh": (0, 0)}
    offered_less = with_figures(run, offered_sell_mwh=(3, 10), cleared_sell_mwh=(3, 10), **same)
    assert "mostly because it offered 30.0 % as much deviation" in beside_sentence(offered_less)
    cleared_less = with_figures(run, offered_sell_mwh=(10, 10), cleared_sell_mwh=(2, 8), **same)
    assert "of what it offered 20.0 % cleared, against 80.0 %" in beside_sentence(cleared_less)
    earned_less = with_figures(run, offered_sell_mwh=(10, 10), cleared_sell_mwh=(8, 8), **same)
    assert "each MWh of deviation that cleared brought" in beside_sentence(earned_less)
    nothing = with_figures(run, offered_sell_mwh=(0, 10), cleared_sell_mwh=(0, 8), **same)
    assert "because it offered none" in beside_sentence(nothing)


def test_reserves_are_explained_by_what_was_held(run):
    split = with_sources(run, (0.8, 0.1, 0.1), (0.5, 0.1, 0.4))
    held = {"committed_spin_mw_h": (0.0, 5.0), "committed_nonspin_mw_h": (1.0, 5.0)}
    cleared = {"held_spin_mw_h": (0.0, 5.0), "held_nonspin_mw_h": (1.0, 5.0)}
    sentence = beside_sentence(with_figures(split, **held, **cleared))
    assert "% from reserves)" in sentence
    assert "Its reserve stayed behind mostly because it committed 10.0 % as much reserve." in sentence


def test_where_negotiation_keeps_up_no_reason_is_sought(run_of):
    run = run_of({"no_vpp": 0.0, "negotiated": 45.0, "centralized_aware": 40.0}, days=5)
    assert "which knows and obeys the same" in beside_sentence(run)
    assert "behind" not in beside_sentence(run)


def test_without_the_optimiser_or_its_surplus_nothing_is_said(run_of):
    assert beside_sentence(run_of({"no_vpp": 0.0, "negotiated": 5.0}, days=2)) == ""
    assert beside_sentence(run_of({"no_vpp": 0.0, "negotiated": 5.0, "centralized_aware": -3.0}, days=2)) == ""


def test_where_some_mixes_of_days_earn_nothing_it_is_said_why_there_is_no_interval(run_of):
    run = run_of(SURPLUS, days=3)
    daily = run.daily.copy()
    daily.loc[daily["strategy"] == "centralized_aware", "surplus_usd"] = [50.0, -20.0, 90.0]
    run = replace(run, daily=daily)
    whole = beside(run)[0]
    assert whole.ratio is not None and whole.ratio.low is None
    assert "no interval: in some mixes of these days the other earns nothing" in beside_sentence(run)
    assert "one day: no interval" in beside_sentence(run_of(SURPLUS, days=1))


def test_energy_is_explained_without_what_reserves_brought(run):
    """Deviation is bid for all stores together: what a MWh of it brought holds no reserve, and is of no one kind."""
    same = {f"{did}_{way}_mwh": (10, 10) for did in ("offered", "cleared") for way in ("sell", "buy")}
    split = with_figures(with_sources(run, (0.1, 0.1, 0.8), (0.6, 0.2, 0.2)), **same)
    own, other = (run.figure(key, "surplus_usd") for key in ("negotiated", "centralized_aware"))
    brought = f"brought {usd(0.2 * own / 20)} against {usd(0.8 * other / 20)}."
    words = "Its energy stayed behind mostly because each MWh of deviation that cleared "
    assert reason(split, "surplus_battery_usd") == words + brought
    ahead = with_figures(with_sources(run, (1.9, 0.1, -1.0), (0.2, 0.4, 0.4)), **same)
    assert reason(ahead, "surplus_ev_usd") == "", "all energy together is ahead"
