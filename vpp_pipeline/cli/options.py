"""Options that several commands share, and what they mean: a month, and a scenario that may be a variation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from zlib import crc32
from zoneinfo import ZoneInfo

import typer

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.iso import DEFAULT
from vpp_core.scenario import NegotiationRules, Scenario
from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS
from vpp_core.scenario.deciders import changes_of
from vpp_core.scenario.variation import slug, variation
from vpp_core.strategies.registry import STRATEGIES, require_known
from vpp_pipeline.lake import Lake
from vpp_pipeline.plugins import load_strategies

MonthOption = Annotated[str, typer.Option("--month", "-m", help="Month of trade days, such as 2023-08.")]
ScenarioOption = Annotated[
    str, typer.Option("--scenario", "-s", help="Scenario by name: shipped, or frozen in the lake's scenarios folder.")
]
HomesOption = Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Homes in the fleet [200].")]
SeedOption = Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Seed that draws the fleet [42].")]
DataSeedOption = Annotated[
    int | None, typer.Option(min=0, max=2**32 - 1, help="Seed of weather, synthetic prices and events [1].")
]
FirstDaysOption = Annotated[int | None, typer.Option(min=1, max=31, help="Only the month's first days.")]
SourceOption = Annotated[
    str | None, typer.Option(help="Where prices come from: auto (the best there is), live, file or synthetic [auto].")
]
NodeOption = Annotated[
    str | None,
    typer.Option(help=f"Pricing node [the files' only one, else the market's default: {DEFAULT.default_node}]."),
]
MinimumBidOption = Annotated[
    float | None, typer.Option("--minimum-bid-mw", help="Smallest bid of the market in MW; 0 for small fleets [0.1].")
]
DeciderOption = Annotated[
    str | None,
    typer.Option(
        "--decider",
        help="Who decides for the aggregator: rules, llm (the scenario's language model), or provider:model [rules].",
    ),
]
DepthOption = Annotated[
    str | None,
    typer.Option(
        "--depth", help="What a language model is asked: every_round, once_a_window or every_agent [every_round]."
    ),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Language model, provider:model [google_genai:gemini-3.5-flash-lite].")
]
RefetchOption = Annotated[bool, typer.Option("--refetch", help="Ask live services again for what was fetched before.")]
StrategiesOption = Annotated[
    str | None,
    typer.Option("--strategies", help="Which strategies are run beside no_vpp, with commas [all]."),
]
ReportOption = Annotated[
    bool, typer.Option("--report/--no-report", help="Or stop at the key figures, as a study's members do.")
]
OnOption = Annotated[
    str | None,
    typer.Option(
        "--on",
        help="Where the aggregations of a large fleet are run, and whether a second process takes strategies of a "
        "small one: here, processes, processes:N, ray or ray://host:port [VPP_ON, else processes].",
    ),
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Compute everything anew, also what is there already.")]


def finished_month(text: str) -> str:
    """The month, checked to exist and to be over."""
    month = Month.parse(text)
    last = last_finished_month()
    if str(month) > last:
        raise InputError(f"month {month} is not over yet; the last one that can be run is {last}")
    return str(month)


def months_between(first: str, last: str) -> list[str]:
    """All months from `first` to `last`, both included."""
    if first > last:
        raise InputError(f"--from {first} is after --to {last}; swap them")
    months, month = [], Month.parse(first)
    while str(month) <= last:
        months.append(str(month))
        month = month.next()
    return months


def last_finished_month() -> str:
    """The last calendar month that is over, by the default market's clock."""
    now = datetime.now(UTC).astimezone(ZoneInfo(DEFAULT.timezone))
    year, month = divmod(now.year * 12 + now.month - 2, 12)
    return f"{year:04d}-{month + 1:02d}"


def chosen_scenario(
    lake: Lake,
    name: str,
    *,
    homes: int | None = None,
    seed: int | None = None,
    data_seed: int | None = None,
    first_days: int | None = None,
    source: str | None = None,
    node: str | None = None,
    minimum_bid_mw: float | None = None,
    decider: str | None = None,
    depth: str | None = None,
    model: str | None = None,
    strategies: str | None = None,
) -> Scenario:
    """The scenario of that name, or the variation of it that the options ask for, under a name of its own."""
    wanted: dict[str, tuple[str, Any]] = {
        "homes": (f"{homes}h", homes),
        "seed": (f"s{seed}", seed),
        "data_seed": (f"d{data_seed}", data_seed),
        "first_days": (f"{first_days}days", first_days),
        "source": (str(source), source),
        "node": (slug(node), node),
        "market.minimum_bid_mw": (f"min{slug(f'{minimum_bid_mw or 0:g}')}mw", minimum_bid_mw),
    }
    if strategies is not None:
        wanted["strategies"] = _named_strategies(strategies)
    given = {path: change for path, change in wanted.items() if change[1] is not None}
    chosen = variation(lake.scenario(name), given | dict(changes_of(decider, depth, model)))
    if chosen.strategies is not None:
        load_strategies()
        require_known(chosen.strategies)
    _require_known_bargaining(chosen.negotiation)
    return chosen


def _require_known_bargaining(rules: NegotiationRules) -> None:
    """Refuse a mechanism or tactic that nothing registers before a month is run up to where it is asked for."""
    if rules.mechanism in OWN_MECHANISMS and {rules.aggregator_tactic, *rules.home_tactics} <= {*OWN_TACTICS}:
        return
    load_strategies()
    from vpp_core.negotiation.mechanisms import mechanism_of
    from vpp_core.negotiation.tactics import tactic_of

    mechanism_of(rules.mechanism)
    tactic_of(rules.aggregator_tactic, "aggregator")
    for key in rules.home_tactics:
        tactic_of(key, "home")


def _named_strategies(text: str) -> tuple[str, tuple[str, ...]]:
    """Strategies named with commas, in ladder order, and their mark in a scenario's name."""
    load_strategies()
    named = {key.strip() for key in text.split(",")} - {""}
    require_known(sorted(named))
    if not named:
        raise InputError(f"--strategies names none; known are {', '.join(STRATEGIES)}")
    keys = tuple(key for key in STRATEGIES if key in named)
    return f"{len(keys)}strategies_{crc32(','.join(keys).encode()) & 0xFFFF:04x}", keys
