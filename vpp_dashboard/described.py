"""Households that people described here, kept in the lake as `households/<name>.json`. Knows no Streamlit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from vpp_core.errors import InputError
from vpp_core.fleet.field_words import field_words
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.fleet.text import ParsedHousehold
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.files import write_whole

FOLDER = "households"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_NOT_SHOWN = ("home_id", "aggregation_id", "load_profile_id")


class Field(NamedTuple):
    """One field of a household, as it is shown and edited."""

    field: str
    value: str
    """as JSON, and a word without its quotes"""
    origin: str
    """said, inferred or default; edited, where a person changed it here"""
    why: str


def fields_of(parsed: ParsedHousehold) -> list[Field]:
    """Every field that has a value or came from the words: what was said first, then inferred, then assumed."""
    values = dict(_flat(parsed.prosumer.model_dump(mode="json")))
    fields = [
        Field(name, _text(values[name]), source.origin, source.why)
        for name, source in parsed.provenance.items()
        if name in values and name.rsplit(".", 1)[-1] not in _NOT_SHOWN
    ]
    order = ("said", "inferred", "default")
    return sorted(fields, key=lambda one: order.index(one.origin))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _flat(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict | list):
        for name, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _flat(value, f"{prefix}{name}.")
    else:
        yield prefix[:-1], data


def edited(household: Prosumer, changes: dict[str, str]) -> Prosumer:
    """The household with fields changed: dotted name → value as a field has it; one that cannot be is refused."""
    data = household.model_dump(mode="json")
    for name, text in changes.items():
        *path, last = name.split(".")
        part: Any = data
        for step in path:
            part = part[int(step) if isinstance(part, list) else step]
        part[last] = _value(name, text)
    return prosumer_from_dict(data, "the household")


def _value(name: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = text.strip()
    if isinstance(value, dict | list):
        raise InputError(f"{field_words(name)} takes a number, a word, true, false or null")
    return value


def saved(lake: Lake) -> list[str]:
    """Names of the households in the lake."""
    return sorted(path.stem for path in (lake.root / FOLDER).glob("*.json"))


def save(lake: Lake, name: str, words: str, household: Prosumer) -> str:
    """Keep a household, whole; where it lies."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:60]!r} cannot be a name: lower-case letters, digits, _ or -, starting with a letter")
    path = lake.root / FOLDER / f"{name}.json"
    content = {"words": words, "household": household.model_dump(mode="json")}
    write_whole(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    return str(path)


def load(lake: Lake, name: str) -> tuple[str, Prosumer]:
    """The words and the household of that name."""
    path = lake.root / FOLDER / f"{name}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        words, data = str(content["words"]), content["household"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read as a household; describe it anew, or remove the file") from error
    return words, prosumer_from_dict(data, str(path))
