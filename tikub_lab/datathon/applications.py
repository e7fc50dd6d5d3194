"""Applications held against an edition's rules: what is refused names its rule, what no rule settles is for a person.

Each rule is judged for each team: respected, broken, or to be asked, be it that the rules do not say, or that the team
has not. A team with a broken rule is refused; one with a question waits for the organiser, whose decision stands.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from tikub_lab.datathon.edition import PARIS, Edition
from tikub_lab.methods.names import words
from tikub_lab.show.french import plural
from tikub_lab.tables import require

MET, BROKEN, OPEN = "respectée", "non respectée", "à vérifier"
ADMITTED, REFUSED, WAITING = STATES = ("recevable", "refusée", "à décider")
NO = ("non", "exclu", "aucun", "refusée")  # values of a rule by which what it is about excludes a team
TABLES = ("applications", "members", "jurors", "ties")
Found = tuple[str, str, str]  # rule, verdict, reason in French


def person(nom: Any, prenom: Any = "") -> str:
    """Return a person's name or a body's without accents, signs and the order of its words."""
    return " ".join(sorted(words(" ".join(str(part) for part in (nom, prenom) if pd.notna(part)))))


def named(people: pd.DataFrame) -> pd.Series:
    """Return :func:`person` of each row."""
    names = zip(people["nom"], people["prenom"], strict=True)
    return pd.Series([person(*both) for both in names], index=people.index, dtype="str")


def bodies(rows: pd.DataFrame) -> pd.Series:
    """Return the words of each row's ``organisation``, "" where it is missing."""
    return rows["organisation"].map(person, na_action="ignore").astype("str").fillna("")


def adult(birth: pd.Timestamp, day: date, age: int) -> bool:
    """Tell whether somebody has an age on a day: born on 29 February, from 1 March on where there is none."""
    return (birth.year + age, birth.month, birth.day) <= (day.year, day.month, day.day)


