"""What people of a lycée can do, each with its own kWh."""

from tikub_lab.energy.gestures.choice import gestures, three
from tikub_lab.energy.gestures.delegates import report_back, sheet
from tikub_lab.energy.gestures.estimates import measures

__all__ = ["gestures", "measures", "report_back", "sheet", "three"]
