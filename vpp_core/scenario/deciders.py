"""Who decides for the aggregator, as a person names it: `rules`, `llm` (the scenario's own model), or a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vpp_core.errors import InputError
from vpp_core.scenario.variation import DECIDERS, Choice, ChoiceSweep, slug


def decider_changes(decider: str, depth: str | None = None) -> dict[str, tuple[str, Any]]:
    """Fields of a scenario in which it differs where so and so decides, by path, each with its mark (`variation`).

    `depth`: what a language model is asked; rules are asked nothing. A name that is none is an `InputError`.
    """
    if decider == "rules":
        return {"negotiation.decider": ("rules", "rules")}
    if decider != "llm" and ":" not in decider:
        raise InputError(f"decider {decider!r} is unknown; give rules, llm, or a model as provider:model")
    changes: dict[str, tuple[str, Any]] = {"negotiation.decider": ("llm", "llm")}
    if depth is not None:
        changes["negotiation.llm.depth"] = (depth, depth)
    if decider != "llm":
        changes["negotiation.llm.model"] = (mark_of(decider), decider)
    return changes


def decider_sweep(deciders: Sequence[str], depth: str | None = None) -> ChoiceSweep:
    """A sweep over these deciders, in their order; the others are compared with the first."""
    choices = tuple(Choice(decider, decider_changes(decider, depth)) for decider in deciders)
    return replace(DECIDERS, choices=choices)


def mark_of(decider: str) -> str:
    """A decider inside the name of a scenario or study."""
    return slug(decider.rpartition(":")[2])


def changes_of(decider: str | None, depth: str | None, model: str | None) -> Mapping[str, tuple[str, Any]]:
    """The same from a command's options, any of which may be left out."""
    if model is not None and decider is not None and (decider == "rules" or ":" in decider):
        raise InputError(f"--model {model} says nothing beside --decider {decider}; give one of them")
    changes = {} if decider is None else decider_changes(decider, depth)
    if depth is not None:
        changes["negotiation.llm.depth"] = (depth, depth)
    if model is not None:
        changes["negotiation.llm.model"] = (mark_of(model), model)
    return changes
