"""Programmes in the report: what events showed and paid, and how far baselines miss what would truly have been."""

from __future__ import annotations

import pandas as pd

from vpp_core.results.run import Run
from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.text import NONE, count, listed, number, percent, usd

_SUMS = ("event_hours", "homes_without_baseline", "shown_kwh", "bias_kwh", "error_kwh", "paid_usd", "true_usd")
_MIN_USD = 0.005
TRUTH_KNOWN = (
    "The truth is what the same homes do without a VPP, which only a simulation knows. Bias is what a method credits "
    "beyond that, error the same by home and event without its sign; too much and too little are sums over days. A "
    "month has no days before it: methods look at its own earlier ones, as many as there are, and where there are none "
    "at those after."
)


def _rows(run: Run) -> pd.DataFrame:
    return run.flat.programmes


def programme_table(run: Run) -> pd.DataFrame:
    """Display rows by programme and strategy: events, what they showed, pay, and what the truth would have paid."""
    paid = _rows(run)[_rows(run)["is_paid_by"].astype(bool)]
    made = []
    for (programme, strategy), rows in paid.groupby(["programme", "strategy"], sort=False):
        own, is_bound = rows[[*_SUMS, "household_usd"]].sum(), bool(run.by_strategy.loc[str(strategy), "is_bound"])
        homes, hours = float(rows["homes"].max()), own["event_hours"]
        made.append(
            {
                "programme": programme,
                "strategy": strategy,
                "events": number((rows["event_hours"] > 0).sum(), 0),
                "homes": number(homes, 0),
                "beyond [kW a home]": number(own["shown_kwh"] / hours / homes) if hours and homes else NONE,
                "measured by": str(rows["baseline"].iloc[0]).replace("_", " "),
                "paid": usd(own["paid_usd"]),
                "to households": NONE if is_bound else usd(own["household_usd"]),
                "the truth would pay": usd(own["true_usd"]),
            }
        )
    return pd.DataFrame(made)


def baseline_table(run: Run, strategy: str | None = None) -> pd.DataFrame:
    """Display rows by programme and method, of one strategy: bias, error, and what is paid wrongly."""
    rows = _rows(run)[_rows(run)["strategy"] == (strategy or judged_strategy(run))]
    rows = rows[rows["event_hours"] > 0]
    made = []
    for (programme, method), own in rows.groupby(["programme", "baseline"], sort=False):
        if (rows.loc[rows["programme"] == programme, "baseline"].nunique()) < 2:
            continue  # paid for being there: nothing is measured
        sums = own[list(_SUMS)].sum()
        home_hours = float((own["event_hours"] * own["homes"]).sum())
        wrong = own["paid_usd"] - own["true_usd"]
        made.append(
            {
                "programme": programme,
                "baseline": str(method).replace("_", " ") + (" (pays)" if own["is_paid_by"].any() else ""),
                "bias [kW a home]": number(sums["bias_kwh"] / home_hours) if home_hours else NONE,
                "error [kW a home]": number(sums["error_kwh"] / home_hours) if home_hours else NONE,
                "pays": usd(sums["paid_usd"]),
                "too much": usd(wrong.clip(lower=0).sum()),
                "too little": usd(-wrong.clip(upper=0).sum()),
                "no baseline": number(sums["homes_without_baseline"], 0),
            }
        )
    return pd.DataFrame(made)


def judged_strategy(run: Run) -> str:
    """Whose events baselines are judged by: negotiation's where it was run, else the first that takes part."""
    taking_part = list(dict.fromkeys(_rows(run)["strategy"]))
    return NEGOTIATED if NEGOTIATED in taking_part or not taking_part else taking_part[0]


def programme_sentence(run: Run) -> str:
    """What programmes paid one strategy, and how far from the truth that is; empty where there are none."""
    if _rows(run).empty:
        return ""
    strategy = judged_strategy(run)
    rows = _rows(run)[_rows(run)["strategy"] == strategy]
    told = []
    for programme, own in rows[rows["is_paid_by"].astype(bool)].groupby("programme", sort=False):
        paid, true = float(own["paid_usd"].sum()), float(own["true_usd"].sum())
        events = int((own["event_hours"] > 0).sum())
        words = f"{programme} paid {usd(paid)} for {count(events, 'event')}"
        if abs(paid - true) >= _MIN_USD:
            more = "more" if paid > true else "less"
            words += f", {usd(abs(paid - true))} {more} than what would truly have been would pay"
        told.append(words)
    whole = run.figure(strategy, "surplus_usd") or 0.0
    total = run.figure(strategy, "programme_usd") or 0.0
    share = f"; together {percent(100 * total / whole)} of its surplus" if whole > _MIN_USD and total > 0 else ""
    return f"Under {strategy} {listed(told)}{share}."
