"""Each quality rule has a record that it lets pass and one that it catches."""

import pandas as pd
import pytest

from tikub_lab.procurement.published import quality
from tikub_lab.procurement.published.record import frames
from tikub_lab.procurement.published.rules import (
    FIELDS,
    ROWS,
    RULES,
    TEXTS,
    VALUES,
    iso_date,
    plain_text,
    repeated_digit,
)
from tikub_lab.tables import imports

LA_POSTE = "35600000049837"

# rule: a record that passes, a record that is caught, the field, the value that stands instead ("" for a reject)
CASES = {
    "not-communicated": (
        lambda p: p.contract(offresRecues=2),
        lambda p: p.contract(offresRecues="NC"),
        "offresRecues",
        None,
    ),
    "unreadable-characters": (
        lambda p: p.contract(objet="Finistère"),
        lambda p: p.contract(objet="Finist\ufffdre"),
        "objet",
        "Finist\ufffdre",
    ),
    "markup-in-text": (
        lambda p: p.contract(objet="Vannes < 3 bars & joints, lot <1>, R&D"),
        lambda p: p.contract(objet="Espaces verts<br />Lot 01 : taille &amp;amp; tonte d&#39;hiver"),
        "objet",
        "Espaces verts Lot 01 : taille & tonte d'hiver",
    ),
    "identifier-spacing": (
        lambda p: p.contract(acheteur={"id": p.BUYER}),
        lambda p: p.contract(acheteur={"id": "233 500 016 00040"}),
        "acheteur_id",
        "23350001600040",
    ),
    "identifier-type-name": (
        lambda p: p.contract(titulaires=p.party("DE123", "TVA")),
        lambda p: p.contract(titulaires=p.party("DE123", "TVA_INTRACOMMUNAUTAIRE")),
        "titulaire_typeIdentifiant",
        "TVA",
    ),
    "price-form-2019": (
        lambda p: p.contract(formePrix="Forfaitaire"),
        lambda p: p.contract(formePrix="Ferme et actualisable", typesPrix=None),
        "typesPrix",
        "Définitif actualisable",
    ),
    "code-label": (
        lambda p: p.contract(procedure="Procédure adaptée"),
        lambda p: p.contract(procedure="Marché public négocié sans publicité ni mise en concurrence préalable"),
        "procedure",
        "Marché passé sans publicité ni mise en concurrence préalable",
    ),
    "code-unknown": (lambda p: p.contract(ccag="Pas de CCAG"), lambda p: p.contract(ccag="Autre"), "ccag", None),
    "cpv-repaired": (
        lambda p: p.contract(codeCPV="45214200"),
        lambda p: p.contract(codeCPV="4521"),
        "codeCPV",
        "45000000-7",
    ),
    "date-notation": (
        lambda p: p.contract(),
        lambda p: p.contract(dateNotification="2018-07-10+02:00"),
        "dateNotification",
        "2018-07-10",
    ),
    "date-unreadable": (
        lambda p: p.contract(datePublicationDonnees="2024-02-29"),
        lambda p: p.contract(datePublicationDonnees="2023-02-29"),
        "datePublicationDonnees",
        None,
    ),
    "number-notation": (
        lambda p: p.contract(montant="12345.67"),
        lambda p: p.contract(montant="12 345,67 €"),
        "montant",
        "12345.67",
    ),
    "number-unreadable": (
        lambda p: p.contract(offresRecues="4.0"),
        lambda p: p.contract(offresRecues="2.5"),
        "offresRecues",
        None,
    ),
    "boolean-word": (
        lambda p: p.contract(marcheInnovant="oui"),
        lambda p: p.contract(marcheInnovant="VRAI"),
        "marcheInnovant",
        "true",
    ),
    "boolean-unreadable": (
        lambda p: p.contract(marcheInnovant="0"),
        lambda p: p.contract(marcheInnovant="peut-être"),
        "marcheInnovant",
        None,
    ),
    "offers-zero": (lambda p: p.contract(offresRecues=1), lambda p: p.contract(offresRecues=0), "offresRecues", None),
    "share-range": (lambda p: p.contract(tauxAvance=1), lambda p: p.contract(tauxAvance=30), "tauxAvance", None),
    "subsidy-negative": (
        lambda p: p.concession(montantSubventionPublique=0),
        lambda p: p.concession(montantSubventionPublique=-5),
        "montantSubventionPublique",
        None,
    ),
    "text-too-long": (
        lambda p: p.contract(objet="x" * 1000),
        lambda p: p.contract(objet="x" * 1001),
        "objet",
        "x" * 1000,
    ),
    "notification-from-publication": (
        lambda p: p.contract(),
        lambda p: p.contract(dateNotification=None),
        "dateNotification",
        "2024-06-02",
    ),
    "not-a-record": (lambda p: p.contract(), lambda p: "lost", "value", ""),
    "value-missing": (lambda p: p.contract(), lambda p: p.contract(id=" "), "id", ""),
    "supplier-missing": (lambda p: p.contract(), lambda p: p.contract(titulaires=[None, {}]), "titulaires", ""),
    "date-missing": (
        lambda p: p.contract(datePublicationDonnees=None),
        lambda p: p.contract(dateNotification=None, datePublicationDonnees=None),
        "dateNotification",
        "",
    ),
    "date-future": (
        lambda p: p.contract(dateNotification="2025-06-15"),
        lambda p: p.contract(dateNotification="2025-06-16"),
        "dateNotification",
        "",
    ),
    "amount-too-low": (lambda p: p.contract(montant=1), lambda p: p.contract(montant=0.99), "montant", ""),
    "amount-too-high": (
        lambda p: p.contract(montant=3_000_000_000),
        lambda p: p.contract(montant=3_000_000_001),
        "montant",
        "",
    ),
    "amount-repeated-digit": (
        lambda p: p.contract(montant=699966666),
        lambda p: p.contract(montant=666666666),
        "montant",
        "",
    ),
    "amount-sequence": (
        lambda p: p.contract(montant=123456.78),
        lambda p: p.contract(montant=1234567891),
        "montant",
        "",
    ),
    "buyer-siret": (
        lambda p: p.contract(acheteur={"id": LA_POSTE}),
        lambda p: p.contract(acheteur={"id": "23350001600041"}),
        "acheteur_id",
        "",
    ),
    "supplier-siret": (
        lambda p: p.contract(titulaires=p.party(LA_POSTE)),
        lambda p: p.contract(titulaires=p.party("90000001900010")),
        "titulaire_id",
        "",
    ),
    "supplier-type": (
        lambda p: p.contract(titulaires=p.party("DE123", "TVA")),
        lambda p: p.contract(titulaires=p.party("DE123", "DUNS")),
        "titulaire_typeIdentifiant",
        "",
    ),
    "supplier-identifier": (
        lambda p: p.contract(titulaires=p.party("AB1234567", "TAHITI")),
        lambda p: p.contract(titulaires=p.party("AB12345678", "TAHITI")),
        "titulaire_id",
        "",
    ),
    "duration-range": (lambda p: p.contract(dureeMois=180), lambda p: p.contract(dureeMois=181), "dureeMois", ""),
    "consideration-contradiction": (
        lambda p: p.contract(considerationsSociales=["Pas de considération sociale"]),
        lambda p: p.contract(considerationsSociales=["Pas de considération sociale", "Clause sociale"]),
        "considerationsSociales",
        "",
    ),
    "id-form": (lambda p: p.contract(id="2024/A_1.# -x"), lambda p: p.contract(id="2024*A"), "id", ""),
    "object-missing": (
        lambda p: p.contract(codeCPV=None),
        lambda p: p.contract(codeCPV=None, objet=None),
        "codeCPV",
        "",
    ),
    "supplier-repeated": (
        lambda p: p.contract(titulaires=p.party(p.FIRM) + p.party(p.OTHER_FIRM)),
        lambda p: p.contract(titulaires=p.party(p.FIRM) + p.party(p.FIRM)),
        "titulaire_id",
        None,
    ),
}
PLACES = {
    "department-code": ("contracts", "acheteur_departement", "2A", "99"),
    "region-code": ("contracts", "acheteur_region", "53", "977"),
    "commune-code": ("suppliers", "titulaire_commune", "2A004", "Brest"),
}


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(imports, "today", lambda: "2025-06-15")


