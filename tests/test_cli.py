"""The command line: one clear line and the right exit code, whatever comes in."""

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def tikub(*arguments, cwd, **environment):
    """Run `tikub` as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "tikub_lab", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=300,
    )


def tree(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def commands(text):
    """Commands that a help page lists."""
    return re.findall(r"^[│|]?\s*([a-z]+)\s{2,}", text, flags=re.M)


def test_clean_says_in_one_line_what_went(tikub_here, monkeypatch, tmp_path):
    monkeypatch.setenv("TIKUB_CACHE", str(tmp_path))
    folder = tmp_path / "energy.savings"
    folder.mkdir()
    (folder / ("a" * 40)).write_bytes(b"x" * 1_500_000)
    (tmp_path / "notes.txt").write_text("mine")
    none = tikub_here("clean")
    assert (none.returncode, none.stdout) == (2, "")
    assert none.stderr.startswith("tikub: clean: say what: --cache, ")
    assert len(none.stderr.splitlines()) == 1
    done = tikub_here("clean", "--cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}: 1 file of results removed, 1.5 MB.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_version_columns_and_pages(root, tikub_here, tmp_path):
    assert re.fullmatch(r"tikub-lab \d+\.\d+\.\d+\n", tikub("--version", cwd=root).stdout)
    said = tikub_here("data", "describe", "energy/sites")
    assert re.search(r"code_uai\s+│", said.stdout), said.stderr
    wrong = tikub_here("data", "describe", "energy/wether")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert "Did you mean 'energy/weather'?" in wrong.stderr
    nothing = tikub_here("open", "--out", tmp_path)
    assert (nothing.returncode, len(nothing.stderr.splitlines())) == (2, 1)
    assert "Make the pages with `tikub report`" in nothing.stderr


def test_every_make_target_is_listed(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    listed = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    for target in re.findall(r"^([a-z]+):", makefile, flags=re.M):
        assert f"make {target}" in listed


def test_the_shipped_package_is_sound(tikub_here):
    listed = tikub_here("data", "list")
    assert re.search(r"procurement/contracts\s+│\s+3,000\s+│\s+sample", listed.stdout), listed.stdout + listed.stderr
    checked = tikub_here("data", "check")
    assert (checked.returncode, checked.stdout.strip()) == (0, "No problem found.")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "procurment"], "No notebook 'procurment'. Did you mean 'procurement'?"),
        (["report", "procurement", "-p", "annee=2024"], "no parameter 'annee'. Did you mean 'annee_fin'?"),
        (["report", "procurement", "-p", "annee_fin=beaucoup"], "annee_fin='beaucoup' is not int | None"),
        (["report", "procurement", "-p", "annee_fin"], "-p 'annee_fin' is not NAME=VALUE"),
        (["report", "energy", "-p", "annee=2024", "-p", "annee=2023"], "-p annee is given twice; give it once."),
        (["reprot"], "No such command 'reprot'. Did you mean 'report'? `tikub --help` says what is allowed."),
        (["report", "procurement", "--data", "nowhere"], "nowhere: no datapackage.json there"),
        (["data", "check", "nowhere"], "nowhere: no datapackage.json there"),
        (["data", "import", "nowhere.json"], "nowhere.json"),
        (["data", "import", "README.md", "--as", "procurement/contract"], "Did you mean 'procurement/contracts'?"),
    ],
)
def test_wrong_use(root, tikub_here, tmp_path, arguments, says):
    before = tree(root / "data")
    into = ["--into", tmp_path / "new"] if arguments[:2] == ["data", "import"] else []
    into = ["--out", tmp_path / "new"] if arguments[0] == "report" else into
    ran = tikub_here(*arguments, *into)
    assert ran.returncode == 2, ran.stderr
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("tikub: ")
    assert says in line
    assert tree(root / "data") == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "--fore"], "tikub: No such option: --fore"),
        (["report", "--jobs", "x"], "parse string as an integer; found 'x'. `tikub report --help`"),
        (
            ["report", "--jobs", "0"],
            "equal to 1; found '0'. `tikub report --help` says what is allowed.",
        ),
        (["kit"], "tikub: Missing argument 'USE_CASE'. `tikub kit --help` says what is allowed."),
        (["data", "describe"], "`tikub data describe --help` says what is allowed."),
        (["repport"], "tikub: No such command 'repport'. "),
        (["open", "now"], "`tikub open --help` says what is allowed."),
    ],
)
def test_what_the_parser_refuses_is_one_line_too(tikub_here, arguments, says):
    ran = tikub_here(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.strip().splitlines()
    assert says in line


def every_command(group, words=()):
    yield words, group
    for name, command in getattr(group, "commands", {}).items():
        yield from every_command(command, (*words, name))


def test_every_help_has_words_for_types_and_an_example_that_is_right(monkeypatch, capsys):
    import shlex

    import typer

    from tikub_lab import cli

    monkeypatch.setenv("COLUMNS", "200")
    found = dict(every_command(cli._in_words(typer.main.get_command(cli.app))))
    assert len(found) > 13
    for words, command in found.items():
        with pytest.raises(SystemExit):
            command(["--help"], prog_name="tikub")
        said = capsys.readouterr().out
        assert not re.search(r"<\w+", said), (words, "a flag has no type, others say it in words")
        examples = re.findall(r"`tikub ([^`]+)`", said.split("Example: ")[1])
        assert examples, words
        for example in examples:
            parts = shlex.split(example)
            names = tuple(itertools.takewhile(str.isalpha, parts))
            chosen = max((name for name in found if names[: len(name)] == name), key=len)
            found[chosen].make_context("tikub", cli._bare_each(parts[len(chosen) :]))  # refuses what it does not know
        assert words in {(), ("data",)} or any(example.startswith(" ".join(words)) for example in examples)


def test_options_of_a_long_command_are_in_groups(tikub_here):
    said = tikub_here("report", "--help").stdout
    assert [said.index(title) for title in ("Which pages", "How they run", "What comes out")] == sorted(
        said.index(title) for title in ("Which pages", "How they run", "What comes out")
    )


@pytest.mark.parametrize("group", [[], ["data"]])
def test_a_group_alone_shows_its_help(tikub_here, group):
    ran = tikub_here(*group)
    assert (ran.returncode, ran.stderr) == (2, "")
    assert "COMMAND [ARGS]" in ran.stdout


def test_outside_a_workbench(tmp_path):
    ran = tikub("report", cwd=tmp_path, TIKUB_HOME="")
    assert ran.returncode == 2
    assert "No workbench here" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_debug_shows_the_traceback(root):
    assert "Traceback" in tikub("--debug", "report", "procurment", cwd=root).stderr


@pytest.fixture
def copy(small_package, tmp_path):
    """A data package that a test may change."""
    return shutil.copytree(small_package, tmp_path / small_package.name)


def test_a_table_that_was_changed_is_refused(tikub_here, copy):
    table = copy / "sample" / "procurement" / "contracts.csv"
    table.write_bytes(table.read_bytes().replace(b"2024", b"2023", 1))
    checked = tikub_here("data", "check", copy)
    assert checked.returncode == 1
    assert "changed outside the workbench" in checked.stdout
    made = tikub_here("report", "procurement", "--data", copy, "--out", copy / "pages")
    assert made.returncode == 2
    assert "changed outside the workbench" in made.stderr
    assert not (copy / "pages").exists()


def test_a_report_on_another_package(tikub_here, copy):
    made = tikub_here("report", "procurement", "--data", copy, "--out", copy / "pages")
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip().endswith(str(copy / "pages" / "index.html"))
    page = (copy / "pages" / "procurement" / "procurement.html").read_text(encoding="utf-8")
    assert "Données fictives" in page
    assert "150 marchés" in page.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('"path": "../outside.csv"', "a path inside the data package is allowed"),
        ('"path": "/etc/hostname"', "a path inside the data package is allowed"),
    ],
)
def test_a_descriptor_that_reaches_out_is_refused(tikub_here, copy, change, says):
    descriptor = copy / "datapackage.json"
    text = descriptor.read_text(encoding="utf-8")
    descriptor.write_text(re.sub(r'"path": "sample/[^"]*contracts.csv"', change, text), encoding="utf-8")
    ran = tikub_here("data", "list", "--data", copy)
    assert ran.returncode == 2
    assert says in ran.stderr


def test_the_manifest_on_standard_output(root, tmp_path):
    import json

    import jsonschema

    from tikub_lab.reports import manifest

    ran = tikub("report", "procurement", "--json", "--out", tmp_path / "pages", cwd=root)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    document = json.loads(ran.stdout)
    jsonschema.validate(document, manifest.schema(), format_checker=jsonschema.FormatChecker())
    (report,) = document["reports"]
    assert report["heading"] == "41 acheteurs publics\xa0: où agir dans les achats"
    assert (report["status"], report["figures"], report["tables_shown"], report["defects"]) == ("done", 3, 1, [])
    assert report["ecoindex_grade"] == "A"
    assert report["page_transfer_bytes"] < 100_000
    assert [item["table"].split("/")[1] for item in report["tables"]] == ["contracts", "suppliers", "amendments"]
    assert [item["path"].split(".")[-1] for item in report["files"]] == ["csv", "ics", "csv"]
    assert {item["origin"] for item in report["tables"]} == {"sample"}


def test_quiet_and_plain_progress(tikub_here, tmp_path):
    command = ["report", "datathon_team", "--each=equipe=E07,E08", "--out", tmp_path]
    plain = tikub_here(*command)
    lines = plain.stderr.strip().splitlines()
    assert [line[:5] for line in lines] == ["[1/2]", "[2/2]"]
    assert "\x1b" not in plain.stderr
    quiet = tikub_here(*command, "--quiet")
    assert quiet.stderr == ""
    assert quiet.stdout.startswith("0 done, 0 failed, 2 skipped, of 2 reports.")


def test_the_parameters_are_printed(tikub_here):
    said = tikub_here("report", "procurement", "--help-parameters").stdout
    assert "acheteur: str | None = None  SIRET de l'acheteur" in said
    assert "--each goes through acheteur: procurement/contracts, column acheteur_id" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--each", "--memory", "beaucoup"], "--memory 'beaucoup' is not a size"),
        (["--memory", "1K"], "64M or more"),
        (["--engine", "rapide"], "--engine 'rapide': allowed are"),
        (["--each", "acheteur=12345"], "acheteur='12345': it is not in the column acheteur_id of procurement/"),
    ],
)
def test_options_of_a_build(tikub_here, tmp_path, arguments, says):
    ran = tikub_here("report", "procurement", *arguments, "--out", tmp_path / "pages")
    assert ran.returncode == 2
    assert says in ran.stderr
    assert not (tmp_path / "pages").exists()


def test_what_would_be_made(tikub_here, tmp_path):
    """`--list` makes nothing, `--limit` keeps the first reports, several notebooks are gone through at once."""
    names = ["procurement", "energy_lycee", "energy_works"]
    command = ["report", *names, "--each", "--list", "--out", tmp_path / "pages"]
    *pages, last = tikub_here(*command).stdout.splitlines()
    counts = {name: sum(page.startswith(f"{name}/") for page in pages) for name in names}
    assert min(counts["procurement"], counts["energy_lycee"]) > 20
    assert counts["energy_works"] == 1, "it has nothing to go through"
    assert last == f"{len(pages)} to make, 0 unchanged, of {len(pages)} reports."
    assert tikub_here(*command, "--limit", 3).stdout.splitlines()[:-1] == pages[:3]
    assert not (tmp_path / "pages").exists()


def test_a_use_case_has_commands_of_its_own_found_when_asked(root, tmp_path):
    shutil.copytree(root / "tikub_lab", tmp_path / "tikub_lab", ignore=shutil.ignore_patterns("__pycache__"))
    commands = "import typer\n\napp = typer.Typer()\n\n\n@app.callback()\ndef _():\n    pass\n"
    commands += "\n\n@app.command()\ndef dire(mot: str):\n    print(mot.upper())\n"
    (tmp_path / "tikub_lab" / "energy" / "commands.py").write_text(commands, encoding="utf-8")
    own = {"PYTHONPATH": str(tmp_path), "TERM": "dumb", "COLUMNS": "100"}
    said = tikub("--help", cwd=tmp_path, **own).stdout
    assert re.search(r"\benergy\s+What energy has of its own", said)
    assert "procurement" not in said
    assert re.search(r"\bdire\b", tikub("energy", "--help", cwd=tmp_path, **own).stdout)
    assert tikub("energy", "dire", "kilowatt", cwd=tmp_path, **own).stdout == "KILOWATT\n"
    assert tikub("procurement", cwd=tmp_path, **own).returncode == 2
    code = "import atexit, sys, tikub_lab.cli\nsys.argv = ['tikub', '--help']\n"
    code += "atexit.register(lambda: print(*(name for name in sys.modules if name.startswith('tikub_lab.'))))\n"
    code += "tikub_lab.cli.main()"
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, **own}, capture_output=True, text=True)
    loaded = "tikub_lab.checks tikub_lab.errors tikub_lab.checks.command tikub_lab.cli_data tikub_lab.cli"
    assert ran.stdout.splitlines()[-1] == loaded


def test_files_come_and_go(root, tikub_here, tmp_path):
    into, rows = tmp_path / "p", root / "data" / "sample" / "territory" / "lycees.csv"
    (tmp_path / "l.csv").write_bytes(rows.read_bytes())
    found = tikub_here("data", "import", tmp_path / "l.csv", "--as", "energy/sites", "--into", into)
    assert "l.csv: schema:territory/lycees, 115 rows read: 115 kept, 0 rejected" in found.stdout, found.stderr
    assert "territory/lycees: 115 rows name a station that energy/stations has not" in found.stdout
    listed = tikub_here("data", "list", "--sources", "--data", into)
    assert re.search(r"territory/lycees +│ 1 +│ l.csv", listed.stdout), listed.stdout
    wrong = tikub_here("data", "forget", "m.csv", "--into", into)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "no imported file is 'm.csv'. Did you mean 'l.csv'? It has l.csv (" in wrong.stderr
    gone = tikub_here("data", "forget", "l.csv", "--into", into)
    assert "l.csv: 115 rows taken out" in gone.stdout, gone.stderr
    sample = tikub_here("data", "import", tmp_path / "l.csv", "--into", root / "data")
    assert (sample.returncode, "--into" in sample.stderr) == (2, True)
    assert not (root / "data" / ".lock").exists()
