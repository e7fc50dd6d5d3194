"""Ideas, their stages and the public products: what the sample planted, cases by hand, the real tables in place."""

import numpy as np
import pandas as pd
import pytest

from tests.datathon.planted import DAY, NAMES, PLANTED
from tikub_lab import datathon, tables
from tikub_lab.datathon.portfolio import BRETON, STAGES, lengths, passages, published, survival
from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema
from tikub_lab.use_cases import readers

READ = "2026-08-20"


# The sample


@pytest.mark.parametrize("name", NAMES)
def test_tables_are_valid(root, datathon_tables, name):
    schema, table = read_schema(root / "data" / "schemas" / "datathon" / f"{name}.json"), datathon_tables[name]
    assert check(table, schema).empty
    others = {f"datathon/{other}": frame for other, frame in datathon_tables.items()}
    assert foreign_keys(table, schema, others).empty


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_files_are_these(datathon_tables, name):
    pd.testing.assert_frame_equal(tables.load(f"datathon/{name}"), datathon_tables[name])


def test_all_that_has_a_name_says_that_it_is_fictitious(datathon_tables):
    said = [datathon_tables["ideas"]["nom"], datathon_tables["ideas"]["strategie"]]
    said += [datathon_tables["people"]["qui"], datathon_tables["assessments"]["appui"]]
    for column in said:
        assert column.str.endswith("(fictif)").all()
    texts = " ".join(datathon_tables["ideas"].astype("str").to_numpy().ravel()).lower()
    for real in ("transfoparcours", "moblab", "korrigo", "simpliformation", "glad pour tous", "crj"):
        assert real not in texts


# Ideas


@pytest.fixture(scope="module")
def data():
    return datathon.incubator()


def test_the_gate(data):
    suite = data.ideas.set_index("idee_id")["suite"]
    assert data.jour == DAY
    assert suite[PLANTED["not digital"]] == "pas numérique"
    assert suite[PLANTED["not assessed"]] == "à évaluer : coût technique"
    assert suite[PLANTED["stopped"]] == "arrêtée"
    assert {*data.compared["idee_id"]} == {"I01", "I02", "I03", "I04", "I05", "I06"}


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("numerique", pd.NA, "à juger : numérique ou non"),
        ("numerique", False, "pas numérique"),
        ("etat", "en cours", "en cours"),
        ("etat", "à confirmer par le jury", "comparée"),
    ],
)
def test_why_an_idea_is_not_compared(datathon_tables, column, value, says):
    ideas = datathon_tables["ideas"].copy()
    ideas.loc[ideas["idee_id"] == "I01", column] = value
    assert datathon.ideas._next(ideas, datathon_tables["assessments"])[0] == says


def test_a_range_that_is_none_is_said(datathon_tables):
    views = datathon_tables["assessments"].copy()
    views.loc[0, "bas"] = 20_001.0
    assert datathon.ideas._next(datathon_tables["ideas"], views)[0] == "à corriger : ampleur"


def test_where_ideas_are(data):
    steps = data.progress.set_index("idee_id")
    assert steps.index[steps["retard"]].tolist() == [PLANTED["decision overdue"]]
    assert steps.loc["I10", "echeance"] == pd.Timestamp("2026-04-30")  # six months after 31 October
    assert steps.loc["I09", ["etape", "tours"]].tolist() == ["construction", 5]
    assert steps.loc["I09", "depuis"] == pd.Timestamp("2025-10-13")
    assert steps.loc["I09", "appris"].startswith("un appel de moins sur quatre")  # of the last round that is over
    assert steps.loc["I09", "mesure"].startswith("appels par dossier")
    assert pd.isna(steps.loc[PLANTED["stopped"], "echeance"])
    assert not steps.loc[PLANTED["stopped"], "retard"]


def test_a_day_earlier_what_came_later_is_not_known():
    before = datathon.incubator("2026-03-01")
    steps = before.progress.set_index("idee_id")
    assert "I06" not in {*before.ideas["idee_id"]}  # brought in April
    assert steps.loc["I09", ["tours", "decidee"]].tolist() == [4, pd.Timestamp("2025-09-26")]
    assert steps.loc["I09", "appris"].startswith("le lien est ouvert")
    assert before.adoption["jour"].max() == pd.Timestamp("2026-02-28")
    assert datathon.incubator("2026-04-30").progress.set_index("idee_id").loc["I10", "retard"] is np.False_
    assert datathon.incubator("2026-05-01").progress.set_index("idee_id").loc["I10", "retard"] is np.True_


def test_who_is_missing(data):
    missing = data.missing.set_index("idee_id")["manque"]
    assert missing[PLANTED["no designer"]] == "design"
    assert missing["I10"] == "développement"
    assert {"I11", "I12"}.isdisjoint(missing.index)  # one stopped, one whole
    team = data.team(PLANTED["no designer"])
    assert team["role"].tolist()[:3] == [*datathon.ideas.TEAM]
    assert team["qui"].tolist()[2] == "à trouver"
    assert "à trouver" not in {*data.team(PLANTED["stopped"])["qui"]}


