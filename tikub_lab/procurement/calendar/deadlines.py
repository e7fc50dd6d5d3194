"""When contracts end: notification and length in force; whether the need comes back and is covered already.

A contract's end is its notification plus its length in calendar months. By the definition of the essential data (DECP,
schema 2.0.3), that counts optional parts and possible renewals; an amendment gives the new total. Execution may start
later, so that the true end may be later; a contract that was terminated is not known to be. The data do not link a
contract to the one that follows it: whether a need comes back or is covered is a guess by conventions of ours.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import as_date
from tikub_lab.procurement.frameworks import is_framework, subsequents
from tikub_lab.procurement.groups import UNKNOWN, families, family_labels
from tikub_lab.procurement.suppliers import firm, firm_names, firm_number

Day = date | pd.Timestamp | str

STATES = ("Fin inconnue", "Terminé", "Se termine bientôt", "En cours", "À venir")
"""``etat``: length unknown; ended before the day asked for; ends within the horizon; later; notified after that day."""

NEEDS = ("Récurrent", "À vérifier", "Ponctuel", "Suit l'accord-cadre")
"""``besoin``: « Suit l'accord-cadre » for a contract under a framework agreement; « Récurrent » for a framework
agreement, purchase orders, or where the buyer had bought the same CPV code before (works excepted: two building sites
are two needs); « Ponctuel » for other works (CPV division 45); « À vérifier » for the rest."""

APART = pd.Timedelta(days=90)
"""Between the notifications of two contracts of one buyer for one CPV code before the later is taken for a new
purchase rather than for another lot of the same."""

HORIZON = 12
"""Months within which an end is near."""

LONGEST = 180
"""Months. Bercy's rule for the essential data: a longer contract is taken for an error of entry."""

FRAMEWORK_LONGEST = 48
"""Months. Code de la commande publique, article L2125-1: four years at most for a contracting authority (eight for a
contracting entity), but for duly justified exceptions."""

REMARKS = pd.read_csv(Path(__file__).with_name("remarks.csv"), index_col="cas")["texte"]

COLUMNS = (
    "uid", "objet", "acheteur_id", "acheteur", "titulaires", "famille", "montant", "procedure", "debut", "fin",
    "fin_sans_avenant", "duree", "duree_initiale", "avenant", "couvert_jusqu_au", "besoin", "etat", "base",
    "incertitudes",
)  # fmt: skip


