"""One question, one answer: finished, strict JSON, of exactly the schema, or `Unusable`.

Client libraries repair cut-off JSON: `{"battery_kwh": 13` has been seen to become a valid object. So the raw text is
parsed here, and only if the model says that it had finished.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from vpp_core.llm.client import refuse_tracing

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

SchemaT = TypeVar("SchemaT", bound=BaseModel)
_FINISHED = ("STOP", "END_TURN")
_BOUNDS = (
    "greater_than_equal", "greater_than", "less_than_equal", "less_than", "finite_number", "string_too_long",
    "too_long", "too_short", "string_too_short",
)  # fmt: skip
"""Pydantic's names of faults of size rather than of form."""


class Unusable(Exception):
    """A model's answer, or its silence, that cannot be used. The reason holds neither the question nor the answer."""

    def __init__(self, reason: str, kind: str = "malformed", *, retryable: bool = False) -> None:
        super().__init__(reason)
        self.kind = kind
        """one of `usage.FALLBACKS`"""
        self.retryable = retryable
        """whether asking the same again may help"""


@dataclass(frozen=True)
class Reply:
    """What a model said, unread, and what it cost."""

    text: str
    finish: str | None
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Answer(Generic[SchemaT]):
    """A valid answer and what it cost."""

    value: SchemaT
    input_tokens: int
    output_tokens: int


def ask(model: BaseChatModel, instructions: str, question: str, schema: type[SchemaT]) -> Answer[SchemaT]:
    """Ask any LangChain chat model for one object of this schema.

    Whatever goes wrong (network, refusal, cut-off, prose, wrong or extra fields, NaN) is `Unusable` with a reason.
    """
    reply = converse(model, instructions, question, schema.model_json_schema())
    return Answer(read(reply, schema), reply.input_tokens, reply.output_tokens)


def converse(model: BaseChatModel, instructions: str, question: str, form: dict[str, Any]) -> Reply:
    """Put one question and take what comes back. No answer at all is `Unusable`; any answer is a `Reply`."""
    refuse_tracing()
    from langchain_core.messages import HumanMessage, SystemMessage

    system = f"{instructions}\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{json.dumps(form)}"
    try:
        message = _structured(model, form).invoke([SystemMessage(system), HumanMessage(question)])
    except Exception as error:
        # Clients raise far more than their documented errors: bare httpx, asyncio and JSON errors have been seen.
        raise _silence(error) from None
    metadata = getattr(message, "response_metadata", None) or {}
    finish = metadata.get("finish_reason") or metadata.get("stop_reason")
    usage = getattr(message, "usage_metadata", None) or {}
    return Reply(
        _text(message),
        None if finish is None else str(finish)[:40],
        int(usage.get("input_tokens", 0)),
        int(usage.get("output_tokens", 0)),
    )


def read(reply: Reply, schema: type[SchemaT]) -> SchemaT:
    """The object that a reply holds, or `Unusable`."""
    if reply.finish is not None and reply.finish.upper() not in _FINISHED:
        raise Unusable(f"the answer was not finished ({reply.finish})", "unfinished")
    if not reply.text.strip():
        raise Unusable("the answer is empty", "unfinished")
    try:
        json.loads(reply.text, parse_constant=_no_constant)
        return schema.model_validate_json(reply.text)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{_place(fault)}: {fault['type']}" for fault in faults[:5])
        kind = "out_of_bounds" if all(fault["type"] in _BOUNDS for fault in faults) else "malformed"
        raise Unusable(f"the answer does not fit its schema ({places[:300]})", kind) from None
    except (ValueError, RecursionError):
        raise Unusable("the answer is not JSON") from None


def _place(fault: Any) -> str:
    """Where in the answer a fault lies. The name of a field that the schema does not know is the model's own words."""
    *outer, last = map(str, fault["loc"] or ("the whole",))
    return ".".join([*outer, "a further field" if fault["type"] == "extra_forbidden" else last])


def _silence(error: Exception) -> Unusable:
    """Why there is no answer: late or unreachable, and whether asking again may help."""
    name = type(error).__name__
    late = isinstance(error, TimeoutError) or "timeout" in name.lower()
    kind = "late" if late else "unreachable"
    network = late or isinstance(error, ConnectionError) or type(error).__module__.split(".")[0] in ("httpx", "aiohttp")
    retryable = bool(getattr(error, "is_retryable", network))
    return Unusable(f"the model could not be reached or failed ({name})", kind, retryable=retryable)


def _structured(model: BaseChatModel, form: dict[str, Any]) -> Any:
    """Gemini takes the schema with the request, others that can say so by `takes_schema`; the rest read it above."""
    if type(model).__name__ == "ChatGoogleGenerativeAI":
        return model.bind(response_mime_type="application/json", response_json_schema=form)
    if getattr(model, "takes_schema", False):
        return model.bind(json_schema=form)
    return model


def _text(message: Any) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
