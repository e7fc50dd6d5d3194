"""Notebooks from clean, twice: what fails and differs is said; what loops, forks, fills or floods is stopped."""

import os
from dataclasses import replace

import psutil
import pytest

from tikub_lab.checks import runs
from tikub_lab.checks.findings import Measure, Unchecked

STOPPED = {
    "temps": "while True: pass",
    "mémoire": "blocks = []\nwhile True: blocks.append(bytearray(b'x') * 20_000_000)",
    "processus": "import os, time\nfor _ in range(100):\n    if not os.fork(): time.sleep(60)\ntime.sleep(60)",
    "disque": "n = 0\nwhile True:\n    n += 1\n    open(f'{n}.bin', 'wb').write(bytes(5_000_000))",
    "sortie": "while True: print('x' * 10_000)",
}


LIMITS = {"temps": {"seconds": 6}, "sortie": {"memory": 2_500_000_000}}
"""The kernel has what it prints in its memory first, several times over."""


@pytest.mark.parametrize("wall", STOPPED)
def test_each_wall_stops_its_notebook_and_is_named(tmp_path, written, found, small, wall):
    written(tmp_path / "a.ipynb", "1 + 1", STOPPED[wall])
    limits = replace(small.limits, **LIMITS.get(wall, {}))
    kinds, _, subject = found(tmp_path, [runs.check], replace(small, limits=limits))
    assert list(kinds) == ["stopped"]
    assert kinds["stopped"].title.endswith(f": {wall}")
    assert wall == "temps" or kinds["stopped"].place == "a.ipynb, cellule 4"  # a busy machine may not have begun
    assert not [item for item in psutil.Process().children(recursive=True) if "checks.inside" in str(item.cmdline())]
    assert not subject.scratch.exists()


def test_one_notebook_that_is_stopped_does_not_stop_the_others(tmp_path, written, found, small):
    written(tmp_path / "a.ipynb", STOPPED["sortie"])
    written(tmp_path / "b.ipynb", "import random, time\nprint(random.random())")
    written(tmp_path / "c.ipynb", "print(2)", "inconnu + 1")
    written(tmp_path / "d.ipynb", "import paquet_absent.module")
    written(tmp_path / "g.ipynb", "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/')")
    written(tmp_path / "e.ipynb", "print(1)", language="R")
    (tmp_path / "f.ipynb").write_text("{")
    _, said, subject = found(tmp_path, [runs.check], small)
    findings = {(item.kind, item.place) for item in said if not isinstance(item, Measure | Unchecked)}
    assert findings == {
        ("stopped", "a.ipynb, cellule 3"), ("differs", "b.ipynb, cellule 3"), ("cell_fails", "c.ipynb, cellule 4"),
        ("missing_package", "d.ipynb, cellule 3"), ("unreadable", "f.ipynb"),
        ("needs_network", "g.ipynb, cellule 3"),
    }  # fmt: skip
    (unchecked,) = (item for item in said if isinstance(item, Unchecked))
    assert "langage « R »" in unchecked.reason
    assert set(subject.runs) == {"a.ipynb", "b.ipynb", "c.ipynb", "d.ipynb", "g.ipynb"}


def test_a_sound_notebook_gives_nothing_but_measures(tmp_path, written, found, small):
    """Files beside it are there, writing beside it is allowed, timings are no figures, what it starts ends with it."""
    (tmp_path / "donnees").mkdir()
    (tmp_path / "donnees" / "a.csv").write_text("x\n1\n2\n")
    written(
        tmp_path / "sous" / "a.ipynb",
        "import time\nprint(open('../donnees/a.csv').read())\nopen('b.csv', 'w').write('1')",
        "import subprocess\nsubprocess.Popen(['sleep', '98765'], start_new_session=True).returncode",
        "import os\nhere = os.getcwd()\nfor _ in range(1_200):\n    os.mkdir('d')\n    os.chdir('d')\nos.chdir(here)",
        "print(object(), time.strftime('%Y-%m-%d %H:%M:%S'), f'{time.perf_counter():.4f} s')\nrange(3)",
    )
    _, said, subject = found(tmp_path, [runs.check], small)
    assert all(isinstance(item, Measure) for item in said), said
    assert not [item for item in psutil.process_iter(["cmdline"]) if item.info["cmdline"] == ["sleep", "98765"]]
    measured = {item.name: item.value for item in said}
    assert 0 < measured["Temps d’exécution"] < 60
    assert 20 < measured["Mémoire au plus"] < 700
    assert measured["Énergie (estimation)"] == pytest.approx(
        measured["Temps d’exécution"] * runs.power()["watts"] / 3600, abs=0.001
    )
    assert not (tmp_path / "sous" / "b.csv").exists()
    assert subject.runs["sous/a.ipynb"].notebook["cells"][2]["outputs"]


