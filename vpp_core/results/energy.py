"""Energy, told twice and never as one: what devices moved, and what cleared as deviation from their default.

A deviation is counted in every window: a car that is held off from 18 h until 3 h clears its charging power nine times
and moves one charge. So cleared deviation says how much was traded, moved energy how much was shifted; what a kWh of
either is worth are different questions.
"""

from __future__ import annotations

import pandas as pd

from vpp_core.results.run import Run
from vpp_core.results.rungs import NEGOTIATED, changes_nothing, has_no_market
from vpp_core.results.text import NONE, number, percent

TWICE = (
    "Moved: what stores gave more or took less (out), took more or gave less (in), than without a VPP. Cleared: the "
    "deviation from what a store would have done by itself from then on, counted in every window anew; a car held off "
    "for nine hours clears nine times and moves one charge."
)


ANSWERED = "of what stores were asked for, came"
"""Shown where some did not: devices out of reach, homes that opted out or left."""


def energy_table(run: Run) -> pd.DataFrame:
    """Display rows of every strategy that moves anything; where nobody trades, what cleared is a dash."""
    rows = []
    for key, own in run.by_strategy.iterrows():
        if changes_nothing(str(key)):
            continue

        def cleared(name: str, own: pd.Series = own, key: object = key) -> str:
            return NONE if own["is_bound"] or has_no_market(str(key)) else number(own[name])

        rows.append(
            {
                "strategy": key,
                "moved out [MWh]": number(own["moved_out_mwh"]),
                "moved in [MWh]": number(own["moved_in_mwh"]),
                "cleared for sale [MWh of deviation]": cleared("cleared_sell_mwh"),
                "cleared to buy [MWh of deviation]": cleared("cleared_buy_mwh"),
                "cleared, given by no store [MWh]": cleared("unplaced_mwh"),
                ANSWERED: NONE if pd.isna(own["answered_percent"]) else percent(own["answered_percent"]),
            }
        )
    table = pd.DataFrame(rows)
    return table if run.kpis["missed_mwh"].any() else table.drop(columns=ANSWERED, errors="ignore")


def energy_sentence(run: Run, strategy: str = NEGOTIATED) -> str:
    """How much moved and how much cleared, what of it found no store, and what of what was asked for came; empty where
    nothing cleared.
    """
    if strategy not in run.by_strategy.index:
        return ""
    own = run.by_strategy.loc[[strategy]].iloc[0]
    cleared, unplaced = float(own["cleared_sell_mwh"] + own["cleared_buy_mwh"]), float(own["unplaced_mwh"])
    if cleared + unplaced <= 0:
        return ""
    sentence = (
        f"Under {strategy} stores moved {number(own['moved_out_mwh'])} MWh out of and "
        f"{number(own['moved_in_mwh'])} MWh into themselves beside what they do without a VPP; cleared were "
        f"{number(cleared)} MWh of deviation, counted in every window anew"
    )
    if unplaced / (cleared + unplaced) >= 0.0005:
        share = percent(100 * unplaced / (cleared + unplaced))
        sentence += f", and {share} of what cleared found no store and was bought back"
    if own["missed_mwh"] > 0:
        sentence += f". Of what stores were asked for {percent(own['answered_percent'])} came"
    return sentence + "."
