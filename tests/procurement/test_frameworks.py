"""Framework agreements and their subsequent contracts: worked by hand and against DuckDB on the sample."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from tikub_lab import tables
from tikub_lab.procurement import frameworks

B1, B2 = "10000000000001", "20000000000002"


def _book(*rows):
    """Contracts given as id, buyer, techniques, modalities, framework's number, amount, date, months, nature."""
    names = [
        "id", "acheteur_id", "techniques", "modalitesExecution", "idAccordCadre", "montant", "dateNotification",
        "dureeMois", "nature",
    ]  # fmt: skip
    table = pd.DataFrame([row + ("Marché",) * (len(names) - len(row)) for row in rows], columns=names)
    table["dateNotification"] = pd.to_datetime(table["dateNotification"])
    table["dureeMois"] = table["dureeMois"].astype("Int64")
    for name in ("techniques", "modalitesExecution", "idAccordCadre", "nature"):
        table[name] = table[name].astype("str").where(table[name].notna())
    table["uid"] = table["acheteur_id"] + table["id"] + table.groupby(["acheteur_id", "id"]).cumcount().astype("str")
    return table.assign(acheteur_nom="Région (fictif)", objet="Fournitures (fictif)")


AC, SO = "Accord-cadre", "Sans objet"
CALLS, ORDERS = "Marchés subséquents", "Bons de commande"


@pytest.fixture
def book():
    return _book(
        ("1", B1, AC, CALLS, None, 100.0, "2024-01-31", 13),
        ("2", B1, AC, CALLS, "1", 60.0, "2024-06-01", 3),
        ("3", B1, None, None, "1", 50.0, "2025-03-01", 3),
        ("4", B1, f"{AC}|Catalogue électronique", f"{ORDERS}|{CALLS}", None, 10.0, "2024-01-01", 49),
        ("5", B1, AC, ORDERS, None, 20.0, "2024-01-01", None),
        ("6", B1, SO, SO, "7", 5.0, "2024-02-01", 1),
        ("7", B1, SO, SO, None, 8.0, "2024-01-01", 12),
        ("8", B1, SO, SO, "9", 1.0, "2024-02-01", 1),
        ("9", B2, AC, CALLS, None, 30.0, "2024-01-01", 12),
        ("10", B2, AC, CALLS, "10", 40.0, "2024-01-01", 12),
        ("11", B2, None, None, "404", 2.0, "2024-02-01", 1),
        ("12", B2, None, None, None, 3.0, "2019-02-01", 1, "Marché subséquent"),
        ("13", B2, None, None, None, 4.0, "2019-02-01", 1, "Accord-cadre"),
        ("14", B2, None, None, None, 4.0, "2019-02-01", 1),
        ("15", B2, None, None, None, 4.0, "2024-02-01", 1),
    )


def test_subsequents(book):
    """The second says « accord-cadre » as its technique, the tenth names itself, the twelfth says so by its nature."""
    found = frameworks.subsequents(book)
    assert book.loc[found, "id"].tolist() == ["2", "3", "6", "8", "11", "12"]


def test_an_agreement_that_only_its_way_of_being_carried_out_tells():
    """Purchase orders, and subsequent contracts to come, are those of framework agreements (R2162-2)."""
    ways = _book(*((str(n), B1, SO, way, None, 9.0, "2024-01-01", 12) for n, way in enumerate((ORDERS, CALLS, SO))))
    assert frameworks.is_framework(ways).tolist() == [True, True, False]
    assert frameworks.framework_summary(ways).agreements == 2


def test_lots_under_one_number_are_one_agreement():
    book = _book(
        ("1", B1, AC, CALLS, None, 100.0, "2024-01-01", 12),
        ("1", B1, AC, CALLS, None, 50.0, "2024-02-01", 24),
        ("2", B1, AC, CALLS, "1", 30.0, "2024-03-01", 12),
    )
    assert frameworks.framework_summary(book) == frameworks.Frameworks(1, 2, 150.0, 0, 1, 0)


def test_summary(book):
    found = frameworks.framework_summary(book)
    assert (found.agreements, found.amount) == (7, 100 + 40 + 30 + 20 + 10 + 8 + 4)
    # 8 names the number of another buyer, 11 one that is not there, 12 none.
    assert (found.subsequent, found.orphans) == (6, 3)
    assert found.unused == 3, "10, 9 and 4 have calls to come and none here"
    loop = _book(("1", B1, None, None, "1", 5.0, "2019-01-01", 1, "Marché subséquent"))
    assert frameworks.framework_summary(loop) == frameworks.Frameworks(0, 0, 0.0, 0, 1, 1)
    assert frameworks.framework_summary(book.sample(frac=1, random_state=3)) == found


def test_the_sample_against_duckdb(root):
    contracts = tables.load("procurement/contracts")
    path = root / "data" / "sample" / "procurement" / "contracts.csv"
    with duckdb.connect() as connection:
        connection.execute(f"create table c as from read_csv('{path}', all_varchar=true)")
        rows = connection.execute(
            """with f as (select * from c where idAccordCadre is null
                and (list_contains(string_split(techniques, '|'), 'Accord-cadre') or nature = 'Accord-cadre'
                     or regexp_matches(modalitesExecution, 'Bons de commande|Marchés subséquents')
                     or exists (from c s where s.idAccordCadre = c.id and s.acheteur_id = c.acheteur_id)))
            select count(distinct f.acheteur_id || f.id), sum(f.montant::double) from f"""
        ).fetchone()
        lost = connection.execute(
            """select count(*) from c where idAccordCadre is not null
            and not exists (from c f where f.id = c.idAccordCadre and f.acheteur_id = c.acheteur_id)"""
        ).fetchone()[0]
    found = frameworks.framework_summary(contracts)
    assert (found.agreements, found.amount) == (rows[0], pytest.approx(rows[1]))
    assert (found.subsequent, found.orphans) == (contracts["idAccordCadre"].notna().sum(), lost)


def test_empty_tables_and_tables_that_say_nothing():
    contracts = tables.load("procurement/contracts")
    nothing = frameworks.Frameworks(0, 0, 0.0, 0, 0, 0)
    assert frameworks.framework_summary(contracts.iloc[:0]) == nothing
    silent = ["nature", "techniques", "modalitesExecution", "idAccordCadre"]
    bare = contracts.assign(**{name: pd.Series(np.nan, index=contracts.index, dtype="str") for name in silent})
    assert frameworks.framework_summary(bare) == nothing
