"""Opening what people drop into a folder: archives unpacked, leftovers of other programs skipped, sizes limited.

Whatever is neither read nor a known leftover is told to the caller as `Unread`; too much is an `InputError`.
"""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from vpp_core.errors import InputError
from vpp_core.iso import ISOS
from vpp_core.sources import spreadsheet
from vpp_core.sources.unread import Unread

LARGEST_BYTES = 256 * 2**20
"""Of a file, and of all that an archive holds. A month of one node, or ten years of a meter, is a hundredth of it."""
_DEEPEST = 3
"""Archives within archives."""
_MAX_MEMBERS = 20_000
_LEFTOVERS = (
    ".DS_Store",
    "._*",  # the Finder's second half of a file
    "__MACOSX",
    "~$*",  # Office has the file open
    ".~lock.*",  # LibreOffice has
    "Thumbs.db",
    "desktop.ini",
    ".gitkeep",
    ".gitignore",
    ".keep",
)


@dataclass(frozen=True)
class Document:
    """The content of a file, or of one in an archive; `where` names it for people."""

    where: str
    content: bytes


def is_leftover(path: str | Path) -> bool:
    """Whether the system, the Finder or Office put a file there.

    Parameters
    ----------
    path : str or pathlib.Path
        Of the file; any part of it counts.

    Returns
    -------
    bool
        True where nobody meant it.
    """
    parts = PurePosixPath(str(path).replace("\\", "/")).parts
    return any(fnmatch.fnmatchcase(part.lower(), kind.lower()) for part in parts for kind in _LEFTOVERS)


def files_below(folder: Path) -> list[Path]:
    """List the files of a folder and its subfolders; leftovers of other programs are none.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.

    Returns
    -------
    list of pathlib.Path
        By name.
    """
    if not folder.exists():
        return []
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in files if not is_leftover(path.relative_to(folder).as_posix()))


KNOWN_HERE = (
    *(iso.folder for iso in ISOS.values()),
    "load",
    "fetched",
    "llm",
    "households.txt",
    "households.csv",
    "households.json",
)
"""What the raw folder itself may hold."""


def strays(raw: Path) -> list[Unread]:
    """List what lies in the raw folder beside the folders and files that are read there.

    Parameters
    ----------
    raw : pathlib.Path
        The lake's raw folder.

    Returns
    -------
    list of Unread
        By name.
    """
    if not raw.is_dir():
        return []
    beside = sorted(path for path in raw.iterdir() if path.name not in KNOWN_HERE and not is_leftover(path.name))
    prices = ", ".join(f"raw/{iso.folder}" for iso in ISOS.values())
    why = f"not in {prices} (prices) or raw/load (meters), where files are looked for"
    return [Unread(path.name, why) for path in beside]


def named(path: Path, folder: Path) -> str:
    """Name a file as people know it.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    folder : pathlib.Path
        The one below `raw` that it is in.

    Returns
    -------
    str
        From that folder on.
    """
    return f"{folder.name}/{path.relative_to(folder).as_posix()}"


def last_changed(path: Path) -> pd.Timestamp:
    """When a file last changed.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    pandas.Timestamp
        To the second, UTC; an object store that does not say gives 1970.
    """
    return pd.Timestamp(getattr(path.stat(), "st_mtime", 0) or 0, unit="s", tz="UTC").floor("s")


