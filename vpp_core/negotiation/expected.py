"""What a month negotiated by a language model will take, before it starts: calls, tokens, cost, time."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vpp_core.llm.limits import cost_usd
from vpp_core.negotiation.prompt_files import FORMS, prompt
from vpp_core.scenario import Scenario

CHARACTERS_PER_TOKEN = 4
AGGREGATOR_FACTS, HOME_FACTS = 1600, 500
"""Characters of a usual prompt's facts: nine groups of offers; one battery (measured: 1460 and 440 on average; a
car's offer adds some 100)."""
ANSWER_TOKENS = {"strategist": 80, "formulation": 70, "plan": 150, "home": 80}


@dataclass(frozen=True)
class Estimate:
    """At most, where every window and every day's reserves are negotiated over all rounds."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: float
    minutes: float
    """at the scenario's rate limit"""
    capped: bool
    """whether a cap of the scenario ends it earlier"""

    def sentence(self, model: str, depth: str) -> str:
        """For people, before it starts."""
        size = f"up to {self.calls:,} calls, {self.input_tokens:,} tokens in and {self.output_tokens:,} out"
        text = f"{model}, {depth}: {size}, about ${self.usd:,.2f}, at least {self.minutes:,.0f} min"
        return text + ("; the scenario's cap ends it earlier, and rules decide the rest" if self.capped else "")


def expectation(scenario: Scenario, windows: int, days: int, homes: int) -> str:
    """What is about to be asked, in one sentence."""
    llm = scenario.negotiation.llm
    return expected(scenario, windows, days, homes).sentence(llm.model, llm.depth)


def expected(scenario: Scenario, windows: int, days: int, homes: int) -> Estimate:
    """What `windows` market windows, and the reserves of so many days, will take with so many homes that have a battery
    or a car.
    """
    rules, llm = scenario.negotiation, scenario.negotiation.llm
    negotiations = windows + (days if scenario.market.reserves else 0)
    asked = {"plan": negotiations} if llm.depth == "once_a_window" else {
        "strategist": negotiations * rules.rounds, "formulation": negotiations
    }  # fmt: skip
    if llm.depth == "every_agent":
        asked["home"] = negotiations * rules.rounds * homes
    calls = sum(asked.values())
    tokens_in = sum(count * _prompt_tokens(name) for name, count in asked.items())
    tokens_out = sum(count * ANSWER_TOKENS[name] for name, count in asked.items())
    usd = cost_usd(llm, tokens_in, tokens_out)
    capped = calls > llm.maximum_calls or tokens_in + tokens_out > llm.maximum_tokens or usd > llm.maximum_usd
    return Estimate(calls, tokens_in, tokens_out, usd, calls / llm.calls_per_minute, capped)


def _prompt_tokens(name: str) -> int:
    facts = HOME_FACTS if name == "home" else AGGREGATOR_FACTS
    # Gemini is given the schema twice: in the instructions and with the request.
    return (len(prompt(name)) + 2 * len(json.dumps(FORMS[name].model_json_schema())) + facts) // CHARACTERS_PER_TOKEN
