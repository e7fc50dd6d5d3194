"""Loaded once by the forkserver: what every report needs is imported, and used once, before the first fork.

Nothing here may start a thread: a fork takes only the thread that calls it.
"""

import atexit
import gc
import os
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

from tikub_lab.errors import TikubError
from tikub_lab.reports import worker

os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")


def _warm() -> None:
    """Make one small report in this process, so that what libraries load late is loaded."""
    from tikub_lab.reports import page
    from tikub_lab.reports.notebooks import read
    from tikub_lab.reports.run import Report, execute

    report = Report(read(Path(__file__).with_name("warm.ipynb")), {}, "essai")
    with tempfile.TemporaryDirectory() as folder:
        before = dict(os.environ)
        execution = execute(report, Path(folder), Path(folder))
        os.environ.clear()
        os.environ.update(before)
    if execution.failure is not None:
        raise RuntimeError(f"The warm-up report failed: {execution.failure.reason}")
    page.render(report, execution)


# What killed reports leave comes to this process, which ends it at the latest when it ends itself.
worker.control(worker.SET_CHILD_SUBREAPER, 1)
warnings.filterwarnings("ignore", "forkserver: waitpid returned unexpected pid")
atexit.register(worker.leave)

import nbformat  # noqa: E402, F401

del sys.modules["rfc3987_syntax"]  # a notebook may want it, see tikub_lab/reports/__init__.py

from tikub_lab.reports.shell import _ready, new_shell  # noqa: E402
from tikub_lab.tables.package import open_package, read_ahead  # noqa: E402
from tikub_lab.use_cases import import_all  # noqa: E402

folder = os.environ.get("TIKUB_AHEAD")  # without it a few reports import and read what they need themselves
if folder:
    import_all()
_warm()
if folder:
    with suppress(TikubError, OSError):  # what is wrong with a table, the report that loads it says
        read_ahead(open_package(folder))
_ready.append(new_shell())
# What is here now is never garbage: frozen, it is not touched by a collection, so a fork shares its pages.
gc.collect()
gc.freeze()
