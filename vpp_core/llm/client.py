"""Building a chat model: Gemini, with a time-out, few attempts, and no text leaving for anyone but the model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vpp_core.errors import InputError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_MODEL = "gemini-3.5-flash-lite"
KEY_VARIABLES = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
TIMEOUT_SECONDS = 20
ATTEMPTS = 2
"""The client's own default is six attempts without a time-out: over half a minute for one dead call."""
_TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
_OFF = ("", "0", "false", "no", "off")


def refuse_tracing() -> None:
    """Raise `InputError` where an environment variable would send prompts, and with them homes, to a third party."""
    on = [name for name in _TRACING if os.environ.get(name, "").strip().lower() not in _OFF]
    if on:
        raise InputError(f"{on[0]} is set and would send households' words to a tracing service; unset it")


def gemini(model: str = DEFAULT_MODEL, *, base_url: str | None = None, max_output_tokens: int = 1500) -> BaseChatModel:
    """A Gemini client with the key from GOOGLE_API_KEY or GEMINI_API_KEY. Build it once: it takes some 50 ms.

    Raises `InputError` without a key, or with tracing on. The key goes into a request header and nowhere else.
    """
    refuse_tracing()
    key = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)
    if key is None:
        raise InputError("no key for the language model; set GOOGLE_API_KEY, or use the parser that needs none")
    from langchain_google_genai import ChatGoogleGenerativeAI

    options: dict[str, Any] = {"base_url": base_url} if base_url else {}
    return ChatGoogleGenerativeAI(
        model=model,
        api_key=key,
        timeout=TIMEOUT_SECONDS,
        max_retries=ATTEMPTS,
        thinking_level="minimal",
        max_output_tokens=max_output_tokens,
        **options,
    )
