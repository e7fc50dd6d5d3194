"""The first half of an import: what a reader gives, checked against the schemas, as Parquet parts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tikub_lab.errors import TikubError, UsageError
from tikub_lab.tables.archives import Member
from tikub_lab.tables.check import check
from tikub_lab.tables.frames import HEADER_ROWS
from tikub_lab.tables.identifiers import FORMS
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Reader, Staged, log
from tikub_lab.tables.schema import Field, Schema
from tikub_lab.tables.sheets import overlooked

PLAIN = "plain/"
"""Before the staged tables of readers without a ``combine``: their rows have the columns of the table itself."""
UNCHECKED = ("rejected/", "judged/")
"""Before staged tables whose values are those that the rules refused."""

_LIMITS = {
    "required": "filled in", "enum": "one of {}", "minimum": "at least {}", "maximum": "at most {}",
    "exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}", "minLength": "at least {} characters long",
    "maxLength": "at most {} characters long", "pattern": "written like {}", "type-error": "of type {}",
    "too-large": "a number whose digits can all be kept", "compare-columns-value": "in the order {}",
    "one-of-required": "filled in, one of them at least",
}  # fmt: skip


class Parts:
    """Staged tables on their way to Parquet: a file a table, and another where columns differ."""

    def __init__(self, place: Path):
        self.place = place
        self.writers: dict[tuple[str, Any], Any] = {}

    def put(self, name: str, table: Any) -> None:
        """Add rows to a staged table."""
        key = (name, table.schema)
        if key not in self.writers:
            path = self.place / f"{name.replace('/', '-')}-{len(self.writers)}.parquet"
            self.writers[key] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self.writers[key].write_table(table)

    def note(self, repairs: Iterable[tuple[Any, ...]], source: str) -> None:
        """Add repairs that no batch has."""
        self.put("log/repairs", _arrow(log(REPAIRS, [pd.DataFrame(repairs, columns=[*REPAIRS])]), source))

    def close(self) -> Staged:
        """Finish the files and return them by staged table."""
        files: Staged = {}
        for (name, _), writer in self.writers.items():
            writer.close()
            files.setdefault(name, []).append(Path(writer.where))
        return files


def stage(reader: Reader, member: Member, source: str, parts: Parts, schemas: Mapping[str, Schema]) -> int:
    """Read one file into parts, checking what comes; return how many rows it has."""
    read, prefix = 0, "" if reader.combine else PLAIN
    for batch in chain([Batch(0, {})], _batches(reader, member)):
        judged = checked(batch, schemas, not reader.combine)
        for name, frame in judged.tables.items():
            parts.put(prefix + name, _arrow(frame, source))
        parts.put("log/rejects", _arrow(log(REJECTS, [judged.rejects]), source))
        parts.put("log/repairs", _arrow(log(REPAIRS, [judged.repairs]), source))
        read += batch.rows_read
    parts.note(overlooked(member.path), source)
    return read


def _batches(reader: Reader, member: Member) -> Iterator[Batch]:
    """Read a file, naming it as its owner does, and saying in one line what no reader foresaw."""
    try:
        yield from reader.read(member.path)
    except TikubError as error:
        raise type(error)(str(error).replace(str(member.path), member.name)) from None
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split()).replace(str(member.path), member.name)
        raise UsageError(
            f"{member.name}: not readable as {reader.title} ({reason[:200]}). Open it to see what it is, or download "
            "it again."
        ) from error


def _limit(schema: Schema, fields: list[Field], rule: str) -> str:
    """Say what a rule of a schema asks of a value."""
    orders = {check.columns: f" {check.op} ".join(check.columns) for check in schema.custom_checks}
    limit = fields[0].constraints.get(rule, fields[0].type)
    if rule == "pattern" and fields[0].example:
        limit = f"{fields[0].example} ({limit})"
    limit = ", ".join(map(str, limit)) if rule == "enum" else orders.get(tuple(field.name for field in fields), limit)
    return {**FORMS, **_LIMITS}.get(rule, f"as its schema says ({rule} {{}})").format(limit)


def _arrow(frame: pd.DataFrame, source: str) -> Any:
    """Return rows as Arrow, plain types only, with the key of their source."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    table = table.append_column("_source", pa.array([source] * table.num_rows, pa.string()))
    return table.cast(pa.schema([(field.name, _plain(field.type)) for field in table.schema]))


