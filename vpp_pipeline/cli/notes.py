"""What must be said beside a month's key figures, after one run or many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpp_core.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd


def notes_on(kpis: pd.DataFrame, scenario: Scenario) -> list[str]:
    """What must be said beside a month's key figures; `scenario` with the rules of the month."""
    from vpp_core.results.ladder import SUPPLIERS
    from vpp_core.results.model_share import share_sentence
    from vpp_core.results.rungs import has_no_market

    shifted = any(has_no_market(row["strategy"]) and row["wholesale_usd"] for row in kpis.to_dict("records"))
    notes = (SUPPLIERS if shifted else "", nobody_bid(kpis, scenario), share_sentence(kpis, scenario))
    return [note for note in notes if note]


def nobody_bid(kpis: pd.DataFrame, scenario: Scenario) -> str:
    """Why every strategy shows $0 where the market's minimum kept all bids back; empty where some were submitted, or no
    strategy that was run bids.
    """
    from vpp_core.results.rungs import has_no_market
    from vpp_core.results.text import count

    bidders = kpis[
        [not bound and not has_no_market(key) for key, bound in zip(kpis["strategy"], kpis["is_bound"], strict=True)]
    ]
    minimum, share = scenario.market.minimum_bid_mw, scenario.market.fleet_share
    if minimum == 0 or bidders.empty or bidders[["bids_submitted", "reserve_bids"]].to_numpy().any():
        return ""
    if not bidders["bids_below_minimum"].any():
        return "no strategy bid: in no window was there energy to offer that was worth a bid"
    their = "its" if scenario.homes == 1 else "their"
    part = f", {share:.0%} of {their} aggregation," if share < 1 else ""
    return (
        f"no strategy bid: in no window did {count(scenario.homes, 'home')}{part} reach the market's minimum of "
        f"{minimum:g} MW; --minimum-bid-mw 0 studies small fleets"
    )
