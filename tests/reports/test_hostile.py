"""What a notebook shows runs nothing, asks for nothing, covers nothing, and its words can be read.

Each payload and each channel is looked at as a tree, and all of them in Chromium, with and without the page's policy,
beside a listener that counts what arrives.
"""

import base64
import http.server
import re
import shutil
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import nbformat.v4 as v4
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from tikub_lab.reports import fragments, index, links, page
from tikub_lab.reports.notebooks import Notebook
from tikub_lab.reports.publisher import Publisher
from tikub_lab.reports.run import Execution, Failure, Report
from tikub_lab.show import charts, downloads, pieces, tabular

JS = "new Image().src='{u}run'"
"""What a payload runs, if it can: ``{u}`` is where the listener is."""

HTML = {
    "script": "<script>{js}</script>",
    "script src": "<script src='{u}a.js'></script>",
    "script in svg": "<svg><script>{js}</script><text>lisible</text></svg>",
    "split script": "<scr<script>ipt>{js}</scr</script>ipt>",
    "onerror": "<img src=x onerror=\"{js}\">",
    "onload": "<svg onload=\"{js}\"><g onload=\"{js}\"/></svg>",
    "ontoggle": "<details open ontoggle=\"{js}\"><summary>lisible</summary>x</details>",
    "onfocus autofocus": "<a href=# tabindex=1 autofocus onfocus=\"{js}\">lisible</a>",
    "onanimation": "<style>@keyframes x{}</style><p style='animation-name:x' onanimationstart=\"{js}\">x</p>",
    "slash for a space": "<img/src=x/onerror={js}>",
    "javascript link": "<a href='javascript:{js}'>lisible</a>",
    "javascript in entities": "<a href='java&#x0a;scr&#105;pt&colon;{js}'>lisible</a>",
    "javascript after blanks": "<a href=' &#1; \tJaVaScRiPt:{js}'>lisible</a>",
    "data link": "<a href='data:text/html,<script>{js}</script>'>lisible</a>",
    "vbscript and file links": "<a href='vbscript:x'>lisible</a><a href='file:///etc/passwd'>lisible</a>",
    "ping": "<a href='https://example.org' ping='{u}ping'>lisible</a>",
    "meta refresh": "<meta http-equiv=refresh content='0;url={u}m'>",
    "base": "<base href='{u}'><img src='rel.png'>",
    "link": "<link rel=stylesheet href='{u}l.css'><link rel=preload as=image href='{u}p'>"
    "<link rel=dns-prefetch href='{u}'>",
    "iframe": "<iframe src='{u}f'></iframe><iframe srcdoc='<script>{js}</script>'></iframe>",
    "object, embed, applet": "<object data='{u}o'></object><embed src='{u}e'><applet code='{u}a'></applet>",
    "form": "<form action='{u}f'>lisible<input name=a autofocus onfocus=\"{js}\"><button formaction='{u}b'>x"
    "</button></form>",
    "image": "<img src='{u}i.png' alt='lisible'><image src='{u}j.png'><input type=image src='{u}k.png'>",
    "srcset": "<img srcset='{u}s.png 1x' src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' alt='x'>",
    "picture": "<picture><source srcset='{u}s.png'><img alt='lisible'></picture>",
    "audio and video": "<video src='{u}v' poster='{u}w' autoplay></video><audio src='{u}a' autoplay></audio>",
    "background": "<table background='{u}b.png'><tr><td background='{u}c.png'>lisible</td></tr></table>",
    "style url": "<p style='background:url({u}s.png)'>lisible</p>",
    "style url, escaped": "<p style='background:u\\72l({u}s.png)'>lisible</p><p style='color:&#117;rl({u}t.png)'>x</p>",
    "style image-set": ""
    "<p style='background:image-set(\"{u}s.png\" 1x);list-style:image-set(\"{u}t.png\" 1x)'>lisible</p>",
    "style position": "<p style='position:fixed;inset:0;z-index:9;text-align:left'>lisible</p>",
    "style expression": "<p style='width:expression({js});behavior:url({u}b.htc);-moz-binding:url({u}x)'>lisible</p>",
    "style import": "<style>@import '{u}a.css';body{background:url({u}b)}</style><p>lisible</p>",
    "style of a drawing": "<svg><style>@import url({u}a.css);*{fill:url({u}b);position:fixed;background:url({u}c)}"
    "</style><text>lisible</text></svg>",
    "style of a drawing breaks out": "<svg><style></style><img src=x onerror=\"{js}\"></style>lisible</svg>",
    "style covers the page": "<svg><style>}body{visibility:hidden}.tk,a{fill:red}/*</style><text>lisible</text></svg>",
    "svg use": "<svg><use href='{u}u.svg#a'/><use xlink:href='{u}v.svg#a'/><text>lisible</text></svg>",
    "svg image": "<svg><image href='{u}i.png'/><image xlink:href='{u}j.png'/><feImage href='{u}k.png'/></svg>",
    "svg animate and set": "<svg><a><animate attributeName=href to='javascript:{js}'/>"
    "<set attributeName=onload to=\"{js}\"/>"
    "<text>lisible</text></a></svg>",
    "svg foreignObject": "<svg><foreignObject><iframe src='{u}f'></iframe><img src='{u}i'></foreignObject></svg>",
    "svg paint": "<svg>"
    "<rect fill='url({u}p#a)' clip-path='url({u}q#a)' style='mask:url({u}r);marker:url({u}s)'/></svg>",
    "svg link": "<svg><a href='javascript:{js}' xlink:href='javascript:{js}'><text>lisible</text></a></svg>",
    "mutation by noscript": "<noscript><p title='</noscript><img src=x onerror=\"{js}\">'></noscript>",
    "mutation by math": "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror={js}&gt;'>",
    "mutation by form and math": "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style>"
    "<img onerror={js} src>'>",
    "mutation by svg style": "<svg></p><style><a id='</style><img src=1 onerror={js}>'></style></svg>",
    "mutation by svg title": "<svg><title><style><img title='</style><img src onerror={js}>'></style></title></svg>",
    "mutation by textarea": "<textarea></textarea><img src=x onerror={js}></textarea>",
    "mutation by comment": "<!--><img src=x onerror={js}>--><!--[if IE]><script>{js}</script><![endif]--!>"
    "<p>lisible</p>",
    "mutation by cdata": "<svg><![CDATA[><img src=x onerror={js}>]]></svg><![CDATA[<img src=x onerror={js}>]]>",
    "mutation by xmp": "<xmp><p title='</xmp><img src=x onerror={js}>'></xmp><plaintext><img src=x onerror={js}>",
    "template": "<template shadowrootmode=open><img src=x onerror={js}></template><template><script>{js}"
    "</script></template>",
    "dialog and popover": "<dialog open style='position:fixed'>lisible</dialog><p popover=manual>lisible</p>",
    "breaks out": "</div></main></body></html><script>{js}</script><main><h1>lisible</h1><div>",
    "doctype": "<!DOCTYPE html [<!ENTITY x SYSTEM '{u}e'>]><?xml-stylesheet href='{u}x.css'?><p>lisible</p>",
    "marquee and isindex": "<marquee onstart=\"{js}\">lisible</marquee><isindex action='javascript:{js}'>",
    "frameset": "<frameset onload={js}><frame src='{u}f'></frameset>",
}  # fmt: skip

