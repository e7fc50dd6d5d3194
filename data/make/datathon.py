"""A fictitious Datathon by the rules of 2019: 21 applications, five readers, two days, six jurors; and its incubator.

All of it is invented; its ideas are written by hand in ``ideas/``. What methods look for is planted, and
``datathon/planted`` says where: where each application stands and by which rule, how good the twelve teams are, how
severe each juror is.
"""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.bodies import people
from data.make.energy import SEED
from data.make.energy.sites import GIVEN
from data.make.sampling import Folder, Stream, by_schema, invented, streams
from tikub_lab.datathon.applications import aside
from tikub_lab.datathon.edition import PARIS, edition
from tikub_lab.datathon.panel import plan
from tikub_lab.datathon.timetable import schedule, windows

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
SOURCES = ({"title": "Tirage au sort par tikub-lab, data/make/datathon.py (données fictives)"},)
TEAMS = pd.read_csv(Path(__file__).with_suffix(".csv"))
"""What is wrong today (``friction``), what the team would make of it (``projet``), by which rule it is out."""
ASKED = ("E20", "E21")  # one person is in both
FINAL = 12
SEVERE = (0.9, -0.7, 0.2, -0.3, 0.6, -0.7)
ORGANISER = "Région Bretagne (fictif)"
COMMENTS = ("Essai convaincant avec des agents.", "À reprendre : l'accessibilité.", "Le besoin est bien montré.",
            "Qui s'en servira reste à dire.")  # fmt: skip


def sample(scale: float = 1.0, seed: int = SEED, schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables ``datathon/…``, typed; a Datathon has one size, so that the scale changes nothing.

    >>> tables = sample()
    >>> len(tables["datathon/applications"]), len(tables["datathon/scores"])
    (21, 144)
    """
    of_people, of_readings, of_scores = streams(seed + 7, 3)
    rules = edition("2019")
    applications, members = _applications(), _members(of_people)
    jurors, ties = _judges()
    stand_aside = aside(jurors, ties, members)
    quality: dict[str, float] = dict(zip(TEAMS["equipe_id"], TEAMS["qualite"].dropna(), strict=False))
    read = [*quality]
    readers = plan(read, [f"L{n}" for n in range(1, 6)], stand_aside, seed=2019)
    leanings = dict(zip([f"J{n}" for n in range(1, 7)], SEVERE, strict=True))
    readings = _marks(readers, quality, {}, rules.criteria("sélection"), of_readings)
    late = readings.loc[readings["equipe_id"] == "E05", "juge_id"].max()  # who has not read it yet
    readings = readings[(readings["juge_id"] != late) | (readings["equipe_id"] != "E05")]
    panel = plan(read[:FINAL], leanings, stand_aside, seed=2019)
    scores = _marks(panel, quality, leanings, rules.criteria("jury"), of_scores)
    hours = windows([pd.Timestamp("2019-06-15").date()])
    days = schedule(panel, hours, rooms=2, seed=2019)
    out = TEAMS.set_index("equipe_id")["regle"].dropna()
    states = dict.fromkeys(read, "recevable") | dict.fromkeys(out.index, "refusée") | dict.fromkeys(ASKED, "à décider")
    truths = [*(("état", team, state) for team, state in states.items()), *(("règle", *item) for item in out.items())]
    truths += [("qualité", team, str(quality[team])) for team in read[:FINAL]]
    truths += [("sévérité", juror, str(worth)) for juror, worth in leanings.items()]
    made = {
        "applications": applications, "members": members, "jurors": jurors, "ties": ties, "schedule": days,
        "readings": readings.rename(columns={"juge_id": "lecteur_id"}),
        "scores": scores.rename(columns={"juge_id": "jure_id"}),
        "checks": _checks(read[: FINAL - 1]),  # the last team has not sent its folder
        "planted": pd.DataFrame(truths, columns=["cas", "cle", "valeur"]),
    }  # fmt: skip
    made |= {path.stem: pd.read_csv(path) for path in sorted(Path(__file__).with_name("ideas").glob("*.csv"))}
    return by_schema(made, "datathon", schemas)


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write them as CSV under ``sample/datathon/``; return the resources for ``datapackage.json``."""
    return Folder(into, CREATED, SOURCES).write_all(sample(scale, seed, into / "schemas"))


def _applications() -> pd.DataFrame:
    table = TEAMS.assign(
        equipe=TEAMS["equipe"] + " (fictif)",
        projet=TEAMS["projet"] + " (fictif)",
        pre_projet=TEAMS["projet"] + " : un premier essai avec deux lycées, sur données ouvertes.",
        depot=pd.Timestamp("2019-05-14 23:59:59").tz_localize(PARIS) - pd.to_timedelta(11 * TEAMS.index, unit="h"),
    )
    table.loc[table["equipe_id"] == "E18", "depot"] = pd.Timestamp("2019-05-15 00:00:00").tz_localize(PARIS)
    table.loc[table["equipe_id"] == "E19", "pre_projet"] = None
    admitted = table["equipe_id"] == "E03"
    table["decision"] = pd.Series("admise", index=table.index).where(admitted)
    reason = "Agent d'un autre service, sans lien avec l'organisation."
    table["motif_decision"] = pd.Series(reason, index=table.index).where(admitted)
    return table


def _members(stream: Stream) -> pd.DataFrame:
    """Draw the members: a legal person in one team, someone who left, a minor, one person in two teams."""
    team = np.repeat(TEAMS["equipe_id"].to_numpy(), TEAMS["taille"])
    table = people(len(team)).assign(
        equipe_id=team,
        nature="personne physique",
        naissance=pd.Timestamp("1968-01-01") + pd.to_timedelta(stream.below(11_000, len(team)), unit="D"),
        organisation="École n° " + pd.Series(team).str[1:].astype(int).sub(1).astype("str") + " (fictif)",
    )
    table["numero"] = table.groupby("equipe_id").cumcount() + 1
    told = stream.flag(0.4, len(team))  # said to be of age, without a birth date
    table.loc[told, "naissance"], table["majeur"] = pd.NaT, pd.Series(True, index=table.index).where(told)
    table["retrait"] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[s]")
    place = pd.Series(table.index, [table["equipe_id"], table["numero"]])
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
    surnames, given = invented("surname"), GIVEN.split("|")
    codes = [*(f"J{n}" for n in range(1, 7)), *(f"L{n}" for n in range(1, 6))]
    rows = [
        (code, f"{surnames[-n - 1]} (fictif)", f"{given[n]}-{given[-n - 1]}", f"Organisme n° {n} (fictif)")
        for n, code in enumerate(codes)
    ]
    jurors = pd.DataFrame(rows, columns=["juge_id", "nom", "prenom", "organisation"])
    jurors["role"] = np.where(jurors["juge_id"].str.startswith("J"), "juré", "lecteur")
    jurors.loc[jurors["juge_id"] == "J2", "organisation"] = "Université des Landes (fictif)"
    jurors.loc[jurors["juge_id"] == "L1", "organisation"] = ORGANISER
    ties = [("J4", "E07", "autre intérêt"), ("L3", "E02", "autre intérêt"), ("L2", "E21", "proche")]
    return jurors, pd.DataFrame(ties, columns=["juge_id", "equipe_id", "lien"])


def _checks(teams: list[str]) -> pd.DataFrame:
    """Make what was counted of each team's folder."""
    pairs = product(enumerate(teams), enumerate(("technique", "ergonomie", "responsabilite")))
    rows = [(team, name, (3 * n + 5 * m) % 7, "2019-06-14") for (n, team), (m, name) in pairs]
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
