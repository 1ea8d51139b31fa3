"""What pages share: the document around them, what was run on which data, and paragraphs, tables and plots as HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

import pandas as pd

from vpp_core.results.figures import Figure
from vpp_core.results.markdown import days_run, node
from vpp_core.results.page_style import CSS, SCRIPT
from vpp_core.results.run import Run
from vpp_core.results.shares import REAL, data_shares, shown_share
from vpp_core.results.text import count, reads_as_number

Section = tuple[str, str, str]
"""Anchor, title, and body as HTML."""


def document(
    title: str, run: Run, sections: Iterable[Section], plots: dict[str, Figure], library: str | None = None
) -> bytes:
    """A whole page that needs no server or network, its plots as JSON by element id.

    `library`: where plotly's script lies, as seen from the page; without, it is in the page, which then needs no other
    file and has 4.9 MB more.
    """
    sections = list(sections)
    links = "".join(f'<a href="#{anchor}">{heading}</a>' for anchor, heading, _ in sections)
    parts = "".join(f'<section id="{anchor}"><h2>{heading}</h2>{body}</section>' for anchor, heading, body in sections)
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>"
        f"<header><h1>{escape(title)}</h1>{what_was_run(run)}<nav>{links}</nav>"
        f"<noscript><p>The plots need JavaScript.</p></noscript>{_MISSING if library else ''}</header>{parts}</main>"
        f'<script type="application/json" id="figures">{_json(plots)}</script>'
        f"{_library(library)}<script>{SCRIPT}</script></body></html>\n"
    )
    return page.encode()


_MISSING = (
    '<p id="no-library" hidden>The plots are missing: this page was moved away from the script that draws them. '
    "<code>vpp report</code> writes one file that needs no other.</p>"
)


def _library(address: str | None) -> str:
    """Plotly's script, named or in full."""
    if address is None:
        from plotly.offline import get_plotlyjs

        return f"<script>{get_plotlyjs()}</script>"
    told = "document.getElementById(&quot;no-library&quot;).hidden=false"
    return f'<script src="{escape(address)}" onerror="{told}"></script>'


def what_was_run(run: Run) -> str:
    scenario = run.scenario
    words = (
        f"{count(scenario.homes, 'home')} (fleet seed {scenario.seed}), {days_run(run)}, node {node(run)}, data seed "
        f"{scenario.data_seed}. {scenario.description}."
    )
    bars = "".join(
        f"<div>{escape(share.series)}, {shown_share(share.real)} real</div>"
        f'<div class="bar" title="{escape(share.sentence)}">{_bar(share.by_source)}</div>'
        for share in data_shares(run)
    )
    return f'<p class="soft">{escape(words)}</p><div class="shares">{bars}</div>'


def _bar(by_source: dict[str, float]) -> str:
    return "".join(
        f'<span class="{"real" if source in REAL else source}" style="width:{100 * share:.2f}%">{source} '
        f"{shown_share(share)}</span>"
        for source, share in by_source.items()
    )


def prose(text: str) -> str:
    """Text as HTML whose lines do not end between a number and its % or between a minus and its number."""
    return escape(text).replace(" %", "&nbsp;%").replace("−", "−&NoBreak;")


def paragraph(text: str) -> str:
    return f"<p>{prose(text)}</p>"


def bullets(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{prose(line)}</li>" for line in lines) + "</ul>" if lines else ""


def plot_html(plots: dict[str, Figure], name: str, figure: Figure, says: str) -> str:
    """The place of a plot; `says` is what it shows, for those who cannot see it."""
    plots[name] = figure
    return (
        f'<div class="plot" id="{name}" role="img" aria-label="{escape(says)}" '
        f'style="height:{figure["layout"]["height"]}px"></div>'
    )


def table_html(
    frame: pd.DataFrame, wide: tuple[str, ...] = (), verdict: str | None = None, code: str | None = None
) -> str:
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
