"""Readers of energy files, on fictitious files made here: what they keep, what they reject, and why."""

import datetime
import gzip
import itertools
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.energy import formats
from tikub_lab.energy.published.days import loads_to_readings
from tikub_lab.energy.published.values import Clock, pseudonym
from tikub_lab.errors import UsageError
from tikub_lab.tables import imports, sheets
from tikub_lab.tables.archives import Member
from tikub_lab.tables.check import check
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.readers import recognise
from tikub_lab.use_cases import readers

PRM, OTHER = "00000000000017", "00000000000025"
"""Invented: no delivery point begins with so many zeros."""
PARIS = ZoneInfo("Europe/Paris")
TABLES = {*formats.TABLES, *formats.WEATHER}


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(imports, "today", lambda: "2026-01-01")


class Bench:
    """Imports texts as files, and checks what must hold for every file."""

    def __init__(self, folder, root):
        self.folder, self.schemas = folder, root / "data" / "schemas"

    def __call__(self, **files):
        paths = []
        for name, content in files.items():
            paths.append(self.folder / name.replace("__", "."))
            paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        found = import_files(paths, self.folder / "package", readers(), schemas=self.schemas)
        assert all(item.read == item.kept + item.rejected for item in found)
        package = open_package(self.folder / "package")
        for name in TABLES & set(package.resources):
            table = package.load(name)
            problems = check(table, package.resource(name).schema)
            assert problems.empty, problems.head().to_string()
        return found

    def load(self, name):
        return open_package(self.folder / "package").load(f"energy/{name}")

    def log(self, name, table="readings"):
        return pd.read_csv(self.folder / "package" / "energy" / f"{table}.{name}.csv", dtype="str")


@pytest.fixture
def bring(tmp_path, root):
    return Bench(tmp_path, root)


def rules(log):
    return list(zip(log["line"], log["rule"], strict=True))


def account(rows, kind="Courbe de charge", unit="W", step="", prm=PRM, extra="", header="Horodate;Valeur"):
    return (
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;"
        f"Unite;Pas en minutes\n{prm};{kind};01/01/2025;01/01/2026;Energie active;Consommation;Comptage Brut;{unit};"
        f"{step}\n\n{header}\n" + "".join(f"{row}\n" for row in rows) + extra
    )


def stamps(first, last, minutes, naive=False, ends=False):
    """Times of the steps of legal days, written with their offset or without."""
    times, begin = [], datetime.datetime.combine(first, datetime.time(), PARIS).timestamp()
    end = datetime.datetime.combine(last, datetime.time(), PARIS).timestamp()
    for seconds in range(int(begin) + 60 * minutes * ends, int(end) + 60 * minutes * ends, 60 * minutes):
        moment = datetime.datetime.fromtimestamp(seconds, PARIS)
        times.append(f"{moment:%Y-%m-%d %H:%M:%S}" if naive else moment.isoformat())
    return times


SPRING, AUTUMN = datetime.date(2025, 3, 30), datetime.date(2025, 10, 26)


def test_readers_are_found_and_differ():
    names = [reader.name for reader in readers()]
    assert len(names) == len(set(names))
    assert {reader.name for reader in formats.READERS} <= set(names)
    assert all(reader.tables in (formats.TABLES, formats.WEATHER) for reader in formats.READERS)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (datetime.date(2025, 1, 15), 24)])
def test_a_load_curve_of_days_of_23_24_and_25_hours(bring, day, hours, ends):
    """1 kW all day, at half hours, stamped at the beginning or at the end: as many kWh as the day has hours."""
    times = stamps(day, day + datetime.timedelta(days=1), 30, ends=ends)
    (found,) = bring(a__csv=account([f"{time};1000" for time in times]))
    assert (found.reader, found.kept, found.repairs_by_rule) == ("enedis-account", 2 * hours, {})
    loads = bring.load("loads")
    assert loads["compteur_id"].unique().tolist() == [pseudonym(PRM)]
    assert loads["minutes"].unique().tolist() == [30]
    days = loads_to_readings(loads)
    assert days[["debut", "kwh"]].to_numpy().tolist() == [[pd.Timestamp(day), pytest.approx(hours)]]


def test_the_account_export_step_by_step(bring):
    """Hours, then ten minutes, then a lone value; a duplicate, and a value that isn't one; powers of other kinds."""
    rows = [
        "2025-01-01T00:00:00+01:00;1200", "2025-01-01T01:00:00+01:00;600", "2025-01-01T02:00:00+01:00;60",
        "2025-01-01T02:10:00+01:00;60", "2025-01-01T02:20:00+01:00;", "2025-01-01T02:20:00+01:00;120,5",
        "hier;5", "2025-01-01T23:50:00+01:00;abc", "2025-01-01T23:50:00+01:00;60",
    ]  # fmt: skip
    peak = (
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;"
        f"Unite\n{PRM};Puissance maximale quotidienne;;;Puissance maximale atteinte;Consommation;;VA\nHorodate;Valeur\n"
        "2025-01-01T15:17:24+01:00;3695\n"
    )
    (found,) = bring(a__csv=account(rows, extra=peak))
    assert (found.read, found.kept) == (10, 5)
    assert found.rejects_by_rule == {"duplicate": 1, "moment": 1, "number": 1, "quantity": 1, "step-unknown": 1}
    loads = bring.load("loads")
    # 1.2 kW for an hour; then ten-minute steps of 60 W, and 120.5 W, which stands before the empty one
    assert loads["minutes"].tolist() == [60, 60, 10, 10, 10]
    assert loads["kwh"].tolist() == pytest.approx([1.2, 0.6, 0.01, 0.01, 120.5 / 6000])
    assert bring.load("meters").to_dict("records")[0]["point_livraison"] == PRM
    for log in (bring.log("rejects"), bring.log("repairs")):
        assert not log["id"].fillna("").str.contains(PRM).any()


