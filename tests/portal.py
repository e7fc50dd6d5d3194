"""A portal to test against, on this machine alone: `make demo-portal`, or `python -m tests.portal --port 8700`.

It answers for every portal of data/sources.csv, under its name: http://127.0.0.1:8700/data.bretagne.bzh/api/… With
``TIKUB_PORTAL=http://127.0.0.1:8700`` all that `tikub` would ask of portals it asks here. ``/_fault/NAME/…`` has an
answer go wrong; ``--fault DATASET=NAME`` that of a dataset, each time it is asked.

What it follows: [ods] Explore 2.1's OpenAPI as public code holds it, and the limits of data-fair's layer for it;
[v1] answers of the first API, saved from BODACC and JOAFE; [udata] data.gouv.fr; [tabular] datagouv/api-tabular;
[register] API Recherche d'entreprises; [wfs] OGC WFS 2.0 as GeoServer gives it; [geo] geo.api.gouv.fr as public code
asks it; [rfc] RFC 9110; [seen] failures that users reported.
Rows are those of real files in ``$TIKUB_OPENDATA``, or a few invented ones.
"""

import argparse
import contextlib
import csv
import gzip
import hashlib
import io
import json
import os
import re
import time
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from tests.territory.feeds import SIX, feed

ROOT = Path(__file__).resolve().parents[1]
SERVED = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FAULTS = SERVED.pop("faults")
OPENDATASOFT = {
    tuple(item["dataset"].split("/")): name
    for name, item in SERVED.items()
    if not {"ows.region-bretagne.fr", "geo.api.gouv.fr", "catalog"} & {*item["dataset"].split("/")}
}
FORMATS = ("csv", "json", "parquet")
BOMB = gzip.compress(bytes(40 << 20), 1)
PAGE = b"<!DOCTYPE html><html><body>Service momentan\xc3\xa9ment indisponible</body></html>"


class Wrong(Exception):
    """An answer that is an error: its status, and its body or [ods] the message and code of it."""


def wrong(status, message, code="ODSQLError"):
    return Wrong(status, {"message": message, "error_code": code})


def read_rows(text):
    """Rows of a saved file: CSV with either delimiter, or an answer of the first API."""
    if text.startswith("["):
        return json.loads(text)
    if text.startswith("{"):
        document = json.loads(text)
        return [item.get("fields", item) for item in document.get("records") or document.get("lycees")]
    return list(csv.DictReader(io.StringIO(text), delimiter=max(",;", key=text.splitlines()[0].count)))


class Data:
    """What is served: rows by name, and the text of files."""

    def __init__(self, folder=None, copies=1):
        self.texts, self.kept, self.copies = {}, {}, copies
        for name, item in SERVED.items():
            path = folder / item["real"] if folder and "real" in item else None
            data = path.read_bytes() if path and path.is_file() else item["invented"].lstrip().encode()
            self.texts[name] = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")

    def rows(self, name):
        if name not in self.kept:
            self.kept[name] = read_rows(self.texts[name])
        return self.kept[name]


# Filters: the forms that our sources use, joined by `and`, `or` and parentheses; all else is refused.

FORMS = {  # [ods] ODSQL, and data-fair's unit tests of it
    r'startswith\((\w+), ?"([^"]*)"\)': lambda value, text, zone: str(value).startswith(text),
    r'search\((\w+), ?"([^"]*)"\)': lambda value, text, zone: folded(text) in folded(value),
    r'(\w+) like "([^"]*)"': lambda value, text, zone: folded(text.strip("%*")) in folded(value),
    r'(\w+) in \(("[^"]*"(?:, ?"[^"]*")*)\)': lambda value, text, zone: str(value) in re.findall('"([^"]*)"', text),
    r'(\w+) ?[:=] ?"([^"]*)"': lambda value, text, zone: str(value) == text,
    r"(\w+) >= date'([\d/:T -]+)'": lambda value, text, zone: bool(value) and moment(value) >= moment(text, zone),
    r"(\w+) is (not null|null)": lambda value, text, zone: (value in (None, "")) == (text == "null"),
    r"year\((\w+)\) ?= ?(\d{4})": lambda value, text, zone: str(value)[:4] == text,
}
FORM = "|".join(re.sub(r"\((?!\?)", "(?:", form.replace(r"\(", "\0")).replace("\0", r"\(") for form in FORMS)


def folded(value):
    return " ".join(re.sub(r"[^\w]+", " ", str(value).casefold()).split())


