"""The one reader of JSON that people write: a scenario, a file of households, a fleet.

Python's own reader takes the last of two equal keys, `NaN`, and 1e400 as infinity, each without a word; every one of
these changes what somebody meant. Here they are refused, and so is text that could not be written again.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from vpp_core.errors import InputError

LONGEST_NUMBER = 400
"""digits; more are no quantity, and Python refuses some thousands with an error of its own"""
LONGEST_NAME = 60
"""characters of a key or number shown in a message"""


def parse_json(content: str | bytes) -> Any:
    """The value that a JSON text holds; the `InputError` of a fault is a clause about `it`, for a caller's sentence.

    Bytes may be UTF-8 or UTF-16, with a byte-order mark or without one as Windows' tools leave it.
    """
    text = _decoded(content) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    try:
        value = json.loads(
            text, object_pairs_hook=_members, parse_constant=_Impossible, parse_float=_finite, parse_int=_whole
        )
        _refuse_impossible(value)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"it is not JSON ({where}: {error.msg[:1].lower() + error.msg[1:]})") from None
    except RecursionError:
        raise InputError("it is not JSON of this kind (brackets within brackets, too deep)") from None
    except UnicodeEncodeError:
        raise InputError("it holds half a character (an escape from \\ud800 to \\udfff alone); remove it") from None
    return value


def _decoded(content: bytes) -> str:
    """The text of bytes; JSON begins with two ASCII characters, so zero bytes tell UTF-16."""
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        if b"\0" in content[:2]:
            return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"it is not text in UTF-8 (byte {error.start + 1}); save it as UTF-8") from None


class _Impossible(str):
    """What stands where a number should: NaN, Infinity, or digits beyond every quantity."""

    __slots__ = ()


def _finite(digits: str) -> float | _Impossible:
    number = float(digits)
    return _Impossible(digits) if math.isinf(number) else number


def _whole(digits: str) -> int | _Impossible:
    return _Impossible(digits) if len(digits) > LONGEST_NUMBER else int(digits)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, each of whose names is there once and whose numbers are numbers."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name, times in counted.items() if times > 1)
        raise InputError(f"{_short(twice)} is there twice; keep one")
    for name, value in pairs:
        _refuse_impossible(value, f"{_short(name)}: ")
    return found


def _refuse_impossible(value: Any, field: str = "") -> None:
    if isinstance(value, list):
        for one in value:
            _refuse_impossible(one, field)
    elif isinstance(value, _Impossible):
        reason = "is too large a number" if value[-1:].isdigit() else "is not a number; write one"
        raise InputError(f"{field}{_short(value)} {reason}")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
