"""Conflicts of interest: which elected representatives may have to stand aside from a point of an agenda, and why.

By the dated rows « déport » of ``law.csv`` that are in force on the day of the session. A row that is not confirmed
never says more than « à vérifier ». This is no legal advice, and it is about seats only: what private interests someone
has is in no table. Every point of the agenda gets at least one line.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.bodies.duties import LAW
from tikub_lab.bodies.seats import in_force
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import CONFIRMED, TO_ASK, as_date
from tikub_lab.methods.scope import one_of
from tikub_lab.show import day
from tikub_lab.tables import require

ASIDE, CHECK, FREE = ADVICE = ("déport prévu", "à vérifier", "pas d'intérêt de ce seul fait")
"""What a row of ``law.csv`` may say (``valeur``)."""
NOBODY, NO_BODY = "aucun élu n'y siège", "aucun organisme"
GROUPINGS = {"syndicat mixte", "commune ou groupement"}
BY_LAW = re.compile(r"\b(code|loi|décret|CGCT|art)\b", re.I)
"""What a seat rests on where the designation is made under a law, and not under a body's own statutes."""
COLUMNS = ["seance", "point", "objet", "organisme", "decision", "nom", "prenom", "role", "avis", "raison", "reference",
           "statut"]  # fmt: skip


def advise(decision: str, nature: str, basis: str, when: date) -> tuple[str, str, str, str]:
    """Say what the text in force says of one representative: one of :data:`ADVICE`, why, the reference, its status.

    Examples
    --------
    >>> advise("commande publique", "lycée", "code de l'éducation, art. R421-14", date(2025, 12, 23))[0]
    'déport prévu'
    >>> advise("commande publique", "lycée", "code de l'éducation, art. R421-14", date(2025, 12, 24))[0]
    'à vérifier'
    """
    rules = {row.key[2]: row for row in LAW.values("déport", "décision", day=when)}
    if not rules:
        return CHECK, f"aucune règle n'est enregistrée pour le {day(when)}", "", TO_ASK
    if decision not in rules:
        return CHECK, f"nature de décision inconnue ; connues : {', '.join(rules)}", "", TO_ASK
    rule = rules[decision]
    if rule.statut == CONFIRMED and not BY_LAW.search(basis):
        why = f"siège fondé sur « {basis or 'rien'} » ; le texte vaut pour une désignation en application de la loi"
        return CHECK, why, rule.reference, rule.statut
    if rule.valeur == ASIDE and nature in GROUPINGS:
        rule = LAW.value("déport", "exception", "groupement", day=when)
    return rule.valeur if rule.statut == CONFIRMED else CHECK, rule.remarque, rule.reference, rule.statut


def conflicts_of(
    agenda: pd.DataFrame, bodies: pd.DataFrame, seats: pd.DataFrame, mandates: pd.DataFrame
) -> pd.DataFrame:
    """Go through an agenda and list the elected members who represent the Région in the bodies that it is about.

    Parameters
    ----------
    agenda, bodies, seats, mandates : DataFrame
        Tables ``bodies/…``; a body is named by its identifier, SIREN, RNA or exact name.

    Returns
    -------
    DataFrame
        seance, point, objet, organisme, decision, nom, prenom, role, avis (:data:`ADVICE`, or that no elected member
        sits there or no body is named), raison (French), reference, statut (of the rule).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = conflicts_of(*(tables.load(f"bodies/{name}") for name in ("agenda", "bodies", "seats", "mandates")))
    >>> len(found[["seance", "point"]].drop_duplicates())
    20
    """
    for name, table in (("agenda", agenda), ("bodies", bodies), ("seats", seats), ("mandates", mandates)):
        require(table, f"bodies/{name}")
    known: dict[str, str] = {}
    for column in ("nom", "rna", "siren", "organisme_id"):
        rows = bodies.dropna(subset=[column]).drop_duplicates(column, keep=False)
        known |= dict(zip(rows[column].astype("str").str.strip(), rows["organisme_id"], strict=True))
    about = bodies.set_index("organisme_id")
    held = {when: in_force(mandates, when.date()).merge(seats, on="siege_id") for when in agenda["seance"].unique()}
    lines = []
    order = (
        agenda["point"].astype("str").str.replace(r"\d+", lambda found: found[0].zfill(9), regex=True)
    )  # 2 before 10
    agenda = agenda.iloc[np.lexsort((order, agenda["seance"]))]
    for point in agenda.to_dict("records"):
        who = "" if pd.isna(point["organisme"]) else str(point["organisme"]).strip()
        body = about.loc[known[who]] if who in known else None
        row = {**point, "organisme": who if body is None else body["nom"]}
        there = held[point["seance"]]
        lines += [row | line for line in _lines(point, who, body, there)]
    return pd.DataFrame(lines, columns=COLUMNS)


def session_of(found: pd.DataFrame, seance: date | str | None = None) -> pd.Timestamp:
    """Return the session that is asked for, by default the last one; a UsageError for a day without one.

    Examples
    --------
    >>> session_of(pd.DataFrame({"seance": pd.to_datetime(["2025-11-20", "2026-05-18"])}))
    Timestamp('2026-05-18 00:00:00')
    """
    days = sorted(found["seance"].unique())
    if not days:
        raise UsageError("bodies/agenda has no row; fill in its template: tikub data template bodies/agenda.")
    when = days[-1] if seance is None else pd.Timestamp(str(as_date(seance, "seance")))
    one_of("seance", f"{when:%Y-%m-%d}", [f"{each:%Y-%m-%d}" for each in days], "the agenda has no session of this day")
    return when


def _lines(point: dict[Any, Any], who: str, body: Any, held: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Give the lines of one point: one an elected member who sits in its body, else one that says why there is none."""
    if not who:
        yield {"avis": NO_BODY, "raison": "le point ne nomme aucun organisme"}
        return
    if body is None:
        yield {
            "avis": CHECK,
            "raison": "organisme inconnu : ce n'est ni l'identifiant ni le nom exact d'un organisme suivi",
        }
        return
    there = held[held["organisme_id"] == body.name]
    elected = there[there["elu"].astype(bool)]
    if elected.empty:
        outside = f"seules des personnes extérieures à l'assemblée y siègent ({len(there)})"
        yield {"avis": NOBODY, "raison": outside if len(there) else "aucun siège n'y est occupé ce jour-là"}
    for _, rows in elected.groupby("personne", sort=False):
        first = rows.iloc[0]
        basis = "" if pd.isna(first["fondement"]) else str(first["fondement"])
        said = advise(str(point["decision"]).strip().lower(), str(body["nature"]), basis, point["seance"].date())
        yield {
            "nom": first["nom"], "prenom": first["prenom"], "role": ", ".join(rows["role"].astype("str").unique()),
            **dict(zip(("avis", "raison", "reference", "statut"), said, strict=True)),
        }  # fmt: skip
