"""The calendar of ends and launches: cases worked by hand, and the same dates by SQL."""

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement.calendar.deadlines import add_months, covered_until, ends, ends_summary
from tikub_lab.procurement.calendar.launches import (
    ADAPTED,
    STATUSES,
    LeadTimes,
    by_month,
    launches,
    schedule,
    time_limits,
)
from tikub_lab.procurement.thresholds import FORMAL, NEGOTIATED, OPEN, RESTRICTED

TODAY = "2026-01-01"


def book(**columns):
    """Contracts with what the columns say and nothing else; one a value."""
    size = len(next(iter(columns.values())))
    frame = pd.DataFrame(
        {
            "uid": [f"u{i}" for i in range(size)],
            "id": [f"n{i}" for i in range(size)],
            "acheteur_id": [str(i) for i in range(size)],
            "acheteur_nom": pd.array([None] * size, "str"),
            "nature": pd.Categorical([None] * size),
            "objet": pd.array([None] * size, "str"),
            "codeCPV": pd.array([None] * size, "str"),
            "techniques": pd.array([None] * size, "str"),
            "modalitesExecution": pd.array([None] * size, "str"),
            "idAccordCadre": pd.array([None] * size, "str"),
            "procedure": pd.Categorical([ADAPTED] * size),
            "dureeMois": pd.array([12] * size, "Int64"),
            "dateNotification": pd.to_datetime(["2025-06-15"] * size).astype("datetime64[s]"),
            "montant": [1000.0] * size,
        }
    )
    if "dateNotification" in columns:
        columns["dateNotification"] = pd.to_datetime(columns["dateNotification"]).astype("datetime64[s]")
    if "dureeMois" in columns:
        columns["dureeMois"] = pd.array(columns["dureeMois"], "Int64")
    return frame.assign(**columns)


def changes(*rows):
    """Amendments: (uid, number, date, months)."""
    frame = pd.DataFrame(rows, columns=["uid", "modification_id", "dateNotificationModification", "dureeMois"])
    frame["dateNotificationModification"] = pd.to_datetime(frame["dateNotificationModification"])
    return frame.astype(
        {
            "uid": "str",
            "modification_id": "Int64",
            "dateNotificationModification": "datetime64[s]",
            "dureeMois": "Int64",
        }
    ).assign(
        datePublicationDonneesModification=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]"),
        titulaires=pd.Series(None, index=frame.index, dtype="str"),
    )


def days(series):
    return [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in series]


def by_uid(found):
    return found.set_index("uid")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2025-06-15", 180, "2040-06-15"),
    ],
)
def test_ends_at_the_end_of_a_month(start, months, end):
    found = ends(book(dateNotification=[start], dureeMois=[months]), changes(), TODAY)
    assert days(found["fin"]) == [end]


@given(
    st.lists(st.tuples(st.dates(pd.Timestamp(1970, 1, 1).date(), pd.Timestamp(2100, 1, 1).date()), st.integers(0, 600)))
)
def test_months_are_added_as_by_duckdb(rows):
    frame = pd.DataFrame(rows, columns=["d", "m"])
    frame = frame.assign(d=pd.to_datetime(frame["d"]).astype("datetime64[s]"), m=frame["m"].astype("Int64"))
    found = days(add_months(frame["d"], frame["m"]))
    raw = pd.DataFrame({"i": range(len(rows)), "d": [str(d) for d, _ in rows], "m": [m for _, m in rows]})  # noqa: F841
    if rows:
        sql = "select strftime(d::date + to_months(m::int), '%Y-%m-%d') from raw order by i"
        assert found == [row[0] for row in duckdb.sql(sql).fetchall()]


