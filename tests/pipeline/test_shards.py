"""Aggregations run in this process or in others: the same result, also where a worker dies on the way."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.errors import InputError
from vpp_core.fleet.arrow import fleet_from_arrow, fleet_to_arrow
from vpp_core.tables import CONTRACTS
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.table_file import encode
from vpp_pipeline.shards.fleet import run_fleet
from vpp_pipeline.shards.pools import checked_place
from vpp_pipeline.shards.work import TABLES, Work, stored_shard

LOG = logging.getLogger(__name__)
IDS = (0, 1, 2)
DEADLY = '''
import os
from pathlib import Path
from vpp_core.strategies.registry import register
from vpp_core.strategies.smart_home import SmartHome


@register
class DiesOnce(SmartHome):
    """Takes its process along the first time it is asked."""

    key = "dies_once"
    title = "Dies once"
    description = "For tests."

    def permission(self, inputs):
        marker = Path(os.environ["VPP_TEST_MARKER"])
        if not marker.exists():
            marker.write_text("died")
            os._exit(9)
        return super().permission(inputs)
'''


@pytest.fixture
def work(finished: Ran, tmp_path: Path) -> Work:
    """The finished lake's tables, with its homes in three aggregations."""
    return made(finished, tmp_path / "lake")


@pytest.fixture(scope="module")
def whole(finished: Ran, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """What that work comes to in this process, nothing having gone wrong."""
    found, _ = run_fleet(made(finished, tmp_path_factory.mktemp("whole") / "lake"), IDS, "here", nobody, LOG)
    return found


def made(finished: Ran, folder: Path) -> Work:
    lake = Lake.at(folder)
    lake.freeze(TINY)
    for name in (*TABLES, "load_profiles"):
        lake.write(name, MONTH, TINY.name, finished.lake.read(name, MONTH, TINY.name))
    fleet = fleet_from_arrow(finished.lake.read("prosumer_fleet", MONTH, TINY.name).table)
    parted = replace(fleet, aggregation_id=(np.arange(len(fleet)) % len(IDS)).astype(np.int32))
    lake.write(
        "prosumer_fleet", MONTH, TINY.name, encode(fleet_to_arrow(parted), CONTRACTS["prosumer_fleet"], "parted")
    )
    return Work(
        lake_url=str(folder),
        raw=str(folder / "raw"),
        month=MONTH,
        scenario_json=TINY.to_json(),
        keys=("no_vpp", "smart_home"),
        recipe="a recipe",
        folder="window_results-a-recipe",
    )


def nobody(done: int, of: int) -> None:
    """Listens to no progress."""


def test_what_is_done_is_not_run_again_and_what_is_damaged_is(work: Work, whole: pa.Table) -> None:
    told: list[int] = []
    first, _ = run_fleet(work, IDS, "here", lambda done, of: told.append(done), LOG)
    assert told == [1, 2, 3] and first.equals(whole)
    again, seconds = run_fleet(work, IDS, "here", lambda done, of: told.append(done), LOG)
    assert told == [1, 2, 3] and not seconds and again.equals(whole)
    path = Path(str(work.path(1)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    healed, _ = run_fleet(work, IDS, "here", lambda done, of: told.append(done), LOG)
    assert told == [1, 2, 3, 3] and healed.equals(whole)
    assert stored_shard(replace(work, recipe="another"), 0) is None
    run_fleet(work, IDS, "here", lambda done, of: told.append(done), LOG, anew=True)
    assert told == [1, 2, 3, 3, 1, 2, 3]


@pytest.mark.parametrize("place", ["processes:1", pytest.param("ray", marks=pytest.mark.slow)])
def test_a_worker_that_dies_is_replaced_and_the_result_is_the_same(
    work: Work, whole: pa.Table, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "ray":
        pytest.importorskip("ray")
    plugin = tmp_path / "deadly.py"
    plugin.write_text(DEADLY)
    monkeypatch.setenv("VPP_STRATEGIES", str(plugin))
    monkeypatch.setenv("VPP_TEST_MARKER", str(tmp_path / "marker"))
    deadly = replace(work, keys=("no_vpp", "dies_once"), folder="deadly")
    found, _ = run_fleet(deadly, IDS, place, nobody, LOG)
    assert (tmp_path / "marker").exists()
    assert found.filter(np.asarray(found["strategy"]) == "no_vpp").equals(
        whole.filter(np.asarray(whole["strategy"]) == "no_vpp")
    )
    columns = ["local_day", "surplus_usd"]
    assert found.select(columns).equals(whole.select(columns)), "the strategy is smart_home under another name"


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_of_a_run_that_was_killed_end_as_well(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\n"
        "from vpp_pipeline.shards.pools import pool_at\n"
        "if __name__ == '__main__':\n"
        "    with pool_at('processes:2', 2) as pool:\n"
        "        print(*{pool.submit(os.getpid).result() for _ in range(2)}, flush=True)\n"
        "        pool.submit(time.sleep, 600).result()\n"
    )
    file = tmp_path / "driver.py"
    file.write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stdout is not None
        workers = [int(number) for number in run.stdout.readline().split()]
        assert workers
        run.kill()
    until = time.monotonic() + 30
    while any(map(is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [number for number in workers if is_alive(number)]


def test_two_drivers_of_one_fleet_come_to_the_same(work: Work, whole: pa.Table) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run_fleet(work, IDS, "here", nobody, LOG)[0], range(2)))
    assert all(found.equals(whole) for found in both)


def test_a_disk_without_room_is_one_sentence_and_with_room_the_run_goes_on(work: Work, whole: pa.Table) -> None:
    """A limit on the size of files stands for the full disk."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(
            InputError, match=r"000000\d.parquet could not be written \(.*\); nothing there was changed"
        ):
            run_fleet(work, IDS, "here", nobody, LOG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    folder = Path(str(work.path(0))).parent
    assert not list(folder.glob(".*")), "nothing half-written is left"
    again, _ = run_fleet(work, IDS, "here", nobody, LOG)
    assert again.equals(whole)


@pytest.mark.parametrize("place", ["", "elsewhere", "processes:0", "processes:x", "ray://nowhere", "http://x:1"])
def test_what_is_no_place_to_run_is_refused_with_those_there_are(place: str) -> None:
    with pytest.raises(InputError, match=r"is no place to run shards .*; give here, processes"):
        checked_place(place)


def test_a_cluster_that_is_not_there_is_one_sentence(work: Work) -> None:
    with pytest.raises(
        InputError, match=r"needs the package ray|127.0.0.1:1 cannot be used \(.*refused.*check the address"
    ):
        run_fleet(work, IDS, "ray://127.0.0.1:1", nobody, LOG)


def test_what_a_task_on_ray_raises_is_its_own_error_and_a_lost_worker_is_a_broken_executor() -> None:
    exceptions = pytest.importorskip("ray.exceptions")
    from vpp_pipeline.shards.on_ray import _pass_on

    def came(error: Exception) -> BaseException | None:
        done: Future[None] = Future()
        told: Future[None] = Future()
        done.set_exception(error)
        _pass_on(done, told)
        return told.exception()

    own = came(exceptions.RayTaskError("run_shard", "pages of a traceback", InputError("one sentence")))
    assert isinstance(own, InputError) and str(own) == "one sentence"
    assert isinstance(came(exceptions.WorkerCrashedError()), BrokenExecutor)
