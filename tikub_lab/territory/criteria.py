"""Quality of a catalogue's datasets by the nine criteria of data.gouv.fr, and what to write where for each.

Criteria: udata, ``Dataset.quality`` (https://github.com/opendatateam/udata), one point each. ``criteria.csv`` says what
to write; ``frequencies.csv`` holds the periods, in days, of the frequencies that data.gouv.fr knows.
"""

from functools import cache
from pathlib import Path

import pandas as pd

LEAST = 100  # a description is longer than so many characters
CLOSED = {"pdf", "doc", "docx", "word", "xls", "excel", "xlsx"}
GRACE = pd.Timedelta(days=1)  # an update may be late by that much


@cache
def sheet(name: str) -> pd.DataFrame:
    """Read a CSV of this folder as text."""
    return pd.read_csv(Path(__file__).with_name(f"{name}.csv"), dtype="str", keep_default_na=False)


@cache
def frequencies() -> pd.DataFrame:
    """Return the known frequencies: ``libelle`` and ``jours`` (missing where there is no period), by code."""
    known = sheet("frequencies").set_index("frequence")
    return known.assign(jours=pd.to_numeric(known["jours"]))


def code_of(text: str) -> str:
    """Return the code of a frequency written as a code, a word or an address; another text as its last part."""
    last = text.rstrip("/").rpartition("/")[2].rpartition("#")[2].strip()
    known = frequencies()
    said = known.index + "|" + known["libelle"] + "|" + known["autres"]
    words = {word.casefold(): str(code) for code, each in said.items() for word in each.split("|") if word}
    return words.get(last.casefold(), last)


def freshness(datasets: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Compare the last update of each dataset with the frequency that it declares, on a day.

    Returns
    -------
    DataFrame
        jeu_id, titre, modifie, rythme (the frequency in French), attendu (day of the next update), retard (days since,
        missing where nothing is late), fraicheur. An update is late from the second day on, as at data.gouv.fr.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> state = catalog()
    >>> freshness(state.datasets, state.jour)["fraicheur"].value_counts()["En retard"]
    np.int64(5)
    """
    known = frequencies()
    code = datasets["frequence"].fillna("unknown").map(code_of)
    days = code.map(known["jours"])
    due = datasets["modifie"] + pd.to_timedelta(days, unit="D")
    late = due + GRACE < day
    state = pd.Series("À jour", index=datasets.index, dtype="str").mask(late, "En retard")
    state = state.mask(due.isna(), "Sans date de mise à jour").mask(days.isna(), "Sans rythme")
    state = state.mask(~code.isin(known.index), "Fréquence non reconnue").mask(code == "unknown", "Sans fréquence")
    return datasets[["jeu_id", "titre", "modifie"]].assign(
        rythme=code.map(known["libelle"]).fillna(code),
        attendu=due.dt.floor("D"),
        retard=(day - due).dt.days.where(late).astype("Int64"),
        fraicheur=state,
    )


def scores(datasets: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Give each dataset the points of data.gouv.fr's nine criteria, on a day.

    Returns
    -------
    DataFrame
        jeu_id, titre, a boolean column for each criterion of ``criteria.csv``, score (0 to 9), manque (what is not met,
        in French). Files whose links were never checked count as available; without files there are six points at most.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> state = catalog()
    >>> scores(state.datasets, state.jour)["score"].agg(["min", "max"]).tolist()
    [2, 9]
    """
    fresh = freshness(datasets, day)["fraicheur"]
    files = datasets["ressources"].fillna(0) > 0
    kinds = datasets["formats"].fillna("").str.lower().str.split(r"\s*\|\s*", regex=True)
    found = {
        "licence": datasets["licence"].notna(),
        "temporelle": datasets["couverture_temporelle"].notna(),
        "spatiale": datasets["couverture_spatiale"].notna(),
        "frequence": ~fresh.isin(["Sans fréquence", "Fréquence non reconnue"]),
        "a_temps": fresh.isin(["À jour", "Sans rythme"]),
        "description": datasets["description"].fillna("").str.len() > LEAST,
        "ouvert": files & kinds.map(lambda names: bool({*names} - CLOSED - {""})),
        "disponible": files & (datasets["indisponibles"].fillna(0) == 0),
        "documente": files & (datasets["documentees"].fillna(0) > 0),
    }
    points = pd.DataFrame(found).astype(bool)
    labels = sheet("criteria").set_index("critere")["libelle"].str.lower()
    missing = [", ".join(labels[points.columns[~row]]) for row in points.to_numpy()]
    return datasets[["jeu_id", "titre"]].join(points).assign(score=points.sum(axis=1), manque=missing)


def by_criterion(scored: pd.DataFrame) -> pd.DataFrame:
    """Count the datasets with and without each criterion, the rarest first, with what to write and where.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> state = catalog()
    >>> by_criterion(scores(state.datasets, state.jour))["sans"].tolist()
    [19, 12, 7, 5, 5, 2, 2, 2, 2]
    """
    return _counted(sheet("criteria"), scored[[*sheet("criteria")["critere"]]])


def completeness(datasets: pd.DataFrame) -> pd.DataFrame:
    """Count the datasets that fill each field of ``fields.csv``, the emptiest first.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> completeness(catalog().datasets)["avec"].head(4).tolist()
    [6, 20, 20, 23]
    """
    fields = sheet("fields")
    return _counted(fields.assign(libelle=fields["libelle"].str.capitalize()), datasets[[*fields["champ"]]].notna())


def _counted(table: pd.DataFrame, have: pd.DataFrame) -> pd.DataFrame:
    count = have.astype("int64").sum().to_numpy()
    table = table.assign(avec=count, sans=len(have) - count, part=count / max(len(have), 1))
    return table.sort_values("avec", kind="stable", ignore_index=True)


def to_write(scored: pd.DataFrame) -> pd.DataFrame:
    """List what to write, one row a dataset and missing criterion, the datasets with fewest points first.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> state = catalog()
    >>> to_write(scores(state.datasets, state.jour)).columns.tolist()
    ['jeu_id', 'titre', 'score', 'libelle', 'a_ecrire', 'ou']
    """
    criteria, keys = sheet("criteria"), ["jeu_id", "titre", "score"]
    rows = scored.melt(keys, list(criteria["critere"]), "critere", "atteint").merge(criteria, on="critere")
    rows = rows[~rows["atteint"].astype(bool)].sort_values(["score", "titre"], kind="stable", ignore_index=True)
    return rows[[*keys, "libelle", "a_ecrire", "ou"]]
