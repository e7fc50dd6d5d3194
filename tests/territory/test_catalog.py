"""The catalogue of a portal: the real export in place, criteria one by one, what was planted, and bad files."""

import gzip

import pandas as pd
import pytest

from data.make import territory as made
from tests.portal import Portal
from tikub_lab import territory
from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables.check import check
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema
from tikub_lab.territory.criteria import code_of, frequencies
from tikub_lab.territory.snapshots import Catalog
from tikub_lab.use_cases import readers

DATASETS = "territory/datasets"
DAY = pd.Timestamp("2026-05-15")
CRITERIA = "licence temporelle spatiale frequence a_temps description ouvert disponible documente".split()  # noqa: SIM905
FIRST = (
    '<?xml version="1.0"?><rdf:RDF xmlns:dcterms="http://purl.org/dc/terms/" xmlns:dcat="http://www.w3.org/ns/dcat#" \
xmlns:foaf="http://xmlns.com/foaf/0.1/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><dcat:Catalog>\
<foaf:homepage rdf:resource="https://un.exemple/"/>'
)
FILE = (
    "<dcat:distribution><dcat:Distribution><dcterms:format>CSV</dcterms:format></dcat:Distribution></dcat:distribution>"
)


def dcat(*datasets):
    """Write a catalogue of datasets, each said by what its element holds."""
    items = (f"<dcat:dataset><dcat:Dataset>{each}</dcat:Dataset></dcat:dataset>" for each in datasets)
    return f"{FIRST}{''.join(items)}</dcat:Catalog></rdf:RDF>"


def named(name, more=""):
    return f"<dcterms:identifier>{name}</dcterms:identifier><dcterms:title>Jeu {name}</dcterms:title>{more}"


