"""The manipulation test against the authors' own program, against brute force, and on books made by hand."""

import warnings
from math import log

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement.density import around, at_thresholds, holm
from tikub_lab.procurement.jump import _fit, jump
from tikub_lab.procurement.thresholds import threshold


@pytest.fixture(scope="module")
def rddensity():
    """The authors' program, of which the package has no code; imported quietly, since it turns warnings off for all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reason = "rddensity is not installed: pip install rddensity==3.0 (needed by this comparison only)"
        return pytest.importorskip("rddensity", reason=reason).rddensity


def drawn(name):
    """A seeded sample: a bell or a long tail, with or without amounts moved below zero, with or without ties."""
    shape, count, seed = name.split("-")
    draw = np.random.default_rng(int(seed))
    bell = draw.normal(0.2, 1, int(count))
    near = (bell > 0) & (bell < 0.3) & (draw.random(len(bell)) < 0.5)
    return {
        "bell": bell,
        "moved": np.where(near, -bell / 3, bell),
        "tenths": np.round(bell, 1),
        "twentieths": np.round(np.where(near, -bell / 3, bell) * 20) / 20,
        "tail": draw.lognormal(0, 1, int(count)) - 1,
    }[shape]


SAMPLES = [
    "bell-60-1", "bell-400-2", "bell-2000-3", "moved-300-4", "moved-1500-5", "tenths-500-6", "twentieths-400-7",
    "twentieths-1500-8", "tail-300-9", "tail-1500-10",
]  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_it_agrees_with_the_authors_program(rddensity, name):
    values = drawn(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = rddensity(values, bino_flag=False)
    ours, errors = jump(values), reference.sd_jk
    expected = {
        "left": reference.hat["left"],
        "right": reference.hat["right"],
        "left_bandwidth": reference.h["left"],
        "right_bandwidth": reference.h["right"],
        "statistic": reference.test["t_jk"],
    }
    for key, value in expected.items():
        scale = max(errors["left"], errors["right"]) if key == "statistic" else 0
        assert getattr(ours, key) == pytest.approx(value, rel=1e-6, abs=1e-6 * scale, nan_ok=True), key
    # Theirs is one less a probability, so that it is exact to about 1e-16 in absolute terms only.
    assert ours.p_value == pytest.approx(reference.test["p_jk"], rel=1e-6, abs=1e-12, nan_ok=True)


def test_one_side_by_force():
    """Weighted least squares by numpy's solver, and the jackknife by its definition, an observation at a time."""
    values = np.sort(np.round(np.random.default_rng(3).normal(0.1, 1, 80), 1))
    n, h = len(values), 1.3
    for side, mask in enumerate(((values < 0) & (values >= -h), (values >= 0) & (values <= h))):
        slope, variance, square = _fit(values, side, h, 2, 2)
        x = values[mask]
        y = np.array([(values <= v).sum() - 1 for v in x]) / (n - 1)
        root = np.sqrt((1 - np.abs(x) / h) / h)
        design = np.column_stack([np.ones_like(x), x, x**2])
        beta, *_ = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)
        assert (slope, square) == pytest.approx((beta[1], beta[2]), rel=1e-9)
        to_slope = np.linalg.inv((design * root[:, None] ** 2).T @ design)[1] @ (design * root[:, None] ** 2).T
        assert variance == pytest.approx(
            sum((to_slope[list(x).index(v) + 1 :].sum() / (n - 1)) ** 2 for v in x), rel=1e-9
        )


values_around_zero = st.lists(st.integers(-40, 40), min_size=40, max_size=80, unique=True).filter(
    lambda drawn: sum(v < 0 for v in drawn) > 12 and sum(v > 0 for v in drawn) > 12 and 0 not in drawn
)


@settings(max_examples=30)
@given(values_around_zero, st.floats(0.01, 100))
def test_the_unit_does_not_matter(drawn, unit):
    values = np.array(drawn, dtype=float)
    base, other = jump(values), jump(values * unit)
    assert other.statistic == pytest.approx(base.statistic, rel=1e-6, abs=1e-8, nan_ok=True)
    assert other.left * unit == pytest.approx(base.left, rel=1e-6, nan_ok=True)
    assert other.left_bandwidth == pytest.approx(base.left_bandwidth * unit, rel=1e-6)


@pytest.mark.parametrize(("count", "most"), [(50, 8), pytest.param(200, 20, marks=pytest.mark.proof)])
def test_it_keeps_its_level_and_sees_what_is_moved(count, most):
    """Over seeded samples of 600 round amounts without a jump, 5 % of false alarms give or take; then with one."""
    alarms = seen = 0
    for seed in range(count):
        draw = np.random.default_rng(seed)
        amounts = np.round(draw.lognormal(log(45_000), 0.8, 600), -2)
        alarms += jump(np.log(amounts / 40_000)).p_value < 0.05
        near = (amounts >= 40_000) & (amounts < 46_000) & (draw.random(600) < 0.9)
        found = jump(np.log(np.where(near, 40_000 - 10 * draw.integers(1, 300, 600), amounts) / 40_000))
        seen += found.p_value < 0.05 and found.statistic < 0
    assert alarms <= most  # 5 % are expected; more than 8 of 50, or 20 of 200, have a probability of one in a thousand
    assert seen >= 0.8 * count


