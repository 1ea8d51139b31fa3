"""What a tactic is: from one side's standing to how far its next proposal concedes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vpp_core.fleet.fleet import Floats


@dataclass(frozen=True)
class Standing:
    """One side's negotiations before its next proposal, as columns (K,).

    A proposal is told as the share conceded of the way from the side's first price to its limit. Prices are signed by
    direction: the aggregator's rise, a home's fall.
    """

    gone: Floats | float
    """share of its time that has passed with the next proposal, 0 to 1"""
    rounds: int
    conceded: tuple[Floats, ...]
    """in each of its proposals so far"""
    other_usd_per_mwh: tuple[Floats, ...]
    """the other side's proposals so far; −∞ where it made none"""
    room_usd_per_mwh: Floats
    """from its first price to its limit, at least 0"""
    concession_factor: float = 1.0
    """multiplies β of tactics that go by time"""
    beta: Floats | float = 1.0
    """β of the home's persona"""

    @property
    def even_step(self) -> float:
        """Share by which an even concession from first to last proposal goes at a time."""
        return 1.0 / max(self.rounds - 1, 1)


class Tactic(Protocol):
    """Decides on all bids at once; the share it concedes never falls from proposal to proposal."""

    @property
    def key(self) -> str:
        """Its name in scenarios."""
        ...

    @property
    def about(self) -> str:
        """What it does, in a few words."""
        ...

    @property
    def watches(self) -> bool:
        """Whether it goes by what the other side does; else by time alone."""
        ...

    @property
    def of_homes_only(self) -> bool:
        """Whether it goes by what a household is."""
        ...

    def concede(self, standing: Standing) -> Floats | float:
        """Share that the next proposal concedes, 0 to 1."""
        ...
