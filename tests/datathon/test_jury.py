"""The jury: least squares by hand and by a simulator, probabilities that hold, Kemeny's order by brute force."""

import json
from datetime import date
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bench_datathon import GAIN, HARD, RUNS, WITHIN, calibration, jury, run
from tikub_lab.datathon import contest
from tikub_lab.datathon import jury as methods
from tikub_lab.datathon.edition import edition
from tikub_lab.datathon.jury import SURE, agreeing, duels, kemeny, marks, preferences, proposed, ranking
from tikub_lab.datathon.outcome import as_idea, feedback, record, verify
from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check
from tikub_lab.tables.frames import typed
from tikub_lab.tables.schema import read_schema


@pytest.fixture(scope="module")
def scored(datathon_tables):
    scores = marks(datathon_tables["scores"], 5, edition().criteria("jury"))
    return scores, ranking(scores)


def scores_of(cells):
    """Marks by (team, juror), the same on each of two criteria, one easier by a point."""
    rows = [(j, t, c, mark + ease) for (t, j), mark in cells.items() for c, ease in (("a", 0.5), ("b", -0.5))]
    return pd.DataFrame(rows, columns=["juge_id", "equipe_id", "critere", "note"])


@settings(max_examples=12)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
def test_with_complete_designs_never_another_order_than_the_mean(teams, jurors, criteria, seed):
    rng = np.random.default_rng(seed)
    values = np.round(2 * rng.uniform(0, 5, (teams, jurors, criteria))) / 2
    rows = [(f"J{j}", f"E{t}", f"c{c}", values[t, j, c]) for t, j, c in np.ndindex(values.shape)]
    found = ranking(pd.DataFrame(rows, columns=["juge_id", "equipe_id", "critere", "note"]), prizes=1).teams
    assert found["note"].to_numpy() == pytest.approx(found["brut"].to_numpy())
    assert (found["rang"] == found["rang_brut"]).all()
    means = pd.Series(values.mean(axis=(1, 2)), index=[f"E{t}" for t in range(teams)])
    assert found.set_index("equipe_id")["note"].to_dict() == pytest.approx(means.to_dict())


def test_severe_jurors_are_seen_through():
    """J2 is two points more severe than J1: the mean puts B last, which the severe one heard."""
    cells = {("A", "J1"): 4.0, ("A", "J2"): 2.0, ("B", "J2"): 2.5, ("C", "J1"): 4.2, ("C", "J3"): 4.2, ("D", "J3"): 3.0}
    found = ranking(scores_of(cells))
    assert found.teams.set_index("equipe_id")["rang_brut"].loc["B"] == 4
    order = found.teams["equipe_id"].tolist()
    assert order == ["B", "C", "A", "D"]
    severe = found.jurors.set_index("juge_id")["severite"]
    assert severe["J2"] - severe["J1"] == pytest.approx(2)
    assert severe.sum() == pytest.approx(0, abs=1e-6)


def test_least_squares_by_hand():
    """Against numpy's least squares on team, juror and criterion at once, with as many criteria everywhere."""
    scores, _ = jury(1)
    parts = [pd.get_dummies(scores[name], dtype=float) for name in ("equipe_id", "juge_id", "critere")]
    effect = np.linalg.lstsq(np.hstack(parts), scores["note"].to_numpy(), rcond=None)[0]
    found = ranking(scores).teams.set_index("equipe_id")["note"]
    expected = pd.Series(effect[:12], index=parts[0].columns)
    gap = found - expected
    assert gap.max() - gap.min() < 1e-6


def test_a_missing_criterion_neither_favours_nor_harms():
    cells = {(t, j): 3.0 for t in "ABC" for j in ("J1", "J2")}
    scores = scores_of(cells)
    found = ranking(scores[~((scores["equipe_id"] == "A") & (scores["juge_id"] == "J1") & (scores["critere"] == "a"))])
    assert found.teams["note"].to_numpy() == pytest.approx(np.full(3, 3.0))
    heavy = ranking(scores, weights={"a": 3, "b": 1}).teams
    assert heavy["note"].to_numpy() == pytest.approx(np.full(3, 3.25))
    with pytest.raises(UsageError, match="give each of a, b a weight"):
        ranking(scores, weights={"a": 1})


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UsageError, match=r"No juror heard teams of both A and B"):
        ranking(scores_of({("A", "J1"): 3.0, ("B", "J2"): 4.0}))
    with pytest.raises(UsageError, match=r"no row"):
        ranking(scores_of({}))
    table = pd.DataFrame({"jure_id": ["J1"], "equipe_id": ["A"], "critere": ["a"], "note": [6.0]})
    with pytest.raises(UsageError, match=r"J1 on A, a: 6. Allowed: note from 0 to 5"):
        marks(table, 5, {"a": "A"})
    with pytest.raises(UsageError, match=r"Allowed: critere among b"):
        marks(table, 10, {"b": "B"})


# The simulator


