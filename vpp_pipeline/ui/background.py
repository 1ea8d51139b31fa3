"""The code server and Dagster's daemon (run queue, schedule, sensors) that `vpp ui` starts beside its webserver.

Webserver and daemon use the same code server. A daemon started as a process of its own would have another, started
anew each minute, and would go on after the webserver was killed.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vpp_pipeline.origin import LOCATION, MODULE

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.workspace.load_target import WorkspaceFileTarget


@contextmanager
def code_server(instance: dg.DagsterInstance) -> Iterator[WorkspaceFileTarget]:
    """The workspace of the project's definitions, in a checkout or installed; one process serves its code.

    As `dagster dev` has it: it is started anew when it dies, loads changed code when the page's Reload asks for it, and
    ends itself when it has not heard from here for 45 seconds.
    """
    from dagster._cli.proxy_server_manager import ProxyServerManager
    from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget

    own = ModuleTarget(MODULE, attribute=None, working_directory=None, location_name=LOCATION)
    with (
        ProxyServerManager(instance, own, "WARNING") as servers,
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
