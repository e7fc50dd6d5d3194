"""The quality scorecard of a publication: which rules its records break, and what that does to the figures.

A publication is judged by itself. Its record is *usable* where no
rule rejects it and no other record of the same publication says the
same contract; that a later publication repeats it is no fault.

Without a rule, the records that *only* this rule rejects would
count; a record that two rules reject stays out without either of
them, so the effects of single rules do not add up to the whole:
:func:`bridge` says what several rules do together. Of values that
were mended, those are told apart without which the record would
have been rejected.

Amounts are those published, excluding tax. Rows of the tabular form
share an amount that they repeat for each titulaire; but each state
of a contract counts, so their totals are more than those of
``procurement/contracts``. How complete a publication is: see
:mod:`tikub_lab.procurement.scorecard.scores`.
"""

import pandas as pd

from tikub_lab.procurement.published.rules import TEXTS
from tikub_lab.procurement.scorecard.fields import TITLES

SAME = ("publication", "acheteur_id", "id", "_first", "montant", "dateNotification", "_state")
"""What two records of one publication share that say the same
contract."""
COLUMNS = (
    "publication", "regle", "titre", "effet", "nombre", "part", "valeurs", "montant_concerne", "seuls",
    "ecart_nombre", "ecart_montant", "sans_montant", "exemple", "attendu", "consequence", "source",
)  # fmt: skip
_ITEM = r"^([^:]+):([^=]*)(?:=(.*))?$"
SEVERAL = "plusieurs règles à la fois"
EFFECTS = {"reject": "rejeté", "repair": "réparé", "blank": "vidé", "mark": "signalé"}
"""What each effect of a rule is called."""


def rule_texts() -> pd.DataFrame:
    """List every rule, with what a reader is told of it.

    Examples
    --------
    >>> rule_texts().set_index("regle").loc["amount-too-low", "attendu"]
    'Un montant vaut au moins 1 €.'
    """
    table = pd.DataFrame(list(TEXTS.values())).drop(columns="checks").astype("str")
    table["effet"] = table["effet"].map(EFFECTS)
    return table[["regle", "titre", "effet", "attendu", "consequence", "source"]]


def weights(records: pd.DataFrame) -> pd.Series:
    """Return the euros that each record adds to a total: 0 where no amount is published.

    Rows of the tabular form with the same publication, buyer,
    identifier, date and amount are one amount, repeated for each
    titulaire: they share it equally.

    Examples
    --------
    >>> row = {"publication": "a", "type": "ligne", "acheteur_id": "1", "id": "2", "montant": 30.0}
    >>> weights(pd.DataFrame([row, row, {**row, "type": "marché"}]).assign(dateNotification=pd.NaT)).tolist()
    [15.0, 15.0, 30.0]
    """
    amounts = records["montant"].fillna(0.0)
    rows = records["type"].eq("ligne").fillna(False).astype(bool)
    if not rows.any():
        return amounts
    keys = ["publication", "acheteur_id", "id", "dateNotification", "montant"]
    size = records[rows].groupby(keys, dropna=False, observed=True)["montant"].transform("size")
    return amounts.where(~rows, amounts / size.reindex(records.index))


def verdicts(records: pd.DataFrame) -> pd.DataFrame:
    """Judge each record within its publication."""
    frame = records[["publication", "acheteur_id", "id", "montant", "dateNotification", "ligne"]].copy()
    frame["_first"] = records["titulaires"].str.split("|").str[0]
    rows = records["type"].eq("ligne").fillna(False).astype(bool)
    frame["_state"] = records["modifications"].where(rows, 0).fillna(0).astype("int64")
    frame["poids"] = weights(records)
    frame["verdict"] = "exploitable"
    # within a publication the import's own choice counts: those that it
    # kept come first
    order = frame.assign(_kept=records["etat"].ne("retenu").astype("int64")).sort_values(["_kept", "ligne"])
    order = order[records["etat"].loc[order.index].ne("rejeté").to_numpy()]
    again = order.index[order.duplicated([*SAME]) & records["etat"].loc[order.index].eq("doublon")]
    frame.loc[again, "verdict"] = "doublon"
    frame.loc[records["etat"].eq("rejeté"), "verdict"] = "rejeté"
    return frame


