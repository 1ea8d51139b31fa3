"""Sentences made from signs and intervals. None is fixed in advance: the numbers choose the words.

The rule: a direction (earned, lost, more, less) is stated only where the whole interval lies on that side of 0. Where
it holds 0 the sentence says so, with the number. Where one day gives no interval, the direction is that of the one
number, and the sentence says that it is one day's.
"""

from __future__ import annotations

import pandas as pd

from vpp_core.market.forecast import forecast_error
from vpp_core.results.concentration import concentration_sentence
from vpp_core.results.days import PARTS
from vpp_core.results.gap import TOTAL
from vpp_core.results.model_share import share_sentence
from vpp_core.results.reserves import reserve_sentence
from vpp_core.results.run import UPPER_BOUND, Run
from vpp_core.results.same_knowledge import beside_sentence
from vpp_core.results.shares import data_shares, not_read_sentence, shown_share
from vpp_core.results.statistics import FEW_DAYS, Interval, sum_interval
from vpp_core.results.study import DRAWN, seeds_sentence
from vpp_core.results.text import count, interval, listed, number, percent, score, usd
from vpp_core.scenario import MarketRules
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS

_LEAST_USD = 0.005
"""Below half a cent a sum is no difference."""
_LINKED_DAYS = 0.5
"""A lag-1 autocorrelation beyond which days are not exchangeable."""


def direction(measured: Interval) -> int:
    """1, −1, or 0 where the days cannot tell; a single day speaks for itself."""
    if measured.low is None:
        return 0 if abs(measured.estimate) < _LEAST_USD else (1 if measured.estimate > 0 else -1)
    return measured.sign


def answer(run: Run) -> list[str]:
    """The answer in sentences: what negotiating earned, what was given up and why, what households got; and first,
    where a language model was to decide, how much it did."""
    whose = share_sentence(run.kpis, run.scenario)
    return [sentence for sentence in (whose, _earned(run), _given_up(run), _households(run)) if sentence]


def _earned(run: Run) -> str:
    made = run.difference("negotiated_over_no_vpp")
    if made is None:
        return "Negotiation was not run, so this run cannot say what it earns."
    share = run.figure("negotiated", "percent_of_perfect")
    of_perfect = f", {percent(share)} of what perfect foresight could have earned" if share is not None else ""
    where = interval(made)
    if direction(made) > 0:
        return (
            f"Negotiating earned the VPP and its households together {usd(made.estimate)} more than having no VPP "
            f"({where}){of_perfect}{_modelled_reserves(run)}."
        )
    if direction(made) < 0:
        return (
            f"Negotiating lost the VPP and its households together {usd(-made.estimate)} against having no VPP "
            f"({interval(-made)})."
        )
    if not (run.figure("negotiated", "bids_submitted") or run.figure("negotiated", "reserve_bids")):
        return f"Negotiating led to no bid in the market, so nothing was earned over having no VPP ({where})."
    return (
        f"Negotiating made no difference to having no VPP that these days could show: {usd(made.estimate)} ({where})."
    )


def _modelled_reserves(run: Run) -> str:
    """How much of what was earned rests on reserve prices that nobody published."""
    earned = run.figure("negotiated", "surplus_reserves_usd")
    reserves = [share for share in data_shares(run) if "reserve" in share.series]
    made_up = max(1 - share.real - share.by_source.get("filled", 0.0) for share in reserves)
    whole = run.figure("negotiated", "surplus_usd") or 0.0
    if earned is None or earned < _LEAST_USD or made_up < 1e-9:
        return ""
    part = f"{usd(earned)} of it is" if earned <= whole else f"{usd(earned)}, more than the whole, is"
    return f"; {part} for reserves, at prices that are {shown_share(made_up)} modelled"


def _given_up(run: Run) -> str:
    total = run.difference(TOTAL, path="preferences_first")
    if total is None:
        return ""
    known = _steps(run, "preferences_first")
    if len(known) < len(_STEPS):
        whole = f"It stayed {usd(total.estimate)} ({interval(total)}) below perfect foresight"
        return f"{whole}; the rungs between were not run."
    if abs(total.estimate) < _LEAST_USD:
        return "Perfect foresight could not have earned more."
    parts = [_cost(words, step) for words, step in known.items()]
    return (
        f"It stayed {usd(total.estimate)} ({interval(total)}) below perfect foresight: {listed(parts)}; "
        f"{_largest(run)}."
    )


