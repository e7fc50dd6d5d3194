"""Numbers, dates and nouns the French way: « 1 234,5 », « 12 mars 2026 », « 3,2 M€ », « aucune offre »."""

import csv
import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal

NNBSP = "\u202f"
MISSING = "n. d."  # « non disponible »

MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")

# From which value, over how much, which unit: everything that scales.
UNITS: dict[str, tuple[tuple[float, float, str], ...]] = {
    "€": ((0, 1, "€"), (1e4, 1e3, "k€"), (1e6, 1e6, "M€"), (1e9, 1e9, "Md€")),
    "kWh": ((0, 1, "kWh"), (1e4, 1e3, "MWh"), (1e7, 1e6, "GWh"), (1e9, 1e9, "TWh")),
    "kgCO2e": ((0, 1, "kg"), (1e3, 1e3, "t"), (1e7, 1e6, "kt")),
}
_ZEROS = re.compile(r"(?:,0+|(,\d*?[1-9])0+)(?!\d)")


def missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def number(value: Any, digits: int = 0) -> str:
    """Format a number, with narrow no-break spaces between thousands and a minus that is one.

    Examples
    --------
    >>> number(1234.56, 1).replace(NNBSP, " "), number(-0.5, 1), number(float("nan"))
    ('1 234,6', '−0,5', 'n. d.')
    """
    if missing(value):
        return MISSING
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(round(float(value), digits) + 0.0, format=pattern, locale="fr")
    return text.replace("-", "\N{MINUS SIGN}")  # CLDR's French has the hyphen, which a line may end after


def decimals(value: float, significant: int) -> int:
    return max(0, significant - 1 - math.floor(math.log10(abs(value)))) if value and math.isfinite(value) else 0


def trimmed(text: str) -> str:
    """Take out the last decimals that are nought: 152, not 152,0."""
    return _ZEROS.sub(r"\1", text)


def plain(value: Any, digits: int | None = None) -> str:
    """Write a number whose digits nobody chose: whole as it is, otherwise one decimal, and small is not nothing."""
    if missing(value):
        return MISSING
    value, shown = float(value), digits
    if shown is None:
        shown = 0 if value.is_integer() else 1 if abs(value) >= 1 else decimals(value, 2)
    if value and not round(value, shown):
        shown = decimals(value, 1)
    return number(value, shown) if digits is not None else trimmed(number(value, shown))


def unit_for(value: float, family: str) -> tuple[float, str]:
    """Return the size and name of the unit in which a value is written, chosen after rounding to three digits."""
    rungs = UNITS[family]
    for least, size, unit in rungs[:0:-1]:
        rounded = round(value) if size == rungs[1][1] else float(f"{value / size:.2e}") * size
        if abs(rounded) >= least:
            return size, unit
    return rungs[0][1:]


def scaled(value: Any, family: str) -> str:
    """Write a value in the unit that suits it, with three significant digits, never more than are true."""
    if missing(value):
        return MISSING
    size, unit = unit_for(value := float(value), family)
    value = value if size == 1 else float(f"{value / size:.2e}")
    digits = decimals(value, 3) if size > 1 else 0 if abs(value) >= 10 or value.is_integer() else decimals(value, 2)
    return trimmed(number(value, digits)) + NNBSP + unit


def euros(value: Any) -> str:
    """Format an amount in €, k€, M€ or Md€ with three significant digits, never more than are true.

    Examples
    --------
    >>> [euros(x).replace(NNBSP, " ") for x in (950, 12_345, 3_210_000, 1_500_000_000, 999_949_999)]
    ['950 €', '12,3 k€', '3,21 M€', '1,5 Md€', '1 Md€']
    """
    return scaled(value, "€")


def percent(share: Any, digits: int = 0) -> str:
    """Format a share between 0 and 1 as a percentage; a small one is not nothing.

    Examples
    --------
    >>> percent(0.1234, 1).replace(NNBSP, " "), percent(0.001).replace(NNBSP, " ")
    ('12,3 %', '0,1 %')
    """
    return MISSING if missing(share) else plain(float(share) * 100, digits) + NNBSP + "%"


def day(value: date | datetime | pd.Timestamp | str | None) -> str:
    """Format a date in full.

    Examples
    --------
    >>> day("2026-03-12"), day(date(2026, 3, 1))
    ('12 mars 2026', '1er mars 2026')
    """
    if value is None or value == "" or missing(value):
        return MISSING
    moment = pd.Timestamp(value)
    text = format_date(moment.date(), format="long", locale="fr")
    return text.replace("1 ", "1er ", 1) if moment.day == 1 else text


