"""Who is who on 100,000 fictitious rows against 100,000 fictitious bodies: ``python -m benchmarks linkage``.

Time and memory of our method beside those of a plain splink set-up (blocks by commune, Jaro-Winkler, expectation
maximisation) on the same tables, each in a process of its own; and what this generator lets anyone reach: the same with
20,000 reviewed rows. ``python -m benchmarks linkage real`` learns the default weights again and judges them on grants.
"""

import gzip
import io
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.bodies.published.grants import read_grants
from tikub_lab.methods import linkage
from tikub_lab.tables.identifiers import siret

SIZE, SEED = 100_000, 2026
TIME, MEMORY = 0.7, 1_000
KINDS = [
    "ASSOCIATION SPORTIVE", "AMICALE LAIQUE", "COMITE DES FETES", "CLUB NAUTIQUE", "CERCLE CELTIQUE", "FOYER RURAL",
    "UNION SPORTIVE", "ECOLE DE MUSIQUE", "COMPAGNIE", "CENTRE SOCIAL", "FEDERATION DEPARTEMENTALE",
    "SOCIETE DE CHASSE", "LES AMIS", "THEATRE", "ASSOCIATION DES PARENTS D'ELEVES", "BAGAD", "FESTIVAL",
    "MAISON DES JEUNES", "GROUPEMENT D'EMPLOYEURS", "HARMONIE MUNICIPALE",
]  # fmt: skip
SHORT = {"ASSOCIATION": "ASSO", "FEDERATION": "FED", "DEPARTEMENTALE": "DEP", "SAINT": "ST", "COMPAGNIE": "CIE",
         "CENTRE": "CTRE", "COMITE": "CTE"}  # fmt: skip
ONSETS = ["B", "BR", "C", "CL", "D", "F", "G", "GU", "J", "K", "L", "M", "N", "P", "PL", "QU", "R", "S", "T", "TR", "V"]
VOWELS = ["A", "E", "I", "O", "U", "AI", "OU"]
MIDDLES = ["C", "D", "L", "LL", "M", "N", "NT", "R", "RN", "RV", "S", "ST", "T"]
ENDINGS = ["EC", "EUR", "OUET", "IGNE", "AC", "IN", "ERNEL", "OUARN", "AN", "EVEN"]


def tables(size: int, seed: int = SEED) -> tuple[pd.DataFrame, pd.DataFrame, list[int]]:
    """Draw a registry and rows that name its bodies; the last list has the true position of each row's, -1 for none."""
    rng = random.Random(seed)
    made = [a + b + c + d for a in ONSETS for b in VOWELS for c in MIDDLES for d in ENDINGS]
    towns = [("SAINT " if rng.random() < 0.15 else "") + each for each in rng.sample(made, 1_200)]
    weights = [1 / (rank + 3) ** 0.7 for rank in range(len(towns))]
    proper = rng.sample(made, 15_000)

    def body() -> tuple[str, int]:
        town = rng.choices(range(len(towns)), weights)[0]
        theme = rng.choices(("", rng.choice(proper), f"{rng.choice(proper)} {rng.choice(proper)}"), (1, 5, 3))[0]
        parts = [rng.choice(KINDS), theme, f"DE {towns[town]}" if not theme or rng.random() < 0.4 else ""]
        return " ".join(filter(None, parts)), town

    drawn: dict[tuple[str, int], None] = {}
    while len(drawn) < size + int(0.15 * size):
        drawn[body()] = None
    bodies = list(drawn)[:size]
    there = rng.sample(range(size), int(0.85 * size))
    meant = [(*bodies[at], at) for at in there] + [(*each, -1) for each in list(drawn)[size:]]
    rng.shuffle(meant)
    registry = pd.DataFrame({"nom": [n for n, _ in bodies], "ville": [towns[t] for _, t in bodies]})
    registry["departement"] = [f"{t % 4 + 10}" for _, t in bodies]
    rows = pd.DataFrame({"nom": [_written(name, rng) for name, _, _ in meant]})
    shown = [rng.choices((town, None, rng.randrange(len(towns))), (85, 12, 3))[0] for _, town, _ in meant]
    rows["ville"] = pd.Series([None if t is None else towns[t] for t in shown], dtype="str")
    rows["departement"] = pd.Series([None if t is None else f"{t % 4 + 10}" for t in shown], dtype="str")
    return rows, registry, [at for _, _, at in meant]


