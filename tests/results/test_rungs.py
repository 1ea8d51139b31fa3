"""Rungs are named in one place; what can be asked of a strategy is asked of it."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from tests.test_architecture import ROOT, nodes
from vpp_core.results import rungs
from vpp_core.strategies.registry import STRATEGIES

FILES = [
    path
    for folder in ("vpp_core/results", "vpp_core/tables", "vpp_core/settlement", "vpp_pipeline")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "rungs.py"
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_strategy_is_asked_for_by_its_key(path: Path) -> None:
    named = [
        f"{node.value!r} in line {node.lineno}"
        for node in nodes(path)
        if isinstance(node, ast.Constant) and node.value in STRATEGIES
    ]
    assert not named


def test_each_path_leads_from_the_bound_to_negotiation_without_a_gap() -> None:
    for steps in rungs.SPLIT.values():
        assert steps[0][1] == rungs.BOUND and steps[-1][2] == rungs.NEGOTIATED
        assert all(one[2] == other[1] for one, other in pairwise(steps))
        assert {name for name, *_ in steps} <= set(rungs.WORDS)
    used = {key for steps in (*rungs.SPLIT.values(), rungs.COMPARISONS) for _, *pair in steps for key in pair}
    assert used == set(STRATEGIES)


def test_only_homes_left_alone_change_nothing_and_smart_homes_have_no_market_either() -> None:
    assert [key for key in STRATEGIES if rungs.changes_nothing(key)] == ["no_vpp"]
    assert [key for key in STRATEGIES if rungs.has_no_market(key)] == ["no_vpp", "smart_home"]
    assert not rungs.changes_nothing("somebody_elses") and not rungs.has_no_market("somebody_elses")


def test_a_bound_holds_what_obeys_as_it_does_and_the_other_holds_all() -> None:
    keys = [*STRATEGIES, "somebody_elses"]
    assert rungs.held_to("perfect_foresight", keys) == [key for key in keys if key != "perfect_foresight"]
    within = rungs.held_to("perfect_foresight_aware", keys)
    assert within == ["no_vpp", "negotiated", "centralized_aware", "perfect_forecast"]
