"""What a plan of works may choose from, made from the tables of works, uses, prices and factors."""

import numpy as np
import pandas as pd

from tikub_lab.energy.planning.problem import Floats, Integers, Problem, Rules
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError
from tikub_lab.tables.columns import require

WORKS = ["travaux_id", "code_uai", "mesure", "energie", "cout", "economie_attendue", "duree_vie", "statut", "exclut"]
USES = ["code_uai", "energie", "usage", "kwh"]
FUELS = ("gaz", "fioul", "bois", "réseau de chaleur")
HEATS = ("chauffage", "mixte")
NO_SAVING = "sans économie annoncée"


def prepare(
    works: pd.DataFrame, uses: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame, rules: Rules
) -> Problem:
    """Make the choice that a plan has from its tables.

    Measures announce kWh; here each becomes a share of what its site uses of that energy. Of a fuel, that is the use of
    the meters that heat (« chauffage », « mixte ») where there are some: kitchens and hot water apart are not touched,
    and a smaller use makes the shares larger and their sum more cautious. A measure that changes energy (« Abandon du
    fioul ») is in the table with the energy that it leaves and no kWh: the table does not say what replaces it, so
    that neither euros nor CO2 can be told; it is left out with that reason.

    Parameters
    ----------
    works : DataFrame
        Table ``energy/works``: ``travaux_id``, ``code_uai``, ``mesure``, ``energie``, ``cout`` (€),
        ``economie_attendue`` (kWh a year), ``duree_vie`` (years), ``statut``, ``exclut``. Those « proposé » are chosen
        from.
    uses : DataFrame
        One year's ``code_uai``, ``energie``, ``usage``, ``kwh``, best of an average climate: see
        :func:`tikub_lab.energy.consumption.by_site`.
    prices, factors : DataFrame
        Tables ``energy/prices`` and ``energy/factors``: see :func:`tikub_lab.energy.valuation.valued`.
    rules : Rules

    Returns
    -------
    Problem

    Raises
    ------
    UsageError
        A column that is missing, a measure given twice, uses of several years, a cost or use below zero.

    Examples
    --------
    >>> works = pd.DataFrame({"travaux_id": ["T1", "T2"], "code_uai": "0000001B", "mesure": ["Toit", "Chaudière"],
    ...     "energie": "fioul", "cout": [5e4, 9e4], "economie_attendue": [2e4, 0], "duree_vie": 30,
    ...     "statut": "proposé", "exclut": None})
    >>> uses = pd.DataFrame({"code_uai": ["0000001B"], "energie": ["fioul"], "usage": ["chauffage"], "kwh": [1e5]})
    >>> prices = pd.DataFrame({"energie": ["fioul"], "annee": [2025], "euros_kwh": [0.1], "statut": ["marché"]})
    >>> factors = pd.DataFrame({"energie": ["fioul"], "usage": ["tous"], "annee": [2021], "gco2e_kwh": [324.0],
    ...     "pouvoir_calorifique": ["PCI"], "statut": ["confirmé"]})
    >>> found = prepare(works, uses, prices, factors, Rules(2026, (1e5,), 2040, realisation=0.9))
    >>> found.share.round(3).tolist(), found.left_out["motif"].tolist()
    ([0.18], ['sans économie annoncée'])
    """
    require(works, "works", WORKS)
    require(uses, "uses", USES)
    if twice := works["travaux_id"][works["travaux_id"].duplicated()].tolist():
        raise UsageError(f"works: travaux_id {twice[0]!r} stands there twice; each measure has its own.")
    if "annee" in uses and uses["annee"].nunique() > 1:
        raise UsageError(f"uses: years {sorted(set(uses['annee']))}; give one year, or a mean of them without `annee`.")
    _check_positive("works", works, ["cout", "economie_attendue", "duree_vie"])
    _check_positive("uses", uses, ["kwh"])
    table = works[works["statut"] == "proposé"].reset_index(drop=True)
    base = _bases(uses)
    worth = _worth(base, prices, factors, rules)
    key = pd.MultiIndex.from_arrays([table["code_uai"].astype("object"), table["energie"].astype("object")])
    groups = base.groupby(["code_uai", "energie"])["kwh"].sum(min_count=1)
    use = groups.reindex(key).to_numpy(float)
    why = _reasons(works, table, use, worth, key, rules)
    kept = why == ""
    measures = table.loc[kept, WORKS[:7]].astype({"energie": "str"}).reset_index(drop=True)
    group, names = pd.factorize(key[kept])
    site, sites = pd.factorize(measures["code_uai"])
    shape = (len(names), len(rules.counted))
    known = measures["economie_attendue"].to_numpy(float)
    return Problem(
        measures=measures,
        rules=rules,
        site=site.astype(np.int64),
        group=group.astype(np.int64),
        announced=known / use[kept] if kept.any() else np.empty(0),
        use=groups.reindex(names).to_numpy(float) if len(names) else np.empty(0),
        prices=worth["euros"].reindex(names).to_numpy(float).reshape(shape) if len(names) else np.empty(shape),
        emissions=worth["kgco2e"].reindex(names).to_numpy(float).reshape(shape) if len(names) else np.empty(shape),
        conflicts=_conflicts(works, measures),
        left_out=table.loc[~kept, ["travaux_id", "code_uai", "mesure"]].assign(motif=why[~kept]).reset_index(drop=True),
        stock=float(uses["kwh"].sum()),
        unknown=int(uses["kwh"].isna().sum()),
        sites=len(sites),
    )


