"""The bid register: what a purchasing department knows of every bid, and the essential data (DECP) leave out.

Table ``procurement/bids``: one row a bid and tenderer, what is said
of the consultation being repeated on each. Its French words stand
for codes of OCDS (:data:`STATUSES_FR`, :data:`OPENINGS`); a lot is
a competition of its own.
"""

import re

import numpy as np
import pandas as pd

from tikub_lab.procurement.codes import meanings
from tikub_lab.procurement.flags.processes import (
    IN_TIME,
    LATE,
    METHODS,
    UNKNOWN,
    Integers,
    Processes,
    assemble,
    coded,
    first_rows,
)

STATUSES_FR = {
    "Invitation": "invited",
    "En examen": "pending",
    "Recevable": "valid",
    "Éliminée": "disqualified",
    "Retirée": "withdrawn",
}
"""Statuses of a bid in the register, with what they are in the code
list bidStatus of OCDS."""
OPENINGS = {"Ouverte": "open", "Restreinte": "selective", "Négociée": "limited", "De gré à gré": "direct"}
"""How open a procedure is, with the code list ``method`` of OCDS."""
STATES = ("En cours", "Attribuée", "Infructueuse", "Sans suite")
"""What became of a consultation: an award is pending, made,
impossible for want of a good bid, or given up."""
UNALLOTTED = "0"
"""The lot of a consultation that has none."""

FIELDS = {
    "consultation_id": "string",
    "lot": "string",
    "offre": "integer",
    "rang": "integer",
    "uid": "string",
    "acheteur_id": "string",
    "acheteur_nom": "string",
    "passation_id": "string",
    "passation_nom": "string",
    "objet": "string",
    "codeCPV": "list",
    "procedure": "string",
    "ouverture": "string",
    "prixSeul": "boolean",
    "etat": "string",
    "datePublication": "datetime",
    "dateLimite": "datetime",
    "nombreCandidats": "integer",
    "dateReception": "datetime",
    "statut": "string",
    "montant": "number",
    "devise": "string",
    "candidat_id": "string",
    "candidat_nom": "string",
    "retenue": "boolean",
    "source": "string",
}
"""Fields of ``procurement/bids`` and their types; a test compares
them with the Table Schema."""

LABELS = {
    "statut": meanings("statut", tuple(STATUSES_FR)) | {code: word for word, code in STATUSES_FR.items()},
    "ouverture": meanings("ouverture", tuple(OPENINGS)) | {code: word for word, code in OPENINGS.items()},
    "etat": meanings("etat", STATES),
}
"""Labels of the register by their simplified form, and by the codes
of OCDS."""
_DATE = re.compile(
    r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)/(\d\d)/(\d{4}))(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?"
)


def label(consultation: pd.Series, lot: pd.Series) -> pd.Series:
    """Name processes: the consultation, and the lot where it has some.

    Examples
    --------
    >>> label(pd.Series(["A", "B"]), pd.Series(["0", "2"])).tolist()
    ['A', 'B, lot 2']
    """
    return consultation.where(lot == UNALLOTTED, consultation + ", lot " + lot).astype("str")


def from_bids(bids: pd.DataFrame) -> Processes:
    """Make processes of a bid register, each lot one competition."""
    process, count = _numbered(bids)
    offre, rang = (bids[name].fillna(1).to_numpy(np.int64) for name in ("offre", "rang"))
    order = np.lexsort((rang, offre, process))
    rows = bids.take(order).reset_index(drop=True)
    process, offre = process[order], offre[order]
    new = np.r_[True, (np.diff(process) != 0) | (np.diff(offre) != 0)] if len(rows) else np.zeros(0, dtype=bool)
    bid, head = np.cumsum(new) - 1, np.flatnonzero(new)  # the bid of each row, the first row of each bid
    first = first_rows(process, count)
    (party, buyer, entity), parties = coded(
        rows["candidat_id"], rows["acheteur_id"].take(first), rows["passation_id"].take(first)
    )
    retained = rows["retenue"].fillna(False).to_numpy(dtype=bool) & (party >= 0)
    pairs = np.unique(process[retained] * max(len(parties), 1) + party[retained])
    suppliers = np.divmod(pairs, max(len(parties), 1))
    state = rows["etat"].astype("str").take(first).to_numpy(object)
    final = state != "En cours"
    winner = np.full(count, -1, dtype=np.int64)
    winner[suppliers[0]] = suppliers[1]
    winner[(np.bincount(suppliers[0], minlength=count) != 1) | ~final] = -1
    awarded = (np.bincount(suppliers[0], minlength=count) > 0) | (state == "Attribuée")
    status = rows["statut"].astype("str").map(STATUSES_FR).astype("str").take(head)
    tenders = _tenders(rows.take(first).reset_index(drop=True)) | {
        "final": final, "awarded": awarded, "winner": winner, "buyer": buyer, "entity": entity,
        "tenderers": _tenderers(rows, first, status, process[head], party[head], count),
    }  # fmt: skip
    alone = np.where(np.bincount(bid, minlength=len(head)) == 1, party[head], -1)
    known = party >= 0
    links = {"tenderers": (bid[known], party[known]), "suppliers": suppliers, "items": _items(rows, first, winner)}
    received, limit = rows["dateReception"].take(head), rows["dateLimite"].take(head)
    late = np.select([received.isna() | limit.isna(), received > limit], [UNKNOWN, LATE], IN_TIME)
    return assemble(
        tenders,
        {
            "process": process[head], "status": status, "amount": rows["montant"].take(head),
            "currency": rows["devise"].astype("str").take(head), "tenderer": alone, "late": late,
        },
        links,
        parties,
    )  # fmt: skip


