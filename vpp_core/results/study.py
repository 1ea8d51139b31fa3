"""Many runs side by side: over fleet seeds, data seeds, and over one parameter that is swept.

The bootstrap over days says nothing about another fleet. A study does: it draws the fleet anew and asks in how many
draws a difference keeps its sign.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.results.model_share import decider_names
from vpp_core.results.rungs import COMPARISONS, NEGOTIATED, PREFERENCES_FIRST, SPLIT, changes_nothing, step_name
from vpp_core.results.statistics import dominates, largest_share
from vpp_core.results.text import NONE, listed, number, percent, score, usd
from vpp_core.scenario import Scenario
from vpp_core.scenario.variation import DECIDERS, SWEPT
from vpp_core.tables import STUDY
from vpp_core.tables.results import JUDGED

COMPARED = (*SPLIT[PREFERENCES_FIRST], *(step for step in COMPARISONS if step[1] == NEGOTIATED))
_MEASURES = {
    "surplus_usd": "surplus",
    "percent_of_perfect": "of perfect",
    "household_gain_usd": "households",
    "satisfaction_mean": "satisfaction",
}


_SAME = 1e-9
"""Figures closer than this are the same."""
FRONTIER = (
    "One thing is varied at a time, everything else as in this scenario; a point per value, the mean over fleet seeds, "
    "the line in the order of the values."
)
SEEDS = (
    "The same months, drawn anew: the mean difference, its 95 % interval over draws (Student's t), and in how many of "
    "the draws it has the sign of the mean."
)
DRAWN = {"seed": "fleet seeds", "data_seed": "data seeds"}
"""What a study draws anew: homes; or weather, events and, where none are published, prices."""
_ANEW = {"seed": ("the fleet", "fleets"), "data_seed": ("weather, events and modelled prices", "draws")}


BY_DAY = {
    "surplus_usd": "surplus_by_day_usd",
    "household_gain_usd": "household_gain_by_day_usd",
    "satisfaction_mean": "satisfaction_by_day",
}
"""Figures of a month and the lists of their days."""


def study_rows(
    kpis: pd.DataFrame,
    daily: pd.DataFrame,
    scores: pd.DataFrame,
    scenario: Scenario,
    study: str,
    varied: str,
    value: float,
) -> pd.DataFrame:
    """The figures of one member, of the month and by day, as rows of `STUDY`; `value`: what `varied` has in it.

    `scores` are rows of `NEGOTIATOR_SCORES`, none where no negotiation was judged.
    """
    days = daily.groupby("strategy")[list(BY_DAY)].agg(list).rename(columns=BY_DAY)
    names = [name for name, _, _ in JUDGED]
    judged = scores[scores["side"] == "aggregator"].groupby("strategy")[names].sum().add_prefix("judged_")
    rule = scenario.negotiation
    rows = kpis.assign(
        study=study,
        varied=varied,
        value=float(value),
        seed=scenario.seed,
        asked_decider=rule.llm.model if rule.decider == "llm" else "rules",
    )
    rows = rows.merge(days, left_on="strategy", right_index=True).merge(
        judged, how="left", left_on="strategy", right_index=True
    )
    whole = [f"judged_{name}" for name, kind, _ in JUDGED if pa.types.is_integer(kind)]
    rows[whole] = rows[whole].astype("Int64")
    return STUDY.arrow(rows).to_pandas()


def study_summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences over the seeds of a study: mean, 95 % interval, and how many seeds agree on the sign.

    `rows` are `STUDY` rows; only members that vary a seed (`DRAWN`) count, and of one data seed under several fleets
    the mean. Columns: study, month, step, measure, mean, low, high (Student's t over seeds; NaN with one seed), seeds,
    seeds_agreeing (those with the sign of the mean), largest_percent (the largest seed's share of the sum),
    one_dominates (one of three or more seeds makes more than half of it).
    """
    seeds = rows[rows["varied"].isin(list(DRAWN))]
    summaries = []
    for (study, month), members in seeds.groupby(["study", "month"], sort=False):
        by_member = members.set_index(["seed", "value", "strategy"])
        tables = {measure: by_member[measure].unstack() for measure in _MEASURES}  # noqa: PD010
        for step, upper, lower in COMPARED:
            for measure, by_seed in tables.items():
                if upper not in by_seed or lower not in by_seed:
                    continue
                # one draw of the data under several fleets is one draw, not several
                by_draw = (by_seed[upper] - by_seed[lower]).groupby("value").mean()
                differences = by_draw.dropna().to_numpy(dtype=float)
                if len(differences):
                    label = {"study": study, "month": month, "step": step, "measure": measure}
                    summaries.append(label | over_seeds(differences))
    names = ["study", "month", "step", "measure", "mean", "low", "high", "seeds", "seeds_agreeing"]
    names += ["largest_percent", "one_dominates"]
    return pd.DataFrame(summaries, columns=names)


