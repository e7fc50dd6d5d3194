"""By when to start the procedure that follows a contract: planned backwards from its end."""

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.calendar.deadlines import STATES, Day, day_of
from tikub_lab.procurement.calendar.recurrence import NEEDS
from tikub_lab.procurement.calendar.schedule import ADAPTED, FORMAL, OPEN, WITHOUT, LeadTimes, schedule

STATUSES = (
    "En retard", "À lancer dans les 3 mois", "À lancer dans les 12 mois", "Plus tard", "Peut-être déjà relancé",
    "Plus court que sa procédure", "Dépend de l'accord-cadre", "Besoin ponctuel", "Terminé", "Fin inconnue",
)  # fmt: skip
"""``statut`` of :func:`launches`. Only the first four call for a
date. « Plus court que sa procédure »: the next procedure should
have started before the contract did, which tells of a single
purchase rather than of a delay."""


def launches(
    found: pd.DataFrame, today: Day, leads: LeadTimes | None = None, seuil: pd.Series | float | None = None
) -> pd.DataFrame:
    """Plan the procedure that follows each contract.

    The procedure is that of last time. Where ``seuil`` is given and
    the contract's amount reaches it, an adapted procedure, or one
    without competition, becomes an open call for tenders; where it
    is missing, as for social and other specific services, the
    procedure stays. A procedure that is not known is planned as an
    open call for tenders, so as not to be late.

    Parameters
    ----------
    found : DataFrame
        From :func:`~tikub_lab.procurement.calendar.deadlines.ends`.
    today : date, Timestamp or str
        As for ``ends``.
    leads : LeadTimes, optional
        The department's own times.
    seuil : Series or number, optional
        Euros excluding tax from which a formal procedure is due; a
        Series has the index of ``found`` (that is, of the
        contracts), in any order.

    Returns
    -------
    DataFrame
        ``found`` with ``procedure_prevue``, ``jours`` (from the
        first step to the end), ``publier_avant`` (the notice),
        ``a_lancer_avant`` (the definition of the need), ``statut``
        (:data:`STATUSES`), ``base_lancement``. Dates are missing
        where the statut calls for none. Ordered by
        ``a_lancer_avant``, then ``fin``.

    Raises
    ------
    UsageError
        A threshold whose index is not that of the contracts.

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
    plan = found.copy()
    above = plan["montant"] >= _threshold(plan, seuil)
    known = plan["procedure"].isin([*FORMAL, ADAPTED, WITHOUT])
    raised = above & plan["procedure"].isin([ADAPTED, WITHOUT])
    plan["procedure_prevue"] = plan["procedure"].where(known & ~raised, OPEN)
    steps = {name: schedule(name, leads, now) for name in plan["procedure_prevue"].unique()}
    whole = plan["procedure_prevue"].map({name: int(table["jours"].sum()) for name, table in steps.items()})
    after = plan["procedure_prevue"].map(
        {name: int(table.loc[~table["avant_publication"], "jours"].sum()) for name, table in steps.items()}
    )
    plan["jours"] = whole.astype("Int64")
    plan["publier_avant"] = _days_before(plan["fin"], after)
    plan["a_lancer_avant"] = _days_before(plan["fin"], whole)
    plan["statut"] = _status(plan, now)
    called = plan["statut"].isin(STATUSES[:4])
    plan[["publier_avant", "a_lancer_avant"]] = plan[["publier_avant", "a_lancer_avant"]].where(called)
    plan["base_lancement"] = _grounds(plan, known, raised, called)
    return plan.sort_values(["a_lancer_avant", "fin", "uid"], na_position="last")


def _threshold(plan: pd.DataFrame, seuil: pd.Series | float | None) -> pd.Series:
    if isinstance(seuil, pd.Series):
        lost = len(plan.index.difference(seuil.index))
        if lost or not seuil.index.is_unique:
            raise UsageError(
                f"seuil: {lost} of {len(plan)} contracts have none in its index, or it names one twice; give a Series "
                "with the index of the contracts."
            )
        return seuil.reindex(plan.index).astype("float64")
    return pd.Series(np.nan if seuil is None else float(seuil), index=plan.index)


def _days_before(days: pd.Series, count: pd.Series) -> pd.Series:
    return (days - pd.to_timedelta(count.astype("float64"), unit="D")).astype("datetime64[s]")


def _status(plan: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    due = plan["a_lancer_avant"]
    status = pd.Series(STATUSES[3], index=plan.index, dtype="str")
    status = status.mask(due <= now + pd.DateOffset(months=12), STATUSES[2])
    status = status.mask(due <= now + pd.DateOffset(months=3), STATUSES[1]).mask(due < now, STATUSES[0])
    status = status.mask(plan["couvert_jusqu_au"].notna(), STATUSES[4])
    status = status.mask(due < plan["debut"], STATUSES[5])
    status = status.mask(plan["besoin"] == NEEDS[3], STATUSES[6]).mask(plan["besoin"] == NEEDS[2], STATUSES[7])
    return status.mask(plan["etat"] == STATES[1], STATUSES[8]).mask(plan["etat"] == STATES[0], STATUSES[9])


def _grounds(plan: pd.DataFrame, known: pd.Series, raised: pd.Series, called: pd.Series) -> pd.Series:
    why = pd.Series("Même procédure que la dernière fois", index=plan.index, dtype="object")
    why = why.mask(raised, "Montant au-dessus du seuil : appel d'offres")
    why = why.mask(~known, "Procédure non renseignée : prévue comme un appel d'offres, par prudence")
    words = why + " ; " + plan["jours"].astype("str") + " jours avant la fin"
    return words.where(called, "").astype("str")


def by_month(plan: pd.DataFrame, today: Day, months: int = 24) -> pd.DataFrame:
    """Count ends and launches by month, from this one on; a month without any counts zero.

    Parameters
    ----------
    plan : DataFrame
        From :func:`launches`.
    today : date, Timestamp or str
    months : int
        How many months.

    Returns
    -------
    DataFrame of shape (months, 5)
        Columns mois (its first day), fins, montant_fins,
        lancements, montant_lancements (euros excluding tax, initial
        amounts). Launches already late count in the first month.
        Ends before today, after the last month or unknown are in
        :class:`~tikub_lab.procurement.calendar.deadlines.EndsSummary`.

    Raises
    ------
    UsageError
        Months below 1 or above 120.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.procurement.calendar.deadlines import ends
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> plan = launches(ends(contracts, amendments, "2026-01-01"), "2026-01-01")
    >>> len(by_month(plan, "2026-01-01", months=12))
    12
    """
    if not 1 <= months <= 120:
        raise UsageError(f"months={months}: give a number from 1 to 120.")
    now = day_of(today)
    calendar = pd.period_range(now.to_period("M"), periods=months, freq="M", name="mois")
    table = pd.DataFrame(index=calendar)
    due = plan["a_lancer_avant"].where(plan["a_lancer_avant"] >= now, now).where(plan["a_lancer_avant"].notna())
    for name, days in (("fins", plan["fin"].where(plan["fin"] >= now)), ("lancements", due)):
        known = days.notna()
        grouped = plan.loc[known, "montant"].groupby(days[known].dt.to_period("M"))
        table[name] = grouped.size().reindex(calendar, fill_value=0).astype("int64")
        table[f"montant_{name}"] = grouped.sum().reindex(calendar, fill_value=0.0).astype("float64")
    return table.reset_index().assign(mois=calendar.to_timestamp())