def test_indexes_become_consumption(bring):
    """Midnights written at 23:00 in winter; an index that goes down; a missing day makes one longer period."""
    header = "Horodate;Type de releve;EAS F1;EAS F2;EAS T"
    rows = [
        "2025-01-01T23:00:00+01:00;Arrêté quotidien;;;100000", "2025-01-03T00:00:00+01:00;Arrêté quotidien;;;112500",
        "2025-01-05T00:00:00+01:00;Arrêté quotidien;;;120500", "2025-01-06T00:00:00+01:00;Arrêté quotidien;;;20500",
        "2025-01-07T00:00:00+01:00;Arrêté quotidien;;;21500", "2025-01-07T12:00:00+01:00;Arrêté quotidien;;;21600",
    ]  # fmt: skip
    calendar = "Periode;Identifiant calendrier\nDu 2025-01-01T00:00:00+01:00 au;X\n"
    (found,) = bring(a__csv=account(rows, "Index", "Wh", header=header, extra=calendar))
    assert (found.read, found.kept, found.rejects_by_rule) == (6, 5, {"not-midnight": 1})
    assert found.repairs_by_rule == {"index-lower": 1}
    table = bring.load("readings")
    assert table["debut"].dt.day.tolist() == [2, 3, 5, 6]
    assert table["fin"].dt.day.tolist() == [3, 5, 6, 7]
    assert table["kwh"].tolist() == pytest.approx([12.5, 8.0, float("nan"), 1.0], nan_ok=True)
    assert set(table["origine"]) == {"relevé"}


def flat(rows, unit="W", extra=";B;PT30M"):
    return (
        "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
        "Valeur;Nature;Pas\n"
        + "".join(f"{prm};2025;2026;{kind};BRUT;{unit};{time};{value}{extra}\n" for prm, kind, time, value in rows)
    )


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("ends", [False, True])
def test_the_flat_flux_on_legal_time_without_offsets(bring, backwards, ends):
    """The last week-end of October: one hour occurs twice, in a file that may run backwards, in Windows-1252."""
    times = stamps(AUTUMN - datetime.timedelta(days=1), AUTUMN + datetime.timedelta(days=1), 30, True, ends)
    assert len(times) == 98
    rows = [(PRM, "PA;CONS", time, 10 * place) for place, time in enumerate(times)]
    if backwards:
        rows.reverse()
    (found,) = bring(a__csv=flat(rows).encode("cp1252"))
    assert (found.reader, found.kept, found.rejected) == ("enedis-flat", 98, 0)
    loads = bring.load("loads")
    steps = loads["debut"].diff().dropna()
    assert (steps == pd.Timedelta(minutes=30)).all()
    assert loads["kwh"].tolist() == pytest.approx([0.005 * place for place in range(98)])
    assert loads["estime"].tolist() == [False] * 98


def test_what_the_flat_flux_rejects(bring):
    rows = [
        (PRM, "EA;CONS", "2025-03-30 02:30:00", 5),  # skipped by the clock
        (PRM, "EA;PROD", "2025-03-30 12:00:00", 5),
        (PRM, "ERI;CONS", "2025-03-30 12:00:00", 5),
        ("1,23E+13", "EA;CONS", "2025-03-30 12:00:00", 5),
        (OTHER, "EA;CONS", "2025-03-30 12:00:00", "x"),
        (OTHER, "EA;CONS", "2025-03-30 12:00:00", "7,5"),
    ]
    (found,) = bring(a__csv=flat(rows, "Wh") + f"{PRM};trop court\n")
    log = bring.log("rejects")
    assert rules(log) == [
        ("2", "moment"), ("3", "quantity"), ("4", "quantity"), ("5", "meter-id"), ("6", "number"), ("8", "row-width"),
    ]  # fmt: skip
    assert found.repairs_by_rule == {"stamp-assumed": 1}  # a lone value at noon
    assert bring.load("loads")["kwh"].tolist() == [0.0075]


