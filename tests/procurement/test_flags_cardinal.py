"""Red flags against Cardinal: its fixtures, a second way to work them out, and its own program where there is one.

The Python package ``ocdscardinal`` has no indicators in it (only ``coverage``), so the program is asked for by the
variable ``TIKUB_CARDINAL``, else looked for on the PATH (``cargo install ocdscardinal --version 0.0.8``).
"""

import dataclasses
import json
import os
import random
import shutil
import subprocess
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.procurement.cardinal import as_cardinal, cardinal_settings, register
from tikub_lab.procurement.flags.cardinal import ALL, COLUMNS, bids_of, red_flags, signals
from tikub_lab.tables import load

NAMES = {"no_price_comparison_procurement_methods": "NPC", "exclusions": {"procurement_method_details": "EXC"}}
"""What Cardinal's own tests set for every fixture."""


def parameters(stem):
    """Read settings from a fixture's name: flag, key, value; or flag, key, name, value, name, value…; + is a bar."""
    flag, *words = stem.replace("+", "|").split("-")
    if len(words) > 2:
        return {flag: {words[0]: dict(zip(words[1::2], words[2::2], strict=True))}}
    return {flag: dict([words]) if words else {}}


def test_parameters_of_names():
    assert parameters("R018") == {"R018": {}}
    assert parameters("R048-digits-3") == {"R048": {"digits": "3"}}
    assert parameters("R003-procurement_methods-open+limited") == {"R003": {"procurement_methods": "open|limited"}}
    assert parameters("R003-procurement_method_details-a-1-b-2") == {
        "R003": {"procurement_method_details": {"a": "1", "b": "2"}}
    }


def test_every_fixture(opendata):
    """By the way that pages use: published file, import, table, flags."""
    files = sorted((opendata / "procurement" / "cardinal").glob("*.jsonl"))
    assert len(files) >= 5
    wrong = []
    for path in files:
        settings = cardinal_settings({**NAMES, **parameters(path.stem)})
        found = as_cardinal(red_flags(register(path), settings))
        if found != json.loads(path.with_suffix(".expected").read_text(encoding="utf-8")):
            wrong.append((path.name, found))
    assert not wrong


def test_releases_reach_the_page_of_all_contracts(opendata, root):
    """They name no contract of the book: what a buyer's or a family's page shows of them goes by buyer and family."""
    book, suppliers = (load(f"procurement/{name}", root / "data") for name in ("contracts", "suppliers"))
    bids = register(opendata / "procurement" / "cardinal" / "R024.jsonl")
    counts = signals(book, suppliers, bids_of(book, bids, book)).set_index("signal")["examines"]
    expected = red_flags(bids).coverage.set_index("drapeau")["examines"]
    assert counts[counts.index.str.endswith("(R024)")].tolist() == [expected["R024"]] != [0]
    assert bids_of(book.head(9), bids, book).empty


def test_fixtures_with_all_flags_at_once(opendata):
    """A flag does not depend on the others being looked for too, as long as all prices are in one currency."""
    paths = sorted((opendata / "procurement" / "cardinal").glob("*.jsonl"))
    assert len(paths) >= 5
    for path in paths:
        own = parameters(path.stem)
        (flag,) = own
        sections = {**NAMES, **{name: {} for name in ALL}, **own, "currency": "USD"}
        table = red_flags(register(path), cardinal_settings(sections)).table
        expected = json.loads(path.with_suffix(".expected").read_text(encoding="utf-8"))
        assert as_cardinal(table[table["drapeau"] == flag]) == expected, path.name


