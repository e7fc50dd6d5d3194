"""Table Schema descriptors, read into frozen dataclasses, or refused where they are broken.

The definition is Table Schema v2 (https://datapackage.org/standard/table-schema/), as far as tables here need it;
descriptors of v1 are read as v2 asks of readers (``primaryKey`` a string, an empty ``resource`` for a self-reference,
``fmt:`` before a date pattern). ``custom_checks`` is the extension of Validata, the French validator of open data.
"""

import dataclasses
import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tikub_lab.errors import UsageError, nearest


@dataclass(frozen=True)
class Field:
    """One field of a schema, whose ``missing_values`` are the schema's where it has none."""

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


class ForeignKey(NamedTuple):
    """Fields whose values must exist in the fields of a resource (``""``: the same table)."""

    fields: tuple[str, ...]
    resource: str
    reference_fields: tuple[str, ...]


class CustomCheck(NamedTuple):
    """A check by name, its columns by any of Validata's parameters, and its operator if any."""

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
        """The fields without which there is no row: required ones, and the primary key's."""
        return frozenset(self.primary_key) | {field.name for field in self.fields if field.constraints.get("required")}

    def field(self, name: str) -> Field:
        """Return one field by name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise UsageError(f"{self.place}: no field {name!r}.{nearest(name, self.names)}")

    @classmethod
    def from_dict(cls, descriptor: Mapping[str, Any], place: str = "schema") -> "Schema":
        """Read a descriptor, or refuse it in one line that says where it is broken; ``place`` names it there."""
        validate(descriptor, "table-schema.json", place)
        missing = _missing_values(descriptor, ("",))
        untyped = "any" if "/profiles/2" in str(descriptor.get("$schema", "")) else "string"
        fields = tuple(_field(item, untyped, missing) for item in descriptor["fields"])
        names = [field.name for field in fields]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"{place}: field names used more than once: {', '.join(repeated)}. Names must be unique.")
        match = descriptor.get("fieldsMatch", "exact")
        return cls(
            name=str(descriptor.get("name", "")),
            title=str(descriptor.get("title", "")),
            description=str(descriptor.get("description", "")),
            fields=fields,
            primary_key=_key(descriptor.get("primaryKey", []), names, f"{place}: primaryKey"),
            foreign_keys=tuple(_foreign_key(item, names, place) for item in descriptor.get("foreignKeys") or []),
            fields_match=match if isinstance(match, str) else match[0],
            custom_checks=tuple(_custom_check(item, names, place) for item in descriptor.get("custom_checks") or []),
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
    file = Path(path)
    return _read(file, file.stat().st_mtime_ns if file.is_file() else 0)


@lru_cache(maxsize=128)
def _read(path: Path, _changed: int) -> Schema:
    return Schema.from_dict(read_json(path, f"{path}: no such file. A Table Schema is a JSON file."), place=str(path))


def read_json(path: Path, absent: str) -> Any:
    """Read a JSON file; ``absent`` is the message where it is not there."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(absent) from None
    except (ValueError, OSError, RecursionError) as error:
        raise UsageError(f"{path}: not readable as JSON ({error}). Restore the file.") from None


