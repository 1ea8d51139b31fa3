"""The `vpp` command. One file per command; Dagster and the model are imported when a command needs them.

A mistake in the arguments, the data or the lake ends in one sentence and exit code 2; a run that failed otherwise in 1.
"""

from vpp_pipeline.cli.app import main

__all__ = ["main"]
