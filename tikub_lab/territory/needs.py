"""Which datasets of a catalogue serve which use case of the workbench, and what is missing."""

import re

import pandas as pd

from tikub_lab.tables.by_schema import folded
from tikub_lab.territory.criteria import sheet


def served(datasets: pd.DataFrame) -> pd.DataFrame:
    """Find the datasets that can fill each table that the use cases need (``needs.csv``).

    A dataset is known by its identifier, else by whole words of its title or keywords: a candidate, which a person
    opens before it is imported. One row a need: cas, besoin, table, jeux (how many datasets), titres (the first three),
    trouve (« identifiant », « mots » or nothing), ailleurs (who holds it).

    Examples
    --------
    >>> from tikub_lab.territory import catalog
    >>> served(catalog().datasets)["jeux"].tolist()
    [2, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1]
    """
    said = [_words(f"{title} {words}") for title, words in datasets[["titre", "mots_cles"]].fillna("").to_numpy()]
    rows = []
    for need in sheet("needs").to_dict("records"):
        known = datasets["jeu_id"].isin(need["identifiants"].split()).to_numpy()
        asked = [_words(words) for words in need["mots"].split("|")]
        alike = [any(words in text for words in asked) for text in said]
        titles = datasets["titre"][known if known.any() else alike].tolist()
        listed = " ; ".join(titles[:3]) + (" ; …" if len(titles) > 3 else "")
        how = "identifiant" if known.any() else "mots" if titles else ""
        rows.append({**need, "jeux": len(titles), "titres": listed or "aucun", "trouve": how})
    return pd.DataFrame(rows)[["cas", "besoin", "table", "jeux", "titres", "trouve", "ailleurs"]]


def _words(text: str) -> str:
    """Return the words of a text, folded and without their plural, so that whole ones are found between spaces."""
    words = [folded(word).rstrip("s") for word in re.findall(r"\w+", text)]
    return f" {' '.join(words)} "
