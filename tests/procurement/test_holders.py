"""A firm and what it holds: names and shares by hand, and the figures of its page by plain pandas on the raw sample."""

import json

import pandas as pd
import pytest

from tests.conftest import ROOT
from tikub_lab.errors import UsageError
from tikub_lab.procurement.holders import held_among, holder
from tikub_lab.procurement.suppliers import firm_names

FIRST, OTHER, SECOND, ABROAD = "81223113200026", "81223113200034", "67590177800021", "DE814864138"


@pytest.fixture
def book():
    """Three contracts of two buyers; the second is held by two establishments of one firm and by another firm."""
    days = pd.to_datetime(["2024-03-01", "2023-01-01", "2024-06-01"])
    return pd.DataFrame(
        {"uid": list("abc"), "acheteur_id": list("112"), "acheteur_nom": ["Région (fictif)"] * 2 + ["Lycée (fictif)"],
         "codeCPV": ["45210000-2"] * 2 + ["15000000-8"], "dateNotification": days, "montant": [100.0, 300.0, 50.0],
         "acheteur_departement": "35", "acheteur_region": "53"}
    )  # fmt: skip


@pytest.fixture
def who():
    rows = [("a", FIRST, "Un (Rennes)", None), ("b", FIRST, "Un (Brest)", "PME"), ("b", OTHER, "Un", None),
            ("b", SECOND, "Deux", "GE"), ("c", ABROAD, None, None)]  # fmt: skip
    return pd.DataFrame(rows, columns=["uid", "titulaire_id", "titulaire_nom", "titulaire_categorie"], dtype="str")


def test_a_firm_is_all_its_establishments(book, who):
    found = holder(book, who, FIRST[:9])
    assert (found.firme, found.number, found.name) == (FIRST[:9], f"SIREN {FIRST[:9]}", "Un")
    assert (found.size, found.period) == ("petite ou moyenne entreprise", "du 1er janvier 2023 au 1er mars 2024")
    held = found.contracts.set_index("uid")
    assert held["detenu"].to_dict() == {"b": 200, "a": 100}, "two thirds of 300, in order of notification"
    assert held["membres"].to_dict() == {"b": 2, "a": 1}
    assert held.loc["b", "partenaires"] == "Deux"
    assert pd.isna(held.loc["a", "partenaires"])
    assert holder(book, who, FIRST).contracts["uid"].tolist() == ["b", "a"], "a SIRET means its firm"
    abroad = holder(book, who, ABROAD)
    assert (abroad.number, abroad.name, abroad.size) == (f"Identifiant {ABROAD}",) * 2 + ("taille non publiée",)


def test_what_it_holds_beside_others(book, who):
    found = held_among(book, who, FIRST[:9], "famille").iloc[0]
    assert found[["famille", "nombre", "montant", "autres", "rang"]].tolist() == ["45", 2, 300, 1, 1]
    assert found["part"] == 300 / 400
    assert held_among(book, who, SECOND[:9], "ensemble")[["autres", "rang"]].to_numpy().tolist() == [[2, 2]]
    assert held_among(book, who, ABROAD, "acheteur")[["libelle", "part"]].to_numpy().tolist() == [["Lycée (fictif)", 1]]


@pytest.mark.parametrize(("given", "said"), [("123456789", "no contract has this holder"), ("", "3 firms begin so")])
def test_no_such_firm(book, who, given, said):
    with pytest.raises(UsageError, match=said):
        holder(book, who, given)
    with pytest.raises(UsageError, match="none of its contracts is in procurement/contracts"):
        holder(book.head(0), who, SECOND)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Un (Rennes)", "Un (Brest)", "Une"], "Un"),
        (["Un (fictif)", "Un (fictif)", "Un bis (fictif)"], "Un (fictif)"),
        ([None, "Un"], "Un"),
        ([None], "SIREN 812231132"),
        (["MONSIEUR JEAN FICTIF"], "SIREN 812231132"),
        (["Jean Fictif", "JEAN FICTIF ([ND])"], "SIREN 812231132"),
        (["[Données personnelles non-diffusibles]"], "SIREN 812231132"),
        (["Jean Fictif EI"], "SIREN 812231132"),
        (["M-LOC", "M.C. MENUISERIE"], "M-LOC"),
    ],
)
def test_a_firm_has_one_name_and_a_person_none(names, said):
    table = pd.DataFrame({"titulaire_id": FIRST, "titulaire_nom": pd.Series(names, dtype="str")})
    assert firm_names(table).to_dict() == {FIRST[:9]: said}


def test_figures_of_the_page_by_another_way():
    """What the notebook prints of its firm, from the sample's CSV."""
    notebook = json.loads((ROOT / "notebooks" / "procurement_supplier.ipynb").read_text(encoding="utf-8"))
    printed = next(cell["outputs"][0]["text"] for cell in notebook["cells"] if cell.get("outputs"))
    folder = ROOT / "data" / "sample" / "procurement"
    contracts, suppliers, amendments = (pd.read_csv(folder / f"{name}.csv", dtype=str)
                                        for name in ("contracts", "suppliers", "amendments"))  # fmt: skip
    joined = suppliers.merge(contracts, on="uid")
    joined["part"] = joined["montant"].astype(float) / joined.groupby("uid")["titulaire_id"].transform("count")
    own = joined[joined["titulaire_id"].str[:9] == "220063390"]
    energy = joined[joined["codeCPV"].str.startswith("09")]
    called = own[own["procedure"].fillna("") != "Marché passé sans publicité ni mise en concurrence préalable"]
    offers = called["offresRecues"].dropna().astype(float)
    together = joined.groupby("uid")["titulaire_id"].count()[own["uid"]] > 1
    changed = (
        amendments.dropna(subset="dureeMois").sort_values("dateNotificationModification").groupby("uid")["dureeMois"]
    )
    months = own["uid"].map(changed.last()).fillna(own["dureeMois"]).astype(float)
    begun = pd.to_datetime(own["dateNotification"])
    ends = [day + pd.DateOffset(months=int(count)) for day, count in zip(begun, months, strict=True)]
    soon = pd.Series(ends).between("2025-12-31", "2026-12-31").sum()
    assert printed == [
        f"Énergie de Lorraine (fictif) : {len(own)} marchés, {own['part'].sum() / 1e6:.3f} M€, "
        f"{own['acheteur_id'].nunique()} acheteurs ; "
        f"{own['part'].sum() / energy['part'].sum():.3f} de Énergie et combustibles ; "
        f"{(offers == 1).mean():.3f} d'offre unique, {together.sum()} en groupement, {soon} fins dans l'année\n"
    ]
