"""Whatever comes back from a report's process or is left by it, the build goes on and loses nothing (E5 to E18)."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.reports import files, index, manifest, worker
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import find
from tikub_lab.reports.plan import plan
from tikub_lab.reports.pool import Pool
from tikub_lab.tables.package import open_package

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="warm processes are forked; Windows gets kernels")


def run(bench, *names, given=None, **options):
    """Build, and give the entries told of by notebook."""
    package = open_package(bench.home / "data")
    reports = plan(bench.home / "notebooks", names, given or {}, package)
    told = []
    settings = Settings(**({"jobs": 2, "timeout": 60} | options))
    build(reports, bench.home, bench.out, package, settings, told.append)
    return {item["notebook"]: item for item in told}


def command(bench, *arguments, **options):
    line = [sys.executable, "-m", "tikub_lab", "report", *arguments, "--out", str(bench.out)]
    environment = os.environ | {"TIKUB_HOME": str(bench.home)} | options.pop("env", {})
    return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def gone(*pids):
    """Whether processes have ended, or end within a moment."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        alive = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return True
        time.sleep(0.05)
    return False


# E5: one build at a time


def test_a_folder_has_one_build_at_a_time_e5(bench):
    for name in ("premier", "lent", "bon"):
        bench.write(name, f"# {name}", "py:print('bien')")
    package, said = open_package(bench.home / "data"), []

    def tell(_):  # the first build is there: one of its pages is made, the other is not
        ran = said or command(bench, "bon")
        said.extend([] if said else [ran.communicate(timeout=180)[1], ran.returncode])

    reports = plan(bench.home / "notebooks", ["premier", "lent"], {}, package)
    build(reports, bench.home, bench.out, package, Settings(jobs=1, timeout=60), tell)
    line = f"tikub: {bench.out}: another build is writing there. Wait for its end, or give another --out.\n"
    assert said == [line, 2]
    assert run(bench, "bon")["bon"]["status"] == "done"
    document = json.loads((bench.out / "build.json").read_text(encoding="utf-8"))
    assert [item["notebook"] for item in document["reports"]] == ["bon", "lent", "premier"]


def test_who_is_refused_takes_no_lock_away_g11(tmp_path):
    with files.held(tmp_path) as ours:
        assert ours
        for _ in range(2):
            with files.held(tmp_path) as second:
                assert not second
    with files.held(tmp_path) as again:
        assert again


# E8, E9: reasons

ODD = {
    "demi": ("py:print('\\ud800 reste')", "done", ""),
    "demi_erreur": ("py:raise ValueError('\\ud800 rate')", "failed", "rate"),
    "demi_tableau": (
        "py:import pandas as pd\nfrom tikub_lab import show\nshow.table(pd.DataFrame({'a\\ud800': ['\\udfff']}), 'T')",
        "failed",
        "UnicodeEncodeError",
    ),
    "trace": (
        "py:import os\nopen(os.environ['TIKUB_TRACE'], 'ab').write(b'\\xff{}\\n[1]\\n{\"table\": 1}\\n')",
        "failed",
        "KeyError: 'origin'",
    ),
    "sans_trace": ("py:import os\nos.mkdir(os.environ['TIKUB_TRACE'])", "done", ""),
    "sans_dossier": ("py:import os, shutil\nshutil.rmtree(os.getcwd())", "done", ""),
}


SOME = ["demi_erreur", "demi_tableau"]


@pytest.mark.parametrize(
    ("engine", "names"),
    [
        ("tikub", ODD),
        pytest.param("kernel", SOME, marks=pytest.mark.ci),
        pytest.param("kernel", ODD, marks=pytest.mark.proof),
    ],
    ids=["tikub", "kernel-some", "kernel"],
)
def test_odd_text_stops_nothing_e8(bench, engine, names):
    for name in names:
        bench.write(name, f"# {name}", ODD[name][0].replace("\\\\ud800", "\\ud800"))
    path = bench.write("tete", "# tete", "## une partie", "py:print('bien')")
    path.write_text(
        path.read_text(encoding="utf-8").replace("## une partie", "## une \\ud800 partie"), encoding="utf-8"
    )
    told = run(bench, engine=engine, timeout=300)
    states = {name: (item["status"], item["reason"]) for name, item in told.items()}
    assert states.pop("tete") == ("done", "")
    if engine == "kernel" and "demi" in names:  # which can't always send half a pair
        assert states.pop("demi")[0] in {"done", "failed"}
    assert {name: status for name, (status, _) in states.items()} == {name: ODD[name][1] for name in states}
    assert len(states) >= len(names) - 1
    for name, (_, reason) in states.items():
        assert (ODD[name][2] if engine == "tikub" else "") in reason  # a kernel can't always send its own error
        assert bool(reason) == (told[name]["status"] == "failed")
    assert (told["demi_erreur"]["cell"], told["demi_tableau"]["cell"]) == (2, 2)
    assert engine == "kernel" or "� reste" in (bench.out / "demi/demi.html").read_text(encoding="utf-8")


