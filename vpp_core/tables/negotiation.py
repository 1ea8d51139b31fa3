"""Columns about negotiations: how each ended, and what a language model was asked, said and cost."""

from __future__ import annotations

import pyarrow as pa

from vpp_core.tables.contract import Column

OUTCOMES = {
    "nobody_available": "no home had anything to offer: no bid, every device follows its default",
    "demand_above_supply": "all offers together stay below what the market takes at least: no bid",
    "one_bidder": "a single home made an offer and bargained alone",
    "price_collapse": "the forecast changed between rounds, and what was agreed is not expected to clear any more; "
    "agreements stand, and wait for the price they were made at",
    "deadlock": "nobody agreed, and neither side moved in the last round; nobody is asked",
    "all_reject": "nobody agreed; nobody is asked",
    "partly_agreed": "some agreed; the others are not asked",
    "agreed": "everybody agreed",
}
"""How a negotiation can end, and what it means for the bid. The first that applies is told."""

FALLBACKS = {
    "unreachable": "the service refused, failed or could not be reached",
    "late": "no answer within the time-out",
    "throttled": "the service said to come back later than the run may wait",
    "unfinished": "the answer was cut off, blocked or empty",
    "malformed": "the answer was not JSON of the schema asked for",
    "out_of_bounds": "a number of the answer lay outside its bounds",
    "below_reservation": "a home's answer went below its own reservation price",
    "breaker_open": "not asked: the service had failed too often in a row",
    "over_budget": "not asked: calls, tokens or cost were used up",
}
"""Why a decision was taken by rule instead of by the model, by kind."""

NEVER_ANSWERED = ("unreachable", "late", "throttled", "breaker_open")
"""Of these, what the next run asks again: nothing was heard, and nothing but a cap keeps anyone from asking."""

ASKED = (
    Column("llm_calls", pa.int64(), "requests to a language model, repeated ones included"),
    Column("llm_answers", pa.int64(), "answers of a language model that were used"),
    Column("llm_input_tokens", pa.int64(), "tokens sent to it"),
    Column("llm_output_tokens", pa.int64(), "tokens got from it"),
    Column(
        "llm_mended",
        pa.int64(),
        "of these, answers with a cosmetic fault that was mended: fences, words around, "
        "a list of one, prose cut to its length",
    ),
    Column("guard_corrections", pa.int64(), "its decisions that the guard had to bring back within a limit"),
    *(
        Column(f"fallbacks_{kind}", pa.int64(), f"decided by rule instead: {about}")
        for kind, about in FALLBACKS.items()
    ),
)
"""What asking a language model came to; zeros where none was asked."""
