"""Duties of sustainable purchasing: article 35 of the law « Climat et résilience » and the SPASER.

Both depend on facts that the essential data do not hold (when the consultation began, what was spent in the year):
verdicts say what the data allow, and what to check. Dates and limits come from ``law.csv``.
"""

from datetime import date

import numpy as np
import pandas as pd

from tikub_lab.methods.rates import rates
from tikub_lab.procurement.codes import LAW
from tikub_lab.procurement.considerations import considerations
from tikub_lab.procurement.groups import By, group_keys, grouped, latest_names

CLIMATE, SPASER = "Loi Climat et résilience", "SPASER"
CRITERION, CONDITION = "critère d'attribution", "condition d'exécution"
DEFENCE = "Marché de défense ou de sécurité"
VERDICTS = (
    "non soumis : notifié avant l'entrée en vigueur",
    "non soumis : défense ou sécurité",
    "manque à vérifier : date de la consultation non publiée",
    "considérations non publiées",
    "conforme, volet social non jugé",
    "conforme d'après les données",
)
"""What :func:`climate_law` says of a contract: the first that holds."""


def climate_law(contracts: pd.DataFrame, european_threshold: pd.Series | float | None = None) -> pd.DataFrame:
    """Judge each contract by article 35 of the law of 22 August 2021.

    Every contract has environmental conditions of execution and at least one environmental award criterion; above the
    European thresholds it has social conditions of execution too. The law holds for consultations begun since its entry
    into force (the criterion a day before the conditions), a date that the data lack: a contract notified before it is
    surely out; for one notified after it a lack is something to check, not a breach.
    """
    article = [LAW.value("cible", CLIMATE, "environnement", what) for what in (CRITERION, CONDITION)]
    starts = [pd.Timestamp(rule.debut or date.min) for rule in article]
    early, before_conditions = (contracts["dateNotification"] < start for start in starts)
    green, social = considerations(contracts, "environnement"), considerations(contracts, "social")
    clause = _known(green["clause"], green["connu"])
    criterion = _known(green["critere"], green["connu"])
    humane = _known(social["clause"] | social["reserve"], social["connu"])
    limit = pd.Series(european_threshold, index=contracts.index, dtype="float64")
    due = _known(contracts["montant"] >= limit, limit.notna())
    # An unknown threshold leaves the social side out of the verdict, which says so.
    side = (humane | ~due).mask(due.isna(), True)
    ready = clause & criterion & side
    # Conditions not yet due when the criterion is are no lack; before both, all that lacks is said.
    owed = early | ~before_conditions
    lacks = {
        "clause environnementale": ~clause & owed,
        "critère environnemental": ~criterion,
        "clause sociale": ~side & owed,
    }
    text = pd.Series("", index=contracts.index, dtype="str")
    for label, lack in lacks.items():
        text = text.mask(lack.fillna(False).astype(bool), text + ", " + label)
    defence = contracts["nature"].astype("str") == DEFENCE
    cases = [early, defence, text != "", ready.isna(), due.isna()]
    verdict = np.select([case.to_numpy(dtype=bool) for case in cases], VERDICTS[:5], VERDICTS[5])
    return pd.DataFrame(
        {
            "uid": contracts["uid"],
            "dateNotification": contracts["dateNotification"],
            "clause_environnementale": clause,
            "critere_environnemental": criterion,
            "clause_sociale": humane,
            "social_exige": due,
            "pret": ready,
            "manques": text.str.removeprefix(", "),
            "verdict": pd.Series(verdict, index=contracts.index, dtype="str"),
            "version": f"article 35 de la loi n° 2021-1104 ; critère depuis le {starts[0]:%d/%m/%Y}, conditions "
            f"d'exécution depuis le {starts[1]:%d/%m/%Y}",
        }
    )


def readiness(
    contracts: pd.DataFrame, european_threshold: pd.Series | float | None = None, by: By = "annee"
) -> pd.DataFrame:
    """Give the share of contracts that would comply with article 35 today, whatever their date.

    Parameters
    ----------
    contracts, european_threshold, by
        Table ``procurement/contracts``; euros, one number or one a contract; a key of ``groups.KEYS``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants (contracts that can be judged or not), prets, taux (of the known),
        montant, montant_connu, montant_pret (euros), taux_montant.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a"], "dateNotification": pd.to_datetime(["2025-08-21"]), "nature": "Marché",
    ...     "montant": 50_000.0, "considerationsSociales": None,
    ...     "considerationsEnvironnementales": "Clause environnementale|Critère environnemental"})
    >>> readiness(book)[["annee", "prets", "taux"]].values.tolist()
    [[2025.0, 1.0, 1.0]]
    """
    ready = climate_law(contracts, european_threshold)["pret"]
    table = rates(group_keys(contracts, by), ready.notna(), ready, contracts["montant"])
    table = table.drop(columns=["bas", "haut", "minimum", "maximum"])
    table = table.rename(columns={"avec": "prets", "montant_avec": "montant_pret"})
    return grouped(table, contracts, by)


