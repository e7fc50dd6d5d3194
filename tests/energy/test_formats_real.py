"""Real meters, from their files to baselines: one of gas in the United Kingdom, and the samples from Illinois."""

import json

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.energy.hourly import daily_usage
from tests.energy.meter import fit, metered
from tikub_lab.energy.published.days import loads_to_readings, temperatures_to_weather
from tikub_lab.energy.published.values import KWH
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers

NAMES = ("readings", "loads", "meters", "weather", "temperatures", "stations")
UK, UK_OUTSIDE = "uk-gas-hdd-only-hourly-sample-0", "uk-tempC-sample-0"
YEAR = pd.Timedelta(days=365)


@pytest.fixture(scope="module")
def folder(opendata):
    found = opendata / "energy" / "meters"
    if not found.is_dir():
        pytest.skip(f"real meters not found in {found}")
    return found


@pytest.fixture(scope="module")
def tables(folder, root, tmp_path_factory):
    """All files of the folder, imported at once: every row is kept, and the tables keep their schemas."""
    into = tmp_path_factory.mktemp("meters")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".gz", ".json"))
    found = import_files(files, into, readers(), schemas=root / "data" / "schemas")
    assert all((item.kept, item.rejected) == (item.read, 0) for item in found)
    package = open_package(into)
    loaded = {f"energy/{name}": package.load(f"energy/{name}") for name in NAMES}
    for name, table in loaded.items():
        schema = package.resource(name).schema
        assert check(table, schema).empty
        assert foreign_keys(table, schema, {**loaded, "territory/lycees": pd.DataFrame({"code_uai": []})}).empty
    return loaded


def one(table, **values):
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def hourly(table, time, value):
    return pd.Series(table[value].to_numpy(), index=pd.DatetimeIndex(table[time]))


@pytest.mark.parametrize(
    ("zone", "lengths"), [pytest.param("UTC", {24}, marks=pytest.mark.ci), ("Europe/London", {23, 24, 25})]
)
def test_days_of_the_uk_meter_a_second_way(folder, tables, zone, lengths):
    """Straight from the file in SQL: hours of each day of that clock, and their sum where all are there."""
    days = loads_to_readings(one(tables["energy/loads"], compteur_id=UK), zone)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute(
            f"""SELECT (start AT TIME ZONE '{zone}')::DATE AS day, count(value) AS hours, sum(value) AS total,
                date_diff('hour', day::TIMESTAMP AT TIME ZONE '{zone}', (day + 1)::TIMESTAMP AT TIME ZONE '{zone}') AS
                whole
            FROM read_csv('{folder / UK}.csv.gz', types = {{'start': 'TIMESTAMPTZ', 'value': 'DOUBLE'}})
            GROUP BY day ORDER BY day"""
        ).fetchall()
    assert [row[0] for row in rows] == days["debut"].dt.date.tolist()
    assert {row[3] for row in rows} == lengths
    expected = [total if hours == whole else np.nan for _, hours, total, whole in rows]
    assert days["kwh"].tolist() == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert days["kwh"].isna().sum() == 2  # the first day begins at 1:00, the last one ends at 12:00
    assert days["kwh"].sum() > 10_000


def test_the_uk_meter_from_its_file_to_a_baseline(folder, tables, capsys):
    """Days from the imported curve; the reference is eemeter's on the same file (see test_baseline)."""
    change = pd.Timestamp("2021-04-01")
    loads = one(tables["energy/loads"], compteur_id=UK)
    outside = one(tables["energy/weather"], station=UK_OUTSIDE)
    days = loads_to_readings(loads, "UTC")
    found = fit(days[days["debut"].between(change - YEAR, change, "left")], outside, cooling=False)
    with capsys.disabled():
        print(
            f"\n{UK}: {found.model}, {found.n} days, {found.heating_balance_point:.1f} °C, base {found.intercept:.2f} "
            f"kWh a day, {found.beta_hdd:.2f} kWh per degree-day, adjusted R² {found.r2_adj:.3f}. {found.verdict}"
        )
    # the file begins at 1:00: its first day is empty rather than scaled up, and so out of the fit
    assert (found.model, found.n, found.missing) == ("hdd_only", 364, 1)
    raw = pd.read_csv(folder / f"{UK}.csv.gz")
    scaled = daily_usage(pd.Series(raw["value"].to_numpy(), index=pd.to_datetime(raw["start"], utc=True)))
    scaled.iloc[0] = np.nan
    raw = pd.read_csv(folder / f"{UK_OUTSIDE}.csv.gz")
    hours = pd.Series(raw["tempC"].to_numpy(), index=pd.to_datetime(raw["dt"], utc=True))
    moment = change.tz_localize("UTC")
    direct = fit(scaled[moment - YEAR : moment], hours, cooling=False)
    assert found.heating_balance_point == direct.heating_balance_point
    for name in ("intercept", "beta_hdd", "r2_adj"):
        assert getattr(found, name) == pytest.approx(getattr(direct, name), rel=1e-9)
    # with CalTRACK's scaling of the imported hours, what eemeter 3.2.0 gave
    usage = daily_usage(hourly(loads, "debut", "kwh"))[moment - YEAR : moment]
    outside = hourly(one(tables["energy/temperatures"], station=UK_OUTSIDE), "heure", "temperature")
    found = fit(usage, outside, cooling=False)
    assert (found.n, found.heating_balance_point) == (365, pytest.approx((54 - 32) / 1.8))
    assert found.intercept == pytest.approx(10.049306451780312, rel=1e-9)
    assert found.beta_hdd == pytest.approx(1.658031753848994 * 1.8, rel=1e-9)
    assert found.r2_adj == pytest.approx(0.7212550773999368, abs=1e-9)


