"""Dagster's instance on PostgreSQL: the block of docs/team.md, on a server of this test's own.

    apt-get install postgresql; pip install -e ".[postgres]"
    .venv/bin/python -m pytest tests/faults/test_postgres.py

Out of the default run: neither the server nor dagster-postgres is in the lock.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

pytest.importorskip("dagster_postgres")
psycopg2 = pytest.importorskip("psycopg2")

SERVER = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
PAGE = Path(__file__).parents[2] / "docs" / "team.md"
TINY = ["--homes", "6", "--first-days", "1", "--minimum-bid-mw", "0", "--source", "synthetic"]

pytestmark = pytest.mark.skipif(SERVER is None, reason="needs a PostgreSQL server")


@dataclass(frozen=True)
class Instance:
    """A server and the environment of processes that use it."""

    port: int
    environment: dict[str, str]

    def query(self, statement: str) -> list[tuple]:
        with psycopg2.connect(host="127.0.0.1", port=self.port, user="vpp", password="secret", dbname="vpp") as db:
            cursor = db.cursor()
            cursor.execute(statement)
            return cursor.fetchall()

    def run(self, month: str, **changed: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vpp_pipeline.cli", "run", "--month", month, *TINY],
            env=self.environment | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """A fresh server with a database, and a Dagster home with the page's dagster.yaml."""
    assert SERVER is not None
    data = tmp_path / "server"
    data.mkdir()
    user = {"user": "postgres"} if os.geteuid() == 0 else {}  # the server refuses to run as root
    if user:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        shutil.chown(data, "postgres")
    password = tmp_path / "password"
    password.write_text("secret")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    initialise = [SERVER / "initdb", "-D", data, "-U", "vpp", "--pwfile", password, "-A", "scram-sha-256"]
    subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, cwd=data, **user)
    control = [SERVER / "pg_ctl", "-D", data, "-w", "-l", data / "log"]
    subprocess.run([*control, "-o", f"-p {port} -k {data}", "start"], check=True, cwd=data, **user)
    environment = {
        **os.environ,
        **{"PGUSER": "vpp", "PGPASSWORD": "secret", "PGHOST": "127.0.0.1", "PGDATABASE": "vpp"},
        **{"DAGSTER_HOME": str(tmp_path / "home"), "VPP_LAKE": str(tmp_path / "lake")},
    }
    try:
        create = [SERVER / "createdb", "-p", str(port), "vpp"]
        subprocess.run(create, check=True, env=environment)
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "dagster.yaml").write_text(yaml.safe_dump(settings_of_the_page(port)))
        yield Instance(port, environment)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=data, **user)


def settings_of_the_page(port: int) -> dict:
    """The first YAML block of docs/team.md, with the port of this server."""
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block is not None
    settings: dict = yaml.safe_load(block[1])
    settings["storage"]["postgres"]["postgres_db"]["port"] = port
    return settings


def test_two_months_run_at_once_and_their_runs_and_events_are_in_postgresql(instance: Instance) -> None:
    first, second = instance.run("2023-08"), instance.run("2023-11")
    said = [process.communicate()[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert instance.query("SELECT status, count(*) FROM runs GROUP BY status") == [("SUCCESS", 2)]
    assert (
        0 < instance.query("SELECT max(n) FROM (SELECT count(*) AS n FROM event_logs GROUP BY run_id) x")[0][0] <= 300
    )
    assert not list(Path(instance.environment["DAGSTER_HOME"]).rglob("*.db"))


def test_a_server_or_a_variable_that_is_missing_is_said_in_one_sentence(instance: Instance) -> None:
    lacking = {name: value for name, value in instance.environment.items() if name != "PGPASSWORD"}
    for environment, said in (
        (lacking, "the environment variables PGPASSWORD are not set"),
        (instance.environment | {"PGHOST": "127.0.0.2"}, "too many retries for DB connection"),
    ):
        process = Instance(instance.port, environment).run("2023-08")
        lines = process.communicate()[0].strip().splitlines()
        assert process.returncode == 2
        assert lines[-1].startswith("vpp: Dagster's instance in")
        assert said in lines[-1]
