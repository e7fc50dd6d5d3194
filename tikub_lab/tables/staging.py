"""The first half of an import: what a reader gives, checked against the schemas, as Parquet parts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tikub_lab.errors import RunError, TikubError, UsageError
from tikub_lab.tables.archives import Member
from tikub_lab.tables.check import check
from tikub_lab.tables.frames import HEADER_ROWS
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Reader, log
from tikub_lab.tables.schema import Schema

PLAIN = "plain/"
"""Before the staged tables of readers without a ``combine``: their rows have the columns of the table itself."""
UNCHECKED = ("rejected/", "judged/")
"""Before staged tables whose values are those that the rules refused."""
ROW_GROUP = 50_000


class Parts:
    """Staged tables on their way to Parquet: a file a table, and another where columns differ."""

    def __init__(self, place: Path):
        self.place = place
        place.mkdir(exist_ok=True)
        self.files: dict[str, dict[Any, Part]] = {}

    def put(self, name: str, table: Any) -> None:
        """Add rows to a staged table."""
        files = self.files.setdefault(name, {})
        if table.schema not in files:
            path = self.place / f"{name.replace('/', '-')}-{len(files)}.parquet"
            files[table.schema] = Part(path, table.schema)
        files[table.schema].put(table)

    def close(self) -> dict[str, list[Path]]:
        """Finish the files and return them by staged table."""
        return {name: [part.close() for part in files.values()] for name, files in self.files.items()}


class Part:
    """One Parquet file in equal row groups, however many rows come at a time: same rows, same bytes."""

    def __init__(self, path: Path, schema: Any):
        self.path, self.rows, self.held = path, 0, schema.empty_table()
        self.writer = pq.ParquetWriter(path, schema, compression="zstd")

    def put(self, table: Any) -> None:
        """Add rows."""
        self.rows += table.num_rows
        self.held = pa.concat_tables([self.held, table])
        while self.held.num_rows >= ROW_GROUP:
            self.writer.write_table(self.held.slice(0, ROW_GROUP).combine_chunks())
            self.held = self.held.slice(ROW_GROUP)

    def close(self) -> Path:
        """Write the rest, and return the file."""
        self.writer.write_table(self.held.combine_chunks())
        self.writer.close()
        return self.path


def merge(parts: Parts, name: str, paths: Sequence[Path], without: Iterable[str] = ()) -> None:
    """Put the files of a staged table into one, less the rows of some sources."""
    shape = _shape([pq.read_schema(path) for path in paths])
    gone = pa.array(sorted(without), pa.string())
    parts.put(name, shape.empty_table())
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROW_GROUP):
                rows = pa.Table.from_batches([batch])
                rows = rows.filter(pc.invert(pc.is_in(rows["_source"], gone)))
                if rows.num_rows:
                    columns = [
                        rows[field.name].cast(field.type)
                        if field.name in rows.column_names
                        else pa.nulls(rows.num_rows, field.type)
                        for field in shape
                    ]
                    parts.put(name, pa.table(columns, schema=shape))


def _shape(schemas: Sequence[Any]) -> Any:
    """Return the columns of several files, text where their types have nothing in common."""
    fields: dict[str, Any] = {}
    for field in (field for schema in schemas for field in schema):
        try:
            known = fields.get(field.name, field)
            both = pa.unify_schemas([pa.schema([known]), pa.schema([field])], promote_options="permissive")
            fields[field.name] = both.field(0)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            fields[field.name] = pa.field(field.name, pa.string())
    return pa.schema(fields.values())


def stage(reader: Reader, member: Member, source: str, parts: Parts, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Read one file into parts, checking what comes; return the counts of its provenance."""
    read = kept = rejected = 0
    rejects_by_rule: Counter[str] = Counter()
    repairs_by_rule: Counter[str] = Counter()
    prefix = "" if reader.combine else PLAIN
    for batch in chain([Batch(0, {})], _batches(reader, member)):
        batch = checked(batch, schemas, not reader.combine)
        for name, frame in batch.tables.items():
            parts.put(prefix + name, _arrow(frame, source))
            kept += int(frame["_rows"].sum()) if "_rows" in frame else 0
        parts.put("log/rejects", _arrow(log(REJECTS, [batch.rejects]), source))
        parts.put("log/repairs", _arrow(log(REPAIRS, [batch.repairs]), source))
        read += batch.rows_read
        rejected += batch.rejects["line"].nunique()
        rejects_by_rule.update(batch.rejects.drop_duplicates(["line", "rule"])["rule"])
        repairs_by_rule.update(batch.repairs["rule"])
    if kept + rejected != read:
        raise RunError(
            f"{member.name}: {read} rows read, but {kept} kept and {rejected} rejected. Nothing was written; "
            "please report this file."
        )
    return {
        "read": read,
        "kept": kept,
        "rejected": rejected,
        "rejects_by_rule": dict(sorted(rejects_by_rule.items())),
        "repairs_by_rule": dict(sorted(repairs_by_rule.items())),
    }


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
    and leaves all tables. A staged table that is none of the reader's is held against the first of them. ``whole`` says
    that what is missing stays so, as no ``combine`` fills it.
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
    """Return what a schema says of the columns that are there, row by row: keys must be there, not be unique."""
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
    """Blank or reject what breaks a schema, and note it; rows that stand for no source row are left out instead."""
    frame, dropped = frame.copy(deep=False), list[int]()
    ids = frame[next(name for name in ("id", *schema.names) if name in frame)]
    for keys, found in problems.groupby(["field", "rule"], sort=False):
        names, rule = map(str, keys)
        at = found["row"].to_numpy() - HEADER_ROWS
        fields = [schema.field(name) for name in ([names] if names in schema.names else names.split(", "))]
        optional = [field.name for field in fields if not field.constraints.get("required")]
        lines, values = frame["_line"].to_numpy()[at], found["value"].str.slice(0, 200).to_numpy()
        rows = pd.DataFrame({"line": lines, "id": ids.to_numpy()[at], "field": names, "value": values, "rule": rule})
        if optional:
            hit = pd.Series(False, index=frame.index)
            hit.iloc[at] = True
            frame[optional] = frame[optional].mask(hit)
            repairs.append(rows.assign(replacement=None))
        elif "_rows" in frame:
            limit = fields[0].constraints.get(rule, fields[0].type if rule == "type-error" else "")
            message = f"The schema of {schema.name} says {rule} {limit}".strip() + "."
            rejects.append(rows.assign(message=message))
        else:
            dropped += at.tolist()
            repairs.append(rows.assign(replacement=None))
    return frame.drop(frame.index[dropped])
