"""Rules that leave a record out, as Bercy applies them: on amounts, dates, durations and identifiers."""

import pandas as pd

from tikub_lab.procurement.codes import CODES, NO_CONSIDERATION
from tikub_lab.procurement.published.rules import PARTIES, Tests, number
from tikub_lab.tables import imports
from tikub_lab.tables.identifiers import siret

AMOUNTS = {"contracts": ("montant",), "concessions": ("valeurGlobale",), "amendments": ("montant",)}
MAX_AMOUNT = {"montant": 3e9, "valeurGlobale": 15e9}
MAX_MONTHS = {"contracts": 180, "concessions": 360}
SUSPECT_AMOUNT = 100e6
IDENTIFIER = r"[A-Za-z0-9/\-_ .#]{1,16}"
FORMS = {
    "TAHITI": r"[A-Za-z0-9]{9}",
    "RIDET": r"[A-Za-z0-9]{10}",
    "FRWF": r"FRWF[A-Za-z0-9]{14}",
    "IREP": r"\d{5}[A-Za-z0-9]*",
    "HORS-UE": r"[A-Z]{2}[A-Za-z0-9]{0,16}",
}
"""Forms of the identifiers of firms without SIRET, as Bercy checks
them; numbers of TVA are not checked."""


def _filled(frame: pd.DataFrame, field: str) -> pd.Series:
    """Return the field, or nothing where the file does not carry it."""
    return frame[field] if field in frame else pd.Series(pd.NA, index=frame.index, dtype="str")


def _missing(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].isna()


def _undated(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].isna() & _filled(frame, "datePublicationDonnees").isna()


def _future(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].notna() & (frame[field].fillna("") > imports.today())


def repeated_digit(amounts: pd.Series) -> pd.Series:
    """Tell amounts over 100 M€ that are one digit typed over and over, such as 999999999 or 666666600.

    The most frequent digit of the whole euros is not 0, appears
    more than length − 2 times, and in one run.

    Examples
    --------
    >>> repeated_digit(pd.Series([999999999.0, 666666667.0, 166666666.0, 699666666.0, 123000000.0])).tolist()
    [True, True, True, False, False]
    """
    whole = amounts[amounts > SUSPECT_AMOUNT].clip(upper=1e18).astype("int64").astype("str")
    broken = pd.Series(False, index=amounts.index)
    for digit in "123456789":
        count = whole.str.count(digit)
        run = whole.str.extract(f"({digit}+)")[0].str.len()
        broken[whole.index] |= (count > whole.str.len() - 2) & (run == count)
    return broken


def _sequence(frame: pd.DataFrame, field: str) -> pd.Series:
    return (number(frame[field]) > SUSPECT_AMOUNT) & frame[field].str.startswith("123456789").fillna(False)


def _bad_siret(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field].notna() & ~siret(frame[field])


def _bad_supplier_siret(frame: pd.DataFrame, field: str) -> pd.Series:
    """SIRET by their type; without a type, fourteen digits are taken for one."""
    kind = _filled(frame, "titulaire_typeIdentifiant")
    meant = (kind == "SIRET") | (kind.isna() & frame[field].str.fullmatch(r"\d{14}"))
    return meant.fillna(False) & _bad_siret(frame, field)


def _bad_form(frame: pd.DataFrame, field: str) -> pd.Series:
    kind = _filled(frame, "titulaire_typeIdentifiant")
    broken = pd.Series(False, index=frame.index)
    for name, pattern in FORMS.items():
        broken |= (kind == name) & frame[field].notna() & ~frame[field].str.fullmatch(pattern).fillna(False)
    return broken


def _months(frame: pd.DataFrame, field: str) -> pd.Series:
    months = number(frame[field])
    if "modification_id" in frame:
        return months < 1
    return (months < 1) | (months > MAX_MONTHS["concessions" if "valeurGlobale" in frame else "contracts"])


def _contradiction(frame: pd.DataFrame, field: str) -> pd.Series:
    values = frame[field].fillna("")
    return values.str.contains(NO_CONSIDERATION[field], regex=False) & (values != NO_CONSIDERATION[field])


def _nothing_bought(frame: pd.DataFrame, field: str) -> pd.Series:
    if "objet" not in frame:
        return pd.Series(False, index=frame.index)
    return frame[field].isna() & frame["objet"].isna()


def _repeated_party(frame: pd.DataFrame, field: str) -> pd.Series:
    key = [name for name in ("_line", "_position", field) if name in frame]
    return frame[field].mask(frame.duplicated(key))


CHECKS: Tests = {
    "not-a-record": (
        {"oddities": ("value",)},
        lambda frame, field: pd.Series(True, index=frame.index),
    ),
    "value-missing": (
        {
            "contracts": ("id", "acheteur_id", "montant", "dureeMois"),
            "concessions": ("id", "autoriteConcedante_id", "objet", "valeurGlobale", "dureeMois"),
            "suppliers": ("titulaire_id", "titulaire_typeIdentifiant"),
            "holders": ("titulaire_id", "titulaire_typeIdentifiant"),
        },
        _missing,
    ),
    "supplier-missing": (
        {"contracts": ("titulaires",), "concessions": ("concessionnaires",)},
        _missing,
    ),
    "date-missing": (
        {"contracts": ("dateNotification",), "concessions": ("dateDebutExecution",)},
        _undated,
    ),
    "date-future": (
        {
            "contracts": ("dateNotification", "datePublicationDonnees"),
            "concessions": ("dateSignature", "datePublicationDonnees"),
            "amendments": ("dateNotificationModification", "datePublicationDonneesModification"),
        },
        _future,
    ),
    "amount-too-low": (
        AMOUNTS,
        lambda frame, field: number(frame[field]) < 1,
    ),
    "amount-too-high": (
        AMOUNTS,
        lambda frame, field: number(frame[field]) > MAX_AMOUNT[field],
    ),
    "amount-repeated-digit": (
        AMOUNTS,
        lambda frame, field: repeated_digit(number(frame[field])),
    ),
    "amount-sequence": (
        AMOUNTS,
        _sequence,
    ),
    "buyer-siret": (
        {"contracts": ("acheteur_id",), "concessions": ("autoriteConcedante_id",)},
        _bad_siret,
    ),
    "supplier-siret": (
        dict.fromkeys(PARTIES, ("titulaire_id",)),
        _bad_supplier_siret,
    ),
    "supplier-type": (
        dict.fromkeys(PARTIES, ("titulaire_typeIdentifiant",)),
        lambda frame, field: frame[field].notna() & ~frame[field].isin(CODES["titulaire_typeIdentifiant"]),
    ),
    "supplier-identifier": (
        dict.fromkeys(PARTIES, ("titulaire_id",)),
        _bad_form,
    ),
    "duration-range": (
        {"contracts": ("dureeMois",), "concessions": ("dureeMois",), "amendments": ("dureeMois",)},
        _months,
    ),
    "consideration-contradiction": (
        {"contracts": tuple(NO_CONSIDERATION), "concessions": tuple(NO_CONSIDERATION)},
        _contradiction,
    ),
    "id-form": (
        {"contracts": ("id",), "concessions": ("id",)},
        lambda frame, field: frame[field].notna() & ~frame[field].str.fullmatch(IDENTIFIER).fillna(False),
    ),
    "object-missing": (
        {"contracts": ("codeCPV",)},
        _nothing_bought,
    ),
    "supplier-repeated": (
        dict.fromkeys(PARTIES, ("titulaire_id",)),
        _repeated_party,
    ),
}
