"""Sentences on what households got by negotiating: the median home, who gained, the mean home, and satisfaction."""

from __future__ import annotations

from vpp_core.results.gains import gains
from vpp_core.results.run import Run
from vpp_core.results.rungs import ALONE, COMMANDED, NEGOTIATED, UNHEEDING, over
from vpp_core.results.statistics import Interval
from vpp_core.results.text import form_of, interval, listed, number, percent, score, usd
from vpp_core.results.told import a_home, between, by_number, direction, is_nothing


def household_sentences(run: Run) -> str:
    own = gains(run, NEGOTIATED)
    if own is None:
        return ""
    share = Interval(*(None if end is None else 100 * end for end in _ends(own.gaining)))  # type: ignore[arg-type]
    worse = (
        f"{number(own.losing, 0)} of {number(own.homes, 0)} lost a cent or more, the most {usd(-own.worst_usd)}"
        if own.losing
        else "none lost a cent"
    )
    if own.homes == 1:  # is its own median and mean
        return f"{_gained('the household', own.median_usd)}. {_satisfied(run)}".strip()
    return (
        f"{_gained('the median household', own.median_usd)}; {percent(share.estimate, 0)} of households "
        f"gained{_within(share)}, {worse}. {_on_average(run)} {_satisfied(run)}"
    ).strip()


def _gained(who: str, gain: Interval) -> str:
    """`The median household gained $3 by it, bill and wear included (95 % interval …)`, or: cannot tell."""
    form, sign = form_of(gain), direction(gain)
    first = f"{who[0].upper()}{who[1:]}"
    if is_nothing(gain):
        return f"{first} neither gained nor lost by it, bill and wear included ({interval(gain, form)})"
    if sign == 0:
        return (
            f"Whether {who} gained by it, bill and wear included, these days cannot tell: "
            f"{form(gain.estimate)} ({interval(gain, form)})"
        )
    turned = gain if sign > 0 else -gain
    return (
        f"{first} {'gained' if sign > 0 else 'lost'} {form(turned.estimate)} by it, bill and wear "
        f"included ({interval(turned, form)})"
    )


def _on_average(run: Run) -> str:
    """The sentence on the mean household's gain over no VPP, or that the days cannot tell its direction."""
    total = run.difference(over(NEGOTIATED, ALONE), "household_gain_usd")
    assert total is not None
    mean = a_home(run, total)
    form, sign = form_of(mean), direction(mean)
    if is_nothing(mean):
        return f"On average a household has what it has without a VPP{between(mean)}."
    if sign == 0:
        return (
            "Whether a household has on average more than without a VPP these days cannot tell: "
            f"{form(mean.estimate)}{between(mean)}."
        )
    turned = mean if sign > 0 else -mean
    words = "more" if sign > 0 else "less"
    return f"On average a household has {form(turned.estimate)} {words} than without a VPP{between(turned)}."


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
    COMMANDED: "commanded within {their} preferences",
    UNHEEDING: "commanded whatever {they} prefer{s}",
    ALONE: "without a VPP",
}
_OF_ONE = {"their": "its", "they": "it", "s": "s", "them": "it", "are": "is"}
_OF_MORE = {"their": "their", "they": "they", "s": "", "them": "them", "are": "are"}


def _satisfied(run: Run) -> str:
    """Mean satisfaction beside that without a VPP, and against commanding that ignores preferences."""
    scored = {words: run.figure(key, "satisfaction_mean") for key, words in _LIVED_UNDER.items()}
    form = _OF_ONE if run.homes == 1 else _OF_MORE
    told = [f"{score(value)} {words.format_map(form)}" for words, value in scored.items() if value is not None]
    if not told:
        return ""
    apart = run.difference(over(NEGOTIATED, UNHEEDING), "satisfaction_mean")
    said = f"{by_number(run, 'Its', 'Their mean')} satisfaction, from 0 to 1, is {listed(told)}"
    if apart is None:
        return f"{said}."
    words = {
        1: "negotiating leaves {them} more satisfied than ignoring what {they} prefer{s}, by " + score(apart.estimate),
        -1: "negotiating leaves {them} less satisfied than ignoring what {they} prefer{s}, by "
        + score(-apart.estimate),
        0: "whether {they} {are} more satisfied than where what {they} prefer{s} is ignored, these days cannot tell",
    }[_satisfaction_direction(apart)].format_map(form)
    return f"{said}; {words} ({interval(-apart if apart.sign < 0 else apart, score)})."


def _satisfaction_direction(measured: Interval) -> int:
    """As `direction`; a difference that three decimals do not show is none."""
    return 0 if abs(measured.estimate) < 0.0005 else direction(measured)
