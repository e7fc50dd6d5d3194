"""The challenge on invented lycées, by hand: shares, pairs told apart, places, months, and why one has no score."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from tests.energy.meter import interval
from tikub_lab.energy import challenge as game
from tikub_lab.energy.challenge import grouping, order
from tikub_lab.errors import UsageError

FIRST, START, END = "2022-01-01", "2023-01-01", "2024-01-01"
DAYS = pd.date_range(FIRST, END, inclusive="left")
WEATHER_DAYS = pd.date_range("2021-06-01", "2024-06-30")
BREAKS = (("01-01", "01-06"), ("02-08", "02-24"), ("04-05", "04-22"), ("07-05", "09-01"), ("10-18", "11-03"))
CALENDAR = pd.DataFrame(
    [(f"{year}-{a}", f"{year}-{b}") for year in range(2017, 2026) for a, b in BREAKS]
    + [(f"{year}-12-20", f"{year + 1}-01-01") for year in range(2016, 2026)],
    columns=["debut", "fin"],
).assign(nature="vacances", zone="B")
COLD = pd.Series(
    11
    - 7 * np.cos(2 * np.pi * (WEATHER_DAYS.day_of_year.to_numpy() - 20) / 365)
    + 2.5 * np.random.default_rng(1).normal(size=len(WEATHER_DAYS)),
    index=WEATHER_DAYS,
)
WEATHER = pd.DataFrame({"station": "S", "jour": WEATHER_DAYS, "tmoy": COLD.to_numpy()})
HOLIDAY = np.any([(a <= DAYS) & (b > DAYS) for a, b in CALENDAR[["debut", "fin"]].itertuples(index=False)], axis=0)
WEEKEND = (DAYS.day_of_week >= 5) & ~HOLIDAY
USUAL = np.select([HOLIDAY, WEEKEND], [60.0, 80.0], 100.0) + 12 * np.maximum(15 - COLD[DAYS].to_numpy(), 0)
AFTER = DAYS >= START
NO_WORKS = pd.DataFrame({"code_uai": [], "statut": [], "date_fin": pd.to_datetime([]), "mesure": []})


def plain(text):
    return text.replace("\u202f", " ").replace("\xa0", " ").replace("’", "'")


def scattered(size, seed, share=0.01):
    return 1 + share * np.random.default_rng(seed).normal(size=size)


def days_of(meter, saved=0.0, seed=None, use=USUAL, share=0.01):
    """Two years of days, of which the second has so much less."""
    noise = scattered(len(DAYS), sum(map(ord, meter)) if seed is None else seed, share)
    kwh = use * (1 - saved * AFTER) * noise
    rows = {"compteur_id": meter, "debut": DAYS, "fin": DAYS + pd.Timedelta(days=1), "kwh": kwh, "estime": False}
    return pd.DataFrame(rows | {"origine": "relevé"})


def sites_of(names, kind="Lycée polyvalent", **columns):
    about = {"code_uai": list(names), "lib_etablissement": [f"Lycée {name} (fictif)" for name in names], "station": "S"}
    return pd.DataFrame(about | {"type_etablissement": kind, "internat": False} | columns)


def meters_of(pairs, **columns):
    """Meters of lycées, from (meter, lycée)."""
    about = pd.DataFrame(pairs, columns=["compteur_id", "code_uai"]).assign(energie="gaz", usage="chauffage")
    about = about.assign(mise_en_service=pd.NaT, retrait=pd.NaT, **columns)
    return about.astype({"mise_en_service": "datetime64[us]", "retrait": "datetime64[us]"})


def play(
    readings, meters=None, sites=None, works=NO_WORKS, start=date(2023, 1, 1), end=date(2024, 1, 1), years=1, **options
):
    names = sorted(readings["compteur_id"].unique())
    meters = meters_of([(name, f"L{name}") for name in names]) if meters is None else meters
    sites = sites_of(sorted(meters["code_uai"].unique())) if sites is None else sites
    return game.challenge(sites, meters, readings, WEATHER, CALENDAR, works, start, end, years=years, **options)


def reason(found, uai):
    return plain(found.table.set_index("code_uai").loc[uai, "raison"])


SAVED = {"A": 0.2, "B": 0.15, "C": 0.1, "D": 0.05, "E": 0.0, "F": -0.05}


@pytest.fixture(scope="module")
def six():
    """Six lycées that save 20, 15, 10, 5, 0 and -5 %, each day known to a hundredth: all differences are sure."""
    return play(pd.concat([days_of(name, saved) for name, saved in SAVED.items()]))


def test_what_each_saved(six):
    table = six.table.set_index("code_uai")
    assert table.index.tolist() == [f"L{name}" for name in SAVED]
    assert table["part"].tolist() == pytest.approx(list(SAVED.values()), abs=0.004)
    assert table["lib_etablissement"].tolist()[0] == "Lycée LA (fictif)"
    assert table["classe"].all()
    assert set(table["raison"]) == set(table["remarque"]) == {""}
    assert (table[["pas", "compteurs", "jours", "effectif"]] == ["relevé", 1, 365.0, 6]).all(axis=None)
    assert table["reference_debut"].unique().tolist() == [pd.Timestamp("2022-01-01")]
    for name, saved in SAVED.items():
        row, used = table.loc[f"L{name}"], days_of(name, saved)["kwh"].to_numpy()[AFTER].sum()
        assert row["observe"] == pytest.approx(used)
        assert row["attendu"] == pytest.approx(USUAL[AFTER].sum(), rel=0.004)
        assert row["economie"] == pytest.approx(row["attendu"] - row["observe"])
        assert row["part"] == pytest.approx(row["economie"] / row["attendu"])
        assert row["bas"] < row["economie"] < row["haut"]
        for name_of in ("bas", "haut"):
            assert row[f"part_{name_of}"] == pytest.approx(row[name_of] / row["attendu"])
        alone = interval(six.savings[f"L{name}"][name])
        assert (row["bas"], row["haut"]) == pytest.approx((alone.low, alone.high))
        assert (row["erreur"], row["liberte"]) == pytest.approx((alone.error / row["attendu"], alone.freedom))
    assert table["etablie"].tolist() == [True, True, True, True, bool(table["etablie"]["LE"]), True]


def test_places_and_pairs_that_are_told_apart(six):
    table = six.table.set_index("code_uai")
    assert table[["rang_min", "rang_max"]].to_numpy().tolist() == [[place, place] for place in range(1, 7)]
    assert table["place"].tolist() == ["1re place sur 6", *(f"{place}e place sur 6" for place in range(2, 7))]
    assert six.groups.columns.tolist() == ["groupe", "effectif", "regroupe", "paires", "departagees"]
    assert six.groups.to_numpy().tolist() == [["Lycée polyvalent, sans internat", 6, False, 15, 15]]
    own = game.position(six, "LC")
    assert own["sien"].tolist() == [False, False, True, False, False, False]
    assert own["part"].tolist() == table["part"].tolist()


def test_what_is_said_of_a_score(six):
    table = six.table.set_index("code_uai")
    row = table.loc["LA"]
    figures = [f"{100 * row[name]:.1f}".replace(".", ",") for name in ("part", "part_bas", "part_haut")]
    assert plain(row["phrase"]) == "Baisse de {} % (entre {} et {} %, au niveau de confiance de 90 %).".format(*figures)
    row = table.loc["LF"]
    figures = [f"{-100 * row[name]:.1f}".replace(".", ",") for name in ("part", "part_haut", "part_bas")]
    assert plain(row["phrase"]) == "Hausse de {} % (entre {} et {} %, au niveau de confiance de 90 %).".format(*figures)


def test_nothing_established_is_said_so():
    found = play(pd.concat([days_of("A", 0.0, 6, share=0.2), days_of("B", 0.3)]), level=0.5)
    row = found.table.set_index("code_uai").loc["LA"]
    assert not row["etablie"]
    assert row["part_bas"] < 0 < row["part_haut"]
    assert plain(row["phrase"]).startswith("L'écart à l'attendu peut venir du hasard (économie entre −")
    assert plain(row["phrase"]).endswith(" %, au niveau de confiance de 50 %).")
    assert row["place"] == "non classé"  # two are no group
    assert found.groups.empty
    assert found.level == 0.5
    wide = play(pd.concat([days_of("A", 0.0, 6, share=0.2), days_of("B", 0.3)]), level=0.99).table.set_index("code_uai")
    assert wide.loc["LA", "part_haut"] > row["part_haut"]
    pair = play(pd.concat([days_of("A", 0.0, 6, share=0.2), days_of("B", 0.3)]), fewest=2)
    assert pair.groups[["effectif", "paires", "departagees"]].to_numpy().tolist() == [[2, 1, 1]]


def test_energies_and_months(six):
    energies = six.energies.set_index("code_uai")
    assert energies[["energie", "usage", "annee"]].drop_duplicates().to_numpy().tolist() == [["gaz", "chauffage", 2023]]
    table = six.table.set_index("code_uai")
    assert energies["kwh"].to_dict() == pytest.approx(table["economie"].to_dict())
    assert energies["attendu"].to_dict() == pytest.approx(table["attendu"].to_dict())
    months = game.by_month(six, "LB")
    used = pd.Series(days_of("B", 0.15)["kwh"].to_numpy(), index=DAYS)[START:].resample("MS").sum()
    assert months["mois"].tolist() == used.index.tolist()
    assert months["observe"].tolist() == pytest.approx(used.tolist())
    assert (months["attendu"] - months["economie"]).tolist() == pytest.approx(months["observe"].tolist())
    assert (months["economie"] / months["attendu"]).mean() == pytest.approx(0.15, abs=0.01)


def test_two_meters_make_one_score():
    """Gas for heating saves 20 %, as much gas again saves nothing: 10 % together, and the errors add up as alike."""
    pairs = [("A", "L"), ("B", "L")]
    meters = meters_of(pairs).assign(usage=["chauffage", "mixte"])
    found = play(pd.concat([days_of("A", 0.2), days_of("B")]), meters)
    (row,) = found.table.to_dict("records")
    assert (row["compteurs"], row["part"]) == (2, pytest.approx(0.1, abs=0.003))
    assert row["observe"] == pytest.approx(days_of("A", 0.2)["kwh"][AFTER].sum() + days_of("B")["kwh"][AFTER].sum())
    assert found.energies[["usage", "annee"]].to_numpy().tolist() == [["chauffage", 2023], ["mixte", 2023]]
    assert found.energies["kwh"].tolist() == pytest.approx([0.2 * USUAL[AFTER].sum(), 0], abs=250)
    assert sorted(found.savings["L"]) == ["A", "B"]


# Why one has no score


LATE = "moins d'un an avant le défi : pas assez de passé pour comparer"


def worked(day, mesure="Isolation", statut="réalisé", uai="LA"):
    return pd.DataFrame({"code_uai": [uai], "statut": [statut], "date_fin": pd.to_datetime([day]), "mesure": [mesure]})


@pytest.mark.parametrize(
    ("day", "begin", "said"),
    [
        ("2021-01-01", "2021-01-01", ""),  # the day on which the past begins anyway
        ("2021-01-02", "2021-01-02", ""),
        ("2022-01-01", "2022-01-01", ""),  # 365 days before
        ("2022-01-02", "2022-01-02",
         f"travaux (Isolation) finis le 2 janvier 2022, {LATE}"),
        ("2022-12-31", "2022-12-31",
         f"travaux (Isolation) finis le 31 décembre 2022, {LATE}"),
        ("2023-01-01", "2023-01-01",
         "travaux (Isolation) finis le 1er janvier 2023, pendant le défi : leur économie n'est pas celle des usagers"),
        ("2023-12-31", "2023-12-31",
         "travaux (Isolation) finis le 31 décembre 2023, pendant le défi : leur économie n'est pas celle des usagers"),
        ("2024-01-01", "2021-01-01", ""),
        (None, "2021-01-01", "des travaux sont faits (Isolation) mais leur date n'est pas connue"),
    ],
)  # fmt: skip
def test_works_and_the_past(day, begin, said):
    sites, none = sites_of(["LA", "LB"]), days_of("A").head(0)
    found = game.challenge(sites, meters_of([("A", "LA")]), none, WEATHER, CALENDAR, worked(day), date(2023, 1, 1),
                           date(2024, 1, 1), years=2)  # fmt: skip
    row = found.table.set_index("code_uai").loc["LA"]
    assert row["reference_debut"] == pd.Timestamp(begin)
    assert plain(row["raison"]) == said or (not said and row["raison"].startswith("compteur A (gaz)"))
    assert plain(row["phrase"]) == f"Pas de score : {plain(row['raison'])}."
    other = found.table.set_index("code_uai").loc["LB"]
    assert (other["raison"], other["reference_debut"]) == (
        "aucun compteur en service n'est rattaché à ce lycée", pd.Timestamp("2021-01-01"),
    )  # fmt: skip


def test_of_two_works_the_last_counts():
    works = pd.concat([worked("2022-06-01"), worked("2022-03-01", "Fenêtres"), worked("2023-03-01", "Toit", "proposé")])
    found = play(days_of("A"), works=works)
    assert "travaux (Isolation) finis le 1er juin 2022" in reason(found, "LA")


@pytest.mark.parametrize(
    ("column", "day", "said"),
    [
        ("mise_en_service", "2022-01-01", ""), ("mise_en_service", "2020-12-31", ""), ("retrait", "2024-01-01", ""),
        ("mise_en_service", "2022-01-02", "un compteur a été mis en service ou retiré le 2 janvier 2022"),
        ("retrait", "2023-12-31", "un compteur a été mis en service ou retiré le 31 décembre 2023"),
    ],
)  # fmt: skip
def test_meters_that_come_and_go(column, day, said):
    meters = meters_of([("A", "LA"), ("B", "LA")]).assign(**{column: pd.to_datetime([None, day])})
    found = game.challenge(sites_of(["LB", "LA"]), meters, days_of("A").head(0), WEATHER, CALENDAR, NO_WORKS,
                           date(2023, 1, 1), date(2024, 1, 1), years=2)  # fmt: skip
    assert reason(found, "LA") == said or (not said and reason(found, "LA").startswith("compteur A (gaz)"))
    assert reason(found, "LB") == "aucun compteur en service n'est rattaché à ce lycée"


def test_a_meter_removed_before_is_not_of_the_challenge():
    meters = meters_of([("A", "LA"), ("B", "LA")]).assign(retrait=pd.to_datetime([None, "2022-01-01"]))
    (row,) = play(days_of("A"), meters).table.to_dict("records")
    assert (row["classe"], row["compteurs"]) == (True, 1)
    gone = meters_of([("A", "LA")]).assign(retrait=pd.to_datetime(["2022-01-01"]))
    assert reason(play(days_of("A"), gone), "LA") == "aucun compteur en service n'est rattaché à ce lycée"


def test_a_model_that_scatters_too_much_says_by_how_much():
    """All days of both periods are there, but they tell nothing: the figure is above the limit of 30 %."""
    wild = days_of("A", use=USUAL * np.exp(np.random.default_rng(4).normal(0, 0.8, len(DAYS))))
    told = reason(play(wild), "LA")
    head, _, rest = told.partition("CV(RMSE) de ")
    assert head == "compteur A (gaz) : son modèle est insuffisant (guide ASHRAE 14 : "
    figure, _, rest = rest.partition(" %")
    assert float(figure.replace(",", ".")) > 30
    assert rest == ", au-dessus de 30 %)"


def bills_of(meter, edges, saved=0.0, seed=5, drop=()):
    """Bills between some days, of the usual use."""
    every = pd.date_range("2021-06-01", "2024-06-30")
    holiday = np.any(
        [(every >= a) & (every < b) for a, b in CALENDAR[["debut", "fin"]].itertuples(index=False)], axis=0
    )
    kinds = np.select([holiday, (every.day_of_week >= 5) & ~holiday], [60.0, 80.0], 100.0)
    use = pd.Series(kinds + 12 * np.maximum(15 - COLD.to_numpy(), 0), index=every) * (1 - saved * (every >= START))
    edges = pd.DatetimeIndex(edges)
    kwh = [use[a : b - pd.Timedelta(days=1)].sum() for a, b in pairwise(edges)]
    rows = {"compteur_id": meter, "debut": edges[:-1], "fin": edges[1:], "kwh": kwh * scattered(len(kwh), seed)}
    found = pd.DataFrame(rows).assign(estime=False, origine="facture")
    return found[~found["debut"].isin(pd.to_datetime(list(drop)))]


def test_no_model_fits_what_is_given_back():
    """Solar panels that give more than the lycée takes: use is below zero, of which no model tells."""
    assert reason(play(days_of("A", use=-USUAL)), "LA") == "compteur A (gaz) : aucun modèle ne convient à ses relevés"
    bills = bills_of("A", MONTHS)
    bills["kwh"] *= -1
    assert reason(play(bills), "LA") == "compteur A (gaz) : aucun modèle ne convient à ses factures"


MONTHS = pd.date_range("2021-12-01", "2024-03-01", freq="MS")


def test_bills_make_a_score_too():
    found = play(bills_of("A", MONTHS, 0.1))
    (row,) = found.table.to_dict("records")
    assert (row["classe"], row["pas"], row["jours"]) == (True, "facture", 365)
    assert row["part"] == pytest.approx(0.1, abs=0.02)
    assert row["part_bas"] < 0.1 < row["part_haut"]
    assert row["observe"] == pytest.approx(bills_of("A", MONTHS, 0.1).query("'2023' <= debut < '2024'")["kwh"].sum())


@pytest.mark.parametrize(
    ("shift", "covered"),
    [
        (0, 365),
        (14, 365),  # 15 December to 15 January: the middle, 30 December, is before the challenge; 15 January 2024 is in
        (15, 365),
        (16, 365),  # 17 December to 17 January begins 15 days before, and its middle is 1 January
    ],
)
def test_bills_that_cross_the_ends_count_where_most_of_their_days_are(shift, covered):
    edges = MONTHS + pd.Timedelta(days=shift)
    found = play(bills_of("A", edges))
    (row,) = found.table.to_dict("records")
    bills = bills_of("A", edges)
    middle = bills["debut"] + (bills["fin"] - bills["debut"]) / 2
    own = bills[(middle >= START) & (middle < END)]
    assert row["jours"] == (own["fin"] - own["debut"]).dt.days.sum() == covered
    assert row["observe"] == pytest.approx(own["kwh"].sum())


def test_bills_from_before_works_are_not_of_the_past():
    """Twice the use until works of 15 December 2021: the past begins with the bill after them."""
    edges = pd.date_range("2021-07-15", "2024-03-15", freq="MS") + pd.Timedelta(days=14)
    bills = bills_of("A", edges, 0.1)
    bills.loc[bills["fin"] <= "2021-12-15", "kwh"] *= 2
    found = play(bills, works=worked("2021-12-15"), years=2)
    (row,) = found.table.to_dict("records")
    assert (row["classe"], row["reference_debut"]) == (True, pd.Timestamp("2021-12-15"))
    assert row["part"] == pytest.approx(0.1, abs=0.02)
    untold = play(bills, years=2).table  # without the works the past is of two kinds, and tells of a larger saving
    assert not untold["classe"].item() or untold["part"].item() > 0.15


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("2022-12-16", ""),  # sixteen days before the challenge, and to 16 December 2023
        ("2022-12-15", "ses factures couvrent 303 jours du défi sur 365"),  # from 15 February to 15 December
        ("2023-01-17", ""),  # to 17 January 2024, sixteen days after
        ("2023-01-18", "ses factures couvrent 304 jours du défi sur 365"),  # to 18 November
    ],
)
def test_long_bills_may_not_go_further_out_than_sixteen_days(first, said):
    """Bills of two months: one that lies more than sixteen days out of the challenge is not of it."""
    edges = [pd.Timestamp(first) + pd.DateOffset(months=2 * step) for step in range(-7, 8)]
    found = play(bills_of("A", edges), years=1)
    assert found.table["classe"].item() == (not said)
    assert reason(found, "LA").removeprefix("compteur A (gaz) : ") == said


def test_too_few_bills_say_how_many_days_they_cover():
    """Two months of the challenge are missing: 59 of 365 days; then two of the year before."""
    now = reason(play(bills_of("A", MONTHS, drop=["2023-02-01", "2023-03-01"])), "LA")
    assert now == "compteur A (gaz) : ses factures couvrent 306 jours du défi sur 365"
    one = play(bills_of("A", MONTHS, drop=["2023-02-01"]))
    assert one.table["classe"].item()
    assert one.table["jours"].item() == 365 - 28
    past = reason(play(bills_of("A", MONTHS, drop=["2022-02-01", "2022-03-01"])), "LA")
    assert past in (
        f"compteur A (gaz) : ses factures couvrent 306 jours du passé, il en faut {days}" for days in (328, 329)
    )
    assert reason(play(bills_of("A", MONTHS).head(0).assign(compteur_id="A"), meters_of([("A", "LA")])), "LA") == (
        "compteur A (gaz) : ses factures couvrent 0 jours du défi sur 365"
    )


def test_days_that_are_estimated_or_unknown_do_not_count():
    """Nine tenths of the challenge are 328.5 days: 329 known ones are a score, 328 are none."""
    for missing, scored in ((36, True), (37, False)):
        readings = days_of("A")
        readings.loc[365 : 365 + missing - 1, "kwh"] = np.nan
        table = play(readings).table
        assert table["classe"].item() == scored
        flagged = days_of("A")
        flagged.loc[365 : 365 + missing - 1, "estime"] = True
        assert play(flagged).table["classe"].item() == scored
        early = days_of("A")
        early.loc[: missing - 1, "kwh"] = np.nan
        assert play(early).table["classe"].item() == scored
    assert table["jours"].isna().item()


@pytest.mark.parametrize(("share", "scored"), [(0.04, True), (0.06, False)])
def test_a_small_meter_may_be_left_out(share, scored):
    """Of a meter whose days tell nothing, 4 % of the lycée's use are left out with a word; 6 % are too many."""
    size = share / (1 - share)
    wild = np.exp(np.random.default_rng(4).normal(0, 0.8, len(DAYS)))
    other = USUAL[AFTER].sum() / (USUAL * wild)[AFTER].sum()
    readings = pd.concat([days_of("A", 0.1), days_of("B", use=0.9 * size * other * USUAL * wild)])
    (row,) = play(readings, meters_of([("A", "L"), ("B", "L")])).table.to_dict("records")
    assert row["classe"] == scored
    if scored:
        assert plain(row["remarque"]).startswith(
            "96 % de la consommation notée ; compteur B (gaz) : son modèle est insuffisant"
        )
        assert (row["compteurs"], row["part"]) == (1, pytest.approx(0.1, abs=0.005))
    else:
        assert row["remarque"] == ""
        assert plain(row["raison"]).startswith("compteur B (gaz) : son modèle est insuffisant")


