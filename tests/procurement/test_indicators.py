"""Indicators, on a book of four contracts worked by hand and against DuckDB on the sample."""

import duckdb
import pandas as pd
import pytest

from tikub_lab import procurement, tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement.selection import buyer_name
from tikub_lab.procurement.spending import by_price_form


@pytest.fixture
def book():
    return pd.DataFrame(
        {
            "uid": ["a", "b", "c", "d"],
            "acheteur_id": ["1", "1", "2", "2"],
            "acheteur_nom": ["Région (fictif)", None, "Lycée (fictif)", "Lycée (fictif)"],
            "acheteur_departement": ["35", "35", "29", None],
            "acheteur_region": ["53", "53", "53", None],
            "codeCPV": ["45210000", "45000000-7", "15000000", None],
            "procedure": pd.Categorical(["Procédure adaptée", "Appel d'offres ouvert", None, "Procédure adaptée"]),
            "dateNotification": pd.to_datetime(["2022-05-01", "2024-12-31", "2024-01-01", "2024-06-01"]),
            "montant": [100.0, 300.0, 50.0, 50.0],
            "offresRecues": pd.array([1, 3, None, 1], dtype="Int64"),
        }
    )


@pytest.fixture
def suppliers():
    return pd.DataFrame(
        {
            "uid": ["a", "b", "b", "c", "d"],
            "titulaire_id": ["81223113200026", "81223113200034", "67590177800021", "DE814864138", "67590177800021"],
            "titulaire_typeIdentifiant": pd.Categorical(["SIRET", "SIRET", "SIRET", "TVA", "SIRET"]),
            "titulaire_nom": ["Un (fictif)", "Un bis (fictif)", "Deux (fictif)", None, "Deux (fictif)"],
            "titulaire_departement": ["35", "29", "44", None, "35"],
            "titulaire_region": ["53", "53", "52", None, "53"],
        }
    )


def test_summary(book, suppliers):
    found = procurement.summary(book, suppliers)
    assert (found.contracts, found.amount, found.median_amount) == (4, 500.0, 75.0)
    assert (found.buyers, found.suppliers) == (2, 3)
    assert (found.median_offers, found.offers_missing) == (1.0, 1)
    assert (found.fillers, found.filler_amount) == (0, 0.0)


def test_amounts_made_only_of_nines_are_counted_apart(book, suppliers):
    likely = book.assign(montant=[99_999.0, 999_998.0, 999_999.5, 89_999_999.0])
    assert procurement.summary(likely, suppliers).fillers == 0
    found = procurement.summary(book.assign(montant=[999_999.0, 99_999_999.0, 9_999_999.0, 50.0]), suppliers)
    assert (found.fillers, found.filler_amount) == (3, 110_999_997.0)
    assert found.amount == 111_000_047.0


def test_by_year_counts_the_empty_years(book):
    assert procurement.by_year(book)[["annee", "nombre", "montant"]].to_numpy().tolist() == [
        [2022, 1, 100], [2023, 0, 0], [2024, 3, 400],
    ]  # fmt: skip


def test_by_division(book):
    found = procurement.by_division(book)
    assert found["division"].tolist() == ["45", "", "15"]
    assert found["montant"].tolist() == [400, 50, 50]
    assert found["part"].tolist() == [0.8, 0.1, 0.1]
    assert found["libelle"].iloc[:2].tolist() == ["Travaux de construction", "Famille non renseignée"]


def test_by_procedure_keeps_what_is_missing(book):
    rows = [["Appel d'offres ouvert", 1, 300], ["Procédure adaptée", 2, 150], ["Non renseignée", 1, 50]]
    assert procurement.by_procedure(book)[["procedure", "nombre", "montant"]].to_numpy().tolist() == rows
    same = procurement.by_procedure(book.assign(montant=[1.0, 2.0, 2.0, 1.0]))["procedure"].tolist()
    assert same == ["Appel d'offres ouvert", "Non renseignée", "Procédure adaptée"], "of one amount, by name"


def test_by_price_form(book):
    priced = book.assign(formePrix=pd.Categorical(["Unitaire", "Mixte", "Unitaire", None]))
    columns = ["nombre", "montant", "part"]
    assert by_price_form(priced)[["forme_prix", *columns]].to_numpy().tolist() == [
        ["Mixte", 1, 300, 0.6], ["Unitaire", 2, 150, 0.3], ["Non renseignée", 1, 50, 0.1],
    ]  # fmt: skip
    level = priced.assign(montant=[1.0, 2.0, 1.0, 2.0])
    assert by_price_form(level)["forme_prix"].tolist() == ["Mixte", "Non renseignée", "Unitaire"]
    assert by_price_form(priced.iloc[:0]).empty


