"""What anybody may read says nothing of absences below département, and names nobody."""

import re
from datetime import date
from functools import cache

import nbformat
import pandas as pd
import pytest

from tests.conftest import ROOT, computed_once
from tests.staffing.conftest import sample_ledger
from tikub_lab import staffing, tables
from tikub_lab.show.output import gathered
from tikub_lab.staffing import live
from tikub_lab.staffing.events import VALUES
from tikub_lab.staffing.ledger import replay
from tikub_lab.staffing.situation import as_of

LAST = date(2025, 12, 16)
"""The day on which the last event of the sample was recorded."""
LYCEES = tables.load("territory/lycees")
SITES = LYCEES.set_index("code_uai")["departement"]


@cache
def events(*kinds: str) -> pd.DataFrame:
    """The sample's events, without those of some kinds of things."""
    found = tables.load("staffing/events")
    return found[~found["objet"].isin(kinds)].reset_index(drop=True)


PUBLIC = ("absence", "remplacement")


@pytest.fixture(scope="module")
def ledgers():
    return sample_ledger(), replay(events(*PUBLIC))


def test_nothing_below_departement_depends_on_absences(ledgers):
    """All that gives rows below département, with the ledger as it is and with all absences and replacements gone."""
    whole, less = ({
        "positions": staffing.positions(ledger.state(LAST)),
        "coverage": staffing.coverage(staffing.positions(ledger.state(LAST)), ["code_uai", "metier"]),
        **vars(as_of(ledger, LAST, 7)),
    } for ledger in ledgers)  # fmt: skip
    assert len(whole["vacant"]) > 50
    assert len(whole["changes"]) > 0
    for name, table in whole.items():
        if isinstance(table, pd.DataFrame):
            pd.testing.assert_frame_equal(table, less[name], obj=name)


def test_no_section_of_the_live_page_depends_on_absences(ledgers):
    found = []
    for ledger in ledgers:
        data = as_of(ledger, LAST, 7)
        found.append({name: shown(part, data) for name, part in live.parts(ledger)["sections"].items()})
    assert all(len(html) > 200 for html in found[0].values())
    assert found[0] == found[1]


def shown(part, data) -> str:
    with gathered() as pieces:
        part[1](data)
    return "".join(piece.html for piece in pieces)


@pytest.fixture(scope="module")
def known(ledgers):
    """Where positions stand, computed once for each set of events."""
    found = dict(zip(map(len, (events(), events(*PUBLIC))), (as_of(each, LAST, 7) for each in ledgers), strict=True))
    return lambda which, jour=None, connu=None: found[len(which)]


@pytest.fixture
def cells(known, monkeypatch):
    """What a notebook shows on some events, its cells run here: `cells(name, events, uai=…)` gives HTML of each."""

    def run(name: str, which: pd.DataFrame, **parameters: str) -> list[str]:
        loaded, names = {"staffing/events": which, "territory/lycees": LYCEES}, {"date": date}
        with gathered() as found, monkeypatch.context() as patch:
            patch.setattr(tables, "load", loaded.__getitem__)
            patch.setattr(staffing, "known", known, raising=False)
            for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells:
                tags = cell.metadata.get("tags", [])
                if cell.cell_type == "code" and not {"lab", "nbval-check-output"} & {*tags}:
                    exec(cell.source.replace("show.data_used()", ""), names)
                    names |= parameters if "parameters" in tags else {}
        return [piece.html for piece in found]

    return run


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.proof)])
def test_the_page_of_no_lycee_depends_on_absences_or_names_anybody(cells, every):
    for uai in LYCEES["code_uai"].iloc[::every]:
        whole, less = (cells("staffing_lycee", which, uai=uai) for which in (events(), events(*PUBLIC)))
        assert whole == less, uai
        assert not private("".join(whole)), uai


def test_only_the_tables_by_departement_depend_on_absences(cells):
    whole, less = (cells("staffing", which) for which in (events(), events(*PUBLIC)))
    differ = [html for html in whole if html not in less]
    assert [re.search(r"<caption>(.*?)</caption>", html)[1].split(" ")[-1] for html in differ] == ["pourvus", "motif"]
    assert not private("".join(html for html in whole if html not in differ))
    for html in differ:
        assert not re.search(r"\b[PA]\d{5}\b|\b\d{7}[A-Z]\b|[Ll]ycée", html)


def private(text: str) -> list[str]:
    """What a text has of persons: ids, names (the sample's say that they are fictitious), why they are away."""
    reasons = [name for name in VALUES["motif"] if name != "autre" and re.search(rf"\b{name}\b", text)]
    return re.findall(r"\bA\d{5}\b|personne fictive", text) + reasons


def test_counts_by_departement_are_never_small():
    state = sample_ledger().state(LAST)
    away, there = staffing.absences(state, SITES), staffing.presence(state, SITES)
    assert [*away.index] == [*there["departement"], "Ensemble"]
    assert not ((away > 0) & (away < 5)).any(axis=None)
    none = staffing.presence(state[~state["objet"].isin(PUBLIC)], SITES)
    assert none["presents"].equals(none["couverts"].rename("presents"))


@pytest.mark.parametrize("away", [1, 4, 5])
def test_presence_is_missing_where_few_are_away(away):
    """By hand: ten cooks in each of two départements, some of those of the first are away."""
    sites = pd.Series({"1": "22", "2": "29"})
    rows = [{"objet": "poste", "cle": f"P{n}", "code_uai": str(1 + n // 10), "metier": "cuisine", "quotite": 100.0,
             "statut": "ouvert"} for n in range(20)]  # fmt: skip
    rows += [{"objet": "affectation", "cle": f"F{n}", "rattachement": f"P{n}", "quotite": 100.0} for n in range(20)]
    rows += [{"objet": "absence", "cle": f"B{n}", "rattachement": f"F{n}", "motif": "maladie"} for n in range(away)]
    found = staffing.presence(pd.DataFrame(rows).reindex(columns=[*events()]), sites)
    if away < 5:
        assert found["presents"].isna().all()
    else:
        assert found["presents"].tolist() == [5, 10]


def test_pages_logs_and_errors_of_the_sample_name_nobody(tmp_path, tikub_here):
    """Both pages as anybody makes them, and all that the command said."""
    out = ["--out", tmp_path / "pages"]
    with computed_once():
        ran = [tikub_here("report", "staffing", "staffing_lycee", "--each", "uai=0000044Y", *out),
               tikub_here("report", "staffing_lycee", "-p", "uai=A00001", *out)]  # fmt: skip
    assert [each.returncode for each in ran] == [0, 2], [each.stderr for each in ran]
    said = "".join(each.stdout + each.stderr for each in ran).replace("A00001", "")  # what was asked for
    files = [
        path.read_text(encoding="utf-8")
        for path in (tmp_path / "pages").rglob("*")
        if path.suffix in {".html", ".json"}
    ]
    assert len(files) >= 4
    for text in [said, *files]:
        assert not re.findall(r"\bA\d{5}\b|personne fictive", text)
