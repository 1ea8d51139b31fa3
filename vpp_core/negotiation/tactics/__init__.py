"""How one side concedes from proposal to proposal: a file per tactic, and the registry that lists them.

A tactic serves the aggregator and homes alike. A further one is a file and a line here.
"""

from __future__ import annotations

from vpp_core.errors import InputError
from vpp_core.negotiation.tactics.boulware import BOULWARE
from vpp_core.negotiation.tactics.by_category import BY_CATEGORY, PERSONAS, Persona
from vpp_core.negotiation.tactics.conceder import CONCEDER
from vpp_core.negotiation.tactics.linear import LINEAR
from vpp_core.negotiation.tactics.micro import MICRO
from vpp_core.negotiation.tactics.tactic import Standing, Tactic
from vpp_core.negotiation.tactics.tit_for_tat import TIT_FOR_TAT

__all__ = ["PERSONAS", "TACTICS", "Persona", "Standing", "Tactic", "register", "tactic_of"]

TACTICS: dict[str, Tactic] = {}


def register(tactic: Tactic) -> Tactic:
    """Add a tactic; its key must be new."""
    if tactic.key in TACTICS:
        raise InputError(f"tactic {tactic.key!r} is registered already; choose another key")
    TACTICS[tactic.key] = tactic
    return tactic


for _tactic in (BOULWARE, LINEAR, CONCEDER, TIT_FOR_TAT, MICRO, BY_CATEGORY):
    register(_tactic)


def tactic_of(key: str, side: str) -> Tactic:
    """The tactic that the rule of this side names."""
    known = [name for name, tactic in TACTICS.items() if side == "home" or not tactic.of_homes_only]
    if key not in known:
        raise InputError(f"tactic {key!r} is not known for the {side}; known are {', '.join(known)}")
    return TACTICS[key]
