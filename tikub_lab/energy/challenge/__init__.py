"""The challenge between lycées, scored on savings with their intervals."""

from tikub_lab.energy.challenge.contest import Challenge, by_month, challenge, gap, period, position

__all__ = ["Challenge", "by_month", "challenge", "gap", "period", "position"]
