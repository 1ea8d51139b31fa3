"""`vpp dashboard`: the results as an interactive page of this machine."""

from __future__ import annotations

import importlib.util
import socket
from typing import Annotated

import typer

from vpp_core.errors import InputError
from vpp_pipeline.cli.console import say


def register(app: typer.Typer) -> None:
    app.command()(dashboard)


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8501,
) -> None:
    """Open the dashboard: the answer of a month, what lies behind it, negotiations, households.

    It reads the lake and listens on 127.0.0.1 alone; nothing leaves this machine. Ctrl-C ends it.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise InputError('the dashboard needs Streamlit, which is not installed; pip install -e ".[dashboard]"')
    from vpp_dashboard.launch import ADDRESS, serve
    from vpp_dashboard.store import current_lake

    lake = current_lake()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise InputError(
                f"port {port} cannot be listened on ({error.strerror}); choose another with --port"
            ) from error
    say(f"lake {lake.root}")
    say(f"open http://{ADDRESS}:{port}/ (in some seconds; Ctrl-C ends it)")
    serve(port, lake)
