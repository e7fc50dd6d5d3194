"""Cells behave in a warm process as in a kernel; papermill finds the engine by its entry point."""

import re
import subprocess
import sys
from importlib.metadata import entry_points

import nbformat
import papermill
import pytest

from tikub_lab.reports.engine import TikubEngine
from tikub_lab.reports.notebooks import find, read
from tikub_lab.reports.outputs import KERNEL
from tikub_lab.reports.pool import Pool
from tikub_lab.reports.run import Report
from tikub_lab.reports.shell import collected, new_shell, run_cell
from tikub_lab.reports.worker import Job

CELLS = {
    "result": "x = 40 + 2\nx",
    "no result": "x = 1;",
    "streams": "import sys\nprint('a'); print('b'); print('c', file=sys.stderr); print('d')",
    "inline": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "figure shown": "fig, ax = plt.subplots(figsize=(2, 1)); ax.plot([3, 1]); plt.show()\nprint('after')",
    "figure result": "fig",
    "heavy figure": "fig, ax = plt.subplots(); ax.scatter(range(12000), range(12000)); plt.show()",
    "shell": "!echo hello; echo wrong >&2",
    "shell value": "lines = !printf 'a\\nb'\nlines",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\n'waited'",
    "async for": "async def g():\n    for i in range(2): yield i\n[i async for i in g()]",
    "display": "from IPython.display import HTML, display\ndisplay(HTML('<b>a</b>'), metadata={'k': 1})",
    "update": "h = display('one', display_id='here')\nh.update('two')",
    "clear": "from IPython.display import clear_output\nprint('gone'); clear_output(wait=True); print('stays')",
    "magic": "%env MINE=1\nimport os\nos.environ['MINE']",
    "cell magic": "%%bash\necho from bash",
    "capture": "%%capture got\nprint('hidden')",
    "captured": "got.stdout",
    "frame": "import pandas as pd\npd.DataFrame({'a': [1, 2]}, index=['x', 'y'])",
    "png": "import base64\nclass P:\n    def _repr_png_(self): return base64.b64decode('iVBORw0KGgo=')\nP()",
    "mimebundle": "class M:\n    def _repr_mimebundle_(self, **_): return {'text/plain': 'm', 'a/x': 'n'}, {}\nM()",
    "history": "_, __, In[-1][:7], Out[min(Out)]",
    "magic line": "%timeit -n1 -r1 -q pass\n%precision 2\n3.14159",
    "fd": "import os; os.system('echo by the system')\nNone",
    "warning": "import warnings; warnings.warn('careful')",
    "raises": "raise ValueError('expected')",
}


