"""Fan-out: which reports, with which values, under which names."""

from typing import ClassVar

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.reports import plan as planning
from tikub_lab.reports.notebooks import find
from tikub_lab.reports.plan import name_of

TABLE = pd.DataFrame({"uai": ["b2", "a1", None, "a1"], "departement": ["29", "35", "35", "35"]})


class FakePackage:
    resources: ClassVar = {"energy/sites": None}

    def named(self, name):
        return name

    def load(self, name):
        assert name == "energy/sites"
        return TABLE

    def values(self, name, column):
        return sorted(self.load(name)[column].dropna().unique())


@pytest.fixture
def folder(bench):
    rule = {"parameter": "uai", "table": "energy/sites", "column": "uai"}
    parameters = ("py:uai: str | None = None  # code\nannee: int = 2025  # année", ["parameters"])
    bench.write("energie", "# Énergie", parameters, metadata={"each": rule})
    bench.write("simple", "# Simple", parameters)
    bench.write("nu", "# Sans paramètre")
    return bench.home / "notebooks"


def plan(folder, names, given, **options):
    return planning.plan(folder, names, given, FakePackage(), **options)


def values(reports):
    return [report.parameters for report in reports]


def test_use_cases_without_any_table_are_left_out(folder, bench):
    bench.write("achats", "# Achats", metadata={"use_case": "procurement"})
    bench.write("energie_loi", "# Loi", metadata={"use_case": "energy"})
    assert planning.left_out(find(folder), FakePackage()) == ([], ["achats"])
    assert [report.notebook.name for report in plan(folder, [], {})] == ["energie", "energie_loi", "nu", "simple"]
    assert [report.notebook.name for report in plan(folder, ["achats"], {})] == ["achats"], "named, it is made"


def test_each_value_of_the_metadata(folder):
    assert values(plan(folder, ["energie"], {"annee": "2024"}, each="")) == [
        {"uai": "a1", "annee": 2024}, {"uai": "b2", "annee": 2024},
    ]  # fmt: skip


@pytest.mark.parametrize(("default", "taken"), [('"z9"', {"uai": "a1"}), ('"b2"', {}), ('""', {}), ("None", {})])
def test_a_page_of_one_item_takes_the_first_of_a_package_that_lacks_its_own(folder, bench, default, taken):
    rule = {"parameter": "uai", "table": "energy/sites", "column": "uai"}
    cell = (f"py:uai: str | None = {default}  # code", ["parameters"])
    bench.write("un", "# Un", cell, metadata={"each": rule})
    assert values(plan(folder, ["un"], {})) == [taken]
    assert values(plan(folder, ["un"], {"uai": "b2"})) == [{"uai": "b2"}]


def test_some_values(folder):
    reports = plan(folder, ["simple"], {}, each="uai=x, y,x")
    assert values(reports) == [{"uai": "x"}, {"uai": "y"}]
    assert [report.page for report in reports] == ["simple/uai-x.html", "simple/uai-y.html"]


def test_all_values_of_another_parameter(folder, bench):
    rules = [
        {"parameter": "uai", "table": "energy/sites", "column": "uai"},
        {"parameter": "zone", "table": "energy/sites", "column": "departement", "prefix": 1},
    ]
    parameters = ("py:uai: str | None = None\nzone: str | None = None", ["parameters"])
    bench.write("deux", "# Deux", parameters, metadata={"each": rules})
    assert values(plan(folder, ["deux"], {}, each="")) == [{"uai": "a1"}, {"uai": "b2"}]
    assert values(plan(folder, ["deux"], {}, each="uai=")) == [{"uai": "a1"}, {"uai": "b2"}]
    assert values(plan(folder, ["deux"], {}, each="zone=")) == [{"zone": "2"}, {"zone": "3"}]
    assert values(plan(folder, ["deux"], {}, each="zone=", where="uai == 'b2'")) == [{"zone": "2"}]


def test_values_of_enough_rows(folder, bench, monkeypatch):
    """Firms: what begins alike in numbers is one, other identifiers are whole; the most frequent comes first."""
    table = pd.DataFrame({"siret": ["111", "112", "211", "FR11", "FR11", "FR12", "311", "312", "313", None]})
    monkeypatch.setattr(FakePackage, "load", lambda self, name: table)
    rule = {"parameter": "firme", "table": "energy/sites", "column": "siret", "prefix": 1, "least": 2}
    bench.write("firme", "# Firme", ('py:firme: str = "9"  # SIREN', ["parameters"]), metadata={"each": rule})
    assert values(plan(folder, ["firme"], {}, each="firme=")) == [{"firme": name} for name in ("3", "1", "FR11")]
    assert values(plan(folder, ["firme"], {})) == [{"firme": "3"}], "instead of a default that is not there"
    assert values(plan(folder, ["firme"], {}, each="firme=", where="siret < '3'")) == [{"firme": "1"}]
    rare = rule | {"least": 9}
    bench.write("rare", "# Rare", ('py:firme: str = "9"  # SIREN', ["parameters"]), metadata={"each": rare})
    assert values(plan(folder, ["rare"], {})) == [{"firme": "3"}], "where none has so many, the first of all"
    assert values(plan(folder, ["firme"], {"firme": "2"})) == [{"firme": "2"}], "asked for by name, fewer do"


