"""Deciders compared: paired with the first, over days of one fleet or over fleets, and named by what they decided."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpp_core.results.deciders import decider_sentence, decider_table, difference
from vpp_core.results.model_share import members_sentence
from vpp_core.tables.results import JUDGED

MODEL = "google_genai:one"


def member(value: float, seed: int, surplus: list[float], homes: list[float], answers: int = 0, others: int = 0):
    asked = MODEL if value else "rules"
    figures = {"surplus_usd": sum(surplus), "household_gain_usd": sum(homes), "satisfaction_mean": 0.9}
    judged = {f"judged_{name}": 10.0 * (1 + value) for name, _, _ in JUDGED} | {"judged_achievable_usd": 100.0}
    return {
        "study": "s", "month": "2023-08", "varied": "decider", "value": value, "seed": seed, "strategy": "negotiated",
        "vpp_profit_usd": sum(surplus) - sum(homes), "asked_decider": asked, "llm_answers": answers,
        "llm_fallbacks": others, "surplus_by_day_usd": surplus, "household_gain_by_day_usd": homes, **figures, **judged,
    }  # fmt: skip


def test_with_one_fleet_the_interval_is_over_its_days_and_of_the_difference_alone() -> None:
    """Both swing by hundreds from day to day; the aggregator's difference is two dollars each day."""
    swings = [0.0, 300.0, -200.0, 50.0]
    ours = member(0.0, 42, swings, [1.0] * 4)
    theirs = member(1.0, 42, [swing + 5 for swing in swings], [4.0] * 4, answers=10)
    rows = pd.DataFrame([ours, theirs])
    profit = difference(rows, 1.0, "vpp_profit_usd")
    assert profit is not None and (profit.estimate, profit.low, profit.high) == pytest.approx((8.0, 8.0, 8.0))
    said = decider_sentence(rows)
    assert f"{MODEL} $8.00 more" in said and "intervals too narrow" in said
    assert decider_table(rows)["decider"].tolist() == [MODEL, "rules"], "the best score first"


def test_with_several_fleets_the_interval_is_student_s_over_them() -> None:
    rows = pd.DataFrame(
        [member(0.0, seed, [0.0, 0.0], [0.0, 0.0]) for seed in (1, 2, 3)]
        + [
            member(1.0, seed, [gain, 0.0], [0.0, 0.0], answers=3, others=2)
            for seed, gain in enumerate((1.0, 2.0, 6.0), 1)
        ]
    )
    found = difference(rows, 1.0, "surplus_usd")
    half = 4.302653 * np.std([1, 2, 6], ddof=1) / np.sqrt(3)
    assert found is not None and (found.estimate, found.low, found.high) == pytest.approx((3, 3 - half, 3 + half))
    assert "it may be chance" in decider_sentence(rows)
    assert f"{MODEL} and rules (60.0 % its own)" in decider_table(rows)["decider"].tolist()
    assert members_sentence(rows).endswith("(60.0 %) in 3 runs, so that is not its result.")


def test_a_single_day_gives_no_interval_and_fleets_that_are_not_shared_no_difference() -> None:
    one = pd.DataFrame([member(0.0, 1, [0.0], [0.0]), member(1.0, 1, [2.0], [1.0], answers=1)])
    assert "one day: no interval" in decider_sentence(one)
    apart = pd.DataFrame([member(0.0, 1, [0.0], [0.0]), member(1.0, 2, [2.0], [1.0], answers=1)])
    assert difference(apart, 1.0, "surplus_usd") is None
