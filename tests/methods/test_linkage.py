"""Who is who: identifiers first, then names; what a person decides is kept and learnt from; real rows are judged."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_linkage import hidden, state_list, tables
from tikub_lab.errors import UsageError
from tikub_lab.methods import linkage
from tikub_lab.methods.linkage import FEATURES, Model, Names, candidates, compete, features, learn, link, one_to_one
from tikub_lab.methods.review import REVIEWED, read_decisions, write_review

pytest.importorskip("rapidfuzz", reason="linking by name needs the extra linkage")

REGISTRY = pd.DataFrame(
    {
        "siren": ["732829320", "338365059", "775672272", "356000000", "552100554"],
        "rna": [None, "W291000001", None, None, None],
        "nom": ["Bagad de Plougar", "Amicale laïque", "Amicale laïque", "Comité des fêtes de Trémel", "Club nautique"],
        "ville": ["Plougar", "Plougar", "Quimper", "Trémel", "Brest"],
        "departement": ["29", "29", "29", "22", "29"],
    }
)


def rows(*names, **columns):
    return pd.DataFrame({"nom": names, **columns})


def linked(given, **options):
    return link(given, REGISTRY, **options).table


def test_a_valid_identifier_decides_whatever_the_name():
    found = linked(rows("X", "Y", "Z", siret=["73282932000074", None, None], rna=[None, "w 291000001", None],
                        siren=[None, None, "552 100 554"]))  # fmt: skip
    assert found["candidat"].tolist() == ["732829320", "338365059", "552100554"]
    assert (found["moyen"] == "identifiant").all()
    assert (found["probabilite"] == 1).all()


def test_an_identifier_that_fails_its_check_goes_to_review_even_where_the_name_is_sure():
    found = link(rows("Bagad de Plougar", siret=["73282932000075"], ville=["Plougar"]), REGISTRY)
    assert found.table[["etat", "motif"]].values.tolist() == [["à revoir", "identifiant invalide"]]
    assert found.review["candidat"].iloc[0] == "732829320"
    alone = link(rows("Xyzq", siret=["1"]), REGISTRY)
    assert alone.review[["candidat", "motif"]].values.tolist() == [["", "identifiant invalide"]]


def test_a_name_whose_valid_siren_is_another_is_not_linked_alone():
    found = linked(rows("Bagad de Plougar", siren=["784671695"], ville=["Plougar"]))
    assert found[["etat", "motif"]].values.tolist() == [["à revoir", "autre identifiant"]]


def test_names_are_linked_by_what_is_rare_in_them_and_by_place():
    found = linked(
        rows("BAGAD PLOUGAR", "Asso. Cté des fetes Tremel", "AMICALE LAIQUE", ville=["PLOUGAR", None, "Quimper"])
    )
    assert found["candidat"].tolist() == ["732829320", "356000000", "775672272"]
    assert (found["moyen"] == "nom").all()


def test_two_bodies_of_one_name_share_the_odds_and_a_person_decides():
    found = link(rows("Amicale laïque", departement=["29"]), REGISTRY)
    assert found.table["etat"].tolist() == ["à revoir"]
    assert set(found.review["candidat"][:2]) == {"338365059", "775672272"}
    assert found.review["probabilite"][:2].between(0.3, 0.5).all()


def test_what_no_name_is_near_to_is_absent():
    assert linked(rows("Xyzq wvut"))["etat"].tolist() == ["absent"]


def test_decisions_are_kept_applied_and_learnt_from(tmp_path):
    path, given = tmp_path / "revue.csv", rows("Amicale laïque", "Amicale laïque", "Xyzq", siret=[None, None, "1"])
    first = link(given, REGISTRY)
    write_review(first.review, path)
    lines = path.read_text("utf-8-sig").splitlines()
    assert lines[0] == ";".join(REVIEWED)
    filled = [
        line.replace(";338365059;;", ";338365059;Oui ;").replace(";775672272;;", ";775672272;non;") for line in lines
    ]
    filled = [line.replace("Xyzq", "XYZQ").replace(";;;XYZQ", ";;non;XYZQ") for line in filled]
    path.write_text("\n".join(filled), "cp1252")  # as a spreadsheet writes it
    decisions = read_decisions(path)
    assert sorted(decisions["decision"]) == ["non", "non", "oui"]
    again = link(given, REGISTRY, decisions=decisions)
    assert again.table["candidat"].tolist()[:2] == ["338365059"] * 2
    assert again.table["etat"].tolist() == ["lié", "lié", "absent"]
    assert (again.table["moyen"] == "décision").all()
    assert again.review.empty
    known = again.pairs[again.pairs["connu"]]
    before, after = Model().chances(known), learn(again.pairs, strength=0.1).chances(known)
    right = known["juste"].to_numpy()
    assert after[right].sum() > before[right].sum()
    write_review(again.review, path)  # nothing left to ask: what was decided stays
    assert read_decisions(path)[[*REVIEWED[:3]]].equals(decisions[[*REVIEWED[:3]]])


def test_no_spreadsheet_computes_a_name(tmp_path):
    path = tmp_path / "revue.csv"
    write_review(link(rows('=HYPERLINK("http://x")', siret=["1"]), REGISTRY).review, path)
    assert ";\"'=HYPERLINK" in path.read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ligne;candidat\na;b\n", "no column decision"),
        ("", "no column ligne, candidat, decision"),
        ("ligne;candidat;decision\na;b;peut-être\n", "line 2: decision 'peut-être'. Write oui or non"),
        ("ligne;candidat;decision\na;b;oui\na;c;oui\n", "line 3: 'a' has oui on line 2 too"),
    ],
)
def test_a_table_filled_in_wrongly_says_where(tmp_path, text, says):
    path = tmp_path / "revue.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=says):
        read_decisions(path)


def test_tables_without_what_is_needed_are_refused():
    with pytest.raises(UsageError, match="rows: no column nom"):
        link(pd.DataFrame({"name": ["a"]}), REGISTRY)
    with pytest.raises(UsageError, match="registry: no column siren"):
        link(rows("a"), REGISTRY.drop(columns="siren"))
    with pytest.raises(UsageError, match="registry: siren has 4 values for 5 entries"):
        link(rows("a"), REGISTRY.assign(siren=["1", "1", "2", "3", "4"]))
    with pytest.raises(UsageError, match="0 values for 0 entries"):
        link(rows("a"), REGISTRY.head(0))


def test_no_rows_are_no_links_and_the_index_of_rows_stays():
    assert linked(rows()).empty
    given = rows("Bagad de Plougar", None, "Bagad de Plougar").set_axis([7, 7, 3])
    found = linked(given)
    assert found.index.tolist() == [7, 7, 3]
    assert found["candidat"].fillna("").tolist() == ["732829320", "", "732829320"]


def test_each_entry_is_given_once_where_asked():
    given = rows("Club nautique", "Le club nautique", ville=["Brest", "Brest"])
    assert (linked(given)["candidat"] == "552100554").all()
    assert (linked(given, unique=True)["candidat"] == "552100554").sum() == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-60, 60)), min_size=1, max_size=20))
def test_candidates_of_a_row_and_none_of_them_add_up_to_one(pairs):
    row, logit = (np.array(each) for each in zip(*pairs, strict=True))
    chance = compete(row, logit)
    assert (chance >= 0).all()
    assert (np.bincount(row, chance) <= 1 + 1e-9).all()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0, 1)), max_size=20))
def test_an_assignment_gives_each_once_and_leaves_no_free_pair(drawn):
    pairs = pd.DataFrame(drawn, columns=["row", "entry", "probabilite"]).drop_duplicates(["row", "entry"])
    kept = one_to_one(pairs)
    assert kept["row"].is_unique
    assert kept["entry"].is_unique
    assert (pairs["row"].isin(kept["row"]) | pairs["entry"].isin(kept["entry"])).all()


def test_the_gradient_of_learning_leads_to_weights_that_are_known():
    rng = np.random.default_rng(1)
    pairs = pd.DataFrame(rng.random((4_000, len(FEATURES))), columns=[*FEATURES]).assign(row=np.arange(4_000) // 2)
    truth = Model(-2.0, tuple(np.linspace(-3, 3, len(FEATURES))))
    draw, chance = rng.random(2_000), truth.chances(pairs).reshape(-1, 2)
    first, second = draw < chance[:, 0], (draw >= chance[:, 0]) & (draw < chance.sum(axis=1))
    found = learn(pairs.assign(connu=True, juste=np.column_stack([first, second]).ravel()), strength=1e-3)
    assert np.allclose(found.weights, truth.weights, atol=0.6)


def test_fictitious_rows_are_linked_as_well_as_their_generator_allows():
    drawn, registry, truth = tables(1_500)
    left, right = Names(drawn), Names(registry)
    pairs = features(left, right, candidates(left, right))
    right_pairs = np.array(truth)[pairs["row"]] == pairs["entry"].to_numpy()
    assert right_pairs.sum() / np.sum(np.array(truth) >= 0) > 0.98
    best = one_to_one(pairs.assign(probabilite=Model().chances(pairs), juste=right_pairs))
    sure = best[best["probabilite"] >= Model().sure]
    assert sure["juste"].mean() > 0.99
    assert len(sure) > 0.5 * len(drawn)


@pytest.mark.ci
def test_real_grants_whose_siret_is_hidden(opendata):
    """Thresholds were chosen on CD49; the four other files are not used to set anything."""
    registry, grants = state_list(opendata).drop_duplicates("siren"), hidden(opendata)
    found = link(grants[["nom", "departement"]], registry).table
    present = grants["siren"].isin(registry["siren"])
    right = np.where(found["etat"] == linkage.LINKED, found["candidat"] == grants["siren"], ~present)
    alone = found["etat"] != linkage.REVIEW
    assert (len(grants), int(present.sum())) == (97, 26)
    others = grants["fichier"] != "CD49_"
    assert alone[others].mean() >= 0.7
    assert right[alone].all()
