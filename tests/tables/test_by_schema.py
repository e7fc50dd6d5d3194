"""Files of a table's own columns: every table is imported from its template, whatever style a service writes in."""

import csv
import datetime as dt
import io
import json
import re
import zipfile
from functools import cache

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables import by_schema, staging
from tikub_lab.tables.archives import Member
from tikub_lab.tables.by_schema import schema_readers
from tikub_lab.tables.check import check
from tikub_lab.tables.frames import typed
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package, workbench
from tikub_lab.tables.readers import recognise
from tikub_lab.tables.schema import read_schema
from tikub_lab.tables.template import README, example, write_template
from tikub_lab.use_cases import readers

SCHEMAS = workbench() / "data" / "schemas"
TABLES = [path.relative_to(SCHEMAS).with_suffix("").as_posix() for path in sorted(SCHEMAS.rglob("*.json"))]
SAMPLE = open_package(workbench() / "data")


class Bench:
    """Imports one file into a package of its own."""

    def __init__(self, folder):
        self.folder, self.package = folder, folder / "package"

    def __call__(self, content, name="a.csv", table=None, **settings):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (self.found,) = import_files([path], self.package, readers(), table, **settings)
        assert self.found.read == self.found.kept + self.found.rejected
        assert self.found.reader.startswith("schema:")
        return open_package(self.package).load(self.found.tables[0])

    def log(self, kind):
        """The rows of the log that the package has now."""
        path = self.package / f"{self.found.tables[0]}.{kind}.csv"
        return pd.read_csv(path, dtype="str", keep_default_na=False)


@pytest.fixture
def bring(tmp_path):
    return Bench(tmp_path)


def sample(table):
    """Rows of the sample; of tables that it has not, one row of examples."""
    schema = read_schema(SCHEMAS / f"{table}.json")
    if table in SAMPLE.resources:
        return SAMPLE.load(table), schema
    row = {field.name: str(example(field)) for field in schema.fields}
    return typed(pd.DataFrame([row], dtype="str"), schema), schema


def french(value):
    """Write a value as a French spreadsheet does."""
    if pd.isna(value):
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, pd.Timestamp):
        return value.isoformat().replace("+00:00", "Z") if value.tzinfo else value.strftime("%d/%m/%Y")
    return repr(value).removesuffix(".0").replace(".", ",") if isinstance(value, float) else str(value)


def native(value):
    """Give a value to a workbook as the type that it has there."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat().replace("+00:00", "Z") if value.tzinfo else value.to_pydatetime()
    return value


def forms():
    """Each table in both forms; workbooks whose types and constraints all came before are for `make proof`."""
    seen = set()
    for table in TABLES:
        fields = read_schema(SCHEMAS / f"{table}.json").fields
        kinds = {(field.type, rule) for field in fields for rule in ("", *field.constraints)}
        yield pytest.param(table, "csv", id=f"{table}-csv")
        yield pytest.param(table, "xlsx", id=f"{table}-xlsx", marks=[pytest.mark.proof] if kinds <= seen else [])
        seen |= kinds


FORMS = [*forms()]


def filled(folder, table, form):
    """Write a table's template with rows of the sample: the file, and its rows."""
    frame, _ = sample(table)
    frame = frame.head(400 if form == "csv" else 60)
    path = write_template(table, SCHEMAS, folder / table, form == "xlsx")[0]
    if form == "csv":
        (header,) = csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";")
        text = io.StringIO(newline="")
        rows = frame[header].astype(object).map(french).to_numpy().tolist()
        csv.writer(text, delimiter=";").writerows([header, *rows])
        path.write_bytes(text.getvalue().encode("cp1252"))
    else:
        book = openpyxl.load_workbook(path)
        header = [cell.value for cell in book.worksheets[0][1]]
        for row in frame[header].astype(object).to_numpy().tolist():
            book.worksheets[0].append([native(cell) for cell in row])
        book.save(path)
    return path.rename(folder / f"{table.replace('/', ' ')}.{form}"), frame


@pytest.fixture(scope="module")
def imported(request, tmp_path_factory):
    """Of a form, what an import of all tables' templates at once says of each, their rows, and the package."""

    @cache
    def of(form):
        proof, folder = request.config.getoption("--proof"), tmp_path_factory.mktemp(form)
        tables = [item.values[0] for item in FORMS if item.values[1] == form and (proof or not item.marks)]
        files = {table: filled(folder, table, form) for table in tables}
        found = import_files([path for path, _ in files.values()], folder / "package", readers())
        return {item.tables[0]: item for item in found}, files, open_package(folder / "package")

    return of