def over_seeds(differences: np.ndarray) -> dict[str, float | int]:
    """Mean, 95 % interval and agreement of a difference in several draws."""
    from scipy.stats import t as student

    count, mean = len(differences), float(differences.mean())
    half = np.nan
    if count > 1:
        half = float(student.ppf(0.975, count - 1) * differences.std(ddof=1) / np.sqrt(count))
    agreeing = int((np.sign(differences) == np.sign(mean)).sum())
    share = largest_share(differences)
    return {
        "mean": mean,
        "low": mean - half,
        "high": mean + half,
        "seeds": count,
        "seeds_agreeing": agreeing,
        "largest_percent": np.nan if share is None else 100 * share,
        "one_dominates": dominates(differences),
    }


def study_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Display rows of a summary: a difference, each measure as mean, interval and seeds that agree on its sign."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in summary.to_dict("records"):
        form = usd if row["measure"].endswith("_usd") else percent if row["measure"].startswith("percent") else score
        where = "one seed" if np.isnan(row["low"]) else f"{form(row['low'])} to {form(row['high'])}"
        cell = f"{form(row['mean'])} ({where}), {row['seeds_agreeing']} of {row['seeds']}"
        cell += f"; one makes {percent(row['largest_percent'], 0)}" if row["one_dominates"] else ""
        shown = rows.setdefault(
            (row["month"], row["step"]), {"month": row["month"], "difference": step_name(row["step"])}
        )
        shown[_MEASURES[row["measure"]]] = cell
    columns = ["month", "difference", *_MEASURES.values()]
    return pd.DataFrame(list(rows.values()), columns=columns).fillna(NONE)


