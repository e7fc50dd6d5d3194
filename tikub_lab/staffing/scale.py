"""A staffing scale, a dated file that people edit: applied to lycées, beside what they have, line by line.

``scale.csv`` has a row a cell of a published scale: ``fonction`` and its ``metiers``; ``critere``, what it depends on
(« base » is the same for all), and ``condition`` as published; full-time equivalents without and with boarding, ``par``
so many units beyond the bound where they are pro rata. A ``statut`` « manquant » is a cell of the source that is not
known. A value on a bound of two classes gives both.
"""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import as_date
from tikub_lab.show.french import plain
from tikub_lab.tables import require

__all__ = ["compared", "read"]

COLUMNS = ["bareme", "fonction", "metiers", "critere", "condition", "par", "etp", "etp_internat", "statut"]
MISSING = "manquant"
NUMBER = r"(\d+(?:\.\d+)?)"
CONDITION = rf"^\s*(?:(<|>)\s*)?{NUMBER}(?:\s*(?:à|jusqu'à)\s*{NUMBER})?\s*$"


def read(path: Path | str | None = None, day: date | str | None = None) -> pd.DataFrame:
    """Read the cells of a scale that are in force on a day, by default those of the last scale.

    The rows of a file with the columns of ``tikub_lab/staffing/scale.csv``, which is read by default, and ``bas`` and
    ``haut``, the values for which each holds.

    Examples
    --------
    >>> cells = read()
    >>> cells.loc[cells["critere"] == "repas", ["condition", "etp"]].values.tolist()[:2]
    [['< 250', 2.8], ['250 à 500', 3.8]]
    """
    path = Path(path or Path(__file__).with_name("scale.csv"))
    try:
        cells = pd.read_csv(path, dtype={"condition": "str", "metiers": "str"}, parse_dates=["debut", "fin"])
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: no scale can be read ({error}). Start from a copy of staffing/scale.csv.") from None
    require(cells, path.name, COLUMNS)
    when = pd.Timestamp(as_date(day) or cells["debut"].max())
    cells = cells[(cells["debut"] <= when) & ~(cells["fin"] < when)]
    if cells.empty:
        raise UsageError(f"{path.name}: no scale on {when:%Y-%m-%d}. Take another day, or add its rows to the file.")
    parts = cells["condition"].str.extract(CONDITION)
    wrong = cells.loc[cells["condition"].notna() & parts[1].isna(), "condition"]
    if len(wrong):
        place = f"{path.name}, row {wrong.index.to_numpy()[0] + 2}: condition {wrong.iloc[0]!r}"
        raise UsageError(f"{place}; write « < 250 », « 250 à 500 », « > 1500 » or « > 11 jusqu'à 13 ».")
    first, last = parts[1].astype("float64"), parts[2].astype("float64")
    low = first.mask(parts[0] == ">", np.nextafter(first, np.inf)).mask(parts[0] == "<").fillna(-np.inf)
    high = last.mask(parts[0] == "<", np.nextafter(first, -np.inf)).fillna(np.inf)
    return cells.assign(bas=low, haut=high).reset_index(drop=True)


