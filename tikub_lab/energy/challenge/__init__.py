"""The challenge between lycées, scored on savings with their intervals."""

from tikub_lab.energy.challenge.contest import Challenge, by_month, challenge, gap, period, position
from tikub_lab.methods.lazy import doors

__all__ = ["Challenge", "by_month", "challenge", "gap", "period", "position"]
doors(__name__)