def test_an_unknown_idea_is_one_clear_line(data):
    with pytest.raises(UsageError, match="idee='I99': no idea has this identifier"):
        data.idea("I99")


# Public products


def phases(*rows):
    """Phases: slug, name, start, end."""
    table = pd.DataFrame(rows, columns=["slug", "name", "start", "end"])
    days = {column: pd.to_datetime(table[column]) for column in ("start", "end")}
    return table.assign(**days, order=table.groupby("slug").cumcount() + 1)


def test_lengths_by_hand():
    found = lengths(
        phases(
            ("a", "investigation", "2024-01-01", "2024-02-01"),  # its own end, before the next begins
            ("a", "construction", "2024-03-01", None),
            ("a", "abandon", "2024-06-01", None),
            ("b", "construction", "2024-01-01", None),  # written before what came first, on one day: left out
            ("b", "investigation", "2024-01-01", None),
            ("c", "investigation", "2024-05-01", "2024-05-31"),  # over, nothing known after
            ("d", "investigation", "2025-01-01", None),  # a plan
        ),
        "2024-07-01",
    )
    assert found[["slug", "etape", "jours", "finie"]].to_numpy().tolist() == [
        ["a", "investigation", 31, True], ["a", "construction", 92, True],
        ["b", "construction", 182, False], ["c", "investigation", 30, True],
    ]  # fmt: skip
    assert found["suite"].fillna("").tolist() == ["construction", "arrêt", "", ""]
    table = passages(found).set_index("etape")
    assert table.loc["investigation", ["nombre", "suivies", "arretees", "inconnus", "en_cours"]].tolist() == [
        2,
        1,
        0,
        1,
        0,
    ]
    assert table.loc["construction", ["nombre", "suivies", "arretees", "inconnus", "en_cours"]].tolist() == [
        2,
        0,
        1,
        0,
        1,
    ]
    assert table.loc["construction", "taux"] == 0


def test_survival_by_the_product_of_its_steps():
    spells = pd.DataFrame(
        {"etape": "investigation", "jours": [10, 20, 20, 30, 40, 50], "finie": [True, True, False, True, False, True]}
    )
    curve = survival(spells, "investigation").set_index("jours")["part"]
    steps = {10: 5 / 6, 20: 5 / 6 * 4 / 5, 30: 5 / 6 * 4 / 5 * 2 / 3, 50: 0}
    assert curve.drop(0).to_dict() == pytest.approx(steps)


def test_without_the_table_nothing_is_said():
    none = tables.load("datathon/phases", optional=True)
    assert passages(lengths(none, READ)).empty
    assert published(tables.load("datathon/products", optional=True), none).empty


@pytest.fixture(scope="module")
def real(opendata, root, tmp_path_factory):
    """The real files, imported as they are."""
    folder = opendata / "datathon" / "betagouv"
    if not folder.is_dir():
        pytest.skip(f"the public products are not in {folder}")
    into = tmp_path_factory.mktemp("products")
    paths = [folder / "startups.csv", folder / "phases.csv"]
    made = import_files(paths, into, readers(), schemas=root / "data" / "schemas")
    return made, open_package(into)


def test_the_real_files_are_imported_without_persons(real):
    made, package = real
    assert {each.reader: (each.read, each.kept) for each in made} == {
        "beta-products": (662, 662), "beta-phases": (1695, 1695),
    }  # fmt: skip
    products = package.load("datathon/products")
    assert package.resource("datathon/products").licence == "licence à vérifier"
    assert "sponsors" not in products
    assert products["stats"].sum() == 143
    assert products["analyse_risques"].sum() == 67


def test_the_real_products(real):
    spells = lengths(real[1].load("datathon/phases"), READ)
    over = spells[spells["finie"]].groupby("etape")["jours"]
    found = over.median().to_dict()
    assert found == {"investigation": 151, "construction": 458, "accélération": 658, "consolidation": 223}
    table = passages(spells).set_index("etape")
    assert [*table.index] == [*STAGES.values()]
    assert table.loc["investigation", ["nombre", "en_cours", "suivies", "arretees"]].tolist() == [522, 24, 305, 193]
    assert table.loc["construction", "mediane"] > over.median()["construction"]  # those that go on count too
    assert (table["bas"] < table["taux"]).all()


def test_the_six_breton_projects(real):
    _, package = real
    found = published(package.load("datathon/products"), package.load("datathon/phases"))
    assert {*found["slug"]} == {*BRETON}
    assert len(found) == 6
    assert (found["debut"] == pd.Timestamp("2019-10-21")).all()
    assert found["fin"].between("2020-01-30", "2020-01-31").all()
    assert (found["issue"] == "arrêt").all()
    assert [*found.columns] == ["slug", "title", "mission", "debut", "fin", "issue", "le"]  # no score
