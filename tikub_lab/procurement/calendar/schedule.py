"""The steps of a procedure and the days that each takes: what the law sets, what a department assumes.

Two kinds of time are kept apart. The minimum time limits for
tenders and the standstill are law: they stand in ``law.csv``,
dated, with their article of the code de la commande publique. The
time that a department needs for its own work is an assumption, in
:class:`LeadTimes`, to be adapted to the department.
"""

from dataclasses import astuple, dataclass, fields

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.calendar.deadlines import Day, day_of
from tikub_lab.procurement.codes import LAW

OPEN, RESTRICTED = "Appel d'offres ouvert", "Appel d'offres restreint"
NEGOTIATED, DIALOGUE = "Procédure avec négociation", "Dialogue compétitif"
ADAPTED, WITHOUT = "Procédure adaptée", "Marché passé sans publicité ni mise en concurrence préalable"
FORMAL = (OPEN, RESTRICTED, NEGOTIATED, DIALOGUE)

USUAL, ONLINE, FORETOLD = "Cas général", "Transmission électronique", "Avis de préinformation"
BOTH, REQUESTS, TENDERS, STANDSTILL = "Candidatures et offres", "Candidatures", "Offres", "Suspension de la signature"

LIMITS = ("procedure", "etape", "condition", "jours", "article", "debut", "fin", "statut")
"""An adapted procedure has no minimum in days: the buyer allows a
reasonable time (R2143-1, R2151-1). Shorter limits for urgency are
left out: one does not plan for urgency."""


@dataclass(frozen=True)
class LeadTimes:
    """Days that the department's own work takes. Assumptions of ours, to be adapted by the department.

    Attributes
    ----------
    besoin, redaction : int
        Definition of the need and market research; drafting of the
        documents.
    validation : int
        Internal approval until the notice is sent.
    adaptee : int
        Time given to candidates in an adapted procedure.
    dialogue : int
        Negotiation or dialogue, where the procedure has one,
        tenders in a dialogue included.
    analyse, commission : int
        Analysis of the tenders; the board that awards (CAO) and its
        notice to attend, formal procedures only.
    notification : int
        Signature, legal control, notification.
    relais : int
        Overlap with the outgoing supplier, setting up.
    allegement : float
        What part of the internal times an adapted procedure takes,
        compared with a formal one.
    electronique, preinformation : bool
        Whether tenders come in electronically (the rule since 1
        October 2018) and whether a prior information notice was
        sent in time: which legal minimum applies.

    Examples
    --------
    >>> LeadTimes(besoin=90).besoin
    90
    """

    besoin: int = 60
    redaction: int = 45
    validation: int = 10
    adaptee: int = 25
    dialogue: int = 30
    analyse: int = 45
    commission: int = 15
    notification: int = 15
    relais: int = 30
    allegement: float = 0.6
    electronique: bool = True
    preinformation: bool = False

    def __post_init__(self) -> None:
        wrong = [f.name for f, value in zip(fields(self), astuple(self), strict=True) if value < 0]
        if wrong:
            raise UsageError(f"LeadTimes: {', '.join(wrong)} is negative; give a number of days from 0.")


def time_limits(day: Day) -> pd.DataFrame:
    """Return the legal minima in force on a day, as a table.

    Examples
    --------
    >>> limits = time_limits("2026-01-01")
    >>> limits.loc[(limits["procedure"] == OPEN) & (limits["etape"] == BOTH), "jours"].tolist()
    [35, 30, 15]
    """
    found = LAW.table("délai", names=LIMITS[:3], day=day_of(day).date())
    found = found.rename(columns={"reference": "article"})
    return found.assign(jours=found["valeur"].astype("int64"))[list(LIMITS)]


def schedule(procedure: str, leads: LeadTimes, day: Day) -> pd.DataFrame:
    """List the steps of a procedure, in order, with their days.

    Examples
    --------
    >>> steps = schedule(OPEN, LeadTimes(), "2026-01-01")
    >>> int(steps["jours"].sum()), steps.loc[steps["nature"] == "minimum légal", "jours"].tolist()
    (261, [30, 11])
    """
    part = 1.0 if procedure in FORMAL else leads.allegement
    inner = {name: round(getattr(leads, name) * part) for name in ("besoin", "redaction", "analyse", "notification")}
    law, ours = "minimum légal", "hypothèse"
    steps: list[tuple[str, int, str, str, bool]] = [
        ("Définir le besoin", inner["besoin"], ours, "besoin", True),
        ("Rédiger le dossier de consultation", inner["redaction"], ours, "redaction", True),
        ("Valider et publier", leads.validation, ours, "validation", True),
    ]
    limits = _applicable(procedure, leads, day)
    steps += [(step, days, law, article, False) for step, days, article in limits if step != STANDSTILL]
    if procedure == ADAPTED:
        steps.append((BOTH, leads.adaptee, ours, "adaptee", False))
    if procedure in (NEGOTIATED, DIALOGUE):
        steps.append(("Négocier ou dialoguer", leads.dialogue, ours, "dialogue", False))
    steps.append(("Analyser", inner["analyse"], ours, "analyse", False))
    if procedure in FORMAL:
        steps.append(("Réunir la commission d'appel d'offres", leads.commission, ours, "commission", False))
    steps += [(step, days, law, article, False) for step, days, article in limits if step == STANDSTILL]
    steps += [
        ("Signer et notifier", inner["notification"], ours, "notification", False),
        ("Passer le relais", leads.relais, ours, "relais", False),
    ]
    return pd.DataFrame(steps, columns=["etape", "jours", "nature", "source", "avant_publication"])


def _applicable(procedure: str, leads: LeadTimes, day: Day) -> list[tuple[str, int, str]]:
    holds = {USUAL: True, ONLINE: leads.electronique, FORETOLD: leads.preinformation}
    table = time_limits(day)
    own = table[(table["procedure"] == procedure) & table["condition"].map(holds)]
    shortest = own.sort_values("jours", kind="stable").drop_duplicates("etape").sort_index()
    order = shortest[["etape", "jours", "article"]].itertuples(index=False, name=None)
    return [(str(step), int(days), str(article)) for step, days, article in order]
