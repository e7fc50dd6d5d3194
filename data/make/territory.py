"""A fictitious portal's catalogue on two days, written in ``territory.csv``: neither scale nor seed changes it.

``age`` is the days since a dataset's last update on the second day; ``manque``, the criteria that it does not meet, is
the truth.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from data.make.energy import SEED
from data.make.sampling import Folder
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import read_schema

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
SOURCES = ({"title": "Inventé par tikub-lab, data/make/territory.py (données fictives)"},)
DAYS = (pd.Timestamp("2026-02-02"), pd.Timestamp("2026-05-15"))
PORTAL = "portail.exemple (fictif)"
LICENCES = ("https://www.etalab.gouv.fr/licence-ouverte-open-licence/", "http://opendatacommons.org/licenses/odbl/")
NEW, GONE = ("qualite-eau", "agenda"), ("annuaire",)
REWRITTEN = {  # what sheets lacked in the first state, and have been completed with since
    "budget": "licence", "lycees": "description", "langues": "frequence a_temps", "lignes-car": "spatiale",
}  # fmt: skip
LONG = (
    "Ce jeu fictif dit une chose par ligne, d'où elle vient, qui l'a relevée et ce qu'il ne faut pas en conclure : "
    "il ne décrit aucun lieu ni aucun service réel."
)


def sample(schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the table ``territory/datasets``, typed: 24 datasets on the first day, 25 on the second.

    Examples
    --------
    >>> sample()["territory/datasets"].groupby("releve").size().tolist()
    [24, 25]
    """
    listed = enumerate(datasets().values())
    rows = [_row(at, item, day) for at, item in listed for day in DAYS if there(item["jeu_id"], day)]
    schema = read_schema((schemas or workbench() / "data" / "schemas") / "territory" / "datasets.json")
    table = pd.DataFrame(rows).sort_values("releve", kind="stable").reindex(columns=list(schema.names))
    return {"territory/datasets": typed(table, schema)}


@cache
def datasets() -> dict[str, dict[str, str]]:
    """Read what was written, by identifier."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return {row["jeu_id"]: row for row in csv.DictReader(file)}


def lacks(name: str, day: pd.Timestamp) -> set[str]:
    """Return the criteria that a dataset does not meet on a day; on the first, what was completed since too."""
    return {*datasets()[name]["manque"].split()} | ({*REWRITTEN.get(name, "").split()} if day == DAYS[0] else set())


def there(name: str, day: pd.Timestamp) -> bool:
    return name not in (NEW if day == DAYS[0] else GONE)


def _row(at: int, item: dict[str, str], day: pd.Timestamp) -> dict[str, Any]:
    name, missing, age = item["jeu_id"], lacks(item["jeu_id"], day), int(item["age"])
    closed, none = "ouvert" in missing, {"ouvert", "disponible", "documente"} <= missing
    files = 0 if none else 1 if closed else 4
    updated = DAYS[1] - pd.Timedelta(days=age)
    return {
        "releve": day, "catalogue": PORTAL, "jeu_id": name, "titre": f"{item['titre']} (fictif)",
        "description": "Jeu fictif." if "description" in missing else LONG,
        "editeur": "Région Bretagne (fictif)", "adresse": f"https://portail.exemple/explore/dataset/{name}/",
        "themes": item["theme"], "mots_cles": item["mots_cles"],
        "licence": None if "licence" in missing else LICENCES[at % 5 == 0],
        "frequence": None if "frequence" in missing - {*item["manque"].split()} else item["frequence"] or None,
        "couverture_temporelle": None if "temporelle" in missing else "2020-01-01/2025-12-31",
        "couverture_spatiale": None if "spatiale" in missing else "Bretagne",
        "publie": pd.Timestamp("2020-01-15") + pd.Timedelta(days=37 * at),
        "modifie": updated if updated <= day else DAYS[0] - pd.Timedelta(days=age % 7),
        "ressources": files, "formats": None if none else "pdf" if closed else "csv | json | parquet | xlsx",
        "documentees": 0 if "documente" in missing else files,
        "indisponibles": int("disponible" in missing and files > 0),
    }  # fmt: skip


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write it as CSV under ``sample/territory/``; return the resource for ``datapackage.json``."""
    folder = Folder(into, CREATED, SOURCES)
    tables = sample(into / "schemas")
    return [folder.write(name, table, read_schema(into / "schemas" / f"{name}.json")) for name, table in tables.items()]
