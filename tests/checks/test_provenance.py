"""Tables: listed or not, with licence and source, as they were described."""

import hashlib
import json
from pathlib import Path

import pytest

from tikub_lab.checks import intake, provenance
from tikub_lab.checks.findings import Finding

TEXT = "lycee;kwh\nUn;12\nDeux;13\n"
WHOLE = {
    "path": "lycees.csv", "rows": 2, "hash": "sha256:" + hashlib.sha256(TEXT.encode()).hexdigest(),
    "licenses": [{"name": "etalab-2.0"}], "sources": [{"title": "Région Bretagne"}],
}  # fmt: skip


def found(folder: Path) -> list[tuple[str, str]]:
    with intake.opened(folder) as subject:
        said = list(provenance.check(subject))
    return [(item.kind, item.place) if isinstance(item, Finding) else item for item in said]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lycees.csv").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []),
        ({"licenses": []}, ["no_licence"]),
        ({"sources": None}, ["no_source"]),
        ({"rows": 3}, ["other_rows"]),
        ({"hash": "sha256:" + "0" * 64}, ["other_hash"]),
        ({"hash": "md5 of another tool", "rows": "?"}, []),
        ({"path": "lycee.csv"}, ["missing_table", "unlisted_table"]),
        ({"path": "../../lycees.csv"}, ["missing_table", "unlisted_table"]),
    ],
)
def test_tables_are_compared_with_their_descriptor(folder, changes, kinds):
    text = json.dumps({"resources": [WHOLE | changes]})
    (folder / "data" / "datapackage.json").write_text(text, encoding="utf-8")
    assert [item[0] for item in found(folder)] == kinds


def test_a_package_says_it_for_all_its_tables(folder):
    bare = {name: value for name, value in WHOLE.items() if name not in {"licenses", "sources"}}
    text = json.dumps({"licenses": WHOLE["licenses"], "sources": WHOLE["sources"], "resources": [bare]})
    (folder / "data" / "datapackage.json").write_text(text, encoding="utf-8")
    assert found(folder) == []


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("", ["unlisted_table"]),
        ("lycees.csv : data.bretagne.bzh", ["no_licence", "no_source"]),
        ("lycees.csv : https://data.bretagne.bzh, Licence Ouverte 2.0", []),
        ("Le fichier Lycees.csv a pour source la Région.", ["no_licence"]),
    ],
)
def test_words_may_say_it(folder, said, kinds):
    (folder / "LISEZMOI.md").write_text(said, encoding="utf-8")
    assert [item[0] for item in found(folder)] == kinds


def test_tables_of_one_folder_are_one_finding_and_those_of_code_none(folder):
    (folder / "data" / "b.csv").write_text(TEXT, encoding="utf-8")
    (folder / "outils").mkdir()
    (folder / "outils" / "__init__.py").touch()
    (folder / "outils" / "mots.csv").write_text(TEXT, encoding="utf-8")
    assert found(folder) == [("unlisted_table", "data/b.csv")]


def test_a_table_that_can_not_be_read_loses_no_other(folder):
    (folder / "data" / "a.parquet").write_bytes(b"PAR1")
    items = [WHOLE | {"rows": 3}, WHOLE | {"path": "a.parquet", "hash": ""}]
    (folder / "data" / "datapackage.json").write_text(json.dumps({"resources": items}), encoding="utf-8")
    broken, kept = found(folder)
    assert broken.what == "data/a.parquet"
    assert kept == ("other_rows", "data/lycees.csv")


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", '{"resources": 3}', '{"resources": [{"path": ["a"]}]}', '{"resources": ["a"]}']
)
def test_what_is_no_descriptor_describes_nothing(folder, text):
    (folder / "data" / "datapackage.json").write_text(text, encoding="utf-8")
    assert found(folder) == [("unlisted_table", "data/lycees.csv")]
