"""Which datasets of a catalogue serve which use case of the workbench, and what is missing."""

import re
from pathlib import Path

import pandas as pd

from tikub_lab.tables.by_schema import folded


def served(datasets: pd.DataFrame) -> pd.DataFrame:
    """Find the datasets that can fill each table that the use cases need (``needs.csv``).

    A dataset is known by its identifier, else by whole words of its title or keywords: a candidate, which a person
    opens before it is imported.

    Parameters
    ----------
    datasets : DataFrame
        Rows of ``territory/datasets``.

    Returns
    -------
    DataFrame
        One row a need: cas, besoin, table, jeux (how many datasets), titres (the first three), trouve (« par
        identifiant », « par mots », « absent »), ailleurs (who holds it).

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> served(catalog().datasets)["trouve"].value_counts()["absent"]
    np.int64(3)
    """
    needs = pd.read_csv(Path(__file__).with_name("needs.csv"), dtype="str", keep_default_na=False)
    said = [_words(f"{title} {words}") for title, words in datasets[["titre", "mots_cles"]].fillna("").to_numpy()]
    rows = []
    for need in needs.itertuples():
        known = datasets["jeu_id"].isin(str(need.identifiants).split())
        asked = [_words(words) for words in str(need.mots).split("|")]
        alike = pd.Series([any(words in text for words in asked) for text in said], index=datasets.index, dtype=bool)
        rows.append(datasets[known if known.any() else alike]["titre"].tolist())
        needs.loc[need.Index, "trouve"] = "par identifiant" if known.any() else "par mots" if alike.any() else "absent"
    needs["jeux"] = [len(titles) for titles in rows]
    needs["titres"] = [" ; ".join(titles[:3]) + (" ; …" if len(titles) > 3 else "") for titles in rows]
    return needs[["cas", "besoin", "table", "jeux", "titres", "trouve", "ailleurs"]]


def _words(text: str) -> str:
    """Return the words of a text, folded and without their plural, so that whole ones are found between spaces."""
    words = [folded(word).rstrip("s") for word in re.findall(r"\w+", text)]
    return f" {' '.join(words)} "
