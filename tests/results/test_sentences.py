"""Sentences say what the numbers say: a win, a loss, and that one cannot tell."""

from dataclasses import replace

import pytest

from tests.results.ladders import LOSES
from vpp_core.results.answer import answer
from vpp_core.results.gains import gains
from vpp_core.results.kpis import kpi_monthly
from vpp_core.results.method import method
from vpp_core.results.modelled import Hanging, hanging, hanging_words, modelled_table
from vpp_core.results.sentences import observations
from vpp_core.results.shares import shown_share
from vpp_core.results.statistics import Interval
from vpp_core.results.text import form_of, usd
from vpp_core.results.told import a_home, direction


def test_a_negotiation_that_costs_is_said_to_cost(run_of):
    question, _, _, earned, bound = answer(run_of(days=10))
    assert earned.startswith("Negotiating earned")
    assert " for bargaining instead of commanding (" in bound
    assert "negotiating gave up $" in question and " and $" in question and "more than" not in question


def test_a_negotiation_that_beats_the_optimiser_is_said_to_bring_more(run_of):
    question, *_, bound = answer(run_of(LOSES | {"negotiated": 50.0}, days=20))
    assert " brought by bargaining instead of commanding" in bound
    assert "a home more than commanding the same homes within their preferences (" in question


def test_a_negotiation_that_loses_money_is_said_to_lose(run_of):
    earned = answer(run_of(LOSES | {"negotiated": -15.0}, noise=0.2, days=10))[3]
    assert earned.startswith("Negotiating lost")
    assert "−" not in earned  # a loss is told as a positive amount lost


def test_an_interval_around_zero_is_told_as_no_difference(run_of):
    earned = answer(run_of(LOSES | {"negotiated": 1.0}, noise=5.0, days=8))[3]
    assert earned.startswith("Negotiating made no difference to having no VPP that these days could show")


def test_a_fleet_that_never_bid_is_said_not_to_have_bid(run_of):
    run = run_of(LOSES | {"negotiated": 0.0}, days=3)
    silent = run.kpis.assign(bids_submitted=0)
    assert answer(replace(run, kpis=silent))[3].startswith("Negotiating led to no bid")


def test_households_that_lose_are_counted_and_named(run_of):
    run = run_of(days=5, homes=6, gains={"negotiated": 0.05})
    assert "5 of 6 lost a cent or more, the most $" in answer(run)[1]
    assert "The median household lost $" in answer(run)[1] and " less than without a VPP (" in answer(run)[1]
    assert any("5 under negotiated (worst" in sentence for sentence in observations(run))


def test_a_single_day_is_told_without_an_interval(run_of):
    run = run_of(days=1)
    assert all("one day: no interval" in paragraph for paragraph in answer(run))
    assert observations(run)[0].startswith("Only one day was run")


def test_without_negotiation_the_answer_says_that_it_was_not_run(run_of):
    assert answer(run_of({"no_vpp": 0.0, "centralized": 10.0}, days=2)) == [
        "Negotiation was not run, so this run cannot say what it gives up."
    ]


def test_a_gap_without_the_rungs_between_is_told_whole(run_of):
    run = run_of({"no_vpp": 0.0, "negotiated": 20.0, "perfect_foresight": 100.0}, days=3)
    assert answer(run)[0] == "Commanding was not run, so this run cannot say what negotiating gave up."
    assert answer(run)[-1].endswith("The rungs between were not run.")


def test_a_strategy_that_is_to_obey_and_does_not_invalidates_itself(run_of):
    assert not any("to obey preferences" in s for s in observations(run_of(violations={"centralized": 4})))
    broken = observations(run_of(days=2, violations={"negotiated": 1}))
    assert any("2 violations under negotiated" in sentence and "invalid" in sentence for sentence in broken)


def test_books_that_do_not_close_are_reported(run_of):
    run = run_of(days=2)
    kpis = run.kpis.assign(books_residual_usd=0.02)
    assert any("do not close" in sentence for sentence in observations(replace(run, kpis=kpis)))
    assert not any("do not close" in sentence for sentence in observations(run))


