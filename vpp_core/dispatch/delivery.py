"""How far each home can be relied on: what it delivered of what it promised, so far."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats, Ints

PRIOR_KWH = 10.0
"""Energy delivered as promised that every home is credited with before it has promised any: about two hours of a
battery. Assumption."""


class Delivery:
    """Energy promised and delivered by each home up to now, shape (N,)."""

    def __init__(self, homes: int) -> None:
        self.promised_kwh, self.delivered_kwh = np.zeros(homes), np.zeros(homes)

    def note(self, home_of_store: Ints, award_kw: Floats, done_kw: Floats) -> None:
        """An interval's awards (S,) and deviations from the default (S,), export positive in both."""
        homes = len(self.promised_kwh)
        delivered = np.minimum(np.maximum(np.sign(award_kw) * done_kw, 0.0), np.abs(award_kw))
        self.promised_kwh += np.bincount(home_of_store, np.abs(award_kw), homes) * INTERVAL_HOURS
        self.delivered_kwh += np.bincount(home_of_store, delivered, homes) * INTERVAL_HOURS

    @property
    def reliability(self) -> Floats:
        """Share of its promises that a home is expected to keep, 0 to 1, shape (N,)."""
        share: Floats = (self.delivered_kwh + PRIOR_KWH) / (self.promised_kwh + PRIOR_KWH)
        return share
