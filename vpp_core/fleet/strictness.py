"""A fleet with its households' preferences scaled: they ask for more, or for less.

Every assumption about preferences is drawn from ranges that nobody measured, so a study scales them: the factor s
multiplies what a household *withholds* (1 − willingness, 1 − discharge share) and what it *asks* (backup hours and
prices). At 1 the fleet is as drawn; at 0 it offers all its power, keeps no reserve and asks for nothing. Whose car
comes first (`ev_priority`) and when it must be ready is left as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vpp_core.fleet.fleet import Fleet, Floats


def stricter(fleet: Fleet, factor: float) -> Fleet:
    """The same homes with preferences scaled by `factor` ≥ 0: shares are held to 0–1, 1 changes nothing.

    Raises nothing: a household that withholds all is one that does not take part.
    """
    if factor == 1:
        return fleet
    return replace(
        fleet,
        participation_willingness=_withheld(fleet.participation_willingness, factor),
        max_discharge_share=_withheld(fleet.max_discharge_share, factor),
        backup_power_hours=np.round(fleet.backup_power_hours * factor, 2),
        min_compensation_usd_per_kwh=np.round(fleet.min_compensation_usd_per_kwh * factor, 4),
        opening_ask_usd_per_kwh=np.round(fleet.opening_ask_usd_per_kwh * factor, 4),
        moving_ask_usd_per_kwh=np.round(fleet.moving_ask_usd_per_kwh * factor, 4),
    )


def _withheld(share: Floats, factor: float) -> Floats:
    """`share` offered, where `factor` times as much is withheld."""
    offered: Floats = np.round(1 - np.minimum(factor * (1 - share), 1.0), 3)
    return offered
