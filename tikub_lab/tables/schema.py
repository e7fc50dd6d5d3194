"""Table Schema descriptors, read into frozen dataclasses and refused with a clear message where they are broken.

The definition is Table Schema v2 (https://datapackage.org/standard/table-schema/); descriptors of v1 are read as v2
asks of readers (``primaryKey`` a string, an empty ``resource`` for a self-reference, ``fmt:`` before a date pattern).
``custom_checks`` is the extension of Validata, the French validator of open-data tables.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError, nearest

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS = ("minLength", "maxLength")
_ANY = ("required", "unique", "enum")

TYPES: dict[str, tuple[str, ...]] = {
    "string": (*_ANY, *_LENGTHS, "pattern"),
    "number": (*_ANY, *_BOUNDS),
    "integer": (*_ANY, *_BOUNDS),
    "boolean": _ANY,
    "object": (*_ANY, *_LENGTHS, "jsonSchema"),
    "array": (*_ANY, *_LENGTHS, "jsonSchema"),
    "list": (*_ANY, *_LENGTHS),
    "datetime": (*_ANY, *_BOUNDS),
    "date": (*_ANY, *_BOUNDS),
    "time": (*_ANY, *_BOUNDS),
    "year": (*_ANY, *_BOUNDS),
    "yearmonth": (*_ANY, *_BOUNDS),
    "duration": (*_ANY, *_BOUNDS),
    "geopoint": _ANY,
    "geojson": _ANY,
    "any": _ANY,
}
"""The standard's field types, each with the constraints that it takes."""

FORMATS: dict[str, tuple[str, ...]] = {
    "string": ("default", "email", "uri", "binary", "uuid"),
    "geopoint": ("default", "array", "object"),
    "geojson": ("default", "topojson"),
}
"""The types whose formats are a closed list. Dates and times take a pattern besides; other types have no formats."""

FIELDS_MATCH = ("exact", "equal", "subset", "superset", "partial")
ITEM_TYPES = ("string", "integer", "boolean", "number", "datetime", "date", "time")


@dataclass(frozen=True)
class Field:
    """One field of a schema; ``missing_values`` are already those of the schema where the field has none of its own."""

    name: str
    type: str = "any"
    format: str = "default"
    constraints: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    title: str = ""
    description: str = ""
    example: Any = None
    missing_values: tuple[str, ...] = ("",)
    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def categories(self) -> tuple[Any, ...] | None:
        """The values that ``categories`` allows, without their labels, or None."""
        categories = self.raw.get("categories")
        if categories is None:
            return None
        return tuple(item["value"] if isinstance(item, dict) else item for item in categories)


@dataclass(frozen=True)
class ForeignKey:
    """Fields whose values must exist in the fields of a resource (``""``: the same table)."""

    fields: tuple[str, ...]
    resource: str
    reference_fields: tuple[str, ...]


@dataclass(frozen=True)
class CustomCheck:
    """A check by name with its parameters, as Validata writes them."""

    name: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Schema:
    """A Table Schema. ``place`` is the file or object it came from, for messages."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    unique_keys: tuple[tuple[str, ...], ...]
    missing_values: tuple[str, ...]
    fields_match: str
    custom_checks: tuple[CustomCheck, ...]
    raw: Mapping[str, Any]
    place: str = "schema"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return one field by name.

        Raises
        ------
        UsageError
            When the schema has no such field; the message names the nearest.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise UsageError(f"{self.place}: no field {name!r}.{nearest(name, self.names)}")

    @classmethod
    def from_dict(cls, descriptor: Mapping[str, Any], place: str = "schema") -> "Schema":
        """Read a descriptor.

        Parameters
        ----------
        descriptor : mapping
            As in JSON. Other properties than the standard's are kept in ``raw``.
        place : str
            Names the descriptor in messages, such as its file.

        Raises
        ------
        UsageError
            For a broken descriptor; the message names the place, the field, the value found and what is allowed.

        Examples
        --------
        >>> schema = Schema.from_dict({"fields": [{"name": "uai", "type": "string"}], "primaryKey": "uai"})
        >>> schema.primary_key, schema.field("uai").missing_values
        (('uai',), ('',))
        >>> Schema.from_dict({"fields": [{"name": "n", "type": "interger"}]}, place="sites.json")
        Traceback (most recent call last):
        tikub_lab.errors.UsageError: sites.json, field 'n': type 'interger' is not one of string, number, integer, \
