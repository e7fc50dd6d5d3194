"""What is in communes summed by area; and a lycée's sheet, on real tables that lack most."""

import json
import re

import duckdb
import pandas as pd
import papermill
import pytest
from bs4 import BeautifulSoup

from tikub_lab import tables, territory
from tikub_lab.errors import UsageError
from tikub_lab.reports.page import SUBJECTS
from tikub_lab.tables.imports import import_files
from tikub_lab.use_cases import readers


@pytest.fixture(scope="module")
def towns():
    return territory.communes()


def test_sums_by_area_against_sql(root, towns):
    lycees = tables.load("territory/lycees")
    found = territory.by_area(lycees, towns, "epci", ["eleves"], territory.movements())
    sample = root / "data" / "sample" / "territory"
    asked = duckdb.sql(f"""
        SELECT c.code_epci, any_value(c.nom_epci), count(l.code_uai), sum(l.eleves)
        FROM read_csv('{sample}/communes.csv', all_varchar = true) c LEFT JOIN (
            SELECT code_uai, code_commune, eleves::INT eleves FROM read_csv('{sample}/lycees.csv', all_varchar = true)
        ) l USING (code_commune) GROUP BY 1 ORDER BY 1
    """).fetchall()
    assert found[["code_epci", "nom", "nombre"]].to_numpy().tolist() == [list(row[:3]) for row in asked]
    assert found["eleves"].fillna(0).tolist() == [row[3] or 0 for row in asked]
    assert found["population"].sum() == towns["population"].sum()


def test_old_codes_count_where_they_are_today_and_unknown_ones_apart(towns):
    moves = pd.DataFrame(
        [("2020-01-01", "COM", "35999", "COM", "35238"), ("2020-01-01", "COM", "56999", "COM", "56260"),
         ("2020-01-01", "COM", "56999", "COM", "56121")],
        columns=["date_effet", "type_avant", "code_avant", "type_apres", "code_apres"],
    ).assign(date_effet=lambda rows: pd.to_datetime(rows["date_effet"]))  # fmt: skip
    rows = pd.DataFrame({"code_commune": ["35238", "35999", "56999", "75056", None], "euros": [1.0, 2, 4, 8, 16]})
    found = territory.by_area(rows, towns, "departement", ["euros"], moves).set_index("departement")
    assert found.loc["35", ["nombre", "euros"]].tolist() == [2, 3.0]
    assert found.loc["", ["nombre", "euros"]].tolist() == [3, 28.0], "a split commune is not guessed"
    assert found["euros"].sum() == rows["euros"].sum(), "nothing is lost"
    assert pd.isna(found.loc["", "population"])
    placed = territory.located(rows, towns, moves)
    assert placed["code_commune"].tolist()[:2] == ["35238", "35238"]
    assert placed["nom"].fillna("").tolist() == ["Rennes", "Rennes", "", "", ""]
    with pytest.raises(UsageError, match=r"area='region': it is not known\. Known: commune, epci, departement"):
        territory.by_area(rows, towns, "region", ["euros"], moves)


def test_inhabitants_are_those_of_all_communes_or_not_known(towns):
    some = towns.assign(population=towns["population"].mask(towns["code_commune"] == "35238"))
    rows = pd.DataFrame({"code_commune": ["35238"], "euros": [1.0]})
    found = territory.by_area(rows, some, "departement", ["euros"], territory.movements()).set_index("departement")
    assert found["population"].isna().tolist() == [False, False, True, False]
    assert found["population_15_17"].notna().all()


# The sheet


@pytest.fixture
def sheet(root, tmp_path, monkeypatch):
    """Run the sheet of a lycée; return what it shows, but for the list of tables (of this whole process)."""
    monkeypatch.setenv("TIKUB_HOME", str(root))

    def run(uai):
        done = papermill.execute_notebook(
            str(root / "notebooks" / "territory_lycee.ipynb"), None, {"uai": uai}, cwd=tmp_path, engine_name="tikub",
            kernel_name="python3", progress_bar=False,
        )  # fmt: skip
        shown = [cell for cell in done.cells[:-1] if "lab" not in cell["metadata"].get("tags", [])]
        outputs = [output for cell in shown for output in cell.get("outputs", [])]
        html = "".join(output["data"].get("text/html", "") for output in outputs if "data" in output)
        return BeautifulSoup(html, "html.parser")

    return run


def test_lines_are_called_as_what_they_lead_to(root):
    """A build has the header of a row lead to the lycée's page on that subject, or to that of that title."""
    text = (root / "notebooks" / "territory_lycee.ipynb").read_text(encoding="utf-8")
    named = re.findall(r'lines\.append\(\(\\"(.+?)\\"', text)
    titles = [json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"][0].strip("# \n")
              for path in (root / "notebooks").glob("territory_*.ipynb")]  # fmt: skip
    assert len(named) == 5
    assert {*named} <= {*SUBJECTS.values(), *titles}


def test_a_sheet_of_real_tables_never_takes_from_the_sample(root, tmp_path, sheet, monkeypatch):
    (tmp_path / "lycees.csv").write_text(
        "code_uai,lib_etablissement,ville,departement,longitude,latitude\n"
        "0350024L,Lycée Émile Zola,Rennes,35,-1.67,48.11\n0350025M,Lycée Jean Macé,Rennes,35,-1.68,48.1\n",
        encoding="utf-8",
    )
    import_files([tmp_path / "lycees.csv"], tmp_path / "data", readers(), schemas=root / "data" / "schemas")
    monkeypatch.setenv("TIKUB_DATA", str(tmp_path / "data"))
    page = sheet("0350024L")
    text = page.get_text(" ")
    assert "fictif" not in text.lower()
    assert "aucun sujet" in text.lower()
    assert text.count("Rien n’est dit") == 4
    assert "Aucun marché publié" in text
    with pytest.raises(UsageError, match="holds the fictitious sample, which never stands beside real tables"):
        import_files([tmp_path / "lycees.csv"], root / "data", readers(), schemas=root / "data" / "schemas")
