"""What stands before Dagster's web application: a secret path, and no request from another site.

A foreign page can make a browser send a request here (cross-site request forgery), or have its own name point here and
read the answers too (DNS rebinding). So a request must know the path, which no page can guess, must name this server
as its host, and, where the browser says which page sent it, that page must be of this server. Mutations come by POST.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Guard:
    """An ASGI application that hands on what may pass, and answers the rest with a status and a sentence."""

    def __init__(self, application: Application, prefix: str, names: Iterable[str]) -> None:
        """`prefix` is `/` and the secret; `names` are hosts by which browsers reach this server."""
        self._application = application
        self._prefix = prefix
        self._names = frozenset(name.lower().strip("[]") for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is None:
            await self._application(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _answer(send, *refused)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, None for what may pass."""
        hosts, origins = (_headers(scope, name) for name in (b"host", b"origin"))
        if len(hosts) != 1 or not self._is_here(hosts[0], scope):
            return 403, "this server is not reached by that name; open the address that `vpp ui` printed"
        if any(not _same_place(origin, hosts[0]) for origin in origins):
            return 403, "a page of another site sent this request"
        first = "/" + scope["path"].lstrip("/").partition("/")[0]
        if not hmac.compare_digest(first.encode(), self._prefix.encode()):
            return 404, "nothing is here; open the address that `vpp ui` printed, with its path"
        by_get = scope["type"] == "http" and scope["method"] != "POST"
        if by_get and scope["path"].rstrip("/").endswith("/graphql") and scope["query_string"]:
            return 405, "GraphQL is taken by POST"
        return None

    def _is_here(self, host: str, scope: Scope) -> bool:
        """Whether a Host header means this server. Any port will do: a tunnel or a container maps another to it."""
        name = _name(host)
        address = str((scope.get("server") or ("",))[0])
        return name is not None and (name in self._names or name == address)


def _headers(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


def _name(host: str) -> str | None:
    """The name in a Host header, in lower case without its port; None where it is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _same_place(origin: str, host: str) -> bool:
    """Whether an Origin header is the Host that the request went to. `null`, of a sandboxed page, is none."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and authority.lower() == host.lower()


def _unframed(send: Send) -> Send:
    """No other page may show this one within itself, where a click could be led astray."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"x-frame-options", b"DENY")]
        await send(message)

    return sending


async def _answer(send: Send, status: int, sentence: str) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [kind]})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})
