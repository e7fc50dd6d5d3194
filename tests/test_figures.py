"""One figure, one truth: what several pages give is compared where its words are the same; where it differs, words do.

The pages are those that tests/pins stores, as text. A pattern holds the words that say the window and the kind of a
figure: a page that drops them is found here, too.
"""

import re
from functools import cache
from typing import Any

import pandas as pd
import pytest

from tests.pins.books import REGION, STORED
from tikub_lab.show import french

UNITS = {"": 1.0, "%": 0.01, "€": 1.0, "k€": 1e3, "M€": 1e6, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6}
NUMBER = r"(\d+(?: \d{3})*(?:,\d+)?)(?: (%|€|k€|M€|kWh|MWh|GWh))?"
WINDOW = r"notifiés du .+ au .+\n(?:.*\n)*?"
"""The line under a title that says which contracts a page counts; figures that say no other window have this one."""
LYCEES = ("0000505Z", "0002530A", "0005240W", "0000044Y")
SCOPES = ("", f" acheteur={REGION}", " famille=45", " region=53 annee_debut=2023 annee_fin=2024")

Groups = dict[str, dict[str, list[tuple[str, ...]]]]
"""By figure and kind: pages and patterns, « # » for the number; a third item is the unit of a table's heading."""

PURCHASES: Groups = {
    "contracts": {
        "notified in the window": [
            (name, r"# marchés notifiés du ")
            for name in ("procurement", "procurement_competition", "procurement_watch", "procurement_responsible",
                         "procurement_suppliers")
        ]
        + [
            ("procurement", WINDOW + r"# marchés, la moitié sous"),
            ("procurement_watch", WINDOW + r"\d+ sur # marchés"),
            ("procurement_suppliers", WINDOW + r"pour # marchés"),
        ],
    },
    "amount": {
        "initial, in the window": [
            ("procurement", WINDOW + r"Montant initial HT\n#"),
            ("procurement_competition",
             WINDOW + r"Forme du prix \| .*\(M€ HT\).*\n(?:.+ \| .+\n)*Total \| [\d ]+ \| #", "M€"),
            ("procurement_suppliers",
             WINDOW + r"Catégorie \| .*\(M€ HT\).*\n(?:.+ \| .+\n)*Total \| [\d ]+ \| \| #", "M€"),
        ],
    },
    "single offers": {
        "share of the calls in the window": [
            ("procurement", WINDOW + r"Une seule offre\n#\n\d+ mises en concurrence sur"),
            ("procurement_competition", WINDOW + r".* n’ont reçu qu’une offre : #"),
            ("procurement_competition", WINDOW + r"Une seule offre\n#\nsur [\d ]+ mises en concurrence"),
            ("procurement_competition", WINDOW + r"# des mises en concurrence n’ont reçu qu’une offre"),
        ],
        "number in the window": [
            ("procurement", WINDOW + r"# mises en concurrence sur [\d ]+ ; non publié"),
            ("procurement_competition", WINDOW + r"# mises en concurrence sur .* n’ont reçu qu’une offre"),
            ("procurement_watch", WINDOW + r"Une seule offre en procédure ouverte \(R018\)\n\[image\]\n#sur"),
        ],
        "number of those known": [
            ("procurement", WINDOW + r".*mises en concurrence sur # ; non publié"),
            ("procurement_competition", WINDOW + r".*mises en concurrence sur # dont le nombre d’offres est publié"),
            ("procurement_watch", WINDOW + r"Une seule offre en procédure ouverte \(R018\)\n\[image\]\n[\d ]+sur # ;"),
        ],
        "number of those not published": [
            ("procurement", WINDOW + r".*mises en concurrence sur [\d ]+ ; non publié pour #"),
            ("procurement_competition", WINDOW + r"# mises en concurrence sur [\d ]+\n"),
            ("procurement_watch",
             WINDOW + r"Une seule offre en procédure ouverte \(R018\)\n\[image\]\n[\d ]+sur [\d ]+ ; # non renseignés"),
        ],
    },
    "single offers of computer services": {
        "in three years": [("procurement", r"Une seule offre pour .* marchés sur \d+ en 3 ans \(#")],
        "in the window": [
            ("procurement_competition",
             r"qu’une offre, du .+ au .+\n\[image\].*Services informatiques : #"),
            ("procurement_competition",
             r"qu’une offre, du .+\n(?:.*\n)*?Services informatiques \| \d+ \| #"),
        ],
    },
    "concentration of energy": {
        "HHI of three years": [
            ("procurement", r"Produits pétroliers.* du montant des 3 dernières années, .*\(indice HHI #\)"),
        ],
        "HHI in the window": [
            ("procurement_competition",
             r"Concentration .*, marchés notifiés du .+\n(?:.+ \| .+\n)*?Énergie et combustibles \| .* \| \d+ \| # \|"),
        ],
    },
    "considerations": {
        "environment, last year": [
            ("procurement", r"#\n\d+ marchés sur \d+ renseignés en \d{4}"),
            ("procurement_responsible", r"En \d{4}, # des marchés renseignés ont une considération environnementale"),
            ("procurement_responsible", r"Considération environnementale\n#"),
        ],
        "environment, number of the last year": [
            ("procurement", r"\n# marchés sur \d+ renseignés en \d{4}"),
            ("procurement_responsible", r"En \d{4}.* considération environnementale \(# sur"),
        ],
    },
    "suppliers of the région": {
        "share of holders": [
            ("procurement", WINDOW + r"Titulaires de la région\n#"),
            ("procurement_suppliers", WINDOW + r".*: # des titulaires au lieu connu sont établis dans la région"),
            ("procurement_suppliers", WINDOW + r"De la région\n#"),
        ],
        "share of the amount": [
            ("procurement", WINDOW + r"Titulaires de la région\n.*\net # du montant"),
            ("procurement_suppliers", WINDOW + r".*dans la région de l’acheteur et ont # du montant"),
            ("procurement_suppliers", WINDOW + r"De la région\n.*\net # du montant"),
        ],
    },
}  # fmt: skip

