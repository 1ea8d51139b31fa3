"""MiCRO (de Jonge 2022, "An analysis of the linear bilateral ANAC domains using the MiCRO benchmark strategy", IJCAI).

A side has a finite list of prices, from its first to its limit, and proposes the next of them only if the other side
has made at least as many different proposals as it has itself; else it repeats its last. It needs neither a deadline
nor a belief, and nobody gains much by being stubborn against it. Here the list has as many even steps as there are
further rounds, so that two of them meet in time; the list of the paper is that of all possible deals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.negotiation.tactics.tactic import Standing

_SAME = 1e-9
"""Prices [$/MWh] and shares closer than this are one proposal."""


@dataclass(frozen=True)
class Micro:
    """Concedes a step for a step."""

    key: str = "micro"
    about: str = "concedes one step of a list only where the other side has proposed at least as many prices"
    watches: bool = True
    of_homes_only: bool = False

    def concede(self, standing: Standing) -> Floats:
        """Share conceded."""
        if not standing.conceded:
            return np.zeros_like(standing.room_usd_per_mwh)
        may = _different(standing.conceded) <= _different(standing.other_usd_per_mwh)
        before = standing.conceded[-1]
        return np.where(may, np.minimum(before + standing.even_step, 1.0), before)


def _different(proposals: tuple[Floats, ...]) -> Ints:
    """How many different proposals were made; each side's never go back. None where there was no proposal (−∞)."""
    count: Ints = np.zeros(len(proposals[0]) if proposals else 1, dtype=np.int64)
    last = np.full(len(count), -np.inf)
    for proposal in proposals:
        made = np.isfinite(proposal)
        new = made & (np.abs(np.where(made, proposal, 0.0) - np.where(np.isfinite(last), last, np.inf)) > _SAME)
        count, last = count + new, np.where(made, proposal, last)
    return count


MICRO = Micro()