@pytest.fixture(scope="module", params=[pytest.param(0.0, marks=pytest.mark.ci), HARD])
def thirty(request):
    """Thirty juries: without, and with jurors who like some teams and not others."""
    return request.param, run(30, likes=request.param)


def test_the_corrected_ranking_finds_the_true_winner_more_often(thirty):
    likes, (raw, fair, _) = thirty
    assert fair - raw >= GAIN or likes


def test_stated_probabilities_hold_on_thirty_juries(thirty):
    _, (_, _, stated) = thirty
    assert stated["said"].sum() == pytest.approx(30 * (3 + 1))
    sure = stated[(stated["said"] >= SURE) | (stated["said"] <= 1 - SURE)]
    right = (sure["is"] == (sure["said"] > 0.5)).mean()
    assert right == pytest.approx(np.maximum(sure["said"], 1 - sure["said"]).mean(), abs=WITHIN)


@pytest.mark.proof
@pytest.mark.parametrize("likes", [0.0, HARD])
def test_both_hold_on_three_hundred_juries(likes):
    raw, fair, stated = run(RUNS, likes=likes)
    assert fair - raw >= GAIN or likes
    table = calibration(stated)
    assert ((table["said"] - table["is"]).abs() <= WITHIN).all(), table


def test_the_same_seed_gives_the_same_probabilities():
    scores, _ = jury(3)
    first, again, other = (ranking(scores, seed=seed).teams["p_prix"].to_numpy() for seed in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first - other).max() < 0.05


def test_severities_are_those_of_a_many_facet_rasch_model():
    rp = pytest.importorskip("raschpy")
    for seed, each in ((1, 6), (2, 3)):
        scores, _ = jury(seed, each)
        scores = scores.assign(note=np.clip(np.round(scores["note"] / 2), 0, 5).astype(int))
        wide = scores.pivot(index=["juge_id", "equipe_id"], columns="critere", values="note")
        model = rp.MFRM(wide.astype(float), max_score=5)
        model.calibrate_global()
        theirs, ours = pd.Series(model.raters_global), ranking(scores).jurors.set_index("juge_id")["severite"]
        assert np.corrcoef(theirs.reindex(ours.index), ours)[0, 1] >= 0.99


# Kemeny

TENNESSEE = {"NCKM": 26, "MNCK": 42, "CKNM": 15, "KCNM": 17}


def wins_of(profile):
    names = sorted({*"".join(profile)})
    wins = pd.DataFrame(0, index=names, columns=names)
    for order, votes in profile.items():
        for at, first in enumerate(order):
            wins.loc[first, [*order[at + 1 :]]] += votes
    return wins


def test_kemeny_on_the_published_profile():
    assert agreeing(wins_of(TENNESSEE)) == (list("NCKM"), 393.0)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(0, 999))
def test_kemeny_against_all_orders(count, seed):
    values = np.random.default_rng(seed).integers(0, 9, (count, count))
    wins = pd.DataFrame(values, index=range(count), columns=range(count))
    order, score = agreeing(wins)

    def agrees(one):
        return sum(values[a, b] for at, a in enumerate(one) for b in one[at + 1 :])

    assert score == agrees(order) == max(map(agrees, permutations(range(count))))


def test_kemeny_of_fifteen_and_no_more():
    wins = pd.DataFrame(np.triu(np.ones((15, 15)), 1))
    assert agreeing(wins) == ([*range(15)], 105.0)
    with pytest.raises(UsageError, match="16 teams"):
        agreeing(pd.DataFrame(np.ones((16, 16))))


def test_preferences_count_jurors():
    wins = preferences(
        scores_of({("A", "J1"): 4.0, ("B", "J1"): 3.0, ("A", "J2"): 2.0, ("B", "J2"): 2.0, ("C", "J3"): 5.0})
    )
    assert wins.loc["A", "B"] == 1
    assert wins.to_numpy().sum() == 1
    assert kemeny(scores_of({("A", "J1"): 4.0, ("B", "J1"): 3.0}), ["B", "A"]) == (["A", "B"], 1.0)


# The sample, and what remains


def test_planted_severities_and_worth(datathon_tables, scored):
    _, found = scored
    truths = datathon_tables["planted"]
    for case, ours in (("sévérité", found.jurors.set_index("juge_id")["severite"]),
                       ("qualité", found.teams.set_index("equipe_id")["note"])):  # fmt: skip
        theirs = truths[truths["cas"] == case].set_index("cle")["valeur"].astype(float)
        assert np.corrcoef(ours.reindex(theirs.index), theirs)[0, 1] > 0.9
    best = truths[truths["cas"] == "qualité"].set_index("cle")["valeur"].astype(float).idxmax()
    assert found.teams["equipe_id"].iloc[0] == best


