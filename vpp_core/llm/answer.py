"""One question, one answer: finished, strict JSON, of exactly the schema, or `Unusable`.

Client libraries repair cut-off JSON: `{"battery_kwh": 13` has been seen to become a valid object. So the raw text is
parsed here, and only if the model says that it had finished. Cosmetic faults are mended, and said (`mending`).
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from vpp_core.llm.client import TIMEOUT_SECONDS, refuse_tracing
from vpp_core.llm.mending import the_object
from vpp_core.llm.quoting import quoted
from vpp_core.web import told_wait_seconds, within, without_keys

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

SchemaT = TypeVar("SchemaT", bound=BaseModel)
MIN_CHARACTERS_PER_TOKEN = 2
"""No tokenizer known makes more of JSON and English: what is counted where a service does not say."""
LONGEST_ANSWER = 40_000
"""characters; some 8,000 tokens, the most that a scenario may ask for. What is longer is not kept"""
TOO_LONG = "TOO_LONG"
"""`Reply.finish` of an answer that was longer than that."""
LONGEST_EXCERPT = 120
MAX_TOKENS = 10**9
"""of one answer; a count beyond it is no count"""
ATTEMPTS = 2
LONGEST_TOLD_WAIT_SECONDS = 90.0
"""How long `ask` waits for a service that says when to come back; many questions have a gateway and its budget."""
_FINISHED = ("STOP", "END_TURN")
_BOUNDS = (
    "greater_than_equal", "greater_than", "less_than_equal", "less_than", "finite_number", "string_too_long",
    "too_long", "too_short", "string_too_short",
)  # fmt: skip
"""Pydantic's names of faults of size rather than of form."""


