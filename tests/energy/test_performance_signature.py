"""The heating signature: planted truths recovered, errors that tell the truth, and what stands out among peers."""

import numpy as np
import pandas as pd
import pytest

from tests.energy.meter import fit
from tikub_lab.energy import climate, performance, trusted
from tikub_lab.energy.bundle import Bundle
from tikub_lab.energy.performance import quantities as standing
from tikub_lab.energy.performance import signature
from tikub_lab.energy.performance import verdict as outstanding
from tikub_lab.energy.performance.quantities import BASE, POINT, SLOPE
from tikub_lab.energy.performance.signature import BILLS, DAILY
from tikub_lab.errors import UsageError

NAMES = ("readings", "meters", "sites", "weather", "calendar")
TRUTHS = {"pente": "pente", "base": "base", "equilibre": "point d'équilibre"}
TRUE = {"pente": "pente_vrai", "base": "base_vrai"}


@pytest.fixture(scope="module")
def of_sample(energy_tables):
    return {name: energy_tables[f"energy/{name}"] for name in NAMES}


@pytest.fixture(scope="module")
def found(of_sample):
    return signature.signatures(*of_sample.values(), 2025)


@pytest.fixture(scope="module")
def adjusted(of_sample):
    return climate.adjusted(*list(of_sample.values())[:4])


@pytest.fixture(scope="module")
def planted(energy_tables):
    """What was planted in each meter that heats alone and whose readings of 2025 tell it, one row a site."""
    truths, meters = energy_tables["energy/truths"], energy_tables["energy/meters"]
    faults = ["compteur en panne", "relevés estimés", "dérive de la base"]
    broken = set(truths.loc[truths["nature"].isin(faults), "code_uai"])
    now = truths[(truths["fin"] > "2025-12-01") & truths["nature"].isin(TRUTHS.values())]
    wide = now.pivot(index="compteur_id", columns="nature", values="valeur")
    own = meters[(meters["usage"] == "chauffage") & meters["retrait"].isna() & ~meters["code_uai"].isin(broken)]
    return own.merge(wide.reset_index(), on="compteur_id").set_index("code_uai").sort_index()


def test_planted_truths_are_recovered(found, planted):
    daily = found[(found["source"] == DAILY) & found["comparable"]].set_index("code_uai")
    both = daily.join(planted[[*TRUTHS.values()]].rename(columns=TRUE), how="inner")
    assert len(both) > 70
    slope = both["pente"] / both["pente_vrai"] - 1
    base = both["base"] / both["base_vrai"] - 1
    point = both["equilibre"] - both["point d'équilibre"]
    for error, median, nine in ((slope, 0.005, 0.05), (base, 0.01, 0.07), (point, 0.03, 0.2)):
        assert abs(error.median()) < median
        assert error.abs().quantile(0.9) < nine
    assert (both["pente_m2"] * both["surface"]).tolist() == pytest.approx(both["pente"].tolist())
    assert (both["base_w_m2"] * 24 / 1000).tolist() == pytest.approx(both["base_m2"].tolist())


def test_errors_cover_the_truth(found, planted):
    """90 % intervals cover the planted values 80 to 97 % of the time: 74 meters tell it within some 3.5 points."""
    daily = found[(found["source"] == DAILY) & found["comparable"]].set_index("code_uai")
    both = daily.join(planted[[*TRUTHS.values()]].rename(columns=TRUE), how="inner")
    off = {
        "pente": (both["pente"] - both["pente_vrai"]) / (both["erreur_pente_m2"] * both["surface"]),
        "base": (both["base"] - both["base_vrai"]) / (both["erreur_base_m2"] * both["surface"]),
        "equilibre": (both["equilibre"] - both["point d'équilibre"]) / both["erreur_equilibre"],
    }
    for distance in off.values():
        assert 0.8 <= (distance.abs() < 1.645).mean() <= 0.97
        assert 0.75 < distance.std() < 1.25


