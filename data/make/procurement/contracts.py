"""The table ``procurement/contracts`` of the sample: the book put into the words of the essential data.

Rates are plausible inventions; fields left empty were more so before the format of 2024 asked for them.
"""

from typing import Any

import numpy as np
import pandas as pd

from data.make.procurement.book import LAST, ORDERS, START, SUBSEQUENT, Book, limit
from data.make.procurement.needs import SUPPLIES, WORKS, needs, read
from data.make.sampling import Bools, Floats, Integers, Stream, rows, words
from tikub_lab.procurement.codes import CODES
from tikub_lab.tables.places import communes

DIRECT = CODES["procedure"].index("Marché passé sans publicité ni mise en concurrence préalable")
FIRST_YEAR = 2020

CONSIDERED = {
    "sociale": (WORKS, (0.12, 0.13, 0.15, 0.18, 0.22, 0.26)),
    "environnementale": (SUPPLIES, (0.16, 0.20, 0.26, 0.33, 0.41, 0.49)),
}
"""The kind of contract that has such considerations more often, and shares of contracts from year to year."""
SOURCE = "fictif"


def contracts(book: Book, stream: Stream) -> pd.DataFrame:
    """Put the book into words: the columns of ``procurement/contracts``, not yet typed, in order of notification."""
    frame, count, need, day = book.contracts, len(book.contracts), book.contracts["need"].to_numpy(), book.day
    empty = np.where(book.year < 2024, 0.35, 0.02)  # the format of 2019 did not ask for all fields
    procedure = _procedure(book, stream)
    number = frame["number"].astype("str")
    columns: dict[Any, Any] = {
        **rows(book.buyers, frame["buyer"]).rename(columns={"siret": "id"}).add_prefix("acheteur_"),
        **_framework(book, stream, empty),
        **_advance(book, stream, empty),
        **_origin(book, stream),
        **_place(book, stream),
    }
    published = day + delays(stream, count)
    code, short = words(needs()["cpv"], need), words(needs()["cpv"].str[:8], need)
    columns |= {
        "uid": book.uid,
        "id": number,
        "nature": _nature(book),
        "objet": _subject(book, stream),
        "codeCPV": code.mask(stream.flag(0.05, count), short),  # one in twenty without its check digit
        "idAccordCadre": number.take(frame["parent"].to_numpy()).reset_index(drop=True).where(frame["parent"] >= 0),
        "marcheInnovant": flags(stream.flag(0.015, count), stream, empty),
        "ccag": blank(words(needs()["ccag"], need), stream, empty),
        "offresRecues": blank(_offers(book, procedure, stream), stream, empty),
        "typeGroupementOperateurs": _grouping(book, stream, empty),
        "procedure": words(CODES["procedure"], procedure),
        "dureeMois": blank(frame["months"].astype("Int64"), stream, 0.01),
        "dateNotification": dates(day),
        "datePublicationDonnees": blank(dates(published).mask(published > LAST), stream, 0.015),
        "montant": frame["amount"].astype("float64"),
        "typesPrix": _prices(book, stream, empty),
        "formePrix": words(CODES["formePrix"], stream.pick_by([[2, 7, 2], [6, 3, 2], [4, 5, 3]], book.kind)),
        "sousTraitanceDeclaree": flags(stream.flag(np.array([0.35, 0.01, 0.06])[book.kind], count), stream, empty),
        "considerationsSociales": _considerations(book, stream, empty, "sociale"),
        "considerationsEnvironnementales": _considerations(book, stream, empty, "environnementale"),
        "source": SOURCE,
    }
    return pd.DataFrame(columns)


def blank(values: pd.Series, stream: Stream, rate: float | Floats) -> pd.Series:
    return values.mask(stream.flag(rate, len(values)))


def flags(true: Bools, stream: Stream, rate: float | Floats) -> pd.Series:
    return blank(pd.Series(true, dtype="boolean"), stream, rate)


def dates(day: Integers) -> pd.Series:
    return pd.Series((START + day).astype("datetime64[s]"))


def delays(stream: Stream, count: int) -> Integers:
    """Draw days from notification to publication: most within two months, one in seven later."""
    draw = stream.uniform(count)
    soon = 1 + (58 * draw * draw).astype(np.int64)
    late = np.where(stream.flag(0.25, count), 181 + stream.below(400, count), 62 + stream.below(120, count))
    return np.where(stream.flag(0.14, count), late, soon)


def _nature(book: Book) -> pd.Series:
    """Tell frameworks and subsequent contracts as in 2019; since 2024 only the technique does."""
    kinds = np.select([book.contracts["framework"] > 0, book.contracts["parent"] >= 0], [3, 4], 0)
    return words(CODES["nature"], np.where(book.year < 2024, kinds, 0))


def _subject(book: Book, stream: Stream) -> pd.Series:
    frame = book.contracts
    lists = needs()["subjects"].str.split("|")
    sizes = lists.map(len).to_numpy()
    need = frame["need"].to_numpy()
    first = (np.cumsum(sizes) - sizes)[need]
    subject = words(lists.explode(), first + stream.below(sizes[need], len(frame)))
    elsewhere = (frame["buyer"] == 0) & ((book.kind == WORKS) | stream.flag(0.3, len(frame)))
    place = ", " + words(communes()["nom"], frame["place"].to_numpy())
    again = pd.Series(np.where(frame["parent"] >= 0, "Marché subséquent : ", ""), dtype="str")
    return again + subject + place.where(elsewhere, "")


