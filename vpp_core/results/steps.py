"""The steps from perfect foresight down to negotiation in sentences: what each costs a home, which is the largest."""

from __future__ import annotations

from vpp_core.results.modelled import MIN_USD
from vpp_core.results.run import Run
from vpp_core.results.rungs import PREFERENCES_FIRST, PREFERENCES_LAST, SPLIT, WORDS
from vpp_core.results.statistics import Floats, Interval, dominates, sum_interval
from vpp_core.results.text import form_of, interval, listed, percent


def steps_sentence(run: Run) -> str:
    """Each step of the path on which preferences are given up first, with its interval."""
    steps = [name for name, *_ in SPLIT[PREFERENCES_FIRST]]
    known = {name: step for name in steps if (step := run.difference(name, path=PREFERENCES_FIRST)) is not None}
    if len(known) < len(steps):
        return "The rungs between were not run."
    return f"Step by step that is {listed([_cost(run, name, step) for name, step in known.items()])}."


def _cost(run: Run, name: str, whole: Interval) -> str:
    ends = [None if end is None else end / run.homes for end in (whole.low, whole.high)]
    step = Interval(whole.estimate / run.homes, *ends)
    words, form = WORDS[name], form_of(step)
    day = run.dominating_day(name, PREFERENCES_FIRST)
    amount, where = form(abs(step.estimate)), interval(step if step.estimate > 0 else -step, form)
    sign = step.sign if step.low is not None else 1 if step.estimate > 0 else -1
    if abs(step.estimate) < MIN_USD or sign == 0:
        return f"nothing measurable for {words} ({form(step.estimate)}, {interval(step, form)})"
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
    steps = {
        WORDS[name]: (by_day[upper] - by_day[lower]).to_numpy(dtype=float)
        for name, upper, lower in SPLIT[path]
        if upper in by_day and lower in by_day
    }
    if len(steps) < len(SPLIT[path]):
        return []
    most = steps[max(steps, key=lambda words: steps[words].sum())]
    return [words for words, days in steps.items() if days is most or _not_smaller(most, days)]


def _not_smaller(most: Floats, other: Floats) -> bool:
    """Whether the days cannot tell that a step is smaller than the largest, or one of them alone would."""
    lead = most - other
    if len(lead) == 1:
        return not lead[0] > 0
    return sum_interval(lead).sign <= 0 or dominates(lead)