def test_parameters_without_type(tmp_path, written, found):
    import nbformat

    path = written(tmp_path / "a.ipynb")
    nb = nbformat.read(path, 4)
    nb.cells[1].source = "annee = 2025"
    nbformat.write(nb, path)
    kinds, said, _ = found(tmp_path, [runs.check])
    assert "« annee = 2025 »" in kinds["bare_parameters"].why
    assert "--no-run" in next(item for item in said if isinstance(item, Unchecked)).reason


def test_what_a_run_leaves_is_not_trusted(tmp_path):
    """A link in place of a result, or of its folder, leads nowhere; what is no JSON is nothing."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "said.json").write_text('{"error": "mine"}')
    (out := tmp_path / "out").mkdir()
    (out / "said.json").symlink_to(tmp_path / "secret" / "said.json")
    (out / "cell").write_text("{")
    os.mkfifo(out / "page.html")
    (tmp_path / "linked").symlink_to(tmp_path / "secret")
    for path in (out / "said.json", out / "cell", out / "page.html", tmp_path / "linked" / "said.json"):
        assert runs._read(path) is None
    assert runs._read(tmp_path / "secret" / "said.json") == {"error": "mine"}


def test_too_large_and_too_many(tmp_path, written, found, small, monkeypatch):
    written(tmp_path / "a.ipynb")
    monkeypatch.setattr(runs, "MOST", 0)
    (item,) = (item for item in found(tmp_path, [runs.check], small)[1] if isinstance(item, Unchecked))
    assert item.reason.startswith("a.ipynb : 0 carnets")
    monkeypatch.setattr(runs, "LARGEST", 100)
    assert "0 Mo au plus" in found(tmp_path, [runs.check], small)[0]["unreadable"].why


def test_figures_that_differ_are_quoted():
    def book(*texts):
        return {"cells": [{"outputs": [{"output_type": "stream", "name": "stdout", "text": text}]} for text in texts]}

    assert runs._difference(book("a", "total 12 €"), book("a", "total 13 €")) == (2, "total 12 €", "total 13 €")
    assert runs._difference(book("0x7f00aa11"), book("0x7f00bb22")) is None
    assert runs._difference(book("12 ms ± 3 µs"), book("14 ms ± 1 µs")) is None
    assert runs._difference(book("12 s"), book("13 s")) == (1, "12 s", "13 s")


TESTS = {
    "outils.py": "def double(x):\n    return 2 * x\n",
    "tests/test_outils.py": "from outils import double\n\n"
    "def test_right():\n    assert double(2) == 4\n\ndef test_wrong():\n    assert double(2) == 5\n",
    "tests/test_casse.py": "import absent_ici\n",
    "pytest.ini": "[pytest]\naddopts = -n 4 --cov\n",
}


def test_a_team_s_own_tests_run_inside_the_walls(tmp_path, found, small):
    """From the folder's root as by hand; options that ask for what is not there do not matter."""
    for name, text in TESTS.items():
        (path := tmp_path / name).parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "test_murs.py").write_text(
        "import socket\nimport pytest\n\ndef test_no_network():\n    with pytest.raises(OSError):\n"
        "        socket.create_connection(('192.0.2.1', 80), 2)\n    open('ecrit.txt', 'w').write('1')\n"
    )
    _, said, _ = found(tmp_path, [runs.tests], small)
    failing = {(item.kind, item.place): item.why for item in said if not isinstance(item, Measure)}
    assert failing.keys() == {
        ("test_fails", "tests/test_outils.py, test_wrong"), ("test_fails", "tests/test_casse.py, tests.test_casse")
    }  # fmt: skip
    assert "assert 4 == 5" in failing["test_fails", "tests/test_outils.py, test_wrong"]
    assert [(item.name, item.value) for item in said if isinstance(item, Measure)] == [("Tests réussis", 2)]
    assert not (tmp_path / "ecrit.txt").exists()


def test_tests_that_loop_or_test_nothing(tmp_path, found, small):
    (tmp_path / "test_a.py").write_text("def helper():\n    return 1\n")
    kinds, _, _ = found(tmp_path, [runs.tests], small)
    assert list(kinds) == ["no_tests"]
    (tmp_path / "test_a.py").write_text("import time\n\ndef test_a():\n    while True: time.sleep(1)\n")
    kinds, _, _ = found(tmp_path, [runs.tests], replace(small, limits=replace(small.limits, seconds=6)))
    assert kinds["stopped"].title.endswith(": temps")
