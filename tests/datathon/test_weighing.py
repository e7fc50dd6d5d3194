"""Ranking with its doubt: published acceptabilities to the last digit, counts by brute force, what names nobody."""

import gzip
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datathon.planted import PLANTED
from tikub_lab.datathon.weighing import CRITERIA, SURE, compare, draws, net_flows, smaa, turns
from tikub_lab.errors import UsageError

TINY = st.lists(st.integers(0, 4), min_size=3, max_size=3)


def ranked(table, *sides, poids=None, names="abcdef"):
    """Compare ideas whose assessments are these, one row an idea; sides: likely, or low, likely, high."""
    low, likely, high = sides if len(sides) == 3 else (table, table, table)
    rows = [
        {"idee_id": names[idea], "critere": name, "bas": low[idea][at], "probable": likely[idea][at],
         "haut": high[idea][at]} for idea in range(len(low)) for at, name in enumerate(CRITERIA)
    ]  # fmt: skip
    ideas = pd.DataFrame({"idee_id": list(names[: len(low)]), "nom": [f"Idée {each}" for each in names[: len(low)]]})
    return compare(ideas, pd.DataFrame(rows), poids)


@pytest.fixture(scope="module")
def shipped(datathon_tables):
    from tikub_lab.datathon.ideas import Incubator, _next

    ideas = datathon_tables["ideas"]
    ideas = ideas.assign(suite=_next(ideas, datathon_tables["assessments"]))
    names = ("assessments", "people", "stages", "adoption")
    data = Incubator(ideas, *(datathon_tables[name] for name in names), pd.Timestamp("2026-05-15"))
    return compare(data.compared, data.assessments)


# SMAA


def published(path):
    """An array as R writes it (dput)."""
    text = gzip.decompress(path.read_bytes()).decode()
    values, shape = re.match(r"structure\(c\((.*?)\),\s*\.Dim = c\(([^)]*)\)", text, re.S).groups()
    size = [int(item.strip().rstrip("L")) for item in shape.split(",")]
    return np.array([float(item) for item in values.split(",")]).reshape(size, order="F")


def test_published_acceptabilities_exactly(opendata):
    folder = opendata / "datathon" / "smaa"
    if not folder.is_dir():
        pytest.skip(f"the published draws are not in {folder} (gertvv/rsmaa, inst/extdata)")
    utilities = published(folder / "thrombo-meas.txt.gz")
    weights = published(folder / "thrombo-weights-nopref.txt.gz")
    found = smaa(utilities, weights)
    assert found.ranks.tolist() == [[0.3504, 0.6496], [0.6496, 0.3504]]  # Heparin, Enoxaparin
    expected = [[0.1865097, 0.2772205, 0.5362698], [0.4073100, 0.3641477, 0.2285423]]
    np.testing.assert_allclose(found.central, expected, rtol=0, atol=5e-8)
    assert found.confidence.tolist() == [0.6682, 0.8956]


def test_ranks_against_a_loop():
    utilities = np.random.default_rng(3).random((300, 4, 3))
    weights = np.random.default_rng(4).dirichlet(np.ones(3), 300)
    counts, firsts = np.zeros((4, 4)), {each: [] for each in range(4)}
    for values, each in zip(utilities, weights, strict=True):
        totals = [sum(value * weight for value, weight in zip(row, each, strict=True)) for row in values]
        for rank, idea in enumerate(sorted(range(4), key=lambda idea: -totals[idea])):
            counts[idea, rank] += 1
        firsts[max(range(4), key=totals.__getitem__)].append(each)
    found = smaa(utilities, weights)
    np.testing.assert_allclose(found.ranks, counts / 300, atol=1e-12)
    np.testing.assert_allclose(found.central, [np.mean(firsts[each], axis=0) for each in range(4)], atol=1e-12)
    np.testing.assert_allclose(found.ranks.sum(axis=0), 1)
    np.testing.assert_allclose(found.ranks.sum(axis=1), 1)
    central = found.central[2]
    confidence = np.mean([np.argmax([np.dot(row, central) for row in values]) == 2 for values in utilities])
    assert found.confidence[2] == pytest.approx(confidence)


def test_equals_share_the_ranks():
    found = smaa(np.ones((4000, 2, 3)), np.full((4000, 3), 1 / 3))
    assert found.ranks == pytest.approx(np.full((2, 2), 0.5), abs=0.03)
    twins = ranked([[5, 5, 5, 5, 5]] * 2)
    assert twins.winner is None
    assert twins.table["rang"].tolist() == [1, 1]


