"""The calendar's files: parsed back, and their bytes read by hand."""

import csv
import io
from datetime import date, timedelta

import icalendar
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab import tables
from tikub_lab.procurement.calendar import ics
from tikub_lab.procurement.calendar.deadlines import ends
from tikub_lab.procurement.calendar.ics import MOST, as_csv, as_ics
from tikub_lab.procurement.calendar.launches import launches

TODAY = "2026-01-01"
NASTY = 'Fourniture ; d\'équipements, "spéciaux"\r\nEND:VCALENDAR\x07 \\ suite\tet fin'


def row(**changes):
    """A plan of one contract, as ``launches`` gives it."""
    day = pd.Timestamp
    values = {
        "uid": "2335000160004020240001", "objet": "Nettoyage des lycées (fictif)", "acheteur": "Région (fictif)",
        "titulaires": "Un (fictif)", "famille": "Services d'assainissement", "montant": 1234.5,
        "procedure": "Procédure adaptée", "procedure_prevue": "Procédure adaptée", "debut": day("2024-06-15"),
        "fin": day("2026-06-15"), "fin_sans_avenant": day("2026-06-15"), "a_lancer_avant": day("2026-01-20"),
        "publier_avant": day("2026-04-01"), "statut": "À lancer dans les 3 mois", "base": "Notification et durée",
        "base_lancement": "Même procédure", "incertitudes": "", **changes,
    }  # fmt: skip
    frame = pd.DataFrame([values])
    for name in ("debut", "fin", "fin_sans_avenant", "a_lancer_avant", "publier_avant"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    return frame


@pytest.fixture(scope="module")
def plan():
    contracts, amendments, suppliers = (
        tables.load(f"procurement/{name}") for name in ("contracts", "amendments", "suppliers")
    )
    return launches(ends(contracts, amendments, TODAY, suppliers), TODAY, seuil=216_000)


def events(raw):
    return icalendar.Calendar.from_ical(raw).walk("VEVENT")


def test_the_raw_text_of_one_contract():
    """Every byte, written by hand from RFC 5545, but for the UID (a name-based UUID)."""
    raw = as_ics(row(), TODAY, name="Échéances", fictitious=True)
    lines = raw.replace(b"\r\n ", b"").split(b"\r\n")
    text = [line.decode("utf-8") for line in lines]
    assert text[:6] == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tikub-lab//Échéances des marchés//FR", "METHOD:PUBLISH",
        "X-WR-CALNAME:Échéances (données fictives)",
        "X-WR-CALDESC:1 marchés\\, au 1er janvier 2026. Dates calculées\\, à vérifier dans le marché.",
    ]  # fmt: skip
    uid = text[7]
    assert uid.startswith("UID:")
    assert text[6:24] == [
        "BEGIN:VEVENT", uid, "DTSTAMP:20260101T000000Z", "DTSTART;VALUE=DATE:20260120", "DTEND;VALUE=DATE:20260121",
        "SUMMARY:À lancer : Nettoyage des lycées (fictif) (données fictives)",
        "DESCRIPTION:Acheteur : Région (fictif)\\nTitulaires : Un (fictif)\\nMontant initial : 1\u202f234\u202f€ HT\\n"
        "Fin : 15 juin 2026 (Notification et durée)\\nÀ publier avant le 1er avril 2026\\n"
        "Procédure adaptée : Même procédure\\nMarché 2335000160004020240001\\nDonnées fictives.",
        "CATEGORIES:Marchés publics,Lancement", "TRANSP:TRANSPARENT",
        "BEGIN:VALARM", "ACTION:DISPLAY",
        "DESCRIPTION:À lancer : Nettoyage des lycées (fictif) (données fictives)", "TRIGGER:-P14D", "END:VALARM",
        "END:VEVENT", "BEGIN:VEVENT", text[22], "DTSTAMP:20260101T000000Z",
    ]  # fmt: skip
    assert text[-2:] == ["END:VCALENDAR", ""]


def test_lines_are_folded_and_ended_as_the_standard_asks(plan):
    raw = as_ics(plan, TODAY)
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    raw.decode("utf-8")
    for line in raw.split(b"\r\n"):
        line.decode("utf-8")  # no character is cut in two


