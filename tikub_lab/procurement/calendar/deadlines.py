"""When contracts end: notification, length in force, renewals where the wording tells of them.

A contract's end is its notification plus its length in calendar
months (31 January and one month is the last day of February). By
the definition of the essential data (DECP, schema 2.0.3), the
published length counts optional parts and possible renewals, and an
amendment's length is the contract's new total. Two limits of the
data hold throughout: execution may start after the notification (an
order to start, a fixed date), so that the true end may be later;
and a contract that was terminated is not known to be.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.calendar.recurrence import NEEDS, covered_until, is_framework, recurrence
from tikub_lab.procurement.calendar.renewals import renewals
from tikub_lab.procurement.codes import CPV_DIVISIONS

Day = date | pd.Timestamp | str

STATES = ("Fin inconnue", "Terminé", "Se termine bientôt", "En cours", "À venir")
"""``etat``: length unknown; ended before the day asked for; ends
within the horizon; later; notified after that day."""

LONGEST = 180
"""Months. Bercy's rule for the essential data: a longer contract is
taken for an error of entry."""

FRAMEWORK_LONGEST = 48
"""Months. Code de la commande publique, article L2125-1: four years
at most for a contracting authority (eight for a contracting
entity), but for duly justified exceptions."""

COLUMNS = (
    "uid", "objet", "acheteur_id", "acheteur", "titulaires", "famille", "montant", "procedure", "debut", "fin",
    "fin_sans_avenant", "fin_reconduite", "duree", "duree_initiale", "avenant", "reconduction", "reconductions",
    "couvert_jusqu_au", "besoin", "etat", "base", "incertitudes",
)  # fmt: skip


def ends(
    contracts: pd.DataFrame,
    amendments: pd.DataFrame,
    today: Day,
    suppliers: pd.DataFrame | None = None,
    horizon: int = 12,
) -> pd.DataFrame:
    """Say when each contract ends, how that was worked out, and what makes it uncertain.

    Parameters
    ----------
    contracts, amendments : DataFrame
        Tables ``procurement/contracts`` and
        ``procurement/amendments``.
    today : date, Timestamp or str
        The day from which one looks; amendments notified later are
        not in force yet.
    suppliers : DataFrame, optional
        Table ``procurement/suppliers``, for ``titulaires``.
    horizon : int
        Months within which an end is near.

    Returns
    -------
    DataFrame of shape (contracts, 22), in order of ``fin``; the
    index is that of ``contracts``
        Among its columns: ``fin`` (the length in force),
        ``fin_sans_avenant`` (the initial length),
        ``fin_reconduite`` (later than ``fin``, where the wording
        tells of renewals that the published length leaves out),
        ``duree`` and ``duree_initiale`` (months), ``avenant``
        (number of the amendment in force, if any), ``reconduction``
        and ``reconductions``
        (:func:`~tikub_lab.procurement.calendar.renewals.renewals`),
        ``couvert_jusqu_au`` (latest end of a contract that the
        buyer gave for the same CPV code later, where it is after
        ``fin`` and the need may come back: it may be covered
        already), ``etat`` (:data:`STATES`), ``base`` and
        ``incertitudes`` (French, for a reader). ``besoin`` is one
        of :data:`~tikub_lab.procurement.calendar.recurrence.NEEDS`.

    Raises
    ------
    UsageError
        A day that is none, or a horizon below one month.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> found = ends(contracts, amendments, "2026-01-01")
    >>> len(found) == len(contracts), found["fin"].is_monotonic_increasing or found["fin"].isna().any()
    (True, np.True_)
    """
    now = day_of(today)
    if horizon < 1:
        raise UsageError(f"horizon={horizon}: give a number of months from 1.")
    frame = pd.DataFrame({"uid": contracts["uid"], "debut": contracts["dateNotification"]}, index=contracts.index)
    frame["duree_initiale"] = contracts["dureeMois"].astype("Int64")
    change = _in_force(amendments, now).reindex(frame["uid"]).set_axis(frame.index)
    frame["avenant"] = change["modification_id"].astype("Int64")
    amended = change["dureeMois"].astype("Int64")
    frame["duree"] = amended.fillna(frame["duree_initiale"])
    frame["fin"] = add_months(frame["debut"], _plausible(frame["duree"]))
    frame["fin_sans_avenant"] = add_months(frame["debut"], _plausible(frame["duree_initiale"]))
    read = renewals(contracts["objet"])
    frame[["reconduction", "reconductions"]] = read[["reconduction", "reconductions"]]
    renewed = add_months(frame["debut"], _plausible(read["duree_dite"]))
    frame["fin_reconduite"] = renewed.where(renewed > frame["fin"])
    frame["besoin"] = recurrence(contracts, frame)
    frame["couvert_jusqu_au"] = covered_until(contracts, frame).where(frame["besoin"].isin(NEEDS[:2]))
    frame["etat"] = _state(frame, now, horizon)
    frame["base"] = _base(frame)
    frame["incertitudes"] = _doubts(contracts, frame, read, amended, change["quand"])
    _describe(frame, contracts, amendments[amendments["dateNotificationModification"].le(now)], suppliers)
    return frame.sort_values(["fin", "uid"], na_position="last")[list(COLUMNS)]


def day_of(value: Day) -> pd.Timestamp:
    """Return the day that a value means, at midnight.

    Examples
    --------
    >>> day_of("2026-03-12")
    Timestamp('2026-03-12 00:00:00')
    """
    try:
        day = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"today={value!r} is no date; write it as 2026-03-12.") from error
    if pd.isna(day):
        raise UsageError(f"today={value!r} is no date; write it as 2026-03-12.")
    return day.tz_localize(None).normalize()


def add_months(days: pd.Series, months: pd.Series) -> pd.Series:
    """Add calendar months to days; where the month is too short, its last day.

    Examples
    --------
    >>> days = pd.Series(pd.to_datetime(["2024-01-31", "2023-01-31", "2024-02-29"]))
    >>> add_months(days, pd.Series([1, 1, 12])).dt.strftime("%d/%m/%Y").tolist()
    ['29/02/2024', '28/02/2023', '28/02/2025']
    """
    start = days.astype("datetime64[s]")
    count = months.astype("Int64")
    known = start.notna() & count.notna()
    begun = start.where(known, pd.Timestamp(0)).to_numpy().astype("datetime64[M]")
    month = begun + count.where(known, 0).to_numpy(dtype="int64").astype("timedelta64[M]")
    length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype("int64")
    day = np.minimum(start.dt.day.fillna(1).to_numpy(dtype="int64"), length)
    shifted = month.astype("datetime64[D]") + (day - 1)
    return pd.Series(shifted.astype("datetime64[s]"), index=days.index).where(known)


def _plausible(months: pd.Series) -> pd.Series:
    return months.where(months.between(1, LONGEST))


def _in_force(amendments: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Return, by uid, the last amendment of the length notified by a day; one without any date counts as the first."""
    quand = amendments["dateNotificationModification"].fillna(amendments["datePublicationDonneesModification"])
    known = amendments.assign(quand=quand)[amendments["dureeMois"].notna() & ~(quand > now)]
    last = known.sort_values(["quand", "modification_id"], na_position="first", kind="stable")
    return last.drop_duplicates("uid", keep="last").set_index("uid")[["modification_id", "dureeMois", "quand"]]