def test_an_unread_meter_may_not_be_left_out():
    found = play(days_of("A"), meters_of([("A", "L"), ("B", "L")]))
    assert reason(found, "L") == "compteur B (gaz) : ses factures couvrent 0 jours du défi sur 365"


def test_periods_levels_and_years():
    none = days_of("A").head(0)
    for years in (1, 5):
        found = game.challenge(sites_of(["LA"]), meters_of([("A", "LA")]), none, WEATHER, CALENDAR, NO_WORKS,
                               date(2023, 1, 1), date(2024, 1, 1), years=years)  # fmt: skip
        assert found.table["reference_debut"].tolist() == [pd.Timestamp(2023 - years, 1, 1)]
    for options in ({"years": 0}, {"years": 6}, {"level": 0.0}, {"level": 1.0}, {"end": date(2023, 1, 1)}):
        with pytest.raises(UsageError, match="the end comes after the start, the past has 1 to 5 years"):
            play(days_of("A"), **options)
    assert game.period("9998") == (date(9998, 1, 1), date(9999, 1, 1))
    assert game.period("0001-0002") == (date(1, 9, 1), date(2, 9, 1))
    for wrong in ("9999", "0000", "0000-0001", "2024-2024"):
        with pytest.raises(UsageError, match="school year such as"):
            game.period(wrong)
    with pytest.raises(UsageError, match="uai='X': the challenge has no such lycée"):
        game.position(found, "X")


