"""Values of published files: codes, numbers, days, moments, names of meters; what can't be read is a ValueError.

``codes.csv`` has what codes and words of published files stand for. A time without a zone is French legal time. Of the
hour that occurs twice in autumn the first one met is summer time, the second one winter time (the other way round in a
file that runs backwards); an hour that spring leaves out does not exist.
"""

import calendar
import csv
import datetime
import hashlib
import math
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from tikub_lab.tables import identifiers


def listed(name: str) -> list[dict[str, str]]:
    """Read a CSV file that stands beside this module."""
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


_CODES = listed("codes.csv")


def codes(kind: str) -> dict[str, str]:
    """Return what the codes of a kind stand for.

    >>> codes("espi-unit")["72"]
    'wh'
    """
    return {row["code"]: row["value"] for row in _CODES if row["kind"] == kind}


def flags(kind: str) -> dict[str, bool | None]:
    """Return which codes of a kind say that a figure is estimated, or measured, or neither."""
    return {code: {"yes": True, "no": False}.get(value) for code, value in codes(kind).items()}


PARIS = ZoneInfo("Europe/Paris")
SPACES = re.compile(r"[\s\u00a0\u202f]+")
KWH = {unit: float(joules) / 3.6e6 for unit, joules in codes("energy").items()}
"""kWh in one of a unit."""
KILOWATTS = {unit: float(watts) / 1000 for unit, watts in codes("power").items()}
"""Kilowatts in one of a unit of power."""
FUELS, FLAGS = codes("fuel"), flags("flag")
MONTHS = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()  # noqa: SIM905
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOTHING = {"", "nan", "null", "na", "n/a", "-", "--", "nc", "mq"}
_POINT = re.compile(r"\d{14}|GI\d{6}", re.IGNORECASE)
_FRENCH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2})[:h](\d{2})(?::(\d{2}))?)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_PERIOD = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?")
_NOON = 12


@lru_cache(4096)
def plain(label: str) -> str:
    """Simplify a label: lower case, no accents, words of letters and digits.

    >>> plain("Énergie consommée (kWh)")
    'energie consommee kwh'
    """
    letters = unicodedata.normalize("NFKD", label.replace("³", "3"))
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join(kept.lower().split())


def number(text: str, comma: bool = True) -> float | None:
    """Read a number, None where there is none; a comma alone is decimal, or with ``comma=False`` separates thousands.

    >>> number("1 234,5"), number("1,234.5"), number("1.234,5"), number("1,234", comma=False), number("nan")
    (1234.5, 1234.5, 1234.5, 1234.0, None)
    """
    text = SPACES.sub("", text)
    if text.lower() in _NOTHING:
        return None
    if "," in text:
        decimal = comma if "." not in text else text.rfind(",") > text.rfind(".")
        text = text.replace(".", "").replace(",", ".") if decimal else text.replace(",", "")
    if not _NUMBER.fullmatch(text) or not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def energy(value: float | None, unit: str, minutes: int = 0) -> float | None:
    """Return kWh of a value: an energy, or a power that is the mean of so many minutes."""
    if value is None:
        return None
    return value * (KILOWATTS[unit] * minutes / 60 if unit in KILOWATTS else KWH[unit])


def day(text: str) -> datetime.date:
    """Read a day: 2025-01-31, 31/01/2025 or 20250131, with a time or not."""
    found = _FRENCH.fullmatch(text.strip())
    if found:
        return datetime.date(int(found[3]), int(found[2]), int(found[1]))
    if re.fullmatch(r"\d{8}", text):
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text):
        raise ValueError(text)
    return datetime.date.fromisoformat(text[:10])


def month(text: str) -> tuple[datetime.date, int]:
    """Read a month by its French name and its year: its first day, and how many it has."""
    name, year = plain(text).split()
    first = datetime.date(int(year), MONTHS.index(name) + 1, 1)
    return first, calendar.monthrange(first.year, first.month)[1]


def moment(text: str) -> datetime.datetime:
    """Read a date and time as it is written, with the zone that it has or none."""
    found = _FRENCH.fullmatch(text.strip())
    if found:
        date, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime.datetime(year, month, date, hour, minute, second)
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text)


