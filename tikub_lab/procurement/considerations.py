"""Environmental and social considerations in contracts, in number and in value, against the national targets.

The essential data say of each contract whether it has a clause (a condition of execution), a criterion (for the award),
is reserved, or has no consideration. They do not say how demanding it is. What is not published is neither « with » nor
« without »: each rate comes with the least and the most that it can be.
"""

import pandas as pd

from tikub_lab.methods.rates import rates, wilson
from tikub_lab.methods.scope import one_of
from tikub_lab.procurement.codes import LAW, NO_CONSIDERATION
from tikub_lab.procurement.frameworks import holds
from tikub_lab.procurement.groups import By, group_keys, grouped
from tikub_lab.show.french import percent

DOMAINS: dict[str, str] = {"environnement": "considerationsEnvironnementales", "social": "considerationsSociales"}
"""The field that holds the considerations of each domain."""
CLAUSES = {"environnement": "Clause environnementale", "social": "Clause sociale"}
CRITERIA = {"environnement": "Critère environnemental", "social": "Critère social"}
RESERVED = ("Marché réservé", "Concession réservée")
FEWEST = 30
"""Contracts of a year below which its rate is left out of a series: it would tell of chance."""
YEARLY = "part des marchés notifiés"
"""Unit of the targets that are judged by the contracts of their last year."""
TARGETS = (
    "cible", "domaine", "exigence", "debut", "fin", "echeance", "valeur", "unite", "perimetre", "reference", "source",
    "statut",
)  # fmt: skip


def targets() -> pd.DataFrame:
    """Return the dated national targets and duties, each with its source and whether it could be checked."""
    table = LAW.table("cible", names=("cible", "domaine", "exigence")).rename(columns={"remarque": "perimetre"})
    judged = table["fin"].dt.year.where(table["unite"] == YEARLY).astype("Int64")
    return table.assign(echeance=judged, valeur=table["valeur"].astype("float64"))[list(TARGETS)]