def _bases(uses: pd.DataFrame) -> pd.DataFrame:
    """Keep the use that measures work on: of a fuel, that of the meters that heat, where there are some."""
    rows = uses[USES].astype({"code_uai": "object", "energie": "object", "usage": "object"})
    heats = rows["usage"].isin(HEATS) & rows["energie"].isin(FUELS)
    some = heats.groupby([rows["code_uai"], rows["energie"]]).transform("any")
    return rows[heats | ~some.astype(bool)]


def _worth(base: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame, rules: Rules) -> dict[str, pd.DataFrame]:
    """Value a kWh of each site and energy in each year that counts: uses with factors of their own, by their kWh."""
    years = rules.counted
    rows = base[base["kwh"] > 0]
    long = rows.loc[rows.index.repeat(len(years))].reset_index(drop=True)
    found = valued(long.assign(annee=np.tile(years, len(rows))), prices, factors)
    keys = [found["code_uai"], found["energie"], found["annee"]]
    total = found["kwh"].groupby(keys).sum()
    worth = {}
    for name in ("euros", "kgco2e"):
        # an unknown part makes the whole unknown: it must not count as zero
        unknown = found[name].isna().groupby(keys).any()
        sums = found[name].groupby(keys).sum().mask(unknown)
        worth[name] = (sums / total).unstack("annee").reindex(columns=years)
    return worth


def _reasons(
    works: pd.DataFrame,
    table: pd.DataFrame,
    use: Floats,
    worth: dict[str, pd.DataFrame],
    key: pd.MultiIndex,
    rules: Rules,
) -> np.ndarray:
    """Say of each proposed measure why it can't be chosen, "" for one that can."""
    done = set(works.loc[works["statut"] == "réalisé", "travaux_id"])
    against = pd.Series(dict(zip(works["travaux_id"], map(_listed, works["exclut"]), strict=True)), dtype="object")
    by_done = {other for one in done for other in against[one]}
    saving = table["economie_attendue"].to_numpy(float)
    excluded = [one in by_done or bool(done & set(against[one])) for one in table["travaux_id"]]
    names = {"euros": "prix de l'énergie inconnu", "kgco2e": "facteur d'émission inconnu"}
    tests = [
        (np.array(excluded, dtype=bool), "exclue par des travaux réalisés"),
        (table["cout"].isna().to_numpy(), "coût inconnu"),
        (np.isnan(saving), "économie inconnue"),
        (table["duree_vie"].isna().to_numpy(), "durée de vie inconnue"),
        (saving == 0, NO_SAVING),
        (~(use > 0), "usage inconnu ou nul"),
    ]
    if rules.objective in names:
        unknown = worth[rules.objective].reindex(key).isna().any(axis=1).to_numpy()
        tests.append((unknown & (saving > 0), names[rules.objective]))
    return np.select([test for test, _ in tests], [name for _, name in tests], default="").astype(object)


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [one.strip() for one in value.split("|") if one.strip()]
    return [str(one) for one in value] if isinstance(value, (list, tuple, np.ndarray)) else []


def _conflicts(works: pd.DataFrame, measures: pd.DataFrame) -> Integers:
    """Pairs of measures that exclude each other, written on either side; one that can't be chosen excludes nothing."""
    place = {name: row for row, name in enumerate(measures["travaux_id"])}
    pairs = set()
    for one, others in zip(works["travaux_id"], map(_listed, works["exclut"]), strict=True):
        for other in others:
            if one in place and other in place and one != other:
                pairs.add((min(place[one], place[other]), max(place[one], place[other])))
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _check_positive(name: str, table: pd.DataFrame, columns: list[str]) -> None:
    for column in columns:
        values = table[column].astype("float64").to_numpy()
        least = 1 if column == "duree_vie" else 0
        if (wrong := np.flatnonzero((values < least) | np.isinf(values))).size:
            row = table.iloc[int(wrong[0])]
            where = row["travaux_id"] if "travaux_id" in table else f"{row['code_uai']}, {row['energie']}"
            raise UsageError(f"{name}: {where}: {column}={row[column]}; it is {least} or more, or empty. Correct it.")