MARKDOWN = {
    "link": "[lisible](javascript:{js})",
    "link in entities": "[lisible](&#x6A;avascript&colon;{js})",
    "link with a tab": "[lisible](<java\tscript:{js}>)",
    "link with capitals": "[lisible](JaVaScRiPt:{js})",
    "link to data": "[lisible](data:text/html;base64,PHNjcmlwdD4=)",
    "reference": "[lisible][a]\n\n[a]: javascript:{js}",
    "autolink": "<javascript:{js}> lisible",
    "image": '![lisible]({u}m.png "t") ![x"onerror="{js}]({u}n.png)',
    "attachment": "![lisible](attachment:../../etc/passwd) ![x](attachment:a\"onerror=\"{js})",
    "title of a link": '[lisible](https://example.org "\\"onmouseover=\\"{js}")',
    "html": "lisible <img src=x onerror={js}>\n\n<script>{js}</script>",
    "code": "```html\n<script>{js}</script>\n```\n\n`<img src=x onerror={js}>` lisible",
    "mermaid": "```mermaid\ngraph TD; A[<img src=x onerror={js}>]\n```\n\nlisible",
    "math": "$<img src=x onerror={js}>$ $$<script>{js}</script>$$ lisible",
    "table": "| a |\n|---|\n| <img src=x onerror={js}> lisible |",
}  # fmt: skip

EVIL = "lisible\"'><img src=x onerror={js}><script>{js}</script></title></style></svg><a href='javascript:{js}'>"
"""Text that a channel carries: on the page it is read as it stands."""


