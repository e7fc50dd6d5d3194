"""Watch: what happened to the portfolio between two days, and what to do about it.

Official notices (procedures, closures, names, accounts), what the State's register says, and seats. What to do stands
in ``watch.csv``. A notice about a body that nobody follows is kept aside and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.bodies.bundle import Portfolio
from tikub_lab.bodies.seats import VACANT, Day, tokens
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import as_date

COLUMNS = ["jour", "organisme_id", "evenement", "texte", "source"]


@dataclass(frozen=True)
class Watch:
    """What happened in a period, the most urgent first, and the notices about bodies that nobody follows."""

    debut: pd.Timestamp
    fin: pd.Timestamp
    events: pd.DataFrame
    unknown: pd.DataFrame


def watched(data: Portfolio, debut: Day | None = None, registry: pd.DataFrame | None = None) -> Watch:
    """List what happened to the portfolio after a day, up to the day of the portfolio.

    Parameters
    ----------
    data : Portfolio
        See :func:`~tikub_lab.bodies.portfolio`: its ``jour`` is the last day of the period.
    debut : date or str, optional
        The day after which things are new; a year before the last day by default.
    registry : DataFrame, optional
        Table ``bodies/registry``: closures and names that it says are told too.

    Returns
    -------
    Watch
        ``events``: jour, organisme_id, organisme, evenement (a row of ``watch.csv``), texte, source, urgence (1 at
        once, 2 soon, 3 to read), a_faire. A correction is told as the notice that it corrects; what a notice cancels is
        not told, its cancellation is.

    Examples
    --------
    >>> from tikub_lab.bodies import portfolio
    >>> found = watched(portfolio(), "2025-11-01")
    >>> found.events["evenement"].value_counts()[["mandat terminé", "dissolution", "procédure collective"]].tolist()
    [9, 2, 1]
    """
    last = data.jour
    first = pd.Timestamp(str(as_date(debut, "debut"))) if debut is not None else last - pd.DateOffset(years=1)
    if first >= last:
        raise UsageError(
            f"debut={first:%Y-%m-%d} is not before {last:%Y-%m-%d}, the portfolio's day; give an earlier one."
        )
    new = data.notices[(data.notices["parution"] > first) & (data.notices["parution"] <= last)]
    new = new.assign(organisme_id=owner(new, data.bodies))
    followed = new["organisme_id"].notna()
    parts = [_notices(new[followed]), _closed(data, first, last), _seats(data, first)]
    if registry is not None:
        parts.append(_registered(registry, data.bodies, first, last))
    found = pd.concat([part.reindex(columns=COLUMNS) for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)])
    todo = pd.read_csv(Path(__file__).with_name("watch.csv"))
    found = data.named(found.merge(todo, on="evenement", how="left", validate="m:1"))
    found = found.sort_values(["urgence", "jour", "organisme"], ascending=[True, False, True], ignore_index=True)
    return Watch(first, last, found, new[~followed].drop(columns="organisme_id").reset_index(drop=True))


def owner(rows: pd.DataFrame, bodies: pd.DataFrame) -> pd.Series:
    """Return the followed body of each notice, by SIREN, else by RNA; missing where there is none."""
    found = pd.Series(None, index=rows.index, dtype="str")
    for column in ("siren", "rna"):
        known = bodies.dropna(subset=[column]).drop_duplicates(column, keep=False).set_index(column)["organisme_id"]
        found = found.fillna(rows[column].map(known))
    return found


def _notices(rows: pd.DataFrame) -> pd.DataFrame:
    """Say what each notice tells: another name, a cancellation, else its family."""
    cancelled, renamed = rows["avis"] == "annulation", rows["nouveau_nom"].notna()
    said = np.select([cancelled, renamed], ["annonce annulée", "changement de nom"], rows["famille"].astype("str"))
    text = rows["texte"].astype("object").where(rows["texte"].notna(), rows["famille"].astype("object"))
    text = text.where(~renamed, "nouveau nom : " + rows["nouveau_nom"].fillna(""))
    corrected = text.where(rows["avis"] != "rectificatif", text + " (rectificatif)")
    return rows.assign(jour=rows["parution"], evenement=said, texte=corrected, source=rows["source"].astype("str"))


def _closed(data: Portfolio, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    rows = data.bodies[(data.bodies["fin"] > first) & (data.bodies["fin"] <= last)]
    return rows.assign(jour=rows["fin"], evenement="fermeture", texte="fin d'activité", source="organismes")


def _seats(data: Portfolio, first: pd.Timestamp) -> pd.DataFrame:
    """Say which seats fell vacant, whose term passed, whose holder left the assembly in the period."""
    rows = data.to_appoint()
    snapshot = data.councillors["releve"].max()
    fell = rows["vacant_depuis"].where(rows["etat"] == VACANT) - pd.Timedelta(days=1)
    rows["jour"] = fell.fillna(rows["terme"].where(rows["motif"] == "terme dépassé"))
    rows.loc[rows["motif"] == "élu parti", "jour"] = snapshot
    text = rows["instance"] + ", " + rows["role"].astype("str") + " n° " + rows["rang"].astype("str")
    rows = rows.assign(evenement=rows["motif"].replace("siège vacant", "mandat terminé"), texte=text, source="sièges")
    return rows[rows["jour"] > first]


def _registered(registry: pd.DataFrame, bodies: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Say which followed bodies the register closes in the period, or calls by other words."""
    return pd.DataFrame(_told(registry, bodies, first, last), columns=COLUMNS)


def _told(
    registry: pd.DataFrame, bodies: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp
) -> Iterator[tuple[object, ...]]:
    both = registry.merge(bodies[["siren", "organisme_id", "nom"]], on="siren", suffixes=("", "_suivi"))
    for row in both.to_dict("records"):
        if pd.notna(row["fermeture"]) and first < row["fermeture"] <= last:
            yield row["fermeture"], row["organisme_id"], "fermeture", "cessation au répertoire", "répertoire"
        if tokens(row["nom"]) != tokens(row["nom_suivi"]):
            yield last, row["organisme_id"], "changement de nom", f"au répertoire : {row['nom']}", "répertoire"
