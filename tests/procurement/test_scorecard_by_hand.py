"""The scorecard worked by hand: what is counted of each rule, the bridge, the scores, the doubts, completeness."""

import pandas as pd
import pytest

from tikub_lab import procurement, tables
from tikub_lab.procurement.published import quality
from tikub_lab.procurement.published.fields import ROWS, TITLES
from tikub_lab.procurement.published.rules import TEXTS
from tikub_lab.procurement.scorecard import card as scorecard
from tikub_lab.procurement.scorecard import scores as scorecard_scores
from tikub_lab.procurement.scorecard.card import rule_texts

BASE = {
    "publication": "p",
    "type": "marché",
    "acheteur_id": "B",
    "titulaires": "T",
    "dateNotification": pd.Timestamp("2024-05-15"),
    "datePublicationDonnees": pd.Timestamp("2024-06-01"),
    "modifications": 0,
    "etat": "retenu",
    "regles": None,
    "reparations": None,
    "attendus": 10,
    "manquants": None,
    "objet": "Gaz",
}


def book(*rows):
    rows = [{**BASE, "ligne": line, "id": f"M{line}", **row} for line, row in enumerate(rows, 1)]
    frame = pd.DataFrame(rows, columns=[*BASE, "ligne", "id", "montant"])
    text = ["publication", "titulaires", "regles", "reparations", "manquants", "etat", "type", "id", "acheteur_id"]
    kinds = {"montant": "float64", "modifications": "Int64", "attendus": "Int64", "objet": "str"}
    days = dict.fromkeys(["dateNotification", "datePublicationDonnees"], "datetime64[s]")
    return frame.astype(dict.fromkeys(text, "str") | kinds | days)


LOW, SIRET, DATE = "amount-too-low:montant=0", "buyer-siret:acheteur_id=1", "date-missing:dateNotification"


@pytest.fixture
def hand():
    return book(
        {"montant": 100.0},
        {"montant": 200.0, "reparations": "number-notation:montant=200 €|cpv-repaired:codeCPV=45"},
        {"montant": 100.0, "id": "M1", "etat": "doublon"},
        {"montant": 50.0, "etat": "rejeté", "regles": SIRET},
        {"montant": 50.0, "id": "M4", "etat": "rejeté", "regles": SIRET},  # says the same as line 4
        {"montant": 100.0, "id": "M1", "etat": "rejeté", "regles": DATE},  # says the same as line 1, which counts
        {"montant": 0.0, "etat": "rejeté", "regles": f"{LOW}|{SIRET}"},
        {"montant": None, "etat": "rejeté", "regles": "value-missing:montant|value-missing:dureeMois"},
        {
            "montant": 7.0,
            "etat": "doublon",
            "reparations": "date-notation:dateNotification=x",
        },  # of another publication
    )


def test_scorecard_by_hand(hand):
    table = scorecard.by_rule(hand).set_index("regle")
    columns = ["nombre", "valeurs", "montant_concerne", "seuls", "ecart_nombre", "ecart_montant", "sans_montant"]
    assert table.loc["buyer-siret", columns].tolist() == [3, 3, 100.0, 2, 1, 50.0, 0]
    assert table.loc["date-missing", columns].tolist() == [1, 1, 100.0, 1, 0, 0.0, 0]
    assert table.loc["amount-too-low", columns].tolist() == [1, 1, 0.0, 0, 0, 0.0, 0]
    assert table.loc["value-missing", columns].tolist() == [1, 2, 0.0, 1, 1, 0.0, 1]
    assert table.loc["duplicate", columns].tolist() == [1, 1, 100.0, 1, 1, 100.0, 0]
    assert table.loc["number-notation", columns].tolist() == [1, 1, 200.0, 0, -1, -200.0, 0]
    assert table.loc["cpv-repaired", columns].tolist() == [1, 1, 200.0, 0, 0, 0.0, 0]
    # its date of publication can be read, so that it would stand for the day of notification
    assert table.loc["date-notation", columns].tolist() == [1, 1, 7.0, 0, 0, 0.0, 0]
    assert table.loc["buyer-siret", "exemple"] == "ligne 4, SIRET de l'acheteur : 1"
    assert table.loc["date-missing", "exemple"] == "ligne 6, Date de notification : vide"
    assert table.loc["buyer-siret", "part"] == 3 / 9
    assert table["effet"].to_dict()["cpv-repaired"] == "réparé"
    every = scorecard.by_rule(hand, all_rules=True)
    assert set(every["regle"]) == set(TEXTS)
    assert every["nombre"].sum() == table["nombre"].sum()


