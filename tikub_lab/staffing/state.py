"""State as tables: positions and what covers them, full-time equivalents, absences, history, time to fill."""

import warnings
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import CensoredData, ecdf

from tikub_lab.errors import UsageError
from tikub_lab.methods.privacy import LEAST, suppress
from tikub_lab.staffing.events import OPEN, Spell, periods, spells
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.tables import require

STATES = ("pourvu", "remplacé", "non remplacé", "vacant", "gelé")
"""A position is filled, or its agent is away and replaced, or away and not, or it is vacant, or frozen."""


def positions(state: pd.DataFrame) -> pd.DataFrame:
    """List the positions, with what covers them.

    Parameters
    ----------
    state : DataFrame
        What :meth:`Ledger.state` gives.

    Returns
    -------
    DataFrame
        ``poste``, ``code_uai``, ``metier``, ``quotite``, ``publication``, ``presents`` (percent of full time that is
        there), ``etat`` (:data:`STATES`), ``couvert``. ``etat`` and ``presents`` tell of absences: below département a
        page shows no more than ``couvert``, and that of :func:`coverage`.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.staffing.ledger import replay
    >>> table = positions(replay(tables.load("staffing/events")).state("2025-12-31"))
    >>> len(table), table["etat"].iloc[0]
    (2490, 'pourvu')
    """
    require(state, "state", ["objet", "cle", "rattachement", "code_uai", "metier", "quotite", "statut"])
    of = {kind: state[state["objet"] == kind].set_index("cle") for kind in state["objet"].unique()}
    none = state.iloc[:0].set_index("cle")
    posts, stays, away, sent = (of.get(kind, none) for kind in ("poste", "affectation", "absence", "remplacement"))
    absent = stays.index.isin(away["rattachement"])
    # an absence belongs to an assignment, and that to a position
    stay_of = away["rattachement"].reindex(sent["rattachement"])
    by = stays["rattachement"].reindex(stay_of).to_numpy()
    there = stays.loc[~absent].groupby("rattachement")["quotite"].sum()
    instead = sent.groupby(by)["quotite"].sum()
    table = posts[["code_uai", "metier", "quotite", "publication"]].rename_axis("poste").copy()
    table["presents"] = sum(part.reindex(table.index).fillna(0) for part in (there, instead))
    held = table.index.isin(stays["rattachement"])
    missed = table.index.isin(stays.loc[absent, "rattachement"])
    covered = (table["presents"] > 0).to_numpy()
    choices = [missed & covered & table.index.isin(by), missed & ~covered, held, (posts["statut"] == "gelé").to_numpy()]
    table["etat"] = pd.Categorical(
        np.select(choices, ["remplacé", "non remplacé", "pourvu", "gelé"], "vacant"), categories=STATES
    )
    table["couvert"] = covered
    return table.reset_index()


def coverage(table: pd.DataFrame, by: list[str] | str = "code_uai") -> pd.DataFrame:
    """Add positions up in full-time equivalents, by lycée, trade or both: covered or not, and never why.

    Parameters
    ----------
    table : DataFrame
        What :func:`positions` gives.
    by : str or list of str
        ``"code_uai"``, ``"metier"``, or columns that were joined.

    Returns
    -------
    DataFrame
        ``by``, then ``postes``, and in full-time equivalents ``etp`` (frozen positions left out), ``couverts`` and
        ``geles``; ``part``, the share of ``etp`` that is covered.

    Examples
    --------
    >>> table = pd.DataFrame({"code_uai": "1", "quotite": [100.0, 50.0], "presents": [100.0, 0],
    ...                       "etat": ["pourvu", "vacant"]})
    >>> coverage(table)[["etp", "couverts"]].values.tolist()
    [[1.5, 1.0]]
    """
    names = [by] if isinstance(by, str) else list(by)
    require(table, "positions", [*names, "quotite", "presents", "etat"])
    frozen = table["etat"] == "gelé"
    share, there = table["quotite"] / 100, table[["presents", "quotite"]].min(axis=1) / 100
    parts = table[names].assign(
        postes=1, etp=share.mask(frozen, 0), couverts=there.mask(frozen, 0), geles=share.where(frozen, 0)
    )
    found = parts.groupby(names, as_index=False, observed=True).sum()
    return found.assign(part=found["couverts"] / found["etp"].mask(found["etp"] == 0))


def absences(state: pd.DataFrame, departements: pd.Series, least: int = LEAST) -> pd.DataFrame:
    """Count those who are away by département and reason, no small count shown or to be worked out.

    Parameters
    ----------
    state : DataFrame
        What :meth:`Ledger.state` gives.
    departements : Series
        The département of each lycée, by ``code_uai``.
    least : int
        Counts from 1 to below it are hidden: :func:`tikub_lab.methods.privacy.suppress`.

    Returns
    -------
    DataFrame
        One row a département, a column a reason, ``Int64``, missing where hidden.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.staffing.ledger import replay
    >>> site = tables.load("territory/lycees").set_index("code_uai")["departement"]
    >>> found = absences(replay(tables.load("staffing/events")).state("2025-12-31"), site)
    >>> bool((found.min(axis=None) >= 5) or (found.min(axis=None) == 0))
    True
    """
    site = state.loc[state["objet"] == "poste"].set_index("cle")["code_uai"].map(departements)
    stays = state.loc[state["objet"] == "affectation"].set_index("cle")["rattachement"].map(site)
    away = state.loc[state["objet"] == "absence"]
    return suppress(pd.crosstab(away["rattachement"].map(stays), away["motif"]).rename_axis("departement"), least)


