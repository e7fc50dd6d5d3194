"""Red flags of the Open Contracting Partnership, equal to those of its tool Cardinal 0.0.8.

A red flag is a reason to look, not a finding: :data:`FLAGS` says
what may be innocent about each. The flags are SQL (``flags.sql``)
over :class:`~tikub_lab.procurement.flags.processes.Processes`,
which come from OCDS releases (:mod:`.ocds`), a bid register
(:mod:`.bids`) or, for R018 and R048, the essential data
(:func:`.from_contracts`).

Two things differ from Cardinal, both where its own result depends
on chance: a repeated ``ocid`` counts in the order of the file
(Cardinal reads lines in parallel), and a margin of zero over zero
is left out and counted as missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from tikub_lab.procurement.flags.bids import from_bids
from tikub_lab.procurement.flags.processes import Processes, from_contracts
from tikub_lab.procurement.flags.settings import ALL, Settings

FLAGS = pd.read_csv(Path(__file__).with_name("flags.csv"), dtype="str")
"""One row a flag: drapeau, libelle, explication (what is seen), innocent (what may be), donnees (what it needs).

Definitions: Cardinal 0.0.8 and « Red Flags in Public Procurement »
(2024), whose codes they are. The innocent explanations are this
workbench's own, for French contracts.
"""
COLUMNS = ("groupe", "id", "drapeau", "valeur")
GROUPS = ("OCID", "Buyer", "ProcuringEntity", "Tenderer")
STEP = 1.5
"""How many times the distance between the quartiles a fence is away
from one of them (Tukey)."""
LOW = ("R024", "R025")
"""Flags of what is below a fence, which needs a first quartile
above zero; the others are above theirs."""
TENDERERS = {"R024": 0.0, "R028": 1.0, "R030": 1.0, "R035": 0.0, "R058": 0.0}
"""Flags of a process that its parties have too, and the value that
Cardinal gives them."""


@dataclass(frozen=True)
class RedFlags:
    """What :func:`red_flags` finds.

    Attributes
    ----------
    table : DataFrame
        One row a flag raised: groupe (OCID, Buyer, ProcuringEntity,
        Tenderer), id, drapeau, valeur.
    evidence : DataFrame
        Which process points at whom: drapeau, ocid, groupe, id. For
        R025 the processes that the tenderer lost, for R038 those
        with disqualified bids, for R048 those won.
    meta : dict of str to dict of str to float
        Quartiles and fences by flag, as Cardinal names them.
    coverage : DataFrame
        One row a flag looked for: drapeau, libelle, examines
        (processes or parties that could be looked at), manquants
        (processes that could not, for want of data), signales (rows
        of the table).
    currency : str or None
        The currency in which prices were compared.
    """

    table: pd.DataFrame
    evidence: pd.DataFrame
    meta: dict[str, dict[str, float]]
    coverage: pd.DataFrame
    currency: str | None


@cache
def _sections() -> dict[str, str]:
    text = Path(__file__).with_name("flags.sql").read_text(encoding="utf-8")
    parts = re.split(r"^--: (.+) :$", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


class _Database:
    """The processes in DuckDB, asked by the sections of ``flags.sql``, each with the parameters that it names."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, processes: Processes, settings: Settings):
        self.connection, self.settings = connection, settings
        for name, key in (("tenders", "process"), ("bids", "bid")):
            frame = getattr(processes, name).rename_axis(key).reset_index()
            texts = [column for column in frame if isinstance(frame[column].dtype, pd.CategoricalDtype)]
            connection.register(name, frame.astype(dict.fromkeys(texts, "str")))
        for name in ("tenderers", "suppliers", "items"):
            connection.register(name, getattr(processes, name))
        self.given: dict[str, Any] = {
            **{name: list(value) if isinstance(value, tuple) else value for name, value in vars(settings).items()},
            "only": list(settings.price_comparison_procurement_methods),
            "not_only": list(settings.no_price_comparison_procurement_methods),
            "excluded": list(settings.excluded_procurement_method_details),
            "names": list(settings.r003_procurement_method_details),
            "days": list(settings.r003_procurement_method_details.values()),
            "margins": bool({"R024", "R058"} & set(settings.flags)),
            "lowest": "R036" in settings.flags,
        }
        self.ask("base")
        if settings.currency is None:
            found = self.ask("currency").fetchone()
            self.given["currency"] = found[0] if found else None
        self.ask("whole")

    def ask(self, section: str, **more: Any) -> duckdb.DuckDBPyConnection:
        """Run the statements of a section; the result is that of the last."""
        known = self.given | more
        for statement in re.sub(r"--.*", "", _sections()[section]).split(";")[:-1]:
            self.connection.execute(statement, {name: known[name] for name in re.findall(r"\$(\w+)", statement)})
        return self.connection

    def values(self, section: str, **more: Any) -> np.ndarray:
        """Give the first column that a section finds."""
        return np.asarray(next(iter(self.ask(section, **more).fetchnumpy().values())), dtype=np.float64)


