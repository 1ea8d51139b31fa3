"""No household loses in expectation: what is agreed at a gate covers its own cost of what it is asked for.

The own cost of a deviation held over the window, of a quarter, a half and all that a store is asked for, is put
together here once more from physics and meter: both paths, with it and without, are rolled on by what the store does
on its own to the end of the plan, what is then stored counting at the cheapest tariff. It is an expectation: the
window's load and sun are known, the coming days are the home's average day, and the price is the market's affair.
It is one of deviations over the whole window: a market that clears some intervals of it only can cost more per kWh.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs, random_prices
from tests.properties.test_invariants import AWARE
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.view import GateView
from vpp_core.market.decision import Decision
from vpp_core.market.inputs import Inputs
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.physics.storage import charge_limit_kw, discharge_limit_kw, self_consumption_kw, step_energy_kwh
from vpp_core.scenario import Tariff
from vpp_core.simulation import run
from vpp_core.strategies.registry import STRATEGIES

EVENING = Tariff(import_usd_per_kwh=(*(0.23,) * 16, *(0.48,) * 5, *(0.23,) * 3))


def seen(inputs: Inputs, key: str) -> list[tuple[GateView, Decision]]:
    """What each real-time gate knew and what was decided there."""
    gates: list[tuple[GateView, Decision]] = []

    class Watched(STRATEGIES[key]):  # type: ignore[misc, name-defined]
        def decide(self, view: GateView) -> Decision:
            decision: Decision = super().decide(view)
            if view.gate == "real_time":
                # Plans share the room of their average days, which the next gate fills anew.
                kept = view.stages._replace(net_generation=view.stages.net_generation.copy())
                gates.append((replace(view, stages=kept), decision))
            return decision

    run(inputs, Watched(), None)
    return gates


def rolled(view: GateView, m: int, deviation_kw: float) -> tuple[float, float, float]:
    """Bill and wear of a battery to the plan's end [$], energy left [kWh], energy moved [kWh]; hours in one after the
    window.
    """
    s, stages = view.stores, view.stages
    home, energy = int(view.layout.home_of_store[m]), float(view.energy_kwh[m])
    cost = moved = 0.0
    tariff = stages.tariff[home]
    k, end = view.first_stage, len(stages.price)
    while k < end:
        inside = k < view.first_stage + view.stage_count
        count = 1 if inside else min(4, end - k)
        hours = count * INTERVAL_HOURS
        net = float(np.mean([stages.net_generation[stages.net_row[i], home] for i in range(k, k + count)]))
        default = float(
            self_consumption_kw(energy, net, s.backup[m], s.ceiling[m], s.charge[m], s.into[m], s.out_of[m], hours)
        )
        power = default
        if inside and deviation_kw:
            max_input_tokens = float(charge_limit_kw(energy, s.ceiling[m], s.charge[m], s.into[m], hours))
            max_output_tokens = float(discharge_limit_kw(energy, s.floor[m], s.give[m], s.out_of[m], hours))
            power = float(np.clip(default + deviation_kw, -max_input_tokens, max_output_tokens))
            power = max(power, default) if deviation_kw > 0 else min(power, default)
            moved += abs(power - default) * hours
        cost += float(retail_bill_usd(net + power, stages.imported[tariff, k], stages.exported[tariff, k], hours))
        cost += float(s.wear[m]) * max(power, 0.0) * hours
        energy = float(step_energy_kwh(energy, max(-power, 0.0), max(power, 0.0), s.into[m], s.out_of[m], hours))
        k += count
    return cost, energy, moved


@settings(max_examples=3)
@given(st.integers(0, 10_000), st.sampled_from(AWARE), st.sampled_from([Tariff(), EVENING]))
def test_what_is_agreed_covers_a_home_s_own_cost_of_what_it_is_asked_for(seed: int, key: str, tariff: Tariff) -> None:
    covered(invented_inputs(seed=seed, homes=6, days=1, tariffs=(tariff,)), key)


@pytest.mark.parametrize("key", AWARE)
def test_at_high_prices_batteries_are_asked_and_their_cost_is_covered(key: str) -> None:
    """An aggregator that maximises its profit may agree on nothing where prices are low; here it does not."""
    dear = 3.0 * random_prices(np.random.default_rng(2), 96)
    assert covered(invented_inputs(seed=2, homes=6, days=1, lmp=dear), key) > 0


def covered(inputs: Inputs, key: str) -> int:
    """How many deviations of batteries were asked for; each covers what it costs the home."""
    batteries = np.flatnonzero(inputs.stores.follows_meter)
    checked = 0
    for view, decision in seen(inputs, key)[::5]:
        layout, segments = view.layout, decision.segments
        signed = layout.direction * segments.agreed_usd_per_mwh / 1000
        held = segments.quantity_kw > 0
        assert (signed[held] >= view.offers.own_usd_per_mwh[held] / 1000 - 1e-9).all(), "below its own cost"
        cheapest = float(view.stages.imported.min())
        for m in batteries:
            alone = rolled(view, m, 0.0)
            kept = (cheapest - view.stores.wear[m]) * view.stores.out_of[m]
            for columns, sign in ((layout.sell, 1.0), (layout.buy, -1.0)):
                quantity, paid = float(segments.quantity_kw[columns][m]), float(signed[columns][m])
                for part in (0.25, 0.5, 1.0) if quantity > 0 else ():
                    cost, left, moved = rolled(view, m, sign * part * quantity)
                    loss = cost - alone[0] - kept * (left - alone[1])
                    assert paid * moved >= loss - 1e-6, (view.window, m, sign, part)
                    checked += 1
    return checked
