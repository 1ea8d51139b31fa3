"""The answer in sentences made from signs and intervals. None is fixed in advance: the numbers choose the words.

The rule: a direction (earned, lost, more, less) is stated only where the whole interval lies on that side of 0. Where
it holds 0 the sentence says so, with the number. Where one day gives no interval, the direction is that of the one
number, and the sentence says that it is one day's. What one day of many makes is told as that day's.
"""

from __future__ import annotations

from vpp_core.results.model_share import share_sentence
from vpp_core.results.modelled import LEAST_SHARE, LEAST_USD, modelled_share
from vpp_core.results.run import Run
from vpp_core.results.rungs import (
    ALONE,
    COMMANDED,
    NEGOTIATED,
    PREFERENCES_FIRST,
    PREFERENCES_LAST,
    SMART,
    SPLIT,
    TOTAL,
    UNHEEDING,
    WORDS,
    over,
)
from vpp_core.results.shares import shown_share
from vpp_core.results.statistics import Floats, Interval, dominates, sum_interval
from vpp_core.results.text import count, form_of, interval, listed, number, percent, score, usd


def direction(measured: Interval) -> int:
    """1, −1, or 0 where the days cannot tell; a single day speaks for itself."""
    if measured.low is None:
        return 0 if abs(measured.estimate) < LEAST_USD else (1 if measured.estimate > 0 else -1)
    return measured.sign


def answer(run: Run) -> list[str]:
    """The answer: negotiated against commanded, what that is over no VPP and over smart homes, where the distance to
    the bound comes from, and what households got; and where a language model was to decide, how much it did."""
    if run.difference(over(NEGOTIATED, ALONE)) is None:
        return ["Negotiation was not run, so this run cannot say what it earns."]
    whose = share_sentence(run.kpis, run.scenario)
    told = (_question(run), whose, _earned(run), _given_up(run), _households(run))
    return [sentence for sentence in told if sentence]


def _question(run: Run) -> str:
    """What the benchmark asks, per home: negotiated against commanded, and what households got of it."""
    homes = run.figure(NEGOTIATED, "homes") or 1
    made, gain = (run.figure(NEGOTIATED, name) for name in ("surplus_usd", "household_gain_usd"))
    sides = [
        _beside(run, rung, words, homes)
        for rung, words in (
            (COMMANDED, "commanding the same homes within their preferences"),
            (UNHEEDING, "commanding them whatever they prefer"),
        )
    ]
    against = [side for side in sides if side]
    told = f"Over {_period(run)} negotiating made {usd((made or 0.0) / homes)} a home"
    told += f", against {listed(against)}" if against else ""
    return f"{told}; {usd((gain or 0.0) / homes)} of it a home went to the households, bill and wear included."


def _beside(run: Run, rung: str, words: str, homes: float) -> str:
    """What commanding made a home, and how far negotiating is from it."""
    apart = run.difference(over(NEGOTIATED, rung))
    whole = run.figure(rung, "surplus_usd")
    if apart is None or whole is None:
        return ""
    each = Interval(*(None if end is None else end / homes for end in (apart.estimate, apart.low, apart.high)))  # type: ignore[arg-type]
    form = form_of(each)
    sign = direction(each)
    far = {
        1: f"{form(each.estimate)} less than negotiating, {interval(each, form)}",
        -1: f"{form(-each.estimate)} more than negotiating, {interval(-each, form)}",
        0: f"no measurable difference, {interval(each, form)}",
    }[sign]
    day = run.dominating_day(over(NEGOTIATED, rung))
    if sign and day is not None:
        far = f"a difference of which one day, {day[0]}, made {percent(day[1], 0)}"
    return f"{usd(whole / homes)} by {words} ({far})"


def _period(run: Run) -> str:
    return f"the first {count(run.days, 'day')} of the month" if run.scenario.first_days else "the month"


def _earned(run: Run) -> str:
    made = run.difference(over(NEGOTIATED, ALONE))
    assert made is not None
    share = run.figure(NEGOTIATED, "percent_of_perfect")
    of_perfect = f", {percent(share)} of what perfect foresight could have earned" if share is not None else ""
    form = form_of(made)
    where = interval(made, form)
    if direction(made) > 0:
        return (
            f"Negotiating earned the VPP and its households together {form(made.estimate)} more than having no VPP "
            f"({where}){of_perfect}{_modelled_reserves(run)}.{_over_smart_homes(run)}"
        )
    if direction(made) < 0:
        return (
            f"Negotiating lost the VPP and its households together {form(-made.estimate)} against having no VPP "
            f"({interval(-made, form)}).{_over_smart_homes(run)}"
        )
    if not (run.figure(NEGOTIATED, "bids_submitted") or run.figure(NEGOTIATED, "reserve_bids")):
        return f"Negotiating led to no bid in the market, so nothing was earned over having no VPP ({where})."
    return (
        "Negotiating made no difference to having no VPP that these days could show: "
        f"{form(made.estimate)} ({where}).{_over_smart_homes(run)}"
    )


def _over_smart_homes(run: Run) -> str:
    """The surplus over homes that manage themselves: what of it needs a market at all."""
    more, alone = run.difference(over(NEGOTIATED, SMART)), run.figure(SMART, "surplus_usd")
    if more is None or alone is None:
        return ""
    form = form_of(more)
    where = interval(more, form)
    words = {
        1: f"negotiating makes {form(more.estimate)} more ({where})",
        -1: f"negotiating makes {form(-more.estimate)} less ({interval(-more, form)})",
        0: f"these days cannot tell negotiating from that ({where})",
    }[direction(more)]
    return f" Homes that manage themselves for their own bill, without a market, make {usd(alone)}; {words}."


