"""Fetching: the portal's rows become tables through the import, and what goes wrong there leaves the table that was."""

import json
import shutil
from datetime import date

import pytest

from tests.conftest import ROOT
from tests.portal import FAULTS, Portal
from tests.test_cli import tikub, tree
from tikub_lab.errors import UsageError
from tikub_lab.tables import portals
from tikub_lab.tables.audit import audit
from tikub_lab.tables.download import Limits, Refused, Web
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.portals import Source, chosen, fetch, read_sources, search
from tikub_lab.tables.profiles import profile
from tikub_lab.use_cases import readers

SCHEMAS = ROOT / "data" / "schemas"
PORTALS = "https://{}/api/explore/v2.1/catalog/datasets/{}"
IPS = PORTALS.format("data.education.gouv.fr", "fr-en-ips_lycees")
GRANTS, LYCEES, NOTICES = "bodies/grants", "territory/lycees", "bodies/notices"


DATASETS = {
    LYCEES: "rb:lycee_public",
    "territory/buildings": "rb:lycee_batiment",
    "procurement/contracts": "22847056-61df-452d-837d-8b8ceadbfc52",
    GRANTS: "subventions_attribuees_scdl0",
    "bodies/councillors": "repertoire-national-des-elus-1",
    "territory/datasets": "catalog",
    "territory/connections": "korrigo",
    "territory/communes": "communes",
    "territory/outlines": "communes",
}
"""What the portal has at once, in the order of sources."""


@pytest.fixture
def portal():
    with Portal() as server:
        yield server


@pytest.fixture
def web(portal):
    return Web(Limits(window=0.2, deadline=5, tries=2), lambda _: None, portal.url)


@pytest.fixture
def into(tmp_path):
    return tmp_path / "package"


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """A package with every table that can be fetched at once."""
    into = tmp_path_factory.mktemp("stock") / "package"
    with Portal() as server:
        done = fetch(read_sources(), into, readers(), Web(base=server.url))
    assert [item.source.table for item in done if item.state == "new"] == list(DATASETS)
    return into


@pytest.fixture
def stocked(stock, into):
    shutil.copytree(stock, into)
    return into


@pytest.fixture
def get(web, into):
    """Fetch tables; say what came of them."""

    def fetched(*tables, **options):
        return fetch(chosen(read_sources(), tables, SCHEMAS), into, readers(), web, **options)

    return fetched


def table(into, name):
    return open_package(into).load(name)


# The portal itself: what is documented, and nothing else


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ('startswith(uai, "0350001")', 2),
        ('uai like "0350001L"', 2),
        ('search(secteur, "PUBLIC")', 4),
        ('uai in ("0350001L", "0350003L")', 3),
        ('rentree_scolaire = "2022-2023" and (uai = "0350001L" or uai:"0350003L")', 2),
        ("uai is null", 0),
        ("uai is not null", 4),
        ("year(rentree_scolaire)=2021", 2),
    ],
)
def test_the_filters_that_our_sources_use(web, where, count):
    assert web.json(f"{IPS}/records?{portals._query(where=where)}")["total_count"] == count


@pytest.mark.parametrize(
    "asked",
    [
        "records?limit=101", "records?limit=x", "records?offset=9995&limit=10", "records?offset=-1", "exports/xlsm", "exports/csv?limit=-2",  # noqa: E501
        "records?where=public", "records?where=uai+%3D+x", "records?where=left(uai)+%3D+%22x%22", "records?where=%28uai+is+null",  # noqa: E501
        "records?where=nothing+is+null", "records?order_by=nothing", "exports/csv?where=uai+%3C+%22x%22",
    ],
)  # fmt: skip
def test_everything_else_is_400(web, asked):
    with pytest.raises(Refused) as error:
        web.json(f"{IPS}/{asked}")
    assert error.value.status == 400


def test_a_day_of_a_filter_is_one_of_the_time_zone_that_is_asked(web):
    notices = PORTALS.format("bodacc-datadila.opendatasoft.com", "annonces-commerciales")
    where = portals._query(where="dateparution >= date'2022-11-23T00:30:00'")
    assert web.json(f"{notices}/records?{where}")["total_count"] == 0
    assert web.json(f"{notices}/records?{where}&timezone=Europe/Paris")["total_count"] == 1


