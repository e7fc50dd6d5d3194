"""Files that are written whole or not at all, and one writer at a time in a folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from tikub_lab.errors import UsageError

LOCK = ".lock"


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file beside its place, flush it to the disk, and rename it."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file to the disk, or a folder where the system can do that."""
    with suppress(OSError) if path.is_dir() else nullcontext():
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def lock(folder: Path, what: str = "import") -> Iterator[None]:
    """Hold a folder's only lock, whose file only its holder may remove; it ends with the process."""
    path = folder / LOCK
    while True:
        try:
            file = path.open("a+b")
        except OSError as error:
            raise UsageError(f"{folder}: not writable ({error.strerror}). Choose another folder.") from None
        with file:
            try:
                _seize(file.fileno())
            except OSError:
                raise UsageError(
                    f"{folder}: another {what} is writing there. Wait for it to end, then try again."
                ) from None
            if os.fstat(file.fileno()).st_nlink:  # or else its holder removed it meanwhile
                yield
                return


def _seize(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
