"""Rules on both sides of each limit; what is silent is asked, what a person decided stands; nobody else gets in."""

import csv
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.datathon.applications import (
    ADMITTED,
    BROKEN,
    MET,
    OPEN,
    REFUSED,
    WAITING,
    adult,
    aside,
    checked,
    decided,
    person,
)
from tikub_lab.datathon.edition import EDITIONS, edition
from tikub_lab.errors import UsageError
from tikub_lab.tables.frames import typed
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package, workbench
from tikub_lab.tables.schema import read_schema
from tikub_lab.use_cases import readers

SCHEMAS = workbench() / "data" / "schemas" / "datathon"
SILENT = {
    "équipe / personne morale": "aucun", "équipe / personne dans deux équipes": "non",
    "équipe / retrait après la clôture": "refusée", "membre / jour de l'âge": "clôture",
    "organisateur / personnel": "exclu", "jury / juré dans une équipe": "exclu", "jury / proche d'un juré": "exclu",
}  # fmt: skip
"""What another edition may say of what the press release of 2019 leaves open, at its strictest."""


def table(name, rows):
    schema = read_schema(SCHEMAS / f"{name}.json")
    return typed(pd.DataFrame(rows, columns=list(schema.names)), schema)


def member(number=1, team="E1", **changes):
    row = {"equipe_id": team, "numero": number, "nature": "personne physique", "nom": f"NOM{number}", "prenom": "P",
           "naissance": pd.Timestamp("1990-01-01"), "majeur": None}  # fmt: skip
    return row | changes


def team(count=3, team="E1", **first):
    return [
        member(1, team, **{"nom": f"{team}A", **first}),
        *(member(n, team, nom=f"{team}N{n}") for n in range(2, count + 1)),
    ]


