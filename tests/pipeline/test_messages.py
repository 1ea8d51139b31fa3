"""What was said is stored beside the result, whole or not at all, and read back without computing or Dagster."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.pipeline.test_whole_month import reused
from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.errors import InputError
from vpp_core.settlement.outcome import outcome_tables
from vpp_core.tables import NEGOTIATION_MESSAGES, OUTCOMES
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.streamed import StreamedTable
from vpp_pipeline.lake.table_file import decode, is_sealed, stored_recipe

NAME = NEGOTIATION_MESSAGES.name
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rows(finished: Ran) -> pa.Table:
    return finished.lake.read(NAME, MONTH, TINY.name).table


def test_a_run_stores_what_was_said_under_the_recipe_of_its_result(finished: Ran, rows: pa.Table) -> None:
    said, result = (finished.lake.recipe(table, MONTH, TINY.name) for table in (NAME, "negotiation_results"))
    assert said == result
    windows = outcome_tables(finished.lake.read("negotiation_results", MONTH, TINY.name, OUTCOMES).table).windows
    frame = rows.to_pandas()
    assert frame["paid_usd"].sum() == pytest.approx(windows["payment_usd"].sum(), abs=0.01)
    negotiated = frame[frame["gate"] == "real_time"].groupby("window_start")["rounds"].first()
    rounds = windows[windows["invited"] > 0].set_index("window_start")["rounds"]
    assert negotiated.to_dict() == rounds.to_dict() and len(rounds) > 10


def test_parts_come_back_as_one_table_and_some_rows_without_the_others(tmp_path: Path, rows: pa.Table) -> None:
    path = tmp_path / "messages.parquet"
    first = rows["window_start"][0].as_py()
    with StreamedTable(path, NEGOTIATION_MESSAGES) as table:
        table.write(rows.slice(0, 30))
        assert not path.exists(), "nothing is seen before all of it is there"
        table.write(rows.slice(30))
        table.finish("made from this")
    content = path.read_bytes()
    assert is_sealed(content) and stored_recipe(io.BytesIO(content)) == "made from this"
    assert decode(content, NEGOTIATION_MESSAGES, "it", "do").table.equals(rows)
    some = decode(content, NEGOTIATION_MESSAGES, "it", "do", pc.field("window_start") == first).table
    assert some.equals(rows.filter(pc.field("window_start") == first)) and 0 < some.num_rows < rows.num_rows
    spoilt = bytearray(content)
    spoilt[len(spoilt) // 2] ^= 1
    with pytest.raises(InputError, match="was damaged"):
        decode(bytes(spoilt), NEGOTIATION_MESSAGES, "it", "do")


def test_a_table_that_is_not_finished_leaves_what_was_there(tmp_path: Path, rows: pa.Table) -> None:
    path = tmp_path / "messages.parquet"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), StreamedTable(path, NEGOTIATION_MESSAGES) as table:
        table.write(rows)
        raise RuntimeError("killed")
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="score"), StreamedTable(path, NEGOTIATION_MESSAGES) as table:
        column = rows.schema.get_field_index("score")
        high = pa.array(np.full(rows.num_rows, 2.0, dtype=np.float32))
        table.write(rows.set_column(column, rows.schema.field("score"), high))
    assert path.read_bytes() == b"before"


def test_the_same_messages_are_the_same_bytes(tmp_path: Path, rows: pa.Table) -> None:
    for name in ("one", "other"):
        with StreamedTable(tmp_path / name, NEGOTIATION_MESSAGES) as table:
            table.write(rows)
            table.finish("made from this")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_run_whose_messages_are_gone_or_damaged_is_negotiated_again(ran: Ran) -> None:
    path = ran.lake.table_path(NAME, MONTH, TINY.name)
    before = path.read_bytes()
    for spoil in (path.unlink, lambda: path.write_bytes(before[:-9])):
        spoil()
        assert ran.again(assets=["negotiation_results"]).succeeded
        assert path.read_bytes() == before
        assert not reused(ran)["negotiation_results"]


def test_one_negotiation_is_read_back_without_dagster_or_any_solver(finished: Ran, rows: pa.Table) -> None:
    bid = rows.filter((pc.field("gate") == "real_time") & (pc.field("committed_kw") > 0))
    at = bid["window_start"][0].as_py().astimezone(ZoneInfo("America/Los_Angeles"))
    program = (
        "import sys, time\n"
        "import pandas\n"
        "pace = time.process_time()\n"
        "from vpp_pipeline.cli.app import execute\n"
        f"code = execute(['negotiate', '--at', '{at:%Y-%m-%dT%H:%M}', '--scenario', '{TINY.name}'])\n"
        "heavy = ['dagster', 'numba', 'cvxpy', 'langgraph', 'langchain_core', 'scipy', 'pandera', 'duckdb']\n"
        "print('imported', [name for name in heavy if name in sys.modules], code, time.process_time() / pace)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=ROOT, env=_environment(finished.lake),
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Energy of the window {at:%Y-%m-%d %H:%M} in Los Angeles, 1 h; gate closed ")
    assert [line for line in lines if line.startswith("What followed: ")]
    *_, code, times = lines[-1].split()
    assert "imported []" in lines[-1] and code == "0"
    assert float(times) < 4, "as long as four starts of Python with pandas"


def _environment(lake: Lake) -> dict[str, str]:
    return {**os.environ, "VPP_LAKE": str(lake.root), "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("option", [[], pytest.param(["--reserves"], marks=pytest.mark.slow)])
def test_what_is_read_back_is_what_is_computed(
    ran: Ran, no_home: None, option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    asked = ["negotiate", "--at", f"{MONTH}-01T19:00", "--scenario", TINY.name, *option]
    assert execute(asked) == 0
    read = capsys.readouterr().out
    ran.lake.table_path(NAME, MONTH, TINY.name).unlink()
    assert execute(asked) == 0
    assert capsys.readouterr().out == read


def test_of_a_fleet_of_several_aggregations_one_is_negotiated(
    ran: Ran, no_home: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parted = TINY.model_copy(
        update={"name": "parted", "market": TINY.market.model_copy(update={"homes_per_aggregation": 4})}
    )
    ran.lake.freeze(parted)
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    asked = ["negotiate", "--at", f"{MONTH}-01T19:00", "--scenario", "parted"]
    assert execute([*asked, "--aggregation", "1"]) == 0
    printed = capsys.readouterr()
    assert "of 2 aggregations, 1: 2 homes" in printed.err and "home 4" in printed.out
    assert execute([*asked, "--aggregation", "2"]) == 2
    assert "the fleet has no aggregation 2; give one from 0 to 1" in capsys.readouterr().err