def test_the_sample_against_duckdb(root):
    """Ends by SQL on the raw CSV files: the last amendment of the length by date, then by number."""
    folder = root / "data" / "sample" / "procurement"
    sql = duckdb.connect()
    sql.execute(f"create table c as from read_csv('{folder / 'contracts.csv'}', all_varchar=true)")
    sql.execute(f"create table a as from read_csv('{folder / 'amendments.csv'}', all_varchar=true)")
    expected = sql.execute(
        """with last as (
            select uid, arg_max(dureeMois::int, (dateNotificationModification::date, modification_id::int)) m
            from a where dureeMois is not null and dateNotificationModification::date <= date '2024-06-30' group by uid)
        select uid, strftime(dateNotification::date + to_months(coalesce(m, dureeMois::int)), '%Y-%m-%d')
        from c left join last using (uid) order by uid"""
    ).fetchall()
    contracts, amendments = tables.load("procurement/contracts"), tables.load("procurement/amendments")
    found = ends(contracts, amendments, "2024-06-30").sort_values("uid")
    assert list(zip(found["uid"], days(found["fin"]), strict=True)) == expected
    said = ends_summary(found)
    assert found["avenant"].notna().sum() > 50
    later = sql.execute(
        "select count(*) from c where dateNotification::date > date '2024-06-30' and dureeMois is not null"
    )
    assert (said.coming, said.contracts) == (later.fetchone()[0], len(contracts))


def test_the_last_amendment_in_force_wins():
    contracts = book(dureeMois=[12, 12, 12, 12])
    amendments = changes(
        ("u0", 1, "2025-08-01", 18), ("u0", 2, "2025-09-01", 24), ("u0", 3, "2025-10-01", None),
        ("u1", 2, "2025-08-01", 18), ("u1", 1, "2025-09-01", 15),
        ("u2", 1, "2026-02-01", 24),
        ("u3", 1, None, 36), ("u3", 2, "2025-09-01", 14),
    )  # fmt: skip
    found = by_uid(ends(contracts, amendments, TODAY))
    assert days(found.loc[["u0", "u1", "u2", "u3"], "fin"]) == ["2027-06-15", "2026-09-15", "2026-06-15", "2026-08-15"]
    assert set(days(found["fin_sans_avenant"])) == {"2026-06-15"}
    assert found.loc[["u0", "u1", "u2", "u3"], "avenant"].tolist() == [2, 1, pd.NA, 2]
    assert found.loc["u1", "base"] == "Notification et durée de l'avenant n° 1 (15 mois)"


def test_a_shorter_amendment_is_taken_as_said_and_doubted():
    found = ends(book(dureeMois=[24]), changes(("u0", 1, "2025-12-01", 6)), TODAY).iloc[0]
    assert f"{found['fin']:%Y-%m-%d}" == "2025-12-15"
    assert "peut-être une durée ajoutée" in found["incertitudes"]


def test_what_is_missing_or_implausible_is_counted():
    contracts = book(
        dureeMois=[None, 0, 200, 12, 12], dateNotification=["2025-06-15"] * 3 + [None, "2020-01-01"], montant=[1.0] * 5
    )
    found = by_uid(ends(contracts, changes(), TODAY))
    assert days(found.loc[["u0", "u1", "u2", "u3"], "fin"]) == [None] * 4
    assert found.loc[["u0", "u1", "u3"], "base"].tolist() == [
        "Durée non publiée", "Durée invraisemblable (0 mois)", "Date de notification non publiée",
    ]  # fmt: skip
    said = ends_summary(found.reset_index())
    assert (said.unknown, said.ended, said.contracts) == (4, 1, 5)


def test_states_at_their_borders():
    contracts = book(
        dateNotification=["2025-01-01", "2024-12-31", "2026-01-01", "2026-01-02", "2026-01-02"],
        dureeMois=[12, 12, 12, 12, None],
    )
    found = by_uid(ends(contracts, changes(), TODAY))["etat"]
    assert [found[f"u{i}"] for i in range(5)] == [
        "Se termine bientôt",
        "Terminé",
        "Se termine bientôt",
        "À venir",
        "Fin inconnue",
    ]


