"""What works done saved, as meters show it: graded by the sample's truths, and what can't be said."""

import numpy as np
import pandas as pd
import pytest

from tikub_lab import tables
from tikub_lab.energy import climate, planning
from tikub_lab.energy.planning.measured import NO_OTHERS, NO_SITE, NO_YEAR, OTHERS


@pytest.fixture(scope="module")
def found():
    names = ["readings", "meters", "sites", "weather"]
    used = climate.adjusted(*(tables.load(f"energy/{name}") for name in names))
    return planning.measured(tables.load("energy/works"), used)


def test_the_sample_shows_what_was_planted(found):
    truths = tables.load("energy/truths").query("nature == 'économie'").set_index("travaux_id")["valeur"]
    known = found.dropna(subset="economie_mesuree")
    planted = known["travaux_id"].map(truths)
    assert len(known) == len(truths) == 25
    assert planted.notna().all()
    off = known["economie_mesuree"] - planted
    assert abs(off.sum()) / planted.sum() < 0.1
    assert (off.abs() / planted).median() < 0.15
    share = planning.realised(found)
    assert share.low < planted.sum() / known["economie_attendue"].sum() < share.high
    assert set(found["motif"]) == {"", NO_YEAR}


def book(*years, saved=10.0):
    """Eight lycées at 100 kWh in each year, the first one less after 2023, all one tenth less in 2024."""
    rows = [(site, year, 100.0 * (0.9 if year == 2024 else 1.0)) for site in "ABCDEFGH" for year in years]
    table = pd.DataFrame(rows, columns=["code_uai", "annee", "kwh_ajuste"]).assign(energie="gaz", complet=True)
    table.loc[(table["code_uai"] == "A") & (table["annee"] > 2023), "kwh_ajuste"] -= saved
    return table


def works(*rows):
    done = pd.DataFrame(rows, columns=["code_uai", "date_fin"]).assign(energie="gaz", statut="réalisé")
    return done.assign(date_fin=pd.to_datetime(done["date_fin"]), economie_attendue=12.0)


def test_what_moves_for_all_is_not_a_saving():
    (row,) = planning.measured(works(("A", "2023-06-01")), book(2022, 2023, 2024)).to_dict("records")
    assert row["economie_mesuree"] == pytest.approx(10.0)
    assert row["motif"] == ""


@pytest.mark.parametrize(
    ("done", "years", "reason"),
    [
        (works(("Z", "2023-06-01")), (2022, 2024), NO_SITE),
        (works(("A", "2023-06-01")), (2023, 2024), NO_YEAR),
        (works(("A", "2024-06-01")), (2023, 2024), NO_YEAR),
        (works(("A", "2023-06-01"), ("A", "2024-02-01")), (2022, 2023, 2024, 2025), OTHERS),
        (works(*((site, "2023-06-01") for site in "ABCD")), (2022, 2024), NO_OTHERS),
    ],
)
def test_what_cannot_be_said_is_missing(done, years, reason):
    first = planning.measured(done, book(*years)).iloc[0]
    assert np.isnan(first["economie_mesuree"])
    assert first["motif"] == reason


def test_a_year_that_is_not_whole_is_none():
    table = book(2022, 2024)
    table.loc[(table["code_uai"] == "A") & (table["annee"] == 2024), "complet"] = False
    assert planning.measured(works(("A", "2023-06-01")), table)["motif"].tolist() == [NO_YEAR]


def test_no_works_give_no_rows():
    assert planning.measured(works(), book(2022, 2024)).empty
