"""How a difference between strategies is told: a home, in which direction, with its interval."""

from __future__ import annotations

from vpp_core.results.modelled import MIN_USD, hanging, hanging_words
from vpp_core.results.run import Run
from vpp_core.results.statistics import Interval
from vpp_core.results.text import form_of, interval


def by_number(run: Run, of_one: str, of_more: str) -> str:
    """Words for a fleet of one home, or for those of more."""
    return of_one if run.homes == 1 else of_more


def direction(measured: Interval) -> int:
    """1, −1, or 0 where the days cannot tell; a single day speaks for itself. Less than half a cent is nothing."""
    if abs(measured.estimate) < MIN_USD:
        return 0
    if measured.low is None:
        return 1 if measured.estimate > 0 else -1
    return measured.sign


def is_nothing(measured: Interval) -> bool:
    """Whether the estimate and both ends are less than half a cent."""
    return all(abs(end) < MIN_USD for end in (measured.estimate, measured.low, measured.high) if end is not None)


def a_home(run: Run, measured: Interval) -> Interval:
    """A sum over the fleet as dollars a home."""
    ends = [None if end is None else end / run.homes for end in (measured.low, measured.high)]
    return Interval(measured.estimate / run.homes, *ends)


def bracket(run: Run, each: Interval, upper: str, lower: str) -> str:
    """The interval of a difference between two strategies, and what of it hangs on modelled prices."""
    told = [interval(each, form_of(each)), hanging_words(hanging(run, upper, lower))]
    return "; ".join(part for part in told if part)


def between(measured: Interval) -> str:
    """The interval of a mean, where there is one."""
    return "" if measured.low is None else f" ({interval(measured, form_of(measured))})"