def test_flags_by_group_flag_and_identifier():
    """Two single bids, told in the other order, of two buyers: processes first, then flags, then names."""
    tender = {
        "procurementMethod": "open",
        "numberOfTenderers": 1,
        "tenderPeriod": {"startDate": "2024-01-01T00:00:00Z", "endDate": "2024-01-31T00:00:00Z"},
    }
    releases = [{"ocid": name, "tender": tender} for name in ("b", "a")]
    short = cardinal_settings({"R003": {"threshold": 31}, "R018": {}})
    found = red_flags(register(releases), short).table[["groupe", "id", "drapeau"]]
    assert found.to_numpy().tolist() == [
        ["OCID", "a", "R003"], ["OCID", "b", "R003"], ["OCID", "a", "R018"], ["OCID", "b", "R018"],
    ]  # fmt: skip
    assert as_cardinal(red_flags(register(releases), cardinal_settings({"R003": {"threshold": 30}}))) == {}


def test_what_cardinal_prints_of_fences():
    """Four decimals, half away from zero; JSON has no number for what is none."""
    found = red_flags(register([]))
    table = pd.DataFrame([["OCID", "a", "R024", float("nan")], ["OCID", "b", "R024", 0.25]], columns=list(COLUMNS))
    fences = {"q1": 0.00025, "q3": -0.00025, "upper_fence": float("inf"), "lower_fence": 1.23454}
    printed = as_cardinal(dataclasses.replace(found, table=table, meta={"R024": fences}), meta=True)
    assert printed == {
        "OCID": {"a": {"R024": None}, "b": {"R024": 0.25}},
        "Meta": {"R024": {"q1": 0.0003, "q3": -0.0003, "upper_fence": None, "lower_fence": 1.2345}},
    }


# Random releases, odd ones among them

IDS = ["A", "B", "C", "D", "E", "F", "é", "", " A"]


def scalar(rng, values, odd=0.05):
    return rng.choice([None, 1, True, [], {}, "?", 1.5]) if rng.random() < odd else rng.choice(values)


def parties(rng, odd):
    if rng.random() < odd:
        return rng.choice([None, {}, "A", [], [None], ["A"], [{"id": 1}], [{}], [{"id": "A"}, {"id": 1}]])
    return [{"id": rng.choice(IDS)} for _ in range(rng.choice([1, 1, 1, 1, 1, 2, 3]))]


def moment_text(rng):
    day, hour = rng.randrange(1, 29), rng.randrange(24)
    zone = rng.choice(["Z", "Z", "Z", "z", "+02:00", "-10:30", "+00:00", "+23:59"])
    seconds = rng.choice(["00", "59", "00.5", "60", "59.999999999999"])
    broken = ["2024-01-05", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "x", ""]
    text = f"2024-0{rng.randrange(1, 3)}-{day:02}T{hour:02}:00:{seconds}{zone}"
    return rng.choice(broken) if rng.random() < 0.08 else text


def price(rng, odd):
    if rng.random() < odd:
        return rng.choice([None, 5, [], {}, {"amount": "5", "currency": "EUR"}, {"amount": True, "currency": "EUR"},
                           {"amount": 5}, {"currency": "EUR"}, {"amount": 10**400, "currency": "EUR"}])  # fmt: skip
    amount = rng.choice([1, 1.0, 1.1, 2, 100, 101, 102.5, 110, 150, 1e6, rng.randrange(90, 120), rng.random() * 100])
    return {"amount": amount, "currency": rng.choice(["EUR"] * 12 + ["USD", "CAD"])}


def bid(rng, odd):
    if rng.random() < odd / 2:
        return rng.choice([None, "bid", [], 4])
    statuses = ["valid"] * 8 + ["disqualified"] * 3 + ["pending", "invited", "withdrawn", "odd"]
    content = {
        "status": scalar(rng, statuses, odd),
        "tenderers": parties(rng, odd),
        "value": price(rng, odd),
        "date": scalar(rng, [moment_text(rng)], odd),
    }
    return {key: value for key, value in content.items() if rng.random() > odd / 2}


