"""Negotiations that a language model decides, in tests: scenarios, the way to a served model, what was on the wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.invented import invented_inputs
from tests.llm.gemini_server import GeminiServer, Reply, said
from vpp_core.llm import chat_model
from vpp_core.llm.gateway import Gateway
from vpp_core.llm.record import Record
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import LanguageModelRules, NegotiationRules

TERMS = {"opening_quantile": 0.2, "limit_quantile": 0.6, "conceded": 0.5, "minimum_score": 0.0, "reason": "as usual"}
FORMULATION = {
    "satisfaction_weight_usd": 0.2,
    "target_margin_usd_per_mwh": 0.0,
    "minimum_reliability": 0.0,
    "reserve_share": 1.0,
    "reason": "content homes",
}


def advised_inputs(depth: str = "every_round", *, homes: int = 30, rounds: int = 3, **llm: Any) -> Inputs:
    """A day of invented prices, negotiated by a language model."""
    inputs = invented_inputs(seed=7, homes=homes, days=1)
    rules = NegotiationRules(
        decider="llm",
        rounds=rounds,
        llm=LanguageModelRules(depth=depth, calls_per_minute=100_000, **llm),  # type: ignore[arg-type]
    )
    return with_rules(inputs, rules)


def with_rules(inputs: Inputs, rules: NegotiationRules) -> Inputs:
    return replace(inputs, scenario=inputs.scenario.model_copy(update={"negotiation": rules}))


def way(server: GeminiServer, inputs: Inputs, record: Record | None = None) -> Gateway:
    """The real Gemini client, talking to the server."""
    rules = inputs.scenario.negotiation.llm

    def build() -> Any:
        return chat_model(
            rules.model,
            timeout_seconds=rules.timeout_seconds,
            max_output_tokens=rules.maximum_output_tokens,
            base_url=server.base_url,
        )

    return Gateway(rules, Record() if record is None else record, build)


def system_of(body: dict[str, Any]) -> str:
    return str(body["systemInstruction"]["parts"][0]["text"])


def facts_of(body: dict[str, Any]) -> dict[str, Any]:
    """What a prompt told, read back."""
    text = body["contents"][0]["parts"][0]["text"]
    facts: dict[str, Any] = json.loads(text.removeprefix("Facts:\n"))
    return facts


def sensible(number: int, body: dict[str, Any]) -> Reply:
    """A model that answers every prompt in its form."""
    properties = body["generationConfig"]["responseJsonSchema"]["properties"]
    if "replies" in properties:
        replies = [_home_reply(offer) for offer in facts_of(body)["offers"]]
        return said(json.dumps({"replies": replies, "reason": "fair"}))
    if "terms" in properties:
        return said(json.dumps({"terms": TERMS, "formulation": FORMULATION}))
    if "satisfaction_weight_usd" in properties:
        return said(json.dumps(FORMULATION))
    return said(json.dumps(TERMS | {"conceded": facts_of(body)["round"] / 3}))


def _home_reply(offer: dict[str, Any]) -> dict[str, Any]:
    asked = 0.95 * offer["first_ask"] if offer["kind"] == "battery sale" else offer["first_ask"]
    return {"offer": offer["offer"], "decision": "ask", "price": {"value": round(asked, 2), "unit": "USD/MWh"}}
