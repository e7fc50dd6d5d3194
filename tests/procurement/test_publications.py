"""Successive publications: pairs worked by hand, identities, the real PES files counted from their JSON, the sample."""

import json
import zipfile
from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.make.procurement import publications as sample_publications
from data.make.procurement.publication_faults import CHANGES, FAULTS
from data.make.sampling import streams
from tests.conftest import examples
from tikub_lab import tables
from tikub_lab.procurement.scorecard import pairs as publications_pairs
from tikub_lab.procurement.scorecard import publications
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers

ROW = {
    "publication": "a_2025-01-01.json",
    "type": "marché",
    "acheteur_id": "B1",
    "acheteur_nom": "Lycée (fictif)",
    "id": "A",
    "objet": "Gaz",
    "montant": 100.0,
    "dateNotification": pd.Timestamp("2024-05-15"),
    "datePublicationDonnees": pd.Timestamp("2024-06-01"),
    "dureeMois": 12,
    "codeCPV": "09000000",
    "procedure": "Procédure adaptée",
    "titulaires": "T1",
    "modifications": 0,
    "etat": "retenu",
}
SAMPLE = ("procurement/contracts", "procurement/suppliers")


def book(*rows, **common):
    """Records of one publication; the fingerprint is of all that a row says, as an import makes it."""
    rows = [{**ROW, **common, **row} for row in rows]
    for line, row in enumerate(rows, 1):
        row["ligne"] = line
        row.setdefault("empreinte", str(sorted((k, str(v)) for k, v in row.items() if k not in NOT_SAID)))
    frame = pd.DataFrame(rows, columns=[*ROW, "ligne", "empreinte"])
    text = ["acheteur_id", "id", "titulaires", "objet", "empreinte", "etat"]
    days = dict.fromkeys(["dateNotification", "datePublicationDonnees"], "datetime64[s]")
    return frame.astype(dict.fromkeys(text, "str") | days | {"montant": "float64", "modifications": "Int64"})


NOT_SAID = {"publication", "etat", "ligne"}


@pytest.mark.parametrize(
    ("name", "series", "day"),
    [
        ("data.gouv.fr_pes_2019-02-03.json.zip/data.gouv.fr_pes.json", "data.gouv.fr_pes", "2019-02-03"),
        ("decp-20250401.xml", "decp", "2025-04-01"),
        ("2025_04_01 marches.csv", "marches", "2025-04-01"),
        ("decp-2024.json", "decp-2024", None),
        ("marches_2025-02-31.json", "marches", None),
        ("tout.zip/aife_2019-04-04.json", "tout/aife", "2019-04-04"),
        ("decp.json (0a1b2c3d)", "decp", None),
        ("120250401234.json", "120250401234", None),
    ],
)
def test_names_of_files(name, series, day):
    assert publications.series_of(name) == series
    found = publications.date_in(name)
    assert (None if found is None else str(found.date())) == day


def test_publications_are_dated_by_their_name_or_by_their_records():
    late = {"datePublicationDonnees": pd.Timestamp("2025-03-02")}
    records = pd.concat(
        [
            book({}, publication="b_2025-02-01.json"),
            book({}, {"id": "B", "etat": "rejeté", "montant": None, **late}, late, publication="c.json"),
            book({"datePublicationDonnees": None}, publication="d.json"),
            book({}, publication="b_2025-01-01.json"),
        ],
        ignore_index=True,
    )
    found = publications.published_files(records)
    assert found[["publication", "rang", "origine_date", "nombre", "rejetes", "sans_montant"]].to_numpy().tolist() == [
        ["b_2025-01-01.json", 1, "nom du fichier", 1, 0, 0],
        ["b_2025-02-01.json", 2, "nom du fichier", 1, 0, 0],
        ["c.json", 1, "dernière donnée publiée", 3, 1, 1],
        ["d.json", 1, "inconnue", 1, 0, 0],
    ]
    assert found["date"].dt.strftime("%Y-%m-%d").tolist()[2] == "2025-03-02"