def test_a_reject_in_an_amendment_only_empties_the_value():
    table = scorecard.by_rule(book({"montant": 5.0, "reparations": LOW}))
    assert table[["effet", "ecart_nombre"]].to_numpy().tolist() == [["vidé", 0]]


def test_the_bridge_adds_up(hand):
    table = scorecard.bridge(hand)
    assert table[["etape", "nombre", "montant", "sans_montant"]].to_numpy().tolist() == [
        ["publié", 9, 607.0, 1],
        ["SIRET de l'acheteur faux", -2, -100.0, 0],
        ["Sans date", -1, -100.0, 0],
        ["Valeur indispensable absente", -1, 0.0, 1],
        ["plusieurs règles à la fois", -1, 0.0, 0],
        ["doublons", -1, -100.0, 0],
        ["exploitable", 3, 307.0, 0],
    ]


def test_scores_by_hand(hand):
    empty = {1: "ccag|objet", 3: "id", 4: "id|acheteur_nom|objet", 8: "montant|dureeMois"}
    frame = hand.assign(manquants=hand["ligne"].map(empty).astype("str"))
    (row,) = scorecard_scores.scores(frame).to_dict("records")
    # nine records, one of them repeated: 8 owe 10 values each
    assert (row["nombre"], row["exploitables"], row["rejetes"], row["doublons"], row["attendus"]) == (9, 3, 5, 1, 80)
    assert row["remplis"] == 80 - 2 - 3 - 2
    # of the filled ones, buyer-siret spoils one in lines 4, 5, 7, and amount-too-low one more in line 7
    assert row["sains"] == 73 - 4
    assert row["part_exploitable"] == 3 / 9
    assert (row["score"], row["note"]) == ((8 + 10 + 10) / 80, "E")
    assert row["completude"] == 69 / 80


def test_what_cannot_be_read_owes_all_and_has_nothing():
    frame = book({"montant": 1.0}, {"regles": "not-a-record:value=x", "etat": "rejeté", "attendus": None, "type": None})
    (row,) = scorecard_scores.scores(frame).to_dict("records")
    assert (row["attendus"], row["remplis"], row["sains"], row["inconnus"]) == (20, 10, 10, 0)


def test_rows_of_the_tabular_form_share_their_amount():
    row = {"type": "ligne", "montant": 90.0, "id": "M", "modifications": None}
    frame = book({**row}, {**row, "titulaires": "U"}, {**row, "titulaires": "V"}, {**row, "montant": 10.0})
    assert scorecard.weights(frame).tolist() == [30.0, 30.0, 30.0, 10.0]
    assert scorecard.bridge(frame)["montant"].tolist() == [100.0, 100.0]


def test_doubts_by_hand():
    later = pd.Timestamp("2024-07-01")
    frame = book(
        {"montant": 99_999_999.0},
        {"montant": 1_111.0},
        {"montant": 44_444.5},
        {"montant": 1.0, "dateNotification": None},
        {"montant": 77_777.0, "etat": "rejeté"},
        {"montant": 500.0, "dateNotification": later},
    )
    table = scorecard_scores.doubtful(frame)
    assert table[["nombre", "montant", "sans_valeur", "exemple"]].to_numpy().tolist() == [
        [1, 99_999_999.0, 0, "ligne 1 : Gaz"],
        [1, 500.0, 1, "ligne 6 : Gaz"],
        [1, 1.0, 0, "ligne 4 : Gaz"],
    ]


