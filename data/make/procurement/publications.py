"""Three fictitious publications of one source, with faults planted, as the real rules judge them.

The records are made as a buyer's software would publish them, in the format of 2022, from the contracts of the sample;
then they are imported as any published file is. So the table ``procurement/records`` of the sample is what an import
gives, and :func:`publications` tells which faults and which changes were planted.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.procurement.publication_faults import CHANGES, FAULTS, Change, Raw
from data.make.sampling import Stream
from tikub_lab.procurement.formats import READERS
from tikub_lab.procurement.published.fields import LISTS
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import Package

DAYS = ("2025-04-01", "2025-05-01", "2025-06-01")
"""Days of the three publications; each holds what was published before it."""
SINCE = "2024-08-01"
"""First notification that they hold."""
MOST = 420
"""Contracts that the source knows at most, whatever the scale of the sample."""
NAME = "decp-fictif_{day}.json"
CORRECTED = 3
"""One contract in so many has its fault corrected in the last publication."""


@dataclass(frozen=True)
class Publications:
    """Fictitious publications, and the truth about them.

    Attributes
    ----------
    files : dict of str to list of dict
        Records as published, by name of file.
    faults : DataFrame
        ``publication``, ``ligne``, ``defaut``, ``regle`` (the rule that it breaks; missing where none sees it): one row
        a record that has a fault.
    changes : DataFrame
        ``apres`` (publication), ``ligne`` (in it; in the one before for what vanished), ``evenement`` (``apparu``,
        ``disparu``, ``revenu``, ``corrigé`` or the name of a change), ``champs`` (fields that changed, separated by
        bars; missing for ``corrigé``).
    """

    files: dict[str, list[Raw]]
    faults: pd.DataFrame
    changes: pd.DataFrame


def publications(tables: Mapping[str, pd.DataFrame], stream: Stream) -> Publications:
    """Make the publications from the tables of the sample.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``procurement/contracts`` and ``procurement/suppliers``, typed.
    stream : Stream
        Its draws choose which contracts have a fault or a change.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from data.make.sampling import streams
    >>> names = ("procurement/contracts", "procurement/suppliers")
    >>> made = publications({name: tables.load(name) for name in names}, streams(1, 1)[0])
    >>> [name for name in made.files]
    ['decp-fictif_2025-04-01.json', 'decp-fictif_2025-05-01.json', 'decp-fictif_2025-06-01.json']
    """
    records = _records(tables)
    early = [at for at, record in enumerate(records) if record["datePublicationDonnees"] < DAYS[0]]
    order = [early[at] for at in stream.uniform(len(early)).argsort(kind="stable")]
    shares = {name: fault.share for name, fault in FAULTS.items()} | {
        name: change.share for name, change in CHANGES.items()
    }
    dealt = _dealt(shares, order)
    files: dict[str, list[Raw]] = {}
    faults: list[tuple[object, ...]] = []
    changes: list[tuple[object, ...]] = []
    lines: dict[int, int] = {}
    for place, day in enumerate(DAYS):
        name, known, written = NAME.format(day=day), dict(lines), []
        lines = {}
        for at, record in enumerate(records):
            what = dealt.get(at, "")
            copies = _copies(record, what, at, place)
            if record["datePublicationDonnees"] >= day or not copies:
                continue
            written += copies
            lines[at] = len(written)
            if what in FAULTS and not _corrected(at, place):
                faults.append((name, lines[at], what, FAULTS[what].rule))
            changes += [(name, lines[at], *event) for event in _events(what, at, place, at in known)]
        changes += [(name, known[at], "disparu", "") for at in known if at not in lines]
        files[name] = written
    return Publications(
        files,
        pd.DataFrame(faults, columns=["publication", "ligne", "defaut", "regle"]),
        pd.DataFrame(changes, columns=["apres", "ligne", "evenement", "champs"]),
    )


def records(tables: Mapping[str, pd.DataFrame], stream: Stream, schemas: Path) -> pd.DataFrame:
    """Return the table ``procurement/records`` that the import of :func:`publications` gives.

    Parameters
    ----------
    tables, stream
        As for :func:`publications`.
    schemas : Path
        Folder of the Table Schemas.
    """
    made = publications(tables, stream)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in made.files.items():
            path = Path(folder, name)
            path.write_text(json.dumps({"marches": {"marche": content}}, ensure_ascii=False), encoding="utf-8")
            paths.append(path)
        import_files(paths, Path(folder, "package"), READERS, schemas=schemas)
        table = Package(Path(folder, "package")).load("procurement/records")
    return table


def _dealt(shares: Mapping[str, float], order: Sequence[int]) -> dict[int, str]:
    """Deal faults and changes to contracts, in a drawn order: at least one of each while there are contracts."""
    rest = list(order)
    dealt: dict[int, str] = {}
    for name, share in shares.items():
        number = max(1, round(share * len(order)))
        dealt |= dict.fromkeys(rest[:number], name)
        rest = rest[number:]
    return dealt


def _corrected(at: int, place: int) -> bool:
    return place == len(DAYS) - 1 and at % CORRECTED == 0


def _changed(what: str, place: int) -> Change | None:
    change = CHANGES.get(what)
    return change if change is not None and not change.gone and place >= change.since else None


def _copies(record: Raw, what: str, at: int, place: int) -> list[Raw]:
    """Write a contract as a publication has it: not at all, once or twice."""
    if what in CHANGES and place in CHANGES[what].gone:
        return []
    change = _changed(what, place)
    if change is not None:
        return [change.make(record)]
    return FAULTS[what].plant(record) if what in FAULTS and not _corrected(at, place) else [record]


def _events(what: str, at: int, place: int, known: bool) -> list[tuple[str, str | None]]:
    """Say what happened to a contract since the publication before."""
    if place == 0:
        return []
    if not known:
        return [("revenu" if what in CHANGES else "apparu", "")]
    change = _changed(what, place)
    if change is not None and change.since == place:
        return [(what, change.fields)]
    return [("corrigé", None)] if what in FAULTS and _corrected(at, place) else []


def _records(tables: Mapping[str, pd.DataFrame]) -> list[Raw]:
    """Write the contracts chosen as objects of the format of 2022, in order of publication."""
    contracts, suppliers = tables["procurement/contracts"], tables["procurement/suppliers"]
    chosen = contracts[
        (contracts["dateNotification"] >= SINCE) & (contracts["datePublicationDonnees"] < DAYS[-1])
    ].sort_values(["datePublicationDonnees", "uid"], kind="stable", ignore_index=True)
    if len(chosen) > MOST:
        chosen = chosen.iloc[np.arange(MOST) * len(chosen) // MOST]
    own = suppliers[suppliers["uid"].isin(chosen["uid"])]
    parties: dict[str, list[Raw]] = {}
    columns = (own["uid"], own["titulaire_id"], own["titulaire_typeIdentifiant"])
    for uid, identifier, kind in zip(*columns, strict=True):
        parties.setdefault(uid, []).append({"titulaire": {"id": identifier, "typeIdentifiant": kind}})
    return [_record(contract, parties[contract["uid"]]) for contract in chosen.to_dict("records")]


def _record(contract: Mapping[Any, Any], parties: list[Raw]) -> Raw:
    record: Raw = {"id": contract["id"], "acheteur": {"id": contract["acheteur_id"], "nom": contract["acheteur_nom"]}}
    for name, value in contract.items():
        if name in ("uid", "id", "source") or name.startswith("acheteur_") or pd.isna(value):
            continue
        outer, _, inner = name.partition("_")
        if isinstance(value, pd.Timestamp):
            value = value.date().isoformat()
        elif isinstance(value, (np.integer, np.bool_)):
            value = value.item()
        if name in LISTS:
            record[name] = {LISTS[name]: value.split("|")}
        elif inner:
            record.setdefault(outer, {})[inner] = value
        else:
            record[name] = value
    return {"dureeMois": 12, "formePrix": "Unitaire", **record, "titulaires": parties}