boolean, object, array, list, datetime, date, time, year, yearmonth, duration, geopoint, geojson, any. \
Did you mean 'integer'?
        """
        if not isinstance(descriptor, Mapping) or not isinstance(descriptor.get("fields"), list):
            raise UsageError(f"{place}: a Table Schema is a JSON object with a list 'fields'; this one has none.")
        missing = _missing_values(descriptor.get("missingValues", [""]), place)
        untyped = "any" if "/profiles/2" in str(descriptor.get("$schema", "")) else "string"
        fields = tuple(
            _field(item, number, untyped, missing, place) for number, item in enumerate(descriptor["fields"], 1)
        )
        names = [field.name for field in fields]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"{place}: field names used more than once: {', '.join(repeated)}. Names must be unique.")
        match = descriptor.get("fieldsMatch", "exact")
        match = (
            match[0] if isinstance(match, list) and len(match) == 1 else match
        )  # the published 2.0 profile has a list
        _one_of(match, FIELDS_MATCH, f"{place}: fieldsMatch")
        return cls(
            name=str(descriptor.get("name", "")),
            title=str(descriptor.get("title", "")),
            description=str(descriptor.get("description", "")),
            fields=fields,
            primary_key=_key(descriptor.get("primaryKey", []), names, f"{place}: primaryKey"),
            foreign_keys=tuple(_foreign_key(item, names, place) for item in _list(descriptor, "foreignKeys", place)),
            unique_keys=tuple(
                _key(item, names, f"{place}: uniqueKeys") for item in _list(descriptor, "uniqueKeys", place)
            ),
            missing_values=missing,
            fields_match=match,
            custom_checks=tuple(_custom_check(item, place) for item in _list(descriptor, "custom_checks", place)),
            raw=descriptor,
            place=place,
        )


def read_schema(path: Path | str) -> Schema:
    """Read a Table Schema from a JSON file.

    Raises
    ------
    UsageError
        When the file is missing, is not JSON, or is not a Table Schema.

    Examples
    --------
    >>> read_schema("missing.json")
    Traceback (most recent call last):
    tikub_lab.errors.UsageError: missing.json: no such file. A Table Schema is a JSON file.
    """
    try:
        descriptor = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file. A Table Schema is a JSON file.") from None
    except (ValueError, OSError) as error:
        raise UsageError(f"{path}: not readable as JSON ({error}).") from None
    return Schema.from_dict(descriptor, place=str(path))


def _field(item: Any, number: int, untyped: str, missing: tuple[str, ...], place: str) -> Field:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise UsageError(f"{place}, field {number}: a field is a JSON object with a 'name'.")
    where = f"{place}, field {item['name']!r}"
    kind = item.get("type") or untyped
    _one_of(kind, TYPES, f"{where}: type")
    form = str(item.get("format") or "default").removeprefix("fmt:")
    if kind in FORMATS:
        _one_of(form, FORMATS[kind], f"{where}: format")
    if kind == "list":
        _one_of(item.get("itemType", "string"), ITEM_TYPES, f"{where}: itemType")
    return Field(
        name=item["name"],
        type=kind,
        format=form,
        constraints=_constraints(item.get("constraints") or {}, kind, where),
        title=str(item.get("title", "")),
        description=str(item.get("description", "")),
        example=item.get("example"),
        missing_values=_missing_values(item["missingValues"], where) if "missingValues" in item else missing,
        raw=item,
    )


def _constraints(constraints: Any, kind: str, where: str) -> dict[str, Any]:
    if not isinstance(constraints, Mapping):
        raise UsageError(f"{where}: constraints must be a JSON object, found {constraints!r}.")
    for name, value in constraints.items():
        _one_of(name, TYPES[kind], f"{where}: type {kind!r} takes these constraints only; constraint")
        expected = {**dict.fromkeys(("required", "unique"), bool), **dict.fromkeys(_LENGTHS, int)}.get(name)
        expected = {"enum": list, "pattern": str}.get(name, expected)
        if expected and (not isinstance(value, expected) or (expected is int and isinstance(value, bool))):
            raise UsageError(f"{where}: constraint {name!r} must be a {expected.__name__}, found {value!r}.")
        if name == "pattern":
            try:
                re.compile(value)
            except re.error as error:
                raise UsageError(f"{where}: pattern {value!r} is not a regular expression ({error}).") from None
    return dict(constraints)


def _missing_values(entries: Any, where: str) -> tuple[str, ...]:
    """Return the values of ``missingValues``: a list of strings, or of objects with a value and a label (v2)."""
    if isinstance(entries, list):
        values = [item.get("value") if isinstance(item, Mapping) else item for item in entries]
        if all(isinstance(value, str) for value in values):
            return tuple(map(str, values))
    raise UsageError(
        f"{where}: missingValues must be a list of strings, or of objects with a 'value'; found {entries!r}."
    )


def _key(key: Any, names: list[str], where: str) -> tuple[str, ...]:
    fields = [key] if isinstance(key, str) else key
    if not isinstance(fields, list):
        raise UsageError(f"{where} must be a list of field names, found {key!r}.")
    for name in fields:
        _one_of(name, names, where)
    return tuple(fields)


def _foreign_key(item: Any, names: list[str], place: str) -> ForeignKey:
    where = f"{place}: foreignKeys"
    if not isinstance(item, Mapping) or not isinstance(item.get("reference"), Mapping):
        raise UsageError(f"{where}: each is an object with 'fields' and 'reference', found {item!r}.")
    fields = _key(item.get("fields", []), names, where)
    reference = item["reference"].get("fields", [])
    reference = (reference,) if isinstance(reference, str) else tuple(reference)
    if not fields or len(fields) != len(reference):
        raise UsageError(f"{where}: {list(fields)} and {list(reference)} must be lists of the same length, not empty.")
    return ForeignKey(fields, str(item["reference"].get("resource") or ""), reference)


def _custom_check(item: Any, place: str) -> CustomCheck:
    """Read one of ``custom_checks``; the names of checks are known to `tikub_lab.tables.rules`, not here."""
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise UsageError(f"{place}: each of custom_checks is an object with 'name' and 'params', found {item!r}.")
    params = item.get("params") or {}
    if not isinstance(params, Mapping):
        raise UsageError(f"{place}: params of custom check {item['name']!r} must be an object, found {params!r}.")
    return CustomCheck(item["name"], params)


def _list(descriptor: Mapping[str, Any], key: str, place: str) -> list[Any]:
    value = descriptor.get(key) or []
    if not isinstance(value, list):
        raise UsageError(f"{place}: {key} must be a list, found {value!r}.")
    return value


def _one_of(value: Any, allowed: Iterable[str], where: str) -> None:
    allowed = list(allowed)
    if value not in allowed:
        raise UsageError(f"{where} {value!r} is not one of {', '.join(allowed)}.{nearest(str(value), allowed)}")


@lru_cache(maxsize=4)
def aliases(schemas: Path) -> dict[str, str]:
    """Return the other names of tables: their schemas list them (``aliases``), where use cases share a table."""
    found: dict[str, str] = {}
    for path in sorted(schemas.glob("*/*.json")):
        found |= dict.fromkeys(read_schema(path).raw.get("aliases", ()), f"{path.parent.name}/{path.stem}")
    return found
