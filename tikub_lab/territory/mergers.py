"""What became of communes: codes of yesterday as those of today.

INSEE publishes every event since 1943 (``v_mvt_commune``). Only what a commune (COM) became as a commune counts:
associated and delegated ones (COMA, COMD) are no communes of their own, and keep their code within another.
"""

from collections.abc import Collection
from typing import Literal

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables import load
from tikub_lab.territory.criteria import sheet


def movements() -> pd.DataFrame:
    """Load the events on communes: those that were imported, else five Breton mergers that are shipped.

    Examples
    --------
    >>> movements()["code_apres"].tolist()
    ['22241', '22241', '22237', '22147', '35062']
    """
    table = load("territory/movements", optional=True)
    return table if len(table) else sheet("mergers").assign(date_effet=lambda rows: pd.to_datetime(rows["date_effet"]))


def current(
    codes: pd.Series,
    moves: pd.DataFrame,
    alive: Collection[str] = (),
    split: Literal["refuse", "missing"] = "refuse",
) -> pd.Series:
    """Give the codes of communes that hold today, through chains of events.

    Parameters
    ----------
    codes : Series of str
    moves : DataFrame
        As :func:`movements` gives them.
    alive : collection of str
        Codes of communes that live today, which are never moved; those that an event brings back are known to live.
    split : str
        What to do with a code of which several communes were made: an error that names the row, or a missing code. It
        is not guessed.

    Examples
    --------
    >>> current(pd.Series(["22043", "35238", "35112"]), movements()).tolist()
    ['22241', '35238', '35062']
    """
    moves = moves[moves["type_apres"] == "COM"]
    back = moves.groupby("code_apres")["date_effet"].max()
    moves = moves[moves["type_avant"] == "COM"]
    last = moves.groupby("code_avant")["date_effet"].max()
    gone = last[~(back.reindex(last.index) >= last) & ~last.index.isin(list(alive))]
    moves = moves[moves["date_effet"] == moves["code_avant"].map(gone)]
    became = {str(code): sorted(set(rows)) for code, rows in moves.groupby("code_avant")["code_apres"]}
    found: dict[str, str | None] = {}
    for code in codes[codes.isin(list(became))].unique():
        now: str | None = code
        while now in became:
            many = became[now]
            if len(many) > 1 and split == "refuse":
                raise UsageError(
                    f"row {codes.index[codes == code][0]}, code {code!r}: commune {now} was split into "
                    f"{', '.join(many)} on {gone[now]:%Y-%m-%d}, and which one is meant isn't said. Correct the code, "
                    "or leave it out with split='missing'."
                )
            now = many[0] if len(many) == 1 else None
        found[code] = now
    return codes.mask(codes.isin(list(found)), codes.map(found))
