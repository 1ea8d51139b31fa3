"""Answers on a disk: one by one, under a lock, so that kills, full disks and two runs at once cost and pay nothing."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.llm.gemini_server import GeminiServer, Reply, refused, said, serving
from tests.llm.test_gateway import GOOD, environment, question, rules  # noqa: F401
from vpp_core.errors import InputError
from vpp_core.llm import chat_model
from vpp_core.llm.gateway import Gateway
from vpp_core.llm.record import Record
from vpp_pipeline.lake.answers import Appended, WrittenWhole

ONE = rules(attempts=1, concurrent_calls=1)


def gateway(keeper: Appended | WrittenWhole, server: GeminiServer) -> Gateway:
    record = Record(keeper.entries(), keeper)
    return Gateway(ONE, record, lambda: chat_model(ONE.model, timeout_seconds=5, base_url=server.base_url))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_answer_is_on_the_disk_before_the_next_question_is_put(tmp_path: Path) -> None:
    path, seen = tmp_path / "m.jsonl", []

    def answer(n: int, body: dict[str, Any]) -> Reply:
        seen.append(len(lines(path)) if path.exists() else 0)
        return said(GOOD)

    with serving(answer) as server:
        gate = gateway(Appended(path), server)
        for k in range(4):
            gate.ask(question(str(k)))
    assert seen == [0, 1, 2, 3]


ASKING = """
import os, sys
from pathlib import Path
import langchain_google_genai
from tests.pipeline.test_llm_answers import Appended, ONE, Gateway, Record, chat_model, question
path, url, questions, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
other = os.fork() if runs == 2 else None  # what takes seconds to import is imported once
keeper = Appended(path)
gate = Gateway(ONE, Record(keeper.entries(), keeper), lambda: chat_model(ONE.model, timeout_seconds=5, base_url=url))
print([gate.ask(question(str(k))).value.number for k in range(questions)], flush=True)
if other:
    assert os.waitpid(other, 0)[1] == 0
"""


def start(path: Path, server: GeminiServer, questions: int, runs: int = 1) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ASKING, str(path), server.base_url, str(questions), str(runs)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )


def test_a_kill_loses_at_most_the_answer_under_way(tmp_path: Path) -> None:
    path, reached = tmp_path / "m.jsonl", threading.Event()

    def answer(n: int, body: dict[str, Any]) -> Reply:
        if n == 7:
            reached.set()
            time.sleep(1)
        return said(GOOD)

    with serving(answer) as server:
        process = start(path, server, 20)
        assert reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(lines(path)) == 7
        gate = gateway(Appended(path), server)
        assert all(gate.ask(question(str(k))).value for k in range(10))
    assert len(server.requests) == 8 + 3, "the seven are not paid again"


def test_two_runs_at_once_pay_once(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"

    def answer(n: int, body: dict[str, Any]) -> Reply:
        time.sleep(0.05)
        return said(json.dumps({"number": n}))

    with serving(answer) as server:
        both = start(path, server, 25, runs=2)
        one, other = both.communicate(timeout=120)[0].splitlines()
    assert both.returncode == 0 and one == other
    assert len(server.requests) == len(lines(path)) == 25


def test_a_line_that_a_kill_cut_off_is_left_out_and_its_question_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with serving(lambda n, body: said(GOOD)) as server:
        gate = gateway(Appended(path), server)
        for k in range(3):
            gate.ask(question(str(k)))
        whole = path.read_bytes()
        path.write_bytes(whole[:-40])
        gate = gateway(Appended(path), server)
        assert all(gate.ask(question(str(k))).value for k in range(3))
    assert len(server.requests) == 4
    assert path.read_bytes() == whole


def test_a_damaged_line_is_named_with_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with serving(lambda n, body: said(GOOD)) as server:
        gate = gateway(Appended(path), server)
        for k in range(3):
            gate.ask(question(str(k)))
    path.write_text(path.read_text().replace('"input_tokens": 700', '"input_tokens": null', 1))
    with pytest.raises(InputError, match=r"m\.jsonl, line 1, is not an answer.*remove the line"):
        Appended(path).entries()


def test_asking_all_anew_keeps_the_old_answers_until_a_new_one_is_heard(tmp_path: Path) -> None:
    path, dead = tmp_path / "m.jsonl", [False]

    def answer(n: int, body: dict[str, Any]) -> Reply:
        return refused(503, "UNAVAILABLE") if dead[0] else said(json.dumps({"number": n}))

    with serving(answer) as server:
        gateway(Appended(path), server).ask(question("0"))
        before = path.read_bytes()
        dead[0] = True
        gateway(Appended(path, anew=True), server).ask(question("0"))
        assert path.read_bytes() == before
        dead[0] = False
        gate = gateway(Appended(path, anew=True), server)
        gate.ask(question("0"))
        gate.ask(question("1"))
    assert len(lines(path)) == 2 and lines(path)[0]["reply"]["text"] == '{"number": 2}'


def test_silence_alone_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with serving(lambda n, body: refused(503, "UNAVAILABLE")) as server:
        gateway(Appended(path), server).ask(question())
    assert not path.exists()


def test_a_full_disk_is_one_sentence_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.jsonl"
    with serving(lambda n, body: said(GOOD)) as server:
        gate = gateway(Appended(path), server)
        gate.ask(question("0"))
        before = path.read_bytes()

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="the disk is full"):
            gate.ask(question("1"))
    assert path.read_bytes() == before


def test_in_a_bucket_what_was_heard_is_written_at_the_end_whatever_ended_the_run() -> None:
    from upath import UPath

    path = UPath("memory://answers/m.jsonl")
    with serving(lambda n, body: said(GOOD)) as server:
        keeper = WrittenWhole(path)
        gate = gateway(keeper, server)
        for k in range(3):
            gate.ask(question(str(k)))
        keeper.close()
        gate = gateway(WrittenWhole(path), server)
        assert all(gate.ask(question(str(k))).value for k in range(3))
    assert len(server.requests) == 3
