"""Each public method of ``tikub_lab.procurement`` called once or more, on the tables of any data package.

The name before the bracket is the public one, and stays when the call changes: whoever gives a method other arguments
changes them here, and its pin must not move.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from tests.procurement.cardinal import as_cardinal, register
from tikub_lab import procurement as p
from tikub_lab.procurement.calendar.launches import LeadTimes, time_limits
from tikub_lab.procurement.considerations import targets
from tikub_lab.procurement.duties import climate_law
from tikub_lab.procurement.execution import final_states
from tikub_lab.procurement.flags.cardinal import FLAGS, Settings, red_flags
from tikub_lab.procurement.flags.register import from_contracts
from tikub_lab.procurement.groups import families, family_labels
from tikub_lab.procurement.scorecard.card import rule_texts
from tikub_lab.procurement.scorecard.scores import missing_fields
from tikub_lab.procurement.selection import buyer_name
from tikub_lab.procurement.suppliers import firm, supplier_shares
from tikub_lab.procurement.thresholds import purchase_kind, threshold

BY = ("ensemble", "annee", "famille", "acheteur", "procedure", "forme_prix")
KINDS = ("travaux", "fournitures", "services")
Pins = Iterator[tuple[str, Any]]


SELECTION = ("acheteur", "annee_debut", "annee_fin", "famille", "region")


def results(load: Any, **selection: Any) -> Pins:
    """All results of one selection of contracts; ``load(name)`` gives a table, without rows where there is none."""
    names = ("contracts", "suppliers", "amendments", "records", "bids")
    book, suppliers, amendments, records, bids = (load(f"procurement/{name}") for name in names)
    here = p.scope(book, *(selection.get(name) for name in SELECTION))
    contracts = here.contracts
    records = records[records["acheteur_id"] == selection["acheteur"]] if "acheteur" in selection else records
    today = p.reference_day(book)
    yield "reference_day", today
    yield "scope[contracts]", contracts[["uid"]]
    yield "scope", [here.name, here.period, len(here.contracts)]
    rates = p.considered_by_year(contracts)
    yield "considered_by_year", rates
    green = p.consideration_rates(contracts, "environnement")
    yield "evolution", p.evolution(green) if len(green) else ""
    yield "short_labels", p.short_labels(p.by_division(contracts)["libelle"]).tolist()
    bids = p.bids_of(contracts, bids, book) if len(bids) else bids
    yield "bids_of", bids[["consultation_id", "lot", "offre"]]
    yield "signals", p.signals(contracts, suppliers, bids)
    buyers = contracts["acheteur_id"].drop_duplicates().head(3)
    yield "buyer_name", [buyer_name(contracts, buyer) for buyer in [None, *buyers]]
    yield from _bought(contracts, suppliers)
    yield from _competition(contracts, suppliers)
    yield from _responsible(contracts, suppliers)
    yield from _suppliers(contracts, suppliers)
    yield from _advice(book, contracts, suppliers, amendments, today)
    yield from _splits(contracts, suppliers)
    yield from _flags(contracts, suppliers, bids)
    yield from _quality(contracts, records)


def constants() -> Pins:
    """Results that depend on no table: rules, thresholds, targets, words, defaults, a few releases made here."""
    yield "FLAGS", FLAGS
    yield "LeadTimes", LeadTimes()
    yield "Settings", Settings()
    yield "targets", targets()
    yield "rule_texts", rule_texts()
    days = ("2019-06-01", "2022-03-01", "2024-05-15", "2026-09-01")
    yield "time_limits", {day: time_limits(day) for day in days}
    yield (
        "threshold",
        {
            f"{name}, {kind}, {day}": _threshold(threshold(name, day, kind))
            for name in ("dispense", "publicite", "formalisee")
            for kind in KINDS
            for day in days[1:]
        },
    )
    yield "red_flags[releases]", red_flags(register(releases()))


def _threshold(found: Any) -> dict[str, Any]:
    name, kind, buyer = found.key
    texts = {field: getattr(found, field) for field in ("debut", "fin", "texte", "reference", "source", "statut")}
    own = {"name": name, "kind": kind, "buyer": buyer, "montant": int(found.number)}
    return {**own, **texts, "remarque": found.remarque}


def _bought(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Pins:
    yield "summary", p.summary(contracts, suppliers)
    yield "Summary", p.summary(contracts.head(0), suppliers.head(0))
    for name in ("by_division", "by_price_form", "by_procedure", "by_year"):
        yield name, getattr(p, name)(contracts)
    for digits in (2, 3):
        keys = families(contracts["codeCPV"], digits)
        yield f"families[{digits}]", keys.value_counts().sort_index()
        yield f"family_labels[{digits}]", family_labels(keys.drop_duplicates().sort_values().reset_index(drop=True))
    yield "purchase_kind", purchase_kind(contracts["codeCPV"]).value_counts(dropna=False).sort_index()
    for name in ("dispense", "publicite", "formalisee"):
        found = p.in_force(contracts, name)
        yield f"in_force[{name}]", found.value_counts(dropna=False).sort_index()
    yield "framework_summary", p.framework_summary(contracts)


def _competition(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Pins:
    calls = p.called(contracts)
    yield "called", calls[["uid"]]
    yield "single_offers_overall", p.single_offers_overall(calls)
    yield "offers_distribution", p.offers_distribution(calls)
    for by in BY:
        yield f"single_offers[{by}]", p.single_offers(calls, by)
        yield f"concentrations[{by}]", p.concentrations(contracts, suppliers, by)


def _responsible(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Pins:
    limit = p.in_force(contracts, "formalisee")["seuil_montant"]
    for by in BY:
        for domain in ("environnement", "social"):
            yield f"consideration_rates[{domain}, {by}]", p.consideration_rates(contracts, domain, by)
        yield f"innovation_rates[{by}]", p.innovation_rates(contracts, by)
        yield f"readiness[{by}]", p.readiness(contracts, limit, by)
    yield "against_targets", p.against_targets(contracts)
    law = climate_law(contracts, limit)
    yield "climate_law", law
    yield "spaser", p.spaser(contracts)


def _suppliers(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Pins:
    yield "firm", firm(suppliers["titulaire_id"].drop_duplicates().sort_values().head(200).reset_index(drop=True))
    yield "largest_suppliers", p.largest_suppliers(contracts, suppliers, 20)
    for number in firm(suppliers.loc[suppliers["uid"].isin(contracts["uid"]), "titulaire_id"]).value_counts().index[:1]:
        found = p.holder(contracts, suppliers, number)
        yield "holder", [found.number, found.name, found.period, found.size, found.contracts["detenu"].sum()]
        yield "held_among", p.held_among(contracts, suppliers, found.firme)
    for name in ("by_category", "by_commune", "by_departement", "supplier_places"):
        yield name, getattr(p, name)(contracts, suppliers)
    shares = supplier_shares(contracts, suppliers)
    yield "supplier_shares", shares
    measured = p.distances(contracts, suppliers)
    yield "distances", measured
    yield "distance_bands", p.distance_bands(measured)
    for by in BY:
        yield f"local_rates[{by}]", p.local_rates(contracts, suppliers, by)
        yield f"sme_rates[{by}]", p.sme_rates(contracts, suppliers, by)


def _advice(
    book: pd.DataFrame, contracts: pd.DataFrame, suppliers: pd.DataFrame, amendments: pd.DataFrame, today: pd.Timestamp
) -> Pins:
    limit = p.in_force(contracts, "formalisee")["seuil_montant"]
    ends = p.ends(contracts, amendments, today, suppliers)
    plan = p.launches(ends, today, seuil=limit)
    yield "ends", ends
    yield "ends_summary", p.ends_summary(ends)
    yield "launches", plan
    yield "launches[LeadTimes]", p.launches(ends, today, LeadTimes(besoin=60))["a_lancer_avant"]
    yield "by_month", p.by_month(plan, today)
    yield "by_month[12]", p.by_month(plan, today, 12)
    coming = plan[plan["fin"] >= today]
    yield "as_csv", p.as_csv(coming.head(40), fictitious=True).splitlines()
    yield "as_ics", p.as_ics(coming.head(20), today, "Échéances", fictitious=True).decode().splitlines()
    found = {
        "weak_competition": p.weak_competition(contracts, suppliers, today),
        "split_advice": p.split_advice(p.split_needs(contracts, suppliers), today),
        "bought_apart": p.bought_apart(contracts, today),
        "to_green": p.to_green(book, plan, today),
    }
    yield from found.items()
    advices = p.where_to_act(*found.values())
    yield "where_to_act", advices
    yield "leading", p.leading(advices)
    yield "first_lever", p.first_lever(advices)
    for by in BY:
        yield f"amended[{by}]", p.amended(contracts, amendments, by)
    yield "final_states", final_states(contracts, amendments)
    yield "largest_changes", p.largest_changes(contracts, amendments, 30)


def _splits(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Pins:
    needs = p.split_needs(contracts, suppliers)
    yield "split_needs", needs
    if len(needs):
        yield "evidence", p.evidence(needs.iloc[0], contracts)
    yield "at_thresholds", p.at_thresholds(contracts)
    for name, kind in (("dispense", "travaux"), ("publicite", "fournitures et services"), ("formalisee", "travaux")):
        yield f"around[{name}, {kind}]", p.around(contracts, name, kind, width=0.05)


def _flags(contracts: pd.DataFrame, suppliers: pd.DataFrame, bids: pd.DataFrame) -> Pins:
    yield "red_flags[contracts]", red_flags(from_contracts(contracts, suppliers), Settings(flags=("R018", "R048")))
    if len(bids):
        found = red_flags(bids)
        yield "red_flags[bids]", found
        yield "as_cardinal", as_cardinal(found, meta=True)


def releases() -> Iterator[dict[str, Any]]:
    """Forty compiled releases, fictitious: two to four bids each, a few disqualified, late or of one price."""
    for number in range(40):
        prices = [100.0 + 3 * number + step * (number % 5) for step in range(2 + number % 3)]
        yield {
            "ocid": f"ocds-fictif-{number:02}",
            "buyer": {"id": f"B{number % 3}"},
            "tender": {
                "procurementMethod": ("open", "limited", "selective")[number % 3],
                "numberOfTenderers": len(prices),
                "tenderPeriod": {
                    "startDate": "2024-03-01T00:00:00Z",
                    "endDate": f"2024-03-{5 + number % 20:02}T00:00:00Z",
                },
            },
            "bids": {
                "details": [
                    {
                        "status": "disqualified" if (number + place) % 7 == 0 else "valid",
                        "tenderers": [{"id": f"F{(number + place) % 6}"}],
                        "value": {"amount": price, "currency": "EUR"},
                        "date": f"2024-03-{4 + number % 20:02}T1{place}:00:00Z",
                    }
                    for place, price in enumerate(prices)
                ]
            },
            "awards": [
                {
                    "status": "active",
                    "suppliers": [{"id": f"F{number % 6}"}],
                    "items": [{"classification": {"id": f"{45210000 + 100 * (number % 4)}"}}],
                }
            ],
        }


def _quality(contracts: pd.DataFrame, records: pd.DataFrame) -> Pins:
    yield "completeness", p.completeness(contracts)
    for by in BY:
        yield f"publication_delays[{by}]", p.publication_delays(contracts, by)
    for name in ("scores", "bridge", "doubtful", "published_files", "trend"):
        yield name, getattr(p, name)(records)
    yield "missing_fields", missing_fields(records)
    yield "by_rule", p.by_rule(records, all_rules=True)
    yield "largest_moves", p.largest_moves(records, n=60)
