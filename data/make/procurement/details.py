"""The tables of the sample that hang on its contracts: suppliers and amendments; and its few concessions."""

import numpy as np
import pandas as pd

from data.make.procurement.book import LAST, Book, partner, years
from data.make.procurement.contracts import SOURCE, blank, dates, delays
from data.make.procurement.needs import read
from data.make.sampling import Integers, Stream, growth, rows, spread, words
from tikub_lab.procurement.codes import CONCESSION_CODES

CONCESSIONS = 15
AMENDED = ("Travaux supplémentaires", "Prolongation du délai", "Prestations complémentaires", "Changement de titulaire")


def suppliers(book: Book, stream: Stream) -> pd.DataFrame:
    """Return the holders of each contract, one a row; some categories and names are missing, as in published data."""
    row, turn = spread(book.contracts["holders"].to_numpy())
    firm = rows(book.firms, partner(rows(book.contracts, row), turn, book.firms["trade"].to_numpy()))
    names = {"id": "id", "type": "typeIdentifiant", **{name: name for name in ("commune", "departement", "region")}}
    return pd.DataFrame(
        {
            "uid": book.uid.take(row).reset_index(drop=True),
            "titulaire_nom": blank(firm["nom"], stream, 0.01),
            "titulaire_categorie": blank(firm["categorie"], stream, 0.02),
            **firm[[*names]].rename(columns=names).add_prefix("titulaire_"),
        }
    )


def amendments(book: Book, stream: Stream) -> pd.DataFrame:
    """Return the amendments of about one contract in eight: new amount, new length, rarely a new holder."""
    frame, count = book.contracts, len(book.contracts)
    number = np.where(stream.flag(0.17, count), 1 + stream.pick([15, 4, 1], count), 0)
    number = np.where((frame["split"] < 0) & (frame["months"] > 1), number, 0)
    row, rank = spread(number)
    chosen, size = rows(frame, row), len(row)
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
            "modification_id": rank + 1,
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
    """Add up the changes of each contract, at most three amendments."""
    total = change.copy()
    for back in (1, 2):
        total[back:] += np.where(rank[back:] >= back, change[:-back], 0)
    return total


def concessions(book: Book, scale: float, stream: Stream) -> pd.DataFrame:
    """Return the concessions, a handful of contracts whose holder bears the risk of operation."""
    count = max(2, round(CONCESSIONS * scale))
    table = read("concessions")
    what = rows(table, stream.below(len(table), count))
    day = np.sort(stream.below(LAST - 60, count))
    value = (what["median"] * growth(0.6 * stream.normal(count))).astype("int64") // 1000 * 1000 + 1000
    lycee = 1 + stream.below(len(book.buyers) - 1, count)
    buyer = rows(book.buyers, np.where(what["regional"], 0, lycee))
    sold = pd.Index(read("trades")["trade"]).get_indexer(what["trade"])
    first = np.searchsorted(book.firms["trade"].to_numpy(), sold)
    number = "C" + pd.Series(years(day) * 100_000 + np.arange(count) + 1).astype("str")
    begin, published = day + 20 + stream.below(90, count), day + 2 + stream.below(40, count)
    helped, codes = stream.flag(0.3, count), CONCESSION_CODES
    social = stream.pick([3, 2, 1, 9], count)
    return pd.DataFrame(
        {
            "uid": buyer["siret"] + number,
            "id": number,
            "autoriteConcedante_id": buyer["siret"],
            "autoriteConcedante_nom": buyer["nom"],
            "nature": words(codes["nature"], what["nature"].to_numpy()),
            "objet": what["objet"],
            "procedure": words(codes["procedure"], stream.pick([6, 2, 1, 1], count)),
            "dureeMois": np.array([36, 60, 84, 120, 180])[stream.below(5, count)],
            "dateSignature": dates(day),
            "datePublicationDonnees": dates(published),
            "dateDebutExecution": dates(begin),
            "valeurGlobale": value,
            "montantSubventionPublique": np.where(helped, value // 8, 0),
            "concessionnaires": words(book.firms["id"], first + stream.below(3, count)),
            "considerationsSociales": words(codes["considerationsSociales"], social),
            "considerationsEnvironnementales": words(
                codes["considerationsEnvironnementales"], stream.pick([4, 3, 3], count)
            ),
            "modifications": stream.pick([7, 2, 1], count),
            "source": SOURCE,
        }
    )
