"""The one way to a model: record first, then budget, breaker, rate and concurrency limits, and retries in this layer.

A gateway serves one run. Whatever becomes of a question, its asker gets a value or a reason by kind, never an
exception: only a request that a replay does not hold, a missing key and a missing package are errors of use.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from vpp_core.errors import InputError
from vpp_core.llm.answer import Unusable, converse, read
from vpp_core.llm.client import refuse_tracing
from vpp_core.llm.limits import Breaker, Budget
from vpp_core.llm.record import Entry, Record, request_hash
from vpp_core.llm.usage import Usage
from vpp_core.scenario import LanguageModelRules

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.rate_limiters import InMemoryRateLimiter

SchemaT = TypeVar("SchemaT", bound=BaseModel)
FIRST_WAIT_SECONDS = 0.5
"""Before a question is put again; twice as long each time."""


@functools.cache
def _form(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of an answer: made once, since that takes as long as sending a question to this machine."""
    return schema.model_json_schema()


@dataclass(frozen=True)
class Question(Generic[SchemaT]):
    """What is asked, and the form of its answer."""

    instructions: str
    text: str
    schema: type[SchemaT]

    @property
    def form(self) -> dict[str, Any]:
        """The answer's JSON schema."""
        return _form(self.schema)


@dataclass(frozen=True)
class Heard(Generic[SchemaT]):
    """A usable value and its cost; or none, and in `usage` the kind of reason."""

    value: SchemaT | None
    usage: Usage
    reason: str = ""


class Gateway:
    """Asks questions within limits, reading what the record holds and recording what it does not.

    `build` makes the model when first needed; without it, or where it fails, only what is recorded can be answered.
    """

    def __init__(
        self, rules: LanguageModelRules, record: Record, build: Callable[[], BaseChatModel] | None = None
    ) -> None:
        refuse_tracing()
        self._rules, self.record, self._build = rules, record, build
        self._budget, self._breaker = Budget(rules), Breaker()
        self._seen: Counter[str] = Counter()
        self._model: BaseChatModel | None = None
        self._limiter: InMemoryRateLimiter | None = None

    def ask(self, question: Question[SchemaT]) -> Heard[SchemaT]:
        """One question."""
        return self.ask_all([question])[0]

    def ask_all(self, questions: Sequence[Question[SchemaT]]) -> list[Heard[SchemaT]]:
        """Many, as many at once as are allowed; answers in the order of the questions.

        Limits are looked at between groups of `concurrent_calls`, so that the order in which answers arrive changes
        nothing.
        """
        size = self._rules.concurrent_calls
        heard: list[Heard[SchemaT]] = []
        for start in range(0, len(questions), size):
            heard += self._group(questions[start : start + size])
        return heard

    def _group(self, questions: Sequence[Question[SchemaT]]) -> list[Heard[SchemaT]]:
        refusals: dict[int, str] = {}
        admitted: dict[int, tuple[str, int, int]] = {}
        reserved = 0
        for position, question in enumerate(questions):
            if self._breaker.is_open:
                self._breaker.skipped()
                refusals[position] = "breaker_open"
                continue
            form = question.form
            length = len(question.instructions) + len(question.text) + len(str(form))
            attempts = self._budget.attempts(length, reserved, len(admitted))
            if not attempts:
                refusals[position] = "over_budget"
                continue
            reserved += attempts
            request = request_hash(self._rules.model, question.instructions, question.text, form)
            admitted[position] = (request, self._seen[request], attempts)
            self._seen[request] += 1
        entries = self._entries(questions, admitted)
        return [
            self._heard(question, entries[position])
            if position in entries
            else Heard(None, Usage.fallback(refusals[position]), refusals[position])
            for position, question in enumerate(questions)
        ]

    def _entries(
        self, questions: Sequence[Question[Any]], admitted: dict[int, tuple[str, int, int]]
    ) -> dict[int, Entry]:
        """Recorded entries, and new ones for the rest, which are recorded in the order of the questions."""
        found = {
            position: self.record.find(request, occurrence) for position, (request, occurrence, _) in admitted.items()
        }
        missing = [position for position, entry in found.items() if entry is None]
        if missing:
            self._prepare()
            new = self._live([(questions[position], *admitted[position]) for position in missing])
            for position, entry in zip(missing, new, strict=True):
                self.record.add(entry)
                found[position] = entry
        return {position: entry for position, entry in found.items() if entry is not None}

    def _live(self, wanted: list[tuple[Question[Any], str, int, int]]) -> list[Entry]:
        if len(wanted) == 1:
            return [self._put(*wanted[0])]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
            return list(pool.map(lambda one: self._put(*one), wanted))

    def _put(self, question: Question[Any], request: str, occurrence: int, attempts: int) -> Entry:
        """Send one request, again while that may help."""
        assert self._model is not None and self._limiter is not None
        form = question.form
        for attempt in range(1, attempts + 1):
            self._limiter.acquire()
            try:
                reply = converse(self._model, question.instructions, question.text, form)
                return Entry(request, occurrence, attempt, reply)
            except Unusable as failure:
                if attempt == attempts or not failure.retryable:
                    return Entry(request, occurrence, attempt, None, failure.kind)
            time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("at least one attempt is made")

    def _heard(self, question: Question[SchemaT], entry: Entry) -> Heard[SchemaT]:
        """What an entry means, counted."""
        self._breaker.heard(answered=entry.reply is not None)
        if entry.reply is None:
            kind = entry.failure or "unreachable"
            self._budget.settle(entry.calls, 0, 0)
            return Heard(None, Usage.fallback(kind, entry.calls), kind)
        reply = entry.reply
        spent = (entry.calls, reply.input_tokens, reply.output_tokens)
        self._budget.settle(*spent)
        try:
            value = read(reply, question.schema)
        except Unusable as fault:
            return Heard(None, Usage.fallback(fault.kind, *spent), str(fault))
        return Heard(value, Usage(entry.calls, 1, reply.input_tokens, reply.output_tokens))

    def _prepare(self) -> None:
        """Build the model, once."""
        if self._model is not None:
            return
        lacking = f"a question to {self._rules.model} is not among the {len(self.record)} recorded answers"
        if self._build is None:
            raise InputError(f"{lacking}, and this is a replay; record the run anew with a key")
        try:
            self._model = self._build()
        except InputError as error:
            raise InputError(f"{lacking}: {error}") from None
        from langchain_core.rate_limiters import InMemoryRateLimiter

        self._limiter = InMemoryRateLimiter(
            requests_per_second=self._rules.calls_per_minute / 60,
            check_every_n_seconds=0.01,
            max_bucket_size=self._rules.concurrent_calls,
        )
