"""Names of a household's or a fleet's fields as words: `evs.0.capacity_kwh` is "EV 1: capacity [kWh]"."""

from __future__ import annotations

_UNITS = {
    "usd_per_kwh": "$/kWh",
    "kwh_per_day": "kWh a day",
    "usd": "$",
    "kwh": "kWh",
    "kw": "kW",
    "hours": "h",
    "hour": "h",
    "minutes": "min",
    "degrees": "°",
    "deg": "°",
}
_WORDS = {
    "bess": "battery",
    "ev": "EV",
    "evs": "EVs",
    "pv": "solar",
    "v2g": "V2G",
    "vpp": "VPP",
    "min": "minimum",
    "max": "maximum",
    "soc": "state of charge",
    "p10": "10 % quantile",
    "p90": "90 % quantile",
}


def field_words(name: str) -> str:
    """Say the name of a field in words.

    Parameters
    ----------
    name : str
        Dotted, as fields are nested; lists count from 0, and the unit is its end.

    Returns
    -------
    str
        Words, counted from 1, the unit in brackets.
    """
    parts: list[str] = []
    unit = ""
    for part in name.split("."):
        if part.isdecimal() and parts:
            parts[-1] = f"{parts[-1].removesuffix('s')} {int(part) + 1}"
            continue
        ending = next((ending for ending in _UNITS if part.endswith(f"_{ending}")), None)
        if ending is not None:
            part, unit = part.removesuffix(f"_{ending}"), f" [{_UNITS[ending]}]"
        parts.append(" ".join(_WORDS.get(word, word) for word in part.split("_")))
    return ": ".join(parts) + unit