def test_densities_are_close_to_the_truth():
    found = jump((np.arange(2000) + 0.5) / 2000 - 0.4)
    assert (found.left, found.right) == pytest.approx((1, 1), abs=0.01)


def test_missing_values_are_left_out():
    assert jump([*np.linspace(-1, 1, 100), np.nan, np.nan]) == jump(np.linspace(-1, 1, 100))


def test_too_few_distinct_values_give_no_estimate():
    found = jump([-3.0, -2.0] * 20 + [1.0, 2.0] * 20)
    assert np.isnan([found.left, found.statistic, found.p_value]).all()


@pytest.mark.parametrize("values", [[1.0, 2.0], [-1.0], []])
def test_values_on_one_side_are_refused(values):
    with pytest.raises(UsageError, match=f"all {len(values)} values are on one side"):
        jump(values)


def test_holm_by_hand():
    """Of 0.02, 0.01 and 0.04: 0.01 times 3, then 0.02 times 2, then 0.04, none below the one before; at most 1."""
    assert holm(pd.Series([0.02, None, 0.01, 0.04])).tolist() == pytest.approx([0.04, np.nan, 0.03, 0.04], nan_ok=True)
    assert holm(pd.Series([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(pd.Series([], dtype="float64")).empty


def milk(amounts, day="2024-05-02", **more):
    """Plain purchases of supplies."""
    return pd.DataFrame(
        {"montant": np.asarray(amounts, dtype=float), "dateNotification": pd.Timestamp(day), "codeCPV": "15500000-3",
         "id": "1", "nature": "Marché", "idAccordCadre": None, **more}
    )  # fmt: skip


def test_bins_by_hand():
    """Of 40,000 €: bins of 2,000 €; 36,000 is the edge of the first kept below, 40,000 the first above."""
    book = milk([35_999, 36_000, 37_999, 38_000, 39_999.99, 40_000, 41_999, 42_000, 43_999, 44_000])
    found = around(book, "dispense", "fournitures et services", width=0.05, span=0.1)
    assert found["nombre"].tolist() == [2, 2, 2, 2]
    assert found["montant"].tolist() == pytest.approx([73_999, 77_999.99, 81_999, 85_999])
    assert found["cote"].tolist() == ["sous", "sous", "dessus", "dessus"]
    assert found["de"].tolist() == pytest.approx([0.9, 0.95, 1, 1.05])
    assert around(book.iloc[:0], "dispense", "travaux")["nombre"].sum() == 0


@pytest.mark.parametrize("options", [{"width": 0.0}, {"width": 0.07}, {"span": 1.2}])
def test_bins_that_do_not_fit(options):
    with pytest.raises(UsageError, match="a whole number of widths"):
        around(milk([1]), "dispense", "travaux", **options)
    with pytest.raises(UsageError, match=r"nature=.services.: it is not known.*Known: travaux, f"):
        around(milk([1]), "dispense", "services")


def test_versions_pool_and_counts_are_complete():
    """38,000 € is under 40,000 in March 2026 and under 60,000 in April: ratios 0.95 and 0.633."""
    book = pd.concat(
        [
            milk([38_000, 40_000, 41_000], "2026-03-31"),
            milk([38_000, 58_000, 60_000], "2026-04-01"),
            milk([10_000], "2026-04-01", nature="Marché subséquent"),
            milk([None], "2026-04-01"),
            milk([10_000], "2026-04-01").assign(codeCPV=None),
            milk([10_000], "2010-04-01"),
        ],
        ignore_index=True,
    )
    row = at_thresholds(book, names=("dispense",)).set_index("nature").loc["fournitures et services"]
    assert (row["nombre"], row["ecartes"], row["sans_seuil"]) == (6, 1, 3)
    assert (row["sous"], row["dessus"], row["juste_sous"], row["juste_dessus"], row["exactement"]) == (3, 3, 2, 3, 2)
    assert row["versions"].replace("\u202f", " ") == (
        "seuil au 1er janvier 2020 (décret n° 2019-1344, 40 000 € HT) : 3 ; "
        "seuil au 1er avril 2026 (décret n° 2025-1386, 60 000 € HT) : 3"
    )
    assert row["verdict"].startswith("Trop peu de marchés")
    assert np.isnan(row["p"])


def bunched(limit, seed=1, count=1500, share=0.9):
    """Amounts of which most of those up to an eighth above a limit are moved below it."""
    draw = np.random.default_rng(seed)
    amounts = np.round(draw.lognormal(log(limit), 0.7, count))
    near = (amounts >= limit) & (amounts < limit * 1.125) & (draw.random(count) < share)
    return np.where(near, limit - draw.integers(1, limit // 20, count), amounts)


def test_a_threshold_that_is_avoided():
    found = at_thresholds(milk(bunched(221_000)), names=("formalisee", "publicite"))
    row = found.set_index(["seuil", "nature"]).loc[("formalisee", "fournitures et services")]
    assert row["t"] < 0
    assert row["densite_sous"] > row["densite_dessus"]
    assert row["verdict"] == (
        "Rupture : moins de marchés juste au-dessus du seuil que juste au-dessous, comme le ferait un évitement."
    )
    tested = found["p"].notna()
    assert tested.sum() == 2
    assert found.loc[tested, "p_holm"].tolist() == pytest.approx(holm(found.loc[tested, "p"]).tolist())
    assert found.loc[~tested, "verdict"].str.startswith("Trop peu").all()


def test_a_verdict_that_depends_on_amounts_exactly_at_the_threshold_says_so():
    """The same amounts with 60 more of 90,000 € exactly: they change the bandwidths, and with them the verdict."""
    draw = np.random.default_rng(2)
    amounts = draw.lognormal(log(90_000), 0.7, 900)
    near = (amounts >= 90_000) & (amounts < 99_000) & (draw.random(900) < 0.9)
    amounts = np.where(near, 90_000 - draw.integers(1, 4500, 900), amounts)
    row = at_thresholds(milk([*amounts, *[90_000.0] * 60]), names=("publicite",)).iloc[1]
    assert row["exactement"] == 60
    assert row["p_holm"] < 0.05
    assert row["p_sans_egaux"] == jump(np.log(amounts / 90_000)).p_value > 0.05
    assert "Résultat fragile" in row["verdict"]
    assert "fragile" not in at_thresholds(milk(amounts), names=("publicite",)).iloc[1]["verdict"]


def test_more_above_than_below_is_no_avoidance():
    draw = np.random.default_rng(4)
    amounts = np.r_[draw.uniform(50_000, 90_000, 1500), draw.uniform(90_000, 130_000, 4500)]
    row = at_thresholds(milk(amounts), names=("publicite",)).iloc[1]
    assert row["t"] > 0
    assert "ce n'est pas un évitement" in row["verdict"]


def test_a_threshold_below_which_nothing_must_be_published_says_so():
    found = at_thresholds(milk(bunched(40_000)), names=("dispense",)).iloc[1]
    assert "un évitement peut rester caché" in found["verdict"]
    later = at_thresholds(milk(bunched(60_000), "2026-05-04"), names=("dispense",)).iloc[1]
    assert "caché" not in later["verdict"]


def test_no_contract_at_all():
    found = at_thresholds(milk([]))
    assert found["nombre"].tolist() == [0] * 6
    assert found["verdict"].str.startswith("Trop peu").all()


def test_errors_of_the_table():
    with pytest.raises(UsageError, match="'formal' is none of dispense, publicite, formalisee"):
        at_thresholds(milk([1]), names=("formal",))


def test_the_sample_against_duckdb(root):
    """Counts just below and just above the formal threshold of supplies and services, by SQL on the raw CSV file.

    Without training (CPV 80), the sample's only social and specific services.
    """
    row = at_thresholds(tables.load("procurement/contracts"), names=("formalisee",)).iloc[1]
    years = {2020: 214_000, 2022: 215_000, 2024: 221_000}
    limit = "case when year(d) < 2022 then 214000 when year(d) < 2024 then 215000 else 221000 end"
    for year, euros in years.items():
        assert threshold("formalisee", f"{year}-06-01", "services").number == euros
    path = root / "data" / "sample" / "procurement" / "contracts.csv"
    counts = (
        duckdb.connect()
        .execute(
            f"""with c as (select montant::double m, dateNotification::date d, *
                       from read_csv('{path}', all_varchar=true)
                       where left(codeCPV, 2) not in ('45', '80') and idAccordCadre is null
                       and coalesce(nature, '') <> 'Marché subséquent'),
        r as (select m / ({limit}) ratio from c)
        select count(*), count(*) filter (ratio < 1), count(*) filter (ratio >= 0.9 and ratio < 1),
               count(*) filter (ratio >= 1 and ratio < 1.1) from r"""
        )
        .fetchone()
    )
    assert (row["nombre"], row["sous"], row["juste_sous"], row["juste_dessus"]) == counts


def test_works_have_no_notice_threshold_of_their_own_since_the_dispensation_reaches_it():
    days = pd.to_datetime(["2020-12-08", "2020-12-09", "2026-06-01"])
    works = milk([89_000, 89_000, 89_000]).assign(codeCPV="45214200-2", dateNotification=days)
    row = at_thresholds(works, names=("publicite",)).set_index("nature").loc["travaux"]
    assert (row["nombre"], row["sans_seuil"], row["juste_sous"]) == (1, 2, 1)
    other = at_thresholds(works.assign(codeCPV="30200000"), names=("publicite",))
    assert other.set_index("nature").loc["fournitures et services", "nombre"] == 3
