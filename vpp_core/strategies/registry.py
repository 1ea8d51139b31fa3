"""The known strategies, in ladder order. A further one is one class and one line: `register(MyStrategy)`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from vpp_core.errors import InputError, shortened
from vpp_core.strategies.centralized import Centralized, CentralizedAware, PerfectForecast
from vpp_core.strategies.negotiated import Negotiated
from vpp_core.strategies.no_vpp import NoVpp
from vpp_core.strategies.perfect_foresight import PerfectForesight, PerfectForesightAware
from vpp_core.strategies.smart_home import SmartHome
from vpp_core.strategies.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {}


def register(strategy: type[Strategy]) -> type[Strategy]:
    """Add a rung below the bounds; usable as a class decorator.

    Parameters
    ----------
    strategy : type of Strategy
        Its `key` must be new.

    Returns
    -------
    type of Strategy
        The same.

    Raises
    ------
    InputError
        Where its key is registered already.
    """
    if strategy.key in STRATEGIES:
        raise InputError(f"strategy {strategy.key!r} is registered already; choose another key")
    above = [] if strategy.is_bound else [key for key, rung in STRATEGIES.items() if rung.is_bound]
    STRATEGIES[strategy.key] = strategy
    for key in above:
        STRATEGIES[key] = STRATEGIES.pop(key)
    return strategy


LADDER = (
    NoVpp, SmartHome, Negotiated, CentralizedAware, Centralized, PerfectForecast, PerfectForesightAware,
    PerfectForesight,
)  # fmt: skip
for _strategy in LADDER:
    register(_strategy)


def strategies_of(asset: str, chosen: Collection[str] | None = None) -> list[str]:
    """List the strategies that an asset materializes.

    Parameters
    ----------
    asset : str
        Name of the pipeline's asset.
    chosen : collection of str, optional
        Keys of those that are to be run, of this and other assets, beside what always is; without it all.

    Returns
    -------
    list of str
        Keys in ladder order.
    """
    keys = [key for key, strategy in STRATEGIES.items() if strategy.asset == asset]
    return keys if chosen is None else [key for key in keys if key in chosen or STRATEGIES[key].always_run]


def require_known(keys: Iterable[str]) -> None:
    """Hold keys to the strategies there are.

    Parameters
    ----------
    keys : iterable of str
        Keys that somebody asks for.

    Raises
    ------
    InputError
        Where one is not known; it names those that are.
    """
    unknown = [key for key in keys if key not in STRATEGIES]
    if unknown:
        raise InputError(f"strategy {shortened(unknown[0], 60)!r} is not known; known are {', '.join(STRATEGIES)}")
