"""An import is all or nothing, repeatable, and its counts add up."""

import errno
import hashlib
import itertools
import json
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables import atomic, database, imports, rebuild
from tikub_lab.tables.imports import forget, import_files
from tikub_lab.tables.package import open_package, sha256_of
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
    def run(*paths, into="package", readers=(READER,), **options):
        return import_files(paths, tmp_path / into, readers, schemas=schemas, **options)

    return run


def table(folder: Path) -> dict[str, list]:
    """The columns of the only table of a package."""
    return pq.read_table(open_package(folder).resource(TABLE).path).to_pydict()


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
    found = pq.read_table(open_package(folder).resource(TABLE).path)
    assert found.to_pydict()["amount"] == [1.5, 2.0]
    assert [str(field.type) for field in found.schema] == ["string", "double", "date32[day]", "int64", "bool"]
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
    assert dict(zip(*list(table(tmp_path / "package").values())[:2], strict=True)) == {"x": 1, "y": 3}


def test_a_zip_gives_one_source_a_member(tmp_path, bring):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "things\nx,1\n")
        archive.writestr("sub/two.txt", "things\ny,2\nz,\n")
    found = bring(path)
    assert [(item.file, item.read) for item in found] == [("all.zip/one.csv", 1), ("all.zip/sub/two.txt", 2)]
    assert [item.unchanged for item in bring(path)] == [True, True]


def test_what_comes_beside_the_data_in_a_zip_leaves_a_line(tmp_path, bring):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("LICENCE", "Licence Ouverte")
        archive.writestr("one.csv", "things\nx,1\n")
        archive.writestr("notice.docx", b"PK\x03\x04 a text")
        archive.writestr("vide.txt", "")
        archive.writestr("doc/Lisez-moi.PDF", "%PDF")
    (found,) = bring(path)
    assert (found.file, found.kept, found.repairs_by_rule) == ("all.zip/one.csv", 1, {"file-left-out": 4})
    lines = pd.read_csv(tmp_path / "package" / "things" / "items.repairs.csv")["value"]
    names = {"all.zip/LICENCE", "all.zip/notice.docx", "all.zip/vide.txt", "all.zip/doc/Lisez-moi.PDF"}
    assert {*lines} == names


def test_a_zip_with_data_of_no_known_format_or_without_any_is_refused(tmp_path, bring):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "things\nx,1\n")
        archive.writestr("two.csv", "others\nx,1\n")
    with pytest.raises(UsageError, match=r"^all.zip/two.csv: no known format"):
        bring(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.md", "a text")
        archive.writestr("b.pdf", "%PDF")
    with pytest.raises(UsageError, match=r"all.zip: no data of a known format in it, only all.zip/a.md, all.zip/b.pdf"):
        bring(path)
    assert not (tmp_path / "package" / "datapackage.json").exists()


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, bring):
    path = things(tmp_path / "a.csv", "x,1")

    def grows(member):
        yield from read(member)
        things(path, "x,1", "y,2")

    with pytest.raises(UsageError, match=r"a.csv: changed while it was read. Nothing was imported"):
        bring(path, readers=[replace(READER, read=grows)])
    assert not (tmp_path / "package" / "datapackage.json").exists()


def test_a_table_of_rejects_only_is_an_empty_table(tmp_path, bring):
    (provenance,) = bring(things(tmp_path / "a.csv", "x,"))
    assert (provenance.read, provenance.kept, provenance.rejected) == (1, 0, 1)
    assert table(tmp_path / "package")["key"] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing known", "Known formats in CSV: things"),
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
        import_files(
            [path], tmp_path / "other", [replace(READER, recognises=lambda head: False)], schemas=tmp_path / "schemas"
        )


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ({"name": "other/table", "origin": "sample"}, "fictitious sample, which never stands beside real tables"),
        ({"name": TABLE, "origin": "import"}, "without their sources"),
    ],
)
def test_a_package_that_is_not_of_imports_is_left_alone(tmp_path, bring, resource, says):
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "datapackage.json").write_text(json.dumps({"resources": [resource]}))
    with pytest.raises(UsageError, match=f"{says}.*--into"):
        bring(things(tmp_path / "a.csv", "x,1"))
    assert set(contents(folder)) == {"datapackage.json"}