def award(rng, odd, bids):
    names = [item["tenderers"] for item in bids if isinstance(item, dict) and item.get("tenderers")]
    items = [{"classification": {"id": scalar(rng, ["45210000", "45", "33100000", "0", "éà1", ""], odd)}}] * 2
    items += [rng.choice([None, {}, {"classification": "4"}, {"classification": {"id": f"{rng.randrange(99):02}"}}])]
    content = {
        "status": scalar(rng, ["active"] * 8 + ["cancelled", "unsuccessful", "pending", "odd"], odd),
        "suppliers": rng.choice(names) if names and rng.random() < 0.8 else parties(rng, odd),
        "items": scalar(rng, [items], odd),
    }
    return {key: value for key, value in content.items() if rng.random() > odd / 2}


def release(rng, ocid, odd):
    bids = [bid(rng, odd) for _ in range(rng.choice([0, 1, 2, 3, 4, 5]))]
    awards = [award(rng, odd, bids) for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 2]))]
    tender = {
        "status": scalar(rng, ["complete"] * 9 + ["cancelled"], odd),
        "procurementMethod": scalar(rng, ["open", "selective", "limited", "direct"], odd),
        "procurementMethodDetails": scalar(rng, ["MAPA"] * 6 + ["NPC", "EXC", "AOO"], odd),
        "numberOfTenderers": scalar(rng, [0, 1, 1, 2, 1.0, -1, "1", 10**30], odd),
        "tenderPeriod": scalar(rng, [{"startDate": moment_text(rng), "endDate": moment_text(rng)}], odd),
        "procuringEntity": scalar(rng, [{"id": scalar(rng, ["P1", "P2", "P3", "P4"], odd)}], odd),
    }
    content = {
        "ocid": scalar(rng, [ocid], odd / 4),
        "tender": scalar(rng, [tender], odd / 2),
        "buyer": scalar(rng, [{"id": scalar(rng, ["B1", "B2", "B3", "B4", "B5", "B6"], odd)}], odd),
        "bids": scalar(rng, [{"details": scalar(rng, [bids], odd / 2)}], odd / 2),
        "awards": scalar(rng, [awards], odd / 2),
    }
    return {key: value for key, value in content.items() if rng.random() > odd / 2}


def releases(seed):
    """Give a run of releases; each seed has its own share of odd types and of repeated identifiers."""
    rng = random.Random(seed)
    count, odd, repeat = rng.choice([1, 5, 40, 150]), rng.choice([0, 0.03, 0.15]), rng.choice([0, 0, 0.1])
    found = []
    for number in range(count):
        ocid = rng.randrange(max(number, 1)) if rng.random() < repeat else number
        found.append(release(rng, f"o{ocid}", odd) if rng.random() > odd / 10 else rng.choice([1, None, [], "ocid"]))
    return found


SETTINGS = [
    {},
    NAMES,
    {"currency": "USD", **NAMES},
    {"price_comparison_procurement_methods": "MAPA|AOO", "exclusions": {"procurement_method_details": "EXC|NPC"}},
    {"R003": {"threshold": 25, "procurement_methods": "open|limited"}, "R018": {"procurement_methods": "open|direct"},
     "R024": {"threshold": 0.05}, "R025": {"percentile": 50, "threshold": 0.3}, "R035": {"threshold": 2},
     "R038": {"threshold": 0.25, "minimum_submitted_bids": 5, "minimum_contracting_processes": 3},
     "R048": {"digits": 1, "threshold": 3, "minimum_contracting_processes": 2}, "R058": {"threshold": 0.4}},
    {"R003": {"procurement_method_details": {"MAPA": 5, "AOO": 30}}, "R025": {"percentile": 90},
     "R035": {"threshold": 0}, "R038": {"minimum_submitted_bids": 0, "minimum_contracting_processes": 0},
     "R048": {"minimum_contracting_processes": 1}},
    {"R048": {"minimum_contracting_processes": 1, "digits": 0}, "R024": {"threshold": 0.0}, "R058": {"threshold": 0.0},
     "R038": {"threshold": 0.0}, "R018": {"procurement_methods": ""}, "R025": {"percentile": 0, "threshold": 0.0}},
]  # fmt: skip


