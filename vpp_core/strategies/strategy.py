"""The base of strategies: at each gate closure, from what is known to what is held.

A rung that decides at gate closure implements `GateClosureStrategy.decide`; one that knows the whole period implements
`Bound.plan`. Both are described by the same few attributes, from which the pipeline and the reports know them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from vpp_core.fleet.permission import Permission
from vpp_core.market.decision import Decision

if TYPE_CHECKING:  # numba and scipy load with these: not when the registry is only read
    from vpp_core.dispatch.view import GateView
    from vpp_core.llm.gateway import Gateway
    from vpp_core.market.inputs import Inputs
    from vpp_core.negotiation.workflow import NegotiationState
    from vpp_core.scenario import Scenario
    from vpp_core.settlement.trajectory import Trajectory


class Strategy(ABC):
    """A rung: its key, where it is materialized, and what it is allowed."""

    key: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    asset: ClassVar[str] = "window_results"
    """the pipeline asset that materializes it"""
    obeys_preferences: ClassVar[bool]
    is_bound: ClassVar[bool] = False
    negotiates: ClassVar[bool] = False
    """true: it bargains with homes by `scenario.negotiation`, where a language model may decide"""
    always_run: ClassVar[bool] = False
    """true: others are compared with it, so it is run whichever are chosen"""
    reads_negotiation: ClassVar[bool] = True
    """false: nothing in `scenario.negotiation` changes its result, which scenarios that differ in that then share"""


class GateClosureStrategy(Strategy):
    """A rung that bids window by window. One instance serves one run of a period, so it may keep compiled programs."""

    bids: ClassVar[bool] = True
    """false: it never bids, so nothing is priced for it and `decide` is not asked"""
    manages_home: ClassVar[bool] = False
    """true: each home follows the plan of its own bill, without a market"""
    forecasts_are_exact: ClassVar[bool] = False
    """true: forecasts of prices, load, sun and trips happen to be what comes"""
    gateway: Gateway | None = None
    """the way to a language model, set by whoever runs a strategy that asks one"""
    heard: Callable[[GateView, NegotiationState], None] | None = None
    """told of every negotiation that has ended, by a strategy that negotiates"""

    def maximises_own_profit(self, scenario: Scenario) -> bool:
        """Whether it maximises the VPP's own profit.

        What moved energy costs later then counts at market prices alone, without homes' bills.

        Parameters
        ----------
        scenario : Scenario
            Whose rules may say so.

        Returns
        -------
        bool
            False: it maximises what VPP and homes make together.
        """
        return False

    @abstractmethod
    def decide(self, view: GateView) -> Decision:
        """Decide what stores may be asked for in the window, or held as reserve on the day, and at what price.

        Parameters
        ----------
        view : GateView
            All that is known at the gate closure, read-only.

        Returns
        -------
        Decision
            Made by the view's own methods.
        """

    def permission(self, inputs: Inputs) -> Permission:
        """Say what it may do with each store.

        Parameters
        ----------
        inputs : Inputs
            The period's fleet and stores.

        Returns
        -------
        Permission
            By preferences where it obeys them, else by hardware.
        """
        return Permission.of(inputs.fleet, inputs.stores, self.obeys_preferences)


class Bound(Strategy):
    """A rung that knows everything: an upper bound by relaxation, not something that could be operated."""

    is_bound: ClassVar[bool] = True

    @abstractmethod
    def plan(self, inputs: Inputs) -> tuple[Trajectory, float]:
        """Find the best trajectory of the whole period.

        Parameters
        ----------
        inputs : Inputs
            All of the period, realised prices included.

        Returns
        -------
        trajectory : Trajectory
            What stores do.
        gap_usd : float
            The certified gap by which its value may fall short of the best [$].
        """
