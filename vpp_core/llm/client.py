"""Building a chat model: with a time-out, few attempts, and no text leaving for anyone but the model."""

from __future__ import annotations

import importlib
import logging
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

from vpp_core.errors import InputError
from vpp_core.extras import how_to_install

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_MODEL = "gemini-3.5-flash-lite"
KEY_VARIABLES = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
TIMEOUT_SECONDS = 20
LARGEST_BODY_BYTES = 4_000_000
"""of what a service sends for one question; an answer takes a few thousand"""
_TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
_OFF = ("", "0", "false", "no", "off")


def refuse_tracing() -> None:
    """Raise `InputError` where an environment variable would send prompts, and with them homes, to a third party."""
    on = [name for name in _TRACING if os.environ.get(name, "").strip().lower() not in _OFF]
    if on:
        raise InputError(f"{on[0]} is set and would send households' words to a tracing service; unset it")


def chat_model(
    spec: str, *, timeout_seconds: float = TIMEOUT_SECONDS, max_output_tokens: int = 1500, base_url: str | None = None
) -> BaseChatModel:
    """A model by LangChain's `provider:model`, asked once per call: whoever calls decides whether to ask again.

    `google_genai` is at hand, its key in the environment; `openvino:smollm2-135m` runs on this machine where its
    packages are installed; any other provider needs the package `langchain` and its own. `InputError` where something
    is missing.
    """
    refuse_tracing()
    provider, _, name = spec.partition(":")
    if provider == "google_genai":
        return gemini(
            name,
            base_url=base_url,
            max_output_tokens=max_output_tokens,
            timeout_seconds=timeout_seconds,
        )
    if provider == "openvino":
        from vpp_core.llm.small_model import small_model

        return small_model(name, max_output_tokens)
    try:
        build = importlib.import_module("langchain.chat_models").init_chat_model
        options: dict[str, Any] = {"base_url": base_url} if base_url else {}
        model: BaseChatModel = build(
            spec, timeout=timeout_seconds, max_retries=0, max_tokens=max_output_tokens, **options
        )
    except Exception as error:
        raise InputError(
            f"the model {spec} cannot be made ({type(error).__name__}); install langchain and the package of its "
            f"provider, set the key it asks for, or use google_genai:{DEFAULT_MODEL}"
        ) from None
    return model


def gemini(
    model: str = DEFAULT_MODEL,
    *,
    base_url: str | None = None,
    max_output_tokens: int = 1500,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> BaseChatModel:
    """A Gemini client with the key from GOOGLE_API_KEY or GEMINI_API_KEY. Build it once: it takes some 50 ms.

    Raises `InputError` without a key, or with tracing on. The key goes into a request header and nowhere else: the
    client by itself would follow a redirect to any host and send the key along, so none is followed. One attempt a
    call: whoever calls decides whether to ask again (the client's own default is six, without a time-out).
    """
    refuse_tracing()
    key = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)
    if key is None:
        raise InputError(
            "no key for the language model; set GOOGLE_API_KEY, or use what needs none (rules, the grammar parser)"
        )
    try:
        from langchain_google_genai import ChatGoogleGenerativeAI
    except ModuleNotFoundError:
        raise InputError(how_to_install("langchain_google_genai")) from None

    for name in ("google_genai", "langchain_google_genai"):
        # What a service sent is repeated in their warnings, a key that it echoes included.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"google\.genai")
    options: dict[str, Any] = {"base_url": base_url} if base_url else {}
    return ChatGoogleGenerativeAI(
        model=model,
        api_key=key,
        timeout=timeout_seconds,
        max_retries=1,
        thinking_level="minimal",
        max_output_tokens=max_output_tokens,
        client_args={
            "follow_redirects": False,
            "event_hooks": {"response": [lambda response: _read_some(response, timeout_seconds)]},
        },
        **options,
    )


def _read_some(response: Any, seconds: float) -> None:
    """Read a body before the client does, no more of it and no longer than any answer takes."""
    ends = time.monotonic() + seconds
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY_BYTES or time.monotonic() > ends:
            response.close()
            raise ConnectionError("the answer is too large" if size > LARGEST_BODY_BYTES else "the answer is too slow")
    response._content = b"".join(parts)  # where httpx itself keeps a body that was read