@pytest.mark.parametrize(("table", "form"), FORMS)
def test_every_table_is_imported_from_its_template(imported, table, form) -> None:
    found, files, package = imported(form)
    path, frame = files[table]
    assert found[table].file == path.name
    assert (found[table].read, found[table].kept) == (len(frame), len(frame))
    again, key = package.load(table), list(package.resource(table).schema.primary_key) or list(frame)
    pd.testing.assert_frame_equal(
        again.sort_values(key, ignore_index=True), frame.sort_values(key, ignore_index=True), check_exact=True
    )


@pytest.mark.parametrize("table", TABLES)
def test_templates_say_what_columns_mean(tmp_path, table) -> None:
    schema = read_schema(SCHEMAS / f"{table}.json")
    for xlsx in (False, True) if TABLES.index(table) % 4 == 0 else (False,):  # all name their columns in one way
        files = write_template(table, SCHEMAS, tmp_path, xlsx)
        if xlsx:
            first, second = openpyxl.load_workbook(files[0]).worksheets
            assert [cell.value for cell in first[1]] == list(schema.names)
            told = [[cell.value for cell in row] for row in second.iter_rows()]
        else:
            told = list(csv.reader(io.StringIO(files[1].read_text("utf-8-sig")), delimiter=";"))
        assert [row[0] for row in told[1:]] == list(schema.names)
        assert all(row[1] and row[2] and row[3] for row in told[1:])
        row = pd.DataFrame([{one[0]: str(one[6]) for one in told[1:]}], dtype="str")
        assert check(row, schema).empty
        with pytest.raises(UsageError, match="is there already"):
            write_template(table, SCHEMAS, tmp_path, xlsx)
    with pytest.raises(UsageError, match=r"No table 'energy/work'\. Did you mean 'energy/works'"):
        write_template("energy/work", SCHEMAS, tmp_path)


def test_headings_in_any_order_and_writing_with_titles_above(bring) -> None:
    text = (
        "Lycées de la région;;;;\n\n"
        "internat;Surface  totale (M²);NOM DU LYCEE;code-uai;Remarque\n"
        "oui;15 600,5;Lycée A;0350029S;x\nnon;;\xa0Lycée B ;0350030t;\n;;;;\n"
    )
    frame = bring(text.encode("cp1252"))
    assert frame["code_uai"].tolist() == ["0350029S", "0350030T"]
    assert frame["internat"].tolist() == [True, False]
    assert frame["surface_totale"].tolist()[0] == 15600.5
    assert frame["lib_etablissement"].tolist() == ["Lycée A", "Lycée B"]
    assert bring.found.read == 2
    told = bring.log("repairs")
    assert told[["line", "field", "rule", "replacement"]].to_numpy().tolist() == [
        ["3", "Remarque", "column-left-out", ""],
        ["5", "code_uai", "identifier", "0350030T"],
        ["5", "lib_etablissement", "spaces", "Lycée B"],
    ]


WORKS = "travaux_id;code_uai;statut;date_fin;cout;duree_vie\n"


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["15/04/2025", "03/05/2025"], ["2025-04-15", "2025-05-03"]),
        (["15-04-25", "3.5.2025"], ["2025-04-15", "2025-05-03"]),
        (["04/15/2025", "05/03/2025"], ["2025-04-15", "2025-05-03"]),
        (["2025-04-15", "2025-05-03T00:00:00"], ["2025-04-15", "2025-05-03"]),
        (["20250415", "45780"], ["2025-04-15", "2025-05-03"]),
        (["15/04/2025 00:00", "2025-05-03 00:00:00"], ["2025-04-15", "2025-05-03"]),
    ],
)
def test_dates_are_read_in_the_style_of_their_column(bring, cells, days) -> None:
    frame = bring(WORKS + "".join(f"T{n};0350029S;réalisé;{cell};;\n" for n, cell in enumerate(cells)))
    assert frame["date_fin"].dt.strftime("%Y-%m-%d").tolist() == days
    assert bring.log("repairs")["rule"].tolist() == ["number-read-as-day"] * ("45780" in cells)


