"""What every live service has in common: where it is, how long to wait, and whether there is a network at all."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pandas as pd

from vpp_core.errors import UnavailableError
from vpp_core.web import HIDDEN, told_wait_seconds, within

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

OFFLINE_SECONDS = 4.0
"""At most this long is spent finding out that there is no network, over all services of a process."""
_PROBE_SECONDS = 2.0
_REMEMBERED_SECONDS = 600.0
LARGEST_ANSWER_BYTES = 100_000_000
"""of a service; a month of a node takes some hundred kB"""
LONGEST_TOLD_WAIT_SECONDS = 600.0
"""that a service may ask for before another attempt"""
MAX_REDIRECTS = 5


@dataclass(frozen=True)
class Services:
    """Addresses, keys and patience. Tests point it to a server of their own."""

    oasis_url: str = "https://oasis.caiso.com"
    hosted_url: str = "https://api.gridstatus.io/v1"
    pvwatts_url: str = "https://developer.nlr.gov/api/pvwatts/v8.json"
    hosted_key: str | None = field(default=None, repr=False)
    pvwatts_key: str | None = field(default=None, repr=False)
    pause_seconds: float = 5.0
    """between two requests to OASIS"""
    timeout_seconds: float = 60.0
    """for a connection, and for each part of an answer"""
    whole_call_seconds: float = 300.0
    attempts: int = 4
    now: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now(tz="UTC")

    @classmethod
    def from_environment(cls) -> Services:
        """Take keys and addresses from the environment.

        Keys are GRIDSTATUS_API_KEY, NREL_API_KEY or NLR_API_KEY; addresses may be moved for a mirror or a test.

        Returns
        -------
        Services
            Without a key where none is set.
        """
        env = os.environ
        default = cls()
        return cls(
            oasis_url=env.get("VPP_OASIS_URL", default.oasis_url).rstrip("/"),
            hosted_url=env.get("VPP_GRIDSTATUS_URL", default.hosted_url).rstrip("/"),
            pvwatts_url=env.get("VPP_PVWATTS_URL", default.pvwatts_url),
            hosted_key=env.get("GRIDSTATUS_API_KEY") or None,
            pvwatts_key=env.get("NREL_API_KEY") or env.get("NLR_API_KEY") or None,
        )


class UnreachableError(UnavailableError):
    """No network, or the service's host does not answer; said once per process by `reachability`."""


