"""The quality rules that Bercy applies to the essential data of procurement (DECP).

Bercy's own are in 139bercy/decp-arr2022, ``augmente/nettoyage.py``,
and follow the legal department's instructions of 15 February 2023.
Where that code departs from its stated rule, the stated rule is
applied here: a repeated digit may be a 6 and must stand in one run;
La Poste's establishments are valid SIRET; every titulaire and every
modification counts.

A *reject* leaves the record out, a *repair* writes the value as it
was meant, a *blank* empties what cannot be used, a *mark* only
says. In amendments a reject blanks the value instead: the contract
itself is sound. A rule looks only at fields that the file carries:
the absence of a column is never held against a row.
"""

import pandas as pd

from tikub_lab.procurement.published.checking import CHECKS
from tikub_lab.procurement.published.mending import MENDS, as_published
from tikub_lab.procurement.published.record import Raw, rejected, staged
from tikub_lab.procurement.published.rules import Rule, ruled
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, log

SOFT = {"amendments", "amendment_suppliers"}
"""Frames in which a reject only blanks the value."""
SHOWN = 40
"""Characters of a value that a record's list of broken rules shows."""
RULES = ruled(MENDS | CHECKS)
"""Every rule that looks at one record, in the order in which they
are applied. Rules across records are in
:mod:`tikub_lab.procurement.published.combine`."""


def clean(raw: Raw) -> tuple[Raw, pd.DataFrame, pd.DataFrame]:
    """Apply every rule to a run of records."""
    sound, _, rejects, repairs = sift(raw)
    return sound, rejects, repairs


def sift(raw: Raw) -> tuple[Raw, Raw, pd.DataFrame, pd.DataFrame]:
    """Apply every rule as :func:`clean` does, and return the rejected records too, after the sound ones."""
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
    out = {name: frame["_line"].isin(lost) for name, frame in after.items()}
    return (
        {name: _named(frame[~out[name]]) for name, frame in after.items()},
        {name: _named(frame[out[name]]) for name, frame in after.items()},
        bad,
        mended,
    )


def _apply(
    rule: Rule,
    frame: pd.DataFrame,
    original: pd.DataFrame,
    field: str,
    soft: bool,
    rejects: list[pd.DataFrame],
    repairs: list[pd.DataFrame],
) -> None:
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


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    if "titulaire_id" in frame:
        frame = frame[frame["titulaire_id"].notna()]
    return frame.reset_index(drop=True)


def lines(rejects: pd.DataFrame, repairs: pd.DataFrame) -> pd.DataFrame:
    """Put what the rules found together by record: ``rule:field=value``, separated by bars.

    Values are cut at :data:`SHOWN` characters.
    """
    logs = {"regles": rejects, "reparations": repairs}
    ids = pd.concat([each.drop_duplicates("line").set_index("line")["id"] for each in logs.values()])
    ids = ids[~ids.index.duplicated()].sort_index()
    found = pd.DataFrame({"_line": ids.index.astype("int64"), "id": ids.to_numpy()}).astype({"id": "str"})
    for name, log_ in logs.items():
        said = _said(log_)
        found[name] = pd.Series([said.get(line) for line in found["_line"]], dtype="str")
    return found


def _said(log_: pd.DataFrame) -> dict[int, str]:
    """Join what a log says of each line (whole columns at once: a large file has millions of findings)."""
    shown = log_["value"].str.slice(0, SHOWN).str.replace("|", "/", regex=False)
    shown = shown.str.replace("\n", " ", regex=False).str.replace("\r", " ", regex=False)
    items = (log_["rule"] + ":" + log_["field"].fillna("") + ("=" + shown).fillna("")).tolist()
    lists: dict[int, list[str]] = {}
    for line, item in zip(log_["line"].tolist(), items, strict=True):
        lists.setdefault(line, []).append(item)
    return {line: "|".join(sorted(each)) for line, each in lists.items()}


def judge(raw: Raw, rows_read: int, odd: pd.DataFrame | None = None) -> Batch:
    """Apply the rules to a run of records and arrange what is left for staging; ``odd`` is what was rejected before."""
    sound, lost, broken, repairs = sift(raw)
    rejects = log(REJECTS, [odd, broken]) if odd is not None else broken
    return Batch(rows_read, staged(sound) | rejected(lost) | findings(rejects, repairs), rejects, repairs)


def findings(rejects: pd.DataFrame, repairs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Arrange what the rules found as a part to stage, where they found something."""
    found = lines(rejects, repairs)
    return {"judged/lines": found} if len(found) else {}
