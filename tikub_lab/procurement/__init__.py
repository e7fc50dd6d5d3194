"""Steering purchases by data: what is bought, from whom, with how much competition, and where to act."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "calendar.deadlines": "ends ends_summary",
        "calendar.ics": "as_csv as_ics",
        "calendar.launches": "by_month launches",
        "competition": "called offers_distribution single_offers single_offers_overall",
        "concentration": "concentrations",
        "considerations": "against_targets consideration_rates considered_by_year evolution innovation_rates",
        "decisions": "bought_apart first_lever leading split_advice to_green weak_competition where_to_act",
        "delays": "publication_delays",
        "density": "around at_thresholds",
        "duties": "readiness spaser",
        "execution": "amended largest_changes",
        "flags.cardinal": "bids_of signals",
        "frameworks": "framework_summary",
        "groups": "short_labels",
        "holders": "held_among holder",
        "spending": "by_division by_price_form by_procedure by_year summary",
        "scorecard.card": "bridge by_rule",
        "scorecard.publications": "largest_moves published_files trend",
        "scorecard.scores": "completeness doubtful scores",
        "selection": "reference_day scope",
        "splits": "evidence split_needs",
        "suppliers": "by_category by_commune by_departement distance_bands distances largest_suppliers local_rates "
        "sme_rates supplier_places",
        "thresholds": "in_force",
    },
)
