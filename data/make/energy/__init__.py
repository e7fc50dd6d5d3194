"""The fictitious energy tables: the lycées of a region, their meters and weather, with planted truths, from one seed.

All of it is invented but for the communes, the school calendar and the emission factors. What methods look for is in
it, and ``energy/truths`` says where:

- every meter that heats has a true balance point, slope and base (:mod:`data.make.energy.meters`), less on
  weekends and in holidays;
- 25 lycées had works on a known day, with the saving they truly brought beside the one that was announced;
- 15 lycées have saved by their habits since October 2024, and say so; others say that they act, and save nothing;
- in 2025, 12 lycées are heated in holidays, the base load drifts in 10, 6 meters break down, and in 6 the readings are
  estimated: days all alike, or bills in a row;
- 3 lycées gave up oil; bills last 28 to 33 days, and one in 25 is estimated and mended by the next;
- ten lycées have a load curve, six of them with a fault: see :mod:`data.make.energy.loads`.

Lycées with works, habits or a fault have only one of them; the others have no change. See ``data/README.md``.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.energy import actions as sample_actions
from data.make.energy import facts as sample_facts
from data.make.energy import readings as sample_readings
from data.make.energy import truths as sample_truths
from data.make.energy import works as sample_works
from data.make.energy.book import Book, draw
from data.make.energy.changes import DAYS, START
from data.make.energy.loads import loads
from data.make.energy.meters import USES, Meters
from data.make.energy.sites import ENERGIES, SEED
from data.make.energy.use import shown
from data.make.energy.weather import START as FIRST_DAY
from data.make.energy.weather import stations
from data.make.sampling import Folder, Stream
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import Schema, aliases, read_schema

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

"""The seed of the shipped sample."""

CREATED = "2026-11-24T00:00:00Z"
"""When the shipped sample is said to be made: fixed, as nothing in it depends on the day."""

SOURCES = (
    {"title": "Tirage au sort par tikub-lab, data/make/energy (données fictives)"},
    {"title": "INSEE, Code officiel géographique", "path": "https://www.insee.fr/fr/information/2560452"},
)

ACTIONS = 156
"""Place of the stream of actions among those of the seed, far behind the others."""

FACTS = ("energy/calendar", "energy/factors")
"""Tables of public facts among the fictitious ones."""

PRICES = {  # €/kWh, from 2018 to 2025: invented, of a plausible size
    "électricité": (0.098, 0.101, 0.104, 0.107, 0.139, 0.192, 0.171, 0.154),
    "gaz": (0.043, 0.042, 0.038, 0.040, 0.069, 0.090, 0.076, 0.070),
    "fioul": (0.075, 0.076, 0.062, 0.072, 0.110, 0.105, 0.102, 0.098),
    "bois": (0.034, 0.034, 0.035, 0.035, 0.042, 0.048, 0.046, 0.045),
    "réseau de chaleur": (0.066, 0.067, 0.066, 0.068, 0.080, 0.089, 0.087, 0.085),
}


def sample(scale: float = 1.0, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables.

    Parameters
    ----------
    scale : float
        1 gives 115 lycées, 1,500 buildings and 1.8 million m²; they grow with the square root of it. From 0.01 to 1000.
    seed : int
        Same seed and scale, same tables, on every machine.

    Returns
    -------
    dict of str to DataFrame
        ``territory/lycees``, ``territory/buildings``, ``energy/meters``, ``readings``, ``stations``, ``weather``,
        ``calendar``, ``works``, ``factors``, ``prices``, ``loads``, ``truths`` and ``actions``, typed by their
        schemas; the shared ones by their aliases too.

    Raises
    ------
    UsageError
        When the scale or the seed is out of bounds.

    Examples
    --------
    >>> tables = sample(scale=0.01, seed=1)
    >>> len(tables["territory/lycees"]), len(tables["energy/weather"])
    (12, 35064)
    """
    schemas = workbench() / "data" / "schemas"
    tables = _tables(scale, seed, schemas)
    return tables | {alias: tables[name] for alias, name in aliases(schemas).items() if name in tables}


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write the fictitious tables under ``sample/energy/`` and ``sample/territory/``: CSV, but for load curves.

    Parameters
    ----------
    into : Path
        Folder of the data package; ``schemas/`` in it has the Table Schemas.
    scale, seed
        As for :func:`sample`.

    Returns
    -------
    list of dict
        The resources for ``datapackage.json``, see :func:`data.make.sampling.write_package`; those of public
        facts say so, with their own sources.
    """
    folder = Folder(into, CREATED, SOURCES)
    resources = []
    for name, table in _tables(scale, seed, into / "schemas").items():
        schema = read_schema(into / "schemas" / f"{name}.json")
        resource = folder.write(name, table, schema, "parquet" if name == "energy/loads" else "csv")
        resources.append(_as_facts(resource, schema) if name in FACTS else resource)
    return resources


def _as_facts(resource: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Describe a table of public facts: its title does not say that it is fictitious, as it is not."""
    return {
        **resource,
        "title": schema.title,
        "description": schema.description,
        "sources": list(schema.raw.get("sources", [])),
    }


