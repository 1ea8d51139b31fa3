"""Forms that a scenario's names have, each with the words that say it to whoever wrote another."""

from __future__ import annotations

from vpp_core.iso import DEFAULT

NODE = r"^[A-Za-z0-9][A-Za-z0-9_.#&+-]*$"
"""What markets' names of nodes are written with."""
MODEL = r"^[a-z][a-z0-9_]*:[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$"
"""LangChain's provider:model."""
KEY = r"^[a-z][a-z0-9_]{0,31}$"
"""What a mechanism or tactic is registered under."""
OWN_NAME = r"^[a-z][a-z0-9_]{0,39}$"
"""What a tariff or programme of one's own is told under."""

IN_WORDS = {
    NODE: f"it should be a node such as {DEFAULT.default_node}, written with letters, digits and _ . # & + -",
    MODEL: "it should be provider:model, such as google_genai:gemini-3.5-flash-lite, the provider in lower case",
    KEY: "it should be a key such as posted_price, of 32 lower-case letters, digits and _ at most",
    OWN_NAME: "it should be a name such as summer_rate, of 40 lower-case letters, digits and _ at most",
}