def test_a_package_of_an_earlier_version_is_read(tmp_path, schemas):
    folder = tmp_path / "old"
    shutil.copytree(schemas, folder / "schemas")
    (folder / "things").mkdir()
    frame = pd.DataFrame({"key": ["x"], "amount": [1.0], "day": [None], "count": [1], "fine": [True]})
    frame.to_parquet(folder / f"{TABLE}.parquet")
    path = folder / f"{TABLE}.parquet"
    resource = {"name": TABLE, "origin": "import", "path": f"{TABLE}.parquet", "schema": f"schemas/{TABLE}.json"}
    resource["hash"] = f"sha256:{sha256_of(path)}"
    (folder / "datapackage.json").write_text(json.dumps({"resources": [resource]}))
    before = contents(folder)
    assert open_package(folder).load(TABLE)["key"].tolist() == ["x"]
    assert contents(folder) == before


# The later import stays


def test_of_one_name_the_later_import_stays(tmp_path, bring):
    path = tmp_path / "a.csv"
    for amount in range(1, 8):
        (found,) = bring(things(path, f"x,{amount}", "y,0"))
        assert (found.sequence, found.kept, table(tmp_path / "package")["amount"]) == (amount, 2, [amount, 0])
    (found,) = bring(things(path, "x,1", "y,0"))  # back to the first
    assert (found.unchanged, found.sequence, table(tmp_path / "package")["amount"]) == (False, 8, [1, 0])
    assert bring(path)[0].unchanged


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_order_matters_only_among_files_of_one_name(tmp_path, bring, order):
    names = ("a.csv", "b.csv", "c.csv")
    paths = [things(tmp_path / name, f"x,{place}", f"{name},1") for place, name in enumerate(names)]
    for place in order:
        bring(paths[place])
    assert table(tmp_path / "package")["amount"] == [1, 1, 1, 2]  # of x, what c.csv says


def test_what_a_corrected_file_does_not_repeat_stays(tmp_path, bring):
    bring(things(tmp_path / "a.csv", "x,1", "y,2"))
    bring(things(tmp_path / "a.csv", "y,3"))
    assert table(tmp_path / "package")["amount"] == [1, 3]


def test_a_file_is_forgotten(tmp_path, bring, schemas):
    folder = tmp_path / "package"
    paths = [things(tmp_path / f"from {name}.csv", f"{name},1", "x,2") for name in "abc"]
    bring(*paths[:2])
    before = open_package(folder).resource(TABLE)
    bring(paths[2])
    (gone,) = forget("from c.csv", folder, [READER], schemas)
    after = open_package(folder).resource(TABLE)
    assert (gone.file, after.sha256, after.sources) == ("from c.csv", before.sha256, ("from a.csv", "from b.csv"))
    forget(sha256_of(paths[0])[:8], folder, [READER], schemas)
    assert table(folder)["key"] == ["b", "x"]
    assert not [name for name, (data, _) in contents(folder).items() if b"from a.csv" in data or b"from c.csv" in data]
    forget("from b.csv", folder, [READER], schemas)
    assert open_package(folder).resources == {}
    assert not [name for name in contents(folder) if name.startswith(("things", "schemas"))]
    assert bring(paths[0])[0].kept == 2


def test_what_is_to_be_forgotten_must_be_clear(tmp_path, bring, schemas):
    bring(things(tmp_path / "a.csv", "x,1"), things(tmp_path / "b.csv", "x,2"))
    bring(things(tmp_path / "a.csv", "x,3"))
    before = contents(tmp_path / "package")
    with pytest.raises(UsageError, match=r"2 files are 'a.csv'.*sha256: a.csv \([0-9a-f]{12}\), a.csv \("):
        forget("a.csv", tmp_path / "package", [READER], schemas)
    with pytest.raises(UsageError, match=r"no imported file is 'b.cs'. Did you mean 'b.csv'\?"):
        forget("b.cs", tmp_path / "package", [READER], schemas)
    assert contents(tmp_path / "package") == before
    with pytest.raises(UsageError, match="no data package"):
        forget("a.csv", tmp_path / "none", [READER], schemas)
    assert not (tmp_path / "none").exists()


