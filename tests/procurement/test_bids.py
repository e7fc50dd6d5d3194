"""The bid register: its schema, its readers, and that it gives the flags that releases give."""

import json
from pathlib import Path

import pandas as pd
import pytest

from data.make.procurement import SEED
from data.make.procurement.bids import EACH, PLANTED_SETTINGS, bids, planted_flags
from data.make.procurement.book import draw
from data.make.procurement.contracts import contracts
from data.make.procurement.details import suppliers
from data.make.sampling import streams
from tests.procurement.cardinal import as_cardinal
from tikub_lab.procurement.flags.cardinal import Settings, red_flags
from tikub_lab.procurement.flags.register import LABELS, OPENINGS, STATES, STATUSES, TABLE
from tikub_lab.procurement.published.bids import BIDS_READERS, is_csv, is_ocds, read_csv
from tikub_lab.tables.check import check
from tikub_lab.tables.frames import typed
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import Package
from tikub_lab.tables.readers import Head
from tikub_lab.tables.schema import read_schema


@pytest.fixture(scope="module")
def schema(root):
    return read_schema(root / "data" / "schemas" / "procurement" / "bids.json")


def imported(path, into, root):
    (found,) = import_files([path], into, readers=tuple(BIDS_READERS), schemas=root / "data" / "schemas")
    return found, Package(Path(into)).load(TABLE)


def test_labels_are_those_of_the_schema(schema):
    assert all(field.title and field.description for field in schema.fields)
    allowed = {field.name: field.constraints.get("enum") for field in schema.fields}
    assert allowed["statut"] == list(STATUSES)
    assert allowed["ouverture"] == list(OPENINGS)
    assert allowed["etat"] == list(STATES)
    assert set(LABELS["statut"].values()) == set(STATUSES)


# From the register to processes


def register(schema, *rows):
    """A register of text, as from a file; what a row does not say is missing."""
    given = {"lot": "0", "offre": "1", "rang": "1", "devise": "EUR"}
    texts = [{name: str(value) for name, value in {**given, **row}.items() if value is not None} for row in rows]
    return typed(
        pd.DataFrame({name: pd.Series([row.get(name) for row in texts], dtype="str") for name in schema.names}), schema
    )


def test_lots_compete_apart(schema):
    same = {"consultation_id": "A", "statut": "Recevable", "montant": 5}
    places = (("1", 1, "x"), ("2", 1, "y"), ("2", 2, "z"))
    rows = [{**same, "lot": lot, "offre": offre, "candidat_id": who} for lot, offre, who in places]
    found = red_flags(register(schema, *rows), Settings(flags=("R028",)))
    assert as_cardinal(found)["OCID"] == {"A, lot 2": {"R028": 1.0}}


def test_criteria_are_respected_unless_told_not_to(schema):
    rows = [{"consultation_id": "A", "offre": at, "candidat_id": who, "statut": "Recevable", "montant": 5,
             "prixSeul": "false"} for at, who in ((1, "x"), (2, "y"))]  # fmt: skip
    processes = register(schema, *rows)
    assert red_flags(processes, Settings(flags=("R028",))).table.empty
    assert len(red_flags(processes, Settings(flags=("R028",), respect_criteria=False)).table) == 3


def test_moments_compare_as_moments(schema):
    dates = {"datePublication": "2024-03-01T08:00:00Z", "dateLimite": "2024-03-15T10:00:00Z"}
    same = {"candidat_id": "x", "statut": "Recevable", "retenue": "true", **dates}
    rows = [
        {**same, "consultation_id": "late", "dateReception": "2024-03-15T11:30:00+01:00"},
        {**same, "consultation_id": "just in time", "dateReception": "2024-03-15T11:00:00+01:00"},
        {**same, "consultation_id": "unknown", "dateLimite": None},
    ]
    found = red_flags(register(schema, *rows), Settings(flags=("R003", "R030")))
    assert as_cardinal(found)["OCID"] == {"late": {"R003": 1.0, "R030": 1.0}, "just in time": {"R003": 1.0}}


def test_an_empty_register(schema):
    empty = typed(pd.DataFrame({name: pd.Series(dtype="str") for name in schema.names}), schema)
    assert red_flags(empty).table.empty


# Readers


def test_csv_as_a_department_writes_it(tmp_path, root, schema):
    path = tmp_path / "registre.csv"
    path.write_text(
        "consultation_id;candidat_id;statut;montant;dateLimite;retenue;inconnue\n"
        "A;1;recevable;1 234,50;02/04/2024;oui;x\n"
        "A;2;ELIMINEE;999;2024-04-02T12:00;non;\n"
        "B;3;perdue;10;;;\n"
        ";4;valid;dix;02/04;peut-être;\n"
        "C;5\n",
        encoding="cp1252",
    )
    assert is_csv(Head.of(path))
    assert not is_ocds(Head.of(path))
    found, table = imported(path, tmp_path / "package", root)
    assert (found.read, found.kept, found.rejected) == (5, 2, 3)
    assert found.rejects_by_rule == {"boolean": 1, "label": 1, "moment": 1, "number": 1, "required": 1, "row-width": 1}
    columns = ["consultation_id", "lot", "offre", "statut", "montant", "devise", "retenue"]
    assert table[columns].to_numpy().tolist() == [
        ["A", "0", 1, "Recevable", 1234.5, "EUR", True], ["A", "0", 2, "Éliminée", 999.0, "EUR", False],
    ]  # fmt: skip
    assert table["dateLimite"].dt.strftime("%d %H:%M").tolist() == ["02 21:59", "02 10:00"]  # Paris is at +2
    assert check(table, schema).empty


