"""The fictitious staff of the lycées: positions, agents, two years of events, a night's export, planted truths.

Everything about persons is invented, and every name says so. Events run from the end of 2023, when the ledger is
filled, to the end of 2025. What alerts and state look for is in them, and ``staffing/truths`` says where.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.make.energy import SEED
from data.make.energy.sites import FAMILY, GIVEN, lycees
from data.make.sampling import COMMUNES, Folder, Stream, by_schema, streams
from tikub_lab.tables.places import BRITTANY, communes

Row = dict[str, Any]

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

CREATED = "2026-11-24T00:00:00Z"
SOURCES = ({"title": "Tirage au sort par tikub-lab, data/make/staffing (données fictives)"}, COMMUNES)
FILLED, START, END = (pd.Timestamp(day) for day in ("2023-12-29", "2024-01-01", "2026-01-01"))
DAYS = (END - START).days
HALF = DAYS // 4
"""An assignment has at most one absence in each half-year."""
DAY = pd.Timedelta(days=1)
MONTH = 30 * DAY
LATE = 40
"""Days after which an absence is known that is known late."""

TRADES = {"accueil": 450, "cuisine": 420, "restauration": 92, "entretien": 2150, "maintenance": 7000,
          "espaces verts": 26000, "lingerie": 900, "magasinage": 1500}  # fmt: skip
"""Trades, and for how many pupils (or m², from 2,000 on) a lycée has one position: invented, of a plausible size."""
REASONS = ("maladie", "accident", "maternité", "paternité", "longue maladie", "autre")
REASON_WEIGHTS = (60, 12, 6, 4, 6, 12)
POOL = 1.3
"""Replacement agents a lycée."""
PLANTED = {
    "vacant depuis longtemps": 12,
    "contrat de vacance de plus d'un an": 6,
    "publication trop courte": 5,
    "demi-traitement proche": 8,
    "remplacement après l'absence": 5,
    "agent à plus de 100 %": 3,
    "deux agents sur un poste": 4,
}
"""How many of each case are planted in 115 lycées."""


def sample(scale: float = 1.0, seed: int = SEED, schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables ``staffing/…``, typed: at scale 1 the 115 lycées of all use cases, 2,600 positions.

    They grow with the square root of the scale; the lycées are those of :func:`data.make.energy.sample` of that seed.

    >>> tables = sample(scale=0.01)
    >>> tables["staffing/events"]["objet"].unique().tolist()
    ['poste', 'affectation', 'absence', 'remplacement']
    """
    book = Book(lycees(scale, seed), streams(seed, 20)[13:])  # energy has the first thirteen
    book.careers()
    book.absences()
    book.plant()
    events = book.table()
    tables = {"agents": book.people(), "events": events, "export": book.export(), "services": book.services(),
              "truths": pd.DataFrame(book.truths)}  # fmt: skip
    return by_schema(tables, "staffing", schemas)


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write them as CSV under ``sample/staffing/``; return the resources for ``datapackage.json``."""
    return Folder(into, CREATED, SOURCES).write_all(sample(scale, seed, into / "schemas"))


class Book:
    """What was drawn: rows of events, each beside the moment at which it was recorded."""

    def __init__(self, sites: pd.DataFrame, lanes: list[Stream]):
        self.sites, self.lanes = sites, lanes
        self.events: list[Row] = []
        self.truths: list[Row] = []
        self.trades: list[str] = []
        self.there: dict[str, Row] = {}
        """Who is on a position at the end, by its key."""
        self.away: list[Row] = []
        self.pool = range(round(POOL * len(sites)))
        usual = [*TRADES][:5]
        for number in self.pool:
            self.agent(usual[number % len(usual)])
        self.positions = self._positions()

    def agent(self, trade: str) -> str:
        """Take one agent more."""
        self.trades.append(trade)
        return f"A{len(self.trades):05d}"

    def record(self, kind: str, key: str, first: pd.Timestamp, known: pd.Timestamp, **more: Any) -> Row:
        """Record an assertion (or what ``verbe`` says); nothing is known before what it belongs to."""
        row = {"verbe": "assert", "objet": kind, "cle": key, "debut": first, "fin": pd.NaT, "known": known, **more}
        self.events.append(row)
        return row

    def _positions(self) -> pd.DataFrame:
        rows, names = [], ["code_uai", "surface_totale", "eleves", "internat"]
        for uai, area, pupils, boards in self.sites[names].itertuples(index=False, name=None):
            for trade, share in TRADES.items():
                count = round((area if share >= 2000 else pupils) / share)
                count = max(int(trade in ("accueil", "cuisine", "entretien")), count)
                rows += [(uai, trade)] * (count if trade != "lingerie" or boards else 0)
        table = pd.DataFrame(rows, columns=["code_uai", "metier"])
        table["quotite"] = np.array([100.0, 80.0, 50.0])[self.lanes[0].pick([88, 8, 4], len(table))]
        table["cle"] = [f"P{number:05d}" for number in range(1, len(table) + 1)]
        return table

    def careers(self) -> None:
        """Fill the positions at the start; let some agents leave, and others come after a time."""
        count, draw = len(self.positions), self.lanes[1]
        filled, leaves, comes, frozen, contract = (draw.flag(share, count) for share in (0.955, 0.15, 0.85, 0.3, 0.3))
        since, day = draw.below(7300, count), draw.below(DAYS, count)
        wait, notice = draw.uniform(count), draw.uniform(count)
        for place, key in enumerate(self.positions["cle"]):
            said, left = self.said(key), START
            self.record("poste", key, START, FILLED, **said)
            if filled[place]:
                self.hire(key, said, START - (30 + int(since[place])) * DAY, FILLED, "titulaire")
                if not leaves[place]:
                    continue
                left += int(day[place]) * DAY
                gone = self.there.pop(key)
                known = max(FILLED, left - MONTH * 2 * float(notice[place]))
                self.record("affectation", gone["cle"], left, known, verbe="retract")
                gone["ends"] = left
            if frozen[place] and not comes[place]:
                self.record("poste", key, left, left, **{**said, "statut": "gelé"})
                continue
            published = max(left - MONTH, FILLED)
            self.record("poste", key, left, published, **said, publication=published)
            begin = left + (35 + int(420 * wait[place] ** 2)) * DAY
            if comes[place] and begin < END:
                self.hire(key, said, begin, begin - MONTH / 2, "vacance" if contract[place] else "titulaire")

    def hire(self, position: str, said: dict[str, Any], first: pd.Timestamp, known: pd.Timestamp, how: str) -> None:
        """Put a new agent on a position; a contract on a vacancy is for a year."""
        agent = self.agent(said["metier"])
        fin = first + 365 * DAY if how == "vacance" else pd.NaT
        more = {"rattachement": position, "agent": agent, "quotite": said["quotite"], "contrat": how}
        row = self.record("affectation", f"{position}/{agent}", first, known, fin=fin, **more)
        self.there[position] = row
        if fin < END:
            self.there.pop(position)

    def absences(self) -> None:
        """Let agents be away, some known late or corrected; replace those who are away for long, where the pool can."""
        draw, busy = self.lanes[2], dict[str, pd.Timestamp]()
        stays = [row for row in self.events if row["objet"] == "affectation" and row["verbe"] == "assert"]
        chosen = draw.flag(0.33, 4 * len(stays)).reshape(4, -1)
        for half in range(4):
            spread, length = draw.uniform(len(stays)), draw.uniform(len(stays))
            reasons = draw.pick(REASON_WEIGHTS, len(stays))
            luck, late, wait = (draw.uniform(len(stays)) for _ in range(3))
            for place in np.flatnonzero(chosen[half]):
                stay = stays[place]
                slot = START + half * HALF * DAY
                first, most = slot + int(spread[place] * 120) * DAY, slot + (HALF + 40 * (half == 3)) * DAY
                last = min(first + (3 + int(170 * length[place] ** 4)) * DAY, most)
                ends = min(stay.get("ends", most), most if pd.isna(stay["fin"]) else stay["fin"])
                if first < stay["debut"] or last > ends or first >= END:
                    continue
                known = first + (LATE if late[place] < 0.03 else 1) * DAY
                row = self.leave(stay, first, last, known, REASONS[reasons[place]], longer=luck[place] < 0.15)
                if (last - first).days >= 15 and wait[place] < 0.7:
                    self.replace(row, first + int(wait[place] * 18) * DAY, last, busy)

    def leave(
        self, stay: Row, first: pd.Timestamp, last: pd.Timestamp, known: pd.Timestamp, reason: str, longer: bool = False
    ) -> Row:
        """Record an absence; one that lasts longer than was first said is corrected a day before it was to end."""
        said = {"rattachement": stay["cle"], "motif": reason}
        row = self.record("absence", stay["cle"], first, known, fin=last, **said)
        half = first + (last - first) // 2
        if longer and half > known + 2 * DAY:
            row["fin"] = half = half.floor("D")
            known = half - DAY
            row = self.record("absence", stay["cle"], first, known, fin=last, **said, corrects=row)
        self.away.append(row)
        return row

    def replace(self, away: Row, first: pd.Timestamp, last: pd.Timestamp, busy: dict[str, pd.Timestamp]) -> str:
        """Send somebody of the pool of the trade who is free, or take a contract agent; return who."""
        post = self.post(away["cle"])
        free = (f"A{number + 1:05d}" for number in self.pool if self.trades[number] == post["metier"])
        agent = next((name for name in free if busy.get(name, START) <= first), "")
        how = "pool" if agent else "remplacement"
        agent = agent or self.agent(post["metier"])
        busy[agent] = last
        self.send(agent, how, post["quotite"], away, first, last)
        return agent

    def send(self, agent: str, how: str, share: float, away: Row, first: pd.Timestamp, last: pd.Timestamp) -> None:
        """Record a replacement."""
        known = max(away["known"] + pd.Timedelta(hours=2), first - 2 * DAY)
        more = {"rattachement": away["cle"], "agent": agent, "quotite": share, "contrat": how}
        self.record("remplacement", f"{away['cle']}/{agent}", first, known, fin=last, **more)

    def post(self, key: str) -> Row:
        """Return the position that a key starts with."""
        return dict(self.positions.iloc[int(key[1:6]) - 1])

    def said(self, key: str) -> Row:
        """Say what an open position is."""
        post = self.post(key)
        return {name: post[name] for name in ("code_uai", "metier", "quotite")} | {"statut": "ouvert"}

    def plant(self) -> None:
        """Plant the cases that alerts and state must find, on positions that have no other, and note each."""
        away = {each["cle"] for each in self.away}
        stays = [row for row in self.there.values() if row["contrat"] == "titulaire" and row["quotite"] == 100
                 and row["debut"] < START and row["cle"] not in away]  # fmt: skip
        order = iter([stays[place] for place in np.argsort(self.lanes[3].uniform(len(stays)), kind="stable")])
        busy: dict[str, pd.Timestamp] = {agent: END for agent in {row.get("agent") for row in self.events} if agent}
        for nature, most in PLANTED.items():
            for number in range(max(1, round(most * len(self.sites) / 115))):
                stay, days = next(order), 7 * number * DAY
                if nature.startswith(("vacant", "contrat", "publication")):
                    key = self._vacancy(nature, stay, days)
                else:
                    key = self._absence(nature, stay, days, order, busy)
                self.truth(nature, key, stay["cle"])
        for row in self.events:
            if "corrects" in row:
                self.truth("correction", row["cle"], row["cle"])
            elif row["objet"] == "absence" and (row["known"] - row["debut"]).days == LATE:
                self.truth("connu tard", row["cle"], row["cle"])
        self.truths = [*{(row["nature"], row["cle"]): row for row in self.truths}.values()]

    def truth(self, nature: str, key: str, of: str) -> None:
        """Note what is planted."""
        self.truths.append({"nature": nature, "cle": key, "poste": of[:6], "code_uai": self.post(of)["code_uai"]})

    def _vacancy(self, nature: str, stay: Row, days: pd.Timedelta) -> str:
        """Let an agent leave long ago; nobody comes, or somebody on a contract that is too long or came too soon."""
        short = nature.startswith("publication")
        position, left = stay["rattachement"], END - (200 if short else 420) * DAY - days
        said = self.said(position)
        del self.there[position]
        self.record("affectation", stay["cle"], left, left, verbe="retract")
        published = left + 10 * DAY
        self.record("poste", position, left, published, **said, publication=published)
        if nature.startswith("vacant"):
            return str(position)
        first = left + (25 if short else 50) * DAY
        self.hire(position, said, first, first, "vacance")
        row = self.events[-1]
        row["fin"] = END + 60 * DAY if not short else first + 366 * DAY
        self.there[position] = row
        return str(row["cle"])

    def _absence(self, nature: str, stay: Row, days: pd.Timedelta, order: Any, busy: dict[str, pd.Timestamp]) -> str:
        """Let an agent be ill for nearly ninety days, or away with a replacement that is more than it should be."""
        if nature.startswith("demi"):
            first = END - 81 * DAY - days / 7
            self.leave(stay, first, END + MONTH, first + 2 * DAY, "maladie")
            return str(stay["cle"])
        first, after = END - 50 * DAY - days, nature.startswith("remplacement")
        away = self.leave(stay, first, END - 5 * DAY if after else END + MONTH, first, "accident")
        begin = first - (5 if nature.startswith("deux") else 0) * DAY
        agent = self.replace(away, begin, END + MONTH, busy)
        if nature.startswith("agent"):
            again = self.leave(next(order), first, END + MONTH, first, "accident")
            self.send(agent, "remplacement", 50.0, again, first + 3 * DAY, END + MONTH)
            return agent
        return str(stay["cle"])

    def table(self) -> pd.DataFrame:
        """Order events by when they were recorded, and number them."""
        order = {"poste": 0, "affectation": 1, "absence": 2, "remplacement": 7}
        # what is known the same day comes in the order of what it belongs to; a microsecond parts the rest
        for row in self.events:
            row["known"] = row["known"].floor("h") + pd.Timedelta(hours=order[row["objet"]] + 4 * ("corrects" in row))
        rows = sorted(self.events, key=lambda row: (row["known"], row["objet"], row["cle"]))
        for number, row in enumerate(rows, start=1):
            row["id"] = f"E{number:06d}"
            row["enregistre"] = row["known"] + pd.Timedelta(seconds=number % 3600)
        table = pd.DataFrame([row | {"remplace": row.get("corrects", {}).get("id")} for row in rows])
        table["enregistre"] = table["enregistre"].cummax().dt.tz_localize("UTC")
        return table

    def people(self) -> pd.DataFrame:
        """Name the agents; only those of the pool have a home, which replacements are reckoned from."""
        count, pool = len(self.trades), len(self.pool)
        first, second = GIVEN.split("|"), [name.replace("-", " ") for name in FAMILY.split("|")]
        number = np.arange(count)
        again = number // (len(first) * len(second))
        names = [f"{first[n % len(first)]} {second[n // len(first) % len(second)]}{f' {a + 1}' if a else ''} "
                 "(personne fictive)" for n, a in zip(number, again, strict=True)]  # fmt: skip
        places = communes()
        places = places[places["region"] == BRITTANY]
        homes = places.take(self.lanes[4].pick(places["poids"].to_numpy(np.float64) + 10, pool)).reset_index(drop=True)
        table = pd.DataFrame({"agent": [f"A{n + 1:05d}" for n in number], "nom": names, "metier": self.trades})
        table["pool"] = number < pool
        return table.join(homes[["code", "longitude", "latitude"]].rename(columns={"code": "code_commune"}))

    def export(self) -> pd.DataFrame:
        """Write what HR knows on the last evening, a row a position; three agents left and nobody had told of it."""
        now = END - DAY
        posts = {row["cle"]: row for row in self.events if row["objet"] == "poste"}
        away = {row["cle"]: row for row in self.away if row["debut"] <= now < row["fin"]}
        sent = {row["rattachement"]: row for row in self.events
                if row["objet"] == "remplacement" and row["debut"] <= now < row["fin"]}  # fmt: skip
        gone = [key for key, row in self.there.items() if row["cle"] not in away and row["fin"] is pd.NaT][7::400][:3]
        rows = []
        for key, post in sorted(posts.items()):
            line = {"poste": key, "quotite_poste": post["quotite"], **post}
            stay = self.there.get(key) if key not in gone else None
            if stay is not None:
                line |= {"agent": stay["agent"], "quotite_agent": stay["quotite"], "contrat": stay["contrat"]}
                line |= _days("affectation", stay)
                if absent := away.get(stay["cle"]):
                    line |= {"motif_absence": absent["motif"], **_days("absence", absent)}
                if absent and (other := sent.get(stay["cle"])):
                    line |= {"remplacant": other["agent"], "contrat_remplacant": other["contrat"]}
                    line |= {"quotite_remplacant": other["quotite"], **_days("remplacement", other)}
            rows.append(line)
        return pd.DataFrame(rows)

    def services(self) -> pd.DataFrame:
        """Say how many meals a lycée serves and how long it is open; of a few that is not known."""
        count, draw = len(self.sites), self.lanes[5]
        share = 0.5 + 0.35 * draw.uniform(count) + 0.1 * self.sites["internat"].to_numpy()
        meals = pd.Series(np.round(share * self.sites["eleves"].to_numpy() / 10) * 10).mask(draw.flag(0.03, count))
        hours = pd.Series(9.5 + draw.below(8, count) / 2).mask(draw.flag(0.03, count))
        return pd.DataFrame({"code_uai": self.sites["code_uai"], "repas": meals, "ouverture": hours})


def _days(what: str, row: Row) -> dict[str, Any]:
    """Give first and last day, the last one included, as HR systems do."""
    return {f"debut_{what}": row["debut"], f"fin_{what}": row["fin"] - DAY}
