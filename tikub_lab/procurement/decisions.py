"""Where to act: from measures to decisions, each with what is at stake, its evidence, and what would make it wrong.

Three kinds of advice, found by the methods of this package and put into one order by euros a year:

- open the competition again, in families where single offers are too many to be chance, or a few firms hold most;
- buy together what is bought apart, by one buyer in a year or by several buyers;
- prepare an environmental consideration in contracts that end soon and have none.

An advice is a question to look into, never a finding against anybody. The same contract may be in two of them: their
euros are not to be added up. What is said of each stands in ``advices.csv``.
"""

import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.procurement.calendar.deadlines import Day, day_of
from tikub_lab.procurement.competition import called, single_offers
from tikub_lab.procurement.concentration import concentrations
from tikub_lab.procurement.considerations import considerations
from tikub_lab.procurement.frameworks import is_framework, subsequents
from tikub_lab.procurement.groups import families, family_labels, short_labels
from tikub_lab.procurement.suppliers import supplier_shares
from tikub_lab.procurement.thresholds import in_force, purchase_kind
from tikub_lab.show.french import day, euros, plural, typeset
from tikub_lab.show.words import written

COMPETE, GROUP, GREEN = "Rouvrir la concurrence", "Acheter ensemble", "Prévoir une considération environnementale"

COLUMNS = (
    "action", "sujet", "acheteur_id", "acheteur", "famille", "enjeu", "montant", "marches", "preuve", "prudence",
    "avant", "uids",
)  # fmt: skip
"""Columns of every advice. ``enjeu`` is in € a year, ``montant`` in €, both excluding tax; ``avant`` is the day by
which to begin, where there is one; ``uids`` are the contracts, separated by a bar."""
TYPES = dict.fromkeys(COLUMNS, "str")
TYPES |= {"enjeu": "float64", "montant": "float64", "marches": "int64", "avant": "datetime64[s]"}

RECENT = 36
"""Months that count as recent: a contract of a public buyer rarely lasts longer than three or four years."""

KNOWN = 8
"""Contracts whose number of offers must be known before a family's rate is judged."""

BUYERS = 3
"""From how many buyers of the same thing one speaks of buying together."""

TEXTS = pd.read_csv(Path(__file__).with_name("advices.csv"), index_col="cas").T