def test_components_that_tell_strategies_not_apart_are_named(run_of):
    run = run_of(days=2)
    full = run.kpis.assign(satisfaction_backup=1.0)
    told = observations(replace(run, kpis=full))
    assert (
        "Every strategy scores 0.995 or more in keeping the backup: this part of satisfaction does not tell them apart."
        in told
    )


def test_the_sign_of_one_day_is_its_own_and_half_a_cent_is_no_difference():
    assert direction(Interval(-2.0, None, None)) == -1
    assert direction(Interval(0.004, None, None)) == 0
    assert direction(Interval(2.0, -1.0, 5.0)) == 0


@pytest.mark.parametrize(
    ("column", "sign", "words"),
    [("bill_change_usd", -1, "retail bills"), ("wholesale_ev_usd", 1, "EVs at wholesale")],
)
def test_what_the_bound_has_most_of_beyond_negotiation_is_named(run_of, column, sign, words):
    run = run_of(LOSES, days=3)
    lead = run.figure("perfect_foresight", "surplus_usd") - run.figure("negotiated", "surplus_usd")
    kpis = run.kpis.copy()
    kpis.loc[kpis["strategy"] == "perfect_foresight", column] = sign * 5000.0
    kpis.loc[kpis["strategy"] == "negotiated", column] = sign * 1000.0
    told = next(sentence for sentence in observations(replace(run, kpis=kpis)) if "has beyond negotiation" in sentence)
    assert f"most of all in {words}: $4,000, of which other parts take back all but {usd(lead)}." in told
    kpis.loc[kpis["strategy"] == "negotiated", column] = sign * 4900.0
    kpis["wholesale_battery_usd"] = 0.0
    told = next(sentence for sentence in observations(replace(run, kpis=kpis)) if "has beyond negotiation" in sentence)
    assert f"most of all in {words}: $100.00 of {usd(lead)}." in told


def test_a_bound_without_a_lead_is_not_explained(run_of):
    run = run_of({"no_vpp": 0.0, "negotiated": 20.0, "perfect_foresight": 0.0}, days=2)
    assert not any("has beyond negotiation" in sentence for sentence in observations(run))


def with_reserves(run, usd_by_strategy):
    """The run with reserves in its surplus: so many dollars in all, evenly over its windows."""
    windows = run.flat.windows
    each = windows["strategy"].map(usd_by_strategy).fillna(0.0) / (windows["strategy"] == "negotiated").sum()
    made = replace(
        run, kpis=run.kpis.assign(surplus_reserves_usd=run.kpis["strategy"].map(usd_by_strategy).fillna(0.0))
    )
    made.__dict__["flat"] = run.flat.__class__(
        **{**vars(run.flat), "windows": windows.assign(surplus_reserves_usd=each)}
    )
    return made


