"""A fictitious Datathon by the rules of 2019: 21 applications, five readers, two days, six jurors; and its incubator.

All of it is invented. What methods look for is planted, and ``datathon/planted`` says where: where each application
stands and by which rule, how good the twelve teams are, how severe each juror is.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.bodies import SURNAMES
from data.make.datathon_ideas import NAMES, ideas
from data.make.energy import SEED
from data.make.energy.sites import GIVEN
from data.make.sampling import Folder, Stream, streams
from tikub_lab.datathon.applications import aside
from tikub_lab.datathon.edition import PARIS, edition
from tikub_lab.datathon.panel import plan
from tikub_lab.datathon.timetable import schedule, windows
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import read_schema

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
SOURCES = ({"title": "Tirage au sort par tikub-lab, data/make/datathon.py (données fictives)"},)
TEAMS = (  # name, what is wrong today, what the team would make of it
    ("Les Goélands", "Le quart des repas préparés n'est pas mangé.", "Un menu sans gaspillage"),
    ("Les Ajoncs", "Personne ne voit quand un lycée chauffe une salle vide.", "La salle qui s'éteint seule"),
    ("Les Embruns", "Un marché finit sans que personne l'ait préparé.", "Le réveil des marchés"),
    ("Les Menhirs", "On ne sait pas qui siège dans quel organisme.", "Le trombinoscope des sièges"),
    ("Les Sternes", "Un agent absent est remplacé trop tard.", "Le bon remplaçant à côté"),
    ("Les Hermines", "Les factures d'eau arrivent des mois après la fuite.", "La fuite vue le lendemain"),
    ("Les Cormorans", "Trois services demandent les mêmes pièces aux associations.", "Dites-le-nous une fois"),
    ("Les Bruyères", "Les cars passent quand la cloche a déjà sonné.", "Le car à l'heure de la cloche"),
    ("Les Galets", "Les petites entreprises ne répondent pas aux marchés.", "Le marché à ma taille"),
    ("Les Talus", "Le bâtiment qui coûte le plus n'est pas celui que l'on rénove.", "Le bon chantier d'abord"),
    ("Les Courlis", "Les élèves internes n'ont pas d'infirmerie la nuit.", "La garde partagée"),
    ("Les Jusants", "Un panneau solaire en panne reste en panne un an.", "Le soleil compté"),
    ("Les Varechs", "Les données publiées ne se ressemblent pas.", "Le dictionnaire commun"),
    ("Les Balises", "Un parent ne sait pas quel lycée est accessible.", "L'accès dit d'avance"),
    ("Les Landiers", "Le matériel inutilisé dort dans les réserves.", "La réserve commune"),
    ("Les Fougères", "Les ateliers ouverts sont vides le soir.", "L'atelier prêté"),
    ("Les Lichens", "Les plantes des cours manquent d'eau.", "L'arrosoir du quartier"),
    ("Les Noroîts", "Les alertes météo n'arrivent pas aux internats.", "L'alerte qui sonne"),
    ("Les Suroîts", "Les livres scolaires changent tous les ans.", "Le livre qui dure"),
    ("Les Rochers", "On ne sait pas où vont les déchets.", "La poubelle qui parle"),
    ("Les Chenaux", "Les vélos n'ont pas d'abri.", "L'abri où il faut"),
)
SIZES = (4, 3, 5, 6, 3, 8, 4, 5, 3, 4, 6, 5, 3, 4, 3, 9, 4, 5, 4, 4, 5)
OUT = {
    "E15": "équipe / membres au moins", "E16": "équipe / membres au plus", "E17": "membre / âge",
    "E18": "candidature / clôture", "E19": "candidature / pré-projet",
}  # fmt: skip
ASKED = ("E20", "E21")  # one person is in both
FINAL = 12
WORTH = (3.1, 3.6, 2.6, 2.9, 3.0, 2.3, 4.4, 2.4, 3.1, 2.0, 2.7, 2.2)
SEVERE = (0.9, -0.7, 0.2, -0.3, 0.6, -0.7)
ORGANISER = "Région Bretagne (fictif)"
COMMENTS = ("Essai convaincant avec des agents.", "À reprendre : l'accessibilité.", "Le besoin est bien montré.",
            "Qui s'en servira reste à dire.")  # fmt: skip


def sample(scale: float = 1.0, seed: int = SEED, schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables ``datathon/…``, typed; a Datathon has one size, so that the scale changes nothing.

    Examples
    --------
    >>> tables = sample()
    >>> len(tables["datathon/applications"]), len(tables["datathon/scores"])
    (21, 144)
    """
    schemas = schemas or workbench() / "data" / "schemas"
    of_people, of_readings, of_scores = streams(seed + 7, 3)
    rules = edition("2019")
    applications, members = _applications(), _members(of_people)
    jurors, ties = _judges()
    stand_aside = aside(jurors, ties, members)
    read = [f"E{n:02d}" for n in range(1, 15)]
    readers = plan(read, [f"L{n}" for n in range(1, 6)], stand_aside, seed=2019)
    quality = dict(zip(read, [*WORTH, 1.7, 1.6], strict=True))
    leanings = dict(zip([f"J{n}" for n in range(1, 7)], SEVERE, strict=True))
    readings = _marks(readers, quality, {}, rules.criteria("sélection"), of_readings)
    late = readings.loc[readings["equipe_id"] == "E05", "juge_id"].max()  # who has not read it yet
    readings = readings[(readings["juge_id"] != late) | (readings["equipe_id"] != "E05")]
    panel = plan(read[:FINAL], leanings, stand_aside, seed=2019)
    scores = _marks(panel, quality, leanings, rules.criteria("jury"), of_scores)
    hours = windows([pd.Timestamp("2019-06-15").date()])
    days = schedule(panel, hours, rooms=2, seed=2019)
    states = [("état", f"E{n:02d}", "recevable") for n in range(1, 15)]
    states += [("état", team, "refusée") for team in OUT] + [("état", team, "à décider") for team in ASKED]
    truths = [*states, *(("règle", team, rule) for team, rule in OUT.items())]
    truths += [("qualité", team, str(quality[team])) for team in read[:FINAL]]
    truths += [("sévérité", juror, str(worth)) for juror, worth in leanings.items()]
    made = {
        "applications": applications, "members": members, "jurors": jurors, "ties": ties, "schedule": days,
        "readings": readings.rename(columns={"juge_id": "lecteur_id"}),
        "scores": scores.rename(columns={"juge_id": "jure_id"}),
        "checks": _checks(read[: FINAL - 1]),  # the last team has not sent its folder
        "planted": pd.DataFrame(truths, columns=["cas", "cle", "valeur"]),
    }  # fmt: skip
    made |= ideas({name: read_schema(schemas / "datathon" / f"{name}.json") for name in NAMES})
    found = {}
    for name, table in made.items():
        schema = read_schema(schemas / "datathon" / f"{name}.json")
        found[f"datathon/{name}"] = typed(table.reindex(columns=list(schema.names)).reset_index(drop=True), schema)
    return found


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write them as CSV under ``sample/datathon/``; return the resources for ``datapackage.json``."""
    folder, tables = Folder(into, CREATED, SOURCES), sample(scale, seed, into / "schemas")
    return [folder.write(name, table, read_schema(into / "schemas" / f"{name}.json")) for name, table in tables.items()]


def _applications() -> pd.DataFrame:
    codes = [f"E{n:02d}" for n in range(1, len(TEAMS) + 1)]
    table = pd.DataFrame(
        {
            "equipe_id": codes,
            "equipe": [f"{name} (fictif)" for name, *_ in TEAMS],
            "projet": [f"{project} (fictif)" for *_, project in TEAMS],
            "friction": [friction for _, friction, _ in TEAMS],
            "pre_projet": [
                f"{project} : un premier essai avec deux lycées, sur données ouvertes." for *_, project in TEAMS
            ],
        }
    )
    filed = pd.Timestamp("2019-05-14 23:59:59").tz_localize(PARIS) - pd.to_timedelta(
        11 * np.arange(len(codes)), unit="h"
    )
    table["depot"] = filed
    table.loc[table["equipe_id"] == "E18", "depot"] = pd.Timestamp("2019-05-15 00:00:00").tz_localize(PARIS)
    table.loc[table["equipe_id"] == "E19", "pre_projet"] = None
    admitted = table["equipe_id"] == "E03"
    table["decision"] = pd.Series("admise", index=table.index).where(admitted)
    reason = "Agent d'un autre service, sans lien avec l'organisation."
    table["motif_decision"] = pd.Series(reason, index=table.index).where(admitted)
    return table


def _members(stream: Stream) -> pd.DataFrame:
    """Draw the members: a legal person in one team, someone who left, a minor, one person in two teams."""
    names, given = SURNAMES.split("|"), GIVEN.split("|")
    team = np.repeat(np.arange(len(SIZES)), SIZES)
    at = np.arange(len(team)) * 37 % (len(names) * len(given))
    table = pd.DataFrame(
        {
            "equipe_id": [f"E{n + 1:02d}" for n in team],
            "nature": "personne physique",
            "nom": [f"{names[n % len(names)]} (fictif)" for n in at],
            "prenom": [given[n // len(names)] for n in at],
            "naissance": pd.Timestamp("1968-01-01") + pd.to_timedelta(stream.below(11_000, len(team)), unit="D"),
            "organisation": [f"École n° {n} (fictif)" for n in team],
        }
    )
    table["numero"] = table.groupby("equipe_id").cumcount() + 1
    told = stream.flag(0.4, len(team))  # said to be of age, without a birth date
    table.loc[told, "naissance"], table["majeur"] = pd.NaT, pd.Series(True, index=table.index).where(told)
    table["retrait"] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[s]")
    place = {
        (code, number): row for row, (code, number) in enumerate(zip(table["equipe_id"], table["numero"], strict=True))
    }
    body = {"nature": "personne morale", "nom": "Fabrique du Talus (fictif)", "prenom": None, "naissance": pd.NaT}
    for name, value in body.items():
        table.loc[place["E04", 6], name] = value
    table.loc[place["E15", 3], "retrait"] = pd.Timestamp("2019-05-10")
    table.loc[place["E17", 2], "naissance"] = pd.Timestamp("2003-02-11")
    table.loc[place["E21", 1], ["nom", "prenom"]] = table.loc[place["E20", 2], ["nom", "prenom"]].to_numpy()
    table.loc[[place["E20", 2], place["E21", 1]], "naissance"] = pd.Timestamp("1990-04-02")
    table.loc[place["E03", 1], "organisation"] = ORGANISER
    table.loc[[place["E08", 1], place["E11", 2]], "organisation"] = "Université des Landes (fictif)"
    return table


def _judges() -> tuple[pd.DataFrame, pd.DataFrame]:
    names, given = SURNAMES.split("|"), GIVEN.split("|")
    codes = [*(f"J{n}" for n in range(1, 7)), *(f"L{n}" for n in range(1, 6))]
    jurors = pd.DataFrame(
        {
            "juge_id": codes,
            "nom": [f"{names[-n - 1]} (fictif)" for n in range(len(codes))],
            "prenom": [f"{given[n]}-{given[-n - 1]}" for n in range(len(codes))],
            "role": ["juré" if code[0] == "J" else "lecteur" for code in codes],
            "organisation": [f"Organisme n° {n} (fictif)" for n in range(len(codes))],
        }
    )
    jurors.loc[jurors["juge_id"] == "J2", "organisation"] = "Université des Landes (fictif)"
    jurors.loc[jurors["juge_id"] == "L1", "organisation"] = ORGANISER
    ties = [("J4", "E07", "autre intérêt"), ("L3", "E02", "autre intérêt"), ("L2", "E21", "proche")]
    return jurors, pd.DataFrame(ties, columns=["juge_id", "equipe_id", "lien"])


def _checks(teams: list[str]) -> pd.DataFrame:
    """Make what was counted of each team's folder."""
    criteria = ("technique", "ergonomie", "responsabilite")
    rows = [
        (team, name, (3 * n + 5 * m) % 7, "2019-06-14")
        for n, team in enumerate(teams)
        for m, name in enumerate(criteria)
    ]
    return pd.DataFrame(rows, columns=["equipe_id", "critere", "constats", "jour"])


def _marks(
    panel: pd.DataFrame, quality: dict[str, float], leanings: dict[str, float], criteria: dict[str, str], stream: Stream
) -> pd.DataFrame:
    """Draw marks from 0 to 5 by halves: quality less severity, what a juror thinks of this team, and of a criterion."""
    meeting = 0.25 * stream.normal(len(panel))
    table = panel.assign(base=panel["equipe_id"].map(quality) - panel["juge_id"].map(leanings).fillna(0.0) + meeting)
    table = table.merge(pd.Series([*criteria], name="critere"), how="cross")
    marks = table["base"] + 0.4 * stream.normal(len(table))
    table["note"] = (np.round(marks * 2) / 2).clip(0, 5)
    said = stream.flag(0.25, len(table))
    comments = np.array(COMMENTS, dtype=object)[stream.below(len(COMMENTS), len(table))]
    table["commentaire"] = pd.Series(comments, index=table.index).where(said)
    return table.sort_values(["equipe_id", "juge_id", "critere"], ignore_index=True)
