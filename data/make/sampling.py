"""Fictitious tables from one seed: random streams, draws, and the data package that describes the result.

The same seed must give the same bytes on every machine, for years. So only two things of NumPy are relied on, both of
them promised: the bit streams of ``PCG64``, spawned by ``SeedSequence``, and uniform doubles made from them. The
distributions (``normal``, ``choice``…) may change between NumPy releases, and ``exp`` or ``log`` differ in the last bit
between processors. :meth:`Stream.normal` and :func:`growth` need nothing but sums and products, which IEEE 754 rounds
in one way only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.tables.frames import write_csv
from tikub_lab.tables.package import DESCRIPTOR, sha256_of
from tikub_lab.tables.schema import Schema

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LICENCE = {
    "name": "etalab-2.0",
    "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    "title": "Licence Ouverte 2.0",
}


class Stream:
    """Draws for one table: a stream of its own, so that a new draw in one table leaves the others unchanged.

    Parameters
    ----------
    sequence : SeedSequence
        One of those that :func:`streams` spawns.
    """

    def __init__(self, sequence: np.random.SeedSequence):
        self._generator = np.random.Generator(np.random.PCG64(sequence))

    def uniform(self, size: int) -> Floats:
        """Draw uniform doubles in [0, 1)."""
        return self._generator.random(size)

    def below(self, limit: int | Integers, size: int) -> Integers:
        """Draw integers in [0, limit), the limit being one number or one a draw."""
        return (self.uniform(size) * limit).astype(np.int64)

    def flag(self, probability: float | Floats, size: int) -> npt.NDArray[np.bool_]:
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
    """Make independent streams from one seed.

    Parameters
    ----------
    seed : int
        Not negative.
    count : int
        How many streams.

    Examples
    --------
    >>> first, second = streams(1, 2)
    >>> first.below(100, 4).tolist(), second.below(100, 4).tolist()
    ([69, 17, 64, 32], [47, 60, 24, 22])
    """
    return [Stream(child) for child in np.random.SeedSequence(seed).spawn(count)]


def position(weights: Sequence[float] | Floats, draws: Floats) -> Integers:
    """Turn uniform draws into positions in a list of weights.

    Examples
    --------
    >>> position([1, 2, 1], np.array([0.0, 0.3, 0.7, 0.9])).tolist()
    [0, 1, 1, 2]
    """
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(total, draws * total[-1], side="right")
    return np.minimum(found, len(total) - 1).astype(np.int64)


def growth(exponent: Floats) -> Floats:
    """Raise e to a power by products alone: ``(1 + x / 256) ** 256``, within 1 % up to x = ±2.

    Examples
    --------
    >>> growth(np.array([-1.0, 0.0, 1.0])).round(2).tolist()
    [0.37, 1.0, 2.71]
    """
    value = 1 + exponent / 256
    for _ in range(8):
        value = value * value
    return value


@dataclass(frozen=True)
class Folder:
    """Where a sample is written, and what is said of all its tables.

    Attributes
    ----------
    root : Path
        The folder of the data package, which has ``schemas/``.
    created : str
        ISO date said to be that of the sample: fixed, so that the same seed gives the same descriptor.
    sources : tuple of dict
        ``title`` (and ``path``) of what the tables were made from.
    """

    root: Path
    created: str
    sources: tuple[dict[str, str], ...]

    def write(self, name: str, frame: pd.DataFrame, schema: Schema, form: str = "csv") -> dict[str, Any]:
        """Write one table and describe it.

        Parameters
        ----------
        name : str
            Such as ``procurement/contracts``: the file is ``sample/procurement/contracts.csv``.
        frame : DataFrame
            The table, typed.
        schema : Schema
            Its Table Schema, for the title and the description.
        form : {"csv", "parquet"}
            Parquet for many rows: a tenth of the CSV, the same bytes with the same pyarrow.

        Returns
        -------
        dict
            A resource of Data Package v2.
        """
        path = self.root / "sample" / f"{name}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            write_csv(frame, path, schema)
        else:
            steps = dict.fromkeys(frame.select_dtypes("datetimetz"), "DELTA_BINARY_PACKED")
            others = [name for name in frame if name not in steps]
            frame.to_parquet(path, index=False, compression="zstd", use_dictionary=others, column_encoding=steps)
        return {
            "name": name,
            "type": "table",
            "path": f"sample/{name}.{form}",
            "title": f"{schema.title} (exemple fictif)",
            "description": f"{schema.description} Tables fictives : aucune personne, entreprise ou dépense réelle.",
            "format": form,
            "mediatype": "text/csv" if form == "csv" else "application/vnd.apache.parquet",
            **({"encoding": "utf-8"} if form == "csv" else {}),
            "schema": f"schemas/{name}.json",
            "origin": "sample",
            "created": self.created,
            "rows": len(frame),
            "bytes": path.stat().st_size,
            "hash": f"sha256:{sha256_of(path)}",
            "licenses": [LICENCE],
            "sources": list(self.sources),
        }


def write_package(into: Path, resources: Sequence[dict[str, Any]], created: str) -> Path:
    """Write the descriptor of the shipped sample.

    Parameters
    ----------
    into : Path
        Folder of the data package.
    resources : sequence of dict
        What :meth:`Folder.write` returned, for all use cases.
    created : str
        ISO date and time of the sample, fixed.

    Returns
    -------
    Path
        ``datapackage.json`` (Data Package v2, https://datapackage.org/standard/data-package/).
    """
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "tikub-lab-sample",
        "title": "Tables d'exemple de tikub-lab (fictives)",
        "description": "Tables fictives, tirées au sort à partir d'une graine : personnes, entreprises, lycées, "
        "contrats, montants et consommations sont inventés. Seuls sont réels les noms et les codes des communes, le "
        "calendrier scolaire et les facteurs d'émission.",
        "created": created,
        "version": "1.0.0",
        "licenses": [LICENCE],
        "resources": sorted(resources, key=lambda item: str(item["name"])),
    }
    path = into / DESCRIPTOR
    text = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