def armed(text: str, address: str = "http://127.0.0.1:9/") -> str:
    return text.replace("{js}", JS).replace("{u}", address)


def tree(html):
    return BeautifulSoup(html, "html.parser")


def harmless(html: str) -> list[str]:
    """Say what is wrong with the main part of a page, or with a fragment."""
    wrong = []
    for tag in tree(html).find_all(True):
        if tag.name not in {name.lower() for name in fragments.TEXT | fragments.DRAWN | {"style"}}:
            wrong.append(tag.name)
        if tag.name == "style" and (tag.find_parent("svg") is None or re.search(r"url\((?!#)|@|\\|position", tag.text)):
            wrong.append(tag.text)
        for name, value in tag.attrs.items():
            value = " ".join(value) if isinstance(value, list) else value
            link = name in {"href", "xlink:href", "src"}
            fine = {"a": "", "img": "data:image/", "image": "#|data:image/"}
            far = tag.name == "a" and urlsplit(value).scheme not in {"", "http", "https", "mailto", "tel"}
            if (link and (far or not re.match(fine.get(tag.name, "#"), value))) or name.startswith("on"):
                wrong.append(f"{name}={value}")
            if name in {"style", "fill", "clip-path"} and re.search(
                r"url\((?!#)|image-set|position|expression|\\", value
            ):
                wrong.append(f"{name}={value}")
            if name in {"ping", "srcset", "action", "autofocus", "popover", "background", "poster", "srcdoc", "data"}:
                wrong.append(name)
    return wrong


def read(html: str) -> str:
    """Return the words of a page, those of alternatives included."""
    made = tree(html)
    return made.get_text(" ") + " ".join(str(tag.get("aria-label", tag.get("alt", ""))) for tag in made.find_all(True))


@pytest.mark.parametrize("name", HTML)
def test_html(name):
    made = fragments.clean(armed(HTML[name]))
    assert harmless(made) == []
    assert ("lisible" in read(made)) is ("lisible" in HTML[name])
    assert "<style" in made or fragments.clean(made) == made, "a second reading finds nothing more"


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown(name):
    made = page._markdown(armed(MARKDOWN[name]))
    assert harmless(made) == []
    assert "lisible" in read(made)


def test_there_are_as_many_as_were_tried():
    assert len(HTML) + len(MARKDOWN) >= 43
    assert len(channels(EVIL)) >= 15


def output(shown=None, data=None, **metadata):
    data, metadata = shown._repr_mimebundle_() if shown else (data, metadata)
    return v4.new_output("display_data", data=data, metadata=metadata)


def code(*outputs, **metadata):
    cell = v4.new_code_cell("x", metadata=metadata)
    cell.outputs = list(outputs)
    return cell


def rendered(*cells, failure=None, parameters=None, title="Un essai"):
    nb = None if failure else v4.new_notebook(cells=list(cells))
    source = "mot: str = ''"
    report = Report(Notebook("essai", Path("essai.ipynb"), title, source, {}), parameters or {}, "essai")
    return page.render(report, Execution(nb, failure, 1.0, []))[0]