def test_nothing_gives_nothing():
    empty = book()
    methods = (scorecard_scores.missing_fields, scorecard_scores.doubtful)
    for method in (scorecard.by_rule, scorecard.bridge, scorecard_scores.scores, *methods):
        full = method(book({"montant": 1.0, "regles": LOW, "etat": "rejeté", "manquants": "id"}))
        assert method(empty).empty
        assert list(method(empty).columns) == list(full.columns)
    contracts = tables.load("procurement/contracts").head(0)
    assert scorecard_scores.completeness(contracts)["attendus"].sum() == 0


def test_every_rule_and_field_has_its_french():
    assert set(TEXTS) == {rule.name for rule in quality.RULES} | {"row-width", "duplicate"}
    fields = {row["champ"] for row in ROWS if row["obligation"]}
    fields |= {field for rule in quality.RULES for _, field, *_ in rule.targets}
    assert fields <= set(TITLES) | {"donneesActuelles", "source"}
    assert all(row["attendu"].endswith(".") and row["consequence"].endswith(".") for row in TEXTS.values())


# Two publications


def test_rules_in_the_order_of_their_effect():
    """Rejects come first, then what is mended, emptied, noted; within them the largest effect in euros, then names."""
    frame = book(
        {
            "montant": 10.0,
            "reparations": "date-notation:dateNotification=x|code-unknown:nature=x|offers-zero:offresRecues=0",
        },
        {"montant": 20.0, "reparations": "number-notation:montant=20 €|unreadable-characters:objet=�"},
        {"montant": 3.0, "etat": "rejeté", "regles": "duration-range:dureeMois=999"},
        {"montant": 5.0, "etat": "rejeté", "regles": "id-form:id=é"},
        {"montant": None, "etat": "rejeté", "regles": "date-missing:dateNotification"},
        {"montant": None, "etat": "rejeté", "regles": "object-missing:objet"},
        {"montant": 5.0, "etat": "rejeté", "regles": "id-form:id=é", "publication": "a"},
    )
    table = procurement.by_rule(frame)
    assert table[["publication", "regle", "effet", "ecart_montant"]].to_numpy().tolist() == [
        ["a", "id-form", "rejeté", 5.0],
        ["p", "id-form", "rejeté", 5.0],
        ["p", "duration-range", "rejeté", 3.0],
        ["p", "date-missing", "rejeté", 0.0],
        ["p", "object-missing", "rejeté", 0.0],
        ["p", "number-notation", "réparé", -20.0],
        ["p", "date-notation", "réparé", 0.0],
        ["p", "code-unknown", "vidé", 0.0],
        ["p", "offers-zero", "vidé", 0.0],
        ["p", "unreadable-characters", "signalé", 0.0],
    ]
    assert table["part"].tolist() == [1.0, *[1 / 6] * 9]
    assert table.loc[1, ["attendu", "source"]].tolist() == [TEXTS["id-form"]["attendu"], known("id-form")["source"]]


def known(rule):
    return rule_texts().set_index("regle").loc[rule]


def test_rules_that_nothing_broke_have_no_figure():
    frame = book({"montant": 5.0}, {"montant": 5.0, "etat": "rejeté", "regles": SIRET, "publication": "a"})
    table = procurement.by_rule(frame, all_rules=True)
    assert len(table) == 2 * len(TEXTS)
    assert table["publication"].tolist() == ["a"] * len(TEXTS) + ["p"] * len(TEXTS)
    figures = [
        "nombre",
        "part",
        "valeurs",
        "montant_concerne",
        "seuls",
        "ecart_nombre",
        "ecart_montant",
        "sans_montant",
    ]
    assert table.loc[0, ["regle", *figures]].tolist() == ["buyer-siret", 1, 1.0, 1, 5.0, 1, 1, 5.0, 0]
    assert (table.loc[1:, figures] == 0).all(axis=None)
    assert table.loc[1:, "exemple"].isna().all()
    assert table["titre"].notna().all()


def test_the_example_is_the_largest_amount():
    rows = [{"montant": amount, "etat": "rejeté", "regles": f"buyer-siret:acheteur_id={n}"}
            for n, amount in enumerate((5.0, None, 70.0, 70.0), 1)]  # fmt: skip
    (row,) = procurement.by_rule(book(*rows)).to_dict("records")
    assert row["exemple"] == "ligne 3, SIRET de l'acheteur : 3"
    (row,) = procurement.by_rule(book({"montant": 1.0, "etat": "rejeté", "regles": "row-width:=2 cells"})).to_dict(
        "records"
    )
    assert row["exemple"] == "ligne 1 : 2 cells"


