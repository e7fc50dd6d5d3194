"""The flat flux of Enedis in CSV (R63, and what the portal SGE gives): each row says meter, quantity, unit and step.

Columns as met in public parsers and their tests, with accents or without: ``Identifiant PRM;Date de début;Date de fin;
Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;Nature;Pas…``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, who
from tikub_lab.energy.published.enedis import stamped_at_end
from tikub_lab.energy.published.layout import Column, Layout, Line, numbers
from tikub_lab.energy.published.values import plain
from tikub_lab.tables.readers import Batch

NATURES = dict.fromkeys("RB", False) | dict.fromkeys("EHPK", True)
"""Natures of a point: real and raw are measured; estimated, reconstituted and calculated are not. Of the others
(corrected, imported, cuts) it isn't said."""
_PERIOD = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?")


@lru_cache(64)
def _minutes(text: str) -> int:
    found = _PERIOD.fullmatch(text.strip().upper())
    if found:
        return 60 * int(found[1] or 0) + int(found[2] or 0)
    return int(text) if text.isdigit() else 0


LAYOUT = Layout(
    {
        "Identifiant PRM": Column(("identifiant prm",)),
        "Grandeur physique": Column(("grandeur physique",), plain),
        "Grandeur métier": Column(("grandeur metier",), plain),
        "Unité": Column(("unite",), plain),
        "Horodate": Column(("horodate",), values.written, "moment"),
        "Valeur": numbers("valeur"),
        "Nature": Column(("nature",)),
        "Pas": Column(("pas",), _minutes),
    },
    lambda found, _: len(found - {"Nature", "Pas"}) == 6,
    exact=True,
)


def read_flat(path: Path) -> Iterator[Batch]:
    """Read the flat flux in runs of rows, twice: the first time for where each meter's series begins and ends."""
    spans = dict[str, list[int]]()
    for _ in LAYOUT.batches(path, partial(_span, values.Clock(), spans)):
        pass
    return LAYOUT.batches(path, partial(_row, values.Clock(), spans, {}))


def _meter(clock: values.Clock, line: Line) -> tuple[dict[str, str | None], int]:
    """Name the meter of a row and tell its time, and note what else makes it unusable."""
    meter, told, broken = who(line.texts["Identifiant PRM"]), line.values, line.broken
    seconds = 0
    if meter["point"] is None:
        broken.append(("Identifiant PRM", line.texts["Identifiant PRM"], "meter-id"))
    active = told["Grandeur physique"] in ("ea", "pa", "energie active", "puissance active")
    if not active or told["Grandeur métier"] not in ("cons", "consommation"):
        both = f"{line.texts['Grandeur physique']} {line.texts['Grandeur métier']}"
        broken.append(("Grandeur", both, "quantity"))
    if not broken:
        try:
            seconds = clock.seconds(str(meter["compteur"]), told["Horodate"])
        except ValueError:
            broken.append(("Horodate", line.texts["Horodate"], "moment"))
    return meter, seconds


def _span(clock: values.Clock, spans: dict[str, list[int]], _: Gathering, line: Line) -> None:
    meter, seconds = _meter(clock, line)
    if not line.broken:
        first, last = spans.get(str(meter["compteur"]), [seconds, seconds])
        spans[str(meter["compteur"])] = [min(first, seconds), max(last, seconds)]


def _row(clock: values.Clock, spans: dict[str, list[int]], ends: dict[str, bool], found: Gathering, line: Line) -> None:
    meter, seconds = _meter(clock, line)
    name, told = str(meter["compteur"]), line.values
    if line.broken:
        found.reject(line.at, meter["compteur"], *line.broken)
        return
    if name not in ends:
        ends[name] = stamped_at_end(spans[name], name, line.at, found)
        found.imply("energy/meters", line.at, **meter, energie="électricité")
    estimated = NATURES.get(told.get("Nature", "").upper())
    found.load(
        line.at, meter, seconds, told.get("Pas", 0), told["Valeur"], told["Unité"], estimated, ends[name],
        line.texts["Valeur"],
    )  # fmt: skip
