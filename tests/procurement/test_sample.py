"""The fictitious sample: valid, reproducible, plausible, and plainly nobody's."""

import hashlib
import json
import re
import unicodedata
import zipfile
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from stdnum.be import vat
from stdnum.fr import siren, siret

from data.make.procurement import CREATED, SEED, planted_splits, sample, write_sample
from data.make.procurement.book import LARGEST, draw
from data.make.procurement.needs import needs
from data.make.procurement.parties import buyers, firms
from data.make.sampling import Stream, growth, position, streams, write_package
from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check
from tikub_lab.tables.places import communes
from tikub_lab.tables.schema import read_schema

ESSENTIAL = ["procurement/contracts", "procurement/suppliers", "procurement/amendments", "procurement/concessions"]
TABLES = [*ESSENTIAL, "procurement/bids", "procurement/records"]
UNUSED = ("2100", "2200", "2300")


essential = cache(partial(sample, essential=True))
"""Of a scale and a seed, drawn once; not to be changed in place."""


@pytest.fixture(scope="module")
def tables():
    return sample()


@pytest.fixture(scope="module")
def contracts(tables):
    return tables["procurement/contracts"]


@pytest.fixture(scope="module")
def suppliers(tables):
    return tables["procurement/suppliers"]


@pytest.fixture
def folder(tmp_path, root):
    """A data package of its own, with the schemas."""
    for name in TABLES:
        path = tmp_path / "schemas" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((root / "data" / "schemas" / f"{name}.json").read_bytes())
    return tmp_path


# Validity


@pytest.mark.parametrize("name", ESSENTIAL)
@pytest.mark.parametrize("scale", [0.05, 1])
def test_tables_are_valid(root, name, scale):
    frame = essential(scale, seed=5)[name]
    schema = read_schema(root / "data" / "schemas" / f"{name}.json")
    assert list(frame.columns) == list(schema.names)
    assert len(frame)
    assert check(frame, schema).empty


def test_rows_refer_to_contracts(tables, contracts):
    for name in ("procurement/suppliers", "procurement/amendments"):
        assert tables[name]["uid"].isin(contracts["uid"]).all()
    assert contracts["uid"].isin(tables["procurement/suppliers"]["uid"]).all()
    child = contracts.dropna(subset="idAccordCadre")
    parent = child.merge(
        contracts, left_on=["acheteur_id", "idAccordCadre"], right_on=["acheteur_id", "id"], how="left"
    )
    assert len(parent) == len(child) > 100
    assert (parent["dateNotification_x"] > parent["dateNotification_y"]).all()
    assert parent["modalitesExecution_y"].dropna().eq("Marchés subséquents").all()


def test_subsequent_contracts_go_to_holders(contracts, suppliers):
    holders = suppliers.groupby("uid")["titulaire_id"].agg(set)
    child = contracts.dropna(subset="idAccordCadre")
    parents = child["acheteur_id"] + child["idAccordCadre"]
    assert all(holders[uid] <= holders[parent] for uid, parent in zip(child["uid"], parents, strict=True))


def test_amendments_follow_their_contract(tables, contracts):
    merged = tables["procurement/amendments"].merge(contracts, on="uid", suffixes=("", "_contract"))
    assert (merged["dateNotificationModification"] >= merged["dateNotification"]).all()
    assert (merged["dateNotificationModification"] <= pd.Timestamp("2025-12-31")).all()
    assert (merged["dureeMois"] > merged["dureeMois_contract"]).dropna().all()
    assert merged.groupby("uid")["modification_id"].agg(lambda ids: ids.tolist() == [*range(1, len(ids) + 1)]).all()


# The shipped files


def test_sample_regenerates_bit_for_bit(folder, root):
    write_package(folder, write_sample(folder), CREATED)
    shipped = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    made = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    ours = {item["name"]: item for item in shipped["resources"]}
    for item in made["resources"]:
        assert ours[item["name"]] == item
        content = (root / "data" / item["path"]).read_bytes()
        assert item["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
        assert (folder / item["path"]).read_bytes() == content
        assert item["bytes"] == len(content)
        assert item["rows"] == content.decode().count("\n") - 1


def test_shipped_sample_is_small(root):
    assert sum(path.stat().st_size for path in (root / "data/sample/procurement").iterdir()) < 2_800_000


def test_package_is_a_data_package_for_frictionless(folder):
    import frictionless

    frictionless.system.trusted = True
    write_package(folder, write_sample(folder, scale=0.02), CREATED)
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["path", "message"])