def test_the_horizon_ends_where_it_is_said():
    contracts = book(dateNotification=["2025-04-01", "2025-04-02"], dureeMois=[21, 21])
    assert by_uid(ends(contracts, changes(), TODAY))["etat"].to_dict() == {
        "u0": "Se termine bientôt", "u1": "En cours",
    }  # fmt: skip


def test_long_framework_agreements_are_flagged():
    contracts = book(
        nature=pd.Categorical(["Accord-cadre", "Accord-cadre", "Marché", "Marché subséquent", None]),
        techniques=pd.array([None, None, "Accord-cadre|Enchère électronique", "Accord-cadre", None], "str"),
        dureeMois=[49, 48, 60, 60, 60],
    )
    flagged = by_uid(ends(contracts, changes(), TODAY))["incertitudes"].str.contains("L2125-1")
    assert [uid for uid, is_long in flagged.sort_index().items() if is_long] == ["u0", "u2"]


def test_a_need_may_be_covered_already():
    frame = pd.DataFrame(
        {
            "debut": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-12-01", "2025-01-01", "2024-12-01"]),
            "fin": pd.to_datetime(["2025-01-01", "2027-02-01", "2026-12-01", "2025-03-01", "2029-12-01"]),
        }
    ).astype("datetime64[s]")
    contracts = pd.DataFrame({"acheteur_id": ["1", "1", "1", "1", "2"], "codeCPV": ["90910000-9"] * 5})
    # The second is another lot, 31 days later: it covers nothing. The third covers the first.
    assert days(covered_until(contracts, frame)) == ["2026-12-01", None, None, None, None]


def test_another_code_covers_nothing():
    """The eighth digit counts; the check digit does not."""
    frame = pd.DataFrame({"debut": ["2024-01-01", "2024-12-01"], "fin": ["2025-01-01", "2026-12-01"]})
    for second, end in (("90911201", None), ("90911200", "2026-12-01"), ("90911200-8", "2026-12-01")):
        contracts = pd.DataFrame({"acheteur_id": ["1", "1"], "codeCPV": ["90911200-8", second]})
        assert days(covered_until(contracts, frame.astype("datetime64[s]"))) == [end, None]
    again = book(
        acheteur_id=["1", "1", "1"],
        codeCPV=["90911200-8", "90911201", "90911200"],
        dateNotification=["2023-01-01", "2024-01-01", "2025-01-01"],
    )
    found = by_uid(ends(again, changes(), TODAY))["besoin"]
    assert [found[f"u{i}"] for i in range(3)] == ["À vérifier", "À vérifier", "Récurrent"]


def test_needs_that_come_back():
    contracts = book(
        acheteur_id=["1", "1", "1", "2", "2", "3", "4", "5"],
        codeCPV=["90910000", "90910000-9", "79000000", "45000000", "45000000", "45000000", "45000000", None],
        dateNotification=["2024-01-01", "2025-01-01", *["2025-01-01"] * 2, "2025-09-01", *["2025-01-01"] * 3],
        modalitesExecution=pd.array([None] * 5 + ["Bons de commande", "Sans objet", None], "str"),
        idAccordCadre=pd.array([None] * 6 + ["AC1", None], "str"),
    )
    found = by_uid(ends(contracts, changes(), TODAY))["besoin"]
    assert [found[f"u{i}"] for i in range(8)] == [
        "À vérifier", "Récurrent", "À vérifier", "Ponctuel", "Ponctuel", "Récurrent", "Suit l'accord-cadre",
        "À vérifier",
    ]  # fmt: skip


def test_holders_follow_amendments():
    suppliers = pd.DataFrame(
        {
            "uid": ["u0", "u0", "u1", "u2"],
            "titulaire_id": ["A", "B", "A", "C"],
            "titulaire_nom": pd.array(["Un (fictif)", None, "Un (fictif)", "Trois (fictif)"], "str"),
        }
    )
    amendments = changes(("u1", 1, TODAY, None), ("u2", 1, "2026-01-02", None))
    amendments["titulaires"] = pd.array(["C|D", "A"], "str")
    found = by_uid(ends(book(dureeMois=[12, 12, 12, 12]), amendments, TODAY, suppliers))["titulaires"]
    assert found["u0"] == "Un (fictif) ; Identifiant B"
    assert found["u1"] == "Trois (fictif) ; Identifiant D"
    assert found["u2"] == "Trois (fictif)", "an amendment still to come changes nothing"
    assert pd.isna(found["u3"])