def sections(seed):
    """Choose settings, and which flags are looked for: all, or a part of them (the first currency depends on it)."""
    rng = random.Random(-1 - seed)
    chosen = SETTINGS[seed % len(SETTINGS)]
    flags = ALL if rng.random() < 0.6 else rng.sample(ALL, rng.randrange(1, 11))
    base = {key: value for key, value in chosen.items() if not key.startswith("R")}
    return {**base, **{flag: chosen.get(flag, {}) for flag in flags}}


def last(found):
    """Leave the last of releases that repeat an ``ocid``, where it stands: an import keeps no other."""
    at = {text(item, "ocid"): number for number, item in enumerate(found)}
    return [found[number] for name, number in sorted(at.items(), key=lambda pair: pair[1]) if name is not None]


def ours(found):
    """Give our result in the form of Cardinal's, evidence included."""
    nested = as_cardinal(found, meta=True)
    maps = {"ocid_buyer_r038": {}, "ocid_procuringentity_r038": {}}
    maps |= {f"ocid_tenderer_{flag}": {} for flag in ("r024", "r028", "r030", "r035", "r058")}
    for flag, ocid, _, identifier in found.evidence.itertuples(index=False, name=None):
        if f"ocid_tenderer_{flag.lower()}" in maps:
            maps[f"ocid_tenderer_{flag.lower()}"].setdefault(ocid, []).append(identifier)
    return nested, {name: {ocid: sorted(ids) for ocid, ids in table.items()} for name, table in maps.items()}


# The second way: one release at a time, in plain Python


def get(value, *path):
    """Follow keys through objects; None where something is not an object."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value, *path):
    """A text, of which an empty one is none: no table keeps it."""
    found = get(value, *path)
    return found if isinstance(found, str) and found else None


def ids(things, key="tenderers"):
    found = get(things, key)
    return [text(item, "id") for item in found if text(item, "id") is not None] if isinstance(found, list) else []


def one(thing, key):
    found = get(thing, key)
    return text(found[0], "id") if isinstance(found, list) and len(found) == 1 else None


def amount_of(item):
    amount, currency = get(item, "value", "amount"), text(item, "value", "currency")
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or currency is None or abs(amount) > 1e308:
        return None
    return float(amount), currency


def clock(value):
    """A date and time by the standard library, which knows no leap second."""
    try:
        whole = value is not None and "T" in value
        found = datetime.fromisoformat(value.upper().replace(":60", ":59")) if whole else None
    except ValueError:
        return None
    return found and found + timedelta(seconds=value[17:19] == "60")


def percentile(values, share):
    """Type 8, by NumPy's own implementation."""
    ok = len(values) and 0 <= share <= 1
    return float(np.quantile(values, share, method="median_unbiased")) if ok else float("nan")