def judged(members, rules, jurors=(), ties=(), **application):
    row = {"equipe_id": "E1", "equipe": "Un", "pre_projet": "Un essai.", "depot": pd.Timestamp("2019-05-01", tz="UTC")}
    others = sorted({each["equipe_id"] for each in members} - {"E1"})
    applications = table("applications", [row | application, *(row | {"equipe_id": code} for code in others)])
    checks = checked(applications, table("members", members), table("jurors", jurors), table("ties", ties), rules)
    return checks[checks["equipe_id"] == "E1"].set_index("regle"), decided(applications, checks).iloc[0]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """An edition that says all that 2019 does not."""
    path = tmp_path_factory.mktemp("rules") / "2030.csv"
    with (EDITIONS / "2019.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["cle"] in SILENT:
            row |= {"valeur": SILENT[row["cle"]], "statut": "confirmé"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return edition(str(path))


def at(text):
    return pd.Timestamp(text).tz_localize("Europe/Paris")


def juror(**changes):
    return {"juge_id": "J1", "nom": "JURÉ", "prenom": "Anne", "role": "juré"} | changes


TIE = {"juge_id": "J1", "equipe_id": "E1", "lien": "proche"}
CLOSING, FILE, FEW, MANY = ("candidature / clôture", "candidature / pré-projet", "équipe / membres au moins",
                            "équipe / membres au plus")  # fmt: skip
AGE, LEGAL, TWICE, LEFT = ("membre / âge", "équipe / personne morale", "équipe / personne dans deux équipes",
                           "équipe / retrait après la clôture")  # fmt: skip
STAFF, JUROR, CLOSE = "organisateur / personnel", "jury / juré dans une équipe", "jury / proche d'un juré"
BODY = {"nature": "personne morale", "prenom": None, "naissance": None}
GONE = {"retrait": pd.Timestamp("2019-05-14")}
LATER = {"retrait": pd.Timestamp("2019-05-15")}
BOTH = [*team(3), *team(3, "E2")]
CASES = [
    # rule, verdict in 2019, verdict by the strict edition, what is particular
    (CLOSING, MET, MET, {"depot": at("2019-05-14 23:59:59")}),
    (CLOSING, MET, MET, {"depot": at("2019-05-14 23:59:59.999")}),
    (CLOSING, BROKEN, BROKEN, {"depot": at("2019-05-15 00:00:00")}),
    (CLOSING, MET, MET, {"depot": pd.Timestamp("2019-05-14 21:59:59", tz="UTC")}),
    (CLOSING, BROKEN, BROKEN, {"depot": pd.Timestamp("2019-05-14 22:00:00", tz="UTC")}),
    (CLOSING, MET, MET, {"depot": pd.Timestamp("2019-05-15 03:59:59+06:00")}),
    (CLOSING, OPEN, OPEN, {"depot": None}),
    (FILE, MET, MET, {"pre_projet": "x"}),
    (FILE, BROKEN, BROKEN, {"pre_projet": None}),
    (FILE, BROKEN, BROKEN, {"pre_projet": " - "}),
    (FEW, BROKEN, BROKEN, {"members": []}),
    (FEW, BROKEN, BROKEN, {"members": team(2)}),
    (FEW, MET, MET, {"members": team(3)}),
    (FEW, BROKEN, BROKEN, {"members": team(3, **GONE)}),
    (FEW, MET, MET, {"members": team(4, **GONE)}),
    (FEW, BROKEN, BROKEN, {"members": [*team(2), member(3, nom="é1n2")]}),
    (FEW, BROKEN, BROKEN, {"members": [*team(2), member(3, nom="E1n2")]}),
    (FEW, MET, MET, {"members": [*team(2), member(3, nom="E1N2", naissance=pd.Timestamp("2000-01-01"))]}),
    (LEFT, OPEN, BROKEN, {"members": team(3, **LATER)}),
    (LEFT, MET, MET, {"members": team(4, **LATER)}),
    (LEFT, MET, MET, {"members": team(3, **GONE)}),
    (MANY, MET, MET, {"members": team(8)}),
    (MANY, BROKEN, BROKEN, {"members": team(9)}),
    (MANY, MET, MET, {"members": team(9, **GONE)}),
    (LEGAL, OPEN, BROKEN, {"members": [*team(2), member(3, nom="Une société", **BODY)]}),
    (LEGAL, MET, MET, {"members": [*team(3), member(4, nom="Une société", **BODY)]}),
    (AGE, MET, MET, {"members": team(3, naissance=pd.Timestamp("2001-05-15"))}),
    (AGE, OPEN, BROKEN, {"members": team(3, naissance=pd.Timestamp("2001-05-16"))}),
    (AGE, OPEN, BROKEN, {"members": team(3, naissance=pd.Timestamp("2001-06-30"))}),
    (AGE, BROKEN, BROKEN, {"members": team(3, naissance=pd.Timestamp("2001-07-01"))}),
    (AGE, MET, MET, {"members": team(3, naissance=None, majeur=True)}),
    (AGE, BROKEN, BROKEN, {"members": team(3, naissance=None, majeur=False)}),
    (AGE, OPEN, OPEN, {"members": team(3, naissance=None)}),
    (AGE, MET, MET, {"members": team(4, naissance=pd.Timestamp("2010-01-01"), **GONE)}),
    (AGE, MET, MET, {"members": [*team(3), member(4, nom="Une société", **BODY)]}),
    (TWICE, MET, MET, {"members": BOTH}),
    (TWICE, OPEN, BROKEN, {"members": [*BOTH, member(4, "E2", nom="e1n2")]}),
    (TWICE, MET, MET, {"members": [*BOTH, member(4, "E2", nom="E1N2", naissance=pd.Timestamp("1991-01-01"))]}),
    (TWICE, OPEN, OPEN, {"members": [*BOTH, member(4, "E2", nom="E1N2", naissance=None, majeur=True)]}),
    (TWICE, MET, MET, {"members": [*BOTH, member(4, "E2", nom="E1N2", **GONE)]}),
    (STAFF, OPEN, BROKEN, {"members": team(3, organisation="région bretagne")}),
    (STAFF, OPEN, OPEN, {"members": team(3, organisation="Mission locale de la région Bretagne")}),
    (STAFF, MET, MET, {"members": team(3, organisation="Bretagne Énergies")}),
    (JUROR, OPEN, OPEN, {"members": team(3, nom="Jure", prenom="ANNE"), "jurors": [juror()]}),
    (JUROR, MET, MET, {"jurors": [juror()]}),
    (CLOSE, OPEN, BROKEN, {"jurors": [juror()], "ties": [TIE]}),
    (CLOSE, MET, MET, {"jurors": [juror()], "ties": [TIE | {"lien": "collègue"}]}),
    (CLOSE, MET, MET, {"jurors": [juror()], "members": BOTH, "ties": [TIE | {"equipe_id": "E2"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "in_2019", "by_strict", "case"), CASES)
def test_both_sides_of_each_limit(strict, rule, in_2019, by_strict, case):
    members = case.get("members", team(3))
    more = {name: value for name, value in case.items() if name != "members"}
    for rules, expected in ((edition(), in_2019), (strict, by_strict)):
        checks, state = judged(members, rules, **more)
        assert checks.loc[rule, "verdict"] == expected
        assert bool(checks.loc[rule, "raison"]) == (expected != MET)
        if expected == BROKEN:
            assert state["etat"] == REFUSED
            assert rule in state["regle"].split(" ; ")
        elif expected == OPEN and (checks["verdict"] != BROKEN).all():
            assert state["etat"] == WAITING
            assert rule in state["regle"].split(" ; ")


def test_the_cases_are_on_both_sides():
    for rule in {case[0] for case in CASES}:
        verdicts = {case[2] for case in CASES if case[0] == rule}
        assert MET in verdicts
        assert len(verdicts) > 1


def test_a_decision_settles_what_is_silent_and_nothing_else():
    asked = team(3, organisation="Région Bretagne")
    assert judged(asked, edition())[1]["etat"] == WAITING
    assert judged(asked, edition(), decision="admise")[1]["etat"] == ADMITTED
    assert judged(asked, edition(), decision="refusée")[1]["etat"] == REFUSED
    assert judged(team(2), edition(), decision="admise")[1]["etat"] == REFUSED
    assert judged(team(3), edition(), decision="refusée")[1]["etat"] == ADMITTED  # no rule is in question


@given(
    sizes=st.lists(st.integers(0, 10), min_size=1, max_size=4),
    births=st.lists(st.none() | st.dates(date(1998, 1, 1), date(2004, 1, 1)), min_size=40, max_size=40),
    left=st.lists(st.booleans(), min_size=40, max_size=40),
    names=st.lists(st.integers(0, 60), min_size=40, max_size=40),
    seconds=st.integers(-3, 3),
)
def test_no_accepted_team_breaks_a_rule(strict, sizes, births, left, names, seconds):
    rows, closing = [], strict.closing
    for at_team, size in enumerate(sizes):
        for number in range(size):
            place = at_team * 10 + number
            rows.append(member(number + 1, f"E{at_team}", nom=f"N{names[place]}", naissance=births[place],
                               retrait=pd.Timestamp("2019-05-01") if left[place] and number > 5 else None))  # fmt: skip
    applications = table("applications", [
        {"equipe_id": f"E{n}", "equipe": "x", "pre_projet": "x", "depot": closing + pd.Timedelta(seconds=seconds)}
        for n in range(len(sizes))
    ])  # fmt: skip
    members = table("members", rows)
    states = decided(applications, checked(applications, members, table("jurors", []), table("ties", []), strict))
    seen = []
    for code in states.loc[states["etat"] == ADMITTED, "equipe_id"]:
        own = [row for row in rows if row["equipe_id"] == code and row["retrait"] is None]
        assert 3 <= len({(row["nom"], row["naissance"]) for row in own}) <= 8
        assert all(row["naissance"] and (row["naissance"].year + 18, row["naissance"].month, row["naissance"].day)
                   <= (2019, 5, 15) for row in own)  # fmt: skip
        assert seconds < 0
        seen += [*{(row["nom"], row["naissance"]) for row in own}]
    assert len(seen) == len({*seen})


def test_leap_years_and_names():
    assert not adult(pd.Timestamp("2000-02-29"), date(2018, 2, 28), 18)
    assert adult(pd.Timestamp("2000-02-29"), date(2018, 3, 1), 18)
    assert person("LE GOFF", "Anne-Maëlle") == person("le goff anne", "MAELLE")
    assert person("Œuvre", None) == "OEUVRE"


def test_what_the_press_release_does_not_say_is_asked():
    rules = edition()
    assert {*SILENT} <= {*rules.to_ask["regle"]}
    assert all(rules.said(*key.split(" / ")) is None for key in rules.to_ask["regle"])
    assert [*rules.criteria("jury")] == ["pertinence", "technique", "ergonomie", "responsabilité"]
    assert len(rules.criteria("sélection")) == 3
    with pytest.raises(UsageError, match=r"edition='2020': no rules of this edition are here.*Known: 2019"):
        edition("2020")
    with pytest.raises(UsageError, match="no such file"):
        edition("/nowhere/2020.csv")


def test_who_stands_aside():
    jurors = table("jurors", [juror(organisation="L'Atelier"), juror(juge_id="J2", nom="B", prenom="C")])
    members = table("members", [member(1, organisation="ATELIER (L')"), member(1, "E2", nom="b", prenom="c")])
    found = aside(jurors, table("ties", [TIE | {"juge_id": "J2"}]), members)
    assert found.values.tolist() == [["J1", "E1", "collègue"], ["J2", "E1", "proche"], ["J2", "E2", "membre"]]


# The sample


def test_planted_states_and_rules(datathon_tables):
    named = {name: datathon_tables[name] for name in ("applications", "members", "jurors", "ties")}
    states = decided(named["applications"], checked(*named.values(), edition())).set_index("equipe_id")
    truths = datathon_tables["planted"]
    expected = truths[truths["cas"] == "état"].set_index("cle")["valeur"]
    assert states["etat"].astype("str").to_dict() == expected.to_dict()
    rules = truths[truths["cas"] == "règle"].set_index("cle")["valeur"]
    assert states.loc[rules.index, "regle"].to_dict() == rules.to_dict()


def test_applications_come_from_a_spreadsheet_with_the_usual_dirt(tmp_path):
    text = (
        "Candidatures reçues;;;;\n\n"
        "DEPOT;Code de l'equipe;Équipe;pré-projet;Remarque\n"
        "14/05/2019 23:59:59;E1; Les\xa0Uns ;un essai;vu\n"
        "15/05/2019 00:00:00;E2;Les Deux;un essai;\n"
        ";;;;\n"
        "2019-05-14T21:59:59Z;E3;Les Trois;;\n"
    )
    path = tmp_path / "candidatures.csv"
    path.write_bytes(text.encode("cp1252"))
    people = "équipe_id;N°;Nom;PRENOM;nature;Date de naissance;majeur\n"
    rows = [f"E{team};{n};NOM{team}{n};P;Personne Physique;{'29/02/1996' if n == 1 else ''};{'Oui' if n > 1 else ''}\n"
            for team in (1, 2, 3) for n in (1, 2, 3)]  # fmt: skip
    people = people.replace("N°", "Numéro")
    (tmp_path / "membres.csv").write_text(people + "".join(rows), encoding="utf-8-sig")
    found = import_files([path, tmp_path / "membres.csv"], tmp_path / "package", readers())
    assert [(item.read, item.kept) for item in found] == [(3, 3), (9, 9)]
    package = open_package(tmp_path / "package")
    applications, members = package.load("datathon/applications"), package.load("datathon/members")
    states = decided(applications, checked(applications, members, table("jurors", []), table("ties", []), edition()))
    assert states.sort_values("equipe_id")["etat"].tolist() == [ADMITTED, REFUSED, REFUSED]
    assert states.sort_values("equipe_id")["regle"].tolist() == ["", CLOSING, FILE]
