"""Snapshots of councillors, official notices and the State's register, as their portals give them."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.bodies.published import schema_of
from tikub_lab.errors import UsageError
from tikub_lab.tables.answers import records_of
from tikub_lab.tables.by_schema import folded, read_by_schema
from tikub_lab.tables.identifiers import siren
from tikub_lab.tables.readers import REJECTS, Batch, Head, log
from tikub_lab.tables.sheets import Row, written

COUNCILLORS, NOTICES, REGISTRY = (f"bodies/{name}" for name in ("councillors", "notices", "registry"))
BATCH = 5_000
"""Records held at once."""


def is_councillors(head: Head) -> bool:
    """Recognise a snapshot of the Répertoire national des élus, regional councillors, by its headings."""
    names = {folded(cell) for cell in head.columns}
    return {"codedelaregion", "codedelasectiondepartementale", "nomdelelu", "prenomdelelu"} <= names


def read_councillors(path: Path) -> Iterator[Batch]:
    """Read a snapshot; its day is that in the name of the file, as it stands nowhere else.

    Raises
    ------
    UsageError
        A name without a day, or with one that is before a day within the file.
    """
    found = re.search(r"(20\d\d)-?(\d\d)-?(\d\d)", path.name)
    if not found:
        raise UsageError(f"{path}: a snapshot without its day. Name the file as published: …-cr_2026-04-24.csv.")
    day = "-".join(found.groups())

    def rows(path: Path) -> Iterator[Row]:
        for line, cells in written(path):
            yield line, [*cells, "Relevé" if line == 1 else day] if any(cells) else []

    for batch in read_by_schema(path, COUNCILLORS, schema_of(COUNCILLORS), ("french", None), rows):
        for frame in batch.tables.values():
            begun = [*frame["debut_mandat"].dropna(), *frame.get("debut_fonction", pd.Series()).dropna()]
            last = max((text for text in begun if text[:4].isdigit()), default="")  # what is no day is told elsewhere
            if last > day:
                raise UsageError(f"{path}: a mandate begins on {last}, after {day}, the file's day. Correct its name.")
        yield batch


# Notices and the register: answers of portals, in the shapes of their first and second API, and exports


def _inner(value: Any) -> Any:
    """Return what JSON within a string says, or the value where it is none."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _under(value: Any, *steps: str) -> Any:
    """Follow steps through what may be JSON in a string, a list of one, or missing."""
    for step in steps:
        value = _inner(value)
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(step) if isinstance(value, dict) else None
    return _inner(value)


def _number(value: Any, form: str = r"\d{9}") -> str | None:
    """Return the first number of a form in a text or a list, whatever spaces and order; SIREN are checked by Luhn."""
    numbers = re.findall(
        form, re.sub(r"(?<=\d)[\s.](?=\d)", "", " , ".join(map(str, value)) if isinstance(value, list) else str(value))
    )
    valid = [text for text, good in zip(numbers, siren(pd.Series(numbers, dtype="str")), strict=True) if good]
    return (valid or numbers or [None])[0] if form == r"\d{9}" else next(iter(numbers), None)


FAMILIES = {
    "collective": "procédure collective",
    "conciliation": "procédure collective",
    "dpc": "comptes",
    "radiation": "radiation",
    "modification": "modification",
    "creation": "création",
    "immatriculation": "création",
    "vente": "vente",
    "dissolution": "dissolution",
}


def _bodacc(record: dict[str, Any]) -> dict[str, Any]:
    judged = _under(record, "jugement", "nature") or _under(record, "jugement", "famille")
    said = judged or _under(record, "depot", "typeDepot") or _under(record, "modificationsgenerales", "descriptif")
    avis = {"rectificatif": "rectificatif", "annulation": "annulation"}
    return {
        "source": "BODACC",
        "famille": FAMILIES.get(str(record.get("familleavis")), "autre"),
        "avis": avis.get(str(record.get("typeavis")), "initial"),
        "siren": _number(record.get("registre")),
        "nom": record.get("commercant") or _under(record, "listepersonnes", "personne", "denomination"),
        "cloture": _under(record, "depot", "dateCloture"),
        "texte": said or record.get("familleavis_lib"),
    }


def _joafe(record: dict[str, Any]) -> dict[str, Any]:
    dca, kind = record.get("source") == "dca", folded(str(record.get("typeavis")))
    family = next((name for key, name in FAMILIES.items() if kind.startswith(key)), "autre")
    corrected = "rectif" in folded(str(record.get("etatavis"))) or record.get("dca_rectificatif_version")
    return {
        "source": "DCA" if dca else "JOAFE",
        "famille": "comptes" if dca else family,
        "avis": "rectificatif" if corrected else "initial",
        "siren": _number(record.get("dca_siren") or ""),
        "rna": _number(record.get("numero_rna"), r"W\d[\dAB]\d{7}"),
        "cloture": record.get("dca_datecloture"),
        "nom": record.get("titre_ancien") or record.get("titre") or record.get("titre_nouveau"),
        "nouveau_nom": record.get("titre_nouveau"),
        "texte": record.get("typeavis"),
    }


def notice(record: dict[str, Any]) -> dict[str, Any]:
    row = _bodacc(record) if "familleavis" in record else _joafe(record)
    return {**row, "annonce_id": record.get("id"), "parution": record.get("dateparution")}


def registered(record: dict[str, Any]) -> dict[str, Any]:
    status = record.get("etat_administratif")
    return {
        "siren": record.get("siren"),
        "nom": record.get("nom_complet"),
        "categorie": record.get("nature_juridique"),
        "rna": _under(record, "complements", "identifiant_association"),
        "fermeture": record.get("date_fermeture"),
        "code_commune": _under(record, "siege", "commune"),
        "actif": status == "A" if status else None,
        "association": _under(record, "complements", "est_association"),
    }


def reader_of(table: str, make: Callable[[dict[str, Any]], dict[str, Any]], needed: tuple[str, ...]) -> Any:
    def read(path: Path) -> Iterator[Batch]:
        """Read records in runs; ``line`` is a record's position in the file, from 1."""
        names, records = schema_of(table).names, enumerate(records_of(path), 1)
        while part := list(islice(records, BATCH)):
            rows = [(line, make(record)) for line, record in part]
            kept = [(line, row) for line, row in rows if all(row.get(name) for name in needed)]
            lost = [
                (line, str(row.get(needed[0])), name, "", "required", f"No {name} in this record.")
                for line, row in rows for name in needed if not row.get(name)
            ]  # fmt: skip
            frame = pd.DataFrame({name: [_text(row.get(name)) for _, row in kept] for name in names}, dtype="str")
            frame["_line"], frame["_rows"] = [line for line, _ in kept], 1
            tables = {table: frame} if kept else {}
            yield Batch(len(part), tables, log(REJECTS, [pd.DataFrame(lost, columns=[*REJECTS])]))

    return read


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value in (None, "") else str(value)


def has(*texts: str) -> Callable[[Head], bool]:
    return lambda head: head.text.lstrip()[:1] in ("{", "[") and all(f'"{text}"' in head.text for text in texts)