class Slow:
    """The eleven flags, written from their definitions without a look at the fast ones."""

    def __init__(self, found, settings):
        self.s, self.out = settings, defaultdict(lambda: defaultdict(dict))
        self.currency, self.margins = settings.currency, {}
        self.tries, self.shares = defaultdict(list), {name: defaultdict(lambda: [0, 0]) for name in "BPT"}
        self.families, self.wins = defaultdict(set), defaultdict(int)
        for item in found:
            self.release(item)
        self.whole()

    def flag(self, group, key, flag, value):
        if flag in self.s.flags:
            self.out[group][key][flag] = value

    def same_currency(self, currency):
        self.currency = self.currency or currency
        return self.currency == currency

    def release(self, item):
        ocid, details = text(item, "ocid"), text(item, "tender", "procurementMethodDetails")
        if ocid is None or text(item, "tender", "status") == "cancelled":
            return
        if details in self.s.excluded_procurement_method_details:
            return
        bids, awards = get(item, "bids", "details"), get(item, "awards")
        listed = isinstance(bids, list)
        bids = bids if listed else []
        submitted = [b for b in bids if text(b, "status") not in (None, "invited", "withdrawn")]
        valid = [b for b in submitted if text(b, "status") == "valid"]
        active = [a for a in awards if text(a, "status") == "active"] if isinstance(awards, list) else []
        waiting = isinstance(awards, list) and any(
            text(a, "status") not in (None, "active", "cancelled", "unsuccessful") for a in awards
        )
        final = isinstance(awards, list) and listed and not waiting
        winner = one(active[0], "suppliers") if final and len(active) == 1 else None
        only = self.s.price_comparison_procurement_methods
        priced = details in only if only else details not in self.s.no_price_comparison_procurement_methods
        self.tender(item, ocid, details)
        if priced:
            if {"R024", "R058"} & set(self.s.flags):
                self.margin(ocid, valid, winner)
            self.same_prices(ocid, submitted)
            if active and "R036" in self.s.flags:
                self.lowest(ocid, submitted)
        self.late(item, ocid, valid, {name for a in active for name in ids(a, "suppliers")})
        if final:
            self.lone(ocid, valid, submitted, {name for a in active for name in ids(a, "suppliers")})
        if winner is not None:
            for name in {one(b, "tenderers") for b in valid} - {None}:
                self.tries[name].append(name == winner)
        self.disqualified(item, submitted)
        self.classified(active)

    def tender(self, item, ocid, details):
        method, tender = text(item, "tender", "procurementMethod"), get(item, "tender")
        period = [clock(text(tender, "tenderPeriod", key)) for key in ("startDate", "endDate")]
        limit = self.s.r003_procurement_method_details.get(details, self.s.r003_threshold)
        methods = self.s.r003_procurement_methods
        known = None not in period and (not methods or method in methods)
        if known and int((period[1] - period[0]) / timedelta(days=1)) < limit:
            self.flag("OCID", ocid, "R003", 1.0)
        number, methods = get(tender, "numberOfTenderers"), self.s.r018_procurement_methods
        if isinstance(tender, dict) and type(number) is int and number == 1 and (not methods or method in methods):
            self.flag("OCID", ocid, "R018", 1.0)

    def margin(self, ocid, valid, winner):
        best, rest = [], []
        for b in valid:
            name, money = one(b, "tenderers"), amount_of(b)
            if winner is not None and name is not None and money and self.same_currency(money[1]):
                (best if name == winner else rest).append((money[0], len(rest), name))
        if best and rest and min(rest)[0] >= min(best)[0]:
            low, high = min(best)[0], min(rest)
            self.margins[ocid] = ((high[0] - low) / low, winner, high[2])

    def same_prices(self, ocid, submitted):
        before = {}
        for b in submitted:
            names, money = frozenset(ids(b)), amount_of(b)
            if names and money:
                if money in before and before[money] != names:
                    self.flag("OCID", ocid, "R028", 1.0)
                    for name in names | before[money]:
                        self.flag("Tenderer", name, "R028", 1.0)
                before[money] = names

    def late(self, item, ocid, valid, winners):
        end = clock(text(item, "tender", "tenderPeriod", "endDate"))
        for b in valid:
            date = clock(text(b, "date"))
            if end is not None and date is not None and date > end:
                for name in set(ids(b)) & winners:
                    self.flag("OCID", ocid, "R030", 1.0)
                    self.flag("Tenderer", name, "R030", 1.0)

    def lone(self, ocid, valid, submitted, winners):
        left = {name for b in valid for name in ids(b)}
        gone = {name for b in submitted if text(b, "status") == "disqualified" for name in ids(b)} - left
        if len(left) == 1 and left == winners and len(gone) >= max(1, self.s.r035_threshold):
            self.flag("OCID", ocid, "R035", float(len(gone)))
            self.flag("Tenderer", min(left), "R035", 0.0)

    def lowest(self, ocid, submitted):
        money = [(amount_of(b), b) for b in submitted]
        seen = [(m[0], at, text(b, "status")) for at, (m, b) in enumerate(money) if m and self.same_currency(m[1])]
        if seen and min(seen)[2] == "disqualified" and any(status == "valid" for _, _, status in seen):
            self.flag("OCID", ocid, "R036", 1.0)

    def disqualified(self, item, submitted):
        out = [text(b, "status") == "disqualified" for b in submitted]
        whose = [("B", text(item, "buyer", "id")), ("P", text(item, "tender", "procuringEntity", "id"))]
        for kind, name in whose:
            if name is not None and submitted:
                self.shares[kind][name][0] += sum(out)
                self.shares[kind][name][1] += len(out)
        for b, gone in zip(submitted, out, strict=True):
            for name in ids(b):
                self.shares["T"][name][0] += gone
                self.shares["T"][name][1] += 1

    def classified(self, active):
        observed = set()
        for a in active:
            name, items = one(a, "suppliers"), get(a, "items")
            codes = [text(i, "classification", "id") for i in items] if isinstance(items, list) else []
            codes = [code[: self.s.r048_digits] for code in codes if code is not None]
            if name is not None and codes:
                observed.add(name)
                self.families[name] |= set(codes)
        for name in observed:
            self.wins[name] += 1

    def whole(self):
        ratios = [ratio for ratio, _, _ in self.margins.values()]
        low, high = percentile(ratios, 0.25), percentile(ratios, 0.75)
        fence = low - 1.5 * (high - low) if self.s.r024_threshold is None else self.s.r024_threshold
        if fence > 0 and (low > 0 or self.s.r024_threshold is not None):
            for ocid, (ratio, winner, second) in self.margins.items():
                if ratio <= fence or abs(ratio - fence) < 1e-12:
                    self.flag("OCID", ocid, "R024", ratio)
                    self.flag("Tenderer", winner, "R024", 0.0)
                    self.flag("Tenderer", second, "R024", 0.0)
        fence = high + 1.5 * (high - low) if self.s.r058_threshold is None else self.s.r058_threshold
        for ocid, (ratio, winner, _) in self.margins.items():
            if fence > 0 and (ratio >= fence or abs(ratio - fence) < 1e-12):
                self.flag("OCID", ocid, "R058", ratio)
                self.flag("Tenderer", winner, "R058", 0.0)
        rates = {name: sum(won) / len(won) for name, won in self.tries.items()}
        low, high = percentile(list(rates.values()), 0.25), percentile(list(rates.values()), 0.75)
        fence = low - 1.5 * (high - low) if self.s.r025_threshold is None else self.s.r025_threshold
        often = percentile([len(won) for won in self.tries.values()], self.s.r025_percentile / 100)
        if fence > 0 and (low > 0 or self.s.r025_threshold is not None):
            for name, rate in rates.items():
                if len(self.tries[name]) >= often - 1e-9 and rate <= fence + 1e-12:
                    self.flag("Tenderer", name, "R025", rate)
        least = self.s.r038_minimum_contracting_processes
        kinds = [("B", "Buyer", least), ("P", "ProcuringEntity", least)]
        for kind, group, minimum in [*kinds, ("T", "Tenderer", self.s.r038_minimum_submitted_bids)]:
            shares = {name: out / all_ for name, (out, all_) in self.shares[kind].items() if all_ >= minimum}
            low, high = percentile(list(shares.values()), 0.25), percentile(list(shares.values()), 0.75)
            fence = high + 1.5 * (high - low) if self.s.r038_threshold is None else self.s.r038_threshold
            for name, share in shares.items():
                if fence > 1e-12 and share >= fence - 1e-12:
                    self.flag(group, name, "R038", share)
        counts = {
            n: len(f) for n, f in self.families.items() if self.wins[n] >= self.s.r048_minimum_contracting_processes
        }
        low, high = percentile(list(counts.values()), 0.25), percentile(list(counts.values()), 0.75)
        fence = high + 1.5 * (high - low) if self.s.r048_threshold is None else self.s.r048_threshold
        for name, count in counts.items():
            if count >= fence - 1e-9:
                self.flag("Tenderer", name, "R048", float(count))