def month(value: Any, short: bool = False) -> str:
    if missing(value):
        return MISSING
    at = value if isinstance(value, pd.Period) else pd.Timestamp(value)
    return format_date(date(at.year, at.month, 1), "LLL y" if short else "LLLL y", locale="fr")


def typeset(text: str) -> str:
    """Put the apostrophes and no-break spaces that French asks for: before ``: ; ! ? % €``, inside « » and numbers."""
    text = re.sub(r"(?<=\w)'(?=[\w«]|$)", "’", text)
    text = re.sub(r" (?=[;!?%€])|(?<=\d) (?=\d{3}\b|(?:[kMGT]?Wh|kg|t|k€|M€|Md€|m²|°C)(?!\w))", NNBSP, text)
    return re.sub(r" (?=[:»])|(?<=«) ", "\u00a0", text)


def capital(text: str) -> str:
    """Begin a text with a capital, unless with a unit, « kWh », or the name of a portal."""
    return text if re.search(r"\w[A-Z]|\.\w", text.partition(" ")[0]) else text[:1].upper() + text[1:]


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun; in French the plural starts at two.

    Parameters
    ----------
    count : int
    one, many : str
        The noun, and its plural where an « s » is not enough.

    Examples
    --------
    >>> plural(1, "marché"), plural(0, "marché"), plural(2, "marché")
    ('1 marché', '0 marché', '2 marchés')
    """
    return f"{number(count)} {one if abs(count) < 2 else many or one + 's'}"


@cache
def _nouns() -> dict[str, tuple[str, str]]:
    text = files("tikub_lab.show").joinpath("nouns.csv").read_text(encoding="utf-8")
    return {row["noun"]: (row["plural"], row["gender"]) for row in csv.DictReader(text.splitlines())}


_LINKS = re.compile(r" (?:de|du|des|d[’']|en|à|au|aux|avec|sans|sous|sur|par|pour|dans|hors|entre|où|qui|que|non)\b.*")
"""From here on a compound noun does not agree: « mises en concurrence », « lycées d'au moins … »."""
_ENDINGS = (("eau", "x"), ("au", "x"), ("eu", "x"), ("s", ""), ("x", ""), ("z", ""))
_FEMININE = re.compile(
    r"(?:[stgx]ion|ée|té|ure|[ae]nce|ette|esse|ise|ie|lle|nne|sse|ade|ude|[uè]re|rte|ole|ace|ine|ique|ière|euse|trice)$"
)


def plural_of(noun: str) -> str:
    """Return the plural of a noun, and of the adjectives right behind it."""
    link = _LINKS.search(noun)
    agreeing, rest = (noun[: link.start()], link[0]) if link else (noun, "")
    return " ".join(_plural_word(word) for word in agreeing.split(" ")) + rest


def _plural_word(word: str) -> str:
    if known := _nouns().get(word, ("", ""))[0]:
        return known
    if word.endswith("al"):
        return word[:-1] + "ux"
    return word + next((end for start, end in _ENDINGS if word.endswith(start)), "s")


def feminine(noun: str) -> bool:
    """Say whether a noun is feminine: as ``nouns.csv`` has it, else by its ending."""
    for word in noun.split(" "):
        gender = _nouns().get(word, ("", "?"))[1]
        if gender:  # an adjective that stands first has none, and the noun follows
            return gender == "f" if gender != "?" else bool(_FEMININE.search(word))
    return False


def counted(count: Any, noun: str) -> str:
    """Write a count with a noun that agrees.

    ``noun`` may give its plural, ``"œil|yeux"``. Without a noun, ``"|dit|disent"``, only the word that agrees is
    written; of three, ``"|ne dépasse|dépasse|dépassent"``, the first is for none.
    """
    alone = noun.startswith("|")
    forms = noun.removeprefix("|").split("|")
    none = forms.pop(0) if alone and len(forms) == 3 else None
    one, many = forms[0], forms[1] if len(forms) > 1 else plural_of(forms[0])
    if missing(count):
        return MISSING if alone else f"{MISSING} {plural_of(one)}"
    said = many if abs(float(count)) >= 2 else one
    if alone:
        return none if none is not None and count == 0 else said
    return f"{plain(count)} {said}" if count else f"{'aucune' if feminine(one) else 'aucun'} {one}"


def joined(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} et {last}" if first else last