def universal(text: str) -> datetime.datetime:
    """Read a moment that is universal where it has no zone."""
    found = moment(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def clock(text: str) -> int:
    """Read a time of the day, up to 24:00, in minutes."""
    found = _CLOCK.fullmatch(text)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        raise ValueError(text)
    return 60 * int(found[1]) + int(found[2])


@lru_cache(64)
def minutes(text: str) -> int:
    """Read the length of a step: PT30M, or a number of minutes; 0 where it isn't said."""
    found = _PERIOD.fullmatch(text.strip().upper())
    if found:
        return 60 * int(found[1] or 0) + int(found[2] or 0)
    return int(text) if text.isdigit() else 0


def flag(text: str) -> bool | None:
    """Tell whether a value is estimated: yes or no, or words such as « réel », « estimé »; None where it isn't said."""
    if (word := plain(text)) not in FLAGS:
        raise ValueError(text)
    return FLAGS[word]


def fuel(text: str) -> str | None:
    """Read the energy that a meter counts."""
    if text and plain(text) not in FUELS:
        raise ValueError(text)
    return FUELS.get(plain(text))


def unit(text: str) -> float | None:
    """Read a unit of energy, in kWh."""
    if text and text.lower() not in KWH:
        raise ValueError(text)
    return KWH.get(text.lower())


def uai(text: str) -> str | None:
    """Read the code of a lycée, if there is one."""
    code = text.upper() or None
    if code is not None and not bool(identifiers.uai(pd.Series([code], dtype="str")).iloc[0]):
        raise ValueError(text)
    return code


def nearest_midnight(moment: datetime.datetime, slack: int = _NOON) -> datetime.date:
    """Return the day of the midnight closest to a moment on its own clock, at most ``slack`` hours off.

    >>> nearest_midnight(datetime.datetime(2025, 1, 31, 23), 2).isoformat()
    '2025-02-01'
    """
    late = moment.hour >= _NOON
    off = (24 - moment.hour - (moment.minute > 0)) if late else moment.hour
    if off > slack:
        raise ValueError(moment.isoformat())
    return moment.date() + datetime.timedelta(days=int(late))


class Clock:
    """Moments of one file as seconds of universal time; remembers the hours that occur twice."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, datetime.datetime], bool] = {}
        self.last: dict[str, datetime.datetime] = {}

    def seconds(self, meter: str, moment: datetime.datetime) -> int:
        """Return a moment in seconds since 1970; a ValueError for a time that the clock jumps over in spring.

        >>> clock, twice = Clock(), datetime.datetime(2025, 10, 26, 2, 30)
        >>> clock.seconds("A", twice + datetime.timedelta(hours=1)) - clock.seconds("B", twice)
        7200
        >>> clock.seconds("B", twice) - clock.seconds("C", twice)
        3600
        """
        if moment.tzinfo is not None:
            return int(moment.timestamp())
        local = moment.replace(tzinfo=PARIS)
        summer, winter = local.timestamp(), local.replace(fold=1).timestamp()
        if summer > winter:
            raise ValueError(moment.isoformat())
        before, self.last[meter] = self.last.get(meter, moment), moment
        if summer == winter:
            return int(summer)
        later = not self.first[meter, moment] if (meter, moment) in self.first else before > moment
        self.first.setdefault((meter, moment), later)
        return int(winter if later else summer)


def iso(seconds: int) -> str:
    """Write seconds since 1970 as ``energy/loads`` and ``energy/temperatures`` have them.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_point(text: str) -> bool:
    """Tell a distributor's number (PRM or PCE) from a name of one's own.

    >>> is_point("00000000000000"), is_point("GI000000"), is_point("G001")
    (True, True, False)
    """
    return bool(_POINT.fullmatch(SPACES.sub("", text)))


@lru_cache(4096)
def pseudonym(point: str) -> str:
    """Name a meter after its delivery point without showing the number, which has no place in pages or logs.

    The same point has the same name in every file. A short name, not a secret: who has the number can work it out.

    >>> pseudonym("00000000000000")
    'PDL-2e6e15a38c'
    """
    return f"PDL-{hashlib.sha256(SPACES.sub('', point).upper().encode()).hexdigest()[:10]}"
