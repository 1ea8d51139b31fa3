"""One set of physics for a number and a column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_core.dispatch import compiled
from vpp_core.physics import meter, storage

energies = st.floats(0, 20)
powers = st.floats(0, 12)
efficiencies = st.floats(0.5, 1.0)
surpluses = st.floats(-10, 10)


@given(energies, surpluses, powers, efficiencies, efficiencies)
def test_self_consumption_stays_within_reserve_ceiling_and_the_homes_own_needs(
    energy: float, surplus: float, power: float, into: float, out_of: float
) -> None:
    backup, ceiling = 4.0, 18.0
    kw = storage.self_consumption_kw(energy, surplus, backup, ceiling, power, into, out_of, 0.25)
    after = storage.step_energy_kwh(energy, max(-kw, 0), max(kw, 0), into, out_of, 0.25)
    assert min(energy, backup) - 1e-9 <= after <= max(energy, ceiling) + 1e-9
    assert abs(kw) <= power + 1e-12
    assert -max(surplus, 0) - 1e-12 <= kw <= max(-surplus, 0) + 1e-12


@given(energies, surpluses, powers, efficiencies)
def test_the_compiled_form_is_the_same_function(energy: float, surplus: float, power: float, efficiency: float) -> None:
    arguments = (energy, surplus, 4.0, 18.0, power, efficiency, efficiency, 0.25)
    assert compiled.self_consumption_kw(*arguments) == storage.self_consumption_kw(*arguments)
    assert compiled.charge_on_arrival_kw(energy, 1.0, 18.0, power, efficiency, 0.25) == storage.charge_on_arrival_kw(
        energy, 1.0, 18.0, power, efficiency, 0.25
    )
    assert compiled.retail_bill_usd(surplus, 0.3, 0.05, 0.25) == meter.retail_bill_usd(surplus, 0.3, 0.05, 0.25)


def test_a_round_trip_loses_each_efficiency_once() -> None:
    stored = storage.step_energy_kwh(0.0, 4.0, 0.0, 0.95, 0.95, 0.25)
    assert stored == pytest.approx(0.95)
    assert storage.discharge_limit_kw(stored, 0.0, 10.0, 0.95, 0.25) * 0.25 == pytest.approx(0.95 * 0.95)


def test_a_column_gives_what_its_numbers_give() -> None:
    energy = np.linspace(0, 20, 9)
    column = storage.charge_limit_kw(energy, 18.0, 5.0, 0.9, 0.25)
    assert column.tolist() == [storage.charge_limit_kw(e, 18.0, 5.0, 0.9, 0.25) for e in energy]


def test_energy_taken_counts_only_discharge_beyond_what_the_home_uses_itself() -> None:
    assert storage.taken_kwh(3.0, 1.0, 0.5, 0.25) == pytest.approx(1.0)
    assert storage.taken_kwh(-1.0, -3.0, 0.5, 0.25) == 0.0


def test_the_bill_charges_imports_and_credits_exports() -> None:
    assert meter.retail_bill_usd(-4.0, 0.30, 0.05, 0.25) == pytest.approx(0.30)
    assert meter.retail_bill_usd(4.0, 0.30, 0.05, 0.25) == pytest.approx(-0.05)
