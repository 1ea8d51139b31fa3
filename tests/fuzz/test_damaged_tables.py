"""Tables of the lake with bits flipped, pieces cut out, doubled or blanked: refused, or read as what they were."""

from __future__ import annotations

import random

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from tests.fuzz.tables import stored
from vpp_core.tables import CONTRACTS
from vpp_pipeline.lake.table_file import TableFile, data_digest, decode


def damaged(name: str, what: str, content: bytes) -> Trial:
    """Reading the damaged bytes; whatever is read must be what was stored."""
    whole = stored(name)

    def right(found: TableFile) -> str | None:
        same = found.table.equals(whole.table, check_metadata=True)
        if same and (found.recipe, found.digest) == (whole.recipe, whole.digest):
            return None
        return f"{name} was read as another table"

    def feed() -> TableFile:
        if content != whole.content:
            assert data_digest(content) != whole.digest, "a damaged file has the digest of a whole one"
        return decode(content, CONTRACTS[name], f"tables/{name}.parquet", "rebuild it with `vpp run`")

    return Trial(f"{name}: {what}", feed, right, must_read=content == whole.content)


def flipped_bits(rng: random.Random) -> Trial:
    """One bit, or a few; half of the time in the footer, which says how everything else is read."""
    name = rng.choice(sorted(CONTRACTS))
    content = bytearray(stored(name).content)
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    first = rng.choice((0, footer))
    bits = [(rng.randrange(first, len(content)), rng.randrange(8)) for _ in range(rng.choice((1, 1, 1, 2, 5)))]
    for place, bit in bits:
        content[place] ^= 1 << bit
    return damaged(name, f"bits {bits} of {len(content)} bytes flipped", bytes(content))


def torn_pieces(rng: random.Random) -> Trial:
    """What disks, copies and editors do: a piece is missing, blank, twice there, or of another table's file."""
    name, other = rng.choices(sorted(CONTRACTS), k=2)
    content, foreign = stored(name).content, stored(other).content
    start, stop = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    piece = content[start:stop]
    how = rng.choice(("cut off", "left out", "blank", "twice", "foreign", "whole"))
    torn = {
        "cut off": content[:start],
        "left out": content[:start] + content[stop:],
        "blank": content[:start] + bytes(len(piece)) + content[stop:],
        "twice": content[:stop] + piece + content[stop:],
        "foreign": content[:start] + foreign[start:stop] + content[stop:],
        "whole": content,
    }[how]
    return damaged(name, f"bytes {start} to {stop} of {len(content)} {how}", torn)


def test_flipped_bits_are_never_read_as_other_data(fuzz: Fuzz) -> None:
    fuzz(flipped_bits, quick=120)


def test_torn_files_are_never_read_as_other_data(fuzz: Fuzz) -> None:
    fuzz(torn_pieces, quick=60)
