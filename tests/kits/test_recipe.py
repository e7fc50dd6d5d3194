"""Each use case's own words: every column that they name exists."""

import re

import pytest

from tests.conftest import ROOT
from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError
from tikub_lab.kits import documents
from tikub_lab.kits.recipe import available, known, path_of, read_recipe
from tikub_lab.tables.schema import read_schemas

WRITTEN = [name for name in USE_CASES if path_of(name).is_file()]


def test_kits_are_made_of_every_use_case_that_has_a_notebook():
    with_notebook = [name for name in USE_CASES if (ROOT / "notebooks" / f"{name}.ipynb").is_file()]
    assert available(ROOT) == [name for name in with_notebook if name in WRITTEN]
    assert "procurement" in available(ROOT)


@pytest.fixture(params=WRITTEN)
def recipe(request):
    schemas = read_schemas(ROOT / "data" / "schemas")
    return read_recipe(path_of(request.param), request.param, schemas)


def test_ideas_need_columns_that_exist(recipe):
    """The second way: look for each column in the header of the shipped table, not in its schema."""
    assert len(recipe.ideas) == 10
    assert len({item.title for item in recipe.ideas}) == 10
    for item in recipe.ideas:
        for column in item.columns:
            table, _, name = column.partition(".")
            header = (ROOT / "data" / "sample" / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
            assert name in header.split(","), f"{item.title}: {column}"


def test_ideas_say_what_a_kit_lacks(recipe):
    tables = sorted({column.partition(".")[0] for item in recipe.ideas for column in item.columns})
    whole, less = (
        documents.fill("idees.md.j2", recipe=recipe, names=names).decode("utf-8") for names in (tables, tables[1:])
    )
    assert "absente de ce kit" not in whole
    assert len(re.findall(r"^## \d+\. ", whole, flags=re.M)) == 10
    assert f"- `{tables[0]}` :" in less
    assert all(tables[0] in line for line in less.splitlines() if "(table absente de ce kit)" in line)


@pytest.fixture
def written(tmp_path):
    """Change the recipe of procurement, and read it."""

    def read(old, new):
        text = path_of("procurement").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "kit.toml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return read_recipe(path, "procurement", read_schemas(ROOT / "data" / "schemas"))

    return read


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("contracts.offresRecues", "contracts.offresRecue", "no column 'offresRecue'. Did you mean 'offresRecues'?"),
        ("procurement/contracts.offresRecues", "procurement/contract.x", "Did you mean 'procurement/contracts'?"),
        ('montant = "€ HT"', "", "what procurement/amendments.montant is counted in"),
        ('[tables."procurement/records"]', '[tables."procurement/record"]', "Did you mean 'procurement/records'?"),
        ('"acheteur_nom", "objet"', '"acheteur_non", "objet"', "tables needs 'procurement/contracts.acheteur_non'"),
        ("title =", "titel =", "'title' is missing"),
        ("[[ideas]]", "[[idea]]", "9 ideas; a kit has 10"),
        ("[units]", "[units", "not readable as TOML"),
        ("[first]", 'without = ["procurement/bids"]\n[first]', "needs procurement/bids.statut, whose table stays home"),
    ],
)
def test_a_broken_recipe_is_refused(written, old, new, says):
    with pytest.raises(UsageError) as caught:
        written(old, new)
    assert says in str(caught.value)


def test_an_unknown_use_case(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'procurement'"):
        known(ROOT, "procurment")
    with pytest.raises(UsageError, match=r"no procurement\.ipynb yet"):
        known(tmp_path, "procurement")