def channels(evil: str) -> dict[str, str]:
    """Return a page for each way by which text comes into one."""
    frame = pd.DataFrame({evil: [evil, "b"], "n": [2.0, 1.0]})
    chart = charts.bars(pd.Series({evil: 3.0, "b": 1.0}), "{x} : ", alt=evil, data=frame, x=evil)
    png = base64.b64encode(b"\x89PNG").decode()
    stream = v4.new_output("stream", name="stdout", text=evil)
    entry = {
        "notebook": "essai", "use_case": evil, "title": evil, "heading": evil, "subtitle": evil,
        "page": f"x/{evil}.html", "status": "done", "reason": "", "cell": None, "ecoindex_grade": "A", "tables": [],
        "defects": [evil], "lead": evil, "figure": evil, "about": evil,
    }  # fmt: skip
    item = entry | {"item": dict.fromkeys(("name", "place", "group", "value"), evil), "parameters": {evil: evil}}
    published = {"publisher": Publisher(evil, evil, evil)}
    evils = pd.DataFrame([[evil] * 4], columns=list("abcd"))
    return {
        "title": rendered(code(output(pieces.title("{x}", "{x}", x=evil)))),
        "heading of the notebook": rendered(title=evil),
        "heading of a part": rendered(v4.new_markdown_cell(f"## {page.escape(evil)}")),
        "alternative": rendered(code(output(data={"image/png": png}, **{"image/png": {"alt": evil}}))),
        "alternative of the cell": rendered(code(output(data={"image/svg+xml": "<svg/>"}), alt=evil)),
        "chart": rendered(code(output(chart))),
        "chart and what it means": rendered(code(output(chart), output(pieces.note("{x}", x=evil)))),
        "caption of a table": rendered(code(output(pieces.table(frame, "{x}", x=evil)))),
        "cells of a table": rendered(code(output(pieces.table(frame, "Tout", {"n": evil}, {"n": lambda value: evil})))),
        "key figures": rendered(code(output(pieces.keys([pieces.Key(evil, evil, evil)])))),
        "lead sentence": rendered(code(output(pieces.sentence("{x}", lead=True, x=evil)))),
        "sentence itself": rendered(code(output(pieces.sentence(evil.replace("{", "{{").replace("}", "}}"))))),
        "note": rendered(code(output(pieces.note("{x}", warning=True, x=evil)))),
        "ranked list": rendered(code(output(tabular.ranked(evils, "{x}", "a", "b", text="{c}", kind="d", x=evil)))),
        "label of a file": rendered(code(output(downloads.file("a.csv", "x", evil)))),
        "parameters": rendered(parameters={"mot": evil}),
        "error": rendered(failure=Failure(evil, 3, evil)),
        "stream": rendered(code(stream)),
        "plain text": rendered(code(output(data={"text/plain": evil}))),
        "LaTeX": rendered(code(output(data={"text/latex": evil}))),
        "metadata of a cell": rendered(v4.new_markdown_cell("x", metadata={"tags": ["folded"], "folded_title": evil})),
        "name of an attachment": rendered(v4.new_markdown_cell(f"![x](<attachment:{re.sub('[<>]', '', evil)}>)")),
        "data of a picture": rendered(code(output(data={"image/png": evil}, **{"image/png": {"alt": evil}}))),
        "index": index.render([entry, entry | {"status": "failed", "reason": evil}]),
        "index of items": index.render([item, item | {"title": "lisible"}], **published),
        "links": rendered().replace(
            page.ALSO, links._also(entry, [entry, dict(entry), item], [entry | {"notebook": "x"}])
        ),
        "publisher": page.fill("report.html.j2", title=evil, description=evil, data=evil, **published),
    }  # fmt: skip


@pytest.mark.parametrize("name", channels(EVIL))
def test_channel(name):
    html = channels(armed(EVIL))[name]
    made = tree(html)
    for part in (made.main, made.header, made.footer):
        part.name = "div"
    for tag in made.find_all(["nav"]):
        tag.name = "div"
    assert harmless("".join(map(str, made.body.contents))) == []
    assert "lisible" in read(html)
    assert len(made.find_all("title")) == 1


@pytest.fixture(scope="module")
def chromium() -> str:
    """Chromium's command, or a skip."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or pytest.skip("Chromium is not installed")


@pytest.fixture
def listener():
    """A server on this machine: its address and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


def dump(command: str, html: str, folder: Path) -> str:
    """Return the DOM of a page after its scripts ran."""
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    safe = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --virtual-time-budget=600000 --dump-dom"
    profile = f"--user-data-dir={folder / 'profile'}"
    words = [command, *safe.split(), *more.split(), profile, file.as_uri()]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=True, encoding="utf-8").stdout


def test_a_browser_runs_nothing_and_asks_for_nothing(chromium, listener, tmp_path):
    address, asked = listener
    outputs = [code(output(data={"text/html": armed(text, address)})) for text in HTML.values()]
    pages = {"outputs": rendered(*outputs, *(v4.new_markdown_cell(armed(text, address)) for text in MARKDOWN.values()))}
    pages |= channels(armed(EVIL, address))
    for html in pages.values():
        assert page.POLICY in html
    shown = re.compile(r"<!doctype.*?<body>|</body>\s*</html>", re.S | re.I)
    together = pages["outputs"].replace(
        "</main>", "".join(shown.sub("", html) for html in pages.values()) + "</main>", 1
    )
    for html in (together, together.replace(page.POLICY, "default-src * data: 'unsafe-inline' 'unsafe-eval'")):
        dom = dump(chromium, html, tmp_path)
        assert "lisible" in dom
        assert asked == []
    # The check can fail: as they were written, the payloads reach the listener.
    dump(
        chromium,
        "<body>" + "".join(armed(text, address) for text in HTML.values() if "plaintext" not in text),
        tmp_path,
    )
    assert "/run" in asked
    assert len(set(asked)) > 5
