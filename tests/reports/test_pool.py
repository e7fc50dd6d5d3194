"""Whatever a notebook does, it ends with a reason, and the rest of the build is done."""

import json
import sys
import threading
import time

import jsonschema
import psutil
import pytest

from tikub_lab.reports import manifest
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import find
from tikub_lab.reports.plan import plan
from tikub_lab.reports.pool import Pool
from tikub_lab.reports.run import Report
from tikub_lab.reports.worker import Job
from tikub_lab.tables.package import open_package

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="warm processes are forked; Windows gets kernels")

FAULTS = {
    "sans_parametres": (None, "py:print('bien')", "done", ""),
    "syntaxe": (None, "py:x = (", "failed", "SyntaxError"),
    "boucle": (None, "py:import time\nwhile True: time.sleep(1)", "failed", "Timeout: more than 12 s"),
    "cent_go": (None, "py:import numpy\nnumpy.ones(100 * 2**30, dtype='u1')", "failed", "emory"),
    "gourmand": (None, "py:kept = []\nwhile True: kept.append(bytearray(b'x') * 2**24)", "failed", "emory"),
    "sortie_dure": (None, "py:import os; os._exit(3)", "failed", "exit code 3"),
    "tue": (None, "py:import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "failed", "signal 9 (SIGKILL)"),
    "segfault": (None, "py:import ctypes; ctypes.string_at(0)", "failed", "signal 11"),
    "bavard": (None, "py:for _ in range(1000): print('x' * 2**20)", "failed", "printed more than"),
    "bavard_c": (None, "py:import os\nfor _ in range(64): os.write(1, b'x' * 2**20)", "failed", "printed more than"),
    "ailleurs": (None, "py:open('ici.txt', 'w').write('x'); open('../dehors.txt', 'w').write('x')", "done", ""),
    "sys_exit": (None, "py:import sys; sys.exit(2)", "failed", "SystemExit: 2"),
    "orphelin": (
        None,
        "py:import subprocess, time\nsubprocess.Popen(['sleep', '977'])\nwhile True: time.sleep(1)",
        "failed",
        "Timeout",
    ),
    "thread": (
        None,
        "py:import threading, time\nthreading.Thread(target=time.sleep, args=(900,)).start()\nprint('fini')",
        "done",
        "",
    ),
}


def run(bench, names=(), timeout=4, **options):
    """Build, and give the entries by notebook."""
    reports = plan(bench.home / "notebooks", names, {})
    told = []
    settings = Settings(jobs=2, timeout=timeout, memory=2**30, **options)
    package = open_package(bench.home / "data")
    document = build(reports, bench.home, bench.out, package, settings, told.append)
    return {item["notebook"]: item for item in document["reports"]}, told


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_faults(bench):
    for name, (_, source, _, _) in FAULTS.items():
        bench.write(name, f"# {name}", source)
    bench.write("bon", "# Un bon carnet", "py:print('bien')")
    before = files(bench.home)
    entries, told = run(bench, timeout=12)  # a busy machine takes more than four to fill a gigabyte
    assert set(entries) == {*FAULTS, "bon"}
    wrong = {
        name: (entries[name]["status"], entries[name]["reason"])
        for name, (_, _, status, reason) in FAULTS.items()
        if entries[name]["status"] != status or reason not in entries[name]["reason"]
    }
    assert not wrong
    assert entries["bon"]["status"] == "done"
    assert len(told) == len(entries)
    assert files(bench.home) == before, "nothing is written beside the notebooks"
    expected = {"build.json", "index.html", *(item["page"] for item in entries.values())}
    assert set(files(bench.out)) == expected
    for name in ("syntaxe", "cent_go", "sys_exit"):
        assert entries[name]["cell"] == 2
    left = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "977"]]
    assert not left, "what a report started ends with it"
    jsonschema.validate(json.loads((bench.out / "build.json").read_text(encoding="utf-8")), manifest.schema())


def test_nothing_crosses(bench):
    """Working directory, figures, variables, random state, environment: each report starts as if alone."""
    look = (
        "py:import os, random, sys\nimport matplotlib, matplotlib.pyplot as plt, numpy as np\n"
        "print([len(os.listdir('.')), plt.get_fignums(), 'mine' in globals(), os.environ.get('MINE'), "
        "matplotlib.rcParams['font.size'], 'fractions_of_mine' in sys.modules, len(In)])\n"
        "print(random.random(), np.random.rand())"
    )
    dirty = (
        "py:import sys, types; mine = 1; os.environ['MINE'] = '1'; open('f', 'w').close(); fig = plt.figure()\n"
        "matplotlib.rcParams['font.size'] = 50; random.seed(1); np.random.seed(1)\n"
        "sys.modules['fractions_of_mine'] = types.ModuleType('m')"
    )
    for number in range(4):
        bench.write(f"carnet{number}", f"# Carnet {number}", look, dirty)
    run(bench)
    printed = []
    for number in range(4):
        text = (bench.out / f"carnet{number}" / f"carnet{number}.html").read_text(encoding="utf-8")
        printed.append(text.split('<pre class="output">')[1].split("</pre>")[0].split("\n")[:2])
    states = {line[0] for line in printed}
    assert len(states) == 1, states
    assert states == {"[0, [], False, None, 10.0, False, 2]"}
    assert len({line[1] for line in printed}) == 4, "random numbers differ from report to report"


def test_reports_run_side_by_side(bench):
    for number in range(4):
        bench.write(f"dort{number}", f"# Dort {number}", "py:import time; t = time.time(); time.sleep(1); print(t)")
    run(bench)
    starts = []
    for number in range(4):
        text = (bench.out / f"dort{number}" / f"dort{number}.html").read_text(encoding="utf-8")
        starts.append(float(text.split('<pre class="output">')[1].split("</pre>")[0]))
    starts.sort()
    assert starts[1] - starts[0] < 1, "two at once"
    assert starts[2] - starts[0] >= 1, "and no more than two"


def test_a_kernel_can_be_ended_too(bench, tmp_path):
    note = tmp_path / "pid"
    bench.write(
        "boucle", "# Boucle", f"py:import os; open({str(note)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    )
    with Pool(1, timeout=120) as pool:

        def hurry():  # a busy machine takes its time to start a kernel
            while not (note.exists() and note.read_text()):
                time.sleep(0.05)
            pool.timeout = 1.0

        threading.Thread(target=hurry, daemon=True).start()
        ((_, result),) = pool.run([Job(Report(find(bench.home / "notebooks")[0], {}, "boucle"), bench.home, "kernel")])
    assert result.entry["reason"] == "Timeout: more than 1 s"
    time.sleep(0.5)
    pid = int(note.read_text())
    ended = not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # which init reaps
    assert ended
