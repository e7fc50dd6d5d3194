"""The consolidated DECP of data.economie.gouv.fr, flattened: a row a contract, its firms side by side, one amendment.

Names are those of the format of 2022 in small letters, numbered where there are several (``titulaire_id_1``), with
``modification`` behind those of the amendment; ``CDL`` stands for nothing. A row becomes the record that it was.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tikub_lab.procurement.published.decp_table import split
from tikub_lab.procurement.published.fields import AMENDMENT_FIELDS, CONTRACT_FIELDS, LISTS
from tikub_lab.procurement.published.quality import judge
from tikub_lab.procurement.published.record import frames
from tikub_lab.procurement.published.rows import runs
from tikub_lab.tables.readers import Batch, Head

NEEDED = {"id", "acheteur_id", "titulaire_id_1", "montant", "datenotification"}
"""Columns by which the form is known."""
NOTHING = "CDL"
_PARTY = {"id": "id", "typeidentifiant": "typeIdentifiant", "denominationsociale": "denominationSociale"}
_CHANGE = {"idmodification": "id"} | {
    name.lower().removesuffix("modification") + "modification": name
    for name in AMENDMENT_FIELDS
    if name not in ("modification_id", "titulaires")
}
_CONTRACT = {name.lower(): name for name in (*CONTRACT_FIELDS, *LISTS.values())}


def is_csv(head: Head) -> bool:
    """Recognise the CSV by the names in its first line, whatever separates them."""
    return bool(head.text) and {name.lower() for name in head.columns} >= NEEDED


def read(path: Path) -> Iterator[Batch]:
    """Read a CSV file in runs of rows."""
    for run in runs(path):
        records = ((line, "marche", record(cells)) for line, cells in run.rows())
        yield judge(frames(records), run.read, run.odd)


def record(cells: dict[str, str]) -> dict[str, Any]:
    """Make the record of a row.

    Examples
    --------
    >>> record({"acheteur_id": "2", "titulaire_id_1": "3", "titulaire_id_2": "CDL", "montantmodification": "4"})
    {'acheteur': {'id': '2'}, 'titulaires': [{'id': '3'}], 'modifications': [{'montant': '4'}]}
    """
    found: dict[str, Any] = {}
    parties: dict[str, dict[str, str]] = {}
    change: dict[str, str] = {}
    for column, cell in cells.items():
        name = column.lower()
        if cell == NOTHING:
            continue
        if (party := re.fullmatch(r"titulaire_([a-z]+)_(\d+)", name)) and party[1] in _PARTY:
            parties.setdefault(party[2], {})[_PARTY[party[1]]] = cell
        elif name in _CHANGE:
            change[_CHANGE[name]] = cell
        elif field := _CONTRACT.get(name):
            outer, _, inner = field.partition("_")
            if inner:
                found.setdefault(outer, {})[inner] = cell
            else:
                found[field] = split(cell) if field in LISTS or field in LISTS.values() else cell
    return found | {"titulaires": list(parties.values()), "modifications": [change] if change else []}
