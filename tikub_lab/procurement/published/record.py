"""One published contract, of any generation and notation, as flat rows of text.

A record is what a reader hands over: the dict of one ``marche`` or
``contrat-concession``, from JSON or from XML. The 2019 and 2022
formats differ in wrappers (``{"titulaire": {...}}``), in singular
and plural names (``technique``, ``techniques``) and in notation;
here they all become the same columns of text, which :mod:`.quality`
then judges.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from tikub_lab.procurement.published.fields import (
    AMENDMENT_FIELDS,
    CONCESSION_FIELDS,
    CONTRACT_FIELDS,
    LISTS,
    SUPPLIER_FIELDS,
)

Raw = dict[str, pd.DataFrame]
"""Frames of text by name: ``contracts``, ``concessions``,
``suppliers``, ``holders`` (concessionnaires), ``amendments``,
``amendment_suppliers``. Each has ``_line``, the position of the
record in its file, from 1."""


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
    if isinstance(value, list) and all(isinstance(label, str) for label in value):  # as nearly all records have it
        return "|".join(dict.fromkeys(filter(None, map(str.strip, value)))) or None
    return "|".join(dict.fromkeys(_leaves(value))) or None


def _leaves(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif leaf := text(value):
        yield leaf


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


def _field(record: dict[str, Any], outer: str, inner: str) -> object:
    value = record.get(outer)
    return value.get(inner) if isinstance(value, dict) else None


def _plain(name: str) -> Callable[[dict[str, Any]], str | None]:
    """Choose how one column is read from a record: a list of labels, a nested value ``outer_inner``, or a value."""
    if name in LISTS:
        return lambda record: labels(record, name)
    outer, _, inner = name.partition("_")
    if inner:
        return lambda record: text(_field(record, outer, inner))
    return lambda record: text(record.get(name))


_NOT_READ = {"acheteur_departement", "acheteur_region", "concessionnaires", "modifications"}
_CONTRACT = {name: _plain(name) for name in CONTRACT_FIELDS if name not in _NOT_READ}
_CONCESSION = {name: _plain(name) for name in CONCESSION_FIELDS if name not in _NOT_READ}
_PARTY = {
    "titulaire_id": _plain("id"),
    "titulaire_typeIdentifiant": _plain("typeIdentifiant"),
    "titulaire_nom": _plain("denominationSociale"),
}
_AMENDMENT = {"modification_id": _plain("id")} | {
    name: _plain(name) for name in AMENDMENT_FIELDS if name not in ("modification_id", "titulaires")
}


class _Rows:
    """Rows of text that become a frame; ``keys`` are the whole numbers in front of the fields."""

    def __init__(self, fields: Mapping[str, Callable[[dict[str, Any]], str | None]], *keys: str):
        self.fields, self.keys = fields, ("_line", *keys)
        self.readers = tuple(fields.values())
        self.rows: list[tuple[Any, ...]] = []

    def add(self, record: dict[str, Any], *at: object) -> None:
        self.rows.append((*at, *[read(record) for read in self.readers]))

    def frame(self) -> pd.DataFrame:
        names = (*self.keys, *self.fields)
        columns = list(zip(*self.rows, strict=True)) or [()] * len(names)
        kinds = ["int64"] * len(self.keys) + ["str"] * len(self.fields)
        data = zip(names, columns, kinds, strict=True)
        return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, values, kind in data})


def frames(records: Iterable[tuple[int, str | None, Any]]) -> Raw:
    """Flatten a run of records, each with its line and what contained it, into frames of text.

    ``titulaires`` of contracts and ``concessionnaires`` of
    concessions are their number here, missing where there is none.
    Records are taken one by one and let go of: thousands of nested
    objects are slow to hold.
    """
    counted = _plain("count")
    rows = {
        "contracts": _Rows(_CONTRACT | {"titulaires": counted}),
        "concessions": _Rows(_CONCESSION | {"concessionnaires": counted, "modifications": _plain("changes")}),
        "suppliers": _Rows(_PARTY),
        "holders": _Rows(_PARTY),
        "amendments": _Rows(_AMENDMENT, "_position"),
        "amendment_suppliers": _Rows(_PARTY, "_position"),
        "oddities": _Rows({"value": _plain("value")}),
    }
    for line, kind, record in records:
        if not isinstance(record, dict):
            rows["oddities"].add({"value": record}, line)
            continue
        changes = items(record.get("modifications"), "modification")
        if is_concession(record, kind):
            parties = items(record.get("concessionnaires"), "concessionnaire")
            rows["concessions"].add({**record, "count": len(parties) or None, "changes": len(changes)}, line)
        else:
            parties = items(record.get("titulaires"), "titulaire")
            rows["contracts"].add({**record, "count": len(parties) or None}, line)
            for position, change in enumerate(changes, 1):
                rows["amendments"].add(change, line, position)
                for party in items(change.get("titulaires"), "titulaire"):
                    rows["amendment_suppliers"].add(party, line, position)
        for party in parties:
            rows["holders" if is_concession(record, kind) else "suppliers"].add(party, line)
    return {name: table.frame() for name, table in rows.items()}


def frame(columns: dict[str, list[str | None]], lines: Sequence[int]) -> pd.DataFrame:
    """Make a frame of text columns with ``_line``."""
    data = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
    data.insert(0, "_line", pd.Series(lines, dtype="int64"))
    return data


def staged(raw: Raw) -> dict[str, pd.DataFrame]:
    """Arrange judged frames as the parts that an import stages, by table.

    ``_first`` is the first titulaire (or concessionnaire),
    ``_parties`` all of them in order of their identifiers: the
    rules on duplicates compare them. ``_list`` is all of them as
    published, ``_changes`` what the amendments say: two
    publications are compared by them.
    """
    tables: dict[str, pd.DataFrame] = {}
    if len(raw.get("contracts", ())):
        columns = ["_line", *(name for name in CONTRACT_FIELDS if name in raw["contracts"])]
        tables["procurement/contracts"] = raw["contracts"][columns].assign(
            _rows=1, **_joined(raw, "contracts", "suppliers"), _changes=_changes(raw)
        )
        suppliers = raw["suppliers"]
        columns = ["_line", *(name for name in SUPPLIER_FIELDS if name in suppliers)]
        tables["procurement/suppliers"] = suppliers[columns].assign(_place=range(len(suppliers)))
    if len(raw.get("concessions", ())):
        columns = ["_line", *(name for name in CONCESSION_FIELDS if name in raw["concessions"])]
        table = raw["concessions"][columns].assign(_rows=1, **_joined(raw, "concessions", "holders"))
        table["concessionnaires"] = _mapped(table["_line"], _lists(raw["holders"], "_line"))
        tables["procurement/concessions"] = table
    if len(raw.get("amendments", ())):
        tables["procurement/amendments"] = _ranked(raw["amendments"], raw.get("amendment_suppliers"))
    return tables


def rejected(raw: Raw) -> dict[str, pd.DataFrame]:
    """Arrange the frames of rejected records as the parts that an import stages, for the table of all records."""
    parts = staged(raw)
    return {
        f"rejected/{name}": parts[f"procurement/{name}"].drop(columns="_rows")
        for name in ("contracts", "concessions")
        if f"procurement/{name}" in parts
    }


def _changes(raw: Raw) -> pd.Series:
    """Write the amendments of each contract as one text, empty where it has none."""
    amendments = raw.get("amendments")
    found: dict[Hashable, list[str]] = {}
    if amendments is not None and len(amendments):
        table = _ranked(amendments, raw.get("amendment_suppliers")).fillna("")
        said = ("montant", "dureeMois", "dateNotificationModification", "titulaires")
        for line, *values in zip(table["_line"], *(table[name] for name in said), strict=True):
            found.setdefault(line, []).append("/".join(values).replace("|", "+"))
    return _mapped(raw["contracts"]["_line"], found).fillna("")


def _lists(parties: pd.DataFrame, *key: str) -> dict[Hashable, list[str]]:
    """Collect identifiers by record (a loop over rows: ten times faster than a group-by that joins)."""
    found: dict[Hashable, list[str]] = {}
    keys = parties[key[0]] if len(key) == 1 else zip(*(parties[name] for name in key), strict=True)
    for at, identifier in zip(keys, parties["titulaire_id"], strict=True):
        found.setdefault(at, []).append(identifier)
    return found


def _mapped(
    keys: Iterable[Hashable], lists: Mapping[Hashable, list[str]], change: Callable[[list[str]], list[str]] = list
) -> pd.Series:
    return pd.Series(["|".join(change(lists[key])) if key in lists else None for key in keys], dtype="str")


def _joined(raw: Raw, name: str, parties: str) -> dict[str, pd.Series]:
    lists, lines = _lists(raw[parties], "_line"), raw[name]["_line"]
    return {
        "_first": _mapped(lines, lists, lambda ids: ids[:1]),
        "_parties": _mapped(lines, lists, sorted),
        "_list": _mapped(lines, lists),
    }


def _ranked(amendments: pd.DataFrame, suppliers: pd.DataFrame | None) -> pd.DataFrame:
    """Give amendments their number in the contract: by the number given, then by date, then as they stand."""
    order = amendments.assign(_number=pd.to_numeric(amendments["modification_id"], errors="coerce"))
    dates = ["dateNotificationModification", "datePublicationDonneesModification"]
    order = order.sort_values(["_line", "_number", *dates, "_position"], kind="stable")
    order["modification_id"] = (order.groupby("_line").cumcount() + 1).astype("str")
    lists = {} if suppliers is None else _lists(suppliers, "_line", "_position")
    order = order.reset_index(drop=True)
    order["titulaires"] = _mapped(zip(order["_line"], order["_position"], strict=True), lists)
    return order[["_line", *AMENDMENT_FIELDS]]
