"""Replacements: whom of the pool to send where, first for the days covered, then for the travel.

A **need** is a stretch of days on which a position has nobody: its agent is away and not replaced (any more), or it is
vacant. **Decided** by whole numbers (HiGHS), each stage keeping what the one before found: who is on a position stays
while the need goes on; the most days covered, in full-time equivalents; the most of them by people of the trade; the
least travel of whoever travels most; the least travel in all. Limits: a need has one agent, and an absence that is
replaced in part counts as replaced.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, vstack

from tikub_lab.errors import UsageError
from tikub_lab.methods.distance import haversine
from tikub_lab.methods.privacy import pseudonyms, suppress
from tikub_lab.methods.waiting import waiting
from tikub_lab.show.french import plain
from tikub_lab.show.words import fill
from tikub_lab.staffing.events import Row
from tikub_lab.staffing.ledger import Ledger
from tikub_lab.staffing.periods import spells
from tikub_lab.staffing.state import vacancies
from tikub_lab.tables import require

__all__ = ["Choice", "Plan"]

Floats = npt.NDArray[np.float64]
NEEDS = ["poste", "code_uai", "metier", "quotite", "debut", "fin", "origine", "agent"]
BUSY = ["agent", "quotite", "debut", "fin"]
VACANT, AWAY = ([f"{origin}_servie", f"{origin}_non_servie"] for origin in ("vacance", "absence"))
DETOUR, SPEED = 1.3, 60.0
"""How much longer roads are than the straight line, and km/h: assumptions."""
NEED = "{poste} ({metier}, {part} %), du {debut:jour} au {dernier:jour} : "
TAKEN, UNABLE = "sans remplaçant, tous ceux qui le pourraient sont pris.", "sans remplaçant, aucun agent ne le peut."
DONE = "{personne}, {minutes:.0} min de trajet, {jours:jour}. Sinon, "
ONLY, NEXT = "{jours:jour} de moins.", "le suivant vient de {minutes_sinon:.0} min, pour {jours_sinon:jour}."


@dataclass(frozen=True)
class Choice:
    """What is to be chosen from.

    ``needs`` and ``busy`` as :func:`needs` gives them; ``pool``: ``agent``, ``metier``, at full time; ``minutes`` one
    way, a row a need and a column an agent; ``most``, the longest way to work; ``strict``, the trades in which only
    their own people replace.
    """

    needs: pd.DataFrame
    pool: pd.DataFrame
    minutes: Floats
    busy: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=BUSY))
    most: float = 60.0
    strict: Sequence[str] = ("cuisine",)

    @classmethod
    def of(
        cls, ledger: Ledger, agents: pd.DataFrame, lycees: pd.DataFrame, first: date, days: int = 30, most: float = 60.0
    ) -> "Choice":
        """Lay out what a ledger asks for some days, by the tables ``staffing/agents`` and ``territory/lycees``."""
        table, busy = needs(ledger, first, days)
        pool = agents[agents["pool"]].reset_index(drop=True)
        where = table[["code_uai"]].merge(lycees[["code_uai", "longitude", "latitude"]], how="left")
        return cls(table, pool, travel(where, pool), busy, most)

    @cached_property
    def ways(self) -> pd.DataFrame:
        """List the ways to serve needs (``besoin``, by place), each from the day on which its agent is free.

        ``valeur`` is in hundredths of full-time days, ``propre`` those by people of the trade, ``trajet`` the minutes
        there and back on all days.
        """
        require(self.needs, "needs", NEEDS)
        require(self.pool, "pool", ["agent", "metier"])
        if self.minutes.shape != (shape := (len(self.needs), len(self.pool))):
            raise UsageError(f"minutes: {self.minutes.shape} given; a row a need and a column an agent, {shape}.")
        same = self.needs["metier"].to_numpy()[:, None] == self.pool["metier"].to_numpy()
        free = ~self.needs["metier"].isin(self.strict).to_numpy()[:, None]
        need, who = np.nonzero((self.minutes <= self.most) & (same | free))
        ways = self.needs[["debut", "fin", "quotite"]].iloc[need].reset_index(drop=True)
        ways = ways.assign(besoin=need, agent=self.pool["agent"].to_numpy()[who], minutes=self.minutes[need, who])
        load: Any
        for load in self.busy.sort_values("debut").itertuples():
            over = (ways["agent"] == load.agent) & (ways["quotite"] + load.quotite > 100) & (ways["debut"] < load.fin)
            ways.loc[over & (load.debut < ways["fin"]), "debut"] = load.fin
        ways["reste"] = (ways["agent"] == self.needs["agent"].to_numpy()[need]).to_numpy(bool)
        ways["jours"] = worked(ways)
        ways["valeur"] = (ways["jours"] * ways["quotite"]).round()
        ways["propre"] = ways["valeur"] * same[need, who]
        ways["trajet"] = (2 * ways["minutes"] * ways["jours"]).round()
        return ways[ways["jours"] > 0].reset_index(drop=True)

    @cached_property
    def limits(self) -> tuple[Any, Floats]:
        """Rows and room: one agent a need, then no agent above full time on any day."""
        once = self.sums("besoin", np.ones(len(self.ways)))
        parts: list[Any] = [np.zeros(len(self.ways))]
        room = [1.0] * once.shape[0] + [0.0]
        for agent, group in self.ways.groupby("agent"):
            own = self.busy[self.busy["agent"] == agent]
            for when in sorted({*group["debut"], *own["debut"]}):
                there = group[(group["debut"] <= when) & (when < group["fin"])]
                parts.append(np.bincount(there.index, there["quotite"], len(self.ways)))
                room.append(max(0.0, 100 - own.loc[(own["debut"] <= when) & (when < own["fin"]), "quotite"].sum()))
        return vstack([once, csr_array(np.array(parts))], format="csr"), np.array(room)

    def sums(self, by: str, values: Floats) -> Any:
        """Return the rows that add values of the ways up by a column."""
        place, names = pd.factorize(self.ways[by])
        return csr_array((values, (place, np.arange(len(place)))), shape=(len(names), len(place)))

    def greedy(self) -> "Plan":
        """Choose as people do: who is there stays; the longest need first, who covers most of it, the nearest."""
        rows, left, taken = self.limits[0].tocsc(), self.limits[1].copy(), np.zeros(len(self.ways), bool)
        asked = worked(self.needs) * self.needs["quotite"].to_numpy()
        first = {"reste": False, "demande": False, "besoin": True, "valeur": False, "propre": False, "trajet": True}
        order = self.ways.assign(demande=asked[self.ways["besoin"]]).sort_values([*first], ascending=[*first.values()])
        for place in order.index:
            part = slice(rows.indptr[place], rows.indptr[place + 1])
            if (left[rows.indices[part]] >= rows.data[part]).all():
                left[rows.indices[part]] -= rows.data[part]
                taken[place] = True
        return Plan(self, taken)

    @waiting()
    def best(self, seconds: float = 60.0, stages: int = 5) -> "Plan":
        """Choose what is best, by the first stages only or by all, each in so many seconds.

        Examples
        --------
        >>> from tikub_lab import staffing, tables
        >>> ledger, lycees = staffing.replay(tables.load("staffing/events")), tables.load("territory/lycees")
        >>> pool = tables.load("staffing/agents").head(5)
        >>> Choice.of(ledger, pool, lycees, date(2025, 12, 31), days=5, most=20).best().proven
        True
        """
        costs, rows, room = self.program
        found, proven, gap = lexicographic(costs[:stages], rows, room, seconds)
        return Plan(self, found[:-1] > 0.5, proven, gap)

    @property
    def program(self) -> tuple[list[Floats], Any, Floats]:
        """What :func:`lexicographic` solves: a variable a way, then the travel of whoever travels most."""
        rows, room = self.limits
        value, way = (self.ways[name].to_numpy(np.float64) for name in ("valeur", "trajet"))
        by_agent = self.sums("agent", way)
        count = by_agent.shape[0]
        rows = block_array([[rows, None], [by_agent, csr_array(-np.ones((count, 1)))]])
        costs = [-value * self.ways["reste"], -value, -self.ways["propre"], 0 * way, way]
        last = [0.0, 0.0, 0.0, 1.0, 0.0]
        return [*map(np.append, costs, last)], rows, np.append(room, np.zeros(count))


@dataclass(frozen=True)
class Plan:
    """Who goes where: the ways of a choice that are taken, whether that is proven, the largest gap of a stage."""

    choice: Choice
    taken: npt.NDArray[np.bool_]
    proven: bool = False
    gap: float = 0.0

    @property
    def chosen(self) -> pd.DataFrame:
        """The ways that are taken, each with its need."""
        ways = self.choice.ways[self.taken].set_index("besoin").sort_index()
        return ways.join(self.choice.needs[["poste", "code_uai", "metier", "origine"]].reset_index(drop=True))

    @property
    def unserved(self) -> pd.DataFrame:
        """The needs that nobody takes."""
        return self.choice.needs.reset_index(drop=True).drop(index=self.chosen.index)

    @property
    def totals(self) -> dict[str, float]:
        """Needs and those served, full-time days asked for and covered, hours of travel of one at most and of all."""
        asked, taken = self.choice.needs, self.chosen
        days = float((worked(asked) * asked["quotite"]).sum() / 100)
        travels = taken.groupby("agent")["trajet"].sum() / 60
        return {"besoins": len(asked), "servis": len(taken), "jours": days, "couverts": taken["valeur"].sum() / 100,
                "pire": float(max(travels, default=0.0)), "trajet": float(travels.sum())}  # fmt: skip

    @property
    def spare(self) -> pd.DataFrame:
        """The best way of each need that is not taken, and that its agent could take beside what is."""
        rows, room = self.choice.limits
        bounds, left = rows.tocoo(), room - rows @ self.taken
        once = self.choice.ways["besoin"].nunique()
        full = (bounds.row >= once) & (bounds.data > left[bounds.row] + 1e-6)
        ways = self.choice.ways[~self.taken & ~np.isin(np.arange(len(self.taken)), bounds.col[full])]
        ways = ways.sort_values(["valeur", "trajet"], ascending=[False, True])
        return ways.drop_duplicates("besoin").set_index("besoin")

    def by_departement(self, departements: pd.Series) -> pd.DataFrame:
        """Count needs by département: ``absence`` or ``vacance``, ``servie`` or not.

        Vacant positions are public, lycée by lycée: small counts of absences are suppressed by themselves.
        """
        rows = self.choice.needs.reset_index(drop=True)
        served = np.where(rows.index.isin(self.unserved.index), "_non_servie", "_servie")
        counts = pd.crosstab(rows["code_uai"].map(departements).rename("departement"), rows["origine"] + served)
        counts = counts.reindex(columns=[*VACANT, *AWAY], fill_value=0)
        away = suppress(counts[AWAY])
        joined = {part: row for row in away.index for part in row.split(" + ")}
        return counts[VACANT].rename(index=joined).groupby(level=0).sum().join(away).reset_index()

    def lacking(self, lycees: pd.DataFrame, origin: str | None = None) -> pd.DataFrame:
        """Say how many more agents, each living where one of the lycées is, would serve what nobody takes.

        Enough ``agents``, not proven to be the fewest. A page shows those of ``origin`` « vacance » only.
        """
        left = self.unserved.merge(lycees[["code_uai", "departement", "longitude", "latitude"]])
        left = left if origin is None else left[left["origine"] == origin]
        groups: Any = left.groupby(["departement", "metier"])
        rows = [(*key, len(group), _enough(group, self.choice.most)) for key, group in groups]
        found = pd.DataFrame(rows, columns=["departement", "metier", "besoins", "agents"])
        return found.sort_values(["agents", "besoins"], ascending=False, ignore_index=True)

    def proposals(self, key: bytes) -> pd.DataFrame:
        """Say each proposal in a sentence, with what it costs not to do it, and what nobody takes.

        It tells of absences: ``personne`` is a pseudonym by a key, the table is for a file, never for a page.
        """
        table = self.choice.needs.drop(columns="agent").reset_index(drop=True)
        table = table.join(self.chosen[["agent", "minutes", "jours"]]).rename(columns={"agent": "personne"})
        table["personne"] = pseudonyms(table["personne"].astype("str"), key)
        rows: Any = table.join(self.spare[["minutes", "jours"]].add_suffix("_sinon"))
        rows = rows.assign(dernier=rows["fin"] - pd.Timedelta(days=1), part=rows["quotite"].map(plain))
        alone, able = rows["personne"].isna(), rows.index.isin(self.choice.ways["besoin"])
        said = np.select([alone & able, alone, rows["jours_sinon"] > 0], [TAKEN, UNABLE, DONE + NEXT], DONE + ONLY)
        filled = zip(said, rows.to_dict("records"), strict=True)
        return table.assign(phrase=[fill(NEED + rest, row)[1] for rest, row in filled])


def lexicographic(
    costs: Sequence[Floats], rows: Any, room: Floats, seconds: float = 60.0
) -> tuple[Floats, bool, float]:
    """Minimise whole-numbered costs in turn, where rows @ x <= room; x is 0 or 1, the last one 0 or more."""
    whole = np.append(np.ones(rows.shape[1] - 1), 0)
    bounds, best, proven, gap = Bounds(0, np.where(whole, 1, np.inf)), np.zeros(len(whole)), True, 0.0
    for cost in filter(np.any, costs):
        limits, options = LinearConstraint(rows, -np.inf, room), {"mip_rel_gap": 0.0, "time_limit": seconds}
        found = milp(cost, integrality=whole, bounds=bounds, constraints=limits, options=options)
        best = best if found.x is None else found.x
        gap = max(gap, np.inf if found.x is None else round(found.mip_gap or 0.0, 9))
        rows = vstack([rows, csr_array(cost[None])], format="csr")
        room = np.append(room, round(float(cost @ best)) + 0.5)  # costs are whole numbers: nothing worse fits
        proven = proven and found.status == 0
    return best, proven, float(gap)


def needs(ledger: Ledger, first: date, days: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List what nobody covers in the days to come, and what the pool does already. Both tell of persons.

    ``origine`` is « absence » or « vacance »; ``agent`` replaced until then, to stay if possible.
    """
    last, there = first + timedelta(days=days), defaultdict[str, list[Row]](list)
    for row in spells(held := ledger.rows(after=first), first):
        if row["debut"] < last:
            there[row["objet"]].append(row)
    posts, stays = ({row["cle"]: row for row in there[kind]} for kind in ("poste", "affectation"))
    sent = {row["rattachement"]: row for row in sorted(there["remplacement"], key=itemgetter("fin"))}
    found = []
    for row in there["absence"]:
        if stay := stays.get(row["rattachement"]):
            who = sent.get(row["cle"], {"agent": None, "fin": first})
            span = max(first, row["debut"], who["fin"]), min(row["fin"], stay["fin"], last)
            found.append((stay["rattachement"], stay["quotite"], *span, "absence", who["agent"]))
    item: Any
    for item in vacancies(held, date.min, last).itertuples():
        if item.poste in posts:
            begin = item.debut.date()
            span = max(first, begin), begin + timedelta(days=item.jours)
            found.append((item.poste, posts[item.poste]["quotite"], *span, "vacance", None))
    rows = [(key, posts[key]["code_uai"], posts[key]["metier"], *more) for key, *more in found if more[1] < more[2]]
    busy = [(row["agent"], row["quotite"], row["debut"], min(row["fin"], last)) for row in there["remplacement"]]
    kinds = {"debut": "datetime64[s]", "fin": "datetime64[s]", "quotite": "float64"}
    return pd.DataFrame(rows, columns=NEEDS).astype(kinds), pd.DataFrame(busy, columns=BUSY).astype(kinds)


def worked(table: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Count the days from Monday to Friday; none where it is over before it begins."""
    first, last = (table[name].to_numpy("datetime64[D]") for name in ("debut", "fin"))
    return np.maximum(np.busday_count(first, last), 0)


def travel(sites: pd.DataFrame, homes: pd.DataFrame) -> Floats:
    """Estimate the minutes from each home (a column) to each site (a row)."""
    (x, y), (u, v) = (table[["longitude", "latitude"]].to_numpy(np.float64).T for table in (sites, homes))
    return np.asarray(haversine(x[:, None], y[:, None], u, v) * DETOUR / SPEED * 60)


def _enough(group: pd.DataFrame, most: float) -> int:
    """Give needs, the longest first, to the first agent in reach who has room, or to one more."""
    near, agents = travel(group, group) <= most, list[list[int]]()
    first, last, share = (group[name].to_numpy() for name in ("debut", "fin", "quotite"))
    for need in np.argsort(-worked(group) * share, kind="stable").tolist():
        for taken in agents:
            beside = [other for other in taken if first[other] < last[need] and first[need] < last[other]]
            if near[taken[0], need] and share[beside].sum() + share[need] <= 100:
                taken.append(need)
                break
        else:
            agents.append([need])
    return len(agents)
