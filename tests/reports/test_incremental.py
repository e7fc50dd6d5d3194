"""Only what changed is made again; a build that is cut short goes on where it stopped."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta

import psutil
import pytest

import tikub_lab
from tikub_lab.errors import RunError
from tikub_lab.methods import code
from tikub_lab.reports import build as building
from tikub_lab.reports import keys
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import read
from tikub_lab.reports.plan import plan
from tikub_lab.tables.package import open_package, sha256_of

READS = "py:from tikub_lab import procurement, tables\nprint(len(tables.load('procurement/contracts')))"


@pytest.fixture
def lab(bench, root):
    """A workbench with the sample's tables and two notebooks, of which one reads a table."""
    shutil.rmtree(bench.home / "data")
    shutil.copytree(root / "data", bench.home / "data")
    bench.write("lit", "# Lit", ("py:n: int = 1  # un nombre\nwords: str = ''  # des mots", ["parameters"]), READS)
    bench.write("muet", "# Muet", "py:print('rien')")
    return bench


def run(bench, *names, given=None, **options):
    """Build; give what happened to each notebook: made, skipped, failed."""
    keys.installed.cache_clear()
    keys._code.cache_clear()
    package = open_package(bench.home / "data")
    reports = plan(bench.home / "notebooks", names, given or {}, package)
    told = {}

    def tell(entry):
        told[entry["notebook"]] = "skipped" if entry.get("skipped") else entry["status"]

    settings = Settings(**({"jobs": 2, "timeout": 60} | options))
    build(reports, bench.home, bench.out, package, settings, tell)
    return told


def pages(bench):
    return {
        str(p.relative_to(bench.out)): p.read_bytes()
        for p in bench.out.rglob("*")
        if p.is_file() and p.suffix != ".json"
    }


def test_an_unchanged_report_is_skipped(lab):
    assert run(lab) == {"lit": "done", "muet": "done"}
    before = pages(lab)
    assert run(lab) == {"lit": "skipped", "muet": "skipped"}
    assert {k: v for k, v in pages(lab).items() if "index" not in k} == {
        k: v for k, v in before.items() if "index" not in k
    }
    assert run(lab, force=True) == {"lit": "done", "muet": "done"}


def test_a_table_that_was_missing_and_came(lab):
    lab.write("lit", "# Lit", READS.replace("contracts')", "amendments', optional=True)"))
    descriptor = lab.home / "data" / "datapackage.json"
    whole = descriptor.read_text(encoding="utf-8")
    raw = json.loads(whole)
    raw["resources"] = [item for item in raw["resources"] if item["name"] != "procurement/amendments"]
    descriptor.write_text(json.dumps(raw), encoding="utf-8")
    assert run(lab, "lit") == {"lit": "done"}
    assert run(lab, "lit") == {"lit": "skipped"}
    assert "absente" in (lab.out / "lit/lit.html").read_text(encoding="utf-8")
    descriptor.write_text(whole, encoding="utf-8")
    assert run(lab, "lit") == {"lit": "done"}


def change_notebook(lab):
    lab.write("muet", "# Muet", "py:print('autre chose')")


def change_table(lab):
    path = lab.home / "data" / "sample" / "procurement" / "contracts.csv"
    path.write_bytes(path.read_bytes().replace(b"Lyc", b"LYC", 1))
    descriptor = lab.home / "data" / "datapackage.json"
    raw = json.loads(descriptor.read_text(encoding="utf-8"))
    for item in raw["resources"]:
        if item["name"] == "procurement/contracts":
            item["hash"] = "sha256:" + sha256_of(path)
    descriptor.write_text(json.dumps(raw), encoding="utf-8")


def change_other_table(lab):
    descriptor = lab.home / "data" / "datapackage.json"
    raw = json.loads(descriptor.read_text(encoding="utf-8"))
    raw["resources"] = [item for item in raw["resources"] if item["name"] != "procurement/amendments"]
    descriptor.write_text(json.dumps(raw), encoding="utf-8")


def change_schema(lab):
    """E6: what a table's columns mean is read with it."""
    path = lab.home / "data" / "schemas" / "procurement" / "contracts.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"title": "', '"title": "Autre ', 1), encoding="utf-8")


def change_installed(lab):
    """E6: another version of an installed library."""
    (lab.home / "site" / "faux-1.0.dist-info").rename(lab.home / "site" / "faux-1.1.dist-info")


def comment(lab, *path):
    file = lab.home.joinpath("package", *path)
    file.write_text(file.read_text(encoding="utf-8") + "# un commentaire\n", encoding="utf-8")


def comment_ground(lab):
    comment(lab, "tables", "package.py")


def comment_own_use_case(lab):
    comment(lab, "procurement", "suppliers.py")


def comment_other_use_case(lab):
    comment(lab, "energy", "valuation.py")
    comment(lab, "kits", "recipe.py")


def change_page(lab):
    (lab.out / "lit" / "lit.html").write_text("touched", encoding="utf-8")


