r"""The same homes here and in CityLearn: batteries that store what the sun leaves and cover what their homes use.

CityLearn needs an older NumPy than this project, so it has a Python of its own, named by `CITYLEARN_PYTHON`:

    python -m venv citylearn && citylearn/bin/pip install --no-deps citylearn==3.0.2
    citylearn/bin/pip install "gymnasium==0.28.1" "numpy<2" "pandas<3" "scikit-learn<=1.2.2" platformdirs pyyaml \
        simplejson
    CITYLEARN_PYTHON=citylearn/bin/python make test ARGS=tests/benchmarks/test_peer.py
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.test_simulation import cpu_seconds
from tests.invented import invented_inputs
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.population import generate_fleet
from vpp_core.physics.storage import self_consumption_kw, step_energy_kwh
from vpp_core.simulation import run
from vpp_core.strategies.registry import STRATEGIES

CAPACITY_KWH, POWER_KW, EFFICIENCY = 13.5, 5.0, 0.95
HOMES, DAYS = 50, 2
CITYLEARN = os.environ.get("CITYLEARN_PYTHON", "")


def battery_homes() -> Fleet:
    """Homes with a battery and perhaps sun, nothing else, and nothing kept for an outage."""
    fleet = generate_fleet(HOMES, 0)
    columns = dataclasses.fields(fleet.cars)
    no_cars = replace(fleet.cars, **{column.name: getattr(fleet.cars, column.name)[:0] for column in columns})
    battery = {
        "capacity_kwh": CAPACITY_KWH, "max_power_kw": POWER_KW, "charge_efficiency": EFFICIENCY,
        "discharge_efficiency": EFFICIENCY, "min_soc": 0.0, "max_soc": 1.0, "initial_soc": 0.5,
    }  # fmt: skip
    same = {f"bess_{name}": np.full(HOMES, value) for name, value in battery.items()}
    return replace(fleet, cars=no_cars, backup_power_hours=np.zeros(HOMES), **same)


@pytest.mark.skipif(not CITYLEARN, reason="CITYLEARN_PYTHON names no Python with CityLearn")
def test_homes_left_alone_take_a_hundredth_of_citylearns_time_and_their_meters_are_the_same(tmp_path: Path) -> None:
    inputs = invented_inputs(seed=0, fleet=battery_homes(), days=DAYS)
    net_kw = inputs.net_generation_kw
    each = {"capacity_kwh": CAPACITY_KWH, "power_kw": POWER_KW, "efficiency": EFFICIENCY**2}
    np.savez(
        tmp_path / "homes.npz", load_kw=np.maximum(-net_kw, 0.0), sun_kw=np.maximum(net_kw, 0.0),
        **{name: np.full(HOMES, value) for name, value in each.items()},
    )  # fmt: skip
    script = Path(__file__).parent / "peers" / "citylearn_homes.py"
    run(inputs, STRATEGIES["no_vpp"](), None)
    ours = cpu_seconds(inputs, "no_vpp") / net_kw.size
    told = subprocess.run(
        [CITYLEARN, str(script), "homes.npz", "meters.npy"], cwd=tmp_path, env={}, capture_output=True, check=True
    )
    theirs = json.loads(told.stdout.splitlines()[-1])
    ratio = theirs["seconds"] / theirs["steps"] / ours
    print(f"a home's quarter hour: {ours * 1e6:.1f} µs with its books, CityLearn {ratio:,.0f} times that")  # noqa: T201

    energy, meters_kwh = np.full(HOMES, 0.5 * CAPACITY_KWH), np.empty_like(net_kw)
    for t, net in enumerate(net_kw):
        moved = self_consumption_kw(
            energy, net, np.zeros(HOMES), CAPACITY_KWH, POWER_KW, EFFICIENCY, EFFICIENCY, INTERVAL_HOURS
        )
        taken, given = np.maximum(-moved, 0.0), np.maximum(moved, 0.0)
        energy = step_energy_kwh(energy, taken, given, EFFICIENCY, EFFICIENCY, INTERVAL_HOURS)
        meters_kwh[t] = -(net + moved) * INTERVAL_HOURS
    assert np.load(tmp_path / "meters.npy") == pytest.approx(meters_kwh[:-1], abs=1e-4)
    assert ratio >= 100