# Groups and places


def groups(sizes, **options):
    rows = [one for one, size in sizes.items() for _ in range(size)]
    table = pd.DataFrame(rows, columns=["type_etablissement", "internat"])
    found = grouping.groups(table.assign(code_uai=[f"{place:03}" for place in range(len(table))]), **options)
    assert found["code_uai"].tolist() == [f"{place:03}" for place in range(len(table))]
    told = found.dropna(subset="groupe").groupby("groupe")[["effectif", "regroupe"]].first()
    assert (found.groupby("groupe").size() == told["effectif"]).all()
    return {name: tuple(row) for name, row in zip(told.index, told.to_numpy().tolist(), strict=True)}


def test_groups_by_hand():
    both = {("A", True): 5, ("A", False): 6}
    assert groups(both) == {"A, avec internat": (5, False), "A, sans internat": (6, False)}
    assert groups(both, fewest=6) == {"A, avec et sans internat": (11, True)}
    assert groups({("A", True): 4}) == {}
    assert groups({("A", True): 4}, fewest=4) == {"A, avec internat": (4, False)}
    # a type that stays too small takes the smallest group along, of equal ones the first by name
    for one, other in ("AB", "BA"):
        assert groups({(one, True): 5, (other, True): 5, ("C", True): 2}) == {
            "Autres lycées (A, C)": (7, True), "B, avec internat": (5, False),
        }  # fmt: skip
    assert groups({("A", True): 9, ("B", True): 3, ("C", False): 2}) == {
        "A, avec internat": (9, False), "Autres lycées (B, C)": (5, True),
    }  # fmt: skip
    assert groups({("A", True): 5, (None, None): 5}) == {
        "A, avec internat": (5, False), "type inconnu, internat inconnu": (5, False),
    }  # fmt: skip
    assert groups({("A", True): 2, ("A", False): 1}) == {}


