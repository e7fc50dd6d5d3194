"""Steering purchases by data: what is bought, from whom, with how much competition, and where to act."""

from tikub_lab.procurement.calendar.deadlines import ends, ends_summary
from tikub_lab.procurement.calendar.ics import as_csv, as_ics
from tikub_lab.procurement.calendar.launches import by_month, launches
from tikub_lab.procurement.calendar.schedule import LeadTimes, time_limits
from tikub_lab.procurement.competition import (
    called,
    offers_distribution,
    offers_received,
    single_offers,
    single_offers_overall,
)
from tikub_lab.procurement.concentration import concentrations
from tikub_lab.procurement.considerations import (
    against_targets,
    consideration_rates,
    innovation_rates,
    origin_rates,
    targets,
)
from tikub_lab.procurement.decisions import (
    bought_apart,
    leading,
    split_advice,
    to_green,
    weak_competition,
    where_to_act,
)
from tikub_lab.procurement.delays import publication_delays
from tikub_lab.procurement.density.amounts import around, at_thresholds
from tikub_lab.procurement.density.jump import jump
from tikub_lab.procurement.duties import climate_law, readiness, spaser
from tikub_lab.procurement.execution import amended, final_states, largest_changes
from tikub_lab.procurement.flags.bids import from_bids
from tikub_lab.procurement.flags.cardinal import FLAGS, Settings, as_cardinal, red_flags
from tikub_lab.procurement.flags.ocds import from_releases, read_releases
from tikub_lab.procurement.flags.processes import from_contracts
from tikub_lab.procurement.frameworks import framework_summary
from tikub_lab.procurement.groups import families, family_labels
from tikub_lab.procurement.holders import by_category, by_commune, by_departement, sme_rates
from tikub_lab.procurement.indicators import (
    Rate,
    Summary,
    by_division,
    by_price_form,
    by_price_type,
    by_procedure,
    by_year,
    firm,
    largest_suppliers,
    single_offer_rate,
    summary,
    supplier_places,
    supplier_shares,
)
from tikub_lab.procurement.locality import distance_bands, distances, local_rates
from tikub_lab.procurement.scorecard.card import bridge, by_rule, rule_texts
from tikub_lab.procurement.scorecard.publications import largest_moves, published_files, trend
from tikub_lab.procurement.scorecard.scores import (
    completeness,
    completeness_by_buyer,
    doubtful,
    missing_fields,
    scores,
)
from tikub_lab.procurement.selection import buyer_name, reference_day, scope_name, select
from tikub_lab.procurement.splits import evidence, split_needs, totals
from tikub_lab.procurement.thresholds import in_force, purchase_kind, threshold

__all__ = [
    "FLAGS",
    "LeadTimes",
    "Rate",
    "Settings",
    "Summary",
    "against_targets",
    "amended",
    "around",
    "as_cardinal",
    "as_csv",
    "as_ics",
    "at_thresholds",
    "bought_apart",
    "bridge",
    "buyer_name",
    "by_category",
    "by_commune",
    "by_departement",
    "by_division",
    "by_month",
    "by_price_form",
    "by_price_type",
    "by_procedure",
    "by_rule",
    "by_year",
    "called",
    "climate_law",
    "completeness",
    "completeness_by_buyer",
    "concentrations",
    "consideration_rates",
    "distance_bands",
    "distances",
    "doubtful",
    "ends",
    "ends_summary",
    "evidence",
    "families",
    "family_labels",
    "final_states",
    "firm",
    "framework_summary",
    "from_bids",
    "from_contracts",
    "from_releases",
    "in_force",
    "innovation_rates",
    "jump",
    "largest_changes",
    "largest_moves",
    "largest_suppliers",
    "launches",
    "leading",
    "local_rates",
    "missing_fields",
    "offers_distribution",
    "offers_received",
    "origin_rates",
    "publication_delays",
    "published_files",
    "purchase_kind",
    "read_releases",
    "readiness",
    "red_flags",
    "reference_day",
    "rule_texts",
    "scope_name",
    "scores",
    "select",
    "single_offer_rate",
    "single_offers",
    "single_offers_overall",
    "sme_rates",
    "spaser",
    "split_advice",
    "split_needs",
    "summary",
    "supplier_places",
    "supplier_shares",
    "targets",
    "threshold",
    "time_limits",
    "to_green",
    "totals",
    "trend",
    "weak_competition",
    "where_to_act",
]  # fmt: skip
