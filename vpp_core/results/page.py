"""`simulation_report.html`: one page that opens without a server or network.

Plotly's library is a file beside the pages or in the page, plots have fixed ids, every number is also in a table, and
what was run on which data comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pandas as pd

from vpp_core.results import figures
from vpp_core.results.answer import answer
from vpp_core.results.bargaining import BARGAINING, STRATEGY, bargaining_sentence, bargaining_table, effects
from vpp_core.results.concentration import ABOVE_ALL, concentration_sentence
from vpp_core.results.day_page import day_section
from vpp_core.results.days import best_and_worst
from vpp_core.results.energy import TWICE, energy_sentence, energy_table
from vpp_core.results.figures import Figure
from vpp_core.results.households import category_table, weight_sentence, weight_table, weight_test
from vpp_core.results.ladder import SUPPLIERS, ladder_table
from vpp_core.results.markdown import claims_table, comparison_table, gap_table, has_suppliers, method, provenance_table
from vpp_core.results.modelled import modelled_table
from vpp_core.results.negotiators import HOW, negotiator_sentence, negotiator_table
from vpp_core.results.one_day import chosen_day, shown_strategy
from vpp_core.results.page_parts import bullets, document, paragraph, plot_html, table_html
from vpp_core.results.reserves import reserve_sentence, reserve_table
from vpp_core.results.run import Run
from vpp_core.results.rungs import PREFERENCES_FIRST, PREFERENCES_LAST, has_no_market
from vpp_core.results.same_knowledge import beside_sentence, beside_table
from vpp_core.results.sentences import observations
from vpp_core.results.study import FRONTIER, SEEDS, seed_studies, sweep_sentence, sweep_table, sweeps
from vpp_core.strategies.registry import STRATEGIES


def report_html(run: Run, library: str | None = None) -> bytes:
    """The whole page; `library` as in `document`."""
    plots: dict[str, Figure] = {}
    sections = [
        (anchor, title, body)
        for anchor, title, make in _SECTIONS
        if (body := make(run, plots))  # a section with nothing to show is left out
    ]
    title = f"Virtual power plant benchmark: {run.month}, scenario {run.scenario.name}"
    return document(title, run, sections, plots, library)


def _answer(run: Run, plots: dict[str, Figure]) -> str:
    return '<div class="answer">' + "".join(paragraph(sentence) for sentence in answer(run)) + "</div>"


def _ladder(run: Run, plots: dict[str, Figure]) -> str:
    told = pd.DataFrame(
        [
            {"strategy": key, "what it is": STRATEGIES[key].description, "preferences": _obeys(key)}
            for key in run.kpis["strategy"]
            if key in STRATEGIES
        ]
    )
    note = f'<p class="soft">{escape(SUPPLIERS)}</p>' if has_suppliers(run) else ""
    plot = plot_html(plots, "plot-ladder", figures.ladder_figure(run), "Surplus of each strategy")
    return (
        plot
        + table_html(ladder_table(run.kpis))
        + note
        + "<h3>The strategies</h3>"
        + table_html(told, wide=("what it is",))
    )


def _obeys(key: str) -> str:
    if has_no_market(key):
        return "–"
    return "obeyed" if STRATEGIES[key].obeys_preferences else "ignored"


def _gap(run: Run, plots: dict[str, Figure]) -> str:
    body = ""
    for path, words in ((PREFERENCES_FIRST, "over aware foresight"), (PREFERENCES_LAST, "over centralized")):
        figure = figures.waterfall_figure(run, path)
        if figure:
            plot = plot_html(
                plots, f"plot-gap-{path.replace('_', '-')}", figure, f"Steps from perfect foresight down {words}"
            )
            body += f"<div><h3>{path.replace('_', ' ').capitalize()}, {words}</h3>{plot}</div>"
    paths, comparisons = gap_table(run.split), comparison_table(run.split)
    body = f'<div class="pair">{body}</div>' if body else ""
    body += table_html(paths) if len(paths) else ""
    same = beside_table(run)
    if len(same):
        body += (
            f"<h3>Negotiation beside the optimiser that knows and obeys the same</h3>{paragraph(beside_sentence(run))}"
        )
        body += table_html(same)
    return body + ("<h3>Side by side</h3>" + table_html(comparisons) if len(comparisons) else "")


def _sources(run: Run, plots: dict[str, Figure]) -> str:
    by_source = figures.source_figure(run)
    body = "<h3>By source</h3>" + plot_html(plots, "plot-source", by_source, "Surplus by source") if by_source else ""
    body += "<h3>By kind of money</h3>" + plot_html(
        plots, "plot-parts", figures.parts_figure(run), "Surplus by kind of money"
    )
    energy = energy_table(run)
    if len(energy):
        body += f"<h3>Energy: moved and cleared</h3>{paragraph(energy_sentence(run))}{table_html(energy)}"
        body += f'<p class="soft">{escape(TWICE)}</p>'
    reserves = reserve_table(run)
    if len(reserves):
        body += f"<h3>Reserves</h3>{paragraph(reserve_sentence(run))}{table_html(reserves)}"
    modelled = modelled_table(run)
    if len(modelled):
        body += f"<h3>What hangs on modelled prices</h3>{table_html(modelled)}"
    few = figures.concentration_figure(run)
    if few:
        plot = plot_html(plots, "plot-few", few, "Share of the surplus in the best windows")
        body += f"<h3>In how few windows</h3>{paragraph(concentration_sentence(run))}{plot}"
        body += f'<p class="soft">{escape(ABOVE_ALL)}</p>'
    return body


def _month(run: Run, plots: dict[str, Figure]) -> str:
    strategy = shown_strategy(run)
    if strategy is None:
        return ""
    surplus = plot_html(
        plots, "plot-heat-surplus", figures.heat_figure(run, strategy), f"Surplus of {strategy} by hour and day"
    )
    price = plot_html(plots, "plot-heat-price", figures.price_heat_figure(run), "Real-time price by hour and day")
    return (
        f'<div class="pair"><div><h3>Surplus of {escape(strategy)}</h3>{surplus}</div>'
        f"<div><h3>Real-time price</h3>{price}</div></div>"
        '<p class="soft">Colours end at the 2 % and 98 % quantiles; point at a cell for its value.</p>'
    )


def _days(run: Run, plots: dict[str, Figure]) -> str:
    strategy = shown_strategy(run)
    if strategy is None:
        return ""
    body = ""
    for explained in best_and_worst(run, strategy):
        figure = figures.day_figure(run, strategy, explained.day)
        says = f"Prices and energy moved on {explained.day}"
        plot = plot_html(plots, f"plot-day-{explained.which.lower()}", figure, says)
        told = "".join(paragraph(sentence) for sentence in explained.sentences)
        body += f"<div><h3>{explained.which} day of {escape(strategy)}: {explained.day}</h3>{told}{plot}</div>"
    return f'<div class="pair">{body}</div>'


def _hours(run: Run, plots: dict[str, Figure]) -> str:
    chosen = chosen_day(run)
    return day_section(*chosen, plots) if chosen else ""


def _satisfaction(run: Run, plots: dict[str, Figure]) -> str:
    if run.kpis["satisfaction_mean"].isna().all():
        return ""
    test = weight_test(run)
    return (
        plot_html(plots, "plot-satisfaction", figures.satisfaction_figure(run), "Satisfaction by component")
        + "<h3>Do the weights decide?</h3>"
        + paragraph(weight_sentence(test))
        + table_html(weight_table(test))
    )


def _households(run: Run, plots: dict[str, Figure]) -> str:
    table = category_table(run)
    if table.empty:
        return ""
    plot = plot_html(plots, "plot-gains", figures.gain_figure(run), "Gains of households, smallest to largest")
    note = (
        '<p class="soft">Gain: what a household has more than without a VPP, its bill and its battery\'s wear '
        "included. Gini (0 is equal) and Jain (1 is equal) of gain per kWh offered.</p>"
    )
    return plot + note + table_html(table)


def _negotiators(run: Run, plots: dict[str, Figure]) -> str:
    table = negotiator_table(run)
    if table.empty:
        return ""
    return paragraph(negotiator_sentence(run)) + f'<p class="soft">{escape(HOW)}</p>' + table_html(table)


def _frontier(run: Run, plots: dict[str, Figure]) -> str:
    if run.study is None or run.study.empty:
        return ""
    body = ""
    rules = effects(run.study, str(run.month), run.scenario.name)
    shown = run.study[~run.study["study"].isin(rules["study"])]
    for position, (title, members) in enumerate(sweeps(shown, str(run.month))):
        plot = ""
        if len(members["value"].unique()) > 1:
            plot = plot_html(plots, f"plot-frontier-{position}", figures.sweep_figure(members), title)
        table = f"<details><summary>The numbers</summary>{table_html(sweep_table(members))}</details>"
        body += f"<div><h3>{escape(title)}</h3>{paragraph(sweep_sentence(members))}{plot}{table}</div>"
    if body:
        body = paragraph(FRONTIER) + f'<div class="pair">{body}</div>'
    body = _bargaining(run, rules, plots) + body
    for title, differences in seed_studies(run.study):
        body += f"<h3>{escape(title)}</h3>{paragraph(SEEDS)}{table_html(differences)}"
    return body


def _bargaining(run: Run, table: pd.DataFrame, plots: dict[str, Figure]) -> str:
    """Which rule of bargaining matters, where a study varied them; `table` as `effects` gives it."""
    if table.empty:
        return ""
    drawn = figures.bargaining_figures(table)
    plotted = "".join(
        f"<div><h4>{escape(words.capitalize())}</h4>"
        + plot_html(plots, f"plot-bargaining-{position}", figure, f"Change of {words} by rule of bargaining")
        + "</div>"
        for position, (words, figure) in enumerate(drawn.items())
    )
    numbers = f"<details><summary>The numbers</summary>{table_html(bargaining_table(table))}</details>"
    said = paragraph(bargaining_sentence(table, run.figure(STRATEGY, "surplus_usd") or 0.0))
    note = f'<p class="soft">{escape(BARGAINING)}</p>'
    return f'<h3>Which rule of bargaining matters</h3>{said}{note}<div class="multiples">{plotted}</div>{numbers}'


def _event(run: Run, plots: dict[str, Figure]) -> str:
    if run.event is None:
        return ""
    return paragraph(run.event.sentence) + plot_html(
        plots, "plot-event", figures.event_figure(run.event), "Power of a battery home from 19 to 21 h, by day"
    )


def _observations(run: Run, plots: dict[str, Figure]) -> str:
    return bullets(observations(run))


def _claims(run: Run, plots: dict[str, Figure]) -> str:
    return table_html(claims_table(run.claims), wide=("claim", "because"), verdict="verdict")


def _method(run: Run, plots: dict[str, Figure]) -> str:
    return bullets(method(run))


def _reproduce(run: Run, plots: dict[str, Figure]) -> str:
    return table_html(provenance_table(run), code="value")


_SECTIONS: tuple[tuple[str, str, Callable[[Run, dict[str, Figure]], str]], ...] = (
    ("answer", "Answer", _answer),
    ("ladder", "Strategies", _ladder),
    ("gap", "Where the distance to perfect foresight comes from", _gap),
    ("sources", "Where the surplus comes from", _sources),
    ("month", "The month by hour and day", _month),
    ("days", "A best and a worst day", _days),
    ("hours", "One home and the fleet, hour by hour", _hours),
    ("satisfaction", "Satisfaction", _satisfaction),
    ("households", "Households", _households),
    ("negotiators", "Negotiators judged", _negotiators),
    ("frontier", "Surplus against satisfaction", _frontier),
    ("event", "Against a real event", _event),
    ("beware", "What to know before believing it", _observations),
    ("claims", "A predecessor’s claims", _claims),
    ("method", "Method and limits", _method),
    ("reproduce", "How to reproduce", _reproduce),
)
"""The page in order. A new section is one function and one line."""
