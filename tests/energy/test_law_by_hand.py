"""The law's path worked by hand, whole rows and sentences: what a reader of the page and of its table is told."""

import numpy as np
import pandas as pd
import pytest

from tikub_lab.energy import law, legal
from tikub_lab.errors import UsageError

REACHED, AHEAD = "objectif atteint", "objectif à atteindre"
UNKNOWN_AREA, NOT_DUE, NO_TARGET, NO_YEAR = (
    "surface inconnue",
    "non assujetti",
    "sans année de référence",
    "année incomplète",
)


def plain(text):
    return text.replace("\u202f", " ").replace("\xa0", " ").replace("’", "'")


def same(table, columns, rows):
    """Compare rows with what is wanted of them: texts without their thin spaces, numbers to nine digits."""
    pd.testing.assert_frame_equal(
        table[columns].map(lambda value: plain(value) if isinstance(value, str) else value).astype("object"),
        pd.DataFrame(rows, columns=columns, index=table.index, dtype="object"),
        rtol=1e-9,
    )


def used(uses, uai="A", **columns):
    table = pd.DataFrame({"code_uai": uai, "annee": list(uses), "kwh_ajuste": list(uses.values()), "complet": True})
    return table.assign(**columns)


SITES = pd.DataFrame(
    [("A", 2000.0, 1974), ("B", 800.0, None), ("C", None, 1974), ("D", 1000.0, 2012), ("E", 1500.0, 2022),
     ("F", 1000.0, 1974), ("G", -5.0, 1974)],
    columns=["code_uai", "surface_totale", "annee_ouverture"],
)  # fmt: skip
YEARS = pd.concat(
    [
        used({2010: 200e3, 2012: 260e3, 2020: 900e3, 2023: 300e3}, "A", part_estimee=[0.5, 0.052, 0.0, 0.0]),
        used({2011: 90e3, 2025: 70e3}, "B", part_estimee=0.04),
        used({2011: 1e5, 2012: 2e5, 2025: 1e5}, "C"),
        used({2012: 300e3, 2020: 200e3, 2024: 90e3, 2023: 100e3}, "D"),
        used({2022: 50e3, 2024: 60e3, 2025: 75e3}, "E"),
        used({2012: 60e3}, "F", complet=False),
        used({2012: 60e3}, "G"),
        used({2012: 60e3}, "unknown"),
    ],
    ignore_index=True,
)


def test_references_by_hand():
    columns = [
        "code_uai", "surface", "assujetti", "annee_reference", "kwh_reference", "surface_reference",
        "kwh_m2_reference", "part_estimee", "annees_utilisables", "annees_possibles", "annees_manquantes",
        "statut_reference", "phrase_reference",
    ]  # fmt: skip
    none, first = np.nan, "première année pleine connue"
    rows = [
        ("A", 2000.0, True, 2012, 260e3, 2000.0, 130.0, 0.052, 2, 12, 10, "choisie",
         "Année de référence retenue : 2012, la plus favorable des 2 années utilisables. Estimée à 5 %."),
        ("B", 800.0, False, 2011, 90e3, 800.0, 112.5, 0.04, 1, 12, 11, "seule année utilisable",
         "Année de référence retenue : 2011, seule année utilisable sur 12."),
        ("C", none, pd.NA, 2012, 2e5, none, 2e5, 0.0, 2, 12, 10, "choisie",
         "Année de référence retenue : 2012, la plus favorable des 2 années utilisables."),
        # open all year from 2013 on: 2013 to 2019, 2021 and 2022 are allowed; 2020 never counts
        ("D", 1000.0, True, 2023, 100e3, 1000.0, 100.0, 0.0, 0, 9, 9, "par défaut",
         f"Année de référence retenue : 2023, {first} (aucune année permise n'est complète)."),
        ("E", 1500.0, True, 2024, 60e3, 1500.0, 40.0, 0.0, 0, 0, 0, "par défaut",
         f"Année de référence retenue : 2024, {first} (le site n'était pas ouvert)."),
        ("F", 1000.0, True, pd.NA, none, none, none, none, 0, 12, 12, "aucune",
         "Aucune année complète n'est connue : pas d'année de référence."),
        ("G", none, pd.NA, 2012, 60e3, none, 60e3, 0.0, 1, 12, 11, "seule année utilisable",
         "Année de référence retenue : 2012, seule année utilisable sur 12."),
    ]  # fmt: skip
    found = law.references(YEARS, SITES)
    assert found.columns.tolist() == columns
    same(found, columns, rows)
    # before 15 March 2024 the years end with 2019: 2021 and 2022 come after them
    before = law.references(used({2021: 90e3, 2012: 80e3}, "A"), SITES[:1], day="2024-03-14")
    assert before[["annee_reference", "annees_possibles"]].to_numpy().tolist() == [[2012, 10]]