def _state(frame: pd.DataFrame, now: pd.Timestamp, horizon: int) -> pd.Series:
    near = now + pd.DateOffset(months=horizon)
    state = pd.Series(STATES[3], index=frame.index, dtype="str")
    state = state.mask(frame["fin"] <= near, STATES[2]).mask(frame["fin"] < now, STATES[1])
    return state.mask(frame["debut"] > now, STATES[4]).mask(frame["fin"].isna(), STATES[0])


def _base(frame: pd.DataFrame) -> pd.Series:
    length = frame["duree"].astype("str")
    told = "Notification et durée publiée (" + length + " mois)"
    amended = "Notification et durée de l'avenant n° " + frame["avenant"].astype("str") + " (" + length + " mois)"
    base = told.where(frame["avenant"].isna(), amended)
    base = base.mask(frame["duree"].isna(), "Durée non publiée")
    implausible = frame["duree"].notna() & _plausible(frame["duree"]).isna()
    base = base.mask(implausible, "Durée invraisemblable (" + length + " mois)")
    return base.mask(frame["debut"].isna(), "Date de notification non publiée").astype("str")


def _doubts(
    contracts: pd.DataFrame, frame: pd.DataFrame, read: pd.DataFrame, amended: pd.Series, when: pd.Series
) -> pd.Series:
    shorter = (amended < frame["duree_initiale"]).fillna(False)
    before = (frame["fin"] < when).fillna(False)
    renewable = frame["reconduction"].notna() & frame["reconductions"].fillna(1).gt(0)
    left_out = frame["fin_reconduite"].notna()
    counted = renewable & read["duree_dite"].eq(frame["duree"]).fillna(False)
    too_long = is_framework(contracts) & frame["duree"].gt(FRAMEWORK_LONGEST).fillna(False)
    remarks: list[tuple[pd.Series, Any]] = [
        (shorter, "L'avenant raccourcit le marché : peut-être une durée ajoutée, publiée au lieu de la durée totale"),
        (before & ~shorter, "L'avenant a été notifié après la fin qu'il donne"),
        (left_out, "Reconductions non comprises dans la durée publiée : fin possible le "
         + _written(frame["fin_reconduite"])),
        (counted & ~left_out, "Fin de la dernière reconduction possible : chaque reconduction se décide avant"),
        (renewable & ~left_out & ~counted, "Reconductible, sans que l'on sache si la durée publiée en tient compte"),
        (too_long, "Accord-cadre de plus de quatre ans (article L2125-1) : durée à vérifier"),
        (frame["couvert_jusqu_au"].notna(), "Même acheteur et même code CPV : un marché plus récent court jusqu'au "
         + _written(frame["couvert_jusqu_au"])),
    ]  # fmt: skip
    text = pd.Series("", index=frame.index, dtype="object")
    for mask, words in remarks:
        added = words[mask] if isinstance(words, pd.Series) else words
        text[mask] = text[mask] + (added + ". ")
    return text.str.strip().astype("str")


