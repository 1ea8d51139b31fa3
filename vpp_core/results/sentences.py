"""What to know before believing the answer: a sentence for each thing that the numbers call for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.market.forecast import forecast_error
from vpp_core.results.concentration import concentration_sentence
from vpp_core.results.days import PARTS
from vpp_core.results.energy import energy_sentence
from vpp_core.results.modelled import MIN_USD, modelled_sentence
from vpp_core.results.programmes import programme_sentence
from vpp_core.results.reserves import reserve_sentence
from vpp_core.results.run import Run, once_a_run
from vpp_core.results.rungs import BOUND, BOUND_WITHIN, NEGOTIATED, has_no_market, step_name
from vpp_core.results.same_knowledge import beside_sentence
from vpp_core.results.shares import not_read_sentence
from vpp_core.results.statistics import FEW_DAYS
from vpp_core.results.study import DRAWN, seeds_sentence
from vpp_core.results.text import count, listed, number, percent, usd
from vpp_core.results.told import by_number
from vpp_core.scenario import MarketRules
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS

_LINKED_DAYS = 0.5
"""A lag-1 autocorrelation beyond which days are not exchangeable, where it is also beyond what chance brings: two
standard errors, 1/√days each."""


@once_a_run
def observations(run: Run) -> list[str]:
    """What else a reader should know before believing the answer, where the numbers call for it."""
    made = (
        _no_interval(run),
        _linked_days(run),
        *("" if run.study is None else seeds_sentence(run.study, str(run.month), drawn) for drawn in DRAWN),
        _too_small(run),
        _shared_out(run),
        _suppliers(run),
        energy_sentence(run),
        beside_sentence(run),
        concentration_sentence(run),
        reserve_sentence(run),
        programme_sentence(run),
        modelled_sentence(run),
        not_read_sentence(run),
        _expectation(run),
        _forecast(run),
        _losers(run),
        _broken(run),
        _saturated(run),
        _bound_gap(run),
        _bound_lead(run),
        _books(run),
        _failures(run),
    )
    return [sentence for sentence in made if sentence]


def _no_interval(run: Run) -> str:
    """That one day has no interval; and that few days have one that is too narrow (`FEW_DAYS`)."""
    if run.days == 1:
        return "Only one day was run: no number here has an interval, and none speaks for a month."
    if run.days < FEW_DAYS:
        return (
            f"Only {run.days} days were run: intervals redrawn from so few are too narrow, and leave out the true "
            "number more often than one time in twenty."
        )
    return ""


def _linked_days(run: Run) -> str:
    """Where days are not exchangeable: alike neighbours hide variation from the bootstrap, unlike ones add some."""
    surplus = run.split[run.split["measure"] == "surplus_usd"]
    limit = np.maximum(_LINKED_DAYS, 2 / np.sqrt(surplus["days"].astype(float)))

    def steps(linked: pd.Series) -> str:
        return listed(sorted({step_name(step) for step in surplus.loc[linked, "step"]}))

    follow, alternate = (steps(sign * surplus["day_autocorrelation"].astype(float) > limit) for sign in (1.0, -1.0))
    told = [
        f"Days follow each other closely (lag-1 autocorrelation above 0.5) in {follow}: intervals there are too narrow."
        if follow
        else "",
        f"Days alternate (lag-1 autocorrelation below −0.5) in {alternate}: intervals there are too wide."
        if alternate
        else "",
    ]
    return " ".join(sentence for sentence in told if sentence)


def _too_small(run: Run) -> str:
    """In how many windows energy stayed below the minimum bid, of the aggregation that the fleet is a share of."""
    rules = run.scenario.market
    below = run.figure(NEGOTIATED, "bids_below_minimum") or 0
    if rules.minimum_bid_mw == 0:
        return _without_minimum(run)
    if below == 0:
        return ""
    windows = int((run.flat.windows["strategy"] == NEGOTIATED).sum())
    return (
        f"In {percent(100 * below / windows)} of the windows the negotiated offer of energy stayed below the minimum "
        f"bid of {number(rules.minimum_bid_mw, 2)} MW{_of_the_whole(rules)} in at least one direction, which was then "
        "not bid."
    )


def _of_the_whole(rules: MarketRules) -> str:
    """Which part of its aggregation the fleet is, where it is not all of it."""
    if rules.fleet_share == 1:
        return ""
    return (
        f" (the aggregation's, of which these homes are {percent(100 * rules.fleet_share, 0)} and the rest like them)"
    )


def _without_minimum(run: Run) -> str:
    """How many of the bids that a minimum of 0 let through the market would have refused."""
    rules, usual = run.scenario.market, MarketRules().minimum_bid_mw
    windows = run.flat.windows[run.flat.windows["strategy"] == NEGOTIATED]
    own = windows[["bid_sell_kw", "bid_buy_kw", "committed_spin_kw", "committed_nonspin_kw"]].to_numpy(dtype=float)
    bids = own / 1000 / rules.fleet_share
    made, small = int((bids > 0).sum()), int(((bids > 0) & (bids < usual)).sum())
    told = f": {number(small, 0)} of {number(made, 0)} negotiated bids were smaller" if made else ""
    return (
        f"The minimum bid was set to 0 for this scenario; the market's is {number(usual, 2)} MW"
        f"{_of_the_whole(rules)}{told}."
    )


def _shared_out(run: Run) -> str:
    surplus, gain, profit, median = (
        run.figure(NEGOTIATED, name)
        for name in ("surplus_usd", "household_gain_usd", "vpp_profit_usd", "gain_median_usd")
    )
    if surplus is None or gain is None or surplus < MIN_USD:
        return ""
    share = f" ({percent(100 * gain / surplus)})" if 0 <= gain <= surplus else ""
    who = by_number(run, "the household has", "households have")
    said = f"Of the negotiated surplus {who} {usd(gain)}{share} and the VPP has {usd(profit)}"
    return f"{said}." if run.homes == 1 else f"{said}; the median household's gain is {usd(median)}."


def _suppliers(run: Run) -> str:
    """What the wholesale part of homes without a VPP means: the same books, and nobody who trades."""
    shown = [key for key in run.kpis["strategy"] if has_no_market(key) and (run.figure(key, "wholesale_usd") or 0) != 0]
    if not shown:
        return ""
    worth = run.figure(shown[0], "wholesale_usd") or 0.0
    way = "saves" if worth >= 0 else "costs"
    who, whose = by_number(run, "the home shifts", "homes shift"), by_number(run, "household's", "households'")
    return (
        f"Under {shown[0]} nobody trades. The books are the same all the same: energy that {who} counts at LMP, which "
        f"{way} the supplier {usd(abs(worth))}; it stands where a VPP's profit would, the rest is the {whose}."
    )


def _expectation(run: Run) -> str:
    """What energy bids were expected to bring beside what energy brought; reserves are bid apart, day ahead."""
    expected, short = (run.figure(NEGOTIATED, name) for name in ("expected_margin_usd", "expected_minus_realised_usd"))
    if expected is None or short is None or abs(expected) < MIN_USD:
        return ""
    counted = (
        " A car that is held off hour after hour is counted in every window's expectation, and earns once."
        if short > 0 and len(run.fleet.cars.home)
        else ""
    )
    return (
        f"Negotiated energy bids expected {usd(expected)} in all, each over leaving its devices alone from then on; "
        f"energy brought {usd(expected - short)}.{counted}"
    )


def _forecast(run: Run) -> str:
    if run.forecast.empty:
        return ""
    error = forecast_error(run.forecast, run.market_prices)
    than_yesterday = ""
    if error.get("yesterday_mae_usd_per_mwh"):
        word = "better" if error["mae_usd_per_mwh"] < error["yesterday_mae_usd_per_mwh"] else "worse"
        than_yesterday = f", {word} than taking yesterday's ({usd(error['yesterday_mae_usd_per_mwh'])})"
    return (
        f"The forecast that strategies bid by missed the 15-minute price by {usd(error['mae_usd_per_mwh'])}/MWh on "
        f"average{than_yesterday}; {percent(100 * error['coverage_p10_p90'])} of prices fell between its p10 and p90, "
        "where 80 % should."
    )


def _losers(run: Run) -> str:
    parts = [
        f"{number(losers, 0)} under {key} (worst {usd(run.figure(key, 'gain_worst_usd'))})"
        for key in run.kpis["strategy"]
        if (losers := run.figure(key, "households_worse_off") or 0) > 0
    ]
    return f"Households that ended worse off than without a VPP: {listed(parts)}." if parts else ""


def _broken(run: Run) -> str:
    obeying = [
        key
        for key in run.kpis["strategy"]
        if key in STRATEGIES and STRATEGIES[key].obeys_preferences and (run.figure(key, "violations") or 0) > 0
    ]
    if not obeying:
        return ""
    parts = [f"{count(run.figure(key, 'violations') or 0, 'violation')} under {key}" for key in obeying]
    return f"A strategy that is to obey preferences broke some: {listed(parts)}. Treat its results as invalid."


def saturated_components(run: Run) -> list[str]:
    """Satisfaction components at 0.995 or more under every strategy that has them: they tell strategies not apart."""
    operable = run.kpis[~run.kpis["is_bound"]]
    return [
        name
        for name in SATISFACTION_COMPONENTS
        if operable[f"satisfaction_{name}"].notna().any() and (operable[f"satisfaction_{name}"].dropna() >= 0.995).all()
    ]


COMPONENT_WORDS = {
    "backup": "keeping the backup",
    "discharge": "keeping to the daily discharge",
    "ev_ready": "cars ready to leave",
    "compensation": "what was paid per kWh",
    "autonomy": "being asked for no more than was offered",
    "bill": "the bill",
}


def _saturated(run: Run) -> str:
    names = saturated_components(run)
    if not names:
        return ""
    words = listed([COMPONENT_WORDS.get(name, name.replace("_", " ")) for name in names])
    parts = "this part of satisfaction does" if len(names) == 1 else "these parts of satisfaction do"
    return f"Every strategy scores 0.995 or more in {words}: {parts} not tell them apart."


def _bound_gap(run: Run) -> str:
    """The sentence on each bound's certified gap."""
    told: list[str] = []
    for key, words in ((BOUND, "The upper bound of"), (BOUND_WITHIN, "That within preferences, of")):
        gap, bound = run.figure(key, "bound_gap_usd"), run.figure(key, "surplus_usd")
        if gap is None or bound is None:
            continue
        relative = f", {percent(100 * gap / bound, 2)} of it" if bound > 0 else ""
        within = "a cent" if gap < MIN_USD else f"within {usd(gap)}{relative}"
        told.append(f"{words} {usd(bound)}{',' if told else ''} is certified to {within}.")
    return " ".join(told)


