"""The answer in sentences made from signs and intervals. None is fixed in advance: the numbers choose the words.

First what negotiating gave up against commanding, then what households got, then where the difference arises, then what
was earned in all and how far that is from perfect foresight. Money is told per home and period.

The rule: a direction (gave up, earned, more, less) is stated only where the whole interval lies on that side of 0.
Where it holds 0 the sentence says so, with the number. Where one day gives no interval, the direction is that of the
one number, and the sentence says that it is one day's. What one day of many makes is told as that day's.
"""

from __future__ import annotations

import calendar

from vpp_core.results.gains import gains
from vpp_core.results.model_share import share_sentence
from vpp_core.results.modelled import MIN_USD, hanging, hanging_words
from vpp_core.results.run import Run
from vpp_core.results.rungs import ALONE, BOUND, COMMANDED, NEGOTIATED, SMART, TOTAL, UNHEEDING, over
from vpp_core.results.same_knowledge import bills_behind, differences, reason
from vpp_core.results.statistics import Interval
from vpp_core.results.steps import largest_sentence, steps_sentence
from vpp_core.results.text import form_of, interval, listed, number, percent, score, usd

NOT_RUN = "Negotiation was not run, so this run cannot say what it gives up."
_COMMANDING = {
    COMMANDED: "commanding the same homes within their preferences",
    UNHEEDING: "commanding them whatever they prefer",
}
_GAVE_UP = "gave up $"
MOST_OF_IT = 0.5
"""Share of what was given up from which bills are said to make most of it."""


def direction(measured: Interval) -> int:
    """1, −1, or 0 where the days cannot tell; a single day speaks for itself. Less than half a cent is nothing."""
    if abs(measured.estimate) < MIN_USD:
        return 0
    if measured.low is None:
        return 1 if measured.estimate > 0 else -1
    return measured.sign


def answer(run: Run) -> list[str]:
    """The answer, a paragraph each: what was given up, whose decisions they were where a language model was to decide,
    what households got, where the difference arises, what was earned, and how far that is from the bound.
    """
    if run.difference(over(NEGOTIATED, ALONE)) is None:
        return [NOT_RUN]
    whose = share_sentence(run.kpis, run.scenario)
    told = (_given_up(run), whose, _households(run), _why(run), _earned(run), _below_the_bound(run))
    return [paragraph for paragraph in told if paragraph]


def period(run: Run) -> str:
    """`in August 2023`, `over the first 3 days of August 2023`."""
    month = f"{calendar.month_name[run.month.month]} {run.month.year}"
    if not run.scenario.first_days:
        return f"in {month}"
    return f"on the first day of {month}" if run.days == 1 else f"over the first {run.days} days of {month}"


def a_home(run: Run, measured: Interval) -> Interval:
    """A sum over the fleet as dollars a home."""
    ends = [None if end is None else end / run.homes for end in (measured.low, measured.high)]
    return Interval(measured.estimate / run.homes, *ends)


def bracket(run: Run, each: Interval, upper: str, lower: str) -> str:
    """The interval of a difference between two strategies, and what of it hangs on modelled prices."""
    told = [interval(each, form_of(each)), hanging_words(hanging(run, upper, lower))]
    return "; ".join(part for part in told if part)


def _given_up(run: Run) -> str:
    """The first sentence: what was given up a home against each way of commanding, or that the days cannot tell."""
    sides = {words: rung for rung, words in _COMMANDING.items() if run.difference(over(NEGOTIATED, rung)) is not None}
    if not sides:
        return "Commanding was not run, so this run cannot say what negotiating gave up."
    told = [_side(run, rung, words) for words, rung in sides.items() if _told(run, rung)]
    untold = [_undecided(run, rung, words) for words, rung in sides.items() if not _told(run, rung)]
    when = period(run)
    if not told:
        return f"Whether negotiating gave up anything {when} these days cannot tell: {listed(untold)}."
    first, *others = told
    if first.startswith(_GAVE_UP):  # said once
        others = [other.replace(_GAVE_UP, "$", 1).replace(" a home", "", 1) for other in others]
    said = f"{when[0].upper()}{when[1:]} negotiating {listed([first, *others])}"
    return f"{said}; these days cannot tell whether it gave up anything {untold[0]}." if untold else f"{said}."


def _told(run: Run, rung: str) -> bool:
    """Whether the days can tell a difference between negotiating and a rung."""
    apart = run.difference(over(NEGOTIATED, rung))
    return apart is not None and direction(a_home(run, apart)) != 0