def test_draws_fill_their_triangles_and_the_simplex():
    low, likely, high = np.array([[0.0, 2.0]]), np.array([[3.0, 2.0]]), np.array([[4.0, 2.0]])
    values, weights = draws(low, likely, high, 40_000)
    assert values[:, 0, 0].mean() == pytest.approx(7 / 3, abs=0.02)
    assert values[:, 0, 0].var() == pytest.approx((16 + 9 - 12) / 18, abs=0.02)  # a²+b²+c²-ab-ac-bc over 18
    assert (values[:, 0, 1] == 2).all()
    assert 0 <= values[:, 0, 0].min() <= values[:, 0, 0].max() <= 4
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    three = draws(*np.zeros((3, 1, 3)), 40_000)[1]
    assert (three[:, 0] > 0.5).mean() == pytest.approx(0.25, abs=0.01)  # uniform on the triangle
    np.testing.assert_array_equal(draws(low, likely, high, 50)[0], draws(low, likely, high, 50)[0])


# PROMETHEE II and turning weights


def flows(utilities, weights):
    """Net flows by their definition."""
    count = len(utilities)
    prefers = [[sum(w for x, y, w in zip(a, b, weights, strict=True) if x > y) for b in utilities] for a in utilities]
    return [sum(prefers[a][b] - prefers[b][a] for b in range(count)) / (count - 1) for a in range(count)]


