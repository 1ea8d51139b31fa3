"""A period settled day by day, its days let go one after another, is the period settled whole, to the bit."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from tests.invented import invented_inputs
from vpp_core.scenario import Reliability
from vpp_core.settlement import trajectory
from vpp_core.settlement.settle import Settlement
from vpp_core.simulation import outcomes_to_arrow, settled, simulate
from vpp_core.strategies.registry import STRATEGIES

SHORT = ["no_vpp", "smart_home", "centralized", "perfect_foresight_aware"]
"""One of every way to make and to settle a period: what decides at gates is run and settled alike."""


@pytest.mark.parametrize("keys", [SHORT, pytest.param(list(STRATEGIES), marks=pytest.mark.slow)], ids=["short", "all"])
def test_days_settled_one_by_one_are_the_period_settled_whole(keys: list[str]) -> None:
    """With every kind of device, some of them out of reach."""
    failing = Reliability(device_out_share_per_day=0.3, opt_out_share_per_window=0.1)
    inputs = invented_inputs(homes=6, days=2, seed=4, v2g=True, water_heaters=0.5, reliability=failing)
    whole = outcomes_to_arrow(simulate(inputs, keys))
    assert outcomes_to_arrow(list(settled(inputs, keys))).equals(whole)


def test_a_day_knows_what_was_before_it() -> None:
    """A car that leaves at midnight leaves, and stored energy grows from the day before."""
    inputs = invented_inputs(homes=8, days=2, seed=1)
    second = inputs.one_day(1)
    assert second.period.days == inputs.period.days[1:] and second.first == 96
    assert second.windows.starts.equals(inputs.windows.starts[24:])
    assert second.entire is inputs and second.intervals == slice(96, 192)


def test_what_stores_did_is_held_for_a_day_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the strategy, and of homes left alone; while a day begins, also the day before."""
    inputs = invented_inputs(homes=12, days=3, seed=2)
    held: list[int] = []
    add = Settlement.add

    def looked_at(settlement: Settlement, *day: Any) -> None:
        taken = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, trajectory.__file__)])
        held.append(sum(trace.size for trace in taken.traces))
        add(settlement, *day)

    monkeypatch.setattr(Settlement, "add", looked_at)
    tracemalloc.start()
    try:
        list(settled(inputs, ["smart_home"]))
    finally:
        tracemalloc.stop()
    a_day = 15 * 8 * 96 * len(inputs.stores)
    assert len(held) == 3 and max(held) < 3 * a_day and held[-1] < 1.1 * held[1]
