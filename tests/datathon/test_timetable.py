"""The two days: no order that is drawn has a clash, the check finds each kind, diaries read what is written."""

from datetime import date, timedelta

import icalendar
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.datathon.applications import aside
from tikub_lab.datathon.panel import plan
from tikub_lab.datathon.timetable import as_ics, clashes, schedule, windows
from tikub_lab.errors import UsageError

NOBODY = pd.DataFrame(columns=["juge_id", "equipe_id"], dtype="str")
DAYS = [date(2019, 6, 15), date(2019, 6, 16)]


@settings(max_examples=25)
@given(
    teams=st.integers(1, 12), jurors=st.integers(2, 6), rooms=st.integers(1, 3), seed=st.integers(0, 9),
    minutes=st.integers(1, 14), pause=st.integers(0, 10),
    never=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 11)), max_size=6),
)  # fmt: skip
def test_no_order_has_a_clash(teams, jurors, rooms, seed, minutes, pause, never):
    codes, people = [f"E{n}" for n in range(teams)], [f"J{n}" for n in range(jurors)]
    away = pd.DataFrame([(f"J{who}", f"E{team}") for who, team in sorted(never)], columns=NOBODY.columns, dtype="str")
    try:
        panel = plan(codes, people, away, each=2, seed=seed)
    except UsageError:
        return
    found = schedule(panel, windows(DAYS), minutes, pause, rooms, seed)
    assert clashes(found, codes, away).empty
    assert (found["fin"] - found["debut"] == pd.Timedelta(minutes=minutes)).all()
    assert found["debut"].dt.strftime("%H:%M").min() >= "09:00"
    assert found["fin"].dt.strftime("%H:%M").max() <= "12:30"
    assert found.groupby("debut").size().max() <= rooms
    if rooms == 1:  # no time is lost
        assert found["debut"].is_unique


def moved(table, row, **changes):
    return table.assign(**{name: [value if at == row else old for at, old in enumerate(table[name])]
                           for name, value in changes.items()})  # fmt: skip


def test_the_check_finds_each_kind():
    panel = pd.DataFrame({"juge_id": ["J1", "J2", "J1"], "equipe_id": ["E1", "E1", "E2"]})
    table = schedule(panel, windows(DAYS[:1]))
    first, second = table.iloc[0], table.iloc[1]
    away = pd.DataFrame({"juge_id": ["J1"], "equipe_id": [second["equipe_id"]]})

    def found(changed, teams=("E1", "E2"), never=NOBODY):
        return {*clashes(changed, teams, never)["probleme"]}

    assert found(table) == set()
    assert found(table, ["E1", "E2", "E3"]) == {"ne présente pas"}
    assert found(table, ["E1"]) == {"présente sans être retenue"}
    assert "présente deux fois" in found(pd.concat([table, table.tail(1)]))
    assert found(table, never=away) == {"J1 doit se déporter"}
    assert found(moved(table, 0, jures="")) == {"sans juré"}
    assert found(moved(table, 0, fin=first["debut"] + timedelta(minutes=15))) == {"dure trop, ou pas du tout"}
    assert found(moved(table, 0, fin=first["debut"] + timedelta(minutes=14, seconds=59))) == set()
    assert found(moved(table, 0, fin=first["debut"])) == {"dure trop, ou pas du tout"}
    same = moved(table, 1, debut=first["fin"] - timedelta(seconds=1), fin=first["fin"] + timedelta(minutes=10))
    assert found(same) == {f"J1 est déjà devant {first['equipe_id']}", f"Salle 1 est prise par {first['equipe_id']}"}
    assert found(moved(same, 1, salle="Salle 2", jures="J2|J3")) == (
        set() if first["equipe_id"] == "E2" else {"J2 est déjà devant E1"}
    )
    assert found(moved(table, 1, debut=first["fin"], fin=first["fin"] + timedelta(minutes=10))) == set()


def test_too_long_or_too_many_is_said():
    panel = pd.DataFrame({"juge_id": ["J1"] * 4, "equipe_id": list("ABCD")})
    with pytest.raises(UsageError, match=r"minutes=15: a presentation takes from 1 to 14 minutes"):
        schedule(panel, windows(DAYS), minutes=15)
    with pytest.raises(UsageError, match=r"pause=-20: minutes between two presentations, 0 or more\."):
        schedule(panel, windows(DAYS), pause=-20)
    with pytest.raises(UsageError, match=r"hours=\('09:00', '25:00'\): two times of a day, written as 09:00\."):
        windows(DAYS, ("09:00", "25:00"))
    with pytest.raises(UsageError, match=r"4 teams, 3 times in 2 rooms: too few"):
        schedule(panel, windows(DAYS[:1], ("09:00", "10:00")), rooms=2)
    assert len(schedule(panel, windows(DAYS[:1], ("09:00", "10:12")), rooms=1)) == 4


def test_the_sample_has_no_clash(datathon_tables):
    tables = datathon_tables
    away = aside(tables["jurors"], tables["ties"], tables["members"])
    assert clashes(tables["schedule"], [f"E{n:02d}" for n in range(1, 13)], away).empty


def test_diaries_read_what_is_written():
    """Signs that RFC 5545 escapes, long lines, and both sides of a change of the clocks, in Europe/Paris."""
    panel = pd.DataFrame({"juge_id": ["J1", "J1"], "equipe_id": ["E1", "E2"]})
    name = "Les « Goélands », l'été; ligne\\1\nligne 2 " + "é" * 80
    hours = windows([date(2019, 10, 26)], ("23:50", "23:59")) + windows([date(2019, 10, 27)], ("09:00", "09:15"))
    table = schedule(panel, hours, minutes=9)
    data = as_ics(table, pd.Series({"E1": name, "E2": name}), fictitious=True)
    assert data == as_ics(table, pd.Series({"E1": name, "E2": name}), fictitious=True)
    lines = data.split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
    assert data.count(b"BEGIN:VTIMEZONE") == 1
    assert b"TZID=Europe/Paris" in data
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == [f"{name} (données fictives)"] * 2
    assert [event.start.isoformat() for event in events] == ["2019-10-26T23:50:00+02:00", "2019-10-27T09:00:00+01:00"]
    assert len({str(event["uid"]) for event in events}) == 2
    assert as_ics(table.head(0), pd.Series(dtype="str")).count(b"VEVENT") == 0
