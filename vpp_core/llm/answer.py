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


class Unusable(Exception):
    """A model's answer, or its silence, that cannot be used. The reason holds neither the question nor the answer."""


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
    refuse_tracing()
    from langchain_core.messages import HumanMessage, SystemMessage

    form = schema.model_json_schema()
    system = f"{instructions}\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{json.dumps(form)}"
    try:
        message = _structured(model, form).invoke([SystemMessage(system), HumanMessage(question)])
    except Exception as error:
        # Clients raise far more than their documented errors: bare httpx, asyncio and JSON errors have been seen.
        raise Unusable(f"the model could not be reached or failed ({type(error).__name__})") from None
    metadata = getattr(message, "response_metadata", None) or {}
    finish = metadata.get("finish_reason") or metadata.get("stop_reason")
    if finish is not None and str(finish).upper() not in _FINISHED:
        raise Unusable(f"the answer was not finished ({str(finish)[:40]})")
    usage = getattr(message, "usage_metadata", None) or {}
    return Answer(_parse(_text(message), schema), int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0)))


def _structured(model: BaseChatModel, form: dict[str, Any]) -> Any:
    """Gemini takes the schema with the request; other models read it in the instructions."""
    if type(model).__name__ == "ChatGoogleGenerativeAI":
        return model.bind(response_mime_type="application/json", response_json_schema=form)
    return model


def _text(message: Any) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)


def _parse(text: str, schema: type[SchemaT]) -> SchemaT:
    if not text.strip():
        raise Unusable("the answer is empty")
    try:
        json.loads(text, parse_constant=_no_constant)
        return schema.model_validate_json(text)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults[:5])
        raise Unusable(f"the answer does not fit its schema ({places[:300]})") from None
    except ValueError:
        raise Unusable("the answer is not JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)
