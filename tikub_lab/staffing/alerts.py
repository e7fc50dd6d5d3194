"""Alerts with the law's clocks: what is due, by when, by which text. They tell of persons, and stay off all pages."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from tikub_lab.methods.law import Law, Value
from tikub_lab.methods.privacy import pseudonyms
from tikub_lab.staffing.events import OPEN, Spell, spells
from tikub_lab.staffing.ledger import Ledger

LAW = Law(Path(__file__).with_name("law.csv"))
AHEAD = 30
"""Days before a clock runs out from which on there is an alert."""
COLUMNS = ("alerte", "echeance", "jours", "poste", "code_uai", "metier", "personne", "texte", "statut")

Found = tuple[str, date, str, Spell, Value]


def alerts(ledger: Ledger, day: date, key: bytes) -> pd.DataFrame:
    """List what the law's clocks say on a day: contracts on vacancies, publications, sick leave, ends of replacements.

    ``alerte``, ``echeance``, ``jours`` left (negative once it is past), ``poste``, ``code_uai``, ``metier``,
    ``personne`` (a pseudonym by the key), ``texte``, ``statut`` (whether the rule is confirmed); the most urgent first.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.staffing.ledger import replay
    >>> table = alerts(replay(tables.load("staffing/events")), date(2025, 12, 31), b"k" * 32)
    >>> table["personne"].str.startswith("p-").all().item()
    True
    """
    known = spells(ledger.rows(after=_later(day, years=-2)))
    there = [spell for spell in known if spell.debut <= day < spell.fin]
    of = {(spell.row(day)["objet"], spell.row(day)["cle"]): spell for spell in there}
    found = []
    for name, due, position, spell, rule in [*_contracts(of, day), *_sick(of, known, day), *_replacements(of, day)]:
        if (due - day).days <= AHEAD:
            row = of["poste", position].row(day) if ("poste", position) in of else {}
            agent = spell.row(day)["agent"]
            where = (position, row.get("code_uai"), row.get("metier"))
            found.append((name, due, (due - day).days, *where, agent, rule.version, rule.statut))
    table = pd.DataFrame(found, columns=list(COLUMNS))
    table["personne"] = pseudonyms(table["personne"].astype("str"), key)
    table["echeance"] = table["echeance"].astype("datetime64[s]")
    return table.sort_values(["echeance", "poste", "alerte"], ignore_index=True)


def _contracts(of: dict[tuple[str, str], Spell], day: date) -> Iterator[Found]:
    """Give contracts on vacancies that reach one year or two, and those that began too soon after the publication."""
    for (kind, _), spell in of.items():
        row = spell.row(day)
        if kind != "affectation" or row["contrat"] != "vacance":
            continue
        for step in ("durée", "durée totale"):
            rule = _rule(spell, "contrat de vacance", step)
            due = _later(spell.debut, years=int(rule.number))
            if due < spell.fin:
                yield f"contrat de vacance : {step}", due, row["rattachement"], spell, rule
        position = of.get(("poste", row["rattachement"]))
        published = position.row(day)["publication"] if position else None
        rule = _rule(spell, "publication", "durée")
        long = spell.fin >= _later(spell.debut, years=1)  # shorter contracts need none of it
        if published and long and published <= spell.debut < (due := _later(published, months=int(rule.number))):
            yield "publication : pourvu trop tôt", due, row["rattachement"], spell, rule


def _sick(of: dict[tuple[str, str], Spell], known: list[Spell], day: date) -> Iterator[Found]:
    """Give sick leaves that come to half pay: what counts is all days of them that the agent had in the year before."""
    stays = {spell.row(day)["cle"]: spell for spell in known if spell.row(day)["objet"] == "affectation"}
    end, ill = _later(day, years=1), defaultdict[str, set[date]](set)
    for part in (part for spell in known for part in spell.parts if part.row["motif"] == "maladie"):
        if stay := stays.get(part.row["rattachement"]):
            ill[stay.row(day)["agent"]] |= set(_days(part.debut, min(part.fin, end)))
    for (kind, _), spell in of.items():
        row = spell.row(day)
        stay = of.get(("affectation", str(row["rattachement"])))
        if kind == "absence" and row["motif"] == "maladie" and stay is not None and spell.debut >= date(2025, 3, 1):
            rule = _rule(spell, "congé de maladie", "jours à plein taux")
            days = ill[stay.row(day)["agent"]]
            for due in _days(spell.debut, min(spell.fin, end)):
                first = _later(due, years=-1)
                if sum(first <= each < due for each in days) >= rule.number:
                    yield "maladie : demi-traitement", due, stay.row(day)["rattachement"], stay, rule
                    break


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days))


def _replacements(of: dict[tuple[str, str], Spell], day: date) -> Iterator[Found]:
    """Give replacements that go on, or are to go on, when the absence is over."""
    for (kind, key), spell in of.items():
        row = spell.row(day)
        if kind == "remplacement":
            absence = of.get(("absence", row["rattachement"]))
            rule = _rule(spell, "contrat de remplacement", "fin")
            due = absence.fin if absence else day
            if spell.fin > due and due != OPEN:
                yield "remplacement : l'absence est finie", due, key.partition("/")[0], spell, rule


def _rule(spell: Spell, *key: str) -> Value:
    """Return the rule of its first day, or the first version that is known."""
    first = min(version.debut or date.min for version in LAW.values(*key))
    return LAW.value(*key, day=max(spell.debut, first))


def _later(day: date, years: int = 0, months: int = 0) -> date:
    """Give the same day of a later month, or the last one of it."""
    return (pd.Timestamp(day) + pd.DateOffset(years=years, months=months)).date()
