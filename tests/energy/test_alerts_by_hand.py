"""Alerts on a few invented meters, worked by hand: dates, kWh, gravity, certainty, money and sentences that are told.

Days scatter by three in a thousand only, so that what is planted comes back nearly whole.
"""

import numpy as np
import pandas as pd
import pytest

from tikub_lab.energy.alerts import Rules, survey, totals
from tikub_lab.errors import UsageError

DAYS = pd.date_range("2025-01-01", "2025-12-31")
BREAKS = {"de Noël": ("2024-12-21", "2025-01-06"), "d'hiver": ("2025-02-08", "2025-02-24"),
          "de printemps": ("2025-04-05", "2025-04-22"), "d'été": ("2025-07-05", "2025-09-01"),
          "de la Toussaint": ("2025-10-18", "2025-11-03"), "suivantes": ("2025-12-20", "2026-01-05")}  # fmt: skip
PRICES = pd.DataFrame(
    {
        "energie": ["gaz", "gaz", "électricité"],
        "annee": [2024, 2025, 2025],
        "euros_kwh": [0.05, 0.1, 0.2],
        "statut": "fictif",
    }
)
FACTORS = pd.DataFrame(
    {"energie": ["gaz"], "usage": ["tous"], "annee": [2021], "gco2e_kwh": [222.0], "pouvoir_calorifique": ["PCI"],
     "statut": ["confirmé"]}
)  # fmt: skip
NO_WORKS = pd.DataFrame({"code_uai": [], "energie": [], "statut": [], "date_fin": pd.to_datetime([])})


def plain(text):
    return text.replace("\u202f", " ").replace("\xa0", " ").replace("’", "'")


def outside(days):
    """A winter at 4 °C, a summer at 18, and 2.5 degrees of scatter."""
    noise = 2.5 * np.random.default_rng(1).normal(size=len(days))
    return np.round(11 - 7 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 20) / 365) + noise, 1)


def calendar(*more, years=(0,)):
    spans = [(f"Vacances {name}", *map(pd.Timestamp, span)) for name, span in BREAKS.items()]
    rows = [(a + pd.DateOffset(years=year), b + pd.DateOffset(years=year), name, "vacances", "B")
            for year in years for name, a, b in spans]  # fmt: skip
    found = pd.DataFrame([*rows, *more], columns=["debut", "fin", "libelle", "nature", "zone"])
    return found.astype({"debut": "datetime64[us]", "fin": "datetime64[us]"})


def within(days, *spans):
    return np.any([(days >= first) & (days < last) for first, last in spans], axis=0)


def scattered(size, seed=2, share=0.003):
    return 1 + share * np.random.default_rng(seed).normal(size=size)


HOLIDAY = within(DAYS, *BREAKS.values())
WEEKEND = (DAYS.day_of_week >= 5) & ~HOLIDAY
COLD = outside(DAYS)
HEAT = 40 * np.maximum(16 - COLD, 0)
USUAL = 150 + HEAT * np.select([HOLIDAY, WEEKEND], [0.4, 0.7], 1.0)
FLAT = np.full(365, 100.0)
WINTER = within(DAYS, BREAKS["d'hiver"])


def days_of(kwh, meter="G1", days=DAYS, **columns):
    rows = {"compteur_id": meter, "debut": days, "fin": days + pd.Timedelta(days=1), "kwh": kwh, "estime": False}
    return pd.DataFrame(rows | {"origine": "relevé"} | columns)


def look(readings, *, free=None, works=NO_WORKS, prices=PRICES, rules=None, weather=None, internat=False, **columns):
    """Look at meters, each of a lycée of its own; the weather is of all days that they have."""
    names = sorted(readings["compteur_id"].unique())
    sites = [f"S{name}" for name in names]
    meters = {"compteur_id": names, "code_uai": sites, "energie": "gaz", "usage": "chauffage", "retrait": pd.NaT}
    days = pd.date_range(readings["debut"].min(), readings["fin"].max(), inclusive="left")
    cold = COLD if len(days) == 365 else outside(days)
    return survey(
        readings,
        pd.DataFrame(meters | columns).astype({"retrait": "datetime64[us]"}),
        pd.DataFrame({"code_uai": sites, "station": "S", "internat": internat}),
        pd.DataFrame({"station": "S", "jour": days, "tmoy": cold}) if weather is None else weather,
        calendar() if free is None else free,
        works, prices, FACTORS, rules,
    )  # fmt: skip


def only(found):
    (row,) = found.alerts.to_dict("records")
    return row


# Heating


def test_heating_in_the_winter_holidays():
    """From the third day on at 95 % of the heating of days of lessons instead of 40 %."""
    extra = np.where(within(DAYS, ("2025-02-10", "2025-02-24")), 0.55 * HEAT, 0)
    row = only(look(days_of((USUAL + extra) * scattered(365))))
    told = {name: row[name] for name in ("code_uai", "compteur_id", "energie", "usage", "nature", "origine", "sens")}
    assert list(told.values()) == ["SG1", "G1", "gaz", "chauffage", "chauffage en vacances", "relevé", "en trop"]
    assert (row["debut"], row["fin"], row["jours"]) == (pd.Timestamp("2025-02-10"), pd.Timestamp("2025-02-24"), 14)
    assert row["kwh"] == pytest.approx(extra.sum(), rel=0.01)
    assert row["bas"] < extra.sum() < row["haut"] < 1.05 * extra.sum()
    assert (row["kwh"] - row["bas"]) == pytest.approx(row["haut"] - row["kwh"])
    assert row["part"] == pytest.approx(extra.sum() / USUAL[extra > 0].sum(), rel=0.03)
    assert row["euros"] == pytest.approx(0.1 * row["kwh"])
    assert row["kgco2e"] == pytest.approx(0.2 * row["kwh"])
    assert (row["prix_statut"], row["facteur_statut"], row["certitude"]) == ("fictif", "confirmé", "établie")
    assert row["gravite"] == "moyenne"  # 3,600 kWh of some 113,000
    assert not row["confirme"]
    assert row["hasard"] < 1e-9
    size, share = f"{round(row['kwh'], -1):,.0f}".replace(",", " "), round(100 * row["part"])
    assert plain(row["phrase"]).startswith(
        "Vacances d'hiver : chauffage presque comme les jours de cours, du 10 au 23 février 2025 ; environ "
        f"{size} kWh de trop (entre "
    )
    assert plain(row["phrase"]).endswith(f"), soit {share} % de plus que d'ordinaire sur ces jours.")
    assert row["geste"].startswith("Vérifier la programmation du chauffage")


