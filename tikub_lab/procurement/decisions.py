"""Where to act: from measures to decisions, each with what is at stake, its evidence, and what would make it wrong.

Three kinds of advice, found by the methods of this package and put
into one order by euros a year:

- open the competition again, in families where single offers are
  too many to be chance, or a few firms hold most;
- buy together what is bought apart, by one buyer in a year or by
  several buyers;
- prepare an environmental consideration in contracts that end soon
  and have none.

An advice is a question to look into, never a finding against
anybody. The same contract may be in two of them: their euros are
not to be added up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tikub_lab.procurement.calendar.deadlines import Day, day_of
from tikub_lab.procurement.competition import called, single_offers
from tikub_lab.procurement.concentration import concentrations
from tikub_lab.procurement.considerations import considerations
from tikub_lab.procurement.frameworks import is_framework
from tikub_lab.procurement.groups import families, family_labels, short_labels
from tikub_lab.procurement.thresholds import in_force, purchase_kind
from tikub_lab.show.french import day, euros, number, percent, plural, typeset

COMPETE, GROUP, GREEN = "Rouvrir la concurrence", "Acheter ensemble", "Prévoir une considération environnementale"

COLUMNS = (
    "action", "sujet", "acheteur_id", "acheteur", "famille", "enjeu", "montant", "marches", "preuve", "prudence",
    "avant", "uids",
)  # fmt: skip
"""Columns of every advice. ``enjeu`` is in € a year, ``montant`` in
€, both excluding tax; ``avant`` is the day by which to begin, where
there is one; ``uids`` are the contracts, separated by a bar."""

RECENT = 36
"""Months that count as recent: a contract of a public buyer rarely
lasts longer than three or four years."""

KNOWN = 8
"""Contracts whose number of offers must be known before a family's
rate is judged."""

BUYERS = 3
"""From how many buyers of the same thing one speaks of buying
together."""

_WRONG_COMPETE = (
    "le marché n'a vraiment qu'un fournisseur possible (droit exclusif, réseau, compatibilité), si les lots cachent "
    "plusieurs offres, ou si le nombre d'offres a été saisi par habitude."
)
_WRONG_HELD = (
    "quelques grands marchés font le poids, si les titulaires forment un groupement d'achat, ou si la famille couvre "
    "des métiers différents."
)
_WRONG_TOGETHER = (
    "les besoins diffèrent d'un lieu à l'autre, si un groupement ou une centrale existe déjà, ou si le regroupement "
    "écarte des PME locales : l'allotissement reste la règle (article L2113-10 du code de la commande publique)."
)
_WRONG_GREEN = (
    "le besoin ne sera pas renouvelé, si une procédure est déjà lancée, ou si la considération existe sans avoir été "
    "publiée."
)


def weak_competition(contracts: pd.DataFrame, suppliers: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Find families of purchases in which competition is weak in recent years.

    Two signs: the rate of single offers is above that of the whole
    book even at the lower end of its 95 % interval
    (:func:`~tikub_lab.procurement.competition.single_offers`), or
    the same firms hold most of the amount
    (:func:`~tikub_lab.procurement.concentration.concentrations`).
    At stake: the single-offer contracts, or the part of the first
    firm, a year.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and
        ``procurement/suppliers``.
    today : date, Timestamp or str
        The last day that counts; the :data:`RECENT` months up to it
        do.

    Returns
    -------
    DataFrame of shape (advices, 12)
        :data:`COLUMNS`.
    """
    book = called(_recent(contracts, today))
    years = RECENT / 12
    rates = single_offers(book)
    alone = rates[(rates["position"] == "au-dessus") & (rates["famille"] != "") & (rates["connus"] >= KNOWN)]
    held = concentrations(book, suppliers)
    held = held[(held["classe"] == "Très concentré") & (held["cause"] == "mêmes titulaires") & (held["famille"] != "")]
    rows = []
    key = families(book["codeCPV"])
    for row in alone.to_dict("records"):
        own = book[(key == row["famille"]) & (book["offresRecues"] == 1).fillna(False)]
        proof = (
            f"Une seule offre pour {plural(int(row['offre_unique']), 'marché')} sur {row['connus']} en {years:.0f} ans "
            f"({percent(row['taux'])} ; au moins {percent(row['bas'])} compte tenu du petit nombre)."
        )
        proof += _unknown(row["manquants"])
        rows.append(
            _advice(
                COMPETE, row, own["uid"], row["montant_unique"] / years, row["montant_unique"], proof, _WRONG_COMPETE
            )
        )
    for row in held.to_dict("records"):
        own = book[key == row["famille"]]
        first = row["montant"] * row["part_1"]
        proof = (
            f"{row['premier_nom']} a {percent(row['part_1'])} du montant des {years:.0f} dernières années, les cinq "
            f"premiers {percent(row['part_5'])}, sur {plural(int(row['firmes']), 'entreprise')} "
            f"(indice HHI {number(row['hhi'])})."
        )
        rows.append(_advice(COMPETE, row, own["uid"], first / years, first, proof, _WRONG_HELD))
    return _frame(rows)


