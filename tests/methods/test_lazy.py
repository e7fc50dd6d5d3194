"""Names of use cases: each is where its package says, imported only when it is used."""

import subprocess
import sys
from importlib import import_module
from types import FunctionType, ModuleType

import pytest

from tikub_lab import USE_CASES

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
