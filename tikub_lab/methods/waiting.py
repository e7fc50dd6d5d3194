"""A bar in JupyterLab while a long calculation runs: there after two seconds, gone when it ends."""

import contextvars
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AFTER, EVERY = 2.0, 1.0  # seconds until the bar is shown, and until it says a new number of them
_alone = threading.Lock()  # a calculation within another has no bar of its own


@contextmanager
def waiting() -> Iterator[None]:
    """Say in JupyterLab that a calculation runs, and since when; anywhere else, a build of pages too, nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    in_lab = type(shell).__name__ == "ZMQInteractiveShell" and "JPY_SESSION_NAME" in os.environ  # by jupyter-server
    if not in_lab or not _alone.acquire(blocking=False):
        yield
        return
    ended = threading.Event()
    # The context says to which cell an output belongs.
    teller = threading.Thread(target=contextvars.copy_context().run, args=(_tell, ended), daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
        _alone.release()


def _tell(ended: threading.Event) -> None:
    from IPython.display import display

    began, handle = time.monotonic(), None
    while not ended.wait(EVERY if handle else AFTER):
        words = f"Calcul en cours… {time.monotonic() - began:.0f} s"
        said: dict[str, Any] = {"text/plain": words, "text/html": f"<p>{words} <progress>{words}</progress></p>"}
        if handle:
            handle.update(said, raw=True)
        else:
            handle = display(said, raw=True, display_id=True)
    if handle:
        handle.update({}, raw=True)
