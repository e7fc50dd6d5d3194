"""Pages of one item (a lycée, a buyer): what it is called and where it is, by the table that the notebook names."""

import csv
from functools import cache
from importlib.resources import files
from pathlib import Path

from tikub_lab.reports.notebooks import each_rules
from tikub_lab.reports.run import Report
from tikub_lab.tables.package import open_package

COLUMNS = {
    "name": ("lib_etablissement", "nom", "acheteur_nom", "libelle"),
    "place": ("ville", "commune", "nom_commune"),
    "group": ("departement",),
    "also": ("siret",),
}
"""Columns that say what an item is called, where it is and how else it is identified: the first that the table has."""


def item_of(report: Report, home: Path) -> dict[str, str]:
    """Return what is known of the item that a report is about; nothing for a report on all of them."""
    package = open_package(report.data or home / "data")
    for parameter, rule in each_rules(report.notebook).items():
        value = report.parameters.get(parameter)
        if value is None or isinstance(value, list):
            continue
        item, table = {"name": str(value), "value": str(value)}, package.named(rule["table"])
        if table in package.resources and "prefix" not in rule:
            frame = package.load(table)
            rows = frame[frame[rule["column"]].astype(str) == str(value)]
            for said, columns in COLUMNS.items():
                column = next((column for column in columns if column in rows), None)
                texts = rows[column].unique() if column else []
                if len(texts) == 1 and isinstance(text := texts[0], str):  # a team has no lycée's name
                    item[said] = _departements().get(text, text) if said == "group" else text
        return item
    return {}


@cache
def _departements() -> dict[str, str]:
    text = files("tikub_lab.show").joinpath("tiles.csv").read_text(encoding="utf-8")
    return {row["code"]: row["nom"] for row in csv.DictReader(text.splitlines())}