ESPI = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="/r/1/UsagePoint/9"/><content><UsagePoint xmlns="http://naesb.org/espi">
<ServiceCategory><kind>{service}</kind></ServiceCategory></UsagePoint></content></entry>
{blocks}
<entry><link rel="self" href="/r/1/UsagePoint/9/MeterReading/1"/><link rel="related" href="/r/ReadingType/7"/><content>
<MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/r/ReadingType/7"/><content><ReadingType xmlns="http://naesb.org/espi">
<accumulationBehaviour>4</accumulationBehaviour><flowDirection>1</flowDirection>
<powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{unit}</uom></ReadingType></content></entry></feed>"""


def espi(readings, unit=72, power=0, service=0):
    values = "".join(
        f"<IntervalReading><ReadingQuality><quality>{quality}</quality></ReadingQuality><timePeriod><duration>{length}"
        f"</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>"
        for start, length, value, quality in readings
    )
    block = (
        '<entry><link rel="self" href="/r/1/UsagePoint/9/MeterReading/1/IntervalBlock/2"/><content>'
        f'<IntervalBlock xmlns="http://naesb.org/espi">{values}</IntervalBlock></content></entry>'
    )
    return ESPI.format(blocks=block, unit=unit, power=power, service=service)


MIDNIGHT = int(datetime.datetime(2025, 1, 15, tzinfo=PARIS).timestamp())


@pytest.mark.parametrize(
    ("unit", "power", "value", "kwh"),
    [(72, 0, 250, 0.25), (72, 3, 2, 2.0), (38, 0, 400, 0.1), (169, -2, 5, 1.465), (31, 6, 36, 10.0)],
)
def test_units_of_green_button(bring, unit, power, value, kwh):
    """Wh, kWh by the power of ten, a mean power over a quarter of an hour, hundredths of therms, megajoules."""
    (found,) = bring(a__xml=espi([(MIDNIGHT, 900, value, 8)], unit, power))
    assert (found.reader, found.kept) == ("green-button-xml", 1)
    (row,) = bring.load("loads").to_dict("records")
    assert (row["compteur_id"], row["minutes"], row["estime"]) == ("9", 15, True)
    assert row["debut"] == pd.Timestamp("2025-01-14T23:00Z")
    assert row["kwh"] == pytest.approx(kwh, rel=1e-4)
    assert bring.load("meters")["energie"].tolist() == ["électricité"]


def test_green_button_of_days_and_bills_and_what_it_rejects(bring):
    day = 86400
    readings = [
        (MIDNIGHT, day, 5000, 0), (MIDNIGHT + day, 31 * day, 90_000, 17), (MIDNIGHT + 7 * 3600, day, 1, 0),
        (MIDNIGHT, 7200, 1, 0), (MIDNIGHT, "x", 1, 0),
    ]  # fmt: skip
    (found,) = bring(a__xml=gzip.compress(espi(readings, service=1).encode()))
    assert found.rejects_by_rule == {"not-midnight": 1, "number": 1, "step": 1}
    table = bring.load("readings")
    assert table["origine"].tolist() == ["facture", "relevé"]
    assert table["kwh"].tolist() == [90.0, 5.0]
    assert bring.load("meters")["energie"].tolist() == ["gaz"]


def test_gas_by_volume_needs_its_coefficient(bring):
    (found,) = bring(a__xml=espi([(MIDNIGHT, 3600, 12, 0)], unit=42, service=1))
    assert found.rejects_by_rule == {"gas-coefficient": 1}


def test_xml_that_is_no_feed(bring):
    with pytest.raises(UsageError, match="document type declaration"):
        bring(a__xml=espi([]).replace("<feed", '<!DOCTYPE feed [<!ENTITY a "b">]><feed', 1))
    with pytest.raises(UsageError, match=r"b\.xml: not complete XML"):
        bring(b__xml=espi([])[:-20])


def test_green_button_csv(bring):
    text = (
        'Name,PERSONNE FICTIVE\nAddress,"1 rue X, Brest"\nService,S42\n\n'
        "TYPE,DATE,START TIME,END TIME,USAGE (kWh),COST,NOTES\nElectric usage,1/31/2025,0:00,0:14,0.25,$0.1,\n"
        "Electric usage,1/31/2025,0:15,0:30,0.5,$0.1,* Estimated\n"
        "Electric usage,1/31/2025,0:30,4:30,1,,\nElectric usage,2/1/2025,0:00,23:59,12,,\nWater usage,2/1/2025,0:00,"
        "23:59,12,,\n"
    )
    (found,) = bring(a__csv=text)
    assert (found.reader, found.kept, found.rejects_by_rule) == ("green-button-csv", 3, {"quantity": 1, "step": 1})
    loads = bring.load("loads")
    assert loads["debut"].tolist() == [pd.Timestamp("2025-01-30T23:00Z"), pd.Timestamp("2025-01-30T23:15Z")]
    assert (loads["minutes"].tolist(), loads["kwh"].tolist()) == ([15, 15], [0.25, 0.5])
    assert loads["estime"].isna().tolist() == [True, False]
    assert bring.load("readings")[["debut", "kwh"]].to_numpy().tolist() == [[pd.Timestamp("2025-02-01"), 12.0]]
    stored = open_package(bring.folder / "package").resource("energy/loads").path.read_bytes()
    assert b"PERSONNE" not in stored


def test_dates_that_may_be_read_two_ways_are_not(bring):
    text = "TYPE,DATE,START TIME,END TIME,USAGE,UNITS\nElectric usage,1/2/2025,0:00,1:00,1,kWh\n"
    (found,) = bring(a__csv=text)
    assert found.rejects_by_rule == {"date-order": 1}


@pytest.mark.parametrize("day", [SPRING, AUTUMN, datetime.date(2026, 1, 10)])
def test_the_customers_export_of_steps(bring, day):
    """1 kW all day, each step with its two ends on the clock of the wall; the meter has the file's name."""
    until = day + datetime.timedelta(days=1)
    times = [*stamps(day, until, 30), stamps(day, until, 30, ends=True)[-1]]
    wall = [datetime.datetime.fromisoformat(time).strftime("%d/%m/%Y %H:%M:%S") for time in times]
    rows = [f"{start};{end};1,000" for start, end in itertools.pairwise(wall)]
    (found,) = bring(a__csv="Début;Fin;Valeur (en kW)\n" + "\n".join([*rows, f"{wall[0]};hier;1", wall[0], ""]))
    assert (found.reader, found.kept, found.rejects_by_rule) == ("enedis-customer", len(rows), {"moment": 2})
    loads = bring.load("loads")
    assert loads["minutes"].unique().tolist() == [30]
    assert loads["compteur_id"].unique().tolist() == ["a"]
    assert loads["kwh"].sum() == pytest.approx(len(rows) / 2)
    assert (loads["debut"].sort_values().diff().dropna() == pd.Timedelta(minutes=30)).all()


