"""Plotly's script, which draws the plots of all pages: one file per version in the lake instead of 4.9 MB in each page.

Pages name it relative to themselves, so a lake's folder opens from a disk, without server or network.
"""

from __future__ import annotations

import re
from functools import cache

from vpp_core.errors import InputError
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.lake.lake import Lake

FOLDER = "plots"
_TAG = re.compile(r'<script src="[^"]*plotly-[0-9.]+\.min\.js"[^>]*></script>')


def library_name() -> str:
    """Its file's name: pages go on with the version that they were made for."""
    from plotly.offline import get_plotlyjs_version

    return f"plotly-{get_plotlyjs_version()}.min.js"


def library_from(levels: int) -> str:
    """Where it lies, as seen from a page that many folders below the lake."""
    return f"{'../' * levels}{FOLDER}/{library_name()}"


def put_library(lake: Lake) -> None:
    """Make sure that it is in the lake, whole."""
    path, content = lake.root / FOLDER / library_name(), _library()
    try:
        there = path.read_bytes()
    except OSError:
        there = b""
    if there != content:
        write_whole(path, content)


@cache
def _library() -> bytes:
    """Plotly's script, 5 MB, read from its package once a process."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs().encode()


def alone(page: str, where: str) -> str:
    """A report's page with the script in it: one file that opens wherever it is sent."""
    tags = _TAG.findall(page)
    if len(tags) != 1:
        raise InputError(f"{where} was not written by this version; make it anew with `vpp run`")
    return page.replace(tags[0], f"<script>{_library().decode()}</script>")
