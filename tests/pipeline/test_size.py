"""A large fleet: what it takes is said before anything is computed, and what cannot be held is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_pipeline import batch
from vpp_pipeline.cli import execution, size
from vpp_pipeline.cli.app import execute
from vpp_pipeline.cli.size import Size, memory_bytes, size_to_tell

MONTH = "2023-08"


@pytest.fixture(autouse=True)
def sixteen_gigabytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(size, "memory_bytes", lambda: 16e9)
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))


def test_a_million_homes_are_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (f"run --month {MONTH}", f"backfill --from {MONTH} --to {MONTH}", f"study --months {MONTH}"):
        assert execute([*command.split(), "--homes", "1000000"]) == 2
        said = capsys.readouterr().err
        assert "1,000,000 homes over 31 days take about" in said
        assert "this machine has 16 GB of memory; take fewer --homes" in said
    assert not list((tmp_path / "lake").rglob("*.parquet"))
    assert not list((tmp_path / "lake").rglob("reference-*.json"))


def test_what_the_machine_holds_is_told_with_memory_disk_and_time() -> None:
    assert size_to_tell(Scenario(homes=2_000), MONTH) == (
        "2,000 homes over 31 days take about 3.8 GB of memory, 0.1 GB of disk and very roughly 11 minutes of one core, "
        "estimated from runs of 50 to 1,500 homes"
    )
    assert size_to_tell(Scenario(homes=200), MONTH) is None


def test_a_few_days_of_a_fleet_take_less_than_its_month() -> None:
    with pytest.raises(InputError, match="more than there is"):
        size_to_tell(Scenario(homes=1_000_000), MONTH)
    assert "over 3 days" in str(size_to_tell(Scenario(homes=1_000_000, first_days=3), MONTH))


def test_of_a_fleet_of_several_aggregations_each_worker_holds_one() -> None:
    fleet = Scenario(homes=20_000)
    with pytest.raises(InputError, match="more than there is"):
        size_to_tell(fleet, MONTH, place="processes:10")
    one, three = (Size.of(fleet, MONTH, f"processes:{count}").memory_bytes for count in (1, 3))
    assert three - one == 2 * (0.8e9 + 200 * 2_000 * 31 * 96)
    assert Size.of(fleet, MONTH, "processes:40").memory_bytes == Size.of(fleet, MONTH, "processes:10").memory_bytes
    elsewhere = Size.of(fleet, MONTH, "ray://head:10001").memory_bytes
    assert elsewhere < one, "a cluster's workers hold it"


def test_runs_at_once_share_the_memory() -> None:
    size_to_tell(Scenario(homes=2_000), MONTH, jobs=2)
    with pytest.raises(InputError, match="5 at once do not fit"):
        size_to_tell(Scenario(homes=2_000), MONTH, jobs=5)


def test_a_backfill_of_a_large_fleet_says_what_it_takes_and_one_of_few_homes_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(batch, "_vpp", lambda _: (0, ""))
    assert execute(["backfill", "--from", MONTH, "--to", MONTH, "--homes", "2000"]) == 0
    assert "2,000 homes over 31 days take about" in capsys.readouterr().err
    execution.tell_size(Scenario(), MONTH)
    assert not capsys.readouterr().err


def test_every_home_and_every_interval_adds() -> None:
    few, many = (Size.of(Scenario(homes=homes), MONTH) for homes in (200_000, 400_000))
    for name in ("memory_bytes", "disk_bytes", "seconds"):
        assert getattr(few, name) < getattr(many, name) < 2 * getattr(few, name)


def test_a_container_s_limit_counts_where_it_is_lower(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(size, "CONTAINER_LIMITS", (limit,))
    limit.write_text("max\n")
    machine = memory_bytes()
    assert machine is not None and machine > 1e8
    limit.write_text("3221225472\n")
    assert memory_bytes() == min(machine, 3 * 2**30)
