"""The ledger by hand: what it takes, refuses and remarks; what is known and true; corrections, purge, verification."""

import sqlite3
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.staffing.events import ABSENCE, ASSIGNMENT, POSITION, REPLACEMENT, STORY, day, event
from tikub_lab.errors import RunError, UsageError
from tikub_lab.staffing.events import CONTENT
from tikub_lab.staffing.ledger import Ledger


class Clock:
    def __init__(self):
        self.now = datetime(2026, 1, 1)

    def __call__(self):
        self.now += timedelta(hours=1)
        return self.now


def things(ledger, valid, known=None):
    return ledger.state(valid, known)["id"].sort_values().tolist()


def test_a_story(ledger):
    assert [receipt.number for receipt in ledger.append(STORY)] == [1, 2, 3, 4]
    assert things(ledger, day(0)) == ["e1", "e2"]
    assert things(ledger, day(10)) == ["e1", "e2", "e3"]
    assert things(ledger, day(39)) == ["e1", "e2", "e3", "e4"]
    assert things(ledger, day(40)) == ["e1", "e2"]
    assert things(ledger, day(-1)) == []
    state = ledger.state(day(12)).set_index("cle")
    assert list(state.columns) == [name for name in (*CONTENT, "enregistre") if name != "cle"]
    assert state["fin"].isna().to_dict() == {"B1": False, "F1": True, "P1": True, "R1": False}
    assert state.loc["P1", "quotite"] == 100
    assert ledger.verify().problems == ()


def test_the_same_event_twice_is_one(ledger):
    first = ledger.append(STORY)
    again = ledger.append([{**each, "debut": str(each["debut"])} for each in STORY])
    assert [item.new for item in first + again] == [True] * 4 + [False] * 4
    assert [item.number for item in again] == [1, 2, 3, 4]
    other = ledger.append([{**STORY[0], "metier": "accueil"}])[0]
    assert other.number is None
    assert other.remarks == ("id 'e1' is that of another event. A correction is a new one that replaces it.",)
    assert ledger.verify().events == 4


def test_corrections_and_what_was_known_before(place):
    ledger = Ledger(place, clock=Clock())
    ledger.append(STORY)  # all at one, two… o'clock
    before = datetime(2026, 1, 1, 4, 30)
    ledger.append(
        [event("e5", ABSENCE, "B1", 20, 30, remplace="e3"), event("e6", ASSIGNMENT, "F1", 60, verbe="retract")]
    )
    assert things(ledger, day(12)) == ["e1", "e2", "e4"]
    assert things(ledger, day(25)) == ["e1", "e2", "e4", "e5"]
    assert things(ledger, day(35)) == ["e1", "e2", "e4"]
    assert things(ledger, day(12), before) == ["e1", "e2", "e3", "e4"]
    assert things(ledger, day(59)) == ["e1", "e2"]
    assert things(ledger, day(60)) == ["e1"]
    assert things(ledger, day(60), before) == ["e1", "e2"]
    assert things(ledger, day(60), "2026-01-01T04:30") == ["e1", "e2"]
    assert things(ledger, day(60), "2026-01-01") == ["e1"]
    assert things(ledger, day(60), date(2025, 12, 31)) == []
    late = ledger.append([event("e7", ABSENCE, "B1", 0, 5), event("e8", ASSIGNMENT, "F1", 60, 70)])
    assert all(item.new for item in late)
    assert things(ledger, day(65)) == ["e1", "e8"]
    assert things(ledger, day(70)) == ["e1"]
    assert things(ledger, day(2)) == ["e1", "e2", "e7"]
    assert ledger.verify().problems == ()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"quotity": 1}, "unknown key 'quotity'. Did you mean 'quotite'? Known: id, verbe, "),
        ({"id": ""}, "id is missing: every event has id, verbe, objet, cle, debut."),
        ({"cle": None}, "cle is missing"),
        ({"debut": "01/02/2026"}, "debut is not a date such as 2026-03-01."),
        ({"fin": day(0)}, "fin is not after debut; it is the first day on which it is over."),
        ({"verbe": "asserts"}, "verbe is none of assert, retract. Did you mean 'assert'?"),
        ({"objet": "position"}, "objet is none of poste, affectation, absence, remplacement."),
        ({"quotite": 0}, "quotite is not a share of full time, above 0 and up to 100 (%)."),
        ({"quotite": "nan"}, "quotite is not a share"),
        ({"quotite": True}, "quotite is not a share"),
        ({"metier": "cui\nsine"}, "metier is not text on one line"),
        ({"metier": ["cuisine"]}, "metier is not text"),
        ({"metier": None}, "assert poste: metier is missing; it says code_uai, metier, quotite, statut."),
        ({"agent": "A1"}, "assert poste: agent is not said of it; it says code_uai, metier, quotite, statut"),
        ({"verbe": "retract"}, "retract poste: code_uai is not said of it; it says nothing."),
        ({"remplace": "e0"}, "remplace: 'e0' is no event; name one of poste 'P1'."),
    ],
)
def test_what_is_malformed_is_refused(wrong, says):
    receipt = Ledger("sqlite://").append([{**STORY[0], **wrong}])[0]
    assert receipt.number is None
    assert receipt.remarks[0].startswith(says)


