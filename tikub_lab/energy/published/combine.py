"""Tables of energy from the parts of all sources: names of meters, indexes made consumption, duplicates, overlaps.

All of it is SQL over staged parts, so that nothing depends on the order of imports and a list of meters or a metadata
file that comes later completes what came before. Of two rows with the same key a known value stands before an empty
one, a measured one before an estimated one, then the last read; readings of a meter that overlap, or begin together,
give way to those that end first, so that one wrong long bill doesn't cost a year of short ones.
"""

from collections.abc import Mapping
from typing import Any

from tikub_lab.energy.published.layout import MESSAGES, STAGED
from tikub_lab.tables.database import quoted, superseded, union, view
from tikub_lab.tables.readers import Combined, Staged

TYPES = {"str": "VARCHAR", "float64": "DOUBLE", "int64": "BIGINT", "boolean": "BOOLEAN"}
STEM = r"regexp_replace(regexp_extract(file, '[^/]*$'), '(\.(csv|xml|txt|xlsx))?(\.gz)?$', '', 'i')"
UNPACKED = r"regexp_replace({}, '\.gz$', '', 'i')"
"""Metadata name files as they are published; who unpacks one has it under a shorter name."""
_OF_METERS = {
    "_r": ("energy/readings", "compteur_id, origine, debut"),
    "_l": ("energy/loads", "compteur_id, debut"),
    "_x": ("staged/indexes", "compteur_id, jour"),
    "_ends": ("staged/ends", ""),
}
"""Staged rows of meters, and the keys by which a later file of the same name replaces rows of an earlier one."""
_STANDS = "ANTI JOIN (SELECT source_index, line AS _line FROM _lost) USING (source_index, _line)"
_LAST = "source_index DESC, _line DESC"
_BEST = f"kwh IS NULL, estime NULLS LAST, {_LAST}"


def combine_readings(connection: Any, staged: Staged) -> Combined:
    """Make ``energy/readings``, ``energy/loads`` and ``energy/meters`` of the parts of staged tables, in DuckDB."""
    _begin(connection, staged, ["energy/meters", "staged/list", *(name for name, _ in _OF_METERS.values())])
    _meters(connection, staged)
    _named(connection)
    _loads(connection)
    _readings(connection)
    _described(connection)
    tables = {
        "energy/readings": ("_kept_readings", "compteur_id, origine, debut"),
        "energy/loads": ("_kept_loads", "compteur_id, debut"),
        "energy/meters": ("_described", "compteur_id"),
    }
    return _combined(tables, "compteur_id", [*_OF_METERS, "_list"])


def combine_weather(connection: Any, staged: Staged) -> Combined:
    """Make ``energy/weather``, ``energy/temperatures`` and ``energy/stations``.

    Days of a station that only has hours are universal ones: Météo-France's mean of a day is one too.
    """
    _begin(connection, staged, ["energy/weather", "energy/temperatures", "energy/stations"])
    _replace(connection, "_energy_weather", "station, jour")
    _choose(connection, "_days", "_energy_weather", "station, jour", f"tmoy IS NULL, {_LAST}")
    hours = (
        f"(SELECT source_index, _line, heure, temperature, {STEM} AS station FROM _energy_temperatures JOIN _sources"
    )
    _choose(connection, "_hours", f"{hours} USING (source_index))", "station, heure", f"temperature IS NULL, {_LAST}")
    connection.execute("""
        CREATE TEMP TABLE _all_days AS
        SELECT station, jour, tmin, tmoy, tmax FROM _days
        UNION ALL
        SELECT station, heure[:10] AS jour, CASE WHEN count(temperature) >= 24 THEN min(temperature) END,
            CASE WHEN count(temperature) > 12 THEN avg(temperature ORDER BY heure) END,
            CASE WHEN count(temperature) >= 24 THEN max(temperature) END
        FROM _hours ANTI JOIN (SELECT station, jour FROM _days) AS d ON d.station = _hours.station
            AND d.jour = _hours.heure[:10]
        GROUP BY station, heure[:10];
        CREATE TEMP TABLE _places AS
        SELECT station, arg_max(COLUMNS(['lib_station', 'longitude', 'latitude', 'altitude']), (source_index, _line))
        FROM (
            SELECT * FROM _energy_stations
            UNION ALL BY NAME SELECT DISTINCT 0 AS source_index, 0 AS _line, station FROM _all_days
        ) GROUP BY station;
    """)
    tables = {
        "energy/weather": ("_all_days", "station, jour"),
        "energy/temperatures": ("_hours", "station, heure"),
        "energy/stations": ("_places", "station"),
    }
    return _combined(tables, "station", ["_days", "_hours"])


