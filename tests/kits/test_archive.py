"""A kit takes nobody's place, and its zip is the same wherever it is made."""

import os
import zipfile

import pytest

from tikub_lab.errors import RunError, UsageError
from tikub_lab.kits import archive

FILES = {"b.txt": b"b", "a/c.txt": b"c", "postBuild": b"#!", "wheels/x.whl": b"w" * 1000}


@pytest.fixture
def kit(tmp_path):
    root = tmp_path / "kit"
    archive.write(root, FILES)
    archive.seal(root, {"kit": "energy"})
    return root


def test_an_untouched_kit_may_be_made_again(kit, tmp_path):
    archive.refuse_occupied(tmp_path / "nowhere", "energy")
    (kit / ".venv" / "bin").mkdir(parents=True)
    (kit / ".venv" / "bin" / "python").touch()
    (kit / "a" / "__pycache__").mkdir()
    (kit / "a" / "__pycache__" / "c.pyc").touch()
    archive.refuse_occupied(kit, "energy")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda kit: (kit / "b.txt").write_text("ours"), r"somebody has worked in \(b.txt\)"),
        (lambda kit: (kit / "reports").mkdir() or (kit / "reports" / "page.html").touch(), r"reports/page\.html"),
        (lambda kit: (kit / "kit.json").unlink(), "is there and is not a kit"),
        (lambda kit: (kit / "kit.json").write_text("[]"), "is there and is not a kit"),
        (lambda kit: (kit / "kit.json").write_text('{"kit": "bodies", "files": {}}'), "a kit of 'bodies'"),
    ],
)
def test_a_folder_that_is_taken(kit, change, says):
    change(kit)
    with pytest.raises(UsageError, match=says):
        archive.refuse_occupied(kit, "energy")


def test_a_file_that_is_taken(kit, tmp_path):
    with pytest.raises(UsageError, match="is not a kit"):
        archive.refuse_occupied(kit / "b.txt", "energy")
    path = tmp_path / "kit.zip"
    archive.refuse_other_zip(path, "kit")
    archive.zip_folder(kit, "kit", path)
    archive.refuse_other_zip(path, "kit")
    with pytest.raises(UsageError, match="not the zip of such a kit"):
        archive.refuse_other_zip(path, "other")
    path.write_text("no zip")
    with pytest.raises(UsageError, match="not the zip of such a kit"):
        archive.refuse_other_zip(path, "kit")


def test_modes_and_order_do_not_depend_on_who_makes_it(tmp_path):
    made = []
    for number, (mask, files) in enumerate([(0o077, FILES), (0o002, dict(reversed(FILES.items())))]):
        old = os.umask(mask)
        try:
            archive.write(tmp_path / str(number), files)
        finally:
            os.umask(old)
        archive.seal(tmp_path / str(number), {})
        os.utime(tmp_path / str(number) / "b.txt", (number, number))
        archive.zip_folder(tmp_path / str(number), "kit", tmp_path / f"{number}.zip")
        made.append((tmp_path / f"{number}.zip").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "0.zip") as file:
        entries = file.infolist()
        assert [item.filename for item in entries] == sorted(item.filename for item in entries)
        assert {item.date_time for item in entries} == {archive.EPOCH}
        modes = {item.filename: item.external_attr >> 16 & 0o777 for item in entries}
        kinds = {item.filename: item.compress_type for item in entries}
        assert file.testzip() is None
    assert modes["kit/postBuild"] == 0o755
    assert modes["kit/b.txt"] == 0o644
    assert kinds["kit/wheels/x.whl"] == zipfile.ZIP_STORED
    assert (tmp_path / "0" / "a").stat().st_mode & 0o777 == 0o755


def test_nothing_half_written_stays(tmp_path):
    def fail(parent, error):
        with archive.staging(parent) as scratch:
            archive.write(scratch / "kit", FILES)
            raise error

    with pytest.raises(KeyError):
        fail(tmp_path / "new" / "deep", KeyError())
    with pytest.raises(RunError, match="could not be written"):
        fail(tmp_path, OSError(28, "No space left on device"))
    assert not list(tmp_path.iterdir())


def test_a_kit_takes_the_place_of_the_old_one(kit, tmp_path):
    with archive.staging(tmp_path) as scratch:
        archive.write(scratch / "kit", {"new.txt": b"new"})
        archive.put_in_place(scratch / "kit", kit)
    assert [path.name for path in kit.iterdir()] == ["new.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["kit"]