def test_an_error_in_making_the_page_is_the_report_s_reason_e8(bench, monkeypatch):
    """Whatever fails after the cells ran."""
    notebook = find(bench.write("bon", "# Bon", "py:print('bien')").parent)[0]
    job = worker.Job(worker.Report(notebook, {}, "bon"), bench.home)

    class Broken:
        cells = property(lambda self: 1 / 0)

    monkeypatch.setattr(worker, "execute", lambda *_: worker.Execution(Broken(), None, 1.0))
    made = worker.make(job, bench.home)
    assert (made.entry["status"], made.entry["reason"]) == ("failed", "ZeroDivisionError: division by zero")
    assert b"ZeroDivisionError" in made.html


def test_the_cell_of_a_report_that_was_ended_e8(bench):
    bench.write("boucle", "# Boucle", "py:x = 1", "## Le calcul", "py:while True: pass")
    bench.write("dur", "# Dur", ("py:n: int = 0", ["parameters"]), "py:import os; os._exit(3)")
    told = run(bench, given={"n": "3"}, timeout=2)
    assert (told["boucle"]["reason"], told["boucle"]["cell"]) == ("Timeout: more than 2 s", 4)
    assert (told["dur"]["reason"], told["dur"]["cell"]) == ("The notebook ended its process with exit code 3", 3)
    assert "Le calcul" in (bench.out / "boucle/boucle.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", ["nom=\udcff", "nom=a\udce9"])
def test_an_invalid_byte_is_one_line_e9(bench, value):
    bench.write("nom", "# Nom", ("py:nom: str = ''", ["parameters"]))
    ran = command(bench, "-p", value)
    said = ran.communicate(timeout=180)[1]
    assert ran.returncode == 2
    assert said.startswith("tikub: nom: nom='")
    assert "not UTF-8" in said
    assert len(said.splitlines()) == 1


KILLER = "py:import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nwhile True: pass"


def test_a_dead_server_blames_no_notebook_e8(bench):
    """A report that ends the server fails; those that ran at the time are made again."""
    bench.write("tueur", "# Tueur", KILLER)
    for number in range(3):
        bench.write(f"bon{number}", f"# Bon {number}", "py:import time; time.sleep(1); print('bien')")
    told = run(bench)
    assert {name: item["status"] for name, item in told.items()} == {
        "bon0": "done", "bon1": "done", "bon2": "done", "tueur": "failed",
    }  # fmt: skip
    assert told["tueur"]["reason"].startswith("The server of the processes was ended while this report ran")


# E10: what comes back is data

FORGE = """py:import json, os
from pathlib import Path
head = json.loads(HEAD)
CHANGE
content = b"<html>"
head["sizes"] = [len(content), 0] + [1] * len(head["entry"]["files"])
(Path(os.environ["TIKUB_TRACE"]).parent / "result").write_bytes(
    json.dumps(head).encode() + b"\\n" + content + b"x" * len(head["entry"]["files"]))
os._exit(0)"""

CHANGES = {
    "rien": ("pass", "done"),
    "page": ('head["entry"] |= {"page": "../dehors.html", "notebook": "autre", "key": "0" * 64}', "done"),
    "fichier": ('head["entry"]["files"] = [{"path": "../dehors.csv", "label": "x"}]', "failed"),
    "fichier_html": ('head["entry"]["files"] = [{"path": "fichier_html/fichier_html.x.html", "label": "x"}]', "failed"),
    "pdf": ('head["entry"]["pdf"] = "../dehors.pdf"', "failed"),
    "etat": ('head["entry"]["status"] = "parfait"', "failed"),
    "cle": ('head["entry"]["autre"] = 1', "failed"),
    "sans": ('del head["entry"]["heading"]', "failed"),
    "type": ('head["entry"]["figures"] = "3"', "failed"),
    "infini": ('head["entry"]["seconds"] = float("inf")', "failed"),
    "demi": ('head["entry"]["heading"] = "\\ud800"', "failed"),
    "liste": ("head = [1]; head = {'entry': {'files': []}, 'x': 1}", "failed"),
}