def test_descriptor_has_what_data_package_requires(folder):
    path = write_package(folder, write_sample(folder, scale=0.02), CREATED)
    made = json.loads(path.read_text(encoding="utf-8"))
    assert made["$schema"].endswith("/2.0/datapackage.json")
    assert "fictives" in made["title"]
    assert pd.Timestamp(made["created"]) == pd.Timestamp(CREATED)
    names = [item["name"] for item in made["resources"]]
    assert names == sorted(TABLES)
    for item in made["resources"]:
        assert {"name", "path", "schema", "type", "format", "mediatype", "encoding", "hash", "bytes"} <= set(item)
        assert (folder / item["schema"]).is_file()
        assert item["origin"] == "sample"
        assert "fictif" in item["title"]
        assert {"name", "path", "title"} <= set(item["licenses"][0])


@pytest.mark.proof
def test_same_seed_same_tables_other_seed_other_tables():
    first, again, other = sample(0.1, 7), sample(0.1, 7), sample(0.1, 8)
    for name in TABLES:
        pd.testing.assert_frame_equal(first[name], again[name])
        assert not first[name].equals(other[name])


@pytest.mark.parametrize(
    ("scale", "seed", "message"), [(0, 1, "scale=0"), (1001, 1, "0.01 to 1000"), (1, -1, "seed=-1")]
)
def test_bounds(scale, seed, message):
    with pytest.raises(UsageError, match=message):
        sample(scale, seed)


@pytest.mark.parametrize("scale", [0.01, 0.1, pytest.param(3, marks=pytest.mark.proof)])
def test_scale_grows_contracts_and_parties(scale):
    made = essential(scale, seed=2)
    assert len(made["procurement/contracts"]) == round(3000 * scale)
    firms = made["procurement/suppliers"]["titulaire_id"].nunique()
    assert firms < 700 * max(0.3, scale**0.5)


# Fictitious, and said so


def test_every_name_says_fictitious(tables, contracts, suppliers):
    for names in (
        contracts["acheteur_nom"],
        suppliers["titulaire_nom"],
        tables["procurement/concessions"]["autoriteConcedante_nom"],
    ):
        assert names.dropna().str.contains("(fictif)", regex=False).all()
    assert contracts["acheteur_nom"].nunique() == contracts["acheteur_id"].nunique() == 41


def test_identifiers_are_valid_distinct_and_unused(contracts, suppliers):
    book = draw(1, SEED)
    french = book.firms.loc[book.firms["type"] == "SIRET", "id"]
    everybody = pd.concat([book.buyers["siret"], french])
    assert everybody.is_unique
    assert book.firms["id"].is_unique
    assert all(siret.is_valid(number) and siren.is_valid(number[:9]) for number in everybody)
    assert everybody.str.startswith(UNUSED).all()
    assert everybody.str[:9].is_unique
    assert "233500016" not in set(everybody.str[:9])  # the real Région Bretagne
    assert set(contracts["acheteur_id"]) <= set(book.buyers["siret"])
    assert set(suppliers["titulaire_id"]) <= set(book.firms["id"])
    belgian = book.firms.loc[book.firms["type"] == "TVA", "id"]
    assert len(belgian) > 3
    assert all(vat.is_valid(number) and number.startswith("BE000") for number in belgian)
    assert book.firms.loc[book.firms["type"] == "HORS-UE", "id"].str.fullmatch("[A-Z]{2}.{0,16}").all()


def test_largest_scale_has_distinct_identifiers():
    for_buyers, for_firms = streams(4, 2)
    lycees = round(40 * LARGEST**0.5)
    buyer = buyers(lycees, for_buyers, offset=29_999)
    firm = firms(round(600 * LARGEST**0.5), for_firms, offset=29_999, start=lycees + 1)
    everybody = pd.concat([buyer["siret"], firm["id"]])
    assert len(everybody) > 20_000
    assert everybody.is_unique
    assert firm["nom"].is_unique


def test_identifiers_are_not_in_real_data(opendata):
    text = (opendata / "procurement" / "decp_tabular_2024H2_travaux_cpv4521.csv").read_text(encoding="utf-8")
    for path in (opendata / "procurement" / "decp-2019").glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            text += "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    real = {number for number in re.findall(r"(?<!\d)\d{14}(?!\d)", text) if siret.is_valid(number)}
    assert len(real) > 5000
    assert not [number for number in real if number.startswith(UNUSED)]


def test_lycees_are_not_real_ones(opendata):
    plain = pd.read_csv(opendata / "lycees" / "fr-en-ips_lycees.csv.gz", sep=";", usecols=[5], dtype=str).iloc[:, 0]
    published = json.loads((opendata / "lycees" / "lycees_academie-rennes_2026-10-08.json").read_text(encoding="utf-8"))
    real = {_plain(name) for name in [*plain.dropna().unique(), *(item["n"] for item in published["lycees"])]}
    names = draw(1, SEED).buyers["nom"][1:].str.extract(r"^Lycée (.*) \(fictif\)")[0]
    assert len(names) == 40
    for name in names.map(_plain):
        assert not [other for other in real if name in other]


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return " ".join(re.findall("[A-Z]+", letters))


