"""Where suppliers are, seen from the buyer: same département, same région, kilometres.

A supplier's place is that of the establishment which holds the contract; the work may be done by another, or by
subcontractors. The law forbids to choose a supplier for its place (article L3 of the Code de la commande publique,
equal treatment): these figures describe, they are no criterion.

Numbers count contracts and suppliers: a contract held by three firms counts three times, its amount once, in equal
parts.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.distance import haversine
from tikub_lab.methods.rates import classes, rates
from tikub_lab.procurement.groups import By, grouped, share_keys
from tikub_lab.procurement.indicators import PLACES, place_of, supplier_shares
from tikub_lab.tables.places import communes as shipped_communes

BANDS = (10.0, 50.0, 100.0, 300.0)
"""Limits of the distance bands, km."""
UNKNOWN_DISTANCE = "Distance inconnue"


def local_rates(
    contracts: pd.DataFrame,
    suppliers: pd.DataFrame,
    by: By = "ensemble",
    digits: int = 2,
    nomenclature: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give the share of suppliers in the buyer's département and région, by number and by value.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    by, digits, nomenclature
        See ``groups.group_keys`` and ``groups.grouped``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants (contracts and suppliers), montant, montant_connu (euros), departement,
        region, hors_france (numbers; the région includes the département), taux_departement, taux_region (of the known,
        suppliers abroad among them), taux_departement_montant, taux_region_montant. Years in order, other groups by
        decreasing amount; groups without any supplier are left out. No rate is given where only suppliers abroad have a
        place and some have none: whoever publishes no place would look far away.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a"], "montant": [90.0], "acheteur_departement": "35", "acheteur_region": "53"})
    >>> who = pd.DataFrame({"uid": "a", "titulaire_id": ["1", "2", "3"], "titulaire_typeIdentifiant": "SIRET",
    ...                     "titulaire_departement": ["35", "29", None], "titulaire_region": ["53", "53", None]})
    >>> local_rates(book, who)[["connus", "manquants", "taux_departement", "taux_region"]].values.tolist()
    [[2.0, 1.0, 0.5, 1.0]]
    """
    shares = supplier_shares(contracts, suppliers)
    keys, place = share_keys(shares, contracts, by, digits), place_of(shares)
    known, abroad = place != PLACES[4], place == PLACES[3]
    near, same = (
        rates(keys, known, place.isin(where), shares["part_montant"], {"hors_france": abroad})
        for where in (PLACES[:1], PLACES[:2])
    )
    blind = (near["connus"] == near["hors_france"]) & (near["manquants"] > 0)
    table = near.assign(departement=near["avec"], region=same["avec"])
    for name, found in (("departement", near), ("region", same)):
        table[f"taux_{name}"] = found["taux"].mask(blind)
        table[f"taux_{name}_montant"] = found["taux_montant"].mask(blind)
    columns = [
        "nombre", "connus", "manquants", "montant", "montant_connu", "departement", "region", "hors_france",
        "taux_departement", "taux_region", "taux_departement_montant", "taux_region_montant",
    ]  # fmt: skip
    return grouped(table, contracts, by, nomenclature, columns)


