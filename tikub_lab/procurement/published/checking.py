"""Rules that leave a record out, as Bercy applies them: on amounts, dates, durations and identifiers."""

import pandas as pd

from tikub_lab.procurement.codes import CODES, NO_CONSIDERATION
from tikub_lab.procurement.published.rules import BERCY, FORMAT, OURS, PARTIES, Rule, number
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
"""Forms of the identifiers of firms without SIRET, as Bercy checks them; numbers of TVA are not checked."""


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

    The most frequent digit of the whole euros is not 0, appears more than length − 2 times, and in one run.

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


CHECKS: tuple[Rule, ...] = (
    Rule(
        "not-a-record",
        "An element of the list of contracts is an object with fields.",
        "reject",
        FORMAT,
        {"oddities": ("value",)},
        lambda frame, field: pd.Series(True, index=frame.index),
    ),
    Rule(
        "value-missing",
        "A contract has an identifier, a buyer, an amount and a duration, a concession an object too; each titulaire "
        "has an identifier and its type.",
        "reject",
        BERCY,
        {
            "contracts": ("id", "acheteur_id", "montant", "dureeMois"),
            "concessions": ("id", "autoriteConcedante_id", "objet", "valeurGlobale", "dureeMois"),
            "suppliers": ("titulaire_id", "titulaire_typeIdentifiant"),
            "holders": ("titulaire_id", "titulaire_typeIdentifiant"),
        },
        _missing,
    ),
    Rule(
        "supplier-missing",
        "A contract has at least one titulaire, a concession at least one concessionnaire.",
        "reject",
        BERCY,
        {"contracts": ("titulaires",), "concessions": ("concessionnaires",)},
        _missing,
    ),
    Rule(
        "date-missing",
        "A contract has a date of notification or of publication, a concession one of start or of publication.",
        "reject",
        BERCY,
        {"contracts": ("dateNotification",), "concessions": ("dateDebutExecution",)},
        _undated,
    ),
    Rule(
        "date-future",
        "What was notified, signed or published is not in the future, on the day of the import.",
        "reject",
        BERCY,
        {
            "contracts": ("dateNotification", "datePublicationDonnees"),
            "concessions": ("dateSignature", "datePublicationDonnees"),
            "amendments": ("dateNotificationModification", "datePublicationDonneesModification"),
        },
        _future,
    ),
    Rule(
        "amount-too-low",
        "An amount is at least 1 €.",
        "reject",
        BERCY,
        AMOUNTS,
        lambda frame, field: number(frame[field]) < 1,
    ),
    Rule(
        "amount-too-high",
        "An amount is at most 3,000,000,000 €, a concession's value at most 15,000,000,000 €.",
        "reject",
        BERCY,
        AMOUNTS,
        lambda frame, field: number(frame[field]) > MAX_AMOUNT[field],
    ),
    Rule(
        "amount-repeated-digit",
        "An amount over 100 M€ is not one digit typed over and over.",
        "reject",
        BERCY,
        AMOUNTS,
        lambda frame, field: repeated_digit(number(frame[field])),
    ),
    Rule(
        "amount-sequence",
        "An amount over 100 M€ does not begin with 123456789.",
        "reject",
        BERCY,
        AMOUNTS,
        _sequence,
    ),
    Rule(
        "buyer-siret",
        "The buyer is known by a valid SIRET: fourteen digits with Luhn's key, or La Poste's.",
        "reject",
        BERCY,
        {"contracts": ("acheteur_id",), "concessions": ("autoriteConcedante_id",)},
        _bad_siret,
    ),
    Rule(
        "supplier-siret",
        "A titulaire's SIRET is valid: fourteen digits with Luhn's key, or La Poste's.",
        "reject",
        BERCY,
        dict.fromkeys(PARTIES, ("titulaire_id",)),
        _bad_supplier_siret,
    ),
    Rule(
        "supplier-type",
        f"The type of a titulaire's identifier is one of {', '.join(CODES['titulaire_typeIdentifiant'])}.",
        "reject",
        BERCY,
        dict.fromkeys(PARTIES, ("titulaire_typeIdentifiant",)),
        lambda frame, field: frame[field].notna() & ~frame[field].isin(CODES["titulaire_typeIdentifiant"]),
    ),
    Rule(
        "supplier-identifier",
        "Identifiers of types TAHITI, RIDET, FRWF, IREP and HORS-UE have the form of their type.",
        "reject",
        BERCY,
        dict.fromkeys(PARTIES, ("titulaire_id",)),
        _bad_form,
    ),
    Rule(
        "duration-range",
        "A contract lasts 1 to 180 months, a concession 1 to 360.",
        "reject",
        BERCY,
        {"contracts": ("dureeMois",), "concessions": ("dureeMois",), "amendments": ("dureeMois",)},
        _months,
    ),
    Rule(
        "consideration-contradiction",
        "« Pas de considération… » stands alone.",
        "reject",
        BERCY,
        {"contracts": tuple(NO_CONSIDERATION), "concessions": tuple(NO_CONSIDERATION)},
        _contradiction,
    ),
    Rule(
        "id-form",
        "An identifier has 1 to 16 characters among letters, digits, space and / - _ . #",
        "reject",
        BERCY,
        {"contracts": ("id",), "concessions": ("id",)},
        lambda frame, field: frame[field].notna() & ~frame[field].str.fullmatch(IDENTIFIER).fillna(False),
    ),
    Rule(
        "object-missing",
        "A contract says what it is about, by its object or its CPV code.",
        "reject",
        BERCY,
        {"contracts": ("codeCPV",)},
        _nothing_bought,
    ),
    Rule(
        "supplier-repeated",
        "A titulaire is named once in a contract.",
        "blank",
        OURS,
        dict.fromkeys(PARTIES, ("titulaire_id",)),
        _repeated_party,
    ),
)
