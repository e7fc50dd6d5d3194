"""The kit's own script: what it says, and when it sets up again."""

import ast
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tikub_lab.kits import launcher


@pytest.fixture
def kit(tmp_path, monkeypatch):
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(launcher, "HOME", tmp_path)
    monkeypatch.setattr(launcher, "WHEELS", tmp_path / "wheels")
    for name in ("VENV", "STAMP", "SETTINGS"):
        place = getattr(launcher, name).relative_to(Path(launcher.__file__).parent)
        monkeypatch.setattr(launcher, name, tmp_path / place)
    return tmp_path


@pytest.fixture
def ran(kit, monkeypatch):
    """Note commands instead of running them; those that have a word of ``fail`` fail."""

    class Ran(list):
        fail = ()

    commands = Ran()

    def run(*command):
        commands.append(command)
        if "venv" in command:
            (kit / ".venv").mkdir(exist_ok=True)
        return not any(word in command for word in commands.fail)

    monkeypatch.setattr(launcher, "run", run)
    return commands


def offline(kit, *changes):
    """Write for which platforms the kit's wheels are: like this one, but for some changes."""
    (kit / "wheels").mkdir()
    facts = [launcher.this_platform() | change for change in changes]
    (kit / "wheels" / "plateformes.json").write_text(json.dumps(facts), encoding="utf-8")


def test_it_sets_up_once_and_again_when_something_changed(kit, ran):
    launcher.set_up()
    assert [command[2] for command in ran] == ["venv", "pip", "pip"]
    assert json.loads(launcher.SETTINGS.read_text(encoding="utf-8")) == launcher.QUIET
    launcher.set_up()
    assert len(ran) == 3
    (kit / "requirements.txt").write_text("other", encoding="utf-8")
    launcher.set_up()
    assert len(ran) == 6


def test_a_folder_that_moved_is_set_up_again(kit, ran, monkeypatch, tmp_path):
    launcher.set_up()
    before = launcher.installed()
    monkeypatch.setattr(launcher, "HOME", tmp_path / "ailleurs")
    (tmp_path / "ailleurs").mkdir()
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / "ailleurs" / name).write_text(name, encoding="utf-8")
    assert launcher.wanted() != before


def test_wheels_of_this_platform_need_no_network(kit, ran):
    offline(kit, {"python": "3.99"}, {"systeme": "Amiga"}, {})
    launcher.set_up()
    assert all("--no-index" in command for command in ran if "pip" in command)
    assert "--require-hashes" in ran[1]


def test_wheels_of_another_platform_are_said_to_be(kit, ran, capsys):
    offline(kit, {"systeme": "Amiga"}, {"python": "3.99"})
    launcher.set_up()
    said = capsys.readouterr().out
    assert f", {platform.system()} {platform.machine()} et Python 3.99" in said
    assert "make lab PYTHON=python3.99" in said
    assert not any("--no-index" in command for command in ran)


def test_another_system_has_no_python_to_offer(kit, ran, capsys):
    offline(kit, {"systeme": "Amiga"})
    launcher.set_up()
    said = capsys.readouterr().out
    assert "ici :" in said
    assert "PYTHON=" not in said


def test_the_network_is_tried_where_wheels_do_not_do(kit, ran, capsys):
    offline(kit, {})
    ran.fail = ("--no-index",)
    launcher.set_up()
    assert "J'essaie par le réseau" in capsys.readouterr().out
    assert "--no-index" not in ran[-1]


@pytest.mark.parametrize(("word", "says"), [("venv", "python3-venv"), ("pip", "n'a pas abouti")])
def test_what_fails_is_said_and_tried_again(kit, ran, capsys, word, says):
    ran.fail = (word,)
    with pytest.raises(SystemExit) as caught:
        launcher.set_up()
    assert caught.value.code == 1
    assert says in capsys.readouterr().err
    count = len(ran)
    ran.fail = ()
    launcher.set_up()
    assert len(ran) == count + 3


def test_an_old_python_says_so(kit, monkeypatch, capsys):
    monkeypatch.setattr(launcher, "OLDEST", (9, 0))
    with pytest.raises(SystemExit):
        launcher.main(["lab"])
    assert "ou plus récent est nécessaire" in capsys.readouterr().err


def test_it_is_read_by_an_old_python():
    source = Path(launcher.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= sys.stdlib_module_names


def test_help():
    for arguments, code in (([], 0), (["--help"], 0), (["labo"], 2)):
        ran = subprocess.run([sys.executable, launcher.__file__, *arguments], capture_output=True, check=False)
        assert ran.returncode == code
        assert b"JupyterLab" in ran.stdout
