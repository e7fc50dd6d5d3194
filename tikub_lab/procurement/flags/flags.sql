-- The eleven red flags of Cardinal 0.0.8 over the tables of Processes; definitions: https://cardinal.readthedocs.io, and
-- its code where the two differ. A section begins with its name between colons.
--
-- The section of a flag has a row for each process or party: grp, id (position), value, raised (null where the data are
-- missing). That of its evidence has the processes and parties behind what is raised. $fence is a quartile plus or less
-- one and a half times the distance between quartiles of :values, or the threshold that is set.

--: base :
-- Processes that count, and whose prices compare.
CREATE TEMP TABLE kept AS
SELECT *, CASE WHEN len($only) > 0 THEN coalesce(list_contains($only, details), false)
        ELSE NOT coalesce(list_contains($not_only, details), false) END
    AND (NOT $respect_criteria OR coalesce(price_only, true)) AS priced
FROM tenders WHERE NOT cancelled AND NOT coalesce(list_contains($excluded, details), false);
CREATE TEMP TABLE bid AS
SELECT b.*, ocid, winner, awarded, final, buyer, entity, priced,
    priced AND amount IS NOT NULL AND currency IS NOT NULL AS has_price,
    coalesce(status NOT IN ('invited', 'withdrawn'), false) AS submitted
FROM bids b JOIN kept USING (process);
CREATE TEMP TABLE tie AS SELECT b.*, party FROM bid b JOIN tenderers USING (bid);
CREATE TEMP VIEW compared AS SELECT * FROM bid WHERE status = 'valid' AND tenderer >= 0 AND winner >= 0 AND has_price;
CREATE TEMP VIEW ranked AS SELECT * FROM bid WHERE submitted AND awarded AND has_price;

--: currency :
-- The first currency in a bid that an enabled flag looks at; within one process R024 and R058 come before R036.
SELECT currency FROM (
    (SELECT process, 0 AS flag, currency FROM compared WHERE $margins ORDER BY process, bid LIMIT 1)
    UNION ALL (SELECT process, 1, currency FROM ranked WHERE $lowest ORDER BY process, bid LIMIT 1)
) ORDER BY process, flag LIMIT 1;

--: whole :
-- How far the lowest other bid is above the winner's. A process whose winner is not the lowest has no margin: price was
-- not its only criterion; neither has one of zero over zero. Where an ocid repeats its last process stands.
CREATE TEMP TABLE margins AS
SELECT process, winner, arg_min(tenderer, (amount, bid)) FILTER (tenderer <> winner) AS second,
    min(amount) FILTER (tenderer <> winner) AS next, min(amount) FILTER (tenderer = winner) AS best,
    (next - best) / best AS ratio
FROM compared WHERE currency = $currency GROUP BY process, winner, ocid
HAVING next >= best AND NOT isnan(ratio)
QUALIFY row_number() OVER (PARTITION BY ocid ORDER BY process DESC) = 1;
CREATE TEMP TABLE tries AS
SELECT DISTINCT process, tenderer AS party, tenderer = winner AS won
FROM bid WHERE status = 'valid' AND tenderer >= 0 AND winner >= 0;
CREATE TEMP TABLE attempts AS
SELECT party, count(*) AS tried, count(*) FILTER (won) / count(*) AS ratio FROM tries GROUP BY party;
CREATE TEMP TABLE fates AS
SELECT 'Buyer' AS grp, buyer AS party, process, status, $r038_minimum_contracting_processes AS least
FROM bid WHERE submitted AND buyer >= 0
UNION ALL SELECT 'ProcuringEntity', entity, process, status, $r038_minimum_contracting_processes
FROM bid WHERE submitted AND entity >= 0
UNION ALL SELECT 'Tenderer', party, process, status, $r038_minimum_submitted_bids FROM tie WHERE submitted;
CREATE TEMP TABLE shares AS
SELECT grp, party, count(*) FILTER (status = 'disqualified') / count(*) AS ratio
FROM fates GROUP BY grp, party HAVING count(*) >= any_value(least);
CREATE TEMP TABLE families AS
SELECT party, count(DISTINCT left(code, $r048_digits))::DOUBLE AS number
FROM items JOIN kept USING (process)
GROUP BY party HAVING count(DISTINCT process) >= $r048_minimum_contracting_processes;
-- Bids of one price in one process and currency, of other tenderers than the bid before or after of that price.
CREATE TEMP TABLE twins AS
SELECT process, bid, coalesce(who <> lag(who) OVER same OR who <> lead(who) OVER same, false) AS twin FROM (
    SELECT process, bid, currency, amount + 0.0 AS price, list_sort(list_distinct(list(party))) AS who
    FROM tie WHERE submitted AND has_price GROUP BY ALL
) WINDOW same AS (PARTITION BY process, price, currency ORDER BY bid);
CREATE TEMP TABLE wins AS
SELECT process, party, late FROM tie SEMI JOIN suppliers USING (process, party) WHERE status = 'valid';
-- Where one tenderer has the valid bids and is the one supplier: that winner, and how many others are disqualified.
CREATE TEMP TABLE alone AS
WITH valid AS (
    SELECT process, any_value(party) AS party FROM tie WHERE final AND status = 'valid'
    GROUP BY process HAVING count(DISTINCT party) = 1
), won AS (
    SELECT process, any_value(party) AS party FROM suppliers GROUP BY process HAVING count(DISTINCT party) = 1
)
SELECT process, v.party, count(DISTINCT t.party)::DOUBLE AS others
FROM valid v JOIN won USING (process, party) JOIN tie t USING (process)
WHERE t.status = 'disqualified' AND t.party <> v.party GROUP BY process, v.party;