def _modelled_reserves(run: Run) -> str:
    """How much of what was earned rests on reserve prices that nobody published."""
    earned, made_up = run.figure(NEGOTIATED, "surplus_reserves_usd"), modelled_share(run, "reserve")
    whole = run.figure(NEGOTIATED, "surplus_usd") or 0.0
    if earned is None or earned < LEAST_USD or made_up < LEAST_SHARE:
        return ""
    part = f"{usd(earned)} of it is" if earned <= whole else f"{usd(earned)}, more than the whole, is"
    return f"; {part} for reserves, at prices that are {shown_share(made_up)} modelled"


def _given_up(run: Run) -> str:
    total = run.difference(TOTAL, path=PREFERENCES_FIRST)
    if total is None:
        return ""
    steps = [name for name, *_ in SPLIT[PREFERENCES_FIRST]]
    known = {name: step for name in steps if (step := run.difference(name, path=PREFERENCES_FIRST)) is not None}
    form = form_of(total)
    if len(known) < len(steps):
        whole = f"It stayed {form(total.estimate)} ({interval(total, form)}) below perfect foresight"
        return f"{whole}; the rungs between were not run."
    if abs(total.estimate) < LEAST_USD:
        return "Perfect foresight could not have earned more."
    parts = [_cost(run, name, step) for name, step in known.items()]
    return (
        f"It stayed {form(total.estimate)} ({interval(total, form)}) below perfect foresight: {listed(parts)}; "
        f"{_largest(run)}."
    )


def _largest(run: Run) -> str:
    """Which step is the largest, where the days can tell, and whether that depends on the order of the steps."""
    first, other = (_largest_of(run, path) for path in (PREFERENCES_FIRST, PREFERENCES_LAST))
    if not other or first == other:
        return _in_front(first)
    return f"{_in_front(first)}, but where preferences are given up last {_in_front(other)}"


def _in_front(steps: list[str]) -> str:
    if len(steps) == 1:
        return f"the largest part is {steps[0]}"
    return f"which part is the largest, {' or '.join(steps)}, these days cannot tell"


def _largest_of(run: Run, path: str) -> list[str]:
    """The largest step of a path in words, and those that are not measurably smaller: paired day by day."""
    by_day = run.daily.set_index(["local_day", "strategy"])["surplus_usd"].unstack()
    steps = {
        WORDS[name]: (by_day[upper] - by_day[lower]).to_numpy(dtype=float)
        for name, upper, lower in SPLIT[path]
        if upper in by_day and lower in by_day
    }
    if not steps:
        return []
    most = steps[max(steps, key=lambda words: steps[words].sum())]
    return [words for words, days in steps.items() if days is most or _not_smaller(most, days)]


def _not_smaller(most: Floats, other: Floats) -> bool:
    """Whether the days cannot tell that a step is smaller than the largest, or one of them alone would."""
    lead = most - other
    return direction(sum_interval(lead)) <= 0 or dominates(lead)


def _cost(run: Run, name: str, step: Interval) -> str:
    words, form = WORDS[name], form_of(step)
    where = interval(step, form)
    day = run.dominating_day(name, PREFERENCES_FIRST)
    if day is not None and direction(step) != 0:
        return (
            f"{words} {_made(step)} {form(abs(step.estimate))}, of which one day, {day[0]}, made {percent(day[1], 0)}, "
            "so it says nothing of the others"
        )
    if direction(step) > 0:
        return f"{words} cost {form(step.estimate)} ({where})"
    if direction(step) < 0:
        return f"{words} brought {form(-step.estimate)} more ({interval(-step, form)})"
    return f"{words} made no measurable difference, {form(step.estimate)} ({where})"


def _made(step: Interval) -> str:
    return "cost" if step.estimate > 0 else "brought"


def _households(run: Run) -> str:
    gain = run.difference(over(NEGOTIATED, ALONE), "household_gain_usd")
    if gain is None:
        return ""
    homes = run.figure(NEGOTIATED, "homes") or 0
    losers = run.figure(NEGOTIATED, "households_worse_off") or 0
    words = {1: "ended better off by", -1: "ended worse off by", 0: "ended about where they were, at"}[direction(gain)]
    told, form = -gain if direction(gain) < 0 else gain, form_of(gain)
    sentence = (
        f"Under negotiation households {words} {form(told.estimate)} in all, bill and wear included "
        f"({interval(told, form)}), {number(losers, 0)} of {number(homes, 0)} lost a cent or more"
    )
    return sentence + _against_centralized(run) + "."


def _against_centralized(run: Run) -> str:
    satisfied = run.difference(over(NEGOTIATED, UNHEEDING), "satisfaction_mean")
    if satisfied is None:
        return ""
    own, other = (run.figure(key, "satisfaction_mean") for key in (NEGOTIATED, UNHEEDING))
    liked = {
        1: f"were more satisfied ({score(own)} against {score(other)}) than where their preferences are ignored",
        -1: f"were less satisfied ({score(own)} against {score(other)}) than where their preferences are ignored",
        0: "were not measurably more or less satisfied than where their preferences are ignored "
        f"({score(own)} against {score(other)})",
    }[_satisfaction_direction(satisfied)]
    return f", and they {liked}"


def _satisfaction_direction(measured: Interval) -> int:
    """As `direction`; a difference that three decimals do not show is none."""
    return 0 if abs(measured.estimate) < 0.0005 else direction(measured)
