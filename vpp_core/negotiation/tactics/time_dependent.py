"""Tactics that go by time alone (Faratin, Sierra & Jennings 1998): of its room a side concedes (time gone)^(1/β)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vpp_core.fleet.fleet import Floats
from vpp_core.negotiation.tactics.tactic import Standing


@dataclass(frozen=True)
class TimeDependent:
    """β below 1 holds out to the end, above 1 concedes early."""

    key: str
    about: str
    beta: float
    watches: ClassVar[bool] = False
    of_homes_only: ClassVar[bool] = False

    def concede(self, standing: Standing) -> Floats | float:
        """Share conceded."""
        return standing.gone ** (1.0 / (self.beta * standing.concession_factor))