def test_holidays_that_are_heated_a_little_more():
    """60 % instead of 40: more than usual, not as on days of lessons."""
    extra = np.where(WINTER, 0.2 * HEAT, 0)
    row = only(look(days_of((USUAL + extra) * scattered(365))))
    assert row["kwh"] == pytest.approx(extra.sum(), rel=0.1)
    assert row["debut"] == pd.Timestamp("2025-02-08")
    assert "d'hiver : chauffage plus fort que d'ordinaire en vacances, du 8 au 23 février" in plain(row["phrase"])


def test_weekends_of_one_term():
    extra = np.where(within(DAYS, ("2025-11-03", "2025-12-20")) & WEEKEND, 0.3 * HEAT, 0)
    row = only(look(days_of((USUAL + extra) * scattered(365))))
    assert (row["nature"], row["gravite"]) == ("chauffage le week-end", "moyenne")
    assert (row["debut"], row["fin"]) == (pd.Timestamp("2025-11-08"), pd.Timestamp("2025-12-15"))
    assert row["kwh"] == pytest.approx(extra.sum(), rel=0.01)
    assert row["part"] == pytest.approx(extra.sum() / USUAL[extra > 0].sum(), rel=0.02)
    assert plain(row["phrase"]).startswith(
        "Week-ends chauffés plus que d'ordinaire, du 8 novembre au 14 décembre 2025 ; environ"
    )
    assert row["geste"].startswith("Vérifier l'horloge")


def test_meters_of_other_uses_do_not_heat():
    extra = np.where(WINTER, 0.55 * HEAT, 0)
    found = look(days_of((USUAL + extra) * scattered(365)), usage="autres")
    assert not found.alerts["nature"].isin(["chauffage en vacances"]).any()
    assert found.habits.empty


def test_two_days_too_few_are_no_holidays():
    """A bridge of four days is nothing that heating would be set back for; five are."""
    for last, told in (("2025-03-14", False), ("2025-03-15", True)):
        span = ("2025-03-10", last)
        rows = calendar((*map(pd.Timestamp, span), "Pont", "vacances", "B"))
        extra = np.where(within(DAYS, span), HEAT, 0)
        low = np.where(within(DAYS, span), 150 + 0.4 * HEAT, USUAL)
        natures = look(days_of((low + extra) * scattered(365)), free=rows).alerts
        assert natures["phrase"].map(plain).str.startswith("Pont : chauffage").any() == told


def test_public_holidays_and_other_zones():
    """11 November 2025, a Tuesday, is a weekend to a clock that knows it; holidays of zone C are not those of B."""
    rows = calendar(
        (pd.Timestamp("2025-11-11"), pd.Timestamp("2025-11-12"), "Armistice", "jour férié", "toutes"),
        (pd.Timestamp("2025-03-08"), pd.Timestamp("2025-03-24"), "Vacances de la zone C", "vacances", "C"),
    )
    public = DAYS == "2025-11-11"
    low = np.where(public, 150 + 0.7 * HEAT, USUAL)
    extra = np.where(within(DAYS, ("2025-11-03", "2025-12-20")) & (WEEKEND | public), 0.3 * HEAT, 0)
    row = only(look(days_of((low + extra) * scattered(365)), free=rows))
    assert row["nature"] == "chauffage le week-end"
    assert row["kwh"] == pytest.approx(extra.sum(), rel=0.01)
    everyone = rows.drop(columns="zone")  # a calendar without zones is taken whole: these holidays are heated
    told = look(days_of(low * scattered(365)), free=everyone).alerts
    assert told["phrase"].str.contains("de la zone C").any()


def test_two_holidays_of_five():
    """Both are told, and the three others say what is usual."""
    heated = within(DAYS, BREAKS["d'hiver"], BREAKS["de printemps"])
    found = look(days_of((USUAL + np.where(heated, 0.55 * HEAT, 0)) * scattered(365))).alerts.sort_values("debut")
    assert found["debut"].tolist() == [pd.Timestamp("2025-02-08"), pd.Timestamp("2025-04-05")]
    own = [np.where(within(DAYS, BREAKS[name]), 0.55 * HEAT, 0).sum() for name in ("d'hiver", "de printemps")]
    assert found["kwh"].tolist() == pytest.approx(own, rel=0.1)


# A base that rises


def test_a_base_that_rises_on_a_day():
    """60 kWh a day more from 4 June on, 211 days."""
    grown = 60.0 * (DAYS >= "2025-06-04")
    row = only(look(days_of((USUAL + grown) * scattered(365))))
    assert (row["nature"], row["debut"], row["fin"]) == (
        "dérive de la base", pd.Timestamp("2025-06-04"), pd.Timestamp("2026-01-01"),
    )  # fmt: skip
    assert (row["jours"], row["gravite"]) == (211, "forte")
    assert row["kwh"] == pytest.approx(60 * 211, rel=0.02)
    assert row["bas"] < 60 * 211 < row["haut"] < 1.1 * 60 * 211
    assert row["part"] == pytest.approx(60 * 211 / USUAL[grown > 0].sum(), rel=0.03)
    text, size = plain(row["phrase"]), row["kwh"] / 211
    assert text.startswith(
        f"Depuis le 4 juin 2025, le lycée consomme en permanence jusqu'à {size:.0f} kWh de plus par jour ; environ"
    )
    assert row["geste"].startswith("Chercher ce qui marche en plus")


