"""Who sits where: seats that are vacant or soon will be, who left the assembly, how much each one carries.

A seat is a row of its own, occupied or not: without that, what is vacant can't be seen. A mandate counts from its first
day to the last one, both included; one whose term is over but that nobody ended still counts, and is said.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from tikub_lab.errors import RunError, UsageError
from tikub_lab.methods.law import as_date
from tikub_lab.methods.scope import one_of
from tikub_lab.tables import require

VACANT, TWICE, OVER, SOON, HELD = STATES = ("vacant", "occupé deux fois", "terme dépassé", "bientôt vacant", "occupé")
LEFT, CAME, RENAMED = "parti", "arrivé", "nom écrit autrement"
PARTICLES = {"D", "DE", "DES", "DU", "L", "LA", "LE", "EPOUSE", "NEE"}
Day = date | str


def tokens(text: str) -> frozenset[str]:
    """Return the words of a name without accents, signs, order and particles: « ORSANNE (D') » is « D'Orsanne ».

    Examples
    --------
    >>> tokens("ORSANNE (D')") == tokens("d'Orsanné")
    True
    """
    plain = unicodedata.normalize("NFKD", text.upper().replace("Œ", "OE"))
    words = re.findall("[A-Z]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))
    return frozenset(words) - PARTICLES or frozenset(words)


def person(nom: pd.Series, prenom: pd.Series) -> pd.Series:
    """Return a key of each person: the words of name and first name, in order, however they are written."""
    names = zip(nom.astype("str"), prenom.astype("str"), strict=True)
    keys = ["|".join(" ".join(sorted(tokens(part))) for part in parts) for parts in names]
    return pd.Series(keys, index=nom.index, dtype="str")


def in_force(mandates: pd.DataFrame, jour: Day) -> pd.DataFrame:
    """Keep the mandates that are in force on a day, with ``personne``: see :func:`person`.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> len(in_force(tables.load("bodies/mandates"), "2026-05-15"))
    868
    """
    require(mandates, "bodies/mandates")
    when = pd.Timestamp(str(as_date(jour, "jour")))
    rows = mandates[(mandates["debut"] <= when) & (mandates["fin"].isna() | (mandates["fin"] >= when))]
    return rows.assign(personne=person(rows["nom"], rows["prenom"]))


def state(seats: pd.DataFrame, mandates: pd.DataFrame, jour: Day, mois: int = 6) -> pd.DataFrame:
    """Say of each seat whether it is held on a day, and by whom.

    Parameters
    ----------
    seats, mandates : DataFrame
        Tables ``bodies/seats`` and ``bodies/mandates``.
    jour : date or str
    mois : int
        A term that ends within so many months is soon over.

    Returns
    -------
    DataFrame
        The seats, with etat (one of :data:`STATES`), nom, prenom, elu, debut and terme of the last one to be appointed,
        and vacant_depuis (the day after the last mandate; missing for a seat that never was held).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = state(tables.load("bodies/seats"), tables.load("bodies/mandates"), "2026-05-15")
    >>> found["etat"].value_counts()[["vacant", "occupé deux fois", "bientôt vacant"]].tolist()
    [14, 3, 6]
    """
    require(seats, "bodies/seats")
    if not 0 <= mois <= 120:
        raise UsageError(f"mois={mois}: give a number of months from 0 to 120.")
    when, held = pd.Timestamp(str(as_date(jour, "jour"))), in_force(mandates, jour)
    last = (
        held.sort_values(["debut", "mandat_id"]).groupby("siege_id")[["nom", "prenom", "elu", "debut", "terme"]].last()
    )
    table = seats.merge(last, on="siege_id", how="left", validate="1:1")
    count = table["siege_id"].map(held.groupby("siege_id")["personne"].nunique()).fillna(0)
    ended = mandates[mandates["fin"] < when].groupby("siege_id")["fin"].max() + pd.Timedelta(days=1)
    since = ended.reindex(table["siege_id"]).set_axis(table.index)  # an empty Series of days can't be mapped
    table["vacant_depuis"] = since.where(count == 0)
    soon = table["terme"] <= when + pd.DateOffset(months=mois)
    choices = [count == 0, count > 1, table["terme"] < when, soon]
    table["etat"] = pd.Categorical(np.select(choices, STATES[:4], HELD), STATES)
    return table


def load(mandates: pd.DataFrame, seats: pd.DataFrame, jour: Day) -> pd.DataFrame:
    """Count the seats that each representative holds on a day.

    Parameters
    ----------
    mandates, seats : DataFrame
        Tables ``bodies/mandates`` and ``bodies/seats``.
    jour : date or str

    Returns
    -------
    DataFrame
        nom, prenom, elu, titulaire, suppleant, sieges, organismes, cumuls (further seats in an instance where the
        same person has one): the largest number of seats first.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = load(tables.load("bodies/mandates"), tables.load("bodies/seats"), "2026-05-15")
    >>> int(found["sieges"].sum())
    868
    """
    held = in_force(mandates, jour).merge(seats, on="siege_id", validate="m:1")
    held["titulaire"] = (held["role"] == "titulaire").astype("int64")
    held["cumuls"] = held.duplicated(["personne", "organisme_id", "instance"]).astype("int64")
    found = held.groupby("personne").agg(
        nom=("nom", "last"), prenom=("prenom", "last"), elu=("elu", "max"), titulaire=("titulaire", "sum"),
        sieges=("siege_id", "size"), organismes=("organisme_id", "nunique"), cumuls=("cumuls", "sum"),
    )  # fmt: skip
    found.insert(4, "suppleant", found["sieges"] - found["titulaire"])
    return found.sort_values(["sieges", "nom", "prenom"], ascending=[False, True, True]).reset_index(drop=True)


def movements(
    councillors: pd.DataFrame,
    avant: Day | None = None,
    apres: Day | None = None,
    region: str = "53",
    confirme: bool = False,
) -> pd.DataFrame:
    """Compare two snapshots of an assembly: who left, who came, and whose name is only written otherwise.

    The register has no identifier of persons, and their birth dates are not kept. Two names are one person where their
    words are the same; or where mandate, département and a word of the first name agree and either the names share a
    word, or the mandate had begun before the first snapshot, so that nobody new can have it.

    Parameters
    ----------
    councillors : DataFrame
        Table ``bodies/councillors``.
    avant, apres : date or str, optional
        Days of two snapshots; by default the last two.
    region : str
        INSEE code.
    confirme : bool
        Compare even if the second one is older.

    Returns
    -------
    DataFrame
        mouvement (:data:`LEFT`, :data:`CAME` or :data:`RENAMED`), nom, prenom, section, debut_mandat, fonction,
        nouveau_nom, nouveau_prenom.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> movements(tables.load("bodies/councillors"))["mouvement"].value_counts().to_dict()
    {'parti': 3, 'arrivé': 3, 'nom écrit autrement': 2}
    """
    require(councillors, "bodies/councillors")
    one_of("region", region, sorted(councillors["region"].unique()))
    rows = councillors[councillors["region"] == region].reset_index(drop=True)  # rows are told by their index
    days = sorted(rows["releve"].unique())
    asked = [pd.Timestamp(str(as_date(day))) if day is not None else None for day in (avant, apres)]
    if len(days) < 2:
        raise UsageError(f"bodies/councillors has {len(days)} snapshot of region {region}; two are needed.")
    first, second = (day or days[at] for day, at in zip(asked, (-2, -1), strict=True))
    for name, day in (("avant", first), ("apres", second)):
        one_of(name, f"{day:%Y-%m-%d}", [f"{each:%Y-%m-%d}" for each in days], "there is no snapshot of this day")
    if second < first and not confirme:
        raise UsageError(
            f"apres={second:%Y-%m-%d} is older than avant={first:%Y-%m-%d}: who left would be said to have come. "
            "Give them the other way round, or confirm by confirme=True."
        )
    rows = rows.assign(personne=person(rows["nom"], rows["prenom"]) + "|" + rows["section"])  # namesakes there are
    before, after = (rows[rows["releve"] == day] for day in (first, second))
    gone = before[~before["personne"].isin(after["personne"])]
    come = after[~after["personne"].isin(before["personne"])]
    same = pd.concat([_pairs(_respelled(before, after)), _pairs(_alike(gone, come, first))], ignore_index=True)
    parts = [
        gone[~gone.index.isin(same["old"])].assign(mouvement=LEFT),
        come[~come.index.isin(same["new"])].assign(mouvement=CAME),
        rows.loc[same["old"]].assign(
            mouvement=RENAMED,
            nouveau_nom=rows["nom"].loc[same["new"]].to_numpy(object),
            nouveau_prenom=rows["prenom"].loc[same["new"]].to_numpy(object),
        ),
    ]
    columns = ["mouvement", "nom", "prenom", "section", "debut_mandat", "fonction", "nouveau_nom", "nouveau_prenom"]
    return pd.concat(parts).reindex(columns=columns).reset_index(drop=True)


def _pairs(found: Iterable[tuple[Any, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(found), columns=["old", "new"])


def _respelled(before: pd.DataFrame, after: pd.DataFrame) -> Iterable[tuple[Any, Any]]:
    """Give those whose name has the same words, written otherwise."""
    pairs = before.reset_index().merge(after.reset_index(), on="personne", suffixes=("", "_"))
    other = (pairs["nom"] != pairs["nom_"]) | (pairs["prenom"] != pairs["prenom_"])
    return zip(pairs["index"][other], pairs["index_"][other], strict=True)


def _alike(gone: pd.DataFrame, come: pd.DataFrame, first: pd.Timestamp) -> Iterable[tuple[Any, Any]]:
    """Pair who is one person under two names, the likeliest first, each once."""
    every = [tokens(name) for name in [*gone["nom"], *come["nom"]]]
    usual = {word for word, count in Counter(word for words in every for word in words).items() if count > 10}
    scored = []
    for new in come.itertuples():
        for old in gone.itertuples():
            given = tokens(str(old.prenom)) & tokens(str(new.prenom))
            if (old.section, str(old.debut_mandat)) == (new.section, str(new.debut_mandat)) and given:
                shared = len((tokens(str(old.nom)) & tokens(str(new.nom))) - usual)
                if shared or pd.Timestamp(str(new.debut_mandat)) < first:
                    scored.append((-shared, -len(given), old.Index, new.Index))
    taken = set[Any]()
    for _, _, old_at, new_at in sorted(scored):
        if not taken & {("old", old_at), ("new", new_at)}:
            taken |= {("old", old_at), ("new", new_at)}
            yield old_at, new_at


def to_appoint(
    seats: pd.DataFrame, mandates: pd.DataFrame, moved: pd.DataFrame, jour: Day, mois: int = 0
) -> pd.DataFrame:
    """List the seats to be filled: vacant ones, those of councillors who left, those whose term is over.

    Parameters
    ----------
    seats, mandates : DataFrame
        Tables ``bodies/seats`` and ``bodies/mandates``.
    moved : DataFrame
        From :func:`movements`.
    jour : date or str
    mois : int
        Also those whose term ends within so many months.

    Returns
    -------
    DataFrame
        As :func:`state`, with motif: « siège vacant », « élu parti » or « terme dépassé » (« terme proche »).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> seats, mandates = tables.load("bodies/seats"), tables.load("bodies/mandates")
    >>> moved = movements(tables.load("bodies/councillors"))
    >>> to_appoint(seats, mandates, moved, "2026-05-15")["motif"].value_counts()[["siège vacant", "terme dépassé"]].tolist()
    [14, 4]
    """  # noqa: E501
    table, gone = state(seats, mandates, jour, mois), moved[moved["mouvement"] == LEFT]
    held = in_force(mandates, jour)
    left = held[held["elu"].astype(bool) & held["personne"].isin(person(gone["nom"], gone["prenom"]))]
    choices = {
        "élu parti": table["siege_id"].isin(left["siege_id"]), "siège vacant": table["etat"] == VACANT,
        "terme dépassé": table["etat"] == OVER, "terme proche": table["etat"] == SOON,
    }  # fmt: skip
    table["motif"] = np.select(list(choices.values()), list(choices), "")
    return table[(table["motif"] != "") & ((table["motif"] != "terme proche") | (mois > 0))].reset_index(drop=True)


def proposal(
    wanted: pd.DataFrame, seats: pd.DataFrame, mandates: pd.DataFrame, people: pd.DataFrame, jour: Day
) -> pd.DataFrame:
    """Propose a councillor for each seat to be filled, so that what each one carries becomes as even as it can be.

    The sum of the squares of all loads is as small as possible; nobody gets two seats of one instance. Where several
    are as good, someone of the body's own département comes first. A proposal, which an assembly may follow or not.

    Parameters
    ----------
    wanted : DataFrame
        From :func:`to_appoint`; with ``departement`` of the body, if it is to count.
    seats, mandates : DataFrame
        Tables ``bodies/seats`` and ``bodies/mandates``.
    people : DataFrame
        Councillors of one snapshot: nom, prenom, section.
    jour : date or str

    Returns
    -------
    DataFrame
        The seats, with propose_nom, propose_prenom, charge_avant and charge_apres (seats of that person in all); no
        row where there are no people.

    Raises
    ------
    RunError
        More seats of one instance than there are people who don't sit there.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> seats, mandates = tables.load("bodies/seats"), tables.load("bodies/mandates")
    >>> wanted = state(seats, mandates, "2026-05-15").query("etat == 'vacant'")
    >>> people = tables.load("bodies/councillors").tail(83)
    >>> found = proposal(wanted, seats, mandates, people, "2026-05-15")
    >>> len(found), int(found["charge_apres"].max())
    (14, 2)
    """
    if not len(wanted) or not len(people):
        return wanted.head(0).assign(propose_nom="", propose_prenom="", charge_avant=0, charge_apres=0)
    held = in_force(mandates, jour).merge(seats, on="siege_id")
    held = held[~held["siege_id"].isin(wanted["siege_id"])]  # who leaves a seat no longer carries it
    people = people.assign(personne=person(people["nom"], people["prenom"])).reset_index(drop=True)
    base = people["personne"].map(held.groupby("personne").size()).fillna(0).to_numpy(np.int64)
    wanted, width = wanted.reset_index(drop=True), len(people)
    room = wanted["organisme_id"] + " " + wanted["instance"]
    there = set(zip(held["organisme_id"] + " " + held["instance"], held["personne"], strict=True))
    seat, who = np.divmod(np.arange(len(wanted) * width), width)
    free = np.array(
        [(room[s], people["personne"][p]) not in there for s, p in zip(seat, who, strict=True)], dtype=float
    )
    near = wanted.get("departement", pd.Series("", index=wanted.index)).to_numpy()[seat]
    far = (near != people["section"].to_numpy()[who]).astype(float)
    # the k-th further seat of someone adds 2 (load + k) + 1 to the sum of squares: convex, so slots fill in order
    slots = len(wanted)
    owner, rank = np.divmod(np.arange(width * slots), slots)
    cost = np.concatenate([far / (len(wanted) + 1), 2.0 * (base[owner] + rank) + 1])
    size, at = len(cost), len(wanted) * width
    codes = pd.factorize(room)[0]
    one = coo_array((np.ones(at), (seat, np.arange(at))), (len(wanted), size))
    balance = coo_array((np.r_[np.ones(at), -np.ones(len(owner))], (np.r_[who, owner], np.arange(size))), (width, size))
    rooms = coo_array((np.ones(at), (codes[seat] * width + who, np.arange(at))), ((codes.max() + 1) * width, size))
    limits = [LinearConstraint(one, 1, 1), LinearConstraint(balance, 0, 0), LinearConstraint(rooms, 0, 1)]
    bounds = Bounds(0, np.concatenate([free, np.ones(len(owner))]))
    solved = milp(cost, integrality=np.ones(size), bounds=bounds, constraints=limits)
    if solved.x is None:
        raise RunError(
            f"{len(wanted)} seats can't be filled by {width} people ({solved.message}). Leave some seats out."
        )
    chosen = who[solved.x[:at] > 0.5]
    after = base + np.bincount(chosen, minlength=width)
    return wanted.assign(
        propose_nom=people["nom"].to_numpy()[chosen],
        propose_prenom=people["prenom"].to_numpy()[chosen],
        charge_avant=base[chosen],
        charge_apres=after[chosen],
    )
