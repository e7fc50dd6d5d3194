"""Typed tables and their canonical text: what is written is read back, byte for byte and value for value."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import examples
from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables.check import check
from tikub_lab.tables.frames import read_csv, typed, write_csv
from tikub_lab.tables.schema import Schema

SCHEMA = Schema.from_dict(
    {
        "fields": [
            {"name": "nom", "type": "string"},
            {"name": "nature", "type": "string", "constraints": {"enum": ["Marché", "Avenant", "autre"]}},
            {"name": "n", "type": "integer"},
            {"name": "montant", "type": "number"},
            {"name": "vrai", "type": "boolean"},
            {"name": "jour", "type": "date"},
            {"name": "quand", "type": "datetime"},
            {"name": "an", "type": "year"},
            {"name": "liste", "type": "list", "delimiter": "|"},
            {"name": "lieu", "type": "geojson"},
        ]
    }
)
DTYPES = [
    "str",
    "category",
    "Int64",
    "float64",
    "boolean",
    "datetime64[s]",
    "datetime64[us, UTC]",
    "Int64",
    "str",
    "str",
]
ROW = ["Jo", "Avenant", "3", "0.1", "true", "2024-05-15", "2024-05-15T10:00:00Z", "0987", "a|b", "{}"]


def text_frame(*rows: list[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(SCHEMA.names), dtype="str")


def test_types_in_memory_and_missing_values() -> None:
    frame = typed(text_frame(ROW, [""] * len(ROW)), SCHEMA)
    assert [str(dtype) for dtype in frame.dtypes] == DTYPES
    assert frame.iloc[1].isna().all()
    assert frame["nature"].cat.categories.tolist() == ["Marché", "Avenant", "autre"]
    first = frame.iloc[0]
    assert (first["n"], first["montant"], first["vrai"], first["an"], first["liste"]) == (3, 0.1, True, 987, "a|b")
    assert first["jour"] == pd.Timestamp("2024-05-15")


def test_typed_tables_stay_as_they_are(tmp_path) -> None:
    frame = typed(text_frame(ROW, [""] * len(ROW)), SCHEMA)
    pd.testing.assert_frame_equal(typed(frame, SCHEMA), frame)
    frame.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(typed(pd.read_parquet(tmp_path / "table.parquet"), SCHEMA), frame)


def test_other_types_of_memory_are_made_ours_and_other_columns_kept() -> None:
    import datetime as dt

    loose = pd.DataFrame(
        {"n": [1, 2], "montant": [1, 2], "jour": [dt.date(2024, 5, 15), None], "vrai": [True, False], "z": [0, 0]}
    )
    frame = typed(loose.set_axis([5, 6]), SCHEMA)
    assert [str(dtype) for dtype in frame.dtypes] == ["Int64", "float64", "datetime64[s]", "boolean", "int64"]
    assert frame.index.tolist() == [5, 6]
    assert pd.isna(frame.loc[6, "jour"])


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("n", "1.5", "is not of type integer"),
        ("montant", "mille", "is not of type number"),
        ("jour", "15/05/2024", "is not of type date"),
        ("nature", "Marche", "is not in its enumeration"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path, field, value, reason) -> None:
    frame = text_frame(ROW, ROW)
    frame.loc[1, field] = value
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(RunError, match=rf"t.csv, row 3, field '{field}': '{value}' {reason}"):
        read_csv(tmp_path / "t.csv", SCHEMA)


def test_a_wrong_typed_value_is_told_with_its_place() -> None:
    with pytest.raises(RunError, match=r"row 3, field 'n': '1\.5' is not of type integer"):
        typed(pd.DataFrame({"n": [1.0, 1.5]}), SCHEMA)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nom,n\nx,1\n", "the columns are nom, n; expected nom, nature"),
        (",".join(SCHEMA.names) + "\n" + ",".join(ROW) + "\na,b\n", "row 3: more or fewer cells"),
        (",".join(SCHEMA.names) + "\n" + ",".join([*ROW, "x"]) + "\n", "row 2: more or fewer cells"),
    ],
)
def test_files_of_another_shape_are_refused(tmp_path, text, message) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=message):
        read_csv(tmp_path / "t.csv", SCHEMA)


def test_written_bytes(tmp_path) -> None:
    rows = [
        ROW,
        [
            'dit "Jo", é',
            "autre",
            "-5",
            "127000.0",
            "false",
            "0987-01-01",
            "2024-05-15T12:00:00.5+02:00",
            "2024",
            "a",
            "x",
        ],
        ["", "", "9007199254740993", "1e22", "", "", "", "", "", ""],
    ]
    write_csv(typed(text_frame(*rows), SCHEMA).drop(columns="lieu").assign(lieu=None), tmp_path / "t.csv", SCHEMA)
    assert (tmp_path / "t.csv").read_bytes().decode() == (
        "nom,nature,n,montant,vrai,jour,quand,an,liste,lieu\n"
        "Jo,Avenant,3,0.1,true,2024-05-15,2024-05-15T10:00:00Z,0987,a|b,\n"
        '"dit ""Jo"", é",autre,-5,127000,false,0987-01-01,2024-05-15T10:00:00.500000Z,2024,a,\n'
        ",,9007199254740993,1e+22,,,,,,\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv"]


def test_a_single_column_has_no_blank_line(tmp_path) -> None:
    schema = Schema.from_dict({"fields": [{"name": "a", "type": "string"}]})
    frame = pd.DataFrame({"a": pd.Series(["x", None, "y"], dtype="str")})
    write_csv(frame, tmp_path / "t.csv", schema)
    pd.testing.assert_frame_equal(read_csv(tmp_path / "t.csv", schema), frame)


@pytest.mark.parametrize(
    "field",
    [
        {"type": "boolean", "trueValues": ["oui"]},
        {"type": "date", "format": "%Y"},
    ],
)
def test_only_the_default_forms_are_written(tmp_path, field) -> None:
    schema = Schema.from_dict({"fields": [{"name": "a", **field}]})
    with pytest.raises(UsageError, match="only default forms are written"):
        write_csv(pd.DataFrame({"a": []}), tmp_path / "t.csv", schema)
    with pytest.raises(UsageError, match="the table has no column 'a'"):
        write_csv(pd.DataFrame({"b": []}), tmp_path / "t.csv", schema)
    assert not list(tmp_path.iterdir())


CELLS = [
    *(
        "1",
        " 2 ",
        "+3",
        "1.0",
        "1e3",
        ".5",
        "5.",
        "1,5",
        "1 000",
        "NaN",
        "-INF",
        "1_0",
        "٣",
        "true",
        "True",
        "0",
        "oui",
    ),
    *("2024-02-29", "2023-02-29", "0000-01-01", "2024-5-1", "20240501", "0987", "98", "99999", "x"),
    *("2024-05-15T10:00:00", "2024-05-15T10:00:00.5Z", "2024-05-15T10:00:00+02:00", "2024-05-15T24:00:00"),
    "2024-05-15 10:00:00",
]


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "date", "datetime", "year"])
def test_loading_reads_what_the_check_finds_valid(kind) -> None:
    schema = Schema.from_dict({"fields": [{"name": "a", "type": kind}]})
    for cell in CELLS:
        frame = pd.DataFrame({"a": [cell]}, dtype="str")
        if check(frame, schema).empty:
            assert typed(frame, schema)["a"].notna().all() or cell == "NaN"
        else:
            with pytest.raises(RunError):
                typed(frame, schema)


def column(values, dtype: str):
    return st.lists(st.one_of(st.none(), values), min_size=4, max_size=4).map(
        lambda cells: pd.Series(cells, dtype=object).astype(dtype)
    )


DATES = st.datetimes(min_value=pd.Timestamp("1000-01-01"), max_value=pd.Timestamp("9999-12-31")).map(
    lambda moment: pd.Timestamp(moment).as_unit("us")
)
FRAMES = st.fixed_dictionaries(
    {
        "nom": column(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6), "str"
        ),
        "nature": column(st.sampled_from(["Marché", "Avenant", "autre"]), "str"),
        "n": column(st.integers(-(2**63), 2**63 - 1), "Int64"),
        "montant": column(st.floats(allow_nan=False), "float64"),
        "vrai": column(st.booleans(), "boolean"),
        "jour": column(DATES.map(lambda moment: moment.normalize()), "datetime64[s]"),
        "quand": column(DATES.map(lambda moment: moment.tz_localize("UTC")), "datetime64[us, UTC]"),
        "an": column(st.integers(0, 9999), "Int64"),
        "liste": column(st.sampled_from(["a", "a|b"]), "str"),
        "lieu": column(st.just('{"type": "Point", "coordinates": [1, 2]}'), "str"),
    }
)


@examples(40)
@given(FRAMES)
def test_what_is_written_is_read_back(tmp_path_factory, columns) -> None:
    frame = pd.DataFrame(columns)[list(SCHEMA.names)]
    frame["nature"] = frame["nature"].astype(pd.CategoricalDtype(["Marché", "Avenant", "autre"]))
    frame["liste"] = frame["liste"].fillna("a")  # or else a row may be blank, which is a problem
    path = tmp_path_factory.mktemp("round") / "t.csv"
    write_csv(frame, path, SCHEMA)
    again = read_csv(path, SCHEMA)
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert all(
        math.copysign(1, a) == math.copysign(1, b) for a, b in zip(again["montant"], frame["montant"], strict=True)
    )
    data = path.read_bytes()
    write_csv(again, path, SCHEMA)
    assert path.read_bytes() == data
    assert check(path, SCHEMA).empty
    assert check(again, SCHEMA).empty