@pytest.mark.parametrize("ramp", [30, 60, 120])
def test_a_base_that_rises_slowly(ramp):
    """From 4 June on, to 90 kWh a day in so many days, at a meter that does not heat."""
    grown = 90 * np.clip((np.arange(365) - 154) / ramp, 0, 1)
    row = only(look(days_of((FLAT + grown) * scattered(365)), usage="autres"))
    assert row["nature"] == "dérive de la base"
    assert row["kwh"] == pytest.approx(grown.sum(), rel=0.01)
    assert row["debut"] == pd.Timestamp("2025-06-04")
    assert "jusqu'à 90 kWh de plus par jour" in plain(row["phrase"])


def test_a_rise_in_two_steps_is_one():
    grown = 40.0 * (DAYS >= "2025-04-02") + 50.0 * (DAYS >= "2025-09-03")
    row = only(look(days_of((FLAT + grown) * scattered(365)), usage="autres"))
    assert row["debut"] == pd.Timestamp("2025-04-02")
    assert row["kwh"] == pytest.approx(grown.sum(), rel=0.02)
    assert "jusqu'à 90 kWh de plus par jour" in plain(row["phrase"])


def brute_drift(kwh):
    """The mean and the error of what a rise took, by trying every day and pace on a flat meter, in plain least squares.

    Each candidate weighs exp(-(its squares - the least) / 2 s²); the error is that of the best and how sums scatter.
    """
    size = len(kwh)
    kinds = np.column_stack([np.ones(size), WEEKEND, HOLIDAY]).astype(float)
    found = []
    for ramp in (0, 30, 60, 120):
        for day in range(28, 338, 7):
            if day + ramp // 2 > 337:
                continue
            since = np.arange(size) - day
            shape = (since >= 0).astype(float) if ramp == 0 else np.clip(since / ramp, 0, 1)
            matrix = np.column_stack([kinds, shape])
            fitted, *_ = np.linalg.lstsq(matrix, kwh, rcond=None)
            rest = kwh - matrix @ fitted
            error = np.sqrt(np.linalg.inv(matrix.T @ matrix)[3, 3])
            found.append((rest @ rest, fitted[3] * shape.sum(), error * shape.sum(), fitted[3]))
    squares, sums, errors, sizes = np.array(found).T
    noise = squares.min() / (size - 4)
    odds = np.where(sizes > 0, np.exp(-(squares - squares.min()) / (2 * noise)), 0)
    odds = np.where(odds / odds.sum() > 1e-3, odds, 0)
    odds /= odds.sum()
    mean = odds @ sums
    within_one = np.sqrt(noise) * errors[squares.argmin()]
    return mean, np.sqrt(odds @ (sums - mean) ** 2), within_one


@pytest.mark.parametrize("seed", [3, 4])
def test_days_of_change_are_averaged_by_how_likely_they_are(seed):
    """A rise to 6 kWh a day within two months, under a scatter of 5: many days and paces would do as well."""
    noise = 5 * np.random.default_rng(seed).normal(size=365)
    kwh = 100 + noise + 6 * np.clip((np.arange(365) - 270) / 60, 0, 1)
    row = only(look(days_of(kwh), usage="autres"))
    mean, between, inside = brute_drift(kwh)
    assert between > 0.8 * inside
    assert row["kwh"] == pytest.approx(mean, rel=0.03)
    assert (row["haut"] - row["kwh"]) / 1.6449 == pytest.approx(np.hypot(between, inside), rel=0.03)


def test_works_explain_what_changes_with_them():
    """Works that end within 45 days of the change, of the meter's lycée and energy, and done: then it is theirs."""
    grown = 60.0 * (DAYS >= "2025-06-04")
    readings = days_of((USUAL + grown) * scattered(365))
    for uai, energy, state, day, told in (
        ("SG1", "gaz", "réalisé", "2025-06-04", False),
        ("SG1", None, "réalisé", "2025-06-10", False),
        ("SG1", "électricité", "réalisé", "2025-06-04", True),
        ("SG1", "gaz", "proposé", "2025-06-04", True),
        ("SX", "gaz", "réalisé", "2025-06-04", True),
        ("SG1", "gaz", "réalisé", None, True),
        ("SG1", "gaz", "réalisé", "2025-12-20", True),
    ):
        works = pd.DataFrame(
            {"code_uai": [uai], "energie": [energy], "statut": [state], "date_fin": pd.to_datetime([day])}
        )
        assert len(look(readings, works=works).alerts) == told, (uai, energy, state, day)


def test_what_is_too_little_is_not_told():
    """A rise of a flat meter: 3 % of what these days would use is where an excess begins to be told."""
    for size, told in ((2.8, 0), (3.2, 1)):
        found = look(days_of((FLAT + size * (DAYS >= "2025-06-04")) * scattered(365)), usage="autres")
        assert len(found.alerts) == told
    readings = days_of((FLAT + 4 * (DAYS >= "2025-06-04")) * scattered(365))
    assert [len(look(readings, usage="autres", rules=Rules(worth=worth)).alerts) for worth in (0.03, 0.05)] == [1, 0]


# Meters that do not measure