def _framework(book: Book, stream: Stream, empty: Floats) -> dict[str, pd.Series]:
    form, count = book.contracts["framework"].to_numpy(), len(book.contracts)
    plain = np.where(stream.flag(0.02, count), 2, 3)
    technique = np.where(form > 0, np.where(stream.flag(0.04, count), 1, 0), plain)
    labels = ["Accord-cadre", "Accord-cadre|Catalogue électronique", "Système d'acquisition dynamique", "Sans objet"]
    phased = np.where((book.kind == WORKS) & stream.flag(0.15, count), 2, 3)
    execution = np.select([form == ORDERS, form == SUBSEQUENT], [0, 1], phased)
    ways = ["Bons de commande", "Marchés subséquents", "Tranches", "Sans objet"]
    return {
        "techniques": blank(words(labels, technique), stream, empty),
        "modalitesExecution": blank(words(ways, execution), stream, empty),
    }


def _procedure(book: Book, stream: Stream) -> Integers:
    """Choose a procedure that the amount allows; a subsequent contract has that of its framework agreement."""
    frame = book.contracts
    amount = frame["amount"].to_numpy()
    low, high = (limit(name, book.day, book.kind) for name in ("dispensation", "formal"))
    band = np.select([amount < low, amount < high], [0, 1], 2)
    band = np.where((band == 0) & (frame["framework"] > 0), 1, band)
    # adapted, open, restricted, negotiated, without a call, dialogue
    weights = [[45, 0, 0, 0, 55, 0], [92, 1, 0, 3, 4, 0], [0, 80, 5, 10, 4, 1]]
    code = stream.pick_by(weights, band)
    parent = frame["parent"].to_numpy()
    return np.where(parent >= 0, code[parent], code)


def _offers(book: Book, procedure: Integers, stream: Stream) -> pd.Series:
    """Count offers: one at the need's own rate, more often without a call for competition; else two or more."""
    need, count = book.contracts["need"].to_numpy(), len(book.contracts)
    single = needs()["single"].to_numpy()[need]
    single = np.where(procedure == DIRECT, 0.25 + single / 2, single * 0.8)
    more = 2 + sum(stream.flag(0.27, count).astype(np.int64) for _ in range(8))
    return pd.Series(np.where(stream.flag(single, count), 1, more), dtype="Int64")


def _advance(book: Book, stream: Stream, empty: Floats) -> dict[str, pd.Series]:
    """Advances: due above 50,000 € and two months, rare below; sometimes granted at an unknown rate (0)."""
    frame, count = book.contracts, len(book.contracts)
    due = (frame["amount"] > 50_000) & (frame["months"] > 2)
    granted = stream.flag(np.where(due, 0.8, 0.06), count)
    rate = np.array([0.05, 0.1, 0.2, 0.3, 0.0])[stream.pick([5, 3, 2, 2, 0.4], count)]
    said = flags(granted, stream, empty)
    return {"attributionAvance": said, "tauxAvance": pd.Series(rate).where(said.fillna(False))}


def _origin(book: Book, stream: Stream) -> dict[str, pd.Series]:
    """Shares of European and French goods, in twentieths: known for a few supplies since 2022."""
    count = len(book.contracts)
    known = (book.kind == SUPPLIES) & (book.year >= 2022) & stream.flag(0.3, count)
    european = 6 + stream.below(15, count)
    french = stream.below(european + 1, count)
    shares = {"origineUE": european, "origineFrance": french}
    return {name: pd.Series(share / 20).where(known) for name, share in shares.items()}


def _grouping(book: Book, stream: Stream, empty: Floats) -> pd.Series:
    """Joint bids are joint or several; several holders of a framework agreement are no group."""
    frame = book.contracts
    joint = (frame["holders"] > 1) & (frame["framework"] != SUBSEQUENT)
    code = np.where(joint, stream.pick([4, 6], len(frame)), 2)
    return blank(words(CODES["typeGroupementOperateurs"], code), stream, empty)


def _place(book: Book, stream: Stream) -> dict[str, pd.Series]:
    """Where the contract is carried out, as a code of one of four kinds."""
    places = communes()
    kind = stream.pick([45, 35, 12, 6, 2], len(book.contracts))
    labels = ["Code commune", "Code postal", "Code département", "Code région"]
    codes = pd.concat([places[name] for name in ("code", "code_postal", "departement", "region")])
    row = kind * len(places) + book.contracts["place"].to_numpy()
    known = kind < len(labels)
    return {
        "lieuExecution_code": words(codes, np.where(known, row, -1)),
        "lieuExecution_typeCode": words(labels, np.where(known, kind, -1)),
    }


def _prices(book: Book, stream: Stream, empty: Floats) -> pd.Series:
    """Types of price: firm for short contracts, revisable for long ones."""
    labels = [*CODES["typesPrix"], "Définitif ferme|Définitif révisable"]
    months = book.contracts["months"].to_numpy()
    code = stream.pick_by([[70, 22, 6, 1, 1], [22, 12, 60, 1, 5]], (months > 12).astype(np.int64))
    return blank(words(labels, code), stream, empty)


def _considerations(book: Book, stream: Stream, empty: Floats, what: str) -> pd.Series:
    """Draw considerations: more from year to year, in large contracts, and in works or supplies."""
    (kind, rates), table = CONSIDERED[what], read("considerations").query("nature == @what")
    frame, count, labels = book.contracts, len(book.contracts), [*table["wording"], f"Pas de considération {what}"]
    rate = np.array(rates)[book.year - FIRST_YEAR]
    rate = rate * np.where(frame["amount"] >= 90_000, 1.25, 0.9) * np.where(book.kind == kind, 1.2, 0.95)
    has = stream.flag(rate, count)
    code = np.where(has, stream.pick(table["weight"].to_list(), count), len(table))
    return blank(words(labels, code), stream, empty / 2)