def test_offset_of_an_export_ends_in_an_error_with_status_200(web, tmp_path):
    assert web.save(f"{IPS}/exports/csv?offset=2", tmp_path / "x.csv").size
    assert "Streaming interrupted" in (tmp_path / "x.csv").read_text()


def test_other_shapes(web):
    first = "https://bodacc-datadila.opendatasoft.com/api/records/1.0/search/?dataset=annonces-commerciales"
    assert web.json(f"{first}&q=registre:880878145")["nhits"] == 1
    assert web.json(f"{first}&q=registre:111111111")["records"] == []
    for wrong in (f"{first}&q=nothing", f"{first}&rows=9999&start=2", "https://tabular-api.data.gouv.fr/api/resources/x/data/?page_size=51",
                  "https://tabular-api.data.gouv.fr/api/resources/x/data/?id__sort=asc"):  # fmt: skip
        with pytest.raises(Refused):
            web.json(wrong)


def test_every_fault_is_said_and_every_source_that_is_known_is_served():
    assert len(FAULTS) >= 20
    assert len(read_sources()) >= 12


# Tables


def test_all_sources(get, stocked, into):
    lycees = table(into, LYCEES)
    assert lycees[["code_uai", "longitude"]].values.tolist() == [["0000001B", -1.6], ["0000002C", -4.4]]
    assert table(into, "procurement/contracts")["acheteur_id"].unique().tolist() == ["23350001600040"]
    assert audit(open_package(into)).empty
    done = {item.source.title: item for item in get()}
    assert {item.state for item in done.values()} == {"unchanged", "unknown", "undescribed", "unasked"}
    assert done["Lignes ferroviaires"].said.endswith("its id at data.bretagne.bzh is not known yet.")
    assert "no Table Schema" in done["Recensement de la population"].said
    assert "Import that table first" in done["Annonces du BODACC sur les organismes"].said


def test_a_plain_file(portal, web, into, tmp_path):
    portal.files = tmp_path
    (tmp_path / "grants.csv").write_text(portal.data.texts["grants"], encoding="utf-8")
    source = Source(GRANTS, "file", "files.example", "a/grants.csv", "", "", "", "", "", "", "", "Licence Ouverte 2.0")
    assert [fetch([source], into, readers(), web)[0].state for _ in range(2)] == ["new", "unchanged"]
    for fault, says in (("bomb", "expands beyond"), ("lengthless", "closed without a word"), ("html", "answer in XML")):
        portal.faults["grants.csv"] = fault
        before = outdated(into)
        (done,) = fetch([source], into, readers(), web)
        assert (done.state, says in done.said) == ("failed", True), done
        assert tree(into) == before


def test_where_a_table_comes_from_stands_in_the_package(stock):
    package = open_package(stock)
    resource = package.resources[GRANTS]
    (source,) = (item for item in package.raw["imported"]["sources"] if GRANTS in item["tables"])
    address = f"{PORTALS.format('data.bretagne.bzh', 'subventions_attribuees_scdl0')}/exports/csv?limit=-1"
    assert (resource.origin, resource.licence, resource.rows) == ("portal", "Licence Ouverte 2.0", 3)
    assert resource.raw["sources"][0]["path"].startswith(address)
    assert (source["download"]["day"], len(source["sha256"])) == (portals.today(), 64)
    assert source["download"]["url"].startswith(address)


def test_what_did_not_change_is_not_downloaded_again(get, stocked, into, portal):
    before = tree(into)
    portal.asked.clear()
    assert {item.state for item in get(GRANTS, LYCEES, "bodies/councillors")} == {"unchanged"}
    assert not [
        path for _, path, _ in portal.asked if "export" in path or "static" in path
    ]  # by the date of the metadata
    assert any(headers.get("if-none-match") for _, path, headers in portal.asked if "ows" in path)  # by ETag
    assert tree(into) == before


def test_a_newer_download_replaces_the_older_and_who_reads_that_reads_on(get, stocked, into, portal):
    old = open_package(into)
    portal.data.rows("grants").pop()
    portal.faults["subventions_attribuees_scdl0"] = "updated"
    (done,) = get(GRANTS)
    assert (done.state, len(table(into, GRANTS)), len(old.load(GRANTS))) == ("new", 2, 3)
    assert len([item for item in open_package(into).raw["imported"]["sources"] if GRANTS in item["tables"]]) == 1


