"""Steering purchases by data: what is bought, from whom, with how much competition."""

from tikub_lab.procurement.indicators import (
    Rate,
    Summary,
    buyer_name,
    by_division,
    by_procedure,
    by_year,
    firm,
    largest_suppliers,
    select,
    single_offer_rate,
    summary,
    supplier_places,
    supplier_shares,
)

__all__ = [
    "Rate", "Summary", "buyer_name", "by_division", "by_procedure", "by_year", "firm", "largest_suppliers", "select",
    "single_offer_rate", "summary", "supplier_places", "supplier_shares",
]  # fmt: skip