@pytest.mark.parametrize(
    ("dates", "day", "rules"),
    [
        (None, "2025-04-03", {"dates-read-as-french"}),
        ("french", "2025-04-03", set()),
        ("american", "2025-03-04", set()),
        ("iso", "NaT", {"type-error"}),
    ],
)
def test_a_day_and_month_that_nothing_tells_apart(bring, dates, day, rules) -> None:
    frame = bring(WORKS + "T1;0350029S;réalisé;03/04/2025;;\nT2;0350029S;réalisé;05/05/2025;;\n", dates=dates)
    assert str(frame["date_fin"].iloc[0])[:10] == day
    told = bring.log("repairs")
    assert set(told["rule"]) == rules
    if dates is None:
        assert told[["field", "value"]].to_numpy().tolist() == [["date_fin", "03/04/2025"]]


@pytest.mark.parametrize(
    ("cells", "values", "rule"),
    [
        (["1 234,5", "12,25"], [1234.5, 12.25], ""),
        (["1\u202f234,5", "12 €"], [1234.5, 12], ""),
        (["1.234,5", "1.234.567"], [1234.5, 1234567], ""),
        (["1,234.5", "7,000"], [1234.5, 7000], ""),
        (["12.5", "1234.125"], [12.5, 1234.125], ""),
        (["1,234", "5"], [1.234, 5], "number-read-as-french"),
        (["1.234", "5"], [1.234, 5], "point-read-as-decimal"),
        (["1e3", "-0"], [1000, 0], ""),
    ],
)
def test_numbers_are_read_in_the_style_of_their_column(bring, cells, values, rule) -> None:
    frame = bring(WORKS + "".join(f"T{n};0350029S;réalisé;;{cell};\n" for n, cell in enumerate(cells)))
    assert frame["cout"].tolist() == values
    assert set(bring.log("repairs")["rule"]) == ({rule} if rule else set())


