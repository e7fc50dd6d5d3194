"""What has a fault, and a page that has none, for the tests of what comes back."""

GOOD = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Les lycées</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>Les lycées de Bretagne</h1>
<h2>Énergie</h2><p>La <a href="#t">table des lycées</a>.</p>
<table id="t"><caption>Par lycée</caption><thead><tr><th scope="col">Lycée<th scope="col">kWh</tr></thead>
<tbody><tr><th scope="row">Un<td>12</tr></tbody></table>
<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><svg width="16"><path d="M0 0"/></svg>
<svg role="img" aria-label="La dépense monte de 2020 à 2025"><text y="20">2025</text></svg>
<img alt="Photo du lycée Un" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main></body></html>"""
BIG = "data:image/png;base64," + "A" * 800_000
WRITTEN = {
    "no_language": ('lang="fr"', ""),
    "no_page_title": ("<title>Les lycées</title>", "<title></title>"),
    "no_viewport": ('<meta name="viewport" content="width=device-width">', ""),
    "no_main_heading": ("<h1>Les lycées de Bretagne</h1>", ""),
    "skipped_heading": ("<h2>Énergie</h2>", "<h4>Énergie</h4>"),
    "no_headers": ("<svg width", "<table><caption>Deux</caption><tr><td>1</table><svg width"),
    "no_scope": ('<th scope="row">', "<th>"),
    "no_caption": ("<caption>Par lycée</caption>", ""),
    "no_alternative": ('role="img" aria-label="La dépense monte de 2020 à 2025"', ""),
    "hollow_alternative": ("Photo du lycée Un", "IMG_2041.png"),
    "vague_link": ("table des lycées", "cliquez ici"),
    "lost_file": ("<h2>", '<img alt="" src="absente.png"><h2>'),
    "requests": ("</head>", "<style>@import 'https://polices.exemple.fr/a.css'</style></head>"),
    "tracker": ("</head>", '<script src="https://www.googletagmanager.com/gtag.js"></script></head>'),
    "heavy_image": ("R0lGODlhAQABAAAAACw=", "A" * 800_000),
    "heavy_page": ("</main>", "".join(f"{number * 7919**3:x} " for number in range(260_000)) + "</main>"),
    "ecoindex": ("</main>", "<b>a</b>" * 3_000 + "</main>"),
}
SEEN = {
    "contrast": ("<p>", '<p style="color:#ccc">'),
    "axe": ("<main>", "<main><form><input></form>"),
    "too_wide": ("<h2>", '<p style="width:500px">Large</p><h2>'),
    "text_spacing": ("<h2>", '<p style="white-space:nowrap">Quarante-quatre lettres de suite, à peu près</p><h2>'),
    "wide_print": ("</head>", "<style>@media print{p{width:900px}}</style></head>"),
}


IBAN = "FR76 3000 6000 0112 3456 7890 189"


def key(number: str) -> str:
    return f"{97 - int(number.replace('2A', '19').replace('2B', '18')) % 97:02d}"


NIR = f"1 85 05 29 019 456 {key('1850529019456')}"
CORSICAN = f"285052A019456{key('285052A019456')}"
GITHUB = "ghp_" + "a1B2c3D4e5F6" * 3