def test_the_customers_export_of_days(bring):
    above = f"PRM;{PRM}\nPériode;01/01/2026 au 02/01/2026\n\nDate;Valeur (en kWh)\n"
    text = f"{above}01/01/2026;24\n02/01/2026;\ndemain;1\n"
    (found,) = bring(a__csv=text)
    assert (found.reader, found.kept, found.rejects_by_rule) == ("enedis-customer", 2, {"day": 1})
    readings = bring.load("readings")
    assert readings["kwh"].tolist() == pytest.approx([24, float("nan")], nan_ok=True)
    assert readings["compteur_id"].unique().tolist() == [pseudonym(PRM)]


def test_grdf_by_month(bring):
    """Energy as it is given; a volume with its coefficient; a row that is no month."""
    text = (
        "Période;Volume consommé (m3);Energie consommée (kWh);Coefficient de conversion;Qualification du relevé\n"
        "Janvier 2026;100;1120;11,2;Mesuré\nFévrier 2026;80;;11,2;Estimé\nTotal;180;2016;11,2;\nMars;1;11;11,2;\n"
        "Brumaire 2026;1;11;11,2;Mesuré\n"
    )
    (found,) = bring(a__csv=text)
    assert (found.reader, found.kept, found.rejects_by_rule) == ("grdf", 2, {"month": 3})
    readings = bring.load("readings")
    spans = readings[["debut", "fin"]].apply(lambda dates: dates.dt.strftime("%d/%m/%Y"))
    assert spans.to_numpy().tolist() == [["01/01/2026", "01/02/2026"], ["01/02/2026", "01/03/2026"]]
    assert readings["kwh"].tolist() == pytest.approx([1120, 896])
    assert readings["estime"].tolist() == [False, True]


def test_grdf(bring):
    text = (
        f"Historique;;;;\nNuméro PCE : {PRM};;;;\n\nDate de relevé;Volume consommé (m3);Energie consommée (kWh);"
        "Coefficient de conversion;Température locale (°C);Qualification du relevé\n"
        "15/01/2025;10;112,5;11,25;4,1;Mesuré\n16/01/2025;10;;11,2;4;Estimé\n17/01/2025;10;;;4;Mesuré\n"
        "18/01/2025;;;;;Absence de Données\n19/13/2025;1;1;1;;\n"
    )
    (found,) = bring(a__csv=text.encode("cp1252"))
    assert (found.reader, found.kept) == ("grdf", 3)
    assert found.rejects_by_rule == {"day": 1, "gas-coefficient": 1}
    table = bring.load("readings")
    assert table["kwh"].tolist() == pytest.approx([112.5, 112.0, float("nan")], nan_ok=True)
    assert table["estime"].tolist()[:2] == [False, True]
    assert bring.load("meters")[["compteur_id", "energie"]].to_numpy().tolist() == [[pseudonym(PRM), "gaz"]]


HEADER = "Compteur;Point de livraison;Début;Fin;kWh;Estimé;Énergie\n"


def test_bills_whose_end_is_their_last_day(bring):
    rows = "".join(
        f"G1;;{one};{two};{kwh};{flag};gaz\n"
        for one, two, kwh, flag in (
            ("01/01/2025", "31/01/2025", "1 200,5", "non"),
            ("01/02/2025", "28/02/2025", "-30", "estimé"),
            ("01/03/2025", "31/03/2025", "", ""),
            ("01/01/2025", "31/12/2025", "9000", "non"),  # a year that covers three bills
            ("01/05/2025", "01/04/2025", "5", "non"),
            ("01/06/2025", "30/06/2025", "5", "peut-être"),
        )
    )
    (found,) = bring(a__csv=HEADER + rows + "G1;;01/02/2025;28/02/2025;31;non;charbon\n")
    assert found.rejects_by_rule == {"duplicate": 1, "energy": 1, "flag": 1, "period": 1}
    table = bring.load("readings")
    assert table["fin"].astype("str").tolist()[:2] == ["2025-02-01", "2025-03-01"]
    assert table["kwh"].tolist() == pytest.approx([1200.5, -30, float("nan")], nan_ok=True)
    assert table["estime"].isna().tolist() == [False, False, True]


def test_one_long_bill_gives_way_to_short_ones(bring):
    rows = "".join(f"G1;;2025-0{month}-01;2025-0{month + 1}-01;10;non;gaz\n" for month in range(1, 5))
    (found,) = bring(a__csv=HEADER + rows + "G1;;2024-12-15;2025-12-15;900;non;gaz\n")
    assert found.rejects_by_rule == {"overlap": 1}
    table = bring.load("readings")
    assert table["kwh"].tolist() == [10.0] * 4
    assert table["fin"].tolist()[:-1] == table["debut"].tolist()[1:]
    assert bring.load("meters")["pas"].tolist() == ["mensuel"]


