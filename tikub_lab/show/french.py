"""Numbers and dates the French way, from the Unicode CLDR through Babel: « 1 234,5 », « 12 mars 2026 », « 3,2 M€ »."""

import math
import re
from datetime import date, datetime
from typing import Any

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal

NNBSP = "\u202f"
MISSING = "n. d."
"""What stands where a figure is not known: « non disponible »."""


MINUS = "\N{MINUS SIGN}"


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def number(value: Any, digits: int = 0) -> str:
    """Format a number, with narrow no-break spaces between thousands and a minus that is one.

    Parameters
    ----------
    value : number or missing
    digits : int
        Decimals shown.

    Examples
    --------
    >>> number(1234.56, 1).replace(NNBSP, " ")
    '1 234,6'
    >>> number(-0.5, 1)
    '−0,5'
    >>> number(float("nan"))
    'n. d.'
    """
    if _is_missing(value):
        return MISSING
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(round(float(value), digits) + 0.0, format=pattern, locale="fr")
    return text.replace("-", MINUS)  # CLDR's French has the hyphen, which a line may end after


def euros(value: Any) -> str:
    """Format an amount in €, k€, M€ or Md€ with three significant digits, never more than are true.

    Examples
    --------
    >>> [euros(x).replace(NNBSP, " ") for x in (950, 12_345, 3_210_000, 1_500_000_000)]
    ['950 €', '12,3 k€', '3,21 M€', '1,5 Md€']
    """
    if _is_missing(value):
        return MISSING
    value = float(value)
    for size, unit in ((1e9, "Md€"), (1e6, "M€"), (1e4, "k€")):
        if abs(value) >= size * 0.99995:
            scaled = value / (1e3 if unit == "k€" else size)
            whole = len(str(int(abs(scaled))))
            text = number(scaled, max(0, 3 - whole))
            return (text.rstrip("0").rstrip(",") if "," in text else text) + NNBSP + unit
    return number(value) + NNBSP + "€"


def percent(share: Any, digits: int = 0) -> str:
    """Format a share between 0 and 1 as a percentage.

    Examples
    --------
    >>> percent(0.1234, 1).replace(NNBSP, " ")
    '12,3 %'
    """
    return MISSING if _is_missing(share) else number(float(share) * 100, digits) + NNBSP + "%"


def day(value: date | datetime | pd.Timestamp | str | None) -> str:
    """Format a date in full.

    Examples
    --------
    >>> day("2026-03-12")
    '12 mars 2026'
    >>> day(date(2026, 3, 1))
    '1er mars 2026'
    """
    if value is None or value == "" or pd.isna(value):
        return MISSING
    moment = pd.Timestamp(value)
    text = format_date(moment.date(), format="long", locale="fr")
    return text.replace("1 ", "1er ", 1) if moment.day == 1 else text


def typeset(text: str) -> str:
    """Put the no-break spaces that French asks for: before ``: ; ! ? % €`` and inside « ».

    Examples
    --------
    >>> typeset("« Oui » : 12 % ?").replace("\u202f", "_").replace("\u00a0", "~")
    '«~Oui~»~: 12_%_?'
    """
    text = re.sub(r" (?=[;!?%€])", NNBSP, text)
    return re.sub(r" (?=[:»])|(?<=«) ", "\u00a0", text)


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun; in French the plural starts at two.

    Examples
    --------
    >>> plural(1, "marché"), plural(0, "marché"), plural(2, "marché")
    ('1 marché', '0 marché', '2 marchés')
    """
    noun = one if abs(count) < 2 else (many or one + "s")
    return f"{number(count)} {noun}"
