"""Sentences: values are only ever values, nouns agree, units are chosen after rounding."""

import ast
import datetime
import re
from decimal import Decimal

import nbformat
import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from tikub_lab.errors import UsageError
from tikub_lab.show import charts, french, pieces, tabular, words


def said(template, **values):
    return words.fill(template, values)[1].replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("noun", "zero", "one", "many"),
    [
        ("marché", "aucun marché", "1 marché", "3 marchés"),
        ("offre", "aucune offre", "1 offre", "3 offres"),
        ("pièce", "aucune pièce", "1 pièce", "3 pièces"),
        ("annonce", "aucune annonce", "1 annonce", "3 annonces"),
        ("comparaison", "aucune comparaison", "1 comparaison", "3 comparaisons"),
        ("paire", "aucune paire", "1 paire", "3 paires"),
        ("critère", "aucun critère", "1 critère", "3 critères"),
        ("écarté", "aucun écarté", "1 écarté", "3 écartés"),
        ("mise en concurrence", "aucune mise en concurrence", "1 mise en concurrence", "3 mises en concurrence"),
        ("marché public", "aucun marché public", "1 marché public", "3 marchés publics"),
        ("lycée", "aucun lycée", "1 lycée", "3 lycées"),
        ("année", "aucune année", "1 année", "3 années"),
        ("canal", "aucun canal", "1 canal", "3 canaux"),
        ("festival", "aucun festival", "1 festival", "3 festivals"),
        ("bureau", "aucun bureau", "1 bureau", "3 bureaux"),
        ("travail", "aucun travail", "1 travail", "3 travaux"),
        ("accord-cadre", "aucun accord-cadre", "1 accord-cadre", "3 accords-cadres"),
        ("œil", "aucun œil", "1 œil", "3 yeux"),
        ("fois", "aucune fois", "1 fois", "3 fois"),
        ("autre ligne", "aucune autre ligne", "1 autre ligne", "3 autres lignes"),
        ("collectivité", "aucune collectivité", "1 collectivité", "3 collectivités"),
        ("arrêté", "aucun arrêté", "1 arrêté", "3 arrêtés"),
        ("procédure", "aucune procédure", "1 procédure", "3 procédures"),
        ("PME|PME", "aucun PME", "1 PME", "3 PME"),
    ],
)
def test_nouns_agree(noun, zero, one, many):
    assert [french.counted(n, noun) for n in (0, 1, 3)] == [zero, one, many]
    assert french.counted(np.int64(1), noun) == one


def test_what_begins_with_none_begins_with_a_capital():
    assert (
        words.fill("Fini. **{n:siège}** de plus, {n:siège}.", {"n": 0})[1] == "Fini. Aucun siège de plus, aucun siège."
    )


def test_words_agree_without_their_number():
    template = "{n:marché} {n:|ne dépasse|dépasse|dépassent} la limite ; {n:|il reste|ils restent} ouvert{n:||s}."
    assert said(template, n=0) == "Aucun marché ne dépasse la limite ; il reste ouvert."
    assert said(template, n=1) == "1 marché dépasse la limite ; il reste ouvert."
    assert said(template, n=1788) == "1 788 marchés dépassent la limite ; ils restent ouverts."
    assert said("Ici, {n:marché}.", n=0) == "Ici, aucun marché.", "a capital at the beginning only"
    assert french.counted(1.5, "point") == "1,5 point", "the plural starts at two"


@pytest.mark.parametrize(
    ("first", "text"),
    [
        ("restauration", "Restauration : à voir"),
        ("élève", "Élève : à voir"),
        *((x, f"{x} : à voir") for x in ("kWh", "data.bzh")),
    ],
)
def test_a_title_begins_with_a_capital_whatever_its_first_value(first, text):
    shown = (
        charts.bars(pd.Series({"a": 1.0}), "{x} : à voir", x=first),
        tabular.table(pd.DataFrame({"a": [1]}), "{x} : à voir", x=first),
        pieces.title("{x} : à voir", x=first),
    )
    assert {piece.text.splitlines()[0].replace("\u00a0", " ") for piece in shown} == {text}


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (950, "€", "950 €"), (12_345, "€", "12,3 k€"), (999_949_999, "€", "1 Md€"), (999_400_000, "€", "999 M€"),
        (0.45, "€", "0,45 €"), (-1_234_567, "€", "−1,23 M€"), (12_345, "€ HT", "12,3 k€ HT"),
        (0.001, "%", "0,1 %"), (0.00004, "%", "0,004 %"), (0.1234, "%1", "12,3 %"), (0, "%", "0 %"),
        (9_999_999, "kWh", "10 GWh"), (950, "kWh", "950 kWh"), (1_234_567, "kWh", "1 230 MWh"), (5e9, "kWh", "5 TWh"),
        (412.4, "kgCO2e", "412 kg"), (1_234, "kgCO2e", "1,23 t"),
        (1234.5, ".1", "1 234,5"), (142, "kWh/m²", "142 kWh/m²"), (0.004, "m²", "0,004 m²"),
        (datetime.date(2026, 3, 1), "jour", "1er mars 2026"), ("2026-03-12", "mois", "mars 2026"),
        (2, "jour", "2 jours"),
        (pd.Timestamp("2026-03-12"), "jour", "12 mars 2026"), (pd.NaT, "jour", "n. d."), (3, "mois", "3 mois"),
        (float("nan"), "€", "n. d."), (None, "%", "n. d."), (pd.NA, "kWh", "n. d."), (Decimal("1234.5"), "", "1 234,5"),
        (True, "", "oui"), (np.float64(0.5), "%", "50 %"),
    ],
)  # fmt: skip
def test_values_are_written_as_french_reads_them(value, spec, text):
    assert words.written(value, spec).replace("\u202f", " ") == text


