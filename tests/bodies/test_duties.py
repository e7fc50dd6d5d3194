"""Obligations: cases worked by hand from the texts, one a row, and the verdicts that the sample planted."""

import pandas as pd
import pytest

from tikub_lab.bodies.duties import LAW, PUBLISHED, RULES, VERDICTS, obligations
from tikub_lab.bodies.verdicts import compliance
from tikub_lab.methods.law import CONFIRMED
from tikub_lab.tables.frames import typed
from tikub_lab.tables.schema import read_schema

MET, NOT_MET, NOT_DUE, UNKNOWN = VERDICTS
DAY = "2026-05-15"
CRF, CAC, DCA = "compte rendu financier", "rapport du commissaire aux comptes", PUBLISHED
AUDIT, NOTICE, SENT, BALANCE = (
    "commissaire aux comptes", "publication des comptes", "budget et comptes", "bilan certifié annexé",
)  # fmt: skip
TOTAL, CER, PAY = "attestation de subventions", "contrat d'engagement républicain", "trois plus hautes rémunérations"
YEARLY = "comptes annuels"
OPEN, ACTS, BILAN = "publication des données", "rapport des mandataires", "bilan certifié"
ASSO, SPL, GIP = "association", "SPL", "GIP"
TABLES = ("bodies", "grants", "filings", "notices")
IN_KIND = ("nature", "aide en nature")


def grant(amount, *more, objet="Fonctionnement 2024", period=None):
    return {"montant": amount, "objet": objet, "datesPeriodeVersement": period, **dict(more)}


