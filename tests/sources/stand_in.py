"""OASIS downloads in its layout, and a server on a real socket that answers as OASIS, PVWatts and gridstatus.io."""

from __future__ import annotations

import functools
import io
import json
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

from vpp_core.sources.network import Services

NODE = "DLAP_SCE-APND"
REGIONS = ("AS_CAISO", "AS_CAISO_EXP", "AS_NP26", "AS_NP26_EXP", "AS_SP26", "AS_SP26_EXP")
PARTS = {"MCE": 0.9, "MCC": 0.06, "MCL": 0.04, "MGHG": 0.0}
STEPS = {"PRC_RTPD_LMP": "15min", "PRC_LMP": "1h", "PRC_AS": "1h"}
NOW = pd.Timestamp("2026-11-21T12:00Z")


def price_at(start: pd.DatetimeIndex, day_ahead: bool = False) -> np.ndarray:
    """A price that tells the hour and day apart: the test's truth."""
    hours = np.asarray((start - pd.Timestamp("2020-01-01", tz="UTC")) / pd.Timedelta("1h"))
    return np.round(30 + 20 * np.sin(hours / 24 * 2 * np.pi) + 5 * np.cos(hours) + 3 * day_ahead, 5)


def lmp_report(
    start: str | pd.Timestamp, end: str | pd.Timestamp, node: str = NODE, day_ahead: bool = False
) -> pd.DataFrame:
    """PRC_RTPD_LMP, or PRC_LMP with `day_ahead`, in OASIS' columns and disorder."""
    return _lmp_report(pd.Timestamp(start), pd.Timestamp(end), node, day_ahead).copy()


@functools.cache
def _lmp_report(start: pd.Timestamp, end: pd.Timestamp, node: str, day_ahead: bool) -> pd.DataFrame:
    name = "PRC_LMP" if day_ahead else "PRC_RTPD_LMP"
    first = pd.date_range(start, end, freq=STEPS[name], inclusive="left").tz_convert("UTC")
    price = price_at(first, day_ahead)
    begins, ends = (when.strftime("%Y-%m-%dT%H:%M:00-00:00") for when in (first, first + pd.Timedelta(STEPS[name])))
    tables = []
    for item, share in {"LMP": 1.0, **PARTS}.items():
        table = pd.DataFrame(
            {
                "INTERVALSTARTTIME_GMT": begins,
                "INTERVALENDTIME_GMT": ends,
                "NODE": node,
                "MARKET_RUN_ID": "DAM" if day_ahead else "RTPD",
                "LMP_TYPE": item,
                "MW" if day_ahead else "PRC": np.round(price * share, 5),
            }
        )
        tables.append(table)
    return pd.concat(tables).sample(frac=1, random_state=1)


def reserve_report(
    start: str | pd.Timestamp, end: str | pd.Timestamp, kind: str, regions: tuple[str, ...] = REGIONS
) -> pd.DataFrame:
    """PRC_AS of one product: AS_CAISO_EXP holds a fifth of the price, AS_SP26_EXP one dollar."""
    return _reserve_report(pd.Timestamp(start), pd.Timestamp(end), kind, regions).copy()


@functools.cache
def _reserve_report(start: pd.Timestamp, end: pd.Timestamp, kind: str, regions: tuple[str, ...]) -> pd.DataFrame:
    first = pd.date_range(start, end, freq="1h", inclusive="left").tz_convert("UTC")
    begins = first.strftime("%Y-%m-%dT%H:%M:00-00:00")
    value = {
        "AS_CAISO_EXP": price_at(first).clip(0) / 5,
        "AS_SP26_EXP": np.ones(len(first)),
        "AS_NP26_EXP": np.full(len(first), 7.0),
    }
    tables = [
        pd.DataFrame(
            {
                "INTERVALSTARTTIME_GMT": begins,
                "ANC_TYPE": kind,
                "ANC_REGION": region,
                "MARKET_RUN_ID": "DAM",
                "MW": np.round(value.get(region, np.zeros(len(first))) * (1 if kind == "SR" else 0.5), 5),
            }
        )
        for region in regions
    ]
    return pd.concat(tables).sample(frac=1, random_state=2)


def zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


@functools.cache
def _downloaded(name: str, start: pd.Timestamp, end: pd.Timestamp, of: str) -> bytes:
    """What OASIS sends of a report; `of`: the node, or the reserve product."""
    report = reserve_report(start, end, of) if name == "PRC_AS" else lmp_report(start, end, of, name == "PRC_LMP")
    return zipped(f"{name}.csv", report.to_csv(index=False))


