"""The parameters cell is a contract: names and types are checked before anything runs."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.reports.notebooks import Notebook
from tikub_lab.reports.parameters import check, declared
from tikub_lab.reports.translator import Translator, writable

SOURCE = """import json
from datetime import date
uai: str | None = None  # code UAI du lycée
annee: int = 2025  # dernière année
seuil: float = 0.5
detail: bool = False
jour: date = date(2026, 3, 1)  # jour de référence
mode: Literal["large", "serré"] = "large"
codes: list[str] = []
annees: list[int] | None = None
dossier: Path = Path("data")
jeton: Secret = ""
"""


def notebook(source=SOURCE):
    return Notebook("essai", Path("essai.ipynb"), "Essai", source, {})


def test_what_is_declared():
    found = declared(notebook())
    assert list(found) == ["uai", "annee", "seuil", "detail", "jour", "mode", "codes", "annees", "dossier", "jeton"]
    assert found["jour"].default == date(2026, 3, 1)
    assert found["uai"].help == "code UAI du lycée"
    assert found["jeton"].secret
    assert not found["uai"].secret


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("uai", "0350001A", "0350001A"),
        ("uai", "none", None),
        ("annee", "2024", 2024),
        ("seuil", "0,25", 0.25),
        ("detail", "oui", True),
        ("detail", "false", False),
        ("jour", "2026-11-22", date(2026, 11, 22)),
        ("mode", "serré", "serré"),
        ("codes", "a, b", ["a", "b"]),
        ("codes", '["a,b"]', ["a,b"]),
        ("annees", "2024,2025", [2024, 2025]),
        ("annees", "", None),
        ("dossier", "data/x", Path("data/x")),
    ],
)
def test_text_becomes_the_declared_type(name, text, value):
    assert check(notebook(), {name: text}) == {name: value}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("annee", "pas un entier", r"annee='pas un entier' is not int.*\(a whole number such as 2025"),
        ("annee", "2024.5", "is not int"),
        ("annee", True, "not a truth value"),
        ("detail", "peut-être", "true or false"),
        ("jour", "2026-13-01", "jour='2026-13-01' is not date"),
        ("mode", "moyen", "allowed: large, serré"),
        ("annees", "2024,x", r"annees='2024,x' is not .* \(a whole number such as 2025 or none\)\."),
        ("uai", 12, "a text"),
    ],
)
def test_a_wrong_type_is_refused(name, text, says):
    with pytest.raises(UsageError, match=says):
        check(notebook(), {name: text})


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999"])
def test_a_number_is_finite(text):
    with pytest.raises(UsageError, match=r"is not float \(a number such as 1\.5\)"):
        check(notebook("budget: float = 1.0"), {"budget": text})


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"no parameter 'anne'. Did you mean 'annee'\? Allowed: uai, annee"):
        check(notebook(), {"anne": "2024"})


def test_a_secret_is_not_in_the_error():
    with pytest.raises(UsageError) as error:
        check(notebook("jeton: Secret = ''"), {"jeton": 12345})
    assert "12345" not in str(error.value)


@pytest.mark.parametrize(
    "source", ["annee = 2025", "annee: int", "def f(): pass", "annee: int = (", "x: set[int] = None"]
)
def test_a_cell_that_is_no_contract_is_refused(source):
    with pytest.raises(UsageError, match=r"essai.ipynb, parameters cell"):
        declared(notebook(source))


@given(
    st.one_of(
        st.dates(), st.text(), st.integers(), st.floats(allow_nan=False), st.lists(st.text()), st.none(), st.booleans()
    )
)
def test_what_papermill_writes_is_the_value(value):
    stored = writable({"x": value})["x"]
    json.dumps(stored)
    written = Translator.translate(stored)
    assert eval(written) == value


def test_papermill_writes_paths_and_tuples():

    def translate(value):
        return Translator.translate(writable({"x": value})["x"])

    assert eval(translate(Path("a/b"))) == Path("a/b")
    assert eval(translate((1, "a"))) == [1, "a"]
