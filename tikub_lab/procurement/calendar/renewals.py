"""What the wording of a contract says of its renewal: « 1 an reconductible 2 fois ».

The essential data (DECP) have no field for it. By their definition
the published length counts optional parts and possible renewals
(schema 2.0.3, ``dureeMois``), but publications do not all follow
it; the words of ``objet`` are the only other trace. They are read
with caution: a renewal is found only in the turns of phrase of a
contract, so that neither « énergies renouvelables »,
« reconditionnement » nor « renouvellement » of equipment is taken
for one, and a count or a length is given only where it is written.
"""

import re

import pandas as pd

_NUMBERS = {
    "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
    "dix": 10, "onze": 11, "douze": 12, "dix-huit": 18, "vingt-quatre": 24, "trente-six": 36,
}  # fmt: skip
_COUNT = r"(?:\d{1,2}|dix-huit|vingt-quatre|trente-six|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze)"


def _quantity(name: str) -> str:
    # « trois (3) », « 3 (trois) »: what stands in brackets repeats the number.
    return rf"(?<![\w,.])(?P<{name}>{_COUNT})(?:\s*\(\s*\w+\s*\))?"


def _span(name: str) -> str:
    # A published file may have lost the accent of « année »: any one
    # character stands for it.
    return _quantity(name) + rf"\s*(?P<{name}_unit>ans?|ann.es?|mois)\b"


_BEFORE = re.compile(
    _span("base") + r"(?:\s+fermes?)?\s*(?:[,;:(+–-]|\bet\b|\bpuis\b|\bavec\b|\bpossibilit.\b|\bde\b|\s)*$",
    re.I,
)
_TIMES_AFTER = re.compile(
    r"^\s*(?:[,:(]|\bjusqu'?.?\b|\bexpress\S*|\btacite(?:ment)?\b|\bpar\b|\breconductions?\b|\bau\b|"
    r"\bmaximum\b|\bmax\b|\s)*" + _quantity("times") + r"\s*(?:\bnouvelles?\b\s*)?fois\b",
    re.I,
)
_TIMES_BEFORE = re.compile(_quantity("times") + r"\s*(?:\bpossibles\b|\bannuelles?\b|\btacites?\b|\bfois\b|\s)*$", re.I)
_STEP = re.compile(
    r"^(?:.{0,60}?\b(?:fois|p.riodes?|dur.es?)\b|\s*possibles?|\s*)\s*(?:\bsuccessives?\b|\bpour\b|\bde\b|\bd'|\bune\b(?=\s+[pd])|"
    r"\bp.riodes?\b|\bdur.es?\b|\s|,)*" + _span("step"),
    re.I,
)
_YEARLY = re.compile(r"^\s*(?:possibles\s*)?(?:annuelles?|annuellement)\b", re.I)
_NEGATION = re.compile(r"(?:\bnon|\bsans|\bni|\bpas|\baucune|\bn'est pas)[\s-]*(?:tacite\s*)?$", re.I)

_SURE = re.compile(
    r"\breconductibles?\b|\b(?:tacite|expresse)\s+reconduction\b|\breconductions?\b(?!\s+(?:du|des)\b|\s+de\s+l)", re.I
)
_RENEWABLE = re.compile(r"\brenouvelables?\b", re.I)
_OF_NATURE = re.compile(
    r"(?:.nergies?|.lectricit.|.lectriques?|origines?|sources?|ressources?|mati.res?|chaleur|gaz)[\s,]*$", re.I
)
_OF_A_CONTRACT = re.compile(
    r"(?:\bans?|\bann.es?|\bmois|\bmarch.s?|\baccords?[\s-]cadres?|\bcontrats?|\bconventions?|\bnon|\bfermes?)[\s,(]*$",
    re.I,
)
_CONTRACT_FOLLOWS = re.compile(
    rf"^\s*[,(]*\s*(?:{_COUNT}\s*(?:\(\s*\w+\s*\)\s*)?fois\b|(?:par\s+)?(?:tacite|expresse)|par\s+p.riodes?|annuellement)",
    re.I,
)

COLUMNS = {"reconduction": "str", "reconductions": "Int64", "duree_dite": "Int64", "base_dite": "Int64"}


def renewals(objects: pd.Series) -> pd.DataFrame:
    """Read the renewals out of what contracts are called."""
    # A first look for the stem spares the search nearly every row; the
    # same wording is read once.
    candidates = objects[objects.str.contains(r"reconduct|renouvelable", case=False, na=False)]
    read = {text: _read(" ".join(str(text).split())) for text in candidates.unique()}
    rows = [read[text] for text in candidates]
    found = pd.DataFrame(rows, columns=list(COLUMNS), index=candidates.index)
    return found.reindex(objects.index).astype(COLUMNS)


def _read(text: str) -> tuple[str | None, int | None, int | None, int | None]:
    matches = sorted([*_SURE.finditer(text), *_RENEWABLE.finditer(text)], key=lambda match: match.start())
    for match in matches:
        before, after = text[: match.start()], text[match.end() :]
        if _RENEWABLE.fullmatch(match[0]) and not _of_a_contract(before, after):
            continue
        denied = _NEGATION.search(before)
        if denied:
            return f"{denied[0]}{match[0]}".strip(), 0, None, None
        times = _TIMES_AFTER.search(after)
        end = match.end() + (times.end() if times else 0)
        if not times and match[0].lower() == "reconductions":
            times = _TIMES_BEFORE.search(before)
            before = before[: times.start()] if times else before
        base = _BEFORE.search(before)
        step = _STEP.search(after)
        count = _number(times["times"]) if times else None
        first = _months(base, "base") if base else None
        further = 12 if _YEARLY.search(after) else _months(step, "step") if step else first
        total = first + count * further if first and count is not None and further else None
        start = base.start() if base else min(len(before), match.start())
        return text[start:end].strip(" ,;:(-"), count, total, first
    return None, None, None, None


def _of_a_contract(before: str, after: str) -> bool:
    if _OF_NATURE.search(before):
        return False
    return bool(_OF_A_CONTRACT.search(before) or _CONTRACT_FOLLOWS.search(after))


def _number(word: str) -> int | None:
    return int(word) if word.isdigit() else _NUMBERS.get(word.lower())


def _months(match: re.Match[str], name: str) -> int | None:
    count = _number(match[name])
    if not count:
        return None
    return count if match[f"{name}_unit"].lower() == "mois" else 12 * count
