"""Red flags that one process shows by itself: R003, R018, R028, R030, R035, R036.

Each function takes a :class:`~tikub_lab.procurement.flags.view.View` and returns a
:class:`~tikub_lab.procurement.flags.view.Finding`. Definitions: https://cardinal.readthedocs.io, version 0.0.8, and
its code where the two differ.
"""

import numpy as np
import pandas as pd

from tikub_lab.procurement.flags.processes import LATE, UNKNOWN
from tikub_lab.procurement.flags.view import Finding, Floats, Integers, Mask, View, first_by, member


def r003(view: View) -> Finding:
    """Find short submission periods: fewer whole days between opening and deadline than a threshold.

    Hours count: from 1 January 12:00 to 16 January 11:00 there are 14 whole days.
    """
    tenders, settings = view.processes.tenders, view.settings
    looked_at = view.kept & _of_method(view, settings.r003_procurement_methods)
    special = tenders["details"].astype("str").map(dict(settings.r003_procurement_method_details))
    limit = special.astype("float64").fillna(settings.r003_threshold).to_numpy()
    days = tenders["days"].to_numpy()
    known = looked_at & ~np.isnan(days)
    return _processes(known & (days < limit), known, looked_at & ~known)


def r018(view: View) -> Finding:
    """Find processes open to several firms that one tenderer answered, by the number that the buyer declares."""
    looked_at = view.kept & _of_method(view, view.settings.r018_procurement_methods)
    number = view.processes.tenders["tenderers"].to_numpy()
    known = looked_at & ~np.isnan(number)
    return _processes(known & (number == 1), known, looked_at & ~known)


def r028(view: View) -> Finding:
    """Find different tenderers that bid the same price: same amount, same currency, in one process.

    A bid is compared with the one before it of the same price; bids of the very same tenderers do not count.
    """
    ties = view.processes.tenderers
    who = _groups(ties["bid"].to_numpy(), ties["party"].to_numpy(), len(view.process))
    looked_at = view.submitted & view.priced[view.process]
    usable = looked_at & view.has_price & (who >= 0)
    bids = np.flatnonzero(usable)
    currency = view.processes.bids["currency"].cat.codes.to_numpy(np.int64)
    prices = pd.DataFrame({"process": view.process[bids], "amount": view.amount[bids], "currency": currency[bids]})
    bids = bids[prices.duplicated(keep=False).to_numpy()]
    order = bids[np.lexsort((bids, currency[bids], view.amount[bids], view.process[bids]))]
    before, after = order[:-1], order[1:]
    same = (view.process[before] == view.process[after]) & (view.amount[before] == view.amount[after])
    found = same & (currency[before] == currency[after]) & (who[before] != who[after])
    mask = np.zeros(len(view.process), dtype=bool)
    mask[before[found]] = mask[after[found]] = True
    process, party = view.unpair(view.unique_ties(mask))
    examined = np.unique(view.process[usable])
    missing = np.setdiff1d(np.unique(view.process[looked_at]), examined)
    return Finding(
        [_ones("OCID", np.unique(process)), _ones("Tenderer", np.unique(party))],
        [(process, "Tenderer", party)],
        examined=len(examined),
        missing=len(missing),
    )


def r030(view: View) -> Finding:
    """Find winning bids that came after the deadline: valid, and of a supplier of an active award."""
    late = view.processes.bids["late"].to_numpy()
    won = view.won
    ties = view.processes.tenderers
    ties = ties[(view.valid & view.kept[view.process])[ties["bid"].to_numpy()]]
    bid, party = ties["bid"].to_numpy(), ties["party"].to_numpy()
    pairs = view.pair(view.process[bid], party)
    winning = member(pairs, won)
    process, party = view.unpair(np.unique(pairs[winning & (late[bid] == LATE)]))
    size = len(view.kept)
    wins = np.bincount(view.process[bid[winning]], minlength=size) > 0
    dated = np.bincount(view.process[bid[winning & (late[bid] != UNKNOWN)]], minlength=size) > 0
    return Finding(
        [_ones("OCID", np.unique(process)), _ones("Tenderer", np.unique(party))],
        [(process, "Tenderer", party)],
        examined=int(dated.sum()),
        missing=int((wins & ~dated).sum()),
    )


