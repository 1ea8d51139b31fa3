"""Starting Streamlit so that it serves this machine alone and asks nothing of any other."""

from __future__ import annotations

import importlib
from pathlib import Path

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


def serve(port: int) -> None:
    """Serve the dashboard until it is interrupted."""
    from streamlit import net_util
    from streamlit.web import bootstrap

    # Asked for to judge a request from another site, which is refused either way: it would ask a web service.
    net_util.get_external_ip = lambda: None
    warm()
    options = {**SETTINGS, "server.port": port}
    bootstrap.load_config_options({name.replace(".", "_"): value for name, value in options.items()})
    bootstrap.run(str(Path(__file__).with_name("app.py")), False, [], options)