def test_legal_minima_by_procedure():
    """Added up by hand from the articles: open 30 (R2161-3) + 11 (R2182-1); restricted and negotiated 30 + 25 + 11."""

    def legal(procedure, **more):
        steps = schedule(procedure, LeadTimes(**more), TODAY)
        return int(steps.loc[steps["nature"] == "minimum légal", "jours"].sum())

    assert legal(OPEN) == 41
    assert legal(OPEN, electronique=False) == 35 + 16
    assert legal(OPEN, preinformation=True) == 15 + 11
    assert legal(RESTRICTED) == legal(NEGOTIATED) == 66
    assert legal(RESTRICTED, preinformation=True) == 30 + 10 + 11
    assert legal(ADAPTED) == 0


def test_no_legal_minimum_before_the_code():
    assert time_limits("2019-03-31").empty
    assert len(time_limits("2019-04-01")) == 20
    doubtful = time_limits(TODAY).query("statut == 'à confirmer'")
    assert doubtful["article"].tolist() == ["R2161-14", "R2161-25"]


def test_an_open_procedure_planned_backwards():
    """Internal times of 10 days each: 10+10+10 | 30 legal, 10, 10, 11 legal, 10, 10 = 111 days, 81 after notice."""
    leads = LeadTimes(10, 10, 10, 10, 10, 10, 10, 10, 10)
    contracts = book(dureeMois=[24], procedure=pd.Categorical([OPEN]))
    plan = launches(ends(contracts, changes(), TODAY), TODAY, leads).iloc[0]
    assert f"{plan['fin']:%Y-%m-%d}" == "2027-06-15"
    assert plan["jours"] == 111
    assert f"{plan['publier_avant']:%Y-%m-%d}" == "2027-03-26"  # 15 + 31 (May) + 30 (April) = 76: 31 March; 5 more
    assert f"{plan['a_lancer_avant']:%Y-%m-%d}" == "2027-02-24"
    assert plan["statut"] == "Plus tard"


def test_a_threshold_makes_an_adapted_procedure_formal():
    contracts = book(
        montant=[215_999.0, 216_000.0, 1e6, 1e6], procedure=pd.Categorical([ADAPTED, ADAPTED, NEGOTIATED, None])
    )
    found = ends(contracts, changes(), TODAY)
    for seuil in (216_000, pd.Series(216_000, index=contracts.index[::-1])):
        plan = by_uid(launches(found, TODAY, seuil=seuil))
        assert plan["procedure_prevue"].to_dict() == {"u0": ADAPTED, "u1": OPEN, "u2": NEGOTIATED, "u3": OPEN}
    assert by_uid(launches(found, TODAY))["procedure_prevue"]["u1"] == ADAPTED
    with pytest.raises(UsageError, match="seuil: 1 of 4 contracts"):
        launches(found, TODAY, seuil=pd.Series(1.0, index=contracts.index[:3]))


def test_statuses():
    """An adapted procedure takes 164 days with the default times: 36+27+10 | 25+27+9+30."""
    assert schedule(ADAPTED, LeadTimes(), TODAY)["jours"].tolist() == [36, 27, 10, 25, 27, 9, 30]
    contracts = book(
        # End less 164 days against 1 January 2026: one day late, on the day, three months on, a year on, later.
        dateNotification=[
            "2024-06-13",
            "2024-06-14",
            "2024-09-12",
            "2025-06-14",
            "2025-06-15",
            "2025-12-01",
            "2020-01-01",
        ],
        dureeMois=[24, 24, 24, 24, 24, 3, 12],
    )
    plan = by_uid(launches(ends(contracts, changes(), TODAY), TODAY))["statut"]
    assert [plan[f"u{i}"] for i in range(7)] == [
        "En retard", "À lancer dans les 3 mois", "À lancer dans les 3 mois", "À lancer dans les 12 mois", "Plus tard",
        "Plus court que sa procédure", "Terminé",
    ]  # fmt: skip


