"""The book of fictitious contracts, in numbers: who buys what, when, for how much, and from whom.

Everything that later tables must agree on is drawn here, in whole numbers; ``contracts`` and ``details``
put it into words. Three structures are laid over the independent draws:

- amounts a little above a legal threshold are sometimes brought just below it;
- framework agreements have subsequent contracts;
- some needs are split: one lycée buys from one firm several times in a year, each time below a threshold that the sum
  exceeds. So that these stand out as they should, other purchases of the same buyer and group of needs change firm
  within a year, as article R2122-8 of the Code de la commande publique asks of small purchases.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from data.make.procurement.needs import WORKS, needs, read
from data.make.procurement.parties import buyers, firms
from data.make.sampling import Floats, Integers, Stream, growth, rows, spread, streams
from tikub_lab.errors import UsageError
from tikub_lab.tables.places import BRITTANY, communes

START = np.datetime64("2020-01-01", "D")
END = np.datetime64("2025-12-31", "D")
LAST = int((END - START).astype(np.int64))
CONTRACTS = 3000
LARGEST = 1000  # three million contracts

LIMITS = {  # name: (first year, amounts for works, supplies and services)
    "dispensation": ((2020, (40_000, 40_000, 40_000)), (2021, (100_000, 40_000, 40_000))),
    "formal": (
        (2020, (5_350_000, 214_000, 214_000)),
        (2022, (5_382_000, 215_000, 215_000)),
        (2024, (5_538_000, 221_000, 221_000)),
    ),
}
"""Thresholds in €: below the first no call for competition is due, from the second a formal procedure is.

Those of local authorities; the generator has its own, since methods that look for splits must not share its table.
"""

ORDERS, SUBSEQUENT = 1, 2  # forms of a framework agreement

Draft = dict[str, Integers]
"""Contracts while they are drawn, by column."""


@dataclass(frozen=True)
class Book:
    """What was drawn: the parties, and one row a contract, ordered by date.

    ``contracts`` has ``buyer``, ``need``, ``firm``, ``place`` (positions), ``day`` (since :data:`START`), ``amount``
    (€), ``months``, ``framework`` (0, :data:`ORDERS`, :data:`SUBSEQUENT`), ``parent`` (row of its framework agreement,
    or -1), ``split`` (number of a planted split, or -1), ``holders`` (how many firms) and ``number``.
    """

    buyers: pd.DataFrame
    firms: pd.DataFrame
    contracts: pd.DataFrame
    streams: list[Stream]

    @cached_property
    def uid(self) -> pd.Series:
        return rows(self.buyers, self.contracts["buyer"])["siret"] + self.contracts["number"].astype("str")

    @cached_property
    def kind(self) -> Integers:
        return needs()["kind"].to_numpy()[self.contracts["need"]]

    @cached_property
    def day(self) -> Integers:
        return self.contracts["day"].to_numpy()

    @cached_property
    def year(self) -> Integers:
        return years(self.day)


def draw(scale: float, seed: int) -> Book:
    """Draw 3,000 contracts at scale 1; buyers and firms grow with its square root."""
    if not 0.01 <= scale <= LARGEST:
        raise UsageError(f"scale={scale}: give a number from 0.01 to {LARGEST} (1 gives {CONTRACTS:,} contracts).")
    if seed < 0:
        raise UsageError(f"seed={seed}: give zero or a positive whole number.")
    lanes = streams(seed, 13)
    root = float(np.sqrt(scale))
    offset, buyer = purchasers(scale, lanes[0])
    lycees = len(buyer) - 1
    firm = firms(round(600 * root), lanes[1], offset, start=lycees + 1)
    share = 0.42 / max(1.0, root)  # so that the Région grows with the scale as every lycée does
    book = _demand(round(CONTRACTS * scale), share, buyer, lanes[2])
    _plant(book, max(2, round(12 * scale)), lycees, lanes[3])
    _frame(book, lanes[4])
    _bunch(book, lanes[5])
    _award(book, firm, lanes[6])
    return Book(buyer, firm, _ordered(pd.DataFrame(book)), lanes[7:])


def limit(name: str, day: Integers, kind: Integers) -> Integers:
    """Return the threshold in force on a day for a kind of contract (1: supplies), in euros."""
    year = years(day)
    value = np.zeros(len(day), dtype=np.int64)
    for since, amounts in LIMITS[name]:
        value = np.where(year >= since, np.array(amounts)[kind], value)
    return value


def years(day: Integers) -> Integers:
    return (START + day).astype("datetime64[Y]").astype(np.int64) + 1970


def purchasers(scale: float, stream: Stream) -> tuple[int, pd.DataFrame]:
    """Draw the buyers from the first stream: the first of their numbers, and the Région and the lycées."""
    offset = int(stream.below(30_000, 1)[0])
    return offset, buyers(max(4, round(40 * float(np.sqrt(scale)))), stream, offset)


def _demand(count: int, share: float, buyer: pd.DataFrame, stream: Stream) -> Draft:
    """Draw independent contracts, a share of them the Région's: buyer, need, place, day, amount and length."""
    table, places = needs(), communes()
    lycee = stream.pick(np.r_[0, 1 + stream.uniform(len(buyer) - 1)], count)
    region = stream.flag(share, count)
    need = np.where(region, stream.pick(table["region"].to_list(), count), stream.pick(table["lycee"].to_list(), count))
    site = stream.pick(np.where(places["region"] == BRITTANY, places["poids"] + 5.0, 0), count)
    spread = table["spread"].to_numpy()[need]
    amount = table["median"].to_numpy()[need] * growth(spread * stream.normal(count)) * np.where(region, 2.2, 1.0)
    step = np.array([1000, 100, 1])[stream.pick([3, 3, 4], count)]
    step = np.where(amount < 10 * step, 1, step)
    return {
        "buyer": np.where(region, 0, lycee),
        "need": need,
        "place": np.where(region, site, buyer["place"].to_numpy()[lycee]),
        "day": _days(stream, count),
        "amount": np.clip((amount / step).astype(np.int64) * step, 2500, 60_000_000),
        "months": _months(stream, table["kind"].to_numpy()[need]),
        "framework": np.zeros(count, dtype=np.int64),
        "parent": np.full(count, -1),
        "split": np.full(count, -1),
    }


