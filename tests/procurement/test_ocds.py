"""OCDS releases: their packages, their odd types, their moments."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.procurement.published.ocds import compiled, flattened, json_of, read_releases, utc

RELEASES = [{"ocid": f"o{n}", "tender": {"title": "é", "numberOfTenderers": n}} for n in range(3)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("shape", ["lines", "releases", "records", "packages a line"])
def test_every_shape_gives_the_same_releases(tmp_path, shape, indent):
    path = tmp_path / "file"
    package = {"uri": "x", "publisher": {"name": "records"}, "releases": RELEASES}
    record = {"uri": "x", "records": [{"ocid": item["ocid"], "compiledRelease": item} for item in RELEASES]}
    if shape == "lines":
        text = "\n\n".join(map(json.dumps, RELEASES))
    elif shape == "packages a line":
        text = "\n".join(json.dumps({"releases": [item]}) for item in RELEASES)
    else:
        text = json.dumps(package if shape == "releases" else record, indent=indent, ensure_ascii=False)
    path.write_text(text, encoding="utf-8-sig")
    assert list(read_releases(path)) == RELEASES


def test_a_package_cut_short_is_told(tmp_path):
    path = tmp_path / "cut.json"
    path.write_text(json.dumps({"releases": RELEASES}, indent=1)[:-20], encoding="utf-8")
    with pytest.raises(UsageError, match=r"not complete JSON.*Download it again"):
        list(read_releases(path))


def flat(release):
    """The rows of a release, and what the register has no place for."""
    notes = []
    rows = flattened(release, lambda *note: notes.append(note))
    return [{name: value for name, value in row.items() if value} for row in rows], notes


def test_odd_types_count_as_absent_and_are_noted():
    odd = {"ocid": "a", "tender": [], "awards": {}, "bids": {"details": "bids"}, "buyer": {"id": 4}}
    plain = {"consultation_id": "a", "lot": "0", "offre": "1", "rang": "1", "source": "OCDS", "attributions": "0"}
    assert flat(odd) == ([plain], [])
    bids = {"details": [None, {"status": 1, "value": {"amount": "3"}}]}
    rows, notes = flat({"ocid": "a", "bids": bids, "tender": {"numberOfTenderers": -1}})
    assert rows == [plain, plain | {"offre": "2"}]
    assert notes == [("nombreCandidats", -1, "integer"), ("montant", "3", "number")]


def test_awards_of_a_release_keep_their_suppliers_and_items_apart():
    def award(*names, code=None):
        items = [{"classification": {"id": code}}] if code else []
        return {"status": "active", "suppliers": [{"id": name} for name in names], "items": items}

    bids = {"details": [{"status": "valid", "tenderers": [{"id": name}]} for name in "AB"]}
    awards = [award("A", code="45210000"), award("A", "B", code="33100000"), award("C", code="90500000"), award("C")]
    rows, _ = flat({"ocid": "o", "bids": bids, "awards": [*awards, {"status": "cancelled"}]})
    found = [[row.get(name) for name in ("offre", "candidat_id", "retenue", "seul", "codeCPV")] for row in rows]
    everything = "45210000|33100000|90500000"
    assert found == [
        ["1", "A", "true", "true", "45210000"], ["2", "B", "true", "false", everything],
        ["3", "C", "true", "true", "90500000"],
    ]  # fmt: skip
    assert {row["attributions"] for row in rows} == {"4"}


@pytest.mark.parametrize("text", ['{"a": "\\ud83d"}', "{", "", '{"a" 1}', "[" * 100_000])
def test_lines_that_are_not_json(text):
    assert json_of(text) is None


def test_a_number_that_json_has_not_is_text_for_who_reads_the_field():
    assert json_of('{"a": Infinity, "b": 1}') == {"a": "Infinity", "b": 1}


def test_pairs_of_surrogates_are_text():
    assert json_of('"\\ud83d\\ude00"') == "😀"


def test_records_without_a_compiled_release():
    assert list(compiled({"records": [{"ocid": "a"}, 1]})) == [None, None]


zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones))
def test_moments_agree_with_the_standard_library(moment):
    assert datetime.fromisoformat(utc(moment.isoformat())) == moment


@pytest.mark.parametrize(
    "text",
    [*(f"2024-{end}T00:00:00Z" for end in ("01-32", "02-30", "03-32", "04-31", "06-31", "11-31", "12-32")),
     "2024-01-00T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01",
     "2024-01-01T00:00:00", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00Z", "٢٠٢٤-01-01T00:00:00Z", "", 5,
     "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_moment_is_noted(text):
    rows, notes = flat({"ocid": "a", "tender": {"tenderPeriod": {"endDate": text}}})
    assert "dateLimite" not in rows[0]
    assert notes == [("dateLimite", text, "moment")]


def test_a_leap_second_is_the_next_one():
    assert utc("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00Z"