class Unusable(Exception):
    """A model's answer, or its silence, that cannot be used. The reason holds neither the question nor the answer."""

    def __init__(
        self,
        reason: str,
        kind: str = "malformed",
        *,
        retryable: bool = False,
        told_seconds: float | None = None,
        excerpt: str = "",
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        """one of `usage.FALLBACKS`"""
        self.retryable = retryable
        """whether asking the same again may help"""
        self.told_seconds = told_seconds
        """when the service said to come back; None where it did not"""
        self.excerpt = excerpt
        """how the answer began, quoted; for questions that hold nobody's words"""


@dataclass(frozen=True)
class Reply:
    """What a model said, unread, and what it cost."""

    text: str
    finish: str | None
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Answer(Generic[SchemaT]):
    """A valid answer, what it cost, and what was mended in it (`mending`)."""

    value: SchemaT
    input_tokens: int
    output_tokens: int
    mends: tuple[str, ...] = ()


def ask(
    model: BaseChatModel, instructions: str, question: str, schema: type[SchemaT], *, seconds: float = TIMEOUT_SECONDS
) -> Answer[SchemaT]:
    """Ask any LangChain chat model for one object of this schema.

    Whatever goes wrong (network, refusal, cut-off, prose, wrong or extra fields, NaN) is `Unusable` with a reason.
    A service that is busy is asked once more, when it says to come back.
    """
    form = schema.model_json_schema()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            reply = converse(model, instructions, question, form, seconds=seconds)
            break
        except Unusable as failure:
            wait = failure.told_seconds or 0.0
            if attempt == ATTEMPTS or not failure.retryable or wait > LONGEST_TOLD_WAIT_SECONDS:
                raise
            time.sleep(wait)
    value, mends = read(reply, schema)
    return Answer(value, reply.input_tokens, reply.output_tokens, mends)


def converse(
    model: BaseChatModel, instructions: str, question: str, form: dict[str, Any], *, seconds: float = TIMEOUT_SECONDS
) -> Reply:
    """Put one question and take what comes back. No answer within `seconds` is `Unusable`; any answer is a `Reply`."""
    refuse_tracing()
    from langchain_core.messages import HumanMessage, SystemMessage

    system = f"{instructions}\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{json.dumps(form)}"

    def call() -> Any:
        return _structured(model, form).invoke([SystemMessage(system), HumanMessage(question)])

    try:
        message = call() if getattr(model, "runs_here", False) else within(seconds, call)
        return _reply(message, len(system) + len(question))
    except Exception as error:
        # Clients raise far more than their documented errors: bare httpx, asyncio and JSON errors have been seen.
        raise _silence(error) from None


def _reply(message: Any, asked_characters: int) -> Reply:
    """What a client's message says. Services have been seen to count in nulls and below 0."""
    metadata = getattr(message, "response_metadata", None) or {}
    finish = metadata.get("finish_reason") or metadata.get("stop_reason")
    finish = None if finish is None else without_keys(str(finish))[:40]
    usage = getattr(message, "usage_metadata", None) or {}
    text = without_keys(_text(message))
    sent, got = _count(usage.get("input_tokens"), asked_characters), _count(usage.get("output_tokens"), len(text))
    if len(text) > LONGEST_ANSWER:
        text, finish = text[:LONGEST_EXCERPT], TOO_LONG
    return Reply(text, finish, sent, got)


def _count(said: Any, characters: int) -> int:
    """Tokens as a service counts them; where it does not, as many as the characters can be."""
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= MAX_TOKENS:
        return said
    return math.ceil(characters / MIN_CHARACTERS_PER_TOKEN)


def read(reply: Reply, schema: type[SchemaT]) -> tuple[SchemaT, tuple[str, ...]]:
    """The object that a reply holds and what was mended in it, or `Unusable`."""
    begins = quoted(reply.text, LONGEST_EXCERPT)
    if reply.finish == TOO_LONG:
        raise Unusable(f"the answer is longer than {LONGEST_ANSWER:,} characters", excerpt=begins)
    if reply.finish is not None and reply.finish.upper() not in _FINISHED:
        raise Unusable(f"the answer was not finished ({reply.finish})", "unfinished", excerpt=begins)
    if not reply.text.strip():
        raise Unusable("the answer is empty", "unfinished")
    try:
        text, mends = the_object(reply.text)
        value = schema.model_validate_json(text, context=mends)
        return value, tuple(dict.fromkeys(mends))
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{_place(fault)}: {fault['type']}" for fault in faults[:5])
        kind = "out_of_bounds" if all(fault["type"] in _BOUNDS for fault in faults) else "malformed"
        raise Unusable(f"the answer does not fit its schema ({places[:300]})", kind, excerpt=begins) from None
    except (ValueError, RecursionError):
        raise Unusable("the answer is not JSON of one object", excerpt=begins) from None


def _place(fault: Any) -> str:
    """Where in the answer a fault lies. The name of a field that the schema does not know is the model's own words."""
    *outer, last = map(str, fault["loc"] or ("the whole",))
    return ".".join([*outer, "a further field" if fault["type"] == "extra_forbidden" else last])


def _silence(error: Exception) -> Unusable:
    """Why there is no answer: late, turned away or unreachable, and whether and when asking again may help."""
    name = type(error).__name__
    late = isinstance(error, TimeoutError) or "timeout" in name.lower()
    status = _first(error, "code", "status_code")
    told = _told_seconds(error)
    kind = "late" if late else "throttled" if status == 429 or told is not None else "unreachable"
    network = late or isinstance(error, ConnectionError) or type(error).__module__.split(".")[0].startswith("httpx")
    retryable = told is not None or bool(getattr(error, "is_retryable", network))
    answered = f"{name}, HTTP {status}" if isinstance(status, int) else name
    return Unusable(
        f"the model could not be reached or failed ({answered})", kind, retryable=retryable, told_seconds=told
    )


def _first(error: BaseException, *names: str) -> Any:
    """The first of these attributes that the error, or what it came from, has."""
    for one in _causes(error):
        for name in names:
            if getattr(one, name, None) is not None:
                return getattr(one, name)
    return None


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and len(causes) < 5:
        causes.append(one)
        one = one.__cause__
    return causes


def _told_seconds(error: BaseException) -> float | None:
    """When a service says to come back: Google's RetryInfo in the error's details, or a Retry-After header."""
    told = []
    headers = getattr(_first(error, "response"), "headers", None)
    if isinstance(headers, Mapping):
        told.append(told_wait_seconds(headers))
    details = _first(error, "details")
    try:
        for detail in details["error"]["details"]:
            if str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
                match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", str(detail.get("retryDelay", "")))
                told.append(float(match[1]) if match else None)
    except (TypeError, KeyError, AttributeError):
        pass
    return max((seconds for seconds in told if seconds is not None), default=None)


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
