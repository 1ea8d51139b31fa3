"""Ctrl-C and SIGTERM while a month runs: said as an interruption, nothing half-written, and the next run heals."""

from __future__ import annotations

import os
import signal

import pytest

from tests.pipeline.test_whole_month import WITHOUT_SIMULATION
from tests.pipeline.tiny import Ran, content


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_says_so_instead_of_blaming_its_step_and_the_next_one_heals(
    ran: Ran, number: signal.Signals
) -> None:
    before = content(ran.folder)

    def interrupt(step: str, event: str) -> None:
        if step == "price_forecast" and event == "start":
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        ran.again(fresh=True, assets=WITHOUT_SIMULATION, on_step=interrupt)
    assert content(ran.folder) == before
    assert ran.instance.get_run_records(limit=1)[0].dagster_run.is_finished
    assert ran.again(assets=WITHOUT_SIMULATION).succeeded


def test_each_run_of_a_process_tells_its_own_listener_alone(ran: Ran) -> None:
    first: list[tuple[str, str]] = []
    second: list[tuple[str, str]] = []
    ran.again(assets=["market_prices"], on_step=lambda step, event: first.append((step, event)))
    ran.again(assets=["solar_generation"], on_step=lambda step, event: second.append((step, event)))
    ran.again(assets=["market_prices"])
    for asset, heard in (("market_prices", first), ("solar_generation", second)):
        assert (asset, "start") in heard and (asset, "success") in heard
        assert len(heard) == len(set(heard))
    assert not {step for step, _ in first} & {step for step, _ in second}
