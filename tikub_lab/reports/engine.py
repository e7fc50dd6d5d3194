"""papermill's engine `tikub`: cells run in this process, by the shell that the worker has ready."""

from typing import Any

from papermill.engines import Engine

from tikub_lab.reports.shell import collected, new_shell, run_cell


class TikubEngine(Engine):
    """Runs a notebook's cells in the current process, which should be one made for this notebook alone.

    Registered under the entry point ``papermill.engine`` as ``tikub``: ``papermill --engine tikub`` works too.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        """Run the cells in order; stop at the first error, as papermill does with a kernel."""
        shell = new_shell()
        with collected(shell):
            for index, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, index)
                failed = False
                if cell.cell_type == "code" and cell.source.strip():
                    cell.outputs, cell.execution_count, ok = run_cell(shell, cell.source, cell.get("id"))
                    failed = not ok and not _allowed(cell)
                if failed:
                    nb_man.cell_exception(cell, index)
                    break
                nb_man.cell_complete(cell, index)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel's name; a notebook without kernelspec is taken for Python."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the notebook's language, Python where it does not say."""
        return language or nb.metadata.get("language_info", {}).get("name") or "python"


def _allowed(cell: Any) -> bool:
    return "raises-exception" in cell.metadata.get("tags", [])
