"""How much of a month a language model decided: said wherever its result is shown, so that a part is not the whole."""

from __future__ import annotations

import pandas as pd

from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.text import count, listed, percent
from vpp_core.scenario import Scenario
from vpp_core.tables.negotiation import FALLBACKS, NEVER_ANSWERED

WHOLE_PERCENT = 90.0
"""From this share of the decisions on, a result is called the model's."""
STRATEGY = NEGOTIATED


def share_percent(answers: int, fallbacks: int) -> float | None:
    """Of the decisions that a model was to take, those it took [%]; None where it was to take none."""
    return 100 * answers / (answers + fallbacks) if answers + fallbacks else None


def whose(answers: int, fallbacks: int) -> str:
    """Whose decisions these are: `rules` where no model was heard, `llm` from `WHOLE_PERCENT` on, else `mixed`."""
    share = share_percent(answers, fallbacks)
    if not answers or share is None:
        return "rules"
    return "llm" if share >= WHOLE_PERCENT else "mixed"


def negotiator_name(windows: pd.DataFrame, scenario: Scenario) -> str:
    """Who decided for the aggregator in these rows of `WINDOW_RESULTS`: rules by their tactic or mechanism, a model by
    its name, or both.
    """
    fallbacks = int(windows[[f"fallbacks_{kind}" for kind in FALLBACKS]].to_numpy().sum())
    by = whose(int(windows["llm_answers"].sum()), fallbacks)
    rules, model = scenario.negotiation, scenario.negotiation.llm.model
    own = f"rules, {rules.aggregator_tactic}" if rules.mechanism == "bilateral" else f"rules, {rules.mechanism}"
    return {"rules": own, "llm": model, "mixed": f"{model} and rules"}[by]


def decider_names(rows: pd.DataFrame) -> dict[float, str]:
    """Value → who decided, of `STUDY` rows of several deciders: a model that took fewer of its decisions than
    `WHOLE_PERCENT` is named with the rules that took the others.
    """
    own = rows[rows["strategy"] == STRATEGY]
    names: dict[float, str] = {}
    for value in sorted(own["value"].unique().tolist()):
        members = own[own["value"] == value]
        asked = str(members["asked_decider"].iloc[0])
        answers, others = (int(members[name].sum()) for name in ("llm_answers", "llm_fallbacks"))
        share = share_percent(answers, others)
        if asked != "rules" and share is None:
            asked += ", never asked"
        elif share is not None and share < WHOLE_PERCENT:
            asked += f" and rules ({percent(share)} its own)"
        names[value] = asked
    return names


def members_sentence(rows: pd.DataFrame) -> str:
    """Whose decisions those of a study's members are, by `STUDY` rows; empty where no language model was to decide."""
    own = rows[(rows["strategy"] == STRATEGY) & (rows["asked_decider"] != "rules")]
    told = []
    for model, members in own.groupby("asked_decider", sort=False):
        answers, others = (int(members[name].sum()) for name in ("llm_answers", "llm_fallbacks"))
        share = share_percent(answers, others)
        if share is None:
            told.append(f"{model} was never asked")
            continue
        runs = count(len(members), "run")
        took = f"{model} took {answers:,} of {count(answers + others, 'decision')} ({percent(share)}) in {runs}"
        told.append(took + ("" if share >= WHOLE_PERCENT else ", so that is not its result"))
    return f"{listed(told)}." if told else ""


def share_sentence(kpis: pd.DataFrame, scenario: Scenario) -> str:
    """Whose decisions the month's are, by `KPI_MONTHLY`; empty where the scenario asks no language model."""
    rows = kpis[kpis["strategy"] == STRATEGY]
    if scenario.negotiation.decider != "llm" or rows.empty:
        return ""
    row, model = rows.iloc[0], scenario.negotiation.llm.model
    answers, others = int(row["llm_answers"]), int(row["llm_fallbacks"])
    share = share_percent(answers, others)
    if share is None:
        return f"{model} was to decide and was never asked: nobody had anything to offer."
    took = f"{model} took {answers:,} of {count(answers + others, 'decision')} ({percent(share)})"
    if row["llm_mended"]:
        took += f", {int(row['llm_mended']):,} of them from answers whose form was mended"
    if not others:
        return f"{took}."
    kinds = listed([f"{name.replace('_', ' ')} {int(row[f'fallbacks_{name}']):,}" for name in FALLBACKS
                    if row[f"fallbacks_{name}"]])  # fmt: skip
    took += f"; rules took the rest ({kinds})"
    if share < WHOLE_PERCENT:
        took = f"This is not a language model's result: {took}"
    if row[[f"fallbacks_{name}" for name in NEVER_ANSWERED]].sum():
        took += ". Running the month again asks for what was never answered"
    return f"{took}."
