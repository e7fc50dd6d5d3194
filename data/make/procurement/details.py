"""The tables of the sample that hang on its contracts: suppliers and amendments; and its few concessions."""

import numpy as np
import pandas as pd

from data.make.procurement.book import LAST, Book, partner, years
from data.make.procurement.contracts import SOURCE, blank, dates, delays, words
from data.make.procurement.needs import trades
from data.make.sampling import Integers, Stream, growth
from tikub_lab.procurement.codes import CONCESSION_CODES

CONCESSIONS = 15

# What is conceded: wording, nature (position in the code list), median value in €, trade of the firms.
CONCEDED = (
    ("Exploitation d'un port de plaisance", 3, 4_000_000, "voirie"),
    ("Exploitation d'une cafétéria", 1, 180_000, "alimentation"),
    ("Distributeurs de boissons et d'en-cas", 1, 60_000, "alimentation"),
    ("Gestion d'un réseau de bornes de recharge", 2, 900_000, "énergie"),
    ("Transport de passagers vers une île", 3, 9_000_000, "transport"),
    ("Construction et exploitation d'une halle à marée", 0, 6_000_000, "gros œuvre"),
)
AMENDED = ("Travaux supplémentaires", "Prolongation du délai", "Prestations complémentaires", "Changement de titulaire")


def suppliers(book: Book, stream: Stream) -> pd.DataFrame:
    """Return the holders of each contract, one a row, in the order of the contracts.

    Some categories and names are missing, as in published data.
    """
    frame = book.contracts
    holders = frame["holders"].to_numpy()
    row = np.repeat(np.arange(len(frame)), holders)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(holders) - holders, holders)
    firm = partner(frame.take(row), turn, book.firms["trade"].to_numpy())
    chosen = book.firms.take(firm).reset_index(drop=True)
    return pd.DataFrame(
        {
            "uid": book.uid.take(row).reset_index(drop=True),
            "titulaire_id": chosen["id"],
            "titulaire_typeIdentifiant": chosen["type"],
            "titulaire_nom": blank(chosen["nom"], stream, 0.01),
            "titulaire_categorie": blank(chosen["categorie"], stream, 0.02),
            "titulaire_commune": chosen["commune"],
            "titulaire_departement": chosen["departement"],
            "titulaire_region": chosen["region"],
        }
    )


def amendments(book: Book, stream: Stream) -> pd.DataFrame:
    """Return the amendments of about one contract in eight: new amount, new length, rarely a new holder."""
    frame, count = book.contracts, len(book.contracts)
    number = np.where(stream.flag(0.17, count), 1 + stream.pick([15, 4, 1], count), 0)
    number = np.where((frame["split"] < 0) & (frame["months"] > 1), number, 0)
    row = np.repeat(np.arange(count), number)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
    chosen = frame.take(row).reset_index(drop=True)
    size = len(row)
    position = (rank + 0.1 + 0.8 * stream.uniform(size)) / number[row]
    day = chosen["day"].to_numpy() + (chosen["months"].to_numpy() * 30 * position).astype(np.int64)
    what = stream.pick([50, 22, 23, 5], size)  # amount, length, both, holder
    share = _shares(stream, size)
    dearer, extended = (what == 0) | (what == 2), (what == 1) | (what == 2)
    amount = chosen["amount"].to_numpy() * (1000 + _running(np.where(dearer, share, 0), rank)) // 1000
    longer = np.array([1, 2, 3, 6, 12])[stream.pick([2, 3, 4, 3, 2], size)]
    months = chosen["months"].to_numpy() + _running(np.where(extended, longer, 0), rank)
    successor = partner(chosen, np.ones(size, dtype=np.int64), book.firms["trade"].to_numpy())
    published = day + delays(stream, size)
    table = pd.DataFrame(
        {
            "uid": book.uid.take(row).reset_index(drop=True),
            "modification_id": pd.Series(rank + 1, dtype="Int64"),
            "dateNotificationModification": dates(day),
            "datePublicationDonneesModification": dates(published).mask(published > LAST),
            "dureeMois": pd.Series(months, dtype="Int64").where(extended),
            "montant": pd.Series(np.maximum(amount, 1).astype(np.float64)).where(dearer),
            "titulaires": words(book.firms["id"], np.where(what == 3, successor, -1)),
            "objetModification": blank(words(AMENDED, what), stream, 0.4),
        }
    )
    return table[day <= LAST].reset_index(drop=True)


def _shares(stream: Stream, size: int) -> Integers:
    """Draw changes of the amount in thousandths: mostly a few per cent more, one in seven less."""
    draw = stream.uniform(size)
    more = 8 + (190 * draw * draw).astype(np.int64)
    return np.where(stream.flag(0.14, size), -more // 2, more)


def _running(change: Integers, rank: Integers) -> Integers:
    """Add up the changes of each contract (at most three amendments, in order)."""
    total = change.copy()
    for back in (1, 2):
        total[back:] += np.where(rank[back:] >= back, change[:-back], 0)
    return total


def concessions(book: Book, scale: float, stream: Stream) -> pd.DataFrame:
    """Return the concessions, a handful of contracts whose holder bears the risk of operation."""
    count = max(2, round(CONCESSIONS * scale))
    what = stream.below(len(CONCEDED), count)
    wording, nature, median, trade = zip(*CONCEDED, strict=True)
    day = np.sort(stream.below(LAST - 60, count))
    value = (np.array(median)[what] * growth(0.6 * stream.normal(count))).astype(np.int64) // 1000 * 1000 + 1000
    regional = np.isin(what, [0, 3, 4, 5])
    lycee = 1 + stream.below(len(book.buyers) - 1, count)
    buyer = book.buyers.take(np.where(regional, 0, lycee)).reset_index(drop=True)
    sold = pd.Index(trades()["trade"]).get_indexer(trade)[what]
    first = np.searchsorted(book.firms["trade"].to_numpy(), sold)
    number = pd.Series("C" + pd.Series(years(day) * 100_000 + np.arange(count) + 1).astype("str"), dtype="str")
    begin, published = day + 20 + stream.below(90, count), day + 2 + stream.below(40, count)
    helped = stream.flag(0.3, count)
    social = stream.pick([3, 2, 1, 9], count)
    return pd.DataFrame(
        {
            "uid": buyer["siret"] + number,
            "id": number,
            "autoriteConcedante_id": buyer["siret"],
            "autoriteConcedante_nom": buyer["nom"],
            "nature": words(CONCESSION_CODES["nature"], np.array(nature)[what]),
            "objet": words(wording, what),
            "procedure": words(CONCESSION_CODES["procedure"], stream.pick([6, 2, 1, 1], count)),
            "dureeMois": pd.Series(np.array([36, 60, 84, 120, 180])[stream.below(5, count)], dtype="Int64"),
            "dateSignature": dates(day),
            "datePublicationDonnees": dates(published),
            "dateDebutExecution": dates(begin),
            "valeurGlobale": pd.Series(value, dtype="float64"),
            "montantSubventionPublique": pd.Series(np.where(helped, value // 8, 0), dtype="float64"),
            "concessionnaires": words(book.firms["id"], first + stream.below(3, count)),
            "considerationsSociales": words(CONCESSION_CODES["considerationsSociales"], social),
            "considerationsEnvironnementales": words(
                CONCESSION_CODES["considerationsEnvironnementales"], stream.pick([4, 3, 3], count)
            ),
            "modifications": pd.Series(stream.pick([7, 2, 1], count), dtype="Int64"),
            "source": pd.Series(SOURCE, index=range(count), dtype="str"),
        }
    )
