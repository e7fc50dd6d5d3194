"""Pins of real publications, read in place: results, pages, and what readers make of each file."""

import pytest

from tests.pins import books


@pytest.mark.proof
@pytest.mark.parametrize("book", books.REAL)
def test_real_files_give_what_is_pinned(book):
    if reason := books.missing(book):
        pytest.skip(reason)
    assert not books.moved(book), "`make pins` shows and stores the difference; a change of a pin has its reason"
