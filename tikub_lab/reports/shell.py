"""An IPython shell without a kernel: cells run in this process, and their outputs are collected."""

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.jsonutil import json_default
from traitlets import Any as AnyTrait
from traitlets import Type
from traitlets.config import Config

from tikub_lab.reports.outputs import MAX_CHARACTERS, OutputLimit, Outputs, load_ipython_extension

INLINE = "module://matplotlib_inline.backend_inline"


class _Publisher(DisplayPublisher):
    """Sends what ``display`` shows to the shell's outputs."""

    def publish(  # type: ignore[override]  # the rest of IPython's parameters are deprecated
        self, data: Any, metadata: Any = None, *_: Any, transient: Any = None, update: bool = False
    ) -> None:
        self.shell.drain()
        name = (transient or {}).get("display_id")
        self.shell.outputs.display(_jsonable(data), _jsonable(metadata or {}), name, update)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear(wait)


class _Hook(DisplayHook):
    """Sends the value of a cell's last expression to the shell's outputs."""

    shell: Any

    def write_output_prompt(self) -> None:
        """Write nothing: a front end writes the prompt."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.drain()
        self.shell.outputs.display(_jsonable(format_dict), _jsonable(md_dict or {}), execution_count=self.shell.running)

    def finish_displayhook(self) -> None:
        self._is_active = False


def _jsonable(data: Any) -> Any:
    """Write data as JSON would have it (bytes in base64, dates in ISO), as a kernel's messages do."""
    return json.loads(json.dumps(data, default=json_default, allow_nan=True))


class _Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a running cell."""

    encoding = "utf-8"

    def __init__(self, name: str, outputs: Outputs):
        self._name, self._outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._outputs.stream(self._name, text)
        return len(text)


class Shell(InteractiveShell):
    """The shell that notebooks of a build run in: no history, no thread, no prompt."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)
    outputs = AnyTrait()
    spill = AnyTrait(None, allow_none=True)
    """File that takes what is written to file descriptors 1 and 2, by C code or by a child process."""
    running = 0
    """Execution count of the cell that runs."""

    def drain(self) -> None:
        """Collect what came through the file descriptors, so that it stands before what comes next."""
        if self.spill is not None:
            text = self.spill.read(MAX_CHARACTERS + 1)
            self.outputs.stream("stdout", text.decode("utf-8", "replace"))

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.drain()
        self.outputs.add("error", ename=str(getattr(etype, "__name__", etype)), evalue=str(evalue), traceback=stb)

    def enable_gui(self, gui: Any = None) -> None:
        """No window is opened; ``%matplotlib inline`` asks for this."""


def new_shell() -> Shell:
    """Make a shell; the one before it, if any, is forgotten."""
    InteractiveShell.clear_instance()
    Shell.clear_instance()
    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor", "banner1": ""}})
    shell = Shell.instance(config=config, outputs=Outputs())
    load_ipython_extension(shell)
    # The preload may have set the backend up for another shell: the formats must be chosen for this one.
    os.environ["MPLBACKEND"] = INLINE
    if "matplotlib" in sys.modules:
        import matplotlib
        from matplotlib_inline import backend_inline

        backend_inline.configure_inline_support.current_backend = "unset"  # type: ignore[attr-defined]
        matplotlib.use(INLINE)
        backend_inline.configure_inline_support(shell, INLINE)
    return shell


_ready: list[Shell] = []  # made by the forkserver, so that its forks need not


def fresh_shell() -> Shell:
    return _ready.pop() if _ready else new_shell()


@contextmanager
def collected(shell: Shell) -> Iterator[None]:
    """Collect what cells print meanwhile, through Python or the process's descriptors."""
    before, saved = (sys.stdout, sys.stderr), (os.dup(1), os.dup(2))
    with tempfile.NamedTemporaryFile(prefix="tikub-") as spill:
        before[0].flush()
        for descriptor in (1, 2):
            os.dup2(spill.fileno(), descriptor)
        sys.stdout, sys.stderr = _Stream("stdout", shell.outputs), _Stream("stderr", shell.outputs)
        # A description of the file of its own, so that reading does not move where the others write.
        shell.spill = Path(spill.name).open("rb", buffering=0)  # noqa: SIM115
        try:
            yield
        finally:
            shell.spill.close()
            shell.spill = None
            sys.stdout, sys.stderr = before
            for descriptor, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)


def run_cell(shell: Shell, source: str, cell_id: str | None, silent: bool = False) -> tuple[list[Any], int, bool]:
    """Run one cell; return its outputs, its count, and whether it ended well. Of a silent one no value is written."""
    outputs = shell.outputs.start()
    count = shell.running = shell.execution_count
    result = shell.run_cell(source, store_history=not silent, silent=silent, cell_id=cell_id)
    try:
        shell.drain()
    except OutputLimit as error:  # written past Python, so that the cell itself did not meet it
        shell.outputs.add("error", ename="OutputLimit", evalue=str(error), traceback=[])
        return outputs, count, False
    return outputs, count, bool(result.success)
