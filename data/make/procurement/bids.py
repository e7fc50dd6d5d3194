"""The fictitious bid register of the sample: who bid for the larger contracts, and what became of each bid.

It agrees with the contracts: the winner is their holder, at their amount, and as many bids are evaluated as
``offresRecues`` says. Cases of each red flag are planted in it, and named by :func:`planted_flags`; apart from those
the draws keep clear of the flags that one process shows by itself, single offers excepted.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from data.make.procurement.book import Book, partner
from data.make.procurement.contracts import DIRECT, SOURCE, START
from data.make.sampling import Integers, Stream, rows, spread
from tikub_lab.procurement.codes import CODES
from tikub_lab.procurement.flags.register import UNALLOTTED, schema
from tikub_lab.procurement.flags.settings import Settings

FROM = 40_000  # euros from which a contract is in the register
SINCE = np.datetime64("2022-01-01")
# In so small a register no fence of R025 is above zero, and hardly a firm has won twenty contracts.
PLANTED_SETTINGS = Settings(r025_threshold=0.05, r048_minimum_contracting_processes=8)

MINUTES = 1440
_RESTRICTED = ("Appel d'offres restreint", "Dialogue compétitif")
_OTHER_DIVISIONS = ("18", "22", "30", "33", "37", "39", "44", "48", "55", "63", "79", "92")
EACH = {"R003": 12, "R024": 6, "R028": 6, "R030": 5, "R035": 6, "R036": 6, "R058": 6}


@dataclass
class _Draft:
    """Processes and their bids in numbers, while cases are planted; ``truth`` collects what was."""

    processes: pd.DataFrame
    bids: pd.DataFrame
    truth: list[tuple[str, str, str]] = field(default_factory=list)

    def losers(self, process: int) -> Integers:
        mine = (self.bids["process"] == process) & ~self.bids["won"] & (self.bids["status"] != "Retirée")
        return np.flatnonzero(mine)


def bids(book: Book, contracts: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """Make the register of the contracts of at least 40,000 € notified since 2022 with a call for competition."""
    return _written(book, contracts, _drafted(book, contracts, stream))


def planted_flags(book: Book, contracts: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """Return the cases planted in :func:`bids`, given the same book, contracts and a stream in the same state.

    Parties stand out from a scale of 1 on; below it the register has too few bids for fences.
    """
    truth = _drafted(book, contracts, stream).truth
    table = pd.DataFrame(truth, columns=pd.Index(["groupe", "id", "drapeau"]), dtype="str")
    return table.drop_duplicates(ignore_index=True)


def _drafted(book: Book, contracts: pd.DataFrame, stream: Stream) -> _Draft:
    processes = _processes(book, contracts, stream)
    draft = _Draft(processes, _judged(_tenderers(book, processes, stream), stream))
    _plant_processes(draft, stream)
    _plant_parties(book, draft)
    return draft


def _processes(book: Book, contracts: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """Choose the contracts, and draw the calendar and the criteria of their consultations."""
    frame = book.contracts.assign(offers=contracts["offresRecues"].to_numpy(np.int64, na_value=0))
    several = (frame["framework"] > 0) & (frame["holders"] > 1)  # each holder would have a bid of its own
    chosen = (frame["amount"] >= FROM) & contracts["offresRecues"].notna() & (frame["parent"] < 0) & ~several
    chosen &= (frame["split"] < 0) & (contracts["procedure"].astype("str") != CODES["procedure"][DIRECT])
    chosen &= contracts["dateNotification"] >= SINCE
    table = frame[chosen].reset_index(names="row")
    count, buyer = len(table), table["buyer"]
    limit = (table["day"] - 40 - stream.below(80, count)) * MINUTES + 10 * 60
    period = 21 + stream.below(25, count)
    year, rank = (part.astype("str") for part in divmod(table["number"], 100_000))
    suffix = ("-L" + buyer.astype("str").str.zfill(2)).where(buyer > 0, "")
    return table[["row", "buyer", "firm", "holders", "amount", "offers"]].assign(
        name=year + "-" + rank.str.zfill(5) + suffix,
        limit=limit,
        opened=limit - period * MINUTES - 120,
        price_only=stream.pick([5, 4, 1], count),  # yes, no, not said
        entity=-1,
        codes="",
    )


def _tenderers(book: Book, processes: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """Draw who bids: the holder's firm and its neighbours in the trade; some bids more are withdrawn."""
    withdrawn = stream.flag(0.04, len(processes)).astype(np.int64)
    offers = processes["offers"].to_numpy()
    process, order = spread(offers + withdrawn)
    place = stream.below(offers, len(processes))  # of the winner among the evaluated
    table = rows(processes, process).assign(process=process, order=order, won=order == place[process])
    trade = book.firms["trade"].to_numpy()
    start, count = np.searchsorted(trade, trade), np.bincount(trade)[trade]
    firm, step = table["firm"].to_numpy(), 1 + stream.below(3, len(processes))[process]
    turn = np.where(order < place[process], order + 1, order)
    near = start[firm] + (firm - start[firm] + turn * step) % count[firm]
    # A joint bid's partners are of the same trade: then, or in a small trade, strangers bid.
    crowded = (turn * step >= count[firm]) | (table["holders"] > 1)
    far = (firm + count[firm] + 3 + turn * 5) % len(trade)
    return table.assign(
        firm=np.where(table["won"], firm, np.where(crowded, far, near)),
        received=table["limit"] - 5 - stream.below(7 * MINUTES, len(table)),
    )