def test_a_forged_result_is_checked_e10(bench):
    """Nothing that a notebook writes in its result's place is run, or reaches another file than its page."""
    sample = bench.write("modele", "# Modèle", "py:print('bien')")
    job = worker.Job(worker.Report(find(sample.parent)[0], {}, "modele"), bench.home)
    with Pool(1) as pool:
        ((_, result),) = pool.run([job])
    head = worker.pack(result).partition(b"\n")[0].decode()
    for name, (change, _) in CHANGES.items():
        bench.write(name, f"# {name}", FORGE.replace("HEAD", repr(head)).replace("CHANGE", change))
    told = run(bench)
    assert {name: item["status"] for name, item in told.items()} == {
        "modele": "done", **{name: status for name, (_, status) in CHANGES.items()}
    }  # fmt: skip
    assert {told[name]["reason"] for name, (_, status) in CHANGES.items() if status == "failed"} == {
        "The notebook's process sent back what is no report."
    }
    assert sorted(path.name for path in bench.out.parent.glob("*dehors*")) == []
    expected = {"build.json", "index.html", *(f"{name}/{name}.html" for name in told)}
    assert {str(path.relative_to(bench.out)) for path in bench.out.rglob("*") if path.is_file()} == expected


def test_no_code_of_a_notebook_runs_in_the_build_e10(bench, tmp_path):
    """Neither an object with ``__reduce__`` in the result's place, nor what stalls who reads it."""
    evil = (
        "py:import os, gc\nclass Evil:\n    def __reduce__(self): return os.system, ('touch {path}',)\n"
        "import pickle\nimport tikub_lab.reports.worker as worker\n"
        "worker.Result = lambda *a, **k: Evil()\nworker.pack = lambda result: pickle.dumps(Evil())"
    )
    bench.write("mal", "# Mal", evil.replace("{path}", str(tmp_path / "couru")))
    stall = "import os\nfrom pathlib import Path\np = Path(os.environ['TIKUB_TRACE']).parent / 'result'\n"
    bench.write("tube", "# Tube", f"py:{stall}os.mkfifo(p)\nos._exit(0)")
    bench.write("lien", "# Lien", f"py:{stall}p.symlink_to('/dev/zero')\nos._exit(0)")
    everywhere = "for fd in range(3, 64):\n    try: os.write(fd, b'\\x00\\x00\\xff\\xff')\n    except OSError: pass\n"
    bench.write("prise", "# Prise", f"py:import os\n{everywhere}while True: pass")
    bench.write("bon", "# Bon", "py:print('bien')")
    told = run(bench, timeout=4)
    assert {name: item["status"] for name, item in told.items()} == {
        "bon": "done", "lien": "failed", "mal": "failed", "prise": "failed", "tube": "failed",
    }  # fmt: skip
    assert not (tmp_path / "couru").exists()


# E11: the journal


def test_a_torn_or_odd_journal_e11(bench):
    bench.write("bon", "# Été", "py:print('bien')")
    bench.write("autre", "# Été", "py:print('bien')")
    run(bench)
    reports = json.loads((bench.out / "build.json").read_text(encoding="utf-8"))["reports"]
    lines = [json.dumps(item, ensure_ascii=False).encode() for item in reports]
    (bench.out / "build.json").unlink()
    cut = lines[1][: lines[1].index("É".encode()) + 1]
    odd = [
        b"123",
        b"{}",
        b"[]",
        b"null",
        b'{"page": "x/y.html"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": NaN}',
        lines[0],
        cut,
    ]
    (bench.out / ".build.jsonl").write_bytes(b"\n".join(odd))
    made = manifest.Manifest(bench.out)
    assert list(made.entries) == ["autre/autre.html"]
    made.add(reports[1])
    assert list(manifest.Manifest(bench.out).entries) == ["autre/autre.html", "bon/bon.html"], "after a torn line"
    (bench.out / ".build.jsonl").write_bytes(b"\n".join(odd))
    told = run(bench)
    assert told["autre"]["skipped"]
    assert "skipped" not in told["bon"]
    assert not (bench.out / ".build.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"format": 2, "reports": []}', "format 2 is newer than the one known here (1). Update tikub-lab"),
        (b'{"format": 1}', "not a manifest of this workbench"),
        (b"[1]", "not a manifest of this workbench"),
        (b"\xff", "not a manifest of this workbench"),
        (None, "build.json: Is a directory. Remove it, or give another --out."),
    ],
)
def test_a_manifest_that_is_not_ours_is_left_alone_e11(bench, content, says):
    bench.write("bon", "# Bon", "py:print('bien')")
    bench.out.mkdir()
    path = bench.out / "build.json"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UsageError) as error:
        run(bench)
    assert says in str(error.value)
    assert content is None or path.read_bytes() == content
    assert [item.name for item in bench.out.iterdir()] == ["build.json"]


