"""The portfolio on a day, what happened to it, and signals of fragility: against what was planted, and by hand."""

import json
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from tikub_lab.bodies import by_duty, fragility, identified, owed, scope, unmet, watched, yearly
from tikub_lab.bodies.bundle import Portfolio, portfolio
from tikub_lab.errors import UsageError

DAY = pd.Timestamp("2026-05-15")


@pytest.fixture(scope="module")
def data(bodies_tables):
    names = ("bodies", "seats", "mandates", "filings", "notices", "councillors")
    grants = identified(bodies_tables["grants"], bodies_tables["bodies"])
    return Portfolio(**{name: bodies_tables[name] for name in names}, grants=grants, jour=DAY)


def notice(data, **values):
    """Make a notice of the first association, with other values."""
    body = data.bodies.query("nature == 'association'").iloc[0]
    row = data.notices.head(1).assign(annonce_id="X1", source="BODACC", famille="autre", parution=DAY, cloture=pd.NaT)
    return row.assign(siren=body["siren"], rna=body["rna"]).assign(**values)


def test_what_is_known_on_a_day():
    early = portfolio("2024-06-30")
    assert early.jour == pd.Timestamp("2024-06-30")
    assert early.grants["exercice"].max() == 2024
    assert early.notices["parution"].max() <= early.jour
    assert early.moved.empty
    assert {"élu parti"}.isdisjoint(early.to_appoint()["motif"])
    assert portfolio(date(2026, 5, 15)).moved["mouvement"].eq("parti").sum() == 3
    before = portfolio("2019-12-31")  # seats are known, grants are not
    assert len(before.state()) == len(before.seats)
    for wants_grants in (lambda: scope(before.grants), lambda: yearly(before, "210060349")):
        with pytest.raises(UsageError, match=r"^No grant is known on this day\. Take a later one"):
            wants_grants()
    with pytest.raises(UsageError, match=r"^jour=9999-12-31: a day from 1900 to 2199 is allowed\."):
        portfolio("9999-12-31")


