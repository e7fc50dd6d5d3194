"""Names of use cases: each is where its package says, imported only when it is used."""

import inspect
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from types import FunctionType, ModuleType

import pandas as pd
import pytest

from tests.test_docstrings import public
from tikub_lab import USE_CASES, bodies, energy, procurement, tables
from tikub_lab.errors import UsageError
from tikub_lab.methods.lazy import doors

MORE_THAN = {"procurement": 20, "energy": 20, "staffing": 5, "bodies": 10, "datathon": 10, "territory": 18}
"""How many public names a use case has at least: none is lost unseen."""


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_name_is_there(use_case):
    package = import_module(f"tikub_lab.{use_case}")
    assert len(package.__all__) > MORE_THAN[use_case]
    assert dir(package) == package.__all__
    for name in package.__all__:
        value = getattr(package, name)
        if isinstance(value, ModuleType | FunctionType | type):  # and not a constant, such as a table of flags
            home = value.__name__ if isinstance(value, ModuleType) else value.__module__
            assert home.startswith(f"{package.__name__}."), name
    with pytest.raises(AttributeError, match="has no attribute 'nothing_of_the_kind'"):
        _ = package.nothing_of_the_kind


@pytest.mark.parametrize("use_case", USE_CASES)
def test_importing_a_use_case_imports_none_of_its_modules(use_case):
    code = f"import sys, tikub_lab.{use_case}; print([n for n in sys.modules if n.startswith('tikub_lab.{use_case}.')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


VALUES = {pd.DataFrame: pd.DataFrame({"colonne": [1, 2]}), str: "x", int: 1, float: 0.5}


def test_a_table_without_the_columns_of_a_method_is_one_line():
    said = {}
    for name, function in public().items():
        needed = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty]
        kinds = [each.annotation for each in needed if each.kind is not each.VAR_POSITIONAL]
        if pd.DataFrame in kinds and {*kinds} <= {*VALUES} and name.split(".")[0] in USE_CASES:
            try:
                function(*(VALUES[kind] for kind in kinds))
            except Exception as error:
                said[name] = error
    del said["energy.gestures.report_back"]  # which is given a table whose rows are columns
    assert len(said) > 110
    assert {name: error for name, error in said.items() if not isinstance(error, UsageError)} == {}


def test_the_line_names_method_table_columns_and_the_nearest():
    contracts = tables.load("procurement/contracts").rename(columns={"procedure": "procédure"})
    with pytest.raises(UsageError) as told:
        procurement.by_procedure(contracts)
    said = "procurement.by_procedure: contracts has no column procedure. Did you mean 'procédure'? Found: uid, "
    assert str(told.value).startswith(said)
    assert str(told.value).endswith(". help(procurement.by_procedure) says what it needs.")
    assert isinstance(told.value.__cause__, KeyError)  # which a traceback shows with its place
    texts = contracts.assign(dateNotification=contracts["dateNotification"].astype("str"))
    with pytest.raises(UsageError, match=r"^procurement.by_year: a column of days holds texts\. tables\.load gives"):
        procurement.by_year(texts)
    with pytest.raises(UsageError, match=r"^procurement.by_year: contracts is a table; found Series\. help\(proc"):
        procurement.by_year(contracts["montant"])
    needs = pd.DataFrame({"force": ["forte"], "uids": "a|b", "montant": 1.0, "acheteur_nom": "A", "faux_si": "B"})
    with pytest.raises(UsageError, match=r"^procurement.split_advice: needs has no column libelle\. Found: force, "):
        procurement.split_advice(needs.assign(titulaire_nom="C"))
    plan = pd.DataFrame({"uid": ["a"], "fin": pd.to_datetime(["2026-05-01"]), "a_lancer_avant": pd.NaT})
    with pytest.raises(UsageError, match=r"^procurement.as_ics: plan has no column objet\. Found: uid, fin, a_lancer"):
        procurement.as_ics(plan, "2026-01-01")
    mandates = tables.load("bodies/mandates")
    begun = mandates["debut"]
    for days, said in ((begun.astype("str"), "holds texts"), (begun.dt.tz_localize("UTC"), "has a time zone")):
        with pytest.raises(UsageError, match=f"^bodies.in_force: a column of days {said}"):
            bodies.in_force(mandates.assign(debut=days), "2026-05-15")
    data = replace(energy.load(), meters=pd.DataFrame({"energie": ["gaz"]}))
    with pytest.raises(UsageError, match=r"^energy.adjusted: meters has no column .* Found: energie\."):
        energy.adjusted(data)


def test_an_error_of_a_method_itself_stays_what_it_is():
    def counts(table):
        return table.groupby("a", as_index=False)["c"].sum() if "kind" in table else {}["a"]

    def rows(table):
        return pd.DataFrame({"other": [1]})["b"]

    module = ModuleType("tikub_lab.made_up")
    module.counts, module.rows, module.__all__ = counts, rows, ["counts", "rows"]
    sys.modules[module.__name__] = module
    try:
        doors(module.__name__)
    finally:
        del sys.modules[module.__name__]
    assert inspect.signature(module.counts) == inspect.signature(counts)
    with pytest.raises(UsageError, match=r"^made_up.counts: table has no column a"):
        module.counts(pd.DataFrame({"kind": [1]}))
    with pytest.raises(UsageError, match=r"^made_up.counts: table has no column c\. "):  # in pandas's other words
        module.counts(pd.DataFrame({"kind": [1], "a": [1]}))
    for method in (module.counts, module.rows):
        with pytest.raises(KeyError):
            method(pd.DataFrame({"a_table": [1]}))