def test_parquet_where_it_is_offered_else_csv(portal, web, into, monkeypatch):
    source = Source("procurement/contracts", "ods", "data.economie.gouv.fr", "decp-2022-marches-valides", "", "", "", "uid", "", 'startswith(acheteur_id,"23350")', "", "")  # fmt: skip  # noqa: E501
    (done,) = fetch([source], into, readers(), web)
    assert (done.state, "exports/parquet" in portal.asked[1][1]) == ("new", True), done.said
    monkeypatch.setattr("tests.portal.FORMATS", ("csv",))
    portal.faults["decp-2022-marches-valides"] = "updated"
    portal.data.rows("decp")[0]["montant"] = "61200"
    (done,) = fetch([source], into, readers(), web)
    assert (done.state, table(into, "procurement/contracts")["montant"].max()) == ("new", 91100), done.said


@pytest.fixture
def bodies(into, tmp_path):
    def imported(*rows):
        path = tmp_path / "bodies.csv"
        path.write_text("organisme_id,nom,nature,siren,rna\n" + "\n".join(rows), encoding="utf-8")
        import_files([path], into, readers())

    return imported


def test_notices_are_asked_for_by_the_bodies_in_lots(get, into, portal, bodies, monkeypatch):
    monkeypatch.setattr(portals, "LOT", 2)
    bodies(
        *(
            f"{siren},A{siren} (fictif),association,{siren},W643000551"
            for siren in ("880878145", "338365059", "210060349")
        )
    )
    states = [item.state for item in get(NOTICES)]
    assert states == ["new", "new", "unchanged"]  # BODACC, JOAFE, no accounts
    asked = [path for _, path, _ in portal.asked if "annonces-commerciales/exports/json" in path]
    assert len(asked) == 2  # three bodies
    assert not [path for path in asked if "where" not in path]
    assert sorted(table(into, NOTICES)["source"]) == ["BODACC", "JOAFE"]
    assert open_package(into).resources[NOTICES].origin == "portal"


def test_the_register_is_asked_for_each_body_without_the_people_who_run_it(get, into, portal, bodies):
    bodies(*(f"{siren},A{siren} (fictif),association,{siren}," for siren in ("880878145", "338365059", "210060349")))
    (done,) = get("bodies/registry")
    assert done.state == "new", done.said
    asked = [path for _, path, _ in portal.asked if "/search?" in path]
    assert len(asked) == 3
    assert all("minimal=true" in path for path in asked)
    found = table(into, "bodies/registry").set_index("siren")
    assert found["nom"].str.contains("FICTIVE").all()
    assert (len(found), bool(found.loc["338365059", "actif"])) == (2, False)


def test_later_only_new_notices_with_an_overlap_and_all_of_them_now_and_then(get, into, portal, bodies, monkeypatch):
    bodies("880878145,A (fictif),association,880878145,")
    get(NOTICES)
    row = dict(portal.data.rows("bodacc")[0], id="B20260000002", dateparution=str(date.today()))
    portal.data.rows("bodacc").append(row)
    portal.faults["annonces-commerciales"] = "updated"
    portal.asked.clear()
    assert get(NOTICES)[0].state == "new"
    since = date.today() - portals.OVERLAP
    assert any(f"dateparution%20%3E%3D%20date%27{since}%27" in path for _, path, _ in portal.asked)
    assert len(table(into, NOTICES)) == 2  # the older one is still there
    monkeypatch.setattr(portals, "ANEW", 3)
    portal.data.rows("bodacc").pop(0)
    portal.faults.clear()
    assert get(NOTICES)[0].state == "new"
    assert len(table(into, NOTICES)) == 1  # what was taken back is gone


def test_the_first_api_is_read_too(portal, web, into):
    source = Source(NOTICES, "ods1", "bodacc-datadila.opendatasoft.com", "annonces-commerciales", "", "bodacc", "json", "", "", "registre:880878145", "", "x")  # fmt: skip  # noqa: E501
    (done,) = fetch([source], into, readers(), web)
    assert (done.state, len(table(into, NOTICES))) == ("new", 1), done.said


def test_no_value_of_a_table_becomes_part_of_a_filter(get, portal, bodies):
    bodies('"x"" or 1=1",A (fictif),association,"8"" or id is not null",')
    assert "no value" in get(NOTICES)[0].said
    assert not portal.asked


# Faults


