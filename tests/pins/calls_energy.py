"""Each public method of ``tikub_lab.energy`` called once or more, on the tables of any data package.

The name before the bracket is the public one, and stays when the call changes: whoever gives a method other arguments
changes them here, and its pin must not move.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from tikub_lab import energy as e
from tikub_lab.energy.bundle import Bundle
from tikub_lab.energy.planning.choose import solve
from tikub_lab.energy.planning.greedy import greedy
from tikub_lab.energy.planning.problem import prepare
from tikub_lab.tables import describe

LYCEES = ("0000505Z", "0002530A", "0005240W", "0000044Y")
"""Like most, with a broken meter, heated by electricity, heated by wood."""
Pins = Iterator[tuple[str, Any]]
Tables = dict[str, pd.DataFrame]

NAMES = ("sites", "meters", "readings", "weather", "calendar", "works", "prices", "factors")


def results(load: Any) -> Pins:
    """All results on the whole stock and on a few lycées; ``load(name)`` gives a table."""
    tables = {name: load(f"energy/{name}") for name in NAMES}
    sites, meters, readings, weather, *_ = tables.values()
    used = e.adjusted(readings, meters, sites, weather)
    year = int(used.loc[used["complet"], "annee"].max())
    yield "adjusted", used
    yield "load", [len(table) for table in vars(e.load()).values()]
    yield "year_of", [e.year_of(used), e.year_of(used, 2023)]
    yield from _used(tables, used, year)
    yield from _baselines(tables)
    yield from _alerts(tables)
    measured = e.trusted(Bundle(**tables), e.alerts.survey(Bundle(**tables)).alerts)
    yield "trusted", [len(readings), len(measured.readings)]
    curves = e.curves.survey(Bundle(**tables), load("energy/loads"))
    yield "curves.survey", vars(curves)
    yield "curves.Curves", [len(table) for table in vars(curves).values()]
    yield from _challenge(vars(measured))
    yield from _gestures(vars(measured), year)
    used_by = {name: tables[name] for name in ("sites", "meters", "readings", "weather", "calendar", "works")}
    yield "actions.measured", e.actions.measured(**used_by, actions=load("energy/actions"))
    yield from _law(tables, used, year)
    yield from _performance(vars(measured), used, year)
    yield from _planning(tables, used, year)


def constants() -> Pins:
    """Results that depend on no table: the law's values, words, defaults."""
    yield "alerts.Rules", e.alerts.Rules()
    yield "challenge.period", {name: e.challenge.period(name) for name in ("2024-2025", "2025")}
    days = ("2020-06-01", "2024-01-01", "2025-01-01")
    yield "law.milestones", {str(day): e.law.milestones(day) for day in days}


def _used(tables: Tables, used: pd.DataFrame, year: int) -> Pins:
    sites, meters, readings, weather, *_, prices, factors = tables.values()
    yearly = e.by_meter(readings)
    yield "by_meter", yearly
    few = readings[readings["compteur_id"].isin(meters.loc[meters["code_uai"].isin(LYCEES), "compteur_id"])]
    for origin in ("facture", "relevé"):
        yield f"by_meter[{origin}]", e.by_meter(few[few["origine"] == origin])
    yield "by_site", e.by_site(yearly, meters)
    yield "adjusted[15]", e.adjusted(few, meters, sites, weather, base=15.0)
    yield "of_sites", e.of_sites(used, sites)
    yield "valued", e.valued(used[used["annee"] >= year - 1], prices, factors)
    scopes = {
        "tous": e.scope(sites),
        "uai": e.scope(sites, LYCEES[1]),
        "emat": e.scope(sites, None, sites["emat"].min()),
    }
    yield "scope", {name: [found.name, found.sites["code_uai"].tolist()] for name, found in scopes.items()}
    yield "Scope", {name: [len(found.keep(table)) for table in (used, meters)] for name, found in scopes.items()}
    yield "day_kinds", e.day_kinds(tables["calendar"], "2024-01-01", "2025-12-31").to_frame("nature")


def _usage(readings: pd.DataFrame, meter: str, origin: str) -> pd.DataFrame:
    return readings[(readings["compteur_id"] == meter) & (readings["origine"] == origin)]


