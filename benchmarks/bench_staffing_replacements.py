"""Replacements: 150 agents for 120 needs, and those of the shipped sample, beside greedy choices: how long, how good.

The aim is 10 s for 150 × 120. Travel is that of plans which cover more days; a test compares it at equal days.
"""

import time
from datetime import date

import numpy as np

from tests.staffing.test_replacements import scarce
from tikub_lab import tables
from tikub_lab.staffing.ledger import replay
from tikub_lab.staffing.replacements import Choice

AIM, SEEDS = 10.0, 3


def main() -> None:
    """Print time, gap and gain of each."""
    sample = Choice.of(replay(tables.load("staffing/events")), tables.load("staffing/agents"),
                    tables.load("territory/lycees"), date(2025, 12, 16))  # fmt: skip
    print(f"replacements: the sample, {told(sample)[1]}")
    found = [told(scarce(seed, 150, 120)) for seed in range(SEEDS)]
    print(*(f"replacements: 150 x 120, {text}" for _, text in found), sep="\n")
    if (middle := float(np.median([seconds for seconds, _ in found]))) > AIM:
        raise SystemExit(f"over the aim: {middle:.1f} s in the median, {AIM:.0f} s aimed at")


def told(asked: Choice) -> tuple[float, str]:
    """Solve, and say in a line what was found."""
    simple, begin, cpu = asked.greedy(), time.perf_counter(), time.process_time()
    best = asked.best()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    more = best.totals["couverts"] / simple.totals["couverts"] - 1
    return seconds, (
        f"{len(asked.ways):,} ways: {seconds:.1f} s ({cpu:.1f} s of processor), gap {best.gap:.2%}, "
        f"{more:+.1%} days, {best.totals['trajet'] / simple.totals['trajet'] - 1:+.1%} travel"
    )


if __name__ == "__main__":
    main()
