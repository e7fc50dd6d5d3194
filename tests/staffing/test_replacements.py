"""Replacements: by hand, against brute force and greedy choices, on published instances; nobody named."""

import gzip
import itertools
import tarfile
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array, vstack

from tests.staffing.conftest import sample_ledger
from tests.staffing.events import ABSENCE, ASSIGNMENT, POSITION, REPLACEMENT, day, event
from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.staffing.replacements import Choice, Plan, lexicographic, needs, travel, worked
from tikub_lab.tables.places import BRITTANY, communes

LAST = date(2025, 12, 31)
MONDAY = pd.Timestamp("2026-01-05")


def asked(*rows):
    """Needs: trade, first and last working day by number, share, who was there."""
    table = pd.DataFrame(
        [{"metier": "accueil", "from": 0, "to": 5, "quotite": 100.0, "agent": None} | row for row in rows]
    )
    table["debut"] = MONDAY + pd.to_timedelta(table.pop("from"), unit="D")
    table["fin"] = MONDAY + pd.to_timedelta(table.pop("to"), unit="D")
    names = [f"P{n}" for n in range(len(table))]
    return table.assign(poste=names, code_uai=names, origine="vacance").astype({"agent": "object"})


def pool(*trades):
    return pd.DataFrame({"agent": [f"A{n}" for n in range(len(trades))], "metier": trades})


def who(plan):
    return dict(zip(plan.chosen["poste"], plan.chosen["agent"], strict=True))


def test_a_cook_is_replaced_only_by_a_cook_and_others_preferably_by_their_own():
    minutes = np.array([[5.0, 40.0], [20.0, 10.0]])
    found = Choice(asked({"metier": "cuisine"}, {"metier": "entretien"}), pool("entretien", "cuisine"), minutes).best()
    assert who(found) == {"P0": "A1", "P1": "A0"}
    other = Choice(asked({"metier": "accueil"}), pool("entretien"), minutes[:1, :1])
    assert who(other.best()) == {"P0": "A0"}
    assert (
        who(Choice(asked({"metier": "accueil"}), pool("entretien"), minutes[:1, :1], strict=["accueil"]).best()) == {}
    )


def test_travel_is_estimated_from_the_straight_line():
    brest, rennes = (pd.DataFrame({"longitude": [x], "latitude": [y]}) for x, y in ((-4.49, 48.39), (-1.68, 48.11)))
    assert travel(brest, rennes).round().tolist() == [[273.0]]


def test_nobody_travels_longer_than_is_allowed():
    assert who(Choice(asked({}), pool("accueil"), np.array([[60.1]])).best()) == {}
    assert who(Choice(asked({}), pool("accueil"), np.array([[60.0]])).best()) == {"P0": "A0"}


def test_shares_add_up_to_full_time_on_each_day():
    halves = asked({"quotite": 50.0}, {"quotite": 50.0}, {"quotite": 50.0})
    assert len(who(Choice(halves, pool("accueil"), np.full((3, 1), 5.0)).best())) == 2
    follow = asked({"to": 5}, {"from": 5, "to": 12}, {"from": 4, "to": 7})
    assert set(who(Choice(follow, pool("accueil"), np.full((3, 1), 5.0)).best())) == {"P0", "P1"}


def test_an_agent_who_is_busy_comes_later_or_beside():
    busy = pd.DataFrame({"agent": ["A0"], "quotite": [50.0], "debut": [MONDAY], "fin": [MONDAY + pd.Timedelta(days=2)]})
    found = Choice(asked({}), pool("accueil"), np.array([[5.0]]), busy).best()
    assert found.chosen["jours"].tolist() == [3]
    half = Choice(asked({"quotite": 50.0}), pool("accueil"), np.array([[5.0]]), busy).best()
    assert half.chosen["jours"].tolist() == [5]


def test_who_is_on_a_position_stays_even_where_others_are_nearer():
    table = asked({"agent": "A1"}, {"to": 12})
    for found in (
        (choice := Choice(table, pool("accueil", "accueil"), np.array([[1.0, 50.0], [50.0, 1.0]]))).best(),
        choice.greedy(),
    ):
        assert who(found) == {"P0": "A1", "P1": "A0"}


