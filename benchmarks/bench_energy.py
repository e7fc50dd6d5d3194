"""How long the baselines of 1,500 daily meters take, and how much faster a meter is than by eemeter.

eemeter 3.2.0 wants an older pandas than ours, so it is installed into an environment of its own, thrown away after; it
fits two of the same meters, and must find the same models. Without it (no network, Python too new) only ours is told.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.energy.caltrack import Baseline, fit_many

METERS, DAYS = 1_500, 365
COMPARED = 2
CORES = 2
PACKAGES = ("eemeter==3.2.0", "pandas>=2,<2.2", "numpy<2", "setuptools<80", "pytz")
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")

REFERENCE = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import eemeter
import pandas as pd
for case in json.load(open(sys.argv[1])):
    days = pd.date_range(case["start"], periods=len(case["kwh"]), freq="D", tz="UTC")
    hours = pd.date_range(case["start"], periods=24 * len(case["outside"]), freq="H", tz="UTC")
    meter = pd.DataFrame({"value": case["kwh"]}, index=days)
    outside = pd.Series([value for value in case["outside"] for _ in range(24)], index=hours)
    begin = time.perf_counter()
    design = eemeter.create_caltrack_daily_design_matrix(meter, outside, degc=True)
    found = eemeter.fit_caltrack_usage_per_day_model(design)
    taken = time.perf_counter() - begin
    points = [found.model.model_params.get(side + "_balance_point") for side in ("heating", "cooling")]
    print(json.dumps({"seconds": taken, "model": found.model.model_type, "r2": found.r_squared_adj, "points": points}))
"""


def main() -> None:
    """Print both times and their ratio."""
    readings, weather = fictitious(METERS)
    names = readings["compteur_id"].unique()
    halves = [set(names[part::CORES]) for part in range(CORES)]
    parts = [
        (
            readings[readings["compteur_id"].isin(half)],
            weather[weather["station"].isin(half)],
            {one: one for one in half},
        )
        for half in halves
    ]
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by the new processes
    try:
        with multiprocessing.get_context("spawn").Pool(CORES) as pool:
            pool.map(_nothing, range(CORES))
            start = time.perf_counter()
            found = pool.map(_fitted, parts)
            ours = time.perf_counter() - start
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    fitted = sum(found)
    if fitted != METERS:
        raise RuntimeError(f"Of {METERS} meters, {fitted} have a model.")
    print(f"energy: {METERS:,} baselines of {DAYS} days, each its own weather, {CORES} processes: {ours:.1f} s", end="")
    print(f" ({ours * CORES / METERS * 1000:.1f} ms of one core a meter)")
    theirs = _eemeter(readings, weather, names[:COMPARED])
    if theirs is None:
        return
    mine = _alone(readings, weather, names[:COMPARED])
    print(
        f"energy: one meter, design and fit: {mine * 1000:.1f} ms; eemeter {theirs:.1f} s; {theirs / mine:.0f} times "
        f"faster, {theirs / (ours * CORES / METERS):.0f} times among {METERS:,}"
    )


def fictitious(meters: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make daily meters with heating, some with cooling too, each with weather of its own."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-01-01", periods=DAYS)
    season = -np.cos(2 * np.pi * (np.arange(DAYS) - 20) / 365)
    noise = rng.normal(size=(meters, DAYS))
    for day in range(1, DAYS):
        noise[:, day] = 0.7 * noise[:, day - 1] + 0.7 * noise[:, day]
    outside = np.round(12 + 7 * season + 3 * noise, 1)
    heat, cool = np.maximum(16 - outside, 0), np.maximum(outside - 20, 0)
    slopes = rng.uniform(5, 20, size=(2, meters, 1)) * np.stack([np.ones((meters, 1)), np.arange(meters)[:, None] % 2])
    use = np.round(100 + slopes[0] * heat + slopes[1] * cool + 5 * rng.normal(size=(meters, DAYS)), 2)
    names = np.repeat([f"M{number:05d}" for number in range(meters)], DAYS)
    dates = np.tile(days, meters)
    readings = pd.DataFrame({"compteur_id": names, "debut": dates, "fin": dates + pd.Timedelta(days=1)})
    weather = pd.DataFrame({"station": names, "jour": dates, "tmoy": outside.ravel()})
    return readings.assign(kwh=use.ravel()), weather