def _days(stream: Stream, count: int) -> Integers:
    """Draw working days: more in summer and at the end of the year, more from year to year."""
    season = np.array([7, 7, 8, 8, 8, 10, 11, 5, 7, 8, 9, 12.0])
    month = stream.pick(np.concatenate([season * (1 + 0.05 * year) for year in range(6)]), count)
    first = np.datetime64("2020-01", "M") + month
    begin = (first.astype("datetime64[D]") - START).astype(np.int64)
    length = ((first + 1).astype("datetime64[D]") - START).astype(np.int64) - begin
    return _workday(begin + stream.below(length, count))


def _workday(day: Integers) -> Integers:
    """Bring a Saturday or a Sunday back to the Friday (the first day of the book is a Wednesday)."""
    return day - np.maximum((day + 2) % 7 - 4, 0)


def _months(stream: Stream, kind: Integers) -> Integers:
    """Draw lengths in months, as usual for works, supplies and services."""
    works, supplies = [2, 3, 4, 6, 8, 10, 12, 18, 24, 36], [1, 2, 3, 6, 12, 12, 12, 24, 36, 48]
    services = [6, 9, 12, 12, 12, 24, 24, 36, 36, 48]
    return np.array([works, supplies, services])[kind, stream.below(10, len(kind))]


