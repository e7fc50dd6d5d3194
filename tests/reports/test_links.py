"""Pages of a build lead to one another: to the others of the use case, and from an item's name to its page."""

import json
import shutil

import pytest
from bs4 import BeautifulSoup

from tikub_lab.errors import UsageError
from tikub_lab.reports import items, links, page, publisher
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import read
from tikub_lab.reports.plan import plan
from tikub_lab.reports.run import Report
from tikub_lab.tables.package import open_package

EACH = {"use_case": "energy", "each": {"parameter": "uai", "table": "territory/lycees", "column": "code_uai"}}
PARAMETERS = ("py:uai: str | None = None  # code UAI", ["parameters"])
SHOWS = (
    "py:from tikub_lab import show, tables\nlycees = tables.load('territory/lycees')\n"
    "show.title('Lycée {uai} : son énergie' if uai else 'Les lycées', uai=uai)\n"
    "show.sentence('On utilise {x:kWh}.', lead=True, x=2e5)\nshow.keys([show.Key('Énergie', 2e5, 'de plus', 'kWh')])\n"
    "show.table(lycees.head(3), 'Tous', ['lib_etablissement', 'ville'])"
)


@pytest.fixture
def lab(bench, root):
    """A workbench with an overview, a page a lycée, and the sample's tables."""
    shutil.rmtree(bench.home / "data")
    shutil.copytree(root / "data", bench.home / "data")
    bench.write("energy", "# Les lycées", "py:uai = None", SHOWS, metadata={"use_case": "energy"})
    bench.write("energy_lycee", "# Un lycée", PARAMETERS, SHOWS, metadata=EACH)
    return bench


def run(bench, names, values=()):
    package = open_package(bench.home / "data")
    each = f"uai={','.join(values)}" if values else None
    reports = plan(bench.home / "notebooks", names, {}, package, each)
    told = []
    document = build(reports, bench.home, bench.out, package, Settings(jobs=2, timeout=60), told.append)
    assert [entry["reason"] for entry in told if entry["status"] != "done"] == []
    return {entry["page"]: entry for entry in document["reports"]}, told


def seen(bench, name):
    return BeautifulSoup((bench.out / name).read_text(encoding="utf-8"), "html.parser")


def test_overview_and_items_lead_to_one_another(lab):
    run(lab, ["energy"])
    assert seen(lab, "energy/energy.html").find(class_="also") is None, "no other page yet"
    entries, _ = run(lab, ["energy_lycee"], ["0000044Y", "0000100J"])
    first = entries["energy_lycee/uai-0000044Y.html"]
    assert first["item"] == {
        "name": "Lycée Padrig-du-Varech (fictif)", "value": "0000044Y", "place": "Landivisiau", "group": "Finistère",
    }  # fmt: skip
    assert (first["lead"], first["figure"], first["about"]) == (
        "On utilise 200 MWh.",
        "200\u202fMWh",
        "Énergie, de plus",
    )
    overview = seen(lab, "energy/energy.html")
    rows = [(a.text, a["href"]) for a in overview.tbody.find_all("a")]
    assert rows[0] == ("Lycée Padrig-du-Varech (fictif)", "../energy_lycee/uai-0000044Y.html")
    assert len(rows) == 2
    assert overview.find(class_="also").a["href"] == "../index.html#energy-lycee-pages"
    lycee = seen(lab, "energy_lycee/uai-0000044Y.html")
    assert [a["href"] for a in lycee.find(class_="also").find_all("a")] == [
        "../energy/energy.html",
        "../index.html#energy-lycee-pages",
    ]
    assert len(lycee.tbody.find_all("a")) == 1, "not to itself"
    assert seen(lab, "index.html").find(id="energy-lycee-pages") is not None
    _, told = run(lab, ["energy_lycee"], ["0000044Y", "0000100J"])
    assert all(entry.get("skipped") for entry in told), "what the links changed is recorded"


def test_pages_of_one_item_on_other_subjects_lead_to_one_another(tmp_path):
    lycee = {"name": "Lycée A", "value": "0A", "also": "2300"}
    row = '<th scope="row">Achats publics</th><th scope="row">Énergie des lycées</th><th scope="row">Lycée A</th>'
    given = {
        "sheet": ("territory", "Une fiche", lycee), "energy_lycee": ("energy", "Son énergie", lycee),
        "procurement": ("procurement", "Ses achats", {"name": "Lycée A, Brest", "value": "2300"}),
        "other": ("energy", "Autre", {"name": "Lycée B", "value": "0B"}),
    }  # fmt: skip
    entries = {}
    for name, (use_case, title, item) in given.items():
        entries[name] = {"notebook": name, "use_case": use_case, "title": title, "status": "done", "item": item,
                         "page": f"{name}/a.html", "parameters": {"uai": item["value"]}}  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.html").write_text(row + page.ALSO, encoding="utf-8")
    links.write(entries, tmp_path)
    sheet, energy, other = (BeautifulSoup((tmp_path / name / "a.html").read_text(encoding="utf-8"), "html.parser")
                            for name in ("sheet", "energy_lycee", "other"))  # fmt: skip
    assert [(a.text, a["href"]) for a in sheet.select("th a")] == [
        ("Achats publics", "../procurement/a.html"), ("Énergie des lycées", "../energy_lycee/a.html"),
    ]  # fmt: skip
    assert {a["href"] for a in sheet.select(".also a")} >= {"../procurement/a.html", "../energy_lycee/a.html"}
    assert "../sheet/a.html" in {a["href"] for a in energy.select(".also a")}
    assert "../sheet/a.html" not in {a["href"] for a in other.select(".also a")}, "only its own"


