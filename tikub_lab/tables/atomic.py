"""Files that are written whole or not at all, and one writer at a time in a folder."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
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
def held(path: Path, flags: int = os.O_RDONLY) -> Iterator[int | None]:
    """Hold a folder, or a file opened by other flags: its descriptor, or None if another has it.

    The end of the process lets it go. Windows can't open folders: there, nobody is kept out of one.
    """
    if sys.platform == "win32" and flags == os.O_RDONLY:
        yield -1
        return
    descriptor = os.open(path, flags)
    try:
        yield descriptor if _seized(descriptor) else None
    finally:
        os.close(descriptor)


def _seized(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a folder by a file in it, which only its holder may remove."""
    while True:
        with ExitStack() as stack:
            try:
                descriptor = stack.enter_context(held(folder / LOCK, os.O_RDWR | os.O_CREAT))
            except OSError as error:
                raise UsageError(f"{folder}: not writable ({error.strerror}). Choose another folder.") from None
            if descriptor is None:
                raise UsageError(f"{folder}: another import is writing there. Wait for it to end, then try again.")
            if os.fstat(descriptor).st_nlink:  # or else its holder removed it meanwhile
                yield
                return
