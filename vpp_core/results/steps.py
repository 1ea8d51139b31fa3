"""The distance from perfect foresight down to negotiation in sentences: how far, in which steps, which is the largest.

A bound's surplus is that of the best schedule found; no schedule makes more than that and its gap. So a difference
from a bound is known to its gap only, and a step whose direction hangs on that is not told as a cost.
"""

from __future__ import annotations

from vpp_core.results.modelled import MIN_USD
from vpp_core.results.run import Run
from vpp_core.results.rungs import (
    BOUND,
    BOUND_WITHIN,
    COMMANDED,
    NEGOTIATED,
    PREFERENCES_FIRST,
    PREFERENCES_LAST,
    SPLIT,
    TOTAL,
    WORDS,
    Step,
    over,
)
from vpp_core.results.statistics import Floats, Interval, dominates, sum_interval
from vpp_core.results.text import form_of, interval, listed, percent, usd
from vpp_core.results.told import a_home, bracket


def below_the_bound(run: Run) -> str:
    """The paragraph on the distance to the bound: how far, its steps, the largest; where only the bound within
    preferences was run, how far from that; empty where neither was.
    """
    total = run.difference(TOTAL)
    if total is None:
        return _below_the_bound_within(run)
    each, gap = a_home(run, total), gap_usd(run, BOUND) / run.homes
    if each.estimate < MIN_USD:
        if each.estimate + gap < MIN_USD:
            return "Perfect foresight could not have earned more."
        found = f"{usd(-each.estimate)} a home less" if each.estimate <= -MIN_USD else "nothing more"
        return (
            f"The best schedule found for perfect foresight makes {found} than negotiating, and none makes more than "
            f"{usd(each.estimate + gap)} a home more."
        )
    form = form_of(each)
    known = f"; known to {usd(gap)}" if gap >= MIN_USD else ""
    return (
        f"Perfect foresight, which nobody has, would have made {form(each.estimate)} a home more "
        f"({bracket(run, each, BOUND, NEGOTIATED)}{known}){_of_perfect(run)}. {steps_sentence(run)} "
        f"{largest_sentence(run)}"
    ).strip()


def _below_the_bound_within(run: Run) -> str:
    """The distance of commanding to the bound within preferences, in one sentence."""
    pair = run.difference(over(COMMANDED, BOUND_WITHIN))
    if pair is None:
        return ""
    each, gap = a_home(run, -pair), gap_usd(run, BOUND_WITHIN) / run.homes
    if each.estimate < MIN_USD:
        return ""
    shares = [
        f"{words} {share}"
        for key, words in ((COMMANDED, "commanding made"), (NEGOTIATED, "negotiating"))
        if (share := _share_of(run, key, BOUND_WITHIN))
    ]
    known = f"; known to {usd(gap)}" if gap >= MIN_USD else ""
    return (
        f"Perfect foresight within preferences, which nobody has, would have made {form_of(each)(each.estimate)} a "
        f"home more than commanding ({bracket(run, each, BOUND_WITHIN, COMMANDED)}{known}): "
        f"{listed(shares)} of what it could."
    )


def _of_perfect(run: Run) -> str:
    """The clause on negotiation's share of the bound."""
    share = _share_of(run, NEGOTIATED, BOUND)
    return f"; negotiating made {share} of what it could" if share else ""


def _share_of(run: Run, strategy: str, bound: str) -> str:
    """A strategy's share of a bound, the lower end first: of the best schedule found, and of what is proven, that and
    its gap; empty where not measured.
    """
    own, best = run.figure(strategy, "surplus_usd"), run.figure(bound, "surplus_usd")
    if own is None or best is None or best <= 0:
        return ""
    ends = [percent(share, 0) for share in sorted((100 * own / best, 100 * own / (best + gap_usd(run, bound))))]
    return " to ".join(dict.fromkeys(ends))


def gap_usd(run: Run, strategy: str) -> float:
    """By how much the best may be above what is told of a strategy [$]: of a bound its gap, else nothing."""
    return run.figure(strategy, "bound_gap_usd") or 0.0


def steps_sentence(run: Run) -> str:
    """Each step of the path on which preferences are given up first, with its interval."""
    told = [
        _cost(run, step, whole)
        for step in SPLIT[PREFERENCES_FIRST]
        if (whole := run.difference(step[0], path=PREFERENCES_FIRST)) is not None
    ]
    if len(told) < len(SPLIT[PREFERENCES_FIRST]):
        return "The rungs between were not run."
    return f"Step by step that is {listed(told)}."


def _cost(run: Run, of: Step, whole: Interval) -> str:
    name, upper, lower = of
    step = a_home(run, whole)
    words, form = WORDS[name], form_of(step)
    day = run.dominating_day(name, PREFERENCES_FIRST)
    amount, where = form(abs(step.estimate)), interval(step if step.estimate > 0 else -step, form)
    sign = step.sign if step.low is not None else 1 if step.estimate > 0 else -1
    if abs(step.estimate) < MIN_USD or sign == 0:
        return f"nothing measurable for {words} ({form(step.estimate)}, {interval(step, form)})"
    unknown = gap_usd(run, lower if sign > 0 else upper) / run.homes
    if abs(step.estimate) <= unknown:
        return f"nothing certain for {words} ({form(step.estimate)}, where the bound is known to {usd(unknown)})"
    if day is not None:
        where += f", of which one day, {day[0]}, made {percent(day[1], 0)}, so it says nothing of the others"
    return f"{amount} for {words} ({where})" if sign > 0 else f"{amount} brought by {words} ({where})"


def largest_sentence(run: Run) -> str:
    """Which step is the largest, where the days can tell, and whether that depends on the order of the steps."""
    first, other = (_largest_of(run, path) for path in (PREFERENCES_FIRST, PREFERENCES_LAST))
    if not first:
        return ""
    told = _in_front(first)
    if not other or set(first) == set(other):
        return told
    return f"{told} Preferences may be given up last instead of first: then {_lowered(_in_front(other))}"


def _in_front(steps: list[str]) -> str:
    if len(steps) == 1:
        return f"The largest of these costs is {steps[0]}."
    which = "which of the two is larger" if len(steps) == 2 else "which of them is the largest"
    return f"The largest of these costs are {listed(steps)}; {which}, these days cannot tell."


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _largest_of(run: Run, path: str) -> list[str]:
    """The largest step of a path in words, and those that are not measurably smaller: paired day by day."""
    by_day = run.daily.set_index(["local_day", "strategy"])["surplus_usd"].unstack()
    if not {key for _, *ends in SPLIT[path] for key in ends} <= set(by_day):
        return []
    steps = {step: (by_day[step[1]] - by_day[step[2]]).to_numpy(dtype=float) for step in SPLIT[path]}
    most = max(steps, key=lambda step: steps[step].sum())
    return [
        WORDS[step[0]]
        for step, days in steps.items()
        if step is most or _not_smaller(steps[most], days, gap_usd(run, most[2]) + gap_usd(run, step[1]))
    ]


def _not_smaller(most: Floats, other: Floats, unknown_usd: float) -> bool:
    """Whether the days cannot tell that a step is smaller than the largest, or one of them alone would, or it may be as
    large by what the bounds between them are not known to.
    """
    lead = most - other
    if lead.sum() <= unknown_usd:
        return True
    if len(lead) == 1:
        return False
    return sum_interval(lead).sign <= 0 or dominates(lead)
