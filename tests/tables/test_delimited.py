"""Delimited files of any shape: no cell is lost, and each that is too many or too few is told."""

from importlib import import_module

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables import texts
from tikub_lab.tables.check import check
from tikub_lab.tables.schema import Schema
from tikub_lab.tables.texts import records

SCHEMA = Schema.from_dict({"fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]})


@pytest.fixture
def write(tmp_path):
    def _write(data: bytes | str, encoding: str = "utf-8"):
        path = tmp_path / "file.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
        return path

    return _write


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_delimiter_is_found_even_where_others_occur_more(write, delimiter) -> None:
    others = "".join(set(",;\t|") - {delimiter})
    lines = [f"nom{others}{others}prénom{delimiter}b", *[f"x{delimiter}y"] * 5]
    assert [len(record) for record in records(write("\n".join(lines)))] == [2] * 6


def test_one_column_has_no_delimiter(write) -> None:
    assert list(records(write("uai\n0350029S\n"))) == [["uai"], ["0350029S"]]


def test_ragged_and_blank_rows_are_told(write, monkeypatch) -> None:
    path = write("a,b\n1\n\n1,2,3,4\n,\n,,5\n")
    found = check(path, SCHEMA)
    assert found.values.tolist() == [
        [2, "b", "", "missing-cell"],
        [3, "", "", "blank-row"],
        [4, "", "3", "extra-cell"],
        [4, "", "4", "extra-cell"],
        [5, "", "", "blank-row"],
        [6, "", "", "blank-row"],
    ]
    monkeypatch.setattr(import_module("tikub_lab.tables.check"), "SIZE", 2)
    assert check(path, SCHEMA).equals(found)


@pytest.mark.parametrize(
    ("text", "rows"), [("a,b\n1,2\n\n3,4\n", 3), ("a,b\n1,2\n\n", 2), ("a\n1\n\n2", 3), ("a,b\n", 0)]
)
def test_a_blank_line_is_a_record_but_the_end_is_not(write, text, rows) -> None:
    assert len(list(records(write(text), delimiter=","))) == rows + 1


def test_quotes_and_line_breaks(write) -> None:
    assert list(records(write('a,a,\n"x\r\ny","say ""hi""",\n'))) == [["a", "a", ""], ["x\r\ny", 'say "hi"', ""]]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(write, data) -> None:
    with pytest.raises(UsageError, match="empty file"):
        check(write(data), SCHEMA)


def test_missing_and_binary_files_are_refused(write, tmp_path) -> None:
    with pytest.raises(UsageError, match="not readable"):
        check(tmp_path / "absent.csv", SCHEMA)
    with pytest.raises(UsageError, match="not a text file"):
        check(write(b"PK\x03\x04\x00\x00"), SCHEMA)


def test_rows_after_a_quote_left_open_do_not_become_one_cell(write) -> None:
    with pytest.raises(UsageError, match=r"file.csv, line 4: a quote is opened in this row and never closed"):
        list(records(write(b'a;b\n1;"x\ny"\n2;"z\n3;t\n4;u')))


def test_a_quote_left_open_is_told_with_its_line(write) -> None:
    path = write('a,b\n1,"x' + "y" * texts.MAX_CELL)
    with pytest.raises(UsageError, match=r"file.csv, line 2: field larger than field limit .*quote left open"):
        check(path, SCHEMA)
