"""`make checks`: run the notebooks and rewrite the outputs of check cells, and nothing else of them.

A cell tagged ``nbval-check-output`` prints figures that nbval compares. Where they change for a good reason, this
writes the new ones and shows the difference; other cells, ids and metadata stay byte for byte.
"""

import difflib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TAG = "nbval-check-output"


def text_of(notebook: dict[str, Any]) -> str:
    """Write a notebook as nbformat does."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def printed(path: Path) -> dict[int, list[dict[str, Any]]]:
    """Run a notebook, and return what its check cells gave, by position."""
    import nbformat
    import papermill

    with tempfile.TemporaryDirectory() as work:
        done = papermill.execute_notebook(
            str(path), None, cwd=work, engine_name="tikub", kernel_name="python3", progress_bar=False
        )
    done.cells = [cell for cell in done.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    cells = json.loads(nbformat.writes(done))["cells"]
    return {place: cell["outputs"] for place, cell in enumerate(cells) if _checked(cell)}


def _checked(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and TAG in cell["metadata"].get("tags", [])


def rewritten(text: str, outputs: dict[int, list[dict[str, Any]]]) -> str:
    """Return a notebook's text with other outputs in its check cells.

    Raises
    ------
    ValueError
        The notebook is not as JupyterLab writes it, so that more than the outputs would change.
    """
    notebook = json.loads(text)
    if text_of(notebook) != text:
        raise ValueError("not as JupyterLab saves a notebook: open it there and save it first")
    for place, found in outputs.items():
        notebook["cells"][place]["outputs"] = found
    return text_of(notebook)


def run(paths: list[Path]) -> int:
    """Rewrite the check cells of notebooks, a process each; give the number of those that failed."""
    failed = 0
    for path in paths:
        command = [sys.executable, "-m", "tests.recheck", "one", str(path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TIKUB_HOME": str(ROOT), "TZ": "Europe/Paris"}
        failed += subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    return failed


def one(path: Path) -> None:
    """Rewrite the check cells of one notebook and show what changed."""
    import logging

    logging.getLogger("papermill").setLevel(logging.ERROR)
    before = path.read_text(encoding="utf-8")
    after = rewritten(before, printed(path))
    changed = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    print(
        "\n".join(
            [f"{path.name}: {'' if changed else 'as it was'}", *(f"  {line}" for line in changed if line[0] in "+-")]
        )
    )
    if changed:
        path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(Path(sys.argv[2]))
    else:
        sys.exit(run([Path(name) for name in sys.argv[1:]] or sorted((ROOT / "notebooks").glob("*.ipynb"))) > 0)
