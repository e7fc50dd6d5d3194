"""The fictitious buyers and firms of the sample, with identifiers that are valid and belong to nobody.

A SIREN that starts with 21, 22 or 23 is that of a commune, a département or a region, and goes on with the number of
its département (Région Bretagne: 23 35 …). No département has the number 00, so the 30,000 numbers 2100…, 2200… and
2300… are valid (Luhn) and not in use. Numbers that start with 0 would not do: old sole traders have them. Belgian VAT
numbers start with BE000, below the first number that Belgium gave out.
"""

from typing import Any

import numpy as np
import pandas as pd

from data.make.procurement.needs import needs, read
from data.make.sampling import Bools, Integers, Stream, invented, rows, spread
from tikub_lab.tables.identifiers import luhn_digit
from tikub_lab.tables.places import BRITTANY, communes

REGION = "Région Bretagne (fictif)"
FRANCE, BELGIUM, SWITZERLAND = range(3)


def siret(index: Integers, offset: int) -> pd.Series:
    """Make distinct valid SIRET in the range that is not in use (see the module), one a position below 30,000."""
    number = (index * 7919 + offset) % 30_000  # 7919 is prime to 30,000: a permutation, so no number comes twice
    stem = pd.Series(21_000_000 + number // 10_000 * 1_000_000 + number % 10_000).astype("str")
    siren = stem + luhn_digit(stem)
    return siren + "0001" + luhn_digit(siren + "0001")


def buyers(count: int, stream: Stream, offset: int) -> pd.DataFrame:
    """Make the Région's twin (first row) and ``count`` lycées, each at the ``place`` of a real Breton commune."""
    places = communes()
    home = np.flatnonzero(places["region"] == BRITTANY)
    place = home[stream.pick(places["poids"].to_numpy(np.float64)[home] + 10, count)]
    given, family = invented("given"), invented("family")
    name = (np.arange(count) * 191 + stream.below(1000, 1)) % (len(given) * len(family))
    lycees = "Lycée " + given[name % len(given)] + "-" + family[name // len(given)] + " (fictif), "
    place = np.append(np.flatnonzero(places["nom"] == "Rennes"), place)
    return pd.DataFrame(
        {
            "siret": siret(np.arange(count + 1), offset),
            "nom": pd.Series([REGION, *(lycees + places["nom"].to_numpy(object)[place[1:]])], dtype="str"),
            "place": place,
            "departement": places["departement"].take(place).to_numpy(object),
            "region": BRITTANY,
        }
    )


def firms(count: int, stream: Stream, offset: int, start: int) -> pd.DataFrame:
    """Make about ``count`` firms, five or more a trade, ordered by trade and then by how often they win.

    ``offset`` and ``start`` are the first number to use, see :func:`siret`: buyers have those before.
    """
    table = read("trades")
    weight = (needs()["region"] + needs()["lycee"]).groupby(needs()["trade"]).sum().reindex(table["trade"])
    trade, rank = spread(np.maximum(5, (count * weight / weight.sum()).to_numpy(np.float64).astype(np.int64)))
    total = len(trade)
    breton = stream.flag(table["breton"].to_numpy()[trade], total)
    country = np.where(breton | (rank < 3), FRANCE, stream.pick([90, 6, 4], total))
    french = country == FRANCE
    places = rows(communes(), _homes(breton, stream))
    order = np.arange(total) + start
    belgian, other = ([text(number) for number in order.tolist()] for text in (_belgian, "CHFICTIF {}".format))
    draw, large = stream.uniform(total), table["large"].to_numpy()[trade]
    sizes: list[Any] = [None, "GE", "ETI"]
    sized = [~french | stream.flag(0.04, total), draw < large / 3, draw < large]
    return pd.DataFrame(
        {
            "trade": trade,
            "rank": rank,
            "nom": _names(trade, rank, np.where(french, ~breton, country + 1)),
            "id": np.select([french, country == BELGIUM], [siret(order, offset), belgian], other),
            "type": np.array(["SIRET", "TVA", "HORS-UE"], dtype=object)[country],
            "categorie": np.select(sized, sizes, "PME"),
            "commune": places["code"].where(french),
            "departement": places["departement"].where(french),
            "region": places["region"].where(french),
        }
    )


def _homes(breton: Bools, stream: Stream) -> Integers:
    places = communes()
    weight = places["poids"].to_numpy(np.float64) + 10
    inside = (places["region"] == BRITTANY).to_numpy()
    home, away = (stream.pick(np.where(side, weight, 0), len(breton)) for side in (inside, ~inside))
    return np.where(breton, home, away)


def _names(trade: Integers, rank: Integers, where: Integers) -> pd.Series:
    """Name firms after their trade and a river or a land; a number follows when all combinations are used."""
    heads = read("trades")["heads"].str.split("|").tolist()
    lands = [invented(land) for land in ("Bretagne", "France", "Belgique", "Suisse")]
    made = []
    for kind, place, land in zip(trade.tolist(), rank.tolist(), (lands[at] for at in where), strict=True):
        turn, head = divmod(place, len(heads[kind]))
        again = f" {turn // len(land) + 1}" if turn >= len(land) else ""
        made.append(f"{heads[kind][head]} {land[(turn + kind * 7) % len(land)]}{again} (fictif)")
    return pd.Series(made, dtype="str")


def _belgian(number: int) -> str:
    """Write a Belgian VAT number with its check digits, 97 less the remainder."""
    return f"BE{number:08d}{97 - number % 97:02d}"
