"""Replacing several files of a folder as one step that a crash cannot leave half done.

New files are written beside the old ones, under ``.staging/<token>/``, and flushed to the disk. Then a journal,
``.journal.json``, lists the renames to make; its appearance (itself a rename) is the moment when the new state counts.
Whoever opens the folder later calls :func:`recover`, which makes the renames that are still due. Killed before the
journal appears, a change never happened; killed after, it is completed.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tikub_lab.errors import RunError, UsageError

JOURNAL = ".journal.json"
STAGING = ".staging"
LOCK = ".import.lock"


def checkpoint(step: str) -> None:
    """Mark a moment between two changes of the disk; tests replace it to stop the process there."""


def recover(folder: Path) -> bool:
    """Complete the change that a killed process had begun, if there is one.

    Parameters
    ----------
    folder : Path
        A folder that :func:`commit` writes to. It need not exist.

    Returns
    -------
    bool
        Whether there was something to complete.

    Raises
    ------
    RunError
        When the journal is unreadable or a file that it names is lost.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     recover(Path(name))
    False
    """
    journal = folder / JOURNAL
    try:
        renames = json.loads(journal.read_text(encoding="utf-8"))["renames"]
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{journal}: the journal of an import is unreadable ({error}). Import the data again.") from None
    for target, staged in renames.items():
        _rename(folder / staged, folder / target)
        checkpoint(f"renamed {target}")
    _sync(folder)
    journal.unlink(missing_ok=True)
    checkpoint("journal removed")
    return True


def commit(folder: Path, replacements: Mapping[str, Path]) -> None:
    """Put staged files and folders in their places, all or none.

    Parameters
    ----------
    folder : Path
        The folder to change.
    replacements : mapping of str to Path
        Target, relative to the folder and with forward slashes, to the staged file or folder, which lies in ``folder``
        too.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name, staging(Path(name)) as staged:
    ...     _ = (staged / "new").write_text("2")
    ...     commit(Path(name), {"a/data.txt": staged / "new"})
    ...     (Path(name) / "a" / "data.txt").read_text()
    '2'
    """
    for staged in replacements.values():
        for path in [staged, *staged.rglob("*")] if staged.is_dir() else [staged]:
            _sync(path)
    checkpoint("flushed")
    renames = {target: staged.relative_to(folder).as_posix() for target, staged in replacements.items()}
    draft = folder / STAGING / f"journal-{secrets.token_hex(8)}"
    draft.write_text(json.dumps({"renames": renames}, indent=1), encoding="utf-8")
    _sync(draft)
    checkpoint("journal drafted")
    draft.replace(folder / JOURNAL)
    _sync(folder)
    checkpoint("journal written")
    recover(folder)


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give an empty folder for new files inside ``folder``, and remove it whatever happens.

    Its name is never used twice, so that a journal read too late cannot move a file of a later change. What killed
    processes left behind is removed too: hold the lock.
    """
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    place = folder / STAGING / secrets.token_hex(8)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(folder / STAGING, ignore_errors=True)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the folder's only import lock; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    UsageError
        When another process holds it.
    """
    try:
        file = (folder / LOCK).open("a+b")
    except OSError as error:
        raise UsageError(f"{folder}: not writable ({error.strerror}). Choose another folder.") from None
    with file:
        try:
            _seize(file.fileno())
        except OSError:
            raise UsageError(
                f"{folder}: another import is writing there. Wait for it to end, then try again."
            ) from None
        yield


def _seize(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _rename(staged: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and staged.exists():  # a folder is only replaced where there is none
        shutil.rmtree(target)
    try:
        staged.replace(target)
    except FileNotFoundError:
        if not target.exists():  # else another process, or we before we were killed, have done it
            raise RunError(f"{target}: lost in an import that was stopped. Import the data again.") from None
    _sync(target.parent)


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk, where the system can do that for a folder."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
