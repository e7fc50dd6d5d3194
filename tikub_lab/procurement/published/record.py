"""One published contract, of any generation and notation, as flat rows of text.

A record is what a reader hands over: the dict of one ``marche`` or ``contrat-concession``, from JSON or from XML. The
2019 and 2022 formats differ in wrappers (``{"titulaire": {...}}``), in singular and plural names (``technique``,
``techniques``) and in notation; here they all become the same columns of text, which :mod:`.quality` then judges.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tikub_lab.procurement.published.fields import (
    AMENDMENT_FIELDS,
    CONCESSION_FIELDS,
    CONTRACT_FIELDS,
    LISTS,
    SUPPLIER_FIELDS,
)

Raw = dict[str, pd.DataFrame]
"""Frames of text: ``contracts``, ``concessions``, ``suppliers``, ``holders`` (concessionnaires), ``amendments``,
``amendment_suppliers``. Each has ``_line``, the position of the record in its file, from 1."""


def text(value: object) -> str | None:
    """Write a scalar of JSON or XML as text, ``None`` where nothing is said.

    Examples
    --------
    >>> text(" 35 "), text(23350001600040.0), text(True), text(""), text(12.5)
    ('35', '23350001600040', 'true', None, '12.5')
    """
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def split(value: str) -> list[str]:
    """Split the labels of a cell: no label of the lists has a comma, a semicolon or a bar in it."""
    for delimiter in ",;":
        value = value.replace(delimiter, "|")
    return [label.strip() for label in value.split("|") if label.strip()]


def items(value: object, wrapper: str) -> list[dict[str, Any]]:
    """List the objects of a field that is a list, an object or wrapped ones, by generation; empty objects fall away.

    Examples
    --------
    >>> items([{"titulaire": {"id": "1"}}, None, {}], "titulaire") == items({"titulaire": [{"id": "1"}]}, "titulaire")
    True
    """
    if isinstance(value, list):
        return [item for element in value for item in items(element, wrapper)]
    if not isinstance(value, dict) or not value:
        return []
    return items(value[wrapper], wrapper) if wrapper in value else [value]


def labels(record: dict[str, Any], plural: str) -> str | None:
    """Join the labels of a list field with a vertical bar, whatever wraps them."""
    value = record.get(plural)
    if value is None:
        value = record.get(LISTS[plural])
    while isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    try:
        return _joined(*value if isinstance(value, list) else _leaves(value))
    except TypeError:  # more than texts in it
        return _joined(*_leaves(value))


@lru_cache(10_000)
def _joined(*found: str) -> str | None:
    """Join labels, each once: few lists are different."""
    return "|".join(dict.fromkeys(filter(None, map(str.strip, found)))) or None


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return [leaf] if (leaf := text(value)) else []
    return [leaf for element in value for leaf in _leaves(element)]


def is_concession(record: dict[str, Any], kind: str | None = None) -> bool:
    """Tell a concession from a contract: by its container, its ``_type``, its nature, or the fields that it has.

    Examples
    --------
    >>> is_concession({"nature": "DELEGATION DE SERVICE PUBLIC"}), is_concession({"nature": "Marché", "acheteur": {}})
    (True, False)
    """
    if kind:
        return "concession" in kind
    said = f"{record.get('_type')} {record.get('nature')}".lower()
    if "concession" in said or "service public" in said:
        return True
    return "acheteur" not in record and ("autoriteConcedante" in record or "concessionnaires" in record)


def _column(records: Sequence[dict[str, Any]], key: str) -> list[Any]:
    """Read one field of many records: a list of labels, a nested value ``outer_inner``, or a value."""
    if key in LISTS:
        return [labels(record, key) for record in records]
    outer, _, inner = key.partition("_")
    values = [record.get(outer) for record in records]
    return [value.get(inner) if isinstance(value, dict) else None for value in values] if inner else values


_NOTHING = pa.scalar(None, pa.large_string())


def _texts(values: list[Any]) -> pd.Series:
    """Write values as a column of text: at once where all of them are."""
    try:
        column = pa.array(values, pa.large_string())
    except pa.ArrowException:
        column = pa.array(map(text, values), pa.large_string())
    column = pc.utf8_trim_whitespace(column)
    return pd.Series(pc.if_else(pc.equal(column, ""), _NOTHING, column), dtype="str")


_PARTY = {"titulaire_id": "id", "titulaire_typeIdentifiant": "typeIdentifiant", "titulaire_nom": "denominationSociale"}
_NOT_READ = {"acheteur_departement", "acheteur_region", "titulaires"}
_FRAMES = {
    "contracts": {name: name for name in CONTRACT_FIELDS if name not in _NOT_READ} | {"titulaires": "titulaires"},
    "concessions": {name: name for name in CONCESSION_FIELDS},
    "suppliers": _PARTY,
    "holders": _PARTY,
    "amendments": {name: name for name in AMENDMENT_FIELDS if name not in _NOT_READ} | {"modification_id": "id"},
    "amendment_suppliers": _PARTY,
    "oddities": {"value": "value"},
}
"""The columns of each frame, and where a record has their values."""
_CHUNK = 100
"""Records held at once: nested objects that live longer cost more to collect than to read."""


def frames(records: Iterable[tuple[int, str | None, Any]]) -> Raw:
    """Flatten a run of records, each with its line and what contained it, into frames of text.

    ``titulaires`` of contracts and ``concessionnaires`` of concessions are their number here, missing where none is.
    """
    keys = {name: ("_line", *(["_position"] if "amendment" in name else [])) for name in _FRAMES}
    columns = {name: {column: list[Any]() for column in (*keys[name], *_FRAMES[name])} for name in _FRAMES}
    records = iter(records)
    while chunk := list(islice(records, _CHUNK)):
        for name, found in _apart(chunk).items():
            *places, values = zip(*found, strict=True)
            for column, place in zip(keys[name], places, strict=True):
                columns[name][column] += place
            for column, key in _FRAMES[name].items():
                columns[name][column] += _column(values, key)
    return {
        name: pd.DataFrame(
            {
                column: pd.Series(values, dtype="int64") if column in keys[name] else _texts(values)
                for column, values in table.items()
            }
        )
        for name, table in columns.items()
    }


def _apart(records: Iterable[tuple[int, str | None, Any]]) -> dict[str, list[Any]]:
    """Tell what records hold apart: for each frame lines, positions and objects."""
    found: dict[str, list[Any]] = {name: [] for name in _FRAMES}
    for line, kind, record in records:
        if not isinstance(record, dict):
            found["oddities"].append((line, {"value": record}))
            continue
        changes = items(record.get("modifications"), "modification")
        concession = is_concession(record, kind)
        party = "concessionnaire" if concession else "titulaire"
        parties = items(record.get(party + "s"), party)
        counts = {party + "s": len(parties) or None}
        if concession:
            found["concessions"].append((line, record | counts | {"modifications": len(changes)}))
            found["holders"] += [(line, each) for each in parties]
            continue
        found["contracts"].append((line, record | counts))
        found["suppliers"] += [(line, each) for each in parties]
        for position, change in enumerate(changes, 1):
            found["amendments"].append((line, position, change))
            for each in items(change.get("titulaires"), "titulaire"):
                found["amendment_suppliers"].append((line, position, each))
    return {name: rows for name, rows in found.items() if rows}


def frame(columns: dict[str, list[str | None]], lines: Sequence[int]) -> pd.DataFrame:
    """Make a frame of text columns with ``_line``."""
    data = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
    data.insert(0, "_line", pd.Series(lines, dtype="int64"))
    return data


def staged(raw: Raw) -> dict[str, pd.DataFrame]:
    """Arrange judged frames as the parts of tables that an import stages, with ``combine.PARTY_FIELDS``."""
    tables: dict[str, pd.DataFrame] = {}
    amendments = raw.get("amendments", pd.DataFrame())
    changes = _ranked(amendments, raw.get("amendment_suppliers")) if len(amendments) else None
    for name, fields, kind in (
        ("contracts", CONTRACT_FIELDS, "suppliers"),
        ("concessions", CONCESSION_FIELDS, "holders"),
    ):
        if not len(raw.get(name, ())):
            continue
        table, parties = raw[name][["_line", *(field for field in fields if field in raw[name])]], raw[kind]
        lists = _lists(parties, "_line")
        tables[name] = table.assign(
            _rows=1,
            _first=_mapped(table["_line"], lists, lambda ids: ids[:1]),
            _parties=_mapped(table["_line"], lists, sorted),
            _list=_mapped(table["_line"], lists),
        )
        if name == "contracts":
            tables[name]["_changes"] = _changes(table["_line"], changes)
            columns = ["_line", *(field for field in SUPPLIER_FIELDS if field in parties)]
            tables[kind] = parties[columns].assign(_place=range(len(parties)))
        else:
            tables[name]["concessionnaires"] = tables[name]["_list"]
    return tables if changes is None else tables | {"amendments": changes}


def _changes(lines: pd.Series, amendments: pd.DataFrame | None) -> pd.Series:
    """Write the amendments of each contract as one text, empty where it has none."""
    found: dict[Hashable, list[str]] = {}
    if amendments is not None:
        fields = ["montant", "dureeMois", "dateNotificationModification", "titulaires"]
        for line, *values in amendments.set_index("_line")[fields].fillna("").itertuples(name=None):
            found.setdefault(line, []).append("/".join(values).replace("|", "+"))
    return _mapped(lines, found).fillna("")


def _lists(parties: pd.DataFrame, *key: str) -> dict[Hashable, list[str]]:
    """Collect identifiers by record (a loop over rows: ten times faster than a group-by that joins)."""
    found: dict[Hashable, list[str]] = {}
    places, identifiers = [parties[name].tolist() for name in key], parties["titulaire_id"].tolist()
    keys = places[0] if len(key) == 1 else zip(*places, strict=True)
    for at, identifier in zip(keys, identifiers, strict=True):
        found.setdefault(at, []).append(identifier)
    return found


def _mapped(
    keys: Iterable[Hashable], lists: Mapping[Hashable, list[str]], change: Callable[[list[str]], list[str]] = list
) -> pd.Series:
    return pd.Series(["|".join(change(lists[key])) if key in lists else None for key in keys], dtype="str")


def _ranked(amendments: pd.DataFrame, suppliers: pd.DataFrame | None) -> pd.DataFrame:
    """Give amendments their number in the contract: by the number given, then by date, then as they stand."""
    order = amendments.assign(_number=pd.to_numeric(amendments["modification_id"], errors="coerce"))
    dates = ["dateNotificationModification", "datePublicationDonneesModification"]
    order = order.sort_values(["_line", "_number", *dates, "_position"], kind="stable")
    order["modification_id"] = (order.groupby("_line").cumcount() + 1).astype("str")
    lists = {} if suppliers is None else _lists(suppliers, "_line", "_position")
    order = order.reset_index(drop=True)
    order["titulaires"] = _mapped(zip(order["_line"], order["_position"], strict=True), lists)
    return order[["_line", "_number", *AMENDMENT_FIELDS]]
