"""The « décret tertiaire » and the Région's own plan: dated values, reference years, targets, and where sites stand."""

from tikub_lab.energy.law.overview import at, course, ranking, stock, summary
from tikub_lab.energy.law.place import standing
from tikub_lab.energy.law.reference import final_energy, references, usable_years
from tikub_lab.energy.law.region import followed
from tikub_lab.energy.law.trend import outlook, pace
from tikub_lab.energy.legal import milestones
from tikub_lab.methods.lazy import doors

__all__ = [
    "at", "course", "final_energy", "followed", "milestones",
    "outlook", "pace", "ranking", "references", "standing", "stock", "summary", "usable_years",
]  # fmt: skip
doors(__name__)
