"""The works of the sample: those done, those that could be done, what they cost and what they are expected to save."""

import numpy as np
import pandas as pd

from data.make.energy.changes import DAYS, START, WORKS, Changes, measures
from data.make.energy.meters import OTHER, Meters
from data.make.energy.sites import ELECTRICITY, ENERGIES
from data.make.sampling import Floats, Integers, Stream, growth

SWAP = "Abandon du fioul"


def done(
    meters: Meters, changes: Changes, saved: Floats, swapped: pd.DataFrame, area: Floats, stream: Stream
) -> pd.DataFrame:
    """List the works that were done: what was expected of them is not what they save, but not far from it.

    Parameters
    ----------
    meters : Meters
    changes : Changes
    saved : array of shape (meters,)
        What the change of each meter truly saved in its first year, kWh.
    swapped : DataFrame
        ``site`` and ``day`` of the lycées that gave up oil.
    area : array of shape (sites,)
        m².
    stream : Stream

    Returns
    -------
    DataFrame
        ``site``, ``building`` (-1: the whole lycée), ``meter`` (-1 for none), ``mesure``, ``energie``, ``cout``,
        ``economie_attendue``, ``duree_vie``, ``statut``, ``date_fin``.
    """
    table, meter = measures(), np.flatnonzero(changes.role == WORKS)
    which, site = changes.measure[meter], meters.site[meter]
    promise = saved[meter] / (0.75 + 0.45 * stream.uniform(len(meter)))
    cost = table["cout_m2"].to_numpy()[which] * area[site] * growth(0.2 * stream.normal(len(meter)))
    of_measures = pd.DataFrame(
        {
            "site": site,
            "meter": meter,
            "mesure": table["mesure"].to_numpy(object)[which],
            "energie": np.array(ENERGIES, dtype=object)[meters.energy[meter]],
            "cout": cost,
            "economie_attendue": promise,
            "duree_vie": table["duree_vie"].to_numpy()[which],
            "date_fin": START + changes.day[meter],
        }
    )
    of_swaps = pd.DataFrame(
        {
            "site": swapped["site"],
            "meter": -1,
            "mesure": SWAP,
            "energie": "fioul",
            "cout": 30 * area[swapped["site"]],
            "economie_attendue": 0.0,
            "duree_vie": 20,
            "date_fin": START + swapped["day"].to_numpy(),
        }
    )
    return pd.concat([of_measures, of_swaps], ignore_index=True).assign(building=-1, statut="réalisé", enveloppe=0)


def proposed(
    meters: Meters, changes: Changes, cold: Floats, kinds: Integers, sites: pd.DataFrame, main: Floats, stream: Stream
) -> pd.DataFrame:
    """Propose four to seven measures to each lycée, other than the one that was done there.

    Parameters
    ----------
    meters : Meters
    changes : Changes
    cold : array of shape (sites, days)
        Temperatures of 2018 to 2025, °C.
    kinds : array of int of shape (days,)
    sites : DataFrame
    main : array of shape (sites,)
        Share of the area that a lycée's first building has: half of the works on walls, windows and roofs are on it.
    stream : Stream

    Returns
    -------
    DataFrame
        As :func:`done`.
    """
    table, count = measures(), len(sites)
    kept = np.flatnonzero(meters.last == meters.last.max())
    heat = kept[meters.use[kept] != OTHER]
    power = kept[meters.energy[kept] == ELECTRICITY]
    heat, power = heat[np.argsort(meters.site[heat])], power[np.argsort(meters.site[power])]  # one a lycée
    score = stream.uniform(count * len(table)).reshape(count, -1) * table["proposee"].to_numpy()
    was = np.full(count, -1)
    was[meters.site[changes.measure >= 0]] = changes.measure[changes.measure >= 0]
    score[np.arange(count)[was >= 0], was[was >= 0]] = -1
    rank = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1, kind="stable")
    site, which = np.nonzero((rank < 4 + stream.below(4, count)[:, None]) & (score > 0))
    of_power = table["vise"].eq("électricité").to_numpy()[which]
    meter = np.where(of_power, power[site], heat[site])
    part = np.where((table["enveloppe"].to_numpy()[which] == 1) & stream.flag(0.5, len(site)), main[site], 1.0)
    whole = table["duree_vie"].eq(30).to_numpy()[which] & table["cout_m2"].gt(200).to_numpy()[which]
    part = np.where(whole, 1.0, part)
    saving = _savings(meters, meter, which, cold, kinds) * part * growth(0.15 * stream.normal(len(site)))
    cost = table["cout_m2"].to_numpy()[which] * sites["surface_totale"].to_numpy()[site] * part
    return pd.DataFrame(
        {
            "site": site,
            "building": np.where(part < 1, 0, -1),
            "meter": meter,
            "mesure": table["mesure"].to_numpy(object)[which],
            "energie": np.array(ENERGIES, dtype=object)[meters.energy[meter]],
            "cout": cost * growth(0.2 * stream.normal(len(site))),
            "economie_attendue": saving,
            "duree_vie": table["duree_vie"].to_numpy()[which],
            "statut": "proposé",
            "date_fin": np.datetime64("NaT", "D"),
            "enveloppe": np.where(whole, 2, table["enveloppe"].to_numpy()[which]),
        }
    )