# Places and codes are real


def test_communes_are_real(opendata):
    import geopandas

    shapes = geopandas.read_file(f"/vsigzip/{opendata / 'territory' / 'lusk_communes.geojson.gz'}").set_index(
        "territoire"
    )
    breton = communes().query("region == '53'").set_index("code")
    assert len(breton) == 61
    assert (shapes["nom"].reindex(breton.index) == breton["nom"]).all()
    points = geopandas.GeoSeries.from_xy(breton["longitude"], breton["latitude"], index=breton.index, crs="EPSG:4326")
    distance = shapes.geometry.reindex(breton.index).to_crs(2154).distance(points.to_crs(2154))
    assert distance.max() < 2000


def test_codes_of_communes_agree_with_departements():
    table = communes()
    assert table["code"].is_unique
    assert all(
        code.startswith(department) for code, department in zip(table["code"], table["departement"], strict=True)
    )
    mainland = table[~table["departement"].isin(["2A", "974"])]
    assert (mainland["code_postal"].str[:2] == mainland["departement"]).all()
    assert table.groupby("departement")["region"].nunique().eq(1).all()


def test_cpv_codes_exist(opendata):
    nomenclature = pd.read_csv(opendata / "procurement" / "cpv" / "cpv_2008.csv", dtype=str)
    assert needs()["cpv"].isin(nomenclature["CODE"]).all()


# Plausible


def test_book_is_plausible(tables, contracts, suppliers):
    assert 2900 <= len(contracts) <= 3100
    year = contracts["dateNotification"].dt.year
    assert year.value_counts().between(380, 620).all()
    assert sorted(year.unique()) == [2020, 2021, 2022, 2023, 2024, 2025]
    assert contracts["dateNotification"].dt.day_of_week.max() == 4
    assert 0.18 < contracts["offresRecues"].eq(1).sum() / contracts["offresRecues"].notna().sum() < 0.26
    assert 0.005 < contracts["marcheInnovant"].mean() < 0.03
    assert 0.10 < tables["procurement/amendments"]["uid"].nunique() / len(contracts) < 0.15
    late = (contracts["datePublicationDonnees"] - contracts["dateNotification"]).dt.days > 62
    assert 0.05 < late.mean() < 0.2
    assert contracts["datePublicationDonnees"].max() <= pd.Timestamp("2025-12-31")
    assert 0.6 < suppliers["titulaire_region"].eq("53").mean() < 0.9
    assert suppliers["titulaire_id"].value_counts(normalize=True).head(20).sum() > 0.15
    assert suppliers.groupby("uid").size().max() == 4


def test_needs_differ_in_competition(contracts):
    single = contracts.dropna(subset="offresRecues").groupby(contracts["codeCPV"].str[:2])["offresRecues"]
    rate = single.agg(lambda offers: offers.eq(1).mean())
    assert rate["48"] > 0.35 > 0.2 > rate["71"]


@pytest.mark.parametrize("column", ["considerationsSociales", "considerationsEnvironnementales"])
def test_considerations_grow(contracts, column):
    known = contracts.dropna(subset=column)
    has = ~known[column].str.startswith("Pas de")
    by_year = has.groupby(known["dateNotification"].dt.year).mean()
    assert by_year[2025] > 1.5 * by_year[2020] > 0.1


def test_fields_are_left_empty_more_before_2024(contracts):
    missing = contracts["offresRecues"].isna().groupby(contracts["dateNotification"].dt.year >= 2024).mean()
    assert missing[False] > 0.2
    assert 0 < missing[True] < 0.05


def test_procedures_fit_amounts(contracts):
    supplies = contracts[~contracts["codeCPV"].str.startswith("45") & contracts["idAccordCadre"].isna()]
    recent = supplies[supplies["dateNotification"] >= "2024-01-01"]
    formal = recent["montant"] >= 221_000
    assert not recent.loc[formal, "procedure"].eq("Procédure adaptée").any()
    assert recent.loc[formal, "procedure"].eq("Appel d'offres ouvert").mean() > 0.6
    assert recent.loc[~formal, "procedure"].eq("Appel d'offres ouvert").mean() < 0.04


def test_amounts_gather_below_a_threshold(contracts):
    supplies = contracts.loc[~contracts["codeCPV"].str.startswith("45"), "montant"]
    below, above = supplies.between(38_000, 39_999).sum(), supplies.between(40_000, 41_999).sum()
    assert below > 1.5 * above


# Planted splits


OTHERS = [pytest.param(*other, marks=pytest.mark.proof) for other in [(1, 1), (3, 2)]]


