"""Files that come with the package, and folders that one process has at a time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tikub_lab.tables.atomic import held


def shipped(name: str) -> str:
    """Return the text of a file beside this module."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Give a temporary folder while the block runs, and remove those of processes that were killed."""
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError), held(old) as dead:
            if dead is not None:
                shutil.rmtree(old, ignore_errors=True)
    with ExitStack() as stack:
        folder, ours = Path(), None
        while ours is None or not folder.is_dir():  # another process may sweep it before it is held
            folder = Path(tempfile.mkdtemp(prefix=prefix))
            with suppress(FileNotFoundError):
                ours = stack.enter_context(held(folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