def test_usable_years_by_hand():
    """An area of its own, none, or nothing; years without one can't be held against those of the site that have one."""
    table = pd.concat(
        [
            used({2013: 90e3, 2012: 80e3, 2011: 70e3}, "A", surface=[1000.0, np.nan, 0.0]),
            used({2012: 50e3, 2013: 60e3}, "C", surface=[500.0, np.nan]),
            used({2012: 300e3, 2013: 100e3}, "D", surface=np.nan, ajuste=[True, None]),
        ]
    )
    table["ajuste"] = table["ajuste"].astype("boolean").fillna(True) & ~(
        (table["code_uai"] == "D") & (table["annee"] > 2012)
    )
    found = law.usable_years(table.assign(part_estimee=None), SITES)
    rows = [
        ("A", 2012, 80e3, 2000.0, 40.0, 0.0),
        ("A", 2013, 90e3, 1000.0, 90.0, 0.0),
        ("C", 2012, 50e3, 500.0, 100.0, 0.0),
    ]
    same(found, ["code_uai", "annee", "kwh_ajuste", "surface", "kwh_m2", "part_estimee"], rows)
    assert law.references(table, SITES)["annee_reference"].tolist()[0] == 2013  # not the year of no area at all


def test_final_energy_by_hand():
    table = pd.DataFrame(
        [
            ("B", 2025, "bois", 50.0, 40.0, True, None, None),
            ("A", 2025, "gaz", 1000.0, 1100.0, True, 0.5, 30.0),
            ("A", 2025, "réseau de chaleur", 100.0, 200.0, True, None, 40.0),
            ("A", 2025, "électricité", -50.0, -50.0, True, 1.0, None),
            ("A", 2024, "gaz", 10.0, 20.0, None, 0.0, 0.0),
            ("C", 2025, "bois", None, 40.0, True, 0.5, 3.0),
        ],
        columns=["code_uai", "annee", "energie", "kwh", "kwh_ajuste", "complet", "part_estimee", "erreur"],
    )
    columns = ["code_uai", "annee", "kwh", "kwh_ajuste", "complet", "ajuste", "part_estimee", "erreur"]
    rows = [
        ("A", 2024, 9.0, 18.0, False, True, 0.0, 0.0),
        # 900 + 77 - 50; a credit is no use of which a part could be estimated: 450 of 977
        ("A", 2025, 927.0, 990 + 154 - 50.0, True, True, 450 / 977, np.hypot(27, 30.8)),
        ("B", 2025, 50.0, 40.0, True, True, 0.0, 0.0),
        ("C", 2025, np.nan, 40.0, True, True, 0.0, 3.0),  # what is not known is not nothing
    ]
    found = law.final_energy(table)
    assert found.columns.tolist() == columns
    same(found, columns, rows)
    unlike = law.final_energy(table.assign(ajuste=[True, False, True, True, True, None]))
    assert unlike["ajuste"].tolist() == [True, False, True, False]
    assert (
        law.final_energy(table.drop(columns=["part_estimee", "erreur"]))[["part_estimee", "erreur"]]
        .eq(0)
        .all(axis=None)
    )