def test_entries_that_do_not_fit_are_made_again_e11(bench):
    bench.write("bon", "# Bon", "py:print('bien')")
    run(bench)
    path = bench.out / "build.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["reports"][0]["status"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert "skipped" not in run(bench)["bon"]


@pytest.mark.parametrize("what", ["a file", "index.html"])
def test_a_folder_that_can_t_be_written_is_one_line_e11(bench, tikub_here, monkeypatch, what):
    monkeypatch.setenv("TIKUB_HOME", str(bench.home))
    bench.write("bon", "# Bon", "py:print('bien')")
    if what == "a file":
        bench.out.write_text("x")
    else:
        bench.out.mkdir()
        (bench.out / "index.html").mkdir()
    ran = tikub_here("report", "bon", "-q", "--out", bench.out)
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "could not be written" in ran.stderr
    assert "choose another --out, then run the command again." in ran.stderr
    assert "[Errno" not in ran.stderr


# E12: what a report leaves

LEAVES = """py:import os, subprocess, sys
for number in range(2):
    subprocess.Popen(["sh", "-c", 'echo $$ > "$0"; exec sleep 900', f"NOTE{number}"], start_new_session=True)
os.system(f"setsid sh -c 'echo $$ > NOTE2; sleep 901' & setsid sh -c 'sleep 902 & echo $! > NOTE3' &")
import time
while not all(os.path.exists(f"NOTE{n}") and open(f"NOTE{n}").read().strip() for n in range(4)): time.sleep(0.01)
"""
ENDS = {
    "done": "",
    "error": "1 / 0",
    "exit": "os._exit(0)",
    "exit_1": "os._exit(1)",
    "killed": "os.kill(os.getpid(), 9)",
    "timeout": "while True: time.sleep(1)",
}


@pytest.mark.parametrize(
    ("engine", "names", "timeout"),
    [
        ("tikub", ENDS, 6),
        pytest.param("kernel", ["done", "killed"], 60, marks=pytest.mark.ci),
        pytest.param("kernel", ENDS, 20, marks=pytest.mark.proof),
    ],
    ids=["tikub", "kernel-some", "kernel"],
)
def test_what_a_report_starts_ends_with_it_e12(bench, tmp_path, engine, names, timeout):
    """The last of all ends waits for the timeout, in which a busy machine must start a kernel."""
    for name in names:
        bench.write(name, f"# {name}", LEAVES.replace("NOTE", str(tmp_path / name)) + ENDS[name])
    told = run(bench, timeout=timeout, engine=engine)
    pids = [int(path.read_text()) for path in tmp_path.glob("*[0-9]") if path.is_file()]
    assert len(pids) == 4 * len(names)
    assert gone(*pids)
    assert told["done"]["status"] == "done"


OTHER_ENDS = [pytest.param(how, marks=pytest.mark.proof) for how in (signal.SIGINT, signal.SIGTERM)]


