"""What the live services gave, kept as it came under `raw/fetched`, and read again from there."""

from __future__ import annotations

from pathlib import Path

from vpp_core.calendar import Month
from vpp_core.errors import UnavailableError
from vpp_core.sources.network import Services
from vpp_core.sources.oasis_files import OasisRows


def read(raw: Path, node: str, month: Month) -> list[OasisRows]:
    """The reports that were fetched before."""
    return []


def fetch(raw: Path, node: str, zone: str, month: Month, wanted: set[str], services: Services) -> list[OasisRows]:
    """Ask the live services for what is wanted."""
    raise UnavailableError("no live")