# pairs worked by hand: (before, after, what comes of them)
CASES = {
    "nothing changed": ([{}], [{}], [("inchangé", "", 0)]),
    "an amount": ([{}], [{"montant": 130.0}], [("modifié", "montant", 30)]),
    "a field that the table has not": ([{}], [{"empreinte": "x"}], [("modifié", "autre", 0)]),
    "the verdict": ([{"etat": "rejeté"}], [{}], [("modifié", "rejet", 0)]),
    "two fields": ([{}], [{"montant": 50.0, "dureeMois": 6}], [("modifié", "montant|dureeMois", -50)]),
    "gone and come": ([{}], [{"id": "Z", "montant": 7.0}], [("apparu", "", 7), ("disparu", "", -100)]),
    "the same record twice": ([{}], [{}, {}], [("inchangé", "", 0), ("apparu", "", 100)]),
    "one of two": ([{}, {}], [{}], [("inchangé", "", 0), ("disparu", "", -100)]),
    "lots of one identifier": (
        [{}, {"titulaires": "T2", "montant": 10.0}],
        [{"titulaires": "T2", "montant": 15.0}, {"montant": 90.0}],
        [("modifié", "montant", -10), ("modifié", "montant", 5)],
    ),
    "another lot of the same firm": (
        [{}],
        [{}, {"montant": 40.0, "objet": "Lot 2"}],
        [("inchangé", "", 0), ("apparu", "", 40)],
    ),
    "the only one of its key has another firm": ([{}], [{"titulaires": "T9"}], [("modifié", "titulaires", 0)]),
    "lots with other firms are no pair": (
        [{}, {"titulaires": "T2"}],
        [{"titulaires": "T3"}, {"titulaires": "T4"}],
        [("apparu", "", 100), ("apparu", "", 100), ("disparu", "", -100), ("disparu", "", -100)],
    ),
    "a key that was corrected": ([{"acheteur_id": "bad"}], [{}], [("modifié", "acheteur_id", 0)]),
    "an identifier that changed": ([{}], [{"id": "A2"}], [("modifié", "id", 0)]),
    "no identifier": ([{"id": None}], [{"id": None}], [("inchangé", "", 0)]),
    "no identifier, and changed": (
        [{"id": None}],
        [{"id": None, "montant": 5.0}],
        [("apparu", "", 5), ("disparu", "", -100)],
    ),
    "an amount that was missing": ([{"montant": None}], [{}], [("modifié", "montant", 100)]),
    "a date that was missing": ([{"dateNotification": None}], [{}], [("modifié", "dateNotification", 0)]),
}


@pytest.mark.parametrize("name", CASES)
def test_pairs(name):
    before, after, expected = CASES[name]
    found = publications_pairs.compare(book(*before), book(*after))
    assert sorted(found[["statut", "champs", "ecart"]].itertuples(index=False, name=None)) == sorted(expected)


def test_the_amounts_of_rejected_records_count():
    before, after = book({"etat": "rejeté", "montant": 999.0}), book({"montant": 10.0})
    (whole,) = publications_pairs.compare(before, after).to_dict("records")
    assert whole["ecart"] == -989.0
    assert whole["champs"] == "montant|rejet"
    assert (whole["rejet_avant"], whole["rejet_apres"], whole["montant_avant"]) == (True, False, 999.0)


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "acheteur_id": st.sampled_from(["B1", "B2", None]),
            "id": st.sampled_from(["A", "B", None]),
            "titulaires": st.sampled_from(["T1", "T2", None]),
            "montant": st.sampled_from([1.0, 2.5, 64.0, None]),
            "objet": st.sampled_from(["Gaz", None]),
            "etat": st.sampled_from(["retenu", "rejeté"]),
        }
    ),
    max_size=6,
)


@examples(30)
@given(RECORDS, RECORDS)
def test_each_publication_is_the_one_before_less_what_went_plus_what_came(before, after):
    left, right = book(*before, publication="s_2025-01-01"), book(*after, publication="s_2025-02-01")
    found = publications_pairs.compare(left, right)
    assert sorted(found["ligne_avant"].dropna()) == left["ligne"].tolist()
    assert sorted(found["ligne_apres"].dropna()) == right["ligne"].tolist()
    unchanged = found[found["statut"] == "inchangé"]
    assert (unchanged["ecart"] == 0).all()
    if not before or not after:
        return
    (row,) = publications.trend(pd.concat([left, right])).to_dict("records")
    assert row["nombre_apres"] == row["nombre_avant"] - row["disparus"] + row["apparus"] == len(after)
    assert row["nombre_avant"] == row["disparus"] + row["modifies"] + row["inchanges"] == len(before)
    euros = row["montant_avant"] - row["montant_disparus"] + row["montant_apparus"] + row["montant_modifies"]
    assert euros == pytest.approx(row["montant_apres"])
    assert row["montant_apres"] == sum(r["montant"] or 0 for r in after)


