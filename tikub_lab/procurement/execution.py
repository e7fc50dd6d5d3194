"""What becomes of contracts after their award: changes of amount and of length by amendments.

The table of contracts holds the initial state; each amendment holds the new amount and the new length where they
changed (arrêté du 22 décembre 2022: the amount of the contract after the modification, not the difference). Some
publishers write the difference all the same: a contract that shrinks below half or grows beyond three times its initial
amount is marked as doubtful, counted apart, and left in the sums only where said.

The limits of the Code de la commande publique serve as landmarks, no more: a modification may rest on another ground
than its size. Below the European thresholds, small changes are free below 10 % of the initial amount for supplies and
services and 15 % for works, all added up (articles R2194-8 and R2194-9); unforeseen circumstances and necessary extra
work allow up to 50 % for each modification (R2194-3 and R2194-5); clauses of review and unsubstantial changes know no
limit (R2194-1 and R2194-7).
"""

import numpy as np
import pandas as pd

from tikub_lab.methods.rates import rates, share
from tikub_lab.procurement.groups import By, group_keys, grouped

WORKS = "45"
"""Division of the CPV that holds works."""
SMALL, SMALL_WORKS, LARGE = 0.10, 0.15, 0.50
"""Landmarks, as shares of the initial amount: R2194-8 (supplies and services, works), R2194-3."""
DOUBTFUL = (0.5, 3.0)
"""Final over initial amount, below and above which an amendment may state a difference, or a wrong amount."""


def final_states(contracts: pd.DataFrame, amendments: pd.DataFrame) -> pd.DataFrame:
    """Follow each contract to its last known amount and length."""
    own = amendments[amendments["uid"].isin(contracts["uid"])].sort_values(["uid", "modification_id"], kind="stable")
    uid, first = own["uid"], own["uid"].map(contracts.set_index("uid")["montant"]).astype("float64")
    stated = own["montant"].astype("float64").groupby(uid).ffill().fillna(first)
    step = share(stated - stated.groupby(uid).shift().fillna(first), first)
    # last() skips what is missing: an amendment that leaves the amount alone does not state it.
    last = (
        own.assign(step=step)
        .groupby("uid")
        .agg(
            modifications=("modification_id", "size"),
            derniere=("dateNotificationModification", "max"),
            montant_final=("montant", "last"),
            duree_finale=("dureeMois", "last"),
            step=("step", "max"),
        )
    )
    found = last.reindex(contracts["uid"]).set_axis(contracts.index, axis=0)
    amount = contracts["montant"].astype("float64")
    months = contracts["dureeMois"].astype("float64")
    final = found["montant_final"].astype("float64").fillna(amount)
    length = found["duree_finale"].astype("float64").fillna(months)
    ratio = share(final, amount)
    works = contracts["codeCPV"].astype("str").str[:2] == WORKS
    return pd.DataFrame(
        {
            "uid": contracts["uid"],
            "modifications": found["modifications"].fillna(0).astype("int64"),
            "derniere": found["derniere"],
            "montant": amount,
            "montant_final": final,
            "ecart": final - amount,
            "ecart_part": share(final - amount, amount),
            "dureeMois": months,
            "duree_finale": length,
            "ecart_mois": length - months,
            "douteux": (ratio < DOUBTFUL[0]) | (ratio > DOUBTFUL[1]),
            "au_dela_faible": (ratio - 1).abs() >= np.where(works, SMALL_WORKS, SMALL) - 1e-9,
            "au_dela_50": found["step"] > LARGE + 1e-9,
        }
    )


def amended(contracts: pd.DataFrame, amendments: pd.DataFrame, by: By = "annee") -> pd.DataFrame:
    """Give the share of contracts that were amended, and by how much amounts and lengths changed.

    Parameters
    ----------
    contracts, amendments, by
        The two tables; a key of ``groups.KEYS`` (years of notification: recent contracts had less time to be amended).

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, modifies (contracts with an amendment), taux, en_hausse, en_baisse (amount up or down),
        douteux, au_dela_faible, au_dela_50 (above the landmarks; doubtful ones left out of all but their own count),
        montant, montant_final, ecart (euros, doubtful contracts at their initial amount), ecart_douteux (what these
        would add), ecart_part, allonges, raccourcis (contracts), sans_duree (initial length missing), mois_median
        (median change of those whose length changed).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, later = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> amended(book, later, "ensemble")[["nombre", "modifies", "en_hausse"]].values.tolist()
    [[3000, 405, 266]]
    """
    state = final_states(contracts, amendments)
    sound = ~state["douteux"]
    change = state["ecart"].where(sound, 0.0)
    counts = {
        "en_hausse": change > 0,
        "en_baisse": change < 0,
        "douteux": state["douteux"],
        "au_dela_faible": state["au_dela_faible"] & sound,
        "au_dela_50": state["au_dela_50"] & sound,
        "allonges": state["ecart_mois"] > 0,
        "raccourcis": state["ecart_mois"] < 0,
        "sans_duree": state["dureeMois"].isna(),
    }
    keys, everywhere = group_keys(contracts, by), pd.Series(True, index=contracts.index)
    table = rates(keys, everywhere, state["modifications"] > 0, state["montant"], counts)
    table = table.rename(columns={"avec": "modifies"})
    table["ecart"] = change.groupby(keys).sum()
    table["ecart_douteux"] = state["ecart"].where(~sound, 0.0).groupby(keys).sum()
    table["montant_final"] = table["montant"] + table["ecart"]
    table["ecart_part"] = share(table["ecart"], table["montant"])
    table["mois_median"] = state["ecart_mois"].where(state["ecart_mois"] != 0).groupby(keys).median()
    columns = [
        "nombre", "modifies", "taux", "en_hausse", "en_baisse", "douteux", "au_dela_faible", "au_dela_50", "montant",
        "montant_final", "ecart", "ecart_douteux", "ecart_part", "allonges", "raccourcis", "sans_duree", "mois_median",
    ]  # fmt: skip
    return grouped(table, contracts, by, columns)


def largest_changes(contracts: pd.DataFrame, amendments: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """List the contracts whose amount changed most, up or down, doubtful ones included and marked.

    Columns uid, acheteur_nom, objet, dateNotification, and those of what changed; the largest change first.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, later = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> largest_changes(book, later, 1)[["montant", "montant_final"]].values.tolist()
    [[5512973.0, 5909907.0]]
    """
    state = final_states(contracts, amendments).join(contracts[["acheteur_nom", "objet", "dateNotification"]])
    state = state[state["ecart"] != 0].assign(_size=lambda frame: frame["ecart"].abs())
    columns = [
        "uid", "acheteur_nom", "objet", "dateNotification", "montant", "montant_final", "ecart", "ecart_part",
        "ecart_mois", "modifications", "douteux",
    ]  # fmt: skip
    return state.sort_values(["_size", "uid"], ascending=[False, True], ignore_index=True).head(n)[columns]