def _plain(kind: Any) -> Any:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_null(kind) else kind


def checked(batch: Batch, schemas: Mapping[str, Schema], whole: bool) -> Batch:
    """Hold what a reader gives against the schemas of its tables.

    A value that breaks a rule is blanked, which is a repair; where its field is required the source row is a reject,
    and leaves all tables. ``whole`` says that what is missing stays so, as no ``combine`` fills it.
    """
    rejects, repairs, tables = [batch.rejects], [batch.repairs], dict(batch.tables)
    for name, frame in batch.tables.items():
        schema = _cut(schemas.get(name) or next(iter(schemas.values())), frame)
        if schema.fields and len(frame) and not name.startswith(UNCHECKED):
            problems = check(frame[list(schema.names)], schema, stored=True)
            skipped = {"blank-row"} if whole else {"blank-row", "required"}
            tables[name] = _judge(frame, schema, problems[~problems["rule"].isin(skipped)], rejects, repairs)
    if len(lost := set(log(REJECTS, rejects[1:])["line"])):
        tables = {name: frame[~frame["_line"].isin(lost)] for name, frame in tables.items()}
        repairs = [each[~each["line"].isin(lost)] for each in repairs]
    return replace(batch, tables=tables, rejects=log(REJECTS, rejects), repairs=log(REPAIRS, repairs))


def _cut(schema: Schema, frame: pd.DataFrame) -> Schema:
    """Return what a schema says of these columns row by row: keys must be there, not unique."""
    fields = []
    for field in schema.fields:
        if field.name in frame:
            rules = {rule: value for rule, value in field.constraints.items() if rule != "unique"}
            key = {"required": True} if field.name in schema.primary_key else {}
            fields.append(replace(field, constraints=rules | key))
    checks = [item for item in schema.custom_checks if {*item.columns} <= {*frame}]
    return replace(schema, fields=tuple(fields), primary_key=(), foreign_keys=(), custom_checks=tuple(checks))


def _judge(
    frame: pd.DataFrame,
    schema: Schema,
    problems: pd.DataFrame,
    rejects: list[pd.DataFrame],
    repairs: list[pd.DataFrame],
) -> pd.DataFrame:
    """Blank or reject what breaks a schema, and note it; rows of no source row are left out instead."""
    frame, dropped = frame.copy(deep=False), list[int]()
    ids = frame[next(name for name in ("id", *schema.names) if name in frame)]
    for keys, found in problems.groupby(["field", "rule"], sort=False):
        names, rule = map(str, keys)
        at = found["row"].to_numpy() - HEADER_ROWS
        fields = [schema.field(name) for name in ([names] if names in schema.names else names.split(", "))]
        optional = [field.name for field in fields if not field.constraints.get("required")]
        lines, values = frame["_line"].to_numpy()[at], found["value"].str.slice(0, 200).to_numpy()
        rows = pd.DataFrame({"line": lines, "id": ids.to_numpy()[at], "field": names, "value": values, "rule": rule})
        endless = rule == "compare-columns-value" and len(optional) < len(fields)  # if the end were blanked
        if "_rows" in frame and (endless or not optional):
            rejects.append(rows.assign(message=f"{schema.name}: {names} must be {_limit(schema, fields, rule)}."))
            continue
        repairs.append(rows.assign(replacement=None))
        if optional:
            frame[optional] = frame[optional].mask(pd.Series(np.isin(np.arange(len(frame)), at), frame.index))
        else:
            dropped += at.tolist()
    return frame.drop(frame.index[dropped])