def r035(view: View) -> Finding:
    """Find processes where all but the winner are disqualified: the value is how many others are.

    The winner is the only tenderer with a valid bid and the only supplier of the active awards, none being pending.
    """
    final = view.kept & view.processes.tenders["final"].to_numpy(dtype=bool)
    valid = view.unique_ties(view.valid & final[view.process])
    won = view.won
    count = len(final)
    process = view.unpair(valid)[0]
    alone = np.bincount(process, minlength=count) == 1
    alone &= np.bincount(view.unpair(won)[0], minlength=count) == 1
    alone_valid = valid[alone[process]]
    winning = alone_valid[member(alone_valid, won)]
    others = view.unique_ties(view.disqualified & final[view.process])
    others = others[~member(others, winning)]
    number = np.bincount(view.unpair(others)[0], minlength=count)
    process, party = view.unpair(winning)
    flagged = number[process] >= max(view.settings.r035_threshold, 1)
    process, party = process[flagged], party[flagged]
    awarded = view.kept & view.processes.tenders["awarded"].to_numpy(dtype=bool)
    with_bids = np.bincount(view.process[view.valid | view.disqualified], minlength=count) > 0
    winners = np.unique(party)
    return Finding(
        [("OCID", process, number[process].astype(np.float64)), ("Tenderer", winners, np.zeros(len(winners)))],
        [(process, "Tenderer", party)],
        examined=int((awarded & final & with_bids).sum()),
        missing=int((awarded & ~(final & with_bids)).sum()),
    )


def r036(view: View) -> Finding:
    """Find awarded processes whose lowest bid is disqualified, while some valid bid has a price too."""
    bids = np.flatnonzero(view.ranked & view.in_currency)
    process = view.process[bids]
    lowest = bids[first_by(process, view.amount[bids])]
    count = len(view.kept)
    has_valid = np.bincount(process[view.valid[bids]], minlength=count) > 0
    flagged = np.zeros(count, dtype=bool)
    flagged[view.process[lowest]] = view.disqualified[lowest]
    examined = np.zeros(count, dtype=bool)
    examined[process] = True
    awarded = view.priced & view.processes.tenders["awarded"].to_numpy(dtype=bool)
    return _processes(flagged & has_valid, examined, awarded & ~examined)


def _of_method(view: View, methods: tuple[str, ...]) -> Mask:
    if not methods:
        return np.ones(len(view.processes), dtype=bool)
    return view.processes.tenders["method"].isin(methods).to_numpy(dtype=bool)


def _processes(flagged: Mask, examined: Mask, missing: Mask) -> Finding:
    return Finding([_ones("OCID", np.flatnonzero(flagged))], examined=int(examined.sum()), missing=int(missing.sum()))


def _ones(group: str, which: Integers) -> tuple[str, Integers, Floats]:
    return group, which, np.ones(len(which))


def _groups(bid: Integers, party: Integers, bids: int) -> Integers:
    """Give the set of tenderers of each bid a number, -1 where it has none; equal sets have equal numbers.

    A set of one is the number of its party, and larger ones come after: most bids have one tenderer.
    """
    first = np.full(bids, -1, dtype=np.int64)
    last = first.copy()
    first[bid[::-1]] = party[::-1]
    last[bid] = party
    size = np.bincount(bid, minlength=bids)
    several = np.flatnonzero((size > 2) | ((size == 2) & (first != last)))
    if len(several):
        numbers: dict[frozenset[int], int] = {}
        rows = np.flatnonzero(np.isin(bid, several))
        start = int(party.max()) + 1
        members: dict[int, set[int]] = {}
        for at, who in zip(bid[rows].tolist(), party[rows].tolist(), strict=True):
            members.setdefault(at, set()).add(who)
        for at, group in members.items():
            if len(group) > 1:
                first[at] = start + numbers.setdefault(frozenset(group), len(numbers))
    return first
