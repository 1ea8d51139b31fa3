"""Money by source: which kind of store made the bill change."""

from __future__ import annotations

from itertools import product
from math import factorial

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats
from vpp_core.market.inputs import Inputs
from vpp_core.physics.meter import net_injection_kw, retail_bill_usd
from vpp_core.settlement.grouping import sum_by_home
from vpp_core.settlement.trajectory import Trajectory


def bill_change_by_kind(
    inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory, tariff: tuple[Floats, Floats]
) -> dict[str, Floats | None]:
    """The part of the bill's change that each kind of store made, (T, N); none where the fleet has none of it.

    Kinds share a meter, so a kind's part is the mean over all orders of changing one kind after the other (its Shapley
    value): each set of changed kinds S counts |S|! (n − |S| − 1)! / n! for a kind that then joins it.
    """
    present = [name for name in inputs.stores.kinds if len(inputs.stores.home[inputs.stores.of_kind(name)])]
    paths = [[sum_by_home(inputs, path.net_kw, name) for path in (counterfactual, trajectory)] for name in present]
    count = len(present)
    parts: dict[str, Floats | None] = dict.fromkeys(inputs.stores.kinds)
    parts |= {name: np.zeros_like(inputs.net_generation_kw) for name in present}
    for changed in product((0, 1), repeat=count):
        stores_kw = sum((path[moved] for path, moved in zip(paths, changed, strict=True)), np.zeros(1))
        injection = net_injection_kw(inputs.pv_kw, inputs.load_kw, stores_kw)
        bill = retail_bill_usd(injection, *tariff, INTERVAL_HOURS)
        for name, moved in zip(present, changed, strict=True):
            before = sum(changed) - moved
            weight = factorial(before) * factorial(count - before - 1) / factorial(count)
            parts[name] = parts[name] + (weight if moved else -weight) * bill
    return parts
