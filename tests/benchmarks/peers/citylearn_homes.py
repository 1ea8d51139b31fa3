"""Homes whose batteries store what the sun leaves and cover what they use, in CityLearn 3: seconds and meters.

    python citylearn_homes.py homes.npz meters.npy

`homes.npz`: load_kw and sun_kw (T, N), and capacity_kwh, power_kw and efficiency (of a charge and a discharge together)
of N batteries, half full at first. Writes what meters take [kWh], (T, N), negative where they give, and prints the
seconds of one core that the steps took, without what was read and built before.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd

STEPS_AN_HOUR = 4
NOT_USED_HERE = ("openstudio", "doe_xstock", "doe_xstock.database", "doe_xstock.end_use_load_profiles")
"""Imported by CityLearn for building stock, several hundred MB; may be left out."""


def schema(homes: Any, folder: Path) -> dict[str, Any]:
    """CityLearn's description of the homes, with its files in the folder."""
    steps, count = homes["load_kw"].shape
    hour = np.arange(steps) / STEPS_AN_HOUR
    at = {"month": 8, "hour": (hour % 24).astype(int) + 1, "minutes": np.arange(steps) % 4 * 15, "day_type": 1}
    kinds = ("outdoor_dry_bulb_temperature", "outdoor_relative_humidity")
    kinds += ("diffuse_solar_irradiance", "direct_solar_irradiance")
    ahead = ("", *(f"_predicted_{n}" for n in (1, 2, 3)))
    pd.DataFrame(dict.fromkeys((k + a for k in kinds for a in ahead), np.full(steps, 20.0))).to_csv(
        folder / "weather.csv", index=False
    )
    prices = dict.fromkeys(("electricity_pricing" + a for a in ahead), np.full(steps, 0.3))
    pd.DataFrame(prices).to_csv(folder / "pricing.csv", index=False)
    unused = dict.fromkeys(("dhw_demand", "cooling_demand", "heating_demand"), 0.0)
    buildings = {}
    for n in range(count):
        own = {
            "non_shiftable_load": homes["load_kw"][:, n] / STEPS_AN_HOUR,
            "solar_generation": homes["sun_kw"][:, n] * 1000,
        }
        pd.DataFrame(at | {"indoor_dry_bulb_temperature": 20.0} | unused | own).to_csv(
            folder / f"home{n}.csv", index=False
        )
        efficiency = float(homes["efficiency"][n])
        battery = {
            "capacity": float(homes["capacity_kwh"][n]), "nominal_power": float(homes["power_kw"][n]),
            "efficiency": efficiency, "power_efficiency_curve": [[0, efficiency], [1, efficiency]],
            "capacity_power_curve": [[0, 1], [1, 1]], "capacity_loss_coefficient": 0.0, "loss_coefficient": 0.0,
            "depth_of_discharge": 1.0, "initial_soc": 0.5,
        }  # fmt: skip
        buildings[f"home{n}"] = {
            "energy_simulation": f"home{n}.csv", "weather": "weather.csv", "pricing": "pricing.csv",
            "electrical_storage": {"type": "citylearn.energy_model.Battery", "attributes": battery},
            "pv": {"type": "citylearn.energy_model.PV", "attributes": {"nominal_power": 1.0}},
        }  # fmt: skip
    return {
        "random_seed": 0, "root_directory": str(folder), "central_agent": True, "seconds_per_time_step": 900,
        "simulation_start_time_step": 0, "simulation_end_time_step": steps - 1, "episode_time_steps": steps,
        "rolling_episode_split": False, "random_episode_split": False,
        "observations": {name: {"active": True} for name in ("electrical_storage_soc", "net_electricity_consumption")},
        "actions": {"electrical_storage": {"active": True}},
        "reward_function": {"type": "citylearn.reward_function.RewardFunction", "attributes": {}},
        "buildings": buildings,
    }  # fmt: skip


def main(homes_file: str, meters_file: str) -> None:
    """Run the homes, write their meters, print the seconds."""
    for name in NOT_USED_HERE:
        try:
            __import__(name)
        except ImportError:
            sys.modules[name] = MagicMock()
    from citylearn.citylearn import CityLearnEnv  # type: ignore[import-not-found,unused-ignore]

    homes = np.load(homes_file)
    with tempfile.TemporaryDirectory() as name:
        environment = CityLearnEnv(schema(homes, Path(name)), central_agent=True)
        environment.reset()
    share_of_power = np.clip((homes["sun_kw"] - homes["load_kw"]) / homes["power_kw"], -1.0, 1.0)
    began = time.process_time()
    for actions in share_of_power[:-1]:
        environment.step([list(actions)])
    seconds = time.process_time() - began
    np.save(meters_file, np.array([home.net_electricity_consumption for home in environment.unwrapped.buildings]).T)
    print(json.dumps({"seconds": seconds, "steps": share_of_power[:-1].size}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
