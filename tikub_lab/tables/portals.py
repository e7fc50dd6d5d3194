"""Tables from portals of open data: what `data/sources.csv` names is asked for, checked, and given to the import."""

import csv
import datetime
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from tikub_lab.errors import RunError, TikubError, UsageError, nearest
from tikub_lab.tables.download import Refused, Saved, Web
from tikub_lab.tables.imports import import_files, today
from tikub_lab.tables.package import DESCRIPTOR, open_package, sha256_of, workbench
from tikub_lab.tables.profiles import Change, Profile, changes, profile
from tikub_lab.tables.readers import Reader
from tikub_lab.tables.schema import aliases, read_schemas
from tikub_lab.tables.sources import State

UNKNOWN = "à trouver"
"""The dataset of a source whose id nobody knows yet; it is never guessed."""
LEFT = ("unknown", "undescribed", "unasked")
"""States of a source that can't be asked for yet: no id, no schema, nothing in another table to ask by."""
OVERLAP = datetime.timedelta(days=10)
"""What is asked again of a source with a date column: portals publish late, and correct."""
ANEW = 30
"""A source with a date column is asked whole each so many times, since what it took back has no date."""
LOT = 40
"""Values of another table that are asked for at once; an address of more may be refused."""


class Missing(UsageError):
    """What a source is asked by is not there yet; ``args[1]`` is the state that it leaves the source in."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Source:
    """A line of `data/sources.csv`: what a table is made of, and how it is asked for.

    ``api`` is ods (Opendatasoft Explore 2.1), ods1 (its first API), datagouv (``dataset#part-of-a-resource's-name``),
    tabular (of data.gouv.fr), register (of firms and associations, one answer a SIREN), wfs, dcat (the portal's own
    catalogue), or file. ``key`` names columns that no two rows share; ``date`` the column by which new rows are
    asked; ``where`` a filter in the portal's language, its ``{}`` standing for the values of ``per``, a column of
    another table (``bodies/bodies.siren``).
    """

    table: str
    api: str
    portal: str
    dataset: str
    title: str
    reader: str
    format: str
    key: str
    date: str
    where: str
    per: str
    licence: str

    @property
    def name(self) -> str:
        """How a source is named; two sources of one dataset differ in what they are asked by."""
        return f"{self.portal}/{self.dataset}" + f" by {self.per.rpartition('.')[2]}" * bool(self.per)


@dataclass
class Fetched:
    """What became of a source.

    ``state`` is new, unchanged, changed (by its portal: the old table stays), failed, or one of :data:`LEFT` (can't be
    asked for yet); ``said`` says why, ``changes`` what is different in its columns. Of the rows ``read``, those
    ``rejected`` are not in the table.
    """

    source: Source
    state: str
    said: str = ""
    changes: tuple[Change, ...] = ()
    read: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Request:
    """What a portal is asked: a file, the name it gets, and, asked when needed, its number of rows and its version.

    ``pause`` seconds pass before it is asked.
    """

    url: str
    name: str
    total: Callable[[], int | None] = lambda: None
    version: Callable[[], str] = lambda: ""
    pause: float = 0


def read_sources(path: Path | None = None) -> list[Source]:
    """Read the table of sources."""
    path = path or workbench() / "data" / "sources.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows, names = csv.DictReader(file), [item.name for item in fields(Source)]
        if {*names} - {*(rows.fieldnames or ())}:
            raise UsageError(f"{path}: its columns are {', '.join(names)}; found {', '.join(rows.fieldnames or ())}.")
        found = [Source(**{name: (row[name] or "").strip() for name in names}) for row in rows]
    for item in found:
        if item.api not in _REQUESTS:
            raise UsageError(f"{path}, {item.name}: api is {item.api!r}; allowed are {', '.join(_REQUESTS)}.")
    return found


def chosen(sources: Sequence[Source], tables: Sequence[str], schemas: Path) -> list[Source]:
    """Return the sources of some tables, or all of them where none is named."""
    known, named = dict.fromkeys(item.table for item in sources), aliases(schemas)
    tables = [named.get(name, name) for name in tables]
    for name in tables:
        if name not in known:
            raise UsageError(f"No source fills {name!r}.{nearest(name, known)} Known: {', '.join(known)}.")
    return [item for item in sources if not tables or item.table in tables]


def fetch(
    sources: Sequence[Source],
    into: Path,
    readers: Sequence[Reader],
    web: Web | None = None,
    accept: bool = False,
    tell: Callable[[Fetched], None] = lambda done: None,
) -> list[Fetched]:
    """Download what changed at the portals into a data package; what can't be had leaves the table that is there.

    ``accept`` takes columns that a portal has changed.
    """
    found, web = [], web or Web()
    for source in sorted(sources, key=lambda item: bool(item.per)):  # those that ask by a table come after it
        try:
            with tempfile.TemporaryDirectory(prefix="tikub-fetch-") as folder:
                done = _fetch(source, into, readers, web, accept, Path(folder))
        except (TikubError, OSError) as error:
            done = Fetched(source, error.args[1] if isinstance(error, Missing) else "failed", str(error))
        except (KeyError, TypeError, ValueError) as error:
            done = Fetched(source, "failed", f"{source.name}: an answer of no known shape ({error!r}).")
        found.append(done)
        tell(done)
    return found


def _fetch(source: Source, into: Path, readers: Sequence[Reader], web: Web, accept: bool, folder: Path) -> Fetched:
    """Ask for one source: whether it changed, its rows, the check of them, the import."""
    if source.dataset == UNKNOWN:
        raise Missing(f"its id at {source.portal} is not known yet.", "unknown")
    if source.table not in read_schemas(workbench() / "data" / "schemas"):
        raise Missing(f"{source.table}: no Table Schema data/schemas/{source.table}.json yet.", "undescribed")
    before = [item.download for item in State.of(into).sources if item.download.get("source") == source.name]
    old: dict[str, Any] = before[-1] if before else {}
    wheres = _wheres(source, into)
    recent = bool(source.date and old and old["wheres"] == wheres and (old["times"] + 1) % ANEW)
    asked, day = wheres, today()
    if recent:
        new = f"{source.date} >= date'{datetime.date.fromisoformat(old['day']) - OVERLAP}'"
        asked = [f"({where}) and {new}" if where else new for where in wheres]
    requests = [_REQUESTS[source.api](web, source, where) for where in asked]
    done = Fetched(source, "unchanged")
    version = requests[0].version()
    if version and version == old.get("version") and wheres == old["wheres"]:
        return done
    same = len(requests) == 1 and wheres == old.get("wheres")
    path, saved, found = _checked(web, source, requests, folder, old if same else {})
    if saved is None:
        return done
    columns, rows = (found.columns, found.rows) if found else ({}, None)
    if rows == 0:
        if not source.per and not recent:
            raise RunError(f"{saved.url}: no row came. The table stays as it was.")
        return done
    different = changes(old.get("columns", {}), columns) if found else []
    if rows and not recent and 2 * rows < (old.get("rows") or 0):
        different.append(Change("", f"{old['rows']:,}", f"{rows:,}"))
    done.changes = tuple(different)
    if any(item.breaks for item in different) and not accept:
        done.state = "changed"
        done.said = "the portal changed it; the table stays as it was. Look at it, then take it with --accept."
        return done
    download = {
        "source": source.name, "url": saved.url, "day": day, "version": version, "etag": saved.etag, "wheres": wheres,
        "modified": saved.modified, "columns": old.get("columns", {}) | columns if recent else columns,
        "licence": source.licence, "times": old.get("times", 0) + 1, "adds": recent,
        "rows": old.get("rows") if recent else rows,
    }  # fmt: skip
    if found and found.keys != found.rows:
        done.said = f"{found.rows - found.keys:,} of {rows:,} rows have the key of another one, at the portal too."
    was = State.of(into).resources.get(source.table, {}).get("hash")
    taken = import_files([path], into, readers, source.table, download=download, reader=source.reader or None)
    done.read, done.rejected = sum(item.read for item in taken), sum(item.rejected for item in taken)
    if done.rejected:
        lost = f"{done.rejected:,} of {done.read:,} rows rejected: {source.table}.rejects.csv says why."
        done.said = f"{done.said} {lost}".strip()
    done.state = "unchanged" if State.of(into).resources[source.table]["hash"] == was else "new"
    return done


def _checked(
    web: Web, source: Source, requests: Sequence[Request], folder: Path, old: dict[str, Any]
) -> tuple[Path, Saved | None, Profile | None]:
    """Download what is asked, as one file, and hold it against what the portal counts; once more if that differs.

    Keys that stand twice are the portal's own where the second file is the same; else some rows came twice, others not.
    """
    path, first, wrong = folder / requests[0].name, "", ""
    for _ in range(2):
        parts = [folder / str(at) for at in range(len(requests))]
        saved = [_save(web, request, part, old) for request, part in zip(requests, parts, strict=True)]
        if saved[0] is None:
            return path, None, None
        if source.per:  # answers are lists of records
            answers = [json.loads(part.read_bytes()) for part in parts]
            records = [record for said in answers for record in (said["results"] if isinstance(said, dict) else said)]
            path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
        else:
            parts[0].replace(path)
        totals, found = [request.total() for request in requests], _profile(source, path)
        wrong = _wrong(path, found, sum(map(int, totals)) if None not in totals else None, saved[0].sure)  # type: ignore[arg-type]
        if not wrong and (not found or found.keys == found.rows or sha256_of(path) == first):
            return path, saved[0], found
        first = sha256_of(path)
        web.sleep(1)  # rows may have come meanwhile
    wrong = wrong or "rows have a key twice, other ones each time: some come twice, others not at all."
    raise RunError(f"{requests[0].url}: {wrong} The table stays as it was.")


def _profile(source: Source, path: Path) -> Profile | None:
    """Go through rows; a catalogue in RDF has none, the import looks at it whole."""
    return None if source.api == "dcat" else profile(path, [*filter(None, source.key.split(","))])


def _wrong(path: Path, found: Profile | None, total: int | None, sure: bool) -> str:
    """Say what is wrong with a download that came with status 200."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 4_000, 0))
        error = re.search(rb"Streaming interrupted due to the following error: ?(.{0,200})", file.read(), re.DOTALL)
    if error:
        return f"ends with an error: {error[1].decode('utf-8', 'replace').strip()!r}."
    if found and total is not None and found.rows != total:
        return f"{found.rows:,} rows came, the portal counts {total:,}."
    if not sure and (total is None or not found):
        return "the connection closed without a word of how long the file is, and nothing else tells that it is whole."
    return ""


def _save(web: Web, request: Request, path: Path, old: dict[str, Any]) -> Saved | None:
    """Download one file; as CSV where a portal has no Parquet."""
    web.sleep(request.pause)
    try:
        return web.save(request.url, path, old if request.url == old.get("url") else None)
    except Refused as error:
        if error.status != 400 or "/exports/parquet?" not in request.url:
            raise
        return web.save(request.url.replace("/exports/parquet?", "/exports/csv?"), path)


def _wheres(source: Source, into: Path) -> list[str]:
    """Return the filters that are asked with, more than one where there are many values to ask by."""
    if not source.per:
        return [source.where]
    table, _, column = source.per.rpartition(".")
    package = open_package(into) if (into / DESCRIPTOR).is_file() else None
    found = package.values(table, column) if package and table in package.resources else []
    values = [value for value in map(str, found) if re.fullmatch(r"\w+", value)]  # no other sign gets into a filter
    if not values:
        raise Missing(f"{source.per}: no value in {into} to ask by. Import that table first.", "unasked")
    size = 1 if source.api == "register" else LOT
    lots = (values[at : at + size] for at in range(0, len(values), size))
    return [" or ".join(source.where.replace("{}", value) for value in lot) for lot in lots]


def _query(**parameters: Any) -> str:
    return urlencode({name: value for name, value in parameters.items() if value}, quote_via=quote)


def _file_name(source: Source, ending: str) -> str:
    """Name a file by its source: it stays, so that a later one replaces it, and holds no path."""
    return re.sub(r"[^\w.-]+", "-", f"{source.name}.{ending}")


def _ods(web: Web, source: Source, where: str) -> Request:
    at, form = f"{_catalog(source.portal)}/{quote(source.dataset, safe='')}", source.format or "parquet"
    asked = _query(where=where, timezone="Europe/Paris")  # without which days are those of UTC
    return Request(
        f"{at}/exports/{form}?{_query(limit=-1, order_by=source.key)}&{asked}",
        _file_name(source, form),
        lambda: int(web.json(f"{at}/records?limit=1&{asked}")["total_count"]),
        lambda: str(web.json(at)["metas"]["default"].get("data_processed") or ""),
    )


def _catalog(portal: str) -> str:
    return f"https://{portal}/api/explore/v2.1/catalog/datasets"


def _ods1(web: Web, source: Source, where: str) -> Request:
    at, asked = (
        f"https://{source.portal}/api/records/1.0",
        _query(dataset=source.dataset, q=where, timezone="Europe/Paris"),
    )
    total = lambda: int(web.json(f"{at}/search/?{asked}&rows=1")["nhits"])  # noqa: E731
    return Request(f"{at}/download/?{asked}&format=json", _file_name(source, "json"), total)


def _datagouv(web: Web, source: Source, where: str) -> Request:
    dataset, _, part = source.dataset.partition("#")
    at = f"https://{source.portal}/api/1/datasets/{quote(dataset, safe='')}/"
    found = [item for item in web.json(at)["resources"] if part in f"{item['title']} {item['url']}"]
    if not found:
        raise RunError(f"{at}: no resource is called {part!r}. Look at the dataset, then correct data/sources.csv.")
    last = max(found, key=lambda item: str(item.get("last_modified")))
    name = PurePosixPath(unquote(urlsplit(last["url"]).path)).name  # published names hold a day; no path gets through
    return Request(
        last["url"], name or _file_name(source, source.format), version=lambda: str(last.get("last_modified"))
    )


def _tabular(web: Web, source: Source, where: str) -> Request:
    at = f"https://{source.portal}/api/resources/{quote(source.dataset, safe='')}/data"
    total = lambda: int(web.json(f"{at}/?{where}&page_size=1")["meta"]["total"])  # noqa: E731
    return Request(f"{at}/csv/?{where}", _file_name(source, "csv"), total)


def _wfs(web: Web, source: Source, where: str) -> Request:
    asked = _query(service="WFS", version="2.0.0", request="GetFeature", typeNames=source.dataset, CQL_FILTER=where,
                   srsName="EPSG:4326", outputFormat="application/json")  # fmt: skip
    url = f"https://{source.portal}/geoserver/{source.dataset.partition(':')[0]}/ows?{asked}"
    total = lambda: int(web.json(f"{url}&count=1")["numberMatched"])  # noqa: E731
    return Request(url, _file_name(source, "geojson"), total)


def _dcat(web: Web, source: Source, where: str) -> Request:
    """Ask for the catalogue itself; its states stay beside each other, by their days."""
    return Request(f"{_catalog(source.portal).rpartition('/')[0]}/exports/dcat", f"{source.portal}_{today()}.rdf")


def _register(web: Web, source: Source, where: str) -> Request:
    """Ask for one SIREN without the people who run it, five a second: above that the State's register says 429."""
    asked = _query(q=where, page=1, per_page=1, minimal="true", include="siege,complements")
    return Request(f"https://{source.portal}/{source.dataset}?{asked}", _file_name(source, "json"), pause=0.2)


def _file(web: Web, source: Source, where: str) -> Request:
    path, _, asked = source.dataset.partition("?")
    name = _file_name(source, source.format) if asked else PurePosixPath(path).name
    return Request(f"https://{source.portal}/{source.dataset}", name)


_REQUESTS: dict[str, Callable[[Web, Source, str], Request]] = {
    "ods": _ods, "ods1": _ods1, "datagouv": _datagouv, "tabular": _tabular, "register": _register, "wfs": _wfs,
    "dcat": _dcat, "file": _file,
}  # fmt: skip


def search(words: Sequence[str], sources: Sequence[Source], web: Web | None = None) -> Iterator[tuple[str, ...]]:
    """Give the datasets of the Opendatasoft portals that our sources name: id, title, rows, date of the data."""
    text = " and ".join(json.dumps(word, ensure_ascii=False) for word in words)
    for portal in dict.fromkeys(item.portal for item in sources if item.api == "ods"):
        for item in (web or Web()).json(f"{_catalog(portal)}?{_query(limit=50, where=text)}")["results"]:
            said = item["metas"]["default"]
            date = str(said.get("data_processed"))[:10]
            yield f"{portal}/{item['dataset_id']}", str(said.get("title")), str(said.get("records_count")), date


def describe(name: str, web: Web | None = None) -> Iterator[tuple[str, ...]]:
    """Give the fields of an Opendatasoft dataset, named ``portal/dataset``: name, label, type, description."""
    portal, _, dataset = name.partition("/")
    for item in (web or Web()).json(f"{_catalog(portal)}/{quote(dataset, safe='')}")["fields"]:
        yield tuple(str(item.get(key) or "") for key in ("name", "label", "type", "description"))
