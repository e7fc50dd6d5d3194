"""Secrets: the ways to give one, and that none of them leaves a run (E3, E4)."""

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.reports import private
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import Notebook
from tikub_lab.reports.parameters import check, declared, secrets
from tikub_lab.reports.plan import plan
from tikub_lab.reports.run import Report
from tikub_lab.tables.package import open_package

TOKEN = 'tr3s/s3cr3t "été\\4 & <b>'
LINES = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\nqD3kkWpPOkq1\n-----END KEY-----"


def written(token):
    """The ways in which a text stands in a page, a manifest, a file or an error."""
    texts = [token, repr(token)[1:-1], json.dumps(token)[1:-1], json.dumps(token, ensure_ascii=False)[1:-1]]
    texts += [quote(token), quote(token, safe=""), quote_plus(token), quote(token, safe="").lower()]
    return [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le", "utf-16-be")]


SAYS = (
    "py:import json\nfrom urllib.parse import quote, quote_plus\nfrom IPython.display import HTML, display\n"
    "from tikub_lab import show\n"
    "show.title(f'Titre {token}', f'Sous-titre {token}')\n"
    "print(token, [token], 'jeton_' + token + '_fin', json.dumps({'a': token}), quote(token), quote_plus(token), "
    "quote(token, safe=''), quote(token, safe='').lower())\n"
    "display(HTML(f'<p title=\"{quote(token)}\">{json.dumps(token)}</p>'), {'text/plain': token})\n"
    "show.file('a.csv', ('clé;' + token).encode('utf-16'), f'Fichier {token}')\n"
    "show.file('b.csv', ('clé;' + token).encode('utf-16-be'), 'Fichier')\n"
    "show.file('c.csv', ('clé;' + token).encode('latin-1'), 'Fichier')\n"
    "show.file('d.json', json.dumps({'a': 'x' + token + 'y'}), 'Fichier')"
)
FAILS = {
    "quoted": "raise ValueError(f'https://x.example/?k={quote(token)}&l={quote_plus(token)}')",
    "looked_up": "{}[token]",
    "raw": "raise ValueError('x' * 590 + token)",
}
COMPUTED = "import os\nfrom tikub_lab import Secret\ntoken: Secret = Secret(os.environ.get('E3_TOKEN', ''))  # jeton"
LITERAL = f"from tikub_lab import Secret\ntoken: Secret = {TOKEN!r}"


WAYS = [("named", "tikub", FAILS), ("default", "kernel", ["quoted"])]
OTHER_WAYS = [("default", "kernel", FAILS), *((way, "tikub", FAILS) for way in ("given", "file", "literal", "default"))]


@pytest.mark.parametrize(
    ("way", "engine", "fails"), [*WAYS, *(pytest.param(*way, marks=pytest.mark.proof) for way in OTHER_WAYS)]
)
def test_no_secret_leaves_a_run_e3(bench, tmp_path, tikub_here, monkeypatch, way, engine, fails):
    parameters = (f"py:{LITERAL if way == 'literal' else COMPUTED}", ["parameters"])
    bench.write("dit", "# Dit", parameters, SAYS)
    for name in fails:
        bench.write(name, f"# {name}", parameters, f"py:from urllib.parse import quote, quote_plus\n{FAILS[name]}")
    (tmp_path / "token.txt").write_text(TOKEN + "\n", encoding="utf-8")
    given = {"given": TOKEN, "file": f"@{tmp_path / 'token.txt'}", "named": "env:E3_OTHER"}.get(way)
    environment = {"named": {"E3_OTHER": TOKEN}, "default": {"E3_TOKEN": TOKEN}}.get(way, {})
    for name, value in ({"TIKUB_HOME": str(bench.home)} | environment).items():
        monkeypatch.setenv(name, value)
    ran = tikub_here("report", *(["-p", f"token={given}"] if given else []), "--engine", engine, "--out", bench.out)
    document = json.loads((bench.out / "build.json").read_text(encoding="utf-8"))
    states = {item["notebook"]: item["status"] for item in document["reports"]}
    assert states == {"dit": "done", **dict.fromkeys(fails, "failed")}, ran.stderr
    kept = {path: path.read_bytes() for path in bench.out.rglob("*") if path.is_file()}
    assert len([path for path in kept if path.suffix in {".csv", ".json"}]) == 5
    for where, content in [*kept.items(), ("terminal", (ran.stdout + ran.stderr).encode())]:
        assert [form for form in written(TOKEN) if form in content] == [], where
    assert kept[bench.out / "dit/dit.a.csv"].decode("utf-16") == "clé;…"


def test_what_has_a_secret_is_made_again_each_time_e4():
    def report(source, **given):
        return Report(Notebook("essai", Path("essai.ipynb"), "Essai", source, {}), given, "essai")

    assert report(COMPUTED).has_secret()
    assert report(LITERAL, token="x").has_secret()
    assert not report(LITERAL).has_secret()


def test_the_name_of_a_file_may_not_hold_a_secret_e3(bench):
    cell = "py:from tikub_lab import show\nshow.file(f'{token}.csv', 'a', 'Un fichier')"
    bench.write(
        "nom", "# Nom", ("py:token: Secret = ''", ["parameters"]), cell.replace("import show", "import show, Secret")
    )
    package = open_package(bench.home / "data")
    reports = plan(bench.home / "notebooks", ["nom"], {"token": "abcdefgh-1234"}, package)
    (entry,) = build(reports, bench.home, bench.out, package, Settings(), lambda entry: None)["reports"]
    assert entry["status"] == "failed"
    assert "holds a secret" in entry["reason"] or "Secret" in entry["reason"]
    assert not [path for path in bench.out.rglob("*") if "abcdefgh" in path.name]


@pytest.mark.parametrize(
    ("secret", "text", "hidden"),
    [
        ("abc", "abc", "abc"),
        ("abcd", "abcd, xabcd, abcd1", "…, xabcd, abcd1"),
        ("abcdefg", "abcdefg abcdefgh", "… abcdefgh"),
        ("abcdefgh", "abcdefgh xabcdefghx", "… x…x"),
        ("abcdefgh\nijklmno", "xabcdefghx ijklmno", "x…x ijklmno"),  # of several lines, each long one
        (LINES, "clé : MIIEpAIBAAKCAQEA7", "clé : …"),
        (LINES, "clé : " + " ".join(LINES.split()), "clé : …"),
    ],
)
def test_where_a_secret_begins_and_ends_e3(secret, text, hidden):
    """A secret of four characters is hidden as a word, one of eight wherever it stands, a shorter one never."""
    assert private.scrub(text, secrets=[secret]) == hidden
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        assert private.scrub_bytes(text.encode(encoding), secrets=[secret]).decode(encoding) == hidden


def test_a_secret_in_a_path_is_hidden_too_e3():
    assert private.scrub("/home/ana/s3cr3t-1234.csv", ["/home/ana"], ["s3cr3t-1234"]) == "…/….csv"


def test_a_computed_default_is_not_evaluated_before_the_report_runs_e4(monkeypatch):
    monkeypatch.setenv("E3_TOKEN", "tr3s-s3cr3t")
    made = Notebook("essai", Path("essai.ipynb"), "Essai", COMPUTED, {})
    assert declared(made)["token"].default is None
    assert secrets(made, {}) == []
    assert secrets(made, {}, evaluate=True) == ["tr3s-s3cr3t"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("@/nowhere/at/all", "the file that is named after @ could not be read (No such file or directory)"),
        ("@/", "Is a directory"),
        ("env:E3_NOWHERE", "the environment has no variable 'E3_NOWHERE', or it is empty"),
    ],
)
def test_a_secret_that_is_not_where_it_is_said_to_be_e4(text, says):
    made = Notebook("essai", Path("essai.ipynb"), "Essai", "cles: list[Secret] = []", {})
    with pytest.raises(UsageError, match="essai: cles: ") as error:
        check(made, {"cles": text})
    assert says in str(error.value)
