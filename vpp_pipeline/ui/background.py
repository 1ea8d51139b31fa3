"""What works behind the webserver: one code server, and Dagster's daemon (queue, schedule, sensors), which both ask it.

A daemon that is started by itself has a code server of its own and starts that anew each minute, and it outlives a
webserver that was killed.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.workspace.load_target import WorkspaceFileTarget


@contextmanager
def code_server(instance: dg.DagsterInstance, workspace: Path) -> Iterator[WorkspaceFileTarget]:
    """A workspace whose code is served by one process, as `dagster dev` has it.

    It is started anew when it dies, loads changed code when the page's Reload asks for it, and ends itself when it has
    not heard from here for 45 seconds.
    """
    from dagster._cli.proxy_server_manager import ProxyServerManager
    from dagster._core.workspace.load_target import WorkspaceFileTarget

    with (
        ProxyServerManager(instance, WorkspaceFileTarget([str(workspace)]), "WARNING") as servers,
        tempfile.TemporaryDirectory() as folder,
    ):
        served = Path(folder) / "workspace.yaml"
        # JSON is YAML too.
        served.write_text(json.dumps({"load_from": list(servers.get_code_server_specs())}))
        yield WorkspaceFileTarget([str(served)])


@contextmanager
def daemon(instance: dg.DagsterInstance, target: WorkspaceFileTarget) -> Iterator[None]:
    """The daemon in threads of this process, over an instance of its own: the webserver's gives up waiting sooner."""
    from dagster import DagsterInstance
    from dagster._daemon.controller import daemon_controller_from_instance

    with (
        DagsterInstance.from_ref(instance.get_ref()) as own,
        daemon_controller_from_instance(own, target, log_level="WARNING", code_server_log_level="WARNING"),
    ):
        yield
