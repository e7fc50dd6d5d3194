"""Whether the density of amounts jumps at legal thresholds, as if amounts avoided them.

Amounts are compared to the threshold in force on the day of notification, so that its versions pool: what counts is the
amount over the threshold. The test runs on the logarithm of that ratio: amounts are spread over powers of ten, their
logarithm is close to normal, which the choice of bandwidths supposes; a jump of the one is a jump of the other.

What the test does not say. Amounts are rounded: 40 000 € exactly is frequent anywhere, and counts as above the
threshold. A heap at the point itself does not show in the slopes of the distribution function, though it moves the
bandwidths: so the test is run again without it, and a verdict that depends on it says so. The bandwidths suit smooth
densities: few amounts moved within a narrow band can escape, hence the counts just below and just above. Prices are
what firms ask; the law looks at the estimate of the buyer, and at the whole need where there are lots. And where
publishing the essential data begins at the same amount, nothing can be said of the lack of a jump.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of
from tikub_lab.procurement.frameworks import subsequents
from tikub_lab.procurement.jump import Jump, jump
from tikub_lab.procurement.thresholds import KINDS, NAMES, in_force

TESTED = ("dispense", "publicite", "formalisee")
ENOUGH, NEAR, LEVEL = 30, 0.1, 0.05
"""Contracts needed on each side for a test; what is just below or above, as a share of the threshold; probability below
which a jump is said to be there, after Holm's correction for the number of tests."""
GROUPS = {"travaux": KINDS[:1], "fournitures et services": KINDS[1:]}
"""Kinds of purchase tested together: supplies and services have had the same thresholds since 2016."""
VERDICTS = pd.read_csv(Path(__file__).with_suffix(".csv"), index_col="cas")["texte"]
"""What is said of a jump or of none, and then of how sure it is."""
COLUMNS = (
    "seuil", "libelle", "nature", "versions", "statut", "nombre", "ecartes", "sans_seuil", "sous", "dessus",
    "juste_sous", "juste_dessus", "exactement", "densite_sous", "densite_dessus", "fenetre_sous", "fenetre_dessus",
    "t", "p", "p_holm", "p_sans_egaux", "verdict",
)  # fmt: skip


def _ratios(contracts: pd.DataFrame, name: str, nature: str) -> tuple[pd.DataFrame, int, int]:
    """Return amounts over their threshold, how many contracts are set aside, and how many have no threshold.

    Contracts made under a framework agreement are set aside: their procedure is the agreement's. The notice has no
    threshold of its own where it begins as the dispensation ends, at the same amount (works since December 2020): the
    jump there is tested once, as the dispensation's.
    """
    one_of("nature", nature, GROUPS)
    limits = in_force(contracts, name)
    if name == "publicite":
        shared = limits["seuil_montant"] == in_force(contracts, "dispense")["seuil_montant"]
        limits["seuil_montant"] = limits["seuil_montant"].mask(shared)
    subsequent = subsequents(contracts)
    known = limits["seuil_montant"].notna() & contracts["montant"].notna()
    mine = limits["seuil_nature"].isin(GROUPS[nature])
    ratio = contracts["montant"] / limits["seuil_montant"]
    found = limits.assign(montant=contracts["montant"], rapport=ratio)[mine & known & ~subsequent]
    unknown = (mine | limits["seuil_nature"].isna()) & ~known & ~subsequent
    return found, int((mine & subsequent).sum()), int(unknown.sum())


def around(contracts: pd.DataFrame, name: str, nature: str, width: float = 0.02, span: float = 0.3) -> pd.DataFrame:
    """Count amounts in bins around a threshold, for a chart; no bin goes across it.

    Parameters
    ----------
    contracts, name, nature
        Table ``procurement/contracts``, key of ``thresholds.NAMES``, key of :data:`GROUPS`.
    width, span : float
        Width of a bin and distance to the threshold on each side, as shares of it.

    Returns
    -------
    DataFrame, one row a bin, in order
        Columns de, a (shares of the threshold; the first included, the last not), cote (« sous » or « dessus »),
        nombre, montant (euros excluding tax).

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": "15500000", "montant": [39_900.0, 40_000.0, 41_000.0], "nature": "Marché",
    ...                      "dateNotification": pd.Timestamp("2024-05-02"), "id": "1", "idAccordCadre": None})
    >>> around(book, "dispense", "fournitures et services", width=0.1, span=0.1)[["cote", "nombre"]].values.tolist()
    [['sous', 1], ['dessus', 2]]
    """
    steps = round(span / width) if width > 0 else 0
    if not 0 < span < 1 or steps < 1 or abs(steps * width - span) > 1e-9:
        raise UsageError(f"width={width}, span={span}: give a span below 1 that is a whole number of widths.")
    found, _, _ = _ratios(contracts, name, nature)
    # A hair is added so that a bin's edge, such as 39,200 € of 40,000, does not fall to its left.
    place = np.floor((found["rapport"].to_numpy() - 1) / width + 1e-9).astype(np.int64) + steps
    inside = (place >= 0) & (place < 2 * steps)
    count = np.bincount(place[inside], minlength=2 * steps)
    total = np.bincount(place[inside], weights=found["montant"].to_numpy()[inside], minlength=2 * steps)
    edge = 1 + width * np.arange(-steps, steps + 1)
    side = np.where(np.arange(2 * steps) < steps, "sous", "dessus")
    return pd.DataFrame({"de": edge[:-1], "a": edge[1:], "cote": side, "nombre": count, "montant": total})


