"""What people of a lycée can do, each with its own kWh."""

from tikub_lab.energy.gestures.choice import gestures, three
from tikub_lab.energy.gestures.delegates import report_back, sheet
from tikub_lab.energy.gestures.estimates import measures
from tikub_lab.methods.lazy import doors

__all__ = ["gestures", "measures", "report_back", "sheet", "three"]
doors(__name__)