def clean(raw):
    sound, _, rejects, repairs = quality.sift(raw)
    return sound, rejects, repairs


def judged(*records):
    return clean(frames((line, None, record) for line, record in enumerate(records, 1)))


def test_every_rule_has_a_case():
    assert {rule.name for rule in RULES} == set(CASES) | set(PLACES)
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.fixture(scope="module")
def found(published):
    """What the rules make of a record of :data:`CASES`: alone, or in one file with those of all cases."""
    together = {}

    def look(which, name, alone):
        records = {each: case[which](published) for each, case in CASES.items()}
        if not alone and which not in together:
            together[which] = judged(*records.values())
        cleaned, rejects, repairs = judged(records[name]) if alone else together[which]
        line = 1 if alone else [*CASES].index(name) + 1
        own = {table: frame[frame["_line"] == line] for table, frame in cleaned.items()}
        return own, rejects[rejects["line"] == line], repairs[repairs["line"] == line]

    return look


among_all_or_alone = pytest.mark.parametrize("alone", [False, pytest.param(True, marks=pytest.mark.proof)])


@among_all_or_alone
@pytest.mark.parametrize("name", CASES)
def test_a_sound_record_passes(name, found, alone):
    cleaned, rejects, repairs = found(0, name, alone)
    assert rejects.empty
    assert name not in set(repairs["rule"])
    assert len(cleaned["contracts"]) + len(cleaned["concessions"]) == 1