def findings(records: pd.DataFrame) -> pd.DataFrame:
    """Unfold the rules that records broke, as text, into one row a finding."""
    parts = []
    for column, rejects in (("regles", True), ("reparations", False)):
        items = records[column].dropna().astype("str").str.split("|").explode()
        found = items.str.extract(_ITEM).set_axis(["regle", "champ", "valeur"], axis="columns")
        parts.append(found.assign(rejet=rejects))
    return pd.concat(parts)


def by_rule(records: pd.DataFrame, all_rules: bool = False) -> pd.DataFrame:
    """Count, for each publication and rule, the records concerned and what the rule does to the figures.

    Parameters
    ----------
    records : DataFrame
        Table ``procurement/records``.
    all_rules : bool
        Also the rules that nothing broke.

    Returns
    -------
    DataFrame, one row a publication and rule, rejects first, the
    largest effect in euros first
        ``publication``, ``regle``, ``titre``, ``effet``, ``nombre``
        (records concerned), ``part`` (of the publication's
        records), ``valeurs`` (values concerned),
        ``montant_concerne`` (€ of these records), ``seuls``
        (records that no other rule rejects), ``ecart_nombre`` and
        ``ecart_montant`` (what the number of usable records, and
        their amount in €, would gain without the rule; they lose
        where a mended value saves the record), ``sans_montant``
        (records among ``seuls`` that have no amount, counted 0 €),
        ``exemple`` (the largest amount concerned), ``attendu``,
        ``consequence``, ``source``.

    Examples
    --------
    >>> base = {"publication": "a", "type": "marché", "acheteur_id": "1", "id": "2", "titulaires": "3", "ligne": 1,
    ...     "modifications": 0, "dateNotification": pd.NaT, "etat": "rejeté", "reparations": None}
    >>> low = {**base, "montant": 0.5, "regles": "amount-too-low:montant=0.5"}
    >>> by_rule(pd.DataFrame([low]))[["titre", "ecart_nombre", "ecart_montant", "exemple"]].to_numpy().tolist()
    [['Montant inférieur à 1 €', 1, 0.5, 'ligne 1, Montant : 0.5']]
    """
    judged = verdicts(records.reset_index(drop=True))
    found = findings(records.reset_index(drop=True))
    rejecting = found[found["rejet"]]
    number = rejecting.groupby(level=0)["regle"].nunique()
    alone = rejecting["regle"].loc[number.index[number == 1]].groupby(level=0).first()
    again = judged.index[judged["verdict"] == "doublon"]
    duplicates = pd.DataFrame({"regle": "duplicate", "champ": "id", "valeur": judged["id"][again], "rejet": True})
    found = pd.concat([found, duplicates])
    found["saves"] = _saving(found)
    parts = [_counted(found, judged, alone)] if len(found) else []
    table = pd.concat(parts) if parts else pd.DataFrame(columns=["publication", "regle", "nombre", "rejet"])
    known = rule_texts()
    if all_rules:
        every = pd.MultiIndex.from_product([judged["publication"].unique(), known["regle"]])
        pairs = every.difference(pd.MultiIndex.from_frame(table[["publication", "regle"]]))
        table = pd.concat([table, pairs.to_frame(index=False, name=["publication", "regle"])])
    return _described(table, known, judged)


