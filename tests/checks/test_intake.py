"""What was sent: refused in one line with nothing written, or opened without following any of it."""

import hashlib
import json
import os
import stat
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest

from tikub_lab.checks import intake
from tikub_lab.errors import UsageError


def zipped(path, *entries, mode=0):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


DEEP = """
import os, sys
os.mkdir(sys.argv[1])
os.chdir(sys.argv[1])
for _ in range(1_200):
    os.mkdir("d")
    os.chdir("d")
"""
HOSTILE = {
    "deep": [("d/" * 1_200 + "a.csv", b"x")],
    "bomb": [("a.csv", b"0" * 30_000_000)],
    "climbing": [("a/../../b.txt", b"x")],
    "climbing on Windows": [("a\\..\\..\\b.txt", b"x")],
    "absolute": [("/etc/b.txt", b"x")],
    "a drive": [("C:\\b.txt", b"x")],
    "nothing": [],
    "folders alone": [("data/", b"")],
    "a device": [("data/nul.csv", b"x")],
    "a stream": [("a.csv:hidden", b"x")],
    "twice": [("a.csv", b"x"), ("a.csv", b"y")],
    "capitals": [("a.csv", b"x"), ("A.CSV", b"y")],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_zip_is_refused_in_one_line(tmp_path, monkeypatch, entries):
    path = zipped(tmp_path / "team.zip", *entries)
    refused(path, tmp_path, monkeypatch)


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, monkeypatch, mode):
    refused(zipped(tmp_path / "team.zip", ("a", b"/etc/passwd"), mode=mode | 0o777), tmp_path, monkeypatch)


def test_too_many_and_too_large(tmp_path, monkeypatch):
    path = zipped(tmp_path / "team.zip", *((f"{n}.txt", b"x") for n in range(4)))
    monkeypatch.setattr(intake, "MAX_FILES", 3)
    refused(path, tmp_path, monkeypatch)
    monkeypatch.setattr(intake, "MAX_FILES", 10)
    monkeypatch.setattr(intake, "MAX_BYTES", 3)
    refused(path, tmp_path, monkeypatch)


def test_a_damaged_zip_and_what_is_nothing(tmp_path, monkeypatch):
    path = zipped(tmp_path / "team.zip", ("a.csv", os.urandom(5_000)))
    content = bytearray(path.read_bytes())
    content[500:600] = bytes(100)
    path.write_bytes(content)
    refused(path, tmp_path, monkeypatch)
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    refused(tmp_path / "a.pdf", tmp_path, monkeypatch)
    refused(tmp_path / "missing", tmp_path, monkeypatch)


def refused(path, folder, monkeypatch):
    (temporary := folder / "tmp").mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(UsageError) as error, intake.opened(path):
        pass
    assert len(str(error.value).splitlines()) == 1
    assert list(temporary.iterdir()) == []


def test_a_folder_is_read_without_following_links(tmp_path, found):
    (tmp_path / "team").mkdir()
    (tmp_path / "secret.csv").write_text("x")
    for name in ("a.ipynb", "b.html", "c.csv", "d.py", ".env"):
        (tmp_path / "team" / name).write_text("{}")
    (tmp_path / "team" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "team" / ".venv").mkdir()
    (tmp_path / "team" / ".venv" / "e.py").write_text("")
    os.mkfifo(tmp_path / "team" / "pipe.csv")
    kinds, _, subject = found(tmp_path / "team", [intake.check])
    assert {kind: [path.name for path in paths] for kind, paths in subject.files.items()} == {
        "text": [".env"], "notebook": ["a.ipynb"], "page": ["b.html"], "table": ["c.csv"], "code": ["d.py"]
    }  # fmt: skip
    assert kinds["link"].place == "link.csv"


def test_a_kit_knows_what_was_handed_out(tmp_path, found):
    (tmp_path / "kit" / "tikub_lab").mkdir(parents=True)
    files = {"tikub_lab/a.py": "1", "tikub_lab/b.py": "2", "projet.ipynb": "{}"}
    for name, text in files.items():
        (tmp_path / "kit" / name).write_text(text)
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    (tmp_path / "kit" / "kit.json").write_text(json.dumps({"kit": "energy", "files": sums}))
    (tmp_path / "kit" / "tikub_lab" / "b.py").write_text("changed")
    (tmp_path / "kit" / "projet.ipynb").write_text('{"a": 1}')
    path = tmp_path / "team.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for item in (tmp_path / "kit").rglob("*"):
            archive.write(item, item.relative_to(tmp_path))
    kinds, _, subject = found(path, [intake.check])
    assert subject.kind == "kit"
    assert {kind: item.place for kind, item in kinds.items()} == {"altered": "tikub_lab/b.py"}
    assert [item.name for item in subject.own("code")] == ["b.py"]
    assert [item.name for item in subject.own("notebook")] == ["projet.ipynb"]


@pytest.mark.parametrize("text", ["[]", "{", '{"files": 3}', '{"files": {"../../etc/passwd": "x"}}', "\x00"])
def test_odd_manifests_are_no_kit_or_harmless(tmp_path, found, text):
    Path(tmp_path, "kit.json").write_text(text)
    kinds, _, subject = found(tmp_path, [intake.check])
    assert kinds == {}
    assert subject.handed_out == frozenset()


def test_folders_below_folders_without_end_are_refused(tmp_path):
    """Even ones that are deeper than what Python can remove."""
    deep = tmp_path / "team"
    try:
        subprocess.run(["python3", "-c", DEEP, deep], check=True)
        with pytest.raises(UsageError, match="more than 100 deep"), intake.opened(deep):
            pass
    finally:
        subprocess.run(["rm", "-rf", deep], check=True)


def test_a_folder_that_may_not_be_read_is_one_line(tmp_path, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(UsageError, match="not readable") as error, intake.opened(tmp_path):
        pass
    assert len(str(error.value).splitlines()) == 1
