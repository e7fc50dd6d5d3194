"""Alerts: graded on planted faults, worked by hand, and the same whatever the order, the unit or the year."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.make.energy import sample
from tikub_lab.energy.alerts.grid import Grid, drifts, shape
from tikub_lab.energy.alerts.model import chance, explain
from tikub_lab.energy.alerts.report import Rules, inflation, survey, totals
from tikub_lab.errors import UsageError

TABLES = ("readings", "meters", "sites", "weather", "calendar", "works", "prices", "factors")
PLANTED = ("chauffage en vacances", "dérive de la base", "compteur en panne", "relevés estimés")
UNMEASURED = ("compteur en panne", "relevés estimés")


def looked_at(tables, origin, rules=None):
    return survey(*(tables[f"energy/{name}"] for name in TABLES), rules=rules, origins=(origin,))


def grade(tables, origin, found):
    """Match alerts with truths: the right meter, the right kind, and a day in common.

    On days, truths are those of meters read daily in 2025. On bills, those that change bills: days estimated without
    saying so do not. Bills of a broken meter are estimated, and often no bill tells more than that: there, « compteur
    en panne » and « relevés estimés » count as one kind.
    """
    truths = tables["energy/truths"]
    truths = truths[truths["nature"].isin(PLANTED)]
    daily = truths["compteur_id"].map(tables["energy/meters"].set_index("compteur_id")["pas"]) == "journalier"
    of_days = truths["debut"] >= "2025-01-01"
    estimated = truths["nature"] == "relevés estimés"
    truths = truths[daily & of_days] if origin == "relevé" else truths[~(estimated & of_days)]

    def kind(nature):
        return "mesure" if origin == "facture" and nature in UNMEASURED else nature

    pairs, used = [], set()
    for truth in truths.itertuples():
        same = found[
            (found["compteur_id"] == truth.compteur_id)
            & (found["nature"].map(kind) == kind(truth.nature))
            & (found["debut"] < truth.fin)
            & (found["fin"] > truth.debut)
        ]
        used |= set(same.index)
        kwh = same["kwh"].iloc[0] if len(same) else np.nan
        pairs.append((truth.nature, truth.compteur_id, truth.valeur, len(same) > 0, kwh))
    pairs = pd.DataFrame(pairs, columns=["nature", "compteur_id", "valeur", "trouve", "kwh"])
    return pairs, found[~found.index.isin(used)]


# Planted faults: choices were made on the shipped sample and seeds below 40; 41 and 42 only report


@pytest.fixture(scope="module")
def graded(request, energy_tables):
    """What is found in the shipped tables and in those of another seed; with --proof, of two."""
    seeds = (41, 42) if request.config.getoption("--proof") else (41,)
    found = {}
    for name, tables in (("shipped", energy_tables), *((f"seed {seed}", sample(0.05, seed)) for seed in seeds)):
        for origin in ("relevé", "facture"):
            result = looked_at(tables, origin)
            pairs, false = grade(tables, origin, result.alerts)
            found[name, origin] = (pairs, false, len(tables["energy/sites"]), result)
    return found


@pytest.mark.parametrize("origin", ["relevé", "facture"])
def test_planted_faults_are_found_and_few_others(graded, origin):
    every = pd.concat([pairs for (_, own), (pairs, *_) in graded.items() if own == origin])
    recall = every.groupby("nature")["trouve"].agg(["sum", "count"])
    print(origin, recall.to_dict("index"))
    assert every["trouve"].mean() >= 0.9
    missed = recall["count"] - recall["sum"]
    assert (missed <= np.maximum(0.1 * recall["count"], 1)).all()  # of few, one may be missed
    for (name, own), (_, false, sites, _) in graded.items():
        if own == origin:
            print(name, origin, f"{len(false)} false alerts at {sites} sites in a year")
            assert len(false) <= 0.15 * sites  # asked for: one a site and year


def test_kwh_found_are_those_planted(graded):
    for origin, nature, most in (
        ("relevé", "chauffage en vacances", 0.10),
        ("relevé", "compteur en panne", 0.04),
        ("relevé", "relevés estimés", 0.04),
        ("relevé", "dérive de la base", 0.20),
        ("facture", "chauffage en vacances", 0.12),
        ("facture", "dérive de la base", 0.12),
    ):
        pairs = pd.concat([each for (_, own), (each, *_) in graded.items() if own == origin])
        pairs = pairs[(pairs["nature"] == nature) & pairs["trouve"]]
        off = (pairs["kwh"] / pairs["valeur"] - 1).abs()
        print(origin, nature, f"median error {off.median():.3f} of {len(off)}")
        assert off.median() < most


def test_table_holds_together(graded):
    table = graded["shipped", "relevé"][3].alerts
    assert (table["bas"] <= table["kwh"]).all()
    assert (table["kwh"] <= table["haut"]).all()
    assert (table["debut"] < table["fin"]).all()
    assert set(table["sens"]) == {"en trop", "non mesuré"}
    assert table["euros"].is_monotonic_decreasing
    assert table["phrase"].str.fullmatch(r"[A-ZÉ].*\.").all()
    for wrong in (" nan", "n. d.", "None"):
        assert not table["phrase"].str.contains(wrong, regex=False).any()
    assert table["geste"].notna().all()
    sums = totals(table)
    assert sums["nombre"].sum() == len(table)
    assert sums["kwh"].sum() == pytest.approx(table["kwh"].sum())
    examined = graded["shipped", "relevé"][3].examined
    assert examined["modele"].all()
    assert examined["calendrier"].all()


def test_habits_are_those_of_the_truths(graded, energy_tables):
    """Patterns of weekends found to be 0.9 or more are near it in truth; in holidays all lycées heat less."""
    habits = graded["shipped", "relevé"][3].habits
    truths = energy_tables["energy/truths"]
    share = truths[truths["nature"] == "week-end"].set_index("compteur_id")["valeur"]
    assert set(habits["nature"]) == {"chauffage habituel le week-end"}
    assert share[habits["compteur_id"]].mean() > 0.91
    assert share[habits["compteur_id"]].min() > 0.85


def test_false_discovery_rate_is_what_is_asked():
    """Nobody has a fault where years of bills without any are judged: few alerts, fewer still at a lower rate."""
    tables = sample(0.1, 13)
    readings = tables["energy/readings"]
    tables["energy/readings"] = readings[readings["fin"] <= "2023-01-01"]
    counts = [
        looked_at(tables, "facture", Rules(fdr_bills=rate)).alerts["nature"].isin(PLANTED[:2]).sum()
        for rate in (0.01, 0.2)
    ]
    print("alerts without a fault, at 1 % and 20 %:", counts)
    assert counts[0] <= counts[1]
    assert counts[0] <= 0.1 * len(tables["energy/sites"])


# The same findings whatever the order, the unit, the year


@pytest.fixture(scope="module")
def small():
    return sample(0.01, 5)


@pytest.fixture(scope="module")
def of_small(small):
    return survey(*(small[f"energy/{name}"] for name in TABLES)).alerts


FEW = settings(max_examples=settings().max_examples // 30, deadline=None)  # one, with --proof three


@FEW
@given(seed=st.integers(0, 1000))
def test_order_of_meters_does_not_matter(small, of_small, seed):
    tables = {name: small[f"energy/{name}"].sample(frac=1, random_state=seed) for name in TABLES}
    pd.testing.assert_frame_equal(survey(*(tables[name] for name in TABLES)).alerts, of_small)


@FEW
@given(factor=st.sampled_from([0.001, 0.5, 3.6, 1000.0]))
def test_unit_does_not_matter(small, of_small, factor):
    tables = {name: small[f"energy/{name}"] for name in TABLES}
    tables["readings"] = tables["readings"].assign(kwh=tables["readings"]["kwh"] * factor)
    found = survey(*(tables[name] for name in TABLES)).alerts
    same = ["compteur_id", "nature", "origine", "debut", "fin", "certitude", "gravite", "confirme"]
    pd.testing.assert_frame_equal(found[same], of_small[same])
    for name in ("kwh", "bas", "haut", "euros", "kgco2e"):
        assert (found[name] / factor).tolist() == pytest.approx(of_small[name].tolist(), rel=1e-4, nan_ok=True)


def test_gravity_by_a_second_way(small, of_small):
    """The kWh of each alert beside what its meter used in the last year that is read, scaled up to 365 days."""
    readings = small["energy/readings"].dropna(subset="kwh")
    shares = []
    for alert in of_small.itertuples():
        own = readings[(readings["compteur_id"] == alert.compteur_id) & (readings["origine"] == alert.origine)]
        own = own[own["fin"] >= own["fin"].max() - pd.Timedelta(days=365)]
        year = own["kwh"].sum() / (own["fin"] - own["debut"]).dt.days.sum() * 365
        shares.append(alert.kwh / year)
    wanted = pd.cut(pd.Series(shares), [-1, 0.01, 0.05, 10], right=False, labels=["faible", "moyenne", "forte"])
    assert of_small["gravite"].tolist() == wanted.astype("object").tolist()
    assert len(set(wanted)) > 1


def test_year_does_not_matter(small, of_small):
    """28 years later weekdays and leap years are the same again."""
    tables = {name: small[f"energy/{name}"].copy() for name in TABLES}
    for table in tables.values():
        for column in table:
            if pd.api.types.is_datetime64_any_dtype(table[column]):
                table[column] = table[column] + pd.DateOffset(years=28)
            elif column == "annee":
                table[column] = table[column] + 28
    found = survey(*(tables[name] for name in TABLES)).alerts
    same = ["compteur_id", "nature", "origine", "kwh", "euros", "kgco2e", "certitude"]
    pd.testing.assert_frame_equal(found[same], of_small[same])
    assert (found["debut"] == of_small["debut"] + pd.DateOffset(years=28)).all()


def test_nothing_to_look_at(small, of_small):
    empty = {name: small[f"energy/{name}"].head(0) for name in TABLES}
    found = survey(*(empty[name] for name in TABLES)).alerts
    assert found.empty
    assert found.columns.tolist() == of_small.columns.tolist()
    assert (found.dtypes == of_small.dtypes).all()
    assert totals(found).empty
    only = {**{name: small[f"energy/{name}"] for name in TABLES}, "readings": empty["readings"]}
    assert survey(*(only[name] for name in TABLES)).alerts.empty


# One meter, worked by hand


DAYS = pd.date_range("2025-01-01", "2025-12-31")
HOLIDAYS = {"hiver": ("2025-02-08", "2025-02-24"), "printemps": ("2025-04-05", "2025-04-22"),
            "été": ("2025-07-05", "2025-09-01"), "Toussaint": ("2025-10-18", "2025-11-03")}  # fmt: skip
OUTSIDE = pd.Series(
    np.round(
        11 - 7 * np.cos(2 * np.pi * (DAYS.day_of_year - 20) / 365) + 2.5 * np.random.default_rng(1).normal(size=365), 1
    ),
    index=DAYS,
)
HOLIDAY = np.any([(a <= DAYS) & (b > DAYS) for a, b in HOLIDAYS.values()], axis=0)
WEEKEND = (DAYS.day_of_week >= 5) & ~HOLIDAY
HEAT = 40 * (16 - OUTSIDE).clip(lower=0).to_numpy()
USUAL = 150 + HEAT * np.select([HOLIDAY, WEEKEND], [0.4, 0.7], 1.0)
NOISE = 1 + 0.05 * np.random.default_rng(2).normal(size=365)


def during(first, last):
    return (first <= DAYS) & (last > DAYS)


def look(kwh, works=(), calendar=True, prices=True, estime=False, keep=None, rules=None):
    readings = pd.DataFrame(
        {"compteur_id": "G1", "debut": DAYS, "fin": DAYS + pd.Timedelta(days=1), "kwh": np.round(kwh), "estime": estime,
         "origine": "relevé"}
    )  # fmt: skip
    readings = readings if keep is None else readings[keep]
    spans = [(*map(pd.Timestamp, span), "vacances", f"Vacances {name}", "B") for name, span in HOLIDAYS.items()]
    rows = pd.DataFrame(spans, columns=["debut", "fin", "nature", "libelle", "zone"])
    last = pd.DataFrame([[pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02"), "jour férié", "An", "toutes"]])
    rows = pd.concat([rows, last.set_axis(rows.columns, axis=1)])
    done = pd.DataFrame(
        [("0000001B", "gaz", "réalisé", pd.Timestamp(day)) for day in works],
        columns=["code_uai", "energie", "statut", "date_fin"],
    ).astype({"date_fin": "datetime64[us]"})
    price = pd.DataFrame({"energie": ["gaz"], "annee": [2025], "euros_kwh": [0.1], "statut": ["hypothèse"]})
    factor = pd.DataFrame(
        {"energie": ["gaz"], "usage": ["tous"], "annee": [2021], "gco2e_kwh": [222.0], "pouvoir_calorifique": ["PCI"],
         "statut": ["confirmé"]}
    )  # fmt: skip
    return survey(
        readings,
        pd.DataFrame({"compteur_id": ["G1"], "code_uai": ["0000001B"], "energie": ["gaz"], "usage": ["chauffage"],
                      "retrait": [pd.NaT]}),
        pd.DataFrame({"code_uai": ["0000001B"], "station": ["S"], "internat": [False]}),
        pd.DataFrame({"station": "S", "jour": DAYS, "tmoy": OUTSIDE.to_numpy()}),
        rows if calendar else rows.head(0),
        done,
        price if prices else price.head(0),
        factor,
        rules,
    )  # fmt: skip


def test_nothing_wrong():
    found = look(USUAL * NOISE)
    assert found.alerts.empty
    assert found.habits.empty


def test_heating_in_holidays():
    heated = during("2025-02-10", "2025-02-24")
    extra = np.where(heated, 0.55 * HEAT, 0)  # 0.95 of the heating of days of lessons instead of 0.4
    (alert,) = look((USUAL + extra) * NOISE).alerts.itertuples()
    assert (alert.nature, alert.energie, alert.sens) == ("chauffage en vacances", "gaz", "en trop")
    assert alert.debut <= pd.Timestamp("2025-02-12")
    assert alert.fin == pd.Timestamp("2025-02-24")
    assert alert.kwh == pytest.approx(extra.sum(), rel=0.1)
    assert alert.bas < extra.sum() < alert.haut
    assert alert.euros == pytest.approx(0.1 * alert.kwh)
    assert alert.kgco2e == pytest.approx(0.222 / 1.11 * alert.kwh)  # bills count by the higher heating value
    assert alert.phrase.startswith("Vacances hiver")


def test_heating_on_weekends_of_one_term():
    heated = during("2025-11-03", "2026-01-01") & WEEKEND
    extra = np.where(heated, 0.3 * HEAT, 0)
    (alert,) = look((USUAL + extra) * NOISE).alerts.itertuples()
    assert alert.nature == "chauffage le week-end"
    assert alert.debut >= pd.Timestamp("2025-11-08")
    assert alert.kwh == pytest.approx(extra.sum(), rel=0.25)


def test_heating_on_all_weekends_is_a_habit():
    found = look((USUAL + np.where(WEEKEND, 0.3 * HEAT, 0)) * NOISE)
    assert found.alerts.empty
    (habit,) = found.habits.itertuples()
    assert habit.nature == "chauffage habituel le week-end"
    assert np.isnan(habit.kwh)  # no peers to hold it against
    assert np.isnan(habit.euros)


def test_drift_and_works_that_explain_it():
    day = pd.Timestamp("2025-06-01")
    grown = 150 * (day <= DAYS)
    (alert,) = look((USUAL + grown) * NOISE).alerts.itertuples()
    assert alert.nature == "dérive de la base"
    assert abs(alert.debut - day) <= pd.Timedelta(days=15)
    assert alert.fin == pd.Timestamp("2026-01-01")
    assert alert.kwh == pytest.approx(grown.sum(), rel=0.2)
    assert look((USUAL + grown) * NOISE, works=[day]).alerts.empty
    assert not look((USUAL + grown) * NOISE, works=["2025-11-25"]).alerts.empty


def test_a_fall_is_no_alert():
    assert look((USUAL - 60 * during("2025-06-01", "2026-01-01")) * NOISE).alerts.empty


@pytest.mark.parametrize("how", ["zero", "stuck", "mean"])
def test_meters_that_do_not_measure(how):
    out = during("2025-03-10", "2025-04-01")
    read = np.round(USUAL * NOISE)
    day_before = float(read[DAYS == "2025-03-09"][0])  # a Sunday: far from the mean of the three weeks
    value = {"zero": 0.0, "stuck": day_before, "mean": read[out].mean()}[how]
    (alert,) = look(np.where(out, value, read)).alerts.itertuples()
    assert alert.nature == ("relevés estimés" if how == "mean" else "compteur en panne")
    assert (alert.debut, alert.fin) == (pd.Timestamp("2025-03-10"), pd.Timestamp("2025-04-01"))
    assert alert.kwh == pytest.approx((USUAL * NOISE)[out].sum(), rel=0.05)
    assert alert.sens == "non mesuré"


def test_flags_gaps_and_copies():
    out = during("2025-03-10", "2025-04-01")
    read = np.round(USUAL * NOISE)
    (flagged,) = look(read, estime=out).alerts.itertuples()
    assert (flagged.nature, flagged.certitude, flagged.jours) == ("relevés estimés", "établie", 22)
    (gap,) = look(read, keep=~out).alerts.itertuples()
    assert (gap.nature, gap.jours) == ("relevés manquants", 22)
    assert gap.kwh == pytest.approx((USUAL * NOISE)[out].sum(), rel=0.05)
    copied = read.copy()
    first = int(np.flatnonzero(out)[0])
    for place in np.flatnonzero(out):
        copied[place] = copied[place - 7]
    (copy,) = look(copied).alerts.itertuples()
    assert (copy.nature, copy.debut) == ("relevés estimés", DAYS[first])
    unknown = np.where(out, np.nan, read)
    assert look(unknown).alerts["nature"].tolist() == ["relevés manquants"]
    stopped = look(read, keep=DAYS < "2025-12-01").alerts
    assert stopped.empty  # it is the last of all meters: nothing says that more should be there


def test_a_boiler_that_is_off_in_summer_is_not_broken():
    summer = OUTSIDE.to_numpy() >= 16
    summer |= during("2025-05-20", "2025-09-20")
    assert look(np.where(summer, 0, USUAL * NOISE)).alerts.query("nature == 'compteur en panne'").empty


def test_without_a_calendar_holidays_are_not_judged():
    found = look((USUAL + np.where(during("2025-02-10", "2025-02-24"), 0.55 * HEAT, 0)) * NOISE, calendar=False)
    assert not found.alerts["nature"].eq("chauffage en vacances").any()
    assert not found.examined["calendrier"].any()


def test_what_has_no_price_is_empty_and_counted():
    heated = np.where(during("2025-02-10", "2025-02-24"), 0.55 * HEAT, 0)
    found = look((USUAL + heated) * NOISE, prices=False).alerts
    assert found["euros"].isna().all()
    assert found["kgco2e"].notna().all()
    (row,) = totals(found).itertuples()
    assert (row.nombre, row.sans_euros, row.sans_kgco2e) == (1, 1, 0)
    assert np.isnan(row.euros)


def test_worth_and_level():
    heated = np.where(during("2025-02-10", "2025-02-24"), 0.55 * HEAT, 0)
    assert look((USUAL + heated) * NOISE, rules=replace(Rules(), worth=5.0)).alerts.empty
    assert look((USUAL + heated) * NOISE, rules=replace(Rules(), level=1e-300)).alerts.empty


def test_wrong_use(small):
    tables = {name: small[f"energy/{name}"] for name in TABLES}
    tables["meters"] = tables["meters"].iloc[1:]
    with pytest.raises(UsageError, match="is not in the table of meters"):
        survey(*(tables[name] for name in TABLES))
    tables = {name: small[f"energy/{name}"] for name in TABLES}
    tables["readings"] = pd.concat([tables["readings"], tables["readings"].tail(1)])
    with pytest.raises(UsageError, match="overlap"):
        survey(*(tables[name] for name in TABLES))


# The test of a change whose day is not known


def test_bound_on_many_candidates_keeps_its_word():
    """Errors of 300 days with a memory, and nothing else: the highest of all changes is rarely below 5 %."""
    rng, size = np.random.default_rng(4), 300
    line = np.arange(size)
    flat = np.zeros(size)
    grid = Grid(0, flat, flat, flat.astype(int), flat.astype(int) - 1, flat.astype(int) - 1, (),
                np.ones(size, bool), True, line, line + 1, True)  # fmt: skip
    family, _ = drifts(grid)
    found = 0
    for _ in range(150):
        errors = rng.normal(size=size)
        for day in range(1, size):
            errors[day] += 0.4 * errors[day - 1]
        told = explain(100 + 5 * errors, np.ones((size, 1)), [family], grid.sums, line, level=0.05)
        found += len(told.departures) > 0
    print(f"{found} of 150 below 5 %")
    assert found <= 18  # 5 % of 150 is 7.5; 18 or more has a chance of 1 in 1,500


def test_chance_by_hand():
    """Of a normal t of 3, and of the highest of two; more than 1 is none."""
    assert chance(3.0, 1, 1e9) == pytest.approx(0.0013499, rel=1e-4)
    assert chance(3.0, 2, 1e9) == pytest.approx(0.0026998, rel=1e-4)
    assert chance(-1.0, 5, 1e9) == 1.0


def test_inflation_needs_many_meters():
    assert inflation([np.full(9, 50.0)] * 19) == 1.0
    assert inflation([np.full(9, 0.1)] * 30) == 1.0


def test_shape_grows():
    days = np.arange(200)
    assert shape(days, 50, 0).sum() == 150
    assert shape(days, 50, 100).max() == 1.0


def test_most_holidays_heated():
    """Heated in two of three cold holidays: both are told, the third tells what is usual."""
    heated = during("2025-02-08", "2025-02-24") | during("2025-04-05", "2025-04-22")
    found = look((USUAL + np.where(heated, 0.55 * HEAT, 0)) * NOISE).alerts
    assert found["nature"].tolist() == ["chauffage en vacances"] * 2
    assert sorted(found["fin"]) == [pd.Timestamp("2025-02-24"), pd.Timestamp("2025-04-22")]
