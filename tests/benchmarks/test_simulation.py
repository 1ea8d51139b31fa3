"""Throughput of the gate-closure rungs, against leaving homes alone on the same period in the same run."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.fleet.population import generate_fleet
from vpp_core.simulation import run
from vpp_core.strategies.registry import STRATEGIES


@pytest.mark.parametrize("homes", [200, 2000, 20_000])
@pytest.mark.parametrize("key", ["centralized_aware", "negotiated"])
def test_prosumer_steps_per_second(benchmark, key: str, homes: int) -> None:
    """Each aggregation holds 2,000 homes: more would be above the market's largest bid."""
    fleet = generate_fleet(homes, 0)
    fleet = replace(fleet, aggregation_id=(np.arange(homes) // 2000).astype(np.int32))
    inputs = invented_inputs(seed=0, fleet=fleet, days=1, minimum_bid_mw=0.1)
    strategy = STRATEGIES[key]
    run(inputs, strategy(), None)  # type: ignore[arg-type]
    began = time.perf_counter()
    run(inputs, STRATEGIES["no_vpp"](), None)  # type: ignore[arg-type]
    alone = time.perf_counter() - began
    benchmark.pedantic(lambda: run(inputs, strategy(), None), rounds=3)  # type: ignore[arg-type]
    seconds = benchmark.stats.stats.median
    steps = homes * len(inputs.period)
    benchmark.extra_info |= {
        "prosumer_steps_per_second": round(steps / seconds),
        "times_no_vpp": round(seconds / alone, 1),
    }
    print(f"{key}, {homes} homes: {steps / seconds:,.0f} prosumer-steps/s, {seconds / alone:.1f} × leaving them alone")  # noqa: T201
