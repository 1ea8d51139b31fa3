"""Writing whole files, and saying in one sentence why one could not be written.

A killed `to_parquet` destroys the file that was there before; so everything is written beside its place under a name
that no reader's glob matches, and moved there in one step. On an object store one PUT is whole by itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vpp_core.errors import InputError

if TYPE_CHECKING:
    from upath import UPath

TEMPORARY_SUFFIX = ".tmp"
ABANDONED_AFTER_SECONDS = 3600
"""A temporary file older than this was left by a killed run."""


def is_local(path: UPath | Path) -> bool:
    """Whether the operating system's own calls reach this path."""
    return isinstance(path, Path)


@contextlib.contextmanager
def explained(path: UPath | Path) -> Iterator[None]:
    """Turn the operating system's or an object store's refusal to write below `path` into one sentence."""
    try:
        yield
    except Exception as error:
        if isinstance(error, InputError):
            raise
        if isinstance(path, Path) and isinstance(error, OSError):
            raise InputError(_refusal(path, error)) from error
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in STORE_LIBRARIES:
            raise
        raise InputError(_refusal_of_store(path, error)) from None  # its own words may hold a key


STORE_LIBRARIES = ("botocore", "aiobotocore", "aiohttp", "s3fs", "fsspec")
"""Packages whose errors are the object store's."""


def _refusal_of_store(path: UPath | Path, error: Exception) -> str:
    if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return (
            f"{path} could not be reached: the store does not know the key, or there is none ({type(error).__name__}); "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if isinstance(error, FileNotFoundError):
        return f"{path} could not be reached: there is no such bucket; make it, or correct VPP_LAKE"
    return (
        f"{path} could not be reached ({type(error).__name__}); check the network and, for a server of your own, "
        "AWS_ENDPOINT_URL"
    )


def _refusal(path: UPath | Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {path} was not written and what was there before is unchanged; free space, run again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} cannot be written (read-only or no permission); set VPP_LAKE to a folder that can"
    return f"{path} could not be written ({error.strerror or error}); nothing there was changed"


def write_whole(path: UPath | Path, content: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never a part."""
    with explained(path):
        if not isinstance(path, Path):
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        with temporary_beside(path) as temporary:
            with temporary.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)


def create_whole(path: UPath | Path, content: bytes) -> bool:
    """Write a file only if none is there; False if there is. Two at once: exactly one creates it."""
    with explained(path):
        if not isinstance(path, Path):
            if path.exists():
                return False
            path.write_bytes(content)
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(path) as temporary:
            temporary.write_bytes(content)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            return True


@contextlib.contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """A name beside `path` to write under; whatever is left there at the end is removed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> None:
    """Clear what killed runs left; a file that another run is writing now is younger and stays."""
    oldest = time.time() - ABANDONED_AFTER_SECONDS
    for temporary in (*folder.glob(f".*{TEMPORARY_SUFFIX}"), *folder.glob(f".*{TEMPORARY_SUFFIX}.wal*")):
        with contextlib.suppress(OSError):
            if temporary.stat().st_mtime < oldest:
                temporary.unlink()
