"""CAISO's OASIS through gridstatus: gridstatus composes the requests, this house fetches, keeps and reads the answers.

gridstatus has no time-out, loses failed chunks silently, mishandles clock changes and fills missing prices with 0. So
its one door to the network is replaced by a patient one, answers are kept as they came, and they are read by the same
reader as a person's own downloads; the caller compares with the exact index of the month.
"""

from __future__ import annotations

import io
import logging
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError, UnavailableError
from vpp_core.extras import how_to_install
from vpp_core.iso import CAISO
from vpp_core.sources.fetched import Fetched, Shelf
from vpp_core.sources.folders import FETCHED_OASIS
from vpp_core.sources.network import Services, get, reachability
from vpp_core.sources.oasis_files import OasisRefusalError, read_bytes
from vpp_core.sources.price_rows import PriceRows

log = logging.getLogger(__name__)

_BAD_ARGUMENT = 1001
SERVED_MONTHS = 39
"""OASIS serves about the last 39 months, sliding by the day."""


@dataclass(frozen=True)
class _Request:
    """One request of a month: gridstatus' name of the dataset and its parameters."""

    dataset: str
    params: dict[str, str]


def _requests(node: str) -> dict[str, _Request]:
    """By price series. A node's month is one request; a reserve product's month of all regions another."""
    reserves = {"market_run_id": "DAM", "anc_region": "ALL"}
    return {
        "lmp": _Request("lmp_real_time_15_min", {"node": node}),
        "lmp_day_ahead": _Request("lmp_day_ahead_hourly", {"node": node}),
        "spin": _Request("as_clearing_prices", {**reserves, "anc_type": "SR"}),
        "nonspin": _Request("as_clearing_prices", {**reserves, "anc_type": "NR"}),
    }


def shelf(raw: Path, month: Month) -> Shelf:
    """Where a month's answers are kept."""
    return Shelf(raw / FETCHED_OASIS / str(month), ".zip")


def read_kept(raw: Path, node: str, month: Month) -> list[PriceRows]:
    """What was fetched before, of any series."""
    place, found = shelf(raw, month), []
    for series in _requests(node):
        answer = place.read(_name(series, node))
        if answer:
            where = str(place.folder / _name(series, node))
            found += read_bytes(answer.content, f"{where}.zip", month, answer.retrieved_at)
    return found


def is_served(month: Month, now: pd.Timestamp) -> bool:
    """Whether OASIS still has the whole month."""
    return month.start >= now.tz_convert("UTC") - pd.DateOffset(months=SERVED_MONTHS)


def fetch(
    raw: Path, node: str, month: Month, series: list[str], services: Services
) -> tuple[list[PriceRows], list[UnavailableError]]:
    """Ask OASIS for the named series, one request each, keep the answers, and say what could not be had.

    An `InputError` is raised where the request itself is wrong (a node that OASIS does not know).
    """
    if not is_served(month, services.now()):
        sentence = (
            f"OASIS serves about the last {SERVED_MONTHS} months and no longer has {month} ({', '.join(series)}); "
            "ways left: the hosted API (GRIDSTATUS_API_KEY), files in raw/oasis, or --source synthetic"
        )
        return [], [UnavailableError(sentence)]
    found: list[PriceRows] = []
    faults: list[UnavailableError] = []
    try:
        reachability.check(services.oasis_url)
        caiso = _patient_caiso(services)
        for number, name in enumerate(series):
            if number:
                time.sleep(services.pause_seconds)
            log.info("asking OASIS for %s of %s at %s (%d of %d)", name, month, node, number + 1, len(series))
            try:
                found += _fetch_one(caiso, raw, node, month, name)
            except OasisRefusalError as error:
                if error.code == _BAD_ARGUMENT or (name == "lmp" and node != CAISO.default_node):
                    raise InputError(f"OASIS knows no prices of node {node} in {month}: {error}") from None
                faults.append(error)
    except UnavailableError as error:  # throttled or unreachable: asking for the rest would only wait longer
        faults.append(error)
    return found, faults


def _fetch_one(caiso: Any, raw: Path, node: str, month: Month, series: str) -> list[PriceRows]:
    request = _requests(node)[series]
    answer = caiso.ask(request.dataset, month, request.params)
    where = f"the OASIS answer for {series} of {month} at {node}"
    rows = read_bytes(answer.content, where, month, answer.retrieved_at)
    if rows:
        sent = {"dataset": request.dataset, **request.params, "url": caiso.last_url}
        shelf(raw, month).keep(_name(series, node), answer, sent)
    return rows


def _name(series: str, node: str) -> str:
    return f"{series}_{node}" if series.startswith("lmp") else series


def _patient_caiso(services: Services) -> Any:
    """Gridstatus' CAISO with its door to the network replaced. Imported here: it takes seconds."""
    try:
        import gridstatus
    except ModuleNotFoundError:
        raise UnavailableError(how_to_install("gridstatus")) from None

    logging.getLogger("gridstatus").setLevel(logging.WARNING)  # it configures itself to tell every request twice

    class PatientCaiso(gridstatus.CAISO):
        """Composes requests as gridstatus does; the last answer is kept as it came."""

        def __init__(self) -> None:
            super().__init__()
            self.last_url = ""
            self._last: Fetched | None = None

        def ask(self, dataset: str, month: Month, params: dict[str, str]) -> Fetched:
            self._last = None
            compose: Any = self.get_oasis_dataset  # its decorator takes `error` besides the parameters it declares
            compose(dataset, date=month.start, end=month.end, params=params, raw_data=True, sleep=0, error="raise")
            if self._last is None:
                raise UnavailableError(f"gridstatus made no request for {dataset} of {month}; check its version")
            return self._last

        def _get_oasis(self, config: dict, start: Any, end: Any = None, **_: Any) -> pd.DataFrame:  # type: ignore[override]
            if self._last is not None:
                raise InputError("gridstatus split a month into several requests; check its version")
            query = dict(config)
            path = query.pop("path")
            stamp = "%Y%m%dT%H:%M-0000"
            query["startdatetime"] = pd.Timestamp(start).tz_convert("UTC").strftime(stamp)
            query["enddatetime"] = pd.Timestamp(end).tz_convert("UTC").strftime(stamp)
            self.last_url = f"{services.oasis_url}/oasisapi/{path}?" + "&".join(f"{k}={v}" for k, v in query.items())
            what = f"OASIS {query.get('queryname', path)}"
            answer = get(self.last_url, services, what=what)
            if answer.status_code != 200:
                raise UnavailableError(f"{what} was refused with HTTP {answer.status_code}; try later or use files")
            self._last = Fetched(answer.content, services.now().floor("s"))
            return _first_table(answer.content)

    return PatientCaiso()


def _first_table(content: bytes) -> pd.DataFrame:
    """What gridstatus wants back; prices are read from the raw answer by the caller."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return pd.read_csv(archive.open(archive.namelist()[0]), nrows=5)
    except Exception:  # whatever is wrong with the answer is said by the caller's reader, in a sentence
        return pd.DataFrame({"INTERVALSTARTTIME_GMT": []})