@pytest.mark.proof
def test_equal_to_one_release_at_a_time():
    raised = set()
    for seed in range(70):
        found, settings = releases(seed), cardinal_settings(sections(seed))
        fast = as_cardinal(red_flags(register(found), settings))
        slow = {
            group: {key: dict(flags) for key, flags in table.items()}
            for group, table in Slow(last(found), settings).out.items()
        }
        assert fast == slow, f"seed {seed}"
        raised |= {(group, flag) for group, table in fast.items() for flags in table.values() for flag in flags}
    # each flag is raised for each group that it has, or equality would say little
    of_process = {"R003", "R018", "R024", "R028", "R030", "R035", "R036", "R058"}
    of_tenderer = {"R024", "R025", "R028", "R030", "R035", "R038", "R048", "R058"}
    assert raised >= {("OCID", flag) for flag in of_process} | {("Tenderer", flag) for flag in of_tenderer}
    assert raised >= {("Buyer", "R038"), ("ProcuringEntity", "R038")}


# Cardinal itself


@pytest.fixture(scope="module")
def cardinal():
    program = os.environ.get("TIKUB_CARDINAL") or shutil.which("ocdscardinal")
    if not program:
        pytest.skip("Cardinal's program is not here: set TIKUB_CARDINAL, or cargo install ocdscardinal --version 0.0.8")
    return program


