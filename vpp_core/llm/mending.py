"""Cosmetic faults of an answer, mended and named: what stands around its one object, and prose longer than asked for.

Nothing of substance is repaired. A number out of bounds, a missing or a further field, a name that stands twice, two
objects, an object that is cut off: all stay faults, since what was meant can only be guessed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BeforeValidator, ValidationInfo

from vpp_core.strict_json import parse_json

FENCED, LISTED, AROUND, CUT = "code fence", "list of one", "words around", "prose cut"
"""Names of what was mended."""
_BRACKETS = set("{}[]")
_DECODER = json.JSONDecoder()
_FENCE = re.compile(r"(```|~~~)[ \t]*[\w+-]*")


def cut_to(longest: int) -> BeforeValidator:
    """Prose of a form, and lists of prose: what goes beyond so many characters or entries is cut off, and noted.

    For words that decide nothing. The length stays in the form's JSON schema, where the model reads it.
    """

    def cut(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, (str, list)) or len(value) <= longest:
            return value
        if isinstance(info.context, list):
            info.context.append(CUT)
        return value[:longest] if isinstance(value, list) else value[: longest - 1].rstrip() + "…"

    return BeforeValidator(cut)


def the_object(text: str) -> tuple[str, list[str]]:
    """The one JSON object that a text holds, and what had to be taken off around it; a `ValueError` without one.

    Words around it may hold no bracket: with one, nobody knows whether the object is the whole answer.
    """
    bare = text.strip().removeprefix("\ufeff").strip()
    opening = re.search(r"[{\[]", bare)
    if opening is None:
        raise ValueError("no object")
    _, end = _DECODER.raw_decode(bare, opening.start())
    before, found, after = bare[: opening.start()], bare[opening.start() : end], bare[end:]
    value = parse_json(found)
    if _BRACKETS & set(before + after):
        raise ValueError("more than one object")
    mends = []
    if _FENCE.search(before) or _FENCE.search(after):
        mends.append(FENCED)
    if (_FENCE.sub("", before) + _FENCE.sub("", after)).strip():
        mends.append(AROUND)
    if isinstance(value, dict):
        return found, mends
    if len(value) == 1 and isinstance(value[0], dict):
        return json.dumps(value[0]), [*mends, LISTED]
    raise ValueError("not one object")
