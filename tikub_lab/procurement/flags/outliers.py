"""Red flags that only the whole of the data shows: R024, R025, R038, R048, R058.

Each compares a ratio or a number with a fence, one and a half times the distance between the quartiles away from the
first or third one (Tukey), unless a setting gives a threshold. Definitions: https://cardinal.readthedocs.io, version
0.0.8, and its code where the two differ: a fence of zero flags nobody.
"""

import numpy as np
import pandas as pd

from tikub_lab.procurement.flags.view import Finding, Floats, Integers, View, fence, quantile, quartiles

STEP = 1.5
"""How many times the distance between the quartiles a fence is away from one of them."""


def r024(view: View) -> Finding:
    """Find winning bids that the lowest other bid is suspiciously close to.

    The ratio is (lowest other bid - winning bid) / winning bid, for processes with one award, one supplier, and a
    winner who is the lowest; it is flagged where it is at most the lower fence. Winner and runner-up are flagged too.
    """
    margins, threshold = view.margins, view.settings.r024_threshold
    ratio = margins["ratio"].to_numpy()
    meta: dict[str, float] = {}
    limit, positive = threshold, True
    if limit is None:
        q1, q3 = quartiles(ratio)
        limit, positive = fence(q1, q1, q3, -STEP), q1 > 0
        meta = {"q1": q1, "q3": q3}
    flagged = margins[(ratio <= limit) & positive & (limit > 0)]
    process = np.repeat(flagged["process"].to_numpy(), 2)
    party = flagged[["winner", "second"]].to_numpy(np.int64).ravel()
    return _margin_finding(view, flagged, process, party, meta | {"lower_fence": limit})


def r058(view: View) -> Finding:
    """Find winning bids that are suspiciously far below the lowest other bid.

    The ratio is that of :func:`r024`, flagged where it is at least the upper fence. The winner is flagged too.
    """
    margins, threshold = view.margins, view.settings.r058_threshold
    ratio = margins["ratio"].to_numpy()
    meta: dict[str, float] = {}
    limit = threshold
    if limit is None:
        q1, q3 = quartiles(ratio)
        limit = fence(q3, q1, q3, STEP)
        meta = {"q1": q1, "q3": q3}
    flagged = margins[(ratio >= limit) & (limit > 0)]
    process, party = flagged["process"].to_numpy(), flagged["winner"].to_numpy(np.int64)
    return _margin_finding(view, flagged, process, party, meta | {"upper_fence": limit})


def _margin_finding(
    view: View, flagged: pd.DataFrame, process: Integers, party: Integers, meta: dict[str, float]
) -> Finding:
    awarded = view.priced & view.processes.tenders["awarded"].to_numpy(dtype=bool)
    parties = np.unique(party)
    return Finding(
        [
            ("OCID", flagged["process"].to_numpy(), flagged["ratio"].to_numpy()),
            ("Tenderer", parties, np.zeros(len(parties))),
        ],
        [(process, "Tenderer", party)],
        meta,
        examined=len(view.margins),
        missing=int(awarded.sum()) - len(view.margins),
    )


def r025(view: View) -> Finding:
    """Find tenderers that bid often and win suspiciously rarely.

    The ratio is processes won over processes with a valid bid, for processes with one award and one supplier. Flagged:
    at most the lower fence, among those whose number of bids is at least a percentile (75th by default).
    """
    alone = view.processes.bids["tenderer"].to_numpy()
    single = view.kept & (view.winner >= 0)
    bids = view.valid & (alone >= 0) & single[view.process]
    process, party = view.unpair(np.unique(view.pair(view.process[bids], alone[bids])))
    size = len(view.processes.parties)
    tried = np.bincount(party, minlength=size)
    won = np.bincount(party[view.winner[process] == party], minlength=size)
    who = np.flatnonzero(tried)
    ratio = won[who] / tried[who]
    often = quantile(tried[who].astype(np.float64), view.settings.r025_percentile / 100)
    meta: dict[str, float] = {}
    limit, positive = view.settings.r025_threshold, True
    if limit is None:
        q1, q3 = quartiles(ratio)
        limit, positive = fence(q1, q1, q3, -STEP), q1 > 0
        meta = {"q1": q1, "q3": q3}
    flagged = (tried[who] >= often) & (ratio <= limit) & positive & (limit > 0)
    losing = np.isin(party, who[flagged]) & (view.winner[process] != party)
    awarded = view.kept & view.processes.tenders["awarded"].to_numpy(dtype=bool)
    return Finding(
        [("Tenderer", who[flagged], ratio[flagged])],
        [(process[losing], "Tenderer", party[losing])],
        meta | {"upper_fence": often, "lower_fence": limit},
        examined=len(who),
        missing=int((awarded & ~single).sum()),
    )


