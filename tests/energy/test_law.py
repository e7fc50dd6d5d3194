"""The law's path: dated values, reference years, targets, gaps and totals, worked by hand at their borders."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import examples
from tikub_lab.energy import law, legal
from tikub_lab.energy.law.place import AHEAD, NO_AREA, NO_TARGET, NO_YEAR, NOT_DUE, REACHED
from tikub_lab.energy.law.reference import CHOSEN, DEFAULT, NONE, ONLY
from tikub_lab.errors import UsageError
from tikub_lab.show.french import scaled

SITE = "0000001B"


def sites(area=2000.0, opened=1974, uai=SITE):
    return pd.DataFrame({"code_uai": [uai], "surface_totale": [area], "annee_ouverture": [opened]})


def years(uses, complete=True, uai=SITE, **columns):
    """One row a year of ``uses``, kWh by year."""
    table = pd.DataFrame({"code_uai": uai, "annee": list(uses), "kwh_ajuste": list(uses.values()), "complet": complete})
    return table.assign(**columns)


def stand(uses, year=2025, area=2000.0, opened=1974, **options):
    used, place = years(uses), sites(area, opened)
    return law.standing(law.references(used, place), used, year, **options).set_index("echeance")


# Dated values


@pytest.mark.parametrize(
    ("name", "subject", "day", "valeur"),
    [
        ("référence", "dernière année", "2024-03-14", "2019"),
        ("référence", "dernière année", "2024-03-15", "2022"),
        ("normale", "première année", "2022-04-24", "2000"),
        ("normale", "première année", "2022-04-25", "2001"),
        ("réduction", 2040, "2019-10-01", "0.50"),
        ("énergie finale", "réseau de chaleur", "2022-04-25", "0.77"),
        ("référence", "choix avant le", None, "2027-09-30"),
        ("déclaration", "chaque année avant le", None, "09-30"),
    ],
)
def test_values_by_day(name, subject, day, valeur):
    assert legal.LAW.value(name, subject, day=day).valeur == valeur


@pytest.mark.parametrize(
    ("name", "subject", "day", "words"),
    [
        ("reduction", 2030, None, "réduction"),
        ("réduction", 2035, None, "is none of 2030, 2040, 2050"),
        ("réduction", 2030, "2019-09-30", "2019-10-01"),
        ("réduction", 2030, "30 mai", "write it as"),
    ],
)
def test_errors_of_values(name, subject, day, words):
    with pytest.raises(UsageError, match=words):
        legal.LAW.value(name, subject, day=day)


def test_what_is_not_known_is_asked_for():
    with pytest.raises(UsageError, match="ask for it"):
        _ = legal.LAW.value("plan de la Région", "année de référence").number
    with pytest.raises(UsageError, match="no number"):
        _ = legal.LAW.value("référence", "choix avant le").number


def test_years_that_can_be_chosen_change_with_the_law():
    assert legal.reference_years("2024-03-14") == list(range(2010, 2020))
    assert legal.reference_years("2024-03-15") == [*range(2010, 2020), 2021, 2022]
    used = years({2012: 100e3, 2021: 150e3})
    before, after = (law.references(used, sites(), day=day) for day in ("2024-03-14", "2024-03-15"))
    assert (before["annee_reference"][0], after["annee_reference"][0]) == (2012, 2021)


# Final energy


def test_final_energy_by_hand():
    energies = pd.DataFrame(
        [
            (SITE, 2025, "gaz", 1000.0, 1100.0, True, 0.5, 30.0),
            (SITE, 2025, "réseau de chaleur", 100.0, 100.0, True, 0.0, 40.0),
            (SITE, 2025, "électricité", 23.0, 23.0, True, 0.0, 0.0),
            ("B", 2025, "gaz", 10.0, 10.0, True, 0.0, 0.0),
            ("B", 2025, "électricité", 10.0, np.nan, True, 0.0, 0.0),
            ("C", 2025, "fioul", 10.0, 10.0, False, 0.0, 0.0),
        ],
        columns=["code_uai", "annee", "energie", "kwh", "kwh_ajuste", "complet", "part_estimee", "erreur"],
    )
    found = law.final_energy(energies).set_index("code_uai")
    assert found.loc[SITE, "kwh"] == pytest.approx(900 + 77 + 23)
    assert found.loc[SITE, "kwh_ajuste"] == pytest.approx(990 + 77 + 23)
    assert found.loc[SITE, "part_estimee"] == pytest.approx(0.45)  # half of 900 of 1,000
    assert found.loc[SITE, "erreur"] == pytest.approx(np.hypot(27, 30.8))
    assert np.isnan(found.loc["B", "kwh_ajuste"])
    assert found["complet"].tolist() == [True, False, False]


def test_an_energy_without_a_factor_is_an_error():
    energies = years({2025: 1.0}).assign(energie="charbon", kwh=1.0)
    with pytest.raises(UsageError, match="charbon"):
        law.final_energy(energies)


# The reference year


def test_the_highest_year_a_square_metre_is_chosen():
    found = law.references(years({2010: 200e3, 2013: 260e3, 2019: 240e3}), sites()).iloc[0]
    assert (found["annee_reference"], found["kwh_m2_reference"], found["statut_reference"]) == (2013, 130.0, CHOSEN)
    assert (found["annees_utilisables"], found["annees_possibles"], found["annees_manquantes"]) == (3, 12, 9)


def test_of_equal_years_the_later_is_chosen():
    assert law.references(years({2011: 5e3, 2014: 5e3, 2012: 4e3}), sites())["annee_reference"][0] == 2014


def test_a_single_complete_year():
    used = years({2010: 900e3, 2011: 200e3, 2012: 900e3}, complete=[False, True, False])
    found = law.references(used, sites()).iloc[0]
    assert (found["annee_reference"], found["statut_reference"]) == (2011, ONLY)


@pytest.mark.parametrize(
    "spoil",
    [
        {"complet": False},
        {"complet": None},
        {"ajuste": False},
        {"kwh_ajuste": np.nan},
        {"kwh_ajuste": 0.0},
        {"kwh_ajuste": -5.0},
        {"annee": 2009},
        {"annee": 2020},
        {"annee": 2023},
    ],
)
def test_a_year_that_cannot_be_used_is_not(spoil):
    used = years({2011: 200e3, 2013: 900e3}, ajuste=True).astype({"complet": "object"})
    used.loc[1, list(spoil)] = list(spoil.values())
    assert law.references(used, sites())["annee_reference"][0] == 2011


def test_the_year_of_opening_is_not_a_full_one():
    uses = {2015: 900e3, 2016: 200e3, 2017: 150e3}
    found = law.references(years(uses), sites(opened=2015)).iloc[0]
    assert (found["annee_reference"], found["annees_possibles"]) == (2016, 6)  # 2016 to 2019, 2021, 2022


def test_without_any_year_the_first_full_one_after_is_taken():
    uses = {2020: 5e3, 2023: 1e3, 2024: 9e3}
    old, new = (law.references(years(uses), sites(opened=opened)).iloc[0] for opened in (1974, 2022))
    for found in (old, new):
        assert (found["annee_reference"], found["statut_reference"]) == (2023, DEFAULT)
    assert "n’était pas ouvert" in new["phrase_reference"]
    assert "n’était pas ouvert" not in old["phrase_reference"]
    assert law.references(years({2020: 5e3}), sites())["statut_reference"][0] == NONE
    before = law.references(years({2020: 5e3, 2021: 4e3}), sites(), day="2024-03-14")
    assert before["annee_reference"][0] == 2021


def test_a_change_of_area_is_followed_by_the_square_metre():
    used = years({2011: 300e3, 2012: 200e3, 2025: 150e3}, surface=[3000.0, 1600.0, 2000.0])
    found = law.references(used, sites(2000.0))
    assert found[["annee_reference", "kwh_m2_reference"]].values.tolist() == [[2012, 125.0]]
    row = law.standing(found, used, 2025).iloc[0]
    assert row["kwh_objectif"] == pytest.approx(125 * 0.6 * 2000)  # of the area of today
    assert row["statut"] == REACHED
    assert "1\u202f600 à 2\u202f000\u202fm²" in row["phrase"]


def test_estimated_shares_are_said():
    found = law.references(years({2011: 1e3}, part_estimee=0.25), sites()).iloc[0]
    assert found["part_estimee"] == 0.25
    assert "Estimée à 25" in found["phrase_reference"]


def test_a_site_given_twice_or_a_column_missing_is_an_error():
    with pytest.raises(UsageError, match="twice"):
        law.references(years({2011: 1.0}), pd.concat([sites(), sites()]))
    with pytest.raises(UsageError, match="2011 is there twice"):
        law.references(pd.concat([years({2011: 1.0})] * 2), sites())
    with pytest.raises(UsageError, match="no column annee_ouverture"):
        law.references(years({2011: 1.0}), sites().drop(columns="annee_ouverture"))


# Targets and standing


def test_targets_by_hand():
    found = stand({2012: 300e3, 2025: 240e3})
    assert found["kwh_m2_objectif"].tolist() == pytest.approx([90, 75, 60])
    assert found["ecart_kwh"].tolist() == pytest.approx([60e3, 90e3, 120e3])
    assert found["reste_part"].tolist() == pytest.approx([0.25, 0.375, 0.5])
    assert found["evolution"].tolist() == pytest.approx([-0.2] * 3)


@pytest.mark.parametrize(("area", "state"), [(999.0, NOT_DUE), (999.99, NOT_DUE), (1000.0, AHEAD), (None, NO_AREA)])
def test_the_threshold_of_area(area, state):
    found = stand({2012: 300e3, 2025: 240e3}, area=area)
    assert set(found["statut"]) == {state}
    assert found["ecart_kwh"].notna().all() == (state == AHEAD)


@pytest.mark.parametrize("area", [2000.0, 1237.0, 31_415.9])
@pytest.mark.parametrize("reference", [300e3, 123_456.7])
def test_exactly_forty_per_cent_is_reached(area, reference):
    found = stand({2012: reference, 2025: reference * 0.6}, area=area)
    assert found.loc[2030, "statut"] == REACHED
    assert found.loc[2030, "reste_kwh"] == 0
    assert found.loc[2040, "statut"] == AHEAD
    above = stand({2012: reference, 2025: reference * 0.6 * (1 + 1e-6)}, area=area)
    assert above.loc[2030, "statut"] == AHEAD


def test_decimals_do_not_undo_what_is_reached():
    rng = np.random.default_rng(3)
    names = [f"S{place:03}" for place in range(300)]
    reference, area = rng.uniform(1e4, 1e7, 300).round(1), rng.uniform(1000, 40_000, 300).round(2)
    parts = [(2012, reference), (2025, reference - reference * 2 / 5)]
    used = pd.concat(
        [pd.DataFrame({"code_uai": names, "annee": year, "kwh_ajuste": use, "complet": True}) for year, use in parts]
    )
    places = pd.DataFrame({"code_uai": names, "surface_totale": area, "annee_ouverture": 1974})
    found = law.standing(law.references(used, places), used, 2025)
    assert set(found.loc[found["echeance"] == 2030, "statut"]) == {REACHED}
    assert found.loc[found["echeance"] == 2030, "ecart_kwh"].eq(0).all()


def test_states_that_give_no_gap():
    used = pd.concat([years({2012: 3e5}, uai="A"), years({2020: 3e5, 2025: 2e5}, uai="B"), years({2012: 3e5}, uai="C")])
    used = pd.concat([used, years({2025: 2e5}, complete=False, uai="C")])
    places = pd.concat([sites(uai=uai) for uai in "ABCD"])
    found = law.standing(law.references(used, places), used, 2025)
    first = found[found["echeance"] == 2030].set_index("code_uai")
    # B: 2020 is ruled out, and 2025, the first full year after, is its own reference
    assert first["statut"].to_dict() == {"A": NO_YEAR, "B": AHEAD, "C": NO_YEAR, "D": NO_TARGET}
    assert first.loc["B", "annee_reference"] == 2025
    whole = law.stock(found).iloc[0]
    assert whole[["sites", NO_YEAR, NO_TARGET, AHEAD]].tolist() == [4, 2, 1, 1]
    assert "La situation n’est pas connue pour 3 lycées." in law.summary(found)


ENERGIES = pd.DataFrame(
    [(SITE, 2025, "gaz", "chauffage", 1000.0), (SITE, 2025, "électricité", "autres", 300.0)],
    columns=["code_uai", "annee", "energie", "usage", "kwh_ajuste"],
)
PRICES = pd.DataFrame(
    [("gaz", 2025, 0.05, "facturé"), ("électricité", 2025, 0.2, "fictif")],
    columns=["energie", "annee", "euros_kwh", "statut"],
)
FACTORS = pd.DataFrame(
    [("gaz", "tous", 2021, 222.0, "PCI", "confirmé"), ("électricité", "autres", 2021, 50.0, None, "à confirmer")],
    columns=["energie", "usage", "annee", "gco2e_kwh", "pouvoir_calorifique", "statut"],
)


def test_the_gap_is_valued_by_the_mix_of_the_site():
    # use 1,200 final (0.9 × 1,000 + 300), target 600 of 1,000: half is left; it costs 110 €, and emits by the law's own
    # factors, whatever those of the table, 1,000 / 1.11 × 227 and 300 × 64 g
    uses = {2012: 1000.0, 2025: 1200.0}
    found = stand(uses, energies=ENERGIES, prices=PRICES, factors=FACTORS).loc[2030]
    assert found["reste_part"] == pytest.approx(0.5)
    assert found["reste_euros"] == pytest.approx(55.0)
    assert found["reste_kgco2e"] == pytest.approx((227 / 1.11 + 19.2) / 2)
    assert (found["prix_statut"], found["facteur_statut"]) == ("facturé, fictif", "confirmé")
    networks = FACTORS.assign(energie=["réseau de chaleur", "électricité"], pouvoir_calorifique=None)
    heat = ENERGIES.assign(energie=["réseau de chaleur", "électricité"])
    other = stand(uses, energies=heat, prices=PRICES, factors=networks).loc[2030]
    assert other["reste_kgco2e"] == pytest.approx((222 + 19.2) / 2)  # each network has its own, from the table
    some = stand(uses, energies=ENERGIES, prices=PRICES[:1], factors=FACTORS[:0]).loc[2030]
    assert np.isnan(some["reste_euros"])
    assert some["reste_kgco2e"] == pytest.approx(found["reste_kgco2e"])  # the law has these factors
    assert "inconnu" in some["prix_statut"]
    assert "€" not in some["phrase"]
    with pytest.raises(UsageError, match="give all three"):
        stand(uses, prices=PRICES)


def test_what_has_no_price_is_not_worth_nothing():
    found = law.standing(law.references(years({2012: 9e3}), sites()), years({2025: 8e3}), 2025)
    whole = law.stock(found)
    assert whole["reste_euros"].isna().all()
    assert (whole["sites_sans_prix"] == 1).all()


# The whole stock


def test_pooling_and_ranking_by_hand():
    used = pd.concat(
        [
            years({2012: 200e3, 2025: 220e3}, uai="A"),  # target 120: 100 left
            years({2012: 200e3, 2025: 150e3}, uai="B"),  # 30 left
            years({2012: 200e3, 2025: 80e3}, uai="C"),  # 40 beyond
            years({2012: 200e3, 2025: 150e3}, uai="D"),  # 30 left
        ]
    )
    places = pd.concat([sites(uai=uai) for uai in "ABCD"])
    found = law.standing(law.references(used, places), used, 2025)
    row = law.stock(found).set_index("echeance").loc[2030]
    assert row[["reste_kwh", "marge_kwh", "ecart_kwh", "reste_mutualise_kwh"]].tolist() == pytest.approx(
        [160e3, 40e3, 120e3, 120e3]
    )
    assert row["part_atteints"] == 0.25
    ranked = law.ranking(found)
    assert ranked["code_uai"].tolist() == ["A", "B", "D"]
    assert ranked["cumul"].tolist() == pytest.approx([100 / 160, 130 / 160, 1])
    assert law.summary(found, first=2).endswith("représentent 81\u202f% de l’effort.")
    with pytest.raises(UsageError, match="2030, 2040, 2050"):
        law.ranking(found, 2035)


def test_empty_tables():
    used, place = years({}), sites()[:0]
    used = used.astype({"annee": "int64", "kwh_ajuste": "float64"})
    references = law.references(used, place)
    found = law.standing(references, used, 2025)
    assert (len(references), len(found), len(law.stock(found)), len(law.ranking(found))) == (0, 0, 0, 0)
    assert "Aucun" in law.summary(found)
    assert law.final_energy(used.assign(energie="gaz", kwh=0.0)).empty
    alone = law.standing(law.references(used, sites()), used, 2025)
    assert set(alone["statut"]) == {NO_TARGET}


@pytest.mark.parametrize(
    ("kwh", "text"),
    [(0, "0 kWh"), (9_999, "9 999 kWh"), (10_000, "10 MWh"), (123_456, "123 MWh"), (1_234_567, "1 230 MWh"),
     (63_775_250, "63,8 GWh"), (2e9, "2 TWh")],
)  # fmt: skip
def test_energy_in_words(kwh, text):
    assert scaled(kwh, "kWh").replace("\u202f", " ") == text


# Whatever the numbers: a few examples, each of several sites, as tables cost the same for one site or for ten

stocks = st.lists(
    st.dictionaries(st.integers(2008, 2025), st.floats(1e3, 1e7), min_size=1, max_size=18), min_size=1, max_size=8
)
few = examples(16)


def whole(stock, area=2000.0, scale=1.0):
    """Sites and years of a drawn stock; each site has the year 2025."""
    names = [f"S{place}" for place in range(len(stock))]
    used = [
        years({year: use * scale for year, use in ({2025: 5e4} | uses).items()}, uai=name)
        for name, uses in zip(names, stock, strict=True)
    ]
    return pd.concat(used, ignore_index=True), pd.concat([sites(area, uai=name) for name in names], ignore_index=True)


def stood(used, places):
    return law.standing(law.references(used, places), used, 2025)


@few
@given(stock=stocks, scale=st.floats(0.01, 100), area=st.floats(1000, 50_000), more=st.floats(1, 10))
def test_gaps_scale_with_energy_and_not_with_area(stock, scale, area, more):
    one = stood(*whole(stock, area))
    scaled, wider = stood(*whole(stock, area, scale)), stood(*whole(stock, area * more))
    np.testing.assert_allclose(scaled["ecart_kwh"], one["ecart_kwh"] * scale, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(scaled["evolution"], one["evolution"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(wider["ecart_kwh"], one["ecart_kwh"], rtol=1e-6, atol=1e-3)


@few
@given(stock=stocks, seed=st.randoms(use_true_random=False))
def test_order_does_not_matter(stock, seed):
    used, places = whole(stock)
    one = stood(used, places)
    order = list(range(len(used)))
    seed.shuffle(order)
    pd.testing.assert_frame_equal(stood(used.iloc[order].reset_index(drop=True), places), one)
    turned = stood(used, places[::-1].reset_index(drop=True)).sort_values(["code_uai", "echeance"])
    pd.testing.assert_frame_equal(turned.reset_index(drop=True), one)


@few
@given(stock=stocks)
def test_the_reference_is_never_below_another_usable_year(stock):
    used, places = whole(stock)
    found = law.references(used, places)
    for (_, row), uses in zip(found.iterrows(), stock, strict=True):
        known = {2025: 5e4} | uses
        allowed = set(legal.reference_years()) & set(known)
        first = min(year for year in known if year > 2022)  # what counts where no allowed year is known
        assert row["kwh_reference"] == (max(known[year] for year in allowed) if allowed else known[first])
        assert row["annees_utilisables"] == len(allowed)
        assert row["annee_reference"] in (allowed or {first})