def read_file(path: Path) -> bytes:
    """Read a file's bytes.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    InputError
        Where it is too large or may not be read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(_too_large(str(path)))
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions or remove it") from None


def _all(name: str) -> bool:
    return True


def documents(
    content: bytes, where: str, endings: Sequence[str], label: str, sheet: Callable[[str], bool] = _all
) -> Iterator[Document | Unread]:
    """Take a file apart: itself, members of a zip or gzip, sheets of a workbook, archives within included.

    Parameters
    ----------
    content : bytes
        The file.
    where : str
        Its name in refusals.
    endings : sequence of str
        Endings of the members that are read, beside those that some reader knows.
    label : str
        Its name in what is not read.
    sheet : callable, optional
        Whether a sheet of a workbook, by name, is wanted; by default all are. Sheets become CSV.

    Yields
    ------
    Document or Unread
        What is to be read, and each member of another kind.

    Raises
    ------
    InputError
        Where an archive is damaged, or unpacks to more than `LARGEST_BYTES`.
    """
    yield from _unpacked(content, where, endings, label, _Budget(where), 0, sheet)


@dataclass
class _Budget:
    """How much may still be unpacked of one file."""

    where: str
    left: int = field(default_factory=lambda: LARGEST_BYTES)

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise InputError(_too_large(self.where))


def _unpacked(
    content: bytes,
    where: str,
    endings: Sequence[str],
    label: str,
    budget: _Budget,
    depth: int,
    sheet: Callable[[str], bool],
) -> Iterator[Document | Unread]:
    packed = content[:2] == b"PK" or content[:2] == b"\x1f\x8b"
    if not packed:
        yield Document(where, content)
        return
    if spreadsheet.ENDING in endings and spreadsheet.is_workbook(content):
        for name, table in spreadsheet.sheets(content, where, sheet, LARGEST_BYTES):
            budget.spend(len(table))
            yield Document(f"{where} ({name})", table)
        return
    if depth == _DEEPEST:
        raise InputError(f"{where} is an archive within archives, {depth} deep; unpack it")
    if content[:2] == b"\x1f\x8b":
        yield from _unpacked(_gunzipped(content, where, budget), where, endings, label, budget, depth + 1, sheet)
        return
    found = False
    for name, member in _members(content, where, endings, budget):
        if is_leftover(name):
            continue
        found = True
        inside, known = f"{where} ({name})", f"{label} ({name})"
        if member is None:
            yield Unread(known, not_read(name))
        else:
            yield from _unpacked(member, inside, endings, known, budget, depth + 1, sheet)
    if not found:
        yield Unread(label, "an empty archive")


def _members(content: bytes, where: str, endings: Sequence[str], budget: _Budget) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of each file in a zip; no content where it is of a kind that nobody reads."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) > _MAX_MEMBERS:
                raise InputError(f"{where} holds {len(members)} files; unpack it and keep those that are needed")
            for info in members:
                if is_leftover(info.filename) or not (
                    readable(info.filename) or info.filename.lower().endswith(tuple(endings))
                ):
                    yield info.filename, None
                    continue
                budget.spend(info.file_size)  # a member never unpacks to more than it says
                yield info.filename, archive.read(info)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        reason = "it has a password" if "password" in str(error) else "broken"
        raise InputError(
            f"{where} is not a readable zip file ({reason}); download it again, unpack it, or remove it"
        ) from None
    except (zlib.error, OSError, MemoryError, OverflowError) as error:
        raise InputError(f"{where} is damaged ({type(error).__name__}); download it again or remove it") from None
    except Exception as error:  # lzma.LZMAError and its like have no common base
        raise InputError(f"{where} is damaged ({type(error).__name__}); download it again or remove it") from None


def _gunzipped(content: bytes, where: str, budget: _Budget) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            unpacked = stream.read(max(budget.left, 0) + 1)
    except (OSError, EOFError, zlib.error):
        raise InputError(f"{where} is not a readable gzip file; download it again or remove it") from None
    budget.spend(len(unpacked))
    return unpacked


def readable(name: str, endings: Sequence[str] = ()) -> bool:
    """Whether a file inside an archive is of a kind that some reader knows.

    Parameters
    ----------
    name : str
        Of the file.
    endings : sequence of str, optional
        What one reader knows beside the usual ones.

    Returns
    -------
    bool
        By its ending alone.
    """
    ending = PurePosixPath(name.lower()).suffix
    return ending in (".csv", ".xml", ".html", ".htm", ".zip", ".gz", ".parquet", *endings)


def not_read(name: str) -> str:
    """Say why a file is not read.

    Parameters
    ----------
    name : str
        Of the file.

    Returns
    -------
    str
        A clause about its ending.
    """
    ending = PurePosixPath(name.lower()).suffix
    if ending in (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"):
        return "a spreadsheet; save the sheet as CSV"
    if ending in (".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst"):
        return f"an archive of a kind that is not unpacked ({ending}); unpack it"
    if ending in (".crdownload", ".part", ".download", ".tmp"):
        return "a download that has not ended"
    return f"a file of a kind that is not read here ({ending or 'no ending'})"


def _too_large(where: str) -> str:
    limit = LARGEST_BYTES // 2**20
    return f"{where} is larger than {limit} MB, unpacked; give only the node or home and the months that are needed"
