"""What a period's inputs may be made from."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from tests.invented import invented_inputs
from vpp_core.fleet.population import generate_fleet


def test_no_store_is_sized_by_the_period_that_is_simulated() -> None:
    """Load and sun of the period change, and every column of every store stays what it was."""
    fleet, rng = generate_fleet(30, 3), np.random.default_rng(0)
    usual = rng.uniform(0.3, 1.5, 30)
    before, after = (
        invented_inputs(fleet=fleet, days=2, load_kw=rng.uniform(0, high, (192, 30)), usual_load_kw=usual)
        for high in (1.0, 9.0)
    )
    assert (before.stores.backup_kwh > before.stores.floor_kwh).any()
    for column in fields(before.stores):
        one, other = getattr(before.stores, column.name), getattr(after.stores, column.name)
        assert np.array_equal(one, other), column.name
