"""Paths, scenarios and tables of one lake."""

from __future__ import annotations

import functools
import json
import os
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_core.scenario.scenario import NAME_PATTERN
from vpp_core.sources.export_values import with_export_files
from vpp_core.strict_json import parse_json
from vpp_core.tables import CONTRACTS, STUDY, Contract
from vpp_pipeline.lake.files import create_whole, explained, is_local, write_whole
from vpp_pipeline.lake.table_file import TableFile, data_digest, decode, stored_recipe

if TYPE_CHECKING:
    import pyarrow.compute as pc
    from filelock import FileLock
    from upath import UPath

LOG_TIME = "%Y-%m-%dT%H:%M:%SZ"
LOG_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Lake:
    """A folder, or an object store's prefix, and the folder of raw files beside it."""

    root: UPath
    raw: Path
    writable: bool = True
    """False: it is only looked at, and nothing is kept in it"""

    @classmethod
    def at(cls, url: str | Path, raw: Path | None = None) -> Lake:
        """The lake at a path or URL; `raw` defaults to the folder of that name in a local lake."""
        from upath import UPath

        root = UPath(str(url))
        return cls(root, raw or Path(str(url)) / "raw")

    def table_path(self, table: str, month: Month | str, scenario: str) -> UPath:
        return self.root / "tables" / table / scenario / f"{month}.parquet"

    def report_folder(self, month: Month | str, scenario: str) -> UPath:
        return self.root / "reports" / scenario / str(month)

    @property
    def plots(self) -> UPath:
        return self.root / "plots"

    @property
    def database(self) -> UPath:
        return self.root / "reports.duckdb"

    def check_writable(self) -> None:
        """Refuse a lake that cannot be written before anything is computed."""
        probe = self.root / f".probe-{os.getpid()}.tmp"
        with explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()

    def scenario_names(self) -> list[str]:
        """Names frozen in this lake; a file whose name is none is no scenario's."""
        names = (path.stem for path in (self.root / "scenarios").glob("*.json"))
        return sorted(name for name in names if re.fullmatch(NAME_PATTERN, name))

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name: frozen here, or else a declared one, which is frozen now."""
        if not re.fullmatch(NAME_PATTERN, name):
            raise InputError(
                f"scenario {name[:80]!r} cannot be a name: lower-case letters, digits, _ or -, starting with a letter, "
                f"100 at most; a file with one goes into {self.root / 'scenarios'} and is asked for by its name"
            )
        path = self._scenario_path(name)
        if path.exists():
            scenario = self._frozen(path)
            if scenario.name != name:
                raise InputError(f"{path} holds a scenario named {scenario.name!r}; rename the file or the scenario")
            return scenario
        if name not in KNOWN_SCENARIOS:
            known = ", ".join(sorted({*KNOWN_SCENARIOS, *self.scenario_names()}))
            raise InputError(f"scenario {name!r} is unknown; known are {known}, or describe it in {path}")
        return self.freeze(KNOWN_SCENARIOS[name])

    def freeze(self, scenario: Scenario) -> Scenario:
        """Keep what makes the results of this name. The same name with other content is refused."""
        path = self._scenario_path(scenario.name)
        if not self.writable and not path.exists():
            return scenario
        if self.writable and create_whole(path, scenario.to_json().encode()):
            return scenario
        frozen = self._frozen(path)
        if frozen.fingerprint() != scenario.fingerprint():
            raise InputError(
                f"scenario {scenario.name!r} is frozen in {path} with other content ({_difference(frozen, scenario)}); "
                "choose another name or another lake"
            )
        return frozen

    def _frozen(self, path: UPath) -> Scenario:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror or error}); restore it, or remove it") from error
        try:
            return _scenario_in(self._with_export_files(content, str(path)), str(path))
        except InputError as error:
            raise InputError(
                f"{error}; mend the file, or remove it: what is declared, or asked for by options, is made anew"
            ) from None

    def _with_export_files(self, content: bytes, where: str) -> bytes:
        """A scenario's JSON with the values of the files that it names, which stand beside it."""
        folder = self.root / "scenarios"

        def read(name: str) -> bytes:
            try:
                if "/" in name or "\\" in name or not name.isprintable():
                    raise FileNotFoundError
                return (folder / name).read_bytes()
            except OSError as error:
                why = error.strerror or "a name without a folder is asked"
                raise InputError(
                    f"{where} names {name}, which cannot be read ({why}); put the file into {folder}, or mend the name"
                ) from None

        try:
            given = parse_json(content)
        except InputError:
            return content  # what is wrong with it, the scenario's own reader says
        return json.dumps(with_export_files(given, read, where)).encode()

    def _scenario_path(self, name: str) -> UPath:
        return self.root / "scenarios" / f"{name}.json"

    def read(
        self,
        table: str,
        month: Month | str,
        scenario: str,
        contract: Contract | None = None,
        rows: pc.Expression | None = None,
    ) -> TableFile:
        """A table as stored, or some of its rows, verified; a missing or damaged one is an `InputError` that says how
        to get it.
        """
        content, where, rebuild = self._content(table, month, scenario)
        return decode(content, contract or CONTRACTS[table], where, rebuild, rows)

    def _content(self, table: str, month: Month | str, scenario: str) -> tuple[bytes, str, str]:
        """A table's file, where it lies, and how to make it anew."""
        path = self.table_path(table, month, scenario)
        command = f"vpp run --month {month} --scenario {scenario}"
        if table == STUDY.name:  # its folders are studies, not scenarios
            command = f"vpp study --months {month}"
        try:
            return path.read_bytes(), str(path), f"rebuild it with `{command}`"
        except FileNotFoundError:
            raise InputError(
                f"{table} of {month}, scenario {scenario}, is not in the lake ({path}); make it with `{command}`"
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror or error}); mend that, then run again") from error

    def write(self, table: str, month: Month | str, scenario: str, file: TableFile) -> None:
        """Put a table in its place, whole."""
        write_whole(self.table_path(table, month, scenario), file.content)

    def digest(self, table: str, month: Month | str, scenario: str) -> str:
        """The digest of a stored table, `absent` where there is none; of a damaged one, one that no table has."""
        path = self.table_path(table, month, scenario)
        return data_digest(path.read_bytes()) if path.exists() else "absent"

    def recipe(self, table: str, month: Month | str, scenario: str) -> str:
        """The recipe that a stored table says it was made by, without reading the table; empty where it says none."""
        with self.table_path(table, month, scenario).open("rb") as file:
            return stored_recipe(file)

    def partitions(self, table: str) -> list[tuple[str, str]]:
        """(month, scenario) of every stored file of a table, sorted."""
        files = (self.root / "tables" / table).glob("*/*.parquet")
        return sorted((path.stem, path.parent.name) for path in files)

    def log(self, entry: Mapping[str, Any]) -> None:
        """Add a line to the run log: what took how long. Object stores cannot append; there Dagster's events tell."""
        if not is_local(self.root):
            return
        line = json.dumps({"at": time.strftime(LOG_TIME, time.gmtime()), **entry}) + "\n"
        with explained(self._log_path), self._log_lock():
            descriptor = os.open(str(self._log_path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)

    def log_lines(self) -> list[str]:
        """The run log's lines, oldest first."""
        return self._log_path.read_text(encoding="utf-8").splitlines() if self._log_path.exists() else []

    def forget_log_lines(self, forgotten: Collection[str]) -> None:
        """Take lines out of the run log, while nobody adds one."""
        with explained(self._log_path), self._log_lock():
            kept = [line + "\n" for line in self.log_lines() if line not in forgotten]
            write_whole(self._log_path, "".join(kept).encode())

    @property
    def _log_path(self) -> UPath:
        return self.root / "run_log.jsonl"

    def _log_lock(self) -> FileLock:
        from filelock import FileLock

        return FileLock(str(self.root / ".run_log.lock"), timeout=LOG_TIMEOUT_SECONDS)


@functools.lru_cache(maxsize=256)
def _scenario_in(content: bytes, where: str) -> Scenario:
    """The scenario that a file holds; a run asks for its own some fifty times."""
    return Scenario.from_json(content, where)


def _difference(frozen: Scenario, wanted: Scenario) -> str:
    """The fields that differ, as `homes: 200 there, 50 wanted`."""
    there, here = frozen.model_dump(mode="json"), wanted.model_dump(mode="json")
    parts = [
        f"{field}: {there[field]} there, {here[field]} wanted"
        for field in here
        if field not in ("name", "description") and there.get(field) != here[field]
    ]
    return "; ".join(parts)
