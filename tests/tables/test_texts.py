"""Encodings and delimiters of published text: found in one way, whatever the file."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.tables.sheets import rows
from tikub_lab.tables.texts import Utf8, decode, delimiter_of, encoding_of, opened, records

TEXT = "uai;nom\n0350029S;Lycée « été » à Noël\n" * 20


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("cp1252"), "cp1252"),
        (codecs.BOM_UTF8 + TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_text_is_the_same_in_any_encoding(tmp_path, content, encoding) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert encoding_of(path) == encoding
    assert decode(path.read_bytes()) == TEXT
    with opened(path) as file:
        assert file.read() == TEXT
    with Utf8(path) as binary:
        assert b"".join(iter(lambda: binary.read(100), b"")) == TEXT.encode()
    assert list(records(path))[:2] == [["uai", "nom"], ["0350029S", "Lycée « été » à Noël"]]


def test_rows_are_stripped_and_blank_ones_left_out(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Énergie;kWh\n\ngaz ; 12,5\n".encode("cp1252"))
    assert list(rows(path)) == [(1, ["Énergie", "kWh"]), (3, ["gaz", "12,5"])]


def test_a_few_stray_bytes_do_not_spoil_the_rest(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode() + b"0350030T;Caf\xe9 \x80 \xed\xa0\x80.\n")
    assert encoding_of(path) == "utf-8"
    expected = TEXT + "0350030T;Café € \ufffd.\n"
    with opened(path) as file:
        assert file.read() == expected
    with Utf8(path) as binary:
        assert binary.read() == expected.encode()
    assert decode(path.read_bytes()) == expected


def test_windows_text_that_has_two_bytes_of_utf_8_stays_windows_text(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("QUALITÉ–PRIX, société, à l'été".encode("cp1252"))
    with opened(path) as file:
        assert file.read() == "QUALITÉ–PRIX, société, à l'été"


def test_a_character_cut_at_the_end_is_left_out() -> None:
    assert encoding_of(["lycé".encode()[:-1]]) == "utf-8"
    assert decode("lycé".encode()[:-1]) == "lyc"


def test_binary_files_are_no_text(tmp_path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"PK\x03\x04" + bytes(300) + b"abc")
    assert encoding_of(path) == decode(path.read_bytes()) == ""
    with pytest.raises(UsageError, match="not a text file"), opened(path):
        pass


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n3,5;4\n", ";"),
        ("Relevés, du 1er au 3\n\njour;kWh\n1;12,5\n2;3\n", ";"),
        ("a\tb\n1,5\t2\n", "\t"),
        ('a,b\n"1;2;3","4;5"\n', ","),
        ("a\n1\n", ","),
        ("", ","),
    ],
)
def test_delimiters(text, delimiter) -> None:
    assert delimiter_of(text) == delimiter


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise(data) -> None:
    text = decode(data)
    text.encode()  # no half of a surrogate pair
    assert delimiter_of(text) in ",;\t|"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_utf_8_is_read_as_it_is(text) -> None:
    assert decode(b"; " + text.encode()) == "; " + text