def plain(node):
    """What a reader could tell apart; not memory addresses, paths of cells, or colours of a traceback."""
    found = []
    for output in node:
        output = dict(output)
        if output["output_type"] == "error":
            output["traceback"] = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in output["traceback"]]
        text = re.sub(r"/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[^>]+>", "CELL", str(output))
        found.append(re.sub(r"0x[0-9a-f]+", "0x", text))
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same cells by our engine and by a kernel: {name: (ours, kernel's)}."""
    folder = tmp_path_factory.mktemp("engines")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    ran = {}
    nbformat.write(nb, folder / "in.ipynb")
    for engine in ("tikub", "nbclient"):
        out = folder / f"{engine}.ipynb"
        code = (
            "import sys, tikub_lab.reports, papermill\n"  # ours first: see its first line
            "papermill.execute_notebook(sys.argv[1], sys.argv[2], engine_name=sys.argv[3], kernel_name='python3',"
            " progress_bar=False, cwd=sys.argv[4], extra_arguments=sys.argv[5:])"
        )
        command = [sys.executable, "-c", code, str(folder / "in.ipynb"), str(out), engine, str(folder)]
        command += KERNEL if engine == "nbclient" else []
        subprocess.run(command, check=False, capture_output=True)  # the last cell raises
        cells = nbformat.read(out, as_version=4).cells
        ran[engine] = [cell for cell in cells if cell.cell_type == "code"]  # less papermill's marks of the failure
    return {name: (ours, kernel) for name, ours, kernel in zip(CELLS, ran["tikub"], ran["nbclient"], strict=True)}


@pytest.mark.parametrize("name", CELLS)
def test_outputs_are_those_of_a_kernel(both, name):
    ours, kernel = both[name]
    if name == "streams":  # a kernel flushes its streams apart, so that their order is chance; ours keeps it
        texts = [
            {k: "".join(o.text for o in c.outputs if o.name == k) for k in ("stdout", "stderr")} for c in both[name]
        ]
        assert texts[0] == texts[1]
        assert [output.text for output in ours.outputs] == ["a\nb\n", "c\n", "d\n"]
        return
    if name == "fd":  # a kernel may miss what comes through the file descriptor; ours must not
        assert ours.outputs[0].text == "by the system\n"
        return
    assert plain(ours.outputs) == plain(kernel.outputs)
    assert ours.execution_count == kernel.execution_count


def test_what_only_jupyterlab_shows_is_run_and_not_written_out():
    shell = new_shell()
    with collected(shell):
        outputs, _, ok = run_cell(shell, "kept = 3\nkept", None, silent=True)
        assert (outputs, ok) == ([], True)
        outputs, _, ok = run_cell(shell, "kept / 0", None, silent=True)
        assert (outputs[0].ename, ok) == ("ZeroDivisionError", False)


def test_papermill_finds_the_engine():
    (entry,) = entry_points(group="papermill.engine", name="tikub")
    assert entry.load() is TikubEngine
    assert papermill.engines.papermill_engines.get_engine("tikub") is TikubEngine


def test_frames_and_figures_are_shown_as_ours(both):
    assert '<th scope="row">x</th><td class="num">1</td>' in both["frame"][0].outputs[0]["data"]["text/html"]
    for name in ("inline", "figure shown", "figure result"):
        assert "image/svg+xml" in both[name][0].outputs[-1 if name == "inline" else 0]["data"], name
    heavy = both["heavy figure"][0].outputs[0]["data"]
    assert "image/png" in heavy
    assert "image/svg+xml" not in heavy


@pytest.mark.parametrize("name", ["att_space", "att_missing"])
@pytest.mark.parametrize("engine", ["tikub", "kernel"])
def test_case_06_attachments(root, name, engine):
    file = root.parent / "shared" / "cases" / "06-attachment-names" / f"{name}.ipynb"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    with Pool(1, timeout=120) as pool:
        ((_, result),) = pool.run([Job(Report(read(file), {}, name), root, engine)])
    assert result.entry["status"] == "done", result.entry["reason"]
    html = result.html.decode()
    assert ("<img " in html) is (name == "att_space")
    assert ("absent.png" in html) is (name == "att_missing")
    assert result.entry["defects"] == (["1 image non reprise"] if name == "att_missing" else [])


LONG = {"energy", "energy_alerts", "energy_challenge", "energy_lycee", "energy_works"}
"""Notebooks whose methods take long: what they show, others show too, and nbval runs them by kernels."""


@pytest.mark.proof
def test_notebooks_give_the_same_both_ways(root, tmp_path):
    """Notebooks of the workbench, by warm processes and by kernels: the pages differ in nothing."""
    notebooks = [item for item in find(root / "notebooks") if item.name not in LONG]
    assert len(notebooks) >= 8
    pages = {}
    for engine in ("tikub", "kernel"):
        jobs = [Job(Report(item, {}, item.name), root, engine) for item in notebooks]
        with Pool(2, timeout=120) as pool:
            for job, result in pool.run(jobs):
                assert result.entry["status"] == "done", result.entry["reason"]
                pages.setdefault(job.report.notebook.name, []).append(result.html.decode())
    for name, (one, two) in pages.items():
        assert one == two, name
