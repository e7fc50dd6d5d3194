"""Ground floor: what a reader sees. Figures, tables, key figures, sentences and notes; knows no use case.

Every function displays its piece at once, in JupyterLab as on a page:

- :func:`title` names the report, :func:`sentence` writes a computed sentence, :func:`keys` shows key figures;
- :func:`figure` shows a matplotlib figure (alternative text and numbers required), :func:`table` a table;
- :func:`ranked` shows things to look into, in order;
- :func:`file` offers a file beside the page, :func:`spreadsheet` writes a table as one;
- :func:`note` sets a remark apart, :func:`data_used` says which data was used;
- :func:`bars` and :func:`columns` draw the two charts that most pages need; :func:`months`, :func:`lines`,
  :func:`targets`, :func:`intervals`, :func:`histogram`, :func:`among` and :func:`scatter` those that some need;
- :func:`places` and :func:`departements` draw maps;
- :func:`number`, :func:`euros`, :func:`percent`, :func:`day`, :func:`plural` write values the French way.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from tikub_lab.show import downloads, lists, pieces
from tikub_lab.show.charts import bars, columns
from tikub_lab.show.charts_points import among, scatter
from tikub_lab.show.charts_rates import histogram, intervals, targets
from tikub_lab.show.charts_time import lines, months
from tikub_lab.show.french import MISSING, day, euros, number, percent, plural
from tikub_lab.show.lists import Item
from tikub_lab.show.maps import places
from tikub_lab.show.maps_tiles import departement_names, departements
from tikub_lab.show.output import Shown, display
from tikub_lab.show.pieces import Key
from tikub_lab.show.spreadsheet import spreadsheet

__all__ = [
    "MISSING", "Item", "Key", "among", "bars", "columns", "data_used", "day", "departement_names", "departements",
    "euros", "figure", "file", "histogram", "intervals", "keys", "lines", "months", "note", "number", "percent",
    "places", "plural", "ranked", "scatter", "sentence", "spreadsheet", "table", "targets", "title",
]  # fmt: skip

_P = ParamSpec("_P")


def _shows(make: Callable[_P, Shown]) -> Callable[_P, None]:
    @wraps(make)
    def show(*args: _P.args, **kwargs: _P.kwargs) -> None:
        display(make(*args, **kwargs))

    show.__annotations__["return"] = None
    return show


title = _shows(pieces.title)
sentence = _shows(pieces.sentence)
keys = _shows(pieces.keys)
figure = _shows(pieces.figure)
file = _shows(downloads.file)
ranked = _shows(lists.ranked)
table = _shows(pieces.table)
note = _shows(pieces.note)


def data_used() -> None:
    """Say which tables this notebook has loaded: origin, licence, date and short hash of each."""
    from tikub_lab.tables.package import used

    display(pieces.data_used(used()))
