"""Tables of energy from the parts of all sources: names of meters, indexes made consumption, duplicates, overlaps.

All of it is SQL over staged parts, so that nothing depends on the order of imports and a list of meters or a metadata
file that comes later completes what came before. Of two rows with the same key a known value stands before an empty
one, a measured one before an estimated one, then the last read; readings of a meter that overlap, or begin together,
give way to those that end first, so that one wrong long bill doesn't cost a year of short ones.
"""

from typing import Any

from tikub_lab.energy.published.batches import STAGED
from tikub_lab.tables.database import superseded, union, view
from tikub_lab.tables.readers import Combined, Staged

TYPES = {"str": "VARCHAR", "float64": "DOUBLE", "int64": "BIGINT", "boolean": "BOOLEAN"}
STEM = r"regexp_replace(regexp_extract(file, '[^/]*$'), '(\.(csv|xml|txt|xlsx))?(\.gz)?$', '', 'i')"
UNPACKED = r"regexp_replace({}, '\.gz$', '', 'i')"
"""Metadata name files as they are published; who unpacks one has it under a shorter name."""
MESSAGES = {
    "energy-unknown": "No imported file says what this meter counts: import a list of meters with an énergie column "
    "(and unité), or the metadata.json of OpenEEmeter''s samples.",
    "unit-unknown": "No imported file says in which unit this meter counts: add a unité column (kWh, Wh, MWh, therm) "
    "to the list of meters, or import the metadata.json of OpenEEmeter''s samples.",
    "duplicate": "Another row has the same key.",
    "overlap": "Another reading of the meter covers some of the same time.",
}


def combine_readings(connection: Any, staged: Staged) -> Combined:
    """Make ``energy/readings``, ``energy/loads`` and ``energy/meters`` of the parts of staged tables, in DuckDB."""
    _views(connection, staged, ["energy/readings", "energy/loads", "energy/meters", *_STAGED_ONLY])
    connection.execute("CREATE TEMP TABLE _lost (source_index BIGINT, line BIGINT, id VARCHAR, rule VARCHAR)")
    _meters(connection, staged)
    _named(connection)
    _loads(connection)
    _readings(connection)
    _described(connection)
    ordered = "SELECT *, row_number() OVER (ORDER BY compteur_id, {0}) - 1 AS _position, 0 AS _place FROM {1}"
    counted = " UNION ALL ".join(
        f"SELECT source_index, _line FROM {table}" for table in ("_r", "_l", "_x", "_ends", "_list")
    )
    return Combined(
        {
            "energy/readings": ordered.format("origine, debut", "_kept_readings"),
            "energy/loads": ordered.format("debut", "_kept_loads"),
            "energy/meters": ordered.format("compteur_id", "_described"),
        },
        _rejected("_lost", "compteur_id"),
        f"SELECT source_index, count(*) FROM ({counted}) ANTI JOIN (SELECT source_index, line AS _line FROM _lost) "
        "USING (source_index, _line) GROUP BY ALL",
        ("energy/meters",),
    )


_STAGED_ONLY = ("staged/list", "staged/indexes", "staged/ends")


def _views(connection: Any, staged: Staged, names: list[str]) -> None:
    """Make a view of each staged table, ``_energy_loads`` for ``energy/loads``, with all its columns even if empty."""
    for name in names:
        columns = ", ".join(f'NULL::{TYPES[kind]} AS "{column}"' for column, kind in STAGED[name].items())
        nothing = f"SELECT 0::BIGINT AS source_index, 0::BIGINT AS _line, {columns} WHERE false"
        query = f"{nothing} UNION ALL BY NAME {union(staged[name])}" if name in staged else nothing
        connection.execute(f"CREATE TEMP VIEW _{name.replace('/', '_')} AS {query}")


def _rejected(table: str, field: str) -> str:
    told = " ".join(f"WHEN '{rule}' THEN '{message}'" for rule, message in MESSAGES.items())
    return (
        f"SELECT source_index, line, id, '{field}' AS field, id AS value, rule, CASE rule {told} END AS message "
        f"FROM {table}"
    )


