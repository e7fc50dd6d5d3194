"""The challenge between lycées, scored on savings with their intervals."""

from tikub_lab.energy.challenge.contest import Challenge, by_month, challenge, gap, period, position
from tikub_lab.energy.challenge.grouping import groups
from tikub_lab.energy.challenge.order import pairs, ranks

__all__ = ["Challenge", "by_month", "challenge", "gap", "groups", "pairs", "period", "position", "ranks"]