def works(rows: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Give the works their numbers, and say which exclude each other: a whole renovation, and works on the envelope.

    Returns
    -------
    DataFrame
        The columns of ``energy/works``, ordered by lycée, and ``meter``.
    """
    table = rows.sort_values(["site", "statut", "mesure"], ascending=[True, False, True], ignore_index=True)
    uai = sites["code_uai"].to_numpy(object)[table["site"]]
    width = max(4, len(str(len(table))))
    names = "T" + pd.Series(np.arange(len(table)) + 1).astype("str").str.rjust(width, "0")
    excluded = pd.Series([""] * len(table), dtype="str")
    for _, group in table[table["statut"] == "proposé"].groupby("site"):
        whole, parts = group.index[group["enveloppe"] == 2], group.index[group["enveloppe"] == 1]
        if len(whole) and len(parts):
            excluded[whole] = "|".join(names[parts])
            excluded[parts] = names[whole[0]]
    building = pd.Series(uai, dtype="str") + "-01"
    return pd.DataFrame(
        {
            "travaux_id": names,
            "code_uai": uai,
            "code_batiment": building.where(table["building"] == 0),
            "mesure": table["mesure"],
            "energie": table["energie"],
            "cout": np.maximum(np.round(table["cout"].to_numpy() / 1000), 1) * 1000,
            "economie_attendue": np.round(table["economie_attendue"].to_numpy() / 100) * 100,
            "duree_vie": table["duree_vie"],
            "statut": table["statut"],
            "date_fin": table["date_fin"],
            "exclut": excluded,
            "meter": table["meter"],
        }
    )


def _savings(meters: Meters, meter: Integers, which: Integers, cold: Floats, kinds: Integers) -> Floats:
    """Return what each measure would save on its meter in an average year, at the middle of its range, kWh."""
    table, years = measures(), DAYS / 365.25

    def middle(name: str) -> Floats:
        return (table[f"{name}_min"] + table[f"{name}_max"]).to_numpy()[which] / 2

    def heat(rows: Integers, lower: Floats) -> Floats:
        degrees = np.maximum((meters.balance[rows] - lower)[:, None] - cold[meters.site[rows]], 0)
        return meters.slope[rows] * (meters.slope_pattern[rows][:, kinds] * degrees).sum(axis=1) / years

    base = meters.base * meters.base_pattern[:, kinds].sum(axis=1) / years
    now, cooler = heat(np.arange(len(meters.id)), np.zeros(len(meters.id)))[meter], np.zeros(len(meter))
    lower = middle("equilibre")
    cooler[:] = now
    some = np.flatnonzero(lower > 0)
    cooler[some] = heat(meter[some], lower[some])
    return now - (1 - middle("pente")) * cooler + middle("base") * base[meter]
