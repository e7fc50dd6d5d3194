"""The incubator: its ideas as they were known on a day, which may be compared, where each is, what is due."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tikub_lab import tables
from tikub_lab.datathon.weighing import CRITERIA
from tikub_lab.methods.law import Day, as_date
from tikub_lab.methods.scope import one_of

TEAM = ("responsable de produit", "développement", "design")
"""Who makes a team."""
MONTHS = 6
"""A decision to go on or to stop is due so many months after the last one, as beta.gouv.fr has it."""
COMPARED = "comparée"
WANTED = "à trouver"
ENDED = ("arrêtée", "transférée")
OPEN = ("proposée", "à confirmer par le jury")


@dataclass(frozen=True)
class Incubator:
    """Tables ``datathon/…`` about ideas, as they were known on ``jour``.

    Attributes
    ----------
    ideas : DataFrame
        With ``suite``: « comparée », or why an idea is not compared.
    """

    ideas: pd.DataFrame
    assessments: pd.DataFrame
    people: pd.DataFrame
    stages: pd.DataFrame
    adoption: pd.DataFrame
    jour: pd.Timestamp

    @property
    def compared(self) -> pd.DataFrame:
        """The ideas that may be compared: proposed, digital, with all five assessments."""
        return self.ideas[self.ideas["suite"] == COMPARED]

    @cached_property
    def progress(self) -> pd.DataFrame:
        """Where each idea is that has begun: one row an idea, the next decision first.

        idee_id, nom, etat, etape, depuis (its first day), tours, appris (at the last round that taught something),
        mesure (of the next experiment), decision and decidee (the last one and its day), echeance (six months after it,
        or after the beginning; missing for what ended), retard (whether that day is past).
        """
        rounds = self.stages.sort_values(["idee_id", "tour"])
        last = rounds.groupby("idee_id").tail(1).set_index("idee_id")
        same = rounds[rounds["etape"] == rounds["idee_id"].map(last["etape"])]
        decided = rounds[rounds["decision"].notna()].groupby("idee_id").tail(1).set_index("idee_id")
        by = rounds.groupby("idee_id")
        table = self.ideas.set_index("idee_id")[["nom", "etat"]].join(last[["etape"]], how="inner")
        table = table.assign(
            depuis=same.groupby("idee_id")["debut"].min(), tours=by.size(), appris=by["appris"].last(),
            mesure=by["mesure"].last(), decision=decided["decision"].astype("str"), decidee=decided["fin"],
        )  # fmt: skip
        since = table["decidee"].fillna(by["debut"].min())
        ended = table["decision"].isin(["arrêter", "transférer"]) | table["etat"].isin(ENDED)
        table["echeance"] = (since + pd.DateOffset(months=MONTHS)).mask(ended)
        table["retard"] = table["echeance"] < self.jour
        return table.sort_values("echeance", kind="stable").reset_index()

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Who is missing from the team of each digital idea that goes on: idee_id, nom, manque (roles)."""
        there = self.people.groupby("idee_id")["role"].agg(set).reindex(self.ideas["idee_id"])
        lacks = [", ".join(role for role in TEAM if not isinstance(has, set) or role not in has) for has in there]
        rows = self.ideas.assign(manque=lacks)
        rows = rows[~rows["etat"].isin(ENDED) & (rows["manque"] != "") & rows["numerique"].fillna(True)]
        return rows[["idee_id", "nom", "manque"]].reset_index(drop=True)

    def team(self, idee: str) -> pd.DataFrame:
        """Return who is in an idea, the team first: role, qui (« à trouver » where it is wanted), nombre, quotite."""
        rows = self.people[self.people["idee_id"] == idee].astype({"role": "str"})
        roles = [*TEAM, *self.people["role"].cat.categories]
        order = {role: place for place, role in enumerate(dict.fromkeys(roles))}
        lacks = [role for role in TEAM if role not in {*rows["role"]} and self.idea(idee)["etat"] not in ENDED]
        empty = pd.DataFrame({"role": lacks, "qui": WANTED})
        found = pd.concat([rows, empty], ignore_index=True)[["role", "qui", "nombre", "quotite"]]
        return found.sort_values("role", key=lambda column: column.map(order), kind="stable", ignore_index=True)

    def idea(self, idee: str) -> pd.Series:
        """Return the row of one idea; a UsageError where there is none."""
        one_of("idee", idee, self.ideas["idee_id"], "no idea has this identifier")
        return self.ideas[self.ideas["idee_id"] == idee].iloc[0]


def incubator(jour: Day | None = None) -> Incubator:
    """Load the incubator's tables as they were known on a day.

    Parameters
    ----------
    jour : date or str, optional
        By default the last day of which ideas, stages or adoption say anything.

    Examples
    --------
    >>> data = incubator()
    >>> f"{data.jour:%Y-%m-%d}", len(data.ideas), len(data.compared), int(data.progress["retard"].sum())
    ('2026-05-15', 12, 6, 1)
    """
    names = ("ideas", "assessments", "people", "stages", "adoption")
    found = {name: tables.load(f"datathon/{name}", optional=name != "ideas") for name in names}
    days = [found["ideas"]["depot"], found["stages"]["debut"], found["stages"]["fin"], found["adoption"]["jour"]]
    day = pd.Timestamp(str(as_date(jour, "jour"))) if jour is not None else pd.concat(days).max()
    ideas, stages, adoption = found["ideas"], found["stages"], found["adoption"]
    ideas = ideas[ideas["depot"] <= day].reset_index(drop=True)
    stages = stages[stages["debut"] <= day].reset_index(drop=True)
    later = ["fin", "appris", "decision"]
    stages[later] = stages[later].mask(stages["fin"] > day)
    ideas["suite"] = _next(ideas, found["assessments"])
    return Incubator(ideas, found["assessments"], found["people"], stages, adoption[adoption["jour"] <= day], day)


def _next(ideas: pd.DataFrame, assessments: pd.DataFrame) -> list[str]:
    """Say of each idea whether it is compared, or why not."""
    low, likely, high = assessments["bas"], assessments["probable"], assessments["haut"]
    by = {"has": assessments, "wrong": assessments[(low > likely) | (likely > high)]}
    sets = {key: dict(table.groupby("idee_id")["critere"].agg(set)) for key, table in by.items()}
    said = []
    for idea, state, digital in zip(ideas["idee_id"], ideas["etat"], ideas["numerique"], strict=True):
        lacks = [name for name in CRITERIA if name not in sets["has"].get(idea, ())]
        wrong = [name for name in CRITERIA if name in sets["wrong"].get(idea, ())]
        if state not in OPEN:
            said.append(str(state))
        elif digital is pd.NA:
            said.append("à juger : numérique ou non")
        elif not digital:
            said.append("pas numérique")
        elif lacks:
            said.append(f"à évaluer : {', '.join(lacks)}")
        else:
            said.append(f"à corriger : {', '.join(wrong)}" if wrong else COMPARED)
    return said
