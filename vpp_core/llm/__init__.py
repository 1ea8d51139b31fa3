"""Access to language models: a client from the environment's key, and answers that are parsed strictly or not at all.

Nothing here knows what is asked. LangChain is imported when a model is built or asked, never before.
"""

from vpp_core.llm.answer import Answer, Unusable, ask
from vpp_core.llm.client import DEFAULT_MODEL, gemini, refuse_tracing

__all__ = ["DEFAULT_MODEL", "Answer", "Unusable", "ask", "gemini", "refuse_tracing"]
