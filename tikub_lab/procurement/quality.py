"""The quality rules that Bercy applies to the essential data of public procurement (DECP), each named and documented.

Bercy's own are in 139bercy/decp-arr2022, ``augmente/nettoyage.py``, and follow the legal department's instructions of
15 February 2023. Where that code departs from its stated rule, the stated rule is applied here: a repeated digit may
be a 6 and must stand in one run; La Poste's establishments are valid SIRET; every titulaire and every modification
counts.

A *reject* leaves the record out, a *repair* writes the value as it was meant, a *blank* empties what cannot be used, a
*mark* only says. In amendments a reject blanks the value instead: the contract itself is sound. A rule looks only at
fields that the file carries: the absence of a column is never held against a row.
"""

import pandas as pd

from tikub_lab.procurement.checking import CHECKS
from tikub_lab.procurement.mending import MENDS, as_published
from tikub_lab.procurement.records import Raw, staged
from tikub_lab.procurement.rules import Rule
from tikub_lab.tables.imports import REJECTS, REPAIRS, Batch, log

SOFT = {"amendments", "amendment_suppliers"}
"""Frames in which a reject only blanks the value."""
RULES: tuple[Rule, ...] = MENDS + CHECKS
"""Every rule that looks at one record, in the order in which they are applied. Rules across records are in
:mod:`tikub_lab.procurement.combine`."""


def clean(raw: Raw) -> tuple[Raw, pd.DataFrame, pd.DataFrame]:
    """Apply every rule to a run of records.

    Parameters
    ----------
    raw : dict of DataFrame
        Frames of text; see :data:`tikub_lab.procurement.records.Raw`.

    Returns
    -------
    cleaned : dict of DataFrame
        Without the rejected records, mended.
    rejects, repairs : DataFrame
        One row a broken rule; repairs of kept records only.

    Examples
    --------
    >>> from tikub_lab.procurement.records import frames
    >>> cleaned, rejects, repairs = clean(frames([("marche", {"id": "A1", "montant": 0.5})], 1))
    >>> sorted(set(rejects["rule"]))
    ['amount-too-low', 'date-missing', 'object-missing', 'supplier-missing', 'value-missing']
    """
    before = {name: as_published(frame, name) for name, frame in raw.items()}
    after = {name: frame.copy() for name, frame in before.items()}
    rejects: list[pd.DataFrame] = []
    repairs: list[pd.DataFrame] = []
    for rule in RULES:
        for name, fields in rule.fields.items():
            for field in fields:
                if field in after.get(name, ()) and len(after[name]):
                    _apply(rule, after[name], before[name], field, name in SOFT, rejects, repairs)
    ids = pd.concat(
        [frame.set_index("_line")["id"] for frame in after.values() if "id" in frame] or [pd.Series(dtype="str")]
    )
    bad = log(REJECTS, rejects)
    lost = set(bad["line"])
    mended = log(REPAIRS, repairs)
    mended = mended[~mended["line"].isin(lost)].reset_index(drop=True)
    for report in (bad, mended):
        report["id"] = report["line"].map(ids).astype("str")
    return {name: _sound(frame, lost) for name, frame in after.items()}, bad, mended


def _apply(
    rule: Rule,
    frame: pd.DataFrame,
    original: pd.DataFrame,
    field: str,
    soft: bool,
    rejects: list[pd.DataFrame],
    repairs: list[pd.DataFrame],
) -> None:
    """Apply one rule to one field, in place, and note what it found."""
    found = rule.test(frame, field)
    if rule.effect == "reject" and not soft:
        hits, new, report = found, frame[field], rejects
    elif rule.effect in ("reject", "mark"):
        hits, report = found, repairs
        new = frame[field].mask(found) if rule.effect == "reject" else frame[field]
    else:
        hits, new, report = ~((found == frame[field]) | (found.isna() & frame[field].isna())), found, repairs
    if not hits.any():
        return
    rows = pd.DataFrame({"line": frame.loc[hits, "_line"], "value": original.loc[hits, field].to_numpy()})
    rows["replacement"] = new[hits].to_numpy()
    report.append(rows.assign(id=None, field=field, rule=rule.name, message=rule.checks))
    frame[field] = new


def _sound(frame: pd.DataFrame, lost: set[int]) -> pd.DataFrame:
    """Leave out rejected records, and parties whose identifier was emptied."""
    kept = ~frame["_line"].isin(lost)
    if "titulaire_id" in frame:
        kept &= frame["titulaire_id"].notna()
    return frame[kept].reset_index(drop=True)


def judge(raw: Raw, rows_read: int) -> Batch:
    """Apply the rules to a run of records and arrange what is left for staging.

    Examples
    --------
    >>> from tikub_lab.procurement.records import frames
    >>> batch = judge(frames([(None, {"id": "A1"})], first_line=1), rows_read=1)
    >>> batch.rows_read, len(batch.tables), batch.rejects["line"].nunique()
    (1, 0, 1)
    """
    cleaned, rejects, repairs = clean(raw)
    return Batch(rows_read, staged(cleaned), rejects, repairs)
