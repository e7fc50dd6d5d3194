"""The fictitious Datathon: valid, reproducible, nobody's."""

import pandas as pd
import pytest

from data.make.datathon import sample
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema

TABLES = ("applications", "members", "jurors", "ties", "schedule", "readings", "scores", "checks", "planted")


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_valid(root, datathon_tables, name):
    schema, table = read_schema(root / "data" / "schemas" / "datathon" / f"{name}.json"), datathon_tables[name]
    assert check(table, schema).empty
    assert foreign_keys(table, schema, {f"datathon/{other}": datathon_tables[other] for other in TABLES}).empty


def test_the_shipped_files_are_drawn_again(root, datathon_tables):
    again = sample()
    for name in TABLES:
        pd.testing.assert_frame_equal(open_package(root / "data").load(f"datathon/{name}"), datathon_tables[name])
        pd.testing.assert_frame_equal(again[f"datathon/{name}"], datathon_tables[name])


def test_names_say_that_they_are_fictitious(datathon_tables):
    for name, columns in {"applications": ["equipe", "projet"], "members": ["nom", "organisation"],
                          "jurors": ["nom", "organisation"]}.items():  # fmt: skip
        for column in columns:
            assert datathon_tables[name][column].dropna().str.contains("(fictif)", regex=False).all()
