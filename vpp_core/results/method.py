"""How the numbers came about, and what they leave out."""

from __future__ import annotations

from vpp_core.results.run import Run

METHOD = (
    "Every strategy is settled by the same books and starts from the same state; its surplus is the money that the "
    "VPP and its households have together more than without a VPP, retail bills and battery wear included.",
    "perfect_foresight and perfect_foresight_aware know the whole period and are relaxations: upper bounds that nobody "
    "can operate. They have no payments, household gains or satisfaction.",
    "The steps of the gap are differences between strategies, no more. perfect_forecast plans, bids and is settled as "
    "centralized_aware is, with a plan whose forecasts happen to be exact: what is between the two is information and "
    "nothing else, though not all of it, since the prices at which curves and reserves are bid come from the issued "
    "forecast in both. What is between the bound and perfect_forecast is all that the bound waives or knows beyond any "
    "horizon: bids held for a window, day-ahead commitments, the minimum bid, penalties, compensation, and the plan's "
    "own imperfection. Where, of three days or more, one makes more than half of a step, that step is no "
    "finding about the period.",
    "Energy is told as what devices moved against having no VPP, and as deviation that cleared: not the same.",
    "Intervals are paired day-block bootstraps: whole days are redrawn, the same days for every strategy. They cover "
    "the day-to-day variation of this one month; not other months, not the draw of the fleet, not errors of the model. "
    "Days are taken as exchangeable although batteries carry energy past midnight. Each interval stands for itself: of "
    "twenty, one leaves out the true number on average, so of many differences read together a few may be chance.",
    "The VPP is a price taker: its bids do not move prices. Household preferences, load and driving are modelled, not "
    "measured.",
    "Satisfaction is one scorer's weighted mean of components of what happened; its weights are an assumption.",
)


def method(run: Run) -> list[str]:
    """How the numbers came about, and what they leave out; what was not sold in this run is said."""
    if (run.kpis["reserves_usd"].abs() > 0).any() or (run.kpis["reserve_bids"] > 0).any():
        return list(METHOD)
    first, *rest = METHOD
    unpriced = run.market_prices[["spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]].isna().all(axis=None)
    why = ", since the data has no price of it" if unpriced else ""
    return [first, f"No strategy sold reserve{why}: the columns of reserves are zero.", *rest]