def r038(view: View) -> Finding:
    """Find buyers, procuring entities and tenderers with a suspiciously high share of disqualified bids.

    The ratio is disqualified over submitted bids, of those with at least two submitted bids (or as many as set);
    flagged where it is at least the upper fence of its kind.
    """
    settings, tenders = view.settings, view.processes.tenders
    counts = view.submitted & view.kept[view.process]
    size, processes = len(view.processes.parties), len(tenders)
    submitted = np.bincount(view.process[counts], minlength=processes)
    out = np.bincount(view.process[counts & view.disqualified], minlength=processes)
    shares: dict[str, tuple[Integers, Integers, int]] = {}
    for group, column in (("Buyer", "buyer"), ("ProcuringEntity", "entity")):
        party = tenders[column].to_numpy()
        known = party >= 0
        total = np.bincount(party[known], submitted[known], size).astype(np.int64)
        shares[group] = (np.bincount(party[known], out[known], size).astype(np.int64), total,
                         settings.r038_minimum_contracting_processes)  # fmt: skip
    ties = view.processes.tenderers
    bid, party = ties["bid"].to_numpy(), ties["party"].to_numpy()
    of_tenderer = np.bincount(party[(counts & view.disqualified)[bid]], minlength=size)
    shares["Tenderer"] = (of_tenderer, np.bincount(party[counts[bid]], minlength=size),
                          settings.r038_minimum_submitted_bids)  # fmt: skip
    results: list[tuple[str, Integers, Floats]] = []
    meta: dict[str, float] = {}
    examined = 0
    for group, (part, total, minimum) in shares.items():
        who = np.flatnonzero((total > 0) & (total >= minimum))
        examined += len(who)
        if len(who):
            ratio = part[who] / total[who]
            limit = settings.r038_threshold
            if limit is None:
                q1, q3 = quartiles(ratio)
                limit = fence(q3, q1, q3, STEP)
                meta |= {f"{group}_q1": q1, f"{group}_q3": q3}
            meta[f"{group}_upper_fence"] = limit
            flagged = (ratio >= limit) & (limit > 0)
            results.append((group, who[flagged], ratio[flagged]))
    return Finding(
        results, _disqualified(view, results, out), meta, examined, missing=int((view.kept & (submitted == 0)).sum())
    )


def _disqualified(
    view: View, results: list[tuple[str, Integers, Floats]], out: Integers
) -> list[tuple[Integers, str, Integers]]:
    """Name the processes in which flagged parties have disqualified bids."""
    found = []
    tenders = view.processes.tenders
    for group, who, _ in results:
        if group == "Tenderer":
            process, party = view.unpair(view.unique_ties(view.disqualified & view.kept[view.process]))
        else:
            party = tenders["buyer" if group == "Buyer" else "entity"].to_numpy()
            process = np.flatnonzero((out > 0) & (party >= 0))
            party = party[process]
        flagged = np.isin(party, who)
        found.append((process[flagged], group, party[flagged]))
    return found


def r048(view: View) -> Finding:
    """Find suppliers whose contracts are in suspiciously many families of need.

    The value is how many distinct families (first two digits of the classification) the items of a supplier's awards
    have, counting awards with one supplier only, for suppliers with at least 20 processes; flagged where it is at least
    the upper fence. As in Cardinal, where all suppliers have one family the fence is one and flags them all: data of
    a single family say nothing here.
    """
    items, settings = view.processes.items, view.settings
    rows = items[view.kept[items["process"].to_numpy()]]
    process, party = rows["process"].to_numpy(), rows["party"].to_numpy()
    codes, names = pd.factorize(rows["code"])
    family = pd.factorize(pd.Series(names, dtype="str").str[: settings.r048_digits])[0][codes]
    size = len(view.processes.parties)
    processes = np.bincount(view.unpair(np.unique(view.pair(process, party)))[1], minlength=size)
    families = np.bincount(np.unique(party * (len(names) + 1) + family) // (len(names) + 1), minlength=size)
    who = np.flatnonzero((processes > 0) & (processes >= settings.r048_minimum_contracting_processes))
    number = families[who].astype(np.float64)
    meta: dict[str, float] = {}
    if settings.r048_threshold is None:
        q1, q3 = quartiles(number)
        limit = fence(q3, q1, q3, STEP)
        meta = {"q1": q1, "q3": q3}
    else:
        limit = float(settings.r048_threshold)
    flagged = number >= limit
    awarded = view.kept & view.processes.tenders["awarded"].to_numpy(dtype=bool)
    mine = np.isin(party, who[flagged])
    return Finding(
        [("Tenderer", who[flagged], number[flagged])],
        [(process[mine], "Tenderer", party[mine])],
        meta | {"upper_fence": limit},
        examined=len(who),
        missing=int(awarded.sum() - len(np.intersect1d(process, np.flatnonzero(awarded)))),
    )
