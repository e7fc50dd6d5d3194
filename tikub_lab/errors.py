"""The exception tree: one root, picklable, each message complete enough to act on."""

import difflib
from collections.abc import Iterable


class TikubError(Exception):
    """Root of every error that the workbench raises on purpose.

    A message names the place (file, row, parameter), the value found, what is allowed and the next step. All state is
    in ``args``, so that an error crosses process boundaries unchanged.

    Examples
    --------
    >>> import pickle
    >>> pickle.loads(pickle.dumps(TikubError("data/x.csv: empty file."))).args
    ('data/x.csv: empty file.',)
    """

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]  # all that a notebook shows: it says the place and what helps


class UsageError(TikubError):
    """Wrong use: the command line leaves with exit code 2 and nothing was written."""

    exit_code = 2


class RunError(TikubError):
    """A run that failed: the command line leaves with exit code 1."""


class PageError(RunError):
    """What a notebook showed can't become a page: the reason, and the number of its cell from 1, or None."""

    def __init__(self, reason: str, cell: int | None = None):
        super().__init__(reason, cell)
        self.reason, self.cell = reason, cell

    def __str__(self) -> str:
        return self.reason


class Interrupted(TikubError):
    """Stopped from the keyboard."""

    exit_code = 130


def printable(text: str) -> str:
    """Replace what may not reach a terminal: control characters, and bytes that are no text."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Suggest the allowed name closest to one that is not known.

    Parameters
    ----------
    name : str
        What was asked for.
    allowed : iterable of str
        The names that exist.

    Returns
    -------
    str
        A sentence that starts with a space, or ``""`` where nothing is near.

    Examples
    --------
    >>> nearest("procurment/contracts", ["procurement/contracts", "energy/sites"])
    " Did you mean 'procurement/contracts'?"
    >>> nearest("zzz", ["procurement/contracts"])
    ''
    """
    names = {item.casefold(): item for item in allowed}
    close = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.5)
    return f" Did you mean {names[close[0]]!r}?" if close else ""