@among_all_or_alone
@pytest.mark.parametrize("name", CASES)
def test_a_broken_record_is_caught(name, found, alone):
    *_, field, value = CASES[name]
    cleaned, rejects, repairs = found(1, name, alone)
    if value == "":
        assert set(rejects["rule"]) == {name}
        assert rejects["field"].tolist() == [field]
        assert repairs.empty
        assert all(frame.empty for frame in cleaned.values())
        return
    assert rejects.empty
    row = repairs[(repairs["rule"] == name) & (repairs["field"] == field)].iloc[0]
    assert row["replacement"] == value or (value is None and pd.isna(row["replacement"]))


@pytest.mark.parametrize("name", PLACES)
def test_codes_of_places(name, published):
    frame, field, good, bad = PLACES[name]
    raw = frames([(1, None, published.contract()), (2, None, published.contract())])
    raw[frame][field] = pd.Series([good, bad], dtype="str")
    cleaned, rejects, repairs = clean(raw)
    assert rejects.empty
    assert cleaned[frame][field].isna().tolist() == [False, True]
    assert repairs[["line", "rule", "value"]].to_numpy().tolist() == [[2, name, bad]]


def test_rules_name_frames_and_fields_that_exist():
    known = {**{table: set(fields) for table, fields in FIELDS.items()}, "oddities": {"value"}}
    known["contracts"] |= {"titulaires"}
    assert {*ROWS, *VALUES} <= {rule.name for rule in RULES}
    for rule in RULES:
        assert rule.checks.endswith(".") or rule.checks.endswith("#"), rule.name
        assert TEXTS[rule.name]["source"]
        for target in rule.targets:
            assert "titulaire_" in target.field or target.field in known[target.table], rule.name
            asks = bool(target.form) + (target.low > float("-inf") or target.high < float("inf"))
            assert asks == (rule.name not in ROWS and rule.name not in VALUES), rule.name


def test_repeated_digits_count_the_six_and_must_be_one_run():
    amounts = [666666666.0, 166666666.0, 666666661.0, 666616666.0, 99999999.0, 100000000.0, 999999999.5]
    assert [repeated_digit(amount) for amount in amounts] == [True, True, True, False, False, False, True]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("RIDET", "1234567890", "123456789"),
        ("FRWF", "FRWF12345678901234", "FRWF1"),
        ("IREP", "12345AB", "1234"),
        ("HORS-UE", "CH123", "123"),
    ],
)
def test_identifier_forms_by_type(kind, good, bad, published):
    _, rejects, _ = judged(*(published.contract(titulaires=published.party(value, kind)) for value in (good, bad)))
    assert rejects[["line", "rule"]].to_numpy().tolist() == [[2, "supplier-identifier"]]


def test_all_titulaires_are_judged_and_kept(published):
    firms = [*(published.party(firm) for firm in (published.FIRM, published.OTHER_FIRM, published.THIRD_FIRM))]
    firms = [each for group in firms for each in group] + published.party("DE1", "TVA")
    cleaned, rejects, _ = judged(published.contract(titulaires=firms))
    assert len(cleaned["suppliers"]) == 4
    assert rejects.empty
    _, rejects, _ = judged(published.contract(titulaires=firms + published.party("123")))
    assert rejects["rule"].tolist() == ["supplier-siret"]


