"""How prices come about between the aggregator and its homes: a file per mechanism, and the registry that lists them.

All end in the same coalition, bid and books: they differ in what is paid, and in who is asked.
"""

from __future__ import annotations

from vpp_core.errors import InputError
from vpp_core.negotiation.mechanisms.auction import Auction
from vpp_core.negotiation.mechanisms.bilateral import Bilateral
from vpp_core.negotiation.mechanisms.mechanism import Mechanism
from vpp_core.negotiation.mechanisms.posted_price import PostedPrice

__all__ = ["MECHANISMS", "Mechanism", "mechanism_of", "register"]

MECHANISMS: dict[str, type[Mechanism]] = {}


def register(mechanism: type[Mechanism]) -> type[Mechanism]:
    """Add a mechanism; usable as a class decorator.

    Parameters
    ----------
    mechanism : type of Mechanism
        Its `key` must be new.

    Returns
    -------
    type of Mechanism
        The same.

    Raises
    ------
    InputError
        Where its key is registered already.
    """
    if mechanism.key in MECHANISMS:
        raise InputError(f"mechanism {mechanism.key!r} is registered already; choose another key")
    MECHANISMS[mechanism.key] = mechanism
    return mechanism


for _mechanism in (Bilateral, PostedPrice, Auction):
    register(_mechanism)


def mechanism_of(key: str) -> Mechanism:
    """Make a mechanism for one run.

    Parameters
    ----------
    key : str
        As scenarios name it.

    Returns
    -------
    Mechanism
        A new instance.

    Raises
    ------
    InputError
        Where no mechanism has this key.
    """
    if key not in MECHANISMS:
        raise InputError(f"mechanism {key!r} is not known; known are {', '.join(MECHANISMS)}")
    return MECHANISMS[key]()
