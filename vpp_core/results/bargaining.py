"""Which rule of bargaining matters: each varied on its own, what it changes for `negotiated`, and by how much.

Changes are against the scenario's own value on the same days, so their intervals are the paired day-block bootstrap of
all headline differences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.statistics import FEW_DAYS, LEVEL, Interval, sum_interval
from vpp_core.results.study import BY_DAY
from vpp_core.results.text import interval, listed, percent, score, usd
from vpp_core.scenario.variation import SWEEPS

STRATEGY = NEGOTIATED
MEASURES = {"surplus_usd": "surplus", "household_gain_usd": "gain of households", "satisfaction_mean": "satisfaction"}
BARGAINING = (
    "Each rule of bargaining on its own, from the lowest to the highest value that was tried, everything else as in "
    "this scenario: what it changes for negotiated, with 95 % intervals over the same days. Of twenty such intervals "
    "one may leave out 0 by chance; the sentence names what is clear with all values tried taken together (Bonferroni)."
)
_WORDS = {
    "satisfaction_weight_usd": "the weight of satisfaction λ",
    "rounds": "the number of rounds",
    "home_concession_factor": "how early homes concede (β)",
    "home_patience_factor": "the patience of homes",
    "opening_quantile": "the quantile at which the aggregator opens",
    "limit_quantile": "the quantile at which it ends",
    "split": "where between ask and counter-offer the price lies",
}
_RULES = {part.varied for part in SWEEPS["concession"]}


def effects(rows: pd.DataFrame, month: str, scenario: str) -> pd.DataFrame:
    """Changes by another value of a rule: a row per rule, value and measure.

    `rows` are those of `STUDY`. Columns: study, varied, value, own_value, measure, estimate, low, high (none with one
    day), clear (its interval leaves out 0 also at 1 − 5 % / the number of values tried; never from few days, whose
    intervals are too narrow for that); rules by the size of their largest change of the surplus, values rising. A study
    of a single rule says nothing of which matters, so there are rows only where one study varies two or more around the
    scenario.
    """
    negotiated = rows[(rows["month"] == month) & (rows["strategy"] == STRATEGY) & rows["varied"].isin(_RULES)]
    made: list[dict[str, Any]] = []
    for name, study in negotiated.groupby("study", sort=False):
        own = study[study["scenario"] == scenario].groupby("varied")["value"].first()
        if len(own) < 2:
            continue
        tried = study[study["varied"].isin(own.index)]
        others = tried.loc[tried["value"] != tried["varied"].map(own), ["varied", "value"]].drop_duplicates()
        level = 1 - (1 - LEVEL) / max(len(others), 1)
        for varied, members in tried.groupby("varied", sort=False):
            made += [{"study": name} | row for row in _of_rule(str(varied), members, float(own[varied]), level)]
        break
    columns = ["study", "varied", "value", "own_value", "measure", "estimate", "low", "high", "clear"]
    table = pd.DataFrame(made, columns=columns)
    surplus = table[table["measure"] == "surplus_usd"]
    size = surplus["estimate"].abs().groupby(surplus["varied"]).max()
    rank = {name: place for place, name in enumerate(size.sort_values(ascending=False, kind="stable").index)}
    order = table.assign(rank=table["varied"].map(rank)).sort_values(["rank", "value"], kind="stable")
    return order.drop(columns="rank").reset_index(drop=True)


def _of_rule(varied: str, members: pd.DataFrame, own_value: float, level: float) -> list[dict[str, Any]]:
    """Changes against the members of the same fleet seed with the own value; with several seeds, their mean.

    `level`: of the interval that decides whether a change is clear.
    """
    base = members[members["value"] == own_value].set_index("seed")
    made = []
    for value, others in members[members["value"] != own_value].groupby("value"):
        for measure, by_day in BY_DAY.items():
            pairs = [
                np.asarray(row[by_day], dtype=float) - np.asarray(base.loc[row["seed"], by_day], dtype=float)
                for row in others.to_dict("records")
                if row["seed"] in base.index
            ]
            if not pairs:
                continue
            daily = np.mean(pairs, axis=0)
            daily = daily / len(daily) if measure == "satisfaction_mean" else daily
            measured = sum_interval(daily)
            clear = len(daily) >= FEW_DAYS and sum_interval(daily, level).sign != 0
            ends = {"low": measured.low, "high": measured.high, "clear": clear}
            made.append(
                {"varied": varied, "value": value, "own_value": own_value, "measure": measure}
                | {"estimate": measured.estimate, **ends}
            )
    return made


def bargaining_sentence(table: pd.DataFrame, surplus_usd: float) -> str:
    """Which rule changes the surplus most and by how much, of those that are clear; else that none does."""
    rows = table[table["measure"] == "surplus_usd"].to_dict("records")
    if not rows:
        return ""
    clear = [row for row in rows if row["clear"]]
    if not clear:
        most = _largest(rows)
        return (
            f"No rule of bargaining changes the surplus of {STRATEGY} by more than these days can tell; the largest "
            f"change is {usd(most['estimate'])} ({interval(interval_of_row(most))}), by {words_of(most['varied'])} "
            f"{_values(most)}."
        )
    most = _largest(clear)
    share = f", {percent(100 * abs(most['estimate']) / surplus_usd)} of it" if surplus_usd > 0 else ""
    names = list(dict.fromkeys(row["varied"] for row in clear))
    lesser = [_largest([row for row in clear if row["varied"] == name]) for name in names if name != most["varied"]]
    then = [f"{words_of(row['varied'])} {_values(row)} by {usd(row['estimate'])}" for row in lesser]
    silent = [words_of(name) for name in dict.fromkeys(row["varied"] for row in rows) if name not in names]
    return (
        f"What matters most for the surplus of {STRATEGY} is {words_of(most['varied'])}: {_values(most)} it changes by "
        f"{usd(most['estimate'])} ({interval(interval_of_row(most))}){share}."
        + (f" Then come, at most, {listed(then)}." if then else "")
        + (f" Of {listed(silent)} no value changes it by more than these days can tell." if silent else "")
    )


def _largest(rows: list[dict[Any, Any]]) -> dict[Any, Any]:
    return max(rows, key=lambda row: abs(row["estimate"]))


def _values(row: dict[Any, Any]) -> str:
    return f"at {row['value']:g} instead of {row['own_value']:g}"


def words_of(varied: str) -> str:
    """A rule's name for people."""
    return _WORDS.get(varied, varied.replace("_", " "))


def interval_of_row(row: dict[Any, Any]) -> Interval:
    """A row of `effects` as an interval."""
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in ("low", "high"))
    return Interval(float(row["estimate"]), low, high)


def bargaining_table(table: pd.DataFrame) -> pd.DataFrame:
    """Display rows: a rule and value, and each measure's change with its interval."""
    rows: dict[tuple[str, float], dict[str, str]] = {}
    for row in table.to_dict("records"):
        form = score if row["measure"] == "satisfaction_mean" else usd
        measured = interval_of_row(row)
        ends = "" if measured.low is None else f" ({form(measured.low)} to {form(measured.high)})"
        label = {"rule": words_of(row["varied"]), "own": f"{row['own_value']:g}", "value": f"{row['value']:g}"}
        shown = rows.setdefault((row["varied"], row["value"]), label)
        shown[MEASURES[row["measure"]]] = form(measured.estimate) + ends
    return pd.DataFrame(list(rows.values()))
