"""A headless Chromium, driven over its debugging protocol: open a page, wait for words, click, look."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

DRAWN = """(() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
    && [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].every(plot => plot.querySelector('.main-svg'));
})()"""
"""Whether Streamlit's page is as its script left it. Its running sign is no measure: that comes with a delay."""

_SETTLED = "new Promise(settled => requestAnimationFrame(() => requestAnimationFrame(settled)))"
"""Two frames later: what was scrolled, resized or drawn is where it stays."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """One tab."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._number = 0
        self.asked: set[str] = set()
        """every address that the page asked for"""
        self.call("Page.enable")
        self.call("Network.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._connection.recv(timeout=60))
            if said.get("method") == "Network.requestWillBeSent":
                self.asked.add(said["params"]["request"]["url"])
            if said.get("method") == "Network.webSocketCreated":
                self.asked.add(said["params"]["url"])
            if said.get("id") == self._number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return dict(said["result"])

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, or what it promises."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return said["result"].get("value")

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def wait_for(self, script: str, seconds: float = 120) -> float:
        """Seconds until an expression is true; an error with the page's words where it never is."""
        began = time.perf_counter()
        while not self.run(f"Boolean({script})"):
            if time.perf_counter() - began > seconds:
                raise TimeoutError(f"{script} stays false on a page that says: {self.words()[:2000]}")
            time.sleep(0.1)
        return time.perf_counter() - began

    def wait_for_words(self, *words: str, seconds: float = 120) -> float:
        """Until the page says all of this, its script is over and every plot is drawn."""
        said = " && ".join(f"document.body.innerText.includes({json.dumps(part)})" for part in words)
        return self.wait_for(f"{DRAWN} && {said or 'true'}", seconds)

    def words(self) -> str:
        return str(self.run("document.body.innerText"))

    def middle_of(self, selector: str, at: int = 0) -> tuple[float, float]:
        """Where the middle of an element is, once it is there, in sight, and stays where it is."""
        self.wait_for(f"document.querySelectorAll({json.dumps(selector)}).length > {at}")
        element = f"document.querySelectorAll({json.dumps(selector)})[{at}]"
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        place = (
            f"{_SETTLED}.then(() => (b => [b.x + b.width / 2, b.y + b.height / 2])({element}.getBoundingClientRect()))"
        )
        before, now = None, self.run(place)
        while now != before:
            before, now = now, self.run(place)
        return float(now[0]), float(now[1])

    def click(self, x: float, y: float) -> None:
        where = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", **where)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **where)

    def picture(self, path: Path, whole: bool = True) -> None:
        """A screenshot, of the whole page where that is longer than the window."""
        if whole:
            height = self.run(
                "document.querySelector('[data-testid=\"stMain\"]')?.scrollHeight ?? document.body.scrollHeight"
            )
            width = self.run("window.innerWidth")
            self.call(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=min(int(height) + 20, 6000), deviceScaleFactor=1, mobile=False,
            )  # fmt: skip
            self.run(_SETTLED)
            self.wait_for(DRAWN)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        if whole:
            self.call("Emulation.clearDeviceMetricsOverride")


@contextmanager
def browser(folder: Path, size: str = "1280,900") -> Iterator[Browser]:
    """Chromium with an empty profile in `folder`."""
    from urllib.request import urlopen

    from websockets.sync.client import connect

    assert CHROMIUM is not None
    port = free_port()
    flags = (*FLAGS, f"--user-data-dir={folder}", f"--remote-debugging-port={port}", f"--window-size={size}")
    with subprocess.Popen(
        [CHROMIUM, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as own:
        try:
            page = None
            for _ in range(200):
                try:
                    with urlopen(f"http://127.0.0.1:{port}/json") as answer:
                        page = next(tab for tab in json.loads(answer.read()) if tab["type"] == "page")
                    break
                except (OSError, StopIteration):
                    time.sleep(0.1)
            assert page is not None, "Chromium did not come up"
            with connect(page["webSocketDebuggerUrl"], max_size=None) as connection:
                yield Browser(connection)
        finally:
            own.terminate()