def test_bills_tell_less_and_say_so(found, planted):
    bills = found[(found["source"] == BILLS) & found["comparable"]].set_index("code_uai")
    daily = found[(found["source"] == DAILY) & found["comparable"]].set_index("code_uai")
    both = bills.join(planted["point d'équilibre"], how="inner")
    assert len(both) > 80
    assert (both["equilibre"] - both["point d'équilibre"]).abs().median() < 0.5
    shared = bills.index.intersection(daily.index)
    assert (bills.loc[shared, "erreur_equilibre"] > daily.loc[shared, "erreur_equilibre"]).mean() > 0.95
    # weekends are in bills: the slope is smaller, for which they are never compared with days of lessons
    assert (bills.loc[shared, "pente"] < daily.loc[shared, "pente"]).mean() > 0.9


DAYS = pd.date_range("2025-01-01", "2025-12-31")
COLD = 10 - 8 * np.cos(np.arange(365) / 58) + 2 * np.sin(np.arange(365))
WEATHER = pd.DataFrame({"station": "S", "jour": DAYS, "tmin": COLD - 3, "tmoy": COLD, "tmax": COLD + 3})
SITES = pd.DataFrame(
    {
        "code_uai": ["A"],
        "station": ["S"],
        "surface_totale": [100.0],
        "type_etablissement": ["Lycée"],
        "internat": pd.array([True], dtype="boolean"),
    }
)
NO_HOLIDAYS = pd.DataFrame({"debut": pd.to_datetime([]), "fin": pd.to_datetime([])})


def meter(name="G1", usage="chauffage", site="A"):
    return pd.DataFrame(
        {
            "compteur_id": [name],
            "code_uai": [site],
            "energie": ["gaz"],
            "usage": [usage],
            "mise_en_service": [pd.NaT],
            "retrait": [pd.NaT],
        }
    )


def days(use, name="G1"):
    end = DAYS + pd.Timedelta(days=1)
    return pd.DataFrame(
        {"compteur_id": name, "debut": DAYS, "fin": end, "kwh": use, "estime": False, "origine": "relevé"}
    )


def degrees(point):
    return np.maximum(point - COLD, 0)


def one(readings, meters=None, sites=SITES, **more):
    table = signature.signatures(
        readings, meter() if meters is None else meters, sites, WEATHER, NO_HOLIDAYS, 2025, **more
    )
    return table.iloc[0]


def test_two_meters_of_a_site_add_up():
    readings = pd.concat([days(50 + 20 * degrees(15.0)), days(30 + 10 * degrees(12.0), "G2")])
    row = one(readings, pd.concat([meter(), meter("G2")]))
    assert row[["pente", "base"]].tolist() == pytest.approx([30, 80], rel=1e-6)
    assert row["equilibre"] == pytest.approx((20 * 15 + 10 * 12) / 30)
    assert row["compteurs"] == 2
    # one of them without readings: nothing is said of the site
    row = one(readings[readings["compteur_id"] == "G1"], pd.concat([meter(), meter("G2")]))
    assert (row["manque"], row["comparable"]) == ("trop peu de relevés", False)


def test_why_a_site_is_not_compared():
    rng = np.random.default_rng(8)
    good = days(50 + 20 * degrees(15.0))
    assert one(good)["manque"] == ""
    assert one(good, sites=SITES.assign(surface_totale=np.nan))["manque"] == "surface inconnue"
    assert one(good, sites=SITES.assign(station="elsewhere"))["manque"] == "station météo inconnue"
    assert one(good.iloc[:120])["manque"] == "trop peu de relevés"
    assert one(days(50 + 3 * COLD))["manque"] == "aucun effet du froid"
    noise = one(days(50 + 20 * degrees(15.0) * rng.choice([0, 1, 4], 365)))
    assert noise["manque"] == "modèle insuffisant (guide ASHRAE 14)"
    assert not noise["comparable"]
    assert noise["cv_rmse"] > 0.3
    assert "CV(RMSE)" in noise["verdict"]
    assert one(good, meter(usage="mixte"))["usage"] == "mixte"
    assert signature.signatures(good, meter(usage="autres"), SITES, WEATHER, NO_HOLIDAYS, 2025).empty


