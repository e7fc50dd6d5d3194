"""Plans of readers: enough, even, nobody who stands aside; who has not read what."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.datathon.applications import aside
from tikub_lab.datathon.edition import edition
from tikub_lab.datathon.jury import marks, ranking
from tikub_lab.datathon.panel import of_role, plan, unread
from tikub_lab.errors import UsageError

NOBODY = pd.DataFrame(columns=["juge_id", "equipe_id"], dtype="str")


@settings(max_examples=25)
@given(
    teams=st.integers(0, 14), readers=st.integers(3, 7), each=st.integers(1, 3), seed=st.integers(0, 9),
    never=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 13)), max_size=12),
)  # fmt: skip
def test_any_plan(teams, readers, each, seed, never):
    codes, people = [f"E{n}" for n in range(teams)], [f"L{n}" for n in range(readers)]
    away = pd.DataFrame([(f"L{who}", f"E{team}") for who, team in sorted(never)], columns=NOBODY.columns, dtype="str")
    pairs = {*zip(away["juge_id"], away["equipe_id"], strict=True)}
    free = {team: sum((who, team) not in pairs for who in people) for team in codes}
    if free and min(free.values()) < each:
        with pytest.raises(UsageError, match=rf"can read it, {each} have to"):
            plan(codes, people, away, each, seed)
        return
    found = plan(codes, people, away, each, seed)
    assert found.groupby("equipe_id").size().reindex(codes).tolist() == [each] * teams
    assert not found.duplicated().any()
    assert not pairs & {*zip(found["juge_id"], found["equipe_id"], strict=True)}
    load = found.groupby("juge_id").size().reindex(people, fill_value=0)
    if not pairs and teams:
        assert load.max() - load.min() <= 1
    for more in people:  # nobody could hand a team to somebody who has two fewer
        for less in people:
            if load[more] - load[less] > 1:
                own, other = ({*found.loc[found["juge_id"] == who, "equipe_id"]} for who in (more, less))
                assert all((less, team) in pairs for team in own - other)


def test_seeds_give_other_plans_and_the_same_one_again():
    codes, people = [f"E{n}" for n in range(12)], [f"L{n}" for n in range(5)]
    first, again, other = (plan(codes, people, NOBODY, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_who_has_not_read_what(datathon_tables):
    tables, criteria = datathon_tables, edition().criteria("sélection")
    away = aside(tables["jurors"], tables["ties"], tables["members"])
    readings = marks(tables["readings"], 5, criteria)
    readers = of_role(tables["jurors"], "lecteur")["juge_id"]
    planned = plan([f"E{n:02d}" for n in range(1, 15)], readers, away, seed=2019)
    lacking = unread(planned, readings, criteria)
    assert lacking["equipe_id"].tolist() == ["E05"]
    half = readings[readings["critere"] != "pertinence"]
    assert {*unread(planned, half, criteria)["manquent"]} <= {"pertinence", ", ".join(criteria)}
    assert len(unread(planned, readings.head(0), criteria)) == len(planned) == 42
    assert ranking(readings).teams["jures"].sum() == len(planned) - len(lacking)


def test_a_plan_without_readers_for_a_team_is_told():
    with pytest.raises(UsageError, match="each=0: each team is read by one at least"):
        plan(["E1"], ["L1"], pd.DataFrame(columns=["juge_id", "equipe_id"]), 0)
