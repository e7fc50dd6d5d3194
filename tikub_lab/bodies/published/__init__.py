"""The published files of outside bodies: grants, snapshots of councillors, notices, the State's register.

Personal data that no table has (birth dates, sex, profession, managers) is dropped here, before anything is kept.
"""

from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import Schema, read_schema


def schema_of(table: str) -> Schema:
    """Return the workbench's schema of a table."""
    return read_schema(workbench() / "data" / "schemas" / f"{table}.json")