def _nothing(_: int) -> None:
    """Make a process import what it needs before the clock runs."""


def _fitted(part: tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]) -> int:
    readings, weather, stations = part
    return sum(one.status == "SUCCESS" for one in fit_many(readings, weather, stations).values())


def _one(readings: pd.DataFrame, weather: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    use = readings[readings["compteur_id"] == name].set_index("debut")["kwh"]
    outside = weather[weather["station"] == name].set_index("jour")["tmoy"]
    return pd.concat([use, pd.Series([np.nan], index=[use.index[-1] + pd.Timedelta(days=1)])]), outside


def _alone(readings: pd.DataFrame, weather: pd.DataFrame, names: np.ndarray) -> float:
    """Seconds of one meter at a time, from hourly temperatures, the best of five."""
    best = []
    for name in names:
        _, outside = _one(readings, weather, name)
        hours = pd.date_range(outside.index[0], periods=24 * len(outside), freq="h")
        hours = pd.DataFrame({"station": name, "jour": hours, "tmoy": outside.reindex(hours).ffill().to_numpy()})
        one, times = readings[readings["compteur_id"] == name], []
        for _ in range(5):
            start = time.perf_counter()
            fit_many(one, hours, {name: name})
            times.append(time.perf_counter() - start)
        best.append(min(times))
    return float(np.mean(best))


def _eemeter(readings: pd.DataFrame, weather: pd.DataFrame, names: np.ndarray) -> float | None:
    """Seconds of eemeter for one meter, None where it can't be had; its models must be ours."""
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for name in names:
            use, outside = _one(readings, weather, name)
            kwh = [None if np.isnan(value) else value for value in use]
            cases.append({"start": f"{use.index[0]:%Y-%m-%d}", "kwh": kwh, "outside": outside.tolist()})
        given, script = Path(folder) / "cases.json", Path(folder) / "reference.py"
        given.write_text(json.dumps(cases), encoding="utf-8")
        script.write_text(REFERENCE, encoding="utf-8")
        python = Path(folder) / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        try:
            venv.create(Path(folder) / "venv", with_pip=True)
            # its own libraries only: ours are not for it
            clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
            install = [python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", *PACKAGES]
            subprocess.run(install, check=True, env=clean, capture_output=True)
            run = subprocess.run([python, script, given], check=True, env=clean, capture_output=True, text=True)
        except (subprocess.CalledProcessError, OSError) as error:
            text = getattr(error, "stderr", b"") or b""
            reason = (text if isinstance(text, str) else text.decode(errors="replace")).strip().splitlines()[-1:] or [
                str(error)
            ]
            print(f"energy: eemeter can't be installed or run here ({reason[0]}); no ratio", file=sys.stderr)
            return None
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    for name, answer in zip(names, answers, strict=True):
        one = readings[readings["compteur_id"] == name]
        _same(fit_many(one, weather[weather["station"] == name], {name: name})[name], answer)
    return float(np.mean([answer["seconds"] for answer in answers]))


def _same(mine: Baseline, answer: dict) -> None:
    """Stop where the two differ: a model found faster must be the same."""
    points = [None if np.isnan(one) else round(one * 1.8 + 32) for one in
              (mine.heating_balance_point, mine.cooling_balance_point)]  # fmt: skip
    if mine.model != answer["model"] or points != answer["points"] or abs(mine.r2_adj - answer["r2"]) > 1e-9:
        raise RuntimeError(f"eemeter finds {answer}, and ours is {mine}.")


if __name__ == "__main__":
    main()