def _meters(connection: Any, staged: Staged) -> None:
    """Find what is known of each meter: by lists, of which the last row stands, by the table itself, by readings."""
    fields = ("compteur_id", "point_livraison", "energie", "code_uai", "usage")
    view(connection, "_own", staged.get("plain/energy/meters", []), fields)
    connection.execute(f"""
        CREATE TEMP TABLE _files AS
            SELECT source_index, {STEM} AS stem, {UNPACKED.format("regexp_extract(file, '[^/]*$')")} AS base
            FROM _sources;
        CREATE TEMP TABLE _list AS
            SELECT *, row_number() OVER (PARTITION BY compteur ORDER BY source_index DESC, _line DESC) AS rank
            FROM _staged_list;
        INSERT INTO _lost SELECT source_index, _line, compteur, 'duplicate' FROM _list WHERE rank > 1;
        CREATE TEMP TABLE _named AS
            SELECT compteur AS compteur_id, point, energie, code_uai, usage FROM _list WHERE rank = 1
            UNION ALL SELECT compteur_id, point_livraison, energie, code_uai, usage FROM _own
            ANTI JOIN (SELECT compteur AS compteur_id FROM _list) USING (compteur_id)
            QUALIFY 1 = row_number() OVER (PARTITION BY compteur_id ORDER BY source_index DESC, _line DESC);
        CREATE TEMP TABLE _points AS SELECT point, min(compteur_id) AS compteur FROM _named
            WHERE point IS NOT NULL GROUP BY point;
        CREATE TEMP TABLE _by_file AS
            SELECT {UNPACKED.format("fichier")} AS fichier, min(compteur) AS compteur, min(facteur) AS facteur
            FROM _list WHERE rank = 1 AND fichier IS NOT NULL GROUP BY ALL;
        CREATE TEMP TABLE _units AS SELECT compteur, facteur FROM _list WHERE rank = 1 AND facteur IS NOT NULL;
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
    for short, name, key in (
        ("_r", "_energy_readings", "r.origine"),
        ("_l", "_energy_loads", "''"),
        ("_x", "_staged_indexes", "''"),
        ("_ends", "_staged_ends", "''"),
    ):
        raw, factor = "r.brut" if short in ("_r", "_l") else "false", "coalesce(b.facteur, u.facteur)"
        value = "" if short == "_ends" else f"REPLACE (r.kwh * CASE WHEN {raw} THEN {factor} ELSE 1 END AS kwh)"
        name_of = "coalesce(p.compteur, r.compteur, b.compteur, f.stem)"
        connection.execute(f"""
            CREATE TEMP TABLE {short} AS
            SELECT r.* {value}, {name_of} AS compteur_id, {key} AS _kind, {raw} IS true AND {factor} IS NULL AS unitless
            FROM {name} r JOIN _files f USING (source_index) LEFT JOIN _points p USING (point)
            LEFT JOIN _by_file b ON b.fichier = f.base AND r.compteur IS NULL
            LEFT JOIN _units u ON u.compteur = {name_of};
            INSERT INTO _lost
            SELECT source_index, _line, compteur_id,
                CASE WHEN energie IS NULL THEN 'energy-unknown' ELSE 'unit-unknown' END
            FROM {short} LEFT JOIN _known USING (compteur_id) WHERE energie IS NULL OR unitless;
        """)
    for short, key in SUPERSEDED.items():
        connection.execute(
            f"INSERT INTO _lost SELECT source_index, _line, compteur_id, 'duplicate' FROM ({superseded(short, key)})"
        )


_STANDS = "ANTI JOIN (SELECT source_index, line AS _line FROM _lost) USING (source_index, _line)"
SUPERSEDED = {"_r": "compteur_id, _kind, debut", "_l": "compteur_id, debut", "_x": "compteur_id, jour"}
"""Keys by which a later file of the same name replaces rows of an earlier one."""
_BEST = "kwh IS NULL, estime NULLS LAST, source_index DESC, _line DESC"


def _loads(connection: Any) -> None:
    """Keep one step for each beginning, the shorter one, and none that runs into the next one."""
    connection.execute(f"""
        CREATE TEMP TABLE _ranked_loads AS
        SELECT *, row_number() OVER (PARTITION BY compteur_id, debut ORDER BY minutes, {_BEST}) AS rank
        FROM _l {_STANDS};
        INSERT INTO _lost SELECT source_index, _line, compteur_id, 'duplicate' FROM _ranked_loads WHERE rank > 1;
        CREATE TEMP TABLE _following AS
        SELECT source_index, _line, compteur_id, debut::TIMESTAMPTZ + to_minutes(minutes) > lead(debut::TIMESTAMPTZ)
            OVER (PARTITION BY compteur_id ORDER BY debut) AS over FROM _ranked_loads WHERE rank = 1;
        INSERT INTO _lost SELECT source_index, _line, compteur_id, 'overlap' FROM _following WHERE over;
        CREATE TEMP VIEW _kept_loads AS SELECT * FROM _ranked_loads {_STANDS};
    """)


def _readings(connection: Any) -> None:
    """Make indexes consumption, then keep one reading for each key and no two that overlap."""
    connection.execute(f"""
        CREATE TEMP TABLE _ranked_indexes AS
        SELECT *, row_number() OVER (PARTITION BY compteur_id, jour ORDER BY {_BEST}) AS rank FROM _x {_STANDS};
        INSERT INTO _lost SELECT source_index, _line, compteur_id, 'duplicate' FROM _ranked_indexes WHERE rank > 1;
        CREATE TEMP TABLE _used AS
        SELECT source_index, _line, compteur_id, jour AS debut, lead(jour) OVER following AS fin, estime,
            CASE WHEN lead(kwh) OVER following >= kwh THEN lead(kwh) OVER following - kwh END AS kwh,
            'relevé' AS origine
        FROM _ranked_indexes WHERE rank = 1 WINDOW following AS (PARTITION BY compteur_id ORDER BY jour);
        CREATE TEMP TABLE _ranked_readings AS
        SELECT *, row_number() OVER (PARTITION BY compteur_id, origine, debut ORDER BY fin, {_BEST}) AS rank
        FROM (
            SELECT source_index, _line, compteur_id, debut, fin, kwh, estime, origine FROM _r
            UNION ALL BY NAME SELECT * FROM _used WHERE fin IS NOT NULL
        ) {_STANDS};
        INSERT INTO _lost SELECT source_index, _line, compteur_id, 'duplicate' FROM _ranked_readings WHERE rank > 1;
    """)
    _overlaps(connection)
    connection.execute(f"CREATE TEMP VIEW _kept_readings AS SELECT * FROM _ranked_readings {_STANDS}")


def _overlaps(connection: Any) -> None:
    """Reject readings that overlap: of the meters that have any, those that end first are kept one after the other."""
    rows = connection.execute("""
        WITH sound AS (SELECT * FROM _ranked_readings WHERE rank = 1), near AS (
            SELECT compteur_id, origine, fin > lead(debut) OVER (PARTITION BY compteur_id, origine ORDER BY debut) AS
            over FROM sound
        )
        SELECT source_index, _line, compteur_id, origine, debut, fin FROM sound
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


def _described(connection: Any) -> None:
    """Describe the meters that are listed or have rows, with the finest step of their readings."""
    connection.execute("""
        CREATE TEMP TABLE _described AS
        WITH steps AS (
            SELECT compteur_id, 'horaire' AS pas, 0 AS place FROM _kept_loads GROUP BY compteur_id
            UNION ALL
            SELECT compteur_id, CASE WHEN fin::DATE - debut::DATE <= 2 THEN 'journalier' ELSE 'mensuel' END AS pas,
                CASE WHEN fin::DATE - debut::DATE <= 2 THEN 1 ELSE 2 END AS place
            FROM _kept_readings GROUP BY ALL
        )
        SELECT compteur_id, code_uai, point AS point_livraison, energie, usage, arg_min(pas, place) AS pas,
            NULL::DATE AS mise_en_service, NULL::DATE AS retrait
        FROM _known LEFT JOIN steps USING (compteur_id) WHERE energie IS NOT NULL GROUP BY ALL
    """)


def combine_weather(connection: Any, staged: Staged) -> Combined:
    """Make ``energy/weather``, ``energy/temperatures`` and ``energy/stations``.

    Days of a station that only has hours are universal ones: Météo-France's mean of a day is one too.
    """
    _views(connection, staged, ["energy/weather", "energy/temperatures", "energy/stations"])
    connection.execute(f"""
        CREATE TEMP TABLE _old AS SELECT (source_index, _line) FROM ({superseded("_energy_weather", "station, jour")});
        CREATE TEMP TABLE _days AS
        SELECT *, row_number() OVER (PARTITION BY station, jour ORDER BY old, tmoy IS NULL, source_index DESC,
            _line DESC) AS rank FROM (SELECT *, (source_index, _line) IN (FROM _old) AS old FROM _energy_weather);
        CREATE TEMP TABLE _hours AS
        SELECT source_index, _line, heure, temperature, {STEM} AS station, row_number() OVER (
            PARTITION BY {STEM}, heure ORDER BY temperature IS NULL, source_index DESC, _line DESC) AS rank
        FROM _energy_temperatures JOIN _sources USING (source_index);
        CREATE TEMP TABLE _lost AS
        SELECT source_index, _line AS line, station AS id, 'duplicate' AS rule FROM _days WHERE rank > 1
        UNION ALL SELECT source_index, _line, station, 'duplicate' FROM _hours WHERE rank > 1;
        CREATE TEMP TABLE _all_days AS
        SELECT station, jour, tmin, tmoy, tmax FROM _days WHERE rank = 1
        UNION ALL
        SELECT station, heure[:10] AS jour, CASE WHEN count(temperature) >= 24 THEN min(temperature) END,
            CASE WHEN count(temperature) > 12 THEN avg(temperature ORDER BY heure) END,
            CASE WHEN count(temperature) >= 24 THEN max(temperature) END
        FROM _hours ANTI JOIN (SELECT station, jour FROM _days) AS d ON d.station = _hours.station
            AND d.jour = _hours.heure[:10]
        WHERE rank = 1 GROUP BY station, heure[:10];
        CREATE TEMP TABLE _places AS
        SELECT station, arg_max(lib_station, (source_index, _line)) AS lib_station,
            arg_max(longitude, (source_index, _line)) AS longitude,
            arg_max(latitude, (source_index, _line)) AS latitude, arg_max(altitude, (source_index, _line)) AS altitude
        FROM (
            SELECT source_index, _line, station, lib_station, longitude, latitude, altitude FROM _energy_stations
            UNION ALL BY NAME SELECT DISTINCT 0 AS source_index, 0 AS _line, station FROM _all_days
        ) GROUP BY station;
    """)
    kept = " UNION ALL ".join(f"SELECT source_index FROM {table} WHERE rank = 1" for table in ("_days", "_hours"))
    ordered = "SELECT *, row_number() OVER (ORDER BY {0}) - 1 AS _position, 0 AS _place FROM {1}"
    return Combined(
        {
            "energy/weather": ordered.format("station, jour", "_all_days"),
            "energy/temperatures": ordered.format("station, heure", "(SELECT * FROM _hours WHERE rank = 1)"),
            "energy/stations": ordered.format("station", "_places"),
        },
        _rejected("_lost", "station"),
        f"SELECT source_index, count(*) FROM ({kept}) GROUP BY ALL",
        ("energy/stations",),
    )