NOW = pd.concat(
    [used({2025: kwh}, uai) for uai, kwh in
     {"A": 240e3, "B": 70e3, "C": 1e5, "D": 48e3, "E": 36e3, "F": 90e3, "G": 1e4, "H": 90e3}.items()],
    ignore_index=True,
)  # fmt: skip
ENERGIES = pd.DataFrame(
    [("A", 2025, "gaz", "chauffage", 200e3), ("A", 2025, "électricité", "autres", 60e3),
     ("A", 2024, "gaz", "chauffage", 9e9), ("E", 2025, "gaz", "chauffage", 40e3), ("E", 2025, "bois", "chauffage", 0.0),
     ("H", 2025, "bois", "chauffage", 90e3), ("H", 2025, "gaz", "chauffage", 0.0)],
    columns=["code_uai", "annee", "energie", "usage", "kwh_ajuste"],
)  # fmt: skip
PRICES = pd.DataFrame(
    [("gaz", 2025, 0.05, "facturé"), ("électricité", 2025, 0.2, "fictif")],
    columns=["energie", "annee", "euros_kwh", "statut"],
)
FACTORS = pd.DataFrame(
    [("gaz", "tous", 2021, 222.0, "PCI", "confirmé"), ("électricité", "autres", 2021, 50.0, None, "à confirmer"),
     ("bois", "tous", 2021, None, None, "à demander")],
    columns=["energie", "usage", "annee", "gco2e_kwh", "pouvoir_calorifique", "statut"],
)  # fmt: skip
GAS, WOOD = 200 * 227 / 1.11 + 60 * 64, 90 * 30 * (1 - 12e3 / 9 / 1980)
"""kgCO2e of A's use, and of what H has to save, by the law's own factors: not those of a table above."""


@pytest.fixture(scope="module")
def references():
    more = pd.DataFrame({"code_uai": ["H"], "surface_totale": [1000.0], "annee_ouverture": [1974]})
    years = pd.concat([YEARS, used({2012: 200e3}, "H", surface=1980.0)], ignore_index=True)
    return law.references(years, pd.concat([SITES, more], ignore_index=True))


@pytest.fixture(scope="module")
def standing(references):
    now = NOW.assign(complet=pd.array([True] * 3 + [None] + [True] * 4, dtype="boolean"))  # not known of D
    return law.standing(references, now, 2025, energies=ENERGIES, prices=PRICES, factors=FACTORS)


def test_where_each_site_stands_in_2030(standing):
    columns = [
        "code_uai", "statut", "annee", "kwh_ajuste", "kwh_m2", "evolution", "annee_reference", "kwh_m2_reference",
        "kwh_m2_objectif", "ecart_kwh", "reste_kwh", "reste_part", "reste_euros", "reste_kgco2e", "prix_statut",
        "facteur_statut", "phrase",
    ]  # fmt: skip
    none = np.nan
    left = 84 / 240  # 78 kWh/m², 60 % of 130
    rows = [
        # 200 MWh at 5 c and 60 at 20 c: 22,000 €; by the law's factors 200 × 227 / 1.11 + 60 × 64 kg
        ("A", AHEAD, 2025, 240e3, 120.0, 120 / 130 - 1, 2012, 130.0, 78.0, 84e3, 84e3, left, 22e3 * left, GAS * left,
         "facturé, fictif", "confirmé",
         "En 2025, 120 kWh/m² d'énergie finale à climat normal"
         ", pour 78 en 2030 : il reste 35 % à économiser, 84 MWh par an, "
         "soit 7 700 € aux prix de 2025."),
        ("B", NOT_DUE, 2025, 70e3, 87.5, 87.5 / 112.5 - 1, 2011, 112.5, none, none, none, none, none, none, none, none,
         "Moins de 1 000 m² : le site n'est pas assujetti."),
        ("C", UNKNOWN_AREA, 2025, 1e5, none, none, 2012, 2e5, none, none, none, none, none, none, none, none,
         "Surface inconnue : on ne sait pas si le site est assujetti."),
        ("D", NO_YEAR, 2025, none, none, none, 2023, 100.0, 60.0, none, none, none, none, none, none, none,
         "2025 n'est pas connue en entier, ou pas ajustée au climat : l'écart n'est pas connu."),
        # 36 MWh for a target of 40 × 0.6 × 1,500: nothing to spare; no wood was burnt, so its price is not missed
        ("E", REACHED, 2025, 36e3, 24.0, -0.4, 2024, 40.0, 24.0, 0.0, 0.0, 0.0, 0.0, 0.0, "facturé", "confirmé",
         "En 2025, 24 kWh/m² d'énergie finale à climat normal"
         " : l'objectif 2030 (24 kWh/m²) est atteint, avec 0 % de marge."),
        ("F", NO_TARGET, 2025, 90e3, 90.0, none, pd.NA, none, none, none, none, none, none, none, none, none,
         "Aucune année de référence : l'objectif relatif n'est pas connu."),
        ("G", UNKNOWN_AREA, 2025, 1e4, none, none, 2012, 60e3, none, none, none, none, none, none, none, none,
         "Surface inconnue : on ne sait pas si le site est assujetti."),
        # 200 MWh on 1,980 m² in 2012; 90 on 1,000 now
        ("H", AHEAD, 2025, 90e3, 90.0, 90 / (200e3 / 1980) - 1, 2012, 200e3 / 1980, 120e3 / 1980, 90e3 - 12e7 / 1980,
         90e3 - 12e7 / 1980, 1 - 12e3 / 9 / 1980, none, WOOD, "inconnu", "confirmé",
         "En 2025, 90 kWh/m² d'énergie finale à climat normal"
         ", pour 61 en 2030 : il reste 33 % à économiser, 29,4 MWh par an. "
         "La surface est passée de 1 980 à 1 000 m² : l'objectif la suit."),
    ]  # fmt: skip
    same(standing[standing["echeance"] == 2030].reset_index(drop=True), columns, rows)
    assert standing["code_uai"].tolist() == [uai for uai in "ABCDEFGH" for _ in range(3)]


