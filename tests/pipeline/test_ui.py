"""The UI: whoever knows its path and comes from its own pages is served, nobody else, and where it writes is fixed."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
import websockets

from vpp_core.errors import InputError
from vpp_pipeline.assets.spec import IO_MANAGER
from vpp_pipeline.cli.app import execute
from vpp_pipeline.definitions import build_defs
from vpp_pipeline.lake import Lake
from vpp_pipeline.ui.guard import Guard
from vpp_pipeline.ui.lake_pages import LakePages
from vpp_pipeline.ui.server import listening_socket, names_of, secret_prefix

ROOT = Path(__file__).parents[2]
LAUNCH = """mutation($config: RunConfigData) { launchRun(executionParams: {
  selector: {repositoryLocationName: "vpp_pipeline", repositoryName: "__repository__", jobName: "benchmark"},
  runConfigData: $config, executionMetadata: {tags: [{key: "dagster/partition", value: "2023-08|reference"}]}
}) { __typename } }"""


@dataclass(frozen=True)
class Served:
    """A running `vpp ui`."""

    port: int
    path: str
    printed: str
    process: int

    def ask(self, method: str = "GET", path: str = "", body: object = None, **headers: str) -> tuple[int, str]:
        """Status and text of one request; the Host header is the server's own unless given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, f"{self.path}{path}", content, kind | headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")

    def graphql(self, query: str, variables: object = None, **headers: str) -> tuple[int, str]:
        return self.ask("POST", "/graphql", {"query": query, "variables": variables}, **headers)

    @property
    def own(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(folder: Path, *, without_fault: bool = True) -> Iterator[tuple[Served, subprocess.Popen[bytes]]]:
    """`vpp ui` as a person starts it, once its pages are there; at its end it must have told of no fault."""
    port, said = free_port(), folder / "said"
    places = {"VPP_LAKE": str(folder / "lake"), "DAGSTER_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "vpp_pipeline.cli", "ui", "--port", str(port)]
    with (
        said.open("w") as file,
        subprocess.Popen(command, env=os.environ | places, stdout=file, stderr=file, start_new_session=True) as process,
    ):
        try:
            deadline = time.monotonic() + 120
            while not (folder / "home" / "ui-path").exists():
                assert process.poll() is None and time.monotonic() < deadline, said.read_text()
                time.sleep(0.1)
            running = Served(port, f"/{(folder / 'home' / 'ui-path').read_text()}", "", process.pid)
            while running.ask("GET", "/server_info")[0] != 200:
                assert process.poll() is None and time.monotonic() < deadline
            yield replace(running, printed=said.read_text()), process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            code = process.wait(60)
    assert code in (0, -signal.SIGKILL), said.read_text()
    assert not without_fault or "Traceback" not in said.read_text()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running `vpp ui`, ended as a person ends it."""
    with started(tmp_path_factory.mktemp("ui")) as (running, process):
        yield running
        assert process.poll() is None


def test_the_address_that_is_printed_opens_the_page_and_its_own_requests_are_answered(served: Served) -> None:
    assert f"open {served.own}{served.path}/ " in served.printed
    status, page = served.ask("GET", "/", Host=f"127.0.0.1:{served.port}")
    assert status == 200 and "<html" in page
    for origin in ({}, {"Origin": served.own}):
        status, answer = served.graphql("{workspaceOrError {... on Workspace {locationEntries {name}}}}", **origin)
        assert status == 200 and "vpp_pipeline" in answer


LOCATIONS = "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {__typename}}}}}"
DAEMONS = "{instance {daemonHealth {allDaemonStatuses {daemonType required healthy}}}}"
RELOAD = """mutation { reloadRepositoryLocation(repositoryLocationName: "vpp_pipeline") {
  ... on WorkspaceLocationEntry { locationOrLoadError { __typename } } } }"""
PROCESSES = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked for in /proc")


def children(of: int, command: bytes) -> list[int]:
    """Living processes of a command that another started, by the parent that /proc names behind each command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == of and state != "Z" and command in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def code_servers(of: int) -> list[int]:
    return children(of, b"code-server")


def until(true: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@PROCESSES
def test_the_daemon_lives_in_the_same_process_and_one_code_server_serves_both(served: Served) -> None:
    def all_healthy() -> bool:
        told = json.loads(served.graphql(DAEMONS)[1])["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
        needed = {status["daemonType"]: status["healthy"] for status in told if status["required"]}
        return {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"} <= set(needed) and all(needed.values())

    until(all_healthy)
    (server,) = code_servers(served.process)
    assert len(children(server, b"grpc")) == 1
    assert not children(served.process, b"dagster._daemon")


@PROCESSES
@pytest.mark.slow
def test_a_code_server_that_is_killed_is_started_anew_and_reload_gives_a_new_one_to_page_and_daemon(
    tmp_path: Path,
) -> None:
    def loaded() -> bool:
        return "RepositoryLocation" in running.graphql(LOCATIONS)[1]

    with started(tmp_path, without_fault=False) as (running, _):
        until(loaded)
        (first,) = code_servers(running.process)
        os.kill(first, signal.SIGKILL)
        until(lambda: set(code_servers(running.process)) - {first})
        (second,) = code_servers(running.process)
        until(lambda: children(second, b"grpc") and loaded())
        (code,) = children(second, b"grpc")

        def reloaded() -> bool:
            done = "RepositoryLocation" in running.graphql(RELOAD, Origin=running.own)[1]
            return done and children(second, b"grpc") not in ([], [code])

        until(reloaded)
    assert "Restarting the code server process" in (tmp_path / "said").read_text()


@PROCESSES
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_code_server_outlives_the_ui_for_long(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path) as (running, process):
        (server,) = code_servers(running.process)
        process.send_signal(number)
        assert process.wait(60) == (0 if number == signal.SIGTERM else -number)
        until(lambda: not Path(f"/proc/{server}").exists())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": "evil.example:3000", "Origin": "http://evil.example:3000"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
    ],
    ids=str,
)
def test_a_request_from_another_site_or_under_another_name_launches_nothing(
    served: Served, headers: dict[str, str]
) -> None:
    status, said = served.graphql(LAUNCH, {"config": {}}, **headers)
    assert status == 403
    assert "launchRun" not in said


def test_a_mutation_by_get_is_refused_whoever_sends_it(served: Served) -> None:
    status, said = served.ask("GET", "/graphql?query=mutation%7BsetNuxSeen%7D", Accept="application/json")
    assert (status, said) == (405, "GraphQL is taken by POST\n")


@pytest.mark.parametrize("path", ["/", "/runs", "/graphql", "/server_info", "/wrong-wrong-wrong-wrong/graphql"])
def test_without_the_secret_path_there_is_nothing_and_it_is_not_told(served: Served, path: str) -> None:
    outside = replace(served, path="")
    for method in ("GET", "POST"):
        status, said = outside.ask(method, path)
        assert status == 404
        assert served.path.strip("/") not in said


def test_a_websocket_of_another_site_is_refused_and_the_page_s_own_is_taken(served: Served) -> None:
    async def first_word(origin: str) -> str:
        address = f"ws://127.0.0.1:{served.port}{served.path}/graphql"
        async with websockets.connect(address, origin=origin, subprotocols=["graphql-ws"]) as connection:
            await connection.send(json.dumps({"type": "connection_init"}))
            return str(await connection.recv())

    assert "connection_ack" in asyncio.run(first_word(served.own))
    with pytest.raises(websockets.InvalidStatus, match="403"):
        asyncio.run(first_word("http://evil.example"))


def test_a_run_launched_from_the_page_cannot_say_where_it_writes(served: Served, tmp_path: Path) -> None:
    elsewhere = {"resources": {"lake": {"config": {"url": str(tmp_path / "elsewhere")}}}}
    status, answer = served.graphql(LAUNCH, {"config": elsewhere}, Origin=served.own)
    assert status == 200
    assert json.loads(answer)["data"]["launchRun"]["__typename"] == "RunConfigValidationInvalid"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "resources",
    [
        {"lake": {"config": {"url": "elsewhere"}}},
        {"lake": {"config": {"raw": "elsewhere"}}},
        {IO_MANAGER: {"config": {"lake": {"url": "elsewhere"}}}},
    ],
    ids=str,
)
def test_no_configuration_of_a_run_names_a_lake_or_a_folder(resources: dict[str, object]) -> None:
    job = build_defs().resolve_job_def("benchmark")
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, {"resources": resources})


def status_of(guard: Guard, **scope: object) -> int:
    """What a guard answers a request; 200 where it hands it on."""
    sent: list[int] = []

    async def send(message: object) -> None:
        sent.append(message.get("status", 0))  # type: ignore[attr-defined]

    asyncio.run(guard({"type": "http", "method": "GET", "query_string": b"", **scope}, None, send))  # type: ignore[arg-type]
    return sent[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/secret/assets/lake/reports/reference/2023-08/simulation_report.html", 200),
        ("/secret/lake/plots/plotly.min.js", 200),
        ("/secret/runs/lake/reports/reference/2023-08/other.html", 404),
        ("/secret/assets/lake/reports/../../secret.json", 404),
        ("/secret/assets/lake/reports/reference/2023-08/secret.exe", 404),
        ("/secret/assets/lake/tables/kpi_monthly.parquet", 299),
        ("/secret/assets/benchmark_report", 299),
    ],
)
def test_a_report_s_link_is_answered_below_any_page_as_a_sandbox_and_nothing_else_of_the_lake(
    tmp_path: Path, path: str, status: int
) -> None:
    for name in ("reports/reference/2023-08/simulation_report.html", "plots/plotly.min.js", "secret.json"):
        (tmp_path / "lake" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lake" / name).write_text("content")
    (tmp_path / "lake/reports/reference/2023-08/secret.exe").write_text("content")
    sent: list[dict[str, object]] = []

    async def dagster_s(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 299})  # type: ignore[operator]

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    pages = LakePages(dagster_s, Lake.at(tmp_path / "lake"))
    asyncio.run(pages({"type": "http", "method": "GET", "path": path}, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == status
    if status == 200:
        assert sent[1]["body"] == b"content"
        assert (b"content-security-policy", b"sandbox allow-scripts allow-popups") in sent[0]["headers"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("listens", "further", "host", "passes"),
    [
        ("127.0.0.1", [], "127.0.0.1:3000", True),
        ("127.0.0.1", [], "localhost:8080", True),
        ("127.0.0.1", [], "LOCALHOST", True),
        ("127.0.0.1", [], "[::1]:3000", True),
        ("127.0.0.1", [], "10.0.0.7:3000", False),
        ("127.0.0.1", [], "localhost.evil.example", False),
        ("127.0.0.1", [], "evil.example", False),
        ("127.0.0.1", [], "user@evil.example", False),
        ("127.0.0.1", [], "[::1", False),
        ("0.0.0.0", [], "10.0.0.7:3000", True),
        ("0.0.0.0", [], "evil.example", False),
        ("127.0.0.1", ["vpp.example.org"], "vpp.example.org", True),
        ("127.0.0.1", ["vpp.example.org"], "other.example.org", False),
    ],
)
def test_a_host_is_this_server_by_its_name_or_the_address_that_was_called(
    listens: str, further: list[str], host: str, passes: bool
) -> None:
    async def inner(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200})  # type: ignore[operator]

    guard = Guard(inner, "/secret", names_of(listens, further))
    called = "10.0.0.7" if listens == "0.0.0.0" else listens
    headers = [(b"host", host.encode())]
    answered = status_of(guard, path="/secret/runs", headers=headers, server=(called, 3000))
    assert answered == (200 if passes else 403)
    assert status_of(guard, path="/secret/runs", headers=headers * 2, server=(called, 3000)) == 403


def test_the_secret_path_lasts_is_its_owner_s_alone_and_is_drawn_anew_where_it_was_spoilt(tmp_path: Path) -> None:
    first = secret_prefix(tmp_path)
    assert secret_prefix(tmp_path) == first
    assert len(first) > 20
    kept = tmp_path / "ui-path"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for spoilt in (b"", b"../..", b"\xff" * 20):
        kept.write_bytes(spoilt)
        assert secret_prefix(tmp_path) not in (first, f"/{spoilt!r}")


def test_a_port_in_use_is_said_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    with listening_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert execute(["ui", "--port", str(port)]) == 2
    assert f"port {port} of 127.0.0.1 is in use" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "", "999.1.1.1", "x" * 300, "203.0.113.9"])
def test_an_address_that_is_not_this_machine_s_is_refused_in_a_sentence(host: str) -> None:
    with pytest.raises(InputError, match="cannot be listened at"):
        listening_socket(host, 0)
