"""How complete publications and buyers are, and amounts that the rules let pass though they look like fillers.

What is owed depends on the day of notification: see
:mod:`tikub_lab.procurement.scorecard.fields`. A value is *sound*
where it is filled, and no rule emptied or rejected it.
"""

import pandas as pd

from tikub_lab.procurement.scorecard.card import findings, verdicts
from tikub_lab.procurement.scorecard.fields import (
    CONDITIONS,
    INSTEAD,
    ORIGIN_CPV,
    REGIMES,
    SINCE,
    TITLES,
)

GRADES = ((0.95, "A"), (0.85, "B"), (0.7, "C"), (0.5, "D"), (0.0, "E"))
"""The grade that a score reaches: a scale of ours, no text gives
one."""
UNREADABLE = {"not-a-record", "row-width"}
"""Rules that a record breaks which has no field at all."""
_ABSENT = {"value-missing", "supplier-missing", "date-missing", "object-missing"}
_OWED_AS = {"titulaire_id": "titulaires", "titulaire_typeIdentifiant": "titulaires"}
SMALL = 100.0
_FILLER = r"([1-9])\1{4,}"


def grade(score: float) -> str:
    """Return the grade of a score between 0 and 1, from A to E; nothing for a score that is not known.

    Examples
    --------
    >>> [grade(score) for score in (0.95, 0.949, 0.0, float("nan"))]
    ['A', 'B', 'E', '']
    """
    return next((letter for least, letter in GRADES if score >= least), "")


def scores(records: pd.DataFrame) -> pd.DataFrame:
    """Score each publication: of 100 values that the law asks for, how many are sound and in a record that counts.

    ``score`` is the number of sound mandatory values in usable
    records (neither rejected nor repeated), divided by the number
    of mandatory values owed by all records but the repeated ones.
    Concessions and contracts count alike.

    Parameters
    ----------
    records : DataFrame
        Table ``procurement/records``.

    Returns
    -------
    DataFrame, one row a publication
        ``publication``, ``nombre`` (records), ``exploitables``,
        ``rejetes``, ``doublons``, ``part_exploitable`` (of all
        records), ``attendus`` (values owed),
        ``remplis`` (filled), ``sains`` (sound), ``completude``
        (``sains / attendus``), ``score``, ``note`` (see
        :func:`grade`), ``champs_absents`` (mandatory fields that no
        record has: an extract leaves columns out, which is no fault
        of its records), ``inconnus`` (rejected records whose values
        are not known, as they were imported before the table was:
        they owe nothing here).

    Examples
    --------
    >>> base = {"publication": "a", "type": "marché", "acheteur_id": "1", "id": "2", "titulaires": "3", "ligne": 1,
    ...     "modifications": 0, "dateNotification": pd.NaT, "etat": "retenu", "reparations": None, "regles": None,
    ...     "montant": 1.0, "attendus": 10, "manquants": "ccag|objet"}
    >>> scores(pd.DataFrame([base]))[["attendus", "sains", "score", "note"]].to_numpy().tolist()
    [[10, 8, 0.8, 'C']]
    """
    records = records.reset_index(drop=True)
    judged = verdicts(records)
    owed, filled, sound, unknown = _owed(records)
    usable, again = judged["verdict"] == "exploitable", judged["verdict"] == "doublon"
    frame = pd.DataFrame(
        {
            "publication": judged["publication"],
            "nombre": 1,
            "exploitables": usable.astype("int64"),
            "rejetes": (judged["verdict"] == "rejeté").astype("int64"),
            "doublons": again.astype("int64"),
            "attendus": owed.mask(again, 0),
            "remplis": filled.mask(again, 0),
            "sains": sound.mask(again, 0),
            "_counting": sound.where(usable, 0),
            "inconnus": unknown.astype("int64"),
        }
    )
    table = frame.groupby("publication").sum().reset_index()
    table["part_exploitable"] = table["exploitables"] / table["nombre"]
    table["completude"] = table["sains"] / table["attendus"]
    table["score"] = table["_counting"] / table["attendus"]
    table["note"] = table["score"].map(grade).astype("str")
    empty = missing_fields(records)
    absent = empty[empty["manquants"] == empty["publication"].map(records["publication"].value_counts())]
    table["champs_absents"] = table["publication"].map(absent["publication"].value_counts()).fillna(0).astype("int64")
    return table[
        ["publication", "nombre", "exploitables", "rejetes", "doublons", "part_exploitable", "attendus", "remplis",
         "sains", "completude", "score", "note", "champs_absents", "inconnus"]
    ]  # fmt: skip


