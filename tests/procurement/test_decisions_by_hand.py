"""Where to act, worked by hand: which advices are given, with which euros and which sentences."""

import pandas as pd
import pytest

from tikub_lab import procurement

TODAY = "2025-12-31"
COMPETE, GROUP, GREEN = "Rouvrir la concurrence", "Acheter ensemble", "Prévoir une considération environnementale"
DIRECT = "Marché passé sans publicité ni mise en concurrence préalable"
CLEANING, FOOD, MEDICAL, REPAIR, DESIGN, ADVICE = "90910000", "15500000", "33100000", "50700000", "71300000", "79400000"


def said(text):
    """A sentence with plain spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def told(advices, *columns):
    return [tuple(said(cell) if isinstance(cell, str) else cell for cell in row) for row in
            advices[list(columns)].itertuples(index=False)]  # fmt: skip


def rows(count, code=FOOD, firm=None, **more):
    """So many contracts, each of its own firm unless one is named."""
    return [{"codeCPV": code, **({"firms": [firm]} if firm else {}), **more} for _ in range(count)]


# Weak competition: three years up to 31 December 2025

USUAL = rows(60, offresRecues=3, dateNotification="2024-05-15")
"""Food: sixty contracts of 10,000 € with three offers each, all of other firms."""


def weak(worked, *more, **options):
    return procurement.weak_competition(*worked(*USUAL, *more)[:2], TODAY, **options)


def test_families_with_too_many_single_offers(worked):
    """Eight contracts of which the offers are known, six of them with one, of 30,000 € each: 60,000 € a year."""
    found = weak(
        worked,
        *rows(1, CLEANING, montant=30_000, offresRecues=1, dateNotification="2023-01-01"),
        *rows(4, CLEANING, montant=30_000, offresRecues=1),
        *rows(1, CLEANING, montant=30_000, offresRecues=1, dateNotification="2025-12-31"),
        *rows(2, CLEANING, montant=70_000, offresRecues=2),
        *rows(1, CLEANING, montant=90_000),  # says nothing of its offers
        # what does not count: too old, still to come, no call for competition
        *rows(1, CLEANING, montant=30_000, offresRecues=1, dateNotification="2022-12-31"),
        *rows(1, CLEANING, montant=30_000, offresRecues=1, dateNotification="2026-01-01"),
        *rows(1, CLEANING, montant=30_000, offresRecues=1, procedure=DIRECT),
    )
    assert told(found, "action", "famille", "enjeu", "montant", "marches", "uids") == [
        (COMPETE, "90", 60_000.0, 180_000.0, 6, "u60|u61|u62|u63|u64|u65")
    ]
    (row,) = found.to_dict("records")
    assert said(row["preuve"]) == (  # Wilson's interval of 6 in 8 begins at 40.9 %
        "Une seule offre pour 6 marchés sur 8 en 3 ans (75 % ; au moins 41 % compte tenu du petit nombre). "
        "Nombre d'offres non publié pour 1 marché."
    )
    assert row["prudence"].startswith("À écarter si le marché n'a vraiment qu'un fournisseur possible")
    assert row["sujet"].startswith("Services d'évacuation des eaux usées")
    assert pd.isna(row["acheteur_id"])
    assert pd.isna(row["acheteur"])
    assert pd.isna(row["avant"])


def test_seven_known_numbers_of_offers_are_too_few(worked):
    assert len(weak(worked, *rows(7, CLEANING, offresRecues=1))) == 0
    (proof,) = weak(worked, *rows(8, CLEANING, offresRecues=1))["preuve"]
    assert "non publié" not in proof


def test_few_single_offers_are_no_sign(worked):
    """Two of eight is more than six of sixty-six elsewhere, but Wilson's interval begins at 7.1 %."""
    some = rows(6, offresRecues=1)
    assert len(weak(worked, *some, *rows(2, CLEANING, offresRecues=1), *rows(6, CLEANING, offresRecues=2))) == 0