@pytest.mark.parametrize(
    ("label", "end", "repairs"),
    [
        ("Fin (exclue)", "2025-01-31", {}),
        ("Fin (incluse)", "2025-02-01", {}),
        ("Fin", "2025-02-01", {"end-assumed": 1}),
    ],
)
def test_the_end_of_a_lone_bill(bring, label, end, repairs):
    (found,) = bring(a__csv=f"PDL;Début;{label};kWh;Énergie\n{PRM};01/01/2025;31/01/2025;5;gaz\n")
    assert found.repairs_by_rule == repairs
    assert bring.load("readings")["fin"].astype("str").tolist() == [end]


def test_a_list_of_meters_names_and_completes_what_came_before(bring):
    """Bills without an energy wait for a list; a curve of a delivery point takes the name that the list gives it."""
    bills = "Compteur;Début;Fin;kWh\nG1;2025-01-01;2025-02-01;5\n"
    curve = account([f"{time};1000" for time in stamps(SPRING, SPRING + datetime.timedelta(days=1), 60)])
    found = bring(bills__csv=bills, curve__csv=curve)
    assert [item.rejects_by_rule for item in found] == [{"energy-unknown": 1}, {}]
    listed = (
        "Compteur;Point de livraison;Énergie;Code UAI;Usage\nG1;;Gaz naturel;0000001B;chauffage\n"
        f"E1;{PRM};électricité;;\nE2;;électricité;0000001A;\nE3;;vapeur;;\nG1;;gaz;0000001B;chauffage\n"
    )
    (found,) = bring(list__csv=listed)
    assert found.rejects_by_rule == {"duplicate": 1, "energy": 1, "uai": 1}
    meters = bring.load("meters")
    assert meters["compteur_id"].tolist() == ["E1", "G1"]
    assert meters["point_livraison"].tolist()[0] == PRM
    assert meters["pas"].tolist() == ["horaire", "mensuel"]
    assert meters["code_uai"].tolist()[1] == "0000001B"
    assert bring.load("readings")["kwh"].tolist() == [5.0]
    assert set(bring.load("loads")["compteur_id"]) == {"E1"}


def test_order_of_imports_does_not_matter(tmp_path, root):
    files = {
        "a__csv": account([f"{time};1000" for time in stamps(SPRING, AUTUMN, 60)[:50]]),
        "b__csv": account([f"{time};900" for time in stamps(SPRING, AUTUMN, 60)[40:80]]),
        "c__csv": f"Compteur;Point de livraison;Énergie\nE1;{PRM};électricité\n",
    }
    tables = []
    for order in (list(files), list(files)[::-1]):
        folder = tmp_path / order[0]
        folder.mkdir()
        bench = Bench(folder, root)
        for name in order:
            bench(**{name: files[name]})
        tables.append(open_package(folder / "package").resource("energy/loads").path.read_bytes())
    assert tables[0] == tables[1]


def test_weather_of_meteo_france(bring):
    text = (
        "NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;RR;QRR;TN;QTN;TX;QTX;TM;QTM\n"
        "00000001;STATION FICTIVE;48.1;-1.7;36;20250101;0.2;1;-1.5;1;5.5;1;2.25;2\n"
        "1;STATION FICTIVE;48.1;-1.7;36;20250102;;;1.0;1;5.0;1;;\n"
        "00000001;STATION FICTIVE;48.1;-1.7;36;20250103;1.2;1;;;;;;\n"
        "00000001;STATION FICTIVE;48.1;-1.7;36;20250104;;;7.0;1;5.0;1;6;1\n"
        "00000001;STATION FICTIVE;48.1;-1.7;36;20250105;;;7.0;1;99.0;1;6;1\n"
        "00000001;STATION FICTIVE;48.1;-1.7;36;20251301;;;7.0;1;9.0;1;6;1\n"
        "00000001;STATION FICTIVE;48.1;-1.7;36;20250101;0.2;1;-1.5;1;5.5;1;2.5;1\n"
    )
    (found,) = bring(a__csv__gz=gzip.compress(text.encode()))
    assert (found.reader, found.kept) == ("meteo-france-daily", 3)
    assert found.rejects_by_rule == {"day": 1, "duplicate": 1, "no-temperature": 1, "tmin-above-tmax": 1}
    assert found.repairs_by_rule == {"mean-of-extremes": 1, "out-of-range": 1}  # the doubtful mean fell out
    table = bring.load("weather")
    assert table[["tmin", "tmoy", "tmax"]].to_numpy().tolist()[:2] == [[-1.5, 2.5, 5.5], [1.0, 3.0, 5.0]]
    assert table["tmax"].isna().tolist() == [False, False, True]
    station = bring.load("stations").to_dict("records")
    assert [(one["station"], one["lib_station"], one["altitude"]) for one in station] == [
        ("00000001", "STATION FICTIVE", 36)
    ]


