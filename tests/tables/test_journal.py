"""A change of several files is all or nothing, whenever the process is killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables import journal

CHILD = """
import os, signal, sys
from pathlib import Path
from tikub_lab.tables import journal

folder, stop = Path(sys.argv[1]), int(sys.argv[2])
steps = []

def killer(step):
    steps.append(step)
    if len(steps) == stop:
        os.kill(os.getpid(), signal.SIGKILL)

journal.checkpoint = killer
with journal.lock(folder):
    journal.recover(folder)
    with journal.staging(folder) as place:
        (place / "part").mkdir()
        (place / "part" / "x").write_text("new")
        for name in ("a", "b"):
            (place / name).write_text("new")
        journal.commit(folder, {"a": place / "a", "deep/b": place / "b", "parts/1": place / "part"})
"""


def old_state(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("old")
    (folder / "deep" / "b").write_text("old")


def run(folder: Path, stop: int) -> int:
    return subprocess.run([sys.executable, "-c", CHILD, str(folder), str(stop)], check=False).returncode


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process the POSIX way")
def test_a_killed_change_is_whole_or_never_happened(tmp_path: Path) -> None:
    seen = set()
    for stop in range(1, 10):
        folder = tmp_path / str(stop)
        old_state(folder)
        code = run(folder, stop)
        journal.recover(folder)
        state = {(folder / "a").read_text(), (folder / "deep" / "b").read_text()}
        assert len(state) == 1, f"half a change after step {stop}"
        assert (folder / "parts" / "1" / "x").exists() == (state == {"new"})
        assert not (folder / journal.JOURNAL).exists()
        seen |= state
        if code == 0:
            break
    else:
        pytest.fail("the change has more steps than the test stops at")
    assert seen == {"old", "new"}


def test_recover_is_repeatable_and_leaves_other_files(tmp_path: Path) -> None:
    old_state(tmp_path)
    (tmp_path / "staged").write_text("new")
    (tmp_path / journal.JOURNAL).write_text(json.dumps({"renames": {"a": "staged"}}))
    assert journal.recover(tmp_path)
    assert not journal.recover(tmp_path)
    assert (tmp_path / "a").read_text() == "new"
    assert (tmp_path / "deep" / "b").read_text() == "old"


@pytest.mark.parametrize("content", ["{", '{"renames": {"gone": "staged-and-gone"}}'])
def test_a_broken_journal_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / journal.JOURNAL).write_text(content)
    with pytest.raises(RunError, match="Import the data again"):
        journal.recover(tmp_path)


def test_recover_of_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert not journal.recover(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    with journal.lock(tmp_path), pytest.raises(UsageError, match="another import"), journal.lock(tmp_path):
        pass
    with journal.lock(tmp_path):
        pass


def test_staging_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    (tmp_path / journal.STAGING / "old").mkdir(parents=True)
    with journal.staging(tmp_path) as place:
        assert [path.name for path in (tmp_path / journal.STAGING).iterdir()] == [place.name]
    assert not (tmp_path / journal.STAGING).exists()
