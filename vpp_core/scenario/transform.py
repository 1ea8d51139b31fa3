"""What a scenario does to its input data before anyone sees it: a few factors, each with a meaning in a sentence."""

from __future__ import annotations

from pydantic import Field

from vpp_core.scenario.rules import Rules


class DataTransform(Rules):
    """Changes to the input data; every default leaves the data as it is.

    A price that was changed is no longer a price that somebody published: its source reads `synthetic`.
    """

    price_volatility_factor: float = Field(
        1.0, ge=0, le=3, description="multiplies each price's distance from its local day's mean, and reserve prices"
    )
    peak_price_factor: float = Field(
        1.0, ge=0.1, le=3, description="multiplies positive prices from 16:00 to 21:00 local, when net load peaks"
    )
    solar_factor: float = Field(1.0, ge=0, le=1.2, description="multiplies solar generation")
    load_factor: float = Field(1.0, ge=0.1, le=3, description="multiplies household load")

    @property
    def changes_prices(self) -> bool:
        """Whether any price differs from its source's."""
        return self.price_volatility_factor != 1 or self.peak_price_factor != 1