@pytest.mark.parametrize("how", [signal.SIGKILL, *OTHER_ENDS])
def test_an_interrupted_build_leaves_nothing_for_long_e12(bench, tmp_path, how):
    """No process outlives it, a killed one's scratch is gone after the next build, TMPDIR included."""
    note, tmp = tmp_path / "note", tmp_path / "tmp"
    tmp.mkdir()
    big = "import tempfile\nf = tempfile.NamedTemporaryFile(delete=False); f.write(b'x' * 10**7); f.flush()\n"
    fill = "for _ in range(100): os.write(1, b'x' * 1000)\n"
    bench.write(
        "long",
        "# Long",
        LEAVES.replace("NOTE", str(note))
        + big
        + fill
        + f"open({str(note)!r}, 'w').write(str(os.getpid()))\nwhile True: pass",
    )
    bench.write("bon", "# Bon", "py:print('bien')")
    first = command(bench, "long", env={"TMPDIR": str(tmp)})
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(how)
    first.communicate(timeout=180)
    pids = [int(path.read_text()) for path in tmp_path.glob("note*")]
    assert len(pids) == 5
    assert gone(*pids)
    left = [path.name for path in tmp.glob("tikub-*")]
    assert len(left) == (0 if how == signal.SIGINT else 1), left
    assert command(bench, "bon", env={"TMPDIR": str(tmp)}).wait(60) == 0
    assert [path.name for path in tmp.glob("*") if not path.name.startswith("pymp-")] == []


@pytest.mark.parametrize("name", ["é" * 60, pytest.param("x" * 90, marks=pytest.mark.proof)])
def test_a_temporary_folder_too_long_for_a_socket_e12(bench, tmp_path, name):
    """The server has its socket elsewhere, in a folder that is gone at the end as well."""
    tmp, note = tmp_path / name, tmp_path / "note"
    tmp.mkdir()
    note_it = f"open({str(note)!r}, 'w').write(multiprocessing.current_process()._config['tempdir'])"
    bench.write("ou", "# Où", f"py:import multiprocessing\n{note_it}")
    bench.write("bon", "# Bon", "py:print('bien')")
    # The second process, made when the server ran, knows its folder.
    ran = command(bench, "bon", "ou", "--jobs", "2", env={"TMPDIR": str(tmp)})
    assert ran.communicate(timeout=180)[0].startswith("2 done, 0 failed, 0 skipped, of 2 reports")
    assert len(note.read_text()) < 80
    assert not os.path.exists(note.read_text())  # noqa: PTH110
    assert list(tmp.iterdir()) == []


def test_what_a_report_writes_is_in_its_own_folder_e12(bench):
    look = (
        "py:import os, tempfile\nhere = os.path.dirname(os.getcwd())\n"
        "print(os.environ['TMPDIR'] == tempfile.gettempdir(), tempfile.mkdtemp().startswith(here))"
    )
    bench.write("ou", "# Où", look)
    bench.write(
        "gros", "# Gros", "py:f = open('gros', 'wb')\nf.truncate(2**30)\nf.seek(0, 2)\nf.write(b'x')\nf.flush()"
    )
    told = run(bench)
    assert "True True" in (bench.out / "ou/ou.html").read_text(encoding="utf-8")
    assert (told["gros"]["status"], told["gros"]["cell"]) == ("failed", 2)
    assert "File too large" in told["gros"]["reason"]


def test_scratch_of_the_living_is_left_e12(tmp_path, monkeypatch):
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "tikub-essai-mort").mkdir()
    (tmp_path / "tikub-autre").mkdir()
    with files.scratch("tikub-essai-") as one, files.scratch("tikub-essai-") as two:
        assert {path.name for path in tmp_path.iterdir()} == {"tikub-autre", one.name, two.name}
    assert [path.name for path in tmp_path.iterdir()] == ["tikub-autre"]


# E13: names


@pytest.mark.parametrize(
    "name", ["...ipynb", "..ipynb", ".cache.ipynb", "build.json.ipynb", "Index.html.ipynb", "a\nb.ipynb", "a\\b.ipynb"]
)
def test_a_name_that_no_folder_of_pages_can_have_e13(bench, name):
    path = bench.write("bon", "# Bon", "py:print('bien')")
    odd = path.with_name(name)
    odd.write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match="can't be the name of a folder of pages") as error:
        run(bench, str(odd))
    assert len(str(error.value).splitlines()) == 1
    assert not bench.out.exists()


def test_two_notebooks_of_one_name_e13(bench, tmp_path):
    path = bench.write("bon", "# Bon", "py:print('bien')")
    other = tmp_path / "bon.ipynb"
    other.write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match="have one name"):
        run(bench, str(path), str(other))
    assert run(bench, "bon", str(path), str(path.parent / ".." / "notebooks" / "bon.ipynb"))["bon"]["status"] == "done"


# E18: the last good page


