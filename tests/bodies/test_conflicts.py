"""Conflicts of interest: on both sides of 24 December 2025, nothing silent, nothing said that is not confirmed."""

from datetime import date

import pandas as pd
import pytest

from tikub_lab.bodies import conflicts
from tikub_lab.bodies.conflicts import ADVICE, ASIDE, CHECK, FREE, NO_BODY, NOBODY, advise, conflicts_of
from tikub_lab.bodies.duties import LAW
from tikub_lab.methods.law import CONFIRMED

BOARD = "code de l'éducation, art. R421-14"
BEFORE, LAST, SINCE = date(2022, 2, 22), date(2025, 12, 23), date(2025, 12, 24)
CASES = [
    # decision, nature of the body, what the seat rests on, day, what is said
    ("commande publique", "lycée", BOARD, LAST, ASIDE),
    ("garantie d'emprunt", "lycée", BOARD, date(2022, 2, 23), ASIDE),
    ("aide économique", "lycée", BOARD, LAST, ASIDE),
    ("commission d'appel d'offres", "lycée", BOARD, LAST, ASIDE),
    ("désignation ou rémunération", "lycée", BOARD, LAST, CHECK),
    ("subvention", "lycée", BOARD, LAST, FREE),
    ("autre", "lycée", BOARD, LAST, FREE),
    ("budget", "lycée", BOARD, LAST, FREE),
    ("dépense obligatoire", "lycée", BOARD, LAST, FREE),
    ("commande publique", "syndicat mixte", "CGCT, art. L5721-2", LAST, CHECK),
    ("subvention", "syndicat mixte", "CGCT, art. L5721-2", LAST, FREE),
    ("subvention", "association", "statuts", LAST, CHECK),
    ("commande publique", "SEM", "", LAST, CHECK),
    ("commande publique", "lycée", BOARD, BEFORE, CHECK),
    ("échange de terrains", "lycée", BOARD, LAST, CHECK),
]


@pytest.mark.parametrize(("decision", "nature", "basis", "when", "said"), CASES)
def test_what_the_text_says(decision, nature, basis, when, said):
    assert advise(decision, nature, basis, when)[0] == said


@pytest.mark.parametrize("decision", sorted({case[0] for case in CASES}))
@pytest.mark.parametrize("nature", ["lycée", "syndicat mixte", "association"])
def test_since_24_december_2025_nothing_but_to_be_checked(decision, nature):
    for when in (SINCE, date(2026, 5, 18)):
        assert advise(decision, nature, BOARD, when)[0] == CHECK


def test_rows_that_are_not_confirmed_say_no_more():
    rows = LAW.values("déport")
    assert {row.valeur for row in rows} <= {*ADVICE}
    assert all(row.statut != CONFIRMED for row in rows if (row.debut or date.min) >= SINCE)
    for row in LAW.values("déport", "décision"):
        if row.statut != CONFIRMED:
            assert advise(row.key[2], "lycée", BOARD, row.debut)[0] == CHECK


def test_the_text_in_force_is_believed_once_an_owner_confirms_it(tmp_path, monkeypatch):
    path = tmp_path / "law.csv"
    text = LAW.path.read_text(encoding="utf-8")
    text = text.replace("à vérifier,avis,loi n° 2025-1249", "déport prévu,avis,loi n° 2025-1249")
    text = text.replace("non trouvé en novembre 2026,à confirmer", "lu en décembre 2026,confirmé")
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(conflicts, "LAW", type(LAW)(path))
    assert advise("commande publique", "lycée", BOARD, SINCE)[0] == ASIDE


@pytest.fixture(scope="module")
def found(bodies_tables):
    return conflicts_of(*(bodies_tables[name] for name in ("agenda", "bodies", "seats", "mandates")))


def test_every_point_has_a_line(found, bodies_tables):
    agenda, keys = bodies_tables["agenda"], ["seance", "point"]
    assert {*found[keys].itertuples(index=False, name=None)} == {*agenda[keys].itertuples(index=False, name=None)}
    assert found["avis"].isin([*ADVICE, NOBODY, NO_BODY]).all()
    assert found["raison"].str.len().gt(10).all()
    of_late = found[(found["seance"] >= pd.Timestamp(SINCE)) & ~found["avis"].isin([NOBODY, NO_BODY])]
    assert {*of_late["avis"]} == {CHECK}
    earlier = found[found["seance"] < pd.Timestamp(SINCE)].set_index("point")["avis"]
    assert (earlier["1"], earlier["8"], earlier["9"], earlier["10"]) == (ASIDE, CHECK, NO_BODY, CHECK)


def test_only_who_sits_there_that_day(bodies_tables):
    """By hand: a mandate that ended the day before, one that begins that day, a person from outside."""
    bodies = bodies_tables["bodies"].query("nature == 'lycée'").head(1)
    seats = bodies_tables["seats"].query("organisme_id == @bodies.organisme_id.iloc[0]")
    rows = bodies_tables["mandates"].head(3).assign(
        siege_id=[seats["siege_id"].iloc[0]] * 2 + [seats["siege_id"].iloc[1]], nom=["PARTI", "VENU", "DEHORS"],
        elu=[True, True, False], debut=pd.to_datetime(["2021-07-09", "2025-11-20", "2021-07-09"]),
        fin=pd.to_datetime(["2025-11-19", None, None]),
    )  # fmt: skip
    agenda = bodies_tables["agenda"].head(1).assign(organisme=bodies["nom"].iloc[0])
    found = conflicts_of(agenda, bodies, seats, rows)
    assert found["nom"].tolist() == ["VENU"]
    alone = conflicts_of(agenda, bodies, seats, rows.tail(1))
    assert alone["avis"].tolist() == [NOBODY]
    assert "extérieures à l'assemblée y siègent (1)" in alone["raison"].iloc[0]
    empty = conflicts_of(agenda, bodies, seats, rows.head(0))
    assert "aucun siège" in empty["raison"].iloc[0]


def test_points_stand_in_the_order_of_their_numbers(bodies_tables):
    named = [bodies_tables[name] for name in ("agenda", "bodies", "seats", "mandates")]
    named[0] = named[0].sort_values("point", ascending=False)
    points = conflicts_of(*named).drop_duplicates(["seance", "point"])
    assert points["point"].tolist() == [str(n) for n in range(1, 11)] * 2
