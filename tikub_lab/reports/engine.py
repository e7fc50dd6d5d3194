"""papermill's engine `tikub`: cells run in this process, by the shell that the worker has ready.

papermill loads this module while it loads itself, so nothing of papermill is imported at the top.
"""

from pathlib import Path
from typing import Any


class TikubEngine:
    """Runs a notebook's cells in the current process; ``papermill --engine tikub`` works too."""

    note: Path | None = None
    """File that says which cell runs, for who looks when the process was ended."""

    @classmethod
    def execute_notebook(cls, *arguments: Any, **options: Any) -> Any:
        """Run a notebook, and keep papermill's records of it; return the executed notebook."""
        from papermill.engines import Engine

        return Engine.execute_notebook.__func__(cls, *arguments, **options)

    @classmethod
    def execute_managed_notebook(cls, manager: Any, *_: Any, **__: Any) -> None:
        """Run the cells in order; stop at the first error, as papermill does with a kernel."""
        from tikub_lab.reports.shell import collected, fresh_shell, run_cell

        shell = fresh_shell()
        with collected(shell):
            for index, cell in enumerate(manager.nb.cells):
                manager.cell_start(cell, index)
                if cls.note is not None:
                    cls.note.write_text(str(index))
                tags, ok = cell.metadata.get("tags", []), True
                if cell.cell_type == "code" and cell.source.strip():
                    ran = run_cell(shell, cell.source, cell.get("id"), silent="lab" in tags)
                    cell.outputs, cell.execution_count, ok = ran
                if not ok and "raises-exception" not in tags:
                    manager.cell_exception(cell, index)
                    break
                manager.cell_complete(cell, index)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel's name; a notebook without kernelspec is taken for Python."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        return language or nb.metadata.get("language_info", {}).get("name") or "python"
