"""Code: what is wrong in notebooks and modules is found by reading, and nothing of it runs."""

import json
from pathlib import Path

import pytest

from tikub_lab.checks import cells, intake
from tikub_lab.checks.findings import Finding

TITLE = {"cell_type": "markdown", "source": "# Essai\n\nUne question.", "metadata": {}}


def write(
    path: Path, *sources: str, counts: tuple = (), outputs: tuple = (), title: bool = True, **metadata: object
) -> None:
    made = [
        {"cell_type": "code", "source": source, "metadata": {}, "execution_count": count, "outputs": output}
        for source, count, output in zip(
            sources, [*counts, *[None] * len(sources)], [*outputs, *[[]] * len(sources)], strict=False
        )
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [*[TITLE] * title, *made]}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def found(folder: Path) -> list[tuple[str, str]]:
    with intake.opened(folder) as subject:
        said = list(cells.check(subject))
    assert [item for item in said if not isinstance(item, Finding)] == []
    return [(item.kind, item.place) for item in said]


WRONG = {
    "syntax_error": "print 'bonjour'",
    "unknown_name": "print(total_annuel)",
    "deep_nesting": "for a in b():\n for c in a:\n  if c:\n   while c:\n    if a: pass\ndef b(): return []",
    "silent_except": "try:\n    x = 1\nexcept Exception:\n    pass",
    "absolute_path": "open('C:/Data/lycees.csv')",
    "missing_file": "import pandas as pd\npd.read_csv('absent.csv', sep=';')",
    "online_data": "import pandas as pd\npd.read_csv('https://data.exemple.fr/a.csv')",
    "installs": "!pip install geopandas",
    "long_cell": "x = 1\n" * 51,
    "function_in_cell": "def f():\n" + "    x = 1\n" * 25,
}
SOUND = [
    "%matplotlib inline\n!ls data\nfiles = !ls\nprint(files)\ndf?",
    "%%time\nimport pandas as pd\nlate = pd.DataFrame()",
    "%%bash\necho $HOME; for f in *; do echo $f; done",
    "from math import *\nprint(sqrt(2))",
    "def early():\n    return late\n\nclass A:\n    x = 1\n    y = [i for i in range(x)]",
    "print([i * j for i in range(3) for j in range(i)], {k: v for k, v in {}.items()}, (lambda z, *a, **k: z + k)(1))",
    "import asyncio\nawait asyncio.sleep(0)\nasync def f():\n    async for x in f():\n        yield x",
    "with open('sortie.csv', 'w') as file:\n    file.write('a')\nopen('sortie.csv').read()",
    "try:\n    import numpy as np\nexcept ImportError:\n    np = None\nnp",
    "def count():\n    global total\n    total = 1\ncount()\nprint(total, __name__)",
    "match {'a': 1}:\n    case {'a': n, **rest}:\n        print(n, rest)\n    case _:\n        pass",
    "if (m := 1) and m: print(m)\nfor a in []: pass\ndel m\ndisplay(1)\nx: int = 1\nprint(f'{x!r:>{x}}')",
    "if 1: pass\nelif 2: pass\nelif 3: pass\nelif 4: pass\nelif 5: pass\nelif 6: pass",
    "try:\n    int('a')\nexcept ValueError:\n    pass",
    "url = 'https://data.exemple.fr'\nprint(url, '/absolu', open)",
    "%%html\n<p>{{ pas_un_nom }}</p>", "", "# seulement un commentaire", "%load_ext autoreload\n%autoreload 2",
    "_, In, Out[0]",
]  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_in_a_cell(tmp_path, kind):
    write(tmp_path / "a.ipynb", "y = 1\nprint(y)", WRONG[kind])
    assert found(tmp_path) == [(kind, "a.ipynb, cellule 3")]


@pytest.mark.parametrize("kind", sorted(WRONG.keys() - {"installs", "long_cell", "function_in_cell"}))
def test_what_is_wrong_in_a_module(tmp_path, kind):
    (tmp_path / "a.py").write_text(WRONG[kind], encoding="utf-8")
    assert (kind, "a.py") in found(tmp_path)


@pytest.mark.parametrize("source", SOUND)
def test_what_is_sound(tmp_path, source):
    write(tmp_path / "a.ipynb", source, "late = 1")
    assert found(tmp_path) == []


def test_what_a_notebook_stores(tmp_path):
    error = [{"output_type": "error", "ename": "KeyError", "evalue": "", "traceback": []}]
    write(tmp_path / "a.ipynb", "a = 1", "b = a", "c = b", counts=(1, 7, 3), outputs=([], error))
    write(tmp_path / "b.ipynb", "a = 1", "b = a", counts=(4, 9), title=False)
    assert found(tmp_path) == [
        ("out_of_order", "a.ipynb, cellule 4"), ("stored_error", "a.ipynb, cellule 3"),
        ("untitled_notebook", "b.ipynb"),
    ]  # fmt: skip


def test_a_notebook_of_another_language_is_not_read_as_python(tmp_path):
    write(tmp_path / "a.ipynb", "x <- c(1, 2)", kernelspec={"language": "R", "name": "ir"})
    assert found(tmp_path) == []


def test_modules_want_tests(tmp_path):
    (tmp_path / "outils.py").write_text("def f():\n    return 1\n", encoding="utf-8")
    assert found(tmp_path) == [("no_tests", "outils.py")]
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_outils.py").write_text("def test_f():\n    assert True\n", encoding="utf-8")
    assert found(tmp_path) == []


def test_files_of_the_folder_are_found_from_a_notebook_in_another(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "carnets").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    write(tmp_path / "carnets" / "a.ipynb", "open('data/a.csv'), open('../data/a.csv')")
    assert found(tmp_path) == []


def test_nothing_runs(tmp_path):
    flag = tmp_path / "ran"
    write(tmp_path / "a.ipynb", f"from pathlib import Path\nPath({str(flag)!r}).touch()")
    (tmp_path / "b.py").write_text(f"open({str(flag)!r}, 'w')", encoding="utf-8")
    found(tmp_path)
    assert not flag.exists()