def _judged(table: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """Draw the prices of those who lost, and rule out some of them, never all of a process, nor the lowest.

    They are above the winner's by 8 to 12 % and more, on both sides where quality counts; each has a remainder of its
    own, so that no two are equal.
    """
    size, lost, amount = len(table), ~table["won"], table["amount"]
    first = lost & (lost.groupby(table["process"]).cumsum() == 1)
    above = np.where(first, 1080 + stream.below(40, size), 1140 + stream.below(260, size))
    around = 880 + stream.below(380, size)
    price = amount * np.where(table["price_only"] == 1, around, above) // 1000 // 20 * 20 + table["order"] + 1
    price = price.where(lost, amount)
    withdrawn = table["order"] >= table["offers"]
    out = lost & ~withdrawn & ~first & (price > amount) & stream.flag(0.16, size)
    status = np.select([withdrawn, out], ["Retirée", "Éliminée"], "Recevable").astype(object)
    return table[["process", "order", "won", "firm", "received"]].assign(status=status, amount=price)


def _plant_processes(draft: _Draft, stream: Stream) -> None:
    """Plant the flags that one process shows, each in processes of its own."""
    table = draft.processes
    order = np.argsort(stream.uniform(len(table)), kind="stable")
    plain = (table["price_only"] == 0) & (table["offers"] >= 3) & (table["holders"] == 1)
    free = order[plain.to_numpy()[order]].tolist()
    for flag, count in EACH.items():
        for at in [free.pop() for _ in range(min(count, len(free)))]:
            changed, which, values = _case(flag, draft, at)
            for column, value in values.items():
                changed.loc[which, column] = value
            draft.truth.append(("OCID", str(table["name"].iloc[at]), flag))
    for alone in table.loc[table["offers"] == 1, "name"]:
        draft.truth.append(("OCID", str(alone), "R018"))


def _case(flag: str, draft: _Draft, at: int) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
    """Say what a flag's case changes in a process: the table, its rows, and new values by column."""
    bids, losers = draft.bids, draft.losers(at)
    amount, limit = (int(draft.processes[name].to_numpy()[at]) for name in ("amount", "limit"))
    cases: dict[str, tuple[pd.DataFrame, Any, dict[str, Any]]] = {
        "R003": (draft.processes, at, {"opened": limit - (6 + at % 8) * MINUTES - 30}),
        "R024": (bids, losers[0], {"amount": amount * (1001 + at % 5) // 1000, "status": "Recevable"}),
        "R028": (bids, losers[1], {"amount": bids["amount"][losers[0]]}),
        "R030": (bids, (bids["process"] == at) & bids["won"], {"received": limit + 20 + at % 300}),
        "R035": (bids, losers, {"status": "Éliminée"}),
        "R036": (bids, losers[-1], {"amount": amount * 7 // 10, "status": "Éliminée"}),
        "R058": (bids, losers, {"amount": bids["amount"][losers] * (17 + at % 5) // 10 + losers}),
    }
    return cases[flag]


def _plant_parties(book: Book, draft: _Draft) -> None:
    """Plant the flags of parties: who loses always, who is ruled out often, and whose contracts are of all sorts."""
    table = draft.processes
    planted = {name for _, name, flag in draft.truth if flag != "R018"}
    calm = ~table["name"].isin(planted) & (table["offers"] >= 4)
    ids, never = book.firms["id"], np.setdiff1d(np.arange(len(book.firms)), table["firm"])
    loser, outcast = never[len(never) // 3], never[len(never) // 2]
    taken = np.flatnonzero(calm)
    for turn, at in enumerate(taken[::2][:40].tolist()):
        first, *_, last = draft.losers(at)
        draft.bids.loc[first, "firm"] = loser
        if turn < 12:
            draft.bids.loc[last, ["firm", "status"]] = outcast, "Éliminée"
    draft.truth += [("Tenderer", str(ids[loser]), "R025"), ("Tenderer", str(ids[outcast]), "R038")]
    lycees = table.loc[calm & (table["buyer"] > 0), "buyer"].value_counts()
    if lycees.empty:
        return
    severe, mandate = int(lycees.index[0]), int(never[-1])
    region = taken[1::2][(table["buyer"].to_numpy()[taken[1::2]] == 0)][:25]
    draft.processes.loc[region, "entity"] = mandate
    for at in [*region.tolist(), *np.flatnonzero((table["buyer"] == severe) & calm).tolist()]:
        draft.bids.loc[draft.losers(at)[1:], "status"] = "Éliminée"
        draft.bids.loc[draft.losers(at)[1:], "amount"] += table["amount"][at] // 4
    itself = str(book.buyers["siret"][severe])
    draft.truth += [("Buyer", itself, "R038")]
    draft.truth += [("ProcuringEntity", name, "R038") for name in (itself, str(ids[mandate]))]
    alone = table.index[table["holders"] == 1]
    busiest = int(table.loc[alone, "firm"].value_counts(sort=True).index[0])
    wins = alone[table.loc[alone, "firm"] == busiest]
    for turn, at in enumerate(wins.tolist()):
        more = [_OTHER_DIVISIONS[(2 * turn + step) % len(_OTHER_DIVISIONS)] for step in (0, 1)]
        draft.processes.loc[at, "codes"] = "".join(f"|{division}000000" for division in more)
    if len(wins) >= PLANTED_SETTINGS.r048_minimum_contracting_processes:
        draft.truth.append(("Tenderer", str(ids[busiest]), "R048"))


def _written(book: Book, contracts: pd.DataFrame, draft: _Draft) -> pd.DataFrame:
    """Put the draft into the words of the register; a joint winning bid has a row for each partner."""
    holders = np.where(draft.bids["won"], draft.processes["holders"].to_numpy()[draft.bids["process"]], 1)
    row, rank = spread(holders)
    bid = rows(draft.bids, row)
    process = rows(draft.processes, bid["process"])
    contract, buyer = rows(contracts, process["row"]), rows(book.buyers, process["buyer"])
    joint = partner(rows(book.contracts, process["row"]), rank, book.firms["trade"].to_numpy())
    firm = rows(book.firms, np.where(bid["won"], joint, bid["firm"]))
    mandate, delegated = rows(book.firms, process["entity"].clip(lower=0)), process["entity"] >= 0
    procedure = contract["procedure"].astype("str")
    dated = [name for _, name, flag in draft.truth if flag == "R003"]
    unsaid = (process["row"] % 37 == 0).to_numpy()  # some consultations lack their dates
    columns = {
        "consultation_id": process["name"],
        "lot": UNALLOTTED,
        "offre": bid["order"] + 1,
        "rang": rank + 1,
        "uid": contract["uid"],
        "acheteur_id": buyer["siret"],
        "passation_id": mandate["id"].where(delegated, buyer["siret"]),
        "passation_nom": mandate["nom"].where(delegated),
        "codeCPV": contract["codeCPV"] + process["codes"],
        "procedure": procedure,
        "ouverture": np.where(procedure.isin(_RESTRICTED), "Restreinte", "Ouverte"),
        "prixSeul": process["price_only"].eq(0).astype("boolean").mask(process["price_only"] == 2),
        "etat": "Attribuée",
        "datePublication": _moments(process["opened"]).mask(unsaid & ~process["name"].isin(dated)),
        "dateLimite": _moments(process["limit"]),
        "dateReception": _moments(bid["received"]),
        "statut": bid["status"],
        "montant": bid["amount"],
        "devise": "EUR",
        "candidat_id": firm["id"],
        "candidat_nom": firm["nom"],
        "retenue": bid["won"],
        "source": SOURCE,
    }
    return pd.DataFrame(columns).reindex(columns=list(schema().names))


def _moments(minute: pd.Series) -> pd.Series:
    start = START.astype("datetime64[us]")
    return pd.Series(start + minute.to_numpy().astype("timedelta64[m]")).dt.tz_localize("UTC")