def test_weather_without_a_column_of_means(bring):
    """It says how good a mean is, and has none: that of the extremes is taken."""
    (found,) = bring(a__csv="NUM_POSTE;AAAAMMJJ;TN;TX;QTM\n1;20250101;1;5;2\n")
    assert (found.kept, found.repairs_by_rule) == (1, {"doubtful": 1, "mean-of-extremes": 1})
    assert bring.load("weather")["tmoy"].tolist() == [3.0]


def test_hours_of_temperature_make_universal_days(bring):
    """Thirteen hours have a mean but no extremes, twelve have none."""
    hours = [f"2025-01-0{1 + place // 24}T{place % 24:02d}:00:00Z,{place % 24}" for place in range(24 + 13)]
    hours += [f"2025-01-03T{place:02d}:00:00+00:00,41" for place in range(12)]
    (found,) = bring(outside__csv="dt,tempF\n" + "\n".join([*hours, "2025-01-03T05:00:00+00:00,nan", "demain,4"]))
    assert found.rejects_by_rule == {"duplicate": 1, "moment": 1}
    table = bring.load("weather")
    assert table["station"].unique().tolist() == ["outside"]
    fahrenheit = table["tmoy"] * 1.8 + 32
    assert fahrenheit.tolist() == pytest.approx([11.5, 6.0, float("nan")], nan_ok=True)
    assert table["tmax"].isna().tolist() == [False, True, True]
    assert len(bring.load("temperatures")) == 49


def test_steps_bills_and_ends_of_openeemeter(bring):
    about = (
        '{"e": {"id": "E", "meter_data_filename": "e.csv", "interpretation": "electricity", "unit": "Wh"},'
        '"g": {"id": "G", "meter_data_filename": "g.csv", "interpretation": "gas", "unit": "therm"},'
        '"x": {"id": "X", "meter_data_filename": "x.csv", "interpretation": "gas", "unit": "m3"}}'
    )
    found = bring(
        e__csv="start,value\n2025-01-01T00:00:00Z,500\n2025-01-01T00:30:00Z,nan\n2025-01-01T02:00:00Z,x\n"
        "2025-01-01T01:00:00Z,250\n",
        g__csv="start,value\n2025-01-01T00:00:00-06:00,2\n2025-01-30T00:00:00-06:00,3\n2025-04-02T01:00:00-05:00,4\n",
        about__json=about,
    )
    assert [item.rejects_by_rule for item in found] == [{"number": 1}, {"no-end": 1}, {"metadata": 1}]
    loads = bring.load("loads")
    assert loads["kwh"].tolist() == pytest.approx([0.5, float("nan"), 0.25], nan_ok=True)
    bills = bring.load("readings")
    assert bills["fin"].astype("str").tolist() == ["2025-01-30", "2025-04-02"]
    assert bills["kwh"].tolist() == pytest.approx([58.6002, 87.9003], rel=1e-5)


def workbook(path, *rows):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Factures")
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_bills_in_a_workbook(bring):
    rows = (
        ("Factures de gaz (fictif)",), (), ("Compteur", "Énergie", "Début", "Fin (exclue)", "kWh", "Estimé"),
        ("G1", "gaz", datetime.datetime(2025, 1, 1), datetime.date(2025, 2, 1), 1200.5, False),
        ("G1", "gaz", "01/02/2025", "01/03/2025", "900,25", "oui"), ("G1", "gaz", None, None, 5, None),
    )  # fmt: skip
    path = workbook(bring.folder / "factures.xlsx", *rows)
    (found,) = bring(factures__xlsx=path.read_bytes())
    assert (found.reader, found.read, found.kept) == ("energy-bills", 3, 2)
    assert bring.log("rejects")["line"].unique().tolist() == ["6"]
    table = bring.load("readings")
    assert table["kwh"].tolist() == [1200.5, 900.25]
    assert table["estime"].tolist() == [False, True]


def test_a_workbook_without_openpyxl(bring, monkeypatch):
    path = workbook(bring.folder / "a.xlsx", ("Compteur", "Début", "Fin", "kWh"))

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(sheets, "import_module", absent)
    with pytest.raises(UsageError, match=r"needs openpyxl.*Or save it as CSV"):
        bring(a__xlsx=path.read_bytes())


def test_a_workbook_that_is_too_large(bring, monkeypatch):
    path = workbook(bring.folder / "a.xlsx", ("Compteur", "Début", "Fin", "kWh"))
    monkeypatch.setattr(sheets, "MAX_SHEET", 100)
    with pytest.raises(UsageError, match="once expanded; at most"):
        bring(a__xlsx=path.read_bytes())


def test_a_gzip_that_expands_too_much_or_stops_short(bring):
    whole = gzip.compress(b"start,value\n" + b"2025-01-01T00:00:00Z,1\n" * 600_000)
    with pytest.raises(UsageError, match="expands beyond 200 times its size"):
        bring(a__csv__gz=whole)
    text = "".join(f"{day},{day % 7}\n" for day in range(30_000))
    with pytest.raises(UsageError, match="damaged or cut short"):
        bring(b__csv__gz=gzip.compress(b"start,value\n" + text.encode())[:-200])
    assert not (bring.folder / "package").exists()


@pytest.mark.parametrize("text", ["start,value\n", "Compteur;Début;Fin;kWh\n", "dt,tempC\n"])
def test_files_without_rows_give_empty_tables(bring, text):
    (found,) = bring(a__csv=text)
    assert (found.read, found.kept) == (0, 0)
    assert all(
        bring.load(name.split("/")[1]).empty for name in TABLES & set(open_package(bring.folder / "package").resources)
    )