def test_days_on_which_the_meter_did_not_measure_are_left_out(energy_tables):
    """A stretch of zeros spoils the model; without its days, as an alert tells them, it is what it was."""
    use = 50 + 20 * degrees(15.0)
    use[5:40] = 0
    alert = {"compteur_id": "G1", "origine": "relevé", "debut": DAYS[5], "fin": DAYS[40], "sens": "non mesuré"}
    others = [{"sens": "en trop", "fin": DAYS[200]}, {"origine": "facture", "fin": DAYS[200]}]
    alerts = pd.DataFrame([alert | other for other in ({}, *others)])
    tables = {name: energy_tables[f"energy/{name}"] for name in NAMES}
    data = Bundle(**tables | {"readings": days(use), **dict.fromkeys(("works", "prices", "factors"), days(use))})
    assert one(days(use))["manque"] == "modèle insuffisant (guide ASHRAE 14)"
    row = one(trusted(data, alerts).readings)
    assert row[["pente", "base", "equilibre"]].tolist() == pytest.approx([20, 50, 15], rel=1e-6)
    assert row["n"] == 261 - 25  # 261 days of the year are not on weekends, 25 of those left out
    bills = Bundle(**vars(data) | {"readings": days(use).assign(origine="facture")})
    assert len(trusted(bills, alerts).readings) == 365


def test_bills_that_overlap_do_not_stop_the_others(of_sample):
    """A bill that goes into the next one, and one lost where daily readings know more of the year."""
    readings = of_sample["readings"]
    bills = readings.index[(readings["compteur_id"] == "B001") & (readings["origine"] == "facture")]
    gas = readings.index[(readings["compteur_id"] == "G004") & (readings["origine"] == "facture")]
    wrong = readings.copy()
    wrong.loc[bills[-4], "fin"] += pd.Timedelta(days=10)
    wrong = wrong.drop(index=gas[-3:])
    meters = of_sample["meters"][of_sample["meters"]["compteur_id"].isin(["B001", "G004"])]
    rest = [of_sample[name] for name in NAMES[2:]]
    tables = [signature.signatures(one, meters, *rest, 2025) for one in (readings, wrong)]
    counts = [table.loc[table["source"] == BILLS, "n"].tolist() for table in tables]
    assert all(after < before for before, after in zip(*counts, strict=True))
    assert tables[1]["comparable"].tolist() == tables[0]["comparable"].tolist()


def test_errors_against_least_squares():
    """Bills of equal length: the covariance of non-linear least squares, worked out by scipy."""
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(1)
    edges = pd.date_range("2025-01-01", periods=13, freq="30D")
    mean = COLD[:360].reshape(12, 30)
    use = 50 + 20 * np.maximum(15 - mean, 0).mean(axis=1) + 8 * rng.normal(size=12)
    bills = pd.DataFrame({"debut": edges[:-1], "fin": edges[1:], "kwh": 30 * use})
    model = fit(bills, pd.Series(COLD, index=DAYS), cooling=False, balance_points=np.arange(1000, 2000) / 100)

    def load(_, base, slope, point):
        return base + slope * np.maximum(point - mean, 0).mean(axis=1)

    start = [model.intercept, model.beta_hdd, model.heating_balance_point]
    wanted, covariance = curve_fit(load, np.arange(12), use, p0=start)
    assert start == pytest.approx(wanted.tolist(), rel=2e-3)
    assert signature.errors(model) == pytest.approx(np.sqrt(np.diag(covariance)).tolist(), rel=0.02)
    flat = fit(bills.assign(kwh=1500.0), pd.Series(COLD, index=DAYS), cooling=False)
    assert np.isnan(signature.errors(flat)).all()


def test_spread_is_that_of_most():
    rng = np.random.default_rng(6)
    drawn = np.array([standing.spread(rng.normal(size=40)) for _ in range(300)])
    assert drawn.mean() == pytest.approx(1, abs=0.03)
    values = rng.normal(size=41)
    far = values.copy()
    far[:12] += 1000
    assert standing.spread(far) < 2 * standing.spread(values)
    assert standing.spread(3 * values + 5) == pytest.approx(3 * standing.spread(values))
    # by hand: of 0, 1, 3, 7 the differences are 1 2 3 4 6 7; half is 3, so the third: 2.2219 × 3 × 4 / 7.8
    assert standing.spread(np.array([0.0, 1, 3, 7])) == pytest.approx(2.2219 * 3 * 4 / 7.8)
    assert np.isnan(standing.spread(np.array([1.0])))


