"""Starting Streamlit so that it serves this machine alone and asks nothing of any other."""

from __future__ import annotations

import gc
import importlib
from pathlib import Path

from vpp_pipeline.lake import Lake
from vpp_pipeline.ui.lake_pages import LakePages, Receive, Scope, Send

ADDRESS = "127.0.0.1"
SETTINGS = {
    "server.address": ADDRESS,
    "server.headless": True,  # opens no browser, asks for no e-mail address
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "browser.gatherUsageStats": False,
    "client.showErrorLinks": False,  # to search machines
    "client.toolbarMode": "minimal",  # no buttons to deploy anywhere
    "runner.magicEnabled": False,
    "logger.hideWelcomeMessage": True,
    "theme.font": "sans-serif",
}
_WARM = (
    "duckdb",
    "plotly.graph_objects",
    "vpp_core.results.figures",
    "vpp_core.fleet.arrow",
    "vpp_dashboard.queries",
)
"""What every first page needs, imported before the server answers."""


def warm() -> None:
    """Load what every first page needs: modules, and of plotly what it imports only when a figure is first checked."""
    for name in _WARM:
        importlib.import_module(name)
    from plotly.graph_objects import Figure

    Figure({"data": [{"type": kind} for kind in ("bar", "scatter", "waterfall")], "layout": {"xaxis": {}, "yaxis": {}}})
    # Streamlit looks for garbage whenever a page was drawn: what is loaded by now is none, and need not be looked at.
    gc.collect()
    gc.freeze()


def serve(port: int, lake: Lake) -> None:
    """Serve the dashboard, and the lake's reports below `/lake/`, until it is interrupted."""
    from streamlit import App, net_util

    class WithReports(App):
        """Streamlit's application, behind what the lake holds."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await LakePages(super().__call__, lake)(scope, receive, send)

    # Asked for to judge a request from another site, which is refused either way: it would ask a web service.
    net_util.get_external_ip = lambda: None
    warm()
    WithReports(Path(__file__).with_name("app.py")).run(config={**SETTINGS, "server.port": port})