def test_files_of_nothing_known(tmp_path):
    for content in (b"a;b\n1;2\n", b"\x1f\x8bnot a gzip", b"PK\x03\x04not a zip", b'{"results": []}'):
        path = tmp_path / "a"
        path.write_bytes(content)
        with pytest.raises(UsageError, match="no known format"):
            recognise(Member("a", path), formats.READERS)


@settings(max_examples=40)
@given(
    st.dates(datetime.date(2024, 1, 1), datetime.date(2026, 12, 31)),
    st.sampled_from([10, 15, 30, 60]),
    st.lists(st.integers(0, 200), max_size=3),
)
def test_days_of_loads_by_counting_hours(day, minutes, holes):
    """Against counting one step at a time on the local calendar: a day with a hole is empty, others are whole."""
    begin = datetime.datetime.combine(day, datetime.time(), PARIS).timestamp()
    end = datetime.datetime.combine(day + datetime.timedelta(days=3), datetime.time(), PARIS).timestamp()
    moments = list(range(int(begin), int(end), 60 * minutes))
    kept = [one for place, one in enumerate(moments) if place not in holes]
    table = pd.DataFrame(
        {"compteur_id": "A", "debut": pd.to_datetime(kept, unit="s", utc=True), "minutes": minutes, "kwh": 1.5},
    ).assign(estime=pd.array([False] * len(kept), dtype="boolean"))
    found = loads_to_readings(table.sample(frac=1, random_state=3)).set_index("debut")["kwh"]
    for number in range(3):
        date = day + datetime.timedelta(days=number)
        of_day = [one for one in moments if datetime.datetime.fromtimestamp(one, PARIS).date() == date]
        known = [one for one in of_day if one in set(kept)]
        if known:
            value = found[pd.Timestamp(date)]
            assert value == pytest.approx(1.5 * len(of_day)) if known == of_day else pd.isna(value)


def test_flags_of_days_and_steps_across_midnight():
    hours = pd.date_range("2025-01-14T23:00Z", periods=72, freq="h")
    table = pd.DataFrame({"compteur_id": "A", "debut": hours, "minutes": 60, "kwh": 1.0})
    table["estime"] = pd.array([True] + [False] * 24 + [None] + [False] * 46, dtype="boolean")
    days = loads_to_readings(table)
    assert (days["estime"].iloc[0], days["estime"].isna().tolist()) == (True, [False, True, False])
    shifted = table.assign(debut=hours + pd.Timedelta(minutes=30))
    assert loads_to_readings(shifted)["kwh"].isna().all()
    assert loads_to_readings(table.head(0)).empty
    assert loads_to_readings(table.head(0)).dtypes["debut"] == days.dtypes["debut"]


def test_the_clock_refuses_what_spring_leaves_out():
    with pytest.raises(ValueError, match="2025-03-30T02:30"):
        Clock().seconds("A", datetime.datetime(2025, 3, 30, 2, 30))


DAY = datetime.date(2026, 1, 10)
HALVES, QUARTERS = (stamps(DAY, DAY + datetime.timedelta(days=1), step, ends=True) for step in (30, 15))
EIGHT = HALVES[15]


@pytest.mark.parametrize(
    ("times", "kwh", "rejected"),
    [
        ([one for one in HALVES if one[11:16] not in ("12:00", "13:00")], 23.0, {}),
        ([*HALVES[:16], *(one for one in QUARTERS if one > EIGHT)], 24.0, {}),
        ([*(one for one in QUARTERS if one <= EIGHT), *HALVES[16:]], 24.0, {}),
        (sorted([*HALVES, "2026-01-10T12:14:10+01:00"]), 24.0, {"step-unknown": 1}),
    ],
    ids=["two are missing", "shorter from eight", "longer from eight", "one is off the grid"],
)
def test_a_step_changes_where_several_rows_hold_it(bring, times, kwh, rejected):
    """1 kW throughout, stamped at the end."""
    (found,) = bring(a__csv=account([f"{time};1000" for time in times]))
    assert (found.rejects_by_rule, found.kept) == (rejected, len(times) - len(rejected))
    assert bring.load("loads")["kwh"].sum() == pytest.approx(kwh)


@pytest.mark.parametrize(("cut", "first"), [(slice(None), "2025-01-14T23:00Z"), (slice(1, -1), "2025-01-15T00:00Z")])
def test_a_curve_of_which_neither_or_each_end_is_at_midnight(bring, cut, first):
    """Times are taken for the beginnings of their steps, and the log says that this is assumed."""
    day = datetime.date(2025, 1, 15)
    times = [*stamps(day, day + datetime.timedelta(days=1), 60), "2025-01-16T00:00:00+01:00"]
    (found,) = bring(a__csv=account([f"{time};1000" for time in times[cut]]))
    assert found.repairs_by_rule == {"stamp-assumed": 1}
    assert bring.load("loads")["debut"].min() == pd.Timestamp(first)


