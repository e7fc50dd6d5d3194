"""Check a whole data package: hashes, schemas, and the references between tables."""

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.package import Package, read

COLUMNS = ["table", "row", "field", "value", "rule"]


def audit(package: Package) -> pd.DataFrame:
    """Return every problem of a data package: table, row, field, value, rule; none where all is well.

    A file that is missing or does not match its hash is one problem of rule ``hash``, and is looked at no further.
    """
    found, frames = [pd.DataFrame(columns=COLUMNS)], {}
    for name, item in package.resources.items():
        try:
            package.verify(name)
        except UsageError as error:
            found.append(pd.DataFrame([[name, pd.NA, "", str(error), "hash"]], columns=COLUMNS))
            continue
        text = item.path.suffix == ".csv"  # what a file says is judged before any conversion
        problems = check(item.path if text else read(item), item.schema)
        found.append(problems.assign(table=name))
        if problems.empty:
            frames[name] = read(item)
    for name, frame in frames.items():
        schema = package.resources[name].schema
        if all(not key.resource or key.resource in frames for key in schema.foreign_keys):
            # or else that table has a problem of its own, listed already, or is not here
            found.append(foreign_keys(frame, schema, frames).assign(table=name))
    return pd.concat([item for item in found if len(item)] or found[:1], ignore_index=True)[COLUMNS]