def _numbered(bids: pd.DataFrame) -> tuple[Integers, int]:
    consultation, _ = pd.factorize(bids["consultation_id"].astype("str"))
    lot, lots = pd.factorize(bids["lot"].astype("str").fillna(UNALLOTTED))
    process, names = pd.factorize(consultation.astype(np.int64) * max(len(lots), 1) + lot)
    return process.astype(np.int64), len(names)


def _tenders(heads: pd.DataFrame) -> dict[str, object]:
    opening = heads["ouverture"].astype("str").map(OPENINGS).astype("str")
    procedure = heads["procedure"].astype("str")
    span = heads["dateLimite"] - heads["datePublication"]
    days = span.to_numpy() / np.timedelta64(1, "D") if span.dtype.kind == "m" else np.full(len(heads), np.nan)
    return {
        "ocid": label(heads["consultation_id"].astype("str"), heads["lot"].astype("str").fillna(UNALLOTTED)),
        "cancelled": (heads["etat"].astype("str") == "Sans suite").to_numpy(),
        "method": opening.fillna(procedure.map(METHODS).astype("str")),
        "details": procedure,
        "price_only": heads["prixSeul"],
        "days": np.trunc(days),
    }


def _tenderers(
    rows: pd.DataFrame, first: Integers, status: pd.Series, process: Integers, party: Integers, count: int
) -> np.ndarray:
    """Count those who submitted a bid, a group being one, where the register does not say how many they were."""
    told = status.notna().to_numpy()
    submitted = told & ~status.isin(["invited", "withdrawn"]).to_numpy(dtype=bool) & (party >= 0)
    pairs = pd.DataFrame({"process": process[submitted], "party": party[submitted]}).drop_duplicates()
    counted = np.bincount(pairs["process"], minlength=count).astype(np.float64)
    counted[np.bincount(process[told], minlength=count) == 0] = np.nan
    declared = rows["nombreCandidats"].take(first).astype("float64").to_numpy()
    return np.where(np.isnan(declared), counted, declared)


def _items(rows: pd.DataFrame, first: Integers, winner: Integers) -> tuple[object, ...]:
    codes = rows["codeCPV"].astype("str").take(first).reset_index(drop=True)
    codes = codes[codes.notna().to_numpy() & (winner >= 0)].str.split("|").explode()
    process = codes.index.to_numpy(np.int64)
    return process, winner[process], codes.to_numpy(object)


def utc(text: str, end: bool = False) -> str | None:
    """Write a moment in universal time; without a zone it is French time, without an hour the day's start (or end).

    Examples
    --------
    >>> utc("2024-04-02T12:00"), utc("02/04/2024", end=True), utc("2024-12-31T23:30:00-05:00"), utc("2024-02-30")
    ('2024-04-02T10:00:00Z', '2024-04-02T21:59:59Z', '2025-01-01T04:30:00Z', None)
    """
    match = _DATE.fullmatch(text)
    if not match:
        return None
    day = "-".join(match.group(1, 2, 3) if match[1] else match.group(6, 5, 4))
    clock = f"{match[7]}:{match[8]}:{match[9] or '00'}" if match[7] else "23:59:59" if end else "00:00:00"
    try:
        value = pd.Timestamp(f"{day}T{clock}{match[10] or ''}")
        if value.tz is None:
            value = value.tz_localize("Europe/Paris", ambiguous=True, nonexistent="shift_forward")
        return str(value.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None
