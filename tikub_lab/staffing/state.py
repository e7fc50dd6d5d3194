"""State as tables: positions and what covers them, full-time equivalents, absences, history, time to fill."""

from collections import defaultdict
from datetime import date
from operator import itemgetter

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.durations import still
from tikub_lab.methods.privacy import LEAST, suppress
from tikub_lab.staffing.events import OPEN, Row, as_table
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.staffing.periods import spells

STATES = ("pourvu", "vacant", "gelé")
"""A position has somebody assigned to it, or is open and has nobody, or is frozen."""
PUBLIC = ("poste", "affectation")
"""The kinds of things from which all comes that is said below département."""
SAID = ("code_uai", "metier", "quotite", "publication")
ALL = "Ensemble"
"""The row of all départements."""


def positions(state: pd.DataFrame) -> pd.DataFrame:
    """List the positions, and whether they are filled; absences and replacements are not read.

    Of what :meth:`Ledger.state` gives: ``poste``, ``code_uai``, ``metier``, ``quotite``, ``publication``, ``occupe``
    (percent of full time to which agents are assigned, whoever is away), ``etat`` (:data:`STATES`).

    Examples
    --------
    >>> from tikub_lab import staffing, tables
    >>> table = positions(staffing.state_of(tables.load("staffing/events"), "2025-12-31"))
    >>> len(table), table["etat"].iloc[0]
    (2490, 'pourvu')
    """
    posts, stays = (state[state["objet"] == kind] for kind in PUBLIC)
    held = posts["cle"].map(stays.groupby("rattachement")["quotite"].sum())
    filled, vacant, frozen = STATES
    etat = np.select([held.notna(), posts["statut"] == "gelé"], [filled, frozen], vacant)
    table = posts[["cle", *SAID]].rename(columns={"cle": "poste"}).reset_index(drop=True)
    table["occupe"] = held.clip(upper=posts["quotite"]).fillna(0.0).to_numpy(np.float64)
    return table.assign(etat=pd.Categorical(etat, STATES))


def coverage(table: pd.DataFrame, by: list[str] | str = "code_uai") -> pd.DataFrame:
    """Add positions up in full-time equivalents, by lycée (``code_uai``), trade (``metier``) or columns joined.

    ``by``, then ``postes``, and in full-time equivalents ``etp`` (frozen positions left out), ``couverts``, ``vacants``
    and ``geles``; ``part``, the share of ``etp`` that is filled.

    Examples
    --------
    >>> table = pd.DataFrame({"code_uai": "1", "quotite": [100.0, 50.0], "occupe": [100.0, 0],
    ...                       "etat": ["pourvu", "vacant"]})
    >>> coverage(table)[["etp", "couverts", "vacants"]].values.tolist()
    [[1.5, 1.0, 0.5]]
    """
    names = [by] if isinstance(by, str) else list(by)
    frozen, due, held = table["etat"] == "gelé", table["quotite"] / 100, table["occupe"] / 100
    parts = table[names].assign(
        postes=1, etp=due.mask(frozen, 0), couverts=held, vacants=(due - held).mask(frozen, 0),
        geles=due.where(frozen, 0),
    )  # fmt: skip
    found = parts.groupby(names, as_index=False, observed=True).sum()
    return found.assign(part=found["couverts"] / found["etp"].mask(found["etp"] == 0))


def absences(state: pd.DataFrame, departements: pd.Series) -> pd.DataFrame:
    """Count those who are away by département and reason, no small count shown or to be worked out.

    Of what :meth:`Ledger.state` gives, and the département of each lycée by ``code_uai``: one row a département, then
    :data:`ALL`; a column a reason, ``Int64``, missing where hidden (:func:`tikub_lab.methods.privacy.suppress`).

    Examples
    --------
    >>> from tikub_lab import staffing, tables
    >>> site = tables.load("territory/lycees").set_index("code_uai")["departement"]
    >>> found = absences(staffing.state_of(tables.load("staffing/events"), "2025-12-31"), site)
    >>> found.loc[ALL, "maladie"].item()
    52
    """
    site, of = _sites(state, departements)
    away = state[state["objet"] == "absence"]
    counts = pd.crosstab(away["rattachement"].map(of), away["motif"])
    counts = counts.reindex(sorted(site.unique()), fill_value=0).rename_axis("departement")
    shown = counts.astype("Int64") if counts.empty else suppress(counts)
    totals = counts.sum().astype("Int64")  # which `suppress` takes for known
    shown.loc[ALL] = totals.mask((totals > 0) & (totals < LEAST))
    return shown


