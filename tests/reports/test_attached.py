"""Files beside a page: from the notebook that offers them to the folder of the build."""

import hashlib
import json

import jsonschema
import pytest

from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.manifest import NAME, schema
from tikub_lab.reports.plan import plan
from tikub_lab.tables.package import open_package

PARAMETERS = ("py:from tikub_lab import Secret\nnombre: int = 2\ncle: Secret | None = None", ["parameters"])
OFFERS = (
    "py:from tikub_lab import show\n"
    "show.file('liste.csv', f'cle;{cle}\\nnombre;{nombre}\\n', 'La liste')\n"
    "if nombre > 1:\n    show.file('agenda.ics', b'BEGIN:VCALENDAR\\r\\nEND:VCALENDAR\\r\\n', 'Pour un agenda')"
)


def make(bench, given, **settings):
    reports = plan(bench.home / "notebooks", ["offre"], given)
    package = open_package(bench.home / "data")
    return build(reports, bench.home, bench.out, package, Settings(**settings), lambda entry: None)


@pytest.mark.parametrize("engine", ["tikub", "kernel"])
def test_files_stand_beside_the_page(bench, engine):
    bench.write("offre", "# Une offre", PARAMETERS, OFFERS)
    (entry,) = make(bench, {"nombre": "3"}, engine=engine)["reports"]
    assert entry["status"] == "done", entry["reason"]
    assert [item["path"] for item in entry["files"]] == ["offre/nombre-3.liste.csv", "offre/nombre-3.agenda.ics"]
    assert (bench.out / "offre/nombre-3.liste.csv").read_text() == "cle;None\nnombre;3\n"
    for item in entry["files"]:
        content = (bench.out / item["path"]).read_bytes()
        assert (item["bytes"], item["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    page = (bench.out / entry["page"]).read_text()
    assert '<a href="nombre-3.agenda.ics" download="nombre-3.agenda.ics">Pour un agenda</a>' in page
    assert "base64" not in page
    document = json.loads((bench.out / NAME).read_text())
    jsonschema.validate(document, schema())


def test_a_lost_file_is_made_again_and_one_no_longer_offered_is_removed(bench):
    bench.write("offre", "# Une offre", PARAMETERS, OFFERS)
    assert make(bench, {})["this_build"]["made"] == ["offre/offre.html"]
    assert make(bench, {})["this_build"]["made"] == []
    (bench.out / "offre/offre.agenda.ics").write_text("autre")
    assert make(bench, {})["this_build"]["made"] == ["offre/offre.html"]
    bench.write("offre", "# Une offre", PARAMETERS, (OFFERS.replace("nombre > 1", "nombre > 2")))
    (bench.out / "offre/d-un-autre.csv").write_text("reste")
    make(bench, {})
    assert sorted(path.name for path in (bench.out / "offre").iterdir()) == [
        "d-un-autre.csv", "offre.html", "offre.liste.csv",
    ]  # fmt: skip


def test_a_secret_is_struck_out_of_files_too(bench):
    bench.write("offre", "# Une offre", PARAMETERS, OFFERS)
    make(bench, {"cle": "k3y-4242"})
    assert (bench.out / "offre/offre.liste.csv").read_text() == "cle;…\nnombre;2\n"
    assert not [path for path in bench.out.rglob("*") if path.is_file() and b"k3y-4242" in path.read_bytes()]


def test_a_name_offered_twice_is_the_last_one(bench):
    offers = "py:from tikub_lab import show\nfor n in 'ab': show.file('x.csv', n, f'La liste {n}')"
    bench.write("offre", "# Une offre", PARAMETERS, offers)
    (entry,) = make(bench, {})["reports"]
    assert [item["label"] for item in entry["files"]] == ["La liste b"]
    assert (bench.out / "offre/offre.x.csv").read_text() == "b"


def test_every_item_of_a_list_of_secrets_is_struck_out(bench):
    parameters = ("py:from tikub_lab import Secret\ncles: list[Secret] = []", ["parameters"])
    offers = "py:from tikub_lab import show\nshow.file('x.csv', ';'.join(cles), 'La liste')"
    bench.write("offre", "# Une offre", parameters, offers)
    make(bench, {"cles": "k3y-4242,k3y-4343"})
    assert (bench.out / "offre/offre.x.csv").read_text() == "…;…"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("show.file('page.html', '', 'Une page')", "UsageError: A file offered is named 'page.html'"),
        ("for i in range(21): show.file(f'f-{i}.csv', '', 'Un fichier')", "offers 21 files; at most 20"),
        (
            "from IPython.display import display\n"
            "facts = {'kind': 'file', 'name': '../x.csv', 'content': ''}\n"
            "display({'text/plain': ''}, raw=True, metadata={'tikub': facts})",
            "offers a file '../x.csv' that show.file would refuse",
        ),
    ],
)
def test_what_is_refused(bench, code, says):
    bench.write("offre", "# Une offre", PARAMETERS, f"py:from tikub_lab import show\n{code}")
    (entry,) = make(bench, {})["reports"]
    assert entry["status"] == "failed"
    assert says in entry["reason"]
    assert [path.name for path in (bench.out / "offre").iterdir()] == ["offre.html"]
