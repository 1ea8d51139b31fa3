"""The `vpp` command. One file per command; Dagster and the model are imported when a command needs them.

A mistake in the arguments, the data or the lake ends in one sentence and exit code 2; a run that failed otherwise in 1.
"""

from __future__ import annotations

import sys

from vpp_core.extras import how_to_install


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `vpp`; where only the core is installed, it says what is missing."""
    try:
        from vpp_pipeline.cli import app
    except ModuleNotFoundError as error:
        said = how_to_install(error.name or "")
        if not said:
            raise
        print(f"vpp: {said}", file=sys.stderr)  # noqa: T201 (the terminal's own library may be what is missing)
        sys.exit(2)
    app.main(arguments)
