"""The raw files of a stage: those in the folders whose names the stage's code imports, path and content of each."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vpp_core.sources import folders
from vpp_pipeline.recipe.code import reached_by


def raw_folders(asset: str) -> tuple[str, ...]:
    """The folders below `raw/` that a stage's code names: those it imports from `vpp_core.sources.folders`, where
    a name is one folder or, by market, several.
    """
    names = (name.rpartition(".") for name in reached_by(asset).names)
    named = [getattr(folders, name) for module, _, name in names if module == folders.__name__]
    return tuple(sorted(folder for one in named for folder in ([one] if isinstance(one, str) else one.values())))


def raw_digest(raw: Path, asset: str) -> list[str]:
    """One entry per raw file that a stage may read, so that one that arrives or changes is noticed."""
    files = sorted(file for name in raw_folders(asset) for file in (raw / name).rglob("*") if file.is_file())
    return [f"{file.relative_to(raw).as_posix()}={_content_digest(file)}" for file in files]


def _content_digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