@pytest.mark.parametrize(
    ("fault", "name", "state", "says"),
    [
        ("429", GRANTS, "new", ""),
        ("500", GRANTS, "new", ""),
        ("cut", GRANTS, "new", ""),
        ("gzip", GRANTS, "new", ""),
        ("amp", "bodies/councillors", "new", ""),
        ("dotdot", "bodies/councillors", "new", ""),
        ("quota", GRANTS, "failed", "asked too often; it answers again at"),
        ("off", GRANTS, "failed", "answers 503"),
        ("always-cut", GRANTS, "failed", "the answer breaks off"),
        ("error-tail", GRANTS, "failed", "ends with an error: 'Invalid value for sum of offset"),
        ("wrong-total", GRANTS, "failed", "3 rows came, the portal counts 10."),
        ("wrong-total", "procurement/contracts", "failed", "rows came, the portal counts"),
        ("wrong-total", LYCEES, "failed", "2 rows came, the portal counts 9."),
        ("repeated", LYCEES, "failed", "some come twice, others not at all"),
        ("html", GRANTS, "failed", "a page in HTML"),
        ("html", LYCEES, "failed", "a page in HTML"),
        ("drip", GRANTS, "failed", "bytes a second"),
        ("lengthless", GRANTS, "failed", "the portal counts 3."),
        ("loop", GRANTS, "failed", "redirects in a circle"),
        ("private", GRANTS, "failed", "private network"),
        ("head", GRANTS, "failed", "answers 404"),
        ("bomb", GRANTS, "failed", "no JSON"),
    ],
)
def test_a_fault_is_overcome_or_leaves_the_table_and_says_why(get, stocked, into, portal, fault, name, state, says):
    for key in ("grants", "elected", "lycees", "decp"):  # so that there is something to fetch
        portal.data.kept.pop(key, None)
    portal.data.texts["elected"] += "53;Bretagne;56;Morbihan;NOUVEL;Élu;01/07/2021;;\n"
    before, rows = outdated(into), portal.data.rows("grants")
    rows[0] = {**rows[0], "montant": "1300.5"}
    portal.faults[DATASETS[name]] = fault
    portal.tags = fault == "cut"
    (done,) = get(name)
    assert done.state == state, (done.said, done.changes)
    assert says in done.said
    assert len(done.said.splitlines()) < 2
    if state == "failed":
        assert tree(into) == before


def outdated(into):
    """Have the next fetch find that the portal's data are newer."""
    path = into / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    for item in descriptor["imported"]["sources"]:
        item["download"]["version"] = item["download"]["etag"] = ""
    path.write_text(json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return tree(into)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("column", ("column 'dispositifAide' is gone", "column 'dispositifAide_2' is new")),
        ("type", ("column 'pourcentageSubvention' held numbers, now texts",)),
        ("dates", ("column 'dateConvention' held dates 2025-01-31, now dates 31/01/2025",)),
    ],
)
def test_a_portal_that_changes_its_columns_is_caught(get, stocked, into, portal, fault, says):
    before = outdated(into)
    portal.faults[DATASETS[GRANTS]] = fault
    portal.data.rows("grants").append(dict(portal.data.rows("grants")[0], objet="Autre"))
    (done,) = get(GRANTS)
    assert (done.state, tuple(item.said for item in done.changes)) == ("changed", says)
    assert tree(into) == before
    (done,) = get(GRANTS, accept=True)
    assert (done.state, len(table(into, GRANTS))) == ("new", 4)


def test_keys_that_are_the_portal_s_own_twice_are_said(get, into, portal):
    portal.data.rows("lycees").append(dict(portal.data.rows("lycees")[0], n="Annexe (fictive)"))
    (done,) = get(LYCEES)
    assert (done.state, done.said) == (
        "new",
        "1 of 3 rows have the key of another one, at the portal too. 1 of 3 rows rejected: "
        "territory/lycees.rejects.csv says why.",
    )
    assert len(table(into, LYCEES)) == 2


def test_half_of_the_rows_gone_wants_a_person(get, stocked, into, portal):
    outdated(into)
    del portal.data.rows("grants")[1:]
    (done,) = get(GRANTS)
    assert (done.state, len(table(into, GRANTS))) == ("changed", 3)
    assert [item.said for item in done.changes] == ["1 rows came, 3 last time"]
    assert [get(GRANTS, accept=True)[0].state, len(table(into, GRANTS))] == ["new", 1]


