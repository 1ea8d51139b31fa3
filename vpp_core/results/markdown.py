"""`simulation_report.md`: the report as text, the same sentences and numbers as the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from vpp_core.results.answer import answer
from vpp_core.results.bargaining import BARGAINING, STRATEGY, bargaining_sentence, bargaining_table, effects
from vpp_core.results.energy import TWICE, energy_sentence, energy_table
from vpp_core.results.ladder import SUPPLIERS, ladder_table
from vpp_core.results.modelled import modelled_table
from vpp_core.results.negotiators import HOW, negotiator_sentence, negotiator_table
from vpp_core.results.one_day import chosen_day, fleet_table, home_table
from vpp_core.results.reserves import reserve_sentence, reserve_table
from vpp_core.results.run import Run
from vpp_core.results.rungs import COMPARISON, has_no_market
from vpp_core.results.same_knowledge import beside_sentence, beside_table
from vpp_core.results.sentences import observations
from vpp_core.results.shares import data_shares
from vpp_core.results.study import FRONTIER, SEEDS, seed_studies, sweep_sentence, sweep_table, sweeps
from vpp_core.results.summary import csv_columns
from vpp_core.results.text import NONE, ONE_DAY, as_words, count, markdown_table, percent, plain, score, usd


def report_markdown(run: Run) -> bytes:
    """The whole report in Markdown."""
    sections = [
        f"# Virtual power plant benchmark: {run.month}, scenario {run.scenario.name}",
        _what_was_run(run),
        "## Answer\n\n" + "\n\n".join(answer(run)),
        "## Strategies\n\n" + _frame(ladder_table(run.kpis)) + _suppliers(run),
        "## Where the distance to perfect foresight comes from\n\n" + gap_markdown(run),
        *_beside(run),
        *_energy(run),
        *_reserves(run),
        *_modelled(run),
        *_negotiators(run),
        "## Strategies side by side\n\n" + _frame(comparison_table(run.split)),
        *_day(run),
        *_studies(run),
        *([f"## Against a real event\n\n{run.event.sentence}"] if run.event else []),
        "## What to know before believing it\n\n" + _bullets(observations(run)),
        "## A predecessor's claims\n\n" + claims_markdown(run),
        "## Method and limits\n\n" + _bullets(method(run)),
        "## How to reproduce\n\n" + _frame(provenance_table(run)),
        "## Columns of simulation_results.csv\n\n" + _bullets([f"`{k}`: {v}" for k, v in csv_columns().items()]),
    ]
    return ("\n\n".join(sections) + "\n").encode()


METHOD = (
    "Every strategy is settled by the same books and starts from the same state; its surplus is the money that the "
    "VPP and its households have together more than without a VPP, retail bills and battery wear included.",
    "perfect_foresight and perfect_foresight_aware know the whole period and are relaxations: upper bounds that nobody "
    "can operate. They have no payments, household gains or satisfaction.",
    "The steps of the gap are differences between strategies, no more. perfect_forecast plans, bids and is settled as "
    "centralized_aware is, by forecasts that happen to be exact: what is between the two is information and nothing "
    "else. What is between the bound and perfect_forecast is all that the bound waives or knows beyond any horizon: "
    "bids held for a window, day-ahead commitments, the minimum bid, penalties, compensation, and the plan's own "
    "imperfection. A step that one day of three or more makes more than half of is no finding about the period.",
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
    return [first, "No strategy sold spin or non-spin reserve: the columns of reserves are zero.", *rest]


def _beside(run: Run) -> list[str]:
    table = beside_table(run)
    title = "## Negotiation beside the optimiser that knows and obeys the same"
    return [f"{title}\n\n{beside_sentence(run)}\n\n{_frame(table)}"] if len(table) else []


def _suppliers(run: Run) -> str:
    return f"\n\n{SUPPLIERS}" if has_suppliers(run) else ""


def has_suppliers(run: Run) -> bool:
    """Whether a strategy was run under which homes shift energy and nobody trades it."""
    return any(has_no_market(key) and run.figure(key, "wholesale_usd") for key in run.kpis["strategy"])


def _energy(run: Run) -> list[str]:
    table = energy_table(run)
    if table.empty:
        return []
    return [f"## Energy: moved and cleared\n\n{energy_sentence(run)}\n\n{TWICE}\n\n{_frame(table)}"]


def _reserves(run: Run) -> list[str]:
    table = reserve_table(run)
    return [f"## Reserves\n\n{reserve_sentence(run)}\n\n{_frame(table)}"] if len(table) else []


def _modelled(run: Run) -> list[str]:
    table = modelled_table(run)
    return [f"## What hangs on modelled prices\n\n{_frame(table)}"] if len(table) else []


def _negotiators(run: Run) -> list[str]:
    table = negotiator_table(run)
    return [f"## Negotiators judged\n\n{negotiator_sentence(run)}\n\n{HOW}\n\n{_frame(table)}"] if len(table) else []


def _day(run: Run) -> list[str]:
    """One home and the fleet on one day, in numbers; the page draws them."""
    chosen = chosen_day(run)
    if chosen is None:
        return []
    one, words = chosen
    home, fleet = _frame(home_table(one)), _frame(fleet_table(one))
    title = f"Home {one.home_id} and the fleet on {one.day}"
    return [f"## {title}\n\n{words}\n\n{home}\n\nAll homes:\n\n{fleet}"]


def _what_was_run(run: Run) -> str:
    scenario = run.scenario
    return "\n\n".join(
        [
            "## What was run on which data",
            f"{count(scenario.homes, 'home')}, fleet seed {scenario.seed}, data seed {scenario.data_seed}, "
            f"{days_run(run)}, node {node(run)}. {as_words(scenario.description)}.",
            _bullets([share.sentence for share in data_shares(run)]),
        ]
    )


def _studies(run: Run) -> list[str]:
    """Sweeps of this month and differences over fleet seeds, where a study was run."""
    if run.study is None or run.study.empty:
        return []
    rules = effects(run.study, str(run.month), run.scenario.name)
    shown = sweeps(run.study[~run.study["study"].isin(rules["study"])], str(run.month))
    swept = [f"### {title}\n\n{sweep_sentence(rows)}\n\n{_frame(sweep_table(rows))}" for title, rows in shown]
    parts = [f"## Surplus–satisfaction frontier\n\n{FRONTIER}", *swept] if swept else []
    if len(rules):
        said = bargaining_sentence(rules, run.figure(STRATEGY, "surplus_usd") or 0.0)
        numbers = _frame(bargaining_table(rules))
        parts = [f"## Which rule of bargaining matters\n\n{said}\n\n{BARGAINING}\n\n{numbers}", *parts]
    return parts + [f"## {title}\n\n{SEEDS}\n\n{_frame(table)}" for title, table in seed_studies(run.study)]


def days_run(run: Run) -> str:
    """How many local days were run, and whether these are only the month's first."""
    shortened = " (only the first of the month)" if run.scenario.first_days else ""
    return count(run.days, "local day") + shortened


