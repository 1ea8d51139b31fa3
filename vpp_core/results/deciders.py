"""Several deciders on the same months and homes: a leaderboard, and what each earns more than the first, paired."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.results.model_share import decider_names, share_percent
from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.statistics import FEW_DAYS, Interval, sum_interval
from vpp_core.results.study import over_seeds
from vpp_core.results.text import NONE, ONE_DAY, count, interval, listed, percent, score, usd
from vpp_core.scenario.variation import DECIDERS

HOW_COMPARED = (
    "The same homes, prices and windows for every decider. A score is the part of what both sides could have expected "
    "to gain together that the aggregator is expected to get, by a verifier that knows both sides' private prices. "
    "Money is of the books; differences from the first decider are paired, with 95 % intervals over fleets (Student's "
    "t) or, with one fleet, over days. A model that took fewer than 90 % of its decisions is named with the rules that "
    "took the others."
)
_MONEY = {"vpp_profit_usd": "aggregator", "household_gain_usd": "households", "surplus_usd": "surplus"}


def of_deciders(rows: pd.DataFrame, month: str) -> list[tuple[str, pd.DataFrame]]:
    """Name and rows of each study of deciders with this month; `rows` are those of `STUDY`."""
    shown = rows[(rows["month"] == month) & (rows["varied"] == DECIDERS.varied) & (rows["strategy"] == NEGOTIATED)]
    return [(str(name), members) for name, members in shown.groupby("study", sort=False)]


def decider_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Display rows of one study of deciders, the best score first; `rows` as `of_deciders` gives them."""
    names, first = decider_names(rows), rows["value"].min()
    lines = []
    for value, name in names.items():
        members = rows[rows["value"] == value]
        judged = members[[name for name in rows if str(name).startswith("judged_")]].sum(min_count=1)
        share = share_percent(int(members["llm_answers"].sum()), int(members["llm_fallbacks"].sum()))
        line: dict[str, Any] = {
            "decider": name,
            "decisions its own": "all, by rule" if members["asked_decider"].iloc[0] == "rules" else percent(share),
            "score": percent(_of_achievable(judged, "aggregator_usd")),
            "both together": percent(_of_achievable(judged, "joint_usd")),
            "agreed": percent(_share_of(judged, "agreed", "offers")),
            "missed": _count(judged["judged_missed"]),
            "irrational offers": _count(judged["judged_irrational_offers"]),
            "promises broken": f"{_count(judged['judged_promises_broken'])} of {_count(judged['judged_promises'])}",
        }
        for column, words in _MONEY.items():
            line[words] = usd(members[column].mean())
            if value != first:
                line[f"{words}, difference"] = _told(difference(rows, value, column))
        line["satisfaction"] = score(members["satisfaction_mean"].mean())
        lines.append((_of_achievable(judged, "aggregator_usd"), line))
    lines.sort(key=lambda pair: -np.inf if pair[0] is None else pair[0], reverse=True)
    columns = list(dict.fromkeys(name for _, line in sorted(lines, key=lambda pair: -len(pair[1])) for name in line))
    return pd.DataFrame([line for _, line in lines], columns=columns).fillna(NONE)


def decider_sentence(rows: pd.DataFrame) -> str:
    """What each decider earned the aggregator more than the first, and whether that is more than chance."""
    names, first = decider_names(rows), float(rows["value"].min())
    told = []
    for value, name in names.items():
        if value == first:
            continue
        measured = difference(rows, value, "vpp_profit_usd")
        if measured is None:
            continue
        way = "more" if measured.estimate >= 0 else "less"
        sure = (
            interval(measured) if measured.low is None or measured.sign else f"{interval(measured)}: it may be chance"
        )
        told.append(f"{name} {usd(abs(measured.estimate))} {way} ({sure})")
    if not told:
        return f"Only {names[first]} was run, so there is nothing to compare."
    fleets, days = int(rows["seed"].nunique()), len(rows["surplus_by_day_usd"].iloc[0])
    few = "; so few days make intervals too narrow" if fleets == 1 and 1 < days < FEW_DAYS else ""
    return (
        f"Against {names[first]}, over {count(days, 'day')} and {count(fleets, 'fleet')}, the aggregator earns by "
        f"{listed(told)}{few}."
    )


def difference(rows: pd.DataFrame, value: float, column: str) -> Interval | None:
    """What a decider has more than the first of a sum of money, on the same days of the same fleets: the mean over
    fleets; None where they share none.
    """
    theirs, ours = (rows[rows["value"] == of].set_index("seed") for of in (value, rows["value"].min()))
    pairs = [
        _by_day(theirs.loc[seed], column) - _by_day(ours.loc[seed], column)
        for seed in theirs.index.intersection(ours.index)
    ]
    if not pairs:
        return None
    if len(pairs) == 1:
        return sum_interval(pairs[0])
    found = over_seeds(np.array([pair.sum() for pair in pairs]))
    return Interval(float(found["mean"]), float(found["low"]), float(found["high"]))


def _by_day(row: pd.Series, column: str) -> npt.NDArray[np.float64]:
    """A member's money by day; what is not the homes' of a surplus is the aggregator's."""
    surplus, homes = (
        np.asarray(row[name], dtype=float) for name in ("surplus_by_day_usd", "household_gain_by_day_usd")
    )
    return {"surplus_usd": surplus, "household_gain_usd": homes, "vpp_profit_usd": surplus - homes}[column]


def _told(measured: Interval | None) -> str:
    if measured is None:
        return NONE
    if measured.low is None or measured.high is None:
        return f"{usd(measured.estimate)} ({ONE_DAY})"
    return f"{usd(measured.estimate)} ({usd(measured.low)} to {usd(measured.high)})"


def _of_achievable(judged: pd.Series, name: str) -> float | None:
    return _share_of(judged, name, "achievable_usd")


def _share_of(judged: pd.Series, name: str, whole: str) -> float | None:
    part, of = judged[f"judged_{name}"], judged[f"judged_{whole}"]
    return None if pd.isna(part) or pd.isna(of) or of <= 0 else float(100 * part / of)


def _count(value: Any) -> str:
    return NONE if pd.isna(value) else f"{int(value):,}"
