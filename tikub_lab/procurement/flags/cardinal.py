"""Red flags of the Open Contracting Partnership, equal to those of its tool Cardinal 0.0.8.

A red flag is a reason to look, not a finding: :data:`FLAGS` says what may be innocent about each. The flags work on
:class:`~tikub_lab.procurement.flags.processes.Processes`, which come from OCDS releases (:mod:`.ocds`), from a bid
register (:mod:`.bids`) or, for R018 and R048, from the essential data (:func:`.processes.from_contracts`).

Two things differ from Cardinal, both where its own result depends on chance: a repeated ``ocid`` counts in the order of
the file (Cardinal reads lines in parallel), and a margin of zero over zero is left out and counted as missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.procurement.flags.bids import from_bids
from tikub_lab.procurement.flags.outliers import r024, r025, r038, r048, r058
from tikub_lab.procurement.flags.processes import Processes, from_contracts
from tikub_lab.procurement.flags.rules import r003, r018, r028, r030, r035, r036
from tikub_lab.procurement.flags.settings import ALL, Settings, cardinal_settings
from tikub_lab.procurement.flags.view import COLUMNS, GROUPS, Finding, View
from tikub_lab.procurement.flags.words import FLAGS, GROUP_LABELS

__all__ = [
    "ALL", "FLAGS", "GROUP_LABELS", "RedFlags", "Settings", "as_cardinal", "cardinal_settings", "r003", "r018", "r024",
    "r025", "r028", "r030", "r035", "r036", "r038", "r048", "r058", "red_flags", "signals",
]  # fmt: skip

FUNCTIONS: dict[str, Callable[[View], Finding]] = {
    "R003": r003, "R018": r018, "R024": r024, "R025": r025, "R028": r028, "R030": r030, "R035": r035, "R036": r036,
    "R038": r038, "R048": r048, "R058": r058,
}  # fmt: skip


@dataclass(frozen=True)
class RedFlags:
    """What :func:`red_flags` finds.

    Attributes
    ----------
    table : DataFrame
        One row a flag raised: groupe (OCID, Buyer, ProcuringEntity, Tenderer), id, drapeau, valeur.
    evidence : DataFrame
        Which process points at whom: drapeau, ocid, groupe, id. For R025 the processes that the tenderer lost, for R038
        those with disqualified bids, for R048 those won.
    meta : dict of str to dict of str to float
        Quartiles and fences by flag, as Cardinal names them.
    coverage : DataFrame
        One row a flag looked for: drapeau, libelle, examines (processes or parties that could be looked at), manquants
        (processes that could not, for want of data), signales (rows of the table).
    currency : str or None
        The currency in which prices were compared.
    skipped : int
        Records that were no process.
    """

    table: pd.DataFrame
    evidence: pd.DataFrame
    meta: dict[str, dict[str, float]]
    coverage: pd.DataFrame
    currency: str | None
    skipped: int


def red_flags(processes: Processes, settings: Settings | None = None) -> RedFlags:
    """Look for red flags.

    Parameters
    ----------
    processes : Processes
    settings : Settings, optional
        Cardinal's defaults where not given.

    Returns
    -------
    RedFlags
        Quartiles and fences are those of these very processes: choose processes that compare.

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
    view = View(processes, settings)
    flags = [flag for flag in ALL if flag in settings.flags]
    found = {flag: FUNCTIONS[flag](view) for flag in flags}
    table = _table(processes, found)
    raised = table["drapeau"].value_counts()
    coverage = pd.DataFrame(
        {
            "drapeau": pd.Series(flags, dtype="str"),
            "libelle": FLAGS.set_index("drapeau")["libelle"].reindex(flags).to_numpy(object),
            "examines": pd.Series([found[flag].examined for flag in flags], dtype="int64"),
            "manquants": pd.Series([found[flag].missing for flag in flags], dtype="int64"),
            "signales": raised.reindex(flags, fill_value=0).to_numpy(np.int64),
        }
    )
    return RedFlags(
        table=table,
        evidence=_evidence(processes, found),
        meta={flag: dict(item.meta) for flag, item in found.items() if item.meta},
        coverage=coverage,
        currency=view.currency,
        skipped=processes.skipped,
    )


