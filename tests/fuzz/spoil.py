"""Ways to spoil a file's bytes: cut, doubled, flipped, filled with what no program expects."""

from __future__ import annotations

import random

ODD = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"NaN",
        b"inf",
        b"-1e308",
        b"1e400",
    ),
    *(
        b"9" * 400,
        b"=1+1",
        b"<html>",
        b"<ERR_CODE>1000</ERR_CODE>",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"PAR1",
        b"\xe2\x80\xae",
    ),
)


def spoilt(content: bytes, rng: random.Random) -> bytes:
    """The bytes with one to three things done to them."""
    for _ in range(rng.randint(1, 3)):
        content = rng.choice(WAYS)(content, rng)
    return content


def _cut(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] if rng.random() < 0.5 else content[at:]


def _flip(content: bytes, rng: random.Random) -> bytes:
    if not content:
        return content
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]


def _insert(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(ODD) + content[at:]


def _lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines[: rng.randint(0, len(lines))])


def _double(content: bytes, rng: random.Random) -> bytes:
    return content + content[: rng.randrange(len(content) + 1)]


def _replace(content: bytes, rng: random.Random) -> bytes:
    old, new = rng.choice(
        [(b",", b";"), (b"\n", b"\r"), (b".", b","), (b"-", b"/"), (b"0", b""), (b":", b"."), (b"T", b" ")]
    )
    return content.replace(old, new)


WAYS = (_cut, _flip, _insert, _lines, _double, _replace)