def _baselines(tables: Tables) -> Pins:
    """Eight meters read daily and eight known by bills, from months before a day to what those after it saved."""
    sites, meters, readings, weather, calendar, *_ = tables.values()
    station = meters.merge(sites[["code_uai", "station"]]).set_index("compteur_id")["station"]
    kinds = e.day_kinds(calendar, "2023-01-01", "2026-01-01")
    for origin, kind, day in (("relevé", "daily", "2025-09-01"), ("facture", "billing", "2025-01-01")):
        change = pd.Timestamp(day)
        rows = readings[readings["origine"] == origin]
        found = rows.loc[(rows["debut"] < change) & rows["kwh"].notna(), "compteur_id"].value_counts()
        chosen = sorted(found[found >= found.median()].index)[::6][:8]
        before = rows[
            rows["compteur_id"].isin(chosen) & rows["debut"].between(change - pd.Timedelta(days=366), change, "left")
        ]
        baselines = e.fit_many(before, weather, station[chosen].to_dict(), kind=kind, cooling=False)
        yield f"fit_many[{origin}]", {name: replace(baseline, sample=None) for name, baseline in baselines.items()}
        savings = {}
        for meter, baseline in baselines.items():
            if baseline.model is None:
                continue
            outside = weather[weather["station"] == station[meter]]
            after = _usage(readings, meter, origin)
            after = after[after["debut"] >= change]
            savings[meter] = e.metered(baseline, after, outside, kinds if kind == "daily" else None)
        yield f"metered[{origin}]", {name: one.table.describe() for name, one in savings.items()}
        yield f"portfolio[{origin}]", e.portfolio(savings)
    hours = pd.date_range("2024-03-29", "2024-04-02", freq="h", tz="UTC")
    loads = pd.Series([(place * 7) % 11 + 0.5 for place in range(len(hours))], index=hours)
    curve = pd.DataFrame({"compteur_id": "M", "debut": hours, "kwh": loads.to_numpy(), "minutes": 60, "estime": False})
    yield "loads_to_readings", e.loads_to_readings(curve)
    yield "loads_to_readings[UTC]", e.loads_to_readings(curve, "UTC")
    outside = pd.DataFrame({"station": "S", "heure": hours, "temperature": loads.to_numpy() - 2})
    yield "temperatures_to_weather", e.temperatures_to_weather(outside)


def _alerts(tables: Tables) -> Pins:
    sites, meters, readings, weather, calendar, works, prices, factors = tables.values()
    survey = e.alerts.survey(readings, meters, sites, weather, calendar, works, prices, factors)
    yield "alerts.survey", survey
    yield "alerts.totals", e.alerts.totals(survey.alerts)
    yield "alerts.listed", e.alerts.listed(survey.alerts, sites)
    yield "alerts.summary", e.alerts.summary(e.alerts.listed(survey.alerts, sites))
    own = meters[meters["code_uai"].isin([*LYCEES, *survey.alerts["code_uai"].unique()[:4]])]
    few = readings[readings["compteur_id"].isin(own["compteur_id"])]
    rest = (own, sites, weather, calendar, works, prices, factors)
    for origin in ("relevé", "facture"):
        found = e.alerts.survey(few, *rest, rules=e.alerts.Rules(fdr=0.2, fdr_bills=0.2), origins=(origin,))
        yield f"alerts.Survey[{origin}]", found


def _challenge(tables: Tables) -> Pins:
    sites, meters, readings, weather, calendar, works, *_ = tables.values()
    for name in ("2024-2025", "2023"):
        found = e.challenge.challenge(sites, meters, readings, weather, calendar, works, *e.challenge.period(name))
        yield f"challenge.challenge[{name}]", {part: getattr(found, part) for part in ("table", "energies", "groups")}
        yield f"challenge.Challenge[{name}]", [found.start, found.end, found.level]
        scored = found.table[found.table["classe"]]
        yield f"challenge.gap[{name}]", [list(e.challenge.gap(row)) for row in scored.head(6).to_dict("records")]
        for uai in (LYCEES[0], *scored["code_uai"].iloc[[0, -1]]):
            yield f"challenge.by_month[{name}, {uai}]", e.challenge.by_month(found, uai)
            yield f"challenge.position[{name}, {uai}]", e.challenge.position(found, uai)


def _gestures(tables: Tables, year: int) -> Pins:
    sites, meters, readings, weather, calendar, _, prices, factors = tables.values()
    measured, counters = e.gestures.measures(sites, meters, readings, weather, calendar, year)
    yield "gestures.measures", {"measures": measured, "meters": counters}
    table = e.gestures.gestures(measured, counters, sites, prices, factors, year)
    yield "gestures.gestures", table
    for uai in LYCEES:
        yield f"gestures.three[{uai}]", e.gestures.three(table, uai)
        sheet = e.gestures.sheet(table, measured, uai)
        yield f"gestures.sheet[{uai}]", sheet._asdict() | {"gesture": sheet.gesture.to_dict()}
    yield "gestures.report_back", e.gestures.report_back(describe("energy/actions"))


