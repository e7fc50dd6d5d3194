"""The header of a table against a schema: which field each column holds, as ``fieldsMatch`` says, and what is wrong."""

from dataclasses import dataclass, field
from typing import NamedTuple

from tikub_lab.tables.schema import Field, Schema


class HeaderProblem(NamedTuple):
    """A broken rule of the header, on row 1."""

    field: str
    value: str
    rule: str


@dataclass
class Header:
    """For each column, its field (one of type ``any`` for a column that the schema does not know), and the problems."""

    fields: list[Field] = field(default_factory=list)
    problems: list[HeaderProblem] = field(default_factory=list)


def match_header(labels: tuple[str, ...], schema: Schema) -> Header:
    """Match labels with fields: by order for ``exact``, by name for the other values of ``fieldsMatch``.

    Parameters
    ----------
    labels : tuple of str
        The labels of the columns.
    schema : Schema

    Returns
    -------
    Header
        Rules: ``blank-header`` (no label at all), ``extra-label``, ``missing-label``, ``blank-label``,
        ``duplicate-label``, ``incorrect-label`` (another name at this place), ``unmatched-header`` (no field).

    Examples
    --------
    >>> schema = Schema.from_dict({"fields": [{"name": "uai"}, {"name": "nom"}]})
    >>> [tuple(problem) for problem in match_header(("uai", "name", "x"), schema).problems]
    [('x', 'x', 'extra-label'), ('nom', 'name', 'incorrect-label')]
    """
    if not any(labels):
        return Header(problems=[HeaderProblem("", "", "blank-header")])
    return _by_order(labels, schema) if schema.fields_match == "exact" else _by_name(labels, schema)


def _by_order(labels: tuple[str, ...], schema: Schema) -> Header:
    count = len(schema.fields)
    header = Header([*schema.fields[: len(labels)], *(Field(label) for label in labels[count:])])
    header.problems += [HeaderProblem(label, label, "extra-label") for label in labels[count:]]
    header.problems += [HeaderProblem(item.name, "", "missing-label") for item in schema.fields[len(labels) :]]
    for position, (item, label) in enumerate(zip(schema.fields, labels, strict=False)):
        if not label:
            header.problems.append(HeaderProblem(item.name, "", "blank-label"))
        elif label in labels[:position]:
            header.problems.append(HeaderProblem(item.name, label, "duplicate-label"))
        elif label != item.name:
            header.problems.append(HeaderProblem(item.name, label, "incorrect-label"))
    return header


def _by_name(labels: tuple[str, ...], schema: Schema) -> Header:
    known = {item.name: item for item in schema.fields}
    header = Header()
    for position, label in enumerate(labels):
        repeated = label in labels[:position]
        # the first of repeated columns is the field; the others are read as unknown ones
        header.fields.append(Field(label) if repeated else known.get(label, Field(label)))
        if repeated:
            header.problems.append(HeaderProblem(label, label, "duplicate-label"))
        elif label not in known and schema.fields_match not in {"subset", "partial"}:
            header.problems.append(HeaderProblem(label, label, "extra-label"))
    may_miss = schema.fields_match in {"superset", "partial"}
    for item in schema.fields:
        needed = item.constraints.get("required") or item.name in schema.primary_key
        if item.name not in labels and (needed or not may_miss):
            header.problems.append(HeaderProblem(item.name, "", "missing-label"))
    if schema.fields_match == "partial" and not set(known) & set(labels):
        header.problems.append(HeaderProblem("", "", "unmatched-header"))
    return header