def workbook(cells):
    """A workbook of works whose costs are these cells."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["travaux_id", "code_uai", "statut", "cout"])
    for row, cell in enumerate(cells):
        book.active.append([f"T{row}", "0350029S", "réalisé", cell])
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("cells", "decimal", "values", "rule"),
    [
        ([1234.5, "1 234,5"], None, [1234.5, 1234.5], ""),
        ([1.125, "12,5"], None, [1.125, 12.5], "point-read-as-decimal"),
        ([1.125, "12,5"], ",", [1.125, 12.5], "point-read-as-decimal"),
        ([1234.5, "1,234"], None, [1234.5, 1.234], "number-read-as-french"),
        ([1.125, "1,234.5"], None, [1.125, 1234.5], ""),
        ([1.125, 2], None, [1.125, 2], ""),
    ],
)
def test_a_number_in_a_workbook_is_itself_however_texts_are_written(bring, cells, decimal, values, rule) -> None:
    assert bring(workbook(cells), "a.xlsx", decimal=decimal)["cout"].tolist() == values
    assert set(bring.log("repairs")["rule"]) == ({rule} if rule else set())


def test_a_number_in_geojson_is_itself(bring) -> None:
    row = {"travaux_id": "T1", "code_uai": "0350029S", "statut": "réalisé", "cout": 1.125}
    rows = [{"type": "Feature", "properties": one} for one in (row, row | {"travaux_id": "T2", "cout": "12,5"})]
    frame = bring(json.dumps({"type": "FeatureCollection", "features": rows}), "a.geojson")
    assert frame["cout"].tolist() == [1.125, 12.5]


def test_whole_numbers_have_no_thousandths(bring) -> None:
    frame = bring("code_uai;eleves\n0350029S;1,234\n0350030T;12\n")
    assert frame["eleves"].tolist() == [1234, 12]
    assert bring.log("repairs").empty


def test_the_decimal_sign_can_be_said(bring) -> None:
    text = WORKS + "T1;0350029S;réalisé;;1,234;\n"
    assert bring(text, decimal=".")["cout"].tolist() == [1234]
    assert bring.log("repairs").empty
    with pytest.raises(UsageError, match="--decimal ';': allowed are a comma and a point"):
        bring(text, decimal=";")
    with pytest.raises(UsageError, match="--dates 'gb': allowed are iso, french, american"):
        bring(text, dates="gb")


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        (
            "date_fin",
            ["15/04/2025", "04/15/2025"],
            r"a\.csv: column 'date_fin' contradicts itself: '15/04/2025' in row 2, .* '04/15/2025' in row 3.*--dates",
        ),
        ("cout", ["1,234.5", "12,5"], r"column 'cout' contradicts itself: '12,5' in row 3, .* in row 2.*--decimal"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(bring, column, cells, message) -> None:
    rows = [{"date_fin": "", "cout": ""} | {column: cell} for cell in cells]
    text = "".join(f"T{n};0350029S;réalisé;{row['date_fin']};{row['cout']};\n" for n, row in enumerate(rows))
    with pytest.raises(UsageError, match=message):
        bring(WORKS + text)
    assert not bring.package.exists()


def test_values_that_do_not_fit_are_blanked_or_their_row_rejected(bring) -> None:
    frame = bring(
        WORKS + "T1;0350029S;RÉALISE;hier;NaN;30\nT2;0350029S;fini;;1e400;1,5\nT3;;proposé;;-5;0\n"
        "T4;0350029S;proposé;;12345678901234567890;99999999999999999999\nT5;0350029S;proposé;;;;;x\n"
    )
    assert frame["travaux_id"].tolist() == ["T1", "T4"]
    assert frame[["date_fin", "cout"]].isna().all(axis=None)
    assert frame["duree_vie"].tolist() == [30, pd.NA]
    assert (bring.found.read, bring.found.rejected) == (5, 3)
    rejects = bring.log("rejects")
    assert rejects[["line", "field", "value", "rule"]].to_numpy().tolist() == [
        ["3", "statut", "fini", "enum"],
        ["4", "code_uai", "", "required"],
        ["6", "", "x", "extra-cell"],
    ]
    repairs = bring.log("repairs")
    assert set(zip(repairs["line"], repairs["field"], repairs["value"], strict=True)) == {
        ("2", "statut", "RÉALISE"),
        ("2", "date_fin", "hier"),
        ("2", "cout", "NaN"),
        ("5", "cout", "12345678901234567890"),
        ("5", "duree_vie", "99999999999999999999"),
    }


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("mandat_id;siege_id;nom;prenom;elu;debut;terme;fin\n{}", "M{n};S1;A;B;oui;{first};;{last}\n"),
        ("mandat_id;siege_id;nom;prenom;elu;debut;terme;fin\n{}", "M{n};S1;A;B;oui;{first};{last};\n"),
        ("idee_id;tour;etape;action;debut;fin;essai\n{}", "I{n};1;construction;tester;{first};{last};x\n"),
    ],
)
def test_what_ends_before_it_begins_is_rejected(bring, text, end) -> None:
    days = [("2026-03-02", "2026-03-01"), ("2026-03-02", "2026-03-02")]
    rows = "".join(end.format(n=n, first=first, last=last) for n, (first, last) in enumerate(days))
    assert len(bring(text.format(rows))) == 1
    assert bring.log("rejects")[["line", "value", "rule"]].to_numpy().tolist() == [
        ["2", "2026-03-02, 2026-03-01", "compare-columns-value"]
    ]


def test_the_later_row_of_a_key_stays(bring) -> None:
    frame = bring(WORKS + "T1;0350029S;réalisé;;1;\nT1;0350029S;réalisé;;2;\n")
    assert frame["cout"].tolist() == [2]
    assert bring.log("rejects")[["line", "rule"]].to_numpy().tolist() == [["2", "duplicate"]]


@pytest.mark.parametrize("written", ["350029S", "0350029s", " 0350 029S\xa0", "0350029S\u200b"])
def test_school_codes_that_a_spreadsheet_spoilt(bring, written) -> None:
    assert bring(f"code_uai;lib_etablissement\n{written};A\n")["code_uai"].tolist() == ["0350029S"]
    rule = "spaces" if "\u200b" in written else "identifier"
    assert bring.log("repairs")[["rule", "replacement"]].to_numpy().tolist() == [[rule, "0350029S"]]


def test_company_numbers_that_a_spreadsheet_spoilt(bring) -> None:
    fields = "uid;id;acheteur_id;dateNotification;montant\n"
    text = fields + "u1;1;23350001600040.0;2024-05-15;5\nu2;2;233 500 016 00040;2024-05-15;5\n"
    assert bring(text)["acheteur_id"].tolist() == ["23350001600040"] * 2
    assert set(bring.log("repairs")["rule"]) == {"identifier"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [(word, True) for word in ("oui", "Vrai", "TRUE", "1", "x", "X")]
    + [(word, False) for word in ("non", "FAUX", "false", "0")],
)
def test_yes_and_no(bring, written, expected) -> None:
    assert bring(f"code_uai;internat\n0350029S;{written}\n")["internat"].tolist() == [expected]


def test_moments_without_a_zone_are_french_time(bring) -> None:
    rows = "F1;2025-07-01T00:00:00+02:00;1\nF1;01/07/2025 01:00;2\nF1;2025-01-01T00:00:00Z;3\n"
    frame = bring("station;heure;temperature\n" + rows)
    assert frame["heure"].dt.strftime("%Y-%m-%dT%H:%MZ").tolist() == [
        "2025-01-01T00:00Z", "2025-06-30T22:00Z", "2025-06-30T23:00Z",
    ]  # fmt: skip
    assert set(bring.log("repairs")["rule"]) == {"time-read-as-french", "dates-read-as-french"}


def test_stray_bytes_and_halves_of_surrogates_leave_a_line(bring) -> None:
    frame = bring("code_uai;ville\n0350029S;Lycée été à Noël\n0350030T;Caf".encode() + b"\xed\xa0\x80!\n")
    assert frame["ville"].tolist() == ["Lycée été à Noël", "Caf\ufffd!"]
    assert bring.log("repairs")[["line", "rule"]].to_numpy().tolist() == [["3", "unreadable-character"]]


def parquet(**columns) -> bytes:
    data = io.BytesIO()
    pq.write_table(pa.table(columns), data)
    return data.getvalue()


BASE = {"travaux_id": ["T1"], "code_uai": ["0350029S"], "statut": ["réalisé"]}


def test_parquet_of_plain_types(bring) -> None:
    content = parquet(
        **BASE, date_fin=[dt.date(2025, 4, 3)], cout=pa.array([1234.5]), duree_vie=pa.array([30.0]),
        energie=pa.array(["gaz"]).dictionary_encode(), autre=[[1]],
    )  # fmt: skip
    frame = bring(content, "a.parquet")
    assert frame[["cout", "duree_vie", "energie"]].to_numpy().tolist() == [[1234.5, 30, "gaz"]]
    assert frame["date_fin"].tolist() == [pd.Timestamp("2025-04-03")]
    assert bring.log("repairs")[["field", "rule"]].to_numpy().tolist() == [["autre", "column-left-out"]]


def test_the_sheets_that_are_not_read_leave_a_line(bring) -> None:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for sheet, number in ((book.active, "T1"), (book.create_sheet("2023"), "T2"), (book.create_sheet("vide"), None)):
        for row in ([*BASE], [number, "0350029S", "réalisé"]) if number else ():
            sheet.append(row)
    book.save(content)
    assert bring(content.getvalue(), "a.xlsx")["travaux_id"].tolist() == ["T1"]
    assert bring.log("repairs")[["value", "rule"]].to_numpy().tolist() == [["2023", "sheet-left-out"]]


def test_sheets_are_looked_at_whatever_a_workbook_says_of_their_size(bring) -> None:
    book, content, lying = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for sheet, number in ((book.active, "T1"), (book.create_sheet("2023"), "T2")):
        for row in ([], [*BASE], [number, "0350029S", "réalisé"]):
            sheet.append(row)
    book.save(content)
    with zipfile.ZipFile(content) as full, zipfile.ZipFile(lying, "w") as less:
        for name in full.namelist():
            less.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', full.read(name)))
    assert bring(lying.getvalue(), "a.xlsx")["travaux_id"].tolist() == ["T1"]
    assert bring.log("repairs")[["value", "rule"]].to_numpy().tolist() == [["2023", "sheet-left-out"]]


def test_a_formula_that_was_never_computed_leaves_a_line_with_its_cell(bring) -> None:
    book, content, computed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in ([*BASE, "cout", "mesure"], ["T1", "0350029S", "réalisé", "=10*5", '=IF(A2="","",A2)']):
        book.active.append(row)
    book.save(content)
    assert bring(content.getvalue(), "a.xlsx")["cout"].isna().tolist() == [True]
    lines = bring.log("repairs")[["line", "value", "rule"]].to_numpy().tolist()
    assert lines[0] == ["2", "D2: =10*5", "formula-not-computed"]
    assert len(lines) == 2
    with zipfile.ZipFile(content) as full, zipfile.ZipFile(computed, "w") as saved:
        for name in full.namelist():  # as a spreadsheet saves it: 50, and an empty text
            text = full.read(name).replace(b"<f>10*5</f><v />", b"<f>10*5</f><v>50</v>")
            saved.writestr(name, text.replace(b'<c r="E2">', b'<c r="E2" t="str">'))
    assert bring(computed.getvalue(), "a.xlsx")["cout"].tolist() == [50]
    assert bring.log("repairs").empty


def test_what_a_spreadsheet_could_not_compute_is_no_text(bring) -> None:
    frame = bring(
        ";".join([*BASE, "mesure", "cout"]) + "\nT1;0350029S;réalisé;#VALEUR!;#REF!\n#N/A;0350029S;réalisé;n° 1;2\n"
    )
    assert (frame["travaux_id"].tolist(), frame["mesure"].isna().tolist()) == (["T1"], [True])
    lines = bring.log("repairs")[["line", "field", "value", "rule"]].to_numpy().tolist()
    wanted = [["2", "mesure", "#VALEUR!", "spreadsheet-error"], ["2", "cout", "#REF!", "type-error"]]
    assert [line for line in lines if line[0] == "2"] == wanted or lines[:2] == wanted[::-1]
    assert bring.log("rejects")[["line", "field", "rule"]].to_numpy().tolist() == [["3", "travaux_id", "required"]]


def test_a_number_that_is_read_as_a_day_leaves_a_line(bring) -> None:
    frame = bring(";".join([*BASE, "date_fin"]) + "\nT1;0350029S;réalisé;03/04/2025\nT2;0350029S;réalisé;45000\n")
    assert frame["date_fin"].dt.strftime("%Y-%m-%d").tolist() == ["2025-04-03", "2023-03-15"]
    lines = bring.log("repairs")
    lines = lines[lines["rule"] == "number-read-as-day"]
    assert lines[["line", "id", "value", "replacement"]].to_numpy().tolist() == [["3", "T2", "45000", "2023-03-15"]]


def test_a_workbook_without_a_style_brings_no_warning_of_a_library(bring, recwarn) -> None:
    book, content, bare = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in ([*BASE], ["T1", "0350029S", "réalisé"]):
        book.active.append(row)
    book.save(content)
    with zipfile.ZipFile(content) as full, zipfile.ZipFile(bare, "w") as less:
        for name in full.namelist():
            text = full.read(name)
            less.writestr(name, re.sub(rb"<cellStyles.*</cellStyles>", b"", text) if "styles" in name else text)
    assert bring(bare.getvalue(), "a.xlsx")["travaux_id"].tolist() == ["T1"]
    assert not list(recwarn)


def test_a_row_of_parquet_with_an_empty_text_first_is_a_row(bring) -> None:
    content = parquet(cout=["", "5"], travaux_id=["T1", "T2"], code_uai=["0350029S"] * 2, statut=["réalisé"] * 2)
    assert bring(content, "a.parquet")["cout"].fillna(0).tolist() == [0, 5]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([5], pa.duration("s")), r"duration\[s\]"),
        (pa.array([["a", "b"]]), "list"),
        (pa.array([{"a": 1}]), "struct"),
        (pa.array([b"a"]), "binary"),
        (pa.array([dt.time(1)]), "time"),
    ],
)
def test_parquet_of_other_types_is_refused(bring, values, kind) -> None:
    with pytest.raises(UsageError, match=rf"a\.parquet: column 'cout' is of type {kind}.*Write it as text"):
        bring(parquet(**BASE, cout=values), "a.parquet")


def test_a_tie_is_settled_by_hand(tmp_path) -> None:
    fields = [{"name": "code", "type": "string", "constraints": {"required": True}}, {"name": "nom", "type": "string"}]
    for name in ("one", "two"):
        path = tmp_path / "schemas" / "u" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"name": f"u/{name}", "fields": fields, "primaryKey": ["code"]}))
    path = tmp_path / "a.csv"
    path.write_text("Code;Nom\n1;x\n")
    found = schema_readers(tmp_path / "schemas")
    with pytest.raises(UsageError, match=r"fit u/one and u/two equally well\. Say which with --as TABLE"):
        recognise(Member("a.csv", path), found)
    assert recognise(Member("a.csv", path), [found[1]]).tables == ("u/two",)


def test_a_file_of_no_table_is_told_what_it_lacks(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Nom du lycée;Commune;Élèves\nA;B;5\n")
    with pytest.raises(UsageError, match=r"which needs code_uai too; `tikub data template territory/lycees`"):
        recognise(Member("a.csv", path), schema_readers(SCHEMAS))
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(UsageError, match=r"\(\.xls\)\. Save it as \.xlsx or CSV"):
        recognise(Member("a.xls", path), schema_readers(SCHEMAS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "code_uai;ville\n0350029S;Rennes\n0350029A;Brest\n",
            "territory/lycees: code_uai must be a UAI: seven digits and the letter that they give.",
        ),
        (
            "nature;zone;debut;fin\npont;A;2025-01-01;2025-01-02\npont;D;2025-01-01;2025-01-02\n",
            "energy/calendar: zone must be one of A, B, C, toutes.",
        ),
        (
            "nature;zone;debut;fin\npont;A;2025-01-01;2025-01-02\npont;;2025-01-01;2025-01-02\n",
            "energy/calendar: zone must be filled in.",
        ),
        (
            "nature;zone;debut;fin\npont;A;2025-01-01;2025-01-02\npont;A;2025-01-03;2025-01-02\n",
            "energy/calendar: debut, fin must be in the order debut < fin.",
        ),
        (
            "nature;zone;debut;fin\npont;A;2025-01-01;2025-01-02\npont;A;bientôt;2025-01-02\n",
            "energy/calendar: debut must be of type date.",
        ),
        (
            "jure_id;equipe_id;critere;note\nj1;e1;technique;3\nj2;e1;technique;-1\n",
            "datathon/scores: note must be at least 0.",
        ),
        (
            "code_commune;annee;tranche;population\n35238;2022;ensemble;5\nRennes;2022;ensemble;5\n",
            "territory/census: code_commune must be written like 35238 ((\\d{5}|2[AB]\\d{3})).",
        ),
    ],
)
def test_a_rejected_row_is_told_what_its_value_must_be(bring, text, said) -> None:
    bring(text)
    assert bring.log("rejects")["message"].tolist() == [said]


def test_every_rule_of_every_schema_is_a_sentence() -> None:
    for table in TABLES:
        schema = read_schema(SCHEMAS / f"{table}.json")
        rules = [((field,), rule) for field in schema.fields for rule in (*field.constraints, "type-error")]
        rules += [(tuple(map(schema.field, check.columns)), check.name) for check in schema.custom_checks]
        for fields, rule in rules:
            if rule != "unique":  # a row that repeats a key replaces the one before
                assert not re.search(rule + r"|[{}]|True", staging._limit(schema, fields, rule).partition("(")[0]), (
                    table
                )


def test_other_columns_are_no_obstacle_where_the_table_is_said(bring) -> None:
    text = "code_uai;" + ";".join(f"c{n}" for n in range(9)) + "\n0350029S" + ";1" * 9 + "\n"
    with pytest.raises(UsageError, match="no known format"):
        bring(text)
    assert bring(text, table="energy/sites")["code_uai"].tolist() == ["0350029S"]
    assert len(bring.log("repairs")) == 9


def test_blank_lines_are_no_rows_and_short_rows_are(bring) -> None:
    frame = bring("code_uai;ville;eleves\n\n0350029S\n;;\n\n0350030T;Rennes\n")
    assert frame["ville"].tolist()[1:] == ["Rennes"]
    assert bring.found.read == 2


def test_a_table_of_many_rows_is_read_in_batches(bring, monkeypatch) -> None:
    monkeypatch.setattr(by_schema, "SIZE", 7)
    rows = "".join(f"F{n};{n / 10}\n".replace(".", ",") for n in range(40))
    frame = bring("station;latitude\n" + rows)
    assert len(frame) == 40
    assert frame.set_index("station")["latitude"]["F39"] == 3.9


def test_the_readme_of_a_template_is_no_table(tmp_path) -> None:
    path = write_template("energy/sites", SCHEMAS, tmp_path)[1]
    assert README in path.name
    with pytest.raises(UsageError, match="no known format"):
        recognise(Member(path.name, path), schema_readers(SCHEMAS))