@pytest.mark.parametrize(
    ("mended", "effect"),
    [
        ("identifier-spacing:titulaire_id=812 231 132 00026", -1),
        ("identifier-spacing:titulaire_id=812 231 132", 0),  # no SIRET, spaces or not
        ("identifier-type-name:titulaire_typeIdentifiant=siret", -1),
        ("identifier-type-name:modification_id=x", 0),
        ("number-notation:dureeMois=1 2", -1),
        ("number-notation:valeurGlobale=1 2", -1),
        ("number-notation:offresRecues=1 2", 0),
        ("notification-from-publication:dateNotification=x", -1),
        ("notification-from-publication:dateNotificationModification=x", 0),
    ],
)
def test_values_without_which_a_record_would_be_lost(mended, effect):
    """Two of them in one record save it once; in a record that does not count they save nothing."""
    frame = book({"montant": 7.0, "reparations": f"{mended}|{mended}"})
    assert procurement.by_rule(frame)[["valeurs", "ecart_nombre", "ecart_montant"]].to_numpy().tolist() == [
        [2, effect, 7.0 * effect]
    ]
    assert procurement.by_rule(frame.assign(etat="rejeté", regles=SIRET)).set_index("effet").loc[
        "réparé", ["ecart_nombre", "ecart_montant"]
    ].tolist() == [0, 0.0]


def test_what_two_records_must_share_to_be_one():
    """The first titulaire, not the second; the state of a row of the tabular form, not of a contract."""
    twin = {"montant": 5.0, "id": "A", "titulaires": "T|U"}
    again = {**twin, "etat": "doublon"}
    row = {**twin, "type": "ligne", "id": "R", "modifications": 1}
    frame = book(
        {**again, "titulaires": "T|V"}, twin, {**again, "modifications": 3}, {**again, "montant": 6.0},
        {**again, "titulaires": "U|T"}, row, {**row, "etat": "doublon", "modifications": 2}, {**row, "etat": "doublon"},
        {**again, "etat": "rejeté"},
    )  # fmt: skip
    verdicts = scorecard.verdicts(frame)
    assert verdicts["verdict"].tolist() == [
        "doublon", "exploitable", "doublon", "exploitable", "exploitable", "exploitable", "exploitable", "doublon",
        "rejeté",
    ]  # fmt: skip
    assert verdicts["poids"].tolist() == [5.0, 5.0, 5.0, 6.0, 5.0, 5 / 3, 5 / 3, 5 / 3, 5.0]


def test_a_bridge_for_each_publication():
    frame = book(
        {"montant": 5.0},
        {"montant": 2.0, "etat": "rejeté", "regles": SIRET},
        {"montant": 30.0, "etat": "rejeté", "regles": LOW},
        {"montant": None, "etat": "rejeté", "regles": None, "publication": "a"},  # of before the table: why, is lost
        {"montant": 4.0, "publication": "b"},
    )
    assert procurement.bridge(frame)[
        ["publication", "etape", "nombre", "montant", "sans_montant"]
    ].to_numpy().tolist() == [
        ["a", "publié", 1, 0.0, 1],
        ["a", "plusieurs règles à la fois", -1, 0.0, 1],
        ["a", "exploitable", 0, 0.0, 0],
        ["b", "publié", 1, 4.0, 0],
        ["b", "exploitable", 1, 4.0, 0],
        ["p", "publié", 3, 37.0, 0],
        ["p", "Montant inférieur à 1 €", -1, -30.0, 0],
        ["p", "SIRET de l'acheteur faux", -1, -2.0, 0],
        ["p", "exploitable", 1, 5.0, 0],
    ]
    assert procurement.bridge(frame)["regle"].fillna("").tolist()[6:8] == ["amount-too-low", "buyer-siret"]