def test_a_failed_report_keeps_the_last_good_page_e18(bench):
    offer = "show.file('x.csv', 'a', 'Un fichier')\nprint('bonne page')"
    bench.write("essai", "# Essai", f"py:from tikub_lab import show\n{offer}")
    run(bench)
    good = (bench.out / "essai/essai.html").read_bytes()
    for _ in range(2):
        bench.write("essai", "# Essai", "py:raise ValueError('non')")
        told = run(bench)["essai"]
        assert (told["status"], told["page"]) == ("failed", "essai/essai.failed.html")
        assert "bonne page" in (bench.out / "essai/essai.html").read_text(encoding="utf-8")
        assert (bench.out / "essai/essai.x.csv").read_text() == "a"
        assert "ValueError: non" in (bench.out / "essai/essai.failed.html").read_text(encoding="utf-8")
    document = json.loads((bench.out / "build.json").read_text(encoding="utf-8"))
    first, second = document["reports"]
    assert (first["page"], first["status"], second["page"], second["status"], second["failed"]) == (
        "essai/essai.failed.html", "failed", "essai/essai.html", "done", "essai/essai.failed.html",
    )  # fmt: skip
    listed = (bench.out / "index.html").read_text(encoding="utf-8")
    assert 'href="essai/essai.html"' in listed
    assert 'href="essai/essai.failed.html"' in listed
    day = index.french.day(index.datetime.fromisoformat(second["made"]))
    assert f"page du {day}".replace(" ", "") in listed.replace("\u202f", "").replace("\xa0", "").replace(" ", "")
    bench.write("essai", "# Essai", f"py:from tikub_lab import show\n{offer}")
    assert run(bench, only_failed=True)["essai"]["status"] == "done"
    assert (bench.out / "essai/essai.html").read_bytes() == good
    assert {path.name for path in (bench.out / "essai").iterdir()} == {"essai.html", "essai.x.csv"}
    assert len(json.loads((bench.out / "build.json").read_text(encoding="utf-8"))["reports"]) == 1


# E16: the command line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--memory", "infG"], "--memory 'infG' is not a size"),
        (["--memory", "nanG"], "--memory 'nanG' is not a size"),
        (["--memory", "1e300"], "--memory '1e300'"),
        (["--timeout", "inf"], "--timeout inf: seconds are allowed"),
        (["--where", "\x1b[31m"], "--where filters"),
        (["\x1b[31mnon"], "No notebook"),
        (["-p", "a b=s3cr3t-1234"], "-p 'a b=…' is not NAME=VALUE"),
    ],
)
def test_odd_options_are_one_line_e16(bench, tikub_here, monkeypatch, arguments, says):
    monkeypatch.setenv("TIKUB_HOME", str(bench.home))
    bench.write("bon", "# Bon", ("py:n: int = 1", ["parameters"]))
    ran = tikub_here("report", *arguments, "--out", bench.out)
    said = ran.stderr
    assert ran.returncode == 2
    assert says in said
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said
    assert "s3cr3t" not in said


def test_what_a_notebook_says_cannot_command_the_terminal_e16(bench, tikub_here, monkeypatch):
    monkeypatch.setenv("TIKUB_HOME", str(bench.home))
    bench.write("mal", "# Mal", "py:raise ValueError('\\x1b]0;titre\\x07\\x9b2J\\r\\nfin')")
    said = tikub_here("report", "mal", "--out", bench.out).stderr
    assert "cell 2: ValueError: " in said
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(said)


OTHER_MOMENTS = [pytest.param(seconds, marks=pytest.mark.proof) for seconds in (0.2, 1.0, 1.6, 2.4)]


@pytest.mark.parametrize("seconds", [0.5, *OTHER_MOMENTS])
def test_ctrl_c_in_the_first_seconds_e16(bench, seconds):
    """To the whole group, as a terminal sends it: one line, and no process is left."""
    bench.write("long", "# Long", "py:while True: pass")
    ran = command(bench, "long", start_new_session=True)
    time.sleep(seconds)
    children = [child.pid for child in psutil.Process(ran.pid).children(recursive=True)]
    os.killpg(ran.pid, signal.SIGINT)
    said = ran.communicate(timeout=180)[1]
    assert "Traceback" not in said
    assert said.splitlines()[-1:] == [] or said.splitlines()[-1].startswith("tikub: interrupted.")
    assert ran.returncode in {130, -signal.SIGINT}
    assert gone(*children)
