"""What each body owes for each year, and whether it was met: by the dated rules of ``law.csv``.

Four verdicts. « Inconnue » is said wherever the Région alone can't see what decides: the grants of other authorities
(« au moins X € vus »), a budget that was not sent, a kind of piece that nobody records for that year. Nothing here is
legal advice: most rules are « à confirmer », and each row says so.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.bodies.money import identified
from tikub_lab.methods.law import CONFIRMED, TO_CONFIRM, Law, as_date
from tikub_lab.methods.once import once
from tikub_lab.show import day, euros
from tikub_lab.tables import require

LAW = Law(Path(__file__).with_name("law.csv"))
MET, NOT_MET, NOT_DUE, UNKNOWN = VERDICTS = ("respectée", "non respectée", "non due", "inconnue")
PRIVATE = {"association", "fondation", "SEM", "SPL", "société"}
"""Bodies under private law."""
TIED = re.compile(
    "projet|\\baction|investissement|équipement|travaux|acquisition|festival|manifestation|étude|édition", re.I
)
FREE = re.compile("fonctionnement|dotation|cotisation|adhésion", re.I)
SAID = ("attestation de subventions", "budget", "comptes annuels")
"""Pieces that say an amount: all grants, the budget, the income."""
OURS = ("publication des données", "bilan certifié annexé", "rapport des mandataires")
"""Duties of the Région, or of those who represent it: with them a body is neither late nor in default."""
PUBLISHED = "comptes publiés"
"""What a notice of published accounts (DCA) counts as among filings."""
Pieces = dict[tuple[str, int], pd.Timestamp]


@dataclass(frozen=True)
class Case:
    """A body and a year: its grants (``others`` by other authorities, cash only), and what was filed, by year."""

    nature: str
    year: int
    total: float
    cash: float
    others: float
    attested: float | None
    budget: float | None
    income: float | None
    objects: tuple[str, ...]
    last: int
    pieces: Pieces

    def over(self, limit: float) -> bool | None:
        """Tell whether cash grants from all authorities are above a limit; None where only a part is seen."""
        seen = self.cash + self.others
        if max(seen, self.attested or 0) > limit:
            return True
        return None if self.attested is None else False

    @property
    def seen(self) -> str:
        """What is seen of those grants, in French."""
        if self.attested is not None and self.attested >= self.cash + self.others:
            return f"{euros(self.attested)} de subventions attestés"
        return f"au moins {euros(self.cash + self.others)} vus"

    @property
    def tied(self) -> bool | None:
        """Tell by their objects whether grants are tied to a given expense."""
        if any(map(TIED.search, self.objects)):
            return True
        return False if self.objects and all(map(FREE.search, self.objects)) else None


Decision = tuple[bool | None, pd.Timestamp, str]
"""Whether it is due (None: not known), until when, and why, in French."""


def _after(year: int, months: float = 0) -> pd.Timestamp:
    """Return the last day of a year, or that of a month after it."""
    return pd.Timestamp(year, 12, 31) + pd.offsets.MonthEnd(int(months))


def _agreement(case: Case, limits: dict[str, float]) -> Decision:
    why = f"{euros(case.total)} dans l'année, seuil de {euros(limits['seuil'])}"
    return case.total > limits["seuil"], _after(case.year), why


def _report(case: Case, limits: dict[str, float]) -> Decision:
    said = {True: "subvention affectée à une dépense", False: "subvention de fonctionnement"}
    why = said.get(bool(case.tied), "") if case.tied is not None else "l'objet ne dit pas si la subvention est affectée"
    due = case.tied if case.total > 0 else False
    return due, _after(max(case.year, case.last), limits["délai"]), why if case.total > 0 else "aucune subvention"


def _accounts_sent(case: Case, _: dict[str, float]) -> Decision:
    return case.total > 0, _after(case.year), f"{euros(case.total)} dans l'année"


def _over(case: Case, limits: dict[str, float]) -> Decision:
    approved = LAW.value("publication des comptes", "approbation").number
    return case.over(limits["seuil"]), _after(case.year, approved), f"{case.seen}, seuil de {euros(limits['seuil'])}"


def _publication(case: Case, limits: dict[str, float]) -> Decision:
    why = f"{case.seen}, seuil de {euros(limits['seuil'])}"
    return case.over(limits["seuil"]), _after(case.year, limits["approbation"] + limits["délai"]), why


def _salaries(case: Case, limits: dict[str, float]) -> Decision:
    budget = case.budget if case.budget is not None else case.income
    parts = [case.over(limits["subventions"]), None if budget is None else budget > limits["budget"]]
    due = False if False in parts else None if None in parts else True
    said = "budget inconnu" if budget is None else f"budget de {euros(budget)}"
    return due, _after(case.year, LAW.value("publication des comptes", "approbation").number), f"{said}, {case.seen}"


def _data(case: Case, limits: dict[str, float]) -> Decision:
    signed = case.pieces.get(("convention", case.year))
    if signed is None or pd.isna(signed):
        asked = case.total > LAW.value("convention", "seuil").number or signed is not None
        said = "jour de la signature inconnu" if asked else "aucune convention"
        return (None if asked else False), _after(case.year), said
    until = signed + pd.DateOffset(months=int(limits["délai"]))
    since = LAW.value("publication des données", "délai").debut
    return signed.date() >= (since or date.min), until, f"convention signée le {day(signed)}"


def _commitment(case: Case, _: dict[str, float]) -> Decision:
    first = (LAW.value("engagement républicain", "exercice").debut or date.min).year
    before = [year for name, year in case.pieces if name == "contrat d'engagement républicain" and year < case.year]
    if case.total <= 0:
        return False, _after(case.year), "aucune subvention"
    if case.year == first:
        return None, _after(case.year), f"la demande peut être d'avant {first}"
    if before:
        return None, _after(case.year), f"souscrit en {max(before)} : on ne sait s'il vaut pour cette demande"
    return True, _after(case.year), f"{euros(case.total)} dans l'année"


def _balance(case: Case, limits: dict[str, float]) -> Decision:
    if case.total > limits["seuil"]:
        return True, _after(case.year, 12), f"{euros(case.total)} dans l'année, seuil de {euros(limits['seuil'])}"
    if case.total <= 0 or case.income:
        part = case.total / case.income if case.income else 0.0
        return part > limits["part"], _after(case.year, 12), f"{part:.0%} des produits".replace("%", "\u202f%")
    return None, _after(case.year, 12), f"{euros(case.total)} dans l'année, produits inconnus"


def _mandataries(case: Case, limits: dict[str, float]) -> Decision:
    return True, _after(case.year, limits["délai"]), "rapport annuel"


RULES: dict[str, tuple[set[str], tuple[tuple[str, int], ...], Callable[[Case, dict[str, float]], Decision]]] = {
    "convention": (PRIVATE, (("convention", 0),), _agreement),
    "compte rendu financier": (PRIVATE, (("compte rendu financier", 0),), _report),
    "budget et comptes": (PRIVATE, (("comptes annuels", -1),), _accounts_sent),
    "commissaire aux comptes": ({"association"}, (("rapport du commissaire aux comptes", 0),), _over),
    "comptes annuels": ({"association"}, (("comptes annuels", 0), (PUBLISHED, 0)), _over),
    "publication des comptes": ({"association"}, ((PUBLISHED, 0),), _publication),
    "trois plus hautes rémunérations": ({"association"}, (("trois plus hautes rémunérations", 0),), _salaries),
    "publication des données": (PRIVATE, (("publication des données", 0),), _data),
    "engagement républicain": ({"association", "fondation"}, (("contrat d'engagement républicain", 0),), _commitment),
    "bilan certifié annexé": ({*PRIVATE, "GIP", "syndicat mixte", "établissement public", "autre"},
                              (("bilan certifié", 0), ("bilan certifié", -1)), _balance),
    "rapport des mandataires": ({"SEM", "SPL"}, (("rapport des mandataires", 0),), _mandataries),
}  # fmt: skip
"""By key of ``law.csv``: which bodies, by what piece it is met (and of which year, from that of the case), when due."""


def judge(duty: str, case: Case, when: date, kept: set[tuple[str, int]]) -> tuple[str, str, Any, Any]:
    """Judge one duty in one case on a day: verdict, reason, deadline, day of the piece that meets it.

    ``kept`` has the kinds of pieces, by year, of which any were recorded: of others nothing is known.
    """
    _, proofs, decide = RULES[duty]
    rows = LAW.values(duty, day=date(case.year, 12, 31))
    if not rows:
        return NOT_DUE, f"règle en vigueur depuis le {day(LAW.values(duty)[0].debut)}", None, None
    due, until, why = decide(case, {row.key[-1]: row.number for row in rows})
    pieces = [(name, case.year + shift) for name, shift in proofs]
    there = [case.pieces[piece] for piece in pieces if piece in case.pieces]
    if due is False:
        return NOT_DUE, why, None, there[0] if there else None
    if there:
        late = ", après l'échéance" if pd.notna(there[0]) and there[0] > until else ""
        received = f"pièce du {day(there[0])}{late}" if pd.notna(there[0]) else "pièce reçue, non datée"
        return MET, f"{why} ; {received}", until, there[0]
    if due is None:
        return UNKNOWN, why, until, None
    if pd.Timestamp(when) <= until:
        return NOT_DUE, f"{why} ; pas encore : jusqu'au {day(until)}", until, None
    if not kept & {*pieces}:
        return UNKNOWN, f"{why} ; ces pièces ne sont pas suivies en {pieces[0][1]}", until, None
    return NOT_MET, f"{why} ; attendu pour le {day(until)}, non reçu", until, None


def cases(
    bodies: pd.DataFrame,
    grants: pd.DataFrame,
    filings: pd.DataFrame,
    notices: pd.DataFrame,
    others: pd.DataFrame | None = None,
) -> tuple[dict[tuple[str, int], Case], set[tuple[str, int]]]:
    """Put together what is known of each body and year; and which kinds of pieces anyone recorded, by year."""
    sent = filings[["organisme_id", "exercice", "nature", "date", "montant"]]
    numbers = bodies.dropna(subset=["siren"]).set_index("siren")["organisme_id"]
    dca = notices[(notices["source"] == "DCA") & notices["cloture"].notna() & (notices["avis"] != "annulation")]
    dca = pd.DataFrame(
        {
            "organisme_id": dca["siren"].map(numbers),
            "exercice": dca["cloture"].dt.year,
            "nature": PUBLISHED,
            "date": dca["parution"],
        }
    ).dropna(subset=["organisme_id"])
    pieces: dict[str, Pieces] = {}
    money: dict[tuple[str, int, str], float] = {}
    for row in pd.concat([sent.astype({"nature": "str"}), dca]).sort_values("date", ascending=False).itertuples():
        body, year, kind = str(row.organisme_id), int(str(row.exercice)), str(row.nature)
        pieces.setdefault(body, {})[kind, year] = pd.Timestamp(str(row.date))
        if not pd.isna(float(str(row.montant))):
            money[body, year, kind] = float(str(row.montant))
    kept = {piece for known in pieces.values() for piece in known}
    given, other = _sums(grants, bodies), {} if others is None else _sums(others, bodies)
    natures = dict(zip(bodies["organisme_id"], bodies["nature"].astype("str"), strict=True))
    years = sorted({year for _, year in given})
    wanted = {key for key in given if key[0] in natures}
    wanted |= {(body, year) for body, nature in natures.items() if nature in ("SEM", "SPL") for year in years}
    found = {}
    for body, year in sorted(wanted):
        total, cash, objects, last = given.get((body, year), (0.0, 0.0, (), year))
        seen = other.get((body, year), (0.0, 0.0, (), year))[1]
        attested, budget, income = (money.get((body, year, name)) for name in SAID)
        known = pieces.get(body, {})
        case = Case(natures[body], year, total, cash, seen, attested, budget, income, objects, last, known)
        found[body, year] = case
    return found, kept


def _sums(
    grants: pd.DataFrame, bodies: pd.DataFrame
) -> dict[tuple[str, int], tuple[float, float, tuple[str, ...], int]]:
    """Sum the grants of each body and year: all, those in cash, their objects, the last year that they are paid for."""
    rows = identified(grants, bodies)
    last = rows["datesPeriodeVersement"].astype("str").str.extract(r"(\d{4})-\d\d-\d\d$", expand=False)
    kind = rows["nature"].astype("str")
    rows = rows.assign(
        argent=rows["montant"].where(kind != "aide en nature", 0.0),
        dernier=pd.to_numeric(last).fillna(0).clip(upper=rows["exercice"].astype("int64") + 10),
    )
    found = {}
    for (body, exercice), group in rows.groupby(["beneficiaire", "exercice"]):
        texts, year = tuple(group["objet"].dropna().astype("str")), int(str(exercice))
        sums = float(group["montant"].sum()), float(group["argent"].sum())
        found[str(body), year] = (*sums, texts, max(year, int(group["dernier"].max())))
    return found


@once
def obligations(
    bodies: pd.DataFrame,
    grants: pd.DataFrame,
    filings: pd.DataFrame,
    notices: pd.DataFrame,
    jour: date | str,
    others: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Judge every duty of every body and year in which it was granted something.

    Parameters
    ----------
    bodies, grants, filings, notices : DataFrame
        Tables ``bodies/…``; the grants are those of one authority, whose point of view this is.
    jour : date or str
        The day of the judgement: before a deadline, nothing is missing yet.
    others : DataFrame, optional
        Grants of other authorities, as far as they are known, in the columns of ``bodies/grants``.

    Returns
    -------
    DataFrame
        organisme_id, exercice, obligation (key of ``law.csv``), verdict (one of :data:`VERDICTS`), raison (French),
        echeance, piece (day), texte, reference, statut (of the rule: « confirmé » or « à confirmer »).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> names = ("bodies", "grants", "filings", "notices")
    >>> found = obligations(*(tables.load(f"bodies/{name}") for name in names), jour="2026-05-15")
    >>> sorted(found["verdict"].unique())
    ['inconnue', 'non due', 'non respectée', 'respectée']
    """
    for name, table in (("bodies", bodies), ("grants", grants), ("filings", filings), ("notices", notices)):
        require(table, f"bodies/{name}")
    when = as_date(jour, "jour") or date.max
    known, kept = cases(bodies, grants, filings, notices, others)
    columns = ["organisme_id", "exercice", "obligation", "verdict", "raison", "echeance", "piece"]
    table = pd.DataFrame(_judged(known, when, kept), columns=[*columns, "texte", "reference", "statut"])
    table["verdict"] = pd.Categorical(table["verdict"], VERDICTS)
    return table.astype({"echeance": "datetime64[s]", "piece": "datetime64[s]"})


def _judged(known: dict[tuple[str, int], Case], when: date, kept: set[tuple[str, int]]) -> Iterator[tuple[Any, ...]]:
    for (body, year), case in known.items():
        for duty, (natures, *_) in RULES.items():
            if case.nature in natures:
                law = LAW.values(duty)
                sure = CONFIRMED if {row.statut for row in law} == {CONFIRMED} else TO_CONFIRM
                yield body, year, duty, *judge(duty, case, when, kept), law[0].texte, law[0].reference, sure