def test_what_is_written_is_read_back(plan):
    kept = plan[plan["fin"] >= TODAY].sort_values(["a_lancer_avant", "fin", "uid"], na_position="last").head(MOST)
    found = events(as_ics(plan, TODAY))
    assert len(found) == len(kept) + kept["a_lancer_avant"].notna().sum()
    assert len({str(event["uid"]) for event in found}) == len(found)
    starts = sorted(event.decoded("dtstart") for event in found)
    due = kept["a_lancer_avant"].dropna().clip(lower=pd.Timestamp(TODAY))
    assert starts == sorted([day.date() for day in [*due, *kept["fin"]]])
    assert all(event.decoded("dtend") - event.decoded("dtstart") == timedelta(days=1) for event in found)


def test_same_table_same_bytes_and_stable_identities(plan):
    few = plan[plan["a_lancer_avant"].notna()].head(20)
    assert as_ics(few, TODAY) == as_ics(few.iloc[::-1], TODAY)
    before = {str(event["uid"]) for event in events(as_ics(few, TODAY))}
    moved = few.assign(fin=few["fin"] + pd.Timedelta(days=40), objet="Autre")
    assert {str(event["uid"]) for event in events(as_ics(moved, TODAY))} == before


def test_late_launches_stand_on_the_day():
    late, end = events(as_ics(row(a_lancer_avant="2025-06-01"), TODAY))
    assert late.decoded("dtstart") == date(2026, 1, 1)
    assert str(late["summary"]).startswith("En retard : ")
    assert not late.walk("VALARM"), "a reminder in the past would ring at once"
    (alarm,) = end.walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(days=-30)


def test_what_has_ended_or_is_unknown_gives_no_event():
    for changes in ({"fin": "2025-12-31", "a_lancer_avant": None}, {"fin": None, "a_lancer_avant": None}):
        assert not events(as_ics(row(**changes), TODAY))
    assert len(events(as_ics(row(fin=TODAY, a_lancer_avant=None), TODAY))) == 1


@given(st.text(max_size=300))
def test_no_text_breaks_out_of_its_event(text):
    raw = as_ics(row(objet=text, acheteur=text + NASTY), TODAY)
    found = icalendar.Calendar.from_ical(raw)
    assert [component.name for component in found.walk()] == ["VCALENDAR", *["VEVENT", "VALARM"] * 2]
    shown = " ".join("".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text).split())
    summary = str(found.walk("VEVENT")[1]["summary"])
    if shown and len(shown) <= 90:
        assert summary == f"Fin : {shown}"
    assert len(summary) <= 100


def test_a_calendar_is_bounded_and_says_so(plan, monkeypatch):
    assert len(as_ics(plan, TODAY)) < 1_500_000
    monkeypatch.setattr(ics, "MOST", 10)
    raw = as_ics(plan, TODAY)
    coming = int((plan["fin"] >= TODAY).sum())
    description = str(icalendar.Calendar.from_ical(raw)["x-wr-caldesc"])
    assert f"{coming - 10} autres échéances" in description
    assert events(as_ics(plan.head(0), TODAY)) == []


def read_csv(text):
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))


def test_a_spreadsheet_reads_the_table(plan):
    text = as_csv(plan, fictitious=True)
    rows = read_csv(text)
    assert len(rows) == len(plan)
    assert list(rows[0])[:5] == ["À lancer avant le", "À publier avant le", "Fin du marché", "Statut", "Besoin"]
    amounts = [float(line["Montant initial (€ HT)"].replace(",", ".")) for line in rows]
    assert amounts == plan["montant"].round(2).tolist()
    assert [line["Identifiant du marché"] for line in rows] == [*plan["uid"]]
    assert {line["Données fictives"] for line in rows} == {"oui"}
    assert rows[0]["Fin du marché"] == f"{plan['fin'].iloc[0]:%Y-%m-%d}"
    assert text.count("\r\n") == len(plan) + 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r@", " =", "\u00a0+"])
def test_no_cell_is_taken_for_a_formula(start):
    danger = f"{start}cmd|' /C calc'!A0"
    rows = read_csv(as_csv(row(objet=danger, titulaires=danger, incertitudes=danger)))
    for name in ("Objet", "Titulaires", "Incertitudes"):
        assert rows[0][name][0] == "'"
        assert rows[0][name][1] in "=+-@"


def test_an_empty_calendar_keeps_its_headings(plan):
    assert as_csv(plan.head(0)).splitlines() == as_csv(plan.head(3)).splitlines()[:1]
    assert read_csv(as_csv(row(objet=NASTY)))[0]["Objet"].endswith("suite et fin")
    assert read_csv(as_csv(row(montant=float("nan"))))[0]["Montant initial (€ HT)"] == ""
