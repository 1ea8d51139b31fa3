"""Clauses of a normalised text, and whether each speaks of what this household has, has not, or only might have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from vpp_core.fleet.text.products import Mention, find_products
from vpp_core.fleet.text.quantities import Quantity, find_quantities

_SENTENCE = re.compile(r"[^.!?;]+(?:[.](?=\S)[^.!?;]*)*[.!?;]*")
_BREAK = re.compile(
    r",\s+(?!\d+ ?(?:each|apiece))|\s+(?:but|and|while|whereas|plus|also|so|because|since)"
    r"\s+(?!hers\b)|(?:(?<!kwh)\s+(?:-+|[/+&|])\s+|\s+(?:-+|[/+&|])\s+(?!\d))|\s*[()\[\]{}]\s*"
)
_FOREIGN = re.compile(
    r"\b(?:neighbou?rs?(?:'s)?|friends?(?:'s)?|(?:all|every|each|any|the)? ?other (?:homes?|"
    r"households?|users?|customers?)|"
    r"(?:all|every|each) (?:the )?(?:homes?|households?|prosumers?|users?|customers?|fleets?)|"
    r"(?<!hello )(?<!hi )(?<!hey )everyone(?: else)?|"
    r"everybody|(?:household|prosumer)[ _#-]?(?:id)?[ :#]?\d+|home[ _]?(?:id|#) ?:?\d+|"
    r"landlord(?:'s)?|tenants?(?:'s)?|my (?:boss|brother|sister|parents|coworker|buddy)(?:'s)?)\b"
)
_OTHERS_HAVE = re.compile(
    r"\b(?:neighbou?rs?|friends?|landlord|tenants?|boss|brother|sister|parents|coworker|buddy) "
    r"(?:has|have|had|got|owns?|installed)\b"
)
_HYPOTHETICAL = re.compile(
    r"\b(?:thinking (?:about|of)|consider(?:ing)?|planning|plans? (?:to|on|for)\b|"
    r"would (?:like|love) to (?:get|buy|install|add|have)|"
    r"want(?:s)? to (?:get|buy|install|add)|hop(?:e|ing) to|might|maybe|going to (?:get|buy|install|add)|next year|"
    r"someday|some day|one day|in the future|wish(?:ing)? (?:i|we) had|sold|used to|no longer|formerly|previously|"
    r"(?:lost|crashed|totall?ed|wrecked) (?:the|my|our|her|his)\b|"
    r"traded in|got rid of|had an?|died|broke(?: down)?|stolen|returned|uninstalled|"
    r"(?:could|may|will) (?:get|buy|install|add)|interested in (?:getting|buying|adding)|waiting (?:for|on)|on order|"
    r"ordered|quotes? for|quoted|looking (?:at|into|for|to buy))\b"
)
_NEGATION = re.compile(
    r"\b(?:no|not|without|don'?t|doesn'?t|do not|does not|never|none|neither|nor|haven'?t|hasn'?t|isn'?t|lacks?|"
    r"zero|0)\b"
)


@dataclass(frozen=True)
class Clause:
    """A stretch of text that says one thing, with its place in the whole."""

    text: str
    start: int
    sentence: int
    foreign: bool
    """about somebody else's home"""
    hypothetical: bool
    """about what is wished for, planned or gone"""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def negated_before(self, position: int, reach: int = 28) -> bool:
        """Whether a negation stands shortly before this place (counted in the whole text)."""
        local = position - self.start
        return bool(_NEGATION.search(self.text[max(0, local - reach) : local]))


@dataclass(frozen=True)
class Reading:
    """A text taken apart: clauses, products and quantities, all placed in the whole."""

    text: str
    clauses: tuple[Clause, ...]
    products: tuple[Mention, ...]
    quantities: tuple[Quantity, ...]
    taken: list[tuple[int, int]] = field(default_factory=list)
    """stretches that a rule made something of; what is left is told (`leftovers`)"""

    @classmethod
    def of(cls, text: str) -> Reading:
        """Take apart a normalised text. What is said of other homes is set aside."""
        products = find_products(text)
        inside = [(m.start, m.end) for m in products]
        quantities = tuple(
            quantity
            for quantity in find_quantities(text)
            if not any(quantity.start < end and quantity.end > start for start, end in inside)
        )
        return cls(text, tuple(_clauses(text, products)), tuple(products), quantities)

    @cached_property
    def own(self) -> tuple[Clause, ...]:
        """Clauses about this household."""
        return tuple(clause for clause in self.clauses if not clause.foreign)

    def clause_at(self, position: int) -> Clause | None:
        """The clause that holds this place."""
        return next((clause for clause in self.clauses if clause.start <= position < clause.end), None)

    def generic(self, clause: Clause) -> str:
        """The clause with every product replaced by what it is: car or battery."""
        text = clause.text
        for mention in reversed(self.products):
            if clause.start <= mention.start < clause.end:
                start, end = mention.start - clause.start, mention.end - clause.start
                text = text[:start] + mention.product.kind + text[end:]
        return text

    def quantities_in(self, clause: Clause, *units: str) -> list[Quantity]:
        """Quantities of these units in a clause, in order."""
        return [q for q in self.quantities if q.unit in units and clause.start <= q.start < clause.end]

    def take(self, *stretches: Quantity | tuple[int, int]) -> None:
        """Mark what a rule made something of."""
        self.taken.extend((s.start, s.end) if isinstance(s, Quantity) else s for s in stretches)

    def take_matches(self, clause: Clause, pattern: re.Pattern[str]) -> None:
        """Mark what a pattern finds in a clause."""
        self.taken.extend((clause.start + m.start(), clause.start + m.end()) for m in pattern.finditer(clause.text))

    def take_words(self, clause: Clause) -> None:
        """Mark a clause's words, but not its numbers: each number is to be taken for itself."""
        self.taken.extend(
            (clause.start + m.start(), clause.start + m.end()) for m in re.finditer(r"[^\W\d][^\s\d]*", clause.text)
        )


def _clauses(text: str, products: list[Mention]) -> list[Clause]:
    found = []
    for number, sentence in enumerate(_SENTENCE.finditer(text)):
        breaks = [
            b
            for b in _BREAK.finditer(text, sentence.start(), sentence.end())
            if not any(m.start < b.end() and m.end > b.start() for m in products)
        ]
        edges = [sentence.start(), *(edge for b in breaks for edge in (b.start(), b.end())), sentence.end()]
        # A sentence about other homes is set aside whole, lest what is ordered for them be read as this home's; one
        # that only tells what others have is set aside from there on, or within its brackets.
        whole = bool(_FOREIGN.search(sentence[0]))
        told = whole and _OTHERS_HAVE.search(sentence[0])
        foreign = whole and not told
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            piece = text[start:end]
            if told:
                foreign = bool(_FOREIGN.search(piece)) or (foreign and ")" not in text[start - 3 : start])
            if piece.strip(" .!?;"):
                found.append(Clause(piece, start, number, foreign, bool(_HYPOTHETICAL.search(piece))))
    return found