def test_prizes_are_proposed_only_where_they_are_sure(scored):
    _, found = scored
    table = proposed(found)
    assert table["p_prix"].sum() == pytest.approx(3)
    assert (table.loc[table["proposition"] == "premier prix", "p_premier"] >= SURE).all()
    assert (table.loc[table["proposition"] == "un prix", "p_prix"] >= SURE).all()
    open_ones = table[table["proposition"] == "à départager"]
    assert open_ones["p_prix"].between(1 - SURE, SURE).all()
    pairs = duels(found)
    assert pairs["probabilite"].between(0.5, SURE).all()
    assert {*open_ones["equipe_id"]} <= {*pairs["equipe_a"], *pairs["equipe_b"]}
    for first, other, chance in pairs.itertuples(index=False):
        assert found.before.at[first, other] == pytest.approx(chance)


def test_a_record_names_nobody_and_can_be_computed_again(datathon_tables, scored):
    scores, found = scored
    used = [{"table": "datathon/scores", "sha256": "0" * 64, "origin": "sample"}]
    text = record(found, scores, edition(), used, date(2020, 6, 30))
    assert verify(text) == []
    people = [datathon_tables["members"], datathon_tables["jurors"]]
    for name in {str(value) for table in people for column in ("nom", "prenom") for value in table[column].dropna()}:
        assert name not in text
    assert not any(f'"{code}"' in text for code in datathon_tables["jurors"]["juge_id"])
    assert not any(said in text for said in scores["commentaire"].dropna().unique())
    content = json.loads(text)
    assert content["donnees_personnelles_a_effacer_le"] == "2020-06-30"
    assert len(content["notes"]) == len(scores)
    for change in ({"graine": 1}, {"prix": 2}, {"notes": content["notes"][1:]}):
        assert verify(json.dumps(content | change)) == ["Le sceau ne correspond pas au contenu."]


def test_a_sealed_order_that_does_not_follow_is_said(scored):
    scores, found = scored
    wrong = found.teams.assign(rang=found.teams["rang"].to_numpy()[::-1])
    text = record(methods.Ranking(wrong, found.jurors, found.before, 3), scores, edition(), [], date(2020, 1, 1))
    assert len(verify(text)) == len(wrong)


def test_feedback_is_beside_the_others(scored):
    scores, found = scored
    rows = pd.concat([feedback(found, scores, edition().criteria("jury"), team) for team in found.teams["equipe_id"]])
    assert rows.groupby("critere")["ecart"].median().abs().max() < 1e-9
    with pytest.raises(UsageError, match="the jury gave it no score"):
        feedback(found, scores, edition().criteria("jury"), "E99")


def test_the_first_goes_on_as_an_idea(root, datathon_tables, scored):
    idea = as_idea(proposed(scored[1]), datathon_tables["applications"], edition())
    assert idea[["etat", "origine"]].values.tolist() == [["à confirmer par le jury", "Datathon"]]
    nothing = proposed(scored[1]).assign(proposition="à départager")
    assert as_idea(nothing, datathon_tables["applications"], edition()).empty
    path = root / "data" / "schemas" / "datathon" / "ideas.json"
    if not path.is_file():
        pytest.skip("ideas.json comes with the incubator")
    schema = read_schema(path)
    assert check(typed(idea.reindex(columns=list(schema.names)), schema), schema).empty


@pytest.mark.parametrize(
    ("juror", "team", "said"),
    [
        ("J1", "E99", "datathon/scores: equipe_id='E99': no application that is admitted has this code. Did you mean"),
        ("J1", "E15", "datathon/scores: equipe_id='E15': no application that is admitted has this code. Did you mean"),
        ("J9", "E01", "datathon/scores: juge_id='J9': nobody in datathon/jurors has this code. Did you mean 'J"),
        ("J4", "E07", "datathon/scores: J4 marked E07, but stands aside for that team (autre intérêt). Take these"),
    ],
)
def test_marks_that_may_not_count_win_no_prize(monkeypatch, datathon_tables, juror, team, said):
    """One mark of 5 on a team that was refused, or is unknown, made it the first by 97 in 100."""
    data = contest()
    more = {"jure_id": juror, "equipe_id": team, "critere": "technique", "note": 5.0}
    scores = pd.concat([datathon_tables["scores"], pd.DataFrame([more])], ignore_index=True)
    monkeypatch.setattr("tikub_lab.tables.load", lambda name, optional: scores)
    with pytest.raises(UsageError) as told:
        data.marks("scores", 5)
    assert str(told.value).startswith(said)


def test_what_is_wrong_with_a_mark_is_told_with_the_step_that_helps():
    row = {"juge_id": "J1", "equipe_id": "E01", "critere": "Technique", "note": 3.0}
    with pytest.raises(UsageError, match=r"E01, Technique: 3\. Allowed: critere among a\. .* import it again\.$"):
        marks(pd.DataFrame([row]), 5, {"a": "A"})
    with pytest.raises(UsageError, match="prizes=0: at least one"):
        ranking(scores_of({("A", "J1"): 4.0}), prizes=0)
    with pytest.raises(UsageError, match=r"sure=7: a probability from 0\.5 on, below 1"):
        proposed(ranking(scores_of({("A", "J1"): 4.0})), 7)
    assert verify("{") == verify("[1]") == ["Ce n'est pas un relevé : rien n'y est lisible."]
