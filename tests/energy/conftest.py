"""The fictitious energy tables, drawn once for all tests."""

import pytest

from data.make.energy import sample


@pytest.fixture(scope="session")
def energy_tables():
    """The shipped sample, by name of table; not to be changed in place."""
    return sample()
