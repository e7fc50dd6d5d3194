"""By when to start the procedure that follows a contract: planned backwards from its end, step by step.

Two kinds of time are kept apart. The minimum time limits for tenders and the standstill are law: they stand in
``law.csv``, dated, with their article of the code de la commande publique. The time that a department needs for its
own work is an assumption, in :class:`LeadTimes`, to be adapted to the department.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.calendar.deadlines import NEEDS, STATES, Day, day_of
from tikub_lab.procurement.codes import LAW, WITHOUT_CALL
from tikub_lab.procurement.frameworks import holds
from tikub_lab.procurement.thresholds import FORMAL, OPEN

ADAPTED = "Procédure adaptée"
STEPS = pd.read_csv(Path(__file__).with_name("steps.csv"), dtype="str", keep_default_na=False)
"""The steps of a procedure in order: whose days (a name of :class:`LeadTimes`, or the law), for which procedures."""
LIGHTER = ("besoin", "redaction", "analyse", "notification")

STATUSES = (
    "En retard", "À lancer dans les 3 mois", "À lancer dans les 12 mois", "Plus tard", "Peut-être déjà relancé",
    "Plus court que sa procédure", "Dépend de l'accord-cadre", "Besoin ponctuel", "Terminé", "Fin inconnue",
)  # fmt: skip
"""``statut`` of :func:`launches`. Only the first four call for a date. « Plus court que sa procédure »: the next
procedure should have started before the contract did, which tells of a single purchase rather than of a delay."""


@dataclass(frozen=True)
class LeadTimes:
    """Days that the department's own work takes. Assumptions of ours, to be adapted by the department."""

    besoin: int = 60  # definition of the need and market research
    redaction: int = 45
    validation: int = 10  # internal approval until the notice is sent
    adaptee: int = 25  # given to candidates in an adapted procedure
    dialogue: int = 30  # negotiation or dialogue, tenders in a dialogue included
    analyse: int = 45
    commission: int = 15  # the board that awards (CAO) and its notice to attend, formal procedures only
    notification: int = 15  # signature, legal control, notification
    relais: int = 30  # overlap with the outgoing supplier, setting up
    allegement: float = 0.6  # what part of the department's times an adapted procedure takes
    electronique: bool = True  # tenders come in electronically (the rule since 1 October 2018)
    preinformation: bool = False  # a prior information notice was sent in time: another legal minimum applies

    def __post_init__(self) -> None:
        wrong = [name for name, value in asdict(self).items() if value < 0]
        if wrong:
            raise UsageError(f"LeadTimes: {', '.join(wrong)} is negative; give a number of days from 0.")


def time_limits(day: Day) -> pd.DataFrame:
    """Return the legal minima in force on a day, as a table.

    An adapted procedure has no minimum in days: the buyer allows a reasonable time (R2143-1, R2151-1). Shorter limits
    for urgency are left out: one does not plan for urgency.
    """
    names = ["procedure", "etape", "condition"]
    found = LAW.table("délai", names=names, day=day_of(day).date()).rename(columns={"reference": "article"})
    return found.assign(jours=found["valeur"].astype("int64"))[[*names, "jours", "article", "debut", "fin", "statut"]]


def schedule(procedure: str, leads: LeadTimes, day: Day) -> pd.DataFrame:
    """List the steps of a procedure, in order, with their days."""
    conditions = {"Cas général": True, "Transmission électronique": leads.electronique}
    conditions["Avis de préinformation"] = leads.preinformation
    limits = time_limits(day)
    limits = limits[(limits["procedure"] == procedure) & limits["condition"].map(conditions)]
    limits = limits.sort_values("jours", kind="stable").drop_duplicates("etape").set_index("etape")
    law = STEPS["jours"] == "loi"
    meant = (STEPS["procedures"] == "") | holds(STEPS["procedures"], procedure)
    steps = STEPS[meant & (~law | STEPS["etape"].isin(limits.index))].reset_index(drop=True)
    law = steps["jours"] == "loi"
    part = 1.0 if procedure in FORMAL else leads.allegement
    times = {name: round(value * part) if name in LIGHTER else value for name, value in asdict(leads).items()}
    days, article = (steps["etape"].map(limits[name]) for name in ("jours", "article"))
    return pd.DataFrame(
        {
            "etape": steps["etape"],
            "jours": steps["jours"].map(times).mask(law, days).astype("int64"),
            "nature": np.where(law, "minimum légal", "hypothèse"),
            "source": steps["jours"].mask(law, article),
            "avant_publication": steps["avant_publication"] == "oui",
        }
    )


