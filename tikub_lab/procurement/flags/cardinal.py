"""Red flags of the Open Contracting Partnership, equal to those of its tool Cardinal 0.0.8.

A red flag is a reason to look, not a finding: :data:`FLAGS` says what may be innocent about each. The flags are SQL
(``flags.sql``) over a bid register (:mod:`.register`), whatever its rows come from.

Four things differ from Cardinal. A repeated ``ocid`` is one process, as its last release says it, and a margin of zero
over zero is left out and counted as missing: there Cardinal's own result depends on chance. Moments are compared as
moments, where Cardinal compares their texts, and an empty text is no identifier.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from tikub_lab.procurement.flags import register as words
from tikub_lab.procurement.flags.register import from_contracts
from tikub_lab.procurement.flags.settings import ALL, Settings

FLAGS = pd.read_csv(Path(__file__).with_name("flags.csv"), dtype="str")
"""One row a flag: drapeau, libelle, explication (what is seen), innocent (what may be), donnees (what it needs).

Definitions: Cardinal 0.0.8 and « Red Flags in Public Procurement » (2024), whose codes they are. The innocent
explanations are this workbench's own, for French contracts.
"""
COLUMNS = ("groupe", "id", "drapeau", "valeur")
GROUPS = ("OCID", "Buyer", "ProcuringEntity", "Tenderer")
STEP = 1.5
"""How many times the distance between the quartiles a fence is away from one of them (Tukey)."""
LOW = ("R024", "R025")
"""Flags of what is below a fence, which needs a first quartile above zero; the others are above theirs."""
TENDERERS = {"R024": 0.0, "R028": 1.0, "R030": 1.0, "R035": 0.0, "R058": 0.0}
"""Flags of a process that its parties have too, and the value that Cardinal gives them."""


@dataclass(frozen=True)
class RedFlags:
    """What :func:`red_flags` finds.

    ``evidence`` says which process points at whom (drapeau, ocid, groupe, id): for R025 the processes that the tenderer
    lost, for R038 those with disqualified bids, for R048 those won. ``coverage`` has one row a flag asked for: libelle,
    examines (processes or parties that could be looked at), manquants (those that could not), signales (rows raised).
    """

    table: pd.DataFrame  # one row a flag raised: COLUMNS
    evidence: pd.DataFrame
    meta: dict[str, dict[str, float]]  # quartiles and fences by flag, as Cardinal names them
    coverage: pd.DataFrame
    currency: str | None  # in which prices were compared


@cache
def _sections() -> dict[str, str]:
    text = Path(__file__).with_name("flags.sql").read_text(encoding="utf-8")
    parts = re.split(r"^--: (.+) :$", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


class Database:
    """A register in DuckDB, asked by the sections of ``flags.sql``, each with the parameters that it names."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, register: pd.DataFrame, settings: Settings):
        self.connection = connection
        self.given: dict[str, Any] = {
            **{name: list(value) if isinstance(value, tuple) else value for name, value in vars(settings).items()},
            "only": list(settings.price_comparison_procurement_methods),
            "not_only": list(settings.no_price_comparison_procurement_methods),
            "excluded": list(settings.excluded_procurement_method_details),
            "names": list(settings.r003_procurement_method_details),
            "days": list(settings.r003_procurement_method_details.values()),
            **{name: {"key": list(codes), "value": list(codes.values())} for name, codes in words.OF_OCDS.items()},
            "margins": bool({"R024", "R058"} & set(settings.flags)),
            "lowest": "R036" in settings.flags,
            "unallotted": words.UNALLOTTED,
            "partial": words.OCDS,
        }
        rows, parties = _numbered(register)
        connection.register("rows", rows)
        connection.register("parties", parties)
        self.ask("register")
        if settings.currency is None:
            found = self.ask("currency").fetchone()
            self.given["currency"] = found[0] if found else None
        self.ask("whole")

    def ask(self, section: str, into: str = "", **more: Any) -> duckdb.DuckDBPyConnection:
        """Run the statements of a section; what the last one finds is the result, or goes into a table."""
        known = self.given | more
        for statement in re.sub(r"--.*", "", _sections()[section]).split(";")[:-1]:
            query = (
                f"INSERT INTO {into} BY NAME SELECT '{section[:4]}' AS drapeau, * FROM ({statement})"
                if into
                else statement
            )
            self.connection.execute(query, {name: known[name] for name in re.findall(r"\$(\w+)", statement)})
        return self.connection

    def values(self, section: str, **more: Any) -> np.ndarray:
        """Give the first column that a section finds."""
        return np.asarray(next(iter(self.ask(section, **more).fetchnumpy().values())), dtype=np.float64)


