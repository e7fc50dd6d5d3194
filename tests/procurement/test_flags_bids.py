"""A bid register worked by hand: the processes and bids that it makes, and what the flags say of them."""

from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from tikub_lab.procurement.flags.cardinal import Database, Settings, red_flags
from tikub_lab.procurement.flags.register import schema
from tikub_lab.procurement.published.ocds import utc
from tikub_lab.tables.frames import typed

OPEN = {"consultation_id": "A", "acheteur_id": "Région", "passation_id": "Service", "etat": "Attribuée",
        "procedure": "Procédure adaptée", "codeCPV": "45210000-2|71300000-1", "statut": "Recevable",
        "datePublication": "2024-03-01T08:00:00Z", "dateLimite": "2024-03-15T07:00:00Z"}  # fmt: skip


def register(*rows):
    """Make a register of short rows: what a row does not say is missing."""
    plain = {"lot": "0", "offre": "1", "rang": "1", "devise": "EUR"}
    rows = [{**plain, **{name: None if value is None else str(value) for name, value in row.items()}} for row in rows]
    names = schema().names
    return typed(
        pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype="str") for name in names}), schema()
    )


TABLES = {
    "tenders": "tenders",
    "bids": "lines WHERE seat = 1",
    "judged": "bid",
    "tenderers": "(SELECT process, bid, party FROM lines WHERE party IS NOT NULL)",
    "suppliers": "suppliers",
    "items": "items",
}


def relations(*rows):
    """What the flags look at, with the names of parties."""
    with duckdb.connect() as connection:
        Database(connection, register(*rows), Settings())
        named = {name: connection.sql(f"FROM {table} ORDER BY ALL").df() for name, table in TABLES.items()}
        parties = connection.sql("FROM parties").df().set_index("party")["name"]
    for frame in named.values():
        for name in {"party", "tenderer", "winner", "buyer", "entity"} & set(frame):
            frame[name] = frame[name].map(parties)
    return SimpleNamespace(**{name: frame.sort_values(list(frame)[:3]) for name, frame in named.items()})


def listed(frame, *columns):
    """Rows as lists, None where something is missing."""
    return [[None if pd.isna(cell) else cell for cell in row] for row in frame[list(columns)].to_numpy(object)]


def test_a_consultation_with_one_winner():
    found = relations(
        {**OPEN, "offre": 3, "candidat_id": "z", "statut": "Retirée"},
        {**OPEN, "offre": 2, "candidat_id": "y", "statut": "Éliminée", "montant": 90},
        {**OPEN, "offre": 1, "candidat_id": "x", "montant": 100, "retenue": "true"},
        {**OPEN, "offre": 4, "candidat_id": "w", "statut": "Invitation"},
        {**OPEN, "offre": 5, "montant": 80},  # nobody knows whose
        {**OPEN, "offre": 6, "candidat_id": "y", "statut": "En examen"},  # bids twice
    )
    columns = ["ocid", "counts", "method", "details", "priced", "days", "tenderers", "final", "awarded"]
    # Of five candidates one withdrew and one was only invited; y counts once. 14 days less an hour are 13 whole days.
    assert listed(found.tenders, *columns) == [["A", True, "open", "Procédure adaptée", True, 13, 2, True, True]]
    assert listed(found.tenders, "winner", "buyer", "entity") == [["x", "Région", "Service"]]
    assert listed(found.bids, "status", "amount", "currency", "tenderer") == [
        ["valid", 100, "EUR", "x"], ["disqualified", 90, "EUR", "y"], ["withdrawn", None, "EUR", "z"],
        ["invited", None, "EUR", "w"], ["valid", 80, "EUR", None], ["pending", None, "EUR", "y"],
    ]  # fmt: skip
    assert listed(found.bids, "process", "bid") == [[0, bid] for bid in range(1, 7)]
    assert listed(found.tenderers, "bid", "party") == [[1, "x"], [2, "y"], [3, "z"], [4, "w"], [6, "y"]]
    assert listed(found.suppliers, "process", "party") == [[0, "x"]]
    assert listed(found.items, "process", "party", "code") == [[0, "x", "45210000-2"], [0, "x", "71300000-1"]]