def _tables(scale: float, seed: int, schemas: Path) -> dict[str, pd.DataFrame]:
    book = draw(scale, seed)
    of_bills, of_years, of_done, of_proposed = book.streams
    works = _works(book, of_done, of_proposed)
    of_actions = Stream(np.random.SeedSequence(seed, spawn_key=(ACTIONS,)))
    tables = {
        "meters": _meters(book.meters, book),
        "readings": _readings(book, of_bills, of_years),
        "loads": loads(book, seed),
        "stations": stations(),
        "weather": book.weather,
        "calendar": sample_facts.calendar(),
        "works": works,
        "factors": sample_facts.factors(),
        "prices": _prices(),
        "truths": _truths(book, works),
        "actions": sample_actions.actions(book.meters, book.changes, book.sites, of_actions),
    }
    made = {"territory/lycees": book.sites, "territory/buildings": book.buildings}
    made |= {f"energy/{name}": table for name, table in tables.items()}
    read = {name: read_schema(schemas / f"{name}.json") for name in made}
    return {name: typed(table[list(read[name].names)], read[name]) for name, table in made.items()}


def _meters(meters: Meters, book: Book) -> pd.DataFrame:
    rows = np.arange(len(meters.id))
    since, until = book.begin[rows, meters.first], book.begin[rows, meters.last]
    opened = book.sites["annee_ouverture"].to_numpy(np.int64)[meters.site]
    september = (opened - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 243
    first_day = np.where(since > 0, START + since, september)
    known = (since > 0) | (opened >= 2010)  # of the others, the first day is not known
    return pd.DataFrame(
        {
            "compteur_id": meters.id,
            "code_uai": book.sites["code_uai"].to_numpy(object)[meters.site],
            "point_livraison": pd.Series([None] * len(rows), dtype="str"),
            "energie": np.array(ENERGIES, dtype=object)[meters.energy],
            "usage": np.array(USES, dtype=object)[meters.use],
            "pas": np.where(meters.daily, "journalier", "mensuel"),
            "mise_en_service": np.where(known, first_day, np.datetime64("NaT", "D")),
            "retrait": np.where(until < DAYS, START + until, np.datetime64("NaT", "D")),
        }
    )


def _readings(book: Book, of_bills: Any, of_years: Any) -> pd.DataFrame:
    meters = book.meters
    billed, estimated = sample_readings.bills(book.true, meters, book.faults, book.begin, of_bills)
    days = np.arange(FIRST_DAY, FIRST_DAY + book.temperature.shape[1])
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    yearly = sample_readings.reference_years(meters, book.sites, book.temperature, book.kinds, year, of_years)
    read = shown(book.true, meters, book.faults)
    return sample_readings.readings(billed, estimated, book.begin, read, yearly, meters)


def _works(book: Book, of_done: Any, of_proposed: Any) -> pd.DataFrame:
    area = book.sites["surface_totale"].to_numpy()
    first = book.buildings[book.buildings["code_batiment"].str.endswith("-01")]
    done = sample_works.done(book.meters, book.changes, book.saved, book.swapped, area, of_done)
    recent = book.temperature[:, -DAYS:]
    share = first["surface_bati"].to_numpy() / area
    more = sample_works.proposed(book.meters, book.changes, recent, book.kinds, book.sites, share, of_proposed)
    return sample_works.works(pd.concat([done, more], ignore_index=True), book.sites)


def _prices() -> pd.DataFrame:
    rows = [(energy, 2018 + year, price) for energy, prices in PRICES.items() for year, price in enumerate(prices)]
    return pd.DataFrame(rows, columns=["energie", "annee", "euros_kwh"]).assign(statut="fictif")


def _truths(book: Book, works: pd.DataFrame) -> pd.DataFrame:
    meters, changes = book.meters, book.changes
    parts = [
        sample_truths.of_models(meters, changes, book.begin),
        sample_truths.of_changes(meters, changes, book.saved, book.used),
        sample_truths.of_faults(meters, book.faults, book.extra, book.true, book.begin),
    ]
    return sample_truths.truths(parts, book.sites, works)
