"""Identifiers against python-stdnum on random numbers, and against real UAI."""

import json
import random

import pandas as pd
import pytest
import stdnum.fr.siren
import stdnum.fr.siret
import stdnum.luhn

from tikub_lab.tables import identifiers


def text(values: list[str | None]) -> pd.Series:
    return pd.Series(values, dtype="str")


def random_digits(width: int, count: int, seed: int, prefix: str = "") -> list[str]:
    rng = random.Random(seed)
    return [prefix + "".join(rng.choices("0123456789", k=width - len(prefix))) for _ in range(count)]


@pytest.mark.parametrize(
    ("check", "oracle", "numbers"),
    [
        (identifiers.siren, stdnum.fr.siren.is_valid, random_digits(9, 4000, 1)),
        (identifiers.siret, stdnum.fr.siret.is_valid, random_digits(14, 20000, 2)),
        (identifiers.siret, stdnum.fr.siret.is_valid, [*random_digits(14, 4000, 3, "356000000"), "35600000000048"]),
    ],
    ids=["siren", "siret", "siret of La Poste"],
)
def test_same_as_stdnum_on_random_numbers(check, oracle, numbers) -> None:
    expected = [oracle(number) for number in numbers]
    assert any(expected)
    assert not all(expected)
    assert check(text(numbers)).tolist() == expected


def test_siret_whose_siren_is_not_valid_is_not_valid() -> None:
    prefix = text(["7328293210007"])  # the fourteen digits satisfy Luhn, the nine do not
    number = prefix + identifiers.luhn_digit(prefix)
    assert stdnum.luhn.is_valid(number[0])
    assert identifiers.siret(number).tolist() == [False]


def test_luhn_digit_completes_any_number() -> None:
    prefixes = text(random_digits(13, 3000, 5))
    assert identifiers.luhn_digit(prefixes).tolist() == [stdnum.luhn.calc_check_digit(number) for number in prefixes]
    assert identifiers.luhn_digit(text(["x", "", "73282932"])).fillna("").tolist() == ["", "", "0"]


def test_real_uai_are_valid_and_one_wrong_digit_is_found(opendata) -> None:
    schools = json.loads((opendata / "lycees" / "lycees_academie-rennes_2026-10-08.json").read_text(encoding="utf-8"))
    numbers = text([school["u"] for school in schools["lycees"]])
    assert len(numbers) > 200
    assert identifiers.uai(numbers).all()
    wrong = (
        numbers.str.slice(0, 6) + numbers.str.slice(6, 7).map(lambda d: str((int(d) + 1) % 10)) + numbers.str.slice(7)
    )
    assert not identifiers.uai(wrong).any()


@pytest.mark.parametrize("check", [identifiers.siren, identifiers.siret, identifiers.rna, identifiers.uai])
def test_what_is_not_a_number_is_not_valid(check) -> None:
    odd = [
        "",
        None,
        " ",
        "abc",
        "0" * 40,
        "٧٣٢٨٢٩٣٢٠",
        "732 829 320",
        "73282932000074\x00",
        "732829320\n",
        "w353001234",
    ]
    result = check(text(odd))
    assert not result.any()
    assert result.dtype == bool
    assert check(text([])).empty


def test_rna_of_corsica() -> None:
    assert identifiers.rna(text(["W2A1000123", "W2B1000123", "W2C1000123", "W2A100012"])).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_results_keep_the_index() -> None:
    numbers = pd.Series(["732829320", "1"], index=[7, 3], dtype="str")
    for check in (
        identifiers.siren,
        identifiers.siret,
        identifiers.rna,
        identifiers.uai,
    ):
        assert check(numbers).index.tolist() == [7, 3]
