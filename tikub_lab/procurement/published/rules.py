"""What a quality rule is, and where rules come from.

Rules are data: what a rule checks, its effect, where it is published, the fields it looks at, and a function of
one column.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from tikub_lab.procurement.published.fields import AMENDMENT_FIELDS, CONCESSION_FIELDS, CONTRACT_FIELDS, STATE_FIELDS

BERCY = "139bercy/decp-arr2022, augmente/nettoyage.py"
DECREE = "arrêté du 22 décembre 2022 relatif aux données essentielles des marchés publics"
FORMAT = "139bercy/format-commande-publique, schema_decp_v2.0.3.json"
GEOGRAPHY = "INSEE, code officiel géographique"
OURS = "tikub-lab"

Effect = Literal["reject", "repair", "blank", "mark"]


@dataclass(frozen=True)
class Rule:
    """One quality rule.

    Attributes
    ----------
    name, checks : str
        Its name in rejects and repairs, and what it asks of a value, as a sentence.
    effect : {'reject', 'repair', 'blank', 'mark'}
        Leave the record out, mend the value, empty it, or keep it and say so.
    source : str
        The text or programme that the rule comes from.
    fields : mapping of str to tuple of str
        The fields that it looks at, by frame (``contracts``, ``concessions``, ``suppliers``, ``holders``,
        ``amendments``, ``amendment_suppliers``).
    test : callable
        Of a frame and a field: True where the value breaks the rule (reject, mark), or the values as they should be
        (repair, blank).
    """

    name: str
    checks: str
    effect: Effect
    source: str
    fields: Mapping[str, tuple[str, ...]]
    test: Callable[[pd.DataFrame, str], pd.Series]


FIELDS = {
    "contracts": CONTRACT_FIELDS,
    "concessions": CONCESSION_FIELDS,
    "amendments": AMENDMENT_FIELDS,
    "states": STATE_FIELDS,
}
PARTIES = ("suppliers", "holders", "amendment_suppliers")


def number(values: pd.Series) -> pd.Series:
    """Return text as float64, NaN where it is no number."""
    return pd.to_numeric(values, errors="coerce").astype("float64")