def _side(run: Run, rung: str, words: str) -> str:
    """`gave up $0.52 a home against commanding … (95 % interval …)`."""
    apart = run.difference(over(NEGOTIATED, rung))
    assert apart is not None
    given_up = a_home(run, -apart)
    lost = given_up.estimate > 0
    each, upper, lower = (given_up, rung, NEGOTIATED) if lost else (-given_up, NEGOTIATED, rung)
    amount, where = form_of(each)(each.estimate), bracket(run, each, upper, lower)
    day = run.dominating_day(over(NEGOTIATED, rung))
    if day is not None:
        where += f"; one day, {day[0]}, made {percent(day[1], 0)} of it, so it says nothing of the others"
    return f"{'gave up' if lost else 'made'} {amount} a home {'against' if lost else 'more than'} {words} ({where})"


def _undecided(run: Run, rung: str, words: str) -> str:
    """`against commanding …: $0.14 a home (95 % interval …)`."""
    apart = run.difference(over(NEGOTIATED, rung))
    assert apart is not None
    given_up = a_home(run, -apart)
    amount = form_of(given_up)(given_up.estimate)
    return f"against {words}, {amount} a home ({bracket(run, given_up, rung, NEGOTIATED)})"


def _households(run: Run) -> str:
    own = gains(run, NEGOTIATED)
    if own is None:
        return ""
    share = Interval(*(None if end is None else 100 * end for end in _ends(own.gaining)))  # type: ignore[arg-type]
    form = form_of(own.median_usd)
    worse = (
        f"{number(own.losing, 0)} of {number(own.homes, 0)} lost a cent or more, the most {usd(-own.worst_usd)}"
        if own.losing
        else "none lost a cent"
    )
    total = run.difference(over(NEGOTIATED, ALONE), "household_gain_usd")
    mean = a_home(run, total or Interval(run.figure(NEGOTIATED, "household_gain_usd") or 0.0, None, None))
    gained, median = ("gained", own.median_usd) if own.median_usd.estimate >= 0 else ("lost", -own.median_usd)
    return (
        f"The median household {gained} {form(median.estimate)} by it, bill and wear included "
        f"({interval(median, form)}); {percent(share.estimate, 0)} of households gained{_within(share)}, "
        f"{worse}. On average a household has {form_of(mean)(abs(mean.estimate))} "
        f"{'more' if mean.estimate >= 0 else 'less'} than without a VPP{_between(mean)}. {_satisfied(run)}"
    ).strip()


def _between(measured: Interval) -> str:
    """The interval of a mean, turned as it is told: more, or less."""
    turned = measured if measured.estimate >= 0 else -measured
    return "" if turned.low is None else f" ({interval(turned, form_of(turned))})"


def _within(share: Interval) -> str:
    """The interval of a share [%], where other days could have given another."""
    same = share.low is not None and share.low == share.high
    return "" if same else f" ({interval(share, _whole_percent)})"


def _ends(measured: Interval) -> tuple[float, float | None, float | None]:
    return measured.estimate, measured.low, measured.high


def _whole_percent(value: float) -> str:
    return percent(value, 0)


_LIVED_UNDER = {
    NEGOTIATED: "under negotiation",
    COMMANDED: "commanded within their preferences",
    UNHEEDING: "commanded whatever they prefer",
    ALONE: "without a VPP",
}


def _satisfied(run: Run) -> str:
    """Mean satisfaction beside that without a VPP, and against commanding that ignores preferences."""
    told = [f"{score(value)} {words}" for key, words in _LIVED_UNDER.items() if (value := _satisfaction(run, key))]
    if not told:
        return ""
    apart = run.difference(over(NEGOTIATED, UNHEEDING), "satisfaction_mean")
    said = f"Their mean satisfaction, from 0 to 1, is {listed(told)}"
    if apart is None:
        return f"{said}."
    words = {
        1: f"negotiating leaves them more satisfied than ignoring what they prefer, by {score(apart.estimate)}",
        -1: f"negotiating leaves them less satisfied than ignoring what they prefer, by {score(-apart.estimate)}",
        0: "whether they are more satisfied than where what they prefer is ignored, these days cannot tell",
    }[_satisfaction_direction(apart)]
    return f"{said}; {words} ({interval(-apart if apart.sign < 0 else apart, score)})."


def _satisfaction(run: Run, strategy: str) -> float | None:
    return run.figure(strategy, "satisfaction_mean")


def _satisfaction_direction(measured: Interval) -> int:
    """As `direction`; a difference that three decimals do not show is none."""
    return 0 if abs(measured.estimate) < 0.0005 else direction(measured)


