"""`python -m tests.pins [BOOK…]` makes pins anew and shows the difference; `make BOOK FOLDER` only makes them."""

import sys
from pathlib import Path

from tests.pins import books

if sys.argv[1:2] == ["make"]:
    books.make(sys.argv[2], Path(sys.argv[3]))
else:
    books.remake(tuple(sys.argv[1:]) or books.BOOKS)
