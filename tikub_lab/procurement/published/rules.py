"""What each quality rule asks of a value or a row; where it looks stands in ``targets.csv``.

``rules.csv`` has the rules in the order in which they are applied: name, effect, the text or programme that it comes
from, what it asks (English, for the logs of an import), and in French its title, what it asks, and what the figures
would be without it. Two of them look at a file or at several records, not at a value. A row of ``targets.csv`` names
frames and fields (``*`` all of them, ``:date`` those of a type), and what many rules come to: a form, and bounds.
"""

import csv
import datetime
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from tikub_lab.procurement.codes import (
    CODES,
    CONCESSION_CODES,
    NO_CONSIDERATION,
    PRICE_FORMS_2019,
    meanings,
    repair_cpv,
    simplified,
)
from tikub_lab.procurement.published.fields import AMENDMENT_FIELDS, CONCESSION_FIELDS, CONTRACT_FIELDS, STATE_FIELDS
from tikub_lab.tables import imports
from tikub_lab.tables.identifiers import siret

FIELDS = {
    "contracts": CONTRACT_FIELDS,
    "concessions": CONCESSION_FIELDS,
    "amendments": AMENDMENT_FIELDS,
    "states": STATE_FIELDS,
}
BOOLEANS = {"true": "true", "false": "false", "oui": "true", "non": "false", "1": "true", "0": "false"}
"""Notations of yes and no that the formats allow."""
_BOOLEAN_WORDS = {**BOOLEANS, "vrai": "true", "faux": "false", "yes": "true", "no": "false", "o": "true", "n": "false"}
_NUMBER = r"-?\d+(?:\.\d*)?(?:[eE]\+?\d+)?"
_ENGLISH, _GERMAN = (
    rf"-?\d{{1,3}}(?:(?:{thousand}\d{{3}})+{decimal}\d+|(?:{thousand}\d{{3}}){{2,}})"
    for thousand, decimal in ((",", r"\."), (r"\.", ","))
)
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
SUSPECT_AMOUNT = 100e6
FORMS = {
    "TAHITI": r"[A-Za-z0-9]{9}",
    "RIDET": r"[A-Za-z0-9]{10}",
    "FRWF": r"FRWF[A-Za-z0-9]{14}",
    "IREP": r"\d{5}[A-Za-z0-9]*",
    "HORS-UE": r"[A-Z]{2}[A-Za-z0-9]{0,16}",
}
"""Forms of the identifiers of firms without SIRET, as Bercy checks them; numbers of TVA are not checked."""


class Target(NamedTuple):
    """A field that a rule looks at, in a frame, with the form and the bounds that its values have."""

    table: str
    field: str
    form: str
    low: float
    high: float

    @property
    def codes(self) -> tuple[str, ...]:
        """The list of labels that the field has."""
        return (CONCESSION_CODES if self.table == "concessions" else CODES)[self.field]


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _targets(rule: str) -> tuple[Target, ...]:
    found = []
    for row in _rows("targets.csv"):
        if row["regle"] == rule:
            low, high = float(row["min"] or "-inf"), float(row["max"] or "inf")
            for table in row["tables"].split("|"):
                kinds = FIELDS.get(table, {})
                for name in row["champs"].split("|"):
                    some = [field for field, kind in kinds.items() if name in ("*", f":{kind}")]
                    found += [Target(table, field, row["forme"], low, high) for field in some or [name]]
    return tuple(found)


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


def repeated_digit(amount: float) -> bool:
    """Tell an amount over 100 M€ that is one digit typed over and over, such as 999999999 or 666666600.

    The most frequent digit of the whole euros is not 0, appears
    more than length − 2 times, and in one run.

    Examples
    --------
    >>> [repeated_digit(amount) for amount in (999999999.0, 666666667.0, 166666666.0, 699666666.0, 123000000.0)]
    [True, True, True, False, False]
    """
    if amount <= SUSPECT_AMOUNT:
        return False
    whole = str(int(min(amount, 1e18)))
    counts = {digit: whole.count(digit) for digit in "123456789"}
    return any(count > len(whole) - 2 and digit * count in whole for digit, count in counts.items())


def _number(values: pd.Series) -> pd.Series:
    """Read texts that are numbers: what is none was blanked before (ten times faster than to_numeric)."""
    return pd.Series(values.to_numpy(object).astype("float64"), values.index)


def _each(change: Callable[[str], str | None]) -> Callable[[pd.Series, Target], pd.Series]:
    return lambda values, target: values.map(change).astype("str")


def _split(value: str, change: Callable[[str], str | None]) -> str | None:
    return "|".join(dict.fromkeys(filter(None, map(change, value.split("|"))))) or None


def _labels(values: pd.Series, target: Target) -> pd.Series:
    known = meanings(target.field, target.codes)
    return values.map(lambda value: _split(value, lambda label: known.get(simplified(label), label))).astype("str")


def _known_labels(values: pd.Series, target: Target) -> pd.Series:
    allowed = set(target.codes)
    return values.map(lambda value: _split(value, lambda label: label if label in allowed else None)).astype("str")


_TYPES = meanings("titulaire_typeIdentifiant", CODES["titulaire_typeIdentifiant"])
_PRICES = {simplified(old): new for old, new in PRICE_FORMS_2019.items()}


