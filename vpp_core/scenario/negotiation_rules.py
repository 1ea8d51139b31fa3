"""How the aggregator and the homes bargain, as one validated record."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class NegotiationRules(BaseModel):
    """Rules of a negotiation. `satisfaction_weight` is λ of the coalition's objective."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rounds: int = Field(3, ge=1, le=10, description="rounds at most; agreement ends them earlier")
    satisfaction_weight_usd: float = Field(
        0.1, ge=0, le=100, description="λ: what the coalition gives for one household-window of full satisfaction [$]"
    )
    decider: Literal["rules"] = Field("rules", description="who decides for the aggregator")