@pytest.mark.parametrize(
    ("sound", "letter"),
    [(95, "A"), (94, "B"), (85, "B"), (84, "C"), (70, "C"), (69, "D"), (50, "D"), (49, "E"), (0, "E")],
)
def test_grades(sound, letter):
    empty = "|".join(f"field{n}" for n in range(100 - sound))
    (row,) = procurement.scores(book({"montant": 1.0, "attendus": 100, "manquants": empty or None})).to_dict("records")
    assert (row["remplis"], row["score"], row["note"]) == (sound, sound / 100, letter)


def test_scores_of_each_publication():
    """Of what cannot be read, as much is owed as another record of its publication owes; 25 where there is none."""
    frame = book(
        {"montant": 1.0, "attendus": 12, "manquants": "ccag|objet"},
        {"montant": 1.0, "attendus": 10, "manquants": "ccag", "etat": "rejeté",
         "regles": "value-missing:montant|supplier-siret:titulaire_id=1|supplier-type:titulaire_typeIdentifiant=x"},
        {"regles": "row-width:=2 cells", "etat": "rejeté", "attendus": None},
        {"regles": "not-a-record:value=x", "etat": "rejeté", "attendus": None, "publication": "a"},
        {"montant": 1.0, "etat": "rejeté", "attendus": None, "publication": "b"},
    )  # fmt: skip
    columns = ["publication", "attendus", "remplis", "sains", "champs_absents", "inconnus"]
    found = procurement.scores(frame)
    # In p 12 + 10 + 12 are owed; one of the rejected record's nine is unsound: its titulaires, twice.
    assert found[columns].to_numpy().tolist() == [["a", 25, 0, 0, 0, 0], ["b", 0, 0, 0, 0, 1], ["p", 34, 19, 18, 0, 0]]
    assert found["score"].fillna(-1).tolist() == [0.0, -1.0, 10 / 34]
    assert found["part_exploitable"].tolist() == [0.0, 0.0, 1 / 3]
    assert found["note"].tolist() == ["E", "", "E"]


def test_fields_that_no_record_has():
    frame = book({"manquants": "ccag|objet"}, {"manquants": "ccag"}, {"manquants": "objet|ccag", "publication": "a"})
    assert procurement.scores(frame)["champs_absents"].tolist() == [2, 1]
    assert scorecard_scores.missing_fields(frame).to_numpy().tolist() == [
        ["a", "ccag", "CCAG", 1, 1.0], ["a", "objet", "Objet", 1, 1.0],
        ["p", "ccag", "CCAG", 2, 1.0], ["p", "objet", "Objet", 1, 0.5],
    ]  # fmt: skip


# Doubts


def test_doubts_at_their_borders():
    same = {"dateNotification": pd.Timestamp("2024-06-01"), "datePublicationDonnees": pd.Timestamp("2024-06-01")}
    frame = book(
        {"montant": 11_111.0},
        {"montant": 1_111.0},
        {"montant": 55_555.0, "objet": None},
        {"montant": 55_556.0},
        {"montant": 100.0},
        {"montant": 99.99, **same},  # published on the day: in time
        {"montant": 40.0, "etat": "rejeté"},
        {"montant": None, **same, "datePublicationDonnees": None},
        {"montant": 30.0, "type": "ligne", "id": "R"},
        {"montant": 30.0, "type": "ligne", "id": "R", "titulaires": "U"},
        {"montant": 90.0, "publication": "a"},
    )
    table = procurement.doubtful(frame)
    columns = ["publication", "doute", "nombre", "montant", "sans_valeur", "exemple"]
    assert table[columns].to_numpy().tolist() == [
        ["a", "Montant inférieur à 100 €", 1, 90.0, 0, "ligne 11 : Gaz"],
        ["p", "Montant d'un seul chiffre répété (99999999)", 2, 66_666.0, 1, "ligne 3 : sans objet"],
        ["p", "Montant inférieur à 100 €", 3, 99.99 + 30.0, 1, "ligne 6 : Gaz"],
    ]
    usable = 11_111 + 1_111 + 55_555 + 55_556 + 100 + 99.99 + 30
    assert table["part"].tolist() == pytest.approx([1.0, 66_666 / usable, 129.99 / usable])


