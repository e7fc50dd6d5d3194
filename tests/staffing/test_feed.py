"""What comes in: a night's export twice appends nothing; what is wrong is set aside; lines of events one by one."""

import io
import json
from datetime import date, datetime

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.conftest import ROOT
from tests.staffing.events import STORY
from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.staffing.feed import SetAside, append_lines, import_export
from tikub_lab.staffing.ledger import Ledger, replay
from tikub_lab.staffing.periods import dated
from tikub_lab.staffing.store import EVENT

SHIPPED = ROOT / "data" / "sample" / "staffing" / "export.csv"
AT = date(2026, 3, 2)
HEADER = SHIPPED.read_text(encoding="utf-8").splitlines()[0].split(",")
COOK = {"poste": "P00001", "code_uai": "0000044Y", "metier": "cuisine", "quotite_poste": "100", "statut": "ouvert"}
HELD = {**COOK, "agent": "A00001", "quotite_agent": "100", "contrat": "titulaire", "debut_affectation": "2020-09-01"}
ILL = {**HELD, "motif_absence": "maladie", "debut_absence": "2026-02-20", "fin_absence": "2026-03-20"}
REPLACED = {**ILL, "remplacant": "A00002", "quotite_remplacant": "80", "contrat_remplacant": "pool",
            "debut_remplacement": "2026-02-25", "fin_remplacement": "2026-03-20"}  # fmt: skip


@pytest.fixture
def night(tmp_path):
    """Import rows as an export."""
    ledger = Ledger("sqlite://", clock=lambda: datetime(2026, 3, 2, 22))

    def done(*rows, at=AT, lost=100.0, columns=HEADER):
        path = tmp_path / "export.csv"
        pd.DataFrame(rows, columns=columns).to_csv(path, sep=";", index=False)
        return import_export(ledger, path, at, lost)

    done.ledger = ledger
    return done


def there(night, day):
    return {(row["objet"], row["cle"]): dated(row) for row in night.ledger.things(day)}


def test_the_shipped_export_differs_by_what_happened_that_day():
    ledger = replay(tables.load("staffing/events"))
    first = import_export(ledger, SHIPPED, date(2025, 12, 31))
    ended = sa.select(EVENT.c.cle).where(EVENT.c.verbe == "retract", EVENT.c.debut == date(2025, 12, 31))
    with ledger.reading() as connection:
        gone = {*connection.scalars(ended)}
    assert (first.rows, first.aside) == (2490, ())
    assert first.over == len(gone) <= 3 + 5  # three agents who left, replacements longer than their absence
    again = import_export(ledger, SHIPPED, date(2025, 12, 31))
    assert (again.new, again.over) == (0, 0)


def test_an_export_alone_says_what_the_events_said(tmp_path):
    lines = SHIPPED.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "export.csv").write_text("".join(lines[:200]), encoding="utf-8")
    ours, empty = replay(tables.load("staffing/events")), Ledger("sqlite://")
    import_export(ours, SHIPPED, date(2025, 12, 31))
    assert import_export(empty, tmp_path / "export.csv", date(2025, 12, 31)).aside == ()
    columns = ["objet", "cle", "debut", "fin", "rattachement", "agent", "quotite", "statut", "contrat", "motif"]
    ours, theirs = (each.state("2025-12-31")[columns] for each in (ours, empty))
    ours = ours[ours["cle"] < "P00200"].reset_index(drop=True)
    for each in (ours, theirs):  # since when a position is as it is, no export says
        each.loc[each["objet"] == "poste", "debut"] = pd.Timestamp(0)
    pd.testing.assert_frame_equal(ours, theirs)


def test_a_position_from_night_to_night(night):
    assert night(REPLACED).new == 4
    assert night(REPLACED).new == 0
    now = there(night, AT)
    assert now["remplacement", "P00001/A00001/A00002"]["fin"] == date(2026, 3, 21)  # HR's last day is included
    assert now["affectation", "P00001/A00001"]["debut"] == date(2020, 9, 1)
    longer = {**REPLACED, "fin_absence": "2026-04-10", "quotite_agent": "80"}
    assert night(longer, at=date(2026, 3, 10)).new == 2
    assert night(longer, at=date(2026, 3, 11)).new == 0
    assert there(night, date(2026, 3, 9))["affectation", "P00001/A00001"]["quotite"] == 100
    then = there(night, date(2026, 4, 1))
    assert then["affectation", "P00001/A00001"]["quotite"] == 80
    assert (then["absence", "P00001/A00001"]["debut"], len(then)) == (date(2026, 2, 20), 3)
    back = night({**HELD, "quotite_agent": "80"}, at=date(2026, 3, 12))
    assert (back.new, back.over) == (2, 2)
    assert ("absence", "P00001/A00001") in there(night, date(2026, 3, 11))
    assert ("absence", "P00001/A00001") not in there(night, date(2026, 3, 12))
    assert night(COOK, at=date(2026, 3, 13)).over == 1
    assert [key for key, _ in there(night, date(2026, 3, 13))] == ["poste"]
    later = {**HELD, "debut_affectation": "2026-04-01"}
    assert night(later, at=date(2026, 3, 14)).new == 1
    assert night(later, at=date(2026, 3, 15)).new == 0
    assert night({**later, "debut_affectation": "2026-04-15"}, at=date(2026, 3, 16)).new == 1
    assert ("affectation", "P00001/A00001") not in there(night, date(2026, 4, 10))
    assert night.ledger.verify().problems == ()