# duty, nature of the body, year, grants, pieces (kind, year, day, amount), verdict, words of the reason
SIGNED = ("convention", 2024, "2024-03-01", None)
CASES = [
    # agreement: above 23,000 € in the year, private bodies, all kinds of aid, no more at the threshold itself
    ("convention", ASSO, 2024, [grant(23_000)], [], NOT_DUE, "23 k€"),
    ("convention", ASSO, 2024, [grant(23_000.01)], [], NOT_MET, "31 décembre 2024"),
    ("convention", ASSO, 2024, [grant(12_000), grant(12_000)], [], NOT_MET, "24 k€"),
    ("convention", ASSO, 2024, [grant(12_000), grant(12_000, IN_KIND)], [], NOT_MET, "24 k€"),
    ("convention", ASSO, 2024, [grant(40_000)], [("convention", 2024, "2024-03-01", None)], MET, "1er mars 2024"),
    ("convention", ASSO, 2024, [grant(40_000)], [("convention", 2024, "2025-02-01", None)], MET, "après l'échéance"),
    ("convention", ASSO, 2024, [grant(40_000)], [("convention", 2024, None, None)], MET, "non datée"),
    ("convention", SPL, 2024, [grant(40_000)], [("convention", 2023, "2023-03-01", None)], NOT_MET, "non reçu"),
    # financial report: tied grants, six months after the last year that they are for
    (CRF, ASSO, 2024, [grant(5_000, objet="Projet de rue")], [], NOT_MET, "30 juin 2025"),
    (CRF, ASSO, 2025, [grant(5_000, objet="Projet de rue")], [], NOT_DUE, "jusqu'au 30 juin 2026"),
    (CRF, ASSO, 2024, [grant(5_000, objet="Fonctionnement")], [], NOT_DUE, "fonctionnement"),
    (CRF, ASSO, 2024, [grant(5_000, objet="Soutien")], [], UNKNOWN, "l'objet ne dit pas"),
    (CRF, ASSO, 2024, [grant(5_000, objet="Soutien")], [(CRF, 2024, "2025-06-30", None)], MET, "30 juin 2025"),
    (CRF, ASSO, 2024, [grant(1), grant(2, objet="Festival")], [], NOT_MET, "affectée"),
    (CRF, ASSO, 2023, [grant(9, objet="Étude", period="2023-01-01/2025-12-31")], [], NOT_DUE, "30 juin 2026"),
    (CRF, ASSO, 2023, [grant(9, objet="Étude", period="2023-01-01/2024-12-31")], [], NOT_MET, "30 juin 2025"),
    # accounts of the year before, by every private body that was granted anything
    (SENT, ASSO, 2024, [grant(100)], [("comptes annuels", 2023, "2024-05-02", 9_000)], MET, "2 mai 2024"),
    (SENT, ASSO, 2024, [grant(100)], [("comptes annuels", 2024, "2025-05-02", 9_000)], NOT_MET, "2024"),
    (SENT, "société", 2024, [grant(100)], [], NOT_MET, "31 décembre 2024"),
    # auditor: above 153,000 € in cash from all authorities, of which the Région sees its own
    (AUDIT, ASSO, 2024, [grant(153_000)], [], UNKNOWN, "au moins 153 k€ vus"),
    (AUDIT, ASSO, 2024, [grant(153_001)], [], NOT_MET, "30 juin 2025"),
    (AUDIT, ASSO, 2024, [grant(153_001)], [(CAC, 2024, "2025-05-30", None)], MET, "30 mai 2025"),
    (AUDIT, ASSO, 2024, [grant(90_000)], [(TOTAL, 2024, None, 153_000)], NOT_DUE, "attestés"),
    (AUDIT, ASSO, 2024, [grant(90_000)], [(TOTAL, 2024, None, 160_000)], NOT_MET, "160 k€"),
    (AUDIT, ASSO, 2024, [grant(90_000)], [(TOTAL, 2023, None, 90_000)], UNKNOWN, "90 k€ vus"),
    (AUDIT, ASSO, 2024, [grant(170_000)], [(TOTAL, 2024, None, 90_000)], NOT_MET, "170 k€ vus"),
    (AUDIT, ASSO, 2024, [grant(160_000, IN_KIND)], [], UNKNOWN, "au moins 0 € vus"),
    (AUDIT, ASSO, 2025, [grant(160_000)], [], NOT_DUE, "jusqu'au 30 juin 2026"),
    ("comptes annuels", ASSO, 2024, [grant(160_000)], [(DCA, 2024, "2025-07-01", None)], MET, "1er juillet 2025"),
    ("comptes annuels", ASSO, 2024, [grant(160_000)], [(YEARLY, 2024, "2025-04-01", 5e5)], MET, "avril"),
    # publication: nine months after the end of the year, at most (three after an approval within six)
    (NOTICE, ASSO, 2024, [grant(160_000)], [(DCA, 2024, "2025-09-30", None)], MET, "septembre 2025"),
    (NOTICE, ASSO, 2024, [grant(160_000)], [(DCA, 2024, "2025-11-02", None)], MET, "après l'échéance"),
    (NOTICE, ASSO, 2024, [grant(160_000)], [(DCA, 2023, "2024-09-30", None)], NOT_MET, "30 septembre"),
    (NOTICE, ASSO, 2024, [grant(60_000)], [], UNKNOWN, "au moins 60 k€ vus"),
    # three top salaries: a budget above 150,000 € and grants above 50,000 €, both
    (PAY, ASSO, 2024, [grant(50_000)], [("budget", 2024, None, 400_000)], UNKNOWN, "au moins 50 k€ vus"),
    (PAY, ASSO, 2024, [grant(50_001)], [("budget", 2024, None, 150_000)], NOT_DUE, "budget de 150 k€"),
    (PAY, ASSO, 2024, [grant(50_001)], [("budget", 2024, None, 150_001)], NOT_MET, "non reçu"),
    (PAY, ASSO, 2024, [grant(60_000)], [], UNKNOWN, "budget inconnu"),
    (PAY, ASSO, 2024, [grant(9_000)], [(TOTAL, 2024, None, 50_000)], NOT_DUE, "50 k€ de subventions attestés"),
    (PAY, ASSO, 2024, [grant(60_000)], [(YEARLY, 2024, None, 2e5), (PAY, 2024, "2025-06-01", None)], MET, "juin"),
    # data published by the Région: agreements signed since 1 August 2017, within three months
    (OPEN, ASSO, 2017, [grant(30_000)], [("convention", 2017, "2017-07-31", None)], NOT_DUE, "31 juillet 2017"),
    (OPEN, ASSO, 2017, [grant(30_000)], [("convention", 2017, "2017-08-01", None)], NOT_MET, "1er novembre 2017"),
    (OPEN, ASSO, 2024, [grant(30_000)], [SIGNED, (OPEN, 2024, "2024-05-31", None)], MET, ""),
    (OPEN, ASSO, 2024, [grant(30_000)], [], UNKNOWN, "jour de la signature inconnu"),
    (OPEN, ASSO, 2024, [grant(20_000)], [], NOT_DUE, "aucune convention"),
    (OPEN, ASSO, 2026, [grant(30_000)], [("convention", 2026, "2026-03-01", None)], NOT_DUE, "jusqu'au 1er juin 2026"),
    # republican commitment: requests since 2 January 2022
    (CER, ASSO, 2021, [grant(100)], [], NOT_DUE, "en vigueur depuis le 2 janvier 2022"),
    (CER, ASSO, 2022, [grant(100)], [], UNKNOWN, "d'avant 2022"),
    (CER, ASSO, 2023, [grant(100)], [], NOT_MET, "31 décembre 2023"),
    (CER, "fondation", 2023, [grant(100)], [(CER, 2023, "2023-01-09", None)], MET, "9 janvier 2023"),
    (CER, ASSO, 2024, [grant(100)], [(CER, 2023, "2023-01-09", None)], UNKNOWN, "souscrit en 2023"),
    # certified balance: above 75,000 € or half of the income
    (BALANCE, GIP, 2024, [grant(75_000)], [("comptes annuels", 2024, None, 2e5)], NOT_DUE, "38"),
    (BALANCE, GIP, 2024, [grant(75_001)], [], NOT_MET, "31 décembre 2025"),
    (BALANCE, GIP, 2024, [grant(50_000)], [("comptes annuels", 2024, None, 9e4)], NOT_MET, "56"),
    (BALANCE, GIP, 2024, [grant(50_000)], [("comptes annuels", 2024, None, 1e5)], NOT_DUE, "50"),
    (BALANCE, GIP, 2024, [grant(50_000)], [], UNKNOWN, "produits inconnus"),
    (BALANCE, GIP, 2024, [grant(80_000)], [(BILAN, 2023, "2024-06-01", None)], MET, "1er juin 2024"),
    # SEM and SPL: a report every year, whatever they were granted
    (ACTS, "SEM", 2024, [], [(ACTS, 2024, "2025-10-10", None)], MET, "10 octobre 2025"),
    (ACTS, SPL, 2024, [], [], NOT_MET, "31 décembre 2025"),
    (ACTS, SPL, 2025, [], [], NOT_DUE, "jusqu'au 31 décembre 2026"),
]  # fmt: skip
NAMES = {CER: "engagement républicain"}


