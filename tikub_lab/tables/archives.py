"""What comes in a zip or a gzip: published files, before their format is known."""

import errno
import gzip
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
"""Bytes that a file may expand to: the yearly national one has about 2 GB."""
MAX_RATIO = 200
"""How much a member larger than 10 MB may expand. JSON and XML of public procurement expand 10 to 40 times."""
RATIO_FREE = 10 * 2**20
WORKBOOK, TIMETABLE = "xl/workbook.xml", "stop_times.txt"
"""What a zip has that is an Excel workbook (ECMA-376, xlsx) or a transit feed (GTFS): one file, for its reader."""
COMPANIONS = ("", ".txt", ".md", ".pdf", ".htm", ".html", ".doc", ".docx", ".odt", ".rtf", ".png", ".jpg", ".url")
"""How the names of files end that may come in a zip beside those of the data, where no reader knows them."""

DAMAGE = (zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class Member(NamedTuple):
    """One file to read: its name as a person would say it, and where its bytes are."""

    name: str
    path: Path


def honest(expanded: int, size: int) -> bool:
    """Tell whether so many bytes may come of a file of some size, or it was made to fill a disk."""
    return expanded <= max(RATIO_FREE, MAX_RATIO * size)


def members(path: Path, folder: Path) -> Iterator[Member]:
    """Give the file, what it is a gzip of, or each file of a zip, in ``folder`` until the next is asked.

    All that the directory of an archive tells is checked before the first byte is expanded.
    """
    name = printable(path.name)
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UsageError(f"{path}: empty file (0 bytes). Download it again.")
    if start in _ZIP_STARTS:
        try:
            with zipfile.ZipFile(path) as archive:
                for problem in _problems(archive):
                    raise UsageError(f"{path}: {problem}")
                names = archive.namelist()
                if WORKBOOK not in names and TIMETABLE not in {PurePosixPath(name).name for name in names}:
                    for entry in _files(archive):
                        member = Member(f"{name}/{printable(entry.filename)}", folder / "member")
                        yield from _expanded(archive, entry, path, member)
                    return
        except (zipfile.BadZipFile, *DAMAGE) as error:
            if getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise UsageError(f"{path}: a zip that is damaged or cut short ({error}). Download it again.") from None
    yield from _gunzipped(Member(name, path), folder / "gunzipped")


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    paths = [(entry, PurePosixPath(entry.filename).parts) for entry in archive.infolist() if not entry.is_dir()]
    return [entry for entry, parts in paths if "__MACOSX" not in parts and not parts[-1].startswith(".")]


def _problems(archive: zipfile.ZipFile) -> Iterator[str]:
    """Say why an archive is refused."""
    entries, names = archive.infolist(), archive.namelist()
    if WORKBOOK not in names and ("[Content_Types].xml" in names or "mimetype" in names):
        yield "a spreadsheet. Save it as CSV (UTF-8), then import that file."
    if len(entries) > MAX_MEMBERS:
        yield f"a zip of {len(entries)} files; at most {MAX_MEMBERS} are taken. Split it."
    for entry in entries:
        # orig_filename: zipfile itself turns backslashes into slashes and cuts names at a null byte
        name, times = entry.orig_filename.replace("\\", "/"), entry.file_size / max(entry.compress_size, 1)
        if name.startswith("/") or ".." in PurePosixPath(name).parts or ":" in name or "\0" in name:
            yield f"the zip holds {entry.orig_filename!r}, a path outside itself. Nothing was read."
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield f"the zip holds a link, {entry.filename!r}. Only files are taken; nothing was read."
        if entry.flag_bits & 0x1:
            yield f"{entry.filename!r} is encrypted. Expand the zip yourself and import the files."
        if not honest(entry.file_size, entry.compress_size):
            yield (
                f"{entry.filename!r} would expand {times:,.0f} times; at most {MAX_RATIO} times are taken. "
                "Expand it yourself if you trust it."
            )
    if (total := sum(entry.file_size for entry in entries)) > MAX_TOTAL:
        yield (
            f"would expand to {total / 2**30:.1f} GiB; at most {MAX_TOTAL // 2**30} GiB are taken. "
            "Expand it yourself and import the files."
        )
    if not _files(archive):
        yield "a zip without any file in it. Download it again."


def _expanded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, member: Member) -> Iterator[Member]:
    try:
        # ZipExtFile gives no more bytes than the directory states: the limits above hold
        with archive.open(entry) as source, member.path.open("wb") as copy:
            start = source.read(4)
            if start in _ZIP_STARTS and Path(entry.filename).suffix.lower() not in COMPANIONS:
                raise UsageError(
                    f"{path}: {entry.filename!r} is a zip in a zip. Expand it yourself and import the files."
                )
            copy.write(start)
            shutil.copyfileobj(source, copy, 1 << 20)
        yield from _gunzipped(member, member.path.with_name("gunzipped"))
    finally:
        member.path.unlink(missing_ok=True)


def _gunzipped(member: Member, target: Path) -> Iterator[Member]:
    """Give a file as it is, or what it is a gzip of, whose size is known only once it is expanded."""
    with member.path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            yield member
            return
    try:
        with gzip.open(member.path) as source, target.open("wb") as copy:
            while block := source.read(1 << 20):
                copy.write(block)
                if copy.tell() > MAX_TOTAL or not honest(copy.tell(), member.path.stat().st_size):
                    raise UsageError(
                        f"{member.name}: expands beyond {MAX_RATIO} times its size or {MAX_TOTAL // 2**30} GiB. "
                        "Expand it yourself if you trust it."
                    )
        yield Member(member.name, target)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"{member.name}: a gzip that is damaged or cut short ({error}). Download it again.") from None
    finally:
        target.unlink(missing_ok=True)