def test_an_item_of_many_rows_is_called_as_none_of_them(lab, root):
    rule = {"parameter": "uai", "table": "territory/lycees", "column": "emat"}
    path = lab.write("equipe", "# Une équipe", PARAMETERS, metadata={"use_case": "energy", "each": rule})
    report = Report(read(path), {"uai": "EMAT fictive n° 6"}, "equipe")
    assert items.item_of(report, root) == {"name": "EMAT fictive n° 6", "value": "EMAT fictive n° 6"}
    prefix = {"parameter": "uai", "table": "procurement/contracts", "column": "codeCPV", "prefix": 2}
    path = lab.write("famille", "# Une famille", PARAMETERS, metadata={"use_case": "energy", "each": prefix})
    assert items.item_of(Report(read(path), {"uai": "72"}, "famille"), root) == {"name": "72", "value": "72"}


def test_lists_of_several_notebooks_have_one_link(tmp_path):
    entry = {"use_case": "energy", "title": "Tout", "status": "done", "parameters": {}}
    entries = {
        f"{name}/a.html": entry | {"notebook": name, "page": f"{name}/a.html", "item": {"name": name, "value": name}}
        for name in ("energy_alerts", "energy_lycee")
    } | {"energy/energy.html": entry | {"notebook": "energy", "page": "energy/energy.html"}}
    for name in entries:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(page.ALSO, encoding="utf-8")
    links.write(entries, tmp_path)
    made = BeautifulSoup((tmp_path / "energy/energy.html").read_text(encoding="utf-8"), "html.parser")
    assert [(a.text, a["href"]) for a in made.find_all("a")] == [("Toutes les pages du sujet", "../index.html#energy")]


def test_links_that_are_no_more_go(tmp_path):
    item = {"name": "Lycée A", "value": "0A"}
    row = f'<th role="rowheader" scope="row">Lycée A</th>{page.ALSO}'  # as show.table writes it
    entry = {"notebook": "energy", "use_case": "energy", "title": "Tout", "status": "done", "parameters": {}}
    entries = {
        "a/a.html": entry | {"page": "a/a.html"},
        "a/b.html": entry | {"page": "a/b.html", "item": item, "heading": "A"},
        "a/c.html": entry | {"page": "a/c.html", "heading": "\\1 <C>"},
    }
    (tmp_path / "a").mkdir()
    for name in entries:
        (tmp_path / name).write_text(row, encoding="utf-8")
    links.write(entries, tmp_path)
    made = (tmp_path / "a/a.html").read_text(encoding="utf-8")
    assert '<th role="rowheader" scope="row"><a class="to" href="../a/b.html">Lycée A</a></th>' in made
    assert "\\1 &lt;C&gt;" in made
    links.write(entries, tmp_path)
    assert (tmp_path / "a/a.html").read_text(encoding="utf-8") == made, "once"
    links.write({"a/a.html": entries["a/a.html"]}, tmp_path)
    assert (tmp_path / "a/a.html").read_text(encoding="utf-8") == row


def test_namesakes_are_not_linked(tmp_path):
    entry = {"notebook": "x", "use_case": "energy", "title": "Tout", "status": "done", "parameters": {}}
    entries = {
        name: entry | {"page": name, "item": {"name": "Lycée A", "value": name}} for name in ("a/a.html", "a/b.html")
    }
    (tmp_path / "a").mkdir()
    for name in entries:
        (tmp_path / name).write_text('<th scope="row">Lycée A</th>', encoding="utf-8")
    links.write(entries, tmp_path)
    assert "<a" not in (tmp_path / "a/a.html").read_text(encoding="utf-8")


def test_who_publishes(tmp_path):
    assert publisher.read(tmp_path) == publisher.NOBODY
    path = tmp_path / "workbench.toml"
    path.write_text('[publisher]\nname = "Région"\ncontact = "https://example.org/contact"\n', encoding="utf-8")
    assert publisher.read(tmp_path).link == "https://example.org/contact"
    assert publisher.Publisher(contact="javascript:alert(1)").link == ""
    wrong = {
        "[publisher]\nnom = 'x'": "Did you mean 'name'",
        "x = ": "not readable",
        "publisher = 1": "Allowed",
        "[publisher]\nname = 3": "name = 3",
    }
    for text, word in wrong.items():
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=word) as raised:
            publisher.read(tmp_path)
        assert "\n" not in str(raised.value)


def test_pages_are_made_again_where_the_publisher_changes(lab):
    run(lab, ["energy"])
    (lab.home / "workbench.toml").write_text('[publisher]\nname = "Région <b>"\n', encoding="utf-8")
    _, told = run(lab, ["energy"])
    assert not told[0].get("skipped")
    assert "Région <b>" in seen(lab, "energy/energy.html").footer.text
    assert json.loads((lab.out / "build.json").read_text(encoding="utf-8"))["totals"]["done"] == 1


def test_an_item_is_called_as_its_table_or_its_page_does():
    item = {"name": "220063390", "value": "220063390"}
    assert links.item_name({"item": item, "heading": "Énergie (fictif) : ses marchés"}) == "Énergie (fictif)"
    assert links.item_name({"item": item, "heading": "Énergie (fictif)"}) == "220063390"
    assert links.item_name({"item": item | {"name": "Lycée"}, "heading": "Un lycée : son énergie"}) == "Lycée"
