"""`tikub staffing`: from a night's export to alerts and names; one clear line for what is wrong, and no name in it."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.staffing.events import POSITION, event
from tikub_lab import tables
from tikub_lab.errors import RunError, UsageError
from tikub_lab.staffing.commands import app

EXPORT = ROOT / "data" / "sample" / "staffing" / "export.csv"


@pytest.fixture
def staffing(tmp_path, monkeypatch):
    """Run a command on a ledger of the test's own; give what it printed."""
    monkeypatch.setenv("TIKUB_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setenv("TIKUB_HOME", str(ROOT))
    monkeypatch.chdir(tmp_path)

    def run(*arguments, piped=None):
        ran = CliRunner().invoke(app, [*map(str, arguments)], input=piped)
        run.said += ran.output
        if ran.exception and not isinstance(ran.exception, SystemExit):
            run.said += str(ran.exception)
            raise ran.exception
        assert ran.exit_code == 0, ran.output
        return ran.output

    run.said = ""
    return run


def lines(*events):
    return b"".join(json.dumps(each, default=str).encode() + b"\n" for each in events)


def test_from_a_night_to_who_it_is_about(staffing, tmp_path):
    few = EXPORT.read_text(encoding="utf-8").splitlines(keepends=True)[:300]
    (tmp_path / "night.csv").write_text("".join(few), encoding="utf-8")
    assert "299 rows" in staffing("import", "night.csv", "--at", "2025-12-31")
    assert "299 rows; 0 events appended, 0 things are over." in staffing("import", "night.csv", "--at", "2025-12-31")
    assert "299 positions" in staffing("state", "--at", "2025-12-31", "--out", "state.csv")
    assert " 0 positions" in staffing("state", "--at", "2025-12-31", "--known", "2026-01-01")
    assert "one chain. Its head: " in staffing("verify")
    assert "alerts" in staffing("alerts", "--out", "alerts.csv", "--key", "key", "--at", "2025-12-31")
    assert "rows have a name" in staffing("names", "alerts.csv", "--key", "key")
    assert "personne fictive" in (tmp_path / "alerts.names.csv").read_text(encoding="utf-8")
    assert "personne fictive" not in (tmp_path / "alerts.csv").read_text(encoding="utf-8")
    assert "needs served" in staffing(
        "propose", "--out", "go.csv", "--key", "key", "--at", "2025-12-31", "--days", "14"
    )
    assert "rows have a name" in staffing("names", "go.csv", "--key", "key")
    assert "personne fictive" not in (proposed := (tmp_path / "go.csv").read_text(encoding="utf-8"))
    assert "Sinon, " in proposed
    for name in ("state.csv", "alerts.csv", "alerts.names.csv", "go.csv", "key"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name
    (tmp_path / "latin.csv").write_bytes("personne;é\n".encode("latin-1"))
    (tmp_path / "empty.csv").touch()
    for name in ("latin", "empty"):
        with pytest.raises(UsageError, match="not a CSV in UTF-8"):
            staffing("names", f"{name}.csv", "--key", "key")
    assert "events purged" in staffing("purge", "--before", "2025-12-31")
    assert "one chain" in staffing("verify")
    shutil.move(tmp_path / "key", tmp_path / "other")
    with pytest.raises(UsageError, match="no key there"):
        staffing("names", "alerts.csv", "--key", "key")
    agents = tables.load("staffing/agents")
    assert not any(name in staffing.said for name in [*agents["nom"], *agents["agent"]])


def test_a_pipe_is_answered_line_by_line(staffing):
    good = [event(f"e{n}", POSITION, f"P{n}") for n in range(3)]
    said = staffing("append", "-", piped=lines(*good, good[0]))
    answers = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [(item["id"], item["number"], item["new"]) for item in answers] == [
        ("e0", 1, True), ("e1", 2, True), ("e2", 3, True), ("e0", 1, False),
    ]  # fmt: skip


def test_a_corrupt_line_is_set_aside_and_says_no_name(staffing, tmp_path):
    wrong = event("e2", POSITION, "P2", statut="Awen du Houx")
    good = [lines(event(f"e{n}", POSITION, f"P{n}")) for n in (1, 3)]
    (tmp_path / "day.jsonl").write_bytes(good[0] + lines(wrong) + b"{\n" + good[1])
    with pytest.raises(RunError, match=r"day.jsonl: 2 lines set aside, all others taken"):
        staffing("append", "day.jsonl")
    assert "2 events appended, 0 known before." in staffing.said
    assert "day.jsonl, line 2: statut is none of ouvert, gelé." in staffing.said
    assert "day.jsonl, line 3: no JSON in UTF-8" in staffing.said
    assert "Awen" not in staffing.said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["state"], "no ledger there. `tikub staffing import` or `append` makes one."),
        (["verify"], "no ledger there"),
        (["append", "none.jsonl"], "none.jsonl: no such file. Give a file of JSON lines, or - for a pipe."),
        (["import", "none.csv", "--at", "2026-01-01"], "none.csv: no such file."),
        (["import", "none.csv", "--at", "demain"], "day='demain' is no date; write it as 2026-05-03."),
        (
            ["names", "none.csv", "--key", "key"],
            "none.csv: no such file. `tikub staffing alerts --out none.csv` writes it.",
        ),
    ],
)
def test_wrong_use_is_one_clear_line(staffing, arguments, says):
    with pytest.raises(UsageError) as caught:
        staffing(*arguments)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
