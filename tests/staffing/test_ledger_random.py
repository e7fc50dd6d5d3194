"""Any history: the state is that of a naive replay, event by event and day by day; and what never changes."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.staffing.events import ABSENCE, ASSIGNMENT, POSITION, REPLACEMENT, day, event
from tikub_lab.staffing.events import KINDS
from tikub_lab.staffing.ledger import Ledger

DAYS = 24
START = datetime(2026, 1, 1)
WHATS = {what["objet"]: what for what in (POSITION, ASSIGNMENT, ABSENCE, REPLACEMENT)}
KEYS = {"poste": ["P1", "P2"], "affectation": ["F1", "F2"], "absence": ["B1"], "remplacement": ["R1"]}


def drawn(name, rng, before):
    """Any event: of few things, so that they meet; some replace an earlier one, which may be gone."""
    kind = rng.choice(["poste", "poste", "affectation", "affectation", "absence", "remplacement"])
    key, first = rng.choice(KEYS[kind]), rng.randrange(DAYS - 4)
    last = rng.choice([None, first + 1 + rng.randrange(DAYS)])
    verb = "assert" if rng.random() < 0.75 else "retract"
    what = event(name, WHATS[kind], key, first, last, verb)
    same = [each["id"] for each in before if (each["objet"], each["cle"]) == (kind, key)]
    if rng.random() < 0.3 and same:
        what["remplace"] = rng.choice(same)
    if verb == "assert" and KINDS[kind][2]:
        what["rattachement"] = rng.choice(KEYS[KINDS[kind][2]])
    return what


def naive(recorded, valid, known):
    """The things that are true on a day as known by a moment: go through the events, one after the other."""
    there = {}
    heard = [each for each, moment in recorded if moment <= known]
    gone = {each.get("remplace") for each in heard}
    for each in heard:
        if each["id"] not in gone and each["debut"] <= valid and (each["fin"] is None or valid < each["fin"]):
            there[each["objet"], each["cle"]] = each
    return {thing: each["id"] for thing, each in there.items() if each["verbe"] == "assert"}


def taken(each, recorded):
    """Whether an event is refused: it replaces what is replaced already, or belongs to nothing on any of its days."""
    now = datetime.max
    if each.get("remplace"):
        accepted = {other["id"] for other, _ in recorded} - {other.get("remplace") for other, _ in recorded}
        if each["remplace"] not in accepted:
            return False
    parent = KINDS[each["objet"]][2]
    if each["verbe"] == "retract" or not parent:
        return True
    days = [day(n) for n in range(3 * DAYS) if day(n) >= each["debut"] and (not each["fin"] or day(n) < each["fin"])]
    return any((parent, each["rattachement"]) in naive(recorded, valid, now) for valid in days)


def tried(seed):
    rng, times, recorded = random.Random(seed), [START], []
    ledger = Ledger("sqlite://", clock=lambda: times[-1])
    for number in range(rng.randrange(1, 14)):
        each = drawn(f"e{number}", rng, [other for other, _ in recorded])
        times.append(times[-1] + timedelta(seconds=rng.choice([0, 0, 1, 3600, 200_000])))
        (receipt,) = ledger.append([each])
        assert (receipt.number is not None) == taken(each, recorded), (seed, each, receipt)
        if receipt.number is not None:
            recorded.append((each, times[-1]))
    for _ in range(4):
        valid, known = day(rng.randrange(DAYS + 4)), rng.choice(times)
        found = {(row["objet"], row["cle"]): row["id"] for row in ledger.things(valid, known)}
        assert found == naive(recorded, valid, known), (seed, valid, known)
    assert ledger.verify().problems == ()
    left_by_a_purge(ledger, rng, times, recorded)
    ledger.engine.dispose()


def left_by_a_purge(ledger, rng, times, recorded):
    """What was true from a day on, as known by then or later, still is; and the ledger goes on."""
    before, last = day(rng.randrange(1, DAYS)), times[-1]
    times.append(START + timedelta(days=2 * DAYS))
    ledger.purge(before)
    assert ledger.verify().problems == ()
    for number in range(5):
        valid, known = day(rng.randrange((before - START.date()).days, DAYS + 4)), rng.choice(times)
        if known.date() >= before:
            found = {(row["objet"], row["cle"]): row["id"] for row in ledger.things(valid, known)}
            assert found == naive(recorded, valid, known), (valid, known, before, last)
        times.append(times[-1] + timedelta(days=1))
        each = drawn(f"later{number}", rng, []) | {"fin": None}
        if ledger.append([each])[0].number is not None:
            recorded.append((each, times[-1]))
    assert ledger.verify().problems == ()


def test_states_of_20_histories_are_those_of_a_naive_replay():
    for seed in range(20):
        tried(seed)


@pytest.mark.proof
def test_states_of_10_000_histories_are_those_of_a_naive_replay():
    for seed in range(20, 10_000):
        tried(seed)


@st.composite
def histories(draw):
    rng = draw(st.randoms(use_true_random=False))
    made = []
    for number in range(draw(st.integers(1, 10))):
        made.append(drawn(f"e{number}", rng, made))
    return made


def seen(ledger, known=None):
    return [true(ledger, n, known) for n in range(0, DAYS + 4, 3)]


def true(ledger, number, known=None):
    return [row["id"] for row in ledger.things(day(number), known)]


@settings(max_examples=25)
@given(histories(), st.data())
def test_what_is_true_of_every_history(events, data):
    cut = data.draw(st.integers(0, len(events)))
    times = [START]
    ledger = Ledger("sqlite://", clock=lambda: times[-1])
    ledger.append(events[:cut])
    then, now = seen(ledger), times[-1]
    times.append(now + timedelta(days=1))
    ledger.append(events[cut:])
    assert seen(ledger, now) == then  # what is learned later does not change what was known
    in_one = Ledger("sqlite://", clock=lambda: times[-1])
    receipts = in_one.append(events)
    assert seen(in_one) == seen(ledger)  # whatever comes together
    count = in_one.verify().events
    accepted = [each for each, receipt in zip(events, receipts, strict=True) if receipt.number is not None]
    assert not any(receipt.new for receipt in in_one.append(accepted))  # the same twice is one
    assert in_one.verify().events == count == len(accepted)
    before = data.draw(st.integers(0, DAYS))
    later = [true(in_one, n) for n in range(before, DAYS + 4, 3)]
    times.append(START + timedelta(days=DAYS))
    in_one.purge(day(before))
    assert [true(in_one, n) for n in range(before, DAYS + 4, 3)] == later
    for each in (ledger, in_one):
        assert each.verify().problems == ()
        each.engine.dispose()
