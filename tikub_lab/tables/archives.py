"""What comes in a zip: the bytes of published files, before anything is known of their format."""

import errno
import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tikub_lab.errors import UsageError, printable

MAX_MEMBERS = 1_000
"""Files that a zip may hold."""
MAX_TOTAL = 8 * 2**30
"""Bytes that a zip may expand to: the yearly national file has about 2 GB."""
MAX_RATIO = 200
"""How much a member larger than 10 MB may expand. JSON and XML of public procurement expand 10 to 40 times."""
RATIO_FREE = 10 * 2**20

_DAMAGE = (zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class Member(NamedTuple):
    """One file to read: its name as a person would say it, and where its bytes are."""

    name: str
    path: Path


WORKBOOK = "xl/workbook.xml"
"""What a zip has that is an Excel workbook (ECMA-376, xlsx)."""


def members(path: Path, folder: Path) -> Iterator[Member]:
    """Give the file itself, or each file of a zip in turn, expanded into ``folder`` and removed when the next is asked.

    Folders and what macOS adds (``__MACOSX/``, ``.DS_Store``) are passed over. All that the directory of an archive
    tells is checked before the first byte is expanded.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UsageError(f"{path}: empty file (0 bytes). Download it again.")
    if start not in _ZIP_STARTS:
        yield Member(printable(path.name), path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked(archive, path)
            if WORKBOOK in archive.namelist():  # one file, for a reader of workbooks, rather than a zip of files
                yield Member(printable(path.name), path)
                return
            for number, entry in enumerate(entries, 1):
                yield from _expanded(archive, entry, path, folder / f"member-{number:04d}")
    except (zipfile.BadZipFile, *_DAMAGE) as error:
        if getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise UsageError(f"{path}: a zip that is damaged or cut short ({error}). Download it again.") from None


def _checked(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Return the entries to expand, or refuse the archive."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if WORKBOOK not in names and ("[Content_Types].xml" in names or "mimetype" in names):
        raise UsageError(f"{path}: a spreadsheet. Save it as CSV (UTF-8), then import that file.")
    if len(entries) > MAX_MEMBERS:
        raise UsageError(f"{path}: a zip of {len(entries)} files; at most {MAX_MEMBERS} are taken. Split it.")
    for entry in entries:
        _refuse_unsafe(entry, path)
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL:
        raise UsageError(
            f"{path}: would expand to {total / 2**30:.1f} GiB; at most {MAX_TOTAL // 2**30} GiB are taken. "
            "Expand it yourself and import the files."
        )
    kept = [entry for entry in entries if not _passed_over(entry)]
    if not kept:
        raise UsageError(f"{path}: a zip without any file in it. Download it again.")
    return kept


def _refuse_unsafe(entry: zipfile.ZipInfo, path: Path) -> None:
    # orig_filename: zipfile itself turns backslashes into slashes and cuts names at a null byte
    name = entry.orig_filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or ":" in name or "\0" in name:
        raise UsageError(f"{path}: the zip holds {entry.orig_filename!r}, a path outside itself. Nothing was read.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UsageError(f"{path}: the zip holds a link, {entry.filename!r}. Only files are taken; nothing was read.")
    if entry.flag_bits & 0x1:
        raise UsageError(f"{path}: {entry.filename!r} is encrypted. Expand the zip yourself and import the files.")
    if entry.file_size > RATIO_FREE and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise UsageError(
            f"{path}: {entry.filename!r} would expand {entry.file_size / max(entry.compress_size, 1):,.0f} times; "
            f"at most {MAX_RATIO} times are taken. Expand it yourself if you trust it."
        )


def _passed_over(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    return entry.is_dir() or "__MACOSX" in parts or parts[-1].startswith(".")


def _expanded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, target: Path) -> Iterator[Member]:
    # ZipExtFile gives no more bytes than the directory states, so that the limits above hold for what is written
    with archive.open(entry) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    try:
        with target.open("rb") as file:
            if file.read(4) in _ZIP_STARTS:
                raise UsageError(
                    f"{path}: {entry.filename!r} is a zip in a zip. Expand it yourself and import the files."
                )
        yield Member(printable(entry.filename), target)
    finally:
        target.unlink(missing_ok=True)