def _begin(connection: Any, staged: Staged, names: list[str]) -> None:
    """Make a view of each staged table, ``_energy_loads`` for ``energy/loads``, with all its columns even if empty."""
    connection.execute("CREATE TEMP TABLE _lost (source_index BIGINT, line BIGINT, id VARCHAR, rule VARCHAR)")
    for name in names:
        kinds = {"kwh": "float64", "brut": "boolean"} | STAGED[name]
        columns = ", ".join(f'NULL::{TYPES[kind]} AS "{column}"' for column, kind in kinds.items())
        nothing = f"SELECT 0::BIGINT AS source_index, {columns} WHERE false"
        query = f"{nothing} UNION ALL BY NAME {union(staged[name])}" if name in staged else nothing
        connection.execute(f"CREATE TEMP VIEW _{name.replace('/', '_')} AS {query}")


def _combined(tables: Mapping[str, tuple[str, str]], field: str, source: list[str]) -> Combined:
    """Say how tables are written, which rows are lost, and how many source rows stand; the last table is implied."""
    told = " ".join(f"WHEN '{rule}' THEN {quoted(message)}" for rule, message in MESSAGES.items())
    counted = " UNION ALL ".join(f"SELECT source_index, _line FROM {table}" for table in source)
    return Combined(
        {
            name: f"SELECT *, row_number() OVER (ORDER BY {order}) - 1 AS _position, 0 AS _place FROM {rows}"
            for name, (rows, order) in tables.items()
        },
        f"SELECT source_index, line, id, '{field}' AS field, id AS value, rule, CASE rule {told} END AS message "
        "FROM _lost",
        f"SELECT source_index, count(*) FROM ({counted}) {_STANDS} GROUP BY ALL",
        tuple(tables)[-1:],
    )


def _replace(connection: Any, rows: str, key: str) -> None:
    """Leave out rows that a later file of the same name has too."""
    name = key.split(",")[0]
    connection.execute(
        f"INSERT INTO _lost SELECT source_index, _line, {name}, 'duplicate' FROM ({superseded(rows, key)})"
    )


def _choose(connection: Any, name: str, rows: str, key: str, order: str) -> None:
    """Make a table of the first row of each key, among those that stand; the others are duplicates."""
    connection.execute(f"""
        CREATE TEMP TABLE {name} AS
        SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS rank FROM {rows} {_STANDS};
        INSERT INTO _lost SELECT source_index, _line, {key.split(",")[0]}, 'duplicate' FROM {name} WHERE rank > 1;
        DELETE FROM {name} WHERE rank > 1;
    """)


def _meters(connection: Any, staged: Staged) -> None:
    """Find what is known of each meter: by lists, of which the last row stands, by the table itself, by readings."""
    fields = ("compteur_id", "point_livraison", "energie", "code_uai", "usage")
    view(connection, "_own", staged.get("plain/energy/meters", []), fields)
    _choose(connection, "_list", "_staged_list", "compteur", _LAST)
    connection.execute(f"""
        CREATE TEMP TABLE _files AS
            SELECT source_index, {STEM} AS stem, {UNPACKED.format("regexp_extract(file, '[^/]*$')")} AS base
            FROM _sources;
        CREATE TEMP TABLE _named AS
            SELECT compteur AS compteur_id, point, energie, code_uai, usage FROM _list
            UNION ALL SELECT compteur_id, point_livraison, energie, code_uai, usage FROM _own
            ANTI JOIN (SELECT compteur AS compteur_id FROM _list) USING (compteur_id)
            QUALIFY 1 = row_number() OVER (PARTITION BY compteur_id ORDER BY {_LAST});
        CREATE TEMP TABLE _points AS SELECT point, min(compteur_id) AS compteur FROM _named
            WHERE point IS NOT NULL GROUP BY point;
        CREATE TEMP TABLE _by_file AS
            SELECT {UNPACKED.format("fichier")} AS fichier, min(compteur) AS compteur, min(facteur) AS facteur
            FROM _list WHERE fichier IS NOT NULL GROUP BY ALL;
        CREATE TEMP TABLE _implied AS
            SELECT coalesce(p.compteur, m.compteur, f.stem) AS compteur_id, m.point, m.energie, source_index, _line
            FROM _energy_meters m JOIN _files f USING (source_index) LEFT JOIN _points p USING (point);
        CREATE TEMP TABLE _known AS
            FROM _named UNION ALL
            SELECT compteur_id, max(point), arg_max(energie, (source_index, _line)), NULL, NULL FROM _implied
            ANTI JOIN _named USING (compteur_id)
            GROUP BY compteur_id;
    """)


