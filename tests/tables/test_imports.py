"""An import is all or nothing, repeatable, and its counts add up."""

import hashlib
import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables import imports, journal, rebuild
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.readers import REJECTS, Batch, Head, Reader

TABLE = "things/items"
SCHEMA = {
    "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
    "name": TABLE,
    "title": "Choses",
    "fields": [
        {"name": "key", "type": "string", "constraints": {"required": True}},
        {"name": "amount", "type": "number"},
        {"name": "day", "type": "date"},
        {"name": "count", "type": "integer"},
        {"name": "fine", "type": "boolean"},
    ],
    "primaryKey": ["key"],
}


def read(path):
    """Lines ``key,amount``: no amount is a reject, ``lost`` a row that is forgotten, ``stop`` a broken file."""
    lines = path.read_text().splitlines()[1:]
    if "stop" in lines:
        yield Batch(1, {})
        raise UsageError(f"{path}: stops short.")
    rows = [(number, *line.split(",")) for number, line in enumerate(lines, 2) if line != "lost"]
    good = [(n, key, amount, "2024-05-01", "3", "true") for n, key, amount in rows if amount]
    bad = [(n, key, "amount", "", "amount-missing", "An amount.") for n, key, amount in rows if not amount]
    frame = pd.DataFrame(good, columns=["_line", "key", "amount", "day", "count", "fine"]).assign(_rows=1)
    rejects = pd.DataFrame(bad, columns=list(REJECTS))
    yield Batch(len(lines), {TABLE: frame}, rejects)


READER = Reader("things-csv", "things (CSV)", (TABLE,), lambda head: head.start.startswith(b"things"), read)


@pytest.fixture
def schemas(tmp_path):
    path = tmp_path / "schemas" / f"{TABLE}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")
    return tmp_path / "schemas"


@pytest.fixture
def bring(tmp_path, schemas):
    def run(*paths, into="package", **options):
        return import_files(paths, tmp_path / into, readers=[READER], schemas=schemas, **options)

    return run


def things(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["things", *lines]) + "\n")
    return path


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_table_is_written_typed_and_described(tmp_path, bring):
    (provenance,) = bring(things(tmp_path / "a.csv", "x,1.5", "y,", "z,2"))
    assert (provenance.read, provenance.kept, provenance.rejected) == (3, 2, 1)
    assert provenance.rejects_by_rule == {"amount-missing": 1}
    folder = tmp_path / "package"
    table = pq.read_table(folder / "things" / "items.parquet")
    assert table.to_pydict()["amount"] == [1.5, 2.0]
    assert [str(field.type) for field in table.schema] == ["string", "double", "date32[day]", "int64", "bool"]
    rejects = pd.read_csv(folder / "things" / "items.rejects.csv")
    assert rejects[["file", "line", "rule"]].to_numpy().tolist() == [["a.csv", 3, "amount-missing"]]
    (resource,) = json.loads((folder / "datapackage.json").read_text())["resources"]
    data = (folder / resource["path"]).read_bytes()
    assert resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest()
    assert (resource["bytes"], resource["rows"], resource["origin"]) == (len(data), 2, "import")
    assert (folder / resource["schema"]).is_file()
    assert resource["sources"][0]["title"] == "a.csv"


def test_nothing_written_names_this_machine(tmp_path, bring):
    bring(things(tmp_path / "a.csv", "x,1", "y,"))
    for name, (data, _) in contents(tmp_path / "package").items():
        assert str(tmp_path).encode() not in data, name


def test_the_same_file_again_changes_no_byte(tmp_path, bring, monkeypatch):
    path = things(tmp_path / "a.csv", "x,1", "y,")
    bring(path)
    before = contents(tmp_path / "package")
    monkeypatch.setattr(imports, "today", lambda: "2099-01-01")
    copy = tmp_path / "another name.csv"
    copy.write_bytes(path.read_bytes())
    (again,) = bring(copy)
    assert (again.unchanged, again.kept, again.file) == (True, 1, "a.csv")
    assert contents(tmp_path / "package") == before


def test_sources_add_up_and_the_last_row_of_a_key_stays(tmp_path, bring):
    first = things(tmp_path / "a.csv", "x,1", "y,2")
    second = things(tmp_path / "b.csv", "y,3")
    bring(first)
    bring(second)
    stored = json.loads((tmp_path / "package" / "things" / "items.provenance.json").read_text())["sources"]
    assert [(item["file"], item["read"], item["kept"], item["rejected"]) for item in stored] == [
        ("a.csv", 2, 1, 1),
        ("b.csv", 1, 1, 0),
    ]
    table = pq.read_table(tmp_path / "package" / "things" / "items.parquet").to_pydict()
    assert dict(zip(table["key"], table["amount"], strict=True)) == {"x": 1, "y": 3}


def test_a_zip_gives_one_source_a_member(tmp_path, bring):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "things\nx,1\n")
        archive.writestr("sub/two.txt", "things\ny,2\nz,\n")
    found = bring(path)
    assert [(item.file, item.read) for item in found] == [("all.zip/one.csv", 1), ("all.zip/sub/two.txt", 2)]
    assert [item.unchanged for item in bring(path)] == [True, True]