def _usual(objects: pd.Series) -> str:
    called_so = objects.dropna().str.split(",").str[0].str.strip().str[:70]
    return f" Par exemple : « {called_so.mode().iloc[0]} »." if len(called_so) else ""


def _unknown(count: int) -> str:
    return f" Nombre d'offres non publié pour {plural(int(count), 'marché')}." if count else ""


def split_advice(needs: pd.DataFrame, today: Day | None = None) -> pd.DataFrame:
    """Turn needs that may have been split into advices to buy together, but for weak evidence.

    Those whose last contract is older than :data:`RECENT` months on
    the day given are left out.

    Returns
    -------
    DataFrame of shape (advices, 12)
        :data:`COLUMNS`; at stake is the sum of the contracts, given
        within twelve months.
    """
    near = needs[needs["force"].isin(("forte", "moyenne"))]
    if today is not None:
        near = near[(near["fin"] > _since(today)) & (near["fin"] <= day_of(today))]
    rows = []
    for row in near.to_dict("records"):
        who = f" à {row['titulaire_nom']}" if isinstance(row["titulaire_nom"], str) else ""
        proof = (
            f"{row['nombre']} marchés{who} du {day(row['debut'])} au {day(row['fin'])}, "
            f"{euros(row['montant'])} en tout, chacun sous {euros(row['seuil_montant'])} ; {row['seuil_version']}. "
            f"Indice {'fort' if row['force'] == 'forte' else 'moyen'}."
        )
        uids, amount = row["uids"].split("|"), row["montant"]
        wrong = row["faux_si"][:1].lower() + row["faux_si"][1:]
        advice = _advice(GROUP, row, uids, amount, amount, proof, wrong)
        rows.append(advice | {"acheteur_id": row["acheteur_id"], "acheteur": row["acheteur_nom"]})
    return _frame(rows)