def _known(values: pd.Series, known: pd.Series) -> pd.Series:
    return pd.Series(pd.arrays.BooleanArray(values.to_numpy(dtype=bool), ~known.to_numpy(dtype=bool)), values.index)


def spaser(contracts: pd.DataFrame) -> pd.DataFrame:
    """Say for each buyer and year whether it likely owes a scheme of socially and ecologically responsible purchasing.

    The duty falls on a buyer whose purchases of a calendar year exceed a limit (articles L2111-3 and D2111-3): from
    2015 to 2022, contracts of 100 M€ before tax concluded in the year, which is what the data hold; since 2023, 50 M€
    spent in the year, for which two sums stand in: the amounts notified, all years of a long contract at once, and the
    same spread evenly over the months of each. Neither is exact: purchases below the limit of publication and what runs
    from contracts older than the data are missing, a framework agreement's amount is often a maximum.

    Returns
    -------
    DataFrame, one row a buyer (SIREN) and year of the data
        Columns acheteur_siren, acheteur_nom, annee, nombre (notified), montant_notifie, montant_etale (euros),
        sans_duree (contracts without a length, counted in their year), seuil (euros; missing before 2015), verdict (by
        both sums, or until 2022 by the first), version, statut. The largest sums first within each year.

    Examples
    --------
    >>> book = pd.DataFrame({"acheteur_id": ["81223113200026"], "acheteur_nom": ["Un (fictif)"], "montant": [60e6],
    ...                      "dureeMois": [24], "dateNotification": pd.to_datetime(["2024-01-10"])})
    >>> spaser(book)[["montant_notifie", "montant_etale", "verdict"]].values.tolist()
    [[60000000.0, 30000000.0, 'à vérifier : une estimation sur deux au-dessus']]
    """
    siren = contracts["acheteur_id"].str[:9]
    year = contracts["dateNotification"].dt.year.astype("int64")
    months = contracts["dureeMois"].astype("float64")
    keys = [siren.rename("acheteur_siren"), year.rename("annee")]
    base = pd.DataFrame({"nombre": 1, "montant_notifie": contracts["montant"], "sans_duree": months.isna()})
    table = base.groupby(keys).sum().join(_spread(contracts, siren, year), how="outer").reset_index()
    table = table[table["annee"] <= (year.max() if len(year) else 0)]
    table = table.fillna({"nombre": 0, "sans_duree": 0, "montant_notifie": 0.0, "montant_etale": 0.0})
    table = table.astype({"nombre": "int64", "sans_duree": "int64"})
    # The version in force at the end of the year; until 2022 what was concluded is the measure, not spending.
    rules = [
        (year, rule.number, rule.reference, rule.statut, "dépenses" in rule.unite)
        for year in table["annee"].unique()
        for rule in LAW.values("cible", SPASER, day=f"{year}-12-31")
    ]
    kinds = {"annee": "int64", "seuil": "float64", "version": "str", "statut": "str", "spent": "boolean"}
    table = table.merge(pd.DataFrame(rules, columns=list(kinds)).astype(kinds), how="left", on="annee")
    second = table["montant_etale"].where(table["spent"].fillna(False).astype(bool), table["montant_notifie"])
    above = (table["montant_notifie"] > table["seuil"]).astype(int) + (second > table["seuil"]).astype(int)
    words = [
        "en dessous du seuil d'après les marchés publiés",
        "à vérifier : une estimation sur deux au-dessus",
        "au-dessus du seuil",
    ]
    verdict = pd.Series(words, dtype="str").take(above.to_numpy()).set_axis(table.index)
    table["verdict"] = verdict.mask(table["seuil"].isna(), "pas encore en vigueur")
    label = table["acheteur_siren"].map(latest_names(contracts, siren)).fillna("SIREN " + table["acheteur_siren"])
    table.insert(1, "acheteur_nom", label)
    columns = [
        "acheteur_siren", "acheteur_nom", "annee", "nombre", "montant_notifie", "montant_etale", "sans_duree", "seuil",
        "verdict", "version", "statut",
    ]  # fmt: skip
    order = ["annee", "montant_notifie", "acheteur_siren"]
    return table.sort_values(order, ascending=[True, False, True], ignore_index=True)[columns]


def _spread(contracts: pd.DataFrame, siren: pd.Series, year: pd.Series) -> pd.Series:
    """Spread amounts evenly over the months of each contract, that of its notification the first, by buyer and year."""
    length = contracts["dureeMois"].astype("float64").fillna(1).clip(lower=1).astype("int64")
    first = contracts["dateNotification"].dt.month - 1
    years = (first + length - 1) // 12 + 1
    table = pd.DataFrame({"acheteur_siren": siren, "annee": year, "montant": contracts["montant"].astype("float64")})
    table = table.assign(first=first, last=first + length, length=length).loc[table.index.repeat(years)]
    turn = table.groupby(level=0).cumcount()
    months = table["last"].clip(upper=12 * (turn + 1)) - table["first"].clip(lower=12 * turn)
    table = table.assign(annee=table["annee"] + turn, montant_etale=table["montant"] * months / table["length"])
    return table.groupby(["acheteur_siren", "annee"])["montant_etale"].sum()
