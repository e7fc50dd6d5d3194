"""Rules that mend, blank or mark a value and keep its record: labels, dates, numbers, CPV codes, identifiers."""

import datetime
import html
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pandas as pd

from tikub_lab.procurement.codes import CODES, CONCESSION_CODES, PRICE_FORMS_2019, meanings, repair_cpv, simplified
from tikub_lab.procurement.published.fields import CONTRACT_FIELDS
from tikub_lab.procurement.published.rules import FIELDS, PARTIES, Tests, number

_DEPARTMENT = r"0[1-9]|[1-8]\d|9[0-5]|2A|2B|97[1-8]|98[4678]"
_NUMBER = r"-?\d+(?:\.\d*)?(?:[eE]\+?\d+)?"
_ENGLISH, _GERMAN = (
    rf"-?\d{{1,3}}(?:(?:{thousand}\d{{3}})+{decimal}\d+|(?:{thousand}\d{{3}}){{2,}})"
    for thousand, decimal in ((",", r"\."), (r"\.", ","))
)
_INTEGER = r"-?\d+(?:\.0*)?"
_BOOLEANS = {"true": "true", "false": "false", "oui": "true", "non": "false", "1": "true", "0": "false"}
_BOOLEAN_WORDS = {**_BOOLEANS, "vrai": "true", "faux": "false", "yes": "true", "no": "false", "o": "true", "n": "false"}
_DATE = re.compile(
    r"(?:(\d{4})(?:-(\d\d?)-(\d\d?)|/(\d\d?)/(\d\d?)|(\d\d)(\d\d))|(\d\d?)(?:/(\d\d?)/|-(\d\d?)-)(\d{4}))"
    r"(?:[T ](.*)|Z|[+-]\d\d:?\d\d)?"
)
_MOMENT = re.compile(r"(\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)")
_PARIS = ZoneInfo("Europe/Paris")
FIRST_YEAR = 1950
DEPTH = 20
"""How often entities and tags are looked for again in what they wrapped: no software wraps so often."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});")
_TAG = re.compile(
    r"<(script|style)\b[^<>]*>.*?</\1\s*>|</?[a-z][\w-]*(?:\s[^<>]*=[^<>]*)?\s*/?>|<!--.*?-->", re.I | re.S
)


def _typed(*types: str) -> dict[str, tuple[str, ...]]:
    return {frame: tuple(name for name, kind in fields.items() if kind in types) for frame, fields in FIELDS.items()}


def _each(values: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Apply a function to each distinct value: columns of labels and dates have few."""
    known = {value: change(value) for value in values.dropna().unique()}
    return values.map(known).astype("str")


def iso_date(value: str) -> str | None:
    """Read a date with or without time and zone, year or day first; a moment with its zone is the day in Paris.

    Examples
    --------
    >>> iso_date("2018-07-10+02:00"), iso_date("2018-7-10"), iso_date("10-07-2018"), iso_date("20180230")
    ('2018-07-10', '2018-07-10', '2018-07-10', None)
    >>> iso_date("2024-05-01T22:00:00Z")
    '2024-05-02'
    """
    match = _DATE.fullmatch(value)
    if not match:
        return None
    *parts, clock = match.groups()
    numbers = [int(part) for part in parts if part]
    year, month, day = numbers if parts[0] else reversed(numbers)
    try:
        date = datetime.date(year, month, day)
        if clock and (moment := _MOMENT.fullmatch(clock)):
            there = datetime.datetime.fromisoformat(f"{date}T{moment[1]}{moment[2]}")
            date = there.astimezone(_PARIS).date()
    except (ValueError, OverflowError):
        return None
    return date.isoformat() if date.year >= FIRST_YEAR else None


