"""A kit on disk: its manifest, the folder that it may take the place of, its zip."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tikub_lab.errors import RunError, UsageError

MANIFEST = "kit.json"
OWN = {".venv", "__pycache__", ".ipynb_checkpoints", ".git", "virtual_documents"}
"""Folders that a set-up and JupyterLab make in a kit: they are not anyone's work."""

EXECUTABLE = {"postBuild"}
EPOCH = (2026, 1, 1, 0, 0, 0)
"""The time that all entries of a zip have."""


def write(root: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write files under a folder, with the same modes whatever the umask."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)
        path.chmod(_mode(name))
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)


def _mode(name: str) -> int:
    return 0o755 if name in EXECUTABLE else 0o644


def listed(root: Path) -> list[Path]:
    """List the files of a kit, but for what a set-up makes, by their path in it."""
    found = (path for path in root.rglob("*") if path.is_file() or path.is_symlink())
    own = (path for path in found if not OWN & set(path.relative_to(root).parts))
    return sorted(own, key=lambda path: path.relative_to(root).as_posix())


def seal(root: Path, facts: Mapping[str, object]) -> None:
    """Write the manifest: what the kit is, and the sha256 of each of its files."""
    files = {path.relative_to(root).as_posix(): _sha256(path) for path in listed(root)}
    files.pop(MANIFEST, None)
    text = json.dumps({**facts, "files": files}, ensure_ascii=False, indent=1, sort_keys=True)
    write(root, {MANIFEST: (text + "\n").encode("utf-8")})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_occupied(target: Path, use_case: str) -> None:
    """Refuse to take the place of what is not a kit of ours, or of one that somebody has worked in."""
    if not target.exists() and not target.is_symlink():
        return
    advice = "Choose another folder with --out, or move it away."
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        known, made = dict(manifest["files"]), manifest["kit"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{target} is there and is not a kit. {advice}") from None
    if made != use_case:
        raise UsageError(f"{target} is a kit of {made!r}, not of {use_case!r}. {advice}")
    for path in listed(target):
        name = path.relative_to(target).as_posix()
        if name not in {MANIFEST, *known} or (name in known and _sha256(path) != known[name]):
            raise UsageError(f"{target} is a kit that somebody has worked in ({name}). {advice}")


def refuse_other_zip(path: Path, name: str) -> None:
    """Refuse to write over a file that is not the zip of such a kit."""
    if not path.exists():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            archive.getinfo(f"{name}/{MANIFEST}")
    except (OSError, KeyError, zipfile.BadZipFile):
        raise UsageError(f"{path} is there and is not the zip of such a kit. Move it away.") from None


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Give a new folder beside where a kit goes; it is gone afterwards, and so are folders made for nothing."""
    made = next((folder for folder in [*reversed(parent.parents), parent] if not folder.exists()), None)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".tikub-kit-", dir=parent))
    except OSError as error:
        raise UsageError(f"{parent}: a kit can't be written there ({error.strerror}). Choose another --out.") from None
    try:
        yield folder
    except OSError as error:
        raise RunError(f"{parent}: the kit could not be written ({error}). Nothing was kept.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if made is not None:
            _remove_empty(parent, made)


def _remove_empty(folder: Path, top: Path) -> None:
    while folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        if folder == top:
            return
        folder = folder.parent


def put_in_place(made: Path, target: Path) -> None:
    """Move a finished kit where it goes; the one that it replaces is gone only once it is there."""
    old = made.parent / "old"
    if target.exists():
        target.rename(old)
    try:
        made.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


def zip_folder(root: Path, name: str, into: Path) -> None:
    """Write the zip of a kit: entries in order, of one time and one mode, so that the same kit gives the same bytes."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in listed(root):
            place = path.relative_to(root).as_posix()
            entry = zipfile.ZipInfo(f"{name}/{place}", EPOCH)
            entry.create_system = 3  # Unix, wherever it is made, so that modes are kept
            entry.external_attr = (stat.S_IFREG | _mode(place)) << 16
            entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink, 2**20)


def size_of(root: Path) -> int:
    """Return the bytes of a kit's files."""
    return sum(os.path.getsize(path) for path in listed(root))  # noqa: PTH202 -- of links too
