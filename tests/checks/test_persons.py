"""Persons and secrets: found in whatever they stand in, and not in what merely looks like them."""

import json
import time
import zipfile
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pytest
import stdnum.fr.nir
import stdnum.iban
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.faults import CORSICAN, GITHUB, IBAN, NIR, key
from tikub_lab.checks import intake, persons
from tikub_lab.checks.findings import Finding
from tikub_lab.checks.patterns import RULES, pattern

TEXTS = {
    "email": ["écrire à ana.le-goff@orange.fr", "<a href='mailto:j.morvan@ville-brest.fr'>", "Yann <yann29@gmail.com>"],
    "mobile": ["06 12 34 56 78", "+33 6 12 34 56 78", "+33612345678", "07.12.34.56.78",
               "tél. : 0612345678", "+33 (0)7 12 34 56 78"],
    "nir": [NIR, NIR.replace(" ", ""), CORSICAN, f"assurée {CORSICAN}, depuis 2010"],
    "iban": [IBAN, IBAN.replace(" ", ""), "virement sur DE89 3704 0044 0532 0130 00."],
    "home_path": ["pd.read_csv('/home/ana/lycees.csv')", r"C:\Users\Ana\Documents",
                  "/Users/ana/x", r"C:\\Users\\ana\\x"],
    "secret": [
        GITHUB, "glpat-abcdefghij0123456789", "AKIAABCDEFGHIJ234567", "AIza" + "b" * 35, "hf_" + "aB" * 17,
        "-----BEGIN RSA PRIVATE KEY-----", "password = 'h4rdToGuess'", '{"api_key": "f3a9c1d27b"}',
        "sk-proj-" + "a1" * 20,
        "postgresql://lab:tr0mb0ne@base.bzh/lab",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "xoxb-123456789012-abcdef", "sk_live_abcdefghijklmnop1234", "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMD",
    ],
}  # fmt: skip
INNOCENT = [
    "contact@bretagne.bzh, ce.0290001a@ac-rennes.fr, no-reply@exemple.fr, ana@example.org, git@github.com:a/b.git",
    "@pytest.fixture, logo@2x.png, a@b, x.com/@ana, https://medium.com/@ana.morvan/x, 12@34.56, pip@24.0.1",
    "02 98 00 00 00, 0800 123 456, 06 39 98 12 34, tél. 0298000000",
    "SIRET 35600000000048, 22350001800013, UAI 0290001A, PRM 14512345678901, 0612345678 kWh, 1850529019456",
    "2019 06 15 2020 01 02 2019, 40 113 70 180 170 160 200 31 06 12 34 56 78 90, 0.0612345678, 18 06 12 34 56 78 2",
    f"1 85 05 29 019 456 {(int(key('1850529019456')) + 1) % 97:02d}, 1700000000000000, 185052901945600",
    "FR76 1007 1290 0000 0010 0012 345, FR7630006000011234567890188, GB82WEST, AB12 CDEF 1234 5678",
    "/home/jovyan/work, /home/runner/x, C:\\Users\\Public, /home/user/data, os.path.expanduser('~'), /home/{name}",
    "password = os.environ['PASSWORD'], token=token, api_key = 'YOUR_API_KEY', password='password'",
    "postgresql://user:password@localhost/db, https://{user}:{password}@x, http://a.fr:8080/@b, sk-learn",
    "tokenizer = 'bert-base-v2', token: Secret = Secret(os.environ.get('TOKEN', '')), ghp_, AKIA, sha256:" + "ab" * 32,
]  # fmt: skip


def found(folder: Path) -> list[Finding]:
    with intake.opened(folder) as subject:
        said = list(persons.check(subject))
    assert [item for item in said if not isinstance(item, Finding)] == []
    return said


def kinds(folder: Path) -> set[str]:
    return {item.kind for item in found(folder)}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in TEXTS.items() for text in texts])
def test_what_is_found_in_a_text(tmp_path, kind, text):
    (tmp_path / "notes.md").write_text(f"# Notes\n\nDeux lignes.\n{text}\n", encoding="utf-8")
    (item,) = found(tmp_path)
    assert (item.kind, item.place) == (kind, "notes.md, ligne 4")
    assert text not in item.title + item.why + item.how, "what was found is not shown again"


@pytest.mark.parametrize("text", INNOCENT)
def test_what_merely_looks_like_it(tmp_path, text):
    (tmp_path / "notes.md").write_text(text, encoding="utf-8")
    (tmp_path / "code.py").write_text(text, encoding="utf-8")
    assert found(tmp_path) == []


