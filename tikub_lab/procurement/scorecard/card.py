"""The quality scorecard of a publication: which rules its records break, and what that does to the figures.

A publication is judged by itself. Its record is *usable* where no rule rejects it and no other record of the same
publication says the same contract; that a later publication repeats it is no fault.

Without a rule, the records that *only* this rule rejects would count; one that two rules reject stays out without
either, so the effects of single rules do not add up to the whole, as the steps of :func:`bridge` do. Of values that
were mended, those are told apart without which the record would have been rejected.

Amounts are those published, excluding tax. Rows of the tabular form share an amount that they repeat for each
titulaire; but each state of a contract counts, so their totals are more than those of ``procurement/contracts``.
"""

import pandas as pd

from tikub_lab.procurement.published.fields import TITLES
from tikub_lab.procurement.published.rules import TEXTS

SAME = ["publication", "acheteur_id", "id", "_first", "montant", "dateNotification", "_state"]
"""What two records of one publication share that say the same contract."""
COLUMNS = [
    "publication", "regle", "titre", "effet", "nombre", "part", "valeurs", "montant_concerne", "seuls",
    "ecart_nombre", "ecart_montant", "sans_montant", "exemple", "attendu", "consequence", "source",
]  # fmt: skip
SEVERAL = "plusieurs règles à la fois"
EFFECTS = {"reject": "rejeté", "repair": "réparé", "blank": "vidé", "mark": "signalé"}
"""What each effect of a rule is called, the gravest first."""


def rule_texts() -> pd.DataFrame:
    """List every rule, with what a reader is told of it."""
    table = pd.DataFrame(list(TEXTS.values()), dtype="str")
    table["effet"] = table["effet"].map(EFFECTS)
    return table[["regle", "titre", "effet", "attendu", "consequence", "source"]]


def weights(records: pd.DataFrame) -> pd.Series:
    """Return the euros that each record adds to a total: 0 where no amount is published, a share of a repeated one."""
    rows = records[records["type"].eq("ligne").fillna(False).astype(bool)]
    keys = ["publication", "acheteur_id", "id", "dateNotification", "montant"]
    size = rows.groupby(keys, dropna=False, observed=True)["montant"].transform("size").reindex(records.index)
    return records["montant"].fillna(0.0) / size.fillna(1)


def verdicts(records: pd.DataFrame) -> pd.DataFrame:
    """Judge each record within its publication."""
    frame = records[["publication", "acheteur_id", "id", "montant", "dateNotification", "ligne"]].copy()
    frame["_first"] = records["titulaires"].str.split("|").str[0]
    rows = records["type"].eq("ligne").fillna(False).astype(bool)
    frame["_state"] = records["modifications"].where(rows, 0).fillna(0).astype("int64")
    frame["poids"] = weights(records)
    rejected = records["etat"].eq("rejeté")
    # within a publication the import's own choice counts: those that it kept come first
    order = frame.assign(_kept=records["etat"].ne("retenu"))[~rejected].sort_values(["_kept", "ligne"])
    again = order.duplicated(SAME).reindex(frame.index, fill_value=False) & records["etat"].eq("doublon")
    frame["verdict"] = pd.Series("exploitable", index=frame.index).mask(again, "doublon").mask(rejected, "rejeté")
    return frame


def findings(records: pd.DataFrame) -> pd.DataFrame:
    """Unfold the rules that records broke, as text, into one row a finding."""
    parts = []
    for column, rejects in (("regles", True), ("reparations", False)):
        items = records[column].dropna().astype("str").str.split("|").explode()
        found = items.str.extract(r"^([^:]+):([^=]*)(?:=(.*))?$").set_axis(["regle", "champ", "valeur"], axis=1)
        parts.append(found.assign(rejet=rejects))
    return pd.concat(parts)


