"""Climate adjustment: cases by hand, a second way through DuckDB, and the sample's planted truths."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.energy import climate, heating
from tikub_lab.errors import UsageError

YEARS = pd.date_range("2018-01-01", "2020-12-31")


def weather_of(mean, days=YEARS, station="S"):
    return pd.DataFrame({"station": station, "jour": days, "tmin": mean - 3, "tmoy": mean, "tmax": mean + 3})


@pytest.fixture(scope="module")
def weather():
    """Three years, the second one two degrees colder."""
    wave = 10 - 7 * np.cos(2 * np.pi * (YEARS.day_of_year.to_numpy() - 20) / 365.25)
    return weather_of(np.round(wave - 2 * (YEARS.year == 2019) + 3 * np.sin(np.arange(len(YEARS))), 1))


@pytest.fixture(scope="module")
def bills(weather):
    """100 kWh a day and 12 kWh per degree below 15 °C; half of the base in 2020."""
    mean = pd.Series(weather["tmoy"].to_numpy(), index=YEARS)
    use = 100 / (1 + (YEARS.year == 2020)) + 12 * (15 - mean).clip(lower=0)
    months = use.resample("MS").sum()
    return pd.DataFrame(
        {
            "compteur_id": "G1",
            "debut": months.index,
            "fin": months.index + pd.offsets.MonthBegin(),
            "kwh": months.to_numpy(),
            "estime": False,
            "origine": "facture",
        }
    )


METERS = pd.DataFrame(
    {
        "compteur_id": ["G1", "E1"],
        "code_uai": "A",
        "energie": ["gaz", "électricité"],
        "usage": ["chauffage", "autres"],
        "mise_en_service": pd.NaT,
        "retrait": pd.NaT,
    }
)
SITES = pd.DataFrame({"code_uai": ["A"], "station": ["S"], "surface_totale": [50.0]})


def total(meter, year, kwh):
    begin, end = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)
    return pd.DataFrame(
        {"compteur_id": [meter], "debut": begin, "fin": end, "kwh": kwh, "estime": False, "origine": "bilan"}
    )


@pytest.mark.parametrize(
    ("tmin", "tmax", "wanted"),
    [
        (2, 10, 12),  # all below 18: 18 - 6
        (19, 27, 0),  # all above
        (18, 24, 0),  # the night just reaches the base
        (12, 18, 3),  # the day just reaches it: (18 - 12) (0.08 + 0.42) = 3, the two cases meet
        (14, 22, 4 * (0.08 + 0.42 * 4 / 8)),  # mean 18: 1.16
        (16, 26, 2 * (0.08 + 0.42 * 2 / 10)),  # 0.328
        (10, 19, 8 * (0.08 + 0.42 * 8 / 9)),  # 3.6267
        (18, 18, 0),  # no range at all
        (-5, -5, 23),
    ],
)
def test_degree_days_by_hand(tmin, tmax, wanted):
    assert climate.degree_days([tmin], [tmax])[0] == pytest.approx(wanted)


@given(st.floats(-30, 45), st.floats(0, 25), st.floats(5, 25))
def test_never_negative_and_colder_means_more(low, span, base):
    now = climate.degree_days([low], [low + span], base)[0]
    colder = climate.degree_days([low - 1], [low + span - 1], base)[0]
    assert 0 <= now <= colder + 1e-9
    if low + span <= base or low >= base:  # a day that does not cross the base: the half-sum
        assert now == pytest.approx(max(base - low - span / 2, 0), abs=1e-9)


def test_missing_stays_missing_and_wrong_days_are_refused(weather):
    assert np.isnan(climate.degree_days([np.nan, 3], [5, np.nan])).all()
    with pytest.raises(UsageError, match="Day 1: lowest temperature 9 above the highest, 3"):
        climate.degree_days([0, 9], [5, 3])
    with pytest.raises(UsageError, match="'S' has 2018-01-02 twice"):
        climate.by_year(pd.concat([weather, weather.iloc[1:4]]))


def test_years_and_their_normal():
    """Of 2019 to 2021, 2020 alone is complete and of the law's normal, 2001 to 2020."""
    days = pd.date_range("2019-01-01", "2021-12-31")
    cold = weather_of(np.where(days.year == 2020, 6.0, 8.0), days)
    found = climate.by_year(cold.drop(index=cold.index[:5]))  # five days of 2019 are missing, all at 8 °C
    assert found["dju"].tolist() == [10 * 360, 12 * 366, 10 * 365]
    assert found[["manquants", "complet"]].to_numpy().tolist() == [[5, False], [0, True], [0, True]]
    assert climate.normal(found).to_dict() == {"S": 12 * 366}
    assert climate.normal(climate.by_year(cold)).to_dict() == {"S": (12 * 366 + 3650) / 2}
    assert climate.normal(found[found["annee"] == 2021]).empty


