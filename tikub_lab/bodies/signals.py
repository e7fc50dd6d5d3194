"""Signals of fragility: figures beside those of peers, with what is missing in sight. There is no score.

Only what the tables have: attested public money and yearly accounts say shares, obligations say what came late. No
table has reserves or cash in hand, so nothing is said of them.
"""

import pandas as pd

from tikub_lab.bodies.bundle import Portfolio
from tikub_lab.bodies.duties import MET, NOT_MET, OURS
from tikub_lab.bodies.verdicts import owed
from tikub_lab.methods.scope import one_of

PUBLIC, REGION, LATE = SIGNALS = ("argent public", "part de la Région", "pièces en retard")
"""Public money in the income; the Région's share of public money; what came late, or not, of what was due by then."""
YEARS, FEWEST = 3, 5
"""How many years are looked at for what came late; with fewer peers no median is given."""


def fragility(data: Portfolio, annee: int) -> pd.DataFrame:
    """Compute the signals of all bodies that got grants in a year, and where each stands among those of its nature.

    Parameters
    ----------
    data : Portfolio
    annee : int

    Returns
    -------
    DataFrame
        organisme_id, organisme, nature, signal (one of :data:`SIGNALS`), valeur (a share; missing where unknown),
        manque (French: what it would take), pairs (others of its nature whose value is known), muets (others without),
        mediane (of its nature) and rang_part (share of peers with a lower value): missing with fewer than five peers.

    Examples
    --------
    >>> from tikub_lab.bodies import portfolio
    >>> found = fragility(portfolio(), 2024)
    >>> found.groupby("signal")["valeur"].count().to_dict()
    {'argent public': 29, 'part de la Région': 36, 'pièces en retard': 122}
    """
    one_of("annee", annee, sorted(map(int, data.grants["exercice"].unique())), "there are no grants of this year")
    given = data.grants[(data.grants["exercice"] == annee) & data.grants["suivi"]]
    cash = given[given["nature"].astype("str") != "aide en nature"].groupby("beneficiaire")["montant"].sum()
    said = data.filings[data.filings["exercice"] == annee].set_index("organisme_id")
    attested, income = (
        said.loc[said["nature"] == name, "montant"].reindex(cash.index).astype("float64")
        for name in ("attestation de subventions", "comptes annuels")
    )
    public = attested.clip(lower=cash)
    due = owed(data)
    due = due[due["exercice"].between(annee - YEARS + 1, annee) & ~due["obligation"].isin(OURS)]
    late = (due["verdict"] == NOT_MET) | ((due["verdict"] == MET) & (due["piece"] > due["echeance"]))
    late = late[due["verdict"].isin([MET, NOT_MET])].groupby(due["organisme_id"]).mean().reindex(cash.index)
    values = {PUBLIC: public / income.where(income > 0), REGION: cash / public.where(public > 0), LATE: late}
    wants = {PUBLIC: "attestation ou comptes", REGION: "attestation",
             LATE: "rien de dû"}  # fmt: skip
    about = data.bodies.set_index("organisme_id")
    wide = pd.DataFrame(values).rename_axis("organisme_id").reset_index()
    table = wide.melt("organisme_id", var_name="signal", value_name="valeur")
    table["nature"] = table["organisme_id"].map(about["nature"]).astype("str")
    table["manque"] = table["signal"].map(wants).where(table["valeur"].isna(), "")
    group = table.groupby(["signal", "nature"])["valeur"]
    known, everyone = group.transform("count"), group.transform("size")
    table["pairs"] = known - table["valeur"].notna()
    table["muets"] = everyone - known - table["valeur"].isna()
    enough = (table["pairs"] >= FEWEST) & table["valeur"].notna()
    table["mediane"] = group.transform("median").where(table["pairs"] >= FEWEST)
    table["rang_part"] = ((group.rank(method="min") - 1) / table["pairs"].where(table["pairs"] > 0)).where(enough)
    columns = ["organisme_id", "organisme", "nature", "signal", "valeur", "manque", "pairs", "muets", "mediane"]
    return data.named(table)[[*columns, "rang_part"]]
