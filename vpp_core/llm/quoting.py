"""Words of a person inside a prompt: data, never instructions.

Quoted as one JSON string, they can close no quotation, tag or line of the prompt around them. What a model makes of
them is another matter: so no answer may reach beyond the one home that its prompt is about, and each is held to its
schema and limits.
"""

from __future__ import annotations

import json
import unicodedata

LONGEST_QUOTE = 2000
"""characters; what is longer is cut"""


def quoted(words: str, longest: int = LONGEST_QUOTE) -> str:
    """The words as one JSON string on one line, at most `longest` characters of them.

    Characters that could act (angle brackets, control and direction characters) are written as escapes or left out.
    """
    return without_brackets(json.dumps(visible(words, longest), ensure_ascii=False))


def visible(words: str, longest: int = LONGEST_QUOTE) -> str:
    """At most `longest` characters of the words, those left out that turn or hide others."""
    return "".join(c for c in words[:longest] if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def without_brackets(text: str) -> str:
    """JSON that means the same, its angle brackets written as escapes."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
