"""Dated thresholds: the amounts of the texts, day by day, and the table's own coherence."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.make.procurement.book import LIMITS
from tikub_lab.errors import UsageError
from tikub_lab.procurement.codes import CPV_DIVISIONS
from tikub_lab.procurement.thresholds import (
    BUYERS,
    KINDS,
    LAW,
    NAMES,
    in_force,
    purchase_kind,
    social_services,
    threshold,
    version,
)

FIRST, LAST = date(2016, 4, 1), date(2027, 12, 31)

# Typed from the decrees and notices, not from the package's table: name, day, kind, buyer, euros.
TEXTS = [
    ("dispense", "2019-12-31", "services", "collectivité", 25_000),
    ("dispense", "2020-01-01", "services", "collectivité", 40_000),
    ("dispense", "2025-12-31", "fournitures", "collectivité", 40_000),
    ("dispense", "2026-01-01", "fournitures", "collectivité", 40_000),
    ("dispense", "2026-03-31", "fournitures", "État", 40_000),
    ("dispense", "2026-04-01", "fournitures", "État", 60_000),
    ("dispense", "2026-03-31", "services", "collectivité", 40_000),
    ("dispense", "2026-04-01", "services", "collectivité", 60_000),
    ("dispense", "2020-07-23", "travaux", "collectivité", 40_000),
    ("dispense", "2020-07-24", "travaux", "collectivité", 70_000),
    ("dispense", "2020-12-08", "travaux", "collectivité", 70_000),
    ("dispense", "2020-12-09", "travaux", "collectivité", 100_000),
    ("dispense", "2025-12-31", "travaux", "collectivité", 100_000),
    ("dispense", "2026-01-01", "travaux", "collectivité", 100_000),
    ("dispense", "2026-04-01", "travaux", "collectivité", 100_000),
    ("publicite", "2018-05-01", "services", "collectivité", 90_000),
    ("publicite", "2026-04-01", "fournitures", "État", 90_000),
    ("publicite", "2020-12-08", "travaux", "État", 90_000),
    ("publicite", "2020-12-09", "travaux", "État", 100_000),
    ("publicite", "2026-06-01", "travaux", "collectivité", 100_000),
    ("formalisee", "2017-12-31", "fournitures", "collectivité", 209_000),
    ("formalisee", "2018-01-01", "fournitures", "collectivité", 221_000),
    ("formalisee", "2019-12-31", "travaux", "collectivité", 5_548_000),
    ("formalisee", "2020-01-01", "travaux", "collectivité", 5_350_000),
    ("formalisee", "2021-06-30", "services", "collectivité", 214_000),
    ("formalisee", "2021-06-30", "services", "État", 139_000),
    ("formalisee", "2021-06-30", "services", "entité adjudicatrice", 428_000),
    ("formalisee", "2023-12-31", "services", "collectivité", 215_000),
    ("formalisee", "2023-12-31", "travaux", "collectivité", 5_382_000),
    ("formalisee", "2025-12-31", "services", "collectivité", 221_000),
    ("formalisee", "2025-12-31", "services", "État", 143_000),
    ("formalisee", "2025-12-31", "services", "entité adjudicatrice", 443_000),
    ("formalisee", "2025-12-31", "travaux", "collectivité", 5_538_000),
    ("formalisee", "2026-01-01", "services", "collectivité", 216_000),
    ("formalisee", "2026-01-01", "services", "État", 140_000),
    ("formalisee", "2026-01-01", "services", "entité adjudicatrice", 432_000),
    ("formalisee", "2026-03-31", "travaux", "collectivité", 5_404_000),
    ("formalisee", "2026-04-01", "travaux", "collectivité", 5_404_000),
    ("innovant", "2018-12-27", "services", "collectivité", 100_000),
    ("innovant", "2021-12-15", "services", "collectivité", 100_000),
    ("innovant", "2025-12-31", "services", "collectivité", 100_000),
    ("innovant", "2026-01-01", "services", "collectivité", 100_000),  # 140 000 was drafted, not adopted
    ("donnees_essentielles", "2019-12-31", "services", "collectivité", 25_000),
    ("donnees_essentielles", "2020-01-01", "services", "collectivité", 40_000),
    ("controle_legalite", "2019-12-31", "travaux", "collectivité", 209_000),
    ("controle_legalite", "2020-01-01", "travaux", "collectivité", 214_000),
    ("controle_legalite", "2026-04-01", "travaux", "collectivité", 216_000),
]


@pytest.mark.parametrize(("name", "day", "kind", "buyer", "euros"), TEXTS)
def test_the_amount_of_the_day(name, day, kind, buyer, euros):
    found = threshold(name, day, kind, buyer)
    assert found.number == euros
    assert found.debut <= date.fromisoformat(day) <= (found.fin or LAST)


@pytest.mark.parametrize(
    ("name", "day", "said"),
    [
        ("dispense", "2025-12-31", "seuil au 1er janvier 2020 (décret n° 2019-1344, 40 000 € HT)"),
        ("dispense", "2026-01-01", "seuil au 1er janvier 2020 (décret n° 2019-1344, 40 000 € HT)"),
        ("dispense", "2026-03-31", "seuil au 1er janvier 2020 (décret n° 2019-1344, 40 000 € HT)"),
        ("dispense", "2026-04-01", "seuil au 1er avril 2026 (décret n° 2025-1386, 60 000 € HT)"),
        ("formalisee", "2025-12-31", "seuil au 1er janvier 2024 (avis du 7 décembre 2023, 221 000 € HT)"),
        ("formalisee", "2026-01-01", "seuil au 1er janvier 2026 (règlement délégué (UE) 2025/2152, 216 000 € HT)"),
        ("innovant", "2021-12-15", "seuil au 27 décembre 2018 (décret n° 2018-1225, 100 000 € HT, à confirmer)"),
        ("innovant", "2021-12-16", "seuil au 16 décembre 2021 (décret n° 2021-1634, 100 000 € HT)"),
        ("innovant", "2026-04-01", "seuil au 16 décembre 2021 (décret n° 2021-1634, 100 000 € HT)"),
    ],
)
def test_each_verdict_says_its_version(name, day, said):
    assert version(threshold(name, day, "fournitures")).replace("\u202f", " ") == said


def test_european_regulations_by_buyer():
    for kind in KINDS:
        texts = [threshold("formalisee", "2026-01-01", kind, buyer).reference for buyer in BUYERS]
        assert ["2025/2152" in text for text in texts] == [True, True, False]
        assert ["2025/2150" in text for text in texts] == [False, False, True]


def test_each_threshold_is_known_from_its_first_day_to_the_last():
    for name in NAMES:
        for row in LAW.values(name):
            later = [each for each in LAW.values(*row.key) if each.debut > row.debut]
            assert later or (row.fin or LAST) == LAST, row
            assert row.statut == "confirmé" or row.remarque, row


def test_it_agrees_with_what_the_generator_knows():
    """The sample has its own amounts, typed apart; from the second year on they are set on 1 January."""
    for name, ours in (("formal", "formalisee"), ("dispensation", "dispense")):
        for since, amounts in LIMITS[name]:
            found = tuple(threshold(ours, f"{since}-01-01", kind).number for kind in KINDS)
            assert found == amounts


def known_buyers(name):
    return {"publicite": {"collectivité", "État"}, "controle_legalite": {"collectivité"}}[name]


@pytest.mark.proof
@given(
    st.sampled_from(sorted(NAMES)),
    st.sampled_from(BUYERS),
    st.lists(st.integers(-400, (LAST - FIRST).days + 400), min_size=1, max_size=8),
    st.sampled_from(["45000000", "30000000", "79000000"]),
)
def test_the_form_for_tables_agrees_with_the_one_for_a_day(name, buyer, days, cpv):
    book = pd.DataFrame({"codeCPV": cpv, "dateNotification": pd.to_datetime([FIRST + timedelta(d) for d in days])})
    kind = {"45": "travaux", "30": "fournitures", "79": "services"}[cpv[:2]]
    if name in ("publicite", "controle_legalite") and buyer not in known_buyers(name):
        for call in (lambda: in_force(book, name, buyer), lambda: threshold(name, LAST, kind, buyer)):
            with pytest.raises(UsageError, match=r"is none of collectivité"):
                call()
        return
    found = in_force(book, name, buyer)
    for day, row in zip(book["dateNotification"], found.itertuples(), strict=True):
        try:
            one = threshold(name, day.date(), kind, buyer)
        except UsageError:
            assert pd.isna(row.seuil_montant)
            assert pd.isna(row.seuil_version)
            assert row.seuil_absent == "date hors de la table"
        else:
            assert (row.seuil_montant, row.seuil_version, row.seuil_statut) == (one.number, version(one), one.statut)
            assert row.seuil_absent == ""


def test_why_a_contract_has_no_threshold():
    book = pd.DataFrame(
        {
            "codeCPV": ["45000000", None, "45000000", "46000000"],
            "dateNotification": pd.to_datetime(["1999-01-01", "2024-01-01", None, "2024-01-01"]),
        },
        index=[7, 3, 5, 1],
    )
    found = in_force(book, "dispense")
    assert found.index.tolist() == [7, 3, 5, 1]
    assert found["seuil_absent"].tolist() == [
        "date hors de la table", "code CPV absent ou inconnu", "date de notification absente",
        "code CPV absent ou inconnu",
    ]  # fmt: skip
    assert in_force(book.iloc[:0], "dispense").columns.tolist() == found.columns.tolist()


@pytest.mark.parametrize(
    ("cpv", "social"),
    [
        ("80530000-8", True),  # vocational training
        ("80660000-8", True),
        ("80700000", False),
        ("55100000", True),
        ("55524000-9", True),  # school catering
        ("79100000-5", True),  # legal services
        ("79411000-8", False),  # management consultancy
        ("79710000", True),  # security
        ("85000000-9", True),
        ("92700000-8", True),
        ("64200000-8", False),  # telecommunications
        ("64110000-0", True),  # post
        ("60100000-9", False),
        ("45214200-2", False),
        ("80", True),
    ],
)
def test_social_and_specific_services_have_no_formal_threshold(cpv, social):
    book = pd.DataFrame({"codeCPV": [cpv], "dateNotification": pd.to_datetime(["2026-02-01"])})
    assert social_services(book["codeCPV"]).tolist() == [social]
    formal, free = (in_force(book, name).iloc[0] for name in ("formalisee", "dispense"))
    assert pd.isna(formal["seuil_montant"]) == social
    assert formal["seuil_absent"].startswith("services sociaux et autres services spécifiques") == social
    assert free["seuil_absent"] == ""  # the dispensation is theirs too


def test_kinds_of_purchase_cover_the_nomenclature():
    kinds = purchase_kind(pd.Series(list(CPV_DIVISIONS), dtype="str"))
    # Counted on the published nomenclature: 22 divisions from 03 to 44, with 48; one of works; 21 from 50 to 98.
    assert kinds.value_counts().to_dict() == {"fournitures": 23, "services": 21, "travaux": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dispense", "2016-03-31", "services"), "on 2016-03-31: known from 2016-04-01 on"),
        (("formalisee", "2028-01-01", "services"), "on 2028-01-01: known from 2016-04-01 to 2027-12-31"),
        (("innovant", "2018-12-26", "services"), "known from 2018-12-27 on"),
        (
            ("dispence", "2024-01-01", "services"),
            r"procurement/law.csv: 'dispence' is none of .* Did you mean 'dispense'",
        ),
        (("dispense", "2024-01-01", "travail"), "« dispense »: 'travail' is none of travaux, fournitures, services"),
        (
            ("dispense", "2024-01-01", "travaux", "Région"),
            "« dispense / travaux »: 'Région' is none of collectivité, État, entité adjudicatrice",
        ),
        (
            ("controle_legalite", "2024-01-01", "travaux", "État"),
            "« controle_legalite / travaux »: 'État' is none of collectivité",
        ),
        (("dispense", "demain", "travaux"), "day='demain' is no date"),
        (("dispense", pd.NaT, "travaux"), "day is missing"),
    ],
)
def test_errors_name_what_is_allowed(arguments, message):
    with pytest.raises(UsageError, match=message):
        threshold(*arguments)
