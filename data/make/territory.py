"""A fictitious portal's catalogue on two days: what its datasets lack is written beside each, and is the truth.

Nothing is drawn: neither scale nor seed changes it.
"""

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
DATASETS = (  # identifier, title, theme, keywords, frequency, days since the last update, criteria that are not met
    ("contrats-publics", "Contrats publics de la Région", "Finances", "DECP", "monthly", 15, ""),
    ("marches-en-cours", "Marchés publics en préparation", "Finances", "achat", "quarterly", 140, "temporelle a_temps"),
    ("subventions", "Subventions versées par la Région", "Finances", "SCDL", "weekly", 4, ""),
    ("budget", "Budget primitif de la Région", "Finances", "budget", "annual", 95, "temporelle"),
    ("deliberations", "Délibérations du conseil", "Institution", "SCDL", "monthly", 80, "temporelle a_temps"),
    ("lycees", "Lycées publics", "Éducation", "UAI", "annual", 250, "temporelle"),
    ("batiments", "Bâtiments des lycées", "Éducation", "patrimoine", "annual", 500, "temporelle a_temps description"),
    ("photovoltaique", "Toitures solaires des lycées", "Énergie", "solaire", "", 700,
     "temporelle spatiale frequence a_temps"),
    ("restauration", "Restauration des lycées, produits locaux", "Éducation", "cantine", "", 420,
     "licence temporelle frequence a_temps description"),
    ("formations", "Formations sanitaires et sociales", "Éducation", "formation", "annual", 310, "spatiale"),
    ("apprentissage", "Centres de formation d'apprentis", "Éducation", "CFA", "chaque rentrée", 240,
     "temporelle frequence a_temps"),
    ("patrimoine", "Inventaire du patrimoine", "Culture", "inventaire", "continuous", 2, "temporelle"),
    ("festivals", "Festivals aidés", "Culture", "festival", "", 900,
     "licence temporelle spatiale frequence a_temps description ouvert"),
    ("langues", "Signalétique bilingue", "Culture", "breton | gallo", "irregular", 1_300, "temporelle description"),
    ("gtfs", "Horaires des transports, GTFS", "Transports", "GTFS", "weekly", 3, "temporelle"),
    ("lignes-car", "Lignes régionales de car", "Transports", "car", "annual", 260, "temporelle"),
    ("arrets-train", "Gares et haltes régionales", "Transports", "TER", "annual", 400, "temporelle a_temps"),
    ("bornes", "Bornes de recharge", "Transports", "IRVE", "daily", 1, "temporelle"),
    ("ports", "Ports de la Région", "Mer", "port", "", 1_500,
     "temporelle frequence a_temps description ouvert disponible documente"),
    ("canaux", "Écluses et canaux", "Mer", "voie navigable", "annual", 340, "temporelle disponible"),
    ("recensement", "Recensement de la population", "Territoire", "INSEE", "annual", 320, ""),
    ("reserves", "Réserves naturelles régionales", "Environnement", "nature", "", 610, "temporelle frequence a_temps"),
    ("qualite-eau", "Qualité des eaux littorales", "Environnement", "eau", "monthly", 75, "a_temps spatiale"),
    ("projets-europeens", "Projets européens en Bretagne", "Économie", "FEDER", "biennial", 300, "spatiale documente"),
    ("agenda", "Agenda des réunions", "Institution", "agenda", "unknown", 30, "temporelle frequence a_temps"),
    ("annuaire", "Annuaire des services", "Institution", "annuaire", "", 800,
     "licence temporelle spatiale frequence a_temps description ouvert documente"),
)  # fmt: skip
NEW, GONE = ("qualite-eau", "agenda"), "annuaire"
REWRITTEN = {  # what the first state lacked: its sheet has been completed since, its data not
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
    first = [_row(item, DAYS[0]) for item in DATASETS if item[0] not in NEW]
    last = [_row(item, DAYS[1]) for item in DATASETS if item[0] != GONE]
    schema = read_schema((schemas or workbench() / "data" / "schemas") / "territory" / "datasets.json")
    table = pd.DataFrame(first + last).reindex(columns=list(schema.names))
    return {"territory/datasets": typed(table, schema)}


def lacks(name: str, day: pd.Timestamp) -> set[str]:
    """Return the criteria that a dataset does not meet on a day; of the first day, what was completed since too."""
    missing = {item[0]: {*item[6].split()} for item in DATASETS}[name]
    return missing | ({*REWRITTEN.get(name, "").split()} if day == DAYS[0] else set())


def _row(item: tuple[Any, ...], day: pd.Timestamp) -> dict[str, Any]:
    name, title, theme, words, frequency, age, _ = item
    missing, at = lacks(name, day), [item[0] for item in DATASETS].index(name)
    closed, none = "ouvert" in missing, {"ouvert", "disponible", "documente"} <= missing
    files = 0 if none else 1 if closed else 4
    updated = DAYS[1] - pd.Timedelta(days=age)
    return {
        "releve": day, "catalogue": PORTAL, "jeu_id": name, "titre": f"{title} (fictif)",
        "description": "Jeu fictif." if "description" in missing else LONG,
        "editeur": "Région Bretagne (fictif)", "adresse": f"https://portail.exemple/explore/dataset/{name}/",
        "themes": theme, "mots_cles": words,
        "licence": None if "licence" in missing else LICENCES[at % 5 == 0],
        "frequence": None if "frequence" in missing - {*item[6].split()} else frequency or None,
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
