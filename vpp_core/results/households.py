"""The households' side: who gained what, who lost, how satisfied each category is, and what the score's weights do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.fleet.fleet import CATEGORIES
from vpp_core.results.run import Run
from vpp_core.results.rungs import changes_nothing
from vpp_core.results.statistics import Floats, gini, jain
from vpp_core.results.text import listed, number, percent, score, usd
from vpp_core.tables.outcome import A_CENT, SATISFACTION_COMPONENTS

_DRAWS = 1000
_SEED = 7


def operable(run: Run) -> list[str]:
    """Strategies that households can live under: all but the bounds, in the ladder's order."""
    return list(run.kpis.loc[~run.kpis["is_bound"], "strategy"])


def household_months(run: Run) -> pd.DataFrame:
    """A row per operable strategy and household: category, gain_usd, offered_kwh, satisfaction."""
    rows = run.flat.months[run.flat.months["strategy"].isin(operable(run))]
    months = rows[["strategy", "home_id", "household_gain_usd", "offered_kwh", "satisfaction"]]
    category = pd.Series([CATEGORIES[position] for position in run.fleet.category], index=run.fleet.home_id)
    return months.rename(columns={"household_gain_usd": "gain_usd"}).assign(
        category=lambda frame: frame["home_id"].map(category)
    )


def category_table(run: Run) -> pd.DataFrame:
    """Display rows per strategy and category: homes, gains, losers, fairness, satisfaction."""
    rows = []
    months = household_months(run)
    for strategy in operable(run):
        if changes_nothing(strategy):
            continue
        own = months[months["strategy"] == strategy]
        groups = [(category, own[own["category"] == category]) for category in CATEGORIES]
        for category, homes in [*groups, ("all", own)]:
            if homes.empty:
                continue
            offering = homes[homes["offered_kwh"] > 0]
            per_kwh = (offering["gain_usd"] / offering["offered_kwh"]).to_numpy()
            rows.append(
                {
                    "strategy": strategy,
                    "category": category,
                    "homes": number(len(homes), 0),
                    "mean gain": usd(homes["gain_usd"].mean()),
                    "smallest": usd(homes["gain_usd"].min()),
                    "largest": usd(homes["gain_usd"].max()),
                    "worse off": percent(100 * (homes["gain_usd"] <= -A_CENT).mean()),
                    "Gini": number(gini(per_kwh)),
                    "Jain": number(jain(per_kwh)),
                    "satisfaction": score(homes["satisfaction"].mean()),
                }
            )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class WeightTest:
    """How the strategies' order by mean satisfaction fares under other weights of the components."""

    cases: pd.DataFrame
    """index: equal weights, then each component left out, then each counted three times; columns: strategies"""
    agreement: float | None
    """share of random weightings that give the order of equal weights; None with fewer than two strategies"""

    @property
    def deviating(self) -> list[str]:
        """Cases that order the strategies otherwise than equal weights do."""
        usual = _order(self.cases.iloc[0])
        return [str(name) for name, row in self.cases.iloc[1:].iterrows() if _order(row) != usual]


def component_name(name: str) -> str:
    """A component of satisfaction in words."""
    return "cars ready" if name == "ev_ready" else name.replace("_", " ")


