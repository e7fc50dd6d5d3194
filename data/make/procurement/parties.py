"""The fictitious buyers and firms of the sample, with identifiers that are valid and belong to nobody.

A SIREN that starts with 21, 22 or 23 is that of a commune, a département or a region, and goes on with the number of
its département (Région Bretagne: 23 35 …). No département has the number 00, so the 30,000 numbers 2100…, 2200… and
2300… are valid (Luhn) and not in use. Numbers that start with 0 would not do: old sole traders have them. Belgian VAT
numbers start with BE000, below the first number that Belgium gave out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.make.procurement.needs import needs
from data.make.sampling import Integers, Stream
from tikub_lab.tables.identifiers import luhn_digit
from tikub_lab.tables.places import BRITTANY, communes

REGION = "Région Bretagne (fictif)"

# Name parts, separated by bars.
GIVEN = (
    "Anne|Yann|Gwenn|Mona|Erwan|Soazig|Loïc|Maïwenn|Tanguy|Rozenn|Alan|Enora|Ronan|Nolwenn|Gildas|Katell|Ewen|Aziliz|"
    "Malo|Bleuenn|Corentin|Lena|Perig|Tifenn"
)
FAMILY = (
    "des-Ajoncs|des-Bruyères|des-Genêts|des-Embruns|des-Goémons|du-Granit|du-Schiste|de-la-Lande|des-Talus|"
    "des-Chemins-Creux|des-Marées|du-Suroît|du-Noroît|des-Hortensias|des-Pommiers|du-Sarrasin|des-Menhirs|des-Hermines|"
    "des-Korrigans|du-Cormoran|des-Sternes|de-la-Bruine|du-Jusant|des-Alouettes|du-Chêne-Vert|des-Galets|des-Îlots|"
    "des-Saulniers"
)
LANDS = (
    # Brittany
    "du Blavet|de l'Odet|de la Vilaine|du Trégor|de l'Aulne|du Léon|de Cornouaille|du Goëlo|du Penthièvre|de l'Argoat|"
    "de l'Armor|du Menez-Hom|de Brocéliande|de l'Iroise|du Scorff|de l'Ellé|de la Rance|du Couesnon|de l'Oust|"
    "du Trieux|du Léguer|de l'Aven|de l'Élorn|de la Laïta|des Abers|du Faouët|du Poher|du Porhoët|du Vannetais|"
    "des Glénan|du Coglais|de la Penfeld|du Steïr|du Jaudy|du Gouët|du Meu|de l'Ille|de la Seiche|du Semnon|de l'Aff",
    # elsewhere in France
    "de la Loire|de la Seine|du Rhône|de la Garonne|de l'Erdre|de la Mayenne|du Cotentin|de Flandre|d'Alsace|"
    "de Provence|du Maine|de Touraine|du Poitou|de Lorraine|d'Auvergne|du Béarn",
    # Belgium, Switzerland
    "de la Meuse|du Brabant|du Hainaut",
    "du Léman|du Valais|du Jura suisse",
)

FRANCE, BELGIUM, SWITZERLAND = range(3)


@dataclass(frozen=True)
class Trade:
    """A trade: how its firms are called, and how many of them are Breton, large, and preferred to the others."""

    heads: tuple[str, ...]
    breton: float
    large: float
    concentrated: bool = False


TRADES: dict[str, Trade] = {
    "gros œuvre": Trade(("Constructions", "Bâtisseurs", "Entreprise générale"), 0.88, 0.25),
    "couverture": Trade(("Couverture", "Toitures", "Charpentes et toits"), 0.95, 0.05),
    "menuiserie": Trade(("Menuiserie", "Fermetures", "Façades", "Agencement"), 0.93, 0.06),
    "électricité": Trade(("Électricité", "Éclairages", "Installations électriques"), 0.90, 0.15),
    "chauffage": Trade(("Génie climatique", "Thermique", "Équipements techniques"), 0.82, 0.30, True),
    "peinture": Trade(("Peintures", "Ravalement", "Décors"), 0.97, 0.02),
    "voirie": Trade(("Travaux publics", "Terrassements", "Génie civil"), 0.90, 0.30, True),
    "alimentation": Trade(("Saveurs", "Vivres", "Halles", "Comptoir alimentaire"), 0.85, 0.20),
    "équipement": Trade(("Équipement", "Fournitures", "Comptoir", "Distribution"), 0.55, 0.20),
    "numérique": Trade(("Numérique", "Systèmes", "Réseaux", "Informatique"), 0.45, 0.25, True),
    "transport": Trade(("Mobilités", "Transports", "Compagnie"), 0.88, 0.25, True),
    "énergie": Trade(("Énergie", "Énergies renouvelables"), 0.40, 0.60, True),
    "études": Trade(("Ingénierie", "Bureau d'études", "Atelier", "Bureau technique"), 0.75, 0.15),
    "conseil": Trade(("Conseil", "Agence", "Cabinet"), 0.45, 0.12),
    "télécoms": Trade(("Télécoms", "Fibre"), 0.30, 0.70, True),
    "formation": Trade(("Formation", "Centre de formation", "École des métiers"), 0.88, 0.15),
    "entretien": Trade(("Services", "Entretien", "Environnement", "Entreprise adaptée"), 0.85, 0.20),
    "assurance": Trade(("Assurances", "Mutuelle"), 0.25, 0.85, True),
}


def siret(index: Integers, offset: int) -> pd.Series:
    """Make distinct valid SIRET in the range that is not in use (see the module), one a position below 30,000."""
    number = (index * 7919 + offset) % 30_000  # 7919 is prime to 30,000: a permutation, so no number comes twice
    stem = pd.Series(21_000_000 + number // 10_000 * 1_000_000 + number % 10_000).astype("str")
    siren = stem + luhn_digit(stem)
    return siren + "0001" + luhn_digit(siren + "0001")


def buyers(count: int, stream: Stream, offset: int) -> pd.DataFrame:
    """Make the Région's twin (first row) and ``count`` lycées, each in a real Breton commune.

    Returns
    -------
    DataFrame of shape (count + 1, 5)
        ``siret``, ``nom``, ``place`` (position in :func:`~tikub_lab.tables.places.communes`), ``departement``,
        ``region``.
    """
    places = communes()
    home = np.flatnonzero(places["region"] == BRITTANY)
    place = home[stream.pick(places["poids"].to_numpy(np.float64)[home] + 10, count)]
    first, second = GIVEN.split("|"), FAMILY.split("|")
    name = (np.arange(count) * 191 + stream.below(1000, 1)) % (len(first) * len(second))
    given = np.array(first, dtype=object)[name % len(first)]
    family = np.array(second, dtype=object)[name // len(first)]
    lycees = "Lycée " + given + "-" + family + " (fictif), " + places["nom"].to_numpy(object)[place]
    place = np.append(np.flatnonzero(places["nom"] == "Rennes"), place)
    return pd.DataFrame(
        {
            "siret": siret(np.arange(count + 1), offset),
            "nom": pd.Series([REGION, *lycees], dtype="str"),
            "place": place,
            "departement": places["departement"].take(place).to_numpy(object),
            "region": BRITTANY,
        }
    )


def firms(count: int, stream: Stream, offset: int, start: int) -> pd.DataFrame:
    """Make the firms, ordered by trade and then by how often they win.

    Parameters
    ----------
    count : int
        About how many; every trade has at least five.
    stream : Stream
        Draws.
    offset, start : int
        First number to use, see :func:`siret`: buyers have those before.

    Returns
    -------
    DataFrame
        ``trade`` and ``rank`` (positions), ``id``, ``type``, ``nom``, ``categorie``, ``commune``, ``departement``,
        ``region``; what a foreign firm has not is missing.
    """
    weight = (needs()["region"] + needs()["lycee"]).groupby(needs()["trade"]).sum().reindex(list(TRADES))
    sizes = np.maximum(5, (count * weight / weight.sum()).to_numpy(np.float64).astype(np.int64))
    trade = np.repeat(np.arange(len(TRADES)), sizes)
    total = len(trade)
    rank = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    breton = stream.flag(np.array([item.breton for item in TRADES.values()])[trade], total)
    country = np.where(breton | (rank < 3), 0, stream.pick([90, 6, 4], total))
    place = _homes(breton, stream)
    places = communes().take(place).reset_index(drop=True)
    firm = pd.DataFrame({"trade": trade, "rank": rank, "nom": _names(trade, rank, breton, country)})
    order = np.arange(total) + start
    firm["id"] = np.select(
        [country == FRANCE, country == BELGIUM], [siret(order, offset), _belgian(order)], "CHFICTIF " + _text(order)
    )
    firm["type"] = np.array(["SIRET", "TVA", "HORS-UE"], dtype=object)[country]
    draw = stream.uniform(total)
    large = np.array([item.large for item in TRADES.values()])[trade]
    category = np.select([draw < large / 3, draw < large], ["GE", "ETI"], "PME").astype(object)
    category[(country != FRANCE) | stream.flag(0.04, total)] = None
    firm["categorie"] = category
    for column, field in (("commune", "code"), ("departement", "departement"), ("region", "region")):
        firm[column] = places[field].where(country == FRANCE)
    return firm


def _homes(breton: np.ndarray, stream: Stream) -> Integers:
    """Choose communes: in Brittany or elsewhere, the larger the likelier (small towns have firms too)."""
    places = communes()
    weight = places["poids"].to_numpy(np.float64) + 10
    inside = (places["region"] == BRITTANY).to_numpy()
    here = stream.pick(np.where(inside, weight, 0), len(breton))
    there = stream.pick(np.where(inside, 0, weight), len(breton))
    return np.where(breton, here, there)


def _names(trade: Integers, rank: Integers, breton: np.ndarray, country: Integers) -> pd.Series:
    """Name firms after their trade and a river or a land; a number follows when all combinations are used."""
    heads = np.array([len(item.heads) for item in TRADES.values()])
    first = np.cumsum(heads) - heads
    head = np.array([head for item in TRADES.values() for head in item.heads], dtype=object)
    lands = [names.split("|") for names in LANDS]
    which = np.where(country != FRANCE, country + 1, np.where(breton, 0, 1))
    size = np.array([len(item) for item in lands])[which]
    begin = np.cumsum([0, *map(len, lands[:-1])])[which]
    turn, step = rank // heads[trade], trade * 7
    land = np.array([name for item in lands for name in item], dtype=object)[begin + (turn + step) % size]
    again = turn // size
    number = np.where(again > 0, " " + _text(again + 1), "")
    return pd.Series(head[first[trade] + rank % heads[trade]] + " " + land + number + " (fictif)", dtype="str")


def _belgian(order: Integers) -> np.ndarray:
    """Belgian VAT numbers with their check digits (97 less the remainder), in a range never given out."""
    return np.array([f"BE{value:08d}{97 - value % 97:02d}" for value in order.tolist()], dtype=object)


def _text(values: Integers) -> np.ndarray:
    return values.astype(str).astype(object)
