"""OASIS downloads as a person gets them from CAISO's web page, read from a folder: CSV or zip, any order, overlapping.

Understood are PRC_RTPD_LMP (real-time, 15 min), PRC_LMP (day-ahead, hourly) and PRC_AS (day-ahead reserves, hourly).
The same reader serves what the live client kept, because it keeps answers as they came.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError, UnavailableError

REAL_TIME, DAY_AHEAD, RESERVES = "real-time LMP", "day-ahead LMP", "reserve prices"

_TIME = "INTERVALSTARTTIME_GMT"
_DATE_RANGE = re.compile(r"(?<!\d)(\d{8})_(\d{8})_PRC_", re.IGNORECASE)
_SAME_PRICE = 1e-5
"""OASIS prints five decimals: two prices closer than this [$/MWh] are the same."""


class OasisRefusalError(UnavailableError):
    """OASIS said no: 1000 nothing for the selection, 1001 a bad argument, 1004 too long a range."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class OasisRows:
    """Rows of one report, in long form.

    `rows` has timestamp [UTC], name (node, or reserve region), item (LMP, MCE, MCC, MCL, MGHG, or SR, NR) and price.
    """

    report: str
    rows: pd.DataFrame
    retrieved_at: pd.Timestamp


def read_folder(folder: Path, month: Month) -> list[OasisRows]:
    """Every report below `folder` that may touch the month; files whose name says otherwise are not opened.

    A broken file is an `InputError` that names it.
    """
    if not folder.exists():
        return []
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".csv", ".zip", ".xml", ".html"))
    return [rows for path in files if _may_touch(path.name, month) for rows in read_file(path, month)]


def read_file(path: Path, month: Month) -> list[OasisRows]:
    """The month's rows of one download."""
    try:
        content = path.read_bytes()
        changed = last_changed(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions or remove it") from None
    return read_bytes(content, str(path), month, changed)


def last_changed(path: Path) -> pd.Timestamp:
    """When a file last changed, to the second; an object store that does not say gives 1970."""
    return pd.Timestamp(getattr(path.stat(), "st_mtime", 0) or 0, unit="s", tz="UTC").floor("s")


def read_bytes(content: bytes, where: str, month: Month, retrieved_at: pd.Timestamp) -> list[OasisRows]:
    """The month's rows of one answer, zipped or not; what is not prices becomes a sentence with `where` in it."""
    found = []
    for name, text in _documents(content, where):
        _refuse_error_answer(text, name)
        report, rows = _parse(text, name)
        rows = rows[(rows["timestamp"] >= month.start) & (rows["timestamp"] < month.end)]
        if len(rows):
            found.append(OasisRows(report, rows, retrieved_at))
    return found


def _may_touch(name: str, month: Month) -> bool:
    match = _DATE_RANGE.search(name)
    if not match:
        return True
    first, last = (pd.to_datetime(d, format="%Y%m%d", utc=True, errors="coerce") for d in match.groups())
    if pd.isna(first) or pd.isna(last):
        return True
    day = pd.Timedelta(days=1)
    return first - day < month.end and last + 2 * day > month.start


def _documents(content: bytes, where: str) -> Iterable[tuple[str, bytes]]:
    if not content.startswith(b"PK"):
        if where.lower().endswith(".zip") and not _looks_like_html(content):
            raise InputError(f"{where} is not a readable zip file; download it again or remove it")
        yield where, content
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if name.lower().endswith((".csv", ".xml")):
                    yield f"{where} ({name})", archive.read(name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{where} is not a readable zip file ({error}); download it again or remove it") from None
    except Exception as error:  # zlib.error has no public base class besides Exception
        raise InputError(f"{where} is damaged ({error}); download it again or remove it") from None


def _looks_like_html(text: bytes) -> bool:
    head = text[:500].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html")) or b"<html" in head


def _refuse_error_answer(text: bytes, where: str) -> None:
    """OASIS says no with HTTP 200: a page, or an XML with an error code."""
    if _looks_like_html(text):
        raise UnavailableError(
            f"{where} is a web page, not prices (OASIS may have throttled it); download it again or remove it"
        )
    if text.lstrip().startswith(b"<"):
        code = re.search(rb"<[\w:]*ERR_CODE>\s*(\d+)", text)
        said = re.search(rb"<[\w:]*ERR_DESC>\s*([^<]*)", text)
        if code:
            what = said[1].decode(errors="replace").strip() if said else "no description"
            raise OasisRefusalError(
                f"{where} holds OASIS error {code[1].decode()} ({what}), no prices; check node and month or remove it",
                int(code[1]),
            )
        raise InputError(f"{where} is an XML without prices; download the report as CSV")


def _parse(text: bytes, where: str) -> tuple[str, pd.DataFrame]:
    try:
        table = pd.read_csv(io.BytesIO(text), dtype=str, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise InputError(
            f"{where} is not a readable CSV ({_first_line(error)}); download it again or remove it"
        ) from None
    table.columns = table.columns.str.strip().str.upper()
    if "ANC_TYPE" in table:
        report, name, item, price = RESERVES, "ANC_REGION", "ANC_TYPE", "MW"
    elif "PRC" in table:
        report, name, item, price = REAL_TIME, "NODE", "LMP_TYPE", "PRC"
    else:
        report, name, item, price = DAY_AHEAD, "NODE", "LMP_TYPE", "MW"
    missing = [column for column in (_TIME, name, item, price) if column not in table]
    if missing:
        raise InputError(
            f"{where} lacks the column(s) {', '.join(missing)} of an OASIS price report; download it again as CSV"
        )
    market = set(table["MARKET_RUN_ID"].dropna().unique()) if "MARKET_RUN_ID" in table else set()
    expected = {"RTPD"} if report == REAL_TIME else {"DAM"}
    if market - expected:
        raise InputError(
            f"{where} is of market {', '.join(sorted(market - expected))}, but {report} is read from "
            f"{', '.join(expected)}; download PRC_RTPD_LMP (RTPD), PRC_LMP (DAM) or PRC_AS (DAM)"
        )
    try:
        rows = pd.DataFrame(
            {
                "timestamp": pd.to_datetime(table[_TIME], utc=True, format="ISO8601").dt.as_unit("us"),
                "name": table[name].str.strip(),
                "item": table[item].str.strip(),
                "price": pd.to_numeric(table[price]),
            }
        )
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{where} holds an unreadable time or price ({_first_line(error)}); download it again or remove it"
        ) from None
    return report, rows


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def without_duplicates(reports: Iterable[OasisRows], report: str) -> pd.DataFrame:
    """All rows of one kind of report, identical repetitions dropped, with `retrieved_at`; a conflict is an error."""
    parts = [r.rows.assign(retrieved_at=r.retrieved_at) for r in reports if r.report == report]
    if not parts:
        return pd.DataFrame(columns=["timestamp", "name", "item", "price", "retrieved_at"])
    rows = pd.concat(parts, ignore_index=True).dropna(subset=["price"])
    key = ["timestamp", "name", "item"]
    spread = rows.groupby(key)["price"].agg(["min", "max"])
    conflict = spread[spread["max"] - spread["min"] > _SAME_PRICE]
    if len(conflict):
        (when, name, item), prices = conflict.index[0], conflict.iloc[0]
        raise InputError(
            f"the files hold two prices for {name} {item} at {when:%Y-%m-%dT%H:%MZ}: {prices['min']:g} and "
            f"{prices['max']:g} $/MWh; keep the right file in raw/oasis"
        )
    return rows.sort_values([*key, "retrieved_at"]).drop_duplicates(key, keep="last").reset_index(drop=True)
