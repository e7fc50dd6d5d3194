"""Loaded once by the forkserver: what every report needs is imported, and used once, before the first fork.

Nothing here may start a thread: a fork takes only the thread that calls it.
"""

import atexit
import gc
import os
import sys
import warnings
from contextlib import suppress
from importlib import import_module

from tikub_lab.reports import worker

os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")


def _import_without(slow: str, name: str) -> None:
    """Import a module as if an optional dependency of its dependencies were not installed."""
    sys.modules[slow] = None  # type: ignore[assignment]  # what import looks for: not to be had
    try:
        import_module(name)
    finally:
        del sys.modules[slow]


def _warm() -> None:
    """Make one small report in this process, so that what libraries load late is loaded."""
    import tempfile
    from pathlib import Path

    import nbformat

    from tikub_lab.reports import page
    from tikub_lab.reports.notebooks import Notebook
    from tikub_lab.reports.run import Report, execute

    source = (
        "import pandas as pd, geopandas, matplotlib.pyplot as plt\n"
        "from tikub_lab import show, tables\n"
        "show.title('Essai', 'Essai')\n"
        "show.sentence('{n}', n=show.euros(12345))\n"
        "frame = pd.DataFrame({'a': [1.5], 'b': pd.to_datetime(['2026-01-01'])})\n"
        "figure = show.columns(pd.Series({2025: 1.0}), show.euros)\n"
        "show.figure(figure, alt='Une colonne, pour essayer', caption='Essai', data=frame)\n"
        "plt.plot([1, 2])\n"
        "frame"
    )
    cells = [nbformat.v4.new_markdown_cell("# Essai\n\nUn *essai*."), nbformat.v4.new_code_cell(source)]
    nb = nbformat.v4.new_notebook(cells=cells)
    report = Report(Notebook("essai", Path("essai.ipynb"), "Essai", None, {}, nbformat.writes(nb)), {}, "essai")
    with tempfile.TemporaryDirectory() as folder:
        before = dict(os.environ)
        execution = execute(report, Path(folder), Path(folder))
        os.environ.clear()
        os.environ.update(before)
    if execution.failure is not None:
        raise RuntimeError(f"The warm-up report failed: {execution.failure.reason}")
    page.render(report, execution)


def _read_ahead() -> None:
    """Read the tables of the build's data package; what is wrong with one, the report that loads it says."""
    from tikub_lab.errors import TikubError
    from tikub_lab.tables.package import open_package, read_ahead

    folder = os.environ.get("TIKUB_AHEAD")
    if folder:
        with suppress(TikubError, OSError):
            read_ahead(open_package(folder))


def _import_use_cases() -> None:
    from tikub_lab.use_cases import import_all

    import_all()


# What killed reports leave comes to this process, which ends it at the latest when it ends itself.
worker.control(worker.SET_CHILD_SUBREAPER, 1)
warnings.filterwarnings("ignore", "forkserver: waitpid returned unexpected pid")
atexit.register(worker.end_children)

# rfc3987_syntax compiles a grammar for 1.6 s when jsonschema looks for it, to check IRIs that no notebook's schema has.
_import_without("rfc3987_syntax", "nbformat")
_import_use_cases()

from tikub_lab.reports.shell import prepare  # noqa: E402

_warm()
_read_ahead()
prepare()
# What is here now is never garbage: frozen, it is not touched by a collection, so a fork shares its pages.
gc.collect()
gc.freeze()
