"""What a notebook may call says how: numpydoc, with an example that runs. Everything else may do with its name."""

import inspect
import re
from importlib import import_module
from types import ModuleType

from tikub_lab import USE_CASES

WITHOUT_EXAMPLE = {
    "show.data_used",
    "tables.open_package",
    "tables.used",
    "tables.workbench",
    "procurement.bought_apart",
    "procurement.by_division",
    "procurement.by_procedure",
    "procurement.by_year",
    "procurement.evidence",
    "procurement.largest_moves",
    "procurement.largest_suppliers",
    "procurement.split_advice",
    "procurement.supplier_places",
    "procurement.to_green",
    "procurement.weak_competition",
    "energy.portfolio",
    "energy.alerts.survey",
    "energy.alerts.totals",
    "energy.challenge.by_month",
    "energy.challenge.challenge",
    "energy.challenge.position",
    "energy.gestures.gestures",
    "energy.gestures.measures",
    "energy.gestures.three",
    "energy.performance.outstanding",
    "energy.performance.standing",
    "energy.planning.compare",
    "energy.planning.sensitivity",
}
"""Written before this test, and to be shortened or taken out: none may be added."""

WITHOUT_PARAMETERS = {
    "procurement.largest_changes",
    "procurement.largest_suppliers",
}
"""Three arguments or more, and no section that says what they are: likewise."""


def public():
    """Functions that notebooks may call, by the name under which they do."""
    found = {}
    for part in ("show", "tables", *USE_CASES):
        waiting = [(part, import_module(f"tikub_lab.{part}"))]
        for name, module in waiting:
            for item in module.__all__:
                value = getattr(module, item)
                if isinstance(value, ModuleType) and hasattr(value, "__all__"):
                    waiting.append((f"{name}.{item}", value))
                elif inspect.isfunction(value):
                    found[f"{name}.{item}"] = value
    return found


def section(doc, title):
    """A section of a numpydoc docstring; None where there is none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n---|\Z)", doc, flags=re.M | re.S)
    return found[1] if found else None


def arguments(function):
    return [name.lstrip("*") for name in inspect.signature(function).parameters]


def test_each_has_a_summary_and_names_its_parameters():
    found = public()
    assert len(found) > 150
    lacking = set()
    for name, function in found.items():
        doc = inspect.getdoc(function) or ""
        assert doc.split("\n\n")[0].strip().endswith((".", ":")), f"{name} has no sentence that says what it does"
        listed = section(doc, "Parameters")
        if listed is None:
            lacking |= {name} if len(arguments(function)) > 2 else set()
            continue
        said = {part.strip().lstrip("*") for line in re.findall(r"^(\S.*)$", listed, flags=re.M)
                for part in line.split(" : ")[0].split(",")}  # fmt: skip
        assert set(arguments(function)) == said, f"{name}: its docstring lists {sorted(said)}"
    assert lacking == WITHOUT_PARAMETERS


def test_each_has_an_example():
    found = public()
    examples = {name: section(inspect.getdoc(function) or "", "Examples") for name, function in found.items()}
    assert {name for name, text in examples.items() if ">>>" not in (text or "")} == WITHOUT_EXAMPLE