def test_the_worst_travel_comes_before_the_sum():
    minutes = np.array([[1.0, 30.0], [31.0, 50.0]])  # 1 + 50, or 30 + 31
    assert who(Choice(asked({}, {}), pool("accueil", "accueil"), minutes).best()) == {"P0": "A1", "P1": "A0"}


def rank(choice, taken):
    """What a plan is worth, worked out without the program; None for one that is not allowed."""
    ways = choice.ways[taken]
    if ways["besoin"].duplicated().any():
        return None
    for _, own in ways.groupby("agent"):
        for when in own["debut"]:
            if own.loc[(own["debut"] <= when) & (when < own["fin"]), "quotite"].sum() > 100:
                return None
    worst = ways.groupby("agent")["trajet"].sum().max() if len(ways) else 0
    return (
        -(ways["valeur"] * ways["reste"]).sum(),
        -ways["valeur"].sum(),
        -ways["propre"].sum(),
        worst,
        ways["trajet"].sum(),
    )


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(4, 12))])
def test_no_plan_is_better_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    rows = [{"metier": rng.choice(["cuisine", "accueil", "entretien"]), "from": int(first := rng.integers(0, 6)),
             "to": int(first + rng.integers(2, 9)), "quotite": float(rng.choice([50, 80, 100])),
             "agent": rng.choice(["A0", None, None])} for _ in range(4)]  # fmt: skip
    made = Choice(asked(*rows), pool("cuisine", "accueil", "entretien"), rng.integers(5, 75, (4, 3)).astype(float))
    every = (np.array(taken) for taken in itertools.product([False, True], repeat=len(made.ways)))
    assert rank(made, made.best().taken) == min(filter(None, (rank(made, taken) for taken in every)))
    assert rank(made, made.greedy().taken) is not None


def scarce(seed, agents=60, count=120):
    """Draw a pool that is too small for the needs, in Breton communes."""
    rng, places = np.random.default_rng(seed), communes()
    places = places[places["region"] == BRITTANY]
    weight = (places["poids"] + 10) / (places["poids"] + 10).sum()
    homes, sites = (places.iloc[rng.choice(len(places), size, p=weight)] for size in (agents, count))
    trades = ["cuisine", "restauration", "entretien", "accueil"]
    rows = [{"metier": rng.choice(trades), "from": int(rng.integers(0, 21)), "quotite": rng.choice([100.0, 80.0, 50.0])}
            for _ in range(count)]  # fmt: skip
    rows = [row | {"to": row["from"] + int(rng.integers(5, 40))} for row in rows]
    people = pool(*rng.choice(trades, agents))
    return Choice(asked(*rows), people, travel(sites, homes).round(), most=45.0)


def least_travel(choice, simple):
    """Hours of travel of the plan that is best of those that cover as many days as another."""
    costs, rows, room = choice.program
    covered = np.array(costs[:3])
    room = np.append(room, covered[:, :-1] @ simple.taken + 0.5)
    found, proven, gap = lexicographic(costs[3:], vstack([rows, csr_array(covered)]), room, seconds=300)
    equal = Plan(choice, found[:-1] > 0.5)
    assert proven
    assert gap == 0
    assert equal.totals["couverts"] >= simple.totals["couverts"]
    return equal.totals["trajet"]


def against_greedy(seeds, **size):
    gains = []
    for seed in seeds:
        choice = scarce(seed, **size)
        simple, best = choice.greedy(), choice.best(seconds=300)
        assert best.proven
        assert best.gap == 0
        assert best.totals["couverts"] >= simple.totals["couverts"]
        gains.append(1 - least_travel(choice, simple) / simple.totals["trajet"])
    return np.median(gains)


@pytest.mark.parametrize("seeds", [1, pytest.param(3, marks=pytest.mark.proof)])
def test_less_travel_than_greedy_at_equal_days(seeds):
    assert against_greedy(range(seeds), agents=30, count=60) >= 0.08


@pytest.mark.proof
def test_less_travel_than_greedy_at_equal_days_over_twenty_seeds():
    assert against_greedy(range(20), agents=40, count=80) >= 0.08


