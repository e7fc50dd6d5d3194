"""The meters of a challenge: from when each lycée's past counts, what each meter saved, and why one has no score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.caltrack import fit_many
from tikub_lab.energy.days import Days, numbers
from tikub_lab.energy.heating import spans
from tikub_lab.energy.occupancy.days import Designer, days_of
from tikub_lab.energy.occupancy.use import fit, saved
from tikub_lab.energy.periods import DAY, Integers
from tikub_lab.energy.quality import LIMITS, passes, quality
from tikub_lab.energy.savings import Savings, metered
from tikub_lab.show.french import day, number

YEAR = pd.Timedelta(days=365)
WHOLE = 0.9
"""Share of the challenge's days, and of a year before it, that a meter's readings must cover."""
ACROSS = 16
"""Days of a bill that may lie outside the period that it counts for: that of most of its days."""
MINOR = 0.05
"""Share of a lycée's use that meters without a model may have, for the others to make its score."""


@dataclass(frozen=True)
class Span:
    """A challenge, its end excluded, and how many years make its past."""

    start: pd.Timestamp
    end: pd.Timestamp
    years: int

    @property
    def before(self) -> pd.Timestamp:
        """First day of the past."""
        return self.start - pd.DateOffset(years=self.years)

    @property
    def days(self) -> int:
        """Length of the challenge."""
        return (self.end - self.start).days


