"""What `tikub check` wrote is imported beside the jury's scores, a line a criterion, and never one for relevance."""

import json

import pytest

from tikub_lab.datathon import formats
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Head


def written(path, **changes):
    findings = [{"criterion": name} for name in ("technique", "technique", "responsabilite")]
    found = {"format": "tikub-check/1", "subject": "E03", "day": "2026-11-27", "findings": findings} | changes
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return path


def test_findings_are_counted_by_criterion(tmp_path):
    path = written(tmp_path / "E03.json")
    (reader,) = (item for item in formats.READERS if item.recognises(Head.of(path)))
    (batch,) = (item for item in reader.read(path) if item.rows_read)
    rows = batch.tables["datathon/checks"]
    assert dict(zip(rows["critere"], rows["constats"], strict=True)) == {
        "technique": "2", "ergonomie": "0", "responsabilite": "1"
    }  # fmt: skip
    assert set(rows["equipe_id"]) == {"E03"}
    assert batch.rejects.empty


@pytest.mark.parametrize("changes", [{"findings": 3}, {"findings": [{}]}, {"findings": ["x"]}])
def test_what_is_no_result_is_refused_in_one_line(tmp_path, changes):
    with pytest.raises(UsageError, match="Make it again") as error:
        list(formats._checks(written(tmp_path / "E03.json", **changes)))
    assert len(str(error.value).splitlines()) == 1
