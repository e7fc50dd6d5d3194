"""Recognition says yes or no, in linear time, and an import of any bytes succeeds or says in one line why not."""

import gzip
import io
import json
import random
import time
import zipfile

import openpyxl
import pandas as pd
import pytest

from tikub_lab.errors import TikubError
from tikub_lab.tables.by_schema import schema_readers
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import workbench
from tikub_lab.tables.readers import Head, Reader
from tikub_lab.use_cases import readers

READERS = [*readers(), *schema_readers(workbench() / "data" / "schemas")]


def workbook() -> bytes:
    book, data = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["code_uai", "ville"])
    book.active.append(["0350029S", "Rennes"])
    book.save(data)
    return data.getvalue()


def parquet() -> bytes:
    return pd.DataFrame({"code_uai": ["0350029S"], "ville": ["Rennes"]}).to_parquet()


def zipped(content: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return data.getvalue()


MARCHE = {"id": "2024-1", "montant": 5, "objet": "é", "acheteur": {"id": "23350001600040"}, "titulaires": []}
WHOLE = {
    "decp-json": json.dumps({"marches": [MARCHE]}).encode(),
    "decp-2022": json.dumps({"marches": {"marche": [MARCHE], "contrat-concession": []}}).encode(),
    "decp-xml": "<?xml version='1.0'?><marches><marche><id>1</id><objet>é</objet></marche></marches>".encode(),
    "ocds": json.dumps({"ocid": "a", "bids": {"details": [{"status": "valid", "tenderers": [{"id": "1"}]}]}}).encode(),
    "green-button": b'<feed xmlns="http://naesb.org/espi"><entry><content><IntervalBlock/></content></entry></feed>',
    "decp-national": b"id;acheteur_id;titulaire_id_1;montant;datenotification\n1;2;3;4;2024-05-15\n",
    "decp-csv": b"id;acheteur_id;titulaire_id;montant;dateNotification\n1;2;3;4;2024-05-15\n",
    "bills": "Compteur;Début;Fin;kWh\nG1;01/01/2025;31/01/2025;1 200,5\n".encode("cp1252"),
    "sites": b"code_uai;ville;eleves\n0350029S;Rennes;1 234\n",
    "temperatures": gzip.compress(b"dt,tempC\n2025-01-01T00:00:00Z,1\n2025-01-01T01:00:00Z,2\n"),
    "metadata": b'{"meter_data_filename": "a", "interpretation": "b"}',
    "workbook": workbook(),
    "parquet": parquet(),
    "zip": zipped(b"code_uai;ville\n0350029S;Rennes\n"),
}


def spoilt(seed: int) -> bytes:
    """Draw bytes of no form, or a file cut short, doubled, with bytes changed, or with another's end."""
    rng = random.Random(seed)
    whole = rng.choice(list(WHOLE.values()))
    at = rng.randrange(len(whole) + 1)
    how = seed % 6
    if how == 0:
        return rng.randbytes(rng.randrange(1, 400))
    if how == 1:
        start = rng.choice(
            [b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"<?xml", b"{", b"[", b"\xff\xfe", b"\xef\xbb\xbf", b"%PDF"]
        )
        return start + rng.randbytes(rng.randrange(300))
    if how == 2:
        return whole[:at]
    if how == 3:
        return whole + whole[:at]
    if how == 4:
        changed = bytearray(whole)
        for _ in range(rng.randrange(1, 9)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    return whole[:at] + rng.choice(list(WHOLE.values()))[-at:]


def test_no_head_makes_a_recogniser_raise(tmp_path) -> None:
    path = tmp_path / "a"
    known = set()
    for seed in range(600):
        path.write_bytes(spoilt(seed))
        head = Head.of(path)
        for reader in READERS:
            answer = reader.recognises(head)
            assert answer in (True, False), reader.name
            known |= {reader.name} if answer else set()
    assert len(known) > 8  # or else nothing was tried


def test_what_a_recogniser_raises_means_no(tmp_path) -> None:
    def recognises(head):
        raise MemoryError

    path = tmp_path / "a"
    path.write_bytes(b"a")
    assert Reader("a", "A", (), recognises, lambda path: iter(())).recognises(Head.of(path)) is False


SLOW = {
    "comments before XML": b"<?xml version='1.0'?>" + b"<!-- a -- b > -->\n" * 28 + b"<other/>",
    "comments before HTML": b"<!DOCTYPE html>" + b"<!-- x -->" * 5_000 + b"<html>",
    "comments that never end": b"<!-- " * 50_000,
    "a document type": b"<!DOCTYPE a [" + b"<!ENTITY b 'c'>" * 9_000 + b"]><a/>",
    "blanks before JSON": b" " * 2_000 + b'{"a": 1}',
    "many blanks before JSON": b" \n" * 100_000 + b'{"a": 1}',
    "deep JSON": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "deep marches": b'{"marches":' * 20_000,
    "many plain keys": b'{"a": 1, ' * 20_000,
    "backslashes": b'{"a": "' + b"\\" * 200_001,
    "a long line": b'{"releases": [{"ocid": "' + b"a" * 200_000 + b'"}]}',
    "one long cell": b'"' + b"a,b;" * 60_000,
    "quotes": b'"' * 200_001,
    "delimiters": b";" * 200_000,
    "lines": b"\n" * 250_000,
    "digits": b"1" * 250_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_recognition_takes_no_longer_for_odd_files_than_for_their_size(tmp_path, name) -> None:
    """A plain file of the same size is read in the same run: no clock of one machine decides."""
    path, plain = tmp_path / "odd", tmp_path / "plain"
    path.write_bytes(SLOW[name])
    plain.write_bytes(b"a;b;c;1,5\n" * 25_000)

    def taken(file) -> float:
        start = time.process_time()
        head = Head.of(file)
        for reader in READERS:
            reader.recognises(head)
        return time.process_time() - start

    taken(plain)
    assert min(taken(path) for _ in range(3)) < 10 * max(taken(plain) for _ in range(3)) + 0.05


def test_root_elements_are_found_behind_anything() -> None:
    def root(text: str) -> str:
        return Head(workbench(), text.encode()).root

    assert root("<?xml version='1.0'?>\n<!-- a > b --><!DOCTYPE x [<!ENTITY y '>'>]><ns:marches a='b'>") == "marches"
    assert root("\ufeff  <html>") == "html"
    assert root("<!-- <marches>") == root("text <marches>") == root("") == ""


def said(path, package) -> str:
    """Import a file; return the error's line, "" where it succeeds."""
    try:
        found = import_files([path], package, readers())
    except TikubError as error:
        return str(error) or "nothing"
    assert all(item.read == item.kept + item.rejected for item in found)
    return ""


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=pytest.mark.proof) for start in range(100, 500, 100))]
)
def test_an_import_of_any_bytes_succeeds_or_says_why_not(tmp_path, start) -> None:
    path, outcomes = tmp_path / "a", set()
    for seed in range(start, start + 100):
        path.write_bytes(spoilt(seed + 7_000))
        outcomes.add(said(path, tmp_path / f"package-{seed}"))
    assert not [outcome for outcome in outcomes if "\n" in outcome]
    assert {"", *outcomes} == outcomes  # some succeed


@pytest.mark.parametrize(
    "content",
    [
        b"<marches>" + b"<a>" * 2_000 + b"</a>" * 2_000 + b"</marches>",
        b"<marches><marche>" + b"<a>" * 2_000 + b"</a>" * 2_000 + b"</marche></marches>",
        b"<?xml version='1.0' encoding='utf-7'?><marches><marche><id>1</id></marche></marches>",
        b"<?xml version='1.0' encoding='nothing'?><marches><marche><id>1</id></marche></marches>",
        b"<?xml version='1.0' encoding='utf-16'?><marches><marche><id>1</id></marche></marches>",
        b'{"marches": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b'{"ocid": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'<feed xmlns="http://naesb.org/espi"><entry>' + b"<a>" * 2_000 + b"</a>" * 2_000 + b"</entry></feed>",
    ],
)
def test_deep_and_odd_files_are_one_line(tmp_path, content) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    outcome = said(path, tmp_path / "package")
    assert "\n" not in outcome
    assert len(outcome) < 1_500
