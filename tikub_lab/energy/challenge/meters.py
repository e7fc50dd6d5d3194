"""The meters of a challenge: from when each lycée's past counts, what each meter saved, and why one has no score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.occupancy.days import Designer, by_step, days_of
from tikub_lab.energy.occupancy.use import Use, fit, saved
from tikub_lab.energy.periods import DAY, Integers
from tikub_lab.energy.quality import LIMITS
from tikub_lab.energy.uncertainty import portfolio
from tikub_lab.show.french import day, number

YEAR = pd.Timedelta(days=365)
WHOLE = 0.9
"""Share of the challenge's days, and of a year before it, that a meter's readings must cover."""
ACROSS = 16
"""Days of a bill that may lie outside the period that it counts for: that of most of its days."""
MINOR = 0.05
"""Share of a lycée's use that meters without a model may have, for the others to make its score."""

FIGURES = {
    "attendu": "predicted", "economie": "saving", "bas": "low", "haut": "high", "part": "share",
    "part_bas": "share_low", "part_haut": "share_high", "liberte": "freedom", "etablie": "established",
}  # fmt: skip
"""Columns of a score that an interval has."""


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


def scores(
    span: Span,
    sites: pd.DataFrame,
    meters: pd.DataFrame,
    works: pd.DataFrame,
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    zone: str,
    level: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score lycées, a row each, by what each of their meters in service saved, a row each too.

    ``passe`` says whether a lycée has a past to compare with; the other columns are those of :class:`Challenge`.
    """
    own = spans_of(span, sites, meters, works)
    service = meters[meters["code_uai"].isin(own["code_uai"][own["raison"] == ""]) & ~(meters["retrait"] <= span.start)]
    about = service.merge(sites[["code_uai", "station"]], on="code_uai").merge(own, on="code_uai")
    margin = pd.Timedelta(days=40)
    days = days_of(weather, calendar, (span.before - margin).date(), (span.end + margin).date(), zone)
    rows = readings[readings["compteur_id"].isin(about["compteur_id"])]
    rows = rows[(rows["fin"] > span.before) & (rows["debut"] < span.end)]
    scored = _of_meters(span, about, rows, Designer(days))
    table: list[dict[Any, Any]] = own.assign(passe=own["raison"] == "").to_dict("records")
    for row in table:
        used = scored[scored["code_uai"] == row["code_uai"]]
        row["raison"], row["remarque"] = no_score(row["raison"], used)
        row |= {"classe": not row["raison"], "pas": "", "compteurs": 0, "etablie": False}
        if row["classe"]:
            kept = used.dropna(subset="savings")
            total = portfolio(dict(zip(kept["compteur_id"], kept["savings"], strict=True)), level)
            row |= {name: getattr(total, figure) for name, figure in FIGURES.items()}
            row |= {"observe": total.predicted - total.saving, "erreur": total.error / total.predicted}
            row |= {"pas": " et ".join(sorted(set(kept["pas"]))), "compteurs": len(kept), "jours": kept["jours"].mean()}
    return pd.DataFrame(table), scored


def spans_of(span: Span, sites: pd.DataFrame, meters: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """Tell from when each lycée's past counts, after its last works and change of meters, and why some have none."""
    done = works[works["statut"] == "réalisé"].sort_values("date_fin", kind="stable")
    undated = done[done["date_fin"].isna()].groupby("code_uai")["mesure"].first()
    recent = done[(done["date_fin"] > span.before) & (done["date_fin"] < span.end)]
    last: dict[Any, Any] = {row.code_uai: row for row in recent.itertuples()}
    dates = meters.melt("code_uai", ["mise_en_service", "retrait"], value_name="jour")
    moved = dates[dates["jour"] < span.end].groupby("code_uai", observed=True)["jour"].max()
    rows = []
    for code in sites["code_uai"]:
        begin, reason = span.before, ""
        if code in undated.index:
            reason = f"des travaux sont faits ({undated[code]}) mais leur date n'est pas connue"
        elif code in last:
            begin = last[code].date_fin
            told = f"travaux ({last[code].mesure}) finis le {day(begin)}"
            if begin >= span.start:
                reason = f"{told}, pendant le défi : leur économie n'est pas celle des usagers"
            elif begin > span.start - YEAR:
                reason = f"{told}, moins d'un an avant le défi : pas assez de passé pour comparer"
        if not reason and code in moved.index and moved[code] > begin:
            begin = moved[code]
            if begin > span.start - YEAR:
                reason = f"un compteur a été mis en service ou retiré le {day(begin)}"
        rows.append((code, begin, reason))
    found = pd.DataFrame(rows, columns=["code_uai", "reference_debut", "raison"])
    return found.astype({"code_uai": "str", "raison": "str", "reference_debut": "datetime64[ns]"})


def _of_meters(span: Span, about: pd.DataFrame, readings: pd.DataFrame, maker: Designer) -> pd.DataFrame:
    """Work out what each meter saved: by its days where both periods have enough of them, else by its bills.

    One row a meter: its step, ``jours`` (of the challenge that are scored), ``kwh`` (used in it, as far as known),
    ``savings`` (or None), and ``faute``, why there is none.
    """
    columns, known = ["code_uai", "compteur_id", "energie", "usage"], by_step(readings)
    nothing = pd.DataFrame({"debut": [], "fin": [], "kwh": []}, dtype="int64")
    found, each = [], list[Any](about.itertuples(index=False))
    for meter in each:
        for step in known:
            rows = known[step].get(meter.compteur_id, nothing)
            begin, end, kwh = (rows[name].to_numpy() for name in nothing)
            past, now = _sides(span, meter.reference_debut, begin, end)
            designs = [maker.design(begin[side], end[side], kwh[side], meter.station) for side in (past, now)]
            covered = [float(design.days.sum()) for design in designs]
            if not (fault := _too_few(span, covered)):
                break
        savings = None
        if not fault:
            model = fit(designs[0])
            fault = f"aucun modèle ne convient à ses {step}s" if model is None else _insufficient(model)
            savings = saved(model, designs[1]) if model and not fault else None
        found.append((step, covered[1], float(kwh[now].sum()), savings, fault))
    table = pd.DataFrame(found, columns=["pas", "jours", "kwh", "savings", "faute"])
    return pd.concat([about[columns].reset_index(drop=True), table], axis=1)


def _sides(span: Span, since: pd.Timestamp, begin: Integers, end: Integers) -> tuple[np.ndarray, np.ndarray]:
    """Say which readings belong to the past, and which to the challenge."""
    first, start, stop = (moment.value // DAY for moment in (since, span.start, span.end))
    middle = (begin + end) / 2
    early = ACROSS if since == span.before else 0  # not a day from before works
    past = (begin >= first - early) & (middle < start) & (end <= start + ACROSS)
    now = (middle >= start) & (middle < stop) & (begin >= start - ACROSS) & (end <= stop + ACROSS)
    return past, now


def _too_few(span: Span, covered: list[float]) -> str:
    if covered[1] < WHOLE * span.days:
        return f"ses factures couvrent {number(covered[1])} jours du défi sur {number(span.days)}"
    if covered[0] < WHOLE * YEAR.days:
        return f"ses factures couvrent {number(covered[0])} jours du passé, il en faut {number(WHOLE * YEAR.days)}"
    return ""


def _insufficient(model: Use) -> str:
    """Say in what a model fails, in French; empty where it does not."""
    if model.passes:
        return ""
    limit = LIMITS[model.design.kind]
    if not model.cv_rmse <= limit.cv_rmse:
        told = f"CV(RMSE) de {number(model.cv_rmse * 100, 1)} %, au-dessus de {number(limit.cv_rmse * 100)} %"
    else:
        told = f"biais de {number(model.nmbe * 100, 1)} %, au-delà de {number(limit.nmbe * 100)} %"
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
