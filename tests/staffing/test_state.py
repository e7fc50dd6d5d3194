"""State as tables and alerts: by hand, and by a second way on the sample."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from tests.staffing.conftest import sample_ledger
from tests.staffing.events import ABSENCE, ASSIGNMENT, POSITION, REPLACEMENT, day, event
from tikub_lab import staffing, tables
from tikub_lab.errors import UsageError
from tikub_lab.staffing import alerts as clocks
from tikub_lab.staffing.ledger import Ledger, replay
from tikub_lab.staffing.situation import as_of
from tikub_lab.staffing.state import (
    PUBLIC,
    absences,
    coverage,
    history,
    positions,
    presence,
    time_to_fill,
    vacancies,
)

KEY = b"k" * 32
LAST = date(2025, 12, 31)


@pytest.fixture(scope="module")
def shipped():
    return sample_ledger()


@pytest.fixture(scope="module")
def truths():
    return tables.load("staffing/truths").groupby("nature", observed=True)


def ledger_of(*events):
    ledger = Ledger("sqlite://")
    assert all(item.new for item in ledger.append(events))
    return ledger


def held(number, **more):
    return event(f"f{number}", ASSIGNMENT, f"F{number}", rattachement=f"P{number}", agent=f"A{number}", **more)


def test_a_position_is_filled_vacant_or_frozen_whoever_is_away():
    ledger = ledger_of(
        *(event(f"p{n}", POSITION, f"P{n}", quotite=[100, 100, 80, 100, 100][n], statut="gelé" if n == 4 else "ouvert")
          for n in range(5)),
        held(0), held(1, quotite=60), held(2, quotite=80),
        event("b1", ABSENCE, "B1", rattachement="F1"),
        event("b2", ABSENCE, "B2", rattachement="F2"),
        event("r1", REPLACEMENT, "R1", rattachement="B1", agent="A9", quotite=50),
    )  # fmt: skip
    table = positions(ledger.state(day(3)))
    assert table["etat"].tolist() == ["pourvu", "pourvu", "pourvu", "vacant", "gelé"]
    assert table["occupe"].tolist() == [100, 60, 80, 0, 0]
    (row,) = coverage(table).to_dict("records")
    assert (row["postes"], row["etp"], row["couverts"], row["vacants"], row["geles"]) == (5, 3.8, 2.4, 1.4, 1)
    assert row["part"] == pytest.approx(2.4 / 3.8)
    assert positions(Ledger("sqlite://").state(day(3))).empty
    with pytest.raises(UsageError, match=r"staffing.positions: state has no column objet\."):
        staffing.positions(table)


def test_coverage_and_presence_add_up_by_a_second_way(shipped):
    table = positions(shipped.state(LAST))
    things = shipped.things(LAST)
    away = {row["rattachement"] for row in things if row["objet"] == "absence"}
    absent = {row["cle"] for row in things if row["objet"] == "absence"}  # one whose absence ended replaces nobody
    posts = [row for row in things if row["objet"] == "poste" and row["statut"] == "ouvert"]

    def filled(*, present):
        there = {}
        for row in things:
            stays = row["objet"] == "affectation" and not (present and row["cle"] in away)
            replaces = row["objet"] == "remplacement" and row["rattachement"] in absent
            if stays or (present and replaces):
                position = row["cle"].partition("/")[0]
                there[position] = there.get(position, 0) + row["quotite"]
        return sum(there.get(row["cle"], 0) for row in posts) / 100

    trades = coverage(table, "metier")
    assert trades["couverts"].sum() == pytest.approx(filled(present=False))
    assert trades["etp"].sum() == pytest.approx(sum(row["quotite"] for row in posts) / 100)
    assert (trades["couverts"] + trades["vacants"]).sum() == pytest.approx(trades["etp"].sum())
    assert coverage(table, ["code_uai", "metier"])["couverts"].sum() == pytest.approx(filled(present=False))
    site = tables.load("territory/lycees").set_index("code_uai")["departement"]
    assert presence(shipped.state(LAST), site)["presents"].sum() == pytest.approx(filled(present=True))


def test_long_vacancies_are_found(shipped, truths):
    open_now = vacancies(shipped.rows(*PUBLIC), date(2024, 1, 15), LAST).query("not pourvu and jours > 400")
    planted = set(truths.get_group("vacant depuis longtemps")["poste"])
    assert planted <= set(open_now["poste"])
    assert positions(shipped.state(LAST)).set_index("poste").loc[sorted(planted), "etat"].eq("vacant").all()


def test_vacancies_by_hand():
    ledger = ledger_of(
        event("p1", POSITION, "P1", 10), held(1, debut=40, fin=60), event("p2", POSITION, "P2", 10),
        event("p3", POSITION, "P3", 10, 30), event("p4", POSITION, "P4", 10),
        event("g4", POSITION, "P4", 20, statut="gelé"),
    )  # fmt: skip
    found = vacancies(ledger.rows(*PUBLIC), day(0), day(100))
    assert found[["poste", "jours", "pourvu"]].values.tolist() == [
        ["P1", 30, True], ["P1", 40, False], ["P2", 90, False], ["P3", 20, False], ["P4", 10, False],
    ]  # fmt: skip


def test_time_to_fill_is_kaplan_and_meiers():
    """By hand: of 6, one filled at 10; of 5, two at 20, one open beyond 20; of 2, one at 30."""
    table = pd.DataFrame({"jours": [10, 20, 20, 25, 30, 40], "pourvu": [True, True, True, False, True, False]})
    found = time_to_fill(table)
    assert found["jours"].tolist() == [0, 10, 20, 30]
    assert np.allclose(found["part"], [1, 5 / 6, 5 / 6 * 3 / 5, 5 / 6 * 3 / 5 * 1 / 2])
    assert (found["part_bas"].dropna() <= found["part"][found["part_bas"].notna()]).all()
    assert time_to_fill(table.assign(pourvu=False))["part"].tolist() == [1]


def test_events_are_told_in_the_order_in_which_they_were_recorded(shipped):
    events = tables.load("staffing/events").head(3000)
    again, once = (as_of(replay(rows), day(400)).positions for rows in (events.iloc[::-1], events))
    pd.testing.assert_frame_equal(again, once)


def test_history_tells_the_days_of_a_position():
    ledger = ledger_of(event("p1", POSITION, "P1"), held(1, fin=50), event("g", POSITION, "P1", 60, statut="gelé"))
    found = history(ledger, "P1")
    assert found["objet"].tolist() == ["poste", "poste"]
    with pytest.raises(UsageError, match="position='P9' is none that the ledger knows"):
        history(ledger, "P9")


def test_no_small_count_of_absences_is_shown(shipped):
    site = tables.load("territory/lycees").set_index("code_uai")["departement"]
    found = absences(shipped.state(LAST), site)
    assert set("+".join(found.index).replace(" ", "").split("+")) == {"22", "29", "35", "56", "Ensemble"}
    assert not ((found > 0) & (found < 5)).any(axis=None)
    assert (found >= 5).any(axis=None)


def test_alerts_are_those_that_are_planted(shipped, truths):
    found = clocks.alerts(shipped, LAST, KEY).groupby("alerte")["poste"].agg(set)
    planted = truths["poste"].agg(set)
    assert found["contrat de vacance : durée"] == planted["contrat de vacance de plus d'un an"]
    assert found["publication : pourvu trop tôt"] == planted["publication trop courte"]
    assert found["remplacement : l'absence est finie"] == planted["remplacement après l'absence"]
    assert planted["demi-traitement proche"] <= found["maladie : demi-traitement"]


def test_half_pay_by_a_second_way(shipped):
    rows = tables.load("staffing/events").query("objet == 'absence'").drop_duplicates(["cle", "debut"], keep="last")
    ill = rows[rows["motif"] == "maladie"]
    now = ill[(ill["debut"] <= str(LAST)) & (ill["fin"] > str(LAST)) & (ill["debut"] >= "2025-03-01")]
    due = set()
    for row in now.itertuples():
        own = ill[ill["cle"].str.endswith(row.cle.partition("/")[2])]
        off = np.unique(np.concatenate([np.arange(*each) for each in own[["debut", "fin"]].to_numpy("datetime64[D]")]))
        last = min(row.fin, pd.Timestamp(LAST) + pd.Timedelta(days=31))
        for at in pd.date_range(row.debut, last, inclusive="left"):
            if ((off >= at - pd.DateOffset(years=1)) & (off < at)).sum() >= 90:
                due.add(row.cle[:6])
    found = clocks.alerts(shipped, LAST, KEY).query("alerte == 'maladie : demi-traitement'")
    assert set(found["poste"]) == due


def test_half_pay_counts_all_leaves_of_the_agent_in_a_year():
    """Fifty days on two positions, of which twenty are the same, and twenty more: half pay is due on day 21, not 91."""
    held_twice = [{**held(n, debut=-900, quotite=50), "agent": "A1"} for n in (1, 2)]
    leaves = [(1, -400, -370), (1, -300, -260), (2, -280, -250), (1, -100, -80), (1, 0, 200)]
    ledger = ledger_of(
        *(event(f"p{n}", POSITION, f"P{n}", -900) for n in (1, 2)), *held_twice,
        *(event(f"b{k}", ABSENCE, f"B{k}", first, last, rattachement=f"F{n}")
          for k, (n, first, last) in enumerate(leaves)),
        event("b9", ABSENCE, "B9", -200, -100, rattachement="F2", motif="accident"),
    )  # fmt: skip
    found = clocks.alerts(ledger, day(5), KEY)
    assert found["alerte"].tolist() == ["maladie : demi-traitement"]
    assert found[["echeance", "statut"]].astype("str").values.tolist() == [[str(day(20)), "à confirmer"]]


def test_alerts_carry_pseudonyms_texts_and_whether_they_are_confirmed(shipped):
    found = clocks.alerts(shipped, LAST, KEY)
    assert list(found.columns) == list(clocks.COLUMNS)
    assert found["personne"].str.fullmatch(r"p-[a-z2-7]{12}").all()
    assert not found.astype("str").apply(lambda column: column.str.contains(r"\bA\d{5}")).any(axis=None)
    assert found["texte"].str.contains("depuis le").all()
    assert set(found["statut"]) <= {"confirmé", "à confirmer"}
    assert clocks.alerts(shipped, LAST, b"x" * 32)["personne"].isin(found["personne"]).sum() == 0


def test_alerts_of_a_contract_by_hand():
    stay = held(1, debut=0, fin=800, contrat="vacance")
    ledger = ledger_of(event("p1", POSITION, "P1", publication=day(-10)), stay)
    for number, expected in ((300, []), (340, ["durée"]), (720, ["durée", "durée totale"])):
        names = [name for name in clocks.alerts(ledger, day(number), KEY)["alerte"] if name.startswith("contrat")]
        assert names == [f"contrat de vacance : {step}" for step in expected]
    first = clocks.alerts(ledger, day(5), KEY)
    assert first[["alerte", "echeance"]].astype("str").values.tolist() == [
        ["publication : pourvu trop tôt", "2026-01-22"]
    ]


def test_where_positions_stand_by_hand():
    """P1 waits for somebody, P2 was published, P3 was just published, P4 not since it is vacant, P5 is filled today."""
    vacant = [event(f"p{n}", POSITION, f"P{n}", -900) for n in (1, 2, 3, 4, 5)]
    published = [event(f"q{n}", POSITION, f"P{n}", shown, publication=day(shown)) for n, shown in ((2, -60), (3, -9))]
    stays = [held(4, debut=-890, fin=-20), held(5), held(1, debut=30)]
    found = as_of(ledger_of(*vacant, *published, *stays), day(0))
    rows = found.vacant.set_index("poste")[["jours", "etape"]]
    assert rows.loc[["P1", "P2", "P3", "P4"]].to_numpy().tolist() == [
        [901, "Arrivée prévue"], [901, "Offre publiée, à pourvoir"], [901, "Offre publiée, délai d'un mois"],
        [21, "Offre à publier"],
    ]  # fmt: skip
    assert found.vacant.set_index("poste")["echeance"].dropna().astype("str").to_dict() == {
        "P1": "2026-01-31", "P2": "2025-12-02", "P3": "2026-01-23",
    }  # fmt: skip
    assert found.vacancies["poste"].tolist() == ["P4"], "the others are vacant since the ledger began, or longer"
    assert found.at("0000001B").positions.equals(found.positions)
    with pytest.raises(UsageError, match="uai='9': no position is known there"):
        found.at("9")


def test_what_changed_is_said_also_of_what_was_learnt_late():
    clock = iter(datetime(2026, 1, number) for number in (1, 1, 1, 2, 3, 3, 3, 3))
    ledger = Ledger("sqlite://", clock=lambda: next(clock))
    ledger.append([event("p1", POSITION, "P1"), event("p2", POSITION, "P2"), event("p3", POSITION, "P3")])
    ledger.append([held(3)])
    late = [
        held(1, debut=0),
        event("g2", POSITION, "P2", 1, statut="gelé"),
        event("x", ASSIGNMENT, "F3", 2, verbe="retract"),
    ]
    ledger.append([*late, event("p4", POSITION, "P4", 1)])
    found = as_of(ledger, date(2026, 1, 3)).changes.set_index("poste")["nature"].to_dict()
    assert found == {"P1": "pourvu", "P2": "gelé", "P3": "devenu vacant", "P4": "créé"}
