"""The package keeps to its size, and what counts it can fail."""

import tomllib

import pytest

from tests import budgets


def test_every_part_keeps_to_its_budget(root):
    wanted = tomllib.loads(budgets.FILE.read_text(encoding="utf-8"))
    found = budgets.counted(root)
    assert len(found["parts"]) >= 8
    assert budgets.problems(found, wanted, budgets.committed(root, "HEAD")) == []
    assert budgets.problems(found, wanted, budgets.committed(root, "HEAD~1")) == []
    for section in wanted.values():
        assert all(item["goal"] <= item["now"] for item in section.values())
    assert "all parts" in budgets.table(found, wanted)


@pytest.fixture
def small(tmp_path):
    package = tmp_path / "tikub_lab"
    (package / "tables").mkdir(parents=True)
    (tmp_path / "data" / "make").mkdir(parents=True)
    (package / "cli.py").write_text('"""Say."""\n\n\ndef a():\n    return 1\n', encoding="utf-8")
    (package / "tables" / "b.py").write_text("x = 1; y = 2\n\n", encoding="utf-8")
    (package / "tables" / "c.sql").write_text("select 1\n\n", encoding="utf-8")
    (tmp_path / "data" / "make" / "d.py").write_text("z = 1\n", encoding="utf-8")
    return budgets.counted(tmp_path)


def test_what_is_counted(small):
    assert small == {
        "parts": {"modules of the root": 3, "tables": 1},
        "outside": {"data/make": 1, ".js .j2 .css .sql": 1},
        "package": {"statements": 5, "mean_line": round((10 + 8 + 12 + 12) / 4, 1)},
    }


def test_what_is_above_or_rises_is_said(small):
    def wanted(tables, **more):
        item = {"now": 9, "goal": 1}
        return {
            "parts": {"modules of the root": item, "tables": {"now": tables, "goal": 0, **more}},
            "outside": {"data/make": item, ".js .j2 .css .sql": item},
            "package": {"statements": item, "mean_line": {"now": 12, "goal": 12}},
        }

    assert budgets.problems(small, wanted(1), wanted(1)) == []
    assert budgets.problems(small, wanted(1), wanted(2)) == []
    (said,) = budgets.problems(small, wanted(0))
    assert said.startswith("tables: 1, and 0 are allowed")
    (said,) = budgets.problems(small, wanted(2), wanted(1))
    assert said.startswith("tables: its budget rose from 1 to 2")
    assert budgets.problems(small, wanted(2, why="measured"), wanted(1)) == []
    without = wanted(1)
    del without["parts"]["tables"]
    (said,) = budgets.problems(small, without)
    assert said.startswith("tables has no budget")