def _written(days: pd.Series) -> pd.Series:
    return days.dt.strftime("%d/%m/%Y").astype("object")


def _describe(
    frame: pd.DataFrame, contracts: pd.DataFrame, amendments: pd.DataFrame, suppliers: pd.DataFrame | None
) -> None:
    frame["objet"] = contracts["objet"]
    frame["acheteur_id"] = contracts["acheteur_id"]
    named = contracts["acheteur_nom"].notna()
    frame["acheteur"] = contracts["acheteur_nom"].where(named, "SIRET " + contracts["acheteur_id"].astype("str"))
    labels = {code[:2]: label for code, label in CPV_DIVISIONS.items()}
    frame["famille"] = contracts["codeCPV"].str[:2].map(labels).fillna("Famille non renseignée").astype("str")
    frame["montant"] = contracts["montant"]
    procedure = contracts["procedure"].astype("object")
    frame["procedure"] = procedure.where(procedure.notna(), "Non renseignée").astype("str")
    names = _holders(amendments, suppliers) if suppliers is not None else pd.Series(dtype="str")
    frame["titulaires"] = frame["uid"].map(names).astype("str")


def _holders(amendments: pd.DataFrame, suppliers: pd.DataFrame) -> pd.Series:
    """Name the holders of each contract, in one text by uid; those of its last amendment where it changed them."""
    named = suppliers[suppliers["titulaire_nom"].notna()].drop_duplicates("titulaire_id", keep="last")
    name = named.set_index("titulaire_id")["titulaire_nom"]
    changed = amendments[amendments["titulaires"].notna()].sort_values(
        ["dateNotificationModification", "modification_id"], kind="stable"
    )
    new = changed.drop_duplicates("uid", keep="last").set_index("uid")["titulaires"].str.split("|").explode()
    old = suppliers[~suppliers["uid"].isin(new.index)].set_index("uid")["titulaire_id"]
    holder = pd.concat([old, new]).astype("str")
    words = holder.map(name).astype("object")
    return words.where(words.notna(), "Identifiant " + holder).groupby(level=0, sort=False).agg(" ; ".join)


@dataclass(frozen=True)
class EndsSummary:
    """How many contracts stand in each state, and what is missing or uncertain.

    Attributes
    ----------
    contracts : int
        The sum of the next five.
    unknown, ended, soon, running, coming : int
        By ``etat``: see :data:`STATES`.
    no_length, implausible_length, no_date : int
        Why an end is unknown.
    amended : int
        Contracts whose length an amendment changed.
    renewable, renewals_left_out : int
        Contracts whose wording tells of renewals; those whose
        published length leaves them out.
    renewals_unsaid : int
        Contracts whose wording says nothing of renewals: DECP have
        no field for them.
    amount_soon : float
        Euros excluding tax (initial amounts) of contracts that end
        within the horizon.
    """

    contracts: int
    unknown: int
    ended: int
    soon: int
    running: int
    coming: int
    no_length: int
    implausible_length: int
    no_date: int
    amended: int
    renewable: int
    renewals_left_out: int
    renewals_unsaid: int
    amount_soon: float


def ends_summary(found: pd.DataFrame) -> EndsSummary:
    """Count the contracts of :func:`ends` by state and by what is not known of them.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> said = ends_summary(ends(contracts, amendments, "2026-01-01"))
    >>> said.contracts == said.unknown + said.ended + said.soon + said.running + said.coming
    True
    """
    states = found["etat"].value_counts()
    unknown, ended, soon, running, coming = (int(states.get(name, 0)) for name in STATES)
    renewable = found["reconduction"].notna() & found["reconductions"].fillna(1).gt(0)
    no_date, length = found["debut"].isna(), found["duree"]
    return EndsSummary(
        contracts=len(found), unknown=unknown, ended=ended, soon=soon, running=running, coming=coming,
        no_length=int((length.isna() & ~no_date).sum()),
        implausible_length=int((length.notna() & _plausible(length).isna() & ~no_date).sum()),
        no_date=int(no_date.sum()),
        amended=int((found["avenant"].notna() & ~length.eq(found["duree_initiale"]).fillna(False)).sum()),
        renewable=int(renewable.sum()),
        renewals_left_out=int(found["fin_reconduite"].notna().sum()),
        renewals_unsaid=int(found["reconduction"].isna().sum()),
        amount_soon=float(found.loc[found["etat"] == STATES[2], "montant"].sum()),
    )  # fmt: skip
