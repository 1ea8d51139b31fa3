"""The webserver, in this process, with Dagster's daemon and the code server of both beside it (`background`)."""

from __future__ import annotations

import errno
import importlib
import os
import secrets
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from vpp_core.errors import InputError
from vpp_pipeline.ui.background import code_server, daemon
from vpp_pipeline.ui.guard import LOOPBACK, Guard
from vpp_pipeline.ui.lake_pages import LakePages

if TYPE_CHECKING:
    import dagster as dg

    from vpp_pipeline.lake import Lake

SECRET_FILE = "ui-path"
EVERYWHERE = ("0.0.0.0", "::")
DATABASE_TIMEOUT_MS, RECYCLE_SECONDS, POOL_OVERFLOW = 15_000, 3600, 20
"""As Dagster's own webserver has them."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens there, taken before anything is started; a port in use is an `InputError`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            another = port + 1 if port < 65535 else port - 1
            raise InputError(
                f"port {port} of {host} is in use, perhaps by another `vpp ui`; end that, or give --port {another}"
            ) from None
        reason = getattr(error, "strerror", None) or "no such address"
        raise InputError(f"{host}, port {port}, cannot be listened at ({reason}); give --host 127.0.0.1") from None
    return listener


def secret_prefix(home: Path) -> str:
    """The path before every page: drawn once, kept in Dagster's home for its owner alone, so that a bookmark lasts."""
    path = home / SECRET_FILE
    for _ in range(2):
        try:
            kept = path.read_text(encoding="ascii").strip()
            if len(kept) >= 16 and kept.replace("-", "").replace("_", "").isalnum():
                return f"/{kept}"
            path.unlink()
        except (FileNotFoundError, UnicodeDecodeError):
            path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(16))
    raise InputError(f"{path} cannot be kept; remove it")


def serve(
    instance: dg.DagsterInstance,
    listener: socket.socket,
    prefix: str,
    names: tuple[str, ...],
    lake: Lake,
) -> None:
    """Serve until interrupted. Ends daemon and code server with it; runs under way are told to end by Dagster."""
    from dagster import __version__
    from dagster._core.workspace.context import WorkspaceProcessContext

    # Meanwhile: the code server takes seconds to start.
    threading.Thread(target=importlib.import_module, args=("dagster_webserver.app",), daemon=True).start()
    instance.optimize_for_webserver(DATABASE_TIMEOUT_MS, RECYCLE_SECONDS, POOL_OVERFLOW)
    with (
        code_server(instance) as target,
        daemon(instance, target),
        WorkspaceProcessContext(instance, target, __version__) as context,
    ):
        import uvicorn
        from dagster_webserver.app import create_app_from_workspace_process_context

        application = create_app_from_workspace_process_context(context, prefix)
        guarded = Guard(LakePages(application, lake), prefix, names)
        uvicorn.Server(uvicorn.Config(guarded, log_level="warning", server_header=False)).run(sockets=[listener])


def names_of(host: str, further: list[str]) -> tuple[str, ...]:
    """Names by which browsers may reach a server that listens at `host`."""
    own = LOOPBACK if host in LOOPBACK else (host, *LOOPBACK, socket.gethostname()) if host in EVERYWHERE else (host,)
    return (*own, *further)
