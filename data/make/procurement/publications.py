"""Three fictitious publications of one source, with faults planted, as the real rules judge them.

The records are made as a buyer's software would publish them, in the format of 2022, from the contracts of the sample;
then they are imported as any published file is. :func:`publications` tells which faults and changes were planted.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.procurement.publication_faults import CHANGES, FAULTS, Change, Fault, Raw
from data.make.sampling import Stream
from tikub_lab.procurement.formats import READERS
from tikub_lab.procurement.published.fields import LISTS
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import Package

DAYS = ("2025-04-01", "2025-05-01", "2025-06-01")
"""Days of the three publications; each holds what was published before it."""
SINCE = "2024-08-01"  # first notification that they hold
MOST = 420  # contracts that the source knows at most, whatever the scale of the sample
NAME = "decp-fictif_{day}.json"
CORRECTED = 3  # one contract in so many has its fault corrected in the last publication


@dataclass(frozen=True)
class Publications:
    """Fictitious publications by name of file, and the truth about them: a row a record with a fault or an event.

    ``ligne`` of a change is in ``apres``, or in the publication before for what vanished; ``evenement`` is ``apparu``,
    ``disparu``, ``revenu``, ``corrigé`` or the name of a change; ``champs`` are missing for ``corrigé``.
    """

    files: dict[str, list[Raw]]
    faults: pd.DataFrame
    changes: pd.DataFrame


def publications(tables: Mapping[str, pd.DataFrame], stream: Stream) -> Publications:
    """Make the publications; draws choose which contracts have a fault or a change."""
    records = _records(tables)
    early = [at for at, record in enumerate(records) if record["datePublicationDonnees"] < DAYS[0]]
    order = [early[at] for at in stream.uniform(len(early)).argsort(kind="stable")]
    dealt = _dealt(order)
    files: dict[str, list[Raw]] = {}
    faults: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    lines: dict[int, int] = {}
    for place, day in enumerate(DAYS):
        name, known, written = NAME.format(day=day), dict(lines), []
        lines = {}
        for at, record in enumerate(records):
            what = dealt.get(at, "")
            change, fault = CHANGES.get(what), FAULTS.get(what)
            corrected = fault is not None and place == len(DAYS) - 1 and at % CORRECTED == 0
            if record["datePublicationDonnees"] >= day or (change and place in change.gone):
                continue
            if fault and not corrected:
                written += [record | fault.values(record) for _ in range(fault.copies)]
                faults.append((name, len(written), what, fault.rule))
            else:
                written.append(record | change.values(record) if change and place >= change.since else record)
            lines[at] = len(written)
            if place and at not in known:
                changes.append((name, lines[at], "revenu" if change else "apparu", ""))
            elif change and change.fields and place == change.since:
                changes.append((name, lines[at], what, change.fields))
            elif corrected:
                changes.append((name, lines[at], "corrigé", None))
        changes += [(name, known[at], "disparu", "") for at in known if at not in lines]
        files[name] = written
    return Publications(
        files,
        pd.DataFrame(faults, columns=["publication", "ligne", "defaut", "regle"]),
        pd.DataFrame(changes, columns=["apres", "ligne", "evenement", "champs"]),
    )


def records(tables: Mapping[str, pd.DataFrame], stream: Stream, schemas: Path) -> pd.DataFrame:
    """Return the table ``procurement/records`` that the import of :func:`publications` gives."""
    made = publications(tables, stream)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in made.files]
        for path in paths:
            path.write_text(json.dumps({"marches": {"marche": made.files[path.name]}}), encoding="utf-8")
        import_files(paths, Path(folder, "package"), READERS, schemas=schemas)
        return Package(Path(folder, "package")).load("procurement/records")


def _dealt(order: Sequence[int]) -> dict[int, str]:
    """Deal faults and changes to contracts, in a drawn order: at least one of each while there are contracts."""
    rest, dealt = iter(order), dict[int, str]()
    cases: dict[str, Fault | Change] = {**FAULTS, **CHANGES}
    for name, case in cases.items():
        dealt |= dict.fromkeys(islice(rest, max(1, round(case.share * len(order)))), name)
    return dealt


def _records(tables: Mapping[str, pd.DataFrame]) -> list[Raw]:
    contracts, suppliers = tables["procurement/contracts"], tables["procurement/suppliers"]
    chosen = contracts[
        (contracts["dateNotification"] >= SINCE) & (contracts["datePublicationDonnees"] < DAYS[-1])
    ].sort_values(["datePublicationDonnees", "uid"], kind="stable", ignore_index=True)
    if len(chosen) > MOST:
        chosen = chosen.iloc[np.arange(MOST) * len(chosen) // MOST]
    own = suppliers[suppliers["uid"].isin(chosen["uid"])]
    parties: dict[str, list[Raw]] = {}
    for uid, identifier, kind in own[["uid", "titulaire_id", "titulaire_typeIdentifiant"]].to_numpy():
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