@cache
def _profile(name: str) -> Any:
    import fastjsonschema

    return fastjsonschema.compile(json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8")))


def validate(descriptor: Any, profile: str, place: str) -> None:
    """Hold a descriptor against a profile (JSON Schema), which has words for what can be wrong."""
    import fastjsonschema

    try:
        _profile(profile)(descriptor)
    except fastjsonschema.JsonSchemaValueException as error:
        _, *path = error.path
        parents = [descriptor]
        for step in path:
            parents.append(parents[-1][int(step) if isinstance(parents[-1], list) else step])
        if len(path) > 1 and path[0] in ("fields", "resources"):
            name = parents[2].get("name") if isinstance(parents[2], Mapping) else None
            place += f", {path[0][:-1]} {name!r}" if name else f", {path[0][:-1]} {int(path[1]) + 1}"
        allowed, value = error.rule_definition if error.rule == "enum" else [], error.value
        if error.rule == "additionalProperties":
            allowed = [*error.definition["properties"]]
            value = next(name for name in value if name not in allowed)
        allowed = [item for item in allowed if isinstance(item, str)]
        words = {"name": error.path[-1], "value": value, "cause": error.__context__, "allowed": ", ".join(allowed)}
        words |= {"parent": parents[-2:][0], "grandparent": parents[-3:][0], "near": nearest(str(value), allowed)}
        said = error.definition["errorMessage"].format(**words)
        raise UsageError(f"{place}: {said}" + "." * (said[-1] not in ".?")) from None


def _field(item: Mapping[str, Any], untyped: str, missing: tuple[str, ...]) -> Field:
    return Field(
        name=item["name"],
        type=item.get("type") or untyped,
        format=str(item.get("format") or "default").removeprefix("fmt:"),
        constraints=dict(item.get("constraints") or {}),
        title=str(item.get("title", "")),
        description=str(item.get("description", "")),
        example=item.get("example"),
        missing_values=_missing_values(item, missing),
        raw=item,
    )


def _missing_values(item: Mapping[str, Any], default: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``missingValues``: a list of strings, or of objects with a value and a label (v2)."""
    return tuple(one if isinstance(one, str) else one["value"] for one in item.get("missingValues", default))


def _key(key: str | list[str], names: Sequence[str], where: str) -> tuple[str, ...]:
    fields = (key,) if isinstance(key, str) else tuple(key)
    for name in fields:
        _one_of(name, names, where)
    return fields


def _foreign_key(item: Mapping[str, Any], names: Sequence[str], place: str) -> ForeignKey:
    where, other = f"{place}: foreignKeys", item["reference"]["fields"]
    fields, reference = _key(item["fields"], names, where), (other,) if isinstance(other, str) else tuple(other)
    if not fields or len(fields) != len(reference):
        raise UsageError(f"{where}: {list(fields)} and {list(reference)} must be lists of the same length, not empty.")
    return ForeignKey(fields, item["reference"].get("resource") or "", reference)


def _custom_check(item: Mapping[str, Any], names: Sequence[str], place: str) -> CustomCheck:
    name, params = item["name"], item.get("params") or {}
    where = f"{place}: custom check {name!r}"
    columns: list[str] = []
    for key in ("column", "column1", "column2", "columns"):
        value = params.get(key) or []
        columns += [value] if isinstance(value, str) else [name for name in value if isinstance(name, str)]
    if len(columns) < (1 if name.startswith("french-") else 2):
        raise UsageError(f"{where} names too few columns in {dict(params)}.")
    for column in columns:
        if column not in names:
            raise UsageError(f"{where}: the schema has no field {column!r}.{nearest(column, names)}")
    return CustomCheck(name, tuple(columns), str(params.get("op", "")))


def _one_of(value: Any, allowed: Collection[str], where: str) -> None:
    if value not in allowed:
        raise UsageError(f"{where} {value!r} is not one of {', '.join(allowed)}.{nearest(str(value), allowed)}")


def read_schemas(schemas: Path) -> dict[str, Schema]:
    """Return the schemas in a folder, by the names of their tables."""
    found = [f"{folder}/{file}" for folder, _, files in os.walk(schemas) for file in files if file.endswith(".json")]
    return _read_all(schemas, tuple((file, os.stat(file).st_mtime_ns) for file in found))  # noqa: PTH116 -- asked often


@lru_cache(maxsize=4)
def _read_all(schemas: Path, found: tuple[tuple[str, int], ...]) -> dict[str, Schema]:
    paths = sorted(Path(file) for file, _ in found)
    return {path.relative_to(schemas).with_suffix("").as_posix(): read_schema(path) for path in paths}


def aliases(schemas: Path) -> dict[str, str]:
    """Return other names of tables that use cases share, as schemas list them (``aliases``)."""
    return {other: name for name, schema in read_schemas(schemas).items() for other in schema.raw.get("aliases", ())}
