"""Seats: what the sample planted, histories against a count by hand, real snapshots, loads that can't be more even."""

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.make.bodies import DAY
from tikub_lab.bodies.seats import (
    CAME,
    HELD,
    LEFT,
    OVER,
    RENAMED,
    SOON,
    STATES,
    TWICE,
    VACANT,
    in_force,
    load,
    movements,
    person,
    proposal,
    state,
    to_appoint,
    tokens,
)  # fmt: skip
from tikub_lab.errors import RunError, UsageError

LABELS = {"section": "Code de la section départementale", "nom": "Nom de l'élu", "prenom": "Prénom de l'élu",
          "debut_mandat": "Date de début du mandat", "fonction": "Libellé de la fonction"}  # fmt: skip


@pytest.fixture(scope="module")
def snapshots(opendata):
    """The three real snapshots as published, read in place: birth dates are the oracle of the tests, nothing else."""
    parts = []
    for path in sorted((opendata / "bodies" / "elected").glob("*.csv")):
        table = pd.read_csv(path, sep=";", dtype="str")
        part = table.rename(columns={label: name for name, label in LABELS.items()})
        part["debut_mandat"] = pd.to_datetime(part["debut_mandat"], dayfirst=True)
        parts.append(part.assign(releve=pd.Timestamp(path.stem[-10:]), region=table["Code de la région"]))
    return pd.concat(parts, ignore_index=True)


# Histories: one body, few seats and people, days as numbers


def day(number):
    return pd.Timestamp("2024-01-01") + pd.Timedelta(days=number)


def made(history, seats=3, councillors=2):
    """Tables of a history: seat, person, first day, last day (None for none), term."""
    rows = [
        {"mandat_id": f"M{at:03d}", "siege_id": f"S{seat}", "nom": f"NOM{'ABC'[who]}", "prenom": "P",
         "elu": who < councillors, "debut": day(first), "fin": None if last is None else day(last), "terme": day(term)}
        for at, (seat, who, first, last, term) in enumerate(history)
    ]  # fmt: skip
    columns = ["mandat_id", "siege_id", "nom", "prenom", "elu", "debut", "fin", "terme"]
    mandates = pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(("debut", "fin", "terme"), "datetime64[s]") | {"elu": "bool"}
    )
    table = [{"siege_id": f"S{n}", "organisme_id": "A", "instance": "CA", "rang": n + 1, "role": "titulaire"}
             for n in range(seats)]  # fmt: skip
    return pd.DataFrame(table), mandates


HISTORY = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 60), st.none() | st.integers(0, 90),
              st.integers(0, 400)).filter(lambda item: item[3] is None or item[3] >= item[2]),
    max_size=8,
)  # fmt: skip


@settings(max_examples=30)
@given(history=HISTORY, today=st.integers(0, 100))
def test_any_history(history, today):
    seats, mandates = made(history)
    found = state(seats, mandates, day(today)).set_index("siege_id")
    carried = load(mandates, seats, day(today))
    for seat in range(3):
        held = [item for item in history if item[0] == seat and item[2] <= today and today <= (item[3] or 10**6)]
        held = [item for item in held if item[3] is None or item[3] >= today]
        row = found.loc[f"S{seat}"]
        if not held:
            expected = VACANT
            ended = [item[3] for item in history if item[0] == seat and item[3] is not None and item[3] < today]
            assert row["vacant_depuis"] == day(max(ended) + 1) if ended else pd.isna(row["vacant_depuis"])
        else:
            last = max(range(len(held)), key=lambda at: (held[at][2], at))
            term = day(held[last][4])
            late = OVER if term < day(today) else SOON if term <= day(today) + pd.DateOffset(months=6) else HELD
            expected = TWICE if len({item[1] for item in held}) > 1 else late
            assert row["nom"] == f"NOM{'ABC'[held[last][1]]}"
        assert row["etat"] == expected
    assert carried["sieges"].sum() == len(in_force(mandates, day(today)))
    assert (carried["cumuls"] < carried["sieges"]).all()


def test_by_hand():
    seats, mandates = made([(0, 0, 0, 10, 999), (0, 1, 11, None, 999), (1, 1, 0, None, 20), (2, 2, 0, 9, 9)])
    assert state(seats, mandates, day(10))["nom"].tolist()[:2] == ["NOMA", "NOMB"]
    assert state(seats, mandates, day(10), mois=0)["etat"].tolist() == [HELD, HELD, VACANT]
    assert state(seats, mandates, day(21))["etat"].tolist() == [HELD, OVER, VACANT]
    assert load(mandates, seats, day(11))[["nom", "sieges", "cumuls", "elu"]].values.tolist() == [["NOMB", 2, 1, True]]


