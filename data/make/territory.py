"""A fictitious portal's catalogue on two days, and a fictitious territory with its trains: no scale or seed changes it.

``territory.csv`` is the catalogue: ``age`` is the days since a dataset's last update on the second day; ``manque``, the
criteria that it does not meet, is the truth. The territory has the real names and codes of the sample's communes;
intercommunalités, inhabitants and outlines are invented: an outline is what is nearest to the commune's point.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from data.make.energy import SEED
from data.make.mobility import timetables
from data.make.sampling import Folder, by_schema, streams
from tikub_lab.methods.distance import haversine
from tikub_lab.show import maps
from tikub_lab.tables import places
from tikub_lab.tables.identifiers import luhn_digit

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
SOURCES = ({"title": "Inventé par tikub-lab, data/make/territory.py (données fictives)"},)
DAYS = (pd.Timestamp("2026-02-02"), pd.Timestamp("2026-05-15"))
PORTAL = "portail.exemple (fictif)"
LICENCES = ("https://www.etalab.gouv.fr/licence-ouverte-open-licence/", "http://opendatacommons.org/licenses/odbl/")
SEATS = [
    "22050", "22070", "22113", "22136", "22278", "29019", "29151", "29232", "29233", "35115", "35236", "35238", "35288",
    "56121", "56178", "56260",
]  # fmt: skip
"""Communes after which the invented intercommunalités are named, each taking in what is nearest in its département."""
NEW, GONE = ("qualite-eau", "agenda"), ("annuaire",)
REWRITTEN = {  # what sheets lacked in the first state, and have been completed with since
    "budget": "licence", "lycees": "description", "langues": "frequence a_temps", "lignes-car": "spatiale",
}  # fmt: skip
LONG = (
    "Ce jeu fictif dit une chose par ligne, d'où elle vient, qui l'a relevée et ce qu'il ne faut pas en conclure : "
    "il ne décrit aucun lieu ni aucun service réel."
)


def sample(schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the tables, typed: 24 datasets on the first day, 25 on the second; 61 communes and the outlines.

    >>> sample()["territory/datasets"].groupby("releve").size().tolist()
    [24, 25]
    """
    listed = enumerate(datasets().values())
    rows = [_row(at, item, day) for at, item in listed for day in DAYS if there(item["jeu_id"], day)]
    made = {"datasets": pd.DataFrame(rows).sort_values("releve", kind="stable"), "communes": communes()}
    made["outlines"] = outlines(made["communes"])
    made |= timetables(made["communes"])
    return by_schema(made, "territory", schemas)


def communes() -> pd.DataFrame:
    """Place the Breton communes of the samples, with invented inhabitants near to a rough weight."""
    table = places.communes()
    table = table[table["region"] == places.BRITTANY].reset_index(drop=True)
    seats = table.set_index("code").loc[SEATS]
    east, north = ([table[axis].to_numpy()[:, None], seats[axis].to_numpy()] for axis in ("longitude", "latitude"))
    apart = table["departement"].to_numpy(object)[:, None] != seats["departement"].to_numpy(object)
    seat = np.where(apart, np.inf, haversine(east[0], north[0], east[1], north[1])).argmin(axis=1)
    stems = pd.Series(range(23_009_980, 23_009_980 + len(SEATS))).astype("str")  # no real SIREN begins so
    wobble, young = (stream.uniform(len(table)) for stream in streams(SEED, 2))
    people = np.round(table["poids"] * (900 + 200 * wobble))
    return table.rename(columns={"code": "code_commune"}).assign(
        code_epci=(stems + luhn_digit(stems)).to_numpy(object)[seat],
        nom_epci=[f"Pays de {name} (fictif)" for name in seats["nom"].to_numpy(object)[seat]],
        population=people,
        population_15_17=np.round(people * (0.03 + 0.015 * young)),
    )


def outlines(towns: pd.DataFrame) -> pd.DataFrame:
    """Draw what is nearest to each commune's point within the schematic outline of its département; join by EPCI."""
    rows = []
    for code, group in towns.groupby("departement"):
        land = shapely.union_all([shapely.Polygon(ring) for ring in maps.schematic()[str(code)]])
        points = shapely.points(group["longitude"], group["latitude"])
        cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=land))
        cells = [next(cell for cell in cells if cell.contains(point)).intersection(land) for point in points]
        cells = shapely.set_precision(cells, 0.001)
        rows += [("commune", *each) for each in zip(group["code_commune"], group["nom"], cells, strict=True)]
        for epci, name in group[["code_epci", "nom_epci"]].drop_duplicates().to_numpy():
            rows.append(("epci", epci, name, shapely.union_all(cells[(group["code_epci"] == epci).to_numpy()])))
        rows.append(("departement", code, maps.tiles()[str(code)][0], land))
    table = pd.DataFrame(rows, columns=["type", "territoire", "nom", "contour"])
    table["contour"] = [shapely.to_geojson(shapely.normalize(shape)) for shape in table["contour"]]
    return table.sort_values(["type", "territoire"], kind="stable")


@cache
def datasets() -> dict[str, dict[str, str]]:
    """Read the catalogue, by identifier."""
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
    return Folder(into, CREATED, SOURCES).write_all(sample(into / "schemas"))
