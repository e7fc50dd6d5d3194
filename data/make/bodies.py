"""The fictitious outside bodies: 115 lycée boards and 185 others, who sits there, what they get and what they owe.

All of it is invented but for the communes. What methods look for is planted, and ``bodies/truths`` says where: seats
that are vacant, held twice, or whose term is over; councillors who left between two snapshots, and some whose name is
only written otherwise; bodies that are new or no longer funded; grants without an identifier; and for each verdict on
obligations a body and a year. The day on which all that is so is :data:`DAY`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.energy import SEED
from data.make.energy.book import draw
from data.make.energy.sites import GIVEN, in_proportion
from data.make.procurement.parties import LANDS, siret
from data.make.sampling import Folder, Stream, growth, streams
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.places import BRITTANY, communes
from tikub_lab.tables.schema import read_schema

__all__ = ["CREATED", "DAY", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
"""When the shipped sample is said to be made: fixed, as nothing in it depends on the day."""
DAY = pd.Timestamp("2026-05-15")
"""The day of the second snapshot of councillors, on which truths hold."""
SNAPSHOTS = (pd.Timestamp("2025-11-15"), DAY)
YEARS = range(2020, 2026)
SOURCES = (
    {"title": "Tirage au sort par tikub-lab, data/make/bodies.py (données fictives)"},
    {"title": "INSEE, Code officiel géographique", "path": "https://www.insee.fr/fr/information/2560452"},
)
REGION, REGION_ID = "Région Bretagne (fictif)", siret(np.array([14_000]), 0)[0]
NATURES = {  # of how many in 185, the mean grant in a year (€), names
    "association": (118, 34_000, ""),
    "fondation": (4, 60_000, "Fondation"),
    "SEM": (8, 420_000, "Société d'économie mixte"),
    "SPL": (9, 380_000, "Société publique locale"),
    "société": (8, 90_000, "Société coopérative"),
    "GIP": (12, 210_000, "Groupement d'intérêt public"),
    "syndicat mixte": (14, 260_000, "Syndicat mixte"),
    "établissement public": (12, 300_000, "Établissement public"),
}
DOMAINS = {  # programmes are called as their policy; what associations of each are called
    "Culture": "Compagnie|Festival|École de musique|Scène",
    "Sport": "Ligue de voile|Club nautique|Comité sportif",
    "Langues de Bretagne": "Maison des langues|Cercle celtique",
    "Jeunesse et vie associative": "Centre social|Réseau des jeunes|Foyer rural",
    "Développement économique": "Pôle d'innovation|Agence de développement",
    "Mer": "Comité des pêches|Observatoire de la mer",
    "Environnement": "Conservatoire des landes|Bassin versant",
    "Formation": "Centre de formation|Mission locale",
    "Tourisme": "Office des rivages|Agence d'attractivité",
}
SURNAMES = (
    "AJONC|BRUYÈRE|GENÊT|EMBRUN|GOÉMON|GRANIT|LANDIER|TALUS|MARÉE|SUROÎT|NOROÎT|POMMIER|MENHIR|HERMINE|CORMORAN|STERNE|"
    "JUSANT|ALOUETTE|GALET|SAULNIER|ROCHER|GRÈVE|LICHEN|FOUGÈRE|BRUANT|COURLIS|BALISE|VOILIER|FALAISE|VARECH|CHENAL"
)
SECTIONS = {"22": 16, "29": 23, "35": 28, "56": 16}
CASH = "aide en numéraire"
AUDIT, REPORT, COMMITMENT = "commissaire aux comptes", "compte rendu financier", "engagement républicain"
PLANTED: tuple[tuple[Any, ...], ...] = (  # obligation, verdict, year, grant, its object, filings (with their amounts)
    ("convention", "respectée", 2024, 30_000, "Fonctionnement", {"convention": None}),
    ("convention", "non respectée", 2024, 30_000, "Fonctionnement", {}),
    ("convention", "non due", 2024, 23_000, "Fonctionnement", {}),
    (REPORT, "respectée", 2024, 12_000, "Projet", {"compte rendu financier": None}),
    (REPORT, "non respectée", 2024, 12_000, "Projet", {}),
    (REPORT, "non due", 2025, 12_000, "Projet", {}),
    (REPORT, "inconnue", 2024, 12_000, "Soutien", {}),
    (AUDIT, "respectée", 2024, 180_000, "Fonctionnement", {"rapport du commissaire aux comptes": None}),
    (AUDIT, "non respectée", 2024, 180_000, "Fonctionnement", {}),
    (AUDIT, "non due", 2024, 60_000, "Fonctionnement", {"attestation de subventions": 90_000}),
    (AUDIT, "inconnue", 2024, 60_000, "Fonctionnement", {}),
    ("publication des comptes", "respectée", 2024, 180_000, "Fonctionnement", {"DCA": None}),
    ("publication des comptes", "non respectée", 2024, 60_000, "Soutien", {"attestation de subventions": 200_000}),
    (COMMITMENT, "respectée", 2024, 5_000, "Fonctionnement", {"contrat d'engagement républicain": None}),
    (COMMITMENT, "non respectée", 2024, 5_000, "Fonctionnement", {}),
)


def sample(scale: float = 1.0, seed: int = SEED, schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables ``bodies/…``, typed: as many lycées as :func:`data.make.energy.sample` of that scale.

    Examples
    --------
    >>> tables = sample(scale=0.01, seed=1)
    >>> len(tables["bodies/bodies"]), len(tables["bodies/councillors"])
    (32, 166)
    """
    schemas = schemas or workbench() / "data" / "schemas"
    of_bodies, of_people, of_seats, of_grants, of_filings = streams(seed + 1, 5)
    truths: list[tuple[str, str, int | None, str]] = []
    bodies = _bodies(scale, seed, of_bodies)
    councillors = _councillors(of_people, truths)
    seats, mandates = _seats(bodies, councillors, of_seats, truths)
    grants, planted = _grants(bodies, of_grants, truths)
    filings, notices = _filings(bodies, grants, planted, of_filings, truths)
    tables = {"bodies": bodies, "seats": seats, "mandates": mandates, "grants": grants, "filings": filings}
    tables |= {"notices": notices, "councillors": councillors, "agenda": _agenda(bodies, seats)}
    tables["truths"] = pd.DataFrame(truths, columns=["cas", "cle", "exercice", "attendu"]).astype({"exercice": "Int64"})
    made = {}
    for name, table in tables.items():
        schema = read_schema(schemas / "bodies" / f"{name}.json")
        made[f"bodies/{name}"] = typed(table.reindex(columns=list(schema.names)), schema)
    return made


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write them as CSV under ``sample/bodies/``; return the resources for ``datapackage.json``."""
    folder, tables = Folder(into, CREATED, SOURCES), sample(scale, seed, into / "schemas")
    return [folder.write(name, table, read_schema(into / "schemas" / f"{name}.json")) for name, table in tables.items()]


def _bodies(scale: float, seed: int, stream: Stream) -> pd.DataFrame:
    lycees = draw(scale, seed).sites
    count = max(20, round(185 * scale**0.5))
    weights = [item[0] for item in NATURES.values()]
    nature = np.array([*NATURES], dtype=object)[np.sort(in_proportion(weights, count, stream))]
    domain = np.array([*DOMAINS], dtype=object)[stream.below(len(DOMAINS), count)]
    heads = [
        NATURES[kind][2] or _turn(DOMAINS[each], at) for at, (kind, each) in enumerate(zip(nature, domain, strict=True))
    ]
    again = pd.Series(heads).groupby(heads).cumcount().to_numpy()
    lands, first = LANDS[0].split("|"), stream.below(40, 1)[0]
    names = [
        f"{head} {lands[(first + 7 * n + len(head)) % len(lands)]}{f' n° {n // 40 + 1}' if n >= 40 else ''} (fictif)"
        for head, n in zip(heads, again, strict=True)
    ]
    places = communes().query("region == @BRITTANY").reset_index(drop=True)
    home = places.take(stream.pick(places["poids"].to_numpy(np.float64), count)).reset_index(drop=True)
    numbers = siret(np.arange(count) + 15_000, 0).str[:9]
    rna = "W00" + pd.Series(np.arange(count) + 9_000_001).astype("str").str[-7:].str.rjust(7, "0")
    others = pd.DataFrame(
        {
            "organisme_id": numbers, "nom": names, "nature": nature, "siren": numbers, "domaine": domain,
            "rna": rna.where(nature == "association"), "ville": home["nom"], "code_commune": home["code"],
            "departement": home["departement"],
        }
    )  # fmt: skip
    schools = lycees[["code_uai", "ville", "code_commune", "departement"]].assign(
        organisme_id=lycees["code_uai"], nom=lycees["lib_etablissement"], nature="lycée", domaine="Formation"
    )
    table = pd.concat([schools, others], ignore_index=True)
    closed = table.index[table["nature"] == "association"][-2:]
    table["fin"] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[s]")
    table.loc[closed, "fin"] = pd.Timestamp("2025-10-31")
    return table


def _turn(words: str, at: int) -> str:
    return words.split("|")[at % len(words.split("|"))]


def _councillors(stream: Stream, truths: list[Any]) -> pd.DataFrame:
    """Draw two snapshots of 83: between them three leave, whose followers come, and two names are written otherwise."""
    section = np.repeat([*SECTIONS], [*SECTIONS.values()])
    people = _people(86, stream)
    before: Any = people[:83].assign(releve=SNAPSHOTS[0], section=section, debut_mandat=pd.Timestamp("2021-07-02"))
    before["fonction"] = [f"{n + 1}ème Vice-président du conseil régional" if n < 14 else None for n in range(83)]
    before.loc[0, "fonction"] = "Président du conseil régional"
    before["debut_fonction"] = before["debut_mandat"].where(before["fonction"].notna())
    after: Any = before.assign(releve=SNAPSHOTS[1])
    for n, at in enumerate((20, 41, 62)):
        truths.append(("élu parti", _who(before.loc[at]), None, "parti"))
        after.loc[at, ["nom", "prenom"]] = people.loc[83 + n, ["nom", "prenom"]]
        after.loc[at, "debut_mandat"] = pd.Timestamp("2026-04-03")
        truths.append(("élu arrivé", _who(after.loc[at]), None, "arrivé"))
    for at, (old, new) in {30: ("(fictif)", "STERNE (fictif)"), 50: ("É", "E")}.items():
        if at == 50:
            before.loc[at, "nom"] = after.loc[at, "nom"] = "HÉRON (fictif)"
        truths.append(("nom écrit autrement", _who(before.loc[at]), None, "même personne"))
        after.loc[at, "nom"] = after.loc[at, "nom"].replace(old, new)
    return pd.concat([before, after], ignore_index=True).assign(region=BRITTANY)


def _people(count: int, stream: Stream, first: int = 0) -> pd.DataFrame:
    """Make people of whom no two have the same name and first name."""
    names, given = SURNAMES.split("|"), GIVEN.split("|")
    at = (np.arange(count) + first) * 37 % (len(names) * len(given))
    return pd.DataFrame(
        {"nom": [f"{names[n % len(names)]} (fictif)" for n in at], "prenom": [given[n // len(names)] for n in at]}
    )


def _who(row: pd.Series) -> str:
    return f"{row['nom']} {row['prenom']}"


def _seats(bodies: pd.DataFrame, councillors: pd.DataFrame, stream: Stream, truths: list[Any]) -> Any:
    """Draw seats (two a lycée, one of them open to others), and who has held them since 2021."""
    school = (bodies["nature"] == "lycée").to_numpy()
    full = np.where(school, 2, 1 + stream.below(4, len(bodies)))
    spare = np.where(school, 0, stream.below(2, len(bodies)) * full)
    body = np.repeat(np.arange(len(bodies)), full + spare)
    rank = np.arange(len(body)) - np.repeat(np.cumsum(full + spare) - full - spare, full + spare)
    titular, lycee = rank < full[body], school[body]
    years = np.where(lycee, 0, np.array([0, 0, 3, 6])[stream.below(4, len(bodies))][body])
    seats = pd.DataFrame(
        {
            "siege_id": [f"S{n + 1:04d}" for n in range(len(body))],
            "organisme_id": bodies["organisme_id"].to_numpy(object)[body],
            "instance": np.where(lycee | (body % 3 > 0), "conseil d'administration", "assemblée générale"),
            "rang": np.where(titular, rank, rank - full[body]) + 1,
            "role": np.where(titular, "titulaire", "suppléant"),
            "exterieur": (lycee & (rank == 1)) | (~lycee & (rank == 3)),
            "duree": pd.Series(years).astype("Int64").where(years > 0),
            "fondement": np.where(lycee, "code de l'éducation, art. R421-14", "statuts"),
        }
    )
    elected = councillors[councillors["releve"] == SNAPSHOTS[0]].reset_index(drop=True)
    outside = _people(90, stream, 400)
    some = seats["exterieur"].to_numpy() & stream.flag(0.8, len(seats))
    load = growth(0.7 * stream.normal(len(elected)))  # a few carry much more than others
    at = np.where(some, stream.below(len(outside), len(seats)), stream.pick(load, len(seats)))
    both = pd.concat([elected[["nom", "prenom"]], outside], ignore_index=True)
    holder = both.take(np.where(some, len(elected) + at, at)).reset_index(drop=True)
    begin: Any = pd.Timestamp("2021-07-09") + pd.to_timedelta(7 * stream.below(12, len(seats)), unit="D")
    begin = begin.to_series(index=seats.index)
    renewed = seats["duree"].fillna(0).to_numpy() == 3
    held: Any = holder.assign(siege_id=seats["siege_id"], elu=~some, debut=begin, acte="21_DAJ_SA_07 (fictif)")
    ends = begin + pd.to_timedelta(np.where(years == 6, 6 * 365, np.where(years == 3, 3 * 365, 2_450)), unit="D")
    held["terme"] = ends
    first = held[renewed].assign(fin=ends[renewed], motif_fin="terme")
    held.loc[renewed, "debut"] = ends[renewed] + pd.Timedelta(days=1)
    held.loc[renewed, "terme"] = ends[renewed] + pd.to_timedelta(3 * 365, unit="D")
    held["fin"], held["motif_fin"] = pd.Series(pd.NaT, index=held.index, dtype="datetime64[s]"), None
    change = stream.flag(0.06, len(seats)) & ~renewed  # someone resigned, another followed
    gone = held[change].assign(fin=pd.Timestamp("2023-09-30"), motif_fin="démission")
    gone[["nom", "prenom"]] = outside.take(np.arange(len(gone)) % 90).to_numpy()
    gone["elu"] = False
    held.loc[change, "debut"] = pd.Timestamp("2023-10-16")
    pick: Any = np.argsort(stream.uniform(len(seats)), kind="stable")
    vacant, late, double, soon = pick[:14], pick[14:18], pick[18:21], pick[21:27]
    held.loc[vacant[:9], ["fin", "motif_fin"]] = [pd.Timestamp("2026-01-31"), "démission"]
    held = held.drop(index=vacant[9:])  # five were never filled
    held.loc[late, "terme"], held.loc[soon, "terme"] = pd.Timestamp("2026-03-31"), pd.Timestamp("2026-09-30")
    twice = held.loc[double].assign(debut=pd.Timestamp("2025-02-10"), acte="25_DAJ_SA_02 (fictif)")
    twice[["nom", "prenom"]] = outside.tail(len(twice)).to_numpy()
    twice["elu"] = False
    for name, rows in {
        "vacant": vacant,
        "terme dépassé": late,
        "occupé deux fois": double,
        "bientôt vacant": soon,
    }.items():
        truths += [(f"siège {name}", seats["siege_id"][at], None, name) for at in sorted(rows)]
    mandates = pd.concat([first, gone, held, twice]).sort_values(["siege_id", "debut", "acte"], ignore_index=True)
    return seats, mandates.assign(mandat_id=[f"M{n + 1:04d}" for n in range(len(mandates))])


def _agenda(bodies: pd.DataFrame, seats: pd.DataFrame) -> pd.DataFrame:
    """Write the same points for two sessions, before and after the law of 22 December 2025."""
    names, first = bodies.set_index("organisme_id")["nom"], bodies.groupby("nature", sort=False)["organisme_id"].first()
    board = seats[seats["fondement"] != "statuts"]["organisme_id"].unique()
    points = (  # body, kind of decision, what it is about
        (board[0], "commande publique", "Marché de travaux du lycée"),
        (board[1 % len(board)], "subvention", "Subvention pour un projet"),
        (names[board[2 % len(board)]], "désignation ou rémunération", "Désignation au conseil d'administration"),
        (board[3 % len(board)], "dépense obligatoire", "Dotation de fonctionnement"),
        (first["association"], "subvention", "Subvention de fonctionnement"),
        (first.get("SEM", first["association"]), "garantie d'emprunt", "Garantie d'un emprunt"),
        (first.get("syndicat mixte", first["association"]), "commande publique", "Marché de services"),
        ("Comité des fêtes du Goéland (fictif)", "subvention", "Fête du port"),
        (None, "autre", "Vœu sur les transports"),
        (board[0], "échange de terrains", "Échange d'une parcelle"),
    )
    days = pd.to_datetime(["2025-11-20", "2026-05-18"]).repeat(len(points))
    table = pd.DataFrame(points * 2, columns=["organisme", "decision", "objet"])
    return table.assign(seance=days, point=[str(n % len(points) + 1) for n in range(len(table))])


def _grants(bodies: pd.DataFrame, stream: Stream, truths: list[Any]) -> Any:
    """Draw six years of grants; the bodies of planted obligations have one grant each, in the year that it is about."""
    private = bodies.index[(bodies["nature"] == "association") & bodies["fin"].isna()]
    planted = private[: len(PLANTED)] if len(private) >= len(PLANTED) + 10 else private[:0]
    new, ended = private[len(planted) :][:5], private[len(planted) :][5:10]
    rows = []
    for year in YEARS:
        funded = np.where(bodies["nature"] == "lycée", 0.3, 0.8)
        has = stream.flag(funded, len(bodies)) & ~bodies.index.isin(planted)
        has |= bodies.index.isin(new if year == 2025 else []) | bodies.index.isin(ended if year == 2024 else [])
        has &= ~(bodies.index.isin(new) if year < 2025 else bodies.index.isin(ended) & (year == 2025))
        at = np.flatnonzero(has)
        at = np.sort(np.concatenate([at, at[stream.flag(0.45, len(at))]]))
        mean = np.array([NATURES.get(kind, (0, 9_000))[1] for kind in bodies["nature"].to_numpy()[at]])
        amount = np.maximum(500, np.round(mean * growth(0.9 * stream.normal(len(at))) / 100) * 100)
        what = np.array(["Fonctionnement", "Projet", "Investissement", "Soutien"], dtype=object)
        kind = stream.pick([5, 3, 2, 1], len(at))
        day = pd.Timestamp(f"{year}-01-15") + pd.to_timedelta(stream.below(320, len(at)), unit="D")
        drawn = {"body": at, "exercice": year, "montant": amount, "objet": what[kind], "dateConvention": day}
        rows.append(pd.DataFrame(drawn).assign(nature=np.where(stream.flag(0.03, len(at)), "aide en nature", CASH)))
    for body, (duty, verdict, its_year, given, aim, _) in zip(planted, PLANTED, strict=False):
        row = {"body": body, "exercice": its_year, "montant": float(given), "objet": aim, "nature": CASH}
        rows.append(pd.DataFrame([row | {"dateConvention": pd.Timestamp(f"{its_year}-03-15")}]))
        truths.append((f"{duty}, {verdict}", bodies["organisme_id"][body], its_year, verdict))
    truths += [("bénéficiaire nouveau", bodies["organisme_id"][at], 2025, "nouveau") for at in new]
    truths += [("bénéficiaire terminé", bodies["organisme_id"][at], 2025, "terminé") for at in ended]
    table = pd.concat(rows, ignore_index=True).sort_values(["exercice", "dateConvention", "body"], ignore_index=True)
    whose = bodies.take(table["body"].to_numpy()).reset_index(drop=True)
    number = whose["siren"].fillna("")
    seat = pd.Series(siret(np.arange(len(bodies)) - 115 + 15_000, 0)).take(table["body"].to_numpy())
    table["idBeneficiaire"] = seat.to_numpy(object)
    table["idBeneficiaire"] = table["idBeneficiaire"].where(number != "")
    table["sirenBeneficiaire"] = whose["siren"]
    table["rnaBeneficiaire"] = whose["rna"].where(stream.flag(0.5, len(table)))
    table["nomBeneficiaire"] = whose["nom"]
    table["referenceDecision"] = [f"{y % 100}_{n + 1:04d}" for n, y in enumerate(table["exercice"])]
    lost = stream.flag(0.02, len(table)) & (whose["nature"] == "association") & ~table["body"].isin([*planted, *new])
    lost &= ~table["body"].isin(ended)
    table.loc[lost, ["idBeneficiaire", "sirenBeneficiaire", "rnaBeneficiaire"]] = None
    table.loc[lost, "nomBeneficiaire"] = table["nomBeneficiaire"][lost].str.upper()
    short, acronym = table.index[lost][1::4], table.index[lost][6:7]  # for a person to decide; beyond any comparison
    names = table["nomBeneficiaire"].str.removesuffix(" (FICTIF)")
    table.loc[short, "nomBeneficiaire"] = names[short].str.replace(r" D\S* \S+$", "", regex=True) + " (FICTIF)"
    table.loc[acronym, "nomBeneficiaire"] = names[acronym].str.replace(r"(\w)\w*\W*", r"\1", regex=True) + " (FICTIF)"
    cases = zip(table["referenceDecision"][lost], table["exercice"][lost], whose["organisme_id"][lost], strict=True)
    truths += [("subvention sans identifiant", *case) for case in cases]
    text = table["exercice"].astype("str")
    return table.assign(
        nomAttribuant=REGION, idAttribuant=REGION_ID, programme=whose["domaine"], code_commune=whose["code_commune"],
        objet=table["objet"] + " " + text, conditionsVersement="unique", notificationUE="non", pourcentageSubvention=1,
        datesPeriodeVersement=table["dateConvention"].dt.strftime("%Y-%m-%d") + "/" + text + "-12-31",
    ), planted  # fmt: skip


def _filings(bodies: pd.DataFrame, grants: pd.DataFrame, planted: Any, stream: Stream, truths: list[Any]) -> Any:
    """Draw what bodies sent in, year by year, and what was published about them."""
    total = grants.groupby(["body", "exercice"])["montant"].sum().reset_index()
    total = total[~total["body"].isin(planted)].reset_index(drop=True)
    nature = bodies["nature"].to_numpy()[total["body"]]
    income = np.round(total["montant"] * (1.3 + 3 * stream.uniform(len(total))) / 1000) * 1000
    kept, closed = [], total["exercice"] < 2025
    wanted: dict[str, Any] = {  # filing: whose, from how much, how often
        "convention": (nature != "lycée", 23_000, 0.93), "budget": (nature != "lycée", 0, 0.7),
        "comptes annuels": ((nature != "lycée") & closed, 0, 0.85),
        "compte rendu financier": ((nature == "association") & closed, 0, 0.8),
        "contrat d'engagement républicain": ((nature == "association") & (total["exercice"] > 2021), 0, 0.9),
        "rapport du commissaire aux comptes": ((nature == "association") & closed, 153_000, 0.9),
        "attestation de subventions": ((nature == "association") & closed, 23_000, 0.6),
        "trois plus hautes rémunérations": ((nature == "association") & closed, 50_000, 0.8),
        "rapport des mandataires": (np.isin(nature, ["SEM", "SPL"]) & closed, 0, 0.8),
        "bilan certifié": ((nature != "lycée") & closed, 75_000, 0.85),
        "publication des données": (nature != "lycée", 23_000, 0.9),
    }  # fmt: skip
    for name, (whose, least, often) in wanted.items():
        rows = total[whose & (total["montant"] > least).to_numpy() & stream.flag(often, len(total))]
        money: Any = {
            "budget": income,
            "comptes annuels": income,
            "attestation de subventions": total["montant"] * 1.25,
        }
        kept.append(rows.assign(nature=name, montant=money[name].reindex(rows.index) if name in money else np.nan))
    for body, (_, _, year, _, _, filings) in zip(planted, PLANTED, strict=False):
        sent = {name: amount for name, amount in filings.items() if name != "DCA"}
        kept += [pd.DataFrame([{"body": body, "exercice": year, "nature": n, "montant": a}]) for n, a in sent.items()]
    table = pd.concat([rows for rows in kept if len(rows)], ignore_index=True).sort_values(["body", "exercice"])
    table = table.reset_index(drop=True)
    at_once = ["convention", "budget", "contrat d'engagement républicain", "publication des données"]
    late = ~table["nature"].isin(at_once)
    day = pd.to_datetime({"year": table["exercice"] + late, "month": np.where(late, 4, 3), "day": 15})
    table = table.assign(organisme_id=bodies["organisme_id"].take(table["body"]).to_numpy(object), date=day)
    large = total[(nature == "association") & closed & (total["montant"] > 153_000) & stream.flag(0.8, len(total))]
    known = [(int(row.body), int(row.exercice)) for row in large.itertuples()]
    known += [(at, case[2]) for at, case in zip(planted, PLANTED, strict=False) if "DCA" in case[5]]
    rows = [(at, "DCA", "comptes", f"{year + 1}-07-21", f"{year}-12-31", "Comptes annuels") for at, year in known]
    ends = bodies.index[bodies["fin"].notna()]
    rows += [(at, "JOAFE", "dissolution", "2025-11-11", None, "Dissolution") for at in ends]
    firms = bodies.index[bodies["nature"].isin(["SEM", "SPL", "société"])]
    rows += [(at, "BODACC", "comptes", "2025-08-02", "2024-12-31", "Comptes annuels et rapports") for at in firms[1:]]
    rows += [(at, "BODACC", "procédure collective", "2026-02-10", None, "Sauvegarde") for at in firms[:1]]
    renamed = bodies.index[(bodies["nature"] == "association") & bodies["fin"].isna()][-1]
    rows.append((renamed, "JOAFE", "modification", "2026-03-17", None, "Changement de titre"))
    truths.append(("changement de nom", bodies["organisme_id"][renamed], None, "changement de nom"))
    notices = pd.DataFrame(rows, columns=["body", "source", "famille", "parution", "cloture", "texte"])
    whose = bodies.take(notices["body"].to_numpy()).reset_index(drop=True)
    notices[["siren", "rna", "nom"]] = whose[["siren", "rna", "nom"]]
    number = [f"{source[0]}2026F{n + 1:05d}" for n, source in enumerate(notices["source"])]
    notices.loc[notices.index[-1], "nouveau_nom"] = f"Union {notices['nom'].iloc[-1]}"
    stranger = {"source": "BODACC", "famille": "radiation", "parution": "2026-04-02", "texte": "Radiation",
                "siren": siret(np.array([13_990]), 0)[0][:9], "nom": "Atelier du Large (fictif)"}  # fmt: skip
    notices = pd.concat([notices, pd.DataFrame([stranger])], ignore_index=True)
    truths.append(("annonce d'un organisme inconnu", "B2026F99999", None, "à part"))
    return table, notices.assign(annonce_id=[*number, "B2026F99999"], avis="initial")
