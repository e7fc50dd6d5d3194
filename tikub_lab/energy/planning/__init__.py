"""A plan of works within yearly budgets: the best that can be proven, and what it is worth against greedy choices."""

from tikub_lab.energy.planning.choose import Plan, compare, plan
from tikub_lab.energy.planning.measured import measured, realised
from tikub_lab.energy.planning.problem import Rules
from tikub_lab.energy.planning.stability import Sensitivity, sensitivity
from tikub_lab.methods.lazy import doors

__all__ = ["Plan", "Rules", "Sensitivity", "compare", "measured", "plan", "realised", "sensitivity"]
doors(__name__)