@pytest.mark.parametrize(("scale", "seed"), [(1, SEED), *OTHERS])
def test_planted_splits_are_splits(scale, seed):
    truth = planted_splits(scale, seed)
    assert len(truth) == 12 * scale
    assert not truth.duplicated(["acheteur_id", "codeCPV"]).any()
    book = essential(scale, seed)
    contracts = book["procurement/contracts"].set_index("uid")
    holders = book["procurement/suppliers"].set_index("uid")["titulaire_id"]
    for split in truth.itertuples():
        rows = contracts.loc[split.uids.split("|")]
        assert len(rows) == split.marches >= 3
        assert (rows["montant"] < split.seuil).all()
        assert rows["montant"].sum() == split.montant >= 2 * split.seuil
        assert rows["acheteur_id"].eq(split.acheteur_id).all()
        assert rows["codeCPV"].str[:8].eq(split.codeCPV).all()
        assert (rows["dateNotification"].max() - rows["dateNotification"].min()).days < 365
        assert rows["dateNotification"].min() == split.debut
        assert rows["idAccordCadre"].isna().all()
        assert holders[rows.index].eq(split.titulaire_id).all()
    assert {40_000, 100_000} < set(truth["seuil"]) <= {40_000, 100_000, 214_000, 215_000, 221_000}


@pytest.mark.parametrize(("scale", "seed"), [(1, SEED), pytest.param(2, 11, marks=pytest.mark.proof)])
def test_nothing_else_looks_like_a_split(scale, seed):
    """The same firm, buyer and group of needs within a year, below 40,000 € each and above in total."""
    book = essential(scale, seed)
    contracts = book["procurement/contracts"].merge(
        book["procurement/suppliers"].drop_duplicates("uid"), on="uid", validate="1:1"
    )
    framework = contracts["uid"].isin(draw(scale, seed).uid[draw(scale, seed).contracts["framework"] > 0])
    small = contracts[(contracts["montant"] < 40_000) & contracts["idAccordCadre"].isna() & ~framework]
    found = []
    for _, rows in small.groupby(["acheteur_id", small["codeCPV"].str[:3], "titulaire_id"]):
        days = rows["dateNotification"].to_numpy().astype("datetime64[D]").astype(int)
        total = np.r_[0, rows["montant"].cumsum()]
        until = np.searchsorted(days, days + 365, side="right")
        if (total[until] - total[:-1] >= 40_000).any():
            found.append(set(rows["uid"]))
    truth = [set(uids.split("|")) for uids in planted_splits(scale, seed).query("seuil == 40000")["uids"]]
    hits = [rows for rows in truth if any(rows <= other for other in found)]
    alarms = [rows for rows in found if not any(rows & other for other in truth)]
    assert len(hits) == len(truth) > 3
    works = set(planted_splits(scale, seed).query("seuil != 40000")["uids"].str.split("|").explode())
    assert not [rows for rows in alarms if not rows & works]


# Draws


def test_draws_stay_within_their_limits():
    stream = streams(3, 1)[0]
    assert set(stream.below(3, 1000).tolist()) == {0, 1, 2}
    assert set(stream.pick([1, 0, 2], 1000).tolist()) == {0, 2}
    assert set(stream.pick_by([[1, 0], [0, 1]], np.array([0, 1, 1])).tolist()) == {0, 1}
    assert abs(stream.flag(0.3, 10_000).mean() - 0.3) < 0.02
    normal = stream.normal(20_000)
    assert abs(normal.mean()) < 0.03
    assert abs(normal.std() - 1) < 0.03


def test_pick_by_follows_the_weights_of_each_group():
    drawn = streams(3, 1)[0].pick_by([[1, 3, 0], [2, 2, 4]], np.repeat([0, 1], 20_000))
    assert np.abs(np.bincount(drawn[:20_000], minlength=3) / 20_000 - [0.25, 0.75, 0]).max() < 0.02
    assert np.abs(np.bincount(drawn[20_000:], minlength=3) / 20_000 - [0.25, 0.25, 0.5]).max() < 0.02


def test_streams_are_pinned():
    """A change here changes every sample: the draws must not depend on NumPy's release."""
    raw = np.random.PCG64(np.random.SeedSequence(9).spawn(1)[0]).random_raw(3)
    assert streams(9, 1)[0].uniform(3).tolist() == [(int(bits) >> 11) / 2**53 for bits in raw]
    assert isinstance(streams(9, 2)[1], Stream)


def test_growth_and_position_are_exact():
    assert growth(np.array([0.0])).tolist() == [1.0]
    assert np.allclose(growth(np.array([-2.0, 2.0])), np.exp([-2.0, 2.0]), rtol=0.01)
    assert position([0, 1], np.array([0.0, 0.999])).tolist() == [1, 1]
