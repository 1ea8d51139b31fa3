"""A scenario that differs from another in a few fields, under a name of its own; and the sweeps that studies make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from vpp_core.errors import InputError
from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS
from vpp_core.scenario.retail import RETAIL_TARIFFS, TIME_OF_USE
from vpp_core.scenario.scenario import Scenario, describe_validation_error
from vpp_core.scenario.tariff import Tariff


def variation(base: Scenario, changes: Mapping[str, tuple[str, Any]]) -> Scenario:
    """`base` with fields changed, each given as path → (mark, value), such as `{"seed": ("s7", 7)}`.

    A path reaches into a nested record by a dot. What already has the value is no change; where nothing changes, that
    is `base` itself. Else the name is the base's with the marks of the changes, so that no result overwrites another.
    A value that a field does not take is an `InputError` naming the field.
    """
    content, present = base.model_dump(), base.model_dump(mode="json")
    made = {}
    for path, (mark, value) in changes.items():
        *records, field = path.split(".")
        target, there = content, present
        for record in records:
            target, there = target[record], there[record]
        if there.get(field) != (list(value) if isinstance(value, tuple) else value):
            target[field] = value
            made[path] = mark
    if not made:
        return base
    content["name"] = "-".join([base.name, *made.values()])
    content["description"] = f"{base.name} with {', '.join(made)} changed"
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise InputError(describe_validation_error(error)) from None


def slug(text: object) -> str:
    """Lower-case letters, digits and underscores of a value, for use in a name."""
    return "".join(letter if letter.isalnum() else "_" for letter in str(text).lower())


@dataclass(frozen=True)
class Sweep:
    """One field of a scenario and the values that a study gives it; the base's own value joins them."""

    varied: str
    path: str
    mark: str
    values: tuple[float, ...]
    about: str
    axis: str
    """what stands at an axis of the values: short, with the unit"""
    trades_satisfaction: bool = False
    """whether it is there to trade satisfaction for surplus, and is shown so"""
    ordered: bool = True
    """whether something lies between two values, so that a line may join them"""

    def scenarios(self, base: Scenario) -> Iterator[tuple[float, Scenario]]:
        """(value, scenario) in rising order."""
        own: Any = base.model_dump()
        for name in self.path.split("."):
            own = own[name]
        for value in sorted({*self.values, float(own)}):
            yield value, variation(base, {self.path: (f"{self.mark}{slug(f'{value:g}')}", type(own)(value))})

    def name_of(self, value: float) -> str:
        """A value for people."""
        return f"{value:g}"


class FlatSweep(Sweep):
    """One flat price for all homes. A base whose homes have one flat price already has it as a value too."""

    def scenarios(self, base: Scenario) -> Iterator[tuple[float, Scenario]]:
        """(value, scenario) in rising order."""
        only = base.tariffs[0] if len(base.tariffs) == 1 else Tariff()
        own = [v for v in getattr(only, self.path) if isinstance(v, float)]
        joins = own if len(base.tariffs) == 1 and len(own) == 1 else []
        for value in sorted({*self.values, *joins}):
            tariff = only if [value] == joins else only.model_copy(update={self.path: (value,)})
            mark = f"{self.mark}{slug(f'{value:g}')}"
            yield value, variation(base, {"tariffs": (mark, [tariff.model_dump(mode="json")])})


class TableSweep(Sweep):
    """The base's own tariffs (0) beside the time-of-use table (1)."""

    def scenarios(self, base: Scenario) -> Iterator[tuple[float, Scenario]]:
        """The base, and the same under the table."""
        yield 0.0, base
        table = RETAIL_TARIFFS[TIME_OF_USE].tariff
        yield 1.0, variation(base, {"tariffs": (self.mark, [table.model_dump(mode="json")])})

    def name_of(self, value: float) -> str:
        """Two kinds of tariff, and nothing between them."""
        return "time of use" if value else "own tariff"


@dataclass(frozen=True)
class Choice:
    """One way of bargaining: fields that differ from the base, by path, each with its mark."""

    name: str
    changes: Mapping[str, tuple[str, Any]]


@dataclass(frozen=True)
class ChoiceSweep(Sweep):
    """Values that are names: the value of a member is its place among the choices."""

    choices: tuple[Choice, ...] = ()

    def scenarios(self, base: Scenario) -> Iterator[tuple[float, Scenario]]:
        """A scenario for each choice; that of the base itself is the base."""
        for place, choice in enumerate(self.choices):
            yield float(place), variation(base, choice.changes)

    def name_of(self, value: float) -> str:
        """The choice's name."""
        return self.choices[int(value)].name


def _pair(aggregator: str, home: str) -> Choice:
    changes = {
        "negotiation.aggregator_tactic": (f"a_{aggregator}", aggregator),
        "negotiation.home_tactics": (f"h_{home}", {home: 1.0}),
    }
    return Choice(f"{aggregator} – {home}".replace("_", " "), changes)


