"""Grants as collectivities publish them: SCDL names, the Région's own file, and a hundred other headings."""

import csv
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path

import pandas as pd

from tikub_lab.bodies.published import schema_of
from tikub_lab.errors import UsageError
from tikub_lab.tables.by_schema import folded, read_by_schema
from tikub_lab.tables.identifiers import siren, siret
from tikub_lab.tables.readers import REPAIRS, Batch, Head, log
from tikub_lab.tables.sheets import PREAMBLE, Row, written

GRANTS = "bodies/grants"
SAID = {"nomAttribuant", "idAttribuant", "nomBeneficiaire", "idBeneficiaire", "rnaBeneficiaire"}
"""Fields by one of which grants are known from other tables with an amount and an object."""
ENOUGH = 5
Note = tuple[int, str, str, str, str]
"""Line, field, value, rule and replacement of a repair."""


@cache
def spellings() -> dict[str, list[str]]:
    """Return the fields that each heading may mean, folded: names and titles of the schema, and ``headings.csv``."""
    with Path(__file__).with_name("headings.csv").open(encoding="utf-8", newline="") as file:
        listed = [(row["heading"], row["name"]) for row in csv.DictReader(file)]
    found: dict[str, list[str]] = {}
    fields = schema_of(GRANTS).fields
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
    exact = [[folded(name) for name in names] == [folded(text)] for names, text in zip(meant, headings, strict=True)]
    # first a field's own name, then headings that mean one field
    for place, names in sorted(enumerate(meant), key=lambda pair: (not exact[pair[0]], len(pair[1]))):
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
    batches = read_by_schema(path, GRANTS, schema_of(GRANTS), rows=lambda path: _respelled(path, headings, notes))
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
