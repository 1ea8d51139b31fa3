"""The market's rules as one validated record: windows, gate closure, sizes, penalties."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from vpp_core.calendar import Month
from vpp_core.iso import DEFAULT
from vpp_core.scenario.rules import Rules

DATED_FIELDS = ("minimum_bid_mw", "maximum_bid_mw", "reserve_response_minutes", "reserve_duration_minutes", "export")
"""Fields whose default is today's entry of the market's rulebook."""
TODAY = DEFAULT.today

FLEET_SHARE = 0.1
"""200 homes of an aggregation of 2,000."""


class MarketRules(Rules):
    """What a bid is held to, and what happens where it is not kept.

    Defaults are the default market's today, for an aggregation of homes; a scenario of another market has that one's
    (`Iso.market_rules`).
    """

    rulebook: Literal["today", "historical"] = Field(
        "today",
        description="today's rules for every month, or for fields left at today's value those in force in the month",
    )
    window_minutes: Literal[15, 30, 60] = Field(60, description="length of a market window [min]")
    gate_closure_minutes: int = Field(
        DEFAULT.gate_closure_minutes,
        ge=15,
        le=24 * 60,
        multiple_of=15,
        description="gate closure before the window [min]",
    )
    minimum_bid_mw: float = Field(
        TODAY.minimum_bid_mw, ge=0, le=100, description="smallest sum of segments per direction and product [MW]"
    )
    maximum_bid_mw: float = Field(
        TODAY.maximum_bid_mw, gt=0, le=1000, description="largest sum of segments per direction and product [MW]"
    )
    homes_per_aggregation: int = Field(
        2000,
        ge=1,
        le=100_000,
        description="homes that bid together; a drawn fleet of more is several aggregations (assumption: 2.5 kW of the "
        "maximum bid a home)",
    )
    fleet_share: float = Field(
        FLEET_SHARE,
        gt=0,
        le=1,
        description="share of its aggregation that the fleet is, the rest behaving alike; bid sizes hold for the "
        "whole. Left at 0.1, a fleet that fills aggregations of its own is all of them: 1",
    )
    delivery_penalty_share: float = Field(
        DEFAULT.delivery_penalty_share, ge=0, le=1, description="penalty on undelivered energy, share of |LMP|"
    )
    no_pay_penalty_share: float = Field(
        DEFAULT.no_pay_penalty_share, ge=0, le=1, description="penalty on undeliverable reserve, share of its price"
    )
    reserve_duration_minutes: Literal[30, 60, 120] = Field(
        TODAY.reserve_duration_minutes, description="how long a called reserve must be sustained [min]"
    )
    reserve_response_minutes: int = Field(
        TODAY.reserve_response_minutes, ge=1, le=30, description="time in which reserve must be reached [min]"
    )
    export: Literal["all", "none"] = Field(
        TODAY.export,
        description="which homes may export for the VPP; none: what is sold only lowers what a home draws",
    )
    reserves: bool = Field(True, description="whether reserves are sold beside energy")
    contingencies_per_month: float = Field(
        3.0, ge=0, le=20, description="mean number of events a month in which reserves are called"
    )
    end_energy_price: Literal["replacement", "mean_lmp"] = Field(
        "replacement",
        description="worth of a kWh left at the end: what replacing it costs, retail included, or the mean LMP alone",
    )

    @model_validator(mode="after")
    def _bid_range(self) -> MarketRules:
        if self.minimum_bid_mw > self.maximum_bid_mw:
            raise ValueError(f"minimum_bid_mw {self.minimum_bid_mw} is above maximum_bid_mw {self.maximum_bid_mw}")
        return self

    def in_month(self, month: Month) -> MarketRules:
        """Give the rules as they hold in a month: itself, or with what was left at today's value from the rulebook.

        A field that was given another value keeps it, so doing this twice changes nothing more.

        Parameters
        ----------
        month : Month
            Whose first day counts.

        Returns
        -------
        MarketRules
            Today's, or those in force then.
        """
        if self.rulebook == "today":
            return self
        then, today = month.iso.rules_in_force(str(month)), month.iso.today
        left = [name for name in DATED_FIELDS if getattr(self, name) == getattr(today, name)]
        return MarketRules.model_validate(self.model_dump() | {name: getattr(then, name) for name in left})