def _law(tables: Tables, used: pd.DataFrame, year: int) -> Pins:
    sites, *_, prices, factors = tables.values()
    years = e.law.final_energy(used)
    yield "law.final_energy", years
    usable = e.law.usable_years(years, sites)
    yield "law.usable_years", usable
    for day in ("2023-06-01", None):
        case = f"[{day}]" if day else ""
        references = e.law.references(years, sites, day)
        standing = e.law.standing(references, years, year, day=day, energies=used, prices=prices, factors=factors)
        yield f"law.references{case}", references
        yield f"law.standing{case}", standing
    yield "law.standing[2021]", e.law.standing(references, years, 2021)
    yield "law.stock", e.law.stock(standing)
    yield "law.at", e.law.at(standing, 2030)
    yield "law.followed", e.law.followed(used, factors, year, 2019)
    yield "law.summary", [e.law.summary(standing, milestone) for milestone in (2030, 2040, 2050)]
    yield "law.summary[few]", [e.law.summary(standing[standing["code_uai"] == uai]) for uai in LYCEES]
    yield "law.course", e.law.course(usable[usable["annee"] <= year], standing)
    yield "law.ranking", pd.concat([e.law.ranking(standing, milestone) for milestone in (2030, 2050)])
    paces = e.law.pace(usable, year)
    yield "law.pace", paces
    yield "law.outlook", e.law.outlook(standing, paces)


def _performance(tables: Tables, used: pd.DataFrame, year: int) -> Pins:
    sites, meters, readings, weather, calendar, *_ = tables.values()
    intensities = e.performance.intensities(used, sites, year)
    yield "performance.intensities", intensities
    values = intensities[["code_uai"]].assign(valeur=intensities["kwh_m2_ajuste"])
    compared = e.performance.compare(values, sites)
    yield "performance.compare", compared
    yield "performance.quantiles", e.performance.quantiles(compared)
    signatures = e.performance.signatures(readings, meters, sites, weather, calendar, year)
    yield "performance.signatures", signatures
    standing = e.performance.standing(signatures, used, sites, weather, year)
    yield "performance.standing", standing
    yield "performance.outstanding", e.performance.outstanding(standing)
    for uai in LYCEES:
        yield f"performance.peers[{uai}]", e.performance.peers(compared, sites, uai)
        own = signatures[signatures["code_uai"] == uai]
        if len(own):
            drawn = e.performance.picture(readings, meters, sites, weather, calendar, own.iloc[0], year)
            yield f"performance.picture[{uai}]", drawn


def _planning(tables: Tables, used: pd.DataFrame, year: int) -> Pins:
    """The plan of ``energy_works`` with its own parameters, so that the page costs nothing more, and small ones.

    All stop at a gap of 0.1 % or less; the time is long, so that a busy machine finds the same.
    """
    *_, works, prices, factors = tables.values()
    uses = e.by_site(e.by_meter(tables["readings"]), tables["meters"])
    uses = uses[uses["annee"] == year]
    measured = e.planning.measured(works, used)
    yield "planning.measured", measured
    share = e.planning.realised(measured)
    yield "planning.realised", share
    rules = e.planning.Rules(year + 1, (5_000_000.0,) * 6, 2045, share.share, "kwh", 0.03)
    yield "planning.Rules", rules
    problem = prepare(works, uses, prices, factors, rules)
    yield (
        "planning.prepare",
        {
            "measures": problem.measures,
            "left_out": problem.left_out,
            "stock": problem.stock,
            "conflits": len(problem.conflicts),
        },
    )
    plan = e.planning.plan(works, uses, prices, factors, rules, time_limit=600.0)
    yield "planning.plan", {name: getattr(plan, name) for name in ("works", "totals", "path", "proven")}
    yield "planning.compare", e.planning.compare(plan)
    cases = e.planning.sensitivity(plan, budget=1e6, realisation=(share.low, share.high), time_limit=600.0)
    yield "planning.sensitivity", {name: getattr(cases, name) for name in ("cases", "stability", "sentence")}
    yield "planning.Sensitivity", cases.sentence
    own = works[works["code_uai"].isin(sorted(works["code_uai"].unique())[:12])]
    for objective in ("kwh", "euros", "kgco2e"):
        rules = e.planning.Rules(2026, (300_000.0, 200_000.0), 2040, 0.9, objective, 0.03)
        small = prepare(own, uses, prices, factors, rules)
        best = solve(small, time_limit=600.0, gap=1e-9)
        yield f"planning.solve[{objective}]", [best.value, best.proven, best.proof]
        yield f"planning.Plan[{objective}]", {name: getattr(best, name) for name in ("works", "totals", "path")}
        for method in e.planning.compare(best)["methode"]:
            if method != "optimum":
                yield f"planning.greedy[{objective}, {method}]", greedy(small, method)
