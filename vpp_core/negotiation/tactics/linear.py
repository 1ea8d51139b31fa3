"""Linear: concedes evenly."""

from vpp_core.negotiation.tactics.time_dependent import TimeDependent

LINEAR = TimeDependent("linear", "concedes evenly", 1.0)