def tables(root, cases, kept=True):
    """Tables of a body a case, and of a witness of whom all pieces of all years were recorded."""
    schemas = {name: read_schema(root / "data" / "schemas" / "bodies" / f"{name}.json") for name in TABLES}
    made = {name: [] for name in TABLES}
    every = [*schemas["filings"].field("nature").constraints["enum"], PUBLISHED]
    witness = (None, "autre", 2024, [], [(kind, at, None, None) for kind in every for at in range(2015, 2027)])
    for number, (_, nature, year, grants, pieces, *_) in enumerate([*cases, witness] if kept else cases):
        body, siren, other = f"A{number}", f"{number:09d}", {"nomBeneficiaire": "Autre", "montant": 1.0}
        made["bodies"].append({"organisme_id": body, "nom": f"{body} (fictif)", "nature": nature, "siren": siren})
        for item in ({"sirenBeneficiaire": siren, "nomBeneficiaire": body} | each for each in grants or [other]):
            made["grants"].append({"nature": "aide en numéraire", "exercice": year} | item)
        for kind, at, when, amount in pieces:
            if kind == PUBLISHED:
                row = {"annonce_id": f"{body}{at}", "source": "DCA", "famille": "comptes", "siren": siren}
                day = {"parution": when or f"{at + 1}-07-01", "cloture": f"{at}-12-31"}
                made["notices"].append({**row, **day, "avis": "initial"})
            else:
                row = {"organisme_id": body, "exercice": at, "nature": kind, "date": when, "montant": amount}
                made["filings"].append(row)
    frames = []
    for name, listed in made.items():
        frame = pd.DataFrame(listed).reindex(columns=list(schemas[name].names))
        days = [field.name for field in schemas[name].fields if field.type == "date"]
        frame[days] = frame[days].apply(pd.to_datetime)
        frames.append(typed(frame, schemas[name]))
    return frames


