"""The options that choose a scenario, the same for a command that runs a month as for those that show it: whoever ran
one finds it by giving them again.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, get_type_hints

from vpp_core.scenario import Scenario
from vpp_pipeline.cli import options as o
from vpp_pipeline.lake import Lake

Returned = TypeVar("Returned")


@dataclass(frozen=True, kw_only=True)
class ScenarioOptions:
    """A scenario by its name, and where it is to differ from that: an option each."""

    homes: o.HomesOption = None
    seed: o.SeedOption = None
    scenario: o.ScenarioOption = "reference"
    first_days: o.FirstDaysOption = None
    data_seed: o.DataSeedOption = None
    source: o.SourceOption = None
    node: o.NodeOption = None
    minimum_bid_mw: o.MinimumBidOption = None
    decider: o.DeciderOption = None
    depth: o.DepthOption = None
    model: o.ModelOption = None
    strategies: o.StrategiesOption = None

    def in_lake(self, lake: Lake) -> Scenario:
        """The scenario that is meant, under the name that its results lie under."""
        given = asdict(self)
        return o.chosen_scenario(lake, given.pop("scenario"), **given)


def choosing(command: Callable[..., Returned]) -> Callable[..., Returned]:
    """A command that takes a `ScenarioOptions` as `choice`; on the command line its options stand in that place."""
    own = inspect.signature(command).parameters.values()
    hints = {**get_type_hints(ScenarioOptions, include_extras=True), **get_type_hints(command, include_extras=True)}
    names = {field.name: field.default for field in fields(ScenarioOptions)}
    options = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=names[name]) for name in names]

    @functools.wraps(command)
    def taking_options(**given: Any) -> Returned:
        choice = ScenarioOptions(**{name: given.pop(name) for name in names if name in given})
        return command(choice=choice, **given)

    parameters = [one for other in own for one in (options if other.name == "choice" else [other])]
    told = [one.replace(kind=one.KEYWORD_ONLY, annotation=hints[one.name]) for one in parameters]
    taking_options.__signature__ = inspect.Signature(told)  # type: ignore[attr-defined]
    taking_options.__annotations__ = {one.name: one.annotation for one in told}
    return taking_options
