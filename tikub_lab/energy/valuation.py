"""What kilowatt-hours cost and emit, by dated prices and factors; what is not known stays empty, never zero."""

import pandas as pd

HIGHER_TO_LOWER = 1 / 1.11
"""Gas is billed by its higher heating value (PCS); factors count by the lower one (PCI), 1.11 times smaller.
Source: ADEME, Base Empreinte, « gaz naturel »."""
BILLED_HIGH = ("gaz",)
"""Fuels whose bills count by the higher heating value; the others are taken as they are."""
OF_METER = {"chauffage": ("chauffage", "tous"), "autres": ("autres", "tous"), "mixte": ("autres", "tous")}
"""Which factor a meter's use asks for, in this order. Electricity for heating emits more than the rest of it; a meter
of both has the smaller factor, so that nothing is overstated."""
KNOWN = ("confirmé", "à confirmer")


def valued(table: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Give each row what its kilowatt-hours cost and emit.

    Parameters
    ----------
    table : DataFrame
        ``energie``, ``usage`` (of the meter: « chauffage », « autres », « mixte »; or of the factors, « tous » among
        them), ``annee``, ``kwh``; any other columns are kept.
    prices : DataFrame
        ``energie``, ``annee``, ``euros_kwh``, ``statut``: table ``energy/prices``.
    factors : DataFrame
        ``energie``, ``usage``, ``annee``, ``gco2e_kwh``, ``pouvoir_calorifique``, ``statut``: table ``energy/factors``.

    Returns
    -------
    DataFrame
        The table, in its order and with its index, with ``euros``, ``kgco2e``, ``prix_statut`` and ``facteur_statut``
        (the price's and the factor's status; missing where there is none). A price or a factor holds from its year
        until the next one known; before the first one there is none.

    Raises
    ------
    UsageError
        A column that is missing.

    Examples
    --------
    >>> used = pd.DataFrame({"energie": ["gaz"], "usage": ["chauffage"], "annee": [2025], "kwh": [1110.0]})
    >>> prices = pd.DataFrame({"energie": ["gaz"], "annee": [2024], "euros_kwh": [0.07], "statut": ["facturé"]})
    >>> factors = pd.DataFrame({"energie": ["gaz"], "usage": ["tous"], "annee": [2021], "gco2e_kwh": [227.0],
    ...                         "pouvoir_calorifique": ["PCI"], "statut": ["confirmé"]})
    >>> valued(used, prices, factors)[["euros", "kgco2e"]].round(1).to_numpy().tolist()
    [[77.7, 227.0]]
    """
    rows = pd.DataFrame({name: table[name].to_numpy() for name in ("energie", "usage", "annee", "kwh")})
    rows[["energie", "usage"]] = rows[["energie", "usage"]].astype("object")
    cost = _as_of(rows, prices.assign(usage="tous"), ["euros_kwh", "statut"], "tous")
    found = pd.DataFrame(index=rows.index, columns=["gco2e_kwh", "pouvoir_calorifique", "statut"], dtype="object")
    for place in (0, 1):
        wanted = [OF_METER.get(str(one), (one, "tous"))[place] for one in rows["usage"]]
        own = _as_of(rows, factors, ["gco2e_kwh", "pouvoir_calorifique", "statut"], wanted)
        found = found.where(found["statut"].isin(KNOWN), own.where(own["statut"].notna(), found))
    lower = rows["energie"].isin(BILLED_HIGH) & (found["pouvoir_calorifique"] == "PCI")
    energy = rows["kwh"].astype(float).where(~lower, rows["kwh"].astype(float) * HIGHER_TO_LOWER)
    return table.assign(
        euros=(rows["kwh"].astype(float) * cost["euros_kwh"].astype(float)).to_numpy(),
        kgco2e=(energy * found["gco2e_kwh"].astype(float) / 1000).to_numpy(),
        prix_statut=cost["statut"].astype("str").to_numpy(),
        facteur_statut=found["statut"].astype("str").to_numpy(),
    )


def _as_of(rows: pd.DataFrame, dated: pd.DataFrame, columns: list[str], usage: list[str] | str) -> pd.DataFrame:
    """Find what a dated table says of each row in its year: the last value known by then."""
    left = pd.DataFrame(
        {"energie": rows["energie"].astype("object"), "usage": usage, "annee": rows["annee"].astype("Int64")}
    )
    left["place"] = range(len(left))
    # "à demander" without a value is still an answer, the newest one: an older factor does not stand in for it.
    right = dated[["energie", "usage", "annee", *columns]].astype({"energie": "object", "usage": "object"})
    right["annee"] = right["annee"].astype("Int64")
    left["usage"] = left["usage"].astype("object")
    known = left["annee"].notna()
    found = pd.merge_asof(
        left[known].sort_values("annee").astype({"annee": "int64"}),
        right.dropna(subset=["annee"]).sort_values("annee").astype({"annee": "int64"}),
        on="annee",
        by=["energie", "usage"],
    )
    return found.set_index("place")[columns].astype("object").reindex(range(len(rows)))