def _numbered(register: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give numbers to rows, processes and parties (who bids, buys, conducts a procedure), whose names come beside."""
    kinds = {name: "str" for name, kind in register.dtypes.items() if isinstance(kind, pd.CategoricalDtype)}
    rows = register.reset_index(drop=True).astype(kinds)
    rows["lot"] = rows["lot"].fillna(words.UNALLOTTED)
    rows["process"] = rows.groupby(["consultation_id", "lot"], sort=False).ngroup()
    columns = [name for name in ("candidat_id", "acheteur_id", "passation_id") if name in rows]
    codes, names = pd.factorize(pd.concat([rows[name] for name in columns]).astype("str"))
    for name, found in zip(columns, np.split(codes, len(columns)), strict=True):
        rows[name] = pd.Series(found, dtype="Int64").mask(found < 0)
    return rows.rename_axis("line").reset_index(), pd.DataFrame({"party": np.arange(len(names)), "name": names})


def red_flags(register: pd.DataFrame, settings: Settings | None = None) -> RedFlags:
    """Look for red flags in a register (table ``procurement/bids``), by Cardinal's defaults unless settings are given.

    Quartiles and fences are those of these very processes: choose processes that compare.
    """
    settings = settings or Settings()
    flags = [flag for flag in ALL if flag in settings.flags]
    with duckdb.connect() as connection:
        database = Database(connection, register, settings)
        meta = {flag: fences for flag in flags if (fences := _look(database, flag))}
        evidence = database.ask("evidence").df().astype("str")
        table = _table(database.ask("raised").df(), evidence)
        counts = database.ask("counts").df().astype({"drapeau": "str"})
    coverage = pd.DataFrame({"drapeau": pd.Series(flags, dtype="str")}).merge(FLAGS[["drapeau", "libelle"]], how="left")
    counts = counts.merge(table["drapeau"].value_counts().rename("signales"), how="left", on="drapeau")
    coverage = coverage.merge(counts, how="left").fillna({"examines": 0, "manquants": 0, "signales": 0})
    coverage = coverage.astype(dict.fromkeys(("examines", "manquants", "signales"), "int64"))
    return RedFlags(table, evidence.drop_duplicates(ignore_index=True), meta, coverage, database.given["currency"])


def _look(database: Database, flag: str) -> dict[str, float]:
    """Look for a flag in what is seen and its evidence, and return the fences that it has."""
    own = f"{flag.lower()}_"
    given = {name.removeprefix(own): value for name, value in database.given.items() if name.startswith(own)}
    given["methods"] = given.get("procurement_methods")
    meta = dict[str, float]()
    for group in GROUPS[1:] if flag == "R038" else ("",):
        more = given | {"grp": group}
        if f"{flag} values" in _sections():
            values = database.values(f"{flag} values", **more)
            fences, more["fence"] = _fences(values, flag in LOW, given["threshold"])
            if flag == "R025":
                more["often"] = fences["upper_fence"] = quantile(database.values("tried"), given["percentile"] / 100)
            if len(values) or not group:
                meta |= {f"{group}_{name}".removeprefix("_"): value for name, value in fences.items()}
        database.ask(flag, "seen", **more)
        if f"{flag} evidence" in _sections():
            database.ask(f"{flag} evidence", "proofs", **more)
    return meta


def _fences(values: np.ndarray, low: bool, threshold: float | None) -> tuple[dict[str, float], float]:
    """Give quartiles and fence as Cardinal names them, and the fence to compare with: below zero where none holds."""
    if threshold is None:
        q1, q3 = quantile(values, 0.25), quantile(values, 0.75)
        limit = fence(q1 if low else q3, q1, q3, -STEP if low else STEP)
        found = {"q1": q1, "q3": q3}
    else:
        q1, limit, found = 1.0, float(threshold), {}
    holds = not low or (q1 > 0 and limit > 0)
    return found | {"lower_fence" if low else "upper_fence": limit}, limit if holds else -1.0


def quantile(values: np.ndarray, share: float) -> float:
    """Return a quantile by type 8 of Hyndman and Fan (« Sample Quantiles in Statistical Packages », 1996).

    NumPy calls it ``median_unbiased``. Operations are in the order of statrs, which Cardinal uses, so that a ratio that
    is equal to its fence there is so here. Not a number without values, or for a share not between 0 and 1.
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
    """Add ``times`` the distance between two quartiles to one of them, rounding once."""
    span = high - low
    if isfinite(span) and isfinite(start):
        return float(Fraction(span) * Fraction(times) + Fraction(start))
    return span * times + start


def _table(raised: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """List what is raised, for the parties of a process too where Cardinal does."""
    parties = evidence[evidence["drapeau"].isin(TENDERERS)]
    table = pd.concat([raised, parties.assign(valeur=parties["drapeau"].map(TENDERERS).astype("float64"))])
    table = table[list(COLUMNS)].astype(dict.fromkeys(COLUMNS[:3], "str"))
    table = table.drop_duplicates(["groupe", "id", "drapeau"])
    order = table["groupe"].map(GROUPS.index)
    return table.assign(order=order).sort_values(["order", "drapeau", "id"], ignore_index=True)[list(COLUMNS)]


def bids_of(contracts: pd.DataFrame, bids: pd.DataFrame, book: pd.DataFrame) -> pd.DataFrame:
    """Keep the bids of a selection: of its contracts; of its buyers and families, where no contract is named (OCDS).

    Parameters
    ----------
    contracts, bids, book : DataFrame
        The contracts selected, table ``procurement/bids``, and all contracts: all bids without one are of all.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a", "b"], "acheteur_id": ["1", "2"], "codeCPV": ["45000000", "90000000"]})
    >>> bids = book.assign(uid=["a", None])
    >>> len(bids_of(book, bids, book)), bids_of(book.tail(1), bids, book)["acheteur_id"].tolist()
    (2, ['2'])
    """
    unnamed = bids["uid"].isna()
    if len(contracts) < len(book):
        asked, there = (table["acheteur_id"] + table["codeCPV"].str[:2] for table in (contracts, bids))
        unnamed &= there.notna() & there.isin(asked)
    return bids[unnamed | bids["uid"].isin(contracts["uid"])]


def signals(contracts: pd.DataFrame, suppliers: pd.DataFrame, bids: pd.DataFrame) -> pd.DataFrame:
    """Count the flags that can be looked for: R018 and R048 in the essential data, the others in a bid register.

    Parameters
    ----------
    contracts, suppliers, bids : DataFrame
        Tables of the same contracts; bids without rows where there is no register.

    Returns
    -------
    DataFrame
        One row a flag of which something is known or missing: signal (label and code), examines, signales, manquants
        (see :class:`RedFlags`), explication, innocent; the most frequent first.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = tables.load("procurement/contracts"), tables.load("procurement/suppliers")
    >>> signals(book, who, tables.load("procurement/bids").head(0))["signal"].str[-5:-1].tolist()
    ['R018', 'R048']
    """
    alone = ("R018", "R048")
    found = red_flags(from_contracts(contracts, suppliers), Settings(flags=alone)).coverage
    if len(bids):
        rest = red_flags(bids).coverage
        found = pd.concat([found, rest[~rest["drapeau"].isin(alone)]])
    found = found[found["examines"] + found["manquants"] > 0].merge(FLAGS.drop(columns="libelle"), on="drapeau")
    found["signal"] = found["libelle"] + " (" + found["drapeau"] + ")"
    found["innocent"] = found["innocent"].str[:1].str.lower() + found["innocent"].str[1:]
    return found.sort_values(["signales", "drapeau"], ascending=[False, True], ignore_index=True)[
        ["signal", "examines", "signales", "manquants", "explication", "innocent"]
    ]