@pytest.mark.parametrize(("before", "said"), [(1981.0, False), (1980.0, True), (2020.0, False), (2021.0, True)])
def test_a_change_of_area_is_said_from_one_per_cent_on(before, said):
    references = law.references(used({2012: 130 * before}, surface=before), SITES[:1])
    (row, *_) = law.standing(references, NOW, 2025).to_dict("records")
    assert ("La surface est passée de" in row["phrase"]) == said


def test_the_stock_by_hand(standing):
    """In 2030: A and H are above, E is on its target. In 2040 A 110, E 6 and H 39 MWh above. D and F are unknown."""
    states = [REACHED, AHEAD, NO_YEAR, NO_TARGET, NOT_DUE, UNKNOWN_AREA]
    found = law.stock(standing)
    sums = ["part_atteints", "kwh_ajuste", "kwh_objectif", "ecart_kwh", "reste_kwh", "marge_kwh", "reste_mutualise_kwh"]
    counts = ["sites_sans_prix", "sites_sans_facteur"]
    assert found.columns.tolist() == ["echeance", "sites", *states, *sums, "reste_euros", "reste_kgco2e", *counts]
    gone, now, left = 12e7 / 1980, 366e3, 84 / 240
    rows = [(2030, 8, 1, 2, 1, 1, 1, 2, 1 / 3, now, 192e3 + gone, 174e3 - gone, 174e3 - gone, 0.0, 174e3 - gone,
             22e3 * left, GAS * left + WOOD, 1, 0)]  # fmt: skip
    same(found[:1], ["echeance", "sites", *states, *sums, "reste_euros", "reste_kgco2e", *counts], rows)
    assert found[["echeance", *states]].to_numpy().tolist()[1:] == [[2040, 0, 3, 1, 1, 1, 2], [2050, 0, 3, 1, 1, 1, 2]]
    assert found["part_atteints"].tolist() == [1 / 3, 0.0, 0.0]
    pd.testing.assert_frame_equal(law.stock(standing[::-1]), found)