@examples(30)
@given(RECORDS)
def test_a_publication_compared_with_itself_is_unchanged(rows):
    found = publications_pairs.compare(book(*rows), book(*reversed(rows)))
    assert set(found["statut"]) <= {"inchangé", "modifié"}
    # only a verdict can differ: the same content, judged otherwise on another line
    assert set(found.loc[found["statut"] == "modifié", "champs"]) <= {"rejet"}


def test_what_comes_back_is_counted():
    records = pd.concat(
        [
            book({}, {"id": "B", "montant": 5.0}, publication="s_2025-01-01"),
            book({}, publication="s_2025-02-01"),
            book({}, {"id": "B", "montant": 6.0}, {"id": "C", "montant": 7.0}, publication="s_2025-03-01"),
        ]
    )
    found = publications.trend(records)
    assert found[["disparus", "apparus", "reapparus", "inchanges"]].to_numpy().tolist() == [[1, 0, 0, 1], [0, 2, 1, 1]]
    largest = publications.largest_moves(records, n=2)
    assert largest[["statut", "id", "ecart"]].to_numpy().tolist() == [["apparu", "C", 7], ["apparu", "B", 6]]


def history():
    """Three publications of one source, and one of another."""
    first = {"publication": "s_2025-01-01"}
    second, third = {"publication": "s_2025-02-01"}, {"publication": "s_2025-03-01"}
    return pd.concat(
        [
            book(
                {}, {"id": "B", "montant": None}, {"id": "C", "montant": 7.0, "etat": "rejeté"},
                {"id": "D", "montant": 40.0}, {"id": None, "montant": 1.0}, {"id": "E", "montant": 2.0}, **first,
            ),
            book(
                {"montant": 90.0}, {"id": "B", "montant": 20.0}, {"id": "C", "montant": 7.0},
                {"id": "E", "montant": 2.0, "etat": "rejeté"},
                {"acheteur_id": None, "montant": 3.0, "titulaires": "T9"},
                **second,
            ),
            book({"montant": 90.0}, {"id": "D", "montant": 41.0}, {"id": "F", "montant": None}, **third),
            book({}, publication="other_2025-01-01"),
        ],
        ignore_index=True,
    )  # fmt: skip


