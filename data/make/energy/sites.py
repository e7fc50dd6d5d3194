"""The fictitious lycées and their buildings, with UAI codes that are valid and belong to nobody.

The first three figures of a UAI are those of a département. No département has the number 000, so the ten thousand
codes 000 …. are valid (their letter checks) and not in use. The département is told by its own column.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data.make import procurement
from data.make.energy.weather import STATIONS, nearest
from data.make.procurement.book import purchasers
from data.make.sampling import Floats, Integers, Stream, growth, position, streams
from tikub_lab.errors import UsageError
from tikub_lab.tables.identifiers import uai_letter
from tikub_lab.tables.places import BRITTANY, communes

SEED = 20261124
SITES = 115
SURFACE = 1_800_000 / SITES
"""Mean floor area of a lycée, m²: the Région says 1.8 million m² in 115 lycées."""
LARGEST = 1000
"""Largest scale: 3,637 lycées."""
BUILDING = 1200
"""Mean floor area of a building, m²: 1,500 buildings."""

# Name parts, separated by bars: others than those of the other use case's buyers.
GIVEN = (
    "Denez|Maëlle|Riwal|Awen|Tudi|Klervi|Gaud|Youenn|Azenor|Brieg|Haude|Judikaël|Meriadeg|Oanez|Padrig|Sterenn|Gwilherm|"
    "Tifaine|Konan|Morwenna|Drel|Levenez|Even|Rivanon|Salaün|Hoela|Budok|Nevena"
)
FAMILY = (
    "du-Rocher|de-la-Grève|de-la-Vague|du-Marais|du-Lichen|des-Fougères|du-Roseau|du-Bruant|du-Courlis|de-la-Balise|"
    "de-l'Ancre|du-Voilier|de-la-Brise|de-la-Dune|de-la-Falaise|du-Varech|de-l'Écume|du-Chenal|de-la-Houle|du-Ressac|"
    "de-l'Averse|du-Houx|de-l'Aubépine|du-Noisetier|du-Hérisson|de-la-Loutre|du-Goéland"
)

TYPES = ("Lycée polyvalent", "Lycée général et technologique", "Lycée professionnel", "EREA")
_TYPE_WEIGHTS = (42, 31, 23, 4)
_PUPILS = np.array([720.0, 860.0, 400.0, 130.0])
_AREA_PER_PUPIL = np.array([22.0, 18.5, 31.0, 46.0])

ENERGIES = ("électricité", "gaz", "fioul", "bois", "réseau de chaleur")
ELECTRICITY, GAS, OIL, WOOD, NETWORK = range(5)
_HEATING_WEIGHTS = (4, 68, 8, 7, 13)

FUNCTIONS = {
    "Enseignement": ("Externat", 3, 38.0),
    "Restauration": ("Restaurant scolaire", 1, 7.0),
    "Hébergement": ("Internat", 3, 14.0),
    "Administration": ("Administration", 2, 6.0),
    "Ateliers": ("Ateliers", 1, 22.0),
    "Sport": ("Gymnase", 1, 6.0),
    "Documentation": ("Centre de documentation", 1, 4.0),
    "Logements de fonction": ("Logements", 2, 3.0),
}
"""What buildings are for: their usual name, their storeys, and how large they are beside each other."""
_NAMES = list(FUNCTIONS)
_USUAL_ORDER = np.array([0, 1, 2, 3, 4, 0, 5, 7, 6, 0, 4, 0, 2])
"""Functions of a lycée's first, second… building, for the lycées that have them; teaching for the others."""


def lycees(scale: float, seed: int) -> pd.DataFrame:
    """Draw the lycées that all use cases share: 115 at scale 1, growing with its square root."""
    if not 0.01 <= scale <= LARGEST:
        raise UsageError(f"scale={scale}: give a number from 0.01 to {LARGEST} (1 gives {SITES} lycées).")
    if seed < 0:
        raise UsageError(f"seed={seed}: give zero or a positive whole number.")
    table = sites(max(12, round(SITES * float(np.sqrt(scale)))), streams(seed, 1)[0])
    table.insert(1, "siret", sirets(table, scale, seed))
    return table


def sirets(table: pd.DataFrame, scale: float, seed: int) -> pd.Series:
    """Return the number under which a lycée buys: that of a buyer of its commune in the contracts, if there is one.

    The buyer has another invented name there.
    """
    buyer = purchasers(scale, streams(procurement.SEED if seed == SEED else seed, 13)[0])[1].iloc[1:]
    code = communes()["code"].take(buyer["place"].to_numpy()).set_axis(buyer.index).rename("code_commune")
    known = buyer.set_index([code, buyer.groupby(code).cumcount()])["siret"]
    here = pd.MultiIndex.from_arrays([table["code_commune"], table.groupby("code_commune").cumcount()])
    return known.reindex(here).set_axis(table.index).astype("str")