@pytest.fixture
def bring(tmp_path, root):
    """Import one file under a name; return what was made of it, and the table."""

    def bring(content, name="portail_2026-05-15.rdf"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        (found,) = import_files([path], tmp_path / "data", readers(), schemas=root / "data" / "schemas")
        return found, open_package(tmp_path / "data").load(DATASETS)

    return bring


@pytest.fixture(scope="module")
def sample():
    return made.sample()[DATASETS]


@pytest.fixture
def whole(sample):
    """Give one dataset that has its nine points, updated a week ago."""
    row = sample[(sample["releve"] == DAY) & (sample["jeu_id"] == "subventions")]
    return row.assign(modifie=DAY - pd.Timedelta(days=7)).reset_index(drop=True)


# The real export


@pytest.fixture
def real(opendata, bring):
    source = opendata / "catalog" / "rennes-metropole_ods_dcat.rdf.gz"
    if not source.is_file():
        pytest.skip(f"no real catalogue at {source}")
    return bring(gzip.decompress(source.read_bytes()), "rennes-metropole_2026-11-20.rdf")


def test_the_real_export(real):
    found, table = real
    assert (found.reader, found.read, found.kept, found.rejected) == ("dcat", 27, 27, 0)
    assert next(reader for reader in readers() if reader.name == "dcat").licence.endswith("voir le portail"), "not ours"
    assert table["catalogue"].unique().tolist() == ["data.rennesmetropole.fr"]
    assert table["ressources"].sum() == 272
    assert table["documentees"].sum() == 272
    count = table[["couverture_spatiale", "couverture_temporelle", "frequence", "licence", "editeur"]].notna().sum()
    assert count.tolist() == [5, 0, 1, 26, 26]
    assert table["modifie"].max() == pd.Timestamp("2024-07-22")
    soil = table.set_index("jeu_id").loc["ocsge_rm_2020"]
    assert soil["modifie"] == pd.Timestamp("2023-02-01"), "2023-01-31T23:00 in UTC is the next day in Paris"
    assert not table["description"].str.contains("<|&nbsp;|&amp;", regex=True).any()


@pytest.mark.parametrize(
    ("name", "score", "missing"),
    [
        # ODbL (1). No period, no territory. Annual (1), but last updated on 16 January 2018: due a year later. Its
        # description has 87 characters, 80 without <p>. Ten exports, CSV among them, each described (3). 1 + 1 + 3.
        ("subventions-versees-en-2017-aux-associations-noyal-chatillon-sur-seiche", 5,
         "temporelle spatiale a_temps description"),
        # No licence, period, territory or frequency, hence not in time; « Population légale à Vezin le Coquet » is 35
        # characters long. What is left is its ten exports (3).
        ("population-legale-ville-vezinlecoquet", 3, "licence temporelle spatiale frequence a_temps description"),
        # ODbL (1), « Rennes » as territory (1), 1,045 characters (1), ten exports (3); no period, no frequency.
        ("electtest-transpose_2", 6, "temporelle frequence a_temps"),
        # ODbL (1), fifteen exports (3); 85 characters, no period, no territory, no frequency.
        ("affichage-libre-ville-de-vezinlecoquet", 4, "temporelle spatiale frequence a_temps description"),
        # ODbL (1), 191 characters (1), two exports, CSV and JSON (3); no period, no territory, no frequency.
        ("statistiques-de-prets-de-la-bibliotheque-des-champs-libres-en-2008", 5,
         "temporelle spatiale frequence a_temps"),
    ],
)  # fmt: skip
def test_scores_of_real_datasets_by_hand(real, name, score, missing):
    scored = territory.scores(real[1], pd.Timestamp("2026-11-20")).set_index("jeu_id").loc[name]
    assert [criterion for criterion in CRITERIA if not scored[criterion]] == missing.split()
    assert scored["score"] == score


def test_real_datasets_that_serve(real):
    needs = territory.served(real[1]).set_index("besoin")
    assert needs.loc["Subventions versées", ["jeux", "trouve"]].tolist() == [8, "mots"]
    assert needs.loc["Population des communes", "titres"] == "Population légale - Ville de Vezin Le Coquet"
    assert (needs["titres"] == "aucun").sum() == 9


# Criteria


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({}, ""),
        ({"licence": None}, "licence"),
        ({"couverture_temporelle": None, "couverture_spatiale": None}, "temporelle spatiale"),
        ({"frequence": None}, "frequence a_temps"),
        ({"frequence": "unknown"}, "frequence a_temps"),
        ({"frequence": "à chaque lune"}, "frequence a_temps"),
        ({"frequence": "irregular", "modifie": pd.Timestamp("2001-01-01")}, ""),
        ({"modifie": pd.NaT}, "a_temps"),
        ({"modifie": DAY - pd.Timedelta(days=8)}, ""),  # a week, and the day of grace
        ({"modifie": DAY - pd.Timedelta(days=9)}, "a_temps"),
        ({"frequence": "quarterly", "modifie": DAY - pd.Timedelta(days=92)}, ""),  # 91.25 days and one
        ({"frequence": "quarterly", "modifie": DAY - pd.Timedelta(days=93)}, "a_temps"),
        ({"description": "x" * 100}, "description"),
        ({"description": "x" * 101}, ""),
        ({"description": None}, "description"),
        ({"formats": "pdf | XLSX"}, "ouvert"),
        ({"formats": "pdf | csv"}, ""),
        ({"formats": None}, "ouvert"),
        ({"indisponibles": 1}, "disponible"),
        ({"indisponibles": pd.NA}, ""),
        ({"documentees": 0}, "documente"),
        ({"documentees": 1}, ""),
        ({"ressources": 0}, "ouvert disponible documente"),
        ({"ressources": pd.NA}, "ouvert disponible documente"),
    ],
)
def test_one_criterion(whole, values, missing):
    scored = territory.scores(whole.assign(**values), DAY).iloc[0]
    assert [criterion for criterion in CRITERIA if not scored[criterion]] == missing.split()
    assert scored["score"] == 9 - len(missing.split())
    assert len(scored["manque"].split(", ")) == max(len(missing.split()), 1)


def test_planted_gaps_are_found(sample):
    scored = territory.scores(sample[sample["releve"] == DAY], DAY)
    for row in scored.to_dict("records"):
        assert {name for name in CRITERIA if not row[name]} == made.lacks(row["jeu_id"], DAY), row["jeu_id"]
    table = territory.by_criterion(scored)
    assert (table["sans"].sum() + scored["score"].sum(), len(territory.to_write(scored))) == (225, table["sans"].sum())
    assert table[["a_ecrire", "ou"]].map(len).min().min() > 20
    assert set(table["critere"]) == set(CRITERIA)


