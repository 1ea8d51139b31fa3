"""How often devices and households do not follow what they are asked."""

from __future__ import annotations

from pydantic import Field

from vpp_core.scenario.rules import Rules


class Reliability(Rules):
    """Shares of devices, windows and homes that fail; by default none. A device that fails runs on its own."""

    device_out_share_per_day: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="share of a device's days on which nothing reaches it; each device's own is from 0 to twice that",
    )
    opt_out_share_per_window: float = Field(
        0.0, ge=0, le=1, description="share of market windows of which a home opts out, with all its devices"
    )
    leaver_share: float = Field(
        0.0, ge=0, le=1, description="share of homes that leave during a month, on a day drawn evenly, and stay away"
    )

    @property
    def fails(self) -> bool:
        """Whether anything can fail at all."""
        return self.device_out_share_per_day > 0 or self.opt_out_share_per_window > 0 or self.leaver_share > 0

    @property
    def reached_share(self) -> float:
        """Mean share of devices that follow, over a whole month."""
        there = (1 - self.device_out_share_per_day) * (1 - self.opt_out_share_per_window)
        return there * (1 - self.leaver_share / 2)
