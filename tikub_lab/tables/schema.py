"""Table Schema descriptors, read into frozen dataclasses and refused with a clear message where they are broken.

The definition is Table Schema v2 (https://datapackage.org/standard/table-schema/), as far as tables here need it;
descriptors of v1 are read as v2 asks of readers (``primaryKey`` a string, an empty ``resource`` for a self-reference,
``fmt:`` before a date pattern). ``custom_checks`` is the extension of Validata, the French validator of open data.
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
    "date": (*_ANY, *_BOUNDS),
    "datetime": (*_ANY, *_BOUNDS),
    "year": (*_ANY, *_BOUNDS),
    "list": ("required",),
    "geojson": ("required",),
    "any": _ANY,
}
"""The field types that tables have, each with the constraints that it takes. Items of lists are text."""

CHECKS = {
    "french-siret-value": "SIRET, with La Poste's exception",
    "french-siren-value": "SIREN",
    "french-rna-value": "number of the Répertoire national des associations",
    "french-uai-value": "UAI of a school, with its letter",
    "compare-columns-value": "`column` `op` `column2`",
    "one-of-required": "one of `column1`, `column2` (or of `columns`) has a value",
}
"""Custom checks. Missing values are left to ``required``, but for ``one-of-required``."""
OPERATORS = ("<", "<=", "==", ">=", ">")
FIELDS_MATCH = ("exact", "equal", "subset", "superset", "partial")
_NOT_READ = {"decimalChar", "groupChar", "bareNumber", "categories", "uniqueKeys"}


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
    def unit(self) -> str:
        """What a number is counted in: what its title has in parentheses, as in « Coût (€ HT) »."""
        found = re.search(r"\(([^)]+)\)$", self.title) if self.type in ("number", "integer") else None
        return found[1] if found else ""


@dataclass(frozen=True)
class ForeignKey:
    """Fields whose values must exist in the fields of a resource (``""``: the same table)."""

    fields: tuple[str, ...]
    resource: str
    reference_fields: tuple[str, ...]


@dataclass(frozen=True)
class CustomCheck:
    """A check by name, the columns that it names by any of Validata's parameters, and its operator if it has one."""

    name: str
    columns: tuple[str, ...]
    op: str = ""


@dataclass(frozen=True)
class Schema:
    """A Table Schema. ``place`` is the file or object it came from, for messages."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    missing_values: tuple[str, ...]
    fields_match: str
    custom_checks: tuple[CustomCheck, ...]
    raw: Mapping[str, Any]
    place: str = "schema"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def needed(self) -> frozenset[str]:
        """The names of fields without which there is no row: required ones, and those of the primary key."""
        return frozenset(self.primary_key) | {field.name for field in self.fields if field.constraints.get("required")}

    def field(self, name: str) -> Field:
        """Return one field by name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise UsageError(f"{self.place}: no field {name!r}.{nearest(name, self.names)}")

    @classmethod
    def from_dict(cls, descriptor: Mapping[str, Any], place: str = "schema") -> "Schema":
        """Read a descriptor; ``place`` names it in messages.

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
boolean, date, datetime, year, list, geojson, any. Did you mean 'integer'?
        """
        if not isinstance(descriptor, Mapping) or not isinstance(descriptor.get("fields"), list):
            raise UsageError(f"{place}: a Table Schema is a JSON object with a list 'fields'; this one has none.")
        _refuse_options(descriptor, place)
        missing = _missing_values(descriptor.get("missingValues", [""]), place)
        untyped = "any" if "/profiles/2" in str(descriptor.get("$schema", "")) else "string"
        fields = tuple(
            _field(item, number, untyped, missing, place) for number, item in enumerate(descriptor["fields"], 1)
        )
        names = [field.name for field in fields]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"{place}: field names used more than once: {', '.join(repeated)}. Names must be unique.")
        match = descriptor.get("fieldsMatch", "exact")
        match = match[0] if isinstance(match, list) and len(match) == 1 else match  # a list in the published profile
        _one_of(match, FIELDS_MATCH, f"{place}: fieldsMatch")
        return cls(
            name=str(descriptor.get("name", "")),
            title=str(descriptor.get("title", "")),
            description=str(descriptor.get("description", "")),
            fields=fields,
            primary_key=_key(descriptor.get("primaryKey", []), names, f"{place}: primaryKey"),
            foreign_keys=tuple(_foreign_key(item, names, place) for item in _list(descriptor, "foreignKeys", place)),
            missing_values=missing,
            fields_match=match,
            custom_checks=tuple(
                _custom_check(item, names, place) for item in _list(descriptor, "custom_checks", place)
            ),
            raw=descriptor,
            place=place,
        )