def _table(processes: Processes, found: Mapping[str, Finding]) -> pd.DataFrame:
    parts = [_empty(COLUMNS).astype({"valeur": "float64"})]
    for flag, finding in found.items():
        for group, which, values in finding.results:
            names = processes.tenders["ocid"] if group == "OCID" else processes.parties
            part = {"groupe": group, "id": names.take(which).to_numpy(object), "drapeau": flag, "valeur": values}
            parts.append(pd.DataFrame(part).astype({"groupe": "str", "id": "str", "drapeau": "str"}))
    table = pd.concat(parts, ignore_index=True).drop_duplicates(["groupe", "id", "drapeau"], keep="last")
    order = table["groupe"].map({group: rank for rank, group in enumerate(GROUPS)})
    return table.assign(_order=order).sort_values(["_order", "drapeau", "id"], ignore_index=True)[list(COLUMNS)]


def _evidence(processes: Processes, found: Mapping[str, Finding]) -> pd.DataFrame:
    columns = ("drapeau", "ocid", "groupe", "id")
    parts = [_empty(columns)]
    for flag, finding in found.items():
        for process, group, party in finding.evidence:
            part = {
                "drapeau": flag,
                "ocid": processes.tenders["ocid"].take(process).to_numpy(object),
                "groupe": group,
                "id": processes.parties.take(party).to_numpy(object),
            }
            parts.append(pd.DataFrame(part).astype("str"))
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})


def signals(contracts: pd.DataFrame, suppliers: pd.DataFrame, bids: pd.DataFrame) -> pd.DataFrame:
    """Count the flags that can be looked for: R018 and R048 in the essential data, the others in a bid register.

    Parameters
    ----------
    contracts, suppliers, bids : DataFrame
        Tables ``procurement/contracts``, ``procurement/suppliers``, ``procurement/bids`` (of the same contracts;
        without rows where there is no register).

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
        rest = red_flags(from_bids(bids)).coverage
        found = pd.concat([found, rest[~rest["drapeau"].isin(alone)]])
    found = found[found["examines"] + found["manquants"] > 0].merge(FLAGS.drop(columns="libelle"), on="drapeau")
    found["signal"] = found["libelle"] + " (" + found["drapeau"] + ")"
    found["innocent"] = found["innocent"].str[:1].str.lower() + found["innocent"].str[1:]
    return found.sort_values(["signales", "drapeau"], ascending=[False, True], ignore_index=True)[
        ["signal", "examines", "signales", "manquants", "explication", "innocent"]
    ]


def as_cardinal(found: RedFlags | pd.DataFrame, meta: bool = False) -> dict[str, Any]:
    """Write red flags in the form in which Cardinal prints them.

    Parameters
    ----------
    found : RedFlags or its table
    meta : bool
        Add ``Meta``: quartiles and fences rounded to four decimals.

    Returns
    -------
    dict
        Values by group, identifier and flag; a group without any is absent. What JSON has no number for is None.

    Examples
    --------
    >>> as_cardinal(pd.DataFrame([["OCID", "a", "R018", 1.0]], columns=list(COLUMNS)))
    {'OCID': {'a': {'R018': 1.0}}}
    """
    table = found.table if isinstance(found, RedFlags) else found
    nested: dict[str, Any] = {}
    for group, identifier, flag, value in table[list(COLUMNS)].itertuples(index=False, name=None):
        nested.setdefault(group, {}).setdefault(identifier, {})[flag] = value if isfinite(value) else None
    if meta and isinstance(found, RedFlags):
        nested["Meta"] = {
            flag: {name: _rounded(value) for name, value in values.items()} for flag, values in found.meta.items()
        }
    return nested


def _rounded(value: float) -> float | None:
    """Round half away from zero to four decimals, as Rust does (Python rounds half to even)."""
    if not isfinite(value):
        return None
    scaled = abs(value) * 10_000
    whole = int(scaled)
    return (whole + (scaled - whole >= 0.5)) / 10_000 * (1 if value >= 0 else -1)
