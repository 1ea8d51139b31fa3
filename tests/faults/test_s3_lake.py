"""The whole graph with its lake on an object store: a local S3 server.

    pip install "moto[server]" s3fs
    .venv/bin/python -m pytest tests/faults/test_s3_lake.py

Out of the default run: the packages are not in the lock.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

moto = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")

RUN = ["run", "--month", "2023-08", "--homes", "6", "--first-days", "1", "--minimum-bid-mw", "0"]
RUN += ["--source", "synthetic"]


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    """Environment of a process that finds a fresh bucket on a server of this machine."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    store = s3fs.S3FileSystem(key="key", secret="secret", client_kwargs={"endpoint_url": keys["AWS_ENDPOINT_URL"]})
    store.mkdir("lake")
    yield {**os.environ, **keys, "VPP_LAKE": "s3://lake/benchmark"}
    server.stop()


def vpp(environment: dict[str, str], home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**environment, "DAGSTER_HOME": str(home), "VPP_RAW": str(home / "raw")}
    command = [sys.executable, "-m", "vpp_pipeline.cli", *RUN]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def files(environment: dict[str, str]) -> dict[str, bytes]:
    store = s3fs.S3FileSystem(
        key="key",
        secret="secret",
        client_kwargs={"endpoint_url": environment["AWS_ENDPOINT_URL"]},
        use_listings_cache=False,
    )
    return {path: store.cat_file(path) for path in store.find("lake/benchmark")}


def test_a_month_runs_into_a_bucket_and_a_second_run_leaves_the_same_objects(
    bucket: dict[str, str], tmp_path: Path
) -> None:
    first = vpp(bucket, tmp_path / "home")
    assert first.returncode == 0, first.stderr
    before = files(bucket)
    tables = [path for path in before if path.endswith(".parquet")]
    assert len(tables) == 13
    database = tmp_path / "reports.duckdb"
    database.write_bytes(before["lake/benchmark/reports.duckdb"])
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM kpi_monthly").fetchall() == [(6,)]
    assert vpp(bucket, tmp_path / "home").returncode == 0
    after = files(bucket)
    assert {path: after[path] for path in before if not path.endswith(".duckdb")} == {
        path: content for path, content in before.items() if not path.endswith(".duckdb")
    }
