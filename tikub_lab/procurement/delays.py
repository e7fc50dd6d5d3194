"""How soon contracts are published: from notification to publication, against the two months of the law.

Essential data are published within two months of the notification of the contract, or of its modification: article
R2196-1 of the Code de la commande publique (before April 2019: article 107 of the décret n° 2016-360 du 25 mars 2016).
The duty began on 1 October 2018; the arrêtés of 14 April 2017 and of 22 December 2022 set the format, not the delay.
Months are calendar months: what is notified on 31 December is due on the last day of February.
"""

import pandas as pd

from tikub_lab.methods.rates import rates
from tikub_lab.procurement.groups import By, group_keys, grouped

DUTY = pd.Timestamp("2018-10-01")
"""From when essential data must be published."""
MONTHS = 2
STATES = (
    "Dans les deux mois",
    "En retard",
    "Avant la notification",
    "Date de publication absente",
    "Notifié avant l'obligation",
)
"""What may be said of a delay. A publication before the notification is a wrong date, neither soon nor late."""


def delays(notified: pd.Series, published: pd.Series) -> pd.DataFrame:
    """Measure the days from notification to publication of contracts or of amendments, and judge them.

    Columns jours (below 0 where they are the wrong way round), echeance (last day of the delay), etat (one of
    :data:`STATES`), jours_de_retard (0 when in time; missing unless judged).
    """
    days = (published - notified).dt.days.astype("float64")
    due = notified + pd.DateOffset(months=MONTHS)
    state = pd.Series(STATES[0], index=notified.index, dtype="str").mask(published > due, STATES[1])
    state = state.mask(published < notified, STATES[2]).mask(published.isna(), STATES[3])
    judged = state.mask(notified < DUTY, STATES[4]).where(notified.notna())
    late = (published - due).dt.days.clip(lower=0).astype("float64").where(judged.isin(STATES[:2]))
    return pd.DataFrame({"jours": days, "echeance": due, "etat": judged, "jours_de_retard": late})


def publication_delays(contracts: pd.DataFrame, by: By = "annee") -> pd.DataFrame:
    """Give the share of contracts published late and the median delay.

    A contract that is not published at all is not in the table: the rate is that of what can be seen.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, juges (in time or late), en_retard, taux_retard (of those judged), manquants (without a
        date of publication), inverses (published before they were notified), avant_obligation (notified before
        :data:`DUTY`), jours_median (of those judged), retard_median (of those late, days beyond the delay). Years in
        order, other groups by decreasing number of late contracts.

    Examples
    --------
    >>> book = pd.DataFrame({"dateNotification": pd.to_datetime(["2024-03-15"] * 3),
    ...     "datePublicationDonnees": pd.to_datetime(["2024-05-15", "2024-07-15", None])})
    >>> publication_delays(book)[["juges", "en_retard", "manquants", "jours_median"]].values.tolist()
    [[2.0, 1.0, 1.0, 91.5]]
    """
    found = delays(contracts["dateNotification"], contracts["datePublicationDonnees"])
    keys, state = group_keys(contracts, by), found["etat"]
    judged, late = state.isin(STATES[:2]), state == STATES[1]
    others = {"absentes": state == STATES[3], "inverses": state == STATES[2], "avant_obligation": state == STATES[4]}
    table = rates(keys, judged, late, pd.Series(0.0, index=contracts.index), others).drop(columns="manquants")
    names = {"connus": "juges", "avec": "en_retard", "taux": "taux_retard", "absentes": "manquants"}
    table = table.rename(columns=names)
    table["jours_median"] = found["jours"].where(judged).groupby(keys).median()
    table["retard_median"] = found["jours_de_retard"].where(late).groupby(keys).median()
    columns = ["nombre", "juges", "en_retard", "taux_retard", "manquants", "inverses", "avant_obligation"]
    return grouped(table, contracts, by, [*columns, "jours_median", "retard_median"], "en_retard")