def bought_apart(contracts: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Find what several buyers bought apart in the last twelve months and could buy together.

    Counted are supplies and services (works belong to a place)
    outside framework agreements, each below the threshold of formal
    procedures of its day, whose sum reaches it; social and other
    specific services have none (groupement de commandes: articles
    L2113-6 to L2113-8 of the Code de la commande publique).

    Returns
    -------
    DataFrame of shape (advices, 12)
        :data:`COLUMNS`.
    """
    now = day_of(today)
    book = contracts[
        (contracts["dateNotification"] > now - pd.DateOffset(months=12)) & (contracts["dateNotification"] <= now)
    ]
    book = book[~is_framework(book) & book["idAccordCadre"].isna() & book["codeCPV"].notna()]
    book = book[purchase_kind(book["codeCPV"]) != "travaux"]
    limit = in_force(book, "formalisee")["seuil_montant"]
    book = book.assign(seuil=limit, cle=families(book["codeCPV"], 3))[book["montant"] < limit]
    rows = []
    for key, own in book.groupby("cle"):
        many = own["acheteur_id"].nunique()
        total, bar = float(own["montant"].sum()), float(own["seuil"].max())
        if many < BUYERS or total < bar:
            continue
        proof = (
            f"{many} acheteurs ont passé {len(own)} marchés en douze mois, la moitié sous "
            f"{euros(own['montant'].median())} ; ensemble {euros(total)}, au-dessus du seuil de procédure formalisée "
            f"({euros(bar)}).{_usual(own['objet'])}"
        )
        row = {"famille": key, "libelle": family_labels(pd.Series([key])).iloc[0]}
        rows.append(_advice(GROUP, row, own["uid"], total, total, proof, _WRONG_TOGETHER))
    return _frame(rows)


def to_green(contracts: pd.DataFrame, plan: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Find contracts that end within the horizon, whose need comes back, and that have no environmental consideration.

    They are put together by buyer and family. The evidence says how
    many recent contracts of the family do have one: where others
    do, it can be done.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``, of all buyers where their
        example is to be counted.
    plan : DataFrame
        From
        :func:`~tikub_lab.procurement.calendar.launches.launches`,
        of the buyer or buyers concerned.
    today : date, Timestamp or str

    Returns
    -------
    DataFrame of shape (advices, 12)
        :data:`COLUMNS`; at stake is the amount of the contracts a
        year of their length (one year at least).
    """
    green, fair = (considerations(contracts, domain) for domain in ("environnement", "social"))
    facts = pd.DataFrame(
        {
            "cle": families(contracts["codeCPV"]),
            "sans": green["connu"] & ~green["avec"],
            "ni_social": fair["connu"] & ~fair["avec"],
        }
    ).set_index(contracts["uid"])
    soon = plan[(plan["etat"] == "Se termine bientôt") & plan["besoin"].isin(("Récurrent", "À vérifier"))]
    soon = soon[soon["couvert_jusqu_au"].isna()].join(facts, on="uid")
    soon = soon[soon["sans"] & (soon["cle"] != "")]
    yearly = soon["montant"] / (soon["duree"].astype("float64") / 12).clip(lower=1)
    recent = _recent(contracts, today)
    example = green.loc[recent.index].groupby(families(recent["codeCPV"]))[["avec", "connu"]].sum()
    rows = []
    for (buyer, key), own in soon.groupby(["acheteur_id", "cle"]):
        label = family_labels(pd.Series([key])).iloc[0]
        proof = (
            f"{plural(len(own), 'marché se termine', 'marchés se terminent')} d'ici au {day(own['fin'].max())} sans "
            f"considération environnementale{_nor_social(int(own['ni_social'].sum()), len(own))}. Dans cette famille, "
            f"{_example(example, str(key))}.{_begin(own['a_lancer_avant'].min(), day_of(today))}"
        )
        row = {"famille": key, "libelle": label}
        total, stake = float(own["montant"].sum()), float(yearly[own.index].sum())
        advice = _advice(GREEN, row, own["uid"], stake, total, proof, _WRONG_GREEN)
        rows.append(
            advice | {"acheteur_id": buyer, "acheteur": own["acheteur"].iloc[0], "avant": own["a_lancer_avant"].min()}
        )
    return _frame(rows)


def _nor_social(count: int, of: int) -> str:
    if count == of:
        return " ni sociale"
    return f", dont {count} sans considération sociale non plus" if count else ""


def _begin(by: pd.Timestamp, now: pd.Timestamp) -> str:
    if pd.isna(by):
        return ""
    return f" La procédure devait commencer avant le {day(by)}." if by < now else f" À lancer avant le {day(by)}."


def _example(example: pd.DataFrame, key: str) -> str:
    having, known = map(int, example.loc[key]) if key in example.index else (0, 0)
    if not having:
        return "aucun marché récent n'en a"
    return f"{plural(having, 'marché récent', 'marchés récents')} sur {known} en {'ont' if having > 1 else 'a'} une"


def where_to_act(*advices: pd.DataFrame) -> pd.DataFrame:
    """Put advices into one order, by what is at stake a year.

    Parameters
    ----------
    *advices : DataFrame
        Of the functions above.

    Returns
    -------
    DataFrame of shape (advices, 13)
        ``rang``, from 1, then :data:`COLUMNS`.

    Examples
    --------
    >>> where_to_act(_frame([]), _frame([])).columns[:3].tolist()
    ['rang', 'action', 'sujet']
    """
    filled = [frame for frame in advices if len(frame)]
    table = pd.concat(filled, ignore_index=True) if filled else _frame([])
    table = table.sort_values(["enjeu", "action", "sujet"], ascending=[False, True, True], ignore_index=True)
    table.insert(0, "rang", range(1, len(table) + 1))
    return table


def leading(advices: pd.DataFrame, each: int = 3) -> pd.DataFrame:
    """Keep the first advices of each action, in their order, so that one kind does not hide the others.

    Returns
    -------
    DataFrame of shape (at most 3 × each, 14)
        The columns of :func:`where_to_act`, and ``titre``: the
        subject in short, with its buyer where buyers differ.

    Examples
    --------
    >>> found = leading(where_to_act(_frame([])))
    >>> len(found), found.columns[-1]
    (0, 'titre')
    """
    kept = advices[advices.groupby("action").cumcount() < each].reset_index(drop=True)
    named = kept["acheteur"].notna() & (advices["acheteur"].nunique() > 1)
    title = short_labels(kept["sujet"])
    return kept.assign(titre=title.mask(named, title + ", " + kept["acheteur"]))


def first_lever(advices: pd.DataFrame) -> str:
    """Say in a sentence what comes first of :func:`where_to_act`, or that there is nothing.

    Examples
    --------
    >>> first_lever(where_to_act(_frame([])))
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


def _since(today: Day) -> pd.Timestamp:
    return day_of(today) - pd.DateOffset(months=RECENT)


def _recent(contracts: pd.DataFrame, today: Day) -> pd.DataFrame:
    notified = contracts["dateNotification"]
    return contracts[(notified > _since(today)) & (notified <= day_of(today))]


def _advice(
    action: str, row: Mapping[Any, Any], uids: Any, yearly: float, total: float, proof: str, wrong: str
) -> dict[str, object]:
    return {
        "action": action,
        "sujet": row["libelle"],
        "acheteur_id": None,
        "acheteur": None,
        "famille": row["famille"],
        "enjeu": yearly,
        "montant": total,
        "marches": len(uids),
        "preuve": proof,
        "prudence": f"À écarter si {wrong}",
        "avant": pd.NaT,
        "uids": "|".join(uids),
    }


def _frame(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    text = dict.fromkeys(("action", "sujet", "acheteur_id", "acheteur", "famille", "preuve", "prudence", "uids"), "str")
    return frame.astype(
        {**text, "enjeu": "float64", "montant": "float64", "marches": "int64", "avant": "datetime64[s]"}
    )
