"""Boulware: holds out, and concedes most at the end."""

from vpp_core.negotiation.tactics.time_dependent import TimeDependent

BOULWARE = TimeDependent("boulware", "holds out, and concedes most at the end", 0.5)
