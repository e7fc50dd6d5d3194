"""Fictitious tables from one seed: random streams, draws, and the data package that describes the result.

The same seed must give the same bytes on every machine, for years. So only two things of NumPy are relied on, both of
them promised: the bit streams of ``PCG64``, spawned by ``SeedSequence``, and uniform doubles made from them. The
distributions (``normal``, ``choice``…) may change between NumPy releases, and ``exp`` or ``log`` differ in the last bit
between processors. :meth:`Stream.normal` and :func:`growth` need nothing but sums and products, which IEEE 754 rounds
in one way only.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.tables.frames import typed, write_csv
from tikub_lab.tables.package import DESCRIPTOR, sha256_of, workbench
from tikub_lab.tables.schema import Schema, read_schema

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Tables = dict[str, pd.DataFrame]

COMMUNES = {"title": "INSEE, Code officiel géographique", "path": "https://www.insee.fr/fr/information/2560452"}
"""The source of what is real in most samples."""
DESCRIPTORS = json.loads(Path(__file__).with_name("descriptor.json").read_text(encoding="utf-8"))
"""What the package and each of its resources say of themselves, whatever was drawn."""


class Stream:
    """Draws for one table: a stream of its own, so that a new draw in one table leaves the others unchanged."""

    def __init__(self, sequence: np.random.SeedSequence):
        self._generator = np.random.Generator(np.random.PCG64(sequence))

    def uniform(self, size: int) -> Floats:
        """Draw uniform doubles in [0, 1)."""
        return self._generator.random(size)

    def below(self, limit: int | Integers, size: int) -> Integers:
        """Draw integers in [0, limit), the limit being one number or one a draw."""
        return (self.uniform(size) * limit).astype(np.int64)

    def flag(self, probability: float | Floats, size: int) -> Bools:
        """Draw true with a probability, one for all or one a draw."""
        return self.uniform(size) < probability

    def pick(self, weights: Sequence[float] | Floats, size: int) -> Integers:
        """Draw positions in a list of weights (any positive total)."""
        return position(weights, self.uniform(size))

    def pick_by(self, weights: Sequence[Sequence[float]], group: Integers) -> Integers:
        """Draw positions in the list of weights of each draw's group: a row of ``weights``, of any total."""
        total = np.cumsum(np.asarray(weights, dtype=np.float64), axis=1)
        total /= total[:, -1:]
        draws = self.uniform(len(group))
        return sum((draws >= column[group] for column in total.T[:-1]), np.zeros(len(group), dtype=np.int64))

    def normal(self, size: int) -> Floats:
        """Draw a standard normal, to a good approximation: twelve uniform draws less six.

        Mean 0 and variance 1 exactly; no value beyond ±6.
        """
        total = np.full(size, -6.0)
        for _ in range(12):
            total += self.uniform(size)
        return total


def streams(seed: int, count: int) -> list[Stream]:
    """Make independent streams from one seed, which is not negative.

    >>> first, second = streams(1, 2)
    >>> first.below(100, 4).tolist(), second.below(100, 4).tolist()
    ([69, 17, 64, 32], [47, 60, 24, 22])
    """
    return [Stream(child) for child in np.random.SeedSequence(seed).spawn(count)]


def position(weights: Sequence[float] | Floats, draws: Floats) -> Integers:
    """Turn uniform draws into positions in a list of weights.

    >>> position([1, 2, 1], np.array([0.0, 0.3, 0.7, 0.9])).tolist()
    [0, 1, 1, 2]
    """
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(total, draws * total[-1], side="right")
    return np.minimum(found, len(total) - 1).astype(np.int64)


def growth(exponent: Floats) -> Floats:
    """Raise e to a power by products alone: ``(1 + x / 256) ** 256``, within 1 % up to x = ±2.

    >>> growth(np.array([-1.0, 0.0, 1.0])).round(2).tolist()
    [0.37, 1.0, 2.71]
    """
    value = 1 + exponent / 256
    for _ in range(8):
        value = value * value
    return value