def test_the_formula_by_hand(bills, weather):
    more = pd.concat([bills, total("E1", 2018, 5000.0), total("E1", 2019, 5000.0), total("E1", 2020, 5000.0)])
    found = climate.adjusted(more, METERS, SITES, weather).set_index(["compteur_id", "annee"])
    years = climate.by_year(weather).set_index("annee")["dju"]
    for year, base, length in ((2018, 100, 365), (2019, 100, 365), (2020, 50, 366)):
        row = found.loc[("G1", year)]
        kwh = bills.loc[bills["debut"].dt.year == year, "kwh"].sum()
        heat = kwh - base * length
        assert row["base"] == pytest.approx(base, rel=1e-6)
        assert (row["kwh"], row["kwh_chauffage"]) == (pytest.approx(kwh), pytest.approx(heat))
        assert row["kwh_ajuste"] == pytest.approx(heat * years.mean() / years[year] + base * length)
        assert (row["annees_base"], row["ajuste"], row["raison"]) == (str(year), True, "")
        other = found.loc[("E1", year)]
        assert (other["kwh_chauffage"], other["kwh_ajuste"], other["ajuste"]) == (0, 5000, True)
    site = climate.of_sites(found.reset_index(), SITES).set_index("annee")
    assert site["kwh_ajuste"].to_dict() == pytest.approx(
        {year: found.loc[("G1", year), "kwh_ajuste"] + 5000 for year in (2018, 2019, 2020)}
    )
    assert site["surface"].tolist() == [50.0] * 3
    # the colder year uses more, and much of that goes with the adjustment
    change = [site.loc[2019, name] / site.loc[2018, name] - 1 for name in ("kwh", "kwh_ajuste")]
    assert change[0] > 0.1
    assert abs(change[1]) < 0.4 * change[0]


def test_a_total_alone_takes_the_base_of_the_nearest_years(bills, weather):
    days = pd.date_range("2016-01-01", "2017-12-31")
    longer = pd.concat([weather_of(np.full(len(days), 9.0), days), weather])
    readings = pd.concat([bills, total("G1", 2016, 60_000.0), total("G1", 2017, 20_000.0)])
    found = climate.adjusted(readings, METERS, SITES, longer).set_index(["compteur_id", "annee"]).loc["G1"]
    base = (100 + 100 + 50) / 3
    assert found.loc[2017, ["annees_base"]].tolist() == ["2018, 2019, 2020"]
    assert found.loc[2016, "kwh_chauffage"] == pytest.approx(60_000 - 366 * base, rel=1e-6)
    assert found.loc[2017, "kwh_chauffage"] == 0  # the base would be 30,400 kWh, of a total of 20,000
    assert found.loc[2017, "kwh_ajuste"] == 20_000