def _plant(book: Draft, count: int, lycees: int, stream: Stream) -> None:
    """Turn the first rows into ``count`` splits, each of another lycée and need (in place)."""
    table = needs()
    sizes = 3 + stream.below(3, count)
    split, rank = spread(sizes)
    total = len(split)
    usual = np.flatnonzero(table["lycee"] >= 1)
    pair = (stream.below(10**6, 1) + np.arange(count) * 10_007) % (lycees * len(usual))  # a prime: no pair twice
    need = usual[pair % len(usual)]
    kind = table["kind"].to_numpy()[need]
    year = 2021 + stream.below(5, count)
    new_year = (np.array(year - 1970, dtype="datetime64[Y]").astype("datetime64[D]") - START).astype(np.int64)
    begin, span = (new_year + 10 + stream.below(60, count))[split], (120 + stream.below(150, count))[split]
    formal = stream.flag(0.4, count) & (kind != WORKS) & (table["median"].to_numpy()[need] >= 30_000)
    ceiling = np.where(formal, limit("formal", new_year, kind), limit("dispensation", new_year, kind))
    moment = (rank + stream.uniform(total)) / sizes[split]
    planted = {
        "split": split,
        "need": need[split],
        "buyer": (1 + pair // len(usual))[split],
        "day": _workday(begin + (moment * span).astype(np.int64)),
        "amount": (ceiling[split] * (0.72 + 0.27 * stream.uniform(total)) / 10).astype(np.int64) * 10,
        "months": 1 + stream.below(6, total),
    }
    for column, values in planted.items():
        book[column][:total] = values


def _frame(book: Draft, stream: Stream) -> None:
    """Make framework agreements, and subsequent contracts under some of them (in place)."""
    day, free = book["day"], book["split"] < 0
    count = len(day)
    framework = stream.flag(needs()["framework"].to_numpy()[book["need"]], count) & free
    form = np.where(framework, np.where(stream.flag(0.25, count), SUBSEQUENT, ORDERS), 0)
    child = stream.flag(0.06, count) & free
    months = np.array([12, 24, 36, 48])[stream.pick([2, 2, 2, 6], count)]
    parents = np.flatnonzero((form == SUBSEQUENT) & ~child & (day < LAST - 400))
    book["framework"] = np.where(child, 0, form)
    book["months"] = np.where(framework, months, book["months"])
    book["amount"] = np.where(framework, book["amount"] * 9 // 5, book["amount"])
    rows = np.flatnonzero(child)
    if not len(parents):
        return
    parent = parents[stream.below(len(parents), len(rows))]
    span = np.minimum(book["months"][parent] * 30, LAST - day[parent]) - 45
    share = 4 + stream.below(17, len(rows))
    book["parent"][rows] = parent
    for column in ("buyer", "need", "place"):
        book[column][rows] = book[column][parent]
    day[rows] = _workday(day[parent] + 45 + stream.below(span, len(rows)))
    book["amount"][rows] = np.maximum(book["amount"][parent] * share // 100, 2500)
    book["months"][rows] = 1 + stream.below(12, len(rows))


def _bunch(book: Draft, stream: Stream) -> None:
    """Bring some amounts that exceed a threshold by less than a tenth to just below it (in place)."""
    day, amount, count = book["day"], book["amount"], len(book["day"])
    kind = needs()["kind"].to_numpy()[book["need"]]
    for ceiling in (limit("dispensation", day, kind), np.full(count, 90_000), limit("formal", day, kind)):
        moved = (book["split"] < 0) & (amount >= ceiling) & (amount < ceiling * 1.1) & stream.flag(0.4, count)
        amount = np.where(moved, ceiling - 1 - stream.below(ceiling // 30, count), amount)
    book["amount"] = amount


def _award(book: Draft, firm: pd.DataFrame, stream: Stream) -> None:
    """Choose the firm of each contract (in place): few firms win much, and firms of the département are preferred."""
    count = len(book["day"])
    trade = pd.Index(read("trades")["trade"]).get_indexer(needs()["trade"])[book["need"]]
    size = np.bincount(firm["trade"])[trade]
    start = np.searchsorted(firm["trade"].to_numpy(), trade)
    steep = read("trades")["concentrated"].to_numpy(bool)[trade]
    near = communes()["departement"].to_numpy(object)[book["place"]]
    home = firm["departement"].to_numpy(object)
    chosen = start + _rank(stream.uniform(count), steep, size)
    for _ in range(2):
        other = start + _rank(stream.uniform(count), steep, size)
        chosen = np.where((home[chosen] != near) & (home[other] == near), other, chosen)
    split = book["split"]
    first = np.flatnonzero((split >= 0) & (np.r_[-1, split[:-1]] != split))
    chosen = np.where(split >= 0, chosen[first[np.maximum(split, 0)]], chosen)
    book["firm"] = _rotate(book, chosen, start, size)
    book["holders"] = _holders(book, stream)
    child = np.flatnonzero(book["parent"] >= 0)
    parent = {column: values[book["parent"][child]] for column, values in book.items()}
    turn = stream.below(parent["holders"], len(child))
    book["firm"][child] = partner(parent, turn, firm["trade"].to_numpy())


def _holders(book: Draft, stream: Stream) -> Integers:
    """Draw how many firms hold each contract: joint bids for works and studies, several holders of some frameworks."""
    count = len(book["day"])
    trade = needs()["trade"].to_numpy(object)[book["need"]]
    joint = np.select([trade == "études", needs()["kind"].to_numpy()[book["need"]] == WORKS], [0.45, 0.14], 0.04)
    joint = np.where(book["framework"] == SUBSEQUENT, 0.7, np.where(book["amount"] < 40_000, joint / 4, joint))
    several = stream.flag(joint, count) & (book["split"] < 0) & (book["parent"] < 0)
    return np.where(several, 2 + stream.pick([5, 3, 2], count), 1)


def partner(contracts: pd.DataFrame | Draft, turn: Integers, trades: Integers) -> Integers:
    """Return the firm that stands at a turn among the holders of each contract: 0 is the first, at most 3.

    Holders are of one trade, and distinct since every trade has five firms or more.
    """
    firm, amount = np.asarray(contracts["firm"]), np.asarray(contracts["amount"])
    start = np.searchsorted(trades, trades[firm])
    size = np.bincount(trades)[trades[firm]]
    stride = 1 + amount % ((size - 1) // 3)
    return start + (firm - start + turn * stride) % size


def _rank(draw: Floats, steep: np.ndarray, size: Integers) -> Integers:
    """Turn uniform draws into ranks with a heavy head: the density falls as the root of the rank, or faster."""
    return (draw * draw * np.where(steep, draw, 1.0) * size).astype(np.int64)


def _rotate(book: Draft, firm: Integers, start: Integers, size: Integers) -> Integers:
    """Change the firm where the same buyer bought the same group of needs from it within a year, unless planted."""
    day, split = book["day"], book["split"] >= 0
    kind = needs()["kind"].to_numpy()[book["need"]]
    group = book["buyer"] * 1000 + needs()["group"].to_numpy()[book["need"]]
    free = (book["framework"] == 0) & (book["parent"] < 0)
    rows = np.flatnonzero(split | (free & (book["amount"] < limit("formal", day, kind))))
    for turn in range(24):
        key = group[rows] * 100_000 + firm[rows]
        order = np.lexsort((day[rows], key))
        clash = np.zeros(len(rows), dtype=bool)
        clash[order] = np.r_[False, (np.diff(key[order]) == 0) & (np.diff(day[rows][order]) <= 366)]
        clash = (clash | np.isin(key, key[split[rows]])) & ~split[rows]
        moved = rows[clash]
        firm[moved] = start[moved] + (firm[moved] - start[moved] + 1 + (moved + turn) % 11) % size[moved]
    return firm


def _ordered(book: pd.DataFrame) -> pd.DataFrame:
    """Order by date and buyer, number the contracts of each buyer and year, and follow the parents."""
    order = np.lexsort((book["buyer"], book["day"]))
    book = rows(book, order)
    parent = book["parent"].to_numpy()
    book["parent"] = np.where(parent >= 0, np.argsort(order)[parent], -1)
    year = years(book["day"].to_numpy())
    rank = book.groupby([book["buyer"], pd.Series(year)], sort=False).cumcount() + 1
    book["number"] = year * 100_000 + rank  # the busiest buyer has some 7,000 a year at the largest scale
    return book
