"""What lycées say that they did: the table that they fill in, and what is measured beside it."""

import csv

import numpy as np
import openpyxl
import pandas as pd
import pytest

from tikub_lab.energy.actions import FEWEST, HIDDEN, measured
from tikub_lab.energy.gestures.words import read
from tikub_lab.errors import UsageError
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema
from tikub_lab.tables.template import write_template
from tikub_lab.use_cases import readers

# The table

GOOD = {
    "action_id": "A1", "code_uai": "0007614B", "geste": "un_degre", "qui": "intendance", "premier_jour": "06/01/2025",
    "energie": "gaz", "preuve": "https://lycee.example/energie",
}  # fmt: skip
REFUSED = [
    ({"qui": "Mme Le Goff"}, "qui", "enum"),
    ({"qui": "yann.le-goff@lycee.example"}, "qui", "enum"),
    ({"qui": ""}, "qui", "required"),
    ({"premier_jour": "lundi"}, "premier_jour", "type-error"),
    ({"code_uai": ""}, "code_uai", "required"),
    ({"dernier_jour": "05/01/2025"}, "premier_jour, dernier_jour", "compare-columns-value"),
]
BLANKED = [
    ({"preuve": "écrire à yann.le-goff@lycee.example"}, "preuve", "pattern"),
    ({"action": "voir avec yann.le-goff@lycee.example"}, "action", "pattern"),
    ({"geste": "éteindre", "action": "Éteindre"}, "geste", "enum"),
    ({"energie": "charbon"}, "energie", "enum"),
    ({"geste": ""}, "geste, action", "one-of-required"),
]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_refuses_what_names_a_person_or_says_nothing(root, tmp_path, form):
    (path, *_) = write_template("energy/actions", root / "data" / "schemas", tmp_path, form == "xlsx")
    names = read_schema(root / "data" / "schemas" / "energy" / "actions.json").names
    bad = [*REFUSED, *BLANKED]
    rows = [GOOD, *(GOOD | change | {"action_id": f"B{place}"} for place, (change, *_) in enumerate(bad))]
    cells = [[row.get(name, "") for name in names] for row in rows]
    if form == "csv":
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(cells)
    else:
        book = openpyxl.load_workbook(path)
        for row in cells:
            book.worksheets[0].append(row)
        book.save(path)
    (found,) = import_files([path], tmp_path / "package", readers())
    assert (found.read, found.rejected) == (len(rows), len(REFUSED))
    kept = open_package(tmp_path / "package").load("energy/actions").set_index("action_id")
    assert kept.loc["A1", "premier_jour"] == pd.Timestamp(2025, 1, 6)
    assert not kept.astype("str").apply(lambda texts: texts.str.contains("Goff|goff")).to_numpy().any()
    for place, (_, field, _) in enumerate(BLANKED, len(REFUSED)):
        assert pd.isna(kept.loc[f"B{place}", field.split(", ")[-1]])
    logs = {
        kind: pd.read_csv(tmp_path / "package" / "energy" / f"actions.{kind}.csv", dtype="str", keep_default_na=False)
        for kind in ("rejects", "repairs")
    }
    told = {kind: log.loc[log["id"] != "", ["field", "rule"]].to_numpy().tolist() for kind, log in logs.items()}
    assert told["rejects"] == [[field, rule] for _, field, rule in REFUSED]
    assert told["repairs"] == [[field, rule] for _, field, rule in BLANKED]


def test_the_gestures_of_the_table_are_those_of_the_pages(root):
    field = read_schema(root / "data" / "schemas" / "energy" / "actions.json").field("geste")
    assert field.constraints["enum"] == read("gestures.csv")["geste"].tolist()


# The measure

NAMES = ("sites", "meters", "readings", "weather", "calendar", "works")
SITE, CHANGE = "0000156V", pd.Timestamp(2025, 1, 1)