def spread(sizes: Integers) -> tuple[Integers, Integers]:
    """Lay out the rows of groups of these sizes: the group of each row, and its rank in the group, from 0.

    >>> [numbers.tolist() for numbers in spread(np.array([2, 0, 3]))]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    return group, np.arange(len(group)) - (np.cumsum(sizes) - sizes)[group]


def words(labels: Sequence[str] | pd.Series, codes: Integers) -> pd.Series:
    """Turn positions into labels; -1 is missing."""
    return pd.Series([*labels, None], dtype="str").take(codes).reset_index(drop=True)


@cache
def invented(kind: str) -> npt.NDArray[np.object_]:
    """Return the invented names and parts of names of a kind, from ``names.csv``; shared, not to be changed."""
    table = pd.read_csv(Path(__file__).with_name("names.csv"), index_col="kind", encoding="utf-8")
    return np.array(table["names"][kind].split("|"), dtype=object)


def rows(table: pd.DataFrame, positions: Integers | pd.Series) -> pd.DataFrame:
    """Take rows by their positions, numbered anew."""
    return table.take(np.asarray(positions)).reset_index(drop=True)


def by_schema(tables: Mapping[str, pd.DataFrame], use_case: str, schemas: Path | None = None) -> Tables:
    """Name tables after their use case, with the columns and types of their schemas: by default the workbench's."""
    folder, made = (schemas or workbench() / "data" / "schemas") / use_case, {}
    for name, table in tables.items():
        schema = read_schema(folder / f"{name}.json")
        made[f"{use_case}/{name}"] = typed(table.reindex(columns=list(schema.names)).reset_index(drop=True), schema)
    return made


@dataclass(frozen=True)
class Folder:
    """The data package that a sample is written to, and what is said of all its tables.

    ``root`` has ``schemas/``; ``created`` is fixed, so that the same seed gives the same descriptor; ``sources`` have a
    ``title`` and, where published, a ``path``.
    """

    root: Path
    created: str
    sources: tuple[dict[str, str], ...]

    def write(self, name: str, frame: pd.DataFrame, schema: Schema, form: str = "csv") -> dict[str, Any]:
        """Write ``sample/<name>.csv``, and describe it as a resource of Data Package v2.

        Of many rows as Parquet: a tenth of the CSV, the same bytes with the same pyarrow.
        """
        path = self.root / "sample" / f"{name}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            write_csv(frame, path, schema)
        else:
            steps = dict.fromkeys(frame.select_dtypes("datetimetz"), "DELTA_BINARY_PACKED")
            others = [name for name in frame if name not in steps]
            frame.to_parquet(path, index=False, compression="zstd", use_dictionary=others, column_encoding=steps)
        usual = DESCRIPTORS["resource"]
        if form == "parquet":
            usual = {key: value for key, value in usual.items() if key != "encoding"}
            usual |= {"format": "parquet", "mediatype": "application/vnd.apache.parquet"}
        return {
            **usual,
            "name": name,
            "path": f"sample/{name}.{form}",
            "title": f"{schema.title} (exemple fictif)",
            "description": f"{schema.description} Tables fictives : aucune personne, entreprise ou dépense réelle.",
            "schema": f"schemas/{name}.json",
            "created": self.created,
            "rows": len(frame),
            "bytes": path.stat().st_size,
            "hash": f"sha256:{sha256_of(path)}",
            "licenses": DESCRIPTORS["package"]["licenses"],
            "sources": list(self.sources),
        }

    def write_all(self, tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
        """Write a use case's tables; return their resources."""
        schemas = {name: read_schema(self.root / "schemas" / f"{name}.json") for name in tables}
        return [self.write(name, table, schemas[name]) for name, table in tables.items()]


def write_package(into: Path, resources: Sequence[dict[str, Any]], created: str) -> Path:
    """Write ``datapackage.json`` (Data Package v2) with what :meth:`Folder.write` returned for all use cases."""
    listed = sorted(resources, key=lambda item: str(item["name"]))
    descriptor = {**DESCRIPTORS["package"], "created": created, "resources": listed}
    path = into / DESCRIPTOR
    text = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
