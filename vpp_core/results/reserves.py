"""Reserve: what was held, what it was paid, and whether it was there when it was called."""

from __future__ import annotations

import pandas as pd

from vpp_core.results.run import Run
from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.text import NONE, number, percent, usd

_KINDS = ("spin", "nonspin")


def held_mw_h(figures: pd.Series) -> float:
    """Reserve held in a month's or a day's figures [MW-h]; 0 where they have no such column."""
    return float(sum(figures.get(f"held_{kind}_mw_h", 0.0) for kind in _KINDS))


def reserve_table(run: Run) -> pd.DataFrame:
    """Display rows per strategy that held reserve: held, of what was committed, short, called, delivered, and paid."""
    rows = []
    for key, own in run.by_strategy.iterrows():
        held = held_mw_h(own)
        if held <= 0:
            continue
        rows.append(
            {
                "strategy": key,
                **{
                    f"{product.short} held [MW-h]": number(own[f"held_{kind}_mw_h"])
                    for kind, product in zip(_KINDS, run.scenario.operator.products, strict=True)
                },
                "of committed": NONE if own["is_bound"] else percent(_share(held, held + own["unheld_mw_h"])),
                "not held [MW-h]": NONE if own["is_bound"] else number(own["unheld_mw_h"]),
                "held, not there [MW-h]": number(own["undeliverable_mw_h"]),
                "called [MWh]": number(own["called_mwh"]),
                "delivered [MWh]": number(own["delivered_call_mwh"]),
                "capacity pay": usd(own["reserve_usd"]),
                "a MW-h": usd(own["reserve_usd"] / held),
                "calls": usd(own["call_usd"]),
            }
        )
    return pd.DataFrame(rows)


def reserve_sentence(run: Run, strategy: str = NEGOTIATED) -> str:
    """What reserve brought, and whether it kept its promise; empty where none was held."""
    if strategy not in run.by_strategy.index:
        return ""
    own = run.by_strategy.loc[[strategy]].iloc[0]
    held = held_mw_h(own)
    if held <= 0:
        return ""
    of_committed = percent(_share(held, held + float(own["unheld_mw_h"])))
    sentence = (
        f"Under {strategy} {number(held)} MW-h of reserve were held, {of_committed} "
        f"of what was committed day ahead, and paid {usd(own['reserve_usd'])}, {usd(own['reserve_usd'] / held)} a MW-h"
    )
    called, delivered = float(own["called_mwh"]), float(own["delivered_call_mwh"])
    if called <= 0:
        return f"{sentence}; it was never called."
    return f"{sentence}; {number(called)} MWh of it were called and {percent(_share(delivered, called))} delivered."


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole > 0 else None