# Completeness: 2022's regime from 1 January 2024 on


def test_what_is_owed_depends_on_the_day(worked):
    """From 1 January 2024 the CCAG, until the eve the buyer's name; without a day, the publication's stands for it."""
    plain = {"acheteur_nom": None, "ccag": None}
    days = [("2024-01-01", None), ("2023-12-31", None), (None, "2024-01-01"), (None, "2023-12-31"), (None, None),
            ("2024-01-01", "2023-12-31")]  # fmt: skip
    rows = [{**plain, "dateNotification": day, "datePublicationDonnees": other} for day, other in days]
    rows += [{"ccag": "Travaux"}, {"dateNotification": "2023-05-15", "ccag": "Travaux"}]
    found = procurement.completeness(worked(*rows)[0]).set_index("champ")
    columns = ["obligation", "attendus", "remplis", "manquants", "part"]
    assert found.loc["ccag", columns].tolist() == ["obligatoire", 4, 1, 3, 1 / 4]
    assert found.loc["acheteur_nom", columns].tolist() == ["obligatoire", 4, 1, 3, 1 / 4]
    assert found.loc["montant", columns].tolist() == ["obligatoire", 8, 8, 0, 1.0]


def test_a_form_of_price_may_stand_among_the_types_of_2019(worked):
    rows = [{"dateNotification": day, "typesPrix": "Définitif ferme", "formePrix": form}
            for day in ("2023-12-31", "2024-01-01") for form in (None, "Unitaire")]  # fmt: skip
    found = procurement.completeness(worked(*rows, {"dateNotification": "2023-12-31"})[0]).set_index("champ")
    assert found.loc["formePrix", ["attendus", "remplis"]].tolist() == [5, 3]
    assert found.loc["typesPrix", ["attendus", "remplis"]].tolist() == [2, 2]


def test_what_is_owed_under_a_condition(worked):
    old = {"dateNotification": "2023-12-31"}
    advance = {"attributionAvance": True}
    food, other = {"codeCPV": "34100000-8"}, {"codeCPV": "34200000-9"}
    rows = [
        {**advance, "tauxAvance": 0.3, **other}, {**advance, **other}, {"attributionAvance": False, **other},
        {**advance, **old, **other},
        {"nature": "Marché subséquent", **other}, {"nature": "Marché subséquent", "idAccordCadre": "A", **other},
        {"nature": "Marché subséquent", **old, **other}, {"idAccordCadre": "A", **other},
        {**food, "origineUE": 0.5}, {**food, **old}, {"codeCPV": None, "origineUE": 0.5}, {"codeCPV": "15500000-3"},
        {"codeCPV": "18100000-0"}, {"codeCPV": "33100000-1"},
    ]  # fmt: skip
    table = procurement.completeness(worked(*rows)[0])
    columns = ["obligation", "attendus", "remplis", "manquants"]
    found = table.set_index("champ")
    assert found.loc["tauxAvance", columns].tolist() == ["conditionnel", 2, 1, 1]
    assert found.loc["idAccordCadre", columns].tolist() == ["conditionnel, à confirmer", 2, 1, 1]
    assert found.loc["origineUE", columns].tolist() == ["conditionnel, à confirmer", 4, 1, 3]
    assert found.loc["origineFrance", columns].tolist() == ["conditionnel, à confirmer", 4, 0, 4]
    kinds = table["obligation"].drop_duplicates().tolist()
    assert kinds == ["obligatoire", "conditionnel", "conditionnel, à confirmer"], "sure ones first"
    for _, group in table.groupby("obligation"):
        assert group["part"].is_monotonic_increasing, "the least filled first"
        assert all(names == sorted(names) for _, names in group.groupby("part")["champ"].agg(list).items())
    assert procurement.completeness(worked(other)[0]).set_index("champ")["part"].isna()["tauxAvance"]


# Moves between publications


def test_a_single_publication_moves_nothing():
    frame = book({"montant": 5.0}).assign(acheteur_nom="A", dureeMois=1, codeCPV="1", procedure="x", empreinte="e")
    assert procurement.largest_moves(frame).empty