_STEPS = {
    "price_of_preferences": "obeying preferences",
    "value_of_information": "bidding at gate closure instead of knowing all",
    "price_of_negotiating": "bargaining instead of optimising",
}


def _steps(run: Run, path: str) -> dict[str, Interval]:
    """The steps of a path from the bound down to negotiation, by what they are in words."""
    steps = {words: run.difference(name, path=path) for name, words in _STEPS.items()}
    return {words: step for words, step in steps.items() if step is not None}


def _largest(run: Run) -> str:
    """Which step is the largest, where the days can tell, and whether that depends on the order of the steps."""
    first, other = (_largest_of(run, path) for path in ("preferences_first", "information_first"))
    if not other or first == other:
        return _in_front(first)
    return f"{_in_front(first)}, but where information is taken away first {_in_front(other)}"


def _in_front(steps: list[str]) -> str:
    if len(steps) == 1:
        return f"the largest part is {steps[0]}"
    return f"which part is the largest, {' or '.join(steps)}, these days cannot tell"


def _largest_of(run: Run, path: str) -> list[str]:
    """The largest step of a path in words, and those that are not measurably smaller: paired day by day."""
    rows = run.split[(run.split["path"] == path) & (run.split["measure"] == "surplus_usd")]
    by_day = run.daily.set_index(["local_day", "strategy"])["surplus_usd"].unstack()  # noqa: PD010
    steps = {
        _STEPS[row["step"]]: (by_day[row["upper_strategy"]] - by_day[row["lower_strategy"]]).to_numpy(dtype=float)
        for row in rows.to_dict("records")
        if row["step"] in _STEPS
    }
    if not steps:
        return []
    most = steps[max(steps, key=lambda words: steps[words].sum())]
    return [words for words, days in steps.items() if days is most or direction(sum_interval(most - days)) <= 0]


def _cost(words: str, step: Interval) -> str:
    where = interval(step)
    if direction(step) > 0:
        return f"{words} cost {usd(step.estimate)} ({where})"
    if direction(step) < 0:
        return f"{words} brought {usd(-step.estimate)} more ({interval(-step)})"
    return f"{words} made no measurable difference, {usd(step.estimate)} ({where})"


def _households(run: Run) -> str:
    gain = run.difference("negotiated_over_no_vpp", "household_gain_usd")
    if gain is None:
        return ""
    homes = run.figure("negotiated", "homes") or 0
    losers = run.figure("negotiated", "households_worse_off") or 0
    words = {1: "ended better off by", -1: "ended worse off by", 0: "ended about where they were, at"}[direction(gain)]
    told = -gain if direction(gain) < 0 else gain
    sentence = (
        f"Under negotiation households {words} {usd(told.estimate)} in all, bill and wear included ({interval(told)}), "
        f"{number(losers, 0)} of {number(homes, 0)} lost a cent or more"
    )
    return sentence + _against_centralized(run) + "."


def _against_centralized(run: Run) -> str:
    satisfied = run.difference("negotiated_over_centralized", "satisfaction_mean")
    surplus = run.difference("negotiated_over_centralized")
    if satisfied is None or surplus is None:
        return ""
    own, other = (run.figure(key, "satisfaction_mean") for key in ("negotiated", "centralized"))
    liked = {
        1: f"were more satisfied ({score(own)} against {score(other)}) than under centralized control",
        -1: f"were less satisfied ({score(own)} against {score(other)}) than under centralized control",
        0: f"were not measurably more or less satisfied than under centralized control ({score(own)} against "
        f"{score(other)})",
    }[_satisfaction_direction(satisfied)]
    earned = {
        1: f"which earned {usd(surplus.estimate)} less ({interval(surplus)})",
        -1: f"which earned {usd(-surplus.estimate)} more ({interval(-surplus)})",
        0: f"which earned no measurably different surplus ({interval(surplus)})",
    }[direction(surplus)]
    return f", and they {liked}, {earned}"


def _satisfaction_direction(measured: Interval) -> int:
    """As `direction`; a difference that three decimals do not show is none."""
    return 0 if abs(measured.estimate) < 0.0005 else direction(measured)


