"""The report's sections in their order: the answer, what households got, why, the bound, then the rest.

A new section is one function and one line of `_SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from vpp_core.results import figures
from vpp_core.results.answer import answer
from vpp_core.results.bargaining import BARGAINING, STRATEGY, bargaining_sentence, bargaining_table, effects
from vpp_core.results.concentration import ABOVE_ALL, concentration_sentence
from vpp_core.results.day_page import day_parts
from vpp_core.results.days import best_and_worst
from vpp_core.results.deciders import HOW_COMPARED, decider_sentence, decider_table, of_deciders
from vpp_core.results.display import claims_table, comparison_table, gap_table, provenance_table
from vpp_core.results.energy import TWICE, energy_sentence, energy_table
from vpp_core.results.households import category_table, weight_sentence, weight_table, weight_test
from vpp_core.results.ladder import MADE_OF, RESULT, SUPPLIERS, ladder_table
from vpp_core.results.method import method
from vpp_core.results.model_share import members_sentence
from vpp_core.results.modelled import modelled_table
from vpp_core.results.negotiators import HOW, negotiator_sentence, negotiator_table
from vpp_core.results.one_day import chosen_day, shown_strategy
from vpp_core.results.programmes import (
    TRUTH_KNOWN,
    baseline_table,
    judged_strategy,
    programme_sentence,
    programme_table,
)
from vpp_core.results.reserves import reserve_sentence, reserve_table
from vpp_core.results.run import Run
from vpp_core.results.rungs import PREFERENCES_FIRST, PREFERENCES_LAST, has_no_market
from vpp_core.results.same_knowledge import beside_sentence, beside_table
from vpp_core.results.section import Part, Section, Table, part, plot
from vpp_core.results.sentences import observations
from vpp_core.results.study import FRONTIER, SEEDS, seed_studies, sweep_sentence, sweep_table, sweeps
from vpp_core.results.summary import csv_columns
from vpp_core.strategies.registry import STRATEGIES

_HANGING = (
    "Dollars a home, made in market windows whose energy price, or reserve price, nobody published. The share that is "
    "modelled is a dash where parts of a figure outweigh the whole."
)
_GAIN = (
    "Gain: what a household has more than without a VPP, its bill and its battery's wear included. Gini (0 is equal) "
    "and Jain (1 is equal) of gain per kWh offered."
)
_NUMBERS = "The numbers"


def sections(run: Run) -> list[Section]:
    """All of them, those with nothing to show included."""
    return [Section(anchor, title, tuple(make(run)), anchor in _APPENDIX) for anchor, title, make in _SECTIONS]


def _answer(run: Run) -> list[Part]:
    return [
        part(sentences=answer(run), look="answer"),
        part("How much hangs on modelled prices", tables=[modelled_table(run)], notes=[_HANGING]),
    ]


def _ladder(run: Run) -> list[Part]:
    ladder = ladder_table(run.kpis)
    told = [
        {"strategy": key, "what it is": STRATEGIES[key].description, "preferences": _obeys(key)}
        for key in run.kpis["strategy"]
        if key in STRATEGIES
    ]
    note = SUPPLIERS if _has_suppliers(run) else ""
    drawn = plot("plot-ladder", figures.ladder_figure(run), "Surplus of each strategy")
    return [
        part(plots=[drawn], tables=[ladder[list(RESULT)]], notes=[note]),
        part("What the surplus is made of", tables=[ladder[list(MADE_OF)]]),
        part("What the strategies are", tables=[Table(pd.DataFrame(told), wide=("what it is",))]),
    ]


def _obeys(key: str) -> str:
    if has_no_market(key):
        return "–"
    return "obeyed" if STRATEGIES[key].obeys_preferences else "ignored"


def _has_suppliers(run: Run) -> bool:
    """Whether a strategy was run under which homes shift energy and nobody trades it."""
    return any(has_no_market(key) and run.figure(key, "wholesale_usd") for key in run.kpis["strategy"])


def _households(run: Run) -> list[Part]:
    table = category_table(run)
    if table.empty:
        return []
    drawn = plot("plot-gains", figures.gain_figure(run), "Gains of households, smallest to largest")
    return [part(plots=[drawn], tables=[table], notes=[_GAIN])]


def _satisfaction(run: Run) -> list[Part]:
    if run.kpis["satisfaction_mean"].isna().all():
        return []
    test = weight_test(run)
    drawn = plot("plot-satisfaction", figures.satisfaction_figure(run), "Satisfaction by component")
    return [
        part(plots=[drawn]),
        part("Do the weights decide?", [weight_sentence(test)], tables=[Table(weight_table(test), folded=_NUMBERS)]),
    ]


def _sources(run: Run) -> list[Part]:
    by_source = plot("plot-source", figures.source_figure(run), "Surplus by source")
    by_kind = plot("plot-parts", figures.parts_figure(run), "Surplus by kind of money")
    few = plot("plot-few", figures.concentration_figure(run), "Share of the surplus in the best windows")
    return [
        part(
            "Negotiation beside the optimiser that knows and obeys the same",
            [beside_sentence(run)],
            tables=[beside_table(run)],
        ),
        part("By source", plots=[by_source]),
        part("By kind of money", plots=[by_kind]),
        part("Energy: moved and cleared", [energy_sentence(run)], tables=[energy_table(run)], notes=[TWICE]),
        part("Reserves", [reserve_sentence(run)], tables=[reserve_table(run)]),
        part("Programmes", [programme_sentence(run)], tables=[programme_table(run)]),
        part(f"Baselines of {judged_strategy(run)}'s events", tables=[baseline_table(run)], notes=[TRUTH_KNOWN]),
        part("In how few windows", [concentration_sentence(run)], [few], notes=[ABOVE_ALL] if few else []),
    ]


def _gap(run: Run) -> list[Part]:
    paths = ((PREFERENCES_FIRST, "over aware foresight"), (PREFERENCES_LAST, "over centralized"))
    drawn = [
        part(
            f"{path.replace('_', ' ').capitalize()}, {words}",
            plots=[
                plot(
                    f"plot-gap-{path.replace('_', '-')}",
                    figures.waterfall_figure(run, path),
                    f"Steps from perfect foresight down {words}",
                )
            ],
            half=True,
        )
        for path, words in paths
    ]
    return [
        *drawn,
        part("Step by step", tables=[gap_table(run.split)]),
        part("Strategies side by side", tables=[comparison_table(run.split)]),
    ]


def _month(run: Run) -> list[Part]:
    strategy = shown_strategy(run)
    if strategy is None:
        return []
    surplus = plot("plot-heat-surplus", figures.heat_figure(run, strategy), f"Surplus of {strategy} by hour and day")
    price = plot("plot-heat-price", figures.price_heat_figure(run), "Real-time price by hour and day")
    note = "Colours end at the 2 % and 98 % quantiles; point at a cell for its value."
    return [
        part(f"Surplus of {strategy}", plots=[surplus], notes=[note], half=True),
        part("Real-time price", plots=[price], half=True),
    ]


def _days(run: Run) -> list[Part]:
    strategy = shown_strategy(run)
    if strategy is None:
        return []
    return [
        part(
            f"{explained.which} day of {strategy}: {explained.day}",
            explained.sentences,
            [
                plot(
                    f"plot-day-{explained.which.lower()}",
                    figures.day_figure(run, strategy, explained.day),
                    f"Prices and energy moved on {explained.day}",
                )
            ],
            half=True,
        )
        for explained in best_and_worst(run, strategy)
    ]


def _hours(run: Run) -> list[Part]:
    chosen = chosen_day(run)
    return day_parts(*chosen) if chosen else []


def _frontier(run: Run) -> list[Part]:
    if run.study is None or run.study.empty:
        return []
    rules = effects(run.study, str(run.month), run.scenario.name)
    shown = run.study[~run.study["study"].isin(rules["study"])]
    swept = []
    for position, (title, members) in enumerate(sweeps(shown, str(run.month))):
        figure = figures.sweep_figure(members) if len(members["value"].unique()) > 1 else None
        drawn = plot(f"plot-frontier-{position}", figure, title)
        numbers = Table(sweep_table(members), folded=_NUMBERS)
        swept.append(part(title, [sweep_sentence(members)], [drawn], [numbers], half=True))
    drawn_anew = [part(title, [SEEDS], tables=[table]) for title, table in seed_studies(run.study)]
    compared = [
        part(f"Deciders compared: {name}", [decider_sentence(rows)], tables=[decider_table(rows)], notes=[HOW_COMPARED])
        for name, rows in of_deciders(run.study, str(run.month))
    ]
    whose = part("Whose decisions these are", [members_sentence(run.study)])
    framed = [part(sentences=[FRONTIER]), *swept] if swept else []
    return [*compared, *_bargaining(run, rules), *framed, *drawn_anew, whose]


def _bargaining(run: Run, table: pd.DataFrame) -> list[Part]:
    """Which rule of bargaining matters, where a study varied them; `table` as `effects` gives it."""
    if table.empty:
        return []
    drawn = [
        plot(f"plot-bargaining-{position}", figure, f"Change of {words} by rule of bargaining", words.capitalize())
        for position, (words, figure) in enumerate(figures.bargaining_figures(table).items())
    ]
    said = bargaining_sentence(table, run.figure(STRATEGY, "surplus_usd") or 0.0)
    numbers = Table(bargaining_table(table), folded=_NUMBERS)
    return [part("Which rule of bargaining matters", [said], drawn, [numbers], [BARGAINING])]


def _negotiators(run: Run) -> list[Part]:
    table = negotiator_table(run)
    return [part(sentences=[negotiator_sentence(run)], tables=[table], notes=[HOW])] if len(table) else []


def _event(run: Run) -> list[Part]:
    if run.event is None:
        return []
    says = "Power of a battery home from 19 to 21 h, by day"
    return [part(sentences=[run.event.sentence], plots=[plot("plot-event", figures.event_figure(run.event), says)])]


def _observations(run: Run) -> list[Part]:
    return [part(sentences=observations(run), look="bullets")]


def _method(run: Run) -> list[Part]:
    return [part(sentences=method(run), look="bullets")]


def _claims(run: Run) -> list[Part]:
    return [part(tables=[Table(claims_table(run.claims), wide=("claim", "because"), verdict="verdict")])]


def _reproduce(run: Run) -> list[Part]:
    return [part(tables=[Table(provenance_table(run), code="value")])]


def _columns(run: Run) -> list[Part]:
    columns = pd.DataFrame({"column": list(csv_columns()), "what it is": list(csv_columns().values())})
    return [part(tables=[Table(columns, wide=("what it is",), code="column", folded="All columns")])]


_SECTIONS: tuple[tuple[str, str, Callable[[Run], list[Part]]], ...] = (
    ("answer", "Answer", _answer),
    ("ladder", "Strategies", _ladder),
    ("households", "What households got", _households),
    ("satisfaction", "Satisfaction", _satisfaction),
    ("sources", "Where the money arises", _sources),
    ("gap", "Where the distance to perfect foresight comes from", _gap),
    ("month", "The month by hour and day", _month),
    ("days", "A best and a worst day", _days),
    ("hours", "One home and the fleet, hour by hour", _hours),
    ("negotiators", "Negotiators judged", _negotiators),
    ("frontier", "Studies: surplus against satisfaction", _frontier),
    ("event", "Against a real event", _event),
    ("beware", "What to know before believing it", _observations),
    ("method", "Method and limits", _method),
    ("reproduce", "How to reproduce", _reproduce),
    ("claims", "A predecessor’s claims", _claims),
    ("columns", "Columns of simulation_results.csv", _columns),
)
_APPENDIX = ("reproduce", "claims", "columns")