def sites(count: int, stream: Stream) -> pd.DataFrame:
    """Draw the lycées.

    Returns
    -------
    DataFrame of shape (count, 17)
        The columns of ``territory/lycees``, ordered by UAI.
    """
    places = communes()
    places = places[places["region"] == BRITTANY].reset_index(drop=True)
    place = stream.pick(places["poids"].to_numpy(np.float64) + 10, count)
    home = places.take(place).reset_index(drop=True)
    kind = in_proportion(_TYPE_WEIGHTS, count, stream)
    pupils = _PUPILS[kind] * growth(0.35 * stream.normal(count))
    area = pupils * _AREA_PER_PUPIL[kind] * growth(0.22 * stream.normal(count))
    area = np.round(area * (SURFACE * count / area.sum()) / 10) * 10
    near = nearest(home["longitude"].to_numpy(), home["latitude"].to_numpy())
    opened = np.where(stream.flag(0.035, count), 2011 + stream.below(6, count), 1880 + _late(stream, count, 129))
    number = stream.below(10_000, 1) + np.arange(count) * 7919  # 7919 is prime to 10,000: no code comes twice
    stem = pd.Series(number % 10_000).astype("str").str.rjust(7, "0")
    table = pd.DataFrame(
        {
            "code_uai": stem + uai_letter(stem),
            "lib_etablissement": _names(count, stream),
            "type_etablissement": np.array(TYPES, dtype=object)[kind],
            "reseau_etablissement": "Réseau fictif n° " + pd.Series(place % 18 + 1).astype("str"),
            "ville": home["nom"],
            "code_commune": home["code"],
            "departement": home["departement"],
            "longitude": home["longitude"],
            "latitude": home["latitude"],
            "station": STATIONS["station"].to_numpy(object)[near],
            "surface_totale": area,
            "eleves": pupils.astype(np.int64),
            "internat": stream.flag(np.array([0.75, 0.55, 0.65, 0.8])[kind], count),
            "annee_ouverture": opened,
            "emat": "EMAT fictive n° " + pd.Series(near + 1).astype("str"),
            "photovoltaique": stream.flag(0.15, count),
            "energie_chauffage": np.array(ENERGIES, dtype=object)[in_proportion(_HEATING_WEIGHTS, count, stream)],
        }
    )
    return table.sort_values("code_uai", ignore_index=True)


def buildings(sites: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """Draw the buildings: their floor areas add up to that of their lycée.

    Returns
    -------
    DataFrame of shape (buildings, 7)
        The columns of ``territory/buildings``, ordered by code; a lycée's first building is the largest of teaching.
    """
    area = sites["surface_totale"].to_numpy()
    sizes = np.clip(np.round(area / BUILDING), 3, 45).astype(np.int64)
    total, site = int(sizes.sum()), np.repeat(np.arange(len(sites)), sizes)
    rank = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    work = _functions(sites, site, rank, stream)
    weight = np.array([item[2] for item in FUNCTIONS.values()])[work] * (0.5 + stream.uniform(total))
    weight = np.where(rank == 0, 60.0, weight)
    surface = np.floor(area[site] * weight / np.bincount(site, weight)[site])
    surface[rank == 0] += area - np.bincount(site, surface)  # what rounding left
    opened = sites["annee_ouverture"].to_numpy()[site]
    later = (stream.uniform(total) * stream.uniform(total) * (2022 - opened)).astype(np.int64)
    usual = np.array([item[0] for item in FUNCTIONS.values()], dtype=object)[work]
    storeys = np.array([item[1] for item in FUNCTIONS.values()])[work]
    order = pd.Series(rank + 1).astype("str").str.rjust(2, "0")
    return pd.DataFrame(
        {
            "code_batiment": sites["code_uai"].to_numpy(object)[site] + "-" + order,
            "lib_batiment": usual + " " + order,
            "lycee": sites["code_uai"].to_numpy(object)[site],
            "annee_construction": np.where(rank == 0, opened, opened + later),
            "nb_niv": np.maximum(1, storeys + stream.below(3, total) - 1),
            "surface_bati": surface,
            "fonction_principale": np.array(_NAMES, dtype=object)[work],
        }
    )


def age(sites: pd.DataFrame, buildings: pd.DataFrame) -> Floats:
    """Return how old each lycée's buildings are, from 0 (of this century) to 1 (of the 1960s or before), by area."""
    year = buildings["annee_construction"].to_numpy(np.float64)
    surface = buildings["surface_bati"].to_numpy()
    site = pd.Index(sites["code_uai"]).get_indexer(buildings["lycee"])
    old = np.clip((2000 - year) / 40, 0, 1)
    return np.bincount(site, old * surface) / np.bincount(site, surface)


def in_proportion(weights: Sequence[float], count: int, stream: Stream) -> Integers:
    """Deal positions in a list of weights, as near to their proportions as whole numbers allow, in a drawn order."""
    order = np.argsort(stream.uniform(count), kind="stable")
    return position(weights, (order + 0.5) / count)


def _functions(sites: pd.DataFrame, site: Integers, rank: Integers, stream: Stream) -> Integers:
    """Say what each building is for: the usual ones first, then any."""
    any_of = stream.pick([8, 0.5, 2, 1, 2, 0.5, 0, 2], len(site))
    work = np.where(rank < len(_USUAL_ORDER), _USUAL_ORDER[np.minimum(rank, len(_USUAL_ORDER) - 1)], any_of)
    boards = sites["internat"].to_numpy(bool)[site]
    shops = sites["type_etablissement"].ne(TYPES[1]).to_numpy()[site]
    none = ((work == _NAMES.index("Hébergement")) & ~boards) | ((work == _NAMES.index("Ateliers")) & ~shops)
    return np.where(none, 0, work)


def _late(stream: Stream, count: int, span: int) -> Integers:
    """Draw years that come more often the later they are, in a span of years."""
    return (span * np.maximum(stream.uniform(count), stream.uniform(count))).astype(np.int64)


def _names(count: int, stream: Stream) -> pd.Series:
    """Make distinct names; a number follows when all combinations are used."""
    first, second = GIVEN.split("|"), FAMILY.split("|")
    size = len(first) * len(second)
    name = np.arange(count) * 241 + stream.below(size, 1)  # 241 is prime to the size: all names before one comes again
    given = np.array(first, dtype=object)[name % len(first)]
    family = np.array(second, dtype=object)[name // len(first) % len(second)]
    again = pd.Series(np.arange(count) // size)
    number = (" n° " + (again + 1).astype("str")).where(again > 0, "")
    return pd.Series("Lycée " + given + "-" + family, dtype="str") + number + " (fictif)"
