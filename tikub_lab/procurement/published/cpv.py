"""The CPV nomenclature as the Publications Office gives it; it is not shipped."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.published.rows import runs, with_columns
from tikub_lab.tables.readers import REJECTS, Batch, Reader, log

TABLE = "procurement/cpv"
COLUMNS = {"CODE": "code", "FR": "libelle"}
"""The columns that are read; others, such as those of other languages, may stand beside them."""


def read(path: Path) -> Iterator[Batch]:
    """Read codes and their French labels."""
    empty = True
    for run in runs(path):
        found = {name.upper(): values for name, values in run.columns.items()}
        frame = pd.DataFrame({name: pd.Series(found[heading], dtype="str") for heading, name in COLUMNS.items()})
        frame.insert(0, "_line", pd.Series(run.lines, dtype="int64"))
        bad = ~frame["code"].str.fullmatch(r"\d{8}-\d").fillna(False)
        lost = frame[bad].rename(columns={"_line": "line", "code": "id"})
        lost = lost.assign(field="code", value=lost["id"], rule="cpv-code")
        lost["message"] = "A CPV code is eight digits, a hyphen and a check digit."
        yield Batch(run.read, {TABLE: frame[~bad].assign(_rows=1)}, log(REJECTS, [run.odd, lost]))
        empty = False
    if empty:
        raise UsageError(f"{path.name}: a CPV nomenclature without any code.")


CPV_READER = Reader(
    "cpv-2008-csv",
    "CPV 2008 nomenclature (CSV: CODE, FR)",
    (TABLE,),
    with_columns(COLUMNS.keys(), lambda name: name.strip().upper()),
    read,
    publisher="Office des publications de l'Union européenne",
    licence="CC-BY-4.0",
)
