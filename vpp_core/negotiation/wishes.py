"""What a household wishes, in plain language: told to who speaks for it and to nobody else.

Sentences are made from its typed preferences; a household in words adds its own, as data. What it asks for at least
stays private and is in no sentence; in its own words it stands where the household wrote it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_core.fleet.fleet import CATEGORIES, EV_PRIORITIES, Fleet
from vpp_core.llm.quoting import visible

ATTITUDES = {
    "conservative": "We are careful: others first, we lend what we do not need.",
    "moderate": "We lend our devices where it is fair.",
    "aggressive": "We want to earn with our devices.",
}
CARS = {
    "low": "The car may wait as long as it is ready in time.",
    "medium": "The car matters, but its charging may be moved.",
    "high": "The car comes first: leave its charging alone.",
}
LONGEST_WORDS = 1000
"""Characters of a household's own words in a prompt; what is longer is cut."""


def wishes_of(fleet: Fleet, home: int) -> dict[str, Any]:
    """`wishes`, a list of sentences, of the home at this position; and `own_words` where it describes itself."""
    said = [ATTITUDES[CATEGORIES[fleet.category[home]]]]
    if fleet.bess_capacity_kwh[home] > 0:
        said.append(f"Keep {fleet.backup_power_hours[home]:.1f} hours of our use in the battery for an outage.")
        said.append(f"Take no more than {fleet.max_discharge_share[home]:.0%} of the battery in a day.")
    cars = np.flatnonzero(fleet.cars.home == home)
    if len(cars):
        said.append(CARS[EV_PRIORITIES[fleet.ev_priority[home]]])
    for number, car in enumerate(cars, start=1):
        name = "The car" if len(cars) == 1 else f"Car {number}"
        leaves = float(fleet.cars.weekday_departure_hour[car])
        clock = f"{int(leaves):02d}:{round(leaves % 1 * 60):02d}"
        need = fleet.cars.min_departure_soc[car]
        said.append(f"{name} leaves at {clock} on weekdays and needs {need:.0%} by then.")
    words = fleet.words.get(int(fleet.home_id[home]))
    return {"wishes": said} | ({} if words is None else {"own_words": visible(words, LONGEST_WORDS)})