@pytest.mark.parametrize(("count", "gravity"), [(3, "faible"), (5, "moyenne"), (16, "moyenne"), (19, "forte")])
def test_the_gravity_of_zeros(count, gravity):
    """Of a flat meter of 100 kWh a day: 3 days and 362 are 0.8 %, 5 and 360 1.4, 16 and 349 4.6, 19 and 346 5.5 %."""
    out = within(DAYS, ("2025-03-10", pd.Timestamp("2025-03-10") + pd.Timedelta(days=count)))
    row = only(look(days_of(np.where(out, 0, FLAT * scattered(365))), usage="autres", energie="électricité"))
    last, size = 9 + count, f"{100 * count:,}".replace(",", " ")
    assert (row["nature"], row["sens"], row["gravite"], row["jours"]) == (
        "compteur en panne",
        "non mesuré",
        gravity,
        count,
    )
    assert row["kwh"] == pytest.approx(100 * count, rel=0.003)
    assert row["part"] == pytest.approx(1)
    assert row["euros"] == pytest.approx(0.2 * row["kwh"])
    assert np.isnan(row["kgco2e"])  # no factor of electricity is known here
    assert (row["haut"] - row["kwh"]) == pytest.approx(1.6449 * 0.3 * np.sqrt(count * (1 + count / 200)), rel=0.15)
    assert plain(row["phrase"]).startswith(
        f"Compteur à zéro du 10 au {last} mars 2025, alors que le lycée consommait d'ordinaire ces jours-là ; "
        f"consommation probable de la période : {size} kWh (entre "
    )
    assert row["geste"].startswith("Faire contrôler le compteur")


def test_a_value_that_repeats_is_a_meter_that_is_stuck_or_an_estimate():
    """It repeats the use of the first day, which was read; an estimate is the mean of them all."""
    read = np.round((USUAL * scattered(365)), 2)
    out = within(DAYS, ("2025-03-10", "2025-04-01"))
    first = int(np.flatnonzero(out)[0])
    stuck = only(look(days_of(np.where(out, read[first - 1], read))))
    assert (stuck["nature"], stuck["debut"], stuck["fin"]) == (
        "compteur en panne", pd.Timestamp("2025-03-10"), pd.Timestamp("2025-04-01"),
    )  # fmt: skip
    assert stuck["kwh"] == pytest.approx(USUAL[out].sum(), rel=0.01)
    assert plain(stuck["phrase"]).startswith("Compteur bloqué sur une même valeur du 10 au 31 mars 2025 ; consommation")
    spread = only(look(days_of(np.where(out, np.round(read[out].mean(), 2), read))))
    assert (spread["nature"], spread["debut"], spread["jours"]) == ("relevés estimés", pd.Timestamp("2025-03-10"), 22)
    assert plain(spread["phrase"]).startswith(
        "Relevés tous égaux du 10 au 31 mars 2025 : ils sont sans doute estimés ;"
    )
    assert spread["geste"].startswith("Relever l'index sur place")


def test_values_of_the_week_before_flags_and_gaps():
    read = np.round((USUAL * scattered(365)), 2)
    out = within(DAYS, ("2025-03-10", "2025-04-01"))
    copied = read.copy()
    for place in np.flatnonzero(out):
        copied[place] = copied[place - 7]
    copy = only(look(days_of(copied)))
    assert (copy["nature"], copy["debut"], copy["jours"]) == ("relevés estimés", pd.Timestamp("2025-03-10"), 22)
    assert plain(copy["phrase"]).startswith(
        "Relevés du 10 au 31 mars 2025 identiques à ceux de la semaine précédente : ils sont sans doute estimés ;"
    )
    said = only(look(days_of(read, estime=out)))
    assert (said["nature"], said["certitude"], said["jours"]) == ("relevés estimés", "établie", 22)
    assert plain(said["phrase"]).startswith(
        "Relevés estimés du 10 au 31 mars 2025 ; consommation probable de la période :"
    )
    gap = only(look(days_of(read)[~out]))
    assert (gap["nature"], gap["certitude"], gap["jours"]) == ("relevés manquants", "établie", 22)
    assert np.isnan(gap["hasard"])
    assert gap["kwh"] == pytest.approx(USUAL[out].sum(), rel=0.003)
    assert plain(gap["phrase"]).startswith(
        "Relevés manquants du 10 au 31 mars 2025 ; consommation probable de la période :"
    )
    assert gap["geste"].startswith("Demander les valeurs manquantes")


def test_two_missing_days_and_six_copies_are_too_few():
    read = np.round((USUAL * scattered(365)), 2)
    for count, told in ((2, 0), (3, 1)):
        out = within(DAYS, ("2025-03-10", pd.Timestamp("2025-03-10") + pd.Timedelta(days=count)))
        assert len(look(days_of(read)[~out]).alerts) == told
        assert len(look(days_of(read, estime=out)).alerts) == told
    for count, told in ((6, 0), (7, 1)):
        copied = read.copy()
        copied[70 : 70 + count] = copied[63 : 63 + count]
        assert len(look(days_of(copied)).alerts) == told


def test_a_meter_that_stops_before_the_others():
    """A week without readings at the end is missed, less is not; nor is what was removed."""
    read = np.round(FLAT * scattered(365), 2)
    for last, removed, told in (
        ("2025-12-25", None, 0),
        ("2025-12-24", None, 1),
        ("2025-11-30", None, 1),
        ("2025-11-30", "2025-12-01", 0),
    ):
        both = pd.concat([days_of(read), days_of(read * 1.01, "G2").query("debut <= @last")])
        found = look(both, usage="autres", retrait=[pd.NaT, pd.Timestamp(removed) if removed else pd.NaT]).alerts
        assert len(found) == told
        if told:
            (row,) = found.to_dict("records")
            first = pd.Timestamp(last) + pd.Timedelta(days=1)
            assert (row["compteur_id"], row["nature"], row["debut"]) == ("G2", "relevés manquants", first)
            assert (row["fin"], row["kwh"]) == (
                pd.Timestamp("2026-01-01"),
                pytest.approx(101 * row["jours"], rel=0.005),
            )