def test_many_imports_stay_few_files(tmp_path, bring, schemas):
    folder = tmp_path / "package"
    for number in range(40):
        bring(things(tmp_path / f"{number:02d}.csv", f"{number:02d},1", "x,2", "lost-amount,"))
    parts = open_package(folder).raw["imported"]["parts"]
    assert all(len(paths) <= imports.MOST_PARTS for paths in parts.values())
    assert len(list((folder / ".sources").iterdir())) < 2 * (3 * imports.MOST_PARTS + 4)
    assert len(table(folder)["key"]) == 41
    sources = json.loads((folder / "things" / "items.provenance.json").read_text())["sources"]
    assert [(item["kept"], item["rejected"]) for item in sources] == 39 * [(1, 2)] + [(2, 1)]
    forget("39.csv", folder, [READER], schemas)
    sources = json.loads((folder / "things" / "items.provenance.json").read_text())["sources"]
    assert [(item["kept"], item["rejected"]) for item in sources] == 38 * [(1, 2)] + [(2, 1)]


# Checked before it is kept


def loose(*rows):
    """A reader that gives rows as they stand, one table: key, amount, day, count, fine."""

    def rows_of(path):
        frame = pd.DataFrame(rows, columns=["key", "amount", "day", "count", "fine"]).astype("str")
        frame = frame.mask(frame == "").assign(_line=range(2, len(rows) + 2), _rows=1)
        yield Batch(len(rows), {TABLE: frame})

    return replace(READER, read=rows_of)


def test_whatever_a_reader_gives_is_checked(tmp_path, schemas):
    reader = loose(("x", "1", "2024-05-01", "3", "true"), ("y", "many", "someday", "3", "maybe"), ("", "1", "", "", ""))
    path = things(tmp_path / "a.csv", "x")
    (found,) = import_files([path], tmp_path / "package", [reader], schemas=schemas)
    assert (found.read, found.kept, found.rejected) == (3, 2, 1)
    assert (found.rejects_by_rule, found.repairs_by_rule) == ({"required": 1}, {"type-error": 3})
    assert table(tmp_path / "package")["amount"] == [1, None]
    repairs = pd.read_csv(tmp_path / "package" / "things" / "items.repairs.csv", dtype="str")
    assert repairs[["line", "id", "field", "value"]].to_numpy().tolist() == [
        ["3", "y", "amount", "many"],
        ["3", "y", "day", "someday"],
        ["3", "y", "fine", "maybe"],
    ]


def test_what_no_reader_foresaw_is_one_line(tmp_path, schemas):
    def broken(path):
        raise RecursionError(f"too deep in {path}\nand more")
        yield

    path = things(tmp_path / "a.csv", "x")
    with pytest.raises(UsageError, match=r"^a.csv: not readable as things \(CSV\) \(RecursionError: too deep in a.csv"):
        import_files([path], tmp_path / "package", [replace(READER, read=broken)], schemas=schemas)
    assert not (tmp_path / "package").exists()


def test_no_cell_of_a_log_is_a_formula(tmp_path, bring):
    bring(things(tmp_path / "=a.csv", "=cmd|' /C calc'!A0,", "@x,", "-5,", "+1+1,", "x,"))
    rejects = pd.read_csv(tmp_path / "package" / "things" / "items.rejects.csv", dtype="str")
    assert rejects["file"].unique().tolist() == ["'=a.csv"]
    assert rejects["id"].tolist() == ["'=cmd|' /C calc'!A0", "'@x", "-5", "'+1+1", "x"]


