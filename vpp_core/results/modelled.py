"""How much of each strategy's surplus hangs on prices that nobody published: beside every number that is compared."""

from __future__ import annotations

import pandas as pd

from vpp_core.results.run import Run
from vpp_core.results.rungs import ALONE
from vpp_core.results.shares import data_shares, shown_share
from vpp_core.results.text import NONE, listed, percent, usd

LEAST_SHARE = 1e-9
LEAST_USD = 0.005
"""Below half a cent a sum is no difference."""


def modelled_share(run: Run, of: str) -> float:
    """Of the intervals of a price series (`real-time`, `reserve`), the share that is neither real nor filled, 0–1.

    Of several series that the words fit, the one with most.
    """
    fitting = [share for share in data_shares(run) if of in share.series and "price" in share.series]
    return max(1 - share.real - share.by_source.get("filled", 0.0) for share in fitting)


def modelled_table(run: Run) -> pd.DataFrame:
    """Display rows per strategy: its surplus, what of it reserves brought, and which of both modelled prices made.

    Empty where no price is modelled.
    """
    energy, reserve = modelled_share(run, "real-time"), modelled_share(run, "reserve")
    if max(energy, reserve) < LEAST_SHARE:
        return pd.DataFrame()
    rows = []
    for key, own in run.by_strategy.iterrows():
        if key == ALONE:
            continue
        whole, held = float(own["surplus_usd"]), float(own["surplus_reserves_usd"])
        rows.append(
            {
                "strategy": key,
                "surplus": usd(whole),
                "for reserves": usd(held),
                "of the surplus": percent(100 * held / whole) if whole > LEAST_USD else NONE,
                "reserve prices modelled": shown_share(reserve),
                "energy prices modelled": shown_share(energy),
            }
        )
    return pd.DataFrame(rows)


def modelled_sentence(run: Run) -> str:
    """What each strategy's surplus owes to modelled prices; empty where none is modelled or nothing hangs on them."""
    energy, reserve = modelled_share(run, "real-time"), modelled_share(run, "reserve")
    told = []
    if energy >= LEAST_SHARE:
        told.append(
            f"Energy prices are {shown_share(energy)} modelled, so that every strategy's surplus hangs on them."
        )
    parts = [
        f"{usd(own['surplus_reserves_usd'])} of {key}'s {usd(own['surplus_usd'])}"
        for key, own in run.by_strategy.iterrows()
        if abs(float(own["surplus_reserves_usd"])) >= LEAST_USD
    ]
    if reserve >= LEAST_SHARE and parts:
        told.append(f"Reserve prices are {shown_share(reserve)} modelled: on them hang {listed(parts)}.")
    return " ".join(told)
