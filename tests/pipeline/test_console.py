"""What people and files wrote is shown as text, whatever it is: no markup, nothing that acts on the terminal."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from vpp_pipeline.cli import app, console
from vpp_pipeline.cli.app import execute

HOSTILE = [
    "[/]",
    "[/red]",
    "[red]Powerwall[/red]",
    "[link=http://evil.example]Leaf[/link]",
    "[bold",
    "]",
    "[[]]",
    "\\[",
    ":smile: [@click=app.bell]x[/]",
]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("text", HOSTILE)
def test_square_brackets_are_text_in_tables_their_titles_bars_and_lines(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    console.print_rows(f"title {text}", [{"what": f"first {text}", text: "cell"}])
    console.say(f"line {text}")
    with console.bar(console.console()) as progress:
        progress.add_task(text)
        progress.console.print(text)
    printed = capsys.readouterr().out
    for part in (f"title {text}", f"first {text}", f"line {text}"):
        assert part in printed
    assert printed.count(text) >= 5


def test_a_bar_s_description_is_text_where_it_is_drawn() -> None:
    drawn = io.StringIO()
    on = Console(file=drawn, force_terminal=True, width=150, markup=False)
    with console.bar(on) as progress:
        progress.add_task("[/] [red]homes.json[/red]")
    assert "[/] [red]homes.json[/red]" in drawn.getvalue()


@pytest.mark.parametrize(
    ("letter", "shown"),
    [
        ("\x1b", "\\x1b"),
        ("\x07", "\\x07"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\udcff", "\\udcff"),
        ("\r", "\\x0d"),
    ],
)
def test_a_character_that_would_act_is_shown_as_its_number(
    letter: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console.print_rows("title", [{"what": f"a{letter}b"}])
    console.say(f"c{letter}d")
    printed = capsys.readouterr().out
    assert f"a{shown}b" in printed
    assert f"c{shown}d" in printed
    assert letter not in printed


@pytest.mark.parametrize("text", HOSTILE)
def test_a_household_a_scenario_a_node_or_a_file_in_brackets_never_ends_in_a_traceback(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["household", f"Powerwall, 6 kW solar {text}"]) in (0, 2)
    assert execute(["household", text]) in (0, 2)
    file = tmp_path / f"homes {text.replace('/', '|')}.txt"
    file.write_text(f"Powerwall {text}\n{text}\n")
    assert execute(["household", "--file", str(file)]) in (0, 2)
    assert execute(["run", "--month", "2023-08", "--scenario", text]) == 2
    assert execute(["run", "--month", "2023-08", "--node", text]) == 2
    assert execute(["run", "--month", text]) == 2
    assert execute([text]) == 2
    printed = capsys.readouterr()
    assert f"scenario {text!r} cannot be a name" in printed.err


@pytest.mark.parametrize("argument", ["month", "scenario", "node", "source", "command", "home"])
def test_a_refusal_is_a_few_hundred_characters_whatever_was_given(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "x" * 50_000
    arguments = {
        "month": ["run", "--month", long],
        "command": [long],
        "home": ["day", "--day", "2023-08-01", "--home", long],
    }.get(argument, ["run", "--month", "2023-08", f"--{argument}", long])
    assert execute(arguments) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("vpp: ")
    assert len(printed) < 600


def test_a_terminal_without_the_letters_and_a_reader_that_left_are_no_traceback() -> None:
    program = "from vpp_pipeline.cli import main; main()"
    asked = [sys.executable, "-c", program, "household", "Powerwall – 5 kW solar ☀"]
    shown = subprocess.run(asked, env={"PATH": "", "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert shown.returncode == 0, shown.stderr
    left = subprocess.Popen([*asked, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert left.stdout is not None
    left.stdout.close()
    said = left.communicate()[1]
    assert b"Traceback" not in said and b"Exception" not in said


def test_json_of_a_household_is_still_json_whatever_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["household", "Powerwall [/red] \x1b[31m, 5 kW solar", "--json"]) in (0, 2)
    printed = capsys.readouterr().out
    assert not printed or json.loads(printed)


@pytest.mark.parametrize("path", sorted(Path(app.__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_no_command_prints_but_through_the_one_place(path: Path) -> None:
    if path.name != "console.py":
        assert not re.search(r"typer\.echo|secho|rich\.console|rich\.markup|sys\.stdout\.write", path.read_text())


def test_a_table_fits_80_columns_through_a_pipe_and_each_part_says_whose_rows_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    rows = [
        {"path": path, "step": f"step {number}", **{f"figure {i}": f"{number}{i}" * 8 for i in range(4)}}
        for path in ("first", "last")
        for number in range(2)
    ]
    console.print_rows("title", rows)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert max(map(len, lines)) <= 80
    parts = [line for line in lines if line.startswith("path")]
    assert len(parts) > 1 and all(line.split()[:2] == ["path", "step"] for line in parts)
    assert sum(line.startswith("last") for line in lines) == 2 * len(parts)


def test_a_cell_that_no_line_holds_is_folded_and_not_cut_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    console.print_rows("title", [{"strategy": "negotiated", "surplus": "x" * 150}])
    assert capsys.readouterr().out.count("x") == 150


def test_a_column_is_shown_where_something_stands_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"difference": "a − b", "$": "1.00", "note": ""}, {"difference": "b − c", "$": "", "note": ""}]
    console.print_rows("title", rows)
    assert "$" in (printed := capsys.readouterr().out) and "note" not in printed
    console.print_rows("title", [*rows, {"difference": "c − d", "$": "", "note": "one day alone"}])
    assert "note" in capsys.readouterr().out


def test_a_title_keeps_to_the_width_and_its_names_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    name = "reference-12h-2days-synthetic-min0mw"
    console.print_rows(f"2023-08, first 2 days, 12 homes, scenario {name}", [{"strategy": "negotiated"}])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60 and any(name in line for line in lines)


def test_a_table_that_just_fits_is_neither_folded_nor_parted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    console.print_rows("title", [{"what": "w" * 39, "given": "g" * 38}])
    assert f"{'w' * 39}   {'g' * 38}" in capsys.readouterr().out