def test_missing_partners_are_told_and_stay(tmp_path, schemas, bring):
    other = {**SCHEMA, "name": "things/others", "foreignKeys": [
        {"fields": ["key"], "reference": {"resource": TABLE, "fields": ["key"]}}
    ]}  # fmt: skip
    (schemas / "things" / "others.json").write_text(json.dumps(other))
    reader = replace(READER, name="others", tables=("things/others",), recognises=lambda head: b"others" in head.start)

    def read_others(path):
        for batch in read(path):
            yield replace(batch, tables={"things/others": batch.tables[TABLE]})

    readers = [replace(reader, read=read_others), READER]
    path = tmp_path / "o.csv"
    path.write_text("others\nx,1\ny,1\nz,1\n")
    told = tmp_path / "package" / "things" / "others.provenance.json"
    assert bring(path, readers=readers)[0].kept == 3
    (missing,) = json.loads(told.read_text())["missing_partners"]
    assert missing == {"table": "things/others", "fields": "key", "reference": TABLE, "rows": 3, "example": "x"}
    bring(things(tmp_path / "a.csv", "x,1", "y,1"), readers=readers)
    (missing,) = json.loads(told.read_text())["missing_partners"]
    assert (missing["rows"], missing["example"]) == (1, "z")
    forget("a.csv", tmp_path / "package", readers, schemas)
    assert json.loads(told.read_text())["missing_partners"][0]["rows"] == 3


def test_aliases_are_known_without_a_workbench(tmp_path, schemas, bring, monkeypatch):
    (schemas / f"{TABLE}.json").write_text(json.dumps({**SCHEMA, "aliases": ["old/items"]}))
    bring(things(tmp_path / "a.csv", "x,1"), table="old/items")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIKUB_HOME", raising=False)
    assert open_package(tmp_path / "package").load("old/items")["key"].tolist() == ["x"]


def test_memory_follows_the_machine():
    assert database.memory() >= database.LEAST
    with database.connect() as connection:
        (limit,) = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert limit.endswith(("MiB", "GiB"))


# Whole or not at all


def test_a_reader_of_the_old_descriptor_reads_on(tmp_path, bring):
    bring(things(tmp_path / "a.csv", "x,1"))
    old = open_package(tmp_path / "package")
    bring(things(tmp_path / "b.csv", "y,1"))
    assert old.load(TABLE)["key"].tolist() == ["x"]
    bring(things(tmp_path / "c.csv", "z,1"))
    with pytest.raises(UsageError, match="missing"):
        old.load(TABLE)


def test_two_imports_at_once(tmp_path, bring):
    folder = tmp_path / "package"
    folder.mkdir()
    with atomic.lock(folder):
        for _ in range(2):  # the first refused one leaves the lock
            with pytest.raises(UsageError, match="another import"):
                bring(things(tmp_path / "a.csv", "x,1"))
    assert bring(tmp_path / "a.csv")


