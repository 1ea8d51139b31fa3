"""A household in plain words → a validated configuration, with where each field came from.

`parse_household` and `parse_households` (in `batch`) are the way in. A parser turns words into an `Extraction`
(`extraction`); `completion` fills what was not said and validates, the same for every parser. Two parsers exist: the
deterministic `grammar`, and `llm`, any LangChain chat model, which falls back to the grammar.

The grammar goes from words to fields: `words` (one spelling) → `products` and `quantities` → `clauses` → `devices`
(what is there) → `attach` (whose number is whose) → `grammar`, `cars`, `wishes` (fields) → `leftovers` (what no field
came from).
"""

from vpp_core.fleet.text.batch import (
    MAX_CHARACTERS,
    Refused,
    parse_household,
    parse_households,
    read_descriptions,
)
from vpp_core.fleet.text.completion import ParsedHousehold, Provenance
from vpp_core.fleet.text.described import JoinedFleet, join_described
from vpp_core.fleet.text.extraction import Extraction, Found, HouseholdParser
from vpp_core.fleet.text.grammar import GrammarParser

__all__ = [
    "MAX_CHARACTERS",
    "Extraction",
    "Found",
    "GrammarParser",
    "HouseholdParser",
    "JoinedFleet",
    "ParsedHousehold",
    "Provenance",
    "Refused",
    "join_described",
    "parse_household",
    "parse_households",
    "read_descriptions",
]
