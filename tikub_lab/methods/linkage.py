"""Who is who: rows that name a body, linked to a registry by identifier, else by name and place.

Both tables have ``nom``, and where known ``siret``, ``siren``, ``rna``, ``code_commune`` or ``ville``, ``departement``.
A valid identifier that the registry has decides alone. Else the candidates of a row are the names that share most rare
character trigrams with its own, in its commune, in its département and everywhere; a logistic model weighs how alike
they are. A row has at most one true candidate, so that the odds of its candidates compete: two bodies of one name
share them, and a person decides. What she decides is kept, applied, and learnt from.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array, diags_array

from tikub_lab.errors import UsageError
from tikub_lab.methods.names import Names, places, words
from tikub_lab.methods.review import KEY, REVIEWED
from tikub_lab.tables import identifiers, require

Table = pd.DataFrame
Floats = NDArray[np.float64]
LINKED, REVIEW, ABSENT = STATES = ("lié", "à revoir", "absent")
FEATURES = (
    "cosine", "ratio", "sorted_words", "common_words", "equal", "of_row", "of_registry", "information", "numbers",
    "acronym", "place_named", "same_place", "other_place", "same_department", "other_department",
)  # fmt: skip
BUDGET = 8_000
"""The rarest trigrams of a name, which so many names of the registry have, find candidates outside its commune."""
FLOOR, GOOD, SAME = 0.15, 0.8, 0.98
"""Cosines: a candidate is at least so near; one so near in its commune, or in its département, is enough."""


# Candidates


def trigrams(texts: Iterable[str]) -> csr_array:
    """Say which character trigrams texts of capitals, digits and spaces have: a row a text."""
    data = np.frombuffer("".join(f"\n {text} " for text in texts).encode("ascii"), np.uint8)
    code = np.zeros(128, np.int32)
    code[[32, *range(48, 58), *range(65, 91)]] = np.arange(1, 38)
    x, row = code[data], np.cumsum(data == 10, dtype=np.int32)
    inside = (x[:-2] > 0) & (x[1:-1] > 0) & (x[2:] > 0)
    at = row[:-2][inside] - 1, ((x[:-2] * 38 + x[1:-1]) * 38 + x[2:])[inside]
    found = csr_array((np.ones(len(at[0]), np.float32), at), shape=(row.max(initial=0), 38**3))
    found.data[:] = 1
    return found


def _weighted(left: csr_array, right: csr_array) -> tuple[csr_array, csr_array]:
    """Weigh by rarity in the registry, and give each row the length 1."""
    count = np.asarray(right.sum(axis=0)).ravel()
    idf = np.log((1 + right.shape[0]) / (0.5 + count)).astype(np.float32)

    def unit(matrix: csr_array) -> csr_array:
        matrix = csr_array(matrix @ diags_array(idf))
        norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return csr_array(diags_array((1 / np.maximum(norm, 1e-9)).astype(np.float32)) @ matrix)

    return unit(left), unit(right)


def _sorted(matrix: csr_array) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Give row, column and value, the largest of each row first, and its rank from 0."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, row))
    return row, matrix.indices[order], matrix.data[order], np.arange(len(row)) - matrix.indptr[row]


def _rarest(matrix: csr_array, count: NDArray) -> csr_array:
    """Keep of each row the two rarest columns, and further ones as far as the budget goes."""
    row, column, value, rank = _sorted(matrix)
    spent = np.cumsum(count[column])
    keep = (spent - np.concatenate([[0], spent])[matrix.indptr[row]] <= BUDGET) | (rank < 2)
    return csr_array((value[keep], (row[keep], column[keep])), shape=matrix.shape)


def _nearest(left: csr_array, right: csr_array, limit: int) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Give the rows of ``right`` that are nearest to each of ``left``, by pieces that take some 50 MB."""
    across, step = csr_array(right.T), max(1, 4_000_000 // right.shape[0])
    for start in range(0, left.shape[0], step):
        found = left[start : start + step] @ across
        found.data[found.data < FLOOR] = 0
        found.eliminate_zeros()
        row, column, value, rank = _sorted(found)
        yield row[rank < limit] + start, column[rank < limit], value[rank < limit]


def candidates(rows: Names, registry: Names, limit: int = 5) -> Table:
    """Find the names of a registry that are near to each row's: ``row``, ``entry`` (positions) and ``cosine``."""
    left, right = _weighted(trigrams(rows.core), trigrams(registry.core))
    rare = _rarest(left, np.diff(csr_array(right.T).indptr))
    best, found = np.zeros(rows.size, np.float32), [np.empty((0, 2), np.int64)]
    where = places(rows, registry)
    everywhere = ["*"] * rows.size, ["*"] * registry.size
    for keys, enough in ((where["place"], 2.0), (where["department"], GOOD), (everywhere, SAME)):
        mine, theirs = (pd.Series(each, dtype="str") for each in keys)
        sought = np.flatnonzero((best < enough) & (mine != "").to_numpy())
        blocks = theirs.groupby(theirs, sort=False).indices
        for key, group in (at := mine.iloc[sought]).groupby(at, sort=False).indices.items():
            if (inside := blocks.get(key)) is not None:
                outside = sought[group]
                for row, entry, value in _nearest((left if enough > 1 else rare)[outside], right[inside], limit):
                    found.append(np.column_stack([outside[row], inside[entry]]))
                    np.maximum.at(best, outside[row], value)
    pairs = pd.DataFrame(np.concatenate(found), columns=["row", "entry"]).drop_duplicates(ignore_index=True)
    parts = [pairs.iloc[at : at + 200_000].to_numpy().T for at in range(0, len(pairs), 200_000)]
    cosine = [left[row].multiply(right[entry]).sum(axis=1) for row, entry in parts]
    return pairs.assign(cosine=np.concatenate([np.empty(0), *cosine]))


def features(rows: Names, registry: Names, pairs: Table) -> Table:
    """Measure how alike the two of each pair are: :data:`FEATURES`, 0 to 1 (information: to 2), -1 against."""
    try:
        from rapidfuzz import fuzz, process
    except ImportError:
        raise UsageError("Linking by name needs the extra: pip install 'tikub-lab[linkage]'.") from None
    row, entry = pairs["row"].tolist(), pairs["entry"].tolist()
    where, towns = places(rows, registry), {*registry.town} - {""}
    x, y = where["department"]
    (mine, mine_town), (theirs, theirs_town) = _sets(rows), _sets(registry)
    count = Counter(word for each in theirs for word in each)
    rarity = {word: math.log((1 + registry.size) / (0.5 + count[word])) for word in {*count}.union(*mine)}

    def weight(words: Iterable[str]) -> float:
        return sum(rarity[word] for word in words)

    def each(measure: Callable[[int, int], float]) -> Floats:
        return np.fromiter(map(measure, row, entry), float, len(row))

    def alike(left: list[str], right: list[str], scorer: Callable[..., float]) -> Floats:
        return process.cpdist([left[i] for i in row], [right[j] for j in entry], scorer=scorer) / 100

    def named(i: int, j: int) -> float:  # the name of a commune is the commune's
        town = registry.town[j]
        return -1 if rows.full[i] in towns else town != "" and f" {town} " in f" {rows.full[i]} "

    found = {
        "ratio": alike(rows.full, registry.full, fuzz.ratio),
        "sorted_words": alike(rows.core, registry.core, fuzz.token_sort_ratio),
        "common_words": alike(rows.core, registry.core, fuzz.token_set_ratio),
        "equal": each(lambda i, j: rows.core[i] == registry.core[j]),
        "of_row": each(lambda i, j: weight(mine[i] & theirs_town[j]) / (weight(mine[i]) or 1)),
        "of_registry": each(lambda i, j: weight(theirs[j] & mine_town[i]) / (weight(theirs[j]) or 1)),
        "information": each(lambda i, j: min(weight(mine[i] & theirs[j]) / 20, 2)),
        "numbers": each(lambda i, j: _numbers(rows.core[i], registry.core[j], {x[i], y[j]})),
        "acronym": each(lambda i, j: rows.initials[i] in registry.words[j] or registry.initials[j] in rows.words[i]),
        "place_named": each(named),
    }
    for name, (left, right) in where.items():
        p, q = np.array(left, "object")[pairs["row"]], np.array(right, "object")[pairs["entry"]]
        found |= {f"same_{name}": (p == q) & (p != ""), f"other_{name}": (p != q) & (p != "") & (q != "")}
    return pairs.assign(**{name: values.astype(float) for name, values in found.items()})


def _sets(names: Names) -> tuple[list[set[str]], list[set[str]]]:
    """Return the words of each name, and these with the words of its town."""
    found = [{*core.split()} for core in names.core]
    return found, [{*each, *town.split()} for each, town in zip(found, names.town, strict=True)]


def _numbers(a: str, b: str, departments: set[str]) -> int:
    x, y = ({*re.findall(r"\d+", each)} - departments for each in (a, b))
    return 0 if not x and not y else 1 if x == y else -1


# Scores


@dataclass(frozen=True)
class Model:
    """Weights of :data:`FEATURES`, and the probabilities from which a row is decided without a person.

    A candidate as likely as ``sure`` is linked; a row whose candidates together are less likely than ``absent`` is in
    no registry. The weights were learnt on altered names of 17,485 associations that the State funded in 2012, half of
    them taken out of the registry, the two probabilities on grants of a département: see benchmarks.
    """

    intercept: float = -17.37
    weights: tuple[float, ...] = (
        7.62, 2.79, 1.01, 9.01, 0.99, 1.37, -3.27, 0.88, 0.94, 0.33, 2.43, 1.35, -1.95, 1.86, -1.75,
    )  # fmt: skip
    sure: float = 0.9
    absent: float = 0.08

    def chances(self, pairs: Table) -> Floats:
        """Return how likely each candidate of a row is the one that is meant."""
        return compete(pairs["row"].to_numpy(), self.intercept + pairs[[*FEATURES]].to_numpy() @ np.array(self.weights))


PLAIN = Model()


def compete(row: NDArray, logit: Floats) -> Floats:
    """Turn the odds of pairs into probabilities, the candidates of a row and « none of them » adding up to 1."""
    odds = np.exp(np.clip(logit, -50, 30))
    return odds / (1 + np.bincount(row, odds)[row])


def learn(pairs: Table, prior: Model = PLAIN, strength: float = 1.0) -> Model:
    """Fit the weights to the pairs that are ``connu``, ``juste`` or not, pulled towards those of ``prior``.

    It is a conditional logit (McFadden, 1974) in which « none of them » has the odds 1. Rows that persons decided are
    the hard ones: with some hundred known rows it gains, with a dozen it lost (22 right of 25, 19 of 19 before).
    """
    pairs = pairs[pairs["connu"]]
    row, right = pairs["row"].to_numpy(), pairs["juste"].to_numpy(bool)
    x = np.column_stack([np.ones(len(pairs)), pairs[[*FEATURES]].to_numpy()])
    centre = np.array([prior.intercept, *prior.weights])

    def loss(beta: Floats) -> tuple[float, Floats]:
        chance, away = compete(row, x @ beta), beta - centre
        none = 1 - np.bincount(row, chance)[np.bincount(row, right) == 0]
        value = -np.log(np.maximum(np.concatenate([chance[right], none]), 1e-300)).sum()
        return value + strength / 2 * away @ away, strength * away - x.T @ (right - chance)

    beta = minimize(loss, centre, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return replace(prior, intercept=float(beta[0]), weights=tuple(map(float, beta[1:])))


def one_to_one(pairs: Table) -> Table:
    """Keep pairs such that each row and each entry has one: the surest first."""
    ordered, taken = pairs.sort_values("probabilite", ascending=False, kind="stable"), set[tuple[str, int]]()
    keep = []
    for row, entry in zip(ordered["row"], ordered["entry"], strict=True):
        ends = {("row", row), ("entry", entry)}
        keep.append(taken.isdisjoint(ends))
        taken |= ends if keep[-1] else set()
    return ordered[np.array(keep, bool)]


SHOWN = 3  # candidates of a row that a person sees


@dataclass(frozen=True)
class Links:
    """What :func:`link` found.

    ``table``: the rows, with ``candidat`` (a key of the registry), ``etat`` (one of :data:`STATES`), ``moyen``
    (identifiant, décision, nom), ``probabilite`` and ``motif`` (why a person is asked). ``review``: :data:`REVIEWED`.
    ``pairs``: candidates of distinct rows, how alike they are, ``juste`` and whether that is ``connu``.
    """

    table: Table
    review: Table
    pairs: Table


def link(
    rows: Table,
    registry: Table,
    key: str = "siren",
    decisions: Table | None = None,
    model: Model = PLAIN,
    unique: bool = False,
) -> Links:
    """Say of each row which entry of a registry it names.

    Parameters
    ----------
    rows, registry : DataFrame
        ``nom``, and where known ``siret``, ``siren``, ``rna``, ``code_commune`` or ``ville``, ``departement``.
    key : str
        The column that identifies an entry of the registry.
    decisions : DataFrame, optional
        What persons decided: see :func:`tikub_lab.methods.review.read_decisions`.
    model : Model
        By default weights that need no reviewed row; those that :func:`learn` fits to ``pairs`` suit a file better.
    unique : bool
        Whether an entry is meant by one row at most, as in a list of bodies; grants name a body many times.

    Raises
    ------
    UsageError
        A table without names, or a registry whose key is missing or stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> bodies = pd.DataFrame({"siren": ["732829320", "338365059"], "nom": ["Bagad", "Amicale"], "ville": "Plougar"})
    >>> rows = pd.DataFrame({"nom": ["X", "AMICALE"], "siret": ["732 829 320 00074", None], "ville": "PLOUGAR"})
    >>> link(rows, bodies).table[["candidat", "etat", "moyen"]].values.tolist()
    [['732829320', 'lié', 'identifiant'], ['338365059', 'lié', 'nom']]
    """
    require(registry, "registry", ["nom", key])
    require(rows, "rows", ["nom"])
    right, labels = Names(registry), pd.Series(_labels(rows), index=rows.index, dtype="str")
    keys, first = right.text(key), ~labels.duplicated()
    if (values := len({*keys} - {""})) < max(1, len(keys)):
        raise UsageError(
            f"registry: {key} has {values} values for {len(keys)} entries. Drop those without, and repeats."
        )
    left, distinct = Names(rows[first]), labels[first].tolist()
    known, failed, sirens = _identified(left, right)
    by_number, (yes, no) = known >= 0, _decided(decisions, distinct, keys)
    known[[*yes]] = [*yes.values()]

    pairs = features(left, right, candidates(left, right))
    row, entry = pairs["row"].to_numpy(), pairs["entry"].to_numpy()
    refused = np.array([pair in no for pair in zip(row, entry, strict=True)], bool)
    count, refusals = (np.bincount(each, minlength=left.size) for each in (row, np.array([r for r, _ in no], int)))
    closed = (known < 0) & (refusals >= np.clip(count, 1, SHOWN))  # a person refused all that was shown
    opened = (known < 0)[row] & ~refused
    pairs["juste"], pairs["connu"] = known[row] == entry, ((known >= 0) | closed)[row]
    pairs["probabilite"] = 0.0
    pairs.loc[opened, "probabilite"] = model.chances(pairs[opened])

    best = pairs[opened & ~(np.isin(entry, known[known >= 0]) & unique)]
    best = one_to_one(best) if unique else best.sort_values("probabilite", ascending=False).drop_duplicates("row")
    best = best.set_index("row")[["entry", "probabilite"]].reindex(range(left.size), fill_value=0)
    nearest, likely = best["entry"].to_numpy(int), best["probabilite"].to_numpy()
    mine, theirs = sirens[0], sirens[1][nearest]
    contrary = (mine != "") & (theirs != "") & (mine != theirs)
    alone = (known < 0) & (likely >= model.sure) & ~failed & ~contrary & ~closed
    asked = failed | (np.bincount(row, pairs["probabilite"], left.size) > model.absent)
    asked &= (known < 0) & ~alone & ~closed
    to = np.where(alone, nearest, known)
    why = np.select([failed, contrary], ["identifiant invalide", "autre identifiant"], "candidats à départager")
    found: dict[str, Any] = {
        "candidat": pd.array([*keys, None], dtype="str")[to],
        "etat": np.select([to >= 0, asked], [LINKED, REVIEW], ABSENT),
        "moyen": np.select([alone, by_number, (known >= 0) | closed], ["nom", "identifiant", "décision"], ""),
        "probabilite": np.where(known >= 0, 1.0, likely),
        "motif": np.where(asked, why, ""),
    }
    at = pd.Index(distinct).get_indexer(pd.Index(labels))
    table = rows.assign(**{name: values[at] for name, values in found.items()}, **{KEY: labels})
    return Links(table, _review(np.where(asked, why, ""), distinct, left, right, keys, pairs), pairs)


def _labels(rows: Table) -> list[str]:
    """Return what a row is known by from one file to the next: its name, place and identifiers."""
    columns = [name for name in ("code_commune", "ville", "departement", "siret", "siren", "rna") if name in rows]
    parts = [rows[name].astype("str").fillna("") for name in ("nom", *columns)]
    return [" | ".join(filter(None, [" ".join(words(name)), *rest])) for name, *rest in zip(*parts, strict=True)]


def _identified(rows: Names, registry: Names) -> tuple[NDArray, NDArray, list[NDArray]]:
    """Find the entry of each row by SIREN, else RNA (-1: none); say whose number fails its check; give both SIREN."""
    checks = {"rna": identifiers.rna, "siren": identifiers.siren, "siret": identifiers.siret}
    found, failed, sirens, numbers = np.full(rows.size, -1), np.zeros(rows.size, bool), [], []
    for names in (rows, registry):
        plain = {name: pd.Series(names.text(name), dtype="str").str.upper() for name in checks}
        plain = {name: text.str.replace(r"[^0-9A-Z]", "", regex=True) for name, text in plain.items()}
        valid = {name: text.where(checks[name](text), "") for name, text in plain.items()}
        if names is rows:
            failed = np.any([plain[name] != valid[name] for name in checks], axis=0)
        siren = valid["siret"].str[:9].where(valid["siret"] != "", valid["siren"])
        sirens.append(siren.to_numpy("object"))
        numbers.append((valid["rna"], siren))
    for mine, theirs in zip(*numbers, strict=True):
        once = theirs[(theirs != "") & ~theirs.duplicated(keep=False)]
        at = mine.map(pd.Series(once.index, index=once, dtype="int64")).fillna(-1).to_numpy(int)
        found = np.where((at >= 0) & ~failed, at, found)
    return found, failed, sirens


def _decided(decisions: Table | None, rows: list[str], keys: list[str]) -> tuple[dict[int, int], set[tuple[int, int]]]:
    """Return the entries that persons gave to rows, and the pairs that they refused, by position (-1: no candidate)."""
    yes, no = dict[int, int](), set[tuple[int, int]]()
    at, entry = ({value: place for place, value in enumerate(values)} for values in (rows, keys))
    for label, candidate, said in () if decisions is None else decisions[[*REVIEWED[:3]]].to_numpy():
        if label in at and said == "non":  # the table may have decisions of other files
            no.add((at[label], entry.get(candidate, -1)))
        elif label in at and candidate in entry:
            yes[at[label]] = entry[candidate]
    return yes, no


def _review(why: NDArray, labels: list[str], rows: Names, registry: Names, keys: list[str], pairs: Table) -> Table:
    """Lay out the candidates of the rows that a person decides, the likeliest first; one line without any."""
    shown = pairs.loc[pairs["probabilite"] > 0, ["row", "entry", "probabilite"]]
    shown = shown.sort_values(["row", "probabilite"], ascending=[True, False]).groupby("row").head(SHOWN)
    shown = pd.DataFrame({"row": np.flatnonzero(why != "")}).merge(shown, on="row", how="left")
    row, entry = shown["row"].to_numpy(int), shown["entry"].fillna(-1).to_numpy(int)
    mine = [np.array(values, "object")[row] for values in (labels, rows.text("nom"), rows.text("ville"), why)]
    theirs = [np.array([*v, ""], "object")[entry] for v in (keys, registry.text("nom"), registry.text("ville"))]
    columns = (mine[0], theirs[0], "", mine[1], mine[2], theirs[1], theirs[2], shown["probabilite"].round(3), mine[3])
    return shown.assign(**dict(zip(REVIEWED, columns, strict=True)))[[*REVIEWED]]
