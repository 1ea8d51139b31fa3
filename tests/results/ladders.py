"""Mean daily surplus of each strategy [$], as invented runs are given it."""

LOSES = {
    "no_vpp": 0.0,
    "smart_home": 8.0,
    "negotiated": 20.0,
    "centralized_aware": 30.0,
    "centralized": 45.0,
    "perfect_forecast": 40.0,
    "perfect_foresight_aware": 60.0,
    "perfect_foresight": 100.0,
}
"""Negotiation is worth something, and less than commanding."""
