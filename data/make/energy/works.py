"""The works of the sample: those done, those that could be done, what they cost and what they are expected to save."""

import numpy as np
import pandas as pd

from data.make.energy.book import Book
from data.make.energy.changes import DAYS, START, WORKS
from data.make.energy.facts import read
from data.make.energy.meters import OTHER
from data.make.energy.sites import ELECTRICITY, ENERGIES
from data.make.sampling import Floats, Integers, Stream, growth, rows

SWAP = "Abandon du fioul"


def works(book: Book, of_done: Stream, of_proposed: Stream) -> pd.DataFrame:
    """List the works by lycée, and say which exclude each other: a whole renovation, and works on the envelope.

    The columns of ``energy/works``, and ``meter`` (-1 for none).
    """
    table = pd.concat([_done(book, of_done), _proposed(book, of_proposed)], ignore_index=True)
    table = table.sort_values(["site", "statut", "mesure"], ascending=[True, False, True], ignore_index=True)
    uai = pd.Series(book.sites["code_uai"].to_numpy()[table["site"]])
    width = max(4, len(str(len(table))))
    names = "T" + pd.Series(np.arange(len(table)) + 1).astype("str").str.rjust(width, "0")
    excluded = pd.Series("", table.index, dtype="str")
    for _, group in table[table["statut"] == "proposé"].groupby("site"):
        whole, parts = group.index[group["enveloppe"] == 2], group.index[group["enveloppe"] == 1]
        if len(whole) and len(parts):
            excluded[whole] = "|".join(names[parts])
            excluded[parts] = names[whole[0]]
    return table.assign(
        travaux_id=names,
        code_uai=uai,
        code_batiment=(uai + "-01").where(table["part"] < 1),
        cout=np.maximum(np.round(table["cout"] / 1000), 1) * 1000,
        economie_attendue=np.round(table["economie_attendue"] / 100) * 100,
        exclut=excluded,
    )


def _done(book: Book, stream: Stream) -> pd.DataFrame:
    """List the works that were done: what was expected of them is not what they save, but not far from it."""
    meter, area = np.flatnonzero(book.changes.role == WORKS), book.sites["surface_totale"].to_numpy()
    site, table = book.meters.site[meter], rows(read("measures"), book.changes.measure[meter])
    of_measures = table[["mesure", "duree_vie"]].assign(
        site=site,
        meter=meter,
        energie=np.array(ENERGIES, dtype=object)[book.meters.energy[meter]],
        economie_attendue=book.saved[meter] / (0.75 + 0.45 * stream.uniform(len(meter))),
        cout=table["cout_m2"] * area[site] * growth(0.2 * stream.normal(len(meter))),
        date_fin=START + book.changes.day[meter],
    )
    site, day = (book.swapped[name].to_numpy() for name in ("site", "day"))
    of_swaps = pd.DataFrame({"site": site, "cout": 30 * area[site], "date_fin": START + day})
    of_swaps = of_swaps.assign(meter=-1, mesure=SWAP, energie="fioul", economie_attendue=0.0, duree_vie=20)
    return pd.concat([of_measures, of_swaps], ignore_index=True).assign(part=1.0, statut="réalisé", enveloppe=0)


def _proposed(book: Book, stream: Stream) -> pd.DataFrame:
    """Propose four to seven measures to each lycée, other than the one that was done there.

    Half of the works on walls, windows and roofs are on the first building alone: ``part`` of the area.
    """
    meters, changes, measures, count = book.meters, book.changes, read("measures"), len(book.sites)
    area = book.sites["surface_totale"].to_numpy()
    first = book.buildings["surface_bati"][book.buildings["code_batiment"].str.endswith("-01")].to_numpy() / area
    kept = np.flatnonzero(meters.last == meters.last.max())
    heat = kept[meters.use[kept] != OTHER]
    power = kept[meters.energy[kept] == ELECTRICITY]
    heat, power = heat[np.argsort(meters.site[heat])], power[np.argsort(meters.site[power])]  # one a lycée
    score = stream.uniform(count * len(measures)).reshape(count, -1) * measures["proposee"].to_numpy()
    done = changes.measure >= 0
    score[meters.site[done], changes.measure[done]] = -1
    rank = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1, kind="stable")
    site, which = np.nonzero((rank < 4 + stream.below(4, count)[:, None]) & (score > 0))
    table = rows(measures, which)
    meter = np.where(table["vise"] == "électricité", power[site], heat[site])
    part = np.where((table["enveloppe"] == 1) & stream.flag(0.5, len(site)), first[site], 1.0)
    whole = (table["duree_vie"] == 30) & (table["cout_m2"] > 200)
    part = np.where(whole, 1.0, part)
    saving = _savings(book, meter, table) * part * growth(0.15 * stream.normal(len(site)))
    return table[["mesure", "duree_vie"]].assign(
        site=site,
        part=part,
        meter=meter,
        energie=np.array(ENERGIES, dtype=object)[meters.energy[meter]],
        cout=table["cout_m2"] * area[site] * part * growth(0.2 * stream.normal(len(site))),
        economie_attendue=saving,
        statut="proposé",
        date_fin=np.datetime64("NaT", "D"),
        enveloppe=table["enveloppe"].mask(whole, 2),
    )


def _savings(book: Book, meter: Integers, table: pd.DataFrame) -> Floats:
    """Return what each measure would save on its meter in an average year, at the middle of its range, kWh."""
    meters, cold, years = book.meters, book.temperature[:, -DAYS:], DAYS / 365.25
    slope, base, lower = (
        ((table[f"{name}_min"] + table[f"{name}_max"]) / 2).to_numpy() for name in ("pente", "base", "equilibre")
    )

    def heat(which: Integers, lower: Floats | float) -> Floats:
        degrees = np.maximum((meters.balance[which] - lower)[:, None] - cold[meters.site[which]], 0)
        return meters.slope[which] * (meters.slope_pattern[which][:, book.kinds] * degrees).sum(axis=1) / years

    now = heat(np.arange(len(meters.id)), 0.0)[meter]
    cooler, some = now.copy(), np.flatnonzero(lower > 0)
    cooler[some] = heat(meter[some], lower[some])
    always = meters.base * meters.base_pattern[:, book.kinds].sum(axis=1) / years
    return now - (1 - slope) * cooler + base * always[meter]
