"""A second process that works ahead: rungs that later stages of a run will ask for, while this one is at its own.

A month of 200 homes is eight rungs of 4 to 30 s of one core. All that a rung is made of lies in the lake, and the same
inputs give the same bytes, so it does not matter who runs it. What the helper has not begun when this process comes to
it, or could not do, is run here: nothing hangs on it but time. Negotiations are run here always, since they tell what
is said, and may have to ask a language model.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_pipeline.lake import Lake
from vpp_pipeline.recipe import WORLD, as_read_by
from vpp_pipeline.shards.pools import workers_at

if TYPE_CHECKING:
    from vpp_core.market.inputs import Inputs
    from vpp_pipeline.stage import Stage

MIN_HOME_INTERVALS = 200_000
"""homes times quarter hours: in less a helper would hardly have started (its libraries take some 4 s of a core)"""
MAX_HOME_INTERVALS = 1_500_000
"""in more, 500 homes over a month, a second process takes much memory: 700 bytes each, beside what libraries take"""
COMMAND = (sys.executable, "-m", "vpp_pipeline.ahead")
_LENGTH_BYTES = 8
_MAX_BYTES = 2**40
_SECONDS = b"seconds"


@dataclass(frozen=True)
class Rung:
    """One strategy's run of a month; whatever is equal gives the same result."""

    lake_url: str
    raw: str
    month: str
    scenario_json: str
    """as the stage reads it"""
    tables: tuple[str, ...]
    """digests of those it starts from"""
    key: str

    @classmethod
    def of(cls, stage: Stage, asset: str, keys: Iterable[str]) -> list[Rung]:
        """Those of an asset in the run of a stage."""
        lake, month, scenario = stage.lake, stage.month, as_read_by(asset, stage.whole)
        digests = tuple(lake.digest(table, month, scenario.name) for table in WORLD)
        return [cls(str(lake.root), str(lake.raw), str(month), scenario.to_json(), digests, key) for key in keys]


@dataclass(frozen=True)
class RungResult:
    """What came of a rung: its OUTCOMES, and seconds by part."""

    table: pa.Table
    seconds: dict[str, float]

    def encoded(self) -> bytes:
        told = self.table.replace_schema_metadata(
            {**(self.table.schema.metadata or {}), _SECONDS: json.dumps(self.seconds)}
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, told.schema) as stream:
            stream.write_table(told)
        return bytes(sink.getvalue())

    @classmethod
    def decoded(cls, content: bytes) -> RungResult:
        table = pa.ipc.open_stream(content).read_all()
        metadata = dict(table.schema.metadata)
        seconds = json.loads(metadata.pop(_SECONDS))
        return cls(table.replace_schema_metadata(metadata or None), seconds)


class Helper:
    """The second process, as this one sees it: a thread hands it one rung after another."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._changed = threading.Condition()
        self._seen: set[Rung] = set()
        self._waiting: list[Rung] = []
        self._begun: dict[Rung, Future[RungResult | None]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    def offer(self, rungs: Iterable[Rung]) -> None:
        """What it may work at, in this order; what it was offered before is left alone."""
        with self._changed:
            new = [rung for rung in rungs if rung not in self._seen]
            self._seen.update(new)
            self._waiting += new
            if new and self._thread is None:
                self._thread = threading.Thread(target=self._hand_over, name="ahead", daemon=True)
                self._thread.start()
            self._changed.notify()

    def leaves(self, rung: Rung) -> bool:
        """Whether a rung is for this process to run; one that waits is taken back."""
        with self._changed:
            self._seen.add(rung)
            if rung in self._waiting:
                self._waiting.remove(rung)
            return rung not in self._begun

    def answer(self, rung: Rung) -> RungResult | None:
        """What came of a rung that was not left, once it is done; None: it could not be done there."""
        return self._begun[rung].result()

    def stop(self) -> None:
        """End the process, whatever it is at."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify()
            if self._process is not None:
                self._process.kill()
        if self._thread is not None:
            self._thread.join()

    def _next(self) -> tuple[Rung, Future[RungResult | None]] | None:
        """The next rung, once there is one; None when it is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            if self._stopped:
                return None
            rung = self._waiting.pop(0)
            self._begun[rung] = Future()
            return rung, self._begun[rung]

    def _hand_over(self) -> None:
        with suppress(OSError, EOFError, ValueError), self._started() as process:
            assert process.stdin is not None and process.stdout is not None
            while (following := self._next()) is not None:
                rung, told = following
                process.stdin.write(json.dumps(asdict(rung)).encode() + b"\n")
                process.stdin.flush()
                told.set_result(_received(process.stdout))
        with self._changed:  # it is gone: what it was at, and what waits for it, is for this process
            self._stopped = True
            self._waiting.clear()
            for told in self._begun.values():
                if not told.done():
                    told.set_result(None)

    def _started(self) -> subprocess.Popen[bytes]:
        with self._changed:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            if self._stopped:
                self._process.kill()
            return self._process


def _received(stream: IO[bytes]) -> RungResult | None:
    """An answer as it comes through the pipe; None where the helper could not do it."""
    length = int.from_bytes(stream.read(_LENGTH_BYTES).rjust(_LENGTH_BYTES, b"\xff"), "big")
    if length > _MAX_BYTES:  # it is gone, or this is no answer
        raise EOFError
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return RungResult.decoded(content) if content else None


_helper: Helper | None = None


def helper_of(stage: Stage, homes: int) -> Helper | None:
    """The helper of this process; none where there is no second core for it, or the month is too small or too large."""
    global _helper  # noqa: PLW0603 (one for all stages of a run)
    size = homes * len(stage.period)
    if workers_at(stage.on) < 2 or not MIN_HOME_INTERVALS <= size <= MAX_HOME_INTERVALS:
        return None
    _helper = _helper or Helper()
    return _helper


@contextmanager
def of_one_run() -> Iterator[None]:
    """End this process's helper, if it came to have one, when the block is over."""
    global _helper  # noqa: PLW0603
    try:
        yield
    finally:
        if _helper is not None:
            _helper.stop()
        _helper = None