def test_odd_rules_of_the_metadata(folder, bench):
    parameters = ("py:uai: str | None = None", ["parameters"])
    bench.write("court", "# Court", parameters, metadata={"each": {"parameter": "uai", "table": "energy/sites"}})
    with pytest.raises(UsageError, match="lacks 'column'"):
        plan(folder, ["court"], {}, each="")
    rule = {"parameter": "uai", "table": "energy/sites", "column": "uai", "prefix": "2"}
    bench.write("faux", "# Faux", parameters, metadata={"each": rule})
    with pytest.raises(UsageError, match="odd prefix"):
        plan(folder, ["faux"], {}, each="")
    bench.write("rare", "# Rare", parameters, metadata={"each": rule | {"prefix": 1, "least": 1.5}})
    with pytest.raises(UsageError, match="odd least"):
        plan(folder, ["rare"], {}, each="")
    bench.write("vieux", "# Vieux", parameters, metadata={"each": rule | {"parameter": "uia", "prefix": 1}})
    with pytest.raises(UsageError, match=r"parameter 'uia', .* has not\. Did you mean 'uai'\?"):
        plan(folder, ["vieux"], {})


def test_where(folder):
    assert values(plan(folder, ["energie"], {}, each="", where="departement == '29'")) == [{"uai": "b2"}]


@pytest.mark.parametrize(
    ("names", "given", "each", "where", "says"),
    [
        (["simple"], {}, "", None, "the metadata names nothing to go through"),
        (["energie"], {"uai": "a1"}, "", None, "set by -p and by --each"),
        (["energie"], {}, "code=x", None, "no parameter 'code'"),
        (["energie"], {}, "annee=x", None, "annee='x' is not int"),
        (["energie"], {}, "annee=", None, "All values are known of: --each uai="),
        (["energie"], {}, "uai", None, "write --each uai=VALUE,VALUE, or --each uai= for all values"),
        (["energie"], {}, "uai=a1", "departement == '29'", "--where goes with all the values"),
        (["energie"], {}, None, "departement == '29'", "say --each too"),
        (["energie"], {}, "", "departement = 29", "columns: uai, departement"),
        (["energie"], {}, "", "department == '29'", "columns: uai, departement"),
        (["energie"], {}, "", "uai.__class__", "without '@' and '__'"),
        (["energie"], {}, "", "departement == '22'", "no value of energy/sites.uai is left"),
        (["simple", "nu"], {}, "", None, "simple, nu: the metadata names nothing to go through"),
        (["simple", "nu"], {}, "code=x", None, "No notebook has the parameter 'code'"),
        (["energie"], {"uai": "a2"}, None, None, "uai='a2': it is not in the column uai of energy/sites. Did you mean"),
        (["energie"], {"uai": "A1"}, None, None, "Did you mean 'a1'? Known: a1, b2."),
        (["energie"], {}, "uai=a1,b3", None, "uai='b3': it is not in the column uai of energy/sites"),
    ],
)
def test_wrong_use(folder, names, given, each, where, says):
    with pytest.raises(UsageError, match=r"[\s\S]*") as error:
        plan(folder, names, given, each=each, where=where)
    assert says in str(error.value)


def test_too_many(folder, monkeypatch):
    monkeypatch.setattr(planning, "MAX_REPORTS", 1)
    with pytest.raises(UsageError, match="at most 1 are made"):
        plan(folder, ["energie"], {}, each="")


VALUES = st.one_of(st.text(max_size=60), st.integers(), st.dates(), st.text("abAB12-. é", max_size=8))
NAMES = st.sampled_from(["uai", "annee", "a", "b"])


@given(st.dictionaries(NAMES, VALUES, min_size=1), st.dictionaries(NAMES, VALUES, min_size=1))
def test_names_never_collide(one, two):
    one = {name: str(value) for name, value in sorted(one.items())}
    two = {name: str(value) for name, value in sorted(two.items())}
    if one != two:
        assert name_of(one).lower() != name_of(two).lower()
    assert len(name_of(one)) <= 130
    assert not set(name_of(one)) & set('/\\:*?"<>| ')
