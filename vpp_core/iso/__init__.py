"""Markets: a record each, one file each, and nothing else knows a time zone, a bound of prices or a product's name.

A further market: its record in a file here, and its name in `ISOS`.
"""

from __future__ import annotations

from functools import reduce

from vpp_core.errors import InputError
from vpp_core.iso.caiso import CAISO
from vpp_core.iso.ercot import ERCOT
from vpp_core.iso.record import DatedRules, FlatRetail, Iso, Place, PriceBounds, PriceHabits, Product

__all__ = [
    "CAISO",
    "DEFAULT",
    "ERCOT",
    "ISOS",
    "DatedRules",
    "FlatRetail",
    "Iso",
    "Place",
    "PriceBounds",
    "PriceHabits",
    "Product",
    "column_bounds",
    "iso_of",
]

ISOS: dict[str, Iso] = {iso.key: iso for iso in (CAISO, ERCOT)}
"""By the key that scenarios name."""
DEFAULT = CAISO
"""The market of a scenario that names none."""


def iso_of(key: str) -> Iso:
    """Find a market.

    Parameters
    ----------
    key : str
        As scenarios name it.

    Returns
    -------
    Iso
        Its record.

    Raises
    ------
    InputError
        Where no market has this key.
    """
    if key not in ISOS:
        raise InputError(f"market {key!r} is not known; known are {', '.join(ISOS)}")
    return ISOS[key]


def column_bounds(iso: Iso | None = None) -> dict[str, PriceBounds]:
    """Find what a price can be, by column of the table `market_prices`.

    Parameters
    ----------
    iso : Iso, optional
        One market; by default what is possible in any of them.

    Returns
    -------
    dict of str to PriceBounds
        By name of the column.
    """
    chosen = [iso] if iso else list(ISOS.values())
    energy, part, reserve = (
        reduce(PriceBounds.hull, [getattr(one.prices, kind) for one in chosen])
        for kind in ("energy", "energy_part", "reserve")
    )
    return {
        "lmp_usd_per_mwh": energy,
        **{f"{name}_lmp_usd_per_mwh": part for name in ("energy", "congestion", "loss", "ghg")},
        "lmp_day_ahead_usd_per_mwh": energy,
        "spin_usd_per_mw_h": reserve,
        "nonspin_usd_per_mw_h": reserve,
    }
