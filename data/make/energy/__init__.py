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

from data.make.energy.actions import actions
from data.make.energy.book import Book, draw
from data.make.energy.changes import DAYS, START
from data.make.energy.facts import read
from data.make.energy.loads import loads
from data.make.energy.meters import USES
from data.make.energy.readings import bills, readings, reference_years
from data.make.energy.sites import ENERGIES, SEED
from data.make.energy.truths import truths
from data.make.energy.use import shown
from data.make.energy.weather import stations
from data.make.energy.works import works
from data.make.sampling import Folder, Stream
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import Schema, aliases, read_schema

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

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


def sample(scale: float = 1.0, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables.

    At scale 1 there are 115 lycées, 1,500 buildings and 1.8 million m²; they grow with the square root of it, from 0.01
    to 1000. Same seed and scale, same tables, on every machine. They are typed by their schemas; the shared ones stand
    under their aliases too.

    >>> tables = sample(scale=0.01, seed=1)
    >>> len(tables["territory/lycees"]), len(tables["energy/weather"])
    (12, 35064)
    """
    schemas = workbench() / "data" / "schemas"
    tables = _tables(scale, seed, schemas)
    return tables | {alias: tables[name] for alias, name in aliases(schemas).items() if name in tables}


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write the fictitious tables under ``sample/``, CSV but for load curves; return their resources."""
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
    done = works(book, of_done, of_proposed)
    made = {
        "territory/lycees": book.sites,
        "territory/buildings": book.buildings,
        "energy/meters": _meters(book),
        "energy/readings": _readings(book, of_bills, of_years),
        "energy/loads": loads(book, seed),
        "energy/stations": stations(),
        "energy/weather": book.weather,
        "energy/calendar": read("calendar"),
        "energy/works": done,
        "energy/factors": read("factors"),
        "energy/prices": read("prices"),
        "energy/truths": truths(book, done),
        "energy/actions": actions(book, Stream(np.random.SeedSequence(seed, spawn_key=(ACTIONS,)))),
    }
    known = {name: read_schema(schemas / f"{name}.json") for name in made}
    return {name: typed(table[list(known[name].names)], known[name]) for name, table in made.items()}


def _meters(book: Book) -> pd.DataFrame:
    meters, rows = book.meters, np.arange(len(book.meters.id))
    since, until = book.begin[rows, meters.first], book.begin[rows, meters.last]
    opened = book.sites["annee_ouverture"].to_numpy(np.int64)[meters.site]
    september = (opened - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 243
    known = (since > 0) | (opened >= 2010)  # of the others, the first day is not known
    nothing = np.datetime64("NaT", "D")
    return pd.DataFrame(
        {
            "compteur_id": meters.id,
            "code_uai": book.sites["code_uai"].to_numpy(object)[meters.site],
            "point_livraison": pd.Series([None] * len(rows), dtype="str"),
            "energie": np.array(ENERGIES, dtype=object)[meters.energy],
            "usage": np.array(USES, dtype=object)[meters.use],
            "pas": np.where(meters.daily, "journalier", "mensuel"),
            "mise_en_service": np.where(known, np.where(since > 0, START + since, september), nothing),
            "retrait": np.where(until < DAYS, START + until, nothing),
        }
    )


def _readings(book: Book, of_bills: Stream, of_years: Stream) -> pd.DataFrame:
    billed, estimated = bills(book.true, book.meters, book.faults, book.begin, of_bills)
    yearly = reference_years(book.meters, book.sites, book.temperature, book.kinds, of_years)
    return readings(billed, estimated, book.begin, shown(book.true, book.faults), yearly, book.meters)