@given(st.lists(TINY, min_size=2, max_size=6), st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_net_flows_are_those_of_the_definition(utilities, weights):
    values, parts = np.array(utilities, dtype=float), np.array(weights) / sum(weights)
    np.testing.assert_allclose(net_flows(values, parts), flows(utilities, parts), atol=1e-9)


def test_net_flows_are_those_of_pymcdm():
    pymcdm = pytest.importorskip("pymcdm", reason="pymcdm is not installed: the definition is the reference")
    random = np.random.default_rng(5)
    values, weights = random.random((8, 5)), random.dirichlet(np.ones(5))
    theirs = pymcdm.methods.PROMETHEE_II("usual")(values, weights, np.ones(5))
    np.testing.assert_allclose(net_flows(values, weights), theirs, atol=1e-9)


@given(st.lists(TINY, min_size=2, max_size=5), st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_the_order_turns_where_it_is_said_to(utilities, parts):
    values, weights = np.array(utilities, dtype=float), np.array(parts) / sum(parts)
    scores = values @ weights
    if np.sum(scores > scores.max() - 1e-9) > 1:
        return  # equals: the order has turned already
    lead = int(scores.argmax())
    for at, found in enumerate(turns(values, weights)):

        def scored(weight, at=at):
            others = np.where(np.arange(3) == at, 0, weights)
            return values @ np.where(np.arange(3) == at, weight, others / others.sum() * (1 - weight))

        grid = np.linspace(0, 1, 401)
        lost = [weight for weight in grid if scored(weight).max() > scored(weight)[lead] + 1e-9]
        if found is None:
            assert not lost
            continue
        turn, rival = found
        assert scored(turn)[rival] == pytest.approx(scored(turn)[lead])
        assert scored(turn)[lead] == pytest.approx(scored(turn).max())
        near = abs(turn - weights[at])
        assert all(abs(weight - weights[at]) >= near - 1e-9 for weight in lost)


# Comparing ideas


def test_a_winner_is_named_only_where_it_is_first_in_four_of_five():
    better = ranked([[9, 9, 1, 1, 9], [1, 1, 9, 9, 1]])
    assert better.winner == "a"
    assert better.table["premiere"].tolist() == [1, 0]
    assert better.turns["bascule"].isna().all()
    even = ranked([[9, 5, 5, 5, 1], [1, 5, 5, 5, 9]])
    assert even.winner is None
    assert even.table["premiere"].iloc[0] == pytest.approx(0.5, abs=0.02)
    assert {*even.deciding["critere"].iloc[:2]} == {"ampleur", "compétences"}


@pytest.mark.parametrize("more", [0.79, 0.81])
def test_both_sides_of_the_limit(more):
    """Two criteria differ: the first idea leads where ``share`` × weight of one exceeds that of the other."""
    ratio = more / (1 - more)  # P(w1 · ratio > w2) = ratio / (1 + ratio) for weights even on the simplex
    span = [[10 * ratio, 5, 5, 5, 0], [0, 5, 5, 5, 10], [0, 5, 5, 5, 0], [10 * ratio, 5, 5, 5, 10]]
    utilities = np.array(span[:2], dtype=float)
    _, weights = draws(*np.zeros((3, 2, 5)), 20_000)
    share = smaa(np.broadcast_to(utilities, (20_000, 2, 5)), weights).ranks[0, 0]
    assert share == pytest.approx(more, abs=0.01)
    assert (share >= SURE) == (more >= SURE)


def test_costs_count_the_other_way_and_scales_do_not_matter():
    dear, cheap = [5, 5, 900, 5, 5], [5, 5, 100, 5, 5]
    assert ranked([dear, cheap]).table["idee_id"].tolist() == ["b", "a"]
    euros = [[3, 2, 1, 4, 5], [5, 1, 2, 3, 3], [1, 3, 2, 5, 5]]
    cents = [[a, b, 100 * c, d, e] for a, b, c, d, e in euros]
    pd.testing.assert_frame_equal(ranked(euros).table, ranked(cents).table)


def test_likely_values_by_hand():
    found = ranked([[10, 0, 0, 0, 0], [0, 10, 0, 0, 0]], poids=[3, 1, 0, 0, 0])
    assert found.table[["idee_id", "points"]].to_numpy().tolist() == [["a", 75.0], ["b", 25.0]]
    assert found.turns.set_index("critere")["bascule"].dropna().round(6).to_dict() == {
        "ampleur": 0.5,
        "crédibilité": 0.5,
    }


def test_wrong_use_is_one_clear_line(datathon_tables):
    some = [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]]
    with pytest.raises(UsageError, match=r"poids=\[1\.0, 2\.0\]: give 5 weights, none negative: ampleur"):
        ranked(some, poids=[1, 2])
    with pytest.raises(UsageError, match="1 idea to compare: at least two are needed"):
        ranked(some[:1])
    ideas = datathon_tables["ideas"]
    with pytest.raises(UsageError, match="count=0: from 100 to 1,000,000 draws are allowed"):
        compare(ideas.head(3), datathon_tables["assessments"], count=0)
    with pytest.raises(UsageError, match="idee_id='I07': it lacks an assessment"):
        compare(ideas[ideas["idee_id"].isin(["I01", "I07"])], datathon_tables["assessments"])


def test_the_shipped_ideas(shipped):
    table = shipped.table.set_index("idee_id")
    assert table.index[0] == PLANTED["leads"]
    assert shipped.winner is None
    assert 0.6 < table["premiere"].iloc[0] < SURE
    assert table.loc[PLANTED["dominated"], ["premiere", "confiance"]].tolist() == [0, 0]
    assert shipped.central.loc[PLANTED["dominated"]].isna().all()
    turn = shipped.turns.set_index("critere").loc["ampleur"]
    assert turn["idee_id"] == PLANTED["leads when size weighs more"]
    assert 0.30 < turn["bascule"] < 0.40
    assert shipped.deciding["quoi"].iloc[0] == "le poids donné à « ampleur »"
    assert (shipped.deciding["au_moins"] <= table["premiere"].iloc[0]).all()
    assert (shipped.deciding["au_plus"] >= table["premiere"].iloc[0]).all()
    np.testing.assert_allclose(shipped.ranks.sum(axis=1), 1)


def test_another_seed_says_the_same(shipped, datathon_tables):
    ideas = shipped.names.reset_index()
    again = compare(ideas, datathon_tables["assessments"], seed=2)
    both = again.table.set_index("idee_id")["premiere"] - shipped.table.set_index("idee_id")["premiere"]
    assert both.abs().max() < 0.01


def test_a_grid_of_weights_gives_the_acceptability(shipped):
    """Independent of the draws: likely values alone, every weight in twentieths."""
    likely = ranked([[8, 2, 3, 4, 5], [2, 6, 5, 3, 4], [5, 5, 4, 4, 6]])
    spans = np.array([[8, 2, -3, -4, 5], [2, 6, -5, -3, 4], [5, 5, -4, -4, 6]], dtype=float)
    spans = (spans - spans.min(axis=0)) / (spans.max(axis=0) - spans.min(axis=0))
    grid = [np.array(parts) + 0.5 for parts in product(range(20), repeat=5) if sum(parts) == 19]
    first = np.argmax(np.array(grid) @ spans.T, axis=1)
    shares = np.bincount(first, minlength=3) / len(first)
    found = likely.table.set_index("idee_id")["premiere"].loc[["a", "b", "c"]]
    np.testing.assert_allclose(found, shares, atol=0.03)
