"""The page of positions that stays up to date: what it follows, and `tikub staffing live` from an event to the page."""

import re
from datetime import date, timedelta
from functools import partial

import pandas as pd

from tests.reports.test_live import get, served
from tests.staffing.events import ABSENCE, ASSIGNMENT, POSITION, event
from tikub_lab import tables
from tikub_lab.staffing import live
from tikub_lab.staffing.events import OPEN
from tikub_lab.staffing.ledger import Ledger, replay
from tikub_lab.staffing.situation import earlier, stand
from tikub_lab.staffing.state import PUBLIC


def same(left, right):
    """The same rows, in whichever order."""

    def said(row):
        return sorted((name, str(value)) for name, value in row.items())

    return sorted(map(said, left)) == sorted(map(said, right))


def test_what_is_followed_is_what_the_ledger_holds(place):
    """After new events, late ones, corrections, many at once, and a purge."""
    ledger, other = Ledger(place), Ledger(place)
    following, changed = live.Following(ledger), partial(live.seen, ledger)
    seen = changed()
    assert following.rows() == []
    steps = [
        [event(f"p{n}", POSITION, f"P{n}") for n in (1, 2, 3)],
        [event("f1", ASSIGNMENT, "F1", 5), event("b1", ABSENCE, "B1", 10, 20)],
        [event("g2", POSITION, "P2", 3, 9, statut="gelé"), event("x1", ASSIGNMENT, "F1", 50, verbe="retract")],
        [event("f2", ASSIGNMENT, "F1", 7, remplace="f1")],
        [event(f"q{n}", POSITION, f"Q{n}") for n in range(8)],
    ]
    for events in steps:
        assert all(item.new for item in other.append(events))
        assert changed() != seen
        seen = changed()
        assert changed() == seen, "nothing is written by looking"
        assert same(following.rows(), ledger.rows(*PUBLIC))
    other.purge(date(2026, 1, 15))
    assert changed() != seen
    assert same(following.rows(), ledger.rows(*PUBLIC))
    for each in (ledger, other):
        each.engine.dispose()


def test_days_of_the_sample_follow_each_other_as_if_read_anew():
    """The sample's last month, event after event in one ledger, against each day read alone."""
    events = tables.load("staffing/events")
    cut = len(events) - 120
    ledger = replay(events.iloc[:cut])
    following = live.Following(ledger)
    following.rows()
    for begin in range(cut, len(events), 40):
        more = events.iloc[begin : begin + 40].drop(columns="enregistre").astype(object)
        ledger.append(more.where(more.notna(), None).to_dict("records"))
        day = date(2025, 12, 16)
        found = (stand(rows, day, earlier(ledger, day)) for rows in (following.rows(), ledger.rows(*PUBLIC)))
        left, right = (each.vacant.sort_values("poste", ignore_index=True) for each in found)
        pd.testing.assert_frame_equal(left, right)
        assert all(row["fin"] <= OPEN for row in following.rows())


def test_a_purge_of_the_day_before_leaves_the_page(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    today = ledger.clock().date()
    ledger.append([event("p1", POSITION, "P1") | {"debut": today - timedelta(days=9)}])
    ledger.purge(today)
    assert stand(ledger.rows(*PUBLIC), today, earlier(ledger, today)).changes.empty
    ledger.engine.dispose()


def test_from_an_event_to_the_page_that_says_nothing_of_absences(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    uai = tables.load("territory/lycees")["code_uai"].iloc[0]
    ledger.append([event(f"p{n}", POSITION, f"P0000{n}", code_uai=uai) for n in (1, 2)])
    command = ["-m", "tikub_lab", "staffing", "live", "--ledger", str(tmp_path / "ledger.sqlite"), "--no-browser"]
    with served(tmp_path, *command) as (address, token, log):

        def page():
            _, html, _ = get(f"{address}/?token={token}")
            return re.search(r"data-version=\"(\w+)\"", html)[1], html

        first, html = page()
        assert "2 postes sont vacants" in re.sub(r"<[^>]*>", "", html).replace("\xa0", " ").replace("\u202f", " ")
        ledger.append([event("f1", ASSIGNMENT, "F1", rattachement="P00001", agent="A00001")])
        while (second := page())[0] == first:
            pass
        assert "1 poste est vacant" in re.sub(r"<[^>]*>", "", second[1]).replace("\xa0", " ").replace("\u202f", " ")
        ledger.append([event("b1", ABSENCE, "B1")])
        ledger.append([event("p3", POSITION, "P00003", code_uai=uai)])
        while (third := page())[0] == second[0]:
            pass
        for text in (html, second[1], third[1], log.read_text(encoding="utf-8")):
            assert not re.search(r"A00001|maladie|absen(?!t)", text)
    ledger.engine.dispose()
