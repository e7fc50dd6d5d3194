"""Where a ledger is kept: three tables in SQLite or PostgreSQL, how they are opened, read and written."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tikub_lab.errors import RunError, UsageError
from tikub_lab.staffing.events import CONTENT, NUMBERS, Row

FORMAT = 1
PG_LOCKS = ["SET LOCAL synchronous_commit = on", "SELECT pg_advisory_xact_lock(20261127)"]
KEPT = "Nothing of it was kept, nothing before it is lost. Make room or mend the place, then send it again."
_metadata = sa.MetaData()
ABOUT = sa.Table(
    "staffing_ledger", _metadata, sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String)
)
EVENT = sa.Table(
    "staffing_event",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    *(
        sa.Column(name, sa.String, nullable=False, unique=name == "id", index=name == "enregistre")
        for name in ("enregistre", "digest", "hash", "id")
    ),
    *(sa.Column(name, sa.Float if name in NUMBERS else sa.String) for name in ("salt", *CONTENT[1:])),
    sa.Index("staffing_event_thing", "objet", "cle"),
    sa.Index("staffing_event_parent", "objet", "rattachement"),
    *(
        sa.Index(f"staffing_event_{name}", name, sqlite_where=some, postgresql_where=some)
        for name in ("agent", "remplace")
        for some in [sa.text(f"{name} IS NOT NULL")]
    ),
)
PERIOD = sa.Table(
    "staffing_period",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("debut", sa.String, primary_key=True),
    sa.Column("fin", sa.String, nullable=False),
    sa.Column("since", sa.Integer, primary_key=True),
    sa.Column("until", sa.Integer, nullable=False),
    sa.Index("staffing_period_true", "until", "fin", "debut", "since", "number"),
    sqlite_with_rowid=False,
)
"""One event holds from ``debut`` to ``fin``, as was known since one and until another."""
COLUMNS, STAGES = EVENT.columns, PERIOD.columns
_NOTED = sa.select(ABOUT.c.value).where(ABOUT.c.name == sa.bindparam("what"))


class Store:
    """The three tables, in a file or under a URL."""

    def __init__(self, place: Path | str, create: bool = True):
        text = str(place)
        try:
            url = sa.make_url(text if "://" in text else f"sqlite:///{text}")
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")
            if url.drivername not in ("sqlite", "postgresql+psycopg"):
                raise sa.exc.ArgumentError
            self.sqlite = url.drivername == "sqlite"
            own: Any = {"connect_args": {"isolation_level": None, "timeout": 60}, "paramstyle": "named"}
            self.engine = sa.create_engine(url, pool_reset_on_return=None, **own if self.sqlite else {})
        except (sa.exc.ArgumentError, ValueError):
            raise UsageError("The ledger's place is no file and no URL such as postgresql://user@host/base.") from None
        except ImportError:
            raise UsageError("A ledger in PostgreSQL needs psycopg: install tikub-lab[postgresql].") from None
        self.name = text if self.sqlite else url.render_as_string(hide_password=True)
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _set_up)
        self._open(create)

    def _open(self, create: bool) -> None:
        file, there = self.engine.url.database if self.sqlite else None, False
        if create or not file or Path(file).is_file():  # SQLite makes a file where it looks for one
            with self.reading() as connection:
                there = sa.inspect(connection).has_table(ABOUT.name)
        if not there and not create:
            raise UsageError(f"{self.name}: no ledger there. `tikub staffing import` or `append` makes one.")
        if not there:
            with self.writing() as connection:
                _metadata.create_all(connection)
                if self.noted(connection, "format") is None:  # another process may just have made it
                    connection.execute(ABOUT.insert().values(name="format", value=str(FORMAT)))
        with self.reading() as connection:
            found = self.noted(connection, "format") or "none"
        if found != str(FORMAT):
            raise UsageError(
                f"{self.name}: a ledger of format {found}, and {FORMAT} is what this version reads. Update tikub-lab."
            )

    @contextmanager
    def reading(self, *locks: str, failed: str = "{}.") -> Iterator[sa.Connection]:
        """Read; what the database says against it is one line, without the statement, which may hold names."""
        try:
            with self.engine.begin() as connection:  # also ends what `run` begins, which would hold up a purge
                for lock in locks:  # by the driver itself, as what `run` does
                    connection.connection.cursor().execute(lock)
                yield connection
        except (sa.exc.DBAPIError, self.engine.dialect.loaded_dbapi.Error) as error:
            said = str(getattr(error, "orig", error)).strip().partition("\n")[0].rstrip(".")
            raise RunError(f"{self.name}: {failed.format(said)}") from None

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Write, or leave everything as it was; one writer at a time, as the chain has one end."""
        return self.reading(*(["BEGIN IMMEDIATE"] if self.sqlite else PG_LOCKS), failed="not written: {}. " + KEPT)

    def run(self, connection: sa.Connection, statement: sa.ClauseElement, values: Mapping[str, Any]) -> list[Row]:
        """Run a statement by the driver itself, which takes a third of the time: nothing is converted.

        It gives rows by the names of their columns; of two that have the same, it is the last.
        """
        cursor = connection.connection.cursor()
        cursor.execute(_text(statement, self.engine.dialect), values)
        names = [each[0] for each in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] if names else []

    def many(self, connection: sa.Connection, statement: sa.ClauseElement, values: Iterable[Row]) -> None:
        """Run a statement for each of many rows, as :meth:`run` does."""
        cursor: Any = connection.connection.cursor()
        cursor.executemany(_text(statement, self.engine.dialect), values)

    def noted(self, connection: sa.Connection, name: str) -> str | None:
        """Return what the ledger notes of itself."""
        return connection.scalar(_NOTED, {"what": name})


def _set_up(connection: Any, _record: Any) -> None:
    """Readers do not wait for the writer, a commit is on disk, what is deleted is overwritten."""
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")


@cache
def _text(statement: sa.ClauseElement, dialect: sa.Dialect) -> str:
    return str(statement.compile(dialect=dialect))