def ends(
    contracts: pd.DataFrame, amendments: pd.DataFrame, today: Day, suppliers: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Say when each contract ends, how that was worked out, and what makes it uncertain.

    Parameters
    ----------
    contracts, amendments, suppliers : DataFrame
        The tables; the last, for ``titulaires``, may be left out.
    today : date, Timestamp or str
        The day from which one looks; amendments notified later are not in force yet.

    Returns
    -------
    DataFrame of shape (contracts, 19), in order of ``fin``; the index is that of ``contracts``
        Among its columns: ``fin`` (by the length in force), ``fin_sans_avenant`` (the initial one), ``duree``,
        ``duree_initiale`` (months), ``avenant`` (number of the amendment in force), ``couvert_jusqu_au`` (latest end of
        a later contract of the buyer for the same CPV code, where it is after ``fin`` and the need may come back),
        ``etat`` (:data:`STATES`), ``besoin`` (:data:`NEEDS`), ``base`` and ``incertitudes`` (French, for a reader).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> found = ends(contracts, amendments, "2026-01-01")
    >>> len(found) == len(contracts), found["fin"].is_monotonic_increasing or found["fin"].isna().any()
    (True, np.True_)
    """
    now = day_of(today)
    days = amendments["dateNotificationModification"].fillna(amendments["datePublicationDonneesModification"])
    amendments = amendments.assign(quand=days)
    frame = contracts[["uid", "objet", "acheteur_id", "montant"]].copy()
    frame["debut"] = contracts["dateNotification"]
    frame["duree_initiale"] = contracts["dureeMois"].astype("Int64")
    # An amendment without any date is in force, and counts as the first.
    known = amendments[amendments["dureeMois"].notna() & ~(amendments["quand"] > now)]
    change = _last(known, "quand").reindex(frame["uid"]).set_axis(frame.index)
    frame["avenant"] = change["modification_id"].astype("Int64")
    frame["duree"] = change["dureeMois"].astype("Int64").fillna(frame["duree_initiale"])
    frame["fin"] = add_months(frame["debut"], _plausible(frame["duree"]))
    frame["fin_sans_avenant"] = add_months(frame["debut"], _plausible(frame["duree_initiale"]))
    frame["besoin"] = _need(contracts)
    frame["couvert_jusqu_au"] = covered_until(contracts, frame).where(frame["besoin"].isin(NEEDS[:2]))
    near = now + pd.DateOffset(months=HORIZON)
    state = pd.Series(STATES[3], index=frame.index, dtype="str")
    state = state.mask(frame["fin"] <= near, STATES[2]).mask(frame["fin"] < now, STATES[1])
    frame["etat"] = state.mask(frame["debut"] > now, STATES[4]).mask(frame["fin"].isna(), STATES[0])
    frame["base"] = _base(frame)
    frame["incertitudes"] = _doubts(contracts, frame, change)
    frame["acheteur"] = contracts["acheteur_nom"].fillna("SIRET " + contracts["acheteur_id"].astype("str"))
    frame["famille"] = family_labels(families(contracts["codeCPV"]))
    frame["procedure"] = contracts["procedure"].astype("str").fillna(UNKNOWN)
    in_force = amendments[amendments["dateNotificationModification"].le(now)]
    names = _holders(in_force, suppliers) if suppliers is not None else pd.Series(dtype="str")
    frame["titulaires"] = frame["uid"].map(names).astype("str")
    return frame.sort_values(["fin", "uid"], na_position="last")[list(COLUMNS)]


def day_of(value: Day) -> pd.Timestamp:
    """Return the day that a value means, at midnight; a UsageError where it means none."""
    day = as_date(value, "today")
    if day is None:
        raise UsageError("today is missing; write it as 2026-03-12.")
    return pd.Timestamp(day)


def add_months(days: pd.Series, months: pd.Series) -> pd.Series:
    """Add calendar months to days; where the month is too short, its last day."""
    moved = [some + pd.DateOffset(months=int(count)) for count, some in days.groupby(months)]
    return pd.concat([days.head(0), *moved]).reindex(days.index).astype("datetime64[s]")


def _plausible(months: pd.Series) -> pd.Series:
    return months.where(months.between(1, LONGEST))


def _last(amendments: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the last amendment of each contract, by uid; one without a date counts as the first."""
    ordered = amendments.sort_values([by, "modification_id"], na_position="first", kind="stable")
    return ordered.drop_duplicates("uid", keep="last").set_index("uid")


def _base(frame: pd.DataFrame) -> pd.Series:
    length = " (" + frame["duree"].astype("str") + " mois)"
    told = "Notification et durée publiée" + length
    base = told.where(
        frame["avenant"].isna(), "Notification et durée de l'avenant n° " + frame["avenant"].astype("str") + length
    )
    base = base.mask(_plausible(frame["duree"]).isna(), "Durée invraisemblable" + length)
    base = base.mask(frame["duree"].isna(), "Durée non publiée")
    return base.mask(frame["debut"].isna(), "Date de notification non publiée").astype("str")


def _doubts(contracts: pd.DataFrame, frame: pd.DataFrame, change: pd.DataFrame) -> pd.Series:
    shorter = (change["dureeMois"].astype("Int64") < frame["duree_initiale"]).fillna(False)
    until = frame["couvert_jusqu_au"].dt.strftime("%d/%m/%Y").astype("object")
    cases = {
        "raccourcit": shorter,
        "apres_la_fin": (frame["fin"] < change["quand"]).fillna(False) & ~shorter,
        "trop_long": is_framework(contracts) & frame["duree"].gt(FRAMEWORK_LONGEST).fillna(False),
        "couvert": until.notna(),
    }
    text = pd.Series("", index=frame.index, dtype="object")
    for case, holds in cases.items():
        words, _, field = REMARKS[case].partition("{")
        text[holds] = text[holds] + words + (until[holds] if field else "") + ". "
    return text.str.strip().astype("str")


def _holders(amendments: pd.DataFrame, suppliers: pd.DataFrame) -> pd.Series:
    """Name the holders of each contract, in one text by uid; those of its last amendment where it changed them."""
    changed = amendments[amendments["titulaires"].notna()]
    new = _last(changed, "dateNotificationModification")["titulaires"].str.split("|").explode()
    old = suppliers[~suppliers["uid"].isin(new.index)].set_index("uid")["titulaire_id"]
    holder = firm(pd.concat([old, new]).astype("str"))
    words = holder.map(firm_names(suppliers)).astype("str")
    return words.fillna(firm_number(holder)).groupby(level=0, sort=False).agg(" ; ".join)


def _need(contracts: pd.DataFrame) -> pd.Series:
    code, begun = contracts["codeCPV"].astype("str").str[:8], contracts["dateNotification"]
    first = begun.groupby([contracts["acheteur_id"], code]).transform("min")
    works = code.str.startswith("45").fillna(False)
    again = code.notna() & (begun >= first + APART) & ~works
    need = pd.Series(NEEDS[1], index=contracts.index, dtype="str").mask(works, NEEDS[2])
    return need.mask(is_framework(contracts) | again, NEEDS[0]).mask(subsequents(contracts), NEEDS[3])


def covered_until(contracts: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    """Find the latest end among a buyer's later contracts for the same eight digits of the CPV."""
    key = pd.factorize(contracts["acheteur_id"].astype("str") + " " + contracts["codeCPV"].astype("str").str[:8])[0]
    rows = pd.DataFrame({"key": key, "debut": frame["debut"].astype("datetime64[s]"), "fin": frame["fin"]})
    rows = rows.assign(row=np.arange(len(rows)))[(key >= 0) & rows["debut"].notna()].sort_values("debut")
    later = rows[rows["fin"].notna()]
    later = later.assign(furthest=later[::-1].groupby("key")["fin"].cummax())[["key", "debut", "furthest"]]
    due = rows.assign(debut=(rows["debut"] + APART).astype("datetime64[s]"))
    found = pd.merge_asof(due, later, on="debut", by="key", direction="forward").set_index("row")["furthest"]
    latest = found.reindex(range(len(frame))).set_axis(frame.index).astype("datetime64[s]")
    return latest.where(latest > frame["fin"])


@dataclass(frozen=True)
class EndsSummary:
    """How many contracts there are, and in each of :data:`STATES`; initial euros of those that end soon."""

    contracts: int
    unknown: int
    ended: int
    soon: int
    running: int
    coming: int
    amount_soon: float


def ends_summary(found: pd.DataFrame) -> EndsSummary:
    """Count the contracts of :func:`ends` by state.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> said = ends_summary(ends(contracts, amendments, "2026-01-01"))
    >>> said.contracts == said.unknown + said.ended + said.soon + said.running + said.coming
    True
    """
    unknown, ended, soon, running, coming = (int((found["etat"] == state).sum()) for state in STATES)
    amount = float(found.loc[found["etat"] == STATES[2], "montant"].sum())
    return EndsSummary(len(found), unknown, ended, soon, running, coming, amount)