def path(*rows, **columns):
    """Sites of one milestone: use, target in MWh a year; None where the use is not known."""
    table = pd.DataFrame(rows, columns=["code_uai", "kwh_ajuste", "kwh_objectif"])
    table[["kwh_ajuste", "kwh_objectif"]] = table[["kwh_ajuste", "kwh_objectif"]].astype(float) * 1e6
    gap = table["kwh_ajuste"] - table["kwh_objectif"]
    state = np.select([gap.isna(), gap <= 0], [NO_YEAR, REACHED], AHEAD)
    table = table.assign(
        echeance=2030, statut=state, ecart_kwh=gap, reste_kwh=gap.clip(lower=0), evolution=0.0, kwh_m2=1.0,
        kwh_m2_objectif=1.0, reste_euros=gap.clip(lower=0) / 10, reste_kgco2e=gap.clip(lower=0) / 5,
    )  # fmt: skip
    return table.assign(**columns)


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([("A", 90, 70), ("B", 80, 85), ("C", None, 50)], {},
         "1 lycée sur 2 est déjà au niveau demandé en 2030. L'autre doit encore économiser 20 GWh par an (2 M€). "
         "La situation n'est pas connue pour 1 lycée."),
        ([("A", 90, 70), ("B", 80, 85), ("C", 40, 50)], {"reste_euros": None},
         "2 lycées sur 3 sont déjà au niveau demandé en 2030. L'autre doit encore économiser 20 GWh par an."),
        ([("A", 90, 70), ("B", 95, 85)], {},
         "Aucun lycée sur 2 n'est au niveau demandé en 2030. Ils doivent encore économiser 30 GWh par an (3 M€)."),
        ([("A", 90, 90), ("B", 80, 85)], {}, "2 lycées sur 2 sont déjà au niveau demandé en 2030."),
        ([("A", None, 90)], {}, "La situation d'aucun lycée n'est connue pour 2030."),
        ([], {}, "Aucun lycée : rien à dire de l'échéance."),
    ],
)  # fmt: skip
def test_the_sentence_of_the_law_page(rows, columns, said):
    assert plain(law.summary(path(*rows, **columns))) == said


def test_the_ten_lycees_that_make_most_of_the_gap():
    """Eleven sites with 1 to 11 GWh left, 66 in all: the ten first have 65 of them, 98 %; of ten, nothing is said."""
    rows = [(f"S{place:02}", 100 + place, 100) for place in range(1, 12)]
    assert plain(law.summary(path(*rows))).endswith(
        "Les 10 lycées qui ont le plus à faire représentent 98 % de l'effort."
    )
    assert "le plus à faire" not in law.summary(path(*rows[1:]))
    assert "le plus à faire" not in law.summary(path(*rows), first=1)


def test_the_ranking_by_hand():
    found = law.ranking(path(("B", 75, 70), ("A", 90, 85), ("C", 100, 90), ("D", 80, 85), ("E", None, 80)))
    columns = ["rang", "code_uai", "reste_kwh", "part", "cumul", "reste_euros", "reste_kgco2e"]
    rows = [(1, "C", 10e6, 0.5, 0.5, 1e6, 2e6), (2, "A", 5e6, 0.25, 0.75, 5e5, 1e6), (3, "B", 5e6, 0.25, 1.0, 5e5, 1e6)]
    same(found, columns, rows)
    with pytest.raises(UsageError, match=r"milestone=2040: the table does not have it.* Known: 2030\."):
        law.ranking(path(("B", 75, 70)), 2040)


def test_the_course_by_hand():
    """Use over the areas known in each year; targets straight between milestones, from its reference year for one."""
    usable = pd.DataFrame(
        {"code_uai": ["A", "A", "B", "B"], "annee": [2010, 2013, 2013, 2013], "kwh_ajuste": [900.0, 880, 60, 5000],
         "surface": [10.0, 10, 20, np.nan]}
    )  # fmt: skip
    goals = pd.DataFrame(
        {"code_uai": ["A", "A", "B", "C", "D"], "echeance": [2030, 2040, 2030, 2030, 2030],
         "kwh_objectif": [600.0, 400, 800, np.nan, 0.0], "kwh_m2_objectif": [60.0, 40, 40, 30, 0.0],
         "annee_reference": [2010, 2010, 2011, 2012, 2012], "kwh_m2_reference": [90.0, 90, 80, 70, 70]}
    )  # fmt: skip
    found = law.course(usable, goals)
    assert (found.index[0], found.index[-1], len(found)) == (2010, 2040, 31)
    # 2013: (880 + 60) / 30; 2030: (600 + 800) / (10 + 20), D's target of nothing counts for no area
    assert found["Consommation"].dropna().to_dict() == pytest.approx({2010: 90.0, 2013: 940 / 30})
    assert found["Objectifs"].dropna().index.tolist() == list(range(2030, 2041))
    assert found.loc[[2030, 2035, 2040], "Objectifs"].tolist() == pytest.approx([1400 / 30, (1400 / 30 + 40) / 2, 40])
    alone = law.course(usable[:2], goals[:2])
    assert alone.loc[[2010, 2020, 2030, 2035, 2040], "Objectifs"].tolist() == pytest.approx([90, 75, 60, 50, 40])
    assert alone["Consommation"].dropna().to_dict() == {2010: 90.0, 2013: 88.0}
    pd.testing.assert_frame_equal(law.course(usable[:2], goals.iloc[[0, 1, 4]]), alone)
    unknown = law.course(usable[:2], goals[:2].assign(annee_reference=[2010, None]))
    assert unknown["Objectifs"].first_valid_index() == 2030
    empty = law.course(usable[:0], goals[:0])
    assert (len(empty), empty.columns.tolist()) == (0, ["Consommation", "Objectifs"])