def _bound_lead(run: Run) -> str:
    """Which kind of money the upper bound has most of beyond the negotiated result."""
    bound, own = (run.figure(key, "surplus_usd") for key in (BOUND, NEGOTIATED))
    if bound is None or own is None or bound - own < MIN_USD:
        return ""
    leads = {
        words: sign * ((run.figure(BOUND, name) or 0.0) - (run.figure(NEGOTIATED, name) or 0.0))
        for name, (words, sign) in (PARTS | _AT_THE_END).items()
    }
    largest = max(leads, key=lambda words: leads[words])
    said = f"What the upper bound has beyond negotiation is most of all in {largest}: {usd(leads[largest])}"
    if leads[largest] <= bound - own:
        return f"{said} of {usd(bound - own)}."
    return f"{said}, of which other parts take back all but {usd(bound - own)}."


_AT_THE_END = {"end_energy_usd": ("energy stored at the end", 1)}


def _books(run: Run) -> str:
    closed = run.kpis["books_residual_usd"].abs() <= 0.01  # not so where a number is missing
    off = run.kpis[~closed & ~run.kpis["is_bound"].astype(bool)]
    if off.empty:
        return ""
    return f"The books of {listed(list(off['strategy']))} do not close to a cent: treat their results as invalid."


def _failures(run: Run) -> str:
    failed = run.kpis[run.kpis["solver_failures"] > 0]
    parts = [
        f"{count(n, 'window')} of {key}" for key, n in zip(failed["strategy"], failed["solver_failures"], strict=True)
    ]
    return f"The solver failed in {listed(parts)}; nothing was bid there." if parts else ""
