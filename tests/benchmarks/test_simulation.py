"""Throughput of the gate-closure rungs in time of one core, against leaving homes alone on the same period."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.inputs import Inputs
from vpp_core.simulation import run
from vpp_core.strategies.registry import STRATEGIES

MAX_TIMES_ALONE = {200: 400, 2_000: 200, 20_000: 200}
"""By homes: a gate's fixed cost weighs more in a small fleet. Up to half of a rung's time is the plan, whose 38 hours
are solved anew at each gate."""


@pytest.mark.parametrize("homes", MAX_TIMES_ALONE)
@pytest.mark.parametrize("key", ["centralized_aware", "negotiated"])
def test_a_rung_takes_at_most_so_many_times_what_leaving_homes_alone_does(benchmark, key: str, homes: int) -> None:
    """Each aggregation holds 2,000 homes: more would be above the market's largest bid."""
    fleet = generate_fleet(homes, 0)
    fleet = replace(fleet, aggregation_id=(np.arange(homes) // 2000).astype(np.int32))
    inputs = invented_inputs(seed=0, fleet=fleet, days=1, minimum_bid_mw=0.1)
    run(inputs, STRATEGIES[key](), None)  # type: ignore[arg-type]
    spent = {rung: cpu_seconds(inputs, rung) for rung in ("no_vpp", key)}
    benchmark.pedantic(lambda: run(inputs, STRATEGIES[key](), None), rounds=1)  # type: ignore[arg-type]
    steps, times = homes * len(inputs.period) / spent[key], spent[key] / spent["no_vpp"]
    benchmark.extra_info |= {"prosumer_steps_per_cpu_second": round(steps), "times_no_vpp": round(times, 1)}
    print(f"{key}, {homes} homes: {steps:,.0f} prosumer-steps/s, {times:.1f} × leaving them alone")  # noqa: T201
    assert times <= MAX_TIMES_ALONE[homes]


def cpu_seconds(inputs: Inputs, key: str) -> float:
    """The least of three runs."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        run(inputs, STRATEGIES[key](), None)  # type: ignore[arg-type]
        spent.append(time.process_time() - began)
    return min(spent)