def test_single_offers_of_no_family_are_no_family(worked):
    assert len(weak(worked, *rows(10, None, offresRecues=1))) == 0


def held(code, largest, others, **more):
    """Ten contracts with three offers each: seven of one firm, three of others."""
    return [*rows(7, code, "Gros", montant=largest, offresRecues=3, **more),
            *rows(3, code, montant=others, offresRecues=3, **more)]  # fmt: skip


def test_families_held_by_the_same_firms(worked):
    """Seven of ten contracts of 40,000 €: 280,000 € in three years, and an index of 70² + 3 × 10² = 5,200."""
    found = weak(worked, *held(MEDICAL, 40_000, 40_000), *rows(1, MEDICAL, montant=9e6, dateNotification="2022-12-31"))
    assert told(found, "action", "famille", "montant", "marches") == [(COMPETE, "33", 280_000.0, 7)]
    (row,) = found.to_dict("records")
    assert row["enjeu"] == pytest.approx(280_000 / 3)
    assert said(row["preuve"]) == (
        "Gros (fictif) a 70 % du montant des 3 dernières années, les cinq premiers 100 %, sur 4 entreprises "
        "(indice HHI 5 200)."
    )
    assert row["prudence"].startswith("À écarter si quelques grands marchés font le poids")
    assert row["uids"] == "|".join(f"u{n}" for n in range(60, 67)), "the euros are those of the contracts listed"


def test_what_is_no_hold_of_the_same_firms(worked):
    large = [
        *rows(1, REPAIR, montant=1_000_000, offresRecues=3),
        *rows(9, REPAIR, offresRecues=3),
    ]  # one large contract
    medium = [*rows(6, DESIGN, "Gros", offresRecues=3), *rows(14, DESIGN, offresRecues=3)]  # 30² + 14 × 5² = 1,250
    few = [*rows(7, ADVICE, "Gros", offresRecues=3), *rows(2, ADVICE, offresRecues=3)]  # nine contracts
    assert len(weak(worked, *large, *medium, *few, *held(None, 40_000, 40_000))) == 0


# Splits


def twice(day, other, first="A", second="A", amounts=(30_000, 20_000), **more):
    return [{"dateNotification": day, "montant": amounts[0], "firms": [first], **more},
            {"dateNotification": other, "montant": amounts[1], "firms": [second], **more}]  # fmt: skip


def test_needs_that_may_have_been_split(worked):
    book = worked(
        *twice("2024-01-15", "2024-06-03"),
        *twice("2024-01-01", "2024-06-03", "B", "C", (36_000, 14_000), codeCPV=CLEANING),
        *twice("2024-01-15", "2024-06-03", "D", "E", codeCPV=MEDICAL),  # weak evidence: several firms, nothing else
    )[:2]
    found = procurement.split_advice(procurement.split_needs(*book))
    assert told(
        found, "action", "sujet", "acheteur", "acheteur_id", "famille", "enjeu", "montant", "marches", "uids"
    ) == [
        (GROUP, found["sujet"].iloc[0], "Acheteur (fictif)", "23350001600040", "155", 50_000.0, 50_000.0, 2, "u0|u1"),
        (GROUP, found["sujet"].iloc[1], "Acheteur (fictif)", "23350001600040", "909", 50_000.0, 50_000.0, 2, "u2|u3"),
    ]
    law = "chacun sous 40 k€ ; seuil au 1er janvier 2020 (décret n° 2019-1344, 40 000 € HT)."
    assert [said(proof) for proof in found["preuve"]] == [
        f"2 marchés à A (fictif) du 15 janvier 2024 au 3 juin 2024, 50 k€ en tout, {law} Indice fort.",
        f"2 marchés du 1er janvier 2024 au 3 juin 2024, 50 k€ en tout, {law} Indice moyen.",
    ]
    strong, fair = found["prudence"]
    assert strong.startswith(
        "À écarter si les achats répondent à des besoins distincts ou imprévisibles, sont les lots"
    )
    assert fair.startswith("À écarter si les achats répondent à des besoins distincts, ou sont les lots")
    assert found["prudence"].str.endswith("la consultation a pu être lancée plus tôt.").all()
    assert found["avant"].isna().all()


