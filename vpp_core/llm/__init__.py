"""Access to language models: a client from the environment's key, one gateway that keeps limits and the record, and
answers that are parsed strictly or not at all.

Nothing here knows what is asked. LangChain is imported when a model is built or asked, never before. No file is
touched: a record is an object that its owner loads and saves.
"""

from vpp_core.llm.answer import Answer, Reply, Unusable, ask, converse, read
from vpp_core.llm.client import DEFAULT_MODEL, chat_model, gemini, refuse_tracing
from vpp_core.llm.quoting import quoted
from vpp_core.llm.usage import FALLBACKS, Usage

__all__ = [
    "DEFAULT_MODEL",
    "FALLBACKS",
    "Answer",
    "Reply",
    "Unusable",
    "Usage",
    "ask",
    "chat_model",
    "converse",
    "gemini",
    "quoted",
    "read",
    "refuse_tracing",
]
