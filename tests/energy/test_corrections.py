"""Corrected files of the same name, and lists whose values are no use (cases G1 and G3)."""

import pandas as pd
import pytest

from tikub_lab.energy import formats
from tikub_lab.tables.imports import import_files
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