def notebook(*cells: dict, **metadata: object) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)})


def code(source: str, output: object = None, **metadata: object) -> dict:
    outputs = [] if output is None else [{"output_type": "display_data", "metadata": {}, "data": output}]
    return {"cell_type": "code", "source": [source], "outputs": outputs, "metadata": metadata, "execution_count": 1}


def test_it_is_found_in_notebooks(tmp_path):
    user = {"executionInfo": {"user": {"displayName": "Ana Le Goff", "userId": "0612"}}}
    image = {"image/png": "ana.legoff@orange.fr", "text/plain": "<Figure>"}
    cells = [
        code("x = 1", image), code("y", {"text/plain": "a\nana.legoff@orange.fr"}), code("z", **user),
        code("df", {"text/html": [f"<td>{NIR}</td>", f"<img src='data:image/png;base64,{GITHUB}'>"]}),
    ]  # fmt: skip
    (tmp_path / "a.ipynb").write_text(notebook(*cells), encoding="utf-8")
    assert {(item.kind, item.place) for item in found(tmp_path)} == {
        ("email", "a.ipynb, résultat de la cellule 2"),
        ("author", "a.ipynb, métadonnées de la cellule 3"),
        ("nir", "a.ipynb, résultat de la cellule 4"),
    }


def write_table(folder: Path, ending: str, frame: pd.DataFrame) -> None:
    path = folder / f"t.{ending}"
    if ending == "json":
        path.write_text(frame.to_json(orient="records"), encoding="utf-8")
    else:
        {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}[ending](path, index=False)


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "json"])
def test_it_is_found_in_tables(tmp_path, ending):
    frame = pd.DataFrame({
        "Nom": ["Le Goff", "Morvan"], "Prénom": ["Ana", "Yann"], "Téléphone": ["0612345678", "0712345678"],
        "Compte": [IBAN, ""], "latitude": ["48.11731", "48.2"], "longitude": ["-1.67783", "-3.1"],
    })  # fmt: skip
    write_table(tmp_path, ending, frame)
    assert kinds(tmp_path) - {"author"} == {"person_columns", "mobile", "iban", "exact_places"}


HEADINGS = [
    ("date_naissance", {"person_columns"}), ("Date de naissance", {"person_columns"}),
    ("nom_complet", {"person_columns"}),
    ("nom,prenom", {"person_columns"}), ("last_name,first_name", {"person_columns"}), ("NIR", {"person_columns"}),
    ("nom", set()), ("nom,commune", set()), ("prenom", set()), ("nom_commune,prenom_usuel", {"person_columns"}),
    ("nom,prenom,mandat", set()), ("Nom de l'élu,Prénom de l'élu", set()), ("titre,nom auteur,prenom auteur", set()),
    ("adresse,commune", set()), ("naissances", set()), ("annee", set()),
]  # fmt: skip


@pytest.mark.parametrize(("headings", "kind"), HEADINGS)
def test_columns_that_name_people(tmp_path, headings, kind):
    names = headings.split(",")
    pd.DataFrame({name: ["a", "b"] for name in names}).to_csv(tmp_path / "t.csv", index=False)
    assert kinds(tmp_path) == kind
    pd.DataFrame({name: [None, None] for name in names}).to_csv(tmp_path / "t.csv", index=False)
    assert kinds(tmp_path) == set(), "an empty column names nobody"


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"service": "ab", "effectif": [3, 40]}, {"small_counts"}),
        ({"service": "ab", "nb_agents": [5, 40]}, set()),
        ({"service": "ab", "Nombre de bénéficiaires": ["0", "4"]}, {"small_counts"}),
        ({"marche": "ab", "nombre_offres": [1, 2]}, set()),
        ({"lycee": "ab", "etages": [1, 2]}, set()),
        ({"lycee": "ab", "latitude": ["48.11731", "48.2"], "longitude": ["-1.67783", "-2"]}, set()),
        ({"agent": "ab", "lat": ["48.11731", "48.2"], "lon": ["-1.67783", "-2"]}, {"exact_places"}),
        ({"agent": "ab", "lat": ["48.12", "48.2"], "lon": ["-1.68", "-2"]}, set()),
        ({"etablissement": "ab", "mail": ["ana.morvan@orange.fr", "y.riou@ac-rennes.fr"]}, set()),
        ({"numero": "ab", "mail": ["ana.morvan@orange.fr", "y.riou@ac-rennes.fr"]}, {"email"}),
    ],
)
def test_columns_of_counts_places_and_bodies(tmp_path, columns, kind):
    pd.DataFrame({name: list(values) for name, values in columns.items()}).to_csv(tmp_path / "t.csv", index=False)
    assert kinds(tmp_path) == kind