def test_no_euro_is_counted_twice(book, suppliers):
    found = procurement.largest_suppliers(book, suppliers)
    assert found["montant"].sum() == book["montant"].sum()
    assert found[["firme", "nombre", "montant"]].to_numpy().tolist() == [
        ["812231132", 2, 250.0], ["675901778", 2, 200.0], ["DE814864138", 1, 50.0],
    ]  # fmt: skip
    assert found["nom"].tolist() == ["Un (fictif)", "Deux (fictif)", "Identifiant DE814864138"]


def test_supplier_places(book, suppliers):
    assert procurement.supplier_places(book, suppliers).to_numpy().tolist() == [
        ["Même département que l'acheteur", 1, 100, 0.2], ["Ailleurs dans la région", 1, 150, 0.2],
        ["Ailleurs en France", 1, 150, 0.2], ["Hors de France", 1, 50, 0.2], ["Non renseigné", 1, 50, 0.2],
    ]  # fmt: skip


def test_scope(book):
    assert procurement.scope(book, "2").contracts["uid"].tolist() == ["c", "d"]
    assert procurement.scope(book, annee_debut=2024, annee_fin=2024).contracts["uid"].tolist() == ["b", "c", "d"]
    with pytest.raises(UsageError, match=r"acheteur='3': no contract has this buyer.* Known: 1, 2\."):
        procurement.scope(book, "3")
    with pytest.raises(UsageError, match="annee_debut=2025, annee_fin=2024: the first year is after the last"):
        procurement.scope(book, annee_debut=2025, annee_fin=2024)
    for famille in ("4", "45x", "452145678"):
        with pytest.raises(UsageError, match=f"famille='{famille}': give the first two to eight digits"):
            procurement.scope(book, famille=famille)


def test_scope_names_family_region_and_period(book):
    here = procurement.scope(book.assign(codeCPV="45210000", acheteur_region="53"), famille="45", region="53")
    assert here.name == "Travaux de construction, 2 acheteurs publics (Bretagne)"
    alone = procurement.scope(book, "1")
    assert (alone.name, alone.period[:3]) == ("Région (fictif)", "du ")


def test_buyer_name(book):
    assert buyer_name(book, "1") == "Région (fictif)"
    assert buyer_name(book, None) == "2 acheteurs publics"
    assert buyer_name(book.assign(acheteur_nom=None), "1") == "SIRET 1"


def test_the_sample_against_duckdb(root):
    """The figures of the shipped page, by SQL on the raw CSV files."""
    contracts, suppliers = tables.load("procurement/contracts"), tables.load("procurement/suppliers")
    folder = root / "data" / "sample" / "procurement"
    sql = duckdb.connect()
    sql.execute(f"create table c as from read_csv('{folder / 'contracts.csv'}', all_varchar=true)")
    sql.execute(f"create table s as from read_csv('{folder / 'suppliers.csv'}', all_varchar=true)")
    total = procurement.summary(contracts, suppliers)
    count, amount = sql.execute("select count(*), sum(montant::decimal(18, 2)) from c").fetchone()
    assert (total.contracts, round(total.amount, 2)) == (count, float(amount))
    offers = sql.execute("select count(*) filter (offresRecues = '1'), count(offresRecues) from c").fetchone()
    rate = procurement.single_offers_overall(contracts)
    assert tuple(rate[["offre_unique", "connus"]]) == offers
    rows = sql.execute(
        "select left(codeCPV, 2) d, sum(montant::double) m from c group by d order by m desc, d limit 1"
    ).fetchone()
    first = procurement.by_division(contracts).iloc[0]
    assert (first["division"], pytest.approx(first["montant"])) == rows
    rows = sql.execute("select formePrix, count(*), sum(montant::double) from c group by 1").fetchall()
    forms = by_price_form(contracts).set_index("forme_prix")
    assert {form: (count, pytest.approx(amount)) for form, count, amount in rows} == {
        form: tuple(forms.loc[form, ["nombre", "montant"]]) for form in forms.index
    }
    leader = sql.execute(
        """with members as (select uid, count(*) n from s group by uid)
        select case when length(titulaire_id) = 14 then left(titulaire_id, 9) else titulaire_id end firme,
               sum(montant::double / n) m
        from s join c using (uid) join members using (uid) group by firme order by m desc limit 1"""
    ).fetchone()
    top = procurement.largest_suppliers(contracts, suppliers, n=1).iloc[0]
    assert (top["firme"], pytest.approx(top["montant"])) == leader