FACTORS_OF_YEARS = pd.DataFrame(
    [("gaz", "tous", 2017, 222.0, "PCI", "confirmé"), ("électricité", "autres", 2019, 100.0, None, "confirmé"),
     ("électricité", "autres", 2024, 50.0, None, "confirmé")],
    columns=["energie", "usage", "annee", "gco2e_kwh", "pouvoir_calorifique", "statut"],
)  # fmt: skip


def billed(*rows):
    table = pd.DataFrame(rows, columns=["code_uai", "annee", "energie", "kwh_ajuste", "complet", "ajuste"])
    return table.assign(
        kwh=table["kwh_ajuste"], usage=table["energie"].map({"gaz": "chauffage", "électricité": "autres"})
    )


def test_the_plan_by_hand():
    """Two sites, of which B is whole in 2019 and 2020 only, and C is not in 2019; 31 years from 2019 to 2050."""
    table = billed(
        ("A", 2018, "gaz", 9e9, True, True), ("B", 2016, "gaz", 9e9, True, False),
        ("A", 2019, "gaz", 10_000.0, True, True), ("A", 2019, "électricité", 1000.0, True, True),
        ("A", 2020, "gaz", 9960.0, True, True), ("A", 2020, "électricité", 1000.0, True, True),
        ("A", 2025, "gaz", 8000.0, True, True), ("A", 2025, "électricité", 1000.0, True, True),
        ("B", 2019, "gaz", 1000.0, True, True), ("B", 2020, "gaz", 1000.0, True, True),
        ("B", 2025, "gaz", 900.0, True, False),
        ("C", 2019, "gaz", 500.0, False, True), ("C", 2025, "gaz", 500.0, True, True),
    )  # fmt: skip
    rows = {
        2019: "2019 : année de référence du plan, choisie ici, car le plan ne la dit pas.",
        # 10,864 of 10,900 kWh and 2,242 of 2,250 kg
        2020: "De 2019 à 2020, pour 2 lycées : 0 % d'énergie, 0 % de gaz à effet de serre (facteurs de 2025 partout). "
        "Une baisse régulière jusqu'à 2050 donnerait −2 % et −2 %.",
        # A alone: 8,200 of 10,000; 1,600 + 50 of 2,000 + 50 kg
        2025: "De 2019 à 2025, pour 1 lycée : −18 % d'énergie, −20 % de gaz à effet de serre (facteurs de 2025 "
        "partout). Une baisse régulière jusqu'à 2050 donnerait −12 % et −10 %.",
    }
    for year, said in rows.items():
        assert plain(law.followed(table, FACTORS_OF_YEARS, year, 2019)) == said
    grown = billed(("A", 2019, "gaz", 100.0, True, True), ("A", 2025, "gaz", 112.0, True, True))
    assert "+12 % d'énergie, +12 % de gaz" in plain(law.followed(grown, FACTORS_OF_YEARS, 2025, 2019))
    with pytest.raises(
        UsageError, match="reference=2017: no site is complete and adjusted in that year; take one of 2018 to 2025"
    ):
        law.followed(table[table["code_uai"] != "C"], FACTORS_OF_YEARS, 2025, 2017)


