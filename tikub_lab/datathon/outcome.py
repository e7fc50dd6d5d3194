"""What remains of a jury: a page a team, a sealed record of what was decided on, the first project as an idea."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from tikub_lab.datathon.edition import Edition
from tikub_lab.datathon.jury import Ranking, ranking
from tikub_lab.methods.scope import one_of

TO_CONFIRM, SEAL = "à confirmer par le jury", "sceau"
KEPT = ["equipe_id", "brut", "note", "bas", "haut", "rang", "p_premier", "p_prix"]


def feedback(found: Ranking, scores: pd.DataFrame, criteria: Mapping[str, str], equipe: str) -> pd.DataFrame:
    """Set a team's marks beside those of the others, criterion by criterion, both corrected for who is severe.

    Parameters
    ----------
    found, scores, criteria, equipe : Ranking, DataFrame, mapping of str to str, str
        Names of criteria by code; the team's code. The best criterion beside the others' median comes first.

    Examples
    --------
    >>> from tikub_lab.datathon import contest, ranking
    >>> scores = contest().marks("scores", 5)
    >>> feedback(ranking(scores), scores, contest().rules.criteria("jury"), "E07")["ecart"].gt(0).all().item()
    True
    """
    one_of("equipe", equipe, found.teams["equipe_id"], "the jury gave it no score")
    severe = scores["juge_id"].map(found.jurors.set_index("juge_id")["severite"])
    fair = scores.assign(note=scores["note"] + severe).groupby(["critere", "equipe_id"], observed=True)["note"].mean()
    wide = fair.unstack("critere")[[code for code in criteria if code in {*scores["critere"]}]]
    columns = {"critere": wide.columns.map(criteria), "obtenu": wide.loc[equipe].array, "milieu": wide.median().array}
    table = pd.DataFrame(columns).assign(ecart=lambda rows: rows["obtenu"] - rows["milieu"])
    return table.sort_values("ecart", ascending=False, ignore_index=True, kind="stable")


def record(
    found: Ranking, scores: pd.DataFrame, edition: Edition, used: Iterable[Mapping[str, Any]], purge: date,
    weights: Mapping[str, float] | None = None, seed: int = 2019,
) -> str:  # fmt: skip
    """Write as JSON what the jury's order rests on, so that anyone can compute it again, sealed by its SHA-256.

    Jurors are numbers; neither names, nor members, nor comments are there.

    Parameters
    ----------
    found, scores, edition, weights, seed : Ranking, DataFrame, Edition, mapping, int
        As for :func:`~tikub_lab.datathon.ranking`.
    used, purge : iterable of mappings, date
        From :func:`tikub_lab.tables.used`; from when on names, birth dates, ties and comments have to be deleted.

    Examples
    --------
    >>> from tikub_lab.datathon import contest, ranking
    >>> data, scores = contest(), contest().marks("scores", 5)
    >>> verify(record(ranking(scores), scores, data.rules, [], date(2020, 6, 30)))
    []
    """
    numbers = {code: f"juré {at}" for at, code in enumerate(sorted(scores["juge_id"].astype("str").unique()), 1)}
    plain = scores.assign(juge_id=scores["juge_id"].map(numbers))[["equipe_id", "juge_id", "critere", "note"]]
    results = found.teams[KEPT].round(6).astype(object)
    content = {
        "edition": edition.name, "criteres": edition.criteria("jury"),
        "reglement_sha256": hashlib.sha256(edition.law.path.read_bytes()).hexdigest(),
        "poids": dict(weights or {}), "prix": found.prizes, "graine": seed,
        "tables": [{"table": item["table"], "sha256": item["sha256"]} for item in used],
        "notes": plain.sort_values(["equipe_id", "juge_id", "critere"]).astype({"critere": "str"}).values.tolist(),
        "resultats": results.where(results.notna(), None).to_dict("records"),
        "donnees_personnelles_a_effacer_le": purge.isoformat(),
    }  # fmt: skip
    return json.dumps(content | {SEAL: _seal(content)}, ensure_ascii=False, indent=1, allow_nan=False)


def _seal(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(text: str) -> list[str]:
    """Hold a record against its seal, and its order against its scores: what does not agree, in French.

    Examples
    --------
    >>> verify('{"notes": [], "sceau": "0"}')
    ['Le sceau ne correspond pas au contenu.']
    """
    try:
        content = {**json.loads(text)}
    except (ValueError, TypeError):
        return ["Ce n'est pas un relevé : rien n'y est lisible."]
    if content.pop(SEAL, None) != _seal(content):
        return ["Le sceau ne correspond pas au contenu."]
    scores = pd.DataFrame(content["notes"], columns=["equipe_id", "juge_id", "critere", "note"])
    again = ranking(scores, content["prix"], content["poids"] or None, content["graine"]).teams
    said = {row["equipe_id"]: (row["rang"], row["note"]) for row in content["resultats"]}
    rows = zip(again["equipe_id"], again["rang"], again["note"].round(6), strict=True)
    return [f"Le rang de {team} ne suit pas des notes." for team, *both in rows if said.get(team) != tuple(both)]


def as_idea(proposals: pd.DataFrame, applications: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Write the project proposed for the first prize as an idea, to be confirmed; no row where none is.

    Parameters
    ----------
    proposals, applications, edition : DataFrame, DataFrame, Edition
        The first from :func:`~tikub_lab.datathon.proposed`.

    Examples
    --------
    >>> from tikub_lab.datathon import contest
    >>> first = pd.DataFrame({"equipe_id": ["E07"], "proposition": ["premier prix"]})
    >>> as_idea(first, contest().applications, contest().rules)["etat"].tolist()
    ['à confirmer par le jury']
    """
    first = proposals.loc[proposals["proposition"] == "premier prix", "equipe_id"]
    rows = applications[applications["equipe_id"].isin(first)]
    return pd.DataFrame(
        {
            "idee_id": [f"D{edition.name}-{team}" for team in rows["equipe_id"]],
            "nom": rows["projet"].fillna(rows["equipe"]).to_list(),
            "friction": rows["friction"].fillna("à préciser avec l'équipe").to_list(),
            "solution": rows["pre_projet"].to_list(),
        }
    ).assign(depot=pd.Timestamp(edition.last_day), origine="Datathon", nature="autre", etat=TO_CONFIRM)