@pytest.fixture(scope="module")
def known(energy_tables):
    """A lycée whose two meters of electricity use 100 and 20 kWh a day, a tenth less of the first since 2025."""
    edges = pd.date_range("2021-01-01", "2026-01-01", freq="MS")
    waver = 1 + 0.01 * np.cos(np.arange(len(edges) - 1) ** 2)
    days = np.diff(edges) / pd.Timedelta(days=1)
    level = np.where(edges[:-1] >= CHANGE, 90.0, 100.0)
    bills = [
        pd.DataFrame({"compteur_id": meter, "debut": edges[:-1], "fin": edges[1:], "kwh": kwh * waver * days})
        for meter, kwh in (("E1", level), ("E2", 20.0))
    ]
    tables = {name: energy_tables[f"energy/{name}"] for name in NAMES}
    meters = tables["meters"].head(2).assign(
        compteur_id=["E1", "E2"], code_uai=SITE, energie="électricité", usage="autres", mise_en_service=pd.NaT,
        retrait=pd.NaT,
    )  # fmt: skip
    return tables | {
        "meters": meters, "readings": pd.concat(bills).assign(origine="facture", estime=False),
        "works": tables["works"].head(0),
    }  # fmt: skip


def said(known, *rows, **changes):
    """Measure actions, each a first day, a last one, and what differs; the rows in their order."""
    usual = {"code_uai": SITE, "geste": "lumieres", "action": None, "qui": "élèves", "energie": "électricité"}
    usual |= {"compteur_id": None, "preuve": None}
    table = pd.DataFrame(
        [
            usual | {"action_id": f"A{place}", "premier_jour": pd.Timestamp(first), "dernier_jour": pd.Timestamp(last)}
            | more for place, (first, last, more) in enumerate(rows)
        ]
    )  # fmt: skip
    found = measured(**known | changes, actions=table).set_index("action_id").loc[table["action_id"]]
    return found.to_dict("records")


def test_a_change_is_measured_on_the_meters_that_an_action_names_or_on_its_energy(known):
    one, all_ = (said(known, (CHANGE, None, {"compteur_id": meter}))[0] for meter in ("E1", None))
    assert one["ecart"] == pytest.approx(-0.1, abs=0.002)
    assert all_["ecart"] == pytest.approx(-10 / 120, abs=0.002)
    assert one["kwh"] == pytest.approx(-3650, rel=0.02)
    assert one["ecart_bas"] < one["ecart"] < one["ecart_haut"] < 0
    assert (one["etat"], one["fait"]) == ("mesuré", "Éteindre la lumière et les écrans en sortant de la salle")
    assert one["constat"] == "Électricité, mesuré : −{:.1f} % (de −{:.1f} à −{:.1f} %).".format(
        *(-100 * one[name] for name in ("ecart", "ecart_bas", "ecart_haut"))
    ).replace(".", ",", 3)
    (none,) = said(known, (CHANGE, None, {"compteur_id": "E2"}))
    assert none["etat"] == "rien de mesurable"
    assert none["ecart_bas"] < 0 < none["ecart_haut"]
    assert none["constat"].startswith("Électricité, rien de mesurable (de −")


def test_actions_that_overlap_are_measured_together_and_others_not(known):
    first, second, third = said(
        known, ("2024-01-01", "2024-06-30", {}), (CHANGE, None, {}), ("2025-03-01", "2025-06-30", {})
    )
    assert first["etat"] == "rien de mesurable"
    assert (first["ensemble"], first["quand"]) == (1, "du 1er janvier 2024 au 30 juin 2024")
    assert second["groupe"] == third["groupe"] != first["groupe"]
    assert (third["debut"], third["fin"]) == (CHANGE, pd.Timestamp(2026, 1, 1))
    assert second["constat"] == third["constat"]
    assert second["constat"].endswith("%), avec une autre action.")
    assert second["quand"] == "depuis le 1er janvier 2025"