def seed_studies(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Title and differences of each study over seeds, for display."""
    named = rows[rows["varied"].isin(list(DRAWN))].groupby(["varied", "study"], sort=False)
    return [
        (f"Over {DRAWN[str(varied)]}: {study}", study_table(study_summary(members)))
        for (varied, study), members in named
    ]


def seeds_sentence(rows: pd.DataFrame, month: str, drawn: str = "seed") -> str:
    """How a month's differences in surplus fare over fleets, or over data seeds (`drawn`: a key of `DRAWN`); of several
    studies the one with the most seeds.
    """
    anew, each = _ANEW[drawn]
    summary = study_summary(rows[(rows["month"] == month) & (rows["varied"] == drawn)])
    surplus = summary[(summary["measure"] == "surplus_usd") & (summary["seeds"] > 1)]
    if surplus.empty:
        return ""
    largest = surplus[surplus["study"] == surplus.sort_values("seeds", kind="stable")["study"].iloc[-1]]
    one = each.removesuffix("s")
    told = [
        f"{step_name(row['step'])} {usd(row['mean'])} ({usd(row['low'])} to {usd(row['high'])}; "
        + (
            f"one {one} makes {percent(row['largest_percent'], 0)} of it, so it is no finding)"
            if row["one_dominates"]
            else f"{row['seeds_agreeing']} of {row['seeds']} {each} with its sign)"
        )
        for row in largest.to_dict("records")
    ]
    seeds = number(largest["seeds"].iloc[0], 0)
    return f"With {anew} drawn anew {seeds} times, mean surplus and 95 % interval over {each}: {listed(told)}."


def sweeps(rows: pd.DataFrame, month: str) -> list[tuple[str, pd.DataFrame]]:
    """Title and rows of each thing that was varied, seeds and deciders apart, in this month."""
    shown = rows[(rows["month"] == month) & ~rows["varied"].isin([*DRAWN, DECIDERS.varied])]
    return [
        (f"{study}: {SWEPT[varied].about if varied in SWEPT else varied}", members)
        for (study, varied), members in shown.groupby(["study", "varied"], sort=False)
    ]


def moved(rows: pd.DataFrame) -> list[str]:
    """Strategies whose surplus or satisfaction is not the same for all values of what is varied."""
    means = rows.groupby(["strategy", "value"], sort=False)[["surplus_usd", "satisfaction_mean"]].mean()
    by_strategy = means.groupby("strategy", sort=False)
    spread = by_strategy.max() - by_strategy.min()
    return [str(key) for key, row in spread.iterrows() if (row.fillna(0.0) > _SAME).any()]


def sweep_sentence(rows: pd.DataFrame) -> str:
    """Between which values surplus and satisfaction run, strategy by strategy; and what stays where it is."""
    names = value_names(rows)
    if len(names) < 2:
        return f"Only one value was run, {next(iter(names.values()))}, so this says nothing of what it does."
    operable = rows[~rows["is_bound"] & ~rows["strategy"].map(changes_nothing)]
    changed = moved(operable)
    told = [_run_of(key, operable[operable["strategy"] == key], names) for key in changed]
    still = [str(key) for key in operable["strategy"].unique() if key not in changed]
    if still:
        told.append(f"{listed(still)} {'does' if len(still) == 1 else 'do'} not depend on it")
    return "; ".join(told) + "." if told else ""


def value_names(rows: pd.DataFrame) -> dict[float, str]:
    """Values of the one thing that these rows vary, in rising order, for people."""
    varied = str(rows["varied"].iloc[0])
    if varied == DECIDERS.varied:
        return decider_names(rows)
    part = SWEPT.get(varied)
    return {value: f"{value:g}" if part is None else part.name_of(value) for value in sorted(rows["value"].unique())}


def _run_of(key: str, rows: pd.DataFrame, names: dict[float, str]) -> str:
    named = rows.assign(name=rows["value"].map(names)).sort_values("value", kind="stable")
    means = named.groupby("name", sort=False)[["surplus_usd", "satisfaction_mean"]].mean()
    surplus, liked = means["surplus_usd"], means["satisfaction_mean"]
    low, high = score(liked.min()), score(liked.max())
    satisfied = f"is {low} throughout" if low == high else f"runs from {low} to {high}"
    part = SWEPT.get(str(rows["varied"].iloc[0]))
    at = "at " if part is None or part.ordered else ""
    return (
        f"{key} earns from {usd(surplus.min())} ({at}{surplus.idxmin()}) to {usd(surplus.max())} "
        f"({at}{surplus.idxmax()}), its satisfaction {satisfied}"
    )


def sweep_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Display rows of a sweep of one month: a strategy under a value, the mean over fleet seeds.

    A strategy that is the same under all values has one row. `reserves` is their part of the surplus, `below minimum`
    in how many windows a direction or reserve was too small to be bid: where both change, that is why a surplus jumps.
    """
    means = rows.groupby(["value", "strategy"], sort=False).agg(
        surplus_usd=("surplus_usd", "mean"),
        reserves_usd=("surplus_reserves_usd", "mean"),
        below_minimum=("bids_below_minimum", "mean"),
        percent_of_perfect=("percent_of_perfect", "mean"),
        household_gain_usd=("household_gain_usd", "mean"),
        worse_off=("households_worse_off_percent", "mean"),
        satisfaction=("satisfaction_mean", "mean"),
        seeds=("seed", "nunique"),
    )
    changed = moved(rows)
    first, names = rows["value"].min(), value_names(rows)
    return pd.DataFrame(
        [
            {
                "value": names[value] if strategy in changed else "any",
                "strategy": strategy,
                "surplus": usd(row.surplus_usd),
                "reserves": usd(row.reserves_usd),
                "below minimum": number(row.below_minimum, 0),
                "of perfect": percent(row.percent_of_perfect),
                "households": usd(row.household_gain_usd),
                "worse off": percent(row.worse_off),
                "satisfaction": score(row.satisfaction),
                "seeds": number(row.seeds, 0),
            }
            for (value, strategy), row in zip(means.index, means.itertuples(index=False), strict=True)
            if not changes_nothing(strategy) and (strategy in changed or value == first)
        ]
    )