def assignment(cost, load=None, room=None):
    """Solve an assignment instance: each job (a column) once, by agents within their room."""
    agents, jobs = cost.shape
    agent, job = (each.ravel() for each in np.indices(cost.shape))
    load = np.ones(cost.shape) if load is None else load
    room = np.ones(agents) if room is None else room
    every, ways = np.ones(cost.size), np.arange(cost.size)
    values = np.concatenate([every, -every, load.ravel()])
    where = (np.concatenate([job, jobs + job, 2 * jobs + agent]), np.tile(ways, 3))
    rows = coo_array((values, where), (2 * jobs + agents, cost.size + 1)).tocsr()
    costs, limits = np.append(cost.ravel(), 0), np.concatenate([np.ones(jobs), -np.ones(jobs), room])
    x, proven, gap = lexicographic([costs], rows, limits, seconds=600)
    return round(costs @ x), proven, gap


@pytest.mark.parametrize("size", [100, *(pytest.param(size, marks=pytest.mark.proof) for size in (200, 300, 400))])
def test_the_or_library_assignment_instances_as_another_solver_finds(opendata, size):
    """The optima stored beside them are not theirs: 305 of 100 is below the sum of the rows' least costs, 643."""
    (path,) = (opendata / "staffing" / "orlib").glob(f"assign{size}.txt*")
    count, *values = map(int, (gzip.open if path.suffix == ".gz" else open)(path, "rt").read().split())
    cost = np.array(values, float).reshape(count, count)
    assert assignment(cost) == (cost[linear_sum_assignment(cost)].sum(), True, 0.0)


GENERALISED = [*(f"cattrysse1994/gap{n}-{k}" for n in (1, 4, 8) for k in range(2)), "chu1997/a05100", "chu1997/c05100"]
LARGER = [*(f"cattrysse1994/gap{n}-{k}" for n in range(1, 13) for k in range(5)),
          *(f"chu1997/{kind}{size}" for kind in "abc" for size in ("05100", "10100", "20100", "05200"))]  # fmt: skip


@pytest.mark.parametrize(
    "name", [*GENERALISED, *(pytest.param(name, marks=pytest.mark.proof) for name in LARGER if name not in GENERALISED)]
)
def test_optima_of_the_generalised_assignment_instances(opendata, name):
    with tarfile.open(opendata / "staffing" / "gap.tar.gz") as archive:
        optima = pd.read_csv(archive.extractfile("gap/data/data.csv")).set_index("Path")["Optimum"]
        agents, jobs, *values = map(int, archive.extractfile(f"gap/data/{name}").read().split())
    cost, load = np.array(values[: 2 * agents * jobs], float).reshape(2, agents, jobs)
    assert assignment(cost, load, np.array(values[2 * agents * jobs :], float)) == (optima[name], True, 0.0)


def held(number, **more):
    return event(f"f{number}", ASSIGNMENT, f"F{number}", rattachement=f"P{number}", agent=f"A{number}", **more)


def test_needs_by_hand():
    ledger = Ledger("sqlite://")
    receipts = ledger.append([
        *(event(f"p{n}", POSITION, f"P{n}", statut="gelé" if n == 5 else "ouvert") for n in range(6)),
        held(0), held(1), held(2, fin=20), held(3, quotite=80),
        event("b1", ABSENCE, "B1", rattachement="F1", debut=5, fin=15),
        event("b2", ABSENCE, "B2", rattachement="F2", debut=5),
        event("b3", ABSENCE, "B3", rattachement="F3", debut=0, fin=25),
        event("r3", REPLACEMENT, "R3", rattachement="B3", agent="A9", debut=0, fin=12, quotite=80),
    ])  # fmt: skip
    assert all(item.new for item in receipts)
    table, busy = needs(ledger, day(10), days=20)
    table[["debut", "fin"]] = table[["debut", "fin"]].apply(lambda dates: (dates - pd.Timestamp(day(0))).dt.days)
    assert table.drop(columns=["code_uai", "metier"]).astype(object).where(table.notna(), None).values.tolist() == [
        ["P1", 100, 10, 15, "absence", None],
        ["P2", 100, 10, 20, "absence", None],
        ["P3", 80, 12, 25, "absence", "A9"],
        ["P2", 100, 20, 30, "vacance", None],
        ["P4", 100, 10, 30, "vacance", None],
    ]
    assert busy[["agent", "quotite"]].values.tolist() == [["A9", 80]]