# The sample


@pytest.mark.parametrize("name", STATES[:4])
def test_planted_seats(bodies_tables, name):
    found = state(bodies_tables["seats"], bodies_tables["mandates"], DAY)
    truths = bodies_tables["truths"]
    assert {*found.loc[found["etat"] == name, "siege_id"]} == {*truths.loc[truths["attendu"] == name, "cle"]}


def test_planted_movements(bodies_tables):
    moved, truths = movements(bodies_tables["councillors"]), bodies_tables["truths"]
    for word, expected in ((LEFT, LEFT), (CAME, CAME), (RENAMED, "même personne")):
        rows = moved[moved["mouvement"] == word]
        assert {*(rows["nom"] + " " + rows["prenom"])} == {*truths.loc[truths["attendu"] == expected, "cle"]}, word


def test_movements_are_those_of_the_rows_whatever_their_index(bodies_tables):
    councillors = bodies_tables["councillors"]
    twice = councillors.set_axis([0] * len(councillors))  # as two snapshots that were put together
    pd.testing.assert_frame_equal(movements(twice), movements(councillors))


def test_seats_of_those_who_left_are_to_be_appointed_again(bodies_tables):
    seats, mandates, moved = bodies_tables["seats"], bodies_tables["mandates"], movements(bodies_tables["councillors"])
    wanted = to_appoint(seats, mandates, moved, DAY)
    gone = moved[moved["mouvement"] == LEFT]
    held = in_force(mandates, DAY)
    expected = held[held["elu"] & (held["nom"] + held["prenom"]).isin(gone["nom"] + gone["prenom"])]
    assert {*wanted.query("motif == 'élu parti'")["siege_id"]} == {*expected["siege_id"]}
    assert len(expected) > 0
    assert {*wanted["motif"]} == {"élu parti", "siège vacant", "terme dépassé"}
    more = to_appoint(seats, mandates, moved, DAY, mois=6)
    assert len(more) == len(wanted) + 6


# Real snapshots


def test_the_four_bretons_of_april_2026_are_the_same_people_under_names_written_otherwise(snapshots):
    before, after = (snapshots[(snapshots["releve"] == day) & (snapshots["region"] == "53")]
                     for day in ("2026-04-22", "2026-04-24"))  # fmt: skip
    names = [{*(table["nom"] + "|" + table["prenom"])} for table in (before, after)]
    assert (len(names[0] - names[1]), len(names[1] - names[0])) == (4, 4)
    births = [{*(table["Date de naissance"] + table["section"] + table["prenom"])} for table in (before, after)]
    assert births[0] == births[1]  # by the birth dates, which no table keeps
    moved = movements(snapshots, "2026-04-22", "2026-04-24")
    assert moved["mouvement"].tolist() == [RENAMED] * 4
    assert movements(snapshots, "2025-11-16", "2026-04-22").empty


def test_of_all_regions_nobody_is_taken_for_another(snapshots):
    """Birth date, section and first day of the mandate tell who is who; names alone would make 77 people leave."""
    days, right, wrong, told, false, bare = sorted(snapshots["releve"].unique()), 0, 0, 0, 0, 0
    for (first, second), region in product(pairwise(days), sorted(snapshots["region"].unique())):
        rows = snapshots[snapshots["region"] == region]
        rows = rows.assign(who=rows["Date de naissance"] + rows["section"] + rows["debut_mandat"].astype("str"))
        before, after = (rows[rows["releve"] == day] for day in (first, second))
        moved = movements(snapshots, first, second, region)
        same = moved[moved["mouvement"] == RENAMED]
        old = same.merge(before[["nom", "prenom", "section", "who"]], on=["nom", "prenom", "section"])
        new = same.merge(
            after[["nom", "prenom", "section", "who"]],
            left_on=["nouveau_nom", "nouveau_prenom", "section"], right_on=["nom", "prenom", "section"],
        )  # fmt: skip
        right += (old["who"].to_numpy() == new["who"].to_numpy()).sum()
        wrong += (old["who"].to_numpy() != new["who"].to_numpy()).sum()
        left = moved[moved["mouvement"] == LEFT].merge(before, on=["nom", "prenom", "section"])
        told, false = told + len(left), false + left["who"].isin(after["who"]).sum()
        bare += len({*(before["nom"] + before["prenom"])} - {*(after["nom"] + after["prenom"])})
    assert (right, wrong) == (64, 0)
    assert (told, false, bare) == (13, 2, 77)  # two whose surname and first name both changed