def _owed(records: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Count the values that each record owes, those that are filled, those that are sound; tell what is not known."""
    found = findings(records)
    nothing = records.index.isin(found.index[found["regle"].isin(UNREADABLE)])
    unknown = records["attendus"].isna() & ~nothing
    usual = records.groupby("publication")["attendus"].transform("max").fillna(len(REGIMES[1].contract))
    owed = records["attendus"].mask(nothing, usual).fillna(0).astype("int64")
    empty = records["manquants"].fillna("").str.split("|").map(lambda names: len([name for name in names if name]))
    filled = (owed - empty).mask(nothing, 0).clip(lower=0)
    broken = found[found["rejet"] & ~found["regle"].isin(_ABSENT | UNREADABLE)]
    known = {name for regime in REGIMES for name in (*regime.contract, *regime.concession)}
    fields = broken["champ"].replace(_OWED_AS)
    wrong = fields[fields.isin(known)].groupby(level=0).nunique()
    return owed, filled, (filled - wrong.reindex(records.index).fillna(0)).clip(lower=0).astype("int64"), unknown


def missing_fields(records: pd.DataFrame) -> pd.DataFrame:
    """Count, for each publication, the mandatory fields that are empty.

    Examples
    --------
    >>> records = pd.DataFrame({"publication": "a", "manquants": ["ccag|objet", "ccag", None, None]})
    >>> missing_fields(records)[["champ", "part"]].to_numpy().tolist()
    [['ccag', 0.5], ['objet', 0.25]]
    """
    size = records["publication"].value_counts()
    lists = records[["publication"]].assign(champ=records["manquants"].astype("str").str.split("|"))
    lists = lists[records["manquants"].notna()].explode("champ")
    table = lists.groupby(["publication", "champ"]).size().rename("manquants").reset_index()
    table["titre"] = table["champ"].map(TITLES).fillna(table["champ"])
    table["part"] = table["manquants"] / table["publication"].map(size).astype("float64")
    table = table.sort_values(["publication", "manquants", "champ"], ascending=[True, False, True], ignore_index=True)
    return table[["publication", "champ", "titre", "manquants", "part"]]


def _due(contracts: pd.DataFrame) -> dict[str, tuple[str, pd.Series]]:
    """Say of each field whether it is mandatory or conditional, and in which contracts it is owed."""
    day = contracts["dateNotification"].fillna(contracts["datePublicationDonnees"])
    recent = day.ge(pd.Timestamp(SINCE)).fillna(False).astype(bool)
    old, new = ({*regime.contract} - {"titulaires"} for regime in REGIMES)  # titulaires are another table
    due: dict[str, tuple[str, pd.Series]] = {}
    for field in dict.fromkeys([*REGIMES[1].contract, *REGIMES[0].contract]):
        if field in old | new:
            due[field] = ("obligatoire", (recent & (field in new)) | (~recent & (field in old)))
    never = pd.Series(False, index=contracts.index)
    origin = contracts["codeCPV"].str.startswith(ORIGIN_CPV).fillna(False).astype(bool)
    when = {
        "tauxAvance": contracts["attributionAvance"].fillna(False).astype(bool) & recent,
        "idAccordCadre": contracts["nature"].eq("Marché subséquent").fillna(False).astype(bool) & recent,
        "origineUE": origin & recent,
        "origineFrance": origin & recent,
    }
    for item in CONDITIONS:
        kind = "conditionnel" if item.status == "vérifiable" else "conditionnel, à confirmer"
        due[item.field] = (kind, when.get(item.field, never))
    return due


def _filled(contracts: pd.DataFrame, field: str) -> pd.Series:
    filled = contracts[field].notna()
    if field not in INSTEAD:
        return filled
    day = contracts["dateNotification"].fillna(contracts["datePublicationDonnees"])
    old = ~day.ge(pd.Timestamp(SINCE)).fillna(False).astype(bool)
    return filled | (old & contracts[INSTEAD[field]].notna())


def completeness(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count, for each field of the essential data, the contracts that owe it and those that have it.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``: values that could not be
        used are empty in it.

    Returns
    -------
    DataFrame, one row a field, the least filled first
        ``champ``, ``titre``, ``obligation`` (``obligatoire``,
        ``conditionnel``, or ``conditionnel, à confirmer`` where the
        condition is an approximation: see
        :data:`~tikub_lab.procurement.scorecard.fields.CONDITIONS`),
        ``attendus`` (contracts that owe it), ``remplis``,
        ``manquants``, ``part`` (of those owed; not a number where
        none is). Titulaires are not there: they are another table.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = completeness(tables.load("procurement/contracts")).set_index("champ")
    >>> found.loc[["montant", "tauxAvance"], "obligation"].tolist(), float(found.loc["montant", "part"])
    (['obligatoire', 'conditionnel'], 1.0)
    """
    rows = []
    for field, (kind, due) in _due(contracts).items():
        filled = int((due & _filled(contracts, field)).sum())
        rows.append((field, TITLES[field], kind, int(due.sum()), filled, int(due.sum()) - filled))
    table = pd.DataFrame(rows, columns=["champ", "titre", "obligation", "attendus", "remplis", "manquants"])
    table["part"] = table["remplis"] / table["attendus"].where(table["attendus"] > 0)
    order = table.assign(_rank=table["obligation"].map({"obligatoire": 0, "conditionnel": 1}).fillna(2))
    return order.sort_values(["_rank", "part", "champ"], ignore_index=True).drop(columns="_rank")


DOUBTS = {
    "filler": "Montant d'un seul chiffre répété (99999999)",
    "small": f"Montant inférieur à {SMALL:.0f} €",
    "before": "Publié avant d'être notifié",
}


def doubtful(records: pd.DataFrame) -> pd.DataFrame:
    """Count usable records that no rule rejects, and that yet look wrong: they stay in the figures, to be checked.

    Parameters
    ----------
    records : DataFrame
        Table ``procurement/records``.

    Returns
    -------
    DataFrame, one row a publication and doubt
        ``publication``, ``doute``, ``nombre`` (records),
        ``montant`` (€ that they bring), ``part`` (of all usable
        euros of the publication), ``sans_valeur`` (usable records
        of which it cannot be said), ``exemple`` (the largest
        amount).

    Examples
    --------
    >>> base = {"publication": "a", "type": "marché", "acheteur_id": "1", "id": "2", "titulaires": "3", "ligne": 1,
    ...     "modifications": 0, "dateNotification": pd.NaT, "datePublicationDonnees": pd.NaT, "etat": "retenu",
    ...     "objet": "Gaz"}
    >>> doubtful(pd.DataFrame([{**base, "montant": 99_999_999.0}]))[["nombre", "part", "exemple"]].to_numpy().tolist()
    [[1, 1.0, 'ligne 1 : Gaz']]
    """
    records = records.reset_index(drop=True)
    judged = verdicts(records)
    usable = judged["verdict"] == "exploitable"
    amount = records["montant"]
    whole = amount.where(amount == amount.round()).astype("Int64").astype("str")
    notified, published = records["dateNotification"], records["datePublicationDonnees"]
    doubts = {
        "filler": (whole.str.fullmatch(_FILLER).fillna(False).astype(bool), amount.isna()),
        "small": (amount < SMALL, amount.isna()),
        "before": (notified > published, notified.isna() | published.isna()),
    }
    total = judged["poids"].where(usable).groupby(judged["publication"]).sum()
    parts = []
    for name, (doubt, unknown) in doubts.items():
        frame = judged.assign(objet=records["objet"], _doubt=doubt & usable, _unknown=unknown & usable)
        hits = frame[frame["_doubt"]].sort_values(["montant", "ligne"], ascending=[False, True])
        groups = hits.groupby("publication")
        table = groups.agg(nombre=("ligne", "size"), montant=("poids", "sum"))
        table["sans_valeur"] = frame.groupby("publication")["_unknown"].sum().reindex(table.index)
        first = hits.drop_duplicates("publication").set_index("publication")
        table["exemple"] = "ligne " + first["ligne"].astype("str") + " : " + first["objet"].fillna("sans objet")
        parts.append(table.reset_index().assign(doute=DOUBTS[name]))
    table = pd.concat(parts, ignore_index=True)
    table["part"] = table["montant"] / table["publication"].map(total).astype("float64")
    table = table.sort_values(["publication", "montant"], ascending=[True, False], ignore_index=True)
    return table[["publication", "doute", "nombre", "montant", "part", "sans_valeur", "exemple"]]
