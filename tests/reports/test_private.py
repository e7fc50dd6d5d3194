"""Folders of this machine and of its user stay out of what a report sends back; addresses and pictures are left."""

import sys
from pathlib import Path

import nbformat.v4 as v4

from tests.reports.test_page import rendered
from tikub_lab.reports import private


def test_no_folder_is_on_a_page(monkeypatch, tmp_path):
    home = tmp_path / "l'établi : d'été"
    monkeypatch.setenv("TIKUB_HOME", str(home))
    cell = v4.new_code_cell("x")
    words = f"{home}/data/x.csv\n{Path.home()}/y {sys.prefix}/lib C:\\Users\\Ana\\z.txt {tmp_path!s}"
    cell.outputs = [
        v4.new_output("stream", name="stdout", text=words),
        v4.new_output("display_data", data={"text/html": f"<pre>{home}/data/x.csv</pre>"}),
    ]
    html = private.scrub(rendered(cell), private.of_this_machine(), [])
    for hidden in ("établi", str(Path.home()), sys.prefix, "Ana", str(tmp_path)):
        assert hidden not in html, hidden
    assert html.count("…/x.csv") == 2
    assert "…/z.txt" in html


def test_addresses_and_pictures_are_not_private():
    picture = "data:image/png;base64,AA/tmp/BB/home/CC=="
    text = f'<img src="{picture}"> https://example.org/tmp/x https://example.org/home/ana /temporaire a/b'
    assert private.scrub(text, ["/tmp"], []) == text
    assert private.scrub("ab", [], ["ab"]) == "ab", "a short secret is also a word"