def test_a_year_that_goes_through_two_prices():
    """Twenty days of 2024 at 5 c and ten of 2025 at 10 c; before 2024 no price is known, so the alert has none."""
    days = pd.date_range("2024-07-01", "2025-06-30")
    read = np.round(100 * scattered(365), 2)
    out = within(days, ("2024-12-12", "2025-01-11"))
    row = only(look(days_of(read, days=days)[~out], usage="autres"))
    assert row["euros"] == pytest.approx(2000 * 0.05 + 1000 * 0.1, rel=0.005)
    assert plain(row["phrase"]).startswith("Relevés manquants du 12 décembre 2024 au 10 janvier 2025 ;")
    late = look(days_of(read, days=days)[~out], usage="autres", prices=PRICES[1:])
    assert np.isnan(only(late)["euros"])
    (sums,) = totals(late.alerts).to_dict("records")
    assert [sums[name] for name in ("nombre", "sites", "sans_kwh", "sans_euros", "sans_kgco2e")] == [1, 1, 0, 1, 0]
    assert (sums["kwh"], sums["kgco2e"]) == (pytest.approx(3000, rel=0.01), pytest.approx(600, rel=0.01))
    assert np.isnan(sums["euros"])


def test_totals_by_hand():
    table = pd.DataFrame(
        [("A", "panne", 10.0, 1.0, 2.0), ("A", "panne", 20.0, np.nan, 3.0), ("B", "panne", np.nan, np.nan, np.nan),
         ("B", "dérive", 5.0, 4.0, np.nan)],
        columns=["code_uai", "nature", "kwh", "euros", "kgco2e"],
    ).assign(sens="s")  # fmt: skip
    found = totals(table)
    assert found.columns.tolist() == [
        "nature", "sens", "nombre", "sites", "kwh", "euros", "kgco2e", "sans_kwh", "sans_euros", "sans_kgco2e",
    ]  # fmt: skip
    rows = found.replace({np.nan: None}).to_numpy().tolist()
    assert rows == [["dérive", "s", 1, 1, 5.0, 4.0, None, 0, 0, 1], ["panne", "s", 3, 2, 30.0, 1.0, 5.0, 1, 2, 1]]


def test_alerts_come_with_the_dearest_first():
    read = np.round(FLAT * scattered(365), 2)
    parts = []
    for name, count in (("A", 4), ("B", 9), ("C", 4)):
        out = within(DAYS, ("2025-03-10", pd.Timestamp("2025-03-10") + pd.Timedelta(days=count)))
        parts.append(days_of(read, name)[~out])
    found = look(pd.concat(parts), usage="autres", energie=["gaz", "gaz", "bois"]).alerts
    assert found["compteur_id"].tolist() == ["B", "A", "C"]  # wood has no price
    assert found["euros"].isna().tolist() == [False, False, True]
    table = look(pd.concat(parts), usage="autres").alerts
    assert table["compteur_id"].tolist() == ["B", "A", "C"]  # of equal ones, by name


def test_what_was_examined():
    """A meter with too few days has no model, and its faults no kWh; one without a station either."""
    few = days_of(np.round(FLAT * scattered(365), 2), "F")[:23]
    found = look(
        pd.concat([days_of(np.where(np.arange(365) < 5, 0, FLAT * scattered(365))), few.drop(index=[9, 10, 11])])
    )
    rows = found.examined.set_index("compteur_id")
    assert rows.loc["F", ["releves", "modele", "calendrier"]].tolist() == [21, False, False]
    assert rows.loc["F", "motif"] == "Trop peu de relevés connus, ou températures absentes."
    assert rows.loc["G1", ["releves", "modele", "calendrier", "debut", "fin"]].tolist() == [
        365, True, True, pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"),
    ]  # fmt: skip
    told = found.alerts[found.alerts["compteur_id"] == "F"].to_dict("records")
    texts = [plain(row["phrase"]) for row in told]
    assert any(
        text.startswith(
            "Relevés manquants du 10 au 12 janvier 2025 ; la consommation de ces jours ne peut être estimée."
        )
        for text in texts
    )
    assert all(np.isnan(row["kwh"]) and pd.isna(row["gravite"]) for row in told)


def test_the_message_of_readings_that_overlap():
    twice = pd.concat([days_of(FLAT), days_of(FLAT)[41:42]])
    with pytest.raises(UsageError, match=r"Readings of 'G1' \(relevé\): those of 2025-02-11 overlap"):
        look(twice)
    with pytest.raises(UsageError, match="meter 'G1' is not in the table of meters"):
        look(days_of(FLAT), compteur_id=["other"])


def test_a_run_that_could_be_chance():
    """Three equal values on a Friday, Saturday and Sunday, the first of them read: two pairs of 364 are the same.

    Of the 120 other pairs that are within sixty readings none is, so that two in a row are there 364 / 122² = 0.024
    times by chance: under 0.1 / 4 a lycée and year, but above the thousandth that is established. Of a lycée with two
    meters half as many are accepted; four equal values are beyond doubt.
    """
    read = np.round((USUAL * scattered(365)), 2)
    friday = int(np.flatnonzero(DAYS == "2025-03-14")[0])
    read[friday + 1 : friday + 3] = read[friday]
    row = only(look(days_of(read)))
    assert (row["nature"], row["debut"], row["fin"]) == (
        "compteur en panne", pd.Timestamp("2025-03-15"), pd.Timestamp("2025-03-17"),
    )  # fmt: skip
    assert row["hasard"] == pytest.approx(364 / 122**2)
    assert (row["certitude"], row["gravite"]) == ("probable", "faible")
    both = pd.concat([days_of(read), days_of(np.round(USUAL * scattered(365, 8), 2), "G2")])
    assert len(look(both).alerts) == 1
    assert look(both, code_uai="SG1").alerts.empty
    read[friday + 3] = read[friday]
    row = only(look(days_of(read)))
    assert (row["hasard"], row["certitude"]) == (pytest.approx(364 / 123**3, rel=0.03), "établie")


