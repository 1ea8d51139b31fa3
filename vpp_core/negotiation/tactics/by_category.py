"""Each household by time, as fits its attitude: those who willingly take part concede early."""

from __future__ import annotations

from dataclasses import dataclass

from vpp_core.fleet.fleet import Floats
from vpp_core.negotiation.tactics.tactic import Standing


@dataclass(frozen=True)
class Persona:
    """A time-dependent tactic (Faratin, Sierra & Jennings 1998): the share conceded after r rounds is (r/T)^(1/β)."""

    beta: float
    """below 1 holds out (Boulware), above 1 concedes early"""
    patience: float
    """T: rounds after which it would have conceded everything"""


PERSONAS = {
    "conservative": Persona(0.5, 4.0),
    "moderate": Persona(1.0, 3.0),
    "aggressive": Persona(2.0, 2.0),
}
"""By preference category. Assumptions, swept by studies. Patience holds for every tactic that goes by time."""


@dataclass(frozen=True)
class ByCategory:
    """β of the home's persona."""

    key: str = "by_category"
    about: str = "by time, each home as its category: conservative holds out, aggressive concedes early"
    watches: bool = False
    of_homes_only: bool = True

    def concede(self, standing: Standing) -> Floats | float:
        """Share conceded."""
        return standing.gone ** (1.0 / (standing.beta * standing.concession_factor))


BY_CATEGORY = ByCategory()
