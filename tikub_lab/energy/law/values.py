"""Legal values of the « décret tertiaire » (éco-énergie tertiaire), dated: from which day, by which text, how sure.

``values.csv`` has one row a value and period; both days of a period are included, and an empty last day means that no
text is known to end it. « Confirmé » was read on an official site or in two sources that don't quote each other, « à
confirmer » in one indirect source, or worked out from the text; « à demander » is not known, and has no value. The
plan of the Région is in it too, for its targets only.

The text in force on a given day is the one that counts for what is declared that day. Left out, since nothing here
works them out: modulations for technical, architectural, patrimonial or economic reasons, and for the volume of
activity (arrêté of 10 April 2020, art. 6 to 11), and sanctions.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.show import french

CONFIRMED, TO_CONFIRM, TO_ASK = "confirmé", "à confirmer", "à demander"

AREAS = (
    "Compte la surface de plancher (code de l'urbanisme, art. R111-22) de tous les bâtiments du site, stationnement et "
    "locaux techniques exclus ; les logements de fonction sont en principe hors du dispositif. Les objectifs au mètre "
    "carré se rapportent, eux, à la surface de consommation, stationnement et locaux techniques compris."
)
"""Which areas count, in French: for the threshold, and for targets a square metre."""
POOLING = (
    "À chaque échéance, les résultats peuvent être mis en commun : ce qu'un site économise au-delà du moins exigeant "
    "de ses deux objectifs va, une seule fois, à ceux du groupe qui n'en atteignent aucun (code de la construction et "
    "de l'habitation, art. R174-31 ; arrêté du 10 avril 2020, art. 14). L'objectif reste fixé site par site."
)
MODULATIONS = (
    "Les objectifs peuvent être modulés (contraintes techniques, architecturales ou patrimoniales, coûts "
    "disproportionnés, volume d'activité) : ce calcul ne le fait pas."
)
NO_MORE_CARBON = (
    "Les actions ne peuvent conduire ni à plus d'énergies non renouvelables, ni à plus de gaz à effet de serre (code "
    "de la construction et de l'habitation, art. L174-1)."
)

Day = date | str | None


@dataclass(frozen=True)
class Value:
    """A value in force.

    Attributes
    ----------
    name, subject : str
        « réduction » and « 2030 »; see :func:`table`.
    valeur : str
        As written; empty where it is not known.
    unite : str
    debut, fin : date
        First and last day; ``fin`` is None where no text is known to end it.
    texte, reference, source, statut, remarque : str
        Short name of the text, full reference, where it was read, how sure it is, and what to know.
    """

    name: str
    subject: str
    valeur: str
    unite: str
    debut: date
    fin: date | None
    texte: str
    reference: str
    source: str
    statut: str
    remarque: str

    @property
    def number(self) -> float:
        """The value as a number.

        Raises
        ------
        UsageError
            Where it is not known, or is no number.
        """
        if self.statut == TO_ASK or not self.valeur:
            raise UsageError(
                f"« {self.name}, {self.subject} » is not known ({self.texte}): ask for it, and give it as a parameter."
            )
        try:
            return float(self.valeur)
        except ValueError as error:
            raise UsageError(
                f"« {self.name}, {self.subject} » is {self.valeur!r} ({self.unite}), no number."
            ) from error

    @cached_property
    def version(self) -> str:
        """Which version it is, in French, to be shown beside what it decides."""
        doubt = "" if self.statut == CONFIRMED else f", {self.statut}"
        return f"en vigueur depuis le {french.day(self.debut)} ({self.texte}{doubt})"


@lru_cache(maxsize=1)
def _rows() -> tuple[Value, ...]:
    text = pd.read_csv(Path(__file__).with_name("values.csv"), dtype="str", encoding="utf-8", keep_default_na=False)
    return tuple(
        Value(
            row["nom"], row["objet"], row["valeur"], row["unite"], date.fromisoformat(row["debut"]),
            date.fromisoformat(row["fin"]) if row["fin"] else None,
            row["texte"], row["reference"], row["source"], row["statut"], row["remarque"],
        )
        for row in text.to_dict("records")
    )  # fmt: skip


def table(day: Day = None) -> pd.DataFrame:
    """Return the values, all of them or those in force on a day.

    Parameters
    ----------
    day : date or str, optional
        Text as ``2026-05-03``.

    Returns
    -------
    DataFrame
        nom, objet, valeur (text, as written; empty where « à demander »), unite, debut, fin (missing: no end known),
        version, reference, source, statut, remarque; in the order of the file.

    Examples
    --------
    >>> rows = table("2024-03-14")
    >>> rows.loc[rows["objet"] == "dernière année", ["nom", "valeur"]].values.tolist()
    [['référence', '2019'], ['normale', '2020']]
    """
    when = as_date(day)
    rows = [row for row in _rows() if when is None or _holds(row, when)]
    records = [
        (r.name, r.subject, r.valeur, r.unite, r.debut, r.fin, r.version, r.reference, r.source, r.statut, r.remarque)
        for r in rows
    ]
    columns = [
        "nom",
        "objet",
        "valeur",
        "unite",
        "debut",
        "fin",
        "version",
        "reference",
        "source",
        "statut",
        "remarque",
    ]
    found = pd.DataFrame(records, columns=columns)
    texts = [name for name in columns if name not in ("debut", "fin")]
    return found.astype(dict.fromkeys(texts, "str")).assign(
        debut=pd.to_datetime(found["debut"]), fin=pd.to_datetime(found["fin"])
    )


def value(name: str, subject: str | int, day: Day = None) -> Value:
    """Return the value in force on a day, or the last one known.

    Parameters
    ----------
    name, subject : str
        As in :func:`table`: « réduction » and 2030, « référence » and « dernière année »…
    day : date or str, optional
        Without it, the last version.

    Raises
    ------
    UsageError
        A name or subject that is not known, or a day before the first version.

    Examples
    --------
    >>> value("référence", "dernière année", "2024-03-14").number, value("référence", "dernière année").number
    (2019.0, 2022.0)
    >>> value("énergie finale", "gaz").version
    'en vigueur depuis le 1er février 2024 (arrêté du 28 novembre 2023, à confirmer)'
    """
    when, subject = as_date(day), str(subject)
    names = sorted({row.name for row in _rows()})
    if name not in names:
        raise UsageError(f"name={name!r}: the law's values are {', '.join(names)}.{nearest(name, names)}")
    rows = [row for row in _rows() if (row.name, row.subject) == (name, subject)]
    if not rows:
        known = list(dict.fromkeys(row.subject for row in _rows() if row.name == name))
        raise UsageError(f"« {name} » of {subject!r} is not known, only {', '.join(known)}.{nearest(subject, known)}")
    rows.sort(key=lambda row: row.debut)
    if when is None:
        return rows[-1]
    found = next((row for row in rows if _holds(row, when)), None)
    if found is None:
        raise UsageError(
            f"« {name}, {subject} » on {when.isoformat()}: known from {rows[0].debut.isoformat()} on. "
            "Take a later day, or add the version to energy/law/values.csv with its text."
        )
    return found


def milestones(day: Day = None) -> dict[int, float]:
    """Return the milestones and the share by which use must have fallen.

    Examples
    --------
    >>> milestones()
    {2030: 0.4, 2040: 0.5, 2050: 0.6}
    """
    years = dict.fromkeys(row.subject for row in _rows() if row.name == "réduction")
    return {int(year): value("réduction", year, day).number for year in years}


def reference_years(day: Day = None) -> list[int]:
    """Return the years that can be chosen as reference.

    Examples
    --------
    >>> reference_years("2024-03-14") == [2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019]
    True
    >>> reference_years()[-3:]
    [2019, 2021, 2022]
    """
    first, last, out = (
        int(value("référence", name, day).number) for name in ("première année", "dernière année", "année écartée")
    )
    return [year for year in range(first, last + 1) if year != out]


def as_date(day: Day) -> date | None:
    """Read a day given as a date or as text; None stays None."""
    if day is None:
        return None
    try:
        when = pd.Timestamp(day)
    except ValueError as error:
        raise UsageError(f"day={day!r} is no date; write it as 2026-05-03.") from error
    if pd.isna(when):
        raise UsageError("day is missing; write it as 2026-05-03.")
    return when.date()


def _holds(row: Value, when: date) -> bool:
    return row.debut <= when and (row.fin is None or when <= row.fin)