def _named(connection: Any) -> None:
    """Give staged rows the names of their meters, and kWh where another file tells the unit."""
    name_of, factor = "coalesce(p.compteur, r.compteur, b.compteur, f.stem)", "coalesce(b.facteur, u.facteur)"
    for short, (name, key) in _OF_METERS.items():
        connection.execute(f"""
            CREATE TEMP TABLE {short} AS
            SELECT r.* REPLACE (r.kwh * CASE WHEN r.brut THEN {factor} ELSE 1 END AS kwh), {name_of} AS compteur_id,
                r.brut IS true AND {factor} IS NULL AS unitless
            FROM _{name.replace("/", "_")} r JOIN _files f USING (source_index) LEFT JOIN _points p USING (point)
            LEFT JOIN _by_file b ON b.fichier = f.base AND r.compteur IS NULL
            LEFT JOIN _list u ON u.compteur = {name_of};
            INSERT INTO _lost
            SELECT source_index, _line, compteur_id,
                CASE WHEN energie IS NULL THEN 'energy-unknown' ELSE 'unit-unknown' END
            FROM {short} LEFT JOIN _known USING (compteur_id) WHERE energie IS NULL OR unitless;
        """)
        if key:
            _replace(connection, short, key)


def _loads(connection: Any) -> None:
    """Keep one step for each beginning, the shorter one, and none that runs into the next one."""
    _choose(connection, "_chosen_loads", "_l", "compteur_id, debut", f"minutes, {_BEST}")
    connection.execute(f"""
        INSERT INTO _lost SELECT source_index, _line, compteur_id, 'overlap' FROM _chosen_loads
        QUALIFY debut::TIMESTAMPTZ + to_minutes(minutes) > lead(debut::TIMESTAMPTZ)
            OVER (PARTITION BY compteur_id ORDER BY debut);
        CREATE TEMP VIEW _kept_loads AS SELECT * FROM _chosen_loads {_STANDS};
    """)


def _readings(connection: Any) -> None:
    """Make indexes consumption, then keep one reading for each key and no two that overlap.

    Of the meters that have any that do, those that end first are kept one after the other.
    """
    _choose(connection, "_indexes", "_x", "compteur_id, jour", _BEST)
    connection.execute("""
        CREATE TEMP TABLE _used AS
        SELECT source_index, _line, compteur_id, jour AS debut, lead(jour) OVER following AS fin, estime,
            CASE WHEN lead(kwh) OVER following >= kwh THEN lead(kwh) OVER following - kwh END AS kwh,
            'relevé' AS origine
        FROM _indexes WINDOW following AS (PARTITION BY compteur_id ORDER BY jour)
    """)
    both = """(SELECT source_index, _line, compteur_id, debut, fin, kwh, estime, origine FROM _r
        UNION ALL BY NAME SELECT * FROM _used WHERE fin IS NOT NULL)"""
    _choose(connection, "_chosen_readings", both, "compteur_id, origine, debut", f"fin, {_BEST}")
    rows = connection.execute("""
        WITH near AS (
            SELECT compteur_id, origine, fin > lead(debut) OVER (PARTITION BY compteur_id, origine ORDER BY debut) AS
            over FROM _chosen_readings
        )
        SELECT source_index, _line, compteur_id, origine, debut, fin FROM _chosen_readings
        WHERE (compteur_id, origine) IN (SELECT (compteur_id, origine) FROM near WHERE over)
        ORDER BY compteur_id, origine, fin, debut DESC
    """).fetchall()
    until: dict[tuple[str, str], str] = {}
    lost = []
    for source, line, meter, origin, begin, end in rows:
        if begin < until.get((meter, origin), ""):
            lost.append((source, line, meter, "overlap"))
        else:
            until[meter, origin] = end
    if lost:
        connection.executemany("INSERT INTO _lost VALUES (?, ?, ?, ?)", lost)
    connection.execute(f"CREATE TEMP VIEW _kept_readings AS SELECT * FROM _chosen_readings {_STANDS}")


def _described(connection: Any) -> None:
    """Describe the meters that are listed or have rows, with the finest step of their readings."""
    connection.execute("""
        CREATE TEMP TABLE _described AS
        WITH steps AS (
            SELECT DISTINCT compteur_id, 1 AS step FROM _kept_loads
            UNION ALL SELECT DISTINCT compteur_id, if(fin::DATE - debut::DATE <= 2, 2, 3) FROM _kept_readings
        )
        SELECT compteur_id, code_uai, point AS point_livraison, energie, usage,
            ['horaire', 'journalier', 'mensuel'][min(step)] AS pas, NULL::DATE AS mise_en_service, NULL::DATE AS retrait
        FROM _known LEFT JOIN steps USING (compteur_id) WHERE energie IS NOT NULL GROUP BY ALL
    """)
