"""What is acknowledged is there: a writer killed, two writers at once, a full disk."""

import multiprocessing
import os
import resource
import signal
import time

import pytest
import sqlalchemy as sa

from tests.staffing.events import ASSIGNMENT, POSITION, event
from tikub_lab.errors import RunError
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.staffing.store import EVENT

PROCESSES = multiprocessing.get_context("fork")  # a fresh interpreter a writer would take a second each


def write(place, name, pipe, count, room=None):
    """Append events one by one; tell each one that was acknowledged."""
    ledger = Ledger(place)
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    for number in range(count):
        try:
            (receipt,) = ledger.append([event(f"{name}-{number}", POSITION, f"P{number}")])
        except RunError as error:
            pipe.send(str(error))
            break
        pipe.send((receipt.id, receipt.number))
    os._exit(0)


def started(place, name, count=10**6, room=None):
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=write, args=(place, name, theirs, count, room))
    process.start()
    theirs.close()
    return process, ours


def told(pipe):
    """All that a writer told before it ended, whatever ended it."""
    heard = []
    try:
        while True:
            heard.append(pipe.recv())
    except EOFError:
        return heard


def recorded(ledger):
    """The number of each event, by its id."""
    with ledger.reading() as connection:
        return dict(iter(connection.execute(sa.select(EVENT.c.id, EVENT.c.number))))


def killed(place, rounds):
    acknowledged = []
    for number in range(rounds):
        process, pipe = started(place, f"w{number}")
        first = pipe.recv()
        time.sleep(0.002 * (number % 10))
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += [first, *told(pipe)]
        process.join()
    ledger = Ledger(place)
    found = ledger.verify()
    assert found.problems == ()
    there = recorded(ledger)
    assert len(there) == found.events >= len(acknowledged) >= rounds
    assert {name: there.get(name) for name, _ in acknowledged} == dict(acknowledged)
    ledger.engine.dispose()


def test_a_writer_killed_20_times_loses_nothing_that_it_acknowledged(place):
    killed(place, 20)


@pytest.mark.proof
def test_a_writer_killed_200_times_loses_nothing_that_it_acknowledged(place):
    killed(place, 200)


def test_two_writers_at_once_make_one_chain(place):
    writers = [started(place, name, 25) for name in ("a", "b", "a")]  # the third sends what the first does
    heard = [told(pipe) for _, pipe in writers]
    for process, _ in writers:
        process.join()
    assert [len(each) for each in heard] == [25] * 3
    assert heard[0] == heard[2]
    ledger = Ledger(place)
    assert len(recorded(ledger)) == 50
    assert ledger.verify().problems == ()
    ledger.engine.dispose()


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(tmp_path):
    """On SQLite; where PostgreSQL's disk is full, its own server says so in the same way."""
    place = tmp_path / "ledger.sqlite"
    process, pipe = started(place, "w", room=300_000)
    *acknowledged, said = told(pipe)
    process.join()
    assert len(acknowledged) > 3
    assert "not written" in said
    assert "Nothing of it was kept, nothing before it is lost. Make room or mend the place, then send it again." in said
    ledger = Ledger(place)
    assert recorded(ledger) == dict(acknowledged)
    assert ledger.verify().problems == ()
    assert ledger.append([event("more", ASSIGNMENT, "F1", rattachement="P0")])[0].new
    ledger.engine.dispose()