def answers(stage: Stage, homes: int, keys: Sequence[str], run: Callable[[str], RungResult]) -> dict[str, RungResult]:
    """What came of a stage's strategies, in their order; `run` is how one is run here."""
    helper = helper_of(stage, homes)
    if helper is None:
        return {key: run(key) for key in keys}
    helper.offer(coming(stage))
    rungs = dict(zip(keys, Rung.of(stage, stage.asset, keys), strict=True))
    found = {key: run(key) for key in keys if helper.leaves(rungs[key])}
    for key in keys:
        if key not in found:
            found[key] = helper.answer(rungs[key]) or run(key)
    return {key: found[key] for key in keys}


def coming(stage: Stage) -> list[Rung]:
    """What a helper may do now: of the stage all rungs but the first, the last ones first, then those of other stages
    of the run that have no result yet.
    """
    from vpp_core.strategies.registry import STRATEGIES, strategies_of

    rungs = Rung.of(stage, stage.asset, _quiet(strategies_of(stage.asset, stage.whole.strategies))[:0:-1])
    for asset in sorted({strategy.asset for strategy in STRATEGIES.values()} - {stage.asset}):
        there = stage.lake.table_path(asset, stage.month, stage.scenario.name).exists()
        if stage.runs(asset) and (stage.fresh or stage.refetch or not there):
            rungs += Rung.of(stage, asset, _quiet(strategies_of(asset, stage.whole.strategies)))
    return rungs


def _quiet(keys: Iterable[str]) -> list[str]:
    """Strategies that do not negotiate."""
    from vpp_core.strategies.registry import STRATEGIES

    return [key for key in keys if not STRATEGIES[key].negotiates]


# ── the helper itself ────────────────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    """Answer the rungs that come as lines on stdin, until whoever sends them is gone."""
    import queue
    import signal

    from vpp_core.dispatch import month_bound
    from vpp_pipeline.plugins import load_strategies

    month_bound.WORKERS = 1  # the other core is the run's, which waits for nothing here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the run, which then ends this
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is no answer
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    load_strategies()
    while True:
        rung = json.loads(lines.get())
        try:
            content = _run(Rung(**rung | {"tables": tuple(rung["tables"])})).encoded()
        except Exception:  # the run comes to the same by itself, and says it
            content = b""
        answers.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
        answers.flush()


def _run(rung: Rung) -> RungResult:
    from vpp_core.simulation import outcomes_to_arrow, settled

    inputs = _inputs(rung.lake_url, rung.raw, rung.month, rung.scenario_json, rung.tables)
    (result,) = settled(inputs, [rung.key])
    return RungResult(outcomes_to_arrow([result]), result.timings)


@functools.lru_cache(maxsize=1)
def _inputs(lake_url: str, raw: str, month: str, scenario_json: str, digests: tuple[str, ...]) -> Inputs:
    """All that the rungs of a stage start from; another run must not have replaced it."""
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.market.inputs import Inputs

    lake, scenario = Lake.at(lake_url, Path(raw)), Scenario.from_json(scenario_json)
    tables = {name: lake.read(name, month, scenario.name) for name in WORLD}
    if tuple(tables[name].digest for name in WORLD) != digests:
        raise RuntimeError("the tables were replaced")
    frames = {name: file.table.to_pandas() for name, file in tables.items() if name != "prosumer_fleet"}
    return Inputs.build(
        scenario,
        Month.parse(month),
        frames["market_prices"],
        frames["price_forecast"],
        frames["solar_generation"],
        frames["load_profiles"],
        fleet_from_arrow(tables["prosumer_fleet"].table),
    )


if __name__ == "__main__":
    main()
