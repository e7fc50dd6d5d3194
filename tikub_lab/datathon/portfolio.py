"""Public products of beta.gouv.fr: how long stages last, and how many go on.

The two files come from https://github.com/betagouv/beta.gouv.fr and are imported as they are; they are not shipped.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from tikub_lab import show
from tikub_lab.methods.durations import still
from tikub_lab.methods.law import as_date
from tikub_lab.methods.rates import share, wilson
from tikub_lab.methods.scope import one_of
from tikub_lab.tables import require

STAGES = {
    "investigation": "investigation", "construction": "construction", "acceleration": "accélération",
    "consolidation": "consolidation",
}  # fmt: skip
ENDS = {"transfere": "transfert", "opere": "exploitation", "abandon-investigation": "arrêt", "abandon": "arrêt"}
STOPPED = "arrêt"
BRETON = ("conseilregionaljeunesbretagne", "entreprises-bzh", "gladpourtous", "korrigo-lyceens",
          "mes-aides.bretagne.bzh", "simpliformation")  # fmt: skip
"""Six projects of 2019 whose pages name the Région Bretagne; that of the last one names the Ti Kub."""
_ORDER = {name: place for place, name in enumerate([*STAGES, *ENDS])}


def lengths(phases: pd.DataFrame, jour: date | str) -> pd.DataFrame:
    """Say how long each stage of each product has lasted.

    Parameters
    ----------
    phases : DataFrame
        ``datathon/phases``: slug, order, name, start, end.
    jour : date or str
        The day on which the file was read: later phases are plans and left out; what has no end goes on until then.

    Returns
    -------
    DataFrame
        slug, etape (French), debut, fin (its own, else the beginning of the next phase), jours, finie, suite (what came
        next; missing where nothing did). A stage over on the day on which it began is left out: the file gives two
        stages one day where a product came to be known in the second.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-03-01"])
    >>> found = pd.DataFrame({"slug": "a", "order": [1, 2], "name": ["investigation", "construction"], "start": days})
    >>> lengths(found.assign(end=pd.NaT), "2024-06-01")[["etape", "jours", "finie"]].values.tolist()
    [['investigation', 60, True], ['construction', 92, False]]
    """
    require(phases, "phases", ["slug", "order", "name", "start", "end"])
    today = pd.Timestamp(str(as_date(jour, "jour")))
    rows = phases[phases["start"] <= today].assign(rank=phases["name"].map(_ORDER))
    rows = rows.sort_values(["slug", "start", "rank", "order"], ignore_index=True)
    after = rows.groupby("slug")[["name", "start"]].shift(-1)
    end = rows["end"].where(rows["end"] <= today).fillna(after["start"])
    table = pd.DataFrame(
        {
            "slug": rows["slug"], "etape": rows["name"].map(STAGES), "debut": rows["start"], "fin": end,
            "jours": (end.fillna(today) - rows["start"]).dt.days, "finie": end.notna(),
            "suite": after["name"].map(STAGES | ENDS).fillna(after["name"]),
        }
    )  # fmt: skip
    lived = (table["jours"] > 0) | ~table["finie"]
    return table[table["etape"].notna() & lived].reset_index(drop=True)


def survival(spells: pd.DataFrame, etape: str) -> pd.DataFrame:
    """Estimate how many products are still in a stage after so many days: jours, part, part_bas, part_haut (95 %).

    Parameters
    ----------
    spells : DataFrame
        From :func:`~tikub_lab.datathon.lengths`.
    etape : str
        Such as « construction ».

    Examples
    --------
    >>> spells = pd.DataFrame({"etape": "investigation", "jours": [90, 200], "finie": [True, False]})
    >>> survival(spells, "investigation")[["jours", "part"]].values.tolist()
    [[0.0, 1.0], [90.0, 0.5]]
    """
    one_of("etape", etape, STAGES.values())
    rows = spells[spells["etape"] == etape]
    return still(rows["jours"], rows["finie"])


def passages(spells: pd.DataFrame) -> pd.DataFrame:
    """Count by stage how many products went on after it.

    Parameters
    ----------
    spells : DataFrame
        From :func:`~tikub_lab.datathon.lengths`.

    Returns
    -------
    DataFrame
        etape, nombre, en_cours (not over), inconnus (over, nothing known after), suivies (another stage, a transfer),
        arretees; taux (suivies of these two), bas, haut (Wilson, 95 %); mediane (days until half are over,
        Kaplan–Meier, missing where fewer are).

    Examples
    --------
    >>> spells = pd.DataFrame({"etape": "investigation", "jours": [90, 200], "finie": [True, False]})
    >>> spells["suite"] = [STOPPED, None]
    >>> passages(spells)[["etape", "nombre", "en_cours", "suivies", "arretees"]].values.tolist()
    [['investigation', 2, 1, 0, 1]]
    """
    rows = []
    for stage in STAGES.values():
        here = spells[spells["etape"] == stage]
        over = here[here["finie"]]
        stopped = int((over["suite"] == STOPPED).sum())
        curve = survival(spells, stage)
        rows.append(
            {
                "etape": stage, "nombre": len(here), "en_cours": len(here) - len(over),
                "inconnus": int(over["suite"].isna().sum()), "suivies": int(over["suite"].notna().sum()) - stopped,
                "arretees": stopped, "mediane": curve.loc[curve["part"] <= 0.5, "jours"].min(),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table = table[table["nombre"] > 0].reset_index(drop=True)
    known = table["suivies"] + table["arretees"]
    low, high = wilson(table["suivies"], known)
    return table.assign(taux=share(table["suivies"], known), bas=low, haut=high)


def published(products: pd.DataFrame, phases: pd.DataFrame, projets: Sequence[str] | None = None) -> pd.DataFrame:
    """List what is published of some products, and nothing else: title, mission, debut, fin, issue, le (its day).

    Parameters
    ----------
    products, phases : DataFrame
        ``datathon/products`` and ``datathon/phases``.
    projets : sequence of str, optional
        Their ``slug``, by default :data:`BRETON`; those that the table lacks are left out.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> products, phases = (tables.load(f"datathon/{name}", optional=True) for name in ("products", "phases"))
    >>> len(published(products, phases))  # not shipped
    0
    """
    wanted = list(BRETON if projets is None else projets)
    rows = phases[phases["slug"].isin(wanted)].sort_values(["slug", "order"])
    active, ends = rows[rows["name"].isin([*STAGES])].groupby("slug"), rows[rows["name"].isin([*ENDS])]
    last = ends.groupby("slug").tail(1).set_index("slug")
    table = products.loc[products["slug"].isin(wanted), ["slug", "title", "mission"]].set_index("slug")
    table = table.assign(debut=active["start"].min(), fin=active["end"].max(), issue=last["name"].map(ENDS))
    return table.assign(le=last["start"]).sort_values("title").reset_index()


def drawn(spells: pd.DataFrame, etapes: Sequence[str]) -> Any:
    """Draw what :func:`~tikub_lab.datathon.survival` gives for some stages: the share still in each, by months.

    Examples
    --------
    >>> spells = pd.DataFrame({"etape": "investigation", "jours": [90, 200], "finie": [True, False]})
    >>> drawn(spells, ["investigation"]).get_xlabel()
    "Mois depuis le début de l'étape"
    """
    from matplotlib import pyplot

    show.style()
    _, axes = pyplot.subplots(figsize=(6.5, 3.2))
    for style, stage in zip(("-", "--", "-.", ":"), etapes, strict=False):
        curve = survival(spells, stage)
        months = curve["jours"] / 30.44
        axes.fill_between(months, curve["part_bas"], curve["part_haut"], step="post", alpha=0.2, linewidth=0)
        axes.step(months, curve["part"], where="post", linestyle=style, label=stage)
    axes.axhline(0.5, linewidth=1, linestyle=":", color="0.5")
    axes.set(xlabel="Mois depuis le début de l'étape", ylim=(0, 1), xlim=(0, 60))
    axes.set_title("Part des produits encore dans l'étape ; bande : intervalle à 95 %", loc="left", fontsize=10)
    axes.yaxis.set_major_formatter(lambda part, _: f"{100 * part:.0f} %")
    axes.legend(frameon=False)
    return axes
