"""How complete publications and buyers are, and amounts that the rules let pass though they look like fillers.

What is owed depends on the day of notification: see :mod:`tikub_lab.procurement.published.fields`. A value is *sound*
where it is filled, and no rule emptied or rejected it.
"""

import pandas as pd

from tikub_lab.procurement.published.fields import INSTEAD, ROWS, SINCE, TITLES, owed
from tikub_lab.procurement.scorecard.card import findings, verdicts

GRADES = ((0.95, "A"), (0.85, "B"), (0.7, "C"), (0.5, "D"), (0.0, "E"))
"""The grade that a score reaches: a scale of ours, no text gives one."""
UNREADABLE = ["not-a-record", "row-width"]
"""Rules that a record breaks which has no field at all."""
ABSENT = ["value-missing", "supplier-missing", "date-missing", "object-missing"]
SMALL = 100.0
ORIGIN_CPV = ("15", "18", "33", "341")
"""Beginnings of CPV codes of which the origin of products is asked, near the list annexed to the decree of 2022."""
DOUBTS = {
    "filler": "Montant d'un seul chiffre répété (99999999)",
    "small": f"Montant inférieur à {SMALL:.0f} €",
    "before": "Publié avant d'être notifié",
}


def grade(score: float) -> str:
    """Return the grade of a score between 0 and 1, from A to E; nothing for a score that is not known."""
    return next((letter for least, letter in GRADES if score >= least), "")


def scores(records: pd.DataFrame) -> pd.DataFrame:
    """Score each publication: of 100 values that the law asks for, how many are sound and in a record that counts.

    ``score`` is the number of sound mandatory values in usable records (neither rejected nor repeated), divided by the
    number of mandatory values owed by all records but the repeated ones. Concessions and contracts count alike.

    Returns
    -------
    DataFrame, one row a publication
        ``publication``, ``nombre`` (records), ``exploitables``, ``rejetes``, ``doublons``, ``part_exploitable`` (of
        all records), ``attendus`` (values owed), ``remplis`` (filled), ``sains`` (sound), ``completude`` (sound of
        owed), ``score``, ``note`` (:data:`GRADES`), ``champs_absents`` (mandatory fields that no record has, as in an
        extract), ``inconnus`` (rejected records whose values are not known: they owe nothing here).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> scores(tables.load("procurement/records"))[["attendus", "sains", "note"]].to_numpy().tolist()
    [[7145, 7061, 'B'], [7895, 7801, 'B'], [9120, 9023, 'A']]
    """
    records = records.reset_index(drop=True)
    verdict = verdicts(records)["verdict"]
    frame = records[["publication"]].assign(nombre=1)
    for name, label in (("exploitables", "exploitable"), ("rejetes", "rejeté"), ("doublons", "doublon")):
        frame[name] = (verdict == label).astype("int64")
    frame[["attendus", "remplis", "sains", "inconnus"]] = _owed(records)
    frame.loc[verdict == "doublon", ["attendus", "remplis", "sains"]] = 0
    frame["_counting"] = frame["sains"].where(verdict == "exploitable", 0)
    table = frame.groupby("publication").sum().reset_index()
    table["part_exploitable"] = table["exploitables"] / table["nombre"]
    table["completude"] = table["sains"] / table["attendus"]
    table["score"] = table["_counting"] / table["attendus"]
    table["note"] = table["score"].map(grade).astype("str")
    empty = missing_fields(records)
    absent = empty.loc[empty["part"] == 1, "publication"].value_counts()
    table["champs_absents"] = table["publication"].map(absent).fillna(0).astype("int64")
    return table[
        ["publication", "nombre", "exploitables", "rejetes", "doublons", "part_exploitable", "attendus", "remplis",
         "sains", "completude", "score", "note", "champs_absents", "inconnus"]
    ]  # fmt: skip


def _owed(records: pd.DataFrame) -> pd.DataFrame:
    """Count the values that each record owes, those that are filled, those that are sound; tell what is not known."""
    found = findings(records)
    nothing = records.index.isin(found.index[found["regle"].isin(UNREADABLE)])
    usual = records.groupby("publication")["attendus"].transform("max").fillna(len(owed("contracts", "2022")))
    due = records["attendus"].mask(nothing, usual).fillna(0).astype("int64")
    missing = records["manquants"].fillna("").str.count("[^|]+")
    filled = (due - missing).mask(nothing, 0).clip(lower=0).astype("int64")
    broken = found[found["rejet"] & ~found["regle"].isin([*ABSENT, *UNREADABLE])]
    fields = broken["champ"].replace(dict.fromkeys(["titulaire_id", "titulaire_typeIdentifiant"], "titulaires"))
    mandatory = [
        name for table in ("contracts", "concessions") for day in ("2019", "2022") for name in owed(table, day)
    ]
    wrong = fields[fields.isin(mandatory)].groupby(level=0).nunique().reindex(records.index, fill_value=0)
    sound = (filled - wrong).clip(lower=0)
    unknown = (records["attendus"].isna() & ~nothing).astype("int64")
    return pd.DataFrame({"attendus": due, "remplis": filled, "sains": sound, "inconnus": unknown})


