"""A corrected file of the same name replaces what it repeats; other files are told apart as before."""

import json
import random

import pytest

from tikub_lab.procurement import formats
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package


@pytest.fixture
def bring(tmp_path, root):
    def run(name, *records):
        path = tmp_path / name
        if name.endswith(".csv"):
            path.write_text(
                "\n".join(";".join(map(str, record)) for record in [records[0].keys(), *map(dict.values, records)])
            )
        else:
            path.write_text(json.dumps({"marches": list(records)}))
        import_files([path], tmp_path / "package", formats.READERS, schemas=root / "data" / "schemas")
        table = open_package(tmp_path / "package").load("procurement/contracts")
        return dict(zip(table["uid"].str.removeprefix("23350001600040"), table["montant"], strict=True))

    return run


def test_six_corrections_in_a_row(bring, published):
    amounts = [100_000, 90_000, 95_000, 7_000, 85_000, 100_001]
    random.Random(0).shuffle(amounts)
    for amount in amounts:
        found = bring("decp.json", published.contract(id="A", montant=amount), published.contract(id="B", montant=5))
        assert found == {"A": amount, "B": 5}


def test_what_is_not_repeated_stays_and_other_names_are_other_contracts(bring, published):
    bring("decp.json", published.contract(id="A", montant=1), published.contract(id="B", montant=2))
    assert bring("decp.json", published.contract(id="A", montant=3)) == {"A": 3, "B": 2}
    assert bring("other.json", published.contract(id="A", montant=4)) == {"A": 3, "A~2": 4, "B": 2}


def test_rows_and_concessions_too(bring, published):
    row = {"id": "T", "acheteur_id": published.BUYER, "titulaire_id": published.FIRM, "montant": 7,
           "dateNotification": "2024-05-15", "objet": "Chaises", "codeCPV": "39160000-1", "dureeMois": 12}  # fmt: skip
    for amount in (7, 3, 5):
        assert bring("decp.csv", {**row, "montant": amount}) == {"T": amount}


def test_the_less_complete_correction_stays_too(bring, published, tmp_path):
    bring("decp.json", published.contract(id="A", objet="Avant", offresRecues=3))
    bring("decp.json", {**published.contract(id="A", objet="Après"), "offresRecues": None})
    assert open_package(tmp_path / "package").load("procurement/contracts")["objet"].tolist() == ["Après"]