def test_what_cannot_be_adjusted_says_why(bills, weather):
    other = weather.assign(station="T")
    cases = [
        ("N1", "chauffage", "A", "chauffage non séparable", 3),
        ("U1", None, "A", "usage du compteur inconnu", 3),
        ("W1", "chauffage", "B", "station météo inconnue", 3),
        ("D1", "chauffage", "C", "degrés-jours de l'année inconnus", 1),  # 2020 is not complete
    ]
    meters = pd.DataFrame(
        [(name, site, "gaz", usage, pd.NaT, pd.NaT) for name, usage, site, _, _ in cases], columns=METERS.columns
    )
    sites = pd.DataFrame({"code_uai": list("ABC"), "station": ["S", None, "T"], "surface_totale": 10.0})
    parts = [total(name, year, 9000.0) for name, *_ in cases[:3] for year in (2018, 2019, 2020)]
    readings = pd.concat([*parts, bills.assign(compteur_id="D1")])
    found = climate.adjusted(readings, meters, sites, pd.concat([weather, other.iloc[:-30]]))
    for name, _, _, reason, count in cases:
        rows = found[found["compteur_id"] == name]
        left = rows[~rows["ajuste"]]
        assert left["raison"].tolist() == [reason] * count
        assert left["kwh_ajuste"].tolist() == left["kwh"].tolist()
        assert left["kwh"].notna().all()
    assert (found["ajuste"] == (found["raison"] == "")).all()
    site = climate.of_sites(found, sites).set_index(["code_uai", "annee"])
    assert site.loc[("A", 2018), ["ajuste", "kwh_non_ajuste"]].tolist() == [False, 18_000]
    assert not site.loc[("C", 2020), "ajuste"]
    assert site.loc[("C", 2019), "ajuste"]


def test_a_meter_without_any_reading_is_missing_not_zero(bills, weather):
    found = climate.adjusted(bills, METERS, SITES, weather)
    silent = found[found["compteur_id"] == "E1"]
    assert silent["raison"].unique().tolist() == ["aucun relevé"]
    assert silent["kwh"].isna().all()
    assert not climate.of_sites(found, SITES)["complet"].any()


def test_a_meter_replaced_within_a_year_makes_a_whole_site(bills, weather):
    change = pd.Timestamp("2019-07-01")
    old, new = bills[bills["debut"] < change], bills[bills["debut"] >= change].assign(compteur_id="G2")
    meters = METERS.iloc[[0, 0]].assign(compteur_id=["G1", "G2"])
    meters["retrait"], meters["mise_en_service"] = [change, pd.NaT], [pd.NaT, change]
    found = climate.adjusted(pd.concat([old, new]), meters, SITES, weather)
    assert found[["compteur_id", "annee"]].to_numpy().tolist() == [
        ["G1", 2018],
        ["G1", 2019],
        ["G2", 2019],
        ["G2", 2020],
    ]
    site = climate.of_sites(found, SITES).set_index("annee")
    assert site["complet"].all()
    assert site.loc[2019, "kwh"] == pytest.approx(bills.loc[bills["debut"].dt.year == 2019, "kwh"].sum())


def test_models_of_bills(bills, weather):
    found = heating.models(bills, weather, {"G1": "S"}).set_index("annee")
    assert found["base"].tolist() == pytest.approx([100, 100, 50], rel=1e-6)
    assert found["pente"].tolist() == pytest.approx([12] * 3)
    assert found["equilibre"].tolist() == [15.0] * 3
    assert found["r2"].tolist() == pytest.approx([1] * 3)
    # a base below zero means nothing: the line goes through the origin
    less = heating.models(bills.assign(kwh=bills["kwh"] - 105 * 30.4), weather, {"G1": "S"})
    assert (less["base"] >= 0).all()
    assert less.loc[2, "base"] == 0
    # use that falls with cold has no heating
    summer = heating.models(bills.assign(kwh=9000 - bills["kwh"]), weather, {"G1": "S"})
    assert (summer["pente"] == 0).all()


