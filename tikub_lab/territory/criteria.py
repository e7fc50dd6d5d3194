"""Quality of a catalogue's datasets by the nine criteria of data.gouv.fr, and what to write where for each.

Criteria: udata, ``Dataset.quality`` (https://github.com/opendatateam/udata), one point each. ``criteria.csv`` says what
to write; ``frequencies.csv`` holds the periods, in days, of the frequencies that data.gouv.fr knows.
"""

from functools import cache
from pathlib import Path

import pandas as pd

LEAST = 100
"""A description is longer than so many characters."""
CLOSED = {"pdf", "doc", "docx", "word", "xls", "excel", "xlsx"}
GRACE = pd.Timedelta(days=1)
"""An update may be late by that much."""
LABELS = {
    "description": "description", "licence": "licence", "editeur": "éditeur", "themes": "thèmes",
    "mots_cles": "mots-clés", "frequence": "fréquence", "couverture_temporelle": "période couverte",
    "couverture_spatiale": "territoire couvert", "formats": "formats", "modifie": "dernière mise à jour",
    "publie": "première publication",
}  # fmt: skip
"""What a sheet may fill in, and how that is called."""
NEVER, ODD, LATE, DATELESS, FREE, TIMELY = (
    "Sans fréquence", "Fréquence non reconnue", "En retard", "Sans date de mise à jour", "Sans rythme", "À jour",
)  # fmt: skip
"""How fresh a dataset is."""


@cache
def _sheet(name: str) -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name(name), dtype="str", keep_default_na=False)


@cache
def frequencies() -> pd.DataFrame:
    """Return the known frequencies: ``libelle`` and ``jours`` (missing where there is no period), by code."""
    sheet = _sheet("frequencies.csv").set_index("frequence")
    return sheet.assign(jours=pd.to_numeric(sheet["jours"]))


def code_of(text: str) -> str:
    """Return the code of a frequency written as a code, a word or an address; another text as its last part.

    Examples
    --------
    >>> code_of("http://purl.org/cld/freq/annual"), code_of("Mensuelle"), code_of("à chaque lune")
    ('annual', 'monthly', 'à chaque lune')
    """
    last = text.rstrip("/").rpartition("/")[2].rpartition("#")[2].strip()
    key = last.casefold()
    sheet = frequencies()
    words = {word.casefold(): code for code, said in sheet["autres"].items() for word in said.split("|") if word}
    words |= {label.casefold(): str(code) for code, label in sheet["libelle"].items()}
    return key if key in sheet.index else str(words.get(key, last))


def freshness(datasets: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Compare the last update of each dataset with the frequency that it declares.

    Parameters
    ----------
    datasets : DataFrame
        Rows of ``territory/datasets``, such as :class:`~tikub_lab.territory.Catalog` has.
    day : Timestamp
        The day on which it is asked.

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
    state = pd.Series(TIMELY, index=datasets.index, dtype="str").mask(late, LATE)
    state = state.mask(days.notna() & datasets["modifie"].isna(), DATELESS)
    state = state.mask(days.isna(), FREE).mask(~code.isin(known.index), ODD)
    state = state.mask(code == "unknown", NEVER)
    return datasets[["jeu_id", "titre", "modifie"]].assign(
        rythme=code.map(known["libelle"]).fillna(code),
        attendu=due.dt.floor("D"),
        retard=(day - due).dt.days.where(late).astype("Int64"),
        fraicheur=state,
    )


def scores(datasets: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Give each dataset the points of data.gouv.fr's nine criteria.

    Parameters
    ----------
    datasets : DataFrame
        Rows of ``territory/datasets``.
    day : Timestamp
        The day on which updates are judged to be in time.

    Returns
    -------
    DataFrame
        jeu_id, titre, a boolean column for each criterion of ``criteria.csv``, score (0 to 9), manque (the criteria
        that are not met, in French). Files whose links were never checked count as available, and a dataset without
        files has six points at most, as at data.gouv.fr.

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
        "frequence": ~fresh.isin([NEVER, ODD]),
        "a_temps": fresh.isin([TIMELY, FREE]),
        "description": datasets["description"].fillna("").str.len() > LEAST,
        "ouvert": files & kinds.map(lambda names: bool({*names} - CLOSED - {""})),
        "disponible": files & (datasets["indisponibles"].fillna(0) == 0),
        "documente": files & (datasets["documentees"].fillna(0) > 0),
    }
    points = pd.DataFrame(found).astype(bool)
    labels = _sheet("criteria.csv").set_index("critere")["libelle"].str.lower()
    missing = [", ".join(labels[points.columns[~row]]) for row in points.to_numpy()]
    named = pd.concat([datasets[["jeu_id", "titre"]], points], axis=1)
    return named.assign(score=points.sum(axis=1), manque=missing)


def by_criterion(scored: pd.DataFrame) -> pd.DataFrame:
    """Count the datasets that lack each criterion, the most frequent first, with what to write and where.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> state = catalog()
    >>> by_criterion(scores(state.datasets, state.jour))["sans"].is_monotonic_decreasing
    True
    """
    sheet = _sheet("criteria.csv")
    have = scored[[*sheet["critere"]]].astype("int64").sum().to_numpy()
    share = have / max(len(scored), 1)
    table = sheet.assign(avec=have, sans=len(scored) - have, part=share)
    return table.sort_values("sans", ascending=False, kind="stable", ignore_index=True)


def to_write(scored: pd.DataFrame) -> pd.DataFrame:
    """List what to write, one row a dataset and missing criterion, the datasets with fewest points first.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> state = catalog()
    >>> to_write(scores(state.datasets, state.jour)).columns.tolist()
    ['jeu_id', 'titre', 'score', 'libelle', 'a_ecrire', 'ou']
    """
    sheet = _sheet("criteria.csv")
    long = scored.melt(["jeu_id", "titre", "score"], list(sheet["critere"]), "critere", "atteint")
    long = long[~long["atteint"].astype(bool)].merge(sheet, on="critere")
    long = long.sort_values(["score", "titre"], kind="stable", ignore_index=True)
    return long[["jeu_id", "titre", "score", "libelle", "a_ecrire", "ou"]]


def completeness(datasets: pd.DataFrame) -> pd.DataFrame:
    """Count the datasets that fill each field, the emptiest first: champ, remplis, vides, part.

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> completeness(catalog().datasets)["champ"].iloc[0]
    'période couverte'
    """
    filled = pd.Series({label: int(datasets[name].notna().sum()) for name, label in LABELS.items()}, name="remplis")
    table = filled.rename_axis("champ").reset_index()
    table = table.assign(vides=len(datasets) - table["remplis"], part=table["remplis"] / max(len(datasets), 1))
    return table.sort_values("remplis", kind="stable", ignore_index=True)