def test_grants_and_bodies_are_enough(root, tmp_path, monkeypatch):
    """Who publishes no seats and receives no pieces still has a page of grants, on which nothing is said to lack."""
    package = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = [item for item in package["resources"] if item["name"] in ("bodies/bodies", "bodies/grants")]
    for name in ("sample", "schemas"):
        (tmp_path / name).symlink_to(root / "data" / name)
    (tmp_path / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    monkeypatch.setenv("TIKUB_DATA", str(tmp_path))
    alone = portfolio()
    assert alone.jour == alone.grants["dateConvention"].max()
    assert alone.seats.empty
    assert alone.state().empty
    assert watched(alone).events["source"].eq("organismes").all()
    counts = by_duty(owed(alone))
    assert counts["sans"].sum() == 0


def test_verdicts_are_counted_and_what_is_missing_is_listed(data):
    found = owed(data)
    table = by_duty(found)
    assert table[["avec", "sans", "manquants", "non_dues"]].sum().sum() == len(found)
    missing = unmet(found)
    assert len(missing) == table["sans"].sum()
    assert missing["exercice"].is_monotonic_decreasing
    assert len(unmet(found, "inconnue")) == table["manquants"].sum()


def test_planted_events_are_told(data, bodies_tables):
    found = watched(data)
    truths = bodies_tables["truths"].set_index("cas")["cle"]
    events = found.events
    assert truths["changement de nom"] in {*events.loc[events["evenement"] == "changement de nom", "organisme_id"]}
    assert found.unknown["annonce_id"].tolist() == [truths["annonce d'un organisme inconnu"]]
    count = events["evenement"].value_counts()
    assert (count["dissolution"], count["fermeture"], count["procédure collective"]) == (2, 2, 1)
    assert (count["mandat terminé"], count["terme dépassé"], count["élu parti"]) == (9, 4, 7)
    assert events["urgence"].is_monotonic_increasing
    assert events["a_faire"].str.len().gt(10).all()
    assert events["organisme"].notna().all()


def test_every_notice_of_the_period_is_told_or_kept_aside(data):
    found = watched(data, "2025-11-01")
    period = data.notices[data.notices["parution"] > "2025-11-01"]
    told = found.events["source"].isin(["BODACC", "JOAFE", "DCA"]).sum()
    assert told + len(found.unknown) == len(period)
    assert (found.events["jour"] > found.debut).all()


@pytest.mark.parametrize(
    ("values", "event", "text"),
    [
        ({"famille": "radiation", "texte": None}, "radiation", "radiation"),
        ({"famille": "radiation", "avis": "annulation", "texte": "Radiation"}, "annonce annulée", "Radiation"),
        ({"famille": "modification", "avis": "rectificatif", "texte": "Siège"}, "modification", "Siège (rectificatif)"),
        ({"famille": "modification", "nouveau_nom": "Autre"}, "changement de nom", "nouveau nom : Autre"),
        ({"siren": None, "famille": "dissolution", "texte": "Fin"}, "dissolution", "Fin"),
    ],
)
def test_one_notice(data, values, event, text):
    one = replace(data, notices=notice(data, **values))
    found = watched(one, "2026-05-14").events.query("source == 'BODACC'")
    assert found[["evenement", "texte"]].to_numpy().tolist() == [[event, text]]


def test_the_register_tells_closures_and_names(data):
    body = data.bodies.query("nature == 'association'").iloc[:2]
    registry = pd.DataFrame({
        "siren": body["siren"], "nom": [body["nom"].iloc[0].upper(), "AUTRE NOM"], "actif": [False, True],
        "fermeture": pd.to_datetime(["2026-05-01", None]),
    })  # fmt: skip
    found = watched(data, "2026-04-01", registry).events.query("source == 'répertoire'")
    assert sorted(found["evenement"]) == ["changement de nom", "fermeture"]


def test_a_period_that_ends_before_it_begins_is_refused(data):
    with pytest.raises(UsageError, match="debut=2026-05-15 is not before 2026-05-15"):
        watched(data, "2026-05-15")


def test_nothing_new(data):
    quiet = replace(data, notices=data.notices.head(0), councillors=data.councillors.head(0))
    assert watched(quiet, "2026-05-14").events.empty


def test_signals_by_hand(data):
    who = data.bodies.query("nature == 'association'")["organisme_id"].iloc[:7].tolist()
    grants = data.grants.head(7).assign(
        beneficiaire=who, exercice=2024, montant=50.0, suivi=True, nature="aide en numéraire"
    )
    grants["sirenBeneficiaire"] = who
    rows = [(body, "attestation de subventions", 100.0 + 10 * n) for n, body in enumerate(who[:6])]
    rows += [(body, "comptes annuels", 200.0) for body in who[1:]]
    filings = pd.DataFrame(rows, columns=["organisme_id", "nature", "montant"])
    filings = filings.assign(exercice=2024, date=pd.Timestamp("2025-04-01"), reference=None)
    found = fragility(replace(data, grants=grants, filings=filings), 2024).set_index(["signal", "organisme_id"])
    region, public = found.loc["part de la Région"], found.loc["argent public"]
    assert region.loc[who[0], ["valeur", "pairs", "muets", "rang_part"]].tolist() == [0.5, 5, 1, 1.0]
    assert region["mediane"].iloc[0] == pytest.approx((50 / 120 + 50 / 130) / 2)
    assert region.loc[who[6], "manque"] == "attestation"
    assert region.loc[who[6], "pairs"] == 6
    assert pd.isna(region.loc[who[6], "rang_part"])
    assert public.loc[who[1], "valeur"] == pytest.approx(0.55)
    assert public["valeur"].notna().sum() == 5
    assert public.loc[who[1], ["mediane", "rang_part"]].isna().tolist() == [True, True], "four peers are too few"
