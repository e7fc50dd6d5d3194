"""What stands out at each site, in one sentence: one of slope, base load and balance point, or nothing."""

import math

import numpy as np
import pandas as pd

from tikub_lab.energy.performance.circle import in_sentence
from tikub_lab.energy.performance.quantities import BASE, LOOK, POINT, SLOPE
from tikub_lab.methods.once import once
from tikub_lab.show.french import NNBSP, number, scaled

PROVEN, LOOK_AT, NOTHING, UNKNOWN = "établi", "à regarder", "rien ne ressort", "non comparé"
MEANING = {
    SLOPE: "l'enveloppe et le renouvellement d'air (isolation, menuiseries, ventilation)",
    BASE: "ce qui tourne en permanence (eau chaude, pertes de la chaufferie et des réseaux)",
    POINT: "les consignes et la régulation (températures demandées, programmation, apports gratuits mal utilisés)",
}
FINDINGS = {
    SLOPE: "chaque degré de froid y coûte {times} fois ce qu'il coûte à la médiane de",
    BASE: "la consommation permanente y vaut {times} fois la médiane de",
    POINT: "on y chauffe dès qu'il fait moins de {own} dehors, contre {middle} à la médiane de",
}
COLUMNS = ["code_uai", "source", "statut", "grandeur", "libelle", "unite", "valeur", "mediane", "pairs", "groupe"]
COLUMNS += ["z", "q", "kwh_mediane", "kwh_quart", "erreur_kwh", "sens", "manque", "phrase"]


@once
def outstanding(table: pd.DataFrame) -> pd.DataFrame:
    """Find which of the three quantities stands out most at each site, and say what it means.

    Parameters
    ----------
    table : DataFrame
        From :func:`tikub_lab.energy.performance.quantities.standing`.

    Returns
    -------
    DataFrame
        One row a site: the surest first, then by ``kwh_mediane``. ``code_uai``, ``source``, ``statut`` (« établi »:
        false discoveries are bounded over all sites; « à regarder »: higher than at nine peers in ten by chance and by
        more than its own uncertainty, but not established; « rien ne ressort »; « non comparé »), ``grandeur`` (the
        highest of the three; missing where nothing stands out), ``libelle``, ``unite``, ``valeur``, ``mediane``,
        ``pairs``, ``groupe``, ``z``, ``q``, ``kwh_mediane``, ``kwh_quart``, ``erreur_kwh`` (a year), ``sens`` (what
        such a quantity speaks of), ``manque`` (why it is not compared), ``phrase``.
    """
    found = []
    for _, rows in table.groupby("code_uai", sort=True):
        compared = rows[rows["z"].notna()]
        if compared.empty:
            reason = str(rows["manque"].iloc[0])
            found.append(rows.iloc[0].to_dict() | _silent(UNKNOWN, reason, f"Pas de comparaison : {reason}."))
            continue
        row = compared.sort_values("z", ascending=False).iloc[0]
        alone = bool(row["p"] < LOOK) and bool(row["hors_incertitude"])
        if not row["etabli"] and not alone:
            text = (
                f"Rien ne ressort : ni la pente de chauffage, ni le point d'équilibre{_base(compared)} ne se détachent "
            )
            text += f"de ceux de {row['pairs']} lycées comparables."
            found.append(row.to_dict() | _silent(NOTHING, "", text))
            continue
        status = PROVEN if row["etabli"] else LOOK_AT
        sense = MEANING[str(row["grandeur"])]
        found.append(row.to_dict() | {"statut": status, "sens": sense, "manque": "", "phrase": _sentence(row, status)})
    order = {PROVEN: 0, LOOK_AT: 1, NOTHING: 2, UNKNOWN: 3}
    result = pd.DataFrame(found, columns=COLUMNS)
    gain = pd.to_numeric(result["kwh_mediane"]).fillna(-math.inf)
    places = np.lexsort((result["code_uai"], -gain, result["statut"].map(order)))
    return result.iloc[places].reset_index(drop=True)


def _silent(status: str, reason: str, text: str) -> dict[str, object]:
    """Return what a row says where no quantity is named."""
    none: dict[str, object] = dict.fromkeys(
        ("valeur", "mediane", "z", "q", "kwh_mediane", "kwh_quart", "erreur_kwh"), math.nan
    )
    texts = dict.fromkeys(("grandeur", "libelle", "unite", "sens"), "")
    return none | texts | {"statut": status, "manque": reason, "phrase": text}


def _base(compared: pd.DataFrame) -> str:
    return ", ni le talon" if (compared["grandeur"] == BASE).any() else ""


def _sentence(row: pd.Series, status: str) -> str:
    quantity, value, middle = str(row["grandeur"]), float(row["valeur"]), float(row["mediane"])
    own, other = f"{number(value, 1)}{NNBSP}°C", f"{number(middle, 1)}{NNBSP}°C"
    found = FINDINGS[quantity].format(times=number(value / middle, 1), own=own, middle=other)
    peers = f"{row['pairs']} lycées comparables ({in_sentence(str(row['groupe']))})"
    lead, next_step = (
        ("Ce qui ressort", "À étudier d'abord") if status == PROVEN else ("À vérifier (écart non prouvé)", "Piste")
    )
    text = f"{lead} : {found} {peers}. {next_step} : {MEANING[quantity]}."
    gap = float(row["kwh_mediane"])
    if gap > 0 and gap > 1.645 * float(row["erreur_kwh"]):
        text += f" L'écart à la médiane vaut environ {scaled(rounded(gap), 'kWh')} par an."
    return text


def rounded(value: float, digits: int = 2) -> float:
    """Round to as many significant digits.

    Examples
    --------
    >>> rounded(123456.0), rounded(-0.0456), rounded(0.0)
    (120000.0, -0.046, 0.0)
    """
    if not value or not math.isfinite(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))