def applied(cells: pd.DataFrame, lycees: pd.DataFrame) -> pd.DataFrame:
    """Apply a scale to lycées, a line for each thing that it counts.

    ``etp_bas`` and ``etp_haut`` are missing where the quantity is, or is beyond the scale; 0 below its first bound.
    """
    known = cells[cells["statut"] != MISSING]
    criteria = sorted({*known["critere"]} - {"base"})
    require(lycees, "lycees", ["code_uai", "internat", *criteria])
    wide = lycees[["code_uai", "internat", *criteria]].assign(base=1.0).astype(dict.fromkeys(criteria, "float64"))
    pairs = wide.melt(["code_uai", "internat"], var_name="critere", value_name="quantite").merge(known, on="critere")
    holds = pairs["quantite"].between(pairs["bas"], pairs["haut"])
    beyond = ((pairs["quantite"] - pairs["bas"]) / pairs["par"]).fillna(1.0)
    etp = (pairs["etp_internat"].where(pairs["internat"].astype(bool), pairs["etp"]) * beyond).where(holds)
    pairs = pairs.assign(etp_bas=etp, etp_haut=etp, condition=pairs["condition"].where(holds))
    parts: Any = {"quantite": "first", "condition": lambda texts: " ou ".join(texts.dropna()), "bas": "min",
             "etp_bas": "min", "etp_haut": "max"}  # fmt: skip
    lines = pairs.groupby(["code_uai", "fonction", "critere"], as_index=False).agg(parts)
    none = (lines["quantite"] < lines["bas"]) | (lines["quantite"] == 0)
    lines.loc[none, ["etp_bas", "etp_haut"]] = 0.0
    return lines.drop(columns="bas")


def compared(cells: pd.DataFrame, lycees: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Lay what lycées have beside what a scale says, with the lines that explain it.

    ``code_uai``, ``fonction``, ``etp``, ``etp_bas``, ``etp_haut`` (missing where the scale says nothing), ``ecart``:
    how far ``etp`` is outside of these, 0 between them; ``explication``.

    Parameters
    ----------
    cells : DataFrame
        What :func:`read` gives.
    lycees : DataFrame
        ``code_uai``, ``internat``, and what the scale depends on: ``repas``, ``ouverture``, ``surface``…
    posts : DataFrame
        ``code_uai``, ``metier``, ``etp`` of positions, whoever is on them: :func:`tikub_lab.staffing.state.coverage`.

    Examples
    --------
    >>> cells = read()
    >>> lycees = pd.DataFrame({"code_uai": ["0000001B"], "internat": True, "repas": 620, "ouverture": 10, "surface": 1})
    >>> posts = pd.DataFrame({"code_uai": ["0000001B"], "metier": "cuisine", "etp": 6.0})
    >>> compared(cells, lycees, posts)[["etp", "etp_bas", "explication"]].values.tolist()[-1]
    [6.0, 6.3, 'repas 620 (500 à 750) : 6,3']
    """
    require(posts, "posts", ["code_uai", "metier", "etp"])
    lines = applied(cells, lycees)
    said = map(_said, *(lines[name] for name in ("critere", "quantite", "condition", "etp_bas", "etp_haut")))
    groups = lines.assign(explication=[*said]).groupby(["code_uai", "fonction"])
    table = groups[["etp_bas", "etp_haut"]].sum(skipna=False)
    table["explication"] = groups["explication"].agg(" ; ".join)
    gaps = cells.loc[cells["statut"] == MISSING, "fonction"]
    table.loc[table.index.isin(gaps, level="fonction"), "explication"] += " ; une ligne du barème manque"
    trades = cells.assign(metier=cells["metiers"].str.split("|")).explode("metier").drop_duplicates("metier")
    of = posts["metier"].astype("str").map(trades.set_index("metier")["fonction"]).rename("fonction")
    have = posts["etp"].groupby([posts["code_uai"], of]).sum()
    table = table.join(have, how="outer").fillna({"etp": 0.0, "explication": "le barème connu n'en dit rien"})
    over, under = table["etp"] - table["etp_haut"], table["etp"] - table["etp_bas"]
    table["ecart"] = over.clip(lower=0) + under.clip(upper=0)
    return table.reset_index()[["code_uai", "fonction", "etp", "etp_bas", "etp_haut", "ecart", "explication"]]


def _said(criterion: str, quantity: float, condition: str, low: float, high: float) -> str:
    """Explain a line in French."""
    what = criterion if criterion == "base" else f"{criterion} {plain(quantity)}"
    what += f" ({condition})" if condition else ""
    return f"{what} : " + ("inconnu" if pd.isna(low) else " ou ".join(dict.fromkeys([plain(low), plain(high)])))