def node(run: Run) -> str:
    """The pricing node(s) of the run."""
    return ", ".join(sorted(run.market_prices["node"].dropna().unique())) or NONE


def gap_markdown(run: Run) -> str:
    """The split as a table; one row per path and step."""
    return _frame(gap_table(run.split))


def gap_table(split: pd.DataFrame) -> pd.DataFrame:
    """Display rows of the two paths in `GAP_SPLIT`: step, strategies, surplus, interval, share, days above 0."""
    rows = [
        {
            "path": row["path"].replace("_", " "),
            "step": row["step"].replace("_", " "),
            "difference of": f"{row['upper_strategy']} − {row['lower_strategy']}",
            "surplus": usd(row["difference"]),
            "95 % interval": _ends(row, usd) or ONE_DAY,
            "share": percent(row["share_of_total_percent"]),
            "largest day": _largest_day(row),
            "days above 0": f"{row['days_positive']} of {row['days']}",
        }
        for row in split[split["path"] != COMPARISON].to_dict("records")
    ]
    return pd.DataFrame(rows)


_MEASURES = {
    "surplus_usd": "surplus",
    "vpp_profit_usd": "VPP profit",
    "household_gain_usd": "households",
    "satisfaction_mean": "satisfaction",
}


def comparison_table(split: pd.DataFrame) -> pd.DataFrame:
    """Display rows of the comparisons in `GAP_SPLIT`: a pair of strategies, each measure with its interval."""
    rows: dict[str, dict[str, str]] = {}
    for row in split[split["path"] == COMPARISON].to_dict("records"):
        pair = f"{row['upper_strategy']} − {row['lower_strategy']}"
        form = usd if row["measure"].endswith("_usd") else score
        ends = _ends(row, form)
        cell = form(row["difference"]) + (f" ({ends})" if ends else "")
        rows.setdefault(pair, {"pair": pair})[_MEASURES[row["measure"]]] = cell
    return pd.DataFrame(list(rows.values())).fillna(NONE)


def _largest_day(row: Mapping[Any, Any]) -> str:
    """Share of the day that makes most of a difference; marked where that is more than half of it."""
    share = row["largest_day_percent"]
    if pd.isna(share):
        return NONE
    marked = f" ({row['largest_day']}: no finding)" if row["one_day_dominates"] else ""
    return percent(share, 0) + marked


def _ends(row: Mapping[Any, Any], form: Callable[[Any], str]) -> str:
    return "" if pd.isna(row["low"]) else f"{form(row['low'])} to {form(row['high'])}"


def claims_markdown(run: Run) -> str:
    """The claims as a table."""
    return _frame(claims_table(run.claims))


def claims_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Display rows of `CLAIMS`: claim, claimed, measured, interval, verdict, because."""
    rows = []
    for row in claims.to_dict("records"):
        measured = NONE if pd.isna(row["measured"]) else f"{plain(row['measured'])} {row['unit']}"
        has_interval = not pd.isna(row["low"])
        rows.append(
            {
                "claim": row["statement"],
                "claimed": row["claimed"],
                "measured": measured,
                "95 % interval": f"{plain(row['low'])} to {plain(row['high'])}" if has_interval else NONE,
                "verdict": row["verdict"],
                "because": row["because"],
            }
        )
    return pd.DataFrame(rows)


def provenance_table(run: Run) -> pd.DataFrame:
    """What reproduces the run: every entry of the provenance, nested ones joined by a dot."""
    entries = _flattened(run.provenance)
    return pd.DataFrame({"what": list(entries), "value": list(entries.values())})


def _flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat


def _frame(frame: pd.DataFrame) -> str:
    return markdown_table(list(frame.columns), frame.astype(str).to_numpy().tolist())


def _bullets(lines: Any) -> str:
    return "\n".join(f"- {line}" for line in lines) if lines else "Nothing beyond the answer."
