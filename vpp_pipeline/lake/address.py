"""What a lake and a folder of raw files may be called: a folder, or for the lake `s3://bucket/prefix`.

Every other address is refused in a sentence before anything is computed. None of these sentences shows the whole
address, since people write keys into it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from urllib.parse import urlsplit

from vpp_core.errors import InputError

STORES = {"s3": "s3fs"}
"""Scheme → the package that reaches it. Only what the tests run on is let in."""


def lake_address(text: str, start: Path, named_by: str) -> str:
    """The lake that a text names, a relative folder from `start`; `named_by` is where the text was found."""
    if "://" not in text:
        return str(local_folder(text, start, named_by))
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    if scheme == "file":
        return str(local_folder(rest, start, named_by))
    if scheme not in STORES:
        raise InputError(f"{named_by} names a {scheme}:// address; give a folder, or s3://bucket/lake")
    try:
        bucket = urlsplit(f"//{rest}")
        keys, name = bucket.username is not None, bucket.netloc
    except ValueError:
        keys, name = False, ""
    if keys:
        raise InputError(
            f"{named_by} has a key in the address; give {scheme}://bucket/lake, and the key as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    if not name or "?" in rest or "#" in rest:
        raise InputError(f"{named_by} names no bucket; write it as {scheme}://bucket/lake")
    if importlib.util.find_spec(STORES[scheme]) is None:
        raise InputError(
            f"{named_by} is an {scheme}:// address, for which the package {STORES[scheme]} is not installed; "
            f'pip install -e ".[{scheme}]"'
        )
    return f"{scheme}://{rest}"


def local_folder(text: str, start: Path, named_by: str) -> Path:
    """The folder of this machine that a text names, which may not be there yet."""
    if "://" in text:
        scheme = text.partition("://")[0]
        raise InputError(f"{named_by} names a {scheme}:// address; it has to be a folder of this machine")
    try:
        folder = start / Path(text).expanduser()
        found = folder.exists() and not folder.is_dir()
    except RuntimeError:
        raise InputError(f"{named_by} names the home of {text.split('/')[0]}, who is no user of this machine") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise InputError(f"{named_by} names {text}, which cannot be a folder ({reason}); give another") from None
    if found:
        raise InputError(f"{named_by} names {folder}, which is a file; give a folder")
    return folder