def distances(
    contracts: pd.DataFrame,
    suppliers: pd.DataFrame,
    communes: pd.DataFrame | None = None,
    buyers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure how far each supplier is from where it is needed.

    The essential data do not say in which commune the buyer sits. Distances are therefore from the place of execution,
    where it is published as a commune or a postal code; or from the buyer, where the caller knows its commune.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    communes : DataFrame, optional
        Columns ``code``, ``longitude``, ``latitude`` (degrees), and ``code_postal`` if there is one. By default the 101
        communes that are shipped: too few for real data.
    buyers : DataFrame, optional
        Columns ``acheteur_id`` and ``commune`` (INSEE code). Without it the place of execution is used.

    Returns
    -------
    DataFrame, one row a contract and supplier
        Columns uid, titulaire_id, part_montant (euros), origine (« commune d'exécution », « code postal d'exécution »,
        « commune de l'acheteur »), km, motif (why there is no distance: « lieu de départ non publié ou imprécis »,
        « titulaire hors de France », « commune du titulaire non publiée », « commune sans coordonnées »).

    Notes
    -----
    A postal code stands for the first commune of the table that has it: in the countryside ten kilometres off or more.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a"], "montant": [90.0], "acheteur_departement": "29", "acheteur_region": "53",
    ...                      "lieuExecution_code": "35238", "lieuExecution_typeCode": "Code commune"})
    >>> who = pd.DataFrame({"uid": "a", "titulaire_id": ["1", "2"], "titulaire_typeIdentifiant": "SIRET",
    ...                     "titulaire_departement": ["29", None], "titulaire_commune": ["29232", None]})
    >>> distances(book, who)[["km", "motif"]].round().values.tolist()
    [[180.0, nan], [nan, 'commune du titulaire non publiée']]
    """
    towns = shipped_communes() if communes is None else communes
    needed = {"code", "longitude", "latitude"} - set(towns.columns)
    if needed:
        raise UsageError(f"communes: no column {', '.join(sorted(needed))}; give code, longitude and latitude.")
    points = towns.drop_duplicates("code").set_index("code")[["longitude", "latitude"]]
    shares = supplier_shares(contracts, suppliers)
    start = _starts(contracts, towns, buyers)
    origin = shares["uid"].map(start["origine"]).astype("str")
    begin = shares["uid"].map(start["commune"]).astype("str")
    end = shares["titulaire_commune"].astype("str")
    km = haversine(*(towns.map(points[axis]) for towns in (begin, end) for axis in ("longitude", "latitude")))
    identifier, kind = shares["titulaire_id"], shares["titulaire_typeIdentifiant"]
    abroad = (((kind == "TVA") & ~identifier.str.startswith("FR")) | (kind == "HORS-UE")).fillna(False)
    reason = np.select(
        [km.notna(), begin.isna(), abroad, end.isna()],
        [
            "",
            "lieu de départ non publié ou imprécis",
            "titulaire hors de France",
            "commune du titulaire non publiée",
        ],
        "commune sans coordonnées",
    )
    return pd.DataFrame(
        {
            "uid": shares["uid"],
            "titulaire_id": identifier,
            "part_montant": shares["part_montant"],
            "origine": origin,
            "km": km,
            "motif": pd.Series(reason, index=shares.index, dtype="str").where(km.isna()),
        }
    )


def _starts(contracts: pd.DataFrame, towns: pd.DataFrame, buyers: pd.DataFrame | None) -> pd.DataFrame:
    """Find the commune from which distances are measured, by uid."""
    uid = pd.Index(contracts["uid"])
    if buyers is not None:
        seat = buyers.drop_duplicates("acheteur_id").set_index("acheteur_id")["commune"]
        town = contracts["acheteur_id"].map(seat).astype("str")
        label = pd.Series("commune de l'acheteur", index=town.index, dtype="str").where(town.notna())
        return pd.DataFrame({"commune": town.to_numpy(), "origine": label.to_numpy()}, index=uid)
    kind, code = contracts["lieuExecution_typeCode"].astype("str"), contracts["lieuExecution_code"].astype("str")
    town = code.where(kind == "Code commune")
    if "code_postal" in towns:
        postal = towns.drop_duplicates("code_postal").set_index("code_postal")["code"]
        town = town.where(kind != "Code postal", code.map(postal).astype("str"))
    labels = {"Code commune": "commune d'exécution", "Code postal": "code postal d'exécution"}
    label = kind.map(labels).astype("str").where(town.notna())
    return pd.DataFrame({"commune": town.to_numpy(), "origine": label.to_numpy()}, index=uid)


def distance_bands(measured: pd.DataFrame, limits: tuple[float, ...] = BANDS) -> pd.DataFrame:
    """Count suppliers and euros by band of distance.

    Parameters
    ----------
    measured : DataFrame
        As :func:`distances` gives it.
    limits : tuple of float
        Increasing limits, km; a distance equal to a limit is in the band above.

    Returns
    -------
    DataFrame, one row a band and one for what is unknown
        Columns tranche, nombre (contracts and suppliers), part (of the known), montant, part_montant (of the known).

    Raises
    ------
    UsageError
        Limits that do not increase.

    Examples
    --------
    >>> measured = pd.DataFrame({"km": [0.0, 10.0, None], "part_montant": [30.0, 10.0, 5.0]})
    >>> distance_bands(measured, (10,))[["tranche", "nombre", "part_montant"]].values.tolist()
    [['Moins de 10 km', 1, 0.75], ['10 km et plus', 1, 0.25], ['Distance inconnue', 1, nan]]
    """
    if not limits or any(after <= before for before, after in pairwise((0.0, *limits))):
        raise UsageError(f"limits={limits!r}: give kilometres above 0, each larger than the one before, as in {BANDS}.")
    edges = [f"{limit:g}" for limit in limits]
    names = [f"Moins de {edges[0]} km", *(f"{a} à {b} km" for a, b in pairwise(edges))]
    names += [f"{edges[-1]} km et plus", UNKNOWN_DISTANCE]
    km = measured["km"].astype("float64")
    position = np.where(km.isna(), len(names) - 1, np.searchsorted(limits, km.fillna(0), side="right"))
    band = pd.Series(names, dtype="str").take(position)
    return classes(band, measured["part_montant"], names, UNKNOWN_DISTANCE).rename_axis("tranche").reset_index()