def moment(text, zone="UTC"):
    """A date without offset is in UTC in the data; in a literal it is read in the time zone that is asked [seen]."""
    found = datetime.fromisoformat(str(text).replace("/", "-"))
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def matches(rows, where, zone):
    if not where:
        return rows
    parts = re.findall(rf"({FORM})|(\(|\)|\band\b|\bor\b)|(\S+)", where, flags=re.IGNORECASE)
    if any(odd for *_, odd in parts) or where.count("(") != where.count(")"):
        raise wrong(400, f"ODSQL query is malformed: {where}")  # [ods] unquoted words and unknown functions: 400
    tests, words = [], []
    for condition, word, _ in parts:
        words.append(word or f"tests[{len(tests)}](row)")
        for form, holds in FORMS.items() if condition else ():
            if found := re.fullmatch(form, condition, flags=re.IGNORECASE):
                field, text = found.groups()
                if rows and field not in rows[0]:
                    raise wrong(400, f"Unknown field: {field}")
                tests.append(lambda row, f=field, t=text, h=holds: h(row.get(f), t, zone))
                break
    try:
        code = compile(" ".join(words).lower(), "where", "eval")  # only the words above
        return [row for row in rows if eval(code, {"tests": tests, "row": row})]
    except SyntaxError:
        raise wrong(400, f"ODSQL query is malformed: {where}") from None