def test_what_is_equal_to_both_stories_is_to_be_confirmed():
    """A flat meter that shows its mean for five days: who repeats a day or spreads a sum would do the same."""
    read = np.round(FLAT * scattered(365), 2)
    read[68:73] = 100.0
    row = only(look(days_of(read), usage="autres"))
    assert (row["nature"], row["autre"], row["certitude"]) == ("relevés estimés", "compteur en panne", "à confirmer")


def test_faults_at_once_are_told_once():
    read = np.round((USUAL * scattered(365)), 2)
    out = within(DAYS, ("2025-03-10", "2025-04-01"))
    row = only(look(days_of(np.where(out, read[70], read), estime=out)))
    assert plain(row["phrase"]).startswith("Relevés estimés du 10 au 31 mars 2025 ;")
    assert row["certitude"] == "établie"


def test_what_a_meter_would_have_shown_has_its_rise_in_it():
    """60 kWh a day more from 4 June on, and a meter that stands still in October: 22 times 60 are missing too."""
    grown = 60.0 * (DAYS >= "2025-06-04")
    out = within(DAYS, ("2025-10-06", "2025-10-28"))
    read = np.where(out, 0, (USUAL + grown) * scattered(365, share=0.03))
    found = look(days_of(read)).alerts.set_index("nature")
    assert found.loc["compteur en panne", "kwh"] == pytest.approx((USUAL + grown)[out].sum(), rel=0.02)
    assert found.loc["dérive de la base", "kwh"] == pytest.approx(60 * 211, rel=0.08)


def test_without_temperatures_nothing_is_told_of_what_was_used():
    read = np.where(within(DAYS, ("2025-03-10", "2025-04-01")), 0, USUAL * scattered(365))
    cold = pd.DataFrame({"station": "S", "jour": DAYS, "tmoy": COLD}).drop(index=range(75, 80))
    row = only(look(days_of(read), weather=cold))
    assert np.isnan([row["kwh"], row["euros"], row["part"]]).all()
    assert pd.isna(row["gravite"])
    assert plain(row["phrase"]).endswith(" ; la consommation de ces jours ne peut être estimée.")


@pytest.mark.parametrize(("first", "last"), [("2025-02-08", "2025-02-16"), ("2025-02-12", "2025-02-20")])
def test_the_days_of_holidays_that_were_heated(first, last):
    extra = np.where(within(DAYS, (first, last)), 0.55 * HEAT, 0)
    row = only(look(days_of((USUAL + extra) * scattered(365, share=0.03))))
    assert (row["debut"], row["fin"]) == (pd.Timestamp(first), pd.Timestamp(last))
    assert row["kwh"] == pytest.approx(extra.sum(), rel=0.06)


def test_what_is_accepted_of_false_alerts():
    """Benjamini and Hochberg's bound for one alert among so many meters: all may drift, only some may heat."""
    grown = 3.5 * (DAYS >= "2025-06-04")
    quiet = [days_of(np.round(FLAT * scattered(365, seed), 2), f"Q{seed}") for seed in (3, 4)]
    extra = np.where(WINTER, 0.06 * HEAT, 0)
    for own, usage, meters in (
        (days_of(np.round((FLAT + grown) * scattered(365, share=0.03), 2)), "autres", 3),
        (days_of((USUAL + extra) * scattered(365, share=0.02)), ["chauffage", "autres", "autres"], 1),
    ):
        readings = pd.concat([own, *quiet])
        row = only(look(readings, usage=usage, rules=Rules(worth=0, fdr=0.5)))
        edge = row["hasard"] * meters
        assert 0 < edge < 0.4
        assert len(look(readings, usage=usage, rules=Rules(worth=0, fdr=1.01 * edge)).alerts) == 1
        assert look(readings, usage=usage, rules=Rules(worth=0, fdr=0.99 * edge)).alerts.empty


def test_the_rules_are_those_that_the_page_tells(root):
    page = (root / "notebooks" / "energy_alerts.ipynb").read_text(encoding="utf-8")
    assert "au plus 5 % de fausses" in page
    assert "10 % parmi celles des factures" in page
    rules = Rules()
    assert (rules.fdr, rules.fdr_bills, rules.chance, rules.worth, rules.zone, rules.years) == (
        0.05,
        0.1,
        0.1,
        0.03,
        "B",
        3,
    )


def test_a_season_that_all_meters_have_is_nobodys_fault():
    """Twenty meters with a wave that no model knows: t statistics scatter by more than their due, and less is told."""
    wave = 1 + 0.04 * np.cos(2 * np.pi * np.arange(365) / 365)
    parts = [days_of(np.round(FLAT * wave * scattered(365, seed, 0.03), 2), f"M{seed:02}") for seed in range(20)]
    found = look(pd.concat(parts), usage="autres")
    assert found.inflation["relevé"] > 2
    assert found.inflation["facture"] == 1
    few = look(pd.concat(parts[:19]), usage="autres")
    assert few.inflation["relevé"] == 1
    assert len(few.alerts) > len(found.alerts)


# Habits