def test_errors_of_the_base_against_statistics(bills, weather, monkeypatch):
    """Bills of the same length make ordinary least squares: the textbook's standard error of the intercept."""
    days = pd.date_range("2018-01-01", periods=13, freq="30D")
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"compteur_id": "G1", "debut": days[:-1], "fin": days[1:], "estime": False})
    mean = pd.Series(weather["tmoy"].to_numpy(), index=YEARS)
    degrees = (15 - mean[: days[-1]][:-1]).clip(lower=0).to_numpy().reshape(12, 30).mean(axis=1)
    use = 100 + 12 * degrees + rng.normal(size=12)
    monkeypatch.setattr(heating, "BALANCE_POINTS", np.array([15.0]))
    found = heating.models(rows.assign(kwh=use * 30, origine="facture"), weather, {"G1": "S"}).iloc[0]
    from scipy.stats import linregress

    wanted = linregress(degrees, use)
    assert (found["base"], found["pente"]) == pytest.approx((wanted.intercept, wanted.slope))
    assert found["erreur_base"] == pytest.approx(wanted.intercept_stderr)
    assert found["r2"] == pytest.approx(wanted.rvalue**2)


def test_estimates_are_joined_to_the_bill_that_mends_them(bills, weather):
    wrong = bills.copy()
    wrong.loc[[4, 9, 10, 20], "estime"] = True
    wrong.loc[4, "kwh"] -= 900.0
    wrong.loc[5, "kwh"] += 900.0
    found = heating.spans(wrong)
    # 4 joins 5; 9, 10 and 11 last over seventy days together; 20 joins 21
    assert len(found) == 36 - 1 - 3 - 1
    joined = found[found["days"] > 31]
    assert joined["kwh"].tolist() == pytest.approx([bills["kwh"][4:6].sum(), bills["kwh"][20:22].sum()])
    models = heating.models(wrong, weather, {"G1": "S"}).set_index("annee")
    assert models["base"].tolist() == pytest.approx([100, 100, 50], rel=1e-3)
    # an estimate that nothing follows, and a bill without a figure, are not used
    last = bills.assign(estime=[False] * 35 + [True])
    last.loc[0, "kwh"] = np.nan
    assert len(heating.spans(last)) == 34


def test_bills_that_overlap_are_left_out(bills, weather):
    wrong = bills.copy()
    wrong.loc[[5, 30], "fin"] += pd.Timedelta(days=3)  # into the next ones
    found = heating.spans(wrong)
    assert sorted(set(bills["debut"]) - set(found["debut"])) == bills["debut"][[5, 6, 30, 31]].tolist()
    assert heating.models(wrong, weather, {"G1": "S"})["n"].tolist() == [10, 12, 10]


def test_days_stand_in_for_bills(weather):
    mean = pd.Series(weather["tmoy"].to_numpy(), index=YEARS)
    use = (100 + 12 * (15 - mean).clip(lower=0)).to_numpy()
    daily = pd.DataFrame(
        {"compteur_id": "G1", "debut": YEARS, "fin": YEARS + pd.Timedelta(days=1), "kwh": use, "estime": False}
    ).assign(origine="relevé")
    found = heating.models(daily, weather, {"G1": "S"}).set_index("annee")
    assert found["base"].tolist() == pytest.approx([100] * 3, rel=1e-6)
    holes = daily.drop(index=range(40, 50))  # ten days of February 2018: the month is left out
    assert heating.models(holes, weather, {"G1": "S"})["n"].tolist() == [11, 12, 12]


def test_bills_without_temperatures_are_not_used(bills, weather):
    holes = weather.copy()
    holes.loc[:20, ["tmin", "tmoy", "tmax"]] = np.nan
    assert heating.models(bills, holes, {"G1": "S"})["n"].tolist() == [11, 12, 12]
    half = weather.assign(tmoy=np.nan)  # (tmin + tmax) / 2 stands in
    pd.testing.assert_frame_equal(heating.models(bills, half, {"G1": "S"}), heating.models(bills, weather, {"G1": "S"}))
    assert heating.models(bills, weather, {"G1": "elsewhere"}).empty
    assert heating.models(bills[:5], weather, {"G1": "S"}).empty