def test_freshness_by_hand(whole):
    rows = pd.concat([whole.assign(modifie=DAY - pd.Timedelta(days=days)) for days in (3, 30)], ignore_index=True)
    found = territory.freshness(rows, DAY)
    assert found["fraicheur"].tolist() == ["À jour", "En retard"]
    assert found["retard"].tolist()[1] == 23
    assert found["attendu"].iloc[1] == DAY - pd.Timedelta(days=23)
    odd = territory.freshness(whole.assign(frequence="à chaque lune"), DAY).iloc[0]
    assert odd[["rythme", "fraicheur"]].tolist() == ["à chaque lune", "Fréquence non reconnue"]


def test_frequencies_are_read_in_every_vocabulary():
    authority = "http://publications.europa.eu/resource/authority/frequency/"
    words = ["http://purl.org/cld/freq/quarterly", f"{authority}ANNUAL_2", f"{authority}UPDATE_CONT", "Annuelle",
             "threeTimesAWeek", "punctual", "monthly"]  # fmt: skip
    codes = ["quarterly", "annual_2", "update_cont", "annual", "weekly_3", "as_needed", "monthly"]
    assert [code_of(word) for word in words] == codes
    assert frequencies().loc[["weekly", "quarterly", "as_needed"], "jours"].fillna(0).tolist() == [7, 91.25, 0]


def test_nothing_to_judge(sample):
    none = sample.head(0)
    scored = territory.scores(none, DAY)
    assert territory.by_criterion(scored)["part"].tolist() == [0] * 9
    assert territory.to_write(scored).empty
    assert territory.served(none)["jeux"].sum() == 0
    assert territory.completeness(none)["avec"].sum() == 0


# States, and what serves


def test_states_of_the_sample(sample, root):
    state = territory.catalog()
    assert (state.jour, state.avant, len(state.datasets), len(state.before)) == (DAY, made.DAYS[0], 25, 24)
    early = territory.catalog(releve="2026-03-01")
    assert (early.jour, early.avant, len(early.before)) == (made.DAYS[0], None, 0)
    assert territory.changes(early).empty
    assert early.datasets["titre"].str.contains("fictif").all()
    assert check(sample, read_schema(root / "data" / "schemas" / f"{DATASETS}.json")).empty
    with pytest.raises(UsageError, match=r"releve=2026-02-01: .* has no state up to that day; its first .*2026-02-02"):
        territory.catalog(releve="2026-02-01")
    with pytest.raises(UsageError, match="no such catalogue was imported"):
        territory.catalog("data.bretagne.bzh")


def test_planted_changes_are_said():
    found = territory.changes(territory.catalog()).set_index("jeu_id")
    assert set(found.index[found["changement"] == "nouveau"]) == set(made.NEW)
    assert found.index[found["changement"] == "retiré"].tolist() == [*made.GONE]
    said = {"budget": "licence", "lycees": "description", "langues": "fréquence", "lignes-car": "territoire couvert"}
    assert {name: found.loc[name, "detail"] for name in made.REWRITTEN} == said
    assert found.loc["budget", "changement"] == "données mises à jour", "both new data and another sheet"


def test_changes_by_hand(whole):
    other = whole.assign(titre="Autre nom", ressources=5)
    state = Catalog("x", DAY, other, DAY, whole)
    assert territory.changes(state)[["changement", "detail"]].to_numpy().tolist() == [
        ["fiche modifiée", "titre, nombre de fichiers"]
    ]
    assert territory.changes(Catalog("x", DAY, whole, DAY, whole)).empty


@pytest.mark.parametrize(
    ("values", "besoin", "how"),
    [
        ({"jeu_id": "decp-crb0", "titre": "Sans rapport"}, "Contrats publics", "identifiant"),
        ({"titre": "Les marches publics de 2025"}, "Contrats publics", "mots"),
        ({"titre": "Marché aux fleurs"}, "Contrats publics", ""),
        ({"titre": "Données", "mots_cles": "budget | GTFS"}, "Horaires des cars et des trains", "mots"),
        ({"titre": "Acclimatation", "mots_cles": None}, "Météo", ""),
    ],
)
def test_one_need(whole, values, besoin, how):
    assert territory.served(whole.assign(**values)).set_index("besoin").loc[besoin, "trouve"] == how