def test_every_figure_of_the_answer_says_what_of_it_was_made_at_modelled_prices(run_of):
    """Of the invented energy prices the first half is published, and no reserve price is."""
    run = with_reserves(run_of(days=4, noise=0.0), {"negotiated": 60.0})
    windows = run.flat.windows
    own = windows[windows["strategy"] == "negotiated"].sort_values("window_start")
    later = own.iloc[len(own) // 2 :]
    energy = (later["surplus_usd"] - later["surplus_reserves_usd"]).sum()
    part = hanging(run, "negotiated")
    assert part.whole == pytest.approx(own["surplus_usd"].sum()) and part.reserves == pytest.approx(60.0)
    assert part.energy == pytest.approx(energy) and part.share == pytest.approx((energy + 60.0) / part.whole)
    told = answer(run)
    assert f"{shown_share(part.share)} of it at modelled prices" in told[3]
    assert "at modelled prices" in told[0] and "at modelled prices" in told[4]
    table = modelled_table(run).set_index("figure")
    assert table.loc["made by negotiating over no VPP", "reserves, modelled prices"] == usd(60.0 / run.homes)
    assert "surplus of perfect_foresight" in table.index


def test_where_every_price_is_published_nothing_is_said_to_hang_on_a_model(run_of):
    run = run_of(days=3)
    known = {name: 5.0 for name in ("spin_usd_per_mw_h", "nonspin_usd_per_mw_h")}
    files = {name: "file" for name in ("lmp_source", "spin_source", "nonspin_source")}
    run = with_reserves(replace(run, market_prices=run.market_prices.assign(**known, **files)), {"negotiated": 60.0})
    assert modelled_table(run).empty and not any("hang" in sentence for sentence in observations(run))
    assert not any("modelled" in paragraph for paragraph in answer(run))


def test_prices_of_reserve_that_are_missing_hang_on_no_model_and_are_why_none_was_sold(run_of):
    run = run_of(days=3)
    run = replace(run, market_prices=run.market_prices.assign(lmp_source="file"))
    assert modelled_table(run).empty
    assert method(run)[1] == (
        "No strategy sold reserve, since the data has no price of it: the columns of reserves are zero."
    )
    priced = replace(run, market_prices=run.market_prices.assign(spin_usd_per_mw_h=5.0, spin_source="synthetic"))
    assert not modelled_table(priced).empty
    assert method(priced)[1] == "No strategy sold reserve: the columns of reserves are zero."


def test_parts_that_outweigh_a_figure_are_told_as_sums(run_of):
    assert Hanging(10.0, 5.0, 15.0).share is None and Hanging(0.0, 0.0, 0.0).share is None
    assert hanging_words(Hanging(10.0, 5.0, 15.0)).startswith("$20.00 of it, and −$10.00 the other way")
    assert hanging_words(Hanging(10.0, 6.0, 4.0)) == "all of it at modelled prices"


def test_reserves_at_modelled_prices_are_told_of_every_strategy(run_of):
    run = run_of(days=5)
    modelled = replace(run, market_prices=run.market_prices.assign(spin_usd_per_mw_h=5.0, spin_source="synthetic"))
    run = with_reserves(modelled, {"negotiated": 120.0, "perfect_foresight": 300.0})
    told = next(sentence for sentence in observations(run) if "hang" in sentence)
    assert "Of the energy prices 50 % are modelled" in told
    for strategy, part in (("negotiated", 120.0), ("perfect_foresight", 300.0)):
        assert f"{usd(part)} of {strategy}'s {usd(run.figure(strategy, 'surplus_usd'))}" in told


def with_split(run, step, ends_by_measure):
    """The run with a difference's estimate and ends replaced."""
    split = run.split.copy()
    for measure, ends in ends_by_measure.items():
        ours = (split["step"] == step) & (split["measure"] == measure)
        split.loc[ours, ["difference", "low", "high"]] = ends
    return replace(run, split=split)


def test_gains_that_the_days_cannot_tell_from_none_are_given_no_direction(run_of):
    """Some days bring households money, others take it."""
    told = answer(run_of(LOSES | {"negotiated": 1.0}, noise=5.0, days=8))[1]
    assert told.startswith("Whether the median household gained by it, bill and wear included, these days cannot tell:")
    assert "Whether a household has on average more than without a VPP these days cannot tell: " in told
    nothing = answer(run_of(LOSES | {"negotiated": 0.0}, days=3))[1]
    assert nothing.startswith("The median household neither gained nor lost by it")
    assert "On average a household has what it has without a VPP (" in nothing


def test_satisfactions_that_the_days_cannot_tell_apart_are_not_called_the_same(run_of):
    run = run_of(days=10)
    split = run.split.copy()
    ours = (split["step"] == "negotiated_over_centralized") & (split["measure"] == "satisfaction_mean")
    split.loc[ours, ["difference", "low", "high"]] = [0.05, -0.01, 0.11]
    told = answer(replace(run, split=split))[1]
    assert "0.900 under negotiation" in told and "0.600 commanded whatever they prefer and 0.900 without a VPP" in told
    assert "whether they are more satisfied than where what they prefer is ignored, these days cannot tell" in told


def test_a_fleet_that_bid_reserve_alone_is_not_said_not_to_have_bid(run_of):
    run = run_of(LOSES | {"negotiated": 0.0}, days=3)
    assert "no difference" in answer(replace(run, kpis=run.kpis.assign(bids_submitted=0, reserve_bids=3)))[3]


def test_the_largest_part_is_named_only_where_the_days_can_tell(run_of):
    """Preferences cost 40 and rules 20 $ on the mean day: told apart where both move with the day, as here."""
    close = LOSES | {"perfect_foresight_aware": 70.1, "perfect_forecast": 40.2}
    assert "The largest of these costs is obeying preferences." in answer(run_of(days=10))[-1]
    told = answer(run_of(close, days=4, noise=0.0))[-1]
    assert "The largest of these costs are obeying preferences and the market's rules and planning by them;" in told
    assert "which of the two is larger, these days cannot tell." in told


def with_gaps(run, usd_by_bound):
    """The run with these gaps of its bounds."""
    return replace(run, kpis=run.kpis.assign(bound_gap_usd=run.kpis["strategy"].map(usd_by_bound)))


def test_without_anything_to_gain_no_part_is_the_largest(run_of):
    run = run_of(dict.fromkeys(LOSES, 0.0), days=3)
    assert answer(with_gaps(run, {}))[-1] == "Perfect foresight could not have earned more."
    assert answer(with_gaps(run, {"perfect_foresight": 8.0}))[-1].endswith("none makes more than $2.00 a home more.")


def test_a_bound_below_what_negotiating_made_is_told_with_what_may_be_above_it(run_of):
    run = with_gaps(run_of(LOSES | {"negotiated": 110.0}, days=3, noise=0.0), {"perfect_foresight": 400.0})
    made = -run.difference("total").estimate / run.homes
    assert made > 0
    assert answer(run)[-1] == (
        f"The best schedule found for perfect foresight makes {usd(made)} a home less than negotiating, and none makes "
        f"more than {usd(100.0 - made)} a home more."
    )


def test_a_step_no_larger_than_what_its_bound_is_not_known_to_is_no_cost(run_of):
    """Preferences cost 40 $ on the mean day, and rules 20."""
    run = run_of(days=10)
    both = sum(
        run.difference(step, path="preferences_first").estimate
        for step in ("price_of_preferences", "market_rules_and_planning")
    )
    known = answer(with_gaps(run, {"perfect_foresight_aware": 0.1 * both}))[-1]
    assert " for obeying preferences (95 %" in known and "nothing certain" not in known
    told = answer(with_gaps(run, {"perfect_foresight": 3 * both, "perfect_foresight_aware": both}))[-1]
    assert "nothing certain for obeying preferences ($" in told and f"is known to {usd(both / run.homes)}" in told
    assert f"; known to {usd(3 * both / run.homes)}); negotiating made" in told
    assert "for the market's rules and planning by them (95 %" in told, "what its bound is not known to makes it larger"
    assert "The largest of these costs is obeying" in known and "The largest of these costs are obeying" in told
    assert " to " not in known.split("negotiating made")[1][:12]


@pytest.mark.parametrize("negotiated", [40.0, -40.0])
def test_the_share_that_the_answer_begins_with_is_never_above_the_ladder_s(run_of, negotiated):
    """Of a loss the answer begins with its share of the schedule found, of a gain with that of the proven bound."""
    run = run_of(LOSES | {"negotiated": negotiated}, days=10)
    bound = run.figure("perfect_foresight", "surplus_usd")
    column = run.outcomes.schema.get_field_index("bound_gap_usd")
    gaps = [None if gap is None else bound / 4 for gap in run.outcomes["bound_gap_usd"].to_pylist()]
    outcomes = run.outcomes.set_column(column, run.outcomes.schema.field(column), [gaps])
    kpis = kpi_monthly(outcomes, run.scenario, run.month, run.fleet)
    run = replace(run, kpis=kpis[kpis["strategy"].isin(run.kpis["strategy"])])
    ladder = f"{run.figure('negotiated', 'percent_of_perfect'):.0f}".replace("-", "−")
    found = f"{100 * run.figure('negotiated', 'surplus_usd') / bound:.0f}".replace("-", "−")
    ends = (ladder, found) if negotiated > 0 else (found, ladder)
    assert f"negotiating made {ends[0]} % to {ends[1]} % of what it could" in answer(run)[-1]
    assert run.figure("perfect_foresight", "percent_of_perfect") == pytest.approx(80.0)


@pytest.mark.parametrize(("days", "told"), [(2, True), (9, True), (10, False)])
def test_intervals_from_few_days_are_said_to_be_too_narrow(run_of, days, told):
    assert (
        any(
            "too narrow" in sentence and f"Only {days} days" in sentence for sentence in observations(run_of(days=days))
        )
        == told
    )


def test_days_that_alternate_make_intervals_too_wide_and_not_too_narrow(run_of):
    run = run_of(days=10)
    for value, words in ((0.7, "closely"), (-0.7, "alternate")):
        linked = replace(run, split=run.split.assign(day_autocorrelation=value))
        said = next(sentence for sentence in observations(linked) if "autocorrelation" in sentence)
        assert words in said and ("too wide" in said) == (value < 0) and ("too narrow" in said) == (value > 0)
    for unlinked in (run.split.assign(day_autocorrelation=None), run.split.assign(day_autocorrelation=0.7, days=4)):
        assert not any("autocorrelation" in s for s in observations(replace(run, split=unlinked))), "or by chance"


def test_without_a_minimum_bid_the_bids_that_the_market_would_refuse_are_counted(run_of):
    run = run_of(days=2)  # 12 bids of 120 kW a day
    rules = run.scenario.market.model_copy(update={"minimum_bid_mw": 0.0})
    free = replace(run, scenario=run.scenario.model_copy(update={"market": rules}))
    assert any(
        "of which these homes are 10 % and the rest like them): 0 of 24 negotiated bids were smaller." in s
        for s in observations(free)
    )
    windows = free.flat.windows.assign(bid_buy_kw=6.0 * (free.flat.windows["strategy"] == "negotiated"))
    buying = replace(free)
    buying.__dict__["flat"] = free.flat.__class__(**{**vars(free.flat), "windows": windows})
    assert any("48 of 72 negotiated bids were smaller." in s for s in observations(buying))


def test_cars_explain_an_expectation_only_where_there_are_cars_and_it_was_not_met(run_of):
    told = next(s for s in observations(run_of(days=3)) if s.startswith("Negotiated energy bids expected"))
    assert "car" not in told, "the invented fleet has none"


def test_a_bound_without_a_gap_is_certified_to_a_cent(run_of):
    run = run_of(days=2)
    assert any("certified to within $0.25" in s for s in observations(run))
    exact = replace(run, kpis=run.kpis.assign(bound_gap_usd=0.0001))
    assert any(s.endswith("is certified to a cent.") for s in observations(exact))


def test_households_that_have_less_are_not_given_a_share_of_the_surplus(run_of):
    run = run_of(days=3)
    assert any("households have $" in s and "(50.0 %)" in s for s in observations(run))
    lost = replace(run, kpis=run.kpis.assign(household_gain_usd=-4.0))
    assert any("Of the negotiated surplus households have −$4.00 and the VPP has" in s for s in observations(lost))


def test_the_first_sentence_is_what_negotiating_gave_up_a_home_with_its_interval(run_of):
    run = run_of(days=10, homes=4)
    apart = a_home(run, -run.difference("negotiated_over_centralized_aware"))
    form = form_of(apart)
    said = answer(run)[0]
    assert said.startswith(
        f"Over the first 10 days of August 2023 negotiating gave up {form(apart.estimate)} a home against commanding "
        f"the same homes within their preferences (95 % interval {form(apart.low)} to {form(apart.high)}; "
    )
    assert said.count(". ") == 0, "one sentence"


def test_a_difference_that_the_days_cannot_tell_from_none_is_not_given_up(run_of):
    said = answer(run_of(LOSES | {"negotiated": 30.0}, days=8))[0]
    assert " a home against commanding the same homes whatever they prefer (" in said
    assert "; these days cannot tell whether it gave up anything against commanding them within their pref" in said
    alike = answer(run_of(LOSES | {"negotiated": 30.0, "centralized": 30.0}, days=8))[0]
    assert alike.startswith(
        "Whether negotiating gave up anything over the first 8 days of August 2023 these days cannot"
    )


def test_households_are_told_by_the_median_home_and_the_share_that_gains_with_intervals(run_of):
    run = run_of(days=10, homes=5)
    own = gains(run, "negotiated")
    months = run.flat.households.query("strategy == 'negotiated'").groupby("home_id")["household_gain_usd"].sum()
    assert own.median_usd.estimate == pytest.approx(months.median()) and own.losing == 0
    assert own.median_usd.low < own.median_usd.estimate < own.median_usd.high
    assert own.gaining == Interval(1.0, 1.0, 1.0)
    assert "100 % of households gained, none lost a cent." in answer(run)[1]
    assert gains(run, "perfect_foresight") is None


def test_the_surplus_over_smart_homes_stands_beside_that_over_no_vpp(run_of):
    more = answer(run_of(days=10))[3]
    assert "without a market, make $" in more and " more (" in more.split("without a market")[1]
    less = answer(run_of(LOSES | {"smart_home": 28.0}, days=10))[3]
    assert " less (" in less.split("without a market")[1]
    assert "without a market" not in answer(run_of({"no_vpp": 0.0, "negotiated": 20.0}, days=3))[2]


def test_a_step_that_one_day_makes_is_told_as_that_day_s(run_of):
    run = run_of(days=10)
    split = run.split.copy()
    ours = (split["step"] == "price_of_negotiating") & (split["measure"] == "surplus_usd")
    split.loc[ours, ["one_day_dominates", "largest_day", "largest_day_percent"]] = [True, "2023-08-04", 86.2]
    told = answer(replace(run, split=split))[-1]
    assert "of which one day, 2023-08-04, made 86 %, so it says nothing of the others" in told
    assert "so it says nothing" not in answer(run)[-1]


def test_sums_are_told_in_as_many_digits_as_their_interval_carries():
    wide = form_of(Interval(1079.4, 612.0, 1530.0))
    assert [wide(value) for value in (1079.4, 612.0, -1530.0)] == ["$1,080", "$610", "−$1,530"]
    assert form_of(Interval(12.345, 11.0, 13.0))(12.345) == "$12"
    assert form_of(Interval(1.2345, 1.0, 1.5))(1.2345) == "$1.23"
    assert form_of(Interval(1079.4, None, None))(1079.4) == usd(1079.4)
    assert form_of(Interval(50_123.0, 20_000.0, 80_000.0))(50_123.0) == "$50,000"


def test_the_wholesale_part_of_homes_without_a_market_is_said_to_be_their_supplier_s(run_of):
    run = run_of(days=3)
    told = next(s for s in observations(run) if s.startswith("Under smart_home nobody trades"))
    assert f"which saves the supplier {usd(run.figure('smart_home', 'wholesale_usd'))}" in told
    assert not any("nobody trades" in s for s in observations(run_of({"no_vpp": 0.0, "negotiated": 20.0}, days=3)))


def test_the_minimum_bid_is_said_to_be_the_aggregation_s(run_of):
    told = next(s for s in observations(run_of(days=3)) if "stayed below the minimum bid" in s)
    assert "(the aggregation's, of which these homes are 10 % and the rest like them)" in told
    run = run_of(days=3)
    rules = run.scenario.market.model_copy(update={"fleet_share": 1.0})
    alone = replace(run, scenario=run.scenario.model_copy(update={"market": rules}))
    assert any("minimum bid of 0.10 MW in at least one" in s for s in observations(alone))


def test_energy_moved_and_deviation_cleared_are_told_apart_and_what_found_no_store_is_said(run_of):
    told = next(s for s in observations(run_of(days=3)) if s.startswith("Under negotiated stores moved"))
    assert "moved 0.03 MWh out of and 0.03 MWh into" in told and "cleared were 1.08 MWh of deviation" in told
    assert "4.8 % of what cleared found no store" in told  # 3 of 63 kWh


def with_bills(run, negotiated: float, aware: float, objective: str = "profit"):
    """The run with homes' bills lower by these shares of each day's surplus."""
    shares = {"negotiated": negotiated, "centralized_aware": aware}
    daily = run.daily.copy()
    daily["bill_change_usd"] = [
        -shares.get(key, 0.0) * value for key, value in zip(daily["strategy"], daily["surplus_usd"], strict=True)
    ]
    rules = run.scenario.negotiation.model_copy(update={"objective": objective})
    return replace(run, daily=daily, scenario=run.scenario.model_copy(update={"negotiation": rules}))


def test_where_commanding_costs_the_vpp_money_that_is_said(run_of):
    run = run_of(days=10)
    assert "the VPP itself lost" not in " ".join(answer(run))
    ends = {"vpp_profit_usd": (-12.0, -16.0, -8.0), "household_gain_usd": (42.0, 30.0, 54.0)}
    told = " ".join(answer(with_split(run, "centralized_aware_over_no_vpp", ends)))
    assert "the VPP itself lost $3 a home (95 % interval $2 to $4) and households gained $10 (95 %" in told
    unclear = ends | {"vpp_profit_usd": (-12.0, -30.0, 6.0)}
    assert "the VPP itself lost" not in " ".join(answer(with_split(run, "centralized_aware_over_no_vpp", unclear)))


def test_bills_that_make_most_of_what_was_given_up_are_said_to(run_of):
    run = run_of({"no_vpp": 0.0, "negotiated": 10.0, "centralized_aware": 40.0}, days=10)
    told = " ".join(answer(with_bills(run, 0.1, 0.9)))
    assert "Homes' bills fell by $" in told and "for its own profit earns nothing by it." in told
    told = " ".join(answer(with_bills(run, 0.1, 0.9, "surplus")))
    assert "Homes' bills fell by $" in told and "own profit" not in told
    assert "Homes' bills" not in " ".join(answer(with_bills(run, 0.1, 0.2)))
    told = " ".join(answer(with_bills(run, -0.5, 0.4)))
    assert "Homes' bills came to $" in told and "own profit" not in told, "negotiated ones rose"


def test_without_the_outer_bound_the_answer_tells_how_far_commanding_is_from_the_one_within_preferences(run_of):
    few = {key: LOSES[key] for key in ("no_vpp", "negotiated", "centralized_aware", "perfect_foresight_aware")}
    run = run_of(few, days=10, homes=4)
    surplus = run.kpis.set_index("strategy")["surplus_usd"]
    best = surplus["perfect_foresight_aware"]
    commanded, negotiated = surplus["centralized_aware"], surplus["negotiated"]
    each = a_home(run, -run.difference("centralized_aware_over_perfect_foresight_aware"))
    assert each.estimate == pytest.approx((best - commanded) / 4)
    apart = form_of(each)(each.estimate)
    for gap, known in ((0.0, ""), (60.0, "; known to $15.00")):
        said = answer(replace(run, kpis=run.kpis.assign(bound_gap_usd=gap)))[-1]
        assert said.startswith(
            f"Perfect foresight within preferences, which nobody has, would have made {apart} a home more than "
            "commanding (95 % interval"
        )
        least = f"{100 * commanded / (best + gap):.0f} % to " if gap else ""
        assert f"{known}): commanding made {least}{100 * commanded / best:.0f} % and negotiating " in said
        assert said.endswith(f"{100 * negotiated / best:.0f} % of what it could.")
    assert "Perfect foresight within" not in " ".join(answer(run_of(LOSES, days=10, homes=4)))