@pytest.fixture(scope="module")
def judged(root):
    return obligations(*tables(root, CASES), jour=DAY)


def one(root, nature, year, grants, kept=True):
    """The duties of one body, by name."""
    found = obligations(*tables(root, [(None, nature, year, grants, [])], kept), jour=DAY)
    return found[found["organisme_id"] == "A0"].set_index("obligation")


@pytest.mark.parametrize("number", range(len(CASES)))
def test_by_hand(judged, number):
    duty, _, year, _, _, verdict, words = CASES[number]
    row = judged[(judged["organisme_id"] == f"A{number}") & (judged["obligation"] == NAMES.get(duty, duty))]
    row = row[row["exercice"] == year]
    assert row["verdict"].tolist() == [verdict], row["raison"].tolist()
    assert words in row["raison"].iloc[0].replace("\u202f", " ").replace("\xa0", " ").replace("’", "'")


def test_there_are_enough_cases_and_none_is_twice():
    assert len(CASES) >= 40
    assert {NAMES.get(case[0], case[0]) for case in CASES} == {*RULES}
    assert {case[5] for case in CASES} == {*VERDICTS}


def test_what_nobody_records_is_unknown(root):
    found = one(root, ASSO, 2024, [grant(40_000)], kept=False)
    assert found.loc["convention", "verdict"] == UNKNOWN
    assert "ne sont pas suivies en 2024" in found.loc["convention", "raison"]


def test_grants_of_other_authorities_are_counted_where_they_are_known(root):
    bodies, grants, filings, notices = tables(root, [(None, ASSO, 2024, [grant(60_000)], [])])
    others = grants.assign(montant=100_000.0)
    found = obligations(bodies, grants, filings, notices, DAY, others).set_index("obligation")
    assert found.loc["commissaire aux comptes", "verdict"] == NOT_MET
    assert found.loc["convention", "raison"].startswith("60")


def test_rules_have_their_texts_and_few_are_confirmed(root):
    duties = {row.key[0] for duty in RULES for row in LAW.values(duty)}
    assert duties == {*RULES}
    confirmed = {duty for duty in RULES if all(row.statut == CONFIRMED for row in LAW.values(duty))}
    assert confirmed == {"publication des données", "engagement républicain"}
    assert all(row.debut for duty in confirmed for row in LAW.values(duty))
    found = one(root, ASSO, 2024, [grant(40_000)])
    assert found["reference"].str.len().gt(10).all()
    assert found.loc["convention", "statut"] == "à confirmer"


def test_lycees_owe_none_of_this(root):
    assert not len(one(root, "lycée", 2024, [grant(40_000)]))


def test_the_planted_verdicts(bodies_tables):
    found = obligations(*(bodies_tables[name] for name in TABLES), jour=DAY)
    found = found.set_index(["organisme_id", "exercice", "obligation"])["verdict"]
    truths = bodies_tables["truths"]
    planted = truths[truths["cas"].str.contains(", ") & truths["attendu"].isin(VERDICTS)]
    assert len(planted) == 15
    for row in planted.itertuples():
        assert found[row.cle, row.exercice, row.cas.split(", ")[0]] == row.attendu, row.cas


def test_rates_count_what_is_known_and_say_what_is_not(judged):
    table = compliance(judged).set_index("obligation")
    rows = judged[judged["obligation"] == "convention"]["verdict"].value_counts()
    assert table.loc["convention", "avec"] == rows[MET]
    assert table.loc["convention", "connus"] == rows[MET] + rows[NOT_MET]
    assert (table["minimum"] <= table["taux"].fillna(0)).all()
    assert (table["manquants"] + table["connus"] == table["nombre"]).all()
