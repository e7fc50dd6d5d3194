"""A bar while a cell computes: in JupyterLab only, and gone when it ends."""

import re
import time

import nbformat
import pytest
from nbclient import NotebookClient

from tikub_lab.methods import waiting

CELL = """
import threading, time
from tikub_lab.methods import waiting
waiting.AFTER = waiting.EVERY = {after}
print("before")
try:
    with waiting.waiting(), waiting.waiting():
        time.sleep(0.5)
        {wrong}
finally:
    print("after", threading.active_count() - before)
"""


def outputs(monkeypatch, lab=True, after=0.02, wrong=""):
    """Run a cell in a kernel, as JupyterLab starts it or as others do; give its outputs, and all that the bar said."""
    monkeypatch.setenv("JPY_SESSION_NAME", "essai.ipynb")
    if not lab:
        monkeypatch.delenv("JPY_SESSION_NAME")
    cells = ["import threading; before = threading.active_count()", CELL.format(after=after, wrong=wrong)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(notebook, kernel_name="python3", allow_errors=True)
    said = []
    keep = client.process_message

    def note(message, *rest):
        if message["msg_type"] in ("display_data", "update_display_data"):
            said.append(message["content"]["data"])
        return keep(message, *rest)

    monkeypatch.setattr(client, "process_message", note)
    client.execute()
    nbformat.validate(notebook)
    return notebook.cells[1].outputs, said


@pytest.mark.parametrize("wrong", ["", "1 / 0"])
def test_a_bar_comes_and_goes(monkeypatch, wrong):
    found, said = outputs(monkeypatch, wrong=wrong)
    assert found[0]["text"] == "before\n"
    assert len(said) >= 3
    assert all(re.fullmatch(r"Calcul en cours… \d+ s", data["text/plain"]) for data in said[:-1])
    assert all("<progress>" in data["text/html"] for data in said[:-1])
    assert said[-1] == {}, "nothing of it can be seen or saved"
    shown = [item for item in found if item.output_type == "display_data"]
    assert [item["data"] for item in shown] == [{}], "one bar for both, and it is empty"
    assert "after 0\n" in "".join(item.get("text", "") for item in found), "no thread stays"
    assert ("ZeroDivisionError" in str(found)) == bool(wrong)


@pytest.mark.parametrize("settings", [{"lab": False}, {"after": 60}])
def test_a_build_and_a_short_calculation_show_nothing(monkeypatch, settings):
    found, said = outputs(monkeypatch, **settings)
    assert said == []
    assert "".join(item["text"] for item in found) == "before\nafter 0\n"


def test_a_build_of_pages_shows_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("JPY_SESSION_NAME", "essai.ipynb")
    monkeypatch.setattr(waiting, "AFTER", 0.0)
    with waiting.waiting():
        time.sleep(0.02)
    assert capsys.readouterr() == ("", "")
