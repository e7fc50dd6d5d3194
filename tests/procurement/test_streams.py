"""Odd values of JSON and Parquet are repairs or rejects, never other values; the file goes on."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.procurement import formats
from tikub_lab.procurement.published import streams
from tikub_lab.procurement.published.streams import Stream
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package

ODD = st.sampled_from([float("nan"), float("inf"), -float("inf"), 10**15, -(10**19), 1e300])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(max_size=9) | st.floats(-1e9, 1e9) | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def meant(value):
    """The same value with odd numbers as text."""
    if isinstance(value, dict):
        return {key: meant(each) for key, each in value.items()}
    if isinstance(value, list):
        return [meant(each) for each in value]
    odd = not isinstance(value, bool | str) and value is not None and not abs(value) < 10**15
    return json.dumps(value) if odd else value


def read(path):
    with Stream(path, "values") as file:
        return {key: file.value() for key in file.members()}


@given(VALUES, st.integers(1, 40), st.sampled_from([None, 1]))
def test_all_values_are_read_as_json_has_them_wherever_a_block_ends(tmp_path_factory, value, size, indent):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps({"a": value, "odd": float("nan"), "list": [value, 7]}, indent=indent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK", size)
        assert read(path) == {"a": meant(value), "odd": "NaN", "list": [meant(value), 7]}


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        (r'["\ud800", NaN]', ["\ufffd", "NaN"]),
        (r'["\ud83d\ude00 \udc00x", -Infinity]', ["\U0001f600 \ufffdx", "-Infinity"]),
        (r'["\\ud800 NaN, 1e400", 1e400]', [r"\ud800 NaN, 1e400", "1e400"]),
        (
            "[12345678901234567890, 123456789012345, 1.5e3, 1e-9]",
            ["12345678901234567890", 123456789012345, 1500.0, 1e-9],
        ),
    ],
)
def test_what_becomes_text(tmp_path, monkeypatch, text, becomes, size):
    monkeypatch.setattr(streams, "BLOCK", size)
    path = tmp_path / "a.json"
    path.write_text(f'{{"a": {text}}}')
    assert read(path) == {"a": becomes}


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"a": [1', '{"a": [1]', '{"a": [1}', '{"a": [1,]}', '{"a": [1 2]}', '{"a": [1]} x',
     '{"a": [1]}{"a": [2]}', '{"a": [{"b": x}]}', '{"a": ["open NaN', '{"a": [NaN, 1e', '{"a" [1]}', '{1: [1]}',
     '{"a": [1],}', '{"a": [' + "[" * 3000 + "]" * 3000 + "]}"],
)  # fmt: skip
def test_what_is_no_complete_json_is_an_error(tmp_path, monkeypatch, text, size):
    monkeypatch.setattr(streams, "BLOCK", size)
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"a\.json: (not complete )?JSON"):
        read(path)


def bring(path: Path, root: Path):
    (found,) = import_files([path], path.with_suffix(".package"), formats.READERS, schemas=root / "data" / "schemas")
    assert found.read == found.kept + found.rejected
    return found, open_package(path.with_suffix(".package")).load("procurement/contracts")


OTHERS = [
    ("offresRecues", "Infinity", 2),
    ("offresRecues", "1e400", 2),
    ("montant", "-Infinity", 1),
    ("montant", "1e400", 1),
    ("montant", "12345678901234567890", 1),
]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("offresRecues", "NaN", 2),
        ("montant", "NaN", 1),
        ("objet", r'"Travaux \ud800"', 2),
        *(pytest.param(*other, marks=pytest.mark.proof) for other in OTHERS),
    ],
)
def test_one_odd_value_costs_no_other_contract(published, tmp_path, root, field, value, kept):
    path = tmp_path / "decp.json"
    text = json.dumps({"marches": [published.contract(id="A", **{field: "ODD"}), published.contract(id="B")]})
    path.write_text(text.replace('"ODD"', value))
    found, contracts = bring(path, root)
    assert (found.read, found.kept) == (2, kept)
    assert sum(found.repairs_by_rule.values()) if kept == 2 else found.rejected == 1
    assert contracts["id"].tolist()[-1] == "B"
    assert not contracts["objet"].str.contains("?", regex=False).any()


@pytest.mark.parametrize(
    ("montant", "firm"),
    [
        (pa.array([5_000_000], pa.duration("us")), "90000001900019"),
        (pa.array([5], pa.time32("s")), "90000001900019"),
        (pa.array([7.0]), ["a", "b"]),
    ],
)
def test_odd_types_of_parquet_are_rejects(published, tmp_path, root, montant, firm):
    columns = {
        "id": ["1"],
        "acheteur_id": [published.BUYER],
        "titulaire_id": [firm],
        "titulaire_typeIdentifiant": ["TVA"],
        "dateNotification": ["2024-05-15"],
        "objet": ["Chaises"],
        "codeCPV": ["39160000-1"],
        "dureeMois": [12],
        "montant": montant,
    }
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    found, contracts = bring(path, root)
    assert (found.kept, found.rejects_by_rule, len(contracts)) == (0, {"value-type": 1}, 0)