def as_published(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Read the notations that the formats allow for the same value: ``oui``, ``1`` and ``true``."""
    booleans = [name for name, kind in FIELDS.get(table, {}).items() if kind == "boolean" and name in frame]
    return frame.assign(**{name: _each(frame[name], lambda value: _BOOLEANS.get(value, value)) for name in booleans})


def _split(value: str, change: Callable[[str], str | None]) -> str | None:
    labels = [change(label) for label in value.split("|")]
    return "|".join(dict.fromkeys(label for label in labels if label)) or None


def _codes(frame: pd.DataFrame, field: str) -> tuple[str, ...]:
    return (CONCESSION_CODES if "valeurGlobale" in frame else CODES)[field]


def _labels(frame: pd.DataFrame, field: str) -> pd.Series:
    known = meanings(field, _codes(frame, field))
    return _each(frame[field], lambda value: _split(value, lambda label: known.get(simplified(label), label)))


def _known_labels(frame: pd.DataFrame, field: str) -> pd.Series:
    allowed = set(_codes(frame, field))
    return _each(frame[field], lambda value: _split(value, lambda label: label if label in allowed else None))


def _identifier_type(frame: pd.DataFrame, field: str) -> pd.Series:
    known = meanings(field, CODES["titulaire_typeIdentifiant"])

    def name(value: str) -> str:
        return "FRWF" if value.upper().startswith("FRW") else known.get(simplified(value), value)

    return _each(frame[field], name)


def _price_types(frame: pd.DataFrame, field: str) -> pd.Series:
    """Move the price forms of 2019 to ``typesPrix``; asked for ``typesPrix`` first, then for ``formePrix``."""
    known = {simplified(old): new for old, new in PRICE_FORMS_2019.items()}
    moved = _each(frame["formePrix"], lambda value: known.get(simplified(value)))
    if field == "formePrix":
        return frame[field].mask(moved.notna())
    return frame[field].where(moved.isna(), moved)


def _dates(frame: pd.DataFrame, field: str) -> pd.Series:
    return _each(frame[field], lambda value: iso_date(value) or value)


def _readable_dates(frame: pd.DataFrame, field: str) -> pd.Series:
    return _each(frame[field], iso_date)


def _numbers(frame: pd.DataFrame, field: str) -> pd.Series:
    spelt = frame[field].str.replace(r"[\s\u00a0\u202f€]|EUR", "", regex=True)
    # 12,345.67 and 1,234,567, then 12.345,67 and 1.234.567: a single mark before three digits is the decimal one.
    spelt = spelt.mask(spelt.str.fullmatch(_ENGLISH).fillna(False), spelt.str.replace(",", ""))
    spelt = spelt.mask(spelt.str.fullmatch(_GERMAN).fillna(False), spelt.str.replace(".", "", regex=False))
    spelt = spelt.str.replace(",", ".")
    return frame[field].where(frame[field].str.fullmatch(_NUMBER) | ~spelt.str.fullmatch(_NUMBER), spelt)


def _readable_numbers(frame: pd.DataFrame, field: str) -> pd.Series:
    whole = any(fields.get(field) == "integer" for fields in FIELDS.values())
    return frame[field].where(frame[field].str.fullmatch(_INTEGER if whole else _NUMBER))


def _shares(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].where(number(frame[field]).between(0, 1))


def _matching(pattern: str) -> Callable[[pd.DataFrame, str], pd.Series]:
    return lambda frame, field: frame[field].where(frame[field].str.fullmatch(pattern))


def _notification(frame: pd.DataFrame, field: str) -> pd.Series:
    if "datePublicationDonnees" not in frame:
        return frame[field]
    return frame[field].fillna(frame["datePublicationDonnees"])


def plain_text(value: str) -> str | None:
    """Take HTML out of a text: a tag is a space, an entity its character, as often as they are wrapped in each other.

    Examples
    --------
    >>> plain_text("Espaces verts<br />Lot 1 : taille &amp; tonte d&#39;hiver"), plain_text("a < 3 & b > 2")
    ("Espaces verts Lot 1 : taille & tonte d'hiver", 'a < 3 & b > 2')
    """
    if "<" not in value and "&" not in value:
        return value
    text = value
    for _ in range(DEPTH):
        before, text = text, _TAG.sub(" ", _ENTITY.sub(lambda found: html.unescape(found[0]), text))
        if text == before:
            break
    return value if text == value else " ".join(text.split()) or None


_TEXTS = {
    "contracts": ("acheteur_nom", "objet"),
    "concessions": ("autoriteConcedante_nom", "objet"),
    "amendments": ("objetModification",),
    "states": ("objetModification",),
    **dict.fromkeys(PARTIES, ("titulaire_nom",)),
}
MENDS: Tests = {
    "not-communicated": (
        {
            **{t: tuple(f) for t, f in FIELDS.items()},
            **dict.fromkeys(PARTIES, ("titulaire_id", "titulaire_typeIdentifiant")),
        },
        lambda frame, field: frame[field].mask(frame[field].isin(["NC", "MQ", "CDL"])),
    ),
    "unreadable-characters": (
        _TEXTS,
        lambda frame, field: frame[field].str.contains("\ufffd", regex=False).fillna(False),
    ),
    "markup-in-text": (_TEXTS, lambda frame, field: _each(frame[field], plain_text)),
    "identifier-spacing": (
        {
            "contracts": ("acheteur_id",),
            "concessions": ("autoriteConcedante_id",),
            **dict.fromkeys(PARTIES, ("titulaire_id",)),
        },
        lambda frame, field: frame[field].str.replace(r"[\s\u00a0\u202f]", "", regex=True),
    ),
    "identifier-type-name": (
        dict.fromkeys(PARTIES, ("titulaire_typeIdentifiant",)),
        _identifier_type,
    ),
    "price-form-2019": (
        {"contracts": ("typesPrix", "formePrix")},
        _price_types,
    ),
    "code-label": (
        {
            "contracts": tuple(name for name in CODES if name in CONTRACT_FIELDS),
            "concessions": tuple(CONCESSION_CODES),
            "suppliers": ("titulaire_categorie",),
        },
        _labels,
    ),
    "code-unknown": (
        {
            "contracts": tuple(name for name in CODES if name in CONTRACT_FIELDS),
            "concessions": tuple(CONCESSION_CODES),
            "suppliers": ("titulaire_categorie",),
        },
        _known_labels,
    ),
    "cpv-repaired": (
        {"contracts": ("codeCPV",)},
        lambda frame, field: repair_cpv(frame[field]),
    ),
    "date-notation": (
        _typed("date"),
        _dates,
    ),
    "date-unreadable": (
        _typed("date"),
        _readable_dates,
    ),
    "number-notation": (
        _typed("number", "integer"),
        _numbers,
    ),
    "number-unreadable": (
        _typed("number", "integer"),
        _readable_numbers,
    ),
    "boolean-word": (
        _typed("boolean"),
        lambda frame, field: _each(frame[field], lambda value: _BOOLEAN_WORDS.get(value.lower(), value)),
    ),
    "boolean-unreadable": (
        _typed("boolean"),
        lambda frame, field: frame[field].where(frame[field].isin(["true", "false"])),
    ),
    "offers-zero": (
        {"contracts": ("offresRecues",)},
        lambda frame, field: frame[field].where(number(frame[field]) >= 1),
    ),
    "share-range": (
        {"contracts": ("tauxAvance", "origineUE", "origineFrance")},
        _shares,
    ),
    "subsidy-negative": (
        {"concessions": ("montantSubventionPublique",)},
        lambda frame, field: frame[field].where(number(frame[field]) >= 0),
    ),
    "text-too-long": (
        {"contracts": ("objet",), "concessions": ("objet",)},
        lambda frame, field: frame[field].str.slice(0, 1000),
    ),
    "department-code": (
        {"contracts": ("acheteur_departement",), "suppliers": ("titulaire_departement",)},
        _matching(_DEPARTMENT),
    ),
    "region-code": (
        {"contracts": ("acheteur_region",), "suppliers": ("titulaire_region",)},
        _matching(r"\d{2}"),
    ),
    "commune-code": (
        {"suppliers": ("titulaire_commune",)},
        _matching(r"\d{5}|2[AB]\d{3}"),
    ),
    "notification-from-publication": (
        {"contracts": ("dateNotification",)},
        _notification,
    ),
}