def launches(
    found: pd.DataFrame, today: Day, leads: LeadTimes | None = None, seuil: pd.Series | float | None = None
) -> pd.DataFrame:
    """Plan the procedure that follows each contract.

    The procedure is that of last time. Where the contract's amount reaches ``seuil``, an adapted procedure, or one
    without competition, becomes an open call for tenders; where it is missing, as for social and other specific
    services, the procedure stays. One that is not known is planned as an open call for tenders, so as not to be late.

    Parameters
    ----------
    found, today
        From :func:`~tikub_lab.procurement.calendar.deadlines.ends`, and as for it.
    leads : LeadTimes, optional
        The department's own times.
    seuil : Series or number, optional
        Euros excluding tax from which a formal procedure is due; a Series has the index of ``found`` (that is, of the
        contracts), in any order.

    Returns
    -------
    DataFrame
        ``found`` with ``procedure_prevue``, ``jours`` (from the first step to the end), ``publier_avant`` (the
        notice), ``a_lancer_avant`` (the definition of the need), ``statut`` (:data:`STATUSES`), ``base_lancement``.
        Dates are missing where the statut calls for none. Ordered by ``a_lancer_avant``, then ``fin``.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.procurement.calendar.deadlines import ends
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> plan = launches(ends(contracts, amendments, "2026-01-01"), "2026-01-01", seuil=216_000)
    >>> bool((plan["a_lancer_avant"] < plan["publier_avant"])[plan["a_lancer_avant"].notna()].all())
    True
    """
    now, leads = day_of(today), leads or LeadTimes()
    if isinstance(seuil, pd.Series):
        lost = len(found.index.difference(seuil.index))
        if lost or not seuil.index.is_unique:
            raise UsageError(
                f"seuil: {lost} of {len(found)} contracts have none in its index, or it names one twice; give a "
                "Series with the index of the contracts."
            )
        seuil = seuil.reindex(found.index).astype("float64")
    plan = found.copy()
    known = plan["procedure"].isin([*FORMAL, ADAPTED, WITHOUT_CALL])
    above = plan["montant"] >= (np.nan if seuil is None else seuil)
    raised = above & plan["procedure"].isin([ADAPTED, WITHOUT_CALL])
    plan["procedure_prevue"] = plan["procedure"].where(known & ~raised, OPEN)
    planned = plan["procedure_prevue"]
    steps = {name: schedule(name, leads, now) for name in planned.unique()}
    after = {name: each.loc[~each["avant_publication"], "jours"].sum() for name, each in steps.items()}
    plan["jours"] = planned.map({name: each["jours"].sum() for name, each in steps.items()}).astype("Int64")
    plan["publier_avant"] = plan["fin"] - pd.to_timedelta(planned.map(after).astype("Int64"), unit="D")
    plan["a_lancer_avant"] = plan["fin"] - pd.to_timedelta(plan["jours"], unit="D")
    plan["statut"] = _status(plan, now)
    called = plan["statut"].isin(STATUSES[:4])
    dates = ["publier_avant", "a_lancer_avant"]
    plan[dates] = plan[dates].astype("datetime64[s]").where(called)
    why = pd.Series("Même procédure que la dernière fois", index=plan.index, dtype="str")
    why = why.mask(raised, "Montant au-dessus du seuil : appel d'offres")
    why = why.mask(~known, "Procédure non renseignée : prévue comme un appel d'offres, par prudence")
    plan["base_lancement"] = (why + " ; " + plan["jours"].astype("str") + " jours avant la fin").where(called, "")
    return plan.sort_values(["a_lancer_avant", "fin", "uid"], na_position="last")


def _status(plan: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    due = plan["a_lancer_avant"]
    cases = [  # what comes first wins
        (plan["etat"] == STATES[0], STATUSES[9]),
        (plan["etat"] == STATES[1], STATUSES[8]),
        (plan["besoin"] == NEEDS[2], STATUSES[7]),
        (plan["besoin"] == NEEDS[3], STATUSES[6]),
        (due < plan["debut"], STATUSES[5]),
        (plan["couvert_jusqu_au"].notna(), STATUSES[4]),
        (due < now, STATUSES[0]),
        (due <= now + pd.DateOffset(months=3), STATUSES[1]),
        (due <= now + pd.DateOffset(months=12), STATUSES[2]),
    ]
    return pd.Series(STATUSES[3], index=plan.index, dtype="str").case_when(cases)


def by_month(plan: pd.DataFrame, today: Day, months: int = 24) -> pd.DataFrame:
    """Count ends and launches by month, from this one on; a month without any counts zero.

    Parameters
    ----------
    plan, today, months
        From :func:`launches`; the day from which one looks; from 1 to 120.

    Returns
    -------
    DataFrame of shape (months, 5)
        Columns mois (its first day), fins, montant_fins, lancements, montant_lancements (euros excluding tax, initial
        amounts). Launches already late count in the first month; ends before today are left out.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-03-04"])
    >>> plan = pd.DataFrame({"fin": days, "a_lancer_avant": days, "montant": 10.0})
    >>> by_month(plan, "2026-01-01", months=3)["montant_fins"].tolist()
    [0.0, 0.0, 10.0]
    """
    if not 1 <= months <= 120:
        raise UsageError(f"months={months}: give a number from 1 to 120.")
    now = day_of(today)
    calendar = pd.period_range(now.to_period("M"), periods=months, freq="M", name="mois")
    table = pd.DataFrame({"mois": calendar.to_timestamp()})
    for name, days in (("fins", plan["fin"].where(plan["fin"] >= now)), ("lancements", plan["a_lancer_avant"])):
        each = plan["montant"].groupby(days.mask(days < now, now).dt.to_period("M"))
        table[name] = each.size().reindex(calendar, fill_value=0).to_numpy()
        table[f"montant_{name}"] = each.sum().reindex(calendar, fill_value=0.0).to_numpy(dtype="float64")
    return table
