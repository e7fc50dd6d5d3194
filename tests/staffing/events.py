"""Events, written short."""

from datetime import date, timedelta

FIRST = date(2026, 1, 1)
POSITION = {"objet": "poste", "code_uai": "0000001B", "metier": "cuisine", "quotite": 100, "statut": "ouvert"}
ASSIGNMENT = {"objet": "affectation", "rattachement": "P1", "agent": "A1", "quotite": 100, "contrat": "titulaire"}
ABSENCE = {"objet": "absence", "rattachement": "F1", "motif": "maladie"}
REPLACEMENT = {"objet": "remplacement", "rattachement": "B1", "agent": "A2", "quotite": 100, "contrat": "pool"}


def day(number):
    """A day by its number; None stays without end."""
    return None if number is None else FIRST + timedelta(days=number)


def event(name, what, cle, debut=0, fin=None, verbe="assert", **more):
    said = what if verbe == "assert" else {"objet": what["objet"]}
    return {"id": name, "verbe": verbe, "cle": cle, "debut": day(debut), "fin": day(fin), **said, **more}


STORY = [
    event("e1", POSITION, "P1"),
    event("e2", ASSIGNMENT, "F1"),
    event("e3", ABSENCE, "B1", 10, 40),
    event("e4", REPLACEMENT, "R1", 12, 40),
]
"""A cook, ill for thirty days, replaced from the third day on."""
