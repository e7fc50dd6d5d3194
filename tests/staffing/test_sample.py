"""The fictitious staff: sound by its schemas, the same bytes again, taken by the ledger, with what is planted in it."""

import pandas as pd
import pytest

from data.make.staffing import PLANTED, sample, write_sample
from tests.conftest import ROOT
from tikub_lab import tables
from tikub_lab.staffing.events import CONTENT, VALUES
from tikub_lab.staffing.ledger import Ledger, replay
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema, read_schemas
from tikub_lab.tables.template import write_template

NAMES = ["staffing/agents", "staffing/events", "staffing/export", "staffing/services", "staffing/truths"]


@pytest.fixture(scope="module")
def shipped():
    return {name: tables.load(name) for name in [*NAMES, "territory/lycees"]}


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_sound_described_and_kept(shipped, name):
    schema = read_schema(ROOT / "data" / "schemas" / f"{name}.json")
    assert schema.name == name
    assert schema.description.endswith(".")
    assert set(schema.primary_key) <= schema.needed
    for field in schema.fields:
        assert field.title
        assert len(field.description) > 3
        assert field.type == "boolean" or field.example is not None
    assert check(shipped[name], schema).empty
    assert foreign_keys(shipped[name], schema, shipped).empty


def test_every_schema_is_listed_and_persons_are_marked():
    schemas = read_schemas(ROOT / "data" / "schemas" / "staffing")
    assert sorted(schemas) == [name.removeprefix("staffing/") for name in NAMES]
    marked = {field.name for each in schemas.values() for field in each.fields if field.raw.get("personal")}
    assert {"agent", "nom", "remplacant", "motif", "motif_absence", "debut_absence", "code_commune"} <= marked


def test_events_have_the_columns_and_words_of_the_ledger():
    schema = read_schema(ROOT / "data" / "schemas" / "staffing" / "events.json")
    assert schema.names == (*CONTENT, "enregistre")
    assert {name: tuple(schema.field(name).constraints["enum"]) for name in VALUES} == VALUES


def test_the_same_seed_gives_the_shipped_bytes(tmp_path):
    (tmp_path / "schemas").symlink_to(ROOT / "data" / "schemas")
    made = {item["name"]: item for item in write_sample(tmp_path)}
    package = open_package(None)
    assert {name: item["hash"] for name, item in made.items()} == {
        name: f"sha256:{package.resource(name).sha256.removeprefix('sha256:')}" for name in NAMES
    }
    other = sample(0.01, 7)
    again = sample(0.01, 7)
    for name in NAMES:
        pd.testing.assert_frame_equal(other[name], again[name])


def test_it_grows_and_shares_the_lycees(shipped):
    assert 2300 < len(shipped["staffing/export"]) < 2700
    assert set(shipped["staffing/export"]["code_uai"]) == set(shipped["territory/lycees"]["code_uai"])
    small = sample(0.01)
    assert small["staffing/export"]["code_uai"].nunique() == 12
    assert len(small["staffing/export"]) < 0.15 * len(shipped["staffing/export"])


def test_no_name_could_be_anybodys(shipped):
    agents = shipped["staffing/agents"]
    assert agents["nom"].str.endswith("(personne fictive)").all()
    assert agents["nom"].is_unique
    assert agents.loc[~agents["pool"], ["code_commune", "longitude", "latitude"]].isna().all(axis=None)
    given = set(agents["nom"].str.split().str[0])
    for path in (ROOT / "data" / "sample" / "staffing").glob("*.csv"):
        assert path.stem == "agents" or not given & set(path.read_text(encoding="utf-8").replace(",", " ").split())


def taken(events):
    """Append events, a day of them at a time, at the times at which they were recorded."""
    times = []
    ledger, remarks = Ledger("sqlite://", clock=lambda: times[-1]), {}
    for _, day in events.groupby(events["enregistre"].dt.floor("D")):
        times.append(day["enregistre"].max().tz_convert(None).to_pydatetime())
        receipts = ledger.append(day[[*CONTENT]].astype(object).to_dict("records"))
        assert all(receipt.new for receipt in receipts), [item.remarks for item in receipts if not item.new]
        remarks |= {item.id: item.remarks for item in receipts if item.remarks}
    return ledger, remarks


def test_the_ledger_takes_all_and_remarks_what_is_planted():
    made = sample(0.01)
    ledger, remarks = taken(made["staffing/events"])
    said = [text for texts in remarks.values() for text in texts]
    counts = made["staffing/truths"]["nature"].value_counts()
    assert sum("over 100 %" in text for text in said) == counts["agent à plus de 100 %"]
    assert sum("begins before the absence" in text for text in said) == counts["deux agents sur un poste"]
    columns = [*CONTENT]
    for day in ("2024-06-01", "2025-03-01", "2026-01-01"):
        pd.testing.assert_frame_equal(ledger.state(day)[columns], replay(made["staffing/events"]).state(day)[columns])
    assert ledger.verify().problems == ()


@pytest.mark.proof
def test_the_ledger_takes_all_that_is_shipped(shipped):
    _, remarks = taken(shipped["staffing/events"])
    assert len(remarks) == 7


def test_what_is_planted_is_noted(shipped):
    counts = shipped["staffing/truths"]["nature"].value_counts()
    assert {name: counts[name] for name in PLANTED} == PLANTED
    events = shipped["staffing/events"]
    assert counts["correction"] == events.loc[events["remplace"].notna(), "cle"].nunique() > 100
    late = events[events["objet"] == "absence"]
    days = (late["enregistre"].dt.tz_convert(None) - late["debut"]).dt.days
    assert counts["connu tard"] == late.loc[(days == 40) & late["remplace"].isna(), "cle"].nunique() > 50


def test_a_template_of_the_export_is_written_by_its_schema(tmp_path):
    path = write_template("staffing/export", ROOT / "data" / "schemas", tmp_path)[0]
    header = path.read_text(encoding="utf-8-sig").splitlines()[0]
    assert header.split(";")[:3] == ["poste", "code_uai", "metier"]
