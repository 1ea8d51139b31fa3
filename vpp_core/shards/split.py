"""A fleet's aggregations, and the homes of each whose intervals are kept."""

from __future__ import annotations

import numpy as np

from vpp_core.fleet.fleet import Fleet, Ints
from vpp_core.settlement.home_intervals import kept_homes


def aggregations(fleet: Fleet) -> Ints:
    """The ids of a fleet's aggregations, ascending."""
    found: Ints = np.unique(fleet.aggregation_id)
    return found


def shard_of(fleet: Fleet, aggregation_id: int) -> tuple[Fleet, Ints]:
    """The homes of one aggregation, and the positions among them of those whose intervals the fleet keeps."""
    homes = np.flatnonzero(fleet.aggregation_id == aggregation_id)
    kept = np.flatnonzero(np.isin(homes, kept_homes(fleet)))
    return fleet.take(homes), kept
