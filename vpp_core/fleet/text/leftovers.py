"""What a reading made nothing of, in the household's own words: told with every answer, never dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vpp_core.fleet.text.clauses import Clause, Reading

MAX_CHARACTERS_TOLD = 80
"""A longer stretch is cut: it is told to be looked up, not to be repeated."""
_WORD = re.compile(r"[^\s,;:.!?()\[\]{}/|+&=“”]*\d[^\s,;:!?()\[\]{}/|+&=“”]*|[^\s,;:.!?()\[\]{}/|+&=“”]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORDS = """
a about actually after all almost already also although always am an and any anymore are around as at away back be
because been before being below big both but by can currently did do does done each either else ever every
everything exactly far few finally first for from fully generally get gets getting give go goes going gonna good
got great had has have having he hello her here hers hey hi him his home homes honestly house household hour hours
how i if in including inside installed into is it its itself just keep kept kind last later least less like little
live lot lots made main mainly make makes many maybe me mine more most mostly much my need needs never new newer
nice no none normal not nothing now of off old older on once one only or other our ours out over own owner owns
pair people per please plus pretty put quite rather really right roof s same say set setup she should since single
size sized small so some something still such system t than thanks that the their them then there these they thing
things this those though thus till to today together too total totaling totalling twin under until up us use used
uses using usually very via w want wants was way we well were what when where which while who whole wife husband
will with within without would x × yes yet you your ve ll re m d garage family one's i'm i've i'd we're we've
we'd it's that's there's here's he's she's they're don't doesn't isn't wasn't aren't won't can't didn't haven't
hasn't car's wife's husband's vehicle car cars vehicles drive drives driving electric solar power usable capacity
dc ac rated nameplate charge charged charges charging charger day days daily night week weekday weekdays year month
kw kwh owned located bought gets add added connected hooked plugged plug run running wired rooftop mounted
tesla nissan chevy chevrolet ford hyundai kia rivian bmw toyota pack packs unit units each apiece homeowner
apartment condo flat gas tilted tilt output holds possible combined facing faces limited neither nor
"""
_SAYS_NOTHING = frozenset(_WORDS.split())


def leftovers(reading: Reading) -> list[str]:
    """The stretches of this household's clauses of which no rule made anything, in order.

    Words that say nothing by themselves are passed over; every number is told that no field came from.
    """
    return [stretch for clause in reading.own if not clause.hypothetical for stretch in _in_clause(reading, clause)]


def _in_clause(reading: Reading, clause: Clause) -> Iterator[str]:
    numbers = [(q.start, q.end) for q in reading.quantities if clause.start <= q.start < clause.end]
    words = [
        match.span()
        for match in _WORD.finditer(reading.text, clause.start, clause.end)
        if not any(match.start() < end and match.end() > start for start, end in numbers)
        and not _says_nothing(match[0].strip("'-*\"<>#~_"))
    ]
    runs: list[tuple[int, int]] = []
    for start, end in sorted(numbers + words):
        if _taken(reading, start, end):
            continue
        if runs and not _taken(reading, runs[-1][1], start):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    for start, end in runs:
        words_left = reading.text[start:end]
        yield words_left if len(words_left) <= MAX_CHARACTERS_TOLD else f"{words_left[:MAX_CHARACTERS_TOLD]}…"


def says_something(text: str) -> bool:
    """Whether a stretch holds a word that is not among those that say nothing by themselves."""
    words = (match[0].strip("'-*\"<>#~_") for match in _WORD.finditer(text))
    return any(re.search(r"[^\W\d]", word) and not _says_nothing(word) for word in words)


def _says_nothing(word: str) -> bool:
    word = word.rstrip(".")
    return word in _SAYS_NOTHING or _YEAR.fullmatch(word) is not None or not re.search(r"\w", word)


def _taken(reading: Reading, start: int, end: int) -> bool:
    """Whether a rule made something of any part of a stretch."""
    return any(start < stop and end > begin for begin, stop in reading.taken)
