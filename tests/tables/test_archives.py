"""What a zip may hold, and the encodings of text."""

import contextlib
import gzip
import stat
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables import archives
from tikub_lab.tables.archives import members
from tikub_lab.tables.readers import recognise
from tikub_lab.use_cases import readers


def zipped(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def names(path: Path, folder: Path) -> list[str]:
    return [member.name for member in members(path, folder)]


def test_a_plain_file_is_its_own_member(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    assert [(member.name, member.path) for member in members(path, tmp_path)] == [("a.json", path)]


def test_members_are_given_in_order_and_removed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"sub/b.json": b"B", "__MACOSX/._b": b"x", ".DS_Store": b"x", "a.xml": b"A"})
    folder = tmp_path / "out"
    folder.mkdir()
    found = [(member.name, member.path.read_bytes()) for member in members(path, folder)]
    assert found == [("a.zip/sub/b.json", b"B"), ("a.zip/a.xml", b"A")]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("inside", [False, True])
def test_a_gzip_gives_what_it_holds(tmp_path: Path, inside: bool) -> None:
    data = "\n".join(str(number * 7919 % 10_007) for number in range(5_000)).encode()
    folder = tmp_path / "out"
    folder.mkdir()

    def given(content: bytes) -> list[tuple[str, bytes]]:
        path = tmp_path / ("a.zip" if inside else "a.csv.gz")
        if inside:
            zipped(path, {"a.csv.gz": content})
        else:
            path.write_bytes(content)
        return [(member.name, member.path.read_bytes()) for member in members(path, folder)]

    name = "a.zip/a.csv.gz" if inside else "a.csv.gz"
    assert given(gzip.compress(data)) == [(name, data)]
    with pytest.raises(UsageError, match=f"{name}: a gzip that is damaged or cut short"):
        given(gzip.compress(data)[:-2_000])
    with pytest.raises(UsageError, match=f"{name}: expands beyond 200 times its size"):
        given(gzip.compress(bytes(20 * 2**20)))
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil", "a/../../evil", "C:/evil", "..\\evil", "c:evil"])
def test_paths_outside_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", {"good.json": b"{}", name: b"{}"})
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(UsageError, match="outside itself"):
        names(path, folder)
    assert not list(folder.iterdir())


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UsageError, match="a link"):
        names(tmp_path / "a.zip", tmp_path)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.json": b"{}"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the member's header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(data)
    with pytest.raises(UsageError, match="encrypted"):
        names(path, tmp_path)


def test_a_zip_in_a_zip_is_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.json": b"{}"}).read_bytes()
    with pytest.raises(UsageError, match="zip in a zip"):
        names(zipped(tmp_path / "outer.zip", {"inner.zip": inner}), tmp_path)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", {"a.json": b"0" * 40_000, "b.json": b"{}"})
    assert names(path, tmp_path) == ["a.zip/a.json", "a.zip/b.json"]
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MAX_MEMBERS", 1)
        with pytest.raises(UsageError, match="at most 1 are taken"):
            names(path, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MAX_TOTAL", 40_001)
        with pytest.raises(UsageError, match="would expand to"):
            names(path, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "RATIO_FREE", 30_000)
        patch.setattr(archives, "MAX_RATIO", 100)
        with pytest.raises(UsageError, match="times are taken"):
            names(path, tmp_path)


def test_a_national_file_of_two_gigabytes_is_within_the_limits() -> None:
    assert archives.MAX_TOTAL > 2.2e9


def test_empty_truncated_and_hollow_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.touch()
    with pytest.raises(UsageError, match="0 bytes"):
        names(empty, tmp_path)
    whole = zipped(tmp_path / "whole.zip", {"a.json": bytes(range(256)) * 50}).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="cut short"):
        names(cut, tmp_path)
    spoilt = tmp_path / "spoilt.zip"
    spoilt.write_bytes(whole[:60] + bytes(20) + whole[80:])
    with pytest.raises(UsageError, match="damaged"):
        names(spoilt, tmp_path)
    with pytest.raises(UsageError, match="without any file"):
        names(zipped(tmp_path / "hollow.zip", {}), tmp_path)


def test_spreadsheets_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Save it as CSV"):
        names(zipped(tmp_path / "a.ods", {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), tmp_path)


def test_a_workbook_is_one_file(tmp_path: Path) -> None:
    book = tmp_path / "a.xlsx"
    openpyxl.Workbook().save(book)
    (found,) = members(book, tmp_path)
    assert (found.name, found.path) == ("a.xlsx", book)
    with pytest.raises(UsageError, match=r"a.xlsx: a spreadsheet of no known table. Save it as CSV"):
        recognise(found, readers())


def test_no_name_reaches_a_terminal_as_a_command(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a\x1b]0;x\x07.zip", {"b\x1b[2J\u202e.json": b"{}"})
    assert names(path, tmp_path) == ["a\ufffd]0;x\ufffd.zip/b\ufffd[2J\ufffd.json"]
    plain = tmp_path / "c\x1b[31m.json"
    plain.write_text("{}")
    assert names(plain, tmp_path) == ["c\ufffd[31m.json"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_one_line(tmp_path: Path, method: int) -> None:
    content = bytes(range(256)) * 40
    whole = bytearray(zipped(tmp_path / "a.zip", {"a.json": content}, method).read_bytes())
    for at in range(40, len(whole), 7):
        (tmp_path / "b.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with contextlib.suppress(UsageError):
            assert len(names(tmp_path / "b.zip", tmp_path)) == 1