def considerations(contracts: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Read the considerations of one domain (« environnement » or « social ») of contracts.

    Booleans on their index: connu (published), avec (any value but « Pas de considération … »), clause, critere,
    reserve.
    """
    one_of("domain", domain, DOMAINS)
    field = DOMAINS[domain]
    text = contracts[field].astype("str")
    return pd.DataFrame(
        {
            "connu": text.notna(),
            "avec": text.notna() & (text != NO_CONSIDERATION[field]),
            "clause": holds(text, CLAUSES[domain]),
            "critere": holds(text, CRITERIA[domain]),
            "reserve": holds(text, RESERVED[0]) | holds(text, RESERVED[1]),
        }
    )


def consideration_rates(contracts: pd.DataFrame, domain: str, by: By = "annee") -> pd.DataFrame:
    """Give the share of contracts with a consideration, by number and by value.

    Parameters
    ----------
    contracts, domain, by
        Table ``procurement/contracts``, ``environnement`` or ``social``, a key of ``groups.KEYS``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants, avec, clause, critere, reserve (contracts; one may have several), taux
        (of the known), bas, haut (of all: if none, or all, of the missing had one), montant, montant_connu,
        montant_avec (euros), taux_montant (of the known).

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": "45", "montant": [60.0, 20.0, 20.0],
    ...                      "considerationsSociales": ["Clause sociale", "Pas de considération sociale", None]})
    >>> consideration_rates(book, "social", "famille")[["taux", "bas", "haut", "taux_montant"]].round(2).values.tolist()
    [[0.5, 0.33, 0.67, 0.75]]
    """
    read = considerations(contracts, domain)
    kinds = {name: read[name] for name in ("clause", "critere", "reserve")}
    table = rates(group_keys(contracts, by), read["connu"], read["avec"], contracts["montant"], kinds)
    table = table.drop(columns=["bas", "haut"]).rename(columns={"minimum": "bas", "maximum": "haut"})
    return grouped(table, contracts, by)


def considered_by_year(contracts: pd.DataFrame) -> pd.DataFrame:
    """Put both domains' rates side by side, year after year: columns annee, environnement, social.

    A rate of fewer than :data:`FEWEST` contracts is missing. No row of a single year: nothing evolves in it.

    Examples
    --------
    >>> book = pd.DataFrame({"dateNotification": pd.to_datetime(["2024-03-01", "2025-03-01"] * 30), "montant": 1.0,
    ...     "considerationsSociales": "Clause sociale", "considerationsEnvironnementales": None})
    >>> considered_by_year(book).values.tolist()
    [[2024.0, nan, 1.0], [2025.0, nan, 1.0]]
    """
    tables = {domain: consideration_rates(contracts, domain).set_index("annee") for domain in DOMAINS}
    table = {domain: found["taux"].where(found["connus"] >= FEWEST) for domain, found in tables.items()}
    found = pd.DataFrame(table).reset_index()
    return found if len(found) > 1 else found.head(0)


def evolution(rates: pd.DataFrame) -> str:
    """Say how a rate of :func:`consideration_rates` moved from the first year to the last.

    It moved if Wilson's intervals (95 %) of the two are apart.

    Examples
    --------
    >>> evolution(pd.DataFrame({"annee": [2020, 2025], "avec": [1, 4], "connus": [8, 8], "taux": [0.125, 0.5]}))
    "n'évolue pas nettement de 2020 à 2025"
    """
    low, high = wilson(rates["avec"], rates["connus"])
    years = f"de {rates['annee'].iloc[0]} à {rates['annee'].iloc[-1]}"
    if low.iloc[-1] > high.iloc[0] or high.iloc[-1] < low.iloc[0]:
        return f"passe de {percent(rates['taux'].iloc[0])} à {percent(rates['taux'].iloc[-1])} des marchés {years}"
    return f"n'évolue pas nettement {years}"


def against_targets(contracts: pd.DataFrame) -> pd.DataFrame:
    """Compare each year's rates to the national plan for sustainable purchases (PNAD) of that year.

    A plan sets a rate for the contracts notified in its last year; before it, the year is only on the way. It binds
    nobody, and counts contracts, whatever their amount. Its rates of 2019 come from a census whose scope is not that of
    the essential data: compare with care.

    Returns
    -------
    DataFrame, one row a year and domain
        Columns annee, domaine, nombre, connus, manquants, avec, taux, bas, haut (as in :func:`consideration_rates`),
        taux_montant, cible (name of the plan), valeur (its rate), echeance (year), verdict, reference, statut.

    Examples
    --------
    >>> book = pd.DataFrame({"dateNotification": pd.to_datetime(["2025-03-01"] * 2), "montant": 1.0,
    ...                      "considerationsSociales": ["Clause sociale", None],
    ...                      "considerationsEnvironnementales": ["Clause environnementale", None]})
    >>> against_targets(book)[["domaine", "valeur", "verdict"]].values.tolist()
    [['environnement', 1.0, 'indécidable : données manquantes'], ['social', 0.3, 'atteinte']]
    """
    kept = ["annee", "nombre", "connus", "manquants", "avec", "taux", "bas", "haut", "taux_montant"]
    found = [consideration_rates(contracts, domain)[kept].assign(domaine=domain) for domain in DOMAINS]
    table = pd.concat(found, ignore_index=True)
    plans = targets()
    fits = table.reset_index().merge(plans[plans["cible"].str.startswith("PNAD")], on="domaine")
    fits = fits[fits["annee"].between(fits["debut"].dt.year, fits["fin"].dt.year)].set_index("index")
    table = table.join(fits[["cible", "valeur", "echeance", "reference", "statut"]])
    due = (table["echeance"] == table["annee"]).fillna(False).astype(bool)
    verdict = pd.Series("indécidable : données manquantes", index=table.index, dtype="str")
    verdict = verdict.mask(table["haut"] < table["valeur"], "manquée").mask(table["bas"] >= table["valeur"], "atteinte")
    table["verdict"] = verdict.mask(~due, "en chemin").mask(table["valeur"].isna(), "pas de cible connue")
    order = ["annee", "domaine", *kept[1:], "cible", "valeur", "echeance", "verdict", "reference", "statut"]
    return table[order].sort_values(["annee", "domaine"], ignore_index=True)


def innovation_rates(contracts: pd.DataFrame, by: By = "annee") -> pd.DataFrame:
    """Give the share of innovative purchases, by number and by value.

    Innovative are works, supplies or services that are new or substantially improved (article R2124-3, 2°, of the Code
    de la commande publique); the buyer says so. Years in order, other groups by their amount of innovative purchases.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants, innovants, taux (of the known), montant_connu, montant_innovant
        (euros), taux_montant.

    Examples
    --------
    >>> book = pd.DataFrame({"dateNotification": pd.to_datetime(["2025-03-01"] * 3), "montant": [10.0, 30.0, 5.0],
    ...                      "marcheInnovant": pd.array([True, False, None], "boolean")})
    >>> innovation_rates(book)[["connus", "manquants", "taux", "taux_montant"]].values.tolist()
    [[2.0, 1.0, 0.5, 0.25]]
    """
    new = contracts["marcheInnovant"]
    table = rates(group_keys(contracts, by), new.notna(), new, contracts["montant"])
    table = table.rename(columns={"avec": "innovants", "montant_avec": "montant_innovant"})
    columns = [*table.columns[:5], "montant_connu", "montant_innovant", "taux_montant"]
    return grouped(table, contracts, by, columns, "montant_innovant")
