"""The fictitious tables of outside bodies, drawn once for all tests."""

import pytest

from data.make.bodies import sample


@pytest.fixture(scope="session")
def bodies_tables():
    """The shipped sample, by name of table without its prefix; not to be changed in place."""
    return {name.removeprefix("bodies/"): table for name, table in sample().items()}
