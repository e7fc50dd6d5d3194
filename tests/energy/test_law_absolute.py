"""Absolute values: what is shipped says how sure it is, and a site with an unknown part has no target."""

import numpy as np
import pandas as pd
import pytest

from tikub_lab.energy.law.absolute import levels, values
from tikub_lab.errors import UsageError


def areas(*rows):
    return pd.DataFrame(rows, columns=["code_uai", "sous_categorie", "surface"])


def test_the_file_says_of_each_value_where_it_comes_from():
    table = values()
    asked = table["statut"] == "à demander"
    assert (table[["cvc", "use"]].isna().all(axis=1) == asked).all()
    assert table.loc[~asked, ["cvc", "use"]].gt(0).all(axis=None)
    assert set(table.loc[table["echeance"] > 2030, "statut"]) == {"à demander"}


def test_values_by_day():
    assert values("2025-09-06").empty
    assert len(values("2025-09-07")) == len(values())
    own = values()
    own["cvc"] = 0.0  # a copy
    assert values()["cvc"].max() > 0


def test_levels_by_hand():
    # Lycée général 69 + 20 = 89, travaux pratiques 69 + 90 = 159: (89 × 3,000 + 159 × 1,000) / 4,000 = 106.5
    rows = areas(
        ("A", "Lycée d'enseignement général ou salle d'enseignement banalisé", 3000.0),
        ("A", "Salle de travaux pratiques", 600.0),
        ("A", "Salle de travaux pratiques", 400.0),
        ("B", "Internat", 1000.0),
        ("B", "Logements de fonction", 10.0),
        ("C", "Piscine", 10.0),
    )
    found = levels(rows, values()).set_index(["code_uai", "echeance"])
    assert found.loc[("A", 2030), "kwh_m2"] == 106.5
    assert found.loc[("A", 2030), "statut"] == "confirmé"
    assert found.loc[("A", 2040), "statut"] == "à demander"
    assert np.isnan(found.loc[("B", 2030), "kwh_m2"])
    assert found.loc[("B", 2030), "manquantes"] == "Logements de fonction"
    assert found.loc[("C", 2030), "manquantes"] == "Piscine"


@pytest.mark.parametrize(
    ("kind", "kwh_m2", "status"),
    [
        ("Administration et bureaux", 107, "confirmé"),
        ("Valeur par défaut", 72, "confirmé"),
        ("Restauration collective scolaire et universitaire", 112, "à confirmer"),
        ("Self", 266, "à confirmer"),
        ("Gymnase", 52, "à confirmer"),
        ("Salle de sport collectif", 52, "à confirmer"),
        ("Vestiaires, douches", 107, "à confirmer"),
        ("Stationnement en infrastructure", 15.5, "à confirmer"),
    ],
)
def test_values_of_the_annexe(kind, kwh_m2, status):
    found = levels(areas(("A", kind, 100.0)), values("2025-09-07")).query("echeance == 2030")
    assert found[["kwh_m2", "statut"]].to_numpy().tolist() == [[kwh_m2, status]]
    assert levels(areas(("A", kind, 100.0)), values("2025-09-06")).empty


def test_a_user_completes_the_table():
    known = values()
    gym = known["sous_categorie"] == "Gymnase"
    known.loc[gym, ["cvc", "use", "statut"]] = [40.0, 10.0, "confirmé"]
    found = levels(areas(("B", "Gymnase", 10.0)), known)
    assert found[found["echeance"] == 2030][["kwh_m2", "statut"]].values.tolist() == [[50.0, "confirmé"]]


def test_another_zone_is_not_brittanys():
    found = levels(areas(("A", "Internat", 10.0)), values(), zone="H1a")
    assert found["kwh_m2"].isna().all()
    own = areas(("A", "Internat", 10.0), ("B", "Internat", 10.0)).assign(zone=["H2a", "H1a"])
    found = levels(own, values())
    assert found[found["echeance"] == 2030]["kwh_m2"].notna().tolist() == [True, False]


def test_the_default_is_for_a_whole_site():
    both = [("A", "Valeur par défaut", 3000.0), ("A", "Internat", 1000.0)]
    with pytest.raises(UsageError, match=r"site A has « Valeur par défaut » beside Internat: .* give it alone"):
        levels(areas(*both), values())
    apart = levels(areas(both[0], ("B", *both[1][1:])), values()).query("echeance == 2030")
    assert apart["kwh_m2"].tolist() == [72.0, 90.0]
    assert levels(areas(both[0], both[0]), values())["kwh_m2"].iloc[0] == 72.0


def test_errors_and_empty_tables():
    with pytest.raises(UsageError, match="no column surface"):
        levels(areas().drop(columns="surface"), values())
    with pytest.raises(UsageError, match="above 0"):
        levels(areas(("A", "Internat", 0.0)), values())
    with pytest.raises(UsageError, match="two values"):
        levels(areas(("A", "Internat", 1.0)), pd.concat([values(), values()]))
    assert levels(areas(), values()).empty
