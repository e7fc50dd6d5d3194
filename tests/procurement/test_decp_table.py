"""DECP in tabular form: columns, separators, encodings, types of Parquet, broken rows."""

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.procurement.formats import READERS
from tikub_lab.procurement.published import decp_table, documents
from tikub_lab.tables.archives import Member
from tikub_lab.tables.readers import Head, recognise
from tikub_lab.tables.texts import MAX_CELL

ROW = {
    "id": "2024-001",
    "acheteur_id": "23350001600040",
    "acheteur_region_code": "53",
    "titulaire_id": "90000001900019",
    "titulaire_denominationSociale": "Chauffage de l'Odet (fictif)",
    "codeCPV": "45214200",
    "procedure": "Procédure adaptée",
    "offresRecues": "3",
    "dureeMois": "12",
    "montant": "61100",
    "dateNotification": "2024-05-15",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.bin"


def reader_of(path):
    return next((reader.name for reader in READERS if reader.recognises(Head.of(path))), None)


def lines(*rows, separator=","):
    table = [list(ROW), *([str({**ROW, **row}[name]) for name in ROW] for row in rows)]
    return "".join(separator.join(cells) + "\r\n" for cells in table)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_separators_and_encodings(path, separator, encoding):
    path.write_bytes(lines({}, separator=separator).encode(encoding))
    assert reader_of(path) == "decp-csv"
    (batch,) = decp_table.read_csv(path)
    (row,) = batch.tables["procurement/rows"].to_dict("records")
    assert (row["procedure"], row["titulaire_nom"]) == ("Procédure adaptée", "Chauffage de l'Odet (fictif)")
    assert (row["acheteur_region"], row["_line"], row["_rows"]) == ("53", 2, 1)


def test_columns_that_are_absent_or_unknown_are_no_fault(path):
    path.write_text(lines({}).replace("\r\n", ",x\r\n").replace("dureeMois", "anomalies"))
    (batch,) = decp_table.read_csv(path)
    assert batch.rejects.empty
    assert "dureeMois" not in batch.tables["procurement/rows"]


def test_rows_of_another_width_are_rejects_with_their_line(path):
    path.write_text(lines({}, {"montant": "1,5"}, {}) + "\r\n" + "2024-009,2335\r\n")
    (batch,) = decp_table.read_csv(path)
    assert batch.rows_read == 4
    assert batch.rejects[["line", "rule", "value"]].to_numpy().tolist() == [
        [3, "row-width", "12 cells"],
        [6, "row-width", "2 cells"],
    ]
    assert batch.tables["procurement/rows"]["_line"].tolist() == [2, 4]


def test_a_broken_row_is_a_reject(path):
    path.write_text(lines({"montant": "0"}, {"acheteur_id": "1"}, {"dureeMois": ""}, {}))
    (batch,) = decp_table.read_csv(path)
    assert batch.rejects[["line", "rule"]].sort_values("line").to_numpy().tolist() == [
        [2, "amount-too-low"],
        [3, "buyer-siret"],
        [4, "value-missing"],
    ]
    assert len(batch.tables["procurement/rows"]) == 1


def test_price_forms_of_2019_become_types(path):
    path.write_text(lines({}).replace("offresRecues", "formePrix").replace(",3,", ",Ferme,"))
    (batch,) = decp_table.read_csv(path)
    (row,) = batch.tables["procurement/rows"].to_dict("records")
    assert row["typesPrix"] == "Définitif ferme"
    assert pd.isna(row["formePrix"])


def test_lists_in_a_cell(path):
    path.write_text(lines({}).replace("offresRecues", "techniques").replace(",3,", ',"Concours, Accord-cadre",'))
    (batch,) = decp_table.read_csv(path)
    assert batch.tables["procurement/rows"]["techniques"].tolist() == ["Concours|Accord-cadre"]


def test_parquet_with_types(path):
    frame = pd.DataFrame([ROW, {**ROW, "id": "2"}]).astype(
        {"acheteur_id": "int64", "montant": "float64", "dureeMois": "int32", "dateNotification": "datetime64[us]"}
    )
    frame["acheteur_id"] = [23350001600040, 5720078400017]  # the second lost its first zero
    frame["techniques"] = [["Concours", "Accord-cadre"], []]
    frame["donneesActuelles"] = [True, False]
    frame.to_parquet(path)
    assert reader_of(path) == "decp-parquet"
    (batch,) = decp_table.read_parquet(path)
    rows = batch.tables["procurement/rows"]
    assert batch.repairs.empty
    assert rows["dateNotification"].tolist() == ["2024-05-15"]
    assert rows["techniques"].tolist() == ["Concours|Accord-cadre"]
    assert rows["donneesActuelles"].tolist() == ["true"]
    assert batch.rejects[["line", "value"]].to_numpy().tolist() == [[2, "05720078400017"]]


def test_csv_and_parquet_give_the_same_rows(path, tmp_path):
    path.write_text(lines({}, {"id": "B", "titulaire_id": "90000002700012"}))
    pd.read_csv(path, dtype=str).to_parquet(tmp_path / "p")
    (one,), (other,) = decp_table.read_csv(path), decp_table.read_parquet(tmp_path / "p")
    pd.testing.assert_frame_equal(
        one.tables["procurement/rows"].drop(columns="_line"),
        other.tables["procurement/rows"].drop(columns="_line"),
    )


def test_a_truncated_parquet_is_an_error(path):
    pd.DataFrame([ROW]).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    assert reader_of(path) is None
    with pytest.raises(UsageError, match="a Parquet file that is damaged"):
        recognise(Member("a", path), READERS)


def test_a_quote_that_never_ends_is_an_error(path):
    path.write_text(lines({"id": '"open'}) + "x" * MAX_CELL)
    with pytest.raises(UsageError, match=r"line \d: .*quote left open"):
        list(decp_table.read_csv(path))


@pytest.mark.parametrize("text", ["id,montant\n1,2\n", "CODE;DE\n", "\n\n"])
def test_other_tables_are_not_recognised(path, text):
    path.write_text(text)
    assert reader_of(path) is None


NATIONAL = (
    "id;codecpv;dureemois;techniques;titulaire_denominationsociale_1;titulaire_id_1;titulaire_typeidentifiant_1;titulaire_id_2;"
    "titulaire_typeidentifiant_2;montant;datenotification;acheteur_id;idmodification;montantmodification\n"
    "A;45000000-7;12;Concours, Catalogue électronique;Bâtiments (fictif);90000001900019;SIRET;CDL;CDL;"
    "100000.0;2024-05-02;23350001600040;CDL;CDL\n"
    "B;45000000-7;12;CDL;;90000001900019;SIRET;90000002700012;SIRET;50000.0;2024-06-02;23350001600040;1;55000.0\n"
    "C;45000000-7;12;CDL;;CDL;CDL;CDL;CDL;10.0;2024-06-02;23350001600040;CDL;CDL\n"
    "too;short\n"
)


def test_the_national_file_has_firms_side_by_side_and_an_amendment_behind(path):
    path.write_text(NATIONAL)
    assert reader_of(path) == "decp-national"
    (batch,) = documents.read_national(path)
    contracts, firms, changes = (
        batch.tables[f"procurement/{name}"] for name in ("contracts", "suppliers", "amendments")
    )
    assert contracts[["_line", "id", "montant", "techniques"]].fillna("").to_numpy().tolist() == [
        [2, "A", "100000.0", "Concours|Catalogue électronique"], [3, "B", "50000.0", ""],
    ]  # fmt: skip
    assert firms[["_line", "titulaire_id"]].to_numpy().tolist() == [
        [2, "90000001900019"], [3, "90000001900019"], [3, "90000002700012"],
    ]  # fmt: skip
    assert firms["titulaire_nom"].tolist()[0] == "Bâtiments (fictif)"
    assert changes[["_line", "modification_id", "montant"]].to_numpy().tolist() == [[3, "1", "55000.0"]]
    assert batch.rows_read == 4
    assert batch.rejects[["line", "rule"]].drop_duplicates().to_numpy().tolist() == [
        [5, "row-width"],
        [4, "supplier-missing"],
    ]
    assert "CDL" not in batch.tables["judged/lines"].to_string()