def red_flags(processes: Processes, settings: Settings | None = None) -> RedFlags:
    """Look for red flags, by Cardinal's defaults where no settings are given.

    Quartiles and fences are those of these very processes: choose
    processes that compare.

    Examples
    --------
    >>> from tikub_lab.procurement.flags.ocds import from_releases
    >>> lone = {"procurementMethod": "open", "numberOfTenderers": 1}
    >>> releases = [{"ocid": "a", "tender": lone}, {"ocid": "b", "tender": {"procurementMethod": "open"}}]
    >>> found = red_flags(from_releases(releases), Settings(flags=("R018",)))
    >>> found.table.to_numpy().tolist()
    [['OCID', 'a', 'R018', 1.0]]
    >>> found.coverage[["drapeau", "examines", "manquants", "signales"]].to_numpy().tolist()
    [['R018', 1, 1, 1]]
    """
    settings = settings or Settings()
    flags = [flag for flag in ALL if flag in settings.flags]
    with duckdb.connect() as connection:
        database = _Database(connection, processes, settings)
        found = {flag: _found(database, flag) for flag in flags}
    rows = {flag: each for flag, (each, _, _) in found.items()}
    evidence = _evidence(processes, {flag: each for flag, (_, each, _) in found.items()})
    table = _table(processes, rows, evidence)
    coverage = pd.DataFrame({"drapeau": pd.Series(flags, dtype="str")}).merge(FLAGS[["drapeau", "libelle"]], how="left")
    coverage["examines"] = [int(rows[flag]["raised"].notna().sum()) for flag in flags]
    coverage["manquants"] = [int(rows[flag]["raised"].isna().sum()) for flag in flags]
    coverage["signales"] = table["drapeau"].value_counts().reindex(flags, fill_value=0).to_numpy(np.int64)
    meta = {flag: item for flag, (_, _, item) in found.items() if item}
    return RedFlags(table, evidence, meta, coverage, database.given["currency"])


