"""The published files of outside bodies: grants, snapshots of councillors, official notices, the State's register.

Personal data that no table has (birth dates, sex, profession, managers) is dropped here, before anything is kept.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import ijson
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.by_schema import folded, read_by_schema
from tikub_lab.tables.identifiers import siren, siret
from tikub_lab.tables.package import workbench
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Head, Reader, log
from tikub_lab.tables.schema import Schema, read_schema
from tikub_lab.tables.sheets import PREAMBLE, Row, written
from tikub_lab.tables.texts import Utf8

GRANTS, COUNCILLORS, NOTICES, REGISTRY = (f"bodies/{name}" for name in ("grants", "councillors", "notices", "registry"))
BATCH = 5_000
SAID = {"nomAttribuant", "idAttribuant", "nomBeneficiaire", "idBeneficiaire", "rnaBeneficiaire"}
"""Fields by one of which grants are known from other tables with an amount and an object."""
ENOUGH = 5
Note = tuple[int, str, str, str, str]
"""Line, field, value, rule and replacement of a repair."""


def _schema(table: str) -> Schema:
    return read_schema(workbench() / "data" / "schemas" / f"{table}.json")


# Grants


@cache
def spellings() -> dict[str, list[str]]:
    """Return the fields that each heading may mean, folded: names and titles of the schema, and ``headings.csv``."""
    with Path(__file__).with_name("headings.csv").open(encoding="utf-8", newline="") as file:
        listed = [(row["heading"], row["name"]) for row in csv.DictReader(file)]
    found: dict[str, list[str]] = {}
    fields = _schema(GRANTS).fields
    for heading, name in [(each, field.name) for field in fields for each in (field.name, field.title)] + listed:
        if name not in found.setdefault(folded(heading), []):
            found[folded(heading)].append(name)
    return found


def columns(headings: list[str]) -> dict[str, int]:
    """Find the fields that headings name; one that may mean two (« attributaire ») means the first that is free.

    Examples
    --------
    >>> columns(["Nom de l'attributaire", "Nom du bénéficiaire", "Montant voté"])
    {'nomBeneficiaire': 1, 'montant': 2, 'nomAttribuant': 0}
    """
    meant = [spellings().get(folded(heading), []) for heading in headings]
    found: dict[str, int] = {}
    for place, names in sorted(enumerate(meant), key=lambda pair: len(pair[1])):  # first those that mean one field
        if free := [name for name in names if name not in found]:
            found[free[0]] = place
    return found


def _header(rows: list[list[str]]) -> tuple[int, dict[str, int]]:
    """Find the row of headings among the first ones: that which names most fields."""
    known = [columns(cells) for cells in rows]
    place = max(range(len(rows)), key=lambda at: len(known[at]), default=-1)
    return place, known[place] if known else {}


def is_grants(head: Head) -> bool:
    """Recognise grants by five known headings, whatever rows stand above."""
    found = _header(head.rows)[1].keys()
    return len(found) >= ENOUGH and len(found & SAID) > 1


def read_grants(path: Path) -> Iterator[Batch]:
    r"""Read grants as collectivities publish them.

    Raises
    ------
    UsageError
        A file that lacks a column without which there is no grant; it names the spellings that would be read.

    Examples
    --------
    >>> import tempfile
    >>> text = "Exercice;Nom du bénéficiaire;N° SIRET;Montant voté;Nature\n2024;A;732 829 320 00074';1 234,50 euros;numéraire\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text(text)
    ...     tables = [batch.tables[GRANTS] for batch in read_grants(file) if batch.tables]
    >>> tables[0][["montant", "idBeneficiaire", "nature"]].values.tolist()
    [['1234.50', '73282932000074', 'aide en numéraire']]
    """  # noqa: E501
    headings, notes = list[Note](), list[Note]()
    batches = read_by_schema(path, GRANTS, _schema(GRANTS), rows=lambda path: _respelled(path, headings, notes))
    try:
        first = next(batches)
    except UsageError as error:  # --dates and --decimal are for imports by schema alone
        raise UsageError(str(error).partition(", or say how")[0].removesuffix(".") + ".") from None
    yield _noted(first, headings)
    for batch in batches:
        frame = batch.tables[GRANTS] = _completed(batch.tables[GRANTS], notes)
        lines = {*frame["_line"]}
        yield _noted(batch, [note for note in notes if note[0] in lines])


def _noted(batch: Batch, notes: list[Note]) -> Batch:
    rows = [(line, "", *rest) for line, *rest in notes]
    batch.repairs = log(REPAIRS, [batch.repairs, pd.DataFrame(rows, columns=[*REPAIRS])])
    return batch


def _respelled(path: Path, respelled: list[Note], notes: list[Note]) -> Iterator[Row]:
    """Give the rows of a file under the names of the schema, their cells as far as possible in its forms."""
    rows = written(path)
    beginning = list(islice(rows, PREAMBLE))
    place, known = _header([cells for _, cells in beginning])
    lacks = [name for name in ("nomBeneficiaire", "montant") if name not in known]
    lacks += [] if {"dateConvention", "exercice"} & known.keys() else ["exercice"]
    header, headings = beginning[place]
    if lacks:
        listed = " · ".join(f"« {heading} »" for heading in _known_as(lacks[0])[:6])
        raise UsageError(
            f"{path}: grants without a column {', '.join(lacks)}, row {header} being the headings "
            f"({', '.join(filter(None, headings))[:300]}). {lacks[0]} is read under {listed}: name it so."
        )
    names = list(headings)
    for name, at in known.items():
        if name != headings[at]:
            respelled.append((header, name, headings[at], "heading", name))
        names[at] = name
    more = [name for name in ("exercice", "sirenBeneficiaire") if name not in known]
    cells_of = {name: known[name] for name in _MENDED if name in known}
    for line, cells in chain(beginning, rows):
        if line <= header:
            yield line, [*names, *more] if line == header else cells
            continue
        mended = [*cells, *[""] * (len(names) - len(cells))]
        for name, at in cells_of.items():
            value = _MENDED[name](mended[at])
            if name not in _NUMBERS or folded(value) != folded(mended[at]):  # how numbers are written is no repair
                notes += [(line, name, mended[at], "form", value)] if value != mended[at] else []
            mended[at] = value
        filled = any(cell and not cell.isspace() for cell in cells)
        yield line, [*mended[: len(names)], *[""] * len(more), *mended[len(names) :]] if filled else []


def _known_as(name: str) -> list[str]:
    with Path(__file__).with_name("headings.csv").open(encoding="utf-8", newline="") as file:
        return [name, *(row["heading"] for row in csv.DictReader(file) if row["name"] == name)]


def _amount(cell: str) -> str:
    """Leave the currency out; a sign before the last one or two digits is the decimal one, whatever others have."""
    text = re.sub(r"\s*(euros?|€)(\s*(ttc|ht))?\s*$", "", cell, flags=re.I)
    found = re.fullmatch(r"([+-]?\d[\d\s.,]*)[.,](\d\d?)", text.strip())
    return re.sub(r"[\s.,]", "", found[1]) + "." + found[2] if found else text


def _identifier(cell: str) -> str:
    """Write a number that a spreadsheet turned into 8,2212742900014E+13 with all its digits."""
    found = re.fullmatch(r"\s*(\d)[.,](\d{9,13})E\+?13\s*", cell, flags=re.I)
    return found[1] + found[2].ljust(13, "0") if found else cell


def _nature(cell: str) -> str:
    text, kinds = folded(cell), ("aide en numéraire", "aide en nature")
    return ";".join(kind for kind, word in zip(kinds, ("numeraire", "nature"), strict=True) if word in text) or cell


def _year(cell: str) -> str:
    """Return the one year that a text or a date has; none where it has several, so that the date decides."""
    years = {*re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", cell)}
    return years.pop() if len(years) == 1 else ""


def _period(cell: str) -> str:
    """Write a day or a period in ISO form; another text stays."""
    iso = re.sub(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b", r"\3-\2-\1", cell.strip())
    iso = re.sub(r"\b(\d{4})/(\d\d)/(\d\d)(?=\D|$)", r"\1-\2-\3", iso.replace("_", " "))
    days = re.findall(r"\d{4}-\d\d-\d\d", iso)
    rest = re.sub(r"\d{4}-\d\d-\d\d|\b(au|du|et)\b|00:00:00|[\s/]", "", iso)
    return "/".join(days) if 0 < len(days) <= 2 and not rest else cell


_NUMBERS = ("montant", "pourcentageSubvention")
_MENDED: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_NUMBERS, _amount),
    **dict.fromkeys(("idBeneficiaire", "idAttribuant"), _identifier),
    "exercice": _year,
    "nature": _nature,
    "datesPeriodeVersement": _period,
}


def _completed(frame: pd.DataFrame, notes: list[Note]) -> pd.DataFrame:
    """Fill the year from the date, or from a text that has one, and the SIREN from the SIRET or what stands for it."""
    frame = frame.copy(deep=False)
    for name in ("dateConvention", "idBeneficiaire"):
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="str")
    date, number = frame["dateConvention"].astype("str"), frame["idBeneficiaire"].astype("str")
    year = date.str.extract(r"(?<!\d)((?:19|20)\d\d)(?!\d)", expand=False)
    text = frame["exercice"].isna() & year.notna() & ~date.str.fullmatch(r"\d{4}-\d\d-\d\d").fillna(False).astype(bool)
    frame["exercice"] = frame["exercice"].fillna(year)
    short = number.str.fullmatch(r"\d{9}").fillna(False).astype(bool) & siren(number)
    known = number.str[:9].where(siret(number) | short)
    frame["sirenBeneficiaire"] = frame["sirenBeneficiaire"].fillna(known)
    frame["idBeneficiaire"] = number.mask(short)
    for rows, name, rule, value, to in (
        (text, "exercice", "year-of-text", date, year), (short, "idBeneficiaire", "siren-not-siret", number, number),
    ):  # fmt: skip
        told = zip(frame["_line"][rows], value[rows], to[rows], strict=True)
        notes += [(line, name, old, rule, new) for line, old, new in told]
    return frame


# Councillors


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

    for batch in read_by_schema(path, COUNCILLORS, _schema(COUNCILLORS), ("french", None), rows):
        for frame in batch.tables.values():
            last = max(
                [*frame["debut_mandat"].dropna(), *frame.get("debut_fonction", pd.Series()).dropna()], default=""
            )
            if last > day:
                raise UsageError(f"{path}: a mandate begins on {last}, after {day}, the file's day. Correct its name.")
        yield batch


# Notices and the register: answers of portals, in the shapes of their first and second API, and exports


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """Give the records of an answer: ``records[].fields``, ``results[]``, ``result.results[]`` or a list."""
    with Utf8(path) as file:
        start = file.read(4_000).decode()
    shapes = {'"records"': "records.item", '"result"': "result.results.item", '"results"': "results.item"}
    prefix = next((shapes[key] for key in shapes if key in start), "item")
    with Utf8(path) as file:
        for record in ijson.items(file, prefix):
            yield record.get("fields", record) if isinstance(record, dict) else {}


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


def _notice(record: dict[str, Any]) -> dict[str, Any]:
    row = _bodacc(record) if "familleavis" in record else _joafe(record)
    return {**row, "annonce_id": record.get("id"), "parution": record.get("dateparution")}


def _registered(record: dict[str, Any]) -> dict[str, Any]:
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


def _reader(table: str, make: Callable[[dict[str, Any]], dict[str, Any]], needed: tuple[str, ...]) -> Any:
    def read(path: Path) -> Iterator[Batch]:
        """Read records in runs; ``line`` is a record's position in the file, from 1."""
        names, records = _schema(table).names, enumerate(_records(path), 1)
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