def _saving(found: pd.DataFrame) -> pd.Series:
    """Tell the mended values without which their record would have been rejected, or left without a date."""
    rule, field = found["regle"], found["champ"]
    spaced = (rule == "identifier-spacing") & found["valeur"].str.replace(r"\s", "", regex=True).str.fullmatch(
        r"\d{14}"
    )
    typed = (rule == "identifier-type-name") & (field == "titulaire_typeIdentifiant")
    counted = (rule == "number-notation") & field.isin(["montant", "valeurGlobale", "dureeMois"])
    undated = (rule == "notification-from-publication") & (field == "dateNotification")
    return (spaced.fillna(False) | typed | counted | undated).astype(bool) & ~found["rejet"]


def _counted(found: pd.DataFrame, judged: pd.DataFrame, alone: pd.Series) -> pd.DataFrame:
    keys = ["publication", "regle", "rejet"]
    values = found.join(judged[["publication", "poids", "montant", "ligne", "verdict"]])
    values["exemple"] = _example(values)
    records = values.sort_values(["montant", "ligne"], ascending=[False, True], na_position="last", kind="stable")
    records = records.assign(_at=records.index).drop_duplicates(["_at", "regle", "rejet"])
    table = records.groupby(keys).agg(
        nombre=("_at", "size"), montant_concerne=("poids", "sum"), exemple=("exemple", "first")
    )
    table["valeurs"] = values.groupby(keys).size()
    saved = values[values["saves"] & (values["verdict"] == "exploitable")]
    saved = saved.assign(_at=saved.index).drop_duplicates(["_at", "regle"]).groupby(keys)["poids"].agg(["size", "sum"])
    back = _coming_back(judged, alone)
    again = judged[judged["verdict"] == "doublon"]
    back = pd.concat([back, again.assign(regle="duplicate", rejet=True, counts=True)])
    table["seuls"] = back.groupby(keys).size()
    table["sans_montant"] = back[back["montant"].isna()].groupby(keys).size()
    counted = back[back["counts"]].groupby(keys)["poids"].agg(["size", "sum"])
    table = table.join(counted.rename(columns={"size": "_more", "sum": "_more_euros"}))
    table = table.join(saved.rename(columns={"size": "_less", "sum": "_less_euros"}))
    columns = ["seuls", "sans_montant", "_more", "_more_euros", "_less", "_less_euros"]
    table[columns] = table[columns].fillna(0.0)
    table["ecart_nombre"] = table["_more"] - table["_less"]
    table["ecart_montant"] = table["_more_euros"] - table["_less_euros"]
    return table.reset_index()


def _coming_back(judged: pd.DataFrame, alone: pd.Series) -> pd.DataFrame:
    """Return the records that only one rule rejects, and whether they would count: not if another says the same."""
    usable = judged.loc[judged["verdict"] == "exploitable", [*SAME]].drop_duplicates()
    back = judged.loc[alone.index].assign(regle=alone, rejet=True).sort_values("ligne")
    said = back[[*SAME]].merge(usable, how="left", on=[*SAME], indicator=True)["_merge"].eq("both")
    return back.assign(counts=~(said.to_numpy() | back.duplicated([*SAME, "regle"]).to_numpy()))


def _example(values: pd.DataFrame) -> pd.Series:
    title = values["champ"].map(TITLES).fillna(values["champ"]).astype("str")
    named = (", " + title).mask(title == "", "")  # a row of another width has no field
    return "ligne " + values["ligne"].astype("str") + named + " : " + values["valeur"].fillna("vide").astype("str")


