"""Corrected files of the same name, and lists whose values are no use (cases G1 and G3)."""

import pandas as pd
import pytest

from tikub_lab.energy import formats
from tikub_lab.tables.imports import forget, import_files
from tikub_lab.tables.package import open_package


@pytest.fixture
def bring(tmp_path, root):
    def run(name, text):
        (tmp_path / name).write_text(text)
        (found,) = import_files(
            [tmp_path / name], tmp_path / "package", formats.READERS, schemas=root / "data" / "schemas"
        )
        assert found.read == found.kept + found.rejected
        return open_package(tmp_path / "package"), found

    return run


def test_a_corrected_bill_stays_even_if_estimated_longer_or_empty(bring):
    for end, kwh, how in [
        ("31/01/2025", 9, "non"),
        ("31/01/2025", 8, "oui"),
        ("28/02/2025", 7, "non"),
        ("31/01/2025", 6, ""),
    ]:
        package, found = bring(
            "bills.csv", f"Compteur;Énergie;Début;Fin;kWh;Estimé\nG;gaz;01/01/2025;{end};{kwh};{how}\n"
        )
        assert (found.kept, package.load("energy/readings")["kwh"].tolist()) == (1, [kwh])


def test_corrected_weather_stays(bring):
    head = "NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;TN;TX;TM\n"
    for mean in ("3.0", "2.0", "4.0"):
        package, _ = bring("Q.csv", f"{head}00000001;X;48;-2;9;20250101;1.0;5.0;{mean}\n")
        assert package.load("energy/weather")["tmoy"].tolist() == [float(mean)]


def test_a_use_that_is_none_is_blanked_and_said(bring, tmp_path):
    package, found = bring("list.csv", "compteur;énergie;usage\nG1;gaz;n'importe quoi\nG2;gaz;Chauffage\nG3;gaz;\n")
    assert package.load("energy/meters")["usage"].astype("object").fillna("").tolist() == ["", "chauffage", ""]
    assert found.repairs_by_rule == {"enum": 1}
    repairs = pd.read_csv(tmp_path / "package" / "energy" / "readings.repairs.csv")
    assert repairs[["line", "id", "field", "value"]].to_numpy().tolist() == [[2, "G1", "usage", "n'importe quoi"]]


def test_a_place_that_is_none_is_blanked_and_said(bring):
    head = "NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;TN;TX;TM\n"
    package, found = bring("Q.csv", f"{head}00000001;X;480;ouest;9;20250101;1.0;5.0;3.0\n")
    assert package.load("energy/stations")[["latitude", "longitude"]].isna().to_numpy().all()
    assert found.repairs_by_rule == {"out-of-range": 2}


def test_the_table_of_meters_itself_names_and_completes_those_of_files(bring, tmp_path, root):
    bring("bills.csv", "Point de livraison;Énergie;Début;Fin;kWh\n00000000000017;gaz;01/01/2025;31/01/2025;5\n")
    head = "compteur_id,code_uai,point_livraison,energie,usage,pas,mise_en_service,retrait\n"
    package, found = bring("meters.csv", f"{head}M8,,00000000000017,gaz,mixte,,2021-09-01,\nM9,,,bois,,,,\n")
    assert (found.reader, found.kept) == ("schema:energy/meters", 2)
    assert package.load("energy/readings")["compteur_id"].tolist() == ["M8"]
    meters = package.load("energy/meters").set_index("compteur_id")
    assert meters["pas"].astype("object").fillna("").to_dict() == {"M8": "mensuel", "M9": ""}  # as readings imply
    assert meters.loc["M8", "mise_en_service"] == pd.Timestamp("2021-09-01")
    schemas = root / "data" / "schemas"
    forget("bills.csv", tmp_path / "package", formats.READERS, schemas)
    package = open_package(tmp_path / "package")
    assert list(package.resources) == ["energy/meters"]
    assert package.load("energy/meters")["pas"].isna().all()
    assert sorted(path.name for path in (tmp_path / "package" / "energy").glob("*.csv")) == [
        "meters.rejects.csv", "meters.repairs.csv",
    ]  # fmt: skip


def test_rows_of_the_table_itself_give_way_to_those_of_files(bring):
    bring("bills.csv", "Compteur;Énergie;Début;Fin;kWh\nG;gaz;01/01/2025;31/01/2025;5\n")
    head = "compteur_id,debut,fin,kwh,estime,origine\n"
    package, found = bring("r.csv", f"{head}G,2025-01-01,2025-02-01,6,,facture\nG,2025-02-01,2025-03-01,7,,facture\n")
    assert (found.reader, found.kept, found.rejects_by_rule) == ("schema:energy/readings", 1, {"duplicate": 1})
    assert package.load("energy/readings")["kwh"].tolist() == [5, 7]
