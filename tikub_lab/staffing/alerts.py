"""Alerts with the law's clocks: what is due, by when, by which text. They tell of persons: never on a page."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from tikub_lab.methods.law import Law, Value
from tikub_lab.methods.privacy import pseudonyms
from tikub_lab.staffing.events import OPEN, Row
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.staffing.periods import Thing, spells, thing

LAW = Law(Path(__file__).with_name("law.csv"))
AHEAD = 30
"""Days before a clock runs out from which on there is an alert."""
COLUMNS = ("alerte", "echeance", "jours", "poste", "code_uai", "metier", "personne", "texte", "statut")

Things = dict[Thing, Row]
Found = tuple[str, date, str, Row, Value]


def alerts(ledger: Ledger, day: date, key: bytes) -> pd.DataFrame:
    """List what the law's clocks say on a day, the most urgent first: :data:`COLUMNS`.

    ``jours`` are those left, negative once it is past; ``personne`` is a pseudonym by the key; ``statut`` says whether
    the rule is confirmed.
    """
    rows = ledger.rows(after=_later(day, years=-2))
    known = spells(rows, day)
    of = {thing(row): row for row in known if row["debut"] <= day < row["fin"]}
    found = []
    for name, due, position, row, rule in [*_contracts(of), *_sick(of, known, rows, day), *_replacements(of, day)]:
        if (due - day).days <= AHEAD:
            post = of.get(("poste", position), {})
            where = (position, post.get("code_uai"), post.get("metier"))
            found.append((name, due, (due - day).days, *where, row["agent"], rule.version, rule.statut))
    table = pd.DataFrame(found, columns=list(COLUMNS)).astype({"personne": "str", "echeance": "datetime64[s]"})
    table["personne"] = pseudonyms(table["personne"], key)
    return table.sort_values(["echeance", "poste", "alerte"], ignore_index=True)


def _contracts(of: Things) -> Iterator[Found]:
    for row in of.values():
        if row["contrat"] != "vacance" or row["objet"] != "affectation":
            continue
        for step in ("durée", "durée totale"):
            rule = _rule(row, "contrat de vacance", step)
            due = _later(row["debut"], years=int(rule.number))
            if due < row["fin"]:
                yield f"contrat de vacance : {step}", due, row["rattachement"], row, rule
        published = of.get(("poste", row["rattachement"]), {}).get("publication")
        rule = _rule(row, "publication", "durée")
        long = row["fin"] >= _later(row["debut"], years=1)  # shorter contracts need none of it
        if published and long and published <= row["debut"] < (due := _later(published, months=int(rule.number))):
            yield "publication : pourvu trop tôt", due, row["rattachement"], row, rule


def _sick(of: Things, known: list[Row], rows: list[Row], day: date) -> Iterator[Found]:
    """Give sick leaves that come to half pay: all days of them that the agent had in the year before count."""
    agents = {row["cle"]: row["agent"] for row in known if row["objet"] == "affectation"}
    end, ill = _later(day, years=1), defaultdict[str, set[date]](set)
    for row in rows:
        if row["motif"] == "maladie" and row["rattachement"] in agents:
            ill[agents[row["rattachement"]]] |= {*_days(row["debut"], min(row["fin"], end))}
    for row in of.values():
        stay = of.get(("affectation", str(row["rattachement"])))
        if row["motif"] == "maladie" and stay is not None and row["debut"] >= date(2025, 3, 1):
            rule = _rule(row, "congé de maladie", "jours à plein taux")
            for due in _days(row["debut"], min(row["fin"], end)):
                first = _later(due, years=-1)
                if sum(first <= each < due for each in ill[stay["agent"]]) >= rule.number:
                    yield "maladie : demi-traitement", due, stay["rattachement"], stay, rule
                    break


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days))


def _replacements(of: Things, day: date) -> Iterator[Found]:
    for row in of.values():
        if row["objet"] == "remplacement":
            absence = of.get(("absence", row["rattachement"]))
            due = absence["fin"] if absence else day
            if row["fin"] > due != OPEN:
                rule = _rule(row, "contrat de remplacement", "fin")
                yield "remplacement : l'absence est finie", due, row["cle"].partition("/")[0], row, rule


def _rule(row: Row, *key: str) -> Value:
    first = min(version.debut or date.min for version in LAW.values(*key))
    return LAW.value(*key, day=max(row["debut"], first))


def _later(day: date, years: int = 0, months: int = 0) -> date:
    return (pd.Timestamp(day) + pd.DateOffset(years=years, months=months)).date()
