"""What a folder requires: pip is asked of plain names only, and builds nothing."""

import zipfile

from tikub_lab.checks import requirements
from tikub_lab.checks.findings import Finding, Unchecked


def wheel(folder, name, version, requires=()):
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        needs = "".join(f"Requires-Dist: {item}\n" for item in requires)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def test_what_can_be_had_and_what_cannot(tmp_path, found):
    wheel(tmp_path / "wheels", "essai_a", "1.0", ["essai-b>=2"])
    wheel(tmp_path / "wheels", "essai_b", "2.1")
    path = tmp_path / "requirements.txt"
    path.write_text("essai-a==1.0 \\\n    --hash=sha256:00\nessai-b # second\n")
    assert found(tmp_path, [requirements.check])[1] == []
    path.write_text("essai-a==3.0\n")
    kinds, _, _ = found(tmp_path, [requirements.check])
    assert "essai-a==3.0" in kinds["unresolved"].why


def test_nothing_that_leads_elsewhere_reaches_pip(tmp_path, found, monkeypatch):
    monkeypatch.setattr(requirements.subprocess, "run", None)  # to call it would break the check
    lines = ["--index-url https://example.org", "-e .", "./local", "git+https://example.org/a.git",
             "a @ https://example.org/a.whl", "-r ../../other.txt"]  # fmt: skip
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    _, said, _ = found(tmp_path, [requirements.check])
    assert [item.kind for item in said if isinstance(item, Finding)] == ["foreign_requirement"] * len(lines)
    assert not [item for item in said if isinstance(item, Unchecked)]


def test_without_network_it_is_said(tmp_path, found, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    (tmp_path / "requirements.txt").write_text("essai-a\n")
    _, said, _ = found(tmp_path, [requirements.check])
    (unchecked,) = said
    assert "ne répond pas" in unchecked.reason