--: R003 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, days < coalesce(map($names, $days)[details], $threshold) AS raised
FROM kept WHERE len($methods) = 0 OR list_contains($methods, method);

--: R018 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, tenderers = 1 AS raised
FROM kept WHERE len($methods) = 0 OR list_contains($methods, method);

--: R024 :
SELECT 'OCID' AS grp, process AS id, ratio AS value,
    CASE WHEN ratio IS NOT NULL THEN ratio <= $fence AND $fence > 0 END AS raised
FROM kept LEFT JOIN margins USING (process) WHERE priced AND awarded;
--: R024 values :
SELECT ratio FROM margins;
--: R024 evidence :
SELECT process, 'Tenderer' AS grp, party FROM (
    SELECT process, winner AS party, 0 AS place, ratio FROM margins
    UNION ALL SELECT process, second, 1, ratio FROM margins
) WHERE ratio <= $fence AND $fence > 0 ORDER BY process, place;

--: R025 :
SELECT 'Tenderer' AS grp, party AS id, ratio AS value, tried >= $often AND ratio <= $fence AND $fence > 0 AS raised
FROM attempts UNION ALL SELECT 'OCID', process, NULL, NULL FROM kept WHERE awarded AND winner < 0;
--: R025 values :
SELECT ratio FROM attempts;
--: R025 evidence :
SELECT process, 'Tenderer' AS grp, party FROM tries JOIN attempts USING (party)
WHERE NOT won AND tried >= $often AND ratio <= $fence AND $fence > 0 ORDER BY process, party;

--: R028 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, bool_or(twin) AS raised
FROM (SELECT process, bid FROM bid WHERE submitted AND priced) LEFT JOIN twins USING (process, bid) GROUP BY process;
--: R028 evidence :
SELECT process, 'Tenderer' AS grp, party FROM twins JOIN tenderers USING (bid) WHERE twin ORDER BY process, party;

--: R030 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, bool_or(late = 1) FILTER (late >= 0) AS raised
FROM wins GROUP BY process;
--: R030 evidence :
SELECT process, 'Tenderer' AS grp, party FROM wins WHERE late = 1 ORDER BY process, party;

--: R035 :
SELECT 'OCID' AS grp, process AS id, others AS value,
    CASE WHEN final AND judged THEN coalesce(others >= greatest($threshold, 1), false) END AS raised
FROM kept LEFT JOIN alone USING (process) LEFT JOIN (
    SELECT DISTINCT process, true AS judged FROM bids WHERE status IN ('valid', 'disqualified')
) USING (process) WHERE awarded;
--: R035 evidence :
SELECT process, 'Tenderer' AS grp, party FROM alone WHERE others >= greatest($threshold, 1) ORDER BY process, party;

--: R036 :
SELECT 'OCID' AS grp, process AS id, 1.0 AS value, raised FROM kept LEFT JOIN (
    SELECT process, arg_min(status, (amount, bid)) = 'disqualified' AND bool_or(status = 'valid') AS raised
    FROM ranked WHERE currency = $currency GROUP BY process
) USING (process) WHERE priced AND awarded;

--: R038 :
SELECT grp, party AS id, ratio AS value, ratio >= $fence AND $fence > 0 AS raised FROM shares WHERE grp = $grp
UNION ALL SELECT 'OCID', process, NULL, NULL FROM kept
WHERE $grp = 'Tenderer' AND process NOT IN (SELECT process FROM bid WHERE submitted);
--: R038 values :
SELECT ratio FROM shares WHERE grp = $grp;
--: R038 evidence :
SELECT DISTINCT process, grp, party FROM fates JOIN shares USING (grp, party)
WHERE grp = $grp AND status = 'disqualified' AND ratio >= $fence AND $fence > 0 ORDER BY process, party;

--: R048 :
SELECT 'Tenderer' AS grp, party AS id, number AS value, number >= $fence AS raised FROM families
UNION ALL SELECT 'OCID', process, NULL, NULL FROM kept WHERE awarded AND process NOT IN (SELECT process FROM items);
--: R048 values :
SELECT number FROM families;
--: R048 evidence :
SELECT process, 'Tenderer' AS grp, party FROM items JOIN kept USING (process) JOIN families USING (party)
WHERE number >= $fence ORDER BY process, party;

--: R058 :
SELECT 'OCID' AS grp, process AS id, ratio AS value,
    CASE WHEN ratio IS NOT NULL THEN ratio >= $fence AND $fence > 0 END AS raised
FROM kept LEFT JOIN margins USING (process) WHERE priced AND awarded;
--: R058 values :
SELECT ratio FROM margins;
--: R058 evidence :
SELECT process, 'Tenderer' AS grp, winner AS party FROM margins WHERE ratio >= $fence AND $fence > 0 ORDER BY process, party;

