"""French identifiers and their check characters, on whole columns at a time.

Every check takes a Series of text and returns a Series of booleans of the same index. Numbers are taken as they are
stored, without spaces, dots or lower case; a missing value is not a valid number.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LA_POSTE = "356000000"
LA_POSTE_HEAD_OFFICE = "35600000000048"
UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
FORMS = {
    "french-siren-value": "a SIREN: nine digits, the last given by the others",
    "french-siret-value": "a SIRET: a SIREN and five digits, the last given by the others",
    "french-rna-value": "a number of the RNA: W, the département, seven digits",
    "french-uai-value": "a UAI: seven digits and the letter that they give",
}
"""What the checks of Table Schema ask for, for who reads why a row was rejected."""


def luhn_digit(prefixes: pd.Series) -> pd.Series:
    """Return the digit that makes a number valid by Luhn (ISO/IEC 7812-1, annex B), if it has digits."""
    text = _text(prefixes)
    width = max(map(len, text), default=0) + 1
    digits, digital = _digits((text + "0").str.rjust(width, "0"), width)  # zeros on the left add nothing to the sum
    digit = pd.Series((-_luhn_sum(digits) % 10).astype(str), index=prefixes.index, dtype="str")
    return digit.where(digital & (text != "").to_numpy())


def siren(numbers: pd.Series) -> pd.Series:
    """Tell which numbers are valid SIREN: nine digits, the last by Luhn (INSEE, définition c2047)."""
    digits, valid = _digits(_text(numbers), 9)
    return pd.Series(valid & (_luhn_sum(digits) % 10 == 0), index=numbers.index)


def siret(numbers: pd.Series) -> pd.Series:
    """Tell which numbers are valid SIRET: a SIREN and five digits, all valid by Luhn (INSEE, définition c1841).

    La Poste (SIREN 356000000) has more establishments than Luhn leaves numbers for: there, the sum of the fourteen
    digits is a multiple of five, but for its head office, 35600000000048, which satisfies Luhn.
    """
    text = _text(numbers)
    digits, valid = _digits(text, 14)
    poste = text.str.startswith(LA_POSTE).to_numpy() & (text != LA_POSTE_HEAD_OFFICE).to_numpy()
    by_key = np.where(poste, digits.sum(axis=1) % 5 == 0, _luhn_sum(digits) % 10 == 0)
    return siren(text.str.slice(0, 9)) & valid & by_key


def rna(numbers: pd.Series) -> pd.Series:
    """Tell which have the form of the Répertoire national des associations: W, département, seven digits."""
    return _text(numbers).str.fullmatch(r"W(?:[0-9]{2}|2[AB])[0-9]{7}").astype(bool)


def uai(numbers: pd.Series) -> pd.Series:
    """Tell which are valid UAI (unité administrative immatriculée, a school): seven digits, their letter."""
    text = _text(numbers)
    return (text == text.str.slice(0, 7) + uai_letter(text.str.slice(0, 7))).astype(bool)


def uai_letter(digits: pd.Series) -> pd.Series:
    """Return the check letter of seven digits: their remainder by 23, in the alphabet without I, O and Q."""
    figures, valid = _digits(_text(digits), 7)
    number = figures @ (10 ** np.arange(6, -1, -1, dtype=np.int64))
    return pd.Series(np.array(list(UAI_LETTERS))[number % 23], index=digits.index, dtype="str").where(valid)


def _text(numbers: pd.Series) -> pd.Series:
    return numbers.astype("str").fillna("")


def _digits(text: pd.Series, width: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return digits as rows of an array, zeros where a text is not ``width`` digits, and where it is."""
    valid = text.str.fullmatch(f"[0-9]{{{width}}}").to_numpy(dtype=bool)
    fixed = np.array(text.where(valid, "0" * width).tolist(), dtype=f"S{width}")
    return fixed.view(np.uint8).reshape(len(text), width).astype(np.int64) - ord("0"), valid


def _luhn_sum(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum the digits of each row, every second one from the right doubled (and less nine above nine)."""
    doubled = digits[:, -2::-2] * 2
    return digits[:, -1::-2].sum(axis=1) + np.where(doubled > 9, doubled - 9, doubled).sum(axis=1)