def read_schema(path: Path | str) -> Schema:
    """Read a Table Schema from a JSON file, or say why it is none.

    Examples
    --------
    >>> from tikub_lab.tables import workbench
    >>> read_schema(workbench() / "data" / "schemas" / "energy" / "prices.json").primary_key
    ('energie', 'annee')
    """
    try:
        descriptor = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file. A Table Schema is a JSON file.") from None
    except (ValueError, OSError, RecursionError) as error:
        raise UsageError(f"{path}: not readable as JSON ({error}).") from None
    return Schema.from_dict(descriptor, place=str(path))


def _field(item: Any, number: int, untyped: str, missing: tuple[str, ...], place: str) -> Field:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise UsageError(f"{place}, field {number}: a field is a JSON object with a 'name'.")
    where = f"{place}, field {item['name']!r}"
    kind = item.get("type") or untyped
    _one_of(kind, TYPES, f"{where}: type")
    _refuse_options(item, where)
    form = str(item.get("format") or "default").removeprefix("fmt:")
    if form != "default" and not (kind in {"date", "datetime"} and "%" in form):
        raise UsageError(f"{where}: format {form!r} is not read; dates may have a pattern such as %d/%m/%Y.")
    if kind == "list":
        _one_of(item.get("itemType", "string"), ["string"], f"{where}: itemType")
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


def _refuse_options(item: Mapping[str, Any], where: str) -> None:
    if unread := sorted(_NOT_READ & item.keys()):
        raise UsageError(f"{where}: {unread[0]!r} is not read; leave it out, or write the values in the default form.")


def _constraints(constraints: Any, kind: str, where: str) -> dict[str, Any]:
    if not isinstance(constraints, Mapping):
        raise UsageError(f"{where}: constraints must be a JSON object, found {constraints!r}.")
    kinds: dict[str, type] = {
        **dict.fromkeys(("required", "unique"), bool), **dict.fromkeys(_LENGTHS, int), "enum": list, "pattern": str,
    }  # fmt: skip
    for name, value in constraints.items():
        _one_of(name, TYPES[kind], f"{where}: type {kind!r} takes these constraints only; constraint")
        expected = kinds.get(name)
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


def _custom_check(item: Any, names: list[str], place: str) -> CustomCheck:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise UsageError(f"{place}: each of custom_checks is an object with 'name' and 'params', found {item!r}.")
    name, params = item["name"], item.get("params") or {}
    where = f"{place}: custom check {name!r}"
    if not isinstance(params, Mapping):
        raise UsageError(f"{place}: params of custom check {name!r} must be an object, found {params!r}.")
    if name not in CHECKS:
        raise UsageError(f"{where} is not known.{nearest(name, CHECKS)} Known: {', '.join(sorted(CHECKS))}.")
    columns: list[str] = []
    for key in ("column", "column1", "column2", "columns"):
        value = params.get(key) or []
        columns += [value] if isinstance(value, str) else [name for name in value if isinstance(name, str)]
    if len(columns) < (1 if name.startswith("french-") else 2):
        raise UsageError(f"{where} names too few columns in {dict(params)}.")
    for column in columns:
        if column not in names:
            raise UsageError(f"{where}: the schema has no field {column!r}.{nearest(column, names)}")
    if name == "compare-columns-value" and params.get("op") not in OPERATORS:
        raise UsageError(f"{where}: op {params.get('op')!r} is not one of {', '.join(OPERATORS)}.")
    return CustomCheck(name, tuple(columns), str(params.get("op", "")))


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
