"""Values of published files: numbers, days, moments, units, names of meters.

A time without a zone is French legal time. Of the hour that occurs twice in autumn the first one met is summer time,
the second one winter time (the other way round in a file that runs backwards); an hour that spring leaves out does
not exist.
"""

import calendar
import datetime
import hashlib
import math
import re
import unicodedata
from functools import lru_cache
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
SPACES = re.compile(r"[\s\u00a0\u202f]+")
KWH = {
    "wh": 1e-3,
    "kwh": 1.0,
    "mwh": 1e3,
    "gwh": 1e6,
    "j": 1 / 3.6e6,
    "btu": 1055.05585262 / 3.6e6,
    "kbtu": 1055.05585262 / 3.6e3,
    "therm": 105_480_400 / 3.6e6,
    "therms": 105_480_400 / 3.6e6,
}
"""kWh in one of a unit. The therm is that of the United States, 29.3001 kWh (NIST SP 811, appendix B.8)."""
WATTS = {"w": 1e-3, "kw": 1.0, "mw": 1e3}
"""Kilowatts in one of a unit of power."""
ENERGIES = {
    "electricite": "électricité",
    "elec": "électricité",
    "electricity": "électricité",
    "gaz": "gaz",
    "gaz naturel": "gaz",
    "gas": "gaz",
    "natural gas": "gaz",
    "fioul": "fioul",
    "fuel": "fioul",
    "bois": "bois",
    "granules": "bois",
    "plaquettes": "bois",
    "reseau de chaleur": "réseau de chaleur",
    "chaleur": "réseau de chaleur",
    "rcu": "réseau de chaleur",
}
MONTHS = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()  # noqa: SIM905
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOTHING = {"", "nan", "null", "na", "n/a", "-", "--", "nc", "mq"}
_POINT = re.compile(r"\d{14}|GI\d{6}", re.IGNORECASE)
_FRENCH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2})[:h](\d{2})(?::(\d{2}))?)?")
_NOON = 12
_YES = set("oui o vrai true 1 yes estime estimee estimation e".split())  # noqa: SIM905
_NO = set("non n faux false 0 no reel reelle r releve relevee mesure mesuree".split())  # noqa: SIM905


@lru_cache(4096)
def plain(label: str) -> str:
    """Simplify a label: lower case, no accents, words of letters and digits.

    Examples
    --------
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
    return value * (WATTS[unit] * minutes / 60 if unit in WATTS else KWH[unit])


def flag(text: str) -> bool | None:
    """Tell whether a value is estimated: yes or no, or words such as « réel », « estimé »; None where it isn't said."""
    word = plain(text)
    if not word or word in {"corrige", "inconnu", "calcule"}:
        return None
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(text)


def day(text: str) -> datetime.date:
    """Read a day: 2025-01-31, 31/01/2025 or 20250131, with a time or not; a ValueError for what is none."""
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
    place = MONTHS.index(name) + 1
    return datetime.date(int(year), place, 1), calendar.monthrange(int(year), place)[1]


def written(text: str) -> datetime.datetime:
    """Read a date and time as it is written, with the zone that it has or none."""
    found = _FRENCH.fullmatch(text.strip())
    if found:
        year, month, date = int(found[3]), int(found[2]), int(found[1])
        return datetime.datetime(year, month, date, int(found[4] or 0), int(found[5] or 0), int(found[6] or 0))
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text)


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

    def __init__(self, zone: ZoneInfo = PARIS):
        self.zone = zone
        self.first: dict[tuple[str, datetime.datetime], int] = {}
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
        local = moment.replace(tzinfo=self.zone)
        summer, winter = local.utcoffset(), local.replace(fold=1).utcoffset()
        if summer == winter:
            self.last[meter] = moment
            return int(local.timestamp())
        if summer is not None and winter is not None and summer < winter:
            raise ValueError(moment.isoformat())
        key = (meter, moment)
        backwards = int(self.last.get(meter, moment) > moment)
        fold = 1 - self.first[key] if key in self.first else backwards
        self.first.setdefault(key, fold)
        self.last[meter] = moment
        return int(local.replace(fold=fold).timestamp())


def iso(seconds: int) -> str:
    """Write seconds since 1970 as ``energy/loads`` and ``energy/temperatures`` have them.

    Examples
    --------
    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_point(text: str) -> bool:
    """Tell a distributor's number (PRM or PCE) from a name of one's own.

    Examples
    --------
    >>> is_point("00000000000000"), is_point("GI000000"), is_point("G001")
    (True, True, False)
    """
    return bool(_POINT.fullmatch(SPACES.sub("", text)))


@lru_cache(4096)
def pseudonym(point: str) -> str:
    """Name a meter after its delivery point without showing the number, which has no place in pages or logs.

    The same point has the same name in every file. A short name, not a secret: who has the number can work it out.

    Examples
    --------
    >>> pseudonym("00000000000000")
    'PDL-2e6e15a38c'
    """
    return f"PDL-{hashlib.sha256(SPACES.sub('', point).upper().encode()).hexdigest()[:10]}"
