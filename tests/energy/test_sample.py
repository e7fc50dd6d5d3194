"""The fictitious energy sample: reproducible, plausible, nobody's, and true to the truths that it plants."""

import hashlib
import json
import re
import shutil
import unicodedata

import numpy as np
import pandas as pd
import pytest
from dateutil.easter import easter

from data.make.energy import CREATED, FACTS, SEED, sample, write_sample
from data.make.energy import facts as sample_facts
from data.make.energy.book import draw
from data.make.energy.loads import planted
from data.make.energy.sites import FAMILY, GIVEN, in_proportion, sites
from data.make.energy.weather import shape_of_year, wander
from data.make.sampling import invented, streams, write_package
from tests.energy.panels import meters_with_saving, meters_without_change
from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError
from tikub_lab.tables.identifiers import uai
from tikub_lab.tables.package import open_package
from tikub_lab.tables.places import communes

SCHOOL, WEEKEND, HOLIDAY = range(3)
FAULTS = ("économie", "geste", "dérive de la base", "compteur en panne", "relevés estimés")


@pytest.fixture(scope="module")
def tables(energy_tables):
    return energy_tables


@pytest.fixture(scope="module")
def truths(tables):
    return tables["energy/truths"]


@pytest.fixture(scope="module")
def readings(tables):
    """Readings with their meter and lycée."""
    meters = tables["energy/meters"].merge(tables["energy/sites"][["code_uai", "station"]], on="code_uai")
    return tables["energy/readings"].merge(meters, on="compteur_id", validate="m:1")


@pytest.fixture(scope="module")
def daily(readings, tables):
    """What was read of the days of 2025, with their temperature and kind, worked out from the tables alone."""
    read = readings[readings["origine"] == "relevé"]
    weather = tables["energy/weather"][["station", "jour", "tmoy"]]
    read = read.merge(weather, left_on=["station", "debut"], right_on=["station", "jour"], validate="m:1")
    return read.assign(genre=read["debut"].map(kinds(tables["energy/calendar"])))


def kinds(calendar):
    """School days, weekends (and single public holidays) and holidays of 2025, from the calendar, by hand."""
    days = pd.date_range("2025-01-01", "2025-12-31")
    kind = pd.Series(np.where(days.day_of_week >= 5, WEEKEND, SCHOOL), index=days)
    for nature, value in (("jour férié", WEEKEND), ("vacances", HOLIDAY), ("pont", HOLIDAY)):
        for row in calendar[calendar["nature"] == nature].itertuples():
            kind[(days >= row.debut) & (days < row.fin)] = value
    return kind


def truth(truths, meter, nature):
    """The only value that was planted."""
    return truths.loc[(truths["compteur_id"] == meter) & (truths["nature"] == nature), "valeur"].item()


# The files


@pytest.fixture
def folder(tmp_path, root):
    """A data package of its own, with the schemas."""
    shutil.copytree(root / "data" / "schemas", tmp_path / "schemas")
    return tmp_path


