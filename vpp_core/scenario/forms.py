"""Patterns that names in a scenario must match, and for each the sentence for whoever wrote one that does not."""

from __future__ import annotations

from vpp_core.iso import DEFAULT

NODE = r"^[A-Za-z0-9][A-Za-z0-9_.#&+-]*$"
"""Pattern of the name of a pricing node: the characters that markets use in them."""
MODEL = r"^[a-z][a-z0-9_]*:[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$"
"""Pattern of a language model's name in LangChain, provider:model."""
KEY = r"^[a-z][a-z0-9_]{0,31}$"
"""Pattern of the key of a mechanism or tactic in its registry."""
OWN_NAME = r"^[a-z][a-z0-9_]{0,39}$"
"""Pattern of the name of a tariff or programme of one's own."""

IN_WORDS = {
    NODE: f"it should be a node such as {DEFAULT.default_node}, written with letters, digits and _ . # & + -",
    MODEL: "it should be provider:model, such as google_genai:gemini-3.5-flash-lite, the provider in lower case",
    KEY: "it should be a key such as posted_price, of 32 lower-case letters, digits and _ at most",
    OWN_NAME: "it should be a name such as summer_rate, of 40 lower-case letters, digits and _ at most",
}
