"""DECP in JSON: shapes, encodings, streaming, and files that stop short."""

import json

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.procurement.formats import READERS
from tikub_lab.procurement.published import documents, streams
from tikub_lab.tables.readers import Head


def reader_of(path):
    return next((reader.name for reader in READERS if reader.recognises(Head.of(path))), None)


def read(path, content, encoding="utf-8"):
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    return list(documents.read_json(path))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.bin"


def ids(batches, table="procurement/contracts"):
    return [value for batch in batches if table in batch.tables for value in batch.tables[table]["id"]]


def test_2019_list(path, published):
    batches = read(path, {"$schema": "x", "marches": [published.contract(), published.concession()]})
    assert reader_of(path) == "decp-2019-json"
    assert ids(batches) == ["2024-001"]
    assert ids(batches, "procurement/concessions") == ["C2024-1"]
    assert sum(batch.rows_read for batch in batches) == 2


def test_2022_lists(path, published):
    content = {"marches": {"contrat-concession": [published.concession()], "marche": [published.contract()]}}
    batches = read(path, content)
    assert reader_of(path) == "decp-2022-json"
    assert ids(batches) == ["2024-001"]
    assert ids(batches, "procurement/concessions") == ["C2024-1"]
    lines = pd.concat([batch.tables["procurement/contracts"] for batch in batches])["_line"].tolist()
    assert lines == [2]  # their place in the file, where concessions stand first


@pytest.mark.parametrize("size", [1, 100, 3_000])
def test_records_are_met_wherever_a_block_of_the_file_ends(path, published, monkeypatch, size):
    monkeypatch.setattr(streams, "BLOCK", size)
    content = {"marches": {"marche": [published.contract(id=f"A{n}") for n in range(9)], "x": [{}],
                           "contrat-concession": [published.concession()]}}  # fmt: skip
    batches = read(path, content)
    assert ids(batches) == [f"A{n}" for n in range(9)]
    assert ids(batches, "procurement/concessions") == ["C2024-1"]


def test_single_objects_and_repeated_keys(path, published):
    one, two = (json.dumps(published.contract(id=name)) for name in ("A", "B"))
    batches = read(path, f'{{"marches": {{"marche": {one}, "marche": {two}}}}}')
    assert reader_of(path) == "decp-2019-json"
    assert ids(batches) == ["A", "B"]


def test_a_kind_without_contract_counts_for_nothing(path, published):
    (batch,) = read(path, {"marches": {"marche": published.contract(), "contrat-concession": None}})
    assert (batch.rows_read, len(batch.rejects)) == (1, 0)


def test_wrappers_of_all_generations_read_the_same(path, published):
    old = published.contract(
        techniques=None,
        technique=["Accord-cadre"],
        modalitesExecution=["Bons de commande"],
        typesPrix=["Définitif révisable"],
        considerationsSociales=["Clause sociale"],
        considerationsEnvironnementales=["Critère environnemental"],
        titulaires=[{"id": published.FIRM, "typeIdentifiant": "SIRET"}],
    )
    (first,), (second,) = read(path, {"marches": [old]}), read(path, {"marches": [published.contract()]})
    for table in ("procurement/contracts", "procurement/suppliers"):
        pd.testing.assert_frame_equal(first.tables[table], second.tables[table], check_like=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(path, published, encoding):
    (batch,) = read(path, {"marches": [published.contract(objet="Lycée")]}, encoding)
    assert batch.tables["procurement/contracts"]["objet"].tolist() == ["Lycée"]
    assert reader_of(path) == "decp-2019-json"


def test_runs_of_records_are_numbered_through(path, published, monkeypatch):
    monkeypatch.setattr(documents, "BATCH", 2)
    batches = read(path, {"marches": [published.contract(id=f"A{n}") for n in range(5)]})
    assert [batch.rows_read for batch in batches] == [2, 2, 1]
    assert [line for batch in batches for line in batch.tables["procurement/contracts"]["_line"]] == [1, 2, 3, 4, 5]


def test_every_titulaire_and_every_modification_is_kept(path, published):
    parties = [published.party(firm)[0] for firm in (published.FIRM, published.OTHER_FIRM, published.THIRD_FIRM)]
    changes = [{"modification": {"id": number, "montant": 1000 * number}} for number in (3, 1, 2)]
    (batch,) = read(path, {"marches": [published.contract(titulaires=parties, modifications=changes)]})
    assert len(batch.tables["procurement/suppliers"]) == 3
    amendments = batch.tables["procurement/amendments"]
    assert amendments[["modification_id", "montant"]].to_numpy().tolist() == [
        ["1", "1000"],
        ["2", "2000"],
        ["3", "3000"],
    ]


def test_a_file_in_which_nothing_is_sound_gives_rejects_only(path, published):
    for record in ({"id": "1"}, published.contract(titulaires=[]), published.concession(concessionnaires=None), None):
        (batch,) = read(path, {"marches": [record]})
        assert batch.rows_read == 1
        assert not any(name.startswith("procurement/") for name in batch.tables)
        assert batch.rejects["line"].unique().tolist() == [1]
        assert batch.tables["judged/lines"]["_line"].tolist() == [1]


def test_no_contract_is_no_error(path):
    assert read(path, {"marches": []}) == []
    assert reader_of(path) == "decp-2019-json"


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_a_truncated_file_is_an_error_with_its_place(path, published, keep):
    text = json.dumps({"marches": {"marche": [published.contract(id=f"A{n}") for n in range(50)]}})
    path.write_text(text[: int(len(text) * keep)])
    with pytest.raises(UsageError, match=r"not complete JSON: .* after \d+ contracts, near byte [\d,]+ of [\d,]+"):
        list(documents.read_json(path))


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"results": [{"marches": []}]}', '{"march": []}', "id;montant\n1;2\n", "hello"]
)
def test_other_files_are_not_recognised(path, text):
    path.write_text(text)
    assert reader_of(path) is None