def test_what_belongs_to_nothing_is_refused_and_the_rest_goes_on(ledger):
    lone = [STORY[2], STORY[0], STORY[1], event("x", ABSENCE, "B9", 5, rattachement="F9"), STORY[3]]
    receipts = ledger.append([*lone, event("y", ASSIGNMENT, "F2", -9, -2), STORY[2]])
    assert [item.number for item in receipts] == [None, 1, 2, None, None, None, 3]
    assert receipts[0].remarks == (
        "absence without affectation: no 'F1' known from 2026-01-11 to 2026-02-10. Send it first.",
    )
    assert receipts[3].remarks == ("absence without affectation: no 'F9' known from 2026-01-06. Send it first.",)
    assert receipts[5].remarks[0].startswith("affectation without poste: no 'P1' known from 2025-12-23")


def test_a_correction_names_an_event_of_its_thing_that_stands(ledger):
    ledger.append(STORY)
    other = ledger.append([event("x", ABSENCE, "B2", 10, 40, remplace="e3")])[0]
    assert other.remarks == ("remplace: 'e3' is the event of another thing; name one of absence 'B2'.",)
    ledger.append([event("e5", ABSENCE, "B1", 10, 20, remplace="e3")])
    twice = ledger.append([event("e6", ABSENCE, "B1", 10, 30, remplace="e3")])[0]
    assert twice.remarks == ("remplace: 'e3' is replaced already, by 'e5'; replace that one.",)


def test_what_is_too_much_is_taken_and_remarked(ledger):
    ledger.append(STORY)
    more = ledger.append(
        [
            event("f1", ASSIGNMENT, "F2", 50, 60, agent="A3", quotite=50),
            event("f2", POSITION, "P2"),
            event("f3", ASSIGNMENT, "F3", 5, rattachement="P2", quotite=20),
            event("f4", REPLACEMENT, "R2", 8, 12, agent="A4"),
            event("f5", ASSIGNMENT, "F4", 45, rattachement="P2", agent="A2", quotite=80),
            event("f6", ASSIGNMENT, "F5", 30, rattachement="P2", agent="A5", quotite=10),
        ]
    )
    assert all(item.new for item in more)
    assert [item.remarks for item in more] == [
        ("the position is at 150 %, over its 100 %",),
        (),
        ("the agent is at 120 %, over 100 %",),
        ("the replacement begins before the absence: two on one position for a time",),
        (),
        ("the position is at 110 %, over its 100 %",),
    ]


def test_a_clock_set_back_is_said_and_known_times_do_not_go_back(place):
    times = [datetime(2026, 3, 1, 10), datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 11)]
    ledger = Ledger(place, clock=lambda: times.pop(0))
    receipts = [ledger.append([each])[0] for each in STORY[:3]]
    said = "the clock was set back to 2026-03-01 09:00:00 UTC; recorded as the last event"
    assert [item.remarks for item in receipts] == [(), (said,), ()]
    assert things(ledger, day(10), datetime(2026, 3, 1, 10)) == ["e1", "e2"]
    assert ledger.verify().problems == ()


