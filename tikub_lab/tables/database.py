"""DuckDB as imports and checks use it: a connection that fits the machine, and SQL over staged parts."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

LEAST = 256 * 2**20
"""Bytes that DuckDB may always hold."""
LINE_BITS = 40
"""A row's ``_key`` is its source and its line in one number."""


def memory() -> int:
    """Return how many bytes DuckDB may hold: a quarter of what the machine, or the container, has free."""
    free = [psutil.virtual_memory().available]
    with suppress(OSError, ValueError):
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
        free.append(limit - used)
    return max(LEAST, min(free) // 4)


def connect(spill: Path | None = None) -> Any:
    """Open a database in memory; what does not fit there goes to files in the folder ``spill``."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit='{memory() >> 20}MiB'; SET threads=2; SET enable_progress_bar=false")
    if spill is not None:
        connection.execute(f"SET temp_directory={quoted(spill)}; SET preserve_insertion_order=false")
    return connection


def quoted(text: object) -> str:
    """Write a text or a path as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def files(paths: Iterable[Path]) -> str:
    """Write the SQL that reads Parquet files as one table, whatever columns each has."""
    return f"read_parquet([{', '.join(map(quoted, paths))}], union_by_name=true)"


def union(parts: Sequence[Path]) -> str:
    """Write the query for the staged rows of the table ``_sources``, each with its ``source_index``."""
    return f"SELECT s.source_index, p.* EXCLUDE (_source) FROM {files(parts)} p JOIN _sources s USING (_source)"


def view(connection: Any, name: str, parts: Sequence[Path], fields: Iterable[str], more: Iterable[str] = ()) -> None:
    """Make a view of all parts with every field, ``_key``, and ``_place`` (order within a record)."""
    columns = ", ".join(f'NULL::VARCHAR AS "{field}"' for field in [*fields, *more])
    nothing = f"SELECT 0::BIGINT AS source_index, 0::BIGINT AS _line, 0::BIGINT AS _place, {columns} WHERE false"
    query = f"{nothing} UNION ALL BY NAME {union(parts)}" if parts else nothing
    key = f"(source_index::BIGINT << {LINE_BITS}) + _line::BIGINT"
    connection.execute(f"CREATE TEMP VIEW {name} AS SELECT *, {key} AS _key FROM ({query})")


def superseded(rows: str, key: str) -> str:
    """Write the query for rows whose key a later source of the same name, a correction, has too."""
    return (
        f"SELECT * EXCLUDE (file, repeated) FROM (SELECT r.*, s.file, s.repeated FROM {rows} r "
        f"JOIN _sources s USING (source_index)) WHERE repeated "
        f"QUALIFY source_index < max(source_index) OVER (PARTITION BY file, {key})"
    )
