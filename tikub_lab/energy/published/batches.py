"""What the readers of energy files stage: typed rows by table, rejects, repairs, and a count that adds up."""

import datetime
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pandas as pd

from tikub_lab.energy.published import values
from tikub_lab.energy.published.values import KWH, WATTS, energy
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, log

SIZE = 20_000
Broken = tuple[str, str, str]
"""A field, its value and the rule that it breaks."""
Meter = dict[str, str | None]
"""How a meter is named: see :func:`who`."""
_WHO = {"compteur": "str", "point": "str"}
STAGED: dict[str, dict[str, str]] = {
    "energy/readings": {
        **_WHO, "debut": "str", "fin": "str", "kwh": "float64", "estime": "boolean", "origine": "str",
        "brut": "boolean",
    },
    "energy/loads": {
        **_WHO, "debut": "str", "minutes": "int64", "kwh": "float64", "estime": "boolean", "brut": "boolean",
    },
    "energy/meters": {**_WHO, "energie": "str"},
    "staged/list": {
        **_WHO, "energie": "str", "code_uai": "str", "usage": "str", "fichier": "str", "facteur": "float64",
    },
    "staged/indexes": {**_WHO, "jour": "str", "kwh": "float64", "estime": "boolean"},
    "staged/ends": {**_WHO},
    "energy/weather": {"station": "str", "jour": "str", "tmin": "float64", "tmoy": "float64", "tmax": "float64"},
    "energy/temperatures": {"station": "str", "heure": "str", "temperature": "float64"},
    "energy/stations": {
        "station": "str", "lib_station": "str", "longitude": "float64", "latitude": "float64", "altitude": "float64",
    },
}  # fmt: skip
"""Columns of the staged tables. ``point`` is a distributor's number, ``compteur`` a name, empty where the file has
neither; ``brut`` says that ``kwh`` is in the unit that another file tells. The list is one of meters, while
``energy/meters`` has what files of readings let know of theirs. Indexes are readings of a counter, ends mark where
the last period ends: both are source rows without a reading of their own."""
IMPLIED = ("energy/meters", "energy/stations")
"""Tables whose rows don't stand for source rows."""
MESSAGES = {
    "row-width": "A row has as many cells as the header.",
    "number": "Not a finite number.",
    "day": "Not a day: 2025-01-31 or 31/01/2025.",
    "month": "Not a month: Janvier 2026.",
    "moment": "Not a date and time that exists on the file's clock.",
    "not-midnight": "A day's figure is stamped at midnight, give or take two hours.",
    "period": "A period ends after it begins.",
    "flag": "Estimated or not: oui, non, estimé, réel.",
    "meter-id": "No meter, or a number that a spreadsheet has rounded.",
    "step": "Steps are of an hour at most, or of whole days.",
    "step-unknown": "Nothing says how long this step is: no column, and no row at such a distance.",
    "unit": "Not a unit of energy, or of power where a mean over a step is meant.",
    "quantity": "Not a consumption of active energy: maximum or reactive power, production.",
    "gas-coefficient": "A volume of gas needs its coefficient of conversion, in the file, to become kWh.",
    "reading-type": "No ReadingType says what these values are.",
    "cumulative": "An index of a counter, not a consumption; only daily indexes of Enedis are taken.",
    "date-order": "Days and months can't be told apart in the whole file: give ISO dates.",
    "no-end": "The last row of bills marks the end of the one before; it has no end of its own.",
    "energy": "Not an energy: électricité, gaz, fioul, bois, réseau de chaleur.",
    "uai": "Not a UAI: seven digits and the right letter.",
    "no-temperature": "A station that measures no temperature, or no value on that day.",
    "tmin-above-tmax": "The minimum is above the maximum.",
    "metadata": "A meter has an id, a file, an interpretation (electricity or gas) and a unit of energy.",
}


