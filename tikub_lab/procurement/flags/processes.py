"""Contracting processes in a form that every red flag can work on, whatever they come from.

A process is one competition: a compiled release of OCDS, a lot of a
bid register, or a contract of the essential data (DECP), which says
much less. :class:`Processes` holds them as five flat frames of
numbers, so that a million of them fit in memory and no flag looks
at a record by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.procurement.suppliers import firm

Integers = npt.NDArray[np.int64]

STATUSES = ("invited", "pending", "valid", "disqualified", "withdrawn", "other")
"""Statuses of a bid, as in the code list bidStatus of OCDS;
``other`` is a text that the list has not."""

METHODS = {
    "Procédure adaptée": "open",
    "Appel d'offres ouvert": "open",
    "Appel d'offres restreint": "selective",
    "Procédure avec négociation": "selective",
    "Dialogue compétitif": "selective",
    "Marché passé sans publicité ni mise en concurrence préalable": "limited",
}
"""Procedures of the DECP as methods of OCDS (code list ``method``).

All are competitive but the last. A « procédure adaptée » is counted
as open: the buyer may also have asked a few firms only, which the
DECP do not say.
"""

UNKNOWN, IN_TIME, LATE = -1, 0, 1
"""Whether a bid came after the deadline."""


@dataclass(frozen=True)
class Processes:
    """Contracting processes and their bids, normalised.

    Attributes
    ----------
    tenders : DataFrame, one row a process, in the order read
        ``ocid`` (str; may repeat), ``cancelled`` (the tender
        itself), ``method`` (open, selective, limited, direct),
        ``details`` (the buyer's name of its procedure),
        ``price_only`` (boolean: price is the only criterion;
        missing where nobody says), ``days`` (whole days for
        submission), ``tenderers`` (how many, as declared),
        ``final`` (no award is pending), ``awarded`` (an award is
        active), ``winner`` (the one supplier of the one active
        award), ``buyer``, ``entity`` (procuring entity).
    bids : DataFrame, one row a bid, in the order of the processes
        ``process``, ``status`` (:data:`STATUSES`), ``amount``,
        ``currency``, ``tenderer`` (the only one, else -1), ``late``
        (:data:`LATE`, :data:`IN_TIME` or :data:`UNKNOWN`).
    tenderers : DataFrame, one row a bid and tenderer
        ``bid``, ``party``.
    suppliers : DataFrame, one row an active award and supplier
        ``process``, ``party``.
    items : DataFrame, one row an item of an active award that has
    one supplier
        ``process``, ``party``, ``code`` (classification, such as a
        CPV code).
    parties : Series of str
        Identifiers of buyers, procuring entities, tenderers and
        suppliers: ``winner``, ``buyer``, ``entity``, ``tenderer``
        and ``party`` are positions in it, -1 where there is none.
    skipped : int
        Records that are no process, such as those without an
        identifier.
    """

    tenders: pd.DataFrame
    bids: pd.DataFrame
    tenderers: pd.DataFrame
    suppliers: pd.DataFrame
    items: pd.DataFrame
    parties: pd.Series
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.tenders)


def assemble(
    tenders: Mapping[str, object],
    bids: Mapping[str, object],
    links: Mapping[str, tuple[object, ...]],
    parties: Iterable[str],
    skipped: int = 0,
) -> Processes:
    """Type columns and make :class:`Processes` of them; all three makers end here."""
    kinds = {
        "ocid": "str", "cancelled": "bool", "method": "category", "details": "category", "price_only": "boolean",
        "days": "float64", "tenderers": "float64", "final": "bool", "awarded": "bool", "winner": "int64",
        "buyer": "int64", "entity": "int64",
    }  # fmt: skip
    of_bids = {
        "process": "int64", "status": pd.CategoricalDtype(list(STATUSES)), "amount": "float64", "currency": "category",
        "tenderer": "int64", "late": "int8",
    }  # fmt: skip
    names = {"tenderers": ("bid", "party"), "suppliers": ("process", "party"), "items": ("process", "party", "code")}
    frames = {
        name: pd.DataFrame(
            {
                column: pd.Series(values, dtype="str" if column == "code" else "int64")
                for column, values in zip(columns, links[name], strict=True)
            }
        )
        for name, columns in names.items()
    }
    return Processes(
        tenders=pd.DataFrame({name: _column(tenders[name], kind) for name, kind in kinds.items()}),
        bids=pd.DataFrame({name: _column(bids[name], kind) for name, kind in of_bids.items()}),
        parties=pd.Series(list(parties), dtype="str"),
        skipped=skipped,
        **frames,
    )


def _column(values: object, kind: object) -> pd.Series:
    if isinstance(values, pd.Series):
        return values.reset_index(drop=True).astype(kind)  # type: ignore[call-overload]
    text = kind == "category"  # an empty list has no type of its own
    return pd.Series(values, dtype="str" if text else kind).astype(kind)  # type: ignore[call-overload]


def first_rows(codes: Integers, count: int) -> Integers:
    """Return the position of the first row of each code from 0 to ``count - 1``, all of which must occur.

    Examples
    --------
    >>> first_rows(np.array([0, 0, 1, 0, 2]), 3).tolist()
    [0, 2, 4]
    """
    found = np.empty(count, dtype=np.int64)
    found[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return found


def coded(*columns: pd.Series) -> tuple[list[Integers], pd.Series]:
    """Give the texts of several columns common codes, -1 where there is none.

    Examples
    --------
    >>> codes, names = coded(pd.Series(["a", None], dtype="str"), pd.Series(["b", "a"], dtype="str"))
    >>> [item.tolist() for item in codes], names.tolist()
    ([[0, -1], [1, 0]], ['a', 'b'])
    """
    own = [pd.factorize(column.astype("str")) for column in columns]
    names = pd.unique(pd.concat([pd.Series(values, dtype="str") for _, values in own], ignore_index=True))
    index = pd.Index(names)
    found = []
    for codes, values in own:
        table = np.append(index.get_indexer(pd.Index(values)), -1).astype(np.int64)
        found.append(table[codes])
    return found, pd.Series(names, dtype="str")


def from_contracts(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Processes:
    """Make processes of published contracts (DECP), each one competition.

    They say how many offers came, by which procedure, and what the
    holder supplies: enough for R018 and R048. The other flags find
    nothing, since no bid is known. Suppliers are counted by firm
    (SIREN), and an item is a contract's CPV code.
    """
    book = contracts.reset_index(drop=True)
    own = suppliers[suppliers["uid"].isin(book["uid"])]
    process = pd.Series(book.index, index=book["uid"]).reindex(own["uid"]).to_numpy(np.int64)
    (buyer, party), parties = coded(book["acheteur_id"], firm(own["titulaire_id"]))
    holders = np.bincount(process, minlength=len(book))
    winner = np.full(len(book), -1, dtype=np.int64)
    winner[process] = party
    winner[holders != 1] = -1
    has_item = (winner >= 0) & book["codeCPV"].notna().to_numpy()
    procedure = book["procedure"].astype("str")
    nothing = np.zeros(len(book), dtype=bool)
    tenders = {
        "ocid": book["uid"], "cancelled": nothing, "method": procedure.map(METHODS).astype("str"),
        "details": procedure, "price_only": pd.Series(pd.NA, index=book.index, dtype="boolean"),
        "days": np.full(len(book), np.nan), "tenderers": book["offresRecues"].astype("float64"), "final": ~nothing,
        "awarded": ~nothing, "winner": winner, "buyer": buyer, "entity": np.full(len(book), -1),
    }  # fmt: skip
    links = {
        "tenderers": ([], []),
        "suppliers": (process, party),
        "items": (np.flatnonzero(has_item), winner[has_item], book.loc[has_item, "codeCPV"].to_numpy(object)),
    }
    return assemble(tenders, NO_BIDS, links, parties)


NO_BIDS: dict[str, Sequence[object]] = {
    name: [] for name in ("process", "status", "amount", "currency", "tenderer", "late")
}
