"""Check a whole data package: hashes, schemas, and the references between tables."""

from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.package import Package, Resource, read

COLUMNS = ["table", "row", "field", "value", "rule"]


def audit(package: Package) -> pd.DataFrame:
    """Return every problem of a data package.

    Parameters
    ----------
    package : Package

    Returns
    -------
    DataFrame of shape (problems, 5)
        Columns table, row, field, value, rule; empty where all is well. A file that is missing or does not match its
        hash is one problem of rule ``hash``, and the table is looked at no further.

    Examples
    --------
    >>> from tikub_lab.tables import open_package
    >>> len(audit(open_package()))
    0
    """
    found, frames = [], {}
    for name, item in package.resources.items():
        try:
            package.verify(name)
        except UsageError as error:
            found.append(pd.DataFrame([[name, pd.NA, "", str(error), "hash"]], columns=COLUMNS))
            continue
        problems = check(_source(item), item.schema)
        if len(problems):
            found.append(problems.assign(table=name))
        else:
            frames[name] = read(item)
    for name, frame in frames.items():
        schema = package.resources[name].schema
        if any(key.resource and key.resource not in frames for key in schema.foreign_keys):
            continue  # the table referred to has a problem of its own, listed already, or is not in this package
        problems = foreign_keys(frame, schema, frames)
        found.append(problems.assign(table=name))
    found = [item for item in found if len(item)]
    return pd.concat(found, ignore_index=True)[COLUMNS] if found else pd.DataFrame(columns=COLUMNS)


def _source(item: Resource) -> Path | pd.DataFrame:
    """Check text as text, so that what a file says is judged before any conversion."""
    return item.path if item.path.suffix == ".csv" else read(item)
