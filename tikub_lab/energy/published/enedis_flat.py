"""The flat flux of Enedis in CSV (R63, and what the portal SGE gives): each row says meter, quantity, unit and step.

Columns as met in public parsers and their tests, with accents or without: ``Identifiant PRM;Date de début;Date de fin;
Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;Nature;Pas…``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, who
from tikub_lab.energy.published.enedis import keep_load, stamped_at_end
from tikub_lab.energy.published.values import plain
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows

NATURES = dict.fromkeys("RB", False) | dict.fromkeys("EHPK", True)
"""Natures of a point: real and raw are measured; estimated, reconstituted and calculated are not. Of the others
(corrected, imported, cuts) it isn't said."""
FLAT = {"identifiant prm", "horodate", "valeur", "grandeur physique", "grandeur metier", "unite"}
_PERIOD = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?")


def is_flat(head: Head) -> bool:
    """Recognise the flat flux by the names of its columns."""
    return {plain(cell) for cell in head.columns} >= FLAT


def read_flat(path: Path) -> Iterator[Batch]:
    """Read the flat flux in runs of rows, twice: the first time for where each meter's series begins and ends.

    Raises
    ------
    UsageError
        For a file that is no table.
    """
    spans = _spans(path)
    found, clock, ends = Gathering(), values.Clock(), dict[str, bool]()
    for line, row in _flat_rows(path):
        if row is None:
            found.reject(line, None, ("", "", "row-width"))
            yield from found.batches()
            continue
        meter = who(row.get("identifiant prm", ""))
        name, broken = str(meter["compteur"]), _broken(row, meter)
        if not broken:
            try:
                seconds = clock.seconds(name, values.written(row["horodate"]))
            except ValueError:
                broken = [("Horodate", row["horodate"], "moment")]
        if broken:
            found.reject(line, meter["compteur"], *broken)
        else:
            if name not in ends:
                ends[name] = stamped_at_end(spans[name], name, line, found)
                found.imply("energy/meters", line, **meter, energie="électricité")
            minutes, value = _minutes(row.get("pas", "")), values.number(row["valeur"])
            estimated = NATURES.get(row.get("nature", "").upper())
            keep_load(
                found, line, meter, seconds, minutes, value, plain(row["unite"]), estimated, ends[name], row["valeur"]
            )
        yield from found.batches()
    yield from found.batches(last=True)


def _flat_rows(path: Path) -> Iterator[tuple[int, dict[str, str] | None]]:
    numbered = rows(path)
    labels = [plain(cell) for cell in next(numbered)[1]]
    for line, cells in numbered:
        yield line, dict(zip(labels, cells, strict=True)) if len(cells) == len(labels) else None


def _broken(row: dict[str, str], meter: dict[str, str | None]) -> list[tuple[str, str, str]]:
    """List what makes a row of the flux unusable, its time apart."""
    broken = []
    if meter["point"] is None:
        broken.append(("Identifiant PRM", row.get("identifiant prm", ""), "meter-id"))
    physical, business = plain(row["grandeur physique"]), plain(row["grandeur metier"])
    if physical not in ("ea", "pa", "energie active", "puissance active") or business not in ("cons", "consommation"):
        broken.append(("Grandeur", f"{row['grandeur physique']} {row['grandeur metier']}", "quantity"))
    try:
        values.number(row["valeur"])
    except ValueError:
        broken.append(("Valeur", row["valeur"], "number"))
    return broken


@lru_cache(64)
def _minutes(text: str) -> int:
    found = _PERIOD.fullmatch(text.strip().upper())
    if found:
        return 60 * int(found[1] or 0) + int(found[2] or 0)
    return int(text) if text.isdigit() else 0


def _spans(path: Path) -> dict[str, list[int]]:
    clock, spans = values.Clock(), dict[str, list[int]]()
    for _, row in _flat_rows(path):
        if row is None or _broken(row, meter := who(row.get("identifiant prm", ""))):
            continue
        name = str(meter["compteur"])
        try:
            seconds = clock.seconds(name, values.written(row["horodate"]))
        except ValueError:
            continue
        first, last = spans.get(name, [seconds, seconds])
        spans[name] = [min(first, seconds), max(last, seconds)]
    return spans
