"""The nightly run: fetch, import, check, build, publish by one rename, and say in French what changed and who must act.

``out/current`` is a link to the edition that is served, ``out/editions/`` holds the last ones, ``out/nuit.txt`` and
``out/nuit.json`` what the last run had to say. A step that breaks leaves the link as it is.
"""

import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from tikub_lab.errors import RunError, TikubError, UsageError, nearest
from tikub_lab.show import french
from tikub_lab.tables.atomic import held, write_atomic
from tikub_lab.tables.download import Web
from tikub_lab.tables.package import Package, open_package, workbench
from tikub_lab.tables.profiles import Change
from tikub_lab.tables.readers import Reader
from tikub_lab.tables.template import holder

CURRENT = "current"
EDITIONS = "editions"
TEAM = "l’équipe qui tient l’atelier"
LEFT = {
    "unknown": "son identifiant sur le portail {portal} n’est pas encore connu",
    "undescribed": "la table {table} n’a pas encore de schéma",
    "unasked": "la colonne {per}, par laquelle on la demande, est vide ou absente",
}
"""Why a source can't be asked for yet."""
WRITTEN = {"texts": "des textes", "numbers": "des nombres", "dates 2025-01-31": "des dates comme 2025-01-31",
           "dates 31/01/2025": "des dates comme 31/01/2025"}  # fmt: skip
REFERENCES = "foreign-key"  # rows that name what no other table has are counted, and break nothing


@dataclass(frozen=True)
class Settings:
    """``[night]`` of ``workbench.toml``, which explains each."""

    data: str = "data/import"
    out: str = "site"
    keep: int = 7
    tables: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    notebooks: list[str] = field(default_factory=list)
    each: bool = False
    fetch: bool = True
    jobs: int = 1


def read_settings(home: Path) -> Settings:
    """Read the settings, or say which are not known."""
    path = home / "workbench.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8")).get("night", {}) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not readable as TOML ({error}). Correct it or remove it.") from None
    usual = vars(Settings())
    for name, value in said.items():
        if name not in usual or type(value) is not type(usual[name]):
            allowed = ", ".join(f"{item.name} ({type(usual[item.name]).__name__})" for item in fields(Settings))
            raise UsageError(f"{path}: [night] has {name} = {value!r}.{nearest(name, usual)} Allowed: {allowed}.")
    settings = Settings(**said)
    if settings.keep < 1 or settings.jobs < 1:
        raise UsageError(f"{path}: [night] keep and jobs are at least 1.")
    return settings


