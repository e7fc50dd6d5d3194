"""Open what was sent, a folder, a zip, a notebook or a page, without following or running any of it."""

import hashlib
import json
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import Any

from tikub_lab.checks.findings import Finding, Said, Subject
from tikub_lab.errors import UsageError, printable
from tikub_lab.reports.files import scratch
from tikub_lab.tables import archives

MAX_FILES, MAX_BYTES = 20_000, 2 * 2**30
"""Of a folder or a zip: an offline kit for three systems has 500 wheels and 900 MB."""
DEEPEST = 100
"""Folders in folders; what removes them takes them one in the other."""
NOT_WORK = {"__pycache__", "node_modules", "virtual_documents"}
"""Folders beside hidden ones that are nobody's work."""
TYPES = {
    "notebook": {".ipynb"},
    "page": {".html", ".htm"},
    "table": {".csv", ".tsv", ".parquet", ".xlsx", ".geojson"},
    "code": {".py"},
    "text": {".md", ".txt", ".toml", ".json", ".yml", ".yaml", ".cfg", ".ini", ".env", ".sh"},
}
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{name}{n}" for name in ("COM", "LPT") for n in range(10))}


@contextmanager
def opened(path: Path) -> Iterator[Subject]:
    """Give the subject that a path names; a zip is unpacked for as long, all of it or nothing.

    Raises
    ------
    UsageError
        A path that is nothing which can be checked, a zip that is refused: one line, and nothing was written.
    """
    with scratch("tikub-check-") as folder:
        (made := folder.resolve() / "scratch").mkdir()
        subject = _opened(path, folder.resolve())
        subject.scratch = made
        yield subject


def _opened(path: Path, folder: Path) -> Subject:
    if path.is_dir():
        return _subject(path.resolve())
    if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        _unpack(path, root := folder / "unpacked")
        inside = list(root.iterdir())
        return _subject(inside[0] if len(inside) == 1 and inside[0].is_dir() else root)
    if path.is_file() and (kind := _type(path)) in {"notebook", "page"}:
        path = path.resolve()
        home = next((item for item in path.parents if (item / "data/datapackage.json").is_file()), path.parent)
        return Subject(home, kind, {kind: [path]}, package=_json(home / "data/datapackage.json"))  # type: ignore[arg-type]
    raise UsageError(f"{path}: nothing to check there. Name a folder, a .zip, an .ipynb or an .html.")


def check(subject: Subject) -> Iterator[Said]:
    """Say what is odd about the files themselves."""
    for path in sorted(_walk(subject.root)) if subject.kind not in {"notebook", "page"} else ():
        if path.is_symlink():
            yield Finding("link", subject.place(path))
    for name in sorted(subject.kit.get("files", {})):
        path = subject.root / name
        if name.startswith(("tikub_lab/", "data/")) and path.is_file() and path not in subject.handed_out:
            yield Finding("altered", name)


def _subject(root: Path) -> Subject:
    files: dict[str, list[Path]] = {}
    for path in work(root):
        files.setdefault(_type(path), []).append(path)
    kit, build = _json(root / "kit.json"), _json(root / "build.json")
    handed = frozenset(root / name for name, sha in _files_of(kit).items() if _sha256(root / name) == sha)
    kind: Any = "kit" if _files_of(kit) else "reports" if build.get("reports") else "folder"
    package = _json(root / "data/datapackage.json")
    return Subject(root, kind, files, handed, {**kit, "files": _files_of(kit)}, package, build)


def work(root: Path) -> list[Path]:
    """List the regular files of a folder, in order, unless there are too many."""
    found, total = [], 0
    for path in _walk(root):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            total += status.st_size
            found.append(path)
        if len(found) > MAX_FILES or total > MAX_BYTES:
            raise UsageError(
                f"{root}: more than {MAX_FILES:,} files or {MAX_BYTES / 2**30:.0f} GiB, links and hidden folders not "
                "counted. Name the folder of one kit."
            )
    return sorted(found)


def _walk(root: Path) -> Iterator[Path]:
    """Go through all that is in a folder but folders, and follow no link."""
    waiting = [root]
    while waiting:
        try:
            inside = list(waiting.pop().iterdir())
        except OSError as error:
            raise UsageError(f"{error.filename}: not readable ({error.strerror}). Check a copy that you own.") from None
        for path in inside:
            if len(path.parts) - len(root.parts) > DEEPEST:
                raise UsageError(f"{root}: folders in folders, more than {DEEPEST} deep. Check a flatter copy.")
            if path.is_symlink() or not path.is_dir():
                yield path
            elif not path.name.startswith(".") and path.name not in NOT_WORK:
                waiting.append(path)


def _type(path: Path) -> str:
    return next((name for name, endings in TYPES.items() if (path.suffix or path.name).lower() in endings), "other")


def _json(path: Path) -> dict[str, Any]:
    """Read what a small file holds, if it is an object."""
    try:
        if path.is_symlink() or path.stat().st_size > 50_000_000:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _files_of(kit: dict[str, Any]) -> dict[str, str]:
    files = kit.get("files")
    return {str(name): str(sha) for name, sha in files.items()} if isinstance(files, dict) else {}


def _sha256(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(path: Path, root: Path) -> None:
    """Unpack a zip once all that its directory says is harmless."""
    try:
        with zipfile.ZipFile(path) as archive:
            for problem in _problems(archive):
                raise UsageError(f"{path}: {problem} Nothing was unpacked.")
            archive.extractall(root)
    except (zipfile.BadZipFile, *archives.DAMAGE) as error:
        raise UsageError(f"{path}: a zip that is damaged or cut short ({error}). Ask for it again.") from None


def _problems(archive: zipfile.ZipFile) -> Iterator[str]:
    entries, seen = archive.infolist(), set[str]()
    if all(entry.is_dir() for entry in entries):
        yield "a zip without any file in it. Ask for it again."
    if len(entries) > MAX_FILES:
        yield f"a zip of {len(entries):,} files; at most {MAX_FILES:,} are taken."
    if (total := sum(entry.file_size for entry in entries)) > MAX_BYTES:
        yield f"a zip of {total / 2**30:.1f} GiB; at most {MAX_BYTES / 2**30:.0f} GiB are taken."
    for entry in entries:
        name = entry.orig_filename
        shown, parts = repr(printable(name)), PureWindowsPath(name).parts  # both kinds of slashes, drives
        if not parts or ".." in parts or parts[0].endswith(("/", "\\", ":")) or name[:1] in "/\\" or "\0" in name:
            yield f"the zip holds {shown}, a path outside itself."
        if len(parts) > DEEPEST:
            yield f"the zip holds folders in folders, more than {DEEPEST} deep."
        if any(part.split(".")[0].rstrip().upper() in RESERVED or ":" in part for part in parts):
            yield f"the zip holds {shown}, the name of a device on Windows. Rename it."
        if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            yield f"the zip holds {shown}, a link or a device; only files and folders are taken."
        if entry.flag_bits & 0x1:
            yield f"{shown} is encrypted; send it without a password."
        if not archives.honest(entry.file_size, entry.compress_size):
            times = entry.file_size / max(entry.compress_size, 1)
            yield f"{shown} would expand {times:,.0f} times; at most {archives.MAX_RATIO} are allowed."
        if (key := "/".join(parts).casefold()) in seen:
            yield f"the zip holds {shown} twice, or two names that differ by capitals only."
        seen.add(key)
