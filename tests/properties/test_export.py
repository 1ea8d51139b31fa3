"""Where homes may not export, what the plant sells only lowers what they draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs, random_prices
from tests.properties.test_invariants import GATE_CLOSURE, assert_invariants, outcomes
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.trajectory import Trajectory


def injected_kw(inputs: Inputs, stores_kw: np.ndarray) -> np.ndarray:
    """What flows out of each home, (T, N)."""
    net = inputs.net_generation_kw.copy()
    np.add.at(net.T, inputs.stores.home, stores_kw.T)
    return np.maximum(net, 0.0)


def exported_for_the_vpp_kw(inputs: Inputs, path: Trajectory) -> float:
    """Most that any home injects beyond what it would by default at its own state of charge."""
    return float((injected_kw(inputs, path.net_kw) - injected_kw(inputs, path.default_kw)).max())


def with_export(seed: int, export: str, homes: int = 8, **more: Any) -> Inputs:
    return invented_inputs(seed=seed, homes=homes, days=1, contingencies_per_month=20.0, export=export, **more)


@settings(max_examples=1)
@given(seed=st.integers(0, 10_000), homes=st.integers(1, 8))
def test_no_home_injects_more_for_the_vpp_than_by_default_and_all_else_holds(seed: int, homes: int) -> None:
    inputs = with_export(seed, "none", homes)
    result = assert_invariants(inputs)
    for key in GATE_CLOSURE:
        assert exported_for_the_vpp_kw(inputs, result[key].trajectory) <= 1e-6, key


@pytest.mark.parametrize("key", GATE_CLOSURE)
def test_the_rule_binds_and_leaves_something_to_sell(key: str) -> None:
    dear = 10.0 * random_prices(np.random.default_rng(4), 96)  # at low prices an aggregator may agree on nothing
    free, held = (with_export(4, export, homes=20, lmp=dear) for export in ("all", "none"))
    free_path, held_path = (outcomes(inputs, [key])[key].trajectory for inputs in (free, held))
    assert exported_for_the_vpp_kw(free, free_path) > 0.1
    assert exported_for_the_vpp_kw(held, held_path) <= 1e-6
    assert held_path.award_kw.max() > 0.01