def plant(of_sample, planted, typical, site, quantity):
    """Readings of a site in which one quantity is far above what is typical, and the others are left."""
    row = planted.loc[site]
    sites, readings = of_sample["sites"].set_index("code_uai"), of_sample["readings"]
    weather = of_sample["weather"]
    outside = weather[weather["station"] == sites.loc[site, "station"]].set_index("jour")["tmoy"]
    own = readings[(readings["compteur_id"] == row["compteur_id"]) & (readings["origine"] == "relevé")].copy()
    cold, area = own["debut"].map(outside).to_numpy(), sites.loc[site, "surface_totale"]
    heat = np.maximum(row["point d'équilibre"] - cold, 0)
    more = {
        SLOPE: (2.2 * typical["pente_m2"] * area - row["pente"]) * heat,
        BASE: 3 * typical["base_m2"] * area - row["base"] + 0 * heat,
        POINT: row["pente"] * (np.maximum(typical["equilibre"] + 3 - cold, 0) - heat),
    }[quantity]
    return own.assign(kwh=own["kwh"] + more)


def test_planted_outliers_are_found_as_the_right_one_of_three(of_sample, found, adjusted, planted):
    """Ten sites each: their slope at 2.2 times, base at 3 times the median, or balance point 3 °C above it."""
    daily = found[(found["source"] == DAILY) & found["comparable"]]
    typical = daily.median(numeric_only=True)
    pool = planted.index.intersection(daily["code_uai"])[:30].to_numpy().reshape(5, 6)  # six at a time
    right, order = dict.fromkeys((SLOPE, BASE, POINT), 0), (SLOPE, BASE, POINT) * 2
    for codes in pool:
        parts = [plant(of_sample, planted, typical, *each) for each in zip(codes, order, strict=True)]
        meters = of_sample["meters"][of_sample["meters"]["code_uai"].isin(codes)]
        rest = [of_sample[name] for name in NAMES[2:]]
        new = signature.signatures(pd.concat(parts), meters, *rest, 2025)
        table = pd.concat([found[~found["code_uai"].isin(codes)], new[new["source"] == DAILY]], ignore_index=True)
        told = outstanding.outstanding(
            standing.standing(table, adjusted, of_sample["sites"], of_sample["weather"], 2025)
        )
        told = told.set_index("code_uai")
        for code, quantity in zip(codes, order, strict=True):
            right[quantity] += told.loc[code, "grandeur"] == quantity
    assert min(right.values()) >= 9


def draw(found, rng, n=115):
    """Signatures without any outlier: slopes and bases lognormal, balance points normal, with known errors."""
    table = found.head(1).loc[np.repeat(0, n)].reset_index(drop=True)
    table = table.assign(code_uai=[f"S{place:03}" for place in range(n)], source=DAILY, usage="chauffage")
    table = table.assign(comparable=True, manque="", surface=1000.0)
    for name, level, spread, error in (("pente", 0.055, 0.25, 0.03), ("base", 0.025, 0.35, 0.05)):
        table[f"{name}_m2"] = level * np.exp(np.hypot(spread, error) * rng.normal(size=n))
        table[f"erreur_{name}_m2"] = error * table[f"{name}_m2"]
    return table.assign(equilibre=16 + np.hypot(1.1, 0.15) * rng.normal(size=n), erreur_equilibre=0.15)


def kinds(n=115):
    return pd.DataFrame(
        {
            "code_uai": [f"S{place:03}" for place in range(n)],
            "type_etablissement": "L",
            "internat": True,
            "station": "S",
        }
    )


def heats(n=115):
    rows = pd.DataFrame({"code_uai": [f"S{place:03}" for place in range(n)], "annee": 2025, "usage": "chauffage"})
    return rows.assign(kwh=110_000.0, kwh_chauffage=100_000.0, kwh_ajuste=90_000.0, ajuste=True, complet=True)


def test_false_discoveries_are_bounded(found):
    """At a level of 10 %, one panel in ten has a false one; without the bound each has thirty. Twelve panels."""
    rng = np.random.default_rng(3)
    tables = [standing.standing(draw(found, rng), heats(), kinds(), WEATHER, 2025) for _ in range(12)]
    assert sum(table["etabli"].any() for table in tables) <= 4
    every = pd.concat(tables)
    assert (every["p"] < 0.1).mean() == pytest.approx(0.1, abs=0.03)
    assert every["z"].std() == pytest.approx(1, abs=0.1)