ENERGY: Groups = {
    "a square metre of the stock": {
        "billed, normal climate, mean": [
            ("energy", r"Par mètre carré\n#\nfacturé, climat normal"),
            ("energy", r"à # par m² à climat normal, de .*\nkWh facturés par m²"),
        ],
        "billed, normal climate, median": [
            ("energy_performance", r"La moitié des lycées utilisent moins de # facturés par m² à climat normal"),
            ("energy_performance", r"Par mètre carré\n#\nmédiane, facturé, climat normal"),
            ("energy_performance", r"kWh facturés par m², à climat normal ; .*\n\[image\] .* médiane #\."),
        ],
        "final energy, normal climate": [
            ("energy_law", r"Par mètre carré\n#/m²\nénergie finale de \d{4}, climat normal"),
            ("energy_law", r"De # par m² en \d{4} .*\nkWh d’énergie finale par m² et par an, à climat normal"),
        ],
    },
    "a pupil": {
        "mean, measured": [("energy", r"Par élève\n#\nmoyenne, mesurée")],
        "median, normal climate": [("energy_performance", r"Par élève\n#\nmédiane, à climat normal")],
        "euros, mean": [("energy", r"# par élève")]
        + [(f"energy_lycee uai={uai}", r"par élève ; # en moyenne") for uai in LYCEES],
    },
    "the way to 2030": {
        "left to save": [
            ("energy", r"Suivre les objectifs de 2030.*\n.*\n#à économiser par an"),
            ("energy_law", r"doivent encore économiser # par an"),
            ("energy_law", r"Reste à économiser\n#"),
            ("energy_law", r"Reste à économiser par an \(MWh\)\n(?:.+ \| .+\n)*Total \|[ |]*#", "MWh"),
        ],
        "lycées above": [
            ("energy", r"\n# lycées doivent encore réduire"),
            ("energy_law", r"Les # autres doivent encore économiser"),
        ],
        "share left": [("energy_law", r"par an, # de l’énergie")]
        + [(f"energy_lycee uai={uai}", r"par an ; # dans l’ensemble des lycées") for uai in LYCEES],
    },
    "in excess": {
        "energy of the alerts": [
            ("energy", r"Régler ce qui est en trop.*\n.*\n#sur la durée des alertes"),
            ("energy_alerts", r"# utilisés en trop"),
            ("energy_alerts", r"En trop\n#\nsur la durée des alertes"),
        ],
        "euros": [("energy_alerts", r"en trop, soit #"), ("energy_alerts", r"En euros\n#\naux prix d’alors")],
    },
    "heating that stands out": {
        "lycées": [
            ("energy", r"# lycées dont le chauffage se distingue"),
            ("energy_performance", r"Dans # lycées, le chauffage consomme nettement plus"),
        ],
    },
    "year": {
        "energy of the stock, measured": [
            ("energy", r"ont utilisé # en \d{4}"),
            ("energy", r"L’énergie de \d{4}, mesurée, par énergie\n.*\(GWh\).*\n(?:.+ \| .+\n)*Total \| #", "GWh"),
        ],
    },
}  # fmt: skip

