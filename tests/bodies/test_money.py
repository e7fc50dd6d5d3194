"""Money: sums by hand, totals that add up, what is new and what ended as the sample planted it."""

import pandas as pd
import pytest

from tikub_lab.bodies.money import KEYS, by, changes, identified, inhabitants, scope
from tikub_lab.errors import UsageError


@pytest.fixture(scope="module")
def grants(bodies_tables):
    return identified(bodies_tables["grants"], bodies_tables["bodies"])


def test_grants_are_given_to_their_bodies(grants, bodies_tables):
    truths = bodies_tables["truths"].query("cas == 'subvention sans identifiant'").set_index("cle")["attendu"]
    lost = grants[~grants["suivi"]]
    assert {*lost["referenceDecision"]} == {*truths.index}  # their names are in capitals: who is who is for linkage
    known = grants[grants["suivi"]]
    assert {*known["beneficiaire"]} <= {*bodies_tables["bodies"]["organisme_id"]}
    assert not grants["departement"].isna().any()


@pytest.mark.parametrize("key", KEYS)
def test_sums_add_up(grants, key):
    table = by(grants, key)
    assert table["montant"].sum() == pytest.approx(grants["montant"].sum())
    assert table["nombre"].sum() == len(grants)
    assert table["part"].sum() == pytest.approx(1)
    assert table["hhi"].between(0, 10_000).all()
    assert (table["part_premiers"] <= 1 + 1e-9).all()


def test_by_hand():
    rows = pd.DataFrame(
        {"departement": ["29", "29", "35"], "beneficiaire": ["a", "a", "b"], "exercice": [2024, 2025, 2025],
         "montant": [900.0, 100.0, 3000.0]}
    )  # fmt: skip
    table = by(rows, "departement", pd.Series({"29": 100, "35": 500})).set_index("departement")
    assert table.loc["29", ["nombre", "beneficiaires", "montant", "part", "hhi"]].tolist() == [2, 1, 1000, 0.25, 10_000]
    assert table["par_habitant"].to_dict() == {"29": 5.0, "35": 3.0}
    assert by(rows, "departement", inhabitants())["par_habitant"].notna().all()


def test_what_is_new_and_what_ended(grants, bodies_tables):
    found = changes(grants, 2025).set_index("beneficiaire")["evolution"]
    truths = bodies_tables["truths"]
    planted = truths[truths["cas"].isin(["bénéficiaire nouveau", "bénéficiaire terminé"])].set_index("cle")["attendu"]
    assert len(planted) == 10
    assert found[planted.index].to_dict() == planted.to_dict()


def test_someone_back_is_not_new():
    years, amounts = [2022, 2024, 2023, 2024, 2023], [1.0, 2.0, 5.0, 5.0, 4.0]
    names = {"beneficiaire": list("aabbc"), "nom": list("AABBC")}
    rows = pd.DataFrame({**names, "exercice": years, "montant": amounts})
    assert changes(rows, 2024).set_index("nom")["evolution"].to_dict() == {
        "A": "de retour", "B": "stable", "C": "terminé",
    }  # fmt: skip
    with pytest.raises(UsageError, match="annee=2022: there are no grants of this year and the year before"):
        changes(rows, 2022)


def test_scope(grants):
    here = scope(grants, programme="Culture", departement="29", annee=2024)
    assert (here.name, here.period) == ("Culture, département 29", "2024")
    assert {*here.grants["exercice"]} == {2024}
    assert scope(grants).period == "2020 à 2025"
    with pytest.raises(UsageError, match=r"programme='Cultur': no grant of this programme\. Did you mean 'Culture'"):
        scope(grants, programme="Cultur")
