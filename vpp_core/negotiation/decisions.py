"""What can be decided in a negotiation, as values and as the forms in which a model answers.

A form asks for every field, null where nothing is wanted, and bounds each number; what lies outside is no decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.llm import Usage
from vpp_core.llm.mending import cut_to
from vpp_core.negotiation.bargain import Terms

DecisionT = TypeVar("DecisionT")


@dataclass(frozen=True)
class Formulation:
    """What the coalition's program is to weigh; the solver does the numbers."""

    satisfaction_weight_usd: float
    """λ"""
    target_margin_usd_per_mwh: float = 0.0
    """a segment that is expected to bring less is left out"""
    minimum_reliability: float = 0.0
    """a segment that clears less probably is left out"""
    reserve_share: float = 1.0
    """most of what each home can hold as reserve that may be sold so, 0–1"""


@dataclass(frozen=True)
class Responses:
    """What homes answer to the counter-offers, as columns (K,)."""

    accepts: Bools
    ask_usd_per_mwh: Floats
    """signed; what is asked from now on by those who do not accept"""
    by_model: Bools
    """whether a model decided, not the home's own tactic"""


@dataclass(frozen=True)
class Decided(Generic[DecisionT]):
    """A decision, what it cost to get it, and the reason given for it."""

    value: DecisionT
    usage: Usage = field(default_factory=Usage)
    reason: str = ""
    by_model: bool = False


Reason = Annotated[str, Field(max_length=120, description="why, in one sentence"), cut_to(120)]
"""Prose: it decides nothing, so a longer one is cut."""


class Form(BaseModel):
    """Common strictness of what a model fills in."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class TermsForm(Form):
    """The aggregator's terms for this round."""

    opening_quantile: float = Field(ge=0.1, le=0.9, description="forecast quantile where counter-offers start")
    limit_quantile: float = Field(ge=0.1, le=0.9, description="forecast quantile they may reach, at least the opening")
    conceded: float = Field(ge=0, le=1, description="share of the way from opening to limit in this round")
    minimum_score: float = Field(ge=0, le=1, description="bids scored below this get no counter-offer; 0: all get one")
    reason: Reason

    def terms(self) -> Terms:
        return Terms(self.opening_quantile, self.limit_quantile, self.conceded, self.minimum_score)


class FormulationForm(Form):
    """What the coalition's program is to weigh."""

    satisfaction_weight_usd: float = Field(ge=0, le=10, description="dollars per fully satisfied household-window")
    target_margin_usd_per_mwh: float = Field(ge=0, le=200, description="least expected surplus of a segment")
    minimum_reliability: float = Field(ge=0, le=0.9, description="least probability that a segment clears")
    reserve_share: float = Field(ge=0, le=1, description="most of each home's reserve offer that may be sold; usual: 1")
    reason: Reason

    def formulation(self) -> Formulation:
        return Formulation(
            self.satisfaction_weight_usd, self.target_margin_usd_per_mwh, self.minimum_reliability, self.reserve_share
        )


class PlanForm(Form):
    """Terms for the whole window, and the coalition's formulation or null for the usual one."""

    terms: TermsForm
    formulation: FormulationForm | None


class Price(Form):
    """A number with its unit; converted here, not by the model."""

    value: float = Field(ge=-10_000, le=10_000)
    unit: Literal["USD/MWh", "USD/kWh", "cents/kWh"]

    @property
    def usd_per_mwh(self) -> float:
        return self.value * {"USD/MWh": 1.0, "USD/kWh": 1000.0, "cents/kWh": 10.0}[self.unit]


class OfferReply(Form):
    """A home's answer about one of its offers."""

    offer: int = Field(ge=1, le=20, description="number of the offer")
    decision: Literal["accept", "ask"]
    price: Price | None = Field(description="what is asked now; null with accept")


class HomeForm(Form):
    """A home's answers about all its offers."""

    replies: list[OfferReply] = Field(min_length=1, max_length=20)
    reason: Reason
