"""The files for people: the same bytes each time, self-contained, and true to what was run."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from vpp_core.results.ladder import ladder_table
from vpp_core.results.render import prose
from vpp_core.results.report import report_files, report_html
from vpp_core.results.run import Run
from vpp_core.results.shares import data_shares
from vpp_core.results.summary import Summary, csv_columns


@pytest.fixture(scope="module")
def run(run_of):
    return run_of(days=3, homes=6, gains={"negotiated": 0.05}, violations={"centralized": 2})


@pytest.fixture(scope="module")
def files(run):
    return report_files(run)


def figures_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)[1])


def test_the_same_run_makes_the_same_bytes(run, files):
    assert set(files) == {
        "simulation_results.csv",
        "simulation_summary.json",
        "simulation_report.md",
        "simulation_report.html",
    }
    again = report_files(replace(run))
    assert again == files


def test_the_page_needs_no_network_and_inlines_the_library_once(files):
    page = files["simulation_report.html"].decode()
    assert not re.search(r"<(script|img|iframe|link)[^>]+(src|href)\s*=", page)
    assert len(re.findall(r"plotly\.js v\d", page)) == 1
    assert "@import" not in page.split("</style>")[0]


def test_every_plot_is_valid_and_has_its_place_in_the_page(files):
    import plotly.graph_objects as go

    page = files["simulation_report.html"].decode()
    figures = figures_of(page)
    assert len(figures) >= 9
    for name, figure in figures.items():
        assert page.count(f'id="{name}"') == 1
        go.Figure(figure)  # raises where a property does not exist


def test_what_was_run_on_which_data_comes_first_on_the_page_and_in_the_text(files):
    page, text = files["simulation_report.html"].decode(), files["simulation_report.md"].decode()
    assert page.index("real-time price, 50 % real") < page.index('id="answer"')
    assert text.index("real-time price: 50 % real (50 % read from files and 50 % synthetic)") < text.index("## Answer")


def test_nothing_from_outside_can_write_markup_into_the_page(run):
    hostile = run.scenario.model_copy(update={"description": "</script><script>alert(1)</script>"})
    provenance = {"command": "vpp <b>run</b>"}
    page = report_html(replace(run, scenario=hostile, provenance=provenance)).decode()
    assert "<script>alert(1)" not in page and "vpp <b>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_summary_fits_its_schema_and_says_the_same_sentences(files):
    summary = Summary.model_validate_json(files["simulation_summary.json"])
    text = files["simulation_report.md"].decode()
    assert len(summary.answer) == 5
    assert all(sentence in text for sentence in summary.answer + summary.observations)
    bound = next(row for row in summary.kpi_monthly if row["strategy"] == "perfect_foresight")
    assert bound["payment_usd"] is None and bound["is_bound"] is True
    assert b"NaN" not in files["simulation_summary.json"]


def test_the_csv_has_a_row_per_window_and_strategy_and_documented_columns(run, files):
    from io import BytesIO

    frame = pd.read_csv(BytesIO(files["simulation_results.csv"]))
    assert list(frame.columns) == list(csv_columns())
    assert len(frame) == 3 * 24 * 8
    assert not frame.duplicated(["strategy", "window_start"]).any()
    assert frame["surplus_usd"].sum() == pytest.approx(run.kpis["surplus_usd"].sum(), abs=0.01)
    assert frame["window_start_local"].iloc[0] == "2023-08-01T00:00:00-07:00"
    text = files["simulation_report.md"].decode()
    assert all(f"`{name}`" in text for name in frame.columns)


def test_a_bound_shows_dashes_and_not_zeros_in_the_ladder(run):
    table = ladder_table(run.kpis).set_index("strategy")
    bound = table.loc["perfect_foresight (bound)"]
    assert list(bound[["VPP profit", "households", "worse off", "satisfaction", "violations"]]) == ["–"] * 5
    assert table.loc["centralized", "violations"] == "6"
    assert table.loc["negotiated", "worse off"] == "5 of 6"


@pytest.mark.parametrize("surplus", [{"no_vpp": 0.0}, {"no_vpp": 0.0, "centralized": 5.0}, {"somebodys_own": 3.0}])
def test_a_run_of_any_strategies_has_a_report(run_of, surplus):
    page = report_files(run_of(surplus, days=2))["simulation_report.html"].decode()
    assert next(iter(surplus)) in page and 'id="answer"' in page


def test_a_single_day_has_a_report_that_says_there_is_no_interval(run_of):
    text = report_files(run_of(days=1))["simulation_report.md"].decode()
    assert "one day: no interval" in text
    assert not re.search(r"\bnan\b", text.lower())


def test_shares_add_up_and_a_missing_series_is_not_real(run):
    shares = {share.series: share for share in data_shares(run)}
    for share in shares.values():
        assert sum(share.by_source.values()) == pytest.approx(1.0)
    assert shares["real-time price"].real == pytest.approx(0.5)
    assert shares["day-ahead price"].by_source == {"missing": 1.0}
    assert shares["solar generation"].real == 0.0  # a typical year is not measured


def test_a_series_that_is_all_but_real_is_not_called_real(run):
    prices = run.market_prices.assign(lmp_source=["synthetic", *["file"] * (len(run.market_prices) - 1)])
    page = report_html(replace(run, market_prices=prices)).decode()
    assert "real-time price, 99.65 % real" in page and "real-time price, 100 % real" not in page


def test_one_is_not_counted_as_several(run_of):
    made = report_files(run_of(days=1, homes=1))
    page, text = (made[f"simulation_report.{end}"].decode() for end in ("html", "md"))
    for told in (page.split("<nav>")[0], text.split("## Answer")[0]):
        assert "1 home" in told and "1 local day (the first of the month, not all)" in told


def test_days_that_are_all_alike_have_no_best_and_no_worst(run_of):
    still = report_html(run_of({"no_vpp": 0.0, "negotiated": 0.0, "perfect_foresight": 0.0}, days=3)).decode()
    assert "Any day of negotiated" in still and "Worst day" not in still and "made most" not in still


def test_a_plot_says_what_it_shows_to_those_who_cannot_see_it(files):
    page = files["simulation_report.html"].decode()
    places = re.findall(r'<div class="plot" [^>]*>', page)
    assert len(places) == len(figures_of(page))
    assert all(re.search(r'role="img" aria-label="[^"]{8,}"', place) for place in places)


def test_lines_do_not_end_between_a_number_and_its_sign(files):
    answered = files["simulation_report.html"].decode().split('class="answer"')[1].split("</div>")[0]
    assert "&nbsp;%" in answered and " %" not in answered


def test_a_plot_is_drawn_to_the_paper_s_width_when_printed(files):
    page = files["simulation_report.html"].decode()
    assert "draw(false, true)" in page.rpartition("beforeprint")[2] and "viewBox" in page
    assert "@page { margin:" in page


def test_the_page_and_the_text_say_the_same_sentences_in_the_same_order(run, files):
    from vpp_core.results.section import shown
    from vpp_core.results.sections import sections

    page, text = files["simulation_report.html"].decode(), files["simulation_report.md"].decode()
    made = shown(sections(run))
    assert [section.anchor for section in made][:2] == ["answer", "ladder"]
    assert [section.anchor for section in made if section.appendix] == ["reproduce", "claims", "columns"]
    for told, written in ((text, str), (page, prose)):
        place = 0
        for part in (part for section in made for part in section.parts):
            for sentence in (*part.sentences, *(str(table.frame.iloc[0, 0]) for table in part.tables), *part.notes):
                place = told.index(written(sentence), place)


def test_a_table_in_a_narrow_window_scrolls_and_shows_it(files):
    page = files["simulation_report.html"].decode()
    assert page.count('<div class="scroll" tabindex="0"><table>') == page.count("<table>")
    assert "background-attachment: local, local, scroll, scroll" in page


def test_the_csv_has_no_negative_zero(run):
    windows = run.flat.windows.assign(penalty_usd=-1e-9)
    shown = replace(run)
    shown.__dict__["flat"] = run.flat.__class__(**{**vars(run.flat), "windows": windows})
    assert b",-0.0," not in files_of_csv(shown)


def files_of_csv(run: Run) -> bytes:
    from vpp_core.results.summary import results_csv

    return results_csv(run)
