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
from data.make.procurement.parties import siret
from data.make.sampling import COMMUNES, Folder, Stream, by_schema, growth, invented, rows, spread, streams
from tikub_lab.tables.places import BRITTANY, communes

__all__ = ["CREATED", "DAY", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
"""When the shipped sample is said to be made: fixed, as nothing in it depends on the day."""
DAY = pd.Timestamp("2026-05-15")
"""The day of the second snapshot of councillors, on which truths hold."""
SNAPSHOTS = (pd.Timestamp("2025-11-15"), DAY)
YEARS = range(2020, 2026)
SOURCES = ({"title": "Tirage au sort par tikub-lab, data/make/bodies.py (données fictives)"}, COMMUNES)
REGION, REGION_ID = "Région Bretagne (fictif)", siret(np.array([14_000]), 0)[0]
SECTIONS = {"22": 16, "29": 23, "35": 28, "56": 16}
CASH = "aide en numéraire"


def sample(scale: float = 1.0, seed: int = SEED, schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables ``bodies/…``, typed: as many lycées as :func:`data.make.energy.sample` of that scale.

    >>> tables = sample(scale=0.01, seed=1)
    >>> len(tables["bodies/bodies"]), len(tables["bodies/councillors"])
    (32, 166)
    """
    of_bodies, _, of_seats, of_grants, of_filings = streams(seed + 1, 5)
    truths: list[tuple[str, str, int | None, str]] = []
    bodies = _bodies(scale, seed, of_bodies)
    councillors = _councillors(truths)
    seats, mandates = _seats(bodies, councillors, of_seats, truths)
    grants, planted = _grants(bodies, of_grants, truths)
    filings, notices = _filings(bodies, grants, planted, of_filings, truths)
    tables = {"bodies": bodies, "seats": seats, "mandates": mandates, "grants": grants, "filings": filings}
    tables |= {"notices": notices, "councillors": councillors, "agenda": _agenda(bodies, seats)}
    tables["truths"] = pd.DataFrame(truths, columns=["cas", "cle", "exercice", "attendu"]).astype({"exercice": "Int64"})
    return by_schema(tables, "bodies", schemas)


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write them as CSV under ``sample/bodies/``; return the resources for ``datapackage.json``."""
    return Folder(into, CREATED, SOURCES).write_all(sample(scale, seed, into / "schemas"))


def _read(name: str) -> pd.DataFrame:
    """Read a table of ``bodies_parts``: natures, domains, filings, planted cases."""
    return pd.read_csv(Path(__file__).with_name("bodies_parts") / f"{name}.csv")


def _bodies(scale: float, seed: int, stream: Stream) -> pd.DataFrame:
    """Draw bodies: natures in proportion, named after what they are (an association: after its policy) and a land."""
    count = max(20, round(185 * scale**0.5))
    natures, domains = _read("natures"), _read("domains")
    kind = rows(natures, np.sort(in_proportion(natures["count"].to_list(), count, stream)))
    domain = rows(domains, stream.below(len(domains), count))
    turns = domain["heads"].str.split("|")
    heads = kind["heads"].fillna(pd.Series([words[at % len(words)] for at, words in enumerate(turns)]))
    again = heads.groupby(heads).cumcount()
    lands, first = invented("Bretagne"), stream.below(40, 1)[0]
    land = lands[(first + 7 * again + heads.str.len()) % len(lands)]
    number = (" n° " + (again // 40 + 1).astype("str")).where(again >= 40, "")
    places = communes().query("region == @BRITTANY").reset_index(drop=True)
    home = rows(places, stream.pick(places["poids"].to_numpy(np.float64), count))
    siren = siret(np.arange(count) + 15_000, 0).str[:9]
    others = pd.DataFrame(
        {
            "organisme_id": siren,
            "nom": heads + " " + land + number + " (fictif)",
            "nature": kind["nature"],
            "siren": siren,
            "domaine": domain["domain"],
            "rna": pd.Series([f"W00{9_000_001 + n}" for n in range(count)]).where(kind["nature"] == "association"),
            **home[["nom", "code", "departement"]].set_axis(["ville", "code_commune", "departement"], axis=1),
        }
    )
    lycees = draw(scale, seed).sites
    schools = lycees[["code_uai", "ville", "code_commune", "departement"]].assign(
        organisme_id=lycees["code_uai"], nom=lycees["lib_etablissement"], nature="lycée", domaine="Formation"
    )
    table = pd.concat([schools, others], ignore_index=True)
    closed = table.index[table["nature"] == "association"][-2:]
    return table.assign(fin=pd.Series(pd.Timestamp("2025-10-31"), index=closed).reindex(table.index))


def _councillors(truths: list[Any]) -> pd.DataFrame:
    """Draw two snapshots of 83: between them three leave, whose followers come, and two names are written otherwise."""
    section = np.repeat([*SECTIONS], [*SECTIONS.values()])
    drawn = people(86)
    before: Any = drawn[:83].assign(releve=SNAPSHOTS[0], section=section, debut_mandat=pd.Timestamp("2021-07-02"))
    before["fonction"] = [f"{n + 1}ème Vice-président du conseil régional" if n < 14 else None for n in range(83)]
    before.loc[0, "fonction"] = "Président du conseil régional"
    before["debut_fonction"] = before["debut_mandat"].where(before["fonction"].notna())
    after: Any = before.assign(releve=SNAPSHOTS[1])
    for n, at in enumerate((20, 41, 62)):
        truths.append(("élu parti", _who(before.loc[at]), None, "parti"))
        after.loc[at, ["nom", "prenom"]] = drawn.loc[83 + n, ["nom", "prenom"]]
        after.loc[at, "debut_mandat"] = pd.Timestamp("2026-04-03")
        truths.append(("élu arrivé", _who(after.loc[at]), None, "arrivé"))
    for at, (old, new) in {30: ("(fictif)", "STERNE (fictif)"), 50: ("É", "E")}.items():
        if at == 50:
            before.loc[at, "nom"] = after.loc[at, "nom"] = "HÉRON (fictif)"
        truths.append(("nom écrit autrement", _who(before.loc[at]), None, "même personne"))
        after.loc[at, "nom"] = after.loc[at, "nom"].replace(old, new)
    return pd.concat([before, after], ignore_index=True).assign(region=BRITTANY)


def people(count: int, first: int = 0) -> pd.DataFrame:
    """Name people of whom no two have the same name and first name."""
    surnames, given = invented("surname"), GIVEN.split("|")
    at = (np.arange(count) + first) * 37 % (len(surnames) * len(given))
    return pd.DataFrame(
        {"nom": surnames[at % len(surnames)] + " (fictif)", "prenom": [given[n] for n in at // len(surnames)]}
    )


def _who(row: pd.Series) -> str:
    return f"{row['nom']} {row['prenom']}"


def _seats(bodies: pd.DataFrame, councillors: pd.DataFrame, stream: Stream, truths: list[Any]) -> Any:
    """Draw seats (two a lycée, one of them open to others), and who has held them since 2021."""
    school = (bodies["nature"] == "lycée").to_numpy()
    full = np.where(school, 2, 1 + stream.below(4, len(bodies)))
    body, rank = spread(full + np.where(school, 0, stream.below(2, len(bodies)) * full))
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
    outside = people(90, first=400)
    some = seats["exterieur"].to_numpy() & stream.flag(0.8, len(seats))
    load = growth(0.7 * stream.normal(len(elected)))  # a few carry much more than others
    at = np.where(some, stream.below(len(outside), len(seats)), stream.pick(load, len(seats)))
    both = pd.concat([elected[["nom", "prenom"]], outside], ignore_index=True)
    holder = rows(both, np.where(some, len(elected) + at, at))
    weeks = pd.Series(stream.below(12, len(seats)))
    begin: Any = pd.Timestamp("2021-07-09") + pd.to_timedelta(7 * weeks, unit="D")
    ends = begin + pd.to_timedelta(np.where(years > 0, 365 * years, 2_450), unit="D")
    held: Any = holder.assign(siege_id=seats["siege_id"], elu=~some, debut=begin, terme=ends)
    held["acte"], renewed = "21_DAJ_SA_07 (fictif)", years == 3
    first = held[renewed].assign(fin=ends[renewed], motif_fin="terme")
    held.loc[renewed, "debut"] += pd.Timedelta(days=3 * 365 + 1)
    held.loc[renewed, "terme"] += pd.Timedelta(days=3 * 365)
    held = held.assign(fin=pd.NaT, motif_fin=None).astype({"fin": "datetime64[s]"})
    change = stream.flag(0.06, len(seats)) & ~renewed  # someone resigned, another followed
    gone = held[change].assign(fin=pd.Timestamp("2023-09-30"), motif_fin="démission", elu=False)
    gone[["nom", "prenom"]] = outside.take(np.arange(len(gone)) % 90).to_numpy()
    held.loc[change, "debut"] = pd.Timestamp("2023-10-16")
    pick: Any = np.argsort(stream.uniform(len(seats)), kind="stable")
    vacant, late, double, soon = pick[:14], pick[14:18], pick[18:21], pick[21:27]
    held.loc[vacant[:9], ["fin", "motif_fin"]] = [pd.Timestamp("2026-01-31"), "démission"]
    held = held.drop(index=vacant[9:])  # five were never filled
    held.loc[late, "terme"], held.loc[soon, "terme"] = pd.Timestamp("2026-03-31"), pd.Timestamp("2026-09-30")
    twice = held.loc[double].assign(debut=pd.Timestamp("2025-02-10"), acte="25_DAJ_SA_02 (fictif)", elu=False)
    twice[["nom", "prenom"]] = outside.tail(len(twice)).to_numpy()
    planted = {"vacant": vacant, "terme dépassé": late, "occupé deux fois": double, "bientôt vacant": soon}
    truths += [(f"siège {name}", seats["siege_id"][at], None, name) for name in planted for at in sorted(planted[name])]
    mandates = pd.concat([first, gone, held, twice]).sort_values(["siege_id", "debut", "acte"], ignore_index=True)
    return seats, mandates.assign(mandat_id=[f"M{n + 1:04d}" for n in range(len(mandates))])


def _agenda(bodies: pd.DataFrame, seats: pd.DataFrame) -> pd.DataFrame:
    """Write the same points for two sessions, before and after the law of 22 December 2025."""
    points = _read("agenda")
    board = seats.loc[seats["fondement"] != "statuts", "organisme_id"].unique()
    first = bodies.groupby("nature")["organisme_id"].first()
    known = {f"lycée {n}": board[n % len(board)] for n in range(4)} | first.to_dict()
    known["nom du lycée 2"] = bodies.set_index("organisme_id").loc[known["lycée 2"], "nom"]
    rare = points["organisme"].isin(["SEM", "syndicat mixte"]) & ~points["organisme"].isin(first.index)
    points["organisme"] = points["organisme"].mask(rare, "association").replace(known)
    table = pd.concat([points.assign(seance=pd.Timestamp(day)) for day in ("2025-11-20", "2026-05-18")])
    return table.assign(point=(table.index + 1).astype(str))


def _grants(bodies: pd.DataFrame, stream: Stream, truths: list[Any]) -> Any:
    """Draw six years of grants; the bodies of planted obligations have one grant each, in the year that it is about."""
    private = bodies.index[(bodies["nature"] == "association") & bodies["fin"].isna()]
    cases = _read("planted").astype({"montant": float})
    cases = cases if len(private) >= len(cases) + 10 else cases.head(0)
    planted, new, ended = np.split(private[: len(cases) + 10], [len(cases), len(cases) + 5])
    cases = cases.assign(body=planted)
    means = _read("natures").set_index("nature")["grant"]
    drawn = []
    for year in YEARS:
        funded = np.where(bodies["nature"] == "lycée", 0.3, 0.8)
        has = stream.flag(funded, len(bodies)) & ~bodies.index.isin(planted)
        has |= bodies.index.isin(new if year == 2025 else []) | bodies.index.isin(ended if year == 2024 else [])
        has &= ~(bodies.index.isin(new) if year < 2025 else bodies.index.isin(ended) & (year == 2025))
        at = np.flatnonzero(has)
        at = np.sort(np.concatenate([at, at[stream.flag(0.45, len(at))]]))
        mean = bodies["nature"][at].map(means).fillna(9_000).to_numpy()
        amount = np.maximum(500, np.round(mean * growth(0.9 * stream.normal(len(at))) / 100) * 100)
        what = np.array(["Fonctionnement", "Projet", "Investissement", "Soutien"], dtype=object)
        kind = stream.pick([5, 3, 2, 1], len(at))
        day = pd.Timestamp(f"{year}-01-15") + pd.to_timedelta(stream.below(320, len(at)), unit="D")
        made = {"body": at, "exercice": year, "montant": amount, "objet": what[kind], "dateConvention": day}
        drawn.append(pd.DataFrame(made).assign(nature=np.where(stream.flag(0.03, len(at)), "aide en nature", CASH)))
    signed = pd.to_datetime(cases["exercice"].astype("str") + "-03-15")
    drawn.append(cases[["body", "exercice", "montant", "objet"]].assign(dateConvention=signed, nature=CASH))
    ids: Any = bodies["organisme_id"]
    truths += [(f"{case.obligation}, {case.verdict}", ids[case.body], case.exercice, case.verdict)
               for case in cases.itertuples()]  # fmt: skip
    truths += [("bénéficiaire nouveau", ids[at], 2025, "nouveau") for at in new]
    truths += [("bénéficiaire terminé", ids[at], 2025, "terminé") for at in ended]
    table = pd.concat(drawn, ignore_index=True).sort_values(["exercice", "dateConvention", "body"], ignore_index=True)
    whose = rows(bodies, table["body"])
    seat = siret(np.arange(len(bodies)) - 115 + 15_000, 0).take(table["body"].to_numpy())
    table["idBeneficiaire"] = seat.reset_index(drop=True).where(whose["siren"].notna())
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
    unknown = zip(table["referenceDecision"][lost], table["exercice"][lost], whose["organisme_id"][lost], strict=True)
    truths += [("subvention sans identifiant", *case) for case in unknown]
    text = table["exercice"].astype("str")
    return table.assign(
        nomAttribuant=REGION, idAttribuant=REGION_ID, programme=whose["domaine"], code_commune=whose["code_commune"],
        objet=table["objet"] + " " + text, conditionsVersement="unique", notificationUE="non", pourcentageSubvention=1,
        datesPeriodeVersement=table["dateConvention"].dt.strftime("%Y-%m-%d") + "/" + text + "-12-31",
    ), cases  # fmt: skip


def _filings(bodies: pd.DataFrame, grants: pd.DataFrame, cases: Any, stream: Stream, truths: list[Any]) -> Any:
    """Draw what bodies sent in, year by year, and what was published about them."""
    total = grants.groupby(["body", "exercice"])["montant"].sum().reset_index()
    total = total[~total["body"].isin(cases["body"])].reset_index(drop=True)
    nature = bodies["nature"].to_numpy()[total["body"]]
    income: Any = np.round(total["montant"] * (1.3 + 3 * stream.uniform(len(total))) / 1000) * 1000
    money = {"budget": income, "comptes annuels": income, "attestation de subventions": total["montant"] * 1.25}
    kept, wanted = [], _read("filings")
    piece: Any
    for piece in wanted.itertuples():
        owes = nature != "lycée" if pd.isna(piece.natures) else np.isin(nature, piece.natures.split("|"))
        owes &= total["exercice"].between(piece.first, piece.last) & (total["montant"] > piece.above)
        sent = total[owes & stream.flag(piece.share, len(total))]
        amount = money[piece.piece].reindex(sent.index) if piece.piece in money else np.nan
        kept.append(sent.assign(nature=piece.piece, montant=amount))
    told = cases.dropna(subset="piece")[["body", "exercice", "piece", "montant_piece"]]
    told = told.set_axis(["body", "exercice", "nature", "montant"], axis=1)
    kept.append(told[told["nature"] != "DCA"])
    table = pd.concat([sent for sent in kept if len(sent)]).sort_values(["body", "exercice"], ignore_index=True)
    late = ~table["nature"].isin(wanted.loc[wanted["next_year"] == 0, "piece"])
    day = pd.to_datetime({"year": table["exercice"] + late, "month": np.where(late, 4, 3), "day": 15})
    table = table.assign(organisme_id=bodies["organisme_id"].take(table["body"]).to_numpy(object), date=day)
    large = (nature == "association") & (total["exercice"] < 2025) & (total["montant"] > 153_000)
    large &= stream.flag(0.8, len(total))
    known = pd.concat([total[large], told[told["nature"] == "DCA"]])[["body", "exercice"]].to_numpy(int)
    listed: list[tuple[Any, ...]] = [
        (at, "DCA", "comptes", f"{year + 1}-07-21", f"{year}-12-31", "Comptes annuels") for at, year in known
    ]
    ends = bodies.index[bodies["fin"].notna()]
    listed += [(at, "JOAFE", "dissolution", "2025-11-11", None, "Dissolution") for at in ends]
    firms = bodies.index[bodies["nature"].isin(["SEM", "SPL", "société"])]
    listed += [(at, "BODACC", "comptes", "2025-08-02", "2024-12-31", "Comptes annuels et rapports") for at in firms[1:]]
    listed += [(at, "BODACC", "procédure collective", "2026-02-10", None, "Sauvegarde") for at in firms[:1]]
    renamed = bodies.index[(bodies["nature"] == "association") & bodies["fin"].isna()][-1]
    listed.append((renamed, "JOAFE", "modification", "2026-03-17", None, "Changement de titre"))
    truths.append(("changement de nom", bodies["organisme_id"][renamed], None, "changement de nom"))
    notices = pd.DataFrame(listed, columns=["body", "source", "famille", "parution", "cloture", "texte"])
    notices[["siren", "rna", "nom"]] = rows(bodies, notices["body"])[["siren", "rna", "nom"]]
    number = [f"{source[0]}2026F{n + 1:05d}" for n, source in enumerate(notices["source"])]
    notices.loc[notices.index[-1], "nouveau_nom"] = f"Union {notices['nom'].iloc[-1]}"
    stranger = {"source": "BODACC", "famille": "radiation", "parution": "2026-04-02", "texte": "Radiation",
                "siren": siret(np.array([13_990]), 0)[0][:9], "nom": "Atelier du Large (fictif)"}  # fmt: skip
    notices = pd.concat([notices, pd.DataFrame([stranger])], ignore_index=True)
    truths.append(("annonce d'un organisme inconnu", "B2026F99999", None, "à part"))
    return table, notices.assign(annonce_id=[*number, "B2026F99999"], avis="initial")
