"""Names of bodies as they are compared: words without accents, usual abbreviations written out, the town apart."""

import re
import unicodedata

import pandas as pd

SHORT = {
    "ASSOCIATION": "ASS ASSO ASSOC ASSOCIATIONS", "SAINT": "ST", "SAINTE": "STE", "COMPAGNIE": "CIE", "CENTRE": "CTRE",
    "COMITE": "CTE COM", "DEPARTEMENTAL": "DEP DEPT DPT DEPARTEMENTALE", "REGIONAL": "REG REGIONALE",
    "NATIONAL": "NAT NATIONALE", "FEDERATION": "FED FEDE", "SYNDICAT": "SYND", "SPORT": "SPORTS SPORTIF SPORTIVE",
}  # fmt: skip
WRITTEN = {short: word for word, shorts in SHORT.items() for short in shorts.split()}
EMPTY = {
    "L", "D", "LE", "LA", "LES", "DE", "DU", "DES", "ET", "EN", "AU", "AUX", "A", "POUR", "PAR", "SUR", "ASSOCIATION",
}  # fmt: skip
"""Words that say nothing of who is meant."""


def words(name: str) -> list[str]:
    """Return the words of a name in capitals without accents, usual abbreviations written out, acronyms joined.

    Examples
    --------
    >>> words("Ass. sportive de l'A.D.M.R. de St-Malo")
    ['ASSOCIATION', 'SPORT', 'DE', 'L', 'ADMR', 'DE', 'SAINT', 'MALO']
    """
    plain = unicodedata.normalize("NFKD", name.upper().replace("Œ", "OE")).encode("ascii", "ignore").decode()
    plain = re.sub(r"(?<=\b[A-Z])\.\s?(?=[A-Z]\b)", "", plain)
    return [WRITTEN.get(word, word) for word in re.findall("[A-Z0-9]+", plain)]


class Names:
    """What is compared of a table, by position: names in words, towns, and columns as text."""

    def __init__(self, table: pd.DataFrame):
        self.table, self.size = table, len(table)
        self.words = [words(name) for name in self.text("nom")]
        self.full = [" ".join(each) for each in self.words]
        self.core = [" ".join(w for w in each if w not in EMPTY) or " ".join(each) for each in self.words]
        self.initials = ["".join(w[0] for w in each.split()) if each.count(" ") > 1 else "?" for each in self.core]
        self.town = [re.sub(r"\d+|\bCEDEX\b", "", " ".join(words(each))).strip() for each in self.text("ville")]

    def text(self, column: str) -> list[str]:
        """Return a column as text, "" where it is missing."""
        return self.table[column].astype("str").fillna("").tolist() if column in self.table else [""] * self.size


def places(rows: Names, registry: Names) -> dict[str, tuple[list[str], list[str]]]:
    """Return communes (by code where both tables have it, else by name) and départements of both."""
    code = "code_commune" in rows.table and "code_commune" in registry.table
    communes = [names.text("code_commune") if code else names.town for names in (rows, registry)]
    departments = [names.text("departement") for names in (rows, registry)]
    return {"place": (communes[0], communes[1]), "department": (departments[0], departments[1])}
