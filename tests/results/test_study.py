"""Studies: the interval over seeds is Student's, signs are counted, and sweeps draw a frontier."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vpp_core.results.figures import frontier_figure, sweep_figure
from vpp_core.results.report import report_html, report_markdown
from vpp_core.results.sentences import observations
from vpp_core.results.study import (
    moved,
    seeds_sentence,
    study_rows,
    study_summary,
    study_table,
    sweep_sentence,
    sweep_table,
    sweeps,
)
from vpp_core.tables import NEGOTIATOR_SCORES, STUDY

UNJUDGED = NEGOTIATOR_SCORES.schema.empty_table().to_pandas()
SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "centralized": 45.0, "perfect_foresight": 100.0}


@pytest.fixture(scope="module")
def rows(run_of):
    """Four seeds whose negotiated surplus differs from no VPP by 10, 20, 30 and −4."""
    made = run_of(SURPLUS, days=2)
    kpis, daily, scenario = made.kpis, made.daily, made.scenario
    members = []
    for seed, surplus in enumerate((10.0, 20.0, 30.0, -4.0)):
        changed = kpis.assign(surplus_usd=np.where(kpis["strategy"] == "negotiated", surplus, kpis["surplus_usd"]))
        changed.loc[changed["strategy"] == "no_vpp", "surplus_usd"] = 0.0
        other = scenario.model_copy(update={"seed": seed})
        members.append(study_rows(changed, daily, UNJUDGED, other, "ten_seeds", "seed", seed))
    table = pd.concat(members, ignore_index=True)
    STUDY.pandera.validate(table)
    return table


def test_the_interval_over_seeds_is_student_s_and_signs_are_counted(rows):
    summary = study_summary(rows).set_index(["step", "measure"])
    row = summary.loc[("negotiated_over_no_vpp", "surplus_usd")]
    differences = np.array([10.0, 20.0, 30.0, -4.0])
    half = 3.182446 * differences.std(ddof=1) / 2  # t of 3 degrees of freedom
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((14.0, 14.0 - half, 14.0 + half), rel=1e-5)
    assert (row["seeds"], row["seeds_agreeing"]) == (4, 3)


def test_one_seed_has_no_interval(rows):
    table = study_table(study_summary(rows[rows["seed"] == 0]))
    assert table["surplus"].str.contains("(one seed), 1 of 1", regex=False).all()


def test_a_strategy_that_was_not_run_leaves_its_step_out(rows):
    assert "price_of_negotiating" not in set(study_summary(rows)["step"])


def test_a_sweep_is_drawn_as_a_frontier_and_seeds_as_a_table(run_of, rows):
    run = run_of(SURPLUS, days=2)
    sweep = rows.assign(varied="satisfaction_weight_usd", value=rows["value"] / 10)
    page = report_html(replace(run, study=pd.concat([rows, sweep]))).decode()
    assert 'id="frontier"' in page and 'id="plot-frontier-0"' in page and "3 of 4" in page
    assert 'id="plot-frontier-1"' not in page, "seeds are a table, no frontier"
    assert 'id="frontier"' not in report_html(run).decode()


def test_a_sweep_s_table_is_the_mean_over_seeds_by_value(rows):
    sweep = rows.assign(varied="preference_strictness", value=np.where(rows["seed"] < 2, 0.5, 1.0))
    title, members = sweeps(sweep, "2023-08")[0]
    assert "1: as drawn" in title
    table = sweep_table(members).set_index(["value", "strategy"])
    assert table.loc[("0.5", "negotiated"), ["surplus", "seeds"]].tolist() == ["$15.00", "2"]
    assert table.loc[("1", "negotiated"), "surplus"] == "$13.00"
    assert "no_vpp" not in table.index.get_level_values("strategy")
    assert sweeps(sweep, "2020-07") == []


def test_the_text_report_says_the_same_numbers_as_the_page(run_of, rows):
    text = report_markdown(replace(run_of(SURPLUS, days=2), study=rows)).decode()
    assert "## Over fleet seeds: ten_seeds" in text and "$14.00 (−$9.10 to $37.10), 3 of 4" in text
    assert "## Over fleet seeds" not in report_markdown(run_of(SURPLUS, days=2)).decode()


def test_the_sentence_over_fleets_gives_mean_interval_and_how_many_agree(run_of, rows):
    sentence = seeds_sentence(rows, "2023-08")
    assert sentence.startswith("With the fleet drawn anew 4 times")
    assert "negotiated over centralized −$34.32 (−$57.41 to −$11.22; 4 of 4 fleets with its sign)" in sentence
    lost = rows.assign(surplus_usd=np.where(rows["strategy"] == "negotiated", -rows["surplus_usd"], 0.0))
    assert "negotiated over centralized −$14.00 (−$37.10 to $9.10;" in seeds_sentence(lost, "2023-08")
    assert sentence in observations(replace(run_of(SURPLUS, days=2), study=rows))


def test_a_difference_that_one_fleet_makes_is_no_finding(run_of, rows):
    said = seeds_sentence(rows, "2023-08")
    assert re.search(
        r"negotiated over no_vpp \$14\.00 \(−\$9\.10 to \$37\.10; one fleet makes \d+ % of it, so it is no", said
    )
    assert (
        "; one makes "
        in study_table(study_summary(rows)).set_index("difference").loc["negotiated over no_vpp", "surplus"]
    )
    even = rows.assign(surplus_usd=np.where(rows["strategy"] == "negotiated", 10.0 + rows["seed"], 0.0))
    assert "no finding" not in seeds_sentence(even, "2023-08")


def test_the_study_with_the_most_seeds_speaks_and_a_single_seed_does_not(rows):
    both = pd.concat([rows[rows["seed"] < 2].assign(study="two_seeds"), rows])
    assert seeds_sentence(both, "2023-08") == seeds_sentence(rows, "2023-08")
    assert seeds_sentence(rows[rows["seed"] == 0], "2023-08") == ""
    assert seeds_sentence(rows, "2020-07") == ""


def test_what_a_sweep_does_not_move_is_said_once_and_not_drawn(run_of, rows):
    sweep = rows.assign(varied="satisfaction_weight_usd", value=rows["seed"] / 10, seed=0)
    assert moved(sweep) == ["negotiated"]
    table = sweep_table(sweep)
    assert table.loc[table["strategy"] == "centralized", "value"].tolist() == ["any"]
    assert table.loc[table["strategy"] == "negotiated", "value"].tolist() == ["0", "0.1", "0.2", "0.3"]
    assert [line["name"] for line in frontier_figure(sweep)["data"]] == ["negotiated"]
    assert sweep_sentence(sweep) == (
        "negotiated earns from −$4.00 (at 0.3) to $30.00 (at 0.2), its satisfaction is 0.900 throughout; centralized "
        "does not depend on it."
    )


def test_what_trades_satisfaction_is_a_frontier_and_what_does_not_is_drawn_by_value(rows):
    sweep = rows.assign(varied="satisfaction_weight_usd", value=rows["seed"] / 10, seed=0)
    traded = sweep.assign(satisfaction_mean=sweep["satisfaction_mean"] - sweep["value"])
    assert sweep_figure(traded) == frontier_figure(traded)
    assert sweep_figure(sweep)["layout"]["xaxis"]["title"]["text"] == "λ [$]", "it moves no satisfaction: no frontier"
    line, below = sweep_figure(sweep.assign(varied="import_usd_per_kwh"))["data"]
    assert (line["x"], line["y"], line["yaxis"]) == ([0.0, 0.1, 0.2, 0.3], [10.0, 20.0, 30.0, -4.0], "y")
    assert (below["y"], below["yaxis"]) == ([0.9] * 4, "y2")


def test_where_a_sweep_moves_nothing_all_points_are_drawn(rows):
    still = rows[rows["seed"] == 0].assign(varied="preference_strictness")
    assert moved(still) == []
    assert sweep_sentence(still).startswith("Only one value was run, 0,")
    assert len(frontier_figure(pd.concat([still, still.assign(value=1.0)]))["data"]) == 3


def test_data_seeds_are_told_apart_from_fleet_seeds(run_of, rows):
    drawn = rows.assign(varied="data_seed", study="draws", seed=42)
    both = pd.concat([rows, drawn])
    assert sweeps(both, "2023-08") == []
    text = report_markdown(replace(run_of(SURPLUS, days=2), study=both)).decode()
    assert "## Over fleet seeds: ten_seeds" in text and "## Over data seeds: draws" in text
    sentence = seeds_sentence(both, "2023-08", "data_seed")
    assert sentence.startswith("With weather, events and modelled prices drawn anew 4 times")
    assert sentence in text and seeds_sentence(rows, "2023-08", "data_seed") == ""


def test_two_kinds_of_tariff_are_named_and_no_line_joins_them(rows):
    kinds = rows[rows["seed"] < 2].assign(varied="time_of_use", value=rows["seed"].astype(float), seed=0)
    figure = sweep_figure(kinds)
    assert {tuple(trace["x"]) for trace in figure["data"]} == {("own tariff", "time of use")}
    assert {trace["mode"] for trace in figure["data"]} == {"markers"}, "nothing lies between"
    assert sweep_table(kinds)["value"].tolist()[:1] == ["own tariff"]
    assert "negotiated earns from $10.00 (own tariff) to $20.00 (time of use)" in sweep_sentence(kinds)


def test_an_axis_of_values_says_what_they_are_and_in_which_unit(rows):
    priced = sweep_figure(rows.assign(varied="export_usd_per_kwh", value=rows["seed"] / 10, seed=0))
    assert priced["layout"]["xaxis"]["title"]["text"] == "export credit [$/kWh]"


def test_one_draw_of_the_data_under_several_fleets_is_one_draw(rows):
    """Two draws under two fleets each: 10 and 20 $, 30 and −4 $."""
    crossed = rows.assign(varied="data_seed", value=rows["seed"] // 2, seed=rows["seed"] % 2)
    row = study_summary(crossed).set_index(["step", "measure"]).loc[("negotiated_over_no_vpp", "surplus_usd")]
    half = 12.706205 * np.std([15.0, 13.0], ddof=1) / np.sqrt(2)  # t of 1 degree of freedom
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((14.0, 14.0 - half, 14.0 + half), rel=1e-5)
    assert (row["seeds"], row["seeds_agreeing"]) == (2, 2)
