"""The fictitious procurement tables: six years of a region's and its lycées' contracts, from one seed.

All of it is invented but for the communes, the CPV codes and the code lists. It is there to show and to test the
methods, so it has in it what they look for: single offers, considerations that grow, amendments, late publications,
framework agreements and their subsequent contracts, a few needs that were split (:func:`planted_splits`), empty fields.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.procurement.bids import bids
from data.make.procurement.book import draw, limit
from data.make.procurement.contracts import contracts, dates
from data.make.procurement.details import amendments, concessions, suppliers
from data.make.procurement.needs import needs
from data.make.procurement.publications import records
from data.make.sampling import Folder
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import read_schema

SEED = 20261122
"""The seed of the shipped sample."""

CREATED = "2026-11-22T00:00:00Z"
"""When the shipped sample is said to be made: fixed, as nothing in it depends on the day."""

SOURCES = (
    {"title": "Tirage au sort par tikub-lab, data/make/procurement (données fictives)"},
    {"title": "INSEE, Code officiel géographique", "path": "https://www.insee.fr/fr/information/2560452"},
)


def sample(scale: float = 1.0, seed: int = SEED, essential: bool = False) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables.

    Parameters
    ----------
    scale : float
        1 gives 3,000 contracts notified from 2020 to 2025, 41 buyers and about 600 firms; buyers and firms grow with
        the square root of it. From 0.01 to 1000.
    seed : int
        Same seed and scale, same tables, on every machine.
    essential : bool
        Only the first four tables, those of the essential data.

    Returns
    -------
    dict of str to DataFrame
        ``procurement/contracts``, ``procurement/suppliers``, ``procurement/amendments``, ``procurement/concessions``,
        ``procurement/bids`` (the register of bids), ``procurement/records`` (three publications as published, with
        their faults), typed by their schemas; contracts are in order of notification.

    Raises
    ------
    UsageError
        When the scale or the seed is out of bounds.

    Examples
    --------
    >>> tables = sample(scale=0.1, seed=1, essential=True)
    >>> {name: len(table) for name, table in tables.items()}["procurement/contracts"]
    300
    """
    return _tables(scale, seed, workbench() / "data" / "schemas", essential)


def planted_splits(scale: float = 1.0, seed: int = SEED) -> pd.DataFrame:
    """Return the needs that the sample splits on purpose: the truth by which a method is judged.

    A split is a series of three to five contracts that one lycée gave one firm for one CPV code within a calendar year,
    outside any framework agreement, each below a threshold of that year that their sum exceeds at least twice.

    Parameters
    ----------
    scale, seed
        As for :func:`sample`.

    Returns
    -------
    DataFrame of shape (splits, 8)
        ``acheteur_id``, ``codeCPV`` (eight digits), ``titulaire_id``, ``seuil`` (threshold, €), ``marches`` (number of
        contracts), ``montant`` (their sum, €), ``debut`` (first notification), ``uids`` (separated by a bar).

    Examples
    --------
    >>> planted_splits(scale=0.1, seed=1)[["seuil", "marches"]].values.tolist()
    [[100000, 3], [221000, 5]]
    """
    book = draw(scale, seed)
    frame = book.contracts.assign(uid=book.uid, kind=book.kind).query("split >= 0")
    groups = frame.groupby("split")
    first = groups.first()
    day, kind = first["day"].to_numpy(), first["kind"].to_numpy()
    low, high = limit("dispensation", day, kind), limit("formal", day, kind)
    return pd.DataFrame(
        {
            "acheteur_id": book.buyers["siret"].take(first["buyer"].to_numpy()).to_numpy(object),
            "codeCPV": needs()["cpv"].str[:8].take(first["need"].to_numpy()).to_numpy(object),
            "titulaire_id": book.firms["id"].take(first["firm"].to_numpy()).to_numpy(object),
            "seuil": np.where(groups["amount"].max() < low, low, high),
            "marches": groups.size().to_numpy(),
            "montant": groups["amount"].sum().to_numpy(),
            "debut": dates(day).to_numpy(),
            "uids": groups["uid"].agg("|".join).to_numpy(object),
        }
    )


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write the fictitious tables as CSV files under ``sample/procurement/``.

    Parameters
    ----------
    into : Path
        Folder of the data package; ``schemas/procurement/`` in it has the Table Schemas.
    scale, seed
        As for :func:`sample`.

    Returns
    -------
    list of dict
        The resources for ``datapackage.json``, see :func:`data.make.sampling.write_package`.
    """
    folder = Folder(into, CREATED, SOURCES)
    tables = _tables(scale, seed, into / "schemas")
    return [folder.write(name, table, read_schema(into / "schemas" / f"{name}.json")) for name, table in tables.items()]


def _tables(scale: float, seed: int, schemas: Path, essential: bool = False) -> dict[str, pd.DataFrame]:
    book = draw(scale, seed)
    of_contracts, of_suppliers, of_amendments, of_concessions, of_bids, of_records = book.streams
    tables = {
        "contracts": contracts(book, of_contracts),
        "suppliers": suppliers(book, of_suppliers),
        "amendments": amendments(book, of_amendments),
        "concessions": concessions(book, scale, of_concessions),
    }
    if not essential:
        tables["bids"] = bids(book, tables["contracts"], of_bids)
    names = {f"procurement/{name}": table for name, table in tables.items()}
    made = {name: typed(table, read_schema(schemas / f"{name}.json")) for name, table in names.items()}
    if not essential:
        made["procurement/records"] = records(made, of_records, schemas)
    return made
