"""Described households of a lake's raw folder joining the generated ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vpp_core.fleet.convert import join
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.prosumer import Prosumer
from vpp_core.fleet.text.batch import Refused, households_in, parse_households, read_descriptions
from vpp_core.fleet.text.completion import ParsedHousehold
from vpp_core.fleet.text.extraction import HouseholdParser


@dataclass(frozen=True)
class JoinedFleet:
    """A fleet with the households that joined it, and why others did not."""

    fleet: Fleet
    joined: int
    refused: tuple[str, ...]
    """a sentence for each description left out, naming its file and place, not its words"""
    not_understood: tuple[str, ...] = ()
    """a sentence for each description of which stretches were not understood, likewise"""


def join_described(
    fleet: Fleet,
    files: Mapping[str, str | bytes],
    parser: HouseholdParser | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    keep_words: bool = False,
) -> JoinedFleet:
    """The fleet with every household that these files describe (name → content), files by name, households in order.

    `keep_words`: with how they describe themselves, for a language model that speaks for them.
    A file that cannot be read at all is an `InputError`; a description that cannot is left out and told.
    """
    households: list[Prosumer] = []
    refused: list[str] = []
    unread: list[str] = []
    words: dict[int, str] = {}
    for name in sorted(files):
        descriptions = read_descriptions(files[name], name)
        results = parse_households(descriptions, parser, progress)
        joining = [text for text, result in zip(descriptions, results, strict=True) if not isinstance(result, Refused)]
        if keep_words:
            words |= {len(households) + k: text for k, text in enumerate(joining) if isinstance(text, str)}
        households.extend(households_in(results))
        refused.extend(
            f"{name}, household {result.position + 1}: {result.reason}"
            for result in results
            if isinstance(result, Refused)
        )
        unread.extend(
            f"{name}, household {position + 1}: of {len(result.not_understood)} stretches nothing was understood; "
            f"`vpp household --file {name}` shows them"
            for position, result in enumerate(results)
            if isinstance(result, ParsedHousehold) and result.not_understood
        )
    return JoinedFleet(join(fleet, households, words), len(households), tuple(refused), tuple(unread))