def test_lots_states_and_groups():
    """One consultation in lots, told out of order, and three of other states."""
    plain = {"consultation_id": "B", "statut": "Recevable", "codeCPV": "45210000-2"}
    found = relations(
        {**plain, "lot": 2, "offre": 1, "candidat_id": "n", "retenue": "true", "etat": "En cours"},
        {**plain, "lot": 1, "offre": 1, "rang": 2, "candidat_id": "q", "retenue": "true"},
        {**plain, "lot": 1, "offre": 1, "rang": 1, "candidat_id": "p", "retenue": "true", "acheteur_id": "Ville"},
        {**plain, "lot": 1, "offre": 2, "rang": 1, "candidat_id": "n"},
        {**plain, "consultation_id": "C", "candidat_id": "n", "etat": "Sans suite", "ouverture": "Négociée"},
        {**plain, "consultation_id": "D", "candidat_id": "n", "etat": "Attribuée", "nombreCandidats": 7},
        {"consultation_id": "E", "candidat_id": "n", "etat": "Attribuée"},
        {**plain, "consultation_id": "F", "retenue": "true"},
    )
    columns = ["ocid", "counts", "method", "tenderers", "final", "awarded"]
    assert listed(found.tenders, *columns) == [
        ["B, lot 2", True, None, 1, False, True],  # a choice is made, not yet sure
        ["B, lot 1", True, None, 2, True, True],  # the group is one tenderer
        ["C", False, "limited", 1, True, False],
        ["D", True, None, 7, True, True],  # the register says how many there were
        ["E", True, None, None, True, True],  # no bid has a status: nobody knows how many there were
        ["F", True, None, 0, True, False],
    ]
    assert listed(found.tenders, "winner", "buyer") == [
        [None, None], [None, "Ville"], [None, None], [None, None], [None, None], [None, None],
    ]  # fmt: skip
    assert listed(found.bids, "process", "status", "tenderer") == [
        [0, "valid", "n"], [1, "valid", None], [1, "valid", "n"], [2, "valid", "n"], [3, "valid", "n"],
        [4, None, "n"], [5, "valid", None],
    ]  # fmt: skip
    assert listed(found.suppliers, "process", "party") == [[0, "n"], [1, "p"], [1, "q"]]
    assert found.items.empty, "no lot has one sure winner"


def test_a_row_without_number_is_of_the_first_bid():
    """And its candidate is the first of a group, who is the tenderer."""
    found = relations(
        {**OPEN, "candidat_id": "q", "rang": 2},
        {**OPEN, "candidat_id": "p", "offre": None, "rang": None},
        {**OPEN, "candidat_id": "n", "offre": 2, "rang": None},
    )
    assert listed(found.tenders, "tenderers") == [[2]]
    assert listed(found.bids, "tenderer") == [[None], ["n"]]
    assert listed(found.tenderers, "bid", "party") == [[1, "p"], [1, "q"], [2, "n"]]


def test_a_lot_has_its_number_in_its_name():
    found = relations({**OPEN, "candidat_id": "x"}, {**OPEN, "lot": "2", "candidat_id": "x"})
    assert found.tenders["ocid"].tolist() == ["A", "A, lot 2"]


def test_what_a_reader_is_told_of_single_bids():
    """Two single bids, one told to be two by the register, one of which nothing is known."""
    single = {**OPEN, "candidat_id": "x", "retenue": "true"}
    found = red_flags(
        register(
            single,
            {**single, "consultation_id": "B"},
            {**single, "consultation_id": "C", "nombreCandidats": 2},
            {"consultation_id": "D", "candidat_id": "x", "procedure": "Procédure adaptée"},
        ),
        Settings(flags=("R018",)),
    )
    assert found.table[["groupe", "id"]].to_numpy().tolist() == [["OCID", "A"], ["OCID", "B"]]
    assert found.coverage[["examines", "manquants"]].to_numpy().tolist() == [[3, 1]]


def test_bids_in_time_and_late():
    """The deadline itself is in time; who has no hour is neither."""
    hours = {
        "early": "2024-03-15T06:59:59Z",
        "just": "2024-03-15T07:00:00Z",
        "late": "2024-03-15T07:00:01Z",
        "none": None,
    }
    rows = [{**OPEN, "offre": at, "candidat_id": who, **({"dateReception": hour} if hour else {})}
            for at, (who, hour) in enumerate(hours.items())]  # fmt: skip
    free = {**rows[2], "consultation_id": "B"}
    del free["dateLimite"]
    found = relations(*rows, free)
    assert listed(found.judged, "late") == [[False], [False], [True], [None], [None]]
    assert found.tenders["days"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-01-15", "2024-01-14T23:00:00Z", "2024-01-15T22:59:59Z"),  # a day of French winter
        ("15/07/2024", "2024-07-14T22:00:00Z", "2024-07-15T21:59:59Z"),
        ("2024-07-15 12:30", *["2024-07-15T10:30:00Z"] * 2),
        ("15/07/2024T12:30:59", *["2024-07-15T10:30:59Z"] * 2),
        ("2024-07-15T12:30:59.999", *["2024-07-15T10:30:59.999000Z"] * 2),
        ("2024-07-15T12:30:00Z", *["2024-07-15T12:30:00Z"] * 2),
        ("2024-07-15T12:30-0230", *["2024-07-15T15:00:00Z"] * 2),
        ("2024-10-27T02:30", *["2024-10-27T00:30:00Z"] * 2),  # comes twice: the first, still in summer
        ("2024-03-31T02:30", *["2024-03-31T01:00:00Z"] * 2),  # is not: the first moment after
        ("2024-07-15Z", "2024-07-15T00:00:00Z", "2024-07-15T23:59:59Z"),
        ("2024-13-01", None, None),
        ("15-07-2024", None, None),
        ("2024-07-15T12", None, None),
    ],
)
def test_moments_in_universal_time(text, start, end):
    assert (utc(text), utc(text, end=True)) == (start, end)