def aside(jurors: pd.DataFrame, ties: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """List who must stand aside: juge_id, equipe_id, motif. Colleagues and oneself are found among the members."""
    same = jurors.assign(cle=named(jurors)).merge(members.assign(cle=named(members)), on="cle").assign(motif="membre")
    employed = jurors.assign(cle=bodies(jurors)).query("cle != ''")
    mates = employed.merge(members.assign(cle=bodies(members)), on="cle").assign(motif="collègue")
    said = ties.assign(motif=ties["lien"].astype("str"))
    found = pd.concat([part[["juge_id", "equipe_id", "motif"]] for part in (same, said, mates)])
    return found.drop_duplicates(["juge_id", "equipe_id"]).sort_values(["equipe_id", "juge_id"], ignore_index=True)


def checked(
    applications: pd.DataFrame, members: pd.DataFrame, jurors: pd.DataFrame, ties: pd.DataFrame, edition: Edition
) -> pd.DataFrame:
    """Judge each application by each rule: equipe_id, regle (its key in the edition's file), verdict, raison."""
    for name, frame in zip(TABLES, (applications, members, jurors, ties), strict=True):
        require(frame, f"datathon/{name}")
    keys = ["equipe_id", "cle", "naissance"]
    members = members.assign(cle=named(members), employeur=bodies(members)).drop_duplicates(keys)
    people = members[(members["nature"].astype("str") == "personne physique") & members["retrait"].isna()]
    twice = people.merge(people[keys], on="cle", suffixes=("", "_autre")).query("equipe_id != equipe_id_autre")
    twice = twice.assign(sure=twice["naissance"] == twice["naissance_autre"])
    twice = twice[twice["sure"] | twice["naissance"].isna() | twice["naissance_autre"].isna()]
    judges, organiser = {*named(jurors)}, {*person(edition.said("organisateur", "nom")).split()}
    close = {*ties.loc[ties["lien"].astype("str") == "proche", "equipe_id"]}
    rows = []
    for row in applications.to_dict("records"):
        team, own = (part[part["equipe_id"] == row["equipe_id"]] for part in (members, people))
        both = twice[twice["equipe_id"] == row["equipe_id"]]
        staff = [{*name.split()} for name in own["employeur"] if name and organiser <= {*name.split()}]
        found = [*_filed(row, edition), *_size(team, edition), _age(own, edition)]
        cases = (  # rule, whether its case is there, whether that is sure, what a reader is told
            ("équipe / personne dans deux équipes", len(both), both["sure"].any(),
             f"Une personne, ou son homonyme, est aussi dans {', '.join(sorted({*both['equipe_id_autre']}))}."),
            ("organisateur / personnel", len(staff), organiser in staff,
             f"{plural(len(staff), 'agent')} de l'organisateur."),
            ("jury / juré dans une équipe", len(judges & {*own["cle"]}), False,
             "Un membre a le nom d'un juré ou d'un lecteur."),
            ("jury / proche d'un juré", row["equipe_id"] in close, True, "Un juré ou un lecteur déclare un proche."),
        )  # fmt: skip
        found += [_settled(edition, *case) for case in cases]
        rows += [(row["equipe_id"], *one) for one in found]
    return pd.DataFrame(rows, columns=["equipe_id", "regle", "verdict", "raison"], dtype="str")


def _settled(edition: Edition, rule: str, there: Any, sure: Any, reason: str) -> Found:
    """Judge what a rule may forbid: where its case is there, a question if the rule is silent or the case not sure."""
    said = edition.said(*rule.split(" / "))
    verdict = OPEN if said is None or (said in NO and not sure) else BROKEN if said in NO else MET
    return (rule, verdict, reason) if there and verdict != MET else (rule, MET, "")


def _filed(row: dict[Any, Any], edition: Edition) -> Iterator[Found]:
    depot, rule = row["depot"], "candidature / clôture"
    if pd.isna(depot):
        yield rule, OPEN, "La date de dépôt n'est pas connue."
    else:
        late = f"Déposée le {depot.astimezone(PARIS):%d/%m/%Y à %H:%M:%S}, après la clôture."
        yield _judged(rule, depot >= edition.closing, late)
    if edition.said("candidature", "pré-projet") == "oui":
        written = isinstance(row["pre_projet"], str) and any(sign.isalnum() for sign in row["pre_projet"])
        yield _judged("candidature / pré-projet", not written, "Sans pré-projet.")


def _size(team: pd.DataFrame, edition: Edition) -> Iterator[Found]:
    """Count who has not left: what follows from leaving after the closing, and how legal persons count, rules say."""
    low, high = (int(edition.number("équipe", f"membres au {end}")) for end in ("moins", "plus"))
    stay = team[team["retrait"].isna()]
    size, gone = len(stay), team["retrait"] < pd.Timestamp(edition.closing.date())
    left = f", après {plural(len(team) - size, 'retrait')}" if size < len(team) else ""
    few = f"{plural(size, 'membre')}{left} ; il en faut {low} au moins."
    later = size < low <= len(team) - gone.sum()
    yield _settled(edition, "équipe / retrait après la clôture", later, True, few)
    yield _judged("équipe / membres au moins", size < low and not later, few)
    alone = (stay["nature"].astype("str") == "personne physique").sum() < low <= size
    counted = "Il n'y a assez de membres que si une personne morale en est un."
    yield _settled(edition, "équipe / personne morale", alone, True, counted)
    yield _judged("équipe / membres au plus", size > high, f"{size} membres ; {high} au plus.")


def _judged(rule: str, broken: Any, reason: str) -> Found:
    return (rule, BROKEN, reason) if broken else (rule, MET, "")


def _age(people: pd.DataFrame, edition: Edition) -> Found:
    """Judge everybody's age on the day that the rules name, or on all days that they may mean."""
    age, rule = int(edition.number("membre", "âge")), "membre / âge"
    days = {"clôture": edition.closing.date(), "événement": edition.last_day}
    said = edition.said("membre", "jour de l'âge")
    verdicts = set[str]()
    for birth, told in zip(people["naissance"], people["majeur"], strict=True):
        meant = [day for name, day in days.items() if said in (None, name)]
        grown = [told] if pd.isna(birth) else [adult(birth, day, age) for day in meant]
        sure = {bool(value) for value in grown if pd.notna(value)}
        verdicts.add(OPEN if len(sure) != 1 else MET if sure == {True} else BROKEN)
    if BROKEN in verdicts:
        return rule, BROKEN, f"Un membre n'a pas {age} ans."
    return (rule, OPEN, f"L'âge d'un membre est à vérifier ({age} ans).") if OPEN in verdicts else (rule, MET, "")


def decided(applications: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Add etat, regle (those broken or to be settled), raison: rules first, then decisions where they are silent."""
    wrong, asked = (checks[checks["verdict"] == verdict] for verdict in (BROKEN, OPEN))
    out, wait = applications["equipe_id"].isin(wrong["equipe_id"]), applications["equipe_id"].isin(asked["equipe_id"])
    said = applications["decision"].astype("str").fillna("")
    states = pd.Series(ADMITTED, index=applications.index, dtype="str")
    states = states.mask(wait & (said == ""), WAITING).mask(out | (wait & (said == "refusée")), REFUSED)
    table = applications.assign(etat=pd.Categorical(states, STATES))
    for name, between in (("regle", " ; "), ("raison", " ")):
        both = (rows.groupby("equipe_id")[name].agg(between.join) for rows in (wrong, asked))
        first, second = (applications["equipe_id"].map(texts).astype("str") for texts in both)
        table[name] = first.where(out, second.where(wait)).fillna("")
    return table