def test_a_title_without_a_sign_does_not_choose_the_delimiter(bring):
    """Six lines of words above three rows with commas, of which the French ones have none of the semicolons."""
    title = "Export des factures\nRégion (fictif)\nAnnée 2025\nService énergie\nToutes énergies\nPage 1\n"
    (found,) = bring(a__csv=title + "Compteur,Début,Fin (exclue),kWh,Énergie\nG1,2025-01-01,2025-02-01,12.5,gaz\n")
    assert (found.reader, found.kept, found.rejected) == ("energy-bills", 1, 0)
    assert bring.load("readings")["kwh"].tolist() == [12.5]


def test_only_the_first_sheet_with_rows_is_read(bring):
    """Each row of the bills has an empty cell; the sheet after them is of last year."""
    book = openpyxl.Workbook()
    for title, year in (("Factures", 2025), ("Avant", 2024)):
        sheet = book.create_sheet(title)
        sheet.append(("Compteur", "Énergie", "Début", "Fin (exclue)", "kWh", None))
        sheet.append(("G1", "gaz", datetime.date(year, 1, 1), datetime.date(year, 2, 1), 5, None))
    book.save(bring.folder / "factures.xlsx")
    (found,) = bring(factures__xlsx=(bring.folder / "factures.xlsx").read_bytes())
    assert (found.read, found.kept) == (1, 1)
    assert bring.load("readings")["debut"].tolist() == [pd.Timestamp("2025-01-01")]


@pytest.mark.parametrize(("offset", "first"), [(-18_000, "2025-01-15T05:00"), (34_200, "2025-01-14T14:30")])
def test_days_of_green_button_on_the_clock_of_the_feed(bring, offset, first):
    """Midnight in New York is 5:00, in Adelaide 14:30 the day before: both are days of 15 January there."""
    clock = (
        '<entry><link rel="self" href="/r/1/LocalTimeParameters/1"/><content><LocalTimeParameters '
        f'xmlns="http://naesb.org/espi"><tzOffset>{offset}</tzOffset></LocalTimeParameters></content></entry></feed>'
    )
    start = int(datetime.datetime.fromisoformat(f"{first}+00:00").timestamp())
    (found,) = bring(a__xml=espi([(start, 86_400, 5000, 0)]).replace("</feed>", clock))
    assert (found.kept, found.rejected) == (1, 0)
    table = bring.load("readings")
    assert table[["debut", "fin"]].to_numpy().tolist() == [[pd.Timestamp("2025-01-15"), pd.Timestamp("2025-01-16")]]


def test_the_reject_of_an_index_names_its_time(bring):
    rows = ["2025-01-02T00:00:00+01:00;A;;;100000", "2025-01-02T12:00:00+01:00;A;;;112500"]
    (found,) = bring(a__csv=account(rows, "Index", "Wh", header="Horodate;Type de releve;EAS F1;EAS F2;EAS T"))
    log = bring.log("rejects")
    assert log[["field", "value", "rule"]].to_numpy().tolist() == [["Horodate", rows[1].split(";")[0], "not-midnight"]]
    assert found.rejected == 1


def test_more_bills_than_are_taken(bring, monkeypatch):
    monkeypatch.setattr("tikub_lab.energy.published.bills.MAX_ROWS", 3)
    rows = "".join(f"G1;;0{month}/02/2025;0{month}/03/2025;5;non;gaz\n" for month in range(1, 5))
    with pytest.raises(UsageError, match="more than 3 rows"):
        bring(a__csv=HEADER + rows)


def test_a_use_that_is_none_leaves_a_line(bring):
    text = "Compteur;Énergie;Code UAI;Usage\nG1;gaz;0350029S;n'importe quoi\nG2;gaz;0350029S;Chauffage\n"
    (found,) = bring(a__csv=text)
    assert (found.reader, found.kept) == ("energy-meters", 2)
    meters = bring.load("meters").set_index("compteur_id")
    assert meters["usage"].isna().to_dict() == {"G1": True, "G2": False}
    assert bring.log("repairs")[["line", "field", "value"]].to_numpy().tolist() == [["2", "usage", "n'importe quoi"]]


STEPS = "start,value\n" + "".join(f"2026-01-01 0{hour}:00:00+00:00,1.0\n" for hour in range(3))


def test_a_list_tells_the_unit_of_a_file_that_has_none(bring):
    """What the message of a reject advises is enough: first the energy, then the unit."""
    (found,) = bring(c1__csv=STEPS)
    assert found.rejects_by_rule == {"energy-unknown": 3}
    *_, found = bring(liste__csv="compteur,énergie\nc1,gaz\n", c1__csv=STEPS)
    assert found.rejects_by_rule == {"unit-unknown": 3}
    assert "unité column" in bring.log("rejects", "readings")["message"].iloc[0]
    listed, found = bring(liste__csv="compteur,énergie,unité\nc1,gaz,MWh\nc2,gaz,m3\n", c1__csv=STEPS)
    assert (listed.rejects_by_rule, found.kept, found.rejected) == ({"unit": 1}, 3, 0)
    assert bring.load("loads")["kwh"].tolist() == [1000.0] * 3


def test_metadata_fit_a_file_that_was_unpacked(bring):
    about = '{"a": {"id": "M", "meter_data_filename": "x.csv.gz", "interpretation": "electricity", "unit": "kWh"}}'
    found = bring(x__csv=STEPS, about__json=about)
    assert sum(item.rejected for item in found) == 0
    assert bring.load("loads")["compteur_id"].unique().tolist() == ["M"]
