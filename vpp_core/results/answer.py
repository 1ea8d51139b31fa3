"""The answer in sentences made from signs and intervals. None is fixed in advance: the numbers choose the words.

First what negotiating gave up against commanding, then what households got, then where the difference arises, then what
was earned in all and how far that is from perfect foresight. Money is told per home and period.

The rule: a direction (gave up, earned, more, less) is stated only where the whole interval lies on that side of 0.
Where it holds 0 the sentence says so, with the number. Where one day gives no interval, the direction is that of the
one number, and the sentence says that it is one day's. What one day of many makes is told as that day's.
"""

from __future__ import annotations

import calendar

from vpp_core.results.household_sentences import household_sentences
from vpp_core.results.model_share import share_sentence
from vpp_core.results.run import Run, once_a_run
from vpp_core.results.rungs import ALONE, COMMANDED, NEGOTIATED, SMART, UNHEEDING, over
from vpp_core.results.same_knowledge import bills_behind, differences, reason
from vpp_core.results.statistics import Interval
from vpp_core.results.steps import below_the_bound
from vpp_core.results.text import form_of, interval, listed, percent
from vpp_core.results.told import a_home, between, bracket, by_number, direction, is_nothing

NOT_RUN = "Negotiation was not run, so this run cannot say what it gives up."
_COMMANDING = {COMMANDED: "within {their} preferences", UNHEEDING: "whatever {they} prefer"}
_GAVE_UP = "gave up "
MOST_OF_IT = 0.5
"""Share of what was given up from which bills are said to make most of it."""


@once_a_run
def answer(run: Run) -> list[str]:
    """The answer, a paragraph each: what was given up, whose decisions they were where a language model was to decide,
    what households got, where the difference arises, what was earned, and how far that is from the bound.
    """
    if run.difference(over(NEGOTIATED, ALONE)) is None:
        return [NOT_RUN]
    if nothing := _nothing_to_move(run):
        return [nothing]
    whose = share_sentence(run.kpis, run.scenario)
    told = (_given_up(run), whose, household_sentences(run), _why(run), _earned(run), below_the_bound(run))
    return [paragraph for paragraph in told if paragraph]


def period(run: Run) -> str:
    """`in August 2023`, `over the first 3 days of August 2023`."""
    month = f"{calendar.month_name[run.month.month]} {run.month.year}"
    if not run.scenario.first_days:
        return f"in {month}"
    return f"on the first day of {month}" if run.days == 1 else f"over the first {run.days} days of {month}"


def _nothing_to_move(run: Run) -> str:
    """The sentence for a fleet in which no home has a battery, a car or a flexible appliance; empty for any other."""
    fleet = run.fleet
    if fleet.has_battery.any() or len(fleet.cars) or any(len(kind) for kind in fleet.appliances.values()):
        return ""
    nobody = by_number(
        run,
        "The home has no battery, no electric car and no appliance",
        f"None of the {run.homes:,} homes has a battery, an electric car or an appliance",
    )
    return f"{nobody} whose energy a VPP could move, so every strategy leaves all as it is."


def _given_up(run: Run) -> str:
    """The first sentence: what was given up a home against each way of commanding, or that the days cannot tell."""
    sides = [rung for rung in _COMMANDING if run.difference(over(NEGOTIATED, rung)) is not None]
    if not sides:
        return "Commanding was not run, so this run cannot say what negotiating gave up."
    sides.sort(key=lambda rung: not _told(run, rung))  # what the days can tell comes first
    commanding = {rung: _commanding(run, rung, again=rung != sides[0]) for rung in sides}
    told = [_side(run, rung, words) for rung, words in commanding.items() if _told(run, rung)]
    untold = [_undecided(run, rung, words) for rung, words in commanding.items() if not _told(run, rung)]
    when = period(run)
    if not told:
        return f"Whether negotiating gave up anything {when} these days cannot tell: {listed(untold)}."
    first, *others = told
    if first.startswith(_GAVE_UP):  # said once
        others = [other.removeprefix(_GAVE_UP) for other in others]
    if " a home against " in first:
        others = [other.replace(" a home", "", 1) for other in others]
    said = f"{when[0].upper()}{when[1:]} negotiating {listed([first, *others])}"
    return f"{said}; these days cannot tell whether it gave up anything {untold[0]}." if untold else f"{said}."


