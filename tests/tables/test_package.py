"""The data package: what it loads, what it refuses, and what it says that was used."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables import open_package, used, workbench
from tikub_lab.tables.package import Package, sha256_of
from tikub_lab.tables.schema import read_schemas


@pytest.fixture
def copy(root, tmp_path):
    shutil.copytree(root / "data", tmp_path / "data")
    return tmp_path / "data"


def change(folder, **changes):
    """Change the descriptor of the table procurement/contracts."""
    path = folder / "datapackage.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    next(item for item in raw["resources"] if item["name"] == "procurement/contracts").update(changes)
    path.write_text(json.dumps(raw), encoding="utf-8")


def test_types(root):
    contracts = open_package(root / "data").load("procurement/contracts")
    assert str(contracts["offresRecues"].dtype) == "Int64"
    assert str(contracts["dateNotification"].dtype) == "datetime64[s]"
    assert str(contracts["montant"].dtype) == "float64"
    assert str(contracts["marcheInnovant"].dtype) == "boolean"
    assert isinstance(contracts["procedure"].dtype, pd.CategoricalDtype)
    assert contracts["acheteur_id"].str.len().eq(14).all()


def test_a_package_and_its_schemas_are_read_again_once_they_change(copy):
    first = open_package(copy)
    assert open_package(copy).raw is first.raw, "read once"
    change(copy, title="Autre titre")
    assert open_package(copy).resource("procurement/contracts").title == "Autre titre"
    assert first.resource("procurement/contracts").title != "Autre titre"
    known = read_schemas(copy / "schemas")
    (copy / "schemas" / "energy" / "essai.json").write_text('{"title": "Essai", "fields": [{"name": "a"}]}')
    assert set(read_schemas(copy / "schemas")) - set(known) == {"energy/essai"}


def test_a_table_that_the_package_lacks(copy, monkeypatch, tmp_path):
    path = copy / "datapackage.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["resources"] = [item for item in raw["resources"] if item["name"] != "procurement/amendments"]
    path.write_text(json.dumps(raw), encoding="utf-8")
    monkeypatch.setenv("TIKUB_TRACE", str(tmp_path / "trace.jsonl"))
    package = open_package(copy)
    frame = package.load("procurement/amendments", optional=True)
    assert len(frame) == 0
    assert (str(frame["montant"].dtype), str(frame["dateNotificationModification"].dtype)) == (
        "float64",
        "datetime64[s]",
    )
    (said,) = map(json.loads, (tmp_path / "trace.jsonl").read_text(encoding="utf-8").splitlines())
    assert (said["table"], said["origin"], said["rows"]) == ("procurement/amendments", "absent", 0)
    assert said == package.used("procurement/amendments")
    assert package.load("procurement/suppliers", optional=True).equals(package.load("procurement/suppliers"))
    with pytest.raises(UsageError, match=r"No table 'procurement/amendments'.*`tikub data template procurement"):
        package.load("procurement/amendments")
    with pytest.raises(UsageError, match="no schema of that name"):
        package.load("procurement/amendements", optional=True)


def test_geojson_is_a_geodataframe(copy):
    (copy / "sites.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"uid":"a","modification_id":3},'
        '"geometry":{"type":"Point","coordinates":[-4.1,48.0]}}]}',
        encoding="utf-8",
    )
    schema = "schemas/procurement/amendments.json"
    change(copy, path="sites.geojson", schema=schema, hash="sha256:" + sha256_of(copy / "sites.geojson"))
    frame = open_package(copy).load("procurement/contracts")
    assert type(frame).__name__ == "GeoDataFrame"
    assert frame.geometry.iloc[0].x == -4.1
    assert str(frame["modification_id"].dtype) == "Int64"


def test_parquet_loads_the_same(copy):
    package = open_package(copy)
    before = package.load("procurement/contracts")
    before.to_parquet(copy / "contracts.parquet")
    change(copy, path="contracts.parquet", hash="sha256:" + sha256_of(copy / "contracts.parquet"))
    pd.testing.assert_frame_equal(open_package(copy).load("procurement/contracts"), before)
    column = "acheteur_id"
    assert open_package(copy).values("procurement/contracts", column) == package.values("procurement/contracts", column)


def test_values_are_those_of_the_table(root):
    package = open_package(root / "data")
    contracts = package.load("procurement/contracts")
    for column in ("acheteur_id", "procedure"):
        expected = sorted(contracts[column].dropna().unique())
        assert package.values("procurement/contracts", column) == expected
    with pytest.raises(UsageError, match=r"no column 'acheteur'\. Did you mean 'acheteur_\w+'\?"):
        package.values("procurement/contracts", "acheteur")


def test_reading_ahead_gives_the_same_and_shares_nothing(root, copy, monkeypatch):
    from tikub_lab.tables import package as module

    monkeypatch.setattr(module, "_ahead", {})
    package = open_package(copy)
    before = package.load("procurement/contracts")
    module.read_ahead(package)
    monkeypatch.setattr(module, "read", None)  # nothing is read any more
    one, two = package.load("procurement/contracts"), package.load("procurement/contracts")
    pd.testing.assert_frame_equal(one, before)
    one.loc[one.index[0], "objet"] = "changé"
    one["montant"] = 0.0
    pd.testing.assert_frame_equal(two, before)
    pd.testing.assert_frame_equal(package.load("procurement/contracts"), before)
    monkeypatch.undo()
    path = copy / "sample" / "procurement" / "contracts.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UsageError, match="changed outside the workbench"):
        package.load("procurement/contracts")


def test_reading_ahead_stops_at_its_limit(copy, monkeypatch):
    from tikub_lab.tables import package as module

    monkeypatch.setattr(module, "_ahead", {})
    monkeypatch.setattr(module, "MAX_AHEAD", 100_000)
    package = open_package(copy)
    kept = ("contracts", "suppliers", "amendments", "concessions")
    package.resources = {name: package.resources[name] for name in (f"procurement/{item}" for item in kept)}
    module.read_ahead(package)
    assert sorted(len(frame) for frame in module._ahead.values()) == [15, 513]


def test_an_unknown_table(root):
    with pytest.raises(UsageError, match=r"No table 'procurement/contract'.*Did you mean 'procurement/contracts'"):
        open_package(root / "data").load("procurement/contract")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hash": "sha256:" + "0" * 64}, "changed outside the workbench"),
        ({"hash": ""}, "says nothing"),
        ({"path": "sample/none.csv"}, "is missing"),
    ],
)
def test_a_file_that_is_not_what_the_package_says(copy, changes, says):
    change(copy, **changes)
    with pytest.raises(UsageError, match=says):
        open_package(copy).load("procurement/contracts")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"path": "../x.csv"}, "a path inside the data package is allowed"),
        ({"path": "/x.csv"}, "a path inside the data package is allowed"),
        ({"path": "C:/x.csv"}, "a path inside the data package is allowed"),
        ({"schema": "../x.json"}, "a path inside the data package is allowed"),
        ({"origin": "invented"}, "allowed: sample, import, portal"),
    ],
)
def test_a_descriptor_that_is_refused(copy, changes, says):
    change(copy, **changes)
    with pytest.raises(UsageError, match=says):
        Package(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"resources": 3}', "\ufeff"])
def test_a_descriptor_that_is_none(tmp_path, text):
    (tmp_path / "datapackage.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"datapackage\.json"):
        Package(tmp_path)


def test_the_workbench_is_the_nearest_folder_above(root, tmp_path, monkeypatch):
    monkeypatch.delenv("TIKUB_HOME", raising=False)
    assert workbench(root / "notebooks") == root
    monkeypatch.setenv("TIKUB_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="TIKUB_HOME="):
        workbench()


def test_what_was_used_is_known_here_and_in_the_trace(root, tmp_path, monkeypatch):
    trace = tmp_path / "trace.jsonl"
    monkeypatch.setenv("TIKUB_TRACE", str(trace))
    package = open_package(root / "data")
    package.load("procurement/suppliers")
    (line,) = trace.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == package.resource("procurement/suppliers").used()
    assert json.loads(line) in used()


def test_planning_needs_no_pandas(root):
    """So that a build in which nothing changed takes less than a second."""
    code = (
        "import sys, tikub_lab.reports.build, tikub_lab.reports.plan\n"
        "from tikub_lab.tables.package import open_package\n"
        "open_package(sys.argv[1]).values('procurement/contracts', 'acheteur_id')\n"
        "print(sorted({'pandas', 'numpy', 'papermill', 'nbconvert', 'nbformat', 'bs4'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(root / "data")], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_shared_table_goes_by_its_aliases_too(root):
    package = open_package(root / "data")
    ours = package.load("territory/lycees")
    pd.testing.assert_frame_equal(package.load("energy/sites"), ours)
    assert package.resource("energy/buildings").name == "territory/buildings"
    assert package.used("energy/sites") == package.used("territory/lycees")
    assert package.values("energy/sites", "code_uai") == ours["code_uai"].tolist()
    package.resources.pop("territory/lycees")
    empty = package.load("energy/sites", optional=True)
    assert (len(empty), list(empty)) == (0, list(ours))
    assert package.used("energy/sites")["table"] == "territory/lycees"
    with pytest.raises(UsageError, match="Did you mean 'energy/sites'"):
        package.load("energy/site")
