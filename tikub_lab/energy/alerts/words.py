"""What alerts say, in French: one sentence, and what to check."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tikub_lab.energy.alerts import drift, faults, occupancy
from tikub_lab.energy.alerts.findings import Finding
from tikub_lab.energy.days import date_of
from tikub_lab.show.french import day, number, percent, scaled, typeset

ALWAYS_HOLIDAYS, ALWAYS_WEEKENDS = "chauffage habituel en vacances", "chauffage habituel le week-end"
NIGHTS, EARLY, WORKED, SUMMERS = (
    "base de nuit élevée", "mise en route trop tôt", "week-end comme un jour de cours", "été sans arrêt",
)  # fmt: skip
"""What load curves show."""

GESTURES = {
    occupancy.HOLIDAYS: "Vérifier la programmation du chauffage : le passage en réduit a-t-il été saisi pour ces "
    "vacances, une dérogation est-elle restée active, des locaux étaient-ils occupés ?",
    occupancy.WEEKENDS: "Vérifier l'horloge de la régulation et les dérogations : le réduit du week-end est-il "
    "programmé, l'heure et la date sont-elles justes ?",
    drift.NAME: "Chercher ce qui marche en plus depuis cette date, même quand le lycée est vide : ventilation, "
    "eau chaude, serveurs, éclairage extérieur, fuite ; comparer les puissances de nuit avant et après.",
    faults.BROKEN: "Faire contrôler le compteur ou sa transmission, relever l'index sur place et demander au "
    "distributeur la correction de la période.",
    faults.ESTIMATED: "Relever l'index sur place, le transmettre au fournisseur et demander une facturation sur "
    "relevé réel.",
    faults.MISSING: "Demander les valeurs manquantes au distributeur ; si elles n'existent pas, vérifier la "
    "transmission du compteur.",
    ALWAYS_HOLIDAYS: "Voir avec le lycée si toutes les zones doivent être chauffées en vacances ; sinon, programmer "
    "un réduit, zone par zone.",
    ALWAYS_WEEKENDS: "Voir avec le lycée quelles zones servent le week-end (internat, gymnase) et mettre les autres "
    "en réduit.",
    NIGHTS: "Une nuit, vers 2 h, relever ce qui tourne (ventilation, pompes, cuisine, éclairages, salles "
    "informatiques), programmer son arrêt, puis comparer les nuits avant et après.",
    EARLY: "Vérifier l'horloge de la régulation (heure d'été et d'hiver) et l'heure de relance ; la retarder d'une "
    "demi-heure par semaine tant qu'il fait 19 °C au premier cours.",
    WORKED: "Vérifier que les horloges de la ventilation, du chauffage et de l'éclairage connaissent les samedis, les "
    "dimanches et les jours fériés ; sinon les y saisir.",
    SUMMERS: "Avant l'été, arrêter ventilation, eau chaude, chambres froides vides et salles informatiques, local par "
    "local ; relever la puissance appelée le premier soir.",
}
"""What to check, by nature."""


SUBJECTS = {drift.NAME: "consommation permanente en hausse"}
"""What readers call a nature, where its name is of the trade."""


def subject(nature: str) -> str:
    """Name a nature in plain words, as a title."""
    said = SUBJECTS.get(nature, nature)
    return said[:1].upper() + said[1:]


def sentence(finding: Finding, low: float, high: float) -> str:
    """Say what was found.

    Parameters
    ----------
    finding : Finding
    low, high : float
        Bounds of its kWh, not numbers where unknown.
    """
    when = span(finding.start, finding.end)
    if finding.nature == occupancy.HOLIDAYS:
        told = f"{_named(finding.name)} : chauffage presque comme les jours de cours, {when}"
        if finding.size < 0.8:
            told = f"{_named(finding.name)} : chauffage plus fort que d'ordinaire en vacances, {when}"
        return typeset(f"{told}{_excess(finding, low, high)}.")
    if finding.nature == occupancy.WEEKENDS:
        return typeset(f"Week-ends chauffés plus que d'ordinaire, {when}{_excess(finding, low, high)}.")
    if finding.nature in (ALWAYS_HOLIDAYS, ALWAYS_WEEKENDS):
        when = "en vacances" if finding.nature == ALWAYS_HOLIDAYS else "le week-end"
        told = f"Toute l'année, le chauffage {when} vaut {percent(finding.size)} de celui des jours de cours"
        if not np.isnan(finding.kwh):
            told += f" ; {_energy(finding.kwh)} par an de plus que la médiane des lycées comparables"
        return typeset(f"{told}. C'est un fonctionnement habituel, non une panne.")
    if finding.nature in (NIGHTS, EARLY, WORKED, SUMMERS):
        return typeset(f"{finding.name}{_excess(finding, low, high)}, {when}.")
    if finding.nature == drift.NAME:
        a_day = number(finding.size)
        return typeset(
            f"Depuis le {day(date_of(finding.start))}, le lycée consomme en permanence jusqu'à {a_day} kWh de plus "
            f"par jour{_excess(finding, low, high)}."
        )
    return typeset(f"{_measure(finding, when)}{_unmeasured(finding, low, high)}.")


def in_curve(nature: str, row: Mapping[str, Any]) -> str:
    """Say what a load curve shows, of a row of :class:`tikub_lab.energy.curves.Curves`."""
    if nature == NIGHTS:
        return (
            f"Les nuits avant les cours, au moins {_power(row['base'])} tournent toujours, soit "
            f"{percent(row['nuit'])} de la puissance des cours ({percent(row['nuit_pairs'])} dans les lycées "
            "comparables)"
        )
    if nature == WORKED:
        return (
            f"En journée, le week-end, {_power(row['week_end'])} s'ajoutent à ce qui tourne toujours, soit "
            f"{percent(row['fin_de_semaine'])} de la puissance des cours ({percent(row['fin_de_semaine_pairs'])} dans "
            "les lycées comparables)"
        )
    if nature == SUMMERS:
        return (
            f"En juillet et août, lycée vide, au moins {_power(row['base_ete'])} tournent toujours la nuit, contre "
            f"{_power(row['base'])} les nuits avant les cours : rien n'a été arrêté"
        )
    cold = not row["monte_hiver"] > row["monte_reste"]
    season, hour = ("De novembre à mars", "monte_hiver") if cold else ("D'avril à octobre", "monte_reste")
    return f"{season}, la consommation monte dès {clock(row[hour])}, plus de trois heures avant les cours"


def of_curve(row: Mapping[str, Any]) -> str:
    """Say what a lycée uses when it is empty, and at what hours its use rises and falls."""
    closed = row["nuits"] + row["week_ends"] + row["vacances"]
    told = (
        f"{row['quand'].capitalize()}, {percent(closed)} de l'électricité est utilisée quand il n'y a pas cours : "
        f"{percent(row['nuits'])} la nuit, {percent(row['week_ends'])} le week-end, {percent(row['vacances'])} en "
        f"vacances. Les nuits avant les cours, au moins {_power(row['base'])} (entre {_power(row['base_bas'])} et "
        f"{_power(row['base_haut'])}) tournent toujours, soit {percent(row['nuit'])} de la puissance des cours"
    )
    if not np.isnan(row["nuit_pairs"]):
        told += f" (médiane des lycées comparables : {percent(row['nuit_pairs'])})"
    told += f" ; les autres nuits, {_power(row['base_ferme'])}. "
    if np.isnan(row["monte"]):
        return typeset(f"{told}Nuit et jour diffèrent trop peu pour dire à quelle heure le lycée démarre.")
    rises = f"vers {clock(row['monte'])}"
    if abs(row["monte_hiver"] - row["monte_reste"]) >= 0.25:
        rises = f"vers {clock(row['monte_hiver'])} de novembre à mars, {clock(row['monte_reste'])} d'avril à octobre,"
    return typeset(
        f"{told}Les jours de cours, la consommation monte {rises} et redescend vers {clock(row['descend'])} ; quatre "
        f"jours sur cinq, elle monte entre {clock(row['monte_10'])} et {clock(row['monte_90'])}."
    )


def clock(hour: float) -> str:
    r"""Write an hour to ten minutes.

    Examples
    --------
    >>> [clock(hour).replace("\xa0", " ") for hour in (6.42, 21.99, 0.45)]
    ['6 h 30', '22 h', '30 min']
    """
    hours, tens = divmod(round(6 * hour), 6)
    said = f"{tens}0 min" if not hours and tens else f"{hours} h" + (f" {tens}0" if tens else "")
    return said.replace(" ", "\u00a0")


def _power(kilowatts: float) -> str:
    return f"{number(kilowatts, 0 if kilowatts >= 10 else 1)} kW"


def span(start: int, end: int) -> str:
    """Write the days from the first to the one before the last, counted from 1970.

    Examples
    --------
    >>> span(20128, 20143), span(20128, 20160), span(20128, 20129)
    ('du 9 au 23 février 2025', 'du 9 février au 12 mars 2025', 'le 9 février 2025')
    """
    first, last = date_of(start), date_of(end - 1)
    if first == last:
        return f"le {day(first)}"
    begin = day(first)
    if first.year == last.year:
        begin = begin.removesuffix(f" {first.year}")
        if first.month == last.month:
            begin = begin.split()[0]
    return f"du {begin} au {day(last)}"


def _named(name: str) -> str:
    return name[:1].upper() + name[1:] if name else "Vacances"


def _excess(finding: Finding, low: float, high: float) -> str:
    if np.isnan(finding.kwh):
        return ""
    told = f" ; environ {_energy(finding.kwh)} de trop"
    if not np.isnan(low):
        told += f" (entre {_energy(max(low, 0))} et {_energy(high)})"
    if finding.usual > 0:
        told += f", soit {percent(finding.kwh / finding.usual)} de plus que d'ordinaire sur ces jours"
    return told


def _measure(finding: Finding, when: str) -> str:
    bills = finding.series.origin == "facture"
    if finding.nature == faults.MISSING:
        return f"Relevés manquants {when}" if not bills else f"Aucune facture {when}"
    if bills and finding.nature == faults.BROKEN:
        return f"Consommation facturée sur estimation {when}, sans régularisation par la facture suivante"
    if bills:
        return f"Factures estimées {when}"
    if finding.how == "zero":
        return f"Compteur à zéro {when}, alors que le lycée consommait d'ordinaire ces jours-là"
    if finding.how == "copy":
        return f"Relevés {when} identiques à ceux de la semaine précédente : ils sont sans doute estimés"
    if finding.how == "flagged":
        return f"Relevés estimés {when}"
    if finding.nature == faults.ESTIMATED:
        return f"Relevés tous égaux {when} : ils sont sans doute estimés"
    return f"Compteur bloqué sur une même valeur {when}"


def _unmeasured(finding: Finding, low: float, high: float) -> str:
    if np.isnan(finding.kwh):
        return " ; la consommation de ces jours ne peut être estimée"
    told = f" ; consommation probable de la période : {_energy(finding.kwh)}"
    if not np.isnan(low):
        told += f" (entre {_energy(max(low, 0))} et {_energy(high)})"
    return told


def _energy(kwh: float) -> str:
    return scaled(round_off(kwh), "kWh")


def round_off(value: float) -> float:
    """Keep two significant digits, three from a thousand on: a sentence is no more precise than what it tells.

    Examples
    --------
    >>> round_off(48_568), round_off(1_234), round_off(7.4)
    (48600.0, 1230.0, 7.0)
    """
    if abs(value) < 10:
        return float(round(value))
    digits = len(str(int(abs(value)))) - (3 if abs(value) >= 1000 else 2)
    return float(round(value, -digits))