def _described(table: pd.DataFrame, known: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    table = table.merge(known, on="regle", how="left", validate="many_to_one")
    softened = (table["effet"] == "rejeté") & (table["rejet"].eq(False).fillna(False))
    table["effet"] = table["effet"].mask(softened, "vidé")  # in an amendment, a reject only empties the value
    counts = ["nombre", "valeurs", "seuls", "ecart_nombre", "sans_montant"]
    euros = ["montant_concerne", "ecart_montant"]
    table = table.reindex(columns=list(dict.fromkeys([*COLUMNS, "rejet"])))
    table[counts] = table[counts].astype("float64").fillna(0).astype("int64")
    table[euros] = table[euros].astype("float64").fillna(0.0) + 0.0
    table["part"] = table["nombre"] / table["publication"].map(judged["publication"].value_counts()).astype("float64")
    rank = table["effet"].map({"rejeté": 0, "réparé": 1, "vidé": 2, "signalé": 3})
    table = table.assign(_rank=rank, _size=table["ecart_montant"].abs()).sort_values(
        ["publication", "_rank", "_size", "nombre", "regle"], ascending=[True, True, False, False, True]
    )
    return table[[*COLUMNS]].reset_index(drop=True)


def bridge(records: pd.DataFrame) -> pd.DataFrame:
    """Go from all that is published to what is usable, step by step; the steps add up.

    Returns
    -------
    DataFrame, several rows a publication
        ``publication``, ``etape``, ``regle`` (missing but for
        single rules), ``nombre``, ``montant`` (€; negative where it
        takes away), ``sans_montant`` (records without an amount,
        counted 0 €). The first step is ``publié``, then each rule
        that alone rejects records, :data:`SEVERAL`, ``doublons``,
        and the last is ``exploitable``: the sum.

    Examples
    --------
    >>> base = {"publication": "a", "type": "marché", "acheteur_id": "1", "id": "2", "titulaires": "3", "ligne": 1,
    ...     "modifications": 0, "dateNotification": pd.NaT, "etat": "rejeté", "reparations": None}
    >>> low = {**base, "montant": 0.5, "regles": "amount-too-low:montant=0.5"}
    >>> bridge(pd.DataFrame([low]))[["etape", "montant"]].to_numpy().tolist()
    [['publié', 0.5], ['Montant inférieur à 1 €', -0.5], ['exploitable', 0.0]]
    """
    judged = verdicts(records.reset_index(drop=True))
    found = findings(records.reset_index(drop=True)).query("rejet")
    groups = found.groupby(level=0)["regle"]
    reason = groups.first().where(groups.nunique() == 1, SEVERAL).reindex(judged.index)
    reason = reason.mask(judged["verdict"] == "doublon", "duplicate").fillna(
        judged["verdict"].map({"rejeté": SEVERAL, "exploitable": ""})
    )
    frame = judged.assign(regle=reason.astype("str"), none=judged["montant"].isna())
    columns = {"nombre": ("none", "size"), "montant": ("poids", "sum"), "sans_montant": ("none", "sum")}
    out = frame[frame["regle"] != ""].groupby(["publication", "regle"]).agg(**columns).reset_index()
    titles = {name: row["titre"] for name, row in TEXTS.items()} | {SEVERAL: SEVERAL, "duplicate": "doublons"}
    out = out.assign(
        etape=out["regle"].map(titles).fillna(out["regle"]),
        _rank=out["regle"].map({SEVERAL: 2, "duplicate": 3}).fillna(1),
    )
    out[["nombre", "montant"]] = 0 - out[["nombre", "montant"]]
    out["regle"] = out["regle"].where(out["_rank"] == 1)
    ends = [
        part.groupby("publication").agg(**columns).reset_index().assign(etape=step, regle=None, _rank=rank)
        for part, step, rank in ((frame, "publié", 0), (frame[frame["regle"] == ""], "exploitable", 4))
    ]
    ends[1] = _with_all(ends[1], ends[0])
    table = pd.concat([ends[0], out, ends[1]], ignore_index=True)
    table = table.sort_values(["publication", "_rank", "montant", "etape"], ignore_index=True)
    return table[["publication", "etape", "regle", "nombre", "montant", "sans_montant"]]


def _with_all(last: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """Give a publication of which nothing is usable a last step of nothing."""
    none = first[~first["publication"].isin(last["publication"])]
    return pd.concat([last, none.assign(etape="exploitable", _rank=4, nombre=0, montant=0.0, sans_montant=0)])