@settings(max_examples=8, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(-5.0, 5.0))
def test_scale_and_normal_years(factor, warmer):
    """Energy in other units changes nothing but units; in a normal year nothing is adjusted."""
    days = pd.date_range("2019-01-01", "2019-12-31")
    mean = 9 + warmer - 7 * np.cos(2 * np.pi * np.arange(365) / 365)
    use = pd.Series(100 + 12 * np.maximum(15 - mean, 0), index=days).resample("MS").sum()
    bill = pd.DataFrame({"compteur_id": "G1", "debut": use.index, "fin": use.index + pd.offsets.MonthBegin()})
    bill = bill.assign(kwh=use.to_numpy() * factor, estime=False, origine="facture")
    row = climate.adjusted(bill, METERS[:1], SITES, weather_of(mean, days)).iloc[0]
    assert row["kwh_ajuste"] == pytest.approx(row["kwh"])
    assert row["kwh"] == pytest.approx(factor * use.sum())
    assert 0 <= row["kwh_chauffage"] <= row["kwh"] * (1 + 1e-9)


@pytest.fixture(scope="module")
def of_sample(energy_tables):
    names = ("readings", "meters", "sites", "weather")
    return climate.adjusted(*(energy_tables[f"energy/{name}"] for name in names))


def test_sample_against_duckdb(energy_tables, of_sample):
    """The last step again, in SQL: heating × normal / year + the rest, and sites as sums of meters."""
    readings, sites = energy_tables["energy/readings"], energy_tables["energy/sites"]
    database = duckdb.connect()
    database.register("adjusted", of_sample)
    database.register("weather", energy_tables["energy/weather"])
    database.register("stations", sites[["code_uai", "station"]].astype(str))
    database.register("totals", readings.loc[readings["origine"] == "bilan", ["compteur_id", "debut", "kwh"]])
    found = database.sql(
        """
        with years as (
            select station, year(jour) as annee, sum(case
                when tmax <= 18 then 18 - (tmin + tmax) / 2 when tmin >= 18 then 0
                else (18 - tmin) * (0.08 + 0.42 * (18 - tmin) / (tmax - tmin)) end) as dju
            from weather group by all),
        normals as (select station, avg(dju) as normal from years where annee between 2001 and 2020 group by all)
        select a.compteur_id, a.annee, t.kwh, usage, normal / y.dju as ratio,
            greatest(0, t.kwh - base * (365 + (a.annee % 4 = 0)::int)) as heat
        from totals t join adjusted a on a.compteur_id = t.compteur_id and a.annee = year(t.debut)
        join stations using (code_uai) join years y on y.station = stations.station and y.annee = a.annee
        join normals n on n.station = stations.station order by 1, 2
        """
    ).df()
    database.close()
    found["heat"] = found["heat"].where(found["usage"] != "autres", 0.0)
    wanted = found["kwh"] + found["heat"] * (found["ratio"] - 1)
    mine = of_sample.set_index(["compteur_id", "annee"]).loc[
        list(zip(found["compteur_id"], found["annee"], strict=True))
    ]
    assert len(found) > 1800
    np.testing.assert_allclose(mine["kwh_ajuste"], wanted, rtol=1e-9)
    by_hand = of_sample.groupby(["code_uai", "annee"])[["kwh", "kwh_chauffage", "kwh_ajuste"]].sum(min_count=1)
    site = climate.of_sites(of_sample, sites).set_index(["code_uai", "annee"])
    np.testing.assert_allclose(site[by_hand.columns], by_hand.loc[site.index])


def changed_sites(tables):
    truths, meters = tables["energy/truths"], tables["energy/meters"]
    models = ["point d'équilibre", "pente", "base", "week-end", "vacances"]
    return set(truths.loc[~truths["nature"].isin(models), "code_uai"]) | set(
        meters.loc[meters["retrait"].notna(), "code_uai"]
    )


def test_unchanged_sites_vary_far_less(energy_tables, of_sample):
    site = climate.of_sites(of_sample, energy_tables["energy/sites"])
    rows = site[(site["annee"] >= 2018) & site["complet"] & ~site["code_uai"].isin(changed_sites(energy_tables))]
    groups = rows.groupby("code_uai")
    varies = {name: (groups[name].std() / groups[name].mean()) for name in ("kwh", "kwh_ajuste")}
    assert len(groups) > 30
    assert varies["kwh"].median() > 0.05
    assert varies["kwh_ajuste"].median() < 0.35 * varies["kwh"].median()
    assert (varies["kwh_ajuste"] < varies["kwh"]).mean() > 0.95