def ini(settings):
    """Write settings as Cardinal's file has them."""
    lines = [f"{key} = {value}" for key, value in settings.items() if not isinstance(value, dict)]
    for name, content in settings.items():
        if isinstance(content, dict):
            plain = [f"{key} = {value}" for key, value in content.items() if not isinstance(value, dict)]
            lines += ["", f"[{name}]", *plain]
            for key, table in content.items():
                if isinstance(table, dict):
                    lines += ["", f"[{name}.{key}]", *(f"{item} = {value}" for item, value in table.items())]
    return "\n".join(lines) + "\n"


def agreed(value):
    """Write moments in one way and leave out what is none, as where Cardinal compares their texts; no empty texts."""
    if isinstance(value, list):
        return [agreed(item) for item in value]
    if not isinstance(value, dict):
        return value if value != "" else "?"
    moments = {
        key: clock(item) for key, item in value.items() if key in ("date", "startDate", "endDate") and text(value, key)
    }
    written = {key: f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for key, found in moments.items() if found}
    return {key: agreed(item) for key, item in value.items() if key not in moments} | written


RUNS = int(os.environ.get("TIKUB_CARDINAL_RUNS", "60"))


def test_equal_to_cardinal(cardinal, tmp_path):
    for seed in range(RUNS):
        found, settings = agreed(last(releases(seed))), sections(seed)
        lines, config = Path(tmp_path, "releases.jsonl"), Path(tmp_path, "settings.ini")
        lines.write_text("".join(json.dumps(item) + "\n" for item in found), encoding="utf-8")
        config.write_text(ini(settings), encoding="utf-8")
        command = [cardinal, "indicators", "--settings", str(config), "--map", str(lines)]
        one_thread = os.environ | {"RAYON_NUM_THREADS": "1"}  # lines in order: the first currency is well defined
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=one_thread)
        theirs = json.loads(done.stdout)
        maps = theirs.pop("Maps")
        result, evidence = ours(red_flags(register(found), cardinal_settings(settings)))
        assert result == theirs, f"seed {seed}"
        for name, table in evidence.items():
            if "r038" not in name:  # there Cardinal lists all buyers with a disqualified bid, flagged or not
                assert table == {ocid: sorted(who) for ocid, who in maps[name].items()}, f"seed {seed}, {name}"
