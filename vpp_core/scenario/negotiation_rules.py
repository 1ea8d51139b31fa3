"""How the aggregator and the homes bargain, and what a language model may cost, as validated records."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field, model_validator

from vpp_core.scenario import forms
from vpp_core.scenario.rules import Rules


class LanguageModelRules(Rules):
    """Which model is asked, how often, and where it ends. Read only where `decider` is `llm`.

    Caps hold for one month of one scenario; what would go beyond them is decided by rule.
    """

    model: str = Field(
        "google_genai:gemini-3.5-flash-lite",
        pattern=forms.MODEL,
        description="LangChain's provider:model; a fixed version, since a name such as *-latest changes what it means",
    )
    depth: Literal["every_round", "once_a_window", "every_agent"] = Field(
        "every_round",
        description="what is asked: the aggregator each round and for its coalition; only once for all of a window; or "
        "also each home each round, which is for small fleets",
    )
    maximum_calls: int = Field(10_000, ge=1, le=10_000_000, description="requests at most, repeated ones included")
    maximum_tokens: int = Field(20_000_000, ge=1, le=10**11, description="tokens at most, in and out")
    maximum_usd: float = Field(10.0, gt=0, le=100_000, description="cost at most, at the prices below [$]")
    input_usd_per_million_tokens: float = Field(0.30, ge=0, le=1000, description="price of tokens sent [$/million]")
    output_usd_per_million_tokens: float = Field(2.50, ge=0, le=1000, description="price of tokens got [$/million]")
    calls_per_minute: int = Field(300, ge=1, le=100_000, description="requests per minute at most")
    concurrent_calls: int = Field(4, ge=1, le=64, description="requests under way at once at most")
    timeout_seconds: float = Field(20.0, ge=0.1, le=300, description="an answer that takes longer counts as late [s]")
    attempts: int = Field(2, ge=1, le=5, description="requests per question where the service is busy or unreachable")
    maximum_wait_minutes: float = Field(
        120.0,
        ge=0,
        le=1440,
        description="waited at most in a run, in all, where the service says when to come back [min]",
    )
    maximum_output_tokens: int = Field(400, ge=50, le=8000, description="length of an answer at most [tokens]")

    @property
    def runs_here(self) -> bool:
        """Whether the model runs on this machine, where tokens cost nothing."""
        return self.model.startswith("openvino:")


class NegotiationRules(Rules):
    """Rules of a negotiation. `satisfaction_weight_usd` is λ of the coalition's objective."""

    @property
    def speaks_for_homes(self) -> bool:
        """Whether a language model answers for homes."""
        return self.decider == "llm" and self.llm.depth == "every_agent"

    objective: Literal["profit", "surplus"] = Field(
        "profit",
        description="what the aggregator maximises: its own expected profit, over what it agreed to pay, or what it "
        "and its homes make together",
    )
    rounds: int = Field(3, ge=1, le=10, description="rounds at most; agreement ends them earlier")
    satisfaction_weight_usd: float = Field(
        0.1, ge=0, le=100, description="λ: what the coalition gives for one household-window of full satisfaction [$]"
    )
    opening_quantile: float = Field(
        0.1, ge=0.1, le=0.9, description="quantile of the price forecast at which the aggregator opens, by rule"
    )
    limit_quantile: float = Field(
        0.7, ge=0.1, le=0.9, description="quantile that it reaches in the last round, by rule"
    )
    split: float = Field(
        0.0,
        ge=0,
        le=1,
        description="how far from an ask to a counter-offer above it the price lies that both get; 0: what was asked",
    )
    mechanism: str = Field(
        "bilateral",
        pattern=forms.KEY,
        description="how prices come about: bilateral, posted_price or auction (negotiation.mechanisms)",
    )
    aggregator_tactic: str = Field(
        "linear", pattern=forms.KEY, description="how the aggregator concedes, by rule (negotiation.tactics)"
    )
    home_tactics: dict[str, float] = Field(
        {"by_category": 1.0},
        description="how homes concede: tactic and share of homes, together 1 (negotiation.tactics)",
    )
    home_concession_factor: float = Field(
        1.0, gt=0, le=10, description="multiplies β of every persona: above 1 homes concede earlier"
    )
    home_patience_factor: float = Field(
        1.0, gt=0, le=10, description="multiplies the rounds after which a persona has conceded everything"
    )
    decider: Literal["rules", "llm"] = Field("rules", description="who decides for the aggregator")
    llm: LanguageModelRules = LanguageModelRules()

    def __hash__(self) -> int:
        """By content: shares of tactics are a mapping, which has no hash of its own."""
        return hash(json.dumps(self.model_dump(mode="json"), sort_keys=True))

    @model_validator(mode="after")
    def _tactics(self) -> NegotiationRules:
        if any(share <= 0 for share in self.home_tactics.values()) or abs(sum(self.home_tactics.values()) - 1) > 1e-9:
            raise ValueError("home_tactics: give each tactic a share above 0, together 1")
        return self

    @model_validator(mode="after")
    def _quantiles(self) -> NegotiationRules:
        if self.opening_quantile > self.limit_quantile:
            raise ValueError(f"opening_quantile {self.opening_quantile} is above limit_quantile {self.limit_quantile}")
        return self
