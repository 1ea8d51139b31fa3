"""The core's mechanisms and tactics by name, as scenarios know them, are those that the registries hold."""

from __future__ import annotations

from vpp_core.negotiation.mechanisms import MECHANISMS
from vpp_core.negotiation.tactics import TACTICS
from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS


def test_the_names_are_those_of_the_registries() -> None:
    mechanisms, tactics = ([key for key, one in held.items() if of_the_core(one)] for held in (MECHANISMS, TACTICS))
    assert mechanisms == list(OWN_MECHANISMS)
    assert sorted(tactics) == sorted(OWN_TACTICS)
    assert [key for key in tactics if TACTICS[key].of_homes_only] == [OWN_TACTICS[0]]


def of_the_core(registered: object) -> bool:
    """Whether no plugin of another test has registered it."""
    return (registered if isinstance(registered, type) else type(registered)).__module__.startswith("vpp_core.")