def by_rule(records: pd.DataFrame, all_rules: bool = False) -> pd.DataFrame:
    """Count, for each publication and rule, the records concerned and what the rule does to the figures.

    Returns
    -------
    DataFrame, one row a publication and rule, rejects first, the largest effect in euros first
        ``nombre`` (records concerned), ``part`` (of the publication's), ``valeurs`` (values), ``montant_concerne`` (€),
        ``seuls`` (records that no other rule rejects), ``ecart_nombre`` and ``ecart_montant`` (usable records, and €,
        that there would be more without the rule; fewer where a mended value saves the record), ``sans_montant``
        (among ``seuls``, counted 0 €), ``exemple`` (the largest amount), and what the rule says. With ``all_rules``
        also those that nothing broke.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> by_rule(tables.load("procurement/records"))[["titre", "exemple"]].iloc[0].tolist()
    ['Montant de remplissage (999999999)', 'ligne 39, Montant : 999999999']
    """
    records = records.reset_index(drop=True)
    judged = verdicts(records)
    table = _counted(_concerned(judged, findings(records)))
    known = rule_texts()
    if all_rules:
        every = pd.MultiIndex.from_product([judged["publication"].unique(), known["regle"]])
        none = every.difference(pd.MultiIndex.from_frame(table[["publication", "regle"]]))
        table = pd.concat([table, none.to_frame(index=False, name=["publication", "regle"])])
    table = table.merge(known, on="regle", how="left", validate="many_to_one")
    softened = (table["effet"] == "rejeté") & table["rejet"].eq(False).fillna(False)
    table["effet"] = table["effet"].mask(softened, "vidé")  # in an amendment, a reject only empties the value
    counts = ["nombre", "valeurs", "seuls", "ecart_nombre", "sans_montant"]
    euros = ["montant_concerne", "ecart_montant"]
    table[counts + euros] = table[counts + euros].astype("float64").fillna(0.0) + 0.0
    table[counts] = table[counts].astype("int64")
    table["part"] = table["nombre"] / table["publication"].map(judged["publication"].value_counts()).astype("float64")
    rank = table["effet"].map({effect: place for place, effect in enumerate(EFFECTS.values())})
    table = table.assign(_rank=rank, _size=table["ecart_montant"].abs()).sort_values(
        ["publication", "_rank", "_size", "nombre", "regle"], ascending=[True, True, False, False, True]
    )
    return table[COLUMNS].reset_index(drop=True)


