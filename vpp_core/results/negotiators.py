"""The leaderboard of negotiators: how the verifier, which knows both sides, judges who decided."""

from __future__ import annotations

import pandas as pd

from vpp_core.results.run import Run
from vpp_core.results.text import NONE, count, percent, usd

HOW = (
    "A verifier that knows both sides' private prices judges every offer at the forecast of its gate: the most that "
    "both could have expected to gain together is achievable, and a score is the part of it that the own side is "
    "expected to get. Offers are taken one by one, as if homes did not share the fleet's curve (an assumption)."
)


def negotiator_table(run: Run) -> pd.DataFrame:
    """Display rows of `NEGOTIATOR_SCORES`, the aggregator first."""
    if run.scores is None or run.scores.empty:
        return pd.DataFrame()
    rows = []
    for row in run.scores.to_dict("records"):
        rows.append(
            {
                "side": row["side"],
                "negotiator": row["negotiator"],
                "of": row["product"],
                "offers": f"{row['offers']:,}",
                "agreed": percent(100 * row["agreed"] / row["offers"]),
                "achievable": usd(row["achievable_usd"]),
                "own share": _share(row["score_percent"]),
                "both together": _share(row["joint_percent"]),
                "missed": f"{row['missed']:,} ({usd(row['missed_usd'])})",
                "irrational offers": f"{row['irrational_offers']:,}",
                "promises broken": f"{row['promises_broken']:,} of {row['promises']:,}",
                "belief / happened": f"{_share(row['belief_percent'])} / {_share(row['happened_percent'])}",
                "Brier": NONE if pd.isna(row["brier"]) else f"{row['brier']:.3f}",
            }
        )
    return pd.DataFrame(rows)


def negotiator_sentence(run: Run) -> str:
    """What the aggregator's decider got of what could be gained, in a sentence."""
    if run.scores is None or run.scores.empty:
        return ""
    own = run.scores[run.scores["side"] == "aggregator"]
    could, joint = own["achievable_usd"].sum(), own["joint_usd"].sum()
    name = own["negotiator"].iloc[0]
    if could <= 0:
        return f"In {count(int(own['negotiations'].sum()), 'negotiation')} there was nothing to gain."
    plant, homes = own["aggregator_usd"].sum(), own["household_usd"].sum()
    return (
        f"Of {usd(could)} that both sides could have expected to gain together in "
        f"{count(int(own['negotiations'].sum()), 'negotiation')}, they are expected to gain "
        f"{percent(100 * joint / could)}: the aggregator, decided for by {name}, {percent(100 * plant / could)}, "
        f"households {percent(100 * homes / could)}."
    )


def _share(value: float | None) -> str:
    return NONE if value is None or pd.isna(value) else percent(value)
