"""What the customer's account of Enedis gives since 2025: load curves and daily totals, in CSV or in a workbook.

Load curves have « Début;Fin;Valeur (en kW) », as users reported it; daily totals « Date;Valeur (en kWh) » are assumed
to look alike. Both are to be confirmed on a genuine file. The meter's number stands in a row above, or nowhere: the
file's name then is the meter's.
"""

from collections.abc import Iterator
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, daily, who
from tikub_lab.energy.published.enedis import keep_load
from tikub_lab.energy.published.values import KWH, plain
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows


def unit_of(cells: list[str]) -> tuple[str, bool] | None:
    """Tell the unit from the row of labels, and whether its rows are steps (else days); None for another row.

    Examples
    --------
    >>> unit_of(["Début", "Fin", "Valeur (en kW)"]), unit_of(["Date", "Valeur (en kWh)"]), unit_of(["Date", "Valeur"])
    (('kw', True), ('kwh', False), None)
    """
    *dates, value = [plain(cell) for cell in cells if cell] or [""]
    if dates in (["debut", "fin"], ["date"]) and value.startswith("valeur en "):
        return value.removeprefix("valeur en "), len(dates) == 2
    return None


def is_customer(head: Head) -> bool:
    """Recognise the export by its row of labels, after whatever rows."""
    return any(map(unit_of, head.rows))


def read(path: Path) -> Iterator[Batch]:
    r"""Read the export in runs of rows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("Début;Fin;Valeur (en kW)\n02/03/2023 00:00:00;02/03/2023 00:30:00;4,030\n")
    ...     (batch,) = read(file)
    >>> batch.tables["energy/loads"][["debut", "minutes", "kwh"]].to_numpy().tolist()
    [['2023-03-01T23:00:00Z', 30, 2.015]]
    """
    found, begins, ends = Gathering(), values.Clock(), values.Clock()
    labels, meter = None, who("")
    for line, cells in rows(path, ";"):
        if labels is None:
            labels = unit_of(cells)
            meter = next((who(cell) for cell in cells if values.is_point(cell)), meter)
            if labels is not None:
                found.imply("energy/meters", line, **meter, energie="électricité")
            continue
        unit, steps = labels
        first, second, third = [*cells, "", ""][:3]
        name, text = str(meter["compteur"]), third if steps else second
        try:
            value = values.number(text)
            if steps:
                start = begins.seconds(name, values.written(first))
                end = ends.seconds(name, values.written(second))
            else:
                span = daily(values.day(first))
        except ValueError:
            found.reject(line, meter["compteur"], ("Valeur", f"{first} {text}", "moment" if steps else "day"))
        else:
            if steps:
                keep_load(found, line, meter, start, (end - start) // 60, value, unit, None, False, text)
            elif unit in KWH:
                kwh = None if value is None else value * KWH[unit]
                found.keep("energy/readings", line, **meter, **span, kwh=kwh, estime=None, origine="relevé")
            else:
                found.reject(line, meter["compteur"], ("Valeur", unit, "unit"))
        yield from found.batches()
    yield from found.batches(last=True)
