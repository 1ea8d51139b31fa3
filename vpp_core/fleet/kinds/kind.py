"""What a kind of store says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vpp_core.calendar import Period
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.fleet.stores import Stores


@dataclass(frozen=True)
class Kind:
    """A kind of store."""

    name: str
    source: str
    """its name in tables of money by source: `surplus_<source>_usd`"""
    stores: Callable[[Fleet, Period, Floats], Stores]
    """a fleet's stores of this kind over a period, from the fleet and the homes' mean load [kW] (N,)"""