def test_a_broken_amendment_keeps_its_contract(published):
    titulaires = published.party("868768687576575") + published.party(published.OTHER_FIRM)
    record = published.amended(
        titulaires=titulaires, montant=0, dureeMois=-1, dateNotificationModification="2030-01-01"
    )
    cleaned, rejects, repairs = judged(record)
    assert rejects.empty
    assert set(repairs["rule"]) == {"supplier-siret", "amount-too-low", "duration-range", "date-future"}
    assert repairs.set_index("rule").loc["supplier-siret", "value"] == "868768687576575"
    assert cleaned["amendment_suppliers"]["titulaire_id"].tolist() == [published.OTHER_FIRM]
    assert cleaned["amendments"][["montant", "dureeMois", "dateNotificationModification"]].isna().all(axis=None)


def test_concessions_have_their_own_limits(published):
    _, rejects, _ = judged(
        published.concession(dureeMois=360, valeurGlobale=4e9),
        published.concession(dureeMois=361),
        published.concession(valeurGlobale=16e9),
        published.concession(objet=None),
        published.concession(concessionnaires=[]),
        published.concession(dateDebutExecution=None, datePublicationDonnees=None),
        published.concession(autoriteConcedante={"id": "12345678901234"}),
    )
    assert rejects[["line", "rule"]].to_numpy().tolist() == [
        [4, "value-missing"],
        [5, "supplier-missing"],
        [6, "date-missing"],
        [3, "amount-too-high"],
        [7, "buyer-siret"],
        [2, "duration-range"],
    ]


def test_a_column_that_the_file_does_not_carry_is_no_fault(published):
    raw = frames([(1, None, published.contract())])
    raw["contracts"] = raw["contracts"].drop(columns=["objet", "dureeMois", "datePublicationDonnees"])
    raw["suppliers"] = raw["suppliers"].drop(columns="titulaire_typeIdentifiant")
    cleaned, rejects, _ = clean(raw)
    assert rejects.empty
    assert len(cleaned["contracts"]) == 1


def test_fourteen_digits_without_type_are_judged_as_siret(published):
    firms = (published.FIRM, "1" * 14, "X")
    raw = frames((line, None, published.contract(titulaires=published.party(i))) for line, i in enumerate(firms, 1))
    raw["suppliers"] = raw["suppliers"].drop(columns="titulaire_typeIdentifiant")
    _, rejects, _ = clean(raw)
    assert rejects["line"].tolist() == [2]


def test_a_reject_shows_the_value_as_published(published):
    _, rejects, _ = judged(published.contract(montant="beaucoup"))
    assert rejects[["field", "value", "rule", "id"]].to_numpy().tolist() == [
        ["montant", "beaucoup", "value-missing", "2024-001"]
    ]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("12,345.67", 12345.67), ("1.234.567", 1234567), ("1,234,567", 1234567), ("12.345,67", 12345.67),
        ("1.234,5", 1234.5), ("12 345,67 €", 12345.67), ("1234.567", 1234.567), ("12,345", 12.345),
    ],
)  # fmt: skip
def test_amounts_in_both_notations(published, written, amount):
    sound, _, repairs = judged(published.contract(montant=written))
    assert float(sound["contracts"]["montant"].iloc[0]) == amount
    assert repairs["rule"].tolist() == (["number-notation"] if written != "1234.567" else [])


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-01-31T23:00:00Z", "2024-02-01"),  # midnight in Paris
        ("2024-05-01T22:00:00.000Z", "2024-05-02"),
        ("2024-05-02T00:00:00+02:00", "2024-05-02"),
        ("2024-05-02 23:30:00", "2024-05-02"),
        ("20240502", "2024-05-02"),
        ("2024-5-2", "2024-05-02"),
        ("02-05-2024", "2024-05-02"),
        ("2024/05/02", "2024-05-02"),
        ("2024/05-02", None),
        ("2024052", None),
        ("02-05-24", None),
        ("31/01/2024", "2024-01-31"),
        ("2024-13-01", None),
        ("1024-01-01", None),
        ("1950-01-01", "1950-01-01"),  # the first year that is taken for one
        ("31/12/1949", None),
        ("hier", None),
    ],
)
def test_dates(written, day):
    assert iso_date(written) == day


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<p class='x'>Gaz</p>", "Gaz"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Gaz", "Gaz"),
        ("Gaz<!-- lot 2 -->", "Gaz"),
        ("<b>Gaz</b><BR>&eacute;lectricit&eacute;&nbsp;!", "Gaz électricité !"),
        ("Tubes &lt; 30 mm", "Tubes < 30 mm"),
        ("Machin & Cie &inconnue;", "Machin & Cie &inconnue;"),
        ("<br>", None),
    ],
)
def test_texts_without_markup(written, read):
    assert plain_text(written) == read