def history(ledger: Ledger, position: str) -> pd.DataFrame:
    """Tell what was said of a position, of who was on it and of its replacements, by its days.

    Parameters
    ----------
    ledger : Ledger
        Where it is recorded.
    position : str
        Its key.

    Returns
    -------
    DataFrame
        ``objet``, ``debut``, ``fin`` (missing where open), ``agent``, ``quotite``, ``statut``, ``contrat``, by their
        first days. It tells of persons.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.staffing.ledger import replay
    >>> history(replay(tables.load("staffing/events")), "P00001")["objet"].tolist()[0]
    'affectation'
    """
    rows = ledger.rows("poste", key=position) + ledger.rows("affectation", "remplacement")
    found = [item for item in periods(rows) if item.row["cle"].partition("/")[0] == position]
    if not found:
        raise UsageError(f"position={position!r} is none that the ledger knows.")
    names = ["objet", "agent", "quotite", "statut", "contrat"]
    table = pd.DataFrame([{**{name: item.row[name] for name in names}, "debut": item.debut,
                           "fin": None if item.fin == OPEN else item.fin} for item in found])  # fmt: skip
    table = table.astype({"debut": "datetime64[s]", "fin": "datetime64[s]"})
    return table[["objet", "debut", "fin", *names[1:]]].sort_values(["debut", "objet"], ignore_index=True)


def vacancies(ledger: Ledger, first: date, last: date) -> pd.DataFrame:
    """List the times during which positions were open and nobody was assigned to them, that began in a period.

    Parameters
    ----------
    ledger : Ledger
        Where they are recorded.
    first, last : date
        The period; what happens from ``last`` on is not known.

    Returns
    -------
    DataFrame
        ``poste``, ``code_uai``, ``metier``, ``debut``, ``jours``, ``pourvu``: False where it was not filled by
        ``last``, or ended otherwise (frozen, given up).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.staffing.ledger import replay
    >>> found = vacancies(replay(tables.load("staffing/events")), date(2024, 2, 1), date(2025, 12, 31))
    >>> sorted(found["pourvu"].unique().tolist())
    [False, True]
    """
    held: dict[str, list[Spell]] = {}
    for spell in spells(ledger.rows("affectation")):
        held.setdefault(spell.parts[0].row["rattachement"], []).append(spell)
    found = []
    for item in _open_positions(ledger):
        begin, row = item.debut, item.parts[0].row
        stays = sorted(held.get(row["cle"], []), key=lambda stay: stay.debut)
        for stay in [*stays, None]:
            end = min(stay.debut if stay else OPEN, item.fin, last)
            if first <= begin < end and begin < last:
                filled = stay is not None and end == stay.debut < item.fin
                said = (row["cle"], row["code_uai"], row["metier"])
                found.append((*said, begin, (end - begin).days, filled))
            begin = max(begin, min(stay.fin, item.fin)) if stay else begin
    columns = ["poste", "code_uai", "metier", "debut", "jours", "pourvu"]
    kinds = {"debut": "datetime64[s]", "jours": "int64", "pourvu": "bool"}
    return pd.DataFrame(found, columns=columns).astype(kinds)


def _open_positions(ledger: Ledger) -> list[Spell]:
    """Give the spells during which positions are open: what freezes one parts it."""
    rows = [row | ({"verbe": "retract"} if row["statut"] == "gelé" else {}) for row in ledger.rows("poste")]
    return spells(rows)


def time_to_fill(vacancies: pd.DataFrame) -> pd.DataFrame:
    """Estimate how many vacancies are still open after so many days (Kaplan–Meier), those that are open now included.

    Parameters
    ----------
    vacancies : DataFrame
        What :func:`vacancies` gives.

    Returns
    -------
    DataFrame
        ``jours``, ``part`` still open, ``part_bas`` and ``part_haut`` (95 %, log-log); from day 0, when all are.

    Examples
    --------
    >>> table = pd.DataFrame({"jours": [30, 60, 60, 90], "pourvu": [True, True, False, False]})
    >>> time_to_fill(table)[["jours", "part"]].round(2).values.tolist()
    [[0.0, 1.0], [30.0, 0.75], [60.0, 0.5]]
    """
    require(vacancies, "vacancies", ["jours", "pourvu"])
    days, filled = vacancies["jours"].to_numpy(np.float64), vacancies["pourvu"].to_numpy(bool)
    if not filled.any():
        return pd.DataFrame({"jours": [0.0], "part": [1.0], "part_bas": [1.0], "part_haut": [1.0]})
    curve = ecdf(CensoredData(uncensored=days[filled], right=days[~filled])).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where none is open any more, there is no interval
        bounds = curve.confidence_interval(method="log-log")
    found = pd.DataFrame({"jours": curve.quantiles, "part": curve.probabilities,
                          "part_bas": bounds.low.probabilities, "part_haut": bounds.high.probabilities})  # fmt: skip
    found = found[np.isin(curve.quantiles, days[filled])]
    start = pd.DataFrame({"jours": [0.0], "part": [1.0], "part_bas": [1.0], "part_haut": [1.0]})
    return pd.concat([start, found], ignore_index=True)
