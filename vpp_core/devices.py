"""The kinds of stores: the names that tables, plots and people know each by, and its tint.

Columns are named after them, so they stand below the tables. What a kind does is its file in `fleet/kinds/`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceKind:
    """A kind of store, in words."""

    name: str
    """also of its file in `fleet/kinds/`"""
    source: str
    """in names of columns: `surplus_<source>_usd`"""
    plural: str
    colour: str
    """its tint in plots: no other thing's, and told apart from those it stands beside (`results/figures/base.py`)"""
    is_appliance: bool = True
    """whether it only takes power and is owned as `Appliances`; batteries and cars have columns of their own"""

    @property
    def words(self) -> str:
        """One of them, as people say."""
        return self.name.replace("_", " ")


DEVICES = (
    DeviceKind("battery", "battery", "batteries", "#4bbdbc", is_appliance=False),
    DeviceKind("car", "ev", "EVs", "#625499", is_appliance=False),
    DeviceKind("water_heater", "heater", "water heaters", "#911cc6"),
)
"""In the order of their columns."""
APPLIANCES = tuple(device for device in DEVICES if device.is_appliance)


def money_by_device(part: str) -> tuple[str, ...]:
    """Names of the columns that split a kind of money, such as `surplus`, by device."""
    return tuple(f"{part}_{device.source}_usd" for device in DEVICES)
