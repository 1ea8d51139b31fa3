"""What every live service has to expect: keys stay with it, waits are kept, and nobody holds a call for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.stand_in import NODE, FakeServices
from vpp_core.calendar import Month
from vpp_core.errors import InputError, UnavailableError
from vpp_core.sources import hosted, network, oasis_live, pvwatts
from vpp_core.sources.network import get

AUGUST = Month.parse("2026-08")
KEYS = {"hosted_key": "right-key", "pvwatts_key": "sun-key"}


@pytest.fixture
def other() -> Iterator[FakeServices]:
    """Another host, which nobody meant to ask."""
    fake = FakeServices()
    threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield fake
    fake.shutdown()
    fake.server_close()


def ask_each(raw: Path, server: FakeServices, service: str) -> str:
    """Ask one service through its own client; what it said of its failure."""
    services = server.services(**KEYS)
    if service == "pvwatts":
        with pytest.raises(InputError) as failed:
            pvwatts.typical_month(raw, AUGUST, services)
        return str(failed.value)
    fetch = hosted.fetch if service == "hosted" else oasis_live.fetch
    try:
        _, faults = fetch(raw, NODE, AUGUST, ["lmp"], services)
    except InputError as error:
        return str(error)
    assert len(faults) == 1
    return str(faults[0])


@pytest.mark.parametrize("service", ["oasis", "hosted", "pvwatts"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_service_s_redirect_leads_to_another_host(
    service: str, status: int, raw: Path, server: FakeServices, other: FakeServices
) -> None:
    server.script = [(status, b"", {"Location": f"{other.url}/stolen"})]
    said = ask_each(raw, server, service)
    assert not other.requests and len(server.requests) == 1
    assert "another host (127.0.0.1)" in said


def test_a_redirect_within_the_host_is_followed_with_the_key(server: FakeServices) -> None:
    server.script = [(302, b"", {"Location": "/elsewhere"}), (200, b"here")]
    answer = get(f"{server.url}/a", server.services(), what="It", params={"q": "1"}, headers={"X-Api-Key": "k"})
    assert answer.content == b"here"
    assert [(r["path"], r["key"]) for r in server.requests] == [("/a", "k"), ("/elsewhere", "k")]


def test_a_redirect_in_a_circle_ends(server: FakeServices) -> None:
    server.script = [(302, b"", {"Location": "/a"})] * 50
    with pytest.raises(UnavailableError, match="redirected more than 5 times"):
        get(f"{server.url}/a", server.services(), what="It")


@pytest.mark.parametrize("service", ["hosted", "pvwatts"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422])
def test_a_key_that_a_service_echoes_is_in_no_message_and_in_no_file(
    service: str, status: int, raw: Path, server: FakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    key = KEYS[f"{service}_key"]
    echo = f'{{"errors": ["the key {key} is odd"], "error": {{"code": "{key}"}}, "data": ["{key}"]}}'.encode()
    server.script = [(status, echo)]
    with caplog.at_level("DEBUG"):
        said = ask_each(raw, server, service)
    assert key not in said and key not in caplog.text
    assert not [path for path in raw.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_a_service_is_asked_again_when_it_says_so_and_not_sooner(server: FakeServices) -> None:
    server.script = [(429, b"", {"Retry-After": "0.3"}), (200, b"now")]
    began = time.monotonic()
    assert get(server.url, server.services(), what="It").content == b"now"
    assert time.monotonic() - began >= 0.3


def test_a_service_that_wants_to_be_asked_in_hours_is_not_waited_for(server: FakeServices) -> None:
    server.script = [(503, b"", {"Retry-After": "7200"})]
    with pytest.raises(UnavailableError, match="come back in 120 min"):
        get(server.url, server.services(), what="It")
    assert len(server.requests) == 1


def test_a_dripping_service_holds_no_call_beyond_its_limit(server: FakeServices) -> None:
    server.script = ["drip"]
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="after 1 attempts"):
        get(server.url, server.services(attempts=1, whole_call_seconds=0.5), what="It")
    assert time.monotonic() - began < 3


def test_an_answer_of_no_end_is_not_read_to_it(server: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LARGEST_ANSWER_BYTES", 1000)
    server.script = [(200, b"x" * 200_000)]
    with pytest.raises(UnavailableError, match="after 1 attempts"):
        get(server.url, server.services(attempts=1), what="It")
