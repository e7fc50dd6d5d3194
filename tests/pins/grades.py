"""How well methods find what was planted, and how near they come to the programs of others: numbers, not bounds.

Other tests say what these numbers must at least be; here they are pinned as they are. Small repetitions are made with
every `make test`; the large ones with `make proof`.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.energy import sample as energy_sample
from data.make.procurement import planted_splits
from data.make.procurement import sample as procurement_sample
from tests.energy import meter, test_alerts, test_challenge, test_uncertainty
from tests.energy.panels import meters_with_saving, meters_without_change
from tests.procurement import test_density, test_flags_cardinal
from tests.procurement.cardinal import as_cardinal, cardinal_settings, register
from tikub_lab import energy, procurement
from tikub_lab.procurement.flags.cardinal import red_flags
from tikub_lab.procurement.jump import jump

Pins = Iterator[tuple[str, Any]]


def small() -> Pins:
    """What takes a few seconds: small samples, the shipped ones, few repetitions."""
    yield (
        "alerts",
        {f"{seed}, {origin}": alerts(energy_sample(0.05, seed), origin) for seed in SEEDS for origin in ORIGINS},
    )
    yield "challenge", challenge(energy_sample(0.3, 11))
    yield "intervals", {str(seed): intervals(60, seed) for seed in (1, 2)}
    yield "savings", {str(seed): savings(8, seed) for seed in (2, 3)}
    yield "splits", {str(seed): splits(1, seed) for seed in (1, 2, 3)}
    yield (
        "density",
        {name: jump(test_density.drawn(name)) for name in test_density.SAMPLES},
    )
    yield "density, false alarms", level(range(40))


def large() -> Pins:
    """What takes minutes: whole samples, many seeds."""
    yield (
        "alerts",
        {f"{seed}, {origin}": alerts(energy_sample(1.0, seed), origin) for seed in SEEDS for origin in ORIGINS},
    )
    yield "challenge", {str(seed): challenge(energy_sample(1.0, seed)) for seed in SEEDS}
    yield "intervals", {str(seed): intervals(1000, seed) for seed in range(1, 9)}
    yield "savings", {str(seed): savings(50, seed) for seed in range(2, 8)}
    yield (
        "splits",
        {f"{scale}, {seed}": splits(scale, seed) for scale, seed in [*((1, seed) for seed in range(1, 11)), (3, 1)]},
    )
    yield (
        "density",
        {name: jump(test_density.drawn(name)) for name in test_density.SAMPLES},
    )
    yield "density, false alarms", level(range(200))


SEEDS = (41, 42, 43, 44, 45)
ORIGINS = ("relevé", "facture")


def alerts(tables: dict[str, pd.DataFrame], origin: str) -> dict[str, Any]:
    """Faults planted and found by kind, the error of their kWh, and alerts of no fault by kind."""
    found = test_alerts.looked_at(tables, origin).alerts
    pairs, false = test_alerts.grade(tables, origin, found)
    off = (pairs["kwh"] / pairs["valeur"] - 1).abs()
    kinds = {
        kind: [int(part["trouve"].sum()), len(part), off[part.index].median()] for kind, part in pairs.groupby("nature")
    }
    return {
        "found, planted, error": kinds,
        "false": false["nature"].value_counts().sort_index().to_dict(),
        "all": len(found),
    }


def challenge(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Lycées whose interval holds what they truly saved, its width, and how many are said to have saved."""
    found = test_challenge.run(tables)
    scored = found.table[found.table["classe"]].set_index("code_uai")
    truth = pd.Series(test_challenge.truths(found, tables["energy/truths"])).reindex(scored.index)
    return {
        "held": int(((scored["part_bas"] <= truth) & (truth <= scored["part_haut"])).sum()),
        "of": len(scored),
        "width": (scored["part_haut"] - scored["part_bas"]).median(),
        "bias": (scored["part"] - truth).mean(),
        "established": int(scored["etablie"].sum()),
    }


