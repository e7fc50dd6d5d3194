"""The bid register: what a purchasing department knows of every bid, and the essential data (DECP) leave out.

Table ``procurement/bids``: one row a bid and tenderer, what is said of the consultation being repeated on each; a lot
is a competition of its own. Its French words stand for codes of OCDS. All that red flags look at comes as such rows:
a department's file, releases of OCDS (``published/ocds.py``), and contracts that are published without their bids.
"""

import pandas as pd

from tikub_lab.procurement.codes import ROWS, meanings
from tikub_lab.procurement.suppliers import firm
from tikub_lab.tables import workbench
from tikub_lab.tables.schema import Schema, read_schema

TABLE = "procurement/bids"
STATUSES, OPENINGS, METHODS, STATES = (
    {row["code"]: row["autres"] for row in ROWS if (row["table"], row["champ"]) == ("bids", field)}
    for field in ("statut", "ouverture", "procedure", "etat")
)
"""Statuses of a bid with the code list bidStatus of OCDS (which has no « Autre »), how open a procedure is with the
code list ``method``, procedures of the DECP as such methods (all competitive but the last; a « procédure adaptée » is
counted as open: the buyer may also have asked a few firms only, which the DECP do not say), and what became of a
consultation: an award is pending, made, impossible for want of a good bid, or given up."""
OF_OCDS = {"statuses": STATUSES, "openings": OPENINGS, "procedures": METHODS}
UNALLOTTED = "0"
"""The lot of a consultation that has none."""
OCDS = "OCDS"
"""The source of rows that were releases, which may leave out bids: they are not counted as all that came."""
LABELS = {
    "statut": meanings("statut", tuple(STATUSES)) | {code: word for word, code in STATUSES.items()},
    "ouverture": meanings("ouverture", tuple(OPENINGS)) | {code: word for word, code in OPENINGS.items()},
    "etat": meanings("etat", tuple(STATES)),
}
"""Labels of the register by their simplified form, and by the codes of OCDS."""


def schema() -> Schema:
    """Read the Table Schema of the register."""
    return read_schema(workbench() / "data" / "schemas" / f"{TABLE}.json")


def from_contracts(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Write published contracts (DECP) as rows of a register, each contract one competition without its bids.

    They say how many offers came, by which procedure, and what a sole holder supplies: enough for R018 and R048.
    Suppliers are counted by firm (SIREN).
    """
    rows = contracts[["uid", "acheteur_id", "codeCPV", "procedure", "offresRecues"]]
    rows = rows.merge(suppliers[["uid", "titulaire_id"]], how="left", on="uid")
    holders = rows.groupby("uid")["titulaire_id"].transform("size")
    return rows.rename(columns={"uid": "consultation_id", "offresRecues": "nombreCandidats"}).assign(
        lot=UNALLOTTED,
        offre=rows.groupby("uid").cumcount() + 1,
        etat="Attribuée",
        attributions=1,
        candidat_id=firm(rows["titulaire_id"]),
        retenue=True,
        seul=holders == 1,
    )