CHILD = """
import os, pathlib, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_imports

stop, steps = int(sys.argv[5]), []

def counted(owner, name):
    does = getattr(owner, name)
    def step(*arguments, **options):
        steps.append(name)
        if len(steps) == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        return does(*arguments, **options)
    setattr(owner, name, step)

for owner, name in ((pathlib.Path, "replace"), (pathlib.Path, "unlink"), (os, "fsync"), (shutil, "rmtree")):
    counted(owner, name)
if sys.argv[6] == "forget":
    test_imports.forget(sys.argv[4], sys.argv[2], [test_imports.READER], Path(sys.argv[3]))
else:
    test_imports.import_files([sys.argv[4]], sys.argv[2], [test_imports.READER], schemas=Path(sys.argv[3]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process the POSIX way")
@pytest.mark.parametrize("every", [7, pytest.param(2, marks=pytest.mark.proof)])
@pytest.mark.parametrize("change", ["import", pytest.param("forget", marks=pytest.mark.ci)])
def test_a_killed_change_leaves_old_or_new_tables_whole(tmp_path, schemas, bring, change, every):
    """Killed before one in ``every`` of its steps that reach the disk, in turn."""
    first, second = things(tmp_path / "a.csv", "x,1"), things(tmp_path / "b.csv", "y,2")
    seen = set()
    for stop in range(1, 90, every):
        name = f"package{stop}"
        bring(first, into=name)
        if change == "forget":
            bring(second, into=name)
        folder = tmp_path / name
        what = "b.csv" if change == "forget" else str(second)
        arguments = [str(Path(__file__).parent), str(folder), str(schemas), what, str(stop), change]
        code = subprocess.run([sys.executable, "-c", CHILD, *arguments], check=False, stderr=subprocess.PIPE).returncode
        (resource,) = json.loads((folder / "datapackage.json").read_text())["resources"]
        data = (folder / resource["path"]).read_bytes()
        assert resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest(), stop
        assert len(open_package(folder).load(TABLE)) == len(resource["sources"]) == resource["rows"], stop
        seen.add(resource["rows"])
        if code == 0:
            break
        assert code == -signal.SIGKILL
        (again,) = bring(second, into=name)
        assert again.unchanged == (resource["rows"] == 2)
        sources = json.loads((folder / "things" / "items.provenance.json").read_text())["sources"]
        assert [item["file"] for item in sources] == ["a.csv", "b.csv"]
        assert {path.name for path in folder.iterdir()} == {
            ".lock", ".sources", "datapackage.json", "schemas", "things",
        }  # fmt: skip
    else:
        pytest.fail("the change has more steps than the test stops at")
    assert seen == {1, 2}


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_or_an_interrupt_changes_nothing(tmp_path, bring, monkeypatch, error):
    folder, does, steps = tmp_path / "package", Path.replace, []
    bring(things(tmp_path / "a.csv", "x,1"))
    before = contents(folder)
    raised = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else RunError

    def step(path, target):
        steps.append(target.name)
        if len(steps) == stop:
            raise error
        return does(path, target)

    monkeypatch.setattr(Path, "replace", step)
    for stop in range(1, 20):  # noqa: B007
        steps.clear()
        with pytest.raises(raised, match="No space left on device. Nothing" if raised is RunError else None):
            bring(things(tmp_path / "b.csv", "y,2"))
        if "datapackage.json" in steps[:-1]:
            break
        assert contents(folder) == before, steps
    assert table(folder)["key"] == ["x", "y"]  # stopped after the rename that counts: all there
    stop = 1
    steps.clear()
    with pytest.raises(raised):
        bring(tmp_path / "b.csv", into="new/package")
    assert not (tmp_path / "new").exists()


def test_heads_are_text_in_any_encoding(tmp_path):
    path = tmp_path / "a"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes("lycée".encode(encoding))
        assert Head.of(path).text == "lycée"


def test_a_table_is_the_same_bytes_whatever_the_row_groups_and_sources(tmp_path, bring, monkeypatch):
    monkeypatch.setattr(rebuild, "ROW_GROUP", 2048)  # the least that DuckDB takes
    rows = [f"{key * 7 % 10_000:04d},{key}" for key in range(10_000)]
    bring(things(tmp_path / "a.csv", *rows), into="one")
    bring(things(tmp_path / "b.csv", *rows[5_000:]), into="two")
    bring(things(tmp_path / "a.csv", *rows[:5_000]), into="two")
    one, other = (open_package(tmp_path / into).resource(TABLE).path for into in ("one", "two"))
    assert one.read_bytes() == other.read_bytes()
    assert pq.read_metadata(one).num_row_groups == 5
    assert pq.read_table(one).to_pydict()["key"] == [f"{key:04d}" for key in range(10_000)]


def test_a_full_disk_is_told_in_our_words(tmp_path):
    """DuckDB says it with JSON of its own behind."""
    said = 'IO Error: Async write failed for range [1]: {"exception_type":"IO","errno":"28"}'
    for text, why in (
        (said, "IO Error: Async write failed for range [1]"),
        (f"{said}: No space left on device", "full"),
    ):
        with pytest.raises(RunError) as told, rebuild.database(tmp_path / "a" / "spill"):
            raise duckdb.IOException(text)
        assert f"{why})" in str(told.value)
        assert "{" not in str(told.value)
