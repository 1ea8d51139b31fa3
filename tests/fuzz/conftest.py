"""The fixture that runs a generator, and the table of what became of its inputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from tests.fuzz.harness import INPUTS_VARIABLE, OUTCOMES, Make, inputs_wanted, run

_PROPERTY = "fuzz"


class Fuzz(Protocol):
    """Runs a generator; `quick` inputs by default, `share` of what `make fuzz` asks for (slow ones take less)."""

    def __call__(self, make: Make, *, quick: int = 40, share: float = 1.0) -> None: ...


@pytest.fixture
def fuzz(request: pytest.FixtureRequest, record_property: Callable[[str, Any], None]) -> Fuzz:
    def feed(make: Make, *, quick: int = 40, share: float = 1.0) -> None:
        counts = run(make, inputs_wanted(quick, share), make.__name__)
        record_property(_PROPERTY, [make.__name__, dict(counts.outcomes)])
        counts.refuse_faults()

    return feed


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if INPUTS_VARIABLE not in os.environ:
        return
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    rows = [value for report in reports for name, value in report.user_properties if name == _PROPERTY]
    if not rows:
        return
    rows.append(["all", {outcome: sum(row[1].get(outcome, 0) for row in rows) for outcome in OUTCOMES}])
    terminalreporter.section("what became of the inputs")
    terminalreporter.write_line(f"{'generator':40}" + "".join(f"{name:>11}" for name in ("inputs", *OUTCOMES)))
    for name, outcomes in rows:
        cells = [sum(outcomes.values()), *(outcomes.get(outcome, 0) for outcome in OUTCOMES)]
        terminalreporter.write_line(f"{name:40}" + "".join(f"{cell:>11,}" for cell in cells))