def at_thresholds(contracts: pd.DataFrame, names: tuple[str, ...] = TESTED) -> pd.DataFrame:
    """Test whether the density of amounts jumps at each threshold.

    Framework agreements are kept, with the amount that they give; ``names`` are keys of ``thresholds.NAMES``.

    Returns
    -------
    DataFrame, one row a threshold and nature of purchase
        seuil, libelle, nature; versions (with how many contracts come under each), statut (« à confirmer » when one
        version is); nombre (contracts with a threshold), ecartes (made under a framework agreement), sans_seuil (no
        amount, code or day, or none such); sous, dessus; juste_sous, juste_dessus, exactement (counts); densite_sous,
        densite_dessus (of the logarithm of amount over threshold); fenetre_sous, fenetre_dessus (bandwidths, in the
        same unit); t, p, p_holm, p_sans_egaux (p without amounts exactly at the threshold); verdict, in French.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> print(at_thresholds(tables.load("procurement/contracts").head(300), ("formalisee",))["verdict"].iloc[0])
    Trop peu de marchés de part et d'autre du seuil pour conclure (74 au-dessous, 0 au-dessus).
    """
    rows = [_row(contracts, name, nature) for name in names for nature in GROUPS]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "masque"])
    table["p_holm"] = holm(table["p"])
    table["verdict"] = [_verdict(row) for row in table.to_dict("records")]
    return table[list(COLUMNS)]


def _row(contracts: pd.DataFrame, name: str, nature: str) -> dict[str, object]:
    found, aside, unknown = _ratios(contracts, name, nature)
    ratio = found["rapport"].to_numpy()
    duty = in_force(contracts, "donnees_essentielles")["seuil_montant"].reindex(found.index)
    uses = found["seuil_version"].value_counts()
    row: dict[str, object] = {
        "seuil": name,
        "libelle": NAMES[name],
        "nature": nature,
        "versions": " ; ".join(f"{text} : {count}" for text, count in uses.items()),
        "statut": "à confirmer" if (found["seuil_statut"] == "à confirmer").any() else "confirmé" if len(found) else "",
        "nombre": len(found),
        "ecartes": aside,
        "sans_seuil": unknown,
        "sous": (ratio < 1).sum(),
        "dessus": (ratio >= 1).sum(),
        "juste_sous": ((ratio >= 1 - NEAR) & (ratio < 1)).sum(),
        "juste_dessus": ((ratio >= 1) & (ratio < 1 + NEAR)).sum(),
        "exactement": (ratio == 1).sum(),
        "masque": (duty == found["seuil_montant"]).mean(),
    }
    if tested := _test(ratio):
        row |= {"densite_sous": tested.left, "densite_dessus": tested.right, "t": tested.statistic, "p": tested.p_value}
        row |= {"fenetre_sous": tested.left_bandwidth, "fenetre_dessus": tested.right_bandwidth}
        again = _test(ratio[ratio != 1])
        row["p_sans_egaux"] = again.p_value if again else float("nan")
    return row


def _test(ratio: np.ndarray) -> Jump | None:
    return jump(np.log(ratio)) if min((ratio < 1).sum(), (ratio >= 1).sum()) >= ENOUGH else None


def holm(p_values: pd.Series) -> pd.Series:
    """Adjust probabilities for the number of tests; missing ones are not counted.

    S. Holm, « A Simple Sequentially Rejective Multiple Test Procedure », Scandinavian Journal of Statistics 6 (1979).
    """
    known = p_values.astype("float64").dropna().sort_values()
    steps = known * np.arange(len(known), 0, -1)
    return steps.cummax().clip(upper=1.0).reindex(p_values.index)


def _verdict(row: Mapping[Hashable, Any]) -> str:
    if np.isnan(row["p_holm"]):
        return str(VERDICTS["trop_peu"]).format_map(row)
    jumps = row["p_holm"] < LEVEL
    cases = {
        "aucune": not jumps,
        "moins": jumps and row["t"] < 0,
        "plus": jumps and not row["t"] < 0,
        "fragile": (row["p_sans_egaux"] < LEVEL) != jumps,
        "masque": row["masque"] > 0.5,
    }
    return " ".join(VERDICTS[case] for case, holds in cases.items() if holds)