def _commanding(run: Run, rung: str, *, again: bool) -> str:
    """`commanding the same homes within their preferences`; `again`: the homes were named before."""
    theirs = {"their": by_number(run, "its", "their"), "they": by_number(run, "it", "they")}
    how = _COMMANDING[rung].format_map(theirs) + ("s" if run.homes == 1 and rung == UNHEEDING else "")
    whom = by_number(run, "it", "them") if again else by_number(run, "the same home", "the same homes")
    return f"commanding {whom} {how}"


def _told(run: Run, rung: str) -> bool:
    """True where the interval of negotiating minus a rung excludes zero, or the two make the same."""
    apart = run.difference(over(NEGOTIATED, rung))
    return apart is not None and (direction(a_home(run, apart)) != 0 or _alike(run, apart))


def _alike(run: Run, apart: Interval) -> bool:
    """True where a difference has an interval, and it and both ends are below half a cent a home."""
    return apart.low is not None and is_nothing(a_home(run, apart))


def _side(run: Run, rung: str, words: str) -> str:
    """`gave up $0.52 a home against commanding … (95 % interval …)`."""
    apart = run.difference(over(NEGOTIATED, rung))
    assert apart is not None
    given_up = a_home(run, -apart)
    if _alike(run, apart):
        return f"gave up nothing against {words} ({interval(given_up, form_of(given_up))})"
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
                -1: f"{part.what} brought {form(-each.estimate)} more ({interval(-each, form)})",
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
    whose, by_each = by_number(run, "The home's bill", "Homes' bills"), by_number(run, "", " a home")
    by_strategy = run.daily.groupby("strategy")["bill_change_usd"].sum()
    if by_strategy[COMMANDED] >= 0 or by_strategy[NEGOTIATED] > 0:
        return f"{whose} came to {form(each.estimate)}{by_each} more ({interval(each, form)})."
    said = f"{whose} fell by {form(each.estimate)}{by_each} less ({interval(each, form)})"
    if run.scenario.negotiation.objective != "profit":
        return f"{said}."
    return f"{said}: what a bill falls by a home keeps, and an aggregator for its own profit earns nothing by it."


def _at_a_loss(run: Run) -> str:
    """That commanding costs the VPP itself money, where it does: it counts what households gain."""
    profit, gain = (run.difference(over(COMMANDED, ALONE), name) for name in ("vpp_profit_usd", "household_gain_usd"))
    if profit is None or gain is None:
        return ""
    lost, gained = -a_home(run, profit), a_home(run, gain)
    if direction(lost) <= 0 or direction(gained) <= 0:
        return ""
    who, they = by_number(run, "the household", "households"), by_number(run, "it", "they")
    return (
        f"Commanding within preferences, the VPP itself lost {form_of(lost)(lost.estimate)} a home{between(lost)} and "
        f"{who} gained {form_of(gained)(gained.estimate)}{between(gained)}: for that {they} would have to pay the VPP."
    )


def _earned(run: Run) -> str:
    made = run.difference(over(NEGOTIATED, ALONE))
    assert made is not None
    each = a_home(run, made)
    form, sign = form_of(each), direction(each)
    where = bracket(run, each if sign >= 0 else -each, NEGOTIATED, ALONE)
    whom = f"the VPP and its {by_number(run, 'household', 'households')} together"
    if sign > 0:
        return (
            f"Negotiating earned {whom} {form(each.estimate)} a home more than having no "
            f"VPP ({where}).{_over_smart_homes(run)}"
        )
    if sign < 0:
        return (
            f"Negotiating lost {whom} {form(-each.estimate)} a home against having no VPP "
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
    made = (
        form_of(own)(own.estimate)
        + by_number(run, "", " a home")
        + ("" if own.low is None else f" ({interval(own, form_of(own))})")
    )
    who = by_number(
        run,
        "A home that manages itself for its own bill, without a market, makes",
        "Homes that manage themselves for their own bill, without a market, make",
    )
    return f" {who} {made}; {words}."