def test_rejects_say_where_and_what(tmp_path):
    path = tmp_path / "registre.csv"
    path.write_text("consultation_id,candidat_id,statut,montant\nA,1,valid,x\n")
    (batch,) = read_csv(path)
    assert batch.rejects[["line", "id", "field", "value", "rule"]].to_numpy().tolist() == [
        [2, "A", "montant", "x", "number"]
    ]


def test_a_lot_is_what_its_last_source_says(tmp_path, root):
    first, second = tmp_path / "one.csv", tmp_path / "two.csv"
    first.write_text("consultation_id,candidat_id,statut\nA,1,valid\nA,2,valid\nB,3,valid\n")
    second.write_text("consultation_id,candidat_id,statut\nA,9,valid\n")
    readers, schemas = tuple(BIDS_READERS), root / "data" / "schemas"
    import_files([first, second], tmp_path / "package", readers=readers, schemas=schemas)
    package = Package(tmp_path / "package")
    kept = package.load(TABLE)["candidat_id"].tolist()
    provenance = json.loads((tmp_path / "package" / f"{TABLE}.provenance.json").read_text())["sources"]
    assert sum(item["kept"] for item in provenance) == len(kept)
    assert kept in (["3", "9"], ["1", "2", "3"])  # sources are ordered by their content, not by their import
    rejected = sum(item["rejected"] for item in provenance)
    assert rejected == 4 - len(kept)


def test_a_release_replaces_an_earlier_one_whole(tmp_path, root):
    def release(*names):
        return {"ocid": "a", "bids": {"details": [{"status": "valid", "tenderers": [{"id": name}]} for name in names]}}

    path = tmp_path / "releases.jsonl"
    path.write_text("\n".join(map(json.dumps, [release("1", "2", "3"), release("4"), {"id": "no release"}])))
    found, table = imported(path, tmp_path / "package", root)
    assert table["candidat_id"].tolist() == ["4"]
    assert (found.read, found.kept, found.rejects_by_rule) == (3, 1, {"duplicate": 1, "not-a-release": 1})


def test_oddities_of_releases_are_noted(tmp_path, root):
    odd = {"status": "lost", "tenderers": "A", "value": {"amount": "5", "currency": "euro"}, "date": "yesterday"}
    path = tmp_path / "releases.jsonl"
    path.write_text(json.dumps({"ocid": "a", "bids": {"details": [odd, None]}, "tender": 5}))
    found, table = imported(path, tmp_path / "package", root)
    assert found.repairs_by_rule == {"currency": 1, "label": 1, "moment": 1, "number": 1}
    assert table["statut"].tolist()[0] == "Autre"
    assert table[["offre", "statut", "montant"]].isna().sum().tolist() == [0, 1, 2]


# The sample


@pytest.fixture(scope="module")
def made():
    """The register of the shipped seed, with its contracts and what was planted."""
    book = draw(1.0, SEED)
    book_contracts = contracts(book, book.streams[0])
    holders = suppliers(book, book.streams[1])
    args = (book, book_contracts)
    return bids(*args, streams(SEED, 12)[11]), planted_flags(*args, streams(SEED, 12)[11]), book_contracts, holders


def test_the_sample_is_valid_and_the_same_again(made, schema):
    table = typed(made[0], schema)
    assert check(table, schema).empty
    assert 2500 < len(table) < 4000
    book = draw(1.0, SEED)
    again = bids(book, contracts(book, book.streams[0]), streams(SEED, 12)[11])
    pd.testing.assert_frame_equal(again, made[0])


def test_the_sample_agrees_with_its_contracts(made):
    table, _, book, holders = made
    judged = table[table["statut"].isin(["Recevable", "Éliminée"]) & (table["rang"] == 1)]
    count = judged.groupby("uid").size()
    assert (count == book.set_index("uid")["offresRecues"].reindex(count.index)).all()
    won = table[table["retenue"]]
    pairs = set(map(tuple, won[["uid", "candidat_id"]].to_numpy()))
    assert pairs == set(map(tuple, holders.loc[holders["uid"].isin(won["uid"]), ["uid", "titulaire_id"]].to_numpy()))
    prices = won.drop_duplicates("uid").set_index("uid")["montant"]
    assert (prices == book.set_index("uid")["montant"].reindex(prices.index)).all()


def test_planted_cases_are_found(made, schema):
    table, planted, _, _ = made
    found = red_flags(typed(table, schema), PLANTED_SETTINGS).table
    key = ["groupe", "id", "drapeau"]
    missed = planted.merge(found[key], how="left", indicator=True).query("_merge == 'left_only'")
    assert missed.empty
    assert set(planted["drapeau"]) == set(PLANTED_SETTINGS.flags)
    # Of processes nothing else is raised.
    raised = found.query("groupe == 'OCID'")["drapeau"].value_counts().to_dict()
    assert {flag: raised[flag] for flag in EACH} == EACH
    assert raised["R018"] == (planted["drapeau"] == "R018").sum()