def test_needs_name_tables_that_there_are(root, sample):
    tables = {*territory.served(sample)["table"]} - {""}
    assert all((root / "data" / "schemas" / f"{name}.json").is_file() for name in tables)


# Files


def test_a_catalogue_by_hand(bring):
    period = "<dcat:startDate>2020-01-01</dcat:startDate><dcat:endDate>2021-12-31</dcat:endDate>"
    more = (
        f"<dcterms:temporal><dcterms:PeriodOfTime>{period}</dcterms:PeriodOfTime></dcterms:temporal>"
        "<dcat:keyword>a</dcat:keyword><dcat:keyword>b</dcat:keyword><dcterms:spatial/>"
        f"<dcterms:accrualPeriodicity>à chaque lune</dcterms:accrualPeriodicity>{FILE}{FILE}"
    )
    found, table = bring(
        dcat(named("https://un.exemple/explore/dataset/un/", more), "<dcterms:title>B</dcterms:title>")
    )
    assert (found.read, found.kept, found.rejects_by_rule) == (2, 1, {"required": 1})
    assert found.repairs_by_rule == {"unknown-frequency": 1}
    row = table.iloc[0]
    assert row[["catalogue", "jeu_id", "frequence"]].tolist() == ["un.exemple", "un", "à chaque lune"]
    assert row[["couverture_temporelle", "mots_cles", "formats"]].tolist() == ["2020-01-01/2021-12-31", "a | b", "csv"]
    assert row[["ressources", "documentees"]].tolist() == [2, 0]
    assert row[["couverture_spatiale", "modifie", "licence"]].isna().all()


def test_two_files_are_two_states(bring):
    bring(dcat(named("un")), "portail_2026-05-14.rdf")
    _, table = bring(dcat(named("un"), named("deux")), "portail_20260515.rdf")
    assert table.groupby("releve").size().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "name", "match"),
    [
        (dcat(named("un"))[:-20], "a_2026-05-15.rdf", r"not complete XML: .*\. Download it again"),
        (dcat(named("un")), "catalogue.rdf", r"without its day\. Name the file, unzipped, as portail_2026-05-15\.rdf"),
        (dcat(), "a_2026-05-15.rdf", "no dcat:Dataset element"),
        ("<!DOCTYPE html><html><body>Erreur 502</body></html>", "a_2026-05-15.rdf", "a web page, not the data"),
        (dcat(named("un")).replace("<rdf:RDF", "<!DOCTYPE a [<!ENTITY b 'c'>]><rdf:RDF", 1), "a_2026-05-15.rdf",
         "document type declaration"),
        (dcat(named("un", '<dcat:distribution rdf:resource="https://un.exemple/f"/>')), "a_2026-05-15.rdf",
         "distributions of un stand apart"),
    ],
)  # fmt: skip
def test_bad_files(bring, content, name, match):
    with pytest.raises(UsageError, match=match):
        bring(content, name)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-01-31T23:00:00+00:00", "2026-02-01"),  # midnight in Paris
        ("2026-01-31T23:30:00", "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
    ],
)
def test_days_are_those_of_paris(bring, written, day):
    _, table = bring(dcat(named("un", f"<dcterms:modified>{written}</dcterms:modified>")))
    assert table["modifie"].tolist() == [pd.Timestamp(day)]


@pytest.mark.parametrize("written", ["hier", "05/06/2026"])
def test_a_day_that_is_none_is_left_out_and_said(bring, written):
    found, table = bring(dcat(named("un", f"<dcterms:modified>{written}</dcterms:modified>")))
    assert (found.kept, found.repairs_by_rule, table["modifie"].isna().all()) == (1, {"type-error": 1}, True)


def test_a_portal_is_asked_now(monkeypatch):
    with Portal() as portal:
        monkeypatch.setenv("TIKUB_PORTAL", portal.url)
        state = territory.catalog("data.bretagne.bzh", en_direct=True)
        assert (len(state.datasets), state.avant, len(territory.changes(state))) == (2, None, 0)
        portal.faults["dcat"] = "html"
        with pytest.raises(RunError, match=r"The catalogue of data\.bretagne\.bzh could not be had"):
            territory.catalog(en_direct=True)