def oasis_error(code: int, description: str) -> bytes:
    return zipped(
        "INVALID_REQUEST.xml",
        '<?xml version="1.0"?><m:OASISReport xmlns:m="http://www.caiso.com/soa/OASISReport_v1.xsd"><m:MessagePayload>'
        f"<m:RTO><m:ERROR><m:ERR_CODE>{code}</m:ERR_CODE><m:ERR_DESC>{description}</m:ERR_DESC></m:ERROR></m:RTO>"
        "</m:MessagePayload></m:OASISReport>",
    )


THROTTLED = b"<html><body>Acceptable Use Policy Violation. Please retry your request after 5 seconds.</body></html>"
MAINTENANCE = b"<!DOCTYPE html><html><body>The site is down for maintenance</body></html>"


class _Handler(BaseHTTPRequestHandler):
    server: FakeServices

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(address.query).items()}
        self.server.requests.append({"path": address.path, **query, "key": self.headers.get("X-Api-Key") or ""})
        act = self.server.script.pop(0) if self.server.script else None
        if isinstance(act, tuple):
            self._send(*act)
        elif act == "hang":
            time.sleep(3)
        elif act == "drip":
            self._drip()
        elif address.path.startswith("/oasisapi"):
            self._send(200, self._oasis(query))
        elif address.path.startswith("/v1/datasets/"):
            self._send(*self._hosted(address.path, query))
        else:
            self._send(*self._pvwatts(query))

    def _drip(self) -> None:
        """A byte now and then, for longer than anybody waits."""
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.1)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client gave up waiting, as the test wants

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except BrokenPipeError:
            pass  # the client gave up waiting, as the test wants

    def _oasis(self, query: dict[str, str]) -> bytes:
        start, end = (pd.Timestamp(query[k].replace("-0000", "+0000")) for k in ("startdatetime", "enddatetime"))
        if query.get("node") == "NOWHERE":
            return oasis_error(1001, "Invalid node")
        name = query["queryname"]
        return _downloaded(name, start, end, query["anc_type"] if name == "PRC_AS" else query["node"])

    def _hosted(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if self.headers.get("x-api-key") != "right-key":
            return 401, b'{"detail": "Invalid API key"}'
        day_ahead = "day_ahead" in path
        first = pd.date_range(
            query["start_time"], query["end_time"], freq="1h" if day_ahead else "15min", inclusive="left"
        )
        first = first.tz_convert("UTC")
        columns = ["interval_start_utc", "interval_end_utc", "location", "lmp", "energy", "congestion", "loss", "ghg"]
        price = price_at(first, day_ahead)
        rows = [
            [t.isoformat(), (t + pd.Timedelta("15min")).isoformat(), query["filter_value"], p, p, 0, 0, 0]
            for t, p in zip(first, price, strict=True)
        ]
        page = int(query.get("cursor") or 0)
        more = page + 1500 < len(rows)
        body = {
            "data": [columns, *rows[page : page + 1500]],
            "meta": {"hasNextPage": more, "cursor": str(page + 1500)},
            "dataset_metadata": {
                "data_timezone": "US/Pacific",
                "all_columns": [{"name": c, "is_datetime": c.endswith("_utc")} for c in columns],
            },
        }
        return 200, json.dumps(body).encode()

    def _pvwatts(self, query: dict[str, str]) -> tuple[int, bytes]:
        if self.headers.get("X-Api-Key") != "sun-key":
            return 403, b'{"error": {"code": "API_KEY_INVALID", "message": "An invalid api_key was supplied."}}'
        return 200, json.dumps({"errors": [], "warnings": [], "outputs": {"ac": typical_year().tolist()}}).encode()


def typical_year() -> np.ndarray:
    """Watts per kW by standard-time hour: a triangle from 6 to 18 h with its peak at noon, higher in later months."""
    stamps = pd.date_range("2001-01-01", periods=8760, freq="h")
    shape = np.clip(1 - np.abs(stamps.hour + 0.5 - 12.0) / 6, 0, None)
    return np.asarray(shape * (500 + 20 * stamps.month))


class FakeServices(ThreadingHTTPServer):
    """A real socket; `script` holds failures to answer with first, `requests` what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[Any, ...] | str] = []
        self.requests: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def services(self, **changes: object) -> Services:
        settings: dict = {
            "oasis_url": self.url,
            "hosted_url": f"{self.url}/v1",
            "pvwatts_url": f"{self.url}/pvwatts",
            "pause_seconds": 0.01,
            "timeout_seconds": 10.0,
            "now": lambda: NOW,
            **changes,
        }
        return Services(**settings)
