"""Legal thresholds of public procurement: which amount changes the rules for a contract.

Their dated amounts stand in ``law.csv``, in euros excluding tax. A threshold applies to procurements launched while it
is in force, and to the estimated value of the whole need. The essential data (DECP) publish neither: methods take the
day of notification and the amount of the contract instead, so that contracts notified in the months after a change may
still come under the version before. Left out, since no field of the DECP tells them: foodstuffs of the summer of 2020
(décret n° 2020-893, art. 2), innovative purchases of defence, and small lots, dispensed too when they are at most a
fifth of all lots of a procurement (art. R2122-8).
"""

import numpy as np
import pandas as pd

from tikub_lab.methods.law import CONFIRMED, Day, Value
from tikub_lab.procurement.codes import CPV_DIVISIONS, LAW
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

OPEN, RESTRICTED, NEGOTIATED, DIALOGUE = FORMAL = (
    "Appel d'offres ouvert", "Appel d'offres restreint", "Procédure avec négociation", "Dialogue compétitif",
)  # fmt: skip
KINDS = ("travaux", "fournitures", "services")
BUYERS = ("collectivité", "État", "entité adjudicatrice")
"""Local authorities with their establishments, central authorities, network operators. Lycées are among the first, but
have rules of their own (code de l'éducation) for contracts they send on: ``controle_legalite`` may not be theirs."""


def threshold(name: str, day: Day, kind: str, buyer: str = "collectivité") -> Value:
    """Return the threshold in force on a day.

    Examples
    --------
    >>> [threshold("dispense", day, "fournitures").number for day in ("2026-03-31", "2026-04-01")]
    [40000.0, 60000.0]
    """
    return LAW.value(name, kind, buyer, day=day)


def version(value: Value) -> str:
    """Say which version of a threshold it is, in French, to be shown beside every verdict."""
    doubt = "" if value.statut == CONFIRMED else f", {value.statut}"
    since = f"seuil au {french.day(value.debut)}" if value.debut else "seuil"
    return f"{since} ({value.texte}, {french.number(value.number)}\u202f€ HT{doubt})"


def purchase_kind(cpv: pd.Series) -> pd.Series:
    """Tell works, supplies and services by the CPV code.

    Divisions 03 to 44 and 48 are supplies, 45 works (annex II of directive 2014/24/EU), 50 to 98 services, as the
    regulation (EC) 213/2008 orders them. A contract of mixed kinds has one main code, thus one kind.
    """
    kinds = {
        code[:2]: "travaux" if code[:2] == "45" else "fournitures" if code[:2] < "50" else "services"
        for code in CPV_DIVISIONS
    }
    return cpv.astype("str").str[:2].map(kinds).astype("str")


def social_services(cpv: pd.Series) -> pd.Series:
    """Tell « services sociaux et autres services spécifiques » by the CPV code, such as training or catering.

    They are bought by an adapted procedure whatever their amount (code de la commande publique, art. R2123-1, 3°): the
    threshold of formal procedures is not theirs. Their codes are in ``law.csv``, to be confirmed.
    """
    listed = [part.split("-") for part in LAW.value("services sociaux et spécifiques", "codes CPV").valeur.split()]
    codes = pd.to_numeric(cpv.astype("str").str[:8].str.pad(8, "right", "0"), errors="coerce")
    found = np.zeros(len(cpv), dtype=bool)
    for ends in listed:
        found |= codes.between(int(ends[0]), int(ends[-1])).to_numpy()
    return pd.Series(found, index=cpv.index)


NO_CPV, NO_DAY, OUT_OF_TABLE = "code CPV absent ou inconnu", "date de notification absente", "date hors de la table"
ALWAYS_ADAPTED = "services sociaux et autres services spécifiques : procédure adaptée quel que soit le montant"
"""Why a contract has no threshold."""


def in_force(contracts: pd.DataFrame, name: str, buyer: str = "collectivité") -> pd.DataFrame:
    """Return the threshold that each contract comes under, by its CPV code and its day of notification.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``; codeCPV and dateNotification are used.
    name, buyer : str
        Key of :data:`NAMES`; one of :data:`BUYERS`, the same for all: the DECP do not say of which kind a buyer is.

    Returns
    -------
    DataFrame of shape (contracts, 5), with their index
        Columns seuil_nature (kind of purchase), seuil_montant (euros excluding tax), seuil_version, seuil_statut, and
        seuil_absent: why the others are missing, empty where they are not. :func:`social_services` have no threshold of
        formal procedures.

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": ["15500000-3", "15500000-3", None],
    ...                      "dateNotification": pd.to_datetime(["2026-03-31", "2026-04-01", "2026-04-01"])})
    >>> in_force(book, "dispense")[["seuil_montant", "seuil_absent"]].values.tolist()
    [[40000.0, ''], [60000.0, ''], [nan, 'code CPV absent ou inconnu']]
    """
    day, kind = contracts["dateNotification"], purchase_kind(contracts["codeCPV"])
    rows = [row for one in KINDS for row in LAW.values(name, one, buyer)]
    which = np.full(len(contracts), -1)
    for position, row in enumerate(rows):
        which[(kind == row.key[1]) & row.during(day)] = position
    adapted = social_services(contracts["codeCPV"]) & (name == "formalisee")
    which[adapted] = -1
    columns = ["seuil_montant", "seuil_version", "seuil_statut"]
    known = pd.DataFrame([(row.number, version(row), row.statut) for row in rows], columns=columns)
    found = known.astype(dict.fromkeys(columns[1:], "str")).reindex(which).set_axis(contracts.index)
    found.insert(0, "seuil_nature", kind)
    absent = pd.Series("", index=contracts.index, dtype="str").mask(found["seuil_montant"].isna(), OUT_OF_TABLE)
    absent = absent.mask(day.isna(), NO_DAY).mask(kind.isna(), NO_CPV).mask(adapted, ALWAYS_ADAPTED)
    return found.assign(seuil_absent=absent)
