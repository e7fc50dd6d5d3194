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


def test_kinds(book):
    found = frameworks.kinds(book)
    assert found.groupby(found).size().to_dict() == {
        "Accord-cadre": 6, "Marché subséquent": 6, "Autre marché": 2, "Non renseigné": 1,
    }  # fmt: skip
    by_id = dict(zip(book["id"], found, strict=True))
    assert by_id["10"] == "Accord-cadre"  # names itself: no subsequent contract
    assert by_id["2"] == "Marché subséquent"  # though it says « accord-cadre » as its technique
    assert (by_id["14"], by_id["15"]) == ("Autre marché", "Non renseigné")
    counted = frameworks.by_kind(book).set_index("type")
    assert counted["nombre"].sum() == len(book)
    assert counted.loc["Marché subséquent", "montant"] == 60 + 50 + 5 + 1 + 2 + 3


def test_frameworks(book):
    found = frameworks.frameworks(book).set_index("id")
    assert found.index.tolist() == ["1", "10", "9", "5", "4", "7", "13"]
    first = found.loc["1"]
    assert (first["subsequents"], first["montant_subsequents"], first["consommation"]) == (2, 110, 1.1)
    # 13 months from 31 January 2024 end on 27 February 2025: the contract of March is outside, that of June within.
    assert first["fin"] == pd.Timestamp("2025-02-27")
    assert first["hors_validite"] == 1
    assert found["connu"].to_dict() == {**dict.fromkeys(["1", "10", "9", "5", "4", "13"], "déclaré"), "7": "déduit"}
    assert found["forme"].to_dict() == {
        "1": CALLS, "10": CALLS, "9": CALLS, "5": ORDERS, "4": f"{ORDERS} et marchés subséquents", "7": CALLS,
        "13": "Non renseignée",
    }  # fmt: skip
    assert found["plus_de_4_ans"].to_dict() == {**dict.fromkeys(found.index, False), "4": True}
    assert pd.isna(found.loc["5", "fin"])


def test_lots_under_one_number_are_one_agreement():
    book = _book(
        ("1", B1, AC, CALLS, None, 100.0, "2024-01-01", 12),
        ("1", B1, AC, CALLS, None, 50.0, "2024-02-01", 24),
        ("2", B1, None, None, "1", 30.0, "2024-06-01", 3),
    )
    found = frameworks.frameworks(book)
    assert found[["lignes", "montant", "subsequents", "consommation"]].to_numpy().tolist() == [[2, 150, 1, 0.2]]
    assert found["dateNotification"].iloc[0] == pd.Timestamp("2024-01-01")
    assert found["fin"].iloc[0] == pd.Timestamp("2026-01-31")


def test_orphans(book):
    found = frameworks.orphans(book).set_index("id")["motif"]
    assert found.to_dict() == {
        "8": "accord-cadre d'un autre acheteur", "11": "absent du tableau", "12": "numéro non renseigné",
    }  # fmt: skip
    loop = _book(("1", B1, None, None, "1", 5.0, "2019-01-01", 1, "Marché subséquent"))
    assert frameworks.orphans(loop)["motif"].tolist() == ["renvoie à lui-même"]


def test_summary(book):
    found = frameworks.framework_summary(book)
    assert (found.agreements, found.amount) == (7, 100 + 40 + 30 + 20 + 10 + 8 + 4)
    assert (found.subsequent, found.subsequent_amount) == (6, 121)
    assert (found.linked, found.orphans) == (3, 3)
    # 10, 9 and 4 have calls to come and none here; 1 has more than its amount.
    assert (found.unused, found.overrun, found.unknown) == (3, 1, 1)


def test_the_order_of_rows_does_not_matter(book):
    mixed = book.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(frameworks.frameworks(book), frameworks.frameworks(mixed))
    pd.testing.assert_frame_equal(frameworks.orphans(book), frameworks.orphans(mixed))


def test_the_sample_against_duckdb(root):
    contracts = tables.load("procurement/contracts")
    path = root / "data" / "sample" / "procurement" / "contracts.csv"
    with duckdb.connect() as connection:
        connection.execute(f"create table c as from read_csv('{path}', all_varchar=true)")
        rows = connection.execute(
            """with f as (select * from c where idAccordCadre is null
                and (list_contains(string_split(techniques, '|'), 'Accord-cadre') or nature = 'Accord-cadre'
                     or exists (from c s where s.idAccordCadre = c.id and s.acheteur_id = c.acheteur_id)))
            select f.acheteur_id, f.id, any_value(f.montant::double), count(s.id), coalesce(sum(s.montant::double), 0),
                count(*) filter (s.dateNotification::date < f.dateNotification::date
                    or s.dateNotification::date >= f.dateNotification::date + to_months(f.dureeMois::int))
            from f left join c s on s.idAccordCadre = f.id and s.acheteur_id = f.acheteur_id group by 1, 2"""
        ).fetchall()
        lost = connection.execute(
            """select count(*) from c where idAccordCadre is not null
            and not exists (from c f where f.id = c.idAccordCadre and f.acheteur_id = c.acheteur_id)"""
        ).fetchone()[0]
    found = frameworks.frameworks(contracts).set_index(["acheteur_id", "id"])
    assert len(rows) == len(found)
    for buyer, number, amount, count, summed, outside in rows:
        row = found.loc[(buyer, number)]
        assert (row["montant"], row["subsequents"], row["hors_validite"]) == (amount, count, outside)
        assert row["montant_subsequents"] == pytest.approx(summed)
        assert row["consommation"] == pytest.approx(summed / amount)
    assert len(frameworks.orphans(contracts)) == lost
    total = frameworks.framework_summary(contracts)
    assert total.subsequent == total.linked + total.orphans == contracts["idAccordCadre"].notna().sum()


def test_empty_tables_and_tables_that_say_nothing():
    contracts = tables.load("procurement/contracts")
    nothing = contracts.iloc[:0]
    assert frameworks.frameworks(nothing).empty
    assert frameworks.orphans(nothing).empty
    assert frameworks.framework_summary(nothing) == frameworks.Frameworks(0, 0.0, 0, 0.0, 0, 0, 0, 0, 0)
    silent = ["nature", "techniques", "modalitesExecution", "idAccordCadre"]
    bare = contracts.assign(**{name: pd.Series(np.nan, index=contracts.index, dtype="str") for name in silent})
    assert frameworks.frameworks(bare).empty
    assert frameworks.framework_summary(bare).unknown == len(contracts)