@pytest.fixture(scope="module")
def shipped():
    """A plan for the absences of the sample, and its lycées."""
    sites = tables.load("territory/lycees")
    both = Choice.of(sample_ledger(), tables.load("staffing/agents"), sites, LAST)
    away = (both.needs["origine"] == "absence").to_numpy()
    return replace(both, needs=both.needs[away].reset_index(drop=True), minutes=both.minutes[away]).best(), sites


def test_proposals_say_what_not_doing_them_costs_and_name_nobody(shipped):
    plan, _ = shipped
    table = plan.proposals(b"k" * 32)
    assert len(table) == len(plan.choice.needs)
    assert table["personne"].notna().sum() == plan.totals["servis"] > 5
    assert table["personne"].dropna().str.fullmatch(r"p-[a-z2-7]{12}").all()
    done = table["personne"].notna()
    assert table.loc[done, "phrase"].str.contains(r"Sinon, (?:.* jours? de moins|le suivant vient de)").all()
    assert table.loc[~done, "phrase"].str.contains("sans remplaçant").all()
    assert not table.astype("str").apply(lambda column: column.str.contains(r"\bA\d{5}")).any(axis=None)


def test_what_a_proposal_costs_is_what_the_plan_without_it_would(shipped):
    plan, _ = shipped
    spare, chosen = plan.spare, plan.chosen
    for need, row in chosen.head(8).iterrows():
        ways = plan.choice.ways
        others = plan.taken & (ways["besoin"] != need)
        rows, room = plan.choice.limits
        able = [way for way in ways.index[(ways["besoin"] == need) & (ways["agent"] != row["agent"])]
                if (rows @ (others | (ways.index == way)) <= room + 1e-6).all()]  # fmt: skip
        assert (need in spare.index) == bool(able)
        if able:
            assert spare.loc[need, "valeur"] == ways.loc[able, "valeur"].max()


def test_what_is_lacking_serves_all(shipped):
    plan, sites = shipped
    left = asked(*({"from": 0, "to": 5} for _ in range(3)), {"from": 7, "to": 12}, {"metier": "cuisine"})
    here = pd.DataFrame({"code_uai": left["code_uai"], "departement": "29", "longitude": -4.0, "latitude": 48.0})
    nobody = Choice(left, pool(), np.empty((5, 0))).best()
    assert nobody.lacking(here).values.tolist() == [["29", "accueil", 4, 3], ["29", "cuisine", 1, 1]]
    far = here.assign(longitude=[-4.0, -4.0, -1.5, -4.0, -4.0])
    assert nobody.lacking(far)["agents"].tolist() == [3, 1]
    everything = plan.lacking(sites)
    assert everything["besoins"].sum() == len(plan.unserved)
    assert (everything["agents"] <= everything["besoins"]).all()
    assert plan.lacking(sites, "vacance").empty


def test_small_counts_of_absences_are_not_shown_nor_found_by_taking_vacant_positions_away(shipped):
    plan, sites = shipped
    both = Choice.of(sample_ledger(), tables.load("staffing/agents"), sites, LAST).greedy()
    where = sites.set_index("code_uai")["departement"]
    table = both.by_departement(where)
    hidden = table[["absence_servie", "absence_non_servie"]]
    assert not ((hidden > 0) & (hidden < 5)).any(axis=None)
    assert hidden.isna().sum().ne(1).all()
    vacant = both.choice.needs["origine"].eq("vacance").sum()
    assert table[["vacance_servie", "vacance_non_servie"]].sum().sum() == vacant
    assert plan.by_departement(where).columns.tolist()[0] == "departement"


def test_nothing_to_do_and_what_is_wrong():
    empty = Choice(asked({}).iloc[:0], pool("accueil"), np.empty((0, 1)))
    assert empty.best().totals["servis"] == empty.greedy().totals["servis"] == 0
    with pytest.raises(UsageError, match=r"minutes: \(2, 1\) given; a row a need and a column an agent, \(1, 1\)"):
        Choice(asked({}), pool("accueil"), np.zeros((2, 1))).best()
    with pytest.raises(UsageError, match="needs: no column poste"):
        Choice(asked({}).drop(columns="poste"), pool("accueil"), np.zeros((1, 1))).best()
    week = pd.DataFrame({"debut": [MONDAY, MONDAY], "fin": [MONDAY + pd.Timedelta(days=7), MONDAY]})
    assert worked(week).tolist() == [5, 0]