def test_gaps_by_hand(found):
    rng = np.random.default_rng(9)
    table = draw(found, rng)
    rows = standing.standing(table, heats(), kinds(), WEATHER, 2025).set_index(["code_uai", "grandeur"])
    own, others = table.loc[0], table.loc[1:]
    heat = 80_000  # 90,000 adjusted less 10,000 that are not heating
    slope = rows.loc[("S000", SLOPE)]
    assert slope["mediane"] == pytest.approx(1000 * others["pente_m2"].median())
    assert slope["kwh_mediane"] == pytest.approx(heat * (1 - others["pente_m2"].median() / own["pente_m2"]))
    assert slope["kwh_quart"] == pytest.approx(heat * (1 - others["pente_m2"].quantile(0.25) / own["pente_m2"]))
    base = rows.loc[("S000", BASE)]
    assert base["valeur"] == pytest.approx(own["base_m2"] * 1000 / 24)
    assert base["kwh_mediane"] == pytest.approx((own["base_m2"] - others["base_m2"].median()) * 1000 * 365)
    assert base["erreur_kwh"] == pytest.approx(own["erreur_base_m2"] * 1000 * 365)
    point = rows.loc[("S000", POINT)]
    lower = degrees(others["equilibre"].median()).sum() / degrees(own["equilibre"]).sum()
    assert point["kwh_mediane"] == pytest.approx(heat * (1 - lower))
    assert point["rang"] == pytest.approx((others["equilibre"] < own["equilibre"]).mean())


def test_nothing_stands_out_within_its_own_uncertainty(found):
    table = draw(found, np.random.default_rng(4))
    table.loc[0, ["pente_m2", "erreur_pente_m2"]] = 0.055 * 4, 0.01
    sure = standing.standing(table, heats(), kinds(), WEATHER, 2025).set_index(["code_uai", "grandeur"])
    assert sure.loc[("S000", SLOPE), ["etabli", "hors_incertitude"]].tolist() == [True, True]
    table.loc[0, "erreur_pente_m2"] = 0.055 * 4
    table.loc[0, ["base_m2", "equilibre"]] = 0.02, 15.0
    vague = standing.standing(table, heats(), kinds(), WEATHER, 2025)
    row = vague.set_index(["code_uai", "grandeur"]).loc[("S000", SLOPE)]
    assert row["kwh_mediane"] > 0.7 * 80_000
    assert row[["etabli", "hors_incertitude"]].tolist() == [False, False]
    assert 1 < row["z"] < 1.6  # ln 4 over the error of 1, mostly; over the spread of peers alone it would be 5
    told = outstanding.outstanding(vague).set_index("code_uai").loc["S000"]
    assert told["statut"] == "rien ne ressort"


def test_a_model_that_fails_is_neither_compared_nor_a_peer(found):
    table = draw(found, np.random.default_rng(5))
    table.loc[:9, "comparable"], table.loc[:9, "manque"] = False, "modèle insuffisant (guide ASHRAE 14)"
    table.loc[10, "usage"] = "mixte"
    rows = standing.standing(table, heats(), kinds(), WEATHER, 2025).set_index(["code_uai", "grandeur"])
    # without a signature from days they would have that of bills, of which there is none here
    assert "S003" not in rows.index
    assert rows.loc[("S020", SLOPE), ["pairs", "manquants"]].tolist() == [104, 10]
    assert rows.loc[("S020", BASE), ["pairs", "manquants"]].tolist() == [103, 11]
    assert rows.loc[("S010", BASE), "manque"] == "compteur qui sert aussi à d'autres usages"
    assert np.isnan(rows.loc[("S010", BASE), "z"])
    assert not np.isnan(rows.loc[("S010", SLOPE), "z"])


def test_a_site_without_days_is_compared_by_bills(found, adjusted, of_sample):
    rows = standing.standing(found, adjusted, of_sample["sites"], of_sample["weather"], 2025)
    assert len(rows) == 3 * 115
    by_days = set(found.loc[(found["source"] == DAILY) & found["comparable"], "code_uai"])
    assert set(rows.loc[rows["source"] == DAILY, "code_uai"]) == by_days
    bills = rows[rows["source"] == BILLS]
    assert 15 <= bills["code_uai"].nunique() <= 25
    assert bills.loc[bills["z"].notna(), "pairs"].min() >= standing.FEWEST
    told = outstanding.outstanding(rows)
    assert len(told) == 115
    assert told["phrase"].str.endswith(".").all()
    assert (told["statut"].map({"établi": 0, "à regarder": 1, "rien ne ressort": 2, "non comparé": 3}).diff() >= 0)[
        1:
    ].all()
    silent = told["statut"].isin(["rien ne ressort", "non comparé"])
    assert told.loc[silent, ["valeur", "kwh_mediane"]].isna().all().all()
    assert (told.loc[~silent, "valeur"] > told.loc[~silent, "mediane"]).all()