def test_the_pace_by_hand():
    """10, 8, 6 and 1 in 2018, 2019, 2021 and 2022: six slopes, -5, -7/3, -9/4, -2, -4/3 and -1; all of them at 90 %.

    At the centre, 2020, the middle of the four uses less their slope: 5.75, 5.875, 8.125 and 5.25 for the middle one.
    """
    table = pd.DataFrame(
        {"code_uai": "A", "annee": [2022, 2018, 2019, 2021, 2017, 2023], "kwh_m2": [1.0, 10, 8, 6, 900, 900]}
    )
    more = pd.DataFrame({"code_uai": ["B", "C", "C"], "annee": [2022, 2021, 2022], "kwh_m2": [5.0, 7, np.nan]})
    found = law.pace(pd.concat([more, table]), 2022, last=5)
    columns = [
        "code_uai", "n", "premiere", "derniere", "pente", "pente_bas", "pente_haut", "centre", "milieu", "milieu_bas",
        "milieu_haut",
    ]  # fmt: skip
    assert found.columns.tolist() == columns
    same(found, columns, [("A", 4, 2018, 2022, -2.125, -5.0, -1.0, 2020.0, 5.8125, 7.0, 7.0)])
    # at 80 %, of 24 orders one has no inversion and three have one: one slope less on each side would be 17 %
    assert law.pace(table, 2022, last=5, level=0.6)[["pente_bas", "pente_haut"]].to_numpy().tolist() == [
        [-7 / 3, -4 / 3]
    ]
    assert law.pace(table, 2022, last=2)[["n", "pente"]].to_numpy().tolist() == [[2.0, -5.0]]
    assert law.pace(table, 2023).loc[0, ["n", "premiere", "derniere"]].tolist() == [6, 2017, 2023]


PACE = pd.DataFrame(
    [("A", 8, 2018, 2025, -2.0, -2.5, -1.0, 2021.5, 120.0, 120.0, 120.0),
     ("B", 4, 2019, 2025, -5.0, -6.0, -0.125, 2020.0, 120.0, 119.0, 120.0),
     ("C", 8, 2018, 2025, -0.01, -0.02, 0.03, 2021.5, 100.0, 100.0, 100.0),
     ("D", 3, 2018, 2025, -2.0, np.nan, np.nan, 2021.5, 120.0, np.nan, np.nan)],
    columns=["code_uai", "n", "premiere", "derniere", "pente", "pente_bas", "pente_haut", "centre", "milieu",
             "milieu_bas", "milieu_haut"],
)  # fmt: skip
YES, NO, MAYBE, SILENT = "atteint à ce rythme", "manqué à ce rythme", "incertain", "rythme inconnu"
LEAD = "De 2018 à 2025, −1,7 % par an (entre −2,1 % et −0,8 %) :"


@pytest.mark.parametrize(
    ("site", "milestone", "now", "target", "told", "years", "said"),
    [
        # A in 2030, 8.5 years from its centre: 103, between 98.75 and 111.5
        ("A", 2030, 115, 112.0, YES, (2026, 2026, 2030),
         f"{LEAD} l'objectif 2030 serait tenu à ce rythme. Ce niveau serait atteint vers 2026 (entre 2026 et 2030)."),
        ("A", 2030, 115, 111.5, YES, (2026, 2026, 2030), None),
        ("A", 2030, 115, 110.0, MAYBE, (2027, 2026, 2032),
         f"{LEAD} on ne peut pas dire si l'objectif 2030 sera tenu. Ce niveau serait atteint vers 2027 (entre 2026 "
         "et 2032)."),
        ("A", 2030, 115, 98.75, MAYBE, (2033, 2030, 2043), None),
        ("A", 2030, 115, 98.0, NO, (2033, 2031, 2044), None),
        ("A", 2030, 115, 113.0, YES, (None,) * 3, f"{LEAD} l'objectif 2030 serait tenu à ce rythme."),  # due in 2025
        ("A", 2030, 110, 110.0, MAYBE, (None,) * 3, None),  # there already
        ("A", 2020, 115, 122.0, MAYBE, (None,) * 3, None),  # before the centre the steeper line is the higher one
        ("B", 2030, 130, 110.0, MAYBE, (None,) * 3, None),  # on average in 2022, before the last year known
        ("B", 2040, 90, 80.0, MAYBE, (2028, 2027, None), None),
        ("C", 2030, 100, 99.0, NO, (None,) * 3,
         "De 2018 à 2025, 0,0 % par an (entre 0,0 % et 0,0 %) : l'objectif 2030 serait manqué à ce rythme."),
        ("D", 2030, 115, 110.0, SILENT, (None,) * 3,
         "Trop peu d'années complètes, ou pas d'objectif : le rythme ne dit rien."),
        ("A", 2030, 115, None, SILENT, (None,) * 3, None),
        ("E", 2030, 115, 110.0, SILENT, (None,) * 3, None),
    ],
)  # fmt: skip
def test_the_outlook_by_hand(site, milestone, now, target, told, years, said):
    standing = pd.DataFrame(
        {"code_uai": [site], "echeance": [milestone], "kwh_m2": [float(now)], "kwh_m2_objectif": [target]}, index=[7]
    ).astype({"kwh_m2_objectif": "float64"})
    found = law.outlook(standing, PACE)
    assert found.index.tolist() == [7]
    (row,) = found.to_dict("records")
    assert row["rythme"] == told
    if None in years:
        years = (None,) * 3
    names = ("annee_atteinte", "annee_au_plus_tot", "annee_au_plus_tard")
    assert [None if pd.isna(row[name]) else row[name] for name in names] == list(years)
    assert said is None or plain(row["phrase_rythme"]) == said


