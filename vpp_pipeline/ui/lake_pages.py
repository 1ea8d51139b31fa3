"""Reports and pictures of the lake, served beside Dagster's pages so that an asset's link opens them.

A link is relative (`lake/reports/…`), since it is stored with the run while the address and its secret path are not; so
it is answered below whichever of Dagster's pages it stands on. A page is served as a sandbox: its script draws, and
cannot ask this server for anything in the reader's name.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import PurePosixPath
from typing import Any

from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.links import SERVED_AT

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LINK = re.compile(rf"/{SERVED_AT}/((?:reports|plots)/[^\\]+)$")
_KINDS = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".csv": b"text/csv; charset=utf-8",
    ".md": b"text/plain; charset=utf-8",
}
_SANDBOX = (b"content-security-policy", b"sandbox allow-scripts allow-popups")


class LakePages:
    """An ASGI application: files of the lake where they are asked for, and another application for all else."""

    def __init__(self, application: Application, lake: Lake) -> None:
        self._application = application
        self._lake = lake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _LINK.search(scope["path"]) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        if asked is None:
            await self._application(scope, receive, send)
            return
        content = self._content(asked[1])
        kind = _KINDS.get(PurePosixPath(asked[1]).suffix)
        if content is None or kind is None:
            await _answer(send, 404, b"text/plain; charset=utf-8", b"the lake has no such report\n")
        else:
            await _answer(send, 200, kind, b"" if scope["method"] == "HEAD" else content)

    def _content(self, path: str) -> bytes | None:
        """A file's content; None where there is none, or it would lie elsewhere."""
        if any(part in ("", ".", "..") for part in path.split("/")):
            return None
        try:
            return bytes((self._lake.root / path).read_bytes())
        except OSError:
            return None


async def _answer(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"x-content-type-options", b"nosniff"), _SANDBOX]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