def test_a_table_of_rejects_only_is_an_empty_table(tmp_path, bring):
    (provenance,) = bring(things(tmp_path / "a.csv", "x,"))
    assert (provenance.read, provenance.kept, provenance.rejected) == (1, 0, 1)
    assert pq.read_table(tmp_path / "package" / "things" / "items.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing known", "Known formats, and a zip of any of them: things"),
        ("", "empty file"),
        ("  \n", "empty file"),
        ("things\nx,1\nstop\n", "bad.bin: stops short"),
    ],
)
def test_a_bad_file_among_good_ones_leaves_nothing_behind(tmp_path, bring, content, message):
    bad = tmp_path / "bad.bin"
    bad.write_text(content)
    with pytest.raises(UsageError, match=message):
        bring(things(tmp_path / "a.csv", "x,1"), bad, into="new/package")
    assert not (tmp_path / "new").exists()
    bring(things(tmp_path / "b.csv", "y,2"))
    before = contents(tmp_path / "package")
    with pytest.raises(UsageError):
        bring(bad)
    assert contents(tmp_path / "package") == before


def test_an_error_in_a_zip_names_the_member(tmp_path, bring):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "things\nstop\n")
    with pytest.raises(UsageError, match=r"^all.zip/one.csv: stops short"):
        bring(path)


def test_counts_that_do_not_add_up_are_refused(tmp_path, bring):
    with pytest.raises(RunError, match="2 rows read, but 1 kept and 0 rejected"):
        bring(things(tmp_path / "a.csv", "x,1", "lost"))
    assert not (tmp_path / "package").exists()


def test_paths_that_are_no_files(tmp_path, bring):
    with pytest.raises(UsageError, match="no such file"):
        bring(tmp_path / "gone.csv")
    with pytest.raises(UsageError, match="a folder"):
        bring(tmp_path)


def test_only_readers_of_the_table_asked_for(tmp_path, bring):
    path = things(tmp_path / "a.csv", "x,1")
    assert bring(path, table=TABLE)
    with pytest.raises(UsageError, match="Did you mean 'things/items'"):
        bring(path, table="things/item")
    with pytest.raises(UsageError, match="no known format"):
        import_files([path], tmp_path / "other", table="procurement/contracts", schemas=tmp_path / "schemas")


def test_a_sample_is_not_overwritten(tmp_path, bring):
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "datapackage.json").write_text(json.dumps({"resources": [{"name": TABLE, "origin": "sample"}]}))
    with pytest.raises(UsageError, match="another folder"):
        bring(things(tmp_path / "a.csv", "x,1"))
    assert list(contents(folder)) == ["datapackage.json"] or set(contents(folder)) == {journal.LOCK, "datapackage.json"}


def test_two_imports_at_once(tmp_path, bring):
    (tmp_path / "package").mkdir()
    with journal.lock(tmp_path / "package"), pytest.raises(UsageError, match="another import"):
        bring(things(tmp_path / "a.csv", "x,1"))


CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_imports
from tikub_lab.tables import journal

stop, steps = int(sys.argv[5]), []

def killer(step):
    steps.append(step)
    if len(steps) == stop:
        os.kill(os.getpid(), signal.SIGKILL)

journal.checkpoint = killer
test_imports.import_files([sys.argv[4]], sys.argv[2], readers=[test_imports.READER], schemas=Path(sys.argv[3]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process the POSIX way")
def test_a_killed_import_leaves_old_or_new_tables_whole(tmp_path, schemas, bring):
    first, second = things(tmp_path / "a.csv", "x,1"), things(tmp_path / "b.csv", "y,2")
    seen = set()
    for stop in range(1, 40):
        name = f"package{stop}"
        bring(first, into=name)
        folder = tmp_path / name
        arguments = [str(Path(__file__).parent), str(folder), str(schemas), str(second), str(stop)]
        code = subprocess.run([sys.executable, "-c", CHILD, *arguments], check=False, stderr=subprocess.PIPE).returncode
        journal.recover(folder)
        (resource,) = json.loads((folder / "datapackage.json").read_text())["resources"]
        data = (folder / resource["path"]).read_bytes()
        sources = json.loads((folder / "things" / "items.provenance.json").read_text())["sources"]
        assert resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest(), stop
        assert len(sources) == resource["rows"] == len(list(folder.glob(".sources/*/*/source.json"))), stop
        seen.add(resource["rows"])
        if code == 0:
            break
        assert code == -signal.SIGKILL
        (again,) = bring(second, into=name)
        assert again.unchanged == (resource["rows"] == 2)
        assert not (folder / journal.STAGING).exists()
    else:
        pytest.fail("the import has more steps than the test stops at")
    assert seen == {1, 2}


def test_heads_are_text_in_any_encoding(tmp_path):
    path = tmp_path / "a"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes("lycée".encode(encoding))
        assert Head.of(path).text == "lycée"


def test_a_table_sorted_in_ranges_is_the_same_table(tmp_path, bring, monkeypatch):
    path = things(tmp_path / "a.csv", *(f"{key * 7 % 10},{key}" for key in range(10)))
    bring(path, into="whole")
    monkeypatch.setattr(rebuild, "SLICE", 3)
    bring(path, into="ranges")
    one, other = (tmp_path / into / "things" / "items.parquet" for into in ("whole", "ranges"))
    assert one.read_bytes() == other.read_bytes()
    assert pq.read_table(one).to_pydict()["key"] == [str(key) for key in range(10)]
