"""A lake that can only be read is shown as it is, and nothing is written into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.errors import InputError
from vpp_pipeline import runner
from vpp_pipeline.cli.app import BAD_INPUT, execute
from vpp_pipeline.lake import Lake

OF_TINY = ["--scenario", TINY.name]


@pytest.fixture
def read_only(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """The finished lake on a medium that refuses writes; and nobody may run anything."""

    def refuse(*_: object, **__: object) -> None:
        raise InputError(f"{ran.folder} cannot be written (read-only or no permission)")

    def no_run(*_: object, **__: object) -> None:
        raise AssertionError("a view of a lake that can only be read ran something")

    monkeypatch.setattr(Lake, "check_writable", refuse)
    monkeypatch.setattr(runner, "run_month", no_run)
    monkeypatch.setattr(runner, "shared_instance", no_run)
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return ran


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["ladder", "--month", MONTH, *OF_TINY], "negotiated"),
        (["data", "--month", MONTH, *OF_TINY], "lmp_usd_per_mwh"),
        (["day", "--day", f"{MONTH}-01", *OF_TINY], "here/day-2023-08-01.html"),
        (["negotiate", "--at", f"{MONTH}-01T19:00", *OF_TINY], "window 2023-08-01 19:00"),
        (["household", "Powerwall, 6 kW solar, a Leaf"], "13.5"),
        (["fleet", "--homes", "5"], "name one with --out"),
        (["report", "--month", MONTH, *OF_TINY, "--out", "mail.html"], "written to mail.html"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_view_shows_what_is_there_and_writes_nothing_into_the_lake(
    read_only: Ran, arguments: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(read_only.folder)
    code = execute(arguments)
    said = capsys.readouterr()
    assert code == 0, said.err
    assert shown in said.out
    assert state(read_only.folder) == before


def test_what_is_missing_is_said_and_what_makes_something_is_refused(
    read_only: Ran, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, said in (
        (["ladder", "--month", "2023-09", *OF_TINY], "market_prices of 2023-09, scenario tiny, is not in"),
        (["ladder", "--month", MONTH], "is not in"),
        (["data", "--month", MONTH, *OF_TINY, "--fresh"], "read-only"),
        (["run", "--month", MONTH, *OF_TINY], "read-only"),
    ):
        assert execute(arguments) == BAD_INPUT
        assert said in capsys.readouterr().err


def test_a_report_by_mail_is_one_file_with_everything_in_it(read_only: Ran) -> None:
    page = (read_only.folder / "reports" / TINY.name / MONTH / "simulation_report.html").read_text()
    script = re.search(r'<script src="([^"]+)"', page)
    assert script is not None
    assert (read_only.folder / "reports" / TINY.name / MONTH / script[1]).resolve().exists()
    assert execute(["report", "--month", MONTH, *OF_TINY, "--out", "mail.html"]) == 0
    alone = Path("mail.html").read_text()
    assert not re.search(r"<(script|img|iframe|link)[^>]+(src|href)\s*=", alone)
    assert len(re.findall(r"plotly\.js v\d", alone)) == 1
    assert len(page) < 1_500_000 < len(alone)