def integer(query, name, default, least, most):
    try:
        value = int(query.get(name, default))
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise wrong(400, f"Invalid value for {name}: {query.get(name)} was found", "InvalidRESTParameterError")
    return value


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        if self.server.talks:
            super().log_message(*arguments)

    def do_GET(self):
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        self.fault = parts[1] if parts[0] == "_fault" else ""
        parts = parts[2:] if self.fault else parts
        self.query = dict(parse_qsl(address.query, keep_blank_values=True))
        named = [self.server.faults[part] for part in [*parts, *self.query.values()] if part in self.server.faults]
        self.fault = self.fault or "".join(named[:1])
        self.server.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.first = not self.server.seen[self.path]
        self.server.seen[self.path] += 1
        try:
            if self.before():
                self.answer(*self.found(parts))
        except Wrong as error:
            self.answer(json.dumps(error.args[1]).encode(), status=error.args[0])
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    do_HEAD = do_GET

    def before(self):
        """Answer what goes wrong before there are any data; tell whether to go on."""
        fault = self.fault
        if (fault == "429" and self.first) or fault == "quota":  # [ods] body and headers of the domain's quota
            reset = datetime.now(UTC) + (timedelta(days=1) if fault == "quota" else timedelta(seconds=2))
            body = {"errorcode": 10002, "reset_time": f"{reset:%Y-%m-%dT%H:%M:%SZ}", "error": "Too many requests"}
            self.answer(json.dumps(body).encode(), status=429, **{"X-RateLimit-Remaining": "0"})
        elif (fault == "500" and self.first) or fault == "off":
            self.answer(b"Internal error", "text/plain", status=503 if fault == "off" else 500)
        elif fault in ("loop", "private", "plain-http"):
            others = {"private": "https://10.0.0.1/x", "plain-http": "http://example.org/x"}
            self.answer(b"", status=302, Location=others.get(fault, self.path))
        elif fault == "html":
            self.answer(PAGE, "text/html; charset=utf-8")
        elif fault == "head":  # [seen] data.gouv.fr#125
            self.answer(b"", status=200 if self.command == "HEAD" else 404)
        elif fault == "bomb":
            self.answer(BOMB, **{"Content-Encoding": "gzip"})
        else:
            return True
        return False

    def found(self, parts):
        domain, *path = parts
        match path:
            case ["api", "explore", "v2.1", "catalog", "exports", "dcat"]:  # [ods] RDF/XML
                return self.server.data.texts["catalog"].encode(), "application/rdf+xml"
            case ["api", "explore", "v2.1", "catalog", "datasets", *rest]:
                return self.explore(domain, *rest) if rest else self.catalog(domain)
            case ["api", "records", "1.0", what]:
                return self.first_api(domain, what)
            case ["api", "1", "datasets", name]:
                return self.udata(name)
            case ["api", "resources", _, "data", *form]:
                return self.tabular(form)
            case ["search"]:
                return self.register()
            case ["geoserver", _, "ows"]:
                return self.wfs()
            case ["communes"]:
                return self.communes()
        name = path[-1] if path else ""
        if self.server.files and (self.server.files / name).is_file():
            return (self.server.files / name).read_bytes(), "application/octet-stream"
        if name.startswith("elus-conseillers-regionaux"):
            return self.server.data.texts["elected"].encode(), "text/csv"
        raise wrong(404, "Not found.", "NotFound")

    def changed(self, rows):
        """The rows with what a portal may change from one day to the next."""
        names = [*rows[0]] if rows else []
        if self.fault == "column":
            return [{f"{name}_2" if name == names[-1] else name: row[name] for name in row} for row in rows]
        if self.fault == "type":
            number = [name for name in names if re.fullmatch(r"-?\d+\.?\d*", str(rows[0][name]))][-1]
            return [{**row, number: f"environ {row[number]} €"} for row in rows]
        if self.fault == "dates":
            form = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")
            return [{name: form.sub(r"\3/\2/\1", str(row[name])) for name in row} for row in rows]
        if self.fault == "repeated":  # [seen] explore.data.gouv.fr#220: as many rows, not the same ones
            return [rows[(at // 2 + self.server.seen[self.path]) % len(rows)] for at in range(len(rows))]
        return rows

    def selected(self, domain, name):
        """Rows of a dataset that meet the filter, in the order that is asked."""
        source = OPENDATASOFT.get((domain, name))
        if source is None:
            raise wrong(404, f"The requested dataset {name} does not exist.", "DatasetNotFoundError")
        rows = self.changed(self.server.data.rows(source))
        rows = matches(rows, self.query.get("where"), self.query.get("timezone", "UTC"))
        if order := self.query.get("order_by"):
            names = [part.split()[0] for part in order.split(",")]
            if rows and not {*names} <= rows[0].keys():
                raise wrong(400, f"Unknown field: {order}")
            rows = sorted(rows, key=lambda row: [str(row[name]) for name in names])
        return rows * self.server.data.copies

    def meta(self, domain, name):
        rows = self.server.data.rows(OPENDATASOFT[domain, name])
        day = "2026-11-28T03:00:00+00:00" if self.fault == "updated" else "2026-11-26T03:00:00+00:00"
        default = {"title": name.replace("-", " "), "records_count": len(rows) * self.server.data.copies,
                   "data_processed": day, "modified": day, "license": "Licence Ouverte v2.0 (Etalab)"}  # fmt: skip
        fields = [{"name": key, "label": key, "type": "text", "description": ""} for key in rows[0]]
        return {"dataset_id": name, "has_records": True, "fields": fields, "metas": {"default": default}}

    def catalog(self, domain):
        here = [self.meta(domain, name) for where, name in OPENDATASOFT if where == domain]
        words = re.findall(r'"([^"]*)"', self.query.get("where", ""))
        here = [item for item in here if all(folded(word) in folded(json.dumps(item)) for word in words)]
        return self.json({"total_count": len(here), "results": here[: integer(self.query, "limit", 10, -1, 100)]})

    def explore(self, domain, name, *rest):
        if (name, rest) == ("korrigo", ("alternative_exports", "korrigo")):  # [seen] CalumRob/lusk: a file beside rows
            return feed(io.BytesIO(), SIX).getvalue(), "application/zip"
        if not rest:
            self.selected(domain, name)
            return self.json(self.meta(domain, name))
        if rest == ("records",):
            limit, offset = integer(self.query, "limit", 10, -1, 100), integer(self.query, "offset", 0, 0, 10**9)
            if limit + offset > 10_000:  # [ods] offset + limit, and where a page ends
                raise wrong(400, f"Invalid sum of offset + limit: {limit + offset}", "InvalidRESTParameterError")
            rows = self.selected(domain, name)
            return self.json({"total_count": self.total(rows), "results": rows[offset:][:limit]})
        if rest[0] != "exports" or len(rest) != 2 or rest[1] not in FORMATS:
            raise wrong(400, f"Unknown export format: {'/'.join(rest)}", "InvalidRESTParameterError")
        rows = self.selected(domain, name)
        limit = integer(self.query, "limit", -1, -1, 10**9)
        if "offset" in self.query:  # [ods] the real portal streams rows, then an error at the end of its 200
            self.fault = "error-tail"
        return self.export(rows if limit < 0 else rows[:limit], rest[1])

    def export(self, rows, form):
        names = [*(rows[0] if rows else {})]
        if form == "parquet":
            file = io.BytesIO()
            flat = [{name: row[name] if row[name] is None else str(row[name]) for name in names} for row in rows]
            pq.write_table(pa.Table.from_pylist(flat), file)
            return file.getvalue(), "application/vnd.apache.parquet"
        if form == "json":
            return self.json(rows)
        text = io.StringIO()
        writer = csv.DictWriter(text, names, delimiter=self.query.get("delimiter", ";"))  # [ods] `;`, BOM, booleans 1/0
        writer.writeheader()
        writer.writerows({name: int(v) if isinstance(v, bool) else v for name, v in row.items()} for row in rows)
        mark = "" if self.query.get("with_bom") == "false" else "\ufeff"
        return (mark + text.getvalue()).encode(), "text/csv; charset=utf-8"

    def first_api(self, domain, what):
        """[v1] nhits, records[].fields; `q` is `field:value`, joined by OR."""
        rows = self.selected(domain, self.query.get("dataset", ""))
        if asked := self.query.get("q"):
            pairs = [re.fullmatch(r'(\w+)[:=]"?([^"]+)"?', part) for part in asked.split(" OR ")]
            if not all(pairs):
                raise Wrong(400, {"errorcode": 10003, "error": f"Invalid query: {asked}"})
            rows = [row for row in rows if any(folded(pair[2]) in folded(row.get(pair[1])) for pair in pairs)]
        records = [{"recordid": str(at), "fields": row} for at, row in enumerate(rows)]
        if what == "download":
            return self.json(records)
        count, start = int(self.query.get("rows", 10)), int(self.query.get("start", 0))
        if count + start > 10_000:
            raise Wrong(400, {"errorcode": 10007, "error": "rows + start <= 10000 is expected"})
        return self.json({"nhits": self.total(rows), "parameters": self.query, "records": records[start:][:count]})

    def udata(self, name):
        """[udata] a dataset with its resources."""
        if name != "repertoire-national-des-elus-1":
            raise Wrong(404, {"message": "Not found"})
        folder, file = "https://static.data.gouv.fr/resources/", "elus-conseillers-regionaux-cr_2026-04-24.csv"
        file = f"../../../tmp/{file}" if self.fault == "dotdot" else file
        url = f"{folder}{file}?a=1&amp;b=2" if self.fault == "amp" else folder + file
        day = "2026-11-28T03:00:00+00:00" if self.fault == "updated" else "2026-04-24T08:00:00+00:00"
        other = {"id": "0", "title": "elus-maires-mai.csv", "url": folder + "elus-maires-mai.csv", "last_modified": day}
        resources = [other, {"id": "1", "title": file, "url": url, "last_modified": day}]
        return self.json({"id": name, "title": "Répertoire national des élus", "resources": resources})

    def tabular(self, form):
        """[tabular] filters `column__operator=value`, 50 rows a page at most."""
        rows = self.changed(self.server.data.rows("decp"))
        for key, value in self.query.items():
            if key not in ("page", "page_size"):
                column, _, operator = key.rpartition("__")
                if operator not in ("exact", "contains") or column not in rows[0]:
                    raise Wrong(400, {"errors": [{"detail": f"Malformed query: {key}"}]})
                rows = [row for row in rows if value in ([row[column]] if operator == "exact" else row[column])]
        size = int(self.query.get("page_size", 20))
        if size > 50:  # [seen] datagouv-mcp#74
            raise Wrong(400, {"errors": [{"detail": "Page size exceeds allowed maximum: 50"}]})
        if form == ["csv"]:
            self.query = {"delimiter": ",", "with_bom": "false"}
            return self.export(rows, "csv")
        return self.json({"data": rows[:size], "links": {}, "meta": {"page_size": size, "total": self.total(rows)}})

    def register(self):
        """[register] a search by SIREN; people who run a firm stand in an answer unless `minimal` leaves them out."""
        rows = [row for row in self.server.data.rows("register") if row["siren"] == self.query.get("q")]
        if self.query.get("minimal") != "true":
            rows = [row | {"dirigeants": [{"nom": "FICTIF"}]} for row in rows]
        return self.json({"results": rows, "total_results": len(rows), "page": 1, "per_page": 1})

    def wfs(self):
        """[wfs] GetFeature as GeoJSON, with numberMatched; errors are an ExceptionReport with status 200."""
        layer, form = self.query.get("typeNames", ""), self.query.get("outputFormat")
        if layer not in ("rb:lycee_public", "rb:lycee_batiment") or form != "application/json":
            return b'<ows:ExceptionReport><ows:Exception exceptionCode="InvalidParameterValue"/>', "application/xml"
        rows, points = self.server.data.rows("buildings"), {}
        if layer == "rb:lycee_public":
            lycees = self.server.data.rows("lycees")
            rows = [{"code_uai": row["u"], "lib_etablissement": row["n"], "ville": row["v"]} for row in lycees]
            points = {at: {"type": "Point", "coordinates": [row["lon"], row["lat"]]} for at, row in enumerate(lycees)}
        rows = enumerate(self.changed(rows))
        features = [{"type": "Feature", "geometry": points.get(at), "properties": row} for at, row in rows]
        return self.json(
            {
                "type": "FeatureCollection",
                "features": features[: int(self.query.get("count", 10**9))],
                "numberMatched": self.total(features),
            }
        )

    def communes(self):
        """[geo] Communes of a région with the fields that are asked; as GeoJSON with their outlines, here squares."""
        rows, names = self.server.data.rows("communes"), self.query["fields"].split(",")
        said = [{name: row[name] for name in names if name in row} for row in rows]
        if self.query.get("geometry") != "contour":
            return self.json(said)
        features = []
        for row, properties in zip(rows, said, strict=True):
            x, y = row["centre"]["coordinates"]
            ring = [[x - 1, y], [x, y - 1], [x + 1, y], [x, y + 1], [x - 1, y]]
            shape = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "properties": properties, "geometry": shape})
        return self.json({"type": "FeatureCollection", "features": features})

    def total(self, rows):
        return len(rows) + 7 * (self.fault == "wrong-total")

    def json(self, value):
        return json.dumps(value, ensure_ascii=False).encode(), "application/json; charset=utf-8"

    def answer(self, body, kind="application/json", status=200, **headers):
        """Send a body as [rfc] says: its length, a validator, ranges; or as a fault has it."""
        tag = f'{"W/" if self.fault == "weak" else ""}"{hashlib.sha256(body).hexdigest()[:16]}"'
        breaks = self.fault == "always-cut" or (self.fault in ("cut", "weak", "shifted") and self.first)
        ranged = self.headers.get("If-Range") == tag and re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if status == 200 and self.server.tags:
            headers["ETag"] = tag
            if self.headers.get("If-None-Match") == tag:
                body, status = b"", 304
            elif ranged:
                start, total = int(ranged[1]), len(body)
                body, status = (body[start:], 206) if start < total else (b"", 416)  # [rfc] 15.5.17
                shift = 5 * (self.fault == "shifted")
                headers["Content-Range"] = f"bytes {start + shift}-{total - 1}/{total}" if body else f"bytes */{total}"
        if self.fault == "gzip":
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        stream = "json" not in kind or "exports" in self.path
        if self.fault == "error-tail" and stream:  # [seen] the end of a stream that was begun with 200
            body = body[: len(body) // 2].rpartition(b"\n")[0] + (
                b"\nStreaming interrupted due to the following error: Invalid value for sum of offset + limit API"
            )
        if self.fault == "lengthless" and stream:
            self.close_connection, body = True, body[: len(body) // 2]
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if breaks and stream:
            body, self.close_connection = body[: len(body) // 2], True
        if self.fault == "drip" and stream:
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(body)


class Portal(ThreadingHTTPServer):
    """The server; ``faults`` by dataset, ``asked`` is what came in."""

    daemon_threads = True

    def __init__(self, port=0, folder=None, files=None, copies=1):
        super().__init__(("127.0.0.1", port), Handler)
        self.data, self.files, self.tags, self.talks = Data(folder, copies), files, True, False
        self.faults, self.asked, self.seen = {}, [], Counter()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """Say nothing: those who ask go away in the middle on purpose."""

    def __enter__(self):
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=8700)
    parser.add_argument("--fault", action="append", default=[], metavar="DATASET=NAME", help=", ".join(FAULTS))
    options = parser.parse_args()
    folder = Path(os.environ.get("TIKUB_OPENDATA") or ROOT.parent / "shared" / "opendata")
    portal = Portal(options.port, folder if folder.is_dir() else None)
    portal.faults, portal.talks = dict(item.rsplit("=", 1) for item in options.fault), True
    print(f"TIKUB_PORTAL={portal.url} tikub data fetch --all", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        portal.serve_forever()


if __name__ == "__main__":
    main()