def _has(*texts: str) -> Callable[[Head], bool]:
    return lambda head: head.text.lstrip()[:1] in ("{", "[") and all(f'"{text}"' in head.text for text in texts)


READERS: tuple[Reader, ...] = (
    Reader("grants", "grants (CSV, xlsx: SCDL names or other headings)", (GRANTS,), is_grants, read_grants),
    Reader(
        "councillors", "Répertoire national des élus, regional councillors (CSV)", (COUNCILLORS,), is_councillors,
        read_councillors, publisher="Ministère de l'Intérieur",
    ),
    Reader(
        "bodacc", "BODACC notices (JSON of the portal)", (NOTICES,), _has("familleavis", "registre"),
        _reader(NOTICES, _notice, ("annonce_id", "parution")), publisher="DILA",
    ),
    Reader(
        "joafe", "JOAFE notices, published accounts (JSON of the portal)", (NOTICES,), _has("source", "dateparution"),
        _reader(NOTICES, _notice, ("annonce_id", "parution")), publisher="DILA",
    ),
    Reader(
        "recherche-entreprises", "answers of API Recherche d'entreprises (JSON)", (REGISTRY,),
        _has("nom_complet", "etat_administratif"), _reader(REGISTRY, _registered, ("siren", "nom")), publisher="INSEE",
    ),
)  # fmt: skip
"""In the order in which they are asked whether they know a file."""
