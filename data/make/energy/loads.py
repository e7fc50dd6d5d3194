"""Load curves of ten lycées, half boarding: each day of 2025 in half hours that add up to what is read of that day.

Half hours of legal days are what Enedis gives unless asked for more; 2025 is the year whose days are read. As the sums
of days stand, faults are planted in their shape alone: at lycées whose sums allow it, so that the others show none.
"""

import numpy as np
import pandas as pd

from data.make.energy.book import Book, draw
from data.make.energy.changes import DAYS, END, READ, START
from data.make.energy.facts import HOLIDAY, SCHOOL, WEEKEND
from data.make.energy.meters import OTHER
from data.make.energy.sites import ELECTRICITY
from data.make.energy.use import shown
from data.make.sampling import Floats, Integers, Stream

LANE = 100
"""Of its stream: far from those of other tables, none of which moves."""
NIGHT, SUMMER, WEEKENDS, EARLY = "nuit", "été", "week-end", "démarrage"
DAY_SCHOOLS, BOARDING = (SUMMER, WEEKENDS, NIGHT, "", ""), (NIGHT, EARLY, EARLY, "", "")
QUIET = 0.85
"""Share of a weekend's use that a day of holidays has at most where summer shows no fault."""


def planted(scale: float, seed: int) -> pd.DataFrame:
    """Say which fault each curve has: ``compteur_id``, ``defaut``, empty for none."""
    rows, faults = _chosen(book := draw(scale, seed), _stream(seed))
    return pd.DataFrame({"compteur_id": book.meters.id[rows], "defaut": faults})


def loads(book: Book, seed: int) -> pd.DataFrame:
    """Draw the columns of ``energy/loads``: what days use, spread over a night's base and hours of presence."""
    rows, faults = _chosen(book, stream := _stream(seed))
    times = pd.date_range(str(START + READ), str(END), freq="30min", tz="Europe/Paris", inclusive="left")
    day = (times.tz_localize(None).normalize() - times[0].tz_localize(None)).days.to_numpy(np.int64)
    weight = _weights(book, rows, faults, stream)[:, day, times.hour * 2 + times.minute // 30]
    read = shown(book.true, book.faults)[rows]
    parts = []
    for name, its, kwh in zip(book.meters.id[rows], weight, read, strict=True):
        spread = its * (kwh / np.bincount(day, its))[day]
        tenths = np.diff(np.round(10 * np.cumsum(spread)), prepend=0.0)  # the sum of a day is a whole number
        row = {"compteur_id": name, "debut": times.tz_convert("UTC"), "minutes": 30, "kwh": tenths / 10}
        parts.append(pd.DataFrame({**row, "estime": False}))
    return pd.concat(parts, ignore_index=True)


def _stream(seed: int) -> Stream:
    return Stream(np.random.SeedSequence(seed, spawn_key=(LANE,)))


def _chosen(book: Book, stream: Stream) -> tuple[Integers, list[str]]:
    """Choose meters without another fault or change, and what is planted in each."""
    meters = book.meters
    sound = (meters.energy == ELECTRICITY) & (meters.use == OTHER) & (book.changes.day >= DAYS)
    sound[[fault.meter for fault in book.faults]] = False
    boards = book.sites["internat"].to_numpy(bool)
    calm = meters.base_pattern[:, HOLIDAY] / meters.base_pattern[:, WEEKEND]
    order = np.argsort(stream.uniform(len(sound)), kind="stable")
    rows, faults = list[int](), list[str]()
    for board, roles in ((False, DAY_SCHOOLS), (True, BOARDING)):
        for role in roles:
            left = order[(sound & (boards[meters.site] == board))[order] & ~np.isin(order, rows)]
            most = calm if role == SUMMER else meters.base_pattern[:, WEEKEND]
            by_use = np.argsort(-most[left], kind="stable")
            left = left[by_use] if role in (SUMMER, WEEKENDS) else left[calm[left] <= QUIET]
            rows, faults = rows + left[:1].tolist(), faults + [role] * len(left[:1])
    return np.array(rows, dtype=np.int64), faults


def _weights(book: Book, rows: Integers, faults: list[str], stream: Stream) -> Floats:
    """Draw how each day is spread over the half hours of the clock: an array (meters, days, 48)."""
    kinds, pattern, count = book.kinds[READ:], book.meters.base_pattern[rows], len(rows)
    month = np.arange(START + READ, END).astype("datetime64[M]").astype(np.int64) % 12 + 1
    has = {name: (np.array(faults) == name)[:, None] for name in (NIGHT, SUMMER, WEEKENDS, EARLY)}
    boards = book.sites["internat"].to_numpy(bool)[book.meters.site[rows]]
    draws = stream.uniform(7 * count).reshape(7, count, 1)
    begin, all_year = np.where(has[EARLY], 2.5 + 2 * draws[0], 5.5 + 1.25 * draws[0]), draws[1] < 0.5
    cold = (month >= 11) | (month <= 3)
    begin = np.where(has[EARLY] & ~all_year & ~cold, 6.0, begin) - 0.5 * cold
    finish = np.where(boards[:, None], 21.5 + 0.5 * draws[2], 17.5 + 1.5 * draws[2])
    late = stream.flag(0.06, count * len(kinds)).reshape(count, -1)  # an evening with parents, a council
    base = (0.8 + 0.14 * draws[3]) * pattern[:, WEEKEND, None]  # of the mean of a day of lessons, night and day
    base = np.where(has[NIGHT], 0.68 + 0.24 * draws[4], base)
    base *= np.where(has[SUMMER], 0.75 + 0.2 * draws[6], np.where(has[WEEKENDS], 0.45 + 0.2 * draws[6], 1.0))
    flat = np.where(kinds == SCHOOL, base, np.where(has[SUMMER] & (kinds == HOLIDAY), 0.97, 0.8 + 0.14 * draws[5]))
    flat = np.where(has[WEEKENDS], base / pattern[:, kinds], flat)
    usual = (kinds == SCHOOL) | has[WEEKENDS]
    begin = np.where(usual, begin, 9.0) + 0.25 * stream.normal(count * len(kinds)).reshape(count, -1)
    finish = np.where(usual, np.where(late, 21.5, finish), 18.0)[..., None]
    clock = np.arange(48) / 2
    present = np.clip(clock + 0.5 - begin[..., None], 0, 1) * np.clip(finish + 0.5 - clock, 0, 1)
    shape = flat[..., None] / 48 + (1 - flat[..., None]) * present / present.sum(axis=2, keepdims=True)
    return np.asarray(shape * (1 + 0.06 * stream.normal(shape.size).reshape(shape.shape)))
