"""Tit for tat: concedes as many dollars as the other side just did (Faratin, Sierra & Jennings 1998, absolute).

It begins with an even step, as Axelrod's does with cooperation: two that wait for each other would never move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.fleet import Floats
from vpp_core.negotiation.tactics.tactic import Standing


@dataclass(frozen=True)
class TitForTat:
    """Mirrors the other side's last concession."""

    key: str = "tit_for_tat"
    about: str = "concedes as many dollars as the other side just did"
    watches: bool = True
    of_homes_only: bool = False

    def concede(self, standing: Standing) -> Floats:
        """Share conceded."""
        nothing = np.zeros_like(standing.room_usd_per_mwh)
        if not standing.conceded:
            return nothing
        before = standing.conceded[-1]
        if len(standing.other_usd_per_mwh) < 2:
            return np.minimum(before + standing.even_step, 1.0)
        last, previous = standing.other_usd_per_mwh[-1], standing.other_usd_per_mwh[-2]
        both = np.isfinite(last) & np.isfinite(previous)
        moved = np.where(both, np.abs(np.where(both, last, 0.0) - np.where(both, previous, 0.0)), 0.0)
        room = standing.room_usd_per_mwh
        step = np.divide(moved, room, out=nothing, where=room > 0)
        return np.minimum(before + step, 1.0)


TIT_FOR_TAT = TitForTat()
