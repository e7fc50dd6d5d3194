"""What a check found, as JSON and as a page in French: criterion by criterion, and never a mark for relevance."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from tikub_lab import __version__
from tikub_lab.checks.findings import CRITERIA, Finding, Measure, Said, Subject, Unchecked
from tikub_lab.checks.runs import power
from tikub_lab.reports import page
from tikub_lab.show import french, pieces

FORMAT = "tikub-check/1"
RELEVANCE = "La pertinence reste au jury."
TEXTS = ("kind", "criterion", "place", "title", "why", "how")
TOOLS = {"bwrap": "bubblewrap", "unshare": "unshare", "landlock": "Landlock"}
PROBED = {
    "write": "Écrire hors de son dossier",
    "write_home": "Écrire dans le dossier de l’utilisateur",
    "read": "Lire un fichier qui n’est pas à lui",
    "connect": "Se connecter à cette machine (TCP)",
    "datagram": "Envoyer un message sur le réseau (UDP)",
    "signal": "Atteindre un autre programme",
    "fill": "Écrire un fichier plus grand que permis",
    "fork": "Lancer plus de programmes que permis",
}
"""What the probe tries, as a page says it."""


def document(subject: Subject, name: str, said: Sequence[Said], through: Sequence[str]) -> dict[str, Any]:
    """Return all that a check found; docs/check.md says what each key holds."""
    findings = [item for item in said if isinstance(item, Finding)]
    walls = subject.walls
    return {
        "format": FORMAT, "subject": name, "kind": subject.kind, "day": date.today().isoformat(),
        "tikub_lab": __version__, "relevance": RELEVANCE,
        "findings": [{name: getattr(item, name) for name in TEXTS} for item in findings],
        "measures": [item._asdict() for item in said if isinstance(item, Measure)],
        "unchecked": [item._asdict() for item in said if isinstance(item, Unchecked)],
        "checked": list(through),
        "walls": walls and {"name": walls.name, "limits": asdict(walls.limits), "refused": walls.probed},
    }  # fmt: skip


def html(found: dict[str, Any]) -> str:
    """Make the page of a document."""
    findings = sorted(found["findings"], key=lambda item: (item["title"], item["why"], item["how"]))
    counts = {name: sum(item["criterion"] == name for item in findings) for name in CRITERIA}
    lead = pieces.sentence(
        "{n:constat} {n:|n’est|est|sont} à reprendre, et {m:point} {m:|n’a|n’a|n’ont} pas pu être "
        f"{{m:|contrôlé|contrôlé|contrôlés}}. {RELEVANCE}",
        lead=True, n=len(findings), m=len(found["unchecked"]),
    )  # fmt: skip
    keys = pieces.keys([pieces.Key(CRITERIA[name], french.plural(count, "constat")) for name, count in counts.items()])
    parts = [lead.html, keys.html]
    for name, title in CRITERIA.items():
        parts.append(f"<h2>{title}</h2>")
        parts += list(_findings([item for item in findings if item["criterion"] == name]))
    parts += ["<h2>Ce qui a été mesuré</h2>", _measures(found["measures"]), *_walls(found["walls"])]
    parts.append("<h2>Ce qui n’a pas pu être contrôlé</h2>")
    parts.append(_list([f"{item['what']} : {item['reason']}" for item in found["unchecked"]]) or "<p>Rien.</p>")
    method = (
        f"<p>Contrôles faits : {escape(french.joined(found['checked'] or ['aucun']))}. Un contrôle automatique ne voit "
        "qu’une partie de chaque critère : son silence n’est pas une note.</p><p>Énergie : durée × "
        f"{power()['watts']} W, {escape(power()['source'])}. C’est une estimation, utile pour comparer deux "
        f"versions.</p><p>tikub-lab {escape(found['tikub_lab'])}, {escape(found['kind'])}.</p>"
    )
    cells = [{"folded": "", "html": Markup("\n".join(parts))}, {"folded": "Méthode et limites", "html": Markup(method)}]
    title = f"{found['subject']} : ce que les contrôles ont trouvé"
    kicker = f"Contrôle du {french.day(found['day'])}"
    return page.fill("report.html.j2", title=title, subtitle=kicker, description=lead.text, cells=cells, also="")


def _list(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if lines else ""


def _findings(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Write findings; those that say the same of several places once."""
    for (title, why, how), items in groupby(found, key=lambda item: (item["title"], item["why"], item["how"])):
        yield f"<h3>{escape(title)}</h3><p>{escape(why)}</p><p><b>À faire :</b> {escape(how)}</p>"
        yield _list(sorted(item["place"] for item in items))
    if not found:
        yield "<p>Aucun constat parmi ce qui est contrôlé.</p>"


def _measures(found: Sequence[dict[str, Any]]) -> str:
    """Write measures as a table, a line a place."""
    names = {item["name"]: f"{item['name']} ({item['unit']})" if item["unit"] else item["name"] for item in found}
    rows = [{"place": place} | {item["name"]: item["value"] for item in found if item["place"] == place}
            for place in dict.fromkeys(item["place"] for item in found)]  # fmt: skip
    if not rows:
        return "<p>Rien n’a été mesuré.</p>"
    frame = pd.DataFrame(rows).reindex(columns=["place", *names])
    frame["place"] = frame["place"].replace("", "l’ensemble")
    forms = dict.fromkeys(names, _text)
    return pieces.table(
        frame, "Ce que chaque fichier demande", {"place": "Fichier", **names}, forms, rows=len(rows)
    ).html


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if french.missing(value) else french.plain(value)


def _walls(walls: dict[str, Any] | None) -> Iterator[str]:
    """Say what the probe could and could not do, never what was intended."""
    yield "<h2>Ce qui entourait l’exécution</h2>"
    if not walls or not walls["refused"]:
        yield f"<p>{'Aucun essai n’a abouti.' if walls else 'Rien n’a été exécuté.'}</p>"
        return
    kept = f"par {TOOLS[walls['name']]}" if walls["name"] else "sans isolement, à la demande de qui contrôle (--trust)"
    yield f"<p>Les carnets ont été exécutés {kept}. Un essai, fait dans les mêmes conditions, a tenté ce qui suit.</p>"
    answers = {what: "non" if refused else "oui" for what, refused in walls["refused"].items()}
    tried = [(what, answers.get(key, "l’essai s’est arrêté avant")) for key, what in PROBED.items()]
    yield pieces.table(pd.DataFrame(tried, columns=["essai", "fait"]), "Ce que l’essai a pu faire",
                       {"essai": "Ce qui a été tenté", "fait": "Possible"}, rows=len(tried)).html  # fmt: skip