def test_a_night_that_lost_too_much_is_refused_until_it_is_confirmed(night):
    rows = [{**HELD, "poste": f"P0000{n}", "agent": f"A0000{n}"} for n in range(1, 6)]
    night(*rows)
    with pytest.raises(UsageError, match=r"of 10 positions and assignments known on 2026-03-02, 4 are not in it: more "
                       r"than 5 %. If that is right, say so with --lost 41"):  # fmt: skip
        night(*rows[:3], lost=5.0)
    assert len(there(night, AT)) == 10
    assert night(*rows[:3], lost=41.0).over == 4


def test_another_layout_is_refused_by_the_columns_that_it_lacks(night):
    columns = [name for name in HEADER if name not in ("motif_absence", "agent")]
    with pytest.raises(UsageError, match=r"export.csv: it lacks agent, motif_absence. `tikub data template staffing"):
        night({name: COOK.get(name) for name in columns}, columns=columns)


def test_a_row_that_is_wrong_is_set_aside_and_its_position_stays(night):
    other = {**HELD, "poste": "P00002", "agent": "A00009"}
    night(REPLACED, other)
    missing = "affectation: debut is missing: every event has id, verbe, objet, cle, debut."
    backwards = "affectation: fin is not after debut; it is the first day on which it is over."
    for wrong, reason in (
        ({"quotite_agent": "0"}, "quotite_agent is '0', which breaks exclusiveMinimum"),
        ({"motif_absence": "grippe"}, "motif_absence is 'grippe', which breaks enum"),
        ({"statut": "perdu"}, "staffing/export: statut must be one of ouvert, gelé."),
        ({"motif_absence": "mal\u2028adie"}, r"motif_absence is 'mal\u2028adie', which breaks enum"),
        ({"debut_affectation": None}, missing),
        ({"fin_affectation": "2019-01-01"}, backwards),
    ):
        done = night({**REPLACED, **wrong}, other)
        assert done.aside[0].reason == reason
        assert (done.new, done.over) == (0, 0)
    done = night({**HELD, "poste": None}, other)
    assert [item.reason for item in done.aside] == ["staffing/export: poste must be filled in."]
    assert (done.new, done.over) == (0, 0)
    twice = night(HELD, {**HELD, "quotite_agent": "50"}, other)
    assert [item.reason for item in twice.aside] == ["affectation: another row says something else of the same thing"]


def test_the_day_by_which_systems_say_never_is_no_end(night):
    """A day more than 31/12/9999 is none that Python has."""
    assert night({**HELD, "fin_affectation": "31/12/9999"}).aside == ()
    assert there(night, AT)["affectation", "P00001/A00001"]["fin"] == date.max
    assert night(HELD, at=date(2026, 3, 10)).new == 0


def test_what_others_entered_is_left_alone(night):
    night(HELD)
    own = {"id": "f1", "verbe": "assert", "objet": "absence", "cle": "form-1", "debut": "2026-03-01", "motif": "autre"}
    assert night.ledger.append([{**own, "rattachement": "P00001/A00001"}])[0].new
    assert night(HELD).new == 0
    assert ("absence", "form-1") in there(night, AT)


class Pipe(io.BytesIO):
    """What comes is cut anywhere."""

    def __init__(self, content, size):
        super().__init__(content)
        self.size = size

    def read1(self, _most):
        return super().read1(self.size)


def test_lines_go_on_after_a_corrupt_one():
    good = [json.dumps(each, default=str).encode() for each in STORY]
    lines = [good[0], b"{", b"\xff\xfe", b"", b"[1]", b'{"id": "x"}', good[1], b"[" * 100_000, good[0], *good[2:]]
    for size, end in ((7, b""), (100, b"\n"), (10**6, b"\r\n")):
        ledger = Ledger("sqlite://")
        found = list(append_lines(ledger, Pipe(b"\n".join(lines) + end, size)))
        aside = {item.line: item.reason for item in found if isinstance(item, SetAside)}
        assert aside.keys() == {2, 3, 5, 6, 8}
        assert aside[3] == aside[2] == "no JSON in UTF-8"
        assert aside[6] == "verbe is missing: every event has id, verbe, objet, cle, debut."
        assert [item.number for item in found if not isinstance(item, SetAside)] == [1, 2, 1, 3, 4]
        assert ledger.verify().events == 4
