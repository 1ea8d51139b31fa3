"""The one way to a model: record first, then budget, breaker, rate and concurrency limits, and retries in this layer.

A gateway serves one run. Whatever becomes of a question, its asker gets a value or a reason by kind, never an
exception: only a request that a replay does not hold, a missing key and a missing package are errors of use.
What is recorded as answered is never asked again; what is recorded as silence is, where a model is at hand.
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
from vpp_core.llm.limits import Breaker, Budget, Patience
from vpp_core.llm.record import Entry, Record, request_hash
from vpp_core.llm.troubles import Troubles
from vpp_core.llm.usage import Usage
from vpp_core.scenario import LanguageModelRules

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.rate_limiters import InMemoryRateLimiter

SchemaT = TypeVar("SchemaT", bound=BaseModel)
FIRST_WAIT_SECONDS = 0.5
"""Before a question is put again; twice as long each time. Added to what a service tells, since that can be short."""
MAX_TURNED_AWAY = 10
"""How often a question is put again to a service that says when to come back."""


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
    personal: bool = False
    """whether it holds somebody's words: no example of its answers is then shown"""

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
    `on_wait` hears how many seconds are waited for a service that said when to come back.
    """

    def __init__(
        self,
        rules: LanguageModelRules,
        record: Record,
        build: Callable[[], BaseChatModel] | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        refuse_tracing()
        self._rules, self.record, self._build = rules, record, build
        self._budget, self._breaker = Budget(rules, record.spent), Breaker()
        self._patience = Patience(60 * rules.maximum_wait_minutes, on_wait)
        self._seen: Counter[str] = Counter()
        self._model: BaseChatModel | None = None
        self._lacking = "this is a replay; record the run anew with a key"
        self._limiter: InMemoryRateLimiter | None = None
        self.troubles = Troubles()

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
        keys = [self._key(question) for question in questions]
        if self._unanswered(keys) and self._is_at_hand():
            with self.record.alone():
                self._ask_missing(questions, keys)
        entries = [self.record.find(*key) for key in keys]
        if None in entries:
            kept = f"the {len(self.record)} recorded answers"
            raise InputError(f"a question to {self._rules.model} is not among {kept}: {self._lacking}")
        return [
            self._heard(question, entry)
            for question, entry in zip(questions, entries, strict=True)
            if entry is not None
        ]

    def _key(self, question: Question[Any]) -> tuple[str, int]:
        """By which a question's answer is recorded; told once for each time that it is asked."""
        request = request_hash(self._rules.model, question.instructions, question.text, question.form)
        self._seen[request] += 1
        return request, self._seen[request] - 1

    def _unanswered(self, keys: Sequence[tuple[str, int]]) -> list[int]:
        """Positions of what no reply is recorded for."""
        entries = [self.record.find(*key) for key in keys]
        return [position for position, entry in enumerate(entries) if entry is None or entry.reply is None]

    def _ask_missing(self, questions: Sequence[Question[Any]], keys: Sequence[tuple[str, int]]) -> None:
        """Put what is still unanswered, as far as breaker and budget let it; every outcome is recorded at once."""
        admitted: list[tuple[int, int]] = []
        reserved = 0
        for position in self._unanswered(keys):
            question = questions[position]
            if self._breaker.is_open:
                self._breaker.skipped()
                self.record.add(Entry(*keys[position], 0, None, "breaker_open"))
                continue
            length = len(question.instructions) + len(question.text) + len(str(question.form))
            attempts = self._budget.attempts(length, reserved, len(admitted))
            if not attempts:
                self.record.add(Entry(*keys[position], 0, None, "over_budget"))
                continue
            reserved += attempts
            admitted.append((position, attempts))
        self._budget.under_way(reserved)

        def put(one: tuple[int, int]) -> Entry:
            entry = self._put(questions[one[0]], keys[one[0]], one[1])
            self.record.add(entry)
            return entry

        for entry in _at_once(put, admitted):
            if entry.calls:
                self._breaker.heard(answered=entry.reply is not None)

    def _put(self, question: Question[Any], key: tuple[str, int], attempts: int) -> Entry:
        """Send one request, again while that may help: when a service says so, or a little later."""
        assert self._model is not None and self._limiter is not None
        calls = turned_away = 0
        reserved = attempts
        while True:
            if not self._patience.wait():
                return Entry(*key, calls, None, "throttled")
            self._limiter.acquire()
            calls += 1
            try:
                reply = converse(
                    self._model, question.instructions, question.text, question.form,
                    seconds=self._rules.timeout_seconds,
                )  # fmt: skip
                return Entry(*key, calls, reply)
            except Unusable as failure:
                self.troubles.add(failure)
                last = Entry(*key, calls, None, failure.kind)
                told, helps = failure.told_seconds, failure.retryable
            if told is not None:
                turned_away += 1
                self._patience.told(told + FIRST_WAIT_SECONDS * 2 ** (turned_away - 1))
                if turned_away > MAX_TURNED_AWAY:
                    return last
                if calls == reserved:
                    if not self._budget.one_more():
                        return last
                    reserved += 1
            elif not helps or calls - turned_away == attempts or calls == reserved:
                return last
            else:
                time.sleep(FIRST_WAIT_SECONDS * 2 ** (calls - turned_away - 1))

    def _heard(self, question: Question[SchemaT], entry: Entry) -> Heard[SchemaT]:
        """What an entry means, counted."""
        if entry.reply is None:
            kind = entry.failure or "unreachable"
            return Heard(None, Usage.fallback(kind, entry.calls), kind)
        reply = entry.reply
        try:
            value, mends = read(reply, question.schema)
        except Unusable as fault:
            self.troubles.add(Unusable(str(fault), fault.kind) if question.personal else fault)
            spent = (entry.calls, reply.input_tokens, reply.output_tokens)
            return Heard(None, Usage.fallback(fault.kind, *spent), str(fault))
        usage = Usage(entry.calls, 1, reply.input_tokens, reply.output_tokens, mended=int(bool(mends)))
        return Heard(value, usage)

    def _is_at_hand(self) -> bool:
        """Whether there is a model to ask; it is built once."""
        if self._model is not None:
            return True
        if self._build is None:
            return False
        build, self._build = self._build, None
        try:
            self._model = build()
        except InputError as error:
            self._lacking = str(error)
            return False
        from langchain_core.rate_limiters import InMemoryRateLimiter

        self._limiter = InMemoryRateLimiter(
            requests_per_second=self._rules.calls_per_minute / 60,
            check_every_n_seconds=0.01,
            max_bucket_size=self._rules.concurrent_calls,
        )
        return True


def _at_once(put: Callable[[tuple[int, int]], Entry], admitted: list[tuple[int, int]]) -> list[Entry]:
    """What became of each, asked all at once, in their order."""
    if len(admitted) <= 1:
        return list(map(put, admitted))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=len(admitted)) as pool:
        return list(pool.map(put, admitted))
