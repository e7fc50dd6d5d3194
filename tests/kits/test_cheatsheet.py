"""The sheet of `show`: each function, its call as one types it, what it makes; and the workbook of the tables."""

import ast
import datetime
import inspect
import io
import re
import subprocess
import zipfile
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest

from tests.reports.test_axe import check, chromium  # noqa: F401
from tikub_lab import show, tables
from tikub_lab.checks import browser
from tikub_lab.kits import cheatsheet, workbook
from tikub_lab.kits.recipe import First, Recipe
from tikub_lab.show.output import Shown
from tikub_lab.tables.schema import Field

FUNCTIONS = {name for name in show.__all__ if inspect.isfunction(getattr(show, name))}


@pytest.fixture(scope="module")
def examples():
    return list(cheatsheet.examples())


@pytest.fixture(scope="module")
def page():
    tables.load("territory/lycees")  # whoever makes a kit has read tables, which are no source of the examples
    return cheatsheet.cheatsheet().decode("utf-8")


def test_every_function_has_a_call_that_can_be_typed(examples):
    assert {item.name for item in examples} == FUNCTIONS
    assert len(examples) == len(FUNCTIONS)
    for item in examples:
        tree = ast.parse(f"{item.before}\n{item.call}")
        assert item.call.startswith(f"show.{item.name}(")
        assert "\n" not in item.call
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & set(show.__all__), "names of show are called through it"
        assert item.does[:1].isupper(), "texts/antiseche.csv says in French what it does"


def test_the_call_gives_the_picture(examples, capsys):
    """The second way: what is written on the sheet is run as a team would run it."""
    names = {"pd": pd, "show": show, "date": datetime.date}
    pictures = 0
    for item in examples:
        if isinstance(item.given, Shown):
            exec(f"{item.before}\ngiven = {item.call}", names)
            assert names["given"].text == item.given.text, item.name
            pictures += 1
    assert pictures >= 20
    assert len([item for item in examples if isinstance(item.given, str)]) >= 5


def test_a_new_function_appears_by_itself(monkeypatch):
    def badge(label):
        """Show a badge.

        >>> print(badge("Vu").text)
        Vu
        """
        return Shown("text", f"<p class='tk'>{label} &amp; su</p>", label)

    monkeypatch.setattr(show, "badge", badge, raising=False)
    monkeypatch.setattr(show, "__all__", ["badge"])
    (item,) = cheatsheet.examples()
    assert (item.call, item.picture) == ('show.badge("Vu")', '<p class="tk">Vu &amp; su</p>')


def test_the_page_is_light_whole_and_offline(page):
    assert len(page.encode()) < 100_000
    assert page.count("<h1") == 1
    assert page.count("<h2>") == len(FUNCTIONS)
    assert page.count("<section>") == len(FUNCTIONS)
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme:dark" in page
    assert len(re.findall(r"<svg[^>]* role=\"img\"", page)) >= 12
    assert page == cheatsheet.cheatsheet().decode("utf-8"), "the same bytes each time"


def test_nothing_of_matplotlib_changes():
    import matplotlib

    before = dict(matplotlib.rcParams)
    list(cheatsheet.examples())
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "scheme", [pytest.param("light", marks=pytest.mark.ci), pytest.param("dark", marks=pytest.mark.proof)]
)
def test_it_has_no_barrier(chromium, page, tmp_path, scheme):  # noqa: F811
    results = check(chromium, {"antiseche": page}, tmp_path, scheme)
    assert all(item["dark"] is (scheme == "dark") for item in results)
    assert min(item["passes"] for item in results) >= 15, "axe ran"
    assert [item["violations"] for item in results] == [[], []]
    assert [item["overflow"] for item in results] == [0, 0]


def test_it_prints_on_two_pages(page, tmp_path):
    command = browser.chromium() or pytest.skip("Chromium is not installed")
    source, sheet = tmp_path / "antiseche.html", tmp_path / "antiseche.pdf"
    source.write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", f"--print-to-pdf={sheet}"]
    subprocess.run([command, *flags, source.as_uri()], check=True, capture_output=True, timeout=120)
    data = sheet.read_bytes()
    assert len(re.findall(rb"/Type /Page\b", data)) == 2
    assert set(re.findall(rb"/MediaBox \[0 0 (\d+)\S* (\d+)", data)) <= {
        (b"594", b"841"),
        (b"595", b"841"),
        (b"595", b"842"),
    }


RECIPE = Recipe("u", "Essai", "", First("", ""), (), (), {}, (), {"poids": "kg"})
FIELDS = {"nom": "string", "poids": "integer", "vu": "boolean", "jour": "date", "heure": "datetime", "codes": "list"}


@pytest.fixture
def table(monkeypatch):
    frame = pd.DataFrame({
        "nom": ["=1+1", "A\x07 b", None], "poids": pd.array([1, None, 3], dtype="Int64"), "vu": [True, False, True],
        "jour": pd.to_datetime(["2026-03-12", None, "2026-01-01"]),
        "heure": pd.to_datetime(["2026-07-01T12:00:00Z"] * 3), "codes": [["a", "b"], [], None],
    })  # fmt: skip
    monkeypatch.setattr(workbook, "read", lambda _: frame)
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    fields = [Field(name, kind, title=f"Titre {name}") for name, kind in FIELDS.items()]
    schema = SimpleNamespace(title="Une table: [longue] / au nom très très long", description="Dit.", fields=fields)
    return SimpleNamespace(name="u/a", schema=schema, raw={"path": "a.csv"}, sources=["essai"], licence="LO",
                           origin="sample")  # fmt: skip


def rows(data, sheet):
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(data))[sheet].iter_rows(values_only=True)]


def test_the_workbook_has_a_sheet_a_table_and_one_that_lists_them(table):
    data = workbook.workbook(RECIPE, [table, table])
    book = openpyxl.load_workbook(io.BytesIO(data))
    first, second = "1 Une table   longue    au nom", "2 Une table   longue    au nom"
    assert [name[:30] for name in book.sheetnames[1:3]] == [first, second]
    assert (book.sheetnames[0], book.sheetnames[-1]) == ("Sommaire", "Colonnes")
    assert rows(data, "Sommaire")[1] == [book.sheetnames[1], "Dit.", 2, 3, "data/a.csv", "essai", "LO"]
    assert "données sont fictives" in rows(data, "Sommaire")[-1][0]
    assert rows(data, book.sheetnames[1]) == [
        ["Titre nom", "Titre poids (kg)", "Titre vu", "Titre jour", "Titre heure (heure de Paris)", "Titre codes"],
        ["=1+1", 1, "oui", datetime.datetime(2026, 3, 12), datetime.datetime(2026, 7, 1, 14), "a, b"],
        ["A b", None, "non", None, datetime.datetime(2026, 7, 1, 14), None],
    ]
    assert book[book.sheetnames[1]]["A2"].data_type == "s", "a text is no formula"
    assert book[book.sheetnames[1]].freeze_panes == "A2"
    assert len(rows(data, "Colonnes")) == 1 + 2 * len(FIELDS)


def test_the_same_tables_give_the_same_bytes(table):
    data = workbook.workbook(RECIPE, [table])
    assert data == workbook.workbook(RECIPE, [table])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {item.date_time[0] for item in archive.infolist()} == {2026}
        assert b"2026-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_without_openpyxl_there_is_none(table, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    assert workbook.workbook(RECIPE, [table]) is None
    assert "\n" not in workbook.LACKING