@pytest.mark.parametrize("said", ["", "données fictives"])
def test_tables_that_pages_and_results_show(tmp_path, said):
    frame = pd.DataFrame({"service": list("ab"), "Nombre d'agents": [3, 40]})
    people = pd.DataFrame({"Nom": ["Riou"], "Prénom": ["Yann"], "Note": [12]})
    (tmp_path / "page.html").write_text(f"<html>{said}{frame.to_html()}{people.to_html(index=False)}")
    output = nbformat.v4.new_output("display_data", {"text/html": people._repr_html_()})
    cells = [nbformat.v4.new_markdown_cell(said), nbformat.v4.new_code_cell("people", outputs=[output])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    places = {(item.kind, item.place) for item in found(tmp_path)}
    assert places == (set() if said else {
        ("small_counts", "page.html, tableau, colonne « Nombre d'agents »"), ("person_columns", "page.html, tableau"),
        ("person_columns", "a.ipynb, résultat de la cellule 2"),
    })  # fmt: skip


def test_what_files_say_of_themselves(tmp_path):
    book = openpyxl.Workbook()
    book.properties.creator, book.active["A1"] = "Ana Le Goff", "x"
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x", "y")
        archive.comment = b"fait par ana.legoff@orange.fr"
    photo = Image.new("RGB", (8, 8))
    exif = photo.getexif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 7.0, 2.0)})
    photo.save(tmp_path / "c.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(tmp_path / "d.jpg")
    assert {(item.kind, item.place.partition(",")[0]) for item in found(tmp_path)} == {
        ("author", "a.xlsx"), ("email", "b.zip"), ("gps", "c.jpg"),
    }  # fmt: skip


def test_a_sample_that_says_that_it_is_invented(tmp_path):
    (tmp_path / "data").mkdir()
    pd.DataFrame({"nom": ["a"], "prenom": ["b"]}).to_csv(tmp_path / "data" / "t.csv", index=False)
    for item in ({"origin": "sample"}, {"description": "Personnes fictives."}, {}, "odd"):
        listed = {"path": "t.csv", **item} if isinstance(item, dict) else item
        (tmp_path / "data" / "datapackage.json").write_text(json.dumps({"resources": [listed]}), encoding="utf-8")
        assert kinds(tmp_path) == (set() if item and isinstance(item, dict) else {"person_columns"})


def test_a_file_that_breaks_loses_no_other(tmp_path):
    (tmp_path / "a.ipynb").write_text("{", encoding="utf-8")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing of the kind")
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "d.md").write_text(GITHUB, encoding="utf-8")
    with intake.opened(tmp_path) as subject:
        said = list(persons.check(subject))
    assert [item.place if isinstance(item, Finding) else item.what for item in said] == [
        "a.ipynb",
        "b.parquet",
        "c.jpg",
        "d.md, ligne 1",
    ]


@given(st.from_regex(pattern(RULES["identities"]["nir"]), fullmatch=True))
def test_keys_of_nir_are_those_of_stdnum(number):
    digits = number.replace(" ", "")
    for tail in range(1, 98):
        candidate = f"{digits[:13]}{tail:02d}"
        if stdnum.fr.nir.is_valid(candidate):
            assert persons._is("nir", candidate)
    assert sum(persons._is("nir", f"{digits[:13]}{tail:02d}") for tail in range(1, 98)) == 1


@given(st.integers(0, 10**23 - 1))
def test_keys_of_iban_are_those_of_stdnum(number):
    for tail in range(2, 99):
        candidate = f"FR{tail:02d}{number:023d}"
        assert persons._is("iban", candidate) == stdnum.iban.is_valid(candidate, check_country=False)


@pytest.mark.parametrize(
    "seed",
    ["a", "1 ", "AA11", "token='a1", '"user": {', "a://a:", "tel ", "a.", "a@a.", "eyJaaaaaaaaaa.", "sk-", "/home/"],
)
def test_no_rule_is_slow_on_a_text_made_for_it(tmp_path, seed):
    text, start = seed * (500_000 // len(seed)), time.process_time()
    for rule in [*RULES["secrets"].values(), *RULES["identities"].values()]:
        list(pattern(rule).finditer(text))
    assert time.process_time() - start < 5