def observations(run: Run) -> list[str]:
    """What else a reader should know before believing the answer, where the numbers call for it."""
    made = (
        _no_interval(run),
        _linked_days(run),
        *("" if run.study is None else seeds_sentence(run.study, str(run.month), drawn) for drawn in DRAWN),
        _too_small(run),
        _shared_out(run),
        beside_sentence(run),
        concentration_sentence(run),
        reserve_sentence(run),
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

    def steps(linked: pd.Series) -> str:
        return listed(sorted({step.replace("_", " ") for step in surplus.loc[linked, "step"]}))

    follow, alternate = (
        steps(sign * surplus["day_autocorrelation"].astype(float) > _LINKED_DAYS) for sign in (1.0, -1.0)
    )
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
    minimum = run.scenario.market.minimum_bid_mw
    below = run.figure("negotiated", "bids_below_minimum") or 0
    if minimum == 0:
        return _without_minimum(run)
    if below == 0:
        return ""
    windows = int((run.flat.windows["strategy"] == "negotiated").sum())
    share = percent(100 * below / windows)
    return (
        f"In {share} of the windows the negotiated offer stayed below the minimum bid of {number(minimum, 2)} MW in "
        "at least one direction or reserve, which was then not bid."
    )


def _without_minimum(run: Run) -> str:
    """How many of the bids that a minimum of 0 let through the market would have refused."""
    usual = MarketRules().minimum_bid_mw
    windows = run.flat.windows[run.flat.windows["strategy"] == "negotiated"]
    bids = windows[["bid_sell_kw", "bid_buy_kw", "bid_spin_kw", "bid_nonspin_kw"]].to_numpy(dtype=float) / 1000
    made, small = int((bids > 0).sum()), int(((bids > 0) & (bids < usual)).sum())
    told = f": {number(small, 0)} of {number(made, 0)} negotiated bids were smaller" if made else ""
    return f"The minimum bid was set to 0 for this scenario; the market's is {number(usual, 2)} MW{told}."


def _shared_out(run: Run) -> str:
    surplus, gain, profit, median = (
        run.figure("negotiated", name)
        for name in ("surplus_usd", "household_gain_usd", "vpp_profit_usd", "gain_median_usd")
    )
    if surplus is None or gain is None or surplus < _LEAST_USD:
        return ""
    share = f" ({percent(100 * gain / surplus)})" if 0 <= gain <= surplus else ""
    return (
        f"Of the negotiated surplus households have {usd(gain)}{share} and the VPP has {usd(profit)}; the median "
        f"household's gain is {usd(median)}."
    )


def _expectation(run: Run) -> str:
    expected, surplus = run.figure("negotiated", "expected_margin_usd"), run.figure("negotiated", "surplus_usd")
    if expected is None or surplus is None or abs(expected) < _LEAST_USD:
        return ""
    counted = (
        " A car that is held off hour after hour is counted in every window's expectation, and earns once."
        if expected > surplus and len(run.fleet.cars.home)
        else ""
    )
    return (
        f"Negotiated bids expected {usd(expected)} in all, each over leaving its devices alone from then on; "
        f"{usd(surplus)} came in.{counted}"
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


def _saturated(run: Run) -> str:
    names = saturated_components(run)
    if not names:
        return ""
    words = listed([name.replace("_", " ") for name in names])
    return f"At 0.995 or more under every strategy, so of no help in telling them apart: {words}."


def _bound_gap(run: Run) -> str:
    gap, bound = run.figure(UPPER_BOUND, "bound_gap_usd"), run.figure(UPPER_BOUND, "surplus_usd")
    if gap is None or bound is None:
        return ""
    if gap < _LEAST_USD:
        return f"The upper bound of {usd(bound)} is certified to a cent."
    relative = f", {percent(100 * gap / bound, 2)} of it" if bound > 0 else ""
    return f"The upper bound of {usd(bound)} is certified to within {usd(gap)}{relative}."


def _bound_lead(run: Run) -> str:
    """Which kind of money the upper bound has most of beyond the negotiated result."""
    bound, own = (run.figure(key, "surplus_usd") for key in (UPPER_BOUND, "negotiated"))
    if bound is None or own is None or bound - own < _LEAST_USD:
        return ""
    leads = {
        words: sign * ((run.figure(UPPER_BOUND, name) or 0.0) - (run.figure("negotiated", name) or 0.0))
        for name, (words, sign) in (PARTS | _AT_THE_END).items()
    }
    largest = max(leads, key=lambda words: leads[words])
    return (
        f"What the upper bound has beyond negotiation is most of all in {largest}: {usd(leads[largest])} of "
        f"{usd(bound - own)}."
    )


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