def _written(name: str, rng: random.Random) -> str:
    """Write a name as files have it: identical in one of six, else abbreviated, cut, mistyped or in another order."""
    if rng.random() < 0.18:
        return name
    parts = name.split()
    if rng.random() < 0.4:
        parts = [SHORT.get(word, word) for word in parts]
    if len(parts) > 2 and rng.random() < 0.3:
        parts.pop(rng.randrange(len(parts)))
    if rng.random() < 0.1:
        rng.shuffle(parts)
    for _ in range(rng.choices((0, 1, 2), (45, 40, 15))[0]):
        parts = _mistyped(parts, rng)
    return " ".join(parts)


def _mistyped(parts: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(parts))
    place = rng.randrange(len(parts[at]))
    letter = rng.choice(("", rng.choice("AEIOURSTLN"), 2 * parts[at][place]))
    return [*parts[:at], parts[at][:place] + letter + parts[at][place + 1 :] or parts[at], *parts[at + 1 :]]


def score(right: np.ndarray, chance: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return F1 of links likelier than not, and shares of rows linked: at 99 % precision, at the usual threshold."""
    order = np.argsort(-chance, kind="stable")
    right, likely, sure = right[order], int((chance >= 0.5).sum()), int((chance >= linkage.PLAIN.sure).sum())
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    alone = np.flatnonzero(precision >= 0.99)
    there = (truth >= 0).sum()
    return {
        "precision": right[:likely].mean(),
        "recall": right[:likely].sum() / there,
        "f1": 2 * right[:likely].sum() / (likely + there),
        "sure": sure / len(truth),
        "sure_right": right[:sure].mean(),
        "alone": (alone[-1] + 1 if len(alone) else 0) / len(truth),
        "alone_of_present": right[: alone[-1] + 1].sum() / there if len(alone) else 0.0,
    }


def ours(size: int) -> dict[str, float]:
    """Candidates, measures, weights learnt from 500 reviewed rows, one-to-one; the ceiling from 20,000 is not timed."""
    rows, registry, truth = _drawn(size)
    start = time.perf_counter(), time.process_time()
    left, right = linkage.Names(rows), linkage.Names(registry)
    pairs = linkage.features(left, right, linkage.candidates(left, right))
    row = pairs["row"].to_numpy()
    pairs["juste"] = truth[row] == pairs["entry"]
    reviewed = np.random.default_rng(SEED).permutation(size)
    most = min(20_000, size // 2)
    rest = np.isin(np.arange(size), reviewed[most:])
    found = {"candidates": pairs["juste"].sum() / (truth >= 0).sum()}
    for name, count in (("ours", 500), ("ceiling", most)):
        model = linkage.learn(pairs.assign(connu=np.isin(row, reviewed[:count])))
        linked = linkage.one_to_one(pairs.assign(probabilite=model.chances(pairs)))
        if name == "ours":
            found |= _spent(*start)
        linked = linked[rest[linked["row"]]]
        values = (linked[column].to_numpy() for column in ("juste", "probabilite"))
        found |= {f"{name}_{key}": value for key, value in score(*values, truth[rest]).items()}
    return found


def splink(size: int) -> dict[str, float]:
    """Block by commune, compare by Jaro-Winkler and equality, train by expectation maximisation, best pair of each."""
    import logging

    import duckdb
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.CRITICAL)
    rows, registry, truth = _drawn(size)
    start = time.perf_counter(), time.process_time()
    connection = duckdb.connect()
    connection.execute("SET memory_limit = '2GB'; SET threads = 2")
    database = DuckDBAPI(connection)
    given = [
        database.register(table.rename_axis("unique_id").reset_index(), dataset_display_name=name)
        for name, table in (("a_rows", rows), ("b_registry", registry))
    ]
    compared = [
        compare.JaroWinklerAtThresholds("nom", [0.95, 0.9, 0.8]),
        compare.ExactMatch("ville"),
        compare.ExactMatch("departement"),
    ]
    settings = SettingsCreator(
        link_type="link_only", comparisons=compared, blocking_rules_to_generate_predictions=[block_on("ville")]
    )
    linker = Linker(given, settings)
    linker.training.estimate_probability_two_random_records_match([block_on("nom", "ville")], recall=0.3)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    for column in ("ville", "nom"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
    predicted = linker.inference.predict(threshold_match_probability=0.01).physical_name
    best = connection.sql(
        f"""SELECT unique_id_l, arg_max(unique_id_r, match_probability) AS entry, max(match_probability) AS chance
        FROM {predicted} GROUP BY unique_id_l"""
    ).df()
    found = _spent(*start)
    right = truth[best["unique_id_l"].to_numpy()] == best["entry"].to_numpy()
    return found | {f"splink_{key}": value for key, value in score(right, best["chance"].to_numpy(), truth).items()}


def _drawn(size: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    rows, registry, truth = tables(size)
    return rows, registry, np.array(truth)


def _spent(wall: float, cpu: float) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak}


# Real names: where the weights come from, and how well real grants are linked


def state_list(folder: Path) -> pd.DataFrame:
    """Read the associations that the State funded in 2012: « NAME - 49 ANGERS »."""
    text = gzip.decompress((folder / "linkage" / "plf2012_jaune_associations_siren.csv.gz").read_bytes()).decode(
        "cp1252"
    )
    table = pd.read_csv(io.StringIO(text), sep=";", dtype="str")
    table = table[table["Total des subventions"].notna() & table["ASSOCIATION"].notna()]
    parts = table["ASSOCIATION"].str.extract(r"^(.*) - (\d[\dAB]\d?)?\s*(.*)$")
    named = pd.DataFrame({"siren": table["SIREN"], "nom": parts[0].fillna(table["ASSOCIATION"])})
    named["departement"], named["ville"] = parts[1], parts[2]
    return named[named["nom"].str.len() > 1].reset_index(drop=True)


def hidden(folder: Path) -> pd.DataFrame:
    """Read who got grants in five real files, with a valid SIRET; the only place known is the funder's département."""
    grants = folder / "bodies" / "grants"
    found = []
    for path in sorted([*grants.glob("CD49*"), *grants.glob("DEP_*")]):
        batches = [batch.tables["bodies/grants"] for batch in read_grants(path) if batch.tables]
        table = pd.concat(batches)[["nomBeneficiaire", "idBeneficiaire", "idAttribuant"]].astype("str")
        number, funder = (table[name].str.replace(r"\D", "", regex=True).fillna("") for name in table.columns[1:])
        row = pd.DataFrame({"nom": table["nomBeneficiaire"], "siren": number.str[:9], "departement": funder.str[2:4]})
        found.append(row[siret(number)].assign(fichier=path.name.replace("DEP_", "")[:5]))
    return pd.concat(found).drop_duplicates(["fichier", "nom", "siren"]).reset_index(drop=True)


def altered(registry: pd.DataFrame, seed: int, size: int = 8_000) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Take half of a registry, and rows that name any of its bodies as grants do; -1 where it was taken out."""
    rng = random.Random(seed)
    kept = rng.sample(range(len(registry)), len(registry) // 2)
    position = {at: place for place, at in enumerate(kept)}
    towns, departments = ([*registry[name].dropna().unique()] for name in ("ville", "departement"))
    rows, truth = [], []
    for at in rng.sample(range(len(registry)), min(size, len(registry))):
        name, town, department = registry.loc[at, ["nom", "ville", "departement"]].fillna("")
        shown = rng.choices(("", town, rng.choice(towns)), (70, 28, 2))[0]
        there = rng.choices((department, "", rng.choice(departments)), (80, 10, 10))[0]
        rows.append((_renamed(name, town, rng), shown, there))
        truth.append(position.get(at, -1))
    named = pd.DataFrame(rows, columns=["nom", "ville", "departement"])
    return named, registry.iloc[kept].reset_index(drop=True), np.array(truth)


def _renamed(name: str, town: str, rng: random.Random) -> str:
    """Write a name as grants do: without or with « association », acronym, town; cut, shortened, mistyped, turned."""
    acronym, _, rest = name.partition(" - ")
    if rest and rng.random() < 0.6:
        name = rng.choice([rest, f"{rest} ({acronym})", acronym, f"{acronym} {rest}"])
    bare = re.sub(r"^(ASSOCIATION|ASS|ASSO)\s+(DES |DE |DU |LES |LA |LE )?", "", name)
    parts = (rng.choices((bare, f"ASSOCIATION {name}", name), (30, 14, 56))[0] or name).split()
    if len(parts) > 2 and rng.random() < 0.15:
        parts.pop(rng.randrange(len(parts)))
    if rng.random() < 0.15 and len(parts[at := rng.randrange(len(parts))]) > 6:
        parts[at] = parts[at][: rng.randint(3, 5)] + "."
    if rng.random() < 0.15:
        parts = _mistyped(parts, rng)
    if town and rng.random() < 0.15:
        parts += [*rng.choice([["DE"], []]), town]
    return " ".join(parts[1:] + parts[:1] if rng.random() < 0.08 else parts)


def real(_: int) -> dict[str, float]:
    """Learn the weights again, and count what is decided alone on rows of real grants whose SIRET is hidden."""
    folder = Path(os.environ.get("TIKUB_OPENDATA") or Path(__file__).resolve().parents[2] / "shared" / "opendata")
    registry = state_list(folder)
    rows, half, truth = altered(registry, 1)
    left, right = linkage.Names(rows), linkage.Names(half)
    pairs = linkage.features(left, right, linkage.candidates(left, right))
    pairs["juste"], pairs["connu"] = truth[pairs["row"]] == pairs["entry"], True
    learnt = linkage.learn(pairs)
    print(f"linkage: weights {learnt.intercept:.2f} {[round(weight, 2) for weight in learnt.weights]}")
    grants, once = hidden(folder), registry.drop_duplicates("siren")
    found = linkage.link(grants[["nom", "departement"]], once).table.join(grants[["siren", "fichier"]])
    found["present"] = found["siren"].isin(once["siren"])
    found["linked"], found["alone"] = found["etat"] == linkage.LINKED, found["etat"] != linkage.REVIEW
    found["right"] = np.where(found["linked"], found["candidat"] == found["siren"], found["alone"] & ~found["present"])
    columns = ["present", "linked", "alone", "right"]
    print(found.groupby("fichier")[columns].sum().assign(rows=found.groupby("fichier").size()).to_string())
    return {"alone": found["alone"].mean(), "precision": found["right"].sum() / found["alone"].sum()}


def main(arguments: list[str]) -> None:
    """Print times, memory and what each finds; fail where an aim is missed."""
    if arguments:
        found = {"ours": ours, "splink": splink, "real": real}[arguments[0]](int([*arguments, SIZE][1]))
        print(json.dumps({key: float(value) for key, value in found.items()}))
        return
    mine, theirs = (json.loads(_alone(name)) for name in ("ours", "splink"))
    ratio = mine["seconds"] / theirs["seconds"]
    for name, found in (("ours", mine), ("splink", theirs)):
        print(f"linkage: {SIZE:,} x {SIZE:,}, {name}: {found['seconds']:.0f} s, {found['peak']:,.0f} MB")
    print(f"linkage: {ratio:.2f} of splink's time (limit {TIME}); limit of memory {MEMORY:,} MB")
    for name, found in (("ours", mine), ("ceiling", mine), ("splink", theirs)):
        alone = f"{found[f'{name}_alone']:.1%} of rows linked at 99 % precision"
        sure = f"{found[f'{name}_sure']:.1%} at {linkage.PLAIN.sure}, {found[f'{name}_sure_right']:.2%} of them right"
        print(f"linkage: {name}: F1 {found[f'{name}_f1']:.3f}, {alone}; {sure}")
    if ratio > TIME or mine["peak"] > MEMORY:
        raise SystemExit("over the limit")


def _alone(name: str) -> str:
    """Run one in a process of its own, whose memory is counted."""
    command = [sys.executable, "-m", "benchmarks.bench_linkage", name, str(SIZE)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()[-1]


if __name__ == "__main__":
    main(sys.argv[1:])
