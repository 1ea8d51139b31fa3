"""What a Californian price can be: the one place, for files, fetched answers, a scenario's factors and stored tables.

Nothing is clipped; a price outside is refused, infinity too. CAISO caps energy bids at 1,000 $/MWh, since 2021-03-20
at 2,000 where costs are proven (FERC Order 831, tariff section 39.6.1), with a floor of -150. Where demand or a line
cannot be served the market clears at penalty prices of about the cap each, which add up at a node: real ones seen
reach from -296 to 2,427 $/MWh. A reserve that is short is priced by the scarcity demand curve (tariff 27.1.2.3), at
most the bid cap in the system and as much again in a region: 4,000 $/MW for an hour; seen were 1,430 (August 2020).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PriceBounds:
    """The lowest and highest price that is believed, both included, and the unit of both."""

    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}] {self.unit}"


ENERGY = PriceBounds(-1000.0, 5000.0, "$/MWh")
"""Real-time and day-ahead prices."""
ENERGY_PART = PriceBounds(-5000.0, 5000.0, "$/MWh")
"""Energy, congestion, loss and greenhouse-gas parts, of which one may outweigh another."""
RESERVE = PriceBounds(0.0, 5000.0, "$/MW per h")
"""Spinning and non-spinning reserve, of one region and of the sum of those that nest."""
USUAL_ENERGY = PriceBounds(-150.0, 1000.0, "$/MWh")
"""Floor and soft cap of bids: what lies outside happens, and is worth a look."""

BOUNDS_OF_COLUMN = {
    "lmp_usd_per_mwh": ENERGY,
    **dict.fromkeys(
        (f"{part}_lmp_usd_per_mwh" for part in ("energy", "congestion", "loss", "ghg")),
        ENERGY_PART,
    ),
    "lmp_day_ahead_usd_per_mwh": ENERGY,
    "spin_usd_per_mw_h": RESERVE,
    "nonspin_usd_per_mw_h": RESERVE,
}
"""By column of the table `market_prices`."""
