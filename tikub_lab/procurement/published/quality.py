"""The quality rules that Bercy applies to the essential data of procurement (DECP).

Bercy's own are in 139bercy/decp-arr2022, ``augmente/nettoyage.py``, and follow the legal department's instructions of
15 February 2023. Where that code departs from its stated rule, the stated rule is applied here: a repeated digit may be
a 6 and must stand in one run; La Poste's establishments are valid SIRET; every titulaire and every modification counts.

A *reject* leaves the record out, a *repair* writes the value as it was meant, a *blank* empties what cannot be used, a
*mark* only says. In amendments a reject blanks the value instead: the contract itself is sound. A rule looks only at
fields that the file carries: the absence of a column is never held against a row.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from tikub_lab.procurement.published.record import Raw, staged
from tikub_lab.procurement.published.rules import BOOLEANS, FIELDS, ROWS, RULES, VALUES, Rule, Target, outside
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, log

SOFT = {"amendments", "amendment_suppliers"}
"""Frames in which a reject only blanks the value."""
SHOWN = 40
"""Characters of a value that a record's list of broken rules shows."""
Distinct = dict[Any, tuple[Any, pd.Series]]
"""The distinct values of a field, and which of them each row has."""


def sift(raw: Raw) -> tuple[Raw, Raw, pd.DataFrame, pd.DataFrame]:
    """Apply every rule to a run of records; return sound and rejected records, rejects, and repairs of sound ones."""
    before = {name: _as_published(frame, name) for name, frame in raw.items()}
    after = {name: frame.copy() for name, frame in before.items()}
    logs: dict[bool, list[pd.DataFrame]] = {True: [], False: []}
    distinct: Distinct = {}
    for rule in RULES:
        for target in rule.targets:
            frame = after.get(target.table)
            if frame is None or frame.empty or target.field not in frame:
                continue
            lost = rule.effect == "reject" and target.table not in SOFT
            rows = _found(rule, target, frame, distinct)
            if rows is not None:
                rows["value"] = before[target.table].loc[rows.index, target.field]
                logs[lost].append(rows.assign(id=None, field=target.field, rule=rule.name, message=rule.checks))
    ids = pd.concat(
        [frame.set_index("_line")["id"] for frame in after.values() if "id" in frame] or [pd.Series(dtype="str")]
    )
    rejects, repairs = log(REJECTS, logs[True]), log(REPAIRS, logs[False])
    bad = set(rejects["line"])
    repairs = repairs[~repairs["line"].isin(bad)].reset_index(drop=True)
    for report in (rejects, repairs):
        report["id"] = report["line"].map(ids).astype("str")
    out = {name: frame["_line"].isin(bad) for name, frame in after.items()}
    sound = {name: _named(frame[~out[name]]) for name, frame in after.items()}
    return sound, {name: _named(frame[out[name]]) for name, frame in after.items()}, rejects, repairs


def _as_published(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Read the notations that the formats allow for the same value: ``oui``, ``1`` and ``true``."""
    booleans = [name for name, kind in FIELDS.get(table, {}).items() if kind == "boolean" and name in frame]
    return frame.assign(**{name: frame[name].replace(BOOLEANS) for name in booleans})


def _found(rule: Rule, target: Target, frame: pd.DataFrame, distinct: Distinct) -> pd.DataFrame | None:
    """Apply a rule to a field, and return line and replacement of what it found.

    Most rules see the distinct values of a field: they are few, or sound.
    """
    key, column = target[:2], frame[target.field]
    if by_row := rule.name in ROWS:
        values = column
        found = ROWS[rule.name](frame, target.field)
    else:
        if key not in distinct:
            codes, known = pd.factorize(column)
            distinct[key] = codes, pd.Series(known, dtype="str")
        codes, values = distinct[key]
        found = VALUES.get(rule.name, outside)(values, target)
    told = found.dtype == bool  # which values break the rule, or what they become
    hits = found if told else (found != values) & (found.notna() | values.notna())
    if not hits.any():
        return None
    if told:
        blank = rule.effect == "blank" or (rule.effect == "reject" and target.table in SOFT)
        found = values.mask(hits) if blank else values
    if not by_row:
        hits = pd.Series(hits.to_numpy()[codes] & (codes >= 0), column.index)
        found = column.mask(hits, pd.Series(found.to_numpy()[codes], column.index))
    distinct.pop(key, None)
    frame[target.field] = found
    return pd.DataFrame({"line": frame.loc[hits, "_line"], "replacement": found[hits]})


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


def judge(raw: Raw, rows_read: int, odd: pd.DataFrame | None = None, arranged: Callable[[Raw], Raw] = staged) -> Batch:
    """Apply the rules to a run of records and arrange for staging what is left, what is not, and what the rules found.

    ``odd`` is what was rejected before.
    """
    sound, lost, broken, repairs = sift(raw)
    rejects = broken if odd is None else log(REJECTS, [odd, broken])
    tables = {f"procurement/{name}": table for name, table in arranged(sound).items()}
    lost = {name: table for name, table in arranged(lost).items() if "_rows" in table}
    tables |= {f"rejected/{name}": table.drop(columns="_rows") for name, table in lost.items()}
    if len(found := lines(rejects, repairs)):
        tables["judged/lines"] = found
    return Batch(rows_read, tables, rejects, repairs)