def test_an_older_snapshot_is_refused_unless_confirmed(snapshots):
    with pytest.raises(UsageError, match=r"apres=2025-11-16 is older than avant=2026-04-24.*confirme=True"):
        movements(snapshots, "2026-04-24", "2025-11-16")
    back = movements(snapshots, "2026-04-24", "2025-11-16", confirme=True)
    assert {*back["mouvement"]} == {RENAMED}
    with pytest.raises(UsageError, match=r"apres='2026-05-01': there is no snapshot of this day"):
        movements(snapshots, "2026-04-24", "2026-05-01")
    one = snapshots[snapshots["releve"] == "2026-04-24"]
    with pytest.raises(UsageError, match="has 1 snapshot of region 53; two are needed"):
        movements(one)


def test_names_and_namesakes():
    assert tokens("ORSANNE (D')") == tokens("d'Orsanne") == {"ORSANNE"}
    assert tokens("LE") == {"LE"}
    keys = person(pd.Series(["LE BÉCHEC", "BECHEC (LE)"]), pd.Series(["Anne Marie", "marie-anne"]))
    assert keys.nunique() == 1


# The proposal


def councillors(count):
    return pd.DataFrame({"nom": [f"NOM{'ABCD'[n]}" for n in range(count)], "prenom": "P", "section": "29"})


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=5), st.integers(1, 3))
def test_no_proposal_is_more_even(history, count):
    held = [(seat, who, 0, None, 999) for seat, who in dict(history).items()]
    seats, mandates = made(held, seats=3 + count)
    seats["organisme_id"] = ["A", "B", "C", "A", "B", "D"][: len(seats)]
    wanted = seats.tail(count)
    found = proposal(wanted, seats, mandates, councillors(3), day(1))
    base = [sum(who == each for _, who, *_ in held) for each in range(3)]
    rooms = seats["organisme_id"].tolist()
    taken = {(rooms[seat], who) for seat, who, *_ in held}
    sums = []
    for choice in product(range(3), repeat=count):
        pairs = [(rooms[3 + at], who) for at, who in enumerate(choice)]
        if len({*pairs}) == count and not taken & {*pairs}:
            sums.append(int((np.array(base) + np.bincount(choice, minlength=3)).__pow__(2).sum()))
    chosen = ["NOMABC".index(name[-1]) - 3 for name in found["propose_nom"]]
    assert int(((np.array(base) + np.bincount(chosen, minlength=3)) ** 2).sum()) == min(sums)


def test_the_own_departement_comes_first_where_all_else_is_equal():
    seats, mandates = made([])
    people = councillors(3).assign(section=["22", "29", "35"])
    wanted = seats.head(2).assign(departement=["35", "22"])
    assert proposal(wanted, seats, mandates, people, day(1))["propose_nom"].tolist() == ["NOMC", "NOMA"]


def test_more_seats_than_people_and_none():
    seats, mandates = made([])
    with pytest.raises(RunError, match="3 seats can't be filled by 2 people"):
        proposal(seats, seats, mandates, councillors(2), day(1))
    assert proposal(seats.head(0), seats, mandates, councillors(2), day(1)).empty
    assert proposal(seats, seats, mandates, councillors(2).head(0), day(1)).empty  # before the first snapshot
    with pytest.raises(UsageError, match="mois=-1: give a number of months from 0 to 120"):
        state(seats, mandates, day(1), -1)


def test_on_the_sample_loads_become_more_even(bodies_tables):
    seats, mandates = bodies_tables["seats"], bodies_tables["mandates"]
    wanted = to_appoint(seats, mandates, movements(bodies_tables["councillors"]), DAY)
    people = bodies_tables["councillors"][bodies_tables["councillors"]["releve"] == DAY]
    found = proposal(wanted, seats, mandates, people, DAY)
    assert len(found) == len(wanted)
    assert found["charge_apres"].max() <= load(mandates, seats, DAY)["sieges"].median()
    assert not found.duplicated(["organisme_id", "instance", "propose_nom", "propose_prenom"]).any()
