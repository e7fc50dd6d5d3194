"""OCDS releases: their packages, their odd types, their moments."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.procurement.flags.ocds import compiled, from_releases, json_of, moment, read_releases, whole_days

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


def test_what_is_no_release_is_counted():
    found = from_releases([{"ocid": "a"}, {"ocid": 1}, {}, None, [], "a", {"releases": [{"ocid": "b"}, 3]}])
    assert found.tenders["ocid"].tolist() == ["a", "b"]
    assert found.skipped == 6


def test_odd_types_count_as_absent():
    odd = {"ocid": "a", "tender": [], "awards": {}, "bids": {"details": "bids"}, "buyer": {"id": 4}}
    found = from_releases([odd, {"ocid": "b", "bids": {"details": [None, {"status": 1, "value": {"amount": "3"}}]}}])
    assert found.tenders[["final", "awarded", "winner", "buyer"]].to_numpy().tolist() == [[False, False, -1, -1]] * 2
    assert found.bids["status"].isna().all()
    assert found.bids["amount"].isna().all()


def test_parties_of_all_roles_have_one_number():
    bids = {"details": [{"status": "valid", "tenderers": [{"id": "A"}]}]}
    award = {"status": "active", "suppliers": [{"id": "A"}], "items": [{"classification": {"id": "45210000"}}]}
    found = from_releases([{"ocid": "o", "buyer": {"id": "B"}, "bids": bids, "awards": [award]}])
    assert sorted(found.parties) == ["A", "B"]
    at = found.parties.tolist().index("A")
    assert found.bids["tenderer"].tolist() == found.suppliers["party"].tolist() == found.items["party"].tolist() == [at]


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


@given(st.datetimes(timezones=zones), st.datetimes(timezones=zones))
def test_moments_agree_with_the_standard_library(start, end):
    seconds = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    found = moment(start.isoformat())
    assert found == (seconds // 1_000_000, seconds % 1_000_000 * 1000)
    assert whole_days(start.isoformat(), end.isoformat()) == int((end - start) / timedelta(days=1))


@pytest.mark.parametrize(
    "text",
    [*(f"2024-{end}T00:00:00Z" for end in ("01-32", "02-30", "03-32", "04-31", "06-31", "11-31", "12-32")),
     "2024-01-00T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01",
     "2024-01-01T00:00:00", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00Z", "٢٠٢٤-01-01T00:00:00Z", "", None, 5],
)  # fmt: skip
def test_what_is_no_moment(text):
    assert moment(text) is None


def test_a_leap_second_lasts():
    # From 04:01:00 to 04:00:60 fourteen days later a second is missing to the fifteenth.
    assert whole_days("2023-12-31T04:01:00Z", "2024-01-15T04:00:60Z") == 14
    assert whole_days("2023-12-31T04:00:59Z", "2024-01-15T04:00:60Z") == 15
