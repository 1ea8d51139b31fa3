"""JSON that people write: read as meant, or refused with what is wrong."""

from __future__ import annotations

import json

import pytest

from vpp_core.errors import InputError
from vpp_core.strict_json import parse_json


@pytest.mark.parametrize(
    "content",
    [
        '{"homes": 5, "name": "Zoë"}',
        '\ufeff{"homes": 5, "name": "Zoë"}',
        '{"homes": 5, "name": "Zoë"}'.encode(),
        '{"homes": 5, "name": "Zoë"}'.encode("utf-8-sig"),
        '{"homes": 5, "name": "Zoë"}'.encode("utf-16"),
        '{"homes": 5, "name": "Zoë"}'.encode("utf-16-le"),
        '{"homes": 5, "name": "Zoë"}'.encode("utf-16-be"),
    ],
)
def test_the_same_text_is_read_the_same_however_an_editor_saved_it(content: str | bytes) -> None:
    assert parse_json(content) == {"homes": 5, "name": "Zoë"}


LONG = "k" * 9000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "a is there twice; keep one"),
        ('[{"deep": {"x": null, "x": null}}]', "x is there twice; keep one"),
        (f'{{"{LONG}": 1, "{LONG}": 1}}', "is there twice"),
        ('{"homes": NaN}', "homes: NaN is not a number"),
        ('{"a": {"homes": [1, [2, 1e400]]}}', "homes: 1e400 is too large"),
        ("NaN", "NaN is not a number"),
        ("[NaN]", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("[1e400]", "1e400 is too large"),
        ("[-1e400]", "-1e400 is too large"),
        ("9" * 401, "too large"),
        ("9" * 100_000, "too large"),
        ("", "not JSON (line 1, column 1: expecting value)"),
        ('{"a": 1,\n"b" 2}', "not JSON (line 2, column 5"),
        ("{} {}", "extra data"),
        ("[" * 100_000, "too deep"),
        ('["\\ud800"]', "half a character"),
        (b'{"a": "\xff"}', "not text in UTF-8 (byte 8)"),
        (b"\xff\xfe{", "not text"),
        (b"\0", "not text"),
    ],
)
def test_what_python_would_misread_or_choke_on_is_refused_in_a_short_clause(content: str | bytes, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_json(content)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize("value", [{}, [], None, True, 0, -1.5, "words", {"a": [{"b": 1e300}]}, 10**399])
def test_what_json_holds_comes_back_as_it_was(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