def kinds() -> pd.Series:
    spans = [(f"{year}-{first}", f"{year}-{last}") for year in (2022, 2023) for first, last in test_uncertainty.BREAKS]
    spans += [("2022-12-20", "2023-01-01"), ("2023-12-20", "2024-01-01")]
    return energy.day_kinds(pd.DataFrame(spans, columns=["debut", "fin"]), "2022-01-01", "2023-12-31")


def intervals(count: int, seed: int) -> list[Any]:
    """Meters without change whose interval holds zero, their number, and mean and scatter of their savings."""
    measured = test_uncertainty.measured(meters_without_change(count, seed=seed), kinds())
    held = sum((one := meter.interval(saving)).low <= 0 <= one.high for saving in measured.values())
    shares = np.array([meter.share(saving) for saving in measured.values()])
    return [int(held), count, shares.mean(), shares.std()]


def savings(count: int, seed: int) -> Any:
    """The interval of a portfolio of meters that all save ten per cent."""
    return energy.portfolio(test_uncertainty.measured(meters_with_saving(count, 0.10, seed=seed), kinds()))


def splits(scale: float, seed: int) -> list[int]:
    """Planted needs, those found, strong suspicions, and those of no planted contract."""
    made = procurement_sample(scale, seed, essential=True)
    needs = procurement.split_needs(made["procurement/contracts"], made["procurement/suppliers"])
    strong = [set(uids.split("|")) for uids in needs.loc[needs["force"] == "forte", "uids"]]
    planted = [set(uids.split("|")) for uids in planted_splits(scale, seed)["uids"]]
    hits = sum(max((len(need & one) for one in strong), default=0) * 2 > len(need) for need in planted)
    return [len(planted), hits, len(strong), sum(not any(one & need for need in planted) for one in strong)]


def level(seeds: range) -> list[int]:
    """Alarms of the density test on samples of round amounts, without a jump and with one."""
    without = with_one = 0
    for seed in seeds:
        draw = np.random.default_rng(seed)
        amounts = np.round(draw.lognormal(np.log(45_000), 0.8, 600), -2)
        without += jump(np.log(amounts / 40_000)).p_value < 0.05
        near = (amounts >= 40_000) & (amounts < 46_000) & (draw.random(600) < 0.9)
        moved = np.where(near, 40_000 - 10 * draw.integers(1, 300, 600), amounts)
        with_one += jump(np.log(moved / 40_000)).p_value < 0.05
    return [int(without), int(with_one)]


# Real meters and processes


def others(opendata: Path) -> Pins:
    """What Cardinal and eemeter find on published files, and what is found here."""
    yield "cardinal", dict(_cardinal(opendata / "procurement" / "cardinal"))


def _cardinal(folder: Path) -> Iterator[tuple[str, bool]]:
    for path in sorted(folder.glob("*.jsonl")):
        sections = {**test_flags_cardinal.NAMES, **test_flags_cardinal.parameters(path.stem)}
        settings = cardinal_settings(sections)
        found = as_cardinal(red_flags(register(path), settings))
        yield path.stem, found == json.loads(path.with_suffix(".expected").read_text(encoding="utf-8"))


def baselines(load: Any) -> Pins:
    """Baselines and savings of the imported meters, which test_formats_real compares with eemeter's."""
    readings, weather = load("energy/readings"), load("energy/weather")
    stations = {"uk": "uk-tempC-sample-0", "il-g": "il-tempF", "il-e": "il-electricity-cdd-hdd-tempF"}
    for name, rows in readings.groupby("compteur_id", observed=True):
        station = next((one for start, one in stations.items() if str(name).startswith(start)), None)
        outside = weather[weather["station"] == station]
        half = rows["debut"].min() + (rows["debut"].max() - rows["debut"].min()) / 2
        found = meter.fit(rows[rows["debut"] < half], outside, cooling=not str(name).startswith("il-g"))
        yield f"baseline {name}", replace(found, sample=None)
        if found.model:
            saved = meter.metered(found, rows[rows["debut"] >= half], outside)
            yield f"savings {name}", [saved.observed, saved.predicted, saved.n]
            yield f"interval {name}", meter.interval(saved)
