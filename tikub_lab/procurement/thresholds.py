"""Legal thresholds of public procurement, dated: which amount changes the rules, from which day, by which text.

``thresholds.csv`` has one row a threshold, period and group of buyers; amounts are in euros excluding tax, both days of
a period are included, and an empty last day means that no text is known to end it. Values that one source alone gives,
or whose day is disputed, are marked « à confirmer ».

A threshold applies to procurements launched while it is in force, and to the estimated value of the whole need. The
essential data (DECP) publish neither: methods take the day of notification and the amount of the contract instead, so
that contracts notified in the months after a change may still come under the version before. Left out, since no field
of the DECP tells them: foodstuffs of the summer of 2020 (décret n° 2020-893, art. 2) and innovative purchases of
defence. Small lots are dispensed too when they are at most a fifth of all lots of a procurement (art. R2122-8), which
the DECP do not tell either.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.procurement.codes import CPV_DIVISIONS
from tikub_lab.show import french

NAMES = {
    "dispense": "Dispense de publicité et de mise en concurrence",
    "publicite": "Publicité au BOAMP ou dans un journal d'annonces légales",
    "formalisee": "Procédure formalisée",
    "innovant": "Dispense pour les achats innovants",
    "donnees_essentielles": "Publication des données essentielles",
    "controle_legalite": "Transmission au contrôle de légalité",
}
"""Each threshold and what starts at it, in French. At the amount itself the stricter rule applies."""

KINDS = ("travaux", "fournitures", "services")
BUYERS = ("collectivité", "État", "entité adjudicatrice")
"""Local authorities with their establishments (lycées among them), central authorities, network operators."""

TO_CONFIRM = "à confirmer"


@dataclass(frozen=True)
class Threshold:
    """A legal threshold in force.

    Attributes
    ----------
    name : str
        Key of :data:`NAMES`.
    kind, buyer : str
        One of :data:`KINDS`, one of :data:`BUYERS`.
    montant : int
        Euros excluding tax.
    debut, fin : date
        First and last day; ``fin`` is None where no text is known to end it.
    texte, reference, source : str
        Short name of the text, full legal reference, where it was checked.
    statut : str
        « confirmé » or « à confirmer »; ``remarque`` says why.
    """

    name: str
    kind: str
    buyer: str
    montant: int
    debut: date
    fin: date | None
    texte: str
    reference: str
    source: str
    statut: str
    remarque: str

    @cached_property
    def version(self) -> str:
        """Which version it is, in French, to be shown beside every verdict."""
        doubt = ", à confirmer" if self.statut == TO_CONFIRM else ""
        return f"seuil au {french.day(self.debut)} ({self.texte}, {french.number(self.montant)}\u202f€ HT{doubt})"


@lru_cache(maxsize=1)
def _rows() -> tuple[Threshold, ...]:
    text = pd.read_csv(Path(__file__).with_name("thresholds.csv"), dtype="str", encoding="utf-8", keep_default_na=False)
    rows = []
    for row in text.to_dict("records"):
        end = date.fromisoformat(row["fin"]) if row["fin"] else None
        rows += [
            Threshold(
                row["nom"], kind, buyer, int(row["montant"]), date.fromisoformat(row["debut"]), end,
                row["texte"], row["reference"], row["source"], row["statut"], row["remarque"],
            )
            for kind in row["nature"].split("|")
            for buyer in row["acheteur"].split("|")
        ]  # fmt: skip
    return tuple(sorted(rows, key=lambda item: (item.name, item.kind, item.buyer, item.debut)))


def _horizon() -> date:
    """Last day known: European thresholds are set for two years, and nothing is said of what follows."""
    return max(row.fin for row in _rows() if row.fin)


def table() -> pd.DataFrame:
    """Return every threshold, one row a name, kind of purchase, kind of buyer and period.

    Returns
    -------
    DataFrame
        Columns nom, libelle, nature, acheteur, montant (euros excluding tax), debut, fin (missing: no end known),
        version, reference, source, statut, remarque; ordered by name, kind, buyer and day.

    Examples
    --------
    >>> found = table().query("nom == 'dispense' and nature == 'services' and acheteur == 'collectivité'")
    >>> found["montant"].tolist()
    [25000, 40000, 60000]
    """
    rows = [
        (r.name, NAMES[r.name], r.kind, r.buyer, r.montant, r.debut, r.fin, r.version, r.reference, r.source, r.statut,
         r.remarque)
        for r in _rows()
    ]  # fmt: skip
    columns = ["nom", "libelle", "nature", "acheteur", "montant", "debut", "fin", "version", "reference", "source"]
    found = pd.DataFrame(rows, columns=[*columns, "statut", "remarque"])
    return found.assign(debut=pd.to_datetime(found["debut"]), fin=pd.to_datetime(found["fin"]))


def threshold(name: str, day: date | str, kind: str, buyer: str = "collectivité") -> Threshold:
    """Return the threshold in force on a day.

    Parameters
    ----------
    name : str
        Key of :data:`NAMES`.
    day : date or str
        Day on which the procurement is launched; text as ``2026-04-01``.
    kind : str
        One of :data:`KINDS`.
    buyer : str
        One of :data:`BUYERS`.

    Raises
    ------
    UsageError
        An unknown name, kind or buyer, or a day for which the table has no value.

    Examples
    --------
    >>> threshold("dispense", "2026-03-31", "fournitures").montant
    40000
    >>> threshold("dispense", "2026-04-01", "fournitures").version.replace(chr(0x202F), " ")
    'seuil au 1er avril 2026 (décret n° 2025-1386, 60 000 € HT)'
    """
    when = _as_date(day)
    rows = _versions(name, kind, buyer)
    found = next((row for row in rows if row.debut <= when <= (row.fin or _horizon())), None)
    if found is None:
        raise UsageError(
            f"Threshold {name!r} on {when.isoformat()}: not in the table, which knows it from "
            f"{rows[0].debut.isoformat()} to {(rows[-1].fin or _horizon()).isoformat()}. "
            "Take a day in between, or add the version to procurement/thresholds.csv with its text."
        )
    return found


def _as_date(day: date | str) -> date:
    try:
        when = pd.Timestamp(day)
    except ValueError as error:
        raise UsageError(f"day={day!r} is no date; write it as 2026-04-01.") from error
    if pd.isna(when):
        raise UsageError("day is missing; write it as 2026-04-01.")
    return when.date()


def _versions(name: str, kind: str, buyer: str) -> list[Threshold]:
    """Return the successive versions of a threshold, or say which argument is wrong."""
    for label, value, allowed in (("name", name, tuple(NAMES)), ("kind", kind, KINDS), ("buyer", buyer, BUYERS)):
        if value not in allowed:
            raise UsageError(f"{label}={value!r} is none of {', '.join(allowed)}.{nearest(str(value), allowed)}")
    rows = [row for row in _rows() if (row.name, row.kind, row.buyer) == (name, kind, buyer)]
    if not rows:
        known = sorted({row.buyer for row in _rows() if row.name == name})
        raise UsageError(f"Threshold {name!r} is not known for buyer={buyer!r}, only for {', '.join(known)}.")
    return rows


def purchase_kind(cpv: pd.Series) -> pd.Series:
    """Tell works, supplies and services by the CPV code.

    Divisions 03 to 44 and 48 are supplies, 45 works (annex II of directive 2014/24/EU), 50 to 98 services, as the
    regulation (EC) 213/2008 orders them. A contract of mixed kinds has one main code, thus one kind.

    Parameters
    ----------
    cpv : Series of str
        Codes, of which the first two digits count.

    Returns
    -------
    Series of str
        One of :data:`KINDS`; missing where the code is missing or its division does not exist.

    Examples
    --------
    >>> purchase_kind(pd.Series(["45214200-2", "48000000-8", "71221000-3", "46000000", None], dtype="str")).tolist()
    ['travaux', 'fournitures', 'services', nan, nan]
    """
    kinds = {
        code[:2]: "travaux" if code[:2] == "45" else "fournitures" if code[:2] < "50" else "services"
        for code in CPV_DIVISIONS
    }
    return cpv.astype("str").str[:2].map(kinds).astype("str")


NO_CPV, NO_DAY, OUT_OF_TABLE = "code CPV absent ou inconnu", "date de notification absente", "date hors de la table"
"""Why a contract has no threshold."""


def in_force(contracts: pd.DataFrame, name: str, buyer: str = "collectivité") -> pd.DataFrame:
    """Return the threshold that each contract comes under, by its CPV code and its day of notification.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``; codeCPV and dateNotification are used.
    name : str
        Key of :data:`NAMES`.
    buyer : str
        One of :data:`BUYERS`, the same for all: the DECP do not say of which kind a buyer is.

    Returns
    -------
    DataFrame of shape (contracts, 5), with their index
        Columns seuil_nature (kind of purchase), seuil_montant (euros excluding tax), seuil_version, seuil_statut, and
        seuil_absent: why the others are missing, empty where they are not.

    Raises
    ------
    UsageError
        An unknown name or buyer.

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": ["15500000-3", "15500000-3", None],
    ...                      "dateNotification": pd.to_datetime(["2026-03-31", "2026-04-01", "2026-04-01"])})
    >>> in_force(book, "dispense")[["seuil_montant", "seuil_absent"]].values.tolist()
    [[40000.0, ''], [60000.0, ''], [nan, 'code CPV absent ou inconnu']]
    """
    day, kind = contracts["dateNotification"], purchase_kind(contracts["codeCPV"])
    rows = [row for one in KINDS for row in _versions(name, one, buyer)]
    which = np.full(len(contracts), -1)
    for position, row in enumerate(rows):
        end = pd.Timestamp(row.fin or _horizon()) + pd.Timedelta(days=1)
        which[(kind == row.kind) & (day >= pd.Timestamp(row.debut)) & (day < end)] = position
    amount = _taken([float(row.montant) for row in rows], which, contracts.index, "float64")
    version = _taken([row.version for row in rows], which, contracts.index, "str")
    status = _taken([row.statut for row in rows], which, contracts.index, "str")
    absent = pd.Series("", index=contracts.index, dtype="str")
    absent = absent.mask(amount.isna(), OUT_OF_TABLE).mask(day.isna(), NO_DAY).mask(kind.isna(), NO_CPV)
    columns = {"seuil_nature": kind, "seuil_montant": amount, "seuil_version": version, "seuil_statut": status}
    return pd.DataFrame({**columns, "seuil_absent": absent})


def _taken(values: list[Any], which: np.ndarray, index: pd.Index, dtype: Literal["float64", "str"]) -> pd.Series:
    """Return the value at each position; -1 is missing."""
    return pd.Series([*values, None], dtype=dtype).take(which).set_axis(index)