def test_days_of_weather_are_those_of_their_hours(tables):
    worked = temperatures_to_weather(tables["energy/temperatures"])
    stored = tables["energy/weather"]
    assert worked[["station", "jour"]].to_numpy().tolist() == stored[["station", "jour"]].to_numpy().tolist()
    for name in ("tmin", "tmoy", "tmax"):
        assert stored[name].tolist() == pytest.approx(worked[name].tolist(), rel=1e-12, nan_ok=True)
    assert stored["tmin"].isna().sum() < 10


def oracle(folder, name):
    path = folder.parents[2] / "oracles" / "eemeter-3.2.0.json"
    if not path.is_file():
        pytest.skip(f"eemeter's results not found in {path}")
    about = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))[name]
    return json.loads(path.read_text(encoding="utf-8"))[name], about


def same(found, wanted, unit):
    """Equal in eemeter's own units: °F, and what the meter's file counts in."""
    assert (found.status, found.model, found.n) == (wanted["status"], wanted["model_type"], wanted["n_baseline"])
    for name, value in wanted["params"].items():
        got = getattr(found, name)
        if name.endswith("balance_point"):
            assert round(got * 1.8 + 32, 9) == value
        else:
            scale = unit * (1.8 if name.startswith("beta") else 1.0)
            assert got / scale == pytest.approx(value, rel=1e-9, abs=0)
    assert found.r2_adj == pytest.approx(wanted["r_squared_adj"], abs=1e-9)


@pytest.mark.parametrize("name", ["il-electricity-cdd-hdd-daily", "il-gas-hdd-only-daily"])
def test_daily_baselines_equal_eemeter(folder, tables, name):
    """Readings and weather of days as they stand in the tables, °C; eemeter has hours in °F."""
    wanted, about = oracle(folder, name)
    usage = one(tables["energy/readings"], compteur_id=name, origine="relevé")
    outside = one(tables["energy/weather"], station=about["temperature_filename"].removesuffix(".csv.gz"))
    end, restart = pd.Timestamp(about["blackout_start_date"]), pd.Timestamp(about["blackout_end_date"])
    base = usage[usage["debut"].between(end - YEAR, end, "left")]
    found = fit(base, outside, cooling=about["interpretation"] != "gas")
    unit = KWH[about["unit"].lower()]
    same(found, wanted, unit)
    after = usage[usage["debut"].between(restart, restart + YEAR, "left")]
    saved = metered(found, after, outside)
    assert saved.saving / unit == pytest.approx(wanted["metered_savings"], rel=1e-6)
    assert saved.observed / unit == pytest.approx(wanted["observed"], rel=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "il-electricity-cdd-hdd-billing_monthly",
        "il-electricity-cdd-hdd-billing_bimonthly",
        "il-gas-hdd-only-billing_monthly",
    ],
)
def test_billing_baselines_equal_eemeter(folder, tables, name):
    """The meters' days begin at 6:00 universal time all year: hours of the table give days of that clock too."""
    wanted, about = oracle(folder, name)
    usage = one(tables["energy/readings"], compteur_id=name, origine="facture")
    usage = usage.assign(**{side: usage[side].dt.tz_localize("Etc/GMT+6") for side in ("debut", "fin")})
    station = about["temperature_filename"].removesuffix(".csv.gz")
    outside = hourly(one(tables["energy/temperatures"], station=station), "heure", "temperature")
    end, restart = (pd.Timestamp(about[f"blackout_{side}_date"], tz="UTC") for side in ("start", "end"))

    def within(first, last):  # as a slice of starts, whose last one marks the end
        starts = usage.loc[(usage["debut"] >= first) & (usage["debut"] <= last), "debut"]
        return usage[(usage["debut"] >= first) & (usage["fin"] <= starts.max())]

    found = fit(within(end - YEAR, end), outside, cooling=about["interpretation"] != "gas", kind="billing")
    unit = KWH[about["unit"].lower()]
    same(found, wanted, unit)
    saved = metered(found, within(restart, restart + YEAR), outside)
    assert saved.saving / unit == pytest.approx(wanted["metered_savings"], rel=1e-6)


def test_without_metadata_nothing_is_guessed(folder, root, tmp_path):
    """A file of « start,value » says neither energy nor unit: rows wait for the metadata, then stand."""
    schemas = root / "data" / "schemas"
    path = folder / "il-gas-hdd-only-daily.csv.gz"
    (found,) = import_files([path], tmp_path, readers(), schemas=schemas)
    assert (found.read, found.kept, found.rejects_by_rule) == (810, 0, {"energy-unknown": 810})
    import_files([folder / "metadata.json"], tmp_path, readers(), schemas=schemas)
    (found,) = import_files([path], tmp_path, readers(), schemas=schemas)
    assert (found.kept, found.rejected, found.unchanged) == (810, 0, True)
    first = open_package(tmp_path).load("energy/readings").iloc[0]
    assert first["kwh"] == pytest.approx(5.61 * 29.3001111)  # therms