def test_what_is_projected():
    places = pd.DataFrame(
        {"code_uai": ["A", "A", "B"], "echeance": [2030, 2020, 2050], "kwh_m2": 1.0, "kwh_m2_objectif": 1.0}
    )
    found = law.outlook(places, PACE)
    assert found[["projete", "projete_bas", "projete_haut"]].to_numpy().tolist() == [
        [103.0, 98.75, 111.5], [123.0, 121.5, 123.75], [0.0, 0.0, 116.25],
    ]  # fmt: skip
    assert found[["pente", "pente_bas", "pente_haut"]].to_numpy().tolist()[2] == [-5.0, -6.0, -0.125]


@pytest.mark.parametrize(("slope", "year"), [(-0.125, 2100), (-0.124, None)])
def test_no_year_is_told_after_2100(slope, year):
    """From 120 in 2020 down to 110: 80 years at an eighth a year, which ends with the century."""
    paces = PACE[1:2].assign(pente=-0.5, pente_bas=-1.0, pente_haut=slope, milieu_bas=120.0)
    places = pd.DataFrame({"code_uai": ["B"], "echeance": [2030], "kwh_m2": [118.0], "kwh_m2_objectif": [110.0]})
    (row,) = law.outlook(places, paces).to_dict("records")
    assert (None if pd.isna(row["annee_au_plus_tard"]) else row["annee_au_plus_tard"]) == year
    if year:
        assert (row["annee_atteinte"], row["annee_au_plus_tot"]) == (2040, 2030)


def test_versions_and_errors_of_values():
    assert legal.LAW.value("énergie finale", "gaz").version == ("arrêté du 28 novembre 2023, depuis le 01/02/2024")
    assert legal.LAW.value("seuil", "surface").number == 1000
    assert legal.LAW.value("référence", "dernière année", day="2024-03-14").version.endswith(", depuis le 04/05/2020")
    for name, subject, said in (
        ("référence", "choix avant le", "is '2027-09-30' .date., no number"),
        ("plan de la Région", "année de référence", "is not known .Plan Énergie Lycées.: ask for it"),
    ):
        with pytest.raises(UsageError, match=said):
            _ = legal.LAW.value(name, subject).number
    with pytest.raises(UsageError, match="on 2019-09-30: known from 2019-10-01 on"):
        legal.LAW.value("réduction", 2030, day="2019-09-30")
    with pytest.raises(UsageError, match="on 2020-05-03: known from 2020-05-04 on"):  # the arrêté's first day
        legal.LAW.value("référence", "dernière année", day="2020-05-03")
    assert legal.LAW.value("référence", "dernière année", day="2020-05-04").number == 2019
    out = legal.LAW.value("référence", "année écartée")
    assert (out.debut, out.number) == (None, 2020)  # since when is not known
    with pytest.raises(UsageError, match=r"'reference' is none of .* Did you mean 'référence'"):
        legal.LAW.value("reference", "première année")
    with pytest.raises(UsageError, match=r"is none of première année, .* Did you mean 'dernière année'"):
        legal.LAW.value("référence", "derniere année")
    with pytest.raises(UsageError, match="day is missing"):
        legal.LAW.value("réduction", 2030, day=pd.NaT)
    assert law.milestones("2019-10-01") == {2030: 0.4, 2040: 0.5, 2050: 0.6}
    assert legal.reference_years("2024-03-15") == [*range(2010, 2020), 2021, 2022]