def test_lycees_that_always_heat_on_weekends():
    """Six lycées alike; one heats on weekends as on days of lessons: 30 % of their heat beyond the median's 70 %."""
    parts = [days_of(USUAL * scattered(365, seed), f"M{seed}") for seed in range(5)]
    always = np.where(WEEKEND, 150 + HEAT, USUAL)
    found = look(pd.concat([*parts, days_of(always * scattered(365, 9), "M9")]))
    assert found.alerts.empty
    (row,) = found.habits.to_dict("records")
    assert (row["compteur_id"], row["nature"]) == ("M9", "chauffage habituel le week-end")
    assert row["kwh"] == pytest.approx(0.3 * HEAT[WEEKEND].sum(), rel=0.02)
    assert row["euros"] == pytest.approx(0.1 * row["kwh"])
    assert row["part"] == pytest.approx(0.3, rel=0.02)
    assert (row["debut"], row["fin"]) == (pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"))
    size = f"{round(row['kwh'], -1):,.0f}".replace(",", " ")
    assert plain(row["phrase"]) == (
        f"Toute l'année, le chauffage le week-end vaut 100 % de celui des jours de cours ; {size} kWh par an de plus "
        "que la médiane des lycées comparables. C'est un fonctionnement habituel, non une panne."
    )
    four = look(pd.concat([*parts[:3], days_of(always * scattered(365, 9), "M9")]))
    assert four.habits["kwh"].isna().tolist() == [True]  # with itself four, too few to tell what is usual


def test_boarding_schools_are_held_against_boarding_schools():
    """Six of each; those with boarders heat at 85 % on weekends, and the one that always heats is one of them."""
    parts = [days_of(USUAL * scattered(365, seed), f"D{seed}") for seed in range(6)]
    board = np.where(WEEKEND, 150 + 0.85 * HEAT, USUAL)
    parts += [days_of(board * scattered(365, 20 + seed), f"I{seed}") for seed in range(5)]
    parts.append(days_of(np.where(WEEKEND, 150 + HEAT, USUAL) * scattered(365, 9), "I9"))
    (row,) = look(pd.concat(parts), internat=[False] * 6 + [True] * 6).habits.to_dict("records")
    assert row["compteur_id"] == "I9"
    assert row["kwh"] == pytest.approx(0.15 * HEAT[WEEKEND].sum(), rel=0.05)


def test_lycees_that_always_heat_in_holidays():
    parts = [days_of(USUAL * scattered(365, seed), f"M{seed}") for seed in range(5)]
    always = np.where(HOLIDAY, 150 + 0.98 * HEAT, USUAL)
    nearly = np.where(HOLIDAY, 150 + 0.85 * HEAT, USUAL)  # nine tenths are asked for
    found = look(
        pd.concat([*parts, days_of(always * scattered(365, 9), "M9"), days_of(nearly * scattered(365, 8), "M8")])
    )
    (row,) = found.habits.to_dict("records")
    assert (row["compteur_id"], row["nature"]) == ("M9", "chauffage habituel en vacances")
    assert row["kwh"] == pytest.approx(0.58 * HEAT[HOLIDAY].sum(), rel=0.03)
    assert "le chauffage en vacances vaut 98 % de celui des jours de cours" in plain(row["phrase"])
    assert row["geste"].startswith("Voir avec le lycée si toutes les zones")


# Bills


LONG = pd.date_range("2022-01-01", "2025-12-31")
FREE = calendar(years=range(-3, 1))
LONG_HOLIDAY = within(LONG, *FREE[["debut", "fin"]].itertuples(index=False))
LONG_HEAT = 40 * np.maximum(16 - outside(LONG), 0)
LONG_USUAL = 150 + LONG_HEAT * np.select([LONG_HOLIDAY, (LONG.day_of_week >= 5) & ~LONG_HOLIDAY], [0.4, 0.7], 1.0)


def bills_of(kwh=LONG_USUAL, meter="G1", share=0.01):
    months = pd.Series(kwh, index=LONG).resample("MS").sum()
    rows = {"compteur_id": meter, "debut": months.index, "fin": months.index + pd.offsets.MonthBegin(), "estime": False}
    return pd.DataFrame(rows | {"kwh": months.to_numpy() * scattered(48, 5, share), "origine": "facture"})


def months(bills, *names):
    return bills.index[bills["debut"].dt.strftime("%Y-%m").isin(names)]


def told_of(bills, **columns):
    return look(bills, free=FREE, **columns)


def test_bills_of_four_years_without_a_fault():
    found = told_of(bills_of())
    assert found.alerts.empty
    (row,) = found.examined.to_dict("records")
    assert (row["origine"], row["releves"], row["modele"], row["calendrier"]) == ("facture", 48, True, True)


def test_two_estimated_bills_and_the_next_that_mends_them_or_not():
    """February and March of 2025 are billed 30 % too low; April makes up for it, or is what it would be anyway."""
    bills = bills_of()
    at = months(bills, "2025-02", "2025-03")
    true = bills.loc[at, "kwh"].sum()
    bills.loc[at, "estime"] = True
    bills.loc[at, "kwh"] *= 0.7
    mended = bills.copy()
    mended.loc[at[-1] + 1, "kwh"] += 0.3 * true
    row = only(told_of(mended))
    assert (row["nature"], row["sens"], row["certitude"]) == ("relevés estimés", "non mesuré", "établie")
    assert (row["debut"], row["fin"]) == (pd.Timestamp("2025-02-01"), pd.Timestamp("2025-04-01"))
    assert row["kwh"] == pytest.approx(true, rel=0.01)
    assert row["bas"] < true < row["haut"] < 1.03 * true
    assert row["euros"] == pytest.approx(0.1 * row["kwh"])
    assert plain(row["phrase"]).startswith("Factures estimées du 1er février au 31 mars 2025 ; consommation probable")
    lost = only(told_of(bills))
    assert (lost["nature"], pd.isna(lost["autre"])) == ("compteur en panne", True)
    assert lost["kwh"] == pytest.approx(true, rel=0.01)
    assert plain(lost["phrase"]).startswith(
        "Consommation facturée sur estimation du 1er février au 31 mars 2025, sans régularisation par la facture "
        "suivante ; consommation probable de la période :"
    )


def test_estimates_among_the_first_and_the_last_bills():
    """The first two of all, which the third mends; the last two, which nothing can have mended yet."""
    bills = bills_of()
    for names in (("2022-01", "2022-02"), ("2025-11", "2025-12")):
        at = months(bills, *names)
        flagged = bills.assign(estime=bills.index.isin(at))
        row = only(told_of(flagged))
        assert (row["nature"], row["debut"]) == ("relevés estimés", bills.loc[at[0], "debut"])
        assert row["kwh"] == pytest.approx(bills.loc[at, "kwh"].sum(), rel=0.03)


def test_one_estimated_bill():
    """Business as usual, unless it is far off and nothing makes up for it."""
    bills = bills_of()
    at = months(bills, "2025-05")
    true = bills.loc[at, "kwh"].item()
    bills.loc[at, "estime"] = True
    assert told_of(bills).alerts.empty
    bills.loc[at, "kwh"] = 0.4 * true
    row = only(told_of(bills))
    assert (row["nature"], row["debut"], row["fin"]) == (
        "compteur en panne", pd.Timestamp("2025-05-01"), pd.Timestamp("2025-06-01"),
    )  # fmt: skip
    assert row["kwh"] == pytest.approx(true, rel=0.02)
    bills.loc[at + 1, "kwh"] += 0.6 * true
    assert told_of(bills).alerts.empty


@pytest.mark.parametrize(("others", "told"), [(2, 1), (3, 0)])
def test_estimates_where_many_are(others, told):
    """Two in a row and two lone ones: 12 × (4 / 50)² = 0.08 such pairs a year by chance; and three: 0.12, over 0.1."""
    bills = bills_of()
    at = months(bills, "2025-02", "2025-03", *("2022-05", "2023-05", "2024-05")[:others])
    bills.loc[at, "estime"] = True
    assert len(told_of(bills).alerts) == told


def test_a_bill_that_is_missing_and_bills_that_stop():
    bills = bills_of()
    at = months(bills, "2025-06")
    row = only(told_of(bills.drop(index=at)))
    assert (row["nature"], row["certitude"], row["jours"]) == ("relevés manquants", "établie", 30)
    assert row["kwh"] == pytest.approx(bills.loc[at, "kwh"].item(), rel=0.02)
    assert plain(row["phrase"]).startswith(
        "Aucune facture du 1er au 30 juin 2025 ; consommation probable de la période :"
    )
    for last, told in ((-1, 0), (-2, 1)):  # December alone may be late: 31 days, and 45 are waited for
        both = pd.concat([bills, bills_of(1.1 * LONG_USUAL, "G2")[:last]])
        found = told_of(both).alerts
        assert len(found) == told
        if told:
            (row,) = found.to_dict("records")
            assert (row["compteur_id"], row["debut"], row["fin"]) == (
                "G2", pd.Timestamp("2025-11-01"), pd.Timestamp("2026-01-01"),
            )  # fmt: skip


def test_three_bills_that_repeat_those_of_the_year_before():
    bills = bills_of()
    at = months(bills, "2025-03", "2025-04", "2025-05")
    true = bills.loc[at, "kwh"].sum()
    bills.loc[at, "kwh"] = bills.loc[at - 12, "kwh"].to_numpy()
    row = only(told_of(bills))
    assert (row["debut"], row["fin"], row["sens"]) == (
        pd.Timestamp("2025-03-01"),
        pd.Timestamp("2025-06-01"),
        "non mesuré",
    )
    assert row["kwh"] == pytest.approx(true, rel=0.02)


def test_a_base_that_rises_between_bills():
    """50 kWh a day more from March on: 306 days."""
    row = only(told_of(bills_of(LONG_USUAL + 50 * (LONG >= "2025-03-01"))))
    assert (row["nature"], row["origine"], row["gravite"]) == ("dérive de la base", "facture", "forte")
    assert row["kwh"] == pytest.approx(50 * 306, rel=0.05)
    assert row["bas"] < 50 * 306 < row["haut"]
    assert abs(row["debut"] - pd.Timestamp("2025-03-01")) <= pd.Timedelta(days=10)
    assert told_of(bills_of(LONG_USUAL + 50 * (LONG >= "2023-03-01"))).alerts.empty  # what is old is usual


def test_holidays_on_bills():
    extra = np.where(within(LONG, BREAKS["d'hiver"]), 0.6 * LONG_HEAT, 0)
    row = only(told_of(bills_of(LONG_USUAL + extra)))
    assert (row["nature"], row["debut"], row["fin"]) == (
        "chauffage en vacances", pd.Timestamp("2025-02-08"), pd.Timestamp("2025-02-24"),
    )  # fmt: skip
    assert "Vacances d'hiver" in plain(row["phrase"])


def test_days_and_bills_that_show_the_same_are_told_once():
    """Of four years of bills and one of days, both with a rise from 4 June 2025 on: the days' alert, confirmed."""
    grown = 60.0 * (LONG >= "2025-06-04")
    bills = bills_of(LONG_USUAL + grown)
    days = days_of((LONG_USUAL + grown)[-365:] * scattered(365))
    row = only(told_of(pd.concat([days, bills])))
    assert (row["origine"], row["confirme"], row["certitude"]) == ("relevé", True, "établie")
    assert row["kwh"] == pytest.approx(60 * 211, rel=0.02)
    quiet = days_of(LONG_USUAL[-365:] * scattered(365))
    row = only(told_of(pd.concat([quiet, bills])))
    assert (row["origine"], row["confirme"]) == ("facture", False)


@pytest.mark.parametrize(("month", "kinds"), [("2025-03", 1), ("2025-10", 2)])
def test_days_that_are_estimated_and_a_bill_that_nothing_mends(month, kinds):
    """Of the same weeks they are one alert, whatever each calls it: the days' one, confirmed. Of others, two."""
    read = np.round(LONG_USUAL[-365:] * scattered(365), 2)
    out = within(DAYS, ("2025-03-03", "2025-03-29"))
    bills = bills_of()
    at = months(bills, month)
    bills.loc[at, "estime"] = True
    bills.loc[at, "kwh"] *= 0.4
    found = told_of(pd.concat([days_of(read, estime=out), bills])).alerts.sort_values("debut")
    first, *other = found[["nature", "origine", "confirme", "debut"]].to_numpy().tolist()
    assert first == ["relevés estimés", "relevé", kinds == 1, pd.Timestamp("2025-03-03")]
    late = ["compteur en panne", "facture", False, pd.Timestamp("2025-10-01")]
    assert other == [late][: kinds - 1]
