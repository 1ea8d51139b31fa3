"""A stand-in for the Gemini Developer API on a real local socket: `generateContent`, answers as a script gives them."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What to answer: a status and a body, sent as JSON or, if a string, as it is."""

    body: Any
    status: int = 200
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0.0
    """between two bytes of the body"""
    drip_headers: bool = False
    """bytes of the head come as slowly"""


@dataclass
class GeminiServer:
    """Where it listens, and every request it saw."""

    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)


def said(text: str, finish: str = "STOP") -> Reply:
    """A candidate with this text, in the service's own shape."""
    return Reply(
        {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}
            ],
            "usageMetadata": {"promptTokenCount": 700, "candidatesTokenCount": 120, "totalTokenCount": 820},
            "modelVersion": "gemini-stand-in",
            "responseId": "1",
        }
    )


def blocked() -> Reply:
    """A safety stop: no content at all."""
    return Reply({"candidates": [{"finishReason": "SAFETY", "index": 0}], "usageMetadata": {"promptTokenCount": 700}})


def refused(status: int, name: str) -> Reply:
    """An error of the service."""
    return Reply({"error": {"code": status, "message": "no", "status": name}}, status)


def busy(seconds: float, *, by_header: bool = False) -> Reply:
    """429, and when to come back: in Google's RetryInfo, or in a Retry-After header."""
    error: dict[str, Any] = {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}
    if by_header:
        return Reply({"error": error}, 429, headers={"Retry-After": f"{seconds:g}"})
    error["details"] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds:g}s"},
    ]
    return Reply({"error": error}, 429)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # who timed out has gone
            super().handle_error(request, client_address)


@contextmanager
def serving(answer: Callable[[int, dict[str, Any]], Reply]) -> Iterator[GeminiServer]:
    """Serve on a free port; `answer(number, body)` decides what request `number` gets."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                number = len(server.requests)
                server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
            reply = answer(number, body)
            time.sleep(reply.delay_seconds)
            content = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
            self.send_response(reply.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who timed out has gone
                if reply.drip_headers:
                    self._drip(b"".join(self._headers_buffer), reply.drip_seconds)
                    self._headers_buffer = []
                self.end_headers()
                if reply.drip_seconds:
                    self._drip(content, reply.drip_seconds)
                else:
                    self.wfile.write(content)

        def _drip(self, content: bytes, seconds: float) -> None:
            for byte in content:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(seconds)

        def log_message(self, *arguments: Any) -> None:
            pass

    listener = _Listener(("127.0.0.1", 0), Handler)
    server = GeminiServer(f"http://127.0.0.1:{listener.server_address[1]}")
    threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
