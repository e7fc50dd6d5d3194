"""Files whole or not at all; a lock that only its holder removes."""

import os
import subprocess
import sys
import threading

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables.atomic import LOCK, lock, write_atomic


def test_a_file_is_replaced_or_stays(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_atomic(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.json", b"old")]


def test_only_one_holds_the_lock(tmp_path):
    with lock(tmp_path):
        for _ in range(2):
            with pytest.raises(UsageError, match="another import is writing there"), lock(tmp_path):
                pytest.fail("a second lock")
        assert (tmp_path / LOCK).exists()
    with lock(tmp_path):
        pass


def test_the_lock_ends_with_its_process(tmp_path):
    code = "import os, sys, pathlib\nfrom tikub_lab.tables.atomic import lock\n"
    code += "with lock(pathlib.Path(sys.argv[1])): os._exit(0)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True).returncode == 0
    with lock(tmp_path):
        pass


def test_a_lock_that_its_holder_removed_is_not_a_lock(tmp_path):
    """Many take turns at a lock whose file goes each time: never two at once."""
    inside, most = [], []

    def work():
        for _ in range(200):
            try:
                with lock(tmp_path):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    (tmp_path / LOCK).unlink()
            except UsageError:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1


def test_a_folder_that_is_not_writable(tmp_path):
    with pytest.raises(UsageError, match="not writable"), lock(tmp_path / "none"):
        pass
