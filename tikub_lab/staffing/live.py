"""The page of positions that stays up to date: what is on it, and how a change of the ledger is noticed."""

from datetime import date
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa

from tikub_lab.staffing import fragments
from tikub_lab.staffing.events import Row
from tikub_lab.staffing.ledger import Ledger, last_of
from tikub_lab.staffing.periods import Thing, by_thing
from tikub_lab.staffing.situation import Situation, earlier, stand
from tikub_lab.staffing.state import PUBLIC
from tikub_lab.staffing.store import COLUMNS
from tikub_lab.tables.package import load

TITLE = "Les postes des lycées, en direct"
SECTIONS = {
    "reponse": ("", fragments.answer),
    "changements": ("Les changements du jour", fragments.changes),
    "couverture": ("Les postes pourvus, par lycée", fragments.covered),
    "vacants": ("Les postes vacants", fragments.vacant),
}
"""By id: heading and what shows it, as on the report."""


def parts(ledger: Ledger) -> dict[str, Any]:
    """Return what a live page is made of: title, the data and whether they changed, sections."""
    lycees = load("territory/lycees")
    sections = {name: (heading, partial(shows, lycees=lycees)) for name, (heading, shows) in SECTIONS.items()}
    before, following = lru_cache(1)(partial(earlier, ledger)), Following(ledger)

    def read() -> Situation:
        today = ledger.clock().date()
        return stand(following.rows(), today, before(today))

    return {"title": TITLE, "read": read, "changed": partial(seen, ledger), "sections": sections}


class Following:
    """What holds of positions and assignments: read once, then only where something new is said."""

    def __init__(self, ledger: Ledger):
        self.ledger, self.things = ledger, dict[Thing, list[Row]]()
        self.last: tuple[int, str | None] = 0, None

    def rows(self) -> list[Row]:
        """Return what holds now."""
        with self.ledger.reading() as connection:
            last = last_of(connection), self.ledger.noted(connection, "purged")
            if last[1] != self.last[1]:  # a purge
                self.last, self.things = (0, None), {}
            new = sa.select(COLUMNS.objet, COLUMNS.cle).where(COLUMNS.number > self.last[0])
            self.things |= {(kind, key): [] for kind, key in connection.execute(new)}
        self.things |= by_thing(self.ledger.rows(*PUBLIC, since=self.last[0]))
        self.last = last
        return [row for each in self.things.values() for row in each]


def seen(ledger: Ledger) -> tuple[date, Any]:
    """Return what is another cheaply once a ledger changed, in whichever process, or the day did."""
    with ledger.reading() as connection:
        return ledger.clock().date(), (last_of(connection), ledger.noted(connection, "purged"))