def _numbers(values: pd.Series, target: Target) -> pd.Series:
    odd = values[~values.str.fullmatch(_NUMBER)]
    spelt = odd.str.replace(r"[\s\u00a0\u202f€]|EUR", "", regex=True)
    # 12,345.67 and 1,234,567, then 12.345,67 and 1.234.567: a single mark before three digits is the decimal one.
    spelt = spelt.mask(spelt.str.fullmatch(_ENGLISH), spelt.str.replace(",", ""))
    spelt = spelt.mask(spelt.str.fullmatch(_GERMAN), spelt.str.replace(".", "", regex=False)).str.replace(",", ".")
    found = values.copy()
    found[odd.index] = spelt.where(spelt.str.fullmatch(_NUMBER), odd)
    return found


def outside(values: pd.Series, target: Target) -> pd.Series:
    """Tell what has not the form, or lies out of the bounds."""
    if target.form:
        return ~values.str.fullmatch(target.form)
    return ~_number(values).between(target.low, target.high)


def _contradiction(values: pd.Series, target: Target) -> pd.Series:
    nothing = NO_CONSIDERATION[target.field]
    return values.str.contains(nothing, regex=False) & (values != nothing)


def _future(values: pd.Series, _: Target) -> pd.Series:
    return values > imports.today()


VALUES: dict[str, Callable[[pd.Series, Target], pd.Series]] = {
    "not-communicated": lambda values, target: values.isin(["NC", "MQ", "CDL"]),
    "unreadable-characters": lambda values, target: values.str.contains("\ufffd", regex=False),
    "markup-in-text": _each(plain_text),
    "identifier-spacing": _each(lambda value: "".join(value.split())),
    "identifier-type-name": _each(
        lambda value: "FRWF" if value.upper().startswith("FRW") else _TYPES.get(simplified(value), value)
    ),
    "code-label": _labels,
    "code-unknown": _known_labels,
    "cpv-repaired": lambda values, target: repair_cpv(values),
    "date-notation": _each(lambda value: iso_date(value) or value),
    "date-unreadable": _each(iso_date),
    "number-notation": _numbers,
    "boolean-word": _each(lambda value: _BOOLEAN_WORDS.get(value.lower(), value)),
    "text-too-long": lambda values, target: values.str.slice(0, 1000),
    "date-future": _future,
    "amount-repeated-digit": lambda values, target: _number(values).map(repeated_digit).astype(bool),
    "amount-sequence": lambda values, target: values.str.startswith("123456789") & (_number(values) > SUSPECT_AMOUNT),
    "buyer-siret": lambda values, target: ~siret(values),
    "supplier-type": lambda values, target: ~values.isin(target.codes),
    "consideration-contradiction": _contradiction,
}
"""Rules that look at one value, as functions of the distinct values of a field: True where one breaks the rule, or the
values as they should be. Those that are not here ask for a form or bounds."""


def _filled(frame: pd.DataFrame, field: str) -> pd.Series:
    """Return the field, or nothing where the file does not carry it."""
    return frame[field] if field in frame else pd.Series(pd.NA, index=frame.index, dtype="str")


def _missing(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].isna()


def _price_types(frame: pd.DataFrame, field: str) -> pd.Series:
    """Move the price forms of 2019 to ``typesPrix``; asked for ``typesPrix`` first, then for ``formePrix``."""
    known = {value: _PRICES.get(simplified(value)) for value in frame["formePrix"].dropna().unique()}
    moved = frame["formePrix"].map(known).astype("str")
    return frame[field].mask(moved.notna(), None if field == "formePrix" else moved)


def _bad_supplier_siret(frame: pd.DataFrame, field: str) -> pd.Series:
    """SIRET by their type; without a type, fourteen digits are taken for one."""
    kind = _filled(frame, "titulaire_typeIdentifiant")
    meant = (kind == "SIRET") | (kind.isna() & frame[field].str.fullmatch(r"\d{14}").fillna(False))
    return meant & frame[field].notna() & ~siret(frame[field])


def _bad_form(frame: pd.DataFrame, field: str) -> pd.Series:
    kind = _filled(frame, "titulaire_typeIdentifiant")
    broken = pd.Series(False, index=frame.index)
    for name, pattern in FORMS.items():
        values = frame.loc[kind == name, field].dropna()
        broken[values.index] = ~values.str.fullmatch(pattern)
    return broken


def _repeated_party(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].notna() & frame.duplicated([name for name in ("_line", "_position", field) if name in frame])


ROWS: dict[str, Callable[[pd.DataFrame, str], pd.Series]] = {
    "price-form-2019": _price_types,
    "notification-from-publication": lambda frame, field: frame[field].fillna(_filled(frame, "datePublicationDonnees")),
    "not-a-record": lambda frame, field: pd.Series(True, index=frame.index),
    "value-missing": _missing,
    "supplier-missing": _missing,
    "date-missing": lambda frame, field: frame[field].isna() & _filled(frame, "datePublicationDonnees").isna(),
    "supplier-siret": _bad_supplier_siret,
    "supplier-identifier": _bad_form,
    "object-missing": lambda frame, field: frame[field].isna() & frame.get("objet", frame["_line"]).isna(),
    "supplier-repeated": _repeated_party,
}
"""Rules that look at missing values or at several fields, as functions of a frame and a field."""


@dataclass(frozen=True)
class Rule:
    """One rule on records; ``effect`` is reject, repair, blank or mark, ``checks`` what it asks, as a sentence."""

    name: str
    effect: str
    checks: str
    targets: tuple[Target, ...]


TEXTS = {row["regle"]: row for row in _rows("rules.csv")}
"""The rows of ``rules.csv`` by name."""
RULES = tuple(
    Rule(name, row["effet"], row["checks"], targets) for name, row in TEXTS.items() if (targets := _targets(name))
)
"""Every rule that looks at one record, in the order in which they are applied."""
