"""What the portfolio owes, counted and listed from the verdicts on its duties."""

import pandas as pd

from tikub_lab.bodies.bundle import Portfolio
from tikub_lab.bodies.duties import MET, NOT_DUE, NOT_MET, OURS, UNKNOWN, obligations
from tikub_lab.methods.rates import rates
from tikub_lab.methods.scope import one_of


def owed(data: Portfolio) -> pd.DataFrame:
    """Judge what each body owed for each year: :func:`~tikub_lab.bodies.obligations`, with names and amounts.

    Returns
    -------
    DataFrame
        A row a body, year and duty: organisme_id, organisme (its name), exercice, obligation, verdict, raison,
        echeance, piece, texte, reference, statut, montant (€ granted in that year).

    Examples
    --------
    >>> from tikub_lab.bodies import portfolio
    >>> owed(portfolio())["verdict"].nunique()
    4
    """
    found = obligations(data.bodies, data.grants, data.filings, data.notices, data.jour.date())
    given = data.grants.groupby(["beneficiaire", "exercice"])["montant"].sum().rename_axis(["organisme_id", None])
    keys = pd.MultiIndex.from_frame(found[["organisme_id", "exercice"]])
    return data.named(found).assign(montant=given.reindex(keys).fillna(0.0).to_numpy())


def compliance(found: pd.DataFrame, key: str = "obligation") -> pd.DataFrame:
    """Count how many duties were met, by duty, year or body: of those that were due and of which it is known.

    Parameters
    ----------
    found : DataFrame
        From :func:`owed`.
    key : str
        obligation, exercice or organisme_id.

    Returns
    -------
    DataFrame
        The key, nombre (due or perhaps due), connus, manquants (unknown), avec (met), taux, bas, haut (Wilson's
        interval), minimum and maximum (if none, or all, of the unknown were met): see
        :func:`tikub_lab.methods.rates.rates`.

    Examples
    --------
    >>> verdicts = ["respectée", "non respectée", "inconnue", "non due"]
    >>> found = pd.DataFrame({"obligation": "convention", "verdict": verdicts})
    >>> compliance(found)[["nombre", "connus", "manquants", "taux"]].values.tolist()
    [[3.0, 2.0, 1.0, 0.5]]
    """
    one_of("key", key, ("obligation", "exercice", "organisme_id"))
    rows = found[found["verdict"] != NOT_DUE]
    known, met = rows["verdict"] != UNKNOWN, rows["verdict"] == MET
    table = rates(rows[key], known, met, pd.Series(0.0, index=rows.index))
    return table.drop(columns=[name for name in table if str(name).startswith(("montant", "taux_"))]).reset_index()


def by_duty(found: pd.DataFrame) -> pd.DataFrame:
    """Count verdicts by duty, with the share that was met among those known, its interval, and the rule's status.

    Parameters
    ----------
    found : DataFrame
        From :func:`owed`.

    Returns
    -------
    DataFrame
        obligation, statut, reference, avec (met), sans (not met), manquants (unknown), non_dues, taux, bas, haut.

    Examples
    --------
    >>> from tikub_lab.bodies import portfolio
    >>> by_duty(owed(portfolio())).set_index("obligation").loc["convention", ["avec", "sans"]].tolist()
    [492, 35]
    """
    table = compliance(found).merge(found.groupby("obligation")[["statut", "reference"]].first().reset_index())
    table["sans"] = table["connus"] - table["avec"]
    table["non_dues"] = table["obligation"].map(found[found["verdict"] == NOT_DUE].groupby("obligation").size())
    columns = ["obligation", "statut", "reference", "avec", "sans", "manquants", "non_dues", "taux", "bas", "haut"]
    table = table.astype(dict.fromkeys(("avec", "sans", "manquants"), "int64")).fillna({"non_dues": 0})
    return table[columns].sort_values("sans", ascending=False, ignore_index=True)


def unmet(found: pd.DataFrame, verdict: str = NOT_MET) -> pd.DataFrame:
    """List what was not met, or with ``verdict="inconnue"`` what is unknown: last years, then largest amounts, first.

    ``qui`` says whose duty it is: the body's, or the Région's own.

    Examples
    --------
    >>> from tikub_lab.bodies import portfolio
    >>> unmet(owed(portfolio()))["exercice"].iloc[[0, -1]].tolist()
    [2025, 2020]
    """
    one_of("verdict", verdict, (NOT_MET, UNKNOWN))
    rows = found[found["verdict"] == verdict]
    rows = rows.assign(qui=rows["obligation"].isin(OURS).map({True: "la Région", False: "l'organisme"}))
    return rows.sort_values(["exercice", "montant"], ascending=False, kind="stable", ignore_index=True)