def test_places_in_words():
    told = [
        order.place(*row)
        for row in ((1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 2, 3), (1, 2, 3), (2, 3, 3), (None, None, None))
    ]
    assert told == [
        "seul de son groupe", "à égalité avec l'autre", "à égalité avec les 2 autres", "2e place sur 3",
        "entre la 1re et la 2e place sur 3", "entre la 2e et la 3e place sur 3", "non classé",
    ]  # fmt: skip


def book(values, errors, free=30.0, group="A"):
    return pd.DataFrame(
        {"groupe": group, "valeur": values, "erreur": errors, "liberte": free}, index=list("pqrstuvw")[: len(values)]
    )


def test_pairs_by_hand():
    """Errors of 1 / √2: gaps of 5, 3.2 and 1.8 of their own, the surest first; the last, p = 0.036, is over 0.1 / 4."""
    found = order.pairs(book([0.0, 5.0, 3.2], [0.5**0.5] * 3, free=1e9))
    assert found[["premier", "second", "ecart"]].to_numpy().tolist() == [["q", "p", 5.0], ["r", "p", 3.2]]
    assert found["p"].tolist() == pytest.approx([2.8665e-7, 6.8714e-4], rel=1e-3)
    places = order.ranks(book([0.0, 5.0, 3.2], [0.5**0.5] * 3, free=1e9))
    assert places.to_numpy().tolist() == [[3, 3, 0, 2, 3], [1, 2, 1, 0, 3], [1, 2, 1, 0, 3]]
    # Welch: errors of 3 and 4 with 4 and 9 degrees make 625 / (81 / 4 + 256 / 9) = 12.84
    (pair,) = order.pairs(book([20.0, 0.0], [3.0, 4.0], free=[4.0, 9.0])).to_dict("records")
    assert pair["p"] == pytest.approx(student.sf(4, 625 / (81 / 4 + 256 / 9)))


def test_who_has_no_place_takes_none():
    rows = book(
        [9.0, 5.0, 0.0, 1.0, 2.0, np.nan, 3.0],
        [0.1, 0.0, 0.0, -0.1, 0.1, 0.1, 0.1],
        [1e9, 1e9, 1e9, 1e9, 0.0, 9.0, 9.0],
    )
    rows.loc["v", "groupe"] = None
    found = order.ranks(rows)
    assert found["rang_min"].isna().tolist() == [False] * 3 + [True] * 4
    assert found["effectif"].dropna().tolist() == [3] * 3
    exact = order.pairs(
        book([5.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    )  # without any error each difference is one, none is none
    assert exact[["premier", "second"]].to_numpy().tolist() == [["p", "q"], ["p", "r"]]
    apart = order.ranks(book([9.0, 1.0], [0.1, 0.1], group=["A", "B"]))
    assert apart[["rang_min", "rang_max", "effectif"]].to_numpy().tolist() == [[1, 1, 1], [1, 1, 1]]
