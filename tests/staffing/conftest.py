"""Ledgers to try on: a file, and a PostgreSQL of the tests' own where Debian's is installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from tikub_lab import tables
from tikub_lab.staffing.ledger import Ledger, replay

_numbers = count(1)


@cache
def sample_ledger() -> Ledger:
    """All events of the sample, replayed once a process: for tests that only read."""
    return replay(tables.load("staffing/events"))


def _programs():
    """The folder of PostgreSQL's programs, which Debian leaves out of PATH."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *filter(None, [shutil.which("initdb")])]
    return Path(found[-1]).parent if found else None


@pytest.fixture(scope="session")
def postgresql():
    """The URL of a server that listens on a socket only, as a user that is not root; or a skip that says why."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: nothing is tried on PostgreSQL")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL here (apt-get install postgresql): nothing is tried on it")
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path is at most 107 bytes long
    if os.getuid() == 0:
        shutil.chown(folder, user)

    def run(*arguments):
        as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(arguments, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)

    run(programs / "initdb", "-D", folder / "data", "-U", "ledger", "--auth=trust", "--locale=C", "-E", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=30"
    run(programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start")
    yield f"postgresql://ledger@/postgres?host={folder}"
    run(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a ledger may be made: nothing is there yet."""
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite"
    url = request.getfixturevalue("postgresql")
    schema = f"test{next(_numbers)}"
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    engine.dispose()
    return f"{url}&options=-csearch_path%3D{schema}"


@pytest.fixture
def ledger(place):
    ledger = Ledger(place)
    yield ledger
    ledger.engine.dispose()