def test_statuses_that_call_for_no_launch():
    contracts = book(
        acheteur_id=["1", "1", "2", "3", "4", "5"],
        codeCPV=["90910000", "90910000", "45000000", "90910000", "90910000", "90910000"],
        dateNotification=["2024-06-15", "2025-06-15", "2024-06-15", "2024-06-15", "2023-06-15", "2024-06-15"],
        idAccordCadre=pd.array([None, None, None, "AC1", None, None], "str"),
        dureeMois=[24, 24, 24, 24, 24, None],
    )
    plan = by_uid(launches(ends(contracts, changes(), TODAY), TODAY))
    assert [plan.loc[f"u{i}", "statut"] for i in range(6)] == [
        "Peut-être déjà relancé", "Plus tard", "Besoin ponctuel", "Dépend de l'accord-cadre", "Terminé", "Fin inconnue",
    ]  # fmt: skip
    assert plan["a_lancer_avant"].notna().sum() == 1


def test_the_amount_that_ends_soon():
    """Of 1, 20 and 300 €, ended, ending within twelve months and later."""
    contracts = book(
        dateNotification=["2023-06-15", "2025-06-15", "2025-06-15"], dureeMois=[24, 12, 48], montant=[1.0, 20.0, 300.0]
    )
    assert ends_summary(ends(contracts, changes(), TODAY)).amount_soon == 20.0


def test_no_date_where_none_is_called_for(root):
    contracts, amendments = tables.load("procurement/contracts"), tables.load("procurement/amendments")
    plan = launches(ends(contracts, amendments, TODAY), TODAY, seuil=216_000)
    called = plan["statut"].isin(STATUSES[:4])
    assert called.sum() > 100
    assert plan["a_lancer_avant"].notna().equals(called)
    assert len(plan) == len(contracts)
    assert not plan["uid"].duplicated().any()
    formal = plan[called & plan["procedure_prevue"].isin(FORMAL)]
    assert (formal["publier_avant"] <= formal["fin"] - pd.Timedelta(days=41)).all(), "never under the legal minima"


def test_by_month_counts_once():
    contracts, amendments = tables.load("procurement/contracts"), tables.load("procurement/amendments")
    plan = launches(ends(contracts, amendments, TODAY), TODAY)
    table = by_month(plan, TODAY)
    assert len(table) == 24
    inside = plan["fin"].between("2026-01-01", "2027-12-31")
    assert (table["fins"].sum(), table["montant_fins"].sum()) == (
        inside.sum(),
        pytest.approx(plan.loc[inside, "montant"].sum()),
    )
    late = plan["statut"] == "En retard"
    assert table["lancements"].iloc[0] == (late | (plan["a_lancer_avant"].between("2026-01-01", "2026-01-31"))).sum()
    assert days(table["mois"])[-1] == "2027-12-01"
    with pytest.raises(UsageError, match="months=0"):
        by_month(plan, TODAY, months=0)


def test_an_empty_book():
    full = ends(book(dureeMois=[12]), changes(), TODAY)
    nothing = ends(book(dureeMois=[12]).head(0), changes(), TODAY)
    assert nothing.dtypes.equals(full.dtypes)
    assert launches(nothing, TODAY).dtypes.equals(launches(full, TODAY).dtypes)
    assert by_month(launches(nothing, TODAY), TODAY)["fins"].sum() == 0
    assert ends_summary(nothing).contracts == 0


def test_wrong_use_is_said():
    contracts = book(dureeMois=[12])
    with pytest.raises(UsageError, match="today='soon' is no date"):
        ends(contracts, changes(), "soon")
    with pytest.raises(UsageError, match="besoin is negative"):
        LeadTimes(besoin=-1)