def spans_of(span: Span, sites: pd.DataFrame, meters: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """Tell from when each lycée's past counts, after its last works and change of meters, and why some have none."""
    done = works[(works["statut"] == "réalisé") & works["code_uai"].isin(sites["code_uai"])]
    by_site = dict(tuple(done.groupby("code_uai", observed=True)))
    of_site = dict(tuple(meters.dropna(subset="code_uai").groupby("code_uai", observed=True)))
    rows = []
    for code in sites["code_uai"]:
        own, nothing = by_site.get(code, done.head(0)), meters.head(0)
        begin, reason = _after_works(span, own)
        moved = pd.concat([of_site.get(code, nothing)[name] for name in ("mise_en_service", "retrait")]).dropna()
        moved = moved[(moved > begin) & (moved < span.end)]
        if not reason and len(moved):
            begin = max(begin, moved.max())
            if begin > span.start - YEAR:
                reason = f"un compteur a été mis en service ou retiré le {day(begin)}"
        rows.append((code, begin, reason))
    found = pd.DataFrame(rows, columns=["code_uai", "reference_debut", "raison"])
    return found.astype({"code_uai": "str", "raison": "str", "reference_debut": "datetime64[ns]"})


def _after_works(span: Span, done: pd.DataFrame) -> tuple[pd.Timestamp, str]:
    if done["date_fin"].isna().any():
        what = done[done["date_fin"].isna()].iloc[0]["mesure"]
        return span.before, f"des travaux sont faits ({what}) mais leur date n'est pas connue"
    recent = done[(done["date_fin"] > span.before) & (done["date_fin"] < span.end)].sort_values("date_fin")
    if recent.empty:
        return span.before, ""
    last = recent.iloc[-1]
    told = f"travaux ({last['mesure']}) finis le {day(last['date_fin'])}"
    if last["date_fin"] >= span.start:
        return last["date_fin"], f"{told}, pendant le défi : leur économie n'est pas celle des usagers"
    if last["date_fin"] > span.start - YEAR:
        return last["date_fin"], f"{told}, moins d'un an avant le défi : pas assez de passé pour comparer"
    return last["date_fin"], ""


def score_meters(
    span: Span,
    own: pd.DataFrame,
    sites: pd.DataFrame,
    meters: pd.DataFrame,
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    zone: str,
) -> pd.DataFrame:
    """Work out what each meter in service saved.

    One row a meter: its step, ``jours`` (of the challenge that are scored), ``kwh`` (used in it, as far as known),
    ``savings`` (or None), and ``faute``, why there is none.
    """
    service = meters[meters["code_uai"].isin(own["code_uai"][own["raison"] == ""])]
    service = service[~(service["retrait"] <= span.start)]
    about = service.merge(sites[["code_uai", "station"]], on="code_uai").merge(own, on="code_uai")
    columns = ["code_uai", "compteur_id", "energie", "usage", "pas", "jours", "kwh", "savings", "faute"]
    if about.empty:
        return pd.DataFrame(columns=columns)
    margin = pd.Timedelta(days=40)
    days = days_of(weather, calendar, (span.before - margin).date(), (span.end + margin).date(), zone)
    rows = readings[readings["compteur_id"].isin(about["compteur_id"])]
    rows = rows[(rows["fin"] > span.before) & (rows["debut"] < span.end)]
    by_day = _scored_days(span, about, rows, weather, days)
    left = about[~about["compteur_id"].isin(list(by_day))]
    by_bill = _scored_bills(span, left, rows[rows["origine"] == "facture"], days)
    found = [by_day.get(meter) or by_bill[meter] for meter in about["compteur_id"]]
    table = pd.DataFrame(found, columns=columns[4:])
    return pd.concat([about[columns[:4]].reset_index(drop=True), table], axis=1)


Scored = tuple[str, float, float, Savings | None, str]


def _scored_bills(span: Span, about: pd.DataFrame, bills: pd.DataFrame, days: Days) -> dict[str, Scored]:
    maker = Designer(days)
    found: dict[str, Scored] = {}
    joined = spans(bills[bills["compteur_id"].isin(about["compteur_id"])])
    for name in ("debut", "fin"):
        joined[name] = numbers(joined[name])
    by_meter = dict(tuple(joined.groupby("compteur_id", observed=True)))
    meters: list[Any] = list(about.itertuples(index=False))
    for meter in meters:
        rows = by_meter.get(meter.compteur_id, joined.head(0))
        begin, end, kwh = (rows[name].to_numpy() for name in ("debut", "fin", "kwh"))
        past, now = _sides(span, meter.reference_debut, begin, end)
        designs = [maker.design(begin[side], end[side], kwh[side], meter.station) for side in (past, now)]
        covered = [float(design.days.sum()) for design in designs]
        fault, model = _too_few(span, covered), None
        if not fault:
            model, unlike = fit(designs[0]), "aucun modèle ne convient à ses factures"
            fault = unlike if model is None else _insufficient("billing", model.cv_rmse, model.nmbe)
        savings = saved(model, designs[1]) if model is not None and not fault else None
        found[meter.compteur_id] = ("facture", covered[1], float(kwh[now].sum()), savings, fault)
    return found


def _sides(span: Span, since: pd.Timestamp, begin: Integers, end: Integers) -> tuple[np.ndarray, np.ndarray]:
    """Say which bills belong to the past, and which to the challenge."""
    first, start, stop = (moment.value // DAY for moment in (since, span.start, span.end))
    middle = (begin + end) / 2
    early = ACROSS if since == span.before else 0  # not a day from before works
    past = (begin >= first - early) & (middle < start) & (end <= start + ACROSS)
    now = (middle >= start) & (middle < stop) & (begin >= start - ACROSS) & (end <= stop + ACROSS)
    return past, now


def _scored_days(
    span: Span, about: pd.DataFrame, readings: pd.DataFrame, weather: pd.DataFrame, days: Days
) -> dict[str, Scored]:
    """Score the meters that have daily readings of both periods; the others are left to their bills."""
    rows = measured_days(readings).merge(
        about[["compteur_id", "station", "reference_debut", "energie"]], on="compteur_id"
    )
    rows = rows[(rows["debut"] >= rows["reference_debut"]) & (rows["debut"] < span.end)]
    kinds = days.named()
    rows = rows[rows["debut"].between(kinds.index[0], kinds.index[-1])]
    after = rows["debut"] >= span.start
    known = pd.DataFrame(
        {"after": rows[after].groupby("compteur_id").size(), "before": rows[~after].groupby("compteur_id").size()}
    ).fillna(0)
    enough = known[(known["after"] >= WHOLE * span.days) & (known["before"] >= WHOLE * YEAR.days)].index
    if not len(enough):
        return {}
    rows, after = rows[rows["compteur_id"].isin(enough)], after[rows["compteur_id"].isin(enough)]
    of_meter = rows.drop_duplicates("compteur_id").set_index("compteur_id")
    stations = {str(meter): str(station) for meter, station in of_meter["station"].items()}
    cooled = {str(meter): energy == "électricité" for meter, energy in of_meter["energie"].items()}
    models = fit_many(rows[~after], weather, stations, kind="daily", cooling=cooled)
    clocks = {str(station): one for station, one in weather.groupby("station", observed=True)}
    found: dict[str, Scored] = {}
    for meter, usage in rows[after].groupby("compteur_id", observed=True):
        covered, used, model = float(len(usage)), float(usage["kwh"].sum()), models[str(meter)]
        if model.model is None:
            found[str(meter)] = ("relevé", covered, used, None, "aucun modèle ne convient à ses relevés")
            continue
        one = metered(model, usage, clocks[stations[str(meter)]], kinds)
        sample, fitted = model.sample, one.model.matrix @ one.model.coefficients
        assert sample is not None
        scatter, bias = quality(sample.usage, fitted, one.model.matrix.shape[1] + one.model.points.shape[1])
        fault = _insufficient("daily", scatter, bias)
        found[str(meter)] = ("relevé", covered, used, None if fault else one, fault)
    return found


def measured_days(readings: pd.DataFrame) -> pd.DataFrame:
    """Keep the readings of a single day that were measured."""
    rows = readings[(readings["origine"] == "relevé") & readings["kwh"].notna()]
    rows = rows[(rows["fin"] - rows["debut"]) == pd.Timedelta(days=1)]
    return rows[~rows["estime"].fillna(False).astype(bool)]


def _too_few(span: Span, covered: list[float]) -> str:
    if covered[1] < WHOLE * span.days:
        return f"ses factures couvrent {number(covered[1])} jours du défi sur {number(span.days)}"
    if covered[0] < WHOLE * YEAR.days:
        return f"ses factures couvrent {number(covered[0])} jours du passé, il en faut {number(WHOLE * YEAR.days)}"
    return ""


def _insufficient(kind: str, cv_rmse: float, nmbe: float) -> str:
    """Say in what a model fails, in French; empty where it does not."""
    limit = LIMITS[kind]
    if passes(kind, cv_rmse, nmbe):
        return ""
    if not cv_rmse <= limit.cv_rmse:
        told = f"CV(RMSE) de {number(cv_rmse * 100, 1)} %, au-dessus de {number(limit.cv_rmse * 100)} %"
    else:
        told = f"biais de {number(nmbe * 100, 1)} %, au-delà de {number(limit.nmbe * 100)} %"
    return f"son modèle est insuffisant (guide ASHRAE 14 : {told})"


def no_score(reason: str, scored: pd.DataFrame) -> tuple[str, str]:
    """Say why a lycée has no score, by :func:`spans_of` or its meters; if it has, which small meters it leaves out."""
    if reason:
        return reason, ""
    if scored.empty:
        return "aucun compteur en service n'est rattaché à ce lycée", ""
    failed = scored[scored["faute"] != ""]
    if failed.empty:
        return "", ""
    told = " ; ".join(f"compteur {row.compteur_id} ({row.energie}) : {row.faute}" for row in failed.itertuples())
    total = scored["kwh"].sum()
    share = failed["kwh"].sum() / total if total > 0 else 1.0
    unread = (failed["kwh"] <= 0).any()
    if share > MINOR or unread or len(failed) == len(scored):
        return told, ""
    return "", f"{number((1 - share) * 100)} % de la consommation notée ; {told}"
