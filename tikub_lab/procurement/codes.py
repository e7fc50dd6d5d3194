"""Code lists of the essential data (DECP), labels that stand for them (``codes.csv``), and the CPV nomenclature.

Lists: arrêté du 22 décembre 2022 relatif aux données essentielles
des marchés publics, as the JSON schema 2.0.3 of
139bercy/format-commande-publique writes them; « Accord-cadre » and
« Marché subséquent » come from the format of 2019. CPV divisions
and their labels: règlement (CE) n° 213/2008 de la Commission du 28
novembre 2007, annexe I.
"""

import csv
import unicodedata
from pathlib import Path

import pandas as pd

from tikub_lab.methods.law import Law

LAW = Law(Path(__file__).with_name("law.csv"))
"""Dated values of public procurement: thresholds, national targets
and duties, time limits."""

WITHOUT_CALL = "Marché passé sans publicité ni mise en concurrence préalable"


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = _rows("codes.csv")
"""The codes of each field of a table, and what else stands for them; those of bids stand for codes of OCDS."""


def _codes(table: str) -> dict[str, tuple[str, ...]]:
    own = [row for row in ROWS if row["table"] == table]
    return {
        field: tuple(row["code"] for row in own if row["champ"] == field)
        for field in dict.fromkeys(row["champ"] for row in own)
    }


CODES, CONCESSION_CODES = _codes("contracts"), _codes("concessions")
"""The values that each coded field of a contract (or its suppliers) and of a concession may have."""
_OTHERS = [(row, other) for row in ROWS for other in filter(None, row["autres"].split("|"))]
ALIASES = {
    field: {other: row["code"] for row, other in _OTHERS if (row["table"], row["champ"]) == ("contracts", field)}
    for field in CODES
}
"""Labels of the format of 2019, and spellings met in publications, with what they mean in the lists of 2022."""
PRICE_FORMS_2019 = {other: row["code"] for row, other in _OTHERS if row["table"] == "2019"}
"""Values of ``formePrix`` in 2019 that the format of 2022 moved to ``typesPrix``."""

NO_CONSIDERATION = {
    "considerationsSociales": "Pas de considération sociale",
    "considerationsEnvironnementales": "Pas de considération environnementale",
}

_DIVISIONS = _rows("cpv_divisions.csv")
CPV_DIVISIONS: dict[str, str] = {row["code"]: row["libelle"] for row in _DIVISIONS}
"""The 45 divisions of the CPV 2008, by their code with its check
digit."""
SHORT_DIVISIONS = {row["libelle"]: row["court"] for row in _DIVISIONS}
"""Names of ours for charts and lists, by the official ones."""


def simplified(label: str) -> str:
    """Reduce a label to what tells it from others: no case, accents, punctuation or spacing.

    Examples
    --------
    >>> simplified("CODE_DÉPARTEMENT") == simplified("Code  département")
    True
    """
    plain = unicodedata.normalize("NFKD", label.replace("œ", "oe").replace("Œ", "oe"))
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).lower().split())


def meanings(field: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Map the simplified form of every known label of a field to the label of 2022.

    Examples
    --------
    >>> meanings("procedure", CODES["procedure"])["procedure concurrentielle avec negociation"]
    'Procédure avec négociation'
    """
    known = {simplified(label): label for label in allowed}
    return {simplified(old): new for old, new in ALIASES.get(field, {}).items()} | known


def repair_cpv(codes: pd.Series) -> pd.Series:
    """Bring CPV codes to eight digits with or without a check digit, the generic code of the division at worst.

    Where the nomenclature was imported, its codes take their place (``published/cpv.sql``).

    Examples
    --------
    >>> repair_cpv(pd.Series(["45214200", "3111000", "4521", "99000000-1"], dtype="str")).tolist()
    ['45214200', '03111000', '45000000-7', nan]
    """
    divisions = {code[:2]: code for code in CPV_DIVISIONS}
    parts = codes.str.replace(r"\s+", "", regex=True).str.extract(r"^(\d+)(?:-(\d))?$")
    digits, key = parts[0].astype("str"), parts[1].astype("str")
    ninth = digits.str.fullmatch(r"\d{9}") & key.isna()
    key = key.mask(ninth, digits.str[8:])
    digits = digits.mask(ninth, digits.str[:8])

    def exists(candidate: pd.Series) -> pd.Series:
        return candidate.str[:2].isin(divisions)

    seven = digits.str.len() == 7
    front, behind = "0" + digits, digits + "0"
    digits = digits.mask(seven & exists(front), front).mask(seven & ~exists(front) & exists(behind), behind)
    complete = (digits.str.len() == 8) & exists(digits)
    kept = digits.where(key.isna() | seven, digits + "-" + key)
    return kept.where(complete, codes.str.strip().str[:2].map(divisions).astype("str"))
