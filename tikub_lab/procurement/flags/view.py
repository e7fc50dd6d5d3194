"""What the red flags share: the processes that count, prices that compare, quartiles and fences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import isfinite

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.procurement.flags.processes import Processes
from tikub_lab.procurement.flags.settings import Settings

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

COLUMNS = ("groupe", "id", "drapeau", "valeur")
GROUPS = ("OCID", "Buyer", "ProcuringEntity", "Tenderer")


@dataclass(frozen=True)
class Finding:
    """What one flag found.

    Attributes
    ----------
    results : list of (group, identifiers, values)
        Processes, buyers, procuring entities or tenderers that are flagged, and by which value.
    evidence : list of (processes, group, parties)
        Positions of the flagged processes and of the parties that the flag points at in each.
    meta : mapping of str to float
        Quartiles and fences, as Cardinal names them.
    examined, missing : int
        How many were looked at, and how many could not be for want of data.
    """

    results: list[tuple[str, Integers, Floats]]
    evidence: list[tuple[Integers, str, Integers]] = field(default_factory=list)
    meta: Mapping[str, float] = field(default_factory=dict)
    examined: int = 0
    missing: int = 0


class View:
    """Processes seen with settings: what several flags need is worked out once, when first asked for."""

    def __init__(self, processes: Processes, settings: Settings):
        self.processes, self.settings = processes, settings

    @cached_property
    def kept(self) -> Mask:
        """Processes that count: neither cancelled nor excluded."""
        tenders = self.processes.tenders
        excluded = tenders["details"].isin(self.settings.excluded_procurement_method_details)
        return ~(tenders["cancelled"] | excluded).to_numpy(dtype=bool)

    @cached_property
    def priced(self) -> Mask:
        """Processes that count and whose prices compare."""
        tenders, settings = self.processes.tenders, self.settings
        only = settings.price_comparison_procurement_methods
        if only:
            compares = tenders["details"].isin(only)
        else:
            compares = ~tenders["details"].isin(settings.no_price_comparison_procurement_methods)
        if settings.respect_criteria:
            compares &= tenders["price_only"].fillna(True).astype(bool)
        return self.kept & compares.to_numpy(dtype=bool)

    @cached_property
    def process(self) -> Integers:
        """The process of each bid."""
        return self.processes.bids["process"].to_numpy()

    def status(self, name: str) -> Mask:
        """Bids of a status."""
        return (self.processes.bids["status"] == name).to_numpy(dtype=bool)

    @cached_property
    def valid(self) -> Mask:
        """Bids that were accepted for evaluation."""
        return self.status("valid")

    @cached_property
    def disqualified(self) -> Mask:
        """Bids that were ruled out."""
        return self.status("disqualified")

    @cached_property
    def submitted(self) -> Mask:
        """Bids that have a status and were neither only invited nor withdrawn."""
        known = self.processes.bids["status"].notna().to_numpy()
        return known & ~self.status("invited") & ~self.status("withdrawn")

    @cached_property
    def amount(self) -> Floats:
        """The amount of each bid, a negative zero being zero."""
        return self.processes.bids["amount"].to_numpy(np.float64) + 0.0

    @cached_property
    def has_price(self) -> Mask:
        """Bids with an amount and a currency."""
        return ~np.isnan(self.amount) & self.processes.bids["currency"].notna().to_numpy()

    @cached_property
    def compared(self) -> Mask:
        """Valid bids of one tenderer with a price, in processes with one winner: those of R024 and R058."""
        alone = self.processes.bids["tenderer"].to_numpy() >= 0
        return self.valid & alone & self.has_price & (self.priced & (self.winner >= 0))[self.process]

    @cached_property
    def ranked(self) -> Mask:
        """Submitted bids with a price, in processes with an active award: those of R036."""
        awarded = self.processes.tenders["awarded"].to_numpy(dtype=bool)
        return self.submitted & self.has_price & (self.priced & awarded)[self.process]

    @cached_property
    def winner(self) -> Integers:
        """The one supplier of the one active award of each process whose awards are all final, else -1."""
        return self.processes.tenders["winner"].to_numpy()

    @cached_property
    def currency(self) -> str | None:
        """The currency of the comparisons: the one set, or the first in a bid that an enabled flag looks at."""
        flags = self.settings.flags
        if self.settings.currency is not None:
            return self.settings.currency
        first = []
        if "R024" in flags or "R058" in flags:
            first += np.flatnonzero(self.compared)[:1].tolist()
        if "R036" in flags:
            first += np.flatnonzero(self.ranked)[:1].tolist()
        if not first:
            return None
        chosen = min(first, key=lambda bid: self.process[bid])  # within one release R024 comes before R036
        return str(self.processes.bids["currency"].iloc[chosen])

    @cached_property
    def in_currency(self) -> Mask:
        """Bids in the currency of the comparisons."""
        if self.currency is None:
            return np.zeros(len(self.process), dtype=bool)
        return (self.processes.bids["currency"] == self.currency).to_numpy(dtype=bool)

    @cached_property
    def margins(self) -> pd.DataFrame:
        """How far the lowest other bid is above the winner's: columns process, winner, second, ratio.

        A process whose winner is not the lowest has none: price was not its only criterion. Neither has one whose
        ratio is zero over zero. Where an ``ocid`` repeats its last process stands.
        """
        bids = np.flatnonzero(self.compared & self.in_currency)
        process, amount = self.process[bids], self.amount[bids]
        tenderer = self.processes.bids["tenderer"].to_numpy()[bids]
        won = tenderer == self.winner[process]
        lowest, other = first_by(process[won], amount[won]), first_by(process[~won], amount[~won])
        best = pd.Series(amount[won][lowest], index=process[won][lowest], name="best")
        second = pd.DataFrame({"next": amount[~won][other], "second": tenderer[~won][other]}, process[~won][other])
        table = second.join(best, how="inner")
        with np.errstate(all="ignore"):
            table["ratio"] = (table["next"] - table["best"]) / table["best"]
        table = table[(table["next"] >= table["best"]) & table["ratio"].notna()]
        table["winner"] = self.winner[table.index]
        table = table.rename_axis("process").reset_index()
        ocid = self.processes.tenders["ocid"].take(table["process"].to_numpy())
        return table[~ocid.duplicated(keep="last").to_numpy()]

    def unique_ties(self, mask: Mask) -> Integers:
        """Distinct pairs of process and party among the tenderers of some bids, as ``process * parties + party``."""
        ties = self.processes.tenderers
        rows = ties[mask[ties["bid"].to_numpy()]]
        return np.unique(self.pair(self.process[rows["bid"].to_numpy()], rows["party"].to_numpy()))

    @cached_property
    def won(self) -> Integers:
        """Distinct pairs of process and supplier of an active award, in order."""
        suppliers = self.processes.suppliers
        return np.unique(self.pair(suppliers["process"].to_numpy(), suppliers["party"].to_numpy()))

    def pair(self, process: Integers, party: Integers) -> Integers:
        """Write a process and a party as one number."""
        return process * max(len(self.processes.parties), 1) + party

    def unpair(self, pairs: Integers) -> tuple[Integers, Integers]:
        """Read processes and parties back from :meth:`pair`."""
        process, party = np.divmod(pairs, max(len(self.processes.parties), 1))
        return process, party


def member(values: Integers, known: Integers) -> Mask:
    """Say which values are among others, which must be in order.

    Examples
    --------
    >>> member(np.array([3, 9, 1]), np.array([1, 3])).tolist()
    [True, False, True]
    """
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[place] == values)


def first_by(group: Integers, value: Floats) -> Integers:
    """Return the position of the lowest value of each group, the earliest one of equals; groups in order.

    Examples
    --------
    >>> first_by(np.array([4, 4, 4, 7]), np.array([3.0, 1.0, 1.0, 5.0])).tolist()
    [1, 3]
    """
    order = np.lexsort((value, group))
    starts = np.r_[True, np.diff(group[order]) > 0] if len(order) else np.zeros(0, dtype=bool)
    return order[starts]


def quantile(values: Floats, share: float) -> float:
    """Return a quantile by type 8 of Hyndman and Fan, which is about median-unbiased whatever the distribution.

    Parameters
    ----------
    values : array of float, without NaN
    share : float
        Such as 0.25; not a number where it is not between 0 and 1, or without values.

    Notes
    -----
    Hyndman and Fan, « Sample Quantiles in Statistical Packages », The American Statistician 50-4, 1996. NumPy calls it
    ``median_unbiased``; its default is type 7, which gives other fences. Operations are in the order of statrs, so that
    a ratio that is equal to its fence there is so here.

    Examples
    --------
    >>> quantile(np.array([1.0, 2.0, 3.0, 4.0]), 0.25), quantile(np.array([]), 0.25)
    (1.4166666666666665, nan)
    """
    count = len(values)
    if not 0 <= share <= 1 or not count:
        return float("nan")
    place = (count + 1 / 3) * share + 1 / 3
    below = int(place)
    if below <= 0 or share == 0:
        return float(values.min())
    if below >= count or share == 1:
        return float(values.max())
    found = np.partition(values, [below - 1, below])
    low, high = float(found[below - 1]), float(found[below])
    return low + (place - below) * (high - low)


def fence(start: float, low: float, high: float, times: float) -> float:
    """Add ``times`` the distance between two quartiles to one of them, rounding once.

    Examples
    --------
    >>> fence(3.0, 1.0, 3.0, 1.5), fence(0.5, 0.5, float("inf"), 1.5)
    (6.0, inf)
    """
    span = high - low
    if isfinite(span) and isfinite(start):
        return float(Fraction(span) * Fraction(times) + Fraction(start))
    return span * times + start


def quartiles(values: Floats) -> tuple[float, float]:
    """Return the first and third quartiles (type 8)."""
    return quantile(values, 0.25), quantile(values, 0.75)