def _why(run: Run) -> str:
    """In which sources negotiating is behind the optimiser that knows and obeys the same, and why in the largest."""
    parts = differences(run)
    if not parts:
        return ""
    told = []
    for part in parts:
        each = a_home(run, part.behind)
        form, sign = form_of(each), direction(each)
        told.append(
            {
                1: f"{part.what} brought {form(each.estimate)} a home less ({interval(each, form)})",
                -1: f"{part.what} {form(-each.estimate)} more ({interval(-each, form)})",
                0: f"{part.what} made no measurable difference ({interval(each, form)})",
            }[sign]
        )
    behind = [part for part in parts if direction(a_home(run, part.behind)) > 0]
    most = max(behind, key=lambda part: part.behind.estimate, default=None)
    because = "" if most is None else reason(run, most.column)
    sentences = [
        f"By source, against commanding within preferences: {listed(told)}.",
        because,
        _bills(run),
        _at_a_loss(run),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _bills(run: Run) -> str:
    """Where most of what was given up is bills that fell by less: that, and why an aggregator leaves it."""
    apart, behind = run.difference(over(NEGOTIATED, COMMANDED)), bills_behind(run)
    if apart is None or behind is None or direction(a_home(run, -apart)) <= 0:
        return ""
    each = a_home(run, behind)
    if direction(each) <= 0 or behind.estimate < MOST_OF_IT * -apart.estimate:
        return ""
    form = form_of(each)
    said = f"Homes' bills fell by {form(each.estimate)} a home less ({interval(each, form)})"
    if run.scenario.negotiation.objective != "profit":
        return f"{said}."
    return f"{said}: what a bill falls by a home keeps, and an aggregator for its own profit earns nothing by it."


def _at_a_loss(run: Run) -> str:
    """That commanding costs the VPP itself money, where it does: it counts what households gain."""
    profit, gain = (run.figure(COMMANDED, name) or 0.0 for name in ("vpp_profit_usd", "household_gain_usd"))
    if profit / run.homes > -MIN_USD or gain <= 0:
        return ""
    lost, gained = usd(-profit / run.homes), usd(gain / run.homes)
    said = f"Commanding within preferences, the VPP itself lost {lost} a home and households gained {gained}"
    return f"{said}: for that they would have to pay it."


def _earned(run: Run) -> str:
    made = run.difference(over(NEGOTIATED, ALONE))
    assert made is not None
    each = a_home(run, made)
    form, sign = form_of(each), direction(each)
    where = bracket(run, each if sign >= 0 else -each, NEGOTIATED, ALONE)
    if sign > 0:
        return (
            f"Negotiating earned the VPP and its households together {form(each.estimate)} a home more than having no "
            f"VPP ({where}).{_over_smart_homes(run)}"
        )
    if sign < 0:
        return (
            f"Negotiating lost the VPP and its households together {form(-each.estimate)} a home against having no VPP "
            f"({where}).{_over_smart_homes(run)}"
        )
    if not (run.figure(NEGOTIATED, "bids_submitted") or run.figure(NEGOTIATED, "reserve_bids")):
        return f"Negotiating led to no bid in the market, so nothing was earned over having no VPP ({where})."
    return (
        "Negotiating made no difference to having no VPP that these days could show: "
        f"{form(each.estimate)} a home ({where}).{_over_smart_homes(run)}"
    )


def _over_smart_homes(run: Run) -> str:
    """The surplus over homes that manage themselves: what of it needs a market at all."""
    more, alone = run.difference(over(NEGOTIATED, SMART)), run.figure(SMART, "surplus_usd")
    if more is None or alone is None:
        return ""
    each = a_home(run, more)
    form, sign = form_of(each), direction(each)
    where = bracket(run, each if sign >= 0 else -each, NEGOTIATED, SMART)
    words = {
        1: f"negotiating makes {form(each.estimate)} more ({where})",
        -1: f"negotiating makes {form(-each.estimate)} less ({where})",
        0: f"these days cannot tell negotiating from that ({where})",
    }[sign]
    beside = run.difference(over(SMART, ALONE))
    own = a_home(run, beside or Interval(alone, None, None))
    made = f"{form_of(own)(own.estimate)} a home" + ("" if own.low is None else f" ({interval(own, form_of(own))})")
    return f" Homes that manage themselves for their own bill, without a market, make {made}; {words}."


def _below_the_bound(run: Run) -> str:
    """How far the bound is, in how many of its steps, and which of them is the largest."""
    total = run.difference(TOTAL)
    if total is None:
        return ""
    each = a_home(run, total)
    if abs(each.estimate) < MIN_USD:
        return "Perfect foresight could not have earned more."
    share = run.figure(NEGOTIATED, "percent_of_perfect")
    form = form_of(each)
    of_perfect = f"; negotiating made {percent(share, 0)} of what it could" if share is not None else ""
    return (
        f"Perfect foresight, which nobody has, would have made {form(each.estimate)} a home more "
        f"({bracket(run, each, BOUND, NEGOTIATED)}){of_perfect}. {steps_sentence(run)} {largest_sentence(run)}"
    ).strip()
