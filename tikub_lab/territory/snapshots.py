"""States of a catalogue: the one asked for, the one before it, and what changed between them."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from tikub_lab.errors import RunError, UsageError
from tikub_lab.methods.law import as_date
from tikub_lab.methods.scope import only
from tikub_lab.tables import load
from tikub_lab.territory.criteria import sheet
from tikub_lab.territory.dcat import DATASETS


@dataclass(frozen=True)
class Catalog:
    """A catalogue on a day: its datasets, and those of the state before (``avant``, None where there is none)."""

    nom: str
    jour: pd.Timestamp
    datasets: pd.DataFrame
    avant: pd.Timestamp | None
    before: pd.DataFrame


def catalog(catalogue: str | None = None, releve: date | str | None = None, en_direct: bool = False) -> Catalog:
    """Load a state of a portal's catalogue, and the state before it.

    Parameters
    ----------
    catalogue : str, optional
        Which portal, as ``territory/datasets`` names it; by default the one whose last state is the most recent.
    releve : date or str, optional
        The last state up to that day is taken, and a UsageError says where there is none; the last one by default.
    en_direct : bool
        Whether the portal (by default that of `data/sources.csv`) is asked now; what it says is kept nowhere, so that
        there is no state before. A RunError says why it can't be had.

    Examples
    --------
    >>> state = catalog()
    >>> state.nom, str(state.jour.date()), str(state.avant.date()), len(state.datasets)
    ('portail.exemple (fictif)', '2026-05-15', '2026-02-02', 25)
    """
    table = _live(catalogue) if en_direct else load(DATASETS)
    catalogue = None if en_direct else catalogue
    name = catalogue or str(table.sort_values(["releve", "catalogue"])["catalogue"].iloc[-1])
    table = only(table, "catalogue", name, "catalogue", "no such catalogue was imported")
    days = sorted(table["releve"].unique())
    last = pd.Timestamp(str(as_date(releve, "releve"))) if releve is not None else days[-1]
    until = [day for day in days if day <= last]
    if not until:
        raise UsageError(
            f"releve={last:%Y-%m-%d}: {name} has no state up to that day; its first one is of {days[0]:%Y-%m-%d}."
        )
    day, previous = until[-1], until[-2] if len(until) > 1 else None
    states = [table[table["releve"] == each].reset_index(drop=True) for each in (day, previous)]
    return Catalog(name, day, states[0], previous, states[1])


def _live(portal: str | None) -> pd.DataFrame:
    """Ask a portal for its catalogue, and read it as any other."""
    from tikub_lab.tables import portals
    from tikub_lab.territory.formats import READERS

    source = next(item for item in portals.read_sources() if item.table == DATASETS)
    with TemporaryDirectory(prefix="tikub-catalog-") as folder:
        (done,) = portals.fetch([replace(source, portal=portal or source.portal)], Path(folder) / "data", READERS)
        if done.state != "new":
            raise RunError(f"The catalogue of {done.source.portal} could not be had: {done.said}")
        return load(DATASETS, Path(folder) / "data")


def changes(state: Catalog) -> pd.DataFrame:
    """Say what changed since the state before, one row a dataset: jeu_id, titre, changement, detail (which fields).

    Examples
    --------
    >>> changes(catalog())["changement"].value_counts().to_dict()
    {'données mises à jour': 7, 'fiche modifiée': 3, 'nouveau': 2, 'retiré': 1}
    """
    now, before = (frame.set_index("jeu_id") for frame in (state.datasets, state.before))
    both = now.index.intersection(before.index)
    new, old = now.loc[both], before.loc[both]
    labels = sheet("fields").set_index("champ")["libelle"].drop("modifie")
    differs = (new[labels.index].astype("str").fillna("") != old[labels.index].astype("str").fillna("")).to_numpy(bool)
    detail = pd.Series([", ".join(labels[row]) for row in differs], index=both, dtype="str")
    updated = new["modifie"] > old["modifie"]
    kinds = {
        "nouveau": now.drop(index=both), "retiré": before.drop(index=both),
        "fiche modifiée": new[~updated & (detail != "")], "données mises à jour": new[updated],
    }  # fmt: skip
    parts = [rows[["titre"]].assign(changement=kind, detail=detail.reindex(rows.index)) for kind, rows in kinds.items()]
    table = pd.concat(parts).fillna({"detail": ""}).reset_index()
    return table if state.avant is not None else table.head(0)
