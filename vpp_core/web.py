"""What every call over a network obeys here: a limit on the whole of it, waits as the service tells, no key in words.

A client's own time-out holds for each read of a socket, so a service that sends a byte a second holds a call for as
long as it likes; and what a service says in an error may repeat the key that it was sent.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

ValueT = TypeVar("ValueT")
KEY_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$", re.IGNORECASE)
"""Names of environment variables that hold what nobody else may read."""
SHORTEST_KEY = 8
"""characters; a shorter value is no key, and would be found in ordinary words"""
HIDDEN = "***"


def within(seconds: float, call: Callable[[], ValueT]) -> ValueT:
    """What `call` returns or raises, or a `TimeoutError` after so many seconds, whatever it is then doing.

    A call that is given up ends by itself, in a thread that keeps no process alive.
    """
    result: list[ValueT] = []
    fault: list[BaseException] = []

    def run() -> None:
        try:
            result.append(call())
        except BaseException as error:  # handed to the caller, whatever it is
            fault.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if fault:
        raise fault[0]
    if not result:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return result[0]


def told_wait_seconds(headers: Mapping[str, Any], now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date; None without a readable one."""
    told = str(headers.get("retry-after") or headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", told):
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0)


def keys() -> list[str]:
    """The keys of this process' environment, the longest first."""
    found = {value.strip() for name, value in os.environ.items() if KEY_NAME.search(name)}
    return sorted((key for key in found if len(key) >= SHORTEST_KEY), key=len, reverse=True)


def without_keys(text: str) -> str:
    """The text with every key of the environment hidden, as it is or as a URL would write it."""
    for key in keys():
        for form in {key, quote(key, safe="")}:
            text = text.replace(form, HIDDEN)
    return text
