"""What an analyst asks in a cell: which tables there are, what their columns mean, whether a frame has them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import Schema, read_schema

if TYPE_CHECKING:
    import pandas as pd


def list(data: Path | str | None = None) -> "pd.DataFrame":
    """List the tables of a data package.

    Parameters
    ----------
    data : path, optional
        Folder of the data package; by default the one that :func:`tikub_lab.tables.load` reads.

    Returns
    -------
    DataFrame of shape (tables, 5)
        Columns title, rows, origin, date, licence; the index is the name that ``load`` and ``describe`` take.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> str(tables.list().loc["territory/lycees", "origin"])
    'sample'
    """
    import pandas as pd

    items = open_package(data).resources.values()
    rows = [[item.name, item.title, item.rows, item.origin, item.date, item.licence] for item in items]
    names = ["table", "title", "rows", "origin", "date", "licence"]
    return pd.DataFrame(rows, columns=names).set_index("table")


def describe(name: str, data: Path | str | None = None) -> "pd.DataFrame":
    """Say what each column of a table means.

    Parameters
    ----------
    name : str
        Such as ``energy/weather``, in the data package or not.
    data : path, optional
        Folder of the data package.

    Returns
    -------
    DataFrame of shape (columns, 6)
        Columns title, meaning, type, unit, allowed, example, in French; the index is the column's name.

    Raises
    ------
    UsageError
        An unknown table; the nearest is suggested.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> str(tables.describe("energy/weather").loc["tmoy", "unit"])
    '°C'
    """
    import pandas as pd

    from tikub_lab.tables.template import said

    rows = [said(field) for field in _schema(name, data).fields]
    names = ["column", "title", "meaning", "type", "unit", "allowed", "example"]
    return pd.DataFrame(rows, columns=names, dtype="object").set_index("column")


def require(frame: "pd.DataFrame", name: str, columns: Sequence[str] | None = None) -> None:
    """Refuse a frame that lacks columns, in one line, at the door of a method.

    Parameters
    ----------
    frame : DataFrame
    name : str
        What the frame is called: a table, whose schema then says which columns it needs, or a parameter.
    columns : sequence of str, optional
        Which columns are needed; by default those that the table may not lack.

    Raises
    ------
    UsageError
        It lacks some; or is no DataFrame.

    Examples
    --------
    >>> import pandas as pd
    >>> from tikub_lab import tables
    >>> tables.require(pd.DataFrame({"jour": [1]}), "weather", ["jour", "temperature"])
    Traceback (most recent call last):
    tikub_lab.errors.UsageError: weather: no column temperature; it needs jour, temperature. Found: jour.
    """
    if columns is None:
        schema = _schema(name, None)
        columns = [column for column in schema.names if column in schema.needed]
    if not hasattr(frame, "columns"):
        raise UsageError(f"{name}: a table is needed here; found {type(frame).__name__}.")
    if absent := [column for column in columns if column not in frame]:
        found = ", ".join(map(str, frame.columns)) or "none"
        near = nearest(absent[0], map(str, frame.columns))
        raise UsageError(f"{name}: no column {', '.join(absent)};{near} it needs {', '.join(columns)}. Found: {found}.")


def _schema(name: str, data: Path | str | None) -> Schema:
    """Return the schema of a table that the package has, or could have."""
    package = open_package(data)
    name = package.named(name)
    path = package.schemas() / f"{name}.json"
    if name not in package.resources and path.is_file() and ".." not in name:
        return read_schema(path)
    return package.resource(name).schema