def presence(state: pd.DataFrame, departements: pd.Series) -> pd.DataFrame:
    """Say how much of the work is filled, and how much is done: less who is away, with who replaces them.

    Of the same as :func:`absences`: ``departement``, and in full-time equivalents ``etp``, ``couverts``, ``presents``.
    A finer table would tell who is away. Its rows are those of :func:`absences`; a single one where fewer than five
    persons are away or replace somebody in one of them; where they are so few in all, who is there is missing.

    Examples
    --------
    >>> from tikub_lab import staffing, tables
    >>> site = tables.load("territory/lycees").set_index("code_uai")["departement"]
    >>> found = presence(staffing.state_of(tables.load("staffing/events"), "2025-12-31"), site)
    >>> bool((found["presents"] < found["couverts"]).all())
    True
    """
    site, of = _sites(state, departements)
    stays, away, sent = (state[state["objet"] == kind] for kind in ("affectation", "absence", "remplacement"))
    absent = stays[stays["cle"].isin(away["rattachement"])]
    replaced = sent["rattachement"].map(away.set_index("cle")["rattachement"])
    moves = pd.concat([absent.assign(part=-absent["quotite"]), sent.assign(part=sent["quotite"], cle=replaced)])
    where = moves["cle"].map(of)

    def few(group: pd.Series) -> bool:
        return bool(moves.groupby(["objet", where.map(group)]).size().between(1, LEAST - 1).any())

    labels = {part: label for label in absences(state, departements).index for part in label.split(" + ")}
    group = pd.Series(labels).reindex(site.unique())
    if group.isna().any() or few(group):
        group[:] = " + ".join(sorted(group.index))
    table = positions(state)
    found = coverage(table.assign(departement=table["poste"].map(site).map(group)), "departement")
    change = found["departement"].map(moves["part"].groupby(where.map(group)).sum()).fillna(0.0) / 100
    presents = np.nan if few(group) else found["couverts"] + change
    return found[["departement", "etp", "couverts"]].assign(presents=presents)


def _sites(state: pd.DataFrame, departements: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Give the département of each position, and of each assignment, by its key."""
    site = state[state["objet"] == "poste"].set_index("cle")["code_uai"].map(departements)
    stays = state[state["objet"] == "affectation"].set_index("cle")["rattachement"]
    return site, stays.map(site)


def history(ledger: Ledger, position: str) -> pd.DataFrame:
    """Tell what was said of a position, of who was on it and of its replacements, by its days.

    It tells of persons. Columns: ``objet``, ``debut``, ``fin``, ``agent``, ``quotite``, ``statut``, ``contrat``.

    Examples
    --------
    >>> from tikub_lab import staffing, tables
    >>> history(staffing.replay(tables.load("staffing/events")), "P00001")["objet"].tolist()[0]
    'affectation'
    """
    rows = ledger.rows("poste", "affectation", "remplacement")
    table = as_table(row for row in rows if row["cle"].partition("/")[0] == position)
    if table.empty:
        raise UsageError(f"position={position!r} is none that the ledger knows.")
    names = ["objet", "debut", "fin", "agent", "quotite", "statut", "contrat"]
    return table[names].sort_values(["debut", "objet"], ignore_index=True)


def vacancies(rows: list[Row], first: date, last: date) -> pd.DataFrame:
    """List when positions were open and nobody was assigned, of what a ledger holds, if it began in a period.

    ``pourvu`` is False where it was not filled by ``last``, or ended otherwise (frozen, given up).
    """
    where, held = itemgetter("cle", "code_uai", "metier"), defaultdict[str, list[tuple[date, date]]](list)
    for row in rows:
        if row["objet"] == "affectation":
            held[row["rattachement"]].append((row["debut"], row["fin"]))
    found = []
    for spell in spells(row for row in rows if row["objet"] == "poste" and row["statut"] != "gelé"):
        begin, over = spell["debut"], spell["fin"]
        for debut, fin in [*sorted(held.get(spell["cle"], ())), (OPEN, OPEN)]:
            end = min(debut, over, last)
            if first <= begin < end:
                found.append((*where(spell), begin, (end - begin).days, end == debut < over))
            begin = max(begin, min(fin, over))
    columns = ["poste", "code_uai", "metier", "debut", "jours", "pourvu"]
    kinds = {"debut": "datetime64[s]", "jours": "int64", "pourvu": "bool"}
    return pd.DataFrame(found, columns=columns).astype(kinds)


def time_to_fill(vacancies: pd.DataFrame) -> pd.DataFrame:
    """Estimate how many vacancies are still open after so many days (Kaplan–Meier), open ones included.

    Of :attr:`Situation.vacancies`: ``jours``, ``part`` still open, ``part_bas`` and ``part_haut`` (95 %, log-log);
    from day 0, when all are.

    Examples
    --------
    >>> table = pd.DataFrame({"jours": [30, 60, 60, 90], "pourvu": [True, True, False, False]})
    >>> time_to_fill(table)[["jours", "part"]].round(2).values.tolist()
    [[0.0, 1.0], [30.0, 0.75], [60.0, 0.5]]
    """
    return still(vacancies["jours"], vacancies["pourvu"])