@dataclass
class Night:
    """One run: what it knows, and what it will say."""

    home: Path
    settings: Settings
    readers: Sequence[Reader]
    web: Web
    now: datetime
    said: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing to say."""
        self.out, self.data = self.home / self.settings.out, self.home / self.settings.data
        self.edition = self.out / EDITIONS / f"{self.now:%Y-%m-%d-%H%M%S}"
        self.said = {"night": self.edition.name, "published": False, "pages": 0, "before": self.last, "tables": [],
                     "figures": [], "problems": [], "rejected": [], "left": []}  # fmt: skip

    @property
    def last(self) -> str:
        """The name of the edition that is served, or ""."""
        link = self.out / CURRENT
        return link.readlink().name if link.is_symlink() and link.is_dir() else ""

    def problem(self, step: str, about: str, said: str, who: str, detail: str = "") -> None:
        """Note what failed and who must act; the detail, in English, is for those who mend it."""
        home = f"{self.home}{os.sep}"
        problem = {"step": step, "about": about, "said": said, "who": who, "detail": detail.replace(home, "")}
        self.said["problems"].append(problem)

    def rejects(self, about: str, table: str, rejected: int, read: int) -> None:
        """Note rows that came and are in no table."""
        if rejected:
            said = f"{french.plural(rejected, 'ligne')} sur {french.number(read)} (voir {table}.rejects.csv)"
            self.said["rejected"].append({"about": about, "said": said})

    def fetch(self) -> None:
        """Download what changed; what fails leaves the last good table."""
        from tikub_lab.tables import portals

        sources = portals.chosen(portals.read_sources(), self.settings.tables, self.home / "data" / "schemas")
        for done in portals.fetch(sources, self.data, self.readers, self.web):
            self.rejects(done.source.title, done.source.table, done.rejected, done.read)
            if done.state == "changed":
                who = f"{TEAM} : relire, puis `tikub data fetch {done.source.table} --accept`"
                said = f"le portail a changé ce qu’il donne : {' ; '.join(map(_change, done.changes))}"
                self.problem("téléchargement", done.source.table, said, who)
            elif done.state == "failed":
                who = f"le portail {done.source.portal} ; la dernière bonne table reste"
                self.problem("téléchargement", done.source.table, "le portail n’a pas donné le fichier", who, done.said)
            elif done.state in LEFT:
                said = LEFT[done.state].format(**vars(done.source))
                self.said["left"].append({"about": done.source.title, "said": said})

    def bring(self) -> None:
        """Import the files that services have put down."""
        from tikub_lab.tables.imports import import_files

        for path in sorted({path for pattern in self.settings.files for path in self.home.glob(pattern)}):
            try:
                for item in import_files([path], self.data, self.readers):
                    self.rejects(item.file, item.tables[0], 0 if item.unchanged else item.rejected, item.read)
            except TikubError as error:
                who = "le service qui a fourni ce fichier"
                self.problem("import", path.name, "ce fichier ne peut pas être lu", who, str(error))

    def check(self) -> None:
        """Check every table; pages are made on none that breaks its schema."""
        from tikub_lab.tables.audit import audit

        found = audit(open_package(self.data))
        apart = found[found["rule"] == REFERENCES].groupby("table").size()
        for table, count in apart.items():
            said = f"{french.plural(int(count), 'ligne')} sans correspondance dans les autres tables"
            self.said["left"].append({"about": str(table), "said": said})
        broken = found[found["rule"] != REFERENCES]
        for item in broken.head(20).itertuples(index=False):
            self.problem("contrôle", f"{item.table}, ligne {item.row}", f"{item.value!r} : règle {item.rule}", TEAM)
        if len(broken):
            raise RunError(f"{len(broken):,} problems in {self.data}.")

    def build(self) -> None:
        """Make the pages that changed beside a copy of the edition that is served."""
        from tikub_lab.reports import build
        from tikub_lab.reports.manifest import JOURNAL
        from tikub_lab.reports.notebooks import folder_of
        from tikub_lab.reports.plan import plan

        package, names = open_package(self.data), self.settings.notebooks
        if self.last:
            ignored = shutil.ignore_patterns(JOURNAL)
            shutil.copytree(self.out / CURRENT, self.edition, copy_function=_link, ignore=ignored)
        reports = plan(folder_of(self.home), names, {}, package)
        if self.settings.each:
            known = {report.page for report in reports}
            reports += [item for item in plan(folder_of(self.home), names, {}, package, "") if item.page not in known]
        settings = build.Settings(self.settings.jobs, 600, 4 * 2**30, "kernel" if os.name == "nt" else "tikub")
        document = build.build(reports, self.home, self.edition, package, settings, lambda entry: None)
        entries = {item["page"]: item for item in document["reports"]}
        self.said["pages"] = sum(item["status"] == "done" for item in document["reports"])
        for report in reports:
            item = entries[report.page]
            if item["status"] == "failed" or item.get("failed"):
                reason = str(entries.get(report.failed_page, item)["reason"])
                said, who = "le carnet s’arrête sur une erreur", f"qui a écrit le carnet {item['notebook']}"
                if absent := holder(reason):
                    said, who = f"la table {absent.table} n’est pas là", f"{absent.who} (`{absent.command}`)"
                self.problem("pages", report.page, said, who, reason)
        if not self.said["pages"]:
            raise RunError("no page could be made.")
        self.compare(_state(package, document["reports"]))

    def compare(self, state: dict[str, Any]) -> None:
        """Note what is different from the edition that is served, and keep the state for the next night."""
        path = self.out / EDITIONS / f"{self.last}.json"
        old = json.loads(path.read_text(encoding="utf-8")) if self.last and path.is_file() else {}
        for kind in ("tables", "figures"):
            before, after = old.get(kind, {}), state[kind]
            for name in sorted({*before, *after}):
                if before.get(name) != after.get(name) and (before or kind == "tables"):
                    self.said[kind].append({"name": name, "before": before.get(name), "after": after.get(name)})
        text = json.dumps(state, ensure_ascii=False, indent=1)
        write_atomic(self.edition.with_suffix(".json"), text.encode())

    def publish(self) -> None:
        """Let the link lead to the new edition, by one rename, and remove the oldest ones."""
        link = self.out / f".{CURRENT}.part"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(EDITIONS) / self.edition.name, target_is_directory=True)
        link.replace(self.out / CURRENT)
        self.said["published"] = True
        old = sorted(path for path in (self.out / EDITIONS).iterdir() if path.is_dir() and path != self.edition)
        for path in old[: max(len(old) - self.settings.keep + 1, 0)]:
            shutil.rmtree(path)
            path.with_suffix(".json").unlink(missing_ok=True)

    def run(self) -> dict[str, Any]:
        """Take the steps in order; the first that breaks ends the night, and is said."""
        steps = {"téléchargement": self.fetch, "import": self.bring, "contrôle": self.check, "pages": self.build,
                 "publication": self.publish}  # fmt: skip
        if not self.settings.fetch:
            del steps["téléchargement"]
        (self.out / EDITIONS).mkdir(parents=True, exist_ok=True)
        with held(self.out) as ours:
            if ours is None:
                raise UsageError(f"{self.out}: another night is under way there. Wait for its end.")
            for path in (self.out / EDITIONS).iterdir():  # what a night that broke off has left
                if path.is_dir() and path.name != self.last and not path.with_suffix(".json").exists():
                    shutil.rmtree(path)
            for step, take in steps.items():
                try:
                    take()
                except (TikubError, OSError) as error:
                    self.problem(step, "la nuit s’arrête là", "cette étape n’a pas pu finir", TEAM, str(error))
                    break
            if not self.said["published"]:
                shutil.rmtree(self.edition, ignore_errors=True)
                self.edition.with_suffix(".json").unlink(missing_ok=True)
            document = json.dumps(self.said, ensure_ascii=False, indent=1) + "\n"
            write_atomic(self.out / "nuit.json", document.encode())
            write_atomic(self.out / "nuit.txt", f"{summary(self.said)}\n".encode())
        return self.said


def tonight() -> dict[str, Any]:
    """Run a night of the workbench, by its settings."""
    from tikub_lab.use_cases import readers

    home = workbench()
    return Night(home, read_settings(home), readers(), Web(), datetime.now()).run()


def _link(source: str, target: str) -> None:
    """Copy a file at no cost: pages are replaced, never written into."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _state(package: Package, reports: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return what a night compares with the one before: tables, and the first figure of each page."""
    tables = {
        name: {"rows": item.rows, "sha256": item.sha256, "columns": list(item.schema.names)}
        for name, item in package.resources.items()
    }
    figures = {
        item["page"]: {"title": item.get("heading") or item["title"], "figure": item["figure"], "about": item["about"]}
        for item in reports
        if item["status"] == "done" and item.get("figure")
    }
    return {"tables": tables, "figures": figures}


