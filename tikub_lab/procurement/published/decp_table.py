"""DECP in tabular form, CSV and Parquet: one row a contract, titulaire and state.

Columns are those of the Table Schema of tabular DECP and of the consolidated national file (ColinMaudry's
decp-processing, ``reference/schema_base.json``); files have more or fewer of them, in any order. What rows mean
together is found in :mod:`~tikub_lab.procurement.published.combine`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.published.fields import CONTRACT_FIELDS, LISTS, ROW_FIELDS, STATE_FIELDS, SUPPLIER_FIELDS
from tikub_lab.procurement.published.quality import judge
from tikub_lab.procurement.published.record import Raw, frame, split
from tikub_lab.procurement.published.rows import BATCH, runs, with_columns
from tikub_lab.tables.readers import Batch, Head

NAMES = {
    "acheteur_departement_code": "acheteur_departement",
    "acheteur_region_code": "acheteur_region",
    "titulaire_denominationSociale": "titulaire_nom",
    "titulaire_commune_code": "titulaire_commune",
    "titulaire_departement_code": "titulaire_departement",
    "titulaire_region_code": "titulaire_region",
    "sourceDataset": "source",
}
"""Columns with another name than the field that they fill."""
NEEDED = {"id", "acheteur_id", "titulaire_id", "montant", "dateNotification"}
"""Columns by which the form is known."""


def field_of(column: str) -> str:
    """Name the field that a column fills."""
    return NAMES.get(column.strip(), column.strip())


is_csv = with_columns(NEEDED, field_of)


def is_parquet(head: Head) -> bool:
    """Recognise the Parquet by the names of its columns."""
    return head.start.startswith(b"PAR1") and {*map(field_of, head.columns)} >= NEEDED


def read_csv(path: Path) -> Iterator[Batch]:
    """Read a CSV file in runs of rows."""
    for run in runs(path):
        columns = {field_of(name): cells for name, cells in run.columns.items()}
        yield judge_rows(columns, run.lines, run.read, run.odd)


def read_parquet(path: Path) -> Iterator[Batch]:
    """Read a Parquet file in runs of rows; ``line`` is a row's position, from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    line = 1
    try:
        with pq.ParquetFile(path) as file:
            names = {column: field_of(column) for column in file.schema_arrow.names}
            wanted = [column for column, name in names.items() if name in ROW_FIELDS]
            for part in file.iter_batches(BATCH, columns=wanted):
                yield _batch_of_values(part.rename_columns([names[column] for column in part.schema.names]), line)
                line += part.num_rows
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path}: a Parquet file that is damaged ({error}), after row {line - 1}.") from None


def _batch_of_values(part: Any, line: int) -> Batch:
    lines = pd.Series(range(line, line + part.num_rows))
    odd = {name: part.column(name).to_pandas() for name in part.schema.names if _is_odd(part.column(name).type, name)}
    rejects = [
        pd.DataFrame(
            {"line": lines[values.notna()], "value": values.dropna().map(repr).str.slice(0, 200), "field": name}
        )
        for name, values in odd.items()
    ]
    message = "A cell has one value: a text, a number, a date, yes or no."
    broken = pd.concat(rejects).assign(id=None, rule="value-type", message=message) if rejects else None
    whole = ~lines.isin(broken["line"]) if broken is not None else lines.notna()
    sound = part.filter(whole.to_numpy())
    columns = {name: _texts(sound.column(name), name) for name in part.schema.names}
    return judge_rows(columns, lines[whole].tolist(), part.num_rows, broken)


def _is_odd(kind: Any, name: str) -> bool:
    """Tell a type that is none of a cell's: lists are for lists of labels only."""
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return name not in LISTS
    others = (pa.types.is_nested, pa.types.is_duration, pa.types.is_time, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in others)


def _texts(values: Any, name: str) -> list[str | None]:
    """Write a typed column as text: dates in ISO form, lists with bars, numeric SIRET with their first zeros."""
    import pyarrow as pa

    kind = values.type
    if _is_odd(kind, name):
        return [None] * len(values)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return ["|".join(map(str, value)) if value else None for value in values.to_pylist()]
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.date32(), safe=False)
    texts = values.cast(pa.string()).to_pylist()
    if pa.types.is_integer(kind) and name in ("acheteur_id", "titulaire_id"):
        return [value and value.zfill(14) for value in texts]
    return [(value and value.strip()) or None for value in texts]


def judge_rows(
    columns: dict[str, list[str | None]], lines: Sequence[int], rows_read: int, rejects: pd.DataFrame | None = None
) -> Batch:
    """Judge rows as a contract, a titulaire and a state each, and stage those that are sound."""
    for name in LISTS:
        if name in columns:
            columns[name] = [value and "|".join(split(value)) for value in columns[name]]
    if "formePrix" in columns:
        columns.setdefault("typesPrix", [None] * len(lines))  # the form of 2019 becomes a type
    raw = {
        name: frame({field: columns[field] for field in fields if field in columns}, lines)
        for name, fields in (("contracts", CONTRACT_FIELDS), ("suppliers", SUPPLIER_FIELDS), ("states", STATE_FIELDS))
    }
    return judge(raw, rows_read, rejects, _side_by_side)


def _side_by_side(raw: Raw) -> Raw:
    table = raw["contracts"].merge(raw["suppliers"], on="_line", how="left").merge(raw["states"], on="_line")
    return {"rows": table.assign(_rows=1)} if len(table) else {}
