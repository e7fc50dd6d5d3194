"""Files written whole or not at all, and folders that one process has at a time."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it: a reader sees the old file or the new one.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder, "a", "page.html"), b"<p>Demat</p>")
    ...     [path.name for path in Path(folder, "a").iterdir()]
    ['page.html']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold a folder while the block runs, or say that another process (or thread) holds it; its end lets it go."""
    if fcntl is None:
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Give a temporary folder while the block runs, and remove those of processes that were killed."""
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError), held(old) as dead:
            if dead:
                shutil.rmtree(old, ignore_errors=True)
    with ExitStack() as stack:
        folder, ours = Path(), False
        while not (ours and folder.is_dir()):  # another process may sweep it before it is held
            folder = Path(tempfile.mkdtemp(prefix=prefix))
            with suppress(FileNotFoundError):
                ours = stack.enter_context(held(folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
