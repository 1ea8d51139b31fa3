"""Conceder: concedes most at the beginning."""

from vpp_core.negotiation.tactics.time_dependent import TimeDependent

CONCEDER = TimeDependent("conceder", "concedes most at the beginning", 2.0)
