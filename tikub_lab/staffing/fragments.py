"""What the notebook and the live page both show of positions: each a part of a page, made with ``show``.

They take where positions stand, as :func:`tikub_lab.staffing.known` gives it, and the table ``territory/lycees``.
"""

from typing import Any

import pandas as pd

from tikub_lab import show
from tikub_lab.staffing.situation import AGES, Situation
from tikub_lab.staffing.state import coverage

OLD = 180
"""Days from which a vacancy is called long."""


def answer(data: Situation, lycees: pd.DataFrame) -> None:
    """Say in a sentence and four figures how much of the work is filled."""
    now = coverage(data.positions.assign(tous="tous"), "tous").iloc[0]
    old = int((data.vacant["jours"] >= OLD).sum())
    frozen = int((data.positions["etat"] == "gelé").sum())
    sites = data.positions["code_uai"].nunique()
    show.sentence(
        "Le {jour:jour}, {part:%1} des équivalents temps plein ouverts dans {sites:lycée} sont pourvus. "
        "{vacants:poste} {vacants:|n'est vacant|est vacant|sont vacants}, dont {anciens} depuis six mois ou plus.",
        lead=True, jour=data.jour, part=now["part"], sites=sites, vacants=len(data.vacant), anciens=old,
    )  # fmt: skip
    show.keys(
        [
            show.Key("Postes ouverts", now["etp"], "équivalents temps plein ; {postes:poste} en tout", ".0"),
            show.Key("Pourvus", now["part"], "{couverts:.0} équivalents temps plein", "%1"),
            show.Key("Postes vacants", len(data.vacant), "{anciens} depuis six mois ou plus", "poste"),
            show.Key("Postes gelés", frozen, "hors des postes ouverts", "poste"),
        ],
        postes=len(data.positions), couverts=now["couverts"], anciens=old,
    )  # fmt: skip


def covered(data: Situation, lycees: pd.DataFrame) -> None:
    """Show how much of the work is filled in each lycée, and where positions are vacant."""
    sites = lycees.merge(coverage(data.positions), on="code_uai")
    low = int((sites["part"] < 0.9).sum())
    show.strip(
        sites, "{n:lycée} {n:|n'a|a|ont} moins de 90 % de {n:|ses|leurs} postes pourvus", "part", "lib_etablissement",
        unit="Part des équivalents temps plein pourvus ; un point par lycée", form="%", data=False, n=low,
    )  # fmt: skip
    towns = sites.groupby("ville", as_index=False).agg(
        vacants=("vacants", "sum"), longitude=("longitude", "mean"), latitude=("latitude", "mean")
    )
    show.map(
        towns.sort_values("vacants", ascending=False, kind="stable"),
        "{vacants_tous:.1} équivalents temps plein sont vacants", "vacants", "ville",
        noun="commune", unit="Équivalents temps plein vacants, par commune", form=".1", data=False,
        vacants_tous=towns["vacants"].sum(), empty="Aucun poste n'est vacant.",
    )  # fmt: skip
    show.table(
        sites.sort_values(["part", "lib_etablissement"]), "Les lycées où il manque le plus",
        ["lib_etablissement", "ville", "etp", "vacants", "part"], rows=5,
        empty="Aucun lycée n'a de poste.",
    )  # fmt: skip


def vacant(data: Situation, lycees: pd.DataFrame) -> None:
    """Show the vacant positions by age and by how far their recruitment is, the oldest of them by name."""
    ages = data.vacant["age"].value_counts().reindex(list(AGES.values()), fill_value=0)
    show.columns(
        ages.rename_axis("age").reset_index(name="nombre"), "{n:poste} {n:|n'est vacant|est vacant|sont vacants} "
        "depuis plus d'un an", "nombre", "age", unit="Postes vacants, selon leur ancienneté",
        accent="plus d'un an", data=False, n=int(ages.iloc[-1]), empty="Aucun poste n'est vacant.",
    )  # fmt: skip
    rows = data.vacant.merge(lycees, on="code_uai", how="left")
    show.table(
        rows, "Vacants depuis le plus longtemps, parmi {n:poste}",
        ["lib_etablissement", "metier", "poste", "depuis", "etape"], rows=5,
        empty="Aucun poste n'est vacant.", n=len(rows),
    )  # fmt: skip
    if (rows["depuis"] <= pd.Timestamp(data.debut)).any():
        show.sentence(
            "Le registre commence le {debut:jour} : ce qui est vacant depuis ce jour l'est peut-être depuis plus "
            "longtemps.", debut=data.debut,
        )  # fmt: skip


def changes(data: Situation, lycees: pd.DataFrame) -> None:
    """List what is not as it was on the earlier day."""
    rows = data.changes.merge(lycees, on="code_uai", how="left")
    show.table(
        rows, "{n:changement} depuis le {avant:jour}",
        ["lib_etablissement", "ville", "nature", "metier", "poste", "quotite"], rows=20,
        empty=f"Aucun changement depuis le {show.day(data.avant)}.", n=len(rows), avant=data.avant,
    )  # fmt: skip


def drawn(curve: pd.DataFrame) -> Any:
    """Draw what :func:`tikub_lab.staffing.time_to_fill` gives: the share still vacant, with its interval."""
    show.style()
    axes = curve.plot.line("jours", "part", drawstyle="steps-post", figsize=(6.5, 3.2), legend=False, grid=False)
    axes.grid(axis="y")
    axes.fill_between(curve["jours"], curve["part_bas"], curve["part_haut"], step="post", alpha=0.25, linewidth=0)
    axes.axhline(0.5, linewidth=1, linestyle=":", color="0.5")
    axes.set(xlabel="Jours depuis que le poste est vacant", ylim=(0, 1), xlim=(0, None))
    axes.set_title("Part des postes encore vacants ; bande : intervalle à 95 %", loc="left", fontsize=10)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    return axes
