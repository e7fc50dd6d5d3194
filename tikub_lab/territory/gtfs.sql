-- From the files of a feed (views of text, '' where nothing stands, and the line) and `services` (service_id, back: the
-- seconds by which a trip of the day before is moved) to stops, trips, connections and transfers as the tables have them.

CREATE MACRO seconds(t) AS CASE WHEN regexp_full_match(t, '\d{1,3}:[0-5]\d:[0-5]\d')
    THEN split_part(t, ':', 1)::INT * 3600 + split_part(t, ':', 2)::INT * 60 + split_part(t, ':', 3)::INT END;

CREATE TABLE running AS SELECT t.*, back FROM trips t JOIN services USING (service_id);

CREATE TABLE passages AS
    SELECT s.*, seconds(arrival_time) AS a, seconds(departure_time) AS d,
        row_number() OVER (PARTITION BY trip_id ORDER BY try_cast(stop_sequence AS BIGINT), line) AS n
    FROM stop_times s SEMI JOIN running USING (trip_id);

CREATE TABLE faults AS  -- the trips that break the reference are left out
    SELECT trip_id, line, 'arrival_time' AS field, arrival_time AS value, 'gtfs-time' AS rule FROM passages
        WHERE arrival_time <> '' AND a IS NULL
    UNION ALL SELECT trip_id, line, 'departure_time', departure_time, 'gtfs-time' FROM passages
        WHERE departure_time <> '' AND d IS NULL
    UNION ALL SELECT trip_id, line, 'stop_sequence', stop_sequence, 'gtfs-sequence' FROM passages
        WHERE try_cast(stop_sequence AS BIGINT) IS NULL
    UNION ALL SELECT trip_id, line, 'stop_id', stop_id, 'gtfs-unknown-stop' FROM passages ANTI JOIN stops USING (stop_id)
    UNION ALL SELECT trip_id, min(line), 'trip_id', trip_id, 'gtfs-unknown-trip'
        FROM stop_times ANTI JOIN trips USING (trip_id) GROUP BY trip_id;

CREATE TABLE filled AS  -- a time that is not said lies between those before and after, by the number of stops
    WITH sound AS (SELECT *, coalesce(a, d) AS a0, coalesce(d, a) AS d0 FROM passages ANTI JOIN faults USING (trip_id)),
    near AS (
        SELECT *, last_value(d0 IGNORE NULLS) OVER prior AS left_at, first_value(a0 IGNORE NULLS) OVER later AS due,
            last_value(CASE WHEN d0 IS NOT NULL THEN n END IGNORE NULLS) OVER prior AS since,
            first_value(CASE WHEN a0 IS NOT NULL THEN n END IGNORE NULLS) OVER later AS until
        FROM sound WINDOW prior AS (PARTITION BY trip_id ORDER BY n),
            later AS (PARTITION BY trip_id ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
    )
    SELECT * REPLACE (coalesce(a0, between_them) AS a, coalesce(d0, between_them) AS d)
    FROM (SELECT *, left_at + (due - left_at) * (n - since) // nullif(until - since, 0) AS between_them FROM near);

INSERT INTO faults
    SELECT trip_id, line, 'arrival_time', arrival_time, if(a IS NULL, 'gtfs-no-time', 'gtfs-order')
    FROM (SELECT *, lag(d) OVER (PARTITION BY trip_id ORDER BY n) AS earlier FROM filled)
    WHERE a IS NULL OR d < a OR a < earlier;

CREATE TABLE hops AS
    SELECT trip_id, n, stop_id AS de, lead(stop_id) OVER trip AS vers, d, lead(a) OVER trip AS a,
        pickup_type <> '1' AS montee, lead(drop_off_type) OVER trip <> '1' AS descente
    FROM filled ANTI JOIN faults USING (trip_id) WINDOW trip AS (PARTITION BY trip_id ORDER BY n)
    QUALIFY vers IS NOT NULL;

CREATE TABLE runs AS  -- a trip that frequencies repeat runs as often as they say
    WITH first AS (SELECT trip_id, min(d) AS leaves FROM hops GROUP BY trip_id),
    again AS (
        SELECT trip_id, unnest(range(seconds(start_time), seconds(end_time), headway_secs::INT)) AS starts
        FROM frequencies
    )
    SELECT trip_id, route_id, trip_headsign, coalesce(starts - leaves, 0) - back AS shift,
        trip_id || coalesce('@' || starts, '') || CASE WHEN back > 0 THEN '-1' ELSE '' END AS trajet
    FROM running JOIN first USING (trip_id) LEFT JOIN again USING (trip_id);

CREATE TABLE kept_connections AS
    SELECT trajet, n AS rang, de, vers, d + shift AS depart, a + shift AS arrivee, montee, descente
    FROM hops JOIN runs USING (trip_id)
    WHERE depart >= 0 AND arrivee <= getvariable('until') ORDER BY trajet, rang;

CREATE TABLE kept_stops AS  -- a stop without a point of its own has that of its station
    SELECT s.stop_id AS arret, nullif(s.stop_name, '') AS nom,
        coalesce(try_cast(s.stop_lon AS DOUBLE), try_cast(p.stop_lon AS DOUBLE)) AS longitude,
        coalesce(try_cast(s.stop_lat AS DOUBLE), try_cast(p.stop_lat AS DOUBLE)) AS latitude
    FROM stops s LEFT JOIN stops p ON s.parent_station = p.stop_id ORDER BY s.line;

CREATE TABLE kept_trips AS  -- route types, the extended ones too
    SELECT trajet, coalesce(nullif(route_short_name, ''), nullif(route_long_name, '')) AS ligne,
        CASE WHEN kind = 0 OR kind // 100 = 9 THEN 'tram' WHEN kind = 1 OR kind // 100 = 4 THEN 'métro'
            WHEN kind = 2 OR kind // 100 = 1 THEN 'train' WHEN kind IN (3, 11) OR kind // 100 IN (2, 7, 8)
            THEN 'car ou bus' WHEN kind = 4 OR kind // 100 IN (10, 12) THEN 'bateau' ELSE 'autre' END AS mode,
        nullif(trip_headsign, '') AS destination
    FROM runs SEMI JOIN kept_connections USING (trajet)
    LEFT JOIN (SELECT *, try_cast(route_type AS INT) AS kind FROM routes) USING (route_id) ORDER BY trajet;

CREATE TABLE kept_transfers AS  -- what is said of a station holds for its stops
    WITH members AS (
        SELECT stop_id AS member, stop_id FROM stops
        UNION ALL SELECT stop_id, parent_station FROM stops WHERE parent_station <> ''
    )
    SELECT f.member AS de, t.member AS vers, min(CASE transfer_type WHEN '2' THEN min_transfer_time::INT END) AS secondes
    FROM (FROM transfers WHERE from_trip_id = '' AND from_route_id = '' AND (transfer_type = '3'
        OR transfer_type = '2' AND try_cast(min_transfer_time AS INT) >= 0))
    JOIN members f ON f.stop_id = from_stop_id JOIN members t ON t.stop_id = to_stop_id GROUP BY ALL ORDER BY ALL;