def test_why_there_is_no_measure(known):
    late = pd.Timestamp(2026, 1, 1) - pd.Timedelta(days=FEWEST - 1)
    rows = said(
        known, (late, None, {"compteur_id": "E1"}), ("2024-01-01", "2024-02-29", {}), (CHANGE, None, {"energie": None}),
        (CHANGE, None, {"energie": "gaz"}), ("2030-01-01", None, {"energie": "gaz"}),
    )  # fmt: skip
    assert [row["constat"] for row in rows] == [
        "Électricité, trop tôt : 89 jours connus, il en faut 90.",
        "Électricité, trop court : 60 jours connus, il en faut 90.",
        "Pas de mesure : aucune énergie n'est dite.", *["Gaz, pas de mesure : aucun relevé n'est connu."] * 2,
    ]  # fmt: skip
    assert [row["etat"] for row in rows] == ["trop tôt", *["sans mesure"] * 4]
    works = pd.DataFrame(
        {
            "code_uai": [SITE], "statut": "réalisé", "date_fin": pd.Timestamp(2025, 3, 1), "mesure": "Éclairage",
            "energie": "électricité",
        }
    )  # fmt: skip
    for energy, state in (("électricité", "sans mesure"), ("gaz", "mesuré")):
        (row,) = said(known, (CHANGE, None, {}), works=works.assign(energie=energy))
        assert row["etat"] == state
    few = known["readings"].query("debut >= '2024-06-01'")
    (row,) = said(known, (CHANGE, None, {}), readings=few)
    assert row["constat"] == "Électricité, pas de mesure : les factures ou les relevés ne suffisent pas pour comparer."


@pytest.mark.parametrize(
    "text", ["Mme Le Goff a fermé les volets", "voir M. Riou", "Madame la proviseure", "tél. 06 12 34 56 78", "a@b.fr"]
)
def test_a_text_that_names_a_person_is_not_taken_over(known, text):
    (row,) = said(known, (CHANGE, None, {"action": text, "preuve": text}))
    assert (row["fait"], row["preuve"]) == (HIDDEN, HIDDEN)


def test_other_texts_are(known):
    text = "M2 : 120 m² de combles, le 06/12/2024, https://lycee.example/photos?album=3"
    (row,) = said(known, (CHANGE, None, {"action": "Fermer les volets", "preuve": text}))
    assert row["fait"] == "Fermer les volets"
    assert row["preuve"] == "M2 : 120 m² de combles, le 06/12/2024, lycee.example"
    (row,) = said(known, (CHANGE, None, {"geste": None}))
    assert (row["fait"], row["preuve"]) == ("action non décrite", "")


def test_no_action_no_row(known, energy_tables):
    none = energy_tables["energy/actions"].head(0)
    assert measured(**known, actions=none).empty
    with pytest.raises(UsageError, match="level=2"):
        measured(**known, actions=none, level=2)


def test_what_was_planted_is_measured(energy_tables):
    """Gaps of lycées that save lie around what was planted, those of lycées without any change around nothing."""
    tables = {name: energy_tables[f"energy/{name}"] for name in (*NAMES, "actions")}
    found = measured(**tables).dropna(subset="ecart").drop_duplicates("groupe")
    truths = energy_tables["energy/truths"].merge(tables["meters"][["compteur_id", "energie"]])
    saved = truths[truths["nature"] == "geste"].groupby(["code_uai", "energie"], observed=True)["valeur"].max()
    other = ["chauffage en vacances", "dérive de la base", "compteur en panne", "relevés estimés", "économie"]
    troubled = truths.loc[truths["nature"].isin(other), "code_uai"]
    found = found[~found["code_uai"].isin(troubled)].join(saved, on=["code_uai", "energie"])
    due = -found["valeur"].fillna(0)
    inside = (found["ecart_bas"] <= due) & (due <= found["ecart_haut"])
    assert len(found) > 40
    assert 0.8 <= inside.mean() <= 1  # of 90 % expected, three standard errors
    assert (found["ecart"] - due).mean() == pytest.approx(0, abs=0.003)
    assert found.loc[found["valeur"].notna(), "etat"].eq("mesuré").all()
    assert found.loc[found["valeur"].isna(), "etat"].eq("mesuré").mean() < 0.2