def summary(said: dict[str, Any]) -> str:
    """Write what a night has to say, in French."""
    tonight, before = (french.day(said[name][:10]) for name in ("night", "before"))
    lines = [f"Nuit du {tonight} : publiée, {french.plural(said['pages'], 'page')}."]
    if not said["published"]:
        stays = f"l’édition du {before} reste en ligne" if said["before"] else "rien n’est en ligne"
        lines = [f"Nuit du {tonight} : rien n’est publié, {stays}."]
    for title, items in (
        ("Ce qui a changé", [_table(item) for item in said["tables"]]),
        ("Chiffres qui ont bougé", [_figure(item) for item in said["figures"]]),
        ("Ce qui a échoué, et qui doit agir",
         [_problem(item) for item in said["problems"]]),
        ("Ce qui n’a pas été repris", [f"{item['about']} : {item['said']}" for item in said["rejected"]]),
        ("Ce qui reste à trouver", [f"{item['about']} : {item['said']}" for item in said["left"]]),
    ):  # fmt: skip
        if items:
            lines += ["", title, *(f"- {item}" for item in items)]
    if not said["tables"] and not said["problems"]:
        lines += ["", "Aucune table n’a changé."]
    return "\n".join(lines)


def _problem(item: dict[str, str]) -> str:
    detail = f" (détail : {item['detail']})" if item["detail"] else ""
    return f"{item['step']}, {item['about']} : {item['said']} → {item['who']}{detail}"


def _change(item: Change) -> str:
    """Say in French what a portal has changed."""
    if not item.column:
        return f"{item.after} lignes au lieu de {item.before}".replace(",", "\u202f")
    if item.after is None or item.before is None:
        return f"la colonne « {item.column} » {'n’est plus là' if item.after is None else 'est nouvelle'}"
    before, after = (WRITTEN.get(form, "rien") for form in (item.before, item.after))
    return f"la colonne « {item.column} » donnait {before}, elle donne {after}"


def _table(item: dict[str, Any]) -> str:
    before, after = item["before"] or {}, item["after"] or {}
    if not before or not after:
        count = french.plural((before or after)["rows"] or 0, "ligne")
        return f"{item['name']} : {'nouvelle table' if after else 'table disparue'}, {count}"
    more = [f"« {name} » en plus" for name in after["columns"] if name not in before["columns"]]
    more += [f"« {name} » en moins" for name in before["columns"] if name not in after["columns"]]
    was = f"{french.number(before['rows'] or 0)} avant"
    moved = was if before["rows"] != after["rows"] else "dont certaines ont changé"
    moved = f"{french.plural(after['rows'] or 0, 'ligne')}, {moved}"
    return f"{item['name']} : {moved}" + f" ; colonnes {', '.join(more)}" * bool(more)


def _figure(item: dict[str, Any]) -> str:
    before, after = item["before"] or {}, item["after"] or {}
    new = after or before
    return f"{new['title']} : {before.get('figure') or 'rien'} → {after.get('figure') or 'rien'} ({new['about']})"
