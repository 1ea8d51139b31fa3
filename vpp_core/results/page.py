"""`simulation_report.html`: one self-contained page that opens without a server or network.

Plotly's library is inlined once, plots have fixed ids, every number is also in a table, and what was run on which
data comes first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import pandas as pd

from vpp_core.results import figures
from vpp_core.results.concentration import ABOVE_ALL, concentration_sentence
from vpp_core.results.days import best_and_worst
from vpp_core.results.figures import Figure
from vpp_core.results.households import category_table, operable, weight_sentence, weight_table, weight_test
from vpp_core.results.ladder import ladder_table
from vpp_core.results.markdown import claims_table, comparison_table, gap_table, method, node, provenance_table
from vpp_core.results.page_style import CSS, SCRIPT
from vpp_core.results.reserves import reserve_sentence, reserve_table
from vpp_core.results.run import Run
from vpp_core.results.same_knowledge import beside_sentence, beside_table
from vpp_core.results.sentences import answer, observations
from vpp_core.results.shares import REAL, data_shares
from vpp_core.results.study import FRONTIER, SEEDS, seed_studies, sweep_table, sweeps
from vpp_core.results.text import number, percent, reads_as_number
from vpp_core.strategies.registry import STRATEGIES


def report_html(run: Run) -> bytes:
    """The whole page."""
    plots: dict[str, Figure] = {}
    sections = [
        (anchor, title, body)
        for anchor, title, make in _SECTIONS
        if (body := make(run, plots))  # a section with nothing to show is left out
    ]
    links = "".join(f'<a href="#{anchor}">{title}</a>' for anchor, title, _ in sections)
    parts = "".join(f'<section id="{anchor}"><h2>{title}</h2>{body}</section>' for anchor, title, body in sections)
    title = f"Virtual power plant benchmark: {run.month}, scenario {run.scenario.name}"
    from plotly.offline import get_plotlyjs

    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>"
        f"<header><h1>{escape(title)}</h1>{_what_was_run(run)}<nav>{links}</nav></header>{parts}</main>"
        f'<script type="application/json" id="figures">{_json(plots)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{SCRIPT}</script></body></html>\n"
    )
    return page.encode()


def _what_was_run(run: Run) -> str:
    scenario = run.scenario
    shortened = f", only the first {scenario.first_days} days of the month" if scenario.first_days else ""
    words = (
        f"{number(scenario.homes, 0)} homes (fleet seed {scenario.seed}), {run.days} local days{shortened}, node "
        f"{node(run)}, data seed {scenario.data_seed}. {scenario.description}."
    )
    bars = "".join(
        f"<div>{escape(share.series)}, {percent(100 * share.real, 0)} real</div>"
        f'<div class="bar" title="{escape(share.sentence)}">{_bar(share.by_source)}</div>'
        for share in data_shares(run)
    )
    return f'<p class="soft">{escape(words)}</p><div class="shares">{bars}</div>'


def _bar(by_source: dict[str, float]) -> str:
    return "".join(
        f'<span class="{"real" if source in REAL else source}" style="width:{100 * share:.2f}%">{source} '
        f"{percent(100 * share, 0)}</span>"
        for source, share in by_source.items()
    )


def _answer(run: Run, plots: dict[str, Figure]) -> str:
    return '<div class="answer">' + "".join(_p(sentence) for sentence in answer(run)) + "</div>"


def _ladder(run: Run, plots: dict[str, Figure]) -> str:
    told = pd.DataFrame(
        [
            {"strategy": key, "what it is": STRATEGIES[key].description, "preferences": _obeys(key)}
            for key in run.kpis["strategy"]
            if key in STRATEGIES
        ]
    )
    plot = _plot(plots, "plot-ladder", figures.ladder_figure(run))
    return plot + _table(ladder_table(run.kpis)) + "<h3>The strategies</h3>" + _table(told, wide=("what it is",))


def _obeys(key: str) -> str:
    return "obeyed" if STRATEGIES[key].obeys_preferences else "ignored"


def _gap(run: Run, plots: dict[str, Figure]) -> str:
    body = ""
    for path, words in (("preferences_first", "over aware foresight"), ("information_first", "over centralized")):
        figure = figures.waterfall_figure(run, path)
        if figure:
            plot = _plot(plots, f"plot-gap-{path.replace('_', '-')}", figure)
            body += f"<div><h3>{path.replace('_', ' ').capitalize()}, {words}</h3>{plot}</div>"
    paths, comparisons = gap_table(run.split), comparison_table(run.split)
    body = f'<div class="pair">{body}</div>' if body else ""
    body += _table(paths) if len(paths) else ""
    same = beside_table(run)
    if len(same):
        body += f"<h3>Negotiation beside the optimiser that knows and obeys the same</h3>{_p(beside_sentence(run))}"
        body += _table(same)
    return body + ("<h3>Side by side</h3>" + _table(comparisons) if len(comparisons) else "")


def _sources(run: Run, plots: dict[str, Figure]) -> str:
    by_source = figures.source_figure(run)
    body = "<h3>By source</h3>" + _plot(plots, "plot-source", by_source) if by_source else ""
    body += "<h3>By kind of money</h3>" + _plot(plots, "plot-parts", figures.parts_figure(run))
    reserves = reserve_table(run)
    if len(reserves):
        body += f"<h3>Reserves</h3>{_p(reserve_sentence(run))}{_table(reserves)}"
    few = figures.concentration_figure(run)
    if few:
        body += f"<h3>In how few windows</h3>{_p(concentration_sentence(run))}{_plot(plots, 'plot-few', few)}"
        body += f'<p class="soft">{escape(ABOVE_ALL)}</p>'
    return body


def _shown(run: Run) -> str | None:
    """The strategy whose month is looked at closely: the negotiated one, or else the first that does something."""
    acting = [key for key in operable(run) if key != "no_vpp"]
    return "negotiated" if "negotiated" in acting else next(iter(acting), None)


def _month(run: Run, plots: dict[str, Figure]) -> str:
    strategy = _shown(run)
    if strategy is None:
        return ""
    surplus = _plot(plots, "plot-heat-surplus", figures.heat_figure(run, strategy))
    price = _plot(plots, "plot-heat-price", figures.price_heat_figure(run))
    return (
        f'<div class="pair"><div><h3>Surplus of {escape(strategy)}</h3>{surplus}</div>'
        f"<div><h3>Real-time price</h3>{price}</div></div>"
        '<p class="soft">Colours end at the 2 % and 98 % quantiles; point at a cell for its value.</p>'
    )


def _days(run: Run, plots: dict[str, Figure]) -> str:
    strategy = _shown(run)
    if strategy is None:
        return ""
    body = ""
    for explained in best_and_worst(run, strategy):
        plot = _plot(plots, f"plot-day-{explained.which.lower()}", figures.day_figure(run, strategy, explained.day))
        told = "".join(_p(sentence) for sentence in explained.sentences)
        body += f"<div><h3>{explained.which} day of {escape(strategy)}: {explained.day}</h3>{told}{plot}</div>"
    return f'<div class="pair">{body}</div>'


def _satisfaction(run: Run, plots: dict[str, Figure]) -> str:
    if run.kpis["satisfaction_mean"].isna().all():
        return ""
    test = weight_test(run)
    return (
        _plot(plots, "plot-satisfaction", figures.satisfaction_figure(run))
        + "<h3>Do the weights decide?</h3>"
        + _p(weight_sentence(test))
        + _table(weight_table(test))
    )


def _households(run: Run, plots: dict[str, Figure]) -> str:
    table = category_table(run)
    if table.empty:
        return ""
    plot = _plot(plots, "plot-gains", figures.gain_figure(run))
    note = (
        '<p class="soft">Gain: what a household has more than without a VPP, its bill and its battery\'s wear '
        "included. Gini (0 is equal) and Jain (1 is equal) of gain per kWh offered.</p>"
    )
    return plot + note + _table(table)


def _frontier(run: Run, plots: dict[str, Figure]) -> str:
    if run.study is None or run.study.empty:
        return ""
    body = ""
    for position, (title, members) in enumerate(sweeps(run.study, str(run.month))):
        plot = _plot(plots, f"plot-frontier-{position}", figures.frontier_figure(members))
        table = f"<details><summary>The numbers</summary>{_table(sweep_table(members))}</details>"
        body += f"<div><h3>{escape(title)}</h3>{plot}{table}</div>"
    if body:
        body = _p(FRONTIER) + f'<div class="pair">{body}</div>'
    for study, differences in seed_studies(run.study):
        body += f"<h3>Over fleet seeds: {escape(study)}</h3>{_p(SEEDS)}{_table(differences)}"
    return body


def _event(run: Run, plots: dict[str, Figure]) -> str:
    if run.event is None:
        return ""
    return _p(run.event.sentence) + _plot(plots, "plot-event", figures.event_figure(run.event))


def _observations(run: Run, plots: dict[str, Figure]) -> str:
    return _list(observations(run))


def _claims(run: Run, plots: dict[str, Figure]) -> str:
    return _table(claims_table(run.claims), wide=("claim", "because"), verdict="verdict")


def _method(run: Run, plots: dict[str, Figure]) -> str:
    return _list(method(run))


def _reproduce(run: Run, plots: dict[str, Figure]) -> str:
    return _table(provenance_table(run), code="value")


_SECTIONS: tuple[tuple[str, str, Callable[[Run, dict[str, Figure]], str]], ...] = (
    ("answer", "Answer", _answer),
    ("ladder", "Strategies", _ladder),
    ("gap", "Where the distance to perfect foresight comes from", _gap),
    ("sources", "Where the surplus comes from", _sources),
    ("month", "The month by hour and day", _month),
    ("days", "A best and a worst day", _days),
    ("satisfaction", "Satisfaction", _satisfaction),
    ("households", "Households", _households),
    ("frontier", "Surplus against satisfaction", _frontier),
    ("event", "Against a real event", _event),
    ("beware", "What to know before believing it", _observations),
    ("claims", "A predecessor’s claims", _claims),
    ("method", "Method and limits", _method),
    ("reproduce", "How to reproduce", _reproduce),
)
"""The page in order. A new section is one function and one line."""


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _plot(plots: dict[str, Figure], name: str, figure: Figure) -> str:
    plots[name] = figure
    return f'<div class="plot" id="{name}" style="height:{figure["layout"]["height"]}px"></div>'


def _table(frame: pd.DataFrame, wide: tuple[str, ...] = (), verdict: str | None = None, code: str | None = None) -> str:
    """A frame of texts as an HTML table that scrolls sideways in a narrow window."""
    numeric = {name for name in frame if len(frame) and all(reads_as_number(str(cell)) for cell in frame[name])}

    def cell(name: str, text: str) -> str:
        kind = "number" if name in numeric and name != code else "wide" if name in wide else ""
        if name == verdict:
            kind = {"holds": "holds", "does not hold": "fails"}.get(text, "")
        shown = f"<code>{escape(text)}</code>" if name == code else escape(text)
        return f'<td class="{kind}">{shown}</td>' if kind else f"<td>{shown}</td>"

    head = "".join(
        f'<th class="number">{escape(str(name))}</th>' if name in numeric else f"<th>{escape(str(name))}</th>"
        for name in frame
    )
    body = "".join(
        "<tr>" + "".join(cell(str(name), str(row[name])) for name in frame) + "</tr>"
        for row in frame.to_dict("records")
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
