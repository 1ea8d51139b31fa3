"""gridstatus.io, the hosted API: a second live source, which also has months that OASIS no longer serves.

Needs GRIDSTATUS_API_KEY. Only energy prices are taken: the name of its reserve dataset is not documented firmly enough.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError, UnavailableError
from vpp_core.extras import how_to_install
from vpp_core.iso import CAISO
from vpp_core.sources.fetched import Fetched, Shelf
from vpp_core.sources.folders import FETCHED_HOSTED
from vpp_core.sources.network import Services, get, reachability
from vpp_core.sources.price_rows import DAY_AHEAD, REAL_TIME, PriceRows, refuse_impossible

log = logging.getLogger(__name__)

_DATASETS = {
    "lmp": ("caiso_lmp_real_time_15_min", REAL_TIME),
    "lmp_day_ahead": ("caiso_lmp_day_ahead_hourly", DAY_AHEAD),
}
_ITEMS = {"lmp": "LMP", "energy": "MCE", "congestion": "MCC", "loss": "MCL", "ghg": "MGHG"}


def shelf(raw: Path, month: Month) -> Shelf:
    """Where a month's answers are kept."""
    return Shelf(raw / FETCHED_HOSTED / str(month), ".json")


def read_kept(raw: Path, node: str, month: Month) -> list[PriceRows]:
    """What was fetched before."""
    place, found = shelf(raw, month), []
    for series in _DATASETS:
        answer = place.read(f"{series}_{node}")
        if answer:
            found.append(_rows(answer, series, month, str(place.folder / f"{series}_{node}.json")))
    return found


def fetch(
    raw: Path, node: str, month: Month, series: list[str], services: Services
) -> tuple[list[PriceRows], list[UnavailableError]]:
    """Ask for the energy prices among the named series, keep the answers, and say what could not be had.

    Nothing is asked without a key. A refused key is an `InputError`.
    """
    wanted = [name for name in series if name in _DATASETS]
    found: list[PriceRows] = []
    if not wanted or not services.hosted_key:
        return found, []
    try:
        reachability.check(services.hosted_url)
        for name in wanted:
            log.info("asking gridstatus.io for %s of %s at %s", name, month, node)
            answer = Fetched(_ask(name, node, month, services), services.now().floor("s"))
            rows = _rows(answer, name, month, f"the gridstatus.io answer for {name} of {month} at {node}")
            if len(rows.rows):
                request = {"dataset": _DATASETS[name][0], "location": node, "month": str(month)}
                shelf(raw, month).keep(f"{name}_{node}", answer, request)
                found.append(rows)
    except UnavailableError as error:
        return found, [error]
    return found, []


def _ask(series: str, node: str, month: Month, services: Services) -> bytes:
    """All pages of one month as JSON records, through the official client with its door to the network replaced.

    The client itself has no time-out, raises bare exceptions, and does not retry an answer that is not JSON.
    """
    try:
        import gridstatusio
    except ModuleNotFoundError:
        raise UnavailableError(how_to_install("gridstatusio")) from None

    class PatientClient(gridstatusio.GridStatusClient):
        def _get_with_retry(
            self, url: str, params: dict[str, Any], headers: dict[str, str], verbose: bool | str = False
        ) -> Any:
            answer = get(url, services, what=f"gridstatus.io {series} of {month}", params=params, headers=headers)
            if answer.status_code in (401, 403):
                raise InputError("gridstatus.io refused GRIDSTATUS_API_KEY (HTTP 401 or 403); correct or unset it")
            if answer.status_code != 200:
                raise UnavailableError(f"gridstatus.io answered HTTP {answer.status_code} for {series} of {month}")
            return answer

    client = PatientClient(api_key=services.hosted_key, host=services.hosted_url)
    try:
        frame = client.get_dataset(
            _DATASETS[series][0],
            start=month.start.isoformat(),
            end=month.end.isoformat(),
            filter_column="location",
            filter_value=node,
            verbose=False,
        )
    except InputError:
        raise
    except Exception as error:  # an answer that is not what the client expects fails in ways of its own
        raise UnavailableError(
            f"gridstatus.io gave no readable {series} of {month} ({type(error).__name__}); try later or use files"
        ) from None
    return str(frame.to_json(orient="records", date_format="iso")).encode()


def _rows(answer: Fetched, series: str, month: Month, where: str) -> PriceRows:
    """The records as rows of an OASIS report."""
    report = _DATASETS[series][1]
    try:
        table = pd.DataFrame(json.loads(answer.content, parse_constant=_no_number))
        if table.empty:
            return PriceRows(report, pd.DataFrame(columns=["timestamp", "name", "item", "price"]), answer.retrieved_at)
        start = pd.to_datetime(table["interval_start_utc"], utc=True, format="ISO8601").dt.as_unit("us")
        parts = [
            pd.DataFrame({"timestamp": start, "name": table["location"], "item": item, "price": table[column]})
            for column, item in _ITEMS.items()
            if column in table
        ]
        rows = pd.concat(parts, ignore_index=True).astype({"price": float})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{where} is not in the expected form ({error!r}); update the program or use files") from None
    if "LMP" not in set(rows["item"]):
        raise InputError(f"{where} holds no column lmp; update the program or use files")
    refuse_impossible(rows, where, CAISO)
    inside = (rows["timestamp"] >= month.start) & (rows["timestamp"] < month.end)
    return PriceRows(report, rows[inside], answer.retrieved_at)


def _no_number(text: str) -> float:
    """JSON knows neither NaN nor infinity; Python's reader does."""
    raise ValueError(f"{text} is no price")