ASTRAY = "event {}: its periods are not what the events come to"
CHANGES = {
    "UPDATE staffing_event SET agent = 'A9' WHERE number = 2": "event 2: its content is not what was recorded",
    "UPDATE staffing_event SET fin = NULL WHERE number = 3": "event 3: its content is not what was recorded",
    "UPDATE staffing_event SET enregistre = '2026-01-01' WHERE number = 3": "event 3: its hash does not follow from",
    "UPDATE staffing_event SET digest = 'x' WHERE number = 1": "event 1: its content is not what was recorded",
    "UPDATE staffing_event SET number = 9 WHERE number = 2": "event 2 is missing",
    "UPDATE staffing_event SET salt = NULL WHERE number = 4": "1 events have no content, and 0 were purged",
    "UPDATE staffing_period SET fin = '2026-01-20' WHERE number = 5": ASTRAY.format(5),
    "UPDATE staffing_period SET until = 2147483647 WHERE number = 3": ASTRAY.format(3),
    "UPDATE staffing_period SET since = 4 WHERE number = 2": ASTRAY.format(2),
    "DELETE FROM staffing_period WHERE number = 1": ASTRAY.format(1),
    "INSERT INTO staffing_period VALUES (4, '2026-03-01', '2026-04-01', 4, 2147483647)": ASTRAY.format(4),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_found(ledger, change):
    ledger.append([*STORY, event("e5", ABSENCE, "B1", 10, 20, remplace="e3")])
    sound = ledger.verify()
    assert (sound.events, sound.purged, sound.problems) == (5, 0, ())
    assert len(sound.head) == 64
    with ledger.engine.begin() as connection:
        connection.execute(sa.text(change))
    assert any(item.startswith(CHANGES[change]) for item in ledger.verify().problems)


def test_a_purge_deletes_for_good_and_the_chain_stands(place):
    ledger = Ledger(place, clock=Clock())
    story = [
        *STORY,
        event("e5", ABSENCE, "B1", 10, 20, remplace="e3"),
        event("e6", ABSENCE, "B2", 5, 8, motif="accident"),
    ]
    ledger.append(story)
    before = ledger.state(day(15))
    ledger.clock = lambda: datetime(2026, 6, 1)
    with pytest.raises(UsageError, match="purge before 2027-01-01: that day is to come"):
        ledger.purge("2027-01-01")
    assert ledger.purge(day(15)) == 2  # e6 is over, e3 was replaced
    found = ledger.verify()
    assert (found.events, found.purged, found.problems) == (6, 2, ())
    assert ledger.state(day(15)).equals(before)
    with pytest.raises(UsageError, match=r"what was over by 2026-01-16 is purged. Ask for that day or a later one"):
        ledger.state(day(14))
    with pytest.raises(UsageError, match="is purged"):
        ledger.state(day(15), day(2))
    assert [item.number for item in ledger.append(story)] == [1, 2, 3, 4, 5, 6]
    old = ledger.append([event("e7", ABSENCE, "B3", 5, 8)])[0]
    assert old.remarks == ("it was over on 2026-01-09, and what was over by 2026-01-16 is purged.",)
    assert ledger.purge(day(15)) == 0
    assert ledger.purge(day(45)) == 2
    assert ledger.verify().purged == 4
    ledger.engine.dispose()
    if not isinstance(place, str):
        assert b"accident" not in b"".join(path.read_bytes() for path in place.parent.iterdir())


def test_a_purge_takes_what_had_no_end_until_another_event_gave_it_one(place):
    ledger = Ledger(place, clock=Clock())
    ledger.append([*STORY, event("e5", ASSIGNMENT, "F1", 50, verbe="retract"), event("e6", ASSIGNMENT, "F2", 50)])
    ledger.clock = lambda: datetime(2026, 6, 1)
    assert ledger.purge(day(49)) == 2  # the absence and its replacement
    assert things(ledger, day(49)) == ["e1", "e2"]
    assert ledger.purge(day(50)) == 2  # the assignment, with what ended it
    assert things(ledger, day(50)) == ["e1", "e6"]
    late = event("e7", ASSIGNMENT, "F2", 55, verbe="retract")
    assert ledger.append([late])[0].new
    assert ledger.purge(day(60)) == 0  # what was known by then may still be asked for
    assert things(ledger, day(60), day(60)) == ["e1", "e6"]
    assert things(ledger, day(60)) == ["e1"]
    found = ledger.verify()
    assert (found.purged, found.problems) == (4, ())
    ledger.engine.dispose()


def test_a_newer_format_and_what_is_no_ledger_are_refused(ledger, place, tmp_path):
    ledger.append(STORY)
    with ledger.engine.begin() as connection:
        connection.execute(sa.text("UPDATE staffing_ledger SET value = '2' WHERE name = 'format'"))
    with pytest.raises(UsageError, match=r"a ledger of format 2, and 1 is what this version reads. Update tikub-lab"):
        Ledger(place)
    with pytest.raises(UsageError, match="no ledger there"):
        Ledger(tmp_path / "none.sqlite", create=False)
    (tmp_path / "text.sqlite").write_text("a text that is no database, and long enough to be looked at " * 9)
    with pytest.raises(RunError, match=r"text.sqlite: file is not a database"):
        Ledger(tmp_path / "text.sqlite")
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE other (a)").connection.close()
    with pytest.raises(UsageError, match="no ledger there"):
        Ledger(tmp_path / "other.sqlite", create=False)
    for wrong in ("mysql://host/base", "http://", "x://y"):
        with pytest.raises(UsageError, match="no file and no URL"):
            Ledger(wrong)


def test_a_password_is_not_said():
    pytest.importorskip("psycopg")
    with pytest.raises(RunError) as caught:
        Ledger("postgresql://someone:secret@127.0.0.1:1/base")
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_no_date_is_refused(ledger):
    with pytest.raises(UsageError, match="is no date"):
        ledger.state("soon")
    with pytest.raises(UsageError, match="is no date or time"):
        ledger.state(day(1), "soon")