def test_a_lot_that_changed_is_seen_whatever_the_first_says(get, into, portal, bodies, monkeypatch):
    monkeypatch.setattr(portals, "LOT", 1)
    monkeypatch.setattr(portals, "ANEW", 1)
    bodies(*(f"{siren},A{siren} (fictif),association,{siren}," for siren in ("338365059", "880878145")))
    get(NOTICES)
    portal.data.rows("bodacc").append(dict(portal.data.rows("bodacc")[0], id="B20260000003"))
    portal.faults["annonces-commerciales"] = "updated"
    assert (get(NOTICES)[0].state, len(table(into, NOTICES))) == ("new", 2)


def test_a_failed_source_lets_the_others_go_on(get, into, portal):
    portal.faults[DATASETS[GRANTS]] = "off"
    states = {item.source.table: item.state for item in get(GRANTS, LYCEES)}
    assert states == {GRANTS: "failed", LYCEES: "new"}


def test_what_a_resource_is_called_reaches_no_folder(get, into, portal, tmp_path):
    portal.faults["repertoire-national-des-elus-1"] = "dotdot"
    assert get("bodies/councillors")[0].state == "new"
    (item,) = open_package(into).raw["imported"]["sources"]
    assert item["file"] == "elus-conseillers-regionaux-cr_2026-04-24.csv"


def test_a_dataset_s_name_is_no_path(web):
    source = Source(GRANTS, "ods", "data.bretagne.bzh", "../../../x", "", "", "csv", "", "", "", "", "")
    request = portals._ods(web, source, "")
    assert "/datasets/..%2F..%2F..%2Fx/exports" in request.url
    assert "/" not in request.name


# Words


def test_sources_are_checked(tmp_path):
    path = tmp_path / "sources.csv"
    path.write_text("table,portal\n")
    with pytest.raises(UsageError, match="its columns are table, api, portal"):
        read_sources(path)
    path.write_text(",".join(Source.__dataclass_fields__) + "\nx/y,soap" + "," * 10 + "\n")
    with pytest.raises(UsageError, match="api is 'soap'; allowed are ods, ods1"):
        read_sources(path)
    with pytest.raises(UsageError, match=r"No source fills 'bodies/grant'\. Did you mean 'bodies/grants'\?"):
        chosen(read_sources(), ["bodies/grant"], SCHEMAS)


def test_the_shipped_sources_name_readers_and_tables_that_there_are():
    names = {reader.name for reader in readers()}
    for source in read_sources():
        assert source.reader in names or not source.reader or source.reader == f"schema:{source.table}"
        assert source.licence
    said = {item.table for item in read_sources() if item.dataset == portals.UNKNOWN}
    assert said == {"energy/weather", "territory/railways", "territory/heritage", "territory/movements",
                    "territory/census"}  # fmt: skip


def test_search_and_describe(web):
    assert [row[0] for row in search(["subventions"], read_sources(), web)] == [
        "data.bretagne.bzh/subventions_attribuees_scdl0"
    ]
    assert list(search(["nothing", "here"], read_sources(), web)) == []
    assert "montant" in {row[0] for row in portals.describe("data.bretagne.bzh/subventions_attribuees_scdl0", web)}


def test_a_profile_says_how_columns_are_written(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "\ufeffid;jour;le;n;texte;vide\n"
        + "".join(f"{n};2025-01-{n:02};{n}/01/2025;{n},5;a{n};\n" for n in range(10, 20)),
        encoding="utf-8",
    )
    found = profile(path, ["id"])
    assert found == (
        10,
        10,
        {
            "id": "numbers",
            "jour": "dates 2025-01-31",
            "le": "dates 31/01/2025",
            "n": "numbers",
            "texte": "texts",
            "vide": "",
        },
    )


def test_at_the_command_line(portal, tmp_path, monkeypatch, tikub_here):
    into = tmp_path / "p"
    done = tikub("data", "fetch", GRANTS, LYCEES, "--into", into, cwd=ROOT, TIKUB_PORTAL=portal.url)
    monkeypatch.setenv("TIKUB_PORTAL", portal.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{GRANTS}: new, data.bretagne.bzh/subventions_attribuees_scdl0" in done.stdout
    portal.faults["subventions_attribuees_scdl0"] = "html"
    wrong = tikub_here("data", "fetch", GRANTS, "nothing/x", "--into", into)
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert tikub_here("data", "fetch", "--into", into).returncode == 2
    said = tikub_here("data", "describe", "data.education.gouv.fr/fr-en-ips_lycees")
    assert "rentree_scolaire" in said.stdout
