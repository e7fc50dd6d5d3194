"""Delimited files of any encoding and shape: nothing is lost, and the fast way reads what the standard one reads."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.tables import texts
from tikub_lab.tables.texts import encoding_of, read_delimited


@pytest.fixture
def write(tmp_path):
    def _write(data: bytes | str, encoding: str = "utf-8"):
        path = tmp_path / "file.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
        return path

    return _write


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("é,b\n1,2\n".encode(), "utf-8"),
        ("é,b\n1,2\n".encode("utf-8-sig"), "utf-8-sig"),
        ("é,b\n1,2\n".encode("cp1252"), "cp1252"),
        (b"\xef\xbb\xbf" + "é,b\n1,2\n".encode("cp1252"), "cp1252"),
        ("é,b\n1,2\n".encode("utf-16"), "utf-16"),
    ],
)
def test_encoding_is_found(write, data, encoding) -> None:
    path = write(data)
    table = read_delimited(path)
    assert (encoding_of(path), table.labels, table.cells.values.tolist()) == (encoding, ("é", "b"), [["1", "2"]])


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_delimiter_is_found_even_where_others_occur_more(write, delimiter) -> None:
    others = "".join(set(",;\t|") - {delimiter})
    lines = [f"nom{others}{others}prénom{delimiter}b", *[f"x{delimiter}y"] * 5]
    table = read_delimited(write("\n".join(lines)))
    assert table.delimiter == delimiter
    assert table.cells.shape == (5, 2)


def test_one_column_has_no_delimiter(write) -> None:
    assert read_delimited(write("uai\n0350029S\n")).labels == ("uai",)


def test_ragged_and_blank_rows_are_kept(write) -> None:
    table = read_delimited(write("a,b\n1\n\n1,2,3,4\n,\n"))
    assert table.cells.fillna("-").values.tolist() == [["1", "-"], ["-", "-"], ["1", "2"], ["", ""]]
    assert table.extra.values.tolist() == [[2, 2, "3"], [2, 3, "4"]]


@pytest.mark.parametrize(
    ("text", "rows"), [("a,b\n1,2\n\n3,4\n", 3), ("a,b\n1,2\n\n", 2), ("a\n1\n\n2", 3), ("a,b\n", 0)]
)
def test_a_blank_line_is_a_record_but_the_end_is_not(write, text, rows) -> None:
    assert len(read_delimited(write(text), delimiter=",").cells) == rows


def test_quotes_line_breaks_and_repeated_labels(write) -> None:
    table = read_delimited(write('a,a,\n"x\r\ny","say ""hi""",\n'))
    assert table.labels == ("a", "a", "")
    assert table.cells.values.tolist() == [["x\r\ny", 'say "hi"', ""]]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(write, data) -> None:
    with pytest.raises(UsageError, match="empty file"):
        read_delimited(write(data))


def test_missing_and_binary_files_are_refused(write, tmp_path) -> None:
    with pytest.raises(UsageError, match="not readable"):
        read_delimited(tmp_path / "absent.csv")
    with pytest.raises(UsageError, match="not a text file"):
        read_delimited(write(b"PK\x03\x04\x00\x00"))


def test_a_quote_left_open_is_told_with_its_line(write) -> None:
    path = write('a,b\n1,"x' + "y" * texts.MAX_CELL)
    with pytest.raises(UsageError, match=r"file.csv, line 2: field larger than field limit .*quote left open"):
        read_delimited(path)


def test_a_file_too_large_is_refused_before_it_is_read(write, monkeypatch) -> None:
    monkeypatch.setattr(texts, "MAX_BYTES", 3)
    with pytest.raises(UsageError, match="larger than 3 bytes"):
        read_delimited(write("a,b\n1,2\n"))


CELLS = st.text(alphabet=st.sampled_from(list('ab,;" \r\né\u2028')), max_size=4)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=1, max_size=6), st.booleans())
def test_fast_reading_is_the_same_as_the_standard_reader(tmp_path_factory, records, quoted) -> None:
    if quoted:
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\r\n").writerows(records)
        text = buffer.getvalue()
    else:
        text = "\n".join(",".join(record) for record in records)
    expected = list(csv.reader(io.StringIO(text, newline="")))
    if not text.strip() or not expected[0]:
        return
    path = tmp_path_factory.mktemp("fast") / "file.csv"
    path.write_bytes(text.encode())
    table = read_delimited(path, delimiter=",")
    width = len(table.labels)
    assert list(table.labels) == expected[0]
    assert len(table.cells) == len(expected) - 1
    for row, record in enumerate(expected[1:]):
        cells = [cell for cell in table.cells.iloc[row] if isinstance(cell, str)]
        extra = table.extra.loc[table.extra["row"] == row, "value"].tolist()
        assert cells + extra == record
        assert not extra or len(cells) == width