class Gathering:
    """Source rows on their way to a batch: each is kept in one table, or rejected."""

    def __init__(self) -> None:
        self.read = 0
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.rejects: list[tuple[Any, ...]] = []
        self.repairs: list[tuple[Any, ...]] = []

    def keep(self, table: str, line: int, **cells: Any) -> None:
        """Stage a row that stands for the source row ``line``."""
        self.read += 1
        self.rows.setdefault(table, []).append({"_line": line, "_rows": 1, **cells})

    def imply(self, table: str, line: int, **cells: Any) -> None:
        """Stage what a source row lets know of its meter or station, which is no row of its own."""
        self.rows.setdefault(table, []).append({"_line": line, **cells})

    def reject(self, line: int, meter: str | None, *broken: Broken) -> None:
        """Reject the source row ``line`` for fields with a value and the rule that it breaks."""
        self.read += 1
        self.rejects += [(line, meter, field, value[:200], rule, MESSAGES[rule]) for field, value, rule in broken]

    def reading(
        self,
        line: int,
        meter: Meter,
        begin: datetime.date,
        days: int,
        kwh: float | None,
        estimated: bool | None = None,
        origin: str = "relevé",
        **more: bool,
    ) -> None:
        """Keep the energy of whole days."""
        period = {"debut": begin.isoformat(), "fin": (begin + datetime.timedelta(days)).isoformat()}
        self.keep("energy/readings", line, **meter, **period, kwh=kwh, estime=estimated, origine=origin, **more)

    def load(
        self,
        line: int,
        meter: Meter,
        seconds: int,
        minutes: int,
        value: float | None,
        unit: str,
        estimated: bool | None = None,
        ends: bool = False,
        text: str = "",
    ) -> None:
        """Keep the energy of a step, whose time may be its end, or say why it can't be known."""
        name = meter["compteur"]
        if unit not in WATTS and unit not in KWH:
            self.reject(line, name, ("Unite", unit, "unit"))
        elif not minutes:
            self.reject(line, name, ("Valeur", text, "step-unknown"))
        elif not 1 <= minutes <= 60:
            self.reject(line, name, ("Pas", str(minutes), "step"))
        else:
            kwh = energy(value, unit, minutes)
            begin = values.iso(seconds - 60 * minutes * ends)
            self.keep("energy/loads", line, **meter, debut=begin, minutes=minutes, kwh=kwh, estime=estimated)

    def repair(self, line: int, meter: str | None, field: str, value: str, rule: str, replacement: str) -> None:
        """Note a value that was mended, blanked or marked."""
        self.repairs.append((line, meter, field, value[:200], rule, replacement))

    def batches(self, last: bool = False) -> Iterator[Batch]:
        """Give what was gathered once it is enough for a batch, or if it is the last one."""
        if self.read < SIZE and not (last and (self.read or self.rows)):
            return
        yield self.batch()
        self.read, self.rows, self.rejects, self.repairs = 0, {}, [], []

    def batch(self) -> Batch:
        """Put what was gathered into a batch."""
        return Batch(
            self.read,
            {name: staged(name, rows) for name, rows in self.rows.items()},
            log(REJECTS, [pd.DataFrame(self.rejects, columns=list(REJECTS))]),
            log(REPAIRS, [pd.DataFrame(self.repairs, columns=list(REPAIRS))]),
        )


def staged(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Type the rows of a staged table, the same columns in every batch."""
    frame = pd.DataFrame(rows)
    kinds = {"_line": "int64", **({} if name in IMPLIED else {"_rows": "int64"}), **STAGED[name]}
    if name in IMPLIED:
        frame = frame.drop_duplicates([column for column in frame if column != "_line"])
    return frame.reindex(columns=list(kinds)).astype(kinds)


@lru_cache(4096)
def who(text: str) -> Meter:
    """Name a meter: by a distributor's number, whose name is made up, or by its own name.

    Examples
    --------
    >>> who("G001"), who("00000000000000")["compteur"]
    ({'compteur': 'G001', 'point': None}, 'PDL-2e6e15a38c')
    """
    if values.is_point(text):
        return {"compteur": values.pseudonym(text), "point": values.SPACES.sub("", text).upper()}
    return {"compteur": text or None, "point": None}