def test_sentences(found):
    table = draw(found, np.random.default_rng(4))
    table.loc[0, ["pente_m2", "erreur_pente_m2"]] = 0.055 * 8, 0.01
    table.loc[1, "equilibre"] = 24.0
    told = outstanding.outstanding(standing.standing(table, heats(), kinds(), WEATHER, 2025)).set_index("code_uai")
    slope, point = (told.loc[code, "phrase"].replace("\u202f", " ") for code in ("S000", "S001"))
    assert slope.startswith("Ce qui ressort : chaque degré de froid y coûte 8,")
    assert "À étudier d'abord : l'enveloppe" in slope
    assert "L'écart à la médiane vaut environ 70 MWh par an." in slope
    assert "on y chauffe dès qu'il fait moins de 24,0 °C dehors, contre 1" in point


def test_too_few_peers_and_nothing(found, adjusted, of_sample):
    few = draw(found, np.random.default_rng(4), 20)
    rows = standing.standing(few, heats(), kinds(), WEATHER, 2025)
    assert rows["manque"].unique().tolist() == ["trop peu d'établissements comparables"]
    assert not rows["etabli"].any()
    told = outstanding.outstanding(rows)
    assert told["phrase"].unique().tolist() == ["Pas de comparaison : trop peu d'établissements comparables."]
    empty = standing.standing(found.head(0), adjusted, of_sample["sites"], of_sample["weather"], 2025)
    assert empty.columns.tolist() == rows.columns.tolist()
    assert outstanding.outstanding(empty).columns.tolist() == told.columns.tolist()
    nothing = signature.signatures(*(table.head(0) for table in of_sample.values()), 2025)
    assert nothing.empty
    assert nothing.dtypes.to_dict() == found.dtypes.to_dict()


def test_wrong_use(found, adjusted, of_sample):
    with pytest.raises(UsageError, match="year=2031: no meter has a reading of it; readings are of 2010"):
        signature.signatures(*of_sample.values(), 2031)
    with pytest.raises(UsageError, match="between 0 and 1"):
        standing.standing(found, adjusted, of_sample["sites"], of_sample["weather"], 2025, level=5)


def test_no_error_is_told_of_what_has_no_model():
    outside = pd.Series(COLD, index=DAYS)
    few = pd.Series(30 * (50 + 20 * degrees(15.0)[[15, 45, 75, 105]]), index=DAYS[[0, 30, 60, 90]])
    for usage in (few[:0], few):  # nothing, and three bills, which any base, slope and balance point fit
        assert np.isnan(signature.errors(fit(usage, outside, cooling=False, balance_points=range(10, 20)))).all()


def test_the_picture_has_days_of_lessons_only():
    """January and February of 2025: 43 days from Monday to Friday, New Year's Day among them, ten in the holidays."""
    weekend = (DAYS.day_of_week >= 5) & (DAYS < "2025-03-01")
    readings = days(50 + 20 * degrees(15.0) + 500 * weekend)[: 31 + 28]
    calendar = pd.DataFrame({"debut": pd.to_datetime(["2025-02-08"]), "fin": pd.to_datetime(["2025-02-24"])})
    own = {"code_uai": "A", "source": DAILY, "base": 50.0, "pente": 20.0, "equilibre": 15.0}
    points, curve = performance.picture(readings, meter(), SITES, WEATHER, calendar, own, 2025)
    assert len(points) == 43 - 10
    assert points["kwh"].to_numpy() == pytest.approx(50 + 20 * (15 - points["tmoy"]).clip(lower=0).to_numpy())
    assert curve["tmoy"].tolist() == pytest.approx([points["tmoy"].min(), points["tmoy"].max()])


def test_two_figures_have_a_spread():
    """2.2219 × their distance × the factor of two figures, 2 / 5.8."""
    assert standing.spread(np.array([1.0, 3.0])) == pytest.approx(2.2219 * 2 * 2 / 5.8)
