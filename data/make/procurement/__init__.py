"""The fictitious procurement tables: six years of a region's and its lycées' contracts, from one seed.

All of it is invented but for the communes, the CPV codes and the code lists. It has in it what methods look for: single
offers, considerations that grow, amendments, late publications, framework agreements and their subsequent contracts, a
few needs that were split (:func:`planted_splits`), empty fields.
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
from data.make.sampling import COMMUNES, Folder, by_schema
from tikub_lab.tables.package import workbench

SEED = 20261122
CREATED = "2026-11-22T00:00:00Z"  # fixed: nothing in the sample depends on the day
SOURCES = ({"title": "Tirage au sort par tikub-lab, data/make/procurement (données fictives)"}, COMMUNES)


def sample(
    scale: float = 1.0, seed: int = SEED, essential: bool = False, schemas: Path | None = None
) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables, typed by their schemas; ``essential``: only those of the essential data.

    Scale 1, of 0.01 to 1000, gives 3,000 contracts notified from 2020 to 2025, 41 buyers and about 600 firms.

    >>> tables = sample(scale=0.1, seed=1, essential=True)
    >>> {name: len(table) for name, table in tables.items()}["procurement/contracts"]
    300
    """
    schemas = schemas or workbench() / "data" / "schemas"
    book = draw(scale, seed)
    of_contracts, of_suppliers, of_amendments, of_concessions, of_bids, of_records = book.streams
    tables = {
        "contracts": contracts(book, of_contracts),
        "suppliers": suppliers(book, of_suppliers),
        "amendments": amendments(book, of_amendments),
        "concessions": concessions(book, scale, of_concessions),
    }
    if essential:
        return by_schema(tables, "procurement", schemas)
    tables["bids"] = bids(book, tables["contracts"], of_bids)
    made = by_schema(tables, "procurement", schemas)
    return made | {"procurement/records": records(made, of_records, schemas)}


def planted_splits(scale: float = 1.0, seed: int = SEED) -> pd.DataFrame:
    """Return the needs that the sample splits on purpose: the truth by which a method is judged.

    A split is a series of three to five contracts that one lycée gave one firm for one CPV code within a calendar year,
    each below a threshold of that year (``seuil``) that their sum exceeds at least twice.
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
    """Write the tables as CSV under ``sample/procurement/``; return the resources for ``datapackage.json``."""
    return Folder(into, CREATED, SOURCES).write_all(sample(scale, seed, schemas=into / "schemas"))
