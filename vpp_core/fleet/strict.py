"""The base of all device models: strict validation, the step they return, and faults told in one sentence."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vpp_core.errors import InputError

LONGEST_NAME = 60
"""characters of a field's name in a message; the longest of ours has 28"""

DeviceT = TypeVar("DeviceT")

_BOUNDS = {
    "greater_than_equal": ("ge", "below"),
    "greater_than": ("gt", "not above"),
    "less_than_equal": ("le", "above"),
    "less_than": ("lt", "not below"),
}


class Strict(BaseModel):
    """Immutable, nothing coerced, nothing unknown, nothing infinite; a fault does not echo what was put in."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True, validate_default=True
    )


class Moved(NamedTuple, Generic[DeviceT]):
    """The device after a command, and the AC power it really moved [kW]: the request within its limits."""

    device: DeviceT
    power_kw: float


def requested(power_kw: float, hours: float) -> float:
    """The power of a command, refused where it makes no sense."""
    if not 0 <= power_kw < float("inf"):
        raise InputError(f"power {power_kw} kW is not a power; give 0 or more, and choose charge or discharge")
    if not 0 < hours < float("inf"):
        raise InputError(f"duration {hours} h is not a duration; give more than 0")
    return float(power_kw)


def describe_fault(error: ValidationError) -> str:
    """Every fault with the field's full name: `bess.min_soc 0.6 is above max_soc 0.5`.

    A number out of range is named; any other input stays out of the message, since it may be private.
    """
    return "; ".join(_sentence(dict(fault)) for fault in error.errors(include_url=False))


def _shown(name: str) -> str:
    """A field's name, which somebody may have put in: nothing in it acts on a terminal, and it is not long."""
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return plain if len(plain) <= LONGEST_NAME else f"{plain[:LONGEST_NAME]}…"


def _sentence(fault: dict[str, Any]) -> str:
    field = ".".join(_shown(str(part)) for part in fault["loc"])
    kind, context, given = fault["type"], fault.get("ctx") or {}, fault.get("input")
    if kind in _BOUNDS and isinstance(given, int | float):
        bound, word = _BOUNDS[kind]
        return f"{field} {given:g} is {word} {context[bound]:g}"
    if kind == "value_error":
        # Cross-field rules name their field first: the path to it is put in front.
        reason = fault["msg"].removeprefix("Value error, ")
        return f"{field}.{reason}" if field else reason
    if kind == "extra_forbidden":
        return f"{field} is not a known field"
    if kind == "missing":
        return f"{field} is missing"
    return f"{field}: {fault['msg']}"
