"""What each lycée uses beside its peers, and which part of its heating signature stands out."""

from tikub_lab.energy.performance.circle import compare, peers, quantiles
from tikub_lab.energy.performance.intensity import intensities
from tikub_lab.energy.performance.quantities import standing
from tikub_lab.energy.performance.signature import picture, signatures
from tikub_lab.energy.performance.verdict import outstanding
from tikub_lab.methods.lazy import doors

__all__ = [
    "compare", "intensities", "outstanding", "peers", "picture", "quantiles",
    "signatures", "standing",
]  # fmt: skip
doors(__name__)
