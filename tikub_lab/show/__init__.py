"""Ground floor: what a reader sees. Sentences, key figures, tables, charts, maps, files; knows no use case.

Every function shows its piece at once, in JupyterLab as on a page, and returns it; :func:`bars` says what all charts
take.

- :func:`title` names the report, :func:`sentence` writes a computed sentence, :func:`note` sets a remark apart;
- :func:`keys` shows key figures, :func:`table` a table, :func:`ranked` things to look into, in order;
- :func:`bars`, :func:`columns`, :func:`lines`, :func:`months`, :func:`strip`, :func:`scatter`, :func:`histogram`,
  :func:`intervals`, :func:`targets`, :func:`calendar` draw charts;
- :func:`map`, :func:`area_map` and :func:`tile_map` draw maps;
- :func:`figure` shows what matplotlib or pandas drew, with :func:`style` in the house's colours;
- :func:`download` offers a table for a spreadsheet, :func:`file` any file; :func:`data_used` says which data was used.

:func:`number`, :func:`euros`, :func:`percent`, :func:`day`, :func:`plural` write single values.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from tikub_lab.show import charts as _charts
from tikub_lab.show import charts_points as _points
from tikub_lab.show import charts_time as _time
from tikub_lab.show import downloads, figures, maps, pieces, tabular
from tikub_lab.show.downloads import spreadsheet
from tikub_lab.show.figures import STYLE, style
from tikub_lab.show.french import MISSING, day, euros, number, percent, plural
from tikub_lab.show.output import Shown, display
from tikub_lab.show.pieces import Key

__all__ = [
    "MISSING", "STYLE", "Key", "area_map", "bars", "calendar", "columns", "data_used", "day", "download", "euros",
    "figure", "file", "histogram", "intervals", "keys", "lines", "map", "months", "note", "number", "percent",
    "plural", "ranked", "scatter", "sentence", "spreadsheet", "strip", "style", "table", "targets", "tile_map", "title",
]  # fmt: skip

_P = ParamSpec("_P")


def _shows(make: Callable[_P, Shown]) -> Callable[_P, Shown]:
    @wraps(make)
    def show(*args: _P.args, **kwargs: _P.kwargs) -> Shown:
        return display(make(*args, **kwargs))

    return show


title = _shows(pieces.title)
sentence = _shows(pieces.sentence)
note = _shows(pieces.note)
keys = _shows(pieces.keys)
table = _shows(tabular.table)
ranked = _shows(tabular.ranked)
download = _shows(downloads.download)
file = _shows(downloads.file)
figure = _shows(figures.figure)
bars = _shows(_charts.bars)
targets = _shows(_charts.targets)
intervals = _shows(_charts.intervals)
columns = _shows(_time.columns)
months = _shows(_time.months)
histogram = _shows(_points.histogram)
lines = _shows(_time.lines)
calendar = _shows(_time.calendar)
strip = _shows(_points.strip)
scatter = _shows(_points.scatter)
map = _shows(maps.map)
area_map = _shows(maps.area_map)
tile_map = _shows(maps.tile_map)


def data_used() -> Shown:
    """Say which tables this notebook has loaded: origin, licence, date and short hash of each."""
    from tikub_lab.tables.package import used

    return display(pieces.data_used(used()))


def __dir__() -> list[str]:
    return sorted(__all__)