def test_works_keep_their_caution(worked):
    book = worked(*twice("2024-01-15", "2024-06-03", amounts=(60_000, 50_000), codeCPV="45210000-2"))[:2]
    (caution,) = procurement.split_advice(procurement.split_needs(*book))["prudence"]
    assert "opérations différentes (autre site, autre programme)" in caution


@pytest.mark.parametrize(
    ("last", "count"),
    [("2022-12-31", 0), ("2023-01-01", 1), ("2025-12-31", 1), ("2026-01-01", 0)],  # three years up to today
)
def test_splits_of_the_last_three_years(worked, last, count):
    first = str((pd.Timestamp(last) - pd.Timedelta(days=60)).date())
    needs = procurement.split_needs(*worked(*twice(first, last))[:2])
    assert len(procurement.split_advice(needs)) == 1
    assert len(procurement.split_advice(needs, TODAY)) == count


# Bought apart


def test_what_three_buyers_bought_apart(worked):
    """100,000, 80,000, 60,000 and 40,000 € in a year: 280,000 €, above 221,000 €."""
    chairs = [("1", 100_000), ("2", 80_000), ("3", 60_000), ("3", 40_000)]
    others = [("1", 10_000), ("2", 10_000), ("3", 10_000)]
    found = procurement.bought_apart(
        worked(
            *({"acheteur_id": who, "montant": euros, "codeCPV": "39100000", "dateNotification": "2025-06-02",
               "objet": f"Chaises, lot {who}"} for who, euros in chairs),
            *({"acheteur_id": who, "montant": euros, "codeCPV": FOOD, "dateNotification": "2025-06-02"}
              for who, euros in others),
        )[0],
        TODAY,
    )  # fmt: skip
    (row,) = found.to_dict("records")
    assert (row["action"], row["famille"], row["enjeu"], row["montant"], row["marches"]) == (
        GROUP, "391", 280_000.0, 280_000.0, 4,
    )  # fmt: skip
    assert said(row["preuve"]) == (
        "3 acheteurs ont passé 4 marchés en douze mois, la moitié sous 70 k€ ; ensemble 280 k€, au-dessus du seuil de "
        "procédure formalisée (221 k€). Par exemple : « Chaises »."
    )
    assert row["prudence"].startswith("À écarter si les besoins diffèrent d'un lieu à l'autre")
    assert row["uids"] == "u0|u1|u2|u3"
    assert pd.isna(row["acheteur_id"])


def test_what_is_bought_apart_is_called_as_most_of_it_is(worked):
    """What stands before a comma, 70 letters of it."""
    long = "M" * 70
    for objects, name in ((["Tables", "Chaises, lot 1", "Chaises, lot 2"], "Chaises"), ([long] * 3, long),
                          ([long + "N"] * 3, long)):  # fmt: skip
        rows = [{"acheteur_id": who, "montant": 100_000, "dateNotification": "2025-06-02", "objet": text}
                for who, text in zip("123", objects, strict=True)]  # fmt: skip
        (proof,) = procurement.bought_apart(worked(*rows)[0], TODAY)["preuve"]
        assert said(proof).endswith(f" Par exemple : « {name} ».")


def test_the_higher_of_two_thresholds_must_be_reached(worked):
    """Formal procedures begin at 221,000 € in 2025 and at 216,000 € since 2026."""
    days = (("1", "2025-12-31"), ("2", "2025-12-31"), ("3", "2026-01-01"))
    for total, count in ((219_000, 0), (222_000, 1)):
        rows = [{"acheteur_id": who, "dateNotification": day, "montant": total / 3} for who, day in days]
        assert len(procurement.bought_apart(worked(*rows)[0], "2026-06-30")) == count


# Green