_WEIGHT = Sweep(
    "satisfaction_weight_usd",
    "negotiation.satisfaction_weight_usd",
    "lambda",
    (0.0, 1.0, 3.0, 10.0, 30.0, 100.0),
    "λ: what the coalition gives for one household-window of full satisfaction [$]",
    "λ [$]",
    trades_satisfaction=True,
)
SWEEPS: dict[str, tuple[Sweep, ...]] = {
    "lambda": (_WEIGHT,),
    "concession": (
        Sweep(
            "home_concession_factor",
            "negotiation.home_concession_factor",
            "beta",
            (0.25, 0.5, 2.0, 4.0),
            "factor on β of every persona; above 1 homes concede earlier",
            "factor on β",
        ),
        Sweep(
            "home_patience_factor",
            "negotiation.home_patience_factor",
            "patience",
            (0.5, 0.75, 1.5, 3.0),
            "factor on the rounds after which a persona has conceded everything",
            "factor on patience",
        ),
        Sweep(
            "limit_quantile",
            "negotiation.limit_quantile",
            "limit",
            (0.2, 0.35, 0.5, 0.9),
            "quantile of the forecast that the aggregator reaches in the last round",
            "quantile of the forecast",
        ),
        Sweep(
            "opening_quantile",
            "negotiation.opening_quantile",
            "opening",
            (0.1, 0.3, 0.5),
            "quantile of the forecast at which the aggregator opens",
            "quantile of the forecast",
        ),
        Sweep(
            "split",
            "negotiation.split",
            "split",
            (0.5, 1.0),
            "how far from an ask to the counter-offer above it the price lies",
            "split",
        ),
        Sweep("rounds", "negotiation.rounds", "rounds", (1.0, 2.0, 6.0), "rounds at most", "rounds"),
        replace(_WEIGHT, values=(0.0, 10.0)),
    ),
    "tactic": (
        ChoiceSweep(
            "tactic",
            "negotiation.aggregator_tactic",
            "tactic",
            (),
            "how the aggregator and how all homes concede",
            "aggregator – homes",
            ordered=False,
            choices=tuple(_pair(one, other) for one in OWN_TACTICS[1:] for other in OWN_TACTICS),
        ),
    ),
    "mechanism": (
        ChoiceSweep(
            "mechanism",
            "negotiation.mechanism",
            "by",
            (),
            "how prices come about",
            "mechanism",
            ordered=False,
            choices=tuple(
                Choice(name.replace("_", " "), {"negotiation.mechanism": (name, name)}) for name in OWN_MECHANISMS
            ),
        ),
    ),
    "terms": (
        ChoiceSweep(
            "terms",
            "negotiation.limit_quantile",
            "terms",
            (),
            "the aggregator's terms, from the stingiest to the most generous",
            "terms",
            ordered=False,
            choices=tuple(
                Choice(
                    name,
                    {
                        "negotiation.opening_quantile": (f"from{slug(f'{opening:g}')}", opening),
                        "negotiation.limit_quantile": (f"to{slug(f'{limit:g}')}", limit),
                        "negotiation.split": (f"split{slug(f'{split:g}')}", split),
                    },
                )
                for name, opening, limit, split in (
                    ("stingiest", 0.1, 0.1, 0.0),
                    ("tough", 0.1, 0.4, 0.0),
                    ("usual", 0.1, 0.7, 0.0),
                    ("soft", 0.5, 0.9, 0.5),
                    ("most generous", 0.9, 0.9, 1.0),
                )
            ),
        ),
    ),
    "strictness": (
        Sweep(
            "preference_strictness",
            "preference_strictness",
            "strict",
            (0.0, 0.5, 1.5, 2.0),
            "factor on what households withhold and ask; 1: as drawn. Without a VPP they keep that much backup too",
            "factor on preferences",
            trades_satisfaction=True,
        ),
    ),
    "minimum": (
        Sweep(
            "minimum_bid_mw",
            "market.minimum_bid_mw",
            "min",
            (0.0, 0.05, 0.2, 0.5),
            "least sum that the market takes as a bid [MW]; the bounds waive it",
            "minimum bid [MW]",
        ),
    ),
    "data": (
        Sweep(
            "data_seed",
            "data_seed",
            "d",
            (2.0, 3.0, 4.0, 5.0, 6.0),
            "another draw of all that is not real: weather, load, synthetic and modelled prices, calls",
            "data seed",
        ),
    ),
    "tariff": (
        FlatSweep(
            "import_usd_per_kwh",
            "import_usd_per_kwh",
            "import",
            (0.15, 0.45, 0.60),
            "flat retail import price [$/kWh]",
            "import price [$/kWh]",
        ),
        FlatSweep(
            "export_usd_per_kwh",
            "export_usd_per_kwh",
            "export",
            (0.0, 0.10, 0.20, 0.30),
            "flat retail export credit [$/kWh]",
            "export credit [$/kWh]",
        ),
        TableSweep(
            "time_of_use",
            "tariffs",
            "tou",
            (1.0,),
            "the scenario's own tariffs, or a table that is dear from 16 to 21 h",
            "tariff",
            ordered=False,
        ),
    ),
}
"""What `vpp study --sweep` varies, one thing at a time. A further sweep: one entry here."""

DECIDERS = ChoiceSweep(
    "decider",
    "negotiation.decider",
    "by",
    (),
    "who decides for the aggregator",
    "decider",
    ordered=False,
)
"""Several deciders on the same months and homes; which ones a person names (`deciders.decider_sweep`)."""

SWEPT: dict[str, Sweep] = {part.varied: part for parts in (*SWEEPS.values(), (DECIDERS,)) for part in parts}
"""Each thing that a sweep varies, by its name in the table of studies."""