def weight_test(run: Run) -> WeightTest:
    """Mean satisfaction under other weights: leave-one-out, one tripled, and uniform random weights (fixed seed).

    The score of a household-day is the weighted mean of the components that apply to it. Days to which the same
    components apply share a denominator, so only sums per such pattern are needed.
    """
    names = list(SATISFACTION_COMPONENTS)
    patterns = {key: _patterns(run, key) for key in operable(run)}
    patterns = {key: value for key, value in patterns.items() if value is not None}
    weightings = {"equal weights": np.ones(len(names))}
    weightings |= {f"without {name}": np.where(np.arange(len(names)) == i, 0.0, 1.0) for i, name in enumerate(names)}
    weightings |= {f"{name} × 3": np.where(np.arange(len(names)) == i, 3.0, 1.0) for i, name in enumerate(names)}
    cases = pd.DataFrame(
        {key: _scores(*sums, np.array(list(weightings.values()))) for key, sums in patterns.items() if sums},
        index=list(weightings),
    )
    if len(cases.columns) < 2:
        return WeightTest(cases, None)
    draws = np.random.Generator(np.random.Philox(_SEED)).dirichlet(np.ones(len(names)), size=_DRAWS)
    drawn = np.stack([_scores(*sums, draws) for sums in patterns.values() if sums], axis=1)
    same = (_ranks(drawn) == _ranks(cases.to_numpy()[:1])).all(axis=1)
    return WeightTest(cases, float(same.mean()))


def weight_sentence(test: WeightTest) -> str:
    """Whether the order of strategies hangs on the weights."""
    if test.agreement is None:
        return "There are too few strategies to order by satisfaction."
    changed = f"; another comes {listed([_with(case) for case in test.deviating])}" if test.deviating else ""
    return (
        f"By mean satisfaction with equal weights: {_ranked(test.cases.iloc[0])}. {percent(100 * test.agreement)} of "
        f"{number(_DRAWS, 0)} random weightings give the same order{changed}."
    )


def _with(case: str) -> str:
    words = _case_in_words(case)
    return words if words.startswith("without") else f"with {words}"


def _case_in_words(case: str) -> str:
    """`without ev_ready` → `without cars ready`."""
    return " ".join(component_name(word) if word in SATISFACTION_COMPONENTS else word for word in case.split(" "))


def _ranked(scores: pd.Series) -> str:
    """`a > b = c`, equal to three decimals."""
    order = _order(scores)
    shown = scores.round(3)
    signs = [" = " if shown[left] == shown[right] else " > " for left, right in pairwise(order)]
    return "".join(key + sign for key, sign in zip(order, [*signs, ""], strict=True))


def weight_table(test: WeightTest) -> pd.DataFrame:
    """Display rows: a case of weights, mean satisfaction per strategy."""
    shown = test.cases.map(score).rename(index=_case_in_words)
    return shown.rename_axis("weights").reset_index()


def _order(scores: pd.Series) -> list[str]:
    """Strategies from the most to the least satisfied; ties (to three decimals) in the ladder's order."""
    return [str(scores.index[position]) for position in _ranks(scores.to_numpy())]


def _ranks(scores: Floats) -> npt.NDArray[np.intp]:
    """Positions of strategies (last axis) as `_order` has them."""
    return np.argsort(-scores.round(3), axis=-1, kind="stable")


def _patterns(run: Run, strategy: str) -> tuple[Floats, Floats, Floats] | None:
    """For each set of components that apply together: (P, C) applicability, (P, C) sums of scores, (P,) rows."""
    rows = run.flat.totals[(run.flat.totals["strategy"] == strategy) & (run.flat.totals["components"] != "")]
    if rows.empty:
        return None
    columns = [f"satisfaction_{name}" for name in SATISFACTION_COMPONENTS]
    by_pattern = rows.groupby("components")
    sums = by_pattern[columns].sum(min_count=1).to_numpy(dtype=float)
    return (~np.isnan(sums)).astype(float), np.nan_to_num(sums), by_pattern["homes"].sum().to_numpy(dtype=float)


def _scores(masks: Floats, sums: Floats, counts: Floats, weights: Floats) -> Floats:
    """Mean over household-days of the weighted mean of what applies, for each of (W, C) weightings; days without
    anything of weight drop out.
    """
    total = (masks * weights[:, None, :]).sum(axis=2)
    counted = total > 0
    score = np.divide((sums * weights[:, None, :]).sum(axis=2), total, out=np.zeros_like(total), where=counted)
    return score.sum(axis=1) / np.where(counted, counts, 0.0).sum(axis=1)
