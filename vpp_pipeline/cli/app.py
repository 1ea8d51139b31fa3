"""The command's root: which commands there are, and how every error is said."""

from __future__ import annotations

import functools
import io
import os
import signal
import sys

import typer

from vpp_core.errors import LONGEST_SENTENCE, InputError, shortened
from vpp_pipeline import project
from vpp_pipeline.cli import (
    backfill,
    dashboard,
    data,
    day,
    events,
    fleet,
    household,
    ladder,
    negotiate,
    prune,
    report,
    run,
    study,
    ui,
)
from vpp_pipeline.cli.console import say

HELP = """What does a virtual power plant give up by negotiating with households instead of commanding them?

Start with: vpp run --month 2023-08

Months are written 2023-08. Times are the market's local time unless an offset is given."""

app = typer.Typer(help=HELP, add_completion=False, rich_markup_mode=None)
for module in (
    run,
    ladder,
    day,
    data,
    fleet,
    events,
    household,
    negotiate,
    report,
    backfill,
    study,
    ui,
    dashboard,
    prune,
):
    module.register(app)

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `vpp`: runs the command and exits with its code. SIGTERM is an interruption like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter shows a question mark in its place
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(execute(arguments))


def execute(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; errors of use are said in one sentence on stderr."""
    project.load_environment_file()
    try:
        code = _command().main(
            (sys.argv[1:] if arguments is None else arguments) or ["--help"], prog_name="vpp", standalone_mode=False
        )
    except InputError as error:
        return _refuse(str(error))
    except (typer.Abort, KeyboardInterrupt):
        say("interrupted; what was finished is kept, run again to continue", err=True)
        return INTERRUPTED
    except typer.TyperException as error:
        return _refuse(error.format_message() if hasattr(error, "format_message") else str(error))
    except BrokenPipeError:  # whoever read the output has had enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:  # a file or folder that the system refuses, wherever it was met
        return _refuse(f"{error.filename or 'the system'}: {error.strerror or error}")
    return code if isinstance(code, int) else 0


@functools.cache
def _command() -> typer.core.TyperGroup:
    """All commands with their options, made once a process: it takes some 20 ms."""
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    return command


def _refuse(sentence: str) -> int:
    say(f"vpp: {shortened(' '.join(sentence.split()), LONGEST_SENTENCE)}", err=True)
    return BAD_INPUT