def _concerned(judged: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """List the records that each rule concerns, once a rule: alone or not, what it takes away or saves."""
    again = judged.index[judged["verdict"] == "doublon"]
    twice = pd.DataFrame({"regle": "duplicate", "champ": "id", "valeur": judged["id"][again], "rejet": True})
    rejecting = found[found["rejet"]].groupby(level=0)["regle"]
    alone = rejecting.first()[rejecting.nunique() == 1]
    found = pd.concat([found, twice])
    rows = found.assign(saves=_saving(found)).join(judged)
    title = rows["champ"].map(TITLES).fillna(rows["champ"]).astype("str")
    named = (", " + title).mask(title == "", "")  # a row of another width has no field
    value = rows["valeur"].fillna("vide").astype("str")
    rows["exemple"] = "ligne " + rows["ligne"].astype("str") + named + " : " + value
    rows = rows.sort_values(["montant", "ligne"], ascending=[False, True], na_position="last", kind="stable")
    rows["_at"] = rows.index
    keys = ["_at", "regle", "rejet"]
    rows["valeurs"] = rows.groupby(keys)["_at"].transform("size")
    rows["saves"] = rows.groupby(keys)["saves"].transform("any") & (rows["verdict"] == "exploitable")
    rows = rows.drop_duplicates(keys).reset_index(drop=True)
    rows["seul"] = rows["rejet"] & ((rows["regle"] == "duplicate") | (rows["_at"].map(alone) == rows["regle"]))
    # without the rule a record would count, but where another one says the same
    usable = judged[judged["verdict"] == "exploitable"]
    known = usable[SAME].drop_duplicates()
    said = rows[SAME].merge(known, how="left", on=SAME, indicator=True)["_merge"].eq("both")
    first = ~rows[rows["seul"]].sort_values("ligne").duplicated([*SAME, "regle"])
    counts = rows["seul"] & ~said.to_numpy() & first.reindex(rows.index, fill_value=False)
    rows["gain"] = (counts | (rows["seul"] & (rows["regle"] == "duplicate"))).astype("int64") - rows["saves"]
    return rows


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.assign(ecart_montant=rows["gain"] * rows["poids"], sans_montant=rows["seul"] & rows["montant"].isna())
    rows = rows.rename(columns={"poids": "montant_concerne", "seul": "seuls"}).assign(ecart_nombre=rows["gain"])
    sums = ("valeurs", "montant_concerne", "seuls", "sans_montant", "ecart_nombre", "ecart_montant")
    groups = rows.groupby(["publication", "regle", "rejet"])
    found = {name: (name, "sum") for name in sums} | {"nombre": ("gain", "size"), "exemple": ("exemple", "first")}
    return groups.agg(**found).reset_index()


def _saving(found: pd.DataFrame) -> pd.Series:
    """Tell the mended values without which their record would have been rejected, or left without a date."""
    rule, field = found["regle"], found["champ"]
    siret = found["valeur"].astype("str").str.replace(r"\s", "", regex=True).str.fullmatch(r"\d{14}").fillna(False)
    spaced = (rule == "identifier-spacing") & siret.astype(bool)
    typed = (rule == "identifier-type-name") & (field == "titulaire_typeIdentifiant")
    counted = (rule == "number-notation") & field.isin(["montant", "valeurGlobale", "dureeMois"])
    undated = (rule == "notification-from-publication") & (field == "dateNotification")
    return (spaced | typed | counted | undated).astype(bool) & ~found["rejet"].astype(bool)


def bridge(records: pd.DataFrame) -> pd.DataFrame:
    """Go from all that is published to what is usable, step by step; the steps add up.

    Returns
    -------
    DataFrame, several rows a publication
        ``publication``, ``etape``, ``regle`` (missing but for single rules), ``nombre``, ``montant`` (€; negative
        where it takes away), ``sans_montant`` (records without an amount). Steps: ``publié``, each rule that alone
        rejects records, :data:`SEVERAL`, ``doublons``, and their sum ``exploitable``.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> bridge(tables.load("procurement/records"))[["etape", "nombre"]].head(1).to_numpy().tolist()
    [['publié', 290]]
    """
    records = records.reset_index(drop=True)
    judged = verdicts(records)
    usable, again = judged["verdict"] == "exploitable", judged["verdict"] == "doublon"
    groups = findings(records).query("rejet").groupby(level=0)["regle"]
    rule = groups.first()[groups.nunique() == 1].reindex(judged.index).mask(again)
    step = rule.map({name: row["titre"] for name, row in TEXTS.items()}).fillna(rule)
    step = step.fillna(again.map({True: "doublons", False: SEVERAL}))
    rank = 1 + rule.isna() + (again & rule.isna())
    parts = [
        judged.assign(etape="publié", regle=None, _rank=0, nombre=1),
        judged.assign(etape=step, regle=rule, _rank=rank, nombre=-1)[~usable],
        judged.assign(etape="exploitable", regle=None, _rank=4, nombre=usable.astype("int64")),
    ]
    steps = pd.concat(parts)
    steps["sans_montant"] = (steps["nombre"] != 0) & steps["montant"].isna()
    steps["montant"] = steps["nombre"] * steps["poids"]
    keys = ["publication", "_rank", "etape", "regle"]
    table = steps.groupby(keys, dropna=False)[["nombre", "montant", "sans_montant"]].sum().reset_index()
    table = table.sort_values(["publication", "_rank", "montant", "etape"], ignore_index=True)
    return table[["publication", "etape", "regle", "nombre", "montant", "sans_montant"]]