def test_sixteen_degrees_adjust_lycees_better_than_the_laws_eighteen(energy_tables, of_sample):
    """What the docstring says of the base: true of the sample, whose buildings heat from 13 to 18 °C."""
    names = ("readings", "meters", "sites", "weather")
    tables = [energy_tables[f"energy/{name}"] for name in names]
    spread = []
    for found in (of_sample, climate.adjusted(*tables, base=16)):
        site = climate.of_sites(found, tables[2])
        rows = site[(site["annee"] >= 2018) & site["complet"] & ~site["code_uai"].isin(changed_sites(energy_tables))]
        total = rows.groupby("annee")["kwh_ajuste"].sum()
        spread.append(total.std() / total.mean())
    assert spread[1] < 0.7 * spread[0]


def test_bases_against_the_planted_ones(energy_tables, of_sample):
    truths = energy_tables["energy/truths"]
    planted = truths[truths["nature"] == "base"][["compteur_id", "debut", "fin", "valeur"]]
    rows = of_sample[(of_sample["usage"] == "chauffage") & (of_sample["annee"] >= 2018)].merge(
        planted, on="compteur_id"
    )
    first = pd.to_datetime(rows["annee"].astype(str) + "-01-01")
    rows = rows[(rows["debut"] <= first) & (rows["fin"] >= first + pd.DateOffset(years=1))]
    error = rows["base"] / rows["valeur"] - 1
    assert len(rows) > 700
    assert abs(error.median()) < 0.15
    # what matters: the heating part, of which the base takes little
    share = (rows["base"] - rows["valeur"]).abs() * 365 / rows["kwh"]
    assert share.quantile(0.9) < 0.06


def test_nothing_in_nothing_out(energy_tables):
    tables = [energy_tables[f"energy/{name}"] for name in ("readings", "meters", "sites", "weather")]
    small = [tables[0].head(200), *tables[1:3], tables[3].head(5844)]  # the first station
    full = climate.adjusted(*small)
    for place in range(4):
        given_tables = [table.head(0) if place == one else table for one, table in enumerate(small)]
        found = climate.adjusted(*given_tables)
        assert found.dtypes.to_dict() == full.dtypes.to_dict()
        assert not found.loc[found["usage"] == "chauffage", "ajuste"].any()
        site = climate.of_sites(found, given_tables[2])
        assert site.columns.tolist() == climate.of_sites(full, tables[2]).columns.tolist()
    assert climate.by_year(tables[3].head(0)).empty
    assert climate.normal(climate.by_year(tables[3].head(0))).empty


def test_a_year_of_which_no_day_is_known_has_no_degree_days():
    days = pd.date_range("2024-01-01", "2025-12-31")
    table = pd.DataFrame({"station": "S", "jour": days, "tmin": 0.0, "tmax": 10.0})
    table.loc[days.year == 2024, ["tmin", "tmax"]] = np.nan
    found = climate.by_year(table)
    assert found["dju"].isna().tolist() == [True, False]  # not a year without any cold
    assert found[["manquants", "complet"]].to_numpy().tolist() == [[366, False], [0, True]]


def test_ninety_nine_days_of_a_hundred_make_a_whole_year(weather):
    """A meter put in service on 23 September has 100 days of its year: one may be missing, not two."""
    meters = METERS[METERS["compteur_id"] == "E1"].assign(mise_en_service=pd.Timestamp("2018-09-23"))
    for last, whole in (("2018-12-31", True), ("2018-12-30", False)):
        bill = total("E1", 2018, 990.0).assign(debut=pd.Timestamp("2018-09-23"), fin=pd.Timestamp(last))
        assert climate.adjusted(bill, meters, SITES, weather)["complet"].tolist() == [whole]
