"""The names of the core's own mechanisms and tactics, which a scenario may give without a plugin.

The registries know them too (`negotiation.mechanisms`, `negotiation.tactics`), but loading them loads the whole
negotiation, and they hold what plugins register besides.
"""

OWN_MECHANISMS = ("bilateral", "posted_price", "auction")
OWN_TACTICS = ("by_category", "boulware", "linear", "conceder", "tit_for_tat", "micro")
"""The first is for homes only."""