def test_a_name_alone_is_written_as_its_column():
    assert said("{annee}, {dureeMois}, {nom}", annee=2025, dureeMois=12, nom="A") == "2025, 12 mois, A"


def test_text_from_data_is_a_value_never_a_template():
    html, text = words.fill("Objet : {objet}.", {"objet": "<b>{autre} l'un : 5 €</b>"})
    assert text == "Objet\u00a0: <b>{autre} l'un : 5 €</b>."
    assert html == "Objet\u00a0: &lt;b&gt;{autre} l&#x27;un : 5 €&lt;/b&gt;."
    assert said("{{{x}}}", x=1) == "{1}"
    assert words.fill("{x}", {"x": "a\x00b\x01c"})[1] == "a b c"


def test_the_template_itself_is_typeset():
    _, text = words.fill("L'avis « {nom} » : {p} % de l'{n} ?", {"nom": "A", "p": 5, "n": "est"})
    assert text == "L’avis «\u00a0A\u00a0»\u00a0: 5\u202f% de l’est\u202f?"
    assert french.typeset("1 788 marchés, 122 kWh et 54,5 k€") == "1\u202f788 marchés, 122\u202fkWh et 54,5\u202fk€"
    assert french.typeset("L'") == "L’", "where <strong> follows"


def test_bold_is_marked_or_of_the_values():
    assert pieces.sentence("Il y a {n:marché}.", n=2).html == '<p class="tk">Il y a <b>2 marchés</b>.</p>'
    assert "b> offres sont" in pieces.sentence("{n} offres {n:|est|sont} là.", n=2).html, "a verb is no value"
    assert pieces.sentence("**Il y a {n}** ici.", n=2).html == '<p class="tk"><b>Il y a 2</b> ici.</p>'
    assert "<b>" not in pieces.sentence("{x} {y}.", x="Une phrase", y="Une autre").html, "no words of its own"
    assert "<b>" not in pieces.note("{n:marché}", n=2).html


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{b}", r"needs a value for {b}; given: a"),
        ("{nom.x}", "plain names"),
        ("{a!r}", "plain names"),
        ("{a:{a}}", "plain names"),
        ("{a", "Write {{ for a brace"),
        ("{a:€}", "writes a number; found 'texte'"),
        ("{a:jour}", "'texte' is no date"),
    ],
)
def test_what_a_template_refuses(template, message):
    with pytest.raises(UsageError, match=message):
        words.fill(template, {"a": "texte"})


def test_a_year_is_no_amount_whatever_its_name():
    year = np.int64(2025)
    assert said("{n:marché} de {an:année}", n=8, an=year) == "8 marchés de 2025"
    assert said("{an:année} et {annee}", an=Decimal(2025), annee=2024) == "2025 et 2024"
    assert said("en {n:année}", n=3) == "en 3 années"
    assert said("{n:année}", n=0) == "Aucune année"
    assert pieces.Key("Dernière", year, unit="année").parts == ("2025", "")


def is_year(value, years=()):
    """Whether an expression is a year by what it is taken from: ``row["annee"]``, ``rows["annee"].max()``."""
    while isinstance(value, ast.Call):
        value = value.args[0] if isinstance(value.func, ast.Name) and value.args else value.func
        if isinstance(value, ast.Attribute) and value.attr in {"max", "min", "item"}:
            value = value.value
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute) and value.value.attr == "iloc":
        value = value.value.value
    name = getattr(value, "attr", "")
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
        name = str(value.slice.value)
    return bool(re.match("ann[eé]e|year$", name)) or (isinstance(value, ast.Name) and value.id in years)


def misread(code):
    """The names of templates that would write a year as an amount, « 2 025 »."""
    tree, found = ast.parse(code), []
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and is_year(node.value)]
    years = {target.id for node in made for target in node.targets if isinstance(target, ast.Name)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        texts = [
            node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        forms = dict(re.findall(r"{(\w+):?([^{}]*)}", " ".join(texts)))
        for item in call.keywords:
            form = forms.get(item.arg or "", "|")
            unit = form or words.word(item.arg).unit
            if is_year(item.value, years) and unit != "année" and not form.startswith("|"):
                found.append(item.arg)
    return found


def test_no_notebook_writes_a_year_as_an_amount():
    key = 'show.keys([show.Key("Achats", 1, "{{n:marché}} de {}", "%")], n=8, an=new["annee"])'
    assert misread(key.format("{an}")) == ["an"], "as a page had it"
    assert misread(key.format("{an:année}")) == []
    assert misread("end = rows['annee'].max()\nshow.sentence('de {fin}', fin=end)") == ["fin"]
    books = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert len(books) > 30
    cells = {path.stem: [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
             for path in books}  # fmt: skip
    assert {name: found for name, code in cells.items() if (found := misread("\n".join(code)))} == {}
