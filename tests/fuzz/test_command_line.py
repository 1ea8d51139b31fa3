"""Arguments and environment: whatever is given, a command does what it says or refuses in one sentence.

The values are such as stop before anything is computed, or commands that are done in milliseconds; so thousands are
cheap. Nothing of a key in the environment is ever said.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial, command
from vpp_core.errors import InputError

KEY = "AKIAVERYSECRETKEY"
WORDS = [
    "", " ", "-", "--", "-1", "0", "1e400", "NaN", "inf", "many", "[/]", "[red]x[/red]", "\x1b[31m", "\u202e", "\udcff",
    "é", "日本", "~nouser/x",
    "../..", "/dev/null", "a/b", "2023-08", "2023-13", "2999-01", "1999-01", "08/2023", "2023-8",
    "2023-08-32", "9" * 400, "x" * 20_000, "reference", "Reference", "no\nsuch", "'; DROP TABLE", "%s%n", "{}", "$HOME",
]  # fmt: skip
STOPPED = {
    "run": ["--month", "--scenario", "--node", "--source", "--homes", "--seed", "--first-days", "--minimum-bid-mw",
            "--decider", "--depth", "--model", "--data-seed"],
    "ladder": ["--month", "--scenario", "--homes"],
    "day": ["--day", "--home", "--scenario"],
    "negotiate": ["--at", "--names", "--scenario"],
    "backfill": ["--from", "--to", "--jobs", "--scenario"],
    "study": ["--months", "--seeds", "--sweep", "--scenario"],
    "ui": ["--port", "--host"],
    "fleet": ["--out", "--homes"],
    "household": ["--file", "--parser", "--model"],
}  # fmt: skip
"""Command → options; of the month's commands one month has not begun, so that none of them computes."""
NEVER = {"run": ["--month", "2999-01"], "ladder": ["--month", "2999-01"], "day": ["--day", "2999-01-01"],
         "negotiate": ["--at", "2999-01-01T00:00"], "backfill": ["--from", "2999-01", "--to", "2999-02"],
         "study": ["--months", "2999-01"], "ui": ["--port", "0"], "fleet": ["--homes", "0"],
         "household": ["--file", "nowhere.txt"]}  # fmt: skip
ADDRESSES = [
    "s3://", "s3:///x", f"s3://user:{KEY}@bucket/x", f"s3://b?key={KEY}", "S3://[", "gs://b/x", f"gs://{KEY}@b",
    "http://h/x", f"https://u:{KEY}@h/x", "memory://x", "abfs://x@y", "nonsense://x", "://", "~nouser/x", "file://~nouser",
    "/dev/null/x", "x" * 3000, "/proc/1/mem",
]  # fmt: skip


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)


def arguments_of_any_kind(rng: random.Random) -> Trial:
    """A command that cannot be done, with other values for some of its options."""
    name = rng.choice(list(STOPPED))
    given = [rng.choice([name, name, name, rng.choice(WORDS)])]
    for option in rng.sample(STOPPED[name], min(rng.randint(0, 3), len(STOPPED[name]))):
        given += rng.choice([[option, rng.choice(WORDS)], [f"{option}={rng.choice(WORDS)}"], [option]])
    given += NEVER[name]  # the last one holds
    if rng.random() < 0.2:
        given.insert(rng.randrange(len(given) + 1), rng.choice(WORDS))
    return Trial(repr(given), lambda: command(*given))


def words_of_a_household(rng: random.Random) -> Trial:
    words = " ".join(
        rng.choice(["Powerwall", "6 kW solar", "a Leaf", ",", *WORDS[:20]]) for _ in range(rng.randint(1, 6))
    )
    given = ["household", *(["--json"] if rng.random() < 0.3 else []), "--", words]

    def shown(printed: str) -> str | None:
        acting = [letter for letter in printed if not letter.isprintable() and letter not in "\n\t\u00a0\u202f\u2009"]
        return f"{acting[0]!r} reached the terminal" if acting else None

    return Trial(repr(given), lambda: command(*given), shown)


def an_environment(rng: random.Random) -> Trial:
    """Addresses that cannot be a lake, a raw folder or Dagster's home."""
    variable = rng.choice(["VPP_LAKE", "VPP_RAW", "DAGSTER_HOME", "VPP_STRATEGIES"])
    strategies = ["os", "json.decoder", "..", "nothing_of_that_name", "/dev/null", "x.py", "a b", "[/]", ":", "os:os"]
    value = rng.choice(strategies if variable == "VPP_STRATEGIES" else ADDRESSES)
    months = ["run", "--month", "2023-08", "--scenario", "nobody", "--first-days", "1"]
    given = {"VPP_LAKE": ["fleet", "--homes", "2"], "VPP_RAW": ["data", "--month", "2023-08", "--node", "[/]"]}
    arguments = given.get(variable, months)

    def feed() -> str:
        kept = os.environ.get(variable)
        os.environ[variable] = value
        try:
            return command(*arguments)
        except InputError as error:
            assert KEY not in str(error), f"a key was said: {error}"
            raise
        finally:
            if kept is None:
                del os.environ[variable]
            else:
                os.environ[variable] = kept

    return Trial(f"{variable}={value} {arguments}", feed, lambda printed: f"done with {variable}={value}")


def test_whatever_the_arguments_a_command_refuses_in_a_sentence(fuzz: Fuzz) -> None:
    fuzz(arguments_of_any_kind, quick=30)


def test_whatever_the_words_a_household_is_shown_or_refused(fuzz: Fuzz) -> None:
    fuzz(words_of_a_household, quick=15)


def test_an_environment_that_cannot_be_is_refused_without_a_key(fuzz: Fuzz) -> None:
    fuzz(an_environment, quick=20, share=0.5)