def _found(database: _Database, flag: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    own = f"{flag.lower()}_"
    given = {name.removeprefix(own): value for name, value in database.given.items() if name.startswith(own)}
    given["methods"] = given.get("procurement_methods")
    rows, evidence, meta = [], [], dict[str, float]()
    for group in GROUPS[1:] if flag == "R038" else ("",):
        more = given | {"grp": group}
        if f"{flag} values" in _sections():
            values = database.values(f"{flag} values", **more)
            fences, more["fence"] = _fences(values, flag in LOW, given["threshold"])
            if flag == "R025":
                tried = database.connection.execute("SELECT tried FROM attempts").fetchnumpy()["tried"]
                more["often"] = fences["upper_fence"] = quantile(
                    np.asarray(tried, np.float64), given["percentile"] / 100
                )
            if len(values) or not group:
                meta |= {f"{group}_{name}".removeprefix("_"): value for name, value in fences.items()}
        rows.append(database.ask(flag, **more).df())
        if f"{flag} evidence" in _sections():
            evidence.append(database.ask(f"{flag} evidence", **more).df())
    none = pd.DataFrame({"process": [], "grp": [], "party": []})
    return pd.concat(rows), pd.concat(evidence or [none]), meta


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

    NumPy calls it ``median_unbiased``. Operations are in the order
    of statrs, which Cardinal uses, so that a ratio that is equal to
    its fence there is so here. Not a number without values, or for
    a share not between 0 and 1.
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


def _table(processes: Processes, rows: Mapping[str, pd.DataFrame], evidence: pd.DataFrame) -> pd.DataFrame:
    """Name what is raised; of a repeated ``ocid`` the last process stands."""
    parts = [pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS}).astype({"valeur": "float64"})]
    for flag, found in rows.items():
        raised = found[found["raised"].fillna(False).astype(bool)].sort_values("id")
        for group, own in raised.groupby("grp"):
            names = processes.tenders["ocid"] if group == "OCID" else processes.parties
            columns = {
                "groupe": group,
                "id": names.take(own["id"].to_numpy(np.int64)).to_numpy(object),
                "drapeau": flag,
            }
            parts.append(pd.DataFrame({**columns, "valeur": own["value"].to_numpy(np.float64)}))
    for flag, value in TENDERERS.items():
        parties = evidence.loc[evidence["drapeau"] == flag, ["groupe", "id", "drapeau"]]
        parts.append(parties.assign(valeur=value))
    table = pd.concat([part.astype({"groupe": "str", "id": "str", "drapeau": "str"}) for part in parts])
    table = table.drop_duplicates(["groupe", "id", "drapeau"], keep="last")
    table["_order"] = table["groupe"].map(GROUPS.index)
    return table.sort_values(["_order", "drapeau", "id"], ignore_index=True)[list(COLUMNS)]


def _evidence(processes: Processes, found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [pd.DataFrame({name: [] for name in ("drapeau", "ocid", "groupe", "id")})]
    for flag, rows in found.items():
        rows = rows.sort_values(["grp", "process"], kind="stable")
        ocid = processes.tenders["ocid"].take(rows["process"].to_numpy(np.int64)).to_numpy(object)
        party = processes.parties.take(rows["party"].to_numpy(np.int64)).to_numpy(object)
        parts.append(pd.DataFrame({"drapeau": flag, "ocid": ocid, "groupe": rows["grp"].to_numpy(object), "id": party}))
    return pd.concat(parts).astype("str").drop_duplicates(ignore_index=True)


def signals(contracts: pd.DataFrame, suppliers: pd.DataFrame, bids: pd.DataFrame) -> pd.DataFrame:
    """Count the flags that can be looked for: R018 and R048 in the essential data, the others in a bid register.

    Parameters
    ----------
    contracts, suppliers, bids : DataFrame
        Tables ``procurement/contracts``, ``procurement/suppliers``,
        ``procurement/bids`` (of the same contracts; without rows
        where there is no register).

    Returns
    -------
    DataFrame
        One row a flag of which something is known or missing:
        signal (label and code), examines, signales, manquants (see
        :class:`RedFlags`), explication, innocent; the most frequent
        first.

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
        rest = red_flags(from_bids(bids)).coverage
        found = pd.concat([found, rest[~rest["drapeau"].isin(alone)]])
    found = found[found["examines"] + found["manquants"] > 0].merge(FLAGS.drop(columns="libelle"), on="drapeau")
    found["signal"] = found["libelle"] + " (" + found["drapeau"] + ")"
    found["innocent"] = found["innocent"].str[:1].str.lower() + found["innocent"].str[1:]
    return found.sort_values(["signales", "drapeau"], ascending=[False, True], ignore_index=True)[
        ["signal", "examines", "signales", "manquants", "explication", "innocent"]
    ]
