"""Perfect foresight: the month's optimum with everything known, an upper bound, with and without preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vpp_core.strategies.strategy import Bound

if TYPE_CHECKING:
    from vpp_core.market.inputs import Inputs
    from vpp_core.settlement.trajectory import Trajectory


class _PerfectForesight(Bound):
    asset: ClassVar[str] = "perfect_foresight_bound"
    reads_negotiation: ClassVar[bool] = False

    def plan(self, inputs: Inputs) -> tuple[Trajectory, float]:
        from vpp_core.dispatch.month_bound import month_bound

        return month_bound(inputs, self.obeys_preferences)


class PerfectForesightAware(_PerfectForesight):
    """The bound of every strategy that obeys preferences; compensation waived, daily and power limits kept."""

    key: ClassVar[str] = "perfect_foresight_aware"
    title: ClassVar[str] = "Perfect foresight, preferences kept"
    description: ClassVar[str] = "Whole-period optimum within preferences: no strategy that obeys them can be above it."
    obeys_preferences: ClassVar[bool] = True


class PerfectForesight(_PerfectForesight):
    """The bound of every strategy."""

    key: ClassVar[str] = "perfect_foresight"
    title: ClassVar[str] = "Perfect foresight"
    description: ClassVar[str] = "Whole-period optimum with all prices known: no strategy can be above it."
    obeys_preferences: ClassVar[bool] = False
