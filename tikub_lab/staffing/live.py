"""The page of positions that stays up to date: what is on it, and how a change of the ledger is noticed."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa

from tikub_lab.staffing import fragments
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.staffing.situation import Situation, as_of, earlier
from tikub_lab.staffing.store import ABOUT, COLUMNS
from tikub_lab.tables.package import load

TITLE = "Les postes des lycées, en direct"
SECTIONS = {
    "reponse": ("", fragments.answer),
    "changements": ("Les changements du jour", fragments.changes),
    "couverture": ("Les postes pourvus, par lycée", fragments.covered),
    "vacants": ("Les postes vacants", fragments.vacant),
}
"""By id: heading and what shows it, as on the report. None of it reads absences or replacements."""


def parts(ledger: Ledger) -> dict[str, Any]:
    """Return what a live page is made of: title, the data and whether they changed, sections."""
    lycees = load("territory/lycees")
    sections = {name: (heading, partial(shows, lycees=lycees)) for name, (heading, shows) in SECTIONS.items()}
    before = lru_cache(1)(partial(earlier, ledger))

    def read() -> Situation:
        today = ledger.clock().date()
        return as_of(ledger, today, before=before(today))

    return {"title": TITLE, "read": read, "changed": watcher(ledger), "sections": sections}


def watcher(ledger: Ledger) -> Callable[[], tuple[date, Any]]:
    """Return what says cheaply whether a ledger changed, in whichever process, or the day did."""
    if ledger.sqlite:  # of one connection; it says another number once another connection has committed
        connection = ledger.engine.connect()
        return lambda: (ledger.clock().date(), connection.exec_driver_sql("PRAGMA data_version").scalar())
    purged = sa.select(ABOUT.c.value).where(ABOUT.c.name == "purged").scalar_subquery()
    asked = sa.select(sa.func.max(COLUMNS.number), purged)

    def look() -> tuple[date, Any]:
        with ledger.reading() as connection:
            return ledger.clock().date(), tuple(connection.execute(asked).one())

    return look
