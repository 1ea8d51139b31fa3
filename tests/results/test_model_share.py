"""Whose decisions a month's are: said whole only where they are whole."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vpp_core.results.model_share import share_percent, share_sentence
from vpp_core.scenario import NegotiationRules, Scenario
from vpp_core.tables.negotiation import FALLBACKS

BY_MODEL = Scenario(negotiation=NegotiationRules(decider="llm"))


def kpis(answers: int, mended: int = 0, **fallbacks: int) -> pd.DataFrame:
    row: dict[str, Any] = {f"fallbacks_{kind}": fallbacks.get(kind, 0) for kind in FALLBACKS}
    row |= {"strategy": "negotiated", "llm_answers": answers, "llm_mended": mended}
    return pd.DataFrame([row | {"llm_fallbacks": sum(fallbacks.values())}])


@pytest.mark.parametrize(
    ("answers", "fallbacks", "says", "not_says"),
    [
        (96, {}, "took 96 of 96 decisions (100.0 %).", "rules"),
        (90, {"malformed": 10}, "took 90 of 100 decisions (90.0 %); rules took the rest (malformed 10).", "not a"),
        (89, {"malformed": 11}, "This is not a language model's result: google_genai", "again"),
        (
            15,
            {"throttled": 5, "breaker_open": 76},
            "(throttled 5 and breaker open 76). Running the month again",
            "96 of",
        ),
        (0, {}, "was never asked", "took"),
    ],
)
def test_a_partly_answered_month_never_looks_like_a_full_one(
    answers: int, fallbacks: dict[str, int], says: str, not_says: str
) -> None:
    sentence = share_sentence(kpis(answers, **fallbacks), BY_MODEL)
    assert says in sentence and not_says not in sentence


def test_answers_that_were_mended_are_counted_in_the_sentence() -> None:
    assert "7 of them from answers whose form was mended" in share_sentence(kpis(96, mended=7), BY_MODEL)


def test_a_month_by_rules_says_nothing_of_a_model() -> None:
    assert share_sentence(kpis(0), Scenario()) == ""
    assert share_percent(0, 0) is None