def missing_fields(records: pd.DataFrame) -> pd.DataFrame:
    """Count, for each publication, the mandatory fields that are empty."""
    lists = records[["publication"]].assign(champ=records["manquants"].astype("str").str.split("|"))
    lists = lists[records["manquants"].notna()].explode("champ")
    table = lists.groupby(["publication", "champ"]).size().rename("manquants").reset_index()
    table["titre"] = table["champ"].map(TITLES).fillna(table["champ"])
    size = records["publication"].value_counts()
    table["part"] = table["manquants"] / table["publication"].map(size).astype("float64")
    table = table.sort_values(["publication", "manquants", "champ"], ascending=[True, False, True], ignore_index=True)
    return table[["publication", "champ", "titre", "manquants", "part"]]


def completeness(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count, for each field of the essential data, the contracts that owe it and those that have it.

    Values that could not be used are empty in the table of contracts. Titulaires are another table.

    Returns
    -------
    DataFrame, one row a field, the least filled first
        ``champ``, ``titre``, ``obligation`` (``obligatoire``, ``conditionnel``, or ``conditionnel, à confirmer``
        where the condition is an approximation), ``attendus`` (contracts that owe it), ``remplis``, ``manquants``,
        ``part`` (of those owed; not a number where none is).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = completeness(tables.load("procurement/contracts")).set_index("champ")
    >>> found.loc[["montant", "tauxAvance"], "obligation"].tolist(), float(found.loc["montant", "part"])
    (['obligatoire', 'conditionnel'], 1.0)
    """
    day = contracts["dateNotification"].fillna(contracts["datePublicationDonnees"])
    recent = day.ge(pd.Timestamp(SINCE)).fillna(False).astype(bool)
    origin = contracts["codeCPV"].str.startswith(ORIGIN_CPV).fillna(False).astype(bool)
    conditions = {
        "tauxAvance": contracts["attributionAvance"].fillna(False).astype(bool),
        "idAccordCadre": contracts["nature"].eq("Marché subséquent").fillna(False).astype(bool),
        "origineUE": origin,
        "origineFrance": origin,
    }
    rows = []
    for row in ROWS:
        field, duty = row["champ"], row["obligation"]
        if row["table"] != "contracts" or not row["type"] or not duty:
            continue
        if field in conditions:
            due = conditions[field] & recent
        else:
            due = (recent & ("2022" in duty)) | (~recent & ("2019" in duty))
            duty = "obligatoire"
        filled = contracts[field].notna()
        if field in INSTEAD:
            filled |= ~recent & contracts[INSTEAD[field]].notna()
        rows.append((field, row["titre"], duty, int(due.sum()), int((due & filled).sum())))
    table = pd.DataFrame(rows, columns=["champ", "titre", "obligation", "attendus", "remplis"])
    table["manquants"] = table["attendus"] - table["remplis"]
    table["part"] = table["remplis"] / table["attendus"].where(table["attendus"] > 0)
    order = table.assign(_rank=table["obligation"].map({"obligatoire": 0, "conditionnel": 1}).fillna(2))
    return order.sort_values(["_rank", "part", "champ"], ignore_index=True).drop(columns="_rank")


def doubtful(records: pd.DataFrame) -> pd.DataFrame:
    """Count usable records that no rule rejects, and that yet look wrong: they stay in the figures, to be checked.

    Returns
    -------
    DataFrame, one row a publication and doubt
        ``publication``, ``doute``, ``nombre`` (records), ``montant`` (€ that they bring), ``part`` (of all usable
        euros of the publication), ``sans_valeur`` (usable records of which it cannot be said), ``exemple`` (the
        largest amount).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> doubtful(tables.load("procurement/records"))[["doute", "nombre"]].iloc[[1]].to_numpy().tolist()
    [['Montant inférieur à 100 €', 3]]
    """
    records = records.reset_index(drop=True)
    usable = verdicts(records).assign(objet=records["objet"], publiee=records["datePublicationDonnees"])
    usable = usable[usable["verdict"] == "exploitable"]
    usable = usable.sort_values(["montant", "ligne"], ascending=[False, True])
    amount, notified, published = usable["montant"], usable["dateNotification"], usable["publiee"]
    whole = amount.where(amount == amount.round()).astype("Int64").astype("str")
    doubts = {
        "filler": (whole.str.fullmatch(r"([1-9])\1{4,}").fillna(False).astype(bool), amount.isna()),
        "small": (amount < SMALL, amount.isna()),
        "before": (notified > published, notified.isna() | published.isna()),
    }
    usable["exemple"] = "ligne " + usable["ligne"].astype("str") + " : " + usable["objet"].fillna("sans objet")
    total = usable.groupby("publication")["poids"].sum()
    parts = []
    for name, (doubt, unknown) in doubts.items():
        hits = usable[doubt].groupby("publication")
        table = hits.agg(nombre=("ligne", "size"), montant=("poids", "sum"), exemple=("exemple", "first"))
        table["sans_valeur"] = unknown.groupby(usable["publication"]).sum().reindex(table.index)
        parts.append(table.reset_index().assign(doute=DOUBTS[name]))
    table = pd.concat(parts, ignore_index=True)
    table["part"] = table["montant"] / table["publication"].map(total).astype("float64")
    table = table.sort_values(["publication", "montant"], ascending=[True, False], ignore_index=True)
    return table[["publication", "doute", "nombre", "montant", "part", "sans_valeur", "exemple"]]