class _Reachability:
    """Remembers per process which services answered, so that a machine without network pays once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float | None, bool]] = {}
        self._spent = 0.0

    def check(self, url: str) -> None:
        """Raise `UnreachableError` where nothing answers at `url`."""
        sentence = f"{url} cannot be reached, so live data are left out; use files in raw/oasis or another --source"
        with self._lock:
            started = time.monotonic()
            when, answer = self._found.get(url, (None, False))
            if when is None or started - when > _REMEMBERED_SECONDS:
                left = OFFLINE_SECONDS - self._spent
                answer = left > 0 and _answers(url, min(_PROBE_SECONDS, left))
                self._found[url] = (time.monotonic(), answer)
                if not answer:
                    self._spent += time.monotonic() - started
                    if when is None:
                        log.warning("%s", sentence)
        if not answer:
            raise UnreachableError(sentence)

    def forget(self) -> None:
        """Start anew (tests)."""
        with self._lock:
            self._found.clear()
            self._spent = 0.0


reachability = _Reachability()


def _answers(url: str, seconds: float) -> bool:
    """Whether any HTTP answer comes within `seconds`, name look-up included (which has no time-out of its own)."""
    import requests

    answered = threading.Event()

    def ask() -> None:
        try:
            requests.head(url, timeout=seconds, allow_redirects=False)
            answered.set()
        except requests.RequestException:
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


class _PassingFault(Exception):
    """Worth another attempt: throttled, overloaded, or cut off; perhaps with when the service wants to be asked."""

    def __init__(self, reason: str, told_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.told_seconds = told_seconds


def get(
    url: str,
    services: Services,
    *,
    what: str,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> requests.Response:
    """GET with a limit on the whole call and patient retries.

    Throttling and server faults are retried with growing pauses, never sooner than the service says; other answers,
    refusals included, are the caller's. No other host is asked, so no key gets to one, and a key that an answer
    repeats is hidden in it.

    Parameters
    ----------
    url : str
        What is asked.
    services : Services
        Keys that are to be hidden, and how patient to be.
    what : str
        What the service is called in errors.
    params, headers : dict, optional
        Of the request.

    Returns
    -------
    requests.Response
        An answer, which may be a refusal.

    Raises
    ------
    UnavailableError
        Names `what` and why nothing was had.
    """
    import tenacity

    def attempt() -> requests.Response:
        answer = _one_call(url, services, what, params, headers)
        throttled = answer.status_code == 200 and b"Acceptable Use Policy" in answer.content[:2000]
        if answer.status_code in (408, 425, 429) or answer.status_code >= 500 or throttled:
            told = told_wait_seconds(answer.headers)
            if told is not None and told > LONGEST_TOLD_WAIT_SECONDS:
                raise UnavailableError(f"{what} says to come back in {told / 60:,.0f} min; try then or use files")
            raise _PassingFault("throttled" if throttled else f"HTTP {answer.status_code}", told)
        return answer

    def pause(state: tenacity.RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        growing: float = tenacity.wait_exponential(multiplier=services.pause_seconds, max=60)(state)
        return max(growing, getattr(fault, "told_seconds", None) or 0.0)

    def tell(state: tenacity.RetryCallState) -> None:
        reason = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        log.info("%s: %s, waiting %.0f s before attempt %d", what, reason, seconds, state.attempt_number + 1)

    try:
        answer: requests.Response = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(services.attempts),
            wait=pause,
            retry=tenacity.retry_if_exception_type(_PassingFault),
            before_sleep=tell,
            reraise=True,
        )(attempt)
        return answer
    except _PassingFault as error:
        raise UnavailableError(
            f"{what} could not be had after {services.attempts} attempts ({error}); try later or use files"
        ) from None


def _one_call(
    url: str, services: Services, what: str, params: dict[str, Any] | None, headers: dict[str, str] | None
) -> requests.Response:
    """What one address answers; redirects are followed within its host only."""
    import requests

    for _ in range(MAX_REDIRECTS + 1):
        address, query = url, params
        try:
            answer = within(services.whole_call_seconds, lambda: _read(address, query, headers, services))  # noqa: B023
        except (requests.RequestException, TimeoutError) as error:
            raise _PassingFault(type(error).__name__) from None
        if not answer.is_redirect:
            return answer
        url, params = urljoin(address, answer.headers["location"]), None
        if _origin(url) != _origin(address):
            raise UnavailableError(
                f"{what} is redirected to another host ({(urlsplit(url).hostname or 'unnamed')[:100]}), which is not "
                "asked, since it is not known and would get the key; where it is right, set its address (docs/data.md)"
            )
    raise UnavailableError(f"{what} is redirected more than {MAX_REDIRECTS} times; try later or use files")


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what a key is for."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # no number
        port = None
    return parts.scheme, parts.hostname or "", port


def _read(
    url: str, params: dict[str, Any] | None, headers: dict[str, str] | None, services: Services
) -> requests.Response:
    """One answer, read to its end within limits of size and time, without the keys that it may repeat."""
    import requests

    ends = time.monotonic() + services.whole_call_seconds
    with requests.get(
        url, params=params, headers=headers, timeout=services.timeout_seconds, allow_redirects=False, stream=True
    ) as answer:
        parts, size = [], 0
        for part in answer.iter_content(1 << 16):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER_BYTES:
                raise requests.exceptions.ContentDecodingError("too large")
            if time.monotonic() > ends:
                raise TimeoutError
        content = b"".join(parts)
    for key in filter(None, (services.hosted_key, services.pvwatts_key)):
        content = content.replace(key.encode(), HIDDEN.encode())
    answer._content = content  # where requests itself keeps a body that was read
    return answer
