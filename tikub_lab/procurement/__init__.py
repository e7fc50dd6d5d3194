"""Steering purchases by data: what is bought, from whom, with how much competition, and where to act."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "calendar.deadlines": "ends ends_summary",
        "calendar.ics": "as_csv as_ics",
        "calendar.launches": "by_month launches",
        "calendar.schedule": "LeadTimes time_limits",
        "competition": "called offers_distribution offers_received single_offers single_offers_overall",
        "concentration": "concentrations",
        "considerations": "against_targets consideration_rates considered_by_year evolution innovation_rates "
        "origin_rates targets",
        "decisions": "bought_apart first_lever leading split_advice to_green weak_competition where_to_act",
        "delays": "publication_delays",
        "density.amounts": "around at_thresholds",
        "density.jump": "jump",
        "duties": "climate_law readiness spaser",
        "execution": "amended final_states largest_changes",
        "flags.bids": "from_bids",
        "flags.cardinal": "FLAGS Settings as_cardinal red_flags signals",
        "flags.ocds": "from_releases read_releases",
        "flags.processes": "from_contracts",
        "frameworks": "framework_summary",
        "groups": "families family_labels short_labels",
        "holders": "by_category by_commune by_departement sme_rates",
        "indicators": "Rate Summary by_division by_price_form by_price_type by_procedure by_year firm "
        "largest_suppliers single_offer_rate summary supplier_places supplier_shares",
        "locality": "distance_bands distances local_rates",
        "scorecard.card": "bridge by_rule rule_texts",
        "scorecard.publications": "largest_moves published_files trend",
        "scorecard.scores": "completeness completeness_by_buyer doubtful missing_fields scores",
        "selection": "buyer_name reference_day scope",
        "splits": "evidence split_needs totals",
        "thresholds": "in_force purchase_kind threshold",
    },
)