class _Words(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return written(value, format_spec)


def _advices(case: str, rows: Iterable[Mapping[Any, Any]]) -> pd.DataFrame:
    """Put facts into the words of a case; ``proof`` is what the evidence adds to them."""
    text, say = TEXTS[case], _Words().format
    made: list[dict[Any, Any]] = []
    for row in rows:
        said = {
            "action": text["action"],
            "sujet": row["libelle"],
            "marches": len(row["uids"]),
            "preuve": say(text["preuve"], **row) + row.get("proof", ""),
            "prudence": "À écarter si " + say(text["prudence"], **row),
            "uids": "|".join(row["uids"]),
        }
        made.append({**row, **said})
    return pd.DataFrame(made, columns=list(COLUMNS)).astype(TYPES)


def weak_competition(contracts: pd.DataFrame, suppliers: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Find families of purchases in which competition is weak in recent years.

    Two signs: the rate of single offers is above that of all other families together even at the lower end of its 95 %
    interval, or the same firms hold most of the amount. At stake: the single-offer contracts, or what the first firm
    has of its own, a year.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    today : date, Timestamp or str
        The last day that counts; the :data:`RECENT` months up to it do.

    Returns
    -------
    DataFrame of shape (advices, 12)
        :data:`COLUMNS`.
    """
    book, years = called(_recent(contracts, today)), RECENT // 12
    key = families(book["codeCPV"])
    rates, held = single_offers(book), concentrations(book, suppliers)
    rates = rates[(rates["position"] == "au-dessus") & (rates["famille"] != "") & (rates["connus"] >= KNOWN)]
    held = held[(held["classe"] == "Très concentré") & (held["cause"] == "mêmes titulaires") & (held["famille"] != "")]
    single, most = [], []
    for row in rates.assign(ans=years).to_dict("records"):
        own = book.loc[(key == row["famille"]) & (book["offresRecues"] == 1).fillna(False), "uid"]
        unknown = plural(int(row["manquants"]), "marché")
        proof = f" Nombre d'offres non publié pour {unknown}." if row["manquants"] else ""
        single.append(row | {"uids": own, "montant": row["montant_unique"], "proof": proof})
    shares = supplier_shares(book, suppliers[suppliers["uid"].isin(book["uid"])])
    for row in held.assign(ans=years).to_dict("records"):
        first = shares.loc[shares["firme"] == row["premier"], "uid"]
        own = book.loc[(key == row["famille"]) & book["uid"].isin(first), "uid"]
        most.append(row | {"uids": own, "montant": row["montant"] * row["part_1"]})
    table = pd.concat([_advices("offre_unique", single), _advices("mêmes_titulaires", most)], ignore_index=True)
    return table.assign(enjeu=table["montant"] / years)


def split_advice(needs: pd.DataFrame, today: Day | None = None) -> pd.DataFrame:
    """Turn needs that may have been split into advices to buy together, but for weak evidence.

    Those whose last contract is older than :data:`RECENT` months on the day given are left out. Columns are
    :data:`COLUMNS`; at stake is the sum of the contracts, given within twelve months.
    """
    near = needs[needs["force"].isin(("forte", "moyenne"))]
    if today is not None:
        near = _recent(near, today, column="fin")
    facts = {
        "uids": near["uids"].str.split("|"),
        "enjeu": near["montant"],
        "acheteur": near["acheteur_nom"],
        "qui": (" à " + near["titulaire_nom"]).fillna(""),
        "indice": near["force"].map({"forte": "fort", "moyenne": "moyen"}),
        "faux_si": near["faux_si"].str[:1].str.lower() + near["faux_si"].str[1:],
    }
    return _advices("fractionnés", near.assign(**facts).to_dict("records"))


def bought_apart(contracts: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Find what several buyers bought apart in the last twelve months and could buy together.

    Counted are supplies and services (works belong to a place) outside framework agreements, each below the threshold
    of formal procedures of its day, whose sum reaches it; social and other specific services have none (groupement de
    commandes: articles L2113-6 to L2113-8 of the Code de la commande publique). Columns are :data:`COLUMNS`.
    """
    book = _recent(contracts, today, months=12)
    book = book[~is_framework(book) & ~subsequents(book) & book["codeCPV"].notna()]
    book = book[purchase_kind(book["codeCPV"]) != "travaux"]
    limit = in_force(book, "formalisee")["seuil_montant"]
    book = book.assign(seuil=limit, famille=families(book["codeCPV"], 3))[book["montant"] < limit]
    rows = []
    for key, own in book.groupby("famille"):
        total, bar, buyers = float(own["montant"].sum()), float(own["seuil"].max()), own["acheteur_id"].nunique()
        if buyers < BUYERS or total < bar:
            continue
        usual = own["objet"].dropna().str.split(",").str[0].str.strip().str[:70].mode()
        facts = {"acheteurs": buyers, "nombre": len(own), "milieu": own["montant"].median(), "seuil": bar}
        proof = f" Par exemple : « {usual.iloc[0]} »." if len(usual) else ""
        rows.append({**_family(key), **facts, "uids": own["uid"], "enjeu": total, "montant": total, "proof": proof})
    return _advices("séparés", rows)


def to_green(contracts: pd.DataFrame, plan: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Find contracts that end within the horizon, whose need comes back, and that have no environmental consideration.

    They are put together by buyer and family; how many recent contracts of the family have one shows that it can be.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``, of all buyers where their example is to be counted.
    plan : DataFrame
        From :func:`~tikub_lab.procurement.calendar.launches.launches`, of the buyer or buyers concerned.
    today : date, Timestamp or str

    Returns
    -------
    DataFrame of shape (advices, 12)
        :data:`COLUMNS`; at stake is the amount of the contracts a year of their length (one year at least).
    """
    green, fair = (considerations(contracts, domain) for domain in ("environnement", "social"))
    without = {"sans": green["connu"] & ~green["avec"], "ni_social": fair["connu"] & ~fair["avec"]}
    facts = pd.DataFrame({"cle": families(contracts["codeCPV"]), **without}).set_index(contracts["uid"])
    soon = plan[(plan["etat"] == "Se termine bientôt") & plan["besoin"].isin(("Récurrent", "À vérifier"))]
    soon = soon[soon["couvert_jusqu_au"].isna()].join(facts, on="uid")
    soon = soon[soon["sans"] & (soon["cle"] != "")]
    soon = soon.assign(enjeu=soon["montant"] / (soon["duree"].astype("float64") / 12).clip(lower=1))
    recent = _recent(contracts, today)
    example = green.loc[recent.index].groupby(families(recent["codeCPV"]))[["avec", "connu"]].sum()
    rows = []
    for (buyer, key), own in soon.groupby(["acheteur_id", "cle"]):
        having, known = map(int, example.loc[str(key)]) if key in example.index else (0, 0)
        row = {
            **_family(key),
            **own[["montant", "enjeu"]].sum(),
            "uids": own["uid"],
            "acheteur_id": buyer,
            "acheteur": own["acheteur"].iloc[0],
            "avant": own["a_lancer_avant"].min(),
            "nombre": len(own),
            "fin": own["fin"].max(),
            "social": _nor_social(int(own["ni_social"].sum()), len(own)),
            "exemple": f"{plural(having, 'marché récent', 'marchés récents')} sur {known} en "
            f"{'ont' if having > 1 else 'a'} une" if having else "aucun marché récent n'en a",
        }  # fmt: skip
        late = row["avant"] < day_of(today)
        begin = "La procédure devait commencer" if late else "À lancer"
        rows.append(row | {"proof": f" {begin} avant le {day(row['avant'])}." if pd.notna(row["avant"]) else ""})
    return _advices("sans_considération", rows)


def _nor_social(count: int, of: int) -> str:
    if count == of:
        return " ni sociale"
    return f", dont {count} sans considération sociale non plus" if count else ""


def _family(key: Any) -> dict[str, str]:
    return {"famille": key, "libelle": family_labels(pd.Series([key])).iloc[0]}


def where_to_act(*advices: pd.DataFrame) -> pd.DataFrame:
    """Put advices into one order, by what is at stake a year; ``rang`` counts from 1.

    Examples
    --------
    >>> where_to_act(_advices("séparés", [])).columns[:3].tolist()
    ['rang', 'action', 'sujet']
    """
    table = pd.concat([_advices("séparés", []), *advices], ignore_index=True)
    table = table.sort_values(["enjeu", "action", "sujet"], ascending=[False, True, True], ignore_index=True)
    table.insert(0, "rang", range(1, len(table) + 1))
    return table


def leading(advices: pd.DataFrame, each: int = 3) -> pd.DataFrame:
    """Keep the first advices of each action, in their order, so that one kind does not hide the others.

    ``titre`` is beside: the subject in short, with its buyer where buyers differ.

    Examples
    --------
    >>> leading(where_to_act(_advices("séparés", []))).columns[-1]
    'titre'
    """
    kept = advices[advices.groupby("action").cumcount() < each].reset_index(drop=True)
    named = kept["acheteur"].notna() & (advices["acheteur"].nunique() > 1)
    title = short_labels(kept["sujet"])
    return kept.assign(titre=title.mask(named, title + ", " + kept["acheteur"]))


def first_lever(advices: pd.DataFrame) -> str:
    """Say in a sentence what comes first of :func:`where_to_act`, or that there is nothing.

    Examples
    --------
    >>> first_lever(where_to_act(_advices("séparés", [])))
    'Aucun des signes suivis ici n’appelle d’action.'
    """
    if advices.empty:
        return typeset("Aucun des signes suivis ici n'appelle d'action.")
    first = advices.iloc[0]
    link = {COMPETE: " sur", GREEN: " pour"}.get(first["action"], "")
    return typeset(
        f"Premier levier : {first['action'].lower()}{link} « {short_labels(advices['sujet']).iloc[0]} » "
        f"({euros(first['enjeu'])} d'achats par an)."
    )


def _recent(table: pd.DataFrame, today: Day, months: int = RECENT, column: str = "dateNotification") -> pd.DataFrame:
    since = day_of(today) - pd.DateOffset(months=months)
    return table[(table[column] > since) & (table[column] <= day_of(today))]