def green(worked, *contracts, today=TODAY, seen=None):
    """The advices on some contracts; ``seen`` are those whose ends are planned, by default all."""
    book, suppliers, amendments = worked(*contracts)
    plan = procurement.launches(procurement.ends(book, amendments, today, suppliers), today)
    plan = plan if seen is None else plan[plan["uid"].isin(seen)]
    return procurement.to_green(book, plan, today)


NOTHING, NOT_SOCIAL = "Pas de considération environnementale", "Pas de considération sociale"
SOON = {"codeCPV": CLEANING, "modalitesExecution": "Bons de commande", "considerationsEnvironnementales": NOTHING,
        "dateNotification": "2023-06-15", "dureeMois": 36, "montant": 90_000}  # fmt: skip
"""A need that comes back, three years from 15 June 2023: 30,000 € a year."""


def test_contracts_that_end_without_an_environmental_consideration(worked):
    """30,000 € a year for the one of three years; 10,000 € for the one of six months, which counts as a year."""
    short = {**SOON, "dateNotification": "2025-12-15", "dureeMois": 6, "montant": 10_000}
    having = {"codeCPV": CLEANING, "considerationsEnvironnementales": "Clause environnementale"}
    found = green(
        worked,
        {**SOON, "considerationsSociales": NOT_SOCIAL},
        short,
        {**SOON, "considerationsEnvironnementales": "Critère environnemental"},
        {**SOON, "considerationsEnvironnementales": None},
        {**SOON, "codeCPV": None},
        {**SOON, "dureeMois": 48},  # ends in more than a year
        {**SOON, "dureeMois": 24},  # has ended
        *({**having, "dateNotification": day} for day in ("2022-12-31", "2023-01-01", "2025-12-31", "2026-01-01")),
    )
    (row,) = found.to_dict("records")
    assert (row["action"], row["famille"], row["enjeu"], row["montant"], row["marches"], row["uids"]) == (
        GREEN, "90", 40_000.0, 100_000.0, 2, "u0|u1",
    )  # fmt: skip
    assert (row["acheteur_id"], row["acheteur"]) == ("23350001600040", "Acheteur (fictif)")
    # Known in the last three years: u0, u1, u2, u5, u6 and two of the clauses; with one: u2 and these two.
    # An adapted procedure takes 164 days: from 2 January 2026 to 15 June, and one that starts later is late.
    assert said(row["preuve"]) == (
        "2 marchés se terminent d'ici au 15 juin 2026 sans considération environnementale, dont 1 sans considération "
        "sociale non plus. Dans cette famille, 3 marchés récents sur 7 en ont une. À lancer avant le 2 janvier 2026."
    )
    assert row["avant"] == pd.Timestamp("2026-01-02")
    assert row["prudence"].startswith("À écarter si le besoin ne sera pas renouvelé")


@pytest.mark.parametrize(
    ("today", "end"),
    [
        ("2026-01-01", "À lancer avant le 2 janvier 2026."),
        ("2026-01-02", "À lancer avant le 2 janvier 2026."),
        ("2026-01-03", "La procédure devait commencer avant le 2 janvier 2026."),
    ],
)
def test_the_day_of_the_launch_is_still_in_time(worked, today, end):
    (proof,) = green(worked, SOON, today=today)["preuve"]
    assert said(proof) == (
        "1 marché se termine d'ici au 15 juin 2026 sans considération environnementale. Dans cette famille, aucun "
        "marché récent n'en a. " + end
    )


def test_one_example_and_none_of_both_considerations(worked):
    other = {**SOON, "considerationsEnvironnementales": "Clause environnementale"}
    (proof,) = green(worked, {**SOON, "considerationsSociales": NOT_SOCIAL}, other)["preuve"]
    assert "sans considération environnementale ni sociale." in said(proof)
    assert "1 marché récent sur 2 en a une." in said(proof)


def test_a_family_of_which_nothing_was_bought_for_three_years(worked):
    """Five years from 15 June 2021: the contract ends soon, and is no recent example of its family itself."""
    (proof,) = green(worked, {**SOON, "dateNotification": "2021-06-15", "dureeMois": 60})["preuve"]
    assert "Dans cette famille, aucun marché récent n'en a." in said(proof)