def remove_page(lab):
    (lab.out / "muet" / "muet.html").unlink()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_notebook, {"lit": "skipped", "muet": "done"}),
        (change_table, {"lit": "done", "muet": "skipped"}),
        (change_other_table, {"lit": "skipped", "muet": "skipped"}),
        (change_schema, {"lit": "done", "muet": "skipped"}),
        (change_installed, {"lit": "done", "muet": "done"}),
        (comment_ground, {"lit": "done", "muet": "done"}),
        (comment_own_use_case, {"lit": "done", "muet": "skipped"}),
        (comment_other_use_case, {"lit": "skipped", "muet": "skipped"}),
        (change_page, {"lit": "done", "muet": "skipped"}),
        (remove_page, {"lit": "skipped", "muet": "done"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_changed_is_made_again_and_nothing_else_e6(lab, root, monkeypatch, change, expected):
    shutil.copytree(root / "tikub_lab", lab.home / "package", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "ROOT", lab.home / "package")
    (lab.home / "site" / "faux-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(lab.home / "site")
    run(lab)
    change(lab)
    assert run(lab) == expected


def test_parameters_code_and_engine_are_in_the_key(lab, monkeypatch):
    run(lab, "lit", given={"n": "2"})
    assert run(lab, "lit", given={"n": "2"}) == {"lit": "skipped"}
    assert run(lab, "lit", given={"n": "3"}) == {"lit": "done"}
    assert run(lab, "lit", given={"n": "3"}, engine="kernel") == {"lit": "done"}
    monkeypatch.setattr(keys, "code_hash", lambda notebook: "other")
    assert run(lab, "lit", given={"n": "2"}) == {"lit": "done"}


def test_another_package_s_table_of_the_same_name_e6(lab):
    """What a report read from another package is compared with that package."""
    other = lab.home / "data" / "autre"
    shutil.copytree(lab.home / "data", other)
    lab.write("lit", "# Lit", READS.replace("contracts')", f"contracts', data={str(other)!r})"))
    assert run(lab, "lit") == {"lit": "done"}
    assert run(lab, "lit") == {"lit": "skipped"}
    table = other / "sample" / "procurement" / "contracts.csv"
    table.write_bytes(table.read_bytes().replace(b"Lyc", b"LYC", 1))
    descriptor = other / "datapackage.json"
    raw = json.loads(descriptor.read_text(encoding="utf-8"))
    for item in raw["resources"]:
        item["hash"] = "sha256:" + sha256_of(other / item["path"])
    descriptor.write_text(json.dumps(raw), encoding="utf-8")
    assert run(lab, "lit") == {"lit": "done"}


def test_a_table_asked_for_and_absent_e6(lab):
    """Absent without ``optional``, which the notebook catches: there now, the page would be another."""
    source = "try:\n    tables.load('procurement/amendments')\nexcept Exception as error:\n    print('sans')"
    lab.write("lit", "# Lit", "py:from tikub_lab import tables\n" + source)
    descriptor = lab.home / "data" / "datapackage.json"
    whole = descriptor.read_text(encoding="utf-8")
    change_other_table(lab)
    assert run(lab, "lit") == {"lit": "done"}
    assert run(lab, "lit") == {"lit": "skipped"}
    descriptor.write_text(whole, encoding="utf-8")
    assert run(lab, "lit") == {"lit": "done"}


def test_time_zone_and_locale_are_the_same_for_all_and_the_day_is_in_the_key_e7(lab, monkeypatch):
    show = "py:import os, time, locale\nprint(time.tzname, os.environ['LANG'], locale.setlocale(locale.LC_TIME))\n"
    lab.write("heure", "# Heure", show + "print(time.strftime('%B'), sorted(n for n in os.environ if n[:3] == 'LC_'))")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LC_TIME", "fr_FR.UTF-8")
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert run(lab, "heure", "muet") == {"heure": "done", "muet": "done"}
    printed = (lab.out / "heure/heure.html").read_text(encoding="utf-8")
    assert "CET" in printed
    assert "C.UTF-8 C.UTF-8" in printed
    assert "LC_ALL" in printed
    assert "LC_TIME" not in printed
    assert run(lab, "heure", "muet") == {"heure": "skipped", "muet": "skipped"}
    today = keys.datetime

    class Tomorrow(today):
        @classmethod
        def now(cls, zone):
            return today.now(zone) + timedelta(days=1)

    monkeypatch.setattr(keys, "datetime", Tomorrow)
    assert run(lab, "heure", "muet") == {"heure": "done", "muet": "skipped"}


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("jour = jour or date.today()", True),
        ("f = datetime.now", True),
        ("pd.Timestamp('now')", True),
        ('np.datetime64("today")', True),
        ("import time as t\nt.monotonic()", True),
        ("from time import time", True),
        ("!date", True),
        ("jour = !date", True),
        ("%%bash\ndate", True),
        ("today = procurement.reference_day(book, jour)\nshow.day(today)", False),
        ("x = 'le temps, time, now'", False),
    ],
)
def test_which_notebooks_ask_for_the_day_e7(lab, source, asks):
    notebook = read(lab.write("essai", "# Essai", f"py:{source}"))
    assert bool(keys.day(notebook)) == asks


def test_methods_ask_no_clock_e7(root):
    """The day is looked for in notebooks only, because the ground and the use cases never ask for it themselves."""
    asked = []
    for path in code.files(*tikub_lab.USE_CASES):
        if path.suffix == ".py" and not {"published", "sample"} & set(path.parts) and path.name not in IMPORTS:
            calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
            asked += (
                [(path.name, sorted(names & {"today", "now", "utcnow"}))] if names & {"today", "now", "utcnow"} else []
            )
    assert not asked


IMPORTS = {"imports.py", "staging.py", "sampling.py", "journal.py", "once.py"}
IMPORTS |= {"download.py", "ledger.py"}  # a ledger notes when something was told, a download when to ask again


def test_only_failed(lab):
    lab.write("casse", "# Cassé", "py:raise ValueError('non')")
    assert run(lab) == {"casse": "failed", "lit": "done", "muet": "done"}
    assert run(lab, only_failed=True, force=True) == {"casse": "failed"}
    assert run(lab) == {"casse": "failed", "lit": "skipped", "muet": "skipped"}
    lab.write("casse", "# Réparé", "py:print('oui')")
    assert run(lab, only_failed=True) == {"casse": "done"}
    assert run(lab, only_failed=True) == {}


def test_a_secret_is_nowhere(lab):
    cells = [("py:from tikub_lab import Secret\njeton: Secret = ''", ["parameters"]), "py:print(len(jeton))"]
    lab.write("secret", "# Secret", *cells)
    lab.write("fuite", "# Fuite", *cells, "py:raise ValueError(jeton)")
    expected = {"secret": "done", "fuite": "failed", "lit": "done", "muet": "done"}
    assert run(lab, given={"jeton": "tr3s-s3cr3t"}) == expected
    for path in lab.out.rglob("*"):
        assert "tr3s-s3cr3t" not in str(path)
        assert not path.is_file() or b"tr3s-s3cr3t" not in path.read_bytes()
    assert run(lab, "secret", given={"jeton": "tr3s-s3cr3t"}) == {"secret": "done"}, "made again each time"


def test_a_full_disk_stops_the_build_and_loses_nothing(lab, monkeypatch):
    real, count = building.write_atomic, []

    def full(path, content):
        if path.name == "muet.html" and not count:
            count.append(path)
            raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(building, "write_atomic", full)
    with pytest.raises(RunError, match=r"the disk is full.*; make room, then run the command again"):
        run(lab, jobs=1)
    assert not (lab.out / "muet" / "muet.html").exists()
    assert run(lab) == {"lit": "skipped", "muet": "done"}


def slow_build(bench, count):
    """A command that makes many slow reports, and the environment to run it in."""
    bench.write(
        "lent", "# Lent", ("py:n: int = 0  # rang", ["parameters"]), "py:import time; time.sleep(0.2); print('fin')"
    )
    each = "n=" + ",".join(map(str, range(count)))
    command = [
        sys.executable,
        "-m",
        "tikub_lab",
        "report",
        "lent",
        "--each",
        each,
        "--out",
        str(bench.out),
        "--jobs",
        "2",
    ]
    return command, os.environ | {"TIKUB_HOME": str(bench.home)}


def wait_for_pages(bench, count):
    deadline = time.monotonic() + 240  # a busy machine takes its time to begin
    while len(list(bench.out.glob("lent/*.html"))) < count and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.parametrize(("count", "made"), [(12, 4), pytest.param(40, 8, marks=pytest.mark.proof)])
def test_kill_9_in_the_middle(bench, count, made):
    """Whole pages stay, and the next build makes the others only."""
    command, environment = slow_build(bench, count)
    first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for_pages(bench, made)
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(0.5)
    kept = list(bench.out.glob("lent/*.html"))
    assert made <= len(kept) < count
    assert all(path.read_text(encoding="utf-8").rstrip().endswith("</html>") for path in kept)
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    skipped = int(re.search(r"(\d+) skipped", second.stdout)[1])
    assert skipped >= len(kept) - 2, "at most the two pages written but not recorded are made again"
    assert f"{count - skipped} done, 0 failed" in second.stdout
    assert len(list(bench.out.glob("lent/*.html"))) == count
    assert not list(bench.out.glob("**/.lent*")), "no half-written file stays"


def test_ctrl_c_keeps_what_was_made(bench):
    """Pages, manifest and index of what was made stay; nothing goes on running."""
    command, environment = slow_build(bench, 60)
    build_process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    wait_for_pages(bench, 4)
    children = psutil.Process(build_process.pid).children(recursive=True)
    build_process.send_signal(signal.SIGINT)
    _, said = build_process.communicate(timeout=30)
    assert build_process.returncode == 130
    assert "tikub: interrupted. " in said
    assert "the same command goes on from there." in said
    manifest = json.loads((bench.out / "build.json").read_text(encoding="utf-8"))
    kept = {path.name for path in bench.out.glob("lent/*.html")}
    assert {item["page"].split("/")[1] for item in manifest["reports"]} == kept
    assert (bench.out / "index.html").is_file()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