def test_a_series_is_told_step_by_step():
    """From 150 to 122 €: 41 go, 3 come, 10 are taken off one contract and 20 come to be known of another."""
    january, march = publications.trend(history()).to_dict("records")
    assert (january["serie"], january["avant"], january["apres"]) == ("s", "s_2025-01-01", "s_2025-02-01")
    assert (january["date_avant"], january["date_apres"]) == (pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01"))
    told = {name: january[name] for name in publications.TREND[5:]}
    assert told == {
        "nombre_avant": 6, "disparus": 2, "apparus": 1, "reapparus": 0, "modifies": 4, "inchanges": 0,
        "nombre_apres": 5,
        "montant_avant": 150.0, "montant_disparus": 41.0, "montant_apparus": 3.0, "montant_modifies": 10.0,
        "montant_apres": 122.0, "sans_montant_avant": 1, "sans_montant_apres": 0, "corriges": 1, "degrades": 1,
        "sans_cle": 2,
    }  # fmt: skip
    told = {name: march[name] for name in publications.TREND[5:]}
    assert told == {
        "nombre_avant": 5, "disparus": 4, "apparus": 2, "reapparus": 1, "modifies": 0, "inchanges": 1,
        "nombre_apres": 3,
        "montant_avant": 122.0, "montant_disparus": 32.0, "montant_apparus": 41.0, "montant_modifies": 0.0,
        "montant_apres": 131.0, "sans_montant_avant": 0, "sans_montant_apres": 1, "corriges": 0, "degrades": 0,
        "sans_cle": 1,
    }  # fmt: skip


def test_the_largest_moves_first():
    found = publications.largest_moves(history())
    assert found[["apres", "statut", "id", "champs", "ecart"]].fillna("").to_numpy().tolist() == [
        ["s_2025-03-01", "apparu", "D", "", 41.0],
        ["s_2025-02-01", "disparu", "D", "", -40.0],
        ["s_2025-02-01", "modifié", "B", "montant", 20.0],
        ["s_2025-03-01", "disparu", "B", "", -20.0],
        ["s_2025-02-01", "modifié", "A", "montant", -10.0],
        ["s_2025-03-01", "disparu", "C", "", -7.0],
        ["s_2025-02-01", "apparu", "A", "", 3.0],
        ["s_2025-03-01", "disparu", "A", "", -3.0],
        ["s_2025-03-01", "disparu", "E", "", -2.0],
        ["s_2025-02-01", "disparu", "", "", -1.0],
    ]
    assert found.columns.tolist()[:3] == ["avant", "apres", "statut"]
    assert len(publications.largest_moves(history(), n=20)) == 13


def test_moves_of_one_size_in_the_order_of_their_publications():
    """The earlier publication first; in one, what came or changed by its line, then what went by its own."""
    steps = [[{"id": "A"}, {"id": "B"}], [{"id": "C"}, {"id": "D"}], [{"id": "E"}]]
    records = [book(*rows, publication=f"s_2025-0{n}-01", titulaires=f"T{n}") for n, rows in enumerate(steps, 1)]
    found = publications.largest_moves(pd.concat(records, ignore_index=True))
    assert found["id"].tolist() == ["C", "D", "A", "B", "E", "C", "D"]


def test_nothing_gives_nothing():
    empty = book()
    assert publications.published_files(empty).empty
    assert list(publications.trend(empty).columns) == list(publications.TREND)
    assert publications.trend(book({})).empty
    assert publications.largest_moves(empty).empty
    assert "ecart" in publications.largest_moves(empty)
    assert publications_pairs.compare(empty, book({}))["statut"].tolist() == ["apparu"]
    assert publications_pairs.compare(book({}), empty)["ecart"].tolist() == [-100.0]


# The three PES publications of 2019, counted from their JSON


@pytest.fixture(scope="module")
def pes(opendata, tmp_path_factory, root):
    """The three real publications: what their JSON says, and the table of an import of them."""
    paths = sorted((opendata / "procurement" / "decp-2019").glob("*pes*.zip"))
    raw = [json.loads(zipfile.ZipFile(path).read("data.gouv.fr_pes.json"))["marches"] for path in paths]
    into = tmp_path_factory.mktemp("pes")
    import_files(reversed(paths), into, readers(), schemas=root / "data" / "schemas")
    return raw, open_package(into).load("procurement/records")


@pytest.mark.ci
def test_the_three_publications_of_2019(pes):
    raw, records = pes
    found = publications.trend(records).to_dict("records")
    assert [str(row["date_apres"].date()) for row in found] == ["2019-03-07", "2019-04-05"]
    for row, before, after in zip(found, raw[:-1], raw[1:], strict=True):
        # a second way: each record as its JSON text, as often as it is there
        old, new = (Counter(json.dumps(each, sort_keys=True) for each in side) for side in (before, after))
        gone, come = list((old - new).elements()), list((new - old).elements())
        keys = [{(r["acheteur"]["id"], r["id"]) for r in map(json.loads, side)} for side in (gone, come)]
        assert not keys[0] & keys[1]  # so that nothing is a change: each is gone, or come
        assert (row["disparus"], row["apparus"], row["modifies"]) == (len(gone), len(come), 0)
        assert row["inchanges"] == sum((old & new).values())
        for name, side in (("montant_disparus", gone), ("montant_apparus", come)):
            assert row[name] == pytest.approx(sum(json.loads(each)["montant"] for each in side))
        assert row["montant_apres"] == pytest.approx(sum(each["montant"] for each in after))
    assert [(row["nombre_avant"], row["disparus"], row["apparus"], row["nombre_apres"]) for row in found] == [
        (110, 0, 442, 552),
        (552, 1, 597, 1148),
    ]
    (gone,) = publications.largest_moves(records, n=2000).query("statut == 'disparu'").to_dict("records")
    assert (gone["id"], gone["montant_avant"]) == ("2019EFLUID00", 316757.0)


@pytest.mark.ci
def test_a_change_made_to_a_real_publication_is_found(pes):
    _, records = pes
    last = records[records["publication"].str.contains("2019-04-05")].reset_index(drop=True)
    later = last.copy()
    later.loc[10, "montant"] += 1000
    later.loc[10, "empreinte"] = "changed"
    later = later.drop(index=[500]).assign(publication="data.gouv.fr_pes_2019-05-05.json")
    found = publications.largest_moves(pd.concat([last, later]), n=5)
    assert sorted(found["statut"]) == ["disparu", "modifié"]
    assert found.set_index("statut").loc["modifié", ["champs", "ecart"]].tolist() == ["montant", 1000.0]


# The fictitious publications


@pytest.fixture(scope="module")
def made(root):
    source = {name: tables.load(name, root / "data") for name in SAMPLE}
    truth = sample_publications.publications(source, streams(7, 1)[0])
    return truth, sample_publications.records(source, streams(7, 1)[0], root / "data" / "schemas")


def test_planted_changes_are_found_and_no_other(made):
    truth, records = made
    assert set(truth.changes["evenement"]) == {*CHANGES, "apparu", "corrigé"}
    names = list(truth.files)
    for before, after in pairwise(names):
        sides = [records[records["publication"] == name] for name in (before, after)]
        found = publications_pairs.compare(*sides)
        planted = truth.changes[truth.changes["apres"] == after]
        came = set(planted.loc[planted["evenement"].isin(["apparu", "revenu"]), "ligne"])
        went = set(planted.loc[planted["evenement"] == "disparu", "ligne"])
        changed = dict(zip(planted["ligne"], planted["champs"], strict=True))
        changed = {
            line: fields for line, fields in changed.items() if line not in came | went and isinstance(fields, str)
        }
        modified = found[found["statut"] == "modifié"].set_index("ligne_apres")["champs"]
        corrected = set(planted.loc[planted["evenement"] == "corrigé", "ligne"])
        assert changed.items() <= modified.to_dict().items()
        assert set(modified.index) - set(changed) <= corrected
        assert set(found.loc[found["statut"] == "apparu", "ligne_apres"]) == came
        doubles = truth.faults[(truth.faults["publication"] == before) & (truth.faults["defaut"] == "en double")]
        lost = set(found.loc[found["statut"] == "disparu", "ligne_avant"])
        # a corrected double loses one of its two lines, whichever
        assert lost - {*doubles["ligne"], *(doubles["ligne"] - 1)} == went
    row = publications.trend(records).iloc[-1]
    assert row["reapparus"] == (truth.changes["evenement"] == "revenu").sum() > 0
    last = truth.changes[(truth.changes["apres"] == names[-1]) & (truth.changes["evenement"] == "corrigé")]
    rejects = {name for name, fault in FAULTS.items() if fault.rule in REJECTING}
    earlier = truth.faults[(truth.faults["publication"] == names[1]) & truth.faults["defaut"].isin(rejects)]
    still = truth.faults[(truth.faults["publication"] == names[2]) & truth.faults["defaut"].isin(rejects)]
    assert 0 < row["corriges"] == len(earlier) - len(still) <= len(last)


REJECTING = {
    "buyer-siret",
    "supplier-siret",
    "amount-too-low",
    "amount-repeated-digit",
    "date-missing",
    "duration-range",
    "supplier-missing",
    "consideration-contradiction",
}


def test_planted_faults_are_judged_by_the_real_rules(made):
    truth, records = made
    assert set(truth.faults["defaut"]) == set(FAULTS)
    rows = records.set_index(["publication", "ligne"])
    rejected = set()
    for fault in truth.faults.to_dict("records"):
        row = rows.loc[(fault["publication"], fault["ligne"])]
        said = "|".join(str(row[name]) for name in ("regles", "reparations") if pd.notna(row[name]))
        rules = {item.split(":")[0] for item in said.split("|")}
        if fault["regle"] == "duplicate":
            assert row["etat"] == "doublon" or rows.loc[(fault["publication"], fault["ligne"] - 1), "etat"] == "doublon"
        elif fault["regle"] is not None and pd.notna(fault["regle"]):
            assert fault["regle"] in rules, fault
        if fault["regle"] in REJECTING:
            rejected.add((fault["publication"], fault["ligne"]))
    assert set(rows.index[rows["etat"] == "rejeté"]) == rejected


@pytest.mark.proof
def test_the_fictitious_publications_are_small_reproducible_and_say_that_they_are(made, root):
    truth, records = made
    source = {name: tables.load(name, root / "data") for name in SAMPLE}
    again = sample_publications.records(source, streams(7, 1)[0], root / "data" / "schemas")
    pd.testing.assert_frame_equal(records, again)
    assert records["acheteur_nom"].str.contains("fictif").all()
    assert all("fictif" in name for name in truth.files)
    assert len(records.to_csv(index=False).encode()) < 350_000
    assert 250 <= records["publication"].value_counts().min() <= records["publication"].value_counts().max() <= 600


@pytest.mark.parametrize("keep", [0, 1, 40])
def test_fictitious_publications_of_few_contracts(root, keep):
    source = {name: tables.load(name, root / "data") for name in SAMPLE}
    few = source[SAMPLE[0]].query("dateNotification >= '2024-09-01'").head(keep)
    found = sample_publications.records({**source, SAMPLE[0]: few}, streams(7, 1)[0], root / "data" / "schemas")
    assert (len(found) > 0) == (keep > 0)