def test_a_shorter_procedure_than_contract_has_no_day_of_launch(worked):
    (row,) = green(worked, {**SOON, "dateNotification": "2025-11-01", "dureeMois": 3}).to_dict("records")
    assert said(row["preuve"]).endswith("aucun marché récent n'en a.")
    assert pd.isna(row["avant"])


def test_the_first_of_several_launches_counts(worked):
    """Ends on 15 June and 15 August: the sentence names the last end, and the first day of launch."""
    (row,) = green(worked, {**SOON, "dateNotification": "2023-08-15"}, SOON).to_dict("records")
    assert "2 marchés se terminent d'ici au 15 août 2026" in said(row["preuve"])
    assert said(row["preuve"]).endswith("À lancer avant le 2 janvier 2026.")
    assert row["avant"] == pd.Timestamp("2026-01-02")


def test_needs_that_do_not_come_back_or_are_covered(worked):
    again = {**SOON, "dateNotification": "2025-06-01"}
    assert green(worked, SOON, again)["uids"].tolist() == [], "the later contract runs on"
    assert green(worked, {**SOON, "codeCPV": "45000000", "modalitesExecution": None}).empty, "a building site"
    assert green(worked, {**SOON, "idAccordCadre": "x"}).empty, "follows its framework agreement"
    assert len(green(worked, {**SOON, "modalitesExecution": None})) == 1, "may come back"


def test_advices_by_buyer_and_family(worked):
    book = [SOON, {**SOON, "acheteur_id": "2"}, {**SOON, "codeCPV": MEDICAL}, {**SOON, "codeCPV": "33600000"}]
    assert told(green(worked, *book), "acheteur_id", "famille", "marches", "enjeu") == [
        ("2", "90", 1, 30_000.0), ("23350001600040", "33", 2, 60_000.0), ("23350001600040", "90", 1, 30_000.0),
    ]  # fmt: skip
    assert green(worked, *book, seen=["u0"])["uids"].tolist() == ["u0"]


# All of them


def test_the_largest_stake_comes_first(worked):
    """50,000 € of milk is more than 30,000 € a year of cleaning, for each of two buyers."""
    milk = twice("2024-01-15", "2024-06-03")
    book, suppliers, amendments = worked(SOON, {**SOON, "acheteur_id": "2"}, *milk)
    plan = procurement.launches(procurement.ends(book, amendments, TODAY, suppliers), TODAY)
    split = procurement.split_advice(procurement.split_needs(book, suppliers), TODAY)
    order = procurement.where_to_act(procurement.to_green(book, plan, TODAY), split, split.head(0))
    assert told(order, "rang", "action", "enjeu") == [(1, GROUP, 50_000.0), (2, GREEN, 30_000.0), (3, GREEN, 30_000.0)]
    assert procurement.leading(order, each=1)["rang"].tolist() == [1, 2]
    assert procurement.leading(pd.concat([order] * 2))["rang"].tolist() == [1, 2, 3, 1, 2]


def test_of_equal_stakes_by_action_then_subject(worked):
    milk = twice("2024-01-15", "2024-06-03", amounts=(20_000, 20_000))
    dear = {**SOON, "montant": 120_000}
    book, suppliers, amendments = worked({**dear, "codeCPV": REPAIR}, dear, {**dear, "codeCPV": MEDICAL}, *milk)
    plan = procurement.launches(procurement.ends(book, amendments, TODAY, suppliers), TODAY)
    split = procurement.split_advice(procurement.split_needs(book, suppliers), TODAY)
    order = procurement.where_to_act(procurement.to_green(book, plan, TODAY), split)
    assert order["enjeu"].tolist() == [40_000.0] * 4
    assert order["action"].tolist() == [GROUP, GREEN, GREEN, GREEN]
    assert order["famille"].tolist() == ["155", "33", "90", "50"]
    assert order["sujet"].tolist()[1:] == sorted(order["sujet"].tolist()[1:])
