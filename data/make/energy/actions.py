"""The actions of the sample: what lycées say that they did, with or without effect, for a time or until today."""

import numpy as np
import pandas as pd

from data.make.energy.book import Book
from data.make.energy.changes import DAYS, HABIT, HABITS, START
from data.make.energy.meters import OTHER
from data.make.energy.sites import ELECTRICITY, ENERGIES
from data.make.sampling import Stream

HEATING = np.array(["un_degre", "chauffage_weekend", "chauffage_vacances"], dtype=object)
POWER = np.array(["electricite_weekend", "electricite_vacances"], dtype=object)
WHO = np.array(["éco-délégués", "élèves", "professeurs", "intendance", "agents", "tout le lycée"], dtype=object)
PROOFS = np.array(["affiche dans le hall", "relevé de dix salles", "compte rendu de la commission", None], dtype=object)
DOORS = "Fermer les portes coupe-vent en hiver"


def actions(book: Book, stream: Stream) -> pd.DataFrame:
    """List what lycées say: those that save by their habits, and others, of whom nothing is to be seen."""
    meters, sites = book.meters, book.sites
    saving = np.isin(np.arange(len(sites)), meters.site[book.changes.role == HABIT])
    speaking = saving | stream.flag(0.3, len(sites))
    heats = meters.use != OTHER
    now = (meters.last == meters.last.max()) & (heats | (meters.energy == ELECTRICITY))
    meter = np.flatnonzero(now & speaking[meters.site])
    truly, count = saving[meters.site[meter]], len(meter)
    began = np.where(truly, HABITS, HABITS - 420 + stream.below(820, count))
    stop = began + 14 + stream.below(200, count)
    about = pd.DataFrame(
        {
            "site": meters.site[meter],
            "geste": np.where(heats[meter], HEATING[stream.below(3, count)], POWER[stream.below(2, count)]),
            "premier_jour": START + began,
            "dernier_jour": pd.Series(START + stop).mask(truly | stream.flag(0.7, count) | (stop >= DAYS)),
            "energie": np.array(ENERGIES, dtype=object)[meters.energy[meter]],
            "compteur_id": pd.Series(meters.id[meter]).where(stream.flag(0.3, count)),
        }
    )
    more = about[stream.flag(0.25, count) & about["dernier_jour"].isna() & (began < DAYS - 120)]
    other = more["geste"].isin(HEATING).map({True: "eau_chaude", False: "electricite_hiver"})
    more = more.assign(geste=other, premier_jour=more["premier_jour"] + pd.Timedelta(days=61))
    free = pd.DataFrame({"site": np.flatnonzero(speaking & stream.flag(0.3, len(sites))), "action": DOORS})
    table = pd.concat([about, more, free.assign(premier_jour=START + HABITS)])
    table, count = table.sort_values(["site", "premier_jour"], kind="stable"), len(table)
    return table.assign(
        action_id="A" + pd.Series(np.arange(count) + 1, table.index).astype("str").str.rjust(4, "0"),
        code_uai=sites["code_uai"].to_numpy(object)[table["site"]],
        qui=WHO[stream.below(len(WHO), count)],
        preuve=PROOFS[stream.below(len(PROOFS), count)],
    )