OF_A_LYCEE: dict[str, list[tuple[str, ...]]] = {
    "billed, normal climate": [
        (r"Par mètre carré\n#\nfacturé, climat normal",),
        (r"# par m², pour une médiane de .*\nkWh facturés par m², à climat normal",),
    ],
    "final energy, normal climate": [
        (r"En \d{4}, #/m² d’énergie finale à climat normal",),
        (r"kWh d’énergie finale .*\n\[image\] .* à #(?= \()",),
    ],
    "left to save": [(r"À économiser d’ici 2030\n.*\n# par an",), (r"2030 \| # \|", "MWh")],
    "share left to save": [
        (r"À économiser d’ici 2030\n#",),
        (r"D’ici 2030, la loi demande # de moins",),
        (r"il reste # à économiser",),
    ],
    "euros of the year": [(r"[Oo]n a utilisé .* mesurés, .* et #\.",), (r"Dépense\n#",)],
}


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


@cache
def page(book: str, name: str) -> str:
    return (STORED / book / "pages" / f"{name}.txt").read_text(encoding="utf-8")


def figures(book: str, name: str, pattern: str, unit: str = "") -> list[tuple[float, float]]:
    """What a page gives where a pattern has its « # »: the value, and half of what its last digit stands for."""
    found = re.findall(pattern.replace("#", NUMBER), page(book, name))
    return [read(digits, UNITS[said or unit]) for digits, said in found]


def read(text: str, scale: float = 1.0) -> tuple[float, float]:
    """Read a number; zeros at the end of a whole one may be rounding.

    >>> read("1 720", 1e3), read("19,5")
    ((1720000.0, 5000.0), (19.5, 0.05))
    """
    digits = text.replace(" ", "")
    whole, _, decimals = digits.partition(",")
    zeros = len(whole) - len(whole.rstrip("0")) if not decimals and int(whole) else 0
    return float(digits.replace(",", ".")) * scale, 0.5 * scale * 10.0 ** (zeros - len(decimals))


def agree(found: list[tuple[float, float]]) -> bool:
    return all(
        abs(one - other) <= half + other_half + 1e-9 * abs(one) for one, half in found for other, other_half in found
    )


def cases(groups: Groups) -> list[Any]:
    return [
        pytest.param(places, id=f"{figure}: {kind}")
        for figure, kinds in groups.items()
        for kind, places in kinds.items()
    ]


@pytest.mark.parametrize("places", cases(ENERGY))
def test_energy_is_one_figure(places):
    found = [(place, figures("energy", *place)) for place in places]
    assert all(values for _, values in found), found
    assert agree([value for _, values in found for value in values]), found


@pytest.mark.parametrize("places", cases(PURCHASES))
@pytest.mark.parametrize("scope", SCOPES)
def test_purchases_are_one_figure(places, scope):
    """Whole, and in part: there a page may lack what is none, but not give another figure."""
    found = [(place, figures("procurement", place[0] + scope, *place[1:])) for place in places]
    assert scope or all(values for _, values in found), found
    assert agree([value for _, values in found for value in values]), found


@pytest.mark.parametrize("kind", OF_A_LYCEE)
@pytest.mark.parametrize("uai", LYCEES)
def test_a_lycee_has_one_figure(uai, kind):
    found = [(place, figures("energy", f"energy_lycee uai={uai}", *place)) for place in OF_A_LYCEE[kind]]
    assert all(values for _, values in found), found
    assert agree([value for _, values in found for value in values]), found


@cache
def months() -> dict[str, pd.Timestamp]:
    """Months as pages write them, in full and in short."""
    first = pd.date_range("2015-01-01", "2040-12-01", freq="MS")
    return {plain(french.month(day, short)): day for short in (False, True) for day in first}


@pytest.mark.parametrize("scope", SCOPES)
def test_procedures_to_launch_add_up(scope):
    """Key figure, title, rows shown and left out: one number of procedures; columns are of those not late."""
    text = page("procurement", "procurement" + scope)
    total, late, soon = map(int, re.search(r"Procédures à lancer\n(\d+)\n(\d+) en retard, (\d+) dans", text).groups())
    title = re.search(r"\n(\S+) procédures? en retard, (\S+) procédures? à lancer d’ici au \S+ (\S+ \d{4})", text)
    assert [0 if word.lower() == "aucune" else int(word) for word in title.groups()[:2]] == [late, soon]
    assert late + soon == total
    columns = re.findall(r"\n(\S+ \d{4}) \| (\d+)(?=\n)", text.split("Mois | Procédures à lancer")[1])
    assert sum(int(count) for month, count in columns if months()[month] <= months()[title[3]]) == soon
    rows = re.search(r"À lancer avant\n((?:.+ \| .+\n)+)(?:(\d+) autres? lignes? dans le fichier)?", text)
    assert (len(rows[1].splitlines()) + int(rows[2] or 0) if rows else 0) == total


def test_this_test_can_fail():
    assert not agree([read("122"), read("113,2")])
    assert agree([read("19"), read("19,4")])
    assert agree([read("1 720", 1e3), read("1,7", 1e6)])
    assert not agree([read("1 720", 1e3), read("1,8", 1e6)])
