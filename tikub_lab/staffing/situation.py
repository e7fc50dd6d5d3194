"""Where positions stand on a day: which are vacant, since when, how far their recruitment is, what changed.

All of it comes from positions and assignments: without absences and replacements it is the same.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day, as_date
from tikub_lab.methods.once import once
from tikub_lab.methods.scope import only
from tikub_lab.staffing.alerts import LAW
from tikub_lab.staffing.events import Row, as_table
from tikub_lab.staffing.ledger import Ledger, replay
from tikub_lab.staffing.state import PUBLIC, positions, vacancies

AGES = {0: "moins de 3 mois", 90: "de 3 à 6 mois", 180: "de 6 mois à 1 an", 365: "plus d'un an"}
"""Classes of the age of a vacancy, by their first day."""
STEPS = {
    "Offre à publier": "Aucune offre n'est connue depuis la vacance : la publier vient d'abord, un mois au moins avant "
    "une arrivée.",
    "Offre publiée, délai d'un mois": "L'offre est publiée depuis moins d'un mois : le délai légal court encore.",
    "Offre publiée, à pourvoir": "L'offre est publiée depuis un mois ou plus : demander où en sont les candidatures, "
    "et la revoir s'il n'y en a pas.",
    "Arrivée prévue": "Une affectation est enregistrée pour un jour à venir : préparer l'arrivée.",
}
"""How far the recruitment on a vacant position is, and what comes next."""
YEARS = 2
"""Years of vacancies from which the time to fill is estimated."""


@dataclass(frozen=True)
class Situation:
    """Positions on a day, beside an earlier one.

    - ``jour``, ``avant`` and ``debut``: the day, the earlier one, and that on which the ledger begins;
    - ``positions``: what :func:`tikub_lab.staffing.positions` gives;
    - ``vacant``: those that are vacant, the oldest first, with ``depuis``, ``jours``, ``age`` (:data:`AGES`), ``etape``
      (:data:`STEPS`), ``echeance``, the day from which it may be filled or will be, and ``suite``, what comes next;
    - ``changes``: ``poste``, ``code_uai``, ``metier``, ``quotite``, ``nature``: what differs, as known then;
    - ``vacancies``: those that began in the last two years, after the ledger did: ``poste``, ``code_uai``, ``metier``,
      ``debut``, ``jours``, ``pourvu`` (False where it was not filled so far, or ended otherwise).
    """

    jour: date
    avant: date
    debut: date
    positions: pd.DataFrame
    vacant: pd.DataFrame
    changes: pd.DataFrame
    vacancies: pd.DataFrame

    def at(self, uai: str) -> "Situation":
        """Keep what is about a lycée; a UsageError where it has no position."""
        here = only(self.positions, "uai", uai, "code_uai", "no position is known there; leave it out for all")
        others = (table[table["code_uai"] == uai] for table in (self.vacant, self.changes, self.vacancies))
        return Situation(self.jour, self.avant, self.debut, here, *others)


@once
def known(events: pd.DataFrame, jour: Day = None, connu: Day = None, days: int = 7) -> Situation:
    """Say where positions stand, from a table of events: a :class:`Situation`.

    Parameters
    ----------
    events : DataFrame
        Table ``staffing/events``.
    jour : date or str, optional
        The day; the last one on which something was recorded by default.
    connu : date or str, optional
        As it was known at the end of this day; all that is known by default.
    days : int
        How many days before it the day lies with which it is compared.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> events = tables.load("staffing/events")
    >>> found = known(events)
    >>> str(found.jour), len(known(events, connu="2025-06-30").vacant) != len(found.vacant)
    ('2025-12-16', True)
    """
    ledger, day = _replayed(events, jour, connu)
    return as_of(ledger, day, days)


@once
def state_of(events: pd.DataFrame, jour: Day = None, connu: Day = None) -> pd.DataFrame:
    """Return all that is true on a day, absences included: for what counts by département.

    Parameters
    ----------
    events, jour, connu
        As for :func:`known`.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> sorted(state_of(tables.load("staffing/events"))["objet"].unique())
    ['absence', 'affectation', 'poste', 'remplacement']
    """
    ledger, day = _replayed(events, jour, connu)
    return ledger.state(day)


def _replayed(events: pd.DataFrame, jour: Day, connu: Day) -> tuple[Ledger, date]:
    until = as_date(connu, "connu")
    if until is not None:
        events = events[events["enregistre"] < pd.Timestamp(until + timedelta(days=1), tz="UTC")]
    if events.empty:
        raise UsageError(f"connu={connu}: nothing was known by then. Take a later day.")
    return replay(events), as_date(jour, "jour") or events["enregistre"].max().date()


def as_of(ledger: Ledger, jour: date, days: int = 1) -> Situation:
    """Say where positions stand in a ledger on a day, and what changed in some days before it."""
    return stand(ledger.rows(*PUBLIC), jour, earlier(ledger, jour, days), days)


def stand(rows: list[Row], jour: date, before: pd.DataFrame, days: int = 1) -> Situation:
    """Return :func:`as_of` of what holds of positions and assignments, and of what :func:`earlier` gives."""
    now = positions(as_table(row for row in rows if row["debut"] <= jour < row["fin"]))
    spans = vacancies(rows, date.min, jour + timedelta(days=1))
    open_now = spans[~spans["pourvu"] & (spans["debut"] + pd.to_timedelta(spans["jours"], "D") > pd.Timestamp(jour))]
    since = open_now.drop_duplicates("poste", keep="last").set_index("poste")
    vacant = now[now["etat"] == "vacant"].drop(columns=["occupe", "etat"])
    vacant = vacant.join(since[["debut", "jours"]].rename(columns={"debut": "depuis"}), on="poste")
    coming = as_table(row for row in rows if row["objet"] == "affectation" and row["debut"] > jour)
    arrives = vacant[["poste"]].join(coming.groupby("rattachement")["debut"].min(), on="poste")["debut"]
    age = pd.cut(vacant["jours"], [*AGES, float("inf")], right=False, labels=list(AGES.values()))
    months = int(LAW.value("publication", "durée").number)
    former = vacant["publication"] < vacant["depuis"] - pd.DateOffset(years=1)  # that of an earlier vacancy
    free = vacant["publication"].mask(former) + pd.DateOffset(months=months)
    none, waits, ready, comes = STEPS
    step = np.select([arrives.notna(), free > pd.Timestamp(jour), free.notna()], [comes, waits, ready], none)
    vacant = vacant.assign(age=age, etape=pd.Categorical(step, [*STEPS]), echeance=arrives.fillna(free))
    vacant["suite"] = pd.Series(step, vacant.index, dtype="str").map(STEPS)
    first = pd.Timestamp(jour) - pd.DateOffset(years=YEARS)
    vacant = vacant.sort_values(["jours", "poste"], ascending=[False, True], ignore_index=True)
    debut = min((row["debut"] for row in rows if row["objet"] == "poste"), default=jour)
    spans = spans[(spans["debut"] >= first) & (spans["debut"] > pd.Timestamp(debut))].reset_index(drop=True)
    return Situation(jour, jour - timedelta(days=days), debut, now, vacant, _changes(now, before), spans)


def earlier(ledger: Ledger, jour: date, days: int = 1) -> pd.DataFrame:
    """Return the positions some days earlier, as they were known then; no row where that is purged."""
    past = jour - timedelta(days=days)
    with suppress(UsageError):
        return positions(ledger.state(past, past))
    return positions(as_table([]))


def _changes(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Say how positions differ from those of before; nothing where these are not known."""
    both = now.merge(now if before.empty else before, on="poste", how="outer", suffixes=("", "_avant"))
    state, was, offer = both["etat"].astype("object"), both["etat_avant"].astype("object"), both["publication"]
    nature = state.map({"pourvu": "pourvu", "vacant": "devenu vacant", "gelé": "gelé"}).mask(state == was)
    nature = nature.mask((state == was) & offer.notna() & (offer != both["publication_avant"]), "offre publiée")
    both["nature"] = nature.mask(was.isna(), "créé").mask(state.isna(), "supprimé").astype("str")
    names = ["code_uai", "metier", "quotite"]
    both = both.assign(**{name: both[name].fillna(both[f"{name}_avant"]) for name in names})
    return both.loc[both["nature"].notna(), ["poste", *names, "nature"]].reset_index(drop=True)