def test_sample_regenerates_bit_for_bit(folder, root):
    if "energy" not in USE_CASES:
        pytest.skip("energy is not yet one of USE_CASES: its sample is not shipped")
    shipped = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    ours = {item["name"]: item for item in shipped["resources"]}
    for item in write_sample(folder):
        theirs, content = ours[item["name"]], (root / "data" / item["path"]).read_bytes()
        assert theirs["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
        if item["format"] == "parquet":  # the same rows; their bytes are those of one pyarrow
            pd.testing.assert_frame_equal(*(pd.read_parquet(at / item["path"]) for at in (folder, root / "data")))
            item |= {name: theirs[name] for name in ("bytes", "hash")}
        else:
            assert (folder / item["path"]).read_bytes() == content
        assert theirs == item


def test_sample_is_small_and_reads_back(folder, tables):
    resources = write_sample(folder)
    assert sum(item["bytes"] for item in resources if item["format"] == "csv") < 6_000_000
    assert [item["name"] for item in resources if item["format"] == "parquet" and item["bytes"] < 300_000] == [
        "energy/loads"
    ]
    write_package(folder, resources, CREATED)
    package = open_package(folder)
    for name in ("energy/sites", "energy/works", "energy/readings", "energy/truths", "energy/factors", "energy/loads"):
        pd.testing.assert_frame_equal(package.load(name), tables[name])


def test_descriptors_tell_facts_from_fiction(folder):
    for item in write_sample(folder, scale=0.01):
        assert ("fictif" in item["title"]) == (item["name"] not in FACTS)
        assert ("fictives" in item["description"]) == (item["name"] not in FACTS)
    assert {"energy/calendar", "energy/factors"} == set(FACTS)


def test_same_seed_same_tables_other_seed_other_tables(tables):
    first, again, other = sample(0.05, 7), sample(0.05, 7), sample(0.05, 8)
    same = {"energy/stations", "energy/calendar", "energy/factors", "energy/prices"}
    for name in tables:
        pd.testing.assert_frame_equal(first[name], again[name])
        assert first[name].equals(other[name]) == (name in same)


@pytest.mark.parametrize(
    ("scale", "seed", "message"), [(0, 1, "scale=0"), (1001, 1, "0.01 to 1000"), (1, -1, "seed=-1")]
)
def test_bounds(scale, seed, message):
    with pytest.raises(UsageError, match=message):
        sample(scale, seed)


def test_half_hours_of_load_curves_add_up_to_the_days_that_are_read(tables):
    loads = tables["energy/loads"]
    assert loads["minutes"].eq(30).all()
    legal = loads["debut"].dt.tz_convert("Europe/Paris").dt.tz_localize(None)
    days = loads.assign(debut=legal.dt.normalize()).groupby(["compteur_id", "debut"])["kwh"].agg(["sum", "count"])
    readings = tables["energy/readings"].query("origine == 'relevé'").set_index(["compteur_id", "debut"])
    assert len(days) == 10 * 365
    assert days["sum"].to_numpy() == pytest.approx(readings["kwh"].reindex(days.index).to_numpy())
    odd = {pd.Timestamp("2025-03-30"): 46, pd.Timestamp("2025-10-26"): 50}
    assert all((part == odd.get(day, 48)).all() for day, part in days["count"].groupby("debut"))


def test_load_curves_are_those_of_ten_lycees_with_one_fault_at_most(tables):
    found = planted(1.0, SEED)
    assert found["defaut"].value_counts().to_dict() == {"": 4, "nuit": 2, "démarrage": 2, "été": 1, "week-end": 1}
    assert set(found["compteur_id"]) == set(tables["energy/loads"]["compteur_id"])
    sites = tables["energy/meters"].merge(tables["energy/sites"], on="code_uai").set_index("compteur_id")
    assert sites.loc[found["compteur_id"], "internat"].sum() == 5
    assert sites.loc[found["compteur_id"], "usage"].eq("autres").all()
    others = tables["energy/truths"].query("nature in @FAULTS")["compteur_id"]
    assert not set(found["compteur_id"]) & set(others)


# Nobody's, and in real places


def test_uai_are_valid_distinct_and_of_no_departement(tables):
    codes = tables["energy/sites"]["code_uai"]
    assert codes.is_unique
    assert uai(codes).all()
    assert codes.str.startswith("000").all()
    many = sites(3637, streams(3, 1)[0])  # the largest sample
    assert many["code_uai"].is_unique
    assert many["lib_etablissement"].is_unique
    assert uai(many["code_uai"]).all()


def _plain(text):
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return " ".join(re.findall("[A-Z]+", letters))


def test_lycees_are_not_real_ones(tables, opendata):
    published = json.loads((opendata / "lycees" / "lycees_academie-rennes_2026-10-08.json").read_text(encoding="utf-8"))
    plain = pd.read_csv(opendata / "lycees" / "fr-en-ips_lycees.csv.gz", sep=";", usecols=[4, 5], dtype=str)
    codes = {item["u"] for item in published["lycees"]} | set(plain["uai"])
    assert len(codes) > 2000
    assert not codes & set(tables["energy/sites"]["code_uai"])
    assert not [code for code in codes if code.startswith("000")]
    real = {_plain(name) for name in [*plain.iloc[:, 1].dropna(), *(item["n"] for item in published["lycees"])]}
    names = tables["energy/sites"]["lib_etablissement"].str.extract(r"^Lycée (.*) \(fictif\)$")[0]
    assert names.is_unique
    assert names.notna().all()
    for name in names.map(_plain):
        assert not [other for other in real if name in other]


def test_lycees_do_not_bear_the_names_of_the_other_sample():
    assert not set(GIVEN.split("|")) & {*invented("given")}
    assert not set(FAMILY.split("|")) & {*invented("family")}


def test_places_are_real_communes(tables):
    columns = ["code_commune", "ville", "departement", "longitude", "latitude"]
    known = communes()[["code", "nom", "departement", "longitude", "latitude"]].set_axis(columns, axis=1)
    found = tables["energy/sites"][columns].merge(known, how="left", indicator=True)
    assert found["_merge"].eq("both").all()
    assert set(found["departement"]) == {"22", "29", "35", "56"}


def test_stations_say_that_they_are_fictitious(tables):
    names = tables["energy/stations"]["lib_station"]
    assert names.str.fullmatch(r"Station fictive n° \d, secteur [A-Z].*").all()
    assert tables["energy/meters"]["point_livraison"].isna().all()
    assert tables["energy/prices"]["statut"].eq("fictif").all()
    assert tables["energy/sites"]["emat"].str.contains("fictive").all()


# Public facts


def test_public_holidays_follow_the_law(tables):
    """Article L. 3133-1 of the Code du travail: eleven days, three of them by Easter, worked out by dateutil."""
    calendar = tables["energy/calendar"].query("nature == 'jour férié'")
    expected = set()
    for year in range(2018, 2026):
        fixed = {"01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"}
        expected |= {pd.Timestamp(f"{year}-{day}") for day in fixed}
        expected |= {pd.Timestamp(easter(year)) + pd.Timedelta(days=days) for days in (1, 39, 50)}
    assert set(calendar["debut"]) == expected
    assert len(calendar) == 88
    assert ((calendar["fin"] - calendar["debut"]).dt.days == 1).all()


def test_school_calendar_is_complete(tables):
    """Known dates of zone B, and what must hold of any year: 36 weeks of lessons (code de l'éducation, L. 521-1)."""
    calendar = tables["energy/calendar"].query("nature == 'vacances'")
    calendar = calendar.assign(annee=calendar["debut"].dt.year)
    spring = calendar[calendar["libelle"] == "Vacances de printemps"].set_index("annee")["debut"]
    assert spring[2018] == pd.Timestamp("2018-04-26")  # after the lessons of Wednesday 25: moved in Rennes
    assert spring[2021] == pd.Timestamp("2021-04-10")  # all zones together that year
    per_year = calendar.groupby(["annee", "libelle"]).size().unstack()
    assert (per_year.loc[2018:2025] == 1).all().all()
    ordered = calendar.sort_values("debut")
    assert (ordered["debut"].iloc[1:].to_numpy() > ordered["fin"].iloc[:-1].to_numpy()).all()
    back = calendar[calendar["libelle"] == "Vacances d'été"].set_index("annee")
    for year in range(2018, 2025):
        days = pd.bdate_range(back.loc[year, "fin"], back.loc[year + 1, "debut"] - pd.Timedelta(days=1))
        off = [(days >= row.debut) & (days < row.fin) for row in calendar.itertuples()]
        weeks = days[~np.logical_or.reduce(off)].isocalendar()
        assert 36 <= len(weeks[["year", "week"]].drop_duplicates()) <= 38


def test_kinds_of_days_are_those_of_the_calendar(tables):
    by_hand = kinds(tables["energy/calendar"])
    days = by_hand.index.to_numpy().astype("datetime64[D]")
    assert (sample_facts.kinds_of_days(days) == by_hand.to_numpy()).all()
    assert 120 <= (by_hand == HOLIDAY).sum() <= 130  # about 17 weeks


def test_factors_are_dated_sourced_and_never_invented(tables):
    factors = tables["energy/factors"]
    assert factors["source"].notna().all()
    asked = factors["statut"] == "à demander"
    assert (factors["gco2e_kwh"].isna() == asked).all()
    assert asked.sum() == 1
    assert set(factors["energie"]) == set(tables["energy/meters"]["energie"])
    burnt = factors["energie"].isin(["gaz", "fioul", "bois"])
    assert (factors["pouvoir_calorifique"].notna() == burnt).all()
    # the values of facts: CGDD and ADEME, of 2017
    values = factors[factors["annee"] == 2017].set_index(["energie", "usage"])["gco2e_kwh"]
    assert values.loc[[("fioul", "tous"), ("gaz", "tous"), ("bois", "tous")]].tolist() == [324, 227, 30]
    assert values.loc[[("électricité", "chauffage"), ("électricité", "éclairage")]].tolist() == [147, 82]
    assert values[("réseau de chaleur", "tous")] == 116


# Plausible


def test_stock_has_the_published_size(tables):
    """115 lycées, 1,500 buildings, 1.8 million m², 13.4 M€ a year, as the Région says."""
    stock, buildings = tables["energy/sites"], tables["energy/buildings"]
    assert len(stock) == 115
    assert abs(len(buildings) / 1500 - 1) < 0.03
    assert abs(stock["surface_totale"].sum() / 1_800_000 - 1) < 0.001
    assert 60_000 < stock["eleves"].sum() < 100_000
    by_lycee = buildings.groupby("lycee")["surface_bati"].sum()
    assert (by_lycee.reindex(stock["code_uai"]).to_numpy() == stock["surface_totale"].to_numpy()).all()
    opened = buildings["lycee"].map(stock.set_index("code_uai")["annee_ouverture"])
    assert (buildings["annee_construction"] >= opened).all()
    assert set(buildings.loc[buildings["fonction_principale"] == "Hébergement", "lycee"]) <= set(
        stock.loc[stock["internat"], "code_uai"]
    )


def test_energies_are_mixed(tables):
    shares = tables["energy/sites"]["energie_chauffage"].value_counts(normalize=True)
    assert 0.6 < shares["gaz"] < 0.75
    assert 0.1 < shares["réseau de chaleur"] < 0.16
    assert shares[["fioul", "bois", "électricité"]].between(0.03, 0.1).all()


def test_use_and_cost_are_plausible(tables, readings):
    bills = readings[readings["origine"] == "facture"]
    year = bills["debut"].dt.year
    area = tables["energy/sites"].set_index("code_uai")["surface_totale"]
    by_year = bills.groupby(year)["kwh"].sum() / area.sum()
    assert by_year.between(100, 145).all()
    assert by_year.max() / by_year.min() > 1.1  # years differ
    by_lycee = bills.groupby("code_uai")["kwh"].sum() / 8 / area
    assert by_lycee.between(60, 240).all()
    assert by_lycee.between(100, 180).mean() > 0.75
    prices = tables["energy/prices"].set_index(["energie", "annee"])["euros_kwh"]
    paid = bills.groupby(["energie", year], observed=True)["kwh"].sum()
    paid.index = paid.index.set_names(["energie", "annee"])
    cost = (paid * prices).groupby("annee").sum() / 1e6
    assert cost.loc[2018:2020].between(12, 16).all()


def test_climate_is_oceanic_and_years_differ(tables):
    weather = tables["energy/weather"]
    assert (weather["tmin"] < weather["tmoy"]).all()
    assert (weather["tmoy"] < weather["tmax"]).all()
    mean = weather.groupby("station")["tmoy"].mean()
    assert mean.between(11, 12.6).all()
    degrees = (18 - (weather["tmin"] + weather["tmax"]) / 2).clip(lower=0)
    yearly = degrees.groupby([weather["station"], weather["jour"].dt.year]).sum().unstack()
    assert yearly.mean(axis=1).between(2150, 2600).all()
    assert yearly.std(axis=1).between(90, 260).all()
    assert weather["tmin"].min() > -14
    assert weather["tmax"].max() < 40
    wide = weather.pivot(index="jour", columns="station", values="tmoy")
    season = wide.groupby(wide.index.day_of_year).transform("mean")
    rest = wide - season
    assert 0.6 < rest["F1"].autocorr() < 0.9
    assert rest.corr().min().min() > 0.8  # one region


def test_every_day_has_its_temperature(tables):
    per_station = tables["energy/weather"].groupby("station")["jour"].agg(["min", "max", "size"])
    assert (per_station["min"] == pd.Timestamp("2010-01-01")).all()
    assert (per_station["max"] == pd.Timestamp("2025-12-31")).all()
    assert (per_station["size"] == 5844).all()


# Readings


def test_bills_follow_each_other(readings):
    bills = readings[readings["origine"] == "facture"].sort_values(["compteur_id", "debut"])
    days = (bills["fin"] - bills["debut"]).dt.days
    assert days.between(28, 33).all()
    assert days.nunique() == 6
    same = bills["compteur_id"].eq(bills["compteur_id"].shift())
    assert (bills["debut"][same] == bills["fin"].shift()[same]).all()
    first, last = (bills.groupby("compteur_id")[name].agg(how) for name, how in (("debut", "min"), ("fin", "max")))
    whole = (first == pd.Timestamp("2018-01-01")) & (last == pd.Timestamp("2026-01-01"))
    assert (~whole).sum() == 6  # three lycées gave up oil


def test_meters_serve_when_they_have_bills(tables, readings):
    bills = readings[readings["origine"] == "facture"].groupby("compteur_id").agg({"debut": "min", "fin": "max"})
    meters = tables["energy/meters"].set_index("compteur_id").join(bills)
    gone = meters["retrait"].notna()
    assert (meters["retrait"][gone] == meters["fin"][gone]).all()
    assert meters["energie"][gone].eq("fioul").all()
    assert gone.sum() == 3
    for meter in meters[gone].itertuples():
        successor = meters[(meters["code_uai"] == meter.code_uai) & (meters["mise_en_service"] == meter.retrait)]
        assert len(successor) == 1
        assert (successor["debut"] == meter.fin).all()
    done = tables["energy/works"].query("mesure == 'Abandon du fioul'")
    assert set(done["code_uai"]) == set(meters["code_uai"][gone])
    assert sorted(done["date_fin"]) == sorted(meters["retrait"][gone])


def test_bills_add_up_to_days(readings, truths):
    """Of meters that never had an estimated bill nor a fault, in 2025: each bill is the sum of its days."""
    faulty = truths.loc[truths["nature"].isin(["compteur en panne", "relevés estimés"]), "compteur_id"]
    bills = readings[(readings["origine"] == "facture") & (readings["debut"] >= "2025-01-01")]
    guessed = bills.loc[bills["estime"], "compteur_id"].unique()
    late = readings[(readings["origine"] == "facture") & readings["estime"] & (readings["debut"] >= "2024-11-01")]
    sound = ~bills["compteur_id"].isin([*faulty, *guessed, *late["compteur_id"]])
    days = readings[readings["origine"] == "relevé"].set_index(["compteur_id", "debut"])["kwh"].sort_index()
    compared = bills[sound & bills["compteur_id"].isin(days.index.levels[0])].groupby("compteur_id").head(6)
    assert compared["compteur_id"].nunique() > 80
    for bill in compared.sample(120, random_state=1).itertuples():
        of_days = days[bill.compteur_id].loc[bill.debut : bill.fin - pd.Timedelta(days=1)]
        assert bill.kwh == of_days.sum()


def test_estimated_bills_are_last_years_and_are_mended(readings, truths):
    """Over an estimated bill and the next, what is billed is what was used."""
    book = draw(1, SEED)
    bills = readings[readings["origine"] == "facture"].sort_values(["compteur_id", "debut"], ignore_index=True)
    assert 0.02 < bills["estime"].mean() < 0.05
    broken = truths.loc[truths["nature"] == "compteur en panne", "compteur_id"]
    sound = bills[~bills["compteur_id"].isin(broken)]
    used = pd.DataFrame(book.true.T, columns=book.meters.id, index=pd.date_range("2018-01-01", "2025-12-31"))
    rows = sound.index[sound["estime"] & ~sound["estime"].shift(-1, fill_value=False)]
    assert len(rows) > 500
    single = [row for row in rows if not bills["estime"][row - 1]]
    for row in single[::25]:
        guess, mended = bills.loc[row], bills.loc[row + 1]
        days = used.loc[guess["debut"] : mended["fin"] - pd.Timedelta(days=1), guess["compteur_id"]]
        assert guess["kwh"] + mended["kwh"] == days.sum()
        before = bills.loc[row - 12]
        whole = used.loc[before["debut"] : before["fin"] - pd.Timedelta(days=1), guess["compteur_id"]].sum()
        assert guess["kwh"] == whole


def test_reference_years_are_there(tables, readings):
    yearly = readings[readings["origine"] == "bilan"]
    opened = yearly["code_uai"].map(tables["energy/sites"].set_index("code_uai")["annee_ouverture"])
    assert sorted(yearly["debut"].dt.year.unique()) == list(range(2010, 2018))
    assert (yearly["debut"].dt.year > opened).all()
    young = tables["energy/sites"].query("annee_ouverture > 2010")
    assert len(young) >= 2
    since = yearly[~yearly["code_uai"].isin(young["code_uai"])].groupby("compteur_id").size()
    assert (since == 8).all()
    bills = readings[(readings["origine"] == "facture") & (readings["debut"] < "2020-01-01")]
    kept = set(bills.groupby("compteur_id")["debut"].min().loc[lambda day: day == "2018-01-01"].index)
    both = sorted(kept & set(since.index))
    before = yearly[yearly["compteur_id"].isin(both)].groupby("compteur_id")["kwh"].mean()
    after = bills.groupby("compteur_id")["kwh"].sum()[both] / 2
    assert 1.0 < (before / after).median() < 1.15  # a little more in the past


# Truths


def fit(days, balance):
    """Base and slope of a heating meter by least squares, the balance point being known or tried."""
    degrees = np.maximum(balance - days["tmoy"].to_numpy(), 0)
    design = np.column_stack([np.ones(len(days)), degrees])
    values, rest, _, _ = np.linalg.lstsq(design, days["kwh"].to_numpy(), rcond=None)
    return values, rest[0]


def unchanged(truths, tables):
    """Daily heating meters of lycées in which nothing is planted but the model."""
    other = ~truths["nature"].isin(["point d'équilibre", "pente", "base", "week-end", "vacances"])
    changed = set(truths.loc[other, "code_uai"])
    meters = tables["energy/meters"].query("usage == 'chauffage' and pas == 'journalier'")
    return meters.loc[~meters["code_uai"].isin(changed), "compteur_id"]


def test_models_are_found_again_on_days_of_lessons(daily, truths, tables):
    """By hand: of balance points half a degree apart, that of the least squares; then base and slope."""
    errors = []
    for meter in unchanged(truths, tables)[:25]:
        days = daily[(daily["compteur_id"] == meter) & (daily["genre"] == SCHOOL)]
        tried = {balance: fit(days, balance)[1] for balance in np.arange(12, 20.01, 0.25)}
        balance = min(tried, key=tried.get)
        (base, slope), _ = fit(days, balance)
        errors.append(
            [
                balance - truth(truths, meter, "point d'équilibre"),
                slope / truth(truths, meter, "pente") - 1,
                base / truth(truths, meter, "base") - 1,
            ]
        )
    errors = np.array(errors)
    assert np.abs(np.median(errors, axis=0)).max() < 0.25
    assert np.abs(errors[:, 0]).max() <= 1.5
    assert np.quantile(np.abs(errors[:, 1]), 0.9) < 0.12


def test_weekends_and_holidays_are_found_again(daily, truths, tables):
    """Base, balance point and slope being those planted, what is left of the slope on other days is as planted."""
    found = []
    for meter in unchanged(truths, tables):
        days = daily[daily["compteur_id"] == meter]
        heat = truth(truths, meter, "pente") * np.maximum(truth(truths, meter, "point d'équilibre") - days["tmoy"], 0)
        above = days["kwh"] - truth(truths, meter, "base")
        for kind, nature in ((WEEKEND, "week-end"), (HOLIDAY, "vacances")):
            here = (days["genre"] == kind).to_numpy()
            found.append(above[here].sum() / heat[here].sum() / truth(truths, meter, nature) - 1)
    assert len(found) > 60
    assert abs(np.mean(found)) < 0.01
    assert np.abs(found).max() < 0.12


def test_models_after_works_are_those_told(daily, truths):
    """On days of lessons of 2025, what the truths of after the works foresee is used: not those of before."""
    done = truths.loc[truths["nature"] == "économie", "compteur_id"]
    ratios = []
    for meter in sorted(set(done) & set(daily["compteur_id"])):
        days = daily[(daily["compteur_id"] == meter) & (daily["genre"] == SCHOOL)]
        own = truths[(truths["compteur_id"] == meter) & truths["unite"].isin(["°C", "kWh/jour", "kWh/(jour·°C)"])]
        after = own.sort_values("debut").groupby("nature", observed=True)
        assert (after["fin"].max() == pd.Timestamp("2026-01-01")).all()
        assert (after.size() == 2).any()
        value = after["valeur"].last()
        foreseen = value["base"] + value["pente"] * np.maximum(value["point d'équilibre"] - days["tmoy"], 0)
        ratios.append(days["kwh"].sum() / foreseen.sum())
    assert len(ratios) > 12
    assert np.abs(np.array(ratios) - 1).max() < 0.03


def test_kitchens_rest_in_summer(readings):
    cooking = readings[readings["compteur_id"].str.startswith("C") & (readings["origine"] == "facture")]
    assert cooking["energie"].eq("gaz").all()
    assert cooking["usage"].eq("autres").all()
    month = cooking.groupby([cooking["compteur_id"], (cooking["debut"] + pd.Timedelta(days=15)).dt.month])["kwh"].mean()
    month = month.unstack()
    assert (month[8] < 0.2 * month[3]).all()
    assert (month[1] < 1.3 * month[6]).all()  # no heating in it


def test_heating_in_holidays_stands_out(daily, truths, tables):
    """A plain rule finds most of it: above the base, more than three quarters of what days of lessons would take."""
    planted = truths[truths["nature"] == "chauffage en vacances"]
    assert len(planted) >= planted["compteur_id"].nunique() == 12
    breaks = tables["energy/calendar"].query("nature == 'vacances' and debut >= '2025-01-01'")
    breaks = breaks[breaks["libelle"] != "Vacances d'été"]
    heating = daily[daily["usage"] == "chauffage"]
    hits, alarms = set(), set()
    for meter, days in heating.groupby("compteur_id"):
        (base, slope), _ = fit(days[days["genre"] == SCHOOL], 16)
        for period in breaks.itertuples():
            inside = days[(days["debut"] >= period.debut) & (days["debut"] < period.fin)]
            degrees = np.maximum(16 - inside["tmoy"], 0).sum()
            if degrees > 60 and (inside["kwh"] - base).sum() > 0.75 * slope * degrees:
                here = (planted["compteur_id"] == meter) & (planted["debut"] < period.fin)
                here &= planted["fin"] > period.debut
                hits.update(planted.index[here])
                alarms.update([] if here.any() else [(meter, period.debut)])
    assert len(hits) >= 0.9 * len(planted)
    assert len(alarms) <= 0.05 * heating["compteur_id"].nunique()
    assert (planted["valeur"] > 0).all()
    assert (planted["unite"] == "kWh").all()


def test_drifts_stand_out_and_have_their_size(daily, truths, tables):
    """Against the same days of lessons of the lycée's bills of the year before, the last quarter is above."""
    planted = truths[truths["nature"] == "dérive de la base"].set_index("compteur_id")
    assert len(planted) == 10
    found = {}
    for meter in planted.index:
        days = daily[daily["compteur_id"] == meter]
        base, balance, slope = (truth(truths, meter, name) for name in ("base", "point d'équilibre", "pente"))
        lessons = days[days["genre"] == SCHOOL]
        expected = base + slope * np.maximum(balance - lessons["tmoy"], 0)
        above = lessons["kwh"] - expected
        since = planted.loc[meter, "debut"] + pd.Timedelta(days=90)
        before, after = above[lessons["debut"] < planted.loc[meter, "debut"]], above[lessons["debut"] >= since]
        found[meter] = (after.mean() - before.mean()) / base
    assert min(found.values()) > 0.1
    assert max(found.values()) < 2
    electric = planted.index.str.startswith("E")
    assert 0 < electric.sum() < 10


def test_broken_meters_count_nothing_or_repeat_themselves(daily, readings, truths):
    planted = truths[truths["nature"] == "compteur en panne"]
    assert len(planted) == 6
    stuck = []
    for row in planted.itertuples():
        days = daily[daily["compteur_id"] == row.compteur_id].set_index("debut")["kwh"]
        inside = days[row.debut : row.fin - pd.Timedelta(days=1)]
        assert len(inside) >= 20
        assert inside.nunique() == 1
        stuck.append(inside.iloc[0] > 0)
        assert row.valeur > 0
        bills = readings[(readings["compteur_id"] == row.compteur_id) & (readings["origine"] == "facture")]
        touched = bills[(bills["debut"] < row.fin) & (bills["fin"] > row.debut)]
        assert touched["estime"].all()
    assert 0 < sum(stuck) < 6


def test_estimated_readings_are_days_alike_or_bills_in_a_row(daily, readings, truths):
    planted = truths[truths["nature"] == "relevés estimés"]
    assert len(planted) == 6
    days_alike = 0
    for row in planted.itertuples():
        days = daily[daily["compteur_id"] == row.compteur_id].set_index("debut")["kwh"]
        inside = days[row.debut : row.fin - pd.Timedelta(days=1)]
        if len(inside) and inside.nunique() == 1:
            days_alike += 1
            assert abs(inside.sum() - row.valeur) <= len(inside)  # an index read on both ends: the sum is right
            continue
        bills = readings[(readings["compteur_id"] == row.compteur_id) & (readings["origine"] == "facture")]
        run = bills[(bills["debut"] >= row.debut) & (bills["fin"] <= row.fin)]
        assert run["estime"].all()
        assert 5 <= len(run) <= 8
    assert days_alike == 3


def test_no_other_days_are_alike_for_long(daily, truths):
    """Or a plain rule would cry wolf: five equal days in a row, in meters that are planted as sound."""
    bad = truths.loc[truths["nature"].isin(["compteur en panne", "relevés estimés"]), "compteur_id"]
    sound = daily[~daily["compteur_id"].isin(bad)].sort_values(["compteur_id", "debut"])
    same = sound["kwh"].diff().eq(0) & sound["compteur_id"].eq(sound["compteur_id"].shift())
    assert same.rolling(4).sum().max() < 4


def test_savings_of_works_are_found_again_in_bills(tables, readings, truths):
    """By hand: bills before the works against degree days, then the year after; the saving within a few points."""
    planted = truths[truths["nature"] == "part économisée"]
    assert len(planted) == 25
    weather = tables["energy/weather"].pivot(index="jour", columns="station", values="tmoy")
    errors = []
    for row in planted.itertuples():
        meter = readings[(readings["compteur_id"] == row.compteur_id) & (readings["origine"] == "facture")].copy()
        balance = truths.query(
            'compteur_id == @row.compteur_id and nature == "point d\'équilibre" and debut < @row.debut'
        )["valeur"].item()
        degrees = (balance - weather[meter["station"].iloc[0]]).clip(lower=0).cumsum()
        ends = [degrees.asof(day - pd.Timedelta(days=1)) for day in meter["fin"]]
        begins = [degrees.asof(day - pd.Timedelta(days=1)) for day in meter["debut"]]
        meter["dju"] = np.array(ends) - np.nan_to_num(np.array(begins, dtype=float))
        meter["jours"] = (meter["fin"] - meter["debut"]).dt.days
        before = meter[meter["fin"] <= row.debut]
        after = meter[(meter["debut"] >= row.debut) & (meter["fin"] <= row.debut + pd.Timedelta(days=395))]
        design = before[["jours", "dju"]].to_numpy()
        values = np.linalg.lstsq(design, before["kwh"].to_numpy(), rcond=None)[0]
        foreseen = after[["jours", "dju"]].to_numpy() @ values
        errors.append(1 - after["kwh"].sum() / foreseen.sum() - row.valeur)
    assert abs(np.mean(errors)) < 0.02
    assert np.quantile(np.abs(errors), 0.8) < 0.05


def test_works_are_told_with_promise_and_truth(tables, truths):
    done = tables["energy/works"].query("statut == 'réalisé' and mesure != 'Abandon du fioul'").set_index("travaux_id")
    saved = truths[truths["nature"] == "économie"].set_index("travaux_id")
    assert set(saved.index) == set(done.index)
    ratio = (saved["valeur"] / done["economie_attendue"]).reindex(done.index)
    assert ratio.between(0.7, 1.25).all()
    assert ratio.nunique() > 20
    assert (saved["debut"] == done["date_fin"].reindex(saved.index)).all()
    assert (saved["code_uai"] == done["code_uai"].reindex(saved.index)).all()
    assert (
        not truths["compteur_id"]
        .isin(truths.loc[truths["nature"] == "geste", "compteur_id"])[truths["nature"] == "économie"]
        .any()
    )


def test_no_lycee_has_two_plants(truths):
    planted = truths[~truths["nature"].isin(["point d'équilibre", "pente", "base", "week-end", "vacances"])]
    roles = planted.replace({"nature": {"part économisée": "économie"}}).astype({"nature": "str"})
    per_lycee = roles.groupby("code_uai")["nature"].nunique()
    assert (per_lycee == 1).all()
    counts = roles.groupby("nature")["code_uai"].nunique()
    expected = {"économie": 25, "geste": 15, "chauffage en vacances": 12, "dérive de la base": 10}
    assert counts.to_dict() == {**expected, "compteur en panne": 6, "relevés estimés": 6}
    assert 115 - len(per_lycee) == 41


def test_proposals_can_be_chosen_among(tables):
    works = tables["energy/works"].query("statut == 'proposé'")
    per_lycee = works.groupby("code_uai").size()
    assert len(per_lycee) == 115
    assert per_lycee.between(4, 7).all()
    assert not works.duplicated(["code_uai", "mesure"]).any()
    done = tables["energy/works"].query("statut == 'réalisé'")[["code_uai", "mesure"]]
    assert works.merge(done, on=["code_uai", "mesure"]).empty
    assert works["date_fin"].isna().all()
    area = tables["energy/sites"].set_index("code_uai")["surface_totale"]
    per_m2 = works["cout"] / works["code_uai"].map(area)
    assert per_m2.between(0.1, 900).all()
    excluded = works.dropna(subset="exclut").set_index("travaux_id")["exclut"].str.split("|")
    assert len(excluded) > 50
    pairs = {(one, other) for one, others in excluded.items() for other in others}
    assert pairs == {(other, one) for one, other in pairs}
    lycee = works.set_index("travaux_id")["code_uai"]
    assert all(lycee[one] == lycee[other] for one, other in pairs)


# Panels


def test_panels_are_reproducible_and_grow_by_the_same_rules():
    first, again, other = (meters_without_change(5, seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first.kwh, again.kwh)
    pd.testing.assert_frame_equal(first.truths, again.truths)
    assert not first.kwh.equals(other.kwh)
    assert list(first.kwh.columns) == first.truths["compteur_id"].tolist()
    assert (first.kwh > 0).all().all()


@pytest.mark.parametrize("occupancy", [True, False])
def test_panels_have_no_change_on_average(occupancy):
    """Balance point, base and slope known, the second year of 1,000 meters is foreseen within half a percent."""
    panel = meters_without_change(1000, 11, occupancy)
    truths = panel.truths.set_index("compteur_id")
    degrees = (truths["equilibre"] - panel.temperature).clip(lower=0)
    before, after = panel.kwh.index < panel.change, panel.kwh.index >= panel.change
    base = truths["base"] * before.sum()
    slope = (panel.kwh[before].sum() - base) / degrees[before].sum()  # one for all days: nothing but these two years
    saving = 1 - panel.kwh[after].sum() / (base + slope * degrees[after].sum())
    assert before.sum() == after.sum() == 365
    assert abs(saving.mean()) < 0.005
    assert 0.005 < saving.std() < 0.04
    assert panel.truths["part"].eq(0).all()


def test_panels_have_the_noise_that_they_tell():
    panel = meters_without_change(200, 5, occupancy=False)
    truths = panel.truths.set_index("compteur_id")
    expected = truths["base"] + truths["pente"] * (truths["equilibre"] - panel.temperature).clip(lower=0)
    noise = panel.kwh / expected - 1
    assert abs(noise.mean().mean()) < 0.001
    assert np.allclose(noise.std(), truths["bruit"], rtol=0.25)
    memory = noise.apply(lambda column: column.autocorr())
    assert abs((memory - truths["memoire"]).mean()) < 0.02


def test_a_planted_saving_is_there():
    panel, same = meters_with_saving(50, 0.10, 2), meters_without_change(50, 2)
    ratio = panel.kwh / same.kwh
    assert np.allclose(ratio[panel.kwh.index < panel.change], 1)
    assert np.allclose(ratio[panel.kwh.index >= panel.change], 0.9)
    assert panel.truths["part"].eq(0.10).all()


@pytest.mark.parametrize(("count", "share", "seed"), [(0, 0, 1), (1, 1, 1), (1, 0.1, -1)])
def test_panels_refuse(count, share, seed):
    with pytest.raises(UsageError, match=f"count={count}, share={share}, seed={seed}"):
        meters_with_saving(count, share, seed)


# Draws


def test_proportions_are_kept():
    dealt = in_proportion([1, 2, 1], 101, streams(3, 1)[0])
    assert np.abs(np.bincount(dealt) - [25.25, 50.5, 25.25]).max() <= 1
    assert not (np.diff(dealt) >= 0).all()


def test_a_wandering_series_has_its_memory():
    series = wander(streams(4, 1)[0], 40, 2000, 0.6)
    assert abs(series.mean()) < 0.05
    assert abs(series.std() - 1) < 0.03
    lagged = np.mean([np.corrcoef(row[1:], row[:-1])[0, 1] for row in series])
    assert abs(lagged - 0.6) < 0.02


def test_the_year_is_a_smooth_line():
    shape = shape_of_year(np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]"))
    assert shape[14] == pytest.approx(-0.98, abs=0.01)  # 15 January
    assert shape[:31].min() < -0.95
    assert np.abs(np.diff(shape)).max() < 0.025
    assert abs(shape[0] - shape[-1]) < 0.01
