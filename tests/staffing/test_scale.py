"""The published scale, cell by cell; what lycées have beside it, by hand."""

import pandas as pd
import pytest

from tests.staffing.conftest import sample_ledger
from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.staffing import coverage, positions
from tikub_lab.staffing.scale import MISSING, applied, compared, read

INSIDE = {"< 250": 120, "250 à 500": 300, "500 à 750": 600, "750 à 1000": 800, "1000 à 1500": 1200, "> 1500": 1600}


def lycee(**more):
    said = {"code_uai": "0000001B", "internat": False, "repas": 300, "ouverture": 10, "surface": 9000} | more
    return pd.DataFrame([said])


def etp(function, **more):
    """What the scale gives a lycée, lowest and highest."""
    lines = applied(read(), lycee(**more))
    found = lines[lines["fonction"] == function][["etp_bas", "etp_haut"]].sum(skipna=False)
    return found.tolist()


def test_the_published_scale_is_reproduced_cell_by_cell(opendata):
    cells = pd.read_csv(opendata / "staffing" / "bareme_dotation_agents_nouvelle-aquitaine_2018_facts.csv")
    meals = cells[cells["fonction"] == "restauration"]
    assert meals["condition"].tolist() == [*INSIDE]
    for row in meals.itertuples():
        for boards, published in ((False, row.etp_sans_internat), (True, row.etp_avec_internat)):
            assert etp("restauration", repas=INSIDE[row.condition], internat=boards) == [published, published]
        (cell,) = read().query("condition == @row.condition").to_dict("records")
        assert f"dont {cell['magasinage']:g} etp magasinage alimentaire" == row.note
    for row in cells[cells["critere"] == "base"].itertuples():
        for boards, published in ((False, row.etp_sans_internat), (True, row.etp_avec_internat)):
            assert etp(row.fonction, internat=boards) == [published, published]
    assert len(cells) == len(meals) + 3  # and « + 1 a 10,000 m² », with no figure in its cells
    assert cells["etp_sans_internat"].isna().sum() == 1


def test_supplements_and_pro_rata():
    assert etp("accueil", ouverture=11.5) == pytest.approx([1.3, 1.3])
    assert etp("accueil", ouverture=11) == [1, 1]
    assert etp("maintenance", surface=10000) == [1, 1]
    assert etp("maintenance", surface=25000, internat=True) == pytest.approx([2.7, 2.7])
    assert etp("restauration", repas=0) == [0, 0]


def test_bounds_that_overlap_give_both_classes():
    assert [etp("restauration", repas=bound) for bound in (249, 250, 500, 1500, 1501)] == [
        [2.8, 2.8], [3.8, 3.8], [3.8, 5], [7.8, 7.8], [8.9, 8.9],
    ]  # fmt: skip


@pytest.mark.parametrize("more", [{"ouverture": None}, {"ouverture": 13.5}])
def test_what_is_not_known_or_beyond_the_scale_is_missing(more):
    assert pd.isna(etp("accueil", **more)).all()
    (row,) = compared(read(), lycee(**more), posts()).query("fonction == 'accueil'").to_dict("records")
    assert pd.isna(row["ecart"])
    assert "inconnu" in row["explication"]


def posts(**trades):
    return pd.DataFrame({"code_uai": "0000001B", "metier": [*trades], "etp": [*trades.values()]})


def test_differences_by_hand():
    trades = posts(cuisine=3.0, restauration=2.0, accueil=1.0, lingerie=1.0)
    table = compared(read(), lycee(repas=500, internat=True), trades)
    found = table.set_index("fonction")
    assert found.loc["restauration", ["etp", "etp_bas", "etp_haut", "ecart"]].tolist() == [5, 4.8, 6.3, 0]
    assert found.loc["restauration", "explication"] == "repas 500 (250 à 500 ou 500 à 750) : 4,8 ou 6,3"
    assert found.loc["accueil", "ecart"] == pytest.approx(-0.3)
    assert found.loc["maintenance", ["etp", "ecart"]].tolist() == [0, -1.2]
    assert found.loc["maintenance", "explication"].endswith("une ligne du barème manque")
    assert found.loc["lingerie", ["etp_bas", "ecart"]].isna().all()


def test_every_trade_of_the_sample_has_a_function():
    rows = positions(sample_ledger().state("2025-12-31"))
    trades = set(read()["metiers"].str.split("|").explode())
    assert set(rows["metier"]) <= trades
    lycees = tables.load("territory/lycees").rename(columns={"surface_totale": "surface"})
    sites = lycees.merge(tables.load("staffing/services"))
    table = compared(read(), sites, coverage(rows, ["code_uai", "metier"]))
    assert table["etp"].sum() == pytest.approx(rows.loc[rows["etat"] != "gelé", "quotite"].sum() / 100)
    missing = set(read().loc[read()["critere"].isna(), "fonction"])
    assert set(table.loc[table["explication"].str.startswith("le barème"), "fonction"]) == missing - {"maintenance"}


def test_what_the_source_lacks_is_said():
    lacking = read().query("statut == @MISSING")
    assert len(lacking) == 4
    assert lacking["remarque"].str.len().gt(10).all()
    assert MISSING == "manquant"


def test_people_edit_it(tmp_path):
    path = tmp_path / "scale.csv"
    own = read().drop(columns=["bas", "haut"])
    own.assign(debut="2027-01-01", etp=2.0).query("fonction == 'accueil'").to_csv(path, index=False)
    assert read(path)["etp"].tolist() == [2, 2]
    with pytest.raises(UsageError, match="no scale on 2020-01-01"):
        read(path, "2020-01-01")
    own.assign(condition="environ 250").to_csv(path, index=False)
    with pytest.raises(UsageError, match="row 2: condition 'environ 250'; write"):
        read(path)
    own.drop(columns="etp").to_csv(path, index=False)
    with pytest.raises(UsageError, match=r"scale\.csv: no column etp"):
        read(path)
    with pytest.raises(UsageError, match="no scale can be read"):
        read(tmp_path / "none.csv")
