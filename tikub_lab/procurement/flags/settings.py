"""What the red flags may be told: the settings of Cardinal 0.0.8, by the same names.

Source: https://cardinal.readthedocs.io/en/latest/cli/indicators/ (Open Contracting Partnership, MIT licence).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from tikub_lab.errors import UsageError, nearest

ALL = ("R003", "R018", "R024", "R025", "R028", "R030", "R035", "R036", "R038", "R048", "R058")
"""The eleven flags."""


@dataclass(frozen=True)
class Settings:
    """Settings of the red flags; the defaults are Cardinal's.

    A threshold that is None is the fence that the data give; where none is named, all methods or procedures are meant.
    """

    # Which flags are looked for can decide the currency.
    flags: tuple[str, ...] = ALL
    # Prices in another one are left out of R024, R036 and R058; by default the first met in a bid that they look at.
    currency: str | None = None
    # Procedures (``details``) that do not compare prices: R024, R028, R036 and R058 leave them out.
    no_price_comparison_procurement_methods: tuple[str, ...] = ()
    # Those that do; where some are named, only these count.
    price_comparison_procurement_methods: tuple[str, ...] = ()
    # Leave out too, for these flags, what says that price is not its only criterion: only a bid register does.
    respect_criteria: bool = True
    excluded_procurement_method_details: tuple[str, ...] = ()
    # Fewer whole days are short; then the methods looked at, and thresholds of some procedures.
    r003_threshold: int = 15
    r003_procurement_methods: tuple[str, ...] = ()
    r003_procurement_method_details: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    r018_procurement_methods: tuple[str, ...] = ("open", "selective")
    r024_threshold: float | None = None
    # Tenderers with so many bids at least are looked at.
    r025_percentile: int = 75
    r025_threshold: float | None = None
    # Tenderers disqualified, at least; never less than 1.
    r035_threshold: int = 1
    r038_threshold: float | None = None
    # Cardinal counts bids in both cases, in spite of the second name.
    r038_minimum_submitted_bids: int = 2
    r038_minimum_contracting_processes: int = 2
    # 2 for divisions of the CPV; then how many processes a supplier must have won.
    r048_digits: int = 2
    r048_threshold: int | None = None
    r048_minimum_contracting_processes: int = 20
    r058_threshold: float | None = None

    def __post_init__(self) -> None:
        unknown = [flag for flag in self.flags if flag not in ALL]
        if unknown:
            raise UsageError(
                f"flags: {unknown[0]!r} is no red flag.{nearest(unknown[0], ALL)} There are {', '.join(ALL)}."
            )
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name.startswith("r0") and isinstance(value, (int, float)) and value < 0:
                raise UsageError(f"{item.name}={value!r}: give zero or more.")
