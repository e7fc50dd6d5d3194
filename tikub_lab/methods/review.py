"""The table in which a person decides what a method left open: CSV for a spreadsheet or JupyterLab, and read back."""

import io
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables import texts
from tikub_lab.tables.atomic import write_atomic

KEY = "ligne"
REVIEWED = (KEY, "candidat", "decision", "nom", "ville", "nom_candidat", "ville_candidat", "probabilite", "motif")
"""Its columns, a line a candidate: a person writes « oui » or « non » under ``decision``."""


def write_review(review: pd.DataFrame, path: Path) -> None:
    """Write the lines to decide; what was decided in that file before stays in it."""
    table = review
    if path.exists():
        table = pd.concat([table, read_decisions(path)]).drop_duplicates([KEY, "candidat"], keep="last")
    text, formula = io.StringIO(), r"^(?=[=+@\t\r-])"  # what a spreadsheet would compute
    table = table.replace({name: formula for name in REVIEWED if name != "probabilite"}, "'", regex=True)
    table.to_csv(text, sep=";", index=False)
    write_atomic(path, text.getvalue().encode("utf-8-sig"))


def read_decisions(path: Path) -> pd.DataFrame:
    """Read what persons decided in a review table; lines without a decision are left out.

    Raises
    ------
    UsageError
        A file without its columns, another word than « oui » or « non », or two entries accepted for one row.
    """
    header, *lines = list(texts.records(path)) or [[]]
    if lacks := [name for name in REVIEWED[:3] if name not in header]:
        raise UsageError(
            f"{path}: no column {', '.join(lacks)}. Fill in the table as it was written, headings included."
        )
    accepted, kept = dict[str, int](), []
    for number, cells in enumerate(lines, 2):
        line = dict(zip(header, cells, strict=False))
        said = line.get("decision", "").strip().lower()
        if said not in ("", "oui", "non"):
            raise UsageError(f"{path}, line {number}: decision {said!r}. Write oui or non, or leave it empty.")
        if said == "oui" and (earlier := accepted.setdefault(line[KEY], number)) != number:
            raise UsageError(f"{path}, line {number}: {line[KEY]!r} has oui on line {earlier} too. Keep one of them.")
        kept += [line | {"decision": said}] if said else []
    return pd.DataFrame(kept, columns=[*REVIEWED]).fillna("").astype("str")
