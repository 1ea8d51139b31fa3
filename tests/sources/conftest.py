"""Fixtures: a lake's raw folder, a way to drop files into it, a server, and a machine without network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.sources.stand_in import NOW, FakeServices, zipped
from vpp_core.sources.network import Services, reachability


@pytest.fixture
def server() -> Iterator[FakeServices]:
    reachability.forget()
    fake = FakeServices()
    thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield fake
    fake.shutdown()
    fake.server_close()
    reachability.forget()


@pytest.fixture
def offline() -> Services:
    """A machine without network: nothing listens there."""
    reachability.forget()
    nowhere = "http://127.0.0.1:9"
    return Services(
        oasis_url=f"{nowhere}/oasis",
        hosted_url=f"{nowhere}/hosted",
        pvwatts_url=f"{nowhere}/pvwatts",
        pause_seconds=0.01,
        now=lambda: NOW,
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "raw" / "oasis").mkdir(parents=True)
    return tmp_path / "raw"


@pytest.fixture
def drop(raw: Path) -> Callable[..., Path]:
    """Put a report into raw/oasis as a person would, zipped or not."""

    def put(report: pd.DataFrame | bytes, name: str) -> Path:
        path = raw / "oasis" / name
        if isinstance(report, bytes):
            path.write_bytes(report)
        elif name.endswith(".zip"):
            path.write_bytes(zipped(name.replace(".zip", ".csv"), report.to_csv(index=False)))
        else:
            report.to_csv(path, index=False)
        return path

    return put
